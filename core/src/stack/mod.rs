//! The protocol code, written once and generic over [`crate::buffers::Buffers`]: Ethernet, ARP, NDP, IPv4 and IPv6, ICMP,
//! UDP, TCP and the sockets above them. No layer reads a payload byte; queues hold payloads by reference.
#![deny(clippy::disallowed_methods)]

pub mod chunk;
mod config;
mod connections;
mod control;
mod drops;
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
pub use framing::{MSS, MTU, TcpNumbers, checksum, ethernet, network, transport};
pub use headers::{Endpoints, Hardware, Protocol, Segment};
pub use host::{Counters, Stack};
pub use sockets::{File, Readiness, Shutdown, SocketError, SocketId, SocketKind, ThreadId, Wakeup};
pub use wire::HardwareAddress;
