//! Segments as the engine sees them: header fields and ranges of payload, no bytes (RFC 9293 section 3.1).

use super::options::Options;
use crate::buffers::{Chunk, PayloadId};
pub use crate::nic::MAX_RANGES as MAX_CHUNKS;

/// The control bits of a TCP header (RFC 9293 section 3.1), as they stand in its 14th byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push function.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgement field is significant.
    pub const ACK: Self = Self(0x10);

    /// Flags from the header's byte. The urgent and congestion bits are kept but never acted upon.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The header's byte.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Both sets together.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A segment that arrived: parsed, its checksum verified, its payload kept by the buffer scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Sequence number of the first byte (or of the SYN).
    pub seq: u32,
    /// Next sequence number that the sender expects; meaningless without [`Flags::ACK`].
    pub ack: u32,
    /// Control bits.
    pub flags: Flags,
    /// The window field, unscaled.
    pub window: u16,
    /// Options.
    pub options: Options,
    /// The payload, with one holder of its own that goes to whoever the segment is given to. `None` when it is empty.
    pub payload: Option<Chunk>,
}

impl Segment {
    /// Bytes of payload.
    pub fn payload_len(&self) -> u32 {
        self.payload.map_or(0, |chunk| chunk.len)
    }

    /// Sequence numbers that the segment occupies: payload, SYN and FIN (SEG.LEN of RFC 9293 section 3.4).
    pub fn sequence_len(&self) -> u32 {
        self.payload_len()
            .saturating_add(u32::from(self.flags.has(Flags::SYN)))
            .saturating_add(u32::from(self.flags.has(Flags::FIN)))
    }
}

/// The ranges of payload of a segment to send: at most [`MAX_CHUNKS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    chunks: [Chunk; MAX_CHUNKS],
    count: u8,
}

impl Default for Parts {
    fn default() -> Self {
        Self { chunks: [Chunk { payload: PayloadId(0), offset: 0, len: 0 }; MAX_CHUNKS], count: 0 }
    }
}

impl Parts {
    /// The ranges, in order.
    pub fn as_slice(&self) -> &[Chunk] {
        &self.chunks[..usize::from(self.count)]
    }

    /// Bytes of all ranges.
    pub fn len(&self) -> u32 {
        self.as_slice().iter().map(|chunk| chunk.len).sum()
    }

    /// Whether there is no payload.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a range; false when there is no room for one more.
    pub(in crate::stack) fn push(&mut self, chunk: Chunk) -> bool {
        let Some(slot) = self.chunks.get_mut(usize::from(self.count)) else { return false };
        *slot = chunk;
        self.count += 1;
        true
    }
}

/// A segment to send.
///
/// Its ranges are the send queue's: whoever sends it takes holders of its own before the next call on the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Sequence number of the first byte (or of the SYN).
    pub seq: u32,
    /// Next sequence number expected from the peer; 0 without [`Flags::ACK`].
    pub ack: u32,
    /// Control bits.
    pub flags: Flags,
    /// The window field, already scaled.
    pub window: u16,
    /// Options.
    pub options: Options,
    /// Payload.
    pub parts: Parts,
    /// Most payload bytes of one frame. When the payload is longer, the NIC cuts it here (TSO): every cut repeats the
    /// header with its own sequence number, and only the last keeps PSH and FIN.
    pub mss: u32,
}
