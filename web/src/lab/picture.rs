//! What the lab shows: segments, and every line once, whichever segments share it.

use std::collections::BTreeMap;

use snapstack::memory::{LineBytes, Plid};
use xxhash_rust::xxh3::xxh3_64;

use super::world::{Held, MAX_NODES, World};
use super::{LabError, Name};

/// A segment.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentView {
    /// Its name.
    pub name: Name,
    /// Bytes.
    pub length: u64,
    /// Levels above the leaves.
    pub height: u8,
    /// The root line; PLID 0 if there are only zeros.
    pub root: Plid,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub struct LineView {
    /// The line.
    pub plid: Plid,
    /// Levels above the leaves.
    pub height: u8,
    /// Its reference count.
    pub references: u32,
    /// Bytes of a leaf.
    pub content: Option<LineBytes>,
    /// Hash of a leaf's bytes, for colour and glyph.
    pub hash: u32,
    /// The lines that an interior line refers to: index in [`Picture::lines`], word by word.
    pub children: Vec<Option<usize>>,
    /// Whether the last step made it.
    pub fresh: bool,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Bytes a line.
    pub line_size: u32,
    /// Segments, in the order in which they came.
    pub segments: Vec<SegmentView>,
    /// Lines by height, the highest first, then in the order in which they occur.
    pub lines: Vec<LineView>,
    /// Distinct lines that are not in the picture.
    pub left_out: u64,
    /// Lines that a memory without sharing would hold.
    pub unshared: u64,
    /// Data lines that all segments together refer to.
    pub data_references: u64,
}

impl Picture {
    pub(super) fn of(world: &World) -> Result<Self, LabError> {
        let now = world.holdings()?;
        let mut picture = Self { line_size: world.memory.line_size(), ..Self::default() };
        let mut lines: Vec<LineView> = Vec::new();
        let mut index: BTreeMap<u32, usize> = BTreeMap::new();
        for (name, id) in &world.segments {
            let dag = world.memory.dag(*id, MAX_NODES)?;
            let mut bytes = vec![0; (dag.length as usize).next_multiple_of(dag.line_size as usize)];
            let unfolded = unfold(&dag, &mut bytes);
            bytes.truncate(dag.length as usize);
            picture.left_out += dag.left_out;
            picture.unshared += dag.nodes.iter().map(|node| node.occurrences).sum::<u64>();
            picture.data_references += unfolded;
            for node in &dag.nodes {
                index.entry(node.plid.0).or_insert_with(|| {
                    lines.push(LineView {
                        plid: node.plid,
                        height: node.height,
                        references: node.references,
                        content: node.content,
                        hash: node.content.map_or(0, |bytes| xxh3_64(&bytes) as u32),
                        children: Vec::new(),
                        fresh: world.before.get(&node.plid.0) != now.get(&node.plid.0),
                    });
                    lines.len() - 1
                });
            }
            picture.segments.push(SegmentView {
                name: *name,
                length: dag.length,
                height: dag.height,
                root: dag.nodes.first().map_or(Plid(0), |node| node.plid),
                bytes,
            });
        }
        lines.sort_by_key(|line| std::cmp::Reverse(line.height));
        index = lines.iter().enumerate().map(|(i, line)| (line.plid.0, i)).collect();
        for line in &mut lines {
            if let Some(Held::Plids(words)) = now.get(&line.plid.0) {
                line.children =
                    words.iter().map(|word| word.and_then(|plid| index.get(&plid).copied())).collect();
            }
        }
        picture.lines = lines;
        Ok(picture)
    }

    /// The segment of a name.
    pub fn segment(&self, name: Name) -> Option<&SegmentView> {
        self.segments.iter().find(|segment| segment.name == name)
    }

    /// The line of a PLID.
    pub fn line(&self, plid: Plid) -> Option<&LineView> {
        self.lines.iter().find(|line| line.plid == plid)
    }

    /// Distinct lines that hold data.
    pub fn leaves(&self) -> usize {
        self.lines.iter().filter(|line| line.height == 0).count()
    }
}

/// Writes a DAG's leaves where they occur; returns how many places there are.
fn unfold(dag: &snapstack::memory::Dag, bytes: &mut [u8]) -> u64 {
    let mut below: Vec<Vec<(u8, u32)>> = vec![Vec::new(); dag.nodes.len()];
    for edge in &dag.edges {
        below[edge.parent as usize].push((edge.slot, edge.child));
    }
    let line = dag.line_size as usize;
    let fan_out = u64::from(dag.line_size / 4);
    let mut places = 0;
    let mut stack: Vec<(u32, u64)> = dag.nodes.first().map(|_| (0, 0)).into_iter().collect();
    while let Some((at, first)) = stack.pop() {
        let node = &dag.nodes[at as usize];
        if let Some(content) = node.content {
            places += 1;
            let start = first as usize * line;
            if let Some(place) = bytes.get_mut(start..start + line) {
                place.copy_from_slice(&content);
            }
        }
        for (slot, child) in &below[at as usize] {
            let step = fan_out.pow(u32::from(node.height) - 1);
            stack.push((*child, first + u64::from(*slot) * step));
        }
    }
    places
}
