//! The paper's scheme (sections 3.1 and 3.2): the user's segment is snapshotted, packets take its sub-DAGs over by
//! reference, layers write header lines, the ring slot is one more snapshot. On the way up the driver snapshots the slot,
//! queues hold those snapshots, and `recv()` hands the user one. No payload byte moves, but where `recv()` into one buffer
//! has to re-line.

mod layout;
mod payloads;
mod receive;
mod transmit;

use std::ops::Range;

use slab::Slab;

use super::contents::{ContentId, Contents, Origin};
use super::{
    BufferError, Buffers, Chunk, FlowId, Held, Holders, Observation, PayloadId, Scheme, SendId, UserId,
    within,
};
use crate::ledger::{CopyCause, Ledger, PacketId};
use crate::memory::{AccessCounts, Content, LineCounts, Memory, MemoryConfig, SegmentId};
use crate::nic::{
    Delivery, NicConfig, NicCounts, RingPointers, Rss, RxMetadata, SegmentNic, TxFrames, TxOffload,
};
use crate::order::sort_by_number;
use crate::shared_list::SharedList;

use payloads::Payloads;
pub use receive::RxSegment;
pub use transmit::StackSegment;

/// The scheme's state: a HICAMP memory and a NIC that addresses its segments.
#[derive(Clone)]
pub struct Snapshot {
    memory: Memory,
    nic: SegmentNic,
    ledger: Ledger,
    contents: Contents,
    users: Slab<User>,
    payloads: Payloads,
    /// What is in the slots of the TX rings, by queue.
    tx: Vec<SharedList<Option<transmit::Posted>>>,
    /// The contents in the slots of the RX rings, by queue.
    rx: Vec<SharedList<Option<ContentId>>>,
}

/// What a segment is held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// A buffer of the application's.
    App {
        /// Which.
        user: u32,
    },
    /// A payload that a socket's queue or a packet refers to.
    Queue {
        /// Which.
        payload: u32,
    },
    /// A packet in a TX ring.
    TxSlot {
        /// The queue.
        queue: u16,
        /// The slot's segment.
        slot: u32,
        /// The packet, by the number that it was posted under.
        packet: u32,
    },
    /// A frame in an RX ring, or one that is left in a slot that is yet to be granted again.
    RxSlot {
        /// The queue.
        queue: u16,
        /// The slot's segment.
        slot: u32,
    },
}

/// A segment of the application: bytes `start..start + len` of it are the buffer.
#[derive(Clone)]
struct User {
    segment: SegmentId,
    start: u64,
    len: u64,
    content: ContentId,
}

/// A snapshot in a queue: bytes `start..start + len` of it are the payload.
#[derive(Clone)]
struct Payload {
    segment: SegmentId,
    start: u64,
    len: u32,
    content: ContentId,
    holders: u32,
}

impl Snapshot {
    /// The scheme over a memory of its own, with rings of segments from `nic.ring_base` on.
    ///
    /// # Errors
    /// [`BufferError::Memory`] for a memory configuration out of range.
    pub fn new(memory: MemoryConfig, nic: NicConfig) -> Result<Self, BufferError> {
        let mut memory = Memory::new(memory)?;
        memory.create_range(SegmentId(nic.ring_base), nic.segments())?;
        Ok(Self {
            memory,
            nic: SegmentNic::new(&nic),
            ledger: Ledger::default(),
            contents: Contents::default(),
            users: Slab::new(),
            payloads: Payloads::new(),
            tx: (0..nic.queues).map(|_| SharedList::filled(None, nic.tx_slots as usize)).collect(),
            rx: (0..nic.queues).map(|_| SharedList::filled(None, nic.rx_slots as usize)).collect(),
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

    /// What holds segments with content, in the order of segments. Stack segments of packets that are being made are not
    /// among them: nothing but the layer at work knows of those.
    pub fn holdings(&self) -> Vec<(SegmentId, Holding)> {
        let users = self.users.iter().map(|(id, user)| (user.segment, Holding::App { user: id as u32 }));
        let payloads = self.payloads.iter();
        let payloads = payloads.map(|(id, held)| (held.segment, Holding::Queue { payload: id.0 }));
        let tx = self.tx.iter().zip(&self.nic.tx).zip(0..).flat_map(|((slots, ring), queue)| {
            slots.iter().zip(ring.base()..).filter_map(move |(posted, slot)| {
                let packet = posted.as_ref()?.id.0;
                Some((SegmentId(slot), Holding::TxSlot { queue, slot, packet }))
            })
        });
        let rx = self.rx.iter().zip(&self.nic.rx).zip(0..).flat_map(|((slots, ring), queue)| {
            slots.iter().zip(ring.base()..).filter_map(move |(content, slot)| {
                content.map(|_| (SegmentId(slot), Holding::RxSlot { queue, slot }))
            })
        });
        let mut all: Vec<_> = users.chain(payloads).chain(tx).chain(rx).collect();
        sort_by_number(&mut all, |(id, _)| id.0.into());
        all
    }

    /// The segment of the slot that a packet is in, by the number that it was posted under.
    pub fn slot_of(&self, packet: u32) -> Option<SegmentId> {
        let found = self.holdings().into_iter().find(
            |(_, holding)| matches!(holding, Holding::TxSlot { packet: posted, .. } if *posted == packet),
        );
        found.map(|(segment, _)| segment)
    }

    /// Bytes of this state, beside the memory, that `other`, a clone at another time, does not share.
    pub fn unshared(&self, other: &Self) -> u64 {
        let tx = self.tx.iter().zip(&other.tx).map(|(here, there)| here.unshared(there, |_, _| 0));
        let rx = self.rx.iter().zip(&other.rx).map(|(here, there)| here.unshared(there, |_, _| 0));
        let entries = self.users.capacity() + self.payloads.len();
        tx.chain(rx).sum::<u64>() + (entries * size_of::<Payload>()) as u64 + self.contents.bytes()
    }

    /// The NIC, to look into.
    pub fn nic(&self) -> &SegmentNic {
        &self.nic
    }

    fn user(&self, id: UserId) -> Result<&User, BufferError> {
        self.users.get(id.0 as usize).ok_or(BufferError::UnknownUser(id))
    }

    fn payload(&self, id: PayloadId) -> Result<&Payload, BufferError> {
        self.payloads.get(id).ok_or(BufferError::UnknownPayload(id))
    }

    fn add_payload(&mut self, payload: Payload) -> PayloadId {
        self.payloads.insert(payload, &mut self.ledger)
    }

    /// A content whose data lines were just looked up, as `counted` says: the last ones of a segment.
    fn add_content(
        &mut self,
        origin: Origin,
        send: Option<SendId>,
        segment: SegmentId,
        counted: LineCounts,
    ) -> ContentId {
        let id = self.contents.add(origin, send, counted.requested as u32, counted.zero as u32);
        self.show(id, segment, counted.requested);
        id
    }

    /// Shows the last `count` lines of a segment as a content's, if anybody watches; that is no access of the memory.
    #[expect(clippy::disallowed_methods, reason = "a watcher's look, outside of what is modelled")]
    fn show(&mut self, id: ContentId, segment: SegmentId, count: u64) {
        if self.contents.is_watched() {
            let line = self.memory.line_size();
            let mut lines = Vec::new();
            // The segment was just made.
            let _ = self.memory.peek_lines(segment, |_, bytes| lines.extend_from_slice(bytes));
            let from = lines.len().saturating_sub((count * u64::from(line)) as usize);
            self.contents.show(id, line, std::iter::once(&lines[from..]));
        }
    }
}

impl Holders for Snapshot {
    fn hold(&mut self, payload: PayloadId) {
        self.payloads[payload].holders += 1;
    }

    fn release(&mut self, payload: PayloadId) {
        let held = &mut self.payloads[payload];
        held.holders -= 1;
        if held.holders == 0 {
            let Payload { segment, content, .. } = self.payloads.remove(payload);
            let released = self.memory.release(segment);
            debug_assert_eq!(released, Ok(()), "a payload's segment lives as long as the payload");
            self.contents.drop_holder(content);
        }
    }

    fn payload_len(&self, payload: PayloadId) -> u32 {
        self.payloads[payload].len
    }
}

impl Buffers for Snapshot {
    type Packet = StackSegment;
    type Frame = RxSegment;

    fn scheme(&self) -> Scheme {
        Scheme::Snapshot
    }

    fn app_write(
        &mut self,
        buffer: Option<UserId>,
        send: SendId,
        bytes: &[u8],
    ) -> Result<UserId, BufferError> {
        let before = self.memory.data_line_counts();
        let former = buffer.map(|id| self.user(id).map(|user| user.segment)).transpose()?;
        let segment = match former {
            Some(segment) => {
                self.memory.assign(segment, bytes, Content::Data)?;
                segment
            }
            None => self.memory.create(bytes, Content::Data)?,
        };
        let counted = self.memory.data_line_counts().since(&before);
        let app = &mut self.ledger.app_write;
        app.count += 1;
        app.bytes += bytes.len() as u64;
        app.lines_requested += counted.requested;
        app.lines_new += counted.new;
        let content = self.add_content(Origin::App, Some(send), segment, counted);
        let user = User { segment, start: 0, len: bytes.len() as u64, content };
        let Some(id) = buffer else { return Ok(UserId(self.users.insert(user) as u32)) };
        let former = std::mem::replace(&mut self.users[id.0 as usize], user);
        self.contents.drop_holder(former.content);
        Ok(id)
    }

    fn user_len(&self, user: UserId) -> Result<u64, BufferError> {
        Ok(self.user(user)?.len)
    }

    fn read_user(&mut self, user: UserId, offset: u64, out: &mut [u8]) -> Result<(), BufferError> {
        let User { segment, start, len, .. } = *self.user(user)?;
        let range = within(offset, out.len() as u64, len)?;
        Ok(self.memory.read(segment, start + range.start, out)?)
    }

    fn free_user(&mut self, user: UserId) -> Result<(), BufferError> {
        let freed = self.users.try_remove(user.0 as usize).ok_or(BufferError::UnknownUser(user))?;
        self.memory.release(freed.segment)?;
        self.contents.drop_holder(freed.content);
        Ok(())
    }

    fn send(&mut self, _flow: FlowId, user: UserId, range: Range<u64>) -> Result<PayloadId, BufferError> {
        self.take_over(user, range)
    }

    fn send_conventional(&mut self, _flow: FlowId, bytes: &[u8]) -> Result<PayloadId, BufferError> {
        let mut staging = vec![0; bytes.len()];
        self.ledger.copy(CopyCause::UserToKernel, bytes, &mut staging);
        let before = self.memory.data_line_counts();
        let segment = self.memory.create(&staging, Content::Data)?;
        let counted = self.memory.data_line_counts().since(&before);
        let content = self.add_content(Origin::Kernel, None, segment, counted);
        Ok(self.add_payload(Payload { segment, start: 0, len: bytes.len() as u32, content, holders: 1 }))
    }

    fn packet(&mut self, parts: &[Chunk]) -> Result<StackSegment, BufferError> {
        self.stack_segment(parts)
    }

    fn push_header(&mut self, packet: &mut StackSegment, header: &[u8]) -> Result<(), BufferError> {
        self.write_layer(packet, header)
    }

    fn drop_packet(&mut self, packet: StackSegment) {
        self.discard(packet);
    }

    fn has_room(&self, queue: u16, _packet: &StackSegment) -> bool {
        self.nic.tx[usize::from(queue)].room() > 0
    }

    fn post(
        &mut self,
        queue: u16,
        id: PacketId,
        packet: StackSegment,
        offload: TxOffload,
    ) -> Result<(), BufferError> {
        self.fill_slot(queue, id, packet, offload)
    }

    fn doorbell(&mut self, queue: u16) {
        if self.nic.tx[usize::from(queue)].doorbell() > 0 {
            self.ledger.bus.doorbell();
        }
    }

    fn transmit(&mut self, queue: u16, out: &mut TxFrames) -> Result<Option<PacketId>, BufferError> {
        let slot = self.nic.transmit(queue, &mut self.memory, &mut self.ledger, out)?;
        let slots = &self.tx[usize::from(queue)];
        Ok(slot.and_then(|slot| slots[slot as usize].as_ref()).map(|posted| posted.id))
    }

    fn recycle(&mut self, queue: u16) -> Result<Option<PacketId>, BufferError> {
        self.clear_slot(queue)
    }

    fn interrupt(&mut self, queue: u16) {
        self.nic.interrupt(queue, &mut self.ledger);
    }

    fn refill(&mut self, queue: u16) -> Result<(), BufferError> {
        self.grant_slots(queue)
    }

    fn deliver(&mut self, frame: &[u8]) -> Delivery {
        self.arrive(frame)
    }

    fn poll_rx(&mut self, queue: u16) -> Result<Option<RxSegment>, BufferError> {
        self.take_frame(queue)
    }

    fn frame_len(&self, frame: &RxSegment) -> u32 {
        frame.len()
    }

    fn metadata(&self, frame: &RxSegment) -> RxMetadata {
        frame.metadata
    }

    fn read_header(&mut self, frame: &RxSegment, offset: u32, out: &mut [u8]) -> Result<(), BufferError> {
        self.header_bytes(frame, offset, out)
    }

    fn keep_payload(&mut self, frame: RxSegment, range: Range<u32>) -> Result<PayloadId, BufferError> {
        self.keep(frame, range)
    }

    fn drop_frame(&mut self, frame: RxSegment) {
        self.free_frame(frame);
    }

    fn recv(&mut self, parts: &[Chunk]) -> Result<UserId, BufferError> {
        self.assemble(parts)
    }

    fn recv_segments(&mut self, parts: &[Chunk]) -> Result<Vec<UserId>, BufferError> {
        self.hand_out(parts)
    }

    fn recv_conventional(&mut self, parts: &[Chunk], out: &mut [u8]) -> Result<(), BufferError> {
        self.copy_to(CopyCause::KernelToUser, parts, out)
    }

    fn sum(&mut self, parts: &[Chunk]) -> Result<u16, BufferError> {
        self.sum_of(parts)
    }

    fn copy_to_file(&mut self, parts: &[Chunk], out: &mut [u8]) -> Result<(), BufferError> {
        self.copy_to(CopyCause::SpliceToFile, parts, out)
    }

    fn rss(&self) -> &Rss {
        &self.nic.rss
    }

    fn nic_counts(&self) -> NicCounts {
        self.nic.counts()
    }

    fn rx_granted(&self, queue: u16) -> u32 {
        self.nic.rx[usize::from(queue)].owned_by_nic()
    }

    fn flip_payload_byte(&mut self, packet: &mut StackSegment, offset: u32) -> Result<(), BufferError> {
        self.flip(packet, offset)
    }

    fn contents_mut(&mut self) -> &mut Contents {
        &mut self.contents
    }

    fn limit_rings(&mut self, slots: u32) {
        self.nic.tx.iter_mut().for_each(|ring| ring.limit(slots));
        self.nic.rx.iter_mut().for_each(|ring| ring.limit(slots));
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    fn access_counts(&self) -> AccessCounts {
        self.memory.access_counts()
    }

    fn observe(&self) -> Observation {
        let zero = u64::from(self.contents.zero_lines > 0);
        Observation {
            map_entries: self.memory.map_entries_written(),
            lines: self.memory.line_counts(),
            data_lines: self.memory.data_line_counts(),
            held: Held { references: self.contents.lines, distinct: self.memory.held_data_lines() + zero },
            footprint: self.memory.footprint(),
            bus: self.ledger.bus.total().requests,
            accesses: self.memory.access_counts().total(),
        }
    }

    fn pointers(&self, queue: u16) -> [RingPointers; 2] {
        let queue = usize::from(queue);
        [self.nic.tx[queue].pointers(), self.nic.rx[queue].pointers()]
    }
}
