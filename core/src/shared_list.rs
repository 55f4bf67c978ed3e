//! Lists whose clones share what neither side has written since: of a ring of thousands of slots, a state that is kept holds those
//! that change.

use std::ops::{Index, IndexMut};
use std::sync::Arc;

/// Items that a clone shares, or has of its own, together.
const GROUP: usize = 64;

/// A list in groups of 64 items. To clone it costs a count a group; so does the first write to a group that is shared, and a
/// clone of each of its items.
#[derive(Clone, Debug)]
pub struct SharedList<T> {
    groups: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T> Default for SharedList<T> {
    fn default() -> Self {
        Self { groups: Vec::new(), len: 0 }
    }
}

impl<T: Clone> SharedList<T> {
    /// A list of `len` clones of an item; they take the room of one group.
    pub fn filled(item: T, len: usize) -> Self {
        let group = Arc::new(vec![item; GROUP.min(len)]);
        let mut groups = vec![group; len.div_ceil(GROUP)];
        if let Some(last) = groups.last_mut()
            && len > GROUP
            && !len.is_multiple_of(GROUP)
        {
            Arc::make_mut(last).truncate(len % GROUP);
        }
        Self { groups, len }
    }

    /// Items.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an item behind all others.
    pub fn push(&mut self, item: T) {
        if self.len.is_multiple_of(GROUP) {
            self.groups.push(Arc::default());
        }
        if let Some(last) = self.groups.last_mut() {
            Arc::make_mut(last).push(item);
        }
        self.len += 1;
    }

    /// The item at an index.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.groups.get(index / GROUP)?.get(index % GROUP)
    }

    /// The item at an index, to be written.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        Arc::make_mut(self.groups.get_mut(index / GROUP)?).get_mut(index % GROUP)
    }

    /// All items, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// Bytes of this list that `other`, a clone at another time, does not share; beside the items themselves, an item holds
    /// what `beside` says of it and of the one at its place there.
    pub fn unshared(&self, other: &Self, beside: impl Fn(&T, Option<&T>) -> u64) -> u64 {
        let mut bytes = (size_of::<Arc<Vec<T>>>() * self.groups.len()) as u64;
        for (index, group) in self.groups.iter().enumerate() {
            let there = other.groups.get(index);
            if !there.is_some_and(|there| Arc::ptr_eq(group, there)) {
                let items = group.iter().enumerate();
                bytes += (size_of::<T>() * group.len()) as u64;
                bytes +=
                    items.map(|(at, item)| beside(item, there.and_then(|there| there.get(at)))).sum::<u64>();
            }
        }
        bytes
    }
}

impl<T> Index<usize> for SharedList<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        &self.groups[index / GROUP][index % GROUP]
    }
}

impl<T: Clone> IndexMut<usize> for SharedList<T> {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut Arc::make_mut(&mut self.groups[index / GROUP])[index % GROUP]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of the group that holds `list[at]`, and of the list of groups.
    fn one_group(list: &SharedList<u32>) -> u64 {
        4 * GROUP as u64 + 8 * list.groups.len() as u64
    }

    #[test]
    fn a_list_is_as_long_and_as_full_as_it_was_made() {
        for len in [0, 1, 63, 64, 65, 128, 1000] {
            let list = SharedList::filled(7u32, len);
            assert_eq!(list.len(), len);
            assert!((0..len).all(|at| list[at] == 7));
            assert_eq!(list.get(len), None);
        }
    }

    #[test]
    fn a_clone_keeps_what_is_written_on_the_other_side() {
        let mut list = SharedList::filled(1u32, 300);
        let kept = list.clone();
        assert_eq!(kept.unshared(&list, |_, _| 0), 8 * 5);
        list[130] = 2;
        assert_eq!((kept[130], list[130], list[131]), (1, 2, 1));
        assert_eq!(kept.unshared(&list, |_, _| 0), one_group(&kept));
        assert_eq!(kept.unshared(&list, |one, two| u64::from(Some(one) != two)), one_group(&kept) + 1);
    }

    #[test]
    fn a_list_grows_item_by_item() {
        let mut list = SharedList::default();
        for item in 0..200u32 {
            list.push(item);
            assert_eq!(list.len(), item as usize + 1);
        }
        let kept = list.clone();
        list.push(200);
        *list.get_mut(3).unwrap() = 9;
        assert_eq!((kept.len(), kept[3], list[3], list[200]), (200, 3, 9, 200));
    }
}
