//! One lane: layers as rows, threads as columns, packets on their way from user to wire, and frames on their way up.
//!
//! The picture is a function of the timeline and a fractional position: event n happens while the position goes from
//! n - 1 to n, or over `spread` events when playback is too fast to follow single ones.

mod layers;
mod layout;
mod rings;
mod sockets;
mod threads;
mod wire;

use snapstack::buffers::Scheme;

pub(super) use self::layout::Strip;
use self::layout::{IN, Layout, NIC, OUT, RX, SOCKET, TX, USER};
use super::{Ink, Scene, Target, memory};
use crate::timeline::{COLUMNS, NEVER, Panel, Passing, Place, Side, Timeline, Track};

/// Size in CSS pixels from which on everything is drawn larger, and how much so at the most.
const PLAIN: (f64, f64) = (720.0, 500.0);
const LARGEST: f64 = 2.0;
/// Events over which a movement is spread from which on single ones are not followed any more.
const BLUR: f64 = 8.0;

/// What to look at, and from where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneView<'a> {
    /// Which lane.
    pub side: Side,
    /// Its scheme.
    pub scheme: Scheme,
    /// Width in CSS pixels.
    pub width: f64,
    /// Height in CSS pixels.
    pub height: f64,
    /// Fractional position.
    pub at: f64,
    /// Events over which a movement is spread, at least 1.
    pub spread: f64,
    /// Where that spread began: what has happened by then has come to its end, however fast it is played from there on.
    pub settled: f64,
    /// The selected packet.
    pub selected: Option<u32>,
    /// The selected line, by number.
    pub line: Option<u32>,
    /// The selected slot or socket, of this lane or of the other one.
    pub place: Option<Place>,
    /// What passes the packet filter; None without one.
    pub passing: Option<&'a Passing>,
    /// The memory panels have room for all that is held by this position.
    pub room: u32,
}

fn ease(t: f64) -> f64 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Draws a lane.
pub fn lane(timeline: &Timeline, panel: &Panel, view: &LaneView<'_>) -> Scene {
    let position = (view.at.ceil() as u32).min(timeline.len());
    let scale = (view.width / PLAIN.0).min(view.height / PLAIN.1).clamp(1.0, LARGEST);
    let view = &LaneView { width: view.width / scale, height: view.height / scale, ..*view };
    let used = timeline.columns.iter().filter(|column| **column < COLUMNS).max();
    let layout = Layout::new(view, used.map_or(1, |most| usize::from(*most) + 1), timeline.queues);
    let queue = timeline.queue_at_work(view.place, view.selected, position);
    let mut artist = Artist { scene: Scene::default(), timeline, view, layout, position, queue };
    artist.ground();
    let arriving = Side::BOTH.map(|side| artist.arriving(side));
    // Both panels use one scale, so that their areas compare; and what comes has its place before it is there.
    let most = Side::BOTH.map(|side| {
        let here = panel.held(side).lines() as usize + arriving[side as usize].copied.0.len();
        here.max(timeline.contents(side).most(view.room) as usize)
    });
    let most = most[0].max(most[1]);
    let arriving = &arriving[view.side as usize];
    let grid = memory::draw(&mut artist.scene, timeline, panel, (view, arriving, most), artist.layout.memory);
    artist.threads(panel, &grid);
    artist.sockets();
    artist.layers();
    artist.rings();
    artist.nic();
    artist.wire();
    artist.refused();
    artist.scene.enlarge(scale);
    artist.scene
}

struct Artist<'a> {
    scene: Scene,
    timeline: &'a Timeline,
    view: &'a LaneView<'a>,
    layout: Layout,
    position: u32,
    /// The queue that is looked at.
    queue: u32,
}

impl Artist<'_> {
    fn side(&self) -> Side {
        self.view.side
    }

    /// How far what happened at a position has got.
    fn progress(&self, at: u32) -> f64 {
        if at == NEVER {
            return 0.0;
        }
        if f64::from(at) <= self.view.settled.min(self.view.at) {
            return 1.0;
        }
        ((self.view.at - (f64::from(at) - 1.0)) / self.view.spread).clamp(0.0, 1.0)
    }

    /// How many spreads ago something happened.
    fn age(&self, at: u32) -> f64 {
        (self.view.at - f64::from(at)) / self.view.spread.max(4.0)
    }

    /// Whether the lane passes references, and so draws content as outlines wherever it is not held.
    fn reference(&self) -> bool {
        self.view.scheme == Scheme::Snapshot
    }

    fn hashes(&self, lines: &[u32]) -> Vec<u32> {
        let glyphs = &self.timeline.glyphs;
        lines.iter().map(|line| glyphs.get(*line as usize).copied().unwrap_or(0)).collect()
    }

    /// Whether the selected line is among these.
    fn lit(&self, lines: &[u32]) -> bool {
        self.view.line.is_some_and(|line| lines.contains(&line))
    }

    fn column_of(&self, thread: u32) -> u8 {
        let column = self.timeline.columns.get(thread as usize).copied().unwrap_or(COLUMNS - 1);
        column.min(self.layout.columns as u8 - 1)
    }

    /// On small screens there is room for one thread: the one that is at work.
    fn shows(&self, thread: u32) -> bool {
        !self.layout.compact || thread == self.busiest()
    }

    fn busiest(&self) -> u32 {
        let side = self.side();
        if let Some(Place::Socket { thread, .. }) = self.view.place {
            return thread;
        }
        let selected = self.view.selected.and_then(|packet| self.timeline.track(side, packet));
        let called = self.timeline.called(side, self.position).next().map(|call| call.thread);
        selected.map(|track| track.thread).or(called).unwrap_or(0)
    }

    /// A cross: something ended here.
    fn cross(&mut self, (x, y): (f64, f64)) {
        for (from, to) in [((-5.0, -5.0), (5.0, 5.0)), ((-5.0, 5.0), (5.0, -5.0))] {
            self.scene.line((x + from.0, y + from.1), (x + to.0, y + to.1), Ink::Text, 2.0);
        }
    }

    /// Whether a packet passes the filter; a selected one always does.
    fn passes(&self, packet: u32) -> bool {
        self.view.selected == Some(packet) || self.view.passing.is_none_or(|passing| passing.packet(packet))
    }

    /// Outlines what is drawn of a packet when it is selected, and makes it faint when it does not pass the filter.
    fn select(&mut self, packet: u32, (x, y, w, h): (f64, f64, f64, f64)) {
        if !self.passes(packet) {
            // With its notch, and not as far as its neighbours and the line below.
            self.scene.fill(x - 6.5, y - 2.5, w + 9.0, h + 5.0, Ink::Ground, 0.8);
            return;
        }
        if self.view.selected == Some(packet) {
            self.scene.outline(x - 4.0, y - 4.0, w + 8.0, h + 8.0, Ink::Text, 1.5);
        }
        self.scene.targets.push(Target { x: x - 3.0, y: y - 3.0, w: w + 6.0, h: h + 6.0, packet });
    }

    fn ground(&mut self) {
        let layout = &self.layout;
        let right = layout.content_right();
        let rows = layout.rows;
        let (queue, queues) = (self.queue + 1, self.timeline.queues);
        // Which of several queues is shown is said with the rings where there is room.
        let ring = |name: &str| match queues {
            1 => name.to_owned(),
            _ => format!("{name} {queue}/{queues}"),
        };
        let (tx, rx) = (ring("tx"), ring("rx"));
        let labels: &[(f64, &str)] = if layout.compact {
            &[
                (rows[0], "user"),
                (rows[2], "kernel"),
                (rows[TX], tx.as_str()),
                (rows[RX], rx.as_str()),
                (rows[OUT], "wire"),
            ]
        } else {
            &[
                (rows[USER], "user"),
                (rows[SOCKET], "socket"),
                (rows[2], "transport"),
                (rows[3], "ip"),
                (rows[4], "driver"),
                (rows[TX], "tx ring"),
                (rows[RX], "rx ring"),
                (rows[NIC], "nic"),
                (rows[OUT], "wire out"),
                (rows[IN], "wire in"),
            ]
        };
        for (y, label) in labels {
            self.scene.text((8.0, y + 4.0), -1, Ink::Dim, 10.5, *label);
        }
        let breaks: &[usize] = if layout.compact { &[SOCKET, TX] } else { &[SOCKET, TX, NIC, OUT] };
        for row in breaks {
            let y = layout.edges[*row].round() + 0.5;
            self.scene.line((8.0, y), (right, y), Ink::Hair, 1.0);
        }
    }

    /// Marks something that goes up: a notch at its left.
    fn notch(&mut self, (x, y): (f64, f64), h: f64, ink: Ink) {
        self.scene.shapes.push(super::Shape::Path {
            points: vec![(x - 6.0, y), (x - 2.0, y + h / 2.0), (x - 6.0, y + h)],
            ink,
            width: 1.5,
            dashed: false,
            alpha: 1.0,
        });
    }

    /// Where a packet's stage is, from the left edge of its way.
    fn way(&self, track: &Track) -> f64 {
        let column = self.column_of(track.thread);
        if track.up { self.layout.up(column) } else { self.layout.down(column) }
    }
}

#[cfg(test)]
mod tests {
    use snapstack::buffers::Origin;
    use snapstack::ledger::CopyCause;
    use snapstack::sim::{Config, Kind, Setup, Stage, Workload};

    use super::super::Shape;
    use super::*;
    use crate::timeline::tests::{build, timeline};
    use crate::timeline::{Call, Ring};

    fn view(side: Side, place: Option<Place>, size: (f64, f64), at: f64) -> LaneView<'static> {
        let scheme = [Scheme::SkBuff, Scheme::Snapshot][side as usize];
        let (width, height) = size;
        LaneView {
            side,
            scheme,
            width,
            height,
            at,
            spread: 1.0,
            settled: 0.0,
            selected: None,
            line: None,
            place,
            passing: None,
            room: at as u32,
        }
    }

    fn draw(timeline: &Timeline, side: Side, place: Option<Place>, size: (f64, f64), at: f64) -> Scene {
        let view = view(side, place, size, at);
        let mut panel = Panel::default();
        panel.seek(timeline, at as u32);
        lane(timeline, &panel, &view)
    }

    #[test]
    fn on_small_screens_the_selected_packet_is_drawn_whichever_thread_is_shown() {
        let config = Config {
            workload: Workload::Web,
            threads: 3,
            bytes: 60_000,
            message: 10_000,
            ..Config::default()
        };
        let timeline = build(&Setup::new(config, None), 512);
        let (mut seen, mut else_hidden) = (0, 0);
        for side in Side::BOTH {
            for packet in (0..timeline.packets(side)).step_by(5) {
                let Some(track) = timeline.track(side, packet).filter(|track| !track.up) else { continue };
                let at = track.at(Stage::Ip);
                if at == NEVER {
                    continue;
                }
                let drawn = |selected| {
                    let mut view = view(side, None, (340.0, 200.0), f64::from(at));
                    view.selected = selected;
                    let mut panel = Panel::default();
                    panel.seek(&timeline, at);
                    let scene = lane(&timeline, &panel, &view);
                    scene.targets.iter().any(|target| target.packet == packet)
                };
                seen += 1;
                else_hidden += u32::from(!drawn(None));
                assert!(drawn(Some(packet)), "{packet} at {at}");
            }
        }
        assert!(seen > 10 && else_hidden > 0, "{seen}, of which {else_hidden} give way to others");
    }

    #[test]
    fn every_slot_and_socket_that_is_drawn_can_be_selected_and_shows_it_in_both_lanes() {
        let timeline = timeline(Config::for_capture(), 512);
        for size in [(720.0, 480.0), (400.0, 260.0), (1900.0, 1400.0)] {
            for at in [0.0, 900.0, 9000.0, f64::from(timeline.len())] {
                for side in Side::BOTH {
                    let plain = draw(&timeline, side, None, size, at);
                    for target in plain.places.iter().step_by(7) {
                        let found = plain.place_at(target.x + target.w / 2.0, target.y + 1.0);
                        assert_eq!(found, Some(target.place));
                        for lane in Side::BOTH {
                            let before = draw(&timeline, lane, None, size, at).shapes.len();
                            let shown = draw(&timeline, lane, Some(target.place), size, at);
                            let marked = |shape: &&Shape| matches!(shape, Shape::Rect { ink: Ink::Text, h, outline, .. } if *h <= 2.0 * LARGEST && *outline == 0.0);
                            let marks = shown.shapes.iter().filter(marked).count();
                            // In the other lane, the window of slots may be elsewhere.
                            assert!(lane != side || marks >= 1 && shown.shapes.len() > before, "{target:?}");
                        }
                    }
                    let of = |ring: Ring| {
                        let of = |place| matches!(place, Place::Slot { ring: of, .. } if of == ring);
                        plain.places.iter().filter(|target| of(target.place)).count()
                    };
                    assert!(of(Ring::Tx) > 4 && of(Ring::Rx) > 4);
                    assert!(plain.places.iter().any(|target| matches!(target.place, Place::Socket { .. })));
                }
            }
        }
    }

    /// What is said of what crosses between user and kernel.
    fn said(scene: &Scene) -> Vec<&str> {
        let texts = scene.shapes.iter().filter_map(|shape| match shape {
            Shape::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.filter(|text| text.starts_with("copy ") || text.starts_with("reference, ")).collect()
    }

    #[test]
    fn each_still_of_the_opening_tells_what_its_caption_is_about_and_nothing_of_before() {
        let timeline = timeline(Config::for_capture(), 512);
        let legs = crate::tour::journey(&timeline).unwrap();
        let stills: Vec<u32> = legs.iter().filter_map(|leg| leg.still).collect();
        for size in [(720.0, 515.0), (400.0, 236.0)] {
            let told = |still: usize, side| {
                let scene = draw(&timeline, side, None, size, f64::from(stills[still]));
                said(&scene).iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()
            };
            for side in Side::BOTH {
                assert!(told(0, side).is_empty(), "nothing is sent yet: {:?}", told(0, side));
            }
            assert_eq!(told(1, Side::Left), ["copy 1,448 B"]);
            assert_eq!(told(1, Side::Right), ["reference, 0 B"]);
        }
    }

    #[test]
    fn at_speed_one_sum_is_said_of_all_that_send_copied_meanwhile() {
        let timeline = timeline(Config::for_capture(), 512);
        let spread = 400.0;
        let (mut sums, mut silent) = (0, 0);
        for at in (400..timeline.len()).step_by(333) {
            let copied = (at + 1 - spread as u32..=at).filter_map(|at| match timeline.event(at)? {
                (Some(Side::Left), event) => match event.kind {
                    Kind::Copy { cause: CopyCause::UserToKernel, bytes } => Some(u64::from(bytes)),
                    _ => None,
                },
                _ => None,
            });
            let copied: u64 = copied.sum();
            let drawn = |side| {
                let view = LaneView { spread, ..view(side, None, (720.0, 515.0), f64::from(at)) };
                let mut panel = Panel::default();
                panel.seek(&timeline, at);
                lane(&timeline, &panel, &view)
            };
            let [left, right] = Side::BOTH.map(drawn);
            if copied > 0 {
                assert_eq!(said(&left), [format!("copy {} B", super::super::grouped(copied))], "{at}");
                assert_eq!(said(&right), ["reference, 0 B"], "{at}");
                sums += 1;
            } else {
                assert!(said(&left).iter().all(|text| !text.starts_with("copy")), "{at}");
                silent += 1;
            }
        }
        assert!(sums > 30 && silent > 0, "{sums} sums, {silent} without");
    }

    #[test]
    fn memory_grows_with_a_copy_and_ends_where_it_is_held() {
        let timeline = timeline(Config::for_capture(), 512);
        let squares = |at: f64| {
            let scene = draw(&timeline, Side::Left, None, (720.0, 515.0), at);
            let square = |shape: &&Shape| matches!(shape, Shape::Rect { x, ink: Ink::Content(_), outline: 0.0, .. } if *x > 520.0);
            scene.shapes.iter().filter(square).count()
        };
        let calls: Vec<&Call> = timeline.called(Side::Left, 1500).collect();
        let mut grown = 0;
        for call in calls.iter().filter(|call| timeline.cost(Side::Left, call.at).0 > 0) {
            let steps: Vec<usize> =
                (0..=10).map(|tenth| squares(f64::from(call.at) - 1.0 + f64::from(tenth) / 10.0)).collect();
            assert!(steps.is_sorted(), "{steps:?}");
            let lines = (call.len as usize).div_ceil(timeline.line_size as usize);
            assert_eq!(steps[10] - steps[0], lines, "{call:?}: {steps:?}");
            grown += usize::from(steps[5] > steps[0] && steps[5] < steps[10]);
            // The copy is held a few events later; nothing else has come by then.
            let held = (call.at..call.at + 8).find(|at| {
                matches!(timeline.event(*at), Some((_, event)) if matches!(event.kind, Kind::Content { origin: Origin::Kernel, .. }))
            });
            assert_eq!(squares(f64::from(held.unwrap())), steps[10], "{call:?}");
        }
        assert!(grown > 2, "{grown}");
    }

    /// What a panel says one square stands for, and the size of its squares.
    fn scale(timeline: &Timeline, view: &LaneView<'_>) -> (String, f64) {
        let mut panel = Panel::default();
        panel.seek(timeline, view.at as u32);
        let scene = lane(timeline, &panel, view);
        let label = scene.shapes.iter().find_map(|shape| match shape {
            Shape::Text { text, .. } => text.split_once('□').map(|(_, scale)| scale.to_owned()),
            _ => None,
        });
        (label.unwrap(), scene.lines.iter().map(|line| line.size).fold(0.0, f64::max))
    }

    #[test]
    fn the_panels_of_both_lanes_have_one_scale_from_the_first_event_to_the_last() {
        let web = Config { workload: Workload::Web, threads: 3, bytes: 60_000, ..Config::default() };
        for timeline in [timeline(Config::for_capture(), 512), build(&Setup::new(web, None), 512)] {
            let end = timeline.len();
            for size in [(720.0, 515.0), (400.0, 236.0), (1900.0, 1400.0)] {
                let mut scales = std::collections::BTreeSet::new();
                for at in (0..end).step_by(end as usize / 300).chain([end]) {
                    for side in Side::BOTH {
                        let view = LaneView { room: end, ..view(side, None, size, f64::from(at)) };
                        let (label, square) = scale(&timeline, &view);
                        // Before the first line is held there is no square.
                        if square > 0.0 {
                            scales.insert((label, square.to_bits()));
                        }
                    }
                }
                assert_eq!(scales.len(), 1, "{size:?}: {scales:?}");
            }
        }
    }

    #[test]
    fn a_close_view_has_room_for_what_was_held_by_then_and_no_less_when_it_goes_back() {
        let timeline = timeline(Config::for_capture(), 512);
        let of = |at: u32, room: u32| {
            scale(&timeline, &LaneView { room, ..view(Side::Left, None, (720.0, 515.0), f64::from(at)) })
        };
        assert_eq!(of(900, 900), (" = 1 line".to_owned(), 15.0 * 1.0));
        let later = of(3400, 3400);
        assert!(later.1 < 15.0);
        assert_eq!(of(900, 3400), later);
    }

    #[test]
    fn what_is_dropped_before_there_is_a_packet_is_a_cross_that_says_why() {
        let timeline = timeline(Config { memory_lines: 800, ..Config::for_capture() }, 512);
        let (mut refused, mut at) = (0, 0);
        while let Some(next) = timeline.jump(crate::timeline::Jump::Drop, at, true, None, &[]) {
            at = next;
            let (side, event) = timeline.event(at).unwrap();
            assert_eq!(side, Some(Side::Right));
            if timeline.track(Side::Right, event.packet).is_some() {
                continue;
            }
            for size in [(720.0, 515.0), (340.0, 200.0)] {
                let says = |at: f64| {
                    let scene = draw(&timeline, Side::Right, None, size, at);
                    let dropped =
                        |shape: &Shape| matches!(shape, Shape::Text { text, .. } if text.contains("dropped"));
                    scene.shapes.iter().any(dropped)
                };
                assert!(says(f64::from(at)), "{at}");
            }
            refused += 1;
        }
        assert!(refused > 3, "{refused}");
        assert!(timeline.last_drop(Side::Left, timeline.len()).is_none());
    }

    /// A run of several queues, and a moment at which packets are in rings of more than one.
    fn several(queues: u16) -> (Timeline, f64) {
        let config = Config {
            workload: Workload::Web,
            queues,
            threads: 24,
            bytes: 60_000,
            message: 10_000,
            doorbell_every: 10,
            ..Config::default()
        };
        let timeline = build(&Setup::new(config, None), 512);
        let busy = |at: &u32| {
            let queues = (0..timeline.queues).filter(|queue| {
                let pointers = timeline.pointers(Side::Right, Ring::Tx, *queue, *at).unwrap_or_default();
                pointers[2] + pointers[3] > 0
            });
            queues.count()
        };
        let at = (0..timeline.len()).step_by(40).max_by_key(busy).unwrap();
        assert!(busy(&at) > 1);
        (timeline, f64::from(at))
    }

    /// The queues whose slots are drawn in a ring, each with how many.
    fn drawn(scene: &Scene, of: Ring) -> std::collections::BTreeMap<u32, usize> {
        let mut queues = std::collections::BTreeMap::new();
        for target in &scene.places {
            if let Place::Slot { ring, queue, .. } = target.place
                && ring == of
            {
                *queues.entry(queue).or_insert(0) += 1;
            }
        }
        // A bar stands for a queue by one of its slots.
        queues.retain(|_, slots| *slots > 1);
        queues
    }

    const SIZES: [(f64, f64); 5] =
        [(720.0, 515.0), (640.0, 340.0), (400.0, 260.0), (390.0, 470.0), (1900.0, 1400.0)];

    #[test]
    fn of_several_queues_all_are_drawn_or_the_one_that_is_looked_at_and_each_can_be_chosen() {
        let (mut all, mut one, mut by_bars) = (0, 0, 0);
        for queues in [2, 4, 8, 16] {
            let (timeline, at) = several(queues);
            let queues = u32::from(queues);
            for size in SIZES {
                for side in Side::BOTH {
                    let plain = draw(&timeline, side, None, size, at);
                    let seen = [Ring::Tx, Ring::Rx].map(|ring| drawn(&plain, ring));
                    assert!(seen[0].keys().eq(seen[1].keys()));
                    for target in &plain.places {
                        let middle = (target.x + target.w / 2.0, target.y + target.h / 2.0);
                        assert_eq!(plain.place_at(middle.0, middle.1), Some(target.place));
                    }
                    if seen[0].len() as u32 == queues {
                        all += 1;
                    } else {
                        assert_eq!(seen[0].len(), 1);
                        one += 1;
                        let bars = plain.places.iter().filter(|target| {
                            matches!(target.place, Place::Slot { queue, .. } if !seen[0].contains_key(&queue))
                        });
                        let bars = bars.count() as u32;
                        assert!(bars == 0 || bars == queues - 1, "{bars} of {queues}");
                        by_bars += bars;
                    }
                    // Whichever is chosen is drawn, in both lanes.
                    for queue in 0..queues {
                        let place = timeline.next_place(side, Ring::Tx, queue, at as u32);
                        for lane in Side::BOTH {
                            let scene = draw(&timeline, lane, Some(place), size, at);
                            assert!(drawn(&scene, Ring::Tx).contains_key(&queue));
                            let marked = |shape: &&Shape| matches!(shape, Shape::Rect { ink: Ink::Text, h, outline, .. } if *h <= 2.0 * LARGEST && *outline == 0.0);
                            assert!(
                                lane != side || scene.shapes.iter().any(|shape| marked(&shape)),
                                "{place:?}"
                            );
                        }
                    }
                }
            }
        }
        assert!(all > 8 && one > 8 && by_bars > 20, "{all} with all queues, {one} with one, {by_bars} bars");
    }

    #[test]
    fn a_packet_that_the_nic_reads_comes_from_the_row_of_its_queue() {
        let (timeline, _) = several(4);
        let mut rows = std::collections::BTreeSet::new();
        for packet in (0..timeline.packets(Side::Right)).step_by(5) {
            let Some(track) = timeline.track(Side::Right, packet).filter(|track| !track.up) else { continue };
            let at = track.at(Stage::Dma);
            if at == NEVER {
                continue;
            }
            let scene = draw(&timeline, Side::Right, None, (720.0, 515.0), f64::from(at));
            let slot = |target: &&super::super::PlaceTarget| matches!(target.place, Place::Slot { ring: Ring::Tx, queue, .. } if queue == track.queue);
            let row = scene.places.iter().find(slot).unwrap();
            let from = scene.shapes.iter().find_map(|shape| match shape {
                Shape::Path { points, ink: Ink::Dma, .. } if points.len() == 2 => Some(points[0].1),
                _ => None,
            });
            let from = from.unwrap();
            assert!((row.y + row.h..row.y + row.h + 4.0).contains(&from), "{row:?} at {from}");
            rows.insert(track.queue);
        }
        assert!(rows.len() > 2, "{rows:?}");
    }

    /// The box of a text, of letters of a usual width.
    fn text_box(shape: &Shape) -> Option<(f64, f64, f64, f64)> {
        let Shape::Text { x, y, text, size, anchor, max, .. } = shape else { return None };
        let w = (text.chars().count() as f64 * size * 0.55).min(*max);
        let x = x - w * f64::from(anchor + 1) / 2.0;
        Some((x, y - size * 0.72, w, size * 0.72))
    }

    #[test]
    fn what_is_said_of_several_queues_lies_on_nothing_else() {
        let apart = |a: (f64, f64, f64, f64), b: (f64, f64, f64, f64)| {
            a.0 + a.2 <= b.0 || b.0 + b.2 <= a.0 || a.1 + a.3 <= b.1 || b.1 + b.3 <= a.1
        };
        for queues in [2, 4, 8, 16] {
            let (timeline, at) = several(queues);
            for size in SIZES {
                for side in Side::BOTH {
                    let far = Place::Slot { side, ring: Ring::Tx, queue: 1, slot: 300 };
                    for place in [None, Some(far)] {
                        let scene = draw(&timeline, side, place, size, at);
                        let slots: Vec<_> = scene
                            .places
                            .iter()
                            .filter(|target| matches!(target.place, Place::Slot { .. }))
                            .map(|target| (target.x + 1.5, target.y + 1.5, target.w - 3.0, target.h - 3.0))
                            .collect();
                        let top = slots.iter().map(|slot| slot.1).fold(f64::INFINITY, f64::min) - 14.0;
                        let bottom = slots.iter().map(|slot| slot.1 + slot.3).fold(0.0, f64::max) + 14.0;
                        let texts: Vec<_> = scene
                            .shapes
                            .iter()
                            .filter_map(|shape| Some((text_box(shape)?, shape)))
                            .filter(|(text, _)| (top..bottom).contains(&text.1) && text.0 < size.0 * 0.6)
                            .collect();
                        assert!(texts.len() >= 2, "{texts:?}");
                        for (i, (text, shape)) in texts.iter().enumerate() {
                            assert!(text.0 >= 0.0, "{shape:?}");
                            for slot in &slots {
                                assert!(apart(*text, *slot), "{shape:?} on {slot:?} of {size:?}, {queues}");
                            }
                            for (other, also) in &texts[..i] {
                                assert!(apart(*text, *other), "{shape:?} on {also:?} of {size:?}, {queues}");
                            }
                        }
                    }
                }
            }
        }
    }
}
