//! What the recorder remembers of payloads and packets, so that its records can say whose bytes they are.

use std::collections::VecDeque;

use crate::sim::event::{Event, Kind, Stage};

/// What a packet or payload carries: bytes of a send, or of a frame that arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Index of the application's write, or of a frame the thread; [`Event::NONE`] where there is none.
    pub(super) send: u32,
    /// First byte.
    pub(super) offset: u32,
    /// Bytes.
    pub(super) len: u32,
}

impl Load {
    pub(super) const NONE: Self = Self { send: Event::NONE, offset: 0, len: 0 };

    pub(super) fn stage(self, stage: Stage) -> Kind {
        Kind::Stage { stage, send: self.send, offset: self.offset, len: self.len }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct PayloadNote {
    pub(super) load: Load,
    /// The frame that it arrived in; [`Event::NONE`] for a send's.
    pub(super) frame: u32,
    /// Bytes that were posted to the NIC, from the first.
    pub(super) sent: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct TxNote {
    pub(super) subject: u32,
    pub(super) load: Load,
    /// When the NIC was told of it.
    pub(super) announced: Option<u64>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct TxNotes {
    pub(super) posted: VecDeque<TxNote>,
    /// Of those, the ones that the NIC has read.
    pub(super) read: usize,
    /// Of those, the ones that have left the NIC.
    pub(super) completed: usize,
    /// Of those, the ones that the last interrupt was about.
    pub(super) reported: usize,
}
