//! What the stack threw away, by reason: every frame, fragment or datagram, of others or of ours, that does not reach its
//! destination is counted here exactly once.

use super::tcp::Rejection;

/// Why something was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DropReason {
    /// The frame ends inside a header, or before the length that a header names.
    Truncated = 0,
    /// A header field has a value that its RFC forbids.
    Malformed = 1,
    /// Addressed to another host.
    NotForUs = 2,
    /// An EtherType without a handler.
    UnknownEtherType = 3,
    /// An IP protocol without a handler.
    UnknownProtocol = 4,
    /// A header or transport checksum that does not verify.
    BadChecksum = 5,
    /// A source address that no sender may use: multicast, broadcast, unspecified, or our own.
    BadSource = 6,
    /// IPv4 source routing, an IPv6 type 0 routing header (RFC 5095), or an option that asks to be discarded.
    RefusedOption = 7,
    /// More or longer IPv6 extension headers than the stack walks.
    ExtensionLimit = 8,
    /// No socket at the port.
    NoSocket = 9,
    /// A fragment that overlaps another one: its whole datagram goes (RFC 5722).
    FragmentOverlap = 10,
    /// A fragment that was there already.
    FragmentDuplicate = 11,
    /// A fragment of forbidden length or position, or a first fragment without the whole transport header (RFC 7112).
    FragmentMalformed = 12,
    /// No room for another fragment.
    FragmentMemory = 13,
    /// A datagram whose missing fragments did not come in time.
    FragmentTimeout = 14,
    /// The socket's receive queue is full.
    ReceiveQueueFull = 15,
    /// The listener's backlog is full.
    BacklogFull = 16,
    /// No room for another connection.
    ConnectionLimit = 17,
    /// The stack's transmit queue is full.
    TransmitQueueFull = 18,
    /// No route to the destination.
    NoRoute = 19,
    /// The neighbour did not answer.
    NeighbourUnreachable = 20,
    /// Too many packets wait for the neighbour's address, or too many neighbours are being asked for.
    NeighbourQueueFull = 21,
    /// An ICMP error of ours that would exceed the rate (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4); the packet that
    /// it was to be about is counted for its own reason.
    IcmpRate = 22,
    /// An ICMP message that nothing here wants.
    IcmpIgnored = 23,
    /// An ARP or NDP message that breaks its protocol, or concerns others.
    NeighbourIgnored = 24,
    /// The scheme's memory refused.
    Memory = 25,
    /// A TCP segment outside of the receive window ([`Rejection::Window`]).
    TcpWindow = 26,
    /// A TCP segment with an old timestamp, or without one ([`Rejection::Timestamp`]).
    TcpTimestamp = 27,
    /// A TCP segment that acknowledges what was never sent, or nothing ([`Rejection::Acknowledgement`]).
    TcpAcknowledgement = 28,
    /// A SYN in a connection that is open ([`Rejection::Syn`]).
    TcpSyn = 29,
    /// A reset that does not name the next number ([`Rejection::Reset`]).
    TcpReset = 30,
    /// A TCP segment that opens no connection, where there is none ([`Rejection::NoSyn`]).
    TcpNoSyn = 31,
    /// A TCP segment of which everything was known, or found no room ([`Rejection::Duplicate`]).
    TcpDuplicate = 32,
    /// A TCP segment for a connection that is closed, or that nobody reads ([`Rejection::Closed`]).
    TcpClosed = 33,
}

impl From<Rejection> for DropReason {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Window => Self::TcpWindow,
            Rejection::Timestamp => Self::TcpTimestamp,
            Rejection::Acknowledgement => Self::TcpAcknowledgement,
            Rejection::Syn => Self::TcpSyn,
            Rejection::Reset => Self::TcpReset,
            Rejection::NoSyn => Self::TcpNoSyn,
            Rejection::Duplicate => Self::TcpDuplicate,
            Rejection::Closed => Self::TcpClosed,
        }
    }
}

impl DropReason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 34] = [
        Self::Truncated,
        Self::Malformed,
        Self::NotForUs,
        Self::UnknownEtherType,
        Self::UnknownProtocol,
        Self::BadChecksum,
        Self::BadSource,
        Self::RefusedOption,
        Self::ExtensionLimit,
        Self::NoSocket,
        Self::FragmentOverlap,
        Self::FragmentDuplicate,
        Self::FragmentMalformed,
        Self::FragmentMemory,
        Self::FragmentTimeout,
        Self::ReceiveQueueFull,
        Self::BacklogFull,
        Self::ConnectionLimit,
        Self::TransmitQueueFull,
        Self::NoRoute,
        Self::NeighbourUnreachable,
        Self::NeighbourQueueFull,
        Self::IcmpRate,
        Self::IcmpIgnored,
        Self::NeighbourIgnored,
        Self::Memory,
        Self::TcpWindow,
        Self::TcpTimestamp,
        Self::TcpAcknowledgement,
        Self::TcpSyn,
        Self::TcpReset,
        Self::TcpNoSyn,
        Self::TcpDuplicate,
        Self::TcpClosed,
    ];

    /// Whether it is about a segment that reached TCP and came to nothing there.
    pub fn is_tcp(self) -> bool {
        self as u8 >= Self::TcpWindow as u8
    }

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::NotForUs => "not_for_us",
            Self::UnknownEtherType => "unknown_ether_type",
            Self::UnknownProtocol => "unknown_protocol",
            Self::BadChecksum => "bad_checksum",
            Self::BadSource => "bad_source",
            Self::RefusedOption => "refused_option",
            Self::ExtensionLimit => "extension_limit",
            Self::NoSocket => "no_socket",
            Self::FragmentOverlap => "fragment_overlap",
            Self::FragmentDuplicate => "fragment_duplicate",
            Self::FragmentMalformed => "fragment_malformed",
            Self::FragmentMemory => "fragment_memory",
            Self::FragmentTimeout => "fragment_timeout",
            Self::ReceiveQueueFull => "receive_queue_full",
            Self::BacklogFull => "backlog_full",
            Self::ConnectionLimit => "connection_limit",
            Self::TransmitQueueFull => "transmit_queue_full",
            Self::NoRoute => "no_route",
            Self::NeighbourUnreachable => "neighbour_unreachable",
            Self::NeighbourQueueFull => "neighbour_queue_full",
            Self::IcmpRate => "icmp_rate",
            Self::IcmpIgnored => "icmp_ignored",
            Self::NeighbourIgnored => "neighbour_ignored",
            Self::Memory => "memory",
            Self::TcpWindow => "tcp_window",
            Self::TcpTimestamp => "tcp_timestamp",
            Self::TcpAcknowledgement => "tcp_acknowledgement",
            Self::TcpSyn => "tcp_syn",
            Self::TcpReset => "tcp_reset",
            Self::TcpNoSyn => "tcp_no_syn",
            Self::TcpDuplicate => "tcp_duplicate",
            Self::TcpClosed => "tcp_closed",
        }
    }
}

/// Drops by reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drops {
    counts: [u64; DropReason::ALL.len()],
}

impl Default for Drops {
    fn default() -> Self {
        Self { counts: [0; DropReason::ALL.len()] }
    }
}

impl Drops {
    /// One more.
    pub(crate) fn add(&mut self, reason: DropReason) {
        self.counts[reason as usize] += 1;
    }

    /// How many for that reason.
    pub fn get(&self, reason: DropReason) -> u64 {
        self.counts[reason as usize]
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The reasons that occurred, with their numbers, in the order of [`DropReason::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        DropReason::ALL.into_iter().map(|reason| (reason, self.get(reason))).filter(|(_, count)| *count > 0)
    }

    /// Those that are a loss to somebody: without what TCP rejects, where duplicates and late segments are a matter of course
    /// whenever a link loses or reorders packets, and what was lost comes again.
    pub fn losses(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        self.iter().filter(|(reason, _)| !reason.is_tcp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_place_and_name() {
        let mut drops = Drops::default();
        for (index, reason) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
            drops.add(reason);
        }
        assert_eq!(drops.iter().map(|(_, count)| count).collect::<Vec<_>>(), [1; DropReason::ALL.len()]);
        let names: std::collections::BTreeSet<_> =
            DropReason::ALL.iter().map(|reason| reason.name()).collect();
        assert_eq!(names.len(), DropReason::ALL.len());
    }
}
