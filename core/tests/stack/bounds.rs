//! Queues and tables that are full: what has no room is refused or dropped and counted, and nothing keeps anything else out.

use snapstack::buffers::{Buffers, SkBuff, Snapshot};
use snapstack::ledger::Transaction;
use snapstack::memory::{MemoryConfig, SegmentId};
use snapstack::nic::{NicConfig, TxFrames};
use snapstack::stack::{Config, DropReason, SocketError, SocketKind, Stack, ThreadId};

use crate::craft;
use crate::net::{Application, Net, SECOND, THREAD, at, config, pattern, ready, sk_buff, snapshot, v4};

/// Lets the NIC send one packet of a queue, and interrupt; returns the frames.
fn send_one<B: Buffers>(stack: &mut Stack<B>, now: u64, queue: u16) -> TxFrames {
    let mut sent = TxFrames::default();
    stack.transmit(queue, &mut sent);
    stack.interrupt();
    stack.receive(now);
    stack.poll(now);
    sent
}

#[test]
fn a_stream_that_fills_its_queue_keeps_nobody_else_out() {
    fn run<B: Buffers>(make: fn() -> B) {
        let slow = Config { tx_waiting: 4, tx_in_flight: 2, ..config(1) };
        let mut net = Net::with([slow, config(2)], make);
        let [client, _] = net.connected(v4(2));
        let ping = net.hosts[1].socket(SocketKind::Echo).expect("a socket");
        let question = net.hosts[1].fill(b"still there?");
        net.hosts[1].send_to(net.now, ping, THREAD, question, 0..12, Some(at(v4(1), 0))).expect("room");
        let mut echo = TxFrames::default();
        net.hosts[1].poll(net.now);
        while net.hosts[1].transmit(0, &mut echo) {}
        let now = net.now;
        let [one, _] = &mut net.hosts;
        let user = one.fill(&pattern(200_000));
        one.send(client, THREAD, user, 0..200_000).expect("room");
        one.poll(now);
        let drops = one.drops().total();
        // An echo request, and datagrams, while the stream has more than its queue takes.
        one.buffers_mut().deliver(echo.iter().next().expect("an echo request"));
        one.receive(now);
        let datagrams = one.socket(SocketKind::Datagram).expect("a socket");
        let thread = ThreadId(7);
        let to = Some(at(v4(2), 9));
        let mut accepted_datagrams = 0;
        while ready(one.send_to(now, datagrams, thread, user, 0..100, to)).is_some() {
            accepted_datagrams += 1;
            assert!(accepted_datagrams <= 4, "the datagrams' places are bounded, too");
        }
        assert_eq!(accepted_datagrams, 4);
        for _ in 0..10 {
            assert_eq!(one.send_to(now, datagrams, thread, user, 0..100, to), Err(SocketError::WouldBlock));
        }
        let (mut woken, mut echoes, mut streams) = (0, 0, 0);
        for _ in 0..40 {
            for frame in send_one(one, now, 0).iter() {
                echoes += u32::from(frame[23] == 1);
                streams += u32::from(frame[23] == 6);
            }
            while let Some(wakeup) = one.next_wakeup() {
                woken += u32::from((wakeup.thread, wakeup.socket) == (thread, datagrams));
                while ready(one.send_to(now, datagrams, thread, user, 0..100, to)).is_some() {}
            }
        }
        assert_eq!((echoes, one.drops().total() - drops), (1, 0), "the echo was answered");
        assert!(woken > 4 && streams > 8, "{woken} wakeups beside {streams} segments");
    }
    run(snapshot);
    run(sk_buff);
}

#[test]
fn a_full_queue_holds_up_the_senders_of_that_queue_alone() {
    fn run<B: Buffers>(make: fn() -> B) {
        let settings = Config { queues: 2, tx_waiting: 4, tx_in_flight: 2, ..config(1) };
        let mut net = Net::with([settings, Config { queues: 2, ..config(2) }], make);
        let [one, _] = &mut net.hosts;
        let user = one.fill(b"datagram");
        let to = Some(at(v4(2), 9));
        let sockets = [0, 1].map(|_| one.socket(SocketKind::Datagram).expect("a socket"));
        one.send_to(0, sockets[0], ThreadId(0), user, 0..8, to).expect("room");
        net.run(SECOND);
        let now = net.now;
        let [one, _] = &mut net.hosts;
        for thread in [0, 1] {
            one.poll(now);
            while ready(one.send_to(now, sockets[thread as usize], ThreadId(thread), user, 0..8, to))
                .is_some()
            {
                one.poll(now);
            }
        }
        one.poll(now);
        assert_eq!(one.next_wakeup(), None, "both queues are full");
        send_one(one, now, 1);
        let woken = one.next_wakeup().expect("room in one queue");
        assert_eq!((woken.thread, woken.socket), (ThreadId(1), sockets[1]));
        assert_eq!(one.next_wakeup(), None, "the other queue is still full");
        assert_eq!(one.drops().get(DropReason::TransmitQueueFull), 0);
    }
    run(|| {
        let memory = MemoryConfig { lines: 1 << 16, ..MemoryConfig::default() };
        Snapshot::new(memory, NicConfig { queues: 2, ..NicConfig::default() }).expect("a valid configuration")
    });
    run(|| SkBuff::new(64, NicConfig { queues: 2, ..NicConfig::default() }));
}

#[test]
fn a_frame_that_memory_refuses_stays_in_its_ring_and_the_driver_goes_on() {
    let mut net = Net::new(snapshot);
    let [one, two] = &mut net.hosts;
    let receiver = two.socket(SocketKind::Datagram).expect("a socket");
    two.bind(receiver, at(v4(2), 9)).expect("an address");
    let sender = one.socket(SocketKind::Datagram).expect("a socket");
    let user = one.fill(b"datagram");
    one.send_to(0, sender, THREAD, user, 0..8, Some(at(v4(2), 9))).expect("room");
    net.run(SECOND);
    let two = &mut net.hosts[1];
    let slot = two.buffers().nic().rx[0].tail();
    let (_, frame) = net.log.last().expect("a datagram").clone();
    two.buffers_mut().deliver(&frame);
    // Somebody has taken the slot's segment away: the driver can snapshot it no more often than once.
    let filled = SegmentId(two.buffers().nic().rx[0].tail());
    assert_ne!(filled.0, slot);
    two.buffers_mut().memory_mut().release(filled).expect("a segment");
    two.receive(net.now);
    assert_eq!(two.drops().get(DropReason::Memory), 1);
    assert!(two.refused().is_some());
}

#[test]
fn a_datagram_of_more_fragments_than_places_is_cut_short_and_counted() {
    let mut net = Net::with([Config { tx_waiting: 4, ..config(1) }, config(2)], sk_buff);
    net.connected(v4(2));
    let [one, _] = &mut net.hosts;
    let sender = one.socket(SocketKind::Datagram).expect("a socket");
    let user = one.fill(&pattern(14_000));
    one.send_to(net.now, sender, THREAD, user, 0..14_000, Some(at(v4(2), 9))).expect("room for the first");
    assert_eq!(one.drops().get(DropReason::TransmitQueueFull), 6, "ten fragments, four places");
}

#[test]
fn a_receive_queue_takes_no_more_than_it_was_given() {
    fn run<B: Buffers>(make: fn() -> B) {
        // Three datagrams of 100 bytes with their bookkeeping.
        let settings = Config { datagram_buffer: 3 * (100 + 256) + 99, ..config(2) };
        let mut net = Net::with([config(1), settings], make);
        net.connected(v4(2));
        let [one, two] = &mut net.hosts;
        let receiver = two.socket(SocketKind::Datagram).expect("a socket");
        two.bind(receiver, at(v4(2), 9)).expect("an address");
        let sender = one.socket(SocketKind::Datagram).expect("a socket");
        let user = one.fill(&pattern(2_000));
        let to = Some(at(v4(2), 9));
        for _ in 0..10 {
            one.send_to(net.now, sender, THREAD, user, 0..100, to).expect("room");
        }
        net.run(SECOND);
        assert_eq!(net.hosts[1].drops().get(DropReason::ReceiveQueueFull), 7);
        // One that came in fragments finds no room either.
        net.hosts[0].send_to(net.now, sender, THREAD, user, 0..2_000, to).expect("room");
        net.run(SECOND);
        assert_eq!(net.hosts[1].drops().get(DropReason::ReceiveQueueFull), 8);
        let two = &mut net.hosts[1];
        let got = std::iter::from_fn(|| ready(two.recv_from(receiver, THREAD))).count();
        assert_eq!((got, two.drops().total()), (3, 8));
    }
    run(snapshot);
    run(sk_buff);
}

#[test]
fn connections_are_as_many_as_allowed() {
    let mut net = Net::with(
        [Config { max_connections: 3, ..config(1) }, Config { max_connections: 2, ..config(2) }],
        sk_buff,
    );
    let [one, two] = &mut net.hosts;
    let listener = two.socket(SocketKind::Stream).expect("a socket");
    two.bind(listener, at(v4(2), 80)).expect("an address");
    two.listen(listener, 8).expect("a listener");
    let connect = |one: &mut Stack<SkBuff>| {
        let client = one.socket(SocketKind::Stream).expect("a socket");
        one.connect(0, client, at(v4(2), 80))
    };
    for _ in 0..3 {
        connect(one).expect("a place");
    }
    assert_eq!(connect(one), Err(SocketError::NoRoom { what: "connections", most: 3 }));
    net.run(SECOND / 2);
    let two = &mut net.hosts[1];
    assert_eq!(two.drops().get(DropReason::ConnectionLimit), 1);
    assert_eq!(two.table_sizes()[2], 2);
}

#[test]
fn sockets_are_as_many_as_allowed_and_closed_ones_make_room() {
    let mut net = Net::with([config(1), Config { max_sockets: 2, ..config(2) }], sk_buff);
    let [one, two] = &mut net.hosts;
    let full = SocketError::NoRoom { what: "sockets", most: 2 };
    let listener = two.socket(SocketKind::Stream).expect("a socket");
    two.bind(listener, at(v4(2), 80)).expect("an address");
    two.listen(listener, 8).expect("a listener");
    let other = two.socket(SocketKind::Datagram).expect("a socket");
    assert_eq!(two.socket(SocketKind::Echo), Err(full.clone()));
    let client = one.socket(SocketKind::Stream).expect("a socket");
    one.connect(0, client, at(v4(2), 80)).expect("a route");
    net.run(SECOND);
    let two = &mut net.hosts[1];
    assert_eq!(two.accept(listener, THREAD), Err(full));
    two.close(net.now, other).expect("a socket");
    assert!(two.accept(listener, THREAD).is_ok(), "it was kept in the backlog");
}

#[test]
fn time_wait_keeps_no_more_than_it_may() {
    let mut net = Net::with([Config { max_time_wait: 2, ..config(1) }, config(2)], sk_buff);
    let pairs = [0, 1, 2].map(|_| net.connected(v4(2)));
    for [client, accepted] in pairs {
        net.hosts[0].close(net.now, client).expect("a socket");
        net.run(SECOND);
        net.hosts[1].close(net.now, accepted).expect("a socket");
        net.run(SECOND);
    }
    assert_eq!(net.hosts[0].table_sizes()[2..], [0, 2]);
}

#[test]
fn what_has_no_route_is_refused_or_dropped() {
    let far = std::net::IpAddr::from([192, 0, 2, 1]);
    let mut stack = Stack::new(config(1), sk_buff());
    let sender = stack.socket(SocketKind::Datagram).expect("a socket");
    let user = stack.fill(b"far");
    let to = at(far, 9);
    assert_eq!(stack.send_to(0, sender, THREAD, user, 0..3, Some(to)), Err(SocketError::NoRoute(to)));
    // Somebody from there asks: the answer has nowhere to go.
    stack.buffers_mut().deliver(&craft::udp(far, v4(1), (9, 9), b"hello"));
    stack.receive(0);
    let drops = stack.drops();
    assert_eq!((drops.get(DropReason::NoSocket), drops.get(DropReason::NoRoute), drops.total()), (1, 1, 2));
}

#[test]
fn as_many_posts_share_a_doorbell_as_is_set_and_the_last_ones_do_not_wait() {
    fn doorbells<B: Buffers>(make: fn() -> B, posts_per_doorbell: u32) -> u64 {
        let mut net = Net::with([Config { posts_per_doorbell, ..config(1) }, config(2)], make);
        net.connected(v4(2));
        let now = net.now;
        let [one, _] = &mut net.hosts;
        let sender = one.socket(SocketKind::Datagram).expect("a socket");
        let user = one.fill(b"datagram");
        let rung = |one: &Stack<B>| one.buffers().ledger().bus.count(Transaction::Doorbell).requests;
        let before = rung(one);
        for _ in 0..25 {
            one.send_to(now, sender, THREAD, user, 0..8, Some(at(v4(2), 9))).expect("room");
        }
        one.poll(now);
        rung(one) - before
    }
    for (posts, expected) in [(1, 25), (10, 3), (25, 1), (100, 1)] {
        assert_eq!(doorbells(snapshot, posts), expected, "{posts} posts a doorbell");
        assert_eq!(doorbells(sk_buff, posts), expected, "{posts} posts a doorbell");
    }
}
