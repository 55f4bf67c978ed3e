//! What protocol queues hold instead of bytes: ranges of payloads that the buffer scheme keeps (DESIGN.md section 3).

use std::net::{IpAddr, SocketAddr};

use super::tcp::Parts;
pub use crate::buffers::{Chunk, PayloadId};

/// Both ends of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ends {
    /// This host's address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
}

impl Ends {
    /// Bytes that name both ends, in a fixed layout: addresses as IPv6 ones (RFC 4291 section 2.5.5.2), then ports.
    pub(super) fn bytes(&self) -> [u8; 36] {
        let address = |address: IpAddr| match address {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        };
        let mut bytes = [0; 36];
        let parts = address(self.local.ip()).into_iter().chain(address(self.remote.ip()));
        let ports = self.local.port().to_be_bytes().into_iter().chain(self.remote.port().to_be_bytes());
        for (to, from) in bytes.iter_mut().zip(parts.chain(ports)) {
            *to = from;
        }
        bytes
    }
}

/// The pieces of `chunks` that hold bytes `from..from + len` of them all, at most `max` pieces: fewer bytes when more would
/// be needed.
pub(super) fn slice(chunks: &[Chunk], from: u32, len: u32, max: usize) -> Vec<Chunk> {
    let mut pieces = Vec::new();
    let mut skip = from;
    let mut left = len;
    for chunk in chunks {
        if left == 0 || pieces.len() == max {
            break;
        }
        if skip >= chunk.len {
            skip -= chunk.len;
            continue;
        }
        let take = left.min(chunk.len - skip);
        pieces.push(Chunk { payload: chunk.payload, offset: chunk.offset + skip, len: take });
        left -= take;
        skip = 0;
    }
    pieces
}

/// At most [`super::tcp::MAX_CHUNKS`] chunks as the parts of a packet.
pub(super) fn parts(chunks: &[Chunk]) -> Parts {
    let mut parts = Parts::default();
    for chunk in chunks {
        parts.push(*chunk);
    }
    parts
}

/// Bytes of all chunks.
pub(super) fn total(chunks: &[Chunk]) -> u32 {
    chunks.iter().map(|chunk| chunk.len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_cross_chunks_and_stop_at_the_most_pieces() {
        let chunk = |payload, offset, len| Chunk { payload: PayloadId(payload), offset, len };
        let chunks = [chunk(1, 5, 10), chunk(2, 0, 4), chunk(3, 7, 20)];
        assert_eq!(slice(&chunks, 0, 34, 3), chunks);
        assert_eq!(slice(&chunks, 8, 10, 3), [chunk(1, 13, 2), chunk(2, 0, 4), chunk(3, 7, 4)]);
        assert_eq!(slice(&chunks, 8, 10, 2), [chunk(1, 13, 2), chunk(2, 0, 4)]);
        assert_eq!(slice(&chunks, 14, 3, 3), [chunk(3, 7, 3)]);
        assert_eq!(slice(&chunks, 0, 0, 3), []);
    }
}
