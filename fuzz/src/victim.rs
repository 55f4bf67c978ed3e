//! A host that is attacked: its stack, and applications that keep it busy - an echo service over TCP and UDP, in every way
//! of receiving, connections of its own, a ping.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use snapstack::buffers::{Buffers, Held, SendId, UserId};
use snapstack::nic::TxFrames;
use snapstack::stack::tcp;
use snapstack::stack::{
    Address, Config, DropReason, HardwareAddress, SocketError, SocketId, SocketKind, Stack, ThreadId,
};

/// The port whose connections are echoed by `recv` and `send`.
pub const ECHO: u16 = 7;
/// The port whose connections are spliced to themselves.
pub const SPLICE: u16 = 80;
/// The peer's port to which the host connects.
pub const PEER: u16 = 1000;

const THREAD: ThreadId = ThreadId(0);
const BACKLOG: u32 = 8;
/// Bytes that the host's own connections send.
const GREETING: usize = 4_000;
/// The most that its tables may hold: neighbours, bytes of fragments, connections, TIME-WAIT.
const BOUNDS: [u64; 4] = [512, 1 << 20, 64, 64];
/// A frame that is dropped at once, of a type for experiments (IEEE 802, 88b5).
const SHORT: [u8; 14] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5];
/// How often the clock may be moved on until nothing is left to wait for.
const PATIENCE: u32 = 20_000;

/// Host `n` of the network: 10.0.0.n and fd00::n on 02:00:00:00:00:n.
pub fn config(n: u8, tso: u32) -> Config {
    let addresses = [v4(n), v6(n)].into_iter().zip([24, 64]).map(|(ip, prefix)| Address::new(ip, prefix));
    let plain = Config::new(HardwareAddress([2, 0, 0, 0, 0, n]), addresses.collect());
    let tcp = tcp::Config { tso, ..plain.tcp };
    Config { routers: vec![v4(254)], max_connections: 64, max_time_wait: 64, seed: n.into(), tcp, ..plain }
}

/// IPv4 address of a host.
pub fn v4(n: u8) -> IpAddr {
    [10, 0, 0, n].into()
}

/// IPv6 address of a host.
pub fn v6(n: u8) -> IpAddr {
    IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, u16::from(n)])
}

/// A connection whose bytes go back where they came from.
struct Stream {
    socket: SocketId,
    how: How,
    /// Received and not yet sent: buffers, and bytes of the first that were sent.
    pending: Vec<UserId>,
    sent: u64,
    ended: bool,
}

#[derive(Clone, Copy)]
enum How {
    Contiguous,
    Segments,
    Splice,
}

/// The host.
pub struct Victim<B: Buffers> {
    /// Its stack.
    pub stack: Stack<B>,
    /// Its clock, in nanoseconds.
    pub now: u64,
    /// All that it has sent, and when.
    pub sent: Vec<(u64, Vec<u8>)>,
    listeners: [SocketId; 2],
    datagrams: SocketId,
    ping: SocketId,
    streams: Vec<Stream>,
    accepted: u64,
}

impl<B: Buffers> Victim<B> {
    /// A host with its services running and its own connections asked for; None where its memory is too small for that.
    pub fn new(buffers: B, tso: u32) -> Option<Self> {
        let mut stack = Stack::new(config(2, tso), buffers);
        let listen = |stack: &mut Stack<B>, port| {
            let listener = stack.socket(SocketKind::Stream).expect("room for sockets");
            stack.bind(listener, SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)).expect("a free port");
            stack.listen(listener, BACKLOG).expect("a bound socket");
            listener
        };
        let listeners = [ECHO, SPLICE].map(|port| listen(&mut stack, port));
        let datagrams = stack.socket(SocketKind::Datagram).expect("room for sockets");
        stack.bind(datagrams, SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), ECHO)).expect("a free port");
        let ping = stack.socket(SocketKind::Echo).expect("room for sockets");
        let mut streams = Vec::new();
        for (peer, how) in [(v4(1), How::Contiguous), (v6(1), How::Segments)] {
            let socket = stack.socket(SocketKind::Stream).expect("room for sockets");
            stack.connect(0, socket, SocketAddr::new(peer, PEER)).expect("a route");
            let greeting: Vec<u8> = (0..GREETING).map(|i| (i * 7 % 251) as u8).collect();
            let user = stack.buffers_mut().app_write(None, SendId(0), &greeting).ok()?;
            streams.push(Stream { socket, how, pending: vec![user], sent: 0, ended: false });
        }
        let mut victim =
            Self { stack, now: 0, sent: Vec::new(), listeners, datagrams, ping, streams, accepted: 0 };
        let user = victim.stack.buffers_mut().app_write(None, SendId(0), b"anybody there?").ok()?;
        let nobody = Some(SocketAddr::new(v4(1), 0));
        // Lost where the memory is too small, as pings may be.
        let _ = victim.stack.send_to(0, ping, THREAD, user, 0..14, nobody);
        victim.free(user);
        victim.work();
        Some(victim)
    }

    /// Time goes on, doing whatever becomes due on the way.
    pub fn wait(&mut self, until: u64) {
        for _ in 0..PATIENCE {
            match self.stack.next_time() {
                Some(time) if time <= until => {
                    self.now = self.now.max(time);
                    self.work();
                }
                _ => break,
            }
        }
        self.now = self.now.max(until);
    }

    /// A frame arrives.
    pub fn frame(&mut self, frame: &[u8]) {
        self.stack.buffers_mut().deliver(frame);
        self.stack.receive(self.now);
        self.work();
    }

    /// Whether memory or rings had to refuse anything, so that what was sent depends on the scheme.
    pub fn refused(&self) -> bool {
        self.stack.drops().get(DropReason::Memory) > 0
    }

    /// The applications end, and all that they leave behind runs out.
    ///
    /// # Panics
    /// When anything is left then.
    pub fn end(&mut self) {
        for stream in std::mem::take(&mut self.streams) {
            self.close(stream);
        }
        for socket in self.listeners.into_iter().chain([self.datagrams, self.ping]) {
            self.stack.close(self.now, socket).expect("an open socket");
        }
        self.work();
        for _ in 0..PATIENCE {
            let Some(time) = self.stack.next_time() else { break };
            self.now = self.now.max(time);
            self.work();
        }
        assert_eq!(self.stack.next_time(), None, "something is waited for without end");
        let [_, rest @ ..] = self.stack.table_sizes();
        assert_eq!(rest, [0; 3], "fragments, connections, TIME-WAIT");
        // The ring slot that is not granted keeps the last frame; this one is a line long.
        for _ in 0..2 {
            self.frame(&SHORT);
        }
        let Held { references, distinct } = self.stack.buffers().observe().held;
        assert!(references <= 1 && distinct <= 1, "{references} lines are held that nobody needs");
    }

    /// Applications and stack do what they can.
    fn work(&mut self) {
        self.applications();
        let mut frames = TxFrames::default();
        loop {
            self.stack.poll(self.now);
            frames.clear();
            while self.stack.transmit(0, &mut frames) {}
            self.stack.interrupt();
            if frames.is_empty() {
                break;
            }
            self.sent.extend(frames.iter().map(|frame| (self.now, frame.to_vec())));
            self.applications();
        }
        while self.stack.next_wakeup().is_some() {}
        let sizes = self.stack.table_sizes();
        assert!(sizes.iter().zip(BOUNDS).all(|(size, bound)| *size <= bound), "{sizes:?} over {BOUNDS:?}");
    }

    fn applications(&mut self) {
        for (listener, splices) in self.listeners.into_iter().zip([false, true]) {
            while let Ok(socket) = self.stack.accept(listener, THREAD) {
                self.accepted += 1;
                let how = match self.accepted % 2 {
                    _ if splices => How::Splice,
                    0 => How::Contiguous,
                    _ => How::Segments,
                };
                self.streams.push(Stream { socket, how, pending: Vec::new(), sent: 0, ended: false });
            }
        }
        let mut streams = std::mem::take(&mut self.streams);
        for index in (0..streams.len()).rev() {
            if self.stream(&mut streams[index]) {
                self.close(streams.remove(index));
            }
        }
        self.streams = streams;
        while let Ok((user, from)) = self.stack.recv_from(self.datagrams, THREAD) {
            let len = self.stack.buffers().user_len(user).unwrap_or(0);
            // A datagram that cannot be sent is lost, as datagrams are.
            let _ = self.stack.send_to(self.now, self.datagrams, THREAD, user, 0..len, Some(from));
            self.free(user);
        }
        while let Ok((user, _)) = self.stack.recv_from(self.ping, THREAD) {
            self.free(user);
        }
    }

    /// Echoes what a connection brought: true when it is over.
    fn stream(&mut self, stream: &mut Stream) -> bool {
        if let How::Splice = stream.how {
            loop {
                match self.stack.splice(self.now, stream.socket, stream.socket, THREAD, u32::MAX) {
                    Ok(0) => return true,
                    Ok(_) => {}
                    Err(SocketError::WouldBlock | SocketError::Buffers(_)) => return false,
                    Err(_) => return true,
                }
            }
        }
        loop {
            while let Some(user) = stream.pending.first().copied() {
                let len = self.stack.buffers().user_len(user).unwrap_or(0);
                match self.stack.send(stream.socket, THREAD, user, stream.sent..len) {
                    Ok(taken) => stream.sent += taken,
                    Err(SocketError::WouldBlock | SocketError::Buffers(_)) => return false,
                    Err(_) => return true,
                }
                if stream.sent == len {
                    stream.pending.remove(0);
                    stream.sent = 0;
                    self.free(user);
                }
            }
            if stream.ended {
                return true;
            }
            let received = match stream.how {
                How::Contiguous => {
                    let one = self.stack.recv(self.now, stream.socket, THREAD, 5_000);
                    one.map(|one| one.map(|user| vec![user]))
                }
                _ => self.stack.recv_segments(self.now, stream.socket, THREAD, 5_000),
            };
            match received {
                Ok(Some(users)) => stream.pending = users,
                Ok(None) => stream.ended = true,
                Err(SocketError::WouldBlock | SocketError::Buffers(_)) => return false,
                Err(_) => return true,
            }
        }
    }

    fn close(&mut self, stream: Stream) {
        for user in stream.pending {
            self.free(user);
        }
        self.stack.close(self.now, stream.socket).expect("a socket that was not closed");
    }

    fn free(&mut self, user: UserId) {
        self.stack.buffers_mut().free_user(user).expect("a buffer of the application");
    }
}
