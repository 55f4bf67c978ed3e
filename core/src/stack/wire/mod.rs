//! Header bytes: read and written through smoltcp's wire views over small arrays, after length checks of our own. Nothing
//! here sees a payload byte.

mod arp;
mod ethernet;
mod icmp;
mod ipv4;
mod ipv6;
mod ndp;
mod source;
mod tcp;
mod udp;

use std::net::IpAddr;

pub(super) use arp::{Arp, ArpOperation};
pub(super) use ethernet::{ETHERNET_BYTES, EtherType, Ethernet};
pub(super) use icmp::{ECHO_BYTES, Echo, ICMP_CHECKSUM, IcmpError, IcmpMessage};
pub(super) use ndp::{Advertisement, Neighbour, Solicitation};
pub(super) use source::{HeaderSource, Stop};
pub(super) use tcp::{TCP_BYTES, TCP_CHECKSUM, Tcp, tcp_header_len};
pub(super) use udp::{UDP_BYTES, UDP_CHECKSUM, Udp};

use crate::nic::{fold, sum};

/// An Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HardwareAddress(pub [u8; 6]);

impl HardwareAddress {
    /// ff:ff:ff:ff:ff:ff.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// Whether the group bit is set (broadcast included).
    pub fn is_multicast(self) -> bool {
        self.0[0] & 1 != 0
    }
}

/// Protocol numbers of IP (IANA).
pub(super) mod protocol {
    pub(in crate::stack) const ICMP: u8 = 1;
    pub(in crate::stack) const TCP: u8 = 6;
    pub(in crate::stack) const UDP: u8 = 17;
    pub(in crate::stack) const ICMPV6: u8 = 58;
}

/// Most bytes that one layer's header takes: TCP or IPv4 with all options.
const MAX_HEADER: usize = 60;

/// The bytes of one layer's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    bytes: [u8; MAX_HEADER],
    len: u8,
}

impl Header {
    /// `len` zero bytes, at most 60.
    pub(super) fn zeroed(len: usize) -> Self {
        debug_assert!(len <= MAX_HEADER);
        Self { bytes: [0; MAX_HEADER], len: len as u8 }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..usize::from(self.len)]
    }
}

/// A fragment's place in its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    /// Identification; 16 bits of it in IPv4.
    pub(super) ident: u32,
    /// Bytes before it.
    pub(super) offset: u32,
    /// Whether more follow.
    pub(super) more: bool,
}

/// An IP header as it concerns the layers above; offsets are bytes of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ip {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) protocol: u8,
    pub(super) hop_limit: u8,
    /// Where the IP header begins.
    pub(super) header: u32,
    /// Where the protocol is named, in bytes from there.
    pub(super) named_at: u32,
    /// Where what it carries begins.
    pub(super) start: u32,
    /// Where that ends: what lies behind is padding.
    pub(super) end: u32,
    pub(super) fragment: Option<Fragment>,
}

impl Ip {
    /// Bytes that it carries.
    pub(super) fn len(&self) -> u32 {
        self.end - self.start
    }
}

/// The next header to be written below a transport header.
#[derive(Clone, Copy, Debug)]
pub(super) struct IpOut {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) protocol: u8,
    pub(super) hop_limit: u8,
    /// Bytes carried.
    pub(super) len: u32,
    /// IPv4 identification of a datagram that is whole.
    pub(super) ident: u16,
    /// Whether routers may not fragment it.
    pub(super) dont_fragment: bool,
    pub(super) fragment: Option<Fragment>,
}

/// Writes an IP header; None when the addresses are of different families.
pub(super) fn ip_header(out: &IpOut) -> Option<Header> {
    match (out.source, out.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => Some(ipv4::write(out, source, destination)),
        (IpAddr::V6(source), IpAddr::V6(destination)) => Some(ipv6::write(out, source, destination)),
        _ => None,
    }
}

/// Reads an IP header of `kind` at `offset`.
pub(super) fn read_ip(headers: &mut impl HeaderSource, kind: EtherType, offset: u32) -> Result<Ip, Stop> {
    match kind {
        EtherType::Ipv4 => ipv4::read(headers, offset),
        EtherType::Ipv6 => ipv6::read(headers, offset),
        EtherType::Arp | EtherType::Other => Err(Stop::Drop(super::DropReason::UnknownEtherType)),
    }
}

/// The sum of the pseudo-header of `len` bytes of a transport protocol, not inverted: what the checksum field holds until
/// the NIC completes it (RFC 9293 section 3.1, RFC 8200 section 8.1).
pub(super) fn pseudo_header(source: IpAddr, destination: IpAddr, protocol: u8, len: u32) -> u16 {
    let address = |address: IpAddr| match address {
        IpAddr::V4(address) => sum(&address.octets()),
        IpAddr::V6(address) => sum(&address.octets()),
    };
    fold(address(source) + address(destination) + u64::from(protocol) + u64::from(len))
}
