//! What serving cost: the ledger, the drops and the injected faults, as text or JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use snapstack::buffers::Buffers;
use snapstack::ledger::{AllocationKind, CopyCause, Count};
use snapstack::nic::LinkCounts;
use snapstack::stack::Stack;

use super::wire::Wire;

/// Faults of one direction.
#[derive(Serialize)]
struct Faults {
    frames: u64,
    lost: u64,
    duplicated: u64,
    late: u64,
}

impl From<LinkCounts> for Faults {
    fn from(counts: LinkCounts) -> Self {
        let LinkCounts { sent, lost, duplicated, late, .. } = counts;
        Self { frames: sent, lost, duplicated, late }
    }
}

/// The summary.
#[derive(Serialize)]
pub(super) struct Report {
    scheme: &'static str,
    responses: u64,
    frames_received: u64,
    packets_posted: u64,
    connections: u64,
    /// Payload that sending moved: into the kernel, and by re-lining.
    copied_on_send: Count,
    copies: BTreeMap<&'static str, Count>,
    allocations: BTreeMap<&'static str, Count>,
    app_write: Count,
    header: Count,
    dma: Count,
    drops: BTreeMap<&'static str, u64>,
    refused: Option<String>,
    nic_dropped: u64,
    device_refused: u64,
    from_device: Faults,
    to_device: Faults,
}

impl Report {
    pub(super) fn new<B: Buffers>(stack: &Stack<B>, wire: &Wire, responses: u64) -> Self {
        let ledger = stack.buffers().ledger();
        let some = |count: &Count| count.count > 0;
        let copies = CopyCause::ALL.map(|cause| (cause.name(), ledger.copies(cause)));
        let allocations = AllocationKind::ALL.map(|kind| (kind.name(), ledger.allocations(kind)));
        let [from_device, to_device] = wire.counts().map(Faults::from);
        let app = ledger.app_write;
        Self {
            scheme: stack.buffers().scheme().name(),
            responses,
            frames_received: stack.counters().frames_received,
            packets_posted: stack.counters().packets_posted,
            connections: stack.counters().connections,
            copied_on_send: ledger.copies(CopyCause::UserToKernel) + ledger.copies(CopyCause::Reline),
            copies: copies.into_iter().filter(|(_, count)| some(count)).collect(),
            allocations: allocations.into_iter().filter(|(_, count)| some(count)).collect(),
            app_write: Count { count: app.count, bytes: app.bytes },
            header: ledger.header,
            dma: ledger.dma,
            drops: stack.drops().iter().map(|(reason, count)| (reason.name(), count)).collect(),
            refused: stack.refused().map(ToString::to_string),
            nic_dropped: stack.buffers().nic_counts().dropped.iter().sum(),
            device_refused: wire.refused(),
            from_device,
            to_device,
        }
    }

    /// The summary for people.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![
            format!("scheme              {}", self.scheme),
            format!("responses           {}", self.responses),
            format!("connections         {}", self.connections),
            format!("frames received     {}", self.frames_received),
            format!("packets posted      {}", self.packets_posted),
            format!("copied on sending   {} bytes", self.copied_on_send.bytes),
        ];
        let counts = |title: &str, counts: &BTreeMap<&'static str, Count>| -> Vec<String> {
            let line = |(name, count): (&&str, &Count)| {
                format!("{title} {name}: {} of {} bytes", count.count, count.bytes)
            };
            counts.iter().map(line).collect()
        };
        lines.append(&mut counts("copies", &self.copies));
        lines.append(&mut counts("allocations", &self.allocations));
        lines.extend(self.drops.iter().map(|(reason, count)| format!("dropped {reason}: {count}")));
        lines.join("\n")
    }
}
