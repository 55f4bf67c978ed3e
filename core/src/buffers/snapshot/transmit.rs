//! The way down over snapshots (DESIGN.md section 3; paper section 3.1): user segment, snapshot, stack segment, slot.

use std::ops::Range as Span;

use super::super::contents::ContentId;
use super::super::{BufferError, Chunk, Holders, PayloadId, UserId, within};
use super::layout::{HEADER_ROOM, Layout};
use super::{Payload, Snapshot};
use crate::ledger::PacketId;
use crate::memory::{Content, MemoryError, SegmentId, Share};
use crate::nic::{MAX_RANGES, METADATA_BYTES, Range, TxMetadata, TxOffload};

/// A stack segment: a header sub-DAG, and behind it sub-DAGs of payload segments by reference. Until the driver commits them
/// all in one step, with the metadata, headers are transient lines (DESIGN.md 2.10), and the payloads have the packet as one
/// more holder.
#[derive(Clone)]
pub struct StackSegment {
    id: SegmentId,
    layout: Layout,
    payloads: [Option<PayloadId>; MAX_RANGES],
    /// Headers written so far, right-aligned.
    transient: [u8; HEADER_ROOM],
    /// Where they lie in the segment: they end at the header sub-DAG's end.
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
        for (range, part) in ranges.iter_mut().zip(parts) {
            let payload = self.payload(part.payload)?;
            within(part.offset.into(), part.len.into(), payload.len.into())?;
            *range = (payload.start + u64::from(part.offset), u64::from(part.len));
        }
        let layout = Layout::new(self.memory.line_size(), &ranges[..parts.len()]);
        let id = self.memory.create_zeroed(layout.length())?;
        let mut payloads = [None; MAX_RANGES];
        for (held, part) in payloads.iter_mut().zip(parts) {
            self.hold(part.payload);
            *held = Some(part.payload);
        }
        let mut data = [Range::default(); MAX_RANGES];
        let mut at = layout.unit;
        for ((data, cover), (offset, len)) in data.iter_mut().zip(&layout.covers).zip(ranges) {
            if cover.children > 0 {
                *data = Range { offset: (at + offset - cover.from) as u32, length: len as u32 };
                at += cover.children * layout.unit;
            }
        }
        let header = Range { offset: layout.unit as u32, length: 0 };
        Ok(StackSegment { id, layout, payloads, transient: [0; HEADER_ROOM], header, data })
    }

    pub(super) fn write_layer(
        &mut self,
        packet: &mut StackSegment,
        header: &[u8],
    ) -> Result<(), BufferError> {
        let needed = packet.header.length + header.len() as u32;
        let Some(start) = HEADER_ROOM.checked_sub(needed as usize) else {
            return Err(BufferError::HeaderRoom { needed, reserved: HEADER_ROOM as u32 });
        };
        for (to, from) in packet.transient[start..].iter_mut().zip(header) {
            *to = *from;
        }
        self.ledger.header.add(header.len() as u64);
        packet.header = Range { offset: packet.header.offset - header.len() as u32, length: needed };
        Ok(())
    }

    /// Commits what the layers have made of a packet so far, so that its stack segment can be looked at before
    /// [`super::super::Buffers::post`], which commits it with the metadata in any case.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    pub fn settle(&mut self, packet: &StackSegment) -> Result<(), BufferError> {
        Ok(self.compose(packet, &[0; METADATA_BYTES])?)
    }

    /// Commits metadata, headers and payload.
    fn commit(&mut self, packet: &StackSegment, offload: TxOffload) -> Result<(), MemoryError> {
        let metadata = TxMetadata { offload, header: packet.header, payload: packet.data }.encode();
        self.compose(packet, &metadata)?;
        self.ledger.header.add(METADATA_BYTES as u64);
        Ok(())
    }

    fn compose(&mut self, packet: &StackSegment, metadata: &[u8]) -> Result<(), MemoryError> {
        let headers = &packet.transient[HEADER_ROOM - packet.header.length as usize..];
        let mut shares = [Share::default(); MAX_RANGES];
        let mut used = 0;
        for (payload, cover) in packet.payloads.iter().zip(&packet.layout.covers) {
            if let Some(payload) = payload.filter(|_| cover.children > 0) {
                let source = self.payloads[payload].segment;
                let first = cover.from / packet.layout.unit;
                shares[used] = Share { source, first, count: cover.children as u32 };
                used += 1;
            }
        }
        self.memory.compose(packet.id, packet.layout.height, (metadata, headers), &shares[..used])
    }

    pub(super) fn discard(&mut self, packet: StackSegment) {
        let released = self.memory.release(packet.id);
        debug_assert_eq!(released, Ok(()), "a stack segment lives as long as its packet");
        for payload in packet.payloads.into_iter().flatten() {
            self.release(payload);
        }
    }

    /// The contents that the packet's payloads have, for the slot to hold.
    fn contents_of(&mut self, packet: &StackSegment) -> Holds {
        packet.payloads.map(|payload| {
            let content = self.payloads[payload?].content;
            Some(self.contents.hold(content))
        })
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
        let checked = offload.check(packet.header.length).map_err(BufferError::from);
        let committed = checked.and_then(|()| Ok(self.commit(&packet, offload)?));
        let ring = &mut self.nic.tx[usize::from(queue)];
        let filled = committed.and_then(|()| Ok(ring.fill()?));
        let slot = match filled {
            Ok(slot) => slot,
            Err(error) => {
                self.discard(packet);
                return Err(error);
            }
        };
        self.memory.snapshot_into(SegmentId(ring.base() + slot), packet.id)?;
        let contents = self.contents_of(&packet);
        self.discard(packet);
        self.tx[usize::from(queue)][slot as usize] = Some(Posted { id, contents });
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

    /// The packet gets a payload of its own with the byte flipped: what other holders have stays as it is.
    pub(super) fn flip(&mut self, packet: &mut StackSegment, offset: u32) -> Result<(), BufferError> {
        let mut at = offset;
        for (i, range) in packet.data.iter().enumerate() {
            let Some(id) = packet.payloads[i] else { break };
            if at >= range.length {
                at -= range.length;
                continue;
            }
            let Payload { segment, start, len, content, .. } = *self.payload(id)?;
            let within = u64::from(range.offset) % packet.layout.unit + u64::from(at);
            let byte = packet.layout.covers[i].from + within;
            let segment = self.memory.snapshot(segment)?;
            self.contents.hold(content);
            let flipped = self.add_payload(Payload { segment, start, len, content, holders: 1 });
            packet.payloads[i] = Some(flipped);
            self.release(id);
            let mut value = [0];
            self.memory.read(segment, byte, &mut value)?;
            self.memory.overwrite(segment, byte, &[!value[0]], Content::Other)?;
            break;
        }
        Ok(())
    }
}
