//! What stops a NIC's access to memory.

use crate::memory::{MemoryError, SegmentId};

/// A DMA request that was refused; the NIC goes on with the next packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DmaError {
    /// The memory refused: the metadata names bytes that the segment does not have, or the memory is exhausted.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The segment is in none of the rings that the NIC was given (DESIGN.md 2.13).
    #[error("the NIC may touch only the segments of its rings, and {0} is none of them")]
    NotGranted(SegmentId),
    /// The metadata names more bytes than a send can have.
    #[error("the NIC was told to send {len} bytes at once, over its limit of {max}")]
    TooLong {
        /// Bytes named.
        len: u64,
        /// The most.
        max: u64,
    },
    /// There is no memory at the address, or it is not mapped for the NIC.
    #[error("the NIC may not touch {len} bytes at address {address:#x}")]
    Address {
        /// The address.
        address: u64,
        /// The bytes.
        len: u32,
    },
}
