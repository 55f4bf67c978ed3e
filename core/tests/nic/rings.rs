//! Ring pointers against sets, for rings of 2 to 64 slots.

use std::collections::VecDeque;

use proptest::prelude::*;
use snapstack::nic::{RingFull, RxRing, TxRing};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn tx_pointers_agree_with_sets(slots in 2u32..=64, steps in prop::collection::vec(0u8..5, 1..400)) {
        let base = 1059;
        let mut ring = TxRing::new(base, slots);
        let (mut filled, mut nic, mut done) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        let mut next = 0;
        for step in steps {
            match step {
                0 | 1 => {
                    if filled.len() + nic.len() + done.len() == slots as usize - 1 {
                        prop_assert_eq!(ring.fill(), Err(RingFull { slots }));
                    } else {
                        prop_assert_eq!(ring.fill(), Ok(next));
                        filled.push_back(next);
                        next = (next + 1) % slots;
                    }
                }
                2 => {
                    prop_assert_eq!(ring.doorbell() as usize, filled.len());
                    nic.append(&mut filled);
                }
                3 => {
                    prop_assert_eq!(ring.next(), nic.front().copied());
                    if let Some(slot) = nic.pop_front() {
                        ring.complete(1);
                        done.push_back(slot);
                    }
                }
                _ => prop_assert_eq!(ring.recycle(), done.pop_front()),
            }
            // The NIC owns [Tail + 1, Head - 1], the OS owns [Head, Tail].
            let (head, tail) = (ring.head() - base, ring.tail() - base);
            let mut owned = VecDeque::new();
            let mut slot = (tail + 1) % slots;
            while slot != head {
                owned.push_back(slot);
                slot = (slot + 1) % slots;
            }
            prop_assert_eq!(&owned, &nic);
            prop_assert_eq!(ring.owned_by_nic() as usize, nic.len());
            prop_assert_eq!(nic.is_empty(), head == (tail + 1) % slots, "empty: Head = Tail + 1");
            prop_assert_eq!(nic.len() == slots as usize - 1, head == tail, "full: Head = Tail");
            let room = slots as usize - 1 - filled.len() - nic.len() - done.len();
            prop_assert_eq!(ring.room() as usize, room);
        }
    }

    #[test]
    fn rx_pointers_agree_with_sets(slots in 2u32..=64, steps in prop::collection::vec(0u8..4, 1..400)) {
        let base = 2000;
        let mut ring = RxRing::new(base, slots);
        let (mut granted, mut waiting) = (VecDeque::new(), VecDeque::new());
        let (mut next, mut last) = (0, slots - 1);
        for step in steps {
            match step {
                0 | 1 => {
                    if granted.len() + waiting.len() == slots as usize - 1 {
                        prop_assert_eq!(ring.grant(), None);
                    } else {
                        prop_assert_eq!(ring.grant(), Some(next));
                        granted.push_back(next);
                        next = (next + 1) % slots;
                    }
                }
                2 => {
                    prop_assert_eq!(ring.next(), granted.front().copied());
                    if let Some(slot) = granted.pop_front() {
                        ring.fill();
                        waiting.push_back(slot);
                        last = slot;
                    }
                }
                _ => {
                    prop_assert_eq!(ring.ready(), waiting.front().copied());
                    if waiting.pop_front().is_some() {
                        ring.process();
                    }
                }
            }
            prop_assert_eq!(ring.owned_by_nic() as usize, granted.len());
            prop_assert_eq!(ring.waiting() as usize, waiting.len());
            prop_assert_eq!(ring.grantable() as usize, slots as usize - 1 - granted.len() - waiting.len());
            prop_assert_eq!((ring.head(), ring.tail()), (base + next, base + last));
        }
    }
}
