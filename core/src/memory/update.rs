//! Updates that hold against others: compare-and-swap, differences, and merge-update (DESIGN.md 2.11).

use std::ops::Range;

use super::dag::{self, Root};
use super::map::Entry;
use super::merge::{self, Clash};
use super::store::{Full, Store};
use super::{Memory, MemoryError, Rights, SegmentId};

/// A state of a segment: its root and its length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) root: Root,
    pub(super) length: u64,
}

impl From<Entry> for State {
    fn from(entry: Entry) -> Self {
        Self { root: entry.root, length: entry.length }
    }
}

impl Memory {
    /// The runs of bytes, in whole lines, in which two segments differ; in time proportional to the difference. Where one
    /// is longer its bytes are compared with zeros.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Fault`].
    pub fn diff(&mut self, a: SegmentId, b: SegmentId) -> Result<Vec<Range<u64>>, MemoryError> {
        let (a, b) = (self.entry(a)?, self.entry(b)?);
        let mut runs = Vec::new();
        merge::diff(&mut self.store, a.root, b.root, &mut |from, to| runs.push(from..to));
        Ok(runs)
    }

    /// Gives `id` the content of `new` if it still has that of `expected`; says whether it did.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Fault`] (`id` must be readable and writable),
    /// [`MemoryError::ReadOnly`].
    pub fn compare_and_swap(
        &mut self,
        id: SegmentId,
        expected: SegmentId,
        new: SegmentId,
    ) -> Result<bool, MemoryError> {
        self.with_rights(id, Rights::READ | Rights::WRITE)?;
        let current = self.writable(id)?;
        let (expected, new) = (self.entry(expected)?, self.entry(new)?);
        if State::from(current) != State::from(expected) {
            return Ok(false);
        }
        self.store.retain(new.root.plid);
        self.put_root(id, current, new.root, new.length);
        Ok(true)
    }

    /// Brings into `id` what `mine` changed since `base`, beside what `id` itself changed since then, byte by byte. A
    /// change of length is a change like others; cutting off bytes that the other side wrote is a conflict.
    ///
    /// # Errors
    /// [`MemoryError::Conflict`] with the first bytes that both changed, [`MemoryError::UnknownSegment`],
    /// [`MemoryError::Fault`], [`MemoryError::ReadOnly`], [`MemoryError::Exhausted`], [`MemoryError::Delayed`].
    pub fn merge_update(
        &mut self,
        id: SegmentId,
        base: SegmentId,
        mine: SegmentId,
    ) -> Result<(), MemoryError> {
        let current = self.writable(id)?;
        let (base, mine) = (self.entry(base)?.into(), self.entry(mine)?.into());
        let length = merged_length(&mut self.store, base, mine, current.into());
        let length = length.map_err(|clash| conflict(id, clash))?;
        let needed = self.merge_needs(base, mine);
        let root = self.attempt(needed, |store, _| merged(store, base, mine, current.into(), length))?;
        self.put_root(id, current, root, length);
        Ok(())
    }

    /// Most lines that bringing a change into another can take: as many as there are in it, and the paths of the cut.
    pub(super) fn merge_needs(&self, base: State, mine: State) -> u64 {
        let height = u64::from(self.shape.height_for(base.length.max(mine.length)));
        self.shape.worst_case(base.length.max(mine.length)) + 2 * (height + 1)
    }
}

pub(super) fn conflict(segment: SegmentId, clash: Clash) -> MemoryError {
    MemoryError::Conflict { segment, offset: clash.offset, end: clash.end }
}

fn tallest(base: State, mine: State, theirs: State) -> u8 {
    base.root.height.max(mine.root.height).max(theirs.root.height)
}

/// The length of `theirs` with what `mine` changed since `base`, or why there is no such thing; makes no line.
pub(super) fn merged_length(
    store: &mut Store,
    base: State,
    mine: State,
    theirs: State,
) -> Result<u64, Clash> {
    let length = match (mine.length == base.length, theirs.length == base.length) {
        (true, _) => theirs.length,
        (_, true) => mine.length,
        _ if mine.length == theirs.length => mine.length,
        _ => {
            let (offset, end) = (mine.length.min(theirs.length), mine.length.max(theirs.length));
            return Err(Clash { offset, end });
        }
    };
    let height = tallest(base, mine, theirs);
    if let Some(clash) = merge::clash(store, base.root, mine.root, theirs.root, height, 0) {
        return Err(clash);
    }
    // One side cut the segment: what the other wrote behind would be lost.
    let roots = [base.root, mine.root, theirs.root];
    match merge::content_behind(store, roots, height, 0, length) {
        Some(lost) => Err(lost),
        None => Ok(length),
    }
}

/// `theirs` with what `mine` changed since `base`, as an owned root of the least height for [`merged_length`].
pub(super) fn merged(
    store: &mut Store,
    base: State,
    mine: State,
    theirs: State,
    length: u64,
) -> Result<Root, Full> {
    let height = tallest(base, mine, theirs);
    let plid = merge::merge(store, base.root, mine.root, theirs.root, height)?;
    // Nothing but zeros lies behind the length, so the cut only takes levels off.
    let least = dag::Shape::new(store.line_bytes()).height_for(length);
    let root = dag::cut(store, Root { plid, height }, length, least);
    store.release(plid);
    root
}
