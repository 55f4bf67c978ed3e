//! Checkpoints: states of the whole memory that it can go back to (DESIGN.md section 6).
//!
//! A checkpoint keeps what changed, not what is: the arrays keep old values of their own ([`super::tracked`]), and the
//! little that is no array is cloned. The checkpoints form a tree, because one can go back and on from there:
//!
//! ```text
//! a --- b --- c            checkpoint a, b, c; restore b; run on; checkpoint d:
//!        \
//!         d --- (now)      a, b, c and d can all be restored, in any order
//! ```
//!
//! | operation | cost |
//! |---|---|
//! | [`Memory::checkpoint`] | O(blocks changed since the last one + open cursors); the first one also a bit a block |
//! | [`Memory::restore`] | O(blocks changed between the two states) |
//! | [`Memory::drop_checkpoint`] | O(blocks of the neighbouring differences x log) |
//! | every write to memory | a branch without checkpoints; a bit with them, and a copy at the first write to a block |

use super::admission::Admission;
use super::cursor::Cursor;
use super::protection::Guard;
use super::tracked::Versioned;
use super::{Memory, MemoryError, map, store};
use crate::order::NumberMap;

/// A checkpoint of one memory. Its number is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CheckpointId(pub u64);

impl std::fmt::Display for CheckpointId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a memory has beside the arrays of its store and its map.
#[derive(Clone)]
struct Rest {
    store: store::Rest,
    map: map::Rest,
    cursors: Vec<Option<Cursor>>,
    guard: Guard,
    admission: Admission,
}

#[derive(Clone)]
struct Node {
    parent: Option<u64>,
    children: u32,
    /// None: dropped, and kept only because the state or other checkpoints come from it.
    rest: Option<Rest>,
}

/// All checkpoints of a memory.
#[derive(Clone, Default)]
pub(super) struct Tree {
    nodes: NumberMap<Node>,
    /// The checkpoint that the present state has come from.
    current: u64,
    next: u64,
}

impl Tree {
    /// The nodes from `from` up to the root.
    fn line_up(&self, from: u64) -> impl Iterator<Item = u64> {
        std::iter::successors(Some(from), |at| self.nodes.get(*at).and_then(|node| node.parent))
    }

    /// The edges from `from` to `to`, in order, each by its lower end.
    fn path(&self, from: u64, to: u64) -> Vec<u64> {
        let mut up: Vec<u64> = self.line_up(from).collect();
        let mut down: Vec<u64> = self.line_up(to).collect();
        while up.last().is_some() && up.last() == down.last() {
            up.pop();
            down.pop();
        }
        up.extend(down.into_iter().rev());
        up
    }

    fn only_child(&self, of: u64) -> Option<u64> {
        self.nodes.iter().find(|(_, node)| node.parent == Some(of)).map(|(id, _)| id)
    }

    fn remove(&mut self, id: u64) -> Option<u64> {
        let parent = self.nodes.remove(id)?.parent?;
        if let Some(node) = self.nodes.get_mut(parent) {
            node.children -= 1;
        }
        Some(parent)
    }
}

impl Memory {
    /// Every array whose changes are kept.
    fn each_array(&mut self, mut each: impl FnMut(&mut dyn Versioned)) {
        self.store.versioned().into_iter().for_each(&mut each);
        self.map.versioned().into_iter().for_each(&mut each);
    }

    /// Makes the present state one that can be restored.
    pub fn checkpoint(&mut self) -> CheckpointId {
        let id = self.checkpoints.next;
        self.checkpoints.next += 1;
        let parent = (!self.checkpoints.nodes.is_empty()).then_some(self.checkpoints.current);
        match parent {
            None => self.each_array(|array| array.start()),
            Some(_) => self.each_array(|array| array.seal(id)),
        }
        let rest = Rest {
            store: self.store.rest(),
            map: self.map.rest().clone(),
            cursors: self.cursors.clone(),
            guard: self.guard.clone(),
            admission: self.admission.clone(),
        };
        if let Some(node) = parent.and_then(|parent| self.checkpoints.nodes.get_mut(parent)) {
            node.children += 1;
        }
        self.checkpoints.nodes.insert(id, Node { parent, children: 0, rest: Some(rest) });
        self.checkpoints.current = id;
        CheckpointId(id)
    }

    /// Makes the state exactly what it was at a checkpoint, counters and caches included: the same operations then have
    /// the same results, down to the PLIDs. All checkpoints stay, earlier and later ones.
    ///
    /// # Errors
    /// [`MemoryError::UnknownCheckpoint`].
    pub fn restore(&mut self, id: CheckpointId) -> Result<(), MemoryError> {
        let node = self.checkpoints.nodes.get(id.0);
        let Some(rest) = node.and_then(|node| node.rest.clone()) else {
            return Err(MemoryError::UnknownCheckpoint(id));
        };
        let from = self.checkpoints.current;
        let path = self.checkpoints.path(from, id.0);
        self.each_array(|array| {
            array.undo();
            path.iter().for_each(|edge| array.cross(*edge));
        });
        let Rest { store, map, cursors, guard, admission } = rest;
        self.store.set_rest(store);
        self.map.set_rest(map);
        self.cursors = cursors;
        self.guard = guard;
        self.admission = admission;
        self.checkpoints.current = id.0;
        self.prune(from);
        Ok(())
    }

    /// Forgets a checkpoint, and what is kept only for it.
    ///
    /// # Errors
    /// [`MemoryError::UnknownCheckpoint`].
    pub fn drop_checkpoint(&mut self, id: CheckpointId) -> Result<(), MemoryError> {
        let node = self.checkpoints.nodes.get_mut(id.0);
        if node.and_then(|node| node.rest.take()).is_none() {
            return Err(MemoryError::UnknownCheckpoint(id));
        }
        self.prune(id.0);
        Ok(())
    }

    /// Heap bytes that all checkpoints together hold: what differs between them and the present state, and a bit for
    /// every block of the memory. 0 without checkpoints.
    pub fn checkpoint_bytes(&mut self) -> u64 {
        let mut bytes = 0;
        self.each_array(|array| bytes += array.bytes());
        let rests = self.checkpoints.nodes.values().filter_map(|node| node.rest.as_ref());
        let rest = |rest: &Rest| {
            let cursors: u64 = rest.cursors.iter().flatten().map(Cursor::bytes).sum();
            size_of::<Rest>() as u64 + rest.store.bytes() + rest.map.bytes() + cursors
        };
        bytes + rests.map(rest).sum::<u64>()
    }

    /// Of these, bytes of what changed since the last checkpoint; they become fewer with the next one.
    pub fn pending_checkpoint_bytes(&mut self) -> u64 {
        let mut bytes = 0;
        self.each_array(|array| bytes += array.pending());
        bytes
    }

    /// Takes nodes that nobody needs out of the tree, from `id` upwards.
    fn prune(&mut self, id: u64) {
        let mut next = Some(id);
        while let Some(id) = next {
            let Some(node) = self.checkpoints.nodes.get(id) else { return };
            if node.rest.is_some() {
                return;
            }
            let (parent, children) = (node.parent, node.children);
            let current = self.checkpoints.current;
            match (children, parent) {
                (0, None) => self.each_array(|array| array.stop()),
                (0, Some(parent)) if id == current => {
                    self.each_array(|array| array.adopt(id));
                    self.checkpoints.current = parent;
                }
                (0, Some(_)) => self.each_array(|array| array.forget(id)),
                (1, _) if id != current => {
                    self.bypass(id, parent);
                    return;
                }
                // Others have come from it, or it is where the state has come from: it stays until they go.
                _ => return,
            }
            next = self.checkpoints.remove(id);
        }
    }

    /// Takes a node with one child, and not the present one, out of the tree.
    fn bypass(&mut self, id: u64, parent: Option<u64>) {
        let Some(child) = self.checkpoints.only_child(id) else { return };
        let below = self.checkpoints.line_up(self.checkpoints.current).any(|at| at == child);
        match parent {
            // The state has come from below: beyond the root there is nothing to go to.
            None => self.each_array(|array| array.forget(child)),
            Some(_) if below => self.each_array(|array| array.join(child, id, child)),
            Some(_) => self.each_array(|array| array.join(id, child, child)),
        }
        self.checkpoints.remove(id);
        if let Some(node) = self.checkpoints.nodes.get_mut(child) {
            node.parent = parent;
        }
        if let Some(node) = parent.and_then(|parent| self.checkpoints.nodes.get_mut(parent)) {
            node.children += 1;
        }
    }
}
