//! What both NICs do to an arriving frame before it goes to memory: refuse what cannot be one, read its headers, verify
//! checksums, pick a queue.

use std::collections::BTreeMap;

use super::offload::ETHERNET_BYTES;
use super::parse::Headers;
use super::rss::Rss;
use super::rx_metadata::RxMetadata;

/// Longest frame that is received, without FCS: one RX buffer (FACTS.md section 2).
pub const RX_BUFFER_BYTES: u32 = 2048;

/// Why an arriving frame went nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DropReason {
    /// Shorter than an Ethernet header.
    TooShort = 0,
    /// Longer than [`RX_BUFFER_BYTES`].
    TooLong = 1,
    /// No slot is granted, or descriptors ran out.
    NoSlot = 2,
    /// The memory is exhausted.
    NoMemory = 3,
    /// The slot, or the buffer that its descriptor names, is not the NIC's to touch.
    Fault = 4,
}

impl DropReason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::TooShort, Self::TooLong, Self::NoSlot, Self::NoMemory, Self::Fault];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::NoSlot => "no_slot",
            Self::NoMemory => "no_memory",
            Self::Fault => "fault",
        }
    }
}

/// Where an arriving frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Into a slot of a queue's ring.
    Queued {
        /// The queue.
        queue: u16,
    },
    /// Nowhere.
    Dropped(DropReason),
}

/// Frames that a NIC received, sent and refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NicCounts {
    /// Frames put into memory.
    pub received: u64,
    /// Packets read from memory, uncut.
    pub sent: u64,
    /// Arriving frames that went nowhere, by [`DropReason`].
    pub dropped: [u64; DropReason::ALL.len()],
    /// Accesses to memory that the NIC was not granted.
    pub faults: u64,
}

impl NicCounts {
    /// Drops by reason.
    pub fn drops(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    /// The reasons that occurred, by name.
    pub fn by_reason(&self) -> BTreeMap<&'static str, u64> {
        let all = DropReason::ALL.into_iter().map(|reason| (reason.name(), self.drops(reason)));
        all.filter(|(_, count)| *count > 0).collect()
    }

    /// Counts where a frame went.
    pub(super) fn count(&mut self, result: Result<u16, DropReason>) -> Delivery {
        match result {
            Ok(queue) => {
                self.received += 1;
                Delivery::Queued { queue }
            }
            Err(reason) => {
                self.dropped[reason as usize] += 1;
                self.faults += u64::from(reason == DropReason::Fault);
                Delivery::Dropped(reason)
            }
        }
    }
}

/// Bytes before the payload of a frame, as far as its headers are known: all of a frame whose headers are not.
pub fn payload_start(frame: &[u8]) -> usize {
    Headers::read(frame).len
}

/// Source and destination port of a frame that holds a whole TCP or UDP packet.
pub fn ports(frame: &[u8]) -> Option<(u16, u16)> {
    let [_, ports] = Headers::read(frame).flow(frame);
    let [a, b, c, d] = <[u8; 4]>::try_from(ports).ok()?;
    Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
}

/// An arriving frame, looked at.
pub(super) struct Arrival {
    pub(super) queue: u16,
    pub(super) metadata: RxMetadata,
    /// Bytes before the payload as far as the headers are known.
    pub(super) headers: usize,
}

impl Arrival {
    pub(super) fn new(frame: &[u8], rss: &Rss, split: bool) -> Result<Self, DropReason> {
        if frame.len() < ETHERNET_BYTES {
            return Err(DropReason::TooShort);
        }
        if frame.len() > RX_BUFFER_BYTES as usize {
            return Err(DropReason::TooLong);
        }
        let headers = Headers::read(frame);
        let rss_hash = if headers.ip.is_some() { rss.hash(&headers.flow(frame)) } else { 0 };
        let metadata = RxMetadata {
            ip: headers.ip,
            split: headers.split().filter(|_| split).unwrap_or(0) as u16,
            rss_hash,
            ip_checksum: headers.verify_ip(frame),
            transport_checksum: headers.verify_transport(frame),
            length: frame.len() as u16,
        };
        let queue = if headers.ip.is_some() { rss.queue(rss_hash) } else { 0 };
        Ok(Self { queue, metadata, headers: headers.len })
    }
}
