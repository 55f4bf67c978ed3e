//! Times what holds the worker that answers, in a large run: `cargo run --release -p snapstack-web --example answer_timing`.
//! Every part that is not interrupted is timed by itself: a state that is restored or saved, some steps, a part of a look into
//! memory. Prints the worst and the sum of each.

#![allow(clippy::print_stdout, reason = "a program whose output is its results")]

use std::time::{Duration, Instant};

use snapstack::buffers::{Scheme, Snapshot};
use snapstack::memory::{Plid, ReachSearch, ReferrerSearch};
use snapstack::random::mix;
use snapstack::sim::{Config, Lane, Moment, SEEK_BYTES, Seeker, Setup};
use snapstack_web::dag::{ContentSearch, Gathering};

/// Steps between two looks at the clock, as in the worker; places for lines; segments.
const STEPS: u32 = 8;
const PLACES: u32 = 1 << 14;
const SEGMENTS: usize = 32;
/// Lines of a DAG that are sent at the most.
const MOST_LINES: usize = 120_000;

/// How long the parts of something took.
#[derive(Default)]
struct Parts {
    worst: Duration,
    sum: Duration,
    count: u32,
}

impl Parts {
    fn time<R>(&mut self, part: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = part();
        let took = start.elapsed();
        self.worst = self.worst.max(took);
        self.sum += took;
        self.count += 1;
        result
    }
}

impl std::fmt::Display for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "worst {:.1?}, {:.1?} in {} parts", self.worst, self.sum, self.count)
    }
}

fn main() {
    // A thousand packets under way: the crowded run of `cargo xtask measure`.
    let crowded = Config {
        threads: 256,
        bytes: 65_536,
        ring_slots: 4096,
        megabits: 100,
        doorbell_every: 1,
        queues: 16,
        ..Config::default()
    };
    // Much memory: small lines, and buffers that stay.
    let large = Config { threads: 512, bytes: 32_768, line_size: 16, ..Config::default() };
    for (name, config) in [("crowded", crowded), ("large", large)] {
        for scheme in Scheme::ALL {
            println!("{name}, {scheme:?}");
            run(scheme, &Setup::new(config, None));
        }
    }
}

fn run(scheme: Scheme, setup: &Setup) {
    let mut lane = Lane::new(scheme, setup, ()).expect("a lane");
    lane.watch();
    let mut seeker = Seeker::new(lane, SEEK_BYTES / 2).expect("room");
    let mut forward = Parts::default();
    while forward.time(|| seeker.advance(128)).expect("room") {
        seeker.lane_mut().take_events();
        seeker.lane_mut().take_lines();
    }
    let (events, steps) = (seeker.reached(), seeker.lane().steps());
    let (states, bytes) = (seeker.states(), seeker.bytes() >> 20);
    println!("  128 steps forward: {forward}; {events} events, {states} states of {bytes} MiB");

    let (mut told, mut aim, mut approach) = (Parts::default(), Parts::default(), Parts::default());
    let mut whole = Vec::new();
    for draw in 0..60 {
        let start = Instant::now();
        let step = told.time(|| seeker.step_after(mix(draw) % events));
        aim.time(|| seeker.aim(Moment::Step(step))).expect("a state");
        while !approach.time(|| seeker.approach(STEPS)).expect("room") {}
        whole.push(start.elapsed());
    }
    whole.sort();
    println!("  which step: {told}");
    println!("  setting out: {aim}");
    println!("  {STEPS} steps of {steps}: {approach}");
    println!("  a moment in all: median {:.1?}, worst {:.1?}", whole[30], whole[59]);
    for tenth in [2, 5, 8] {
        let step = seeker.step_after(events * tenth / 10);
        seeker.aim(Moment::Step(step)).expect("a state");
        while !seeker.approach(u32::MAX).expect("room") {}
        if let Some(snapshot) = seeker.lane().snapshot() {
            println!("  at {tenth}0 %:");
            look(snapshot);
        }
    }
}

fn look(snapshot: &Snapshot) {
    let memory = snapshot.memory();
    let [mut held, mut gather, mut finish, mut write] = [0; 4].map(|_| Parts::default());
    let segments = held.time(|| snapshot.holdings());
    println!("    {} segments: {held}", segments.len());
    let mut gathering = Gathering::new(MOST_LINES);
    for (segment, _) in &segments {
        gather.time(|| gathering.add(memory, *segment, String::new())).expect("a segment");
    }
    let forest = finish.time(|| gathering.finish(memory.line_size()));
    let words = write.time(|| forest.to_words());
    println!("    {} lines: {gather}; put together: {finish}", forest.lines.len());
    println!("    {} words: {write}", words.len());
    let Some(last) = forest.lines.last() else { return };
    let [mut refer, mut reach, mut find] = [0; 3].map(|_| Parts::default());
    let mut referrers = ReferrerSearch::new(Plid(last.plid));
    while !refer.time(|| referrers.work(memory, PLACES)) {}
    println!("    referrers: {refer}");
    let mut ways = ReachSearch::new(Plid(last.plid));
    while !reach.time(|| ways.work(memory, SEGMENTS)) {}
    println!("    ways: {reach}");
    let mut search = ContentSearch::new(b"in no line", 1000);
    for (segment, _) in &segments {
        find.time(|| search.add(memory, *segment)).expect("a segment");
    }
    println!("    bytes looked for: {find}");
}
