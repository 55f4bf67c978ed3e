//! Whole segments: interning their lines, reading them, releasing them. The peer is a hash map from line to number.

use std::hint::black_box;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use snapstack::memory::Content;

use super::{Bench, Line, MIB, Side, distinct, lines_for, memory};

type Map = HashMap<Line, u32, RandomState>;

const PEER: &str = "hashbrown";

/// A map presized for `capacity` lines that numbers the lines of `bytes`.
fn numbered(bytes: &[u8], capacity: usize) -> Map {
    let mut map = Map::with_capacity_and_hasher(capacity, RandomState::default());
    for (line, id) in bytes.as_chunks::<64>().0.iter().zip(0..) {
        map.entry(*line).or_insert(id);
    }
    map
}

/// Both sides are made, and allocated, within the time.
fn build(bench: &Bench<'_>, name: &str, bytes: &[u8], distinct: usize, lines: usize) {
    let ours = || {
        let ((mut memory, segment), time) = bench.time(|| {
            let mut memory = memory(lines);
            let segment = memory.create(bytes, Content::Data).expect("the memory is large enough");
            (memory, segment)
        });
        assert_eq!(memory.live_data_lines(), distinct as u64);
        assert!(memory.to_vec(segment).expect("the segment exists") == bytes);
        time
    };
    let peer = || {
        let (map, time) = bench.time(|| numbered(bytes, distinct));
        assert_eq!(map.len(), distinct);
        let last = bytes.as_chunks::<64>().0.last().expect("there are lines");
        assert_eq!(map[last], distinct as u32 - 1);
        time
    };
    bench.contest(name, &mut [Side::new("ours", ours), Side::new(PEER, peer)]);
}

/// 1 Mi distinct lines into a fresh memory, or map, sized for them.
pub(super) fn intern_distinct(bench: &Bench<'_>, name: &str) {
    build(bench, name, &distinct(64 * MIB), MIB, lines_for(64 * MIB));
}

/// 16 Ki distinct lines into a fresh memory, or map, sized for them.
pub(super) fn build_distinct(bench: &Bench<'_>, name: &str) {
    build(bench, name, &distinct(MIB), MIB / 64, lines_for(MIB));
}

/// One 4 KiB page 256 times over, into a fresh memory, or map, for the lines of one page.
pub(super) fn build_repeated(bench: &Bench<'_>, name: &str) {
    build(bench, name, &distinct(4096).repeat(256), 64, 2 * lines_for(4096));
}

/// 1 Mi lines that are all there already: ours counts references, the map counts in its values.
pub(super) fn intern_hit(bench: &Bench<'_>, name: &str) {
    let bytes = distinct(64 * MIB);
    let mut memory = memory(lines_for(64 * MIB));
    let first = memory.create(&bytes, Content::Data).expect("the memory is large enough");
    let mut map = numbered(&bytes, MIB);
    let ours = || {
        let before = memory.data_line_counts();
        let (second, time) = bench.time(|| memory.create(&bytes, Content::Data));
        let second = second.expect("no line is new");
        assert_eq!(memory.data_line_counts().hits - before.hits, MIB as u64);
        assert_eq!(memory.equal(first, second), Ok(true));
        memory.release(second).expect("the segment exists");
        time
    };
    let mut rounds = 0;
    let peer = || {
        let (found, time) = bench.time(|| {
            let mut found = 0;
            for line in bytes.as_chunks::<64>().0 {
                if let Some(count) = map.get_mut(line) {
                    *count += 1;
                    found += 1;
                }
            }
            found
        });
        assert_eq!(found, MIB);
        rounds += 1;
        assert_eq!(map[bytes.last_chunk().expect("there are lines")], MIB as u32 - 1 + rounds);
        time
    };
    bench.contest(name, &mut [Side::new("ours", ours), Side::new(PEER, peer)]);
}

/// 1 MiB of distinct lines read into a buffer; the peer copies it from another buffer.
pub(super) fn read(bench: &Bench<'_>, name: &str) {
    const TIMES: usize = 64;
    let bytes = distinct(MIB);
    let mut memory = memory(lines_for(MIB));
    let segment = memory.create(&bytes, Content::Data).expect("the memory is large enough");
    let (mut out, mut copy) = (vec![0; MIB], vec![0; MIB]);
    let ours = || {
        out.fill(0);
        let ((), time) = bench.time(|| {
            for _ in 0..TIMES {
                memory.read(segment, 0, black_box(&mut out)).expect("the segment exists");
            }
        });
        assert!(out == bytes);
        time / TIMES as f64
    };
    let peer = || {
        copy.fill(0);
        let ((), time) = bench.time(|| {
            for _ in 0..TIMES {
                black_box(&mut copy).copy_from_slice(black_box(&bytes));
            }
        });
        assert!(copy == bytes);
        time / TIMES as f64
    };
    bench.contest(name, &mut [Side::new("ours", ours), Side::new("memcpy", peer)]);
}

/// The last reference to 1 Mi distinct lines goes: every one dies and is freed. The peer drops its map, which frees all
/// its lines in one piece.
pub(super) fn release(bench: &Bench<'_>, name: &str) {
    let bytes = distinct(64 * MIB);
    let mut memory = memory(lines_for(64 * MIB));
    let ours = || {
        let segment = memory.create(&bytes, Content::Data).expect("the memory is large enough");
        let (result, time) = bench.time(|| memory.release(segment));
        assert_eq!((result, memory.live_lines()), (Ok(()), 0));
        time
    };
    let peer = || {
        let map = numbered(&bytes, MIB);
        assert_eq!(map.len(), MIB);
        bench.time(|| drop(map)).1
    };
    bench.contest(name, &mut [Side::new("ours", ours), Side::new(PEER, peer)]);
}
