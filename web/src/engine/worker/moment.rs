//! Answers about a moment of a run: the lane goes there, and its memory is looked at. Both are done in parts, so that the page
//! is heard in between.

use snapstack::buffers::Snapshot;
use snapstack::memory::{Plid, ReachSearch, ReferrerSearch, SegmentId};
use snapstack::nic::payload_start;
use snapstack::sim::{self, Seeker};

use super::answer::{Clock, Progress};
use super::catch::Catcher;
use super::words::{MOST_WAYS, chosen, line, nothing};
use crate::dag::{ContentSearch, Gathering};
use crate::engine::headers;
use crate::engine::protocol::{Answer, DagOf, Moment};

/// Lines of a DAG that are sent at the most.
const MOST_LINES: usize = 120_000;
/// Lines that a search tells.
const MOST_FOUND: usize = 1000;
/// Between two looks at the clock: steps, places for lines, segments.
const STEPS: u32 = 8;
const PLACES: u32 = 1 << 14;
const SEGMENTS: usize = 32;

/// What is looked at there.
pub(super) enum What {
    /// The frame that the step after the moment sends or receives.
    Frame {
        /// Its packet.
        packet: u32,
    },
    /// The lines of segments.
    Dag(DagOf),
    /// Why a line is alive.
    Line(Plid),
    /// Which lines of segments hold bytes.
    Find(DagOf, Vec<u8>),
}

/// A lane's way to a moment, and what is looked at there.
pub(super) struct Visit {
    lane: u32,
    what: What,
    /// Steps from where the lane set out, and those that it comes to.
    way: (u32, u32),
    look: Option<Look>,
}

/// A look at a memory that has begun.
enum Look {
    Forest { segments: std::vec::IntoIter<(SegmentId, String)>, all: usize, gathering: Gathering },
    Line { plid: Plid, referrers: ReferrerSearch, ways: ReachSearch, referred: bool },
    Find { segments: std::vec::IntoIter<(SegmentId, String)>, all: usize, search: ContentSearch },
}

impl Visit {
    /// Sets out to the moment before an event.
    ///
    /// # Errors
    /// The answer, when there is no such event, or no way there.
    pub(super) fn before(
        seeker: &mut Seeker<Catcher>,
        lane: u32,
        event: u32,
        what: What,
    ) -> Result<Self, Answer> {
        let step = seeker.step_of(event.into()).ok_or_else(|| nothing("Its frame is never on the wire."))?;
        Self::to(seeker, lane, step.saturating_sub(1), what)
    }

    /// Sets out to a moment.
    ///
    /// # Errors
    /// The answer, when there is no way there.
    pub(super) fn at(
        seeker: &mut Seeker<Catcher>,
        lane: u32,
        at: Moment,
        what: What,
    ) -> Result<Self, Answer> {
        let shown = seeker.step_after(at.events.into());
        let end = at.before.and_then(|event| seeker.step_of(event.into()));
        Self::to(seeker, lane, end.map_or(shown, |end| shown.min(end.saturating_sub(1))), what)
    }

    fn to(seeker: &mut Seeker<Catcher>, lane: u32, step: u32, what: What) -> Result<Self, Answer> {
        seeker.aim(sim::Moment::Step(step)).map_err(|error| nothing(&error.to_string()))?;
        Ok(Self { lane, what, way: (seeker.lane().steps(), step), look: None })
    }

    /// The lane.
    pub(super) fn lane(&self) -> u32 {
        self.lane
    }

    /// Works on until time is up, or the answer is there.
    pub(super) fn work(&mut self, seeker: &mut Seeker<Catcher>, clock: Clock<'_>) -> Progress {
        if self.look.is_none() {
            loop {
                match seeker.approach(STEPS) {
                    Ok(true) => break,
                    Ok(false) => {}
                    Err(error) => return Progress::answer(nothing(&error.to_string())),
                }
                if clock() {
                    let (from, to) = self.way;
                    let gone = seeker.lane().steps().saturating_sub(from);
                    return Progress::so_far("Going to that moment", gone.into(), (to - from).into());
                }
            }
            if let What::Frame { packet } = self.what {
                return Progress::answer(frame(seeker, packet));
            }
        }
        let Some(snapshot) = seeker.lane().snapshot() else {
            let why = "A conventional stack has no lines: its memory is pages and buffers.";
            return Progress::answer(nothing(why));
        };
        if self.look.is_none() {
            match Look::new(snapshot, &self.what) {
                Ok(look) => self.look = Some(look),
                Err(why) => return Progress::answer(nothing(why)),
            }
            if clock() {
                return Progress::so_far("Looking into memory", 0, 1);
            }
        }
        match &mut self.look {
            Some(look) => look.work(snapshot, clock),
            None => Progress::answer(nothing("There is nothing to look at.")),
        }
    }
}

impl Look {
    fn new(snapshot: &Snapshot, what: &What) -> Result<Self, &'static str> {
        Ok(match what {
            What::Frame { .. } => return Err("A frame is in no memory line."),
            What::Dag(of) => {
                let segments = chosen(snapshot, *of)?;
                let all = segments.len();
                let segments = segments.into_iter();
                Self::Forest { segments, all, gathering: Gathering::new(MOST_LINES) }
            }
            What::Line(plid) => Self::Line {
                plid: *plid,
                referrers: ReferrerSearch::new(*plid),
                ways: ReachSearch::new(*plid),
                referred: false,
            },
            What::Find(of, bytes) => {
                let segments = chosen(snapshot, *of)?;
                let all = segments.len();
                let segments = segments.into_iter();
                Self::Find { segments, all, search: ContentSearch::new(bytes, MOST_FOUND) }
            }
        })
    }

    fn work(&mut self, snapshot: &Snapshot, clock: Clock<'_>) -> Progress {
        let memory = snapshot.memory();
        let so_far = |left: usize, all: usize| {
            Progress::so_far("Looking into memory", (all - left) as u64, all as u64)
        };
        match self {
            Self::Forest { segments, all, gathering } => {
                while let Some((segment, label)) = segments.next() {
                    if let Err(error) = gathering.add(memory, segment, label) {
                        return Progress::answer(nothing(&error.to_string()));
                    }
                    if clock() {
                        return so_far(segments.len(), *all);
                    }
                }
                let whole = std::mem::replace(gathering, Gathering::new(0)).finish(memory.line_size());
                let labels = whole.segments.iter().map(|top| top.label.clone()).collect();
                Progress::Over(Answer::Dag { labels }, Some(whole.to_words()))
            }
            Self::Line { plid, referrers, ways, referred } => {
                while !*referred {
                    *referred = referrers.work(memory, PLACES) || referrers.found().len() >= MOST_WAYS;
                    if clock() {
                        return so_far(1, 2);
                    }
                }
                while !ways.work(memory, SEGMENTS) && ways.found().len() < MOST_WAYS {
                    if clock() {
                        return so_far(1, 2);
                    }
                }
                Progress::answer(line(snapshot, *plid, referrers.found(), ways.found()))
            }
            Self::Find { segments, all, search } => {
                while let Some((segment, _)) = segments.next() {
                    if let Err(error) = search.add(memory, segment) {
                        return Progress::answer(nothing(&error.to_string()));
                    }
                    if clock() {
                        return so_far(segments.len(), *all);
                    }
                }
                let found = std::mem::replace(search, ContentSearch::new(&[], 0)).finish();
                Progress::answer(Answer::Found { plids: found.plids, more: found.more })
            }
        }
    }
}

/// The frame of a packet, which the next step sends or receives.
fn frame(seeker: &mut Seeker<Catcher>, packet: u32) -> Answer {
    let tap = seeker.lane().tap().clone();
    tap.want(Some(packet));
    seeker.lane_mut().step();
    seeker.lane_mut().discard_events();
    let frame = tap.take();
    tap.want(None);
    let Some(frame) = frame else { return nothing("Its frame is never on the wire.") };
    Answer::Frame {
        packet,
        headers: headers::decode(&frame),
        payload: payload_start(&frame) as u32,
        bytes: hex::encode(&frame),
    }
}
