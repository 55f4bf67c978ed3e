//! A segment opened for reading: its map entry is read once, its bytes as often as wanted. A DMA engine that fetches metadata
//! and the ranges that it names makes one request so (DESIGN.md section 4).

use super::dag;
use super::map::Entry;
use super::store::Store;
use super::{Memory, MemoryError, SegmentId, within};

/// A segment's content as it is while nobody can change it.
pub struct View<'m> {
    store: &'m mut Store,
    segment: SegmentId,
    entry: Entry,
}

impl Memory {
    /// Opens a segment for reading.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Fault`].
    pub fn view(&mut self, segment: SegmentId) -> Result<View<'_>, MemoryError> {
        let entry = self.entry(segment)?;
        Ok(View { store: &mut self.store, segment, entry })
    }
}

impl View<'_> {
    /// Bytes of the segment.
    pub fn length(&self) -> u64 {
        self.entry.length
    }

    /// Fills `out` with the bytes from `offset`.
    ///
    /// # Errors
    /// [`MemoryError::OutOfRange`].
    pub fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<(), MemoryError> {
        within(self.segment, &self.entry, offset, out.len() as u64)?;
        self.store.access.conventional(self.segment.0, offset, out.len() as u64);
        dag::read(self.store, self.entry.root, offset, out);
        Ok(())
    }
}
