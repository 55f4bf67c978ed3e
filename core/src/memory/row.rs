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
use wide::{CmpEq, i8x16};

use super::difference::Value;
use super::prefetch::prefetch;
use super::tracked::{Tracked, Versioned};

/// Fewest and most ways of a bucket (FACTS.md section 1).
pub const WAYS: std::ops::RangeInclusive<u32> = 12..=32;

/// 64 bytes that start on a cache line.
#[derive(Clone, Copy, Default, Pod, Zeroable)]
#[repr(C, align(64))]
pub(super) struct Block([u32; 16]);

impl Value for Block {
    type Word = u32;

    fn words(&self) -> &[u32] {
        &self.0
    }

    fn words_mut(&mut self) -> &mut [u32] {
        &mut self.0
    }
}

/// All row headers of a store.
#[derive(Clone)]
pub(super) struct Rows {
    blocks: Tracked<Block>,
    ways: u32,
    /// Blocks a row.
    stride: usize,
    sig_words: usize,
    /// Words of a row that are no counts.
    spread: usize,
}

impl Rows {
    pub(super) fn new(buckets: u32, ways: u32) -> Self {
        let sig_words = ways.div_ceil(4) as usize;
        let stride = (sig_words + 1 + ways as usize).div_ceil(16);
        let blocks = bytemuck::zeroed_vec(buckets as usize * stride).into();
        Self { blocks, ways, stride, sig_words, spread: 16 * stride - ways as usize }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.blocks.heap_bytes()
    }

    pub(super) fn versioned(&mut self) -> &mut dyn Versioned {
        &mut self.blocks
    }

    /// The block in which a row begins: signatures and link are within it.
    #[inline(always)]
    fn first(&self, bucket: u32) -> &[u32; 16] {
        &self.blocks[bucket as usize * self.stride].0
    }

    #[inline(always)]
    fn word_mut(&mut self, bucket: u32, at: usize) -> &mut u32 {
        &mut self.blocks.write(bucket as usize * self.stride + at / 16).0[at % 16]
    }

    /// The ways whose signature equals `signature`, as a bit set; `0` finds the empty ways.
    #[inline(always)]
    pub(super) fn matches(&self, bucket: u32, signature: u8) -> u32 {
        let row = self.first(bucket);
        let wanted = i8x16::splat(signature as i8);
        // Sixteen signatures at once; what is no signature is masked out.
        let equal = |words: [u32; 4]| bytemuck::cast::<_, i8x16>(words).cmp_eq(wanted).move_mask() as u32;
        let mut set = equal([row[0], row[1], row[2], row[3]]);
        if self.ways > 16 {
            set |= equal([row[4], row[5], row[6], row[7]]) << 16;
        }
        set & (u32::MAX >> (32 - self.ways))
    }

    /// Begins to fetch a header.
    #[inline(always)]
    pub(super) fn fetch(&self, bucket: u32) {
        prefetch(&self.blocks, bucket as usize * self.stride);
    }

    /// Where the count of line `index`, which is in a way of `bucket`, lies: its word among those of all headers.
    #[inline(always)]
    pub(super) fn count_position(&self, bucket: u32, index: u32) -> usize {
        index as usize + bucket as usize * self.spread + self.sig_words + 1
    }

    /// Begins to fetch the count at a position.
    #[inline(always)]
    pub(super) fn fetch_count(&self, position: usize) {
        prefetch(&self.blocks, position / 16);
    }

    #[inline(always)]
    pub(super) fn set_signature(&mut self, bucket: u32, way: u32, signature: u8) {
        let shift = 8 * (way % 4);
        let word = self.word_mut(bucket, way as usize / 4);
        *word = (*word & !(0xff << shift)) | (u32::from(signature) << shift);
    }

    /// The first overflow entry of the bucket plus one, or 0.
    #[inline(always)]
    pub(super) fn link(&self, bucket: u32) -> u32 {
        self.first(bucket)[self.sig_words % 16]
    }

    #[inline]
    pub(super) fn set_link(&mut self, bucket: u32, link: u32) {
        let at = self.sig_words;
        *self.word_mut(bucket, at) = link;
    }

    #[inline(always)]
    pub(super) fn count(&self, position: usize) -> u32 {
        self.blocks[position / 16].0[position % 16]
    }

    #[inline(always)]
    pub(super) fn count_mut(&mut self, position: usize) -> &mut u32 {
        &mut self.blocks.write(position / 16).0[position % 16]
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
