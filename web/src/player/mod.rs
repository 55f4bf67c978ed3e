//! The clock and the pictures: one scheduler on animation frames that moves the position, then writes the figures, then
//! draws what has changed.

mod figures;
mod pictures;
mod surfaces;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use snapstack::buffers::Scheme;
use snapstack::order::NumberMap;
use snapstack::sim::Event;
use web_sys::Document;

use self::figures::Texts;
use self::surfaces::Surfaces;
use crate::filter::PacketFilter;
use crate::plots::{Axis, MARGIN, Scale};
use crate::scene::{Palette, Scene, grouped};
use crate::timeline::{Jump, LaneSeries, Panel, Passing, Place, Series, Side, Timeline};
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

/// Milliseconds between two sentences for those who do not see the picture.
const LIVE_MS: f64 = 2_000.0;

/// Milliseconds between two drawings of plots while a run comes in.
const PLOTS_MS: f64 = 200.0;

/// Milliseconds from cut to cut where motion is not wanted.
const CUT_MS: f64 = 1_000.0;

/// Plots shown at a time.
pub const SLOTS: usize = 3;

/// Runs whose curves are kept, if they are of other trees than the one on screen.
const CURVES: usize = 12;

/// What a step goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// One event.
    Event,
    /// One packet: to where the next or last one enters the socket layer.
    Packet,
}

/// A moment that can be found again in another run of the same traffic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Anchor {
    /// So many events after the beginning, before the first stage.
    Start(u32),
    /// So many events after this stage event, before the next one.
    Stage(Event, u32),
    /// At this position, of the same run once more.
    At(u32),
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
    /// Which of the tour's stills is shown, from 1, of how many.
    pub still: Option<(usize, usize)>,
}

/// What is kept of a run that was seen: its curves.
pub struct Kept {
    /// Counters by side.
    pub series: Rc<[LaneSeries; 2]>,
    /// Simulated time.
    pub clock: Rc<Series>,
    /// Merged events.
    pub events: u32,
    /// Whether both lanes put the same frames on the wire.
    pub identical: bool,
}

/// Position, pictures and what they need.
pub struct Player {
    /// The run, if there is one.
    pub timeline: Option<Timeline>,
    /// The selected packet.
    pub selected: Option<u32>,
    /// The selected line, by number.
    pub line: Option<u32>,
    /// The selected slot or socket.
    pub place: Option<Place>,
    /// The scheme of each lane.
    pub schemes: [Scheme; 2],
    /// The moment to compare with.
    pub mark: Option<u32>,
    /// Moments to come back to.
    pub bookmarks: Vec<u32>,
    /// Whether play goes round in the marked range.
    pub looping: bool,
    /// The curves of runs that were seen, by their number among the branches of all trees.
    pub kept: NumberMap<Kept>,
    /// The run whose curves are drawn beside.
    pub beside: Option<u64>,
    /// Which plots are shown.
    pub plots: [usize; SLOTS],
    /// Whether they go by time.
    pub by_time: bool,
    /// The range of positions that is marked in them.
    pub range: Option<(u32, u32)>,
    /// What passes the packet filter; None without one.
    pub passing: Option<Passing>,
    /// How often that has changed.
    pub filtered: u32,
    /// The filter, and how many events there were when it was last said how many packets pass.
    filter: PacketFilter,
    said: u32,
    /// Events a second.
    pub speed: f64,
    /// Whether motion is not wanted: playing cuts from moment to moment once a second, and the tour is stills.
    pub still: bool,
    at: f64,
    playing: bool,
    tour: Vec<Leg>,
    tour_from: Option<f64>,
    tour_spent: f64,
    /// The still of the tour that is shown, if it is stills.
    still_at: Option<usize>,
    /// Where the last of the opening's close views is, and the furthest position seen by then.
    close: Option<(u32, u32)>,
    /// Payload bytes that the threads of a workload are to send.
    pub expected: f64,
    /// Milliseconds since the last cut.
    since_cut: f64,
    rate: f64,
    /// Where the cursor was when that rate began.
    settled: f64,
    last_ms: Option<f64>,
    /// When the moment was told in words last, and which.
    told: (f64, u32),
    panel: Panel,
    surfaces: Option<Surfaces>,
    palette: Palette,
    axis: Axis,
    /// What that was made of: events, whether it goes by time, and the run beside.
    axis_of: (u32, bool, Option<u64>),
    scales: Vec<Scale>,
    scenes: [Scene; 2],
    texts: Texts,
    /// The moment's picture is to be drawn.
    dirty: bool,
    /// Everything is.
    stale: bool,
    /// The first plots are.
    due: bool,
    /// Plots are once it is time, as events have come.
    grown: bool,
    /// When they were drawn last.
    plotted_ms: f64,
}

impl Default for Player {
    fn default() -> Self {
        Self {
            timeline: None,
            selected: None,
            line: None,
            place: None,
            schemes: [Scheme::SkBuff, Scheme::Snapshot],
            mark: None,
            bookmarks: Vec::new(),
            looping: false,
            kept: NumberMap::default(),
            beside: None,
            plots: [0, 1, 2],
            by_time: false,
            range: None,
            passing: None,
            filtered: 0,
            filter: PacketFilter::default(),
            said: 0,
            speed: 150.0,
            still: false,
            at: 0.0,
            playing: false,
            tour: Vec::new(),
            tour_from: None,
            tour_spent: 0.0,
            still_at: None,
            close: None,
            expected: 0.0,
            since_cut: 0.0,
            rate: 0.0,
            settled: 0.0,
            last_ms: None,
            told: (0.0, u32::MAX),
            panel: Panel::default(),
            surfaces: None,
            palette: Palette::default(),
            axis: Axis::default(),
            axis_of: (0, false, None),
            scales: Vec::new(),
            scenes: [Scene::default(), Scene::default()],
            texts: Texts::default(),
            dirty: true,
            stale: true,
            due: false,
            grown: false,
            plotted_ms: 0.0,
        }
    }
}

impl Player {
    /// Draws on the canvases of the page from now on; they are all there.
    pub fn attach(&mut self, document: &Document) {
        self.surfaces = Surfaces::find(document);
        self.repaint();
    }

    /// The canvases are gone; what plays stops.
    pub fn detach(&mut self) {
        self.end_tour();
        self.playing = false;
        self.surfaces = None;
    }

    /// The moment of a position in terms that hold for any configuration: how many events after the last stage that a packet
    /// entered, or the end.
    pub fn anchor(&self, position: u32) -> Anchor {
        let Some(timeline) = &self.timeline else { return Anchor::End };
        if position >= timeline.len() {
            return Anchor::End;
        }
        let stage = (1..=position).rev().find_map(|at| Some((at, timeline.stage(at)?)));
        stage.map_or(Anchor::Start(position), |(at, event)| Anchor::Stage(event, position - at))
    }

    /// The position of the moment that an anchor of another run of the same traffic names.
    pub fn find(&self, anchor: &Anchor) -> u32 {
        let Some(timeline) = &self.timeline else { return 0 };
        // No further than to the next stage.
        let after = |from: u32, events: u32| {
            let to = from.saturating_add(events).min(timeline.len());
            (from + 1..=to).find(|at| timeline.stage(*at).is_some()).map_or(to, |next| next - 1)
        };
        match anchor {
            Anchor::Start(events) => after(0, *events),
            Anchor::At(position) => (*position).min(self.end()),
            Anchor::End => self.end(),
            Anchor::Stage(event, events) => timeline
                .find_stage(event)
                .map_or_else(|| timeline.position_at(event.time_ns), |from| after(from, *events)),
        }
    }

    /// Everything is to be drawn again: the theme, the size or the data have changed.
    pub fn repaint(&mut self) {
        self.dirty = true;
        self.stale = true;
    }

    /// Events have come.
    pub fn grow(&mut self) {
        self.dirty = true;
        self.grown = true;
    }

    /// No more of the run will come, though it is not over.
    pub fn stop(&mut self) {
        if let Some(timeline) = &mut self.timeline {
            timeline.stop();
        }
        self.filter_on();
        self.repaint();
    }

    /// A new run begins; the old picture stays until there is something of the new one.
    pub fn begin(&mut self, timeline: Timeline) {
        self.timeline = Some(timeline);
        // None of this length has been drawn.
        self.axis_of.0 = u32::MAX;
        self.panel = Panel::default();
        self.selected = None;
        self.line = None;
        self.place = None;
        self.range = None;
        self.passing = None;
        self.close = None;
        self.looping = false;
        self.end_tour();
        self.at = 0.0;
        self.repaint();
    }

    /// The position, in events that have happened.
    pub fn position(&self) -> u32 {
        self.at.ceil() as u32
    }

    /// Events so far.
    pub fn end(&self) -> u32 {
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
        let position = position.min(self.end());
        self.at = f64::from(position);
        self.rate = 0.0;
        self.dirty = true;
        // The inspector is written before the next frame.
        if let Some(timeline) = &self.timeline {
            self.panel.seek(timeline, position);
        }
    }

    /// Lets packets pass a filter; of a run that goes on, those that are there, and then those that come
    /// ([`Player::filter_on`]).
    pub fn filter(&mut self, filter: &PacketFilter) {
        let timeline = self.timeline.as_ref().filter(|_| !filter.is_empty());
        self.passing = timeline.map(|timeline| timeline.passing(filter));
        self.filter = filter.clone();
        self.filtered += 1;
        self.said = self.end();
        self.dirty = true;
    }

    /// Lets what has come of the run pass the filter. True when so much has come since it was last said how many packets pass
    /// that it should be said again: with the run's end, or when the run is longer by a quarter.
    pub fn filter_on(&mut self) -> bool {
        let (Some(timeline), Some(passing)) = (&self.timeline, &mut self.passing) else { return false };
        timeline.pass_on(passing, &self.filter);
        let (said, end) = (self.said, timeline.len());
        let again = end - said > said / 4 || !timeline.goes_on();
        if again {
            self.filtered += 1;
            self.said = end;
        }
        self.dirty = true;
        again
    }

    /// One step on or back, in the tour's stills where they are shown; false if no packet is there that passes the filter.
    pub fn step(&mut self, forward: bool, unit: Unit) -> bool {
        if let Some(still) = self.still_at {
            if forward && still == 0 {
                self.end_tour();
            } else {
                self.show_still(if forward { still - 1 } else { still + 1 });
            }
            return true;
        }
        // From the position that is shown: an event that is still on its way counts as happened.
        let here = self.position();
        let target = match (unit, &self.timeline) {
            (Unit::Event, _) if forward => here + 1,
            (Unit::Event, _) => here.saturating_sub(1),
            (Unit::Packet, Some(timeline)) => {
                let found = timeline.packet_step(here, forward, self.passing.as_ref());
                if found.is_none() && self.passing.is_some() {
                    return false;
                }
                found.unwrap_or(if forward { timeline.len() } else { 0 })
            }
            (Unit::Packet, None) => here,
        };
        self.seek(target);
        true
    }

    /// To the next or the last of something; false if there is none.
    pub fn jump_to(&mut self, what: Jump, forward: bool) -> bool {
        let here = self.position();
        let passing = self.passing.as_ref();
        let found = self
            .timeline
            .as_ref()
            .and_then(|timeline| timeline.jump(what, here, forward, passing, &self.bookmarks));
        if let Some(found) = found {
            self.seek(found);
        }
        found.is_some()
    }

    /// Keeps the curves of the run that is over, under its number.
    pub fn keep(&mut self, key: u64) {
        if let Some(timeline) = &self.timeline {
            let packets = timeline.packets(Side::Left).max(timeline.packets(Side::Right));
            let identical = (0..packets).all(|packet| timeline.identical(packet) != Some(false));
            let (series, clock) = (Rc::clone(&timeline.series), Rc::clone(&timeline.clock));
            let kept = Kept { series, clock, events: timeline.len(), identical };
            self.kept.insert(key, kept);
        }
    }

    /// Of the curves of runs of other trees, keeps some.
    pub fn keep_some(&mut self, own: impl Fn(u64) -> bool) {
        while self.kept.len() > CURVES {
            let Some((other, _)) = self.kept.iter().find(|(key, _)| !own(*key)) else { return };
            self.kept.remove(other);
        }
    }

    /// Plays, or stops.
    pub fn play(&mut self, play: bool) {
        if self.status().playing != play {
            self.toggle();
        }
    }

    /// Plays or stops; from the end it starts again.
    pub fn toggle(&mut self) {
        let touring = self.end_tour();
        self.playing = !(self.playing || touring);
        self.since_cut = 0.0;
        if self.playing && self.complete() && self.at >= f64::from(self.end()) {
            self.at = 0.0;
        }
    }

    fn complete(&self) -> bool {
        self.timeline.as_ref().is_some_and(|timeline| !timeline.goes_on())
    }

    /// Starts a journey, or shows the first of its stills.
    pub fn tour(&mut self, legs: Vec<Leg>) {
        self.tour = legs;
        self.close = self.tour.iter().filter_map(|leg| leg.still).max().map(|last| (last, 0));
        self.tour.reverse();
        self.tour_from = None;
        self.playing = false;
        if self.still {
            self.tour.retain(|leg| leg.still.is_some());
            self.show_still(self.tour.len().saturating_sub(1));
        }
    }

    /// Shows one of the tour's stills, of which the last comes first; before the first there is none.
    fn show_still(&mut self, still: usize) {
        if let Some(at) = self.tour.get(still).and_then(|leg| leg.still) {
            self.still_at = Some(still);
            self.jump(at);
        }
    }

    /// Ends the journey; true if something moved.
    pub fn end_tour(&mut self) -> bool {
        let touring = !self.tour.is_empty() && self.still_at.take().is_none();
        self.tour.clear();
        self.tour_from = None;
        self.dirty = true;
        touring
    }

    /// What is going on.
    pub fn status(&self) -> Status {
        let leg = match self.still_at {
            Some(still) => self.tour.get(still),
            None => self.tour.last(),
        };
        let still = self.still_at.map(|still| (self.tour.len() - still, self.tour.len()));
        let touring = leg.is_some() && still.is_none();
        Status { playing: self.playing || touring, caption: leg.map(|leg| leg.caption.clone()), still }
    }

    /// The position until which the memory panels have room for all that is held: all of the run that is there, so that their
    /// scale is one from its first event to its last. But the opening looks at single lines, as long as it is there.
    fn room(&mut self, timeline: &Timeline) -> u32 {
        let here = self.position();
        match &mut self.close {
            Some((last, seen)) if here <= *last => {
                *seen = here.max(*seen);
                *seen
            }
            _ => {
                self.close = None;
                timeline.len()
            }
        }
    }

    /// What is held at the position.
    pub fn panel(&self) -> &Panel {
        &self.panel
    }

    /// The line of memory drawn at a point of a lane.
    pub fn line_at(&self, side: Side, x: f64, y: f64) -> Option<u32> {
        self.scenes[side as usize].line_at(x, y)
    }

    /// The slot or socket drawn at a point of a lane.
    pub fn place_at(&self, side: Side, x: f64, y: f64) -> Option<Place> {
        self.scenes[side as usize].place_at(x, y)
    }

    /// What is drawn of a lane, and its size in CSS pixels; None while nothing is.
    pub fn picture(&self, side: Side) -> Option<(&Scene, (f64, f64))> {
        let surface = &self.surfaces.as_ref()?.lanes[side as usize];
        Some((&self.scenes[side as usize], surface.size))
    }

    /// The packet drawn at a point of a lane.
    pub fn hit(&self, side: Side, x: f64, y: f64) -> Option<u32> {
        self.scenes[side as usize].hit(x, y)
    }

    /// The position of a point of a plot.
    pub fn plot_position(&self, plot: usize, x: f64) -> u32 {
        let width = self.surfaces.as_ref().map_or(1.0, |surfaces| surfaces.plots[plot].0.size.0);
        let share = (x - MARGIN.0) / (width - MARGIN.0 - MARGIN.1).max(1.0);
        let Some(timeline) = &self.timeline else { return 0 };
        let position = self.axis.position(&timeline.clock, share.clamp(0.0, 1.0) * self.axis.end());
        position.min(timeline.len())
    }

    /// The axis that plots of a run go by, with a branch beside or without.
    pub fn axis_of(&self, timeline: &Timeline, beside: Option<&Kept>) -> Axis {
        if self.by_time {
            Axis::time(&timeline.clock, beside.map(|kept| &*kept.clock))
        } else {
            Axis::events(timeline.len().max(beside.map_or(0, |kept| kept.events)))
        }
    }

    /// One animation frame at `now` milliseconds.
    pub fn frame(&mut self, now: f64) {
        let elapsed = self.last_ms.map_or(0.0, |last| (now - last).clamp(0.0, 100.0));
        self.last_ms = Some(now);
        self.animate(elapsed);
        self.draw(now);
        self.tell(now);
    }

    /// Tells the moment in words to those who do not see it, at most every two seconds.
    fn tell(&mut self, now: f64) {
        let position = self.position();
        if now - self.told.0 < LIVE_MS || self.told.1 == position || self.surfaces.is_none() {
            return;
        }
        self.told = (now, position);
        let Some(timeline) = &self.timeline else { return };
        let Some((side, event)) = timeline.event(position) else { return };
        let lane = match side {
            None => "both lanes",
            Some(Side::Left) => "left lane",
            Some(Side::Right) => "right lane",
        };
        let copied = Side::BOTH.map(|side| timeline.series[side as usize].copied.value(position) as u64);
        let text = format!(
            "Event {}, {}. Copied so far: left {} bytes, right {} bytes.",
            grouped(position.into()),
            crate::words::sentence(
                lane,
                &event,
                side.map(|side| self.schemes[side as usize]),
                timeline.queues
            ),
            grouped(copied[0]),
            grouped(copied[1])
        );
        self.texts.write("live", text);
    }

    fn animate(&mut self, elapsed: f64) {
        let (before, rate) = (self.at, self.rate);
        if let (Some(leg), None) = (self.tour.last(), self.still_at) {
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
            let end = f64::from(self.end());
            // The fastest speed still shows something: any run takes at least two seconds.
            let speed = if self.speed.is_finite() { self.speed } else { (end / 2.0).max(20_000.0) };
            let elapsed = if self.still { self.cut(elapsed) } else { elapsed };
            self.at = (self.at + speed * elapsed / 1000.0).min(end);
            // What is cut to is seen as it is, not on its way.
            self.rate = if self.still { 0.0 } else { speed };
            if let (true, Some((from, to))) = (self.looping, self.range)
                && self.at >= f64::from(to)
            {
                self.at = f64::from(from);
            }
            if self.at >= end && self.complete() {
                self.playing = false;
            }
        } else {
            if self.rate != 0.0 {
                self.dirty = true;
            }
            self.rate = 0.0;
        }
        if self.rate != rate {
            self.settled = before;
        }
        self.dirty |= self.at != before;
    }

    /// What there is to go on by where motion is not wanted: nothing, or once a second all of it.
    fn cut(&mut self, elapsed: f64) -> f64 {
        self.since_cut += elapsed;
        if self.since_cut < CUT_MS {
            return 0.0;
        }
        self.since_cut = 0.0;
        self.at = self.at.ceil();
        CUT_MS
    }

    fn draw(&mut self, now: f64) {
        let Some(mut surfaces) = self.surfaces.take() else { return };
        let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
        if self.stale {
            self.palette = Palette::of(&surfaces.root);
        }
        self.stale |= surfaces.fit(ratio);
        let lanes = self.dirty || self.stale;
        // The first picture is too much for one frame: its plots come with the next.
        let first = self.scales.is_empty() && !self.due;
        let plots = !first && (self.due || self.stale || self.grown && now - self.plotted_ms >= PLOTS_MS);
        if (lanes || plots)
            && let Some(timeline) = self.timeline.take()
        {
            let position = self.position();
            if lanes {
                self.panel.seek(&timeline, position);
                self.panel.mark(&timeline, self.mark);
                self.draw_lanes(&timeline, &surfaces);
                surfaces.scrub.set_max(&timeline.len().to_string());
                surfaces.scrub.set_value(&position.to_string());
                self.write(&timeline, position);
                self.due = first;
                self.dirty = false;
                self.stale = false;
            }
            if plots {
                self.draw_plots(&timeline, &surfaces);
                self.draw_track(&timeline, &surfaces);
                self.due = false;
                self.grown = false;
                self.plotted_ms = now;
            }
            self.draw_cursors(&timeline, &surfaces);
            self.timeline = Some(timeline);
        }
        self.surfaces = Some(surfaces);
    }
}
