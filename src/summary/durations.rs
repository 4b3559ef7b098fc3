//! How long sign-ins took: the median and the 95th percentile.
//!
//! Invariant: [`Durations`] is a commutative monoid, like everything in a summary. Up to [`EXACT_LIMIT`] different durations are
//! kept exactly. If there are more, each is rounded down to its first [`SIGNIFICANT_BITS`] bits, so a percentile is too small by
//! less than a 128th. Whether durations are rounded depends only on the set of durations, and not on how it was split into parts.
//!
//! There may be a million rows with a few durations each. So up to [`FEW`] durations take four bytes each, and no durations take
//! no memory.

use foldhash::{HashMap, HashMapExt as _};

/// The largest number of durations that are kept as a list.
const FEW: usize = 512;
/// The largest number of different durations that are kept exactly.
const EXACT_LIMIT: usize = 4_096;
/// The number of leading bits to which durations are rounded if there are more than [`EXACT_LIMIT`] different ones.
const SIGNIFICANT_BITS: u32 = 8;

/// A collection of durations in milliseconds, from which percentiles are computed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations(Kept);

/// How the durations are stored. This depends only on the durations, so equal collections compare equal.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kept {
    /// At most [`FEW`] durations, sorted.
    Few(Vec<u32>),
    /// Each different duration in milliseconds, with the number of times that it occurred. Hashed, because every result of a large
    /// log is added here.
    Exact(HashMap<u32, u64>),
    /// The number of durations in each [`bucket`].
    Rounded(Vec<u64>),
}

impl Default for Kept {
    fn default() -> Kept {
        Kept::Few(Vec::new())
    }
}

impl Durations {
    /// Adds one duration.
    pub fn add(&mut self, milliseconds: u32) {
        self.add_many(milliseconds, 1);
    }

    /// Adds all durations of `other`.
    pub fn merge(&mut self, other: &Durations) {
        if let Kept::Rounded(_) = other.0 {
            self.0.round();
        }
        other.0.each(&mut |milliseconds, count| {
            self.add_many(milliseconds, count);
            false
        });
    }

    /// Adds the same duration `count` times.
    fn add_many(&mut self, milliseconds: u32, count: u64) {
        match &mut self.0 {
            Kept::Few(list) if list.len() as u64 + count <= FEW as u64 => {
                let at = list.partition_point(|&other| other < milliseconds);
                (0..count).for_each(|_| list.insert(at, milliseconds));
            }
            Kept::Few(list) => {
                let mut count_by_duration = HashMap::with_capacity(2 * FEW);
                list.iter().for_each(|&milliseconds| *count_by_duration.entry(milliseconds).or_default() += 1);
                self.0 = Kept::Exact(count_by_duration);
                self.add_many(milliseconds, count);
            }
            Kept::Exact(count_by_duration) => {
                *count_by_duration.entry(milliseconds).or_default() += count;
                if count_by_duration.len() > EXACT_LIMIT {
                    self.0.round();
                }
            }
            Kept::Rounded(counts) => add_rounded(counts, milliseconds, count),
        }
    }

    /// Returns the smallest duration in milliseconds that at least `percent` percent of all durations do not exceed, or `None` if
    /// there are no durations.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u32> {
        let mut total = 0;
        self.0.each(&mut |_, count| {
            total += count;
            false
        });
        let rank = (total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        self.0.each(&mut |_, count| {
            seen += count;
            seen >= rank
        })
    }
}

impl Kept {
    /// Passes the durations in ascending order to `found`, each with its count, until `found` returns true. Returns that
    /// duration.
    fn each(&self, found: &mut dyn FnMut(u32, u64) -> bool) -> Option<u32> {
        let mut is_found = |&(milliseconds, count): &(u32, u64)| found(milliseconds, count);
        let found = match self {
            Kept::Few(list) => list.iter().map(|&milliseconds| (milliseconds, 1)).find(is_found),
            Kept::Exact(map) => {
                let mut counts: Vec<(u32, u64)> =
                    map.iter().map(|(&milliseconds, &count)| (milliseconds, count)).collect();
                counts.sort_unstable();
                counts.into_iter().find(|counted| is_found(counted))
            }
            Kept::Rounded(counts) => {
                let filled = counts.iter().enumerate().filter(|(_, count)| **count > 0);
                filled.map(|(bucket, &count)| (smallest(bucket), count)).find(&mut is_found)
            }
        };
        found.map(|(milliseconds, _)| milliseconds)
    }

    /// Rounds all durations, if they are not rounded yet.
    fn round(&mut self) {
        if let Kept::Rounded(_) = self {
            return;
        }
        let mut counts = Vec::new();
        self.each(&mut |milliseconds, count| {
            add_rounded(&mut counts, milliseconds, count);
            false
        });
        *self = Kept::Rounded(counts);
    }
}

/// Adds `count` durations to the bucket of `milliseconds`.
fn add_rounded(counts: &mut Vec<u64>, milliseconds: u32, count: u64) {
    let bucket = bucket(milliseconds);
    if bucket >= counts.len() {
        counts.resize(bucket + 1, 0);
    }
    counts[bucket] += count;
}

/// The number of buckets for durations with the same number of bits.
const BUCKETS: usize = 1 << (SIGNIFICANT_BITS - 1);

/// Returns the index of the bucket for a duration. Durations of up to [`SIGNIFICANT_BITS`] bits have one bucket each, and there
/// are [`BUCKETS`] buckets for each further bit.
fn bucket(milliseconds: u32) -> usize {
    let dropped = (u32::BITS - milliseconds.leading_zeros()).saturating_sub(SIGNIFICANT_BITS);
    BUCKETS * dropped as usize + (milliseconds >> dropped) as usize
}

/// Returns the smallest duration in a bucket, in milliseconds.
fn smallest(bucket: usize) -> u32 {
    let dropped = (bucket / BUCKETS).saturating_sub(1);
    u32::try_from((bucket - BUCKETS * dropped) << dropped).unwrap_or(u32::MAX)
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

    #[test]
    fn a_bucket_begins_with_a_duration_of_eight_leading_bits() {
        let rounded = |milliseconds| smallest(bucket(milliseconds));
        assert_eq!([0, 1, 255, 256, 257, 511, 512, 515].map(rounded), [0, 1, 255, 256, 256, 510, 512, 512]);
        assert_eq!(rounded(u32::MAX), 0xFF00_0000);
        assert!((0..bucket(u32::MAX)).all(|number| bucket(smallest(number)) == number));
    }

    proptest! {
        #[test]
        fn few_durations_are_the_same_in_any_order(all in prop::collection::vec(0_u32..90, 0..600), cut in 0_usize..600) {
            let cut = cut.min(all.len());
            let mut merged = of(&all[cut..]);
            merged.merge(&of(&all[..cut]));
            let mut sorted = all.clone();
            sorted.sort_unstable();
            prop_assert_eq!(&merged, &of(&sorted));
            for percent in [1, 50, 95, 100] {
                let rank = (all.len() as u64 * percent).div_ceil(100).max(1);
                prop_assert_eq!(merged.percentile(percent), sorted.get(usize::try_from(rank - 1).unwrap()).copied());
            }
        }

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
