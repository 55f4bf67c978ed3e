//! Buffers that are mapped for the NIC for good: bytes are copied into and out of them instead of being mapped (FACTS.md
//! section 2; Markuze et al., ASPLOS 2016).

use super::SkBuff;
use super::arena::{PAGE, Physical};
use super::transmit::Skb;
use crate::ledger::{AllocationKind, CopyCause};

impl SkBuff {
    /// Copies headers and payload of a packet into shadow pages; returns where the NIC finds them.
    pub(super) fn copy_to_shadow(&mut self, skb: &mut Skb) -> Vec<(u64, u32)> {
        let payload: u32 = skb.fragments.iter().map(|fragment| fragment.len).sum();
        let total = skb.header_len() + payload;
        for _ in 0..total.div_ceil(PAGE) {
            let before = self.memory.shadow.grown();
            let page = self.memory.shadow.take();
            if self.memory.shadow.grown() > before {
                // The pool grows: one more page, mapped once.
                self.ledger.allocate(AllocationKind::Page, PAGE);
                self.iommu.map(self.memory.shadow.address(page, 0), PAGE);
            }
            skb.shadow.push(page);
        }
        let Physical { heads, pages, rx, shadow } = &mut self.memory;
        let header = &heads.object(skb.head)[skb.header_start as usize..][..skb.header_len() as usize];
        // No packet has headers of more than a page: they fit the first.
        let first = shadow.object_mut(skb.shadow[0]);
        for (to, from) in first.iter_mut().zip(header) {
            *to = *from;
        }
        self.ledger.header.add(header.len() as u64);
        let mut at = header.len();
        for fragment in &skb.fragments {
            let arena = match fragment.area {
                super::arena::Area::Page => &*pages,
                super::arena::Area::Rx => &*rx,
            };
            let mut rest = &arena.object(fragment.index)[fragment.offset as usize..][..fragment.len as usize];
            while !rest.is_empty() {
                let (page, used) = (at / PAGE as usize, at % PAGE as usize);
                let (part, tail) = rest.split_at(rest.len().min(PAGE as usize - used));
                let target = &mut shadow.object_mut(skb.shadow[page])[used..used + part.len()];
                self.ledger.copy(CopyCause::Shadow, part, target);
                at += part.len();
                rest = tail;
            }
        }
        let last = skb.shadow.len() - 1;
        let filled = |i: usize| if i == last { total - last as u32 * PAGE } else { PAGE };
        skb.shadow.iter().enumerate().map(|(i, page)| (shadow.address(*page, 0), filled(i))).collect()
    }
}
