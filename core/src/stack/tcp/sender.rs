//! The sending side: what is in flight, what is lost, and what the peer's window lets out (RFC 9293 sections 3.3.1 and
//! 3.8.6, RFC 6675 section 4, RFC 6582 section 3).

use super::config::{Config, DEFAULT_MSS, DUPLICATES, LEAST_MSS};
use super::ranges::RangeSet;
use super::send::SendQueue;
use super::sequence;

/// Ranges of the peer's selective acknowledgements that are kept; more are ignored, which costs a retransmission at most.
const MAX_RANGES: usize = 256;

/// Numbers and queue of the sending direction.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    /// Number of our SYN (ISS).
    pub(super) syn: u64,
    /// First number not acknowledged (SND.UNA).
    pub(super) una: u64,
    /// Next number to send for the first time (SND.NXT).
    pub(super) next: u64,
    pub(super) queue: SendQueue,
    /// A FIN follows the queue.
    pub(super) fin: bool,
    /// The peer's window in bytes (SND.WND), and the largest it ever was.
    pub(super) window: u32,
    pub(super) largest_window: u32,
    /// Sequence and acknowledgement number of the segment that last changed the window (SND.WL1, SND.WL2).
    pub(super) window_from: (u64, u64),
    /// The peer's window shift.
    pub(super) shift: u8,
    /// Segment size, options included.
    pub(super) mss: u16,
    /// Both sides permit selective acknowledgements.
    pub(super) sack: bool,
    /// What the peer has acknowledged selectively, all of it in `(una, next)`.
    pub(super) sacked: RangeSet,
    /// Whatever lies below this number and is not acknowledged in any way counts as lost.
    pub(super) lost_to: u64,
    /// Whatever of that lies below this number was sent again (HighRxt).
    pub(super) resent_to: u64,
    /// What lies below this number was sent when the congestion window was used up.
    pub(super) limited_to: u64,
    /// Duplicate acknowledgements; without selective ones, each tells of one segment that left the network.
    pub(super) duplicates: u32,
    /// One retransmission may go whatever the congestion window says (RFC 6582 section 3.2, RFC 6675 section 5 step 4.3).
    pub(super) must_resend: bool,
    /// End of a segment whose round trip is being measured, and when it left. Never one that was sent twice (Karn).
    pub(super) timed: Option<(u64, u64)>,
    /// When data was last sent.
    pub(super) last_sent: u64,
}

impl Sender {
    pub(super) fn new(config: &Config, iss: u32) -> Self {
        let syn = sequence::first(iss);
        Self {
            syn,
            una: syn,
            next: syn,
            queue: SendQueue::new(syn + 1),
            fin: false,
            window: 0,
            largest_window: 0,
            window_from: (0, 0),
            shift: 0,
            mss: config.mss.max(LEAST_MSS),
            sack: false,
            sacked: RangeSet::default(),
            lost_to: syn,
            resent_to: syn,
            limited_to: syn,
            duplicates: 0,
            must_resend: false,
            timed: None,
            last_sent: 0,
        }
    }

    /// The peer's SYN offers segments of `mss` bytes.
    pub(super) fn limit_mss(&mut self, mss: Option<u16>) {
        self.mss = self.mss.min(mss.unwrap_or(DEFAULT_MSS).max(LEAST_MSS));
    }

    /// The number behind everything there is to send: the queue and the FIN.
    pub(super) fn end(&self) -> u64 {
        self.queue.end() + u64::from(self.fin)
    }

    /// Numbers sent and not acknowledged.
    pub(super) fn flight(&self) -> u64 {
        self.next - self.una
    }

    /// Whether our FIN was sent and acknowledged.
    pub(super) fn fin_acknowledged(&self) -> bool {
        self.fin && self.una == self.queue.end() + 1
    }

    /// The first number that the peer's window does not let out.
    pub(super) fn edge(&self) -> u64 {
        self.una + u64::from(self.window)
    }

    /// An estimate of what is in the network: neither acknowledged nor lost, or sent again ("pipe", RFC 6675 section 4).
    /// Without selective acknowledgements each duplicate takes one segment off; RFC 6582 adds it to the window instead,
    /// which comes to the same.
    pub(super) fn in_network(&self, mss: u32) -> u64 {
        let unsacked =
            |from: u64, to: u64| to.saturating_sub(from) - self.sacked.count_in(from, to.max(from));
        let pipe = unsacked(self.lost_to.max(self.una), self.next) + unsacked(self.una, self.resent_to);
        if self.sack { pipe } else { pipe.saturating_sub(u64::from(self.duplicates) * u64::from(mss)) }
    }

    /// The first lost range that was not sent again.
    pub(super) fn lost(&self) -> Option<(u64, u64)> {
        self.sacked.gap(self.resent_to.max(self.una), self.lost_to.min(self.next))
    }

    /// Takes a block of selective acknowledgement; whether it told anything new. Nonsense and duplicates (RFC 2883) are
    /// ignored.
    pub(super) fn take_block(&mut self, first: u32, end: u32) -> bool {
        let (first, end) = (sequence::widen(self.next, first), sequence::widen(self.next, end));
        self.una < first && end <= self.next && self.sacked.insert(first, end, MAX_RANGES)
    }

    /// Where loss ends by the selective acknowledgements: everything below a number above which more than two segments'
    /// bytes, or three ranges, have arrived (IsLost of RFC 6675 section 4).
    pub(super) fn lost_by_blocks(&self, mss: u32) -> u64 {
        let (mut bytes, mut ranges) = (0, 0);
        for (first, end) in self.sacked.descending() {
            bytes += end - first;
            ranges += 1;
            if ranges >= DUPLICATES || bytes > u64::from((DUPLICATES - 1) * mss) {
                return first;
            }
        }
        self.una
    }

    /// Counts the first `mss` bytes that are not acknowledged as lost.
    pub(super) fn lose_first(&mut self, mss: u32) {
        let end = self
            .sacked
            .gap(self.una, self.next)
            .map_or(self.una, |(first, end)| end.min(first + u64::from(mss)));
        self.lost_to = self.lost_to.max(end);
    }

    /// Counts everything in flight as lost and not sent again.
    pub(super) fn lose_all(&mut self) {
        self.lost_to = self.next;
        self.resent_to = self.una;
        self.must_resend = true;
        self.timed = None;
    }

    /// Moves `una` forward.
    pub(super) fn acknowledge(&mut self, ack: u64) {
        self.una = ack;
        self.lost_to = self.lost_to.max(ack);
        self.resent_to = self.resent_to.max(ack);
        self.sacked.remove(0, ack);
    }
}
