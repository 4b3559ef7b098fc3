//! Picks a few lines for each code, at random, so that people can check that the results are what the summary says.
//!
//! Invariants: [`Audit`] is a commutative monoid, like everything in a summary. A line is picked by a hash of its path and its offset, so
//! which lines are picked depends on nothing else: not on the order in which they are added, nor on how they are divided.

use std::collections::BTreeMap;

use crate::code::Key;

/// The largest number of codes and names for which lines are picked: those that come first. Both come from logs.
const KEYS_LIMIT: usize = 1000;

/// A few lines for each code or name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// How many lines are picked for each code.
    lines: usize,
    /// The picked lines by code, each with its hash.
    picked: BTreeMap<Key, BTreeMap<(u64, Place), Picked>>,
}

/// Where a result is: the path of its source and its offset there, in bytes.
type Place = (Box<str>, u64);

/// A line that was picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picked {
    /// The name of the source.
    pub path: Box<str>,
    /// Where the result starts in the source, in bytes.
    pub offset: u64,
    /// The number of the line, from 1.
    pub line_number: u64,
    /// The line, or the part of a long one around the result.
    pub text: Box<str>,
}

impl Audit {
    /// Creates an audit that picks `lines` lines for each code.
    #[must_use]
    pub fn new(lines: usize) -> Audit {
        Audit { lines, picked: BTreeMap::new() }
    }

    /// Whether a result would be picked from the lines so far. Saves the work of describing those that would not.
    #[must_use]
    pub fn wants(&self, key: &Key, path: &str, offset: u64) -> bool {
        let Some(picked) = self.picked.get(key) else {
            let last = self.picked.last_key_value().filter(|_| self.picked.len() >= KEYS_LIMIT);
            return self.lines > 0 && last.is_none_or(|(last, _)| key < last);
        };
        let last = picked.last_key_value().filter(|_| picked.len() >= self.lines);
        last.is_none_or(|((last, _), _)| hash(path, offset) <= *last)
    }

    /// Adds a result.
    pub fn add(&mut self, key: &Key, line: Picked) {
        if self.wants(key, &line.path, line.offset) {
            let place = (hash(&line.path, line.offset), (line.path.clone(), line.offset));
            self.picked.entry(key.clone()).or_default().insert(place, line);
            self.shorten(key);
        }
    }

    /// Adds the lines that another audit of the same kind has picked from other lines.
    pub fn merge(&mut self, other: Audit) {
        self.lines = self.lines.max(other.lines);
        for (key, picked) in other.picked {
            self.picked.entry(key.clone()).or_default().extend(picked);
            self.shorten(&key);
        }
    }

    /// Removes what is beyond the limits.
    fn shorten(&mut self, key: &Key) {
        if let Some(picked) = self.picked.get_mut(key) {
            while picked.len() > self.lines {
                picked.pop_last();
            }
        }
        while self.picked.len() > KEYS_LIMIT {
            self.picked.pop_last();
        }
    }

    /// Returns the lines that were picked for a code, in the order of their places.
    #[must_use]
    pub fn lines(&self, key: &Key) -> Vec<&Picked> {
        let mut lines: Vec<&Picked> = self.picked.get(key).into_iter().flat_map(BTreeMap::values).collect();
        lines.sort_by_key(|line| (&line.path, line.offset));
        lines
    }
}

/// Returns a hash of the place of a result. It is the same on every machine and in every version, unlike those of the standard library.
fn hash(path: &str, offset: u64) -> u64 {
    // FNV-1a, followed by a mixer that spreads the last bytes over all bits.
    let bytes = path.bytes().chain(offset.to_le_bytes());
    let mut hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{code, keys};
    use super::*;

    fn line(path: &str, offset: u64) -> Picked {
        Picked { path: path.into(), offset, line_number: offset + 1, text: "x".into() }
    }

    fn audited(results: &[(Key, String, u64)]) -> Audit {
        let mut audit = Audit::new(2);
        results.iter().for_each(|(key, path, offset)| audit.add(key, line(path, *offset)));
        audit
    }

    fn merged(left: &Audit, right: &Audit) -> Audit {
        let mut sum = left.clone();
        sum.merge(right.clone());
        sum
    }

    fn results() -> impl Strategy<Value = Vec<(Key, String, u64)>> {
        prop::collection::vec((keys(), "[ab]", 0_u64..20), 0..30)
    }

    proptest! {
        #[test]
        fn the_lines_with_the_smallest_hashes_are_picked_however_they_are_divided(a in results(), b in results(), c in results()) {
            let all = [a.clone(), b.clone(), c.clone()].concat();
            let whole = audited(&all);
            for (key, ..) in &all {
                let mut naive: Vec<_> =
                    all.iter().filter(|other| other.0 == *key).map(|(_, path, offset)| (hash(path, *offset), path, *offset)).collect();
                naive.sort_unstable();
                naive.dedup();
                naive.truncate(2);
                naive.sort_unstable_by_key(|(_, path, offset)| (*path, *offset));
                let naive: Vec<Picked> = naive.into_iter().map(|(_, path, offset)| line(path, offset)).collect();
                prop_assert_eq!(whole.lines(key), naive.iter().collect::<Vec<_>>());
            }
            let (a, b, c) = (audited(&a), audited(&b), audited(&c));
            prop_assert_eq!(&merged(&merged(&a, &b), &c), &whole);
            prop_assert_eq!(&merged(&a, &merged(&b, &c)), &whole);
            prop_assert_eq!(&merged(&merged(&c, &a), &b), &whole);
            prop_assert_eq!(&merged(&whole, &Audit::default()), &whole);
            prop_assert_eq!(&merged(&Audit::default(), &whole), &whole);
        }
    }

    #[test]
    fn lines_are_picked_for_the_first_codes_up_to_a_limit() {
        let limit = i32::try_from(KEYS_LIMIT).unwrap();
        let results: Vec<_> = (0..limit + 5).rev().map(|number| (code(number), "a".to_owned(), 0)).collect();
        let audit = audited(&results);
        assert_eq!(audit.lines(&code(limit - 1)), [&line("a", 0)]);
        assert_eq!(audit.lines(&code(limit)), Vec::<&Picked>::new());
        assert!(!audit.wants(&code(limit), "a", 0) && audit.wants(&code(-1), "a", 0));
    }

    #[test]
    fn every_part_of_a_log_has_about_the_same_chance() {
        let mut audit = Audit::new(50);
        (0..10_000).for_each(|offset| audit.add(&code(1), line("a.log", offset)));
        let halves = audit.lines(&code(1)).iter().filter(|line| line.offset < 5_000).count();
        assert!((15..=35).contains(&halves), "{halves} of 50 are in the first half");
    }
}
