//! Going to any moment of a run and back: the state is the one that running there gives.

#![cfg(not(target_family = "wasm"))]

#[path = "common/frames.rs"]
mod frames;

use std::sync::Arc;

use snapstack::buffers::Scheme;
use snapstack::random::mix;
use snapstack::sim::{Config, Lane, SEEK_BYTES, Seeker, Setup, Tap, Workload};
use snapstack::traffic::Traffic;
use snapstack::traffic::capture::ETHERNET;

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
