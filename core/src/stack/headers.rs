//! Header bytes, written through smoltcp's wire views into small arrays of their own (RFC 9293, 768, 791, 8200, 894).
//! Checksum fields of TCP and UDP hold the pseudo-header's sum: the NIC completes them.

use std::net::{Ipv4Addr, Ipv6Addr};

use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, Ipv6Packet, TcpPacket,
    TcpSeqNumber, UdpPacket,
};

use crate::nic::{fold, sum};

/// Bytes of an Ethernet header.
pub(super) const ETHERNET: usize = 14;
pub(super) const IPV4: usize = 20;
pub(super) const IPV6: usize = 40;
pub(super) const TCP: usize = 20;
pub(super) const UDP: usize = 8;
/// Window that every TCP header offers, in bytes.
const WINDOW: u16 = u16::MAX;
/// Hops that every IP header allows (RFC 1700's default).
const HOPS: u8 = 64;

/// IP addresses and ports of both ends, sender first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoints {
    /// IPv4.
    V4 {
        /// Sender's address and port.
        src: (Ipv4Addr, u16),
        /// Receiver's address and port.
        dst: (Ipv4Addr, u16),
    },
    /// IPv6.
    V6 {
        /// Sender's address and port.
        src: (Ipv6Addr, u16),
        /// Receiver's address and port.
        dst: (Ipv6Addr, u16),
    },
}

impl Endpoints {
    /// The same ends, seen from the receiver.
    pub fn reversed(self) -> Self {
        match self {
            Self::V4 { src, dst } => Self::V4 { src: dst, dst: src },
            Self::V6 { src, dst } => Self::V6 { src: dst, dst: src },
        }
    }

    /// Bytes of the IP header.
    pub fn header_len(self) -> usize {
        match self {
            Self::V4 { .. } => IPV4,
            Self::V6 { .. } => IPV6,
        }
    }

    fn ports(self) -> (u16, u16) {
        match self {
            Self::V4 { src, dst } => (src.1, dst.1),
            Self::V6 { src, dst } => (src.1, dst.1),
        }
    }

    /// Sum of the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1).
    fn pseudo_header(self, protocol: u8, len: u16) -> u64 {
        let addresses = match self {
            Self::V4 { src, dst } => sum(&src.0.octets()) + sum(&dst.0.octets()),
            Self::V6 { src, dst } => sum(&src.0.octets()) + sum(&dst.0.octets()),
        };
        addresses + u64::from(protocol) + u64::from(len)
    }
}

/// The transport protocol of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TCP, with the numbers of its header.
    Tcp {
        /// Sequence number of the first payload byte.
        seq: u32,
        /// Acknowledgement number.
        ack: u32,
    },
    /// UDP.
    Udp,
}

impl Protocol {
    /// Where the checksum field lies in the transport header (FACTS.md section 5).
    pub fn checksum_offset(self) -> u16 {
        match self {
            Self::Tcp { .. } => 16,
            Self::Udp => 6,
        }
    }

    /// Bytes of the transport header.
    pub fn header_len(self) -> usize {
        match self {
            Self::Tcp { .. } => TCP,
            Self::Udp => UDP,
        }
    }

    fn number(self) -> IpProtocol {
        match self {
            Self::Tcp { .. } => IpProtocol::Tcp,
            Self::Udp => IpProtocol::Udp,
        }
    }
}

/// Ethernet addresses, sender first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// Sender.
    pub src: [u8; 6],
    /// Receiver.
    pub dst: [u8; 6],
}

/// What the layers need to know of a segment; the payload itself they never see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Addresses and ports.
    pub endpoints: Endpoints,
    /// Ethernet addresses.
    pub hardware: Hardware,
    /// Transport.
    pub protocol: Protocol,
    /// IPv4 identification.
    pub ident: u16,
    /// Payload bytes; with all headers at most an MTU.
    pub payload: u16,
}

impl Segment {
    fn transport_len(&self) -> u16 {
        self.protocol.header_len() as u16 + self.payload
    }

    fn pseudo_header(&self) -> u16 {
        fold(self.endpoints.pseudo_header(self.protocol.number().into(), self.transport_len()))
    }
}

pub(super) fn tcp(segment: &Segment) -> [u8; TCP] {
    let mut bytes = [0; TCP];
    let mut view = TcpPacket::new_unchecked(&mut bytes[..]);
    let (src, dst) = segment.endpoints.ports();
    let Protocol::Tcp { seq, ack } = segment.protocol else { return bytes };
    view.set_src_port(src);
    view.set_dst_port(dst);
    view.set_seq_number(TcpSeqNumber(seq as i32));
    view.set_ack_number(TcpSeqNumber(ack as i32));
    view.set_header_len(TCP as u8);
    view.set_ack(true);
    view.set_psh(true);
    view.set_window_len(WINDOW);
    view.set_checksum(segment.pseudo_header());
    bytes
}

pub(super) fn udp(segment: &Segment) -> [u8; UDP] {
    let mut bytes = [0; UDP];
    let mut view = UdpPacket::new_unchecked(&mut bytes[..]);
    let (src, dst) = segment.endpoints.ports();
    view.set_src_port(src);
    view.set_dst_port(dst);
    view.set_len(segment.transport_len());
    view.set_checksum(segment.pseudo_header());
    bytes
}

pub(super) fn ipv4(segment: &Segment) -> [u8; IPV4] {
    let mut bytes = [0; IPV4];
    let Endpoints::V4 { src, dst } = segment.endpoints else { return bytes };
    let mut view = Ipv4Packet::new_unchecked(&mut bytes[..]);
    view.set_version(4);
    view.set_header_len(IPV4 as u8);
    view.set_total_len(IPV4 as u16 + segment.transport_len());
    view.set_ident(segment.ident);
    view.set_dont_frag(true);
    view.set_hop_limit(HOPS);
    view.set_next_header(segment.protocol.number());
    view.set_src_addr(src.0);
    view.set_dst_addr(dst.0);
    view.fill_checksum();
    bytes
}

pub(super) fn ipv6(segment: &Segment) -> [u8; IPV6] {
    let mut bytes = [0; IPV6];
    let Endpoints::V6 { src, dst } = segment.endpoints else { return bytes };
    let mut view = Ipv6Packet::new_unchecked(&mut bytes[..]);
    view.set_version(6);
    view.set_payload_len(segment.transport_len());
    view.set_next_header(segment.protocol.number());
    view.set_hop_limit(HOPS);
    view.set_src_addr(src.0);
    view.set_dst_addr(dst.0);
    bytes
}

pub(super) fn ethernet(segment: &Segment) -> [u8; ETHERNET] {
    let mut bytes = [0; ETHERNET];
    let mut view = EthernetFrame::new_unchecked(&mut bytes[..]);
    view.set_src_addr(EthernetAddress(segment.hardware.src));
    view.set_dst_addr(EthernetAddress(segment.hardware.dst));
    view.set_ethertype(match segment.endpoints {
        Endpoints::V4 { .. } => EthernetProtocol::Ipv4,
        Endpoints::V6 { .. } => EthernetProtocol::Ipv6,
    });
    bytes
}
