//! A host and its peer on a link, with threads that use sockets: the whole stack in simulated time, recorded as typed
//! events (DESIGN.md section 6).
//!
//! ```text
//!  threads -- sockets -- stack -- Recorded<scheme> -- link (rate, latency, faults) -- stack of the peer -- threads
//! ```

mod content;
mod fairness;
mod host;
mod thread;
mod world;

pub use fairness::Fairness;
pub use thread::ThreadCounts;
pub use world::World;
