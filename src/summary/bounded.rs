//! A map with a limit, for keys that come from logs. Results of keys beyond the limit are added up in one overflow.
//!
//! The map keeps the `LIMIT` smallest keys, because only then merging is a monoid. A key among the `LIMIT` smallest of a union is
//! also among the `LIMIT` smallest of every part that contains it, because fewer keys can precede it there. So no part has ever
//! added a result of a kept key to its overflow: the value of a kept key is complete, whatever the order and grouping of merges,
//! and the overflow is everything else. Keeping the first or the most frequent keys would not have this property.
//!
//! The type of the key defines the order. Codes are ordered by number, because the vendor's codes are small numbers.

use std::collections::BTreeMap;
use std::collections::btree_map::Iter;
use std::fmt::Debug;

use super::tally::Tally;
use crate::code::{Code, Key};

/// A key of a table. Equal keys may have several spellings, of which the table keeps the one that sorts first.
pub(super) trait BoundedKey: Clone + Ord {
    /// Whether the equal key `other` has a spelling that sorts after this one.
    fn is_better_spelled(&self, _other: &Self) -> bool {
        false
    }
}

impl BoundedKey for Code {}

impl BoundedKey for Key {
    fn is_better_spelled(&self, other: &Key) -> bool {
        Key::is_better_spelled(self, other)
    }
}

/// The value that a table stores for one key, such as a [`Tally`].
pub trait RowValue: Clone + Debug + Default + Eq + 'static {
    /// Adds the results in `other`, which has the same key.
    fn merge(&mut self, other: &Self);

    /// Returns the number of results, and their first and last time.
    fn tally(&self) -> &Tally;
}

impl RowValue for Tally {
    fn merge(&mut self, other: &Tally) {
        Tally::merge(self, other);
    }

    fn tally(&self) -> &Tally {
        self
    }
}

/// Maps the `LIMIT` smallest keys to their values, and adds up the results of all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bounded<K, V, const LIMIT: usize> {
    values: BTreeMap<K, V>,
    /// The results of all keys that are not kept. Only a tally, because other parts of a value, such as the number of files,
    /// cannot be added up over different keys.
    overflow: Tally,
}

// Not derived, because a derive would require `K: Default`.
impl<K, V, const LIMIT: usize> Default for Bounded<K, V, LIMIT> {
    fn default() -> Self {
        Bounded { values: BTreeMap::new(), overflow: Tally::default() }
    }
}

impl<K: BoundedKey, V: RowValue, const LIMIT: usize> Bounded<K, V, LIMIT> {
    /// Merges `value` into the value of `key`.
    pub(super) fn add(&mut self, key: &K, value: &V) {
        if let Some(present) = self.values.get_mut(key) {
            present.merge(value);
            return self.respell(key);
        }
        if self.values.len() >= LIMIT {
            if self.values.last_key_value().is_none_or(|(largest, _)| key > largest) {
                self.overflow.merge(value.tally());
                return;
            }
            if let Some((_, evicted)) = self.values.pop_last() {
                self.overflow.merge(evicted.tally());
            }
        }
        self.values.insert(key.clone(), value.clone());
    }

    /// Keeps the better spelling of a key that is there.
    fn respell(&mut self, key: &K) {
        if self.values.get_key_value(key).is_some_and(|(present, _)| key.is_better_spelled(present))
            && let Some(value) = self.values.remove(key)
        {
            self.values.insert(key.clone(), value);
        }
    }

    /// Adds the values and the overflow of `other`.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, value) in other.values {
            // Not `add`, which would have to clone the key.
            match self.values.get_mut(&key) {
                Some(present) => {
                    present.merge(&value);
                    self.respell(&key);
                }
                None => {
                    self.values.insert(key, value);
                }
            }
        }
        self.overflow.merge(&other.overflow);
        while self.values.len() > LIMIT {
            if let Some((_, evicted)) = self.values.pop_last() {
                self.overflow.merge(evicted.tally());
            }
        }
    }

    /// Adds results whose keys are already known to be beyond the limit.
    pub(super) fn add_overflow(&mut self, tally: &Tally) {
        self.overflow.merge(tally);
    }

    /// Calls `change` with the value of each kept key. It must not change the number of results.
    pub(super) fn for_each_value(&mut self, change: impl FnMut(&mut V)) {
        self.values.values_mut().for_each(change);
    }

    /// Iterates over the kept keys and their values, in the order of the keys.
    pub(super) fn iter(&self) -> Iter<'_, K, V> {
        self.values.iter()
    }

    /// Returns the results of all keys beyond the limit.
    pub(super) fn overflow(&self) -> &Tally {
        &self.overflow
    }

    /// Returns the number of keys that have their own value.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Time;

    impl BoundedKey for u8 {}

    type Three = Bounded<u8, Tally, 3>;

    fn filled(hits: &[(u8, Option<i64>)]) -> Three {
        let mut bounded = Three::default();
        for &(key, time) in hits {
            bounded.add(&key, &Tally::one(time.map(Time::from_nanoseconds)));
        }
        bounded
    }

    fn merged(left: &Three, right: &Three) -> Three {
        let mut sum = left.clone();
        sum.merge(right.clone());
        sum
    }

    /// Counts without a limit, and then keeps the smallest keys.
    fn naive(hits: &[(u8, Option<i64>)]) -> Three {
        let mut all = BTreeMap::<u8, Tally>::new();
        for &(key, time) in hits {
            all.entry(key).or_default().add(time.map(Time::from_nanoseconds));
        }
        let mut expected = Three::default();
        for (rank, (key, tally)) in all.into_iter().enumerate() {
            if rank < 3 {
                expected.values.insert(key, tally);
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
        // Key 9 is counted once, then evicted by key 1, and beyond the limit from then on.
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
