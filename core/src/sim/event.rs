//! What happened: typed records of fixed width, from which digests are computed and pictures are drawn.
//!
//! A record is seven 32-bit words, so that a batch of them is one transferable array:
//!
//! ```text
//! | time in ns, low, high | kind + 256 * detail | packet | a | b | c |
//! ```
//!
//! The detail says more of the kind: which stage, which cause of a copy; and which queue's rings the pointers of
//! [`Kind::Ring`] and [`Kind::RxRing`] are of.

use crate::buffers::Origin;
use crate::ledger::{AllocationKind, CopyCause};

/// Words of a record.
pub const EVENT_WORDS: usize = 7;

/// The stages of a packet's way down, and of a frame's way up: the clock of the picture (each lane enters a stage at the
/// same simulated time).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// The application has filled its buffer and calls `send()`.
    Send = 0,
    /// The socket layer takes the payload over.
    Socket = 1,
    /// TCP or UDP writes its header.
    Transport = 2,
    /// IP writes its header.
    Ip = 3,
    /// The driver writes Ethernet header and metadata and fills a TX slot.
    Driver = 4,
    /// The NIC owns the slot.
    Doorbell = 5,
    /// The NIC reads the packet.
    Dma = 6,
    /// The frame is on the wire.
    Wire = 7,
    /// The interrupt handler has recycled the slot.
    Completion = 8,
    /// A frame arrives at the NIC.
    WireIn = 9,
    /// The NIC has written it into memory.
    DmaIn = 10,
    /// The driver takes it out of its RX slot.
    DriverIn = 11,
    /// IP reads its header.
    IpIn = 12,
    /// TCP or UDP reads its header.
    TransportIn = 13,
    /// Its payload is in a socket's queue, by reference.
    SocketIn = 14,
    /// `recv()` hands payload to the application.
    Recv = 15,
}

impl Stage {
    /// The stages of the way down, in order.
    pub const DOWN: [Self; 9] = [
        Self::Send,
        Self::Socket,
        Self::Transport,
        Self::Ip,
        Self::Driver,
        Self::Doorbell,
        Self::Dma,
        Self::Wire,
        Self::Completion,
    ];

    /// The stages of the way up, in order.
    pub const UP: [Self; 7] = [
        Self::WireIn,
        Self::DmaIn,
        Self::DriverIn,
        Self::IpIn,
        Self::TransportIn,
        Self::SocketIn,
        Self::Recv,
    ];

    /// The stage of that number.
    pub fn from_number(number: usize) -> Option<Self> {
        let up = number.checked_sub(Self::DOWN.len());
        Self::DOWN.get(number).or_else(|| Self::UP.get(up?)).copied()
    }

    /// The name in the picture.
    pub fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Socket => "socket",
            Self::Transport => "transport",
            Self::Ip => "ip",
            Self::Driver => "driver",
            Self::Doorbell => "doorbell",
            Self::Dma => "dma",
            Self::Wire => "wire",
            Self::Completion => "completion",
            Self::WireIn => "wire_in",
            Self::DmaIn => "dma_in",
            Self::DriverIn => "driver_in",
            Self::IpIn => "ip_in",
            Self::TransportIn => "transport_in",
            Self::SocketIn => "socket_in",
            Self::Recv => "recv",
        }
    }
}

/// Where something was dropped: whose reasons its number counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DropPlace {
    /// In the NIC, by [`crate::nic::DropReason`].
    Nic = 0,
    /// In the stack, by [`crate::stack::DropReason`].
    Stack = 1,
}

impl DropPlace {
    const ALL: [Self; 2] = [Self::Nic, Self::Stack];
}

/// What the link's injector, or somebody who looks on, did to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FaultKind {
    /// The link lost it.
    Lost = 0,
    /// The link delivers it twice.
    Duplicated = 1,
    /// The link delivers it late.
    Late = 2,
    /// The link flipped one of its bits.
    Corrupted = 3,
    /// A byte of its payload was flipped in the sender's memory.
    Flipped = 4,
    /// The application overwrote the buffer that it had sent from.
    Overwritten = 5,
    /// The driver uses fewer slots of its rings, or more again: `frame` says how many.
    Resized = 6,
}

impl FaultKind {
    /// All faults, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Lost,
        Self::Duplicated,
        Self::Late,
        Self::Corrupted,
        Self::Flipped,
        Self::Overwritten,
        Self::Resized,
    ];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Duplicated => "duplicated",
            Self::Late => "late",
            Self::Corrupted => "corrupted",
            Self::Flipped => "flipped",
            Self::Overwritten => "overwritten",
            Self::Resized => "resized",
        }
    }
}

/// What a thread of the application does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ThreadState {
    /// It runs: what follows until another thread runs, or the stack does, is its doing.
    Runs = 0,
    /// A call has blocked.
    Blocks = 1,
    /// It is done.
    Ends = 2,
    /// A call of its failed for good.
    Fails = 3,
}

impl ThreadState {
    const ALL: [Self; 4] = [Self::Runs, Self::Blocks, Self::Ends, Self::Fails];
}

/// What happened; operands in the units given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The packet enters a stage. On the way down `send` is the index of the application's write, `offset` and `len` the
    /// packet's share of it in bytes (at [`Stage::Send`], what the call takes); of a packet without payload `send` is
    /// [`Event::NONE`], and `offset` the thread whose connection it belongs to, once that is known. On the way up `send` is
    /// the thread, [`Event::NONE`] where it is not known, and `len` the frame's bytes; from [`Stage::SocketIn`] on `offset`
    /// and `len` name the payload, counted from its first byte.
    Stage {
        /// The stage.
        stage: Stage,
        /// Index of the write, or on the way up the thread.
        send: u32,
        /// First payload byte.
        offset: u32,
        /// Payload bytes.
        len: u32,
    },
    /// The application filled its buffer.
    AppWrite {
        /// Bytes.
        bytes: u32,
        /// Data lines looked up.
        requested: u32,
        /// Data lines that were not there.
        new: u32,
    },
    /// Payload was copied.
    Copy {
        /// Why.
        cause: CopyCause,
        /// Bytes.
        bytes: u32,
    },
    /// An allocator was called.
    Allocate {
        /// For what.
        kind: AllocationKind,
        /// Bytes.
        bytes: u32,
    },
    /// Something was given back to its allocator.
    Free {
        /// What.
        kind: AllocationKind,
        /// Bytes.
        bytes: u32,
    },
    /// Segment map entries were written.
    MapEntries {
        /// How many.
        count: u32,
    },
    /// Lines other than payload (headers, metadata, interior) were looked up.
    Lines {
        /// Lookups.
        requested: u32,
        /// Lines that were not there.
        new: u32,
        /// Lines that were.
        hits: u32,
    },
    /// Data lines were looked up: payload that the application wrote, that arrived, or that was re-lined.
    DataLines {
        /// Lookups.
        requested: u32,
        /// Lines that were not there.
        new: u32,
        /// Lookups of the all-zero line.
        zero: u32,
    },
    /// What deduplication holds changed.
    Held {
        /// Data lines of all live payloads.
        references: u32,
        /// Different ones.
        distinct: u32,
    },
    /// A transmit ring's pointers moved.
    Ring {
        /// The queue, from 0 on.
        queue: u16,
        /// TX Head.
        head: u32,
        /// TX Tail.
        tail: u32,
        /// Slots that the NIC owns.
        owned: u16,
        /// Slots that are filled and not yet posted.
        unposted: u16,
    },
    /// The NIC made requests of memory.
    Dma {
        /// Requests.
        requests: u32,
        /// Bytes.
        bytes: u32,
    },
    /// A frame is on the wire.
    Frame {
        /// Bytes without FCS.
        len: u32,
        /// XXH3-64 of the bytes.
        hash: u64,
    },
    /// A content came to be in some buffer: what one write of the application, one copy or one frame made.
    Content {
        /// What made it.
        origin: Origin,
        /// Its number, by creation.
        content: u32,
        /// The application's write, by index; [`Event::NONE`] for what is none.
        send: u32,
        /// Data lines.
        lines: u32,
    },
    /// No buffer holds a content any more.
    ContentGone {
        /// Its number.
        content: u32,
    },
    /// What the scheme's state takes, and what it asked of bus and memory.
    Gauges {
        /// Bytes held now, bookkeeping by modelled widths included; at most what fits.
        footprint: u32,
        /// Requests on the bus since the last such record.
        bus: u32,
        /// Accesses to HICAMP memory since the last such record; none in a conventional stack.
        accesses: u32,
    },
    /// A receive ring's pointers moved.
    RxRing {
        /// The queue, from 0 on.
        queue: u16,
        /// RX Head.
        head: u32,
        /// RX Tail.
        tail: u32,
        /// Slots that the NIC may fill.
        owned: u16,
        /// Filled slots that wait for the driver.
        waiting: u16,
    },
    /// Something was dropped.
    Drop {
        /// Where.
        place: DropPlace,
        /// The number of the reason, in the enumeration that belongs to the place.
        reason: u32,
        /// How many times.
        count: u32,
    },
    /// The packet carries bytes that were sent before.
    Retransmission {
        /// Index of the send.
        send: u32,
        /// The first of those bytes.
        offset: u32,
        /// How many.
        len: u32,
    },
    /// A fault was injected.
    Fault {
        /// Which.
        fault: FaultKind,
        /// The frame was sent by the shown host's peer.
        from_peer: bool,
        /// Index of the frame on its direction of the link.
        frame: u32,
    },
    /// A thread of the shown host's application changed its state.
    Thread {
        /// To which.
        state: ThreadState,
        /// The thread.
        thread: u32,
        /// Nanoseconds that it had waited, when it runs; at most what fits.
        waited_ns: u32,
    },
}

/// A record: when, which packet, what. Packet [`Event::NONE`] stands for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Nanoseconds since the run began.
    pub time_ns: u64,
    /// The packet, by creation.
    pub packet: u32,
    /// What happened.
    pub kind: Kind,
}

impl Event {
    /// No packet in particular.
    pub const NONE: u32 = u32::MAX;

    /// The record's words.
    pub fn encode(&self) -> [u32; EVENT_WORDS] {
        let (code, detail, a, b, c) = match self.kind {
            Kind::Stage { stage, send, offset, len } => (0, stage as u32, send, offset, len),
            Kind::AppWrite { bytes, requested, new } => (1, 0, bytes, requested, new),
            Kind::Copy { cause, bytes } => (2, cause as u32, bytes, 0, 0),
            Kind::Allocate { kind, bytes } => (3, kind as u32, bytes, 0, 0),
            Kind::Free { kind, bytes } => (4, kind as u32, bytes, 0, 0),
            Kind::MapEntries { count } => (5, 0, count, 0, 0),
            Kind::Lines { requested, new, hits } => (6, 0, requested, new, hits),
            Kind::Held { references, distinct } => (7, 0, references, distinct, 0),
            Kind::Ring { queue, head, tail, owned, unposted } => {
                (8, queue.into(), head, tail, u32::from(owned) | u32::from(unposted) << 16)
            }
            Kind::Dma { requests, bytes } => (9, 0, requests, bytes, 0),
            Kind::Frame { len, hash } => (10, 0, len, hash as u32, (hash >> 32) as u32),
            Kind::Content { origin, content, send, lines } => (11, origin as u32, content, send, lines),
            Kind::RxRing { queue, head, tail, owned, waiting } => {
                (12, queue.into(), head, tail, u32::from(owned) | u32::from(waiting) << 16)
            }
            Kind::Drop { place, reason, count } => (13, place as u32, reason, count, 0),
            Kind::Retransmission { send, offset, len } => (14, 0, send, offset, len),
            Kind::Fault { fault, from_peer, frame } => (15, fault as u32, from_peer.into(), frame, 0),
            Kind::Thread { state, thread, waited_ns } => (16, state as u32, thread, waited_ns, 0),
            Kind::ContentGone { content } => (17, 0, content, 0, 0),
            Kind::Gauges { footprint, bus, accesses } => (18, 0, footprint, bus, accesses),
            Kind::DataLines { requested, new, zero } => (19, 0, requested, new, zero),
        };
        [self.time_ns as u32, (self.time_ns >> 32) as u32, code | detail << 8, self.packet, a, b, c]
    }

    /// The record of these words; None for words that [`Event::encode`] does not make.
    pub fn decode(words: &[u32; EVENT_WORDS]) -> Option<Self> {
        let [low, high, code, packet, a, b, c] = *words;
        let detail = (code >> 8) as usize;
        let kind = match code & 0xff {
            0 => Kind::Stage { stage: Stage::from_number(detail)?, send: a, offset: b, len: c },
            1 => Kind::AppWrite { bytes: a, requested: b, new: c },
            2 => Kind::Copy { cause: *CopyCause::ALL.get(detail)?, bytes: a },
            3 => Kind::Allocate { kind: *AllocationKind::ALL.get(detail)?, bytes: a },
            4 => Kind::Free { kind: *AllocationKind::ALL.get(detail)?, bytes: a },
            5 => Kind::MapEntries { count: a },
            6 => Kind::Lines { requested: a, new: b, hits: c },
            7 => Kind::Held { references: a, distinct: b },
            8 => {
                let (owned, unposted) = (c as u16, (c >> 16) as u16);
                Kind::Ring { queue: u16::try_from(detail).ok()?, head: a, tail: b, owned, unposted }
            }
            9 => Kind::Dma { requests: a, bytes: b },
            10 => Kind::Frame { len: a, hash: u64::from(b) | u64::from(c) << 32 },
            11 => Kind::Content { origin: *Origin::ALL.get(detail)?, content: a, send: b, lines: c },
            12 => {
                let (owned, waiting) = (c as u16, (c >> 16) as u16);
                Kind::RxRing { queue: u16::try_from(detail).ok()?, head: a, tail: b, owned, waiting }
            }
            13 => Kind::Drop { place: *DropPlace::ALL.get(detail)?, reason: a, count: b },
            14 => Kind::Retransmission { send: a, offset: b, len: c },
            15 => Kind::Fault { fault: *FaultKind::ALL.get(detail)?, from_peer: a != 0, frame: b },
            16 => Kind::Thread { state: *ThreadState::ALL.get(detail)?, thread: a, waited_ns: b },
            17 => Kind::ContentGone { content: a },
            18 => Kind::Gauges { footprint: a, bus: b, accesses: c },
            19 => Kind::DataLines { requested: a, new: b, zero: c },
            _ => return None,
        };
        Some(Self { time_ns: u64::from(low) | u64::from(high) << 32, packet, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_back_as_written() {
        let kinds = [
            Kind::Stage { stage: Stage::Wire, send: 3, offset: 1460, len: 88 },
            Kind::AppWrite { bytes: 1, requested: 2, new: 3 },
            Kind::Copy { cause: CopyCause::Reline, bytes: 9 },
            Kind::Allocate { kind: AllocationKind::Page, bytes: 4096 },
            Kind::Free { kind: AllocationKind::Head, bytes: 640 },
            Kind::MapEntries { count: 2 },
            Kind::Lines { requested: 5, new: 4, hits: 1 },
            Kind::Held { references: 8, distinct: 2 },
            Kind::Ring { queue: 0, head: 1069, tail: 1058, owned: 10, unposted: 3 },
            Kind::Ring { queue: 15, head: 1069, tail: 1058, owned: 10, unposted: 3 },
            Kind::Dma { requests: 1, bytes: 1550 },
            Kind::Frame { len: 1502, hash: 0x0123_4567_89ab_cdef },
            Kind::Content { origin: Origin::Kernel, content: 9, send: Event::NONE, lines: 23 },
            Kind::ContentGone { content: 7 },
            Kind::Gauges { footprint: 1 << 20, bus: 3, accesses: 160 },
            Kind::DataLines { requested: 23, new: 4, zero: 1 },
            Kind::Stage { stage: Stage::WireIn, send: Event::NONE, offset: 0, len: 1514 },
            Kind::Stage { stage: Stage::Recv, send: 3, offset: 0, len: 1448 },
            Kind::RxRing { queue: 3, head: 1580, tail: 1572, owned: 500, waiting: 7 },
            Kind::Drop { place: DropPlace::Stack, reason: 5, count: 1 },
            Kind::Retransmission { send: 1, offset: 2896, len: 1448 },
            Kind::Fault { fault: FaultKind::Corrupted, from_peer: true, frame: 77 },
            Kind::Thread { state: ThreadState::Fails, thread: 999, waited_ns: 4_000_000 },
        ];
        for kind in kinds {
            let event = Event { time_ns: 0x1_0000_0002, packet: 5, kind };
            assert_eq!(Event::decode(&event.encode()), Some(event));
        }
        assert_eq!(Event::decode(&[0, 0, 20, 0, 0, 0, 0]), None);
        assert_eq!(Event::decode(&[0, 0, 16 << 8, 0, 0, 0, 0]), None);
        assert_eq!(Event::decode(&[0, 0, 8 | 1 << 24, 0, 0, 0, 0]), None, "there are not so many queues");
    }

    #[test]
    fn stages_are_numbered_down_and_then_up() {
        let all = Stage::DOWN.into_iter().chain(Stage::UP);
        for (number, stage) in all.enumerate() {
            assert_eq!((stage as usize, Stage::from_number(number)), (number, Some(stage)));
        }
    }
}
