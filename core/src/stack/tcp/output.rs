//! What to send next (RFC 9293 sections 3.7.4, 3.8.6 and 3.10.8): timers, retransmissions, new data, acknowledgements.

use super::config::{MAX_SYN_TIMEOUTS, MAX_TIMEOUTS, OVERRIDE};
use super::connection::{Connection, Failure, State};
use super::options::Options;
use super::segment::{Flags, Outgoing, Parts};
use crate::buffers::Holders;

/// Numbers that may go now.
struct Chosen {
    from: u64,
    len: u64,
    /// Their bytes, where they had to be looked up to choose.
    parts: Option<Parts>,
}

impl Connection {
    /// The next segment to send, if any; runs the timers that are due. To be called until it yields nothing.
    pub fn poll(&mut self, now: u64, holders: &mut impl Holders) -> Option<Outgoing> {
        self.run_timers(now, holders);
        if let Some(reply) = self.reply.take() {
            return Some(reply);
        }
        match self.state {
            State::Closed => None,
            State::SynSent | State::SynReceived if self.syn_due => Some(self.syn(now)),
            State::SynSent => None,
            State::SynReceived => self.next_acknowledgement(now),
            _ => self.next_data(now).or_else(|| self.next_acknowledgement(now)),
        }
    }

    /// When [`Self::poll`] has something to do next even if nothing arrives and nobody calls; `None`: never.
    pub fn next_time(&self) -> Option<u64> {
        [self.timer, self.acknowledge.by, self.linger].into_iter().flatten().min()
    }

    fn run_timers(&mut self, now: u64, holders: &mut impl Holders) {
        if self.linger.is_some_and(|end| end <= now) {
            self.finish(None, holders);
        }
        if self.acknowledge.by.is_some_and(|by| by <= now) {
            self.acknowledge.now = true;
        }
        if self.timer.is_some_and(|at| at <= now) {
            self.on_timeout(now, holders);
        }
    }

    /// The retransmission timer (RFC 6298 section 5), the persist timer (RFC 9293 section 3.8.6.1) or the override timer
    /// (section 3.8.6.2.1): which one it is, the state of window and flight tells.
    fn on_timeout(&mut self, now: u64, holders: &mut impl Holders) {
        let opening = matches!(self.state, State::SynSent | State::SynReceived);
        let closed_window = self.sender.window == 0;
        if !opening && !closed_window && self.sender.flight() == 0 {
            self.small_allowed = true;
            self.timer = None;
            return;
        }
        let again = self.timeouts > 0;
        self.timeouts += 1;
        if self.timeouts > if opening { MAX_SYN_TIMEOUTS } else { MAX_TIMEOUTS } {
            self.finish(Some(Failure::TimedOut { timeouts: self.timeouts }), holders);
            return;
        }
        self.round_trip.back_off();
        self.sender.timed = None;
        if opening {
            self.syn_due = true;
        } else if closed_window {
            self.probe_due = true;
        } else {
            let (next, flight, mss) = (self.sender.next, self.sender.flight(), self.payload_mss());
            self.congestion.time_out(next, flight, mss, again);
            // The peer may have dropped what it had acknowledged selectively (RFC 2018 section 8).
            self.sender.sacked.clear();
            self.sender.duplicates = 0;
            self.sender.lose_all();
        }
        self.timer = Some(now + self.round_trip.timeout());
    }

    /// The SYN or SYN-ACK, with what this side offers, or accepts of what the peer offered.
    fn syn(&mut self, now: u64) -> Outgoing {
        let answers = self.state == State::SynReceived;
        let first_time = self.sender.next == self.sender.syn;
        self.syn_due = false;
        self.sender.next = self.sender.syn + 1;
        self.sender.timed = if first_time { Some((self.sender.next, now)) } else { None };
        self.timer = self.timer.or(Some(now + self.round_trip.timeout()));
        // An answer offers what the peer offered too (RFC 7323 section 2.2, RFC 2018 section 2).
        let scales = if answers { self.scales } else { self.config.window_scaling };
        let options = Options {
            mss: Some(self.config.mss),
            window_scale: scales.then(|| self.receiver.shift_to_offer()),
            sack_permitted: if answers { self.sender.sack } else { self.config.sack },
            timestamps: self.clocks.map(|clocks| clocks.stamp(now)),
            ..Options::default()
        };
        if answers {
            self.acknowledge.sent = self.receiver.next();
        }
        Outgoing {
            seq: self.sender.syn as u32,
            ack: if answers { self.receiver.next() as u32 } else { 0 },
            flags: if answers { Flags::SYN.with(Flags::ACK) } else { Flags::SYN },
            window: self.receiver.unscaled_window(),
            options,
            mss: self.payload_mss(),
            ..Outgoing::default()
        }
    }

    /// Data (or a FIN) that may go now.
    fn next_data(&mut self, now: u64) -> Option<Outgoing> {
        let options = self.data_options(now);
        let mss = (u32::from(self.sender.mss) - options.len() as u32).max(1);
        let again = self.probe().or_else(|| self.retransmission(mss));
        let chosen = again.map(|(from, len)| Chosen { from, len, parts: None });
        let Some(chosen) = chosen.or_else(|| self.new_data(now, mss)) else {
            self.arm(now);
            return None;
        };
        Some(self.segment(now, chosen, mss, options))
    }

    /// One number beyond a closed window.
    fn probe(&mut self) -> Option<(u64, u64)> {
        if !self.probe_due {
            return None;
        }
        self.probe_due = false;
        (self.sender.window == 0 && self.sender.una < self.sender.end()).then_some((self.sender.una, 1))
    }

    /// The next lost range, as far as the congestion window and the peer's window let it go. Never more than a segment at
    /// a time.
    fn retransmission(&mut self, mss: u32) -> Option<(u64, u64)> {
        let Some((from, end)) = self.sender.lost() else {
            self.sender.must_resend = false;
            return None;
        };
        let len = (end - from).min(u64::from(mss)).min(self.sender.edge().saturating_sub(from));
        let room = self.sender.in_network(mss) + len <= u64::from(self.congestion.window());
        if len == 0 || !(room || self.sender.must_resend) {
            return None;
        }
        self.sender.must_resend = false;
        Some((from, len))
    }

    /// Data that was never sent: none while lost data waits (NextSeg of RFC 6675 section 4).
    fn new_data(&mut self, now: u64, mss: u32) -> Option<Chosen> {
        let sender = &self.sender;
        if sender.next == sender.end() || sender.lost().is_some() {
            return None;
        }
        if sender.flight() == 0 && now.saturating_sub(sender.last_sent) > self.round_trip.timeout() {
            self.congestion.restart(self.payload_mss());
        }
        let sender = &self.sender;
        let (mss, queued) = (u64::from(mss), sender.queue.end().saturating_sub(sender.next));
        let usable = sender.edge().saturating_sub(sender.next);
        let room = u64::from(self.congestion.window()).saturating_sub(sender.in_network(mss as u32));
        if room < mss.min(queued).min(usable) {
            return None;
        }
        let most = u64::from(self.config.tso).max(mss);
        let mut len = queued.min(usable).min(room).min(most);
        // Whole segments, unless it is the last of the queue and may go.
        let rest_may_go = sender.fin || !self.config.nagle;
        if len > mss && (len < queued || !rest_may_go) {
            len -= len % mss;
        }
        let (parts, ranges_ran_out) = sender.queue.gather(sender.next, len);
        len = u64::from(parts.len());
        let last = len == queued;
        let fin = last && sender.fin && usable > len;
        // Nagle (RFC 9293 section 3.7.4) and silly window avoidance (section 3.8.6.2.1).
        let go = len >= mss
            || ranges_ran_out
            || (last && (fin || rest_may_go || sender.flight() == 0))
            || (len > 0 && len * 2 >= u64::from(sender.largest_window))
            || (len > 0 && self.small_allowed);
        let len = len + u64::from(fin);
        (go && len > 0).then_some(Chosen { from: sender.next, len, parts: Some(parts) })
    }

    /// Builds the segment of the chosen numbers, and notes that it was sent.
    fn segment(&mut self, now: u64, chosen: Chosen, mss: u32, options: Options) -> Outgoing {
        let Chosen { from, len, parts } = chosen;
        let queue = &self.sender.queue;
        let queue_end = queue.end();
        let parts = parts.unwrap_or_else(|| queue.gather(from, len.min(queue_end.saturating_sub(from))).0);
        let data_end = from + u64::from(parts.len());
        let fin = self.sender.fin && data_end == queue_end && from + len > queue_end;
        let end = data_end + u64::from(fin);
        let sender = &mut self.sender;
        if from < sender.next {
            sender.resent_to = sender.resent_to.max(end);
            sender.timed = None;
        } else if sender.timed.is_none() {
            sender.timed = Some((end, now));
        }
        sender.next = sender.next.max(end);
        sender.last_sent = now;
        if sender.in_network(mss) + u64::from(mss) > u64::from(self.congestion.window()) {
            sender.limited_to = sender.next;
        }
        self.small_allowed = false;
        self.timer = self.timer.or(Some(now + self.round_trip.timeout()));
        let mut flags = Flags::ACK;
        if !parts.is_empty() && data_end == queue_end {
            flags = flags.with(Flags::PSH);
        }
        if fin {
            flags = flags.with(Flags::FIN);
        }
        Outgoing { parts, mss, ..self.acknowledging(from, flags, options) }
    }

    /// Starts the timer that will get things going again when nothing else does.
    fn arm(&mut self, now: u64) {
        let sender = &self.sender;
        if self.timer.is_some() || sender.una == sender.end() {
            return;
        }
        let idle = sender.flight() == 0;
        let wait = if idle && sender.window > 0 { OVERRIDE } else { self.round_trip.timeout() };
        self.timer = Some(now + wait);
    }

    /// An acknowledgement without data that is due.
    fn next_acknowledgement(&mut self, now: u64) -> Option<Outgoing> {
        let due = &mut self.acknowledge;
        if due.early > 0 {
            due.early -= 1;
        } else if !due.now {
            return None;
        }
        let options = self.data_options(now);
        Some(Outgoing {
            mss: self.payload_mss(),
            ..self.acknowledging(self.sender.next, Flags::ACK, options)
        })
    }

    /// Timestamps, and blocks of selective acknowledgement when there is something to report.
    fn data_options(&self, now: u64) -> Options {
        let timestamps = self.clocks.map(|clocks| clocks.stamp(now));
        let mut options = Options { timestamps, ..Options::default() };
        if self.sender.sack && self.receiver.has_early() {
            options.sack = self.receiver.blocks(options.timestamps.is_some());
        }
        options
    }

    /// A segment that acknowledges all there is; nothing more is owed then, but for the repeated acknowledgements that the
    /// peer counts, which carry no data (RFC 5681 section 2).
    fn acknowledging(&mut self, seq: u64, flags: Flags, options: Options) -> Outgoing {
        let window = self.receiver.offer(self.payload_mss());
        let due = &mut self.acknowledge;
        due.now = false;
        due.by = None;
        due.bytes = 0;
        due.sent = self.receiver.next();
        Outgoing {
            seq: seq as u32,
            ack: self.receiver.next() as u32,
            flags,
            window,
            options,
            ..Outgoing::default()
        }
    }
}
