//! NICs with several queues: connections are spread over them, each stays in order on its own, and none is left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use smoltcp::wire::{EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, Ipv6Packet, TcpPacket};
use snapstack::buffers::{Buffers, SkBuff, Snapshot, UserId};
use snapstack::memory::MemoryConfig;
use snapstack::nic::{Faults, NicConfig};
use snapstack::random::mix;
use snapstack::stack::{Config, Shutdown, SocketId, SocketKind, ThreadId};

use crate::net::{Application, Net, SECOND, THREAD, at, config, ready, v4, v6};

/// Connections a queue.
const FLOWS: usize = 8;

fn snapshot(queues: u16) -> Snapshot {
    let memory = MemoryConfig { lines: 1 << 19, ..MemoryConfig::default() };
    Snapshot::new(memory, NicConfig { queues, ..NicConfig::default() }).expect("a valid configuration")
}

fn sk_buff(queues: u16) -> SkBuff {
    SkBuff::new(64, NicConfig { queues, ..NicConfig::default() })
}

fn content(seed: u64, len: usize) -> Vec<u8> {
    (0..len as u64).map(|i| (mix(seed ^ (i / 8)) >> (8 * (i % 8))) as u8).collect()
}

/// A connection as host 0, which opened it, and host 1 see it.
struct Flow {
    sockets: [Option<SocketId>; 2],
    /// What each host sends, and a buffer with it.
    bytes: [Vec<u8>; 2],
    users: [UserId; 2],
    /// Bytes that the sockets have taken, and whether no more will come.
    sent: [u64; 2],
    shut: [bool; 2],
    got: [Vec<u8>; 2],
    ended: [bool; 2],
}

impl Flow {
    /// Lets one end's application do what it can.
    fn run<B: Buffers>(&mut self, net: &mut Net<B>, host: usize) {
        let Some(socket) = self.sockets[host] else { return };
        let (now, stack) = (net.now, &mut net.hosts[host]);
        let all = self.bytes[host].len() as u64;
        while self.sent[host] < all
            && let Some(taken) = ready(stack.send(socket, THREAD, self.users[host], self.sent[host]..all))
        {
            self.sent[host] += taken;
        }
        if self.sent[host] == all && !std::mem::replace(&mut self.shut[host], true) {
            stack.shutdown(now, socket, Shutdown::Send).expect("a stream");
        }
        while !self.ended[host]
            && let Some(part) = ready(stack.recv_segments(now, socket, ThreadId(1), 100_000))
        {
            match part {
                Some(users) => self.got[host].append(&mut stack.all(&users)),
                None => self.ended[host] = true,
            }
        }
    }
}

/// Lets the hosts learn each other's addresses, so that connections need not wait for them.
fn resolve<B: Buffers>(net: &mut Net<B>, server: IpAddr) {
    let ping = net.hosts[0].socket(SocketKind::Echo).expect("a socket");
    let user = net.hosts[0].fill(b"there?");
    // Whatever the link does to it, one comes back.
    let answered = (0..100).any(|_| {
        net.hosts[0].send_to(net.now, ping, THREAD, user, 0..6, Some(at(server, 0))).expect("room");
        net.run(SECOND);
        ready(net.hosts[0].recv_from(ping, THREAD)).is_some()
    });
    assert!(answered);
    net.hosts[0].close(net.now, ping).expect("a socket");
}

/// What came of a run.
struct Outcome<B: Buffers> {
    net: Net<B>,
    /// Bytes of each connection that host 1 had when it had all of the first one.
    progress: Vec<usize>,
}

/// Connections at once, [`FLOWS`] a queue, each with bytes both ways: `size` from host 0 and a third of it back.
fn transfer<B: Buffers>(
    make: fn(u16) -> B,
    queues: u16,
    seed: u64,
    faults: Faults,
    size: usize,
) -> Outcome<B> {
    let host = |n| Config { queues, seed: mix(seed ^ u64::from(n)), ..config(n) };
    let mut net = Net::with([host(1), host(2)], || make(queues));
    net.faults = (faults, seed);
    let [client_ip, server] = if seed.is_multiple_of(2) { [v4(1), v4(2)] } else { [v6(1), v6(2)] };
    resolve(&mut net, server);
    let flows = usize::from(queues) * FLOWS;
    let [one, two] = &mut net.hosts;
    let listener = two.socket(SocketKind::Stream).expect("a socket");
    two.bind(listener, at(server, 80)).expect("an address");
    two.listen(listener, flows as u32).expect("a listener");
    let mut by_client: BTreeMap<SocketAddr, usize> = BTreeMap::new();
    let mut all = Vec::new();
    for index in 0..flows {
        let bytes = [size, size / 3].map(|len| content(seed ^ mix((index * 2 + len % 2) as u64), len));
        let users = [one.fill(&bytes[0]), two.fill(&bytes[1])];
        let client = one.socket(SocketKind::Stream).expect("a socket");
        // Drawn: ports in a row differ in few bits, and the NIC's hash is linear.
        let port = (0..).map(|n| 1024 + (mix(seed ^ mix(1 << 32 | n << 8 | index as u64)) % 60_000) as u16);
        let address = port.map(|port| at(client_ip, port)).find(|address| !by_client.contains_key(address));
        let address = one.bind(client, address.expect("a free port")).expect("an address");
        one.connect(net.now, client, at(server, 80)).expect("a route");
        by_client.insert(address, index);
        all.push(Flow {
            sockets: [Some(client), None],
            bytes,
            users,
            sent: [0; 2],
            shut: [false; 2],
            got: Default::default(),
            ended: [false; 2],
        });
    }
    let mut progress = None;
    net.until(3600 * SECOND, |net| {
        while let Some(socket) = ready(net.hosts[1].accept(listener, THREAD)) {
            let client = net.hosts[1].peer_address(socket).expect("a socket").expect("a connection");
            let flow = &mut all[by_client[&client]];
            assert_eq!(flow.sockets[1].replace(socket), None, "{client} came twice");
        }
        for flow in &mut all {
            flow.run(net, 0);
            flow.run(net, 1);
        }
        if progress.is_none() && all.iter().any(|flow| flow.got[1].len() == size) {
            progress = Some(all.iter().map(|flow| flow.got[1].len()).collect());
        }
        all.iter().all(|flow| flow.ended == [true; 2]).then_some(())
    });
    for (index, flow) in all.iter().enumerate() {
        for (from, to) in [(0, 1), (1, 0)] {
            assert!(flow.got[to] == flow.bytes[from], "seed {seed}: connection {index} to host {to}");
        }
    }
    for host in &net.hosts {
        assert_eq!(host.refused(), None);
    }
    Outcome { net, progress: progress.expect("one was complete first") }
}

/// Runs under both schemes, whose frames and queues must be the same.
fn under_both(queues: u16, seed: u64, faults: Faults, size: usize) -> Outcome<Snapshot> {
    let one = transfer(snapshot, queues, seed, faults, size);
    let two = transfer(sk_buff, queues, seed, faults, size);
    assert!(one.net.log == two.net.log, "{queues} queues, seed {seed}: the schemes sent different frames");
    assert!(one.net.left_by == two.net.left_by && one.net.arrived == two.net.arrived);
    assert_eq!(one.progress, two.progress);
    one
}

/// Every frame with its sender, the queue that it left by, and those that it arrived in.
fn passages<B: Buffers>(net: &Net<B>) -> Vec<(usize, &[u8], u16, Vec<u16>)> {
    let sent = net.log.iter().zip(&net.left_by);
    let mut passages: Vec<_> =
        sent.map(|((host, frame), queue)| (*host, &frame[..], *queue, Vec::new())).collect();
    for (index, queue) in &net.arrived {
        passages[*index].3.push(*queue);
    }
    passages
}

/// Asserts that all queues carry frames, and none much less than its share.
fn spread(what: &str, queues: u16, taken: impl Iterator<Item = u16>) {
    let mut frames = vec![0; usize::from(queues)];
    taken.for_each(|queue| frames[usize::from(queue)] += 1);
    let all: u32 = frames.iter().sum();
    assert!(frames.iter().all(|count| count * u32::from(queues) * 4 > all), "{what}: {frames:?}");
}

/// Source and destination port of a TCP segment, and whether it carries bytes.
fn segment(frame: &[u8]) -> Option<(u16, u16, bool)> {
    let frame = EthernetFrame::new_checked(frame).expect("a frame");
    let (protocol, rest) = match frame.ethertype() {
        EthernetProtocol::Ipv4 => {
            let packet = Ipv4Packet::new_checked(frame.payload()).expect("a packet");
            (packet.next_header(), packet.payload())
        }
        EthernetProtocol::Ipv6 => {
            let packet = Ipv6Packet::new_checked(frame.payload()).expect("a packet");
            (packet.next_header(), packet.payload())
        }
        _ => return None,
    };
    if protocol != IpProtocol::Tcp {
        return None;
    }
    let tcp = TcpPacket::new_checked(rest).expect("a segment");
    Some((tcp.src_port(), tcp.dst_port(), !tcp.payload().is_empty()))
}

#[test]
fn connections_spread_over_all_queues_and_every_byte_arrives_once_and_in_order() {
    for queues in [2, 4, 8] {
        for seed in 0..4 {
            let draw = |n: u64, odds: [u32; 3]| odds[(mix(mix(seed) ^ n) % 3) as usize];
            let faults = Faults {
                loss: draw(0, [0, 10_000, 100_000]),
                duplicate: draw(1, [0, 10_000, 50_000]),
                reorder: draw(2, [0, 20_000, 200_000]),
                corrupt: draw(3, [0, 10_000, 20_000]),
            };
            let Outcome { net, .. } = under_both(queues, seed, faults, 20_000);
            let passages = passages(&net);
            for host in 0..2 {
                let of = |sender: usize| passages.iter().filter(move |passage| passage.0 == sender);
                spread("sent", queues, of(host).map(|passage| passage.2));
                spread("received", queues, of(1 - host).flat_map(|passage| passage.3.iter().copied()));
            }
        }
    }
}

#[test]
fn a_connection_keeps_to_one_queue_each_way() {
    for queues in [2, 4, 8] {
        let faults = Faults { loss: 30_000, duplicate: 10_000, reorder: 100_000, corrupt: 0 };
        let Outcome { net, .. } = under_both(queues, u64::from(queues / 2), faults, 10_000);
        let mut by_flow: BTreeMap<(u16, u16), [BTreeSet<u16>; 2]> = BTreeMap::new();
        for (_, frame, left, arrived) in passages(&net) {
            if let Some((from, to, true)) = segment(frame) {
                let [sent, received] = by_flow.entry((from, to)).or_default();
                sent.insert(left);
                received.extend(arrived);
            }
        }
        assert_eq!(by_flow.len(), 2 * usize::from(queues) * FLOWS);
        for (flow, taken) in by_flow {
            assert_eq!(taken.map(|queues| queues.len()), [1, 1], "{flow:?}");
        }
    }
}

#[test]
fn connections_that_started_together_advance_together_on_whatever_queue() {
    const SIZE: usize = 60_000;
    for queues in [2, 4, 8] {
        let Outcome { progress, .. } = under_both(queues, u64::from(queues / 2), Faults::default(), SIZE);
        assert_eq!(progress.len(), usize::from(queues) * FLOWS);
        let least = progress.iter().min().copied().unwrap_or(0);
        assert!(least > SIZE / 2, "when one had all of {SIZE} bytes, the last had {least}: {progress:?}");
    }
}
