//! What stands between the descriptor NIC and physical memory: pages that are mapped for it (FACTS.md section 2).
//!
//! *Strict* unmaps a buffer and invalidates the IOMMU's cache as soon as the NIC is done with it. *Batched* unmaps as
//! early and invalidates late, many at a time: until then the NIC can still reach the pages. *Shadow* never unmaps: the
//! NIC sees only buffers of its own, and bytes are copied into and out of them (Markuze et al., ASPLOS 2016).

use std::collections::HashMap;

/// Bytes of a page.
const PAGE: u64 = 4096;
/// Unmapped pages that share one invalidation (Linux's flush queue of 256 entries).
const FLUSH: usize = 256;

/// How memory is mapped for the NIC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IommuMode {
    /// All memory is, always.
    #[default]
    Off,
    /// Each buffer while the NIC has it.
    Strict,
    /// Each buffer while the NIC has it, and for a while after.
    Batched,
    /// Only buffers of the NIC's own, always.
    Shadow,
}

/// What the kernel asked of the IOMMU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IommuCounts {
    /// Buffers mapped.
    pub maps: u64,
    /// Buffers unmapped.
    pub unmaps: u64,
    /// Invalidations of its cache.
    pub invalidations: u64,
    /// Accesses refused.
    pub faults: u64,
}

/// The table of mapped pages.
#[derive(Clone, Debug, Default)]
pub struct Iommu {
    mode: IommuMode,
    /// Mapped pages with the buffers on each; 0 waits for its invalidation.
    pages: HashMap<u64, u32>,
    stale: Vec<u64>,
    counts: IommuCounts,
}

fn pages(address: u64, len: u32) -> std::ops::RangeInclusive<u64> {
    address / PAGE..=(address + u64::from(len.max(1)) - 1) / PAGE
}

impl Iommu {
    /// With nothing mapped.
    pub fn new(mode: IommuMode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// How memory is mapped.
    pub fn mode(&self) -> IommuMode {
        self.mode
    }

    /// What was asked of it.
    pub fn counts(&self) -> IommuCounts {
        self.counts
    }

    /// Maps a buffer.
    pub fn map(&mut self, address: u64, len: u32) {
        if self.mode == IommuMode::Off {
            return;
        }
        self.counts.maps += 1;
        for page in pages(address, len) {
            *self.pages.entry(page).or_default() += 1;
        }
    }

    /// Unmaps a buffer that was mapped.
    pub fn unmap(&mut self, address: u64, len: u32) {
        if self.mode == IommuMode::Off {
            return;
        }
        self.counts.unmaps += 1;
        for page in pages(address, len) {
            if let Some(buffers) = self.pages.get_mut(&page) {
                *buffers = buffers.saturating_sub(1);
                if *buffers == 0 {
                    self.stale.push(page);
                }
            }
        }
        if self.mode != IommuMode::Batched || self.stale.len() >= FLUSH {
            self.invalidate();
        }
    }

    fn invalidate(&mut self) {
        self.counts.invalidations += 1;
        for page in self.stale.drain(..) {
            // It may have been mapped again meanwhile.
            if self.pages.get(&page) == Some(&0) {
                self.pages.remove(&page);
            }
        }
    }

    /// Whether the NIC can reach the bytes now.
    pub fn allows(&self, address: u64, len: u32) -> bool {
        self.mode == IommuMode::Off || pages(address, len).all(|page| self.pages.contains_key(&page))
    }

    /// [`Iommu::allows`], and counts a refusal.
    pub fn check(&mut self, address: u64, len: u32) -> bool {
        let allowed = self.allows(address, len);
        self.counts.faults += u64::from(!allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_ends_access_at_once_and_batched_after_256_pages() {
        let mut strict = Iommu::new(IommuMode::Strict);
        strict.map(0x1_0f00, 0x200);
        assert!(strict.allows(0x1_0000, 0x2000), "the whole of both pages");
        strict.unmap(0x1_0f00, 0x200);
        assert!(!strict.check(0x1_0f00, 1));
        let counts = IommuCounts { maps: 1, unmaps: 1, invalidations: 1, faults: 1 };
        assert_eq!(strict.counts(), counts);

        let mut batched = Iommu::new(IommuMode::Batched);
        for page in 0..256u64 {
            batched.map(page * PAGE, 64);
            batched.unmap(page * PAGE, 64);
            assert_eq!(batched.allows(0, 64), page < 255, "reachable until the flush");
        }
        assert_eq!(batched.counts().invalidations, 1);
    }

    #[test]
    fn a_page_stays_mapped_while_one_of_its_buffers_is() {
        let mut iommu = Iommu::new(IommuMode::Strict);
        iommu.map(0, 640);
        iommu.map(640, 640);
        iommu.unmap(0, 640);
        assert!(iommu.allows(640, 640));
        assert!(iommu.allows(0, 640), "protection is by pages: neighbours are exposed");
        iommu.unmap(640, 640);
        assert!(!iommu.allows(640, 640));
    }
}
