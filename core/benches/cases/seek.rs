//! Going to any moment of a run of a million events.

use snapstack::buffers::Scheme;
use snapstack::random::mix;
use snapstack::sim::{Config, Lane, SEEK_BYTES, Seeker, Setup, Workload};

use super::{Bench, median};

const EVENTS: u64 = 1_000_000;
const SEEKS: u64 = 100;
/// Steps of a lane between two looks at how far it is.
const STEPS: u32 = 1000;

/// A run of both schemes of over a million records together.
fn setup() -> Setup {
    let config =
        Config { workload: Workload::Web, threads: 8, bytes: 4 << 20, loss: 5000, ..Config::default() };
    Setup::new(config, None)
}

fn lane(scheme: Scheme, setup: &Setup) -> Lane<()> {
    Lane::new(scheme, setup, ()).expect("the setup is valid")
}

/// The digest of a run that nobody went back in, and its records.
fn straight(scheme: Scheme, setup: &Setup) -> (String, u64) {
    let mut lane = lane(scheme, setup);
    while lane.step() {
        lane.discard_events();
    }
    (lane.digest(), lane.events())
}

fn percentile(times: &mut [f64], percent: usize) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[(times.len() * percent).div_ceil(100) - 1]
}

/// The 95th percentile of seeks to random moments, and of steps back by one record, of both lanes; the peer runs there from
/// the start.
pub(crate) fn seek(bench: &Bench<'_>, name: &str) {
    let setup = setup();
    let expected = Scheme::ALL.map(|scheme| straight(scheme, &setup));
    let events: u64 = expected.iter().map(|(_, events)| events).sum();
    assert!(events >= EVENTS, "the run has {events} records");
    let mut seekers = Scheme::ALL.map(|scheme| {
        let mut seeker = Seeker::new(lane(scheme, &setup), SEEK_BYTES / 2).expect("there is room");
        while seeker.advance(STEPS).expect("there is room") {
            seeker.lane_mut().discard_events();
        }
        seeker
    });
    let end = seekers.iter().map(|seeker| seeker.lane().now()).max().unwrap_or(0);
    let moments: Vec<u64> = (0..SEEKS).map(|i| mix(i) % end).collect();
    let (mut there, mut back) = (Vec::new(), Vec::new());
    for moment in &moments {
        let mut before = 0;
        there.push(
            bench
                .time(|| seekers.iter_mut().for_each(|s| before = s.seek(*moment).expect("there is room")))
                .1,
        );
        let to = before.saturating_sub(1);
        back.push(bench.time(|| seekers.iter_mut().for_each(|s| drop(s.seek(to)))).1);
    }
    let mut from_start: Vec<f64> = moments
        .iter()
        .take(5)
        .map(|moment| {
            let run = || {
                for scheme in Scheme::ALL {
                    let mut lane = lane(scheme, &setup);
                    while lane.next_time().is_some_and(|next| next <= *moment) && lane.step() {
                        lane.discard_events();
                    }
                }
            };
            bench.time(run).1
        })
        .collect();
    let peer = percentile(&mut from_start, 95);
    for (what, times) in [("seek", &mut there), ("back", &mut back)] {
        let ours = percentile(times, 95);
        bench.report(&format!("{name}_{what}_p95"), ours, "from the start", peer, peer / ours);
        bench.report(
            &format!("{name}_{what}_median"),
            median(times.clone()),
            "from the start",
            peer,
            peer / ours,
        );
    }
    for (seeker, (digest, _)) in seekers.iter_mut().zip(&expected) {
        seeker.to_end().expect("there is room");
        assert_eq!(&seeker.lane().digest(), digest, "the digest is that of the straight run");
    }
    let bytes: u64 = seekers.iter_mut().map(Seeker::bytes).sum();
    let states: usize = seekers.iter().map(Seeker::states).sum();
    assert!(bytes <= SEEK_BYTES, "{bytes} bytes of saved states");
    (bench.print)(&format!(
        r#"{{"name":"{name}_states","ours_ns":{bytes}.0,"peer":"bytes in {states} states of {events} events; budget","peer_ns":{SEEK_BYTES}.0,"ratio":{:.3}}}"#,
        SEEK_BYTES as f64 / bytes as f64
    ));
}
