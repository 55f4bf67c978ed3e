//! Cache models: a last-level cache of lines and the TLB-like cache of the segment map (DESIGN.md 2.4 and section 5;
//! paper section 2.2 and Figure 2; FACTS.md section 1).
//!
//! Both are set-associative with exact LRU in each set. They hold keys, no bytes, and know nothing of the line store:
//! whoever makes the accesses reports them, and reports lines and segments that go away. Same accesses, same counts, on
//! every target; O(ways) an access, 8 bytes of heap an entry.
//!
//! ```
//! use snapstack::memory::{CacheKey, LastLevelCache, LineKind, Plid};
//!
//! let mut cache = LastLevelCache::default();
//! // Two buffers with the same content: two addresses, but one line.
//! for address in [0x1000, 0x2000] {
//!     cache.access(CacheKey::Address(address));
//!     cache.access(CacheKey::Content(Plid(7)));
//! }
//! assert_eq!(cache.counts(LineKind::Address).hits, 0);
//! assert_eq!(cache.counts(LineKind::Content).hits, 1);
//! ```

use serde::Serialize;

use super::access::Front;
use super::{Memory, Plid, SegmentId};

/// Most entries of one cache: 1 GiB of 64-byte lines, 128 MiB of the model's own heap.
pub const MAX_CACHE_ENTRIES: u64 = 1 << 24;

/// Why a cache cannot be built as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// A cache of PLIDs whose lines are not the memory's own.
    #[error("a cache of lines of {cache} bytes cannot hold the memory's lines of {memory} bytes")]
    Mismatch {
        /// Bytes of the cache's lines.
        cache: u32,
        /// Bytes of the memory's lines.
        memory: u32,
    },
    /// A set has no way.
    #[error("{0} ways a set are not enough: choose 1 or more")]
    Ways(u32),
    /// The line size is no power of two, or less than two words.
    #[error("a cache line of {0} bytes is not supported: choose a power of two from 8 up")]
    LineSize(u32),
    /// The size is no multiple of one line in each way of a set.
    #[error("a cache of {size} bytes has no whole sets: choose a multiple of {set} bytes")]
    Size {
        /// Bytes asked for.
        size: u64,
        /// Bytes of one set: line size * ways.
        set: u64,
    },
    /// The number of entries is no multiple of the ways.
    #[error("a cache of {entries} entries has no whole sets: choose a multiple of {ways}")]
    Entries {
        /// Entries asked for.
        entries: u32,
        /// Ways a set.
        ways: u32,
    },
    /// The number of sets is no power of two.
    #[error("{0} sets are not supported: choose size and ways that make a power of two")]
    Sets(u64),
    /// More entries than [`MAX_CACHE_ENTRIES`].
    #[error("a cache of {0} entries is over the limit of {max}", max = MAX_CACHE_ENTRIES)]
    TooLarge(u64),
}

/// Accesses of a cache by outcome: `hits + misses` accesses, and `misses - evictions - invalidated` entries are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CacheCounts {
    /// Accesses that found their entry.
    pub hits: u64,
    /// Accesses that did not, and brought it in.
    pub misses: u64,
    /// Entries that left to make room; counted with the kind of entry that left.
    pub evictions: u64,
    /// Entries that were taken out because what they stood for had gone or changed.
    pub invalidated: u64,
}

/// Sets of tags, each set in order of use, the latest first. A tag is never 0: that is an empty way.
#[derive(Clone)]
struct Sets {
    tags: Vec<u64>,
    ways: usize,
    mask: u64,
}

enum Outcome {
    Hit,
    Filled,
    Evicted(u64),
}

impl Sets {
    fn new(entries: u64, ways: u32) -> Result<Self, CacheError> {
        let sets = entries / u64::from(ways);
        if !sets.is_power_of_two() {
            return Err(CacheError::Sets(sets));
        }
        if entries > MAX_CACHE_ENTRIES {
            return Err(CacheError::TooLarge(entries));
        }
        Ok(Self { tags: vec![0; entries as usize], ways: ways as usize, mask: sets - 1 })
    }

    fn set(&mut self, index: u64) -> &mut [u64] {
        let first = (index & self.mask) as usize * self.ways;
        &mut self.tags[first..first + self.ways]
    }

    fn access(&mut self, index: u64, tag: u64) -> Outcome {
        let set = self.set(index);
        if set[0] == tag {
            return Outcome::Hit;
        }
        if let Some(at) = set.iter().position(|held| *held == tag) {
            set[..=at].rotate_right(1);
            return Outcome::Hit;
        }
        set.rotate_right(1);
        match std::mem::replace(&mut set[0], tag) {
            0 => Outcome::Filled,
            victim => Outcome::Evicted(victim),
        }
    }

    /// Takes an entry out; its way becomes the first to be filled.
    fn remove(&mut self, index: u64, tag: u64) -> bool {
        let set = self.set(index);
        let Some(at) = set.iter().position(|held| *held == tag) else { return false };
        set[at] = 0;
        set[at..].rotate_left(1);
        true
    }

    fn heap_bytes(&self) -> u64 {
        8 * self.tags.capacity() as u64
    }

    fn clear(&mut self) {
        self.tags.fill(0);
    }
}

/// By which of its two names a cache knows a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Indexing {
    /// By PLID, as HICAMP does: equal content is one line, so duplicates share one entry.
    ByContent,
    /// By address, as caches of today do: every copy has an entry of its own.
    ByAddress,
}

impl Indexing {
    /// The key of an access to a line whose PLID and conventional byte address are both known: the switch between the
    /// two worlds for one and the same trace.
    pub fn key(self, plid: Plid, address: u64) -> CacheKey {
        match self {
            Self::ByContent => CacheKey::Content(plid),
            Self::ByAddress => CacheKey::Address(address),
        }
    }
}

/// What an access asks a [`LastLevelCache`] for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CacheKey {
    /// A line of HICAMP memory.
    Content(Plid),
    /// A byte address of conventional memory; every byte of a cache line means the same entry.
    Address(u64),
    /// A line of HICAMP's own bookkeeping, numbered from 0: signature lines, count lines, overflow entries.
    Row(u64),
}

impl CacheKey {
    /// The kind of the key.
    pub fn kind(self) -> LineKind {
        match self {
            Self::Content(_) => LineKind::Content,
            Self::Address(_) => LineKind::Address,
            Self::Row(_) => LineKind::Row,
        }
    }
}

/// The kinds of lines that compete in a [`LastLevelCache`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum LineKind {
    /// Lines of HICAMP memory, data and interior.
    Content,
    /// Lines of conventional memory.
    Address,
    /// Row headers and overflow entries of HICAMP memory.
    Row,
}

impl LineKind {
    const ALL: [Self; 3] = [Self::Content, Self::Address, Self::Row];
}

/// What a last-level cache is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct CacheConfig {
    /// Bytes of all lines; tags are not counted.
    pub size: u64,
    /// Lines a set.
    pub ways: u32,
    /// Bytes a line: a power of two, the memory's own line size for a cache of PLIDs.
    pub line_size: u32,
}

impl Default for CacheConfig {
    /// 8 MiB in 16 ways of 64-byte lines. All of it is general engineering knowledge `[GK]`: FACTS.md section 2 has the
    /// line, neither section has size or ways.
    fn default() -> Self {
        Self { size: 8 << 20, ways: 16, line_size: 64 }
    }
}

/// A last-level cache shared by both partitions of the address space (paper Figure 2): lines of HICAMP memory compete
/// with lines of conventional memory for the same ways, and are counted apart.
///
/// An address picks its set by the low bits of its line number, as caches of today do. A PLID picks it by a mix of its
/// bits: PLIDs of one bucket are neighbours, and low ways fill first, so its low bits alone would leave sets idle
/// (`[D]`). Row headers are numbered one by one and used all alike: the low bits of the number do.
#[derive(Clone)]
pub struct LastLevelCache {
    config: CacheConfig,
    sets: Sets,
    /// By [`LineKind`].
    counts: [CacheCounts; 3],
}

impl Default for LastLevelCache {
    fn default() -> Self {
        Self::new(CacheConfig::default()).expect("the default configuration is valid")
    }
}

impl LastLevelCache {
    /// An empty cache.
    ///
    /// # Errors
    /// [`CacheError::Ways`], [`CacheError::LineSize`], [`CacheError::Size`], [`CacheError::Sets`] or
    /// [`CacheError::TooLarge`] for a configuration that is none.
    pub fn new(config: CacheConfig) -> Result<Self, CacheError> {
        let CacheConfig { size, ways, line_size } = config;
        if ways == 0 {
            return Err(CacheError::Ways(ways));
        }
        // Eight bytes a line leave the bits of a line number that `place` needs.
        if !line_size.is_power_of_two() || line_size < 8 {
            return Err(CacheError::LineSize(line_size));
        }
        let set = u64::from(line_size) * u64::from(ways);
        if size == 0 || size % set != 0 {
            return Err(CacheError::Size { size, set });
        }
        let sets = Sets::new(size / u64::from(line_size), ways)?;
        Ok(Self { config, sets, counts: [CacheCounts::default(); 3] })
    }

    /// What the cache is made of.
    pub fn config(&self) -> CacheConfig {
        self.config
    }

    /// Set index and tag of a key. The tag is the line number and, in its low two bits, the kind and one, so that it is
    /// never 0.
    fn place(&self, key: CacheKey) -> (u64, u64) {
        match key {
            CacheKey::Content(Plid(plid)) => {
                // Fibonacci hashing: 2^64 over the golden ratio; the upper half depends on every bit of the PLID.
                let mixed = u64::from(plid).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                (mixed >> 32, tag(u64::from(plid), LineKind::Content))
            }
            CacheKey::Address(address) => {
                let line = address / u64::from(self.config.line_size);
                (line, tag(line, LineKind::Address))
            }
            CacheKey::Row(line) => (line, tag(line, LineKind::Row)),
        }
    }

    fn counts_mut(&mut self, kind: LineKind) -> &mut CacheCounts {
        &mut self.counts[kind as usize]
    }

    /// One access to one line, read or write; true if the line was there. An access that crosses lines is several.
    /// PLID 0 needs no entry: it is always there and not counted. O(ways).
    pub fn access(&mut self, key: CacheKey) -> bool {
        if key == CacheKey::Content(Plid(0)) {
            return true;
        }
        let (index, tag) = self.place(key);
        let outcome = self.sets.access(index, tag);
        let counts = self.counts_mut(key.kind());
        if matches!(outcome, Outcome::Hit) {
            counts.hits += 1;
            return true;
        }
        counts.misses += 1;
        if let Outcome::Evicted(victim) = outcome {
            self.counts_mut(LineKind::ALL[(victim & 3) as usize - 1]).evictions += 1;
        }
        false
    }

    /// Takes a line out; true if it was there. To be called when a line is freed: its PLID may name other content next,
    /// and a hit on the old entry would be a wrong one. O(ways).
    pub fn invalidate(&mut self, key: CacheKey) -> bool {
        let (index, tag) = self.place(key);
        let removed = self.sets.remove(index, tag);
        self.counts_mut(key.kind()).invalidated += u64::from(removed);
        removed
    }

    /// Accesses so far, of one kind of line.
    pub fn counts(&self, kind: LineKind) -> CacheCounts {
        self.counts[kind as usize]
    }

    /// Bytes of the model's own heap.
    pub fn heap_bytes(&self) -> u64 {
        self.sets.heap_bytes()
    }

    /// Empties the cache and sets the counts to 0.
    pub fn clear(&mut self) {
        self.sets.clear();
        self.counts = Default::default();
    }
}

fn tag(line: u64, kind: LineKind) -> u64 {
    line << 2 | (kind as u64 + 1)
}

/// What a cache of the segment map is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct MapCacheConfig {
    /// Segment map entries held, 16 bytes each in the hardware (FACTS.md section 1).
    pub entries: u32,
    /// Entries a set; as many as there are entries make it fully associative.
    pub ways: u32,
}

impl Default for MapCacheConfig {
    /// 64 entries in 4 ways, as in first-level data TLBs of today: general engineering knowledge `[GK]`. FACTS.md has
    /// "a TLB-like structure" and no size.
    fn default() -> Self {
        Self { entries: 64, ways: 4 }
    }
}

/// The TLB-like cache of the segment map (paper section 2.2). A segment picks its set by the low bits of its ID, so the
/// contiguous IDs of a ring spread over all sets.
#[derive(Clone)]
pub struct MapCache {
    config: MapCacheConfig,
    sets: Sets,
    counts: CacheCounts,
}

impl Default for MapCache {
    fn default() -> Self {
        Self::new(MapCacheConfig::default()).expect("the default configuration is valid")
    }
}

impl MapCache {
    /// An empty cache.
    ///
    /// # Errors
    /// [`CacheError::Ways`], [`CacheError::Entries`], [`CacheError::Sets`] or [`CacheError::TooLarge`] for a
    /// configuration that is none.
    pub fn new(config: MapCacheConfig) -> Result<Self, CacheError> {
        let MapCacheConfig { entries, ways } = config;
        if ways == 0 {
            return Err(CacheError::Ways(ways));
        }
        if entries == 0 || entries % ways != 0 {
            return Err(CacheError::Entries { entries, ways });
        }
        Ok(Self { config, sets: Sets::new(u64::from(entries), ways)?, counts: CacheCounts::default() })
    }

    /// What the cache is made of.
    pub fn config(&self) -> MapCacheConfig {
        self.config
    }

    /// One translation of a segment ID; true if its map entry was there. A miss reads the map in main memory and brings
    /// the entry in. O(ways).
    pub fn lookup(&mut self, segment: SegmentId) -> bool {
        let id = u64::from(segment.0);
        let outcome = self.sets.access(id, id + 1);
        let hit = matches!(outcome, Outcome::Hit);
        self.counts.hits += u64::from(hit);
        self.counts.misses += u64::from(!hit);
        self.counts.evictions += u64::from(matches!(outcome, Outcome::Evicted(_)));
        hit
    }

    /// Takes a segment's entry out; true if it was there. To be called when the segment is released, or its map entry
    /// is written by someone else than through this cache. O(ways).
    pub fn invalidate(&mut self, segment: SegmentId) -> bool {
        let id = u64::from(segment.0);
        let removed = self.sets.remove(id, id + 1);
        self.counts.invalidated += u64::from(removed);
        removed
    }

    /// Lookups so far.
    pub fn counts(&self) -> CacheCounts {
        self.counts
    }

    /// Bytes of the model's own heap.
    pub fn heap_bytes(&self) -> u64 {
        self.sets.heap_bytes()
    }

    /// Empties the cache and sets the counts to 0.
    pub fn clear(&mut self) {
        self.sets.clear();
        self.counts = CacheCounts::default();
    }
}

impl Memory {
    /// Puts a last-level cache in front of the memory, empty, or takes it away. Without one, as from the start, nothing is
    /// asked and nothing is slower.
    ///
    /// By content, every access that [`super::AccessCounts`] counts goes through it, lines by PLID and the row headers
    /// beside them; its misses are what reaches the DRAM. By address, it sees what a memory of today would that keeps every
    /// segment at an address of its own: the bytes that are created, read and overwritten, and no bookkeeping.
    ///
    /// # Errors
    /// Those of [`LastLevelCache::new`]; [`CacheError::Mismatch`] for a cache by content with other lines than the memory's.
    pub fn set_last_level_cache(&mut self, cache: Option<(CacheConfig, Indexing)>) -> Result<(), CacheError> {
        let Some((config, indexing)) = cache else {
            self.store.access.cache = None;
            return Ok(());
        };
        let mismatch = CacheError::Mismatch { cache: config.line_size, memory: self.line_size() };
        if indexing == Indexing::ByContent && config.line_size != self.line_size() {
            return Err(mismatch);
        }
        let model = LastLevelCache::new(config)?;
        self.store.access.cache = Some(Box::new(Front { model, indexing }));
        Ok(())
    }

    /// The last-level cache in front of the memory, if there is one.
    pub fn last_level_cache(&self) -> Option<&LastLevelCache> {
        self.store.access.cache.as_ref().map(|front| &front.model)
    }

    /// Makes the cache of the segment map another one, empty.
    ///
    /// # Errors
    /// Those of [`MapCache::new`].
    pub fn set_map_cache(&mut self, config: MapCacheConfig) -> Result<(), CacheError> {
        self.map.set_cache(MapCache::new(config)?);
        Ok(())
    }

    /// The cache of the segment map.
    pub fn map_cache(&self) -> &MapCache {
        self.map.cache()
    }
}

#[cfg(test)]
mod tests;
