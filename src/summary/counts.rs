//! Counts the results of one source, or of a part of one.

use super::key::{RowKey, Table as _};
use super::tally::Tally;
use crate::code::Key;
use crate::time::Stamp;

/// The results of one source, or of a part of one.
///
/// Parts of a source are merged here first, and only whole sources are added to a [`Summary`](super::Summary), which counts the
/// files in which each result occurs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts<K: RowKey = Key> {
    pub(super) rows: K::Table<Tally>,
    results_without_time: u64,
    results_without_zone: u64,
}

// Not derived, because a derive would require `K: Default`.
impl<K: RowKey> Default for Counts<K> {
    fn default() -> Self {
        Counts { rows: Default::default(), results_without_time: 0, results_without_zone: 0 }
    }
}

impl<K: RowKey> Counts<K> {
    /// Counts one result. `stamp` is the time of its line, or `None` if the line has no time that can be read.
    #[inline(always)]
    pub fn add(&mut self, key: &K, stamp: Option<Stamp>) {
        self.rows.add(key, &Tally::one(stamp.map(|stamp| stamp.time)));
        match stamp {
            None => self.results_without_time += 1,
            Some(stamp) if stamp.zone_is_assumed() => self.results_without_zone += 1,
            Some(_) => {}
        }
    }

    /// Adds the counts of another part of the source.
    pub fn merge(&mut self, other: Counts<K>) {
        self.rows.merge(other.rows);
        self.results_without_time += other.results_without_time;
        self.results_without_zone += other.results_without_zone;
    }

    /// Whether no result was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the approximate memory use of the counts in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.rows.size_bytes()
    }

    /// Returns the number of all results, including those beyond the limit.
    #[must_use]
    pub fn results(&self) -> u64 {
        self.rows.results()
    }

    /// Returns the number of results in lines without a time that can be read.
    #[must_use]
    pub fn results_without_time(&self) -> u64 {
        self.results_without_time
    }

    /// Returns the number of results in lines whose time has no zone.
    #[must_use]
    pub fn results_without_zone(&self) -> u64 {
        self.results_without_zone
    }

    /// Iterates over the rows in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (K, &Tally)> {
        self.rows.iter()
    }

    /// Returns the results that have no row, because there are more different numbers or names than
    /// [`NAMES_LIMIT`](super::NAMES_LIMIT). Returns `None` if every result has a row.
    #[must_use]
    pub fn overflow(&self) -> Option<Tally> {
        Some(self.rows.overflow()).filter(|overflow| !overflow.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::NAMES_LIMIT;
    use super::super::testing::{code, grouped_keys, hits, keys, name, stamp};
    use super::*;

    fn counted<K: RowKey>(hits: &[(K, Option<Stamp>)]) -> Counts<K> {
        let mut counts = Counts::default();
        for (key, stamp) in hits {
            counts.add(key, *stamp);
        }
        counts
    }

    fn merged<K: RowKey>(left: &Counts<K>, right: &Counts<K>) -> Counts<K> {
        let mut sum = left.clone();
        sum.merge(right.clone());
        sum
    }

    #[test]
    fn rows_come_in_the_order_of_their_keys() {
        let keys = [name("b"), code(256), code(255), code(0), code(-1), code(-7), name("a"), code(i32::MAX), code(21)];
        let counts = counted(&keys.clone().map(|key| (key, None)));

        let mut expected = keys.to_vec();
        expected.sort();
        assert_eq!(counts.iter().map(|(key, _)| key).collect::<Vec<_>>(), expected);
        assert_eq!(counts.results(), 9);
    }

    #[test]
    fn results_without_a_time_or_a_zone_are_counted_separately() {
        let counts =
            counted(&[(code(21), stamp(1, true)), (code(21), stamp(2, false)), (code(21), None), (code(4), None)]);
        assert_eq!(counts.results_without_time(), 2);
        assert_eq!(counts.results_without_zone(), 1);
        assert_eq!(counts.results(), 4);
    }

    #[test]
    fn names_and_odd_numbers_beyond_the_limit_are_counted_without_a_row() {
        let mut counts = Counts::default();
        // One more than the limit, both of names and of numbers. The smallest comes last.
        for number in (0..=i32::try_from(NAMES_LIMIT).unwrap()).rev() {
            counts.add(&code(1000 + number), None);
            counts.add(&name(&format!("{number:04}")), stamp(i64::from(number), true));
        }
        counts.add(&code(21), None);

        let keys: Vec<Key> = counts.iter().map(|(key, _)| key).collect();
        assert_eq!(keys.len(), 1 + 2 * NAMES_LIMIT);
        assert_eq!(keys[0], code(21));
        assert_eq!(keys[NAMES_LIMIT], code(1000 + 4095));
        assert_eq!(keys.last(), Some(&name("4095")));
        assert_eq!(counts.results(), 1 + 2 * 4097);
        let time = stamp(4096, true).map(|stamp| stamp.time);
        assert_eq!(counts.overflow(), Some(Tally { count: 2, first: time, last: time }));
    }

    #[test]
    fn spellings_of_a_name_have_one_row_with_the_one_that_sorts_first() {
        let spellings = ["New Text", "new text", "NEW TEXT", "New text"];
        for start in 0..spellings.len() {
            let hits: Vec<_> = (0..spellings.len()).map(|at| (name(spellings[(start + at) % 4]), None)).collect();
            for cut in 0..=hits.len() {
                let counts = merged(&counted(&hits[..cut]), &counted(&hits[cut..]));
                let rows: Vec<_> = counts.iter().map(|(key, tally)| (key.to_string(), tally.count)).collect();
                assert_eq!(rows, [("NEW TEXT".to_owned(), 4)]);
            }
        }
    }

    #[test]
    fn nothing_counted_is_empty() {
        let nothing = Counts::<Key>::default();
        assert_eq!((nothing.is_empty(), nothing.overflow()), (true, None));
        assert!(!counted(&[(code(0), None)]).is_empty());
        assert!(!counted(&[(name("x"), None)]).is_empty());
    }

    /// Checks the laws of a commutative monoid.
    fn holds_the_laws<K: RowKey>(hits: &[(K, Option<Stamp>)], cuts: (usize, usize)) -> Result<(), TestCaseError> {
        let (low, high) = (cuts.0.min(cuts.1).min(hits.len()), cuts.0.max(cuts.1).min(hits.len()));
        let whole = counted(hits);
        let (a, b, c) = (counted(&hits[..low]), counted(&hits[low..high]), counted(&hits[high..]));
        prop_assert_eq!(&merged(&merged(&a, &b), &c), &whole);
        prop_assert_eq!(&merged(&a, &merged(&b, &c)), &whole);
        prop_assert_eq!(&merged(&merged(&c, &b), &a), &whole);
        prop_assert_eq!(&merged(&whole, &Counts::default()), &whole);
        prop_assert_eq!(&merged(&Counts::default(), &whole), &whole);
        Ok(())
    }

    proptest! {
        #[test]
        fn any_split_of_the_hits_gives_the_same_counts(hits in hits(keys()), cuts in (0_usize..30, 0_usize..30)) {
            holds_the_laws(&hits, cuts)?;
        }

        #[test]
        fn any_split_of_grouped_hits_gives_the_same_counts(
            hits in hits(grouped_keys()),
            cuts in (0_usize..30, 0_usize..30),
        ) {
            holds_the_laws(&hits, cuts)?;
        }
    }
}
