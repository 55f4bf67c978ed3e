//! A forest out of a memory, and content found in it. Runs where the memory is: in the worker. Looking changes no count.

use snapstack::order::sort_by_number;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use snapstack::memory::{Dag, Memory, MemoryError, SegmentId};
use xxhash_rust::xxh3::xxh3_64;

use super::forest::{Edge, Forest, Line, Top, flag};

impl Forest {
    /// The DAGs of some segments, each distinct line once. Of larger ones only so many lines are taken, the higher ones
    /// first, but every root; [`Forest::left_out`] says how many are missing.
    ///
    /// O(distinct lines of each segment) time. [`Gathering`] does it in parts.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn of_segments(
        memory: &Memory,
        segments: &[(SegmentId, String)],
        max_lines: usize,
    ) -> Result<Self, MemoryError> {
        let mut gathering = Gathering::new(max_lines);
        for (id, label) in segments {
            gathering.add(memory, *id, label.clone())?;
        }
        Ok(gathering.finish(memory.line_size()))
    }
}

/// A forest to be, segment by segment, of a memory that stays as it is meanwhile.
pub struct Gathering {
    most: usize,
    union: Union,
    tops: Vec<Top>,
    left_out: u64,
}

impl Gathering {
    /// A forest without segments, of at most so many lines.
    pub fn new(max_lines: usize) -> Self {
        Self { most: max_lines, union: Union::default(), tops: Vec::new(), left_out: 0 }
    }

    /// Adds a segment's DAG. O(distinct lines of the segment).
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn add(&mut self, memory: &Memory, segment: SegmentId, label: String) -> Result<(), MemoryError> {
        let dag = memory.dag(segment, self.most.max(1))?;
        self.left_out += dag.left_out;
        self.tops.push(Top {
            label,
            segment: segment.0,
            root: self.union.add(&dag, self.most),
            length: dag.length,
            height: dag.height,
        });
        Ok(())
    }

    /// The forest. O(distinct lines).
    pub fn finish(self, line_size: u32) -> Forest {
        self.union.finish(line_size, self.tops, self.most, self.left_out)
    }
}

/// Lines of several DAGs by PLID.
#[derive(Default)]
struct Union {
    known: HashMap<u32, u32>,
    lines: Vec<Line>,
    /// Each line's references in `down`.
    ranges: Vec<Range<usize>>,
    /// Word and line.
    down: Vec<(u8, u32)>,
    occurrences: Vec<u64>,
    /// Lines that are known, and certain to be left out.
    dropped: u64,
}

/// What stands for the index of a line that is certain to be left out.
const DROPPED: u32 = u32::MAX;

impl Union {
    /// Adds a DAG; returns its root. Once there are `most` lines, another leaf that is no root stands behind all of them, and is
    /// only counted.
    fn add(&mut self, dag: &Dag, most: usize) -> Option<u32> {
        let freed = freed(dag);
        let here: Vec<u32> = (0..)
            .zip(&dag.nodes)
            .zip(freed)
            .map(|((index, node), freed)| {
                let next = self.lines.len() as u32;
                let late = index > 0 && node.height == 0 && next as usize >= most;
                let known = self.known.entry(node.plid.0).or_insert_with(|| {
                    self.dropped += u64::from(late);
                    if late { DROPPED } else { next }
                });
                if *known == DROPPED && index == 0 {
                    self.dropped -= 1;
                    *known = next;
                }
                let line = *known;
                if line == DROPPED {
                    return line;
                }
                if line == next {
                    self.lines.push(Line {
                        plid: node.plid.0,
                        references: node.references,
                        hash: node.content.map_or(0, |bytes| xxh3_64(&bytes) as u32),
                        height: node.height,
                        flags: 0,
                    });
                    self.ranges.push(0..0);
                    self.occurrences.push(0);
                }
                let at = line as usize;
                self.lines[at].flags |= if freed { flag::EXCLUSIVE } else { 0 };
                self.occurrences[at] = self.occurrences[at].saturating_add(node.occurrences);
                line
            })
            .collect();
        for edges in dag.edges.chunk_by(|a, b| a.parent == b.parent) {
            let at = here[edges[0].parent as usize] as usize;
            // A truncated DAG may know fewer of a line's references than another one.
            let kept = edges.iter().map(|edge| (edge.slot, here[edge.child as usize]));
            let kept = kept.filter(|(_, child)| *child != DROPPED);
            if kept.clone().count() > self.ranges[at].len() {
                let start = self.down.len();
                self.down.extend(kept);
                self.ranges[at] = start..self.down.len();
            }
        }
        here.first().copied()
    }

    fn finish(mut self, line_size: u32, mut segments: Vec<Top>, most: usize, left_out: u64) -> Forest {
        for (line, occurrences) in self.lines.iter_mut().zip(&self.occurrences) {
            if *occurrences > 1 || line.flags & flag::EXCLUSIVE == 0 {
                line.flags |= flag::SHARED;
            }
        }
        let mut order: Vec<u32> = (0..self.lines.len() as u32).collect();
        let mut root = vec![false; order.len()];
        for top in segments.iter().filter_map(|top| top.root) {
            root[top as usize] = true;
        }
        // Roots stay whatever happens; of the rest the higher ones, so that every line keeps the lines above it.
        let low = |line: &u32| u64::from(u8::MAX - self.lines[*line as usize].height);
        sort_by_number(&mut order, |line| u64::from(!root[*line as usize]) << 8 | low(line));
        let kept = most.max(root.iter().filter(|root| **root).count()).min(order.len());
        let dropped = order.split_off(kept);
        sort_by_number(&mut order, low);
        let mut place = vec![None; self.lines.len()];
        for (new, old) in (0..).zip(&order) {
            place[*old as usize] = Some(new);
        }
        for top in &mut segments {
            top.root = top.root.and_then(|root| place[root as usize]);
        }
        let edges = (0..).zip(&order).flat_map(|(parent, old)| {
            let down = &self.down[self.ranges[*old as usize].clone()];
            let place = &place;
            down.iter().filter_map(move |(word, child)| {
                let child = place[*child as usize]?;
                Some(Edge { parent, word: *word, child })
            })
        });
        Forest {
            line_size,
            segments,
            edges: edges.collect(),
            lines: order.iter().map(|old| self.lines[*old as usize]).collect(),
            left_out: left_out + self.dropped + dropped.len() as u64,
        }
    }
}

/// Which lines of a DAG would be freed if its segment were released. Parents come before their children, and all of a
/// line's parents in the DAG are in it, so one pass tells.
fn freed(dag: &Dag) -> Vec<bool> {
    let mut lost = vec![0u32; dag.nodes.len()];
    if let Some(root) = lost.first_mut() {
        *root = 1;
    }
    let mut edges = dag.edges.iter().peekable();
    let mut freed = Vec::with_capacity(lost.len());
    for (i, node) in (0..).zip(&dag.nodes) {
        let gone = lost[i as usize] == node.references;
        while let Some(edge) = edges.next_if(|edge| edge.parent == i) {
            lost[edge.child as usize] += u32::from(gone);
        }
        freed.push(gone);
    }
    freed
}

/// Lines that hold some content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What was looked for.
    pub bytes: Vec<u8>,
    /// PLIDs of the lines that hold it, or a part of it where it crosses from line to line, as they come.
    pub plids: Vec<u32>,
    /// Whether there may be more: the search ended at a limit.
    pub more: bool,
}

/// Most leaf places that a search looks at: a segment can have far more places than lines.
const MAX_PLACES: u32 = 1 << 22;

/// The lines of segments that hold `bytes`, at most `most` of them. Content is found across lines, but not across lines of
/// zeros.
///
/// O(places, up to four million). [`ContentSearch`] does it in parts.
///
/// # Errors
/// [`MemoryError::UnknownSegment`].
pub fn find_content(
    memory: &Memory,
    segments: &[SegmentId],
    bytes: &[u8],
    most: usize,
) -> Result<Found, MemoryError> {
    let mut search = ContentSearch::new(bytes, most);
    for id in segments {
        search.add(memory, *id)?;
    }
    Ok(search.finish())
}

/// A search for content, segment by segment, of a memory that stays as it is meanwhile.
pub struct ContentSearch {
    most: usize,
    found: Found,
    known: HashSet<u32>,
    /// Leaf places that were looked at.
    places: u32,
}

impl ContentSearch {
    /// A search for `bytes` that has found nothing yet, and finds at most `most` lines.
    pub fn new(bytes: &[u8], most: usize) -> Self {
        let found = Found { bytes: bytes.to_vec(), ..Found::default() };
        Self { most, found, known: HashSet::new(), places: 0 }
    }

    /// Looks through a segment. O(its places), unless a limit was reached.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn add(&mut self, memory: &Memory, segment: SegmentId) -> Result<(), MemoryError> {
        let Self { most, found, known, places } = self;
        let bytes = found.bytes.clone();
        if bytes.is_empty() || found.more {
            return Ok(());
        }
        let dag = memory.dag(segment, usize::MAX)?;
        let size = dag.line_size as usize;
        // The run of leaves before the present one that may hold the beginning.
        let keep = (bytes.len() - 1).div_ceil(size);
        let (mut run, mut plids): (Vec<u8>, Vec<u32>) = (Vec::new(), Vec::new());
        let mut next = 0;
        each_leaf(&dag, &mut |place, node| {
            *places += 1;
            let Some(content) = node.content.filter(|_| *places <= MAX_PLACES && found.plids.len() < *most)
            else {
                found.more = true;
                return false;
            };
            if place != next {
                run.clear();
                plids.clear();
            }
            next = place + 1;
            if plids.len() > keep {
                run.drain(..size);
                plids.remove(0);
            }
            run.extend_from_slice(&content);
            plids.push(node.plid.0);
            // What ends before this line was found before.
            for at in run.len().saturating_sub(size + bytes.len() - 1)..run.len() {
                if run[at..].starts_with(&bytes) {
                    let touched = &plids[at / size..=(at + bytes.len() - 1) / size];
                    found.plids.extend(touched.iter().filter(|plid| known.insert(**plid)));
                }
            }
            true
        });
        Ok(())
    }

    /// What was found.
    pub fn finish(mut self) -> Found {
        self.found.plids.truncate(self.most);
        self.found
    }
}

/// Calls `each` with every leaf place that is not zero and the line there, from left to right, while it returns true.
fn each_leaf(dag: &Dag, each: &mut impl FnMut(u64, &snapstack::memory::DagNode) -> bool) {
    let mut start = vec![0usize; dag.nodes.len() + 1];
    for edge in &dag.edges {
        start[edge.parent as usize + 1] += 1;
    }
    for i in 0..dag.nodes.len() {
        start[i + 1] += start[i];
    }
    let mut stack: Vec<(u32, u64)> = dag.nodes.first().map(|_| (0, 0)).into_iter().collect();
    while let Some((at, place)) = stack.pop() {
        let node = &dag.nodes[at as usize];
        if node.height == 0 {
            if !each(place, node) {
                return;
            }
            continue;
        }
        let below = &dag.edges[start[at as usize]..start[at as usize + 1]];
        let step = u64::from(dag.line_size / 4).pow(u32::from(node.height) - 1);
        stack.extend(below.iter().rev().map(|edge| (edge.child, place + u64::from(edge.slot) * step)));
    }
}
