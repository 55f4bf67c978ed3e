//! Where the bytes come from: captures, and the calls of `send()` they become.

pub mod capture;
mod sends;

pub use sends::{Flow, Send, Skipped, Traffic, TrafficBuilder, TrafficError};
