//! A link's rate, order and seeded faults.

use proptest::prelude::*;
use snapstack::nic::{Faults, Link, LinkConfig};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_link_delivers_what_it_says_whatever_the_times(
        seed in any::<u64>(),
        odds in prop::array::uniform4(0u32..300_000),
        gaps in prop::collection::vec(0u64..3_000, 1..200),
    ) {
        let [loss, duplicate, reorder, corrupt] = odds;
        let config = LinkConfig {
            faults: Faults { loss, duplicate, reorder, corrupt },
            seed,
            ..LinkConfig::default()
        };
        let run = |scale: u64| {
            let mut link = Link::new(config);
            let mut now = 0;
            for (i, gap) in gaps.iter().enumerate() {
                now += gap * scale;
                link.send(now, &[i as u8; 64]);
            }
            let mut got = Vec::new();
            while let Some(time) = link.next_time() {
                got.push(link.receive(time).unwrap());
            }
            got.sort();
            (got, link.counts())
        };
        let (frames, counts) = run(1);
        prop_assert_eq!(frames.len() as u64, counts.sent - counts.lost + counts.duplicated);
        let changed = frames.iter().filter(|frame| frame.iter().any(|byte| *byte != frame[0])).count();
        prop_assert_eq!(changed > 0, counts.corrupted > 0);
        prop_assert_eq!((frames, counts), run(7), "faults depend on the index, not on the time");
    }
}

#[test]
fn a_link_keeps_order_and_rate_without_faults() {
    let mut link = Link::new(LinkConfig::default());
    let sent: Vec<_> = (0..50u8).map(|i| vec![i; 1514]).collect();
    for frame in &sent {
        link.send(0, frame);
    }
    // 1,538 bytes of wire time at 10 Gbit/s are 1,230.4 ns, and no frame leaves early.
    assert!((61_520..61_600).contains(&link.idle_at()));
    assert_eq!(link.receive(link.next_time().unwrap() - 1), None);
    let mut got = Vec::new();
    while let Some(frame) = link.receive(1_000_000) {
        got.push(frame.to_vec());
    }
    assert_eq!(got, sent);
}

#[test]
fn reordered_frames_are_overtaken() {
    let faults = Faults { reorder: 100_000, ..Faults::default() };
    let mut link = Link::new(LinkConfig { faults, seed: 3, ..LinkConfig::default() });
    for i in 0..100u8 {
        link.send(u64::from(i) * 2_000, &[i; 100]);
    }
    let mut got = Vec::new();
    while let Some(frame) = link.receive(u64::MAX) {
        got.push(frame[0]);
    }
    assert!(!got.is_sorted());
    got.sort();
    assert_eq!(got, (0..100).collect::<Vec<_>>());
}
