//! The stack: packets through two hosts of ours, times in nanoseconds a packet or a send.
//!
//! | case | what runs |
//! |---|---|
//! | `send_1460` | `send()` of 1,460 bytes over snapshots: sockets, TCP, IP, driver, doorbells, NIC reads, checksums, wire bytes, and the acknowledgements that come back; the peer's work is not timed |
//! | `loopback_1460` | the same with both hosts timed and `recv_segments()` at the other end |
//! | `send_tso_N` | one `send()` of N bytes through the doorbell, the NIC cutting it; the window is warm |
//!
//! The peer of the first two is smoltcp's loopback with the same bytes in the same run: two sockets of one interface.

use std::cell::RefCell;

use super::hosts::{self, Pair};
use super::{Bench, Side, loopback};

/// Packets of one run.
const PACKETS: u64 = 40_000;
/// Payload of a packet.
const MSS: usize = 1460;
/// Sends of one run of `send_tso_N`.
const SENDS: u64 = 1_000;
/// The longest of them.
const MOST: usize = 64 << 10;

fn contest(bench: &Bench<'_>, name: &str, mut ours: impl FnMut() -> f64) {
    let sides = &mut [
        Side::new("ours", || ours() / PACKETS as f64),
        Side::new("smoltcp", || loopback::transfer(bench, PACKETS as usize * MSS) / PACKETS as f64),
    ];
    let medians = bench.medians(sides);
    let (ours, peer) = (medians[0], medians[1]);
    (bench.print)(&format!(
        r#"{{"name":"{name}","ours_ns":{ours:.1},"packets_per_s":{:.0},"peer":"smoltcp","peer_ns":{peer:.1},"ratio":{:.3}}}"#,
        1e9 / ours,
        peer / ours
    ));
}

/// One pair of hosts runs as a whole; the sender of another, which is in the same state, then runs alone with the answers
/// that the first one's got: so a clock that moves in coarse steps is read twice only.
pub(super) fn send(bench: &Bench<'_>, name: &str) {
    let (mut whole, mut alone) = (Pair::new(0), Pair::new(0));
    for pair in [&mut whole, &mut alone] {
        pair.fill(MSS);
    }
    contest(bench, name, || {
        let mut answers = Vec::new();
        let frames = whole.stream(PACKETS, |frames| answers.push(frames.clone()));
        let (sent, time) = bench.time(|| alone.stream_alone(PACKETS, &answers));
        assert_eq!(
            sent, frames,
            "what the sender puts on the wire does not depend on who gives it the answers"
        );
        time
    });
}

pub(super) fn both_ends(bench: &Bench<'_>, name: &str) {
    let mut pair = Pair::new(0);
    pair.fill(MSS);
    contest(bench, name, || bench.time(|| pair.stream(PACKETS, |_| ())).1);
}

pub(super) fn segmented(bench: &Bench<'_>, name: &str) {
    let sizes = [1 << 10, 4 << 10, 16 << 10, MOST];
    let mut other = Pair::new(MOST as u32);
    other.fill(MOST);
    let other = &RefCell::new(other);
    let mut sides: Vec<_> = sizes
        .into_iter()
        .map(|size| {
            let mut pair = Pair::new(MOST as u32);
            pair.fill(size);
            Side::new("ours", move || hosts::doorbell_ns(bench, &mut pair, &mut other.borrow_mut(), SENDS))
        })
        .collect();
    let times = bench.medians(&mut sides);
    for (size, time) in sizes.iter().zip(&times) {
        bench.report(&format!("{name}_{size}"), *time, "send_tso_1024", times[0], time / times[0]);
    }
}
