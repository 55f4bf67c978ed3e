//! Initial sequence numbers after RFC 6528, and timestamp offsets after RFC 7323 section 5.4, from a seed.

/// The numbers that a connection starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Initial {
    /// Sequence number of the SYN.
    pub sequence: u32,
    /// Added to the millisecond clock in timestamps.
    pub timestamp: u32,
}

/// Draws [`Initial`] numbers: SipHash-2-4 of the connection's ends under a key from a seed, plus a clock of 4 us.
#[derive(Clone, Debug)]
pub struct InitialNumbers {
    key: [u64; 2],
}

impl InitialNumbers {
    /// Keyed from a seed. Against real attackers the seed must be secret and random; in a simulation it is configuration.
    pub fn new(seed: u64) -> Self {
        unimplemented!()
    }

    /// Numbers for a connection whose ends (both addresses and ports) are given as bytes, in any fixed layout.
    pub fn draw(&self, now: u64, ends: &[u8]) -> Initial {
        unimplemented!()
    }
}
