//! Splitting captured bytes into memory lines and counting how many are alike, the measure of what a memory without
//! equal lines would save on this traffic; the counting rules beside the results in `core/tests/captures`.
//!
//! - Each frame (or each payload) is split from its byte 0; its last line is padded with zero bytes. One without
//!   bytes has no lines.
//! - All-zero lines are among the total; among the distinct lines they count as one.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

/// Counts the lines of one size. Costs O(log distinct) a line; keeps each distinct line once.
#[derive(Clone, Debug)]
pub struct LineCounter {
    distinct: Distinct,
    in_order: Sha256,
    total: u64,
    all_zero: u64,
    padded: u64,
}

/// The distinct lines, sorted as bytes.
#[derive(Clone, Debug)]
enum Distinct {
    Of16(BTreeSet<[u8; 16]>),
    Of32(BTreeSet<[u8; 32]>),
    Of64(BTreeSet<[u8; 64]>),
}

/// The results of a [`LineCounter`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineCounts {
    /// Lines, all-zero and padded ones included.
    pub total: u64,
    /// Lines that differ from each other; the all-zero line counts as one.
    pub distinct: u64,
    /// Lines of nothing but zero bytes, padding included.
    pub all_zero: u64,
    /// Lines that were filled up with zero bytes.
    pub padded: u64,
    /// SHA-256 over all lines in order of occurrence, in hexadecimal.
    pub sha256_in_order: String,
    /// SHA-256 over the distinct lines, sorted, in hexadecimal.
    pub sha256_sorted_distinct: String,
}

impl LineCounts {
    /// Total over distinct: the dedup ratio. `None` without lines.
    pub fn dedup_ratio(&self) -> Option<f64> {
        (self.distinct > 0).then(|| self.total as f64 / self.distinct as f64)
    }
}

impl LineCounter {
    /// The line sizes that can be counted, in bytes.
    pub const SIZES: [usize; 3] = [16, 32, 64];

    /// A counter for lines of this many bytes; `None` unless it is one of [`LineCounter::SIZES`].
    pub fn new(line_bytes: usize) -> Option<Self> {
        let distinct = match line_bytes {
            16 => Distinct::Of16(BTreeSet::new()),
            32 => Distinct::Of32(BTreeSet::new()),
            64 => Distinct::Of64(BTreeSet::new()),
            _ => return None,
        };
        Some(LineCounter { distinct, in_order: Sha256::new(), total: 0, all_zero: 0, padded: 0 })
    }

    /// Bytes a line.
    pub fn line_bytes(&self) -> usize {
        match self.distinct {
            Distinct::Of16(_) => 16,
            Distinct::Of32(_) => 32,
            Distinct::Of64(_) => 64,
        }
    }

    /// Counts the lines of one frame or one payload.
    pub fn add(&mut self, bytes: &[u8]) {
        let LineCounter { distinct, in_order, total, all_zero, padded } = self;
        let mut count = |line: &[u8]| {
            in_order.update(line);
            *total += 1;
            *all_zero += u64::from(line.iter().all(|&byte| byte == 0));
        };
        let pads = match distinct {
            Distinct::Of16(lines) => split(bytes, lines, &mut count),
            Distinct::Of32(lines) => split(bytes, lines, &mut count),
            Distinct::Of64(lines) => split(bytes, lines, &mut count),
        };
        *padded += u64::from(pads);
    }

    /// The counts over all that was added.
    pub fn finish(self) -> LineCounts {
        let (distinct, sorted) = match &self.distinct {
            Distinct::Of16(lines) => digest(lines),
            Distinct::Of32(lines) => digest(lines),
            Distinct::Of64(lines) => digest(lines),
        };
        LineCounts {
            total: self.total,
            distinct,
            all_zero: self.all_zero,
            padded: self.padded,
            sha256_in_order: hex::encode(self.in_order.finalize()),
            sha256_sorted_distinct: sorted,
        }
    }
}

/// Puts each line of `bytes` into `lines` and hands it to `count`; says whether the last one needed padding.
fn split<const SIZE: usize>(
    bytes: &[u8],
    lines: &mut BTreeSet<[u8; SIZE]>,
    count: &mut impl FnMut(&[u8]),
) -> bool {
    let (whole, rest) = bytes.as_chunks::<SIZE>();
    for line in whole {
        count(line);
        lines.insert(*line);
    }
    if rest.is_empty() {
        return false;
    }
    let mut line = [0; SIZE];
    line.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    count(&line);
    lines.insert(line);
    true
}

fn digest<const SIZE: usize>(lines: &BTreeSet<[u8; SIZE]>) -> (u64, String) {
    let mut sha = Sha256::new();
    lines.iter().for_each(|line| sha.update(line));
    (lines.len() as u64, hex::encode(sha.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of nothing.
    const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn counts(line_bytes: usize, added: &[&[u8]]) -> LineCounts {
        let mut counter = LineCounter::new(line_bytes).unwrap();
        assert_eq!(counter.line_bytes(), line_bytes);
        added.iter().for_each(|bytes| counter.add(bytes));
        counter.finish()
    }

    #[test]
    fn only_three_sizes_are_offered() {
        let sizes: Vec<usize> = (0..=128).filter(|&size| LineCounter::new(size).is_some()).collect();
        assert_eq!(sizes, LineCounter::SIZES);
    }

    #[test]
    fn nothing_has_no_lines_and_no_ratio() {
        let none = counts(16, &[&[], &[]]);
        assert_eq!((none.total, none.distinct, none.padded, none.dedup_ratio()), (0, 0, 0, None));
        assert_eq!((none.sha256_in_order.as_str(), none.sha256_sorted_distinct.as_str()), (NOTHING, NOTHING));
    }

    #[test]
    fn the_last_line_of_each_frame_is_padded_with_zeros() {
        let counts = counts(16, &[&[7; 17], &[7; 16], &[7]]);
        assert_eq!((counts.total, counts.distinct, counts.all_zero, counts.padded), (4, 2, 0, 2));
        assert_eq!(counts.dedup_ratio(), Some(2.0));
    }

    #[test]
    fn all_zero_lines_count_once_among_the_distinct() {
        let counts = counts(32, &[&[0; 64], &[0], &[1]]);
        assert_eq!((counts.total, counts.distinct, counts.all_zero, counts.padded), (4, 2, 3, 2));
    }

    #[test]
    fn order_of_occurrence_changes_one_digest_only() {
        let (ab, ba) = (counts(16, &[&[1; 16], &[2; 16]]), counts(16, &[&[2; 16], &[1; 16]]));
        assert_ne!(ab.sha256_in_order, ba.sha256_in_order);
        assert_eq!(ab.sha256_sorted_distinct, ba.sha256_sorted_distinct);
        assert_eq!(ab.sha256_in_order, ab.sha256_sorted_distinct);
    }
}
