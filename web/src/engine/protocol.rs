//! What page and worker say to each other: the one place where that is fixed.
//!
//! Messages are plain objects made by serde, of one field that is named after the kind: to find the kind among the other
//! fields would take four times the code. Bulk data travels beside them as typed arrays that are transferred, not
//! copied. The worker greets with [`PROTOCOL`] and the page refuses any other.

use serde::{Deserialize, Serialize};
use snapstack::sim::Config;

/// Version of these messages.
pub const PROTOCOL: u32 = 2;

/// From the page. `run` numbers what is asked for: answers to older numbers are out of date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Read a capture; its bytes travel beside the message.
    Load {
        /// Number of the request.
        run: u32,
        /// The file's name.
        name: String,
    },
    /// Run the capture that was read last.
    Run {
        /// Number of the request.
        run: u32,
        /// The configuration.
        config: Config,
    },
    /// Tell about a packet of the current run.
    Inspect {
        /// Number of the request.
        run: u32,
        /// The packet.
        packet: u32,
        /// Its send.
        send: u32,
        /// First payload byte of the send that it carries.
        offset: u32,
        /// Payload bytes.
        len: u32,
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
    /// Calls of `send()`.
    pub sends: u32,
    /// Packets that are not sent, by reason in plain words.
    pub skipped: Vec<(String, u32)>,
    /// What was wrong with the end of the file, if anything.
    pub warning: Option<String>,
}

/// Totals of one scheme, once a run is over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LaneResult {
    /// Frames on the wire.
    pub frames: u32,
    /// The run's digest.
    pub digest: String,
}

/// A packet, for the inspector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PacketInfo {
    /// The packet.
    pub packet: u32,
    /// Header fields: layer, field, value.
    pub headers: Vec<(String, String, String)>,
    /// The payload's lines: content number and bytes in hex.
    pub lines: Vec<(u32, String)>,
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
    /// A capture was read.
    Loaded {
        /// Number of the request.
        run: u32,
        /// What it is.
        info: CaptureInfo,
    },
    /// A request could not be met; what was there stays.
    Refused {
        /// Number of the request.
        run: u32,
        /// Why, and what is accepted.
        message: String,
    },
    /// A run begins. Beside it: sends (4 words each: flow, frame, bytes, lines), contents of lines, glyphs.
    Started {
        /// Number of the request.
        run: u32,
        /// The configuration.
        config: Config,
        /// A label for each flow.
        flows: Vec<String>,
    },
    /// Events of one lane. Beside it: their words.
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
    /// What was asked about a packet.
    Inspected {
        /// Number of the request.
        run: u32,
        /// The packet.
        info: PacketInfo,
    },
}

impl Reply {
    /// Number of the request that is answered; None for what answers none.
    pub fn run(&self) -> Option<u32> {
        match self {
            Self::Hello { .. } => None,
            Self::Loaded { run, .. }
            | Self::Refused { run, .. }
            | Self::Started { run, .. }
            | Self::Events { run, .. }
            | Self::Done { run, .. }
            | Self::Inspected { run, .. } => Some(*run),
        }
    }
}

/// Key of the plain object in a message.
pub(super) const BODY: &str = "body";
/// Key of the array of typed arrays in a message.
pub(super) const ARRAYS: &str = "arrays";
