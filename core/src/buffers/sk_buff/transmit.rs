//! The way down in the conventional stack (FACTS.md section 2): one copy into kernel pages, `sk_buff` and head a packet,
//! descriptors for head and fragments.

use super::super::{BufferError, Chunk, FlowId, PayloadId, within};
use super::SkBuff;
use super::arena::{HEAD, PAGE};
use crate::ledger::{AllocationKind, CopyCause, PacketId};
use crate::nic::{Descriptor, MAX_RANGES, RingFull, TxFrames, TxOffload};

/// Bytes of an `sk_buff` object (FACTS.md section 2).
const SK_BUFF: u32 = 256;
/// `skb_shared_info` at the end of the head (FACTS.md section 2); headers grow down from before it.
const SHARED_INFO: u32 = 320;

/// A piece of payload in a page.
#[derive(Clone, Copy)]
pub(super) struct Fragment {
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

impl Skb {
    fn header_len(&self) -> u32 {
        HEAD - SHARED_INFO - self.header_start
    }

    /// Descriptors that it takes at the most: context, head, fragments.
    pub(super) fn descriptors(&self) -> u32 {
        2 + self.fragments.len() as u32
    }
}

impl SkBuff {
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

    pub(super) fn put_fragments(&mut self, fragments: &[Fragment]) {
        for fragment in fragments {
            self.put_page(fragment.page);
        }
    }

    /// A page of the thread's with room in it: the one it fills, that one from the start when only the thread still
    /// refers to it, or a new one.
    fn page_to_fill(&mut self, flow: FlowId) -> (u32, u32) {
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

    /// The copy of `send()`: from the user's buffer into the thread's pages.
    pub(super) fn copy_in(&mut self, flow: FlowId, bytes: &[u8]) -> PayloadId {
        let mut fragments = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (page, used) = self.page_to_fill(flow);
            let (source, tail) = rest.split_at(rest.len().min((PAGE - used) as usize));
            let part = source.len() as u32;
            let target = &mut self.memory.pages.object_mut(page)[used as usize..(used + part) as usize];
            self.ledger.copy(CopyCause::UserToKernel, source, target);
            self.page_refs[page as usize] += 1;
            self.filling.insert(flow, (page, used + part));
            fragments.push(Fragment { page, offset: used, len: part });
            rest = tail;
        }
        self.add_payload(fragments, bytes.len() as u32)
    }

    /// An `sk_buff` whose fragments are references to those of the payloads. Three pieces of 64 KiB in all can touch 19
    /// pages: within the range of `CONFIG_MAX_SKB_FRAGS` (FACTS.md section 2).
    pub(super) fn skb(&mut self, parts: &[Chunk]) -> Result<Skb, BufferError> {
        if parts.len() > MAX_RANGES {
            return Err(BufferError::Gather { chunks: parts.len() as u32, max: MAX_RANGES as u32 });
        }
        let mut fragments = Vec::new();
        for part in parts {
            let payload = self.payload(part.payload)?;
            within(part.offset.into(), part.len.into(), payload.len.into())?;
            let (mut skip, mut left) = (part.offset, part.len);
            for piece in &payload.fragments {
                let from = skip.min(piece.len);
                let len = left.min(piece.len - from);
                if len > 0 {
                    fragments.push(Fragment { page: piece.page, offset: piece.offset + from, len });
                }
                skip -= from;
                left -= len;
            }
        }
        for fragment in &fragments {
            self.page_refs[fragment.page as usize] += 1;
        }
        self.ledger.allocate(AllocationKind::SkBuff, SK_BUFF);
        self.ledger.allocate(AllocationKind::Head, HEAD);
        Ok(Skb { head: self.memory.heads.take(), header_start: HEAD - SHARED_INFO, fragments })
    }

    pub(super) fn free_skb(&mut self, skb: Skb) {
        self.put_fragments(&skb.fragments);
        self.memory.heads.give_back(skb.head);
        self.ledger.free(AllocationKind::Head, HEAD);
        self.ledger.free(AllocationKind::SkBuff, SK_BUFF);
    }

    pub(super) fn write_layer(&mut self, skb: &mut Skb, header: &[u8]) -> Result<(), BufferError> {
        let len = header.len() as u32;
        let reserved = HEAD - SHARED_INFO;
        let Some(start) = skb.header_start.checked_sub(len) else {
            return Err(BufferError::HeaderRoom { needed: skb.header_len() + len, reserved });
        };
        let room = &mut self.memory.heads.object_mut(skb.head)[start as usize..skb.header_start as usize];
        for (to, from) in room.iter_mut().zip(header) {
            *to = *from;
        }
        self.ledger.header.add(u64::from(len));
        skb.header_start = start;
        Ok(())
    }

    pub(super) fn fill_slots(
        &mut self,
        queue: u16,
        id: PacketId,
        skb: Skb,
        offload: TxOffload,
    ) -> Result<(), BufferError> {
        let header_len = skb.header_len();
        if let Err(error) = offload.check(header_len) {
            self.free_skb(skb);
            return Err(error.into());
        }
        let mut descriptors = Vec::with_capacity(skb.descriptors() as usize);
        if offload != TxOffload::None {
            descriptors.push(Descriptor::Context { offload, header_len });
        }
        descriptors.push(Descriptor::Data {
            address: self.memory.heads.address(skb.head, skb.header_start),
            len: header_len,
            end: skb.fragments.is_empty(),
        });
        for (i, fragment) in skb.fragments.iter().enumerate() {
            descriptors.push(Descriptor::Data {
                address: self.memory.pages.address(fragment.page, fragment.offset),
                len: fragment.len,
                end: i + 1 == skb.fragments.len(),
            });
        }
        if let Err(RingFull { slots }) = self.nic.tx[usize::from(queue)].post(&descriptors) {
            self.free_skb(skb);
            return Err(RingFull { slots }.into());
        }
        self.tx[usize::from(queue)].posted.push_back((id, skb, descriptors.len() as u32));
        Ok(())
    }

    pub(super) fn next_frame(
        &mut self,
        queue: u16,
        out: &mut TxFrames,
    ) -> Result<Option<PacketId>, BufferError> {
        let result = self.nic.transmit(queue, &self.memory, &mut self.ledger, out);
        if result == Ok(None) {
            return Ok(None);
        }
        let sent = &mut self.tx[usize::from(queue)];
        let id = sent.posted.get(sent.read).map(|(id, _, _)| *id);
        sent.read += 1;
        match result {
            Ok(_) => Ok(id),
            Err((address, len)) => Err(BufferError::BadAddress { address, len }),
        }
    }

    pub(super) fn clear_slots(&mut self, queue: u16) -> Option<PacketId> {
        while self.nic.tx[usize::from(queue)].ring.recycle().is_some() {
            let sent = &mut self.tx[usize::from(queue)];
            let Some((_, _, left)) = sent.posted.front_mut() else { break };
            *left -= 1;
            if *left == 0
                && let Some((id, skb, _)) = sent.posted.pop_front()
            {
                sent.read -= 1;
                self.free_skb(skb);
                return Some(id);
            }
        }
        None
    }

    pub(super) fn flip(&mut self, skb: &Skb, offset: u32) {
        let mut at = offset;
        for fragment in &skb.fragments {
            if at < fragment.len {
                let page = self.memory.pages.object_mut(fragment.page);
                page[(fragment.offset + at) as usize] ^= 0xff;
                break;
            }
            at -= fragment.len;
        }
    }
}
