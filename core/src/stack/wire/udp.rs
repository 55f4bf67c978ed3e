//! UDP headers (RFC 768).

use smoltcp::wire::UdpPacket;

use super::Header;

/// Bytes of the header.
pub(in crate::stack) const UDP_BYTES: u32 = 8;
/// Where the checksum field lies in it.
pub(in crate::stack) const UDP_CHECKSUM: u16 = 6;

/// A UDP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) struct Udp {
    pub(in crate::stack) source: u16,
    pub(in crate::stack) destination: u16,
    /// Bytes of header and payload.
    pub(in crate::stack) len: u16,
    pub(in crate::stack) checksum: u16,
}

impl Udp {
    pub(in crate::stack) fn parse(bytes: &[u8; UDP_BYTES as usize]) -> Self {
        let view = UdpPacket::new_unchecked(&bytes[..]);
        Self {
            source: view.src_port(),
            destination: view.dst_port(),
            len: view.len(),
            checksum: view.checksum(),
        }
    }

    pub(in crate::stack) fn write(&self) -> Header {
        let mut header = Header::zeroed(UDP_BYTES as usize);
        let mut view = UdpPacket::new_unchecked(header.bytes_mut());
        view.set_src_port(self.source);
        view.set_dst_port(self.destination);
        view.set_len(self.len);
        view.set_checksum(self.checksum);
        header
    }
}
