//! The conventional scheme (FACTS.md section 2): `send()` copies the user's bytes into page fragments behind an `sk_buff`,
//! headers go into its linear head, and a descriptor NIC reads both.

use std::collections::HashMap;

use super::arena::{HEAD, PAGE, Physical};
use super::payloads::{PayloadId, Payloads};
use super::{BufferError, Buffers, FlowId, Held, Observation, Scheme, SendId};
use crate::ledger::{AllocationKind, CopyCause, Ledger, PacketId};
use crate::memory::LineCounts;
use crate::nic::{Checksum, Descriptor, DescriptorNic, RingFull};

/// Bytes of an `sk_buff` object (FACTS.md section 2).
const SK_BUFF: u32 = 256;
/// `skb_shared_info` at the end of the head (FACTS.md section 2); headers grow down from before it.
const SHARED_INFO: u32 = 320;

/// The scheme's state: conventional memory and a descriptor NIC.
pub struct SkBuff {
    memory: Physical,
    nic: DescriptorNic,
    ledger: Ledger,
    payloads: Payloads,
    /// References to each page: its fragments, and the thread that still fills it.
    page_refs: Vec<u32>,
    filling: HashMap<FlowId, (u32, u32)>,
    /// Packets in the ring, in order, with the descriptors each still has there.
    ring: std::collections::VecDeque<(PacketId, Skb, u32)>,
    /// How many of those the NIC has read.
    read: usize,
    line: u32,
}

/// An application's buffer in conventional memory.
pub struct UserBuffer {
    bytes: Vec<u8>,
    payload: PayloadId,
}

/// A piece of payload in a page.
#[derive(Clone, Copy)]
struct Fragment {
    page: u32,
    offset: u32,
    len: u32,
}

/// An `sk_buff` with its head and fragments.
pub struct Skb {
    head: u32,
    header_start: u32,
    fragments: Vec<Fragment>,
}

impl SkBuff {
    /// The scheme with a ring of `slots` descriptors. Lines of `line` bytes are only what held payload is counted in:
    /// conventional memory knows none.
    pub fn new(line: u32, slots: u32) -> Self {
        Self {
            memory: Physical::new(),
            nic: DescriptorNic::new(slots),
            ledger: Ledger::default(),
            payloads: Payloads::default(),
            page_refs: Vec::new(),
            filling: HashMap::new(),
            ring: std::collections::VecDeque::new(),
            read: 0,
            line,
        }
    }

    fn take_page(&mut self) -> u32 {
        let page = self.memory.pages.take();
        self.ledger.allocate(AllocationKind::Page, PAGE);
        if self.page_refs.len() <= page as usize {
            self.page_refs.resize(page as usize + 1, 0);
        }
        self.page_refs[page as usize] = 1;
        page
    }

    fn put_page(&mut self, page: u32) {
        let refs = &mut self.page_refs[page as usize];
        *refs -= 1;
        if *refs == 0 {
            self.memory.pages.give_back(page);
            self.ledger.free(AllocationKind::Page, PAGE);
        }
    }

    /// A page of the thread's with room in it: the one it fills, that one from the start when only the thread still
    /// refers to it, or a new one.
    fn refill(&mut self, flow: FlowId) -> (u32, u32) {
        match self.filling.get(&flow).copied() {
            Some((page, _)) if self.page_refs[page as usize] == 1 => (page, 0),
            Some((page, used)) if used < PAGE => (page, used),
            Some((page, _)) => {
                self.put_page(page);
                (self.take_page(), 0)
            }
            None => (self.take_page(), 0),
        }
    }

    fn free_skb(&mut self, skb: Skb) {
        for fragment in &skb.fragments {
            self.put_page(fragment.page);
        }
        self.memory.heads.give_back(skb.head);
        self.ledger.free(AllocationKind::Head, HEAD);
        self.ledger.free(AllocationKind::SkBuff, SK_BUFF);
    }
}

impl Buffers for SkBuff {
    const SCHEME: Scheme = Scheme::SkBuff;
    type User = UserBuffer;
    type Send = FlowId;
    type Packet = Skb;

    fn app_write(
        &mut self,
        buffer: Option<UserBuffer>,
        send: SendId,
        payload: &[u8],
    ) -> Result<UserBuffer, BufferError> {
        let mut bytes = match buffer {
            Some(UserBuffer { bytes, payload: former }) => {
                self.payloads.drop_holder(former);
                bytes
            }
            None => Vec::new(),
        };
        bytes.resize(payload.len(), 0);
        self.ledger.app_write_conventional(payload, &mut bytes);
        let lines = payload.len().div_ceil(self.line as usize) as u32;
        Ok(UserBuffer { bytes, payload: self.payloads.add(send, lines, 0) })
    }

    fn free_user(&mut self, user: UserBuffer) -> Result<(), BufferError> {
        self.payloads.drop_holder(user.payload);
        Ok(())
    }

    fn send(&mut self, flow: FlowId, _user: &UserBuffer) -> Result<FlowId, BufferError> {
        Ok(flow)
    }

    fn packet(
        &mut self,
        user: &UserBuffer,
        flow: &FlowId,
        offset: u32,
        len: u32,
    ) -> Result<Skb, BufferError> {
        self.ledger.allocate(AllocationKind::SkBuff, SK_BUFF);
        self.ledger.allocate(AllocationKind::Head, HEAD);
        let head = self.memory.heads.take();
        let mut fragments = Vec::new();
        let mut from = offset;
        while from < offset + len {
            let (page, used) = self.refill(*flow);
            let part = (offset + len - from).min(PAGE - used);
            let source = &user.bytes[from as usize..(from + part) as usize];
            let target = &mut self.memory.pages.object_mut(page)[used as usize..(used + part) as usize];
            self.ledger.copy(CopyCause::UserToKernel, source, target);
            self.page_refs[page as usize] += 1;
            self.filling.insert(*flow, (page, used + part));
            fragments.push(Fragment { page, offset: used, len: part });
            from += part;
        }
        Ok(Skb { head, header_start: HEAD - SHARED_INFO, fragments })
    }

    fn push_header(&mut self, skb: &mut Skb, header: &[u8]) -> Result<(), BufferError> {
        let len = header.len() as u32;
        let reserved = HEAD - SHARED_INFO;
        let Some(start) = skb.header_start.checked_sub(len) else {
            return Err(BufferError::HeaderRoom { needed: reserved - skb.header_start + len, reserved });
        };
        let room = &mut self.memory.heads.object_mut(skb.head)[start as usize..skb.header_start as usize];
        for (to, from) in room.iter_mut().zip(header) {
            *to = *from;
        }
        self.ledger.header.add(u64::from(len));
        skb.header_start = start;
        Ok(())
    }

    fn post(&mut self, id: PacketId, skb: Skb, checksum: Option<Checksum>) -> Result<(), BufferError> {
        let mut descriptors = Vec::with_capacity(2 + skb.fragments.len());
        descriptors.push(checksum.map_or(Descriptor::Empty, Descriptor::Context));
        descriptors.push(Descriptor::Data {
            address: self.memory.heads.address(skb.head, skb.header_start),
            len: HEAD - SHARED_INFO - skb.header_start,
            end: skb.fragments.is_empty(),
        });
        for (i, fragment) in skb.fragments.iter().enumerate() {
            descriptors.push(Descriptor::Data {
                address: self.memory.pages.address(fragment.page, fragment.offset),
                len: fragment.len,
                end: i + 1 == skb.fragments.len(),
            });
        }
        let used = usize::from(checksum.is_none());
        if let Err(RingFull { slots }) = self.nic.post(&descriptors[used..]) {
            self.free_skb(skb);
            return Err(RingFull { slots }.into());
        }
        self.ring.push_back((id, skb, (descriptors.len() - used) as u32));
        Ok(())
    }

    fn doorbell(&mut self) {
        self.nic.ring.doorbell();
    }

    fn transmit(&mut self, frame: &mut Vec<u8>) -> Result<Option<PacketId>, BufferError> {
        let taken = self
            .nic
            .transmit(&self.memory, &mut self.ledger, frame)
            .map_err(|(address, len)| BufferError::BadAddress { address, len })?;
        Ok(taken.and_then(|_| {
            let id = self.ring.get(self.read).map(|(id, _, _)| *id);
            self.read += 1;
            id
        }))
    }

    fn recycle(&mut self) -> Result<Option<PacketId>, BufferError> {
        while self.nic.ring.recycle().is_some() {
            let Some((_, _, left)) = self.ring.front_mut() else { break };
            *left -= 1;
            if *left == 0
                && let Some((id, skb, _)) = self.ring.pop_front()
            {
                self.read -= 1;
                self.free_skb(skb);
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    fn sent(&mut self, _flow: FlowId) -> Result<(), BufferError> {
        Ok(())
    }

    fn flip_payload_byte(&mut self, skb: &mut Skb, offset: u32) -> Result<(), BufferError> {
        let mut at = offset;
        for fragment in &skb.fragments {
            if at < fragment.len {
                let page = self.memory.pages.object_mut(fragment.page);
                page[(fragment.offset + at) as usize] ^= 0xff;
                break;
            }
            at -= fragment.len;
        }
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
        Observation {
            map_entries: 0,
            lines: LineCounts::default(),
            data_lines: LineCounts::default(),
            // Each payload is stored by itself: nothing is shared.
            held: Held { references: self.payloads.lines, distinct: self.payloads.lines },
            head: self.nic.ring.head(),
            tail: self.nic.ring.tail(),
            owned_by_nic: self.nic.ring.owned_by_nic(),
            unposted: self.nic.ring.unposted(),
        }
    }
}
