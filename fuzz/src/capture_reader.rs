//! Any bytes as a capture file: the reader does not panic, the chunks in which the bytes come make no difference, and what
//! was read can be written and read again.

use snapstack::random::mix;
use snapstack::traffic::capture::{PcapngWriter, Reader, Status, Summary, parse};

/// A packet as the reader gives it out: link type, time and bytes.
type Packet = (u32, Option<i128>, Vec<u8>);

/// Reads `data` whole and in chunks whose lengths follow from its bytes.
///
/// # Panics
/// When any of what the module promises does not hold.
pub fn run(data: &[u8]) {
    let whole = read(std::iter::once(data));
    let seed = data.iter().fold(data.len() as u64, |seed, byte| mix(seed ^ u64::from(*byte)));
    let cut = read(Chunks { rest: data, seed });
    assert!(whole == cut, "chunks make a difference");
    write_again(&whole.0);
}

/// Bytes in pieces of 1 to 64.
struct Chunks<'a> {
    rest: &'a [u8],
    seed: u64,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.seed = mix(self.seed);
        let len = (1 + self.seed as usize % 64).min(self.rest.len());
        let (chunk, rest) = self.rest.split_at(len);
        self.rest = rest;
        (!chunk.is_empty()).then_some(chunk)
    }
}

fn read<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<Packet>, Summary) {
    let (mut reader, mut packets) = (Reader::new(), Vec::new());
    for chunk in chunks {
        reader.push(chunk, |packet| {
            let parsed = parse(packet.link_type, packet.captured, packet.original_len);
            assert!(parsed.payload.len() <= packet.captured.len());
            packets.push((packet.link_type, packet.time_ns, packet.captured.to_vec()));
        });
    }
    let summary = reader.finish();
    assert_eq!(summary.packets, packets.len() as u64);
    (packets, summary)
}

/// Writes what pcapng with nanoseconds can hold, and expects it back.
fn write_again(packets: &[Packet]) {
    let mut writer = PcapngWriter::new();
    let mut expected = Vec::new();
    for (link_type, time, bytes) in packets {
        let time = time.and_then(|time| u64::try_from(time).ok());
        let (Ok(link), Some(time)) = (u16::try_from(*link_type), time) else { continue };
        let interface = writer.interface(link, "again");
        writer.packet(interface, time, bytes).expect("what was read is not too long");
        expected.push((*link_type, Some(i128::from(time)), bytes.clone()));
    }
    let (found, summary) = read(std::iter::once(writer.bytes()));
    assert_eq!(summary.ending.status, Status::Ok);
    assert!(found == expected, "written packets are read back");
}
