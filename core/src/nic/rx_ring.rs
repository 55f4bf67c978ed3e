//! The receive ring's pointers (DESIGN.md section 4).
//!
//! One writer a pointer, over N slots from base B with free-running counters F (filled), p (processed) and G (granted, at
//! the most N - 1 + p): the NIC writes `Tail = B + (F - 1) mod N`, the driver writes `Head = B + G mod N`, and empties a
//! slot when it grants it. A slot is free for granting as soon as the driver has processed it.

use super::ring::RingPointers;

/// Pointers of a receive ring. Slots are numbered `0..N`; add the base for segment IDs.
#[derive(Clone, Debug)]
pub struct RxRing {
    slots: u32,
    /// Slots that the driver uses, at most all.
    used: u32,
    base: u32,
    granted: u64,
    filled: u64,
    processed: u64,
}

impl RxRing {
    /// A ring of `slots` slots, at least 2, of which none is granted yet; the first is segment (or descriptor) `base`.
    ///
    /// # Panics
    /// If `slots` is under 2.
    pub fn new(base: u32, slots: u32) -> Self {
        assert!(slots >= 2, "a ring keeps one slot empty and needs another to be of use");
        Self { slots, used: slots, base, granted: 0, filled: 0, processed: 0 }
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

    /// Slots that can be granted now: G < N - 1 + p.
    pub fn grantable(&self) -> u32 {
        (u64::from(self.used) - 1 + self.processed).saturating_sub(self.granted) as u32
    }

    /// From now on the driver keeps at most `slots - 1` slots granted or filled, as in a ring of that size: 2 to N.
    pub fn limit(&mut self, slots: u32) {
        self.used = slots.clamp(2, self.slots);
    }

    /// The driver grants the next slot, which it has to empty; None when all are granted.
    pub fn grant(&mut self) -> Option<u32> {
        (self.grantable() > 0).then(|| {
            let slot = self.slot(self.granted);
            self.granted += 1;
            slot
        })
    }

    /// The slot that the next arriving frame goes to; None when nothing is granted.
    pub fn next(&self) -> Option<u32> {
        (self.filled < self.granted).then(|| self.slot(self.filled))
    }

    /// The NIC writes Tail: it has filled the next slot.
    ///
    /// # Panics
    /// If no slot was granted.
    pub fn fill(&mut self) {
        assert!(self.filled < self.granted, "the NIC fills only what it was granted");
        self.filled += 1;
    }

    /// The oldest filled slot that the driver has not processed.
    pub fn ready(&self) -> Option<u32> {
        (self.processed < self.filled).then(|| self.slot(self.processed))
    }

    /// The driver is done with the oldest filled slot: it can be granted again.
    ///
    /// # Panics
    /// If none is filled.
    pub fn process(&mut self) {
        assert!(self.processed < self.filled, "the driver processes only what was filled");
        self.processed += 1;
    }

    /// One past the last granted slot, as an ID.
    pub fn head(&self) -> u32 {
        self.base + self.slot(self.granted)
    }

    /// Last filled slot, as an ID; before the first frame the one before the base, cyclically.
    pub fn tail(&self) -> u32 {
        self.base + self.slot(self.filled + u64::from(self.slots) - 1)
    }

    /// Slots that the NIC may fill.
    pub fn owned_by_nic(&self) -> u32 {
        (self.granted - self.filled) as u32
    }

    /// Filled slots that wait for the driver.
    pub fn waiting(&self) -> u32 {
        (self.filled - self.processed) as u32
    }

    /// All of these at once.
    pub fn pointers(&self) -> RingPointers {
        RingPointers {
            head: self.head(),
            tail: self.tail(),
            owned_by_nic: self.owned_by_nic(),
            filled: self.waiting(),
        }
    }
}
