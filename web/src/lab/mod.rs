//! The memory lab: segments and lines by hand, on the real memory (paper section 2.2, Figure 1). The document is a list
//! of steps; what is on screen is that list replayed, so undo is a shorter list and results never depend on the way.

mod codec;
mod draw;
mod layout;
mod picture;
mod step;
mod words;
mod world;

use std::rc::Rc;

pub use draw::scene;
pub use layout::{Direction, Layout, Placed, layout};
pub use picture::{LineView, Picture, SegmentView};
pub use step::{Document, MAX_BYTES, MAX_STEPS, Name, Step, figure_1};
pub use world::{Comparison, LineDetail};

use snapstack::memory::{MemoryError, Plid};

use self::world::World;
use crate::state::{History, Page};

/// Something that can be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Thing {
    /// A segment.
    Segment(Name),
    /// A line.
    Line(Plid),
}

/// What can be done in the lab.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// A step.
    Step(Step),
    /// The step before.
    Undo,
    /// The step after.
    Redo,
    /// Start with the paper's Figure 1.
    Figure1,
    /// Start with an empty memory.
    Clear,
    /// The same steps with lines of another size.
    LineSize(u32),
    /// Selects something, or nothing.
    Select(Option<Thing>),
    /// The segments to compare.
    Compare(Name, Name),
    /// The lab of a text, as files and links carry it.
    Open(String),
    /// The drawing was copied, or could not be.
    Copied(bool),
}

/// How an address begins that carries a lab.
pub const LINK: &str = "#/memory?lab=";

/// Why a deed was not done; what was there stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabError {
    /// The memory refused.
    #[error("The memory refused: {0}.")]
    Memory(#[from] MemoryError),
    /// A segment would grow past what the lab draws.
    #[error("A segment of {bytes} bytes is over the lab's limit of {MAX_BYTES}: paste less.")]
    TooLong {
        /// Bytes it would have.
        bytes: u64,
    },
    /// The list of steps is full.
    #[error("The lab keeps {MAX_STEPS} steps: undo some, or start over.")]
    TooManySteps,
    /// No segment of that name.
    #[error("There is no segment {0} any more.")]
    NoSegment(Name),
    /// A text that is no lab.
    #[error("The steps in that file or link cannot be read: save it again.")]
    NoLab,
    /// The browser has no clipboard for pictures.
    #[error("This browser lets the page put no picture on the clipboard: save it as PNG.")]
    NoClipboard,
}

/// What was said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// What the last step did.
    Done(String),
    /// Why it was not done.
    Problem(String),
}

/// The lab.
pub struct Lab {
    document: Document,
    history: History<Document>,
    world: World,
    picture: Rc<Picture>,
    said: Said,
    selected: Option<Thing>,
    compared: Option<(Name, Name)>,
}

impl Default for Lab {
    fn default() -> Self {
        let mut lab = Self::empty();
        lab.take(Deed::Figure1);
        lab
    }
}

impl Lab {
    fn empty() -> Self {
        Self {
            document: Document::default(),
            history: History::default(),
            world: World::default(),
            picture: Rc::default(),
            said: Said::Done(String::new()),
            selected: None,
            compared: None,
        }
    }

    /// Does something; a failure is said and changes nothing else.
    pub fn take(&mut self, deed: Deed) {
        if let Err(error) = self.attempt(deed) {
            self.said = Said::Problem(error.to_string());
        }
    }

    fn attempt(&mut self, deed: Deed) -> Result<(), LabError> {
        let present = self.document.clone();
        match deed {
            Deed::Step(step) => {
                let (document, goes_on) = present.with(step)?;
                self.show(document)?;
                // What is typed in one go is one step.
                if !goes_on {
                    self.history.push(present);
                }
                self.select_what_came();
            }
            Deed::Undo => {
                if let Some(before) = self.history.back(present) {
                    self.show(before)?;
                }
            }
            Deed::Redo => {
                if let Some(after) = self.history.forward(present) {
                    self.show(after)?;
                }
            }
            Deed::Figure1 => {
                if !present.steps.is_empty() {
                    self.history.push(present);
                }
                self.compared = Some((Name(1), Name(2)));
                self.selected = None;
                self.walk(&Document { steps: figure_1().to_vec(), ..Document::default() })?;
            }
            Deed::Clear => {
                self.show(Document { line_size: present.line_size, steps: Vec::new() })?;
                self.history.push(present);
            }
            Deed::LineSize(line_size) => {
                if line_size != present.line_size {
                    self.show(Document { line_size, ..present.clone() })?;
                    self.history.push(present);
                }
            }
            Deed::Select(thing) => self.selected = thing,
            Deed::Compare(a, b) => self.compared = Some((a, b)),
            Deed::Open(text) => {
                let document = codec::decode(&text).ok_or(LabError::NoLab)?;
                let walked = self.history.clone();
                self.history.push(present);
                if let Err(error) = self.walk(&document) {
                    self.history = walked;
                    return Err(error);
                }
            }
            Deed::Copied(true) => self.said = Said::Done("The picture is on the clipboard.".to_owned()),
            Deed::Copied(false) => return Err(LabError::NoClipboard),
        }
        Ok(())
    }

    /// Shows a document so that undo goes back through it step by step, and then to what was there before.
    fn walk(&mut self, document: &Document) -> Result<(), LabError> {
        self.show(document.clone())?;
        for done in 0..document.steps.len() {
            self.history.push(Document { steps: document.steps[..done].to_vec(), ..document.clone() });
        }
        Ok(())
    }

    /// The lab as text, to be kept for the next visit; None if there is nothing to keep: the figure as it was at first, or
    /// more than can be kept.
    pub fn keep(&self) -> Option<String> {
        let first = Document { steps: figure_1().to_vec(), ..Document::default() };
        if self.document == first { None } else { codec::encode(&self.document) }
    }

    /// The address that opens the lab as it is; that of the page where there are too many bytes for one.
    pub fn link(&self) -> String {
        let text = codec::encode(&self.document);
        text.map_or_else(|| Page::Memory.fragment().to_owned(), |text| LINK.to_owned() + &text)
    }

    /// The lab of a text from [`Lab::keep`]; None if it cannot be read or done.
    pub fn restore(text: &str) -> Option<Self> {
        let mut lab = Self::empty();
        lab.walk(&codec::decode(text)?).ok()?;
        Some(lab)
    }

    /// Replays a document and makes it the present one.
    fn show(&mut self, document: Document) -> Result<(), LabError> {
        let world = World::replay(&document)?;
        let picture = Picture::of(&world)?;
        self.said = Said::Done(words::outcome(&document, &world));
        self.document = document;
        self.world = world;
        self.picture = Rc::new(picture);
        let there = self.selected.is_some_and(|thing| match thing {
            Thing::Segment(name) => self.picture.segment(name).is_some(),
            Thing::Line(plid) => self.picture.line(plid).is_some(),
        });
        if !there {
            self.selected = None;
        }
        let compared =
            self.compared.filter(|(a, b)| [a, b].iter().all(|n| self.picture.segment(**n).is_some()));
        self.compared = compared;
        Ok(())
    }

    /// A new segment is selected, so that it can be typed into at once.
    fn select_what_came(&mut self) {
        if let Some(Step::Create { .. } | Step::Snapshot { .. }) = self.document.steps.last()
            && let Some(newest) = self.picture.segments.last()
        {
            self.selected = Some(Thing::Segment(newest.name));
        }
    }

    /// What there is to draw.
    pub fn picture(&self) -> &Rc<Picture> {
        &self.picture
    }

    /// What was said last.
    pub fn said(&self) -> &Said {
        &self.said
    }

    /// What is selected.
    pub fn selected(&self) -> Option<Thing> {
        self.selected
    }

    /// Steps so far.
    pub fn steps(&self) -> usize {
        self.document.steps.len()
    }

    /// Whether there is a step to undo, and one to redo.
    pub fn can_undo_redo(&self) -> (bool, bool) {
        (self.history.has_past(), self.history.has_future())
    }

    /// A line with all that refers to it; None if it is not held.
    pub fn line(&self, plid: Plid) -> Option<LineDetail> {
        self.world.line(plid)
    }

    /// The two segments to compare, the first ones unless others were chosen, and how they do; None if there are not two.
    pub fn comparison(&mut self) -> Option<(Name, Name, Comparison)> {
        let first = || match &self.picture.segments[..] {
            [a, b, ..] => Some((a.name, b.name)),
            _ => None,
        };
        let (a, b) = self.compared.or_else(first)?;
        Some((a, b, self.world.compare(a, b).ok()?))
    }
}

#[cfg(test)]
mod tests;
