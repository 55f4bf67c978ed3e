//! The NIC of paper section 3.2: its DMA state is four segment IDs a direction and queue. One request fetches a segment's
//! metadata and the byte ranges that it names; one writes a received frame with its metadata.

use std::ops::Range;

use super::config::NicConfig;
use super::fault::DmaError;
use super::frames::TxFrames;
use super::metadata::{METADATA_BYTES, TxMetadata};
use super::offload::{self, TxOffload};
use super::receive::{Arrival, Delivery, DropReason, NicCounts};
use super::ring::TxRing;
use super::rss::Rss;
use super::rx_metadata::RX_METADATA_BYTES;
use super::rx_ring::RxRing;
use super::status::Status;
use crate::ledger::{Ledger, Transaction};
use crate::memory::{Memory, MemoryError, SegmentId, View};

/// Bytes of Tail, as the NIC posts it to memory.
const TAIL_BYTES: u64 = 4;

/// Most bytes of one packet before it is cut: twice the largest TSO limit (FACTS.md section 2: 512 KiB with BIG TCP).
const MAX_SEND: u64 = 1 << 20;

/// A NIC that addresses segments.
#[derive(Clone, Debug)]
pub struct SegmentNic {
    /// The transmit rings by queue; slot IDs are segment IDs.
    pub tx: Vec<TxRing>,
    /// The receive rings by queue.
    pub rx: Vec<RxRing>,
    /// Which queue a flow's frames go to.
    pub rss: Rss,
    /// The segments that the NIC may touch.
    granted: Range<u32>,
    header_split: bool,
    counts: NicCounts,
    tx_status: Vec<Status>,
    rx_status: Vec<Status>,
    /// Where a send is gathered that is cut, and a frame is put together that arrives.
    staging: Vec<u8>,
}

/// Where a frame begins in its RX segment: behind the metadata's line, and, when its first `split` bytes are headers split
/// from the payload, so that the payload begins on a line.
pub fn rx_frame_start(line: u32, split: u16) -> u64 {
    let (line, split) = (u64::from(line), u64::from(split));
    if split == 0 { line } else { (line + split).next_multiple_of(line) - split }
}

impl SegmentNic {
    /// A NIC whose rings lie one after the other from `config.ring_base` on, TX first; it may touch those segments only.
    pub fn new(config: &NicConfig) -> Self {
        let (base, queues) = (config.ring_base, u32::from(config.queues));
        let rx_base = base + queues * config.tx_slots;
        Self {
            tx: (0..queues).map(|i| TxRing::new(base + i * config.tx_slots, config.tx_slots)).collect(),
            rx: (0..queues).map(|i| RxRing::new(rx_base + i * config.rx_slots, config.rx_slots)).collect(),
            rss: Rss::new(config.queues),
            granted: base..base + config.segments(),
            header_split: config.header_split,
            counts: NicCounts::default(),
            tx_status: vec![Status::default(); queues as usize],
            rx_status: vec![Status::default(); queues as usize],
            staging: Vec::new(),
        }
    }

    /// Frames received, sent and refused.
    pub fn counts(&self) -> NicCounts {
        self.counts
    }

    fn granted(&self, segment: SegmentId) -> Result<SegmentId, DmaError> {
        if self.granted.contains(&segment.0) { Ok(segment) } else { Err(DmaError::NotGranted(segment)) }
    }

    /// Fetches the queue's next posted packet, puts the frame, or the frames it is cut into, behind `out`, and writes Tail.
    /// Returns the slot; None when nothing is posted.
    ///
    /// # Errors
    /// [`DmaError::NotGranted`]; [`DmaError::Memory`] when metadata names bytes outside the segment. The slot is completed
    /// all the same, and nothing is put behind `out`.
    pub fn transmit(
        &mut self,
        queue: u16,
        memory: &mut Memory,
        ledger: &mut Ledger,
        out: &mut TxFrames,
    ) -> Result<Option<u32>, DmaError> {
        let ring = &mut self.tx[usize::from(queue)];
        let Some(slot) = ring.next() else { return Ok(None) };
        ring.complete(1);
        let segment = SegmentId(ring.base() + slot);
        let idle = ring.next().is_none();
        self.tx_status[usize::from(queue)].complete(1, idle, |_| {
            ledger.nic_writes(Transaction::WriteBack, TAIL_BYTES);
        });
        let result = self.granted(segment).and_then(|segment| self.fetch(segment, memory, ledger, out));
        self.counts.faults += u64::from(matches!(result, Err(DmaError::NotGranted(_))));
        result.map(|()| {
            self.counts.sent += 1;
            Some(slot)
        })
    }

    fn fetch(
        &mut self,
        segment: SegmentId,
        memory: &mut Memory,
        ledger: &mut Ledger,
        out: &mut TxFrames,
    ) -> Result<(), DmaError> {
        let mut view = memory.view(segment)?;
        let mut bytes = [0; METADATA_BYTES];
        view.read(0, &mut bytes)?;
        let metadata = TxMetadata::decode(&bytes);
        let length = view.length();
        let ranges = [metadata.header].into_iter().chain(metadata.payload);
        for range in ranges {
            let (offset, end) = (u64::from(range.offset), u64::from(range.offset) + u64::from(range.length));
            if end > length {
                return Err(MemoryError::OutOfRange { segment, offset, end, length }.into());
            }
        }
        let frame_len = metadata.frame_len();
        if frame_len > MAX_SEND {
            return Err(DmaError::TooLong { len: frame_len, max: MAX_SEND });
        }
        ledger.nic_reads(Transaction::PacketRead, METADATA_BYTES as u64 + frame_len);
        if let TxOffload::Segment(_) = metadata.offload {
            self.staging.clear();
            self.staging.resize(frame_len as usize, 0);
            gather(&mut view, &metadata, &mut self.staging)?;
            offload::apply(&self.staging, metadata.header.length as usize, metadata.offload, out);
        } else {
            let frame = out.add(frame_len as usize);
            gather(&mut view, &metadata, frame)?;
            offload::complete(frame, metadata.offload);
        }
        Ok(())
    }

    /// Takes an arriving frame: verifies its checksums, picks a queue, and writes metadata and frame into the queue's next
    /// granted segment.
    pub fn receive(&mut self, frame: &[u8], memory: &mut Memory, ledger: &mut Ledger) -> Delivery {
        let result = self.store(frame, memory, ledger);
        self.counts.count(result)
    }

    fn store(&mut self, frame: &[u8], memory: &mut Memory, ledger: &mut Ledger) -> Result<u16, DropReason> {
        let arrival = Arrival::new(frame, &self.rss, self.header_split)?;
        let queue = usize::from(arrival.queue);
        let slot = self.rx[queue].next().ok_or(DropReason::NoSlot)?;
        let segment = self.granted(SegmentId(self.rx[queue].base() + slot)).map_err(|_| DropReason::Fault)?;
        let line = memory.line_size();
        let start = rx_frame_start(line, arrival.metadata.split) as usize;
        self.staging.clear();
        self.staging.resize(start + frame.len(), 0);
        put(&mut self.staging, 0, &arrival.metadata.encode());
        put(&mut self.staging, start, frame);
        let data_from = (start + arrival.headers) / line as usize * line as usize;
        memory.assign_from(segment, &self.staging, data_from).map_err(|_| DropReason::NoMemory)?;
        ledger.nic_writes(Transaction::PacketWrite, (RX_METADATA_BYTES + frame.len()) as u64);
        self.rx[queue].fill();
        let full = self.rx[queue].owned_by_nic() == 0;
        self.rx_status[queue].complete(1, full, |_| {
            ledger.nic_writes(Transaction::WriteBack, TAIL_BYTES);
        });
        Ok(arrival.queue)
    }

    /// The NIC interrupts: what it has completed on the queue is written to memory first.
    pub fn interrupt(&mut self, queue: u16, ledger: &mut Ledger) {
        for status in [&mut self.tx_status[usize::from(queue)], &mut self.rx_status[usize::from(queue)]] {
            status.flush(|_| ledger.nic_writes(Transaction::WriteBack, TAIL_BYTES));
        }
        ledger.bus.interrupt();
    }
}

/// Bytes from the wire on their way into a segment: DMA, and no copy between buffers.
#[expect(clippy::disallowed_methods)]
fn put(staging: &mut [u8], at: usize, bytes: &[u8]) {
    staging[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Fills `frame` with the ranges that the metadata names.
fn gather(view: &mut View<'_>, metadata: &TxMetadata, frame: &mut [u8]) -> Result<(), MemoryError> {
    let mut rest = frame;
    for range in [metadata.header].iter().chain(&metadata.payload) {
        let (part, tail) = rest.split_at_mut(range.length as usize);
        view.read(u64::from(range.offset), part)?;
        rest = tail;
    }
    Ok(())
}
