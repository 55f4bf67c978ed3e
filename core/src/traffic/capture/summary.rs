//! What a capture file held and how it ended: the counts that [`super::Reader`] keeps, by the rules of
//! [the module above](super).

use std::collections::BTreeMap;
use std::fmt;

use super::Captured;

/// How the reading of a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The last record ends exactly at the end of the file.
    Ok,
    /// The file ends inside a header, record or block.
    Truncated,
    /// A field has a value that cannot be followed.
    Malformed,
    /// Zero bytes.
    Empty,
    /// The first four bytes are no magic number of pcap or pcapng, or there are fewer than four.
    Unknown,
}

impl Status {
    /// The word for it in reports: `ok`, `truncated`, `malformed`, `empty` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Truncated => "truncated",
            Status::Malformed => "malformed",
            Status::Empty => "empty",
            Status::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How and where the reading ended, with words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How.
    pub status: Status,
    /// The byte, counted from 0, at which the header, record or block begins that could not be read; for
    /// [`Status::Ok`] the number of bytes in the file.
    pub offset: u64,
    /// What was wrong, at which byte, and what is accepted instead. One sentence, in plain words.
    pub message: String,
}

/// The two file formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One header, then records: draft-ietf-opsawg-pcap.
    Pcap,
    /// Blocks in sections: draft-ietf-opsawg-pcapng.
    Pcapng,
}

impl Format {
    /// `pcap` or `pcapng`.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Pcap => "pcap",
            Format::Pcapng => "pcapng",
        }
    }
}

/// Order of the bytes in the integers of a file or section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// `little` or `big`.
    pub fn as_str(self) -> &'static str {
        match self {
            ByteOrder::Little => "little",
            ByteOrder::Big => "big",
        }
    }
}

/// The unit of time stamps: a negative power of 10 or of 2, in seconds. pcapng's `if_tsresol` (draft section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// 10 to the power of minus this, at most 127.
    Decimal(u8),
    /// 2 to the power of minus this, at most 127.
    Binary(u8),
}

impl Resolution {
    /// The usual unit, and pcapng's default.
    pub const MICROSECONDS: Resolution = Resolution::Decimal(6);
    /// The unit of pcap files with the magic number a1b23c4d.
    pub const NANOSECONDS: Resolution = Resolution::Decimal(9);

    /// From the byte of an `if_tsresol` option: its top bit says powers of 2.
    pub fn from_option(byte: u8) -> Resolution {
        if byte & 0x80 == 0 { Resolution::Decimal(byte) } else { Resolution::Binary(byte & 0x7f) }
    }

    /// `ticks` of this unit in nanoseconds, rounded down. Exact in 128 bits for every unit.
    pub fn nanoseconds(self, ticks: u64) -> i128 {
        // 2^64 * 10^9 is under 2^94.
        let scaled = u128::from(ticks) * 1_000_000_000;
        let floor = match self {
            // Past 10^38 the divisor leaves 128 bits, and any quotient is below one.
            Resolution::Decimal(power) => 10u128.checked_pow(power.into()).map_or(0, |unit| scaled / unit),
            Resolution::Binary(power) => scaled.checked_shr(power.into()).unwrap_or(0),
        };
        floor as i128
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resolution::Decimal(0) | Resolution::Binary(0) => f.write_str("s"),
            Resolution::Decimal(3) => f.write_str("ms"),
            Resolution::Decimal(6) => f.write_str("us"),
            Resolution::Decimal(9) => f.write_str("ns"),
            Resolution::Decimal(12) => f.write_str("ps"),
            Resolution::Decimal(power) => write!(f, "10^-{power} s"),
            Resolution::Binary(power) => write!(f, "2^-{power} s"),
        }
    }
}

/// One network interface of a capture. A pcap file has exactly one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Link type, as registered for pcap (1 is Ethernet).
    pub link_type: u32,
    /// The most bytes of a packet that were to be captured; 0 stands for no limit. As the file has it.
    pub snaplen: u32,
    /// Unit of the interface's time stamps.
    pub resolution: Resolution,
    /// Seconds to add to its time stamps.
    pub time_offset_s: i64,
    /// The pcapng section that describes it, counted from 0; `None` in pcap files.
    pub section: Option<u32>,
    /// Packets counted for it.
    pub packets: u64,
}

impl Interface {
    /// A time stamp of this interface in nanoseconds since the epoch, rounded down.
    pub fn time_ns(&self, ticks: u64) -> i128 {
        // At most 2^94 + 2^63 * 10^9 in magnitude.
        self.resolution.nanoseconds(ticks) + i128::from(self.time_offset_s) * 1_000_000_000
    }
}

/// Time stamps over all packets that have one, in nanoseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Of the first such packet in the file.
    pub first_ns: i128,
    /// Of the last such packet in the file.
    pub last_ns: i128,
    /// The earliest.
    pub min_ns: i128,
    /// The latest.
    pub max_ns: i128,
}

/// What was read from a file up to its end or its first structural error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// `None` when the magic number is neither.
    pub format: Option<Format>,
    /// How the file ended.
    pub ending: Ending,
    /// Major and minor version, of the first section in pcapng; `None` before a whole header.
    pub version: Option<(u16, u16)>,
    /// The byte orders met, each once, in the order they were met.
    pub byte_orders: Vec<ByteOrder>,
    /// The units of time stamps met, each once, in the order they were met.
    pub resolutions: Vec<Resolution>,
    /// Interfaces in the order they are described, over all sections.
    pub interfaces: Vec<Interface>,
    /// Sections of a pcapng file.
    pub sections: u32,
    /// Whole pcapng blocks by block type, packets and headers included. See [`super::pcapng::block_name`].
    pub blocks: BTreeMap<u32, u64>,
    /// Comment options in section headers, interface descriptions and packets.
    pub comments: u64,
    /// Packets read.
    pub packets: u64,
    /// Bytes captured, over all packets.
    pub bytes_captured: u64,
    /// Bytes the packets had on the wire.
    pub bytes_on_wire: u64,
    /// Packets with fewer bytes captured than they had on the wire.
    pub packets_cut_by_snaplen: u64,
    /// Packets with no captured byte.
    pub packets_of_zero_bytes: u64,
    /// Captured bytes of the longest packet.
    pub longest_packet: u64,
    /// `None` when no packet has a time stamp.
    pub times: Option<Times>,
}

impl Summary {
    pub(super) fn new() -> Self {
        Summary {
            format: None,
            ending: Ending { status: Status::Empty, offset: 0, message: String::new() },
            version: None,
            byte_orders: Vec::new(),
            resolutions: Vec::new(),
            interfaces: Vec::new(),
            sections: 0,
            blocks: BTreeMap::new(),
            comments: 0,
            packets: 0,
            bytes_captured: 0,
            bytes_on_wire: 0,
            packets_cut_by_snaplen: 0,
            packets_of_zero_bytes: 0,
            longest_packet: 0,
            times: None,
        }
    }

    /// Packets by link type; types without packets are left out.
    pub fn link_types(&self) -> BTreeMap<u32, u64> {
        let mut types = BTreeMap::new();
        for interface in self.interfaces.iter().filter(|interface| interface.packets > 0) {
            *types.entry(interface.link_type).or_default() += interface.packets;
        }
        types
    }

    pub(super) fn met_byte_order(&mut self, order: ByteOrder) {
        if !self.byte_orders.contains(&order) {
            self.byte_orders.push(order);
        }
    }

    pub(super) fn met_resolution(&mut self, resolution: Resolution) {
        // At most 256 different ones, so a search is bounded.
        if !self.resolutions.contains(&resolution) {
            self.resolutions.push(resolution);
        }
    }

    /// Counts a packet of the interface at `index` and makes its view for the caller. `ticks` is its time stamp in
    /// units of the interface.
    pub(super) fn count<'a>(
        &mut self,
        index: usize,
        ticks: Option<u64>,
        captured: &'a [u8],
        original_len: u32,
    ) -> Option<Captured<'a>> {
        let interface = self.interfaces.get_mut(index)?;
        interface.packets += 1;
        let time_ns = ticks.map(|ticks| interface.time_ns(ticks));
        let length = captured.len() as u64;
        self.packets += 1;
        self.bytes_captured += length;
        self.bytes_on_wire += u64::from(original_len);
        self.packets_cut_by_snaplen += u64::from(length < u64::from(original_len));
        self.packets_of_zero_bytes += u64::from(length == 0);
        self.longest_packet = self.longest_packet.max(length);
        if let Some(time) = time_ns {
            let times =
                self.times.get_or_insert(Times { first_ns: time, last_ns: time, min_ns: time, max_ns: time });
            times.last_ns = time;
            times.min_ns = times.min_ns.min(time);
            times.max_ns = times.max_ns.max(time);
        }
        let link_type = interface.link_type;
        Some(Captured {
            number: self.packets,
            interface: index as u32,
            link_type,
            time_ns,
            captured,
            original_len,
        })
    }
}
