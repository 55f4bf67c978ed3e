//! Transactions on the bus between host and NIC, by kind: requests, and the packets and bytes they turn into.
//!
//! PCIe by FACTS.md section 2: payloads of at most 256 bytes (MPS), reads of at most 512 (MRRS); with link framing and
//! 64-bit addresses a write costs 24 bytes beside its data, a read request 24, a completion 20.

/// Most data bytes of a write or completion packet.
const MAX_PAYLOAD: u64 = 256;
/// Most bytes that one read request packet asks for.
const MAX_READ: u64 = 512;
const WRITE_OVERHEAD: u64 = 24;
const READ_OVERHEAD: u64 = 24;
const COMPLETION_OVERHEAD: u64 = 20;
/// Bytes of a doorbell, and of an interrupt's message.
const REGISTER: u64 = 4;

/// What crosses the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Transaction {
    /// The driver writes a ring pointer.
    Doorbell = 0,
    /// The NIC reads descriptors; the segment NIC has none.
    DescriptorFetch = 1,
    /// The NIC reads a packet to send (the segment NIC with its metadata).
    PacketRead = 2,
    /// The NIC writes a received frame (the segment NIC with its metadata).
    PacketWrite = 3,
    /// The NIC writes status: descriptors of the descriptor NIC, Tail of the segment NIC.
    WriteBack = 4,
    /// The NIC interrupts.
    Interrupt = 5,
}

impl Transaction {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Doorbell,
        Self::DescriptorFetch,
        Self::PacketRead,
        Self::PacketWrite,
        Self::WriteBack,
        Self::Interrupt,
    ];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Doorbell => "doorbell",
            Self::DescriptorFetch => "descriptor_fetch",
            Self::PacketRead => "packet_read",
            Self::PacketWrite => "packet_write",
            Self::WriteBack => "write_back",
            Self::Interrupt => "interrupt",
        }
    }
}

/// Traffic of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusCount {
    /// Requests, however many packets each took.
    pub requests: u64,
    /// Bus packets (TLPs) in both directions.
    pub packets: u64,
    /// Bytes towards the NIC, overhead included.
    pub to_nic: u64,
    /// Bytes towards the host, overhead included.
    pub to_host: u64,
}

impl std::ops::Add for BusCount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            packets: self.packets + other.packets,
            to_nic: self.to_nic + other.to_nic,
            to_host: self.to_host + other.to_host,
        }
    }
}

/// All traffic, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bus {
    counts: [BusCount; Transaction::ALL.len()],
}

impl Bus {
    /// Traffic of one kind.
    pub fn count(&self, kind: Transaction) -> BusCount {
        self.counts[kind as usize]
    }

    /// All traffic.
    pub fn total(&self) -> BusCount {
        self.counts.iter().fold(BusCount::default(), |sum, count| sum + *count)
    }

    fn add(&mut self, kind: Transaction, packets: u64, to_nic: u64, to_host: u64) {
        let count = &mut self.counts[kind as usize];
        *count = *count + BusCount { requests: 1, packets, to_nic, to_host };
    }

    /// The NIC reads `bytes` bytes of the host's memory.
    pub(super) fn read(&mut self, kind: Transaction, bytes: u64) {
        let (requests, completions) = (bytes.div_ceil(MAX_READ), bytes.div_ceil(MAX_PAYLOAD));
        let data = bytes + completions * COMPLETION_OVERHEAD;
        self.add(kind, requests + completions, data, requests * READ_OVERHEAD);
    }

    /// The NIC writes `bytes` bytes into the host's memory.
    pub(super) fn write(&mut self, kind: Transaction, bytes: u64) {
        let packets = bytes.div_ceil(MAX_PAYLOAD);
        self.add(kind, packets, 0, bytes + packets * WRITE_OVERHEAD);
    }

    /// The driver writes a register of the NIC.
    pub fn doorbell(&mut self) {
        self.add(Transaction::Doorbell, 1, REGISTER + WRITE_OVERHEAD, 0);
    }

    /// The NIC sends an interrupt's message.
    pub fn interrupt(&mut self) {
        self.write(Transaction::Interrupt, REGISTER);
    }

    /// All counters in a fixed order.
    pub(super) fn integers(&self) -> impl Iterator<Item = u64> {
        self.counts.iter().flat_map(|count| [count.requests, count.packets, count.to_nic, count.to_host])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unbatched_frame_of_1514_bytes_costs_what_the_published_model_says() {
        // FACTS.md section 2: TX 1,698 B towards the NIC and 164 B out; RX 64 B in and 1,750 B out.
        let mut tx = Bus::default();
        tx.doorbell();
        tx.read(Transaction::DescriptorFetch, 16);
        tx.read(Transaction::PacketRead, 1514);
        tx.write(Transaction::WriteBack, 16);
        tx.interrupt();
        assert_eq!((tx.total().to_nic, tx.total().to_host), (1698, 164));
        let mut rx = Bus::default();
        rx.doorbell();
        rx.read(Transaction::DescriptorFetch, 16);
        rx.write(Transaction::PacketWrite, 1514);
        rx.write(Transaction::WriteBack, 16);
        rx.interrupt();
        assert_eq!((rx.total().to_nic, rx.total().to_host), (64, 1750));
        assert_eq!(rx.total().requests, 5);
    }
}
