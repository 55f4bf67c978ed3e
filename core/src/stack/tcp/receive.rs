//! The receiving side: reassembly, the queue that `recv` reads, the window offered, and the blocks that selective
//! acknowledgements report (RFC 9293 sections 3.4, 3.8.6 and 3.10.7.4, RFC 2018 section 4).

use std::collections::{BTreeMap, VecDeque};

use super::config::{Config, MAX_WINDOW};
use super::options::{Options, SackBlocks};
use super::ranges::RangeSet;
use crate::buffers::{Chunk, Holders};

/// Payload bytes of buffer for each chunk that the queues may hold: smaller ones than that are taken too, as long as
/// there are not too many of them, since each keeps a whole received frame alive.
const BYTES_A_CHUNK: u32 = 256;
/// Chunks that even the smallest buffer may hold.
const LEAST_CHUNKS: u32 = 16;
/// Ranges out of order whose latest arrival is remembered: as many as an acknowledgement can report.
const RECENT: usize = 4;

/// What a segment's payload did to the queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It continued the stream.
    InOrder,
    /// It continued the stream up to, or into, what had come before its turn.
    Filled,
    /// It came before its turn.
    Early,
    /// All of it was known, or lay outside the window, or found no room.
    Useless,
}

/// Received payload by sequence number, in order and not.
///
/// Invariants: every byte in `early` lies in `[next, edge)` and in `ranges`; chunks of `early` do not overlap; both queues
/// together hold at most `limit` chunks and `capacity` bytes.
#[derive(Clone, Debug)]
pub(super) struct Receiver {
    /// Next number expected (RCV.NXT).
    next: u64,
    /// The window's right edge as it was last offered; it never moves left.
    edge: u64,
    capacity: u32,
    limit: usize,
    shift: u8,
    ready: VecDeque<Chunk>,
    ready_bytes: u32,
    early: BTreeMap<u64, Chunk>,
    ranges: RangeSet,
    /// A number inside each range that grew lately, latest first.
    recent: VecDeque<u64>,
    /// Number of the peer's FIN.
    fin: Option<u64>,
}

impl Receiver {
    /// A receiver that does not know the peer's numbers yet.
    pub(super) fn new(config: &Config) -> Self {
        let capacity = config.receive_buffer.min(MAX_WINDOW);
        Self {
            next: 0,
            edge: 0,
            capacity,
            limit: (capacity / BYTES_A_CHUNK).max(LEAST_CHUNKS) as usize,
            shift: 0,
            ready: VecDeque::new(),
            ready_bytes: 0,
            early: BTreeMap::new(),
            ranges: RangeSet::default(),
            recent: VecDeque::new(),
            fin: None,
        }
    }

    /// The shift to offer: the least that lets the whole buffer be announced (RFC 7323 section 2.3).
    pub(super) fn shift_to_offer(&self) -> u8 {
        (self.capacity >> 16).checked_ilog2().map_or(0, |bits| bits as u8 + 1)
    }

    /// The peer's SYN has number `syn`; both sides scale windows if `shift` is above 0.
    pub(super) fn synchronise(&mut self, syn: u64, shift: u8) {
        self.next = syn + 1;
        self.shift = shift;
        self.edge = self.next + u64::from(self.unscaled_window());
    }

    /// The window field of a SYN, which is never scaled (RFC 7323 section 2.2).
    pub(super) fn unscaled_window(&self) -> u16 {
        u16::try_from(self.capacity).unwrap_or(u16::MAX)
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn edge(&self) -> u64 {
        self.edge
    }

    pub(super) fn readable(&self) -> u32 {
        self.ready_bytes
    }

    pub(super) fn has_early(&self) -> bool {
        !self.early.is_empty()
    }

    /// Whether the peer's FIN was reached.
    pub(super) fn finished(&self) -> bool {
        self.fin.is_some_and(|fin| fin < self.next)
    }

    /// The peer's stream ends before number `at`, by a FIN that is ignored outside the window.
    pub(super) fn finish_at(&mut self, at: u64) {
        if at >= self.next && at <= self.edge && self.fin.is_none() {
            self.fin = Some(at);
        }
    }

    /// Steps over the FIN if it is next; whether it was.
    pub(super) fn step_over_fin(&mut self) -> bool {
        let due = self.fin == Some(self.next);
        self.next += u64::from(due);
        self.edge = self.edge.max(self.next);
        due
    }

    /// Room for bytes behind `next`. Nothing once half the chunks that may be held wait to be read: the rest is for what
    /// is on its way.
    fn space(&self) -> u32 {
        if self.ready.len() * 2 >= self.limit { 0 } else { self.capacity.saturating_sub(self.ready_bytes) }
    }

    /// How far the right edge could move, if that is enough to be worth telling: half the buffer or a segment (silly window
    /// avoidance, RFC 9293 section 3.8.6.2.2).
    fn gain(&self, mss: u32) -> u64 {
        let gain = (self.next + u64::from(self.space())).saturating_sub(self.edge);
        if gain >= u64::from(mss.min(self.capacity / 2).max(1)) { gain } else { 0 }
    }

    /// Opens the window as far as is allowed; returns the header's field.
    pub(super) fn offer(&mut self, mss: u32) -> u16 {
        self.edge += self.gain(mss);
        u16::try_from((self.edge - self.next.min(self.edge)) >> self.shift).unwrap_or(u16::MAX)
    }

    /// Whether the peer should be told of room that reading made: it has less than half the buffer left to send into.
    pub(super) fn update_due(&self, mss: u32) -> bool {
        !self.finished()
            && (self.edge - self.next.min(self.edge)) * 2 < u64::from(self.capacity)
            && self.gain(mss) > 0
    }

    /// Takes payload whose first byte has number `first`, with its holder.
    pub(super) fn insert(&mut self, first: u64, chunk: Chunk, holders: &mut impl Holders) -> Arrival {
        let stop = self.fin.map_or(self.edge, |fin| fin.min(self.edge));
        let end = (first + u64::from(chunk.len)).min(stop);
        let begin = first.max(self.next);
        if begin >= end {
            holders.release(chunk.payload);
            return Arrival::Useless;
        }
        let part = |from: u64, to: u64| Chunk {
            payload: chunk.payload,
            offset: chunk.offset + (from - first) as u32,
            len: (to - from) as u32,
        };
        if begin == self.next && self.early.is_empty() && self.ready.len() < self.limit {
            self.append(part(begin, end), holders);
            return Arrival::InOrder;
        }
        let mut taken = false;
        let mut at = begin;
        while let Some((from, to)) = self.ranges.gap(at, end) {
            at = to;
            if !self.make_room(from, holders) {
                break;
            }
            holders.hold(chunk.payload);
            self.early.insert(from, part(from, to));
            self.ranges.insert(from, to, usize::MAX);
            taken = true;
        }
        holders.release(chunk.payload);
        if !taken {
            return Arrival::Useless;
        }
        if begin == self.next {
            self.advance(holders);
            return Arrival::Filled;
        }
        self.remember(begin);
        Arrival::Early
    }

    /// Whether one more chunk may be held at `from`. What is next pushes out what is furthest (RFC 2018 section 8 allows
    /// that: the peer keeps it until it is acknowledged).
    fn make_room(&mut self, from: u64, holders: &mut impl Holders) -> bool {
        if self.ready.len() + self.early.len() < self.limit {
            return true;
        }
        if from != self.next {
            return false;
        }
        let Some((first, chunk)) = self.early.pop_last() else { return false };
        self.ranges.remove(first, first + u64::from(chunk.len));
        self.recent.retain(|&at| self.ranges.around(at).is_some());
        holders.release(chunk.payload);
        true
    }

    /// Moves what has become in order to the ready queue.
    fn advance(&mut self, holders: &mut impl Holders) {
        let from = self.next;
        while let Some(chunk) = self.early.remove(&self.next) {
            self.append(chunk, holders);
        }
        self.ranges.remove(from, self.next);
        self.recent.retain(|&at| at >= self.next);
    }

    /// Adds the next chunk to the ready queue, joining it with the last when both are neighbours in one payload.
    fn append(&mut self, chunk: Chunk, holders: &mut impl Holders) {
        self.next += u64::from(chunk.len);
        self.ready_bytes += chunk.len;
        match self.ready.back_mut() {
            Some(last) if last.payload == chunk.payload && last.offset + last.len == chunk.offset => {
                last.len += chunk.len;
                holders.release(chunk.payload);
            }
            _ => self.ready.push_back(chunk),
        }
    }

    fn remember(&mut self, at: u64) {
        let range = self.ranges.around(at);
        self.recent.retain(|&other| self.ranges.around(other) != range);
        self.recent.push_front(at);
        self.recent.truncate(RECENT);
    }

    /// Blocks to report, latest first (RFC 2018 section 4).
    pub(super) fn blocks(&self, timestamps: bool) -> SackBlocks {
        let mut blocks = SackBlocks::default();
        for (first, end) in self.recent.iter().filter_map(|&at| self.ranges.around(at)) {
            if blocks.as_slice().len() == Options::sack_room(timestamps) {
                break;
            }
            blocks.push((first as u32, end as u32));
        }
        blocks
    }

    /// Up to `max` bytes in order, each chunk with a holder for the caller.
    pub(super) fn read(&mut self, max: u32, holders: &mut impl Holders) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut left = max;
        while left > 0 {
            let Some(front) = self.ready.front_mut() else { break };
            let len = front.len.min(left);
            chunks.push(Chunk { payload: front.payload, offset: front.offset, len });
            if len == front.len {
                self.ready.pop_front();
            } else {
                holders.hold(front.payload);
                front.offset += len;
                front.len -= len;
            }
            left -= len;
            self.ready_bytes -= len;
        }
        chunks
    }

    /// Lets go of what came before its turn.
    pub(super) fn discard_early(&mut self, holders: &mut impl Holders) {
        while let Some((_, chunk)) = self.early.pop_first() {
            holders.release(chunk.payload);
        }
        self.ranges.clear();
        self.recent.clear();
    }

    /// Lets go of everything.
    pub(super) fn discard(&mut self, holders: &mut impl Holders) {
        self.discard_early(holders);
        while let Some(chunk) = self.ready.pop_front() {
            holders.release(chunk.payload);
        }
        self.ready_bytes = 0;
    }
}
