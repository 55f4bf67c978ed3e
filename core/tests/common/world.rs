//! A memory beside the plain byte vectors that its segments and cursors must behave like.

use snapstack::ledger::{CopyCause, Ledger};
use snapstack::memory::{Commit, Content, CursorId, Memory, MemoryConfig, MemoryError, SegmentId};

use super::merge::merge;

/// Most segments and cursors at a time; making one more releases the first.
const SEGMENTS: usize = 40;
const CURSORS: usize = 6;
/// Segments that have grown over this are cut by the next operation that would extend them.
const LONGEST: usize = 12_000;

/// One operation. Numbers that choose a segment or a cursor are taken modulo how many there are.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Create(Vec<u8>),
    CreateZeroed(u16),
    Snapshot(usize),
    SnapshotInto { target: usize, source: usize },
    Release(usize),
    Clear(usize),
    Overwrite { segment: usize, at: u16, bytes: Vec<u8> },
    Append(usize, Vec<u8>),
    Assign(usize, Vec<u8>),
    Truncate(usize, u16),
    Graft { target: usize, to_line: u8, source: usize, from_line: u8, lines: u8 },
    GraftBytes { target: usize, to: u16, source: usize, from: u16, count: u16 },
    Concat { target: usize, source: usize },
    ReadOnly(usize, bool),
    CompareAndSwap { target: usize, expected: usize, new: usize },
    MergeUpdate { target: usize, base: usize, mine: usize },
    Diff(usize, usize),
    Lines(usize),
    OpenCursor(usize),
    CursorWrite { cursor: usize, at: u16, bytes: Vec<u8> },
    CursorRead { cursor: usize, at: u16, count: u16 },
    CursorCommit(usize),
    CursorClose(usize),
}

impl Op {
    fn is_on_cursor(&self) -> bool {
        matches!(
            self,
            Self::CursorWrite { .. } | Self::CursorRead { .. } | Self::CursorCommit(_) | Self::CursorClose(_)
        )
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) id: SegmentId,
    pub(crate) bytes: Vec<u8>,
    read_only: bool,
    /// Tells segments apart that had one ID after another.
    serial: u64,
}

#[derive(Clone, Debug)]
struct Register {
    id: CursorId,
    segment: SegmentId,
    serial: u64,
    base: Vec<u8>,
    view: Vec<u8>,
    written: bool,
}

pub(crate) struct World {
    pub(crate) memory: Memory,
    pub(crate) segments: Vec<Segment>,
    cursors: Vec<Register>,
    ledger: Ledger,
    serial: u64,
}

/// Whether the memory refused for want of lines, which no model predicts.
fn exhausted(error: &MemoryError) -> bool {
    matches!(error, MemoryError::Exhausted { .. } | MemoryError::Delayed { .. })
}

fn write(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    if !new.is_empty() {
        bytes.resize(bytes.len().max(at + new.len()), 0);
        bytes[at..at + new.len()].copy_from_slice(new);
    }
}

impl World {
    pub(crate) fn new(config: MemoryConfig) -> Self {
        let memory = Memory::new(config).expect("tests use valid configurations");
        Self { memory, segments: Vec::new(), cursors: Vec::new(), ledger: Ledger::default(), serial: 0 }
    }

    fn add(&mut self, id: SegmentId, bytes: Vec<u8>) {
        self.serial += 1;
        self.segments.push(Segment { id, bytes, read_only: false, serial: self.serial });
    }

    fn make_room(&mut self) -> Result<(), MemoryError> {
        if self.segments.len() >= SEGMENTS {
            self.memory.release(self.segments.remove(0).id)?;
        }
        Ok(())
    }

    fn drop_cursor(&mut self, index: usize) {
        let cursor = self.cursors.remove(index);
        self.memory.close_cursor(cursor.id).expect("the cursor is open");
    }

    /// Carries out `op` in memory and model and holds what it returns against the model; a number that stands for that.
    ///
    /// # Errors
    /// Only that the memory is exhausted: all other errors are predicted.
    pub(crate) fn apply(&mut self, op: &Op) -> Result<u64, MemoryError> {
        let expected = self.predict(op);
        let result = self.carry_out(op);
        match (&expected, &result) {
            (_, Err(error)) if exhausted(error) => {}
            (Some(expected), Err(error)) => assert_eq!(error, expected, "{op:?}"),
            (Some(expected), Ok(_)) => panic!("{op:?} should fail: {expected}"),
            (None, Err(MemoryError::Conflict { .. })) => panic!("conflicts are predicted: {op:?}"),
            (None, Err(error)) => panic!("{op:?} failed: {error}"),
            (None, Ok(_)) => {}
        }
        match result {
            Err(error) if !exhausted(&error) => Ok(1 << 40),
            other => other,
        }
    }

    /// The segment that an operation writes.
    fn written(&self, op: &Op) -> Option<&Segment> {
        let at = match op {
            Op::Overwrite { segment, .. } => *segment,
            Op::SnapshotInto { target, .. }
            | Op::Graft { target, .. }
            | Op::GraftBytes { target, .. }
            | Op::Concat { target, .. }
            | Op::CompareAndSwap { target, .. }
            | Op::MergeUpdate { target, .. }
            | Op::Clear(target)
            | Op::Append(target, _)
            | Op::Assign(target, _)
            | Op::Truncate(target, _) => *target,
            _ => return None,
        };
        self.segments.get(at % self.segments.len().max(1))
    }

    fn at(&self, index: usize) -> usize {
        index % self.segments.len().max(1)
    }

    /// The error that an operation must end with, the range of a conflict apart.
    fn predict(&self, op: &Op) -> Option<MemoryError> {
        if let Some(segment) = self.written(op).filter(|segment| segment.read_only) {
            return Some(MemoryError::ReadOnly(segment.id));
        }
        if let Op::CursorCommit(cursor) = op {
            let cursor = self.cursors.get(cursor % self.cursors.len().max(1))?;
            let segment = self.segments.iter().find(|segment| segment.serial == cursor.serial);
            return match segment {
                None => Some(MemoryError::UnknownSegment(cursor.segment)),
                Some(segment) if segment.read_only => Some(MemoryError::ReadOnly(cursor.segment)),
                Some(_) => None,
            };
        }
        None
    }

    fn carry_out(&mut self, op: &Op) -> Result<u64, MemoryError> {
        let line = self.memory.line_size() as usize;
        match op {
            Op::Create(bytes) => {
                self.make_room()?;
                let id = self.memory.create(bytes, Content::Data)?;
                self.add(id, bytes.clone());
            }
            Op::CreateZeroed(length) => {
                self.make_room()?;
                let id = self.memory.create_zeroed(u64::from(*length))?;
                self.add(id, vec![0; usize::from(*length)]);
            }
            _ if self.segments.is_empty() && !op.is_on_cursor() => {}
            Op::Snapshot(source) => {
                self.make_room()?;
                let source = self.segments[self.at(*source)].clone();
                let id = self.memory.snapshot(source.id)?;
                self.add(id, source.bytes);
            }
            Op::SnapshotInto { target, source } => {
                let (target, source) = (self.at(*target), self.at(*source));
                self.memory.snapshot_into(self.segments[target].id, self.segments[source].id)?;
                self.segments[target].bytes = self.segments[source].bytes.clone();
            }
            Op::Release(segment) => {
                let index = self.at(*segment);
                self.memory.release(self.segments.remove(index).id)?;
            }
            Op::Clear(segment) => {
                let index = self.at(*segment);
                self.memory.clear(self.segments[index].id)?;
                self.segments[index].bytes.clear();
            }
            Op::Overwrite { segment, at, bytes } => {
                let index = self.at(*segment);
                self.memory.overwrite(self.segments[index].id, u64::from(*at), bytes, Content::Data)?;
                write(&mut self.segments[index].bytes, usize::from(*at), bytes);
            }
            Op::Append(segment, bytes) => {
                let index = self.at(*segment);
                self.shorten(index)?;
                self.memory.append(self.segments[index].id, bytes, Content::Other)?;
                self.segments[index].bytes.extend_from_slice(bytes);
            }
            Op::Assign(segment, bytes) => {
                let index = self.at(*segment);
                self.memory.assign(self.segments[index].id, bytes, Content::Data)?;
                self.segments[index].bytes.clone_from(bytes);
            }
            Op::Truncate(segment, length) => {
                let index = self.at(*segment);
                self.memory.truncate(self.segments[index].id, u64::from(*length))?;
                self.segments[index].bytes.resize(usize::from(*length), 0);
            }
            Op::Graft { target, to_line, source, from_line, lines } => {
                let (target, source) = (self.at(*target), self.at(*source));
                let (to, from) = (usize::from(*to_line) * line, usize::from(*from_line) * line);
                let room = (self.segments[target].bytes.len() / line).saturating_sub(usize::from(*to_line));
                let length = usize::from(*lines).min(room) * line;
                let to = if length == 0 { 0 } else { to };
                let old = self.segments[source].bytes.clone();
                let (id, origin) = (self.segments[target].id, self.segments[source].id);
                self.memory.graft(id, to as u64, origin, from as u64, length as u64)?;
                for i in 0..length {
                    self.segments[target].bytes[to + i] = old.get(from + i).copied().unwrap_or(0);
                }
            }
            Op::GraftBytes { target, to, source, from, count } => {
                let (target, source) = (self.at(*target), self.at(*source));
                let length = self.segments[source].bytes.len();
                let from = usize::from(*from) % (length + 1);
                let count = usize::from(*count) % (length - from + 1);
                return self.graft_bytes(target, usize::from(*to), source, from, count);
            }
            Op::Concat { target, source } => {
                let (target, source) = (self.at(*target), self.at(*source));
                self.shorten(target)?;
                let (id, origin) = (self.segments[target].id, self.segments[source].id);
                let relined = self.memory.concat(id, origin, &mut self.ledger)?;
                let bytes = self.segments[source].bytes.clone();
                self.segments[target].bytes.extend_from_slice(&bytes);
                return Ok(relined);
            }
            Op::ReadOnly(segment, read_only) => {
                let index = self.at(*segment);
                self.memory.set_read_only(self.segments[index].id, *read_only)?;
                self.segments[index].read_only = *read_only;
            }
            Op::CompareAndSwap { target, expected, new } => {
                let [target, expected, new] = [*target, *expected, *new].map(|index| self.at(index));
                let [id, old, next] = [target, expected, new].map(|index| self.segments[index].id);
                let swapped = self.memory.compare_and_swap(id, old, next)?;
                assert_eq!(swapped, self.segments[target].bytes == self.segments[expected].bytes);
                if swapped {
                    self.segments[target].bytes = self.segments[new].bytes.clone();
                }
                return Ok(u64::from(swapped));
            }
            Op::MergeUpdate { target, base, mine } => {
                let [target, base, mine] = [*target, *base, *mine].map(|index| self.at(index));
                let [id, old, own] = [target, base, mine].map(|index| self.segments[index].id);
                let [theirs, base, mine] = [target, base, mine].map(|index| &self.segments[index].bytes);
                let wanted = merge(base, mine, theirs);
                let result = self.memory.merge_update(id, old, own).map(|()| 0);
                return self.merged(target, wanted, result);
            }
            Op::Diff(a, b) => {
                let (a, b) = (self.at(*a), self.at(*b));
                let runs = self.memory.diff(self.segments[a].id, self.segments[b].id)?;
                return Ok(self.hold_diff(a, b, &runs));
            }
            Op::Lines(segment) => {
                let index = self.at(*segment);
                let mut bytes = Vec::new();
                self.memory.for_each_line(self.segments[index].id, |offset, line| {
                    assert_eq!(offset, bytes.len() as u64);
                    bytes.extend_from_slice(line);
                })?;
                let mut padded = self.segments[index].bytes.clone();
                padded.resize(padded.len().next_multiple_of(line), 0);
                assert_eq!(bytes, padded);
            }
            Op::OpenCursor(segment) => {
                if self.cursors.len() >= CURSORS {
                    self.drop_cursor(0);
                }
                let Segment { id, bytes, serial, .. } = self.segments[self.at(*segment)].clone();
                let cursor = self.memory.open_cursor(id)?;
                self.cursors.push(Register {
                    id: cursor,
                    segment: id,
                    serial,
                    base: bytes.clone(),
                    view: bytes,
                    written: false,
                });
            }
            _ if self.cursors.is_empty() => {}
            Op::CursorWrite { cursor, at, bytes } => {
                let index = cursor % self.cursors.len();
                let cursor = &mut self.cursors[index];
                self.memory.cursor_write(cursor.id, u64::from(*at), bytes, Content::Data)?;
                write(&mut cursor.view, usize::from(*at), bytes);
                cursor.written |= !bytes.is_empty();
            }
            Op::CursorRead { cursor, at, count } => {
                let index = cursor % self.cursors.len();
                let cursor = &self.cursors[index];
                let at = usize::from(*at) % (cursor.view.len() + 1);
                let count = usize::from(*count) % (cursor.view.len() - at + 1);
                let mut out = vec![0xaa; count];
                self.memory.cursor_read(cursor.id, at as u64, &mut out)?;
                assert_eq!(out, cursor.view[at..at + count]);
            }
            Op::CursorCommit(cursor) => return self.commit(cursor % self.cursors.len()),
            Op::CursorClose(cursor) => self.drop_cursor(cursor % self.cursors.len()),
        }
        Ok(0)
    }

    fn shorten(&mut self, index: usize) -> Result<(), MemoryError> {
        let segment = &mut self.segments[index];
        if segment.bytes.len() > LONGEST && !segment.read_only {
            self.memory.truncate(segment.id, 100)?;
            segment.bytes.truncate(100);
        }
        Ok(())
    }

    fn graft_bytes(
        &mut self,
        target: usize,
        to: usize,
        source: usize,
        from: usize,
        count: usize,
    ) -> Result<u64, MemoryError> {
        let line = self.memory.line_size() as usize;
        let before = self.ledger.copies(CopyCause::Reline).bytes;
        let (id, origin) = (self.segments[target].id, self.segments[source].id);
        let range = from as u64..(from + count) as u64;
        let relined = self.memory.graft_bytes(id, to as u64, origin, range, &mut self.ledger)?;
        assert_eq!(relined, self.ledger.copies(CopyCause::Reline).bytes - before, "every byte is entered");
        let moved = self.segments[source].bytes[from..from + count].to_vec();
        if to % line != from % line {
            assert_eq!(relined, count as u64, "all bytes shift between lines");
        } else {
            assert!(relined < 2 * line as u64, "only the ends are re-lined, not {relined} bytes");
        }
        write(&mut self.segments[target].bytes, to, &moved);
        Ok(relined)
    }

    /// Holds the outcome of a merge against the one wanted.
    fn merged(
        &mut self,
        target: usize,
        wanted: Result<Vec<u8>, u64>,
        result: Result<u64, MemoryError>,
    ) -> Result<u64, MemoryError> {
        match (wanted, result) {
            (_, Err(error)) if exhausted(&error) || matches!(error, MemoryError::ReadOnly(_)) => Err(error),
            (Ok(bytes), Ok(number)) => {
                self.segments[target].bytes = bytes;
                Ok(number)
            }
            (Err(first), Err(MemoryError::Conflict { segment, offset, end })) => {
                assert_eq!((segment, offset), (self.segments[target].id, first), "the conflict is named");
                assert!(offset < end);
                Ok(offset)
            }
            (wanted, result) => panic!("merge gave {result:?} in place of {wanted:?}"),
        }
    }

    fn commit(&mut self, index: usize) -> Result<u64, MemoryError> {
        let cursor = self.cursors[index].clone();
        let target = self.segments.iter().position(|segment| segment.serial == cursor.serial);
        let result = self.memory.cursor_commit(cursor.id);
        let (Some(target), false) = (target, matches!(result, Err(MemoryError::ReadOnly(_)))) else {
            return result.map(|commit| commit as u64);
        };
        let theirs = &self.segments[target].bytes;
        let (wanted, kind) = match () {
            () if !cursor.written => (Ok(theirs.clone()), Commit::Unchanged),
            () if *theirs == cursor.base => (Ok(cursor.view.clone()), Commit::Swapped),
            () => (merge(&cursor.base, &cursor.view, theirs), Commit::Merged),
        };
        let done = result.is_ok();
        assert!(result.is_err() || result == Ok(kind), "{result:?} in place of {kind:?}");
        let number = self.merged(target, wanted, result.map(|commit| commit as u64))?;
        if done && cursor.written {
            let now = self.segments[target].bytes.clone();
            self.cursors[index] = Register { base: now.clone(), view: now, written: false, ..cursor };
        }
        Ok(number)
    }

    /// The runs name exactly the lines that differ, in order, none touching the next; their bytes.
    fn hold_diff(&self, a: usize, b: usize, runs: &[std::ops::Range<u64>]) -> u64 {
        let line = self.memory.line_size() as usize;
        let (a, b) = (&self.segments[a].bytes, &self.segments[b].bytes);
        let at = |bytes: &[u8], i: usize| bytes.get(i).copied().unwrap_or(0);
        assert!(runs.windows(2).all(|pair| pair[0].end < pair[1].start), "{runs:?}");
        for index in 0..a.len().max(b.len()).div_ceil(line) {
            let start = index * line;
            let differs = (start..start + line).any(|i| at(a, i) != at(b, i));
            let named = runs.iter().any(|run| run.contains(&(start as u64)));
            assert_eq!(differs, named, "line {index} of {runs:?}");
        }
        runs.iter().map(|run| run.end - run.start).sum()
    }

    /// Checks the invariants and holds all bytes, lengths and equalities against the model.
    pub(crate) fn verify(&mut self) {
        self.memory.check().unwrap_or_else(|broken| panic!("{broken}"));
        assert_eq!(self.memory.segments(), self.segments.len());
        for segment in &self.segments {
            assert_eq!(self.memory.length(segment.id), Ok(segment.bytes.len() as u64));
            assert!(self.memory.to_vec(segment.id).as_ref() == Ok(&segment.bytes), "segment {}", segment.id);
        }
        for pair in self.segments.windows(2) {
            let equal = self.memory.equal(pair[0].id, pair[1].id);
            assert_eq!(equal, Ok(pair[0].bytes == pair[1].bytes), "roots are equal just when contents are");
        }
        for cursor in &self.cursors {
            let mut out = vec![0; cursor.view.len()];
            assert_eq!(self.memory.cursor_length(cursor.id), Ok(cursor.view.len() as u64));
            assert_eq!(self.memory.cursor_read(cursor.id, 0, &mut out), Ok(()));
            assert!(out == cursor.view, "cursor {}", cursor.id);
        }
    }

    /// Releases and closes everything; what is left then leaked.
    pub(crate) fn empty(&mut self) -> u64 {
        while !self.cursors.is_empty() {
            self.drop_cursor(0);
        }
        for segment in std::mem::take(&mut self.segments) {
            self.memory.release(segment.id).expect("the segment exists");
        }
        self.memory.drain_waiting();
        self.memory.live_lines() + self.memory.waiting_lines() + self.memory.segments() as u64
    }
}
