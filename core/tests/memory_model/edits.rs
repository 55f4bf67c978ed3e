//! What grafts, differences, merges and cursors promise beyond their bytes: sharing, cost, and whose changes win.

use snapstack::ledger::{CopyCause, Ledger};
use snapstack::memory::{Commit, Content, Memory, MemoryConfig, MemoryError, SegmentId};

fn memory(line_size: u32) -> Memory {
    Memory::new(MemoryConfig { line_size, ..MemoryConfig::default() }).unwrap()
}

fn distinct(bytes: u32) -> Vec<u8> {
    (0..bytes / 4).flat_map(|i| (i + 1).to_le_bytes()).collect()
}

#[test]
fn concatenation_on_a_line_boundary_touches_no_data_line() {
    for line_size in [16, 32, 64] {
        let mut memory = memory(line_size);
        let mut ledger = Ledger::default();
        let bytes = distinct(64 * 100);
        let all = memory.create(&bytes[..64 * 37], Content::Data).unwrap();
        let rest = memory.create(&bytes[64 * 37..], Content::Data).unwrap();
        let before = memory.data_line_counts();
        assert_eq!(memory.concat(all, rest, &mut ledger), Ok(0));
        assert_eq!(memory.data_line_counts(), before);
        assert_eq!(ledger.copied().bytes, 0);
        let built = memory.create(&bytes, Content::Data).unwrap();
        assert_eq!(memory.equal(all, built), Ok(true));
    }
}

#[test]
fn concatenation_inside_a_line_relines_what_shifts_and_the_ledger_says_so() {
    let mut memory = memory(32);
    let mut ledger = Ledger::default();
    let all = memory.create(&[1; 33], Content::Data).unwrap();
    let rest = memory.create(&distinct(1000), Content::Data).unwrap();
    assert_eq!(memory.concat(all, rest, &mut ledger), Ok(1000));
    assert_eq!(ledger.copies(CopyCause::Reline).bytes, 1000);
    assert_eq!(memory.to_vec(all).unwrap()[33..], distinct(1000));
}

#[test]
fn a_range_with_the_same_phase_relines_only_its_ends() {
    let mut memory = memory(64);
    let mut ledger = Ledger::default();
    let source = memory.create(&distinct(6400), Content::Data).unwrap();
    let target = memory.create_zeroed(6400).unwrap();
    // 10..5000 to 74..5064: 54 bytes to the first boundary, 8 behind the last.
    assert_eq!(memory.graft_bytes(target, 74, source, 10..5000, &mut ledger), Ok(54 + 8));
    assert_eq!(memory.to_vec(target).unwrap()[74..5064], distinct(6400)[10..5000]);
}

#[test]
fn a_segment_can_be_grafted_into_itself_over_its_own_bytes() {
    for (to, from) in [(128, 0), (0, 128), (100, 7), (7, 100), (70, 6)] {
        let mut memory = memory(16);
        let bytes = distinct(2000);
        let segment = memory.create(&bytes, Content::Data).unwrap();
        memory.graft_bytes(segment, to, segment, from..from + 1500, &mut Ledger::default()).unwrap();
        let mut moved = bytes.clone();
        moved.copy_within(from as usize..from as usize + 1500, to as usize);
        assert_eq!(memory.to_vec(segment).unwrap(), moved);
        memory.check().unwrap();
    }
}

#[test]
fn a_terabyte_of_one_repeated_line_can_be_shifted_by_a_line() {
    for line_size in [16, 32, 64] {
        let mut memory = memory(line_size);
        let line = u64::from(line_size);
        let length = 1u64 << 40;
        let source = memory.create(&[9; 64], Content::Data).unwrap();
        while memory.length(source).unwrap() < length {
            memory.concat(source, source, &mut Ledger::default()).unwrap();
        }
        let target = memory.create_zeroed(length).unwrap();
        memory.graft(target, line, source, 0, length - line).unwrap();
        assert!(memory.live_lines() < 200);
        let mut ends = [0; 65];
        memory.read(target, length - 65, &mut ends).unwrap();
        assert_eq!(ends, [9; 65]);
        memory.read(target, 0, &mut ends[..line as usize + 1]).unwrap();
        assert_eq!((ends[line as usize - 1], ends[line as usize]), (0, 9));
        memory.check().unwrap();
    }
}

#[test]
fn a_difference_costs_its_size_and_not_that_of_the_segments() {
    let mut memory = memory(64);
    let page = memory.create(&distinct(1 << 20), Content::Data).unwrap();
    let other = memory.snapshot(page).unwrap();
    for at in [64, 640_000, 640_070] {
        memory.overwrite(other, at, b"!", Content::Data).unwrap();
    }
    let before = memory.access_counts().data_reads;
    let runs = memory.diff(page, other).unwrap();
    let reads = memory.access_counts().data_reads - before;
    assert_eq!(runs, [64..128, 640_000..640_128]);
    // 2^20 bytes are 2^14 lines under 4 levels: two reads a level, for each of three lines at most.
    assert!(reads <= 2 * 5 * 3, "{reads} lines read");
}

#[test]
fn changes_of_both_sides_are_merged_and_clashes_named() {
    let mut memory = memory(16);
    let base = memory.create(&distinct(400), Content::Data).unwrap();
    let [mine, theirs] = [(); 2].map(|()| memory.snapshot(base).unwrap());
    memory.overwrite(mine, 3, b"mine", Content::Data).unwrap();
    memory.append(theirs, b"theirs", Content::Data).unwrap();
    memory.merge_update(theirs, base, mine).unwrap();
    let mut both = distinct(400);
    both[3..7].copy_from_slice(b"mine");
    both.extend_from_slice(b"theirs");
    assert_eq!(memory.to_vec(theirs).unwrap(), both);

    let clashing = memory.snapshot(base).unwrap();
    memory.overwrite(clashing, 5, b"XYZ", Content::Data).unwrap();
    let before = (memory.live_lines(), memory.to_vec(clashing).unwrap());
    let conflict = MemoryError::Conflict { segment: clashing, offset: 5, end: 7 };
    assert_eq!(memory.merge_update(clashing, base, mine), Err(conflict));
    assert_eq!((memory.live_lines(), memory.to_vec(clashing).unwrap()), before);
    memory.check().unwrap();
}

#[test]
fn cutting_off_what_the_other_side_wrote_is_a_conflict() {
    let mut memory = memory(16);
    let base = memory.create(&[0; 200], Content::Data).unwrap();
    let [cut, wrote] = [(); 2].map(|()| memory.snapshot(base).unwrap());
    memory.truncate(cut, 50).unwrap();
    memory.overwrite(wrote, 100, b"news", Content::Data).unwrap();
    let conflict = MemoryError::Conflict { segment: wrote, offset: 100, end: 104 };
    assert_eq!(memory.merge_update(wrote, base, cut), Err(conflict));
    assert_eq!(memory.length(wrote), Ok(200));
}

#[test]
fn a_cursor_writes_in_private_and_commits_once() {
    let mut memory = memory(16);
    let page = memory.create(&distinct(400), Content::Data).unwrap();
    let cursor = memory.open_cursor(page).unwrap();
    let before = memory.line_counts();
    for i in 0..16 {
        memory.cursor_write(cursor, 32 + i, &[0xaa], Content::Data).unwrap();
    }
    assert_eq!(memory.line_counts(), before, "transient lines are not looked up");
    assert_eq!(memory.to_vec(page).unwrap(), distinct(400));
    assert_eq!(memory.cursor_commit(cursor), Ok(Commit::Swapped));
    let height = u64::from(memory.height(page).unwrap());
    assert_eq!(memory.line_counts().since(&before).requested, 1 + height, "one line and its path");
    assert_eq!(memory.to_vec(page).unwrap()[32..48], [0xaa; 16]);
    assert_eq!(memory.cursor_commit(cursor), Ok(Commit::Unchanged));
}

#[test]
fn a_cursor_never_commits_into_another_segment_with_the_same_id() {
    let mut memory = memory(16);
    let first = memory.create(b"first", Content::Data).unwrap();
    let cursor = memory.open_cursor(first).unwrap();
    memory.cursor_write(cursor, 0, b"F", Content::Data).unwrap();
    memory.release(first).unwrap();
    let second = memory.create(b"first", Content::Data).unwrap();
    assert_eq!(second, first, "the ID is used again");
    assert_eq!(memory.cursor_commit(cursor), Err(MemoryError::UnknownSegment(first)));
    assert_eq!(memory.to_vec(second).unwrap(), b"first");
}

#[test]
fn a_read_only_segment_can_be_read_snapshot_and_released_and_not_written() {
    let mut memory = memory(16);
    let page = memory.create(b"kept", Content::Data).unwrap();
    let other = memory.create(b"other", Content::Data).unwrap();
    memory.set_read_only(page, true).unwrap();
    let refused = Err(MemoryError::ReadOnly(page));
    assert_eq!(memory.overwrite(page, 0, b"x", Content::Data), refused);
    assert_eq!(memory.append(page, b"x", Content::Data), refused);
    assert_eq!(memory.truncate(page, 1), refused);
    assert_eq!(memory.clear(page), refused);
    assert_eq!(memory.snapshot_into(page, other), refused);
    assert_eq!(memory.compare_and_swap(page, page, other).map(|_| ()), refused);
    assert_eq!(memory.merge_update(page, page, other), refused);
    let snapshot = memory.snapshot(page).unwrap();
    memory.overwrite(snapshot, 0, b"K", Content::Data).unwrap();
    assert_eq!(memory.to_vec(page).unwrap(), b"kept");
    memory.release(page).unwrap();
}

#[test]
fn a_range_takes_the_ids_it_was_asked_for() {
    let mut memory = memory(16);
    let early: Vec<SegmentId> = (0..5).map(|_| memory.create(b"x", Content::Data).unwrap()).collect();
    early.iter().for_each(|id| memory.release(*id).unwrap());
    memory.create_range(SegmentId(2), 6).unwrap();
    for id in 2..8 {
        assert_eq!(memory.length(SegmentId(id)), Ok(0));
    }
    assert_eq!(memory.segments(), 6);
    let more: Vec<u32> = (0..4).map(|_| memory.create(b"x", Content::Data).unwrap().0).collect();
    assert!(more.iter().all(|id| !(2..8).contains(id)), "{more:?}");
    assert_eq!(memory.create_range(SegmentId(6), 9), Err(MemoryError::InUse { segment: SegmentId(6) }));
}

#[test]
fn a_commit_in_conflict_leaves_no_line_behind_and_can_be_read_on() {
    for delayed_free in [0, 100] {
        let config = MemoryConfig { line_size: 16, delayed_free, ..MemoryConfig::default() };
        let mut memory = Memory::new(config).unwrap();
        let page = memory.create(&distinct(4000), Content::Data).unwrap();
        let other = memory.create(&[b'z'; 16], Content::Other).unwrap();
        let cursor = memory.open_cursor(page).unwrap();
        memory.cursor_write(cursor, 160, &[b'z'; 64], Content::Data).unwrap();
        memory.overwrite(page, 170, b"theirs", Content::Data).unwrap();
        memory.drain_waiting();
        let before = (memory.live_lines(), memory.waiting_lines(), memory.live_data_lines());
        let conflict = MemoryError::Conflict { segment: page, offset: 170, end: 176 };
        assert_eq!(memory.cursor_commit(cursor), Err(conflict));
        assert_eq!((memory.live_lines(), memory.waiting_lines(), memory.live_data_lines()), before);
        let mut mine = [0; 64];
        memory.cursor_read(cursor, 160, &mut mine).unwrap();
        assert_eq!(mine, [b'z'; 64], "the transient lines are kept");
        assert_eq!(memory.to_vec(other).unwrap(), [b'z'; 16]);
        memory.check().unwrap();
    }
}
