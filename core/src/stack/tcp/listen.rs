//! Segments that no connection answers: the states LISTEN and CLOSED (RFC 9293 sections 3.10.7.1 and 3.10.7.2).

use super::rejection::Rejection;
use super::segment::{Flags, Outgoing, Segment};

/// What a listening port does with a segment for which there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A SYN: open with [`super::Connection::accept`], if the backlog has room; else ignore it, the peer tries again.
    Accept,
    /// To be sent to the sender of the segment, which acknowledges what nobody has sent.
    Reset(Outgoing),
    /// Nothing to do, for that reason.
    Ignore(Rejection),
}

/// Looks at a segment for a listening port (RFC 9293 section 3.10.7.2). Takes no payload.
pub fn listen(segment: &Segment) -> Listen {
    if segment.flags.has(Flags::RST) {
        Listen::Ignore(Rejection::Reset)
    } else if segment.flags.has(Flags::ACK) {
        refuse(segment).map_or(Listen::Ignore(Rejection::Acknowledgement), Listen::Reset)
    } else if segment.flags.has(Flags::SYN) {
        Listen::Accept
    } else {
        Listen::Ignore(Rejection::NoSyn)
    }
}

/// The reset for a segment to a port where nothing listens (RFC 9293 section 3.10.7.1); none answers a reset. Takes no
/// payload.
pub fn refuse(segment: &Segment) -> Option<Outgoing> {
    if segment.flags.has(Flags::RST) {
        return None;
    }
    Some(if segment.flags.has(Flags::ACK) {
        Outgoing { seq: segment.ack, flags: Flags::RST, ..Outgoing::default() }
    } else {
        let ack = segment.seq.wrapping_add(segment.sequence_len());
        Outgoing { ack, flags: Flags::RST.with(Flags::ACK), ..Outgoing::default() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(flags: Flags) -> Segment {
        Segment { seq: 100, ack: 7000, flags, ..Segment::default() }
    }

    #[test]
    fn a_listening_port_accepts_syns_and_resets_what_acknowledges_nothing_of_it() {
        assert_eq!(listen(&segment(Flags::SYN)), Listen::Accept);
        assert_eq!(listen(&segment(Flags::RST)), Listen::Ignore(Rejection::Reset));
        assert_eq!(listen(&segment(Flags::FIN)), Listen::Ignore(Rejection::NoSyn));
        let Listen::Reset(reset) = listen(&segment(Flags::SYN.with(Flags::ACK))) else { panic!("no reset") };
        assert_eq!((reset.seq, reset.flags), (7000, Flags::RST));
    }

    #[test]
    fn a_reset_for_a_closed_port_is_one_that_its_receiver_accepts() {
        let reset = refuse(&segment(Flags::SYN)).expect("a reset");
        assert_eq!((reset.seq, reset.ack, reset.flags), (0, 101, Flags::RST.with(Flags::ACK)));
        assert_eq!(
            refuse(&segment(Flags::ACK)).map(|reset| (reset.seq, reset.flags)),
            Some((7000, Flags::RST))
        );
        assert_eq!(refuse(&segment(Flags::RST.with(Flags::ACK))), None);
    }
}
