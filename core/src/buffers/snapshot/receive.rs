//! The way up over snapshots (DESIGN.md section 3; paper section 3.1): the NIC writes a slot's segment, the driver
//! snapshots it, queues refer to byte ranges of the snapshots, the user gets one of its own.

use std::ops::Range;

use super::super::contents::{ContentId, Origin};
use super::super::{BufferError, Buffers, Chunk, PayloadId, UserId, within};
use super::{Payload, Snapshot, User};
use crate::ledger::CopyCause;
use crate::memory::{Class, SegmentId};
use crate::nic::{Checksummer, Delivery, RX_METADATA_BYTES, RxMetadata, rx_frame_start};

/// A snapshot of a filled slot: metadata, and the frame from byte `start` on.
#[derive(Clone, Debug)]
pub struct RxSegment {
    segment: SegmentId,
    start: u64,
    content: ContentId,
    pub(super) metadata: RxMetadata,
}

impl RxSegment {
    pub(super) fn len(&self) -> u32 {
        u32::from(self.metadata.length)
    }
}

impl Snapshot {
    /// Grants what can be granted; a slot is emptied when it is, so that it keeps no lines alive.
    pub(super) fn grant_slots(&mut self, queue: u16) -> Result<(), BufferError> {
        let index = usize::from(queue);
        let mut granted = 0;
        while let Some(slot) = self.nic.rx[index].grant() {
            if let Some(content) = self.rx[index][slot as usize].take() {
                self.memory.clear(SegmentId(self.nic.rx[index].base() + slot))?;
                self.contents.drop_holder(content);
            }
            granted += 1;
        }
        if granted > 0 {
            self.ledger.bus.doorbell();
        }
        Ok(())
    }

    pub(super) fn arrive(&mut self, frame: &[u8]) -> Delivery {
        let before = self.memory.data_line_counts();
        let Self { memory, nic, ledger, .. } = self;
        let delivery = memory.as_class(Class::Receive, |memory| nic.receive(frame, memory, ledger));
        if let Delivery::Queued { queue } = delivery {
            let index = usize::from(queue);
            let counted = self.memory.data_line_counts().since(&before);
            let ring = &self.nic.rx[index];
            let (base, slot) = (ring.base(), ring.tail() - ring.base());
            let content = self.add_content(Origin::Nic, None, SegmentId(base + slot), counted);
            self.rx[index][slot as usize] = Some(content);
        }
        delivery
    }

    pub(super) fn take_frame(&mut self, queue: u16) -> Result<Option<RxSegment>, BufferError> {
        let index = usize::from(queue);
        let Some(slot) = self.nic.rx[index].ready() else { return Ok(None) };
        let filled = SegmentId(self.nic.rx[index].base() + slot);
        let segment = self.memory.snapshot(filled)?;
        let mut bytes = [0; RX_METADATA_BYTES];
        if let Err(error) = self.memory.read(segment, 0, &mut bytes) {
            self.memory.release(segment)?;
            return Err(error.into());
        }
        self.nic.rx[index].process();
        let metadata = RxMetadata::decode(&bytes);
        let start = rx_frame_start(self.memory.line_size(), metadata.split);
        let content = match self.rx[index][slot as usize] {
            Some(content) => self.contents.hold(content),
            None => self.contents.add(Origin::Nic, None, 0, 0),
        };
        Ok(Some(RxSegment { segment, start, content, metadata }))
    }

    pub(super) fn header_bytes(
        &mut self,
        frame: &RxSegment,
        offset: u32,
        out: &mut [u8],
    ) -> Result<(), BufferError> {
        let range = within(offset.into(), out.len() as u64, frame.len().into())?;
        Ok(self.memory.read(frame.segment, frame.start + range.start, out)?)
    }

    pub(super) fn keep(&mut self, frame: RxSegment, range: Range<u32>) -> Result<PayloadId, BufferError> {
        let len = range.end.saturating_sub(range.start);
        if let Err(error) = within(range.start.into(), len.into(), frame.len().into()) {
            self.free_frame(frame);
            return Err(error);
        }
        let RxSegment { segment, start, content, .. } = frame;
        let start = start + u64::from(range.start);
        Ok(self.add_payload(Payload { segment, start, len, content, holders: 1 }))
    }

    pub(super) fn free_frame(&mut self, frame: RxSegment) {
        let released = self.memory.release(frame.segment);
        debug_assert_eq!(released, Ok(()), "a frame's segment lives as long as the frame");
        self.contents.drop_holder(frame.content);
    }

    /// Where a piece lies: segment, bytes, content.
    fn locate(&self, part: &Chunk) -> Result<(SegmentId, Range<u64>, ContentId), BufferError> {
        let payload = self.payload(part.payload)?;
        let range = within(part.offset.into(), part.len.into(), payload.len.into())?;
        Ok((payload.segment, payload.start + range.start..payload.start + range.end, payload.content))
    }

    /// One contiguous segment: pieces are grafted where their lines line up with it, and re-lined where they don't.
    pub(super) fn assemble(&mut self, parts: &[Chunk]) -> Result<UserId, BufferError> {
        let located = parts.iter().map(|part| self.locate(part)).collect::<Result<Vec<_>, _>>()?;
        let len = located.iter().map(|(_, range, _)| range.end - range.start).sum();
        let segment = self.memory.create_zeroed(len)?;
        let mut at = 0;
        let mut zero_lines = 0;
        for (source, range, content) in located {
            let bytes = range.end - range.start;
            if let Err(error) = self.memory.graft_bytes(segment, at, source, range, &mut self.ledger) {
                self.memory.release(segment)?;
                return Err(error.into());
            }
            at += bytes;
            zero_lines += self.contents.zero_lines_of(content);
        }
        let lines = len.div_ceil(u64::from(self.memory.line_size())) as u32;
        let content = self.contents.add(Origin::Recv, None, lines, zero_lines.min(lines));
        self.show(content, segment, lines.into());
        Ok(UserId(self.users.insert(User { segment, start: 0, len, content }) as u32))
    }

    /// A snapshot a piece: nothing is re-lined, wherever they begin. All of them or none.
    pub(super) fn hand_out(&mut self, parts: &[Chunk]) -> Result<Vec<UserId>, BufferError> {
        let located = parts.iter().map(|part| self.locate(part)).collect::<Result<Vec<_>, _>>()?;
        let mut users = Vec::with_capacity(located.len());
        for (source, range, content) in located {
            let segment = match self.memory.snapshot(source) {
                Ok(segment) => segment,
                Err(error) => {
                    for user in users {
                        self.free_user(user)?;
                    }
                    return Err(error.into());
                }
            };
            let content = self.contents.hold(content);
            let user = User { segment, start: range.start, len: range.end - range.start, content };
            users.push(UserId(self.users.insert(user) as u32));
        }
        Ok(users)
    }

    /// A copy into conventional memory: of a file system's pages, or of the application.
    pub(super) fn copy_to(
        &mut self,
        cause: CopyCause,
        parts: &[Chunk],
        out: &mut [u8],
    ) -> Result<(), BufferError> {
        let located = parts.iter().map(|part| self.locate(part)).collect::<Result<Vec<_>, _>>()?;
        let total = located.iter().map(|(_, range, _)| range.end - range.start).sum();
        within(0, out.len() as u64, total)?;
        within(0, total, out.len() as u64)?;
        let mut block = [0; 2048];
        let mut rest = out;
        for (segment, mut range, _) in located {
            while range.start < range.end {
                let len = (range.end - range.start).min(block.len() as u64) as usize;
                let (target, tail) = rest.split_at_mut(len);
                self.memory.read(segment, range.start, &mut block[..len])?;
                self.ledger.copy(cause, &block[..len], target);
                range.start += len as u64;
                rest = tail;
            }
        }
        Ok(())
    }

    pub(super) fn sum_of(&mut self, parts: &[Chunk]) -> Result<u16, BufferError> {
        let mut sum = Checksummer::default();
        let mut block = [0; 2048];
        for part in parts {
            let (segment, mut range, _) = self.locate(part)?;
            while range.start < range.end {
                let len = (range.end - range.start).min(block.len() as u64);
                self.memory.read(segment, range.start, &mut block[..len as usize])?;
                sum.add(&block[..len as usize]);
                range.start += len;
            }
        }
        Ok(sum.sum())
    }
}
