//! The way down over snapshots (DESIGN.md section 3; paper section 3.1): user segment, snapshot, stack segment, slot.

use std::ops::Range as Span;

use super::super::contents::ContentId;
use super::super::{BufferError, Chunk, PayloadId, UserId, within};
use super::layout::{HEADER_ROOM, Layout};
use super::{Payload, Snapshot};
use crate::ledger::PacketId;
use crate::memory::{Content, MemoryError, SegmentId};
use crate::nic::{MAX_RANGES, Range, TxMetadata, TxOffload};

/// A stack segment: a header sub-DAG, and behind it sub-DAGs of payload segments by reference.
pub struct StackSegment {
    id: SegmentId,
    contents: Holds,
    /// Headers written so far, ending at the header sub-DAG's end.
    header: Range,
    data: [Range; MAX_RANGES],
}

/// The contents that a packet refers to, one a range.
type Holds = [Option<ContentId>; MAX_RANGES];

/// What is in a TX slot.
#[derive(Clone, Copy)]
pub(super) struct Posted {
    pub(super) id: PacketId,
    contents: Holds,
}

impl Snapshot {
    /// A snapshot of the user's segment, whatever its size and wherever the range begins.
    pub(super) fn take_over(&mut self, user: UserId, range: Span<u64>) -> Result<PayloadId, BufferError> {
        let user = self.user(user)?;
        let range = within(range.start, range.end.saturating_sub(range.start), user.len)?;
        let (start, len) = (user.start + range.start, (range.end - range.start) as u32);
        let content = user.content;
        let segment = self.memory.snapshot(user.segment)?;
        self.contents.hold(content);
        Ok(self.add_payload(Payload { segment, start, len, content, holders: 1 }))
    }

    pub(super) fn stack_segment(&mut self, parts: &[Chunk]) -> Result<StackSegment, BufferError> {
        if parts.len() > MAX_RANGES {
            return Err(BufferError::Gather { chunks: parts.len() as u32, max: MAX_RANGES as u32 });
        }
        let mut ranges = [(0, 0); MAX_RANGES];
        let mut sources = [SegmentId(0); MAX_RANGES];
        let mut contents = Holds::default();
        for (i, part) in parts.iter().enumerate() {
            let payload = self.payload(part.payload)?;
            within(part.offset.into(), part.len.into(), payload.len.into())?;
            ranges[i] = (payload.start + u64::from(part.offset), u64::from(part.len));
            sources[i] = payload.segment;
            contents[i] = Some(payload.content);
        }
        let layout = Layout::new(self.memory.line_size(), &ranges[..parts.len()]);
        let id = self.memory.create_zeroed(layout.length())?;
        let mut data = [Range::default(); MAX_RANGES];
        let mut at = layout.unit;
        for (i, cover) in layout.covers.iter().enumerate().filter(|(_, cover)| cover.children > 0) {
            let bytes = cover.children * layout.unit;
            if let Err(error) = self.memory.graft(id, at, sources[i], cover.from, bytes) {
                self.memory.release(id)?;
                return Err(error.into());
            }
            let (offset, len) = ranges[i];
            data[i] = Range { offset: (at + offset - cover.from) as u32, length: len as u32 };
            at += bytes;
        }
        for content in contents.into_iter().flatten() {
            self.contents.hold(content);
        }
        let header = Range { offset: layout.unit as u32, length: 0 };
        Ok(StackSegment { id, contents, header, data })
    }

    fn write_header(&mut self, id: SegmentId, offset: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        self.memory.overwrite(id, offset, bytes, Content::Other)?;
        self.ledger.header.add(bytes.len() as u64);
        Ok(())
    }

    pub(super) fn write_layer(
        &mut self,
        packet: &mut StackSegment,
        header: &[u8],
    ) -> Result<(), BufferError> {
        let needed = packet.header.length + header.len() as u32;
        if u64::from(needed) > HEADER_ROOM {
            return Err(BufferError::HeaderRoom { needed, reserved: HEADER_ROOM as u32 });
        }
        let offset = packet.header.offset - header.len() as u32;
        self.write_header(packet.id, u64::from(offset), header)?;
        packet.header = Range { offset, length: needed };
        Ok(())
    }

    pub(super) fn discard(&mut self, packet: StackSegment) {
        let released = self.memory.release(packet.id);
        debug_assert_eq!(released, Ok(()), "a stack segment lives as long as its packet");
        self.drop_contents(packet.contents);
    }

    fn drop_contents(&mut self, contents: Holds) {
        for content in contents.into_iter().flatten() {
            self.contents.drop_holder(content);
        }
    }

    pub(super) fn fill_slot(
        &mut self,
        queue: u16,
        id: PacketId,
        packet: StackSegment,
        offload: TxOffload,
    ) -> Result<(), BufferError> {
        let metadata = TxMetadata { offload, header: packet.header, payload: packet.data };
        let ring = &mut self.nic.tx[usize::from(queue)];
        let filled = offload.check(packet.header.length).map_err(BufferError::from).and_then(|()| {
            self.memory.overwrite(packet.id, 0, &metadata.encode(), Content::Other)?;
            Ok(ring.fill()?)
        });
        let slot = match filled {
            Ok(slot) => slot,
            Err(error) => {
                self.discard(packet);
                return Err(error);
            }
        };
        self.ledger.header.add(crate::nic::METADATA_BYTES as u64);
        self.memory.snapshot_into(SegmentId(ring.base() + slot), packet.id)?;
        self.memory.release(packet.id)?;
        // The stack segment's hold on the contents passes to the slot.
        self.tx[usize::from(queue)][slot as usize] = Some(Posted { id, contents: packet.contents });
        Ok(())
    }

    pub(super) fn clear_slot(&mut self, queue: u16) -> Result<Option<PacketId>, BufferError> {
        let ring = &mut self.nic.tx[usize::from(queue)];
        let Some(slot) = ring.recycle() else { return Ok(None) };
        self.memory.clear(SegmentId(ring.base() + slot))?;
        let posted = self.tx[usize::from(queue)][slot as usize].take();
        Ok(posted.map(|posted| {
            self.drop_contents(posted.contents);
            posted.id
        }))
    }

    pub(super) fn flip(&mut self, packet: &StackSegment, offset: u32) -> Result<(), BufferError> {
        let mut at = offset;
        for range in packet.data {
            if at < range.length {
                let (at, mut byte) = (u64::from(range.offset + at), [0]);
                self.memory.read(packet.id, at, &mut byte)?;
                self.memory.overwrite(packet.id, at, &[!byte[0]], Content::Other)?;
                break;
            }
            at -= range.length;
        }
        Ok(())
    }
}
