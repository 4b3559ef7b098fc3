//! How long sign-ins took: the median and the 95th percentile.
//!
//! Invariant: a commutative monoid, like everything in a summary. Up to [`EXACT_LIMIT`] different durations are kept as they are.
//! If there are more, each is rounded down to [`SIGNIFICANT_BITS`], so that a percentile is at most a 128th too small. Whether that is
//! so depends on the set of durations alone, and not on how it was divided.

use std::collections::BTreeMap;

/// How many different durations are kept exactly.
const EXACT_LIMIT: usize = 4_096;
/// How many leading bits of a duration are kept beyond that.
const SIGNIFICANT_BITS: u32 = 8;

/// Durations in milliseconds, each with how often it occurred.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    count_by_duration: BTreeMap<u32, u64>,
    is_rounded: bool,
}

impl Durations {
    /// Adds one duration.
    pub fn add(&mut self, milliseconds: u32) {
        self.add_many(milliseconds, 1);
        self.limit();
    }

    /// Adds all durations of `other`.
    pub fn merge(&mut self, other: &Durations) {
        if other.is_rounded {
            self.round();
        }
        other.count_by_duration.iter().for_each(|(&milliseconds, &count)| self.add_many(milliseconds, count));
        self.limit();
    }

    fn add_many(&mut self, milliseconds: u32, count: u64) {
        let milliseconds = if self.is_rounded { rounded(milliseconds) } else { milliseconds };
        *self.count_by_duration.entry(milliseconds).or_default() += count;
    }

    fn limit(&mut self) {
        if !self.is_rounded && self.count_by_duration.len() > EXACT_LIMIT {
            self.round();
        }
    }

    fn round(&mut self) {
        self.is_rounded = true;
        for (milliseconds, count) in std::mem::take(&mut self.count_by_duration) {
            self.add_many(milliseconds, count);
        }
    }

    /// Returns the smallest duration that at least `percent` of all durations do not exceed, in milliseconds; `None` if there are no
    /// durations.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u32> {
        let total: u64 = self.count_by_duration.values().sum();
        let rank = (total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        self.count_by_duration.iter().find_map(|(&milliseconds, count)| {
            seen += count;
            (seen >= rank).then_some(milliseconds)
        })
    }
}

/// Returns the duration with only its leading bits.
fn rounded(milliseconds: u32) -> u32 {
    let dropped = (u32::BITS - milliseconds.leading_zeros()).saturating_sub(SIGNIFICANT_BITS);
    milliseconds >> dropped << dropped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(all: &[u32]) -> Durations {
        let mut durations = Durations::default();
        all.iter().for_each(|&milliseconds| durations.add(milliseconds));
        durations
    }

    #[test]
    fn percentiles_are_ranks() {
        assert_eq!(Durations::default().percentile(50), None);
        assert_eq!(of(&[7]).percentile(95), Some(7));
        let hundred: Vec<u32> = (1..=100).rev().collect();
        assert_eq!((of(&hundred).percentile(50), of(&hundred).percentile(95)), (Some(50), Some(95)));
        assert_eq!(of(&[1, 1, 1, 1_000]).percentile(50), Some(1));
    }

    #[test]
    fn beyond_the_limit_a_percentile_is_slightly_too_small() {
        let many: Vec<u32> = (100_000..200_000).step_by(7).collect();
        let median = of(&many).percentile(50).unwrap();
        assert!((150_000 - 150_000 / 128..=150_000).contains(&median), "{median}");
    }

    proptest! {
        #[test]
        fn any_division_gives_the_same_durations(
            start in 0_u32..600_000,
            step in 1_u32..200,
            count in 4_000_usize..4_200,
            cut in 0_usize..4_000,
        ) {
            let all: Vec<u32> = (0..).map(|index| start + index * step).take(count).collect();
            let mut merged = of(&all[cut..]);
            merged.merge(&of(&all[..cut]));
            prop_assert_eq!(merged, of(&all));
        }
    }
}
