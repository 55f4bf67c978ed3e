//! The TCP engine as its users see it: mechanism by mechanism against hand-made segments, against itself over a link with
//! faults, and against smoltcp.
#![cfg(not(target_family = "wasm"))]

mod closing;
#[path = "../common/device.rs"]
mod device;
mod flow;
#[path = "../common/frames.rs"]
mod frames;
mod hand;
mod host;
mod link;
mod loss;
mod opening;
mod pair;
mod payloads;
mod smoltcp_peer;
mod strays;
mod wire;
