//! The small values that schemes and stack exchange: indices, errors, what a scheme shows to the outside.

use serde::{Deserialize, Serialize};

use crate::memory::{LineCounts, MemoryError};
use crate::nic::{BadOffload, DmaError, RingFull};

/// A scheme by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// The conventional stack: copy into kernel buffers, descriptor NIC.
    SkBuff,
    /// Memory snapshots: HICAMP memory, segment NIC.
    Snapshot,
}

impl Scheme {
    /// All schemes.
    pub const ALL: [Self; 2] = [Self::SkBuff, Self::Snapshot];

    /// The name in results and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::SkBuff => "sk_buff",
            Self::Snapshot => "snapshot",
        }
    }

    /// The scheme of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == name)
    }
}

/// A thread with its connection: the index of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub u32);

/// A call of `send()`: its index in the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SendId(pub u32);

/// A buffer of the application. An index: copying it copies no holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub u32);

/// Immutable bytes that a socket's queue holds: of a `send()`, or of a received frame. An index: holders are counted by
/// [`super::Holders`], not by copies of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PayloadId(pub u32);

/// A piece of a payload: what queues consist of, and what a packet gathers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// Whose bytes.
    pub payload: PayloadId,
    /// The first of them.
    pub offset: u32,
    /// How many.
    pub len: u32,
}

/// Errors of a scheme; the packet or buffer that was asked for does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BufferError {
    /// The memory refused.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The TX ring is full.
    #[error(transparent)]
    Ring(#[from] RingFull),
    /// The NIC cannot do to the frame what was asked.
    #[error(transparent)]
    Offload(#[from] BadOffload),
    /// The NIC's access to memory was refused.
    #[error(transparent)]
    Dma(#[from] DmaError),
    /// Headers need more room than the packet reserves.
    #[error("{needed} bytes of headers do not fit the {reserved} that a packet reserves")]
    HeaderRoom {
        /// Bytes of headers.
        needed: u32,
        /// Bytes reserved.
        reserved: u32,
    },
    /// A packet gathers fewer ranges.
    #[error("{chunks} pieces of payload are more than the {max} that a packet gathers")]
    Gather {
        /// Pieces asked for.
        chunks: u32,
        /// The most.
        max: u32,
    },
    /// Bytes were named that the buffer or payload does not have.
    #[error("bytes {start}..{end} were asked of {length}")]
    OutOfRange {
        /// First byte asked for.
        start: u64,
        /// One past the last byte asked for.
        end: u64,
        /// Bytes there are.
        length: u64,
    },
    /// No such buffer: never made, or freed.
    #[error("the application has no buffer {0:?}")]
    UnknownUser(UserId),
    /// No such payload: never made, or released by its last holder.
    #[error("there is no payload {0:?}")]
    UnknownPayload(PayloadId),
}

/// What deduplication holds together at a moment, in data lines (DESIGN.md section 5). Snapshots of the same payload
/// count once: references travelling through the stack are no duplicates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Lines that the live payloads would fill if each were stored by itself.
    pub references: u64,
    /// Different lines they are stored in, the zero line counting as one.
    pub distinct: u64,
}

impl Held {
    /// references / distinct; 1 when nothing is held.
    pub fn ratio(&self) -> f64 {
        if self.distinct == 0 { 1.0 } else { self.references as f64 / self.distinct as f64 }
    }
}

/// State and counters that a scheme shows to the outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// Segment map entries written.
    pub map_entries: u64,
    /// Lookups of all lines.
    pub lines: LineCounts,
    /// Lookups of data lines.
    pub data_lines: LineCounts,
    /// Data lines held.
    pub held: Held,
    /// Bytes held now, bookkeeping by modelled widths included (DESIGN.md section 5): applications' buffers, and what the
    /// stack has beside them.
    pub footprint: u64,
    /// Requests on the bus so far.
    pub bus: u64,
    /// Accesses to HICAMP memory so far.
    pub accesses: u64,
}
