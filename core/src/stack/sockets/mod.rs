//! Sockets as applications know them (POSIX.1-2017 section 2.10), for many threads, in simulated time: a call that would
//! wait answers [`SocketError::WouldBlock`] and remembers who called; when the socket is ready the thread's wakeup can be
//! taken with [`Stack::next_wakeup`]. A thread that waited for several sockets may be woken for each. After calls that send, the owner of the stack calls [`Stack::poll`].

mod datagram;
mod error;
mod file;
mod splice;
mod stream;
mod table;

use std::collections::VecDeque;
use std::net::SocketAddr;

pub use error::SocketError;
pub use file::File;
pub use stream::Shutdown;

use super::chunk::Chunk;
use super::connections::ConnectionId;
use super::host::Stack;
use crate::buffers::Buffers;
use datagram::Datagrams;
pub(super) use table::Sockets;

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
    /// A TCP connection; `unread` was taken off its queue and not delivered. With `deaf`, the application has shut the
    /// receiving direction down.
    Stream { connection: ConnectionId, unread: VecDeque<Chunk>, deaf: bool },
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
            Stage::Stream { connection, unread, deaf } => {
                self.stream_readiness(*connection, *deaf || !unread.is_empty())
            }
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
            Stage::Stream { connection, unread, .. } => {
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
