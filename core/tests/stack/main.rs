//! The stack as applications and peers see it: two hosts back to back over both schemes, smoltcp as the other host, and
//! frames that no peer should send.

#![cfg(not(target_family = "wasm"))]

mod bounds;
mod craft;
#[path = "../common/device.rs"]
mod device;
#[path = "../common/frames.rs"]
mod frames;
mod hostile;
mod icmp;
mod many;
mod net;
mod pairs;
mod peer;
mod queues;
mod rejected;
