//! The timeline of the demo capture and of workloads, built as the worker builds it, in batches of any size.

use std::sync::Arc;

use snapstack::buffers::Scheme;
use snapstack::ledger::CopyCause;
use snapstack::sim::{
    self, Change, Config, EVENT_WORDS, Event, Kind, Receive, Retention, Setup, Stage, Workload,
};
use snapstack::traffic;

use super::*;
use crate::engine::{Numbering, ports_words};
use crate::filter::PacketFilter;

fn demo() -> Arc<traffic::Traffic> {
    let demo = include_bytes!("../../../static/captures/demo-web.pcap");
    Arc::new(traffic::Traffic::read(demo).unwrap())
}

/// What the worker would send: words, contents and glyphs of each lane, and ports of its packets, whole.
struct Told {
    words: [Vec<u32>; 2],
    contents: [Vec<u32>; 2],
    ports: [Vec<u32>; 2],
    glyphs: Vec<u32>,
}

fn tell(setup: &Setup) -> Told {
    let mut numbering = Numbering::default();
    let mut contents = [Vec::new(), Vec::new()];
    let mut ports = [Vec::new(), Vec::new()];
    let words = [Scheme::SkBuff, Scheme::Snapshot].map(|scheme| {
        let mut lane = sim::Lane::new(scheme, setup, ()).unwrap();
        lane.watch();
        while lane.step() {}
        contents[scheme as usize] = numbering.words(&lane.take_lines());
        ports[scheme as usize] = ports_words(&lane.take_ports());
        lane.take_events()
    });
    Told { words, contents, ports, glyphs: numbering.take_glyphs() }
}

pub(crate) fn build(setup: &Setup, batch: usize) -> Timeline {
    build_with(setup, batch, |_| {})
}

/// Builds a timeline, and looks at it after each batch.
fn build_with(setup: &Setup, batch: usize, mut look: impl FnMut(&Timeline)) -> Timeline {
    let Told { words, contents, ports, glyphs } = tell(setup);
    let threads = match &setup.traffic {
        Some(traffic) => traffic.flows.len(),
        None => setup.config.threads as usize,
    };
    let captured = setup.traffic.iter().flat_map(|traffic| &traffic.sends).map(|send| send.frame as u32);
    let names = (1..=threads).map(|n| format!("thread {n}")).collect();
    let rings = (setup.config.queues.into(), setup.config.ring_slots);
    let mut timeline = Timeline::new(setup.config.line_size, rings, names, captured.collect());
    for side in Side::BOTH {
        timeline.tell_ports(side, &ports[side as usize]);
    }
    timeline.push(Side::Left, &[], &contents[0], &glyphs);
    timeline.push(Side::Right, &[], &contents[1], &[]);
    let mut at = [0; 2];
    while Side::BOTH.iter().any(|side| at[*side as usize] < words[*side as usize].len()) {
        for side in Side::BOTH {
            let from = at[side as usize];
            let to = (from + batch * EVENT_WORDS).min(words[side as usize].len());
            timeline.push(side, &words[side as usize][from..to], &[], &[]);
            at[side as usize] = to;
        }
        look(&timeline);
    }
    timeline.finish();
    look(&timeline);
    timeline
}

/// The demo's timeline, whole or without its end.
pub(crate) fn begun(config: Config, whole: bool) -> Timeline {
    let mut timeline = timeline(config, 4096);
    timeline.complete = whole;
    timeline
}

/// The demo's timeline.
pub(crate) fn timeline(config: Config, batch: usize) -> Timeline {
    build(&Setup::new(config, Some(demo())), batch)
}

/// The demo capture's run with changes.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn changed(changes: &[Change]) -> Timeline {
    let setup = Setup::new(Config::for_capture(), Some(demo()));
    build(&Setup { changes: changes.to_vec(), ..setup }, 4096)
}

fn capture() -> Config {
    Config::for_capture()
}

fn web(loss: u32) -> Setup {
    let config = Config {
        workload: Workload::Web,
        threads: 3,
        bytes: 60_000,
        message: 10_000,
        loss,
        ..Config::default()
    };
    Setup::new(config, None)
}

#[test]
fn what_both_lanes_do_alike_is_one_event_of_the_time_bar() {
    let config = Config { workload: Workload::Bulk, threads: 4, bytes: 60_000, ..Config::default() };
    for setup in [Setup::new(capture(), Some(demo())), Setup::new(config, None)] {
        let told = tell(&setup);
        let records = told.words.each_ref().map(|words| words.as_chunks::<EVENT_WORDS>().0);
        let alike = records.map(|records| {
            let alike = |record: &&[u32; EVENT_WORDS]| {
                matches!(
                    Event::decode(record),
                    Some(Event { kind: Kind::Stage { .. } | Kind::Thread { .. }, .. })
                )
            };
            records.iter().filter(alike).count()
        });
        assert!(alike[0] > 1000 && alike[0] == alike[1], "{alike:?}");
        let all: usize = records.map(<[_]>::len).iter().sum();
        assert_eq!(build(&setup, 1000).len() as usize, all - alike[0]);
    }
}

#[test]
fn batches_do_not_matter() {
    for setup in [Setup::new(capture(), Some(demo())), web(20_000)] {
        let whole = build(&setup, usize::MAX / EVENT_WORDS / 4);
        for batch in [7, 1000] {
            let other = build(&setup, batch);
            assert_eq!(whole.merged, other.merged);
            assert_eq!(whole.lanes[1].tracks, other.lanes[1].tracks);
            assert!(whole.series == other.series);
            assert_eq!(whole.columns, other.columns);
        }
    }
}

#[test]
fn a_lane_s_own_events_are_counted_at_every_position() {
    let timeline = build(&web(20_000), 512);
    assert_eq!(Side::BOTH.map(|side| timeline.events(side, 0)), [0; 2]);
    let mut before = [0; 2];
    for at in 1..=timeline.len().min(3000) {
        let (whose, event) = timeline.event(at).unwrap();
        for side in Side::BOTH {
            let count = timeline.events(side, at);
            let own = whose.is_none_or(|whose| whose == side);
            assert_eq!(count - before[side as usize], u32::from(own), "position {at}");
            if own {
                assert_eq!(timeline.lanes[side as usize].event(count as usize - 1), Some(event));
            }
            before[side as usize] = count;
        }
    }
    let all = Side::BOTH.map(|side| timeline.events(side, u32::MAX) as usize);
    assert_eq!(all, timeline.lanes.each_ref().map(super::Lane::len));
}

#[test]
fn every_event_is_merged_and_lanes_share_stages_and_threads() {
    let timeline = timeline(capture(), 512);
    let shared = (1..=timeline.len()).filter(|at| timeline.event(*at).unwrap().0.is_none()).count();
    let all: usize = timeline.lanes.iter().map(super::Lane::len).sum();
    assert_eq!(timeline.len() as usize, all - shared);
    let (mut down, mut up) = (0, 0);
    for packet in 0..timeline.packets(Side::Right) {
        let track = timeline.track(Side::Right, packet).unwrap();
        assert_eq!(Some(track.stages), timeline.track(Side::Left, packet).map(|track| track.stages));
        if track.up {
            up += 1;
        } else {
            assert_eq!(timeline.identical(packet), Some(true));
            down += 1;
        }
    }
    assert_eq!((down, up), (389, 22));
    assert_eq!(timeline.series[0].copied.last(), 522_459.0);
    assert_eq!(timeline.series[1].copied.last(), 0.0);
    assert!((timeline.series[1].held.last() - 5.704_716).abs() < 1e-6);
    assert!((timeline.series[1].cumulative.last() - 5.704_716).abs() < 1e-6);
    let of = |series: fn(&LaneSeries) -> &Series| {
        Side::BOTH.map(|side| series(&timeline.series[side as usize]).last())
    };
    assert!(of(|lane| &lane.accesses)[0] == 0.0 && of(|lane| &lane.accesses)[1] > 10_000.0);
    assert!(of(|lane| &lane.footprint).iter().all(|bytes| *bytes > 100_000.0));
    assert!(of(|lane| &lane.bus).iter().all(|requests| *requests > 800.0));
}

#[test]
fn the_panel_holds_what_the_core_says_is_held_at_every_position() {
    let mut setups = vec![web(20_000)];
    for retention in Retention::ALL {
        for (header_split, receive) in [(true, Receive::Segments), (false, Receive::Contiguous)] {
            let config = Config { retention, header_split, receive, ..capture() };
            setups.push(Setup::new(config, Some(demo())));
        }
    }
    for setup in setups {
        let timeline = build(&setup, 512);
        let mut panel = Panel::default();
        let mut told = [(0, 0); 2];
        for position in 1..=timeline.len() {
            let Some((Some(side), event)) = timeline.event(position) else { continue };
            if let Kind::Held { references, distinct } = event.kind {
                told[side as usize] = (references, distinct);
                panel.seek(&timeline, position);
                let held = panel.held(side);
                assert_eq!(held.lines(), u64::from(references), "{side:?} at {position}");
                if side == Side::Right {
                    assert_eq!(held.distinct(), distinct, "distinct lines at {position}");
                }
            }
        }
        assert!(told[1].0 > 0 || setup.config.retention == Retention::Free);
    }
}

#[test]
fn the_panel_is_the_same_from_either_direction() {
    let timeline = timeline(Config { retention: Retention::Overwrite, ..capture() }, 512);
    let mut forward = Panel::default();
    let mut back = Panel::default();
    back.seek(&timeline, timeline.len());
    for position in [0, 1, 300, 299, 5000, 12_000, 40, timeline.len()] {
        forward.seek(&timeline, position);
        let mut fresh = Panel::default();
        fresh.seek(&timeline, position);
        assert!(forward == fresh);
        back.seek(&timeline, position);
        assert!(back == fresh);
    }
    forward.seek(&timeline, 900);
    forward.mark(&timeline, Some(400));
    let mut there = Panel::default();
    there.seek(&timeline, 400);
    assert!(forward.marked(Side::Right) == Some(there.held(Side::Right)));
}

#[test]
fn a_packets_events_hold_its_whole_story() {
    let timeline = timeline(capture(), 512);
    let packet = timeline.packet_of_frame(27).unwrap();
    let events = timeline.events_of(packet);
    assert!(events.windows(2).all(|pair| pair[0].0 < pair[1].0));
    let stages = events.iter().filter(|(_, _, event)| matches!(event.kind, Kind::Stage { .. })).count();
    assert_eq!(stages, Stage::DOWN.len());
    let copies: Vec<_> = events
        .iter()
        .filter_map(|(_, side, event)| match event.kind {
            Kind::Copy { bytes, cause } => Some((*side, bytes, cause)),
            _ => None,
        })
        .collect();
    assert_eq!(copies, [(Some(Side::Left), 1448, CopyCause::UserToKernel)]);
    assert!(events.iter().any(|(_, _, event)| matches!(event.kind, Kind::AppWrite { .. })));
    let call = timeline.call_of(Side::Left, timeline.track(Side::Left, packet).unwrap()).unwrap();
    assert_eq!(timeline.cost(Side::Left, call.at).0, 1448);
    assert_eq!(timeline.cost(Side::Right, call.at).0, 0);
    let arrived =
        (0..timeline.packets(Side::Left)).find(|packet| timeline.track(Side::Left, *packet).unwrap().up);
    let events = timeline.events_of(arrived.unwrap());
    let stages = events.iter().filter(|(_, _, event)| matches!(event.kind, Kind::Stage { .. })).count();
    assert_eq!(stages, Stage::UP.len());
    assert!(
        events
            .iter()
            .any(|(_, _, event)| { matches!(event.kind, Kind::Copy { cause: CopyCause::KernelToUser, .. }) })
    );
}

#[test]
fn what_is_under_way_is_what_has_begun_and_not_ended() {
    for setup in [Setup::new(capture(), Some(demo())), web(20_000)] {
        let timeline = build(&setup, 512);
        for position in (0..timeline.len()).step_by(97) {
            let mut found: Vec<_> = timeline.in_flight(Side::Right, position).collect();
            found.sort_unstable();
            let expected: Vec<_> = (0..timeline.packets(Side::Right))
                .filter(|packet| {
                    let track = timeline.track(Side::Right, *packet).unwrap();
                    track.start() <= position && track.end() > position
                })
                .collect();
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn jumps_find_what_they_name_in_either_direction() {
    let setup = web(50_000);
    // Corrupted frames are dropped where their checksums are verified.
    let config = Config { corrupt: 50_000, ..setup.config };
    let timeline = build(&Setup { config, ..setup }, 512);
    let marks = [40, 900];
    let jump = |what, from, forward| timeline.jump(what, from, forward, None, &marks);
    for what in Jump::ALL {
        let first = jump(what, 0, true).unwrap();
        let (_, event) = timeline.event(first).unwrap();
        let fits = match what {
            Jump::Copy => matches!(event.kind, Kind::Copy { .. }),
            Jump::Drop => matches!(event.kind, Kind::Drop { .. }),
            Jump::Fault => matches!(event.kind, Kind::Fault { .. }),
            Jump::Retransmission => matches!(event.kind, Kind::Retransmission { .. }),
            Jump::Bookmark => first == 40,
        };
        assert!(fits, "{what:?} leads to {event:?}");
        let next = jump(what, first, true).unwrap();
        assert!(next > first);
        assert_eq!(jump(what, next, false), Some(first));
        assert_eq!(jump(what, first, false), None);
    }
}

#[test]
fn lanes_that_differ_are_merged_all_the_same() {
    // A byte flipped in one lane's memory has the peer drop that frame, and everything after it differs.
    let changes = vec![Change::Flip { packet: 60, offset: 3, scheme: Some(Scheme::Snapshot) }];
    let config = Config { memory_lines: 900, ..web(0).config };
    for setup in [Setup { changes, ..web(0) }, Setup::new(config, None)] {
        let timeline = build(&setup, 512);
        let all: usize = timeline.lanes.iter().map(super::Lane::len).sum();
        let shared = (1..=timeline.len()).filter(|at| timeline.event(*at).unwrap().0.is_none()).count();
        assert_eq!(timeline.len() as usize, all - shared, "no event is lost");
        assert!(
            (1..timeline.len()).filter(|at| timeline.time_ns(*at) > timeline.time_ns(*at + 1)).count()
                < all / 10
        );
    }
}

#[test]
fn slots_are_filled_emptied_and_filled_again_as_the_pointers_say() {
    // So few slots that they are used many times.
    let small = Config { ring_slots: 64, ..capture() };
    let mut setups = vec![Setup::new(small, Some(demo())), web(20_000)];
    for workload in Workload::ALL.into_iter().filter(|workload| *workload != Workload::Capture) {
        for queues in [1, 4] {
            let config = Config { workload, queues, ring_slots: 64, ..web(5_000).config };
            setups.push(Setup::new(config, None));
        }
    }
    for setup in setups {
        let timeline = build(&setup, 512);
        for side in Side::BOTH {
            for position in (1..=timeline.len()).step_by(61) {
                let rings = (0..timeline.queues).flat_map(|queue| [(Ring::Tx, queue), (Ring::Rx, queue)]);
                for (ring, queue) in rings {
                    let Some([_, tail, owned, other]) = timeline.pointers(side, ring, queue, position) else {
                        continue;
                    };
                    let slots: Vec<_> = (0..timeline.slots)
                        .map(|slot| timeline.slot(side, ring, (queue, slot), position))
                        .collect();
                    let (nic, filled) = match ring {
                        Ring::Tx => (2, 1),
                        Ring::Rx => (1, 2),
                    };
                    let count = |steps| slots.iter().filter(|slot| slot.steps == steps).count() as u32;
                    assert_eq!(
                        (count(nic), count(filled)),
                        (owned, other),
                        "{side:?} {ring:?} of queue {queue} at {position}"
                    );
                    let next = timeline.next_slot(side, ring, queue, position);
                    let behind_tail = (tail + 1 - timeline.base(side, ring, queue)) % timeline.slots;
                    assert_eq!(next, behind_tail, "{side:?} {ring:?} of queue {queue} at {position}");
                    for slot in slots {
                        if let Some(Use { packet, at }) = slot.now {
                            assert!(at[0] <= position && at[0] <= at[1] && at[1] <= at[2], "{slot:?}");
                            // The steps are those of the packet, each told right after the packet's own.
                            let Some(track) = timeline.track(side, packet) else { continue };
                            assert_eq!((track.up, track.queue), (ring == Ring::Rx, queue), "{slot:?}");
                            let stages = match ring {
                                Ring::Tx => [Stage::Driver, Stage::Doorbell, Stage::Dma],
                                Ring::Rx => [Stage::WireIn, Stage::DmaIn, Stage::DriverIn],
                            };
                            for (step, stage) in
                                stages.into_iter().enumerate().skip(usize::from(ring == Ring::Rx))
                            {
                                let (told, own) = (at[step], track.at(stage));
                                assert!(
                                    told >= own && (own == NEVER || told < own + 400),
                                    "{ring:?} {slot:?} {track:?}"
                                );
                            }
                        }
                        assert!(slot.next.is_none_or(|next| next.at[0] > position));
                    }
                }
            }
        }
    }
}

#[test]
fn a_packet_is_in_its_slots_from_the_driver_to_the_recycling() {
    let timeline = timeline(capture(), 512);
    let packet = timeline.packet_of_frame(27).unwrap();
    let track = *timeline.track(Side::Right, packet).unwrap();
    let (posted, there) = (track.at(Stage::Doorbell), track.at(Stage::Completion) - 1);
    let right = timeline.slots_of(Side::Right, packet).unwrap();
    let Slots { ring, first, count, .. } = right;
    assert_eq!((ring, count), (Ring::Tx, 1), "a segment takes one slot");
    let slot = timeline.slot(Side::Right, ring, (0, first), there);
    assert_eq!((slot.packet, slot.part), (Some(packet), (1, 1)));
    assert_eq!(slot.id, timeline.base(Side::Right, Ring::Tx, 0) + first);
    assert!(slot.now.unwrap().at[0] > track.at(Stage::Driver) && slot.now.unwrap().at[1] > posted);
    assert_eq!(slot.recycled, track.at(Stage::Completion));
    assert_eq!(timeline.slot(Side::Right, ring, (0, first), slot.recycled).packet, None);
    assert_eq!(timeline.slot(Side::Right, ring, (0, first), track.start()).packet, None);
    // Descriptors: one for the headers, and one for each piece of payload.
    let left = timeline.slots_of(Side::Left, packet).unwrap();
    let Slots { ring, count, .. } = left;
    assert!(ring == Ring::Tx && count > 1);
    let last = timeline.slot(Side::Left, ring, (0, left.first + count - 1), there);
    assert_eq!((last.packet, last.part), (Some(packet), (count, count)));
    // Either lane's slot stands for those of the same packet in the other one.
    let place = right.place(Side::Right);
    assert_eq!(timeline.linked(Side::Left, place, there), Some(left));
    assert_eq!(timeline.linked(Side::Right, place, there), Some(right));
    assert_eq!(timeline.linked(Side::Left, place, 0), Some(right), "without a packet the number");
    // A frame is in its slot until the driver takes it.
    let arrived = timeline.arrived(Side::Right, timeline.len()).last().unwrap();
    let track = timeline.track(Side::Right, arrived).unwrap();
    let Slots { ring, first, .. } = timeline.slots_of(Side::Right, arrived).unwrap();
    let filled = timeline.slot(Side::Right, ring, (0, first), track.at(Stage::DriverIn) - 1);
    assert_eq!((ring, filled.packet, filled.steps), (Ring::Rx, Some(arrived), 2));
}

#[test]
fn each_packet_is_found_in_the_slots_of_its_queue_and_that_is_the_queue_to_look_at() {
    for queues in [2, 16] {
        let config = Config { queues, threads: 40, bytes: 20_000, ..web(0).config };
        let timeline = build(&Setup::new(config, None), 512);
        let mut found = vec![[0; 2]; queues.into()];
        for side in Side::BOTH {
            for packet in 0..timeline.packets(side) {
                let Some(track) = timeline.track(side, packet) else { continue };
                let (ring, in_it) = match track.up {
                    true => (Ring::Rx, track.at(Stage::DriverIn)),
                    false => (Ring::Tx, track.at(Stage::Completion)),
                };
                if in_it == NEVER {
                    continue;
                }
                let slots = timeline.slots_of(side, packet).unwrap();
                assert_eq!((slots.ring, slots.queue), (ring, track.queue));
                let slot = timeline.slot(side, ring, (slots.queue, slots.first), in_it - 1);
                assert_eq!(slot.packet, Some(packet), "{side:?} {slots:?}");
                found[slots.queue as usize][ring as usize] += 1;
                let (none, some) = (timeline.len() / 2, Some(packet));
                assert_eq!(timeline.queue_at_work(None, some, none), slots.queue, "of a selected packet");
                let place = slots.place(side);
                assert_eq!(
                    timeline.queue_at_work(Some(place), Some(0), none),
                    slots.queue,
                    "of a selected slot"
                );
            }
        }
        // Connections go where hashes send them: now and then to none of a ring.
        let used = found.iter().flatten().filter(|count| **count > 10).count();
        assert!(4 * used >= 3 * 2 * usize::from(queues), "{found:?}");
        // Of nothing selected: one that works there, if any does.
        let mut seen = 0;
        for position in (0..timeline.len()).step_by(1000) {
            let moves = |queue: u32| {
                let at = |position| {
                    let rings = [
                        (Side::Left, Ring::Tx),
                        (Side::Left, Ring::Rx),
                        (Side::Right, Ring::Tx),
                        (Side::Right, Ring::Rx),
                    ];
                    rings.map(|(side, ring)| timeline.pointers(side, ring, queue, position))
                };
                at(position.saturating_sub(512)) != at(position + 512)
            };
            let queue = timeline.queue_at_work(None, None, position);
            let works = timeline.queue_at_work(None, None, position / 512 * 512);
            assert_eq!(queue, works, "it stays for a while");
            if (0..timeline.queues).any(moves) {
                seen += u32::from(moves(queue));
            }
        }
        assert!(seen > 5, "{seen} moments at which the queue that is looked at works");
    }
}

#[test]
fn sockets_account_for_every_byte_that_is_sent_received_and_copied() {
    for setup in [Setup::new(capture(), Some(demo())), web(20_000)] {
        let timeline = build(&setup, 512);
        for side in Side::BOTH {
            for position in [timeline.len() / 3, timeline.len()] {
                let threads = 0..timeline.threads.len() as u32;
                let sockets: Vec<_> =
                    threads.clone().map(|thread| timeline.socket(side, thread, position)).collect();
                let sent: u64 = sockets.iter().map(|socket| socket.sent.1).sum();
                assert_eq!(
                    sent,
                    timeline.called(side, position).map(|call| u64::from(call.len)).sum::<u64>()
                );
                let copied: u64 = threads.map(|thread| timeline.copied_by(side, thread, position).1).sum();
                assert_eq!(copied as f64, timeline.series[side as usize].copied.value(position));
                for socket in sockets {
                    assert!(socket.sent.1 <= socket.sent_all.1);
                    assert!(socket.last.is_none_or(|call| call.at <= position));
                    assert!(socket.next.is_none_or(|call| call.at > position));
                    if position == timeline.len() {
                        let done = (socket.sent_all, socket.received_all, 0, (0, 0));
                        let Socket { sent, received, under_way, waiting, .. } = socket;
                        assert_eq!((sent, received, under_way, waiting), done);
                    }
                }
            }
        }
    }
}

#[test]
fn steps_jumps_and_events_go_by_a_packet_filter() {
    let timeline = timeline(capture(), 4096);
    let full = |packet: &u32| {
        timeline.track(Side::Right, *packet).is_some_and(|track| !track.up && track.len > 1000)
    };
    let first = (0..timeline.packets(Side::Right)).find(full).unwrap();
    let thread = timeline.track(Side::Right, first).unwrap().thread;
    let passing = |text: &str| timeline.passing(&PacketFilter::parse(text).unwrap());
    let some = passing(&format!("thread {} out len > 1000", thread + 1));
    let whose = |packet: u32| {
        timeline.track(Side::Right, packet).map(|track| (track.thread, track.up, track.len > 1000))
    };
    let all = timeline.packets(Side::Left).max(timeline.packets(Side::Right));
    let right = (0..all).filter(|packet| whose(*packet) == Some((thread, false, true))).count() as u32;
    assert_eq!(some.count, (right, all));
    assert!(0 < right && right < all / 2);
    // Steps go from each to the next, and back.
    let mut seen = Vec::new();
    let mut at = 0;
    while let Some(next) = timeline.packet_step(at, true, Some(&some)) {
        seen.push(next);
        at = next;
    }
    assert_eq!(seen.len() as u32, right);
    for pair in seen.windows(2) {
        assert_eq!(timeline.packet_step(pair[1], false, Some(&some)), Some(pair[0]));
    }
    // A copy by a call passes with the packet that carries its bytes, though there is none yet.
    let copy = timeline.jump(Jump::Copy, 0, true, Some(&some), &[]).unwrap();
    assert_eq!(timeline.jump(Jump::Bookmark, 0, true, Some(&some), &[7]), Some(7), "a moment, not a packet");
    let (side, event) = timeline.event(copy).unwrap();
    assert!(
        side == Some(Side::Left) && event.packet == Event::NONE && matches!(event.kind, Kind::Copy { .. })
    );
    let packet = (0..all).find(|packet| {
        some.packet(*packet) && timeline.events_of(*packet).iter().any(|(at, ..)| *at == copy)
    });
    assert!(packet.is_some(), "it is an event of a packet that passes");
    // All that a packet's own events are, its filter lets pass.
    let packet = packet.unwrap();
    let one = passing(&format!("packet {packet}"));
    assert_eq!(one.count.0, 1);
    for (at, ..) in timeline.events_of(packet) {
        assert!(one.position(at), "event {at} of packet {packet}");
    }
    assert!(passing("packet 4294967295").positions().is_empty());
    assert_eq!(passing("dropped").count.0, 0);
    assert_eq!(passing("tcp").count.0 + passing("udp").count.0, all);
}

#[test]
fn frames_that_the_link_loses_pass_as_dropped_and_their_bytes_as_resent() {
    let timeline = build(&web(20_000), 512);
    let passing = |text: &str| timeline.passing(&PacketFilter::parse(text).unwrap()).count.0;
    assert!(passing("dropped") > 0 && passing("resent") > 0);
    assert_eq!(passing("in") + passing("out"), passing(""));
}

#[test]
fn packets_pass_by_both_their_ports_those_of_a_handshake_too() {
    let timeline = build(&web(20_000), 512);
    let passing = |text: &str| timeline.passing(&PacketFilter::parse(text).unwrap());
    let all = passing("");
    let on = |port: u32| passing(&format!("port {port}"));
    // Three clients call one server; what asks for a neighbour's address has no ports.
    let clients = [10_000, 10_001, 10_002].map(|port| on(port).count.0);
    assert!(clients.iter().all(|count| *count > 20), "{clients:?}");
    assert_eq!(clients.iter().sum::<u32>(), on(80).count.0);
    let none = (0..all.count.1).filter(|packet| !on(80).packet(*packet));
    let arp = none.filter(|packet| {
        let track = timeline.track(Side::Right, *packet).unwrap();
        track.at(if track.up { Stage::TransportIn } else { Stage::Transport }) == NEVER
    });
    assert_eq!(on(80).count.0 + arp.count() as u32, all.count.1);
    assert!(on(80).count.0 > passing("tcp").count.0, "the first packets are of no thread yet");
    for packet in 0..all.count.1 {
        let [left, right] = Side::BOTH.map(|side| timeline.ports(side, packet));
        assert_eq!(left, right);
    }
    assert_eq!((on(9_999).count.0, on(0).count.0), (0, 0));
    // Of a capture those that its connections are named by.
    let timeline = self::timeline(capture(), 4096);
    for packet in 0..timeline.packets(Side::Right) {
        let track = timeline.track(Side::Right, packet).unwrap();
        let [src, dst] = timeline.ports(Side::Right, packet);
        let server = if track.up { dst } else { src };
        assert!(server > 0 && src > 0 && dst > 0, "packet {packet}: {src} to {dst}");
        let own = timeline.passing(&PacketFilter::parse(&format!("packet {packet} port {server}")).unwrap());
        assert_eq!(own.count.0, 1);
    }
}

/// Filters by what is known of a packet at once, later, and last.
const FILTERS: [&str; 8] = [
    "thread 2",
    "out len > 1000",
    "in",
    "dropped",
    "resent",
    "port 10001",
    "packet 40",
    "tcp thread 1 resent",
];

#[test]
fn what_passes_of_a_run_that_goes_on_is_what_passes_of_it_as_far_as_it_has_come() {
    let lossy = Config { corrupt: 20_000, reorder: 20_000, ..web(20_000).config };
    let small = Config { memory_lines: 900, ..web(0).config };
    for setup in [Setup::new(lossy, None), Setup::new(small, None), Setup::new(capture(), Some(demo()))] {
        for batch in [150, 2000] {
            let filters = FILTERS.map(|text| PacketFilter::parse(text).unwrap());
            let mut passing: Vec<Passing> = filters.iter().map(|_| Passing::default()).collect();
            let mut looks = 0;
            build_with(&setup, batch, |timeline| {
                for (filter, passing) in filters.iter().zip(&mut passing) {
                    timeline.pass_on(passing, filter);
                    if looks % 7 == 0 || timeline.is_complete() {
                        let whole = timeline.passing(filter);
                        assert_eq!(passing.count, whole.count, "{filter} at {}", timeline.len());
                        assert!(passing.positions() == whole.positions(), "{filter} at {}", timeline.len());
                        let packets = 0..timeline.packets(Side::Left).max(timeline.packets(Side::Right));
                        assert!(
                            packets.into_iter().all(|p| passing.packet(p) == whole.packet(p)),
                            "{filter}"
                        );
                    }
                }
                looks += 1;
            });
            assert!(looks > 3, "{looks} batches");
        }
    }
}

/// The run with which `measure` (e2e) measures playing.
#[test]
fn the_crowded_run_has_a_thousand_packets_in_flight_in_its_middle() {
    let config = Config {
        workload: Workload::Bulk,
        threads: 256,
        bytes: 65_536,
        ring_slots: 4096,
        megabits: 100,
        doorbell_every: 1,
        queues: 16,
        ..Config::default()
    };
    let timeline = build(&Setup::new(config, None), 4096);
    let middle = timeline.len() / 2;
    for position in (middle..middle + 20_000).step_by(1_000) {
        for side in Side::BOTH {
            let some = timeline.in_flight(side, position).count();
            assert!(some >= 1_000, "{some} at {position} of {}", timeline.len());
        }
    }
}

#[test]
fn a_change_is_found_where_it_happened_and_one_that_did_not_is_not() {
    let flip = |packet, offset| Change::Flip { packet, offset, scheme: Some(Scheme::Snapshot) };
    let lose = |from_peer, frame| Change::Lose { from_peer, frame };
    let happen = [
        lose(false, 30),
        lose(true, 3),
        flip(40, 100),
        Change::Overwrite { at_ns: 40_000_000, thread: 0 },
        Change::Rings { at_ns: 50_000_000, slots: 8 },
    ];
    let never = [
        lose(false, 999_999),
        lose(true, 999_999),
        flip(41, 99_999_999),
        flip(9_999_999, 1),
        Change::Overwrite { at_ns: u64::MAX, thread: 1 },
        Change::Rings { at_ns: u64::MAX, slots: 9 },
    ];
    let changes: Vec<Change> = happen.iter().chain(&never).copied().collect();
    let setup = Setup { changes, ..Setup::new(Config::for_capture(), Some(demo())) };
    let timeline = build(&setup, 1000);
    // As many as the lane says at its end.
    let mut lane = sim::Lane::new(Scheme::Snapshot, &setup, ()).unwrap();
    while lane.step() {}
    let frames = lane.frames().map(|frames| frames as u32);
    for change in happen {
        let at = timeline.change_at(&change).unwrap_or_else(|| panic!("{change}"));
        let (_, event) = timeline.event(at).unwrap();
        assert!(
            matches!(event.kind, Kind::Fault { .. }) && Some(event.time_ns) >= change.at_ns(),
            "{change}"
        );
        assert!(timeline.happened(&change, frames), "{change}");
    }
    for change in never {
        assert!(!timeline.happened(&change, frames), "{change}");
    }
    assert_eq!(timeline.track(Side::Right, 40).map(|track| track.len > 100), Some(true));
}
