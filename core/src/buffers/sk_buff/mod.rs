//! The conventional scheme (FACTS.md section 2): `send()` copies the user's bytes into kernel pages, packets refer to
//! fragments of those behind an `sk_buff`, headers go into its linear head, and a descriptor NIC reads both. A received
//! frame is an `sk_buff` around the buffer that the NIC filled, and `recv()` copies out of it.

mod arena;
mod receive;
mod shadow;
mod transmit;

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use slab::Slab;

use super::contents::{ContentId, Contents, Origin};
use super::{
    BufferError, Buffers, Chunk, FlowId, Held, Holders, Observation, PayloadId, Scheme, SendId, UserId,
    within,
};
use crate::ledger::{AllocationKind, CopyCause, Ledger, PacketId};
use crate::memory::LineCounts;
use crate::nic::{
    DESCRIPTOR_BYTES, Delivery, DescriptorNic, Iommu, IommuCounts, NicConfig, NicCounts, RingPointers, Rss,
    RxMetadata, TxFrames, TxOffload,
};
use crate::shared_list::SharedList;
use arena::Physical;
use transmit::{Fragment, SK_BUFF};

pub use receive::RxSkb;
pub use transmit::Skb;

/// The scheme's state: conventional memory and a descriptor NIC.
#[derive(Clone)]
pub struct SkBuff {
    memory: Physical,
    nic: DescriptorNic,
    ledger: Ledger,
    contents: Contents,
    users: Slab<UserBuffer>,
    payloads: Slab<Payload>,
    /// The page that each thread fills, and how far.
    filling: HashMap<FlowId, (u32, u32)>,
    iommu: Iommu,
    /// What is in the TX rings, by queue.
    tx: Vec<TxQueue>,
    /// The buffers in the slots of the RX rings, by queue.
    rx: Vec<SharedList<Option<u32>>>,
    /// The contents of the filled ones, by queue.
    rx_contents: Vec<VecDeque<ContentId>>,
    refill_batch: u32,
    line: u32,
    /// Bytes of the applications' buffers.
    user_bytes: u64,
    /// Bytes of the rings' descriptors.
    ring_bytes: u64,
}

/// An application's buffer.
#[derive(Clone)]
struct UserBuffer {
    /// Shared with clones of the scheme until it is written.
    bytes: Arc<Vec<u8>>,
    content: ContentId,
}

/// Kernel memory in a queue.
#[derive(Clone)]
struct Payload {
    fragments: Vec<Fragment>,
    len: u32,
    /// It was received: an `sk_buff` stands around it.
    skb: bool,
    content: ContentId,
    holders: u32,
}

/// Packets in a ring, in order.
#[derive(Clone, Default)]
struct TxQueue {
    /// Each with the descriptors it still has there.
    posted: VecDeque<(PacketId, Skb, u32)>,
    /// How many of the packets the NIC has read.
    read: usize,
}

impl SkBuff {
    /// The scheme with rings of descriptors. Lines of `line` bytes are only what held payload is counted in: conventional
    /// memory knows none.
    pub fn new(line: u32, nic: NicConfig) -> Self {
        Self {
            memory: Physical::new(),
            nic: DescriptorNic::new(&nic),
            ledger: Ledger::default(),
            contents: Contents::default(),
            users: Slab::new(),
            payloads: Slab::new(),
            filling: HashMap::new(),
            iommu: Iommu::new(nic.iommu),
            tx: (0..nic.queues).map(|_| TxQueue::default()).collect(),
            rx: (0..nic.queues).map(|_| SharedList::filled(None, nic.rx_slots as usize)).collect(),
            rx_contents: (0..nic.queues).map(|_| VecDeque::new()).collect(),
            refill_batch: nic.refill_batch,
            line,
            user_bytes: 0,
            ring_bytes: u64::from(nic.queues) * u64::from(nic.tx_slots + nic.rx_slots) * DESCRIPTOR_BYTES,
        }
    }

    fn user(&self, id: UserId) -> Result<&UserBuffer, BufferError> {
        self.users.get(id.0 as usize).ok_or(BufferError::UnknownUser(id))
    }

    fn payload(&self, id: PayloadId) -> Result<&Payload, BufferError> {
        self.payloads.get(id.0 as usize).ok_or(BufferError::UnknownPayload(id))
    }

    fn add_payload(&mut self, payload: Payload) -> PayloadId {
        PayloadId(self.payloads.insert(payload) as u32)
    }

    /// A content of bytes that were just put somewhere.
    fn add_content(&mut self, origin: Origin, send: Option<SendId>, bytes: &[u8]) -> ContentId {
        let lines = bytes.len().div_ceil(self.line as usize) as u32;
        let id = self.contents.add(origin, send, lines, 0);
        self.contents.show(id, self.line, std::iter::once(bytes));
        id
    }

    /// The applications' buffers, what the stack has allocated, and the descriptors (FACTS.md section 2).
    fn footprint(&self) -> u64 {
        let allocated: u64 = AllocationKind::ALL.iter().map(|kind| self.ledger.held(*kind).bytes).sum();
        self.user_bytes + allocated + self.ring_bytes
    }

    /// Bytes of this state that `other`, a clone at another time, does not share.
    pub fn unshared(&self, other: &Self) -> u64 {
        let shared = |key: usize, user: &UserBuffer| {
            other.users.get(key).is_some_and(|there| Arc::ptr_eq(&user.bytes, &there.bytes))
        };
        let own = self.users.iter().filter(|(key, user)| !shared(*key, user));
        let users: usize = own.map(|(_, user)| user.bytes.len()).sum();
        let entries = 64 * (self.users.len() + self.payloads.len());
        let slots = self.rx.iter().zip(&other.rx).map(|(here, there)| here.unshared(there, |_, _| 0));
        let rings = self.nic.unshared(&other.nic) + slots.sum::<u64>();
        self.memory.unshared(&other.memory) + rings + (users + entries) as u64 + self.contents.bytes()
    }

    /// What the kernel asked of the IOMMU.
    pub fn iommu_counts(&self) -> IommuCounts {
        self.iommu.counts()
    }
}

impl Holders for SkBuff {
    fn hold(&mut self, payload: PayloadId) {
        self.payloads[payload.0 as usize].holders += 1;
    }

    fn release(&mut self, payload: PayloadId) {
        let held = &mut self.payloads[payload.0 as usize];
        held.holders -= 1;
        if held.holders == 0 {
            let freed = self.payloads.remove(payload.0 as usize);
            for fragment in freed.fragments {
                self.put_fragment(fragment.area, fragment.index);
            }
            if freed.skb {
                self.ledger.free(AllocationKind::SkBuff, SK_BUFF);
            }
            self.contents.drop_holder(freed.content);
        }
    }

    fn payload_len(&self, payload: PayloadId) -> u32 {
        self.payloads[payload.0 as usize].len
    }
}

impl Buffers for SkBuff {
    type Packet = Skb;
    type Frame = RxSkb;

    fn scheme(&self) -> Scheme {
        Scheme::SkBuff
    }

    fn app_write(
        &mut self,
        buffer: Option<UserId>,
        send: SendId,
        bytes: &[u8],
    ) -> Result<UserId, BufferError> {
        let id = match buffer {
            Some(id) => {
                let former = self.user(id)?.content;
                self.contents.drop_holder(former);
                id
            }
            None => {
                let entry = self.users.vacant_entry();
                let id = UserId(entry.key() as u32);
                entry.insert(UserBuffer { bytes: Arc::default(), content: ContentId::default() });
                id
            }
        };
        let content = self.add_content(Origin::App, Some(send), bytes);
        let user = &mut self.users[id.0 as usize];
        user.content = content;
        let buffer = Arc::make_mut(&mut user.bytes);
        self.user_bytes = self.user_bytes + bytes.len() as u64 - buffer.len() as u64;
        buffer.resize(bytes.len(), 0);
        self.ledger.app_write_conventional(bytes, buffer);
        Ok(id)
    }

    fn user_len(&self, user: UserId) -> Result<u64, BufferError> {
        Ok(self.user(user)?.bytes.len() as u64)
    }

    fn read_user(&mut self, user: UserId, offset: u64, out: &mut [u8]) -> Result<(), BufferError> {
        let bytes = &self.user(user)?.bytes;
        let range = within(offset, out.len() as u64, bytes.len() as u64)?;
        Ledger::app_read_conventional(&bytes[range.start as usize..range.end as usize], out);
        Ok(())
    }

    fn free_user(&mut self, user: UserId) -> Result<(), BufferError> {
        let freed = self.users.try_remove(user.0 as usize).ok_or(BufferError::UnknownUser(user))?;
        self.user_bytes -= freed.bytes.len() as u64;
        self.contents.drop_holder(freed.content);
        Ok(())
    }

    fn send(&mut self, flow: FlowId, user: UserId, range: Range<u64>) -> Result<PayloadId, BufferError> {
        let len = self.user(user)?.bytes.len() as u64;
        let range = within(range.start, range.end.saturating_sub(range.start), len)?;
        let bytes = Arc::clone(&self.users[user.0 as usize].bytes);
        Ok(self.copy_in(flow, &bytes[range.start as usize..range.end as usize]))
    }

    fn send_conventional(&mut self, flow: FlowId, bytes: &[u8]) -> Result<PayloadId, BufferError> {
        Ok(self.copy_in(flow, bytes))
    }

    fn packet(&mut self, parts: &[Chunk]) -> Result<Skb, BufferError> {
        self.skb(parts)
    }

    fn push_header(&mut self, packet: &mut Skb, header: &[u8]) -> Result<(), BufferError> {
        self.write_layer(packet, header)
    }

    fn drop_packet(&mut self, packet: Skb) {
        self.free_skb(packet);
    }

    fn has_room(&self, queue: u16, packet: &Skb) -> bool {
        self.nic.tx[usize::from(queue)].ring.room() >= packet.descriptors()
    }

    fn post(&mut self, queue: u16, id: PacketId, packet: Skb, offload: TxOffload) -> Result<(), BufferError> {
        self.fill_slots(queue, id, packet, offload)
    }

    fn doorbell(&mut self, queue: u16) {
        if self.nic.tx[usize::from(queue)].ring.doorbell() > 0 {
            self.ledger.bus.doorbell();
        }
    }

    fn transmit(&mut self, queue: u16, out: &mut TxFrames) -> Result<Option<PacketId>, BufferError> {
        self.next_frame(queue, out)
    }

    fn recycle(&mut self, queue: u16) -> Result<Option<PacketId>, BufferError> {
        Ok(self.clear_slots(queue))
    }

    fn interrupt(&mut self, queue: u16) {
        self.nic.interrupt(queue, &mut self.ledger);
    }

    fn refill(&mut self, queue: u16) -> Result<(), BufferError> {
        self.post_buffers(queue);
        Ok(())
    }

    fn deliver(&mut self, frame: &[u8]) -> Delivery {
        self.arrive(frame)
    }

    fn poll_rx(&mut self, queue: u16) -> Result<Option<RxSkb>, BufferError> {
        Ok(self.take_frame(queue))
    }

    fn frame_len(&self, frame: &RxSkb) -> u32 {
        frame.len()
    }

    fn metadata(&self, frame: &RxSkb) -> RxMetadata {
        frame.metadata
    }

    fn read_header(&mut self, frame: &RxSkb, offset: u32, out: &mut [u8]) -> Result<(), BufferError> {
        self.header_bytes(frame, offset, out)
    }

    fn keep_payload(&mut self, frame: RxSkb, range: Range<u32>) -> Result<PayloadId, BufferError> {
        self.keep(frame, range)
    }

    fn drop_frame(&mut self, frame: RxSkb) {
        self.free_frame(frame);
    }

    fn recv(&mut self, parts: &[Chunk]) -> Result<UserId, BufferError> {
        self.copy_out(parts)
    }

    fn recv_segments(&mut self, parts: &[Chunk]) -> Result<Vec<UserId>, BufferError> {
        let mut users = Vec::with_capacity(parts.len());
        for part in parts {
            match self.copy_out(std::slice::from_ref(part)) {
                Ok(user) => users.push(user),
                Err(error) => {
                    for user in users {
                        self.free_user(user)?;
                    }
                    return Err(error);
                }
            }
        }
        Ok(users)
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
        self.nic.rx[usize::from(queue)].ring.owned_by_nic()
    }

    fn flip_payload_byte(&mut self, packet: &mut Skb, offset: u32) -> Result<(), BufferError> {
        self.flip(packet, offset);
        Ok(())
    }

    fn contents_mut(&mut self) -> &mut Contents {
        &mut self.contents
    }

    fn limit_rings(&mut self, slots: u32) {
        self.nic.tx.iter_mut().for_each(|queue| queue.ring.limit(slots));
        self.nic.rx.iter_mut().for_each(|queue| queue.ring.limit(slots));
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    fn observe(&self) -> Observation {
        Observation {
            map_entries: 0,
            lines: LineCounts::default(),
            data_lines: LineCounts::default(),
            // Each payload is stored by itself: nothing is shared.
            held: Held { references: self.contents.lines, distinct: self.contents.lines },
            footprint: self.footprint(),
            bus: self.ledger.bus.total().requests,
            accesses: 0,
        }
    }

    fn pointers(&self, queue: u16) -> [RingPointers; 2] {
        let queue = usize::from(queue);
        [self.nic.tx[queue].ring.pointers(), self.nic.rx[queue].ring.pointers()]
    }
}
