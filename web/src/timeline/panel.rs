//! What the memory of each lane holds at a position: every live content, and how often each different line is among them.
//! Moving costs as much as there is between the old position and the new one.

use super::{Side, Timeline};

/// One lane's memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held {
    applied: usize,
    /// By number.
    alive: Vec<u32>,
    lines: u64,
    counts: Vec<u32>,
    distinct: u32,
}

impl Held {
    fn seek(&mut self, timeline: &Timeline, side: Side, position: u32) {
        let contents = timeline.contents(side);
        self.counts.resize(timeline.glyphs.len(), 0);
        let target = contents.steps.partition_point(|step| step.0 <= position);
        while self.applied < target {
            let (_, content, came) = contents.steps[self.applied];
            self.applied += 1;
            self.step(contents.lines(content), content, came);
        }
        while self.applied > target {
            self.applied -= 1;
            let (_, content, came) = contents.steps[self.applied];
            self.step(contents.lines(content), content, !came);
        }
    }

    fn step(&mut self, lines: &[u32], content: u32, add: bool) {
        if add {
            if let Err(at) = self.alive.binary_search(&content) {
                self.alive.insert(at, content);
            }
            self.lines += lines.len() as u64;
        } else {
            if let Ok(at) = self.alive.binary_search(&content) {
                self.alive.remove(at);
            }
            self.lines -= lines.len() as u64;
        }
        for line in lines {
            let Some(count) = self.counts.get_mut(*line as usize) else { continue };
            if add {
                self.distinct += u32::from(*count == 0);
                *count += 1;
            } else {
                *count -= 1;
                self.distinct -= u32::from(*count == 0);
            }
        }
    }

    /// The contents that some buffer holds, by creation.
    pub fn alive(&self) -> impl Iterator<Item = u32> + '_ {
        self.alive.iter().copied()
    }

    /// Lines of those, each content by itself.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// How often each line is among them, by its number.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Different lines among them.
    pub fn distinct(&self) -> u32 {
        self.distinct
    }
}

/// The memory panels' state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    lanes: [Held; 2],
    marked: Option<(u32, [Held; 2])>,
}

impl Panel {
    /// Moves to a position, forward or back.
    pub fn seek(&mut self, timeline: &Timeline, position: u32) {
        for side in Side::BOTH {
            self.lanes[side as usize].seek(timeline, side, position);
        }
    }

    /// Marks another moment, to compare with, or none.
    pub fn mark(&mut self, timeline: &Timeline, position: Option<u32>) {
        if self.marked.as_ref().map(|(at, _)| *at) == position {
            return;
        }
        self.marked = position.map(|position| {
            let mut lanes = self.lanes.clone();
            for side in Side::BOTH {
                lanes[side as usize].seek(timeline, side, position);
            }
            (position, lanes)
        });
    }

    /// What a lane holds.
    pub fn held(&self, side: Side) -> &Held {
        &self.lanes[side as usize]
    }

    /// What a lane held at the marked moment.
    pub fn marked(&self, side: Side) -> Option<&Held> {
        self.marked.as_ref().map(|(_, lanes)| &lanes[side as usize])
    }
}
