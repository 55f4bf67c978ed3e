//! The segment map: segment ID to root line, height, length and flags (DESIGN.md 2.4 and 2.6; paper section 2.2).
//!
//! A snapshot is one more entry with the same root, whatever the size of the segment.

use super::dag::Root;

/// A segment ID: an index into the segment map. IDs of released segments are used again, the latest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(pub u32);

impl std::fmt::Display for SegmentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// One entry of the map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) root: Root,
    pub(super) length: u64,
    pub(super) read_only: bool,
}

impl Entry {
    pub(super) const EMPTY: Self = Self { root: Root { plid: 0, height: 0 }, length: 0, read_only: false };
}

#[derive(Default)]
pub(super) struct SegmentMap {
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    /// Entries written since the start.
    pub(super) written: u64,
}

impl SegmentMap {
    pub(super) fn get(&self, id: SegmentId) -> Option<&Entry> {
        self.entries.get(id.0 as usize)?.as_ref()
    }

    pub(super) fn set(&mut self, id: SegmentId, entry: Entry) {
        self.written += 1;
        self.entries[id.0 as usize] = Some(entry);
    }

    pub(super) fn add(&mut self, entry: Entry) -> SegmentId {
        let id = SegmentId(self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.entries.len() as u32 - 1
        }));
        self.set(id, entry);
        id
    }

    /// Adds entries so that IDs `0..count` exist, all of them empty segments.
    pub(super) fn reserve(&mut self, base: u32, count: u32) {
        let first = self.entries.len() as u32;
        for id in first..base {
            self.entries.push(None);
            self.free.push(id);
        }
        // Lowest IDs first.
        self.free.sort_unstable_by(|a, b| b.cmp(a));
        for _ in 0..count {
            self.entries.push(Some(Entry::EMPTY));
        }
    }

    pub(super) fn remove(&mut self, id: SegmentId) -> Option<Entry> {
        let entry = self.entries.get_mut(id.0 as usize)?.take()?;
        self.free.push(id.0);
        Some(entry)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SegmentId, &Entry)> {
        self.entries.iter().enumerate().filter_map(|(i, e)| Some((SegmentId(i as u32), e.as_ref()?)))
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }
}
