//! Sets of sequence numbers as sorted ranges: what a peer has acknowledged selectively, what has arrived out of order.

/// Disjoint ranges `[first, end)` with gaps between them, in order. Every operation is O(ranges).
#[derive(Clone, Debug, Default)]
pub(super) struct RangeSet {
    ranges: Vec<(u64, u64)>,
}

impl RangeSet {
    pub(super) fn clear(&mut self) {
        self.ranges.clear();
    }

    /// Index of the first range that ends at or after `at`.
    fn reaching(&self, at: u64) -> usize {
        self.ranges.partition_point(|&(_, end)| end < at)
    }

    /// Adds `[first, end)`, unless that would make more than `limit` ranges; returns whether anything was added.
    pub(super) fn insert(&mut self, first: u64, end: u64, limit: usize) -> bool {
        if first >= end {
            return false;
        }
        let from = self.reaching(first);
        let touched = self.ranges[from..].iter().take_while(|&&(start, _)| start <= end).count();
        if touched == 0 {
            if self.ranges.len() >= limit {
                return false;
            }
            self.ranges.insert(from, (first, end));
            return true;
        }
        let (low, high) = (self.ranges[from].0, self.ranges[from + touched - 1].1);
        if touched == 1 && low <= first && end <= high {
            return false;
        }
        self.ranges[from] = (low.min(first), high.max(end));
        self.ranges.drain(from + 1..from + touched);
        true
    }

    /// Removes everything in `[first, end)`.
    pub(super) fn remove(&mut self, first: u64, end: u64) {
        if first >= end {
            return;
        }
        let mut at = self.ranges.partition_point(|&(_, stop)| stop <= first);
        while let Some(&(start, stop)) = self.ranges.get(at) {
            if start >= end {
                break;
            }
            match (start < first, stop > end) {
                (true, true) => {
                    self.ranges[at].1 = first;
                    self.ranges.insert(at + 1, (end, stop));
                    return;
                }
                (true, false) => {
                    self.ranges[at].1 = first;
                    at += 1;
                }
                (false, true) => {
                    self.ranges[at].0 = end;
                    return;
                }
                (false, false) => {
                    self.ranges.remove(at);
                }
            }
        }
    }

    /// The range that holds `at`.
    pub(super) fn around(&self, at: u64) -> Option<(u64, u64)> {
        let range = *self.ranges.get(self.ranges.partition_point(|&(_, end)| end <= at))?;
        (range.0 <= at).then_some(range)
    }

    /// How many numbers of `[first, end)` are in the set.
    pub(super) fn count_in(&self, first: u64, end: u64) -> u64 {
        let from = self.ranges.partition_point(|&(_, stop)| stop <= first);
        let inside = self.ranges[from..].iter().take_while(|&&(start, _)| start < end);
        inside.map(|&(start, stop)| stop.min(end) - start.max(first)).sum()
    }

    /// The first gap in `[first, end)`.
    pub(super) fn gap(&self, first: u64, end: u64) -> Option<(u64, u64)> {
        let start = self.around(first).map_or(first, |(_, stop)| stop);
        if start >= end {
            return None;
        }
        let next = self.ranges.partition_point(|&(begin, _)| begin <= start);
        Some((start, self.ranges.get(next).map_or(end, |&(begin, _)| begin.min(end))))
    }

    /// The ranges, highest first.
    pub(super) fn descending(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.ranges.iter().rev().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::mix;

    /// 64 numbers as bits: what the ranges must agree with.
    fn bits(first: u64, end: u64) -> u64 {
        (first..end).fold(0, |set, n| set | 1 << n)
    }

    #[test]
    fn ranges_agree_with_a_bit_set_over_random_operations() {
        let (mut set, mut model) = (RangeSet::default(), 0_u64);
        for step in 0..4000 {
            let drawn = mix(step);
            let first = drawn % 64;
            let end = (first + drawn / 64 % 9).min(64);
            if drawn >> 60 < 9 {
                let grew = set.insert(first, end, usize::MAX);
                assert_eq!(grew, bits(first, end) & !model != 0, "step {step}");
                model |= bits(first, end);
            } else {
                set.remove(first, end);
                model &= !bits(first, end);
            }
            assert!(set.ranges.windows(2).all(|pair| pair[0].1 < pair[1].0), "step {step}: {set:?}");
            assert_eq!(set.count_in(0, 64), u64::from(model.count_ones()), "step {step}");
            assert_eq!(set.count_in(first, end), u64::from((model & bits(first, end)).count_ones()));
            let gap = (first..end).find(|n| model & 1 << n == 0);
            assert_eq!(set.gap(first, end).map(|(start, _)| start), gap, "step {step}");
            if let Some((start, stop)) = set.gap(first, end) {
                assert_eq!(model & bits(start, stop), 0);
                assert!(stop == end || model & 1 << stop != 0);
            }
            assert_eq!(set.around(first).is_some(), model & 1 << first != 0);
        }
    }

    #[test]
    fn a_full_set_still_grows_the_ranges_it_has() {
        let mut set = RangeSet::default();
        assert!(set.insert(10, 20, 1));
        assert!(!set.insert(30, 40, 1));
        assert!(set.insert(20, 25, 1));
        assert_eq!(set.around(24), Some((10, 25)));
    }
}
