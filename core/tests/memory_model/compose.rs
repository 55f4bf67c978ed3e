//! Segments put together from sub-DAGs, views of segments, and headers with payload behind them.

use proptest::prelude::*;
use snapstack::memory::{Content, Memory, MemoryConfig, MemoryError, Principal, SegmentId, Share};

use crate::strategies::bytes;

/// A memory that is not small, with a segment of `bytes` that another principal may not read.
fn memory(line_size: u32) -> Memory {
    Memory::new(MemoryConfig { line_size, lines: 4096, ..MemoryConfig::default() }).unwrap()
}

/// What [`Memory::compose`] makes, byte by byte.
fn composed(unit: usize, front: &[u8], back: &[u8], shares: &[(&[u8], usize, usize)]) -> Vec<u8> {
    let mut all = vec![0; unit];
    all[..front.len()].copy_from_slice(front);
    all[unit - back.len()..].copy_from_slice(back);
    for (source, first, count) in shares {
        let bytes = source.iter().copied().chain(std::iter::repeat(0));
        all.extend(bytes.skip(first * unit).take(count * unit));
    }
    all
}

proptest! {
    #[test]
    fn a_composed_segment_has_both_ends_and_what_it_shares(
        line_size in prop::sample::select(vec![16u32, 32, 64]),
        height in 0u8..4,
        (front, back) in (bytes(150), bytes(150)),
        sources in prop::collection::vec((bytes(3000), 0usize..5, 0usize..3), 0..3),
    ) {
        let mut memory = memory(line_size);
        let unit = line_size as usize * (line_size as usize / 4).pow(height.into());
        let target = memory.create(&[7; 100], Content::Data).unwrap();
        let shares: Vec<Share> = sources
            .iter()
            .map(|(bytes, first, count)| Share {
                source: memory.create(bytes, Content::Data).unwrap(),
                first: *first as u64,
                count: *count as u32,
            })
            .collect();
        let children = 1 + sources.iter().map(|(_, _, count)| *count as u64).sum::<u64>();
        let made = memory.compose(target, height, (&front, &back), &shares);
        if children > u64::from(line_size / 4) {
            prop_assert_eq!(made, Err(MemoryError::FanOut { children, fan_out: line_size / 4 }));
        } else if front.len() + back.len() > unit {
            let (end, length) = ((front.len() + back.len()) as u64, unit as u64);
            prop_assert_eq!(made, Err(MemoryError::OutOfRange { segment: target, offset: 0, end, length }));
        } else {
            prop_assert_eq!(made, Ok(()));
            let shares: Vec<_> = sources.iter().map(|(all, first, count)| (&all[..], *first, *count)).collect();
            prop_assert_eq!(memory.to_vec(target).unwrap(), composed(unit, &front, &back, &shares));
        }
        prop_assert_eq!(memory.check(), Ok(()));
        for share in shares {
            memory.release(share.source).unwrap();
        }
        memory.release(target).unwrap();
        prop_assert_eq!(memory.live_lines(), 0);
    }

    #[test]
    fn headers_do_not_count_as_payload_and_the_rest_does(
        line_size in prop::sample::select(vec![16u32, 32, 64]),
        lines in 1usize..70,
        payload in 0usize..2000,
    ) {
        let mut memory = memory(line_size);
        let line = line_size as usize;
        let bytes: Vec<u8> = (0..lines * line).map(|i| (i / line + 1) as u8).collect();
        let target = memory.create(b"former", Content::Data).unwrap();
        memory.assign_from(target, &bytes, payload).unwrap();
        prop_assert_eq!(memory.live_data_lines(), (lines - payload.div_ceil(line).min(lines)) as u64);
        prop_assert_eq!(memory.to_vec(target).unwrap(), bytes);
        prop_assert_eq!(memory.check(), Ok(()));
    }

    #[test]
    fn a_view_reads_any_range_of_any_height(
        line_size in prop::sample::select(vec![16u32, 32, 64]),
        all in bytes(9000),
        ranges in prop::collection::vec((0usize..9000, 0usize..9000), 1..8),
    ) {
        let mut memory = memory(line_size);
        let segment = memory.create(&all, Content::Data).unwrap();
        let mut view = memory.view(segment).unwrap();
        prop_assert_eq!(view.length(), all.len() as u64);
        for (offset, len) in ranges {
            let mut out = vec![0xaa; len];
            let read = view.read(offset as u64, &mut out);
            if offset + len > all.len() {
                let (offset, end, length) = (offset as u64, (offset + len) as u64, all.len() as u64);
                prop_assert_eq!(read, Err(MemoryError::OutOfRange { segment, offset, end, length }));
            } else {
                prop_assert_eq!(read, Ok(()));
                prop_assert_eq!(&out, &all[offset..offset + len]);
            }
        }
    }
}

#[test]
fn composing_shares_lines_and_makes_only_the_ends_and_a_root() {
    let mut memory = memory(64);
    let page: Vec<u8> = (0..4096u32).flat_map(|i| i.to_le_bytes()).collect();
    let source = memory.create(&page, Content::Data).unwrap();
    let target = memory.create_zeroed(0).unwrap();
    let before = memory.line_counts();
    let share = Share { source, first: 3, count: 2 };
    memory.compose(target, 1, (&[1; 48], &[2; 54]), &[share]).unwrap();
    assert_eq!(memory.line_counts().since(&before).new, 4, "two lines, the node above them, the root");
    assert_eq!(memory.line_counts().since(&before).requested, 4);
}

#[test]
fn composing_asks_for_rights_and_for_a_length_that_there_is() {
    let mut memory = memory(64);
    let source = memory.create(b"secret", Content::Data).unwrap();
    let thread = Principal::Thread(1);
    let mine = memory.on_behalf(thread, |memory| memory.create_zeroed(10)).unwrap();
    let share = Share { source, first: 0, count: 1 };
    let refused = memory.on_behalf(thread, |memory| memory.compose(mine, 0, (b"a", b"b"), &[share]));
    assert!(matches!(refused, Err(MemoryError::Fault(_))));
    let none = Share { source: SegmentId(999), ..share };
    assert_eq!(
        memory.compose(source, 0, (b"a", b"b"), &[none]),
        Err(MemoryError::UnknownSegment(SegmentId(999)))
    );
    assert!(matches!(memory.compose(source, 200, (b"a", b"b"), &[]), Err(MemoryError::TooLong { .. })));
    assert_eq!(memory.to_vec(source).unwrap(), b"secret");
}

#[test]
fn composing_without_room_changes_nothing() {
    // One bucket, so that any line fits while any is free.
    let config = MemoryConfig { line_size: 16, lines: 12, ways: 12, ..MemoryConfig::default() };
    for taken in 0.. {
        let mut memory = Memory::new(config).unwrap();
        let source = memory.create(&[5; 40], Content::Data).unwrap();
        let target = memory.create(b"former", Content::Data).unwrap();
        for i in 0..taken {
            memory.create(&[100 + i as u8; 9], Content::Data).unwrap();
        }
        let held = (memory.live_lines(), memory.map_entries_written());
        let shares = [Share { source, first: 0, count: 2 }];
        let made = memory.compose(target, 2, (&[1; 40], &[2; 40]), &shares);
        assert_eq!(memory.check(), Ok(()));
        if let Err(error) = made {
            assert!(matches!(error, MemoryError::Exhausted { .. }), "{error}");
            assert_eq!((memory.live_lines(), memory.map_entries_written()), held);
            assert_eq!(memory.to_vec(target).unwrap(), b"former");
            assert!(taken > 0);
        }
        if memory.capacity() == memory.live_lines() {
            break;
        }
    }
}
