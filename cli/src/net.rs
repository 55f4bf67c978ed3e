//! `snapstack run --workload`: two simulated hosts, threads, and the whole stack between them.

use clap::Args;
use snapstack::buffers::Scheme;
use snapstack::sim::net::{self, NetConfig, NetReport, NetRun, Receive, Workload};

/// What a simulated run depends on beside what a replay does.
#[derive(Args)]
pub(crate) struct Network {
    /// Simulate two hosts instead of replaying a capture: bulk, web, request, fanout or overwriter.
    #[arg(long, value_name = "NAME", value_parser = Workload::parse, conflicts_with = "capture")]
    workload: Option<Workload>,
    /// Threads of each host, 1 to 1000.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "workload")]
    threads: u32,
    /// Payload bytes of each thread.
    #[arg(long, value_name = "N", default_value_t = 1 << 20, requires = "workload")]
    bytes: u64,
    /// Bytes that an application writes at once.
    #[arg(long, value_name = "N", default_value_t = 16 << 10, requires = "workload")]
    message: u32,
    /// Receive into contiguous buffers instead of segments.
    #[arg(long, requires = "workload")]
    contiguous: bool,
    /// Frames lost, in percent.
    #[arg(long, value_name = "P", default_value_t = 0.0, requires = "workload")]
    loss: f64,
    /// Frames delivered twice, in percent.
    #[arg(long, value_name = "P", default_value_t = 0.0, requires = "workload")]
    duplicate: f64,
    /// Frames delivered late, in percent.
    #[arg(long, value_name = "P", default_value_t = 0.0, requires = "workload")]
    reorder: f64,
    /// Frames with a flipped bit, in percent.
    #[arg(long, value_name = "P", default_value_t = 0.0, requires = "workload")]
    corrupt: f64,
    /// Most bytes of a send that the NIC cuts into segments; 0 has the stack cut.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "workload")]
    tso: u32,
    /// Slots of each ring, 64 to 4096.
    #[arg(long, value_name = "N", default_value_t = 512, requires = "workload")]
    ring_slots: u32,
    /// Pairs of rings, 1 to 16.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "workload")]
    queues: u16,
}

/// Frames per million from percent; what cannot be meant becomes a value that the configuration refuses.
fn per_million(percent: f64) -> u32 {
    if (0.0..=100.0).contains(&percent) { (percent * 10_000.0).round() as u32 } else { u32::MAX }
}

impl Network {
    /// The configuration, if a workload was asked for.
    pub(crate) fn config(&self, line_size: u32, seed: u64) -> Option<NetConfig> {
        Some(NetConfig {
            workload: self.workload?,
            threads: self.threads,
            bytes: self.bytes,
            message: self.message,
            receive: if self.contiguous { Receive::Contiguous } else { Receive::Segments },
            line_size,
            seed,
            ring_slots: self.ring_slots,
            queues: self.queues,
            tso: self.tso,
            loss: per_million(self.loss),
            duplicate: per_million(self.duplicate),
            reorder: per_million(self.reorder),
            corrupt: per_million(self.corrupt),
            ..NetConfig::default()
        })
    }
}

/// Runs a configuration and returns what is to be printed.
pub(crate) fn execute(config: NetConfig, schemes: &[Scheme], json: bool) -> Result<String, String> {
    let report = net::run(config, schemes).map_err(|e| e.to_string())?;
    if json { serde_json::to_string(&report).map_err(|e| e.to_string()) } else { Ok(table(&report)) }
}

fn table(report: &NetReport) -> String {
    let runs = || report.schemes.values();
    let row = |label: &str, value: &dyn Fn(&NetRun) -> String| {
        std::iter::once(label.to_owned()).chain(runs().map(value)).collect::<Vec<_>>()
    };
    let names = report.schemes.keys().map(|name| (*name).to_owned());
    crate::table::render(&[
        std::iter::once(String::new()).chain(names).collect(),
        row("frames sent", &|r| r.scheme.frames.to_string()),
        row("frames received", &|r| r.receipt.frames.to_string()),
        row("payload bytes received", &|r| r.receipt.bytes.to_string()),
        row("payload bytes resent", &|r| r.receipt.resent.bytes.to_string()),
        row("bytes copied", &|r| r.scheme.copies.bytes.to_string()),
        row("allocations", &|r| r.scheme.allocations.count.to_string()),
        row("map entries", &|r| r.scheme.map_entries.to_string()),
        row("NIC requests", &|r| r.scheme.dma.requests.to_string()),
        row("NIC bytes", &|r| r.scheme.dma.bytes.to_string()),
        row("lines looked up", &|r| r.scheme.lines.requested.to_string()),
        row("lines new", &|r| r.scheme.lines.new.to_string()),
        row("dedup ratio, cumulative", &|r| format!("{:.3}", r.scheme.dedup.cumulative)),
        row("longest wait of a thread, us", &|r| (r.fairness.waited_ns[1] / 1000).to_string()),
        row("fairness (Jain)", &|r| format!("{:.3}", r.fairness.jain)),
        row("simulated time, us", &|r| (r.receipt.elapsed_ns / 1000).to_string()),
        row("wire SHA-256", &|r| r.scheme.wire_sha256[..16].to_owned()),
        row("digest", &|r| r.scheme.digest[..16].to_owned()),
    ])
}
