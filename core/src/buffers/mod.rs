//! The schemes: how a stack holds packets. One trait, one file a scheme, and the protocol code above never asks which one
//! it runs on (DESIGN.md section 1; the paper's claim that sockets stay and only memory changes).
//!
//! A payload's way down: [`Buffers::app_write`] (the application fills a buffer), [`Buffers::send`] (the socket layer
//! takes it over), [`Buffers::packet`] (a frame's share of it), [`Buffers::push_header`] (once a layer),
//! [`Buffers::post`] (into the TX ring), [`Buffers::doorbell`], [`Buffers::transmit`] (the NIC reads it),
//! [`Buffers::recycle`] (the interrupt handler).
#![deny(clippy::disallowed_methods)]

mod arena;
mod layout;
mod payloads;
mod sk_buff;
mod snapshot;

pub use sk_buff::SkBuff;
pub use snapshot::Snapshot;

use serde::{Deserialize, Serialize};

use crate::ledger::{Ledger, PacketId};
use crate::memory::{LineCounts, MemoryError};
use crate::nic::{Checksum, RingFull};

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

/// Errors of a scheme; the packet or buffer that was asked for does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BufferError {
    /// The memory refused.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The TX ring is full.
    #[error(transparent)]
    Ring(#[from] RingFull),
    /// A descriptor points where there is no memory.
    #[error("the NIC was told to read {len} bytes at address {address:#x}, where there is no memory")]
    BadAddress {
        /// The address.
        address: u64,
        /// The bytes.
        len: u32,
    },
    /// Headers need more room than the packet reserves.
    #[error("{needed} bytes of headers do not fit the {reserved} that a packet reserves")]
    HeaderRoom {
        /// Bytes of headers.
        needed: u32,
        /// Bytes reserved.
        reserved: u32,
    },
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
    /// TX Head, as a slot ID.
    pub head: u32,
    /// TX Tail, as a slot ID.
    pub tail: u32,
    /// Slots that the NIC owns.
    pub owned_by_nic: u32,
    /// Slots that are filled and not yet posted.
    pub unposted: u32,
}

/// A scheme of holding packets.
pub trait Buffers {
    /// Which scheme this is.
    const SCHEME: Scheme;
    /// An application's buffer.
    type User;
    /// What the socket layer holds for one `send()`.
    type Send;
    /// One frame on its way down.
    type Packet;

    /// The application fills a buffer with `payload`: `buffer` again, or a new one. An error leaves no buffer behind.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    fn app_write(
        &mut self,
        buffer: Option<Self::User>,
        send: SendId,
        payload: &[u8],
    ) -> Result<Self::User, BufferError>;

    /// The application gives its buffer up.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    fn free_user(&mut self, user: Self::User) -> Result<(), BufferError>;

    /// `send()`: the socket layer takes over the buffer's content as it is now.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    fn send(&mut self, flow: FlowId, user: &Self::User) -> Result<Self::Send, BufferError>;

    /// The packet that carries bytes `offset..offset + len` of a send.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    fn packet(
        &mut self,
        user: &Self::User,
        send: &Self::Send,
        offset: u32,
        len: u32,
    ) -> Result<Self::Packet, BufferError>;

    /// A layer puts its header before what is there.
    ///
    /// # Errors
    /// [`BufferError::HeaderRoom`], [`BufferError::Memory`].
    fn push_header(&mut self, packet: &mut Self::Packet, header: &[u8]) -> Result<(), BufferError>;

    /// The driver puts the packet into the TX ring.
    ///
    /// # Errors
    /// [`BufferError::Ring`], [`BufferError::Memory`].
    fn post(
        &mut self,
        id: PacketId,
        packet: Self::Packet,
        checksum: Option<Checksum>,
    ) -> Result<(), BufferError>;

    /// The driver rings the doorbell: the NIC owns what was posted.
    fn doorbell(&mut self);

    /// The NIC reads the next packet into `frame`.
    ///
    /// # Errors
    /// [`BufferError::BadAddress`], [`BufferError::Memory`].
    fn transmit(&mut self, frame: &mut Vec<u8>) -> Result<Option<PacketId>, BufferError>;

    /// The interrupt handler takes back the slots of the oldest completed packet; None when there is none.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    fn recycle(&mut self) -> Result<Option<PacketId>, BufferError>;

    /// The socket layer is done with a send: all of its packets are on the wire.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    fn sent(&mut self, send: Self::Send) -> Result<(), BufferError>;

    /// A fault: flips all bits of payload byte `offset` of the packet, in this scheme's memory only.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    fn flip_payload_byte(&mut self, packet: &mut Self::Packet, offset: u32) -> Result<(), BufferError>;

    /// Payloads that no buffer holds any more, since the last call.
    fn take_dead_payloads(&mut self) -> Vec<SendId>;

    /// The ledger.
    fn ledger(&self) -> &Ledger;

    /// The ledger, to take entries from.
    fn ledger_mut(&mut self) -> &mut Ledger;

    /// State and counters.
    fn observe(&self) -> Observation;
}
