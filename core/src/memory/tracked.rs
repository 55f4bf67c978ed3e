//! Tracked vectors: arrays that keep the old value of what changes, so that checkpoints need not copy what does not
//! (DESIGN.md section 6).
//!
//! An undo log was chosen over copy-on-write chunks: lines land where their hash says, so that changing 1 % of them
//! touches nearly every chunk of any size worth sharing, while the log holds just what changed: elements until the next
//! checkpoint, and from then on the words of them that differ ([`super::difference`]).
//!
//! ```text
//! now      the values                         what everybody reads
//! touched  one bit an element                 is its old value in `before`? No bits at all: nothing is tracked
//! before   the elements that changed          as they were at the checkpoint that the state has come from
//! edges    one difference for every pair      between a checkpoint and the one it came from, as seen from here:
//!          of neighbouring checkpoints        the values at the end that is farther away
//! ```
//!
//! | operation | cost |
//! |---|---|
//! | read | as in a vector |
//! | write | one branch while nothing is tracked; else one bit, and a copy at the first write since the checkpoint |
//! | seal | O(elements changed x log) |
//! | undo, cross | O(elements changed) |

use super::difference::{Difference, Value};
use crate::order::NumberMap;

/// Elements that were written, as they were, in the order in which that happened.
#[derive(Clone)]
struct Before<T> {
    at: Vec<u32>,
    values: Vec<T>,
}

impl<T> Default for Before<T> {
    fn default() -> Self {
        Self { at: Vec::new(), values: Vec::new() }
    }
}

impl<T: Copy> Before<T> {
    fn push(&mut self, at: u32, value: T) {
        self.at.push(at);
        self.values.push(value);
    }

    /// The places in these lists, in the order of the elements' indices.
    fn order(&self) -> Vec<u32> {
        let mut order: Vec<u64> =
            self.at.iter().zip(0..).map(|(at, place)| u64::from(*at) << 32 | place).collect();
        order.sort_unstable();
        order.into_iter().map(|key| key as u32).collect()
    }
}

/// A vector whose changes can be taken back. Behind its end lie default values without number: it grows by reading them,
/// and never shrinks.
#[derive(Clone)]
pub(super) struct Tracked<T: Value> {
    now: Vec<T>,
    touched: Vec<u64>,
    before: Before<T>,
    edges: NumberMap<Difference<T::Word>>,
}

impl<T: Value> Default for Tracked<T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<T: Value> From<Vec<T>> for Tracked<T> {
    fn from(now: Vec<T>) -> Self {
        Self { now, touched: Vec::new(), before: Before::default(), edges: NumberMap::default() }
    }
}

impl<T: Value> std::ops::Deref for Tracked<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.now
    }
}

impl<T: Value> Tracked<T> {
    /// Bytes of the values alone.
    pub(super) fn heap_bytes(&self) -> usize {
        self.now.capacity() * size_of::<T>()
    }

    /// Makes the vector at least `len` long.
    pub(super) fn grow(&mut self, len: usize) {
        if len > self.now.len() {
            self.now.resize(len, T::default());
            if !self.touched.is_empty() {
                self.touched.resize(words(len), 0);
            }
        }
    }

    /// An element to be written.
    #[inline(always)]
    pub(super) fn write(&mut self, at: usize) -> &mut T {
        if !self.touched.is_empty() {
            self.keep(at);
        }
        &mut self.now[at]
    }

    #[inline(never)]
    fn keep(&mut self, at: usize) {
        let bit = 1 << (at % 64);
        let word = &mut self.touched[at / 64];
        if *word & bit == 0 {
            *word |= bit;
            self.before.push(at as u32, self.now[at]);
        }
    }

    /// What changed since the checkpoint; from here on nothing has.
    fn take_before(&mut self) -> Before<T> {
        let before = std::mem::take(&mut self.before);
        for at in &before.at {
            self.touched[*at as usize / 64] = 0;
        }
        before
    }
}

/// Words of bits for `len` elements: at least one, which tells a tracked vector from others.
fn words(len: usize) -> usize {
    len.div_ceil(64).max(1)
}

/// What goes from one checkpoint to another. The checkpoints form a tree; an edge goes by the number of the checkpoint at
/// its lower end, and holds what is different at the end that is farther from the present state.
pub(super) trait Versioned {
    /// From here on changes are kept.
    fn start(&mut self);
    /// Nothing is kept any more, and what was is dropped.
    fn stop(&mut self);
    /// The present state becomes a checkpoint: what changed since the last one becomes the edge between them.
    fn seal(&mut self, edge: u64);
    /// Takes back what changed since the checkpoint.
    fn undo(&mut self);
    /// Goes from the nearer end of an edge to the other. Nothing may have changed since the checkpoint.
    fn cross(&mut self, edge: u64);
    /// Makes one edge of two that follow each other: `near` is the nearer one. It gets the number `name`.
    fn join(&mut self, near: u64, far: u64, name: u64);
    /// The checkpoint at the near end of `edge` goes: what changed since the one at its far end counts from there.
    fn adopt(&mut self, edge: u64);
    /// Drops an edge behind which nothing is needed any more.
    fn forget(&mut self, edge: u64);
    /// Bytes of what changed since the checkpoint: more than it takes once it is an edge.
    fn pending(&self) -> u64;
    /// Bytes that all this holds.
    fn bytes(&self) -> u64;
}

impl<T: Value> Versioned for Tracked<T> {
    fn start(&mut self) {
        self.touched = vec![0; words(self.now.len())];
    }

    fn stop(&mut self) {
        self.touched = Vec::new();
        self.before = Before::default();
        self.edges.clear();
    }

    fn seal(&mut self, edge: u64) {
        let before = self.take_before();
        let order = before.order();
        let at: Vec<u32> = order.iter().map(|place| before.at[*place as usize]).collect();
        let old: Vec<T> = order.iter().map(|place| before.values[*place as usize]).collect();
        self.edges.insert(edge, Difference::between(&at, &old, &self.now));
    }

    fn undo(&mut self) {
        let before = self.take_before();
        for (at, value) in before.at.iter().zip(&before.values) {
            self.now[*at as usize] = *value;
        }
    }

    fn cross(&mut self, edge: u64) {
        if let Some(difference) = self.edges.get_mut(edge) {
            *difference = difference.swap(&mut self.now);
        }
    }

    fn join(&mut self, near: u64, far: u64, name: u64) {
        let near = self.edges.remove(near).unwrap_or_default();
        let far = self.edges.remove(far).unwrap_or_default();
        // What is different only on the near edge is the same at both ends of the far one.
        self.edges.insert(name, far.over(&near));
    }

    fn adopt(&mut self, edge: u64) {
        let edge = self.edges.remove(edge).unwrap_or_default();
        let order = self.before.order();
        let mut known = order.iter().peekable();
        for part in edge.parts() {
            while known.next_if(|place| self.before.at[**place as usize] < part.at).is_some() {}
            if let Some(place) = known.next_if(|place| self.before.at[**place as usize] == part.at) {
                part.put(self.before.values[*place as usize].words_mut());
            } else {
                self.keep(part.at as usize);
                if let Some(value) = self.before.values.last_mut() {
                    part.put(value.words_mut());
                }
            }
        }
    }

    fn forget(&mut self, edge: u64) {
        self.edges.remove(edge);
    }

    fn pending(&self) -> u64 {
        (4 * self.before.at.capacity() + size_of::<T>() * self.before.values.capacity()) as u64
    }

    fn bytes(&self) -> u64 {
        let edges: u64 = self.edges.values().map(Difference::bytes).sum();
        8 * self.touched.capacity() as u64 + self.pending() + edges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// a --- b --- now, where b changes what a had changed: without b, going back still finds the values of a.
    #[test]
    fn adopted_changes_keep_the_older_value() {
        let mut array = Tracked::from(vec![0u8; 4]);
        array.start();
        *array.write(1) = 10;
        *array.write(2) = 20;
        array.seal(1);
        *array.write(1) = 11;
        *array.write(3) = 31;
        array.adopt(1);
        *array.write(2) = 22;
        array.undo();
        assert_eq!(*array, [0; 4]);
    }

    #[test]
    fn joined_edges_lead_to_the_far_end_from_either_side() {
        let mut array = Tracked::from(vec![0u8; 3]);
        array.start();
        *array.write(0) = 1;
        *array.write(1) = 1;
        array.seal(1);
        *array.write(1) = 2;
        *array.write(2) = 2;
        array.seal(2);
        array.join(2, 1, 2);
        array.cross(2);
        assert_eq!(*array, [0, 0, 0]);
        array.cross(2);
        assert_eq!(*array, [1, 2, 2]);
    }

    #[test]
    fn growth_is_taken_back_to_default_values() {
        let mut array: Tracked<u8> = Tracked::default();
        array.start();
        array.grow(100);
        *array.write(99) = 9;
        array.undo();
        assert!(array.iter().all(|value| *value == 0));
        array.stop();
        *array.write(5) = 5;
        assert_eq!(array.bytes(), 0);
    }
}
