//! Runs that have the same beginning: each was made from another by one change at a moment, and is kept beside it.

use snapstack::sim::Change;

use crate::engine::Spec;

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Its number, by creation.
    pub id: u32,
    /// The one that it was made from, and by which change at which position; None for the first.
    pub origin: Option<(u32, Change, u32)>,
    /// The run.
    pub spec: Spec,
    /// Digest of its result, once it is known.
    pub digest: Option<String>,
}

/// All of them: a tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Branches {
    all: Vec<Branch>,
    /// The one on screen.
    pub current: u32,
    /// The one whose curves are drawn beside it.
    pub compared: Option<u32>,
}

/// Most that are kept; the oldest that nothing was made from goes.
const KEPT: usize = 12;

impl Branches {
    /// A single run.
    pub fn new(spec: Spec) -> Self {
        let first = Branch { id: 0, origin: None, spec, digest: None };
        Self { all: vec![first], current: 0, compared: None }
    }

    /// All, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Branch> {
        self.all.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Never: there is always a run.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// One by its number.
    pub fn get(&self, id: u32) -> Option<&Branch> {
        self.all.iter().find(|branch| branch.id == id)
    }

    /// Goes to a run: to the branch that it is, or to a tree of its own.
    pub fn go_to(&mut self, spec: &Spec) {
        match self.all.iter().find(|branch| branch.spec == *spec) {
            Some(branch) => self.current = branch.id,
            None => *self = Self::new(spec.clone()),
        }
        self.compared = self.compared.filter(|id| *id != self.current);
    }

    /// Makes a branch from the current one by a change at a position, goes there, and compares the two. The same change at
    /// the same place is the branch that is there.
    pub fn grow(&mut self, change: Change, at: u32) -> Spec {
        let (from, base) = (self.current, self.get(self.current).map(|branch| branch.spec.clone()));
        let mut spec = base.unwrap_or_default();
        spec.changes.push(change);
        let known = self.all.iter().find(|branch| branch.spec == spec).map(|branch| branch.id);
        self.current = known.unwrap_or_else(|| {
            let id = self.all.iter().map(|branch| branch.id + 1).max().unwrap_or(0);
            self.all.push(Branch { id, origin: Some((from, change, at)), spec: spec.clone(), digest: None });
            id
        });
        if self.all.len() > KEPT {
            self.drop_a_leaf(from);
        }
        self.compared = Some(from);
        spec
    }

    fn drop_a_leaf(&mut self, keep: u32) {
        let parents: Vec<u32> =
            self.all.iter().filter_map(|branch| branch.origin.as_ref().map(|origin| origin.0)).collect();
        let oldest = self.all.iter().position(|branch| {
            branch.origin.is_some()
                && ![self.current, keep].contains(&branch.id)
                && !parents.contains(&branch.id)
        });
        if let Some(index) = oldest {
            self.all.remove(index);
        }
    }

    /// The current one's result is known.
    pub fn finished(&mut self, digest: &str) {
        let current = self.current;
        if let Some(branch) = self.all.iter_mut().find(|branch| branch.id == current) {
            branch.digest = Some(digest.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_makes_a_branch_that_is_kept_beside_its_origin() {
        let mut branches = Branches::new(Spec::default());
        let lose = Change::Lose { from_peer: false, frame: 3 };
        let spec = branches.grow(lose, 40);
        assert_eq!(spec.changes, [lose]);
        assert_eq!((branches.current, branches.compared, branches.len()), (1, Some(0), 2));
        branches.finished("ab");
        assert_eq!(branches.get(1).unwrap().digest.as_deref(), Some("ab"));
        branches.go_to(&Spec::default());
        assert_eq!((branches.current, branches.compared), (0, None), "nothing is compared with itself");
        branches.grow(lose, 40);
        assert_eq!((branches.current, branches.len()), (1, 2), "the same change is the same branch");
        let other = Spec { changes: vec![Change::Lose { from_peer: true, frame: 1 }], ..Spec::default() };
        branches.go_to(&other);
        assert_eq!(branches.len(), 1, "another run is a tree of its own");
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let mut branches = Branches::new(Spec::default());
        for frame in 0..30 {
            branches.go_to(&Spec::default());
            branches.grow(Change::Lose { from_peer: false, frame }, frame);
        }
        assert_eq!(branches.len(), KEPT);
        assert_eq!(branches.iter().next().map(|branch| branch.id), Some(0));
        assert_eq!(branches.current, 30);
    }
}
