//! What a row is about: a code alone, or a code within a group such as a host.
//!
//! The kind of key decides in which [`Table`] the cells of its rows are stored. Thus plain codes keep their array, whatever else
//! rows can be about.

use std::fmt::Debug;

use super::bounded::Cell;
use super::rows::Rows;
use super::tally::Tally;
use crate::code::Key;

/// The key of a row in a summary. Rows are listed in the order of their keys.
pub trait RowKey: Clone + Debug + Ord {
    /// The table in which the cells of such rows are stored.
    type Table<V: Cell>: Table<Self, V>;
}

impl RowKey for Key {
    type Table<V: Cell> = Rows<V>;
}

/// A map from keys to cells, with a limit. It is a commutative monoid, like everything that is made of it.
pub trait Table<K: RowKey, V: Cell>: Clone + Debug + Default + Eq {
    /// Merges `cell`, which holds at least one result, into the cell of `key`.
    fn add(&mut self, key: &K, cell: &V);

    /// Adds everything in `other`.
    fn merge(&mut self, other: Self);

    /// Adds the results that have no cell of their own in another table, because of the limit.
    fn add_overflow<W: Cell>(&mut self, other: &K::Table<W>);

    /// Iterates over the keys and their cells, in the order of the keys.
    fn iter(&self) -> impl Iterator<Item = (K, &V)>;

    /// Whether it holds no result. It is enough to look at cells, because results go beyond the limit only after them.
    fn is_empty(&self) -> bool;

    /// Returns the approximate memory use in bytes.
    fn size_bytes(&self) -> usize;

    /// Returns the results that have no cell of their own, because of the limit.
    fn overflow(&self) -> Tally;

    /// Returns the number of all results.
    fn results(&self) -> u64 {
        self.iter().map(|(_, cell)| cell.tally().count).sum::<u64>() + self.overflow().count
    }
}
