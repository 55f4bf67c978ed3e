//! A long seeded run of the memory against plain byte vectors, with the invariant checker at intervals: `cargo xtask soak`.
//! Ends with an error if a line or a segment is left when everything has been released.

#![allow(clippy::print_stdout, reason = "a command-line tool talks to its user on stdout")]

#[path = "../tests/common/driver.rs"]
mod driver;
#[path = "../tests/common/merge.rs"]
mod merge;
#[path = "../tests/common/world.rs"]
mod world;

use std::process::ExitCode;
use std::time::Instant;

use snapstack::memory::MemoryConfig;

/// Line size, ways, lines and delayed free of the runs, which share the operations: roomy and tight.
const RUNS: [(u32, u32, u64, u32); 6] = [
    (16, 12, 50_000, 0),
    (16, 32, 1_000, 100),
    (32, 16, 50_000, 1000),
    (32, 24, 600, 0),
    (64, 12, 50_000, 64),
    (64, 20, 400, 7),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let operations: u64 = match arguments.next().map_or(Ok(10_000_000), |text| text.parse()) {
        Ok(operations) => operations,
        Err(error) => {
            eprintln!("usage: soak [OPERATIONS [SEED]]: {error}");
            return ExitCode::FAILURE;
        }
    };
    let seed = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let each = operations.div_ceil(RUNS.len() as u64);
    let (mut done, mut leaked) = (0, 0);
    let start = Instant::now();
    for (line_size, ways, lines, delayed_free) in RUNS {
        let config = MemoryConfig { line_size, ways, lines, delayed_free, ..MemoryConfig::default() };
        let began = Instant::now();
        let count = each.min(operations - done);
        let outcome = driver::run(config, seed, count, 20_000);
        done += count;
        leaked += outcome.leaked;
        println!(
            "{line_size:2} B lines, {ways} ways, {lines:5} lines, {delayed_free:4} waiting: {count} operations in {:.1} s, \
             {} refused, {} left, {}",
            began.elapsed().as_secs_f64(),
            outcome.refused,
            outcome.leaked,
            &outcome.digest[..16]
        );
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{done} operations in {seconds:.1} s, {}",
        if leaked == 0 { "no leak" } else { "LINES OR SEGMENTS LEAKED" }
    );
    if leaked == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
