//! Packet captures, pcap and pcapng. Reading them, pushed in by chunks of any size, follows draft-ietf-opsawg-pcap and
//! draft-ietf-opsawg-pcapng, with the limits of libpcap.
//!
//! The rules, which decide every case that the drafts leave open:
//!
//! 1. A file is read record by record (block by block) from byte 0. The first structural error ends the reading:
//!    what was read before it counts, nothing after it does. [`Status`] says how it ended. A packet that the file
//!    cuts short is not counted.
//! 2. pcap: see [`pcap`]. pcapng: see [`pcapng`]. Payloads: see [`packet`]. Lines: see [`lines`].
//! 3. A captured length above [`limit`] is malformed, in either format; one above the interface's snaplen or above
//!    the original length is accepted.
//! 4. Times are nanoseconds since the epoch, rounded down; see [`Resolution::nanoseconds`].
//!
//! The reader holds at most one unfinished record or block, and allocates for bytes that have arrived, never for
//! lengths that are only claimed. The same bytes give the same result however they are cut into chunks.
//!
//! Writing them is in [`write`](mod@self::write).
//!
//! ```
//! use snapstack::traffic::capture::{Reader, Status};
//!
//! let mut reader = Reader::new();
//! reader.push(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0], |packet| drop(packet));
//! let summary = reader.finish();
//! assert_eq!(summary.ending.status, Status::Truncated);
//! assert_eq!(summary.ending.offset, 0);
//! ```

mod bytes;
pub mod lines;
mod link;
pub mod packet;
pub mod pcap;
pub mod pcapng;
mod summary;
pub mod write;

pub use lines::{LineCounter, LineCounts};
pub use packet::{Fragment, IpInfo, LinkAddresses, Parsed, PayloadKind, Transport, parse};
pub use summary::{ByteOrder, Ending, Format, Interface, Resolution, Status, Summary, Times};
pub use write::{ETHERNET, PcapWriter, PcapngWriter, RAW_IP, WriteError};

/// One captured packet, borrowed from the chunk it arrived in or from the reader's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Captured<'a> {
    /// Place in the file, counted from 1.
    pub number: u64,
    /// Index into [`Summary::interfaces`]; pcapng numbers interfaces anew in each section, this does not.
    pub interface: u32,
    /// Link type of the interface, as registered for pcap (1 is Ethernet).
    pub link_type: u32,
    /// Nanoseconds since the epoch, rounded down; `None` for simple packets, which have no time stamp.
    pub time_ns: Option<i128>,
    /// The captured bytes, link header first.
    pub captured: &'a [u8],
    /// Bytes the packet had on the wire; more than were captured where the snaplen cut it.
    pub original_len: u32,
}

/// The most bytes a packet of this link type may have captured before its length counts as nonsense: libpcap's
/// `max_snaplen_for_dlt`.
pub fn limit(link_type: u32) -> u32 {
    match link_type {
        231 | 249 => 134_217_728, // DBus and USBPcap pass whole messages
        279 => 8_388_608,         // EBHSCR
        _ => 262_144,
    }
}

/// What a decoder made of the bytes at its position.
enum Step {
    /// It cannot go on before this many bytes are there, counted from its position; more than there are.
    Need(usize),
    /// It is done with this many bytes.
    Took(usize),
    /// A structural error: how the file ends, and why, in words that follow "At byte n: ".
    Stop(Status, String),
}

/// The format once it is known, with what its decoder must remember.
enum Decoder {
    Magic,
    Pcap(pcap::Decoder),
    Pcapng(pcapng::Decoder),
}

impl Decoder {
    fn step(&mut self, data: &[u8], summary: &mut Summary, each: &mut impl FnMut(Captured<'_>)) -> Step {
        match self {
            Decoder::Pcap(decoder) => decoder.step(data, summary, each),
            Decoder::Pcapng(decoder) => decoder.step(data, summary, each),
            Decoder::Magic => {
                let Some(magic) = data.first_chunk::<4>() else { return Step::Need(4) };
                if let Some(decoder) = pcap::Decoder::recognise(*magic, summary) {
                    *self = Decoder::Pcap(decoder);
                } else if let Some(decoder) = pcapng::Decoder::recognise(*magic, summary) {
                    *self = Decoder::Pcapng(decoder);
                } else {
                    return Step::Stop(
                        Status::Unknown,
                        format!("{} is no magic number of a capture; {KNOWN}", hex::encode(magic)),
                    );
                }
                Step::Took(0)
            }
        }
    }
}

/// What the four bytes at the start of a file may be.
const KNOWN: &str = "pcap files begin with a1b2c3d4, a1b23c4d or a1b2cd34 (or the same four bytes in reverse order), \
                     pcapng files with 0a0d0d0a";

/// A push reader: give it the file in chunks, take the packets as they come, ask for the summary at the end.
///
/// Time is linear in the bytes pushed. Memory: at most one unfinished record or block, plus what [`Summary`] keeps
/// (a few words an interface and a block type).
pub struct Reader {
    decoder: Decoder,
    summary: Summary,
    /// Bytes of all records and blocks that are done: where the decoder stands in the file.
    position: u64,
    /// An unfinished record or block, from `position` on. Empty as long as whole ones arrive.
    buffer: Vec<u8>,
    /// How many bytes `buffer` must hold before the decoder is asked again.
    need: usize,
    /// Set by the first structural error.
    ended: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader at byte 0 of a file of either format.
    pub fn new() -> Self {
        Reader {
            decoder: Decoder::Magic,
            summary: Summary::new(),
            position: 0,
            buffer: Vec::new(),
            need: 0,
            ended: false,
        }
    }

    /// Reads the next bytes of the file and calls `each` for every packet that they complete, in file order.
    ///
    /// After the first structural error everything is ignored; [`Reader::has_ended`] tells, so that a caller can
    /// stop early. Never panics, whatever the bytes are.
    pub fn push(&mut self, chunk: &[u8], mut each: impl FnMut(Captured<'_>)) {
        let mut rest = chunk;
        while !self.ended && !rest.is_empty() {
            if self.buffer.is_empty() {
                // Whole records are read where they lie; only what is left over is kept.
                match self.decoder.step(rest, &mut self.summary, &mut each) {
                    Step::Took(bytes) => {
                        self.position += bytes as u64;
                        rest = rest.get(bytes..).unwrap_or_default();
                    }
                    Step::Need(bytes) => {
                        self.need = bytes;
                        self.buffer.extend_from_slice(rest);
                        return;
                    }
                    Step::Stop(status, why) => return self.stop(status, &why),
                }
                continue;
            }
            let missing = self.need.saturating_sub(self.buffer.len()).max(1);
            let (now, later) = rest.split_at(missing.min(rest.len()));
            self.buffer.extend_from_slice(now);
            rest = later;
            while !self.buffer.is_empty() && self.buffer.len() >= self.need {
                match self.decoder.step(&self.buffer, &mut self.summary, &mut each) {
                    Step::Took(bytes) => {
                        self.position += bytes as u64;
                        self.buffer.drain(..bytes.min(self.buffer.len()));
                        self.need = 0;
                    }
                    Step::Need(bytes) => self.need = bytes,
                    Step::Stop(status, why) => return self.stop(status, &why),
                }
            }
        }
    }

    /// Whether a structural error has ended the reading: nothing that is pushed from now on counts.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// What has been read so far. Its `ending` means nothing before [`Reader::finish`].
    pub fn so_far(&self) -> &Summary {
        &self.summary
    }

    /// The file has no more bytes: how it ended, and what was in it.
    pub fn finish(mut self) -> Summary {
        if self.ended {
            return self.summary;
        }
        let left = self.buffer.len();
        match &self.decoder {
            Decoder::Magic if left == 0 => {
                let message = format!("The file has zero bytes; {KNOWN}.");
                self.summary.ending = Ending { status: Status::Empty, offset: 0, message };
            }
            Decoder::Magic => {
                let why = format!("the file ends after {left} bytes, too few to tell its format; {KNOWN}");
                self.stop(Status::Unknown, &why);
            }
            Decoder::Pcap(decoder) if left > 0 || !decoder.has_header() => {
                let why = decoder.cut_short(left, self.need);
                self.stop(Status::Truncated, &why);
            }
            Decoder::Pcapng(decoder) if left > 0 || !decoder.has_section() => {
                let why = decoder.cut_short(left, self.need);
                self.stop(Status::Truncated, &why);
            }
            Decoder::Pcap(_) | Decoder::Pcapng(_) => {
                let message = format!("The file was read to its end, byte {}.", self.position);
                self.summary.ending = Ending { status: Status::Ok, offset: self.position, message };
            }
        }
        self.summary
    }

    fn stop(&mut self, status: Status, why: &str) {
        let message = format!("At byte {}: {why}.", self.position);
        self.summary.ending = Ending { status, offset: self.position, message };
        self.ended = true;
        self.buffer = Vec::new();
    }
}

#[cfg(test)]
mod tests;
