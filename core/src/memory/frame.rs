//! A received frame as a segment's content: headers and payload are written in one step, and counted apart.

use super::dag::{self, Root};
use super::store::Content;
use super::{Memory, MemoryError, SegmentId};

impl Memory {
    /// Replaces the whole content of a segment: lines before byte `data_from`, a line boundary, count as
    /// [`Content::Other`], those from there on as [`Content::Data`].
    ///
    /// # Errors
    /// [`MemoryError::Unaligned`], [`MemoryError::UnknownSegment`], [`MemoryError::Fault`], [`MemoryError::ReadOnly`],
    /// [`MemoryError::Exhausted`], [`MemoryError::Delayed`], [`MemoryError::TooLong`].
    pub fn assign_frame(&mut self, id: SegmentId, bytes: &[u8], data_from: u64) -> Result<(), MemoryError> {
        let line = self.shape.line;
        if !data_from.is_multiple_of(line) {
            return Err(MemoryError::Unaligned { line: line as u32, offset: data_from });
        }
        let entry = self.writable(id)?;
        let length = bytes.len() as u64;
        let height = self.growth(length)?;
        let (headers, payload) = bytes.split_at(data_from.min(length) as usize);
        let zeros = Root { plid: 0, height };
        let plid = self.attempt(self.shape.worst_case(length), |store, scratch| {
            let mut root = zeros;
            if !headers.is_empty() {
                root.plid = dag::write(store, scratch, zeros, 0, headers, Content::Other)?;
            }
            if payload.is_empty() {
                return Ok(root.plid);
            }
            let whole = dag::write(store, scratch, root, data_from, payload, Content::Data);
            store.release(root.plid);
            whole
        })?;
        self.put_root(id, entry, Root { plid, height }, length);
        Ok(())
    }
}
