//! Runs that have the same beginning: each was made from another by one change at a moment, and is kept beside it.

use snapstack::sim::Change;

use crate::spec::Spec;

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Its number, by creation.
    pub id: u32,
    /// The one that it was made from, and by which change at which position, 0 where only the change is known; None for the
    /// first.
    pub origin: Option<(u32, Change, u32)>,
    /// The run.
    pub spec: Spec,
    /// Digest of its result, once it is known.
    pub digest: Option<String>,
}

/// All of them: a tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Branches {
    /// Number of the tree.
    tree: u32,
    all: Vec<Branch>,
    /// The one on screen.
    pub current: u32,
    /// The one whose curves are drawn beside it.
    pub compared: Option<u32>,
}

/// Most that are kept; the oldest that nothing was made from goes.
const KEPT: usize = 12;

impl Branches {
    /// A single run, as tree number `tree`.
    pub fn new(spec: Spec, tree: u32) -> Self {
        let first = Branch { id: 0, origin: None, spec, digest: None };
        Self { tree, all: vec![first], current: 0, compared: None }
    }

    /// A run and those that it was made from, change by change, as tree number `tree`.
    pub fn of(spec: &Spec, tree: u32) -> Self {
        let mut branches = Self::new(Spec { changes: Vec::new(), ..spec.clone() }, tree);
        branches.reach(spec);
        branches
    }

    /// Goes to a run, if it is one of these or made from one of these by changes, and there is room.
    pub fn enter(&mut self, spec: &Spec) -> bool {
        self.go_to(spec) || self.len() + spec.changes.len() <= KEPT && self.reach(spec)
    }

    /// Whether a run is not one of these, and is made from one of these by changes for which there is no room.
    pub fn has_no_room(&self, spec: &Spec) -> bool {
        let base = |other: &Spec| (&other.config, other.schemes) == (&spec.config, spec.schemes);
        let made = |branch: &Branch| base(&branch.spec) && spec.changes.starts_with(&branch.spec.changes);
        self.len() > 1
            && self.len() + spec.changes.len() > KEPT
            && self.all.iter().any(made)
            && self.all.iter().all(|branch| branch.spec != *spec)
    }

    /// Goes to a run that is one of these, or made from one of these by the last of its changes.
    fn reach(&mut self, spec: &Spec) -> bool {
        let mut base = spec.clone();
        if self.go_to(spec) {
            return true;
        }
        let Some(change) = base.changes.pop().filter(|_| self.reach(&base)) else { return false };
        let id = self.next();
        self.add(id, (self.current, change, 0));
        self.current = id;
        true
    }

    /// Number of the next branch.
    fn next(&self) -> u32 {
        self.all.iter().map(|branch| branch.id + 1).max().unwrap_or(0)
    }

    /// A branch's number among those of all trees.
    pub fn key(&self, id: u32) -> u64 {
        u64::from(self.tree) << 32 | u64::from(id)
    }

    /// Number of the tree.
    pub fn tree(&self) -> u32 {
        self.tree
    }

    /// Whether a number is that of a branch of this tree.
    pub fn holds(&self, key: u64) -> bool {
        (key >> 32) as u32 == self.tree
    }

    /// Whether another value of the same tree has all of these.
    pub fn is_part_of(&self, other: &Self) -> bool {
        self.tree == other.tree && self.all.iter().all(|branch| other.get(branch.id).is_some())
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

    /// Goes to a run, if it is one of these.
    pub fn go_to(&mut self, spec: &Spec) -> bool {
        let Some(branch) = self.all.iter().find(|branch| branch.spec == *spec) else { return false };
        self.current = branch.id;
        self.compared = self.compared.filter(|id| *id != self.current);
        true
    }

    /// Takes a branch in that was made from another one, which is there.
    pub fn add(&mut self, id: u32, (from, change, at): (u32, Change, u32)) {
        if let Some(mut spec) = self.get(from).map(|branch| branch.spec.clone()) {
            spec.changes.push(change);
            self.all.push(Branch { id, origin: Some((from, change, at)), spec, digest: None });
        }
    }

    /// Makes a branch from the current one by a change at a position, goes there, and compares the two. The same change at
    /// the same place is the branch that is there. The run, and the number of the branch that had to go for it.
    pub fn grow(&mut self, change: Change, at: u32) -> (Spec, Option<u32>) {
        let (from, base) = (self.current, self.get(self.current).map(|branch| branch.spec.clone()));
        let mut spec = base.unwrap_or_default();
        spec.changes.push(change);
        if !self.go_to(&spec) {
            self.current = self.next();
            self.add(self.current, (from, change, at));
        }
        self.compared = Some(from);
        let dropped = if self.all.len() > KEPT { self.drop_a_leaf(from) } else { None };
        (spec, dropped)
    }

    fn drop_a_leaf(&mut self, keep: u32) -> Option<u32> {
        let parents: Vec<u32> =
            self.all.iter().filter_map(|branch| branch.origin.as_ref().map(|origin| origin.0)).collect();
        let oldest = self.all.iter().position(|branch| {
            branch.origin.is_some()
                && ![self.current, keep].contains(&branch.id)
                && !parents.contains(&branch.id)
        });
        oldest.map(|index| self.all.remove(index).id)
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
        let mut branches = Branches::new(Spec::default(), 3);
        let lose = Change::Lose { from_peer: false, frame: 3 };
        let (spec, dropped) = branches.grow(lose, 40);
        assert_eq!((&spec.changes[..], dropped), (&[lose][..], None));
        assert_eq!((branches.current, branches.compared, branches.len()), (1, Some(0), 2));
        assert!(branches.holds(branches.key(1)) && !Branches::new(spec, 4).holds(branches.key(1)));
        branches.finished("ab");
        assert_eq!(branches.get(1).unwrap().digest.as_deref(), Some("ab"));
        assert!(branches.go_to(&Spec::default()));
        assert_eq!((branches.current, branches.compared), (0, None), "nothing is compared with itself");
        branches.grow(lose, 40);
        assert_eq!((branches.current, branches.len()), (1, 2), "the same change is the same branch");
        let other = Spec { changes: vec![Change::Lose { from_peer: true, frame: 1 }], ..Spec::default() };
        assert!(!branches.go_to(&other) && branches.len() == 2, "another run is none of them");
    }

    #[test]
    fn a_run_with_changes_stands_among_those_that_it_was_made_from() {
        let lose = |frame| Change::Lose { from_peer: false, frame };
        let with =
            |frames: &[u32]| Spec { changes: frames.iter().copied().map(lose).collect(), ..Spec::default() };
        let mut branches = Branches::of(&with(&[3, 4]), 1);
        let origins: Vec<_> = branches.iter().map(|branch| branch.origin).collect();
        assert_eq!(origins, [None, Some((0, lose(3), 0)), Some((1, lose(4), 0))]);
        assert_eq!((branches.current, &branches.get(2).unwrap().spec), (2, &with(&[3, 4])));
        assert!(branches.enter(&with(&[3, 5])));
        assert_eq!((branches.current, branches.get(3).unwrap().origin), (3, Some((1, lose(5), 0))));
        assert!(branches.enter(&Spec::default()) && branches.current == 0);
        let other = Spec { schemes: [snapstack::buffers::Scheme::SkBuff; 2], ..with(&[3]) };
        let before = branches.clone();
        assert!(!branches.enter(&other));
        assert_eq!(branches, before);
        let many: Vec<u32> = (0..32).collect();
        assert!(!branches.has_no_room(&with(&[8])) && !branches.has_no_room(&Spec::default()));
        assert!(
            branches.has_no_room(&with(&many))
                && !branches.has_no_room(&Spec { changes: with(&many).changes, ..other })
        );
        assert!(!branches.enter(&with(&many)), "a tree has no room for all changes that a link may carry");
        assert_eq!(Branches::of(&with(&many), 2).len(), 33, "and one of their own has");
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for_and_the_one_that_goes_is_named() {
        let mut branches = Branches::new(Spec::default(), 0);
        let mut went = Vec::new();
        for frame in 0..30 {
            branches.go_to(&Spec::default());
            went.extend(branches.grow(Change::Lose { from_peer: false, frame }, frame).1);
        }
        assert_eq!((branches.len(), branches.current), (KEPT, 30));
        assert_eq!(branches.iter().next().map(|branch| branch.id), Some(0));
        assert_eq!(went, (1..=19).collect::<Vec<_>>());
    }
}
