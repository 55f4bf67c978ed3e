//! Tests of the payload rules, on frames built by hand.

use super::*;

const SRC: [u8; 4] = [10, 0, 0, 1];
const DST: [u8; 4] = [10, 0, 0, 2];

/// An IPv4 packet; `total` is the length field, `flags` the fragment field.
fn ipv4_with(total: u16, flags: u16, protocol: u8, data: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend(total.to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(flags.to_be_bytes());
    packet.extend([64, protocol, 0, 0]);
    packet.extend(SRC);
    packet.extend(DST);
    packet.extend(data);
    packet
}

fn ipv4(protocol: u8, data: &[u8]) -> Vec<u8> {
    ipv4_with(20 + data.len() as u16, 0, protocol, data)
}

/// An IPv6 packet; `length` is the length field.
fn ipv6(length: u16, next: u8, data: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([next, 64]);
    packet.extend([0xfd; 16]);
    packet.extend([0xfe; 16]);
    packet.extend(data);
    packet
}

fn udp(length: u16, data: &[u8]) -> Vec<u8> {
    let mut segment = vec![0, 53, 0, 99];
    segment.extend(length.to_be_bytes());
    segment.extend([0, 0]);
    segment.extend(data);
    segment
}

/// A TCP segment with a header of `words` words by its own field and 20 bytes in truth.
fn tcp(words: u8, data: &[u8]) -> Vec<u8> {
    let mut segment = vec![0, 80, 1, 0, 0, 0, 0, 5, 0, 0, 0, 6, words << 4, 0x18, 0, 7, 0, 0, 0, 0];
    segment.extend(data);
    segment
}

/// Parses raw IP, captured whole.
fn raw(packet: &[u8]) -> Parsed<'_> {
    parse(101, packet, packet.len() as u32)
}

#[test]
fn tcp_payload_follows_the_options() {
    let packet = ipv4(6, &tcp(6, b"optsdata"));
    let parsed = raw(&packet);
    assert_eq!(
        (parsed.kind, parsed.payload, parsed.ports),
        (PayloadKind::Tcp, &b"data"[..], Some((80, 256)))
    );
    assert_eq!(parsed.transport, Some(Transport::Tcp { seq: 5, ack: 6, flags: 0x18, window: 7 }));
    let ip = parsed.ip.unwrap();
    assert_eq!((ip.src, ip.dst), (IpAddr::from(SRC), IpAddr::from(DST)));
    assert_eq!((ip.fragment, ip.cut, ip.protocol), (Fragment::None, false, 6));
}

#[test]
fn segments_without_data_are_empty() {
    assert_eq!(raw(&ipv4(6, &tcp(5, b""))).kind, PayloadKind::TcpEmpty);
    assert_eq!(raw(&ipv4(17, &udp(8, b""))).kind, PayloadKind::UdpEmpty);
    assert_eq!(raw(&ipv4_with(20, 1, 1, b"")).kind, PayloadKind::FragmentEmpty);
}

#[test]
fn ip_length_cuts_off_link_padding() {
    let mut packet = ipv4(6, &tcp(5, b"data"));
    packet.extend([0; 6]);
    assert_eq!(raw(&packet).payload, b"data");
    let mut packet = ipv6(24, 6, &tcp(5, b"data"));
    packet.extend([0; 6]);
    assert_eq!(raw(&packet).payload, b"data");
}

#[test]
fn ip_length_zero_stands_for_all_that_was_captured() {
    let packet = ipv4_with(0, 0, 6, &tcp(5, b"offloaded"));
    let (whole, cut) = (raw(&packet), parse(101, &packet, 5000));
    assert_eq!((whole.payload, whole.ip.unwrap().cut), (&b"offloaded"[..], false));
    assert_eq!((cut.payload, cut.ip.unwrap().cut), (&b"offloaded"[..], true));
    assert_eq!(raw(&ipv6(0, 6, &tcp(5, b"offloaded"))).payload, b"offloaded");
}

#[test]
fn udp_length_cuts_the_payload() {
    let packet = ipv4(17, &udp(11, b"abcdef"));
    assert_eq!(raw(&packet).payload, b"abc");
    assert_eq!(raw(&ipv4(17, &udp(0, b"abcdef"))).payload, b"abcdef");
    assert_eq!(raw(&ipv4(17, &udp(500, b"abcdef"))).payload, b"abcdef");
    for length in 1..8 {
        let packet = ipv4(17, &udp(length, b"abcdef"));
        let parsed = raw(&packet);
        assert_eq!((parsed.kind, parsed.payload), (PayloadKind::Malformed, &b""[..]));
    }
}

#[test]
fn snaplen_leaves_the_captured_part() {
    let packet = ipv4(17, &udp(8 + 400, &[9; 400]));
    let parsed = parse(101, &packet[..60], packet.len() as u32);
    assert_eq!((parsed.kind, parsed.payload), (PayloadKind::Udp, &[9; 32][..]));
    assert!(parsed.ip.unwrap().cut);
    assert_eq!(parse(101, &packet[..28], packet.len() as u32).kind, PayloadKind::UdpEmpty);
    for short in 1..28 {
        let parsed = parse(101, &packet[..short], packet.len() as u32);
        assert_eq!((parsed.kind, parsed.payload), (PayloadKind::HeadersCut, &b""[..]), "{short} bytes");
    }
}

#[test]
fn bytes_missing_behind_the_udp_length_do_not_make_a_packet_cut() {
    let packet = ipv4_with(20 + 8 + 20, 0, 17, &udp(8 + 3, b"abc"));
    let parsed = parse(101, &packet, 48);
    assert_eq!((parsed.payload, parsed.ip.unwrap().cut), (&b"abc"[..], false));
}

#[test]
fn header_lengths_that_cannot_be_give_no_payload() {
    for bad in [
        ipv4(6, &tcp(4, b"data")),
        ipv4(6, &tcp(15, b"data")),
        ipv4_with(19, 0, 6, &tcp(5, b"data")),
        [&[0x44], &ipv4(6, &tcp(5, b"data"))[1..]].concat(),
        ipv4(6, &tcp(5, b"")[..12]),
        ipv4(17, &[0, 1]),
        ipv6(8, 60, &[6, 1, 0, 0, 0, 0, 0, 0]),
    ] {
        let parsed = raw(&bad);
        assert_eq!((parsed.kind, parsed.payload), (PayloadKind::Malformed, &b""[..]), "{bad:x?}");
    }
}

#[test]
fn first_fragment_has_a_transport_header_and_later_ones_do_not() {
    let first = ipv4_with(20 + 8 + 16, 0x2000, 17, &udp(8 + 3000, &[1; 16]));
    let parsed = raw(&first);
    assert_eq!((parsed.kind, parsed.payload, parsed.ports), (PayloadKind::Udp, &[1; 16][..], Some((53, 99))));
    assert_eq!((parsed.ip.unwrap().fragment, parsed.ip.unwrap().cut), (Fragment::First, false));
    for protocol in [6, 17, 1, 132] {
        let later = ipv4_with(20 + 12, 0x2002, protocol, &[2; 12]);
        let parsed = raw(&later);
        assert_eq!((parsed.kind, parsed.payload, parsed.ports), (PayloadKind::Fragment, &[2; 12][..], None));
        assert_eq!(parsed.ip.unwrap().fragment, Fragment::Later);
    }
    assert_eq!(raw(&ipv4_with(32, 0x2000, 132, &[3; 12])).kind, PayloadKind::Other);
}

#[test]
fn ipv6_extension_headers_are_skipped() {
    let segment = udp(8 + 4, b"data");
    let plain = |number: u8| [&[17, 1][..], &[number; 14]].concat();
    for number in [0, 43, 60, 135, 139, 140] {
        let data = [plain(number), segment.clone()].concat();
        assert_eq!(raw(&ipv6(data.len() as u16, number, &data)).payload, b"data", "header {number}");
    }
    let authentication = [&[17, 4][..], &[0; 22], &segment].concat();
    assert_eq!(raw(&ipv6(authentication.len() as u16, 51, &authentication)).payload, b"data");
    assert_eq!(raw(&ipv4(51, &authentication)).kind, PayloadKind::Other);
    assert_eq!(raw(&ipv6(8, 59, &[0; 8])).kind, PayloadKind::Other);
}

#[test]
fn ipv6_fragment_header_tells_first_from_later() {
    let cases = [(0u16, Fragment::None), (1, Fragment::First), (9, Fragment::Later), (8, Fragment::Later)];
    for (field, fragment) in cases {
        let mut data = vec![17, 0];
        data.extend(field.to_be_bytes());
        data.extend([0; 4]);
        data.extend(udp(8 + 4, b"data"));
        let packet = ipv6(data.len() as u16, 44, &data);
        let parsed = raw(&packet);
        assert_eq!(parsed.ip.unwrap().fragment, fragment);
        let payload = if fragment == Fragment::Later { &data[8..] } else { b"data" };
        assert_eq!(parsed.payload, payload);
    }
}

#[test]
fn every_link_type_finds_its_packet() {
    let packet = ipv4(17, &udp(12, b"data"));
    let ethernet = [&[1; 6][..], &[2; 6]].concat();
    let frames = [
        (1, [&ethernet[..], &[8, 0]].concat()),
        (1, [&ethernet[..], &[0x81, 0, 0, 1, 0x88, 0xa8, 0, 2, 0x91, 0, 0, 3, 0x92, 0, 0, 4, 8, 0]].concat()),
        (0, vec![2, 0, 0, 0]),
        (0, vec![0, 0, 0, 2]),
        (108, vec![0, 0, 0, 2]),
        (12, vec![]),
        (14, vec![]),
        (101, vec![]),
        (228, vec![]),
        (113, [&[0; 14][..], &[8, 0]].concat()),
        (113, [&[0; 14][..], &[0x81, 0, 0, 1, 8, 0]].concat()),
        (276, [&[8, 0][..], &[0; 18]].concat()),
        (276, [&[0x81, 0][..], &[0; 18], &[0, 1, 8, 0]].concat()),
    ];
    for (link_type, header) in frames {
        let frame = [header, packet.clone()].concat();
        let parsed = parse(link_type, &frame, frame.len() as u32);
        assert_eq!(parsed.payload, b"data", "link type {link_type}");
        let addresses = (link_type == 1).then_some(LinkAddresses { dst: [1; 6], src: [2; 6] });
        assert_eq!(parsed.link, addresses);
    }
    for family in [10, 23, 24, 28, 30] {
        let packet = ipv6(12, 17, &udp(12, b"data"));
        for (link_type, header) in [(0, [family, 0, 0, 0]), (0, [0, 0, 0, family]), (108, [0, 0, 0, family])]
        {
            let frame = [&header[..], &packet].concat();
            assert_eq!(parse(link_type, &frame, frame.len() as u32).payload, b"data", "family {family}");
        }
    }
}

#[test]
fn frames_that_are_not_opened_are_other() {
    let packet = ipv4(17, &udp(12, b"data"));
    for (link_type, frame) in [
        (147, packet.clone()),
        (1, vec![0; 13]),
        (1, [&[0; 12][..], &[8, 6], &packet].concat()),
        (1, [&[0; 12][..], &[0, 40], &packet].concat()),
        (1, [&[0; 12][..], &[0x81, 0, 0, 1]].concat()),
        (0, [&[7, 0, 0, 0][..], &packet].concat()),
        (108, [&[2, 0, 0, 0][..], &packet].concat()),
        (101, vec![0x50; 40]),
        (101, vec![]),
        (101, ipv4(4, &packet)),
        (101, ipv4(47, &packet)),
    ] {
        let parsed = parse(link_type, &frame, frame.len() as u32);
        assert_eq!((parsed.kind, parsed.payload), (PayloadKind::Other, &b""[..]), "{link_type} {frame:x?}");
    }
}
