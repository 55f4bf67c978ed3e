//! The overflow area: places for lines whose bucket is full, chained from the row header and still searched by content
//! (DESIGN.md 2.3; FACTS.md section 1).

use super::prefetch::prefetch;
use super::tracked::{Tracked, Versioned};

/// All overflow entries of a store. Entry `e`'s line is stored behind those of the buckets.
#[derive(Clone)]
pub(super) struct Overflow {
    /// In use: the next entry of the chain plus one, or 0. Free: see [`Overflow::free_link`].
    next: Tracked<u32>,
    count: Tracked<u32>,
    signature: Tracked<u8>,
    /// The first free entry; past the last one when none is.
    pub(super) free: u32,
    /// Entries in use.
    pub(super) used: u32,
}

impl Overflow {
    pub(super) fn new(entries: u32) -> Self {
        let len = entries as usize;
        Self {
            next: vec![0; len].into(),
            count: vec![0; len].into(),
            signature: vec![0; len].into(),
            free: 0,
            used: 0,
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.next.heap_bytes() + self.count.heap_bytes() + self.signature.heap_bytes()
    }

    pub(super) fn versioned(&mut self) -> [&mut dyn Versioned; 3] {
        [&mut self.next, &mut self.count, &mut self.signature]
    }

    /// Entries that there are.
    #[inline]
    pub(super) fn entries(&self) -> u32 {
        self.next.len() as u32
    }

    #[inline]
    pub(super) fn count(&self, entry: u32) -> u32 {
        self.count[entry as usize]
    }

    #[inline]
    pub(super) fn count_mut(&mut self, entry: u32) -> &mut u32 {
        self.count.write(entry as usize)
    }

    #[inline]
    pub(super) fn signature(&self, entry: u32) -> u8 {
        self.signature[entry as usize]
    }

    /// Begins to fetch the entry that a link names; a link is an entry plus one, or 0.
    #[inline(always)]
    pub(super) fn fetch(&self, link: u32) {
        if let Some(entry) = link.checked_sub(1) {
            prefetch(&self.signature, entry as usize);
            prefetch(&self.next, entry as usize);
        }
    }

    /// The next entry of the chain plus one, or 0.
    #[inline]
    pub(super) fn next(&self, entry: u32) -> u32 {
        self.next[entry as usize]
    }

    #[inline]
    pub(super) fn set_next(&mut self, entry: u32, next: u32) {
        *self.next.write(entry as usize) = next;
    }

    /// Entries that are free.
    pub(super) fn left(&self) -> u32 {
        self.entries() - self.used
    }

    /// Takes a free entry and makes it the first of a chain that begins with `next`; None if not more than `kept` are free.
    pub(super) fn take(&mut self, next: u32, signature: u8, kept: u32) -> Option<u32> {
        if self.left() <= kept {
            return None;
        }
        let entry = self.free;
        self.used += 1;
        self.free = self.free_link(entry);
        self.set_next(entry, next);
        *self.signature.write(entry as usize) = signature;
        Some(entry)
    }

    /// Gives back an entry that is in no chain any more; it is the next to be taken.
    pub(super) fn give_back(&mut self, entry: u32) {
        *self.count_mut(entry) = 0;
        let free = self.free;
        self.set_next(entry, free.wrapping_sub(entry + 1));
        self.free = entry;
        self.used -= 1;
    }

    /// Free links are relative to the next entry, so that zeroed memory reads as "entry i, then i + 1, ...".
    fn free_link(&self, entry: u32) -> u32 {
        self.next(entry).wrapping_add(entry + 1)
    }
}
