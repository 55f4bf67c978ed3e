//! The lab's document: a line size and a list of steps.

use std::sync::Arc;

use super::LabError;

/// Longest segment of the lab, in bytes: what still can be drawn.
pub const MAX_BYTES: u64 = 16 * 1024;
/// Most steps of a document.
pub const MAX_STEPS: usize = 200;

/// A segment's name: segments are numbered as they come, and a number is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(pub u32);

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "S{}", self.0)
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new segment with these bytes.
    Create(Arc<[u8]>),
    /// A new segment that is a snapshot of one.
    Snapshot(Name),
    /// Bytes are written into a segment from an offset on.
    Overwrite(Name, u64, Arc<[u8]>),
    /// Bytes are written behind a segment's end.
    Append(Name, Arc<[u8]>),
    /// A segment is cut, or extended by zeros, to a length.
    Truncate(Name, u64),
    /// A segment gets other content: what typing into it does.
    Assign(Name, Arc<[u8]>),
    /// A segment is released.
    Release(Name),
}

/// A line size and steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Bytes a line.
    pub line_size: u32,
    /// What was done, in order.
    pub steps: Vec<Step>,
}

impl Default for Document {
    fn default() -> Self {
        Self { line_size: 16, steps: Vec::new() }
    }
}

impl Document {
    /// The document with one more step; true if that step only goes on with the last one, as typing does.
    ///
    /// # Errors
    /// [`LabError::TooManySteps`].
    pub(super) fn with(&self, step: Step) -> Result<(Self, bool), LabError> {
        let mut document = self.clone();
        let goes_on = match (&step, document.steps.last()) {
            (Step::Assign(name, _), Some(Step::Assign(last, _))) => name == last,
            _ => false,
        };
        if goes_on {
            document.steps.pop();
        }
        if document.steps.len() >= MAX_STEPS {
            return Err(LabError::TooManySteps);
        }
        document.steps.push(step);
        Ok((document, goes_on))
    }
}

/// Lines of 16 bytes each, so that the figure's D1 to D4 can be read in the drawing.
const D: [&[u8; 16]; 4] =
    [b"D1 hello, world!", b"D2 shared lines.", b"D3 stay in place", b"D4 new content.."];

fn lines(of: &[usize]) -> Arc<[u8]> {
    of.iter().flat_map(|i| D[i - 1].iter().copied()).collect()
}

/// The paper's Figure 1: S1 grows to D1 D2 D1 D3, S2 is its snapshot, S1 is overwritten, and a third segment finds lines of
/// both, on both levels.
pub fn figure_1() -> [Step; 5] {
    [
        Step::Create(lines(&[1, 2])),
        Step::Append(Name(1), lines(&[1, 3])),
        Step::Snapshot(Name(1)),
        Step::Overwrite(Name(1), 16, lines(&[4])),
        Step::Create(lines(&[1, 2, 1, 3, 4])),
    ]
}
