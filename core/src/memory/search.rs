//! Searches for what keeps a line alive (DESIGN.md 2.8), whole or in parts: they look at much, and who must hear something else
//! meanwhile looks at some of it at a time. As all inspection, they count no access.

use std::collections::HashMap;

use super::dag::Root;
use super::inspect::{Plid, Reach, Referrer};
use super::{Memory, SegmentId};

/// A search for everything that refers to a line directly, of a memory that stays as it is meanwhile.
///
/// The hardware keeps counts, not back references, so it looks at every line: O(capacity + segments) in all.
#[derive(Clone, Debug)]
pub struct ReferrerSearch {
    plid: Plid,
    /// Places for lines that were looked at.
    at: u32,
    found: Vec<Referrer>,
}

impl ReferrerSearch {
    /// A search that has found nothing yet.
    pub fn new(plid: Plid) -> Self {
        Self { plid, at: 0, found: Vec::new() }
    }

    /// Looks at up to `places` more places for lines; true once everything was looked at, the segment map last.
    pub fn work(&mut self, memory: &Memory, places: u32) -> bool {
        let Self { plid, at, found } = self;
        let all = u32::try_from(memory.store.capacity()).unwrap_or(u32::MAX);
        if memory.store.references(plid.0).is_none() || *at > all {
            return true;
        }
        let end = at.saturating_add(places).min(all);
        memory.store.for_each_line_in(*at..end, |line, _, waiting, _| {
            let words = memory.children(line).filter(|(_, child)| *child == plid.0);
            found.extend(words.map(|(word, _)| Referrer::Line { plid: Plid(line), word, waiting }));
        });
        *at = end;
        if end == all {
            found.extend(memory.roots().filter(|(_, root)| *root == plid.0).map(|(referrer, _)| referrer));
            *at = all.saturating_add(1);
        }
        end == all
    }

    /// What was found so far: words of interior lines by PLID and word, then segments, then open cursors by ID.
    pub fn found(&self) -> &[Referrer] {
        &self.found
    }
}

/// A search for every segment in whose DAG a line is, of a memory that stays as it is meanwhile.
///
/// Looks at each interior line above the line's height at most once, however many segments share it:
/// O(interior lines + segments + paths) in all.
#[derive(Clone, Debug)]
pub struct ReachSearch {
    plid: Plid,
    /// The next segment.
    next: u32,
    /// The child to go to for each line that was looked at, 0 if none leads on.
    ways: HashMap<u32, u32>,
    found: Vec<Reach>,
}

impl ReachSearch {
    /// A search that has found nothing yet.
    pub fn new(plid: Plid) -> Self {
        Self { plid, next: 0, ways: HashMap::new(), found: Vec::new() }
    }

    /// Looks at up to `segments` more segments; true once all were looked at.
    pub fn work(&mut self, memory: &Memory, segments: usize) -> bool {
        if memory.store.references(self.plid.0).is_none() {
            return true;
        }
        let target = Root { plid: self.plid.0, height: memory.height_of(self.plid.0) };
        let mut left = memory.map.iter_from(SegmentId(self.next));
        for (segment, entry) in left.by_ref().take(segments) {
            self.next = segment.0 + 1;
            let mut at = entry.root.plid;
            if memory.leads(entry.root, target, &mut self.ways) {
                let mut path = vec![Plid(at)];
                while at != target.plid {
                    at = self.ways[&at];
                    path.push(Plid(at));
                }
                self.found.push(Reach { segment, path });
            }
        }
        left.next().is_none()
    }

    /// What was found so far, by segment ID, each with the leftmost path to the line.
    pub fn found(&self) -> &[Reach] {
        &self.found
    }
}

impl Memory {
    /// Everything that refers to a line directly: words of interior lines by PLID and word, then segments, then open
    /// cursors by ID. Their number is the line's reference count. Empty for PLID 0, for a line that waits and for a PLID that names no line.
    ///
    /// O(capacity + segments): see [`ReferrerSearch`], which does it in parts.
    pub fn referrers(&self, plid: Plid) -> Vec<Referrer> {
        let mut search = ReferrerSearch::new(plid);
        while !search.work(self, u32::MAX) {}
        search.found
    }

    /// Every segment in whose DAG a line is, by segment ID, each with the leftmost path to the line: why it is alive.
    /// Empty for PLID 0 and for a line that no segment holds; lines that wait or cursors then hold it, if anything does
    /// ([`Memory::referrers`] names them).
    ///
    /// O(interior lines + segments + paths): see [`ReachSearch`], which does it in parts.
    pub fn reachable_from(&self, plid: Plid) -> Vec<Reach> {
        let mut search = ReachSearch::new(plid);
        while !search.work(self, usize::MAX) {}
        search.found
    }

    /// Height of a line above the leaves. All paths down from a line are equally long, so the first one tells.
    fn height_of(&self, mut plid: u32) -> u8 {
        let mut height = 0;
        while let Some((_, child)) = self.children(plid).next() {
            plid = child;
            height += 1;
        }
        height
    }

    /// Whether `target` is under `node`. `ways` keeps the child to go to for each line looked at, 0 if none leads on.
    /// Recursion is as deep as the DAG is high: 18 levels for the longest segment.
    fn leads(&self, node: Root, target: Root, ways: &mut HashMap<u32, u32>) -> bool {
        if node.plid == target.plid {
            return true;
        }
        if node.plid == 0 || node.height <= target.height {
            return false;
        }
        if let Some(way) = ways.get(&node.plid) {
            return *way != 0;
        }
        let height = node.height - 1;
        let way = self
            .children(node.plid)
            .find(|(_, plid)| self.leads(Root { plid: *plid, height }, target, ways))
            .map_or(0, |(_, plid)| plid);
        ways.insert(node.plid, way);
        way != 0
    }
}
