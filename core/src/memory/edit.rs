//! Writing into segments: overwrite, assign, append, truncate, and the read-only flag (DESIGN.md 2.5 and 2.7).
//!
//! Each operation makes a new root beside the old one and then puts it into the map, so one that fails has changed nothing.

use super::build;
use super::dag::{self, Root};
use super::map::Entry;
use super::store::Content;
use super::{Memory, MemoryError, Rights, SegmentId, within};

impl Memory {
    /// Writes `bytes` from `offset`, extending the segment (with zeros before `offset`, if it lies past the end). Other
    /// segments that share lines with this one keep theirs. Without bytes nothing is extended.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Fault`], [`MemoryError::ReadOnly`], [`MemoryError::TooLong`],
    /// [`MemoryError::Exhausted`], [`MemoryError::Delayed`].
    pub fn overwrite(
        &mut self,
        id: SegmentId,
        offset: u64,
        bytes: &[u8],
        content: Content,
    ) -> Result<(), MemoryError> {
        let entry = self.writable(id)?;
        self.write_at(id, entry, offset, bytes, content)
    }

    /// Writes `bytes` behind the end.
    ///
    /// # Errors
    /// Those of [`Memory::overwrite`].
    pub fn append(&mut self, id: SegmentId, bytes: &[u8], content: Content) -> Result<(), MemoryError> {
        let entry = self.writable(id)?;
        self.write_at(id, entry, entry.length, bytes, content)
    }

    /// [`Memory::overwrite`] of bytes that the segment has: it never extends.
    ///
    /// # Errors
    /// Those of [`Memory::overwrite`], and [`MemoryError::OutOfRange`].
    pub fn write_within(
        &mut self,
        id: SegmentId,
        offset: u64,
        bytes: &[u8],
        content: Content,
    ) -> Result<(), MemoryError> {
        let entry = self.writable(id)?;
        within(id, &entry, offset, bytes.len() as u64)?;
        self.write_at(id, entry, offset, bytes, content)
    }

    fn write_at(
        &mut self,
        id: SegmentId,
        entry: Entry,
        offset: u64,
        bytes: &[u8],
        content: Content,
    ) -> Result<(), MemoryError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let length = entry.length.max(offset.saturating_add(bytes.len() as u64));
        let height = self.growth(length)?;
        // The lines written, one more a level where they begin inside one, and the nodes that growing takes.
        let needed = self.shape.worst_case(bytes.len() as u64) + 2 * u64::from(height) + 1;
        let plid = self.attempt(needed, |store, scratch| {
            store.retain(entry.root.plid);
            let grown = dag::grow(store, entry.root, height)?;
            let written = dag::write(store, scratch, grown, offset, bytes, content);
            store.release(grown.plid);
            written
        })?;
        self.store.access.conventional(id.0, offset, bytes.len() as u64);
        self.put_root(id, entry, Root { plid, height }, length);
        Ok(())
    }

    /// Replaces the whole content of a segment: lines that are in both are found, not written again.
    ///
    /// # Errors
    /// Those of [`Memory::overwrite`].
    pub fn assign(&mut self, id: SegmentId, bytes: &[u8], content: Content) -> Result<(), MemoryError> {
        self.assign_from(id, bytes, build::data_from(content))
    }

    /// [`Memory::assign`] of headers with payload behind them: lines that begin before byte `payload` count as
    /// [`Content::Other`], the others as [`Content::Data`].
    ///
    /// # Errors
    /// Those of [`Memory::overwrite`].
    pub fn assign_from(&mut self, id: SegmentId, bytes: &[u8], payload: usize) -> Result<(), MemoryError> {
        let entry = self.writable(id)?;
        let root = self.built(bytes, payload)?;
        self.store.access.conventional(id.0, 0, bytes.len() as u64);
        self.put_root(id, entry, root, bytes.len() as u64);
        Ok(())
    }

    /// Cuts a segment to `length` bytes, or extends it with zeros. The DAG is made canonical again: bytes past the end are
    /// zero and the height is the least.
    ///
    /// # Errors
    /// Those of [`Memory::overwrite`].
    pub fn truncate(&mut self, id: SegmentId, length: u64) -> Result<(), MemoryError> {
        let entry = self.writable(id)?;
        let height = self.growth(length)?;
        let needed = u64::from(entry.root.height.max(height)) + 1;
        let root = self.attempt(needed, |store, _| {
            if length >= entry.length {
                store.retain(entry.root.plid);
                dag::grow(store, entry.root, height)
            } else {
                dag::cut(store, entry.root, length, height)
            }
        })?;
        self.put_root(id, entry, root, length);
        Ok(())
    }

    /// Makes a segment read-only, or writable again. Snapshots of it are writable, and it can be released.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`]; [`MemoryError::Fault`] without the right to own it.
    pub fn set_read_only(&mut self, id: SegmentId, read_only: bool) -> Result<(), MemoryError> {
        let entry = self.with_rights(id, Rights::OWN)?;
        self.map.set(id, Entry { read_only, ..entry });
        Ok(())
    }
}
