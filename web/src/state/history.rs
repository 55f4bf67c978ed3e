//! Undo and redo of a value.

/// Most values that are kept.
const KEPT: usize = 100;

/// Values before and after the present one, which is not in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History<T> {
    past: Vec<T>,
    future: Vec<T>,
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self { past: Vec::new(), future: Vec::new() }
    }
}

impl<T: PartialEq> History<T> {
    /// The present value is about to be replaced by a new one.
    pub fn push(&mut self, present: T) {
        self.future.clear();
        self.past.push(present);
        if self.past.len() > KEPT {
            self.past.remove(0);
        }
    }

    /// The value before the present one, if there is one.
    pub fn back(&mut self, present: T) -> Option<T> {
        let before = self.past.pop()?;
        self.future.push(present);
        Some(before)
    }

    /// The value that was left by the last [`History::back`].
    pub fn forward(&mut self, present: T) -> Option<T> {
        let after = self.future.pop()?;
        self.past.push(present);
        Some(after)
    }

    /// Most values before and after it, oldest first: those that are kept for another visit.
    pub fn recent(&self, most: usize) -> (&[T], impl Iterator<Item = &T>) {
        (&self.past[self.past.len().saturating_sub(most)..], self.future.iter().rev().take(most))
    }

    /// The values before and after a present one, oldest first.
    pub fn restored(past: Vec<T>, mut future: Vec<T>) -> Self {
        future.reverse();
        Self { past, future }
    }

    /// What [`History::back`] would go to, or [`History::forward`].
    pub fn next(&self, forward: bool) -> Option<&T> {
        if forward { self.future.last() } else { self.past.last() }
    }

    /// Whether there is something before.
    pub fn has_past(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether there is something after.
    pub fn has_future(&self) -> bool {
        !self.future.is_empty()
    }
}
