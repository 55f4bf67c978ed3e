//! Sorting and looking up without a copy of the standard library's sorts and trees for every type: a browser has to fetch
//! each copy.

/// Sorts by a number that each item has; those with equal numbers stay in their order.
pub fn sort_by_number<T>(list: &mut Vec<T>, number: impl FnMut(&T) -> u64) {
    let mut order: Vec<(u64, u32)> = list.iter().map(number).zip(0..).collect();
    sort(&mut order);
    let mut items: Vec<Option<T>> = std::mem::take(list).into_iter().map(Some).collect();
    list.extend(order.iter().filter_map(|(_, at)| items[*at as usize].take()));
}

/// The one sort of all types.
#[inline(never)]
fn sort(order: &mut [(u64, u32)]) {
    order.sort_unstable();
}

/// A map in a vector sorted by its keys, which are numbers: for few entries, or entries that mostly come in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberMap<V>(Vec<(u64, V)>);

impl<V> Default for NumberMap<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> NumberMap<V> {
    fn place(&self, key: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&key, |(key, _)| *key)
    }

    /// The value of a key.
    pub fn get(&self, key: u64) -> Option<&V> {
        self.place(key).ok().map(|at| &self.0[at].1)
    }

    /// The value of a key.
    pub fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        self.place(key).ok().map(|at| &mut self.0[at].1)
    }

    /// Gives a key a value; what it had goes.
    pub fn insert(&mut self, key: u64, value: V) {
        match self.place(key) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (key, value)),
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: u64) -> Option<V> {
        self.place(key).ok().map(|at| self.0.remove(at).1)
    }

    /// Takes all keys out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// All entries, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &V)> {
        self.0.iter().map(|(key, value)| (*key, value))
    }

    /// All values, in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sorting_by_number_is_a_stable_sort(mut list in prop::collection::vec((0u8..9, any::<u8>()), 0..40)) {
            let mut expected = list.clone();
            expected.sort_by_key(|(number, _)| *number);
            sort_by_number(&mut list, |(number, _)| u64::from(*number));
            prop_assert_eq!(list, expected);
        }

        #[test]
        fn a_number_map_is_a_map(steps in prop::collection::vec((any::<bool>(), 0u64..9, any::<u8>()), 0..60)) {
            let mut map = NumberMap::default();
            let mut expected = std::collections::BTreeMap::new();
            for (put, key, value) in steps {
                if put {
                    map.insert(key, value);
                    expected.insert(key, value);
                } else {
                    prop_assert_eq!(map.remove(key), expected.remove(&key));
                }
                prop_assert_eq!(map.get(key), expected.get(&key));
                prop_assert!(map.iter().eq(expected.iter().map(|(key, value)| (*key, value))));
            }
        }
    }
}
