//! All sockets of a host: by number, by the address they are bound to, with the threads that wait for them.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Readiness, Socket, SocketError, SocketId, SocketKind, Stage, ThreadId, Wakeup};
use crate::random::mix;
use crate::stack::chunk::Ends;
use crate::stack::connections::ConnectionId;

/// First port that is handed out to sockets that name none, and how many there are (RFC 6335 section 6).
const EPHEMERAL: (u16, u16) = (49_152, 16_384);

/// What a local address belongs to.
type Binding = (SocketKind, u16, IpAddr);

/// All sockets.
#[derive(Clone, Debug)]
pub(in crate::stack) struct Sockets {
    slots: Vec<Option<Socket>>,
    free: Vec<u32>,
    generation: u32,
    pub(super) bound: BTreeMap<Binding, SocketId>,
    pub(super) wakeups: VecDeque<Wakeup>,
    /// Datagram sockets that found a queue before the NIC full, and which; each pair once.
    pub(super) starved: VecDeque<(u16, SocketId)>,
    /// Where the search for a free port begins (RFC 6056 section 3.3.1).
    next_port: u16,
}

impl Sockets {
    pub(in crate::stack) fn new(seed: u64) -> Self {
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

    pub(super) fn len(&self) -> u32 {
        (self.slots.len() - self.free.len()) as u32
    }

    pub(super) fn get(&self, id: SocketId) -> Result<&Socket, SocketError> {
        let socket = self.slots.get(id.index as usize).and_then(Option::as_ref);
        socket.filter(|socket| socket.generation == id.generation).ok_or(SocketError::NoSuchSocket(id))
    }

    pub(super) fn get_mut(&mut self, id: SocketId) -> Result<&mut Socket, SocketError> {
        let socket = self.slots.get_mut(id.index as usize).and_then(Option::as_mut);
        socket.filter(|socket| socket.generation == id.generation).ok_or(SocketError::NoSuchSocket(id))
    }

    pub(super) fn insert(&mut self, stage: Stage, local: Option<SocketAddr>) -> SocketId {
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

    pub(super) fn remove(&mut self, id: SocketId) -> Result<Socket, SocketError> {
        self.get(id)?;
        let socket = self.slots[id.index as usize].take().ok_or(SocketError::NoSuchSocket(id))?;
        self.free.push(id.index);
        self.bound.retain(|_, bound| *bound != id);
        self.wakeups.retain(|wakeup| wakeup.socket != id);
        self.starved.retain(|(_, starved)| *starved != id);
        Ok(socket)
    }

    /// The socket that a packet for a local address belongs to: the most precisely bound one.
    pub(super) fn at(&self, kind: SocketKind, local: SocketAddr) -> Option<SocketId> {
        let any: IpAddr = match local.ip() {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let both = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        [local.ip(), any, both].into_iter().find_map(|ip| self.bound.get(&(kind, local.port(), ip)).copied())
    }

    /// Whether a local address, perhaps an unspecified one (`::` stands for IPv4 too), meets one that is bound.
    pub(super) fn meets(&self, kind: SocketKind, local: SocketAddr) -> bool {
        let all = |ip: IpAddr| ip == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let overlap = |one: IpAddr, two: IpAddr| {
            let same_family = one.is_ipv4() == two.is_ipv4();
            all(one)
                || all(two)
                || same_family && (one == two || one.is_unspecified() || two.is_unspecified())
        };
        let least = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let port = self.bound.range((kind, local.port(), least)..);
        port.take_while(|((of, port, _), _)| (*of, *port) == (kind, local.port()))
            .any(|((_, _, ip), _)| overlap(*ip, local.ip()))
    }

    /// A free port for a local address: `taken` is asked about each.
    pub(super) fn ephemeral(&mut self, taken: impl Fn(&Self, u16) -> bool) -> Result<u16, SocketError> {
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
    pub(in crate::stack) fn listener(&self, ends: &Ends) -> Option<SocketId> {
        let id = self.at(SocketKind::Stream, ends.local)?;
        matches!(self.get(id).ok()?.stage, Stage::Listener { .. }).then_some(id)
    }

    /// Whether a listener takes another connection.
    pub(in crate::stack) fn backlog_has_room(&self, id: SocketId) -> bool {
        match self.get(id).map(|socket| &socket.stage) {
            Ok(Stage::Listener { backlog, half_open, ready }) => half_open + (ready.len() as u32) < *backlog,
            _ => false,
        }
    }

    /// Counts a listener's connections that are not established yet.
    pub(in crate::stack) fn half_open(&mut self, id: SocketId, change: i32) {
        if let Ok(Socket { stage: Stage::Listener { half_open, .. }, .. }) = self.get_mut(id) {
            *half_open = half_open.saturating_add_signed(change);
        }
    }

    /// Puts an established connection into a listener's backlog, and wakes one thread that waits for it.
    pub(in crate::stack) fn ready_to_accept(&mut self, id: SocketId, connection: ConnectionId) {
        let Ok(socket) = self.get_mut(id) else { return };
        if let Stage::Listener { ready, .. } = &mut socket.stage {
            ready.push_back(connection);
        }
        if let Some((thread, _)) = socket.waiting.pop_front() {
            self.wakeups.push_back(Wakeup { thread, socket: id });
        }
    }

    /// Wakes all threads that wait for what the socket is ready for now.
    pub(super) fn wake(&mut self, id: SocketId, ready: Readiness) {
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

    /// Remembers that a datagram socket found a queue before the NIC full, however often it does.
    pub(super) fn starve(&mut self, queue: u16, id: SocketId) {
        if !self.starved.contains(&(queue, id)) {
            self.starved.push_back((queue, id));
        }
    }

    /// Remembers that a thread waits.
    pub(super) fn wait(&mut self, id: SocketId, thread: ThreadId, wanted: Readiness) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_keeps_trying_starves_once_a_queue() {
        let mut sockets = Sockets::new(1);
        let id = sockets.insert(Stage::Fresh { kind: SocketKind::Datagram }, None);
        for _ in 0..100 {
            sockets.starve(0, id);
            sockets.starve(1, id);
        }
        assert_eq!(sockets.starved, [(0, id), (1, id)]);
        sockets.remove(id).expect("a socket");
        assert!(sockets.starved.is_empty());
    }
}
