//! The clock and the pictures: one scheduler on animation frames that moves the position, then writes the figures, then
//! draws what has changed.

use std::collections::HashMap;

use snapstack::sim::{Event, Kind, Stage};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Document, Element, HtmlCanvasElement, HtmlInputElement};

use crate::plots::{self, Curve, MARGIN, Scale};
use crate::scene::{self, Ink, LaneView, Palette, Scene, Shape, grouped};
use crate::timeline::{Panel, Series, Side, Timeline};
use crate::tour::Leg;

/// Events a second that the speed menu offers.
pub const SPEEDS: [(f64, &str); 7] = [
    (1.0, "1 event/s"),
    (5.0, "5 events/s"),
    (25.0, "25 events/s"),
    (150.0, "150 events/s"),
    (1_000.0, "1,000 events/s"),
    (10_000.0, "10,000 events/s"),
    (f64::INFINITY, "fastest"),
];

/// The plots: key of their canvases, and whether they show ratios.
pub const PLOTS: [(&str, bool); 3] = [("copies", false), ("allocations", false), ("dedup", true)];

/// What a step goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// One event.
    Event,
    /// One packet: to where the next or last one enters the socket layer.
    Packet,
}

/// A canvas that follows its element's size and the screen's pixel ratio.
struct Surface {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    size: (f64, f64),
    ratio: f64,
}

impl Surface {
    fn find(document: &Document, id: &str) -> Option<Self> {
        let canvas: HtmlCanvasElement = document.get_element_by_id(id)?.dyn_into().ok()?;
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        Some(Self { canvas, context, size: (0.0, 0.0), ratio: 0.0 })
    }

    /// Takes over the element's size; true when it has changed.
    fn fit(&mut self, ratio: f64) -> bool {
        let size = (f64::from(self.canvas.client_width()), f64::from(self.canvas.client_height()));
        if (size, ratio) == (self.size, self.ratio) {
            return false;
        }
        (self.size, self.ratio) = (size, ratio);
        self.canvas.set_width((size.0 * ratio).round() as u32);
        self.canvas.set_height((size.1 * ratio).round() as u32);
        true
    }
}

struct Surfaces {
    lanes: [Surface; 2],
    track: Surface,
    plots: Vec<(Surface, Surface)>,
    range: HtmlInputElement,
    root: Element,
}

/// A moment that can be found again in another run of the same traffic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Anchor {
    /// Before the first event.
    Start,
    /// Just as this stage event has happened.
    Stage(Event),
    /// After the last event.
    End,
}

/// What has become of playing, for the page around.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// Whether it plays.
    pub playing: bool,
    /// What the tour says.
    pub caption: Option<String>,
}

/// Position, pictures and what they need.
pub struct Player {
    /// The run, if there is one.
    pub timeline: Option<Timeline>,
    /// The selected packet.
    pub selected: Option<u32>,
    /// Events a second.
    pub speed: f64,
    at: f64,
    playing: bool,
    tour: Vec<Leg>,
    tour_from: Option<f64>,
    tour_spent: f64,
    rate: f64,
    last_ms: Option<f64>,
    panel: Panel,
    surfaces: Option<Surfaces>,
    palette: Palette,
    scales: Vec<Scale>,
    scenes: [Scene; 2],
    texts: HashMap<&'static str, (Option<Element>, String)>,
    dirty: bool,
    stale: bool,
}

impl Default for Player {
    fn default() -> Self {
        Self {
            timeline: None,
            selected: None,
            speed: 150.0,
            at: 0.0,
            playing: false,
            tour: Vec::new(),
            tour_from: None,
            tour_spent: 0.0,
            rate: 0.0,
            last_ms: None,
            panel: Panel::default(),
            surfaces: None,
            palette: Palette::default(),
            scales: Vec::new(),
            scenes: [Scene::default(), Scene::default()],
            texts: HashMap::new(),
            dirty: true,
            stale: true,
        }
    }
}

impl Player {
    /// Finds the canvases of the page; None while one is missing.
    pub fn attach(&mut self, document: &Document) -> Option<()> {
        let surface = |id: &str| Surface::find(document, id);
        let mut plots = Vec::new();
        for (key, _) in PLOTS {
            plots.push((surface(&format!("plot-{key}"))?, surface(&format!("cursor-{key}"))?));
        }
        self.surfaces = Some(Surfaces {
            lanes: [surface("lane-left")?, surface("lane-right")?],
            track: surface("track")?,
            plots,
            range: document.get_element_by_id("scrub")?.dyn_into().ok()?,
            root: document.document_element()?,
        });
        self.texts.clear();
        self.repaint();
        Some(())
    }

    /// The moment in terms that hold for any configuration: the last stage that a packet entered, or the end.
    pub fn anchor(&self) -> Anchor {
        let Some(timeline) = &self.timeline else { return Anchor::End };
        let position = self.position();
        if position >= timeline.len() {
            return Anchor::End;
        }
        for at in (1..=position).rev() {
            if let Some((None, event)) = timeline.event(at) {
                return Anchor::Stage(event);
            }
        }
        Anchor::Start
    }

    /// Goes to the moment that an anchor of another run of the same traffic names.
    pub fn restore(&mut self, anchor: Anchor) {
        let end = self.len();
        let position = match (anchor, &self.timeline) {
            (Anchor::Start, _) | (_, None) => 0,
            (Anchor::End, _) => end,
            (Anchor::Stage(event), Some(timeline)) => match event.kind {
                Kind::Stage { stage: Stage::Send, send, .. } => timeline.sends[send as usize].at,
                Kind::Stage { stage, .. } => timeline
                    .packets
                    .get(event.packet as usize)
                    .and_then(|packet| packet.stages.get(stage as usize).copied())
                    .unwrap_or(end),
                _ => end,
            },
        };
        self.jump(position);
    }

    /// Everything is to be drawn again: the theme, the size or the data have changed.
    pub fn repaint(&mut self) {
        self.dirty = true;
        self.stale = true;
    }

    /// A new run begins; the old picture stays until there is something of the new one.
    pub fn begin(&mut self, timeline: Timeline) {
        self.timeline = Some(timeline);
        self.panel = Panel::default();
        self.selected = None;
        self.tour.clear();
        self.tour_from = None;
        self.at = 0.0;
        self.repaint();
    }

    /// The position, in events that have happened.
    pub fn position(&self) -> u32 {
        self.at.ceil() as u32
    }

    fn len(&self) -> u32 {
        self.timeline.as_ref().map_or(0, Timeline::len)
    }

    /// Goes to a position and stays there.
    pub fn seek(&mut self, position: u32) {
        self.end_tour();
        self.playing = false;
        self.jump(position);
    }

    /// Goes to a position; playing goes on.
    pub fn jump(&mut self, position: u32) {
        self.at = f64::from(position.min(self.len()));
        self.rate = 0.0;
        self.dirty = true;
    }

    /// One step on or back.
    pub fn step(&mut self, forward: bool, unit: Unit) {
        // From the position that is shown: an event that is still on its way counts as happened.
        let here = self.position();
        let target = match (unit, &self.timeline) {
            (Unit::Event, _) if forward => here + 1,
            (Unit::Event, _) => here.saturating_sub(1),
            (Unit::Packet, Some(timeline)) => {
                let starts = timeline.packets.iter().map(|packet| packet.stages[1]);
                if forward {
                    starts.filter(|at| *at > here).min().unwrap_or(timeline.len())
                } else {
                    starts.filter(|at| *at < here).max().unwrap_or(0)
                }
            }
            (Unit::Packet, None) => here,
        };
        self.seek(target);
    }

    /// To the next copy in the left lane, if there is one.
    pub fn next_copy(&mut self) {
        let here = self.position();
        let next = self.timeline.as_ref().and_then(|timeline| timeline.series[0].copied.next_change(here));
        if let Some(next) = next {
            self.seek(next);
        }
    }

    /// Plays or stops; from the end it starts again.
    pub fn toggle(&mut self) {
        let touring = self.end_tour();
        self.playing = !(self.playing || touring);
        if self.playing && self.complete() && self.at >= f64::from(self.len()) {
            self.at = 0.0;
        }
    }

    fn complete(&self) -> bool {
        self.timeline.as_ref().is_some_and(Timeline::is_complete)
    }

    /// Starts a journey.
    pub fn tour(&mut self, legs: Vec<Leg>) {
        self.tour = legs;
        self.tour.reverse();
        self.tour_from = None;
        self.playing = false;
    }

    /// Ends the journey; true if there was one.
    pub fn end_tour(&mut self) -> bool {
        let touring = !self.tour.is_empty();
        self.tour.clear();
        self.tour_from = None;
        self.dirty = true;
        touring
    }

    /// What is going on.
    pub fn status(&self) -> Status {
        let caption = self.tour.last().map(|leg| leg.caption.clone());
        Status { playing: self.playing || caption.is_some(), caption }
    }

    /// How often each content is held at the position.
    pub fn held(&self) -> &[u32] {
        self.panel.counts()
    }

    /// The packet drawn at a point of a lane.
    pub fn hit(&self, side: Side, x: f64, y: f64) -> Option<u32> {
        self.scenes[side as usize].hit(x, y)
    }

    /// The position of a point of a plot.
    pub fn plot_position(&self, plot: usize, x: f64) -> u32 {
        let width = self.surfaces.as_ref().map_or(1.0, |surfaces| surfaces.plots[plot].0.size.0);
        let share = (x - MARGIN.0) / (width - MARGIN.0 - MARGIN.1).max(1.0);
        (share.clamp(0.0, 1.0) * f64::from(self.len())).round() as u32
    }

    /// One animation frame at `now` milliseconds.
    pub fn frame(&mut self, now: f64) {
        let elapsed = self.last_ms.map_or(0.0, |last| (now - last).clamp(0.0, 100.0));
        self.last_ms = Some(now);
        self.animate(elapsed);
        self.draw();
    }

    fn animate(&mut self, elapsed: f64) {
        let before = self.at;
        if let Some(leg) = self.tour.last() {
            let from = *self.tour_from.get_or_insert(before);
            self.tour_spent += elapsed;
            let t = (self.tour_spent / leg.ms).min(1.0);
            let eased = if leg.accelerate { t * t * t } else { t };
            self.at = from + (leg.to - from) * eased;
            // A leg of one event is followed as it happens; a long one is spread.
            self.rate =
                if (leg.to - from).abs() <= 1.0 { 0.0 } else { (leg.to - from).abs() / leg.ms * 1000.0 };
            if t >= 1.0 {
                self.tour.pop();
                self.tour_from = None;
                self.tour_spent = 0.0;
                self.dirty = true;
            }
        } else if self.playing {
            let end = f64::from(self.len());
            // The fastest speed still shows something: any run takes at least two seconds.
            let speed = if self.speed.is_finite() { self.speed } else { (end / 2.0).max(20_000.0) };
            self.at = (before + speed * elapsed / 1000.0).min(end);
            self.rate = speed;
            if self.at >= end && self.complete() {
                self.playing = false;
            }
        } else {
            if self.rate != 0.0 {
                self.dirty = true;
            }
            self.rate = 0.0;
        }
        self.dirty |= self.at != before;
    }

    fn draw(&mut self) {
        let Some(mut surfaces) = self.surfaces.take() else { return };
        let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
        if self.stale {
            self.palette = Palette::of(&surfaces.root);
        }
        let mut fitted = false;
        for surface in surfaces.lanes.iter_mut().chain([&mut surfaces.track]) {
            fitted |= surface.fit(ratio);
        }
        for (base, cursor) in &mut surfaces.plots {
            fitted |= base.fit(ratio) | cursor.fit(ratio);
        }
        if fitted {
            self.stale = true;
        }
        if (self.dirty || self.stale)
            && let Some(timeline) = self.timeline.take()
        {
            let position = self.position();
            self.panel.seek(&timeline, position);
            if self.stale {
                self.draw_plots(&timeline, &surfaces);
                self.draw_track(&timeline, &surfaces);
            }
            self.draw_lanes(&timeline, &surfaces);
            self.draw_cursors(&surfaces);
            surfaces.range.set_max(&timeline.len().to_string());
            surfaces.range.set_value(&position.to_string());
            self.write(&timeline, position);
            self.timeline = Some(timeline);
            self.dirty = false;
            self.stale = false;
        }
        self.surfaces = Some(surfaces);
    }

    fn draw_lanes(&mut self, timeline: &Timeline, surfaces: &Surfaces) {
        let spread = (self.rate * 0.25).max(1.0);
        for side in Side::BOTH {
            let surface = &surfaces.lanes[side as usize];
            let view = LaneView {
                side,
                width: surface.size.0,
                height: surface.size.1,
                at: self.at,
                spread,
                selected: self.selected,
            };
            let scene = scene::lane(timeline, &self.panel, &view);
            scene::paint(&surface.context, &self.palette, &scene, surface.size, surface.ratio);
            self.scenes[side as usize] = scene;
        }
    }

    fn series<'t>(timeline: &'t Timeline, key: &str) -> Vec<(&'t Series, Ink)> {
        let [left, right] = &timeline.series;
        match key {
            "copies" => vec![(&left.copied, Ink::Copy), (&right.copied, Ink::Reference)],
            "allocations" => vec![(&left.allocations, Ink::Copy), (&right.allocations, Ink::Reference)],
            _ => vec![(&left.held, Ink::Copy), (&right.cumulative, Ink::Dim), (&right.held, Ink::Reference)],
        }
    }

    fn draw_plots(&mut self, timeline: &Timeline, surfaces: &Surfaces) {
        self.scales.clear();
        let end = f64::from(timeline.len());
        for ((key, ratios), (surface, _)) in PLOTS.into_iter().zip(&surfaces.plots) {
            let columns = (surface.size.0 * surface.ratio) as u32;
            let curves: Vec<Curve> = Self::series(timeline, key)
                .into_iter()
                .map(|(series, ink)| Curve { points: series.decimate(timeline.len(), columns), ink })
                .collect();
            let top = curves.iter().flat_map(|curve| &curve.points).map(|point| point.1).fold(0.0, f64::max);
            // Ratios start at 1; counts at 0, with a little room below so that a flat zero stays visible.
            let scale = if ratios {
                Scale { low: 0.8, high: top.max(1.5) * 1.05, end }
            } else {
                Scale { low: -0.03 * top.max(1.0), high: top.max(1.0) * 1.06, end }
            };
            plots::draw(&surface.context, &self.palette, surface.size, surface.ratio, scale, &curves, ratios);
            self.scales.push(scale);
        }
    }

    fn draw_cursors(&self, surfaces: &Surfaces) {
        for (scale, (_, surface)) in self.scales.iter().zip(&surfaces.plots) {
            let mut scene = Scene::default();
            let (x, bottom) = scale.at(surface.size, self.at, scale.low);
            scene.line((x.round() + 0.5, MARGIN.2), (x.round() + 0.5, bottom), Ink::Dim, 1.0);
            scene::paint(&surface.context, &self.palette, &scene, surface.size, surface.ratio);
        }
    }

    /// Where copies and allocations happen, under the scrub bar.
    fn draw_track(&self, timeline: &Timeline, surfaces: &Surfaces) {
        let surface = &surfaces.track;
        let mut scene = Scene::default();
        let (w, h) = surface.size;
        let middle = (h / 2.0).round();
        let mark = |scene: &mut Scene, series: &Series, ink, from: f64, to: f64| {
            let mut last = -1.0;
            for at in series.changes() {
                let x = (f64::from(*at) / f64::from(timeline.len().max(1)) * w).floor() + 0.5;
                if x > last {
                    let points = vec![(x, from), (x, to)];
                    scene.shapes.push(Shape::Path { points, ink, width: 1.0, dashed: false, alpha: 0.55 });
                    last = x;
                }
            }
        };
        mark(&mut scene, &timeline.series[0].copied, Ink::Copy, middle - 7.0, middle - 1.0);
        mark(&mut scene, &timeline.series[0].allocations, Ink::Allocation, middle + 2.0, middle + 7.0);
        scene.line((0.0, middle + 0.5), (w, middle + 0.5), Ink::Hair, 2.0);
        scene::paint(&surface.context, &self.palette, &scene, surface.size, surface.ratio);
    }

    /// Writes the figures: at the position, and of the whole run.
    fn write(&mut self, timeline: &Timeline, position: u32) {
        let [left, right] = &timeline.series;
        let count = |series: &Series| {
            let (now, all) = (series.value(position) as u64, series.last() as u64);
            format!("{} / {}", grouped(now), grouped(all))
        };
        let ratio = |series: &Series| format!("{:.2} / {:.2}", series.value(position), series.last());
        let time = timeline.time_ns(position);
        let moment = format!(
            "{} · event {} of {}{}",
            duration(time),
            grouped(u64::from(position)),
            grouped(u64::from(timeline.len())),
            if timeline.is_complete() { "" } else { " so far" }
        );
        let texts = [
            ("left-copied", count(&left.copied)),
            ("right-copied", count(&right.copied)),
            ("left-allocations", count(&left.allocations)),
            ("right-allocations", count(&right.allocations)),
            ("left-held", ratio(&left.held)),
            ("right-held", ratio(&right.held)),
            ("right-cumulative", ratio(&right.cumulative)),
            ("left-map-entries", count(&left.map_entries)),
            ("right-map-entries", count(&right.map_entries)),
            ("moment", moment),
        ];
        let document = web_sys::window().and_then(|window| window.document());
        for (key, text) in texts {
            let entry = self.texts.entry(key).or_default();
            if entry.0.is_none() {
                entry.0 =
                    document.as_ref().and_then(|document| document.get_element_by_id(&format!("out-{key}")));
            }
            if entry.1 != text
                && let Some(element) = &entry.0
            {
                element.set_text_content(Some(&text));
                entry.1 = text;
            }
        }
    }
}

/// A time in the unit that suits it, to a thousandth of that.
fn duration(nanoseconds: u64) -> String {
    let (unit, name) = match nanoseconds {
        0..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    format!("{}.{:03} {name}", grouped(nanoseconds / unit), nanoseconds % unit * 1000 / unit)
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_told_in_the_unit_that_suits_them() {
        let cases = [(41_208, "41.208 µs"), (94_536_075, "94.536 ms"), (1_680_958_042_211, "1,680.958 s")];
        for (nanoseconds, text) in cases {
            assert_eq!(super::duration(nanoseconds), text);
        }
    }
}
