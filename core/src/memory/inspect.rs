//! Inspection: what the memory holds, where, and why (DESIGN.md 2.3 to 2.8; paper section 2.2, Figure 1).
//!
//! Nothing here counts as an access of the modelled hardware or changes a count, so looking never alters a result.
//!
//! | question | method | cost |
//! |---|---|---|
//! | what is a segment made of? | [`Memory::dag`] | O(distinct lines of the segment) |
//! | who refers to a line? | [`Memory::referrers`] | O(capacity + segments) |
//! | why is a line alive? | [`Memory::reachable_from`] | O(interior lines + segments) |
//! | what would releasing a segment give back? | [`Memory::usage`] | O(distinct lines of the segment + waiting lines) |
//! | how full are the buckets? | [`Memory::occupancy`] | O(buckets + overflow entries in use) |
//! | is this content held? | [`Memory::find_content`] | one lookup |
//!
//! PLID 0, the all-zero line, is never listed: it has no storage and no count, and every DAG has it for free.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use serde::{Deserialize, Serialize};

use super::dag::Root;
use super::map::Entry;
use super::{CursorId, Memory, MemoryError, SegmentId};

/// A physical line ID: the name of one line, stable while the line is live or waits. IDs of freed lines are used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Plid(pub u32);

impl std::fmt::Display for Plid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The bytes of one line, 16, 32 or 64 of them; derefs to the slice.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineBytes {
    bytes: [u8; 64],
    len: u8,
}

impl LineBytes {
    fn new(line: &[u8]) -> Self {
        let mut bytes = [0; 64];
        bytes[..line.len()].copy_from_slice(line);
        Self { bytes, len: line.len() as u8 }
    }
}

impl std::ops::Deref for LineBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl std::fmt::Debug for LineBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

/// A segment's DAG as [`Memory::dag`] returns it.
///
/// ```text
/// nodes[0]            the root
/// nodes[1..]          level by level downwards; in a level by first place, so left to right
/// edges               by parent, then by word
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dag {
    /// Height of the root; 0 is a single leaf.
    pub height: u8,
    /// Bytes of the segment.
    pub length: u64,
    /// Bytes a line.
    pub line_size: u32,
    /// Distinct lines. None at all for a segment of zeros only.
    pub nodes: Vec<DagNode>,
    /// References between the lines in `nodes`. A word without one is zero, or its line was left out:
    /// [`DagNode::children`] tells.
    pub edges: Vec<DagEdge>,
    /// Distinct lines that did not fit `max_nodes`: the DAG is truncated if this is not 0.
    pub left_out: u64,
}

/// One line of a DAG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DagNode {
    /// The line.
    pub plid: Plid,
    /// Height above the leaves; 0 is a leaf.
    pub height: u8,
    /// Words that refer to a line, left-out ones included; 0 for a leaf.
    pub children: u8,
    /// Its reference count: all references in the whole memory.
    pub references: u32,
    /// The first leaf place of this segment, in lines, that lies under the node: where it occurs first.
    pub first_leaf: u64,
    /// Leaf places under one occurrence of the node, in lines: fan-out to the power of the height. Zero lines, and for
    /// nodes at the right edge places past the segment's end, are among them.
    pub leaves: u64,
    /// How many times the node occurs in this DAG, counted by paths from the root: what a memory without sharing would
    /// store.
    pub occurrences: u64,
    /// Content of a leaf; None for an interior line.
    pub content: Option<LineBytes>,
}

/// One word of an interior line that refers to another line; both are indexes into [`Dag::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DagEdge {
    /// The node that refers.
    pub parent: u32,
    /// The node referred to, one level lower.
    pub child: u32,
    /// Which 4-byte word of the parent it is.
    pub slot: u8,
    /// How many lower words of the same parent refer to the same child: 0 for the first of parallel edges.
    pub repeat: u8,
}

/// What holds one reference to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Referrer {
    /// A word of an interior line.
    Line {
        /// The interior line.
        plid: Plid,
        /// Which 4-byte word.
        word: u8,
        /// Whether the line is dead and waits to be freed; until then it keeps its children counted.
        waiting: bool,
    },
    /// A segment map entry whose root is the line.
    Segment(SegmentId),
    /// An open cursor on a DAG whose root is the line.
    Cursor(CursorId),
}

/// A segment in whose DAG a line is, and one way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The segment.
    pub segment: SegmentId,
    /// The leftmost path: the segment's root first, the line last.
    pub path: Vec<Plid>,
}

/// Lines by level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LineTally {
    /// Lines that hold the segment's bytes.
    pub leaves: u64,
    /// Lines that hold PLIDs.
    pub interior: u64,
    /// Bytes a line.
    pub line_size: u32,
}

impl LineTally {
    /// Leaves and interior lines.
    pub fn lines(&self) -> u64 {
        self.leaves + self.interior
    }

    /// Bytes of all the lines.
    pub fn bytes(&self) -> u64 {
        self.lines() * u64::from(self.line_size)
    }
}

/// What a segment occupies: its distinct lines, each counted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Lines that only this segment keeps: releasing it would free them. With delayed free, lines that wait keep
    /// nothing: these are the lines freed once the queue has emptied.
    pub exclusive: LineTally,
    /// Lines that something else keeps too.
    pub shared: LineTally,
}

/// How full one bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BucketFill {
    /// Ways that hold a line, live or waiting.
    pub ways_used: u8,
    /// Overflow entries chained to the bucket.
    pub chained: u32,
}

/// How full the store is, in lines: `live + waiting + free` is the capacity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Occupancy {
    /// Ways a bucket.
    pub ways: u32,
    /// Every bucket, in PLID order.
    pub buckets: Vec<BucketFill>,
    /// `[n]`: buckets with n ways in use, for n from 0 to `ways`.
    pub by_ways_used: Vec<u64>,
    /// `[n]`: buckets with n overflow entries chained, for n from 0 to the longest chain.
    pub by_chained: Vec<u64>,
    /// Overflow entries in use.
    pub overflow_used: u64,
    /// Overflow entries that there are.
    pub overflow_capacity: u64,
    /// Lines with references.
    pub live: u64,
    /// Dead lines that wait to be freed.
    pub waiting: u64,
    /// Places without a line.
    pub free: u64,
}

/// A distinct line on the way down a DAG.
#[derive(Clone, Copy)]
struct Place {
    plid: u32,
    first_leaf: u64,
    occurrences: u64,
}

impl Memory {
    /// A segment's DAG with its sharing: each distinct line is one node, listed breadth-first from the root. Of a
    /// larger DAG only the first `max_nodes` nodes are returned; what they say (occurrences, references) is exact, and
    /// [`Dag::left_out`] counts the rest.
    ///
    /// O(distinct lines of the segment) time, O(widest level + `max_nodes`) space.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn dag(&self, segment: SegmentId, max_nodes: usize) -> Result<Dag, MemoryError> {
        let Entry { root, length, .. } =
            *self.map.get(segment).ok_or(MemoryError::UnknownSegment(segment))?;
        let mut dag = Dag {
            height: root.height,
            length,
            line_size: self.line_size(),
            nodes: Vec::new(),
            edges: Vec::new(),
            left_out: 0,
        };
        let mut height = root.height;
        let mut level = top(root);
        let mut before = 0;
        while !level.is_empty() {
            let kept = level.len().min(max_nodes - dag.nodes.len());
            dag.nodes.extend(level[..kept].iter().map(|place| self.node(*place, height)));
            dag.left_out += (level.len() - kept) as u64;
            let below = before + level.len();
            level = self.level_below(&level, height, |parent, slot, child, repeat| {
                if below + child < max_nodes {
                    let (parent, child) = ((before + parent) as u32, (below + child) as u32);
                    dag.edges.push(DagEdge { parent, child, slot, repeat });
                }
            });
            before = below;
            height = height.saturating_sub(1);
        }
        Ok(dag)
    }

    fn node(&self, place: Place, height: u8) -> DagNode {
        DagNode {
            plid: Plid(place.plid),
            height,
            children: self.children(place.plid).count() as u8,
            references: self.store.references(place.plid).unwrap_or(0),
            first_leaf: place.first_leaf,
            leaves: self.shape.leaves(height),
            occurrences: place.occurrences,
            content: (height == 0).then(|| LineBytes::new(self.store.line(place.plid))),
        }
    }

    /// The distinct lines one level under `level`, whose height is `height`; `edge` gets every reference: position of
    /// the parent, word, position of the child, repeat. Parents sorted by first place give children sorted by theirs.
    fn level_below(
        &self,
        level: &[Place],
        height: u8,
        mut edge: impl FnMut(usize, u8, usize, u8),
    ) -> Vec<Place> {
        let mut below: Vec<Place> = Vec::new();
        if height == 0 {
            return below;
        }
        let step = self.shape.leaves(height - 1);
        let mut known: HashMap<u32, usize> = HashMap::new();
        for (parent, place) in level.iter().enumerate() {
            for (word, plid) in self.children(place.plid) {
                let child = match known.entry(plid) {
                    Slot::Occupied(at) => *at.get(),
                    Slot::Vacant(at) => {
                        let first_leaf = place.first_leaf + u64::from(word) * step;
                        below.push(Place { plid, first_leaf, occurrences: 0 });
                        *at.insert(below.len() - 1)
                    }
                };
                below[child].occurrences += place.occurrences;
                let lower = self.children(place.plid).take_while(|(earlier, _)| *earlier < word);
                let repeat = lower.filter(|(_, other)| *other == plid).count();
                edge(parent, word, child, repeat as u8);
            }
        }
        below
    }

    /// The words of a line that are PLIDs: word and child.
    pub(super) fn children(&self, plid: u32) -> impl Iterator<Item = (u8, u32)> {
        let tags = self.store.line_tags(plid);
        (0..self.shape.fan_out())
            .filter(move |word| tags & (1 << word) != 0)
            .map(move |word| (word as u8, self.store.child(plid, word)))
    }

    /// Every reference to a root line from outside the lines. Whatever comes to hold roots beside these joins here, with
    /// a [`Referrer`] of its own.
    pub(super) fn roots(&self) -> impl Iterator<Item = (Referrer, u32)> {
        let segments = self.map.iter().map(|(id, entry)| (Referrer::Segment(id), entry.root.plid));
        let cursors = self.cursors.iter().zip(0..).filter_map(|(cursor, i)| {
            cursor.as_ref().map(|cursor| (Referrer::Cursor(CursorId(i)), cursor.root.plid))
        });
        segments.chain(cursors)
    }

    /// Calls `each` with every line's byte offset and content, in order, zero lines included, as
    /// [`Memory::for_each_line`] does, but without an access. O(lines).
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn peek_lines(&self, id: SegmentId, mut each: impl FnMut(u64, &[u8])) -> Result<(), MemoryError> {
        let Entry { root, length, .. } = *self.map.get(id).ok_or(MemoryError::UnknownSegment(id))?;
        self.peek_below(root.plid, root.height, 0, length, &mut each);
        Ok(())
    }

    fn peek_below(&self, plid: u32, height: u8, offset: u64, length: u64, each: &mut impl FnMut(u64, &[u8])) {
        if offset >= length {
            return;
        }
        let size = u64::from(self.line_size());
        if plid == 0 {
            let end = length.min(offset + self.shape.leaves(height) * size);
            let zeros = [0; 64];
            (offset..end).step_by(size as usize).for_each(|at| each(at, &zeros[..size as usize]));
        } else if height == 0 {
            each(offset, self.store.line(plid));
        } else {
            let step = self.shape.leaves(height - 1) * size;
            for word in 0..self.shape.fan_out() {
                // A word without a tag is zero: the sub-DAG of zeros.
                let tagged = self.store.line_tags(plid) & (1 << word) != 0;
                let child = if tagged { self.store.child(plid, word) } else { 0 };
                self.peek_below(child, height - 1, offset + word as u64 * step, length, each);
            }
        }
    }

    /// The reference count of a line: as many as it has [`Memory::referrers`], 0 for a line that waits. None for
    /// PLID 0, which has no count, and for a PLID that names no line now. O(1).
    pub fn references(&self, plid: Plid) -> Option<u32> {
        self.store.references(plid.0)
    }

    /// What a segment occupies, exclusive and shared lines apart. A line is exclusive if releasing the segment would
    /// free it; its release is simulated on the reference counts of its DAG, so everything that keeps a line counts.
    ///
    /// O(distinct lines of the segment + waiting lines and what only they keep).
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn usage(&self, segment: SegmentId) -> Result<Usage, MemoryError> {
        let root = self.map.get(segment).ok_or(MemoryError::UnknownSegment(segment))?.root;
        let mut lost = HashMap::new();
        for waiting in self.store.waiting_plids() {
            for (_, child) in self.children(waiting) {
                self.lose(child, &mut lost);
            }
        }
        self.lose(root.plid, &mut lost);

        let none = LineTally { leaves: 0, interior: 0, line_size: self.line_size() };
        let mut usage = Usage { exclusive: none, shared: none };
        let mut height = root.height;
        let mut level = top(root);
        while !level.is_empty() {
            for place in &level {
                let freed = lost.get(&place.plid).copied() == self.store.references(place.plid);
                let tally = if freed { &mut usage.exclusive } else { &mut usage.shared };
                *if height == 0 { &mut tally.leaves } else { &mut tally.interior } += 1;
            }
            level = self.level_below(&level, height, |_, _, _, _| {});
            height = height.saturating_sub(1);
        }
        Ok(usage)
    }

    /// One reference to `plid` less in a simulated release; a line that has lost all of them takes away its children's.
    fn lose(&self, plid: u32, lost: &mut HashMap<u32, u32>) {
        let mut stack = vec![plid];
        while let Some(plid) = stack.pop().filter(|plid| *plid != 0) {
            let count = lost.entry(plid).or_default();
            *count += 1;
            if Some(*count) == self.store.references(plid) {
                stack.extend(self.children(plid).map(|(_, child)| child));
            }
        }
    }

    /// How full the buckets and the overflow area are. O(buckets + overflow entries in use).
    pub fn occupancy(&self) -> Occupancy {
        let ways = self.store.ways();
        let mut by_ways_used = vec![0; ways as usize + 1];
        let mut by_chained = vec![0];
        let mut overflow_used = 0;
        let fill = self.store.bucket_fill().map(|(used, chained)| {
            by_ways_used[used as usize] += 1;
            if by_chained.len() <= chained as usize {
                by_chained.resize(chained as usize + 1, 0);
            }
            by_chained[chained as usize] += 1;
            overflow_used += u64::from(chained);
            BucketFill { ways_used: used as u8, chained }
        });
        let buckets = fill.collect();
        Occupancy {
            ways,
            buckets,
            by_ways_used,
            by_chained,
            overflow_used,
            overflow_capacity: u64::from(self.store.overflow_entries()),
            live: self.store.live,
            waiting: self.store.waiting,
            free: self.store.free(),
        }
    }

    /// The bytes of a line that is live or waits, without an access. None for a PLID that names no line now.
    pub fn peek(&self, plid: Plid) -> Option<LineBytes> {
        if plid.0 == 0 {
            return Some(LineBytes::new(self.store.line(0)));
        }
        self.store.references(plid.0).map(|_| LineBytes::new(self.store.line(plid.0)))
    }

    /// Which words of a line are PLIDs, the first word's bit the lowest: none of a data line. None for a PLID that names no line
    /// now.
    pub fn tags(&self, plid: Plid) -> Option<u16> {
        if plid.0 == 0 {
            return Some(0);
        }
        self.store.references(plid.0).map(|_| self.store.line_tags(plid.0))
    }

    /// Every data line with a reference, in the order of PLIDs, without an access. O(capacity).
    pub fn live_data(&self) -> impl Iterator<Item = (Plid, LineBytes)> {
        let plids = 1..=u32::try_from(self.store.capacity()).unwrap_or(u32::MAX);
        plids.filter_map(|plid| {
            let live = self.store.references(plid).is_some_and(|count| count > 0);
            let leaf = live && self.store.line_tags(plid) == 0;
            leaf.then(|| (Plid(plid), LineBytes::new(self.store.line(plid))))
        })
    }

    /// The data line that holds `bytes`, padded with zeros to a line; a line that waits is found too, as a write would
    /// revive it. None if there is none, or if `bytes` is longer than a line. All zeros are PLID 0.
    ///
    /// One bucket is searched; unlike a write it counts no access and changes no count.
    pub fn find_content(&self, bytes: &[u8]) -> Option<Plid> {
        self.find_line(bytes, 0)
    }

    /// As [`Memory::find_content`], but of any line: the words whose bits are set in `tags`, the first word's the lowest, are
    /// PLIDs ([`Memory::tags`]).
    pub fn find_line(&self, bytes: &[u8], tags: u16) -> Option<Plid> {
        let mut line = [0; 64];
        let line = &mut line[..self.store.line_bytes()];
        line.get_mut(..bytes.len())?.copy_from_slice(bytes);
        if line.iter().all(|byte| *byte == 0) {
            Some(Plid(0))
        } else {
            self.store.look_up(line, tags).map(Plid)
        }
    }
}

/// The topmost level of a DAG: its root, or nothing if it is all zeros.
fn top(root: Root) -> Vec<Place> {
    let place = Place { plid: root.plid, first_leaf: 0, occurrences: 1 };
    if root.plid == 0 { Vec::new() } else { vec![place] }
}
