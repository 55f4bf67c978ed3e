//! Random operation sequences over many segments against plain byte vectors, with the invariant checker after each step.

#![cfg(not(target_family = "wasm"))]

use proptest::prelude::*;
use snapstack::memory::{Content, Memory, MemoryConfig, MemoryError, SegmentId};

#[derive(Clone, Debug)]
enum Op {
    Create(Vec<u8>),
    Snapshot(usize),
    Release(usize),
    Overwrite(usize, usize, Vec<u8>),
    Graft { to: usize, from: usize, to_line: usize, from_line: usize, lines: usize },
    Clear(usize),
    SnapshotInto(usize, usize),
}

/// Bytes that repeat often enough for lines to be shared, with runs of zeros and patterns that look like PLIDs.
fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(0u8..3, 0..max),
        (0..max, 0u8..4).prop_map(|(n, byte)| vec![byte; n]),
        prop::collection::vec((1u32..40).prop_map(u32::to_le_bytes), 0..max / 4)
            .prop_map(|words| words.concat()),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let any = 0usize..64;
    prop_oneof![
        3 => bytes(1500).prop_map(Op::Create),
        2 => any.clone().prop_map(Op::Snapshot),
        2 => any.clone().prop_map(Op::Release),
        4 => (any.clone(), 0usize..2500, bytes(400)).prop_map(|(s, at, b)| Op::Overwrite(s, at, b)),
        3 => (any.clone(), any.clone(), 0usize..64, 0usize..64, 0usize..40).prop_map(
            |(to, from, to_line, from_line, lines)| Op::Graft { to, from, to_line, from_line, lines }),
        1 => any.clone().prop_map(Op::Clear),
        1 => (any.clone(), any).prop_map(|(a, b)| Op::SnapshotInto(a, b)),
    ]
}

struct Pair {
    memory: Memory,
    model: Vec<(SegmentId, Vec<u8>)>,
}

impl Pair {
    fn apply(&mut self, op: &Op) -> Result<(), MemoryError> {
        let count = self.model.len();
        let line = self.memory.line_size() as usize;
        match op {
            Op::Create(bytes) => {
                let id = self.memory.create(bytes, Content::Data)?;
                self.model.push((id, bytes.clone()));
            }
            _ if count == 0 => {}
            Op::Snapshot(i) => {
                let (id, bytes) = self.model[i % count].clone();
                let id = self.memory.snapshot(id)?;
                self.model.push((id, bytes));
            }
            Op::Release(i) => {
                let (id, _) = self.model.swap_remove(i % count);
                self.memory.release(id)?;
            }
            Op::Overwrite(i, at, new) => {
                let (id, bytes) = &mut self.model[i % count];
                self.memory.overwrite(*id, *at as u64, new, Content::Data)?;
                if !new.is_empty() {
                    bytes.resize(bytes.len().max(at + new.len()), 0);
                    bytes[*at..at + new.len()].copy_from_slice(new);
                }
            }
            Op::Graft { to, from, to_line, from_line, lines } => {
                let (source, from_bytes) = self.model[from % count].clone();
                let (id, bytes) = &mut self.model[to % count];
                let lines = (*lines).min((bytes.len() / line).saturating_sub(*to_line));
                let (to, from) = (to_line * line, from_line * line);
                if lines == 0 {
                    return Ok(());
                }
                self.memory.graft(*id, to as u64, source, from as u64, (lines * line) as u64)?;
                for i in 0..lines * line {
                    bytes[to + i] = from_bytes.get(from + i).copied().unwrap_or(0);
                }
            }
            Op::Clear(i) => {
                let (id, bytes) = &mut self.model[i % count];
                self.memory.clear(*id)?;
                bytes.clear();
            }
            Op::SnapshotInto(target, source) => {
                let (id, bytes) = self.model[source % count].clone();
                self.memory.snapshot_into(self.model[target % count].0, id)?;
                self.model[target % count].1 = bytes;
            }
        }
        Ok(())
    }

    fn verify(&mut self) -> Result<(), TestCaseError> {
        if let Err(broken) = self.memory.check() {
            return Err(TestCaseError::fail(broken.to_string()));
        }
        for (id, bytes) in &self.model {
            prop_assert_eq!(&self.memory.to_vec(*id).unwrap(), bytes);
        }
        for window in self.model.windows(2) {
            let equal = self.memory.equal(window[0].0, window[1].0).unwrap();
            prop_assert_eq!(equal, window[0].1 == window[1].1, "roots are equal just when contents are");
        }
        Ok(())
    }
}

fn run(config: MemoryConfig, ops: &[Op]) -> Result<(), TestCaseError> {
    let mut pair = Pair { memory: Memory::new(config).unwrap(), model: Vec::new() };
    for op in ops {
        match pair.apply(op) {
            Ok(()) | Err(MemoryError::Exhausted { .. }) => {}
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
        pair.verify()?;
    }
    for (id, _) in std::mem::take(&mut pair.model) {
        pair.memory.release(id).unwrap();
    }
    pair.memory.drain_waiting();
    pair.verify()?;
    prop_assert_eq!(pair.memory.live_lines(), 0, "nothing leaks");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn segments_behave_like_byte_vectors(
        line_size in prop::sample::select(vec![16u32, 32, 64]),
        ways in prop::sample::select(vec![12u32, 16, 32]),
        delayed_free in prop::sample::select(vec![0u32, 3, 100]),
        ops in prop::collection::vec(op(), 1..60),
    ) {
        run(MemoryConfig { line_size, ways, delayed_free, lines: 20_000 }, &ops)?;
    }

    #[test]
    fn exhaustion_leaves_everything_as_it_was(
        line_size in prop::sample::select(vec![16u32, 32, 64]),
        delayed_free in prop::sample::select(vec![0u32, 10]),
        lines in 1u64..60,
        ops in prop::collection::vec(op(), 1..60),
    ) {
        run(MemoryConfig { line_size, ways: 12, delayed_free, lines }, &ops)?;
    }
}

#[test]
fn snapshot_keeps_old_bytes_after_overwrite() {
    let mut memory = Memory::new(MemoryConfig::default()).unwrap();
    let first: Vec<u8> = (0..5000u32).map(|i| (i % 251) as u8).collect();
    let segment = memory.create(&first, Content::Data).unwrap();
    let snapshot = memory.snapshot(segment).unwrap();
    memory.overwrite(segment, 1000, &[0xee; 2000], Content::Data).unwrap();
    assert_eq!(memory.to_vec(snapshot).unwrap(), first);
}

#[test]
fn data_cannot_forge_a_reference() {
    let mut memory = Memory::new(MemoryConfig { line_size: 16, ..MemoryConfig::default() }).unwrap();
    let real = memory.create(&[7; 64], Content::Data).unwrap();
    let live = memory.live_lines();
    // The bytes of the interior line over four references to PLID 1..: as data it is another line.
    for guess in 1u32..200_000 {
        if guess % 1000 == 0 {
            let forged = memory.create(&guess.to_le_bytes().repeat(4), Content::Data).unwrap();
            memory.release(forged).unwrap();
        }
    }
    assert_eq!(memory.live_lines(), live);
    assert_eq!(memory.to_vec(real).unwrap(), [7; 64]);
    memory.check().unwrap();
}

#[test]
fn a_snapshot_is_one_map_entry_and_no_line() {
    let mut memory = Memory::new(MemoryConfig::default()).unwrap();
    let page = memory.create(&[1; 100_000], Content::Data).unwrap();
    let (entries, lines) = (memory.map_entries_written(), memory.line_counts());
    memory.snapshot(page).unwrap();
    assert_eq!(memory.map_entries_written() - entries, 1);
    assert_eq!(memory.line_counts(), lines);
}

#[test]
fn a_line_that_waits_is_revived_by_a_content_hit() {
    let config = MemoryConfig { delayed_free: 100, ..MemoryConfig::default() };
    let mut memory = Memory::new(config).unwrap();
    let page: Vec<u8> = (0..4096u32).flat_map(|i| (i as u16).to_le_bytes()).collect();
    let first = memory.create(&page, Content::Data).unwrap();
    memory.release(first).unwrap();
    assert_eq!(
        (memory.live_lines(), memory.waiting_lines()),
        (136, 1),
        "a waiting root keeps its children counted"
    );
    let before = memory.line_counts();
    memory.create(&page, Content::Data).unwrap();
    let counted = memory.line_counts().since(&before);
    assert_eq!((counted.requested, counted.new, counted.revived), (137, 0, 1));
    memory.check().unwrap();
}

#[test]
fn errors_carry_numbers_and_change_nothing() {
    let mut memory = Memory::new(MemoryConfig::default()).unwrap();
    let segment = memory.create(&[1; 100], Content::Data).unwrap();
    let mut out = [0; 8];
    assert_eq!(
        memory.read(segment, 96, &mut out),
        Err(MemoryError::OutOfRange { segment, offset: 96, end: 104, length: 100 })
    );
    assert_eq!(memory.read(SegmentId(99), 0, &mut out), Err(MemoryError::UnknownSegment(SegmentId(99))));
    assert_eq!(memory.graft(segment, 0, segment, 3, 64), Err(MemoryError::Unaligned { line: 64, offset: 3 }));
    for (config, error) in [
        (MemoryConfig { line_size: 48, ..MemoryConfig::default() }, MemoryError::LineSize(48)),
        (MemoryConfig { ways: 33, ..MemoryConfig::default() }, MemoryError::Ways(33)),
        (MemoryConfig { lines: 0, ..MemoryConfig::default() }, MemoryError::Capacity(0)),
    ] {
        assert_eq!(Memory::new(config).err(), Some(error));
    }
    assert_eq!(memory.to_vec(segment).unwrap(), [1; 100]);
}
