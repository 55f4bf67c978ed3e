//! The stack as applications and peers see it: two hosts back to back over both schemes, smoltcp as the other host, and
//! frames that no peer should send.

mod hostile;
mod net;
mod pairs;
#[cfg(not(target_family = "wasm"))]
mod peer;
