//! What the core holds at one step of a figure, taken by the inspection interface and nothing else.

use std::collections::BTreeMap;

use snapstack::memory::{LineBytes, Memory, MemoryError, SegmentId};
use xxhash_rust::xxh3::xxh3_64;

/// The highest segment number of the figures: the paper's user segment.
pub(super) const HIGHEST: u32 = 9000;
/// More lines than any figure holds.
const MAX_NODES: usize = 4096;

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its PLID.
    pub plid: u32,
    /// Levels above the leaves.
    pub height: u8,
    /// Its reference count.
    pub references: u32,
    /// Bytes of a leaf.
    pub content: Option<LineBytes>,
    /// Hash of a leaf's bytes, for colour and glyph.
    pub hash: u32,
    /// PLIDs of an interior line, word by word.
    pub children: Vec<Option<u32>>,
    /// Whether the step wrote it.
    pub fresh: bool,
}

/// A segment map entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Segment ID.
    pub id: u32,
    /// PLID of the root line; 0 if there are only zeros.
    pub root: u32,
    /// Bytes.
    pub length: u64,
    /// Height of the root.
    pub height: u8,
    /// Lines that only this segment keeps.
    pub own_lines: u64,
    /// Whether the step wrote the entry: it is new, or has another root than before.
    pub fresh: bool,
}

/// Whom a ring slot belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The NIC.
    Nic,
    /// The operating system.
    Os,
}

/// A ring's pointers as its side of the core tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointers {
    /// First slot's segment.
    pub base: u32,
    /// Number of slots.
    pub slots: u32,
    /// Head, a segment ID.
    pub head: u32,
    /// Tail, a segment ID.
    pub tail: u32,
    /// Slots that the NIC owns.
    pub owned_by_nic: u32,
}

/// A ring.
#[derive(Clone, Debug, PartialEq)]
pub struct Ring {
    /// Its pointers.
    pub pointers: Pointers,
    /// Whom each slot belongs to, from the base on.
    pub owners: Vec<Owner>,
}

impl Ring {
    /// The ring behind pointers: the NIC owns as many slots as they say, from Tail + 1 on.
    pub fn new(pointers: Pointers) -> Self {
        let first = pointers.tail + 1 - pointers.base;
        let owner = |slot: u32| {
            let behind = (slot + pointers.slots - first % pointers.slots) % pointers.slots;
            if behind < pointers.owned_by_nic { Owner::Nic } else { Owner::Os }
        };
        Self { pointers, owners: (0..pointers.slots).map(owner).collect() }
    }

    /// Segments of the slots that an owner has, in the ring's order.
    pub fn owned(&self, owner: Owner) -> Vec<u32> {
        let slots = self.owners.iter().zip(self.pointers.base..);
        slots.filter(|(other, _)| **other == owner).map(|(_, segment)| segment).collect()
    }

    /// Whether a segment is a slot of it.
    pub fn has(&self, segment: u32) -> bool {
        (self.pointers.base..self.pointers.base + self.pointers.slots).contains(&segment)
    }
}

/// What the step did, as the core counted it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines written, because no equal one was there.
    pub written: u64,
    /// Lines found by their content.
    pub found: u64,
    /// Segment map entries written.
    pub entries: u64,
    /// Lines held after the step.
    pub held: u64,
}

/// Everything at one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Bytes a line.
    pub line_size: u32,
    /// The segment map, by ID.
    pub segments: Vec<Segment>,
    /// Lines by PLID.
    pub lines: BTreeMap<u32, Line>,
    /// The ring, where there is one.
    pub ring: Option<Ring>,
    /// Frames that went over the wire so far.
    pub frames: Vec<Vec<u8>>,
    /// Payload bytes copied so far, where there is a ledger.
    pub copied: Option<u64>,
    /// What the step did.
    pub counts: Counts,
}

impl State {
    /// The segment of an ID.
    pub fn segment(&self, id: u32) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.id == id)
    }

    /// The root line of a segment; None if there are only zeros, or no such segment.
    pub fn root(&self, id: u32) -> Option<&Line> {
        self.lines.get(&self.segment(id)?.root)
    }

    /// All bytes of a segment, read through its lines.
    pub fn bytes(&self, id: u32) -> Vec<u8> {
        let Some(segment) = self.segment(id) else { return Vec::new() };
        let line = self.line_size as usize;
        let mut bytes = vec![0; (segment.length as usize).next_multiple_of(line)];
        let mut below: Vec<(&Line, usize)> = self.root(id).map(|root| (root, 0)).into_iter().collect();
        while let Some((node, first)) = below.pop() {
            if let (Some(content), Some(place)) =
                (node.content, bytes.get_mut(first * line..(first + 1) * line))
            {
                place.copy_from_slice(&content);
            }
            for (word, child) in node.children.iter().enumerate() {
                if let Some(child) = child.and_then(|plid| self.lines.get(&plid)) {
                    below.push((child, first + word * (line / 4).pow(u32::from(child.height))));
                }
            }
        }
        bytes.truncate(segment.length as usize);
        bytes
    }

    /// Lines of a segment, each with the leaf place at which it occurs first, in lines; parents first.
    pub fn places(&self, id: u32) -> Vec<(&Line, u64)> {
        let fan_out = u64::from(self.line_size / 4);
        let mut found: Vec<(&Line, u64)> = self.root(id).map(|root| (root, 0)).into_iter().collect();
        let mut next = 0;
        while let Some((line, first)) = found.get(next).copied() {
            for (word, child) in line.children.iter().enumerate() {
                if let Some(child) = child.and_then(|plid| self.lines.get(&plid))
                    && !found.iter().any(|(known, _)| known.plid == child.plid)
                {
                    found.push((child, first + word as u64 * fan_out.pow(u32::from(child.height))));
                }
            }
            next += 1;
        }
        found
    }
}

/// Looks at a memory step by step, and so knows what each step did.
#[derive(Default)]
pub(super) struct Observer {
    last: State,
    lines: Option<snapstack::memory::LineCounts>,
    entries: u64,
}

impl Observer {
    /// Forgets what was counted so far: what comes next is the first step.
    pub(super) fn begin(&mut self, memory: &Memory) {
        self.lines = Some(memory.line_counts());
        self.entries = memory.map_entries_written();
    }

    /// What the memory holds now, and what changed since the last look.
    pub(super) fn look(&mut self, memory: &Memory) -> Result<State, MemoryError> {
        let mut state = State { line_size: memory.line_size(), ..State::default() };
        for id in 0..=HIGHEST {
            let dag = match memory.dag(SegmentId(id), MAX_NODES) {
                Ok(dag) => dag,
                Err(MemoryError::UnknownSegment(_)) => continue,
                Err(error) => return Err(error),
            };
            let mut children = vec![vec![None; memory.fan_out() as usize]; dag.nodes.len()];
            for edge in &dag.edges {
                let child = dag.nodes[edge.child as usize].plid.0;
                children[edge.parent as usize][usize::from(edge.slot)] = Some(child);
            }
            for (node, children) in dag.nodes.iter().zip(children) {
                let line = Line {
                    plid: node.plid.0,
                    height: node.height,
                    references: node.references,
                    content: node.content,
                    hash: node.content.map_or(0, |bytes| xxh3_64(&bytes) as u32),
                    children: if node.content.is_some() { Vec::new() } else { children },
                    fresh: false,
                };
                state.lines.insert(line.plid, line);
            }
            let root = dag.nodes.first().map_or(0, |node| node.plid.0);
            state.segments.push(Segment {
                id,
                root,
                length: dag.length,
                height: dag.height,
                own_lines: memory.usage(SegmentId(id))?.exclusive.lines(),
                fresh: self
                    .last
                    .segment(id)
                    .is_none_or(|before| (before.root, before.length) != (root, dag.length)),
            });
        }
        for line in state.lines.values_mut() {
            let same = |before: &Line| (before.content, &before.children) == (line.content, &line.children);
            line.fresh = !self.last.lines.get(&line.plid).is_some_and(same);
        }
        let now = memory.line_counts();
        let counted = self.lines.map_or(now, |before| now.since(&before));
        state.counts = Counts {
            written: counted.new,
            found: counted.hits,
            entries: memory.map_entries_written() - self.entries,
            held: memory.live_lines(),
        };
        self.begin(memory);
        self.last = state.clone();
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nic_owns_what_lies_behind_tail_across_the_end_of_the_ring() {
        let pointers = Pointers { base: 100, slots: 8, head: 102, tail: 105, owned_by_nic: 4 };
        let ring = Ring::new(pointers);
        assert_eq!(ring.owned(Owner::Nic), [100, 101, 106, 107]);
        assert_eq!(ring.owned(Owner::Os), [102, 103, 104, 105]);
        let empty = Ring::new(Pointers { head: 100, tail: 107, owned_by_nic: 0, ..pointers });
        assert_eq!(empty.owned(Owner::Nic), [] as [u32; 0]);
    }
}
