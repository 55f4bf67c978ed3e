//! How a NIC is set up; the same value serves both NICs.

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
}

impl Default for NicConfig {
    /// One queue with rings of 512 (FACTS.md section 2), from the paper's Figure 4's first segment on.
    fn default() -> Self {
        Self { queues: 1, tx_slots: 512, rx_slots: 512, ring_base: 1059 }
    }
}
