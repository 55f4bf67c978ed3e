//! The engine: a worker that simulates, and the page's client of it.

mod client;
mod headers;
mod protocol;
mod watch;
mod worker;

pub use client::{Engine, Message};
pub use protocol::{
    Answer, Answered, Asking, CaptureInfo, DagOf, LaneResult, LineInfo, Moment, NEEDS_LESS, PROTOCOL,
    Question, Reply, Request,
};
pub use watch::{BEAT_MS, LATE_MS};
pub use worker::{Abilities, Numbering, is_worker, ports_words, serve};
