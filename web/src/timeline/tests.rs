//! The timeline of the demo capture, built as the worker builds it, in batches of any size.

use std::sync::Arc;

use snapstack::buffers::Scheme;
use snapstack::sim::{self, Config, EVENT_WORDS, Kind, Retention, Stage};
use snapstack::traffic;

use super::*;
use crate::engine::describe;

fn events(config: Config) -> (Traffic, [Vec<u32>; 2]) {
    let demo = include_bytes!("../../../static/captures/demo-web.pcap");
    let traffic = Arc::new(traffic::Traffic::read(demo).unwrap());
    let words = [Scheme::SkBuff, Scheme::Snapshot].map(|scheme| {
        let mut lane = sim::Lane::new(scheme, &traffic, config, (), None).unwrap();
        while lane.step().unwrap() {}
        lane.take_events()
    });
    (describe(&traffic, config.line_size), words)
}

pub(crate) fn timeline(config: Config, batch: usize) -> Timeline {
    let (traffic, words) = events(config);
    let mut timeline = Timeline::new(traffic);
    let mut at = [0; 2];
    while Side::BOTH.iter().any(|side| at[*side as usize] < words[*side as usize].len()) {
        for side in Side::BOTH {
            let from = at[side as usize];
            let to = (from + batch * EVENT_WORDS).min(words[side as usize].len());
            timeline.push(side, &words[side as usize][from..to]);
            at[side as usize] = to;
        }
    }
    timeline.finish();
    timeline
}

#[test]
fn batches_do_not_matter() {
    let whole = timeline(Config::default(), usize::MAX / EVENT_WORDS);
    for batch in [1, 7, 1000] {
        let other = timeline(Config::default(), batch);
        assert_eq!(whole.merged, other.merged);
        assert_eq!(whole.packets, other.packets);
        assert!(whole.series == other.series);
    }
}

#[test]
fn every_event_is_merged_and_lanes_share_stage_events() {
    let timeline = timeline(Config::default(), 512);
    let stages = timeline.packets.len() * 8 + timeline.sends.len();
    let all: usize = timeline.lanes.iter().map(super::Lane::len).sum();
    assert_eq!(timeline.len() as usize, all - stages);
    assert_eq!(timeline.packets.len(), 411);
    assert!(timeline.packets.iter().all(|packet| packet.identical == Some(true)));
    assert_eq!(timeline.series[0].copied.last(), 522_459.0);
    assert_eq!(timeline.series[1].copied.last(), 0.0);
    assert!((timeline.series[1].held.last() - 5.704_716).abs() < 1e-6);
}

#[test]
fn the_panel_is_the_same_from_either_direction() {
    for retention in Retention::ALL {
        let timeline = timeline(Config { retention, ..Config::default() }, 512);
        let mut forward = Panel::default();
        let mut back = Panel::default();
        back.seek(&timeline, timeline.len());
        for position in [0, 1, 300, 299, 5000, 12_000, 40, timeline.len()] {
            forward.seek(&timeline, position);
            let mut fresh = Panel::default();
            fresh.seek(&timeline, position);
            assert_eq!(forward, fresh);
            back.seek(&timeline, position);
            assert_eq!(back, fresh);
            let lines: u64 =
                fresh.alive().map(|send| u64::from(timeline.traffic.sends[send as usize].lines)).sum();
            assert_eq!(fresh.left_lines(), lines);
        }
    }
    let timeline = timeline(Config::default(), 512);
    let mut panel = Panel::default();
    panel.seek(&timeline, timeline.len());
    assert_eq!((panel.left_lines(), panel.distinct()), (8_346, 1_463));
}

#[test]
fn a_packets_events_hold_its_whole_ledger() {
    let timeline = timeline(Config::default(), 512);
    let copied: u32 = (0..timeline.packets.len() as u32)
        .flat_map(|packet| timeline.events_of(packet))
        .map(|(_, _, event)| if let Kind::Copy { bytes, .. } = event.kind { bytes } else { 0 })
        .sum();
    assert_eq!(copied, 522_459, "every copied byte belongs to a packet");
    let events = timeline.events_of(timeline.packet_of_frame(27).unwrap());
    let stages = events.iter().filter(|(_, _, event)| matches!(event.kind, Kind::Stage { .. })).count();
    assert_eq!(stages, Stage::DOWN.len());
    assert!(events.windows(2).all(|pair| pair[0].0 < pair[1].0));
}

#[test]
fn packets_in_flight_are_those_between_socket_and_completion() {
    let timeline = timeline(Config::default(), 512);
    for position in (0..timeline.len()).step_by(97) {
        let found: Vec<_> = timeline.in_flight(position).collect();
        let expected: Vec<_> = (0..timeline.packets.len() as u32)
            .filter(|i| {
                let stages = timeline.packets[*i as usize].stages;
                stages[1] <= position && stages[8] > position
            })
            .collect();
        assert_eq!(found, expected);
    }
    assert_eq!(timeline.in_flight(timeline.len()).count(), 0);
}
