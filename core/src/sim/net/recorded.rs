//! A scheme that records what is done to it: each call of [`Buffers`] becomes the stage that a packet enters, and what the
//! scheme's ledger, memory and rings show after it.
//!
//! Software has a clock of its own: every layer takes the same nominal time whatever the scheme, so that the records of a
//! packet lie side by side and protocol time depends on the number of calls alone. Subjects (packets on their way down,
//! frames on their way up) are numbered together, by creation.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use super::journal::{Journal, Side};
use crate::buffers::{
    BufferError, Buffers, Chunk, FlowId, Holders, Observation, PayloadId, Scheme, SendId, UserId,
};
use crate::ledger::{Count, Entry, Ledger, PacketId};
use crate::nic::{Delivery, NicCounts, Rss, RxMetadata, TxFrames, TxOffload};
use crate::sim::event::{DropPlace, Event, FaultKind, Kind, Stage};

/// Bytes of an Ethernet header: shorter headers belong to no other layer.
const ETHERNET_BYTES: usize = 14;
/// First byte of the IP header of a frame.
const IP_AT: u32 = 14;
/// How an ARP message over Ethernet and IPv4 begins (RFC 826).
const ARP: [u8; 6] = [0, 1, 8, 0, 6, 4];

/// What a packet or payload carries: bytes of a send, or of a frame that arrived.
#[derive(Clone, Copy, Debug)]
struct Load {
    /// Index of the application's write; [`Event::NONE`] for bytes that arrived.
    send: u32,
    /// First byte.
    offset: u32,
    /// Bytes.
    len: u32,
}

impl Load {
    const NONE: Self = Self { send: Event::NONE, offset: 0, len: 0 };

    fn stage(self, stage: Stage) -> Kind {
        Kind::Stage { stage, send: self.send, offset: self.offset, len: self.len }
    }
}

#[derive(Clone, Copy, Debug)]
struct PayloadNote {
    load: Load,
    /// The frame that it arrived in; [`Event::NONE`] for a send's.
    frame: u32,
    /// Bytes that were posted to the NIC, from the first.
    sent: u32,
}

#[derive(Clone, Copy, Debug)]
struct TxNote {
    subject: u32,
    load: Load,
    /// When the NIC was told of it.
    announced: Option<u64>,
}

#[derive(Clone, Debug, Default)]
struct TxNotes {
    posted: VecDeque<TxNote>,
    /// Of those, the ones that the NIC has read.
    read: usize,
    /// Of those, the ones that have left the NIC.
    completed: usize,
    /// Of those, the ones that the last interrupt was about.
    reported: usize,
}

/// A packet on its way down.
pub struct Marked<P> {
    inner: P,
    subject: u32,
    load: Load,
    headers: u8,
    parts: [Option<Chunk>; crate::nic::MAX_RANGES],
}

/// A frame on its way up.
pub struct Arrived<F> {
    inner: F,
    subject: u32,
}

/// Which layers have looked at the frame that goes up.
#[derive(Clone, Copy, Debug, Default)]
struct Climb {
    subject: u32,
    ip: bool,
    /// First byte of the transport header, once IP has read its own.
    transport_at: Option<u32>,
    transport: bool,
}

/// A scheme with a recorder around it.
#[derive(Clone)]
pub struct Recorded<B> {
    inner: B,
    pub(super) journal: Journal,
    layer_ns: u64,
    subjects: u32,
    /// The queues of the packets on the link, in order.
    on_link: VecDeque<u16>,
    /// Which write each buffer of the application holds, and which of its bytes it begins with.
    users: Vec<(u32, u32)>,
    payloads: Vec<Option<PayloadNote>>,
    tx: Vec<TxNotes>,
    rx: Vec<VecDeque<u32>>,
    climb: Climb,
    seen: Observation,
    seen_dma: Count,
    flips: BTreeMap<u32, u32>,
    resent: Count,
}

fn put<T: Clone>(list: &mut Vec<T>, index: u32, empty: T, value: T) {
    let index = index as usize;
    if list.len() <= index {
        list.resize(index + 1, empty);
    }
    list[index] = value;
}

impl<B: Buffers> Recorded<B> {
    /// A recorder around a scheme with `queues` pairs of rings; a layer takes `layer_ns`. A `silent` one keeps time only.
    pub fn new(inner: B, queues: u16, layer_ns: u64, silent: bool) -> Self {
        Self {
            seen: inner.observe(),
            seen_dma: inner.ledger().dma,
            inner,
            journal: Journal::new(silent),
            layer_ns,
            subjects: 0,
            on_link: VecDeque::new(),
            users: Vec::new(),
            payloads: Vec::new(),
            tx: vec![TxNotes::default(); usize::from(queues)],
            rx: vec![VecDeque::new(); usize::from(queues)],
            climb: Climb::default(),
            flips: BTreeMap::new(),
            resent: Count::default(),
        }
    }

    /// The scheme.
    pub fn inner(&self) -> &B {
        &self.inner
    }

    /// The scheme, to take it out.
    pub fn into_inner(self) -> B {
        self.inner
    }

    /// Packets that carried bytes sent before, and how many such bytes.
    pub fn resent(&self) -> Count {
        self.resent
    }

    /// When software is done with what it was told to do.
    pub(super) fn clock(&self) -> u64 {
        self.journal.clock(Side::Software)
    }

    /// Flips payload byte `offset` of a packet to come, in this scheme's memory.
    pub(super) fn plan_flip(&mut self, subject: u32, offset: u32) {
        self.flips.insert(subject, offset);
    }

    /// When the NIC may fetch the queue's next packet.
    pub(super) fn announced(&self, queue: u16) -> Option<u64> {
        let notes = &self.tx[usize::from(queue)];
        notes.posted.get(notes.read)?.announced
    }

    /// The frames of the packet that the NIC read last are on the wire from `start` on, each until its time.
    pub(super) fn on_wire<'a>(
        &mut self,
        queue: u16,
        start: u64,
        frames: impl Iterator<Item = (u64, &'a [u8])>,
    ) {
        let notes = &self.tx[usize::from(queue)];
        let Some(note) = notes.read.checked_sub(1).and_then(|last| notes.posted.get(last)).copied() else {
            return;
        };
        self.journal.advance(Side::Transmit, start);
        self.journal.record(Side::Transmit, note.subject, note.load.stage(Stage::Wire));
        if self.journal.silent {
            return;
        }
        for (end, frame) in frames {
            self.journal.advance(Side::Transmit, end);
            let kind = Kind::Frame { len: frame.len() as u32, hash: xxh3_64(frame) };
            self.journal.record(Side::Transmit, note.subject, kind);
        }
    }

    /// The packet that was fetched first of those on the link has left the NIC.
    pub(super) fn complete(&mut self) {
        if let Some(queue) = self.on_link.pop_front() {
            self.tx[usize::from(queue)].completed += 1;
        }
    }

    /// Records something that software did.
    fn software(&mut self, subject: u32, kind: Kind) {
        self.journal.record(Side::Software, subject, kind);
    }

    fn subject(&mut self) -> u32 {
        self.subjects += 1;
        self.subjects - 1
    }

    /// A layer has done its part.
    fn layer(&mut self, subject: u32, kind: Kind) {
        self.software(subject, kind);
        self.effects(Side::Software, subject);
        self.journal.advance(Side::Software, self.clock() + self.layer_ns);
    }

    /// Records what the scheme's counters and ledger show since the last call, as caused by `subject`.
    fn effects(&mut self, side: Side, subject: u32) {
        if self.journal.silent {
            self.inner.ledger_mut().drain();
            return;
        }
        let journal = &mut self.journal;
        let mut record = |kind| journal.record(side, subject, kind);
        for entry in self.inner.ledger_mut().drain() {
            record(match entry {
                Entry::Copy { cause, bytes } => Kind::Copy { cause, bytes },
                Entry::Allocate { kind, bytes } => Kind::Allocate { kind, bytes },
                Entry::Free { kind, bytes } => Kind::Free { kind, bytes },
            });
        }
        for send in self.inner.take_dead_payloads() {
            record(Kind::PayloadDead { send: send.0 });
        }
        let (was, is) = (self.seen, self.inner.observe());
        self.seen = is;
        if is.map_entries != was.map_entries {
            record(Kind::MapEntries { count: (is.map_entries - was.map_entries) as u32 });
        }
        let data = is.data_lines.since(&was.data_lines);
        let all = is.lines.since(&was.lines);
        if all.requested > data.requested {
            let requested = (all.requested - data.requested) as u32;
            let (new, hits) = ((all.new - data.new) as u32, (all.hits - data.hits) as u32);
            record(Kind::Lines { requested, new, hits });
        }
        if is.held != was.held {
            let (references, distinct) = (is.held.references as u32, is.held.distinct as u32);
            record(Kind::Held { references, distinct });
        }
        let dma = self.inner.ledger().dma;
        if dma != self.seen_dma {
            let (requests, bytes) = (dma.count - self.seen_dma.count, dma.bytes - self.seen_dma.bytes);
            self.seen_dma = dma;
            record(Kind::Dma { requests: requests as u32, bytes: bytes as u32 });
        }
        let ring = |seen: &Observation| (seen.head, seen.tail, seen.owned_by_nic, seen.unposted);
        if ring(&is) != ring(&was) {
            let (head, tail, owned, unposted) = ring(&is);
            record(Kind::Ring { head, tail, owned: owned as u16, unposted: unposted as u16 });
        }
        let rx = |seen: &Observation| (seen.rx_head, seen.rx_tail, seen.rx_owned_by_nic, seen.rx_waiting);
        if rx(&is) != rx(&was) {
            let (head, tail, owned, waiting) = rx(&is);
            record(Kind::RxRing { head, tail, owned: owned as u16, waiting: waiting as u16 });
        }
    }

    fn note(&self, payload: PayloadId) -> Option<&PayloadNote> {
        self.payloads.get(payload.0 as usize)?.as_ref()
    }

    /// What a piece of a payload carries, and the frame it arrived in.
    fn load_of(&self, part: &Chunk) -> (Load, u32) {
        match self.note(part.payload) {
            Some(note) => {
                let offset = note.load.offset.wrapping_add(part.offset);
                (Load { send: note.load.send, offset, len: part.len }, note.frame)
            }
            None => (Load { len: part.len, ..Load::NONE }, Event::NONE),
        }
    }

    /// Records which of a posted packet's bytes were sent before, and notes that they are now.
    fn count_resent(&mut self, packet: &Marked<B::Packet>) {
        let mut bytes = 0;
        for part in packet.parts.iter().flatten() {
            let Some(Some(note)) = self.payloads.get_mut(part.payload.0 as usize) else { continue };
            let again = note.sent.min(part.offset + part.len).saturating_sub(part.offset);
            note.sent = note.sent.max(part.offset + part.len);
            let (send, offset) = (note.load.send, note.load.offset.wrapping_add(part.offset));
            if again > 0 {
                bytes += again;
                self.software(packet.subject, Kind::Retransmission { send, offset, len: again });
            }
        }
        if bytes > 0 {
            self.resent.add(bytes.into());
        }
    }

    fn hand_over(&mut self, parts: &[Chunk]) {
        for part in parts {
            let (load, frame) = self.load_of(part);
            self.software(frame, load.stage(Stage::Recv));
        }
        self.effects(Side::Software, parts.first().map_or(Event::NONE, |part| self.load_of(part).1));
        self.journal.advance(Side::Software, self.clock() + self.layer_ns);
    }
}

impl<B: Buffers> Holders for Recorded<B> {
    fn hold(&mut self, payload: PayloadId) {
        self.inner.hold(payload);
    }

    fn release(&mut self, payload: PayloadId) {
        self.inner.release(payload);
        let frame = self.note(payload).map_or(Event::NONE, |note| note.frame);
        self.effects(Side::Software, frame);
    }

    fn payload_len(&self, payload: PayloadId) -> u32 {
        self.inner.payload_len(payload)
    }
}

impl<B: Buffers> Buffers for Recorded<B> {
    const SCHEME: Scheme = B::SCHEME;
    type Packet = Marked<B::Packet>;
    type Frame = Arrived<B::Frame>;

    fn app_write(
        &mut self,
        buffer: Option<UserId>,
        send: SendId,
        bytes: &[u8],
    ) -> Result<UserId, BufferError> {
        let before = self.inner.ledger().app_write;
        let user = self.inner.app_write(buffer, send, bytes)?;
        let after = self.inner.ledger().app_write;
        put(&mut self.users, user.0, (Event::NONE, 0), (send.0, 0));
        let requested = (after.lines_requested - before.lines_requested) as u32;
        let new = (after.lines_new - before.lines_new) as u32;
        self.layer(Event::NONE, Kind::AppWrite { bytes: bytes.len() as u32, requested, new });
        Ok(user)
    }

    fn user_len(&self, user: UserId) -> Result<u64, BufferError> {
        self.inner.user_len(user)
    }

    fn read_user(&mut self, user: UserId, offset: u64, out: &mut [u8]) -> Result<(), BufferError> {
        self.inner.read_user(user, offset, out)
    }

    fn free_user(&mut self, user: UserId) -> Result<(), BufferError> {
        self.inner.free_user(user)?;
        self.effects(Side::Software, Event::NONE);
        Ok(())
    }

    fn send(&mut self, flow: FlowId, user: UserId, range: Range<u64>) -> Result<PayloadId, BufferError> {
        let (send, base) = self.users.get(user.0 as usize).copied().unwrap_or((Event::NONE, 0));
        let offset = base.wrapping_add(range.start as u32);
        let load = Load { send, offset, len: range.end.saturating_sub(range.start) as u32 };
        let payload = self.inner.send(flow, user, range)?;
        put(&mut self.payloads, payload.0, None, Some(PayloadNote { load, frame: Event::NONE, sent: 0 }));
        self.layer(Event::NONE, load.stage(Stage::Send));
        Ok(payload)
    }

    fn send_conventional(&mut self, flow: FlowId, bytes: &[u8]) -> Result<PayloadId, BufferError> {
        let payload = self.inner.send_conventional(flow, bytes)?;
        let load = Load { len: bytes.len() as u32, ..Load::NONE };
        put(&mut self.payloads, payload.0, None, Some(PayloadNote { load, frame: Event::NONE, sent: 0 }));
        self.layer(Event::NONE, load.stage(Stage::Send));
        Ok(payload)
    }

    fn packet(&mut self, parts: &[Chunk]) -> Result<Self::Packet, BufferError> {
        let inner = self.inner.packet(parts)?;
        let subject = self.subject();
        let mut load = parts.first().map_or(Load::NONE, |first| self.load_of(first).0);
        load.len = parts.iter().map(|part| part.len).sum();
        let mut kept = [None; crate::nic::MAX_RANGES];
        for (kept, part) in kept.iter_mut().zip(parts) {
            *kept = Some(*part);
        }
        self.layer(subject, load.stage(Stage::Socket));
        Ok(Marked { inner, subject, load, headers: 0, parts: kept })
    }

    fn push_header(&mut self, packet: &mut Self::Packet, header: &[u8]) -> Result<(), BufferError> {
        self.inner.push_header(&mut packet.inner, header)?;
        let stage = match packet.headers {
            _ if header.len() == ETHERNET_BYTES => Stage::Driver,
            0 if !header.starts_with(&ARP) => Stage::Transport,
            _ => Stage::Ip,
        };
        packet.headers += 1;
        self.layer(packet.subject, packet.load.stage(stage));
        Ok(())
    }

    fn drop_packet(&mut self, packet: Self::Packet) {
        self.inner.drop_packet(packet.inner);
        self.effects(Side::Software, packet.subject);
    }

    fn has_room(&self, queue: u16, packet: &Self::Packet) -> bool {
        self.inner.has_room(queue, &packet.inner)
    }

    fn post(
        &mut self,
        queue: u16,
        id: PacketId,
        mut packet: Self::Packet,
        offload: TxOffload,
    ) -> Result<(), BufferError> {
        if let Some(offset) = self.flips.remove(&packet.subject) {
            self.inner.flip_payload_byte(&mut packet.inner, offset)?;
            let fault = Kind::Fault { fault: FaultKind::Flipped, from_peer: false, frame: packet.subject };
            self.software(packet.subject, fault);
        }
        self.count_resent(&packet);
        let Marked { inner, subject, load, .. } = packet;
        self.inner.post(queue, id, inner, offload)?;
        self.tx[usize::from(queue)].posted.push_back(TxNote { subject, load, announced: None });
        self.effects(Side::Software, subject);
        Ok(())
    }

    fn doorbell(&mut self, queue: u16) {
        self.inner.doorbell(queue);
        let time = self.clock();
        let mut first = Event::NONE;
        for at in 0..self.tx[usize::from(queue)].posted.len() {
            let note = &mut self.tx[usize::from(queue)].posted[at];
            if note.announced.is_none() {
                note.announced = Some(time);
                let note = *note;
                first = first.min(note.subject);
                self.software(note.subject, note.load.stage(Stage::Doorbell));
            }
        }
        self.effects(Side::Software, first);
    }

    fn transmit(&mut self, queue: u16, out: &mut TxFrames) -> Result<Option<PacketId>, BufferError> {
        let sent = self.inner.transmit(queue, out);
        if !matches!(sent, Ok(None)) {
            let notes = &mut self.tx[usize::from(queue)];
            if let Some(note) = notes.posted.get(notes.read).copied() {
                notes.read += 1;
                self.on_link.push_back(queue);
                self.journal.record(Side::Transmit, note.subject, note.load.stage(Stage::Dma));
                self.effects(Side::Transmit, note.subject);
            }
        }
        sent
    }

    /// As the scheme does, but of no packet that the last interrupt was not about: status reaches memory at other times in
    /// other schemes, and protocol time must not depend on it.
    fn recycle(&mut self, queue: u16) -> Result<Option<PacketId>, BufferError> {
        if self.tx[usize::from(queue)].reported == 0 {
            return Ok(None);
        }
        let recycled = self.inner.recycle(queue)?;
        let notes = &mut self.tx[usize::from(queue)];
        if recycled.is_some()
            && let Some(note) = notes.posted.pop_front()
        {
            notes.read -= 1;
            notes.completed -= 1;
            notes.reported -= 1;
            self.software(note.subject, note.load.stage(Stage::Completion));
            self.effects(Side::Software, note.subject);
        }
        Ok(recycled)
    }

    fn interrupt(&mut self, queue: u16) {
        self.inner.interrupt(queue);
        let notes = &mut self.tx[usize::from(queue)];
        notes.reported = notes.completed;
        self.effects(Side::Receive, Event::NONE);
    }

    fn refill(&mut self, queue: u16) -> Result<(), BufferError> {
        let result = self.inner.refill(queue);
        self.effects(Side::Software, Event::NONE);
        result
    }

    fn deliver(&mut self, frame: &[u8]) -> Delivery {
        let subject = self.subject();
        let load = Load { len: frame.len() as u32, ..Load::NONE };
        self.journal.record(Side::Receive, subject, load.stage(Stage::WireIn));
        let delivery = self.inner.deliver(frame);
        match delivery {
            Delivery::Queued { queue } => {
                self.rx[usize::from(queue)].push_back(subject);
                self.journal.record(Side::Receive, subject, load.stage(Stage::DmaIn));
            }
            Delivery::Dropped(reason) => {
                let (place, reason) = (DropPlace::Nic, reason as u32);
                self.journal.record(Side::Receive, subject, Kind::Drop { place, reason, count: 1 });
            }
        }
        self.effects(Side::Receive, subject);
        delivery
    }

    fn poll_rx(&mut self, queue: u16) -> Result<Option<Self::Frame>, BufferError> {
        let Some(inner) = self.inner.poll_rx(queue)? else { return Ok(None) };
        let subject = self.rx[usize::from(queue)].pop_front().unwrap_or(Event::NONE);
        self.climb = Climb { subject, ..Climb::default() };
        let load = Load { len: self.inner.frame_len(&inner), ..Load::NONE };
        self.layer(subject, load.stage(Stage::DriverIn));
        Ok(Some(Arrived { inner, subject }))
    }

    fn frame_len(&self, frame: &Self::Frame) -> u32 {
        self.inner.frame_len(&frame.inner)
    }

    fn metadata(&self, frame: &Self::Frame) -> RxMetadata {
        self.inner.metadata(&frame.inner)
    }

    fn read_header(&mut self, frame: &Self::Frame, offset: u32, out: &mut [u8]) -> Result<(), BufferError> {
        self.inner.read_header(&frame.inner, offset, out)?;
        let climb = &mut self.climb;
        if climb.subject != frame.subject {
            return Ok(());
        }
        let load = Load { len: self.inner.frame_len(&frame.inner), ..Load::NONE };
        if offset == IP_AT && !climb.ip {
            climb.ip = true;
            // IPv4 says how long its header is (RFC 791 section 3.1); IPv6's is 40 bytes (RFC 8200 section 3).
            climb.transport_at = out.first().map(|first| match first >> 4 {
                4 => IP_AT + 4 * u32::from(first & 0xf),
                _ => IP_AT + 40,
            });
            self.layer(frame.subject, load.stage(Stage::IpIn));
        } else if climb.transport_at.is_some_and(|at| offset >= at) && !climb.transport {
            climb.transport = true;
            self.layer(frame.subject, load.stage(Stage::TransportIn));
        }
        Ok(())
    }

    fn keep_payload(&mut self, frame: Self::Frame, range: Range<u32>) -> Result<PayloadId, BufferError> {
        let Arrived { inner, subject } = frame;
        let load = Load { len: range.end.saturating_sub(range.start), ..Load::NONE };
        let payload = self.inner.keep_payload(inner, range)?;
        put(&mut self.payloads, payload.0, None, Some(PayloadNote { load, frame: subject, sent: 0 }));
        self.layer(subject, load.stage(Stage::SocketIn));
        Ok(payload)
    }

    fn drop_frame(&mut self, frame: Self::Frame) {
        self.inner.drop_frame(frame.inner);
        self.effects(Side::Software, frame.subject);
    }

    fn recv(&mut self, parts: &[Chunk]) -> Result<UserId, BufferError> {
        let user = self.inner.recv(parts)?;
        put(&mut self.users, user.0, (Event::NONE, 0), (Event::NONE, 0));
        self.hand_over(parts);
        Ok(user)
    }

    fn recv_segments(&mut self, parts: &[Chunk]) -> Result<Vec<UserId>, BufferError> {
        let users = self.inner.recv_segments(parts)?;
        for user in &users {
            put(&mut self.users, user.0, (Event::NONE, 0), (Event::NONE, 0));
        }
        self.hand_over(parts);
        Ok(users)
    }

    fn sum(&mut self, parts: &[Chunk]) -> Result<u16, BufferError> {
        self.inner.sum(parts)
    }

    fn copy_to_file(&mut self, parts: &[Chunk], out: &mut [u8]) -> Result<(), BufferError> {
        let result = self.inner.copy_to_file(parts, out);
        self.effects(Side::Software, Event::NONE);
        result
    }

    fn rss(&self) -> &Rss {
        self.inner.rss()
    }

    fn nic_counts(&self) -> NicCounts {
        self.inner.nic_counts()
    }

    fn rx_granted(&self, queue: u16) -> u32 {
        self.inner.rx_granted(queue)
    }

    fn flip_payload_byte(&mut self, packet: &mut Self::Packet, offset: u32) -> Result<(), BufferError> {
        self.inner.flip_payload_byte(&mut packet.inner, offset)
    }

    fn take_dead_payloads(&mut self) -> Vec<SendId> {
        self.inner.take_dead_payloads()
    }

    fn ledger(&self) -> &Ledger {
        self.inner.ledger()
    }

    fn ledger_mut(&mut self) -> &mut Ledger {
        self.inner.ledger_mut()
    }

    fn observe(&self) -> Observation {
        self.inner.observe()
    }
}
