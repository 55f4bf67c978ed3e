//! The protocol code, written once and generic over [`crate::buffers::Buffers`]: Ethernet, ARP, NDP, IPv4 and IPv6, ICMP,
//! UDP, TCP and the sockets above them. No layer reads a payload byte; queues hold payloads by reference.
#![deny(clippy::disallowed_methods)]

pub mod chunk;
mod config;
mod drops;
mod framing;
mod headers;
mod interface;
mod neighbours;
mod reassembly;
pub mod tcp;
mod wire;

pub use chunk::{Chunk, PayloadId};
pub use config::{Address, Config};
pub use drops::{DropReason, Drops};
pub use framing::{MSS, MTU, TcpNumbers, checksum, ethernet, network, transport};
pub use headers::{Endpoints, Hardware, Protocol, Segment};
pub use wire::HardwareAddress;
