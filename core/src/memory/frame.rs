//! A received frame as a segment's content: headers and payload are written in one build, and counted apart.

use super::build;
use super::dag::Root;
use super::store::{Content, Full};
use super::{Memory, MemoryError, SegmentId};

impl Memory {
    /// Replaces the whole content of a segment: lines before byte `data_from`, a line boundary, count as
    /// [`Content::Other`], those from there on as [`Content::Data`].
    ///
    /// # Errors
    /// [`MemoryError::Unaligned`], [`MemoryError::UnknownSegment`], [`MemoryError::ReadOnly`],
    /// [`MemoryError::Exhausted`], [`MemoryError::TooLong`].
    pub fn assign_frame(&mut self, id: SegmentId, bytes: &[u8], data_from: u64) -> Result<(), MemoryError> {
        let line = self.shape.line;
        if !data_from.is_multiple_of(line) {
            return Err(MemoryError::Unaligned { line: line as u32, offset: data_from });
        }
        self.writable(id)?;
        let length = bytes.len() as u64;
        let height = self.growth(length)?;
        let (headers, payload) = bytes.split_at(data_from.min(length) as usize);
        let parts = [(headers, Content::Other), (payload, Content::Data)];
        let plid = build::build_parts(&mut self.store, &mut self.scratch, &parts, height)
            .map_err(|Full| self.exhausted(self.shape.worst_case(length)))?;
        self.put_root(id, Root { plid, height }, length);
        Ok(())
    }
}
