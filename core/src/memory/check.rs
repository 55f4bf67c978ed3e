//! The invariant checker: names the broken rule of DESIGN.md section 2, with the line it was found on.

use std::collections::{HashMap, HashSet};

use super::dag::{self, Root};
use super::store::{Content, Tags};
use super::{Memory, MemoryConfig};

/// Longest segment in bytes that the checker rebuilds.
const REBUILT: u64 = 1 << 24;

/// A broken invariant, lettered as in DESIGN.md section 2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// (a) Two lines, live or waiting, are equal.
    #[error("(a) lines {0} and {1} hold the same content")]
    Equal(u32, u32),
    /// (b) A count differs from the references there are.
    #[error("(b) line {plid} counts {counted} references, there are {real}")]
    Count {
        /// The line.
        plid: u32,
        /// Its reference count.
        counted: u32,
        /// References from live and waiting lines and from map entries.
        real: u32,
    },
    /// (c) A line that is referred to is free.
    #[error("(c) line {0} is referred to and free")]
    Free(u32),
    /// (d) An interior line has no child: a zero sub-DAG that is not PLID 0.
    #[error("(d) line {0} stands for a zero sub-DAG")]
    Zero(u32),
    /// (e) Live, waiting and free lines do not add up to the capacity.
    #[error("(e) {live} live and {waiting} waiting lines counted, {found_live} and {found_waiting} found")]
    Capacity {
        /// Live lines by the counter.
        live: u64,
        /// Waiting lines by the counter.
        waiting: u64,
        /// Live lines found.
        found_live: u64,
        /// Waiting lines found.
        found_waiting: u64,
    },
    /// (b) The lines that are counted as held are not those that segments and cursors lead to.
    #[error("(b) {counted} data lines counted as held, {found} found")]
    Held {
        /// Held lines by the counter.
        counted: u64,
        /// Lines found.
        found: u64,
    },
    /// (f) A segment's DAG differs from the one its content builds.
    #[error("(f) segment {0} is not canonical")]
    Canonical(u32),
}

impl Memory {
    /// Checks invariants (a) to (f); (g), that a snapshot's bytes never change, is the caller's to hold against a model.
    /// Reads everything: O(lines + bytes of all segments).
    ///
    /// # Errors
    /// The first broken invariant.
    pub fn check(&mut self) -> Result<(), Broken> {
        let mut seen: HashMap<(Vec<u8>, Tags), u32> = HashMap::new();
        let mut counts: HashMap<u32, u32> = HashMap::new();
        let mut lines = Vec::new();
        self.store.for_each_line(|plid, count, waiting, tags| lines.push((plid, count, waiting, tags)));
        for (plid, _, _, tags) in &lines {
            let content = self.store.line(*plid).to_vec();
            if content.iter().all(|byte| *byte == 0) {
                return Err(Broken::Zero(*plid));
            }
            if let Some(other) = seen.insert((content, *tags), *plid) {
                return Err(Broken::Equal(other, *plid));
            }
            for i in (0..self.shape.fan_out()).filter(|i| tags & (1 << i) != 0) {
                *counts.entry(self.store.child(*plid, i)).or_default() += 1;
            }
        }
        for (_, entry) in self.map.iter().filter(|(_, entry)| entry.root.plid != 0) {
            *counts.entry(entry.root.plid).or_default() += 1;
        }
        for cursor in self.cursors.iter().flatten().filter(|cursor| cursor.root.plid != 0) {
            *counts.entry(cursor.root.plid).or_default() += 1;
        }
        let (mut found_live, mut found_waiting) = (0, 0);
        for (plid, count, waiting, _) in &lines {
            *if *waiting { &mut found_waiting } else { &mut found_live } += 1;
            let real = counts.remove(plid).unwrap_or(0);
            if real != *count {
                return Err(Broken::Count { plid: *plid, counted: *count, real });
            }
        }
        if let Some(plid) = counts.into_keys().min() {
            return Err(Broken::Free(plid));
        }
        let (live, waiting) = (self.store.live, self.store.waiting);
        if (live, waiting) != (found_live, found_waiting) {
            return Err(Broken::Capacity { live, waiting, found_live, found_waiting });
        }
        let (counted, found) = (self.held_data_lines(), self.find_held());
        if counted != found {
            return Err(Broken::Held { counted, found });
        }
        self.check_canonical()
    }

    /// Data lines that a segment or a cursor leads to.
    fn find_held(&self) -> u64 {
        let segments = self.map.iter().map(|(_, entry)| entry.root.plid);
        let mut above: Vec<u32> = segments.collect();
        above.extend(self.cursors.iter().flatten().map(|cursor| cursor.root.plid));
        let mut seen = HashSet::new();
        let mut data = 0;
        while let Some(plid) = above.pop() {
            if plid != 0 && seen.insert(plid) {
                data += u64::from(self.store.is_data(plid));
                let tags = self.store.line_tags(plid);
                let children = (0..self.shape.fan_out()).filter(|i| tags & (1 << i) != 0);
                above.extend(children.map(|i| self.store.child(plid, i)));
            }
        }
        data
    }

    /// Compares every segment's DAG line by line with one that is rebuilt from its content in a memory of its own. Content
    /// past the first [`REBUILT`] bytes is held against the rules of the form only: with (a) and (d) those say the same.
    fn check_canonical(&mut self) -> Result<(), Broken> {
        let segments: Vec<_> = self.map.iter().map(|(id, entry)| (id, *entry)).collect();
        // Looking is no access.
        let access = std::mem::take(&mut self.store.access);
        for (id, entry) in segments {
            let least = entry.root.height == self.shape.height_for(entry.length);
            if !least || dag::first_content(&mut self.store, entry.root, entry.length).is_some() {
                return Err(Broken::Canonical(id.0));
            }
            if entry.length > REBUILT {
                continue;
            }
            let mut bytes = vec![0; entry.length as usize];
            dag::read(&mut self.store, entry.root, 0, &mut bytes);
            let lines = self.shape.worst_case(entry.length);
            let config = MemoryConfig { line_size: self.line_size(), lines, ..MemoryConfig::default() };
            let rebuilt = Memory::new(config).and_then(|mut other| {
                let copy = other.create(&bytes, Content::Other)?;
                let root = other.entry(copy)?.root;
                Ok(root.height == entry.root.height && same(self, entry.root, &other, root))
            });
            if rebuilt != Ok(true) {
                return Err(Broken::Canonical(id.0));
            }
        }
        self.store.access = access;
        Ok(())
    }
}

/// Whether two DAGs of different memories have the same structure and content.
fn same(a: &Memory, x: Root, b: &Memory, y: Root) -> bool {
    if x.plid == 0 || y.plid == 0 {
        return x.plid == y.plid;
    }
    if x.height == 0 {
        return a.store.line(x.plid) == b.store.line(y.plid)
            && a.store.line_tags(x.plid) == 0
            && b.store.line_tags(y.plid) == 0;
    }
    a.store.line_tags(x.plid) == b.store.line_tags(y.plid)
        && (0..a.shape.fan_out()).all(|i| {
            let child = |memory: &Memory, root: Root| Root {
                plid: memory.store.child(root.plid, i),
                height: root.height - 1,
            };
            same(a, child(a, x), b, child(b, y))
        })
}
