//! Where positions lie along a plot: by their order, or by simulated time with long idle stretches folded. Curves, cursors,
//! presses and files all ask here.

use crate::timeline::Series;

/// A fold takes at most one part in so many of the axis.
const PARTS: u64 = 100;

/// The x axis of plots. Its unit is the event, or the nanosecond where no fold is.
///
/// All stretches without events that are longer than some time are shortened to just that time, so that nothing looks
/// shorter than what is. That time is the largest power of two that makes no fold wider than a hundredth of the axis: there
/// are at most a hundred folds, and bursts have the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// Events of an axis in event order.
    events: f64,
    /// Of a time axis: a time and its x, at the ends of all folds and of the whole; between two of them x is linear.
    /// The folds are the second of these stretches, the fourth, and so on.
    knots: Vec<(f64, f64)>,
}

/// Times of both clocks, ascending, from 0 on.
fn merged<'t>(one: &'t [f64], other: &'t [f64]) -> impl Iterator<Item = f64> + 't {
    let (mut one, mut other) = (one.iter().copied().peekable(), other.iter().copied().peekable());
    let next = move || match (one.peek(), other.peek()) {
        (Some(a), Some(b)) if b < a => other.next(),
        (Some(_), _) => one.next(),
        _ => other.next(),
    };
    std::iter::once(0.0).chain(std::iter::from_fn(next))
}

/// The longest stretch that is not folded.
fn longest(times: impl Iterator<Item = f64>) -> f64 {
    // Stretches by their powers of two, with their sums: sorting them all would find a little more, slowly.
    let mut stretches = [(0u64, 0u64); 64];
    let (mut waiting, mut sum) = (0, 0);
    let mut last = 0.0;
    for time in times {
        let stretch = (time - last) as u64;
        last = time;
        if let Some(power) = stretch.checked_ilog2() {
            let (count, sum) = &mut stretches[power as usize];
            *count += 1;
            *sum += stretch;
            waiting += 1;
        }
    }
    let parts = PARTS.min(waiting / 2).max(1);
    let mut found = f64::INFINITY;
    for (power, (count, total)) in stretches.into_iter().enumerate().take(54) {
        let longest = 1 << power;
        // From this power on all are that long.
        if longest * parts <= sum + longest * waiting {
            found = longest as f64;
        }
        sum += total;
        waiting -= count;
    }
    found
}

impl Axis {
    /// In event order.
    pub fn events(end: u32) -> Self {
        Self { events: f64::from(end), knots: Vec::new() }
    }

    /// By the time of a run, and of another one that is drawn beside it.
    pub fn time(clock: &Series, beside: Option<&Series>) -> Self {
        let times = || merged(clock.values(), beside.map_or(&[], Series::values));
        let longest = longest(times());
        let mut knots = vec![(0.0, 0.0)];
        let (mut last, mut x) = (0.0, 0.0);
        for time in times() {
            let stretch = time - last;
            if stretch > longest {
                knots.extend([(last, x), (time, x + longest)]);
            }
            x += stretch.min(longest);
            last = time;
        }
        knots.push((last, x));
        Self { events: 0.0, knots }
    }

    /// Whether it shows time.
    pub fn is_time(&self) -> bool {
        !self.knots.is_empty()
    }

    /// Its length, in its unit.
    pub fn end(&self) -> f64 {
        self.knots.last().map_or(self.events, |last| last.1).max(1.0)
    }

    /// From where to where each fold goes.
    pub fn folds(&self) -> Vec<(f64, f64)> {
        let ends = self.knots.get(1..self.knots.len().saturating_sub(1)).unwrap_or_default();
        ends.chunks(2).map(|fold| (fold[0].1, fold[fold.len() - 1].1)).collect()
    }

    /// From time to x, or back.
    fn across(&self, from: f64, back: bool) -> f64 {
        let turn = |(time, x): (f64, f64)| if back { (x, time) } else { (time, x) };
        let after = self.knots.partition_point(|knot| turn(*knot).0 <= from);
        let after = after.clamp(1, self.knots.len() - 1);
        let (a, b) = (turn(self.knots[after - 1]), turn(self.knots[after]));
        if b.0 > a.0 { a.1 + (b.1 - a.1) * ((from - a.0) / (b.0 - a.0)).clamp(0.0, 1.0) } else { b.1 }
    }

    /// The x of a position of the run with this clock; between two positions it goes from one's to the other's.
    pub fn x(&self, clock: &Series, at: f64) -> f64 {
        if !self.is_time() {
            return at;
        }
        let before = at.floor();
        let [from, to] = [before, at.ceil()].map(|at| self.across(clock.value(at as u32), false));
        from + (to - from) * (at - before)
    }

    /// The position at an x: the nearest in event order; by time the last that has come by then.
    pub fn position(&self, clock: &Series, x: f64) -> u32 {
        if self.is_time() { clock.last_until(self.across(x, true).round()) } else { x.round() as u32 }
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A clock whose time goes on by each of these before the next event.
    fn clock(steps: &[u64]) -> Series {
        let mut clock = Series::new(0.0);
        for (i, step) in steps.iter().enumerate() {
            clock.set(i as u32 + 1, clock.last() + *step as f64);
        }
        clock
    }

    #[test]
    fn idle_stretches_become_narrow_and_bursts_keep_their_lengths() {
        // Ten bursts of a hundred events each, 10 ns apart, a second between them.
        let steps: Vec<u64> = (0..1000).map(|i| if i % 100 == 0 { 1_000_000_000 } else { 10 }).collect();
        let clock = clock(&steps);
        let axis = Axis::time(&clock, None);
        let folds = axis.folds();
        assert_eq!(folds.len(), 10);
        for (from, to) in &folds {
            assert!(*to - *from <= axis.end() / 100.0, "{from} to {to} of {}", axis.end());
        }
        assert_eq!(axis.x(&clock, 200.0) - axis.x(&clock, 101.0), 990.0);
        assert!(axis.end() < 20_000.0);
        let middle = (folds[1].0 + folds[1].1) / 2.0;
        assert_eq!(axis.position(&clock, middle), 100, "in a fold the last burst is over");
    }

    #[test]
    fn time_without_idle_stretches_is_not_folded() {
        let clock = clock(&[10; 1000]);
        let axis = Axis::time(&clock, None);
        assert_eq!((axis.folds(), axis.end()), (Vec::new(), 10_000.0));
        let nothing = Series::new(0.0);
        let axis = Axis::time(&nothing, None);
        assert_eq!((axis.end(), axis.x(&nothing, 0.0), axis.position(&nothing, 0.5)), (1.0, 0.0, u32::MAX));
    }

    #[test]
    fn events_lie_where_they_are_counted() {
        let axis = Axis::events(7);
        let clock = clock(&[5; 7]);
        assert_eq!((axis.end(), axis.x(&clock, 3.25), axis.position(&clock, 3.6)), (7.0, 3.25, 4));
        assert_eq!(axis.folds(), []);
    }

    proptest! {
        #[test]
        fn positions_come_back_from_where_they_lie(
            steps in proptest::collection::vec(prop_oneof![4 => Just(0), 8 => 0..200u64, 1 => 0..1u64 << 40], 1..400),
            other in proptest::collection::vec(0..1u64 << 30, 0..40),
            shares in proptest::collection::vec(0.0..1.0, 20),
        ) {
            let (clock, beside) = (clock(&steps), clock(&other));
            let end = steps.len() as u32;
            let axis = Axis::time(&clock, Some(&beside));
            let mut last = 0.0;
            for at in 0..=end {
                let x = axis.x(&clock, f64::from(at));
                prop_assert!((last..=axis.end()).contains(&x), "{last} to {x} of {}", axis.end());
                let found = axis.position(&clock, x).min(end);
                prop_assert!(found >= at && clock.value(found) == clock.value(at), "{at} came back as {found}");
                prop_assert!(axis.x(&clock, f64::from(at) - 0.5 * f64::from(u8::from(at > 0))) <= x);
                last = x;
            }
            let folds = axis.folds();
            prop_assert!(folds.iter().all(|(from, to)| to > from));
            prop_assert!(folds.windows(2).all(|pair| pair[0].1 <= pair[1].0));
            let mut shares = shares;
            shares.sort_by(f64::total_cmp);
            let found: Vec<u32> =
                shares.iter().map(|share| axis.position(&clock, share * axis.end()).min(end)).collect();
            prop_assert!(found.is_sorted(), "{found:?}");
            for (share, at) in shares.iter().zip(found) {
                // To half a nanosecond of what it stands for.
                let x = axis.x(&clock, f64::from(at));
                prop_assert!(x <= share * axis.end() + 0.51, "{at} lies at {x}, after {}", share * axis.end());
            }
        }
    }
}
