//! The retransmission timeout (RFC 6298), in integer nanoseconds.

use super::config::{INITIAL_RTO, MAX_RTO, TICK};

/// Smoothed round-trip time and the timeout from it.
#[derive(Clone, Debug)]
pub(super) struct RoundTrip {
    smoothed: Option<u64>,
    variance: u64,
    timeout: u64,
    doublings: u32,
    least: u64,
}

impl RoundTrip {
    pub(super) fn new(least: u64) -> Self {
        let least = least.clamp(TICK, MAX_RTO);
        Self { smoothed: None, variance: 0, timeout: INITIAL_RTO.max(least), doublings: 0, least }
    }

    /// A measurement (RFC 6298 sections 2.2 to 2.4); whatever was doubled is computed afresh (section 5).
    pub(super) fn measure(&mut self, time: u64) {
        let time = time.min(MAX_RTO);
        let smoothed = match self.smoothed {
            None => {
                self.variance = time / 2;
                time
            }
            Some(smoothed) => {
                self.variance = (3 * self.variance + smoothed.abs_diff(time)) / 4;
                (7 * smoothed + time) / 8
            }
        };
        self.smoothed = Some(smoothed);
        self.timeout = (smoothed + TICK.max(4 * self.variance)).clamp(self.least, MAX_RTO);
        self.doublings = 0;
    }

    /// Doubles the timeout (RFC 6298 section 5.5).
    pub(super) fn back_off(&mut self) {
        self.doublings = (self.doublings + 1).min(16);
    }

    /// No measurement will come of what was sent so far, and the peer is known to answer: the doubled timeout of a probe
    /// or a SYN goes.
    pub(super) fn forget_back_off(&mut self) {
        self.doublings = 0;
    }

    /// Starts data with a larger timeout (RFC 6298 section 5.7).
    pub(super) fn at_least(&mut self, timeout: u64) {
        self.timeout = self.timeout.max(timeout);
    }

    /// The timeout, doublings included.
    pub(super) fn timeout(&self) -> u64 {
        (self.timeout << self.doublings).min(MAX_RTO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::tcp::config::{MILLISECOND, SECOND};

    #[test]
    fn the_first_measurement_gives_three_times_itself() {
        let mut times = RoundTrip::new(MILLISECOND);
        assert_eq!(times.timeout(), SECOND);
        times.measure(100 * MILLISECOND);
        assert_eq!(times.timeout(), 300 * MILLISECOND);
    }

    #[test]
    fn steady_measurements_bring_the_timeout_to_the_round_trip_and_never_below_the_least() {
        let mut times = RoundTrip::new(SECOND);
        let mut quick = RoundTrip::new(MILLISECOND);
        for _ in 0..100 {
            times.measure(100 * MILLISECOND);
            quick.measure(100 * MILLISECOND);
        }
        assert_eq!(times.timeout(), SECOND);
        assert!((100 * MILLISECOND..=102 * MILLISECOND).contains(&quick.timeout()));
    }

    #[test]
    fn timeouts_double_up_to_a_minute_and_a_measurement_ends_that() {
        let mut times = RoundTrip::new(SECOND);
        for expected in [2, 4, 8, 16, 32, 60, 60] {
            times.back_off();
            assert_eq!(times.timeout(), expected * SECOND);
        }
        times.measure(MILLISECOND);
        assert_eq!(times.timeout(), SECOND);
    }

    #[test]
    fn absurd_measurements_stay_in_bounds() {
        let mut times = RoundTrip::new(0);
        times.measure(u64::MAX);
        times.measure(0);
        for _ in 0..100 {
            times.back_off();
        }
        assert_eq!(times.timeout(), MAX_RTO);
    }
}
