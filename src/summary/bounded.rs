//! Rows for keys that come from logs: as many as a limit allows, and one overflow for the rest.
//!
//! Kept are the `LIMIT` smallest keys, and merging stays a monoid because of that choice. A key among the `LIMIT`
//! smallest of a union is among the `LIMIT` smallest of every part that holds it, as a part holds no more keys before
//! it than the union does. So no part has ever put a piece of a kept row into its overflow: a kept row is complete,
//! whatever the order and grouping, and the overflow is everything else. "The first to come" or "the most frequent"
//! have no such property.
//!
//! The key decides which order that is: for codes it is that of their numbers, because the vendor's are small.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::collections::btree_map::Iter;
use std::fmt::Debug;

use super::tally::Tally;

/// What is kept for one key.
pub trait Cell: Copy + Debug + Default + Eq + 'static {
    /// Takes in what `other` holds.
    fn merge(&mut self, other: &Self);

    /// The results in it.
    fn tally(&self) -> &Tally;
}

impl Cell for Tally {
    fn merge(&mut self, other: &Tally) {
        Tally::merge(self, other);
    }

    fn tally(&self) -> &Tally {
        self
    }
}

/// The cells of the `LIMIT` smallest keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bounded<K, V, const LIMIT: usize> {
    cells: BTreeMap<K, V>,
    /// The results of all other keys. What else a cell holds (how many files) cannot be added up over different keys.
    overflow: Tally,
}

// Not derived: a derive would ask for a default key.
impl<K, V, const LIMIT: usize> Default for Bounded<K, V, LIMIT> {
    fn default() -> Self {
        Bounded { cells: BTreeMap::new(), overflow: Tally::default() }
    }
}

impl<K: Ord, V: Cell, const LIMIT: usize> Bounded<K, V, LIMIT> {
    /// Adds `cell` to what is kept for `key`. `own` makes the key to keep, and is called only for a new one.
    pub(super) fn add<Q: Ord + ?Sized>(&mut self, key: &Q, cell: &V, own: impl FnOnce() -> K)
    where
        K: Borrow<Q>,
    {
        if let Some(present) = self.cells.get_mut(key) {
            present.merge(cell);
            return;
        }
        if self.cells.len() >= LIMIT {
            if self.cells.last_key_value().is_none_or(|(largest, _)| key > largest.borrow()) {
                self.overflow.merge(cell.tally());
                return;
            }
            if let Some((_, evicted)) = self.cells.pop_last() {
                self.overflow.merge(evicted.tally());
            }
        }
        self.cells.insert(own(), *cell);
    }

    /// Takes in all that `other` holds.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, cell) in other.cells {
            // The lookup needs the key and so does the insertion: `add` would have to clone it.
            match self.cells.get_mut(&key) {
                Some(present) => present.merge(&cell),
                None => {
                    self.cells.insert(key, cell);
                }
            }
        }
        self.overflow.merge(&other.overflow);
        while self.cells.len() > LIMIT {
            if let Some((_, evicted)) = self.cells.pop_last() {
                self.overflow.merge(evicted.tally());
            }
        }
    }

    /// Adds results whose key is known to be beyond the limit.
    pub(super) fn add_overflow(&mut self, tally: &Tally) {
        self.overflow.merge(tally);
    }

    pub(super) fn iter(&self) -> Iter<'_, K, V> {
        self.cells.iter()
    }

    pub(super) fn overflow(&self) -> &Tally {
        &self.overflow
    }

    /// How many keys are kept apart.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Time;

    type Three = Bounded<u8, Tally, 3>;

    fn filled(hits: &[(u8, Option<i64>)]) -> Three {
        let mut bounded = Three::default();
        for &(key, time) in hits {
            bounded.add(&key, &Tally::one(time.map(Time::from_nanoseconds)), || key);
        }
        bounded
    }

    fn merged(left: &Three, right: &Three) -> Three {
        let mut sum = left.clone();
        sum.merge(right.clone());
        sum
    }

    /// What the type promises, said without evictions: all rows first, then the cut.
    fn naive(hits: &[(u8, Option<i64>)]) -> Three {
        let mut all = BTreeMap::<u8, Tally>::new();
        for &(key, time) in hits {
            all.entry(key).or_default().add(time.map(Time::from_nanoseconds));
        }
        let mut expected = Three::default();
        for (rank, (key, tally)) in all.into_iter().enumerate() {
            if rank < 3 {
                expected.cells.insert(key, tally);
            } else {
                expected.overflow.merge(&tally);
            }
        }
        expected
    }

    fn hits() -> impl Strategy<Value = Vec<(u8, Option<i64>)>> {
        prop::collection::vec((0_u8..8, prop::option::of(-5_i64..5)), 0..24)
    }

    #[test]
    fn an_evicted_key_does_not_come_back() {
        // 9 is counted once, evicted by 1, and beyond the limit from then on.
        let bounded = filled(&[(9, None), (2, None), (3, None), (1, None), (9, None), (9, None)]);
        assert_eq!(
            bounded.iter().map(|(&key, tally)| (key, tally.count)).collect::<Vec<_>>(),
            [(1, 1), (2, 1), (3, 1)]
        );
        assert_eq!(bounded.overflow().count, 3);
    }

    proptest! {
        #[test]
        fn any_split_and_grouping_gives_the_naive_result(a in hits(), b in hits(), c in hits()) {
            let all = naive(&[a.clone(), b.clone(), c.clone()].concat());
            let (a, b, c) = (filled(&a), filled(&b), filled(&c));
            prop_assert_eq!(&merged(&merged(&a, &b), &c), &all);
            prop_assert_eq!(&merged(&a, &merged(&b, &c)), &all);
            prop_assert_eq!(&merged(&merged(&c, &a), &b), &all);
        }

        #[test]
        fn the_default_is_the_identity(a in hits()) {
            let a = filled(&a);
            prop_assert_eq!(&merged(&a, &Three::default()), &a);
            prop_assert_eq!(&merged(&Three::default(), &a), &a);
        }
    }
}
