//! Network interfaces: the one of paper section 3.2, whose DMA engine addresses segments, and the descriptor NIC of today
//! (FACTS.md section 2).
//!
//! | | segment NIC | descriptor NIC |
//! |---|---|---|
//! | state a direction | four segment IDs | ring of descriptors |
//! | to send | one request: metadata and the ranges it names | descriptors in batches, then each buffer |
//! | to receive | one request: metadata and frame | descriptors in batches, frame, write-back |
//! | may touch | the segments of its rings | what the IOMMU maps |
#![deny(clippy::disallowed_methods)]

mod checksum;
mod config;
mod descriptor;
mod fault;
mod frames;
mod iommu;
mod link;
mod metadata;
mod offload;
mod pacing;
mod parse;
mod receive;
mod ring;
mod rss;
mod rx_metadata;
mod rx_ring;
mod segment;
mod status;

pub use checksum::{Checksummer, fold, insert, sum};
pub use config::NicConfig;
pub use descriptor::{DESCRIPTOR_BYTES, Descriptor, DescriptorNic, DescriptorRx, DescriptorTx, HostMemory};
pub use fault::DmaError;
pub use frames::TxFrames;
pub use iommu::{Iommu, IommuCounts, IommuMode};
pub use link::{Fate, Faults, Link, LinkConfig, LinkCounts};
pub use metadata::{MAX_RANGES, METADATA_BYTES, Range, TxMetadata};
pub use offload::{BadOffload, Checksum, ETHERNET_BYTES, IpVersion, Tso, TxOffload};
pub use pacing::{DoorbellBatch, Moderation};
pub use parse::Verdict;
pub use receive::{Delivery, DropReason, NicCounts, RX_BUFFER_BYTES, payload_start, ports};
pub use ring::{RingFull, RingPointers, TxRing};
pub use rss::{RSS_DEFAULT_KEY, RSS_KEY_BYTES, RSS_TABLE, Rss};
pub use rx_metadata::{RX_METADATA_BYTES, RxMetadata};
pub use rx_ring::RxRing;
pub use segment::{SegmentNic, rx_frame_start};
