//! What a driver asks the NIC to do to a frame on its way out: complete a checksum, or cut a send into segments (TCP
//! segmentation offload, TSO). Headers are updated per cut and checksums patched on the wire, never in memory (FACTS.md
//! section 5).

use super::checksum::{self, fold, sum};
use super::frames::TxFrames;

/// Bytes of an Ethernet header: where the IP header begins.
pub const ETHERNET_BYTES: usize = 14;
/// Where a TCP header has its checksum (RFC 9293 section 3.1).
pub(super) const TCP_CHECKSUM: u16 = 16;
const IPV4_BYTES: usize = 20;
const IPV6_BYTES: usize = 40;
const TCP_BYTES: usize = 20;
const TCP_NUMBER: u64 = 6;
/// TCP flags (RFC 9293 section 3.1): those only the last cut carries, and CWR (RFC 3168), which only the first does.
const FIN_PSH: u8 = 0x09;
const CWR: u8 = 0x80;

/// Which checksum the NIC completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// First byte summed, from the start of the frame.
    pub start: u16,
    /// The checksum field, from `start`: 16 for TCP, 6 for UDP.
    pub offset: u16,
}

/// The IP header that precedes a TCP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpVersion {
    /// IPv4 (RFC 791).
    V4,
    /// IPv6 (RFC 8200).
    V6,
}

/// How a TCP send is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tso {
    /// Where the TCP header begins, from the start of the frame.
    pub transport: u16,
    /// Most payload bytes of a cut.
    pub mss: u16,
    /// Which IP header stands behind the Ethernet header.
    pub ip: IpVersion,
}

/// What the NIC does to a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TxOffload {
    /// Nothing: it goes out as it is.
    #[default]
    None,
    /// Completes a checksum; the field holds the pseudo-header's sum.
    Checksum(Checksum),
    /// Cuts it into TCP segments and writes their lengths, identification, sequence numbers, flags and checksums.
    Segment(Tso),
}

/// An offload that does not fit the headers of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{offload:?} does not fit {header_len} bytes of headers")]
pub struct BadOffload {
    /// What was asked for.
    pub offload: TxOffload,
    /// Bytes of headers.
    pub header_len: u32,
}

impl TxOffload {
    /// Checks the request against the headers that were written.
    ///
    /// # Errors
    /// [`BadOffload`] when a field would lie outside the headers, or the MSS is 0.
    pub fn check(self, header_len: u32) -> Result<(), BadOffload> {
        let fits = match self {
            Self::None => true,
            // A checksum field may lie in the payload (an ICMP message sent as one): the frame's end is checked on the wire.
            Self::Checksum(checksum) => u32::from(checksum.start) <= header_len,
            Self::Segment(tso) => tso.fits(header_len as usize),
        };
        if fits { Ok(()) } else { Err(BadOffload { offload: self, header_len }) }
    }
}

impl Tso {
    fn fits(self, header_len: usize) -> bool {
        let ip = match self.ip {
            IpVersion::V4 => IPV4_BYTES,
            IpVersion::V6 => IPV6_BYTES,
        };
        let transport = usize::from(self.transport);
        self.mss > 0 && transport >= ETHERNET_BYTES + ip && transport + TCP_BYTES <= header_len
    }
}

/// Puts what a gathered frame becomes behind `out`: itself with its checksum, or its cuts. An offload that does not fit
/// leaves the frame as it is.
pub(super) fn apply(frame: &[u8], header_len: usize, offload: TxOffload, out: &mut TxFrames) {
    match offload {
        TxOffload::Segment(tso) if tso.fits(header_len) && header_len <= frame.len() => {
            cut(frame, header_len, tso, out);
        }
        _ => {
            let whole = out.add(frame.len());
            put(whole, 0, frame);
            complete(whole, offload);
        }
    }
}

/// Completes the checksum of a frame that is not cut.
pub(super) fn complete(frame: &mut [u8], offload: TxOffload) {
    if let TxOffload::Checksum(wanted) = offload {
        checksum::insert(frame, wanted);
    }
}

/// Bytes onto the wire: no buffer receives them, so this is DMA and no copy.
#[expect(clippy::disallowed_methods)]
fn put(frame: &mut [u8], at: usize, bytes: &[u8]) {
    frame[at..at + bytes.len()].copy_from_slice(bytes);
}

fn u16_at(frame: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([frame[at], frame[at + 1]])
}

fn cut(frame: &[u8], header_len: usize, tso: Tso, out: &mut TxFrames) {
    let (headers, payload) = frame.split_at(header_len);
    let mss = usize::from(tso.mss);
    let cuts = payload.len().div_ceil(mss).max(1);
    for index in 0..cuts {
        let from = index * mss;
        let part = &payload[from..payload.len().min(from + mss)];
        let cut = out.add(header_len + part.len());
        put(cut, 0, headers);
        put(cut, header_len, part);
        update(cut, tso, index as u16, from as u32, index == 0, index + 1 == cuts);
    }
}

/// Makes the copied headers those of cut `index`, whose payload begins at byte `from` of the send.
fn update(cut: &mut [u8], tso: Tso, index: u16, from: u32, first: bool, last: bool) {
    let tcp = usize::from(tso.transport);
    let transport_len = cut.len() - tcp;
    let addresses = match tso.ip {
        IpVersion::V4 => {
            let total = (cut.len() - ETHERNET_BYTES) as u16;
            put(cut, ETHERNET_BYTES + 2, &total.to_be_bytes());
            let ident = u16_at(cut, ETHERNET_BYTES + 4).wrapping_add(index);
            put(cut, ETHERNET_BYTES + 4, &ident.to_be_bytes());
            put(cut, ETHERNET_BYTES + 10, &[0, 0]);
            let header = !fold(sum(&cut[ETHERNET_BYTES..tcp]));
            put(cut, ETHERNET_BYTES + 10, &header.to_be_bytes());
            ETHERNET_BYTES + 12..ETHERNET_BYTES + 20
        }
        IpVersion::V6 => {
            let payload = (cut.len() - ETHERNET_BYTES - IPV6_BYTES) as u16;
            put(cut, ETHERNET_BYTES + 4, &payload.to_be_bytes());
            ETHERNET_BYTES + 8..ETHERNET_BYTES + 40
        }
    };
    let [a, b, c, d] = [cut[tcp + 4], cut[tcp + 5], cut[tcp + 6], cut[tcp + 7]];
    let sequence = u32::from_be_bytes([a, b, c, d]).wrapping_add(from);
    put(cut, tcp + 4, &sequence.to_be_bytes());
    if !last {
        cut[tcp + 13] &= !FIN_PSH;
    }
    if !first {
        cut[tcp + 13] &= !CWR;
    }
    let pseudo = fold(sum(&cut[addresses]) + TCP_NUMBER + transport_len as u64);
    put(cut, tcp + usize::from(TCP_CHECKSUM), &pseudo.to_be_bytes());
    checksum::insert(cut, Checksum { start: tso.transport, offset: TCP_CHECKSUM });
}
