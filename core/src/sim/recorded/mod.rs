//! A scheme that records what is done to it: each call of [`Buffers`] becomes the stage that a packet enters, and what the
//! scheme's ledger, memory and rings show after it.
//!
//! Software has a clock of its own: every layer takes the same nominal time whatever the scheme, so that the records of a
//! packet lie side by side and protocol time depends on the number of calls alone. Subjects (packets on their way down,
//! frames on their way up) are numbered together, by creation.

mod layers;
mod notes;

use std::collections::VecDeque;

use xxhash_rust::xxh3::xxh3_64;

use self::notes::{Load, PayloadNote, TxNotes};
use super::change::{Change, scribble};
use super::journal::{Journal, Side};
use crate::buffers::{Buffers, Chunk, ContentLines, ContentNews, Observation, PayloadId, SendId, UserId};
use crate::ledger::{Count, Entry};
use crate::nic::RingPointers;
use crate::order::NumberMap;
use crate::sim::event::{Event, Kind, Stage};

/// A packet on its way down.
pub struct Marked<P> {
    inner: P,
    subject: u32,
    load: Load,
    headers: u8,
    /// What its first header begins with: source and destination port, if it is TCP's or UDP's.
    ports: [u16; 2],
    parts: [Option<Chunk>; crate::nic::MAX_RANGES],
}

/// A frame on its way up.
pub struct Arrived<F> {
    inner: F,
    subject: u32,
    thread: u32,
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
    /// How often each of them was scribbled over since the application wrote it.
    scribbled: Vec<u32>,
    payloads: Vec<Option<PayloadNote>>,
    tx: Vec<TxNotes>,
    /// Of the frames in each RX ring, the subject and the thread.
    rx: Vec<VecDeque<(u32, u32)>>,
    climb: Climb,
    seen: Observation,
    /// The same of each queue's TX and RX ring.
    seen_rings: Vec<[RingPointers; 2]>,
    seen_dma: Count,
    /// Packets whose payload is to be flipped at an offset.
    flips: NumberMap<u32>,
    resent: Count,
    /// Which thread a connection belongs to, by the port of the end that called.
    threads: NumberMap<u32>,
    /// The thread that the next frame is for, where somebody knows better than the ports.
    arriving: Option<u32>,
    /// Source and destination ports of packets, by number, since they were taken; None if nobody wants to know.
    ports: Option<Vec<(u32, [u16; 2])>>,
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
    pub fn new(mut inner: B, queues: u16, layer_ns: u64, silent: bool) -> Self {
        if !silent {
            inner.ledger_mut().keep_entries();
            inner.contents_mut().keep_news();
        }
        Self {
            seen: inner.observe(),
            seen_rings: (0..queues).map(|queue| inner.pointers(queue)).collect(),
            seen_dma: inner.ledger().dma,
            inner,
            journal: Journal::new(silent),
            layer_ns,
            subjects: 0,
            on_link: VecDeque::new(),
            users: Vec::new(),
            scribbled: Vec::new(),
            payloads: Vec::new(),
            tx: vec![TxNotes::default(); usize::from(queues)],
            rx: vec![VecDeque::new(); usize::from(queues)],
            climb: Climb::default(),
            flips: NumberMap::default(),
            resent: Count::default(),
            threads: NumberMap::default(),
            arriving: None,
            ports: None,
        }
    }

    /// The scheme, to ask things of it that are not recorded.
    pub(super) fn inner_mut(&mut self) -> &mut B {
        &mut self.inner
    }

    /// From now on, new contents tell their lines ([`Recorded::take_lines`]), and packets their ports.
    pub(super) fn watch(&mut self) {
        self.inner.contents_mut().watch();
        self.ports.get_or_insert_default();
    }

    /// The ports of packets of TCP and UDP that are new since the last call: source and destination, by number.
    pub(super) fn take_ports(&mut self) -> Vec<(u32, [u16; 2])> {
        self.ports.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn note_ports(&mut self, subject: u32, ports: [u16; 2]) {
        if let Some(list) = &mut self.ports {
            list.push((subject, ports));
        }
    }

    /// From now on, new contents do not; whether they did.
    pub(super) fn unwatch(&mut self) -> bool {
        self.ports = None;
        self.inner.contents_mut().unwatch()
    }

    /// The lines of the contents recorded since the last call.
    pub(super) fn take_lines(&mut self) -> Vec<ContentLines> {
        self.inner.contents_mut().take_lines()
    }

    /// The connection that was called from `port` belongs to a thread.
    pub(super) fn connect(&mut self, port: u16, thread: u32) {
        self.threads.insert(port.into(), thread);
    }

    /// The next frame is for this thread.
    pub(super) fn announce(&mut self, thread: u32) {
        self.arriving = Some(thread);
    }

    /// The thread of a connection between two ports.
    fn thread_of(&self, ports: (u16, u16)) -> u32 {
        let found = self.threads.get(ports.0.into()).or_else(|| self.threads.get(ports.1.into()));
        found.copied().unwrap_or(Event::NONE)
    }

    /// The scheme.
    pub fn inner(&self) -> &B {
        &self.inner
    }

    /// The scheme, to take it out.
    pub fn into_inner(self) -> B {
        self.inner
    }

    /// Bytes that a clone at another time does not share, by what `scheme` says of the scheme.
    pub(super) fn unshared(&self, other: &Self, scheme: impl FnOnce(&B, &B) -> u64) -> u64 {
        let ports = self.ports.as_ref().map_or(0, Vec::len);
        let notes = size_of::<Option<PayloadNote>>() * self.payloads.len()
            + 8 * (self.users.len() + ports)
            + 4 * self.scribbled.len();
        scheme(&self.inner, &other.inner) + notes as u64 + self.journal.bytes()
    }

    /// Packets that carried bytes sent before, and how many such bytes.
    pub fn resent(&self) -> Count {
        self.resent
    }

    /// The application scribbles over a buffer of its own, as its write number `send`; false when it could not.
    pub(super) fn scribble(&mut self, buffer: UserId, send: SendId) -> bool {
        let Ok(len) = self.inner.user_len(buffer) else { return false };
        let mut bytes = vec![0; len as usize];
        if self.inner.read_user(buffer, 0, &mut bytes).is_err() {
            return false;
        }
        let times = self.scribbled.get(buffer.0 as usize).copied().unwrap_or(0);
        scribble(&mut bytes, times);
        let Ok(written) = self.app_write(Some(buffer), send, &bytes) else { return false };
        put(&mut self.scribbled, written.0, 0, times + 1);
        true
    }

    /// When software is done with what it was told to do.
    pub(super) fn clock(&self) -> u64 {
        self.journal.clock(Side::Software)
    }

    /// The flips among a run's changes are made when the driver posts their packets.
    pub(super) fn plan_flips(&mut self, changes: &[Change]) {
        let own = self.inner.scheme();
        for change in changes {
            if let Change::Flip { packet, offset, scheme } = *change
                && scheme.is_none_or(|scheme| scheme == own)
            {
                self.flips.insert(packet.into(), offset);
            }
        }
    }

    /// When the NIC may fetch the queue's next packet.
    pub(super) fn announced(&self, queue: u16) -> Option<u64> {
        let notes = &self.tx[usize::from(queue)];
        notes.posted.get(notes.read)?.announced
    }

    /// The packet that the NIC read last from a queue.
    pub(super) fn last_read(&self, queue: u16) -> u32 {
        let notes = &self.tx[usize::from(queue)];
        let last = notes.read.checked_sub(1).and_then(|last| notes.posted.get(last));
        last.map_or(Event::NONE, |note| note.subject)
    }

    /// Frames and packets numbered so far.
    pub(super) fn subjects(&self) -> u32 {
        self.subjects
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

    /// The packet that was fetched first of those on the link has left the NIC; returns its queue.
    pub(super) fn complete(&mut self) -> Option<u16> {
        let queue = self.on_link.pop_front()?;
        self.tx[usize::from(queue)].completed += 1;
        Some(queue)
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
        for news in self.inner.contents_mut().drain() {
            record(match news {
                ContentNews::Born { content, origin, send, lines } => {
                    Kind::Content { origin, content, send: send.map_or(Event::NONE, |send| send.0), lines }
                }
                ContentNews::Gone { content } => Kind::ContentGone { content },
            });
        }
        let (was, is) = (self.seen, self.inner.observe());
        self.seen = is;
        if is.map_entries != was.map_entries {
            record(Kind::MapEntries { count: (is.map_entries - was.map_entries) as u32 });
        }
        let data = is.data_lines.since(&was.data_lines);
        if data.requested > 0 {
            let (requested, new, zero) = (data.requested as u32, data.new as u32, data.zero as u32);
            record(Kind::DataLines { requested, new, zero });
        }
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
        for (queue, seen) in (0..).zip(&mut self.seen_rings) {
            let [tx, rx] = self.inner.pointers(queue);
            let [was_tx, was_rx] = std::mem::replace(seen, [tx, rx]);
            if tx != was_tx {
                let (owned, unposted) = (tx.owned_by_nic as u16, tx.filled as u16);
                record(Kind::Ring { queue, head: tx.head, tail: tx.tail, owned, unposted });
            }
            if rx != was_rx {
                let (owned, waiting) = (rx.owned_by_nic as u16, rx.filled as u16);
                record(Kind::RxRing { queue, head: rx.head, tail: rx.tail, owned, waiting });
            }
        }
        let gauges = |seen: &Observation| (seen.footprint, seen.bus, seen.accesses);
        if gauges(&is) != gauges(&was) {
            let footprint = u32::try_from(is.footprint).unwrap_or(u32::MAX);
            let (bus, accesses) = ((is.bus - was.bus) as u32, (is.accesses - was.accesses) as u32);
            record(Kind::Gauges { footprint, bus, accesses });
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
