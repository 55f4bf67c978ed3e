//! A TCP connection (RFC 9293): what the socket layer and the demultiplexer call.

use thiserror::Error;

use super::config::Config;
use super::iss::Initial;
use super::segment::{Outgoing, Segment};
use super::time_wait::TimeWait;
use crate::stack::chunk::{Chunk, PayloadId};

/// Who counts the holders of payloads: the buffer scheme.
pub trait Holders {
    /// One holder more.
    fn hold(&mut self, payload: PayloadId);
    /// One holder less; the last one's leaving lets the bytes go.
    fn release(&mut self, payload: PayloadId);
}

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
    state: State,
}

impl Connection {
    /// Opens actively: the first [`Self::poll`] yields the SYN.
    pub fn connect(config: &Config, initial: Initial) -> Self {
        unimplemented!()
    }

    /// Opens passively: takes the SYN that [`super::listen`] said to accept; the first [`Self::poll`] yields the SYN-ACK.
    /// Payload on the SYN is not taken (the caller releases it; the peer repeats it).
    pub fn accept(config: &Config, initial: Initial, syn: &Segment, now: u64) -> Self {
        unimplemented!()
    }

    /// Takes a segment that arrived for this connection, and its payload's holder.
    pub fn on_segment(&mut self, now: u64, segment: Segment, holders: &mut impl Holders) {
        unimplemented!()
    }

    /// The next segment to send, if any; runs the timers that are due. To be called until it yields nothing.
    pub fn poll(&mut self, now: u64, holders: &mut impl Holders) -> Option<Outgoing> {
        unimplemented!()
    }

    /// When [`Self::poll`] has something to do next even if nothing arrives and nobody calls; `None`: never.
    pub fn next_time(&self) -> Option<u64> {
        unimplemented!()
    }

    /// Appends a chunk to the send queue, and takes over its holder. Possible before the handshake is over.
    ///
    /// # Errors
    /// No room, or the direction is closed; nothing is taken.
    pub fn write(&mut self, now: u64, chunk: Chunk) -> Result<(), WriteError> {
        unimplemented!()
    }

    /// Bytes that [`Self::write`] takes now; 0 once the direction is closed.
    pub fn writable(&self) -> u32 {
        unimplemented!()
    }

    /// Whether a write may succeed now or later: the direction is not closed by this side and the connection lives.
    pub fn may_write(&self) -> bool {
        unimplemented!()
    }

    /// Takes up to `max` bytes off the receive queue, in order, with one holder a chunk for the caller. Works on a
    /// connection that has ended, until its queue is empty.
    pub fn read(&mut self, max: u32, holders: &mut impl Holders) -> Vec<Chunk> {
        unimplemented!()
    }

    /// Bytes that [`Self::read`] can yield now.
    pub fn readable(&self) -> u32 {
        unimplemented!()
    }

    /// Whether the peer has closed its direction and everything was read: the end of the stream.
    pub fn end_of_stream(&self) -> bool {
        unimplemented!()
    }

    /// Closes the sending direction: a FIN follows what was written. Reading goes on.
    pub fn shutdown(&mut self) {
        unimplemented!()
    }

    /// Closes both directions: nobody reads any more. What was written is still sent, then a FIN; if bytes wait unread, or
    /// arrive later, the peer gets a reset instead (RFC 9293 section 3.10.4 with RFC 2525 section 2.17).
    pub fn close(&mut self, now: u64, holders: &mut impl Holders) {
        unimplemented!()
    }

    /// Ends the connection at once; the peer gets a reset (RFC 9293 section 3.10.5).
    pub fn abort(&mut self, holders: &mut impl Holders) {
        unimplemented!()
    }

    /// An ICMP error says that the peer cannot be reached; `seq` is the sequence number in the packet it quotes. Ends an
    /// attempt to connect; an open connection goes on (RFC 5927 section 5.2). Errors about numbers that are not in flight
    /// are ignored (RFC 5927 section 4.1).
    pub fn on_unreachable(&mut self, seq: u32, holders: &mut impl Holders) {
        unimplemented!()
    }

    /// The path takes no larger segments than `mss` bytes, options included (path MTU less the fixed headers; RFC 8201,
    /// RFC 1191). `seq` as in [`Self::on_unreachable`].
    pub fn on_path_mss(&mut self, seq: u32, mss: u16) {
        unimplemented!()
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// Why the connection ended before its time, if it did.
    pub fn failure(&self) -> Option<Failure> {
        unimplemented!()
    }

    /// Whether the connection has ended and sends nothing more: it can go from the table of connections. What is still
    /// readable stays so.
    pub fn is_finished(&self) -> bool {
        unimplemented!()
    }

    /// In state `TimeWait`: the little that answers stray segments ([`super::TimeWaitTable::insert`]), after which this
    /// connection is Closed and serves only to read what is left.
    pub fn take_time_wait(&mut self) -> Option<TimeWait> {
        unimplemented!()
    }
}
