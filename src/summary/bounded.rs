//! A map for keys that come from logs: a limited number of cells, and one overflow for all other keys.
//!
//! The `LIMIT` smallest keys are kept, and that choice makes merging a monoid. A key among the `LIMIT` smallest of a union is also
//! among the `LIMIT` smallest of every part that contains it, because fewer keys can precede it there. No part has therefore ever
//! put a result of a kept key into its overflow: a kept cell is complete, whatever the order and grouping of merges, and the
//! overflow is everything else. The keys that came first, or are most frequent, would not have this property.
//!
//! The type of the key defines the order. For codes it is that of their numbers, because the vendor's are small.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::collections::btree_map::Iter;
use std::fmt::Debug;

use super::tally::Tally;

/// The value of one key.
pub trait Cell: Copy + Debug + Default + Eq + 'static {
    /// Adds the results in `other`.
    fn merge(&mut self, other: &Self);

    /// Returns the results.
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
    /// The results of all other keys. The rest of a cell, such as the number of files, cannot be added up over different keys.
    overflow: Tally,
}

// Not derived: a derive would ask for a default key.
impl<K, V, const LIMIT: usize> Default for Bounded<K, V, LIMIT> {
    fn default() -> Self {
        Bounded { cells: BTreeMap::new(), overflow: Tally::default() }
    }
}

impl<K: Ord, V: Cell, const LIMIT: usize> Bounded<K, V, LIMIT> {
    /// Merges `cell` into the cell of `key`. `own` makes an owned key, and is called only if there is no cell yet.
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

    /// Adds everything in `other`.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, cell) in other.cells {
            // `add` would have to clone the key, which is needed for the lookup and for the insertion.
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

    /// Adds results whose keys are known to be beyond the limit.
    pub(super) fn add_overflow(&mut self, tally: &Tally) {
        self.overflow.merge(tally);
    }

    /// Iterates over the kept keys and their cells, in order.
    pub(super) fn iter(&self) -> Iter<'_, K, V> {
        self.cells.iter()
    }

    /// Returns the results of all keys that are not kept.
    pub(super) fn overflow(&self) -> &Tally {
        &self.overflow
    }

    /// Returns how many keys are kept.
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

    /// Counts without a limit first, and then keeps the smallest keys.
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
