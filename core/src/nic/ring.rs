//! The transmit ring's pointers (DESIGN.md section 4; paper section 3.2).
//!
//! One writer a pointer, over N slots from base B with free-running counters P (posted), C (completed), R (recycled):
//! `Head = B + P mod N` is the next slot the OS fills, `Tail = B + (C - 1) mod N` the last completed one. The NIC owns
//! `[Tail + 1, Head - 1]`, the OS owns `[Head, Tail]`.

/// The ring has no slot free: completed ones have to be recycled first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ring of {slots} slots is full")]
pub struct RingFull {
    /// Slots of the ring, N.
    pub slots: u32,
}

/// Pointers of a transmit ring. Slots are numbered `0..N`; add the base for segment IDs.
#[derive(Clone, Debug)]
pub struct TxRing {
    slots: u32,
    /// Slots that the driver uses, at most all.
    used: u32,
    base: u32,
    filled: u64,
    posted: u64,
    completed: u64,
    recycled: u64,
}

/// What the pointers of a ring say, to whoever looks on; slots by ID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingPointers {
    /// Head: the next slot that the driver fills, or grants.
    pub head: u32,
    /// Tail: the last slot that the NIC is done with.
    pub tail: u32,
    /// Slots that the NIC owns: to read, or to fill.
    pub owned_by_nic: u32,
    /// Filled slots that are the driver's: not posted yet in a transmit ring, to be taken in a receive ring.
    pub filled: u32,
}

impl TxRing {
    /// A ring of `slots` slots, at least 2, whose first slot is segment (or descriptor) `base`.
    ///
    /// # Panics
    /// If `slots` is under 2.
    pub fn new(base: u32, slots: u32) -> Self {
        assert!(slots >= 2, "a ring keeps one slot empty and needs another to be of use");
        Self { slots, used: slots, base, filled: 0, posted: 0, completed: 0, recycled: 0 }
    }

    fn slot(&self, counter: u64) -> u32 {
        (counter % u64::from(self.slots)) as u32
    }

    /// First slot's ID.
    pub fn base(&self) -> u32 {
        self.base
    }

    /// N.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// Slots that can be filled before something is recycled.
    pub fn room(&self) -> u32 {
        (self.used - 1).saturating_sub((self.filled - self.recycled) as u32)
    }

    /// From now on the driver keeps at most `slots - 1` slots filled, as in a ring of that size: 2 to N.
    pub fn limit(&mut self, slots: u32) {
        self.used = slots.clamp(2, self.slots);
    }

    /// The driver fills the next slot; the NIC sees it after the doorbell.
    ///
    /// # Errors
    /// [`RingFull`] when `P - R` would exceed N - 1.
    pub fn fill(&mut self) -> Result<u32, RingFull> {
        if self.room() == 0 {
            return Err(RingFull { slots: self.slots });
        }
        let slot = self.slot(self.filled);
        self.filled += 1;
        Ok(slot)
    }

    /// The doorbell: the driver writes Head behind all it has filled. Returns how many slots that posts.
    pub fn doorbell(&mut self) -> u32 {
        let count = self.filled - self.posted;
        self.posted = self.filled;
        count as u32
    }

    /// The next slot for the NIC, if it owns any.
    pub fn next(&self) -> Option<u32> {
        (self.completed < self.posted).then(|| self.slot(self.completed))
    }

    /// Slot `ahead` behind the next one for the NIC, if it owns it.
    pub fn ahead(&self, ahead: u32) -> Option<u32> {
        let counter = self.completed + u64::from(ahead);
        (counter < self.posted).then(|| self.slot(counter))
    }

    /// The NIC writes Tail: `count` more slots are completed.
    ///
    /// # Panics
    /// If the NIC does not own as many.
    pub fn complete(&mut self, count: u32) {
        assert!(self.completed + u64::from(count) <= self.posted, "the NIC completes only what it owns");
        self.completed += u64::from(count);
    }

    /// The interrupt handler takes back the oldest completed slot, to clear it.
    pub fn recycle(&mut self) -> Option<u32> {
        (self.recycled < self.completed).then(|| {
            let slot = self.slot(self.recycled);
            self.recycled += 1;
            slot
        })
    }

    /// Next slot the OS fills, as an ID.
    pub fn head(&self) -> u32 {
        self.base + self.slot(self.posted)
    }

    /// Last completed slot, as an ID; before the first completion the one before the base, cyclically.
    pub fn tail(&self) -> u32 {
        self.base + self.slot(self.completed + u64::from(self.slots) - 1)
    }

    /// Slots that are filled and not yet posted.
    pub fn unposted(&self) -> u32 {
        (self.filled - self.posted) as u32
    }

    /// Slots that the NIC owns.
    pub fn owned_by_nic(&self) -> u32 {
        (self.posted - self.completed) as u32
    }

    /// All of these at once.
    pub fn pointers(&self) -> RingPointers {
        RingPointers {
            head: self.head(),
            tail: self.tail(),
            owned_by_nic: self.owned_by_nic(),
            filled: self.unposted(),
        }
    }
}

#[cfg(test)]
// Slot numbers are no payload.
#[expect(clippy::disallowed_methods)]
mod tests {
    use super::*;

    #[test]
    fn figure_4_ends_with_head_1069_and_tail_1068() {
        // The paper's text swaps the two; by its own definition of ownership this is the reading that leaves the ring
        // empty (DESIGN.md section 4).
        let mut ring = TxRing::new(1059, 64);
        for slot in 0..10 {
            assert_eq!(ring.fill(), Ok(slot));
        }
        assert_eq!(ring.next(), None, "the NIC sees nothing before the doorbell");
        assert_eq!(ring.doorbell(), 10);
        assert_eq!(ring.owned_by_nic(), 10);
        ring.complete(10);
        assert_eq!((ring.head(), ring.tail()), (1069, 1068));
        assert_eq!(ring.owned_by_nic(), 0);
    }

    #[test]
    fn ownership_agrees_with_sets_over_many_wraps() {
        for slots in 2..=9u32 {
            let mut ring = TxRing::new(100, slots);
            let mut nic = std::collections::VecDeque::new();
            let mut done = std::collections::VecDeque::new();
            let mut filled = Vec::new();
            for step in 0..500u32 {
                match step.wrapping_mul(2_654_435_761) >> 28 {
                    0..7 => match ring.fill() {
                        Ok(slot) => filled.push(slot),
                        Err(full) => {
                            assert_eq!(full, RingFull { slots });
                            assert_eq!(nic.len() + done.len() + filled.len(), slots as usize - 1);
                        }
                    },
                    7..10 => {
                        assert_eq!(ring.doorbell(), filled.len() as u32);
                        nic.extend(filled.drain(..));
                    }
                    10..13 => {
                        assert_eq!(ring.next(), nic.front().copied());
                        if let Some(slot) = nic.pop_front() {
                            ring.complete(1);
                            done.push_back(slot);
                        }
                    }
                    _ => assert_eq!(ring.recycle(), done.pop_front()),
                }
                assert_eq!(ring.owned_by_nic() as usize, nic.len());
                let first = (ring.tail() + 1 - 100) % slots;
                for (i, slot) in nic.iter().enumerate() {
                    assert_eq!((first + i as u32) % slots, *slot, "the NIC owns [Tail + 1, Head - 1]");
                }
                assert_eq!((first + nic.len() as u32) % slots, ring.head() - 100);
            }
        }
    }
}
