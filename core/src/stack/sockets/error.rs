//! Why a call of the sockets interface did not do what was asked.

use std::net::SocketAddr;

use super::SocketId;
use crate::buffers::BufferError;
use crate::stack::tcp::Failure;

/// What a call answers instead of a result; nothing was changed by it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SocketError {
    /// The call would have to wait. The calling thread is woken ([`crate::stack::Stack::next_wakeup`]) when it is worth
    /// trying again.
    #[error("the call would block")]
    WouldBlock,
    /// No such socket: never made, or closed.
    #[error("there is no socket {0:?}")]
    NoSuchSocket(SocketId),
    /// A call for another kind of socket, or for another stage in a socket's life.
    #[error("a {kind} cannot {call}")]
    Unsuitable {
        /// What the socket is.
        kind: &'static str,
        /// What was asked of it.
        call: &'static str,
    },
    /// The address belongs to another host, or has no port.
    #[error("{0} is no address of this host")]
    NotOurs(SocketAddr),
    /// The address has a socket already.
    #[error("{0} is in use")]
    InUse(SocketAddr),
    /// No port, or no place in a table, is free.
    #[error("all {most} places for {what} are taken")]
    NoRoom {
        /// For what.
        what: &'static str,
        /// How many there are.
        most: u32,
    },
    /// No route leads there.
    #[error("no route leads to {0}")]
    NoRoute(SocketAddr),
    /// A datagram longer than IP can carry.
    #[error("{len} bytes do not fit a datagram of at most {most}")]
    TooLong {
        /// Bytes of the datagram.
        len: u64,
        /// The most.
        most: u32,
    },
    /// The sending direction is closed.
    #[error("the sending direction is closed")]
    Closed,
    /// The connection ended before its time.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The peer has no socket there, or cannot be reached (ICMP).
    #[error("the peer cannot be reached")]
    Unreachable,
    /// The scheme's memory refused.
    #[error(transparent)]
    Buffers(#[from] BufferError),
}
