//! Two hosts of ours back to back, without a link between them: frames move when they are there.

use snapstack::buffers::{Buffers, SendId, Snapshot, UserId};
use snapstack::memory::MemoryConfig;
use snapstack::nic::{NicConfig, TxFrames};
use snapstack::stack::{Address, Config, HardwareAddress, SocketId, SocketKind, Stack, ThreadId, tcp};

use super::Bench;

const THREAD: ThreadId = ThreadId(0);
/// Buffers that the sender's application has filled and sends in turn.
const BUFFERS: u64 = 64;
/// Sends before the frames move.
const SENDS: u64 = 48;
/// Simulated nanoseconds between rounds.
const ROUND: u64 = 20_000;

pub(super) struct Pair {
    hosts: [Stack<Snapshot>; 2],
    sockets: [SocketId; 2],
    users: Vec<UserId>,
    len: u64,
    now: u64,
    frames: TxFrames,
}

/// What went onto the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wire {
    frames: usize,
    bytes: usize,
    /// A sum over the last bytes of all frames, which changes with their order.
    sum: u64,
}

impl Wire {
    fn add(&mut self, frames: &TxFrames) {
        for frame in frames.iter() {
            self.frames += 1;
            self.bytes += frame.len();
            let last = frame.last_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            self.sum = self.sum.rotate_left(1) ^ last;
        }
    }
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

/// Takes what a host sends.
fn take(host: &mut Stack<Snapshot>, now: u64, frames: &mut TxFrames) {
    frames.clear();
    loop {
        host.poll(now);
        let before = frames.len();
        while host.transmit(0, frames) {}
        host.interrupt();
        if frames.len() == before {
            return;
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
    pub(super) fn new(tso: u32) -> Self {
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
            pair.exchange();
        }
        pair.sockets[1] = pair.hosts[1].accept(listener, THREAD).expect("a connection");
        pair
    }

    /// Buffers of `len` bytes for the application, and a congestion window that is wide open.
    pub(super) fn fill(&mut self, len: usize) {
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
                self.exchange();
            }
        }
    }

    /// Frames go from the first host to the second, are received, and the answers go back.
    fn exchange(&mut self) {
        self.exchange_and(|_| (), |_| ());
    }

    fn exchange_and(&mut self, sent: impl FnOnce(&TxFrames), answered: impl FnOnce(&TxFrames)) {
        let [one, two] = &mut self.hosts;
        take(one, self.now, &mut self.frames);
        sent(&self.frames);
        give(two, self.now, &self.frames);
        while let Ok(Some(users)) = two.recv_segments(self.now, self.sockets[1], THREAD, u32::MAX) {
            for user in users {
                two.buffers_mut().free_user(user).expect("a buffer");
            }
        }
        take(two, self.now, &mut self.frames);
        answered(&self.frames);
        give(one, self.now, &self.frames);
        self.now += ROUND;
    }

    /// The first host's application sends buffer after buffer.
    fn send(&mut self, sends: std::ops::Range<u64>) {
        for index in sends {
            let user = self.users[(index % BUFFERS) as usize];
            let taken = self.hosts[0].send(self.sockets[0], THREAD, user, 0..self.len);
            assert_eq!(taken, Ok(self.len), "the window is warm");
        }
    }

    fn posted(&self) -> u64 {
        self.hosts[0].counters().packets_posted
    }

    /// Sends `count` buffers; shows the answers of each round. What the first host put on the wire.
    pub(super) fn stream(&mut self, count: u64, mut answered: impl FnMut(&TxFrames)) -> Wire {
        let posted = self.posted();
        let (mut wire, mut sent) = (Wire::default(), 0);
        while self.posted() - posted < count {
            let more = SENDS.min(count - sent);
            self.send(sent..sent + more);
            sent += more;
            self.exchange_and(|frames| wire.add(frames), &mut answered);
        }
        assert_eq!(self.posted() - posted, count, "a packet a send, none again");
        assert_eq!(self.hosts[0].buffers().ledger().copied().bytes, 0);
        wire
    }

    /// The first host's part of [`Pair::stream`], with the answers that it got there.
    pub(super) fn stream_alone(&mut self, count: u64, answers: &[TxFrames]) -> Wire {
        let (mut wire, mut sent) = (Wire::default(), 0);
        for answers in answers {
            let more = SENDS.min(count - sent);
            self.send(sent..sent + more);
            sent += more;
            take(&mut self.hosts[0], self.now, &mut self.frames);
            wire.add(&self.frames);
            give(&mut self.hosts[0], self.now, answers);
            self.now += ROUND;
        }
        wire
    }
}

/// Nanoseconds of a `send()` through the doorbell, on average over `count`; whatever the NIC and the peer do is not timed.
/// In a machine they would not run on the sender's core either. Here they do, and what they read and write drives the
/// sender's data out of the caches, the more the longer the sends are: so `other`, whose sends are the same whatever this
/// pair's are, runs before each batch, and a few sends that are not timed come first.
pub(super) fn doorbell_ns(bench: &Bench<'_>, pair: &mut Pair, other: &mut Pair, count: u64) -> f64 {
    /// Sends that are timed together, and sends before them: 512 KiB at most, which the window takes.
    const BATCH: u64 = 4;
    const BEFORE: u64 = 4;
    let mut time = 0.0;
    for first in (0..count).step_by(BATCH as usize) {
        let first = first / BATCH * (BATCH + BEFORE);
        other.send(first..first + BATCH + BEFORE);
        other.exchange();
        other.exchange();
        let posted = pair.posted();
        let mut send = |index| {
            pair.send(index..index + 1);
            pair.hosts[0].poll(pair.now);
        };
        (first..first + BEFORE).for_each(&mut send);
        time += bench.time(|| (first + BEFORE..first + BEFORE + BATCH).for_each(send)).1;
        let posted = pair.posted() - posted;
        assert_eq!(posted, BEFORE + BATCH, "a post a send");
        pair.exchange();
        pair.exchange();
    }
    time / count as f64
}
