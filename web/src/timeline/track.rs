//! What the timeline knows of packets, calls and the application's writes: positions at which they came to be somewhere.

use snapstack::sim::{Event, Stage};

/// A position that has not come (yet).
pub const NEVER: u32 = u32::MAX;

/// A packet's way down, or a frame's way up, in one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Track {
    /// It arrived; else it was sent.
    pub up: bool,
    /// The thread whose connection it belongs to; [`Event::NONE`] while that is not known.
    pub thread: u32,
    /// The write whose bytes it carries, of a packet with payload.
    pub write: u32,
    /// First payload byte: of the write, or of the content that arrived.
    pub offset: u32,
    /// Payload bytes; of a frame on its way up those of the frame until its payload is known.
    pub len: u32,
    /// Position from which on it is in each stage: `Stage::DOWN` from 1 on, or `Stage::UP`.
    pub stages: [u32; 9],
    /// The content that a frame became in memory.
    pub content: u32,
    /// Bytes that it carries again.
    pub resent: u32,
    /// Where it was dropped.
    pub dropped: u32,
    /// Where the link lost its frame, or one of them.
    pub lost: u32,
    /// Mixed hashes of its frames on the wire; 0 before.
    pub frames: u64,
    /// The queue of the rings that it goes through, from 0 on; [`Event::NONE`] before it is in one.
    pub queue: u32,
}

impl Track {
    /// Whether it arrived and is in memory: what has no lines there has no payload.
    pub fn is_kept(&self) -> bool {
        self.up && self.content != NEVER
    }

    pub(super) fn new(up: bool) -> Self {
        Self {
            up,
            thread: Event::NONE,
            write: Event::NONE,
            offset: 0,
            len: 0,
            stages: [NEVER; 9],
            content: NEVER,
            resent: 0,
            dropped: NEVER,
            lost: NEVER,
            frames: 0,
            queue: Event::NONE,
        }
    }

    /// Where a stage's position is kept.
    pub fn slot(stage: Stage) -> usize {
        match stage {
            Stage::WireIn
            | Stage::DmaIn
            | Stage::DriverIn
            | Stage::IpIn
            | Stage::TransportIn
            | Stage::SocketIn
            | Stage::Recv => stage as usize - Stage::WireIn as usize,
            down => down as usize,
        }
    }

    /// The position from which on it is in a stage.
    pub fn at(&self, stage: Stage) -> u32 {
        self.stages[Self::slot(stage)]
    }

    /// The stage it is in at a position.
    pub fn stage(&self, position: u32) -> Option<Stage> {
        let stages: &[Stage] = if self.up { &Stage::UP } else { &Stage::DOWN };
        stages.iter().rev().find(|stage| self.at(**stage) <= position).copied()
    }

    /// Position at which it came to be.
    pub fn start(&self) -> u32 {
        self.at(if self.up { Stage::WireIn } else { Stage::Socket })
    }

    /// Position from which on it is no longer under way.
    pub fn end(&self) -> u32 {
        if self.dropped != NEVER {
            return self.dropped.saturating_add(1);
        }
        if !self.up {
            return self.at(Stage::Completion);
        }
        if self.at(Stage::SocketIn) != NEVER {
            return self.at(Stage::Recv);
        }
        // Without payload for anybody it ends where a layer has read it last.
        let last = self.stages.iter().filter(|at| **at != NEVER).max();
        last.map_or(NEVER, |last| last.saturating_add(1))
    }

    /// Whether it carries payload of an application.
    pub fn has_payload(&self) -> bool {
        if self.up { self.at(Stage::SocketIn) != NEVER } else { self.len > 0 }
    }
}

/// A call of `send()`, as it was recorded in one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Position.
    pub at: u32,
    /// The thread.
    pub thread: u32,
    /// The write.
    pub write: u32,
    /// First byte of the write that it takes.
    pub offset: u32,
    /// Bytes.
    pub len: u32,
}

/// The application filling a buffer, in one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// Position from which on the bytes are there.
    pub at: u32,
    /// The thread.
    pub thread: u32,
    /// The content that it made.
    pub content: u32,
    /// Bytes.
    pub len: u32,
}

impl Write {
    pub(super) const NONE: Self = Self { at: NEVER, thread: Event::NONE, content: NEVER, len: 0 };
}
