//! The NIC of paper section 3.2: its DMA state is four segment IDs a direction and queue, and one request fetches a
//! segment's metadata and the byte ranges that it names.

use super::config::NicConfig;
use super::frames::TxFrames;
use super::metadata::{METADATA_BYTES, TxMetadata};
use super::offload::{self, TxOffload};
use super::ring::TxRing;
use crate::ledger::Ledger;
use crate::memory::{Memory, MemoryError, SegmentId};

/// A NIC that addresses segments.
#[derive(Clone, Debug)]
pub struct SegmentNic {
    /// The transmit rings by queue; slot IDs are segment IDs.
    pub tx: Vec<TxRing>,
    /// Where a send is gathered that is cut.
    staging: Vec<u8>,
}

impl SegmentNic {
    /// A NIC whose transmit rings lie one after the other from `config.ring_base` on.
    pub fn new(config: &NicConfig) -> Self {
        let base = |queue: u16| config.ring_base + u32::from(queue) * config.tx_slots;
        let tx = (0..config.queues).map(|queue| TxRing::new(base(queue), config.tx_slots)).collect();
        Self { tx, staging: Vec::new() }
    }

    /// Fetches the queue's next posted packet, puts the frame, or the frames it is cut into, behind `out`, and writes Tail.
    /// Returns the slot; None when nothing is posted.
    ///
    /// # Errors
    /// [`MemoryError::OutOfRange`] when metadata names bytes outside the segment; the slot is completed.
    pub fn transmit(
        &mut self,
        queue: u16,
        memory: &mut Memory,
        ledger: &mut Ledger,
        out: &mut TxFrames,
    ) -> Result<Option<u32>, MemoryError> {
        let ring = &mut self.tx[usize::from(queue)];
        let Some(slot) = ring.next() else { return Ok(None) };
        let segment = SegmentId(ring.base() + slot);
        ring.complete(1);
        let mut bytes = [0; METADATA_BYTES];
        memory.read(segment, 0, &mut bytes)?;
        let metadata = TxMetadata::decode(&bytes);
        let (end, length) = (metadata.frame_len(), memory.length(segment)?);
        if end > length {
            return Err(MemoryError::OutOfRange { segment, offset: 0, end, length });
        }
        ledger.dma.add(METADATA_BYTES as u64 + end);
        if let TxOffload::Segment(_) = metadata.offload {
            self.staging.resize(end as usize, 0);
            gather(memory, segment, &metadata, &mut self.staging)?;
            offload::apply(&self.staging, metadata.header.length as usize, metadata.offload, out);
        } else {
            let frame = out.add(end as usize);
            gather(memory, segment, &metadata, frame)?;
            offload::complete(frame, metadata.offload);
        }
        Ok(Some(slot))
    }
}

/// Fills `frame` with the ranges that the metadata names.
fn gather(
    memory: &mut Memory,
    segment: SegmentId,
    metadata: &TxMetadata,
    frame: &mut [u8],
) -> Result<(), MemoryError> {
    let mut rest = frame;
    for range in [metadata.header].iter().chain(&metadata.payload) {
        let (part, tail) = rest.split_at_mut(range.length as usize);
        memory.read(segment, u64::from(range.offset), part)?;
        rest = tail;
    }
    Ok(())
}
