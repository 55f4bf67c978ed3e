//! `snapstack run`: one capture or workload, one configuration, one result.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::net::Network;
use snapstack::buffers::Scheme;
use snapstack::sim::net::Fairness;
use snapstack::sim::{
    self, Change, Config, Report, Retention, SchemeReport, Setup, Workload, parse_line_size, parse_retention,
    parse_seed,
};
use snapstack::traffic::{Traffic, TrafficBuilder};

/// The demo capture of the page: repeated pages to several clients (its provenance is beside it).
const DEMO: &[u8] = include_bytes!("../../static/captures/demo-web.pcap");
/// Bytes read from a file at a time.
const CHUNK: usize = 1 << 16;

/// Arguments of `snapstack run`.
#[derive(Args)]
pub(crate) struct Run {
    /// pcap or pcapng file; without it, the page's demo capture.
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// Bytes a memory line: 16, 32 or 64.
    #[arg(long, value_name = "N", default_value = "64", value_parser = parse_line_size)]
    line_size: u32,
    /// Seed of what is drawn: initial sequence numbers.
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse_seed)]
    seed: u64,
    /// What an application does with its buffer after `send()`: keep, overwrite or free.
    #[arg(long, value_name = "RETENTION", default_value = "keep", value_parser = parse_retention)]
    retention: Retention,
    /// Schemes to run, separated by commas: `sk_buff`, `snapshot`.
    #[arg(long, value_name = "SCHEME", value_delimiter = ',', default_value = "sk_buff,snapshot", value_parser = parse_scheme)]
    scheme: Vec<Scheme>,
    /// Something that happens on the way, any number of times: `lose:out:FRAME`, `lose:in:FRAME`, `flip:PACKET:BYTE[:SCHEME]`,
    /// `overwrite:TIME_NS:THREAD`, `rings:TIME_NS:SLOTS`.
    #[arg(long, value_name = "CHANGE")]
    change: Vec<Change>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    network: Network,
}

pub(crate) fn parse_scheme(text: &str) -> Result<Scheme, String> {
    Scheme::from_name(text).ok_or_else(|| format!("{text:?} is no scheme: choose sk_buff or snapshot"))
}

impl Run {
    /// Runs and returns what is to be printed.
    pub(crate) fn execute(&self) -> Result<String, String> {
        let base = Config {
            line_size: self.line_size,
            seed: self.seed,
            retention: self.retention,
            ..Config::default()
        };
        let config = self.network.config(base);
        let traffic = (config.workload == Workload::Capture).then(|| self.traffic()).transpose()?;
        if let Some(warning) = traffic.as_ref().and_then(Traffic::warning) {
            eprintln!("snapstack: {warning}");
        }
        let setup = Setup { changes: self.change.clone(), ..Setup::new(config, traffic.map(Arc::new)) };
        let report = sim::run(&setup, &self.scheme).map_err(|e| e.to_string())?;
        if self.json { serde_json::to_string(&report).map_err(|e| e.to_string()) } else { Ok(table(&report)) }
    }

    fn traffic(&self) -> Result<Traffic, String> {
        let Some(path) = &self.capture else { return Traffic::read(DEMO).map_err(|e| e.to_string()) };
        let name = path.display();
        let mut file = File::open(path).map_err(|e| {
            format!("{name} cannot be opened ({e}). Give the path of a pcap or pcapng file with --capture.")
        })?;
        let mut builder = TrafficBuilder::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            match file.read(&mut chunk) {
                Ok(0) => break,
                Ok(len) => builder.push(&chunk[..len]),
                Err(e) => return Err(format!("{name} cannot be read ({e}).")),
            }
        }
        builder.finish().map_err(|e| format!("{name}: {e}"))
    }
}

fn table(report: &Report) -> String {
    let mut rows = vec![[String::new()].to_vec()];
    rows[0].extend(report.schemes.keys().map(|name| (*name).to_owned()));
    let mut row = |label: &str, value: &dyn Fn(&SchemeReport) -> String| {
        let mut cells = vec![label.to_owned()];
        cells.extend(report.schemes.values().map(value));
        rows.push(cells);
    };
    row("frames sent", &|s| s.frames.to_string());
    row("frames received", &|s| s.receipt.frames.to_string());
    row("payload bytes received", &|s| s.receipt.bytes.to_string());
    row("payload bytes resent", &|s| s.receipt.resent.bytes.to_string());
    row("frames dropped by the NIC", &|s| s.receipt.nic_drops.values().sum::<u64>().to_string());
    row("dropped by the stack", &|s| s.receipt.stack_drops.values().sum::<u64>().to_string());
    row("bytes copied", &|s| s.copies.bytes.to_string());
    row("copies", &|s| s.copies.count.to_string());
    row("allocations", &|s| s.allocations.count.to_string());
    row("map entries", &|s| s.map_entries.to_string());
    row("header bytes written", &|s| s.header.bytes.to_string());
    row("NIC requests", &|s| s.dma.requests.to_string());
    row("NIC bytes", &|s| s.dma.bytes.to_string());
    row("lines looked up", &|s| s.lines.requested.to_string());
    row("lines new", &|s| s.lines.new.to_string());
    row("data lines looked up", &|s| s.data_lines.requested.to_string());
    row("data lines new", &|s| s.data_lines.new.to_string());
    row("dedup ratio, held", &|s| format!("{:.3}", s.dedup.held));
    row("dedup ratio, cumulative", &|s| format!("{:.3}", s.dedup.cumulative));
    row("footprint, bytes", &|s| s.footprint.to_string());
    row("bus requests", &|s| s.bus.values().sum::<u64>().to_string());
    row("memory accesses", &|s| s.accesses.total().to_string());
    if report.schemes.values().any(|s| s.receipt.fairness.is_some()) {
        let of = |s: &SchemeReport, value: fn(&Fairness) -> String| {
            s.receipt.fairness.as_ref().map_or(String::new(), value)
        };
        row("longest wait of a thread, us", &|s| of(s, |f| (f.waited_ns[1] / 1000).to_string()));
        row("fairness (Jain)", &|s| of(s, |f| format!("{:.3}", f.jain)));
    }
    row("simulated time, us", &|s| (s.receipt.elapsed_ns / 1000).to_string());
    row("wire SHA-256", &|s| s.wire_sha256[..16].to_owned());
    row("digest", &|s| s.digest[..16].to_owned());
    crate::table::render(&rows)
}
