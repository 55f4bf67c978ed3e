//! Frames that no peer should send: random bytes, real frames with random changes, floods. Nothing panics, every frame is
//! accounted for, and no table grows past its bound.

use snapstack::buffers::Buffers;
use snapstack::nic::TxFrames;
use snapstack::random::mix;
use snapstack::stack::{DropReason, SocketKind, Stack};
use snapstack::traffic::capture::ETHERNET;

use crate::frames;
use crate::net::{Application, Net, SECOND, THREAD, at, config, pattern, ready, snapshot, v4, v6};

/// Frames of an ordinary conversation: ARP, NDP, TCP, UDP in fragments, echoes, errors.
fn ordinary() -> Vec<Vec<u8>> {
    let mut net = Net::new(snapshot);
    for ip in [v4(2), v6(2)] {
        let [client, accepted] = net.connected(ip);
        net.transfer((0, client), (1, accepted), &pattern(10_000), true);
        let [one, _] = &mut net.hosts;
        for (kind, port) in [(SocketKind::Echo, 0), (SocketKind::Datagram, 9)] {
            let socket = one.socket(kind).expect("a socket");
            let user = one.fill(&pattern(4000));
            for len in [0, 100, 4000] {
                one.send_to(net.now, socket, THREAD, user, 0..len, Some(at(ip, port))).expect("room");
            }
        }
        net.run(SECOND);
    }
    net.log.into_iter().filter(|(host, _)| *host == 0).map(|(_, frame)| frame).collect()
}

fn victim() -> (Stack<snapstack::buffers::Snapshot>, Vec<snapstack::stack::SocketId>) {
    let mut stack = Stack::new(config(2), snapshot());
    let any = std::net::IpAddr::from([0u16; 8]);
    let mut sockets = Vec::new();
    for (kind, port) in [(SocketKind::Stream, 80), (SocketKind::Datagram, 7)] {
        let socket = stack.socket(kind).expect("a socket");
        stack.bind(socket, at(any, port)).expect("an address");
        sockets.push(socket);
    }
    stack.listen(sockets[0], 16).expect("a listener");
    (stack, sockets)
}

/// Gives the victim a frame, and lets what it sends get lost.
fn attack<B: Buffers>(stack: &mut Stack<B>, now: u64, frame: &[u8]) {
    stack.buffers_mut().deliver(frame);
    stack.receive(now);
    let mut answers = TxFrames::default();
    loop {
        stack.poll(now);
        answers.clear();
        while stack.transmit(0, &mut answers) {}
        stack.interrupt();
        if answers.is_empty() {
            break;
        }
        for answer in answers.iter() {
            frames::record(ETHERNET, now, answer);
        }
    }
    let [neighbours, fragments, connections, time_wait] = stack.table_sizes();
    assert!(neighbours <= 512 && fragments <= 1 << 20 && connections <= 16 && time_wait <= 4096);
}

#[test]
fn changed_frames_never_panic_and_grow_no_table() {
    let frames = ordinary();
    let (mut stack, _) = victim();
    let lines = stack.buffers().memory().live_lines();
    let mut now = 0;
    for round in 0..60_000_u64 {
        let draw = |n: u64| mix(round * 16 + n);
        let mut frame = frames[(draw(0) % frames.len() as u64) as usize].clone();
        for change in 0..draw(1) % 4 {
            let at = (draw(2 + change) % frame.len() as u64) as usize;
            // Headers are worth more than payload.
            let at = if draw(6) % 4 == 0 { at } else { at % frame.len().min(80) };
            frame[at] = (draw(7 + change)) as u8;
        }
        match draw(12) % 8 {
            0 => frame.truncate((draw(13) % (frame.len() as u64 + 1)) as usize),
            1 => frame.resize((frame.len() + (draw(13) % 64) as usize).min(1514), 0),
            _ => {}
        }
        // Half of the changes would otherwise stop at the IPv4 header's checksum.
        if draw(14) % 2 == 0 && frame.len() >= 34 && frame[12..14] == [8, 0] {
            frame[24..26].fill(0);
            let sum = !snapstack::nic::fold(snapstack::nic::sum(&frame[14..34]));
            frame[24..26].copy_from_slice(&sum.to_be_bytes());
        }
        attack(&mut stack, now, &frame);
        now += draw(15) % 2_000_000;
    }
    let reasons: Vec<_> = stack.drops().iter().map(|(reason, _)| reason).collect();
    for reason in [
        DropReason::Truncated,
        DropReason::Malformed,
        DropReason::NotForUs,
        DropReason::UnknownEtherType,
        DropReason::BadChecksum,
        DropReason::BadSource,
        DropReason::NoSocket,
        DropReason::FragmentOverlap,
        DropReason::FragmentDuplicate,
        DropReason::NeighbourIgnored,
        DropReason::IcmpIgnored,
    ] {
        assert!(reasons.contains(&reason), "{reason:?} did not occur among {reasons:?}");
    }
    assert_eq!(stack.refused(), None);
    // When all has timed out, nothing is held but the ring slots.
    for _ in 0..1000 {
        let Some(time) = stack.next_time() else { break };
        now = now.max(time);
        attack(&mut stack, now, &[]);
    }
    let left = stack.buffers().memory().live_lines();
    assert!(left < lines + 1024 * 32, "{left} lines are held after the attack, {lines} were before");
}

#[test]
fn random_bytes_are_dropped_and_counted() {
    let (mut stack, _) = victim();
    for round in 0..20_000_u64 {
        let len = 14 + mix(round) % 200;
        let mut frame: Vec<u8> = (0..len).map(|i| mix(round << 16 | i) as u8).collect();
        frame[..6].copy_from_slice(&[2, 0, 0, 0, 0, 2]);
        frame[6] &= 0xfe;
        let kinds = [[8, 0], [8, 6], [0x86, 0xdd]];
        frame[12..14].copy_from_slice(&kinds[(round % 3) as usize]);
        if len > 15 {
            frame[14] = if round % 3 == 0 { 0x45 } else { 0x60 };
        }
        attack(&mut stack, round, &frame);
    }
    assert_eq!(stack.drops().total(), 20_000);
    assert_eq!(stack.counters().frames_received, 20_000);
}

#[test]
fn a_flood_of_syns_takes_no_more_than_the_backlog() {
    let mut attacker = Net::new(snapshot);
    let [one, _] = &mut attacker.hosts;
    for _ in 0..300 {
        let socket = one.socket(SocketKind::Stream).expect("a socket");
        one.connect(0, socket, at(v4(2), 80)).expect("a route");
    }
    // The first questions take only some of them; the others come with the repeats.
    attacker.run(4 * SECOND);
    let (mut stack, sockets) = victim();
    for (host, frame) in &attacker.log {
        if *host == 0 {
            attack(&mut stack, 0, frame);
        }
    }
    assert!(stack.drops().get(DropReason::BacklogFull) > 0);
    assert_eq!(ready(stack.accept(sockets[0], THREAD)), None, "nothing was established");
}
