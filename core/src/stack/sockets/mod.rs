//! Sockets as applications know them (POSIX.1-2017 section 2.10), for many threads, in simulated time: a call that would
//! wait answers [`SocketError::WouldBlock`] and remembers who called; when the socket is ready the thread's wakeup can be
//! taken with [`Stack::next_wakeup`]. After calls that send, the owner of the stack calls [`Stack::poll`].

mod datagram;
mod error;
mod file;
mod splice;
mod stream;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

pub use error::SocketError;
pub use file::File;
pub use stream::Shutdown;

use super::chunk::{Chunk, Ends};
use super::connections::ConnectionId;
use super::host::Stack;
use crate::buffers::Buffers;
use crate::random::mix;
use datagram::Datagrams;

/// First port that is handed out to sockets that name none, and how many there are (RFC 6335 section 6).
const EPHEMERAL: (u16, u16) = (49_152, 16_384);

/// A thread of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadId(pub u32);

/// A socket. Numbers of closed sockets do not come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId {
    index: u32,
    generation: u32,
}

impl SocketId {
    /// Its place in the table: small, and used again after the socket is closed.
    pub fn index(self) -> u32 {
        self.index
    }
}

/// What a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SocketKind {
    /// TCP.
    Stream,
    /// UDP.
    Datagram,
    /// ICMP or ICMPv6 echo: what is sent is a request, what is received a reply; the local port is the identifier.
    Echo,
}

/// What a socket is ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// `recv` or `accept` would not block (also at the end of a stream, and after an error).
    pub readable: bool,
    /// `send` would not block (also after an error).
    pub writable: bool,
}

impl Readiness {
    /// Ready for `recv` or `accept`.
    pub const READABLE: Self = Self { readable: true, writable: false };
    /// Ready for `send`.
    pub const WRITABLE: Self = Self { readable: false, writable: true };
    /// Both.
    pub const BOTH: Self = Self { readable: true, writable: true };

    /// What both have.
    pub fn and(self, other: Self) -> Self {
        Self { readable: self.readable && other.readable, writable: self.writable && other.writable }
    }

    /// Whether there is any.
    pub fn any(self) -> bool {
        self.readable || self.writable
    }
}

/// A thread that may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wakeup {
    /// The thread.
    pub thread: ThreadId,
    /// What it waited for.
    pub socket: SocketId,
}

/// The stages of a socket's life.
#[derive(Clone, Debug)]
enum Stage {
    /// Made, and perhaps bound.
    Fresh { kind: SocketKind },
    /// UDP or echo.
    Datagrams(Datagrams),
    /// Accepts connections.
    Listener { backlog: u32, half_open: u32, ready: VecDeque<ConnectionId> },
    /// A TCP connection; `unread` was taken off its queue and not delivered.
    Stream { connection: ConnectionId, unread: VecDeque<Chunk> },
}

impl Stage {
    fn name(&self) -> &'static str {
        match self {
            Self::Fresh { .. } => "socket without connection",
            Self::Datagrams(_) => "datagram socket",
            Self::Listener { .. } => "listening socket",
            Self::Stream { .. } => "connected socket",
        }
    }
}

#[derive(Clone, Debug)]
struct Socket {
    generation: u32,
    stage: Stage,
    local: Option<SocketAddr>,
    /// Threads that wait, in the order of their calls, and for what.
    waiting: VecDeque<(ThreadId, Readiness)>,
}

/// What a local address belongs to.
type Binding = (SocketKind, u16, IpAddr);

/// All sockets.
#[derive(Clone, Debug)]
pub(super) struct Sockets {
    slots: Vec<Option<Socket>>,
    free: Vec<u32>,
    generation: u32,
    bound: BTreeMap<Binding, SocketId>,
    wakeups: VecDeque<Wakeup>,
    /// Datagram sockets that found the queue before the NIC full.
    starved: VecDeque<SocketId>,
    /// Where the search for a free port begins (RFC 6056 section 3.3.1).
    next_port: u16,
}

impl Sockets {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            generation: 0,
            bound: BTreeMap::new(),
            wakeups: VecDeque::new(),
            starved: VecDeque::new(),
            next_port: (mix(seed ^ 0x706f_7274) % u64::from(EPHEMERAL.1)) as u16,
        }
    }

    fn len(&self) -> u32 {
        (self.slots.len() - self.free.len()) as u32
    }

    fn get(&self, id: SocketId) -> Result<&Socket, SocketError> {
        let socket = self.slots.get(id.index as usize).and_then(Option::as_ref);
        socket.filter(|socket| socket.generation == id.generation).ok_or(SocketError::NoSuchSocket(id))
    }

    fn get_mut(&mut self, id: SocketId) -> Result<&mut Socket, SocketError> {
        let socket = self.slots.get_mut(id.index as usize).and_then(Option::as_mut);
        socket.filter(|socket| socket.generation == id.generation).ok_or(SocketError::NoSuchSocket(id))
    }

    fn insert(&mut self, stage: Stage, local: Option<SocketAddr>) -> SocketId {
        self.generation = self.generation.wrapping_add(1);
        let socket = Some(Socket { generation: self.generation, stage, local, waiting: VecDeque::new() });
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index as usize] = socket;
                index
            }
            None => {
                self.slots.push(socket);
                self.slots.len() as u32 - 1
            }
        };
        SocketId { index, generation: self.generation }
    }

    fn remove(&mut self, id: SocketId) -> Result<Socket, SocketError> {
        self.get(id)?;
        let socket = self.slots[id.index as usize].take().ok_or(SocketError::NoSuchSocket(id))?;
        self.free.push(id.index);
        self.bound.retain(|_, bound| *bound != id);
        self.wakeups.retain(|wakeup| wakeup.socket != id);
        self.starved.retain(|starved| *starved != id);
        Ok(socket)
    }

    /// The socket that a packet for a local address belongs to: the most precisely bound one.
    fn at(&self, kind: SocketKind, local: SocketAddr) -> Option<SocketId> {
        let any: IpAddr = match local.ip() {
            IpAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let both = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        [local.ip(), any, both].into_iter().find_map(|ip| self.bound.get(&(kind, local.port(), ip)).copied())
    }

    /// Whether a local address, perhaps an unspecified one (`::` stands for IPv4 too), meets one that is bound.
    fn meets(&self, kind: SocketKind, local: SocketAddr) -> bool {
        let all = |ip: IpAddr| ip == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let overlap = |one: IpAddr, two: IpAddr| {
            let same_family = one.is_ipv4() == two.is_ipv4();
            all(one)
                || all(two)
                || same_family && (one == two || one.is_unspecified() || two.is_unspecified())
        };
        let least = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
        let port = self.bound.range((kind, local.port(), least)..);
        port.take_while(|((of, port, _), _)| (*of, *port) == (kind, local.port()))
            .any(|((_, _, ip), _)| overlap(*ip, local.ip()))
    }

    /// A free port for a local address: `taken` is asked about each.
    fn ephemeral(&mut self, taken: impl Fn(&Self, u16) -> bool) -> Result<u16, SocketError> {
        for _ in 0..EPHEMERAL.1 {
            let port = EPHEMERAL.0 + self.next_port;
            self.next_port = (self.next_port + 1) % EPHEMERAL.1;
            if !taken(self, port) {
                return Ok(port);
            }
        }
        Err(SocketError::NoRoom { what: "ports", most: u32::from(EPHEMERAL.1) })
    }

    /// The listener for a connection between these ends.
    pub(super) fn listener(&self, ends: &Ends) -> Option<SocketId> {
        let id = self.at(SocketKind::Stream, ends.local)?;
        matches!(self.get(id).ok()?.stage, Stage::Listener { .. }).then_some(id)
    }

    /// Whether a listener takes another connection.
    pub(super) fn backlog_has_room(&self, id: SocketId) -> bool {
        match self.get(id).map(|socket| &socket.stage) {
            Ok(Stage::Listener { backlog, half_open, ready }) => half_open + (ready.len() as u32) < *backlog,
            _ => false,
        }
    }

    /// Counts a listener's connections that are not established yet.
    pub(super) fn half_open(&mut self, id: SocketId, change: i32) {
        if let Ok(Socket { stage: Stage::Listener { half_open, .. }, .. }) = self.get_mut(id) {
            *half_open = half_open.saturating_add_signed(change);
        }
    }

    /// Puts an established connection into a listener's backlog, and wakes one thread that waits for it.
    pub(super) fn ready_to_accept(&mut self, id: SocketId, connection: ConnectionId) {
        let Ok(socket) = self.get_mut(id) else { return };
        if let Stage::Listener { ready, .. } = &mut socket.stage {
            ready.push_back(connection);
        }
        if let Some((thread, _)) = socket.waiting.pop_front() {
            self.wakeups.push_back(Wakeup { thread, socket: id });
        }
    }

    /// Wakes all threads that wait for what the socket is ready for now.
    fn wake(&mut self, id: SocketId, ready: Readiness) {
        let Ok(socket) = self.get_mut(id) else { return };
        let mut woken = VecDeque::new();
        socket.waiting.retain(|(thread, wanted)| {
            let stays = !wanted.and(ready).any();
            if !stays {
                woken.push_back(Wakeup { thread: *thread, socket: id });
            }
            stays
        });
        self.wakeups.append(&mut woken);
    }

    /// Remembers that a thread waits.
    fn wait(&mut self, id: SocketId, thread: ThreadId, wanted: Readiness) {
        let Ok(socket) = self.get_mut(id) else { return };
        match socket.waiting.iter_mut().find(|(waiting, _)| *waiting == thread) {
            Some((_, known)) => {
                known.readable |= wanted.readable;
                known.writable |= wanted.writable;
            }
            None => socket.waiting.push_back((thread, wanted)),
        }
    }
}

impl<B: Buffers> Stack<B> {
    /// `socket()`.
    ///
    /// # Errors
    /// [`SocketError::NoRoom`].
    pub fn socket(&mut self, kind: SocketKind) -> Result<SocketId, SocketError> {
        self.socket_room()?;
        Ok(self.sockets.insert(Stage::Fresh { kind }, None))
    }

    fn socket_room(&self) -> Result<(), SocketError> {
        let most = self.config.max_sockets;
        if self.sockets.len() < most { Ok(()) } else { Err(SocketError::NoRoom { what: "sockets", most }) }
    }

    /// `bind()`: to one of this host's addresses or the unspecified one (`::` takes IPv4 as well); port 0 picks a free one.
    /// A datagram socket receives from now on. Returns the address.
    ///
    /// # Errors
    /// [`SocketError::NotOurs`], [`SocketError::InUse`], [`SocketError::NoRoom`], [`SocketError::Unsuitable`].
    pub fn bind(&mut self, id: SocketId, address: SocketAddr) -> Result<SocketAddr, SocketError> {
        let socket = self.sockets.get(id)?;
        let (Stage::Fresh { kind }, None) = (&socket.stage, socket.local) else {
            return Err(SocketError::Unsuitable { kind: socket.stage.name(), call: "be bound again" });
        };
        let kind = *kind;
        if !address.ip().is_unspecified() && !self.interface.is_ours(address.ip()) {
            return Err(SocketError::NotOurs(address));
        }
        let mut address = address;
        if address.port() == 0 {
            let at = |port| SocketAddr::new(address.ip(), port);
            let port = self.sockets.ephemeral(|sockets, port| sockets.meets(kind, at(port)))?;
            address.set_port(port);
        } else if self.sockets.meets(kind, address) {
            return Err(SocketError::InUse(address));
        }
        self.sockets.bound.insert((kind, address.port(), address.ip()), id);
        let socket = self.sockets.get_mut(id)?;
        socket.local = Some(address);
        if kind != SocketKind::Stream {
            socket.stage = Stage::Datagrams(Datagrams::new(kind));
        }
        Ok(address)
    }

    /// The address that a socket has on this host, once it has one.
    ///
    /// # Errors
    /// [`SocketError::NoSuchSocket`].
    pub fn local_address(&self, id: SocketId) -> Result<Option<SocketAddr>, SocketError> {
        Ok(self.sockets.get(id)?.local)
    }

    /// The address of the peer, once there is one.
    ///
    /// # Errors
    /// [`SocketError::NoSuchSocket`].
    pub fn peer_address(&self, id: SocketId) -> Result<Option<SocketAddr>, SocketError> {
        Ok(match &self.sockets.get(id)?.stage {
            Stage::Stream { connection, .. } => {
                self.connections.get(*connection).map(|entry| entry.ends.remote)
            }
            Stage::Datagrams(datagrams) => datagrams.remote,
            Stage::Fresh { .. } | Stage::Listener { .. } => None,
        })
    }

    /// `poll()` of one socket, without waiting.
    ///
    /// # Errors
    /// [`SocketError::NoSuchSocket`].
    pub fn readiness(&self, id: SocketId) -> Result<Readiness, SocketError> {
        let socket = self.sockets.get(id)?;
        Ok(match &socket.stage {
            Stage::Fresh { .. } => Readiness::default(),
            Stage::Datagrams(datagrams) => datagrams.readiness(),
            Stage::Listener { ready, .. } => Readiness { readable: !ready.is_empty(), writable: false },
            Stage::Stream { connection, unread } => self.stream_readiness(*connection, !unread.is_empty()),
        })
    }

    /// `poll()`: those of the sockets that are ready for what is wanted of them, in the order given. If none is, the thread
    /// is woken when one becomes ready.
    ///
    /// # Errors
    /// [`SocketError::WouldBlock`], [`SocketError::NoSuchSocket`].
    pub fn poll_sockets(
        &mut self,
        thread: ThreadId,
        wanted: &[(SocketId, Readiness)],
    ) -> Result<Vec<(SocketId, Readiness)>, SocketError> {
        let mut ready = Vec::new();
        for (id, wanted) in wanted {
            let now = self.readiness(*id)?.and(*wanted);
            if now.any() {
                ready.push((*id, now));
            }
        }
        if !ready.is_empty() {
            return Ok(ready);
        }
        for (id, wanted) in wanted {
            self.sockets.wait(*id, thread, *wanted);
        }
        Err(SocketError::WouldBlock)
    }

    /// The next thread that may go on, in the order in which what they waited for happened.
    pub fn next_wakeup(&mut self) -> Option<Wakeup> {
        self.sockets.wakeups.pop_front()
    }

    /// `close()`: the socket is gone; a connection finishes by itself, a listener's unaccepted ones are reset.
    ///
    /// # Errors
    /// [`SocketError::NoSuchSocket`].
    pub fn close(&mut self, now: u64, id: SocketId) -> Result<(), SocketError> {
        match self.sockets.remove(id)?.stage {
            Stage::Fresh { .. } => {}
            Stage::Datagrams(datagrams) => {
                for chunk in datagrams.chunks() {
                    self.buffers.release(chunk.payload);
                }
            }
            Stage::Listener { ready, .. } => {
                for connection in ready {
                    self.abort(now, connection);
                }
                self.abort_half_open(now, id);
            }
            Stage::Stream { connection, unread } => {
                // Bytes that nobody read are worth a reset, as those still in the queue are (RFC 2525 section 2.17).
                if unread.is_empty() {
                    self.orphan(now, connection);
                } else {
                    self.release(&Vec::from(unread));
                    self.abort(now, connection);
                }
            }
        }
        Ok(())
    }

    /// Wakes who waits for a socket, if it is ready.
    pub(super) fn wake(&mut self, id: SocketId) {
        if let Ok(ready) = self.readiness(id)
            && ready.any()
        {
            self.sockets.wake(id, ready);
        }
    }

    fn would_block<T>(
        &mut self,
        id: SocketId,
        thread: ThreadId,
        wanted: Readiness,
    ) -> Result<T, SocketError> {
        self.sockets.wait(id, thread, wanted);
        Err(SocketError::WouldBlock)
    }
}
