//! The commands themselves.

use crate::components::TimeEvent;
use crate::engine::DagOf;
use crate::plots::Format;
use crate::session::Wanted;
use crate::state::{Action, Bottom, Filter, Page};
use crate::timeline::{Jump, Ring, Side};

/// Where a command holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// On every page.
    Everywhere,
    /// On one.
    Only(Page),
}

/// What commands are listed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Between pages, and about the page.
    General,
    /// Time.
    Time,
    /// Configuration and traffic.
    Configuration,
    /// The memory lab.
    Memory,
    /// The paper's figures.
    Figures,
}

impl Group {
    /// All, in the order of the help sheet.
    pub const ALL: [Self; 5] = [Self::General, Self::Time, Self::Configuration, Self::Memory, Self::Figures];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Time => "Time",
            Self::Configuration => "Configuration",
            Self::Memory => "Memory",
            Self::Figures => "Figures",
        }
    }
}

/// What a command does.
#[derive(Clone, Copy, Debug)]
pub enum Intent {
    /// Something of the time bar.
    Time(TimeEvent),
    /// Something of the state.
    Act(fn() -> Action),
    /// Something of the annex, by the command's id.
    Annex(&'static str),
    /// To a page.
    Go(Page),
    /// Makes a link to the moment.
    Share,
    /// Saves a lane as it is drawn, or copies its picture.
    SaveLane(Side, Format),
    /// Asks the worker something.
    Ask(fn() -> Wanted),
    /// Keeps the cursor's moment to come back to, or no longer.
    Bookmark,
    /// Marks the cursor's moment to compare with, or none.
    MarkMoment,
    /// A change of the rings at the cursor: so many slots.
    Rings(u32),
    /// The thread of the selected packet, or the first, overwrites its buffer at the cursor.
    Overwrite,
    /// Selects the slot of a ring that holds the selected packet, or the one with which something happens next.
    Slot(Ring),
    /// Selects a slot of the next queue's ring.
    NextQueue,
    /// Selects the socket of the selected packet's thread, or of the one that called last.
    Socket,
    /// To what can be changed about the selected packet.
    WhatIf,
    /// Puts the command line of this run on the clipboard.
    CommandLine,
    /// Puts how to cite this on the clipboard.
    Cite,
    /// Shows lanes and time bar only, or everything again.
    Present,
    /// Opens the gallery.
    Gallery,
    /// The marked range begins at the cursor.
    RangeFrom,
    /// The marked range ends at the cursor.
    RangeTo,
    /// Light or dark.
    Theme,
    /// Shows the opening again.
    Opening,
    /// Closes what lies on top: a sheet, the inspector, a selection.
    Close,
    /// To the field of the packet filter.
    PacketFilter,
    /// Opens the palette.
    Palette,
    /// Opens the help sheet.
    Help,
    /// Forgets what is stored in this browser.
    Forget,
    /// Starts the worker again.
    Restart,
    /// What is being read, run or made is not wanted any more.
    Cancel,
}

impl Intent {
    /// Whether it changes nothing but the moment that is shown: all that an embedded page does.
    pub fn only_looks(&self) -> bool {
        matches!(self, Self::Time(_) | Self::Opening | Self::Close)
    }
}

impl Intent {
    /// Whether it chooses what is looked at, and how: what a link may ask for once it is open.
    pub fn shows(&self) -> bool {
        match self {
            Self::Act(action) => matches!(action(), Action::Bottom(_) | Action::TurnAxis | Action::Filter(_)),
            Self::Time(event) => !matches!(event, TimeEvent::Loop),
            Self::Ask(wanted) => matches!(wanted(), Wanted::Dag(_)),
            Self::Slot(_)
            | Self::NextQueue
            | Self::Socket
            | Self::Present
            | Self::Opening
            | Self::Help
            | Self::Gallery => true,
            _ => false,
        }
    }
}

/// One command.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Name that does not change.
    pub id: &'static str,
    /// What it does, in words.
    pub title: &'static str,
    /// Chords that start it; see [`super::chord`].
    pub keys: &'static [&'static str],
    /// What it is listed under.
    pub group: Group,
    /// Where it holds.
    pub scope: Scope,
    /// What it does.
    pub intent: Intent,
}

impl Command {
    /// Whether it holds on a page.
    pub fn holds_on(&self, page: Page) -> bool {
        self.scope == Scope::Everywhere || self.scope == Scope::Only(page)
    }
}

const fn command(
    id: &'static str,
    title: &'static str,
    keys: &'static [&'static str],
    group: Group,
    scope: Scope,
    intent: Intent,
) -> Command {
    Command { id, title, keys, group, scope, intent }
}

/// A command of the annex.
const fn annex(
    id: &'static str,
    title: &'static str,
    keys: &'static [&'static str],
    group: Group,
    scope: Scope,
) -> Command {
    command(id, title, keys, group, scope, Intent::Annex(id))
}

const EVERYWHERE: Scope = Scope::Everywhere;
const EXPLORE: Scope = Scope::Only(Page::Explore);
const MEMORY: Scope = Scope::Only(Page::Memory);
const FIGURES: Scope = Scope::Only(Page::Figures);

/// Every command there is.
pub static COMMANDS: &[Command] = &[
    command("palette", "Find a command", &["Ctrl+k"], Group::General, EVERYWHERE, Intent::Palette),
    command(
        "what-if",
        "What if: lose its frame, flip a byte of it, overwrite its buffer",
        &[],
        Group::General,
        EXPLORE,
        Intent::WhatIf,
    ),
    command("share", "Share a link to this moment", &[], Group::General, EXPLORE, Intent::Share),
    command(
        "gallery",
        "Gallery: ten runs that each make a point",
        &["g"],
        Group::General,
        EVERYWHERE,
        Intent::Gallery,
    ),
    command(
        "lines",
        "Show the lines of all segments",
        &["l"],
        Group::General,
        EXPLORE,
        Intent::Ask(|| Wanted::Dag(DagOf::All)),
    ),
    command(
        "compare-lines",
        "Compare the lines shown with those of the marked moment",
        &[],
        Group::General,
        EXPLORE,
        Intent::Ask(|| Wanted::Compare),
    ),
    command(
        "tx-slot",
        "Inspect the packet's TX slot, or the one that the NIC reads next",
        &["t"],
        Group::General,
        EXPLORE,
        Intent::Slot(Ring::Tx),
    ),
    command(
        "rx-slot",
        "Inspect the frame's RX slot, or the one that the NIC fills next",
        &["x"],
        Group::General,
        EXPLORE,
        Intent::Slot(Ring::Rx),
    ),
    command("next-queue", "Go to the next queue's rings", &["q"], Group::General, EXPLORE, Intent::NextQueue),
    command(
        "socket",
        "Inspect the socket of the packet's thread, or of the one that called last",
        &["s"],
        Group::General,
        EXPLORE,
        Intent::Socket,
    ),
    command(
        "save-frames",
        "Save all frames as pcapng",
        &[],
        Group::General,
        EXPLORE,
        Intent::Ask(|| Wanted::Frames),
    ),
    command(
        "command-line",
        "Copy as a command of snapstack",
        &[],
        Group::General,
        EXPLORE,
        Intent::CommandLine,
    ),
    command("cite", "Copy how to cite this", &[], Group::General, EVERYWHERE, Intent::Cite),
    command("present", "Present: lanes and time bar only", &["p"], Group::General, EXPLORE, Intent::Present),
    command(
        "view-plots",
        "Show plots",
        &["1"],
        Group::General,
        EXPLORE,
        Intent::Act(|| Action::Bottom(Bottom::Plots)),
    ),
    command(
        "view-events",
        "Show the list of events",
        &["2"],
        Group::General,
        EXPLORE,
        Intent::Act(|| Action::Bottom(Bottom::Events)),
    ),
    command(
        "view-ledger",
        "Show the byte ledger",
        &["3"],
        Group::General,
        EXPLORE,
        Intent::Act(|| Action::Bottom(Bottom::Ledger)),
    ),
    command(
        "view-branches",
        "Show branches",
        &["4"],
        Group::General,
        EXPLORE,
        Intent::Act(|| Action::Bottom(Bottom::Branches)),
    ),
    command(
        "packet-filter",
        "Filter packets: by thread, port, length, protocol",
        &["/"],
        Group::General,
        EXPLORE,
        Intent::PacketFilter,
    ),
    command(
        "save-left",
        "Save the left lane as SVG",
        &[],
        Group::General,
        EXPLORE,
        Intent::SaveLane(Side::Left, Format::Svg),
    ),
    command(
        "save-left-png",
        "Save the left lane as PNG",
        &[],
        Group::General,
        EXPLORE,
        Intent::SaveLane(Side::Left, Format::Png),
    ),
    command(
        "copy-left",
        "Copy the picture of the left lane",
        &[],
        Group::General,
        EXPLORE,
        Intent::SaveLane(Side::Left, Format::Copy),
    ),
    command(
        "save-right",
        "Save the right lane as SVG",
        &[],
        Group::General,
        EXPLORE,
        Intent::SaveLane(Side::Right, Format::Svg),
    ),
    command(
        "save-right-png",
        "Save the right lane as PNG",
        &[],
        Group::General,
        EXPLORE,
        Intent::SaveLane(Side::Right, Format::Png),
    ),
    command(
        "copy-right",
        "Copy the picture of the right lane",
        &[],
        Group::General,
        EXPLORE,
        Intent::SaveLane(Side::Right, Format::Copy),
    ),
    command("help", "Help: keys and words", &["?"], Group::General, EVERYWHERE, Intent::Help),
    command(
        "close",
        "Close the sheet, the inspector, the selection",
        &["Escape"],
        Group::General,
        EVERYWHERE,
        Intent::Close,
    ),
    command(
        "go-explore",
        "Go to Explore: two stacks side by side",
        &[],
        Group::General,
        EVERYWHERE,
        Intent::Go(Page::Explore),
    ),
    command(
        "go-memory",
        "Go to Memory: segments and lines by hand",
        &[],
        Group::General,
        EVERYWHERE,
        Intent::Go(Page::Memory),
    ),
    command(
        "go-figures",
        "Go to Figures: the paper's, step by step",
        &[],
        Group::General,
        EVERYWHERE,
        Intent::Go(Page::Figures),
    ),
    command("theme", "Light or dark", &[], Group::General, EVERYWHERE, Intent::Theme),
    command(
        "forget",
        "Forget what this browser stores of the explorer",
        &[],
        Group::General,
        EVERYWHERE,
        Intent::Forget,
    ),
    annex("save-lab", "Save the drawing as SVG", &[], Group::General, MEMORY),
    annex("save-lab-png", "Save the drawing as PNG", &[], Group::General, MEMORY),
    annex("copy-lab", "Copy the picture of the drawing", &[], Group::General, MEMORY),
    annex("save-figure", "Save the figure as SVG", &[], Group::General, FIGURES),
    annex("save-figure-png", "Save the figure as PNG", &[], Group::General, FIGURES),
    annex("copy-figure", "Copy the picture of the figure", &[], Group::General, FIGURES),
    command("play", "Play or pause", &["Space"], Group::Time, EXPLORE, Intent::Time(TimeEvent::Toggle)),
    command(
        "forward",
        "Step forward",
        &["ArrowRight"],
        Group::Time,
        EXPLORE,
        Intent::Time(TimeEvent::Step(true)),
    ),
    command("back", "Step back", &["ArrowLeft"], Group::Time, EXPLORE, Intent::Time(TimeEvent::Step(false))),
    command(
        "next-copy",
        "Go to the next copy",
        &["c"],
        Group::Time,
        EXPLORE,
        Intent::Time(TimeEvent::Jump(Jump::Copy, true)),
    ),
    command(
        "last-copy",
        "Go to the previous copy",
        &["v"],
        Group::Time,
        EXPLORE,
        Intent::Time(TimeEvent::Jump(Jump::Copy, false)),
    ),
    command(
        "next-drop",
        "Go to the next drop",
        &["d"],
        Group::Time,
        EXPLORE,
        Intent::Time(TimeEvent::Jump(Jump::Drop, true)),
    ),
    command(
        "next-fault",
        "Go to the next fault",
        &["f"],
        Group::Time,
        EXPLORE,
        Intent::Time(TimeEvent::Jump(Jump::Fault, true)),
    ),
    command(
        "next-resent",
        "Go to the next retransmission",
        &["r"],
        Group::Time,
        EXPLORE,
        Intent::Time(TimeEvent::Jump(Jump::Retransmission, true)),
    ),
    command("bookmark", "Bookmark this moment, or no longer", &["b"], Group::Time, EXPLORE, Intent::Bookmark),
    command(
        "next-bookmark",
        "Go to the next bookmark",
        &["."],
        Group::Time,
        EXPLORE,
        Intent::Time(TimeEvent::Jump(Jump::Bookmark, true)),
    ),
    command(
        "last-bookmark",
        "Go to the previous bookmark",
        &[","],
        Group::Time,
        EXPLORE,
        Intent::Time(TimeEvent::Jump(Jump::Bookmark, false)),
    ),
    command(
        "axis",
        "Plots by time with idle stretches folded, or by event",
        &["a"],
        Group::Time,
        EXPLORE,
        Intent::Act(|| Action::TurnAxis),
    ),
    command(
        "bookmarks",
        "List the bookmarks",
        &[],
        Group::Time,
        EXPLORE,
        Intent::Act(|| Action::Filter(Filter::Bookmarks)),
    ),
    command(
        "mark",
        "Mark this moment to compare with, or none",
        &["m"],
        Group::Time,
        EXPLORE,
        Intent::MarkMoment,
    ),
    command(
        "loop",
        "Play the marked range again and again",
        &["o"],
        Group::Time,
        EXPLORE,
        Intent::Time(TimeEvent::Loop),
    ),
    command("to-start", "Go to the start", &["Home"], Group::Time, EXPLORE, Intent::Time(TimeEvent::ToStart)),
    command(
        "to-end",
        "Go to the end",
        &["End"],
        Group::Time,
        EXPLORE,
        Intent::Time(TimeEvent::Seek(u32::MAX)),
    ),
    command(
        "range-from",
        "Mark a range in the plots from here on",
        &["["],
        Group::Time,
        EXPLORE,
        Intent::RangeFrom,
    ),
    command(
        "range-to",
        "Mark a range in the plots up to here",
        &["]"],
        Group::Time,
        EXPLORE,
        Intent::RangeTo,
    ),
    command("opening", "Show the opening again", &[], Group::Time, EXPLORE, Intent::Opening),
    command(
        "undo",
        "Undo the change of the configuration or the packet filter",
        &["Ctrl+z"],
        Group::Configuration,
        EXPLORE,
        Intent::Act(|| Action::Undo),
    ),
    command(
        "redo",
        "Redo the change of the configuration or the packet filter",
        &["Ctrl+Shift+z", "Ctrl+y"],
        Group::Configuration,
        EXPLORE,
        Intent::Act(|| Action::Redo),
    ),
    command(
        "rings-8",
        "From here on, use 8 slots of each ring",
        &[],
        Group::Configuration,
        EXPLORE,
        Intent::Rings(8),
    ),
    command(
        "rings-32",
        "From here on, use 32 slots of each ring",
        &[],
        Group::Configuration,
        EXPLORE,
        Intent::Rings(32),
    ),
    command(
        "overwrite",
        "Here, the thread overwrites the buffer that it sent from",
        &[],
        Group::Configuration,
        EXPLORE,
        Intent::Overwrite,
    ),
    command(
        "demo",
        "Load the demo capture",
        &[],
        Group::Configuration,
        EXPLORE,
        Intent::Act(|| Action::Demo),
    ),
    command("restart", "Restart the simulation", &[], Group::Configuration, EXPLORE, Intent::Restart),
    command(
        "cancel",
        "Cancel what is being read, run or made",
        &[],
        Group::Configuration,
        EXPLORE,
        Intent::Cancel,
    ),
    annex("lab-undo", "Undo the last step", &["Ctrl+z"], Group::Memory, MEMORY),
    annex("lab-redo", "Redo the step", &["Ctrl+Shift+z", "Ctrl+y"], Group::Memory, MEMORY),
    annex("lab-figure", "Start over with the paper's Figure 1", &[], Group::Memory, MEMORY),
    annex("lab-clear", "Start over with an empty memory", &[], Group::Memory, MEMORY),
    annex("figure-play", "Play or pause the figure", &["Space"], Group::Figures, FIGURES),
    annex("figure-next", "Next step", &["ArrowRight"], Group::Figures, FIGURES),
    annex("figure-back", "Previous step", &["ArrowLeft"], Group::Figures, FIGURES),
    annex("figure-first", "First step", &["Home"], Group::Figures, FIGURES),
    annex("figure-last", "Last step", &["End"], Group::Figures, FIGURES),
    annex("figure-1", "Figure 1: memory lines and segments", &["1"], Group::Figures, FIGURES),
    annex("figure-3", "Figure 3: creating a packet", &["3"], Group::Figures, FIGURES),
    annex("figure-4", "Figure 4: zero-copy transmission", &["4"], Group::Figures, FIGURES),
    annex("figure-receive", "Receive: from the ring to the user", &["r"], Group::Figures, FIGURES),
];
