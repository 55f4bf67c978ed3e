//! The limit on acknowledgements that only unexpected segments call for (RFC 5961 section 7). It is kept for each connection
//! by itself: a limit that connections share tells an outsider about other people's.

use super::config::{CHALLENGE_PERIOD, CHALLENGES};

#[derive(Clone, Debug, Default)]
pub(super) struct Limiter {
    began: u64,
    sent: u32,
}

impl Limiter {
    /// Whether one more may be sent now; counts it if so.
    pub(super) fn allow(&mut self, now: u64) -> bool {
        if now.saturating_sub(self.began) >= CHALLENGE_PERIOD {
            self.began = now;
            self.sent = 0;
        }
        self.sent += u32::from(self.sent <= CHALLENGES);
        self.sent <= CHALLENGES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_pass_in_five_seconds() {
        let mut limiter = Limiter::default();
        assert_eq!((0..100).filter(|_| limiter.allow(7)).count(), 10);
        assert!(!limiter.allow(CHALLENGE_PERIOD - 1));
        assert!(limiter.allow(CHALLENGE_PERIOD + 7));
    }
}
