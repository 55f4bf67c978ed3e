//! Two moments compared: which lines of a model are those of another one.

use super::forest::{ForestError, flag};
use super::model::Model;

/// How many lines two models have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// Lines of both.
    pub both: u32,
    /// Lines of the first one only.
    pub here: u32,
    /// Lines of the other one only.
    pub there: u32,
    /// Whether lines were left out of either: those are not compared.
    pub partial: bool,
}

impl Model {
    /// The same model with the lines marked as held at the other moment that `other` has, too, and how many there are.
    ///
    /// A PLID may name another line once its line was freed, so lines are the same only if they hold the same: leaves the
    /// same content, interior lines references to the same lines. O(lines + references, each times log lines).
    ///
    /// # Errors
    /// None that this model did not have itself.
    pub fn compared(&self, other: &Self) -> Result<(Self, Shares), ForestError> {
        let mut forest = self.forest().clone();
        let mut twins = vec![None; forest.lines.len()];
        let mut both = 0;
        for level in 0..self.levels() {
            for id in &self.row(level).ids {
                let line = self.line(*id);
                let twin = other.find(line.plid).filter(|twin| {
                    let there = other.line(*twin);
                    let (down, below) = (self.children(*id), other.children(*twin));
                    (there.height, there.hash) == (line.height, line.hash)
                        && down.len() == below.len()
                        && down
                            .iter()
                            .zip(below)
                            .all(|(a, b)| a.word == b.word && twins[a.child as usize] == Some(b.child))
                });
                let flags = &mut forest.lines[*id as usize].flags;
                *flags &= !flag::HELD;
                if twin.is_some() {
                    *flags |= flag::HELD;
                    both += 1;
                }
                twins[*id as usize] = twin;
            }
        }
        let partial = forest.left_out > 0 || other.forest().left_out > 0;
        let shares = Shares { both, here: self.lines() - both, there: other.lines() - both, partial };
        Ok((Self::new(forest)?, shares))
    }
}
