//! Two hosts on a link, from the public interface: both schemes in lockstep, what they copy and allocate, and records
//! that tell the whole story.

#[path = "net_world/faults.rs"]
mod faults;
#[path = "common/frames.rs"]
mod frames;
#[path = "net_world/pointers.rs"]
mod pointers;
#[path = "net_world/ports.rs"]
mod ports;
#[path = "net_world/queues.rs"]
mod queues;

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use snapstack::buffers::{Buffers, Scheme, SkBuff, Snapshot};
use snapstack::ledger::{CopyCause, Count};
use snapstack::nic::NicConfig;
use snapstack::sim::net::World;
use snapstack::sim::{
    self, Change, Config, Event, FaultKind, Kind, Receive, Report, Setup, Stage, Tap, ThreadState, Workload,
};
use snapstack::traffic::capture::ETHERNET;

/// All frames of a run, with their times and senders.
#[derive(Clone, Default)]
struct Log(Vec<(u64, bool, Vec<u8>)>);

impl Tap for Log {
    fn frame(&mut self, time_ns: u64, from_peer: bool, _packet: u32, frame: &[u8]) {
        frames::record(ETHERNET, time_ns, frame);
        self.0.push((time_ns, from_peer, frame.to_vec()));
    }
}

/// Records the frames of a run, and keeps a hash of them.
#[derive(Clone, Default)]
struct Hash(Sha256);

impl Tap for Hash {
    fn frame(&mut self, time_ns: u64, from_peer: bool, _packet: u32, frame: &[u8]) {
        frames::record(ETHERNET, time_ns, frame);
        self.0.update([from_peer.into()]);
        self.0.update((frame.len() as u32).to_le_bytes());
        self.0.update(frame);
    }
}

fn snapshot<T: Tap>(config: Config, tap: T) -> World<Snapshot, T> {
    config.check().unwrap();
    World::new(config, &[], Snapshot::new(config.memory(None), config.nic()).unwrap(), tap)
}

fn sk_buff<T: Tap>(config: Config, tap: T) -> World<SkBuff, T> {
    config.check().unwrap();
    World::new(config, &[], SkBuff::new(config.line_size, config.nic()), tap)
}

/// Runs to the end, where every byte must have arrived as it was written.
fn finish<B: Buffers, T: Tap>(world: &mut World<B, T>) -> Vec<Event> {
    let mut events = Vec::new();
    world.run(|event| events.push(*event));
    assert!(world.is_done(), "nothing more happens at {} ns", world.now());
    for thread in world.threads().iter().chain(&world.peer_threads()) {
        assert!(!thread.failed && thread.wrong == 0, "{thread:?}");
    }
    assert_eq!(world.stack().refused(), None);
    events
}

/// Both schemes' report; its frames are recorded in a run of their own.
fn report(config: Config) -> Report {
    let report = sim::run(&Setup::new(config, None), &Scheme::ALL).unwrap();
    let mut world = snapshot(config, Hash::default());
    finish(&mut world);
    let hash = hex::encode(world.tap().0.clone().finalize());
    for run in report.schemes.values() {
        assert_eq!(run.wire_sha256, hash);
    }
    report
}

fn small(workload: Workload, seed: u64) -> Config {
    Config { workload, seed, threads: 3, bytes: 100_000, message: 10_000, ..Config::default() }
}

fn faulty(config: Config, faults: [u32; 4]) -> Config {
    let [loss, duplicate, reorder, corrupt] = faults;
    Config { loss, duplicate, reorder, corrupt, ..config }
}

#[test]
fn both_schemes_put_identical_frames_on_the_wire_at_the_same_times() {
    let faults = [[0; 4], [20_000, 0, 0, 0], [10_000, 10_000, 30_000, 10_000], [100_000, 50_000, 0, 50_000]];
    for workload in Workload::SIMULATED {
        for (seed, faults) in (1..).zip(faults) {
            for tso in [0, 40_000] {
                let config = Config { tso, ..faulty(small(workload, seed), faults) };
                let (mut one, mut two) = (snapshot(config, Log::default()), sk_buff(config, Log::default()));
                finish(&mut one);
                finish(&mut two);
                assert!(one.tap().0.len() > 50);
                for (index, (a, b)) in one.tap().0.iter().zip(&two.tap().0).enumerate() {
                    assert!(a == b, "frame {index} of {} with seed {seed}, TSO {tso}", workload.name());
                }
                assert_eq!(one.tap().0.len(), two.tap().0.len());
                assert_eq!(one.threads(), two.threads());
                assert_eq!(one.link_counts(), two.link_counts());
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let config = faulty(small(Workload::Web, 5), [10_000; 4]);
    let (one, two) = (report(config), report(config));
    assert_eq!(one, two);
    let other = report(Config { seed: 6, ..config });
    for scheme in ["sk_buff", "snapshot"] {
        assert_ne!(one.schemes[scheme].digest, other.schemes[scheme].digest);
        assert_eq!(one.schemes[scheme].wire_sha256, one.schemes["snapshot"].wire_sha256);
    }
    assert_ne!(one.schemes["sk_buff"].digest, one.schemes["snapshot"].digest);
}

#[test]
fn a_clone_runs_on_as_the_original_does() {
    let config = faulty(small(Workload::Request, 2), [10_000, 0, 10_000, 0]);
    let mut world = snapshot(config, Hash::default());
    assert!(world.step_many(300));
    let mut clone = world.clone();
    let (one, two) = (finish(&mut world), finish(&mut clone));
    assert_eq!(one, two);
    assert_eq!(world.digest(), clone.digest());
}

#[test]
fn snapshots_copy_nothing_and_allocate_nothing() {
    for workload in Workload::SIMULATED {
        for (tso, faults) in [(0, [0; 4]), (40_000, [20_000, 5_000, 20_000, 5_000])] {
            let config = Config { tso, ..faulty(small(workload, 3), faults) };
            let mut world = snapshot(config, Hash::default());
            finish(&mut world);
            let ledger = world.stack().buffers().ledger();
            assert_eq!(ledger.copied(), Count::default(), "{}", workload.name());
            assert_eq!(ledger.allocated(), Count::default(), "{}", workload.name());
        }
    }
}

#[test]
fn sk_buffs_copy_every_byte_once_each_way() {
    for workload in Workload::SIMULATED {
        let mut world = sk_buff(faulty(small(workload, 3), [10_000, 0, 10_000, 0]), Hash::default());
        finish(&mut world);
        let ledger = world.stack().buffers().ledger();
        let threads = world.threads();
        let sent: u64 = threads.iter().map(|thread| thread.sent).sum();
        let received: u64 = threads.iter().map(|thread| thread.received).sum();
        assert!(sent > 0);
        assert_eq!(ledger.copies(CopyCause::UserToKernel).bytes, sent, "{}", workload.name());
        assert_eq!(ledger.copies(CopyCause::KernelToUser).bytes, received, "{}", workload.name());
        assert_eq!(ledger.copied().bytes, sent + received);
        assert!(ledger.allocated().count > world.frames()[0]);
    }
}

/// Bytes that contiguous `recv()` re-lined, and bytes received.
fn relined(header_split: bool, mtu: u16, message: u32) -> (u64, u64) {
    let config = Config {
        receive: Receive::Contiguous,
        timestamps: false,
        header_split,
        mtu,
        message,
        bytes: u64::from(message) * 8,
        ..small(Workload::Request, 4)
    };
    let mut world = snapshot(config, Hash::default());
    finish(&mut world);
    let ledger = world.stack().buffers().ledger();
    let received = world.threads().iter().map(|thread| thread.received).sum();
    assert_eq!(ledger.copied(), ledger.copies(CopyCause::Reline));
    (ledger.copied().bytes, received)
}

#[test]
fn contiguous_receipt_relines_until_header_split_meets_segments_of_whole_lines() {
    // 1,408 = 22 lines of 64 bytes; with 1,460 each segment shifts against the lines by 52.
    let (bytes, received) = relined(true, 40 + 1408, 14_080);
    assert_eq!((bytes, received), (0, 3 * 8 * 14_080));
    let (shifted, received) = relined(true, 1500, 14_600);
    assert!(shifted > received / 2 && shifted <= received, "{shifted} of {received} bytes");
    let (unsplit, received) = relined(false, 40 + 1408, 14_080);
    assert!(unsplit > received / 2 && unsplit <= received, "{unsplit} of {received} bytes");
}

#[test]
fn a_byte_flipped_in_one_schemes_memory_changes_that_schemes_wire_alone() {
    let config = small(Workload::Bulk, 7);
    let flip = [Change::Flip { packet: 40, offset: 100, scheme: Some(Scheme::Snapshot) }];
    let memory = Snapshot::new(config.memory(None), config.nic()).unwrap();
    let mut one = World::new(config, &flip, memory, Log::default());
    let conventional = SkBuff::new(config.line_size, config.nic());
    let mut two = World::new(config, &flip, conventional, Log::default());
    let mut faults = 0;
    one.run(|event| faults += u32::from(matches!(event.kind, Kind::Fault { fault: FaultKind::Flipped, .. })));
    finish(&mut two);
    assert_eq!(faults, 1);
    let differ: Vec<_> = one.tap().0.iter().zip(&two.tap().0).filter(|(a, b)| a != b).collect();
    let [((_, false, a), (_, false, b))] = differ[..] else { panic!("{} frames differ", differ.len()) };
    // The byte, and the checksum that the NIC made of it.
    let changed = a.iter().zip(b).filter(|(a, b)| a != b).count();
    assert!(a.len() == b.len() && (2..=3).contains(&changed), "{changed} bytes differ");
    assert_eq!(one.peer_threads().iter().map(|thread| thread.wrong).sum::<u64>(), 1);
}

#[test]
fn a_byte_that_a_packet_does_not_carry_is_not_flipped_and_nothing_says_so() {
    let config = small(Workload::Bulk, 7);
    let run = |changes: &[Change]| {
        let memory = Snapshot::new(config.memory(None), config.nic()).unwrap();
        let mut world = World::new(config, changes, memory, Log::default());
        let mut faults = 0;
        world.run(|event| faults += u32::from(matches!(event.kind, Kind::Fault { .. })));
        (faults, world.tap().0.clone())
    };
    let (_, frames) = run(&[]);
    let flip = |offset| Change::Flip { packet: 40, offset, scheme: None };
    assert!(run(&[flip(99_999_999)]) == (0, frames.clone()));
    // The last byte that it carries is the last that is flipped.
    let flipped: Vec<bool> = (1400..1500)
        .map(|offset| {
            let (faults, others) = run(&[flip(offset)]);
            assert_eq!(faults == 1, others != frames, "byte {offset}");
            faults == 1
        })
        .collect();
    assert!(flipped.is_sorted_by(|before, after| before >= after) && flipped[0] && !flipped[99]);
}

#[test]
fn records_are_in_order_and_lead_every_packet_through_its_stages() {
    for workload in [Workload::Web, Workload::Bulk] {
        let mut world = snapshot(faulty(small(workload, 9), [20_000, 0, 20_000, 20_000]), Hash::default());
        let events = finish(&mut world);
        assert_eq!(events.len() as u64, world.events());
        assert!(events.is_sorted_by_key(|event| event.time_ns));
        let mut stages: BTreeMap<u32, Vec<Stage>> = BTreeMap::new();
        for event in &events {
            if let Kind::Stage { stage, .. } = event.kind
                && event.packet != Event::NONE
            {
                stages.entry(event.packet).or_default().push(stage);
            }
        }
        let (mut down, mut up) = (0, 0);
        for (packet, seen) in stages {
            if seen[0] == Stage::WireIn {
                // Acknowledgements end at the transport layer, corrupted frames where their checksums are.
                let distinct: Vec<_> = Stage::UP.into_iter().filter(|stage| seen.contains(stage)).collect();
                assert_eq!(distinct, Stage::UP[..distinct.len()], "frame {packet}");
                up += u32::from(seen.contains(&Stage::Recv));
            } else if !seen.contains(&Stage::Transport) {
                // ARP has no transport layer.
                assert!(seen.contains(&Stage::Ip), "packet {packet}");
            } else {
                let reached = seen.len();
                assert_eq!(seen, Stage::DOWN[1..=reached], "packet {packet}");
                down += u32::from(reached == 8);
            }
        }
        assert!(down > 100, "{down} packets were completed");
        assert!(up > 20 || workload == Workload::Bulk, "{up} frames were received to the end");
        let count = |wanted: fn(&Kind) -> bool| events.iter().filter(|event| wanted(&event.kind)).count();
        assert!(count(|kind| matches!(kind, Kind::Retransmission { .. })) > 0);
        assert!(count(|kind| matches!(kind, Kind::Fault { .. })) > 0);
        assert!(count(|kind| matches!(kind, Kind::Drop { .. })) > 0);
        assert!(count(|kind| matches!(kind, Kind::RxRing { .. })) > 0);
        assert_eq!(count(|kind| matches!(kind, Kind::Thread { state: ThreadState::Ends, .. })), 3);
        let resent = world.stack().buffers().resent();
        let recorded: u64 = events
            .iter()
            .map(|event| if let Kind::Retransmission { len, .. } = event.kind { len.into() } else { 0 })
            .sum();
        assert_eq!(resent.bytes, recorded);
    }
}

#[test]
fn recorded_copies_are_the_ledgers() {
    let mut world = sk_buff(small(Workload::Web, 1), Hash::default());
    let events = finish(&mut world);
    let copied: u64 = events
        .iter()
        .map(|event| if let Kind::Copy { bytes, .. } = event.kind { bytes.into() } else { 0 })
        .sum();
    assert_eq!(copied, world.stack().buffers().ledger().copied().bytes);
}

#[test]
fn slots_are_granted_again_as_soon_as_the_driver_has_its_snapshot() {
    let config = Config { ring_slots: 64, ..small(Workload::Request, 1) };
    let mut world = snapshot(config, Hash::default());
    let events = finish(&mut world);
    let waiting = |event: &Event| match event.kind {
        Kind::RxRing { owned, waiting, .. } => Some(owned + waiting),
        _ => None,
    };
    // Payload in queues keeps no slot: whatever does not wait for the driver is soon the NIC's again.
    let last = events.iter().filter_map(waiting).next_back();
    assert_eq!(last, Some(63));
    assert_eq!(world.stack().buffers().nic_counts().dropped, [0; 5]);
}

#[test]
fn a_thousand_threads_share_one_nic_fairly() {
    let config = Config {
        workload: Workload::Web,
        threads: 1000,
        bytes: 4_000,
        message: 2_000,
        seed: 1,
        ..Config::default()
    };
    assert!(config.socket_buffer() <= 17 << 10, "queues are bounded together");
    let report = report(config);
    for run in report.schemes.values() {
        let fairness = run.receipt.fairness.unwrap();
        assert_eq!((fairness.threads, fairness.failed), (1000, 0));
        assert_eq!(fairness.bytes, [4_512; 2]);
        assert!(fairness.jain > 0.5, "{fairness:?}");
        assert_eq!(run.receipt.wrong, Some(0));
    }
    let [one, two] = ["sk_buff", "snapshot"].map(|name| &report.schemes[name]);
    assert_eq!(one.wire_sha256, two.wire_sha256);
    assert_eq!(one.receipt.fairness, two.receipt.fairness);
}

#[test]
fn values_out_of_range_are_refused_with_what_is_accepted() {
    let config = Config { threads: 1001, ..Config::default() };
    let error = sim::run(&Setup::new(config, None), &Scheme::ALL).unwrap_err().to_string();
    assert_eq!(error, "A value of 1001 for threads is out of range: choose 1 to 1000.");
    assert!(Workload::parse("swarm").unwrap_err().to_string().contains("swarm"));
    assert_eq!(Config::default().nic(), NicConfig::default());
}

/// The same runs in wasm: tests/wasm.rs.
#[test]
fn digests_are_the_golden_ones() {
    let mut lines = String::new();
    for workload in Workload::SIMULATED {
        let config = faulty(small(workload, 11), [10_000; 4]);
        let report = report(config);
        let digest = |name: &str| report.schemes[name].digest.clone();
        lines += &format!("{} {} {}\n", workload.name(), digest("sk_buff"), digest("snapshot"));
    }
    assert_eq!(lines, include_str!("golden/net-digests.txt"), "the model has changed: so must its version");
}
