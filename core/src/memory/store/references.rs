//! Reference counts, and what becomes of lines that have none (DESIGN.md 2.8).

use super::{COUNT, DATA, Slot, Store, TAGGED, WAITING, place};
use crate::memory::waiting::Queue;

impl Store {
    /// Begins to fetch the counts of lines, so that the misses of changing them overlap.
    #[inline(always)]
    pub(in crate::memory) fn fetch_counts(&self, plids: &[u32]) {
        for plid in plids {
            // Of PLID 0 and of overflow entries nothing is asked for: there is no such row.
            let index = plid.wrapping_sub(1);
            if let Slot::Way { bucket } = self.slot(index) {
                self.rows.fetch_count(self.rows.count_position(bucket, index));
            }
        }
    }

    /// One more reference to a line.
    #[inline(always)]
    pub(in crate::memory) fn retain(&mut self, plid: u32) {
        if plid != 0 {
            self.access.count_update(plid);
            self.add_reference(plid);
        }
    }

    #[inline(always)]
    fn add_reference(&mut self, plid: u32) {
        if self.knows_reach() {
            self.gain(plid);
        }
        let word = self.count_word(plid - 1);
        debug_assert!(*word & COUNT != 0 && *word & WAITING == 0, "only live lines gain references by PLID");
        assert!(*word & COUNT < COUNT, "reference count of a line overflows");
        *word += 1;
    }

    /// One more reference to each of some lines.
    #[inline]
    pub(in crate::memory) fn retain_all(&mut self, plids: &[u32]) {
        self.access.count_updates(plids);
        for plid in plids.iter().filter(|plid| **plid != 0) {
            self.add_reference(*plid);
        }
    }

    /// One reference less; at zero the line dies and, unless it waits, releases its children.
    #[inline]
    pub(in crate::memory) fn release(&mut self, plid: u32) {
        if plid != 0 {
            self.access.count_update(plid);
            self.drop_reference(plid, false);
            while let Some(dead) = self.dying.pop() {
                self.bury(dead);
            }
        }
    }

    /// [`Self::release`] of a line that never got into a segment: what dies of it is freed at once.
    pub(in crate::memory) fn discard(&mut self, plid: u32) {
        self.discarding = true;
        self.release(plid);
        self.discarding = false;
    }

    /// One reference less, from a line that nothing leads to if it is `unreached`.
    #[inline(always)]
    fn drop_reference(&mut self, plid: u32, unreached: bool) {
        if unreached {
            self.lose_unreached(plid);
        }
        let word = self.count_word(plid - 1);
        debug_assert!(*word & COUNT != 0 && *word & WAITING == 0, "only live lines lose references");
        *word -= 1;
        if *word & COUNT == 0 {
            self.dying.push(plid);
        } else if !unreached && self.knows_reach() {
            self.lose(plid);
        }
    }

    /// A line without references: into the queue of waiting lines, or freed at once.
    pub(super) fn bury(&mut self, plid: u32) {
        let unreached = self.knows_reach() && self.take_died_unreached(plid);
        self.live -= 1;
        if self.peek_count(plid - 1) & DATA != 0 {
            self.data_live -= 1;
        }
        if self.discarding || self.queue.bound() == 0 {
            self.free_line(plid, unreached);
            return;
        }
        self.waiting += 1;
        self.queue.ends.ticket = (self.queue.ends.ticket + 1) & COUNT;
        let ticket = self.queue.ends.ticket;
        let word = self.count_word(plid - 1);
        *word = (*word & TAGGED) | WAITING | ticket;
        if !unreached {
            self.leave(plid);
        }
        let mut queue = std::mem::replace(&mut self.queue, Queue::new(0));
        queue.push(plid, |plid, ticket| self.is_waiting(plid, ticket));
        self.queue = queue;
        while self.waiting > u64::from(self.queue.bound()) {
            self.expire_oldest();
        }
    }

    pub(super) fn is_waiting(&self, plid: u32, ticket: u32) -> bool {
        self.peek_count(plid - 1) & !TAGGED == WAITING | ticket
    }

    /// Frees the line that has waited longest; false when none waits. Its children may start to wait.
    pub(super) fn expire_oldest(&mut self) -> bool {
        while let Some((plid, ticket)) = self.queue.pop() {
            if self.is_waiting(plid, ticket) {
                self.waiting -= 1;
                self.free_line(plid, true);
                return true;
            }
        }
        false
    }

    /// Frees every line that waits.
    pub(in crate::memory) fn drain_waiting(&mut self) {
        while self.expire_oldest() {
            while let Some(dead) = self.dying.pop() {
                self.bury(dead);
            }
        }
    }

    /// Clears a dead line's place; children that lose their last reference are left in `dying`. It had waited, or nothing had
    /// led to it when it died, if it is `unreached`.
    fn free_line(&mut self, plid: u32, unreached: bool) {
        let index = plid - 1;
        let tags = self.line_tags(plid);
        if tags != 0 {
            self.access.data_read(plid);
            let children = self.children(plid);
            self.access.count_updates(&children);
            for child in children {
                if child != 0 {
                    self.drop_reference(child, unreached);
                }
            }
        }
        match self.slot(index) {
            Slot::Way { bucket } => {
                self.access.signature_read(bucket);
                self.access.signature_write(bucket);
                self.rows.set_signature(bucket, index - bucket * self.ways, 0);
                *self.count_word(index) = 0;
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
}
