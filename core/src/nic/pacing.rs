//! When host and NIC tell each other what is new: doorbells that several sends share, and interrupts that several
//! completions share. Small state machines; time is passed in.

/// How sends share a doorbell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoorbellBatch {
    every: u32,
    timeout_ns: u64,
    pending: u32,
    /// When the first of the pending posts was made.
    since: u64,
}

impl DoorbellBatch {
    /// One doorbell for `every` posts (the paper's figure: 10; at least 1), and for fewer when the first of them has waited
    /// for `timeout_ns`.
    pub fn new(every: u32, timeout_ns: u64) -> Self {
        Self { every: every.max(1), timeout_ns, pending: 0, since: 0 }
    }

    /// A packet was posted; true when the doorbell is to be rung now.
    pub fn post(&mut self, now: u64) -> bool {
        if self.pending == 0 {
            self.since = now;
        }
        self.pending += 1;
        self.pending >= self.every && self.ring()
    }

    /// Whether posts have waited long enough; true when the doorbell is to be rung now.
    pub fn due(&mut self, now: u64) -> bool {
        self.next_time().is_some_and(|time| time <= now) && self.ring()
    }

    /// Somebody rings for another reason, such as a full ring; true if something was pending.
    pub fn ring(&mut self) -> bool {
        std::mem::take(&mut self.pending) > 0
    }

    /// When the pending posts have waited long enough.
    pub fn next_time(&self) -> Option<u64> {
        (self.pending > 0).then_some(self.since + self.timeout_ns)
    }
}

/// Shortest and longest gap between interrupts (FACTS.md section 2: adaptive, 10 to 126 us).
const GAP_NS: std::ops::RangeInclusive<u64> = 10_000..=126_000;
/// Events an interrupt, below which the gap halves and above which it doubles.
const FEW: u32 = 4;
const MANY: u32 = 24;

/// Adaptive interrupt moderation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moderation {
    gap_ns: u64,
    /// When the last interrupt was raised.
    last: Option<u64>,
    pending: u32,
    /// When the first pending event happened.
    since: u64,
}

impl Default for Moderation {
    fn default() -> Self {
        Self::new()
    }
}

impl Moderation {
    /// Before the first event, with the shortest gap.
    pub fn new() -> Self {
        Self { gap_ns: *GAP_NS.start(), last: None, pending: 0, since: 0 }
    }

    /// A frame arrived or a packet was completed.
    pub fn event(&mut self, now: u64) {
        if self.pending == 0 {
            self.since = now;
        }
        self.pending += 1;
    }

    /// When the interrupt for what is pending is raised: at once, but not within the gap since the last.
    pub fn next_time(&self) -> Option<u64> {
        let earliest = self.last.map_or(0, |last| last + self.gap_ns);
        (self.pending > 0).then_some(earliest.max(self.since))
    }

    /// Raises the interrupt if it is due, and adapts the gap; returns how many events it covers.
    pub fn raise(&mut self, now: u64) -> Option<u32> {
        self.next_time().filter(|time| *time <= now)?;
        let events = std::mem::take(&mut self.pending);
        self.last = Some(now);
        if events < FEW {
            self.gap_ns = (self.gap_ns / 2).max(*GAP_NS.start());
        } else if events > MANY {
            self.gap_ns = (self.gap_ns * 2).min(*GAP_NS.end());
        }
        Some(events)
    }

    /// Gap between interrupts now, in nanoseconds.
    pub fn gap_ns(&self) -> u64 {
        self.gap_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_posts_share_a_doorbell_and_fewer_ring_after_the_timeout() {
        let mut bell = DoorbellBatch::new(10, 20_000);
        let rings: Vec<bool> = (0..20).map(|now| bell.post(now)).collect();
        assert_eq!(rings.iter().filter(|rung| **rung).count(), 2);
        assert!(rings[9] && rings[19]);
        assert_eq!(bell.next_time(), None);
        assert!(!bell.post(100));
        assert!(!bell.post(5_000));
        assert!(!bell.due(20_099));
        assert!(bell.due(20_100), "the first one has waited for 20 us");
        assert!(!bell.ring(), "nothing is left");
    }

    #[test]
    fn a_lone_event_interrupts_at_once_and_a_burst_is_gathered() {
        let mut moderation = Moderation::new();
        moderation.event(1_000);
        assert_eq!(moderation.raise(1_000), Some(1));
        let mut interrupts = 0;
        let mut events = 0;
        // A frame every 67.2 ns, as at 10 Gbit/s, for 10 ms.
        for i in 0..148_809u64 {
            let now = 2_000 + i * 672 / 10;
            moderation.event(now);
            if let Some(count) = moderation.raise(now) {
                interrupts += 1;
                events += u64::from(count);
            }
        }
        assert_eq!(moderation.gap_ns(), 126_000);
        assert!((75..=90).contains(&interrupts), "{interrupts} interrupts in 10 ms");
        let last = moderation.next_time().unwrap();
        events += u64::from(moderation.raise(last).unwrap());
        assert_eq!(events, 148_809, "no event is forgotten");
        for i in 0..10u64 {
            let now = last + 1_000_000 * (i + 1);
            moderation.event(now);
            assert_eq!(moderation.raise(now), Some(1));
        }
        assert_eq!(moderation.gap_ns(), 10_000, "low traffic gets short gaps again");
    }
}
