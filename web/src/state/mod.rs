//! What the explorer knows and how that changes: a reducer that needs no browser. What is to be done outside it is
//! returned as [`Effect`]s.

mod address;
mod history;
#[cfg(test)]
mod tests;

pub use address::Page;
pub use history::History;

use snapstack::sim::{Config, MODEL_VERSION};

use crate::engine::{CaptureInfo, LaneResult, PacketInfo};
use crate::player::{Status, Unit};
use crate::share::{Link, short_digest};

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
}

/// The explorer's state, but for what moves with every frame, which is the player's.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The capture that was read last.
    pub capture: Option<CaptureInfo>,
    /// The configuration that was asked for last.
    pub config: Config,
    /// The configuration of the run on screen.
    pub shown: Config,
    /// Configurations before and after this one.
    pub history: History<Config>,
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
    /// Whether a file is dragged over the page.
    pub dragging: bool,
    /// The selected packet.
    pub selected: Option<u32>,
    /// What the worker told about the selected packet.
    pub packet: Option<PacketInfo>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            capture: None,
            config: Config::default(),
            shown: Config::default(),
            history: History::default(),
            run: 0,
            loading: None,
            digest: None,
            link: Link::default(),
            resumed: false,
            verdict: None,
            opened: false,
            fresh: true,
            notice: None,
            status: Status { playing: false, caption: None },
            unit: Unit::Event,
            tab: 0,
            dragging: false,
            selected: None,
            packet: None,
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
    /// A worker was started.
    EngineStarted,
    /// There is no worker (any more), for this reason.
    EngineBroken(String),
    /// A file is being read.
    Reading(String),
    /// The file's bytes are on their way to the worker.
    Read,
    /// The file could not be read, and what to say about it.
    Unreadable(String),
    /// Back to the demo capture.
    Demo,
    /// Another configuration.
    Configure(Config),
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
    Started(Config),
    /// The run is over.
    Done([LaneResult; 2]),
    /// What was asked about a packet.
    Inspected(PacketInfo),
    /// Selects a packet, or none.
    Select(Option<u32>),
    /// A link to the moment was made.
    Shared(Link),
    /// The player came to another state.
    Status(Status),
    /// What steps go by.
    Unit(Unit),
    /// Which plot is shown where only one fits.
    Tab(usize),
    /// Files are dragged over the page, or no longer.
    Dragging(bool),
    /// The notice is read.
    Dismiss,
}

/// What an action asks of the world around the state.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Run the capture with a configuration.
    Run(Config),
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
    /// The tour ends.
    EndTour,
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
        let file = self.capture.as_ref().filter(|_| !self.demo());
        Link {
            config: self.shown,
            at: Some(position),
            packet: self.selected,
            capture: file.map(|capture| capture.sha256.clone()),
            name: file.map(|capture| capture.name.clone()),
            model: Some(MODEL_VERSION),
            digest: self.digest.clone(),
        }
    }

    /// Takes an action in.
    pub fn apply(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Address(fragment) => self.address(&fragment),
            Action::Resume(fragment) => {
                self.resume(&fragment);
                Vec::new()
            }
            Action::Inform(text) => {
                self.notice = Some(Notice::Info(text));
                Vec::new()
            }
            Action::EngineStarted | Action::Demo => {
                self.loading = Some(DEMO_NAME.to_owned());
                vec![Effect::EndTour, Effect::FetchDemo]
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
            Action::Unreadable(message) => {
                self.loading = None;
                self.notice = Some(Notice::Problem(message));
                Vec::new()
            }
            Action::Configure(config) => {
                self.history.push(self.config);
                self.configure(config)
            }
            Action::Undo => match self.history.back(self.config) {
                Some(config) => self.configure(config),
                None => Vec::new(),
            },
            Action::Redo => match self.history.forward(self.config) {
                Some(config) => self.configure(config),
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
                self.run_again()
            }
            Action::Refused(message) => {
                self.loading = None;
                self.notice = Some(Notice::Problem(message));
                // What was there stays, with its own settings.
                self.config = self.shown;
                self.history.forget(&self.shown);
                vec![Effect::Mark(true)]
            }
            Action::Started(config) => {
                self.shown = config;
                self.digest = None;
                self.selected = None;
                self.packet = None;
                self.fresh = false;
                Vec::new()
            }
            Action::Done(results) => self.done(&results),
            Action::Inspected(info) => {
                self.packet = Some(info);
                Vec::new()
            }
            Action::Select(packet) => {
                self.selected = packet;
                vec![Effect::Select(packet)]
            }
            Action::Shared(link) => {
                let file = if self.demo() {
                    ""
                } else {
                    " The capture itself stays here: whoever opens the link is asked for it."
                };
                self.link = link;
                self.notice = Some(Notice::Info(format!(
                    "The link to this moment is in the address bar and on the clipboard.{file}"
                )));
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

    fn configure(&mut self, config: Config) -> Vec<Effect> {
        self.config = config;
        self.verdict = None;
        self.notice = None;
        let mut effects = vec![Effect::EndTour];
        effects.extend(self.run_again());
        effects
    }

    fn run_again(&mut self) -> Vec<Effect> {
        if self.capture.is_none() {
            return Vec::new();
        }
        self.run += 1;
        vec![Effect::Mark(false), Effect::Run(self.config)]
    }

    fn done(&mut self, results: &[LaneResult; 2]) -> Vec<Effect> {
        self.digest = Some(short_digest(&results[0].digest, &results[1].digest));
        let mut effects = if self.opened { vec![Effect::Restore] } else { self.open() };
        effects.push(Effect::Mark(true));
        effects
    }

    /// The first picture: the link's moment, or the beginning.
    fn open(&mut self) -> Vec<Effect> {
        self.opened = true;
        let capture = self.capture.clone().unwrap_or_default();
        let wanted = self.link.capture.clone().unwrap_or_else(|| DEMO_SHA256.to_owned());
        if wanted != capture.sha256 {
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
            return vec![Effect::Moment(at), Effect::Select(self.link.packet)];
        }
        vec![Effect::Open]
    }
}
