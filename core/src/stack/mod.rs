//! The protocol code, written once and generic over [`crate::buffers::Buffers`]: Ethernet, ARP, NDP, IPv4 and IPv6, ICMP,
//! UDP, TCP and the sockets above them. No layer reads a payload byte; queues hold payloads by reference.
//!
//! ```text
//!  sockets    datagram | stream | splice, files          waiting threads, readiness, wakeups
//!                 |        |
//!             (UDP, echo)  connections (TCP demux, turns, TIME-WAIT) -- tcp
//!                 |        |
//!  input ---------+--------+------- link                 reassembly, fragmentation
//!    |    control (ARP, NDP, ICMP)   | neighbours
//!    +---------- driver: host -------+                   poll_rx, refill | post, doorbell, recycle
//! ```
//!
//! What can grow is bounded, whatever arrives: neighbours (512, of which 64 asked for, 16 packets waiting for each),
//! incomplete datagrams (64, of 64 fragments each, 1 MiB in all, 60 s), connections, half-open ones by the backlog,
//! TIME-WAIT, receive queues, the queue before each ring ([`Config`]); ICMP errors go out at 100 a second after a burst of
//! 50. Everything that is dropped is counted by reason ([`Drops`]).
//!
//! Not done: routing tables beyond one router a family, router discovery, address autoconfiguration and duplicate address
//! detection (RFC 4861 section 6, RFC 4862), multicast groups and MLD, VLANs, the loopback interface, sending IP options,
//! extension headers inside fragments, path MTU discovery for datagrams, SYN cookies. The neighbour table trusts the link,
//! as ARP and NDP do.
#![deny(clippy::disallowed_methods)]

pub mod chunk;
mod config;
mod connections;
mod control;
mod drops;
mod fragments;
mod framing;
mod headers;
mod host;
mod input;
mod interface;
mod link;
mod neighbours;
mod reassembly;
pub mod sockets;
pub mod tcp;
mod wire;

pub use chunk::{Chunk, Ends, PayloadId};
pub use config::{Address, Config};
pub use drops::{DropReason, Drops};
pub use framing::{MSS, MTU, TcpNumbers, checksum, ends, ethernet, frame, network, transport, transport_at};
pub use headers::{Endpoints, Hardware, Protocol, Segment};
pub use host::{Counters, Stack};
pub use sockets::{File, Readiness, Shutdown, SocketError, SocketId, SocketKind, ThreadId, Wakeup};
pub use wire::HardwareAddress;
