//! Segments that no connection answers: the states LISTEN and CLOSED (RFC 9293 sections 3.10.7.1 and 3.10.7.2).

use super::segment::{Outgoing, Segment};

/// What a listening port does with a segment for which there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A SYN: open with [`super::Connection::accept`], if the backlog has room; else ignore it, the peer tries again.
    Accept,
    /// To be sent to the segment's sender.
    Reset(Outgoing),
    /// Nothing to do.
    Ignore,
}

/// Looks at a segment for a listening port (RFC 9293 section 3.10.7.2). Takes no payload.
pub fn listen(segment: &Segment) -> Listen {
    unimplemented!()
}

/// The reset for a segment to a port where nothing listens (RFC 9293 section 3.10.7.1); none answers a reset. Takes no
/// payload.
pub fn refuse(segment: &Segment) -> Option<Outgoing> {
    unimplemented!()
}
