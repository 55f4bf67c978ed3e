//! Frames as smoltcp reads them: every length and every checksum of every layer.

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpPacket, ArpRepr, EthernetFrame, EthernetProtocol, Icmpv4Packet, Icmpv6Packet, IpAddress, IpProtocol,
    Ipv4Packet, Ipv6ExtHeader, Ipv6Packet, TcpPacket, TcpRepr, UdpPacket,
};
use snapstack::traffic::capture::{ETHERNET, RAW_IP};

/// Hops that neighbour discovery demands, so that nothing from behind a router passes (RFC 4861 section 7.1).
const LINK_HOPS: u8 = 255;

/// Errors with what is wrong. The payload of a fragment is not looked into: its checksum is that of the whole datagram.
pub(crate) fn verify(link_type: u16, frame: &[u8]) -> Result<(), String> {
    match link_type {
        ETHERNET => ethernet(frame),
        RAW_IP => match frame.first().map(|byte| byte >> 4) {
            Some(4) => ipv4(frame),
            Some(6) => ipv6(frame),
            version => Err(format!("IP version {version:?}")),
        },
        other => Err(format!("link type {other}")),
    }
}

/// An error of smoltcp, which says nothing, with the header that it was about.
fn named<T, E>(header: &str, result: Result<T, E>) -> Result<T, String> {
    result.map_err(|_| format!("malformed {header}"))
}

fn ensure(good: bool, problem: &str) -> Result<(), String> {
    if good { Ok(()) } else { Err(problem.to_owned()) }
}

fn ethernet(frame: &[u8]) -> Result<(), String> {
    let frame = named("Ethernet header", EthernetFrame::new_checked(frame))?;
    match frame.ethertype() {
        EthernetProtocol::Arp => {
            let packet = named("ARP message", ArpPacket::new_checked(frame.payload()))?;
            named("ARP message", ArpRepr::parse(&packet)).map(|_| ())
        }
        EthernetProtocol::Ipv4 => ipv4(frame.payload()),
        EthernetProtocol::Ipv6 => ipv6(frame.payload()),
        EthernetProtocol::Unknown(other) => Err(format!("ethertype {other:#06x}")),
    }
}

fn ipv4(packet: &[u8]) -> Result<(), String> {
    let ip = named("IPv4 header", Ipv4Packet::new_checked(packet))?;
    ensure(ip.version() == 4, "IPv4 header of another version")?;
    ensure(usize::from(ip.total_len()) == packet.len(), "IPv4 length is not that of the packet")?;
    ensure(ip.verify_checksum(), "bad IPv4 checksum")?;
    if ip.more_frags() || ip.frag_offset() > 0 {
        return Ok(());
    }
    let ends = [IpAddress::Ipv4(ip.src_addr()), IpAddress::Ipv4(ip.dst_addr())];
    match ip.next_header() {
        IpProtocol::Icmp => {
            let message = named("ICMP message", Icmpv4Packet::new_checked(ip.payload()))?;
            ensure(message.verify_checksum(), "bad ICMP checksum")
        }
        other => transport(other, ends, ip.payload()),
    }
}

fn ipv6(packet: &[u8]) -> Result<(), String> {
    let ip = named("IPv6 header", Ipv6Packet::new_checked(packet))?;
    ensure(ip.version() == 6, "IPv6 header of another version")?;
    ensure(ip.total_len() == packet.len(), "IPv6 length is not that of the packet")?;
    let (source, destination) = (ip.src_addr(), ip.dst_addr());
    let (mut protocol, mut rest) = (ip.next_header(), ip.payload());
    while matches!(protocol, IpProtocol::HopByHop | IpProtocol::Ipv6Route | IpProtocol::Ipv6Opts) {
        let header = named("IPv6 extension header", Ipv6ExtHeader::new_checked(rest))?;
        // Counted in units of 8 bytes, without the first.
        let len = 8 * (usize::from(header.header_len()) + 1);
        (protocol, rest) = (header.next_header(), rest.get(len..).unwrap_or_default());
    }
    match protocol {
        IpProtocol::Ipv6Frag => Ok(()),
        IpProtocol::Icmpv6 => {
            let message = named("ICMPv6 message", Icmpv6Packet::new_checked(rest))?;
            ensure(message.verify_checksum(&source, &destination), "bad ICMPv6 checksum")?;
            let far = message.msg_type().is_ndisc() && ip.hop_limit() != LINK_HOPS;
            ensure(!far, "neighbour message that may have passed a router")
        }
        other => transport(other, [source.into(), destination.into()], rest),
    }
}

fn transport(protocol: IpProtocol, [source, destination]: [IpAddress; 2], rest: &[u8]) -> Result<(), String> {
    match protocol {
        IpProtocol::Tcp => {
            let segment = named("TCP header", TcpPacket::new_checked(rest))?;
            ensure(segment.verify_checksum(&source, &destination), "bad TCP checksum")?;
            let all = ChecksumCapabilities::default();
            named("TCP segment", TcpRepr::parse(&segment, &source, &destination, &all)).map(|_| ())
        }
        IpProtocol::Udp => {
            let datagram = named("UDP header", UdpPacket::new_checked(rest))?;
            ensure(usize::from(datagram.len()) == rest.len(), "UDP length is not that of the packet")?;
            // Zero would mean that there is none.
            ensure(datagram.checksum() != 0, "no UDP checksum")?;
            ensure(datagram.verify_checksum(&source, &destination), "bad UDP checksum")
        }
        other => Err(format!("IP protocol {other}")),
    }
}
