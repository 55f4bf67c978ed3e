//! Datagram sockets: UDP, and ICMP echo. The receive queue is bounded by bytes, bookkeeping included.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use super::{Readiness, SocketError, SocketId, SocketKind, Stage, ThreadId};
use crate::buffers::{Buffers, Chunk, FlowId, UserId};
use crate::stack::DropReason;
use crate::stack::chunk::{self, Ends};
use crate::stack::host::Stack;
use crate::stack::link::{HOPS, Message, Traffic};
use crate::stack::wire::{Echo, IcmpError, Ip, Stop, UDP_BYTES, UDP_CHECKSUM, Udp, protocol};

/// What a datagram's bookkeeping counts for in its queue: a datagram without payload is not free.
const OVERHEAD: u32 = 256;
/// Longest IP packet that carries a datagram, less the headers.
const MOST_V4: u32 = 65_535 - 20 - UDP_BYTES;
const MOST_V6: u32 = 65_535 - UDP_BYTES;

#[derive(Clone, Debug)]
struct Received {
    from: SocketAddr,
    chunks: Vec<Chunk>,
}

/// How a datagram leaves: between which addresses, from which port, and by which queue.
struct Route {
    source: IpAddr,
    remote: SocketAddr,
    port: u16,
    queue: u16,
}

/// A datagram socket's state.
#[derive(Clone, Debug)]
pub(super) struct Datagrams {
    kind: SocketKind,
    pub(super) remote: Option<SocketAddr>,
    queue: VecDeque<Received>,
    bytes: u32,
    /// An ICMP error about something that was sent.
    error: bool,
    /// Echo: the next request's number.
    sequence: u16,
}

impl Datagrams {
    pub(super) fn new(kind: SocketKind) -> Self {
        Self { kind, remote: None, queue: VecDeque::new(), bytes: 0, error: false, sequence: 0 }
    }

    pub(super) fn readiness(&self) -> Readiness {
        Readiness { readable: self.error || !self.queue.is_empty(), writable: true }
    }

    /// All that waits.
    pub(super) fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.queue.iter().flat_map(|received| &received.chunks)
    }
}

impl<B: Buffers> Stack<B> {
    /// Sets the peer of a datagram socket, and binds it if it is not bound: only its datagrams are received, and ICMP
    /// errors about it are reported.
    pub(super) fn connect_datagrams(&mut self, id: SocketId, remote: SocketAddr) -> Result<(), SocketError> {
        self.datagrams(id, "connect")?.remote = Some(remote);
        Ok(())
    }

    /// A datagram socket's state; one that is not bound gets a port.
    fn datagrams(&mut self, id: SocketId, call: &'static str) -> Result<&mut Datagrams, SocketError> {
        if matches!(
            self.sockets.get(id)?.stage,
            Stage::Fresh { kind: SocketKind::Datagram | SocketKind::Echo }
        ) {
            self.bind(id, SocketAddr::new(std::net::Ipv6Addr::UNSPECIFIED.into(), 0))?;
        }
        match &mut self.sockets.get_mut(id)?.stage {
            Stage::Datagrams(datagrams) => Ok(datagrams),
            stage => Err(SocketError::Unsuitable { kind: stage.name(), call }),
        }
    }

    /// `sendto()`: sends bytes `range` of the buffer, as they are now, as one datagram (or one echo request) to `remote`,
    /// or to the peer that `connect` set. Longer ones than the MTU go in fragments.
    ///
    /// # Errors
    /// [`SocketError::WouldBlock`] when the queue before the NIC is full, [`SocketError::NoRoute`],
    /// [`SocketError::TooLong`], [`SocketError::Unreachable`], [`SocketError::Buffers`], [`SocketError::Unsuitable`].
    pub fn send_to(
        &mut self,
        now: u64,
        id: SocketId,
        thread: ThreadId,
        user: UserId,
        range: Range<u64>,
        remote: Option<SocketAddr>,
    ) -> Result<(), SocketError> {
        let len = range.end.saturating_sub(range.start);
        let route = self.route(id, thread, len, remote)?;
        let payload = self.buffers.send(FlowId(id.index()), user, range)?;
        self.send_payload(now, id, &route, Chunk { payload, offset: 0, len: len as u32 })
    }

    /// `sendto()` of a buffer in conventional memory, which every scheme copies.
    ///
    /// # Errors
    /// As [`Stack::send_to`].
    pub fn send_to_conventional(
        &mut self,
        now: u64,
        id: SocketId,
        thread: ThreadId,
        bytes: &[u8],
        remote: Option<SocketAddr>,
    ) -> Result<(), SocketError> {
        let route = self.route(id, thread, bytes.len() as u64, remote)?;
        let payload = self.buffers.send_conventional(FlowId(id.index()), bytes)?;
        self.send_payload(now, id, &route, Chunk { payload, offset: 0, len: bytes.len() as u32 })
    }

    /// How a datagram of `len` bytes leaves, if it can now.
    fn route(
        &mut self,
        id: SocketId,
        thread: ThreadId,
        len: u64,
        remote: Option<SocketAddr>,
    ) -> Result<Route, SocketError> {
        let datagrams = self.datagrams(id, "send datagrams")?;
        if std::mem::take(&mut datagrams.error) {
            return Err(SocketError::Unreachable);
        }
        let peer = datagrams.remote;
        let Some(remote) = remote.or(peer) else {
            return Err(SocketError::Unsuitable { kind: "datagram socket without peer", call: "send" });
        };
        let most = if remote.is_ipv4() { MOST_V4 } else { MOST_V6 };
        if len > u64::from(most) {
            return Err(SocketError::TooLong { len, most });
        }
        let local = self.sockets.get(id)?.local;
        let source = match local.map(|local| local.ip()).filter(|ip| !ip.is_unspecified()) {
            Some(ip) => Some(ip).filter(|ip| ip.is_ipv4() == remote.is_ipv4()),
            None => self.interface.source_for(remote.ip()),
        };
        let (Some(source), Some(_)) = (source, self.interface.next_hop(remote.ip())) else {
            return Err(SocketError::NoRoute(remote));
        };
        let queue = (thread.0 % u32::from(self.config.queues.max(1))) as u16;
        if !self.has_room(queue, Traffic::Datagram) {
            self.sockets.starve(queue, id);
            return self.would_block(id, thread, Readiness::WRITABLE);
        }
        Ok(Route { source, remote, port: local.map_or(0, |local| local.port()), queue })
    }

    /// Sends a datagram, whose one holder is given up.
    fn send_payload(
        &mut self,
        now: u64,
        id: SocketId,
        route: &Route,
        chunk: Chunk,
    ) -> Result<(), SocketError> {
        let Route { source, remote, port, queue } = *route;
        let datagrams = self.datagrams(id, "send datagrams")?;
        let (kind, sequence) = (datagrams.kind, datagrams.sequence);
        let chunks = if chunk.len == 0 { &[][..] } else { std::slice::from_ref(&chunk) };
        let sent = match kind {
            SocketKind::Echo => {
                let echo = Echo { reply: false, ident: port, sequence };
                self.datagrams(id, "send datagrams")?.sequence = sequence.wrapping_add(1);
                self.send_echo(now, (source, remote.ip()), echo, chunks, queue);
                Ok(())
            }
            SocketKind::Stream | SocketKind::Datagram => {
                let len = (chunk.len + UDP_BYTES) as u16;
                let udp = Udp { source: port, destination: remote.port(), len, checksum: 0 };
                let message = Message {
                    source,
                    destination: remote.ip(),
                    protocol: protocol::UDP,
                    hop_limit: HOPS,
                    header: udp.write(),
                    checksum: (UDP_CHECKSUM, true),
                    chunks,
                    queue,
                    traffic: Traffic::Datagram,
                };
                self.send_ip(now, message)
            }
        };
        self.buffers.release(chunk.payload);
        Ok(sent?)
    }

    /// `recvfrom()`: the oldest datagram of the queue as one buffer, and who sent it (an echo reply: port 0).
    ///
    /// # Errors
    /// [`SocketError::WouldBlock`], [`SocketError::Unreachable`], [`SocketError::Buffers`] (the datagram stays),
    /// [`SocketError::Unsuitable`].
    pub fn recv_from(&mut self, id: SocketId, thread: ThreadId) -> Result<(UserId, SocketAddr), SocketError> {
        let received = self.take_datagram(id, thread)?;
        match self.buffers.recv(&received.chunks) {
            Ok(user) => {
                self.release(&received.chunks);
                Ok((user, received.from))
            }
            Err(error) => self.put_datagram_back(id, received, error),
        }
    }

    /// The same as buffers that lie as the fragments did: no byte is moved where the scheme can hand them over by
    /// reference.
    ///
    /// # Errors
    /// As [`Stack::recv_from`].
    pub fn recv_segments_from(
        &mut self,
        id: SocketId,
        thread: ThreadId,
    ) -> Result<(Vec<UserId>, SocketAddr), SocketError> {
        let received = self.take_datagram(id, thread)?;
        match self.buffers.recv_segments(&received.chunks) {
            Ok(users) => {
                self.release(&received.chunks);
                Ok((users, received.from))
            }
            Err(error) => self.put_datagram_back(id, received, error),
        }
    }

    /// `recvfrom()` into a buffer in conventional memory, which every scheme copies to: how many bytes were put at its
    /// beginning, and who sent them. What has no room is lost (POSIX.1-2017, `recvfrom()`).
    ///
    /// # Errors
    /// As [`Stack::recv_from`].
    pub fn recv_from_conventional(
        &mut self,
        id: SocketId,
        thread: ThreadId,
        out: &mut [u8],
    ) -> Result<(u64, SocketAddr), SocketError> {
        let received = self.take_datagram(id, thread)?;
        let room = u32::try_from(out.len()).unwrap_or(u32::MAX);
        let pieces = chunk::slice(&received.chunks, 0, room, usize::MAX);
        let len = chunk::total(&pieces);
        match self.buffers.recv_conventional(&pieces, &mut out[..len as usize]) {
            Ok(()) => {
                self.release(&received.chunks);
                Ok((len.into(), received.from))
            }
            Err(error) => self.put_datagram_back(id, received, error),
        }
    }

    fn take_datagram(&mut self, id: SocketId, thread: ThreadId) -> Result<Received, SocketError> {
        let datagrams = self.datagrams(id, "receive datagrams")?;
        if std::mem::take(&mut datagrams.error) {
            return Err(SocketError::Unreachable);
        }
        match datagrams.queue.pop_front() {
            Some(received) => {
                datagrams.bytes -= chunk::total(&received.chunks) + OVERHEAD;
                Ok(received)
            }
            None => self.would_block(id, thread, Readiness::READABLE),
        }
    }

    fn put_datagram_back<T>(
        &mut self,
        id: SocketId,
        received: Received,
        error: crate::buffers::BufferError,
    ) -> Result<T, SocketError> {
        let datagrams = self.datagrams(id, "receive datagrams")?;
        datagrams.bytes += chunk::total(&received.chunks) + OVERHEAD;
        datagrams.queue.push_front(received);
        Err(error.into())
    }

    /// The socket that a datagram of `len` bytes between these ends belongs to, if it has room for it.
    pub(in crate::stack) fn datagram_socket(&self, ends: &Ends, len: u32) -> Result<SocketId, DropReason> {
        self.datagram_receiver(SocketKind::Datagram, ends.local, Some(ends.remote), len)
    }

    fn datagram_receiver(
        &self,
        kind: SocketKind,
        local: SocketAddr,
        remote: Option<SocketAddr>,
        len: u32,
    ) -> Result<SocketId, DropReason> {
        // What is sent to a group or broadcast concerns sockets that are bound to no address of their own.
        let id = self.sockets.at(kind, local).ok_or(DropReason::NoSocket)?;
        let Ok(Stage::Datagrams(datagrams)) = self.sockets.get(id).map(|socket| &socket.stage) else {
            return Err(DropReason::NoSocket);
        };
        if remote.is_some() && datagrams.remote.is_some() && datagrams.remote != remote {
            return Err(DropReason::NoSocket);
        }
        if datagrams.bytes + len + OVERHEAD > self.config.datagram_buffer {
            return Err(DropReason::ReceiveQueueFull);
        }
        Ok(id)
    }

    /// The socket that waits for an echo reply.
    pub(in crate::stack) fn echo_socket(&self, ip: &Ip, echo: Echo) -> Result<SocketId, Stop> {
        let local = SocketAddr::new(ip.destination, echo.ident);
        self.datagram_receiver(SocketKind::Echo, local, None, ip.len()).map_err(Stop::Drop)
    }

    /// A datagram for a socket that has room for it; its holders go to the socket.
    pub(in crate::stack) fn datagram_received(&mut self, id: SocketId, from: SocketAddr, chunks: &[Chunk]) {
        let Ok(Stage::Datagrams(datagrams)) = self.sockets.get_mut(id).map(|socket| &mut socket.stage) else {
            self.drops.add(DropReason::NoSocket);
            return self.release(chunks);
        };
        datagrams.bytes += chunk::total(chunks) + OVERHEAD;
        datagrams.queue.push_back(Received { from, chunks: Vec::from(chunks) });
        self.wake(id);
    }

    /// An ICMP error about a datagram that was sent: a socket that named its peer learns it.
    pub(in crate::stack) fn datagram_unreachable(
        &mut self,
        ends: &Ends,
        error: IcmpError,
    ) -> Result<(), Stop> {
        let ignored = Err(Stop::Drop(DropReason::IcmpIgnored));
        let Some(id) = self.sockets.at(SocketKind::Datagram, ends.local) else { return ignored };
        let Ok(Stage::Datagrams(datagrams)) = self.sockets.get_mut(id).map(|socket| &mut socket.stage) else {
            return ignored;
        };
        let hard = matches!(error, IcmpError::PortUnreachable | IcmpError::HostUnreachable);
        if !hard || datagrams.remote != Some(ends.remote) {
            return ignored;
        }
        datagrams.error = true;
        self.wake(id);
        Ok(())
    }

    /// Wakes who waits to send datagrams by a queue that has room again.
    pub(in crate::stack) fn wake_starved(&mut self) {
        for (queue, id) in std::mem::take(&mut self.sockets.starved) {
            if self.has_room(queue, Traffic::Datagram) {
                self.sockets.wake(id, Readiness::WRITABLE);
            } else {
                self.sockets.starved.push_back((queue, id));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_datagrams_fit_ip_packets() {
        assert_eq!((MOST_V4, MOST_V6), (65_507, 65_527));
    }

    #[test]
    fn a_datagram_without_payload_is_one() {
        let from = SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), 9);
        let mut datagrams = Datagrams::new(SocketKind::Datagram);
        assert!(!datagrams.readiness().readable);
        datagrams.queue.push_back(Received { from, chunks: Vec::new() });
        assert!(datagrams.readiness().readable);
    }
}
