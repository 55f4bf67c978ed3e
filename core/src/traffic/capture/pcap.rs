//! The pcap file format: one header, then a record a packet (draft-ietf-opsawg-pcap; libpcap's sf-pcap.c for the
//! older versions and the "modified" variant).
//!
//! - Magic numbers a1b2c3d4 (microseconds), a1b23c4d (nanoseconds) and a1b2cd34 ("modified": 24-byte record headers,
//!   microseconds), each in both byte orders. The link type is the low 16 bits of the last header word.
//! - Major version 2, and 543.0, which an old tool wrote; any other is malformed.
//! - Versions before 2.3 and 543.0 have the two lengths of a record the other way round, version 2.3 has them so
//!   when the captured length would exceed the original.

use super::{ByteOrder, Captured, Format, Interface, Resolution, Status, Step, Summary, limit};

/// Bytes of the file header.
pub const FILE_HEADER: usize = 24;
/// Bytes of a record header.
pub const RECORD_HEADER: usize = 16;
/// Bytes of a record header in the "modified" variant: interface index, protocol and packet type follow.
pub const MODIFIED_RECORD_HEADER: usize = 24;

/// Which of a record's two lengths comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    OriginalFirst,
    /// The lesser is the captured one.
    LesserIsCaptured,
}

/// What the reading of a pcap file must remember.
pub(super) struct Decoder {
    order: ByteOrder,
    resolution: Resolution,
    record_header: usize,
    /// Known once the file header is read, with the link type's limit.
    records: Option<(Lengths, u32)>,
}

impl Decoder {
    /// A decoder if these are the first four bytes of a pcap file.
    pub(super) fn recognise(magic: [u8; 4], summary: &mut Summary) -> Option<Decoder> {
        let (order, magic) = match magic[0] {
            0xa1 => (ByteOrder::Big, u32::from_be_bytes(magic)),
            _ => (ByteOrder::Little, u32::from_le_bytes(magic)),
        };
        let (resolution, record_header) = match magic {
            0xa1b2_c3d4 => (Resolution::MICROSECONDS, RECORD_HEADER),
            0xa1b2_3c4d => (Resolution::NANOSECONDS, RECORD_HEADER),
            0xa1b2_cd34 => (Resolution::MICROSECONDS, MODIFIED_RECORD_HEADER),
            _ => return None,
        };
        summary.format = Some(Format::Pcap);
        summary.met_byte_order(order);
        summary.met_resolution(resolution);
        Some(Decoder { order, resolution, record_header, records: None })
    }

    /// Whether the file header was read whole.
    pub(super) fn has_header(&self) -> bool {
        self.records.is_some()
    }

    /// Words for a file that ends after `left` of `need` bytes.
    pub(super) fn cut_short(&self, left: usize, need: usize) -> String {
        let (what, need) = match self.records {
            None => ("file header", FILE_HEADER),
            Some(_) if left < self.record_header => ("record header", self.record_header),
            Some(_) => ("record", need),
        };
        format!("{what} cut short: the file has {left} of its {need} bytes")
    }

    /// Reads the header or one record at the start of `data`.
    pub(super) fn step(
        &mut self,
        data: &[u8],
        summary: &mut Summary,
        each: &mut impl FnMut(Captured<'_>),
    ) -> Step {
        match self.records {
            None => self.header(data, summary).unwrap_or(Step::Need(FILE_HEADER)),
            Some((lengths, limit)) => {
                self.record(data, lengths, limit, summary, each).unwrap_or(Step::Need(self.record_header))
            }
        }
    }

    /// `None` when bytes of the header are missing.
    fn header(&mut self, data: &[u8], summary: &mut Summary) -> Option<Step> {
        let snaplen = self.order.u32(data, 16)?;
        let link_type = self.order.u32(data, 20)? & 0xffff;
        let (major, minor) = (self.order.u16(data, 4)?, self.order.u16(data, 6)?);
        let lengths = match (major, minor) {
            (2, 0..=2) | (543, 0) => Lengths::OriginalFirst,
            (2, 3) => Lengths::LesserIsCaptured,
            (2, _) => Lengths::CapturedFirst,
            _ => {
                let why = format!(
                    "the file header names version {major}.{minor}; versions 2.x and 543.0 can be read"
                );
                return Some(Step::Stop(Status::Malformed, why));
            }
        };
        self.records = Some((lengths, limit(link_type)));
        summary.version = Some((major, minor));
        let resolution = self.resolution;
        summary.interfaces.push(Interface {
            link_type,
            snaplen,
            resolution,
            time_offset_s: 0,
            section: None,
            packets: 0,
        });
        Some(Step::Took(FILE_HEADER))
    }

    /// `None` when bytes of the record header are missing.
    fn record(
        &self,
        data: &[u8],
        lengths: Lengths,
        limit: u32,
        summary: &mut Summary,
        each: &mut impl FnMut(Captured<'_>),
    ) -> Option<Step> {
        let header = data.get(..self.record_header)?;
        let word = |at| self.order.u32(header, at);
        let (seconds, fraction, first, second) = (word(0)?, word(4)?, word(8)?, word(12)?);
        let (captured, original) = match lengths {
            Lengths::CapturedFirst => (first, second),
            Lengths::OriginalFirst => (second, first),
            Lengths::LesserIsCaptured => (first.min(second), first.max(second)),
        };
        if captured > limit {
            let why = format!("the record claims {captured} captured bytes; at most {limit} are accepted");
            return Some(Step::Stop(Status::Malformed, why));
        }
        let whole = self.record_header + captured as usize;
        let Some(bytes) = data.get(self.record_header..whole) else { return Some(Step::Need(whole)) };
        // The fraction may exceed a second: it is added as it is.
        let per_second = if self.resolution == Resolution::NANOSECONDS { 1_000_000_000 } else { 1_000_000 };
        let ticks = u64::from(seconds) * per_second + u64::from(fraction);
        if let Some(packet) = summary.count(0, Some(ticks), bytes, original) {
            each(packet);
        }
        Some(Step::Took(whole))
    }
}
