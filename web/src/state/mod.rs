//! What the explorer knows and how that changes: a reducer that needs no browser. What is to be done outside it is
//! returned as [`Effect`]s.

mod address;
mod branch;
mod history;
mod inspect;
#[cfg(test)]
mod tests;

pub use address::Page;
pub use branch::{Branch, Branches};
pub use history::History;
pub use inspect::{Asked, DagInfo, FrameInfo, Inspect};

use snapstack::buffers::Scheme;
use snapstack::sim::{Change, Config, MODEL_VERSION, MOST_CHANGES, Workload};

use crate::engine::{Answer, CaptureInfo, LaneResult, Spec};
use crate::filter::{PacketFilter, Typed};
use crate::player::{SLOTS, Status, Unit};
use crate::plots::{About, PLOTS};
use crate::share::{Link, short_digest};
use crate::timeline::{Jump, Place};

/// File name of the capture that is there from the start.
pub const DEMO_NAME: &str = "demo-web.pcap";
/// Its SHA-256, in hex.
pub const DEMO_SHA256: &str = "335086a7645d74b208ceac3799264a4264b4e85e5b75756308dda2c41dd5d069";

/// Something to tell the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// For information.
    Info(String),
    /// Something did not work; what was there stays.
    Problem(String),
    /// The worker is gone; it can be started again.
    Broken(String),
    /// A newer build of the page is there.
    Newer,
}

/// The explorer's state, but for what moves with every frame, which is the player's.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The capture that was read last.
    pub capture: Option<CaptureInfo>,
    /// The run that was asked for last.
    pub spec: Spec,
    /// The run on screen.
    pub shown: Spec,
    /// Runs before and after this one.
    pub history: History<Spec>,
    /// Runs with the same beginning.
    pub branches: Branches,
    /// Number of the last request: replies to older ones are out of date.
    pub run: u32,
    /// Name of the file that is being read.
    pub loading: Option<String>,
    /// Digest of the finished run on screen, as links carry it.
    pub digest: Option<String>,
    /// The link that the page was opened with, or made last.
    pub link: Link,
    /// Whether that link is what was kept of the last visit.
    pub resumed: bool,
    /// Whether the link's result was reproduced.
    pub verdict: Option<String>,
    /// Whether the first picture has been shown.
    pub opened: bool,
    /// Whether the next run is of a capture not shown before.
    pub fresh: bool,
    /// What there is to tell.
    pub notice: Option<Notice>,
    /// Whether it plays, and what the tour says.
    pub status: Status,
    /// What steps go by.
    pub unit: Unit,
    /// Which plot is shown where only one fits.
    pub tab: usize,
    /// Which plots are shown.
    pub plots: [usize; SLOTS],
    /// Whether they go by time, with idle stretches folded, instead of by event.
    pub by_time: bool,
    /// The range of positions that is marked in them.
    pub range: Option<(u32, u32)>,
    /// Whether a file is dragged over the page.
    pub dragging: bool,
    /// The selected packet.
    pub selected: Option<u32>,
    /// The selected line of memory, by number.
    pub line: Option<u32>,
    /// A hash of its bytes, by which links name it: numbers are another run's.
    pub line_hash: Option<u32>,
    /// The selected slot or socket.
    pub place: Option<Place>,
    /// What the worker told about what is selected.
    pub inspect: Inspect,
    /// The moment to compare with.
    pub mark: Option<u32>,
    /// Moments to come back to.
    pub bookmarks: Vec<u32>,
    /// What lies under the time bar.
    pub bottom: Bottom,
    /// Whether all settings are shown.
    pub settings: bool,
    /// What events are listed.
    pub filter: Filter,
    /// Which packets pass.
    pub packets: Typed,
    /// What jumps go to.
    pub jump: Jump,
}

/// What lies under the time bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bottom {
    /// Three plots.
    #[default]
    Plots,
    /// The list of events.
    Events,
    /// Every copied byte by its cause.
    Ledger,
    /// Runs with the same beginning.
    Branches,
}

impl Bottom {
    /// All, in the order of the tabs.
    pub const ALL: [Self; 4] = [Self::Plots, Self::Events, Self::Ledger, Self::Branches];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plots => "Plots",
            Self::Events => "Events",
            Self::Ledger => "Byte ledger",
            Self::Branches => "Branches",
        }
    }
}

/// Which events are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Those of the selected packet.
    Selected,
    /// Copies.
    Copies,
    /// Calls to allocators.
    Allocations,
    /// Drops, faults and retransmissions.
    Trouble,
    /// Bookmarked moments.
    Bookmarks,
}

impl Filter {
    /// All, in the order of the menu.
    pub const ALL: [Self; 6] =
        [Self::All, Self::Selected, Self::Copies, Self::Allocations, Self::Trouble, Self::Bookmarks];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all events",
            Self::Selected => "of the selected packet",
            Self::Copies => "copies",
            Self::Allocations => "allocations",
            Self::Trouble => "drops, faults, retransmissions",
            Self::Bookmarks => "bookmarks",
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            capture: None,
            spec: Spec::default(),
            shown: Spec::default(),
            history: History::default(),
            branches: Branches::new(Spec::default()),
            run: 0,
            loading: None,
            digest: None,
            link: Link::default(),
            resumed: false,
            verdict: None,
            opened: false,
            fresh: true,
            notice: None,
            status: Status { playing: false, caption: None, still: None },
            unit: Unit::Event,
            tab: 0,
            plots: [0, 1, 2],
            by_time: false,
            range: None,
            dragging: false,
            selected: None,
            line: None,
            line_hash: None,
            place: None,
            inspect: Inspect::default(),
            mark: None,
            bookmarks: Vec::new(),
            bottom: Bottom::default(),
            settings: false,
            filter: Filter::default(),
            packets: Typed::default(),
            jump: Jump::Copy,
        }
    }
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The address has this fragment now.
    Address(String),
    /// The moment of the last visit is to be shown, kept as a link's fragment.
    Resume(String),
    /// Something to tell.
    Inform(String),
    /// A newer build of the page is there.
    Newer,
    /// A worker was started.
    EngineStarted,
    /// The worker is to be started again and to show this moment, as a link's fragment.
    Restart(String),
    /// There is no worker (any more), for this reason.
    EngineBroken(String),
    /// A file is being read.
    Reading(String),
    /// The file's bytes are on their way to the worker.
    Read,
    /// The file was no capture, but one that was saved here.
    Opened,
    /// The file could not be read, and what to say about it.
    Unreadable(String),
    /// Back to the demo capture.
    Demo,
    /// Another configuration.
    Configure(Config),
    /// Another scheme in a lane: 0 the left one, 1 the right one.
    Compare(usize, Scheme),
    /// Something is changed at a moment: a branch begins there.
    Change(Change, u32),
    /// To a branch, by its number.
    Branch(u32),
    /// A branch whose curves are to be drawn beside the current one's, or none.
    Beside(Option<u32>),
    /// A value that is none, and what to say about it.
    Rejected(String),
    /// Back to the configuration before.
    Undo,
    /// Forward again.
    Redo,
    /// The worker has read the capture.
    Loaded(CaptureInfo),
    /// The worker could not do what was asked.
    Refused(String),
    /// A run has begun.
    Started(Spec),
    /// The run is over.
    Done([LaneResult; 2]),
    /// The worker has answered a question, with what came beside it.
    Answered(u32, Answer, Vec<u32>),
    /// Selects a packet, or none.
    Select(Option<u32>),
    /// Selects a line of memory by its number, or none.
    SelectLine(Option<u32>),
    /// Selects a slot or a socket, beside the packet that may be in it, or none.
    Place(Option<Place>),
    /// The sheet of lines is closed.
    CloseLines,
    /// The lines are no longer compared with the marked moment.
    StopComparing,
    /// Marks a moment to compare with, or none.
    MarkMoment(Option<u32>),
    /// Keeps a moment to come back to, or no longer.
    Bookmark(u32),
    /// What lies under the time bar.
    Bottom(Bottom),
    /// Shows all settings, or the usual ones.
    Settings(bool),
    /// Which events are listed.
    Filter(Filter),
    /// The packet filter's field has this text; and whether no more is typed for now.
    FilterPackets(String, bool),
    /// What jumps go to.
    JumpTo(Jump),
    /// A link to the moment was made, and whether it is on the clipboard.
    Shared(Link, bool),
    /// The player came to another state.
    Status(Status),
    /// What steps go by.
    Unit(Unit),
    /// Which plot is shown where only one fits.
    Tab(usize),
    /// Another plot in a slot.
    Plot(usize, usize),
    /// Plots go by time, or by event again.
    TurnAxis,
    /// A range of positions to mark in the plots, or none.
    Range(Option<(u32, u32)>),
    /// Files are dragged over the page, or no longer.
    Dragging(bool),
    /// The notice is read.
    Dismiss,
}

/// What an action asks of the world around the state.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Run something.
    Run(Spec),
    /// Fetch the demo capture.
    FetchDemo,
    /// Show a moment.
    Moment(u32),
    /// Show the beginning: the demo's tour, or the run from its start.
    Open,
    /// Show the moment again that was shown before the run.
    Restore,
    /// Show a packet as selected, and ask the worker about it.
    Select(Option<u32>),
    /// Show a line as selected.
    SelectLine(Option<u32>),
    /// Select the line whose bytes have this hash.
    FindLine(u32),
    /// Carry out commands, by their names.
    Do(Vec<&'static str>),
    /// Show a slot or a socket as selected.
    Place(Option<Place>),
    /// Show a moment as marked.
    MarkMoment(Option<u32>),
    /// Draw a branch's curves beside the current one's, or none.
    Beside(Option<u32>),
    /// A question was answered.
    Answered(Asked),
    /// The tour ends.
    EndTour,
    /// Show these plots.
    Plots([usize; SLOTS]),
    /// Show plots by time, or by event.
    Axis(bool),
    /// Mark a range in the plots.
    Range(Option<(u32, u32)>),
    /// Let packets pass this filter.
    FilterPackets(PacketFilter),
    /// Something drawn has changed.
    Repaint,
    /// Mark what is on screen as belonging to a finished run, or not.
    Mark(bool),
}

impl State {
    /// Whether the capture is the demo; also before there is one.
    pub fn demo(&self) -> bool {
        self.capture.as_ref().is_none_or(|capture| capture.sha256 == DEMO_SHA256)
    }

    /// The link to a moment of the run on screen.
    pub fn link_at(&self, position: u32) -> Link {
        let replays = self.shown.config.workload == Workload::Capture;
        let file = self.capture.as_ref().filter(|_| replays && !self.demo());
        Link {
            spec: self.shown.clone(),
            at: Some(position),
            packet: self.selected,
            line: self.line_hash,
            mark: self.mark,
            filter: self.packets.filter.clone(),
            capture: file.map(|capture| capture.sha256.clone()),
            name: file.map(|capture| capture.name.clone()),
            model: Some(MODEL_VERSION),
            commands: Vec::new(),
            digest: self.digest.clone(),
        }
    }

    /// What an exported file of the run on screen says about itself.
    pub fn about(&self, position: u32) -> About {
        let Config { line_size, retention, seed, workload, threads, .. } = self.shown.config;
        let what = match (workload, &self.capture) {
            (Workload::Capture, Some(capture)) => format!("{}, buffers: {}", capture.name, retention.name()),
            _ => format!("{}, {threads} threads", workload.name()),
        };
        let changes: String = self.shown.changes.iter().map(|change| format!(", {change}")).collect();
        let caption = format!("{what}, {line_size} B lines, seed {seed}{changes}, model {MODEL_VERSION}");
        About { caption, link: self.link_at(position).fragment() }
    }

    /// Takes an action in.
    pub fn apply(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Address(fragment) => self.address(&fragment),
            Action::Resume(fragment) => {
                self.resume(&fragment);
                Vec::new()
            }
            Action::Newer => {
                self.notice = Some(Notice::Newer);
                Vec::new()
            }
            Action::Inform(text) => {
                self.notice = Some(Notice::Info(text));
                Vec::new()
            }
            Action::EngineStarted if self.spec.config.workload != Workload::Capture => self.run_again(),
            Action::EngineStarted => self.fetch_demo(),
            Action::Demo => {
                self.spec.config.workload = Workload::Capture;
                self.fetch_demo()
            }
            Action::Restart(moment) => {
                self.resume(&moment);
                self.opened = false;
                self.notice = None;
                self.loading = None;
                vec![Effect::Mark(false)]
            }
            Action::EngineBroken(reason) => {
                self.notice = Some(Notice::Broken(reason));
                Vec::new()
            }
            Action::Reading(name) => {
                self.loading = Some(name);
                self.dragging = false;
                self.notice = None;
                self.verdict = None;
                vec![Effect::EndTour]
            }
            Action::Read => {
                self.run += 1;
                Vec::new()
            }
            Action::Opened => {
                self.loading = None;
                Vec::new()
            }
            Action::Unreadable(message) => {
                self.loading = None;
                self.notice = Some(Notice::Problem(message));
                Vec::new()
            }
            Action::Configure(config) => {
                let traffic = (config.workload, config.threads) != self.traffic();
                // Changes speak of packets and moments of the traffic that was there.
                let changes = if traffic { Vec::new() } else { self.spec.changes.clone() };
                self.fresh |= traffic;
                self.turn(Spec { config, changes, ..self.spec.clone() })
            }
            Action::Compare(lane, scheme) => {
                let mut spec = self.spec.clone();
                if let Some(shown) = spec.schemes.get_mut(lane) {
                    *shown = scheme;
                }
                self.turn(spec)
            }
            Action::Change(..) if self.spec.changes.len() >= MOST_CHANGES => {
                let text =
                    format!("A run takes up to {MOST_CHANGES} changes: go back to an earlier branch first.");
                self.notice = Some(Notice::Problem(text));
                Vec::new()
            }
            Action::Change(change, at) => {
                self.history.push(self.spec.clone());
                let spec = self.branches.grow(change, at);
                self.bottom = Bottom::Branches;
                let mut effects = self.go_to(spec);
                effects.push(Effect::Beside(self.branches.compared));
                effects
            }
            Action::Branch(id) => match self.branches.get(id).map(|branch| branch.spec.clone()) {
                Some(spec) => self.turn(spec),
                None => Vec::new(),
            },
            Action::Beside(id) => {
                self.branches.compared = id.filter(|id| *id != self.branches.current);
                vec![Effect::Beside(self.branches.compared)]
            }
            Action::Undo => match self.history.back(self.spec.clone()) {
                Some(spec) => self.go_to(spec),
                None => Vec::new(),
            },
            Action::Redo => match self.history.forward(self.spec.clone()) {
                Some(spec) => self.go_to(spec),
                None => Vec::new(),
            },
            Action::Rejected(message) => {
                self.notice = Some(Notice::Problem(message));
                vec![Effect::EndTour]
            }
            Action::Loaded(info) => {
                self.loading = None;
                self.notice = info.warning.clone().map(Notice::Info).or(self.notice.take());
                self.capture = Some(info);
                self.fresh = true;
                if self.opened {
                    // What was changed on the way was of other traffic.
                    self.spec.changes.clear();
                }
                self.spec.config.workload = Workload::Capture;
                self.run_again()
            }
            Action::Refused(message) => {
                self.loading = None;
                self.notice = Some(Notice::Problem(message));
                // What was there stays, with its own settings.
                self.spec = self.shown.clone();
                self.history.forget(&self.shown);
                self.branches.go_to(&self.shown);
                vec![Effect::Mark(true)]
            }
            Action::Started(spec) => {
                self.branches.go_to(&spec);
                self.shown = spec;
                self.digest = None;
                self.selected = None;
                self.line = None;
                self.line_hash = None;
                self.place = None;
                self.range = None;
                self.inspect.clear();
                if self.fresh {
                    self.mark = None;
                    self.bookmarks.clear();
                }
                self.fresh = false;
                Vec::new()
            }
            Action::Done(results) => self.done(&results),
            Action::Answered(ask, answer, words) => {
                self.inspect.take(ask, answer, &words).map(Effect::Answered).into_iter().collect()
            }
            Action::Select(packet) => {
                self.selected = packet;
                self.place = None;
                self.inspect.clear();
                vec![Effect::Select(packet)]
            }
            Action::SelectLine(line) => {
                self.line = line;
                vec![Effect::EndTour, Effect::SelectLine(line)]
            }
            Action::Place(place) => {
                self.place = place;
                vec![Effect::EndTour, Effect::Place(place)]
            }
            Action::CloseLines => {
                self.inspect.close_lines();
                // What the sheet told of the line, the inspector tells now.
                vec![Effect::SelectLine(self.line)]
            }
            Action::StopComparing => {
                self.inspect.stop_comparing();
                Vec::new()
            }
            Action::MarkMoment(mark) => {
                self.mark = mark;
                self.inspect.stop_comparing();
                vec![Effect::EndTour, Effect::MarkMoment(mark)]
            }
            Action::Bookmark(position) => {
                match self.bookmarks.binary_search(&position) {
                    Ok(index) => _ = self.bookmarks.remove(index),
                    Err(index) => self.bookmarks.insert(index, position),
                }
                vec![Effect::Repaint]
            }
            Action::Bottom(bottom) => {
                self.bottom = bottom;
                vec![Effect::Repaint]
            }
            Action::Settings(shown) => {
                self.settings = shown;
                Vec::new()
            }
            Action::JumpTo(jump) => {
                self.jump = jump;
                Vec::new()
            }
            Action::Filter(filter) => {
                self.filter = filter;
                self.bottom = Bottom::Events;
                vec![Effect::Repaint]
            }
            Action::FilterPackets(text, left) => {
                if self.packets.wrong {
                    self.notice = None;
                }
                let before = self.packets.filter.clone();
                if let Err(error) = self.packets.take(text, left) {
                    self.notice = Some(Notice::Problem(error.to_string()));
                }
                if self.packets.filter == before {
                    return Vec::new();
                }
                vec![Effect::EndTour, Effect::FilterPackets(self.packets.filter.clone())]
            }
            Action::Shared(link, copied) => {
                let file = if self.demo() {
                    ""
                } else {
                    " The capture itself stays here: whoever opens the link is asked for it."
                };
                self.link = link;
                let place = if copied {
                    "in the address bar and on the clipboard."
                } else {
                    "in the address bar: copy it from there, as this browser lets the page write nothing to the clipboard."
                };
                self.notice = Some(Notice::Info(format!("The link to this moment is {place}{file}")));
                Vec::new()
            }
            Action::Status(status) => {
                self.status = status;
                Vec::new()
            }
            Action::Unit(unit) => {
                self.unit = unit;
                Vec::new()
            }
            Action::Tab(tab) => {
                self.tab = tab;
                vec![Effect::Repaint]
            }
            Action::Plot(slot, plot) => {
                if let Some(shown) = self.plots.get_mut(slot) {
                    *shown = plot.min(PLOTS.len() - 1);
                }
                vec![Effect::Plots(self.plots)]
            }
            Action::TurnAxis => {
                self.by_time = !self.by_time;
                vec![Effect::Axis(self.by_time)]
            }
            Action::Range(range) => {
                self.range = range.map(|(a, b)| (a.min(b), a.max(b)));
                vec![Effect::EndTour, Effect::Range(self.range)]
            }
            Action::Dragging(dragging) => {
                self.dragging = dragging;
                Vec::new()
            }
            Action::Dismiss => {
                self.notice = None;
                Vec::new()
            }
        }
    }

    fn fetch_demo(&mut self) -> Vec<Effect> {
        self.loading = Some(DEMO_NAME.to_owned());
        vec![Effect::EndTour, Effect::FetchDemo]
    }

    /// What runs, by what decides of which packets a run consists.
    fn traffic(&self) -> (Workload, u32) {
        (self.spec.config.workload, self.spec.config.threads)
    }

    /// To another run, as a step that can be undone.
    fn turn(&mut self, spec: Spec) -> Vec<Effect> {
        self.history.push(self.spec.clone());
        self.go_to(spec)
    }

    fn go_to(&mut self, spec: Spec) -> Vec<Effect> {
        self.branches.go_to(&spec);
        self.spec = spec;
        self.verdict = None;
        self.notice = None;
        let mut effects = vec![Effect::EndTour];
        if self.spec.config.workload == Workload::Capture && self.capture.is_none() && self.loading.is_none()
        {
            effects.extend(self.fetch_demo());
        }
        effects.extend(self.run_again());
        effects
    }

    fn run_again(&mut self) -> Vec<Effect> {
        if self.spec.config.workload == Workload::Capture && self.capture.is_none() {
            return Vec::new();
        }
        self.run += 1;
        vec![Effect::Mark(false), Effect::Run(self.spec.clone())]
    }

    fn done(&mut self, results: &[LaneResult; 2]) -> Vec<Effect> {
        let digest = short_digest(&results[0].digest, &results[1].digest);
        self.branches.finished(&digest);
        self.digest = Some(digest);
        let opens = !self.opened;
        let mut effects = if opens { self.open() } else { vec![Effect::Restore] };
        if opens && self.opened && !self.link.commands.is_empty() {
            effects.push(Effect::Do(std::mem::take(&mut self.link.commands)));
        }
        effects.push(Effect::Mark(true));
        effects
    }

    /// The first picture: the link's moment, or the beginning.
    fn open(&mut self) -> Vec<Effect> {
        self.opened = true;
        let capture = self.capture.clone().unwrap_or_default();
        let wanted = self.link.capture.clone().unwrap_or_else(|| DEMO_SHA256.to_owned());
        let replays = self.shown.config.workload == Workload::Capture;
        if replays && wanted != capture.sha256 {
            // The link is about another file; it stays wanted until that is dropped.
            self.opened = false;
            let name = self.link.name.clone().unwrap_or_else(|| "a capture".to_owned());
            let (about, why) = if self.resumed {
                ("The last visit was to", "is not stored")
            } else {
                ("This link is about", "never travels in a link")
            };
            let text = format!(
                "{about} {name} (SHA-256 {}…), which {why}: drop that file here to see it. Until then this is {}.",
                &wanted[..16],
                capture.name
            );
            self.notice = Some(Notice::Info(text));
        } else if let Some(at) = self.link.at {
            self.verdict = self.digest.as_deref().and_then(|digest| self.link.verdict(digest));
            self.selected = self.link.packet;
            self.mark = self.link.mark;
            let mut effects = vec![Effect::Moment(at), Effect::Select(self.link.packet)];
            if self.mark.is_some() {
                effects.push(Effect::MarkMoment(self.mark));
            }
            effects.extend(self.link.line.map(Effect::FindLine));
            return effects;
        }
        vec![Effect::Open]
    }
}
