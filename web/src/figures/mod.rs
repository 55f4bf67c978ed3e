//! The paper's figures as scenes in steps. Every scene is a script that the real core runs; what is drawn is the core's
//! state after each step, taken by its inspection interface, and nothing else.
//!
//! ```text
//! script (lines, packet, transmit, receive) -> Step { caption, State } -> layout -> Drawing -> SVG
//! ```

mod address;
mod draw;
mod lines;
mod notes;
mod packet;
mod receive;
mod sender;
mod state;
mod transmit;
mod words;

pub use address::{Move, Place, Show};
pub use draw::{Drawing, Mark, Part, drawing};
pub use notes::{Note, notes};
pub use state::{Counts, Line, Owner, Pointers, Ring, Segment, State};
pub use words::words;

use snapstack::buffers::BufferError;
use snapstack::memory::MemoryError;

/// Lines that the figures' memories are sized for: so few that PLIDs stay short.
const LINES: u64 = 480;

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Lines, segments and the segment map.
    Lines,
    /// Creating a packet for transmission.
    Packet,
    /// Zero-copy packet transmission.
    Transmit,
    /// Packet receipt, of which the paper draws no figure.
    Receive,
}

impl Figure {
    /// All, in the order of the paper.
    pub const ALL: [Self; 4] = [Self::Lines, Self::Packet, Self::Transmit, Self::Receive];

    /// The part of the address that names it.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Lines => "1",
            Self::Packet => "3",
            Self::Transmit => "4",
            Self::Receive => "receive",
        }
    }

    /// The name on its tab.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lines => "Figure 1",
            Self::Packet => "Figure 3",
            Self::Transmit => "Figure 4",
            Self::Receive => "Receive",
        }
    }

    /// What it shows.
    pub fn title(self) -> &'static str {
        match self {
            Self::Lines => "Memory lines, segments and the segment map",
            Self::Packet => "Creating a packet for transmission",
            Self::Transmit => "Zero-copy packet transmission",
            Self::Receive => "Packet receipt",
        }
    }

    /// The section of the paper that it belongs to.
    pub fn section(self) -> &'static str {
        match self {
            Self::Lines => "2.2",
            Self::Packet => "3.1",
            Self::Transmit => "3.2",
            Self::Receive => "3.3",
        }
    }

    /// Runs it on a new memory.
    ///
    /// # Errors
    /// [`FigureError`], which no figure as written here meets: their tests run every step.
    pub fn run(self) -> Result<Vec<Step>, FigureError> {
        match self {
            Self::Lines => lines::run(),
            Self::Packet => packet::run(),
            Self::Transmit => transmit::run(),
            Self::Receive => receive::run(),
        }
    }

    /// Number of steps.
    pub fn steps(self) -> usize {
        self.run().map_or(0, |steps| steps.len())
    }
}

/// One step of a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The part of the figure: `3a`, or the figure itself.
    pub part: &'static str,
    /// Its name, in few words.
    pub title: &'static str,
    /// What happens, in a sentence.
    pub caption: String,
    /// What the paper calls the segments, by ID.
    pub names: Vec<(u32, &'static str)>,
    /// What the core holds after it.
    pub state: State,
}

impl Step {
    /// What the paper calls a segment.
    pub fn name(&self, id: u32) -> &'static str {
        self.names.iter().find(|(named, _)| *named == id).map_or("ring slot", |(_, name)| name)
    }
}

/// The core refused a step of a figure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FigureError {
    /// The memory did.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The buffers did.
    #[error(transparent)]
    Buffers(#[from] BufferError),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same values stand in the tests that run in a browser.
    #[test]
    fn lines_get_the_same_names_on_every_target() {
        let roots = |figure: Figure| {
            let state = figure.run().unwrap().pop().unwrap().state;
            let named = state.segments.into_iter().filter(|segment| segment.length > 0);
            named.map(|segment| (segment.id, segment.root)).collect::<Vec<_>>()
        };
        assert_eq!(roots(Figure::Lines), [(1, 145)]);
        assert_eq!(roots(Figure::Packet), [(29, 49), (1059, 373), (9000, 410)]);
    }

    #[test]
    fn captions_are_one_sentence() {
        for figure in Figure::ALL {
            for step in figure.run().unwrap() {
                let sentences = step.caption.matches(". ").count();
                assert!(sentences == 0 && step.caption.ends_with('.'), "{}", step.caption);
                assert!(step.caption.chars().count() <= 160, "{}", step.caption);
            }
        }
    }
}
