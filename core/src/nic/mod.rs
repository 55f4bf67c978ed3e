//! Network interfaces: the one of paper section 3.2, whose DMA engine addresses segments, and the descriptor NIC of today
//! (FACTS.md section 2). Transmission only, so far.
#![deny(clippy::disallowed_methods)]

mod checksum;
mod descriptor;
mod metadata;
mod ring;
mod segment;

pub use checksum::{fold, insert, sum};
pub use descriptor::{DESCRIPTOR_BYTES, Descriptor, DescriptorNic, HostMemory};
pub use metadata::{Checksum, MAX_RANGES, METADATA_BYTES, Range, TxMetadata};
pub use ring::{RingFull, TxRing};
pub use segment::SegmentNic;
