//! The engine: a worker that simulates, and the page's client of it.

mod client;
mod describe;
mod headers;
mod protocol;
mod worker;

pub use client::{Engine, Message};
pub use describe::{describe, flow_label};
pub use protocol::{CaptureInfo, LaneResult, PROTOCOL, PacketInfo, Reply, Request};
pub use worker::{is_worker, serve};
