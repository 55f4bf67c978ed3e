//! What memory holds at a position: on the left every live payload by itself, on the right each different line once with
//! its count. Moving costs as much as there is between the old position and the new one.

use std::collections::BTreeSet;

use super::{Side, Timeline};

/// The memory panels' state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    applied: [usize; 2],
    alive: BTreeSet<u32>,
    left_lines: u64,
    counts: Vec<u32>,
    distinct: u32,
}

impl Panel {
    /// Moves to a position, forward or back.
    pub fn seek(&mut self, timeline: &Timeline, position: u32) {
        self.counts.resize(timeline.traffic.glyphs.len(), 0);
        for side in Side::BOTH {
            let steps = &timeline.payloads[side as usize];
            let target = steps.partition_point(|step| step.0 <= position);
            while self.applied[side as usize] < target {
                let (_, send, came) = steps[self.applied[side as usize]];
                self.applied[side as usize] += 1;
                self.step(timeline, side, send, came);
            }
            while self.applied[side as usize] > target {
                self.applied[side as usize] -= 1;
                let (_, send, came) = steps[self.applied[side as usize]];
                self.step(timeline, side, send, !came);
            }
        }
    }

    fn step(&mut self, timeline: &Timeline, side: Side, send: u32, add: bool) {
        match side {
            Side::Left => {
                let lines = u64::from(timeline.traffic.sends[send as usize].lines);
                if add {
                    self.alive.insert(send);
                    self.left_lines += lines;
                } else {
                    self.alive.remove(&send);
                    self.left_lines -= lines;
                }
            }
            Side::Right => {
                for content in timeline.traffic.contents(send) {
                    let count = &mut self.counts[*content as usize];
                    if add {
                        self.distinct += u32::from(*count == 0);
                        *count += 1;
                    } else {
                        *count -= 1;
                        self.distinct -= u32::from(*count == 0);
                    }
                }
            }
        }
    }

    /// Sends whose payload the conventional memory holds in an application's buffer, in order.
    pub fn alive(&self) -> impl Iterator<Item = u32> + '_ {
        self.alive.iter().copied()
    }

    /// Lines of those.
    pub fn left_lines(&self) -> u64 {
        self.left_lines
    }

    /// How often each content is held.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Different lines held.
    pub fn distinct(&self) -> u32 {
        self.distinct
    }
}
