//! Two hosts on a link with latency, in simulated time.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use snapstack::buffers::{Buffers, SendId, SkBuff, Snapshot, UserId};
use snapstack::memory::MemoryConfig;
use snapstack::nic::{Delivery, Faults, NicConfig, TxFrames};
use snapstack::stack::{Address, Config, HardwareAddress, SocketError, SocketId, Stack, ThreadId};
use snapstack::traffic::capture::ETHERNET;

use crate::frames;

pub(crate) const THREAD: ThreadId = ThreadId(0);
pub(crate) const SECOND: u64 = 1_000_000_000;
/// One way across the link.
pub(crate) const LATENCY: u64 = 50_000;
/// How much longer a frame takes that others overtake.
const LATE: u64 = 200_000;

pub(crate) fn snapshot() -> Snapshot {
    let memory = MemoryConfig { lines: 1 << 19, ..MemoryConfig::default() };
    Snapshot::new(memory, NicConfig::default()).expect("a valid configuration")
}

pub(crate) fn sk_buff() -> SkBuff {
    SkBuff::new(64, NicConfig::default())
}

/// Host `n`: 10.0.0.n and fd00::n on 02:00:00:00:00:n.
pub(crate) fn config(n: u8) -> Config {
    let addresses = vec![Address::new(v4(n), 24), Address::new(v6(n), 64)];
    Config { seed: u64::from(n), ..Config::new(HardwareAddress([2, 0, 0, 0, 0, n]), addresses) }
}

pub(crate) fn v4(n: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, n).into()
}

pub(crate) fn v6(n: u8) -> IpAddr {
    IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, u16::from(n)])
}

pub(crate) fn at(ip: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(ip, port)
}

/// Bytes that repeat nowhere soon.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// The application's hands on a stack's memory.
pub(crate) trait Application {
    fn fill(&mut self, bytes: &[u8]) -> UserId;
    fn bytes(&mut self, user: UserId) -> Vec<u8>;
    fn all(&mut self, users: &[UserId]) -> Vec<u8>;
}

impl<B: Buffers> Application for Stack<B> {
    fn fill(&mut self, bytes: &[u8]) -> UserId {
        self.buffers_mut().app_write(None, SendId(0), bytes).expect("memory for a buffer")
    }

    /// Reads a buffer and gives it up.
    fn bytes(&mut self, user: UserId) -> Vec<u8> {
        let buffers = self.buffers_mut();
        let mut bytes = vec![0; buffers.user_len(user).expect("a buffer") as usize];
        buffers.read_user(user, 0, &mut bytes).expect("bytes of a buffer");
        buffers.free_user(user).expect("a buffer");
        bytes
    }

    fn all(&mut self, users: &[UserId]) -> Vec<u8> {
        users.iter().flat_map(|user| self.bytes(*user)).collect()
    }
}

/// Two hosts and what is between them: index 0 and 1.
pub(crate) struct Net<B: Buffers> {
    pub(crate) hosts: [Stack<B>; 2],
    /// Frames under way to each host, by arrival and then in order of sending.
    wire: [BTreeMap<(u64, usize), Vec<u8>>; 2],
    pub(crate) now: u64,
    /// All frames in the order of their departure, with their sender.
    pub(crate) log: Vec<(usize, Vec<u8>)>,
    /// Which frames the link loses, by index in the log.
    pub(crate) lose: fn(usize) -> bool,
    /// What else the link does to frames, and the seed of it.
    pub(crate) faults: (Faults, u64),
    /// The queues that the frames of the log left by.
    pub(crate) left_by: Vec<u16>,
    /// What arrived: index in the log, and the queue that the NIC chose.
    pub(crate) arrived: Vec<(usize, u16)>,
}

impl<B: Buffers> Net<B> {
    pub(crate) fn new(make: impl Fn() -> B) -> Self {
        Self::with([config(1), config(2)], make)
    }

    pub(crate) fn with([one, two]: [Config; 2], make: impl Fn() -> B) -> Self {
        Self {
            hosts: [Stack::new(one, make()), Stack::new(two, make())],
            wire: Default::default(),
            now: 0,
            log: Vec::new(),
            lose: |_| false,
            faults: (Faults::default(), 0),
            left_by: Vec::new(),
            arrived: Vec::new(),
        }
    }

    /// A frame of a host's enters the link.
    fn put(&mut self, host: usize, frame: &[u8]) {
        frames::record(ETHERNET, self.now, frame);
        let index = self.log.len();
        let (faults, seed) = self.faults;
        let fate = faults.fate(seed, index as u64);
        let mut arriving = frame.to_vec();
        if let Some(bit) = fate.corrupted {
            let bit = (bit % (8 * arriving.len() as u64)) as usize;
            arriving[bit / 8] ^= 1 << (bit % 8);
        }
        let arrival = self.now + LATENCY + if fate.late { LATE } else { 0 };
        let copies = if fate.lost || (self.lose)(index) { 0 } else { 1 + usize::from(fate.duplicated) };
        for copy in 0..copies {
            self.wire[1 - host].insert((arrival, 2 * index + copy), arriving.clone());
        }
        self.log.push((host, frame.to_vec()));
    }

    /// Lets everybody do what can be done now, and moves to the next time at which something happens: false when nothing
    /// ever will.
    pub(crate) fn step(&mut self) -> bool {
        for host in 0..2 {
            while let Some(first) = self.wire[host].first_entry()
                && first.key().0 <= self.now
            {
                let ((_, order), frame) = first.remove_entry();
                if let Delivery::Queued { queue } = self.hosts[host].buffers_mut().deliver(&frame) {
                    self.arrived.push((order / 2, queue));
                }
            }
            self.hosts[host].receive(self.now);
            loop {
                self.hosts[host].poll(self.now);
                let mut idle = true;
                for queue in 0..self.hosts[host].config().queues {
                    let mut sent = TxFrames::default();
                    while self.hosts[host].transmit(queue, &mut sent) {}
                    idle &= sent.is_empty();
                    for frame in sent.iter() {
                        self.put(host, frame);
                        self.left_by.push(queue);
                    }
                }
                self.hosts[host].interrupt();
                if idle {
                    break;
                }
            }
        }
        let arrivals = self.wire.iter().filter_map(|wire| wire.keys().next().map(|(time, _)| *time));
        let timers = self.hosts.iter().filter_map(Stack::next_time);
        match arrivals.chain(timers).min() {
            Some(time) => {
                self.now = self.now.max(time);
                true
            }
            None => false,
        }
    }

    /// Runs until `done` yields something, at most until `limit`.
    pub(crate) fn until<T>(&mut self, limit: u64, mut done: impl FnMut(&mut Self) -> Option<T>) -> T {
        let mut idle = false;
        loop {
            if let Some(value) = done(self) {
                return value;
            }
            assert!(!idle && self.now <= limit, "nothing more happens at {} ns", self.now);
            idle = !self.step();
        }
    }

    /// Runs for a while.
    pub(crate) fn run(&mut self, time: u64) {
        let end = self.now + time;
        while self.now < end && self.step() {}
        // The step that went beyond has done nothing there yet.
        self.now = end;
    }

    /// A connection from host 0 to a listener on host 1 port 80: the sockets of both.
    pub(crate) fn connected(&mut self, server: IpAddr) -> [SocketId; 2] {
        use snapstack::stack::SocketKind::Stream;
        let [one, two] = &mut self.hosts;
        let listener = two.socket(Stream).expect("a socket");
        two.bind(listener, at(server, 80)).expect("an address");
        two.listen(listener, 8).expect("a listener");
        let client = one.socket(Stream).expect("a socket");
        one.connect(self.now, client, at(server, 80)).expect("a route");
        let limit = self.now + 30 * SECOND;
        let accepted = self.until(limit, |net| ready(net.hosts[1].accept(listener, THREAD)));
        self.hosts[1].close(self.now, listener).expect("a listener");
        [client, accepted]
    }

    /// Sends `bytes` from one socket to the other, which reads them as segments or into contiguous buffers; then the sender
    /// shuts down. Returns what was read.
    pub(crate) fn transfer(
        &mut self,
        from: (usize, SocketId),
        to: (usize, SocketId),
        bytes: &[u8],
        segments: bool,
    ) -> Vec<u8> {
        let user = self.hosts[from.0].fill(bytes);
        let mut sent = 0;
        let mut open = true;
        let mut received = Vec::new();
        let limit = self.now + 3600 * SECOND;
        self.until(limit, |net| {
            let sender = &mut net.hosts[from.0];
            while sent < bytes.len() as u64 {
                let end = bytes.len() as u64;
                let Some(taken) = ready(sender.send(from.1, THREAD, user, sent..end)) else { break };
                sent += taken;
            }
            if sent == bytes.len() as u64 && std::mem::take(&mut open) {
                sender.shutdown(net.now, from.1, snapstack::stack::Shutdown::Send).expect("a stream");
            }
            let receiver = &mut net.hosts[to.0];
            loop {
                let users = if segments {
                    ready(receiver.recv_segments(net.now, to.1, THREAD, 100_000))
                } else {
                    ready(receiver.recv(net.now, to.1, THREAD, 100_000))
                        .map(|user| user.map(|user| vec![user]))
                };
                match users {
                    Some(Some(users)) => received.append(&mut receiver.all(&users)),
                    Some(None) => return Some(()),
                    None => return None,
                }
            }
        });
        self.hosts[from.0].buffers_mut().free_user(user).expect("a buffer");
        received
    }
}

/// What a call gave; None when it would block.
pub(crate) fn ready<T>(result: Result<T, SocketError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(SocketError::WouldBlock) => None,
        Err(error) => panic!("{error}"),
    }
}
