//! Replaying traffic through both schemes: identical frames, honest counters, reproducible digests.

#![cfg(not(target_family = "wasm"))]

use std::sync::Arc;

use snapstack::buffers::Scheme;
use snapstack::ledger::{Count, PacketId};
use snapstack::sim::{Config, Event, Fault, Kind, Lane, Report, Retention, Stage, Tap, run_all};
use snapstack::traffic::{Traffic, TrafficError};

const DEMO: &[u8] = include_bytes!("../../static/captures/demo-web.pcap");

fn demo() -> Arc<Traffic> {
    Arc::new(Traffic::read(DEMO).unwrap())
}

fn both(config: Config) -> Report {
    run_all(&demo(), config, &Scheme::ALL, None).unwrap()
}

#[derive(Default)]
struct Frames(Vec<Vec<u8>>);

impl Tap for Frames {
    fn frame(&mut self, _packet: PacketId, frame: &[u8]) {
        self.0.push(frame.to_vec());
    }
}

fn record(scheme: Scheme, traffic: &Arc<Traffic>, config: Config) -> (Vec<Event>, Vec<Vec<u8>>) {
    let mut lane = Lane::new(scheme, traffic, config, Frames::default(), None).unwrap();
    while lane.step().unwrap() {}
    let words = lane.take_events();
    let events = words.as_chunks().0.iter().map(|words| Event::decode(words).unwrap()).collect();
    (events, lane.finish().1.0)
}

/// A capture of Ethernet frames made here, so that a test says what is in it.
fn pcap(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    for (i, frame) in frames.iter().enumerate() {
        for word in [0, i as u32, frame.len() as u32, frame.len() as u32] {
            out.extend(word.to_le_bytes());
        }
        out.extend(frame);
    }
    out
}

fn udp4(src: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
    frame.extend([0x45, 0]);
    frame.extend((28 + payload.len() as u16).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend(src.to_be_bytes());
    frame.extend(53u16.to_be_bytes());
    frame.extend((8 + payload.len() as u16).to_be_bytes());
    frame.extend([0, 0]);
    frame.extend(payload);
    frame
}

fn tcp6(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x86, 0xdd, 0x60, 0, 0, 0];
    frame.extend((20 + payload.len() as u16).to_be_bytes());
    frame.extend([6, 64]);
    frame.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    frame.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    frame.extend([0, 80, 0, 81, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 0, 99, 0, 0, 0, 0]);
    frame.extend(payload);
    frame
}

#[test]
fn both_schemes_put_identical_frames_on_the_wire() {
    let traffic = demo();
    for line_size in [16, 32, 64] {
        for retention in Retention::ALL {
            let config = Config { line_size, retention, ..Config::default() };
            let (_, sk_buff) = record(Scheme::SkBuff, &traffic, config);
            let (_, snapshot) = record(Scheme::Snapshot, &traffic, config);
            assert_eq!(sk_buff.len(), 411);
            assert!(sk_buff == snapshot, "frames differ at {line_size} bytes, {retention:?}");
        }
    }
}

#[test]
fn frames_carry_the_captured_payloads_addresses_and_ports() {
    let traffic = demo();
    let (events, frames) = record(Scheme::Snapshot, &traffic, Config::default());
    let mut on_wire = events.iter().filter_map(|event| match event.kind {
        Kind::Stage { stage: Stage::Wire, send, .. } => Some(send),
        _ => None,
    });
    for frame in &frames {
        let send = &traffic.sends[on_wire.next().unwrap() as usize];
        assert_eq!(&frame[54..], traffic.bytes(send));
        let captured = &DEMO[24..];
        let mut at = 0;
        for _ in 1..send.frame {
            let len = u32::from_le_bytes(captured[at + 8..at + 12].try_into().unwrap());
            at += 16 + len as usize;
        }
        let original = &captured[at + 16..];
        assert_eq!(frame[..14], original[..14], "Ethernet header");
        assert_eq!(frame[26..38], original[26..38], "IP addresses and ports");
    }
}

#[test]
fn corrupting_one_schemes_buffer_changes_only_its_wire_hash() {
    let traffic = demo();
    let clean = both(Config::default());
    let fault = Fault { packet: PacketId(200), offset: 700 };
    for (broken, intact) in [(Scheme::SkBuff, Scheme::Snapshot), (Scheme::Snapshot, Scheme::SkBuff)] {
        let faulty = run_all(&traffic, Config::default(), &Scheme::ALL, Some((broken, fault))).unwrap();
        let hash = |report: &Report, scheme: Scheme| report.schemes[scheme.name()].wire_sha256.clone();
        assert_ne!(hash(&faulty, broken), hash(&clean, broken));
        assert_eq!(hash(&faulty, intact), hash(&clean, intact));
    }
}

#[test]
fn the_demo_counts_are_those_of_an_independent_program() {
    // Lines of the payloads, counted by a program that shares no code with this one (tests/captures).
    for (line_size, requested, new) in [(16, 32_853, 5_615), (32, 16_626, 2_908), (64, 8_346, 1_463)] {
        let report = both(Config { line_size, ..Config::default() });
        let snapshot = &report.schemes["snapshot"];
        assert_eq!(snapshot.app_write.lines_requested, requested);
        assert_eq!(snapshot.app_write.lines_new, new);
        assert_eq!(snapshot.dedup.held, requested as f64 / new as f64);
        assert_eq!(snapshot.copies.count, 0);
        assert_eq!(snapshot.allocations.count, 0);
        let sk_buff = &report.schemes["sk_buff"];
        assert_eq!(sk_buff.copies.bytes, 522_459, "every payload byte is copied once");
        assert_eq!(sk_buff.app_write.lines_requested, 0);
        for scheme in report.schemes.values() {
            assert_eq!((scheme.app_write.count, scheme.app_write.bytes), (411, 522_459));
            let lines = scheme.lines;
            assert_eq!(lines.requested, lines.new + lines.hits + lines.zero);
        }
    }
}

#[test]
fn digests_are_the_golden_ones() {
    // Changes to these need a new model version: links made with the old one must not be called diverged.
    let golden = include_str!("golden/demo-digests.txt");
    let found: String = [16, 32, 64]
        .into_iter()
        .flat_map(|line_size| {
            Retention::ALL.map(|retention| Config { line_size, retention, ..Config::default() })
        })
        .map(|config| {
            let report = both(config);
            let digest = |scheme: &str| report.schemes[scheme].digest.clone();
            let (line, retention) = (config.line_size, config.retention.name());
            format!("{line} {retention} {} {}\n", digest("sk_buff"), digest("snapshot"))
        })
        .collect();
    assert_eq!(found, golden);
}

#[test]
fn events_add_up_to_the_ledger() {
    let traffic = demo();
    let report = both(Config::default());
    for scheme in Scheme::ALL {
        let (events, _) = record(scheme, &traffic, Config::default());
        let (mut copies, mut allocations, mut freed, mut dma) =
            (Count::default(), Count::default(), Count::default(), 0);
        for event in &events {
            match event.kind {
                Kind::Copy { bytes, .. } => copies.add(u64::from(bytes)),
                Kind::Allocate { bytes, .. } => allocations.add(u64::from(bytes)),
                Kind::Free { bytes, .. } => freed.add(u64::from(bytes)),
                Kind::Dma { bytes, .. } => dma += u64::from(bytes),
                _ => {}
            }
        }
        let result = &report.schemes[scheme.name()];
        assert_eq!((copies.count, copies.bytes), (result.copies.count, result.copies.bytes));
        assert_eq!(allocations.bytes, result.allocations.bytes);
        assert!(freed.count <= allocations.count);
        assert_eq!(dma, result.dma.bytes);
        assert!(events.windows(2).all(|pair| pair[0].time_ns <= pair[1].time_ns));
    }
}

#[test]
fn every_packet_passes_every_stage_once_and_in_order() {
    let traffic = demo();
    for scheme in Scheme::ALL {
        let (events, frames) = record(scheme, &traffic, Config::default());
        let mut stages = vec![Vec::new(); frames.len()];
        for event in &events {
            if let Kind::Stage { stage, .. } = event.kind
                && event.packet != Event::NONE
            {
                stages[event.packet as usize].push(stage);
            }
        }
        assert!(stages.iter().all(|seen| seen == &Stage::DOWN[1..]));
    }
}

#[test]
fn lanes_enter_every_stage_at_the_same_time() {
    let traffic = demo();
    let stages = |scheme| {
        let (events, _) = record(scheme, &traffic, Config::default());
        let kept = events.into_iter().filter(|event| matches!(event.kind, Kind::Stage { .. }));
        kept.collect::<Vec<_>>()
    };
    assert_eq!(stages(Scheme::SkBuff), stages(Scheme::Snapshot));
}

#[test]
fn retention_decides_what_stays_alive() {
    let held = |retention| both(Config { retention, ..Config::default() }).schemes["snapshot"].dedup.held;
    assert!(held(Retention::Keep) > 5.0);
    assert!(held(Retention::Overwrite) < held(Retention::Keep));
    assert_eq!(held(Retention::Free), 1.0, "nothing is held at the end");
    let traffic = demo();
    for scheme in Scheme::ALL {
        let (events, _) =
            record(scheme, &traffic, Config { retention: Retention::Free, ..Config::default() });
        let dead = events.iter().filter(|event| matches!(event.kind, Kind::PayloadDead { .. })).count();
        assert_eq!(dead, traffic.sends.len());
    }
}

#[test]
fn large_sends_are_cut_at_the_mss_and_large_datagrams_are_skipped() {
    let big: Vec<u8> = (0..4000u32).map(|i| (i * 7 % 251) as u8).collect();
    let mut long = udp4(9, &big[..1473]);
    let file = pcap(&[udp4(9, &big[..1472]), long.clone(), tcp6(&big), udp4(9, b""), vec![0; 60]]);
    let traffic = Arc::new(Traffic::read(&file).unwrap());
    assert_eq!(traffic.sends.len(), 2);
    assert_eq!(
        (traffic.skipped.over_mtu, traffic.skipped.no_payload, traffic.skipped.not_tcp_or_udp),
        (1, 1, 1)
    );
    for line_size in [16, 32, 64] {
        let config = Config { line_size, ..Config::default() };
        let (_, frames) = record(Scheme::Snapshot, &traffic, config);
        let (_, conventional) = record(Scheme::SkBuff, &traffic, config);
        assert!(frames == conventional);
        let lens: Vec<_> = frames.iter().map(Vec::len).collect();
        assert_eq!(lens, [42 + 1472, 74 + 1440, 74 + 1440, 74 + 1120]);
        let sent: Vec<u8> = frames[1..].iter().flat_map(|frame| frame[74..].to_vec()).collect();
        assert_eq!(sent, big);
    }
    long.truncate(14);
    assert!(matches!(Traffic::read(&pcap(&[long])), Err(TrafficError::NothingToSend { packets: 1, .. })));
}

#[test]
fn unreadable_captures_say_what_is_accepted() {
    for (bytes, word) in [(&b""[..], "zero bytes"), (b"hello, world", "magic"), (&DEMO[..14], "cut short")] {
        let error = Traffic::read(bytes).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let cut = Traffic::read(&DEMO[..300_000]).unwrap();
    assert!(cut.warning().unwrap().contains("up to an error"));
    assert!(!cut.sends.is_empty());
}
