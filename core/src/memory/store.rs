//! The line store: immutable lines found by content, with reference counts and delayed free (DESIGN.md 2.1 to 2.3 and
//! 2.8; paper section 2.2; FACTS.md section 1).
//!
//! ```text
//! PLID 0                 the all-zero line: no storage, no count
//! PLID 1 + b * ways + w  way w of bucket b
//! PLID 1 + b_n * ways+e  overflow entry e, chained from its bucket's row header
//! ```
//!
//! | operation | cost |
//! |---|---|
//! | intern (lookup or allocate) | one row header, plus candidates with an equal signature |
//! | read by PLID | one line |
//! | retain, release | one count; a dying line releases its children iteratively |

mod lookup;
mod references;
mod unreached;

use super::access::{Accesses, LineCounts};
use super::hash::place;
use super::overflow::Overflow;
use super::prefetch::prefetch;
use super::row::{Block, Rows};
use super::tracked::{Tracked, Versioned};
use super::waiting::{Ends, Queue};

/// A line's tag bits: bit i says that 4-byte word i is a PLID.
pub(super) type Tags = u16;

const TAGGED: u32 = 1 << 31;
const DATA: u32 = 1 << 30;
const WAITING: u32 = 1 << 29;
/// Low bits: the reference count of a live line, the queue ticket of a waiting one.
const COUNT: u32 = WAITING - 1;

/// How many lines are hashed and touched ahead, so that their cache misses overlap. Measured best of 8 to 64.
pub(super) const BATCH: usize = 32;

/// The store has no place left for a line whose bucket and the overflow area are full.
#[derive(Debug)]
pub(super) struct Full;

/// What a caller wants a line counted as: application payload, or anything else (headers, metadata, interior).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Application payload: counted in the data series too.
    Data,
    /// Headers and metadata.
    Other,
}

#[derive(Clone)]
pub(super) struct Store {
    line_bytes: usize,
    ways: u32,
    buckets: u32,
    /// Lines that are not in the overflow area: `buckets * ways`.
    primary: u32,
    /// See [`inverse_of`].
    inverse: u64,
    rows: Rows,
    overflow: Overflow,
    lines: Tracked<Block>,
    tags: Tracked<Tags>,
    /// Of each line, the references from lines that nothing leads to ([`unreached`]); empty unless lines may wait.
    unreached: Tracked<u32>,
    queue: Queue,
    /// Dead lines are freed at once, though others may wait.
    discarding: bool,
    /// Overflow entries that the request under way leaves to receive DMA.
    pub(super) kept: u32,
    /// Lines that the request under way turned into application payload, to turn back should it fail.
    pub(super) marked: Vec<u32>,
    dying: Vec<u32>,
    pub(super) live: u64,
    pub(super) waiting: u64,
    pub(super) data_live: u64,
    /// Of those, lines that nothing leads to.
    pub(super) data_unreached: u64,
    pub(super) all: LineCounts,
    pub(super) data: LineCounts,
    pub(super) access: Accesses,
}

/// What a store has beside its arrays.
#[derive(Clone)]
pub(super) struct Rest {
    overflow_free: u32,
    overflow_used: u32,
    queue: Ends,
    live: u64,
    waiting: u64,
    data_live: u64,
    data_unreached: u64,
    all: LineCounts,
    data: LineCounts,
    access: Accesses,
}

impl Rest {
    /// Heap bytes: those of the modelled cache, if there is one.
    pub(super) fn bytes(&self) -> u64 {
        self.access.cache.as_ref().map_or(0, |front| front.model.heap_bytes())
    }
}

/// Where a PLID's bookkeeping is.
#[derive(Clone, Copy)]
enum Slot {
    Way { bucket: u32 },
    Overflow(u32),
}

impl Store {
    /// A store of `buckets * ways + overflow` lines; `queue_bound` dead lines wait before they are freed.
    pub(super) fn new(line_bytes: usize, ways: u32, buckets: u32, overflow: u32, queue_bound: u32) -> Self {
        let lines = buckets as usize * ways as usize + overflow as usize;
        let blocks: Vec<Block> = bytemuck::zeroed_vec((lines * line_bytes).div_ceil(64));
        Self {
            line_bytes,
            ways,
            buckets,
            primary: buckets * ways,
            inverse: inverse_of(ways),
            rows: Rows::new(buckets, ways),
            overflow: Overflow::new(overflow),
            lines: blocks.into(),
            tags: vec![0; lines].into(),
            unreached: vec![0; if queue_bound == 0 { 0 } else { lines }].into(),
            queue: Queue::new(queue_bound.min(lines as u32)),
            discarding: false,
            kept: 0,
            marked: Vec::new(),
            dying: Vec::new(),
            live: 0,
            waiting: 0,
            data_live: 0,
            data_unreached: 0,
            all: LineCounts::default(),
            data: LineCounts::default(),
            access: Accesses::new(buckets, ways),
        }
    }

    /// The arrays, for checkpoints; [`Self::rest`] is what else there is. Between operations `dying` is empty.
    pub(super) fn versioned(&mut self) -> [&mut dyn Versioned; 8] {
        let [next, count, signature] = self.overflow.versioned();
        let (rows, queue) = (self.rows.versioned(), self.queue.versioned());
        [rows, &mut self.lines, &mut self.tags, &mut self.unreached, next, count, signature, queue]
    }

    pub(super) fn rest(&self) -> Rest {
        Rest {
            overflow_free: self.overflow.free,
            overflow_used: self.overflow.used,
            queue: self.queue.ends,
            live: self.live,
            waiting: self.waiting,
            data_live: self.data_live,
            data_unreached: self.data_unreached,
            all: self.all,
            data: self.data,
            access: self.access.clone(),
        }
    }

    pub(super) fn set_rest(&mut self, rest: Rest) {
        let Rest {
            overflow_free,
            overflow_used,
            queue,
            live,
            waiting,
            data_live,
            data_unreached,
            all,
            data,
            access,
        } = rest;
        self.overflow.free = overflow_free;
        self.overflow.used = overflow_used;
        self.queue.ends = queue;
        (self.live, self.waiting) = (live, waiting);
        (self.data_live, self.data_unreached) = (data_live, data_unreached);
        (self.all, self.data, self.access) = (all, data, access);
    }

    pub(super) fn line_bytes(&self) -> usize {
        self.line_bytes
    }

    /// Lines that can be held, the zero line apart.
    pub(super) fn capacity(&self) -> u64 {
        u64::from(self.primary) + u64::from(self.overflow.entries())
    }

    pub(super) fn free(&self) -> u64 {
        self.capacity() - self.live - self.waiting
    }

    /// Heap bytes held, bookkeeping included.
    pub(super) fn heap_bytes(&self) -> usize {
        self.rows.heap_bytes()
            + self.overflow.heap_bytes()
            + self.lines.heap_bytes()
            + self.tags.heap_bytes()
            + self.unreached.heap_bytes()
            + self.queue.heap_bytes()
            + self.marked.capacity() * 4
    }

    /// The bucket of a line that is not in the overflow area: `index / ways` by a multiplication.
    #[inline(always)]
    fn bucket_of(&self, index: u32) -> u32 {
        ((self.inverse * u64::from(index)) >> 36) as u32
    }

    #[inline(always)]
    fn slot(&self, index: u32) -> Slot {
        if index < self.primary {
            Slot::Way { bucket: self.bucket_of(index) }
        } else {
            Slot::Overflow(index - self.primary)
        }
    }

    #[inline(always)]
    fn count_word(&mut self, index: u32) -> &mut u32 {
        match self.slot(index) {
            Slot::Way { bucket } => self.rows.count_mut(self.rows.count_position(bucket, index)),
            Slot::Overflow(entry) => self.overflow.count_mut(entry),
        }
    }

    #[inline(always)]
    fn peek_count(&self, index: u32) -> u32 {
        match self.slot(index) {
            Slot::Way { bucket } => self.rows.count(self.rows.count_position(bucket, index)),
            Slot::Overflow(entry) => self.overflow.count(entry),
        }
    }

    #[inline(always)]
    fn bytes(&self, index: u32) -> &[u8] {
        let all: &[u8] = bytemuck::cast_slice(&self.lines);
        &all[index as usize * self.line_bytes..][..self.line_bytes]
    }

    /// Begins to fetch a line.
    #[inline(always)]
    pub(super) fn fetch_line(&self, plid: u32) {
        prefetch(&self.lines, (plid as usize).wrapping_sub(1).wrapping_mul(self.line_bytes) / 64);
    }

    /// A line's content, where lines have `N` bytes. PLID 0 is all zeros.
    #[inline(always)]
    pub(super) fn sized_line<const N: usize>(&self, plid: u32) -> &[u8; N] {
        debug_assert_eq!(N, self.line_bytes);
        match plid.checked_sub(1) {
            None => &[0; N],
            Some(index) => &bytemuck::cast_slice::<Block, u8>(&self.lines).as_chunks::<N>().0[index as usize],
        }
    }

    /// A line's content. PLID 0 is all zeros.
    #[inline(always)]
    pub(super) fn line(&self, plid: u32) -> &[u8] {
        const ZERO: [u8; 64] = [0; 64];
        if plid == 0 { &ZERO[..self.line_bytes] } else { self.bytes(plid - 1) }
    }

    /// Word `i` of an interior line: a child's PLID.
    #[inline]
    pub(super) fn child(&self, plid: u32, i: usize) -> u32 {
        if plid == 0 {
            return 0;
        }
        let at = 4 * i;
        let line = self.bytes(plid - 1);
        u32::from_le_bytes([line[at], line[at + 1], line[at + 2], line[at + 3]])
    }

    /// All words of an interior line: its children's PLIDs, 0 where there is none.
    #[inline(always)]
    pub(super) fn children(&self, plid: u32) -> [u32; 16] {
        match self.line_bytes {
            16 => words::<16>(self.line(plid)),
            32 => words::<32>(self.line(plid)),
            _ => words::<64>(self.line(plid)),
        }
    }

    pub(super) fn line_tags(&self, plid: u32) -> Tags {
        if plid == 0 || self.peek_count(plid - 1) & TAGGED == 0 { 0 } else { self.tags[plid as usize - 1] }
    }

    /// The references to a line, 0 for one that waits; None for PLID 0 and for a PLID that names no line now.
    pub(super) fn references(&self, plid: u32) -> Option<u32> {
        let index = plid.checked_sub(1).filter(|index| u64::from(*index) < self.capacity())?;
        match self.peek_count(index) {
            word if word & WAITING != 0 => Some(0),
            word if word & COUNT != 0 => Some(word & COUNT),
            _ => None,
        }
    }

    /// The PLIDs of all lines that wait, the longest waiting first.
    pub(super) fn waiting_plids(&self) -> impl Iterator<Item = u32> {
        self.queue.iter().filter(|(plid, ticket)| self.is_waiting(*plid, *ticket)).map(|(plid, _)| plid)
    }

    /// The PLID of the line with this content, live or waiting. Counts nothing.
    pub(super) fn look_up(&self, line: &[u8], tags: Tags) -> Option<u32> {
        let place = place(line, tags, self.buckets);
        let mut set = self.rows.matches(place.bucket, place.signature);
        let ways = std::iter::from_fn(|| {
            let way = set.trailing_zeros();
            set &= set.wrapping_sub(1);
            (way < 32).then(|| place.bucket * self.ways + way)
        });
        let chained = self.chain(place.bucket).map(|entry| self.primary + entry);
        let mut all = ways.chain(chained);
        all.find(|index| self.bytes(*index) == line && self.line_tags(index + 1) == tags)
            .map(|index| index + 1)
    }

    /// The overflow entries of a bucket.
    fn chain(&self, bucket: u32) -> impl Iterator<Item = u32> {
        let mut link = self.rows.link(bucket);
        std::iter::from_fn(move || {
            let entry = link.checked_sub(1)?;
            link = self.overflow.next(entry);
            Some(entry)
        })
    }

    /// Ways in use and overflow entries chained, bucket by bucket.
    pub(super) fn bucket_fill(&self) -> impl Iterator<Item = (u32, u32)> {
        (0..self.buckets).map(|bucket| {
            let used = self.ways - self.rows.matches(bucket, 0).count_ones();
            (used, self.chain(bucket).count() as u32)
        })
    }

    /// Ways a bucket.
    pub(super) fn ways(&self) -> u32 {
        self.ways
    }

    /// Overflow entries that there are.
    pub(super) fn overflow_entries(&self) -> u32 {
        self.overflow.entries()
    }

    /// Turns the lines in `marked` that are still live back into what they were before.
    pub(super) fn unmark(&mut self) {
        while let Some(plid) = self.marked.pop() {
            let word = self.count_word(plid - 1);
            if *word & WAITING == 0 && *word & COUNT != 0 && *word & DATA != 0 {
                *word &= !DATA;
                self.data_live -= 1;
                self.data_unreached -= u64::from(self.is_unreached(plid));
            }
        }
    }

    /// Lines that a request can still take, waiting ones included, if it has to leave `kept` overflow entries.
    pub(super) fn available(&self, kept: u32) -> u64 {
        let left = u64::from(kept.min(self.overflow.left()));
        (self.capacity() - self.live).saturating_sub(left)
    }

    /// Whether a live line is counted as application payload.
    pub(super) fn is_data(&self, plid: u32) -> bool {
        plid != 0 && self.peek_count(plid - 1) & DATA != 0
    }

    /// Calls `each` with every line that is live or waiting: PLID, references, waiting, tags.
    pub(super) fn for_each_line(&self, each: impl FnMut(u32, u32, bool, Tags)) {
        self.for_each_line_in(0..self.capacity() as u32, each);
    }

    /// Does so with those in a range of places: of PLIDs, less one.
    pub(super) fn for_each_line_in(
        &self,
        places: std::ops::Range<u32>,
        mut each: impl FnMut(u32, u32, bool, Tags),
    ) {
        for index in places {
            let word = self.peek_count(index);
            if word & (COUNT | WAITING) != 0 {
                let waiting = word & WAITING != 0;
                each(index + 1, if waiting { 0 } else { word & COUNT }, waiting, self.line_tags(index + 1));
            }
        }
    }
}

/// 2^36 / ways, rounded up: times an index, its high bits are the index divided by the ways. For indexes up to 2^31 the
/// rounding adds at most `(ways - 1) / ways * index / 2^36`, less than 1 / ways, so that the result reaches no other
/// integer; and the product fits 64 bits.
fn inverse_of(ways: u32) -> u64 {
    (1_u64 << 36).div_ceil(u64::from(ways))
}

/// The 4-byte words of a line of `N` bytes, zeros behind them.
#[inline(always)]
fn words<const N: usize>(line: &[u8]) -> [u32; 16] {
    let mut words = [0; 16];
    if let Some(line) = line.first_chunk::<N>() {
        for (word, bytes) in words.iter_mut().zip(line.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*bytes);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{MAX_LINES, WAYS};

    #[test]
    fn multiplying_by_the_inverse_divides_exactly() {
        for ways in WAYS {
            let most = MAX_LINES.div_ceil(u64::from(ways)) * u64::from(ways) - 1;
            for index in (0..5000).chain(most - 5000..=most).chain((0..most).step_by(99_991)) {
                assert_eq!((inverse_of(ways) * index) >> 36, index / u64::from(ways), "{index} / {ways}");
            }
        }
    }
}
