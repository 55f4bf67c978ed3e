//! What records tell of the rings of a NIC with several queues (DESIGN.md section 4): every queue's pointers in both schemes,
//! and which queue a packet is in.

use std::collections::BTreeMap;
use std::sync::Arc;

use snapstack::buffers::Scheme;
use snapstack::sim::{Config, Event, Kind, Lane, Setup, Stage, Workload};
use snapstack::traffic::Traffic;

use super::{faulty, small};

/// Runs of hosts, with faults and without, and of a capture.
fn setups(queues: u16) -> Vec<Setup> {
    let demo = include_bytes!("../../../static/captures/demo-web.pcap");
    let traffic = Arc::new(Traffic::read(demo).unwrap());
    let hosts =
        |workload| Config { queues, threads: 40, ring_slots: 64, message: 5_000, ..small(workload, 3) };
    vec![
        Setup::new(Config { bytes: 20_000, ..hosts(Workload::Web) }, None),
        Setup::new(Config { bytes: 20_000, tso: 20_000, ..hosts(Workload::Bulk) }, None),
        Setup::new(faulty(hosts(Workload::Request), [10_000, 10_000, 30_000, 10_000]), None),
        Setup::new(Config { queues, ring_slots: 64, ..Config::for_capture() }, Some(traffic)),
    ]
}

fn record(scheme: Scheme, setup: &Setup) -> Vec<Event> {
    let mut lane = Lane::new(scheme, setup, ()).unwrap();
    while lane.step() {}
    lane.take_events().as_chunks().0.iter().map(|words| Event::decode(words).unwrap()).collect()
}

/// A record of pointers, of either ring: whether of the receive ring, the queue, Head, Tail, slots that the NIC owns, and
/// those that are filled and the driver's.
fn pointers(kind: &Kind) -> Option<(bool, u16, [u32; 4])> {
    match *kind {
        Kind::Ring { queue, head, tail, owned, unposted } => {
            Some((false, queue, [head, tail, owned.into(), unposted.into()]))
        }
        Kind::RxRing { queue, head, tail, owned, waiting } => {
            Some((true, queue, [head, tail, owned.into(), waiting.into()]))
        }
        _ => None,
    }
}

#[test]
fn every_record_of_every_queue_has_pointers_that_agree_with_who_owns_what() {
    for queues in [2, 5, 16] {
        for setup in setups(queues) {
            for scheme in Scheme::ALL {
                let n = setup.config.ring_slots;
                let first = match scheme {
                    Scheme::Snapshot => setup.config.nic().ring_base,
                    Scheme::SkBuff => 0,
                };
                let mut told: BTreeMap<(bool, u16), u32> = BTreeMap::new();
                for event in record(scheme, &setup) {
                    let Some((rx, queue, [head, tail, owned, filled])) = pointers(&event.kind) else {
                        continue;
                    };
                    assert!(queue < queues, "{event:?}");
                    // Segments lie one after the other, TX first; descriptors are counted from 0 in each ring.
                    let ring = u32::from(queue) + if rx { u32::from(queues) } else { 0 };
                    let base = first + if scheme == Scheme::Snapshot { ring * n } else { 0 };
                    assert!(
                        (base..base + n).contains(&head) && (base..base + n).contains(&tail),
                        "{event:?}"
                    );
                    // The NIC owns [Tail + 1, Head - 1], and one slot of N is nobody's.
                    assert_eq!((head + n - tail - 1) % n, owned, "{event:?}");
                    assert!(owned + filled < n, "{event:?}");
                    *told.entry((rx, queue)).or_default() += 1;
                }
                // Every queue's slots are granted; by which it is sent, the hash of the connections says.
                let rings = |rx: bool, records: u32| {
                    told.iter().filter(|(ring, told)| ring.0 == rx && **told >= records).count()
                };
                let (sends, receives) = (rings(false, 2), rings(true, 1));
                assert_eq!(receives, usize::from(queues), "{told:?}");
                assert!(
                    4 * sends >= 3 * usize::from(queues) || setup.traffic.is_some() && sends > 1,
                    "{told:?}"
                );
            }
        }
    }
}

/// The queue of each packet, by the record that the NIC's turn on it made.
fn queues_of(events: &[Event]) -> BTreeMap<u32, (bool, u16)> {
    let mut stages: BTreeMap<u32, Stage> = BTreeMap::new();
    let mut queues = BTreeMap::new();
    for event in events {
        if let Kind::Stage { stage, .. } = event.kind {
            stages.insert(event.packet, stage);
        }
        let Some((rx, queue, _)) = pointers(&event.kind) else { continue };
        let turn = if rx { Stage::DmaIn } else { Stage::Dma };
        if stages.get(&event.packet) == Some(&turn) {
            let before = queues.insert(event.packet, (rx, queue));
            assert!(before.is_none_or(|before| before == (rx, queue)), "{event:?} after {before:?}");
        }
    }
    queues
}

#[test]
fn each_packet_is_in_one_queue_the_same_one_in_both_schemes_and_a_connection_stays_with_its_own() {
    for setup in setups(4) {
        let [left, right] = Scheme::ALL.map(|scheme| record(scheme, &setup));
        let [one, two] = [&left, &right].map(|events| queues_of(events));
        assert!(one == two && one.len() > 100);
        let read = left
            .iter()
            .filter(|event| matches!(event.kind, Kind::Stage { stage: Stage::Dma | Stage::DmaIn, .. }));
        for event in read {
            assert!(one.contains_key(&event.packet), "{event:?} is in no queue");
        }
        // What is told of a frame is its thread.
        let mut threads: BTreeMap<u32, u16> = BTreeMap::new();
        for event in &left {
            if let Kind::Stage { stage: Stage::DmaIn, send, .. } = event.kind
                && send != Event::NONE
            {
                let (rx, queue) = one[&event.packet];
                assert!(rx);
                assert_eq!(*threads.entry(send).or_insert(queue), queue, "thread {send}");
            }
        }
        assert!(
            threads.len() > 5
                && threads.values().any(|queue| *queue != threads[threads.keys().next().unwrap()])
        );
    }
}
