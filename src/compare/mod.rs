//! Compares the results of two runs: which codes are new, gone, more or less frequent.
//!
//! [`compare`] is a pure function of two [`Counted`] sides. It reads no log and knows no file.
//!
//! # Method
//!
//! Counts alone say little: three results against one may be chance, and a side that covers more hours has more of everything. So
//! a code is compared by *cases*: a person who got it in an hour is one case, however often. If nothing had changed, the cases would
//! be spread over both sides like the sign-ins themselves. Only the same hours of the day are compared with each other, and
//! weekends only with weekends, so that a night does not look like a change from a day. What one side does not cover is left out.
//!
//! The test is exact: given the number of cases on both sides together, those of one side are binomially distributed. The parts of
//! the week have different probabilities, and the binomial distribution with their mean bounds the sum (Hoeffding 1956). A change is
//! named only if chance gives *any* of the rows such a difference in at most 1 of 100 comparisons, and if a difference remains
//! without the three persons who have most of the cases. If most results name no user, it is 1 of 1,000 comparisons.
//!
//! # Laws
//!
//! If both sides are swapped, what was new is gone and what was up is down, with the same numbers.

mod counted;
mod saved;

use std::collections::{BTreeMap, BTreeSet};

pub use counted::{Counted, Exposure, Place, name_hosts_alike, place_of};
pub use saved::{NotSaved, Saved, is_saved, read};

use crate::code::Key;
use crate::finding::evidence::{at_least, ln};
use crate::finding::people_hours::PARTS_OF_WEEK;
use crate::time::Time;

/// The smallest number of cases with which a row is tested.
const CASES_LEAST: u64 = 5;
/// The evidence that must remain without the busiest persons.
const EVIDENCE_WITHOUT_BUSIEST: f64 = 4.0;
/// If nothing changed, at most one in this many comparisons names a change.
const ONE_IN: u32 = 100;
/// The same if results are not grouped by person, because one person may have many of them at once.
const ONE_IN_WITHOUT_PERSONS: u32 = 1000;

/// What became of a code. The order is that in which changes are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// It does not occur before, and more often afterwards than chance explains.
    New,
    /// It does not occur afterwards, and more often before than chance explains.
    Gone,
    /// It is more frequent than before.
    Up,
    /// It is less frequent than before.
    Down,
    /// Chance explains the difference.
    Unchanged,
    /// It has no results at hours of the week that both sides cover.
    Untested,
}

impl Change {
    /// All changes, in their order.
    pub const ALL: [Change; 6] =
        [Change::New, Change::Gone, Change::Up, Change::Down, Change::Unchanged, Change::Untested];

    /// Returns the name, as used in JSON and CSV.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Change::New => "new",
            Change::Gone => "gone",
            Change::Up => "up",
            Change::Down => "down",
            Change::Unchanged => "unchanged",
            Change::Untested => "untested",
        }
    }

    /// Returns the change with both sides swapped.
    #[must_use]
    pub fn mirrored(self) -> Change {
        match self {
            Change::New => Change::Gone,
            Change::Gone => Change::New,
            Change::Up => Change::Down,
            Change::Down => Change::Up,
            same => same,
        }
    }
}

/// How often a code occurs on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Amount {
    /// The number of results.
    pub count: u64,
    /// The number of results with any code, for the same host or user if results are compared by that.
    pub of: u64,
    /// The number of results in an hour that the logs cover, if that is known.
    pub per_hour: Option<f64>,
}

/// A code, of a host or user if results are compared by that, with what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The host or user, or `None` if it is unknown or results are not compared by that.
    pub place: Place,
    /// The code or name.
    pub key: Key,
    /// How often it occurs before.
    pub before: Amount,
    /// How often it occurs afterwards.
    pub after: Amount,
    /// What became of it.
    pub change: Change,
    /// The probability of such a difference in either direction if nothing changed, at most. `None` if it was not tested.
    pub chance: Option<f64>,
}

/// The result of a comparison.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// The rows: by change, and then the most frequent first.
    pub rows: Vec<Row>,
    /// The number of people-hours, or of results if people are not known, on both sides.
    pub exposure: u64,
    /// How many of them are at hours of the week that both sides cover, so that they are compared.
    pub compared: u64,
    /// The hosts that only one of the sides has: before, and afterwards.
    pub hosts_of_one: [u64; 2],
    /// Whether people-hours were compared and not results.
    pub has_people: bool,
    /// Whether most results on both sides name a user, so that many results of one person can be noticed.
    pub has_users: bool,
    /// The number of hosts whose logs on both sides have lines of the same hours.
    pub overlapping: u64,
    /// Whether each side has results in each part of the week.
    pub covered: [[bool; PARTS_OF_WEEK]; 2],
    /// A change is named only if the chance of its row is below this.
    pub chance_least: f64,
}

impl Comparison {
    /// Returns the number of comparisons of which, if nothing changed, at most one names a change.
    #[must_use]
    pub fn one_in(&self) -> u32 {
        one_in(self.has_users)
    }
}

fn one_in(has_users: bool) -> u32 {
    if has_users { ONE_IN } else { ONE_IN_WITHOUT_PERSONS }
}

/// The cases of a row at hours that both sides cover.
#[derive(Clone, Copy, Debug, Default)]
struct Tested {
    /// The number of cases on each side.
    cases: [u64; 2],
    /// The number of cases that are expected on each side if nothing changed.
    expected: [f64; 2],
}

impl Tested {
    fn new(cases: [[u64; PARTS_OF_WEEK]; 2], exposure: [[u64; PARTS_OF_WEEK]; 2]) -> Tested {
        let mut tested = Tested::default();
        let parts = cases[0].into_iter().zip(cases[1]).zip(exposure[0].into_iter().zip(exposure[1]));
        for ((before, after), (units_before, units_after)) in parts {
            if units_before == 0 || units_after == 0 {
                continue;
            }
            let all = (before + after) as f64;
            let total = (units_before + units_after) as f64;
            for (side, (cases, units)) in [(before, units_before), (after, units_after)].into_iter().enumerate() {
                tested.cases[side] += cases;
                tested.expected[side] += all * (units as f64 / total);
            }
        }
        tested
    }

    fn total(&self) -> u64 {
        self.cases[0] + self.cases[1]
    }

    /// Returns the evidence that a side has more cases than it would have by chance.
    fn evidence(&self, side: usize) -> f64 {
        let total = self.total() as f64;
        if total == 0.0 { 0.0 } else { at_least(self.cases[side] as f64, total, self.expected[side] / total) }
    }
}

/// Compares two sides.
#[must_use]
pub fn compare(before: &Counted, after: &Counted) -> Comparison {
    let sides = [before, after];
    let has_people = before.has_people && after.has_people;
    let keys: BTreeSet<(&Place, &Key)> =
        sides.iter().flat_map(|side| side.rows.keys()).map(|(place, key)| (place, key)).collect();
    let none = Exposure::default();
    let exposure = |side: &'_ Counted, place: &Place| side.places.get(place).cloned().unwrap_or_else(|| none.clone());
    let exposures: BTreeMap<&Place, [Exposure; 2]> =
        keys.iter().map(|(place, _)| (*place, sides.map(|side| exposure(side, place)))).collect();
    let tested = |place: &Place, key: &Key| {
        let exposure = &exposures[place];
        Tested::new(sides.map(|side| side.cases(place, key)), [exposure[0].units, exposure[1].units])
    };
    // A side has more also without its busiest persons.
    let has_more_without_busiest = |place: &Place, key: &Key, side: usize| {
        let exposure = &exposures[place];
        let mut cases = sides.map(|side| side.cases(place, key));
        let busiest = sides[side].busiest(place, key);
        cases[side].iter_mut().zip(busiest).for_each(|(cases, of_few)| *cases = cases.saturating_sub(of_few));
        Tested::new(cases, [exposure[0].units, exposure[1].units]).evidence(side) >= EVIDENCE_WITHOUT_BUSIEST
    };
    let tests: Vec<Tested> = keys.iter().map(|(place, key)| tested(place, key)).collect();
    let series = tests.iter().filter(|tested| tested.total() >= CASES_LEAST).count().max(1);
    let has_users = has_people && !sides.iter().any(|side| side.lacks_users);
    let one_in = one_in(has_users);
    let least = ln(f64::from(one_in)) + ln(2.0 * series as f64);
    let mut rows: Vec<Row> = keys
        .into_iter()
        .zip(&tests)
        .map(|((place, key), tested)| {
            let amounts = [0, 1].map(|side: usize| {
                let count = sides[side].count(place, key);
                let Exposure { results, hours, .. } = exposures[place][side];
                let per_hour = hours.filter(|hours| *hours > 0.0).map(|hours| count as f64 / hours);
                Amount { count, of: results, per_hour }
            });
            let evidence = [tested.evidence(0), tested.evidence(1)];
            let is_enough = |side: usize| {
                tested.total() >= CASES_LEAST && evidence[side] >= least && has_more_without_busiest(place, key, side)
            };
            let change = match tested.total() {
                0 => Change::Untested,
                _ if is_enough(1) => {
                    if amounts[0].count == 0 {
                        Change::New
                    } else {
                        Change::Up
                    }
                }
                _ if is_enough(0) => {
                    if amounts[1].count == 0 {
                        Change::Gone
                    } else {
                        Change::Down
                    }
                }
                _ => Change::Unchanged,
            };
            let chance = (tested.total() > 0).then(|| (2.0 * (-evidence[0].max(evidence[1])).exp()).min(1.0));
            let [before, after] = amounts;
            Row { place: place.clone(), key: key.clone(), before, after, change, chance }
        })
        .collect();
    rows.sort_by_key(|row| (row.change, std::cmp::Reverse(row.before.count.max(row.after.count))));
    let (mut all, mut compared) = (0, 0);
    for [one, other] in exposures.values() {
        for (one, other) in one.units.iter().zip(&other.units) {
            all += one + other;
            compared += if *one > 0 && *other > 0 { one + other } else { 0 };
        }
    }
    let hosts_of_one = [[0, 1], [1, 0]].map(|[one, other]: [usize; 2]| {
        // Without the hosts of a side, nothing is known about it.
        let (hosts, others) = (&sides[one].hosts, &sides[other].hosts);
        if others.is_empty() { 0 } else { hosts.difference(others).count() as u64 }
    });
    let covered = sides.map(|side| {
        let units = |part: usize| side.places.values().any(|exposure| exposure.units[part] > 0);
        std::array::from_fn(units)
    });
    let overlaps = |host: &str, hours: &BTreeSet<(Time, Time)>| {
        let others = after.logged.get(host);
        // The hour in which a log is rotated is on both sides.
        others.is_some_and(|others| hours.intersection(others).count() > 1)
    };
    let overlapping = before.logged.iter().filter(|(host, hours)| overlaps(host, hours)).count() as u64;
    let (exposure, chance_least) = (all, 1.0 / f64::from(one_in) / series as f64);
    Comparison { overlapping, rows, exposure, compared, hosts_of_one, has_people, has_users, covered, chance_least }
}

#[cfg(test)]
mod tests;
