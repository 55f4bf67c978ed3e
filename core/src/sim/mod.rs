//! Simulated time: hosts that replay a capture or run a workload through a scheme, recorded as typed events (DESIGN.md
//! section 6).
//!
//! Deterministic: integer nanoseconds, seeded, the same events and the same digest on every target.

mod book;
pub mod burst;
mod change;
mod config;
mod digest;
mod event;
mod journal;
pub mod net;
mod port;
mod recorded;
mod replay;
mod report;
mod run;
mod seek;
mod wires;

pub use change::{Change, MOST_CHANGES};
pub use config::{
    CONFIG_VERSION, Config, ConfigError, Receive, Retention, Workload, parse_line_size, parse_retention,
    parse_seed,
};
pub use digest::MODEL_VERSION;
pub use event::{DropPlace, EVENT_WORDS, Event, FaultKind, Kind, Stage, ThreadState};
pub use recorded::{Arrived, Marked, Recorded};
pub use replay::{DOORBELL_TIMEOUT_NS, Replay, TX_LIMIT};
pub use report::{CaptureReport, CountByName, Dedup, DmaCount, Receipt, Report, SchemeReport, WireHash, run};
pub use run::{Lane, LaneState, RunError, Setup};
pub use seek::{Moment, SEEK_BYTES, Seeker};
pub use wires::Tap;
