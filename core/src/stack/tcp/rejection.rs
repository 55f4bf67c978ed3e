//! Why a segment was not taken.

/// What was wrong with a segment, or why it came to nothing. Those that are a peer's mistake, or an attack, are answered as
/// the RFCs say; the others come with every link that loses or repeats packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// Outside of the receive window (RFC 9293 section 3.4), or behind the peer's FIN.
    Window,
    /// Its timestamp is older than one that came before, or missing (RFC 7323 sections 5 and 3.2).
    Timestamp,
    /// It acknowledges what was never sent or long ago, or nothing at all (RFC 9293 section 3.10.7, RFC 5961 section 5).
    Acknowledgement,
    /// A SYN where the connection is open (RFC 5961 section 4).
    Syn,
    /// A reset that does not name the next number (RFC 5961 section 3), or in TIME-WAIT (RFC 1337 section 3).
    Reset,
    /// None of the flags that open a connection, where there is none yet (RFC 9293 sections 3.10.7.2 and 3.10.7.3).
    NoSyn,
    /// All of it was known, or found no room.
    Duplicate,
    /// The connection is closed, or nobody reads any more.
    Closed,
}
