//! Queues and tables that are full: what has no room is refused or dropped and counted, and nothing keeps anything else out.

use snapstack::buffers::{Buffers, SkBuff, Snapshot};
use snapstack::memory::{MemoryConfig, SegmentId};
use snapstack::nic::{NicConfig, TxFrames};
use snapstack::stack::{Config, DropReason, SocketError, SocketKind, Stack, ThreadId};

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
