//! Receive metadata, 16 bytes after the 82599's write-back (FACTS.md section 5): in front of the frame in its own segment,
//! or written back into the descriptor.
//!
//! ```text
//! 0 packet info u16 | 2 header info u16 | 4 RSS hash u32 | 8 status/error u32 | 12 length u16 | 14 VLAN u16
//! ```
//!
//! Little-endian. Packet info: bit 0 IPv4, bit 1 IPv6. Header info: bytes of headers when they are split from the payload,
//! else 0. Status: bits 0-1 the IPv4 header's verdict, bits 2-3 the transport's (0 unchecked, 1 good, 2 bad). VLAN is 0.

use super::offload::IpVersion;
use super::parse::Verdict;

/// Bytes of the metadata.
pub const RX_METADATA_BYTES: usize = 16;

/// What the NIC tells the driver about a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RxMetadata {
    /// Which IP, if any.
    pub ip: Option<IpVersion>,
    /// Bytes of headers when they are split from the payload, else 0.
    pub split: u16,
    /// Toeplitz hash; 0 for anything but IP.
    pub rss_hash: u32,
    /// The IPv4 header's checksum.
    pub ip_checksum: Verdict,
    /// The TCP or UDP checksum.
    pub transport_checksum: Verdict,
    /// Bytes of the frame, without FCS.
    pub length: u16,
}

fn code(verdict: Verdict) -> u32 {
    match verdict {
        Verdict::Unchecked => 0,
        Verdict::Good => 1,
        Verdict::Bad => 2,
    }
}

fn verdict(code: u32) -> Verdict {
    match code & 3 {
        1 => Verdict::Good,
        2 => Verdict::Bad,
        _ => Verdict::Unchecked,
    }
}

impl RxMetadata {
    /// The 16 bytes as the NIC writes them.
    pub fn encode(&self) -> [u8; RX_METADATA_BYTES] {
        let info: u16 = match self.ip {
            None => 0,
            Some(IpVersion::V4) => 1,
            Some(IpVersion::V6) => 2,
        };
        let status = code(self.ip_checksum) | code(self.transport_checksum) << 2;
        let words =
            [u32::from(info) | u32::from(self.split) << 16, self.rss_hash, status, u32::from(self.length)];
        let mut out = [0; RX_METADATA_BYTES];
        for (to, word) in out.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *to = word.to_le_bytes();
        }
        out
    }

    /// What the driver reads.
    pub fn decode(bytes: &[u8; RX_METADATA_BYTES]) -> Self {
        let mut words = [0; 4];
        for (word, from) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*from);
        }
        let [info, rss_hash, status, length] = words;
        let ip = match info & 3 {
            1 => Some(IpVersion::V4),
            2 => Some(IpVersion::V6),
            _ => None,
        };
        Self {
            ip,
            split: (info >> 16) as u16,
            rss_hash,
            ip_checksum: verdict(status),
            transport_checksum: verdict(status >> 2),
            length: length as u16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_reads_back_as_written() {
        for (ip, ip_checksum, transport_checksum) in [
            (None, Verdict::Unchecked, Verdict::Unchecked),
            (Some(IpVersion::V4), Verdict::Good, Verdict::Bad),
            (Some(IpVersion::V6), Verdict::Unchecked, Verdict::Good),
        ] {
            let metadata = RxMetadata {
                ip,
                split: 66,
                rss_hash: 0xdead_beef,
                ip_checksum,
                transport_checksum,
                length: 1514,
            };
            assert_eq!(RxMetadata::decode(&metadata.encode()), metadata);
        }
    }
}
