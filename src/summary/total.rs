//! The totals of a whole run, or of several.

use super::bounded::Cell;
use super::counts::Counts;
use super::rows::Rows;
use super::tally::Tally;
use crate::code::Key;

/// What is known of one result over all sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// How often, since when, until when.
    pub tally: Tally,
    /// In how many sources.
    pub files: u64,
}

impl Cell for Row {
    fn merge(&mut self, other: &Row) {
        self.tally.merge(&other.tally);
        self.files += other.files;
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// What can be said of a run without looking at single results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sources that were read, also those without a result.
    pub files_read: u64,
    /// Sources with at least one result.
    pub files_with_results: u64,
    /// What was read of all sources.
    pub bytes: u64,
    /// Results whose line has no time that can be read.
    pub results_without_time: u64,
    /// Results whose time named no zone.
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    rows: Rows<Row>,
    totals: Totals,
}

impl Summary {
    /// Adds what was counted in one whole source of `bytes` bytes. Parts of a source have to be merged before, or they
    /// count as files of their own.
    pub fn add_source(&mut self, counts: &Counts, bytes: u64) {
        for (key, tally) in counts.iter() {
            self.rows.add(&key, &Row { tally: *tally, files: 1 });
        }
        self.rows.add_overflow(&counts.rows);
        self.totals.merge(Totals {
            files_read: 1,
            files_with_results: u64::from(!counts.is_empty()),
            bytes,
            results_without_time: counts.results_without_time(),
            results_without_zone: counts.results_without_zone(),
        });
    }

    /// Takes in the totals of other sources.
    pub fn merge(&mut self, other: Summary) {
        self.rows.merge(other.rows);
        self.totals.merge(other.totals);
    }

    /// The rows in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Row)> {
        self.rows.iter()
    }

    /// The totals over all sources.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Whether no result has been counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All results, also those beyond the limit.
    #[must_use]
    pub fn results(&self) -> u64 {
        self.rows.results()
    }

    /// The results that are in no row, because there are more different numbers or names than
    /// [`NAMES_LIMIT`](super::NAMES_LIMIT). In how many files they occur is not known.
    #[must_use]
    pub fn overflow(&self) -> Option<Tally> {
        Some(self.rows.overflow()).filter(|overflow| !overflow.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::NAMES_LIMIT;
    use super::super::testing::{Hits, code, hits, name, stamp};
    use super::*;

    fn summed(sources: &[(Hits, u64)]) -> Summary {
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

    fn merged(left: &Summary, right: &Summary) -> Summary {
        let mut sum = left.clone();
        sum.merge(right.clone());
        sum
    }

    fn sources() -> impl Strategy<Value = Vec<(Hits, u64)>> {
        prop::collection::vec((hits(), 0_u64..1000), 0..4)
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
                (code(21), Row { tally: Tally { count: 3, first: time(3), last: time(9) }, files: 2 }),
                (name("x"), Row { tally: Tally { count: 1, first: None, last: None }, files: 1 }),
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
    fn what_overflows_in_one_source_stays_counted() {
        let many: Hits = (0..NAMES_LIMIT + 2).map(|number| (name(&format!("{number:04}")), None)).collect();
        let summary = summed(&[(many, 1), (vec![(name("!"), None)], 1)]);
        // "!" sorts before the digits: it takes the place of "4095", which joins "4096" and "4097".
        assert_eq!(summary.overflow().map(|tally| tally.count), Some(3));
        assert_eq!(summary.results(), 4099);
        assert_eq!(summary.iter().count(), NAMES_LIMIT);
        assert_eq!(summary.iter().last().map(|(key, _)| key), Some(name("4094")));
    }

    proptest! {
        #[test]
        fn any_order_and_grouping_gives_the_same_summary(a in sources(), b in sources(), c in sources()) {
            let whole = summed(&[a.clone(), b.clone(), c.clone()].concat());
            let (a, b, c) = (summed(&a), summed(&b), summed(&c));
            prop_assert_eq!(&merged(&merged(&a, &b), &c), &whole);
            prop_assert_eq!(&merged(&a, &merged(&b, &c)), &whole);
            prop_assert_eq!(&merged(&merged(&b, &c), &a), &whole);
        }

        #[test]
        fn the_default_is_the_identity(a in sources()) {
            let a = summed(&a);
            prop_assert_eq!(&merged(&a, &Summary::default()), &a);
            prop_assert_eq!(&merged(&Summary::default(), &a), &a);
        }
    }
}
