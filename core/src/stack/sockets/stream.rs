//! Stream sockets: listen, accept, connect, send, recv, shutdown.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;

use super::{Readiness, Socket, SocketError, SocketId, SocketKind, Stage, ThreadId};
use crate::buffers::{Buffers, Chunk, FlowId, UserId};
use crate::stack::chunk::{self, Ends};
use crate::stack::connections::{ConnectionId, Owner};
use crate::stack::host::Stack;
use crate::stack::tcp::{State, WriteError};

/// Longest accept queue that `listen()` grants (Linux: SOMAXCONN, 4,096).
const MAX_BACKLOG: u32 = 4096;

/// Which directions `shutdown()` closes (POSIX.1-2017, `shutdown()`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// `SHUT_RD`: no call waits for bytes any more. What has arrived can still be read, and then the stream ends. The peer is
    /// not told (TCP has no means to), and may send into the receive buffer until it is full.
    Receive,
    /// `SHUT_WR`: no more will be sent. The peer sees the end of the stream.
    Send,
    /// `SHUT_RDWR`: both.
    Both,
}

impl<B: Buffers> Stack<B> {
    /// `listen()`: the bound socket accepts connections; `backlog` of them may wait, half-open ones included.
    ///
    /// # Errors
    /// [`SocketError::Unsuitable`] for a socket that is not a bound stream socket.
    pub fn listen(&mut self, id: SocketId, backlog: u32) -> Result<(), SocketError> {
        let socket = self.sockets.get_mut(id)?;
        match (&socket.stage, socket.local) {
            (Stage::Fresh { kind: SocketKind::Stream }, Some(_)) => {
                let backlog = backlog.clamp(1, MAX_BACKLOG);
                socket.stage = Stage::Listener { backlog, half_open: 0, ready: VecDeque::new() };
                Ok(())
            }
            (stage, _) => Err(SocketError::Unsuitable { kind: stage.name(), call: "listen" }),
        }
    }

    /// `accept()`: a socket for the longest established connection of the backlog.
    ///
    /// # Errors
    /// [`SocketError::WouldBlock`], [`SocketError::NoRoom`], [`SocketError::Unsuitable`].
    pub fn accept(&mut self, id: SocketId, thread: ThreadId) -> Result<SocketId, SocketError> {
        self.socket_room()?;
        let socket = self.sockets.get_mut(id)?;
        let Stage::Listener { ready, .. } = &mut socket.stage else {
            return Err(SocketError::Unsuitable { kind: socket.stage.name(), call: "accept" });
        };
        let Some(connection) = ready.pop_front() else {
            return self.would_block(id, thread, Readiness::READABLE);
        };
        let local = self.connections.get(connection).map(|entry| entry.ends.local);
        let accepted =
            self.sockets.insert(Stage::Stream { connection, unread: VecDeque::new(), deaf: false }, local);
        if let Some(entry) = self.connections.get_mut(connection) {
            entry.owner = Owner::Socket(accepted);
        }
        Ok(accepted)
    }

    /// `connect()`: opens a connection, or sets a datagram socket's peer. A stream socket is writable once the connection
    /// is open; a `send` before waits in the queue.
    ///
    /// # Errors
    /// [`SocketError::NoRoute`], [`SocketError::InUse`], [`SocketError::NoRoom`], [`SocketError::Unsuitable`].
    pub fn connect(&mut self, now: u64, id: SocketId, remote: SocketAddr) -> Result<(), SocketError> {
        let socket = self.sockets.get(id)?;
        match socket.stage {
            Stage::Fresh { kind: SocketKind::Stream } => {}
            Stage::Fresh { .. } | Stage::Datagrams(_) => return self.connect_datagrams(id, remote),
            _ => return Err(SocketError::Unsuitable { kind: socket.stage.name(), call: "connect" }),
        }
        let unspecified = remote.port() == 0 || remote.ip().is_multicast();
        let source = self.interface.source_for(remote.ip());
        let (Some(source), Some(_), false) = (source, self.interface.next_hop(remote.ip()), unspecified)
        else {
            return Err(SocketError::NoRoute(remote));
        };
        let bound = socket.local;
        let ip = bound.map(|local| local.ip()).filter(|ip| !ip.is_unspecified()).unwrap_or(source);
        if ip.is_ipv4() != remote.is_ipv4() {
            return Err(SocketError::NoRoute(remote));
        }
        let port = match bound {
            Some(local) => local.port(),
            None => {
                let connections = &self.connections;
                self.sockets.ephemeral(|sockets, port| {
                    let local = SocketAddr::new(ip, port);
                    connections.in_use(&Ends { local, remote }) || sockets.meets(SocketKind::Stream, local)
                })?
            }
        };
        let local = SocketAddr::new(ip, port);
        let ends = Ends { local, remote };
        if self.connections.in_use(&ends) {
            return Err(SocketError::InUse(local));
        }
        let most = self.config.max_connections;
        let connection = self.open(now, ends, id).ok_or(SocketError::NoRoom { what: "connections", most })?;
        let socket = self.sockets.get_mut(id)?;
        socket.local = Some(local);
        socket.stage = Stage::Stream { connection, unread: VecDeque::new(), deaf: false };
        Ok(())
    }

    /// `send()` on a stream: takes over as many bytes of the buffer's `range` as the send queue has room for, at least one,
    /// as they are now. Returns how many.
    ///
    /// # Errors
    /// [`SocketError::WouldBlock`] when the queue is full, [`SocketError::Closed`], [`SocketError::Failed`],
    /// [`SocketError::Buffers`], [`SocketError::Unsuitable`].
    pub fn send(
        &mut self,
        id: SocketId,
        thread: ThreadId,
        user: UserId,
        range: Range<u64>,
    ) -> Result<u64, SocketError> {
        let (connection, len) = self.room(id, thread, range.end.saturating_sub(range.start))?;
        if len == 0 {
            return Ok(0);
        }
        let flow = FlowId(id.index());
        let payload = self.buffers.send(flow, user, range.start..range.start + u64::from(len))?;
        self.write_chunk(connection, Chunk { payload, offset: 0, len })
    }

    /// `send()` of a buffer in conventional memory, which every scheme copies.
    ///
    /// # Errors
    /// As [`Stack::send`].
    pub fn send_conventional(
        &mut self,
        id: SocketId,
        thread: ThreadId,
        bytes: &[u8],
    ) -> Result<u64, SocketError> {
        let (connection, len) = self.room(id, thread, bytes.len() as u64)?;
        if len == 0 {
            return Ok(0);
        }
        let payload = self.buffers.send_conventional(FlowId(id.index()), &bytes[..len as usize])?;
        self.write_chunk(connection, Chunk { payload, offset: 0, len })
    }

    /// How many of `wanted` bytes a stream socket's send queue takes: 0 only when none are wanted.
    pub(super) fn room(
        &mut self,
        id: SocketId,
        thread: ThreadId,
        wanted: u64,
    ) -> Result<(ConnectionId, u32), SocketError> {
        let connection = self.stream(id, "send")?;
        let Some(entry) = self.connections.get(connection) else { return Err(SocketError::Closed) };
        if let Some(failure) = entry.tcp.failure() {
            return Err(failure.into());
        }
        if !entry.tcp.may_write() {
            return Err(SocketError::Closed);
        }
        let room = u64::from(entry.tcp.writable());
        if wanted > 0 && room == 0 {
            return self.would_block(id, thread, Readiness::WRITABLE);
        }
        Ok((connection, wanted.min(room) as u32))
    }

    /// Puts a chunk, with its holder, into the send queue of a connection that has room for it.
    pub(super) fn write_chunk(&mut self, connection: ConnectionId, chunk: Chunk) -> Result<u64, SocketError> {
        let written = match self.connections.get_mut(connection) {
            Some(entry) => entry.tcp.write(chunk),
            None => Err(WriteError::Closed),
        };
        match written {
            Ok(()) => {
                self.connections.take_turn(connection);
                Ok(u64::from(chunk.len))
            }
            Err(_) => {
                self.buffers.release(chunk.payload);
                Err(SocketError::Closed)
            }
        }
    }

    /// `recv()` on a stream into one contiguous buffer of at most `max` bytes; None is the end of the stream.
    ///
    /// # Errors
    /// [`SocketError::WouldBlock`], [`SocketError::Failed`], [`SocketError::Buffers`] (the bytes stay for the next call),
    /// [`SocketError::Unsuitable`].
    pub fn recv(
        &mut self,
        now: u64,
        id: SocketId,
        thread: ThreadId,
        max: u32,
    ) -> Result<Option<UserId>, SocketError> {
        let Some(chunks) = self.take(now, id, thread, max)? else { return Ok(None) };
        match self.buffers.recv(&chunks) {
            Ok(user) => {
                self.release(&chunks);
                Ok(Some(user))
            }
            Err(error) => {
                self.put_back(id, chunks);
                Err(error.into())
            }
        }
    }

    /// `recv()` on a stream as buffers that lie as the segments did: no byte is moved where the scheme can hand them over
    /// by reference. None is the end of the stream.
    ///
    /// # Errors
    /// As [`Stack::recv`].
    pub fn recv_segments(
        &mut self,
        now: u64,
        id: SocketId,
        thread: ThreadId,
        max: u32,
    ) -> Result<Option<Vec<UserId>>, SocketError> {
        let Some(chunks) = self.take(now, id, thread, max)? else { return Ok(None) };
        match self.buffers.recv_segments(&chunks) {
            Ok(users) => {
                self.release(&chunks);
                Ok(Some(users))
            }
            Err(error) => {
                self.put_back(id, chunks);
                Err(error.into())
            }
        }
    }

    /// `recv()` on a stream into a buffer in conventional memory, which every scheme copies to: how many bytes were put at
    /// its beginning, as many as there are and have room. 0 is the end of the stream, and all that an empty buffer gets.
    ///
    /// # Errors
    /// As [`Stack::recv`].
    pub fn recv_conventional(
        &mut self,
        now: u64,
        id: SocketId,
        thread: ThreadId,
        out: &mut [u8],
    ) -> Result<u64, SocketError> {
        self.stream(id, "receive")?;
        let max = u32::try_from(out.len()).unwrap_or(u32::MAX);
        if max == 0 {
            return Ok(0);
        }
        let Some(chunks) = self.take(now, id, thread, max)? else { return Ok(0) };
        let len = chunk::total(&chunks);
        match self.buffers.recv_conventional(&chunks, &mut out[..len as usize]) {
            Ok(()) => {
                self.release(&chunks);
                Ok(len.into())
            }
            Err(error) => {
                self.put_back(id, chunks);
                Err(error.into())
            }
        }
    }

    /// Takes up to `max` bytes off a stream's receive queue, with their holders: None at the end of the stream, otherwise
    /// at least one byte.
    pub(super) fn take(
        &mut self,
        now: u64,
        id: SocketId,
        thread: ThreadId,
        max: u32,
    ) -> Result<Option<Vec<Chunk>>, SocketError> {
        let connection = self.stream(id, "receive")?;
        let mut chunks = Vec::new();
        let mut left = max.max(1);
        let mut ended = false;
        if let Socket { stage: Stage::Stream { unread, deaf, .. }, .. } = self.sockets.get_mut(id)? {
            ended = *deaf;
            while left > 0
                && let Some(chunk) = unread.pop_front()
            {
                if chunk.len > left {
                    // Both parts need a holder.
                    self.buffers.hold(chunk.payload);
                    unread.push_front(Chunk { offset: chunk.offset + left, len: chunk.len - left, ..chunk });
                }
                let len = chunk.len.min(left);
                chunks.push(Chunk { len, ..chunk });
                left -= len;
            }
        }
        let Some(entry) = self.connections.get_mut(connection) else { return Ok(None) };
        if left > 0 {
            chunks.append(&mut entry.tcp.read(left, &mut self.buffers));
        }
        if !chunks.is_empty() {
            // The window may have opened.
            self.changed(now, connection);
            return Ok(Some(chunks));
        }
        let (failure, tcp) = (entry.tcp.failure(), &entry.tcp);
        let end = ended || tcp.end_of_stream() || tcp.state() == State::Closed;
        match failure {
            Some(failure) => Err(failure.into()),
            None if end => Ok(None),
            None => self.would_block(id, thread, Readiness::READABLE),
        }
    }

    /// Puts chunks that were not delivered before everything else.
    pub(super) fn put_back(&mut self, id: SocketId, chunks: Vec<Chunk>) {
        if let Ok(Socket { stage: Stage::Stream { unread, .. }, .. }) = self.sockets.get_mut(id) {
            for chunk in chunks.into_iter().rev() {
                unread.push_front(chunk);
            }
        }
    }

    /// `shutdown()`: closes one direction or both; the socket stays, with what has arrived and was not read.
    ///
    /// # Errors
    /// [`SocketError::Unsuitable`] for a socket without connection.
    pub fn shutdown(&mut self, now: u64, id: SocketId, how: Shutdown) -> Result<(), SocketError> {
        let connection = self.stream(id, "be shut down")?;
        if how != Shutdown::Send
            && let Socket { stage: Stage::Stream { deaf, .. }, .. } = self.sockets.get_mut(id)?
        {
            *deaf = true;
        }
        if how != Shutdown::Receive
            && let Some(entry) = self.connections.get_mut(connection)
        {
            entry.tcp.shutdown();
        }
        self.changed(now, connection);
        Ok(())
    }

    /// The state of a stream's connection (RFC 9293 section 3.3.2).
    ///
    /// # Errors
    /// [`SocketError::Unsuitable`] for a socket without connection.
    pub fn connection_state(&self, id: SocketId) -> Result<State, SocketError> {
        let connection = self.stream(id, "have a state")?;
        Ok(match self.connections.get(connection) {
            Some(entry) => entry.tcp.state(),
            None => State::Closed,
        })
    }

    pub(super) fn stream(&self, id: SocketId, call: &'static str) -> Result<ConnectionId, SocketError> {
        match &self.sockets.get(id)?.stage {
            Stage::Stream { connection, .. } => Ok(*connection),
            stage => Err(SocketError::Unsuitable { kind: stage.name(), call }),
        }
    }

    /// What a stream is ready for; `answers` when a `recv` does not wait for the connection.
    pub(super) fn stream_readiness(&self, connection: ConnectionId, answers: bool) -> Readiness {
        let Some(entry) = self.connections.get(connection) else { return Readiness::BOTH };
        let tcp = &entry.tcp;
        let ended = tcp.failure().is_some();
        let open = !matches!(tcp.state(), State::SynSent | State::SynReceived);
        Readiness {
            readable: answers || ended || tcp.readable() > 0 || tcp.end_of_stream(),
            writable: ended || open && (tcp.writable() > 0 || !tcp.may_write()),
        }
    }
}
