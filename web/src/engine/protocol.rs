//! What page and worker say to each other: the one place where that is fixed.
//!
//! There are two kinds of worker: every one reads captures and runs them, which [`Request`] and [`Reply`] are about; the one that
//! runs everything answers questions about any moment, too, which is [`Asking`] and [`Answered`].
//!
//! Messages are plain objects made by serde, of one field that is named after the kind: to find the kind among the other
//! fields would take four times the code. Bulk data travels beside them as typed arrays that are transferred, not copied.
//! The worker greets with [`PROTOCOL`] and the page refuses any other. Everything that is asked for has a number:
//! answers to older ones are out of date.

use serde::{Deserialize, Serialize};

use crate::spec::Spec;

/// What to do about a run that needs more memory than there is.
pub const NEEDS_LESS: &str = "Fewer threads or bytes, a smaller memory or a shorter capture need less; the command line has all \
                              the memory of the machine.";

/// Version of these messages.
pub const PROTOCOL: u32 = 7;

/// From the page. A run that is asked for while a capture is read begins once that is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Read a capture; its bytes travel beside the message. What runs goes on, until something else is to be run.
    Load {
        /// Number of the request.
        run: u32,
        /// The file's name.
        name: String,
        /// Whether nothing is to be told, as another worker has told it all.
        quiet: bool,
    },
    /// Run something; what runs now is given up, unless this is refused.
    Run {
        /// Number of the request.
        run: u32,
        /// What.
        spec: Spec,
        /// Whether nothing is to be told, as another worker has told it all.
        quiet: bool,
    },
    /// What runs or is over is not wanted any more; a capture stays, also one that is being read.
    Stop,
    /// What is being read, or else what runs, is to end where it is; that is told as a refusal.
    Cancel,
    /// A sign of life is wanted.
    Ping,
}

/// From the page to a worker that answers. Every question has an answer, unless it is cancelled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asking {
    /// Tell something about a run.
    Ask {
        /// Number of the run.
        run: u32,
        /// Number of the question.
        ask: u32,
        /// The question.
        question: Question,
    },
    /// The answer to this question is not wanted any more.
    Cancel {
        /// Number of the question.
        ask: u32,
    },
}

/// What a DAG is to be shown of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DagOf {
    /// The segment of a packet that is in a ring.
    Packet(u32),
    /// A segment.
    Segment(u32),
    /// Every segment that is not empty.
    All,
}

/// A moment of a lane: the first state in which everything that is on screen has happened, told by records instead of a time.
///
/// A step of a run is carried out at once, but its records are stamped while clocks go on, software's above all; so the state
/// at a time would have steps of which nothing is on screen yet, or lack what the picture shows. What is found at a moment is
/// all that is on screen, and what else the same step has done ([`snapstack::sim::Seeker::step_after`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// How many of the lane's events are on screen.
    pub events: u32,
    /// Index of an event that is not, and whose step must not have been carried out: what it ends is looked at.
    pub before: Option<u32>,
}

/// A question about a lane, 0 the left one and 1 the right one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// The first frame of a packet, or a frame that arrived.
    Frame {
        /// The lane.
        lane: u32,
        /// The packet.
        packet: u32,
        /// Index of the lane's event with which the NIC reads it, or it arrives.
        event: u32,
    },
    /// The lines of segments.
    Dag {
        /// The lane.
        lane: u32,
        /// Of what.
        of: DagOf,
        /// The moment.
        at: Moment,
    },
    /// Why a line is alive.
    Line {
        /// The lane.
        lane: u32,
        /// The line.
        plid: u32,
        /// The moment.
        at: Moment,
    },
    /// Which lines of segments hold some bytes.
    Find {
        /// The lane.
        lane: u32,
        /// Whose lines.
        of: DagOf,
        /// The bytes, in hex.
        bytes: String,
        /// The moment.
        at: Moment,
    },
    /// How the reference count of a line changes over the whole run.
    History {
        /// The lane.
        lane: u32,
        /// The line's bytes, in hex.
        bytes: String,
        /// Which of its words are PLIDs, the first one's bit the lowest.
        tags: u16,
    },
    /// All frames of the run, as pcapng.
    Frames {
        /// The lane.
        lane: u32,
    },
}

/// What the capture is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaptureInfo {
    /// The file's name.
    pub name: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Packets read.
    pub packets: u32,
    /// The host that is shown.
    pub shown: String,
    /// Payloads that it sends.
    pub sends: u32,
    /// Payloads that arrive at it.
    pub arrivals: u32,
    /// Packets that are neither, by reason in plain words.
    pub skipped: Vec<(String, u32)>,
    /// What was wrong with the end of the file, if anything.
    pub warning: Option<String>,
}

/// Totals of one scheme, once a run is over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LaneResult {
    /// Frames that the shown host put on the wire, and its peer.
    pub frames: [u32; 2],
    /// The run's digest.
    pub digest: String,
}

/// Why a line is alive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LineInfo {
    /// The line.
    pub plid: u32,
    /// Its bytes, in hex.
    pub bytes: String,
    /// Which of its words are PLIDs, the first one's bit the lowest: none of a data line.
    pub tags: u16,
    /// Its reference count.
    pub references: u32,
    /// Who refers to it, in words.
    pub referrers: Vec<String>,
    /// The ways to it from what holds segments, in words, holder first.
    pub ways: Vec<String>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A frame.
    Frame {
        /// The packet.
        packet: u32,
        /// Header fields: layer, field, value.
        headers: Vec<(String, String, String)>,
        /// The frame's bytes, in hex, without FCS.
        bytes: String,
        /// First byte of the payload.
        payload: u32,
    },
    /// Lines of segments; beside it the model's words.
    Dag {
        /// What each segment is, in words.
        labels: Vec<String>,
    },
    /// Why a line is alive.
    Line(LineInfo),
    /// The lines that hold what was looked for.
    Found {
        /// The lines.
        plids: Vec<u32>,
        /// Whether there may be more.
        more: bool,
    },
    /// Beside it times (low and high words) and counts, three words each.
    History,
    /// Beside it the file's bytes, four a word, and how many there are in all in the message.
    Frames {
        /// Bytes of the file.
        bytes: u32,
    },
    /// It takes long, and so much of it is done; the answer comes later.
    Progress {
        /// What is done, in words.
        what: String,
        /// Of a hundred.
        percent: u32,
    },
    /// There is nothing to tell, and why.
    Nothing {
        /// In words.
        why: String,
    },
}

/// From the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The worker is there.
    Hello {
        /// [`PROTOCOL`] of the worker.
        protocol: u32,
        /// Version of the model it runs.
        model: u32,
    },
    /// The sign of life that was wanted.
    Pong,
    /// A capture was read.
    Loaded {
        /// Number of the request.
        run: u32,
        /// What it is.
        info: CaptureInfo,
    },
    /// So much of a capture has been read.
    Progress {
        /// Number of the request.
        run: u32,
        /// Of a hundred.
        percent: u32,
    },
    /// A request could not be met; what was there stays.
    Refused {
        /// Number of the request.
        run: u32,
        /// Why, and what is accepted.
        message: String,
    },
    /// A run begins. Beside it, of a capture: the captured packet's number of each payload.
    Started {
        /// Number of the request.
        run: u32,
        /// What is run.
        spec: Spec,
        /// A label for each thread.
        threads: Vec<String>,
    },
    /// Events of one lane. Beside it: their words; lines of new contents (content, count, numbers); hashes of new lines; ports
    /// of packets (number, source + 65,536 * destination).
    Events {
        /// Number of the request.
        run: u32,
        /// 0 left, 1 right.
        lane: u32,
    },
    /// The run is over.
    Done {
        /// Number of the request.
        run: u32,
        /// Results, left first.
        results: [LaneResult; 2],
        /// Time that the simulation took, in milliseconds.
        milliseconds: f64,
    },
    /// The worker has come to an end that it did not expect.
    Ended {
        /// Bytes of its memory, if it could get no more.
        memory: Option<f64>,
        /// What happened, for who wants to find out why.
        detail: String,
    },
}

/// What was asked, from a worker that answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Number of the run.
    pub run: u32,
    /// Number of the question.
    pub ask: u32,
    /// The answer.
    pub answer: Answer,
}

impl Reply {
    /// Number of the request that is answered; None for what answers none.
    pub fn run(&self) -> Option<u32> {
        match self {
            Self::Hello { .. } | Self::Pong | Self::Ended { .. } => None,
            Self::Loaded { run, .. }
            | Self::Progress { run, .. }
            | Self::Refused { run, .. }
            | Self::Started { run, .. }
            | Self::Events { run, .. }
            | Self::Done { run, .. } => Some(*run),
        }
    }
}

/// Key of the plain object in a message that is a [`Request`] or a [`Reply`].
pub(super) const BODY: &str = "body";
/// Key of the plain object in a message that is an [`Asking`] or an [`Answered`].
pub(super) const ASKED: &str = "asked";
/// Key of the array of typed arrays in a message.
pub(super) const ARRAYS: &str = "arrays";
