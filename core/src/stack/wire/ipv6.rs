//! IPv6 headers and the extension headers behind them (RFC 8200 section 4), walked within bounds.

use std::net::{IpAddr, Ipv6Addr};

use smoltcp::wire::{IpProtocol, Ipv6FragmentHeader, Ipv6Packet};

use super::super::DropReason;
use super::{Fragment, Header, HeaderSource, Ip, IpOut, Stop};

/// Bytes of the fixed header.
const HEADER_BYTES: usize = 40;
/// Where the fixed header names what comes next.
const NEXT_HEADER: u32 = 6;
/// Bytes of a fragment header.
const FRAGMENT_BYTES: usize = 8;
/// Extension headers that one packet may carry (RFC 8504 section 5.3 allows a limit).
const MAX_EXTENSIONS: usize = 8;
/// Bytes that one extension header may take.
const MAX_EXTENSION_BYTES: usize = 256;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION_OPTIONS: u8 = 60;

/// Walks the options of a hop-by-hop or destination header whose option bytes begin at `pointer` of the packet: what an
/// unknown option's two highest bits ask for is done (RFC 8200 section 4.2).
fn check_options(mut options: &[u8], mut pointer: u32) -> Result<(), Stop> {
    const PAD1: u8 = 0;
    const PADN: u8 = 1;
    while let [kind, rest @ ..] = options {
        let len = match (*kind, rest.first()) {
            (PAD1, _) => 1,
            (_, Some(len)) => usize::from(*len) + 2,
            (_, None) => return Err(Stop::Drop(DropReason::Malformed)),
        };
        if len > options.len() {
            return Err(Stop::Drop(DropReason::Malformed));
        }
        match (*kind, kind >> 6) {
            (PAD1 | PADN, _) | (_, 0) => {}
            (_, 1) => return Err(Stop::Drop(DropReason::RefusedOption)),
            (_, action) => return Err(Stop::Problem { code: 2, pointer, multicast: action == 2 }),
        }
        options = &options[len..];
        pointer += len as u32;
    }
    Ok(())
}

/// Reads the headers at `offset` up to the transport header, or up to what a fragment carries.
pub(super) fn read(headers: &mut impl HeaderSource, offset: u32) -> Result<Ip, Stop> {
    let bytes: [u8; HEADER_BYTES] = headers.array(offset)?;
    let view = Ipv6Packet::new_unchecked(&bytes[..]);
    if view.version() != 6 {
        return Err(Stop::Drop(DropReason::Malformed));
    }
    let mut ip = Ip {
        source: IpAddr::V6(view.src_addr()),
        destination: IpAddr::V6(view.dst_addr()),
        protocol: view.next_header().into(),
        hop_limit: view.hop_limit(),
        header: offset,
        named_at: NEXT_HEADER,
        start: offset + HEADER_BYTES as u32,
        end: offset + HEADER_BYTES as u32 + u32::from(view.payload_len()),
        fragment: None,
    };
    if ip.end > headers.len() {
        return Err(Stop::Drop(DropReason::Truncated));
    }
    extensions(headers, &mut ip)?;
    Ok(ip)
}

fn extensions(headers: &mut impl HeaderSource, ip: &mut Ip) -> Result<(), Stop> {
    for index in 0..=MAX_EXTENSIONS {
        // What a later fragment carries is the middle of something.
        let middle = ip.fragment.is_some_and(|fragment| fragment.offset > 0);
        if middle || !matches!(ip.protocol, HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION_OPTIONS) {
            // The only fragment of its datagram is none (RFC 6946).
            ip.fragment = ip.fragment.filter(|fragment| fragment.more || fragment.offset > 0);
            return Ok(());
        }
        // Extension headers that are themselves cut into fragments are not walked.
        if index == MAX_EXTENSIONS || ip.fragment.is_some_and(|fragment| fragment.more) {
            break;
        }
        let pointer = ip.start - ip.header;
        let mut bytes = [0; MAX_EXTENSION_BYTES];
        if ip.len() < 8 {
            return Err(Stop::Drop(DropReason::Truncated));
        }
        headers.read(ip.start, &mut bytes[..8])?;
        let len = if ip.protocol == FRAGMENT { FRAGMENT_BYTES } else { (usize::from(bytes[1]) + 1) * 8 };
        if len > MAX_EXTENSION_BYTES {
            return Err(Stop::Drop(DropReason::ExtensionLimit));
        }
        if len as u32 > ip.len() {
            return Err(Stop::Drop(DropReason::Truncated));
        }
        headers.read(ip.start + 8, &mut bytes[8..len])?;
        let bytes = &bytes[..len];
        match ip.protocol {
            // Only the first header may be the hop-by-hop one (RFC 8200 section 4.1).
            HOP_BY_HOP if index > 0 => {
                return Err(Stop::Problem { code: 1, pointer: ip.named_at, multicast: false });
            }
            HOP_BY_HOP | DESTINATION_OPTIONS => check_options(&bytes[2..], pointer + 2)?,
            ROUTING => match (bytes[2], bytes[3]) {
                (0, _) => return Err(Stop::Drop(DropReason::RefusedOption)),
                (_, 0) => {}
                _ => return Err(Stop::Problem { code: 0, pointer: pointer + 2, multicast: false }),
            },
            _ => {
                if ip.fragment.is_some() {
                    return Err(Stop::Drop(DropReason::FragmentMalformed));
                }
                let view = Ipv6FragmentHeader::new_unchecked(&bytes[2..]);
                ip.fragment = Some(Fragment {
                    ident: view.ident(),
                    offset: u32::from(view.frag_offset()) * 8,
                    more: view.more_frags(),
                });
            }
        }
        ip.protocol = bytes[0];
        ip.start += len as u32;
        ip.named_at = pointer;
    }
    Err(Stop::Drop(DropReason::ExtensionLimit))
}

/// Writes a header, and a fragment header behind it when there is a fragment to be named.
pub(super) fn write(out: &IpOut, source: Ipv6Addr, destination: Ipv6Addr) -> Header {
    let extra = if out.fragment.is_some() { FRAGMENT_BYTES } else { 0 };
    let mut header = Header::zeroed(HEADER_BYTES + extra);
    let mut view = Ipv6Packet::new_unchecked(header.bytes_mut());
    view.set_version(6);
    view.set_payload_len((extra as u32 + out.len) as u16);
    view.set_hop_limit(out.hop_limit);
    view.set_src_addr(source);
    view.set_dst_addr(destination);
    match out.fragment {
        None => view.set_next_header(IpProtocol::from(out.protocol)),
        Some(fragment) => {
            view.set_next_header(IpProtocol::Ipv6Frag);
            let bytes = &mut header.bytes_mut()[HEADER_BYTES..];
            bytes[0] = out.protocol;
            let mut view = Ipv6FragmentHeader::new_unchecked(&mut bytes[2..]);
            view.set_frag_offset((fragment.offset / 8) as u16);
            view.set_more_frags(fragment.more);
            view.set_ident(fragment.ident);
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::super::{EtherType, ip_header, read_ip};
    use super::*;

    /// An IPv6 packet with these extension headers (type and bytes; each names the next), then four bytes of UDP.
    fn packet(extensions: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let kinds: Vec<u8> = extensions.iter().map(|(kind, _)| *kind).chain([17]).collect();
        let mut behind: Vec<u8> = Vec::new();
        for (index, (_, bytes)) in extensions.iter().enumerate() {
            behind.push(kinds[index + 1]);
            behind.append(&mut bytes.clone());
        }
        behind.append(&mut vec![1, 2, 3, 4]);
        let out = IpOut {
            source: Ipv6Addr::LOCALHOST.into(),
            destination: Ipv6Addr::LOCALHOST.into(),
            protocol: kinds[0],
            hop_limit: 64,
            len: behind.len() as u32,
            ident: 0,
            dont_fragment: true,
            fragment: None,
        };
        let mut bytes = ip_header(&out).expect("one family").bytes().to_owned();
        bytes.append(&mut behind);
        bytes
    }

    fn reading(bytes: &[u8]) -> Result<Ip, Stop> {
        read_ip(&mut &bytes[..], EtherType::Ipv6, 0)
    }

    /// Seven bytes that complete an extension header of 8: length 0, then PadN.
    fn padding() -> Vec<u8> {
        vec![0, 1, 4, 0, 0, 0, 0]
    }

    #[test]
    fn known_extension_headers_are_skipped() {
        let bytes = packet(&[
            (HOP_BY_HOP, padding()),
            (ROUTING, vec![0, 4, 0, 0, 0, 0, 0]),
            (DESTINATION_OPTIONS, padding()),
        ]);
        let ip = reading(&bytes).expect("well-formed");
        assert_eq!((ip.protocol, ip.start, ip.end), (17, 64, 68));
        assert_eq!(reading(&packet(&[])).map(|ip| (ip.protocol, ip.start)), Ok((17, 40)));
    }

    #[test]
    fn fragments_read_back_as_written() {
        let fragment = Some(Fragment { ident: 0xdead_beef, offset: 1448, more: true });
        let out = IpOut {
            source: Ipv6Addr::LOCALHOST.into(),
            destination: Ipv6Addr::LOCALHOST.into(),
            protocol: 17,
            hop_limit: 64,
            len: 16,
            ident: 0,
            dont_fragment: false,
            fragment,
        };
        let mut bytes = ip_header(&out).expect("one family").bytes().to_owned();
        bytes.append(&mut vec![0; 16]);
        let ip = reading(&bytes).expect("well-formed");
        assert_eq!((ip.fragment, ip.start, ip.end, ip.protocol), (fragment, 48, 64, 17));
    }

    #[test]
    fn the_only_fragment_of_a_datagram_is_a_whole_packet() {
        let bytes = packet(&[(FRAGMENT, vec![0; 7]), (DESTINATION_OPTIONS, padding())]);
        let ip = reading(&bytes).expect("well-formed");
        assert_eq!((ip.fragment, ip.protocol, ip.start), (None, 17, 56));
        let cut = packet(&[(FRAGMENT, vec![0, 0, 1, 0, 0, 0, 0]), (DESTINATION_OPTIONS, padding())]);
        assert_eq!(reading(&cut), Err(Stop::Drop(DropReason::ExtensionLimit)));
    }

    #[test]
    fn unknown_options_do_what_their_highest_bits_ask() {
        let option = |kind: u8| reading(&packet(&[(HOP_BY_HOP, vec![0, kind, 4, 0, 0, 0, 0])]));
        assert!(option(0x3e).is_ok());
        assert_eq!(option(0x7e), Err(Stop::Drop(DropReason::RefusedOption)));
        assert_eq!(option(0xbe), Err(Stop::Problem { code: 2, pointer: 42, multicast: true }));
        assert_eq!(option(0xfe), Err(Stop::Problem { code: 2, pointer: 42, multicast: false }));
    }

    #[test]
    fn hostile_chains_are_refused_by_reason() {
        let chain: Vec<_> = (0..9).map(|_| (DESTINATION_OPTIONS, padding())).collect();
        assert_eq!(reading(&packet(&chain)), Err(Stop::Drop(DropReason::ExtensionLimit)), "too many");
        let long = packet(&[(DESTINATION_OPTIONS, vec![200, 1, 4, 0, 0, 0, 0])]);
        assert_eq!(reading(&long), Err(Stop::Drop(DropReason::ExtensionLimit)), "too long");
        let beyond = packet(&[(DESTINATION_OPTIONS, vec![2, 1, 4, 0, 0, 0, 0])]);
        assert_eq!(reading(&beyond), Err(Stop::Drop(DropReason::Truncated)), "beyond the packet");
        let option = packet(&[(DESTINATION_OPTIONS, vec![0, 1, 9, 0, 0, 0, 0])]);
        assert_eq!(reading(&option), Err(Stop::Drop(DropReason::Malformed)), "an option beyond its header");
        let source_route = packet(&[(ROUTING, vec![0, 0, 1, 0, 0, 0, 0])]);
        assert_eq!(reading(&source_route), Err(Stop::Drop(DropReason::RefusedOption)));
        let nested = packet(&[(FRAGMENT, vec![0; 7]), (FRAGMENT, vec![0; 7])]);
        assert_eq!(reading(&nested), Err(Stop::Drop(DropReason::FragmentMalformed)));
        let late = packet(&[(DESTINATION_OPTIONS, padding()), (HOP_BY_HOP, padding())]);
        assert_eq!(reading(&late), Err(Stop::Problem { code: 1, pointer: 40, multicast: false }));
        let mut cut = packet(&[]);
        cut.truncate(43);
        assert_eq!(reading(&cut), Err(Stop::Drop(DropReason::Truncated)));
    }
}
