//! The NIC of paper section 3.2: its transmit state is four segment IDs, and one request fetches a segment's metadata and
//! the byte ranges that it names.

use super::checksum;
use super::metadata::{METADATA_BYTES, TxMetadata};
use super::ring::TxRing;
use crate::ledger::Ledger;
use crate::memory::{Memory, MemoryError, SegmentId};

/// A NIC that addresses segments.
#[derive(Clone, Debug)]
pub struct SegmentNic {
    /// The transmit ring; slot IDs are segment IDs.
    pub ring: TxRing,
}

impl SegmentNic {
    /// A NIC whose ring is the segments `base..base + slots`.
    pub fn new(base: u32, slots: u32) -> Self {
        Self { ring: TxRing::new(base, slots) }
    }

    /// Fetches the next posted packet into `frame`, completes its checksum and writes Tail; None when none is posted.
    ///
    /// # Errors
    /// [`MemoryError::OutOfRange`] when metadata names bytes outside the segment.
    pub fn transmit(
        &mut self,
        memory: &mut Memory,
        ledger: &mut Ledger,
        frame: &mut Vec<u8>,
    ) -> Result<Option<u32>, MemoryError> {
        let Some(slot) = self.ring.next() else { return Ok(None) };
        let segment = SegmentId(self.ring.base() + slot);
        let mut bytes = [0; METADATA_BYTES];
        memory.read(segment, 0, &mut bytes)?;
        let metadata = TxMetadata::decode(&bytes);
        frame.clear();
        let length = memory.length(segment)?;
        if u64::from(metadata.frame_len()) > length {
            let end = u64::from(metadata.frame_len());
            return Err(MemoryError::OutOfRange { segment, offset: 0, end, length });
        }
        frame.resize(metadata.frame_len() as usize, 0);
        let mut rest = frame.as_mut_slice();
        for range in [metadata.header].iter().chain(&metadata.payload) {
            let (part, tail) = rest.split_at_mut(range.length as usize);
            memory.read(segment, u64::from(range.offset), part)?;
            rest = tail;
        }
        ledger.dma.add((METADATA_BYTES + frame.len()) as u64);
        if let Some(wanted) = metadata.checksum {
            checksum::insert(frame, wanted);
        }
        self.ring.complete(1);
        Ok(Some(slot))
    }
}
