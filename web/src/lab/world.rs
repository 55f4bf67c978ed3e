//! A document replayed on a memory.

use std::collections::BTreeMap;
use std::ops::Range;

use snapstack::memory::{
    Content, LineBytes, LineCounts, Memory, MemoryConfig, Plid, Referrer, SegmentId, Usage,
};

use super::{Document, LabError, MAX_BYTES, Name, Step};

/// Lines that the lab's memory is sized for: several segments of the greatest length in the smallest lines.
const LINES: u64 = 1 << 13;
/// Most lines that are looked at in one segment.
pub(super) const MAX_NODES: usize = 4096;

/// What a line holds: bytes, or a PLID per word where there is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Held {
    /// A leaf's bytes.
    Bytes(Vec<u8>),
    /// An interior line's PLIDs, word by word.
    Plids(Vec<Option<u32>>),
}

/// The memory after the steps of a document.
pub(super) struct World {
    pub(super) memory: Memory,
    /// Segments by name, in the order in which they came.
    pub(super) segments: Vec<(Name, SegmentId)>,
    /// Lines asked for by the last step, by outcome.
    pub(super) counts: LineCounts,
    /// Lines that the last step freed.
    pub(super) freed: u64,
    /// What every line held before the last step.
    pub(super) before: BTreeMap<u32, Held>,
    came: u32,
}

/// A line with what refers to it.
#[derive(Clone, Debug, PartialEq)]
pub struct LineDetail {
    /// The line.
    pub plid: Plid,
    /// Its reference count.
    pub references: u32,
    /// Bytes of a leaf.
    pub content: Option<LineBytes>,
    /// PLIDs of an interior line, word by word.
    pub words: Vec<Option<Plid>>,
    /// Everything that refers to it directly, in words.
    pub referrers: Vec<String>,
    /// Each segment it is alive for, with the lines on the way.
    pub reasons: Vec<(Name, Vec<Plid>)>,
}

/// How two segments compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Whether they hold the same bytes, as the memory tells by one comparison of roots.
    pub equal: bool,
    /// Where they differ, in bytes, whole lines each.
    pub differences: Vec<Range<u64>>,
    /// What each occupies.
    pub usage: [Usage; 2],
    /// Distinct lines that both have, leaves and interior ones.
    pub common: u64,
}

impl Default for World {
    fn default() -> Self {
        Self::new(16).unwrap_or_else(|_| unreachable!("16 bytes a line are supported"))
    }
}

impl World {
    fn new(line_size: u32) -> Result<Self, LabError> {
        let config = MemoryConfig { line_size, lines: LINES, ..MemoryConfig::default() };
        Ok(Self {
            memory: Memory::new(config)?,
            segments: Vec::new(),
            counts: LineCounts::default(),
            freed: 0,
            before: BTreeMap::new(),
            came: 0,
        })
    }

    /// Does all steps of a document on an empty memory.
    pub(super) fn replay(document: &Document) -> Result<Self, LabError> {
        let mut world = Self::new(document.line_size)?;
        for (i, step) in document.steps.iter().enumerate() {
            if i + 1 == document.steps.len() {
                world.before = world.holdings()?;
            }
            let (counts, live) = (world.memory.line_counts(), world.memory.live_lines());
            world.step(step)?;
            world.counts = world.memory.line_counts().since(&counts);
            world.freed = live + world.counts.new - world.memory.live_lines();
        }
        Ok(world)
    }

    fn step(&mut self, step: &Step) -> Result<(), LabError> {
        let memory = &mut self.memory;
        match step {
            Step::Create(bytes) => {
                let segment = memory.create(bounded(bytes)?, Content::Data)?;
                self.add(segment);
            }
            Step::Snapshot(of) => {
                let of = self.id(*of)?;
                let segment = self.memory.snapshot(of)?;
                self.add(segment);
            }
            Step::Overwrite(name, at, bytes) => {
                let id = self.id(*name)?;
                within(at.saturating_add(bytes.len() as u64))?;
                self.memory.overwrite(id, *at, bytes, Content::Data)?;
            }
            Step::Append(name, bytes) => {
                let id = self.id(*name)?;
                within(self.memory.length(id)?.saturating_add(bytes.len() as u64))?;
                self.memory.append(id, bytes, Content::Data)?;
            }
            Step::Truncate(name, length) => {
                within(*length)?;
                self.memory.truncate(self.id(*name)?, *length)?;
            }
            Step::Assign(name, bytes) => {
                let id = self.id(*name)?;
                self.memory.assign(id, bounded(bytes)?, Content::Data)?;
            }
            Step::Release(name) => {
                self.memory.release(self.id(*name)?)?;
                self.segments.retain(|(other, _)| other != name);
            }
        }
        Ok(())
    }

    fn add(&mut self, segment: SegmentId) {
        self.came += 1;
        self.segments.push((Name(self.came), segment));
    }

    pub(super) fn id(&self, name: Name) -> Result<SegmentId, LabError> {
        let found = self.segments.iter().find(|(other, _)| *other == name);
        found.map(|(_, id)| *id).ok_or(LabError::NoSegment(name))
    }

    fn name(&self, id: SegmentId) -> Option<Name> {
        self.segments.iter().find(|(_, other)| *other == id).map(|(name, _)| *name)
    }

    /// What every line holds now.
    pub(super) fn holdings(&self) -> Result<BTreeMap<u32, Held>, LabError> {
        let mut held = BTreeMap::new();
        for (_, id) in &self.segments {
            let dag = self.memory.dag(*id, MAX_NODES)?;
            for node in &dag.nodes {
                let content = match node.content {
                    Some(bytes) => Held::Bytes(bytes.to_vec()),
                    None => Held::Plids(vec![None; self.memory.fan_out() as usize]),
                };
                held.insert(node.plid.0, content);
            }
            for edge in &dag.edges {
                let child = dag.nodes[edge.child as usize].plid.0;
                if let Some(Held::Plids(words)) = held.get_mut(&dag.nodes[edge.parent as usize].plid.0) {
                    words[usize::from(edge.slot)] = Some(child);
                }
            }
        }
        Ok(held)
    }

    pub(super) fn line(&self, plid: Plid) -> Option<LineDetail> {
        let references = self.memory.references(plid)?;
        let reasons: Vec<_> = self.memory.reachable_from(plid);
        let dag = self.memory.dag(reasons.first()?.segment, MAX_NODES).ok()?;
        let at = dag.nodes.iter().position(|node| node.plid == plid)?;
        let mut words = Vec::new();
        if dag.nodes[at].content.is_none() {
            words = vec![None; self.memory.fan_out() as usize];
            for edge in dag.edges.iter().filter(|edge| edge.parent as usize == at) {
                words[usize::from(edge.slot)] = Some(dag.nodes[edge.child as usize].plid);
            }
        }
        let referrers = self.memory.referrers(plid).into_iter().map(|referrer| match referrer {
            Referrer::Line { plid, word, waiting: false } => format!("word {word} of line {plid}"),
            Referrer::Line { plid, word, waiting: true } => {
                format!("word {word} of line {plid}, which waits to be freed")
            }
            Referrer::Cursor(cursor) => format!("an iterator register: cursor {cursor}"),
            Referrer::Segment(id) => match self.name(id) {
                Some(name) => format!("the segment map: root of {name}"),
                None => format!("the segment map: root of segment {id}"),
            },
        });
        Some(LineDetail {
            plid,
            references,
            content: dag.nodes[at].content,
            words,
            referrers: referrers.collect(),
            reasons: reasons
                .into_iter()
                .filter_map(|reach| Some((self.name(reach.segment)?, reach.path)))
                .collect(),
        })
    }

    pub(super) fn compare(&mut self, a: Name, b: Name) -> Result<Comparison, LabError> {
        let (a, b) = (self.id(a)?, self.id(b)?);
        let lines = |id| -> Result<Vec<u32>, LabError> {
            Ok(self.memory.dag(id, MAX_NODES)?.nodes.iter().map(|node| node.plid.0).collect())
        };
        let (mine, theirs) = (lines(a)?, lines(b)?);
        let common = mine.iter().filter(|plid| theirs.contains(plid)).count() as u64;
        Ok(Comparison {
            equal: self.memory.equal(a, b)?,
            differences: self.memory.diff(a, b)?,
            usage: [self.memory.usage(a)?, self.memory.usage(b)?],
            common,
        })
    }
}

fn within(bytes: u64) -> Result<(), LabError> {
    if bytes > MAX_BYTES { Err(LabError::TooLong { bytes }) } else { Ok(()) }
}

fn bounded(bytes: &[u8]) -> Result<&[u8], LabError> {
    within(bytes.len() as u64).map(|()| bytes)
}
