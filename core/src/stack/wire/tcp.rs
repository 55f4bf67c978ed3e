//! TCP headers (RFC 9293 section 3.1) between bytes and the engine's segments.

use smoltcp::wire::{TcpPacket, TcpSeqNumber};

use super::super::DropReason;
use super::super::tcp::{Flags, MAX_OPTION_BYTES, Options, Outgoing, Segment};
use super::{Header, HeaderSource, Stop};

/// Bytes of a header without options.
pub(in crate::stack) const TCP_BYTES: u32 = 20;
/// Where the checksum field lies in it.
pub(in crate::stack) const TCP_CHECKSUM: u16 = 16;

/// A header that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) struct Tcp {
    pub(in crate::stack) source: u16,
    pub(in crate::stack) destination: u16,
    /// Bytes of the header with its options.
    pub(in crate::stack) header_len: u32,
    /// The rest, without payload.
    pub(in crate::stack) segment: Segment,
}

/// Bytes of the header that begins with these 20, options included.
pub(in crate::stack) fn tcp_header_len(fixed: &[u8; TCP_BYTES as usize]) -> u32 {
    u32::from(fixed[12] >> 4) * 4
}

impl Tcp {
    /// Reads the header in bytes `start..end`.
    pub(in crate::stack) fn read(
        headers: &mut impl HeaderSource,
        start: u32,
        end: u32,
    ) -> Result<Self, Stop> {
        if end < start + TCP_BYTES {
            return Err(Stop::Drop(DropReason::Truncated));
        }
        let fixed: [u8; TCP_BYTES as usize] = headers.array(start)?;
        let header_len = tcp_header_len(&fixed);
        if header_len < TCP_BYTES {
            return Err(Stop::Drop(DropReason::Malformed));
        }
        if start + header_len > end {
            return Err(Stop::Drop(DropReason::Truncated));
        }
        let mut options = [0; MAX_OPTION_BYTES];
        let options = &mut options[..(header_len - TCP_BYTES) as usize];
        headers.read(start + TCP_BYTES, options)?;
        let view = TcpPacket::new_unchecked(&fixed[..]);
        Ok(Self {
            source: view.src_port(),
            destination: view.dst_port(),
            header_len,
            segment: Segment {
                seq: view.seq_number().0 as u32,
                ack: view.ack_number().0 as u32,
                flags: Flags::from_bits(fixed[13]),
                window: view.window_len(),
                options: Options::parse(options).map_err(|_| Stop::Drop(DropReason::Malformed))?,
                payload: None,
            },
        })
    }

    /// Writes the header of a segment; the checksum field stays zero.
    pub(in crate::stack) fn write(source: u16, destination: u16, out: &Outgoing) -> Header {
        let mut options = [0; MAX_OPTION_BYTES];
        let option_len = out.options.emit(&mut options);
        let len = TCP_BYTES as usize + option_len;
        let mut header = Header::zeroed(len);
        let bytes = header.bytes_mut();
        let mut view = TcpPacket::new_unchecked(&mut bytes[..]);
        view.set_src_port(source);
        view.set_dst_port(destination);
        view.set_seq_number(TcpSeqNumber(out.seq as i32));
        view.set_ack_number(TcpSeqNumber(out.ack as i32));
        view.set_header_len(len as u8);
        view.set_window_len(out.window);
        bytes[13] = out.flags.bits();
        for (to, from) in bytes[TCP_BYTES as usize..].iter_mut().zip(options) {
            *to = from;
        }
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_reads_back_as_written() {
        let options = Options { mss: Some(1460), window_scale: Some(7), ..Options::default() };
        let out = Outgoing {
            seq: 0xffff_fff0,
            ack: 17,
            flags: Flags::SYN.with(Flags::ACK),
            window: 4096,
            options,
            ..Outgoing::default()
        };
        let header = Tcp::write(80, 40_000, &out);
        let end = header.bytes().len() as u32;
        let read = Tcp::read(&mut header.bytes(), 0, end).expect("well-formed");
        assert_eq!((read.source, read.destination, read.header_len), (80, 40_000, end));
        let segment = Segment {
            seq: out.seq,
            ack: out.ack,
            flags: out.flags,
            window: out.window,
            options,
            payload: None,
        };
        assert_eq!(read.segment, segment);
    }

    #[test]
    fn headers_that_lie_about_their_length_are_refused() {
        let mut bytes = [0; 24];
        for (offset, reason) in [(4, DropReason::Malformed), (7, DropReason::Truncated)] {
            bytes[12] = offset << 4;
            assert_eq!(Tcp::read(&mut &bytes[..], 0, 24), Err(Stop::Drop(reason)));
        }
        bytes[12] = 6 << 4;
        bytes[20] = 2;
        assert_eq!(
            Tcp::read(&mut &bytes[..], 0, 24),
            Err(Stop::Drop(DropReason::Malformed)),
            "option of length 0"
        );
        assert_eq!(Tcp::read(&mut &bytes[..], 0, 19), Err(Stop::Drop(DropReason::Truncated)));
    }
}
