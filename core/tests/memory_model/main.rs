//! The memory from outside: random operations against plain byte vectors, addresses, rights, and want of lines.

#![cfg(not(target_family = "wasm"))]

#[path = "../common/mod.rs"]
mod common;

mod addresses;
mod admission;
mod arguments;
mod compose;
mod digests;
mod edits;
mod exhaustion;
mod forgery;
mod protection;
mod segments;
mod strategies;
