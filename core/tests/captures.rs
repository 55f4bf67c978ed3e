//! Captures read as a user of the crate reads them, held field by field against results that an independent program
//! computed (`captures/expected`), and against random damage. Rules and origins: `captures/PROVENANCE.md`.

#![cfg(not(target_family = "wasm"))]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use snapstack::traffic::capture::{
    Captured, Format, LineCounter, LineCounts, PayloadKind, Reader, Status, Summary, parse, pcapng,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}

/// A capture of this folder, or one that is shipped with the page.
fn capture(name: &str) -> Vec<u8> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../static/captures");
    let places = [folder().join(name), shipped.join(name)];
    let found = places.iter().find(|path| path.exists());
    fs::read(found.unwrap_or_else(|| panic!("{name} is in none of {places:?}"))).unwrap()
}

/// The lines of frames or payloads at every size.
struct Lines(Vec<LineCounter>);

impl Lines {
    fn new() -> Self {
        Lines(LineCounter::SIZES.iter().filter_map(|&size| LineCounter::new(size)).collect())
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.iter_mut().for_each(|counter| counter.add(bytes));
    }

    fn finish(self) -> Vec<(usize, LineCounts)> {
        self.0.into_iter().map(|counter| (counter.line_bytes(), counter.finish())).collect()
    }
}

/// All that the expected results tell of a capture.
struct Found {
    summary: Summary,
    kinds: BTreeMap<&'static str, u64>,
    payloads: u64,
    payload_bytes: u64,
    frame_lines: Vec<(usize, LineCounts)>,
    payload_lines: Vec<(usize, LineCounts)>,
}

fn read(file: &[u8], chunk: usize) -> Found {
    let (mut frames, mut payloads) = (Lines::new(), Lines::new());
    let (mut kinds, mut count, mut bytes) = (BTreeMap::new(), 0, 0);
    let mut each = |packet: Captured<'_>| {
        frames.add(packet.captured);
        let parsed = parse(packet.link_type, packet.captured, packet.original_len);
        *kinds.entry(parsed.kind.as_str()).or_default() += 1;
        let carries = matches!(parsed.kind, PayloadKind::Tcp | PayloadKind::Udp | PayloadKind::Fragment);
        assert_eq!(carries, !parsed.payload.is_empty());
        count += u64::from(carries);
        bytes += parsed.payload.len() as u64;
        payloads.add(parsed.payload);
    };
    let mut reader = Reader::new();
    file.chunks(chunk).for_each(|chunk| reader.push(chunk, &mut each));
    let summary = reader.finish();
    let (frame_lines, payload_lines) = (frames.finish(), payloads.finish());
    Found { summary, kinds, payloads: count, payload_bytes: bytes, frame_lines, payload_lines }
}

fn lines_json(lines: &[(usize, LineCounts)], into: &mut Map<String, Value>) {
    for (size, counts) in lines {
        let ratio = counts.dedup_ratio().map(|ratio| (ratio * 1e6).round() / 1e6);
        let value = json!({
            "total_lines": counts.total,
            "distinct_lines": counts.distinct,
            "dedup_ratio": ratio,
            "all_zero_lines": counts.all_zero,
            "padded_lines": counts.padded,
            "sha256_of_lines_in_order": counts.sha256_in_order,
            "sha256_of_sorted_distinct_lines": counts.sha256_sorted_distinct,
        });
        into.insert(size.to_string(), value);
    }
}

/// In the shape of the expected results, but for the words of the error.
fn to_json(name: &str, file: &[u8], found: &Found) -> Value {
    let summary = &found.summary;
    let interfaces: Vec<Value> = summary
        .interfaces
        .iter()
        .map(|interface| {
            let mut value = json!({
                "link_type": interface.link_type,
                "snaplen": interface.snaplen,
                "ts_resolution": interface.resolution.to_string(),
                "packets": interface.packets,
            });
            if let Some(section) = interface.section {
                value["section"] = json!(section);
            }
            value
        })
        .collect();
    let blocks: BTreeMap<_, _> =
        summary.blocks.iter().map(|(&block_type, count)| (pcapng::block_name(block_type), count)).collect();
    let time = |of: fn(&snapstack::traffic::capture::Times) -> i128| {
        summary.times.map(|times| of(&times).to_string())
    };
    let error_offset = match summary.ending.status {
        Status::Ok | Status::Empty => None,
        _ => Some(summary.ending.offset),
    };
    let mut frame = Map::new();
    lines_json(&found.frame_lines, &mut frame);
    let mut payload = Map::new();
    payload.insert("payloads".into(), found.payloads.into());
    payload.insert("bytes".into(), found.payload_bytes.into());
    payload.insert("packets_by_kind".into(), json!(found.kinds));
    lines_json(&found.payload_lines, &mut payload);
    json!({
        "name": name,
        "file_bytes": file.len(),
        "sha256": hex::encode(Sha256::digest(file)),
        "format": summary.format.map(Format::as_str),
        "status": summary.ending.status.as_str(),
        "error_offset": error_offset,
        "version": summary.version.map(|(major, minor)| format!("{major}.{minor}")),
        "endianness": summary.byte_orders.iter().map(|order| order.as_str()).collect::<Vec<_>>(),
        "ts_resolution": summary.resolutions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "interfaces": interfaces,
        "blocks": blocks,
        "comments": summary.comments,
        "packets": summary.packets,
        "bytes_captured": summary.bytes_captured,
        "bytes_on_wire": summary.bytes_on_wire,
        "packets_cut_by_snaplen": summary.packets_cut_by_snaplen,
        "packets_of_zero_bytes": summary.packets_of_zero_bytes,
        "longest_packet": summary.longest_packet,
        "link_types": summary.link_types(),
        "time_ns": {
            "first": time(|times| times.first_ns),
            "last": time(|times| times.last_ns),
            "min": time(|times| times.min_ns),
            "max": time(|times| times.max_ns),
        },
        "frame": frame,
        "payload": payload,
    })
}

#[test]
fn every_field_is_as_expected_in_chunks_of_any_size() {
    let mut held = 0;
    for entry in fs::read_dir(folder().join("expected")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut expected: Value = serde_json::from_str(&text).unwrap();
        let name = expected["name"].as_str().unwrap().to_owned();
        let error = expected.as_object_mut().unwrap().remove("error").unwrap();
        let file = capture(&name);
        for chunk in [1, 7, 4096, file.len().max(1)] {
            let found = read(&file, chunk);
            let actual = to_json(&name, &file, &found);
            for (field, value) in expected.as_object().unwrap() {
                assert_eq!(&actual[field], value, "{name} in chunks of {chunk}: {field}");
            }
            assert_eq!(actual, expected, "{name} in chunks of {chunk}");
            // The words are ours; they hold the other program's.
            let message = &found.summary.ending.message;
            assert!(message.contains(error.as_str().unwrap_or_default()), "{name}: {message}");
        }
        held += 1;
    }
    assert!(held >= 10, "only {held} expected results were found");
}

/// Every packet as it came, with what was found in it, and the summary.
fn record(chunks: &[&[u8]]) -> (Vec<String>, Summary) {
    let (mut reader, mut packets) = (Reader::new(), Vec::new());
    for chunk in chunks {
        reader.push(chunk, |packet| {
            let parsed = parse(packet.link_type, packet.captured, packet.original_len);
            assert!(parsed.payload.len() <= packet.captured.len());
            packets.push(format!("{packet:?} {parsed:?}"));
        });
    }
    (packets, reader.finish())
}

/// Cuts `file` into chunks of the sizes given, over and over.
fn cut<'a>(mut file: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    for size in sizes.iter().cycle() {
        if file.is_empty() {
            break;
        }
        let (chunk, rest) = file.split_at((*size).clamp(1, file.len()));
        chunks.push(chunk);
        file = rest;
    }
    chunks
}

fn assert_chunks_do_not_matter(file: &[u8], sizes: &[usize]) {
    let whole = record(&[file]);
    assert_eq!(whole.0.len() as u64, whole.1.packets);
    assert_eq!(record(&cut(file, sizes)), whole);
    let ending = whole.1.ending;
    assert!(ending.offset <= file.len() as u64 && ending.message.ends_with('.'), "{ending:?}");
}

/// Bytes to overwrite: place (modulo the file's length) and value. Most of them small or extreme, as the lengths and
/// types that break readers are.
fn damage() -> impl Strategy<Value = Vec<(usize, u8)>> {
    let value = prop_oneof![Just(0u8), Just(1), Just(0xff), Just(0x7f), Just(0x80), 0..16u8, any::<u8>()];
    // Half of the damage goes to the first 200 bytes, where headers are.
    prop::collection::vec((prop_oneof![0..200usize, any::<usize>()], value), 0..12)
}

/// The smaller captures, whose every byte is likely to be hit.
const VICTIMS: [&str; 5] = [
    "a09-vlan-qinq-http.pcap",
    "a11-nanosecond-big-endian.pcap",
    "a12-two-links-cut.pcapng",
    "a13-all-blocks.pcapng",
    "a14-bad-caplen.pcapng",
];

proptest! {
    #[test]
    fn damaged_captures_are_read_alike_in_any_chunks(
        victim in 0..VICTIMS.len(),
        damage in damage(),
        keep in any::<usize>(),
        sizes in prop::collection::vec(1..3000usize, 1..6),
    ) {
        let mut file = capture(VICTIMS[victim]);
        let length = file.len();
        damage.iter().for_each(|(at, value)| file[at % length] = *value);
        // In one case of two the file is cut off somewhere.
        if keep % 2 == 0 {
            file.truncate(keep / 2 % length);
        }
        assert_chunks_do_not_matter(&file, &sizes);
    }

    #[test]
    fn random_bytes_behind_a_magic_number_are_read_alike_in_any_chunks(
        magic in prop::sample::select(vec![
            &b"\xd4\xc3\xb2\xa1\x02\0\x04\0"[..], b"\xa1\xb2\x3c\x4d\0\x02\0\x03", b"\xa1\xb2\xcd\x34\0\x02\0\x04",
            b"\n\r\r\n\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\0\0\0\0\0\0\0\0\x1c\0\0\0", b"\n\r\r\n", b"",
        ]),
        bytes in prop::collection::vec(prop_oneof![3 => Just(0u8), 1 => any::<u8>()], 0..600),
        sizes in prop::collection::vec(1..40usize, 1..6),
    ) {
        assert_chunks_do_not_matter(&[magic, &bytes].concat(), &sizes);
    }

    #[test]
    fn random_frames_never_panic(
        link_type in prop::sample::select(vec![0u32, 1, 12, 101, 108, 113, 228, 229, 276, 147]),
        start in prop::sample::select(vec![
            &b""[..], b"\x45\0\0\x40\0\0\0\0\x40\x06", b"\x60\0\0\0\0\x40\x2c\x40", b"\x02\0\0\0\x46",
            b"\x08\0\x08\0\x08\0\x08\0\x08\0\x08\0\x08\0\x45\0\0\0\0\0\0\0\0\x11",
            b"\x81\0\x81\0\x81\0\x81\0\x81\0\x81\0\x81\0\0\0\x86\xdd\x60\0\0\0\0\0\x3c",
        ]),
        bytes in prop::collection::vec(any::<u8>(), 0..120),
        more in 0..50u32,
    ) {
        let frame = [start, &bytes].concat();
        let parsed = parse(link_type, &frame, frame.len() as u32 + more);
        prop_assert!(parsed.payload.len() <= frame.len());
    }
}
