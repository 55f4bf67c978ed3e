//! Row headers: one header a bucket, the modelled DRAM row's signature line, overflow link and reference counts
//! (FACTS.md section 1).
//!
//! ```text
//! | signatures: 1 B a way, padded to 4 | overflow link: 4 B | count words: 4 B a way |
//! ```
//!
//! With 12 ways that is exactly one 64-byte cache line of the machine that runs the model, so a lookup costs one miss
//! for the header and one for the candidate.

use bytemuck::{Pod, Zeroable};

use super::tracked::{Tracked, Versioned};

/// Fewest and most ways of a bucket (FACTS.md section 1).
pub const WAYS: std::ops::RangeInclusive<u32> = 12..=32;

/// 64 bytes that start on a cache line.
#[derive(Clone, Copy, Default, Pod, Zeroable)]
#[repr(C, align(64))]
pub(super) struct Block([u32; 16]);

/// All row headers of a store.
#[derive(Clone)]
pub(super) struct Rows {
    blocks: Tracked<Block>,
    ways: u32,
    stride: usize,
    sig_words: usize,
}

impl Rows {
    pub(super) fn new(buckets: u32, ways: u32) -> Self {
        let sig_words = ways.div_ceil(4) as usize;
        let stride = (sig_words + 1 + ways as usize).div_ceil(16) * 16;
        let blocks = bytemuck::zeroed_vec(buckets as usize * stride / 16).into();
        Self { blocks, ways, stride, sig_words }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.blocks.heap_bytes()
    }

    pub(super) fn versioned(&mut self) -> &mut dyn Versioned {
        &mut self.blocks
    }

    #[inline]
    fn row(&self, bucket: u32) -> &[u32] {
        let words: &[u32] = bytemuck::cast_slice(&*self.blocks);
        &words[bucket as usize * self.stride..][..self.stride]
    }

    #[inline]
    fn word_mut(&mut self, bucket: u32, at: usize) -> &mut u32 {
        let word = bucket as usize * self.stride + at;
        &mut self.blocks.write(word / 16).0[word % 16]
    }

    /// The ways whose signature equals `signature`, as a bit set; `0` finds the empty ways.
    #[inline]
    pub(super) fn matches(&self, bucket: u32, signature: u8) -> u32 {
        const LOW7: u32 = 0x7f7f_7f7f;
        let row = self.row(bucket);
        let wanted = u32::from(signature) * 0x0101_0101;
        let mut set = 0;
        for (i, word) in row[..self.sig_words].iter().enumerate() {
            let x = word ^ wanted;
            // Exactly the zero bytes of x get their top bit set; no carry crosses a byte.
            let zero = !(((x & LOW7) + LOW7) | x | LOW7);
            // Gather the four top bits into the low four.
            set |= ((zero >> 7).wrapping_mul(0x0102_0408) >> 24) << (4 * i);
        }
        set & (u32::MAX >> (32 - self.ways))
    }

    /// Reads one word of the header so that the cache miss is under way before it is needed.
    #[inline]
    pub(super) fn touch(&self, bucket: u32) -> u32 {
        self.row(bucket)[0]
    }

    #[inline]
    pub(super) fn set_signature(&mut self, bucket: u32, way: u32, signature: u8) {
        let shift = 8 * (way % 4);
        let word = self.word_mut(bucket, way as usize / 4);
        *word = (*word & !(0xff << shift)) | (u32::from(signature) << shift);
    }

    /// The first overflow entry of the bucket plus one, or 0.
    #[inline]
    pub(super) fn link(&self, bucket: u32) -> u32 {
        self.row(bucket)[self.sig_words]
    }

    #[inline]
    pub(super) fn set_link(&mut self, bucket: u32, link: u32) {
        let at = self.sig_words;
        *self.word_mut(bucket, at) = link;
    }

    #[inline]
    pub(super) fn count(&self, bucket: u32, way: u32) -> u32 {
        self.row(bucket)[self.sig_words + 1 + way as usize]
    }

    #[inline]
    pub(super) fn count_mut(&mut self, bucket: u32, way: u32) -> &mut u32 {
        let at = self.sig_words + 1 + way as usize;
        self.word_mut(bucket, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_search_finds_exactly_the_equal_ways() {
        for ways in WAYS {
            let mut rows = Rows::new(3, ways);
            assert_eq!(rows.matches(1, 0), u32::MAX >> (32 - ways), "a fresh row is empty");
            for way in 0..ways {
                rows.set_signature(1, way, [1, 0x80, 0x81, 0xff][way as usize % 4]);
            }
            for (i, signature) in [1, 0x80, 0x81, 0xff].into_iter().enumerate() {
                let expected =
                    (0..ways).filter(|way| *way as usize % 4 == i).fold(0, |set, way| set | 1 << way);
                assert_eq!(rows.matches(1, signature), expected, "ways {ways}, signature {signature:#x}");
            }
            assert_eq!(rows.matches(0, 0), u32::MAX >> (32 - ways), "neighbouring rows are untouched");
            assert_eq!(rows.matches(2, 0), u32::MAX >> (32 - ways));
        }
    }
}
