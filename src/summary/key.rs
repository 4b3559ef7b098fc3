//! The keys of rows: a plain code or name, or one within a group such as a host.
//!
//! The type of the key decides in which [`Table`] its rows are stored, so plain codes can use an array.

use std::fmt::Debug;

use super::bounded::RowValue;
use super::rows::Rows;
use super::tally::Tally;
use crate::code::Key;

/// The key of a row in a summary. Rows are listed in the order of their keys.
pub trait RowKey: Clone + Debug + Ord {
    /// The table that stores the values of rows with this type of key.
    type Table<V: RowValue>: Table<Self, V>;
}

impl RowKey for Key {
    type Table<V: RowValue> = Rows<V>;
}

/// A map from keys to values, with a limit on the number of keys. It is a commutative monoid, like everything that contains it.
pub trait Table<K: RowKey, V: RowValue>: Clone + Debug + Default + Eq {
    /// Merges `value`, which contains at least one result, into the value of `key`.
    fn add(&mut self, key: &K, value: &V);

    /// Adds the rows and the overflow of another table.
    fn merge(&mut self, other: Self);

    /// Adds the overflow of another table: results that have no row there because of the limit.
    fn add_overflow<W: RowValue>(&mut self, other: &K::Table<W>);

    /// Iterates over the keys and their values, in the order of the keys.
    fn iter(&self) -> impl Iterator<Item = (K, &V)>;

    /// Whether the table contains no results. Rows show this, because results only overflow once there are rows.
    fn is_empty(&self) -> bool;

    /// Returns the approximate memory use of the table in bytes.
    fn size_bytes(&self) -> usize;

    /// Returns the overflow: the results that have no row because of the limit.
    fn overflow(&self) -> Tally;

    /// Returns the number of all results, including the overflow.
    fn results(&self) -> u64 {
        self.iter().map(|(_, value)| value.tally().count).sum::<u64>() + self.overflow().count
    }
}
