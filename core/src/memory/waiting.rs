//! The queue of dead lines that wait to be freed (DESIGN.md 2.8; paper section 5): first in, first out, and bounded.
//!
//! A line that is revived leaves its entry behind; its ticket tells that the entry means nothing any more.

use super::tracked::{Tracked, Versioned};

/// PLIDs with the tickets they were given, oldest first, in a ring.
#[derive(Clone)]
pub(super) struct Queue {
    ring: Tracked<[u32; 2]>,
    bound: u32,
    pub(super) ends: Ends,
}

/// Where the queue begins, how many entries it has, and the last ticket given.
#[derive(Clone, Copy, Default)]
pub(super) struct Ends {
    head: u32,
    len: u32,
    pub(super) ticket: u32,
}

impl Queue {
    /// A queue in which up to `bound` lines wait.
    pub(super) fn new(bound: u32) -> Self {
        Self { ring: Tracked::default(), bound, ends: Ends::default() }
    }

    /// Lines that may wait.
    #[inline]
    pub(super) fn bound(&self) -> u32 {
        self.bound
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.ring.heap_bytes()
    }

    pub(super) fn versioned(&mut self) -> &mut dyn Versioned {
        &mut self.ring
    }

    /// Entries of revived lines are dropped before they outnumber the real ones.
    fn most(&self) -> u32 {
        self.bound.saturating_mul(2).saturating_add(64)
    }

    fn slot(&self, i: u32) -> usize {
        ((u64::from(self.ends.head) + u64::from(i)) % self.ring.len() as u64) as usize
    }

    pub(super) fn push(&mut self, plid: u32, is_waiting: impl Fn(u32, u32) -> bool) {
        self.ring.grow(self.most() as usize + 1);
        let at = self.slot(self.ends.len);
        *self.ring.write(at) = [plid, self.ends.ticket];
        self.ends.len += 1;
        if self.ends.len > self.most() {
            let mut kept = 0;
            for i in 0..self.ends.len {
                let entry = self.ring[self.slot(i)];
                if is_waiting(entry[0], entry[1]) {
                    let at = self.slot(kept);
                    *self.ring.write(at) = entry;
                    kept += 1;
                }
            }
            self.ends.len = kept;
        }
    }

    pub(super) fn pop(&mut self) -> Option<(u32, u32)> {
        self.ends.len = self.ends.len.checked_sub(1)?;
        let [plid, ticket] = self.ring[self.slot(0)];
        self.ends.head = self.slot(1) as u32;
        Some((plid, ticket))
    }

    /// All entries, those of revived lines among them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        (0..self.ends.len).map(|i| {
            let [plid, ticket] = self.ring[self.slot(i)];
            (plid, ticket)
        })
    }
}
