//! Conventional physical memory: two areas of equal objects, each with a free list, at addresses of their own.

use crate::nic::HostMemory;

/// Bytes of a page.
pub(super) const PAGE: u32 = 4096;
/// Bytes of a small skb head (FACTS.md section 2).
pub(super) const HEAD: u32 = 640;

const AREA_SHIFT: u32 = 40;

/// Objects of one size.
pub(super) struct Arena {
    area: u64,
    size: u32,
    bytes: Vec<u8>,
    free: Vec<u32>,
}

impl Arena {
    fn new(area: u64, size: u32) -> Self {
        Self { area, size, bytes: Vec::new(), free: Vec::new() }
    }

    /// An object, by index; its content is whatever was there.
    pub(super) fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            let index = self.bytes.len() / self.size as usize;
            self.bytes.resize(self.bytes.len() + self.size as usize, 0);
            index as u32
        })
    }

    pub(super) fn give_back(&mut self, index: u32) {
        self.free.push(index);
    }

    pub(super) fn object_mut(&mut self, index: u32) -> &mut [u8] {
        &mut self.bytes[index as usize * self.size as usize..][..self.size as usize]
    }

    pub(super) fn address(&self, index: u32, offset: u32) -> u64 {
        (self.area << AREA_SHIFT) + u64::from(index) * u64::from(self.size) + u64::from(offset)
    }
}

/// The memory behind a conventional stack.
pub(super) struct Physical {
    pub(super) heads: Arena,
    pub(super) pages: Arena,
}

impl Physical {
    pub(super) fn new() -> Self {
        Self { heads: Arena::new(1, HEAD), pages: Arena::new(2, PAGE) }
    }
}

impl HostMemory for Physical {
    fn dma_read(&self, address: u64, len: u32) -> Option<&[u8]> {
        let arena =
            [&self.heads, &self.pages].into_iter().find(|arena| arena.area == address >> AREA_SHIFT)?;
        let at = (address & ((1 << AREA_SHIFT) - 1)) as usize;
        arena.bytes.get(at..at.checked_add(len as usize)?)
    }
}
