//! Bursts with nobody to take them: how many frames each scheme keeps, at equal slots, at equal NIC state, and at equal
//! committed memory.

use snapstack::buffers::{Buffers, SkBuff, Snapshot};
use snapstack::ledger::AllocationKind;
use snapstack::memory::MemoryConfig;
use snapstack::nic::{DESCRIPTOR_BYTES, Delivery, NicConfig, RX_BUFFER_BYTES};

use super::support::{V4, noise};

/// Frames of a burst that are kept until the first drop, and what the driver then takes.
fn kept<B: Buffers>(buffers: &mut B, frames: &[Vec<u8>]) -> usize {
    buffers.refill(0).unwrap();
    let kept =
        frames.iter().take_while(|frame| matches!(buffers.deliver(frame), Delivery::Queued { .. })).count();
    let mut taken = 0;
    while let Some(frame) = buffers.poll_rx(0).unwrap() {
        assert_eq!(buffers.frame_len(&frame) as usize, frames[taken].len(), "in order");
        buffers.drop_frame(frame);
        taken += 1;
    }
    assert_eq!(taken, kept);
    kept
}

fn nic(rx_slots: u32) -> NicConfig {
    NicConfig { rx_slots, tx_slots: 64, ..NicConfig::default() }
}

fn snapshot(rx_slots: u32, lines: u64) -> Snapshot {
    Snapshot::new(MemoryConfig { lines, ..MemoryConfig::default() }, nic(rx_slots)).unwrap()
}

/// A burst of different frames with `payload` bytes each.
fn burst(count: u64, payload: usize) -> Vec<Vec<u8>> {
    (0..count).map(|i| V4.frame(i as u32, &noise(payload, i))).collect()
}

#[test]
fn at_equal_slots_both_keep_as_many() {
    let frames = burst(200, 1408);
    assert_eq!(kept(&mut SkBuff::new(64, nic(128)), &frames), 127);
    assert_eq!(kept(&mut snapshot(128, 1 << 16), &frames), 127);
}

#[test]
fn at_equal_nic_state_segments_keep_what_memory_holds() {
    // The segment NIC's state is four segment IDs whatever the ring's size: of descriptors, that is one, and a ring needs
    // two to be of use. The descriptor NIC's on-chip state aside, its ring of 64 takes 1 KiB.
    let ids = 4 * 4;
    assert_eq!(ids, DESCRIPTOR_BYTES);
    let frames = burst(600, 1408);
    assert_eq!(kept(&mut SkBuff::new(64, nic(2)), &frames), 1);
    assert_eq!(kept(&mut snapshot(4096, 1 << 16), &frames), 600);
}

#[test]
fn at_equal_committed_memory_segments_keep_more_small_frames() {
    // 63 posted buffers of 2 KiB, whatever arrives; as many bytes in lines of 64.
    let mut conventional = SkBuff::new(64, nic(64));
    conventional.refill(0).unwrap();
    let committed = conventional.ledger().held(AllocationKind::RxBuffer).bytes;
    assert_eq!(committed, 63 * u64::from(RX_BUFFER_BYTES));
    let lines = committed / 64;
    for (payload, at_least, at_most) in [(100, 250, 500), (700, 90, 160), (1408, 60, 90)] {
        let frames = burst(1000, payload);
        assert_eq!(kept(&mut SkBuff::new(64, nic(64)), &frames), 63);
        // The memory's overflow area comes on top of the lines asked for: ask for so many less.
        let mut small = snapshot(4096, lines * 100 / 114 - 64);
        assert!(small.memory().capacity() <= lines);
        let count = kept(&mut small, &frames);
        assert!((at_least..=at_most).contains(&count), "{count} frames with {payload} bytes of payload");
    }
    // A burst that repeats itself needs lines only for its headers and metadata.
    let same: Vec<_> = (0..1000).map(|i| V4.frame(i, &noise(1408, 0))).collect();
    let mut small = snapshot(4096, lines * 100 / 114 - 64);
    assert!(kept(&mut small, &same) > 200);
}
