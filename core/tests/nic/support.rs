//! Frames for the tests of NICs and schemes, made and checked through smoltcp's wire views.

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, IpAddress, IpProtocol, Ipv4Packet, Ipv6Packet,
    TcpControl, TcpPacket, TcpRepr, TcpSeqNumber, UdpPacket,
};
use snapstack::nic::{Checksum, IpVersion, Tso, TxOffload, fold, sum};

/// A flow between 10.0.0.1:`port` (or fd00::1) and 10.0.0.2:80 (or fd00::2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    pub(crate) ip: IpVersion,
    pub(crate) port: u16,
}

pub(crate) const V4: Flow = Flow { ip: IpVersion::V4, port: 4321 };
pub(crate) const V6: Flow = Flow { ip: IpVersion::V6, port: 4321 };

impl Flow {
    pub(crate) fn addresses(self) -> (IpAddress, IpAddress) {
        match self.ip {
            IpVersion::V4 => (IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2)),
            IpVersion::V6 => {
                (IpAddress::v6(0xfd00, 0, 0, 0, 0, 0, 0, 1), IpAddress::v6(0xfd00, 0, 0, 0, 0, 0, 0, 2))
            }
        }
    }

    fn ip_len(self) -> usize {
        match self.ip {
            IpVersion::V4 => 20,
            IpVersion::V6 => 40,
        }
    }

    pub(crate) fn header_len(self) -> usize {
        14 + self.ip_len() + 20
    }

    /// What the NIC completes in a frame that is not cut.
    pub(crate) fn checksum(self) -> TxOffload {
        TxOffload::Checksum(Checksum { start: (14 + self.ip_len()) as u16, offset: 16 })
    }

    pub(crate) fn tso(self, mss: u16) -> TxOffload {
        TxOffload::Segment(Tso { transport: (14 + self.ip_len()) as u16, mss, ip: self.ip })
    }

    /// The headers of a TCP segment in the order of the wire; the checksum field holds the pseudo-header's sum. IP length
    /// fields of a send longer than IP allows, which only TSO can bring on the wire, are 0.
    pub(crate) fn tcp(self, seq: u32, ident: u16, payload: usize) -> [Vec<u8>; 3] {
        let mut ethernet = vec![0; 14];
        let mut frame = EthernetFrame::new_unchecked(&mut ethernet[..]);
        frame.set_src_addr(EthernetAddress([2, 0, 0, 0, 0, 1]));
        frame.set_dst_addr(EthernetAddress([2, 0, 0, 0, 0, 2]));
        let mut ip = vec![0; self.ip_len()];
        let body = (20 + payload) as u16;
        let pseudo = match self.addresses() {
            (IpAddress::Ipv4(src), IpAddress::Ipv4(dst)) => {
                frame.set_ethertype(EthernetProtocol::Ipv4);
                let mut view = Ipv4Packet::new_unchecked(&mut ip[..]);
                view.set_version(4);
                view.set_header_len(20);
                view.set_total_len(u16::try_from(40 + payload).unwrap_or(0));
                view.set_ident(ident);
                view.set_dont_frag(true);
                view.set_hop_limit(64);
                view.set_next_header(IpProtocol::Tcp);
                view.set_src_addr(src);
                view.set_dst_addr(dst);
                view.fill_checksum();
                sum(&ip[12..20])
            }
            (IpAddress::Ipv6(src), IpAddress::Ipv6(dst)) => {
                frame.set_ethertype(EthernetProtocol::Ipv6);
                let mut view = Ipv6Packet::new_unchecked(&mut ip[..]);
                view.set_version(6);
                view.set_payload_len(u16::try_from(20 + payload).unwrap_or(0));
                view.set_hop_limit(64);
                view.set_next_header(IpProtocol::Tcp);
                view.set_src_addr(src);
                view.set_dst_addr(dst);
                sum(&ip[8..40])
            }
            _ => unreachable!("both ends speak the same IP"),
        };
        let mut tcp = vec![0; 20];
        let mut view = TcpPacket::new_unchecked(&mut tcp[..]);
        view.set_src_port(self.port);
        view.set_dst_port(80);
        view.set_seq_number(TcpSeqNumber(seq as i32));
        view.set_ack_number(TcpSeqNumber(77));
        view.set_header_len(20);
        view.set_ack(true);
        view.set_psh(true);
        view.set_fin(true);
        view.set_window_len(1000);
        view.set_checksum(fold(pseudo + 6 + u64::from(body)));
        [ethernet, ip, tcp]
    }

    /// A whole TCP frame with valid checksums, as a peer would send it.
    pub(crate) fn frame(self, seq: u32, payload: &[u8]) -> Vec<u8> {
        let mut frame = self.tcp(seq, 1, payload.len()).concat();
        frame.extend_from_slice(payload);
        let TxOffload::Checksum(checksum) = self.checksum() else { unreachable!() };
        snapstack::nic::insert(&mut frame, checksum);
        frame
    }
}

/// A frame as smoltcp reads it, every checksum verified.
pub(crate) struct Seen {
    pub(crate) seq: u32,
    pub(crate) ident: Option<u16>,
    pub(crate) control: TcpControl,
    pub(crate) payload: Vec<u8>,
}

/// Reads a TCP frame; fails on anything that is malformed or does not verify.
pub(crate) fn read_tcp(frame: &[u8]) -> Seen {
    let ethernet = EthernetFrame::new_checked(frame).unwrap();
    let (src, dst, ident, body) = match ethernet.ethertype() {
        EthernetProtocol::Ipv4 => {
            let ip = Ipv4Packet::new_checked(ethernet.payload()).unwrap();
            assert!(ip.verify_checksum(), "IPv4 header checksum");
            assert_eq!(usize::from(ip.total_len()), frame.len() - 14);
            (ip.src_addr().into(), ip.dst_addr().into(), Some(ip.ident()), ip.payload().to_vec())
        }
        _ => {
            let ip = Ipv6Packet::new_checked(ethernet.payload()).unwrap();
            assert_eq!(usize::from(ip.payload_len()), frame.len() - 54);
            (IpAddress::from(ip.src_addr()), IpAddress::from(ip.dst_addr()), None, ip.payload().to_vec())
        }
    };
    let packet = TcpPacket::new_checked(&body[..]).unwrap();
    let repr = TcpRepr::parse(&packet, &src, &dst, &ChecksumCapabilities::default()).unwrap();
    let seq = packet.seq_number().0 as u32;
    Seen { seq, ident, control: repr.control, payload: repr.payload.to_vec() }
}

/// A UDP datagram over IPv4 in a frame of its own.
pub(crate) fn udp4(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = V4.tcp(0, 1, 0).concat();
    frame.truncate(34);
    let mut udp = vec![0; 8 + payload.len()];
    udp[8..].copy_from_slice(payload);
    let mut view = UdpPacket::new_unchecked(&mut udp[..]);
    view.set_src_port(port);
    view.set_dst_port(53);
    view.set_len((8 + payload.len()) as u16);
    let (src, dst) = V4.addresses();
    view.fill_checksum(&src, &dst);
    let mut ip = Ipv4Packet::new_unchecked(&mut frame[14..]);
    ip.set_total_len((28 + payload.len()) as u16);
    ip.set_next_header(IpProtocol::Udp);
    ip.fill_checksum();
    frame.extend(udp);
    frame
}

/// Bytes without repetition at any line size.
pub(crate) fn noise(len: usize, seed: u64) -> Vec<u8> {
    (0..len as u64).map(|i| snapstack::random::mix(seed << 32 | i) as u8).collect()
}
