//! Ethernet II headers (RFC 894, RFC 2464).

use smoltcp::wire::{EthernetAddress, EthernetFrame, EthernetProtocol};

use super::{HardwareAddress, Header, HeaderSource, Stop};

/// Bytes of the header.
pub(in crate::stack) const ETHERNET_BYTES: u32 = 14;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) enum EtherType {
    Ipv4,
    Ipv6,
    Arp,
    Other,
}

/// An Ethernet header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) struct Ethernet {
    pub(in crate::stack) source: HardwareAddress,
    pub(in crate::stack) destination: HardwareAddress,
    pub(in crate::stack) kind: EtherType,
}

impl Ethernet {
    pub(in crate::stack) fn read(headers: &mut impl HeaderSource) -> Result<Self, Stop> {
        let bytes: [u8; ETHERNET_BYTES as usize] = headers.array(0)?;
        let view = EthernetFrame::new_unchecked(&bytes[..]);
        Ok(Self {
            source: HardwareAddress(view.src_addr().0),
            destination: HardwareAddress(view.dst_addr().0),
            kind: match view.ethertype() {
                EthernetProtocol::Ipv4 => EtherType::Ipv4,
                EthernetProtocol::Ipv6 => EtherType::Ipv6,
                EthernetProtocol::Arp => EtherType::Arp,
                EthernetProtocol::Unknown(_) => EtherType::Other,
            },
        })
    }

    /// The header's bytes; None for a kind that has no number.
    pub(in crate::stack) fn write(&self) -> Option<Header> {
        let kind = match self.kind {
            EtherType::Ipv4 => EthernetProtocol::Ipv4,
            EtherType::Ipv6 => EthernetProtocol::Ipv6,
            EtherType::Arp => EthernetProtocol::Arp,
            EtherType::Other => return None,
        };
        let mut header = Header::zeroed(ETHERNET_BYTES as usize);
        let mut view = EthernetFrame::new_unchecked(header.bytes_mut());
        view.set_src_addr(EthernetAddress(self.source.0));
        view.set_dst_addr(EthernetAddress(self.destination.0));
        view.set_ethertype(kind);
        Some(header)
    }
}
