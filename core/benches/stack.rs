//! The stack's benchmarks, natively: one JSON object a line, times in nanoseconds a packet or a send.
//!
//! | case | what runs |
//! |---|---|
//! | `send_1460` | `send()` of 1,460 bytes over snapshots: sockets, TCP, IP, driver, doorbells, NIC reads, checksums, wire bytes, and the acknowledgements that come back; the peer's work is not timed |
//! | `loopback_1460` | the same with both hosts timed and `recv_segments()` at the other end |
//! | `send_tso_N` | one `send()` of N bytes through the doorbell, the NIC cutting it; the window is warm |
//!
//! The peer of the first two is smoltcp's loopback with the same bytes in the same run: two sockets of one interface.
//!
//! Arguments without dashes choose the cases whose names contain one of them.

#![cfg(not(target_family = "wasm"))]
#![allow(clippy::print_stdout, reason = "a program whose output is its results")]

#[path = "stack/hosts.rs"]
mod hosts;
#[path = "stack/peer.rs"]
mod peer;

use hosts::Pair;

/// Runs of each side of a case, in turn; the median counts.
const RUNS: usize = 9;
/// Packets of one run.
const PACKETS: u64 = 40_000;
/// Payload of a packet.
const MSS: usize = 1460;

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Medians of the sides' times, run in turn after one run of each that does not count.
fn medians<const N: usize>(mut sides: [&mut dyn FnMut() -> f64; N]) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    for run in 0..=RUNS {
        for (side, times) in sides.iter_mut().zip(&mut times) {
            let time = side();
            if run > 0 {
                times.push(time);
            }
        }
    }
    times.map(median)
}

fn contest(name: &str, ours: &mut dyn FnMut() -> f64) {
    let mut peer = || peer::loopback(PACKETS as usize * MSS);
    let [ours, peer] = medians([ours, &mut peer]).map(|time| time / PACKETS as f64);
    println!(
        r#"{{"name":"{name}","ours_ns":{ours:.1},"packets_per_s":{:.0},"peer":"smoltcp","peer_ns":{peer:.1},"ratio":{:.3}}}"#,
        1e9 / ours,
        peer / ours
    );
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    if is_wanted("send_1460") {
        let mut pair = Pair::new(0);
        contest("send_1460", &mut || pair.stream(PACKETS, MSS).sender_ns);
    }
    if is_wanted("loopback_1460") {
        let mut pair = Pair::new(0);
        contest("loopback_1460", &mut || {
            let times = pair.stream(PACKETS, MSS);
            times.sender_ns + times.receiver_ns
        });
    }
    if is_wanted("send_tso") {
        let sizes = [1 << 10, 4 << 10, 16 << 10, 64 << 10];
        let mut pairs = sizes.map(|_| Pair::new(64 << 10));
        let [a, b, c, d] = &mut pairs;
        let times = medians([
            &mut || hosts::doorbell_ns(a, sizes[0], 4000),
            &mut || hosts::doorbell_ns(b, sizes[1], 4000),
            &mut || hosts::doorbell_ns(c, sizes[2], 4000),
            &mut || hosts::doorbell_ns(d, sizes[3], 4000),
        ]);
        for (size, time) in sizes.iter().zip(times) {
            println!(
                r#"{{"name":"send_tso_{size}","ours_ns":{time:.1},"peer":"send_tso_1024","peer_ns":{:.1},"ratio":{:.3}}}"#,
                times[0],
                time / times[0]
            );
        }
    }
}
