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

use std::collections::VecDeque;

use super::access::{AccessCounts, LineCounts};
use super::hash::{Place, place};
use super::row::{Block, Rows};

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

pub(super) struct Store {
    line_bytes: usize,
    ways: u32,
    buckets: u32,
    overflow: u32,
    rows: Rows,
    lines: Vec<Block>,
    tags: Vec<Tags>,
    over_next: Vec<u32>,
    over_count: Vec<u32>,
    over_signature: Vec<u8>,
    over_free: u32,
    queue: VecDeque<(u32, u32)>,
    queue_bound: usize,
    ticket: u32,
    dying: Vec<u32>,
    pub(super) live: u64,
    pub(super) waiting: u64,
    pub(super) data_live: u64,
    pub(super) all: LineCounts,
    pub(super) data: LineCounts,
    pub(super) access: AccessCounts,
}

/// Where a PLID's bookkeeping is.
#[derive(Clone, Copy)]
enum Slot {
    Way { bucket: u32, way: u32 },
    Overflow(u32),
}

impl Store {
    /// A store of `buckets * ways + overflow` lines; `queue_bound` dead lines wait before they are freed.
    pub(super) fn new(line_bytes: usize, ways: u32, buckets: u32, overflow: u32, queue_bound: usize) -> Self {
        let lines = buckets as usize * ways as usize + overflow as usize;
        let overflow_len = overflow as usize;
        Self {
            line_bytes,
            ways,
            buckets,
            overflow,
            rows: Rows::new(buckets, ways),
            lines: bytemuck::zeroed_vec((lines * line_bytes).div_ceil(64)),
            tags: vec![0; lines],
            // Entry i's free link is stored off by one from its neighbour, so that a zeroed vector is a whole free list.
            over_next: vec![0; overflow_len],
            over_count: vec![0; overflow_len],
            over_signature: vec![0; overflow_len],
            over_free: 0,
            queue: VecDeque::new(),
            queue_bound,
            ticket: 0,
            dying: Vec::new(),
            live: 0,
            waiting: 0,
            data_live: 0,
            all: LineCounts::default(),
            data: LineCounts::default(),
            access: AccessCounts::default(),
        }
    }

    pub(super) fn line_bytes(&self) -> usize {
        self.line_bytes
    }

    /// Lines that can be held, the zero line apart.
    pub(super) fn capacity(&self) -> u64 {
        u64::from(self.buckets) * u64::from(self.ways) + u64::from(self.overflow)
    }

    pub(super) fn free(&self) -> u64 {
        self.capacity() - self.live - self.waiting
    }

    /// Heap bytes held, bookkeeping included.
    pub(super) fn heap_bytes(&self) -> usize {
        self.rows.heap_bytes()
            + self.lines.capacity() * size_of::<Block>()
            + self.tags.capacity() * size_of::<Tags>()
            + self.over_next.capacity() * 4
            + self.over_count.capacity() * 4
            + self.over_signature.capacity()
            + self.queue.capacity() * 8
    }

    #[inline]
    fn slot(&self, index: u32) -> Slot {
        let primary = self.buckets * self.ways;
        if index < primary {
            Slot::Way { bucket: index / self.ways, way: index % self.ways }
        } else {
            Slot::Overflow(index - primary)
        }
    }

    #[inline]
    fn count_word(&mut self, index: u32) -> &mut u32 {
        match self.slot(index) {
            Slot::Way { bucket, way } => self.rows.count_mut(bucket, way),
            Slot::Overflow(entry) => &mut self.over_count[entry as usize],
        }
    }

    #[inline]
    fn peek_count(&self, index: u32) -> u32 {
        match self.slot(index) {
            Slot::Way { bucket, way } => self.rows.count(bucket, way),
            Slot::Overflow(entry) => self.over_count[entry as usize],
        }
    }

    #[inline]
    fn bytes(&self, index: u32) -> &[u8] {
        let all: &[u8] = bytemuck::cast_slice(&self.lines);
        &all[index as usize * self.line_bytes..][..self.line_bytes]
    }

    /// A line's content. PLID 0 is all zeros.
    #[inline]
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
        self.queue.iter().filter(|(plid, ticket)| self.is_waiting(*plid, *ticket)).map(|(plid, _)| *plid)
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
        let chained = self.chain(place.bucket).map(|entry| self.buckets * self.ways + entry);
        let mut all = ways.chain(chained);
        all.find(|index| self.bytes(*index) == line && self.line_tags(index + 1) == tags)
            .map(|index| index + 1)
    }

    /// The overflow entries of a bucket.
    fn chain(&self, bucket: u32) -> impl Iterator<Item = u32> {
        let mut link = self.rows.link(bucket);
        std::iter::from_fn(move || {
            let entry = link.checked_sub(1)?;
            link = self.over_next[entry as usize];
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
    pub(super) fn overflow(&self) -> u32 {
        self.overflow
    }

    /// Whether a live line is counted as application payload.
    pub(super) fn is_data(&self, plid: u32) -> bool {
        plid != 0 && self.peek_count(plid - 1) & DATA != 0
    }

    /// One more reference to a line.
    #[inline]
    pub(super) fn retain(&mut self, plid: u32) {
        if plid != 0 {
            self.access.count_updates += 1;
            let word = self.count_word(plid - 1);
            debug_assert!(
                *word & COUNT != 0 && *word & WAITING == 0,
                "only live lines gain references by PLID"
            );
            assert!(*word & COUNT < COUNT, "reference count of a line overflows");
            *word += 1;
        }
    }

    /// One reference less; at zero the line dies and, unless it waits, releases its children.
    #[inline]
    pub(super) fn release(&mut self, plid: u32) {
        if plid != 0 {
            self.drop_reference(plid);
            while let Some(dead) = self.dying.pop() {
                self.bury(dead);
            }
        }
    }

    #[inline]
    fn drop_reference(&mut self, plid: u32) {
        self.access.count_updates += 1;
        let word = self.count_word(plid - 1);
        debug_assert!(*word & COUNT != 0 && *word & WAITING == 0, "only live lines lose references");
        *word -= 1;
        if *word & COUNT == 0 {
            self.dying.push(plid);
        }
    }

    /// A line without references: into the queue of waiting lines, or freed at once.
    fn bury(&mut self, plid: u32) {
        self.live -= 1;
        if self.peek_count(plid - 1) & DATA != 0 {
            self.data_live -= 1;
        }
        if self.queue_bound == 0 {
            self.free_line(plid);
            return;
        }
        self.waiting += 1;
        self.ticket = (self.ticket + 1) & COUNT;
        let ticket = self.ticket;
        let word = self.count_word(plid - 1);
        *word = (*word & TAGGED) | WAITING | ticket;
        self.queue.push_back((plid, ticket));
        while self.waiting > self.queue_bound as u64 {
            self.expire_oldest();
        }
        // Entries of revived lines stay behind; drop them before they outnumber the real ones.
        if self.queue.len() > 2 * self.queue_bound + 64 {
            let queue = std::mem::take(&mut self.queue);
            self.queue = queue.into_iter().filter(|(p, t)| self.is_waiting(*p, *t)).collect();
        }
    }

    fn is_waiting(&self, plid: u32, ticket: u32) -> bool {
        self.peek_count(plid - 1) & !TAGGED == WAITING | ticket
    }

    /// Frees the line that has waited longest; false when none waits. Its children may start to wait.
    fn expire_oldest(&mut self) -> bool {
        while let Some((plid, ticket)) = self.queue.pop_front() {
            if self.is_waiting(plid, ticket) {
                self.waiting -= 1;
                self.free_line(plid);
                return true;
            }
        }
        false
    }

    /// Frees every line that waits.
    pub(super) fn drain_waiting(&mut self) {
        while self.expire_oldest() {
            while let Some(dead) = self.dying.pop() {
                self.bury(dead);
            }
        }
    }

    /// Clears a dead line's place; children that lose their last reference are left in `dying`.
    fn free_line(&mut self, plid: u32) {
        let index = plid - 1;
        let tags = self.line_tags(plid);
        if tags != 0 {
            self.access.data_reads += 1;
            for i in 0..self.line_bytes / 4 {
                if tags & (1 << i) != 0 {
                    let child = self.child(plid, i);
                    self.drop_reference(child);
                }
            }
        }
        self.access.signature_writes += 1;
        match self.slot(index) {
            Slot::Way { bucket, way } => {
                self.rows.set_signature(bucket, way, 0);
                *self.rows.count_mut(bucket, way) = 0;
            }
            Slot::Overflow(entry) => {
                let bucket = place(self.bytes(index), tags, self.buckets).bucket;
                self.unlink(bucket, entry);
                self.over_count[entry as usize] = 0;
                self.set_free_link(entry, self.over_free);
                self.over_free = entry;
            }
        }
    }

    fn unlink(&mut self, bucket: u32, entry: u32) {
        let next = self.over_next[entry as usize];
        let mut at = self.rows.link(bucket);
        if at == entry + 1 {
            self.rows.set_link(bucket, next);
            return;
        }
        while at != 0 {
            self.access.overflow_reads += 1;
            let follow = self.over_next[at as usize - 1];
            if follow == entry + 1 {
                self.over_next[at as usize - 1] = next;
                return;
            }
            at = follow;
        }
        unreachable!("an overflow entry is in its bucket's chain");
    }

    /// Free links are relative to the next entry, so zeroed memory reads as "entry i, then i + 1, ...".
    fn free_link(&self, entry: u32) -> u32 {
        self.over_next[entry as usize].wrapping_add(entry + 1)
    }

    fn set_free_link(&mut self, entry: u32, next: u32) {
        self.over_next[entry as usize] = next.wrapping_sub(entry + 1);
    }

    /// Hashes up to [`BATCH`] lines and reads their row headers, so that the misses of a batch overlap.
    pub(super) fn prepare(&self, lines: &[u8], places: &mut [Place; BATCH]) {
        let mut touched = 0;
        match self.line_bytes {
            16 => self.prepare_sized::<16>(lines, places),
            32 => self.prepare_sized::<32>(lines, places),
            _ => self.prepare_sized::<64>(lines, places),
        }
        let count = lines.len() / self.line_bytes;
        for place in &places[..count] {
            touched |= self.rows.touch(place.bucket);
        }
        for place in &places[..count] {
            let set = self.rows.matches(place.bucket, place.signature) | self.rows.matches(place.bucket, 0);
            if set != 0 {
                let index = place.bucket * self.ways + set.trailing_zeros();
                touched |= u32::from(self.bytes(index)[0]);
            }
        }
        std::hint::black_box(touched);
    }

    #[inline]
    fn prepare_sized<const N: usize>(&self, lines: &[u8], places: &mut [Place; BATCH]) {
        for (line, out) in lines.as_chunks::<N>().0.iter().zip(places.iter_mut()) {
            *out = place(line, 0, self.buckets);
        }
    }

    /// The PLID of a line with this content, allocated if there is none; the caller owns one reference.
    #[inline]
    pub(super) fn intern(&mut self, line: &[u8], tags: Tags, content: Content) -> Result<u32, Full> {
        let place = place(line, tags, self.buckets);
        self.intern_at(line, tags, content, place)
    }

    /// [`Self::intern`] with the place already known.
    #[inline]
    pub(super) fn intern_at(
        &mut self,
        line: &[u8],
        tags: Tags,
        content: Content,
        place: Place,
    ) -> Result<u32, Full> {
        match self.line_bytes {
            16 => self.intern_sized::<16>(line, tags, content, place),
            32 => self.intern_sized::<32>(line, tags, content, place),
            _ => self.intern_sized::<64>(line, tags, content, place),
        }
    }

    #[inline]
    fn intern_sized<const N: usize>(
        &mut self,
        line: &[u8],
        tags: Tags,
        content: Content,
        place: Place,
    ) -> Result<u32, Full> {
        let line: &[u8; N] = line.try_into().expect("callers pass whole lines");
        let is_data = content == Content::Data;
        if *line == [0; N] {
            self.all.requested += 1;
            self.all.zero += 1;
            self.data.requested += u64::from(is_data);
            self.data.zero += u64::from(is_data);
            return Ok(0);
        }
        self.access.signature_reads += 1;
        if let Some(index) = self.find::<N>(line, tags, place) {
            self.all.requested += 1;
            self.data.requested += u64::from(is_data);
            self.hit(index, is_data);
            return Ok(index + 1);
        }
        let index = loop {
            if let Some(index) = self.take_place(place) {
                break index;
            }
            if !self.expire_oldest() {
                return Err(Full);
            }
            while let Some(dead) = self.dying.pop() {
                self.bury(dead);
            }
        };
        let all: &mut [u8] = bytemuck::cast_slice_mut(&mut self.lines);
        all[index as usize * N..][..N].copy_from_slice(line);
        let mut word = 1;
        if tags != 0 {
            self.tags[index as usize] = tags;
            word |= TAGGED;
        }
        if is_data {
            word |= DATA;
            self.data_live += 1;
        }
        *self.count_word(index) = word;
        self.live += 1;
        self.all.requested += 1;
        self.all.new += 1;
        self.data.requested += u64::from(is_data);
        self.data.new += u64::from(is_data);
        self.access.data_writes += 1;
        self.access.signature_writes += 1;
        self.access.count_updates += 1;
        Ok(index + 1)
    }

    #[inline]
    fn hit(&mut self, index: u32, is_data: bool) {
        self.access.count_updates += 1;
        self.all.hits += 1;
        self.data.hits += u64::from(is_data);
        let word = self.count_word(index);
        let mut became_data = false;
        let revived = *word & WAITING != 0;
        if revived {
            *word = (*word & TAGGED) | 1;
        } else {
            assert!(*word & COUNT < COUNT, "reference count of a line overflows");
            *word += 1;
        }
        if is_data && *word & DATA == 0 {
            *word |= DATA;
            became_data = true;
        }
        if revived {
            self.waiting -= 1;
            self.live += 1;
            self.all.revived += 1;
            self.data.revived += u64::from(is_data);
        }
        self.data_live += u64::from(became_data);
    }

    #[inline]
    fn find<const N: usize>(&mut self, line: &[u8; N], tags: Tags, place: Place) -> Option<u32> {
        let mut set = self.rows.matches(place.bucket, place.signature);
        while set != 0 {
            let index = place.bucket * self.ways + set.trailing_zeros();
            self.access.candidate_reads += 1;
            if self.equals::<N>(index, line, tags) {
                return Some(index);
            }
            self.access.false_matches += 1;
            set &= set - 1;
        }
        let mut link = self.rows.link(place.bucket);
        while link != 0 {
            let entry = link - 1;
            self.access.overflow_reads += 1;
            if self.over_signature[entry as usize] == place.signature {
                let index = self.buckets * self.ways + entry;
                self.access.candidate_reads += 1;
                if self.equals::<N>(index, line, tags) {
                    return Some(index);
                }
                self.access.false_matches += 1;
            }
            link = self.over_next[entry as usize];
        }
        None
    }

    #[inline]
    fn equals<const N: usize>(&self, index: u32, line: &[u8; N], tags: Tags) -> bool {
        let all: &[[u8; N]] = bytemuck::cast_slice::<Block, u8>(&self.lines).as_chunks::<N>().0;
        all[index as usize] == *line && {
            let tagged = self.peek_count(index) & TAGGED != 0;
            tagged == (tags != 0) && (!tagged || self.tags[index as usize] == tags)
        }
    }

    /// A free way of the bucket, else an overflow entry linked to it.
    #[inline]
    fn take_place(&mut self, place: Place) -> Option<u32> {
        let empty = self.rows.matches(place.bucket, 0);
        if empty != 0 {
            let way = empty.trailing_zeros();
            self.rows.set_signature(place.bucket, way, place.signature);
            return Some(place.bucket * self.ways + way);
        }
        let entry = self.over_free;
        if entry >= self.overflow {
            return None;
        }
        self.over_free = self.free_link(entry);
        self.over_next[entry as usize] = self.rows.link(place.bucket);
        self.over_signature[entry as usize] = place.signature;
        self.rows.set_link(place.bucket, entry + 1);
        Some(self.buckets * self.ways + entry)
    }

    /// Calls `each` with every line that is live or waiting: PLID, references, waiting, tags.
    pub(super) fn for_each_line(&self, mut each: impl FnMut(u32, u32, bool, Tags)) {
        for index in 0..self.capacity() as u32 {
            let word = self.peek_count(index);
            if word & (COUNT | WAITING) != 0 {
                let waiting = word & WAITING != 0;
                each(index + 1, if waiting { 0 } else { word & COUNT }, waiting, self.line_tags(index + 1));
            }
        }
    }
}
