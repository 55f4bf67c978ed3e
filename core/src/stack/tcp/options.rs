//! TCP options: maximum segment size (RFC 9293 section 3.7.1), window scale and timestamps (RFC 7323 sections 2.2 and 3.2),
//! selective acknowledgements (RFC 2018 sections 2 and 3).

use thiserror::Error;

/// Most bytes of options in a header (RFC 9293 section 3.1: data offset of 15 words less the 5 fixed ones).
pub const MAX_OPTION_BYTES: usize = 40;
/// Most blocks that fit into the options (RFC 2018 section 3).
pub const MAX_SACK_BLOCKS: usize = 4;

/// End of option list (RFC 9293 section 3.1).
const END: u8 = 0;
/// No operation (RFC 9293 section 3.1).
const NOP: u8 = 1;
/// Maximum segment size (RFC 9293 section 3.1).
const MSS: u8 = 2;
/// Window scale (RFC 7323 section 2.2).
const WINDOW_SCALE: u8 = 3;
/// SACK permitted (RFC 2018 section 2).
const SACK_PERMITTED: u8 = 4;
/// SACK (RFC 2018 section 3).
const SACK: u8 = 5;
/// Timestamps (RFC 7323 section 3.2).
const TIMESTAMPS: u8 = 8;

/// Timestamps of a segment (RFC 7323 section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamps {
    /// The sender's clock (TSval).
    pub value: u32,
    /// The peer's clock as the sender last saw it (TSecr); valid with [`super::Flags::ACK`] only.
    pub echo: u32,
}

/// Blocks of selective acknowledgement, as sequence numbers: first byte, and the byte behind the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SackBlocks {
    blocks: [(u32, u32); MAX_SACK_BLOCKS],
    count: u8,
}

impl SackBlocks {
    /// The blocks, in the order of the header.
    pub fn as_slice(&self) -> &[(u32, u32)] {
        &self.blocks[..usize::from(self.count)]
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a block; false when there is no room for one more.
    pub fn push(&mut self, block: (u32, u32)) -> bool {
        let Some(slot) = self.blocks.get_mut(usize::from(self.count)) else { return false };
        *slot = block;
        self.count += 1;
        true
    }
}

/// The options of a segment. Unknown ones are skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Maximum segment size, SYN only.
    pub mss: Option<u16>,
    /// Window scale, SYN only: the shift.
    pub window_scale: Option<u8>,
    /// SACK permitted, SYN only.
    pub sack_permitted: bool,
    /// Selective acknowledgements.
    pub sack: SackBlocks,
    /// Timestamps.
    pub timestamps: Option<Timestamps>,
}

/// Options that are cut short or give an impossible length (RFC 9293 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("TCP option {kind} at byte {at} of {len} has an impossible length")]
pub struct BadOptions {
    /// The option's kind.
    pub kind: u8,
    /// Where it begins.
    pub at: usize,
    /// Bytes of options.
    pub len: usize,
}

impl Options {
    /// Reads the option bytes of a header (what lies between its 20th byte and the data offset).
    ///
    /// # Errors
    /// An option reaches beyond the end, or its length cannot be.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadOptions> {
        let mut options = Self::default();
        let mut at = 0;
        while let Some(&kind) = bytes.get(at) {
            match kind {
                END => break,
                NOP => at += 1,
                _ => {
                    let bad = BadOptions { kind, at, len: bytes.len() };
                    let len = usize::from(*bytes.get(at + 1).ok_or(bad)?);
                    if len < 2 {
                        return Err(bad);
                    }
                    let value = bytes.get(at + 2..at + len).ok_or(bad)?;
                    options.take(kind, value).ok_or(bad)?;
                    at += len;
                }
            }
        }
        Ok(options)
    }

    /// Takes one option; `None` when its value has the wrong length.
    fn take(&mut self, kind: u8, value: &[u8]) -> Option<()> {
        match kind {
            MSS => self.mss = Some(u16::from_be_bytes(value.try_into().ok()?)),
            WINDOW_SCALE => self.window_scale = Some(u8::from_be_bytes(value.try_into().ok()?)),
            SACK_PERMITTED if value.is_empty() => self.sack_permitted = true,
            SACK if value.len().is_multiple_of(8) => {
                for block in value.chunks_exact(8) {
                    self.sack.push((word(block, 0)?, word(block, 4)?));
                }
            }
            TIMESTAMPS if value.len() == 8 => {
                self.timestamps = Some(Timestamps { value: word(value, 0)?, echo: word(value, 4)? });
            }
            SACK_PERMITTED | SACK | TIMESTAMPS => return None,
            _ => {}
        }
        Some(())
    }

    /// Bytes that [`Self::emit`] writes: a multiple of 4, at most [`MAX_OPTION_BYTES`] when the blocks fit
    /// ([`Self::sack_room`]).
    pub fn len(&self) -> usize {
        let mut len = 0;
        if self.mss.is_some() {
            len += 4;
        }
        if self.window_scale.is_some() {
            len += 4;
        }
        if self.sack_permitted {
            len += 4;
        }
        if self.timestamps.is_some() {
            len += 12;
        }
        if !self.sack.is_empty() {
            len += 4 + 8 * self.sack.as_slice().len();
        }
        len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Blocks of selective acknowledgement that fit beside the other options of a segment without SYN: 3 with
    /// timestamps, 4 without (RFC 2018 section 3).
    pub fn sack_room(timestamps: bool) -> usize {
        if timestamps { 3 } else { MAX_SACK_BLOCKS }
    }

    /// Writes the options, each padded to whole words with NOPs before it; returns how many bytes were written.
    /// Options that do not fit any more are left out.
    pub fn emit(&self, bytes: &mut [u8; MAX_OPTION_BYTES]) -> usize {
        let mut out = Writer { bytes, at: 0 };
        if let Some(mss) = self.mss {
            let [high, low] = mss.to_be_bytes();
            out.word([MSS, 4, high, low]);
        }
        if let Some(shift) = self.window_scale {
            out.word([NOP, WINDOW_SCALE, 3, shift]);
        }
        if self.sack_permitted {
            out.word([NOP, NOP, SACK_PERMITTED, 2]);
        }
        if let Some(times) = self.timestamps {
            out.word([NOP, NOP, TIMESTAMPS, 10]);
            out.word(times.value.to_be_bytes());
            out.word(times.echo.to_be_bytes());
        }
        let room = (MAX_OPTION_BYTES - out.at).saturating_sub(4) / 8;
        let blocks = &self.sack.as_slice()[..self.sack.as_slice().len().min(room)];
        if !blocks.is_empty() {
            out.word([NOP, NOP, SACK, (2 + 8 * blocks.len()) as u8]);
            for &(first, end) in blocks {
                out.word(first.to_be_bytes());
                out.word(end.to_be_bytes());
            }
        }
        out.at
    }
}

struct Writer<'a> {
    bytes: &'a mut [u8; MAX_OPTION_BYTES],
    at: usize,
}

impl Writer<'_> {
    fn word(&mut self, word: [u8; 4]) {
        for (to, from) in self.bytes[self.at..].iter_mut().zip(word) {
            *to = from;
        }
        self.at += 4;
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(options: &Options) -> ([u8; MAX_OPTION_BYTES], usize) {
        let mut bytes = [0; MAX_OPTION_BYTES];
        let len = options.emit(&mut bytes);
        (bytes, len)
    }

    #[test]
    fn all_options_of_a_syn_read_back_as_written() {
        let options = Options {
            mss: Some(1460),
            window_scale: Some(7),
            sack_permitted: true,
            timestamps: Some(Timestamps { value: 0x0102_0304, echo: 0xfffe_fdfc }),
            ..Options::default()
        };
        let (bytes, len) = written(&options);
        assert_eq!(len, options.len());
        assert_eq!(Options::parse(&bytes[..len]), Ok(options));
    }

    #[test]
    fn as_many_blocks_fit_as_rfc_2018_says() {
        for timestamps in [false, true] {
            let times = timestamps.then_some(Timestamps { value: 1, echo: 2 });
            let mut options = Options { timestamps: times, ..Options::default() };
            for block in 0..Options::sack_room(timestamps) as u32 {
                assert!(options.sack.push((block * 10, block * 10 + 5)));
            }
            let (bytes, len) = written(&options);
            assert!(len <= MAX_OPTION_BYTES);
            assert_eq!(len, options.len());
            assert_eq!(Options::parse(&bytes[..len]), Ok(options));
        }
    }

    #[test]
    fn unknown_options_are_skipped_and_the_list_ends_at_its_end() {
        let bytes = [NOP, 254, 4, 9, 9, MSS, 4, 2, 24, END, MSS, 4, 5, 5];
        assert_eq!(Options::parse(&bytes), Ok(Options { mss: Some(536), ..Options::default() }));
    }

    #[test]
    fn impossible_lengths_are_errors_that_say_where() {
        for bytes in [
            &[MSS][..],
            &[MSS, 0],
            &[MSS, 1, 0, 0],
            &[MSS, 3, 0],
            &[MSS, 4, 0],
            &[SACK, 9, 0, 0, 0, 0, 0, 0, 0],
        ] {
            let expected = BadOptions { kind: bytes[0], at: 0, len: bytes.len() };
            assert_eq!(Options::parse(bytes), Err(expected), "{bytes:?}");
        }
    }
}
