//! The Internet checksum (RFC 1071), as the stack prepares it and the NIC completes it.
//!
//! The stack leaves the sum of the pseudo-header in the checksum field; the NIC adds the bytes from `csum_start` on, on
//! the wire and never in memory (FACTS.md section 5).

use super::offload::Checksum;

/// The ones' complement sum of big-endian 16-bit words, to be added to others and folded; an odd last byte counts as a word's high byte.
pub fn sum(bytes: &[u8]) -> u64 {
    // A 32-bit word adds the same, modulo 0xffff, as its two halves; and the sum of words read the other way round is the
    // sum the other way round (RFC 1071 section 2). Four sums at once are one vector of the machine.
    let (blocks, rest) = bytes.as_chunks::<16>();
    let mut lanes = [0_u64; 4];
    for block in blocks {
        for (lane, word) in lanes.iter_mut().zip(block.as_chunks::<4>().0) {
            *lane += u64::from(u32::from_le_bytes(*word));
        }
    }
    let tail = rest.iter().enumerate().map(|(i, byte)| u64::from(*byte) << (8 * (i % 2)));
    u64::from(fold(lanes.iter().sum::<u64>() + tail.sum::<u64>()).swap_bytes())
}

/// Folds a sum to 16 bits.
pub fn fold(mut total: u64) -> u16 {
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    total as u16
}

/// A sum over pieces of any length, one behind the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checksummer {
    total: u64,
    odd: bool,
}

impl Checksummer {
    /// Adds the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        let part = fold(sum(bytes));
        // Behind an odd number of bytes, each of these stands in the other half of its word.
        self.total += u64::from(if self.odd { part.swap_bytes() } else { part });
        self.odd ^= bytes.len() % 2 == 1;
    }

    /// The ones' complement sum, folded.
    pub fn sum(&self) -> u16 {
        fold(self.total)
    }
}

/// Where a UDP header has its checksum (RFC 768).
const UDP_CHECKSUM: u16 = 6;

/// Completes the checksum of a frame: sums from `csum_start` to the end, the prepared field included. A UDP checksum of
/// zero, and no other, is sent as all ones (RFC 768; RFC 1624 section 3). Does nothing when the field would lie outside the frame.
pub fn insert(frame: &mut [u8], checksum: Checksum) {
    let start = usize::from(checksum.start);
    let field = start + usize::from(checksum.offset);
    if field + 2 > frame.len() {
        return;
    }
    let value = match !fold(sum(&frame[start..])) {
        0 if checksum.offset == UDP_CHECKSUM => 0xffff,
        value => value,
    };
    let [high, low] = value.to_be_bytes();
    frame[field] = high;
    frame[field + 1] = low;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_agree_with_the_example_of_rfc_1071() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(fold(sum(&bytes)), 0xddf2);
        assert_eq!(fold(sum(&bytes[..3])), 0xf201, "an odd byte is the high half of a word");
    }

    #[test]
    fn sums_agree_with_adding_word_by_word() {
        let bytes: Vec<u8> = (0..1600u32).map(|i| ((i * i * 31) >> 3) as u8).collect();
        for len in (0..200).chain([1459, 1460, 1600]) {
            let words = bytes[..len].chunks(2).map(|word| match word {
                [high, low] => u64::from(u16::from_be_bytes([*high, *low])),
                odd => u64::from(odd[0]) << 8,
            });
            assert_eq!(fold(sum(&bytes[..len])), fold(words.sum()), "{len} bytes");
        }
        assert_eq!(sum(&[0xff; 64]), 0xffff);
        assert_eq!(sum(&[0; 64]), 0);
    }

    #[test]
    fn pieces_of_odd_lengths_sum_as_the_whole() {
        let bytes: Vec<u8> = (0..97u32).map(|i| (i * 37) as u8).collect();
        for first in 0..20 {
            let mut pieces = Checksummer::default();
            for piece in [&bytes[..first], &bytes[first..first + 33], &bytes[first + 33..]] {
                pieces.add(piece);
            }
            assert_eq!(pieces.sum(), fold(sum(&bytes)));
        }
    }

    #[test]
    fn only_udp_sends_a_checksum_of_zero_as_all_ones() {
        for (offset, expected) in [(6, [0xff, 0xff]), (16, [0, 0])] {
            let mut frame = [0; 20];
            frame[..2].fill(0xff);
            insert(&mut frame, Checksum { start: 0, offset });
            assert_eq!(frame[usize::from(offset)..][..2], expected);
        }
    }

    #[test]
    fn an_inserted_checksum_verifies() {
        let mut frame: Vec<u8> = (0..61).collect();
        frame[20] = 0;
        frame[21] = 0;
        insert(&mut frame, Checksum { start: 4, offset: 16 });
        assert_eq!(fold(sum(&frame[4..])), 0xffff);
    }
}
