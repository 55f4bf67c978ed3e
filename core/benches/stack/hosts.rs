//! Two hosts of ours back to back, without a link between them: frames move when they are there.

use std::time::Instant;

use snapstack::buffers::{Buffers, SendId, Snapshot, UserId};
use snapstack::memory::MemoryConfig;
use snapstack::nic::{NicConfig, TxFrames};
use snapstack::stack::{Address, Config, HardwareAddress, SocketId, SocketKind, Stack, ThreadId, tcp};

const THREAD: ThreadId = ThreadId(0);
/// Buffers that the sender's application has filled and sends in turn.
const BUFFERS: u64 = 64;
/// Simulated nanoseconds between rounds.
const ROUND: u64 = 20_000;

/// Nanoseconds that each side took.
#[derive(Clone, Copy, Default)]
pub(crate) struct Times {
    pub(crate) sender_ns: f64,
    pub(crate) receiver_ns: f64,
}

pub(crate) struct Pair {
    hosts: [Stack<Snapshot>; 2],
    sockets: [SocketId; 2],
    users: Vec<UserId>,
    len: u64,
    now: u64,
    frames: TxFrames,
}

fn host(n: u8, tso: u32) -> Stack<Snapshot> {
    // The buffers of the longest sends and what is in flight of them; else as usual.
    let lines = if tso > 0 { 1 << 18 } else { MemoryConfig::default().lines };
    let memory = MemoryConfig { lines, ..MemoryConfig::default() };
    let buffers = Snapshot::new(memory, NicConfig::default()).expect("a valid configuration");
    let tcp = tcp::Config {
        timestamps: false,
        nagle: false,
        tso,
        send_buffer: 1 << 20,
        receive_buffer: 1 << 20,
        ..tcp::Config::default()
    };
    let address = Address::new([10, 0, 0, n], 24);
    let config = Config { tcp, ..Config::new(HardwareAddress([2, 0, 0, 0, 0, n]), vec![address]) };
    Stack::new(config, buffers)
}

/// Takes what a host sends: how many frames.
fn take(host: &mut Stack<Snapshot>, now: u64, frames: &mut TxFrames) -> usize {
    frames.clear();
    loop {
        host.poll(now);
        let before = frames.len();
        while host.transmit(0, frames) {}
        host.interrupt();
        if frames.len() == before {
            return before;
        }
    }
}

fn give(host: &mut Stack<Snapshot>, now: u64, frames: &TxFrames) {
    for frame in frames.iter() {
        host.buffers_mut().deliver(frame);
    }
    host.receive(now);
}

impl Pair {
    /// A connection from the first host to the second, with sends of at most `tso` bytes that the NIC cuts.
    pub(crate) fn new(tso: u32) -> Self {
        let mut hosts = [host(1, tso), host(2, 0)];
        let address = ([10, 0, 0, 2], 80).into();
        let listener = hosts[1].socket(SocketKind::Stream).expect("a socket");
        hosts[1].bind(listener, address).expect("an address");
        hosts[1].listen(listener, 1).expect("a listener");
        let client = hosts[0].socket(SocketKind::Stream).expect("a socket");
        hosts[0].connect(0, client, address).expect("a route");
        let mut pair = Self {
            hosts,
            sockets: [client; 2],
            users: Vec::new(),
            len: 0,
            now: 0,
            frames: TxFrames::default(),
        };
        for _ in 0..10 {
            pair.exchange(&mut Times::default());
        }
        pair.sockets[1] = pair.hosts[1].accept(listener, THREAD).expect("a connection");
        pair
    }

    /// New buffers of `len` bytes for the application, and a congestion window that is wide open.
    fn fill(&mut self, len: usize) {
        for user in self.users.drain(..) {
            self.hosts[0].buffers_mut().free_user(user).expect("a buffer");
        }
        for index in 0..BUFFERS {
            let bytes: Vec<u8> =
                (0..len as u64).map(|i| snapstack::random::mix(index << 32 | i) as u8).collect();
            let user = self.hosts[0].buffers_mut().app_write(None, SendId(index as u32), &bytes);
            self.users.push(user.expect("memory"));
        }
        self.len = len as u64;
        for _ in 0..100 {
            let user = self.users[0];
            while self.hosts[0].send(self.sockets[0], THREAD, user, 0..self.len).is_ok() {}
            for _ in 0..20 {
                self.exchange(&mut Times::default());
            }
        }
    }

    /// Frames go from the first host to the second and back, and are received.
    fn exchange(&mut self, times: &mut Times) {
        let [one, two] = &mut self.hosts;
        let start = Instant::now();
        take(one, self.now, &mut self.frames);
        times.sender_ns += start.elapsed().as_nanos() as f64;
        let start = Instant::now();
        give(two, self.now, &self.frames);
        while let Ok(Some(users)) = two.recv_segments(self.now, self.sockets[1], THREAD, u32::MAX) {
            for user in users {
                two.buffers_mut().free_user(user).expect("a buffer");
            }
        }
        take(two, self.now, &mut self.frames);
        times.receiver_ns += start.elapsed().as_nanos() as f64;
        let start = Instant::now();
        give(one, self.now, &self.frames);
        times.sender_ns += start.elapsed().as_nanos() as f64;
        self.now += ROUND;
    }

    /// Sends `count` buffers of `len` bytes, 48 at a time.
    pub(crate) fn stream(&mut self, count: u64, len: usize) -> Times {
        if self.len != len as u64 {
            self.fill(len);
        }
        let packets = self.hosts[0].counters().packets_posted;
        let mut times = Times::default();
        let mut sent = 0;
        while sent < count {
            let start = Instant::now();
            for _ in 0..48.min(count - sent) {
                let user = self.users[(sent % BUFFERS) as usize];
                let taken = self.hosts[0].send(self.sockets[0], THREAD, user, 0..self.len);
                assert_eq!(taken, Ok(self.len), "the window is warm");
                sent += 1;
            }
            times.sender_ns += start.elapsed().as_nanos() as f64;
            self.exchange(&mut times);
        }
        while self.hosts[0].counters().packets_posted - packets < count {
            self.exchange(&mut times);
        }
        assert_eq!(self.hosts[0].counters().packets_posted - packets, count, "a packet a send, none again");
        assert_eq!(self.hosts[0].buffers().ledger().copied().bytes, 0);
        times
    }
}

/// Nanoseconds of a `send()` of `len` bytes through the doorbell, on average over `count`; whatever the NIC and the peer
/// do is not timed.
pub(crate) fn doorbell_ns(pair: &mut Pair, len: usize, count: u64) -> f64 {
    if pair.len != len as u64 {
        pair.fill(len);
    }
    (0..count).map(|_| send_once(pair)).sum::<f64>() / count as f64
}

fn send_once(pair: &mut Pair) -> f64 {
    let user = pair.users[(pair.now / ROUND % BUFFERS) as usize];
    let posted = pair.hosts[0].counters().packets_posted;
    let start = Instant::now();
    let taken = pair.hosts[0].send(pair.sockets[0], THREAD, user, 0..pair.len);
    pair.hosts[0].poll(pair.now);
    let time = start.elapsed().as_nanos() as f64;
    assert_eq!(taken, Ok(pair.len));
    let posted = pair.hosts[0].counters().packets_posted - posted;
    pair.exchange(&mut Times::default());
    pair.exchange(&mut Times::default());
    assert!(posted <= 2, "{posted} posts for one send");
    time
}
