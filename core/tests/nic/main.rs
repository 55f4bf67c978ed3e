//! The NICs by themselves, and the schemes with their NICs: rings, offloads, queues, faults, copies and allocations.

#![cfg(not(target_family = "wasm"))]

mod bursts;
mod cards;
#[path = "../common/frames.rs"]
mod frames;
mod link;
mod recording;
mod rings;
mod schemes;
mod support;
