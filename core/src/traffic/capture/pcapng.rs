//! The pcapng file format: sections of blocks (draft-ietf-opsawg-pcapng). Framing, judgement and packets are read
//! here; the options inside a block by the crate `pcap-parser`.
//!
//! - Any number of sections, each with its own byte order and interfaces; versions 1.0 and 1.2. Packets are Enhanced
//!   (6), Simple (3) and obsolete Packet (2) blocks; any other block type is counted and skipped.
//! - A block is judged in this order: byte order (of a section header), total length, end of the file, trailing
//!   copy of the length, content. A total length is a multiple of 4 from [`least_length`] to [`MAX_BLOCK`].
//! - Malformed: a packet of an interface not yet described in its section, a captured length beyond its block or
//!   above [`limit`]. A simple packet has min(original length, snaplen of the section's first interface unless that
//!   is 0) bytes.
//! - Options that run past their block, or have a length other than the draft's, are passed over.
//!
//! `pcap-parser`'s own block parsers are not used: they follow other limits, go on past the end-of-options mark,
//! read `if_tsoffset` as little-endian in every section, and allocate a list of options for each packet.

use std::borrow::Cow;

use pcap_parser::nom::error::Error;
use pcap_parser::{
    CB_MAGIC, DCB_MAGIC, DSB_MAGIC, EPB_MAGIC, IDB_MAGIC, ISB_MAGIC, NRB_MAGIC, OptionCode, SHB_MAGIC,
    SJE_MAGIC, SPB_MAGIC, parse_option_be, parse_option_le,
};

use super::{ByteOrder, Captured, Format, Interface, Resolution, Status, Step, Summary, limit};

/// The largest total length of a block that is followed: 16 MiB.
pub const MAX_BLOCK: u32 = 16 << 20;

/// Block type of the obsolete Packet Block (draft appendix A).
const PB_MAGIC: u32 = 2;

/// Bytes of a block besides its body: type, total length, and the length again.
const FRAME: usize = 12;

/// Short name of a block type (draft section 10.1), or the type as a hexadecimal number.
pub fn block_name(block_type: u32) -> Cow<'static, str> {
    Cow::Borrowed(match block_type {
        SHB_MAGIC => "SHB",
        IDB_MAGIC => "IDB",
        PB_MAGIC => "PB",
        SPB_MAGIC => "SPB",
        NRB_MAGIC => "NRB",
        ISB_MAGIC => "ISB",
        EPB_MAGIC => "EPB",
        SJE_MAGIC => "SJE",
        DSB_MAGIC => "DSB",
        CB_MAGIC => "CB",
        DCB_MAGIC => "CB-nocopy",
        _ => return Cow::Owned(format!("0x{block_type:08x}")),
    })
}

/// The least total length of a block of this type, in bytes.
pub fn least_length(block_type: u32) -> u32 {
    match block_type {
        SHB_MAGIC => 28,
        IDB_MAGIC => 20,
        PB_MAGIC | EPB_MAGIC => 32,
        SPB_MAGIC => 16,
        _ => FRAME as u32,
    }
}

/// What the reading of a pcapng file must remember.
pub(super) struct Decoder {
    /// Of the current section.
    order: ByteOrder,
    /// Number of the current section; `None` before the first header is read whole.
    section: Option<u32>,
    /// Index of the current section's first interface in [`Summary::interfaces`].
    first_interface: usize,
}

impl Decoder {
    /// A decoder if these are the first four bytes of a pcapng file.
    pub(super) fn recognise(magic: [u8; 4], summary: &mut Summary) -> Option<Decoder> {
        if u32::from_be_bytes(magic) != SHB_MAGIC {
            return None;
        }
        summary.format = Some(Format::Pcapng);
        // The section header says which order it is; its type reads the same in both.
        Some(Decoder { order: ByteOrder::Little, section: None, first_interface: 0 })
    }

    /// Whether a section header was read whole.
    pub(super) fn has_section(&self) -> bool {
        self.section.is_some()
    }

    /// Words for a file that ends after `left` of `need` bytes.
    pub(super) fn cut_short(&self, left: usize, need: usize) -> String {
        let what = if self.section.is_none() { "section header" } else { "block" };
        let least = if left < FRAME { "at least " } else { "" };
        format!("{what} cut short: the file has {left} of its {least}{} bytes", need.max(FRAME))
    }

    /// Reads one block at the start of `data`.
    pub(super) fn step(
        &mut self,
        data: &[u8],
        summary: &mut Summary,
        each: &mut impl FnMut(Captured<'_>),
    ) -> Step {
        match self.block(data, summary, each) {
            Ok(step) => step,
            Err(why) => Step::Stop(Status::Malformed, why),
        }
    }

    fn block(
        &mut self,
        data: &[u8],
        summary: &mut Summary,
        each: &mut impl FnMut(Captured<'_>),
    ) -> Result<Step, String> {
        let Some(head) = data.get(..FRAME) else { return Ok(Step::Need(FRAME)) };
        let mut order = self.order;
        let block_type = order.u32(head, 0).unwrap_or_default();
        if block_type == SHB_MAGIC {
            order = match head {
                [.., 0x4d, 0x3c, 0x2b, 0x1a] => ByteOrder::Little,
                [.., 0x1a, 0x2b, 0x3c, 0x4d] => ByteOrder::Big,
                _ => {
                    let found = hex::encode(head.get(8..).unwrap_or_default());
                    return Err(format!(
                        "the section header's byte-order magic is {found}; it must be 1a2b3c4d or its reverse"
                    ));
                }
            };
        }
        let name = block_name(block_type);
        let length = order.u32(head, 4).unwrap_or_default();
        let least = least_length(block_type);
        if length < least || length > MAX_BLOCK || !length.is_multiple_of(4) {
            return Err(format!(
                "the {name} block claims a total length of {length} bytes; it must be a multiple of 4 from {least} to {MAX_BLOCK}"
            ));
        }
        let whole = length as usize;
        let Some(block) = data.get(..whole) else { return Ok(Step::Need(whole)) };
        let trailer = order.u32(block, whole - 4).unwrap_or_default();
        if trailer != length {
            return Err(format!(
                "the {name} block begins with a total length of {length} and ends with {trailer}; the two must agree"
            ));
        }
        let body = block.get(8..whole - 4).unwrap_or_default();
        self.order = order;
        match block_type {
            SHB_MAGIC => self.section_header(body, summary)?,
            IDB_MAGIC => self.interface(body, summary),
            EPB_MAGIC | PB_MAGIC => each(self.packet(block_type, body, summary)?),
            SPB_MAGIC => each(self.simple_packet(body, summary)?),
            _ => {}
        }
        *summary.blocks.entry(block_type).or_default() += 1;
        Ok(Step::Took(whole))
    }

    /// Section header (draft section 4.1): byte-order magic, version, section length (not needed here), options.
    fn section_header(&mut self, body: &[u8], summary: &mut Summary) -> Result<(), String> {
        let major = self.order.u16(body, 4).unwrap_or_default();
        let minor = self.order.u16(body, 6).unwrap_or_default();
        if !matches!((major, minor), (1, 0 | 2)) {
            return Err(format!(
                "the section header names version {major}.{minor}; versions 1.0 and 1.2 can be read"
            ));
        }
        self.section = Some(summary.sections);
        self.first_interface = summary.interfaces.len();
        summary.sections += 1;
        summary.version.get_or_insert((major, minor));
        summary.met_byte_order(self.order);
        self.comments(body.get(16..), summary);
        Ok(())
    }

    /// Interface description (draft section 4.2): link type, snaplen, options.
    fn interface(&self, body: &[u8], summary: &mut Summary) {
        let link_type = self.order.u16(body, 0).unwrap_or_default().into();
        let snaplen = self.order.u32(body, 4).unwrap_or_default();
        let (mut resolution, mut offset) = (None, None);
        self.options(body.get(8..), |code, value| match (code, value) {
            (OptionCode::Comment, _) => summary.comments += 1,
            (OptionCode::IfTsresol, [byte]) => _ = resolution.get_or_insert(Resolution::from_option(*byte)),
            (OptionCode::IfTsoffset, [_, _, _, _, _, _, _, _]) => {
                offset = offset.or(self.order.i64(value, 0));
            }
            _ => {}
        });
        let resolution = resolution.unwrap_or(Resolution::MICROSECONDS);
        summary.met_resolution(resolution);
        let (time_offset_s, section) = (offset.unwrap_or(0), self.section);
        summary.interfaces.push(Interface {
            link_type,
            snaplen,
            resolution,
            time_offset_s,
            section,
            packets: 0,
        });
    }

    /// Enhanced packet (draft section 4.3) and obsolete packet (appendix A), which differ in their first word.
    fn packet<'a>(
        &self,
        block_type: u32,
        body: &'a [u8],
        summary: &mut Summary,
    ) -> Result<Captured<'a>, String> {
        let word = |at| self.order.u32(body, at).unwrap_or_default();
        let id = if block_type == EPB_MAGIC {
            word(0)
        } else {
            self.order.u16(body, 0).unwrap_or_default().into()
        };
        let (high, low, length, original) = (word(4), word(8), word(12), word(16));
        let index = self.described(id, summary)?;
        let (captured, options) =
            self.data(body.get(20..).unwrap_or_default(), length, index, body.len(), summary)?;
        self.comments(Some(options), summary);
        let ticks = u64::from(high) << 32 | u64::from(low);
        summary.count(index, Some(ticks), captured, original).ok_or_else(|| missing(id))
    }

    /// Simple packet (draft section 4.4): the original length, then the bytes up to the first interface's snaplen.
    fn simple_packet<'a>(&self, body: &'a [u8], summary: &mut Summary) -> Result<Captured<'a>, String> {
        let original = self.order.u32(body, 0).unwrap_or_default();
        let index = self.described(0, summary)?;
        let snaplen = summary.interfaces.get(index).map_or(0, |interface| interface.snaplen);
        let length = if snaplen == 0 { original } else { original.min(snaplen) };
        let (captured, _) =
            self.data(body.get(4..).unwrap_or_default(), length, index, body.len(), summary)?;
        summary.count(index, None, captured, original).ok_or_else(|| missing(0))
    }

    /// Index in [`Summary::interfaces`] of the interface that the current section calls `id`.
    fn described(&self, id: u32, summary: &Summary) -> Result<usize, String> {
        let index = self.first_interface.saturating_add(id as usize);
        if index < summary.interfaces.len() { Ok(index) } else { Err(missing(id)) }
    }

    /// Splits what follows a packet's fixed fields into its captured bytes and its options.
    fn data<'a>(
        &self,
        rest: &'a [u8],
        length: u32,
        index: usize,
        body: usize,
        summary: &Summary,
    ) -> Result<(&'a [u8], &'a [u8]), String> {
        let Some((captured, after)) = rest.split_at_checked(length as usize) else {
            let (block, room) = (body + FRAME, rest.len());
            return Err(format!(
                "captured length {length} in a block of {block}, which has room for {room} bytes at most"
            ));
        };
        let limit = summary.interfaces.get(index).map_or(0, |interface| limit(interface.link_type));
        if length > limit {
            return Err(format!("the packet claims {length} captured bytes; at most {limit} are accepted"));
        }
        // Packet data is padded to a multiple of 4 bytes, as the whole block is.
        Ok((captured, after.get(after.len() % 4..).unwrap_or_default()))
    }

    fn comments(&self, options: Option<&[u8]>, summary: &mut Summary) {
        self.options(options, |code, _| summary.comments += u64::from(code == OptionCode::Comment));
    }

    /// Calls `each` with the code and the value of every whole option (draft section 3.5), up to the mark that ends
    /// them.
    fn options(&self, options: Option<&[u8]>, mut each: impl FnMut(OptionCode, &[u8])) {
        let mut rest = options.unwrap_or_default();
        loop {
            let parsed = match self.order {
                ByteOrder::Little => parse_option_le::<Error<&[u8]>>(rest),
                ByteOrder::Big => parse_option_be::<Error<&[u8]>>(rest),
            };
            let Ok((after, option)) = parsed else { return };
            if option.code == OptionCode::EndOfOpt {
                return;
            }
            if let Ok(value) = option.as_bytes() {
                each(option.code, value);
            }
            rest = after;
        }
    }
}

fn missing(id: u32) -> String {
    format!("the packet belongs to interface {id}, which its section has not described")
}
