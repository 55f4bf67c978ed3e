//! Link-layer headers of captured frames, up to the outermost IP header; after the registry of pcap link types.

use super::bytes::{array_at, be16};
use super::packet::LinkAddresses;

/// The two network protocols that are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    Ipv4,
    Ipv6,
}

/// A frame with its link header read.
pub(super) struct Frame<'a> {
    /// Ethernet only.
    pub(super) addresses: Option<LinkAddresses>,
    /// The outermost IP header and all behind it; `None` when there is none, or none that can be found.
    pub(super) network: Option<(Network, &'a [u8])>,
}

/// Reads the link header of a frame of this link type.
pub(super) fn open(link_type: u32, frame: &[u8]) -> Frame<'_> {
    let network = match link_type {
        1 => by_ethertype(frame, 12, 14),
        0 => null(frame, true),
        108 => null(frame, false),
        12 | 14 | 101 => raw(frame),
        228 => Some((Network::Ipv4, frame)),
        229 => Some((Network::Ipv6, frame)),
        113 => by_ethertype(frame, 14, 16),
        276 => by_ethertype(frame, 0, 20),
        _ => None,
    };
    let addresses = if link_type == 1 { addresses(frame) } else { None };
    Frame { addresses, network }
}

fn addresses(frame: &[u8]) -> Option<LinkAddresses> {
    frame.get(..14)?;
    Some(LinkAddresses { dst: array_at(frame, 0)?, src: array_at(frame, 6)? })
}

/// A link header with its ethertype at byte `at` and its end at byte `end`; VLAN tags (IEEE 802.1Q, 802.1ad, and
/// two older numbers) may follow, each with another ethertype.
fn by_ethertype(frame: &[u8], at: usize, end: usize) -> Option<(Network, &[u8])> {
    let mut ethertype = be16(frame, at)?;
    let mut rest = frame.get(end..)?;
    while let 0x8100 | 0x88a8 | 0x9100 | 0x9200 = ethertype {
        ethertype = be16(rest, 2)?;
        rest = rest.get(4..)?;
    }
    match ethertype {
        0x0800 => Some((Network::Ipv4, rest)),
        0x86dd => Some((Network::Ipv6, rest)),
        _ => None,
    }
}

/// The address family of BSD loopbacks: of the capturing machine, so in either byte order where `either` says so,
/// and with as many numbers for IPv6 as there are systems.
fn null(frame: &[u8], either: bool) -> Option<(Network, &[u8])> {
    let (family, rest) = frame.split_first_chunk::<4>()?;
    let big = u32::from_be_bytes(*family);
    let little = u32::from_le_bytes(*family);
    let family = if either && big > 0xffff { little } else { big };
    match family {
        2 => Some((Network::Ipv4, rest)),
        10 | 23 | 24 | 28 | 30 => Some((Network::Ipv6, rest)),
        _ => None,
    }
}

/// No link header: the version in the first half byte decides.
fn raw(frame: &[u8]) -> Option<(Network, &[u8])> {
    match frame.first()? >> 4 {
        4 => Some((Network::Ipv4, frame)),
        6 => Some((Network::Ipv6, frame)),
        _ => None,
    }
}
