//! The committed seeds of the fuzz targets: each runs through its target's function, and still leads where it was made to
//! lead. When it does not, because the stack answers otherwise than it did, `cargo run --example fuzz_seeds` makes them anew.

#![cfg(not(target_family = "wasm"))]

#[path = "common/frames.rs"]
mod frames;
#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "the fuzzer builds the same files as a library")]
mod fuzz;

use std::path::{Path, PathBuf};

use fuzz::victim::Victim;
use fuzz::{capture_reader, frame_input};
use snapstack::buffers::Snapshot;
use snapstack::stack::Counters;
use snapstack::traffic::capture::ETHERNET;

/// Name and content of each seed of a target.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let mut paths: Vec<PathBuf> =
        folder.read_dir().expect("a folder of seeds").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), std::fs::read(path).expect("a seed"))).collect()
}

/// What the host counted when it was given the seed of that name, and how many frames it sent.
fn counted(name: &str) -> (Counters, usize) {
    let all = seeds("frame_input");
    let (_, data) = all.iter().find(|(known, _)| known == name).expect("a seed of that name");
    let (settings, arrivals) = frame_input::decode(data);
    assert_eq!(frame_input::encode(settings, &arrivals), *data, "nothing is cut off");
    let mut victim: Victim<Snapshot> =
        Victim::new(frame_input::snapshot(settings), 0).expect("room for the host's applications");
    for (wait, frame) in &arrivals {
        victim.wait(victim.now + u64::from(*wait) * 1_000);
        victim.frame(frame);
    }
    for (time, frame) in &victim.sent {
        frames::record(ETHERNET, *time, frame);
    }
    assert!(!victim.refused() && victim.stack.drops().total() < arrivals.len() as u64);
    (*victim.stack.counters(), victim.sent.len())
}

#[test]
fn every_seed_passes_its_target() {
    let (inputs, captures) = (seeds("frame_input"), seeds("capture_reader"));
    assert!(inputs.len() >= 14 && captures.len() >= 2);
    for (time, frame) in inputs.iter().flat_map(|(_, data)| frame_input::run(data)) {
        frames::record(ETHERNET, time, &frame);
    }
    captures.iter().for_each(|(_, data)| capture_reader::run(data));
}

#[test]
fn seeds_open_connections_bring_fragments_and_ping() {
    for (name, frames) in [("echo-v4", 8), ("echo-v6", 8), ("splice-v4", 8), ("splice-v6", 8)] {
        let (counters, sent) = counted(name);
        // Two of them are the host's own.
        assert_eq!(counters.connections, 3, "{name}");
        assert!(sent > frames, "{name}: {sent} frames are no echo");
    }
    for name in ["datagrams-v4", "datagrams-v6"] {
        assert_eq!(counted(name).0.reassembled, 1, "{name}");
    }
    for name in ["pings-v4", "pings-v6"] {
        assert_eq!(counted(name).0.echoes, 4, "{name}");
    }
    assert!(counted("unbound-port").0.errors_sent > 0);
    assert_eq!(counted("closed-port").0.resets_sent, 1);
}

#[test]
fn repaired_frames_carry_the_checksums_that_the_host_wants() {
    for name in ["echo-v4", "echo-v6", "datagrams-v4", "pings-v6"] {
        let all = seeds("frame_input");
        let (_, data) = all.iter().find(|(known, _)| known == name).expect("a seed of that name");
        for (_, frame) in frame_input::decode(data).1 {
            let mut repaired = frame.clone();
            fuzz::repair::checksums(&mut repaired);
            assert_eq!(repaired, frame, "{name}: what was right stays as it is");
        }
    }
}
