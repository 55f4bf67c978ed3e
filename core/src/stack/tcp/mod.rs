//! TCP (RFC 9293) as a machine that never sees a payload byte: parsed segments and time in, segments to send out; its
//! queues hold [`Chunk`](super::chunk::Chunk)s of payloads that the buffer scheme keeps.

mod config;
mod connection;
mod iss;
mod listen;
mod options;
mod segment;
mod time_wait;

pub use config::{Config, MILLISECOND, SECOND, TIME_WAIT};
pub use connection::{Connection, Failure, Holders, State, WriteError};
pub use iss::{Initial, InitialNumbers};
pub use listen::{Listen, listen, refuse};
pub use options::{BadOptions, MAX_OPTION_BYTES, MAX_SACK_BLOCKS, Options, SackBlocks, Timestamps};
pub use segment::{Flags, MAX_CHUNKS, Outgoing, Parts, Segment};
pub use time_wait::{Stray, TimeWait, TimeWaitTable};
