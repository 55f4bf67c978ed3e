//! What a NIC reads of an arriving frame's headers: enough to verify checksums (RFC 1071), to spread flows over queues and
//! to split headers from payload. Ethernet II, IPv4, IPv6 without extension headers, TCP and UDP; anything else passes
//! unread. Every length is checked against the frame before it is believed.

use std::ops::Range;

use super::checksum::{fold, sum};
use super::offload::{ETHERNET_BYTES, IpVersion};

const TYPE_IPV4: u16 = 0x0800;
const TYPE_IPV6: u16 = 0x86dd;
const TCP: u8 = 6;
const UDP: u8 = 17;
/// IPv4's "more fragments" bit and fragment offset.
const FRAGMENT: u16 = 0x3fff;

/// A checksum as the NIC found it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// The NIC does not know this protocol, or the packet is a fragment or contradicts itself, or it carries no checksum.
    #[default]
    Unchecked,
    /// It verifies.
    Good,
    /// It does not.
    Bad,
}

/// What the headers say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Headers {
    /// Which IP, if any.
    pub(super) ip: Option<IpVersion>,
    /// Source and destination address, as they lie in the frame.
    addresses: Range<usize>,
    /// TCP or UDP, if the frame holds a whole such packet: the protocol and its bytes, header included.
    transport: Option<(u8, Range<usize>)>,
    /// Bytes before the payload as far as the headers are known.
    pub(super) len: usize,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

impl Headers {
    /// Reads a frame's headers.
    pub(super) fn read(frame: &[u8]) -> Self {
        let unknown = Self { len: frame.len(), ..Self::default() };
        if frame.len() < ETHERNET_BYTES {
            return unknown;
        }
        let ip = &frame[ETHERNET_BYTES..];
        match u16_at(frame, ETHERNET_BYTES - 2) {
            TYPE_IPV4 if ip.len() >= 20 && ip[0] >> 4 == 4 => {
                let (header, total) = (usize::from(ip[0] & 15) * 4, usize::from(u16_at(ip, 2)));
                if header < 20 || total < header || total > ip.len() {
                    return unknown;
                }
                let whole = u16_at(ip, 6) & FRAGMENT == 0;
                Self::ip(frame, IpVersion::V4, 12..20, header..total, whole.then_some(ip[9]))
            }
            TYPE_IPV6 if ip.len() >= 40 && ip[0] >> 4 == 6 => {
                let end = 40 + usize::from(u16_at(ip, 4));
                if end > ip.len() {
                    return unknown;
                }
                Self::ip(frame, IpVersion::V6, 8..40, 40..end, Some(ip[6]))
            }
            _ => unknown,
        }
    }

    /// Ranges count from the IP header.
    fn ip(
        frame: &[u8],
        version: IpVersion,
        addresses: Range<usize>,
        body: Range<usize>,
        protocol: Option<u8>,
    ) -> Self {
        let shift = |range: Range<usize>| ETHERNET_BYTES + range.start..ETHERNET_BYTES + range.end;
        let body = shift(body);
        let bytes = &frame[body.clone()];
        let (transport, header) = match protocol {
            Some(TCP) if bytes.len() >= 20 => {
                let header = usize::from(bytes[12] >> 4) * 4;
                let fits = header >= 20 && header <= bytes.len();
                (fits.then_some((TCP, body.clone())), if fits { header } else { 0 })
            }
            Some(UDP) if bytes.len() >= 8 => {
                let len = usize::from(u16_at(bytes, 4));
                let fits = len >= 8 && len <= bytes.len();
                (fits.then_some((UDP, body.start..body.start + len)), if fits { 8 } else { 0 })
            }
            _ => (None, 0),
        };
        let len = body.start + header;
        Self { ip: Some(version), addresses: shift(addresses), transport, len }
    }

    /// The IPv4 header's checksum; IPv6 has none.
    pub(super) fn verify_ip(&self, frame: &[u8]) -> Verdict {
        if self.ip != Some(IpVersion::V4) {
            return Verdict::Unchecked;
        }
        let header = usize::from(frame[ETHERNET_BYTES] & 15) * 4;
        verdict(sum(&frame[ETHERNET_BYTES..ETHERNET_BYTES + header]))
    }

    /// The TCP or UDP checksum.
    pub(super) fn verify_transport(&self, frame: &[u8]) -> Verdict {
        let Some((protocol, range)) = self.transport.clone() else { return Verdict::Unchecked };
        let bytes = &frame[range];
        if protocol == UDP && u16_at(bytes, 6) == 0 {
            // None was sent (RFC 768), which IPv6 does not allow (RFC 8200 section 8.1).
            return if self.ip == Some(IpVersion::V6) { Verdict::Bad } else { Verdict::Unchecked };
        }
        let pseudo = sum(&frame[self.addresses.clone()]) + u64::from(protocol) + bytes.len() as u64;
        verdict(pseudo + sum(bytes))
    }

    /// What the RSS hash covers: addresses, and ports where the frame holds a whole TCP or UDP packet; empty for anything
    /// but IP. Fragments of one packet hash alike.
    pub(super) fn flow<'f>(&self, frame: &'f [u8]) -> [&'f [u8]; 2] {
        let ports = self.transport.as_ref().map_or(0..0, |(_, range)| range.start..range.start + 4);
        [&frame[self.addresses.clone()], &frame[ports]]
    }

    /// Where a header split cuts: behind the headers of a whole TCP or UDP packet with payload.
    pub(super) fn split(&self) -> Option<usize> {
        self.transport.as_ref().map(|_| self.len)
    }
}

fn verdict(total: u64) -> Verdict {
    if fold(total) == 0xffff { Verdict::Good } else { Verdict::Bad }
}
