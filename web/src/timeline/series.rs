//! A counter over event positions: the steps at which it changed, looked up in O(log n), with peaks found in little more.

use std::ops::Range;

/// Steps that are summed up by their least and greatest.
const BLOCK: usize = 64;

/// Values over positions; the value holds from its position on.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    initial: f64,
    at: Vec<u32>,
    values: Vec<f64>,
    /// Indices of the least and the greatest value of each block that is full and followed by another step.
    peaks: Vec<(u32, u32)>,
}

impl Series {
    /// A series that starts with `initial`.
    pub fn new(initial: f64) -> Self {
        Self { initial, at: Vec::new(), values: Vec::new(), peaks: Vec::new() }
    }

    /// The value from `position` on; positions never go back.
    pub fn set(&mut self, position: u32, value: f64) {
        if self.last() == value {
            return;
        }
        if self.at.last() == Some(&position) {
            if let Some(last) = self.values.last_mut() {
                *last = value;
            }
            return;
        }
        let full = self.values.len();
        if full > 0 && full.is_multiple_of(BLOCK) {
            self.peaks.push(self.scan(full - BLOCK..full, (full - BLOCK, full - BLOCK)));
        }
        self.at.push(position);
        self.values.push(value);
    }

    /// Indices of the least and the greatest of some values and of two more, the first of equal ones.
    fn scan(&self, range: Range<usize>, (low, high): (usize, usize)) -> (u32, u32) {
        let (mut low, mut high) = (low, high);
        for i in range {
            if self.values[i] < self.values[low] {
                low = i;
            }
            if self.values[i] > self.values[high] {
                high = i;
            }
        }
        (low as u32, high as u32)
    }

    /// Indices of the least and the greatest value of a range that is not empty, the first of equal ones.
    fn extremes(&self, range: Range<usize>) -> (usize, usize) {
        let blocks = range.start.div_ceil(BLOCK)..(range.end / BLOCK).min(self.peaks.len());
        let mut found = (range.start as u32, range.start as u32);
        let ends = |(low, high): (u32, u32)| (low as usize, high as usize);
        if blocks.is_empty() {
            return ends(self.scan(range, ends(found)));
        }
        found = self.scan(range.start..blocks.start * BLOCK, ends(found));
        for (low, high) in &self.peaks[blocks.clone()] {
            if self.values[*low as usize] < self.values[found.0 as usize] {
                found.0 = *low;
            }
            if self.values[*high as usize] > self.values[found.1 as usize] {
                found.1 = *high;
            }
        }
        ends(self.scan(blocks.end * BLOCK..range.end, ends(found)))
    }

    /// Adds to the last value from `position` on.
    pub fn add(&mut self, position: u32, amount: f64) {
        self.set(position, self.last() + amount);
    }

    /// The value once everything so far has happened.
    pub fn last(&self) -> f64 {
        self.values.last().copied().unwrap_or(self.initial)
    }

    /// The value when `position` events have happened.
    pub fn value(&self, position: u32) -> f64 {
        match self.at.partition_point(|at| *at <= position) {
            0 => self.initial,
            i => self.values[i - 1],
        }
    }

    /// The first change after `position` that is `there`, as all are from one of them on.
    pub fn first_from(&self, position: u32, there: impl Fn(u32) -> bool) -> Option<u32> {
        let from = self.at.partition_point(|at| *at <= position);
        let within = |at: u32| !there(at);
        let skipped = if from < self.at.len() && within(self.at[from]) {
            self.reach(from..self.at.len(), within)
        } else {
            0
        };
        self.at.get(from + skipped).copied()
    }

    /// Least, mean and greatest value over the positions `from..to`, the mean weighted by how long each value holds; of an
    /// empty range, the value there.
    pub fn spread(&self, from: u32, to: u32) -> (f64, f64, f64) {
        let first = self.value(from);
        let (mut least, mut greatest, mut sum) = (first, first, 0.0);
        let (mut at, mut value) = (from, first);
        let mut i = self.at.partition_point(|at| *at <= from);
        while i < self.at.len() && self.at[i] < to {
            sum += value * f64::from(self.at[i] - at);
            (at, value) = (self.at[i], self.values[i]);
            (least, greatest) = (least.min(value), greatest.max(value));
            i += 1;
        }
        sum += value * f64::from(to.saturating_sub(at));
        let mean = if to > from { sum / f64::from(to - from) } else { first };
        (least, mean, greatest)
    }

    /// Of values that never fall: the last position at which they are at most `value`; `u32::MAX` when they never pass it.
    pub fn last_until(&self, value: f64) -> u32 {
        self.at.get(self.values.partition_point(|found| *found <= value)).map_or(u32::MAX, |at| at - 1)
    }

    /// The values, from the first change on.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The positions at which the value changed.
    pub fn changes(&self) -> &[u32] {
        &self.at
    }

    /// How many steps from the first of a range on are `within`, as all are up to one of them and none is behind it; the
    /// first is. Takes as long as it finds few.
    fn reach(&self, range: Range<usize>, within: impl Fn(u32) -> bool) -> usize {
        let steps = &self.at[range];
        let mut reach = 1;
        while reach < steps.len() && within(steps[reach]) {
            reach *= 2;
        }
        let from = reach / 2;
        from + steps[from..reach.min(steps.len())].partition_point(|at| within(*at))
    }

    /// At most `4 * columns + 2` points of the curve over `0..=end`, as `place` has positions lie in `0.0..=length`: of each
    /// column where the value comes from, the least and the greatest, and where it goes on from, so that no peak is lost
    /// however many steps there are.
    pub fn decimate(
        &self,
        end: u32,
        columns: u32,
        length: f64,
        place: &dyn Fn(u32) -> f64,
    ) -> Vec<(f64, f64)> {
        let mut points = vec![(place(0), self.value(0))];
        let push = |points: &mut Vec<(f64, f64)>, point| {
            if points.last() != Some(&point) {
                points.push(point);
            }
        };
        // A step's column comes from the step alone, so that each column holds at least the step that begins it.
        let column_of = |at: u32| (place(at) / length.max(1.0) * f64::from(columns.max(1))) as u64;
        let mut i = self.at.partition_point(|at| *at == 0);
        let stop = self.at.partition_point(|at| *at <= end);
        let mut value = self.value(0);
        while i < stop {
            push(&mut points, (place(self.at[i]), value));
            let column = column_of(self.at[i]);
            let next = i + self.reach(i..stop, |at| column_of(at) == column);
            let (low, high) = self.extremes(i..next);
            for pick in [low.min(high), low.max(high), next - 1] {
                push(&mut points, (place(self.at[pick]), self.values[pick]));
            }
            value = self.values[next - 1];
            i = next;
        }
        push(&mut points, (place(end), value));
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_hold_until_the_next_step() {
        let mut series = Series::new(1.0);
        series.set(3, 2.0);
        series.set(3, 4.0);
        series.add(7, 1.0);
        assert_eq!([0, 2, 3, 6, 7, 99].map(|at| series.value(at)), [1.0, 1.0, 4.0, 4.0, 5.0, 5.0]);
        assert_eq!([0, 3, 7].map(|at| series.first_from(at, |_| true)), [Some(3), Some(7), None]);
        assert_eq!([2, 5, 8].map(|least| series.first_from(0, |at| at >= least)), [Some(3), Some(7), None]);
    }

    #[test]
    fn the_mean_weighs_each_value_by_how_long_it_holds() {
        let mut series = Series::new(1.0);
        series.set(10, 4.0);
        series.set(30, 2.0);
        assert_eq!(series.spread(0, 40), (1.0, (10.0 + 80.0 + 20.0) / 40.0, 4.0));
        assert_eq!(series.spread(10, 30), (4.0, 4.0, 4.0));
        assert_eq!(series.spread(35, 35), (2.0, 2.0, 2.0));
    }

    #[test]
    fn decimation_keeps_peaks_and_ends() {
        let mut series = Series::new(0.0);
        for i in 0..100_000u32 {
            series.set(i, if i == 54_321 { 1e6 } else { f64::from(i) });
        }
        let points = series.decimate(99_999, 300, 99_999.0, &f64::from);
        assert!(points.len() <= 1202, "{}", points.len());
        assert!(points.iter().any(|point| point.1 == 1e6));
        assert_eq!(points.last(), Some(&(99_999.0, 99_999.0)));
        assert!(points.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    }

    #[test]
    fn decimation_finds_the_peaks_of_every_column() {
        // Values without order, so that any step may be a peak; steps at some positions only.
        let mut series = Series::new(0.0);
        let (mut draw, mut steps) = (1u64, Vec::new());
        for at in 1..30_000u32 {
            draw = draw * 48_271 % 2_147_483_647;
            let value = (draw % 1000) as f64;
            if draw % 3 > 0 && value != series.last() {
                series.set(at, value);
                steps.push((at, series.last()));
            }
        }
        for (columns, end) in [(1, 29_999), (10, 29_999), (300, 29_000), (1500, 12_345), (40_000, 29_999)] {
            let points = series.decimate(end, columns, end.into(), &f64::from);
            let column_of = |at: f64| (at / f64::from(end) * f64::from(columns)) as u64;
            let peaks = |found: &mut dyn Iterator<Item = (u64, f64)>| {
                let mut peaks = std::collections::BTreeMap::new();
                for (column, value) in found {
                    let peak = peaks.entry(column).or_insert((value, value));
                    *peak = (peak.0.min(value), peak.1.max(value));
                }
                peaks
            };
            // A column's first point says where the value comes from, which is no step of its own.
            let own = points.iter().filter(|point| {
                steps
                    .binary_search_by(|step| f64::from(step.0).total_cmp(&point.0))
                    .is_ok_and(|i| steps[i].1 == point.1)
            });
            let found = peaks(&mut own.map(|(at, value)| (column_of(*at), *value)));
            let wanted = steps.iter().filter(|step| step.0 <= end);
            let wanted = peaks(&mut wanted.map(|(at, value)| (column_of((*at).into()), *value)));
            assert!(found == wanted, "{columns} columns of {end}");
        }
    }

    #[test]
    fn decimation_holds_a_value_until_the_next_step() {
        let mut series = Series::new(0.0);
        for (at, value) in [(10, 1.0), (11, 2.0), (12, 3.0), (900, 4.0), (901, 5.0)] {
            series.set(at, value);
        }
        let points = series.decimate(1000, 10, 1000.0, &f64::from);
        assert!(points.contains(&(900.0, 3.0)), "{points:?}");
    }

    #[test]
    fn decimation_ends_wherever_columns_begin() {
        let mut series = Series::new(0.0);
        for i in 0..3_000u32 {
            series.set(i, f64::from(i));
        }
        for end in 0..3_000 {
            for columns in [1, 7, 49, 103, 367, 1_000, end, end + 1] {
                let points = series.decimate(end, columns, end.into(), &f64::from);
                assert!(points.len() as u32 <= 4 * columns.max(1) + 2, "{end} in {columns}");
                assert_eq!(points.last(), Some(&(end.into(), end.into())));
            }
        }
    }

    #[test]
    fn the_last_position_before_a_value_is_passed_is_found() {
        let mut series = Series::new(0.0);
        series.set(3, 10.0);
        series.set(8, 20.0);
        assert_eq!([0.0, 9.0, 10.0, 19.0, 20.0].map(|v| series.last_until(v)), [2, 2, 7, 7, u32::MAX]);
    }
}
