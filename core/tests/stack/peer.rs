//! smoltcp as the other host, over Ethernet and a seeded link: addresses are resolved, pings answered, datagrams echoed, and
//! every byte of every connection arrives once and in order, under both schemes and in the same frames.

use std::net::IpAddr;

use smoltcp::iface::{Config as PeerConfig, Interface, SocketHandle, SocketSet};
use smoltcp::phy::Medium;
use smoltcp::socket::{tcp, udp};
use smoltcp::wire::{EthernetAddress, IpCidr, IpEndpoint, IpListenEndpoint};
use snapstack::buffers::{Buffers, UserId};
use snapstack::nic::{Faults, Link, LinkConfig, TxFrames};
use snapstack::random::mix;
use snapstack::stack::{Config, Shutdown, SocketError, SocketId, SocketKind, Stack, tcp as engine};
use snapstack::traffic::capture::ETHERNET;

use crate::device::{Wire, instant};
use crate::frames;
use crate::net::{Application, SECOND, THREAD, at, config, ready, sk_buff, snapshot, v4, v6};

/// Cases of drawn sizes, settings and faults.
const CASES: u64 = 500;
const MILLISECOND: u64 = 1_000_000;

/// smoltcp, as host 2.
struct Peer {
    interface: Interface,
    sockets: SocketSet<'static>,
    wire: Wire,
}

impl Peer {
    fn new(seed: u64) -> Self {
        let mut wire = Wire::new(Medium::Ethernet);
        let mut settings = PeerConfig::new(EthernetAddress([2, 0, 0, 0, 0, 2]).into());
        settings.random_seed = seed;
        let mut interface = Interface::new(settings, &mut wire, instant(0));
        interface.update_ip_addrs(|addresses| {
            for (address, prefix) in [(v4(2), 24), (v6(2), 64)] {
                addresses.push(IpCidr::new(address.into(), prefix)).expect("room for addresses");
            }
        });
        Self { interface, sockets: SocketSet::new(Vec::new()), wire }
    }
}

/// The link's two directions: to the peer, and from it.
fn links(seed: u64, faults: Faults) -> [Link; 2] {
    [seed, !seed].map(|seed| {
        let reorder_ns = 3 * MILLISECOND;
        Link::new(LinkConfig { latency_ns: MILLISECOND, reorder_ns, faults, seed, ..LinkConfig::default() })
    })
}

/// Our host, smoltcp, and the link between them.
struct Net<B: Buffers> {
    stack: Stack<B>,
    peer: Peer,
    /// To the peer, and from it.
    links: [Link; 2],
    now: u64,
    sent: Vec<Vec<u8>>,
    frames: TxFrames,
}

impl<B: Buffers> Net<B> {
    fn new(make: fn() -> B, seed: u64, faults: Faults, ours: engine::Config) -> Self {
        Self {
            stack: Stack::new(Config { tcp: ours, ..config(1) }, make()),
            peer: Peer::new(seed),
            links: links(seed, faults),
            now: 0,
            sent: Vec::new(),
            frames: TxFrames::default(),
        }
    }

    /// Lets both hosts learn where the other is: who is asked three times and does not answer counts as unreachable, which
    /// happens where a third of all frames is lost.
    fn acquaint(&mut self, ip: fn(u8) -> IpAddr) {
        let ping = self.stack.socket(SocketKind::Echo).expect("a socket");
        let user = self.stack.fill(b"there?");
        self.stack.send_to(self.now, ping, THREAD, user, 0..6, Some(at(ip(2), 0))).expect("a route");
        while ready(self.stack.recv_from(ping, THREAD)).is_none() {
            assert!(self.now < 10 * SECOND, "no answer");
            self.step();
        }
        self.stack.close(self.now, ping).expect("a socket");
    }

    /// Both hosts do what they can now; then time moves on.
    fn step(&mut self) {
        while let Some(frame) = self.links[1].receive(self.now) {
            self.stack.buffers_mut().deliver(&frame);
        }
        self.stack.receive(self.now);
        loop {
            self.stack.poll(self.now);
            self.frames.clear();
            while self.stack.transmit(0, &mut self.frames) {}
            self.stack.interrupt();
            if self.frames.is_empty() {
                break;
            }
            for frame in self.frames.iter() {
                frames::record(ETHERNET, self.now, frame);
                self.links[0].send(self.now, frame);
                self.sent.push(frame.to_vec());
            }
        }
        let Peer { interface, sockets, wire } = &mut self.peer;
        while let Some(frame) = self.links[0].receive(self.now) {
            wire.received.push_back(frame.to_vec());
        }
        interface.poll(instant(self.now), wire, sockets);
        for frame in wire.sent.drain(..) {
            self.links[1].send(self.now, &frame);
        }
        let peer =
            interface.poll_at(instant(self.now), sockets).map(|time| time.total_micros() as u64 * 1_000);
        let links = self.links.iter().filter_map(Link::next_time);
        let next = links.chain(peer).chain(self.stack.next_time()).min();
        // smoltcp counts in microseconds: less than one would not move it on.
        self.now = self.now.max(next.unwrap_or(self.now + SECOND)).max(self.now + 1_000);
    }
}

/// One connection: what each side has to send and has received.
struct Conversation {
    socket: SocketId,
    handle: SocketHandle,
    user: UserId,
    outward: Vec<u8>,
    inward: Vec<u8>,
    /// Bytes that we and the peer have given to the sockets.
    given: [usize; 2],
    shut: [bool; 2],
    got: [Vec<u8>; 2],
    ended: bool,
}

fn content(seed: u64, len: usize) -> Vec<u8> {
    (0..len as u64).map(|i| (mix(seed ^ (i / 8)) >> (8 * (i % 8))) as u8).collect()
}

impl Conversation {
    /// Lets both applications do what they can: true when all is done.
    fn run<B: Buffers>(&mut self, net: &mut Net<B>) -> bool {
        let (stack, now) = (&mut net.stack, net.now);
        while self.given[0] < self.outward.len() {
            let range = self.given[0] as u64..self.outward.len() as u64;
            let Some(taken) = ready(stack.send(self.socket, THREAD, self.user, range)) else { break };
            self.given[0] += taken as usize;
        }
        if self.given[0] == self.outward.len() && !std::mem::replace(&mut self.shut[0], true) {
            stack.shutdown(now, self.socket, Shutdown::Send).expect("a stream");
        }
        while !self.ended
            && let Some(part) = ready(stack.recv_segments(now, self.socket, THREAD, 20_000))
        {
            match part {
                Some(users) => self.got[0].append(&mut stack.all(&users)),
                None => self.ended = true,
            }
        }
        let peer = net.peer.sockets.get_mut::<tcp::Socket<'_>>(self.handle);
        while peer.can_send() && self.given[1] < self.inward.len() {
            self.given[1] += peer.send_slice(&self.inward[self.given[1]..]).expect("an open socket");
        }
        if peer.may_send() && self.given[1] == self.inward.len() && !self.shut[1] {
            self.shut[1] = true;
            peer.close();
        }
        while peer.can_recv() {
            let len = peer.recv_queue();
            let mut bytes = vec![0; len];
            peer.recv_slice(&mut bytes).expect("bytes");
            self.got[1].append(&mut bytes);
        }
        self.ended && self.shut == [true; 2] && self.got[1].len() == self.outward.len()
    }
}

/// Several connections at once; returns the frames that our host sent.
fn transfers<B: Buffers>(
    make: fn() -> B,
    seed: u64,
    (faults, ours): (Faults, engine::Config),
    sizes: &[[usize; 2]],
    ip: fn(u8) -> IpAddr,
) -> Vec<Vec<u8>> {
    let mut net = Net::new(make, seed, Faults::default(), ours);
    net.acquaint(ip);
    net.links = links(seed, faults);
    let mut conversations = Vec::new();
    let listener = net.stack.socket(SocketKind::Stream).expect("a socket");
    net.stack.bind(listener, at(ip(1), 80)).expect("an address");
    net.stack.listen(listener, 16).expect("a listener");
    for (index, [outward, inward]) in sizes.iter().enumerate() {
        let draw = |n: u64| mix(seed ^ mix(index as u64 * 8 + n));
        let buffer =
            |n| tcp::SocketBuffer::new(vec![0; [500, 4_000, 65_535, 200_000][(draw(n) % 4) as usize]]);
        let mut peer = tcp::Socket::new(buffer(0), buffer(1));
        let port = 1000 + index as u16;
        let opens = draw(2) % 2 == 0;
        let socket = if opens {
            peer.listen(port).expect("a port");
            let socket = net.stack.socket(SocketKind::Stream).expect("a socket");
            net.stack.connect(net.now, socket, at(ip(2), port)).expect("a route");
            Some(socket)
        } else {
            let there = IpEndpoint::new(ip(1).into(), 80);
            let here = IpListenEndpoint::from((smoltcp::wire::IpAddress::from(ip(2)), port));
            peer.connect(net.peer.interface.context(), there, here).expect("a route");
            None
        };
        let handle = net.peer.sockets.add(peer);
        let socket = match socket {
            Some(socket) => socket,
            None => loop {
                if let Some(socket) = ready(net.stack.accept(listener, THREAD)) {
                    break socket;
                }
                assert!(net.now < 300 * SECOND, "seed {seed}: no connection came");
                net.step();
            },
        };
        let outward = content(seed + index as u64, *outward);
        let user = net.stack.fill(&outward);
        conversations.push(Conversation {
            socket,
            handle,
            user,
            outward,
            inward: content(!seed - index as u64, *inward),
            given: [0; 2],
            shut: [false; 2],
            got: [Vec::new(), Vec::new()],
            ended: false,
        });
    }
    loop {
        let mut done = true;
        for conversation in &mut conversations {
            done &= conversation.run(&mut net);
        }
        if done {
            break;
        }
        assert!(net.now < 3_000 * SECOND, "seed {seed}: the transfers do not end");
        net.step();
    }
    for conversation in &conversations {
        assert!(conversation.got[0] == conversation.inward, "seed {seed}: bytes from the peer");
        assert!(conversation.got[1] == conversation.outward, "seed {seed}: bytes to the peer");
    }
    net.sent
}

/// Runs under both schemes; the frames must be identical. A lost address resolution or SYN is repeated like anything else.
fn under_both(seed: u64, link: (Faults, engine::Config), sizes: &[[usize; 2]], ip: fn(u8) -> IpAddr) {
    let one = transfers(snapshot, seed, link, sizes, ip);
    let two = transfers(sk_buff, seed, link, sizes, ip);
    assert!(one == two, "seed {seed}: the schemes sent different frames");
}

/// How many times as many cases as usual: `SNAPSTACK_SOAK`.
fn soaking() -> u64 {
    std::env::var("SNAPSTACK_SOAK").map_or(1, |times| times.parse().expect("SNAPSTACK_SOAK is a number"))
}

/// Settings of our TCP; one in four is as usual.
fn drawn(seed: u64) -> engine::Config {
    let usual = config(1).tcp;
    let draw = |n: u64| mix(mix(!seed) ^ n);
    if draw(0) % 4 == 0 {
        return usual;
    }
    let buffer = |n| [600, 4_000, 65_535, 256 * 1024][(draw(n) % 4) as usize];
    engine::Config {
        send_buffer: buffer(1),
        receive_buffer: buffer(2),
        window_scaling: draw(3) % 4 > 0,
        timestamps: draw(4) % 4 > 0,
        sack: draw(5) % 4 > 0,
        nagle: draw(6) % 2 == 0,
        tso: [0, 0, 8_000, 40_000][(draw(7) % 4) as usize],
        ..usual
    }
}

#[test]
fn every_byte_arrives_once_and_in_order_whatever_the_link_does() {
    for seed in 0..CASES * soaking() {
        let draw = |n: u64| mix(mix(seed) ^ n);
        let odds = |n: u64| [0, 1_000, 20_000, 100_000][(draw(n) % 4) as usize];
        let loss = [0, 0, 1_000, 20_000, 100_000, 200_000][(draw(0) % 6) as usize];
        let faults = Faults { loss, duplicate: odds(1), reorder: odds(2), corrupt: odds(3) };
        let size = |n: u64| (draw(n) % (1 << (draw(n + 1) % 17))) as usize;
        let sizes: Vec<_> = (0..=draw(4) % 3).map(|i| [size(10 + 4 * i), size(12 + 4 * i)]).collect();
        under_both(seed, (faults, drawn(seed)), &sizes, if draw(5) % 2 == 0 { v4 } else { v6 });
    }
}

#[test]
fn megabytes_arrive_over_links_that_lose_a_fifth() {
    let usual = config(1).tcp;
    under_both(1, (Faults::default(), usual), &[[8 << 20, 0]], v4);
    under_both(2, (Faults::default(), usual), &[[0, 8 << 20]], v6);
    let faults = Faults { loss: 200_000, ..Faults::default() };
    under_both(3, (faults, usual), &[[100_000, 100_000]], v4);
}

#[test]
fn pings_and_datagrams_come_back() {
    assert!(echoed(snapshot) == echoed(sk_buff));
}

/// The frames that our host sends for that.
fn echoed<B: Buffers>(make: fn() -> B) -> Vec<Vec<u8>> {
    let mut sent = Vec::new();
    for ip in [v4, v6] {
        let mut net = Net::new(make, 5, Faults::default(), config(1).tcp);
        let buffer = || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; 4], vec![0; 8_000]);
        let mut echo = udp::Socket::new(buffer(), buffer());
        echo.bind(7).expect("a port");
        let handle = net.peer.sockets.add(echo);
        let ping = net.stack.socket(SocketKind::Echo).expect("a socket");
        let datagrams = net.stack.socket(SocketKind::Datagram).expect("a socket");
        for len in [1, 100, 1400] {
            let bytes = content(9, len);
            let user = net.stack.fill(&bytes);
            for (socket, port) in [(ping, 0), (datagrams, 7)] {
                let to = Some(at(ip(2), port));
                net.stack.send_to(net.now, socket, THREAD, user, 0..len as u64, to).expect("room");
                // smoltcp asks for our address at most once a second.
                let limit = net.now + 10 * SECOND;
                let back = loop {
                    let echo = net.peer.sockets.get_mut::<udp::Socket<'_>>(handle);
                    if echo.can_recv() {
                        let (bytes, from) = echo.recv().expect("a datagram");
                        let bytes = bytes.to_vec();
                        echo.send_slice(&bytes, from).expect("room");
                    }
                    match net.stack.recv_from(socket, THREAD) {
                        Ok((user, from)) => {
                            assert_eq!(from, at(ip(2), port));
                            break user;
                        }
                        Err(SocketError::WouldBlock) => net.step(),
                        Err(error) => panic!("{error}"),
                    }
                    assert!(net.now < limit, "no answer to {len} bytes");
                };
                assert!(net.stack.bytes(back) == bytes);
            }
        }
        sent.append(&mut net.sent);
    }
    sent
}

/// An open connection to a listener of the peer's.
fn opened<B: Buffers>(make: fn() -> B, seed: u64) -> (Net<B>, SocketId, SocketHandle) {
    let mut net = Net::new(make, seed, Faults::default(), drawn(seed));
    let buffer = || tcp::SocketBuffer::new(vec![0; 1_000]);
    let mut peer = tcp::Socket::new(buffer(), buffer());
    peer.listen(1000).expect("a port");
    let handle = net.peer.sockets.add(peer);
    let socket = net.stack.socket(SocketKind::Stream).expect("a socket");
    net.stack.connect(0, socket, at(v4(2), 1000)).expect("a route");
    while !net.peer.sockets.get::<tcp::Socket<'_>>(handle).may_send() {
        net.step();
    }
    (net, socket, handle)
}

#[test]
fn a_reset_by_the_peer_ends_the_connection() {
    fn run<B: Buffers>(make: fn() -> B, seed: u64) -> Vec<Vec<u8>> {
        let (mut net, socket, handle) = opened(make, seed);
        // Bytes of ours are under way, which nobody will take.
        let user = net.stack.fill(&content(seed, 500));
        net.stack.send(socket, THREAD, user, 0..500).expect("room");
        net.peer.sockets.get_mut::<tcp::Socket<'_>>(handle).abort();
        let failed = loop {
            match net.stack.recv(net.now, socket, THREAD, 1) {
                Err(SocketError::WouldBlock) => net.step(),
                other => break other,
            }
            assert!(net.now < 10 * SECOND, "the reset did not arrive");
        };
        assert_eq!(failed, Err(SocketError::Failed(engine::Failure::Reset)));
        assert_eq!(
            net.stack.send(socket, THREAD, user, 0..1),
            Err(SocketError::Failed(engine::Failure::Reset))
        );
        net.stack.close(net.now, socket).expect("a socket");
        assert_eq!(net.stack.table_sizes()[2], 0);
        net.sent
    }
    for seed in 0..10 {
        assert!(run(snapshot, seed) == run(sk_buff, seed), "seed {seed}");
    }
}

#[test]
fn a_reset_of_ours_ends_the_peers_connection() {
    fn run<B: Buffers>(make: fn() -> B, seed: u64) -> Vec<Vec<u8>> {
        let (mut net, socket, handle) = opened(make, seed);
        let peer = net.peer.sockets.get_mut::<tcp::Socket<'_>>(handle);
        peer.send_slice(&content(seed, 500)).expect("an open socket");
        while !net.stack.readiness(socket).expect("a socket").readable {
            net.step();
        }
        // What nobody has read is worth a reset (RFC 2525 section 2.17).
        net.stack.close(net.now, socket).expect("a socket");
        while net.peer.sockets.get::<tcp::Socket<'_>>(handle).state() != tcp::State::Closed {
            net.step();
            assert!(net.now < 10 * SECOND, "the reset did not arrive");
        }
        assert_eq!(net.stack.table_sizes()[2..], [0, 0]);
        net.sent
    }
    for seed in 0..10 {
        assert!(run(snapshot, seed) == run(sk_buff, seed), "seed {seed}");
    }
}
