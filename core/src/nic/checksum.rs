//! The Internet checksum (RFC 1071), as the stack prepares it and the NIC completes it.
//!
//! The stack leaves the sum of the pseudo-header in the checksum field; the NIC adds the bytes from `csum_start` on, on
//! the wire and never in memory (FACTS.md section 5).

use super::offload::Checksum;

/// The ones' complement sum of big-endian 16-bit words, not yet folded; an odd last byte counts as a word's high byte.
pub fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    // A 32-bit word adds the same, modulo 0xffff, as its two halves.
    let total: u64 = words.iter().map(|word| u64::from(u32::from_be_bytes(*word))).sum();
    let tail = rest.iter().enumerate().map(|(i, byte)| u64::from(*byte) << (8 * ((i + 1) % 2)));
    total + tail.sum::<u64>()
}

/// Folds a sum to 16 bits.
pub fn fold(mut total: u64) -> u16 {
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    total as u16
}

/// Completes the checksum of a frame: sums from `csum_start` to the end, the prepared field included. A UDP checksum of
/// zero is sent as all ones (RFC 768). Does nothing when the field would lie outside the frame.
pub fn insert(frame: &mut [u8], checksum: Checksum) {
    let start = usize::from(checksum.start);
    let field = start + usize::from(checksum.offset);
    if field + 2 > frame.len() {
        return;
    }
    let value = match !fold(sum(&frame[start..])) {
        0 => 0xffff,
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
    fn an_inserted_checksum_verifies() {
        let mut frame: Vec<u8> = (0..61).collect();
        frame[20] = 0;
        frame[21] = 0;
        insert(&mut frame, Checksum { start: 4, offset: 16 });
        assert_eq!(fold(sum(&frame[4..])), 0xffff);
    }
}
