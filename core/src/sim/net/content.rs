//! What applications write: bytes that follow from a seed and their place, so that a receiver can tell every byte.

use crate::random::mix;

/// A stream of bytes without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Content(u64);

impl Content {
    /// The stream of a kind for a thread and a round.
    pub(super) fn new(seed: u64, kind: u64, thread: u64, round: u64) -> Self {
        Self(mix(mix(mix(seed ^ kind << 56) ^ thread) ^ round))
    }

    fn word(self, index: u64) -> [u8; 8] {
        mix(self.0.wrapping_add(index)).to_le_bytes()
    }

    /// The bytes from `offset` on.
    pub(super) fn bytes(self, offset: u64, len: usize) -> Vec<u8> {
        let end = offset + len as u64;
        let words = (offset / 8..end.div_ceil(8)).flat_map(|index| self.word(index));
        words.skip((offset % 8) as usize).take(len).collect()
    }

    /// How many of `bytes` are not those from `offset` on.
    pub(super) fn differences(self, offset: u64, bytes: &[u8]) -> u64 {
        let wanted = self.bytes(offset, bytes.len());
        if wanted == bytes {
            return 0;
        }
        wanted.iter().zip(bytes).filter(|(wanted, byte)| wanted != byte).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_depend_on_their_place_alone() {
        let content = Content::new(1, 2, 3, 4);
        let all = content.bytes(0, 100);
        for (offset, len) in [(0, 0), (0, 7), (3, 50), (8, 8), (17, 83)] {
            assert_eq!(content.bytes(offset as u64, len), all[offset..offset + len]);
            assert_eq!(content.differences(offset as u64, &all[offset..offset + len]), 0);
        }
        assert_ne!(Content::new(1, 2, 3, 5).bytes(0, 100), all);
        let mut changed = all.clone();
        changed[40] ^= 1;
        assert_eq!(content.differences(0, &changed), 1);
    }
}
