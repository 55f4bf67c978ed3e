//! Where the bytes come from: captures, in and out, and the calls of `send()` they become.

pub mod capture;
mod sends;

pub use sends::{Flow, Send, Skipped, Traffic, TrafficBuilder, TrafficError};
