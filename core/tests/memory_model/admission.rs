//! The reserve for receive DMA, and requests that are denied or delayed (DESIGN.md 2.14).

use snapstack::memory::{
    Class, Content, Memory, MemoryConfig, MemoryError, Pressure, Principal, SegmentId, Ticket,
};

const FIRST: Principal = Principal::Thread(1);
const SECOND: Principal = Principal::Thread(2);

fn line(number: u32) -> [u8; 16] {
    let mut line = [0; 16];
    line[..4].copy_from_slice(&number.to_be_bytes());
    line[4] = 1;
    line
}

/// Single lines until the memory refuses one.
fn fill(memory: &mut Memory) -> Vec<SegmentId> {
    (0..).map_while(|number| memory.create(&line(number), Content::Other).ok()).collect()
}

fn memory(lines: u64, reserve: u32) -> Memory {
    Memory::new(MemoryConfig { line_size: 16, lines, reserve, ..MemoryConfig::default() }).unwrap()
}

#[test]
fn receive_dma_gets_its_whole_reserve_whatever_the_lines_hash_to() {
    for lines in [12, 100, 5000] {
        let mut memory = memory(lines, 12);
        let held = fill(&mut memory).len() as u64;
        assert!(held >= lines, "the reserve is on top of the {lines} lines, {held} fit");
        for number in 0..12 {
            let denied = memory.create(&line(1 << 30), Content::Other);
            assert!(matches!(denied, Err(MemoryError::Exhausted { needed: 1, .. })), "{denied:?}");
            let frame = line((1 << 20) + number);
            memory.as_class(Class::Receive, |memory| memory.create(&frame, Content::Data)).unwrap();
        }
        memory.check().unwrap();
    }
}

#[test]
fn an_ordinary_request_is_told_what_is_free_without_the_reserve() {
    let mut memory = memory(12, 10);
    fill(&mut memory);
    let error = memory.create(&line(1 << 30), Content::Other);
    assert_eq!(error, Err(MemoryError::Exhausted { needed: 1, free: 0 }));
    let received = memory.as_class(Class::Receive, |memory| memory.create(&[3; 16 * 40], Content::Data));
    received.expect("forty equal lines are one, and two nodes a level");
    let distinct: Vec<u8> = (0..40).flat_map(line).map(|byte| byte ^ 0x80).collect();
    let error = memory.as_class(Class::Receive, |memory| memory.create(&distinct, Content::Data));
    assert!(matches!(error, Err(MemoryError::Exhausted { needed: 54, free }) if free < 10), "{error:?}");
}

#[test]
fn lines_that_come_free_fill_up_the_reserve_first() {
    let mut memory = memory(12, 5);
    let held = fill(&mut memory);
    for number in 0..5 {
        memory
            .as_class(Class::Receive, |memory| memory.create(&line((1 << 20) + number), Content::Data))
            .unwrap();
    }
    let ordinary = held.len() as u64;
    for id in &held {
        memory.release(*id).unwrap();
    }
    // Five received lines are still there: the reserve is whole again beside them.
    let again = fill(&mut memory).len() as u64;
    assert!(again <= ordinary && again + 5 >= ordinary, "{again} after {ordinary}");
    for number in 0..5 {
        memory
            .as_class(Class::Receive, |memory| memory.create(&line((1 << 21) + number), Content::Data))
            .unwrap();
    }
}

fn ticket(result: Result<SegmentId, MemoryError>) -> Ticket {
    match result {
        Err(MemoryError::Delayed { ticket, .. }) => ticket,
        other => panic!("not delayed: {other:?}"),
    }
}

fn ask(memory: &mut Memory, who: Principal, number: u32) -> Result<SegmentId, MemoryError> {
    memory.on_behalf(who, |memory| memory.create(&line(number), Content::Other))
}

#[test]
fn delayed_principals_get_their_turn_in_order_as_lines_come_free() {
    let mut memory = memory(12, 0);
    let held = fill(&mut memory);
    memory.set_pressure(Pressure::Delay { queue: 2 });
    let first = ticket(ask(&mut memory, FIRST, 1 << 20));
    let second = ticket(ask(&mut memory, SECOND, 1 << 21));
    assert_eq!(ticket(ask(&mut memory, FIRST, 1 << 20)), first, "asking again does not lose the place");
    assert_eq!((memory.delayed(), memory.next_ready()), (2, None));
    let third = ask(&mut memory, Principal::Kernel, 1 << 22);
    assert!(matches!(third, Err(MemoryError::Exhausted { .. })), "the queue is full: {third:?}");

    memory.release(held[0]).unwrap();
    assert_eq!(memory.next_ready(), Some((first, FIRST)));
    assert_eq!(ticket(ask(&mut memory, SECOND, 1 << 21)), second, "nobody is overtaken");
    ask(&mut memory, FIRST, 1 << 20).unwrap();
    // The second was turned away before and has not been tried since; it takes up the line that comes free next.
    assert!(ask(&mut memory, SECOND, 1 << 21).is_err());
    assert_eq!(memory.next_ready(), None);
    memory.release(held[1]).unwrap();
    assert_eq!(memory.next_ready(), Some((second, SECOND)));
    ask(&mut memory, SECOND, 1 << 21).unwrap();
    assert_eq!(memory.delayed(), 0);
    memory.check().unwrap();
}

#[test]
fn reads_releases_and_receive_dma_are_never_delayed() {
    let mut memory = memory(12, 3);
    let held = fill(&mut memory);
    memory.set_pressure(Pressure::Delay { queue: 4 });
    let waiting = ticket(ask(&mut memory, Principal::Kernel, 1 << 20));
    memory.to_vec(held[0]).unwrap();
    memory.snapshot(held[0]).unwrap();
    memory.as_class(Class::Receive, |memory| memory.create(&line(1 << 25), Content::Data)).unwrap();
    memory.release(held[1]).unwrap();
    assert!(memory.give_up(waiting));
    assert!(!memory.give_up(waiting));
    assert_eq!(memory.delayed(), 0);
}

#[test]
fn going_back_to_denial_empties_the_queue() {
    let mut memory = memory(12, 0);
    fill(&mut memory);
    memory.set_pressure(Pressure::Delay { queue: 4 });
    ticket(ask(&mut memory, FIRST, 1 << 20));
    memory.set_pressure(Pressure::Deny);
    assert_eq!(memory.delayed(), 0);
    assert!(matches!(ask(&mut memory, FIRST, 1 << 20), Err(MemoryError::Exhausted { .. })));
}
