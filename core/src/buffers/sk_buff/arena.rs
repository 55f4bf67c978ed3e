//! Conventional physical memory: areas of equal objects, each with a free list and counted references, at addresses of
//! their own. A clone shares the objects that neither side writes, and what nobody refers to takes no room: its bytes are
//! anything until they are written, here zero.

use std::sync::Arc;

use crate::nic::{HostMemory, Iommu, RX_BUFFER_BYTES};
use crate::shared_list::SharedList;

/// Bytes of a page.
pub(super) const PAGE: u32 = 4096;
/// Bytes of a small skb head (FACTS.md section 2).
pub(super) const HEAD: u32 = 640;

const AREA_SHIFT: u32 = 40;
type Object = Arc<[u8]>;

/// Objects of one size.
#[derive(Clone)]
pub(super) struct Arena {
    area: u64,
    size: u32,
    objects: SharedList<Object>,
    /// One that was not written yet.
    blank: Object,
    refs: SharedList<u32>,
    free: Vec<u32>,
}

impl Arena {
    fn new(area: u64, size: u32) -> Self {
        let blank = vec![0; size as usize].into();
        Self {
            area,
            size,
            objects: SharedList::default(),
            blank,
            refs: SharedList::default(),
            free: Vec::new(),
        }
    }

    /// One more object.
    fn grow(&mut self) -> u32 {
        self.objects.push(Arc::clone(&self.blank));
        self.refs.push(0);
        self.refs.len() as u32 - 1
    }

    /// Bytes of an object.
    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// Objects there ever were.
    pub(super) fn grown(&self) -> usize {
        self.refs.len()
    }

    /// An object with one reference, by index; its content is whatever was there.
    pub(super) fn take(&mut self) -> u32 {
        let index = self.free.pop().unwrap_or_else(|| self.grow());
        self.refs[index as usize] = 1;
        index
    }

    pub(super) fn refs(&self, index: u32) -> u32 {
        self.refs[index as usize]
    }

    pub(super) fn hold(&mut self, index: u32) {
        self.refs[index as usize] += 1;
    }

    /// One reference less; whether it was the last.
    pub(super) fn give_back(&mut self, index: u32) -> bool {
        let refs = &mut self.refs[index as usize];
        *refs -= 1;
        let last = *refs == 0;
        if last {
            self.free.push(index);
            self.objects[index as usize] = Arc::clone(&self.blank);
        }
        last
    }

    pub(super) fn object(&self, index: u32) -> &[u8] {
        &self.objects[index as usize]
    }

    pub(super) fn object_mut(&mut self, index: u32) -> &mut [u8] {
        Arc::make_mut(&mut self.objects[index as usize])
    }

    /// Two objects at once: one to read, one to write.
    pub(super) fn pair(&mut self, from: u32, to: u32) -> (Object, &mut [u8]) {
        (Arc::clone(&self.objects[from as usize]), self.object_mut(to))
    }

    /// Bytes of objects that `other`, a clone at another time, does not share.
    pub(super) fn unshared(&self, other: &Self) -> u64 {
        let object = |here: &Object, there: Option<&Object>| {
            let shared =
                there.is_some_and(|there| Arc::ptr_eq(here, there)) || Arc::ptr_eq(here, &self.blank);
            if shared { 0 } else { self.size.into() }
        };
        let counts = self.refs.unshared(&other.refs, |_, _| 0) + 4 * self.free.len() as u64;
        self.objects.unshared(&other.objects, object) + counts
    }

    /// The object at an address, and which of its bytes: nothing that is mapped reaches over the end of its object.
    fn place(&self, address: u64, len: u32) -> Option<(usize, std::ops::Range<usize>)> {
        let at = address & ((1 << AREA_SHIFT) - 1);
        let start = (at % u64::from(self.size)) as usize;
        Some(((at / u64::from(self.size)) as usize, start..start.checked_add(len as usize)?))
    }

    pub(super) fn address(&self, index: u32, offset: u32) -> u64 {
        (self.area << AREA_SHIFT) + u64::from(index) * u64::from(self.size) + u64::from(offset)
    }
}

/// Where payload lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    /// Pages that `send()` filled.
    Page,
    /// Buffers that the NIC received into.
    Rx,
}

/// The memory behind a conventional stack.
#[derive(Clone)]
pub(super) struct Physical {
    pub(super) heads: Arena,
    pub(super) pages: Arena,
    pub(super) rx: Arena,
    /// Pages that are mapped for the NIC for good.
    pub(super) shadow: Arena,
}

impl Physical {
    pub(super) fn new() -> Self {
        Self {
            heads: Arena::new(1, HEAD),
            pages: Arena::new(2, PAGE),
            rx: Arena::new(3, RX_BUFFER_BYTES),
            shadow: Arena::new(4, PAGE),
        }
    }

    /// Bytes of objects that `other`, a clone at another time, does not share.
    pub(super) fn unshared(&self, other: &Self) -> u64 {
        let arenas = [(&self.heads, &other.heads), (&self.pages, &other.pages)];
        let more = [(&self.rx, &other.rx), (&self.shadow, &other.shadow)];
        arenas.into_iter().chain(more).map(|(one, two)| one.unshared(two)).sum()
    }

    pub(super) fn area(&self, area: Area) -> &Arena {
        match area {
            Area::Page => &self.pages,
            Area::Rx => &self.rx,
        }
    }

    pub(super) fn area_mut(&mut self, area: Area) -> &mut Arena {
        match area {
            Area::Page => &mut self.pages,
            Area::Rx => &mut self.rx,
        }
    }

    fn seen(&self, address: u64, len: u32) -> Option<&[u8]> {
        let arenas = [&self.heads, &self.pages, &self.rx, &self.shadow];
        let arena = arenas.into_iter().find(|arena| arena.area == address >> AREA_SHIFT)?;
        let (object, range) = arena.place(address, len)?;
        arena.objects.get(object)?.get(range)
    }

    fn at(&mut self, address: u64, len: u32) -> Option<&mut [u8]> {
        let arenas = [&mut self.heads, &mut self.pages, &mut self.rx, &mut self.shadow];
        let arena = arenas.into_iter().find(|arena| arena.area == address >> AREA_SHIFT)?;
        let (object, range) = arena.place(address, len)?;
        Arc::make_mut(arena.objects.get_mut(object)?).get_mut(range)
    }
}

/// Physical memory behind an IOMMU.
pub(super) struct Mapped<'m> {
    pub(super) memory: &'m mut Physical,
    pub(super) iommu: &'m mut Iommu,
}

impl HostMemory for Mapped<'_> {
    fn dma_read(&mut self, address: u64, len: u32) -> Option<&[u8]> {
        if !self.iommu.check(address, len) {
            return None;
        }
        self.memory.seen(address, len)
    }

    fn dma_write(&mut self, address: u64, len: u32) -> Option<&mut [u8]> {
        if !self.iommu.check(address, len) {
            return None;
        }
        self.memory.at(address, len)
    }
}
