//! TIME-WAIT without a connection (RFC 9293 section 3.4.1): a bounded table of the few numbers that answer old segments.

use super::segment::{Outgoing, Segment};

/// What is left of a connection in TIME-WAIT: no payload, no queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeWait {
    send_next: u32,
}

/// What a segment for a connection in TIME-WAIT leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stray {
    /// The table knows nothing of these ends.
    Unknown,
    /// Nothing to do.
    Ignore,
    /// To be sent to the segment's sender.
    Answer(Outgoing),
    /// A SYN that may open a new connection here (RFC 6191 section 2): the entry is gone, treat it as any SYN. The new
    /// connection's initial sequence number must not lie before this one (RFC 9293 section 3.4.1): if the drawn one does,
    /// take this.
    Reopen {
        /// Least initial sequence number.
        least: u32,
    },
}

/// Connections in TIME-WAIT by their ends (`K`).
#[derive(Clone, Debug)]
pub struct TimeWaitTable<K> {
    key: Option<K>,
}

impl<K: Ord + Clone> TimeWaitTable<K> {
    /// An empty table for at most `capacity` connections; when it is full, the one that would leave first makes room.
    pub fn new(capacity: u32) -> Self {
        unimplemented!()
    }

    /// Takes a connection up for [`super::TIME_WAIT`] from now on.
    pub fn insert(&mut self, now: u64, key: K, entry: TimeWait) {
        unimplemented!()
    }

    /// Answers a segment for these ends. Its payload (if any) is not taken: the caller releases it.
    pub fn on_segment(&mut self, now: u64, key: &K, segment: &Segment) -> Stray {
        unimplemented!()
    }

    /// Whether these ends are in TIME-WAIT (an active open must choose another port).
    pub fn contains(&self, key: &K) -> bool {
        unimplemented!()
    }

    /// Lets go of what has stayed long enough.
    pub fn expire(&mut self, now: u64) {
        unimplemented!()
    }

    /// When the next entry leaves.
    pub fn next_time(&self) -> Option<u64> {
        unimplemented!()
    }

    /// Entries.
    pub fn len(&self) -> u32 {
        unimplemented!()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
