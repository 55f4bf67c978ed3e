//! Two engines over a link with faults: every byte arrives once and in order, both ends finish, and no payload is left.

use proptest::prelude::*;
use snapstack::stack::tcp::{Config, MILLISECOND, SECOND, State, TIME_WAIT};

use super::host::{Engine, Plan, stream};
use super::link::{Faults, Random, cases, run};
use super::wire::End;

pub(crate) fn drawn_config(random: &mut Random) -> Config {
    let buffers = [2_000, 20_000, 65_535, 100_000, 256 * 1024];
    Config {
        mss: random.pick(&[88, 536, 1440, 1440]),
        send_buffer: random.pick(&buffers),
        receive_buffer: random.pick(&buffers),
        window_scaling: random.chance(800),
        timestamps: random.chance(600),
        sack: random.chance(600),
        nagle: random.chance(500),
        ack_delay: random.pick(&[0, 40 * MILLISECOND, 200 * MILLISECOND]),
        least_rto: random.pick(&[200 * MILLISECOND, SECOND]),
        tso: random.pick(&[0, 0, 8_000, 65_000]),
    }
}

fn ends(v6: bool) -> [[End; 2]; 2] {
    let (a, b) = (End::new(v6, 1), End::new(v6, 2));
    [[a, b], [b, a]]
}

fn transfer(seed: u64, sizes: [usize; 2], both_open: bool) {
    let mut random = Random::new(seed);
    let faults = Faults::drawn(&mut random);
    let [first_ends, second_ends] = ends(random.chance(500));
    let plans = sizes.map(|size| Plan::drawn(&mut random, stream(seed ^ size as u64, size)));
    // Two ends that both wait for the other to close would wait for ever.
    let both_wait = plans[0].close_second && plans[1].close_second;
    let [mut first_plan, second_plan] = plans;
    first_plan.close_second &= !both_wait;
    let configs = [drawn_config(&mut random), drawn_config(&mut random)];
    let mut first = Engine::new(configs[0], first_plan, first_ends, true, seed);
    let mut second = Engine::new(configs[1], second_plan, second_ends, both_open, seed + 1);
    run([&mut first, &mut second], &faults, seed, 400_000);
    for (from, to) in [(&first, &second), (&second, &first)] {
        assert!(
            to.received == from.plan.send,
            "{} bytes of {} arrived",
            to.received.len(),
            from.plan.send.len()
        );
        from.ended_well();
        assert_eq!(from.payloads.live(), 0, "payloads are still held");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(200), ..ProptestConfig::default() })]

    #[test]
    fn every_byte_arrives_once_and_in_order_and_nothing_stays_held(
        seed in any::<u64>(),
        up in prop_oneof![Just(0), 1_usize..3_000, 3_000_usize..200_000],
        down in prop_oneof![Just(0), 1_usize..3_000, 3_000_usize..200_000],
        both_open in prop::bool::weighted(0.2),
    ) {
        transfer(seed, [up, down], both_open);
    }
}

#[test]
fn transfers_of_a_mebibyte_arrive_under_every_kind_of_fault() {
    for seed in 0..u64::from(cases(12)) {
        transfer(seed, [1 << 20, 1 << 18], false);
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let go = || {
        let [first_ends, second_ends] = ends(false);
        let faults = Faults {
            loss: 100,
            duplication: 50,
            reordering: 100,
            corruption: 20,
            latency: MILLISECOND,
            ..Faults::default()
        };
        let config = Config::default();
        let mut first = Engine::new(config, Plan::send(stream(1, 300_000)), first_ends, true, 1);
        let mut second = Engine::new(config, Plan::send(stream(2, 300_000)), second_ends, false, 2);
        let done = run([&mut first, &mut second], &faults, 3, 100_000);
        (done.end, done.packets, first.received, second.received)
    };
    assert_eq!(go(), go());
}

#[test]
fn without_faults_nothing_is_sent_twice_and_a_window_a_round_trip_arrives() {
    let [first_ends, second_ends] = ends(false);
    let size = 1 << 20;
    let faults = Faults { latency: 5 * MILLISECOND, ..Faults::default() };
    let config = Config { send_buffer: 1 << 20, receive_buffer: 1 << 20, ..Config::default() };
    let mut first = Engine::new(config, Plan::send(stream(1, size)), first_ends, true, 1);
    let mut second = Engine::new(config, Plan::send(Vec::new()), second_ends, false, 2);
    let done = run([&mut first, &mut second], &faults, 3, 100_000);
    assert_eq!(second.received, first.plan.send);
    let segments = size.div_ceil(1448) as u64;
    assert!(done.packets < segments * 8 / 5 + 20, "{} packets for {segments} segments", done.packets);
    // Slow start from 10 segments needs about 10 round trips of 10 ms; TIME-WAIT follows.
    assert!(done.end < 61 * SECOND, "{} ns", done.end);
}

#[test]
fn segmentation_offload_sends_long_and_the_receiver_sees_the_same_stream() {
    let [first_ends, second_ends] = ends(false);
    let faults = Faults { loss: 20, latency: MILLISECOND, ..Faults::default() };
    let config = Config { tso: 65_000, ..Config::default() };
    let mut first =
        Engine::new(config, Plan { piece: 60_000, ..Plan::send(stream(1, 1 << 20)) }, first_ends, true, 1);
    let mut second = Engine::new(config, Plan::send(Vec::new()), second_ends, false, 2);
    run([&mut first, &mut second], &faults, 3, 100_000);
    assert_eq!(second.received, first.plan.send);
    assert!(first.long_sends > 20, "{} long sends", first.long_sends);
}

#[test]
fn an_abort_in_the_middle_reaches_the_peer_and_lets_everything_go() {
    for seed in 0..20 {
        let [first_ends, second_ends] = ends(seed % 2 == 0);
        let mut random = Random::new(seed);
        let faults = Faults { loss: 50, reordering: 100, latency: MILLISECOND, ..Faults::default() };
        let config = drawn_config(&mut random);
        let mut plan = Plan::send(stream(1, 200_000));
        plan.abort_after = Some(50_000);
        let mut first = Engine::new(config, plan, first_ends, true, seed);
        let mut second = Engine::new(config, Plan::send(stream(2, 200_000)), second_ends, false, seed);
        run([&mut first, &mut second], &faults, seed, 100_000);
        assert_eq!(first.payloads.live() + second.payloads.live(), 0);
        assert!(first.failure().is_some() && second.failure().is_some());
        assert_eq!((first.state(), second.state()), (Some(State::Closed), Some(State::Closed)));
        assert!(first.plan.send.starts_with(&second.received));
    }
}

/// Milliseconds that a mebibyte takes over a link of 1 MB/s and 20 ms there and back, whose queue holds 30 kB.
fn through_a_bottleneck(sack: bool) -> u64 {
    let [first_ends, second_ends] = ends(false);
    let faults = Faults { latency: 10 * MILLISECOND, rate: 1_000_000, queue: 30_000, ..Faults::default() };
    let config = Config { sack, least_rto: 200 * MILLISECOND, ..Config::default() };
    let mut first = Engine::new(config, Plan::send(stream(1, 1 << 20)), first_ends, true, 1);
    let mut second = Engine::new(config, Plan::send(Vec::new()), second_ends, false, 2);
    let done = run([&mut first, &mut second], &faults, 3, 100_000);
    assert_eq!(second.received, first.plan.send);
    (done.end - TIME_WAIT) / MILLISECOND
}

#[test]
fn the_congestion_window_finds_the_rate_of_a_bottleneck() {
    // The bytes and headers alone take 1,090 ms.
    let (with_blocks, without) = (through_a_bottleneck(true), through_a_bottleneck(false));
    assert!(with_blocks < 1_500, "{with_blocks} ms with selective acknowledgements");
    assert!(without < 2_000, "{without} ms without");
}
