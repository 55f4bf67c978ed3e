//! Transmit metadata, embedded in the packet's own segment (paper section 3.2; FACTS.md section 5).
//!
//! ```text
//!  0 flags u8 | 1 gso_type u8 | 2 hdr_len u16 | 4 gso_size u16 | 6 csum_start u16 | 8 csum_offset u16
//! 10 num_segs u16 | 12 total_len u32 | 16 header range | 24, 32, 40 payload ranges: offset u32, length u32
//! ```
//!
//! Little-endian, 48 bytes. Ranges are bytes of the segment, read in order; a length of 0 ends the list.

use super::offload::{Checksum, IpVersion, TCP_CHECKSUM, Tso, TxOffload};

/// Bytes of the metadata.
pub const METADATA_BYTES: usize = 48;
/// Payload ranges that one packet can gather.
pub const MAX_RANGES: usize = 3;

/// `flags`: the NIC completes a checksum.
const NEEDS_CHECKSUM: u8 = 1;
/// `gso_type`: not cut, cut as TCP over IPv4, over IPv6 (virtio 1.2 section 5.1.6).
const GSO_NONE: u8 = 0;
const GSO_TCPV4: u8 = 1;
const GSO_TCPV6: u8 = 4;

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
    /// What the NIC does to the frame.
    pub offload: TxOffload,
    /// Where the headers are.
    pub header: Range,
    /// Where the payload is; unused ranges have length 0.
    pub payload: [Range; MAX_RANGES],
}

impl TxMetadata {
    /// Bytes of the frame.
    pub fn frame_len(&self) -> u64 {
        [self.header].iter().chain(&self.payload).map(|range| u64::from(range.length)).sum()
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
        let (flags, gso_type, gso_size, checksum) = match self.offload {
            TxOffload::None => (0, GSO_NONE, 0, Checksum { start: 0, offset: 0 }),
            TxOffload::Checksum(checksum) => (NEEDS_CHECKSUM, GSO_NONE, 0, checksum),
            TxOffload::Segment(tso) => {
                let kind = match tso.ip {
                    IpVersion::V4 => GSO_TCPV4,
                    IpVersion::V6 => GSO_TCPV6,
                };
                let checksum = Checksum { start: tso.transport, offset: TCP_CHECKSUM };
                (NEEDS_CHECKSUM, kind, tso.mss, checksum)
            }
        };
        let payload = self.frame_len() - u64::from(self.header.length);
        let segments = if gso_size == 0 { 1 } else { payload.div_ceil(u64::from(gso_size)).max(1) };
        put(&[flags, gso_type]);
        put(&(self.header.length as u16).to_le_bytes());
        put(&gso_size.to_le_bytes());
        put(&checksum.start.to_le_bytes());
        put(&checksum.offset.to_le_bytes());
        put(&(segments as u16).to_le_bytes());
        put(&(self.frame_len() as u32).to_le_bytes());
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
        let (mss, transport) = (u16_at(4), u16_at(6));
        let offload = match bytes[1] {
            GSO_TCPV4 => TxOffload::Segment(Tso { transport, mss, ip: IpVersion::V4 }),
            GSO_TCPV6 => TxOffload::Segment(Tso { transport, mss, ip: IpVersion::V6 }),
            _ if bytes[0] & NEEDS_CHECKSUM != 0 => {
                TxOffload::Checksum(Checksum { start: transport, offset: u16_at(8) })
            }
            _ => TxOffload::None,
        };
        Self { offload, header: range(16), payload: [range(24), range(32), range(40)] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_reads_back_as_written() {
        let metadata = TxMetadata {
            offload: TxOffload::Checksum(Checksum { start: 34, offset: 16 }),
            header: Range { offset: 970, length: 54 },
            payload: [Range { offset: 1024, length: 1448 }, Range::default(), Range::default()],
        };
        let bytes = metadata.encode();
        assert_eq!(TxMetadata::decode(&bytes), metadata);
        assert_eq!(bytes[12..16], 1502u32.to_le_bytes(), "total_len");
        let plain = TxMetadata { offload: TxOffload::None, ..metadata };
        assert_eq!(TxMetadata::decode(&plain.encode()), plain);
        for ip in [IpVersion::V4, IpVersion::V6] {
            let tso = Tso { transport: 34, mss: 1000, ip };
            let cut = TxMetadata { offload: TxOffload::Segment(tso), ..metadata };
            let bytes = cut.encode();
            assert_eq!(TxMetadata::decode(&bytes), cut);
            assert_eq!(bytes[10..12], 2u16.to_le_bytes(), "num_segs");
        }
    }
}
