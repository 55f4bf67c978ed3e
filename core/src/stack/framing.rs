//! The headers of one replayed segment, pushed layer by layer: UDP and TCP framing over IPv4 and IPv6 on Ethernet. TCP
//! numbers bytes and sets acknowledgements as the other direction stands; connections are [`super::tcp`]'s.

use smoltcp::wire::{IpProtocol, Ipv4Packet, Ipv6Packet};

use super::headers;
use super::headers::{Endpoints, Protocol, Segment};
use crate::buffers::{BufferError, Buffers};
use crate::nic::{self, Checksum, IpVersion};
use crate::random::mix;

/// Most bytes of an IP packet (Ethernet, RFC 894).
pub const MTU: u32 = 1500;
/// Most payload of a TCP segment over IPv4: MTU less 20 bytes of IP and 20 of TCP (FACTS.md section 2).
pub const MSS: u32 = 1460;

/// One connection's sequence numbers, by direction: where the next byte goes.
#[derive(Clone, Copy, Debug)]
pub struct TcpNumbers {
    next: [u32; 2],
}

impl TcpNumbers {
    /// Both directions just after the handshake, from initial sequence numbers drawn from `seed` and `flow` (so that they
    /// never depend on the scheme).
    pub fn new(seed: u64, flow: u32) -> Self {
        let drawn = mix(seed ^ mix(u64::from(flow) + 1));
        Self { next: [(drawn as u32).wrapping_add(1), ((drawn >> 32) as u32).wrapping_add(1)] }
    }

    /// Takes `len` bytes of one direction's sequence space; returns the segment's sequence and acknowledgement numbers.
    pub fn take(&mut self, reverse: bool, len: u32) -> (u32, u32) {
        let (mine, other) = (usize::from(reverse), usize::from(!reverse));
        let numbers = (self.next[mine], self.next[other]);
        self.next[mine] = self.next[mine].wrapping_add(len);
        numbers
    }
}

/// The transport layer: puts the TCP or UDP header before the payload.
///
/// # Errors
/// Those of [`Buffers::push_header`].
pub fn transport<B: Buffers>(
    buffers: &mut B,
    packet: &mut B::Packet,
    segment: &Segment,
) -> Result<(), BufferError> {
    match segment.protocol {
        Protocol::Tcp { .. } => buffers.push_header(packet, &headers::tcp(segment)),
        Protocol::Udp => buffers.push_header(packet, &headers::udp(segment)),
    }
}

/// The IP layer: puts the IPv4 or IPv6 header before what is there.
///
/// # Errors
/// Those of [`Buffers::push_header`].
pub fn network<B: Buffers>(
    buffers: &mut B,
    packet: &mut B::Packet,
    segment: &Segment,
) -> Result<(), BufferError> {
    match segment.endpoints {
        Endpoints::V4 { .. } => buffers.push_header(packet, &headers::ipv4(segment)),
        Endpoints::V6 { .. } => buffers.push_header(packet, &headers::ipv6(segment)),
    }
}

/// The driver's part of the headers: Ethernet.
///
/// # Errors
/// Those of [`Buffers::push_header`].
pub fn ethernet<B: Buffers>(
    buffers: &mut B,
    packet: &mut B::Packet,
    segment: &Segment,
) -> Result<(), BufferError> {
    buffers.push_header(packet, &headers::ethernet(segment))
}

/// Which checksum the NIC completes for a segment.
pub fn checksum(segment: &Segment) -> Checksum {
    let start = (headers::ETHERNET + segment.endpoints.header_len()) as u16;
    Checksum { start, offset: segment.protocol.checksum_offset() }
}

/// The whole frame of a segment, as its sender's NIC puts it on the wire.
#[expect(clippy::disallowed_methods, reason = "the sender is another machine, which is not modelled")]
pub fn frame(segment: &Segment, payload: &[u8]) -> Vec<u8> {
    let mut frame = headers::ethernet(segment).to_vec();
    match segment.endpoints {
        Endpoints::V4 { .. } => frame.extend(headers::ipv4(segment)),
        Endpoints::V6 { .. } => frame.extend(headers::ipv6(segment)),
    }
    match segment.protocol {
        Protocol::Tcp { .. } => frame.extend(headers::tcp(segment)),
        Protocol::Udp => frame.extend(headers::udp(segment)),
    }
    frame.extend(payload);
    nic::insert(&mut frame, checksum(segment));
    frame
}

/// Where the transport header of a frame of IP version `ip` begins.
pub fn transport_at(ip: IpVersion) -> u32 {
    let header = match ip {
        IpVersion::V4 => headers::IPV4,
        IpVersion::V6 => headers::IPV6,
    };
    (headers::ETHERNET + header) as u32
}

/// Ends and protocol of a frame of [`frame`]'s making, from its IP header and the first bytes of its transport header:
/// the endpoints, whether it is TCP, and the transport header's bytes. None for bytes that are no such headers.
pub fn ends(ip: &[u8], transport: &[u8]) -> Option<(Endpoints, bool, u32)> {
    let ports = |at: usize| Some(u16::from_be_bytes([*transport.get(at)?, *transport.get(at + 1)?]));
    let (src, dst) = (ports(0)?, ports(2)?);
    let (protocol, endpoints) = match ip.first()? >> 4 {
        4 if ip.len() >= headers::IPV4 => {
            let view = Ipv4Packet::new_unchecked(ip);
            let ends = Endpoints::V4 { src: (view.src_addr(), src), dst: (view.dst_addr(), dst) };
            (view.next_header(), ends)
        }
        6 if ip.len() >= headers::IPV6 => {
            let view = Ipv6Packet::new_unchecked(ip);
            (view.next_header(), Endpoints::V6 { src: (view.src_addr(), src), dst: (view.dst_addr(), dst) })
        }
        _ => return None,
    };
    match protocol {
        IpProtocol::Tcp => Some((endpoints, true, headers::TCP as u32)),
        IpProtocol::Udp => Some((endpoints, false, headers::UDP as u32)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::headers::Hardware;

    #[test]
    fn a_frame_tells_whose_it_is() {
        let v4 = Endpoints::V4 { src: ([10, 0, 0, 1].into(), 80), dst: ([10, 0, 0, 2].into(), 4321) };
        let (one, two) = (std::net::Ipv6Addr::LOCALHOST, std::net::Ipv6Addr::UNSPECIFIED);
        let v6 = Endpoints::V6 { src: (one, 53), dst: (two, 99) };
        for (endpoints, ip, protocol) in [
            (v4, IpVersion::V4, Protocol::Tcp { seq: 1, ack: 2 }),
            (v6, IpVersion::V6, Protocol::Udp),
            (v6, IpVersion::V6, Protocol::Tcp { seq: 1, ack: 2 }),
            (v4, IpVersion::V4, Protocol::Udp),
        ] {
            let hardware = Hardware { src: [2; 6], dst: [4; 6] };
            let segment = Segment { endpoints, hardware, protocol, ident: 7, payload: 3 };
            let frame = frame(&segment, b"abc");
            let at = transport_at(ip) as usize;
            let (found, tcp, len) = ends(&frame[14..at], &frame[at..at + 8]).unwrap();
            assert_eq!((found, tcp), (endpoints, protocol != Protocol::Udp));
            assert_eq!(&frame[at + len as usize..], b"abc");
            assert_eq!(ends(&frame[14..30], &frame[at..at + 3]), None);
            assert_eq!(ends(&frame[14..30], &frame[at..at + 8]), None);
        }
    }
}
