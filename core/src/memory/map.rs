//! The segment map: segment ID to root line, height, length and flags (DESIGN.md 2.4 and 2.6; paper section 2.2).
//!
//! A snapshot is one more entry with the same root, whatever the size of the segment.

use super::dag::Root;
use super::protection::Principal;

/// Most segments of one memory: a segment ID has 23 bits of an address.
pub const MAX_SEGMENTS: u32 = 1 << 23;

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
    /// Who made the segment, or was handed it; has every right.
    pub(super) owner: Principal,
    /// Tells the segment from others that had its ID before; consecutive in a range made at once.
    pub(super) born: u64,
}

impl Entry {
    pub(super) fn new(root: Root, length: u64, owner: Principal) -> Self {
        Self { root, length, read_only: false, owner, born: 0 }
    }
}

#[derive(Default)]
pub(super) struct SegmentMap {
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    births: u64,
    /// Entries written since the start.
    pub(super) written: u64,
}

impl SegmentMap {
    pub(super) fn get(&self, id: SegmentId) -> Option<&Entry> {
        self.entries.get(id.0 as usize)?.as_ref()
    }

    /// Replaces the entry of a segment that exists.
    pub(super) fn set(&mut self, id: SegmentId, entry: Entry) {
        self.written += 1;
        self.entries[id.0 as usize] = Some(entry);
    }

    /// Adds a segment; None when all IDs are in use.
    pub(super) fn add(&mut self, entry: Entry) -> Option<SegmentId> {
        let id = match self.free.pop() {
            Some(id) => SegmentId(id),
            None if self.entries.len() < MAX_SEGMENTS as usize => {
                self.entries.push(None);
                SegmentId(self.entries.len() as u32 - 1)
            }
            None => return None,
        };
        self.births += 1;
        self.set(id, Entry { born: self.births, ..entry });
        Some(id)
    }

    /// Adds the empty segments `base..base + count`, which the caller found free and below [`MAX_SEGMENTS`].
    pub(super) fn add_range(&mut self, base: u32, count: u32, owner: Principal) {
        let end = base + count;
        self.free.retain(|id| !(base..end).contains(id));
        let first = self.entries.len() as u32;
        if end > first {
            self.free.extend(first..base);
            // Lowest IDs first.
            self.free.sort_unstable_by(|a, b| b.cmp(a));
            self.entries.resize(end as usize, None);
        }
        for id in base..end {
            self.births += 1;
            let empty = Entry::new(Root::default(), 0, owner);
            self.entries[id as usize] = Some(Entry { born: self.births, ..empty });
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
