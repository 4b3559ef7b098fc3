//! What a row is about: a code alone, or a code within a group such as a host.
//!
//! The kind of key decides in which [`Table`] the cells of its rows lie, so that plain codes keep their array whatever else rows
//! can be about.

use std::fmt::Debug;

use super::bounded::Cell;
use super::rows::Rows;
use super::tally::Tally;
use crate::code::Key;

/// What a row of a summary is about. Rows are listed in the order of their keys.
pub trait RowKey: Clone + Debug + Ord {
    /// Where the cells of such rows lie.
    type Table<V: Cell>: Table<Self, V>;
}

impl RowKey for Key {
    type Table<V: Cell> = Rows<V>;
}

/// Cells by key, and a commutative monoid like everything that is made of them.
pub trait Table<K: RowKey, V: Cell>: Clone + Debug + Default + Eq {
    /// Adds a cell, which holds a result, to the key's.
    fn add(&mut self, key: &K, cell: &V);

    /// Takes in all that `other` holds.
    fn merge(&mut self, other: Self);

    /// Adds the results that another table could not keep apart.
    fn add_overflow<W: Cell>(&mut self, other: &K::Table<W>);

    /// The keys with their cells, in the order of the keys.
    fn iter(&self) -> impl Iterator<Item = (K, &V)>;

    /// Whether there is no result in it. Results beyond the limit imply cells within it.
    fn is_empty(&self) -> bool;

    /// The memory that it takes, roughly, in bytes.
    fn size_bytes(&self) -> usize;

    /// The results whose key is beyond the limit.
    fn overflow(&self) -> Tally;

    /// All results.
    fn results(&self) -> u64 {
        self.iter().map(|(_, cell)| cell.tally().count).sum::<u64>() + self.overflow().count
    }
}
