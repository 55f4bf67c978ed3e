//! A segment arrives (RFC 9293 section 3.10.7, with the checks of RFC 5961 and RFC 7323).

use super::config::{MAX_OWED, MAX_WINDOW_SHIFT, RTO_AFTER_LOST_SYN, TIME_WAIT, TIMESTAMP_AGE};
use super::congestion::Congestion;
use super::connection::{Connection, Failure, State};
use super::listen::refuse;
use super::receive::Arrival;
use super::rejection::Rejection;
use super::segment::{Flags, Segment};
use super::sequence::{before, first, widen};
use crate::buffers::Holders;

impl Connection {
    /// Takes a segment that arrived for this connection, and its payload's holder. A closed connection answers with a
    /// reset, as a closed port does. Returns why it came to nothing, if it did; its acknowledgement may have counted all the
    /// same.
    pub fn on_segment(
        &mut self,
        now: u64,
        segment: Segment,
        holders: &mut impl Holders,
    ) -> Option<Rejection> {
        let (payload_taken, rejection) = match self.state {
            State::Closed => {
                self.reply = self.reply.or_else(|| refuse(&segment));
                (false, Some(Rejection::Closed))
            }
            State::SynSent => (false, self.on_segment_in_syn_sent(now, &segment, holders)),
            _ => self.on_segment_with_numbers(now, &segment, holders),
        };
        if let Some(chunk) = segment.payload
            && !payload_taken
        {
            holders.release(chunk.payload);
        }
        rejection
    }

    /// RFC 9293 section 3.10.7.3. Payload and FIN on a SYN are left to the peer to repeat.
    fn on_segment_in_syn_sent(
        &mut self,
        now: u64,
        segment: &Segment,
        holders: &mut impl Holders,
    ) -> Option<Rejection> {
        let flags = segment.flags;
        let acknowledged = flags.has(Flags::ACK).then(|| widen(self.sender.next, segment.ack));
        let good = acknowledged.is_some_and(|ack| self.sender.syn < ack && ack <= self.sender.next);
        if acknowledged.is_some() && !good {
            self.reply = refuse(segment);
            return Some(Rejection::Acknowledgement);
        }
        if flags.has(Flags::RST) {
            if good {
                self.finish(Some(Failure::Refused), holders);
            }
            return (!good).then_some(Rejection::Reset);
        }
        if !flags.has(Flags::SYN) {
            return Some(Rejection::NoSyn);
        }
        self.take_syn(now, segment);
        match acknowledged {
            Some(ack) => {
                self.open(now, ack, segment);
                self.acknowledge.now = true;
            }
            // Both ends opened at the same time (RFC 9293 section 3.5, figure 7).
            None => {
                self.state = State::SynReceived;
                self.syn_due = true;
            }
        }
        None
    }

    /// The peer's SYN: its number and what it offers.
    pub(super) fn take_syn(&mut self, now: u64, syn: &Segment) {
        let options = &syn.options;
        self.sender.limit_mss(options.mss);
        if let Some(shift) = options.window_scale {
            self.scales = self.config.window_scaling;
            self.sender.shift = if self.scales { shift.min(MAX_WINDOW_SHIFT) } else { 0 };
        }
        let number = first(syn.seq);
        self.receiver.synchronise(number, if self.scales { self.receiver.shift_to_offer() } else { 0 });
        self.acknowledge.sent = number;
        self.sender.sack = self.config.sack && options.sack_permitted;
        self.clocks = self.clocks.and_then(|mut clocks| {
            clocks.recent = Some((options.timestamps?.value, now));
            Some(clocks)
        });
    }

    /// Our SYN is acknowledged: the connection is open.
    fn open(&mut self, now: u64, ack: u64, segment: &Segment) {
        self.state = State::Established;
        self.syn_due = false;
        self.timer = None;
        if let Some((_, sent)) = self.sender.timed.take() {
            self.round_trip.measure(now.saturating_sub(sent));
        }
        if self.timeouts > 0 {
            self.round_trip.forget_back_off();
            self.round_trip.at_least(RTO_AFTER_LOST_SYN);
        }
        // RFC 6928 section 2: one lost SYN alone does not shrink the initial window.
        let mss = self.payload_mss();
        self.congestion =
            Congestion::new(if self.timeouts > 1 { mss } else { Congestion::initial_window(mss) });
        self.timeouts = 0;
        self.sender.acknowledge(ack);
        // The window of a SYN is never scaled (RFC 7323 section 2.2).
        let shift = if segment.flags.has(Flags::SYN) { 0 } else { self.sender.shift };
        self.sender.window = u32::from(segment.window) << shift;
        self.sender.largest_window = self.sender.window;
        self.sender.window_from = (widen(self.receiver.next(), segment.seq), ack);
        if self.sender.fin {
            self.leave_on_fin();
        }
    }

    /// RFC 9293 section 3.10.7.4. Whether the payload's holder was taken, and why the segment came to nothing.
    fn on_segment_with_numbers(
        &mut self,
        now: u64,
        segment: &Segment,
        holders: &mut impl Holders,
    ) -> (bool, Option<Rejection>) {
        let seq = widen(self.receiver.next(), segment.seq);
        if let Err(rejection) = self.check(now, seq, segment, holders) {
            return (false, rejection);
        }
        let ack = widen(self.sender.next, segment.ack);
        if self.state == State::SynReceived {
            if ack <= self.sender.una || ack > self.sender.next {
                self.reply = refuse(segment);
                return (false, Some(Rejection::Acknowledgement));
            }
            self.open(now, ack, segment);
        } else if ack > self.sender.next || ack + u64::from(self.sender.largest_window) < self.sender.una {
            self.challenge(now); // RFC 5961 section 5.2
            return (false, Some(Rejection::Acknowledgement));
        }
        self.on_acknowledgement(now, seq, ack, segment, holders);
        self.advance_state_on_ack(now, holders);
        if segment.flags.has(Flags::SYN) {
            return (false, None);
        }
        let (taken, rejection) = self.take_payload(now, seq, segment, holders);
        if self.state != State::Closed {
            self.take_fin(now, seq, segment, holders);
        }
        (taken, rejection)
    }

    /// The checks before the acknowledgement is looked at: SYN and RST (RFC 5961 sections 3 and 4), old duplicates (RFC 7323
    /// section 5), the window (RFC 9293 section 3.4).
    ///
    /// # Errors
    /// The segment goes no further: with a reason, or without one when it has done what it was sent for.
    fn check(
        &mut self,
        now: u64,
        seq: u64,
        segment: &Segment,
        holders: &mut impl Holders,
    ) -> Result<(), Option<Rejection>> {
        let (next, edge) = (self.receiver.next(), self.receiver.edge());
        let flags = segment.flags;
        if flags.has(Flags::RST) {
            if self.state == State::TimeWait {
                return Err(Some(Rejection::Reset)); // RFC 1337 section 3
            }
            if seq == next {
                let refused = self.state == State::SynReceived && !self.passive;
                let failure = if refused { Failure::Refused } else { Failure::Reset };
                self.finish(Some(failure), holders);
                return Err(None);
            }
            if next < seq && seq < edge {
                self.challenge(now);
                return Err(Some(Rejection::Reset));
            }
            return Err(Some(Rejection::Window));
        }
        if flags.has(Flags::SYN) {
            if self.state != State::SynReceived || seq + 1 != next {
                self.challenge(now);
                return Err(Some(Rejection::Syn));
            }
            // The peer's SYN again: alone it wants our answer again; with an acknowledgement both ends have opened at once.
            self.syn_due |= !flags.has(Flags::ACK);
            return if flags.has(Flags::ACK) { Ok(()) } else { Err(Some(Rejection::Duplicate)) };
        }
        let len = u64::from(segment.sequence_len());
        if let Some(clocks) = self.clocks {
            let (Some(times), Some((recent, since))) = (segment.options.timestamps, clocks.recent) else {
                return Err(Some(Rejection::Timestamp)); // RFC 7323 section 3.2: it is dropped
            };
            if before(times.value, recent) && now.saturating_sub(since) < TIMESTAMP_AGE {
                self.answer_unacceptable(now, len);
                return Err(Some(Rejection::Timestamp));
            }
        }
        // A segment that begins at the window's edge is let in although none of it fits: its acknowledgement counts, and
        // that is how a probe of a closed window looks (RFC 9293 section 3.10.7.4).
        let acceptable = seq <= edge && if len == 0 { next <= seq } else { next < seq + len };
        if !acceptable {
            if self.state == State::TimeWait && flags.has(Flags::FIN) {
                self.linger = Some(now + TIME_WAIT);
            }
            self.answer_unacceptable(now, len);
            let known = len > 0 && seq + len <= next;
            return Err(Some(if known { Rejection::Duplicate } else { Rejection::Window }));
        }
        // RFC 7323 section 4.3: only a segment that covers what was last acknowledged tells the peer's time.
        if let (Some(clocks), Some(times)) = (&mut self.clocks, segment.options.timestamps)
            && seq <= self.acknowledge.sent
        {
            clocks.recent = Some((times.value, now));
        }
        if flags.has(Flags::ACK) { Ok(()) } else { Err(Some(Rejection::Acknowledgement)) }
    }

    /// What is not acceptable is answered with an acknowledgement (RFC 9293 section 3.10.7.4): at once when it carries
    /// something, since then an acknowledgement of ours was lost; else within the limit, or two ends could answer each
    /// other for ever.
    fn answer_unacceptable(&mut self, now: u64, len: u64) {
        if len > 0 {
            self.acknowledge.now = true;
        } else {
            self.challenge(now);
        }
    }

    /// An acknowledgement for something unexpected (RFC 5961), within its limit.
    pub(super) fn challenge(&mut self, now: u64) {
        if self.challenges.allow(now) {
            self.acknowledge.now = true;
        }
    }

    /// What an acknowledged FIN of ours brings.
    fn advance_state_on_ack(&mut self, now: u64, holders: &mut impl Holders) {
        if !self.sender.fin_acknowledged() {
            return;
        }
        match self.state {
            State::FinWait1 => {
                self.state = State::FinWait2;
                self.linger = self.orphan.then_some(now + TIME_WAIT);
            }
            State::Closing => {
                self.state = State::TimeWait;
                self.linger = Some(now + TIME_WAIT);
            }
            State::LastAck => self.finish(None, holders),
            _ => {}
        }
    }

    /// Payload, in the states that take any. Whether its holder was taken, and why it came to nothing.
    fn take_payload(
        &mut self,
        now: u64,
        seq: u64,
        segment: &Segment,
        holders: &mut impl Holders,
    ) -> (bool, Option<Rejection>) {
        let Some(chunk) = segment.payload else { return (false, None) };
        if !matches!(self.state, State::Established | State::FinWait1 | State::FinWait2) {
            self.acknowledge.now = true;
            return (false, Some(Rejection::Window));
        }
        if self.orphan && seq + u64::from(chunk.len) > self.receiver.next() {
            self.abort(holders);
            return (false, Some(Rejection::Closed));
        }
        let due = &mut self.acknowledge;
        due.largest = due.largest.max(chunk.len.min(u32::from(self.config.mss)));
        let arrival = self.receiver.insert(seq, chunk, holders);
        match arrival {
            // RFC 9293 section 3.8.6.3: at least every second full-sized segment, the others within the delay.
            Arrival::InOrder => {
                due.bytes = due.bytes.saturating_add(chunk.len);
                if self.config.ack_delay == 0 || due.bytes >= 2 * due.largest {
                    due.now = true;
                } else {
                    due.by = due.by.or(Some(now + self.config.ack_delay));
                }
            }
            // RFC 5681 section 4.2: at once.
            Arrival::Filled | Arrival::Useless => due.now = true,
            Arrival::Early => due.early = (due.early + 1).min(MAX_OWED),
        }
        (true, (arrival == Arrival::Useless).then_some(Rejection::Duplicate))
    }

    /// The peer's FIN, now or when what lies before it has come.
    fn take_fin(&mut self, now: u64, seq: u64, segment: &Segment, holders: &mut impl Holders) {
        if !matches!(self.state, State::Established | State::FinWait1 | State::FinWait2) {
            return;
        }
        if segment.flags.has(Flags::FIN) {
            self.receiver.finish_at(seq + u64::from(segment.payload_len()));
            self.acknowledge.now = true;
        }
        if !self.receiver.step_over_fin() {
            return;
        }
        self.receiver.discard_early(holders); // nothing follows a FIN
        self.acknowledge.now = true;
        match self.state {
            State::Established => self.state = State::CloseWait,
            State::FinWait1 => self.state = State::Closing,
            State::FinWait2 => {
                self.state = State::TimeWait;
                self.linger = Some(now + TIME_WAIT);
            }
            _ => {}
        }
    }
}
