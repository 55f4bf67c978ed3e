//! The benchmark cases, the same natively and in wasm. Every case runs ours and its peers in turn, checks what they
//! computed after the clock has stopped, and prints one JSON object: the medians in nanoseconds, and how many times the
//! fastest peer's time is ours.

mod bulk;
mod hosts;
mod loopback;
mod seek;
mod sharing;
mod stack;

use std::hint::black_box;

use snapstack::memory::{Memory, MemoryConfig};
use snapstack::random::mix;

/// A line of all cases: 64 bytes.
pub(crate) type Line = [u8; 64];

pub(crate) const MIB: usize = 1 << 20;

/// Runs of each side of a case; the median counts.
const RUNS: usize = 9;

/// What a case needs of the world.
pub(crate) struct Bench<'a> {
    /// Nanoseconds since any fixed point. In a browser this moves in steps of 0.1 ms.
    pub(crate) now: &'a dyn Fn() -> f64,
    /// Takes a line of output.
    pub(crate) print: &'a dyn Fn(&str),
}

type Case = fn(&Bench<'_>, &str);

/// All cases, in the order in which they run.
pub(crate) const CASES: &[(&str, Case)] = &[
    ("intern_distinct_64MiB", bulk::intern_distinct),
    ("intern_hit_64MiB", bulk::intern_hit),
    ("build_1MiB_distinct", bulk::build_distinct),
    ("build_1MiB_repeated", bulk::build_repeated),
    ("read_1MiB", bulk::read),
    ("release_64MiB", bulk::release),
    ("snapshot_overwrite_64MiB", sharing::snapshot_overwrite_large),
    ("snapshot_overwrite_1MiB", sharing::snapshot_overwrite_small),
    ("snapshot_flat", sharing::snapshot_flat),
    ("diff_1_line_in_64MiB", sharing::diff_one_line),
    ("checkpoint_64MiB", sharing::checkpoint),
    ("send_1460", stack::send),
    ("loopback_1460", stack::both_ends),
    ("send_tso", stack::segmented),
    ("million", seek::seek),
];

/// One side of a case: its name, and a run of it that returns the nanoseconds it took.
pub(crate) struct Side<'a>(pub(crate) &'a str, pub(crate) Box<dyn FnMut() -> f64 + 'a>);

impl<'a> Side<'a> {
    pub(crate) fn new(name: &'a str, run: impl FnMut() -> f64 + 'a) -> Self {
        Self(name, Box::new(run))
    }
}

impl Bench<'_> {
    /// Runs `work` and returns its result and its time in nanoseconds.
    pub(crate) fn time<T>(&self, work: impl FnOnce() -> T) -> (T, f64) {
        let start = (self.now)();
        let result = black_box(work());
        let end = (self.now)();
        (result, end - start)
    }

    /// Medians of the sides' times, run in turn after one run of each that does not count.
    pub(crate) fn medians(&self, sides: &mut [Side<'_>]) -> Vec<f64> {
        let mut times = vec![Vec::new(); sides.len()];
        for run in 0..=RUNS {
            for (Side(_, side), times) in sides.iter_mut().zip(&mut times) {
                let time = side();
                if run > 0 {
                    times.push(time);
                }
            }
        }
        times.into_iter().map(median).collect()
    }

    /// Ours against its peers: the first side against the fastest of the others.
    pub(crate) fn contest(&self, name: &str, sides: &mut [Side<'_>]) {
        let medians = self.medians(sides);
        let (peer, peer_ns) = sides[1..]
            .iter()
            .map(|side| side.0)
            .zip(medians[1..].iter().copied())
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .expect("a contest has a peer");
        self.report(name, medians[0], peer, peer_ns, peer_ns / medians[0]);
    }

    pub(crate) fn report(&self, name: &str, ours_ns: f64, peer: &str, peer_ns: f64, ratio: f64) {
        (self.print)(&format!(
            r#"{{"name":"{name}","ours_ns":{ours_ns:.1},"peer":"{peer}","peer_ns":{peer_ns:.1},"ratio":{ratio:.3}}}"#
        ));
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

/// A line that no other `seed` gives.
pub(crate) fn line(seed: u64) -> Line {
    let mut line = [0; 64];
    for (word, i) in line.as_chunks_mut::<8>().0.iter_mut().zip(0..) {
        *word = mix(8 * seed + i).to_le_bytes();
    }
    line
}

/// `bytes` bytes of lines that are all distinct.
pub(crate) fn distinct(bytes: usize) -> Vec<u8> {
    (0..bytes as u64 / 64).flat_map(line).collect()
}

/// An empty memory for `lines` lines.
pub(crate) fn memory(lines: usize) -> Memory {
    let config = MemoryConfig { line_size: 64, lines: lines as u64, ..MemoryConfig::default() };
    Memory::new(config).expect("the configuration is valid")
}

/// Lines of a segment of `bytes` bytes, all leaves distinct: the leaves, and the interior lines above them.
pub(crate) fn lines_for(bytes: usize) -> usize {
    let mut level = bytes / 64;
    let mut lines = level;
    while level > 1 {
        level = level.div_ceil(16);
        lines += level;
    }
    lines
}
