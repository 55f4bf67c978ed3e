//! Network interfaces: the one of paper section 3.2, whose DMA engine addresses segments, and the descriptor NIC of today
//! (FACTS.md section 2).
#![deny(clippy::disallowed_methods)]

mod checksum;
mod config;
mod descriptor;
mod frames;
mod metadata;
mod offload;
mod ring;
mod segment;

pub use checksum::{fold, insert, sum};
pub use config::NicConfig;
pub use descriptor::{DESCRIPTOR_BYTES, Descriptor, DescriptorNic, DescriptorTx, HostMemory};
pub use frames::TxFrames;
pub use metadata::{MAX_RANGES, METADATA_BYTES, Range, TxMetadata};
pub use offload::{BadOffload, Checksum, ETHERNET_BYTES, IpVersion, Tso, TxOffload};
pub use ring::{RingFull, TxRing};
pub use segment::SegmentNic;
