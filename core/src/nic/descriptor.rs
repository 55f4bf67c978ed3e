//! The descriptor NIC of today, an Intel 82599-class part (FACTS.md section 2): it fetches descriptors in batches, reads
//! the buffers they point to, and writes status back.

use super::config::NicConfig;
use super::frames::TxFrames;
use super::offload::{self, TxOffload};
use super::ring::{RingFull, TxRing};
use crate::ledger::Ledger;

/// Bytes of one descriptor.
pub const DESCRIPTOR_BYTES: u64 = 16;
/// Descriptors fetched in one request at the most.
const FETCH: u32 = 40;
/// Completed descriptors whose status one write-back covers.
const WRITE_BACK: u32 = 8;

/// Physical memory as the NIC sees it.
pub trait HostMemory {
    /// The `len` bytes at a physical address; None where there is no memory.
    fn dma_read(&self, address: u64, len: u32) -> Option<&[u8]>;
}

/// One transmit descriptor of 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Descriptor {
    /// Never filled.
    #[default]
    Empty,
    /// Context: what the next frame wants.
    Context {
        /// The offload.
        offload: TxOffload,
        /// Bytes of headers.
        header_len: u32,
    },
    /// A buffer: part of a frame.
    Data {
        /// Physical address.
        address: u64,
        /// Bytes.
        len: u32,
        /// Last part of its frame.
        end: bool,
    },
}

/// A transmit queue of the descriptor NIC.
#[derive(Clone, Debug)]
pub struct DescriptorTx {
    /// The ring; a frame takes several slots.
    pub ring: TxRing,
    descriptors: Vec<Descriptor>,
    /// Descriptors fetched and not yet worked off.
    fetched: u32,
    /// Completed descriptors whose status is not yet written back.
    unreported: u32,
}

impl DescriptorTx {
    fn new(slots: u32) -> Self {
        let descriptors = vec![Descriptor::Empty; slots as usize];
        Self { ring: TxRing::new(0, slots), descriptors, fetched: 0, unreported: 0 }
    }

    /// The driver writes one frame's descriptors.
    ///
    /// # Errors
    /// [`RingFull`] when they do not all fit; then none is written.
    pub fn post(&mut self, frame: &[Descriptor]) -> Result<(), RingFull> {
        if (self.ring.room() as usize) < frame.len() {
            return Err(RingFull { slots: self.ring.slots() });
        }
        for descriptor in frame {
            let slot = self.ring.fill()?;
            self.descriptors[slot as usize] = *descriptor;
        }
        Ok(())
    }

    fn next(&mut self, ledger: &mut Ledger) -> Option<Descriptor> {
        let slot = self.ring.next()?;
        if self.fetched == 0 {
            self.fetched = self.ring.owned_by_nic().min(FETCH);
            ledger.dma.add(u64::from(self.fetched) * DESCRIPTOR_BYTES);
        }
        self.fetched -= 1;
        self.ring.complete(1);
        self.unreported += 1;
        Some(self.descriptors[slot as usize])
    }

    fn report(&mut self, ledger: &mut Ledger) {
        while self.unreported >= WRITE_BACK || (self.unreported > 0 && self.ring.next().is_none()) {
            let count = self.unreported.min(WRITE_BACK);
            ledger.dma.add(u64::from(count) * DESCRIPTOR_BYTES);
            self.unreported -= count;
        }
    }
}

/// The NIC.
#[derive(Clone, Debug)]
pub struct DescriptorNic {
    /// The transmit queues.
    pub tx: Vec<DescriptorTx>,
    /// Where a frame is gathered.
    staging: Vec<u8>,
}

impl DescriptorNic {
    /// A NIC before its first descriptor.
    pub fn new(config: &NicConfig) -> Self {
        let tx = (0..config.queues).map(|_| DescriptorTx::new(config.tx_slots)).collect();
        Self { tx, staging: Vec::new() }
    }

    /// Reads the queue's next posted frame, and puts it, or the frames it is cut into, behind `out`; returns how many
    /// descriptors it took, or None when none is posted.
    ///
    /// # Errors
    /// The address and length of a buffer that lies outside the memory; the frame's descriptors are used up.
    pub fn transmit(
        &mut self,
        queue: u16,
        memory: &impl HostMemory,
        ledger: &mut Ledger,
        out: &mut TxFrames,
    ) -> Result<Option<u32>, (u64, u32)> {
        let tx = &mut self.tx[usize::from(queue)];
        self.staging.clear();
        let mut wanted = (TxOffload::None, 0);
        let mut taken = 0;
        let mut fault = None;
        while let Some(descriptor) = tx.next(ledger) {
            taken += 1;
            match descriptor {
                Descriptor::Empty => {}
                Descriptor::Context { offload, header_len } => wanted = (offload, header_len),
                Descriptor::Data { address, len, end } => {
                    match memory.dma_read(address, len) {
                        Some(bytes) => {
                            ledger.dma.add(u64::from(len));
                            // DMA onto the wire: not a copy between buffers, counted as DMA above.
                            #[expect(clippy::disallowed_methods)]
                            self.staging.extend_from_slice(bytes);
                        }
                        None => fault = Some((address, len)),
                    }
                    if end {
                        break;
                    }
                }
            }
        }
        tx.report(ledger);
        if let Some(fault) = fault {
            return Err(fault);
        }
        if taken == 0 {
            return Ok(None);
        }
        offload::apply(&self.staging, wanted.1 as usize, wanted.0, out);
        Ok(Some(taken))
    }
}
