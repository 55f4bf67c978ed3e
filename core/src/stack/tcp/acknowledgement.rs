//! The peer acknowledges: what leaves the send queue, how its window moves, what it shows to be lost (RFC 9293 section
//! 3.10.7.4, RFC 5681 section 3.2, RFC 6582 section 3.2, RFC 6675 section 5).

use super::config::{DUPLICATES, MILLISECOND, TIMESTAMP_AGE};
use super::congestion::Phase;
use super::connection::Connection;
use super::segment::{Flags, Segment};
use crate::buffers::Holders;

impl Connection {
    /// Takes the acknowledgement, the window and the blocks of an acceptable segment; `ack` lies at most at SND.NXT.
    pub(super) fn on_acknowledgement(
        &mut self,
        now: u64,
        seq: u64,
        ack: u64,
        segment: &Segment,
        holders: &mut impl Holders,
    ) {
        if self.sender.window == 0 {
            self.timeouts = 0; // a peer with a closed window lives as long as it answers (RFC 9293 section 3.8.6.1)
        }
        let flight = self.sender.flight();
        let old_window = self.sender.window;
        self.take_window(seq, ack, segment);
        let advances = ack > self.sender.una;
        if advances {
            self.take_advance(now, ack, segment, holders);
        }
        let mut news = false;
        if self.sender.sack {
            for &(first, end) in segment.options.sack.as_slice() {
                news |= self.sender.take_block(first, end);
            }
        }
        let bare =
            segment.payload.is_none() && !segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::FIN);
        let repeated = !advances && ack == self.sender.una && bare && old_window == self.sender.window;
        let duplicate = if self.sender.sack { news } else { repeated && flight > 0 };
        // After a timeout everything is sent again anyway (RFC 6582 section 4).
        if duplicate && !matches!(self.congestion.phase(), Phase::Loss(_)) {
            self.sender.duplicates = self.sender.duplicates.saturating_add(u32::from(!advances));
            self.look_for_loss();
        }
        if old_window == 0 && self.sender.window > 0 {
            self.on_window_opened(now);
        }
    }

    /// RFC 9293 section 3.10.7.4: only a segment that is not older than the last one that did may change the window.
    fn take_window(&mut self, seq: u64, ack: u64, segment: &Segment) {
        let sender = &mut self.sender;
        if ack >= sender.una && (seq, ack) >= sender.window_from {
            // The window of a SYN is never scaled (RFC 7323 section 2.2).
            let shift = if segment.flags.has(Flags::SYN) { 0 } else { sender.shift };
            sender.window = u32::from(segment.window) << shift;
            sender.largest_window = sender.largest_window.max(sender.window);
            sender.window_from = (seq, ack);
        }
    }

    /// Something new is acknowledged.
    fn take_advance(&mut self, now: u64, ack: u64, segment: &Segment, holders: &mut impl Holders) {
        let (una, mss) = (self.sender.una, self.payload_mss());
        let acked = ack - una;
        let head_was_resent = self.sender.resent_to > una;
        self.measure(now, ack, segment);
        self.sender.acknowledge(ack);
        self.sender.queue.release_to(ack, holders);
        self.timeouts = 0;
        self.small_allowed = false;
        let used = una < self.sender.limited_to;
        self.congestion.on_ack(ack, acked, self.sender.flight(), used, mss);
        match self.congestion.phase() {
            // A partial acknowledgement: the segment it stops at is lost too (RFC 6582 section 3.2 step 3).
            Phase::Recovery(_) => {
                if !self.sender.sack {
                    // All but the one that was sent again had been counted as duplicates before.
                    let segments = (acked / u64::from(mss)) as u32;
                    self.sender.duplicates -= self.sender.duplicates.min(segments.saturating_sub(1));
                }
                if self.sender.resent_to <= ack && head_was_resent {
                    self.sender.lose_first(mss);
                    self.sender.must_resend = true;
                }
            }
            Phase::Open | Phase::Loss(_) => self.sender.duplicates = 0,
        }
        // RFC 6298 sections 5.2 and 5.3.
        self.timer = (self.sender.flight() > 0).then(|| now + self.round_trip.timeout());
    }

    /// A round trip: from the segment being timed, or where retransmissions make that ambiguous, from the timestamp that
    /// comes back (RFC 7323 section 4.1).
    fn measure(&mut self, now: u64, ack: u64, segment: &Segment) {
        match self.sender.timed {
            Some((end, sent)) if ack >= end => {
                self.round_trip.measure(now.saturating_sub(sent));
                self.sender.timed = None;
            }
            Some(_) => {}
            None => {
                let (Some(clocks), Some(times)) = (self.clocks, segment.options.timestamps) else { return };
                let elapsed = u64::from(clocks.stamp(now).value.wrapping_sub(times.echo)) * MILLISECOND;
                if elapsed <= now.min(TIMESTAMP_AGE) {
                    self.round_trip.measure(elapsed.max(MILLISECOND));
                }
            }
        }
    }

    /// A duplicate acknowledgement came: three of them, or blocks that say as much, begin a recovery; within one, blocks
    /// tell what else is lost.
    fn look_for_loss(&mut self) {
        let mss = self.payload_mss();
        let lost_to = if self.sender.sack { self.sender.lost_by_blocks(mss) } else { self.sender.una };
        match self.congestion.phase() {
            Phase::Open => {
                if self.sender.duplicates >= DUPLICATES || lost_to > self.sender.una {
                    self.congestion.enter_recovery(self.sender.next, self.sender.flight(), mss);
                    self.sender.resent_to = self.sender.una;
                    self.sender.lost_to = self.sender.una.max(lost_to);
                    self.sender.lose_first(mss);
                    self.sender.must_resend = true;
                    self.sender.timed = None;
                }
            }
            Phase::Recovery(_) => self.sender.lost_to = self.sender.lost_to.max(lost_to),
            Phase::Loss(_) => {}
        }
    }

    /// The window was closed and is open again: what probed it goes again at once, and so does what the peer dropped if it
    /// had taken the window back. No congestion, so the window for that stays.
    fn on_window_opened(&mut self, now: u64) {
        self.round_trip.forget_back_off();
        self.probe_due = false;
        self.timer = None;
        if self.sender.flight() > 0 {
            self.sender.lose_all();
            self.timer = Some(now + self.round_trip.timeout());
        }
    }
}
