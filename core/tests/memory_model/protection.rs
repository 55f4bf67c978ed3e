//! Who may do what with which segment (DESIGN.md 2.13).

use snapstack::memory::{
    Content, Fault, FaultCounts, Memory, MemoryConfig, MemoryError, Principal, Rights, SegmentId,
};

const THREAD: Principal = Principal::Thread(1);
const OTHER: Principal = Principal::Thread(2);

fn memory() -> Memory {
    Memory::new(MemoryConfig { line_size: 16, ..MemoryConfig::default() }).unwrap()
}

fn fault(principal: Principal, segment: SegmentId, needed: Rights, held: Rights) -> MemoryError {
    MemoryError::Fault(Fault { principal, segment, needed, held })
}

#[test]
fn every_operation_on_a_segment_of_someone_else_faults_and_changes_nothing() {
    let mut memory = memory();
    let page =
        memory.on_behalf(THREAD, |memory| memory.create(b"private bytes here", Content::Data)).unwrap();
    let (lines, entries) = (memory.live_lines(), memory.map_entries_written());
    let none = Rights::NONE;
    let read = Some(fault(OTHER, page, Rights::READ, none));
    let write = Some(fault(OTHER, page, Rights::WRITE, none));
    let own = Some(fault(OTHER, page, Rights::OWN, none));
    memory.on_behalf(OTHER, |memory| {
        let mine = memory.create_zeroed(64).unwrap();
        let mut ledger = snapstack::ledger::Ledger::default();
        assert_eq!(memory.to_vec(page).err(), read);
        assert_eq!(memory.read(page, 0, &mut [0; 4]).err(), read);
        assert_eq!(memory.length(page).err(), read);
        assert_eq!(memory.height(page).err(), read);
        assert_eq!(memory.equal(mine, page).err(), read);
        assert_eq!(memory.diff(page, mine).err(), read);
        assert_eq!(memory.snapshot(page).err(), read);
        assert_eq!(memory.snapshot_into(mine, page).err(), read);
        assert_eq!(memory.open_cursor(page).err(), read);
        assert_eq!(memory.for_each_line(page, |_, _| {}).err(), read);
        assert_eq!(memory.graft(mine, 0, page, 0, 16).err(), read);
        assert_eq!(memory.concat(mine, page, &mut ledger).err(), read);
        assert_eq!(memory.merge_update(mine, page, mine).err(), read);
        assert_eq!(memory.overwrite(page, 0, b"x", Content::Data).err(), write);
        assert_eq!(memory.append(page, b"x", Content::Data).err(), write);
        assert_eq!(memory.assign(page, b"x", Content::Data).err(), write);
        assert_eq!(memory.truncate(page, 3).err(), write);
        assert_eq!(memory.clear(page).err(), write);
        assert_eq!(memory.snapshot_into(page, mine).err(), write);
        assert_eq!(memory.graft(page, 0, mine, 0, 16).err(), write);
        assert_eq!(memory.merge_update(page, mine, mine).err(), write);
        let both = Some(fault(OTHER, page, Rights::READ | Rights::WRITE, none));
        assert_eq!(memory.compare_and_swap(page, mine, mine).err(), both);
        assert_eq!(memory.release(page).err(), own);
        assert_eq!(memory.set_read_only(page, true).err(), own);
        assert_eq!(memory.grant(page, OTHER, Rights::ALL).err(), own);
        assert_eq!(memory.grant_range(page, 1, OTHER, Rights::ALL).err(), own);
        assert_eq!(memory.hand_over(page, OTHER).err(), own);
        memory.release(mine).unwrap();
    });
    assert_eq!(memory.fault_counts(), FaultCounts { read: 14, write: 8, own: 5 });
    assert_eq!((memory.live_lines(), memory.map_entries_written()), (lines, entries + 1));
    let bytes = memory.on_behalf(THREAD, |memory| memory.to_vec(page)).unwrap();
    assert_eq!(bytes, b"private bytes here");
}

#[test]
fn each_right_allows_what_it_says_and_no_more() {
    let mut memory = memory();
    let page = memory.create(b"shared", Content::Data).unwrap();
    memory.grant(page, THREAD, Rights::READ).unwrap();
    memory.grant(page, OTHER, Rights::WRITE).unwrap();
    memory.on_behalf(THREAD, |memory| {
        assert_eq!(memory.to_vec(page).unwrap(), b"shared");
        let wrote = memory.overwrite(page, 0, b"S", Content::Data);
        assert_eq!(wrote, Err(fault(THREAD, page, Rights::WRITE, Rights::READ)));
    });
    memory.on_behalf(OTHER, |memory| {
        memory.overwrite(page, 0, b"S", Content::Data).unwrap();
        assert_eq!(memory.to_vec(page), Err(fault(OTHER, page, Rights::READ, Rights::WRITE)));
        assert!(memory.release(page).is_err());
    });
    memory.grant(page, OTHER, Rights::OWN).unwrap();
    memory.on_behalf(OTHER, |memory| memory.release(page)).unwrap();
    assert_eq!(memory.segments(), 0);
}

#[test]
fn a_grant_taken_back_and_a_grant_on_a_former_segment_are_none() {
    let mut memory = memory();
    let page = memory.create(b"one", Content::Data).unwrap();
    memory.grant(page, THREAD, Rights::ALL).unwrap();
    memory.grant(page, THREAD, Rights::NONE).unwrap();
    assert!(memory.on_behalf(THREAD, |memory| memory.to_vec(page)).is_err());
    memory.grant(page, THREAD, Rights::ALL).unwrap();
    memory.release(page).unwrap();
    let next = memory.create(b"two", Content::Data).unwrap();
    assert_eq!(next, page, "the ID is used again");
    assert_eq!(memory.rights(next, THREAD), Ok(Rights::NONE));
    assert!(memory.on_behalf(THREAD, |memory| memory.to_vec(next)).is_err());
}

#[test]
fn a_snapshot_belongs_to_who_made_it_and_can_be_handed_over() {
    let mut memory = memory();
    let page = memory.on_behalf(THREAD, |memory| memory.create(b"sent", Content::Data)).unwrap();
    let sent = memory
        .on_behalf(THREAD, |memory| {
            let sent = memory.snapshot(page)?;
            memory.hand_over(sent, Principal::Kernel)?;
            Ok::<_, MemoryError>(sent)
        })
        .unwrap();
    memory.append(sent, b" on", Content::Data).unwrap();
    assert_eq!(memory.to_vec(sent).unwrap(), b"sent on");
    assert!(memory.to_vec(page).is_err());
    assert!(memory.on_behalf(THREAD, |memory| memory.to_vec(sent)).is_err());
}

#[test]
fn the_nic_may_touch_only_the_segments_of_its_rings() {
    let mut memory = memory();
    let (base, slots) = (SegmentId(1000), 64);
    let before = memory.create(b"elsewhere", Content::Data).unwrap();
    memory.create_range(base, slots).unwrap();
    memory.grant_range(base, slots, Principal::Nic, Rights::READ | Rights::WRITE).unwrap();
    memory.snapshot_into(SegmentId(1003), before).unwrap();
    memory.on_behalf(Principal::Nic, |memory| {
        for slot in 0..slots {
            memory.length(SegmentId(base.0 + slot)).unwrap();
        }
        assert_eq!(memory.to_vec(SegmentId(1003)).unwrap(), b"elsewhere");
        memory.overwrite(SegmentId(1063), 0, b"status", Content::Other).unwrap();
        assert_eq!(memory.to_vec(before), Err(fault(Principal::Nic, before, Rights::READ, Rights::NONE)));
        for outside in [SegmentId(999), SegmentId(1064), SegmentId(u32::MAX)] {
            assert_eq!(memory.to_vec(outside), Err(MemoryError::UnknownSegment(outside)));
        }
    });
    // A slot that is given up and its ID made anew is not of the ring.
    memory.release(SegmentId(1010)).unwrap();
    memory.create_range(SegmentId(1010), 1).unwrap();
    assert_eq!(memory.rights(SegmentId(1010), Principal::Nic), Ok(Rights::NONE));
    memory.grant_range(SegmentId(1000), 10, Principal::Nic, Rights::READ).unwrap();
    let mixed = memory.grant_range(base, slots, Principal::Nic, Rights::READ);
    assert_eq!(mixed, Err(MemoryError::UnknownSegment(SegmentId(1010))), "not made with the others");
}

#[test]
fn a_range_grant_can_be_taken_back() {
    let mut memory = memory();
    memory.create_range(SegmentId(8), 4).unwrap();
    memory.grant_range(SegmentId(8), 4, Principal::Nic, Rights::READ).unwrap();
    memory.grant_range(SegmentId(8), 4, Principal::Nic, Rights::NONE).unwrap();
    assert_eq!(memory.rights(SegmentId(9), Principal::Nic), Ok(Rights::NONE));
}

#[test]
fn a_cursor_serves_only_who_opened_it() {
    let mut memory = memory();
    let page = memory.create(b"page", Content::Data).unwrap();
    memory.grant(page, THREAD, Rights::ALL).unwrap();
    let cursor = memory.open_cursor(page).unwrap();
    memory.on_behalf(THREAD, |memory| {
        let refused = fault(THREAD, page, Rights::READ, Rights::NONE);
        assert_eq!(memory.cursor_read(cursor, 0, &mut [0; 4]), Err(refused));
        assert_eq!(memory.cursor_write(cursor, 0, b"P", Content::Data), Err(refused));
        assert_eq!(memory.cursor_commit(cursor), Err(refused));
        assert_eq!(memory.close_cursor(cursor), Err(refused));
    });
    memory.close_cursor(cursor).unwrap();
}

#[test]
fn a_commit_takes_the_right_to_write() {
    let mut memory = memory();
    let page = memory.create(b"page", Content::Data).unwrap();
    memory.grant(page, THREAD, Rights::READ).unwrap();
    memory.on_behalf(THREAD, |memory| {
        let cursor = memory.open_cursor(page).unwrap();
        memory.cursor_write(cursor, 0, b"P", Content::Data).unwrap();
        assert_eq!(memory.cursor_commit(cursor), Err(fault(THREAD, page, Rights::WRITE, Rights::READ)));
    });
    assert_eq!(memory.to_vec(page).unwrap(), b"page");
}
