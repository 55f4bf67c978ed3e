//! HICAMP memory, a NIC that addresses segments, and a network stack that passes snapshots - beside the stacks of today,
//! on the same traffic, byte for byte.
//!
//! Everything here is true without a browser: no clock, no I/O, no randomness that is not seeded, the same results
//! natively and in wasm32. A floor uses only floors below it:
//!
//! | floor | module | subject |
//! |---|---|---|
//! | ground | [`ledger`] | what was copied, allocated and moved, and why |
//! | | [`memory`] | lines, DAGs, segments, snapshots |
//! | | [`nic`] | rings, metadata, DMA; and the descriptor NIC of today |
//! | | [`buffers`] | the schemes: `sk_buff` and `snapshot` |
//! | | [`stack`] | UDP and TCP over IPv4 and IPv6, generic over the scheme |
//! | | [`sim`] | time, hosts, events, digests |
//! | top | [`traffic`] | captures in and out, and the sends they become |

pub mod buffers;
pub mod ledger;
pub mod memory;
pub mod nic;
pub mod order;
pub mod random;
pub mod shared_list;
pub mod sim;
pub mod stack;
pub mod traffic;
