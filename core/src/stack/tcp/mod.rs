//! TCP (RFC 9293) as a machine that never sees a payload byte: parsed segments and time in, segments to send out; its
//! queues hold [`Chunk`](crate::buffers::Chunk)s of payloads that the buffer scheme keeps.
//!
//! ```text
//!  on_segment -> input: state machine, RFC 5961, PAWS           poll -> output: timers, SYN, probe, lost, new, ACK
//!                  |                  |                                    |                 |
//!                  v                  v                                    v                 v
//!              receiver        acknowledgement  ---------------------->  sender          receiver
//!        (reassembly, window)  (RTT, loss)      congestion, round trip   (queue, SACK)   (window, blocks)
//! ```
//!
//! Done: RFC 9293 (simultaneous open and close, Nagle, silly window avoidance, delayed acknowledgements, probes of closed
//! windows), 5681, 5961, 6191, 6298, 6528, 6582, 6675, 6928, 7323, 2018; a TIME-WAIT table apart from connections.
//!
//! Not done: urgent data as anything but data (RFC 6093), ECN (RFC 3168), keep-alives, fast open (RFC 7413), D-SACK
//! (RFC 2883), rules 3 and 4 of NextSeg in RFC 6675, RACK-TLP (RFC 8985), path MTU probing (RFC 4821).
//!
//! Everything is bounded: the send queue by `send_buffer` bytes, the receive queues by `receive_buffer` bytes and one chunk
//! for every 256 of them, remembered blocks by 256, acknowledgements owed by 10, challenges by 10 in 5 s.

mod acknowledgement;
mod challenge;
mod config;
mod congestion;
mod connection;
mod input;
mod iss;
mod listen;
mod options;
mod output;
mod ranges;
mod receive;
mod rejection;
mod rtt;
mod segment;
mod send;
mod sender;
mod sequence;
mod time_wait;

pub use crate::buffers::Holders;
pub use config::{Config, MILLISECOND, SECOND, TIME_WAIT};
pub use connection::{Connection, Failure, State, WriteError};
pub use iss::{Initial, InitialNumbers};
pub use listen::{Listen, listen, refuse};
pub use options::{BadOptions, MAX_OPTION_BYTES, MAX_SACK_BLOCKS, Options, SackBlocks, Timestamps};
pub use rejection::Rejection;
pub use segment::{Flags, MAX_CHUNKS, Outgoing, Parts, Segment};
pub use time_wait::{Stray, TimeWait, TimeWaitTable};
