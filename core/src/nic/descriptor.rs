//! The descriptor NIC of today, an Intel 82599-class part (FACTS.md section 2): it fetches descriptors in batches, reads
//! or writes the buffers they point to, and writes status back.

use super::config::NicConfig;
use super::fault::DmaError;
use super::frames::TxFrames;
use super::offload::{self, TxOffload};
use super::receive::{Arrival, Delivery, DropReason, NicCounts};
use super::ring::{RingFull, TxRing};
use super::rss::Rss;
use super::rx_metadata::RxMetadata;
use super::rx_ring::RxRing;
use super::status::Status;
use crate::ledger::{Ledger, Transaction};
use crate::shared_list::SharedList;

/// Bytes of one descriptor.
pub const DESCRIPTOR_BYTES: u64 = 16;
/// Descriptors fetched in one request at the most.
const FETCH: u32 = 40;

/// Physical memory as the NIC sees it, through whatever stands between.
pub trait HostMemory {
    /// The `len` bytes at an address; None where there is no memory, or none that the NIC may read.
    fn dma_read(&mut self, address: u64, len: u32) -> Option<&[u8]>;
    /// The same, to be written.
    fn dma_write(&mut self, address: u64, len: u32) -> Option<&mut [u8]>;
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
        /// Address.
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
    descriptors: SharedList<Descriptor>,
    /// Descriptors fetched and not yet worked off.
    fetched: u32,
    status: Status,
}

impl DescriptorTx {
    fn new(slots: u32) -> Self {
        let descriptors = SharedList::filled(Descriptor::Empty, slots as usize);
        Self { ring: TxRing::new(0, slots), descriptors, fetched: 0, status: Status::default() }
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
            let bytes = u64::from(self.fetched) * DESCRIPTOR_BYTES;
            ledger.nic_reads(Transaction::DescriptorFetch, bytes);
        }
        self.fetched -= 1;
        self.ring.complete(1);
        Some(self.descriptors[slot as usize])
    }
}

/// A receive queue of the descriptor NIC.
#[derive(Clone, Debug)]
pub struct DescriptorRx {
    /// The ring.
    pub ring: RxRing,
    addresses: SharedList<u64>,
    written: SharedList<RxMetadata>,
    fetched: u32,
    status: Status,
}

impl DescriptorRx {
    fn new(slots: u32) -> Self {
        Self {
            ring: RxRing::new(0, slots),
            addresses: SharedList::filled(0, slots as usize),
            written: SharedList::filled(RxMetadata::default(), slots as usize),
            fetched: 0,
            status: Status::default(),
        }
    }

    /// The driver posts a buffer of [`super::RX_BUFFER_BYTES`] in a slot that it just granted.
    pub fn post(&mut self, slot: u32, address: u64) {
        self.addresses[slot as usize] = address;
    }

    /// What the NIC wrote back into a filled slot's descriptor.
    pub fn written(&self, slot: u32) -> RxMetadata {
        self.written[slot as usize]
    }
}

/// The NIC.
#[derive(Clone, Debug)]
pub struct DescriptorNic {
    /// The transmit queues.
    pub tx: Vec<DescriptorTx>,
    /// The receive queues.
    pub rx: Vec<DescriptorRx>,
    /// Which queue a flow's frames go to.
    pub rss: Rss,
    counts: NicCounts,
    /// Where a frame is gathered.
    staging: Vec<u8>,
}

impl DescriptorNic {
    /// Bytes of the rings that `other`, a clone at another time, does not share.
    pub(crate) fn unshared(&self, other: &Self) -> u64 {
        let tx = self.tx.iter().zip(&other.tx);
        let tx = tx.map(|(here, there)| here.descriptors.unshared(&there.descriptors, |_, _| 0));
        let rx = self.rx.iter().zip(&other.rx).map(|(here, there)| {
            here.addresses.unshared(&there.addresses, |_, _| 0)
                + here.written.unshared(&there.written, |_, _| 0)
        });
        tx.chain(rx).sum()
    }

    /// A NIC before its first descriptor.
    pub fn new(config: &NicConfig) -> Self {
        Self {
            tx: (0..config.queues).map(|_| DescriptorTx::new(config.tx_slots)).collect(),
            rx: (0..config.queues).map(|_| DescriptorRx::new(config.rx_slots)).collect(),
            rss: Rss::new(config.queues),
            counts: NicCounts::default(),
            staging: Vec::new(),
        }
    }

    /// Frames received, sent and refused.
    pub fn counts(&self) -> NicCounts {
        self.counts
    }

    /// Reads the queue's next posted frame, and puts it, or the frames it is cut into, behind `out`; returns how many
    /// descriptors it took, or None when none is posted.
    ///
    /// # Errors
    /// [`DmaError::Address`] of a buffer that the NIC may not read. The frame's descriptors are used up all the same, and
    /// nothing is put behind `out`.
    pub fn transmit(
        &mut self,
        queue: u16,
        memory: &mut impl HostMemory,
        ledger: &mut Ledger,
        out: &mut TxFrames,
    ) -> Result<Option<u32>, DmaError> {
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
                            ledger.nic_reads(Transaction::PacketRead, u64::from(len));
                            // DMA onto the wire: not a copy between buffers, counted as DMA above.
                            #[expect(clippy::disallowed_methods)]
                            self.staging.extend_from_slice(bytes);
                        }
                        None => fault = Some(DmaError::Address { address, len }),
                    }
                    if end {
                        break;
                    }
                }
            }
        }
        let idle = tx.ring.next().is_none();
        tx.status.complete(taken, idle, |count| {
            ledger.nic_writes(Transaction::WriteBack, u64::from(count) * DESCRIPTOR_BYTES);
        });
        if let Some(fault) = fault {
            self.counts.faults += 1;
            return Err(fault);
        }
        if taken == 0 {
            return Ok(None);
        }
        self.counts.sent += 1;
        offload::apply(&self.staging, wanted.1 as usize, wanted.0, out);
        Ok(Some(taken))
    }

    /// Takes an arriving frame: verifies its checksums, picks a queue, writes the frame into the queue's next posted
    /// buffer and its metadata into the descriptor.
    pub fn receive(&mut self, frame: &[u8], memory: &mut impl HostMemory, ledger: &mut Ledger) -> Delivery {
        let result = self.store(frame, memory, ledger);
        self.counts.count(result)
    }

    fn store(
        &mut self,
        frame: &[u8],
        memory: &mut impl HostMemory,
        ledger: &mut Ledger,
    ) -> Result<u16, DropReason> {
        let arrival = Arrival::new(frame, &self.rss, false)?;
        let rx = &mut self.rx[usize::from(arrival.queue)];
        let slot = rx.ring.next().ok_or(DropReason::NoSlot)?;
        if rx.fetched == 0 {
            rx.fetched = rx.ring.owned_by_nic().min(FETCH);
            ledger.nic_reads(Transaction::DescriptorFetch, u64::from(rx.fetched) * DESCRIPTOR_BYTES);
        }
        let buffer =
            memory.dma_write(rx.addresses[slot as usize], frame.len() as u32).ok_or(DropReason::Fault)?;
        // DMA off the wire: not a copy between buffers, counted as DMA below.
        #[expect(clippy::disallowed_methods)]
        buffer.copy_from_slice(frame);
        ledger.nic_writes(Transaction::PacketWrite, frame.len() as u64);
        rx.written[slot as usize] = arrival.metadata;
        rx.fetched -= 1;
        rx.ring.fill();
        let full = rx.ring.owned_by_nic() == 0;
        rx.status.complete(1, full, |count| {
            ledger.nic_writes(Transaction::WriteBack, u64::from(count) * DESCRIPTOR_BYTES);
        });
        Ok(arrival.queue)
    }

    /// The NIC interrupts: status that is still to be written back goes to memory first.
    pub fn interrupt(&mut self, queue: u16, ledger: &mut Ledger) {
        let queue = usize::from(queue);
        for status in [&mut self.tx[queue].status, &mut self.rx[queue].status] {
            status.flush(|count| {
                ledger.nic_writes(Transaction::WriteBack, u64::from(count) * DESCRIPTOR_BYTES);
            });
        }
        ledger.bus.interrupt();
    }
}
