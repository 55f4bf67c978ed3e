//! HICAMP memory: immutable lines found by content, segments as DAGs of lines, snapshots (paper section 2.2; DESIGN.md
//! section 2).
//!
//! ```
//! use snapstack::memory::{Content, Memory, MemoryConfig};
//!
//! let mut memory = Memory::new(MemoryConfig { line_size: 16, ..MemoryConfig::default() })?;
//! let page = memory.create(b"the same bytes, the same lines", Content::Data)?;
//! let snapshot = memory.snapshot(page)?;
//! memory.overwrite(page, 4, b"SAME", Content::Data)?;
//!
//! assert_eq!(memory.to_vec(snapshot)?, b"the same bytes, the same lines");
//! assert_eq!(memory.to_vec(page)?, b"the SAME bytes, the same lines");
//! # Ok::<(), snapstack::memory::MemoryError>(())
//! ```
//!
//! | operation | new lines at most |
//! |---|---|
//! | create n bytes | n / line size, and the nodes above |
//! | snapshot, release | 0 |
//! | overwrite k lines | k, and the paths from the root to them |
//! | graft k lines, lined up | the paths to both ends |
//!
//! Requests are made on behalf of a [`Principal`] (protection.rs) and may be refused for want of lines (admission.rs);
//! [`Controller`] puts addresses, loads and stores over it all.
//!
//! Swapping segments to disk and falling back to conventional memory (paper section 5) are not built.

mod access;
mod address;
mod admission;
mod build;
mod cache;
mod check;
mod checkpoint;
mod compose;
mod controller;
mod cursor;
mod dag;
mod difference;
mod edit;
mod error;
mod graft;
mod hash;
mod heap;
mod inspect;
mod map;
mod merge;
mod overflow;
mod prefetch;
mod protection;
mod row;
mod search;
mod store;
mod tracked;
mod update;
mod view;
mod waiting;

pub use access::{AccessCounts, LineCounts};
pub use address::{Address, Partition};
pub use admission::{Class, Pressure, Ticket};
pub use cache::{
    CacheConfig, CacheCounts, CacheError, CacheKey, Indexing, LastLevelCache, LineKind, MAX_CACHE_ENTRIES,
    MapCache, MapCacheConfig,
};
pub use check::Broken;
pub use checkpoint::CheckpointId;
pub use compose::Share;
pub use controller::{AccessError, AccessFaults, Controller};
pub use cursor::{Commit, CursorId};
pub use error::MemoryError;
pub use heap::HeapError;
pub use inspect::{
    BucketFill, Dag, DagEdge, DagNode, LineBytes, LineTally, Occupancy, Plid, Reach, Referrer, Usage,
};
pub use map::{MAX_SEGMENTS, SegmentId};
pub use protection::{Fault, FaultCounts, Principal, Rights};
pub use row::WAYS;
pub use search::{ReachSearch, ReferrerSearch};
pub use store::Content;
pub use view::View;

use admission::Admission;
use dag::{Root, Shape};
use map::{Entry, SegmentMap};
use protection::Guard;
use store::Store;

/// Line sizes in bytes (DESIGN.md 2.1).
pub const LINE_SIZES: [u32; 3] = [16, 32, 64];
/// Most lines of one memory: PLIDs are 32 bits wide.
pub const MAX_LINES: u64 = 1 << 31;
/// Longest segment in bytes: offsets have 40 bits of an address.
pub const MAX_LENGTH: u64 = 1 << 40;
/// Most bytes that [`Memory::to_vec`] puts into one buffer.
pub const MAX_BUFFER: u64 = 1 << 30;

/// What a memory is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryConfig {
    /// Bytes a line: 16, 32 or 64.
    pub line_size: u32,
    /// Lines that the buckets are sized for; the real capacity ([`Memory::capacity`]) is a little over it.
    pub lines: u64,
    /// Ways a bucket, 12 to 32 (FACTS.md section 1).
    pub ways: u32,
    /// Dead lines that wait to be revived before they are freed (paper section 5); 0 frees at once.
    pub delayed_free: u32,
    /// Lines kept for receive DMA, on top of `lines` ([`Class::Receive`]).
    pub reserve: u32,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { line_size: 64, lines: 1 << 16, ways: 12, delayed_free: 0, reserve: 0 }
    }
}

/// A whole HICAMP memory.
#[derive(Clone)]
pub struct Memory {
    store: Store,
    shape: Shape,
    map: SegmentMap,
    scratch: build::Scratch,
    cursors: Vec<Option<cursor::Cursor>>,
    guard: Guard,
    admission: Admission,
    checkpoints: checkpoint::Tree,
}

impl Memory {
    /// An empty memory.
    ///
    /// # Errors
    /// [`MemoryError::LineSize`], [`MemoryError::Ways`], [`MemoryError::Capacity`] or [`MemoryError::Reserve`] for a value
    /// out of range; [`MemoryError::Host`] if the machine that runs the model has no room.
    pub fn new(config: MemoryConfig) -> Result<Self, MemoryError> {
        let MemoryConfig { line_size, lines, ways, delayed_free, reserve } = config;
        if !LINE_SIZES.contains(&line_size) {
            return Err(MemoryError::LineSize(line_size));
        }
        if !WAYS.contains(&ways) {
            return Err(MemoryError::Ways(ways));
        }
        if lines == 0 || lines > MAX_LINES {
            return Err(MemoryError::Capacity(lines));
        }
        if u64::from(reserve) > lines {
            return Err(MemoryError::Reserve { reserve, lines });
        }
        // Full buckets spill: with as many ways as lines, Poisson arrivals of mean 12 into 12 ways leave 11.4 % of the
        // lines without a way (13.5 % would be over four standard deviations more at the smallest size that matters).
        let buckets = lines.div_ceil(u64::from(ways));
        let overflow = lines * 27 / 200 + 64 + u64::from(reserve);
        // PLIDs are 32 bits wide, PLID 0 among them.
        if buckets * u64::from(ways) + overflow >= u64::from(u32::MAX) {
            return Err(MemoryError::Capacity(lines));
        }
        // Lines, and at most 32 bytes of bookkeeping for each.
        room_for((buckets * u64::from(ways) + overflow) * (u64::from(line_size) + 32))?;
        let line_bytes = line_size as usize;
        let store = Store::new(line_bytes, ways, buckets as u32, overflow as u32, delayed_free);
        let map = SegmentMap::default();
        Ok(Self {
            store,
            shape: Shape::new(line_bytes),
            map,
            scratch: Vec::new(),
            cursors: Vec::new(),
            guard: Guard::default(),
            admission: Admission::new(reserve),
            checkpoints: checkpoint::Tree::default(),
        })
    }

    /// Bytes a line.
    pub fn line_size(&self) -> u32 {
        self.shape.line as u32
    }

    /// Children of an interior line: line size / 4.
    pub fn fan_out(&self) -> u32 {
        self.shape.fan_out() as u32
    }

    /// Lines that can be held, the zero line apart.
    pub fn capacity(&self) -> u64 {
        self.store.capacity()
    }

    /// Lines with references.
    pub fn live_lines(&self) -> u64 {
        self.store.live
    }

    /// Dead lines that wait to be freed.
    pub fn waiting_lines(&self) -> u64 {
        self.store.waiting
    }

    /// Live lines that hold application payload, the zero line not counted.
    pub fn live_data_lines(&self) -> u64 {
        self.store.data_live
    }

    /// Of those, the ones that a segment or a cursor leads to, and not only lines that wait to be freed.
    pub fn held_data_lines(&self) -> u64 {
        self.store.data_live - self.store.data_unreached
    }

    /// Heap bytes of the model itself, bookkeeping included.
    pub fn heap_bytes(&self) -> usize {
        self.store.heap_bytes()
    }

    /// Bytes that the modelled hardware holds now: each line that is live or waits with its tags (a bit a word), its
    /// signature (a byte) and its count (4 bytes), and 16 bytes for each segment map entry (FACTS.md section 1).
    pub fn footprint(&self) -> u64 {
        let line = u64::from(self.line_size());
        (self.live_lines() + self.waiting_lines()) * (line + line / 32 + 5) + 16 * self.segments() as u64
    }

    /// Lookups of all lines by outcome.
    pub fn line_counts(&self) -> LineCounts {
        self.store.all
    }

    /// Lookups of lines that hold application payload, by outcome.
    pub fn data_line_counts(&self) -> LineCounts {
        self.store.data
    }

    /// Accesses by kind.
    pub fn access_counts(&self) -> AccessCounts {
        let (map_reads, map_writes) = self.map.accesses();
        AccessCounts { map_reads, map_writes, ..self.store.access.counts }
    }

    /// Segment map entries written so far.
    pub fn map_entries_written(&self) -> u64 {
        self.map.written()
    }

    /// Segments that exist.
    pub fn segments(&self) -> usize {
        self.map.len()
    }

    fn with_rights(&mut self, id: SegmentId, needed: Rights) -> Result<Entry, MemoryError> {
        let entry = self.map.read(id).ok_or(MemoryError::UnknownSegment(id))?;
        self.guard.check(id, &entry, needed)?;
        Ok(entry)
    }

    /// A segment that the acting principal may read.
    fn entry(&mut self, id: SegmentId) -> Result<Entry, MemoryError> {
        self.with_rights(id, Rights::READ)
    }

    /// A segment that the acting principal may write.
    fn writable(&mut self, id: SegmentId) -> Result<Entry, MemoryError> {
        let entry = self.with_rights(id, Rights::WRITE)?;
        if entry.read_only { Err(MemoryError::ReadOnly(id)) } else { Ok(entry) }
    }

    /// A segment that the acting principal may read, and which has these bytes.
    fn range(&mut self, id: SegmentId, offset: u64, len: u64) -> Result<Entry, MemoryError> {
        let entry = self.entry(id)?;
        within(id, &entry, offset, len)?;
        Ok(entry)
    }

    /// Adds a segment over `root`, of which the caller hands over one reference.
    fn add_segment(&mut self, root: Root, length: u64) -> Result<SegmentId, MemoryError> {
        let entry = Entry::new(root, length, self.guard.acting);
        let added = self.map.add(entry);
        if added.is_none() {
            self.store.release(root.plid);
        }
        added.ok_or(MemoryError::MapFull { limit: MAX_SEGMENTS })
    }

    /// Replaces a segment's root, of which the caller hands over one reference.
    fn put_root(&mut self, id: SegmentId, former: Entry, root: Root, length: u64) {
        self.map.set(id, Entry { root, length, ..former });
        self.store.release(former.root.plid);
    }

    fn growth(&self, length: u64) -> Result<u8, MemoryError> {
        if length > MAX_LENGTH {
            return Err(MemoryError::TooLong { length });
        }
        Ok(self.shape.height_for(length))
    }

    /// A root over `bytes`, of which what begins before byte `data_from` does not count as payload.
    fn built(&mut self, bytes: &[u8], data_from: usize) -> Result<Root, MemoryError> {
        let length = bytes.len() as u64;
        let height = self.growth(length)?;
        let needed = self.shape.worst_case(length);
        let plid =
            self.attempt(needed, |store, scratch| build::build(store, scratch, bytes, height, data_from))?;
        Ok(Root { plid, height })
    }

    /// Creates a segment that holds `bytes`.
    ///
    /// # Errors
    /// [`MemoryError::Exhausted`], [`MemoryError::Delayed`], [`MemoryError::TooLong`], [`MemoryError::MapFull`].
    pub fn create(&mut self, bytes: &[u8], content: Content) -> Result<SegmentId, MemoryError> {
        let root = self.built(bytes, build::data_from(content))?;
        let id = self.add_segment(root, bytes.len() as u64)?;
        self.store.access.conventional(id.0, 0, bytes.len() as u64);
        Ok(id)
    }

    /// Creates a segment of `length` zero bytes: no lines at all.
    ///
    /// # Errors
    /// [`MemoryError::TooLong`], [`MemoryError::MapFull`].
    pub fn create_zeroed(&mut self, length: u64) -> Result<SegmentId, MemoryError> {
        let height = self.growth(length)?;
        self.add_segment(Root { plid: 0, height }, length)
    }

    /// Makes the empty segments `base..base + count`, contiguous as a ring needs them.
    ///
    /// # Errors
    /// [`MemoryError::MapRange`] if they reach past [`MAX_SEGMENTS`], [`MemoryError::InUse`] with the first that exists.
    pub fn create_range(&mut self, base: SegmentId, count: u32) -> Result<(), MemoryError> {
        if u64::from(base.0) + u64::from(count) > u64::from(MAX_SEGMENTS) {
            return Err(MemoryError::MapRange { base, count, limit: MAX_SEGMENTS });
        }
        let mut ids = (base.0..base.0 + count).map(SegmentId);
        if let Some(segment) = ids.find(|id| self.map.get(*id).is_some()) {
            return Err(MemoryError::InUse { segment });
        }
        self.map.add_range(base.0, count, self.guard.acting);
        Ok(())
    }

    /// A new segment with the content that `id` has now, owned by the acting principal: one map entry, O(1).
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Fault`], [`MemoryError::MapFull`].
    pub fn snapshot(&mut self, id: SegmentId) -> Result<SegmentId, MemoryError> {
        let entry = self.entry(id)?;
        self.store.retain(entry.root.plid);
        self.add_segment(entry.root, entry.length)
    }

    /// Makes the existing segment `target` a snapshot of `id`; its former content is released.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`] and [`MemoryError::Fault`] for either, [`MemoryError::ReadOnly`].
    pub fn snapshot_into(&mut self, target: SegmentId, id: SegmentId) -> Result<(), MemoryError> {
        let entry = self.entry(id)?;
        let former = self.writable(target)?;
        self.store.retain(entry.root.plid);
        self.put_root(target, former, entry.root, entry.length);
        Ok(())
    }

    /// Empties a segment: its entry stays, its lines are released.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Fault`], [`MemoryError::ReadOnly`].
    pub fn clear(&mut self, id: SegmentId) -> Result<(), MemoryError> {
        let former = self.writable(id)?;
        self.put_root(id, former, Root::default(), 0);
        Ok(())
    }

    /// Removes a segment, read-only or not, and all grants on it; lines that nothing else refers to die.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`]; [`MemoryError::Fault`] without the right to own it.
    pub fn release(&mut self, id: SegmentId) -> Result<(), MemoryError> {
        let entry = self.with_rights(id, Rights::OWN)?;
        self.map.remove(id);
        self.guard.forget(id);
        self.store.release(entry.root.plid);
        Ok(())
    }

    /// Bytes of a segment.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Fault`].
    pub fn length(&mut self, id: SegmentId) -> Result<u64, MemoryError> {
        Ok(self.entry(id)?.length)
    }

    /// Height of a segment's DAG; 0 is a single leaf.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Fault`].
    pub fn height(&mut self, id: SegmentId) -> Result<u8, MemoryError> {
        Ok(self.entry(id)?.root.height)
    }

    /// Whether two segments hold the same bytes: one comparison of roots, no content is read.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Fault`].
    pub fn equal(&mut self, a: SegmentId, b: SegmentId) -> Result<bool, MemoryError> {
        let (a, b) = (self.entry(a)?, self.entry(b)?);
        Ok(a.length == b.length && a.root == b.root)
    }

    /// Fills `out` with the bytes from `offset`.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Fault`], [`MemoryError::OutOfRange`].
    pub fn read(&mut self, id: SegmentId, offset: u64, out: &mut [u8]) -> Result<(), MemoryError> {
        let entry = self.range(id, offset, out.len() as u64)?;
        self.store.access.conventional(id.0, offset, out.len() as u64);
        dag::read(&mut self.store, entry.root, offset, out);
        Ok(())
    }

    /// All bytes of a segment of up to [`MAX_BUFFER`] bytes.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Fault`]; [`MemoryError::Host`] for a longer segment, or one that
    /// the machine has no room for.
    pub fn to_vec(&mut self, id: SegmentId) -> Result<Vec<u8>, MemoryError> {
        let entry = self.entry(id)?;
        if entry.length > MAX_BUFFER {
            return Err(MemoryError::Host { bytes: entry.length });
        }
        room_for(entry.length)?;
        self.store.access.conventional(id.0, 0, entry.length);
        let mut out = vec![0; entry.length as usize];
        dag::read(&mut self.store, entry.root, 0, &mut out);
        Ok(out)
    }

    /// Calls `each` with every line's byte offset and content, in order, zero lines included. O(lines).
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Fault`].
    pub fn for_each_line(
        &mut self,
        id: SegmentId,
        mut each: impl FnMut(u64, &[u8]),
    ) -> Result<(), MemoryError> {
        let entry = self.entry(id)?;
        dag::for_each_leaf(&mut self.store, entry.root, 0, entry.length, &mut each);
        Ok(())
    }

    /// Frees every dead line that still waits.
    pub fn drain_waiting(&mut self) {
        self.store.drain_waiting();
    }
}

/// Whether a segment has these bytes.
fn within(segment: SegmentId, entry: &Entry, offset: u64, len: u64) -> Result<(), MemoryError> {
    let end = offset.saturating_add(len);
    if end > entry.length {
        return Err(MemoryError::OutOfRange { segment, offset, end, length: entry.length });
    }
    Ok(())
}

/// Asks the machine for room without keeping it, so that a size out of all proportion is an error and no abort.
fn room_for(bytes: u64) -> Result<(), MemoryError> {
    let room = usize::try_from(bytes).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok());
    if room { Ok(()) } else { Err(MemoryError::Host { bytes }) }
}
