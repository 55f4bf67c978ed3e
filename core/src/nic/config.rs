//! How a NIC is set up; the same value serves both NICs.

use super::iommu::IommuMode;

/// A NIC's queues and rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NicConfig {
    /// Pairs of a TX and an RX ring, at least 1.
    pub queues: u16,
    /// Slots of each TX ring: segments, or descriptors of which a frame takes several (FACTS.md section 2: 64 to 4,096).
    pub tx_slots: u32,
    /// Slots of each RX ring.
    pub rx_slots: u32,
    /// First segment ID of the rings; descriptor rings have none.
    pub ring_base: u32,
    /// Received TCP and UDP payload begins on a line of its own; descriptor NICs have no lines, and ignore it.
    pub header_split: bool,
    /// RX descriptors that the driver lets run up before it refills them in one go (FACTS.md section 2: 16); slots of
    /// segments are granted one by one.
    pub refill_batch: u32,
    /// What stands between the descriptor NIC and memory.
    pub iommu: IommuMode,
}

impl NicConfig {
    /// Segments that the rings take: all TX rings, then all RX rings, from [`NicConfig::ring_base`] on.
    pub fn segments(&self) -> u32 {
        u32::from(self.queues) * (self.tx_slots + self.rx_slots)
    }
}

impl Default for NicConfig {
    /// One queue with rings of 512 (FACTS.md section 2), from the paper's Figure 4's first segment on.
    fn default() -> Self {
        Self {
            queues: 1,
            tx_slots: 512,
            rx_slots: 512,
            ring_base: 1059,
            header_split: true,
            refill_batch: 16,
            iommu: IommuMode::Off,
        }
    }
}
