//! Transmit metadata, embedded in the packet's own segment (paper section 3.2; FACTS.md section 5).
//!
//! ```text
//!  0 flags u8 | 1 gso_type u8 | 2 hdr_len u16 | 4 gso_size u16 | 6 csum_start u16 | 8 csum_offset u16
//! 10 num_segs u16 | 12 total_len u32 | 16 header range | 24, 32, 40 payload ranges: offset u32, length u32
//! ```
//!
//! Little-endian, 48 bytes. Ranges are bytes of the segment, read in order; a length of 0 ends the list.

/// Bytes of the metadata.
pub const METADATA_BYTES: usize = 48;
/// Payload ranges that one packet can gather.
pub const MAX_RANGES: usize = 3;

/// `flags`: the NIC completes a checksum.
const NEEDS_CHECKSUM: u8 = 1;

/// Which checksum the NIC completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// First byte summed, from the start of the frame.
    pub start: u16,
    /// The checksum field, from `start`: 16 for TCP, 6 for UDP.
    pub offset: u16,
}

/// A range of bytes of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// First byte.
    pub offset: u32,
    /// Bytes.
    pub length: u32,
}

/// What the driver tells the NIC about a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxMetadata {
    /// The checksum to complete, if any.
    pub checksum: Option<Checksum>,
    /// Where the headers are.
    pub header: Range,
    /// Where the payload is; unused ranges have length 0.
    pub payload: [Range; MAX_RANGES],
}

impl TxMetadata {
    /// Bytes of the frame.
    pub fn frame_len(&self) -> u32 {
        self.header.length + self.payload.iter().map(|range| range.length).sum::<u32>()
    }

    /// The 48 bytes as the driver writes them.
    pub fn encode(&self) -> [u8; METADATA_BYTES] {
        let mut out = [0; METADATA_BYTES];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            for byte in bytes {
                out[at] = *byte;
                at += 1;
            }
        };
        let checksum = self.checksum.unwrap_or(Checksum { start: 0, offset: 0 });
        put(&[if self.checksum.is_some() { NEEDS_CHECKSUM } else { 0 }, 0]);
        put(&(self.header.length as u16).to_le_bytes());
        put(&0u16.to_le_bytes());
        put(&checksum.start.to_le_bytes());
        put(&checksum.offset.to_le_bytes());
        put(&1u16.to_le_bytes());
        put(&self.frame_len().to_le_bytes());
        for range in [self.header].iter().chain(&self.payload) {
            put(&range.offset.to_le_bytes());
            put(&range.length.to_le_bytes());
        }
        out
    }

    /// What the NIC reads from a segment's first 48 bytes.
    pub fn decode(bytes: &[u8; METADATA_BYTES]) -> Self {
        let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let u32_at = |at: usize| u32::from(u16_at(at)) | u32::from(u16_at(at + 2)) << 16;
        let range = |at: usize| Range { offset: u32_at(at), length: u32_at(at + 4) };
        Self {
            checksum: (bytes[0] & NEEDS_CHECKSUM != 0)
                .then(|| Checksum { start: u16_at(6), offset: u16_at(8) }),
            header: range(16),
            payload: [range(24), range(32), range(40)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_reads_back_as_written() {
        let metadata = TxMetadata {
            checksum: Some(Checksum { start: 34, offset: 16 }),
            header: Range { offset: 970, length: 54 },
            payload: [Range { offset: 1024, length: 1448 }, Range::default(), Range::default()],
        };
        let bytes = metadata.encode();
        assert_eq!(TxMetadata::decode(&bytes), metadata);
        assert_eq!(bytes[12..16], 1502u32.to_le_bytes(), "total_len");
        let plain = TxMetadata { checksum: None, ..metadata };
        assert_eq!(TxMetadata::decode(&plain.encode()), plain);
    }
}
