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
//! Swapping segments to disk and falling back to conventional memory (paper section 5) are not built.

mod access;
mod cache;
mod check;
mod cursor;
mod dag;
mod edit;
mod error;
mod frame;
mod hash;
mod inspect;
mod map;
mod merge;
mod row;
mod store;

pub use access::{AccessCounts, LineCounts};
pub use cache::{
    CacheConfig, CacheCounts, CacheError, CacheKey, Indexing, LastLevelCache, MAX_CACHE_ENTRIES, MapCache,
    MapCacheConfig,
};
pub use check::Broken;
pub use cursor::{Commit, CursorId};
pub use error::MemoryError;
pub use inspect::{
    BucketFill, Dag, DagEdge, DagNode, LineBytes, LineTally, Occupancy, Plid, Reach, Referrer, Usage,
};
pub use map::SegmentId;
pub use row::WAYS;
pub use store::Content;

use dag::{Move, Root, Shape};
use map::{Entry, SegmentMap};
use store::{Full, Store};

/// Line sizes in bytes (DESIGN.md 2.1).
pub const LINE_SIZES: [u32; 3] = [16, 32, 64];
/// Most lines of one memory: PLIDs are 32 bits wide.
pub const MAX_LINES: u64 = 1 << 31;
/// Longest segment in bytes.
pub const MAX_LENGTH: u64 = 1 << 40;

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
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { line_size: 64, lines: 1 << 16, ways: 12, delayed_free: 0 }
    }
}

/// A whole HICAMP memory.
pub struct Memory {
    store: Store,
    shape: Shape,
    map: SegmentMap,
    scratch: Vec<u32>,
    map_reads: u64,
    cursors: Vec<Option<cursor::Cursor>>,
}

impl Memory {
    /// An empty memory.
    ///
    /// # Errors
    /// [`MemoryError::LineSize`], [`MemoryError::Ways`] or [`MemoryError::Capacity`] for a value out of range.
    pub fn new(config: MemoryConfig) -> Result<Self, MemoryError> {
        if !LINE_SIZES.contains(&config.line_size) {
            return Err(MemoryError::LineSize(config.line_size));
        }
        if !WAYS.contains(&config.ways) {
            return Err(MemoryError::Ways(config.ways));
        }
        if config.lines == 0 || config.lines > MAX_LINES {
            return Err(MemoryError::Capacity(config.lines));
        }
        // Full buckets spill: with as many ways as lines, Poisson arrivals of mean 12 into 12 ways leave 11.4 % of the
        // lines without a way (13.5 % would be over four standard deviations more at the smallest size that matters).
        let buckets = config.lines.div_ceil(u64::from(config.ways)) as u32;
        let overflow = config.lines * 27 / 200 + 64;
        let line_bytes = config.line_size as usize;
        let store =
            Store::new(line_bytes, config.ways, buckets, overflow as u32, config.delayed_free as usize);
        let map = SegmentMap::default();
        Ok(Self {
            store,
            shape: Shape::new(line_bytes),
            map,
            scratch: Vec::new(),
            map_reads: 0,
            cursors: Vec::new(),
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

    /// Heap bytes of the model itself, bookkeeping included.
    pub fn heap_bytes(&self) -> usize {
        self.store.heap_bytes()
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
        AccessCounts { map_reads: self.map_reads, map_writes: self.map.written, ..self.store.access }
    }

    /// Segment map entries written so far.
    pub fn map_entries_written(&self) -> u64 {
        self.map.written
    }

    /// Segments that exist.
    pub fn segments(&self) -> usize {
        self.map.len()
    }

    fn entry(&mut self, id: SegmentId) -> Result<Entry, MemoryError> {
        self.map_reads += 1;
        self.map.get(id).copied().ok_or(MemoryError::UnknownSegment(id))
    }

    fn writable(&mut self, id: SegmentId) -> Result<Entry, MemoryError> {
        let entry = self.entry(id)?;
        if entry.read_only { Err(MemoryError::ReadOnly(id)) } else { Ok(entry) }
    }

    fn range(&mut self, id: SegmentId, offset: u64, len: u64) -> Result<Entry, MemoryError> {
        let entry = self.entry(id)?;
        let end = offset.saturating_add(len);
        if end > entry.length {
            return Err(MemoryError::OutOfRange { segment: id, offset, end, length: entry.length });
        }
        Ok(entry)
    }

    fn exhausted(&self, needed: u64) -> MemoryError {
        MemoryError::Exhausted { needed, free: self.store.free() + self.store.waiting }
    }

    fn growth(&self, length: u64) -> Result<u8, MemoryError> {
        if length > MAX_LENGTH {
            return Err(MemoryError::TooLong { length });
        }
        Ok(self.shape.height_for(length))
    }

    /// Creates a segment that holds `bytes`.
    ///
    /// # Errors
    /// [`MemoryError::Exhausted`], [`MemoryError::TooLong`].
    pub fn create(&mut self, bytes: &[u8], content: Content) -> Result<SegmentId, MemoryError> {
        let length = bytes.len() as u64;
        let height = self.growth(length)?;
        let plid = dag::build(&mut self.store, &mut self.scratch, bytes, height, content)
            .map_err(|Full| self.exhausted(self.shape.worst_case(length)))?;
        Ok(self.map.add(Entry { root: Root { plid, height }, length, read_only: false }))
    }

    /// Creates a segment of `length` zero bytes: no lines at all.
    ///
    /// # Errors
    /// [`MemoryError::TooLong`].
    pub fn create_zeroed(&mut self, length: u64) -> Result<SegmentId, MemoryError> {
        let height = self.growth(length)?;
        Ok(self.map.add(Entry { root: Root { plid: 0, height }, length, read_only: false }))
    }

    /// Makes the empty segments `base..base + count`, contiguous as a ring needs them.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`] with `base` if IDs from there on are in use already.
    pub fn create_range(&mut self, base: SegmentId, count: u32) -> Result<(), MemoryError> {
        if self.map.iter().any(|(id, _)| id >= base) {
            return Err(MemoryError::UnknownSegment(base));
        }
        self.map.reserve(base.0, count);
        Ok(())
    }

    /// A new segment with the content that `id` has now: one map entry, O(1).
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn snapshot(&mut self, id: SegmentId) -> Result<SegmentId, MemoryError> {
        let entry = self.entry(id)?;
        self.store.retain(entry.root.plid);
        Ok(self.map.add(Entry { read_only: false, ..entry }))
    }

    /// Makes the existing segment `target` a snapshot of `id`; its former content is released.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`] for either.
    pub fn snapshot_into(&mut self, target: SegmentId, id: SegmentId) -> Result<(), MemoryError> {
        let entry = self.entry(id)?;
        self.writable(target)?;
        self.store.retain(entry.root.plid);
        self.put_root(target, entry.root, entry.length);
        Ok(())
    }

    /// Empties a segment: its entry stays, its lines are released.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn clear(&mut self, id: SegmentId) -> Result<(), MemoryError> {
        self.writable(id)?;
        self.put_root(id, Root::default(), 0);
        Ok(())
    }

    /// Removes a segment; lines that nothing else refers to die.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn release(&mut self, id: SegmentId) -> Result<(), MemoryError> {
        let entry = self.map.remove(id).ok_or(MemoryError::UnknownSegment(id))?;
        self.store.release(entry.root.plid);
        Ok(())
    }

    /// Bytes of a segment.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn length(&self, id: SegmentId) -> Result<u64, MemoryError> {
        self.map.get(id).map(|entry| entry.length).ok_or(MemoryError::UnknownSegment(id))
    }

    /// Height of a segment's DAG; 0 is a single leaf.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn height(&self, id: SegmentId) -> Result<u8, MemoryError> {
        self.map.get(id).map(|entry| entry.root.height).ok_or(MemoryError::UnknownSegment(id))
    }

    /// Whether two segments hold the same bytes: one comparison of roots, no content is read.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn equal(&self, a: SegmentId, b: SegmentId) -> Result<bool, MemoryError> {
        let a = self.map.get(a).ok_or(MemoryError::UnknownSegment(a))?;
        let b = self.map.get(b).ok_or(MemoryError::UnknownSegment(b))?;
        Ok(a.length == b.length && a.root == b.root)
    }

    /// Fills `out` with the bytes from `offset`.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::OutOfRange`].
    pub fn read(&mut self, id: SegmentId, offset: u64, out: &mut [u8]) -> Result<(), MemoryError> {
        let entry = self.range(id, offset, out.len() as u64)?;
        dag::read(&mut self.store, entry.root, offset, out);
        Ok(())
    }

    /// All bytes of a segment.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn to_vec(&mut self, id: SegmentId) -> Result<Vec<u8>, MemoryError> {
        let mut out = vec![0; self.length(id)? as usize];
        self.read(id, 0, &mut out)?;
        Ok(out)
    }

    /// Writes `bytes` from `offset`, extending the segment (with zeros before `offset`, if it lies past the end). Other
    /// segments that share lines with this one keep theirs.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Exhausted`], [`MemoryError::TooLong`].
    pub fn overwrite(
        &mut self,
        id: SegmentId,
        offset: u64,
        bytes: &[u8],
        content: Content,
    ) -> Result<(), MemoryError> {
        let entry = self.writable(id)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let length = entry.length.max(offset.saturating_add(bytes.len() as u64));
        let height = self.growth(length)?;
        let needed = self.shape.worst_case(bytes.len() as u64) + 2 * u64::from(height) + 2;
        self.store.retain(entry.root.plid);
        let grown = dag::grow(&mut self.store, entry.root, height).map_err(|Full| self.exhausted(needed))?;
        let written = dag::write(&mut self.store, &mut self.scratch, grown, offset, bytes, content);
        self.store.release(grown.plid);
        let plid = written.map_err(|Full| self.exhausted(needed))?;
        self.put_root(id, Root { plid, height }, length);
        Ok(())
    }

    /// Replaces the whole content of a segment: lines that are in both are found, not written again.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Exhausted`], [`MemoryError::TooLong`].
    pub fn assign(&mut self, id: SegmentId, bytes: &[u8], content: Content) -> Result<(), MemoryError> {
        self.writable(id)?;
        let length = bytes.len() as u64;
        let height = self.growth(length)?;
        let plid = dag::build(&mut self.store, &mut self.scratch, bytes, height, content)
            .map_err(|Full| self.exhausted(self.shape.worst_case(length)))?;
        self.put_root(id, Root { plid, height }, length);
        Ok(())
    }

    /// Puts `length` bytes of `source` from byte `from` to byte `to` of `id` by reference: both are line boundaries,
    /// and `length` is whole lines (bytes past the source's end read as zero). Whole sub-DAGs are shared where they
    /// line up in both, leaf PLIDs elsewhere; no data line is looked up or written (DESIGN.md 2.9).
    ///
    /// # Errors
    /// [`MemoryError::Unaligned`], [`MemoryError::OutOfRange`] past the end of `id`, [`MemoryError::UnknownSegment`],
    /// [`MemoryError::Exhausted`].
    pub fn graft(
        &mut self,
        id: SegmentId,
        to: u64,
        source: SegmentId,
        from: u64,
        length: u64,
    ) -> Result<(), MemoryError> {
        let line = self.shape.line;
        if let Some(offset) = [to, from, length].into_iter().find(|at| at % line != 0) {
            return Err(MemoryError::Unaligned { line: line as u32, offset });
        }
        self.writable(id)?;
        let entry = self.range(id, to, length)?;
        let source = self.entry(source)?;
        let moved = Move { from: from / line, to: to / line, count: length / line };
        let plid = dag::graft(&mut self.store, entry.root, 0, source.root, moved)
            .map_err(|Full| self.exhausted(self.shape.worst_case(length)))?;
        self.put_root(id, Root { plid, height: entry.root.height }, entry.length);
        Ok(())
    }

    /// Frees every dead line that still waits.
    pub fn drain_waiting(&mut self) {
        self.store.drain_waiting();
    }
}
