//! The segment map: segment ID to root line, height, length and flags (DESIGN.md 2.4 and 2.6; paper section 2.2).
//!
//! A snapshot is one more entry with the same root, whatever the size of the segment.

use super::cache::MapCache;
use super::dag::Root;
use super::difference::one_word;
use super::protection::Principal;
use super::tracked::{Tracked, Versioned};
use crate::order::sort_by_number;

/// Most segments of one memory: a segment ID has 23 bits of an address.
pub const MAX_SEGMENTS: u32 = 1 << 23;

/// A segment ID: an index into the segment map. IDs of released segments are used again, the latest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(pub u32);

impl std::fmt::Display for SegmentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// One entry of the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) root: Root,
    pub(super) length: u64,
    pub(super) read_only: bool,
    /// Who made the segment, or was handed it; has every right.
    pub(super) owner: Principal,
    /// Tells the segment from others that had its ID before; consecutive in a range made at once.
    pub(super) born: u64,
}

one_word!(Option<Entry>);

impl Entry {
    pub(super) fn new(root: Root, length: u64, owner: Principal) -> Self {
        Self { root, length, read_only: false, owner, born: 0 }
    }
}

/// Entries by segment ID, behind the map's cache.
#[derive(Clone, Default)]
pub(super) struct SegmentMap {
    entries: Tracked<Option<Entry>>,
    /// IDs below `rest.len` that name no segment: the first `rest.free` elements, the next to be used last.
    free: Tracked<u32>,
    rest: Rest,
}

/// What the map has beside its arrays.
#[derive(Clone, Default)]
pub(super) struct Rest {
    len: usize,
    free: usize,
    births: u64,
    written: u64,
    removed: u64,
    read: u64,
    cache: MapCache,
}

impl Rest {
    /// Heap bytes: those of the modelled cache.
    pub(super) fn bytes(&self) -> u64 {
        self.cache.heap_bytes()
    }
}

impl SegmentMap {
    /// The arrays, for checkpoints; [`Self::rest`] is what else there is.
    pub(super) fn versioned(&mut self) -> [&mut dyn Versioned; 2] {
        [&mut self.entries, &mut self.free]
    }

    pub(super) fn rest(&self) -> &Rest {
        &self.rest
    }

    pub(super) fn set_rest(&mut self, rest: Rest) {
        self.rest = rest;
    }

    /// Entries given a root since the start.
    pub(super) fn written(&self) -> u64 {
        self.rest.written
    }

    /// Entries read from and written to memory since the start.
    pub(super) fn accesses(&self) -> (u64, u64) {
        (self.rest.read, self.rest.written + self.rest.removed)
    }

    pub(super) fn cache(&self) -> &MapCache {
        &self.rest.cache
    }

    pub(super) fn set_cache(&mut self, cache: MapCache) {
        self.rest.cache = cache;
    }

    /// An entry as the hardware reads it: from the cache, or from memory into the cache.
    #[inline]
    pub(super) fn read(&mut self, id: SegmentId) -> Option<Entry> {
        let entry = self.get(id).copied();
        if entry.is_none() || !self.rest.cache.lookup(id) {
            self.rest.read += 1;
        }
        entry
    }

    /// An entry, without an access.
    pub(super) fn get(&self, id: SegmentId) -> Option<&Entry> {
        self.entries.get(id.0 as usize)?.as_ref()
    }

    /// Writes an entry, through the cache.
    pub(super) fn set(&mut self, id: SegmentId, entry: Entry) {
        self.rest.written += 1;
        *self.entries.write(id.0 as usize) = Some(entry);
    }

    fn push_free(&mut self, id: u32) {
        self.free.grow(self.rest.free + 1);
        *self.free.write(self.rest.free) = id;
        self.rest.free += 1;
    }

    fn pop_free(&mut self) -> Option<u32> {
        self.rest.free = self.rest.free.checked_sub(1)?;
        Some(self.free[self.rest.free])
    }

    fn push_entry(&mut self, entry: Option<Entry>) -> u32 {
        let id = self.rest.len;
        self.entries.grow(id + 1);
        *self.entries.write(id) = entry;
        self.rest.len += 1;
        id as u32
    }

    /// Adds a segment; None when all IDs are in use.
    pub(super) fn add(&mut self, entry: Entry) -> Option<SegmentId> {
        let id = match self.pop_free() {
            Some(id) => id,
            None if self.rest.len < MAX_SEGMENTS as usize => self.push_entry(None),
            None => return None,
        };
        self.rest.births += 1;
        self.set(SegmentId(id), Entry { born: self.rest.births, ..entry });
        Some(SegmentId(id))
    }

    /// Adds the empty segments `base..base + count`, which the caller found free and below [`MAX_SEGMENTS`].
    pub(super) fn add_range(&mut self, base: u32, count: u32, owner: Principal) {
        let (first, end) = (self.rest.len as u32, base + count);
        for _ in first..end {
            self.push_entry(None);
        }
        // The other free IDs, lowest first.
        let mut free = self.free[..self.rest.free].to_vec();
        free.retain(|id| !(base..end).contains(id));
        free.extend(first..base);
        sort_by_number(&mut free, |id| (*id).into());
        free.reverse();
        self.rest.free = 0;
        free.into_iter().for_each(|id| self.push_free(id));
        for id in base..end {
            self.rest.births += 1;
            let empty = Entry::new(Root::default(), 0, owner);
            *self.entries.write(id as usize) = Some(Entry { born: self.rest.births, ..empty });
        }
    }

    pub(super) fn remove(&mut self, id: SegmentId) -> Option<Entry> {
        let entry = self.read(id)?;
        *self.entries.write(id.0 as usize) = None;
        self.rest.removed += 1;
        self.rest.cache.invalidate(id);
        self.push_free(id.0);
        Some(entry)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SegmentId, &Entry)> {
        self.iter_from(SegmentId(0))
    }

    /// The segments whose IDs are not below `first`.
    pub(super) fn iter_from(&self, first: SegmentId) -> impl Iterator<Item = (SegmentId, &Entry)> {
        let entries = (first.0..).zip(self.entries.iter().skip(first.0 as usize));
        entries.filter_map(|(id, entry)| Some((SegmentId(id), entry.as_ref()?)))
    }

    pub(super) fn len(&self) -> usize {
        self.rest.len - self.rest.free
    }
}
