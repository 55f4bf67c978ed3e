//! ICMP and ICMPv6 errors (RFC 792, RFC 1122 section 3.2.2, RFC 4443) and neighbour discovery by hand-made frames: what host 1
//! answers to host 2, and what it believes of what it is told.

use std::net::{IpAddr, Ipv6Addr};

use snapstack::buffers::{Buffers, Holding, Snapshot};
use snapstack::nic::TxFrames;
use snapstack::stack::{DropReason, SocketError, SocketId, SocketKind, Stack, tcp};
use snapstack::traffic::capture::ETHERNET;

use crate::net::{Application, Net, SECOND, THREAD, at, pattern, ready, snapshot, v4, v6};
use crate::{craft, frames};

/// What a host sends when it has been given these frames.
fn give(stack: &mut Stack<Snapshot>, now: u64, given: &[Vec<u8>]) -> Vec<Vec<u8>> {
    for frame in given {
        stack.buffers_mut().deliver(frame);
    }
    stack.receive(now);
    let mut all = Vec::new();
    loop {
        stack.poll(now);
        let mut sent = TxFrames::default();
        while stack.transmit(0, &mut sent) {}
        stack.interrupt();
        if sent.is_empty() {
            return all;
        }
        for frame in sent.iter() {
            frames::record(ETHERNET, now, frame);
            all.push(frame.to_vec());
        }
    }
}

/// Host 1, which knows host 2, with a connection to it over each family.
fn acquainted() -> (Net<Snapshot>, [SocketId; 2]) {
    let mut net = Net::new(snapshot);
    let [one, _] = net.connected(v4(2));
    let [two, _] = net.connected(v6(2));
    net.run(SECOND);
    (net, [one, two])
}

/// Type, code, the four bytes behind the checksum, and the quoted bytes of an ICMP message in a frame.
fn error(frame: &[u8]) -> (u8, u8, u32, &[u8]) {
    let at = if frame[12] == 8 { 34 } else { 54 };
    assert_eq!(frame[if frame[12] == 8 { 23 } else { 20 }], if frame[12] == 8 { 1 } else { 58 }, "ICMP");
    let rest = u32::from_be_bytes([frame[at + 4], frame[at + 5], frame[at + 6], frame[at + 7]]);
    (frame[at], frame[at + 1], rest, &frame[at + 8..])
}

#[test]
fn an_unknown_protocol_is_reported_with_where_it_is_named() {
    let (mut net, _) = acquainted();
    let now = net.now;
    let one = &mut net.hosts[0];
    let options = [99, 0, 1, 4, 0, 0, 0, 0, 5, 6, 7, 8];
    for (frame, expected) in [
        (craft::ip(v4(2), v4(1), 99, b"12345678"), (3, 2, 0)),
        (craft::ip(v6(2), v6(1), 99, b"12345678"), (4, 1, 6)),
        (craft::ip(v6(2), v6(1), 60, &options), (4, 1, 40)),
    ] {
        let answers = give(one, now, std::slice::from_ref(&frame));
        assert_eq!(answers.len(), 1);
        let (kind, code, rest, quoted) = error(&answers[0]);
        assert_eq!((kind, code, rest), expected);
        assert_eq!(quoted, &frame[14..]);
    }
    assert_eq!(one.drops().get(DropReason::UnknownProtocol), 3);
    assert_eq!((one.drops().total(), one.counters().errors_sent), (3, 3));
}

#[test]
fn an_option_that_asks_for_it_is_reported_with_where_it_is() {
    let (mut net, _) = acquainted();
    let now = net.now;
    let one = &mut net.hosts[0];
    // The second option, behind two bytes of padding, is unknown; its highest bits say what to do (RFC 8200 section 4.2).
    let options = |kind| [59, 0, 1, 0, kind, 2, 0, 0];
    let reported = give(one, now, &[craft::ip(v6(2), v6(1), 60, &options(0x9e))]);
    let (kind, code, rest, _) = error(&reported[0]);
    assert_eq!((kind, code, rest, reported.len()), (4, 2, 44, 1));
    let discarded = give(one, now, &[craft::ip(v6(2), v6(1), 60, &options(0x5e))]);
    assert!(discarded.is_empty(), "without a word");
    assert_eq!(one.drops().get(DropReason::RefusedOption), 2);
}

#[test]
fn errors_are_sent_at_their_rate_and_each_packet_is_counted_once() {
    let (mut net, _) = acquainted();
    let now = net.now;
    let one = &mut net.hosts[0];
    let stray = craft::udp(v4(2), v4(1), (1000, 9), b"anybody?");
    let answers: usize = (0..60).map(|_| give(one, now, std::slice::from_ref(&stray)).len()).sum();
    assert_eq!(answers, 50);
    let drops = one.drops();
    assert_eq!((drops.get(DropReason::NoSocket), drops.get(DropReason::IcmpRate)), (60, 10));
    assert_eq!(give(one, now + SECOND / 100, &[stray]).len(), 1, "another one every 10 ms");
}

#[test]
fn a_connection_attempt_ends_when_the_network_says_so() {
    for (kind, code) in [(3, 1), (3, 2), (3, 3), (12, 0)] {
        let (mut net, _) = acquainted();
        let now = net.now;
        let one = &mut net.hosts[0];
        let client = one.socket(SocketKind::Stream).expect("a socket");
        one.connect(now, client, at(v4(2), 81)).expect("a route");
        let syn = give(one, now, &[]).pop().expect("a SYN");
        let quote = |packet: &[u8]| [&[kind, code, 0, 0, 0, 0, 0, 0], packet].concat();
        // About another packet than ours: not believed (RFC 5927 section 4.1).
        let mut other = syn[14..].to_vec();
        other[24..28].fill(7);
        give(one, now, &[craft::icmp(v4(2), v4(1), &quote(&other))]);
        assert_eq!(ready(one.recv(now, client, THREAD, 1)), None, "the attempt goes on");
        give(one, now, &[craft::icmp(v4(2), v4(1), &quote(&syn[14..42]))]);
        let failed = one.recv(now, client, THREAD, 1);
        assert_eq!(failed, Err(SocketError::Failed(tcp::Failure::Unreachable)), "type {kind}, code {code}");
    }
}

/// The largest IP packet with payload of a connection that is told of a path's MTU while its first window is in flight.
fn largest_after(v6_peer: bool, mtu: u32) -> (usize, u64) {
    let (mut net, sockets) = acquainted();
    let now = net.now;
    let one = &mut net.hosts[0];
    let user = one.fill(&pattern(30_000));
    one.send(sockets[usize::from(v6_peer)], THREAD, user, 0..30_000).expect("room");
    let sent = give(one, now, &[]);
    let first = sent.iter().find(|frame| frame.len() == 1514).expect("a full segment");
    let [a, b, c, d] = mtu.to_be_bytes();
    let kind = if v6_peer { [2, 0] } else { [3, 4] };
    let message = [&[kind[0], kind[1], 0, 0, a, b, c, d], &first[14..14 + 60]].concat();
    let addresses: [IpAddr; 2] = if v6_peer { [v6(2), v6(1)] } else { [v4(2), v4(1)] };
    let mut again = give(one, now, &[craft::icmp(addresses[0], addresses[1], &message)]);
    let time = one.next_time().expect("a timeout").max(now);
    again.append(&mut give(one, time, &[]));
    let data = again.iter().filter(|frame| frame.len() > 100).map(|frame| frame.len() - 14);
    (data.max().expect("a retransmission"), one.drops().get(DropReason::IcmpIgnored))
}

#[test]
fn segments_shrink_to_what_the_path_takes_and_no_further() {
    let near = |largest: usize, mtu: usize| largest <= mtu && largest + 12 > mtu;
    for (v6_peer, told, mtu) in [
        (false, 1000, 1000),
        (false, 0, 576), // a router that does not say
        (true, 1280, 1280),
        (true, 1400, 1400),
    ] {
        let (largest, ignored) = largest_after(v6_peer, told);
        assert!(near(largest, mtu) && ignored == 0, "told {told}: {largest} bytes");
    }
    for lie in [1279, 1000, 68, 0] {
        let (largest, ignored) = largest_after(true, lie);
        assert!(near(largest, 1500) && ignored == 1, "told {lie}: {largest} bytes");
    }
}

/// The fragments of a datagram to a port, cut every 16 bytes.
fn fragments(ends: (IpAddr, IpAddr), port: u16, payload: &[u8]) -> Vec<Vec<u8>> {
    let whole = craft::udp(ends.0, ends.1, (1000, port), payload);
    let datagram = &whole[if ends.0.is_ipv4() { 34 } else { 54 }..];
    let parts: Vec<_> = datagram.chunks(16).collect();
    let last = parts.len() - 1;
    let cut = |(index, part): (usize, &&[u8])| {
        craft::fragment(ends, 17, 77, (16 * index as u16, index < last), part)
    };
    parts.iter().enumerate().map(cut).collect()
}

#[test]
fn a_datagram_in_fragments_for_nobody_is_reported_by_its_first_fragment() {
    let (mut net, _) = acquainted();
    let now = net.now;
    let one = &mut net.hosts[0];
    for (ends, expected) in [((v4(2), v4(1)), (3, 3)), ((v6(2), v6(1)), (1, 4))] {
        let mut parts = fragments(ends, 9, &pattern(100));
        parts.rotate_left(1);
        let first = parts.last().expect("fragments").clone();
        let answers = give(one, now, &parts);
        assert_eq!(answers.len(), 1);
        let (kind, code, _, quoted) = error(&answers[0]);
        assert_eq!((kind, code), expected);
        assert_eq!(quoted, &first[14..]);
    }
    assert_eq!(one.drops().get(DropReason::NoSocket), 2);
    let queued = |holding: &Holding| matches!(holding, Holding::Queue { .. });
    assert!(!one.buffers().holdings().iter().any(|(_, holding)| queued(holding)), "nothing is kept");
}

#[test]
fn a_datagram_that_stays_incomplete_is_reported_if_its_first_fragment_came() {
    let (mut net, _) = acquainted();
    let mut now = net.now;
    let one = &mut net.hosts[0];
    for (ends, expected) in [((v4(2), v4(1)), (11, 1)), ((v6(2), v6(1)), (3, 1))] {
        let parts = fragments(ends, 9, &pattern(100));
        assert!(give(one, now, &parts[..3]).is_empty());
        now += 60 * SECOND;
        // The neighbour is asked about again by and by; the error goes out at once.
        let answers = give(one, now, &[]);
        let errors: Vec<_> = answers.iter().filter(|frame| frame.len() > 34 && quotes(frame)).collect();
        assert_eq!(errors.len(), 1);
        let (kind, code, rest, quoted) = error(errors[0]);
        assert_eq!((kind, code, rest), (expected.0, expected.1, 0));
        assert_eq!(quoted, &parts[0][14..]);
        assert!(give(one, now, &parts[1..3]).is_empty());
        now += 60 * SECOND;
        assert!(give(one, now, &[]).iter().all(|frame| !quotes(frame)), "the first one did not come");
    }
    assert_eq!(one.drops().get(DropReason::FragmentTimeout), 4);
    let queued = |holding: &Holding| matches!(holding, Holding::Queue { .. });
    assert!(!one.buffers().holdings().iter().any(|(_, holding)| queued(holding)), "nothing is kept");
}

/// Whether a frame is an ICMP error.
fn quotes(frame: &[u8]) -> bool {
    match frame[12..14] {
        [8, 0] => frame[23] == 1 && [3, 11, 12].contains(&frame[34]),
        [0x86, 0xdd] => frame[20] == 58 && frame[54] < 128,
        _ => false,
    }
}

#[test]
fn a_host_that_is_asked_alone_answers_who_asked_whether_it_names_itself_or_not() {
    let (mut net, _) = acquainted();
    let now = net.now;
    let one = &mut net.hosts[0];
    let IpAddr::V6(target) = v6(1) else { panic!("an IPv6 address") };
    let mut question = [135, 0, 0, 0, 0, 0, 0, 0].to_vec();
    question.extend(target.octets());
    let answers = give(one, now, &[craft::icmp_with_hops(v6(2), v6(1), &question, 255)]);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0][..6], [2, 0, 0, 0, 0, 2]);
    assert_eq!((answers[0][54], &answers[0][62..78]), (136, &target.octets()[..]));
    // Asked as one of a group: who does not name itself cannot be answered.
    let group = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 1));
    let mut to_group = craft::icmp_with_hops(v6(2), group, &question, 255);
    to_group[..6].copy_from_slice(&[0x33, 0x33, 0xff, 0, 0, 1]);
    assert!(give(one, now, &[to_group]).is_empty());
    assert_eq!(one.drops().get(DropReason::NeighbourIgnored), 1);
}
