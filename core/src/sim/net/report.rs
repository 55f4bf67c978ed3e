//! The result of a simulated network run: what `snapstack run --workload` prints.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::config::NetConfig;
use super::thread::ThreadCounts;
use super::world::{WireTap, World};
use crate::buffers::{BufferError, Buffers, Scheme, SkBuff, Snapshot};
use crate::ledger::Count;
use crate::sim::config::ConfigError;
use crate::sim::digest::MODEL_VERSION;
use crate::sim::report::{SchemeReport, WireHash};

/// What a run received, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Receipt {
    /// Frames that the NIC put into memory.
    pub frames: u64,
    /// Frames that the peer sent.
    pub sent_by_peer: u64,
    /// Payload bytes that the applications received.
    pub bytes: u64,
    /// Of those, bytes that nobody sent.
    pub wrong: u64,
    /// Frames that the NIC dropped, by reason.
    pub nic_drops: BTreeMap<&'static str, u64>,
    /// What the stack dropped, by reason.
    pub stack_drops: BTreeMap<&'static str, u64>,
    /// Packets with bytes sent before, and those bytes.
    pub resent: Count,
    /// Nanoseconds until the last thread had ended.
    pub elapsed_ns: u64,
}

/// How evenly the threads of the shown host were served.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fairness {
    /// Threads.
    pub threads: u32,
    /// Of those, the ones whose calls failed.
    pub failed: u32,
    /// Least and most payload bytes of a thread, both ways together.
    pub bytes: [u64; 2],
    /// Shortest and longest time that a thread waited in calls, in nanoseconds.
    pub waited_ns: [u64; 2],
    /// When the first and the last thread ended.
    pub ended_ns: [u64; 2],
    /// Jain's index of the threads' rates: 1 when all are equal, 1 / threads when one has everything.
    pub jain: f64,
}

impl Fairness {
    /// Of threads that have ended.
    pub fn of(threads: &[ThreadCounts]) -> Self {
        let range = |value: fn(&ThreadCounts) -> u64| {
            let values = || threads.iter().map(value);
            [values().min().unwrap_or(0), values().max().unwrap_or(0)]
        };
        let rates = threads.iter().map(|t| (t.sent + t.received) as f64 / t.ended_ns.max(1) as f64);
        let (sum, squares) = rates.fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
        let jain = if squares > 0.0 { sum * sum / (threads.len() as f64 * squares) } else { 1.0 };
        Self {
            threads: threads.len() as u32,
            failed: threads.iter().filter(|thread| thread.failed).count() as u32,
            bytes: range(|thread| thread.sent + thread.received),
            waited_ns: range(|thread| thread.waited_ns),
            ended_ns: range(|thread| thread.ended_ns),
            jain,
        }
    }
}

/// One scheme's result: that of a replay, and what is new with a peer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetRun {
    /// As for a replay.
    #[serde(flatten)]
    pub scheme: SchemeReport,
    /// The way up.
    pub receipt: Receipt,
    /// How the threads fared.
    pub fairness: Fairness,
}

/// A whole run's result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetReport {
    /// Version of this object.
    pub version: u32,
    /// [`MODEL_VERSION`].
    pub model: u32,
    /// The configuration.
    pub config: NetConfig,
    /// Result by scheme.
    pub schemes: BTreeMap<&'static str, NetRun>,
}

/// A run that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The scheme could not be set up.
    #[error(transparent)]
    Setup(#[from] BufferError),
}

impl WireTap for WireHash {
    fn frame(&mut self, _time_ns: u64, from_peer: bool, frame: &[u8]) {
        self.0.update([u8::from(from_peer)]);
        self.0.update((frame.len() as u32).to_le_bytes());
        self.0.update(frame);
    }
}

/// Runs a configuration through the schemes to the end.
///
/// # Errors
/// [`NetError`].
pub fn run(config: NetConfig, schemes: &[Scheme]) -> Result<NetReport, NetError> {
    config.check()?;
    let mut results = BTreeMap::new();
    for scheme in schemes {
        let result = match scheme {
            Scheme::SkBuff => {
                finish(World::new(config, SkBuff::new(config.line_size, config.nic()), WireHash::default()))
            }
            Scheme::Snapshot => {
                finish(World::new(config, Snapshot::new(config.memory(), config.nic())?, WireHash::default()))
            }
        };
        results.insert(scheme.name(), result);
    }
    Ok(NetReport { version: 1, model: MODEL_VERSION, config, schemes: results })
}

fn finish<B: Buffers>(mut world: World<B, WireHash>) -> NetRun {
    while world.step_many(1024) {
        world.discard_events();
    }
    world.discard_events();
    let buffers = world.stack().buffers();
    let [sent, sent_by_peer] = world.frames();
    let mut scheme = SchemeReport::new(buffers.inner(), sent, world.events(), world.digest());
    let WireHash(hash) = world.tap().clone();
    scheme.wire_sha256 = hex::encode(Sha256::finalize(hash));
    let threads = world.threads();
    let counts = buffers.nic_counts();
    let nic_drops =
        crate::nic::DropReason::ALL.into_iter().map(|reason| (reason.name(), counts.drops(reason)));
    let receipt = Receipt {
        frames: counts.received,
        sent_by_peer,
        bytes: threads.iter().map(|thread| thread.received).sum(),
        wrong: threads.iter().chain(&world.peer_threads()).map(|thread| thread.wrong).sum(),
        nic_drops: nic_drops.filter(|(_, count)| *count > 0).collect(),
        stack_drops: world.stack().drops().iter().map(|(reason, count)| (reason.name(), count)).collect(),
        resent: buffers.resent(),
        elapsed_ns: world.now(),
    };
    NetRun { scheme, receipt, fairness: Fairness::of(&threads) }
}
