//! Runs of operations that follow from a seed, the same on every target, and a digest of all that they return.

use sha2::{Digest, Sha256};
use snapstack::memory::{MemoryConfig, MemoryError};
use snapstack::random::mix;

use super::world::{Op, World};

/// A sequence of operations.
struct Operations {
    state: u64,
}

impl Operations {
    fn below(&mut self, bound: u64) -> u64 {
        self.state += 1;
        mix(self.state) % bound
    }

    fn pick(&mut self) -> usize {
        self.below(1 << 16) as usize
    }

    fn short(&mut self, bound: u64) -> u16 {
        self.below(bound) as u16
    }

    /// Bytes that repeat often enough for lines to be shared, with runs of zeros and words that look like PLIDs.
    fn bytes(&mut self, longest: u64) -> Vec<u8> {
        let length = self.below(longest);
        match self.below(4) {
            0 => vec![self.below(4) as u8; length as usize],
            1 => (0..length / 4).flat_map(|_| (self.below(200) as u32).to_le_bytes()).collect(),
            2 => (0..length).map(|i| (i % 64) as u8).collect(),
            _ => (0..length).map(|_| self.below(3) as u8).collect(),
        }
    }

    fn next(&mut self) -> Op {
        match self.below(40) {
            0..4 => Op::Create(self.bytes(1500)),
            4 => Op::CreateZeroed(self.short(3000)),
            5..8 => Op::Snapshot(self.pick()),
            8 => Op::SnapshotInto { target: self.pick(), source: self.pick() },
            9..12 => Op::Release(self.pick()),
            12 => Op::Clear(self.pick()),
            13..18 => Op::Overwrite { segment: self.pick(), at: self.short(2500), bytes: self.bytes(300) },
            18 => Op::Append(self.pick(), self.bytes(200)),
            19 => Op::Assign(self.pick(), self.bytes(800)),
            20 => Op::Truncate(self.pick(), self.short(2500)),
            21..23 => Op::Graft {
                target: self.pick(),
                to_line: self.below(64) as u8,
                source: self.pick(),
                from_line: self.below(64) as u8,
                lines: self.below(40) as u8,
            },
            23..26 => Op::GraftBytes {
                target: self.pick(),
                to: self.short(2000),
                source: self.pick(),
                from: self.short(2000),
                count: self.short(2000),
            },
            26 => Op::Concat { target: self.pick(), source: self.pick() },
            27 => Op::ReadOnly(self.pick(), self.below(3) == 0),
            28 => Op::CompareAndSwap { target: self.pick(), expected: self.pick(), new: self.pick() },
            29..31 => Op::MergeUpdate { target: self.pick(), base: self.pick(), mine: self.pick() },
            31 => Op::Diff(self.pick(), self.pick()),
            32 => Op::Lines(self.pick()),
            33 => Op::OpenCursor(self.pick()),
            34..36 => Op::CursorWrite { cursor: self.pick(), at: self.short(2500), bytes: self.bytes(150) },
            36 => Op::CursorRead { cursor: self.pick(), at: self.short(3000), count: self.short(3000) },
            37..39 => Op::CursorCommit(self.pick()),
            _ => Op::CursorClose(self.pick()),
        }
    }
}

/// What a run found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// SHA-256 of every result, and of all bytes and counters at each check.
    pub(crate) digest: String,
    /// Operations that the memory refused for want of lines.
    pub(crate) refused: u64,
    /// Lines and segments that are still there when everything has been released.
    pub(crate) leaked: u64,
}

/// Runs `operations` operations from `seed`, checking everything each `check_every` of them and at the end.
pub(crate) fn run(config: MemoryConfig, seed: u64, operations: u64, check_every: u64) -> Outcome {
    let mut world = World::new(config);
    let mut next = Operations { state: mix(seed) >> 1 };
    let mut hash = Sha256::new();
    let mut refused = 0;
    for done in 1..=operations {
        let (kind, numbers) = match world.apply(&next.next()) {
            Ok(number) => (0u8, [number, 0]),
            Err(MemoryError::Exhausted { needed, free }) => {
                refused += 1;
                (1, [needed, free])
            }
            Err(other) => panic!("operation {done}: {other}"),
        };
        hash.update([kind]);
        numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
        if done % check_every == 0 || done == operations {
            world.verify();
            for segment in &world.segments {
                hash.update((segment.bytes.len() as u64).to_le_bytes());
                hash.update(&segment.bytes);
            }
            let (all, data) = (world.memory.line_counts(), world.memory.data_line_counts());
            let held =
                [world.memory.live_lines(), world.memory.waiting_lines(), world.memory.live_data_lines()];
            for counts in [all, data] {
                let list = [counts.requested, counts.new, counts.hits, counts.zero, counts.revived];
                list.iter().for_each(|number| hash.update(number.to_le_bytes()));
            }
            held.iter().for_each(|number| hash.update(number.to_le_bytes()));
        }
    }
    let leaked = world.empty();
    Outcome { digest: hex::encode(hash.finalize()), refused, leaked }
}
