//! A frame's headers in words, for the inspector, read from the bytes that were on the wire.

use smoltcp::wire::{
    EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, Ipv6Packet, TcpPacket, UdpPacket,
};

type Field = (String, String, String);

/// Decodes Ethernet, IP and TCP or UDP; stops quietly where the bytes end.
pub(super) fn decode(frame: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut put = |layer: &str, field: &str, value: String| {
        fields.push((layer.to_owned(), field.to_owned(), value));
    };
    let Ok(ethernet) = EthernetFrame::new_checked(frame) else { return fields };
    put("Ethernet", "from → to", format!("{} → {}", ethernet.src_addr(), ethernet.dst_addr()));
    let (protocol, transport) = match ethernet.ethertype() {
        EthernetProtocol::Ipv4 => {
            let Some(bytes) = frame.get(14..34) else { return fields };
            let ip = Ipv4Packet::new_unchecked(bytes);
            put("IPv4", "from → to", format!("{} → {}", ip.src_addr(), ip.dst_addr()));
            put("IPv4", "length, id", format!("{} B, {}", ip.total_len(), ip.ident()));
            put("IPv4", "checksum", format!("{:#06x}", ip.checksum()));
            (ip.next_header(), 34)
        }
        EthernetProtocol::Ipv6 => {
            let Some(bytes) = frame.get(14..54) else { return fields };
            let ip = Ipv6Packet::new_unchecked(bytes);
            put("IPv6", "from → to", format!("{} → {}", ip.src_addr(), ip.dst_addr()));
            put("IPv6", "payload", format!("{} B", ip.payload_len()));
            (ip.next_header(), 54)
        }
        _ => return fields,
    };
    match protocol {
        IpProtocol::Tcp => {
            let Some(bytes) = frame.get(transport..transport + 20) else { return fields };
            let tcp = TcpPacket::new_unchecked(bytes);
            put("TCP", "ports", format!("{} → {}", tcp.src_port(), tcp.dst_port()));
            put("TCP", "seq, ack", format!("{}, {}", tcp.seq_number().0 as u32, tcp.ack_number().0 as u32));
            put("TCP", "checksum", format!("{:#06x}, completed by the NIC", tcp.checksum()));
        }
        IpProtocol::Udp => {
            let Some(bytes) = frame.get(transport..transport + 8) else { return fields };
            let udp = UdpPacket::new_unchecked(bytes);
            put("UDP", "ports", format!("{} → {}", udp.src_port(), udp.dst_port()));
            put("UDP", "length", format!("{} B", udp.len()));
            put("UDP", "checksum", format!("{:#06x}, completed by the NIC", udp.checksum()));
        }
        _ => {}
    }
    fields
}
