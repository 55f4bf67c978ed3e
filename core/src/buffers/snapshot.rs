//! The paper's scheme (sections 3.1 and 3.2): the user's segment is snapshotted, packets take its sub-DAGs over by
//! reference, layers write header lines, the ring slot is one more snapshot. No payload byte moves.

use super::layout::{HEADER_ROOM, Layout};
use super::payloads::{PayloadId, Payloads};
use super::{BufferError, Buffers, FlowId, Held, Observation, Scheme, SendId};
use crate::ledger::{Ledger, PacketId};
use crate::memory::{Content, Memory, MemoryConfig, SegmentId};
use crate::nic::{Checksum, Range, SegmentNic, TxMetadata};

/// The scheme's state: a HICAMP memory and a NIC that addresses its segments.
pub struct Snapshot {
    memory: Memory,
    nic: SegmentNic,
    ledger: Ledger,
    payloads: Payloads,
    slots: Vec<Option<(PacketId, PayloadId)>>,
}

/// A segment of the application, or the socket layer's snapshot of one.
pub struct Segment {
    id: SegmentId,
    payload: PayloadId,
}

/// A stack segment.
pub struct StackSegment {
    id: SegmentId,
    payload: PayloadId,
    /// Headers written so far, ending at the header sub-DAG's end.
    header: Range,
    data: Range,
}

impl Snapshot {
    /// The scheme over a memory of its own, with a TX ring of `slots` segments from ID `ring_base`.
    ///
    /// # Errors
    /// [`BufferError::Memory`] for a memory configuration out of range.
    pub fn new(config: MemoryConfig, ring_base: u32, slots: u32) -> Result<Self, BufferError> {
        let mut memory = Memory::new(config)?;
        memory.create_range(SegmentId(ring_base), slots)?;
        Ok(Self {
            memory,
            nic: SegmentNic::new(ring_base, slots),
            ledger: Ledger::default(),
            payloads: Payloads::default(),
            slots: vec![None; slots as usize],
        })
    }

    /// The memory, to look into.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The memory, to check its invariants.
    pub fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    fn release(&mut self, id: SegmentId, payload: PayloadId) -> Result<(), BufferError> {
        self.memory.release(id)?;
        self.payloads.drop_holder(payload);
        Ok(())
    }

    fn write_header(&mut self, id: SegmentId, offset: u64, bytes: &[u8]) -> Result<(), BufferError> {
        self.memory.overwrite(id, offset, bytes, Content::Other)?;
        self.ledger.header.add(bytes.len() as u64);
        Ok(())
    }
}

impl Buffers for Snapshot {
    const SCHEME: Scheme = Scheme::Snapshot;
    type User = Segment;
    type Send = Segment;
    type Packet = StackSegment;

    fn app_write(
        &mut self,
        buffer: Option<Segment>,
        send: SendId,
        payload: &[u8],
    ) -> Result<Segment, BufferError> {
        let before = self.memory.data_line_counts();
        let id = match buffer {
            Some(Segment { id, payload: former }) => {
                self.memory.assign(id, payload, Content::Data)?;
                self.payloads.drop_holder(former);
                id
            }
            None => self.memory.create(payload, Content::Data)?,
        };
        let counted = self.memory.data_line_counts().since(&before);
        let app = &mut self.ledger.app_write;
        app.count += 1;
        app.bytes += payload.len() as u64;
        app.lines_requested += counted.requested;
        app.lines_new += counted.new;
        let payload = self.payloads.add(send, counted.requested as u32, counted.zero as u32);
        Ok(Segment { id, payload })
    }

    fn free_user(&mut self, user: Segment) -> Result<(), BufferError> {
        self.release(user.id, user.payload)
    }

    fn send(&mut self, _flow: FlowId, user: &Segment) -> Result<Segment, BufferError> {
        let id = self.memory.snapshot(user.id)?;
        Ok(Segment { id, payload: self.payloads.hold(user.payload) })
    }

    fn packet(
        &mut self,
        _user: &Segment,
        send: &Segment,
        offset: u32,
        len: u32,
    ) -> Result<StackSegment, BufferError> {
        let layout = Layout::new(self.memory.line_size(), u64::from(offset), u64::from(len));
        let id = self.memory.create_zeroed(layout.length())?;
        let children = layout.children * layout.unit;
        if children > 0
            && let Err(error) = self.memory.graft(id, layout.unit, send.id, layout.from, children)
        {
            self.memory.release(id)?;
            return Err(error.into());
        }
        let unit = layout.unit as u32;
        Ok(StackSegment {
            id,
            payload: self.payloads.hold(send.payload),
            header: Range { offset: unit, length: 0 },
            data: Range { offset: unit + (offset - layout.from as u32), length: len },
        })
    }

    fn push_header(&mut self, packet: &mut StackSegment, header: &[u8]) -> Result<(), BufferError> {
        let needed = packet.header.length + header.len() as u32;
        if u64::from(needed) > HEADER_ROOM {
            return Err(BufferError::HeaderRoom { needed, reserved: HEADER_ROOM as u32 });
        }
        let offset = packet.header.offset - header.len() as u32;
        self.write_header(packet.id, u64::from(offset), header)?;
        packet.header = Range { offset, length: needed };
        Ok(())
    }

    fn post(
        &mut self,
        id: PacketId,
        packet: StackSegment,
        checksum: Option<Checksum>,
    ) -> Result<(), BufferError> {
        let metadata = TxMetadata {
            checksum,
            header: packet.header,
            payload: [packet.data, Range::default(), Range::default()],
        };
        self.write_header(packet.id, 0, &metadata.encode())?;
        let slot = self.nic.ring.fill()?;
        self.memory.snapshot_into(SegmentId(self.nic.ring.base() + slot), packet.id)?;
        self.memory.release(packet.id)?;
        // The stack segment's hold on the payload passes to the slot.
        self.slots[slot as usize] = Some((id, packet.payload));
        Ok(())
    }

    fn doorbell(&mut self) {
        self.nic.ring.doorbell();
    }

    fn transmit(&mut self, frame: &mut Vec<u8>) -> Result<Option<PacketId>, BufferError> {
        let slot = self.nic.transmit(&mut self.memory, &mut self.ledger, frame)?;
        Ok(slot.and_then(|slot| self.slots[slot as usize]).map(|(id, _)| id))
    }

    fn recycle(&mut self) -> Result<Option<PacketId>, BufferError> {
        let Some(slot) = self.nic.ring.recycle() else { return Ok(None) };
        self.memory.clear(SegmentId(self.nic.ring.base() + slot))?;
        Ok(self.slots[slot as usize].take().map(|(id, payload)| {
            self.payloads.drop_holder(payload);
            id
        }))
    }

    fn sent(&mut self, send: Segment) -> Result<(), BufferError> {
        self.release(send.id, send.payload)
    }

    fn flip_payload_byte(&mut self, packet: &mut StackSegment, offset: u32) -> Result<(), BufferError> {
        let at = u64::from(packet.data.offset + offset.min(packet.data.length.saturating_sub(1)));
        let mut byte = [0];
        self.memory.read(packet.id, at, &mut byte)?;
        self.memory.overwrite(packet.id, at, &[!byte[0]], Content::Other)?;
        Ok(())
    }

    fn take_dead_payloads(&mut self) -> Vec<SendId> {
        self.payloads.take_dead()
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    fn observe(&self) -> Observation {
        let zero = u64::from(self.payloads.zero_lines > 0);
        Observation {
            map_entries: self.memory.map_entries_written(),
            lines: self.memory.line_counts(),
            data_lines: self.memory.data_line_counts(),
            held: Held { references: self.payloads.lines, distinct: self.memory.live_data_lines() + zero },
            head: self.nic.ring.head(),
            tail: self.nic.ring.tail(),
            owned_by_nic: self.nic.ring.owned_by_nic(),
            unposted: self.nic.ring.unposted(),
        }
    }
}
