//! A frame's headers in words, for the inspector, read from the bytes that were on the wire.

use smoltcp::wire::{
    EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, Ipv6Packet, TcpPacket, UdpPacket,
};

type Field = (String, String, String);

/// The flags of TCP, from the lowest bit on (RFC 9293 section 3.1).
const FLAGS: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
/// Options of TCP by their kinds, and the bytes of each of their numbers (RFC 9293 section 3.2, RFC 7323, RFC 2018).
const OPTIONS: [(u8, &str, usize); 5] =
    [(2, "MSS", 2), (3, "window scale", 1), (4, "SACK permitted", 1), (5, "SACK", 4), (8, "timestamps", 4)];

/// Options in words; stops quietly where they end or make no sense.
fn options(mut rest: &[u8]) -> String {
    let mut all: Vec<String> = Vec::new();
    while let [kind @ 1..=255, tail @ ..] = rest {
        if *kind == 1 {
            rest = tail;
            continue;
        }
        let [len @ 2..=255, ..] = tail else { break };
        let Some((option, next)) = rest.split_at_checked(usize::from(*len)) else { break };
        rest = next;
        let known = OPTIONS.iter().find(|(known, ..)| known == kind);
        let (name, width) = known.map_or(("option", 1), |(_, name, width)| (*name, *width));
        let mut words = vec![name.to_owned()];
        words.extend(
            option[2..]
                .chunks(width)
                .map(|number| number.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte)).to_string()),
        );
        all.push(words.join(" "));
    }
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// The flags that are set.
fn flags(bits: u8) -> String {
    let set = FLAGS.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    set.map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
}

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
            let fragment = if ip.dont_frag() { "not to be fragmented" } else { "may be fragmented" };
            put("IPv4", "hops", format!("{} left, {fragment}", ip.hop_limit()));
            put("IPv4", "checksum", format!("{:#06x}", ip.checksum()));
            (ip.next_header(), 14 + usize::from(ip.header_len()))
        }
        EthernetProtocol::Ipv6 => {
            let Some(bytes) = frame.get(14..54) else { return fields };
            let ip = Ipv6Packet::new_unchecked(bytes);
            put("IPv6", "from → to", format!("{} → {}", ip.src_addr(), ip.dst_addr()));
            put("IPv6", "payload", format!("{} B", ip.payload_len()));
            put("IPv6", "hops", format!("{} left", ip.hop_limit()));
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
            put("TCP", "flags", flags(bytes[13]));
            put("TCP", "window", tcp.window_len().to_string());
            let end = transport + usize::from(tcp.header_len());
            put("TCP", "options", options(frame.get(transport + 20..end).unwrap_or_default()));
            put("TCP", "checksum", format!("{:#06x}", tcp.checksum()));
        }
        IpProtocol::Udp => {
            let Some(bytes) = frame.get(transport..transport + 8) else { return fields };
            let udp = UdpPacket::new_unchecked(bytes);
            put("UDP", "ports", format!("{} → {}", udp.src_port(), udp.dst_port()));
            put("UDP", "length", format!("{} B", udp.len()));
            put("UDP", "checksum", format!("{:#06x}", udp.checksum()));
        }
        _ => {}
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tcp_options_and_flags_are_told_and_broken_ones_end_quietly() {
        let syn = [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 1, 0, 0, 0, 0, 7, 1, 3, 3, 7];
        assert_eq!(options(&syn), "MSS 1460, SACK permitted, timestamps 256 7, window scale 7");
        assert_eq!(options(&[1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 9]), "SACK 1 9");
        assert_eq!(options(&[30, 3, 9, 0, 2, 4]), "option 9");
        for broken in [&[][..], &[0], &[2], &[2, 0], &[2, 1, 0], &[2, 9, 1], &[1, 1, 1]] {
            assert_eq!(options(broken), "none", "{broken:?}");
        }
        assert_eq!(flags(0x12), "SYN ACK");
        assert_eq!(flags(0x18), "PSH ACK");
    }

    #[test]
    fn frames_of_the_demo_are_decoded_whole_and_cut_ones_as_far_as_they_go() {
        let mut rest = &include_bytes!("../../../static/captures/demo-web.pcap")[24..];
        let mut tcp = 0;
        while let Some((head, bytes)) = rest.split_at_checked(16) {
            let len = u32::from_le_bytes(head[8..12].try_into().unwrap()) as usize;
            let (frame, next) = bytes.split_at(len);
            rest = next;
            let fields = decode(frame);
            let has = |layer: &str, field: &str| fields.iter().any(|(l, f, _)| l == layer && f == field);
            if has("TCP", "ports") {
                tcp += 1;
                let all = ["flags", "window", "options", "checksum"].iter().all(|field| has("TCP", field));
                assert!(all && (has("IPv4", "hops") || has("IPv6", "hops")), "{fields:?}");
            }
            for end in 0..len.min(100) {
                decode(&frame[..end]);
            }
        }
        assert!(tcp > 100, "{tcp}");
    }
}
