//! Two hosts of ours back to back, over both schemes: every test runs over each and compares the frames.

use snapstack::buffers::{Buffers, Scheme};
use snapstack::ledger::CopyCause;
use snapstack::stack::{
    DropReason, File, Readiness, Shutdown, SocketError, SocketId, SocketKind, Stack, ThreadId, tcp,
};

use crate::net::{
    Application, LATENCY, Net, SECOND, THREAD, at, config, pattern, ready, sk_buff, snapshot, v4, v6,
};

type Log = Vec<(usize, Vec<u8>)>;

/// Runs over both schemes; the frames must be identical.
macro_rules! over_both {
    ($run:ident) => {{
        let (one, two): (Log, Log) = ($run(snapshot), $run(sk_buff));
        assert!(!one.is_empty());
        for (index, frames) in one.iter().zip(&two).enumerate() {
            assert_eq!(frames.0, frames.1, "frame {index}");
        }
        assert_eq!(one.len(), two.len());
    }};
}

fn datagram_socket<B: Buffers>(stack: &mut Stack<B>, address: std::net::SocketAddr) -> SocketId {
    let socket = stack.socket(SocketKind::Datagram).expect("a socket");
    stack.bind(socket, address).expect("an address");
    socket
}

#[test]
fn datagrams_of_any_length_are_echoed_after_the_address_was_resolved() {
    fn run<B: Buffers>(make: fn() -> B) -> Log {
        let mut net = Net::new(make);
        for ip in [v4(2), v6(2)] {
            let server = datagram_socket(&mut net.hosts[1], at(ip, 7));
            let client = net.hosts[0].socket(SocketKind::Datagram).expect("a socket");
            for len in [0, 1, 1472, 1473, 3000, 65_507] {
                let bytes = pattern(len);
                let user = net.hosts[0].fill(&bytes);
                let range = 0..len as u64;
                net.hosts[0].send_to(net.now, client, THREAD, user, range, Some(at(ip, 7))).expect("room");
                let limit = net.now + SECOND;
                let (user, from) = net.until(limit, |net| ready(net.hosts[1].recv_from(server, THREAD)));
                let read = net.hosts[1].bytes(user);
                assert!(read == bytes, "{len} bytes to {ip}");
                let user = net.hosts[1].fill(&read);
                net.hosts[1].send_to(net.now, server, THREAD, user, 0..len as u64, Some(from)).expect("room");
                let (users, _) =
                    net.until(limit, |net| ready(net.hosts[0].recv_segments_from(client, THREAD)));
                assert!(net.hosts[0].all(&users) == bytes, "{len} bytes back from {ip}");
            }
            net.hosts[1].close(net.now, server).expect("a socket");
        }
        assert_eq!(net.hosts[0].drops().total() + net.hosts[1].drops().total(), 0);
        assert_eq!(net.hosts[1].counters().reassembled, 7, "over IPv6 the fragments begin sooner");
        net.log
    }
    over_both!(run);
}

#[test]
fn streams_carry_every_byte_both_ways_over_both_families() {
    fn run<B: Buffers>(make: fn() -> B) -> Log {
        let mut log = Vec::new();
        for server in [v4(2), v6(2)] {
            let mut net = Net::new(make);
            let [client, accepted] = net.connected(server);
            let bytes = pattern(300_000);
            assert!(net.transfer((0, client), (1, accepted), &bytes, false) == bytes);
            let back = pattern(150_000);
            assert!(net.transfer((1, accepted), (0, client), &back, true) == back);
            for (host, socket) in [(0, client), (1, accepted)] {
                net.hosts[host].close(net.now, socket).expect("a socket");
            }
            net.run(SECOND);
            let sizes = [net.hosts[0].table_sizes(), net.hosts[1].table_sizes()];
            assert_eq!(sizes[0][3] + sizes[1][3], 1, "one end is in TIME-WAIT");
            assert_eq!(sizes[0][2] + sizes[1][2], 0, "no connection is left");
            assert_eq!(net.hosts.each_ref().map(|host| host.drops().losses().count()), [0, 0]);
            log.append(&mut net.log);
        }
        log
    }
    over_both!(run);
}

#[test]
fn streams_survive_losses() {
    fn run<B: Buffers>(make: fn() -> B) -> Log {
        let mut net = Net::new(make);
        net.lose = |index| index % 13 == 5;
        let [client, accepted] = net.connected(v4(2));
        let bytes = pattern(200_000);
        assert!(net.transfer((0, client), (1, accepted), &bytes, true) == bytes);
        net.log
    }
    over_both!(run);
}

#[test]
fn the_nic_cuts_large_sends_into_the_same_bytes() {
    fn run<B: Buffers>(make: fn() -> B) -> Log {
        let settings = |n| {
            let plain = config(n);
            let tcp = tcp::Config { tso: 40_000, ..plain.tcp };
            snapstack::stack::Config { tcp, ..plain }
        };
        let mut net = Net::with([settings(1), settings(2)], make);
        let [client, accepted] = net.connected(v6(2));
        let bytes = pattern(500_000);
        assert!(net.transfer((0, client), (1, accepted), &bytes, true) == bytes);
        let frames = net.log.iter().filter(|(host, frame)| *host == 0 && frame.len() > 1000).count() as u64;
        assert!(net.hosts[0].counters().packets_posted * 3 < frames, "{frames} frames were cut by the NIC");
        net.log
    }
    over_both!(run);
}

#[test]
fn no_two_packets_of_sends_that_the_nic_cuts_have_the_same_identification() {
    let plain = config(1);
    let tcp = tcp::Config { tso: 40_000, ..plain.tcp };
    let mut net = Net::with([snapstack::stack::Config { tcp, ..plain }, config(2)], snapshot);
    let [client, accepted] = net.connected(v4(2));
    net.transfer((0, client), (1, accepted), &pattern(300_000), true);
    let ipv4 = net.log.iter().filter(|(host, frame)| *host == 0 && frame[12..14] == [8, 0]);
    let identifications: Vec<_> = ipv4.map(|(_, frame)| [frame[18], frame[19]]).collect();
    let different: std::collections::BTreeSet<_> = identifications.iter().collect();
    assert!(different.len() > 200);
    assert_eq!(different.len(), identifications.len());
}

#[test]
fn snapshots_copy_nothing_where_the_conventional_stack_copies_all() {
    let len = 400_000;
    let bytes = pattern(len);
    let mut net = Net::new(snapshot);
    let [client, accepted] = net.connected(v4(2));
    assert!(net.transfer((0, client), (1, accepted), &bytes, true) == bytes);
    for host in &net.hosts {
        assert_eq!(host.buffers().ledger().copied().bytes, 0);
        assert_eq!(host.buffers().ledger().allocated().count, 0);
    }
    let mut net = Net::new(sk_buff);
    let [client, accepted] = net.connected(v4(2));
    assert!(net.transfer((0, client), (1, accepted), &bytes, true) == bytes);
    let [sender, receiver] = &net.hosts;
    assert_eq!(sender.buffers().ledger().copies(CopyCause::UserToKernel).bytes, len as u64);
    assert_eq!(receiver.buffers().ledger().copies(CopyCause::KernelToUser).bytes, len as u64);
}

#[test]
fn conventional_buffers_are_sent_and_received_by_one_copy_each_way() {
    fn run<B: Buffers>(make: fn() -> B) -> Log {
        let mut net = Net::new(make);
        let [client, accepted] = net.connected(v4(2));
        let bytes = pattern(20_000);
        let limit = net.now + 10 * SECOND;
        let (mut sent, mut got) = (0, Vec::new());
        net.until(limit, |net| {
            while sent < bytes.len()
                && let Some(taken) = ready(net.hosts[0].send_conventional(client, THREAD, &bytes[sent..]))
            {
                sent += taken as usize;
            }
            let mut part = [0; 700];
            while let Some(len) = ready(net.hosts[1].recv_conventional(net.now, accepted, THREAD, &mut part))
            {
                got.extend_from_slice(&part[..len as usize]);
            }
            (got.len() == bytes.len()).then_some(())
        });
        assert!(got == bytes);
        assert_eq!(net.hosts[1].recv_conventional(net.now, accepted, THREAD, &mut []), Ok(0));
        net.hosts[0].shutdown(net.now, client, Shutdown::Send).expect("a stream");
        net.run(SECOND);
        let mut rest = [7; 4];
        assert_eq!(net.hosts[1].recv_conventional(net.now, accepted, THREAD, &mut rest), Ok(0), "the end");
        // Datagrams: whole, without bytes, and longer than the buffer, which loses the rest.
        let server = datagram_socket(&mut net.hosts[1], at(v4(2), 7));
        let sender = net.hosts[0].socket(SocketKind::Datagram).expect("a socket");
        let to = Some(at(v4(2), 7));
        for (len, room) in [(5_000, 6_000), (0, 10), (3_000, 1_000), (10, 0)] {
            let now = net.now;
            net.hosts[0].send_to_conventional(now, sender, THREAD, &bytes[..len], to).expect("room");
            net.run(SECOND);
            let mut out = vec![0; room];
            let (taken, from) =
                net.hosts[1].recv_from_conventional(server, THREAD, &mut out).expect("a datagram");
            assert_eq!((taken as usize, from.ip()), (len.min(room), v4(1)));
            assert!(out[..taken as usize] == bytes[..len.min(room)]);
            assert_eq!(net.hosts[1].recv_from(server, THREAD), Err(SocketError::WouldBlock));
        }
        let [sender, receiver] = net.hosts.each_ref().map(|host| host.buffers().ledger());
        assert_eq!(sender.copies(CopyCause::UserToKernel).bytes, 20_000 + 8_010);
        assert_eq!(receiver.copies(CopyCause::KernelToUser).bytes, 20_000 + 6_000);
        assert_eq!(sender.copied().bytes + receiver.copied().bytes, 54_010, "and nothing else was copied");
        net.log
    }
    over_both!(run);
}

#[test]
fn pings_are_answered_whatever_their_length() {
    fn run<B: Buffers>(make: fn() -> B) -> Log {
        let mut net = Net::new(make);
        for ip in [v4(2), v6(2)] {
            let socket = net.hosts[0].socket(SocketKind::Echo).expect("a socket");
            for len in [0, 56, 1473, 20_000] {
                let bytes = pattern(len);
                let user = net.hosts[0].fill(&bytes);
                let sent =
                    net.hosts[0].send_to(net.now, socket, THREAD, user, 0..len as u64, Some(at(ip, 0)));
                sent.expect("room");
                let limit = net.now + SECOND;
                let (user, from) = net.until(limit, |net| ready(net.hosts[0].recv_from(socket, THREAD)));
                assert!(net.hosts[0].bytes(user) == bytes && from.ip() == ip, "{len} bytes to {ip}");
            }
        }
        assert_eq!(net.hosts[1].counters().echoes, 8);
        net.log
    }
    over_both!(run);
}

#[test]
fn a_port_without_socket_is_reported_to_the_sender() {
    fn run<B: Buffers>(make: fn() -> B) -> Log {
        let mut net = Net::new(make);
        for ip in [v4(2), v6(2)] {
            let [one, _] = &mut net.hosts;
            let datagrams = one.socket(SocketKind::Datagram).expect("a socket");
            one.connect(net.now, datagrams, at(ip, 9)).expect("a route");
            let user = one.fill(b"anybody?");
            one.send_to(net.now, datagrams, THREAD, user, 0..8, None).expect("room");
            let stream = one.socket(SocketKind::Stream).expect("a socket");
            one.connect(net.now, stream, at(ip, 9)).expect("a route");
            net.run(SECOND);
            let [one, two] = &mut net.hosts;
            assert_eq!(one.recv_from(datagrams, THREAD), Err(SocketError::Unreachable));
            let refused = one.recv(net.now, stream, THREAD, 1);
            assert_eq!(refused, Err(SocketError::Failed(tcp::Failure::Refused)));
            assert!(two.drops().get(DropReason::NoSocket) >= 2);
        }
        let counters = net.hosts[1].counters();
        assert_eq!((counters.errors_sent, counters.resets_sent), (2, 2));
        net.log
    }
    over_both!(run);
}

#[test]
fn a_neighbour_that_does_not_answer_is_asked_three_times_and_given_up() {
    fn run<B: Buffers>(make: fn() -> B) -> Log {
        let mut net = Net::new(make);
        let [one, _] = &mut net.hosts;
        let stream = one.socket(SocketKind::Stream).expect("a socket");
        one.connect(0, stream, at(v4(77), 80)).expect("a route");
        net.run(5 * SECOND);
        let [one, _] = &mut net.hosts;
        let answer = one.recv(net.now, stream, THREAD, 1);
        assert_eq!(answer, Err(SocketError::Failed(tcp::Failure::Unreachable)));
        let asked = net.log.iter().filter(|(_, frame)| frame[12..14] == [8, 6]).count();
        assert_eq!(asked, 3);
        net.log
    }
    over_both!(run);
}

#[test]
fn threads_wait_and_are_woken_in_order() {
    let mut net = Net::new(snapshot);
    let [_, two] = &mut net.hosts;
    let listener = two.socket(SocketKind::Stream).expect("a socket");
    two.bind(listener, at(v4(2), 80)).expect("an address");
    two.listen(listener, 8).expect("a listener");
    for thread in 1..=3 {
        assert_eq!(two.accept(listener, ThreadId(thread)), Err(SocketError::WouldBlock));
    }
    let clients: Vec<_> = (0..2)
        .map(|_| {
            let [one, _] = &mut net.hosts;
            let client = one.socket(SocketKind::Stream).expect("a socket");
            one.connect(net.now, client, at(v4(2), 80)).expect("a route");
            client
        })
        .collect();
    net.run(SECOND);
    let [one, two] = &mut net.hosts;
    let woken: Vec<_> = std::iter::from_fn(|| two.next_wakeup()).map(|wakeup| wakeup.thread).collect();
    assert_eq!(woken, [ThreadId(1), ThreadId(2)], "one thread a connection, the first come first");
    let accepted = two.accept(listener, ThreadId(1)).expect("a connection");
    let wanted = [(accepted, Readiness::READABLE), (listener, Readiness::READABLE)];
    assert_eq!(two.poll_sockets(ThreadId(1), &wanted), Ok(vec![(listener, Readiness::READABLE)]));
    let second = two.accept(listener, ThreadId(2)).expect("a connection");
    let wanted = [(accepted, Readiness::READABLE), (second, Readiness::READABLE)];
    assert_eq!(two.poll_sockets(ThreadId(2), &wanted), Err(SocketError::WouldBlock));
    let user = one.fill(b"hello");
    one.send(clients[1], THREAD, user, 0..5).expect("room");
    net.run(SECOND);
    let [_, two] = &mut net.hosts;
    let wakeup = two.next_wakeup().expect("a wakeup");
    assert_eq!((wakeup.thread, wakeup.socket, two.next_wakeup()), (ThreadId(2), second, None));
    let user = two.recv(net.now, second, ThreadId(2), 100).expect("bytes").expect("no end");
    assert_eq!(two.bytes(user), b"hello");
}

#[test]
fn a_full_backlog_drops_and_its_peers_come_in_later() {
    let mut net = Net::new(snapshot);
    let [one, two] = &mut net.hosts;
    let listener = two.socket(SocketKind::Stream).expect("a socket");
    two.bind(listener, at(v4(2), 80)).expect("an address");
    two.listen(listener, 2).expect("a listener");
    for _ in 0..5 {
        let client = one.socket(SocketKind::Stream).expect("a socket");
        one.connect(0, client, at(v4(2), 80)).expect("a route");
    }
    net.run(SECOND / 2);
    assert_eq!(net.hosts[1].drops().get(DropReason::BacklogFull), 3);
    let mut accepted = 0;
    net.until(60 * SECOND, |net| {
        while ready(net.hosts[1].accept(listener, THREAD)).is_some() {
            accepted += 1;
        }
        (accepted == 5).then_some(())
    });
}

#[test]
fn splices_move_references_and_only_conventional_files_are_copied() {
    fn run<B: Buffers>(make: fn() -> B) -> Log {
        let mut net = Net::new(make);
        let [client, accepted] = net.connected(v4(2));
        let bytes = pattern(50_000);
        let user = net.hosts[0].fill(&bytes);
        net.hosts[0].send(client, THREAD, user, 0..50_000).expect("room");
        // What comes in goes out again where it came from, without the application.
        let mut echoed = Vec::new();
        let mut moved = 0;
        let limit = net.now + 10 * SECOND;
        net.until(limit, |net| {
            let [one, two] = &mut net.hosts;
            while let Some(part) = ready(two.splice(net.now, accepted, accepted, THREAD, u32::MAX)) {
                moved += part;
            }
            while let Some(Some(users)) = ready(one.recv_segments(net.now, client, THREAD, u32::MAX)) {
                echoed.append(&mut one.all(&users));
            }
            (echoed.len() == bytes.len()).then_some(())
        });
        assert!(echoed == bytes && moved == 50_000);
        assert_eq!(net.hosts[1].buffers().ledger().copied().bytes, 0, "references moved");
        // Half goes to a file of each kind.
        let mut files = [File::conventional(), File::segments()];
        for file in &mut files {
            net.hosts[0].send(client, THREAD, user, 0..25_000).expect("room");
            let limit = net.now + 10 * SECOND;
            net.until(limit, |net| {
                let two = &mut net.hosts[1];
                while ready(two.splice_to_file(net.now, accepted, file, THREAD, u32::MAX)).is_some() {}
                (file.len() == 25_000).then_some(())
            });
        }
        let [conventional, segments] = files;
        let File::Conventional(content) = &conventional else { panic!("a conventional file") };
        assert!(content[..] == bytes[..25_000]);
        let two = &mut net.hosts[1];
        assert_eq!(two.buffers().ledger().copied().bytes, 25_000, "the conventional file alone was copied");
        assert_eq!(two.buffers().ledger().copies(CopyCause::SpliceToFile).bytes, 25_000);
        // And back: what the segment file holds is sent from any byte on.
        let mut offset = 1234;
        let mut back = Vec::new();
        let limit = net.now + 10 * SECOND;
        net.until(limit, |net| {
            let [one, two] = &mut net.hosts;
            while offset < 25_000
                && let Some(part) = ready(two.splice_from_file(&segments, offset, accepted, THREAD, u32::MAX))
            {
                offset += part;
            }
            while let Some(Some(users)) = ready(one.recv_segments(net.now, client, THREAD, u32::MAX)) {
                back.append(&mut one.all(&users));
            }
            (back.len() == 25_000 - 1234).then_some(())
        });
        assert!(back[..] == bytes[1234..25_000]);
        assert_eq!(net.hosts[1].buffers().ledger().copied().bytes, 25_000, "nothing more was copied");
        // The conventional one is copied into the kernel once more.
        let mut offset = 500;
        let mut back = Vec::new();
        let limit = net.now + 10 * SECOND;
        net.until(limit, |net| {
            let [one, two] = &mut net.hosts;
            while offset < 25_000
                && let Some(part) =
                    ready(two.splice_from_file(&conventional, offset, accepted, THREAD, 9_000))
            {
                offset += part;
            }
            while let Some(Some(users)) = ready(one.recv_segments(net.now, client, THREAD, u32::MAX)) {
                back.append(&mut one.all(&users));
            }
            (back.len() == 25_000 - 500).then_some(())
        });
        assert!(back[..] == bytes[500..25_000]);
        let two = &mut net.hosts[1];
        assert_eq!(two.splice_from_file(&conventional, 25_000, accepted, THREAD, 1), Ok(0), "its end");
        assert_eq!(two.buffers().ledger().copies(CopyCause::UserToKernel).bytes, 24_500);
        // An application that maps a segment file has its bytes, by reference where the scheme can.
        let users = two.map_file(&segments).expect("memory");
        assert!(two.all(&users) == bytes[..25_000]);
        let copied = if two.buffers().scheme() == Scheme::SkBuff { 25_000 } else { 0 };
        assert_eq!(two.buffers().ledger().copies(CopyCause::KernelToUser).bytes, copied);
        assert_eq!(two.map_file(&conventional), Ok(Vec::new()), "its bytes are at hand");
        two.delete_file(conventional);
        two.delete_file(segments);
        net.log
    }
    over_both!(run);
}

#[test]
fn closing_releases_everything_that_was_queued() {
    let mut net = Net::new(snapshot);
    let before = {
        let [client, accepted] = net.connected(v4(2));
        net.hosts[0].close(net.now, client).expect("a socket");
        net.hosts[1].close(net.now, accepted).expect("a socket");
        net.run(5 * SECOND);
        net.hosts.each_ref().map(|host| host.buffers().memory().live_lines())
    };
    let [client, accepted] = net.connected(v4(2));
    let user = net.hosts[0].fill(&pattern(200_000));
    net.hosts[0].send(client, THREAD, user, 0..200_000).expect("room");
    net.hosts[0].buffers_mut().free_user(user).expect("a buffer");
    net.run(2 * LATENCY);
    assert!(net.hosts[0].buffers().memory().live_lines() > before[0] + 1000, "the queue holds what was sent");
    net.hosts[1].close(net.now, accepted).expect("a socket");
    net.run(SECOND);
    net.hosts[0].close(net.now, client).expect("a socket");
    net.run(5 * SECOND);
    // Completed ring slots keep a few lines until they are filled again.
    for (host, before) in net.hosts.iter().zip(before) {
        let lines = host.buffers().memory().live_lines();
        assert!(lines <= before + 64 * 30, "{lines} lines are left of {before}");
    }
}

#[test]
fn half_closed_streams_go_on_the_other_way() {
    let mut net = Net::new(snapshot);
    let [client, accepted] = net.connected(v4(2));
    net.hosts[0].shutdown(net.now, client, Shutdown::Send).expect("a stream");
    let limit = net.now + SECOND;
    let end = net.until(limit, |net| ready(net.hosts[1].recv(net.now, accepted, THREAD, 1)));
    assert_eq!(end, None, "the end of the stream");
    let bytes = pattern(100_000);
    assert!(net.transfer((1, accepted), (0, client), &bytes, false) == bytes);
    let user = net.hosts[0].fill(b"late");
    assert_eq!(net.hosts[0].send(client, THREAD, user, 0..4), Err(SocketError::Closed));
}

#[test]
fn shutting_down_ends_directions_and_keeps_what_has_arrived() {
    fn run<B: Buffers>(make: fn() -> B) -> Log {
        let mut net = Net::new(make);
        let [client, accepted] = net.connected(v4(2));
        let user = net.hosts[0].fill(b"first");
        net.hosts[0].send(client, THREAD, user, 0..5).expect("room");
        net.run(SECOND);
        let read = |net: &mut Net<B>, host: usize, socket| {
            let got = ready(net.hosts[host].recv(net.now, socket, THREAD, 100))?;
            Some(got.map(|user| net.hosts[host].bytes(user)))
        };
        // Receiving: the bytes that are there, then the end; who waits is woken; sending goes on.
        let two = &mut net.hosts[1];
        two.shutdown(net.now, accepted, Shutdown::Receive).expect("a stream");
        assert_eq!(read(&mut net, 1, accepted), Some(Some(b"first".to_vec())));
        assert_eq!(read(&mut net, 1, accepted), Some(None));
        let two = &mut net.hosts[1];
        assert!(two.readiness(accepted).expect("a socket").readable);
        let answer = two.fill(b"answer");
        two.send(accepted, THREAD, answer, 0..6).expect("room");
        net.run(SECOND);
        assert_eq!(read(&mut net, 0, client), Some(Some(b"answer".to_vec())));
        assert_eq!(read(&mut net, 0, client), None, "the peer waits for more");
        // Both, with bytes unread: they are kept, and the peer gets a FIN.
        net.hosts[0].send(client, THREAD, user, 0..5).expect("room");
        net.run(SECOND);
        assert_eq!(net.hosts[1].recv(net.now, accepted, ThreadId(3), 0).map(|user| user.is_some()), Ok(true));
        let two = &mut net.hosts[1];
        two.shutdown(net.now, accepted, Shutdown::Both).expect("a stream");
        net.run(SECOND);
        assert_eq!(read(&mut net, 0, client), Some(None), "the end of the stream, and no reset");
        assert_eq!(net.hosts[1].connection_state(accepted), Ok(tcp::State::FinWait2));
        assert_eq!(read(&mut net, 1, accepted), Some(Some(b"irst".to_vec())));
        assert_eq!(read(&mut net, 1, accepted), Some(None));
        let answered = net.hosts[1].send(accepted, THREAD, answer, 0..6);
        assert_eq!(answered, Err(SocketError::Closed));
        net.log
    }
    over_both!(run);
}

#[test]
fn shutting_down_wakes_who_waits_to_receive() {
    let mut net = Net::new(snapshot);
    let [client, _] = net.connected(v4(2));
    let one = &mut net.hosts[0];
    while one.next_wakeup().is_some() {}
    assert_eq!(one.recv(net.now, client, ThreadId(5), 1), Err(SocketError::WouldBlock));
    one.shutdown(net.now, client, Shutdown::Receive).expect("a stream");
    assert_eq!(one.next_wakeup().map(|wakeup| wakeup.thread), Some(ThreadId(5)));
}

/// Sequence and acknowledgement number of a host's last TCP segment over IPv4 with these flags.
fn last_numbers(log: &Log, from: usize, flags: u8) -> Option<(u32, u32)> {
    let wanted = |(host, frame): &&(usize, Vec<u8>)| {
        *host == from && frame[12..14] == [8, 0] && frame[23] == 6 && frame[47] == flags
    };
    let (_, frame) = log.iter().rev().find(wanted)?;
    let number = |at: usize| u32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]);
    Some((number(38), number(42)))
}

#[test]
fn a_caller_comes_back_to_a_connection_in_time_wait_once_the_backlog_has_room() {
    const SYN: u8 = 0x02;
    const SYN_ACK: u8 = 0x12;
    const FIN_ACK: u8 = 0x11;
    fn run<B: Buffers>(make: fn() -> B) -> Log {
        let mut net = Net::new(make);
        let [one, two] = &mut net.hosts;
        let listener = two.socket(SocketKind::Stream).expect("a socket");
        two.bind(listener, at(v4(2), 80)).expect("an address");
        two.listen(listener, 1).expect("a listener");
        let call = |one: &mut Stack<B>, now, port| {
            let client = one.socket(SocketKind::Stream).expect("a socket");
            one.bind(client, at(v4(1), port)).expect("an address");
            one.connect(now, client, at(v4(2), 80)).expect("a route");
            client
        };
        let client = call(one, 0, 5_000);
        let accepted = net.until(SECOND, |net| ready(net.hosts[1].accept(listener, THREAD)));
        // The server closes first: the old connection waits at its end.
        net.hosts[1].close(net.now, accepted).expect("a socket");
        net.run(SECOND);
        net.hosts[0].close(net.now, client).expect("a socket");
        net.run(SECOND);
        assert_eq!(net.hosts.each_ref().map(|host| host.table_sizes()[3]), [0, 1]);
        let (old, _) = last_numbers(&net.log, 1, FIN_ACK).expect("a FIN");
        // Somebody else fills the backlog: the SYN is dropped, and the old connection goes on waiting.
        let now = net.now;
        call(&mut net.hosts[0], now, 6_000);
        net.run(SECOND / 10);
        let now = net.now;
        let again = call(&mut net.hosts[0], now, 5_000);
        net.run(SECOND / 10);
        assert_eq!(net.hosts[1].drops().get(DropReason::BacklogFull), 1);
        assert_eq!(net.hosts[1].table_sizes()[3], 1, "a SYN that was dropped ends no TIME-WAIT");
        // With room, its repetition opens the connection anew, behind all numbers of the old one.
        ready(net.hosts[1].accept(listener, THREAD)).expect("the other connection");
        let limit = net.now + 10 * SECOND;
        let accepted = net.until(limit, |net| ready(net.hosts[1].accept(listener, THREAD)));
        assert_eq!(net.hosts[1].peer_address(accepted), Ok(Some(at(v4(1), 5_000))));
        assert_eq!(net.hosts[1].table_sizes()[3], 0);
        let (new, _) = last_numbers(&net.log, 1, SYN_ACK).expect("a SYN-ACK");
        assert!(new.wrapping_sub(old) as i32 > 1, "{new} begins behind {old}");
        assert!(last_numbers(&net.log, 0, SYN).is_some());
        let bytes = pattern(5_000);
        assert!(net.transfer((0, again), (1, accepted), &bytes, true) == bytes);
        net.log
    }
    over_both!(run);
}

#[test]
fn addresses_are_taken_once_and_given_back() {
    let mut stack = Stack::new(config(1), snapshot());
    let bound = |stack: &mut Stack<_>, kind, ip, port| {
        let socket = stack.socket(kind).expect("a socket");
        stack.bind(socket, at(ip, port)).map(|_| socket)
    };
    use SocketKind::{Datagram, Stream};
    let any4 = std::net::IpAddr::from([0, 0, 0, 0]);
    let any6 = std::net::IpAddr::from([0u16; 8]);
    let first = bound(&mut stack, Stream, v4(1), 80).expect("free");
    assert_eq!(bound(&mut stack, Stream, v4(1), 80), Err(SocketError::InUse(at(v4(1), 80))));
    assert_eq!(bound(&mut stack, Stream, any4, 80), Err(SocketError::InUse(at(any4, 80))));
    assert_eq!(bound(&mut stack, Stream, any6, 80), Err(SocketError::InUse(at(any6, 80))));
    assert!(bound(&mut stack, Stream, v6(1), 80).is_ok(), "another family");
    assert!(bound(&mut stack, Datagram, v4(1), 80).is_ok(), "another protocol");
    assert_eq!(bound(&mut stack, Stream, v4(2), 81), Err(SocketError::NotOurs(at(v4(2), 81))));
    stack.close(0, first).expect("a socket");
    assert!(bound(&mut stack, Stream, any4, 80).is_ok(), "given back");
    assert_eq!(stack.close(0, first), Err(SocketError::NoSuchSocket(first)));
}
