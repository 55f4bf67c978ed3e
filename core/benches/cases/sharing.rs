//! Snapshots, and writes to what has been snapshotted. The peers are persistent vectors.

use std::collections::VecDeque;

use snapstack::memory::{Content, Memory, SegmentId};
use snapstack::random::mix;

use super::{Bench, Line, MIB, Side, distinct, line, lines_for, memory};

/// Snapshots that are kept; each new one lets the oldest go.
const WINDOW: usize = 64;

/// Snapshots and writes of one run.
const WRITES: u64 = 1 << 14;

/// The writes of one run: at which line, and what. No line is ever written twice.
fn writes(run: u64, lines: usize) -> Vec<(usize, Line)> {
    let write = |i: u64| {
        let i = run * WRITES + i;
        (mix(!i) as usize & (lines - 1), line((1 << 40) + i))
    };
    (0..WRITES).map(write).collect()
}

/// Whether the oldest snapshot and the present state are what the writes up to them make.
fn check(writes: &[(usize, Line)], present: impl Fn(usize) -> Line, oldest: impl Fn(usize) -> Line) {
    let kept = writes.len() - WINDOW;
    for (seen, state) in [(writes, &present as &dyn Fn(usize) -> Line), (&writes[..kept], &oldest)] {
        // The last write to a place is the one that is seen.
        let mut places = std::collections::HashSet::new();
        for (at, line) in seen.iter().rev() {
            assert!(!places.insert(*at) || state(*at) == *line);
        }
    }
}

/// Snapshots a vector of `bytes` bytes and writes one line at a scattered place, [`WRITES`] times a run; the time is that
/// of one such pair, the release of an old snapshot included.
fn snapshot_overwrite(bench: &Bench<'_>, name: &str, bytes: usize) {
    let content = distinct(bytes);
    let lines = bytes / 64;

    // A quarter more than the lines: lines come and go, and one that has spilled from a full bucket stays outside it when
    // a way falls free, so that a memory without room to spare runs out of places for spilled lines in the end.
    let mut memory = memory(lines_for(bytes) * 5 / 4 + (WINDOW + 2) * 8);
    let segment = memory.create(&content, Content::Data).expect("the memory is large enough");
    let mut snapshots: VecDeque<SegmentId> = VecDeque::with_capacity(WINDOW + 1);
    let mut run = 0;
    let ours = || {
        let writes = writes(run, lines);
        run += 1;
        let ((), time) = bench.time(|| {
            for (at, line) in &writes {
                snapshots.push_back(memory.snapshot(segment).expect("the segment exists"));
                memory.overwrite(segment, 64 * *at as u64, line, Content::Data).expect("there is room");
                if snapshots.len() > WINDOW {
                    let oldest = snapshots.pop_front().expect("it is not empty");
                    memory.release(oldest).expect("the segment exists");
                }
            }
        });
        let memory = std::cell::RefCell::new(&mut memory);
        let read = |id: SegmentId, at: usize| {
            let mut line = [0; 64];
            memory.borrow_mut().read(id, 64 * at as u64, &mut line).expect("the segment exists");
            line
        };
        check(&writes, |at| read(segment, at), |at| read(snapshots[0], at));
        time / WRITES as f64
    };

    let mut rpds: rpds::Vector<Line> = rpds::Vector::new();
    content.as_chunks().0.iter().for_each(|line| rpds.push_back_mut(*line));
    let mut kept = VecDeque::with_capacity(WINDOW + 1);
    let mut rpds_run = 0;
    let peer_rpds = || {
        let writes = writes(rpds_run, lines);
        rpds_run += 1;
        let ((), time) = bench.time(|| {
            for (at, line) in &writes {
                kept.push_back(rpds.clone());
                rpds.set_mut(*at, *line);
                if kept.len() > WINDOW {
                    kept.pop_front();
                }
            }
        });
        check(&writes, |at| rpds[at], |at| kept[0][at]);
        time / WRITES as f64
    };

    let mut imbl: imbl::Vector<Line> = content.as_chunks().0.iter().copied().collect();
    let mut kept = VecDeque::with_capacity(WINDOW + 1);
    let mut imbl_run = 0;
    let peer_imbl = || {
        let writes = writes(imbl_run, lines);
        imbl_run += 1;
        let ((), time) = bench.time(|| {
            for (at, line) in &writes {
                kept.push_back(imbl.clone());
                imbl.set(*at, *line);
                if kept.len() > WINDOW {
                    kept.pop_front();
                }
            }
        });
        check(&writes, |at| imbl[at], |at| kept[0][at]);
        time / WRITES as f64
    };

    let sides = &mut [Side::new("ours", ours), Side::new("rpds", peer_rpds), Side::new("imbl", peer_imbl)];
    bench.contest(name, sides);
}

/// [`snapshot_overwrite`] of 1 Mi lines.
pub(super) fn snapshot_overwrite_large(bench: &Bench<'_>, name: &str) {
    snapshot_overwrite(bench, name, 64 * MIB);
}

/// [`snapshot_overwrite`] of 16 Ki lines.
pub(super) fn snapshot_overwrite_small(bench: &Bench<'_>, name: &str) {
    snapshot_overwrite(bench, name, MIB);
}

/// A snapshot of a line, of 64 KiB and of 64 MiB: here the ratio is the slowest to the fastest.
pub(super) fn snapshot_flat(bench: &Bench<'_>, name: &str) {
    const SNAPSHOTS: usize = 1 << 19;
    let mut memories: Vec<(Memory, SegmentId)> = [64, 64 << 10, 64 * MIB]
        .into_iter()
        .map(|bytes| {
            let mut memory = memory(lines_for(bytes));
            let segment = memory.create(&distinct(bytes), Content::Data).expect("the memory is large enough");
            (memory, segment)
        })
        .collect();
    let side = |(memory, segment): &mut (Memory, SegmentId)| {
        let mut snapshots = Vec::with_capacity(SNAPSHOTS);
        let ((), time) = bench.time(|| {
            for _ in 0..SNAPSHOTS {
                snapshots.push(memory.snapshot(*segment).expect("the segment exists"));
            }
        });
        assert_eq!(memory.segments(), SNAPSHOTS + 1);
        assert_eq!(memory.equal(*segment, snapshots[SNAPSHOTS / 2]), Ok(true));
        for snapshot in snapshots.into_iter().rev() {
            memory.release(snapshot).expect("the segment exists");
        }
        time / SNAPSHOTS as f64
    };
    let mut sides: Vec<_> = memories.iter_mut().map(|memory| Side::new("ours", || side(memory))).collect();
    let medians = bench.medians(&mut sides);
    let slowest = medians.iter().copied().fold(0.0, f64::max);
    let fastest = medians.iter().copied().fold(f64::INFINITY, f64::min);
    bench.report(name, slowest, "smallest", fastest, slowest / fastest);
}
