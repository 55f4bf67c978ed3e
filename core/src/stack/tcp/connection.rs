//! A TCP connection (RFC 9293): what the socket layer and the demultiplexer call.

use thiserror::Error;

use super::challenge::Limiter;
use super::config::{Config, LEAST_MSS, MILLISECOND, TIME_WAIT};
use super::congestion::Congestion;
use super::iss::Initial;
use super::options::Timestamps;
use super::receive::Receiver;
use super::rtt::RoundTrip;
use super::segment::{Flags, Outgoing, Segment};
use super::sender::Sender;
use super::sequence::widen;
use super::time_wait::TimeWait;
use crate::buffers::{Chunk, Holders};

/// Bytes that the timestamps option takes in a header, padding included (RFC 7323 appendix A).
const TIMESTAMP_BYTES: u32 = 12;

/// States of a connection (RFC 9293 section 3.3.2). LISTEN is a table of the socket layer's ([`super::listen`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A SYN was sent (or is about to be).
    SynSent,
    /// A SYN was received and answered.
    SynReceived,
    /// Open both ways.
    Established,
    /// This side has closed; its FIN is not acknowledged.
    FinWait1,
    /// This side has closed; the peer has not.
    FinWait2,
    /// The peer has closed; this side has not.
    CloseWait,
    /// Both have closed at the same time; our FIN is not acknowledged.
    Closing,
    /// Both have closed, the peer first; our FIN is not acknowledged.
    LastAck,
    /// Both have closed; old segments are waited out.
    TimeWait,
    /// There is no connection any more.
    Closed,
}

/// Why a connection ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// The peer answered the SYN with a reset.
    #[error("connection refused")]
    Refused,
    /// The peer reset the connection.
    #[error("connection reset by peer")]
    Reset,
    /// This side reset it.
    #[error("connection aborted")]
    Aborted,
    /// The peer did not answer.
    #[error("connection timed out after {timeouts} timeouts in a row")]
    TimedOut {
        /// Timeouts in a row.
        timeouts: u32,
    },
    /// The network says that the peer cannot be reached.
    #[error("destination unreachable")]
    Unreachable,
}

/// A write that was not taken; its holder stays with the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WriteError {
    /// More bytes than the send queue has room for now.
    #[error("{len} bytes do not fit: the send queue has room for {space}")]
    Full {
        /// Bytes of the chunk.
        len: u32,
        /// Bytes that would fit ([`Connection::writable`]).
        space: u32,
    },
    /// A chunk without bytes.
    #[error("an empty chunk")]
    Empty,
    /// The sending direction is closed.
    #[error("the sending direction is closed")]
    Closed,
}

/// One end of a TCP connection.
///
/// It never sees a byte: queues hold [`Chunk`]s. Time is passed in as nanoseconds and never goes back. After each call
/// that changes something (`on_segment`, `write`, `read`, `shutdown`, `close`, `abort`), and when [`Self::next_time`] has
/// come, call [`Self::poll`] until it yields nothing. Whatever is in it is plain data: a clone is a checkpoint (of the
/// holders too, if the holders are cloned with it).
///
/// Holders: a payload comes with one holder that passes to the connection ([`Self::write`], [`Self::on_segment`]) and is
/// released when acknowledged, dropped or discarded; what [`Self::read`] yields has one holder a chunk that passes to the
/// caller. [`Self::close`] and [`Self::abort`] release all that nobody will need; a connection in state `Closed` whose
/// receive queue was read (or that was closed or aborted) holds nothing.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(super) config: Config,
    pub(super) state: State,
    pub(super) failure: Option<Failure>,
    /// Opened by a peer's SYN.
    pub(super) passive: bool,
    /// Nobody reads any more ([`Self::close`]).
    pub(super) orphan: bool,
    /// Windows are scaled both ways.
    pub(super) scales: bool,
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
    pub(super) round_trip: RoundTrip,
    pub(super) congestion: Congestion,
    pub(super) acknowledge: Acknowledge,
    pub(super) clocks: Option<Clocks>,
    pub(super) challenges: Limiter,
    /// When data (or a SYN, or a probe) is sent again.
    pub(super) timer: Option<u64>,
    /// Timeouts since the peer last acknowledged something.
    pub(super) timeouts: u32,
    /// The SYN (or SYN-ACK) is to be sent.
    pub(super) syn_due: bool,
    /// One number may be sent against a closed window (RFC 9293 section 3.8.6.1).
    pub(super) probe_due: bool,
    /// A small segment may go: the override timeout has passed (RFC 9293 section 3.8.6.2.1).
    pub(super) small_allowed: bool,
    /// When TIME-WAIT ends, or FIN-WAIT-2 where nobody reads any more.
    pub(super) linger: Option<u64>,
    /// A reset to send.
    pub(super) reply: Option<Outgoing>,
}

/// Acknowledgements that are owed.
#[derive(Clone, Debug, Default)]
pub(super) struct Acknowledge {
    /// One is due at once.
    pub(super) now: bool,
    /// One is due for each of these segments that came before their turn, so that the peer can count them.
    pub(super) early: u32,
    /// One is due by then.
    pub(super) by: Option<u64>,
    /// Payload bytes since the last one.
    pub(super) bytes: u32,
    /// Largest payload seen: what counts as a full-sized segment.
    pub(super) largest: u32,
    /// Acknowledgement number last sent (Last.ACK.sent of RFC 7323 section 4.3).
    pub(super) sent: u64,
}

/// Timestamps that both sides have agreed upon, or (before that) that this side offers (RFC 7323 section 4).
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    /// Added to our clock.
    pub(super) offset: u32,
    /// The peer's last timestamp (TS.Recent), and when it came; `None` until its SYN has come.
    pub(super) recent: Option<(u32, u64)>,
}

impl Clocks {
    /// The option of a segment that leaves now.
    pub(super) fn stamp(&self, now: u64) -> Timestamps {
        let value = self.offset.wrapping_add((now / MILLISECOND) as u32);
        Timestamps { value, echo: self.recent.map_or(0, |(value, _)| value) }
    }
}

impl Connection {
    fn new(config: &Config, initial: Initial, state: State) -> Self {
        let sender = Sender::new(config, initial.sequence);
        let mss = u32::from(sender.mss);
        Self {
            config: *config,
            state,
            failure: None,
            passive: state == State::SynReceived,
            orphan: false,
            scales: false,
            sender,
            receiver: Receiver::new(config),
            round_trip: RoundTrip::new(config.least_rto),
            congestion: Congestion::new(Congestion::initial_window(mss)),
            acknowledge: Acknowledge::default(),
            clocks: config.timestamps.then_some(Clocks { offset: initial.timestamp, recent: None }),
            challenges: Limiter::default(),
            timer: None,
            timeouts: 0,
            syn_due: true,
            probe_due: false,
            small_allowed: false,
            linger: None,
            reply: None,
        }
    }

    /// Opens actively: the first [`Self::poll`] yields the SYN.
    pub fn connect(config: &Config, initial: Initial) -> Self {
        Self::new(config, initial, State::SynSent)
    }

    /// Opens passively: takes the SYN that [`super::listen`] said to accept; the first [`Self::poll`] yields the SYN-ACK.
    /// Payload on the SYN is not taken (the caller releases it; the peer repeats it).
    pub fn accept(config: &Config, initial: Initial, syn: &Segment, now: u64) -> Self {
        let mut connection = Self::new(config, initial, State::SynReceived);
        connection.take_syn(now, syn);
        connection
    }

    /// Appends a chunk to the send queue, and takes over its holder. Possible before the handshake is over.
    ///
    /// # Errors
    /// No room, no bytes, or the direction is closed; nothing is taken.
    pub fn write(&mut self, chunk: Chunk) -> Result<(), WriteError> {
        if !self.may_write() {
            return Err(WriteError::Closed);
        }
        if chunk.len == 0 {
            return Err(WriteError::Empty);
        }
        let space = self.writable();
        if chunk.len > space {
            return Err(WriteError::Full { len: chunk.len, space });
        }
        self.sender.queue.push(chunk);
        Ok(())
    }

    /// Bytes that [`Self::write`] takes now; 0 once the direction is closed.
    pub fn writable(&self) -> u32 {
        if !self.may_write() {
            return 0;
        }
        self.config.send_buffer.saturating_sub(self.sender.queue.len() as u32)
    }

    /// Whether a write may succeed now or later: the direction is not closed by this side and the connection lives.
    pub fn may_write(&self) -> bool {
        let open =
            matches!(self.state, State::SynSent | State::SynReceived | State::Established | State::CloseWait);
        open && !self.sender.fin
    }

    /// Bytes that were written and are not acknowledged yet.
    pub fn unacknowledged(&self) -> u32 {
        self.sender.queue.len() as u32
    }

    /// Takes up to `max` bytes off the receive queue, in order, with one holder a chunk for the caller. Works on a
    /// connection that has ended, until its queue is empty.
    pub fn read(&mut self, max: u32, holders: &mut impl Holders) -> Vec<Chunk> {
        let chunks = self.receiver.read(max, holders);
        let told = !matches!(self.state, State::SynSent | State::SynReceived | State::Closed);
        if !chunks.is_empty() && told && self.receiver.update_due(self.payload_mss()) {
            self.acknowledge.now = true;
        }
        chunks
    }

    /// Bytes that [`Self::read`] can yield now.
    pub fn readable(&self) -> u32 {
        self.receiver.readable()
    }

    /// Whether the peer has closed its direction and everything was read: the end of the stream.
    pub fn end_of_stream(&self) -> bool {
        self.receiver.finished() && self.readable() == 0
    }

    /// Closes the sending direction: a FIN follows what was written. Reading goes on. Before the handshake is over, the
    /// FIN waits for it.
    pub fn shutdown(&mut self) {
        if self.may_write() {
            self.sender.fin = true;
            self.leave_on_fin();
        }
    }

    /// The change of state that a FIN of ours brings (RFC 9293 section 3.10.4).
    pub(super) fn leave_on_fin(&mut self) {
        match self.state {
            State::Established => self.state = State::FinWait1,
            State::CloseWait => self.state = State::LastAck,
            _ => {}
        }
    }

    /// Closes both directions: nobody reads any more. What was written is still sent, then a FIN; if bytes wait unread, or
    /// arrive later, the peer gets a reset instead (RFC 9293 section 3.10.4 with RFC 2525 section 2.17).
    pub fn close(&mut self, now: u64, holders: &mut impl Holders) {
        self.orphan = true;
        if matches!(self.state, State::SynSent | State::Closed) {
            self.finish(None, holders);
        } else if self.receiver.readable() > 0 || self.receiver.has_early() {
            self.abort(holders);
        } else {
            self.shutdown();
            if self.state == State::FinWait2 {
                self.linger = Some(now + TIME_WAIT);
            }
        }
        self.receiver.discard(holders);
    }

    /// Ends the connection at once; the peer gets a reset (RFC 9293 section 3.10.5). Lets go of everything, unread bytes
    /// included.
    pub fn abort(&mut self, holders: &mut impl Holders) {
        if !matches!(self.state, State::SynSent | State::TimeWait | State::Closed) {
            self.reply = Some(Outgoing {
                seq: self.sender.next as u32,
                ack: self.receiver.next() as u32,
                flags: Flags::RST.with(Flags::ACK),
                ..Outgoing::default()
            });
        }
        self.finish(Some(Failure::Aborted), holders);
        self.receiver.discard(holders);
    }

    /// Enters CLOSED; what can be read stays.
    pub(super) fn finish(&mut self, failure: Option<Failure>, holders: &mut impl Holders) {
        if self.state != State::Closed {
            self.state = State::Closed;
            self.failure = failure;
        }
        self.sender.queue.release_to(u64::MAX, holders);
        self.receiver.discard_early(holders);
        self.timer = None;
        self.linger = None;
        self.acknowledge = Acknowledge::default();
    }

    /// An ICMP error says that the peer cannot be reached; `seq` is the sequence number in the packet it quotes. Ends an
    /// attempt to connect; an open connection goes on (RFC 5927 section 5.2). Errors about numbers that are not in flight
    /// are ignored (RFC 5927 section 4.1).
    pub fn on_unreachable(&mut self, seq: u32, holders: &mut impl Holders) {
        if self.in_flight(seq) && matches!(self.state, State::SynSent | State::SynReceived) {
            self.finish(Some(Failure::Unreachable), holders);
        }
    }

    /// The path takes no larger segments than `mss` bytes, options included (path MTU less the fixed headers; RFC 1191,
    /// RFC 8201): whatever is in flight goes again, smaller. `seq` as in [`Self::on_unreachable`].
    pub fn on_path_mss(&mut self, seq: u32, mss: u16) {
        let mss = mss.max(LEAST_MSS);
        if self.in_flight(seq) && mss < self.sender.mss {
            self.sender.mss = mss;
            if !matches!(self.state, State::SynSent | State::SynReceived) {
                self.sender.lose_all();
            }
        }
    }

    fn in_flight(&self, seq: u32) -> bool {
        let seq = widen(self.sender.una, seq);
        self.sender.una <= seq && seq < self.sender.next
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// Why the connection ended before its time, if it did.
    pub fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// Whether the connection has ended and sends nothing more: it can go from the table of connections. What is still
    /// readable stays so.
    pub fn is_finished(&self) -> bool {
        self.state == State::Closed && self.reply.is_none()
    }

    /// In state `TimeWait`, once [`Self::poll`] yields nothing more: the little that answers stray segments
    /// ([`super::TimeWaitTable::insert`]), after which this connection is Closed and serves only to read what is left.
    pub fn take_time_wait(&mut self) -> Option<TimeWait> {
        if self.state != State::TimeWait {
            return None;
        }
        let window = self.receiver.offer(self.payload_mss());
        self.state = State::Closed;
        self.linger = None;
        self.acknowledge = Acknowledge::default();
        Some(TimeWait {
            send_next: self.sender.next as u32,
            receive_next: self.receiver.next() as u32,
            window,
            timestamps: self.clocks.and_then(|clocks| Some((clocks.offset, clocks.recent?.0))),
            offers_timestamps: self.config.timestamps,
            challenges: self.challenges.clone(),
        })
    }

    /// Payload of a full segment that carries no options but timestamps.
    pub(super) fn payload_mss(&self) -> u32 {
        u32::from(self.sender.mss) - if self.clocks.is_some() { TIMESTAMP_BYTES } else { 0 }
    }
}
