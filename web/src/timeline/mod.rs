//! A run as the page knows it: the events of both lanes merged on the clock of packet stages, and what can be asked of
//! any position in them. Everything drawn comes from here.
//!
//! A *position* is a number of merged events that have happened, `0..=len`. What happens in both lanes alike (a packet
//! enters a stage, a thread runs) is one merged event; what else happens in a stage follows it, left lane first. Once the
//! lanes differ, because one of them has dropped something, what happens in one of them only stands by itself.

mod columns;
mod contents;
mod identity;
mod merge;
mod panel;
mod passing;
mod place_text;
mod places;
mod query;
mod series;
mod track;

pub use columns::{COLUMNS, columns};
pub use contents::{Content, Contents};
pub use identity::Identity;
pub use panel::{Held, Panel};
pub use passing::Passing;
pub use places::{Place, Ring, Slot, Slots, Socket, Use};
pub use query::Jump;
pub use series::Series;
pub use track::{Call, NEVER, Track, Write};

use std::cell::Cell;
use std::rc::Rc;

use snapstack::sim::{EVENT_WORDS, Event};

/// The lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The scheme to compare with.
    Left,
    /// The other one: snapshots, unless told otherwise.
    Right,
}

impl Side {
    /// Both, left first.
    pub const BOTH: [Self; 2] = [Self::Left, Self::Right];
}

/// Counters of one lane.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneSeries {
    /// Bytes copied.
    pub copied: Series,
    /// Calls to allocators.
    pub allocations: Series,
    /// Dedup ratio, held.
    pub held: Series,
    /// Dedup ratio, cumulative.
    pub cumulative: Series,
    /// Segment map entries written.
    pub map_entries: Series,
    /// Bytes held, bookkeeping included.
    pub footprint: Series,
    /// Requests on the bus.
    pub bus: Series,
    /// Accesses to HICAMP memory.
    pub accesses: Series,
}

impl LaneSeries {
    fn new() -> Self {
        let zero = || Series::new(0.0);
        Self {
            copied: zero(),
            allocations: zero(),
            held: Series::new(1.0),
            cumulative: Series::new(1.0),
            map_entries: zero(),
            footprint: zero(),
            bus: zero(),
            accesses: zero(),
        }
    }
}

/// Where something happened that one may want to jump to.
#[derive(Clone, Debug, Default, PartialEq)]
struct Marks {
    drops: Vec<u32>,
    faults: Vec<u32>,
    resent: Vec<u32>,
}

/// One lane.
struct Lane {
    words: Vec<u32>,
    merged: usize,
    tracks: Vec<Track>,
    /// Packets and frames in the order in which they came to be: position and number.
    starts: Vec<(u32, u32)>,
    /// Packets whose frames are on the wire, in order: position and number.
    departures: Vec<(u32, u32)>,
    /// The packet of each frame on the wire, in the order of the link: the NIC may cut a packet into several.
    frames: Vec<u32>,
    /// Frames that the link has lost, by their number there, of which it is not known yet whose they are.
    lost: Vec<u32>,
    /// Frames that arrived, in order.
    arrivals: Vec<(u32, u32)>,
    calls: Vec<Call>,
    writes: Vec<Write>,
    contents: Contents,
    marks: Marks,
    /// TX and RX, by queue.
    rings: Vec<[places::RingLog; 2]>,
    /// Source and destination port, by packet; none of what has no ports.
    ports: Vec<[u16; 2]>,
    /// The thread that runs.
    thread: u32,
    /// Position and bytes of a write whose content is about to be told.
    written: Option<(u32, u32)>,
    /// Data lines looked up, new ones, and whether the zero line was among them.
    lookups: (f64, f64, bool),
}

impl Lane {
    fn new(queues: u32) -> Self {
        Self {
            words: Vec::new(),
            merged: 0,
            tracks: Vec::new(),
            starts: Vec::new(),
            departures: Vec::new(),
            frames: Vec::new(),
            lost: Vec::new(),
            arrivals: Vec::new(),
            calls: Vec::new(),
            writes: Vec::new(),
            contents: Contents::default(),
            marks: Marks::default(),
            rings: vec![Default::default(); queues as usize],
            ports: Vec::new(),
            thread: Event::NONE,
            written: None,
            lookups: (0.0, 0.0, false),
        }
    }

    fn record(&self, index: usize) -> Option<&[u32; EVENT_WORDS]> {
        self.words.get(index * EVENT_WORDS..(index + 1) * EVENT_WORDS)?.try_into().ok()
    }

    fn event(&self, index: usize) -> Option<Event> {
        Event::decode(self.record(index)?)
    }

    fn len(&self) -> usize {
        self.words.len() / EVENT_WORDS
    }
}

/// A merged run.
pub struct Timeline {
    /// Bytes a line.
    pub line_size: u32,
    /// Pairs of rings.
    pub queues: u32,
    /// Slots of each ring.
    pub slots: u32,
    /// A label for each thread.
    pub threads: Vec<String>,
    /// A hash of each different line, by its number, for its colour and glyph.
    pub glyphs: Vec<u32>,
    /// The column of each thread.
    pub columns: Vec<u8>,
    /// Counters by side; the page keeps them beyond the run.
    pub series: Rc<[LaneSeries; 2]>,
    /// Simulated time over positions, in nanoseconds. It never goes back: what one lane does between two shared events counts
    /// from when the other was last seen.
    pub clock: Rc<Series>,
    /// Captured packets' numbers of the sends of a capture, by write.
    pub captured: Vec<u32>,
    lanes: [Lane; 2],
    /// Top bits: right lane, both lanes; low bits: index in that lane. What both lanes do stands once, as the left lane's.
    merged: Vec<u32>,
    complete: bool,
    stopped: bool,
    /// Merged events when columns were chosen last.
    chosen: usize,
    /// The queue that works most in a stretch, as it was last asked for: from, events that there were, queue.
    busiest: Cell<Option<(u32, u32, u32)>>,
}

const RIGHT: u32 = 1 << 31;
const BOTH: u32 = 1 << 30;
const INDEX: u32 = BOTH - 1;

impl Timeline {
    /// A run without events, of lines of so many bytes, and of so many queues with rings of so many slots.
    pub fn new(
        line_size: u32,
        (queues, slots): (u32, u32),
        threads: Vec<String>,
        captured: Vec<u32>,
    ) -> Self {
        let queues = queues.max(1);
        Self {
            line_size,
            queues,
            slots: slots.max(1),
            columns: vec![0; threads.len()],
            threads,
            glyphs: Vec::new(),
            series: Rc::new([LaneSeries::new(), LaneSeries::new()]),
            clock: Rc::new(Series::new(0.0)),
            captured,
            lanes: [Lane::new(queues), Lane::new(queues)],
            merged: Vec::new(),
            complete: false,
            stopped: false,
            chosen: 0,
            busiest: Cell::new(None),
        }
    }

    /// Merged events so far.
    pub fn len(&self) -> u32 {
        self.merged.len() as u32
    }

    /// Whether there is no event yet.
    pub fn is_empty(&self) -> bool {
        self.merged.is_empty()
    }

    /// Whether events are still to come.
    pub fn goes_on(&self) -> bool {
        !self.complete && !self.stopped
    }

    /// Events that both lanes have recorded, each by itself.
    pub fn recorded(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.len() as u64).sum()
    }

    /// The run is not over, but no more of it will come.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether all events are in.
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

#[cfg(test)]
pub(crate) mod tests;
