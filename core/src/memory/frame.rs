//! A received frame as a segment's content: headers and payload are written in one step, and counted apart.

use super::dag::{self, Root};
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
        let zeros = Root { plid: 0, height };
        let (store, scratch) = (&mut self.store, &mut self.scratch);
        let written = if headers.is_empty() {
            Ok(0)
        } else {
            dag::write(store, scratch, zeros, 0, headers, Content::Other)
        };
        let whole = written.and_then(|plid| {
            if payload.is_empty() {
                return Ok(plid);
            }
            let over = Root { plid, height };
            let whole = dag::write(store, scratch, over, data_from, payload, Content::Data);
            store.release(plid);
            whole
        });
        let plid = whole.map_err(|Full| self.exhausted(self.shape.worst_case(length)))?;
        self.put_root(id, Root { plid, height }, length);
        Ok(())
    }
}
