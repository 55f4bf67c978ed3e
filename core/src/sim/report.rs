//! The result of a run as one serialisable value: what the command line prints and the page's totals are held against.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::change::Change;
use super::config::Config;
use super::digest::MODEL_VERSION;
use super::net::Fairness;
use super::run::{Lane, Run, RunError, Setup};
use super::wires::Tap;
use crate::buffers::{Buffers, Scheme};
use crate::ledger::{AllocationKind, AppWrite, CopyCause, Count, Transaction};
use crate::memory::{AccessCounts, LineCounts};
use crate::traffic::Skipped;

/// A count with its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CountByName<K: Ord> {
    /// How many.
    pub count: u64,
    /// How many bytes.
    pub bytes: u64,
    /// The parts by name.
    #[serde(flatten)]
    pub parts: BTreeMap<K, BTreeMap<&'static str, Count>>,
}

/// Dedup ratios of data lines (DESIGN.md section 5).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Dedup {
    /// References / distinct lines now; 1 when nothing is held.
    pub held: f64,
    /// Lookups / new lines so far, the zero line counting as one; 1 without lookups.
    pub cumulative: f64,
}

/// One scheme's result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SchemeReport {
    /// Frames that the shown host put on the wire.
    pub frames: u64,
    /// Events recorded.
    pub events: u64,
    /// SHA-256 over the frames of both hosts in the order in which they left, each as its sender (0 the shown host, 1 its
    /// peer), its length (u32, little-endian) and its bytes without FCS; empty unless the run computed it.
    pub wire_sha256: String,
    /// The application filling its buffers.
    pub app_write: AppWrite,
    /// Copied payload, by cause.
    pub copies: CountByName<&'static str>,
    /// Allocator calls, by kind.
    pub allocations: CountByName<&'static str>,
    /// Segment map entries written.
    pub map_entries: u64,
    /// Header and metadata writes by software.
    pub header: Count,
    /// Requests of the NIC.
    pub dma: DmaCount,
    /// Lookups of all lines.
    pub lines: LineCounts,
    /// Lookups of data lines.
    pub data_lines: LineCounts,
    /// Dedup ratios.
    pub dedup: Dedup,
    /// Bytes held at the end, bookkeeping by modelled widths included.
    pub footprint: u64,
    /// Requests on the bus, by kind.
    pub bus: BTreeMap<&'static str, u64>,
    /// Accesses to HICAMP memory, by kind.
    pub accesses: AccessCounts,
    /// The way up.
    pub receipt: Receipt,
    /// The run's digest.
    pub digest: String,
}

/// Requests of a NIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DmaCount {
    /// Requests.
    pub requests: u64,
    /// Bytes asked for.
    pub bytes: u64,
}

impl SchemeReport {
    pub(super) fn new(run: &impl Run) -> Self {
        let buffers = run.recorded();
        let (ledger, seen) = (buffers.ledger(), buffers.observe());
        let data = seen.data_lines;
        let distinct = data.new + u64::from(data.zero > 0);
        Self {
            frames: run.frames()[0],
            events: run.book().events(),
            wire_sha256: String::new(),
            app_write: ledger.app_write,
            copies: by_name(
                "by_cause",
                CopyCause::ALL.iter().map(|cause| (cause.name(), ledger.copies(*cause))),
            ),
            allocations: by_name(
                "by_kind",
                AllocationKind::ALL.iter().map(|kind| (kind.name(), ledger.allocations(*kind))),
            ),
            map_entries: seen.map_entries,
            header: ledger.header,
            dma: DmaCount { requests: ledger.dma.count, bytes: ledger.dma.bytes },
            lines: seen.lines,
            data_lines: data,
            dedup: Dedup {
                held: seen.held.ratio(),
                cumulative: if distinct == 0 { 1.0 } else { data.requested as f64 / distinct as f64 },
            },
            footprint: seen.footprint,
            bus: Transaction::ALL
                .iter()
                .map(|kind| (kind.name(), ledger.bus.count(*kind).requests))
                .collect(),
            accesses: buffers.access_counts(),
            receipt: run.receipt(),
            digest: run.book().digest(buffers),
        }
    }
}

fn by_name(
    label: &'static str,
    parts: impl Iterator<Item = (&'static str, Count)>,
) -> CountByName<&'static str> {
    let parts: BTreeMap<_, _> = parts.filter(|(_, count)| *count != Count::default()).collect();
    let total: Count = parts.values().copied().sum();
    CountByName { count: total.count, bytes: total.bytes, parts: BTreeMap::from([(label, parts)]) }
}

/// What a run received, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Receipt {
    /// Frames that the NIC put into memory.
    pub frames: u64,
    /// Frames that the peer sent.
    pub sent_by_peer: u64,
    /// Payload bytes that the applications received.
    pub bytes: u64,
    /// Of all bytes that applications of both hosts received, those that nobody sent; a capture's are not looked at.
    pub wrong: Option<u64>,
    /// Frames that the NIC dropped, by reason.
    pub nic_drops: BTreeMap<&'static str, u64>,
    /// What the stack dropped, by reason.
    pub stack_drops: BTreeMap<&'static str, u64>,
    /// Packets with bytes sent before, and those bytes.
    pub resent: Count,
    /// Nanoseconds until the run was over.
    pub elapsed_ns: u64,
    /// How the threads fared; a capture's have no pace of their own.
    pub fairness: Option<Fairness>,
}

/// The capture of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaptureReport {
    /// SHA-256 of the file.
    pub sha256: String,
    /// The host that is shown.
    pub shown: String,
    /// Payloads that it sends.
    pub sends: u64,
    /// Payloads that arrive at it.
    pub arrivals: u64,
    /// Packets that are neither, by reason.
    pub skipped: Skipped,
}

/// A whole run's result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Version of this object.
    pub version: u32,
    /// [`MODEL_VERSION`].
    pub model: u32,
    /// The configuration.
    pub config: Config,
    /// The changes on the way.
    pub changes: Vec<Change>,
    /// The capture, if one was replayed.
    pub capture: Option<CaptureReport>,
    /// Result by scheme.
    pub schemes: BTreeMap<&'static str, SchemeReport>,
}

/// A tap that hashes frames as [`SchemeReport::wire_sha256`] says.
#[derive(Clone, Default)]
pub struct WireHash(Sha256);

impl Tap for WireHash {
    fn frame(&mut self, _time_ns: u64, from_peer: bool, _packet: u32, frame: &[u8]) {
        self.0.update([u8::from(from_peer)]);
        self.0.update((frame.len() as u32).to_le_bytes());
        self.0.update(frame);
    }
}

/// Runs a setup through the schemes to the end.
///
/// # Errors
/// [`RunError`].
pub fn run(setup: &Setup, schemes: &[Scheme]) -> Result<Report, RunError> {
    let mut results = BTreeMap::new();
    for scheme in schemes {
        let mut lane = Lane::new(*scheme, setup, WireHash::default())?;
        while lane.step_many(1024) {
            lane.discard_events();
        }
        lane.discard_events();
        let mut report = lane.report();
        report.wire_sha256 = hex::encode(lane.tap().0.clone().finalize());
        results.insert(scheme.name(), report);
    }
    let capture = setup.capture().map(|traffic| {
        let arrivals = traffic.sends.iter().filter(|send| send.arrives).count() as u64;
        CaptureReport {
            sha256: hex::encode(traffic.sha256),
            shown: traffic.shown.to_string(),
            sends: traffic.sends.len() as u64 - arrivals,
            arrivals,
            skipped: traffic.skipped,
        }
    });
    let (config, changes) = (setup.config, setup.changes.clone());
    Ok(Report { version: 2, model: MODEL_VERSION, config, changes, capture, schemes: results })
}
