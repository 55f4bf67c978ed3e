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

use super::access::{Accesses, LineCounts};
use super::hash::{Place, place};
use super::overflow::Overflow;
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
    /// 2^64 / ways, rounded up: multiplying by it divides any 32-bit number exactly (Lemire, Kaser, Kurz 2019).
    inverse: u64,
    rows: Rows,
    overflow: Overflow,
    lines: Tracked<Block>,
    tags: Tracked<Tags>,
    queue: Queue,
    dying: Vec<u32>,
    pub(super) live: u64,
    pub(super) waiting: u64,
    pub(super) data_live: u64,
    pub(super) all: LineCounts,
    pub(super) data: LineCounts,
    pub(super) access: Accesses,
}

/// What a store has beside its arrays.
#[derive(Clone)]
pub(super) struct Rest {
    overflow_free: u32,
    queue: Ends,
    live: u64,
    waiting: u64,
    data_live: u64,
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
    Way { bucket: u32, way: u32 },
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
            inverse: u64::MAX / u64::from(ways) + 1,
            rows: Rows::new(buckets, ways),
            overflow: Overflow::new(overflow),
            lines: blocks.into(),
            tags: vec![0; lines].into(),
            queue: Queue::new(queue_bound.min(lines as u32)),
            dying: Vec::new(),
            live: 0,
            waiting: 0,
            data_live: 0,
            all: LineCounts::default(),
            data: LineCounts::default(),
            access: Accesses::new(buckets, ways),
        }
    }

    /// The arrays, for checkpoints; [`Self::rest`] is what else there is. Between operations `dying` is empty.
    pub(super) fn versioned(&mut self) -> [&mut dyn Versioned; 7] {
        let [next, count, signature] = self.overflow.versioned();
        let (rows, queue) = (self.rows.versioned(), self.queue.versioned());
        [rows, &mut self.lines, &mut self.tags, next, count, signature, queue]
    }

    pub(super) fn rest(&self) -> Rest {
        Rest {
            overflow_free: self.overflow.free,
            queue: self.queue.ends,
            live: self.live,
            waiting: self.waiting,
            data_live: self.data_live,
            all: self.all,
            data: self.data,
            access: self.access.clone(),
        }
    }

    pub(super) fn set_rest(&mut self, rest: Rest) {
        let Rest { overflow_free, queue, live, waiting, data_live, all, data, access } = rest;
        self.overflow.free = overflow_free;
        self.queue.ends = queue;
        (self.live, self.waiting, self.data_live) = (live, waiting, data_live);
        (self.all, self.data, self.access) = (all, data, access);
    }

    pub(super) fn line_bytes(&self) -> usize {
        self.line_bytes
    }

    /// Lines that can be held, the zero line apart.
    pub(super) fn capacity(&self) -> u64 {
        u64::from(self.buckets) * u64::from(self.ways) + u64::from(self.overflow.entries())
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
            + self.queue.heap_bytes()
    }

    #[inline]
    fn slot(&self, index: u32) -> Slot {
        let primary = self.buckets * self.ways;
        if index < primary {
            let bucket = ((u128::from(self.inverse) * u128::from(index)) >> 64) as u32;
            Slot::Way { bucket, way: index - bucket * self.ways }
        } else {
            Slot::Overflow(index - primary)
        }
    }

    #[inline]
    fn count_word(&mut self, index: u32) -> &mut u32 {
        match self.slot(index) {
            Slot::Way { bucket, way } => self.rows.count_mut(bucket, way),
            Slot::Overflow(entry) => self.overflow.count_mut(entry),
        }
    }

    #[inline]
    fn peek_count(&self, index: u32) -> u32 {
        match self.slot(index) {
            Slot::Way { bucket, way } => self.rows.count(bucket, way),
            Slot::Overflow(entry) => self.overflow.count(entry),
        }
    }

    #[inline]
    fn bytes(&self, index: u32) -> &[u8] {
        let all: &[u8] = bytemuck::cast_slice(&*self.lines);
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

    /// Whether a live line is counted as application payload.
    pub(super) fn is_data(&self, plid: u32) -> bool {
        plid != 0 && self.peek_count(plid - 1) & DATA != 0
    }

    /// One more reference to a line.
    #[inline]
    pub(super) fn retain(&mut self, plid: u32) {
        if plid != 0 {
            self.access.count_update(plid);
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
        self.access.count_update(plid);
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
        if self.queue.bound() == 0 {
            self.free_line(plid);
            return;
        }
        self.waiting += 1;
        self.queue.ends.ticket = (self.queue.ends.ticket + 1) & COUNT;
        let ticket = self.queue.ends.ticket;
        let word = self.count_word(plid - 1);
        *word = (*word & TAGGED) | WAITING | ticket;
        let mut queue = std::mem::replace(&mut self.queue, Queue::new(0));
        queue.push(plid, |plid, ticket| self.is_waiting(plid, ticket));
        self.queue = queue;
        while self.waiting > u64::from(self.queue.bound()) {
            self.expire_oldest();
        }
    }

    fn is_waiting(&self, plid: u32, ticket: u32) -> bool {
        self.peek_count(plid - 1) & !TAGGED == WAITING | ticket
    }

    /// Frees the line that has waited longest; false when none waits. Its children may start to wait.
    fn expire_oldest(&mut self) -> bool {
        while let Some((plid, ticket)) = self.queue.pop() {
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
            self.access.data_read(plid);
            for i in 0..self.line_bytes / 4 {
                if tags & (1 << i) != 0 {
                    let child = self.child(plid, i);
                    self.drop_reference(child);
                }
            }
        }
        match self.slot(index) {
            Slot::Way { bucket, way } => {
                self.access.signature_read(bucket);
                self.access.signature_write(bucket);
                self.rows.set_signature(bucket, way, 0);
                *self.rows.count_mut(bucket, way) = 0;
            }
            Slot::Overflow(entry) => {
                if tags == 0 {
                    self.access.data_read(plid);
                }
                let bucket = place(self.bytes(index), tags, self.buckets).bucket;
                self.unlink(bucket, entry);
                self.access.overflow_write(entry);
                self.overflow.give_back(entry);
            }
        }
        self.access.freed(plid);
    }

    /// Takes an entry out of its bucket's chain.
    fn unlink(&mut self, bucket: u32, entry: u32) {
        self.access.overflow_read(entry);
        let next = self.overflow.next(entry);
        self.access.signature_read(bucket);
        let mut at = self.rows.link(bucket);
        if at == entry + 1 {
            self.access.signature_write(bucket);
            self.rows.set_link(bucket, next);
            return;
        }
        while at != 0 {
            self.access.overflow_read(at - 1);
            let follow = self.overflow.next(at - 1);
            if follow == entry + 1 {
                self.access.overflow_write(at - 1);
                self.overflow.set_next(at - 1, next);
                return;
            }
            at = follow;
        }
        unreachable!("an overflow entry is in its bucket's chain");
    }

    /// Hashes up to [`BATCH`] lines and reads their row headers and first candidates, so that the misses of a batch
    /// overlap. The loops that read do nothing else: the more of them the processor sees at once, the more overlap.
    #[inline]
    pub(super) fn prepare(&self, lines: &[u8], tags: &[Tags; BATCH], places: &mut [Place; BATCH]) {
        match self.line_bytes {
            16 => self.prepare_sized::<16>(lines, tags, places),
            32 => self.prepare_sized::<32>(lines, tags, places),
            _ => self.prepare_sized::<64>(lines, tags, places),
        }
    }

    fn prepare_sized<const N: usize>(&self, lines: &[u8], tags: &[Tags; BATCH], places: &mut [Place; BATCH]) {
        let lines = lines.as_chunks::<N>().0;
        let count = lines.len().min(BATCH);
        for ((line, tags), out) in lines.iter().zip(tags).zip(places.iter_mut()) {
            *out = place(line, *tags, self.buckets);
        }
        let mut touched = 0;
        for place in &places[..count] {
            touched |= self.rows.touch(place.bucket);
        }
        std::hint::black_box(touched);
        let mut candidates = [0; BATCH];
        for (place, candidate) in places[..count].iter().zip(&mut candidates) {
            let same = self.rows.matches(place.bucket, place.signature);
            let set = if same == 0 { self.rows.matches(place.bucket, 0) } else { same };
            // No way at all reads as way 32 of its bucket: any line, just not out of range.
            let index = place.bucket * self.ways + set.trailing_zeros();
            *candidate = index as usize * N / 64;
        }
        let last = self.lines.len() - 1;
        for candidate in &candidates[..count] {
            touched |= self.lines[(*candidate).min(last)].first_word();
        }
        std::hint::black_box(touched);
    }

    /// Where a line is looked for.
    #[inline]
    pub(super) fn place(&self, line: &[u8], tags: Tags) -> Place {
        place(line, tags, self.buckets)
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
        if is_zero(line) {
            self.all.requested += 1;
            self.all.zero += 1;
            self.data.requested += u64::from(is_data);
            self.data.zero += u64::from(is_data);
            return Ok(0);
        }
        self.access.signature_read(place.bucket);
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
        self.write_line::<N>(index, line);
        let mut word = 1;
        if tags != 0 {
            *self.tags.write(index as usize) = tags;
            word |= TAGGED;
            self.store_children(line, tags);
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
        self.access.data_write(index + 1);
        self.access.signature_write(place.bucket);
        self.access.count_update(index + 1);
        Ok(index + 1)
    }

    #[inline]
    fn write_line<const N: usize>(&mut self, index: u32, line: &[u8; N]) {
        let at = index as usize * N;
        let block = bytemuck::bytes_of_mut(self.lines.write(at / 64));
        block[at % 64..][..N].copy_from_slice(line);
    }

    /// A new line stores PLIDs: the count of each is changed. (The references are those that the line's maker held and
    /// now hands over, so that no count is different afterwards.)
    fn store_children(&mut self, line: &[u8], tags: Tags) {
        for (i, word) in line.as_chunks::<4>().0.iter().enumerate() {
            if tags & (1 << i) != 0 {
                self.access.count_update(u32::from_le_bytes(*word));
            }
        }
    }

    #[inline]
    fn hit(&mut self, index: u32, is_data: bool) {
        self.access.count_update(index + 1);
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
            let equal = self.equals::<N>(index, line, tags);
            self.access.candidate_read(index + 1, equal);
            if equal {
                return Some(index);
            }
            set &= set - 1;
        }
        let mut link = self.rows.link(place.bucket);
        while link != 0 {
            let entry = link - 1;
            self.access.overflow_read(entry);
            if self.overflow.signature(entry) == place.signature {
                let index = self.buckets * self.ways + entry;
                let equal = self.equals::<N>(index, line, tags);
                self.access.candidate_read(index + 1, equal);
                if equal {
                    return Some(index);
                }
            }
            link = self.overflow.next(entry);
        }
        None
    }

    #[inline]
    fn equals<const N: usize>(&self, index: u32, line: &[u8; N], tags: Tags) -> bool {
        let all: &[[u8; N]] = bytemuck::cast_slice::<Block, u8>(&*self.lines).as_chunks::<N>().0;
        same(&all[index as usize], line) && {
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
        let entry = self.overflow.take(self.rows.link(place.bucket), place.signature)?;
        // Its free link is read before it is written; the bucket's link is in the signature line.
        self.access.overflow_read(entry);
        self.access.overflow_write(entry);
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

/// Whether two lines are equal: without the call of a library function that an array comparison becomes.
#[inline]
fn same<const N: usize>(a: &[u8; N], b: &[u8; N]) -> bool {
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    words.fold(0, |any, (a, b)| any | (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b))) == 0
}

#[inline]
fn is_zero<const N: usize>(line: &[u8; N]) -> bool {
    line.as_chunks::<8>().0.iter().fold(0, |any, word| any | u64::from_ne_bytes(*word)) == 0
}
