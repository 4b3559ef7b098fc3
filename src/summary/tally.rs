//! Counts results, and keeps their first and last time.

use crate::time::Time;

/// A number of results, with their first and last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of results.
    pub count: u64,
    /// The earliest time, or `None` if no result has a time.
    pub first: Option<Time>,
    /// The latest time, or `None` if no result has a time.
    pub last: Option<Time>,
}

impl Tally {
    /// Returns the tally of a single result.
    #[must_use]
    #[inline]
    pub fn one(time: Option<Time>) -> Tally {
        Tally { count: 1, first: time, last: time }
    }

    /// Counts one more result.
    pub fn add(&mut self, time: Option<Time>) {
        self.merge(&Tally::one(time));
    }

    /// Adds the results in `other`, and extends the first and last time.
    #[inline]
    pub fn merge(&mut self, other: &Tally) {
        self.count += other.count;
        // `None` is less than every time, which is right for the latest time and wrong for the earliest.
        self.first = match (self.first, other.first) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        self.last = self.last.max(other.last);
    }

    /// Whether no result was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Option<Time> {
        Some(Time::from_nanoseconds(second * 1_000_000_000))
    }

    #[test]
    fn first_and_last_are_the_extremes_of_all_times() {
        let mut tally = Tally::default();
        assert!(tally.is_empty());
        tally.add(None);
        assert_eq!(tally, Tally { count: 1, first: None, last: None });
        for second in [50, 40, 60] {
            tally.add(at(second));
        }
        tally.add(None);
        assert_eq!(tally, Tally { count: 5, first: at(40), last: at(60) });
    }

    #[test]
    fn merging_into_or_from_a_tally_without_times_keeps_the_times() {
        let timed = Tally { count: 2, first: at(1), last: at(9) };
        let untimed = Tally { count: 3, first: None, last: None };
        let expected = Tally { count: 5, first: at(1), last: at(9) };

        let mut left = timed;
        left.merge(&untimed);
        let mut right = untimed;
        right.merge(&timed);
        assert_eq!((left, right), (expected, expected));
    }
}
