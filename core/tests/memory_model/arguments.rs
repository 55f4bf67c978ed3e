//! Arguments out of all proportion: every one ends in a result or a typed error, never in a panic, and an error changes
//! nothing.

use proptest::prelude::*;
use snapstack::ledger::Ledger;
use snapstack::memory::{
    Class, Content, CursorId, MAX_LENGTH, MAX_LINES, MAX_SEGMENTS, Memory, MemoryConfig, MemoryError,
    Pressure, Principal, Rights, SegmentId, Share, Ticket,
};

/// Numbers near everything that a boundary could be at.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        0u64..200,
        any::<u64>(),
        (0u64..3).prop_map(|below| u64::MAX - below),
        (0u64..40).prop_map(|near| MAX_LENGTH - 20 + near),
        (0u64..3).prop_map(|near| (1 << 32) - 1 + near),
        (0u32..64).prop_map(|bit| 1 << bit),
    ]
}

fn segment() -> impl Strategy<Value = SegmentId> {
    let id = prop_oneof![4 => 0u32..12, 1 => any::<u32>(), 1 => Just(u32::MAX), 1 => Just(MAX_SEGMENTS)];
    id.prop_map(SegmentId)
}

fn principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        4 => Just(Principal::Kernel),
        1 => Just(Principal::Nic),
        1 => any::<u32>().prop_map(Principal::Thread),
    ]
}

#[derive(Clone, Debug)]
struct Call {
    which: u8,
    principal: Principal,
    receive: bool,
    segments: [SegmentId; 3],
    numbers: [u64; 3],
    bytes: Vec<u8>,
}

fn call() -> impl Strategy<Value = Call> {
    let segments = [segment(), segment(), segment()];
    let numbers = [number(), number(), number()];
    let bytes = prop::collection::vec(any::<u8>(), 0..100);
    (0u8..37, principal(), any::<bool>(), segments, numbers, bytes).prop_map(
        |(which, principal, receive, segments, numbers, bytes)| Call {
            which,
            principal,
            receive,
            segments,
            numbers,
            bytes,
        },
    )
}

/// Makes one call; None for a result, Some for an error.
fn make(memory: &mut Memory, call: &Call) -> Option<MemoryError> {
    let ([a, b, c], [x, y, z]) = (call.segments, call.numbers);
    let (bytes, cursor, count) = (&call.bytes, CursorId(x as u32), y as u32);
    // Bytes that shift between lines are copied one by one, so their number is small or too large for any segment.
    let end = x.saturating_add(if y > 10_000 { u64::MAX } else { y });
    let mut ledger = Ledger::default();
    let mut out = vec![0; bytes.len()];
    match call.which {
        0 => memory.create(bytes, Content::Data).err(),
        1 => memory.create_zeroed(x).err(),
        2 => memory.create_range(a, count % 5000).err(),
        3 => memory.create_range(SegmentId(u32::MAX - count % 3), count).err(),
        4 => memory.snapshot(a).err(),
        5 => memory.snapshot_into(a, b).err(),
        6 => memory.clear(a).err(),
        7 => memory.release(a).err(),
        8 => memory.length(a).err(),
        9 => memory.height(a).err(),
        10 => memory.equal(a, b).err(),
        11 => memory.read(a, x, &mut out).err(),
        12 => memory.overwrite(a, x, bytes, Content::Data).err(),
        13 => memory.assign(a, bytes, Content::Other).err(),
        14 => memory.graft(a, x, b, y, z).err(),
        15 => memory.graft(a, x / 64 * 64, b, y / 64 * 64, z / 64 * 64).err(),
        16 => memory.append(a, bytes, Content::Data).err(),
        17 => memory.truncate(a, x).err(),
        18 => memory.graft_bytes(a, z, b, x..end, &mut ledger).err(),
        19 => memory.graft_bytes(a, z, b, end..x, &mut ledger).err(),
        20 => memory.write_within(a, x, bytes, Content::Data).err(),
        21 => memory.diff(a, b).err(),
        22 => memory.set_read_only(a, x % 3 == 0).err(),
        23 => memory.compare_and_swap(a, b, c).err(),
        24 => memory.merge_update(a, b, c).err(),
        25 => memory.open_cursor(a).err(),
        26 => memory.cursor_length(cursor).err(),
        27 => memory.cursor_read(CursorId(x as u32 % 4), y, &mut out).err(),
        28 => memory.cursor_write(CursorId(x as u32 % 4), y, bytes, Content::Data).err(),
        29 => memory.cursor_commit(CursorId(x as u32 % 4)).err(),
        30 => memory.close_cursor(cursor).err(),
        31 => memory.grant(a, Principal::Nic, Rights::READ | Rights::WRITE).err(),
        32 => memory.grant_range(a, count, Principal::Nic, Rights::ALL).err(),
        33 => {
            let shares = [(b, z, y as u32 % 20), (c, x, 1)].map(|(source, first, count)| Share {
                source,
                first,
                count,
            });
            memory.compose(a, (x % 70) as u8, (bytes, &bytes[bytes.len() / 2..]), &shares).err()
        }
        34 => memory.assign_from(a, bytes, y as usize).err(),
        35 => memory.view(a).and_then(|mut view| view.read(x, &mut out)).err(),
        _ => memory.hand_over(a, call.principal).err(),
    }
}

/// All that an error must not change.
fn state(memory: &mut Memory) -> Vec<(u64, u64, Vec<u8>)> {
    let mut all = vec![(memory.live_lines(), memory.live_data_lines(), vec![])];
    all.push((memory.segments() as u64, memory.map_entries_written(), vec![]));
    for id in (0..12).map(SegmentId) {
        let rights = memory.rights(id, Principal::Kernel);
        if rights != Ok(Rights::ALL) {
            continue;
        }
        let length = memory.length(id).unwrap();
        let mut bytes = vec![0; length.min(3000) as usize];
        memory.read(id, 0, &mut bytes).unwrap();
        all.push((u64::from(id.0), length, bytes));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_argument_panics_and_errors_change_nothing(
        line_size in prop::sample::select(vec![16u32, 32, 64]),
        lines in prop::sample::select(vec![1u64, 60, 5000]),
        reserve in 0u32..2,
        delay in any::<bool>(),
        calls in prop::collection::vec(call(), 1..60),
    ) {
        let config = MemoryConfig { line_size, lines, reserve, ..MemoryConfig::default() };
        let mut memory = Memory::new(config).unwrap();
        memory.set_pressure(if delay { Pressure::Delay { queue: 2 } } else { Pressure::Deny });
        for size in [10u8, 100, 200] {
            memory.create(&(0..size).collect::<Vec<u8>>(), Content::Data).unwrap();
        }
        for call in &calls {
            let before = state(&mut memory);
            let class = if call.receive { Class::Receive } else { Class::Ordinary };
            let error = memory.as_class(class, |memory| {
                memory.on_behalf(call.principal, |memory| make(memory, call))
            });
            if let Some(error) = error {
                prop_assert_eq!(state(&mut memory), before, "{:?}", error);
                prop_assert!(error.to_string().chars().any(|c| c.is_ascii_digit()), "numbers: {}", error);
            }
            prop_assert_eq!(memory.check(), Ok(()));
        }
        prop_assert!(!memory.give_up(Ticket(u64::MAX)));
    }

    #[test]
    fn no_configuration_panics(
        line_size in prop_oneof![any::<u32>(), prop::sample::select(vec![16u32, 32, 64])],
        lines in prop_oneof![0u64..1000, any::<u64>(), Just(MAX_LINES + 1), Just(u64::MAX)],
        ways in prop_oneof![any::<u32>(), 10u32..34],
        delayed_free in any::<u32>(),
        reserve in prop_oneof![any::<u32>(), 0u32..1000],
    ) {
        let config = MemoryConfig { line_size, lines, ways, delayed_free, reserve };
        match Memory::new(config) {
            Ok(mut memory) => {
                prop_assert!(memory.capacity() >= lines + u64::from(reserve));
                let page = memory.create(b"page", Content::Data).unwrap();
                memory.release(page).unwrap();
            }
            Err(error) => {
                let said = matches!(
                    error,
                    MemoryError::LineSize(_)
                        | MemoryError::Ways(_)
                        | MemoryError::Capacity(_)
                        | MemoryError::Reserve { .. }
                        | MemoryError::Host { .. }
                );
                prop_assert!(said, "{}", error);
            }
        }
    }
}

#[test]
fn a_segment_too_long_for_one_buffer_is_an_error_and_can_still_be_read_in_parts() {
    let mut memory = Memory::new(MemoryConfig::default()).unwrap();
    let long = memory.create_zeroed(MAX_LENGTH).unwrap();
    memory.overwrite(long, MAX_LENGTH - 3, b"end", Content::Data).unwrap();
    assert_eq!(memory.to_vec(long), Err(MemoryError::Host { bytes: MAX_LENGTH }));
    let mut end = [0; 3];
    memory.read(long, MAX_LENGTH - 3, &mut end).unwrap();
    assert_eq!(&end, b"end");
    let longer = memory.append(long, b"!", Content::Data);
    assert_eq!(longer, Err(MemoryError::TooLong { length: MAX_LENGTH + 1 }));
    memory.check().unwrap();
}

#[test]
fn a_full_map_is_an_error_and_releases_what_it_took() {
    let mut memory = Memory::new(MemoryConfig::default()).unwrap();
    memory.create_range(SegmentId(1), MAX_SEGMENTS - 1).unwrap();
    let page = memory.create(b"last", Content::Data).unwrap();
    let full = MemoryError::MapFull { limit: MAX_SEGMENTS };
    assert_eq!(memory.create(b"one more", Content::Data), Err(full));
    assert_eq!(memory.snapshot(page), Err(full));
    assert_eq!(memory.create_zeroed(0), Err(full));
    assert_eq!((memory.live_lines(), memory.segments()), (1, MAX_SEGMENTS as usize));
    memory.release(page).unwrap();
    assert_eq!(memory.live_lines(), 0);
}
