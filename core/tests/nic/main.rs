//! The NICs by themselves, and the schemes with their NICs: rings, offloads, queues, faults, copies and allocations.

#![cfg(not(target_family = "wasm"))]

mod cards;
mod schemes;
mod support;
