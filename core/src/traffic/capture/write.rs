//! Writing packet captures, pcapng and pcap, into memory: little-endian, times in nanoseconds, whole packets
//! (draft-ietf-opsawg-pcapng section 4, draft-ietf-opsawg-pcap sections 4 and 5). No I/O: whoever writes to a file takes
//! the bytes as they come with [`PcapngWriter::bytes`] and [`PcapngWriter::clear`].
//!
//! ```
//! use snapstack::traffic::capture::{ETHERNET, PcapngWriter, Reader};
//!
//! let mut file = PcapngWriter::new();
//! let interface = file.interface(ETHERNET, "eth0");
//! file.packet(interface, 1_500_000_000, &[0; 60])?;
//! let mut reader = Reader::new();
//! reader.push(file.bytes(), |packet| assert_eq!(packet.time_ns, Some(1_500_000_000)));
//! assert_eq!(reader.finish().packets, 1);
//! # Ok::<(), snapstack::traffic::capture::WriteError>(())
//! ```

use super::limit;

/// Link type of Ethernet frames, without preamble and FCS.
pub const ETHERNET: u16 = 1;
/// Link type of bare IP packets; the version in the first byte tells IPv4 from IPv6.
pub const RAW_IP: u16 = 101;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

/// Why a packet cannot be written; nothing was written of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The interface has not been described.
    #[error("the packet belongs to interface {interface}, and {described} are described")]
    NoInterface {
        /// Which one was named.
        interface: u32,
        /// How many there are.
        described: u32,
    },
    /// No reader would accept the length; see [`limit`].
    #[error("the packet has {len} bytes, and a capture of its link type holds at most {limit} of one")]
    TooLong {
        /// Bytes of the packet.
        len: u64,
        /// Bytes that are accepted.
        limit: u32,
    },
    /// The seconds do not fit the 32 bits that pcap has for them.
    #[error("the packet's time is {seconds} s, and pcap ends at {} s", u32::MAX)]
    TooLate {
        /// Seconds since the epoch.
        seconds: u64,
    },
}

/// A pcapng file of one section in the making. O(bytes) for every call.
#[derive(Clone, Debug)]
pub struct PcapngWriter {
    bytes: Vec<u8>,
    /// Most bytes of a packet, for each interface.
    limits: Vec<u32>,
}

impl Default for PcapngWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl PcapngWriter {
    /// A file that has its section header.
    pub fn new() -> Self {
        let mut writer = Self { bytes: Vec::new(), limits: Vec::new() };
        // Byte-order magic, version 1.0, and a section length of -1: not told.
        let body = [0x1a2b_3c4d, 1, u32::MAX, u32::MAX].map(u32::to_le_bytes);
        writer.block(SECTION_HEADER, body.as_flattened(), &[]);
        writer
    }

    /// Describes an interface, whose number is returned. Of a name longer than 65,535 bytes the rest is left out.
    pub fn interface(&mut self, link_type: u16, name: &str) -> u32 {
        let mut options = Vec::new();
        let name = name.get(..name.floor_char_boundary(u16::MAX.into())).unwrap_or_default();
        // Resolution: a negative power of ten.
        for (code, value) in [(IF_NAME, name.as_bytes()), (IF_TSRESOL, &[9]), (0, &[])] {
            options.extend(code.to_le_bytes());
            options.extend((value.len() as u16).to_le_bytes());
            options.extend(value);
            options.resize(options.len().next_multiple_of(4), 0);
        }
        let limit = limit(link_type.into());
        let body = [u32::from(link_type), limit].map(u32::to_le_bytes);
        self.block(INTERFACE_DESCRIPTION, body.as_flattened(), &options);
        self.limits.push(limit);
        self.limits.len() as u32 - 1
    }

    /// Adds a packet: its time in nanoseconds since the epoch and all its bytes, link header first.
    ///
    /// # Errors
    /// [`WriteError::NoInterface`], [`WriteError::TooLong`].
    pub fn packet(&mut self, interface: u32, time_ns: u64, packet: &[u8]) -> Result<(), WriteError> {
        let described = self.limits.len() as u32;
        let limit =
            *self.limits.get(interface as usize).ok_or(WriteError::NoInterface { interface, described })?;
        let len = checked_len(packet, limit)?;
        let head = [interface, (time_ns >> 32) as u32, time_ns as u32, len, len].map(u32::to_le_bytes);
        self.block(ENHANCED_PACKET, head.as_flattened(), packet);
        Ok(())
    }

    /// What was written since the last [`PcapngWriter::clear`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets the bytes, which someone has taken, but not the interfaces: the file goes on.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Type, length, `head`, `rest` padded to whole words, and the length again. `head` is whole words already.
    fn block(&mut self, block_type: u32, head: &[u8], rest: &[u8]) {
        let padded = rest.len().next_multiple_of(4);
        let length = ((12 + head.len() + padded) as u32).to_le_bytes();
        self.bytes.extend(block_type.to_le_bytes());
        self.bytes.extend(length);
        self.bytes.extend(head);
        self.bytes.extend(rest);
        self.bytes.resize(self.bytes.len() + padded - rest.len(), 0);
        self.bytes.extend(length);
    }
}

/// A pcap file in the making: one link type, as the format has it. O(bytes) for every call.
#[derive(Clone, Debug)]
pub struct PcapWriter {
    bytes: Vec<u8>,
    limit: u32,
}

impl PcapWriter {
    /// A file that has its header.
    pub fn new(link_type: u16) -> Self {
        let limit = limit(link_type.into());
        // Magic of nanosecond times, version 2.4, two obsolete words, snaplen, link type.
        let header = [0xa1b2_3c4d, 4 << 16 | 2, 0, 0, limit, link_type.into()].map(u32::to_le_bytes);
        Self { bytes: header.as_flattened().to_vec(), limit }
    }

    /// Adds a packet: its time in nanoseconds since the epoch and all its bytes, link header first.
    ///
    /// # Errors
    /// [`WriteError::TooLong`], [`WriteError::TooLate`].
    pub fn packet(&mut self, time_ns: u64, packet: &[u8]) -> Result<(), WriteError> {
        let len = checked_len(packet, self.limit)?;
        let seconds = time_ns / NANOSECONDS_PER_SECOND;
        let whole = u32::try_from(seconds).map_err(|_| WriteError::TooLate { seconds })?;
        let rest = (time_ns % NANOSECONDS_PER_SECOND) as u32;
        self.bytes.extend([whole, rest, len, len].map(u32::to_le_bytes).as_flattened());
        self.bytes.extend(packet);
        Ok(())
    }

    /// What was written since the last [`PcapWriter::clear`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets the bytes, which someone has taken: the file goes on.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }
}

fn checked_len(packet: &[u8], limit: u32) -> Result<u32, WriteError> {
    let len = packet.len() as u64;
    match u32::try_from(len) {
        Ok(len) if len <= limit => Ok(len),
        _ => Err(WriteError::TooLong { len, limit }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Reader, Resolution, Status};
    use super::*;

    /// Time, link type and bytes of every packet that our reader finds; the file must end well.
    fn read(file: &[u8], format: Format) -> Vec<(u64, u32, Vec<u8>)> {
        let (mut reader, mut packets) = (Reader::new(), Vec::new());
        reader.push(file, |packet| {
            let time = packet.time_ns.and_then(|time| u64::try_from(time).ok()).unwrap_or(u64::MAX);
            assert_eq!(packet.original_len as usize, packet.captured.len());
            packets.push((time, packet.link_type, packet.captured.to_vec()));
        });
        let summary = reader.finish();
        assert_eq!((summary.ending.status, summary.format), (Status::Ok, Some(format)));
        assert!(summary.interfaces.iter().all(|one| one.resolution == Resolution::NANOSECONDS));
        packets
    }

    /// Packets of every length around the padding, at awkward times.
    fn packets() -> Vec<(u64, Vec<u8>)> {
        let times = [0, 1, 999_999_999, 1_000_000_000, u64::from(u32::MAX) + 1, 4_294_967_295_999_999_999];
        times.into_iter().zip([0, 1, 2, 3, 4, 1514]).map(|(time, len)| (time, vec![len as u8; len])).collect()
    }

    #[test]
    fn pcapng_is_read_back_with_times_and_link_types() {
        let mut writer = PcapngWriter::new();
        let interfaces = [(ETHERNET, ""), (RAW_IP, "after the NIC")];
        let numbers = interfaces.map(|(link, name)| (writer.interface(link, name), u32::from(link)));
        assert_eq!(numbers, [(0, 1), (1, 101)]);
        let mut expected = Vec::new();
        for (interface, link) in numbers {
            for (time, bytes) in packets().into_iter().chain([(u64::MAX, vec![7; 9])]) {
                writer.packet(interface, time, &bytes).expect("a packet that fits");
                expected.push((time, link, bytes));
            }
        }
        assert_eq!(read(writer.bytes(), Format::Pcapng), expected);
    }

    #[test]
    fn pcap_is_read_back_with_times() {
        let mut writer = PcapWriter::new(RAW_IP);
        for (time, bytes) in packets() {
            writer.packet(time, &bytes).expect("a packet that fits");
        }
        let expected: Vec<_> = packets().into_iter().map(|(time, bytes)| (time, 101, bytes)).collect();
        assert_eq!(read(writer.bytes(), Format::Pcap), expected);
    }

    #[test]
    fn bytes_taken_piece_by_piece_are_the_same_file() {
        let (mut whole, mut pieces, mut file) = (PcapngWriter::new(), PcapngWriter::new(), Vec::new());
        for writer in [&mut whole, &mut pieces] {
            writer.interface(ETHERNET, "x");
        }
        for (time, bytes) in packets() {
            whole.packet(0, time, &bytes).expect("a packet that fits");
            file.extend(pieces.bytes());
            pieces.clear();
            pieces.packet(0, time, &bytes).expect("a packet that fits");
        }
        file.extend(pieces.bytes());
        assert_eq!(whole.bytes(), file);
    }

    #[test]
    fn what_no_reader_would_take_is_refused_and_changes_nothing() {
        let mut writer = PcapngWriter::new();
        let none = WriteError::NoInterface { interface: 0, described: 0 };
        assert_eq!(writer.packet(0, 0, &[]), Err(none));
        writer.interface(ETHERNET, "x");
        let before = writer.bytes().to_vec();
        let long = WriteError::TooLong { len: 262_145, limit: 262_144 };
        assert_eq!(writer.packet(0, 0, &vec![0; 262_145]), Err(long.clone()));
        assert_eq!(writer.bytes(), before);
        let mut pcap = PcapWriter::new(ETHERNET);
        assert_eq!(pcap.packet(0, &vec![0; 262_145]), Err(long));
        let late = WriteError::TooLate { seconds: 4_294_967_296 };
        assert_eq!(pcap.packet(4_294_967_296_000_000_000, &[]), Err(late));
        assert_eq!(pcap.bytes().len(), 24);
    }
}
