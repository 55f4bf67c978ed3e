//! The DAGs of one or several segments as plain data: each distinct line once, with what keeps it; and the same as 32-bit
//! words, so that the worker hands over a whole forest as one typed array (DESIGN.md section 2).
//!
//! ```text
//! word 0        FORMAT
//! 1             bytes a line
//! 2, 3, 4       how many segments, lines, references
//! 5, 6          lines left out, low word first
//! then, each segment   ID; line of the root + 1, 0 without one; length, low word first; height         5 words
//! then, each line      PLID; references; hash; height | flags << 8 | references down << 16              4 words
//! then, line by line   its references by word: line referred to | word << 28                            1 word each
//! ```
//!
//! Labels of segments travel beside the words.

use thiserror::Error;

/// What the first word says: this layout.
pub const FORMAT: u32 = 0x4441_4701;
/// Most lines of a forest: a reference keeps four bits for its word.
pub const MAX_LINES: usize = 1 << 28;

const HEAD: usize = 7;
const SEGMENT: usize = 5;
const LINE: usize = 4;

/// Why a line is kept, and when: bits of [`Line::flags`].
pub mod flag {
    /// Only one of the segments keeps the line: releasing that one would free it.
    pub const EXCLUSIVE: u8 = 1;
    /// The line serves more than once: it stands in several places, or something else keeps it, too.
    pub const SHARED: u8 = 2;
    /// It was also held at another moment, which was chosen to compare with.
    pub const HELD: u8 = 4;
    /// It is dead and waits to be freed.
    pub const WAITING: u8 = 8;
    /// All of them.
    pub const ALL: u8 = 15;
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Top {
    /// What it is called.
    pub label: String,
    /// Its segment ID.
    pub segment: u32,
    /// Its root: index in [`Forest::lines`]. None if the segment holds zeros only.
    pub root: Option<u32>,
    /// Bytes.
    pub length: u64,
    /// Levels above the leaves.
    pub height: u8,
}

/// A line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its name in memory.
    pub plid: u32,
    /// Its reference count in the whole memory.
    pub references: u32,
    /// Hash of a leaf's content, for colour and glyph; 0 for an interior line.
    pub hash: u32,
    /// Levels above the leaves.
    pub height: u8,
    /// Bits of [`flag`].
    pub flags: u8,
}

/// A word of an interior line that refers to a line one level lower; both are indexes in [`Forest::lines`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The line that refers.
    pub parent: u32,
    /// Which 4-byte word of it.
    pub word: u8,
    /// The line referred to.
    pub child: u32,
}

/// Segments and all their lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forest {
    /// Bytes a line: 16, 32 or 64.
    pub line_size: u32,
    /// The segments, in the order in which they are drawn.
    pub segments: Vec<Top>,
    /// The lines, higher ones first.
    pub lines: Vec<Line>,
    /// References between them, by parent, then by word.
    pub edges: Vec<Edge>,
    /// Distinct lines that were left out because there are too many. With several segments this is an upper bound: what
    /// two of them leave out may be the same.
    pub left_out: u64,
}

/// Why a forest cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ForestError {
    /// Words are missing, or there are too many.
    #[error("the DAG came as {words} words where {needed} were announced; ask for it again")]
    Words {
        /// How many there are.
        words: usize,
        /// How many there should be.
        needed: u64,
    },
    /// The words follow another layout.
    #[error("the DAG came in layout {0:#x}, which this page does not know; load the page again")]
    Format(u32),
    /// A line size that no memory has.
    #[error("the DAG claims lines of {0} bytes; lines have 16, 32 or 64")]
    LineSize(u32),
    /// As many labels as segments are needed.
    #[error("the DAG has {segments} segments but {labels} labels")]
    Labels {
        /// Labels.
        labels: usize,
        /// Segments.
        segments: usize,
    },
    /// More lines than can be numbered.
    #[error("the DAG has {0} lines, more than can be drawn; ask for fewer")]
    TooMany(usize),
    /// A segment whose root, height or length cannot be.
    #[error("segment {0} of the DAG has a root, height or length that cannot be")]
    Segment(usize),
    /// A line whose height or flags cannot be.
    #[error("line {0} of the DAG has a height or flags that cannot be")]
    Line(u32),
    /// A reference that is out of order, or leads nowhere or not one level down.
    #[error("line {0} of the DAG refers to what is not a line one level lower")]
    Reference(u32),
    /// A line that no segment reaches.
    #[error("line {0} of the DAG is not part of any segment")]
    Unreached(u32),
}

impl Forest {
    /// Sets a flag on the lines for which `is` says so, and clears it on the others.
    pub fn mark(&mut self, flag: u8, mut is: impl FnMut(&Line) -> bool) {
        for line in &mut self.lines {
            line.flags = if is(line) { line.flags | flag } else { line.flags & !flag };
        }
    }

    /// The forest as words; labels are not among them.
    pub fn to_words(&self) -> Vec<u32> {
        let count = HEAD + SEGMENT * self.segments.len() + LINE * self.lines.len() + self.edges.len();
        let mut words = Vec::with_capacity(count);
        let halves = |value: u64| [value as u32, (value >> 32) as u32];
        words.extend([FORMAT, self.line_size]);
        words.extend([self.segments.len(), self.lines.len(), self.edges.len()].map(|n| n as u32));
        words.extend(halves(self.left_out));
        for top in &self.segments {
            words.extend([top.segment, top.root.map_or(0, |root| root.saturating_add(1))]);
            words.extend(halves(top.length));
            words.push(u32::from(top.height));
        }
        let mut down = vec![0; self.lines.len()];
        for edge in &self.edges {
            if let Some(down) = down.get_mut(edge.parent as usize) {
                *down += 1;
            }
        }
        for (line, down) in self.lines.iter().zip(down) {
            let kind = u32::from(line.height) | u32::from(line.flags) << 8 | down << 16;
            words.extend([line.plid, line.references, line.hash, kind]);
        }
        words.extend(self.edges.iter().map(|edge| edge.child | u32::from(edge.word) << 28));
        words
    }

    /// The forest of words from anywhere. What it says is checked only when it becomes a [`super::Model`].
    ///
    /// # Errors
    /// [`ForestError::Format`], [`ForestError::Words`], [`ForestError::Labels`] or [`ForestError::Line`]: see
    /// there.
    pub fn from_words(labels: &[String], words: &[u32]) -> Result<Self, ForestError> {
        let short = |needed| ForestError::Words { words: words.len(), needed };
        let Some((head, mut rest)) = words.split_first_chunk::<HEAD>() else {
            return Err(short(HEAD as u64));
        };
        if head[0] != FORMAT {
            return Err(ForestError::Format(head[0]));
        }
        let [segments, lines, edges] = [head[2], head[3], head[4]].map(u64::from);
        let needed = HEAD as u64 + SEGMENT as u64 * segments + LINE as u64 * lines + edges;
        if words.len() as u64 != needed {
            return Err(short(needed));
        }
        if labels.len() as u64 != segments {
            return Err(ForestError::Labels { labels: labels.len(), segments: segments as usize });
        }
        let whole = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        // The counts were held against the length, so every split is inside.
        let mut take = |count: u64| {
            let (taken, left) = rest.split_at(count as usize);
            rest = left;
            taken
        };
        let tops = take(SEGMENT as u64 * segments).chunks_exact(SEGMENT).zip(labels);
        let tops = tops.enumerate().map(|(i, (word, label))| {
            Ok(Top {
                label: label.clone(),
                segment: word[0],
                root: word[1].checked_sub(1),
                length: whole(word[2], word[3]),
                height: u8::try_from(word[4]).map_err(|_| ForestError::Segment(i))?,
            })
        });
        let tops = tops.collect::<Result<_, _>>()?;
        let raw = take(LINE as u64 * lines);
        let down: u64 = raw.chunks_exact(LINE).map(|word| u64::from(word[3] >> 16)).sum();
        if down != edges {
            return Err(short(needed - edges + down));
        }
        let mut references = take(edges).iter();
        let mut forest = Self {
            line_size: head[1],
            segments: tops,
            lines: Vec::with_capacity(lines as usize),
            edges: Vec::with_capacity(edges as usize),
            left_out: whole(head[5], head[6]),
        };
        for (parent, word) in (0..).zip(raw.chunks_exact(LINE)) {
            let [height, flags, ..] = word[3].to_le_bytes();
            forest.lines.push(Line { plid: word[0], references: word[1], hash: word[2], height, flags });
            let down = references.by_ref().take((word[3] >> 16) as usize);
            forest.edges.extend(down.map(|reference| Edge {
                parent,
                word: (reference >> 28) as u8,
                child: reference & (MAX_LINES as u32 - 1),
            }));
        }
        Ok(forest)
    }
}
