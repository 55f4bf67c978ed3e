//! The way down in the conventional stack (FACTS.md section 2): one copy into kernel pages, `sk_buff` and head a packet,
//! descriptors for head and fragments.

use super::super::contents::{ContentId, Origin};
use super::super::{BufferError, Chunk, FlowId, PayloadId, within};
use super::arena::{Area, HEAD, Mapped, PAGE};
use super::{Payload, SkBuff};
use crate::ledger::{AllocationKind, CopyCause, PacketId};
use crate::nic::{Descriptor, IommuMode, MAX_RANGES, TxFrames, TxOffload};

/// Bytes of an `sk_buff` object (FACTS.md section 2).
pub(super) const SK_BUFF: u32 = 256;
/// `skb_shared_info` at the end of the head (FACTS.md section 2); headers grow down from before it.
const SHARED_INFO: u32 = 320;

/// A piece of payload in a page or in a receive buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) area: Area,
    pub(super) index: u32,
    pub(super) offset: u32,
    pub(super) len: u32,
}

/// An `sk_buff` with its head and fragments.
#[derive(Clone)]
pub struct Skb {
    pub(super) head: u32,
    pub(super) header_start: u32,
    pub(super) fragments: Vec<Fragment>,
    /// Copies of all that, in pages that are mapped for good.
    pub(super) shadow: Vec<u32>,
    /// The contents of the fragments.
    contents: [Option<ContentId>; MAX_RANGES],
}

impl Skb {
    pub(super) fn header_len(&self) -> u32 {
        HEAD - SHARED_INFO - self.header_start
    }

    /// Descriptors that it takes at the most: context, head, fragments.
    pub(super) fn descriptors(&self) -> u32 {
        2 + self.fragments.len() as u32
    }
}

impl Payload {
    /// The fragments of bytes `offset..offset + len`.
    pub(super) fn pieces(&self, offset: u32, len: u32) -> Vec<Fragment> {
        let (mut skip, mut left) = (offset, len);
        let mut pieces = Vec::new();
        for fragment in &self.fragments {
            let from = skip.min(fragment.len);
            let len = left.min(fragment.len - from);
            if len > 0 {
                pieces.push(Fragment { offset: fragment.offset + from, len, ..*fragment });
            }
            skip -= from;
            left -= len;
        }
        pieces
    }
}

impl SkBuff {
    /// A page with the filling thread's reference.
    fn take_page(&mut self) -> u32 {
        self.ledger.allocate(AllocationKind::Page, PAGE);
        self.memory.pages.take()
    }

    pub(super) fn hold_fragment(&mut self, fragment: Fragment) {
        self.memory.area_mut(fragment.area).hold(fragment.index);
    }

    pub(super) fn put_fragment(&mut self, area: Area, index: u32) {
        let arena = self.memory.area_mut(area);
        if arena.give_back(index) {
            let kind = match area {
                Area::Page => AllocationKind::Page,
                Area::Rx => AllocationKind::RxBuffer,
            };
            self.ledger.free(kind, arena.size());
        }
    }

    /// A page of the thread's with room in it: the one it fills, that one from the start when only the thread still
    /// refers to it, or a new one.
    fn page_to_fill(&mut self, flow: FlowId) -> (u32, u32) {
        match self.filling.get(&flow).copied() {
            Some((page, _)) if self.memory.pages.refs(page) == 1 => (page, 0),
            Some((page, used)) if used < PAGE => (page, used),
            Some((page, _)) => {
                self.put_fragment(Area::Page, page);
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
            let len = source.len() as u32;
            let target = &mut self.memory.pages.object_mut(page)[used as usize..(used + len) as usize];
            self.ledger.copy(CopyCause::UserToKernel, source, target);
            self.memory.pages.hold(page);
            self.filling.insert(flow, (page, used + len));
            fragments.push(Fragment { area: Area::Page, index: page, offset: used, len });
            rest = tail;
        }
        let content = self.add_content(Origin::Kernel, None, bytes);
        self.add_payload(Payload { fragments, len: bytes.len() as u32, skb: false, content, holders: 1 })
    }

    /// The fragments of a piece, once they are known to exist.
    pub(super) fn pieces(&self, part: &Chunk) -> Result<Vec<Fragment>, BufferError> {
        let payload = self.payload(part.payload)?;
        within(part.offset.into(), part.len.into(), payload.len.into())?;
        Ok(payload.pieces(part.offset, part.len))
    }

    /// An `sk_buff` whose fragments are references to those of the payloads. Three pieces of 64 KiB in all can touch 19
    /// pages: within the range of `CONFIG_MAX_SKB_FRAGS` (FACTS.md section 2).
    pub(super) fn skb(&mut self, parts: &[Chunk]) -> Result<Skb, BufferError> {
        if parts.len() > MAX_RANGES {
            return Err(BufferError::Gather { chunks: parts.len() as u32, max: MAX_RANGES as u32 });
        }
        let mut fragments = Vec::new();
        for part in parts {
            fragments.append(&mut self.pieces(part)?);
        }
        for fragment in &fragments {
            self.hold_fragment(*fragment);
        }
        let mut contents = [None; MAX_RANGES];
        for (held, part) in contents.iter_mut().zip(parts) {
            *held = Some(self.contents.hold(self.payloads[part.payload.0 as usize].content));
        }
        self.ledger.allocate(AllocationKind::SkBuff, SK_BUFF);
        self.ledger.allocate(AllocationKind::Head, HEAD);
        let head = self.memory.heads.take();
        Ok(Skb { head, header_start: HEAD - SHARED_INFO, fragments, shadow: Vec::new(), contents })
    }

    pub(super) fn free_skb(&mut self, skb: Skb) {
        for page in skb.shadow {
            self.memory.shadow.give_back(page);
        }
        for fragment in skb.fragments {
            self.put_fragment(fragment.area, fragment.index);
        }
        for content in skb.contents.into_iter().flatten() {
            self.contents.drop_holder(content);
        }
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

    /// Where the NIC finds an `sk_buff`'s bytes when it reads them in place.
    fn parts(&self, skb: &Skb) -> Vec<(u64, u32)> {
        let head = (self.memory.heads.address(skb.head, skb.header_start), skb.header_len());
        let fragments = skb.fragments.iter().map(|fragment| {
            let arena = self.memory.area(fragment.area);
            (arena.address(fragment.index, fragment.offset), fragment.len)
        });
        std::iter::once(head).chain(fragments).collect()
    }

    pub(super) fn fill_slots(
        &mut self,
        queue: u16,
        id: PacketId,
        mut skb: Skb,
        offload: TxOffload,
    ) -> Result<(), BufferError> {
        let header_len = skb.header_len();
        if let Err(error) = offload.check(header_len) {
            self.free_skb(skb);
            return Err(error.into());
        }
        let parts = match self.iommu.mode() {
            IommuMode::Shadow => self.copy_to_shadow(&mut skb),
            _ => self.parts(&skb),
        };
        let context = (offload != TxOffload::None).then_some(Descriptor::Context { offload, header_len });
        let data = parts.iter().enumerate().map(|(i, (address, len))| Descriptor::Data {
            address: *address,
            len: *len,
            end: i + 1 == parts.len(),
        });
        let descriptors: Vec<_> = context.into_iter().chain(data).collect();
        if let Err(full) = self.nic.tx[usize::from(queue)].post(&descriptors) {
            self.free_skb(skb);
            return Err(full.into());
        }
        if self.iommu.mode() != IommuMode::Shadow {
            for (address, len) in parts {
                self.iommu.map(address, len);
            }
        }
        self.tx[usize::from(queue)].posted.push_back((id, skb, descriptors.len() as u32));
        Ok(())
    }

    pub(super) fn next_frame(
        &mut self,
        queue: u16,
        out: &mut TxFrames,
    ) -> Result<Option<PacketId>, BufferError> {
        let mut memory = Mapped { memory: &mut self.memory, iommu: &mut self.iommu };
        let result = self.nic.transmit(queue, &mut memory, &mut self.ledger, out);
        if result == Ok(None) {
            return Ok(None);
        }
        let sent = &mut self.tx[usize::from(queue)];
        let id = sent.posted.get(sent.read).map(|(id, _, _)| *id);
        sent.read += 1;
        Ok(result.map(|_| id)?)
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
                if self.iommu.mode() != IommuMode::Shadow {
                    for (address, len) in self.parts(&skb) {
                        self.iommu.unmap(address, len);
                    }
                }
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
                let object = self.memory.area_mut(fragment.area).object_mut(fragment.index);
                object[(fragment.offset + at) as usize] ^= 0xff;
                break;
            }
            at -= fragment.len;
        }
    }
}
