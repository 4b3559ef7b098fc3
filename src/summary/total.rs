//! Adds up the counts of whole sources, for one run or several.

use super::bounded::RowValue;
use super::counts::Counts;
use super::key::{RowKey, Table as _};
use super::tally::Tally;
use crate::code::Key;

/// A row of a summary: all results with the same key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The number of results in the row, and their first and last time.
    pub tally: Tally,
    /// The number of sources that contain results of this row.
    pub files: u64,
    /// The number of machines that have results of this row, or 0 if the machines are not known.
    pub hosts: u64,
}

impl RowValue for Row {
    fn merge(&mut self, other: &Row) {
        self.tally.merge(&other.tally);
        self.files += other.files;
        self.hosts += other.hosts;
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// The totals of a run over all codes: files, bytes, and results without a time or zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// The number of sources that were read, with or without results.
    pub files_read: u64,
    /// The number of sources with at least one result.
    pub files_with_results: u64,
    /// The number of bytes that were scanned, after decompression.
    pub bytes: u64,
    /// The number of results in lines without a time that can be read.
    pub results_without_time: u64,
    /// The number of results in lines whose time has no zone.
    pub results_without_zone: u64,
}

impl Totals {
    fn merge(&mut self, other: Totals) {
        self.files_read += other.files_read;
        self.files_with_results += other.files_with_results;
        self.bytes += other.bytes;
        self.results_without_time += other.results_without_time;
        self.results_without_zone += other.results_without_zone;
    }
}

/// The totals of any number of whole sources. Summaries of different sources can be merged in any order.
///
/// # Examples
///
/// ```
/// use callcodes::code::{Code, Key};
/// use callcodes::summary::{Counts, Summary};
///
/// // Two files with one result each, counted on two machines.
/// let mut counts = Counts::default();
/// counts.add(&Key::Code(Code(21)), None);
/// let (mut one, mut other) = (Summary::default(), Summary::default());
/// one.add_source(&counts, 1_000);
/// other.add_source(&counts, 2_000);
///
/// one.merge(other);
/// assert_eq!((one.results(), one.totals().files_read, one.totals().bytes), (2, 2, 3_000));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary<K: RowKey = Key> {
    rows: K::Table<Row>,
    totals: Totals,
}

// Not derived, because a derive would require `K: Default`.
impl<K: RowKey> Default for Summary<K> {
    fn default() -> Self {
        Summary { rows: Default::default(), totals: Totals::default() }
    }
}

impl<K: RowKey> Summary<K> {
    /// Adds the counts of one whole source, which has `bytes` bytes. If it was counted in parts, these must be merged first;
    /// otherwise each part counts as a file.
    pub fn add_source(&mut self, counts: &Counts<K>, bytes: u64) {
        self.add_rows(counts);
        self.add_totals([counts].into_iter(), bytes);
    }

    /// Adds the counts of one whole source like [`Summary::add_source`], but `apart` to the rows of another summary, whose totals stay
    /// empty.
    pub(crate) fn add_divided_source(
        &mut self,
        counts: &Counts<K>,
        (other, apart): (&mut Self, &Counts<K>),
        bytes: u64,
    ) {
        self.add_rows(counts);
        other.add_rows(apart);
        self.add_totals([counts, apart].into_iter(), bytes);
    }

    fn add_rows(&mut self, counts: &Counts<K>) {
        for (key, tally) in counts.iter() {
            self.rows.add(&key, &Row { tally: *tally, files: 1, hosts: 0 });
        }
        self.rows.add_overflow(&counts.rows);
    }

    fn add_totals<'c>(&mut self, all: impl Iterator<Item = &'c Counts<K>> + Clone, bytes: u64)
    where
        K: 'c,
    {
        self.totals.merge(Totals {
            files_read: 1,
            files_with_results: u64::from(all.clone().any(|counts| !counts.is_empty())),
            bytes,
            results_without_time: all.clone().map(Counts::results_without_time).sum(),
            results_without_zone: all.map(Counts::results_without_zone).sum(),
        });
    }

    /// Creates a summary with these totals and without rows.
    pub(super) fn with_totals(totals: Totals) -> Summary<K> {
        Summary { rows: Default::default(), totals }
    }

    /// Merges `row` into the row of `key`.
    pub(super) fn add_row(&mut self, key: &K, row: &Row) {
        self.rows.add(key, row);
    }

    /// Adds the totals of other sources.
    pub fn merge(&mut self, other: Summary<K>) {
        self.rows.merge(other.rows);
        self.totals.merge(other.totals);
    }

    /// Iterates over the rows in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (K, &Row)> {
        self.rows.iter()
    }

    /// Returns the totals over all codes.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Whether no result was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the number of all results, including those beyond the limit.
    #[must_use]
    pub fn results(&self) -> u64 {
        self.rows.results()
    }

    /// Returns the results that have no row, because there are more different numbers or names than
    /// [`NAMES_LIMIT`](super::NAMES_LIMIT). Returns `None` if every result has a row. The number of files in which they occur is
    /// not known.
    #[must_use]
    pub fn overflow(&self) -> Option<Tally> {
        Some(self.rows.overflow()).filter(|overflow| !overflow.is_empty())
    }
}

impl Summary {
    /// Adds results that get no row, because there are too many codes and names.
    pub(super) fn add_overflow(&mut self, tally: &Tally) {
        self.rows.add_without_row(tally);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::NAMES_LIMIT;
    use super::super::testing::{GROUPED_LIMIT, Hits, code, grouped, grouped_keys, hits, keys, name, stamp};
    use super::*;

    fn summed<K: RowKey>(sources: &[(Hits<K>, u64)]) -> Summary<K> {
        let mut summary = Summary::default();
        for (hits, bytes) in sources {
            let mut counts = Counts::default();
            for (key, stamp) in hits {
                counts.add(key, *stamp);
            }
            summary.add_source(&counts, *bytes);
        }
        summary
    }

    fn merged<K: RowKey>(left: &Summary<K>, right: &Summary<K>) -> Summary<K> {
        let mut sum = left.clone();
        sum.merge(right.clone());
        sum
    }

    fn sources<K: RowKey>(key: impl Strategy<Value = K>) -> impl Strategy<Value = Vec<(Hits<K>, u64)>> {
        prop::collection::vec((hits(key), 0_u64..1000), 0..4)
    }

    #[test]
    fn a_source_counts_once_for_each_of_its_rows() {
        let summary = summed(&[
            (vec![(code(21), stamp(5, false)), (code(21), stamp(3, true)), (name("x"), None)], 100),
            (vec![], 20),
            (vec![(code(21), stamp(9, true))], 3),
        ]);
        let time = |second| stamp(second, true).map(|stamp| stamp.time);
        let rows: Vec<(Key, Row)> = summary.iter().map(|(key, row)| (key, *row)).collect();
        assert_eq!(
            rows,
            [
                (code(21), Row { tally: Tally { count: 3, first: time(3), last: time(9) }, files: 2, hosts: 0 }),
                (name("x"), Row { tally: Tally { count: 1, first: None, last: None }, files: 1, hosts: 0 }),
            ]
        );
        let totals = Totals {
            files_read: 3,
            files_with_results: 2,
            bytes: 123,
            results_without_time: 1,
            results_without_zone: 1,
        };
        assert_eq!((summary.totals(), summary.results()), (&totals, 4));
    }

    #[test]
    fn results_beyond_the_limit_of_one_source_are_counted() {
        let many: Hits = (0..NAMES_LIMIT + 2).map(|number| (name(&format!("{number:04}")), None)).collect();
        let summary = summed(&[(many, 1), (vec![(name("!"), None)], 1)]);
        // "!" sorts before the digits, so it evicts "4095", which joins "4096" and "4097" in the overflow.
        assert_eq!(summary.overflow().map(|tally| tally.count), Some(3));
        assert_eq!(summary.results(), 4099);
        assert_eq!(summary.iter().count(), NAMES_LIMIT);
        assert_eq!(summary.iter().last().map(|(key, _)| key), Some(name("4094")));
    }

    #[test]
    fn groups_beyond_the_limit_are_counted_and_the_others_are_in_order() {
        let host = |number: usize| (grouped(Some(&format!("host-{number}")), code(21)), None);
        let first = (0..GROUPED_LIMIT).map(host).collect();
        let second = (GROUPED_LIMIT..GROUPED_LIMIT + 3).map(host).collect();
        let summary = summed(&[(first, 1), (second, 1)]);
        assert_eq!(summary.overflow().map(|tally| tally.count), Some(3));
        assert_eq!(summary.results(), GROUPED_LIMIT as u64 + 3);
        assert_eq!(summary.iter().count(), GROUPED_LIMIT);
        assert!(summary.iter().map(|(key, _)| key).is_sorted());
    }

    /// Checks the laws of a commutative monoid.
    fn holds_the_laws<K: RowKey>(parts: [Vec<(Hits<K>, u64)>; 3]) -> Result<(), TestCaseError> {
        let whole = summed(&parts.concat());
        let [a, b, c] = parts.map(|part| summed(&part));
        prop_assert_eq!(&merged(&merged(&a, &b), &c), &whole);
        prop_assert_eq!(&merged(&a, &merged(&b, &c)), &whole);
        prop_assert_eq!(&merged(&merged(&b, &c), &a), &whole);
        prop_assert_eq!(&merged(&whole, &Summary::default()), &whole);
        prop_assert_eq!(&merged(&Summary::default(), &whole), &whole);
        Ok(())
    }

    proptest! {
        #[test]
        fn any_order_and_grouping_gives_the_same_summary(
            a in sources(keys()), b in sources(keys()), c in sources(keys())
        ) {
            holds_the_laws([a, b, c])?;
        }

        #[test]
        fn any_order_and_grouping_gives_the_same_summary_of_groups(
            a in sources(grouped_keys()), b in sources(grouped_keys()), c in sources(grouped_keys())
        ) {
            holds_the_laws([a, b, c])?;
        }
    }
}
