//! Answers that take the whole run once more, looked at on the way.

use snapstack::sim::{Lane, Setup};

use super::answer::{Clock, Progress};
use super::catch::Catcher;
use super::running::Finished;
use crate::engine::protocol::Answer;

/// Steps between two looks at the clock.
const STEPS: u32 = 64;

/// What is looked for.
pub(super) enum What {
    /// The reference count of a line, as it changes.
    History {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Which of its words are PLIDs.
        tags: u16,
    },
    /// All frames.
    Frames,
}

/// The run once more.
pub(super) struct Again {
    lane: Lane<Catcher>,
    /// Events of the whole run.
    all: u64,
    what: What,
    /// The count that was seen last.
    last: Option<u32>,
    /// The answer's words so far.
    words: Vec<u32>,
}

impl Again {
    /// The same run from its beginning; None of a lane that is not there.
    pub(super) fn new(finished: &mut Finished, lane: u32, what: What) -> Option<Self> {
        let Finished { setup, .. } = &*finished;
        let setup: Setup = setup.clone();
        let seeker = finished.seeker(lane)?;
        let tap = match what {
            What::History { .. } => Catcher::default(),
            What::Frames => Catcher::to_file("snapstack"),
        };
        let all = seeker.reached();
        let lane = Lane::new(seeker.lane().scheme(), &setup, tap).ok()?;
        Some(Self { lane, all, what, last: None, words: Vec::new() })
    }

    /// Works on until time is up, or the answer is there.
    pub(super) fn work(&mut self, clock: Clock<'_>) -> Progress {
        while self.steps() {
            if clock() {
                let what = match self.what {
                    What::History { .. } => "Counting references over the run",
                    What::Frames => "Making a pcapng file of all frames",
                };
                return Progress::so_far(what, self.lane.events(), self.all);
            }
        }
        match self.what {
            What::History { .. } => Progress::Over(Answer::History, Some(std::mem::take(&mut self.words))),
            What::Frames => {
                let mut file = self.lane.tap().file();
                let bytes = file.len() as u32;
                file.resize(file.len().next_multiple_of(4), 0);
                let words = file.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
                Progress::Over(Answer::Frames { bytes }, Some(words.collect()))
            }
        }
    }

    /// Some steps; false when the run is over.
    fn steps(&mut self) -> bool {
        let goes_on = match &self.what {
            What::Frames => self.lane.step_many(STEPS),
            What::History { bytes, tags } => (0..STEPS).all(|_| {
                let goes_on = self.lane.step();
                let count = self.lane.snapshot().and_then(|snapshot| {
                    let memory = snapshot.memory();
                    memory.references(memory.find_line(bytes, *tags)?)
                });
                let count = count.unwrap_or(0);
                if self.last != Some(count) {
                    let time = self.lane.now();
                    self.words.extend([time as u32, (time >> 32) as u32, count]);
                    self.last = Some(count);
                }
                goes_on
            }),
        };
        self.lane.discard_events();
        goes_on
    }
}
