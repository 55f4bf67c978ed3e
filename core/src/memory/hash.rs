//! The line hash: which bucket a line belongs to and which signature it leaves there (FACTS.md section 1).
//!
//! XXH3-64 has one value on every target, so a line gets the same PLID natively and in wasm. The tag bits enter as the
//! seed: a data line whose bytes happen to look like PLIDs and a line of real references hash apart.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Where a line is looked for: a bucket in `0..buckets` and an 8-bit signature, never 0 (0 marks an empty way).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bucket: u32,
    pub(super) signature: u8,
}

/// Hashes a line's content and tags to its place among `buckets` buckets.
#[inline(always)]
pub(super) fn place(line: &[u8], tags: u16, buckets: u32) -> Place {
    let hash = if tags == 0 { xxh3_64(line) } else { xxh3_64_with_seed(line, u64::from(tags)) };
    Place {
        // High half scaled to the range (Lemire's reduction) instead of a remainder; the signature uses other bits.
        bucket: (((hash >> 32) * u64::from(buckets)) >> 32) as u32,
        signature: (hash as u8).max(1),
    }
}
