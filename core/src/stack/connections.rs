//! TCP between the IP layer and the sockets: which segment belongs to which connection, who listens, whose timer is due,
//! and whose turn it is to send.

use std::collections::{BTreeMap, VecDeque};

use super::chunk::{self, Chunk, Ends};
use super::host::{Stack, Timers};
use super::link::{Datagram, HOPS, Traffic};
use super::sockets::SocketId;
use super::tcp::{
    self, Connection, Flags, InitialNumbers, Listen, Outgoing, Rejection, Segment, State, Stray,
    TimeWaitTable,
};
use super::wire::{IpOut, Stop, TCP_CHECKSUM, Tcp, protocol, pseudo_header};
use super::{DropReason, tcp::Initial};
use crate::buffers::Buffers;
use crate::random::mix;

/// A connection in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConnectionId(pub(super) u32);

/// Who sees a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// An application, through its socket.
    Socket(SocketId),
    /// A listener, in whose backlog it is; not established yet.
    HalfOpen(SocketId),
    /// A listener, which has it ready for `accept()`.
    Backlog(SocketId),
    /// Nobody any more: it finishes by itself.
    Nobody,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) tcp: Connection,
    pub(super) ends: Ends,
    pub(super) owner: Owner,
    queue: u16,
    /// Its time in the timers.
    due: Option<u64>,
    /// Whether it waits for its turn to send.
    queued: bool,
    /// Whether segments find it.
    listed: bool,
}

/// All connections.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    entries: Vec<Option<Box<Entry>>>,
    free: Vec<u32>,
    by_ends: BTreeMap<Ends, ConnectionId>,
    timers: Timers,
    /// Whose turn it is.
    turns: VecDeque<ConnectionId>,
    /// Whether somebody has come to `turns` since all had theirs.
    eager: bool,
    time_wait: TimeWaitTable<Ends>,
    numbers: InitialNumbers,
    salt: u64,
}

impl Connections {
    pub(super) fn new(seed: u64, max_time_wait: u32) -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
            by_ends: BTreeMap::new(),
            timers: Timers::default(),
            turns: VecDeque::new(),
            eager: false,
            time_wait: TimeWaitTable::new(max_time_wait),
            numbers: InitialNumbers::new(seed),
            salt: mix(seed ^ 0x7175_6575),
        }
    }

    /// Connections that are not in TIME-WAIT.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    pub(super) fn time_wait_len(&self) -> u64 {
        u64::from(self.time_wait.len())
    }

    pub(super) fn next_time(&self) -> Option<u64> {
        let turn = self.eager.then_some(0);
        [turn, self.timers.next_time(), self.time_wait.next_time()].into_iter().flatten().min()
    }

    pub(super) fn expire(&mut self, now: u64) {
        self.time_wait.expire(now);
        while let Some(index) = self.timers.pop_due(now) {
            if let Some(Some(entry)) = self.entries.get_mut(index as usize) {
                entry.due = None;
            }
            self.take_turn(ConnectionId(index));
        }
    }

    pub(super) fn get(&self, id: ConnectionId) -> Option<&Entry> {
        self.entries.get(id.0 as usize)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Entry> {
        self.entries.get_mut(id.0 as usize)?.as_deref_mut()
    }

    /// Whether a new connection between these ends would meet an old one.
    pub(super) fn in_use(&self, ends: &Ends) -> bool {
        self.by_ends.contains_key(ends) || self.time_wait.contains(ends)
    }

    fn insert(&mut self, tcp: Connection, ends: Ends, owner: Owner, queues: u16) -> ConnectionId {
        let ports = u64::from(ends.local.port()) << 16 | u64::from(ends.remote.port());
        let queue = (mix(self.salt ^ ports) % u64::from(queues.max(1))) as u16;
        let entry = Entry { tcp, ends, owner, queue, due: None, queued: false, listed: true };
        let entry = Some(Box::new(entry));
        let index = match self.free.pop() {
            Some(index) => {
                self.entries[index as usize] = entry;
                index
            }
            None => {
                self.entries.push(entry);
                self.entries.len() as u32 - 1
            }
        };
        self.by_ends.insert(ends, ConnectionId(index));
        ConnectionId(index)
    }

    /// Puts a connection at the end of those that want to send.
    pub(super) fn take_turn(&mut self, id: ConnectionId) {
        let Some(entry) = self.get_mut(id) else { return };
        if !entry.queued {
            entry.queued = true;
            self.turns.push_back(id);
            self.eager = true;
        }
    }

    /// Segments no longer find it.
    fn unlist(&mut self, id: ConnectionId) {
        let Some(entry) = self.get_mut(id) else { return };
        if std::mem::take(&mut entry.listed) {
            let ends = entry.ends;
            self.by_ends.remove(&ends);
        }
    }

    fn remove(&mut self, id: ConnectionId) {
        self.unlist(id);
        let Some(entry) = self.entries.get_mut(id.0 as usize).and_then(Option::take) else { return };
        self.timers.set(id.0, entry.due, None);
        if entry.queued {
            self.turns.retain(|turn| *turn != id);
        }
        self.free.push(id.0);
    }
}

impl<B: Buffers> Stack<B> {
    fn tcp_config(&self, ends: &Ends) -> tcp::Config {
        let fixed = if ends.remote.is_ipv4() { 40 } else { 60 };
        tcp::Config { mss: self.config.mtu.saturating_sub(fixed), ..self.config.tcp }
    }

    /// Opens a connection for a socket.
    pub(super) fn open(&mut self, now: u64, ends: Ends, socket: SocketId) -> Option<ConnectionId> {
        if self.connections.len() >= self.config.max_connections as usize {
            return None;
        }
        let initial = self.connections.numbers.draw(now, &ends.bytes());
        let tcp = Connection::connect(&self.tcp_config(&ends), initial);
        let id = self.connections.insert(tcp, ends, Owner::Socket(socket), self.config.queues);
        self.counters.connections += 1;
        self.connections.take_turn(id);
        Some(id)
    }

    /// A segment that arrived; its payload has one holder.
    pub(super) fn segment(&mut self, now: u64, queue: u16, ends: Ends, segment: Segment) {
        if let Some(id) = self.connections.by_ends.get(&ends).copied() {
            return self.connection_segment(now, id, segment);
        }
        let mut least = None;
        match self.connections.time_wait.on_segment(now, &ends, &segment) {
            Stray::Unknown => {}
            Stray::Ignore(why) => {
                self.reject(why);
                return self.release(segment.payload.as_slice());
            }
            Stray::Answer(out, why) => {
                self.reject(Some(why));
                self.send_segment(now, &ends, (queue, Traffic::Control), &out);
                return self.release(segment.payload.as_slice());
            }
            Stray::Reopen { least: number } => least = Some(number),
        }
        let reset = match self.sockets.listener(&ends) {
            Some(listener) => match tcp::listen(&segment) {
                Listen::Accept => {
                    self.half_open(now, listener, ends, &segment, least);
                    None
                }
                Listen::Reset(out) => {
                    self.reject(Some(Rejection::Acknowledgement));
                    Some(out)
                }
                Listen::Ignore(why) => {
                    self.reject(Some(why));
                    None
                }
            },
            None => {
                self.drops.add(DropReason::NoSocket);
                tcp::refuse(&segment)
            }
        };
        if let Some(out) = reset {
            self.counters.resets_sent += 1;
            self.send_segment(now, &ends, (queue, Traffic::Control), &out);
        }
        self.release(segment.payload.as_slice());
    }

    /// A segment whose payload lies in several pieces, put together from fragments: it is as good as several segments that
    /// follow each other.
    pub(super) fn segment_in_pieces(
        &mut self,
        now: u64,
        queue: u16,
        ends: Ends,
        segment: Segment,
        chunks: &[Chunk],
    ) {
        let Some((last, before)) = chunks.split_last() else {
            return self.segment(now, queue, ends, segment);
        };
        let bits = segment.flags.bits();
        let mut seq = segment.seq;
        for (index, piece) in before.iter().enumerate() {
            let first = if index == 0 { bits } else { bits & !Flags::SYN.bits() };
            let flags = Flags::from_bits(first & !(Flags::FIN.bits() | Flags::PSH.bits()));
            self.segment(now, queue, ends, Segment { seq, flags, payload: Some(*piece), ..segment });
            seq = seq.wrapping_add(piece.len + u32::from(flags.has(Flags::SYN)));
        }
        let flags = if before.is_empty() { bits } else { bits & !Flags::SYN.bits() };
        let flags = Flags::from_bits(flags);
        self.segment(now, queue, ends, Segment { seq, flags, payload: Some(*last), ..segment });
    }

    fn connection_segment(&mut self, now: u64, id: ConnectionId, segment: Segment) {
        let Some(entry) = self.connections.get_mut(id) else { return };
        let rejection = entry.tcp.on_segment(now, segment, &mut self.buffers);
        self.reject(rejection);
        self.changed(now, id);
    }

    /// Counts a segment that came to nothing.
    fn reject(&mut self, rejection: Option<Rejection>) {
        if let Some(rejection) = rejection {
            self.drops.add(DropReason::from(rejection));
        }
    }

    /// A SYN for a listener.
    fn half_open(&mut self, now: u64, listener: SocketId, ends: Ends, syn: &Segment, least: Option<u32>) {
        if !self.sockets.backlog_has_room(listener) {
            return self.drops.add(DropReason::BacklogFull);
        }
        if self.connections.len() >= self.config.max_connections as usize {
            return self.drops.add(DropReason::ConnectionLimit);
        }
        let drawn = self.connections.numbers.draw(now, &ends.bytes());
        // Numbers of an old connection between the same ends must not come again (RFC 9293 section 3.4.1).
        let sequence = match least {
            Some(least) if (drawn.sequence.wrapping_sub(least) as i32) < 0 => least,
            _ => drawn.sequence,
        };
        let initial = Initial { sequence, ..drawn };
        self.connections.time_wait.remove(&ends);
        let tcp = Connection::accept(&self.tcp_config(&ends), initial, syn, now);
        let id = self.connections.insert(tcp, ends, Owner::HalfOpen(listener), self.config.queues);
        self.sockets.half_open(listener, 1);
        self.counters.connections += 1;
        self.connections.take_turn(id);
    }

    /// After anything happened to a connection: it takes its turn to send, and who waits for it is woken.
    pub(super) fn changed(&mut self, now: u64, id: ConnectionId) {
        self.connections.take_turn(id);
        self.settle(now, id);
    }

    /// Moves a connection where its state belongs: into the backlog, into TIME-WAIT, out of the table.
    fn settle(&mut self, now: u64, id: ConnectionId) {
        let Some(entry) = self.connections.get_mut(id) else { return };
        let state = entry.tcp.state();
        if state == State::TimeWait
            && let Some(rest) = entry.tcp.take_time_wait()
        {
            let ends = entry.ends;
            self.connections.unlist(id);
            self.connections.time_wait.insert(now, ends, rest);
        }
        let Some(entry) = self.connections.get_mut(id) else { return };
        let finished = entry.tcp.is_finished();
        match entry.owner {
            Owner::HalfOpen(listener) if finished => {
                self.sockets.half_open(listener, -1);
                return self.connections.remove(id);
            }
            Owner::HalfOpen(listener) if !matches!(state, State::SynSent | State::SynReceived) => {
                entry.owner = Owner::Backlog(listener);
                self.sockets.half_open(listener, -1);
                self.sockets.ready_to_accept(listener, id);
            }
            Owner::Socket(socket) => self.wake(socket),
            Owner::Nobody if finished => return self.connections.remove(id),
            Owner::HalfOpen(_) | Owner::Backlog(_) | Owner::Nobody => {}
        }
        if finished {
            self.connections.unlist(id);
        }
        let Some(entry) = self.connections.get_mut(id) else { return };
        let (before, after) = (entry.due, entry.tcp.next_time());
        entry.due = after;
        self.connections.timers.set(id.0, before, after);
    }

    /// Lets each connection that wants to send do so in turn, one segment each time: true when something was sent.
    pub(super) fn poll_connections(&mut self, now: u64) -> bool {
        let mut sent = false;
        // Those whose queue is full keep their place.
        let mut blocked = VecDeque::new();
        while let Some(id) = self.connections.turns.pop_front() {
            let Some(queue) = self.connections.get(id).map(|entry| entry.queue) else { continue };
            if !self.has_room(queue, Traffic::Stream) {
                blocked.push_back(id);
                continue;
            }
            let Some(entry) = self.connections.get_mut(id) else { continue };
            match entry.tcp.poll(now, &mut self.buffers) {
                Some(out) => {
                    let ends = entry.ends;
                    self.connections.turns.push_back(id);
                    self.send_segment(now, &ends, (queue, Traffic::Stream), &out);
                    sent = true;
                }
                None => {
                    entry.queued = false;
                    self.settle(now, id);
                }
            }
        }
        self.connections.turns = blocked;
        self.connections.eager = false;
        sent
    }

    /// Sends one segment, or one send that the NIC cuts into segments.
    fn send_segment(&mut self, now: u64, ends: &Ends, (queue, traffic): (u16, Traffic), out: &Outgoing) {
        let (source, destination) = (ends.local.ip(), ends.remote.ip());
        let mut header = Tcp::write(ends.local.port(), ends.remote.port(), out);
        let carried = chunk::total(out.parts.as_slice());
        let len = header.bytes().len() as u32 + carried;
        let cut = (out.mss > 0 && carried > out.mss).then_some(out.mss as u16);
        let [high, low] = pseudo_header(source, destination, protocol::TCP, len).to_be_bytes();
        let at = usize::from(TCP_CHECKSUM);
        if let [first, second] = &mut header.bytes_mut()[at..at + 2] {
            (*first, *second) = (high, low);
        }
        // The NIC numbers the cuts on from the first one's (RFC 6864 section 4.3 wants no number twice).
        let first = self.ident.wrapping_add(1);
        self.ident = self.ident.wrapping_add(carried.div_ceil(out.mss.max(1)).max(1));
        let ip = IpOut {
            source,
            destination,
            protocol: protocol::TCP,
            hop_limit: HOPS,
            len,
            ident: first as u16,
            dont_fragment: true,
            fragment: None,
        };
        self.hold(out.parts.as_slice());
        let checksum = Some(TCP_CHECKSUM);
        self.output(now, Datagram { ip, header, parts: out.parts, checksum, cut, queue, traffic });
    }

    /// The path takes no larger segments.
    pub(super) fn connection_path_mss(
        &mut self,
        now: u64,
        ends: &Ends,
        seq: u32,
        mss: u16,
    ) -> Result<(), Stop> {
        let Some(id) = self.connections.by_ends.get(ends).copied() else {
            return Err(Stop::Drop(DropReason::NoSocket));
        };
        if let Some(entry) = self.connections.get_mut(id) {
            entry.tcp.on_path_mss(seq, mss);
        }
        self.changed(now, id);
        Ok(())
    }

    /// The peer cannot be reached.
    pub(super) fn connection_unreachable(&mut self, now: u64, ends: &Ends, seq: u32) -> Result<(), Stop> {
        let Some(id) = self.connections.by_ends.get(ends).copied() else {
            return Err(Stop::Drop(DropReason::NoSocket));
        };
        if let Some(entry) = self.connections.get_mut(id) {
            entry.tcp.on_unreachable(seq, &mut self.buffers);
        }
        self.changed(now, id);
        Ok(())
    }

    /// Gives a connection up by its socket: it goes on by itself until it is finished.
    pub(super) fn orphan(&mut self, now: u64, id: ConnectionId) {
        let Some(entry) = self.connections.get_mut(id) else { return };
        entry.owner = Owner::Nobody;
        entry.tcp.close(now, &mut self.buffers);
        self.changed(now, id);
    }

    /// Resets a connection that nobody will see.
    pub(super) fn abort(&mut self, now: u64, id: ConnectionId) {
        let Some(entry) = self.connections.get_mut(id) else { return };
        entry.owner = Owner::Nobody;
        entry.tcp.abort(&mut self.buffers);
        self.changed(now, id);
    }

    /// Resets the connections that a closed listener had half open.
    pub(super) fn abort_half_open(&mut self, now: u64, listener: SocketId) {
        let ids = self.connections.entries.iter().enumerate();
        let orphans: Vec<_> = ids
            .filter(|(_, entry)| entry.as_ref().is_some_and(|entry| entry.owner == Owner::HalfOpen(listener)))
            .map(|(index, _)| ConnectionId(index as u32))
            .collect();
        for id in orphans {
            self.abort(now, id);
        }
    }
}
