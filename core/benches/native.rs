//! The benchmarks, natively: one JSON object a line. `cargo xtask bench` runs them and makes a table of it.
//!
//! Arguments without dashes choose the cases whose names contain one of them.

#![cfg(not(target_family = "wasm"))]
#![allow(clippy::print_stdout, reason = "a program whose output is its results")]

mod cases;

use std::time::Instant;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let start = Instant::now();
    let now = || start.elapsed().as_nanos() as f64;
    let bench = cases::Bench { now: &now, print: &|line| println!("{line}") };
    for (name, case) in cases::CASES {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())) {
            case(&bench, name);
        }
    }
}
