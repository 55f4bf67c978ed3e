//! Segments as IP packets and back, through smoltcp's wire views.

use smoltcp::wire::{
    IpAddress, IpProtocol, Ipv4Address, Ipv4Packet, Ipv6Address, Ipv6Packet, TcpPacket, TcpSeqNumber,
};
use snapstack::stack::tcp::{Flags, MAX_OPTION_BYTES, Options, Outgoing, Segment};

use super::payloads::Payloads;

/// A host's address and port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) address: IpAddress,
    pub(crate) port: u16,
}

impl End {
    pub(crate) fn new(v6: bool, host: u8) -> Self {
        let address = if v6 {
            IpAddress::Ipv6(Ipv6Address::new(0xfd00, 0, 0, 0, 0, 0, 0, u16::from(host)))
        } else {
            IpAddress::Ipv4(Ipv4Address::new(10, 0, 0, host))
        };
        Self { address, port: 1000 * u16::from(host) }
    }
}

/// The packets of a send: one, or as many as the NIC would cut it into.
pub(crate) fn packets(from: End, to: End, out: &Outgoing, payloads: &Payloads) -> Vec<Vec<u8>> {
    let payload: Vec<u8> =
        out.parts.as_slice().iter().flat_map(|&chunk| payloads.bytes(chunk).iter().copied()).collect();
    assert_eq!(payload.len() as u32, out.parts.len());
    if payload.len() <= out.mss as usize {
        return vec![packet(from, to, out, out.seq, out.flags, &payload)];
    }
    let cuts = payload.chunks(out.mss as usize).enumerate();
    cuts.map(|(index, bytes)| {
        let at = index * out.mss as usize;
        let last = at + bytes.len() == payload.len();
        packet(
            from,
            to,
            out,
            out.seq.wrapping_add(at as u32),
            if last { out.flags } else { Flags::ACK },
            bytes,
        )
    })
    .collect()
}

fn packet(from: End, to: End, out: &Outgoing, seq: u32, flags: Flags, payload: &[u8]) -> Vec<u8> {
    let mut options = [0; MAX_OPTION_BYTES];
    let option_bytes = out.options.emit(&mut options);
    let header_bytes = 20 + option_bytes;
    let mut tcp_bytes = vec![0; header_bytes + payload.len()];
    tcp_bytes[20..header_bytes].copy_from_slice(&options[..option_bytes]);
    tcp_bytes[header_bytes..].copy_from_slice(payload);
    let mut tcp = TcpPacket::new_unchecked(&mut tcp_bytes[..]);
    tcp.set_src_port(from.port);
    tcp.set_dst_port(to.port);
    tcp.set_seq_number(TcpSeqNumber(seq as i32));
    tcp.set_ack_number(TcpSeqNumber(out.ack as i32));
    tcp.set_header_len(header_bytes as u8);
    tcp.set_fin(flags.has(Flags::FIN));
    tcp.set_syn(flags.has(Flags::SYN));
    tcp.set_rst(flags.has(Flags::RST));
    tcp.set_psh(flags.has(Flags::PSH));
    tcp.set_ack(flags.has(Flags::ACK));
    tcp.set_window_len(out.window);
    tcp.fill_checksum(&from.address, &to.address);
    ip_packet(from.address, to.address, &tcp_bytes)
}

fn ip_packet(from: IpAddress, to: IpAddress, payload: &[u8]) -> Vec<u8> {
    match (from, to) {
        (IpAddress::Ipv4(from), IpAddress::Ipv4(to)) => {
            let mut bytes = vec![0; 20 + payload.len()];
            bytes[20..].copy_from_slice(payload);
            let mut ip = Ipv4Packet::new_unchecked(&mut bytes[..]);
            ip.set_version(4);
            ip.set_header_len(20);
            ip.set_total_len(20 + payload.len() as u16);
            ip.set_dont_frag(true);
            ip.set_hop_limit(64);
            ip.set_next_header(IpProtocol::Tcp);
            ip.set_src_addr(from);
            ip.set_dst_addr(to);
            ip.fill_checksum();
            bytes
        }
        (IpAddress::Ipv6(from), IpAddress::Ipv6(to)) => {
            let mut bytes = vec![0; 40 + payload.len()];
            bytes[40..].copy_from_slice(payload);
            let mut ip = Ipv6Packet::new_unchecked(&mut bytes[..]);
            ip.set_version(6);
            ip.set_payload_len(payload.len() as u16);
            ip.set_hop_limit(64);
            ip.set_next_header(IpProtocol::Tcp);
            ip.set_src_addr(from);
            ip.set_dst_addr(to);
            bytes
        }
        _ => panic!("both ends speak the same IP"),
    }
}

/// The segment of a packet for `to`, its payload kept; `None` for anything damaged or misdirected.
pub(crate) fn segment(packet: &[u8], from: End, to: End, payloads: &mut Payloads) -> Option<Segment> {
    let tcp_bytes = match to.address {
        IpAddress::Ipv4(_) => {
            let ip = Ipv4Packet::new_checked(packet).ok()?;
            let good = ip.verify_checksum() && ip.next_header() == IpProtocol::Tcp;
            let here = IpAddress::Ipv4(ip.dst_addr()) == to.address
                && IpAddress::Ipv4(ip.src_addr()) == from.address;
            (good && here).then(|| ip.payload())?
        }
        IpAddress::Ipv6(_) => {
            let ip = Ipv6Packet::new_checked(packet).ok()?;
            let good = ip.version() == 6 && ip.next_header() == IpProtocol::Tcp;
            let here = IpAddress::Ipv6(ip.dst_addr()) == to.address
                && IpAddress::Ipv6(ip.src_addr()) == from.address;
            (good && here).then(|| ip.payload())?
        }
    };
    let tcp = TcpPacket::new_checked(tcp_bytes).ok()?;
    if !tcp.verify_checksum(&from.address, &to.address)
        || tcp.dst_port() != to.port
        || tcp.src_port() != from.port
    {
        return None;
    }
    let payload = tcp.payload();
    Some(Segment {
        seq: tcp.seq_number().0 as u32,
        ack: tcp.ack_number().0 as u32,
        flags: Flags::from_bits(tcp_bytes[13]),
        window: tcp.window_len(),
        options: Options::parse(tcp.options()).ok()?,
        payload: (!payload.is_empty()).then(|| payloads.add(payload)),
    })
}
