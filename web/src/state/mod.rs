//! What the explorer knows and how that changes: a reducer that needs no browser. What is to be done outside it is
//! returned as [`Effect`]s.

mod address;
mod branch;
mod history;
mod inspect;
mod runs;
mod step;
#[cfg(test)]
mod tests;
mod view;

pub use address::Page;
pub use branch::{Branch, Branches};
pub use history::History;
pub use inspect::{Asked, DagInfo, FrameInfo, Inspect, When};
pub use step::{File, Step};
pub use view::View;

use std::rc::Rc;

use snapstack::buffers::Scheme;
use snapstack::sim::{Change, Config, MODEL_VERSION, MOST_CHANGES, Workload};

use crate::engine::{Answer, CaptureInfo, LaneResult};
use crate::filter::{PacketFilter, Typed};
use crate::player::{SLOTS, Status, Unit};
use crate::plots::{About, PLOTS};
use crate::share::Link;
use crate::spec::Spec;
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
    /// An answer about the moment at the cursor: it goes when that changes.
    Here(String),
}

/// What has become of the report of why the worker is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// It is on the clipboard.
    Copied,
    /// There is no clipboard: this is its text.
    Here(String),
}

/// The explorer's state, but for what moves with every frame, which is the player's.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The capture that the worker has.
    pub capture: Option<CaptureInfo>,
    /// The run that was asked for last.
    pub spec: Spec,
    /// The capture that runs of a capture are to be of.
    pub file: File,
    /// The run on screen.
    pub shown: Spec,
    /// What all was set for that, and the history then; None before the first run.
    settled: Option<(Rc<Step>, History<Rc<Step>>)>,
    /// Steps before and after this one.
    pub history: History<Rc<Step>>,
    /// The step that is gone back to: what was selected in it is to be so again. And whether its moments are, too, as they
    /// are not found from those on screen.
    returns: Option<(Rc<Step>, bool)>,
    /// Runs with the same beginning.
    pub branches: Branches,
    /// How many trees of those there have been.
    trees: u32,
    /// Number of the last request.
    pub run: u32,
    /// Number of the request for a run that has not begun yet.
    awaited: Option<u32>,
    /// Number of the request whose run is on screen: questions are about that.
    pub on_screen: Option<u32>,
    /// Number of the request for the file that the worker reads.
    reading: Option<u32>,
    /// Name of the file that is being read.
    pub loading: Option<String>,
    /// Whether that is fetched for the run that is wanted, and not opened by the user.
    pub fetched: bool,
    /// Those of its changes that never happened.
    pub idle: Vec<Change>,
    /// Digest of the finished run on screen, as links carry it.
    pub digest: Option<String>,
    /// The link whose moment is shown once its run is there.
    pub link: Link,
    /// A link that waits for its capture.
    pub pending: Option<Link>,
    /// Whether that link is what was kept of the last visit.
    pub resumed: bool,
    /// Whether the link's result was reproduced.
    pub verdict: Option<String>,
    /// Whether the first picture has been shown.
    pub opened: bool,
    /// Where the cursor is.
    pub here: u32,
    /// What there is to tell.
    pub notice: Option<Notice>,
    /// Why the worker is gone, until it is started again.
    pub broken: Option<String>,
    /// What has become of a report of that.
    pub report: Option<Report>,
    /// Whether a newer build of the page is there.
    pub newer: bool,
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
    /// How much of the file that is being read has been, of a hundred.
    pub percent: u32,
    /// Whether the run on screen came to a halt on its way.
    pub halted: bool,
    /// Whether the page is embedded in another, and so only looks.
    pub embedded: bool,
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

    /// Its name in links.
    pub fn key(self) -> &'static str {
        match self {
            Self::Plots => "plots",
            Self::Events => "events",
            Self::Ledger => "ledger",
            Self::Branches => "branches",
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

impl State {
    /// The state of a page that is opened, perhaps embedded in another.
    pub fn new(embedded: bool) -> Self {
        Self { embedded, ..Self::default() }
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            capture: None,
            spec: Spec::default(),
            file: File::default(),
            shown: Spec::default(),
            settled: None,
            history: History::default(),
            returns: None,
            branches: Branches::new(Spec::default(), 0),
            trees: 0,
            run: 0,
            awaited: None,
            on_screen: None,
            reading: None,
            loading: None,
            fetched: false,
            idle: Vec::new(),
            digest: None,
            link: Link::default(),
            pending: None,
            resumed: false,
            verdict: None,
            opened: false,
            here: 0,
            notice: None,
            broken: None,
            report: None,
            newer: false,
            status: Status { playing: false, caption: None, still: None },
            unit: Unit::Event,
            tab: 0,
            plots: View::default().plots,
            by_time: false,
            range: None,
            dragging: false,
            selected: None,
            line: None,
            line_hash: None,
            place: None,
            percent: 0,
            halted: false,
            embedded: false,
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
    /// The moment of the last visit is to be shown, kept as a link's fragment; with what was kept beside it.
    Resume(String, String),
    /// Something to tell.
    Inform(String),
    /// Something to tell about the moment at the cursor.
    Answer(String),
    /// A newer build of the page is there.
    Newer,
    /// A worker was started.
    EngineStarted,
    /// The worker is to be started again.
    Restart,
    /// There is no worker (any more), for this reason.
    EngineBroken(String),
    /// A report of that was asked for.
    Reported(Report),
    /// The part of the program that runs workloads and answers questions could not be fetched.
    Missing,
    /// A file is being read.
    Reading(String),
    /// So much of it has been, of a hundred.
    Progress(u32),
    /// The file's bytes are on their way to the worker.
    Read,
    /// The file was no capture, but one that was saved here.
    Opened,
    /// The file could not be read.
    Unreadable,
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
    /// Back to the configuration or the packet filter before.
    Undo,
    /// Forward again.
    Redo,
    /// The worker has read the capture.
    Loaded(CaptureInfo),
    /// The worker could not do what was asked as the request of this number, and why.
    Refused(u32, String),
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
    /// The marked moment and the bookmarks of the run before are these moments of the one on screen.
    Carried(Option<u32>, Vec<u32>),
    /// What a link selects is selected, as far as the run has it, which ends at this position.
    LinkShown(u32),
    /// A link to the moment was made, and whether it is on the clipboard.
    Shared(bool),
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
    /// Fetch a capture: the demo, or one that was open before.
    Fetch(File),
    /// The address's link is not what is shown any more.
    LeaveLink,
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
    /// Tell once what a link selects is selected.
    LinkShown,
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
    /// Play so many events a second.
    Speed(f64),
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
    /// Whether views tell of the moment at the cursor: the inspector's counts, and what is listed under the time bar.
    pub fn tells_moment(&self) -> bool {
        self.bottom != Bottom::Plots || self.selected.is_some() || self.line.is_some() || self.place.is_some()
    }

    /// Whether the capture is the demo; also before there is one.
    pub fn demo(&self) -> bool {
        self.file.is_demo()
    }

    /// Whether something is to come from the engine: an answer, a capture that it reads, or events.
    pub fn waits(&self) -> bool {
        let runs = self.on_screen.is_some() && self.digest.is_none() && !self.halted;
        runs || self.awaited.is_some() || self.reading.is_some() || self.inspect.waits(|_| true)
    }

    /// What takes long at the moment, in words, and how much of it is done, of a hundred, if that is known.
    pub fn work(&self) -> Option<(String, Option<u32>)> {
        if self.broken.is_some() {
            None
        } else if let Some(name) = &self.loading {
            Some((format!("Reading {name}"), Some(self.percent)))
        } else if self.on_screen.is_some() && self.digest.is_none() && !self.halted {
            Some(("Running".to_owned(), None))
        } else {
            self.inspect.work()
        }
    }

    /// The link to a moment of the run on screen.
    pub fn link_at(&self, position: u32) -> Link {
        if !self.opened {
            return Link { spec: self.spec.clone(), view: self.view(), ..self.link.clone() };
        }
        let file = self.own_file();
        Link {
            capture: file.map(|file| file.sha256.clone()),
            name: file.map(|file| file.name.clone()),
            model: Some(MODEL_VERSION),
            digest: self.digest.clone(),
            ..self.link_of(&self.shown, position)
        }
    }

    /// What an exported file of the run on screen says about itself.
    pub fn about(&self, position: u32) -> About {
        let Config { line_size, retention, seed, workload, threads, .. } = self.shown.config;
        let what = match self.shown_file() {
            Some(file) => format!("{}, buffers: {}", file.name, retention.name()),
            None => format!("{}, {threads} threads", workload.name()),
        };
        let changes: String = self.shown.changes.iter().map(|change| format!(", {change}")).collect();
        let caption = format!("{what}, {line_size} B lines, seed {seed}{changes}, model {MODEL_VERSION}");
        About { caption, link: self.link_at(position).fragment() }
    }

    /// Takes an action in.
    pub fn apply(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Address(fragment) => self.address(&fragment),
            Action::Resume(fragment, kept) => self.resume(&fragment, &kept),
            Action::Newer => {
                self.newer = true;
                Vec::new()
            }
            Action::Inform(text) => {
                self.notice = Some(Notice::Info(text));
                Vec::new()
            }
            Action::Answer(text) => {
                self.notice = Some(Notice::Here(text));
                Vec::new()
            }
            Action::EngineStarted => self.start(),
            Action::Demo => {
                let config = Config { workload: Workload::Capture, ..self.spec.config };
                self.configure(config, File::default())
            }
            Action::Restart => self.restart(),
            Action::EngineBroken(reason) => {
                self.inspect.give_up();
                self.broken = Some(reason);
                self.report = None;
                Vec::new()
            }
            Action::Reported(report) => {
                self.report = Some(report);
                Vec::new()
            }
            Action::Missing => {
                self.inspect.give_up();
                if self.awaited.is_some() && self.settled.is_none() {
                    // Nothing is on screen yet: what was to be seen is waited for.
                    let text = "A part of the program could not be fetched. Is there a connection?";
                    return self.apply(Action::EngineBroken(text.to_owned()));
                }
                let text =
                    "A part of the program could not be loaded. Is there a connection? Then try again.";
                if let Some(run) = self.awaited.or(self.reading) {
                    return self.refused(run, text.to_owned());
                }
                self.notice = Some(Notice::Problem(text.to_owned()));
                Vec::new()
            }
            Action::Progress(percent) => {
                self.percent = percent;
                Vec::new()
            }
            Action::Reading(name) => {
                self.loading = Some(name);
                self.percent = 0;
                self.fetched = false;
                self.dragging = false;
                self.notice = None;
                vec![Effect::EndTour]
            }
            Action::Read => {
                self.run += 1;
                self.reading = Some(self.run);
                Vec::new()
            }
            Action::Opened => {
                self.loading = None;
                self.go_on()
            }
            Action::Unreadable => self.unreadable(),
            Action::Configure(config) => self.configure(config, self.file.clone()),
            Action::Compare(lane, scheme) => {
                let mut spec = self.spec.clone();
                if let Some(shown) = spec.schemes.get_mut(lane) {
                    *shown = scheme;
                }
                self.turn(spec, self.file.clone())
            }
            Action::Change(..) if self.spec.changes.len() >= MOST_CHANGES => {
                let text =
                    format!("A run takes up to {MOST_CHANGES} changes: go back to an earlier branch first.");
                self.notice = Some(Notice::Problem(text));
                Vec::new()
            }
            Action::Change(change, at) => {
                self.history.push(self.step());
                self.keep_selected(&self.spec.config.clone(), &self.file.clone());
                let (spec, dropped) = self.branches.grow(change, at);
                self.bottom = Bottom::Branches;
                let mut effects = self.go(spec, self.file.clone());
                effects.push(Effect::Beside(self.branches.compared));
                self.notice = dropped.map(|branch| {
                    let kept = self.branches.len();
                    Notice::Info(format!(
                        "Branch {branch} had to go, as {kept} are kept: Undo brings it back, in place of the new one."
                    ))
                });
                effects
            }
            Action::Branch(id) => match self.branches.get(id).map(|branch| branch.spec.clone()) {
                Some(spec) => self.turn(spec, self.file.clone()),
                None => Vec::new(),
            },
            Action::Beside(id) => {
                self.branches.compared = id.filter(|id| *id != self.branches.current);
                vec![Effect::Beside(self.branches.compared)]
            }
            Action::Undo => self.step_back(false),
            Action::Redo => self.step_back(true),
            Action::Rejected(message) => {
                self.notice = Some(Notice::Problem(message));
                vec![Effect::EndTour]
            }
            Action::Loaded(info) => self.loaded(info),
            Action::Refused(run, message) => self.refused(run, message),
            Action::Started(spec) => self.started(spec),
            Action::Done(results) => self.done(&results),
            Action::Carried(mark, bookmarks) => self.carry(mark, &bookmarks),
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
                if left && let Some(other) = self.packets.settle() {
                    self.filtered(other);
                }
                if self.packets.filter == before {
                    return Vec::new();
                }
                vec![Effect::EndTour, Effect::FilterPackets(self.packets.filter.clone())]
            }
            Action::LinkShown(end) => self.tell_missing(end),
            Action::Shared(copied) => {
                let file = match self.own_file() {
                    Some(_) => " The capture itself stays here: whoever opens the link is asked for it.",
                    None => "",
                };
                let place = if copied {
                    "in the address bar and on the clipboard."
                } else {
                    "in the address bar: copy it from there, as this browser lets the page write nothing to the clipboard."
                };
                self.notice = Some(Notice::Info(format!("The link to this moment is {place}{file}")));
                Vec::new()
            }
            // The player was told to go somewhere, or goes by itself.
            Action::Status(status) => {
                self.notice.take_if(|notice| matches!(notice, Notice::Here(_)));
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
                self.newer &= self.notice.take().is_some();
                Vec::new()
            }
        }
    }
}
