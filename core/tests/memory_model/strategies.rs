//! Random bytes, operations and configurations.

use proptest::prelude::*;
use snapstack::memory::MemoryConfig;

use crate::common::world::Op;

/// Bytes that repeat often enough for lines to be shared, with runs of zeros and patterns that look like PLIDs.
pub(crate) fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(0u8..3, 0..max),
        (0..max, 0u8..4).prop_map(|(n, byte)| vec![byte; n]),
        (0..max).prop_map(|n| (0..n).map(|i| (i % 64) as u8).collect()),
        prop::collection::vec((1u32..40).prop_map(u32::to_le_bytes), 0..max / 4)
            .prop_map(|words| words.concat()),
    ]
}

/// Every operation, all of them often enough to meet each other.
pub(crate) fn op() -> impl Strategy<Value = Op> {
    let pick = || 0usize..64;
    prop_oneof![
        6 => bytes(1500).prop_map(Op::Create),
        1 => (0u16..3000).prop_map(Op::CreateZeroed),
        4 => pick().prop_map(Op::Snapshot),
        1 => (pick(), pick()).prop_map(|(target, source)| Op::SnapshotInto { target, source }),
        3 => pick().prop_map(Op::Release),
        1 => pick().prop_map(Op::Clear),
        6 => (pick(), 0u16..2500, bytes(400)).prop_map(|(segment, at, bytes)| Op::Overwrite { segment, at, bytes }),
        2 => (pick(), bytes(300)).prop_map(|(segment, bytes)| Op::Append(segment, bytes)),
        1 => (pick(), bytes(900)).prop_map(|(segment, bytes)| Op::Assign(segment, bytes)),
        2 => (pick(), 0u16..2500).prop_map(|(segment, length)| Op::Truncate(segment, length)),
        3 => (pick(), pick(), 0u8..64, 0u8..64, 0u8..40).prop_map(|(target, source, to_line, from_line, lines)| {
            Op::Graft { target, to_line, source, from_line, lines }
        }),
        4 => (pick(), pick(), any::<[u16; 3]>()).prop_map(|(target, source, [to, from, count])| {
            Op::GraftBytes { target, to: to % 2000, source, from, count }
        }),
        2 => (pick(), pick()).prop_map(|(target, source)| Op::Concat { target, source }),
        1 => (pick(), any::<bool>()).prop_map(|(segment, flag)| Op::ReadOnly(segment, flag)),
        1 => (pick(), pick(), pick()).prop_map(|(target, expected, new)| Op::CompareAndSwap { target, expected, new }),
        4 => (pick(), pick(), pick()).prop_map(|(target, base, mine)| Op::MergeUpdate { target, base, mine }),
        1 => (pick(), pick()).prop_map(|(a, b)| Op::Diff(a, b)),
        1 => pick().prop_map(Op::Lines),
        2 => pick().prop_map(Op::OpenCursor),
        4 => (pick(), 0u16..2500, bytes(200)).prop_map(|(cursor, at, bytes)| Op::CursorWrite { cursor, at, bytes }),
        1 => (pick(), any::<[u16; 2]>()).prop_map(|(cursor, [at, count])| Op::CursorRead { cursor, at, count }),
        3 => pick().prop_map(Op::CursorCommit),
        1 => pick().prop_map(Op::CursorClose),
    ]
}

/// Line sizes, bucket geometries and delayed-free sizes, for about `lines` lines.
pub(crate) fn config(lines: impl Strategy<Value = u64>) -> impl Strategy<Value = MemoryConfig> {
    let line_size = prop::sample::select(vec![16u32, 32, 64]);
    let delayed_free = prop::sample::select(vec![0u32, 1, 3, 40, 1000]);
    (line_size, lines, 12u32..=32, delayed_free).prop_map(|(line_size, lines, ways, delayed_free)| {
        MemoryConfig { line_size, lines, ways, delayed_free, ..MemoryConfig::default() }
    })
}
