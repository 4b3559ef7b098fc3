//! A table for plain codes: an array for the codes that the vendor may use, and bounded maps for everything else.
//!
//! Invariant: the array exists only if one of its cells holds a result, so that tables with equal contents are equal.

use std::sync::Arc;

use super::NAMES_LIMIT;
use super::bounded::{Bounded, Cell};
use super::key::{RowKey, Table};
use super::tally::Tally;
use crate::code::{Code, Key};

/// The array holds the codes 0 to 255. The vendor's end at 145. On the hot path, an array costs an index and no search.
const DENSE_LEN: usize = 256;

/// Cells by plain key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<V> {
    /// The cells of the first [`DENSE_LEN`] codes. Allocated with the first result, because most sources have none.
    dense: Option<Box<[V]>>,
    numbers: Bounded<Code, V, NAMES_LIMIT>,
    names: Bounded<Arc<str>, V, NAMES_LIMIT>,
}

impl<V> Default for Rows<V> {
    fn default() -> Self {
        Rows { dense: None, numbers: Bounded::default(), names: Bounded::default() }
    }
}

impl<V: Cell> Rows<V> {
    /// Adds a cell when the array does not exist yet, or for a key that the array has no place for.
    // Not inlined, because the array would be made on the stack of the caller.
    #[inline(never)]
    fn add_apart(&mut self, key: &Key, cell: &V) {
        match key.code().and_then(dense_index) {
            Some(index) => self.dense.get_or_insert_with(|| vec![V::default(); DENSE_LEN].into())[index].merge(cell),
            None => self.add_bounded(key, cell),
        }
    }

    /// Adds results to those without a cell.
    pub(super) fn add_without_cell(&mut self, tally: &Tally) {
        self.names.add_overflow(tally);
    }

    /// Adds a cell to one of the maps.
    fn add_bounded(&mut self, key: &Key, cell: &V) {
        match key {
            Key::Code(code) => self.numbers.add(code, cell, || *code),
            Key::Name(name) => self.names.add(&**name, cell, || Arc::clone(name)),
        }
    }
}

impl<V: Cell> Table<Key, V> for Rows<V> {
    #[inline(always)]
    fn add(&mut self, key: &Key, cell: &V) {
        match (key.code().and_then(dense_index), &mut self.dense) {
            (Some(index), Some(dense)) => dense[index].merge(cell),
            _ => self.add_apart(key, cell),
        }
    }

    fn merge(&mut self, other: Self) {
        match (&mut self.dense, other.dense) {
            (Some(mine), Some(theirs)) => {
                for (cell, other) in mine.iter_mut().zip(theirs.iter()) {
                    cell.merge(other);
                }
            }
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
        self.numbers.merge(other.numbers);
        self.names.merge(other.names);
    }

    fn add_overflow<W: Cell>(&mut self, other: &<Key as RowKey>::Table<W>) {
        self.numbers.add_overflow(other.numbers.overflow());
        self.names.add_overflow(other.names.overflow());
    }

    fn iter(&self) -> impl Iterator<Item = (Key, &V)> {
        let number = |(&code, cell)| (Key::Code(code), cell);
        let negative = self.numbers.iter().take_while(|(code, _)| code.0 < 0).map(number);
        let dense = self.dense.iter().flat_map(|cells| (0..).zip(cells.iter()));
        let dense =
            dense.filter(|(_, cell)| !cell.tally().is_empty()).map(|(code, cell)| (Key::Code(Code(code)), cell));
        let large = self.numbers.iter().skip_while(|(code, _)| code.0 < 0).map(number);
        let names = self.names.iter().map(|(name, cell)| (Key::Name(Arc::clone(name)), cell));
        negative.chain(dense).chain(large).chain(names)
    }

    fn size_bytes(&self) -> usize {
        /// The approximate size of a key, its cell and its share of the map.
        const KEY_BYTES: usize = 200;
        let dense = self.dense.as_deref().map_or(0, size_of_val);
        size_of_val(self) + dense + KEY_BYTES * (self.numbers.len() + self.names.len())
    }

    fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    fn overflow(&self) -> Tally {
        let mut overflow = *self.numbers.overflow();
        overflow.merge(self.names.overflow());
        overflow
    }
}

/// Returns the index of a code in the array; `None` if it is not in the array.
#[inline]
fn dense_index(code: Code) -> Option<usize> {
    usize::try_from(code.0).ok().filter(|&index| index < DENSE_LEN)
}
