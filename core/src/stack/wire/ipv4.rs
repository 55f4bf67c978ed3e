//! IPv4 headers (RFC 791). Options are checked and skipped; source routing is refused (RFC 7126 section 4.3).

use std::net::{IpAddr, Ipv4Addr};

use smoltcp::wire::{IpProtocol, Ipv4Packet};

use super::super::DropReason;
use super::{Fragment, Header, HeaderSource, Ip, IpOut, Stop};
use crate::nic::{fold, sum};

/// Bytes of a header without options.
const HEADER_BYTES: usize = 20;
/// Where the header names the protocol (RFC 791 section 3.1).
const PROTOCOL: u32 = 9;
/// Bytes of a header with all options.
const MAX_HEADER_BYTES: usize = 60;

/// Options that a router or host may refuse a packet for.
struct Ipv4Options;

impl Ipv4Options {
    const END: u8 = 0;
    const NOP: u8 = 1;
    const LOOSE_SOURCE_ROUTE: u8 = 131;
    const STRICT_SOURCE_ROUTE: u8 = 137;

    /// Walks the options.
    fn check(mut options: &[u8]) -> Result<(), Stop> {
        while let [kind, rest @ ..] = options {
            match *kind {
                Self::END => return Ok(()),
                Self::NOP => options = rest,
                Self::LOOSE_SOURCE_ROUTE | Self::STRICT_SOURCE_ROUTE => {
                    return Err(Stop::Drop(DropReason::RefusedOption));
                }
                _ => match rest.first() {
                    Some(len) if *len >= 2 && usize::from(*len) <= options.len() => {
                        options = &options[usize::from(*len)..];
                    }
                    _ => return Err(Stop::Drop(DropReason::Malformed)),
                },
            }
        }
        Ok(())
    }
}

/// Reads the header at `offset`; its checksum is verified here.
pub(super) fn read(headers: &mut impl HeaderSource, offset: u32) -> Result<Ip, Stop> {
    let malformed = Err(Stop::Drop(DropReason::Malformed));
    let mut bytes = [0; MAX_HEADER_BYTES];
    headers.read(offset, &mut bytes[..HEADER_BYTES])?;
    let header_len = usize::from(bytes[0] & 0xf) * 4;
    if bytes[0] >> 4 != 4 || header_len < HEADER_BYTES {
        return malformed;
    }
    headers.read(offset + HEADER_BYTES as u32, &mut bytes[HEADER_BYTES..header_len])?;
    let bytes = &bytes[..header_len];
    if fold(sum(bytes)) != 0xffff {
        return Err(Stop::Drop(DropReason::BadChecksum));
    }
    let view = Ipv4Packet::new_unchecked(bytes);
    let total = u32::from(view.total_len());
    if total < header_len as u32 {
        return malformed;
    }
    if offset + total > headers.len() {
        return Err(Stop::Drop(DropReason::Truncated));
    }
    Ipv4Options::check(&bytes[HEADER_BYTES..])?;
    let fragmented = view.more_frags() || view.frag_offset() != 0;
    Ok(Ip {
        source: IpAddr::V4(view.src_addr()),
        destination: IpAddr::V4(view.dst_addr()),
        protocol: view.next_header().into(),
        hop_limit: view.hop_limit(),
        header: offset,
        named_at: PROTOCOL,
        start: offset + header_len as u32,
        end: offset + total,
        fragment: fragmented.then(|| Fragment {
            ident: u32::from(view.ident()),
            offset: u32::from(view.frag_offset()),
            more: view.more_frags(),
        }),
    })
}

/// Writes a header.
pub(super) fn write(out: &IpOut, source: Ipv4Addr, destination: Ipv4Addr) -> Header {
    let mut header = Header::zeroed(HEADER_BYTES);
    let mut view = Ipv4Packet::new_unchecked(header.bytes_mut());
    view.set_version(4);
    view.set_header_len(HEADER_BYTES as u8);
    view.set_total_len((HEADER_BYTES as u32 + out.len) as u16);
    view.set_hop_limit(out.hop_limit);
    view.set_next_header(IpProtocol::from(out.protocol));
    view.set_src_addr(source);
    view.set_dst_addr(destination);
    match out.fragment {
        Some(fragment) => {
            view.set_ident(fragment.ident as u16);
            view.set_more_frags(fragment.more);
            view.set_frag_offset(fragment.offset as u16);
        }
        None => {
            view.set_ident(out.ident);
            view.set_dont_frag(out.dont_fragment);
        }
    }
    view.fill_checksum();
    header
}

#[cfg(test)]
mod tests {
    use super::super::{EtherType, ip_header, read_ip};
    use super::*;

    fn out(fragment: Option<Fragment>) -> IpOut {
        IpOut {
            source: Ipv4Addr::new(10, 0, 0, 1).into(),
            destination: Ipv4Addr::new(10, 0, 0, 2).into(),
            protocol: 17,
            hop_limit: 64,
            len: 4,
            ident: 7,
            dont_fragment: true,
            fragment,
        }
    }

    fn frame(out: &IpOut) -> Vec<u8> {
        let mut frame = ip_header(out).expect("one family").bytes().to_owned();
        frame.resize(frame.len() + 10, 0);
        frame
    }

    fn rewrite(frame: &mut [u8]) {
        let len = usize::from(frame[0] & 0xf) * 4;
        Ipv4Packet::new_unchecked(&mut frame[..len]).fill_checksum();
    }

    fn reading(frame: &[u8]) -> Result<Ip, Stop> {
        read_ip(&mut &frame[..], EtherType::Ipv4, 0)
    }

    #[test]
    fn a_header_reads_back_as_written_and_padding_is_left_out() {
        for fragment in [None, Some(Fragment { ident: 9, offset: 1480, more: true })] {
            let ip = reading(&frame(&out(fragment))).expect("well-formed");
            assert_eq!((ip.start, ip.end, ip.fragment), (20, 24, fragment));
            assert_eq!((ip.protocol, ip.hop_limit), (17, 64));
        }
    }

    #[test]
    fn what_no_sender_may_write_is_refused_by_reason() {
        let good = frame(&out(None));
        type Change = fn(&mut Vec<u8>);
        let cases: [(&str, DropReason, Change); 6] = [
            ("version", DropReason::Malformed, |f| f[0] = 0x65),
            ("short header", DropReason::Malformed, |f| f[0] = 0x44),
            ("total below header", DropReason::Malformed, |f| {
                f[3] = 19;
                rewrite(f);
            }),
            ("total beyond frame", DropReason::Truncated, |f| {
                f[3] = 31;
                rewrite(f);
            }),
            ("cut header", DropReason::Truncated, |f| f.truncate(19)),
            ("flipped bit", DropReason::BadChecksum, |f| f[8] ^= 1),
        ];
        for (name, reason, change) in cases {
            let mut bad = good.clone();
            change(&mut bad);
            assert_eq!(reading(&bad), Err(Stop::Drop(reason)), "{name}");
        }
    }

    #[test]
    fn options_are_walked_and_source_routes_refused() {
        let with = |options: [u8; 4]| {
            let mut bytes = frame(&out(None));
            bytes.splice(20..20, options);
            bytes[0] = 0x46;
            bytes[3] += 4;
            rewrite(&mut bytes);
            reading(&bytes)
        };
        assert_eq!(with([1, 1, 1, 0]).map(|ip| ip.start), Ok(24));
        assert_eq!(with([148, 4, 0, 0]).map(|ip| ip.start), Ok(24), "router alert");
        assert_eq!(with([131, 4, 4, 0]), Err(Stop::Drop(DropReason::RefusedOption)));
        assert_eq!(with([7, 5, 4, 0]), Err(Stop::Drop(DropReason::Malformed)), "beyond the header");
        assert_eq!(with([7, 1, 0, 0]), Err(Stop::Drop(DropReason::Malformed)), "a length that never ends");
    }
}
