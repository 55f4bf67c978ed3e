//! Bursts, from the public interface.

use snapstack::sim::burst::{Burst, compare};

const BURST: Burst = Burst { frames: 1000, payload: 1408, slots: 64, repeated: false };

#[test]
fn at_equal_slots_both_keep_as_many() {
    let [slots, ..] = compare(BURST).unwrap();
    assert_eq!((slots.equal, slots.sk_buff_kept, slots.snapshot_kept), ("slots", 63, 63));
}

#[test]
fn at_equal_nic_state_segments_keep_the_whole_burst() {
    let [_, state, _] = compare(BURST).unwrap();
    assert_eq!((state.equal, state.sk_buff_kept, state.snapshot_kept), ("nic_state", 1, 1000));
}

#[test]
fn at_equal_committed_memory_segments_keep_more_of_what_is_small_or_repeats() {
    let kept = |payload, repeated| {
        let [.., memory] = compare(Burst { payload, repeated, ..BURST }).unwrap();
        assert_eq!((memory.sk_buff_kept, memory.committed_bytes), (63, 63 * 2048));
        assert!(memory.lines <= memory.committed_bytes / 64);
        memory.snapshot_kept
    };
    let (large, small, repeated) = (kept(1408, false), kept(100, false), kept(1408, true));
    assert!((50..=80).contains(&large), "{large} large frames");
    assert!(small > 3 * large, "{small} small frames");
    assert!(repeated > 3 * large, "{repeated} repeated frames");
}

#[test]
fn what_cannot_be_a_burst_is_refused() {
    for burst in [Burst { frames: 0, ..BURST }, Burst { payload: 1461, ..BURST }, Burst { slots: 1, ..BURST }]
    {
        assert!(compare(burst).unwrap_err().to_string().contains("out of range"));
    }
}
