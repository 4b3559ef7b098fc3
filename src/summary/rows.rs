//! The table for plain codes and names: an array for the codes that the vendor may use, and bounded maps for everything else.
//!
//! Invariant: the array exists only if one of its codes has a result, so tables with equal contents are equal.

use super::NAMES_LIMIT;
use super::bounded::{Bounded, RowValue};
use super::key::{RowKey, Table};
use super::tally::Tally;
use crate::code::{Code, Key};

/// The length of the array, for the codes 0 to 255. The vendor's codes end at 145. On the hot path, an array costs an index and
/// no search.
const DENSE_LEN: usize = 256;

/// Maps codes and names to values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<V> {
    /// The values of the first [`DENSE_LEN`] codes. Allocated for the first result, because most sources have none.
    dense: Option<Box<[V]>>,
    /// The values of all other codes.
    numbers: Bounded<Code, V, NAMES_LIMIT>,
    /// The values of results without a code.
    names: Bounded<Key, V, NAMES_LIMIT>,
}

impl<V> Default for Rows<V> {
    fn default() -> Self {
        Rows { dense: None, numbers: Bounded::default(), names: Bounded::default() }
    }
}

impl<V: RowValue> Rows<V> {
    /// Adds a value if the array does not exist yet, or if the key is not in the array.
    // Not inlined, because the array would be created on the stack of the caller.
    #[inline(never)]
    fn add_apart(&mut self, key: &Key, value: &V) {
        match key.code().and_then(dense_index) {
            Some(index) => self.dense.get_or_insert_with(|| vec![V::default(); DENSE_LEN].into())[index].merge(value),
            None => self.add_bounded(key, value),
        }
    }

    /// Adds results that get no row to the overflow.
    pub(super) fn add_without_row(&mut self, tally: &Tally) {
        self.names.add_overflow(tally);
    }

    /// Adds a value to the map for numbers or to the map for names.
    fn add_bounded(&mut self, key: &Key, value: &V) {
        match key {
            Key::Code(code) => self.numbers.add(code, value),
            Key::Name(_) => self.names.add(key, value),
        }
    }
}

impl<V: RowValue> Table<Key, V> for Rows<V> {
    #[inline(always)]
    fn add(&mut self, key: &Key, value: &V) {
        match (key.code().and_then(dense_index), &mut self.dense) {
            (Some(index), Some(dense)) => dense[index].merge(value),
            _ => self.add_apart(key, value),
        }
    }

    fn merge(&mut self, other: Self) {
        match (&mut self.dense, other.dense) {
            (Some(mine), Some(theirs)) => {
                for (value, other) in mine.iter_mut().zip(theirs.iter()) {
                    value.merge(other);
                }
            }
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
        self.numbers.merge(other.numbers);
        self.names.merge(other.names);
    }

    fn add_overflow<W: RowValue>(&mut self, other: &<Key as RowKey>::Table<W>) {
        self.numbers.add_overflow(other.numbers.overflow());
        self.names.add_overflow(other.names.overflow());
    }

    fn iter(&self) -> impl Iterator<Item = (Key, &V)> {
        let number = |(&code, value)| (Key::Code(code), value);
        let negative = self.numbers.iter().take_while(|(code, _)| code.0 < 0).map(number);
        let dense = self.dense.iter().flat_map(|values| (0..).zip(values.iter()));
        let dense =
            dense.filter(|(_, value)| !value.tally().is_empty()).map(|(code, value)| (Key::Code(Code(code)), value));
        let large = self.numbers.iter().skip_while(|(code, _)| code.0 < 0).map(number);
        let names = self.names.iter().map(|(name, value)| (name.clone(), value));
        negative.chain(dense).chain(large).chain(names)
    }

    fn size_bytes(&self) -> usize {
        /// The approximate size of a key, its value, and its share of the map.
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

/// Returns the index of a code in the array, or `None` if the code is not in the array.
#[inline]
fn dense_index(code: Code) -> Option<usize> {
    usize::try_from(code.0).ok().filter(|&index| index < DENSE_LEN)
}
