//! Replaying traffic through both schemes: identical frames, honest counters, reproducible digests.

#![cfg(not(target_family = "wasm"))]

#[path = "common/frames.rs"]
mod frames;

use std::sync::Arc;

use snapstack::buffers::Scheme;
use snapstack::ledger::Count;
use snapstack::random::mix;
use snapstack::sim::{
    Change, Config, ConfigError, DropPlace, Event, FaultKind, Kind, Lane, Receive, Report, Retention,
    RunError, Setup, Stage, Tap, run,
};
use snapstack::traffic::capture::ETHERNET;
use snapstack::traffic::{Traffic, TrafficError};

const DEMO: &[u8] = include_bytes!("../../static/captures/demo-web.pcap");

fn demo() -> Arc<Traffic> {
    Arc::new(Traffic::read(DEMO).unwrap())
}

fn both(config: Config) -> Report {
    report(&Setup::new(config, Some(demo())))
}

/// Both schemes' report; the frames are recorded in a run of their own.
fn report(setup: &Setup) -> Report {
    let report = run(setup, &Scheme::ALL).unwrap();
    for scheme in Scheme::ALL {
        let mut lane = Lane::new(scheme, setup, Recorded).unwrap();
        while lane.step_many(1000) {
            lane.discard_events();
        }
        lane.discard_events();
        assert_eq!(lane.digest(), report.schemes[scheme.name()].digest);
    }
    report
}

/// Records the frames of a run.
#[derive(Clone)]
struct Recorded;

impl Tap for Recorded {
    fn frame(&mut self, time_ns: u64, _from_peer: bool, _packet: u32, frame: &[u8]) {
        frames::record(ETHERNET, time_ns, frame);
    }
}

/// The frames that the shown host sent, and those that arrived.
#[derive(Clone, Default, PartialEq)]
struct Frames {
    sent: Vec<Vec<u8>>,
    arrived: Vec<Vec<u8>>,
}

impl Tap for Frames {
    fn frame(&mut self, time_ns: u64, from_peer: bool, _packet: u32, frame: &[u8]) {
        frames::record(ETHERNET, time_ns, frame);
        if !from_peer {
            self.sent.push(frame.to_vec());
        }
    }

    fn arrival(&mut self, _time_ns: u64, _packet: u32, frame: &[u8]) {
        self.arrived.push(frame.to_vec());
    }
}

fn record(scheme: Scheme, setup: &Setup) -> (Vec<Event>, Frames) {
    let mut lane = Lane::new(scheme, setup, Frames::default()).unwrap();
    while lane.step() {}
    let words = lane.take_events();
    let events = words.as_chunks().0.iter().map(|words| Event::decode(words).unwrap()).collect();
    (events, lane.tap().clone())
}

fn recorded(scheme: Scheme, config: Config) -> (Vec<Event>, Frames) {
    record(scheme, &Setup::new(config, Some(demo())))
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
    for line_size in [16, 32, 64] {
        for retention in Retention::ALL {
            for header_split in [false, true] {
                let config = Config { line_size, retention, header_split, ..Config::for_capture() };
                let (_, sk_buff) = recorded(Scheme::SkBuff, config);
                let (_, snapshot) = recorded(Scheme::Snapshot, config);
                assert_eq!((sk_buff.sent.len(), sk_buff.arrived.len()), (389, 22));
                assert!(sk_buff == snapshot, "frames differ at {line_size} bytes, {retention:?}");
            }
        }
    }
}

#[test]
fn the_host_that_sends_most_is_shown_and_the_others_frames_arrive() {
    let traffic = demo();
    let bytes = |arrives: bool| -> usize {
        traffic.sends.iter().filter(|send| send.arrives == arrives).map(|send| send.range.len()).sum()
    };
    assert!(bytes(false) > bytes(true) && bytes(true) > 0);
    let report = both(Config::for_capture());
    let capture = report.capture.as_ref().unwrap();
    assert_eq!((capture.sends, capture.arrivals), (389, 22));
    for scheme in report.schemes.values() {
        assert_eq!(scheme.receipt.bytes, bytes(true) as u64, "all that arrived was received");
        assert_eq!(scheme.receipt.frames, 22);
        assert!(scheme.receipt.nic_drops.is_empty() && scheme.receipt.stack_drops.is_empty());
    }
}

#[test]
fn frames_carry_the_captured_payloads_addresses_and_ports() {
    let traffic = demo();
    let (events, frames) = recorded(Scheme::Snapshot, Config::for_capture());
    let on_wire: Vec<u32> = events
        .iter()
        .filter_map(|event| match event.kind {
            Kind::Stage { stage: Stage::Wire, send, .. } => Some(send),
            _ => None,
        })
        .collect();
    assert_eq!(on_wire.len(), frames.sent.len());
    let arrivals = (0..).zip(&traffic.sends).filter(|(_, send)| send.arrives).map(|(index, _)| index);
    let arrivals: Vec<u32> = arrivals.collect();
    assert_eq!(arrivals.len(), frames.arrived.len());
    let sent = on_wire.iter().zip(&frames.sent);
    for (index, frame) in sent.chain(arrivals.iter().zip(&frames.arrived)) {
        let send = &traffic.sends[*index as usize];
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
    let clean = both(Config::for_capture());
    for (broken, intact) in [(Scheme::SkBuff, Scheme::Snapshot), (Scheme::Snapshot, Scheme::SkBuff)] {
        let flip = Change::Flip { packet: 200, offset: 700, scheme: Some(broken) };
        let changes = vec![flip];
        let setup = Setup { changes, ..Setup::new(Config::for_capture(), Some(demo())) };
        let faulty = report(&setup);
        let hash = |report: &Report, scheme: Scheme| report.schemes[scheme.name()].wire_sha256.clone();
        assert_ne!(hash(&faulty, broken), hash(&clean, broken));
        assert_eq!(hash(&faulty, intact), hash(&clean, intact));
    }
}

#[test]
fn the_demo_counts_are_those_of_an_independent_program() {
    // Lines of the payloads, counted by a program that shares no code with this one (tests/captures).
    for (line_size, requested, new) in [(16, 32_853, 5_615), (32, 16_626, 2_908), (64, 8_346, 1_463)] {
        let report = both(Config { line_size, ..Config::for_capture() });
        let snapshot = &report.schemes["snapshot"];
        assert_eq!((snapshot.data_lines.requested, snapshot.data_lines.new), (requested, new));
        assert_eq!(snapshot.dedup.held, requested as f64 / new as f64);
        assert_eq!(snapshot.copies.count, 0);
        assert_eq!(snapshot.allocations.count, 0);
        let sk_buff = &report.schemes["sk_buff"];
        assert_eq!(sk_buff.copies.bytes, 522_459, "every payload byte is copied once, on its way in or out");
        assert_eq!(sk_buff.app_write.lines_requested, 0);
        assert_eq!(sk_buff.accesses.total(), 0);
        for scheme in report.schemes.values() {
            assert_eq!(scheme.app_write.bytes + scheme.receipt.bytes, 522_459);
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
            Retention::ALL.map(|retention| Config { line_size, retention, ..Config::for_capture() })
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
    let report = both(Config::for_capture());
    for scheme in Scheme::ALL {
        let (events, _) = recorded(scheme, Config::for_capture());
        let (mut copies, mut allocations, mut freed, mut dma) =
            (Count::default(), Count::default(), Count::default(), 0);
        let (mut bus, mut accesses, mut footprint) = (0, 0, 0);
        for event in &events {
            match event.kind {
                Kind::Copy { bytes, .. } => copies.add(u64::from(bytes)),
                Kind::Allocate { bytes, .. } => allocations.add(u64::from(bytes)),
                Kind::Free { bytes, .. } => freed.add(u64::from(bytes)),
                Kind::Dma { bytes, .. } => dma += u64::from(bytes),
                Kind::Gauges { footprint: held, bus: more, accesses: others } => {
                    footprint = u64::from(held);
                    bus += u64::from(more);
                    accesses += u64::from(others);
                }
                _ => {}
            }
        }
        let result = &report.schemes[scheme.name()];
        assert_eq!((copies.count, copies.bytes), (result.copies.count, result.copies.bytes));
        assert_eq!(allocations.bytes, result.allocations.bytes);
        assert!(freed.count <= allocations.count);
        assert_eq!(dma, result.dma.bytes);
        assert_eq!((bus, footprint), (result.bus.values().sum(), result.footprint));
        assert_eq!(accesses, result.accesses.total());
        assert!(events.windows(2).all(|pair| pair[0].time_ns <= pair[1].time_ns));
    }
}

/// Contents that are alive at the end, and how many lines they have.
fn alive(events: &[Event]) -> (usize, u64) {
    let mut contents = std::collections::BTreeMap::new();
    for event in events {
        match event.kind {
            Kind::Content { content, lines, .. } => {
                assert_eq!(contents.insert(content, u64::from(lines)), None);
            }
            Kind::ContentGone { content } => {
                assert!(contents.remove(&content).is_some(), "content {content} goes once");
            }
            _ => {}
        }
    }
    (contents.len(), contents.values().sum())
}

#[test]
fn contents_that_came_and_did_not_go_are_what_is_held() {
    for (retention, header_split, receive) in [
        (Retention::Keep, true, Receive::Segments),
        (Retention::Keep, false, Receive::Contiguous),
        (Retention::Overwrite, true, Receive::Contiguous),
        (Retention::Free, true, Receive::Segments),
    ] {
        let config = Config { retention, header_split, receive, ..Config::for_capture() };
        for scheme in Scheme::ALL {
            let setup = Setup::new(config, Some(demo()));
            let mut lane = Lane::new(scheme, &setup, ()).unwrap();
            lane.watch();
            while lane.step() {}
            let words = lane.take_events();
            let events: Vec<_> =
                words.as_chunks().0.iter().map(|words| Event::decode(words).unwrap()).collect();
            let (count, lines) = alive(&events);
            let held = events.iter().rev().find_map(|event| match event.kind {
                Kind::Held { references, .. } => Some(u64::from(references)),
                _ => None,
            });
            assert_eq!(Some(lines), held, "{scheme:?} {retention:?}");
            if retention == Retention::Free {
                // One slot is always left to be granted, and is emptied when it is (DESIGN.md section 4).
                assert!(count <= 1, "{count} contents are left");
            }
            let told = lane.take_lines();
            let born = events.iter().filter(|event| matches!(event.kind, Kind::Content { .. })).count();
            assert_eq!(told.len(), born, "each content tells its lines");
            let counts = events.iter().filter_map(|event| match event.kind {
                Kind::Content { content, lines, .. } => Some((content, lines as usize)),
                _ => None,
            });
            let told: Vec<_> = told.iter().map(|lines| (lines.content, lines.hashes.len())).collect();
            assert_eq!(told, counts.collect::<Vec<_>>());
        }
    }
}

#[test]
fn every_packet_passes_every_stage_once_and_in_order() {
    for scheme in Scheme::ALL {
        let (events, frames) = recorded(scheme, Config::for_capture());
        let mut stages = vec![Vec::new(); frames.sent.len() + frames.arrived.len()];
        for event in &events {
            if let Kind::Stage { stage, .. } = event.kind
                && event.packet != Event::NONE
            {
                stages[event.packet as usize].push(stage);
            }
        }
        let down = stages.iter().filter(|seen| seen[..] == Stage::DOWN[1..]).count();
        let up = stages.iter().filter(|seen| seen[..] == Stage::UP).count();
        assert_eq!((down, up), (frames.sent.len(), frames.arrived.len()));
    }
}

#[test]
fn lanes_enter_every_stage_at_the_same_time() {
    let stages = |scheme| {
        let (events, _) = recorded(scheme, Config::for_capture());
        let kept = events.into_iter().filter(|event| matches!(event.kind, Kind::Stage { .. }));
        kept.collect::<Vec<_>>()
    };
    assert_eq!(stages(Scheme::SkBuff), stages(Scheme::Snapshot));
}

#[test]
fn retention_decides_what_stays_alive() {
    let held = |retention| both(Config { retention, ..Config::for_capture() }).schemes["snapshot"].dedup.held;
    assert!(held(Retention::Keep) > 5.0);
    assert!(held(Retention::Overwrite) < held(Retention::Keep));
    assert_eq!(held(Retention::Free), 1.0, "nothing is held at the end");
}

#[test]
fn what_waits_to_be_freed_is_no_part_of_what_is_held() {
    for retention in [Retention::Free, Retention::Overwrite] {
        let held = |delayed_free| -> Vec<(u32, u32)> {
            let config = Config { retention, delayed_free, ..Config::for_capture() };
            let (events, _) = recorded(Scheme::Snapshot, config);
            let held = events.iter().filter_map(|event| match event.kind {
                Kind::Held { references, distinct } => Some((references, distinct)),
                _ => None,
            });
            held.collect()
        };
        let (at_once, waiting) = (held(0), held(100));
        assert!(at_once.len() > 100, "{}", at_once.len());
        assert_eq!(at_once, waiting, "{retention:?}");
        assert!(waiting.iter().all(|(references, distinct)| references >= distinct));
    }
}

#[test]
fn header_split_puts_what_arrives_on_line_boundaries() {
    // The same payload is sent and arrives: it is held once where both lie alike against the lines.
    let payload: Vec<u8> = (0..1024).map(|i| mix(i) as u8).collect();
    let there = udp4(9, &payload);
    let mut back = there.clone();
    back[26..34].copy_from_slice(&[10, 0, 0, 2, 10, 0, 0, 1]);
    back[34..38].copy_from_slice(&[0, 53, 0, 9]);
    let again = there.clone();
    let traffic = Arc::new(Traffic::read(&pcap(&[there, back, again])).unwrap());
    let held = |header_split, receive| {
        let config = Config { header_split, receive, ..Config::for_capture() };
        let report = report(&Setup::new(config, Some(Arc::clone(&traffic))));
        let copied = report.schemes["snapshot"].copies.bytes;
        (report.schemes["snapshot"].dedup.held, copied)
    };
    assert_eq!(held(true, Receive::Segments), (3.0, 0));
    // The contiguous buffer is a content of its own, beside the one in the slot that is yet to be granted again.
    assert_eq!(held(true, Receive::Contiguous), (4.0, 0));
    let (unsplit, copied) = held(false, Receive::Segments);
    assert!(unsplit < 1.6 && copied == 0, "{unsplit}");
    let (relined, copied) = held(false, Receive::Contiguous);
    assert!(relined > unsplit && copied == 1024, "re-lined, its lines are those that were sent: {relined}");
}

#[test]
fn an_application_that_overwrites_its_buffer_changes_nothing_on_the_wire() {
    let (events, clean) = recorded(Scheme::Snapshot, Config::for_capture());
    // In the midst of a send: its first packet is in the socket layer, its frame not yet on the wire.
    let entered = events
        .iter()
        .find(|event| event.packet == 100 && matches!(event.kind, Kind::Stage { stage: Stage::Socket, .. }));
    let at_ns = entered.unwrap().time_ns;
    let Kind::Stage { send, .. } = entered.unwrap().kind else { unreachable!() };
    let thread = demo().sends[send as usize].flow;
    let changes = vec![Change::Overwrite { at_ns, thread }];
    for scheme in Scheme::ALL {
        let setup = Setup { changes: changes.clone(), ..Setup::new(Config::for_capture(), Some(demo())) };
        let (events, frames) = record(scheme, &setup);
        let overwritten =
            |event: &&Event| matches!(event.kind, Kind::Fault { fault: FaultKind::Overwritten, .. });
        assert_eq!(events.iter().filter(overwritten).count(), 1);
        assert!(frames == clean, "{scheme:?}");
    }
}

#[test]
fn a_buffer_that_is_overwritten_twice_does_not_hold_again_what_it_held() {
    let (events, _) = record(Scheme::Snapshot, &Setup::new(Config::for_capture(), Some(demo())));
    let entered = |event: &&Event| {
        event.packet == 100 && matches!(event.kind, Kind::Stage { stage: Stage::Socket, .. })
    };
    let entered = events.iter().find(entered).unwrap();
    let Kind::Stage { send, .. } = entered.kind else { unreachable!() };
    let change = Change::Overwrite { at_ns: entered.time_ns, thread: demo().sends[send as usize].flow };
    let setup = Setup { changes: vec![change; 3], ..Setup::new(Config::for_capture(), Some(demo())) };
    let (events, _) = record(Scheme::Snapshot, &setup);
    let (mut written, mut overwritten) = ((0, 0), Vec::new());
    for event in &events {
        match event.kind {
            Kind::AppWrite { requested, new, .. } => written = (requested, new),
            Kind::Fault { fault: FaultKind::Overwritten, .. } => overwritten.push(written),
            _ => {}
        }
    }
    assert_eq!(overwritten.len(), 3);
    // What the packet still holds would be found.
    assert!(overwritten.iter().all(|(requested, new)| new * 2 > *requested && *new > 0), "{overwritten:?}");
}

#[test]
fn a_frame_that_the_link_loses_arrives_nowhere() {
    let changes =
        vec![Change::Lose { from_peer: true, frame: 3 }, Change::Lose { from_peer: false, frame: 7 }];
    let setup = Setup { changes, ..Setup::new(Config::for_capture(), Some(demo())) };
    for scheme in Scheme::ALL {
        let (events, frames) = record(scheme, &setup);
        assert_eq!((frames.sent.len(), frames.arrived.len()), (389, 21));
        let lost: Vec<_> = events
            .iter()
            .filter_map(|event| match event.kind {
                Kind::Fault { fault: FaultKind::Lost, from_peer, frame } => Some((from_peer, frame)),
                _ => None,
            })
            .collect();
        assert_eq!(lost, [(true, 3), (false, 7)]);
    }
}

#[test]
fn smaller_rings_are_fuller_from_their_moment_on() {
    let burst: Vec<_> = (0..200).map(|i| udp4(9, &[i as u8; 600])).collect();
    let traffic = Arc::new(Traffic::read(&pcap(&burst)).unwrap());
    let owned = |changes: Vec<Change>| {
        let setup = Setup { changes, ..Setup::new(Config::for_capture(), Some(Arc::clone(&traffic))) };
        let (events, frames) = record(Scheme::Snapshot, &setup);
        assert_eq!(frames.sent.len(), 200, "they wait, and are all sent");
        let rings = events.iter().filter_map(|event| match event.kind {
            Kind::Ring { owned, unposted, .. } => Some(owned + unposted),
            _ => None,
        });
        rings.max().unwrap()
    };
    assert!(owned(Vec::new()) > 8);
    assert_eq!(owned(vec![Change::Rings { at_ns: 0, slots: 8 }]), 7);
}

#[test]
fn a_memory_that_is_too_small_drops_and_goes_on() {
    let config = Config { memory_lines: 600, ..Config::for_capture() };
    let (events, _) = recorded(Scheme::Snapshot, config);
    let drops = events
        .iter()
        .filter(|event| matches!(event.kind, Kind::Drop { place: DropPlace::Nic | DropPlace::Stack, .. }));
    assert!(drops.count() > 10);
    let report = both(config);
    assert_eq!(report.schemes["sk_buff"].frames, 389, "the conventional lane has memory enough");
    assert!(report.schemes["snapshot"].frames < 389);
    assert!(report.schemes["snapshot"].receipt.stack_drops["memory"] > 10);
    // Lines that are kept for what arrives let it in, where ordinary requests find no more.
    let reserved = both(Config { reserve_lines: 400, ..config });
    let received = |report: &Report| report.schemes["snapshot"].receipt.frames;
    assert!(received(&reserved) > received(&report), "{} {}", received(&reserved), received(&report));
}

#[test]
fn a_capture_is_asked_for_where_there_is_none() {
    let result = run(&Setup::new(Config::for_capture(), None), &Scheme::ALL);
    assert_eq!(result, Err(RunError::Config(ConfigError::NoCapture)));
    assert!(ConfigError::NoCapture.to_string().contains("open a pcap"));
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
        let config = Config { line_size, ..Config::for_capture() };
        let setup = Setup::new(config, Some(Arc::clone(&traffic)));
        let (_, frames) = record(Scheme::Snapshot, &setup);
        let (_, conventional) = record(Scheme::SkBuff, &setup);
        assert!(frames == conventional);
        // The host of the stream sends most; the datagram arrives.
        let lens: Vec<_> = frames.sent.iter().map(Vec::len).collect();
        assert_eq!(lens, [74 + 1440, 74 + 1440, 74 + 1120]);
        assert_eq!(frames.arrived.iter().map(Vec::len).collect::<Vec<_>>(), [42 + 1472]);
        let sent: Vec<u8> = frames.sent.iter().flat_map(|frame| frame[74..].to_vec()).collect();
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
