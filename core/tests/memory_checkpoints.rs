//! Checkpoints of the whole memory: restored states are those that were, whatever happened in between, and what follows
//! is what would have followed (DESIGN.md section 6).

#![cfg(not(target_family = "wasm"))]

use proptest::prelude::*;
use snapstack::memory::{
    AccessCounts, CacheConfig, CheckpointId, Commit, Content, CursorId, Dag, Indexing, LineCounts, LineKind,
    Memory, MemoryConfig, MemoryError, Occupancy, SegmentId,
};

/// Everything that can be seen of a memory.
#[derive(Clone, Debug, PartialEq)]
struct View {
    dags: Vec<Dag>,
    occupancy: Occupancy,
    lines: [LineCounts; 2],
    accesses: AccessCounts,
    map_cache: String,
    cache: String,
}

/// A memory, and what its segments hold by a model of plain vectors.
#[derive(Clone)]
struct Pair {
    memory: Memory,
    segments: Vec<(SegmentId, Vec<u8>)>,
    cursors: Vec<CursorId>,
}

impl Pair {
    fn new(config: MemoryConfig, cache: bool) -> Self {
        let mut memory = Memory::new(config).unwrap();
        if cache {
            let model =
                CacheConfig { size: 64 * u64::from(config.line_size), ways: 4, line_size: config.line_size };
            memory.set_last_level_cache(Some((model, Indexing::ByContent))).unwrap();
        }
        Self { memory, segments: Vec::new(), cursors: Vec::new() }
    }

    fn view(&self) -> View {
        let memory = &self.memory;
        let counts = |kind| memory.last_level_cache().map(|cache| cache.counts(kind));
        View {
            dags: self.segments.iter().map(|(id, _)| memory.dag(*id, usize::MAX).unwrap()).collect(),
            occupancy: memory.occupancy(),
            lines: [memory.line_counts(), memory.data_line_counts()],
            accesses: memory.access_counts(),
            map_cache: format!("{:?}", memory.map_cache().counts()),
            cache: format!("{:?}", [LineKind::Content, LineKind::Row].map(counts)),
        }
    }

    fn apply(&mut self, op: &Op) {
        let count = self.segments.len();
        let result = match op {
            Op::Create(bytes) => self.memory.create(bytes, Content::Data).map(|id| {
                self.segments.push((id, bytes.clone()));
            }),
            Op::Drain => {
                self.memory.drain_waiting();
                Ok(())
            }
            Op::Close(i) if !self.cursors.is_empty() => {
                let cursor = self.cursors.swap_remove(i % self.cursors.len());
                self.memory.close_cursor(cursor)
            }
            _ if count == 0 => Ok(()),
            Op::Snapshot(i) => {
                let (id, bytes) = self.segments[i % count].clone();
                self.memory.snapshot(id).map(|id| self.segments.push((id, bytes)))
            }
            Op::Release(i) => {
                let (id, _) = self.segments.swap_remove(i % count);
                self.memory.release(id)
            }
            Op::Overwrite(i, at, new) => {
                let (id, bytes) = &mut self.segments[i % count];
                self.memory.overwrite(*id, *at as u64, new, Content::Data).map(|()| {
                    if !new.is_empty() {
                        bytes.resize(bytes.len().max(at + new.len()), 0);
                        bytes[*at..at + new.len()].copy_from_slice(new);
                    }
                })
            }
            Op::Cursor(i, at, new) => {
                self.memory.open_cursor(self.segments[i % count].0).and_then(|cursor| {
                    self.cursors.push(cursor);
                    self.memory.cursor_write(cursor, *at as u64, new, Content::Data)
                })
            }
            Op::Close(_) => Ok(()),
        };
        assert!(matches!(result, Ok(()) | Err(MemoryError::Exhausted { .. })), "{result:?}");
    }

    fn verify(&mut self) -> Result<(), TestCaseError> {
        if let Err(broken) = self.memory.check() {
            return Err(TestCaseError::fail(broken.to_string()));
        }
        // Reading moves the caches and counters, so a clone is read.
        let mut copy = self.memory.clone();
        for (id, bytes) in &self.segments {
            prop_assert_eq!(&copy.to_vec(*id).unwrap(), bytes);
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Op {
    Create(Vec<u8>),
    Snapshot(usize),
    Release(usize),
    Overwrite(usize, usize, Vec<u8>),
    Cursor(usize, usize, Vec<u8>),
    Close(usize),
    Drain,
}

#[derive(Clone, Debug)]
enum Step {
    Run(Vec<Op>),
    Checkpoint,
    Restore(usize),
    Drop(usize),
}

fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(0u8..3, 0..max),
        (0..max, 0u8..4).prop_map(|(n, byte)| vec![byte; n]),
        prop::collection::vec(any::<u8>(), 0..max),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let any = 0usize..64;
    prop_oneof![
        3 => bytes(900).prop_map(Op::Create),
        3 => any.clone().prop_map(Op::Snapshot),
        3 => any.clone().prop_map(Op::Release),
        4 => (any.clone(), 0usize..1500, bytes(300)).prop_map(|(s, at, b)| Op::Overwrite(s, at, b)),
        2 => (any.clone(), 0usize..900, bytes(100)).prop_map(|(s, at, b)| Op::Cursor(s, at, b)),
        1 => any.prop_map(Op::Close),
        1 => Just(Op::Drain),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let any = 0usize..64;
    prop_oneof![
        4 => prop::collection::vec(op(), 1..6).prop_map(Step::Run),
        3 => Just(Step::Checkpoint),
        3 => any.clone().prop_map(Step::Restore),
        2 => any.prop_map(Step::Drop),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_checkpoint_can_be_restored_at_any_time(
        line_size in prop::sample::select(vec![16u32, 32, 64]),
        ways in prop::sample::select(vec![12u32, 32]),
        delayed_free in prop::sample::select(vec![0u32, 3, 100]),
        // The small ones overflow their buckets and run out of room.
        lines in prop::sample::select(vec![40u64, 400, 10_000]),
        cache in any::<bool>(),
        steps in prop::collection::vec(step(), 1..40),
        after in prop::collection::vec(op(), 1..8),
    ) {
        let mut now = Pair::new(MemoryConfig { line_size, ways, delayed_free, lines }, cache);
        let mut kept: Vec<(CheckpointId, Pair)> = Vec::new();
        for step in &steps {
            match step {
                Step::Run(ops) => ops.iter().for_each(|op| now.apply(op)),
                Step::Checkpoint => kept.push((now.memory.checkpoint(), now.clone())),
                _ if kept.is_empty() => {}
                Step::Restore(i) => {
                    let (id, then) = &kept[i % kept.len()];
                    now.memory.restore(*id).unwrap();
                    now.segments.clone_from(&then.segments);
                    now.cursors.clone_from(&then.cursors);
                    prop_assert_eq!(now.view(), then.view());
                    // What comes next is what would have come next, PLIDs and counters included.
                    let (mut again, mut straight) = (now.clone(), then.clone());
                    after.iter().for_each(|op| again.apply(op));
                    after.iter().for_each(|op| straight.apply(op));
                    prop_assert_eq!(again.view(), straight.view());
                }
                Step::Drop(i) => {
                    let (id, _) = kept.swap_remove(i % kept.len());
                    let before = now.view();
                    now.memory.drop_checkpoint(id).unwrap();
                    prop_assert_eq!(now.view(), before);
                    prop_assert_eq!(now.memory.restore(id), Err(MemoryError::UnknownCheckpoint(id)));
                    prop_assert_eq!(now.memory.checkpoint_bytes() == 0, kept.is_empty());
                }
            }
            now.verify()?;
        }
        for (id, then) in kept.iter().rev() {
            now.memory.restore(*id).unwrap();
            now.segments.clone_from(&then.segments);
            now.cursors.clone_from(&then.cursors);
            prop_assert_eq!(now.view(), then.view());
            now.verify()?;
        }
    }
}

#[test]
fn an_open_cursor_is_restored_with_its_transient_lines() {
    let mut memory = Memory::new(MemoryConfig::default()).unwrap();
    let segment = memory.create(&[1; 1000], Content::Data).unwrap();
    let cursor = memory.open_cursor(segment).unwrap();
    memory.cursor_write(cursor, 500, &[2; 10], Content::Data).unwrap();
    let checkpoint = memory.checkpoint();
    assert_eq!(memory.cursor_commit(cursor), Ok(Commit::Swapped));
    memory.close_cursor(cursor).unwrap();

    memory.restore(checkpoint).unwrap();
    assert_eq!(memory.to_vec(segment).unwrap(), [1; 1000]);
    assert_eq!(memory.cursor_commit(cursor), Ok(Commit::Swapped));
    assert_eq!(memory.to_vec(segment).unwrap()[498..512], [1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1]);
    memory.check().unwrap();
}

#[test]
fn what_checkpoints_hold_is_bounded_by_what_changed() {
    let mut memory = Memory::new(MemoryConfig { lines: 1 << 16, ..MemoryConfig::default() }).unwrap();
    let bytes: Vec<u8> = (0..1u32 << 18).flat_map(|i| (i.wrapping_mul(0x9e37_79b1)).to_le_bytes()).collect();
    let segment = memory.create(&bytes, Content::Data).unwrap();
    assert_eq!(memory.checkpoint_bytes(), 0);
    let first = memory.checkpoint();
    let idle = memory.checkpoint_bytes();
    assert!(idle < memory.heap_bytes() as u64 / 200, "a bit a block and little more, not {idle} bytes");

    let second = memory.checkpoint();
    for i in 0..10 {
        memory.overwrite(segment, i * 100_000, &[i as u8 + 1; 64], Content::Data).unwrap();
    }
    // Ten times five lines written and as many freed, each with its line, its tags and its row header.
    let changed = memory.checkpoint_bytes() - idle;
    assert!((10 * 64..1 << 16).contains(&changed), "{changed} bytes");

    memory.restore(first).unwrap();
    memory.drop_checkpoint(second).unwrap();
    memory.drop_checkpoint(first).unwrap();
    assert_eq!(memory.checkpoint_bytes(), 0);
    assert_eq!(memory.to_vec(segment).unwrap(), bytes);
}
