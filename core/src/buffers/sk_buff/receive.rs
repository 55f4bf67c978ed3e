//! The way up in the conventional stack (FACTS.md section 2): a posted buffer, an `sk_buff` around it and a buffer in its
//! place for every frame, one copy into the user's buffer.

use std::ops::Range;
use std::sync::Arc;

use super::super::contents::{ContentId, Origin};
use super::super::{BufferError, Chunk, PayloadId, UserId, within};
use super::arena::{Area, Mapped};
use super::transmit::{Fragment, SK_BUFF};
use super::{Payload, SkBuff, UserBuffer};
use crate::ledger::{AllocationKind, CopyCause};
use crate::nic::{Checksummer, Delivery, IommuMode, RX_BUFFER_BYTES, RxMetadata, payload_start};

/// A received frame: an `sk_buff` around the buffer that the NIC filled.
#[derive(Clone, Debug)]
pub struct RxSkb {
    pub(super) buffer: u32,
    content: ContentId,
    pub(super) metadata: RxMetadata,
}

impl RxSkb {
    pub(super) fn len(&self) -> u32 {
        u32::from(self.metadata.length)
    }
}

impl SkBuff {
    fn take_rx_buffer(&mut self) -> u32 {
        self.ledger.allocate(AllocationKind::RxBuffer, RX_BUFFER_BYTES);
        self.memory.rx.take()
    }

    /// Posts buffers in the slots that can be granted, once enough of them have run up.
    pub(super) fn post_buffers(&mut self, queue: u16) {
        let index = usize::from(queue);
        let ring = &self.nic.rx[index].ring;
        // A small ring, or one that was never filled, does not wait for a whole batch.
        let batch = self.refill_batch.min(ring.slots() / 2).max(1);
        if ring.grantable() < batch {
            return;
        }
        while let Some(slot) = self.nic.rx[index].ring.grant() {
            let buffer = match self.rx[index][slot as usize] {
                Some(buffer) => buffer,
                None => {
                    let buffer = self.take_rx_buffer();
                    self.iommu.map(self.memory.rx.address(buffer, 0), RX_BUFFER_BYTES);
                    self.rx[index][slot as usize] = Some(buffer);
                    buffer
                }
            };
            self.nic.rx[index].post(slot, self.memory.rx.address(buffer, 0));
        }
        self.ledger.bus.doorbell();
    }

    pub(super) fn arrive(&mut self, frame: &[u8]) -> Delivery {
        let mut memory = Mapped { memory: &mut self.memory, iommu: &mut self.iommu };
        let delivery = self.nic.receive(frame, &mut memory, &mut self.ledger);
        if let Delivery::Queued { queue } = delivery {
            // Of a frame the payload counts, as it does in a segment.
            let content = self.add_content(Origin::Nic, None, &frame[payload_start(frame)..]);
            self.rx_contents[usize::from(queue)].push_back(content);
        }
        delivery
    }

    /// The driver detaches the oldest filled buffer, or copies out of it when it stays mapped.
    pub(super) fn take_frame(&mut self, queue: u16) -> Option<RxSkb> {
        let index = usize::from(queue);
        let slot = self.nic.rx[index].ring.ready()?;
        let metadata = self.nic.rx[index].written(slot);
        let filled = self.rx[index][slot as usize]?;
        let buffer = if self.iommu.mode() == IommuMode::Shadow {
            let fresh = self.take_rx_buffer();
            let len = usize::from(metadata.length);
            let (from, to) = self.memory.rx.pair(filled, fresh);
            self.ledger.copy(CopyCause::Shadow, &from[..len], &mut to[..len]);
            fresh
        } else {
            self.iommu.unmap(self.memory.rx.address(filled, 0), RX_BUFFER_BYTES);
            self.rx[index][slot as usize] = None;
            filled
        };
        self.nic.rx[index].ring.process();
        self.ledger.allocate(AllocationKind::SkBuff, SK_BUFF);
        let content = self.rx_contents[index].pop_front();
        let content = content.unwrap_or_else(|| self.add_content(Origin::Nic, None, &[]));
        Some(RxSkb { buffer, content, metadata })
    }

    pub(super) fn header_bytes(&self, frame: &RxSkb, offset: u32, out: &mut [u8]) -> Result<(), BufferError> {
        let range = within(offset.into(), out.len() as u64, frame.len().into())?;
        let bytes = &self.memory.rx.object(frame.buffer)[range.start as usize..range.end as usize];
        for (to, from) in out.iter_mut().zip(bytes) {
            *to = *from;
        }
        Ok(())
    }

    pub(super) fn keep(&mut self, frame: RxSkb, range: Range<u32>) -> Result<PayloadId, BufferError> {
        let len = range.end.saturating_sub(range.start);
        if let Err(error) = within(range.start.into(), len.into(), frame.len().into()) {
            self.free_frame(frame);
            return Err(error);
        }
        let fragment = Fragment { area: Area::Rx, index: frame.buffer, offset: range.start, len };
        let (fragments, content) = (vec![fragment], frame.content);
        Ok(self.add_payload(Payload { fragments, len, skb: true, content, holders: 1 }))
    }

    pub(super) fn free_frame(&mut self, frame: RxSkb) {
        self.put_fragment(Area::Rx, frame.buffer);
        self.contents.drop_holder(frame.content);
        self.ledger.free(AllocationKind::SkBuff, SK_BUFF);
    }

    /// The copy of `recv()`: into one new buffer of the user's.
    pub(super) fn copy_out(&mut self, parts: &[Chunk]) -> Result<UserId, BufferError> {
        let mut pieces = Vec::new();
        for part in parts {
            pieces.append(&mut self.pieces(part)?);
        }
        let total = pieces.iter().map(|piece| piece.len as usize).sum();
        let mut bytes = vec![0; total];
        let mut rest = bytes.as_mut_slice();
        for piece in pieces {
            let (target, tail) = rest.split_at_mut(piece.len as usize);
            let object = self.memory.area(piece.area).object(piece.index);
            let source = &object[piece.offset as usize..][..piece.len as usize];
            self.ledger.copy(CopyCause::KernelToUser, source, target);
            rest = tail;
        }
        let content = self.add_content(Origin::Recv, None, &bytes);
        self.user_bytes += total as u64;
        let bytes = Arc::new(bytes);
        Ok(UserId(self.users.insert(UserBuffer { bytes, content }) as u32))
    }

    /// A copy into memory that is there already: of a file system's pages, or of the application.
    pub(super) fn copy_to(
        &mut self,
        cause: CopyCause,
        parts: &[Chunk],
        out: &mut [u8],
    ) -> Result<(), BufferError> {
        let mut pieces = Vec::new();
        for part in parts {
            pieces.append(&mut self.pieces(part)?);
        }
        let total: u64 = pieces.iter().map(|piece| u64::from(piece.len)).sum();
        within(0, out.len() as u64, total)?;
        within(0, total, out.len() as u64)?;
        let mut rest = out;
        for piece in pieces {
            let (target, tail) = rest.split_at_mut(piece.len as usize);
            let object = self.memory.area(piece.area).object(piece.index);
            let source = &object[piece.offset as usize..][..piece.len as usize];
            self.ledger.copy(cause, source, target);
            rest = tail;
        }
        Ok(())
    }

    pub(super) fn sum_of(&self, parts: &[Chunk]) -> Result<u16, BufferError> {
        let mut sum = Checksummer::default();
        for part in parts {
            for piece in self.pieces(part)? {
                let object = self.memory.area(piece.area).object(piece.index);
                sum.add(&object[piece.offset as usize..][..piece.len as usize]);
            }
        }
        Ok(sum.sum())
    }
}
