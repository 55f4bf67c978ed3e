//! TIME-WAIT without a connection (RFC 9293 section 3.6.1): a bounded table of the few numbers that answer old segments.

use std::collections::{BTreeMap, BTreeSet};

use super::challenge::Limiter;
use super::config::{MILLISECOND, TIME_WAIT};
use super::options::{Options, Timestamps};
use super::rejection::Rejection;
use super::segment::{Flags, Outgoing, Segment};
use super::sequence::before;

/// What is left of a connection in TIME-WAIT: no payload, no queues.
#[derive(Clone, Debug)]
pub struct TimeWait {
    /// SND.NXT, behind our FIN.
    pub(super) send_next: u32,
    /// RCV.NXT, behind the peer's FIN.
    pub(super) receive_next: u32,
    /// The window field last offered.
    pub(super) window: u16,
    /// Our timestamp offset and the peer's last timestamp, when both sides use them.
    pub(super) timestamps: Option<(u32, u32)>,
    /// Whether this side would use timestamps in a new connection.
    pub(super) offers_timestamps: bool,
    pub(super) challenges: Limiter,
}

impl TimeWait {
    fn acknowledgement(&self, now: u64) -> Outgoing {
        let timestamps = self.timestamps.map(|(offset, recent)| Timestamps {
            value: offset.wrapping_add((now / MILLISECOND) as u32),
            echo: recent,
        });
        Outgoing {
            seq: self.send_next,
            ack: self.receive_next,
            flags: Flags::ACK,
            window: self.window,
            options: Options { timestamps, ..Options::default() },
            ..Outgoing::default()
        }
    }

    /// Whether a SYN opens a new incarnation: its timestamp is later, or where that does not tell, its sequence number
    /// (RFC 6191 section 2). A timestamp where there was none before is proof enough.
    fn may_reopen(&self, syn: &Segment) -> bool {
        let later_number = !before(syn.seq, self.receive_next);
        match (self.timestamps, syn.options.timestamps) {
            (Some((_, recent)), Some(new)) if new.value != recent => before(recent, new.value),
            (None, Some(_)) => later_number || self.offers_timestamps,
            (Some(_), Some(_)) | (_, None) => later_number,
        }
    }
}

/// What a segment for a connection in TIME-WAIT leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stray {
    /// The table knows nothing of these ends.
    Unknown,
    /// Nothing to do; if it was no acknowledgement that could be expected, why.
    Ignore(Option<Rejection>),
    /// To be sent to the sender of the segment, which was not taken for that reason.
    Answer(Outgoing, Rejection),
    /// A SYN that may open a new connection here (RFC 6191 section 2): treat it as any SYN, and let the entry go
    /// ([`TimeWaitTable::remove`]) once it was accepted. The new connection's initial sequence number must lie behind all that the old one sent (RFC 9293 section 3.6.1): if the drawn
    /// one lies before `least`, take `least`.
    Reopen {
        /// Least initial sequence number.
        least: u32,
    },
}

/// Connections in TIME-WAIT by their ends (`K`). Every operation is O(log entries).
#[derive(Clone, Debug)]
pub struct TimeWaitTable<K> {
    entries: BTreeMap<K, (u64, TimeWait)>,
    by_time: BTreeSet<(u64, K)>,
    capacity: u32,
}

impl<K: Ord + Clone> TimeWaitTable<K> {
    /// An empty table for at most `capacity` connections; when it is full, the one that would leave first makes room.
    pub fn new(capacity: u32) -> Self {
        Self { entries: BTreeMap::new(), by_time: BTreeSet::new(), capacity }
    }

    /// Takes a connection up for [`super::TIME_WAIT`] from now on.
    pub fn insert(&mut self, now: u64, key: K, entry: TimeWait) {
        self.remove(&key);
        if self.capacity == 0 {
            return;
        }
        if self.len() >= self.capacity
            && let Some((_, oldest)) = self.by_time.pop_first()
        {
            self.entries.remove(&oldest);
        }
        let leaves = now + TIME_WAIT;
        self.by_time.insert((leaves, key.clone()));
        self.entries.insert(key, (leaves, entry));
    }

    /// Answers a segment for these ends. Its payload (if any) is not taken: the caller releases it.
    ///
    /// Resets are ignored (RFC 1337 section 3); a repeated FIN is acknowledged and begins the stay anew.
    pub fn on_segment(&mut self, now: u64, key: &K, segment: &Segment) -> Stray {
        let Some((_, entry)) = self.entries.get_mut(key) else { return Stray::Unknown };
        let flags = segment.flags;
        if flags.has(Flags::RST) {
            return Stray::Ignore(Some(Rejection::Reset));
        }
        if flags.has(Flags::SYN) && !flags.has(Flags::ACK) && entry.may_reopen(segment) {
            return Stray::Reopen { least: entry.send_next.wrapping_add(1) };
        }
        let repeated_fin =
            flags.has(Flags::FIN) && segment.seq.wrapping_add(segment.sequence_len()) == entry.receive_next;
        if repeated_fin {
            let (answer, entry) = (entry.acknowledgement(now), entry.clone());
            self.insert(now, key.clone(), entry);
            return Stray::Answer(answer, Rejection::Duplicate);
        }
        let expected = segment.seq == entry.receive_next && segment.sequence_len() == 0;
        if expected {
            return Stray::Ignore(None);
        }
        let len = segment.sequence_len();
        let why = if flags.has(Flags::SYN) {
            Rejection::Syn
        } else if len > 0 && !before(entry.receive_next, segment.seq.wrapping_add(len)) {
            Rejection::Duplicate
        } else {
            Rejection::Window
        };
        if !entry.challenges.allow(now) {
            return Stray::Ignore(Some(why));
        }
        Stray::Answer(entry.acknowledgement(now), why)
    }

    /// Whether these ends are in TIME-WAIT (an active open must choose another port).
    pub fn contains(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    /// Ends a connection's stay before its time: a new one has taken its place.
    pub fn remove(&mut self, key: &K) {
        if let Some((leaves, _)) = self.entries.remove(key) {
            self.by_time.remove(&(leaves, key.clone()));
        }
    }

    /// Lets go of what has stayed long enough.
    pub fn expire(&mut self, now: u64) {
        while self.next_time().is_some_and(|leaves| leaves <= now)
            && let Some((_, key)) = self.by_time.pop_first()
        {
            self.entries.remove(&key);
        }
    }

    /// When the next entry leaves.
    pub fn next_time(&self) -> Option<u64> {
        self.by_time.first().map(|&(leaves, _)| leaves)
    }

    /// Entries.
    pub fn len(&self) -> u32 {
        self.entries.len() as u32
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::tcp::config::SECOND;

    fn entry(timestamps: bool) -> TimeWait {
        TimeWait {
            send_next: 5000,
            receive_next: 900,
            window: 10,
            timestamps: timestamps.then_some((70, 40)),
            offers_timestamps: timestamps,
            challenges: Limiter::default(),
        }
    }

    fn table(timestamps: bool) -> TimeWaitTable<u8> {
        let mut table = TimeWaitTable::new(4);
        table.insert(0, 1, entry(timestamps));
        table
    }

    fn segment(flags: Flags, seq: u32, value: Option<u32>) -> Segment {
        let timestamps = value.map(|value| Timestamps { value, echo: 0 });
        Segment { seq, flags, options: Options { timestamps, ..Options::default() }, ..Segment::default() }
    }

    #[test]
    fn entries_stay_a_minute_and_a_repeated_fin_begins_it_anew() {
        let mut table = table(true);
        let fin = segment(Flags::FIN.with(Flags::ACK), 899, Some(40));
        let Stray::Answer(answer, Rejection::Duplicate) = table.on_segment(50 * SECOND, &1, &fin) else {
            panic!("no answer")
        };
        assert_eq!((answer.seq, answer.ack, answer.flags), (5000, 900, Flags::ACK));
        assert_eq!(answer.options.timestamps, Some(Timestamps { value: 50_070, echo: 40 }));
        table.expire(109 * SECOND);
        assert!(table.contains(&1));
        assert_eq!(table.next_time(), Some(110 * SECOND));
        table.expire(110 * SECOND);
        assert!(table.is_empty());
        assert_eq!(table.on_segment(111 * SECOND, &1, &fin), Stray::Unknown);
    }

    #[test]
    fn a_later_timestamp_or_a_later_number_reopens() {
        let reopened = Stray::Reopen { least: 5001 };
        let mut known = table(true);
        assert_eq!(known.on_segment(1, &1, &segment(Flags::SYN, 3, Some(41))), reopened);
        assert!(known.contains(&1), "until the connection is accepted");
        known.remove(&1);
        assert!(known.is_empty() && known.next_time().is_none());
        assert_eq!(table(true).on_segment(1, &1, &segment(Flags::SYN, 900, Some(40))), reopened);
        assert_eq!(table(false).on_segment(1, &1, &segment(Flags::SYN, 901, None)), reopened);
        for old in [segment(Flags::SYN, 901, Some(39)), segment(Flags::SYN, 3, Some(40))] {
            assert!(matches!(table(true).on_segment(1, &1, &old), Stray::Answer(..)), "{old:?}");
        }
        assert!(matches!(table(false).on_segment(1, &1, &segment(Flags::SYN, 3, None)), Stray::Answer(..)));
    }

    #[test]
    fn resets_do_not_end_it() {
        let mut table = table(true);
        assert_eq!(
            table.on_segment(1, &1, &segment(Flags::RST, 900, None)),
            Stray::Ignore(Some(Rejection::Reset))
        );
        assert!(table.contains(&1));
    }

    #[test]
    fn answers_to_strays_are_limited() {
        let mut table = table(false);
        let stray = segment(Flags::ACK, 17, None);
        let answers = (0..100).filter(|_| matches!(table.on_segment(1, &1, &stray), Stray::Answer(..)));
        assert_eq!(answers.count(), 10);
    }

    #[test]
    fn a_full_table_lets_the_oldest_go() {
        let mut table = TimeWaitTable::new(2);
        for key in 1..=3_u8 {
            table.insert(u64::from(key), key, entry(false));
        }
        assert_eq!(table.len(), 2);
        assert!(!table.contains(&1) && table.contains(&2) && table.contains(&3));
    }
}
