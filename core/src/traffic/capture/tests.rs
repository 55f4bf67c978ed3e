//! Tests of the reading rules, on files built by hand.

use super::*;

/// A pcap file header, little-endian.
fn pcap(magic: u32, major: u16, minor: u16, link_type: u32) -> Vec<u8> {
    let mut file = magic.to_le_bytes().to_vec();
    file.extend(major.to_le_bytes());
    file.extend(minor.to_le_bytes());
    for word in [0, 0, 65535, link_type] {
        file.extend(word.to_le_bytes());
    }
    file
}

fn record(words: [u32; 4], data: &[u8]) -> Vec<u8> {
    let mut record: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    record.extend(data);
    record
}

/// A pcapng block, little-endian, padded.
fn block(block_type: u32, body: &[u8]) -> Vec<u8> {
    let length = (body.len().next_multiple_of(4) + 12) as u32;
    let mut block = block_type.to_le_bytes().to_vec();
    block.extend(length.to_le_bytes());
    block.extend(body);
    block.resize(length as usize - 4, 0);
    block.extend(length.to_le_bytes());
    block
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn section() -> Vec<u8> {
    block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]))
}

/// An interface description; options as given.
fn interface(link_type: u32, snaplen: u32, options: &[u8]) -> Vec<u8> {
    block(1, &[words(&[link_type, snaplen]), options.to_vec()].concat())
}

fn enhanced(id: u32, time: u64, length: u32, data: &[u8]) -> Vec<u8> {
    let fixed = words(&[id, (time >> 32) as u32, time as u32, length, length]);
    block(6, &[fixed, data.to_vec()].concat())
}

/// Every packet as (time, captured bytes, original length), and the summary.
/// A packet as a test looks at it: time, captured bytes, length on the wire.
type Packet = (Option<i128>, Vec<u8>, u32);

fn read(file: &[u8]) -> (Vec<Packet>, Summary) {
    let (mut reader, mut packets) = (Reader::new(), Vec::new());
    reader.push(file, |packet| packets.push((packet.time_ns, packet.captured.to_vec(), packet.original_len)));
    (packets, reader.finish())
}

#[track_caller]
fn assert_ending(file: &[u8], status: Status, offset: usize) {
    let ending = read(file).1.ending;
    assert_eq!((ending.status, ending.offset), (status, offset as u64), "{}", ending.message);
}

#[test]
fn files_without_a_magic_number_are_unknown() {
    assert_ending(b"", Status::Empty, 0);
    assert_ending(b"\xd4\xc3\xb2", Status::Unknown, 0);
    assert_ending(b"GIF89a", Status::Unknown, 0);
    assert_ending(b"\xd4\xc3\xb2\xa1", Status::Truncated, 0);
    assert_ending(b"\x0a\x0d\x0d\x0a", Status::Truncated, 0);
}

#[test]
fn modified_pcap_has_longer_record_headers() {
    let file = [pcap(0xa1b2_cd34, 2, 4, 1), record([1, 2, 3, 9], &[0; 8]), b"abc".to_vec()].concat();
    let (packets, summary) = read(&file);
    assert_eq!(packets, [(Some(1_000_002_000), b"abc".to_vec(), 9)]);
    assert_eq!(summary.ending.status, Status::Ok);
}

#[test]
fn old_pcap_versions_swap_the_two_lengths() {
    for (version, first, second) in
        [((2, 4), 3, 9), ((2, 2), 9, 3), ((543, 0), 9, 3), ((2, 3), 9, 3), ((2, 3), 3, 9)]
    {
        let file =
            [pcap(0xa1b2_c3d4, version.0, version.1, 1), record([0, 0, first, second], b"abc")].concat();
        assert_eq!(read(&file).0, [(Some(0), b"abc".to_vec(), 9)], "version {version:?}");
    }
    for (major, minor) in [(1, 4), (3, 0), (543, 1), (0, 0)] {
        assert_ending(&pcap(0xa1b2_c3d4, major, minor, 1), Status::Malformed, 0);
    }
}

#[test]
fn captured_length_may_exceed_the_original_but_not_the_limit() {
    let long = [pcap(0xa1b2_3c4d, 2, 4, 1), record([1, 2, 5, 3], b"abcde")].concat();
    assert_eq!(read(&long).0, [(Some(1_000_000_002), b"abcde".to_vec(), 3)]);
    let limits =
        [(1, 262_144), (231, 134_217_728), (249, 134_217_728), (279, 8_388_608), (0x1234_0001, 262_144)];
    for (link_type, limit) in limits {
        let header = pcap(0xa1b2_c3d4, 2, 4, link_type);
        let at = |length| [header.clone(), record([0, 0, length, length], b"few")].concat();
        assert_ending(&at(limit), Status::Truncated, 24);
        assert_ending(&at(limit + 1), Status::Malformed, 24);
    }
}

#[test]
fn a_packet_cut_short_by_the_file_does_not_count() {
    let file =
        [pcap(0xa1b2_c3d4, 2, 4, 1), record([0, 0, 3, 3], b"abc"), record([0, 0, 3, 3], b"ab")].concat();
    let (packets, summary) = read(&file);
    assert_eq!((packets.len(), summary.packets, summary.bytes_captured), (1, 1, 3));
    assert_eq!((summary.ending.status, summary.ending.offset), (Status::Truncated, 43));
}

#[test]
fn a_huge_claim_allocates_nothing() {
    let mut reader = Reader::new();
    let file = [pcap(0xa1b2_c3d4, 2, 4, 231), record([0, 0, 134_217_728, 134_217_728], b"few")].concat();
    reader.push(&file, |_| {});
    assert!(reader.buffer.capacity() < 4096);
}

#[test]
fn the_buffer_never_outgrows_one_record() {
    let one = record([0, 0, 100, 100], &[5; 100]);
    let file = [pcap(0xa1b2_c3d4, 2, 4, 1), one.repeat(50)].concat();
    let mut reader = Reader::new();
    for chunk in file.chunks(333) {
        reader.push(chunk, |_| {});
        assert!(reader.buffer.len() < one.len());
    }
    assert_eq!(reader.finish().packets, 50);
}

#[test]
fn block_lengths_are_judged_before_the_end_of_the_file() {
    let start = section().len();
    for length in [0, 8, 13, (16 << 20) + 4, 0xffff_fffc] {
        assert_ending(&[section(), words(&[99, length, 0])].concat(), Status::Malformed, start);
    }
    for (block_type, least) in [(1, 20), (2, 32), (3, 16), (6, 32), (0x0a0d_0d0a, 28), (99, 12)] {
        let claim = |length| [section(), words(&[block_type, length, 0x1a2b_3c4d])].concat();
        assert_ending(&claim(least - 4), Status::Malformed, start);
        if least > 12 {
            assert_ending(&claim(least), Status::Truncated, start);
        }
    }
    assert_ending(&[section(), words(&[99, 16 << 20, 0])].concat(), Status::Truncated, start);
    assert_ending(&[section(), words(&[99, 4])].concat(), Status::Truncated, start);
    assert_ending(&[section(), words(&[99, 12, 12])].concat(), Status::Ok, start + 12);
    assert_ending(&[section(), words(&[99, 12, 16])].concat(), Status::Malformed, start);
}

#[test]
fn sections_need_a_byte_order_and_a_known_version() {
    assert_ending(&block(0x0a0d_0d0a, &words(&[0x1a2b_3c4e, 1, 0, 0])), Status::Malformed, 0);
    for (version, status) in [
        (0x0000_0001, Status::Ok),
        (0x0002_0001, Status::Ok),
        (0x0001_0001, Status::Malformed),
        (2, Status::Malformed),
    ] {
        let file = block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, version, 0, 0]));
        assert_ending(&file, status, if status == Status::Ok { 28 } else { 0 });
    }
}

#[test]
fn each_section_numbers_its_own_interfaces() {
    let packet = enhanced(0, 5, 3, b"abc");
    let file = [section(), interface(1, 0, &[]), interface(101, 0, &[]), section(), packet.clone()].concat();
    assert_ending(&file, Status::Malformed, file.len() - packet.len());
    let file = [section(), interface(1, 0, &[]), section(), interface(101, 0, &[]), packet].concat();
    let mut seen = Vec::new();
    let mut reader = Reader::new();
    reader.push(&file, |packet| seen.push((packet.number, packet.interface, packet.link_type)));
    assert_eq!(seen, [(1, 1, 101)]);
    let summary = reader.finish();
    assert_eq!(summary.interfaces[1].section, Some(1));
    assert_eq!(summary.link_types().into_iter().collect::<Vec<_>>(), [(101, 1)]);
}

#[test]
fn simple_packets_take_the_snaplen_of_interface_zero() {
    let simple = |original: u32, data: &[u8]| block(3, &[words(&[original]), data.to_vec()].concat());
    let file = |snaplen, block: Vec<u8>| [section(), interface(1, snaplen, &[]), block].concat();
    assert_eq!(read(&file(3, simple(9, b"abc"))).0, [(None, b"abc".to_vec(), 9)]);
    assert_eq!(read(&file(0, simple(3, b"abc"))).0, [(None, b"abc".to_vec(), 3)]);
    assert_ending(&file(0, simple(9, b"abc")), Status::Malformed, 48);
    assert_ending(&[section(), simple(3, b"abc")].concat(), Status::Malformed, 28);
    assert_eq!(read(&file(0, simple(3, b"abc"))).1.times, None);
}

#[test]
fn obsolete_packets_are_read() {
    let body = [words(&[0x0007_0000, 0, 5, 3, 9]), b"abc".to_vec()].concat();
    let file = [section(), interface(1, 0, &[]), block(2, &body)].concat();
    assert_eq!(read(&file).0, [(Some(5000), b"abc".to_vec(), 9)]);
}

#[test]
fn captured_length_must_fit_its_block_and_the_limit() {
    let start = [section(), interface(1, 0, &[])].concat();
    let at = |length: u32, data: &[u8]| [start.clone(), enhanced(0, 0, length, data)].concat();
    assert_ending(&at(4, b"abcd"), Status::Ok, 48 + 36);
    assert_ending(&at(5, b"abcd"), Status::Malformed, 48);
    assert_ending(&at(u32::MAX, b"abcd"), Status::Malformed, 48);
    assert_ending(&at(262_144, &[0; 262_144]), Status::Ok, 48 + 32 + 262_144);
    assert_ending(&at(262_145, &[0; 262_148]), Status::Malformed, 48);
}

#[test]
fn options_give_resolution_offset_and_comments() {
    let options = [
        words(&[0x0001_0009, 3, 0x0008_000e]),
        (-2i64).to_le_bytes().to_vec(),
        words(&[0x0001_0001, 0x21, 0]),
    ];
    let file = [section(), interface(1, 0, &options.concat()), enhanced(0, 2500, 1, b"a")].concat();
    let (packets, summary) = read(&file);
    assert_eq!(packets[0].0, Some(500_000_000));
    assert_eq!((summary.comments, summary.interfaces[0].resolution), (1, Resolution::Decimal(3)));
    assert_eq!(summary.resolutions, [Resolution::Decimal(3)]);
    // A comment after the mark that ends the options, and one that runs past its block, are passed over.
    for bad in [words(&[0, 0x0001_0001, 0x21]), words(&[0x00ff_0001, 0x21])] {
        let (_, summary) = read(&[section(), interface(1, 0, &bad)].concat());
        assert_eq!((summary.comments, summary.ending.status), (0, Status::Ok));
    }
}

#[test]
fn big_endian_offsets_are_big_endian() {
    let mut file = Vec::new();
    let word = |file: &mut Vec<u8>, words: &[u32]| words.iter().for_each(|w| file.extend(w.to_be_bytes()));
    word(&mut file, &[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 0x0001_0000, u32::MAX, u32::MAX, 28]);
    word(&mut file, &[1, 36, 0x0001_0000, 0, 0x000e_0008, 0, 7, 0, 36]);
    word(&mut file, &[6, 36, 0, 0, 5, 1, 1, 0x6100_0000, 36]);
    assert_eq!(read(&file).0, [(Some(7_000_005_000), b"a".to_vec(), 1)]);
}

#[test]
fn times_are_rounded_down_in_every_resolution() {
    let cases = [
        (6, u64::MAX, 18_446_744_073_709_551_615_000),
        (9, 12, 12),
        (0, u64::MAX, 18_446_744_073_709_551_615_000_000_000),
        (10, 19, 1),
        (38, u64::MAX, 0),
        (39, u64::MAX, 0),
        (127, u64::MAX, 0),
        (0x80, 3, 3_000_000_000),
        (0x81, 3, 1_500_000_000),
        (0x80 | 32, (1 << 32) + 1, 1_000_000_000),
        (0x80 | 64, u64::MAX, 999_999_999),
        (0xff, u64::MAX, 0),
    ];
    for (option, ticks, expected) in cases {
        assert_eq!(Resolution::from_option(option).nanoseconds(ticks), expected, "if_tsresol {option:#x}");
    }
    let early = Interface {
        link_type: 1,
        snaplen: 0,
        resolution: Resolution::Decimal(10),
        time_offset_s: i64::MIN,
        section: None,
        packets: 0,
    };
    assert_eq!(early.time_ns(1), i128::from(i64::MIN) * 1_000_000_000);
}

#[test]
fn nothing_after_the_first_error_counts() {
    let file = [section(), words(&[99, 0, 0]), section(), interface(1, 0, &[])].concat();
    let mut reader = Reader::new();
    for byte in &file {
        reader.push(&[*byte], |_| {});
    }
    assert!(reader.has_ended());
    let summary = reader.finish();
    assert_eq!((summary.sections, summary.interfaces.len(), summary.ending.offset), (1, 0, 28));
}

#[test]
fn block_names_are_the_drafts() {
    assert_eq!(pcapng::block_name(0x0a0d_0d0a), "SHB");
    assert_eq!(pcapng::block_name(0x4000_0bad), "CB-nocopy");
    assert_eq!(pcapng::block_name(77), "0x0000004d");
}
