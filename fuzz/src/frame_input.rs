//! Any frames at any times: the stack does not panic, its tables stay bounded, its memory keeps its invariants, and both
//! schemes answer with the same frames until one of them runs out of memory.
//!
//! The input is a byte of settings, then arrivals: microseconds since the one before (32 bits, little-endian), length (16
//! bits), bytes. So a recorded conversation is a seed, and what a fuzzer does to it is loss, duplication, reordering,
//! delay and corruption.

use snapstack::buffers::{SkBuff, Snapshot};
use snapstack::memory::MemoryConfig;
use snapstack::nic::NicConfig;

use super::repair;
use super::victim::Victim;

/// Checksums are set right before a frame arrives.
pub const REPAIR: u8 = 1;
/// The memory is so small that it runs out.
pub const SCARCE: u8 = 2;
/// Lines of 16 bytes; of 64 otherwise.
pub const SHORT_LINES: u8 = 4;
/// The NIC cuts long sends.
pub const TSO: u8 = 8;
/// The NIC does not put payload on a line of its own.
pub const JOINED: u8 = 16;

/// Arrivals that are looked at.
const MOST: usize = 256;
/// Longest frame.
const LONGEST: usize = 2_047;

/// A frame and the microseconds that pass before it arrives.
pub type Arrival = (u32, Vec<u8>);

/// An input as bytes.
pub fn encode(settings: u8, arrivals: &[Arrival]) -> Vec<u8> {
    let mut bytes = vec![settings];
    for (wait, frame) in arrivals {
        bytes.extend(wait.to_le_bytes());
        bytes.extend((frame.len() as u16).to_le_bytes());
        bytes.extend(frame);
    }
    bytes
}

/// Reads an input; what is cut short at its end is a shorter frame, or none.
pub fn decode(data: &[u8]) -> (u8, Vec<Arrival>) {
    let Some((settings, mut rest)) = data.split_first() else { return (0, Vec::new()) };
    let mut arrivals = Vec::new();
    while let [a, b, c, d, e, f, behind @ ..] = rest
        && arrivals.len() < MOST
    {
        let len = usize::from(u16::from_le_bytes([*e, *f])) & LONGEST;
        let (frame, after) = behind.split_at(len.min(behind.len()));
        arrivals.push((u32::from_le_bytes([*a, *b, *c, *d]), frame.to_vec()));
        rest = after;
    }
    (*settings, arrivals)
}

/// Runs an input through both schemes; returns the frames that the host sent over the first, with their times in nanoseconds.
///
/// # Panics
/// When any of what the module promises does not hold.
pub fn run(data: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let (settings, mut arrivals) = decode(data);
    if settings & REPAIR != 0 {
        for (_, frame) in &mut arrivals {
            repair::checksums(frame);
        }
    }
    let tso = if settings & TSO != 0 { 20_000 } else { 0 };
    let snapshot = Victim::new(snapshot(settings), tso).map(|victim| {
        let mut victim = attack(victim, &arrivals);
        victim.stack.buffers_mut().memory_mut().check().expect("the memory's invariants");
        victim
    });
    let sk_buff = Victim::new(SkBuff::new(64, nic(settings)), tso).map(|victim| attack(victim, &arrivals));
    let (Some(snapshot), Some(sk_buff)) = (snapshot, sk_buff) else { return Vec::new() };
    if !snapshot.refused() && !sk_buff.refused() && settings & SCARCE == 0 {
        assert!(snapshot.sent == sk_buff.sent, "the schemes sent different frames");
        assert_eq!(snapshot.stack.counters(), sk_buff.stack.counters());
    }
    snapshot.sent
}

fn attack<B: snapstack::buffers::Buffers>(mut victim: Victim<B>, arrivals: &[Arrival]) -> Victim<B> {
    for (wait, frame) in arrivals {
        victim.wait(victim.now + u64::from(*wait) * 1_000);
        victim.frame(frame);
    }
    victim.end();
    victim
}

/// The memory and NIC that the settings ask for.
pub fn snapshot(settings: u8) -> Snapshot {
    let line_size = if settings & SHORT_LINES != 0 { 16 } else { 64 };
    // Checking it takes most of the time, and the longest inputs bring some kilobytes.
    let lines = if settings & SCARCE != 0 { 1 << 10 } else { (1 << 20) / u64::from(line_size) };
    let memory = MemoryConfig { line_size, lines, ..MemoryConfig::default() };
    Snapshot::new(memory, nic(settings)).expect("a memory that a host has room for")
}

fn nic(settings: u8) -> NicConfig {
    NicConfig { tx_slots: 128, rx_slots: 32, header_split: settings & JOINED == 0, ..NicConfig::default() }
}
