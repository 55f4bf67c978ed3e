//! A host and its peer on a link, with threads that use sockets: the whole stack in simulated time, recorded as typed
//! events (DESIGN.md section 6).
//!
//! ```text
//!  threads -- sockets -- stack -- Recorded<scheme> -- link (rate, latency, faults) -- stack of the peer -- threads
//! ```

mod config;
mod content;
mod host;
mod journal;
mod recorded;
mod report;
mod thread;
mod world;

pub use config::{NetConfig, Receive, Workload};
pub use recorded::{Arrived, Marked, Recorded};
pub use report::{Fairness, NetError, NetReport, NetRun, Receipt, run};
pub use thread::ThreadCounts;
pub use world::{WireTap, World};
