//! The headers of one replayed segment, pushed layer by layer: UDP and TCP framing over IPv4 and IPv6 on Ethernet. TCP
//! numbers bytes and sets acknowledgements as the other direction stands; connections are [`super::tcp`]'s.

use super::headers;
use super::headers::{Endpoints, Protocol, Segment};
use crate::buffers::{BufferError, Buffers};
use crate::nic::Checksum;
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
