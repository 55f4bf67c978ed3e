//! Virtual addresses (DESIGN.md 2.12; paper section 2.2, Figure 2): the address space of a process has two partitions, and in
//! the HICAMP partition an address is a segment ID and an offset.
//!
//! ```text
//!  63  62          40 39                    0
//! | 1 | segment: 23  | offset in bytes: 40   |   HICAMP partition
//! | 0 | address: 63                          |   conventional partition
//! ```

use super::{MAX_LENGTH, MAX_SEGMENTS, SegmentId};

const PARTITION: u64 = 1 << 63;
const OFFSET_BITS: u32 = MAX_LENGTH.trailing_zeros();

// Partition bit, segment ID and offset fill the 64 bits.
const _: () = assert!(1 + MAX_SEGMENTS.trailing_zeros() + OFFSET_BITS == 64);

/// A 64-bit virtual address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(pub u64);

/// What an address means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partition {
    /// A byte of the process's conventional memory.
    Conventional(u64),
    /// A byte of a segment.
    Hicamp {
        /// The segment.
        segment: SegmentId,
        /// The byte's offset in it.
        offset: u64,
    },
}

impl Address {
    /// The address of a byte of a segment; None if the ID has more than 23 bits or the offset more than 40.
    pub fn hicamp(segment: SegmentId, offset: u64) -> Option<Self> {
        let fits = segment.0 < MAX_SEGMENTS && offset < MAX_LENGTH;
        fits.then(|| Self(PARTITION | u64::from(segment.0) << OFFSET_BITS | offset))
    }

    /// The partition that the address is in, and what it is there: the controller's translation.
    pub fn partition(self) -> Partition {
        if self.0 & PARTITION == 0 {
            return Partition::Conventional(self.0);
        }
        let segment = SegmentId(((self.0 & !PARTITION) >> OFFSET_BITS) as u32);
        Partition::Hicamp { segment, offset: self.0 & (MAX_LENGTH - 1) }
    }

    /// The address `bytes` further on; None where that leaves the segment's 40 bits of offset or the partition.
    pub fn checked_add(self, bytes: u64) -> Option<Self> {
        let sum = Self(self.0.checked_add(bytes)?);
        let same = match (self.partition(), sum.partition()) {
            (Partition::Conventional(_), Partition::Conventional(_)) => true,
            (Partition::Hicamp { segment: a, .. }, Partition::Hicamp { segment: b, .. }) => a == b,
            _ => false,
        };
        same.then_some(sum)
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#018x}", self.0)
    }
}
