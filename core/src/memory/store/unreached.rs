//! Lines that nothing leads to any more, though they are counted: those to which only lines that wait refer, directly or through
//! others (DESIGN.md 2.8: a waiting line keeps its children counted). They are live, and they are no part of what is held
//! (DESIGN.md section 5). The hardware knows nothing of this, so nothing here is an access.
//!
//! | operation | cost |
//! |---|---|
//! | a line begins to wait, or is found again while it waits | O(lines below it that change) |
//! | anything, without delayed free | a branch |

use super::{COUNT, DATA, Store, WAITING};

/// In place of a count: the line has died, and nothing had led to it before.
const DIED: u32 = u32::MAX;

impl Store {
    /// Whether it is known which lines are out of reach: only where lines may wait.
    #[inline(always)]
    pub(super) fn knows_reach(&self) -> bool {
        !self.unreached.is_empty()
    }

    /// Whether all references to a live line come from lines that nothing leads to.
    pub(super) fn is_unreached(&self, plid: u32) -> bool {
        let index = plid as usize - 1;
        let from = self.unreached.get(index).copied().unwrap_or(0);
        let word = self.peek_count(index as u32);
        from != 0 && word & WAITING == 0 && word & COUNT == from
    }

    /// Nothing leads to a line any more: those below it may be out of reach with it.
    pub(super) fn leave(&mut self, plid: u32) {
        let mut above = vec![plid];
        while let Some(plid) = above.pop() {
            for child in self.below(plid) {
                *self.unreached.write(child as usize - 1) += 1;
                if self.is_unreached(child) {
                    self.data_unreached += u64::from(self.peek_count(child - 1) & DATA != 0);
                    above.push(child);
                }
            }
        }
    }

    /// Something leads to a line again, and so to those below it.
    pub(super) fn reach(&mut self, plid: u32) {
        let mut above = vec![plid];
        while let Some(plid) = above.pop() {
            for child in self.below(plid) {
                if self.is_unreached(child) {
                    self.data_unreached -= u64::from(self.peek_count(child - 1) & DATA != 0);
                    above.push(child);
                }
                *self.unreached.write(child as usize - 1) -= 1;
            }
        }
    }

    /// A live line is about to gain a reference from something that is there.
    pub(super) fn gain(&mut self, plid: u32) {
        if self.is_unreached(plid) {
            self.data_unreached -= u64::from(self.peek_count(plid - 1) & DATA != 0);
            self.reach(plid);
        }
    }

    /// A live line has lost a reference from something that was there, and has others.
    pub(super) fn lose(&mut self, plid: u32) {
        if self.is_unreached(plid) {
            self.data_unreached += u64::from(self.peek_count(plid - 1) & DATA != 0);
            self.leave(plid);
        }
    }

    /// A line is about to lose a reference from one that nothing leads to.
    pub(super) fn lose_unreached(&mut self, plid: u32) {
        let dies = self.peek_count(plid - 1) & COUNT == 1;
        let from = self.unreached.write(plid as usize - 1);
        *from = if dies { DIED } else { *from - 1 };
    }

    /// Whether nothing led to a dead line before it died; asked once.
    pub(super) fn take_died_unreached(&mut self, plid: u32) -> bool {
        let died = self.unreached[plid as usize - 1] == DIED;
        if died {
            *self.unreached.write(plid as usize - 1) = 0;
            self.data_unreached -= u64::from(self.peek_count(plid - 1) & DATA != 0);
        }
        died
    }

    /// The children of a line, one for each reference.
    fn below(&self, plid: u32) -> impl Iterator<Item = u32> + use<> {
        let children = if self.line_tags(plid) == 0 { [0; 16] } else { self.children(plid) };
        children.into_iter().filter(|child| *child != 0)
    }
}
