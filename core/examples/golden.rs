//! Prints the golden digests of tests/golden anew: `cargo run --release --example golden -- demo`, or `net`. They change only
//! with `sim::MODEL_VERSION`.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::sync::Arc;

use snapstack::buffers::Scheme;
use snapstack::sim::{Config, Report, Retention, Setup, Workload, run};
use snapstack::traffic::Traffic;

fn digests(report: &Report) -> String {
    format!("{} {}", report.schemes["sk_buff"].digest, report.schemes["snapshot"].digest)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("demo") => {
            let traffic = Arc::new(Traffic::read(include_bytes!("../../static/captures/demo-web.pcap"))?);
            for line_size in [16, 32, 64] {
                for retention in Retention::ALL {
                    let config = Config { line_size, retention, ..Config::for_capture() };
                    let report = run(&Setup::new(config, Some(Arc::clone(&traffic))), &Scheme::ALL)?;
                    println!("{line_size} {} {}", retention.name(), digests(&report));
                }
            }
        }
        Some("net") => {
            for workload in Workload::SIMULATED {
                let config = Config {
                    workload,
                    seed: 11,
                    threads: 3,
                    bytes: 100_000,
                    message: 10_000,
                    loss: 10_000,
                    duplicate: 10_000,
                    reorder: 10_000,
                    corrupt: 10_000,
                    ..Config::default()
                };
                println!("{} {}", workload.name(), digests(&run(&Setup::new(config, None), &Scheme::ALL)?));
            }
        }
        _ => return Err("say which: demo or net".into()),
    }
    Ok(())
}
