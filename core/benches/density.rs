//! Heap bytes held per distinct line, all bookkeeping included, as the allocator sees them. A program of its own,
//! because an allocator that counts would slow down the peers of the other benchmarks.

#![cfg(not(target_family = "wasm"))]
#![allow(clippy::print_stdout, reason = "a program whose output is its results")]

use std::alloc::System;

use snapstack::memory::{Content, Memory, MemoryConfig};
use snapstack::random::mix;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const NAME: &str = "memory_per_line_64B";
const LINES: u64 = 1 << 20;
/// With their 61,440 + 3,840 + 240 + 15 + 1 interior lines these make exactly [`LINES`].
const LEAVES: usize = 983_040;
/// Bytes a line at most: its own 64, and 18 for signature, count, tags, links and the reserve for overflow.
const TARGET: f64 = 82.0;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    if !wanted.is_empty() && !wanted.iter().any(|part| NAME.contains(part.as_str())) {
        return;
    }
    let mut buffer = vec![0u8; 64 * LEAVES];
    for (i, word) in buffer.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        *word = mix(i as u64).to_le_bytes();
    }
    let region = Region::new(ALLOCATOR);
    let config = MemoryConfig { line_size: 64, lines: LINES, ..MemoryConfig::default() };
    let mut memory = Memory::new(config).expect("the configuration is valid");
    memory.create(&buffer, Content::Data).expect("the memory is sized for these lines");
    let change = region.change();
    assert_eq!(memory.live_lines(), LINES, "all lines are distinct, and held");
    let bytes = (change.bytes_allocated - change.bytes_deallocated) as f64 / LINES as f64;
    println!(r#"{{"name":"{NAME}","bytes":{bytes:.2},"target":{TARGET}}}"#);
}
