//! Frames made by hand with smoltcp's wire formats, as host 2 sends them to host 1 unless said otherwise.

use std::net::IpAddr;

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, IpAddress, IpProtocol, IpRepr,
    TcpControl, TcpPacket, TcpRepr, TcpSeqNumber, TcpTimestampRepr, UdpPacket, UdpRepr,
};

/// An Ethernet frame from host `from` to host `to`.
pub(crate) fn ethernet(from: u8, to: u8, kind: EthernetProtocol, packet: &[u8]) -> Vec<u8> {
    let address = |n| EthernetAddress([2, 0, 0, 0, 0, n]);
    let repr = EthernetRepr { src_addr: address(from), dst_addr: address(to), ethertype: kind };
    let mut bytes = vec![0; 14 + packet.len()];
    repr.emit(&mut EthernetFrame::new_unchecked(&mut bytes[..]));
    bytes[14..].copy_from_slice(packet);
    bytes
}

/// An IP packet of these addresses, in a frame from host 2 to host 1.
pub(crate) fn ip(source: IpAddr, destination: IpAddr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    ip_with_hops(source, destination, protocol, payload, 64)
}

/// The same, with a hop limit.
pub(crate) fn ip_with_hops(
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    payload: &[u8],
    hops: u8,
) -> Vec<u8> {
    let (from, to) = (IpAddress::from(source), IpAddress::from(destination));
    let repr = IpRepr::new(from, to, IpProtocol::from(protocol), payload.len(), hops);
    let header = repr.header_len();
    let mut bytes = vec![0; header + payload.len()];
    repr.emit(&mut bytes[..], &ChecksumCapabilities::default());
    bytes[header..].copy_from_slice(payload);
    let kind = if source.is_ipv4() { EthernetProtocol::Ipv4 } else { EthernetProtocol::Ipv6 };
    ethernet(2, 1, kind, &bytes)
}

/// A fragment that begins at byte `offset`, a multiple of 8, of a datagram of that protocol.
pub(crate) fn fragment(
    (source, destination): (IpAddr, IpAddr),
    protocol: u8,
    ident: u16,
    (offset, more): (u16, bool),
    payload: &[u8],
) -> Vec<u8> {
    if source.is_ipv6() {
        let [high, low] = (offset | u16::from(more)).to_be_bytes();
        let [first, last] = ident.to_be_bytes();
        let header = [protocol, 0, high, low, 0, 0, first, last];
        return ip(source, destination, 44, &[&header[..], payload].concat());
    }
    let mut frame = ip(source, destination, protocol, payload);
    frame[18..20].copy_from_slice(&ident.to_be_bytes());
    frame[20..22].copy_from_slice(&((offset / 8) | (u16::from(more) << 13)).to_be_bytes());
    frame[24..26].fill(0);
    let sum = !snapstack::nic::fold(snapstack::nic::sum(&frame[14..34]));
    frame[24..26].copy_from_slice(&sum.to_be_bytes());
    frame
}

/// A TCP segment.
#[derive(Clone, Copy)]
pub(crate) struct Tcp<'a> {
    pub(crate) ports: (u16, u16),
    pub(crate) control: TcpControl,
    pub(crate) seq: u32,
    pub(crate) ack: Option<u32>,
    pub(crate) timestamp: Option<u32>,
    pub(crate) payload: &'a [u8],
}

pub(crate) fn tcp(source: IpAddr, destination: IpAddr, segment: &Tcp<'_>) -> Vec<u8> {
    let repr = TcpRepr {
        src_port: segment.ports.0,
        dst_port: segment.ports.1,
        control: segment.control,
        seq_number: TcpSeqNumber(segment.seq as i32),
        ack_number: segment.ack.map(|ack| TcpSeqNumber(ack as i32)),
        window_len: 60_000,
        window_scale: None,
        max_seg_size: None,
        sack_permitted: false,
        sack_ranges: [None; 3],
        timestamp: segment.timestamp.map(|value| TcpTimestampRepr::new(value, 0)),
        payload: segment.payload,
    };
    let mut bytes = vec![0; repr.buffer_len()];
    let (from, to) = (source.into(), destination.into());
    let all = ChecksumCapabilities::default();
    repr.emit(&mut TcpPacket::new_unchecked(&mut bytes[..]), &from, &to, &all);
    ip(source, destination, 6, &bytes)
}

pub(crate) fn udp(source: IpAddr, destination: IpAddr, ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let repr = UdpRepr { src_port: ports.0, dst_port: ports.1 };
    let mut bytes = vec![0; 8 + payload.len()];
    let emit = |body: &mut [u8]| body.copy_from_slice(payload);
    let (from, to) = (source.into(), destination.into());
    let all = ChecksumCapabilities::default();
    repr.emit(&mut UdpPacket::new_unchecked(&mut bytes[..]), &from, &to, payload.len(), emit, &all);
    ip(source, destination, 17, &bytes)
}

/// An ICMP or ICMPv6 message of bytes whose checksum, bytes 2 and 3, is filled in here.
pub(crate) fn icmp(source: IpAddr, destination: IpAddr, message: &[u8]) -> Vec<u8> {
    icmp_with_hops(source, destination, message, 64)
}

/// The same, with a hop limit.
pub(crate) fn icmp_with_hops(source: IpAddr, destination: IpAddr, message: &[u8], hops: u8) -> Vec<u8> {
    let mut bytes = message.to_vec();
    bytes[2..4].fill(0);
    let mut sum = snapstack::nic::sum(&bytes);
    let protocol = if source.is_ipv4() { 1 } else { 58 };
    if let (IpAddr::V6(source), IpAddr::V6(destination)) = (source, destination) {
        sum += snapstack::nic::sum(&source.octets()) + snapstack::nic::sum(&destination.octets());
        sum += bytes.len() as u64 + u64::from(protocol);
    }
    bytes[2..4].copy_from_slice(&(!snapstack::nic::fold(sum)).to_be_bytes());
    ip_with_hops(source, destination, protocol, &bytes, hops)
}
