//! Bursts with nobody to take them, compared three ways: at equal slots, at equal NIC state, at equal committed memory.
//!
//! The segment NIC's state is four segment IDs a direction whatever the size of its ring (paper section 3.2), and its slots
//! commit no memory before a frame comes; the descriptor NIC has a buffer of 2 KiB posted in every slot (FACTS.md
//! section 2).

use serde::Serialize;

use super::config::ConfigError;
use crate::buffers::{BufferError, Buffers, SkBuff, Snapshot};
use crate::ledger::AllocationKind;
use crate::memory::MemoryConfig;
use crate::nic::{DESCRIPTOR_BYTES, Delivery, NicConfig};
use crate::random::mix;

/// Bytes of Ethernet, IPv4 and UDP headers.
const HEADERS: usize = 42;
/// Slots of the largest ring (FACTS.md section 2).
const MOST_SLOTS: u32 = 4096;
/// Four segment IDs of 4 bytes: what the segment NIC remembers a direction.
const SEGMENT_NIC_STATE: u64 = 16;

/// A burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// Frames that arrive, 1 to 100,000.
    pub frames: u32,
    /// Payload bytes of each, up to 1,460.
    pub payload: u32,
    /// Slots of the conventional ring, 2 to 4,096.
    pub slots: u32,
    /// All carry the same payload.
    pub repeated: bool,
}

/// How much of a burst each scheme keeps, with something equal between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// What is equal: `slots`, `nic_state` or `committed_memory`.
    pub equal: &'static str,
    /// Slots of the conventional ring.
    pub sk_buff_slots: u64,
    /// Frames kept until the first drop.
    pub sk_buff_kept: u64,
    /// Bytes of posted RX buffers.
    pub committed_bytes: u64,
    /// Slots of the ring of segments.
    pub snapshot_slots: u64,
    /// Lines of HICAMP memory that frames may fill.
    pub lines: u64,
    /// Frames kept until the first drop.
    pub snapshot_kept: u64,
}

/// A burst that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BurstError {
    /// A value out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A scheme could not be set up.
    #[error(transparent)]
    Setup(#[from] BufferError),
}

/// Compares the schemes under a burst, at equal slots, equal NIC state, and equal committed memory.
///
/// # Errors
/// [`BurstError`].
pub fn compare(burst: Burst) -> Result<[Kept; 3], BurstError> {
    for (field, value, least, most) in [
        ("frames", burst.frames, 1, 100_000),
        ("payload", burst.payload, 0, 1460),
        ("slots", burst.slots, 2, MOST_SLOTS),
    ] {
        if !(least..=most).contains(&value) {
            let (value, least, most) = (value.into(), least.into(), most.into());
            return Err(ConfigError::Range { field, value, least, most }.into());
        }
    }
    let frames: Vec<_> = (0..burst.frames).map(|index| frame(&burst, index)).collect();
    let plenty = u64::from(burst.frames) * 40 + (1 << 12);
    // A ring of descriptors needs two slots to be of use, which are over the segment NIC's state already.
    let state_slots = (SEGMENT_NIC_STATE / DESCRIPTOR_BYTES).max(2) as u32;
    let committed = SkBuff::committed(burst.slots)?;
    Ok([
        kept("slots", &frames, burst.slots, burst.slots, plenty)?,
        kept("nic_state", &frames, state_slots, MOST_SLOTS, plenty)?,
        kept("committed_memory", &frames, burst.slots, MOST_SLOTS, committed / 64)?,
    ])
}

impl SkBuff {
    /// Bytes of the RX buffers that a ring of `slots` has posted.
    fn committed(slots: u32) -> Result<u64, BufferError> {
        let mut buffers = Self::new(64, nic(slots));
        buffers.refill(0)?;
        Ok(buffers.ledger().held(AllocationKind::RxBuffer).bytes)
    }
}

fn nic(rx_slots: u32) -> NicConfig {
    NicConfig { rx_slots, tx_slots: 64, ..NicConfig::default() }
}

fn kept(
    equal: &'static str,
    frames: &[Vec<u8>],
    sk_buff_slots: u32,
    snapshot_slots: u32,
    lines: u64,
) -> Result<Kept, BurstError> {
    // A memory is a little larger than asked for: ask for as much less.
    let wanted = lines.saturating_sub(64) * 100 / 114;
    let memory = MemoryConfig { lines: wanted.max(1), ..MemoryConfig::default() };
    let mut conventional = SkBuff::new(64, nic(sk_buff_slots));
    let mut segments = Snapshot::new(memory, nic(snapshot_slots))?;
    let lines = segments.memory().capacity();
    let sk_buff_kept = deliver(&mut conventional, frames)?;
    Ok(Kept {
        equal,
        sk_buff_slots: sk_buff_slots.into(),
        sk_buff_kept,
        committed_bytes: conventional.ledger().held(AllocationKind::RxBuffer).bytes,
        snapshot_slots: snapshot_slots.into(),
        lines,
        snapshot_kept: deliver(&mut segments, frames)?,
    })
}

/// Frames that the NIC keeps until its first drop.
fn deliver<B: Buffers>(buffers: &mut B, frames: &[Vec<u8>]) -> Result<u64, BufferError> {
    buffers.refill(0)?;
    let queued = |frame: &&Vec<u8>| matches!(buffers.deliver(frame), Delivery::Queued { .. });
    Ok(frames.iter().take_while(queued).count() as u64)
}

/// A UDP datagram in IPv4 without checksums, whose headers tell it from the others of the burst.
fn frame(burst: &Burst, index: u32) -> Vec<u8> {
    let payload = burst.payload as usize;
    let ip_len = (28 + payload) as u16;
    let mut frame = vec![0; HEADERS];
    frame[..14].copy_from_slice(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
    frame[14] = 0x45;
    frame[16..18].copy_from_slice(&ip_len.to_be_bytes());
    frame[18..20].copy_from_slice(&(index as u16).to_be_bytes());
    frame[22..24].copy_from_slice(&[64, 17]);
    frame[26..34].copy_from_slice(&[10, 0, 0, 2, 10, 0, 0, 1]);
    frame[34..38].copy_from_slice(&[0x30, 0x39, 0, 9]);
    frame[38..40].copy_from_slice(&(8 + payload as u16).to_be_bytes());
    let sum = !crate::nic::fold(crate::nic::sum(&frame[14..34]));
    frame[24..26].copy_from_slice(&sum.to_be_bytes());
    let seed = if burst.repeated { 0 } else { u64::from(index) << 32 };
    frame.extend((0..payload as u64).map(|at| mix(seed | at) as u8));
    frame
}
