//! The result of a run as one serialisable value: what the command line prints and the page's totals are held against.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::config::Config;
use super::digest::MODEL_VERSION;
use super::host::{Fault, SimError, Tap};
use super::run::Lane;
use crate::buffers::{BufferError, Buffers, Scheme};
use crate::ledger::{AllocationKind, AppWrite, CopyCause, Count, PacketId};
use crate::memory::LineCounts;
use crate::traffic::{Skipped, Traffic};

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
    /// Frames on the wire.
    pub frames: u64,
    /// Events recorded.
    pub events: u64,
    /// SHA-256 over the frames in wire order, each as its length (u32, little-endian) and its bytes without FCS; empty
    /// unless the run computed it.
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
    pub(super) fn new<B: Buffers>(buffers: &B, frames: u64, events: u64, digest: String) -> Self {
        let (ledger, seen) = (buffers.ledger(), buffers.observe());
        let data = seen.data_lines;
        let distinct = data.new + u64::from(data.zero > 0);
        Self {
            frames,
            events,
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
            digest,
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

/// A whole run's result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Version of this object.
    pub version: u32,
    /// [`MODEL_VERSION`].
    pub model: u32,
    /// The configuration.
    pub config: Config,
    /// SHA-256 of the capture.
    pub capture_sha256: String,
    /// Calls of `send()`.
    pub sends: u64,
    /// Packets of the capture that were not sent, by reason.
    pub skipped: Skipped,
    /// Result by scheme.
    pub schemes: BTreeMap<&'static str, SchemeReport>,
}

/// A tap that hashes frames as [`SchemeReport::wire_sha256`] says.
#[derive(Clone, Default)]
pub struct WireHash(pub(super) Sha256);

impl Tap for WireHash {
    fn frame(&mut self, _packet: PacketId, frame: &[u8]) {
        self.0.update((frame.len() as u32).to_le_bytes());
        self.0.update(frame);
    }
}

/// A run that could not be made or finished.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The scheme could not be set up.
    #[error(transparent)]
    Setup(#[from] BufferError),
    /// The run stopped.
    #[error(transparent)]
    Sim(#[from] SimError),
}

/// Runs the traffic through the schemes to the end.
///
/// # Errors
/// [`RunError`].
pub fn run_all(
    traffic: &Arc<Traffic>,
    config: Config,
    schemes: &[Scheme],
    fault: Option<(Scheme, Fault)>,
) -> Result<Report, RunError> {
    let mut results = BTreeMap::new();
    for scheme in schemes {
        let fault = fault.and_then(|(at, fault)| (at == *scheme).then_some(fault));
        let mut lane = Lane::new(*scheme, traffic, config, WireHash::default(), fault)?;
        while lane.step_many(1024)? {
            lane.discard_events();
        }
        let (mut report, WireHash(hash)) = lane.finish();
        report.wire_sha256 = hex::encode(hash.finalize());
        results.insert(scheme.name(), report);
    }
    Ok(Report {
        version: 1,
        model: MODEL_VERSION,
        config,
        capture_sha256: hex::encode(traffic.sha256),
        sends: traffic.sends.len() as u64,
        skipped: traffic.skipped,
        schemes: results,
    })
}
