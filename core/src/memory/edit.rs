//! More operations on whole segments: append, truncate, concatenation, differences, compare-and-swap and merge-update
//! (DESIGN.md 2.5, 2.9 and 2.11).

use super::dag::{self, Root};
use super::map::Entry;
use super::merge::{self, MergeError};
use super::store::{Content, Full};
use super::{Memory, MemoryError, SegmentId};
use crate::ledger::{CopyCause, Ledger};

impl Memory {
    /// Writes `bytes` behind the end.
    ///
    /// # Errors
    /// Those of [`Memory::overwrite`].
    pub fn append(&mut self, id: SegmentId, bytes: &[u8], content: Content) -> Result<(), MemoryError> {
        let length = self.length(id)?;
        self.overwrite(id, length, bytes, content)
    }

    /// Cuts a segment to `length` bytes, or extends it with zeros. The DAG is made canonical again: bytes past the end are
    /// zero and the height is the least.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::ReadOnly`], [`MemoryError::TooLong`], [`MemoryError::Exhausted`].
    pub fn truncate(&mut self, id: SegmentId, length: u64) -> Result<(), MemoryError> {
        let entry = self.writable(id)?;
        let height = self.growth(length)?;
        let needed = 2 * u64::from(entry.root.height.max(height)) + 2;
        let result = if length >= entry.length {
            self.store.retain(entry.root.plid);
            dag::grow(&mut self.store, entry.root, height)
        } else {
            dag::cut(&mut self.store, entry.root, length, height)
        };
        let root = result.map_err(|Full| self.exhausted(needed))?;
        self.put_root(id, root, length);
        Ok(())
    }

    /// Puts `length` bytes of `source` from byte `from` to byte `to` of `id`, extending it. Lines that line up are taken
    /// over by reference; where bytes must shift between lines they are re-lined, and every re-lined byte is copied through
    /// `ledger`. Returns how many were.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::OutOfRange`] past the source's end, [`MemoryError::ReadOnly`],
    /// [`MemoryError::TooLong`], [`MemoryError::Exhausted`].
    pub fn graft_bytes(
        &mut self,
        id: SegmentId,
        to: u64,
        source: SegmentId,
        range: std::ops::Range<u64>,
        ledger: &mut Ledger,
    ) -> Result<u64, MemoryError> {
        let (from, length) = (range.start, range.end.saturating_sub(range.start));
        self.range(source, from, length)?;
        let target = self.writable(id)?;
        let former = target.root;
        self.store.retain(former.plid);
        let result = self.graft_parts(id, to, source, from, length, ledger);
        if result.is_err() {
            // All or nothing: an earlier part may already be in.
            self.put_root(id, former, target.length);
        } else {
            self.store.release(former.plid);
        }
        result
    }

    fn graft_parts(
        &mut self,
        id: SegmentId,
        to: u64,
        source: SegmentId,
        from: u64,
        length: u64,
        ledger: &mut Ledger,
    ) -> Result<u64, MemoryError> {
        let line = self.shape.line;
        let end = to + length;
        if end > self.length(id)? {
            self.truncate(id, end)?;
        }
        // The whole lines in the middle, if they line up; the source's last line may be partial if it ends the target too.
        let aligned = from % line == to % line;
        let first = to.next_multiple_of(line).min(end);
        let ends_both = end == self.length(id)? && from + length == self.length(source)?;
        let last = if ends_both { end } else { (end / line * line).max(first) };
        let mut relined = 0;
        let mut reline = |memory: &mut Self, start: u64, stop: u64| {
            let mut bytes = vec![0; (stop - start) as usize];
            let mut moved = vec![0; bytes.len()];
            memory.read(source, from + (start - to), &mut bytes)?;
            ledger.copy(CopyCause::Reline, &bytes, &mut moved);
            relined += stop - start;
            memory.overwrite(id, start, &moved, Content::Data)
        };
        if !aligned || first >= last {
            if length > 0 {
                reline(self, to, end)?;
            }
            return Ok(relined);
        }
        if to < first {
            reline(self, to, first)?;
        }
        let whole = (last - first).next_multiple_of(line);
        let padded = first + whole;
        let target = self.entry(id)?;
        let moved = dag::Move { from: (from + (first - to)) / line, to: first / line, count: whole / line };
        let origin = self.entry(source)?.root;
        let plid = dag::graft(&mut self.store, target.root, 0, origin, moved)
            .map_err(|Full| self.exhausted(self.shape.worst_case(whole)))?;
        let root = Root { plid, height: target.root.height };
        debug_assert!(padded >= target.length || last == padded, "a partial line only ends the target");
        self.put_root(id, root, target.length);
        if last < end {
            reline(self, last, end)?;
        }
        Ok(relined)
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
        let (to, length) = (self.length(id)?, self.length(source)?);
        self.graft_bytes(id, to, source, 0..length, ledger)
    }

    /// The runs of bytes, in whole lines, in which two segments differ; in time proportional to the difference.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn diff(&mut self, a: SegmentId, b: SegmentId) -> Result<Vec<std::ops::Range<u64>>, MemoryError> {
        let (a, b) = (self.entry(a)?, self.entry(b)?);
        let mut runs = Vec::new();
        merge::diff(&mut self.store, a.root, b.root, &mut |from, to| runs.push(from..to));
        Ok(runs)
    }

    /// Makes a segment read-only, or writable again. Snapshots of it are writable.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn set_read_only(&mut self, id: SegmentId, read_only: bool) -> Result<(), MemoryError> {
        let entry = self.entry(id)?;
        self.map.set(id, Entry { read_only, ..entry });
        Ok(())
    }

    /// Gives `id` the content of `new` if it still has that of `expected`; says whether it did.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::ReadOnly`].
    pub fn compare_and_swap(
        &mut self,
        id: SegmentId,
        expected: SegmentId,
        new: SegmentId,
    ) -> Result<bool, MemoryError> {
        let current = self.writable(id)?;
        let (expected, new) = (self.entry(expected)?, self.entry(new)?);
        if current.root != expected.root || current.length != expected.length {
            return Ok(false);
        }
        self.store.retain(new.root.plid);
        self.put_root(id, new.root, new.length);
        Ok(true)
    }

    /// Brings into `id` what `mine` changed since `base`, beside what `id` itself changed since then.
    ///
    /// # Errors
    /// [`MemoryError::Conflict`] with the first bytes that both changed, [`MemoryError::UnknownSegment`],
    /// [`MemoryError::ReadOnly`], [`MemoryError::Exhausted`].
    pub fn merge_update(
        &mut self,
        id: SegmentId,
        base: SegmentId,
        mine: SegmentId,
    ) -> Result<(), MemoryError> {
        self.writable(id)?;
        let (base, mine) = (self.entry(base)?, self.entry(mine)?);
        self.merge_roots(id, (base.root, base.length), (mine.root, mine.length))
    }

    pub(super) fn merge_roots(
        &mut self,
        id: SegmentId,
        base: (Root, u64),
        mine: (Root, u64),
    ) -> Result<(), MemoryError> {
        let theirs = self.entry(id)?;
        let length = match (mine.1 == base.1, theirs.length == base.1) {
            (true, _) => theirs.length,
            (_, true) => mine.1,
            _ if mine.1 == theirs.length => mine.1,
            _ => {
                let (offset, end) = (mine.1.min(theirs.length), mine.1.max(theirs.length));
                return Err(MemoryError::Conflict { segment: id, offset, end });
            }
        };
        let height = mine.0.height.max(theirs.root.height).max(base.0.height);
        let needed = self.shape.worst_case(mine.1.max(theirs.length));
        let plid = merge::merge(&mut self.store, base.0, mine.0, theirs.root, height, 0).map_err(
            |error| match error {
                MergeError::Clash(clash) => {
                    MemoryError::Conflict { segment: id, offset: clash.offset, end: clash.end }
                }
                MergeError::Full => self.exhausted(needed),
            },
        )?;
        // Cutting makes the height the least again, and what lies past the agreed length zero.
        let tall = Root { plid, height };
        let least = self.shape.height_for(length);
        let cut = dag::cut(&mut self.store, tall, length, least);
        self.store.release(plid);
        let root = cut.map_err(|Full| self.exhausted(needed))?;
        self.put_root(id, root, length);
        Ok(())
    }

    /// Calls `each` with every line's byte offset and content, zero lines included.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn for_each_line(
        &mut self,
        id: SegmentId,
        mut each: impl FnMut(u64, &[u8]),
    ) -> Result<(), MemoryError> {
        let entry = self.entry(id)?;
        let line = self.shape.line;
        let lines = entry.length.div_ceil(line);
        dag::for_each_leaf(&mut self.store, entry.root, 0, lines, &mut |index, bytes| {
            each(index * line, bytes);
        });
        Ok(())
    }

    /// Replaces a segment's root, of which the caller hands over one reference.
    pub(super) fn put_root(&mut self, id: SegmentId, root: Root, length: u64) {
        if let Some(former) = self.map.get(id).copied() {
            self.map.set(id, Entry { root, length, ..former });
            self.store.release(former.root.plid);
        }
    }
}
