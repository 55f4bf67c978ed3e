//! The congestion window (RFC 5681) with NewReno's recovery (RFC 6582), its entry and its end shared by RFC 6675.

use super::config::MAX_WINDOW;

/// What the window is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Growing: slow start or congestion avoidance.
    Open,
    /// Fast recovery, until everything before this number is acknowledged (RFC 6582 section 3.2, RFC 6675 section 5).
    Recovery(u64),
    /// After a timeout, until everything before this number is acknowledged (RFC 6582 section 4, RFC 6675 section 5.1).
    Loss(u64),
}

/// Window and threshold, in payload bytes.
#[derive(Clone, Debug)]
pub(super) struct Congestion {
    window: u32,
    threshold: u32,
    phase: Phase,
    /// Bytes acknowledged since the window last grew in congestion avoidance.
    acknowledged: u32,
}

impl Congestion {
    pub(super) fn new(window: u32) -> Self {
        Self { window, threshold: u32::MAX, phase: Phase::Open, acknowledged: 0 }
    }

    /// The initial window (RFC 6928 section 2): ten segments, at most 14,600 bytes or two segments.
    pub(super) fn initial_window(mss: u32) -> u32 {
        (10 * mss).min(14_600.max(2 * mss))
    }

    pub(super) fn window(&self) -> u32 {
        self.window
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// Half of what was in flight, at least two segments (RFC 5681 equation 4).
    fn halve(&mut self, flight: u64, mss: u32) {
        self.threshold = u32::try_from(flight / 2).unwrap_or(u32::MAX).max(2 * mss);
        self.acknowledged = 0;
    }

    /// A loss was seen from duplicates: halves, until `until` is acknowledged.
    pub(super) fn enter_recovery(&mut self, until: u64, flight: u64, mss: u32) {
        self.halve(flight, mss);
        self.window = self.threshold;
        self.phase = Phase::Recovery(until);
    }

    /// A timeout: one segment (RFC 5681 section 3.1). `again` says that the same data has timed out before: the threshold
    /// then stays.
    pub(super) fn time_out(&mut self, until: u64, flight: u64, mss: u32, again: bool) {
        if !again {
            self.halve(flight, mss);
        }
        self.window = mss;
        self.phase = Phase::Loss(until);
    }

    /// Idle for longer than a timeout: the window restarts (RFC 5681 section 4.1).
    pub(super) fn restart(&mut self, mss: u32) {
        self.window = self.window.min(Self::initial_window(mss));
    }

    /// `acked` new bytes, everything before `una`, are acknowledged; `left` bytes stay in flight. `used` says that the window
    /// was used up when they were sent: one that was not says nothing about the path (RFC 7661 section 4).
    pub(super) fn on_ack(&mut self, una: u64, acked: u64, left: u64, used: bool, mss: u32) {
        match self.phase {
            Phase::Recovery(until) if una >= until => {
                // RFC 6582 section 3.2, step 3, first choice: no burst when little is left in flight.
                let left = u32::try_from(left).unwrap_or(u32::MAX);
                self.window = self.threshold.min(left.max(mss).saturating_add(mss));
                self.phase = Phase::Open;
            }
            Phase::Recovery(_) => {}
            Phase::Loss(until) => {
                if una >= until {
                    self.phase = Phase::Open;
                }
                self.grow(acked, mss);
            }
            Phase::Open if used => self.grow(acked, mss),
            Phase::Open => {}
        }
    }

    /// Slow start below the threshold, else one segment a window (RFC 5681 section 3.1).
    fn grow(&mut self, acked: u64, mss: u32) {
        let acked = u32::try_from(acked).unwrap_or(u32::MAX);
        if self.window < self.threshold {
            self.window = self.window.saturating_add(acked.min(mss));
        } else {
            self.acknowledged = self.acknowledged.saturating_add(acked);
            if self.acknowledged >= self.window {
                self.acknowledged -= self.window;
                self.window = self.window.saturating_add(mss);
            }
        }
        self.window = self.window.min(MAX_WINDOW);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSS: u32 = 1000;

    #[test]
    fn initial_windows_are_those_of_rfc_6928() {
        assert_eq!(Congestion::initial_window(536), 5360);
        assert_eq!(Congestion::initial_window(1460), 14_600);
        assert_eq!(Congestion::initial_window(4000), 14_600);
        assert_eq!(Congestion::initial_window(9000), 18_000);
    }

    #[test]
    fn slow_start_doubles_in_a_round_trip_and_avoidance_adds_one_segment() {
        let mut congestion = Congestion::new(4 * MSS);
        for una in 1..=4 {
            congestion.on_ack(una, 1000, 3000, true, MSS);
        }
        assert_eq!(congestion.window(), 8 * MSS);
        congestion.enter_recovery(100, 8000, MSS);
        congestion.on_ack(100, 1000, 7000, true, MSS);
        assert_eq!(congestion.window(), 4 * MSS);
        for una in 101..=104 {
            congestion.on_ack(una, 1000, 3000, true, MSS);
        }
        assert_eq!(congestion.window(), 5 * MSS);
    }

    #[test]
    fn recovery_halves_and_a_timeout_leaves_one_segment() {
        let mut congestion = Congestion::new(20 * MSS);
        congestion.enter_recovery(50, 20_000, MSS);
        assert_eq!((congestion.window(), congestion.phase()), (10 * MSS, Phase::Recovery(50)));
        congestion.time_out(60, 10_000, MSS, false);
        assert_eq!((congestion.window(), congestion.phase()), (MSS, Phase::Loss(60)));
        congestion.time_out(60, 1_000, MSS, true);
        for una in 1..=4 {
            congestion.on_ack(una, 1000, 0, true, MSS);
        }
        assert_eq!(congestion.window(), 5 * MSS, "slow start up to the threshold of the first timeout");
        congestion.on_ack(60, 1000, 0, true, MSS);
        assert_eq!(congestion.phase(), Phase::Open);
    }

    #[test]
    fn an_unused_window_does_not_grow() {
        let mut congestion = Congestion::new(10 * MSS);
        congestion.on_ack(1, 100, 0, false, MSS);
        assert_eq!(congestion.window(), 10 * MSS);
    }
}
