//! Random operation sequences over many segments, snapshots and cursors against plain byte vectors, with the invariant
//! checker after each step; and what a segment promises by itself.

use proptest::prelude::*;
use snapstack::memory::{Content, Memory, MemoryConfig, MemoryError, SegmentId};

use crate::common::world::{Op, World};
use crate::strategies::{config, op};

fn run(config: MemoryConfig, ops: &[Op]) {
    let mut world = World::new(config);
    for op in ops {
        match world.apply(op) {
            Ok(_) | Err(MemoryError::Exhausted { .. }) => {}
            Err(other) => panic!("{op:?}: {other}"),
        }
        world.verify();
    }
    assert_eq!(world.empty(), 0, "nothing leaks");
    world.verify();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn segments_behave_like_byte_vectors(
        config in config(Just(20_000)),
        ops in prop::collection::vec(op(), 1..80),
    ) {
        run(config, &ops);
    }

    #[test]
    fn segments_behave_like_byte_vectors_when_lines_are_few(
        config in config(1u64..400),
        ops in prop::collection::vec(op(), 1..80),
    ) {
        run(config, &ops);
    }
}

#[test]
fn snapshot_keeps_old_bytes_after_overwrite() {
    let mut memory = Memory::new(MemoryConfig::default()).unwrap();
    let first: Vec<u8> = (0..5000u32).map(|i| (i % 251) as u8).collect();
    let segment = memory.create(&first, Content::Data).unwrap();
    let snapshot = memory.snapshot(segment).unwrap();
    memory.overwrite(segment, 1000, &[0xee; 2000], Content::Data).unwrap();
    assert_eq!(memory.to_vec(snapshot).unwrap(), first);
}

#[test]
fn a_snapshot_is_one_map_entry_and_no_line() {
    let mut memory = Memory::new(MemoryConfig::default()).unwrap();
    let page = memory.create(&[1; 100_000], Content::Data).unwrap();
    let (entries, lines) = (memory.map_entries_written(), memory.line_counts());
    memory.snapshot(page).unwrap();
    assert_eq!(memory.map_entries_written() - entries, 1);
    assert_eq!(memory.line_counts(), lines);
}

#[test]
fn a_line_that_waits_is_revived_by_a_content_hit() {
    let config = MemoryConfig { delayed_free: 100, ..MemoryConfig::default() };
    let mut memory = Memory::new(config).unwrap();
    let page: Vec<u8> = (0..4096u32).flat_map(|i| (i as u16).to_le_bytes()).collect();
    let first = memory.create(&page, Content::Data).unwrap();
    memory.release(first).unwrap();
    assert_eq!(
        (memory.live_lines(), memory.waiting_lines()),
        (136, 1),
        "a waiting root keeps its children counted"
    );
    assert_eq!(memory.live_data_lines(), 128);
    assert_eq!(memory.held_data_lines(), 0, "what only a waiting line refers to is held by nothing");
    let before = memory.line_counts();
    memory.create(&page, Content::Data).unwrap();
    let counted = memory.line_counts().since(&before);
    assert_eq!((counted.requested, counted.new, counted.revived), (137, 0, 1));
    assert_eq!(memory.held_data_lines(), 128);
    memory.check().unwrap();
}

#[test]
fn errors_carry_numbers_and_change_nothing() {
    let mut memory = Memory::new(MemoryConfig::default()).unwrap();
    let segment = memory.create(&[1; 100], Content::Data).unwrap();
    let mut out = [0; 8];
    assert_eq!(
        memory.read(segment, 96, &mut out),
        Err(MemoryError::OutOfRange { segment, offset: 96, end: 104, length: 100 })
    );
    assert_eq!(memory.read(SegmentId(99), 0, &mut out), Err(MemoryError::UnknownSegment(SegmentId(99))));
    assert_eq!(memory.graft(segment, 0, segment, 3, 64), Err(MemoryError::Unaligned { line: 64, offset: 3 }));
    for (config, error) in [
        (MemoryConfig { line_size: 48, ..MemoryConfig::default() }, MemoryError::LineSize(48)),
        (MemoryConfig { ways: 33, ..MemoryConfig::default() }, MemoryError::Ways(33)),
        (MemoryConfig { lines: 0, ..MemoryConfig::default() }, MemoryError::Capacity(0)),
    ] {
        assert_eq!(Memory::new(config).err(), Some(error));
    }
    assert_eq!(memory.to_vec(segment).unwrap(), [1; 100]);
}
