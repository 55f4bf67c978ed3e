//! Simulated time: hosts that replay traffic through a scheme, recorded as typed events (DESIGN.md section 6).
//!
//! Deterministic: integer nanoseconds, seeded, the same events and the same digest on every target.

mod config;
mod digest;
mod event;
mod host;
pub mod net;
mod report;
mod run;

pub use config::{
    CONFIG_VERSION, Config, ConfigError, Retention, parse_line_size, parse_retention, parse_seed,
};
pub use digest::MODEL_VERSION;
pub use event::{DropPlace, EVENT_WORDS, Event, FaultKind, Kind, Stage, ThreadState};
pub use host::{DOORBELL_TIMEOUT_NS, Fault, Host, LINK_BITS_PER_S, STAGE_NS, SimError, TX_LIMIT, Tap};
pub use report::{CountByName, Dedup, DmaCount, Report, RunError, SchemeReport, WireHash, run_all};
pub use run::Lane;
