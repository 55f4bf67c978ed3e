//! Every operation at every possible point of exhaustion: all or nothing (DESIGN.md 2.14).

use snapstack::memory::{Content, Memory, MemoryConfig, MemoryError};

use crate::common::world::{Op, World};

/// One bucket, so that any line fits while any is free.
fn config(line_size: u32, delayed_free: u32) -> MemoryConfig {
    MemoryConfig { line_size, lines: 32, ways: 32, delayed_free, ..MemoryConfig::default() }
}

fn distinct(bytes: u32) -> Vec<u8> {
    (0..bytes / 4).flat_map(|i| (i * 7 + 1).to_le_bytes()).collect()
}

/// Segments 0 to 4: two of data, a snapshot of the first that was changed, zeros, and a snapshot of the first that was
/// changed elsewhere. And a cursor on the first that wrote.
fn world(config: MemoryConfig) -> World {
    let line = config.line_size as u16;
    let mut world = World::new(config);
    let bytes = distinct(u32::from(line) * 9);
    let ops = [
        Op::Create(bytes.clone()),
        Op::Create(bytes[..usize::from(line) * 4 + 5].to_vec()),
        Op::Snapshot(0),
        Op::Overwrite { segment: 2, at: line * 5, bytes: vec![0xee; 3] },
        Op::CreateZeroed(line * 9),
        Op::Snapshot(0),
        Op::Overwrite { segment: 4, at: line, bytes: vec![0xff; 3] },
        Op::OpenCursor(0),
        Op::CursorWrite { cursor: 0, at: line * 2 + 1, bytes: vec![0xdd; usize::from(line) * 3] },
    ];
    for op in &ops {
        world.apply(op).unwrap();
    }
    world
}

/// Leaves `free` lines free.
fn fill(memory: &mut Memory, free: u64) {
    let mut bytes = vec![0; memory.line_size() as usize];
    for i in 1u32.. {
        if memory.capacity() - memory.live_lines() <= free {
            return;
        }
        bytes[..4].copy_from_slice(&i.to_be_bytes());
        memory.create(&bytes, Content::Other).unwrap();
    }
}

fn state(world: &mut World) -> (u64, u64, usize, u64, Vec<Vec<u8>>) {
    let bytes = world.segments.iter().map(|segment| world.memory.to_vec(segment.id).unwrap()).collect();
    let memory = &world.memory;
    let entries = memory.map_entries_written();
    (memory.live_lines(), memory.live_data_lines(), memory.segments(), entries, bytes)
}

fn operations(line: u16) -> Vec<Op> {
    let size = u32::from(line);
    let fresh = |bytes: u32| distinct(bytes + 4000).split_off(4000);
    vec![
        Op::Create(fresh(size * 9 + 3)),
        Op::Overwrite { segment: 0, at: line * 2 + 7, bytes: fresh(size * 3) },
        Op::Overwrite { segment: 0, at: line * 40, bytes: fresh(size) },
        Op::Append(0, fresh(size * 2)),
        Op::Assign(1, fresh(size * 9)),
        Op::Truncate(0, line * 7 + 3),
        Op::Truncate(0, line * 300),
        Op::Graft { target: 3, to_line: 1, source: 0, from_line: 2, lines: 6 },
        Op::GraftBytes { target: 3, to: line * 3 + 2, source: 0, from: line + 2, count: line * 5 },
        Op::GraftBytes { target: 3, to: line * 3 + 2, source: 0, from: line + 3, count: line * 5 },
        Op::Concat { target: 1, source: 0 },
        Op::Concat { target: 0, source: 1 },
        Op::MergeUpdate { target: 2, base: 0, mine: 4 },
        Op::CursorCommit(0),
    ]
}

/// Runs `op` with 0, 1, 2, ... lines free until it fits.
fn starve(config: MemoryConfig, before: Option<&Op>, op: &Op) {
    for free in 0.. {
        let mut world = world(config);
        if let Some(op) = before {
            world.apply(op).unwrap();
        }
        world.memory.drain_waiting();
        fill(&mut world.memory, free);
        let held = state(&mut world);
        match world.apply(op) {
            Ok(_) => {
                assert!(free > 0, "{op:?} needs lines");
                assert!(state(&mut world) != held, "{op:?} did something");
                world.memory.check().unwrap();
                for segment in &world.segments {
                    assert_eq!(world.memory.to_vec(segment.id).as_ref(), Ok(&segment.bytes));
                }
                return;
            }
            Err(MemoryError::Exhausted { needed, free: said }) => {
                assert_eq!(said, free, "{op:?}");
                assert!(needed > free, "{op:?} may need {needed} lines and did not fit into {free}");
                assert!(state(&mut world) == held, "{op:?} with {free} free lines changed something");
                world.memory.check().unwrap();
            }
            Err(other) => panic!("{op:?}: {other}"),
        }
    }
}

#[test]
fn every_operation_is_all_or_nothing_wherever_lines_run_out() {
    for line_size in [16, 32, 64] {
        for delayed_free in [0, 1000] {
            for op in operations(line_size as u16) {
                starve(config(line_size, delayed_free), None, &op);
            }
        }
    }
}

#[test]
fn a_merging_commit_is_all_or_nothing_wherever_lines_run_out() {
    for line_size in [16u32, 32, 64] {
        let elsewhere = Op::Overwrite { segment: 0, at: line_size as u16 * 8, bytes: vec![0xcc; 5] };
        starve(config(line_size, 0), Some(&elsewhere), &Op::CursorCommit(0));
    }
}

#[test]
fn operations_without_new_lines_work_in_a_full_memory() {
    let mut world = world(config(32, 0));
    fill(&mut world.memory, 0);
    let held = world.memory.live_lines();
    for op in [
        Op::Snapshot(0),
        Op::SnapshotInto { target: 3, source: 1 },
        Op::CompareAndSwap { target: 5, expected: 0, new: 1 },
        Op::CreateZeroed(9999),
        Op::Create(distinct(32 * 9)),
        Op::OpenCursor(1),
        Op::Diff(0, 2),
    ] {
        world.apply(&op).unwrap();
    }
    assert_eq!(world.memory.live_lines(), held);
    world.memory.check().unwrap();
}

#[test]
fn a_failed_request_leaves_other_lines_uncounted_as_payload() {
    let mut memory = Memory::new(config(16, 0)).unwrap();
    memory.create(&[5; 16], Content::Other).unwrap();
    fill(&mut memory, 1);
    let bytes = [[5; 16], [6; 16], [7; 16]].concat();
    assert!(memory.create(&bytes, Content::Data).is_err());
    assert_eq!(memory.live_data_lines(), 0);
    memory.create(&bytes[..16], Content::Data).unwrap();
    assert_eq!(memory.live_data_lines(), 1);
}

#[test]
fn waiting_lines_leave_before_a_request_is_refused() {
    let mut memory = Memory::new(config(16, 1000)).unwrap();
    let capacity = memory.capacity();
    let first = memory.create(&distinct(16 * 60), Content::Data).unwrap();
    memory.release(first).unwrap();
    assert_eq!(memory.waiting_lines(), 1, "the root waits and keeps the rest");
    let other: Vec<u8> = distinct(16 * 60).iter().map(|byte| byte ^ 0x55).collect();
    memory.create(&other, Content::Data).unwrap();
    assert!(memory.live_lines() + memory.waiting_lines() <= capacity);
    memory.check().unwrap();
}
