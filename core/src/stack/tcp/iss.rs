//! Initial sequence numbers after RFC 6528, and timestamp offsets after RFC 7323 section 5.4, from a seed.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::random::mix;

/// Nanoseconds of one tick of the sequence clock (RFC 9293 section 3.4.1: about 4 us).
const SEQUENCE_TICK: u64 = 4_000;

/// The numbers that a connection starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Initial {
    /// Sequence number of the SYN.
    pub sequence: u32,
    /// Added to the millisecond clock in timestamps.
    pub timestamp: u32,
}

/// Draws [`Initial`] numbers: SipHash-2-4 of the connection's ends under a key from a seed, plus a clock of 4 us
/// (RFC 6528 section 3). The timestamp offset stays the same for the same ends, so that a peer that remembers the last
/// connection (RFC 6191) sees time pass.
#[derive(Clone, Debug)]
pub struct InitialNumbers {
    key: [u64; 2],
}

impl InitialNumbers {
    /// Keyed from a seed. Against real attackers the seed must be secret and random; in a simulation it is configuration.
    pub fn new(seed: u64) -> Self {
        Self { key: [mix(seed), mix(seed ^ mix(1))] }
    }

    /// Numbers for a connection whose ends (both addresses and ports) are given as bytes, in any fixed layout.
    pub fn draw(&self, now: u64, ends: &[u8]) -> Initial {
        let mut hasher = SipHasher24::new_with_keys(self.key[0], self.key[1]);
        hasher.write(ends);
        let hash = hasher.finish();
        let clock = (now / SEQUENCE_TICK) as u32;
        Initial { sequence: clock.wrapping_add(hash as u32), timestamp: (hash >> 32) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_advance_with_the_clock_and_differ_by_ends_and_seed() {
        let numbers = InitialNumbers::new(1);
        let first = numbers.draw(0, b"a");
        let later = numbers.draw(4_000_000, b"a");
        assert_eq!(later.sequence.wrapping_sub(first.sequence), 1000);
        assert_eq!(later.timestamp, first.timestamp);
        assert_ne!(numbers.draw(0, b"b"), first);
        assert_ne!(InitialNumbers::new(2).draw(0, b"a"), first);
    }
}
