//! Grafts: a segment takes over lines of another by reference (DESIGN.md 2.9).
//!
//! ```text
//! source   |..aaaa|aaaaaa|aaaa..|      the same phase: whole lines go by reference,
//! target   |..aaaa|aaaaaa|aaaa..|      only the two ends are re-lined
//!
//! source   |..aaaa|aaaaaa|aaaa..|      another phase: every byte shifts between lines,
//! target   |aaaaaa|aaaaaa|aa....|      so every byte is re-lined, and counted as copied
//! ```

use std::ops::Range;

use super::build::Scratch;
use super::dag::{self, Move, Root};
use super::store::{Content, Full, Store};
use super::{Memory, MemoryError, SegmentId, within};
use crate::ledger::{CopyCause, Ledger};

/// Bytes re-lined at once.
const CHUNK: u64 = 1 << 16;

/// How `count` bytes go from byte `from` of a source to byte `to` of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    to: u64,
    from: u64,
    /// `to..first` is re-lined, `first..last` goes by reference, `last..end` is re-lined.
    first: u64,
    last: u64,
    end: u64,
}

impl Plan {
    /// `ends_both`: the bytes end the source and end the target, so that a partial last line has zeros behind in both.
    fn new(line: u64, to: u64, from: u64, count: u64, ends_both: bool) -> Self {
        let end = to + count;
        if from % line != to % line {
            return Self { to, from, first: end, last: end, end };
        }
        let first = to.next_multiple_of(line).min(end);
        let last = if ends_both { end } else { (end / line * line).max(first) };
        Self { to, from, first, last, end }
    }

    fn relined(&self) -> u64 {
        (self.first - self.to) + (self.end - self.last)
    }
}

impl Memory {
    /// Puts `length` bytes of `source` from byte `from` to byte `to` of `id` by reference: both are line boundaries,
    /// and `length` is whole lines (bytes past the source's end read as zero). Whole sub-DAGs are shared where they
    /// line up in both, leaf PLIDs elsewhere; no data line is looked up or written.
    ///
    /// # Errors
    /// [`MemoryError::Unaligned`], [`MemoryError::OutOfRange`] past the end of `id`, [`MemoryError::UnknownSegment`],
    /// [`MemoryError::Fault`], [`MemoryError::ReadOnly`], [`MemoryError::Exhausted`], [`MemoryError::Delayed`].
    pub fn graft(
        &mut self,
        id: SegmentId,
        to: u64,
        source: SegmentId,
        from: u64,
        length: u64,
    ) -> Result<(), MemoryError> {
        let line = self.shape.line;
        if let Some(offset) = [to, from, length].into_iter().find(|at| at % line != 0) {
            return Err(MemoryError::Unaligned { line: line as u32, offset });
        }
        let entry = self.writable(id)?;
        within(id, &entry, to, length)?;
        let origin = self.entry(source)?.root;
        let moved = Move { from: from / line, to: to / line, count: length / line };
        let needed = self.shape.nodes(length) + 2 * u64::from(entry.root.height);
        let plid = self.attempt(needed, |store, _| dag::graft(store, entry.root, origin, moved))?;
        self.put_root(id, entry, Root { plid, height: entry.root.height }, entry.length);
        Ok(())
    }

    /// Puts the bytes `range` of `source` to byte `to` of `id`, extending it. Lines that line up are taken over by
    /// reference; where bytes must shift between lines they are re-lined, and every re-lined byte is copied through
    /// `ledger`. Returns how many were. Source and target may be one segment, and the ranges may overlap. Bytes that were
    /// re-lined before the request failed stay in the ledger: they moved.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::OutOfRange`] past the source's end, [`MemoryError::Fault`],
    /// [`MemoryError::ReadOnly`], [`MemoryError::TooLong`], [`MemoryError::Exhausted`], [`MemoryError::Delayed`].
    pub fn graft_bytes(
        &mut self,
        id: SegmentId,
        to: u64,
        source: SegmentId,
        range: Range<u64>,
        ledger: &mut Ledger,
    ) -> Result<u64, MemoryError> {
        let count = range.end.saturating_sub(range.start);
        let origin = self.range(source, range.start, count)?;
        let target = self.writable(id)?;
        if count == 0 {
            return Ok(0);
        }
        let length = target.length.max(to.saturating_add(count));
        let height = self.growth(length)?;
        let ends_both = to + count == length && range.end == origin.length;
        let plan = Plan::new(self.shape.line, to, range.start, count, ends_both);
        let paths = 2 * (u64::from(height) + 1);
        let needed = self.shape.nodes(count) + self.shape.worst_case(plan.relined()) + 3 * paths;
        let root = self.attempt(needed, |store, scratch| {
            store.retain(target.root.plid);
            let grown = dag::grow(store, target.root, height)?;
            put_bytes(store, scratch, grown, origin.root, plan, ledger)
        })?;
        self.put_root(id, target, root, length);
        Ok(plan.relined())
    }

    /// Appends all of `source`: see [`Memory::graft_bytes`].
    ///
    /// # Errors
    /// Those of [`Memory::graft_bytes`].
    pub fn concat(
        &mut self,
        id: SegmentId,
        source: SegmentId,
        ledger: &mut Ledger,
    ) -> Result<u64, MemoryError> {
        let to = self.writable(id)?.length;
        let length = self.entry(source)?.length;
        self.graft_bytes(id, to, source, 0..length, ledger)
    }
}

/// A root like `target`, of which the caller hands over one reference, with the bytes of `plan` from `origin`.
fn put_bytes(
    store: &mut Store,
    scratch: &mut Scratch,
    target: Root,
    origin: Root,
    plan: Plan,
    ledger: &mut Ledger,
) -> Result<Root, Full> {
    let line = store.line_bytes() as u64;
    let mut root = target;
    if plan.first < plan.last {
        let count = (plan.last - plan.first).div_ceil(line);
        let from = (plan.from + (plan.first - plan.to)) / line;
        let moved = Move { from, to: plan.first / line, count };
        let made = dag::graft(store, root, origin, moved);
        store.release(root.plid);
        root.plid = made?;
    }
    for part in [plan.to..plan.first, plan.last..plan.end] {
        let mut start = part.start;
        while start < part.end {
            // Chunks end on the target's lines, so that no line is made twice.
            let stop = ((start + CHUNK) / line * line).min(part.end);
            let mut bytes = vec![0; (stop - start) as usize];
            let mut moved = vec![0; bytes.len()];
            dag::read(store, origin, plan.from + (start - plan.to), &mut bytes);
            ledger.copy(CopyCause::Reline, &bytes, &mut moved);
            let made = dag::write(store, scratch, root, start, &moved, Content::Data);
            store.release(root.plid);
            root.plid = made?;
            start = stop;
        }
    }
    Ok(root)
}
