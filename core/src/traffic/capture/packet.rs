//! What a captured frame carries: link header, outermost IP header (RFC 791, RFC 8200), TCP (RFC 9293) or UDP
//! (RFC 768) header, payload.
//!
//! - The payload is what follows the TCP header and its options, or the UDP header, in whole packets and in first
//!   fragments; of a later fragment of whatever protocol it is all that follows the IPv4 header or the IPv6
//!   fragment header. Of a packet that the snaplen cut it is the captured part.
//! - Link types: see [`parse`]. Any number of VLAN tags before the ethertype. 802.3 length frames,
//!   PPPoE, MPLS and tunnels are not opened.
//! - The IP length cuts off link-layer padding; the UDP length cuts the payload. A length of 0 stands for all that
//!   was captured (segmentation offload). A UDP length of 1 to 7, or an IPv4 or TCP header length that cannot be,
//!   makes the packet malformed: no payload.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bytes::{array_at, be16, be32};
use super::link::{self, Network};

/// What the payload of a frame is. Only [`Tcp`](Self::Tcp), [`Udp`](Self::Udp) and [`Fragment`](Self::Fragment)
/// come with payload bytes, and they always do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayloadKind {
    /// TCP payload, of a whole packet or a first fragment.
    Tcp,
    /// A TCP header with nothing behind it.
    TcpEmpty,
    /// UDP payload, of a whole packet or a first fragment.
    Udp,
    /// A UDP header with nothing behind it.
    UdpEmpty,
    /// The data of a later fragment.
    Fragment,
    /// A later fragment without data.
    FragmentEmpty,
    /// Something else than TCP or UDP over IP, or a link type that is not understood.
    Other,
    /// The capture ends inside the headers of a longer packet: the snaplen cut it there.
    HeadersCut,
    /// A header that contradicts itself, or one that the packet is too short for.
    Malformed,
}

impl PayloadKind {
    /// The word for it in reports: `tcp`, `tcp-empty`, `udp`, `udp-empty`, `fragment`, `fragment-empty`, `other`,
    /// `headers-cut` or `malformed`.
    pub fn as_str(self) -> &'static str {
        match self {
            PayloadKind::Tcp => "tcp",
            PayloadKind::TcpEmpty => "tcp-empty",
            PayloadKind::Udp => "udp",
            PayloadKind::UdpEmpty => "udp-empty",
            PayloadKind::Fragment => "fragment",
            PayloadKind::FragmentEmpty => "fragment-empty",
            PayloadKind::Other => "other",
            PayloadKind::HeadersCut => "headers-cut",
            PayloadKind::Malformed => "malformed",
        }
    }
}

/// The addresses of an Ethernet header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkAddresses {
    /// Sender.
    pub src: [u8; 6],
    /// Receiver.
    pub dst: [u8; 6],
}

/// Whether an IP packet is a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fragment {
    /// A whole packet.
    None,
    /// The first fragment: offset 0, more to come.
    First,
    /// A later fragment: offset above 0. It has no transport header.
    Later,
}

/// The outermost IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpInfo {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// The protocol carried, after the IPv6 extension headers that could be skipped.
    pub protocol: u8,
    /// Whether this is a fragment, and which kind.
    pub fragment: Fragment,
    /// The capture has only a part of the payload that the IP and UDP lengths promise: the snaplen cut the rest off.
    pub cut: bool,
}

/// The transport header, where it was captured whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp {
        /// Sequence number of the first payload byte (or of the SYN).
        seq: u32,
        /// Acknowledgement number; means something only with the ACK flag.
        ack: u32,
        /// FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128.
        flags: u8,
        /// Window as sent, unscaled.
        window: u16,
    },
    /// UDP.
    Udp,
}

/// What was found in one frame. Fields that the frame does not reach are `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// What the payload is, or why there is none.
    pub kind: PayloadKind,
    /// The payload; empty unless `kind` is TCP, UDP or fragment.
    pub payload: &'a [u8],
    /// Ethernet only.
    pub link: Option<LinkAddresses>,
    /// The outermost IP header.
    pub ip: Option<IpInfo>,
    /// Source and destination port of TCP or UDP.
    pub ports: Option<(u16, u16)>,
    /// The transport header.
    pub transport: Option<Transport>,
}

/// Finds headers and payload of a frame with this link type. `original_len` is its length on the wire, in bytes;
/// it tells a frame cut by the snaplen from one that contradicts itself.
///
/// Link types understood: Ethernet (1), BSD null (0), OpenBSD loop (108), raw IP (12, 14, 101, 228, 229), Linux
/// cooked v1 (113) and v2 (276). Any other gives [`PayloadKind::Other`]. Never panics; linear in the headers.
pub fn parse(link_type: u32, captured: &[u8], original_len: u32) -> Parsed<'_> {
    let frame = link::open(link_type, captured);
    let mut parsed = Parsed {
        kind: PayloadKind::Other,
        payload: &[],
        link: frame.addresses,
        ip: None,
        ports: None,
        transport: None,
    };
    let cut = (captured.len() as u64) < u64::from(original_len);
    let opened = match frame.network {
        Some((Network::Ipv4, packet)) => ipv4(packet, cut, &mut parsed),
        Some((Network::Ipv6, packet)) => ipv6(packet, cut, &mut parsed),
        None => Ok(PayloadKind::Other),
    };
    parsed.kind = opened.unwrap_or_else(|problem| problem.kind());
    if parsed.payload.is_empty() {
        parsed.kind = match parsed.kind {
            PayloadKind::Tcp => PayloadKind::TcpEmpty,
            PayloadKind::Udp => PayloadKind::UdpEmpty,
            PayloadKind::Fragment => PayloadKind::FragmentEmpty,
            kind => kind,
        };
    }
    parsed
}

/// Why headers could not be followed.
enum Problem {
    /// They go on where the captured bytes end.
    Cut,
    /// They cannot be right.
    Bad,
}

impl Problem {
    /// Bytes are missing, and `cut` says whether the snaplen is the reason.
    fn missing(cut: bool) -> Problem {
        if cut { Problem::Cut } else { Problem::Bad }
    }

    fn kind(&self) -> PayloadKind {
        match self {
            Problem::Cut => PayloadKind::HeadersCut,
            Problem::Bad => PayloadKind::Malformed,
        }
    }
}

/// The data of an IP packet from some header on: what was captured of it, and how long it is by the lengths in the
/// headers before.
#[derive(Clone, Copy)]
struct Data<'a> {
    captured: &'a [u8],
    /// At least `captured.len()`; `usize::MAX` when the snaplen cut a packet whose length field is 0.
    declared: usize,
}

impl<'a> Data<'a> {
    /// `packet` with its length field applied; `length` 0 stands for all that was captured.
    fn new(packet: &'a [u8], length: usize, cut: bool) -> Self {
        match length {
            0 if cut => Data { captured: packet, declared: usize::MAX },
            0 => Data { captured: packet, declared: packet.len() },
            _ => Data { captured: packet.get(..length).unwrap_or(packet), declared: length },
        }
    }

    fn is_cut(self) -> bool {
        self.declared > self.captured.len()
    }

    /// Leaves out a header of `length` bytes, which must have been captured whole.
    fn after(self, length: usize) -> Result<Data<'a>, Problem> {
        match self.captured.get(length..) {
            Some(captured) => Ok(Data { captured, declared: self.declared.saturating_sub(length) }),
            None => Err(Problem::missing(self.declared >= length)),
        }
    }
}

fn ipv4<'a>(packet: &'a [u8], cut: bool, parsed: &mut Parsed<'a>) -> Result<PayloadKind, Problem> {
    let first = *packet.first().ok_or(Problem::missing(cut))?;
    let header = usize::from(first & 15) * 4;
    if first >> 4 != 4 || header < 20 {
        return Err(Problem::Bad);
    }
    let fixed: &[u8; 20] = packet.first_chunk().ok_or(Problem::missing(cut))?;
    let total = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    if total != 0 && total < header {
        return Err(Problem::Bad);
    }
    let whole = Data::new(packet, total, cut);
    let flags = u16::from_be_bytes([fixed[6], fixed[7]]);
    let fragment = match (flags & 0x1fff, flags & 0x2000 != 0) {
        (0, false) => Fragment::None,
        (0, true) => Fragment::First,
        _ => Fragment::Later,
    };
    let [.., a, b, c, d, e, f, g, h] = *fixed;
    let (src, dst) = (Ipv4Addr::new(a, b, c, d).into(), Ipv4Addr::new(e, f, g, h).into());
    let protocol = fixed[9];
    parsed.ip = Some(IpInfo { src, dst, protocol, fragment, cut: whole.is_cut() });
    if fragment == Fragment::Later {
        parsed.payload = whole.after(header)?.captured;
        return Ok(PayloadKind::Fragment);
    }
    transport(protocol, whole.after(header)?, parsed)
}

fn ipv6<'a>(packet: &'a [u8], cut: bool, parsed: &mut Parsed<'a>) -> Result<PayloadKind, Problem> {
    let first = *packet.first().ok_or(Problem::missing(cut))?;
    if first >> 4 != 6 {
        return Err(Problem::Bad);
    }
    let (fixed, rest): (&[u8; 40], _) = packet.split_first_chunk().ok_or(Problem::missing(cut))?;
    let length = usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
    let mut data = Data::new(rest, length, cut);
    let (src, dst) = (array_at::<16>(fixed, 8), array_at::<16>(fixed, 24));
    let (Some(src), Some(dst)) = (src, dst) else { return Err(Problem::Bad) };
    let (src, dst) = (Ipv6Addr::from(src).into(), Ipv6Addr::from(dst).into());
    let ip = parsed.ip.insert(IpInfo {
        src,
        dst,
        protocol: fixed[6],
        fragment: Fragment::None,
        cut: data.is_cut(),
    });
    // Hop-by-hop, routing, fragment, authentication, destination, mobility, host identity, shim6 (RFC 7045).
    while let 0 | 43 | 44 | 51 | 60 | 135 | 139 | 140 = ip.protocol {
        let extension = ip.protocol;
        let start: &[u8; 4] = data.captured.first_chunk().ok_or(Problem::missing(data.declared >= 4))?;
        ip.protocol = start[0];
        let header = match extension {
            44 => 8,
            51 => (usize::from(start[1]) + 2) * 4,
            _ => (usize::from(start[1]) + 1) * 8,
        };
        data = data.after(header)?;
        if extension == 44 {
            let field = u16::from_be_bytes([start[2], start[3]]);
            if field >> 3 != 0 {
                ip.fragment = Fragment::Later;
                parsed.payload = data.captured;
                return Ok(PayloadKind::Fragment);
            }
            if field & 1 != 0 {
                ip.fragment = Fragment::First;
            }
        }
    }
    let protocol = ip.protocol;
    transport(protocol, data, parsed)
}

/// Reads the transport header at the start of `data`.
fn transport<'a>(protocol: u8, data: Data<'a>, parsed: &mut Parsed<'a>) -> Result<PayloadKind, Problem> {
    match protocol {
        6 => tcp(data, parsed),
        17 => udp(data, parsed),
        _ => Ok(PayloadKind::Other),
    }
}

fn tcp<'a>(data: Data<'a>, parsed: &mut Parsed<'a>) -> Result<PayloadKind, Problem> {
    parsed.ports = be16(data.captured, 0).zip(be16(data.captured, 2));
    let fixed: &[u8; 20] = data.captured.first_chunk().ok_or(Problem::missing(data.declared >= 20))?;
    let header = usize::from(fixed[12] >> 4) * 4;
    if header < 20 {
        return Err(Problem::Bad);
    }
    let (seq, ack) = (be32(fixed, 4).unwrap_or_default(), be32(fixed, 8).unwrap_or_default());
    let window = u16::from_be_bytes([fixed[14], fixed[15]]);
    parsed.payload = data.after(header)?.captured;
    parsed.transport = Some(Transport::Tcp { seq, ack, flags: fixed[13], window });
    Ok(PayloadKind::Tcp)
}

fn udp<'a>(data: Data<'a>, parsed: &mut Parsed<'a>) -> Result<PayloadKind, Problem> {
    parsed.ports = be16(data.captured, 0).zip(be16(data.captured, 2));
    let body = data.after(8)?;
    // In a first fragment the UDP length goes beyond the packet: there the IP length stands.
    let declared = match be16(data.captured, 4).unwrap_or_default() {
        0 => body.declared,
        1..8 => return Err(Problem::Bad),
        length => usize::from(length - 8).min(body.declared),
    };
    parsed.payload = body.captured.get(..declared).unwrap_or(body.captured);
    if let Some(ip) = &mut parsed.ip {
        ip.cut = declared > body.captured.len();
    }
    parsed.transport = Some(Transport::Udp);
    Ok(PayloadKind::Udp)
}

#[cfg(test)]
mod tests;
