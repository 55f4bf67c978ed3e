//! Going to any moment of a run and back: the state is the one that running there gives.

#![cfg(not(target_family = "wasm"))]

#[path = "common/frames.rs"]
mod frames;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use snapstack::buffers::Scheme;
use snapstack::random::mix;
use snapstack::sim::{Config, Event, Kind, Lane, Moment, SEEK_BYTES, Seeker, Setup, Stage, Tap, Workload};
use snapstack::traffic::Traffic;
use snapstack::traffic::capture::ETHERNET;
use xxhash_rust::xxh3::xxh3_64;

fn setups() -> Vec<Setup> {
    let demo = Traffic::read(include_bytes!("../../static/captures/demo-web.pcap")).unwrap();
    let faulty = Config {
        workload: Workload::Web,
        threads: 4,
        bytes: 200_000,
        loss: 10_000,
        reorder: 10_000,
        duplicate: 10_000,
        ..Config::default()
    };
    let request = Config { workload: Workload::Request, delayed_free: 100, ..faulty };
    vec![
        Setup::new(Config::for_capture(), Some(Arc::new(demo))),
        Setup::new(faulty, None),
        Setup::new(request, None),
    ]
}

/// What a state is told by: its digest, and the bytes of its memory.
fn told(lane: &Lane<()>) -> (String, u64, u64, Option<u64>) {
    let live = lane.snapshot().map(|snapshot| snapshot.memory().live_lines());
    (lane.digest(), lane.events(), lane.now(), live)
}

/// A lane that has run up to a moment in one go.
fn run_to(scheme: Scheme, setup: &Setup, time_ns: u64) -> Lane<()> {
    let mut lane = Lane::new(scheme, setup, ()).unwrap();
    while lane.next_time().is_some_and(|next| next <= time_ns) && lane.step() {
        lane.discard_events();
    }
    lane
}

/// Records the frames of a run.
#[derive(Clone)]
struct Recorded;

impl Tap for Recorded {
    fn frame(&mut self, time_ns: u64, _from_peer: bool, _packet: u32, frame: &[u8]) {
        frames::record(ETHERNET, time_ns, frame);
    }
}

/// What the runs of a test put on the wire, going back or not, is what this one does.
fn record(scheme: Scheme, setup: &Setup) {
    let mut lane = Lane::new(scheme, setup, Recorded).unwrap();
    while lane.step_many(1000) {
        lane.discard_events();
    }
}

fn forward(scheme: Scheme, setup: &Setup, budget: u64) -> Seeker<()> {
    record(scheme, setup);
    let mut seeker = Seeker::new(Lane::new(scheme, setup, ()).unwrap(), budget).unwrap();
    while seeker.advance(100).unwrap() {
        seeker.lane_mut().discard_events();
    }
    seeker
}

#[test]
fn every_moment_is_what_running_there_gives() {
    for setup in setups() {
        for scheme in Scheme::ALL {
            let mut seeker = forward(scheme, &setup, SEEK_BYTES);
            let end = told(seeker.lane());
            let last = seeker.lane().now();
            for draw in 0..12u64 {
                let time = mix(draw) % (last + 1);
                seeker.seek(time).unwrap();
                let expected = run_to(scheme, &setup, time);
                assert_eq!(told(seeker.lane()), told(&expected), "{scheme:?} at {time} ns");
                // One step back, and forward again.
                seeker.seek(time.saturating_sub(1)).unwrap();
                assert_eq!(told(seeker.lane()), told(&run_to(scheme, &setup, time.saturating_sub(1))));
                seeker.seek(time).unwrap();
                assert_eq!(told(seeker.lane()), told(&expected));
            }
            seeker.to_end().unwrap();
            assert_eq!(told(seeker.lane()), end, "the digest is the straight run's");
        }
    }
}

#[test]
fn saved_states_are_thinned_to_their_budget_and_lead_everywhere_all_the_same() {
    let config =
        Config { workload: Workload::Web, threads: 4, bytes: 1_000_000, loss: 10_000, ..Config::default() };
    let setup = &Setup::new(config, None);
    for scheme in Scheme::ALL {
        let mut roomy = forward(scheme, setup, SEEK_BYTES);
        let (states, bytes) = (roomy.states(), roomy.bytes());
        assert!(states > 3 && bytes <= SEEK_BYTES, "{states} states in {bytes} bytes");
        let budget = bytes / 2;
        let mut tight = forward(scheme, setup, budget);
        let (fewer, held) = (tight.states(), tight.bytes());
        assert!(fewer < states && held <= budget, "{fewer} of {states} states in {held} of {budget} bytes");
        let last = tight.lane().now();
        for time in [last, 0, last / 3, last / 2, last / 3 - 1] {
            tight.seek(time).unwrap();
            roomy.seek(time).unwrap();
            assert_eq!(told(tight.lane()), told(roomy.lane()));
        }
    }
}

/// Large rings, many connections, and a memory that is empty at first and full at the end.
#[test]
fn states_of_a_crowded_run_keep_to_their_budget_wherever_the_run_is() {
    const BUDGET: u64 = 12 << 20;
    let config = Config {
        workload: Workload::Bulk,
        threads: 64,
        bytes: 65_536,
        ring_slots: 4096,
        doorbell_every: 1,
        queues: 4,
        megabits: 100,
        ..Config::default()
    };
    let setup = &Setup::new(config, None);
    for scheme in Scheme::ALL {
        let mut seeker = forward(scheme, setup, BUDGET);
        let (states, bytes, last) = (seeker.states(), seeker.bytes(), seeker.lane().now());
        assert!(states >= 8 && bytes <= BUDGET, "{scheme:?}: {states} states in {bytes} bytes");
        for time in [last / 2, 0, last, last / 5, last / 5 - 1, last / 3] {
            seeker.seek(time).unwrap();
            let bytes = seeker.bytes();
            assert!(
                bytes <= BUDGET,
                "{scheme:?} at {time} ns of {last}: {bytes} bytes in {} states",
                seeker.states()
            );
        }
    }
}

#[test]
fn the_way_to_a_moment_can_be_gone_in_parts_and_left_for_another() {
    for setup in setups() {
        for scheme in Scheme::ALL {
            let mut seeker = forward(scheme, &setup, SEEK_BYTES);
            let all = seeker.lane().steps();
            for draw in 0..8u64 {
                let [step, other] = [0, 1].map(|half| (mix(2 * draw + half) % u64::from(all + 1)) as u32);
                seeker.aim(Moment::Step(other)).unwrap();
                seeker.approach(3).unwrap();
                seeker.aim(Moment::Step(step)).unwrap();
                let (from, mut parts) = (seeker.lane().steps(), 0);
                assert!(from <= step, "it sets out before the moment");
                while !seeker.approach(50).unwrap() {
                    parts += 1;
                    assert_eq!(seeker.lane().steps(), from + 50 * parts);
                }
                let mut expected = Lane::new(scheme, &setup, ()).unwrap();
                assert!(expected.step_many(step));
                expected.discard_events();
                assert_eq!(expected.steps(), step);
                assert_eq!(told(seeker.lane()), told(&expected), "{scheme:?} after {step} steps");
            }
            // The run's end, from wherever the lane is, is where it goes on.
            seeker.aim(Moment::Step(u32::MAX)).unwrap();
            assert!(seeker.approach(u32::MAX).unwrap());
            assert_eq!(seeker.lane().steps(), all);
        }
    }
}

#[test]
fn a_run_goes_on_from_where_it_was_after_looking_back() {
    let setup = &setups()[1];
    let mut straight = forward(Scheme::Snapshot, setup, SEEK_BYTES);
    let mut seeker = Seeker::new(Lane::new(Scheme::Snapshot, setup, ()).unwrap(), SEEK_BYTES).unwrap();
    let mut draw = 0;
    seeker.lane_mut().watch();
    let mut lines = 0;
    while seeker.advance(700).unwrap() {
        seeker.lane_mut().discard_events();
        lines += seeker.lane_mut().take_lines().len();
        draw += 1;
        seeker.seek(mix(draw) % (seeker.lane().now() + 1)).unwrap();
    }
    lines += seeker.lane_mut().take_lines().len();
    let mut watched = Lane::new(Scheme::Snapshot, setup, ()).unwrap();
    watched.watch();
    while watched.step() {}
    assert_eq!(lines, watched.take_lines().len(), "each content tells its lines once");
    assert_eq!(seeker.reached(), straight.reached());
    for event in (0..seeker.reached()).step_by(97) {
        assert_eq!(seeker.step_of(event), straight.step_of(event), "event {event}");
    }
    straight.to_end().unwrap();
    seeker.to_end().unwrap();
    assert_eq!(told(seeker.lane()), told(straight.lane()));
}

/// The frames of the shown host, and those that arrive at it, by packet; the first one of each. Clones share them.
#[derive(Clone, Default)]
struct Frames(Rc<RefCell<HashMap<u32, Vec<u8>>>>);

impl Tap for Frames {
    fn frame(&mut self, _time_ns: u64, from_peer: bool, packet: u32, frame: &[u8]) {
        if !from_peer {
            self.0.borrow_mut().entry(packet).or_insert_with(|| frame.to_vec());
        }
    }

    fn arrival(&mut self, _time_ns: u64, packet: u32, frame: &[u8]) {
        self.0.borrow_mut().entry(packet).or_insert_with(|| frame.to_vec());
    }
}

/// Many threads that share a slow link over several queues: packets wait long in their rings, and the clocks of software and NIC
/// lie far apart.
fn crowded() -> Setup {
    let config = Config {
        threads: 24,
        bytes: 40_000,
        queues: 4,
        doorbell_every: 1,
        megabits: 100,
        ..Config::default()
    };
    Setup::new(config, None)
}

#[test]
fn the_step_that_made_a_record_is_the_one_in_which_it_happened() {
    let setup = crowded();
    for scheme in Scheme::ALL {
        record(scheme, &setup);
        let tap = Frames::default();
        let mut seeker = Seeker::new(Lane::new(scheme, &setup, tap.clone()).unwrap(), SEEK_BYTES).unwrap();
        let mut words = Vec::new();
        while seeker.advance(100).unwrap() {
            words.extend(seeker.lane_mut().take_events());
        }
        words.extend(seeker.lane_mut().take_events());
        let events: Vec<Event> = words.as_chunks().0.iter().filter_map(Event::decode).collect();
        assert_eq!(events.len() as u64, seeker.reached());
        let frames = tap.0.take();
        let (mut checked, mut ahead) = (0, 0);
        for (index, event) in (0..).zip(&events) {
            let Kind::Stage { stage: Stage::Dma | Stage::WireIn, .. } = event.kind else { continue };
            let step = seeker.step_of(index).unwrap();
            seeker.aim(Moment::Step(step - 1)).unwrap();
            while !seeker.approach(u32::MAX).unwrap() {}
            ahead += u32::from(seeker.lane().next_time().is_some_and(|next| next < event.time_ns));
            tap.0.borrow_mut().clear();
            assert!(seeker.lane_mut().step());
            seeker.lane_mut().discard_events();
            let found = tap.0.borrow().get(&event.packet).cloned();
            assert_eq!(found.as_ref(), frames.get(&event.packet), "{scheme:?}, packet {}", event.packet);
            checked += 1;
            // It is the frame whose hash the record has.
            let hash = events[index as usize..].iter().find_map(|later| match later.kind {
                Kind::Frame { hash, .. } if later.packet == event.packet => Some(hash),
                _ => None,
            });
            if let Some(hash) = hash {
                assert_eq!(found.map(|frame| xxh3_64(&frame)), Some(hash));
            }
        }
        assert_eq!(checked, frames.len());
        assert!(
            checked > 1000 && ahead > 0,
            "{checked} packets, {ahead} with a record later than their step"
        );
    }
}

#[test]
fn all_that_is_told_has_happened_and_nothing_of_a_later_step() {
    let setup = crowded();
    let seeker = forward(Scheme::Snapshot, &setup, SEEK_BYTES);
    let all = seeker.reached();
    let mut early = 0;
    for events in (0..=all).step_by(61) {
        let step = seeker.step_after(events);
        let made = |event| seeker.step_of(event).unwrap();
        assert!((0..events).all(|event| made(event) <= step), "all of {events} events have happened");
        assert!(events == 0 || (0..events).any(|event| made(event) == step), "and not long before");
        early += u32::from(events < all && made(events) < step);
    }
    assert_eq!((seeker.step_of(all), seeker.step_after(0)), (None, 0));
    assert!(early > 0, "no record is of an earlier step than one before it");
}
