//! Persons who were asked again within a short time, and the timer of the program that asked again.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt as _};

use super::cells::Cells;
use super::evidence::{at_least, ln};
use super::rows::MINUTE;
use super::search::float;
use super::units::Repeated;
use super::{Finding, Kind, Options, Scope};
use crate::code::Code;
use crate::time::Time;

const SECOND: i64 = 1_000_000_000;
/// The smallest number of repeats with nearly the same interval.
const REPEATS_LEAST: usize = 5;
/// Two attempts in less time are not from a timer that waits for an answer, but from two programs.
const SHORTEST: i64 = 5 * SECOND;
/// The share of repeats by people that is expected in any three seconds, at least. It is twice what it would be if they were spread
/// evenly over a minute, or over a shorter time within which repeats are looked for.
const EXPECTED: f64 = 0.1;
/// The evidence that the intervals are not those of people.
const CHANCE: f64 = 0.000_1;
/// How many of 100 repeats must have the interval, whether or not the others could be from a timer.
const OF_ALL: usize = 60;
/// The same if a single user has at least [`MANY_OF_ONE`] of them.
const OF_ALL_OF_ONE: usize = 30;
/// The number of repeats of a user after the same interval that are enough although the user has many others.
const MANY_OF_ONE: usize = 10;
/// The number of repeats from which 60 of 100 with the same interval are enough. Of fewer, [`NEARLY_ALL`] must have it.
const REPEATS_OF_SEVERAL: usize = 20;
/// How many of 100 repeats are nearly all.
const NEARLY_ALL: usize = 80;
/// The shortest interval that is meaningful if the times have no seconds.
const SHORTEST_IN_MINUTES: i64 = 5 * MINUTE;
/// How many of 100 times begin with second 0 if times have only minutes.
const AT_SECOND_ZERO: usize = 95;
/// The largest number of users who have a finding of their own.
const PERSONS_APART: usize = 3;
/// The smallest number of users with the interval. With fewer, it is about them and not about a time-out.
const USERS_LEAST: usize = 3;
/// How many of 100 repeats with the interval may be of one user, for the same reason.
const OF_ONE_USER: usize = 60;
/// How many of 100 repeats with the interval the hosts that are named have.
const ON_HOSTS: usize = 90;
/// The largest number of users that are named.
const USERS_NAMED: usize = 5;
/// The codes after which a person decides to try again: the person denied the prompt, hung up or reported fraud.
const REFUSED: [Code; 5] = [Code(108), Code(112), Code(129), Code(132), Code(144)];

/// Returns the interval of a repeat in whole seconds.
fn second(one: &Repeated) -> i64 {
    (one.since + SECOND / 2).div_euclid(SECOND)
}

/// Whether a repeat comes after this number of seconds, give or take one.
fn is_near(one: &Repeated, seconds: i64) -> bool {
    (second(one) - seconds).abs() <= 1
}

/// The repeats that come after the same interval, give or take a second.
struct Timer<'r> {
    second: i64,
    /// Those by which it was found.
    same: Vec<&'r Repeated>,
    evidence: f64,
    /// The number of these repeats of each person, the busiest first.
    persons: Vec<(u32, usize)>,
}

impl<'r> Timer<'r> {
    /// Finds the timer of repeats, if most of them come after the same interval.
    fn of(waited: &[&'r Repeated], expected: f64) -> Option<Timer<'r>> {
        let mut by_second: HashMap<i64, usize> = HashMap::new();
        waited.iter().for_each(|one| *by_second.entry(second(one)).or_default() += 1);
        let exactly = |second: i64| by_second.get(&second).copied().unwrap_or_default();
        let near = |second: i64| (second - 1..=second + 1).map(exactly).sum::<usize>();
        let densest = by_second.keys().copied().max_by_key(|second| (near(*second), exactly(*second), -*second))?;
        // Three seconds with many repeats may begin or end with one that has few, so their middle is not the interval.
        let most = (densest - 1..=densest + 1).max_by_key(|second| (exactly(*second), -*second))?;
        let same: Vec<&Repeated> = waited.iter().copied().filter(|one| is_near(one, most)).collect();
        let evidence = at_least(float(same.len()), float(waited.len()), expected);
        if same.len() < REPEATS_LEAST || same.len() * 10 < waited.len() * 6 || evidence < ln(1.0 / CHANCE) {
            return None;
        }
        let persons = counted(&same, |one| one.person);
        Some(Timer { second: most, same, evidence, persons })
    }

    /// Whether one user has so many of the repeats, or so few users have them, that it is about the users.
    fn is_of_few(&self) -> bool {
        let most = self.persons.first().map_or(0, |(_, count)| *count);
        self.persons.len() < USERS_LEAST || most * 100 >= self.same.len() * OF_ONE_USER
    }

    /// Whether a good part of `all` repeats have the interval, and no other one is commoner.
    fn is_common(&self, all: &[&Repeated]) -> bool {
        let near = |seconds: i64| all.iter().filter(|one| is_near(one, seconds)).count();
        let same = near(self.second);
        let share = match (self.is_of_few(), all.len()) {
            (true, _) if same >= MANY_OF_ONE => OF_ALL_OF_ONE,
            (false, count) if count < REPEATS_OF_SEVERAL => NEARLY_ALL,
            _ => OF_ALL,
        };
        let others = all.iter().map(|one| second(one)).filter(|other| (other - self.second).abs() > 2);
        let others: BTreeSet<i64> = others.collect();
        same * 100 >= all.len() * share && others.into_iter().all(|other| near(other) < same)
    }

    /// Returns the finding about the timer, where `all` are the repeats of all its users.
    fn finding(&self, all: &[&Repeated], cells: &Cells) -> Finding {
        let mut finding = Finding::new(Kind::Retry);
        finding.evidence = self.evidence;
        finding.count = all.len() as u64;
        let same: Vec<&Repeated> = all.iter().copied().filter(|one| is_near(one, self.second)).collect();
        finding.count_of_one = same.len() as u64;
        finding.interval_ms = u64::try_from(self.second * 1_000).ok();
        let has = |person: u32| self.persons.iter().any(|(other, _)| *other == person);
        finding.is_estimate = cells.rows().as_slice().iter().any(|row| row.count > 1 && has(row.person));
        finding.since = same.iter().map(|one| Time::from_nanoseconds(one.time)).min();
        finding.users_count = counted(all, |one| one.person).len() as u64;
        finding.users_of = cells.persons_len() as u64;
        if finding.users_count <= USERS_NAMED as u64 {
            let names = self.persons.iter().filter_map(|(person, _)| cells.person(*person));
            finding.users = names.map(Box::from).collect();
        }
        // The hosts that have nearly all of them.
        let mut left = same.len() * ON_HOSTS;
        let hosts = counted(&same, |one| one.host).into_iter().take_while(|(_, count)| {
            let is_needed = left > 0;
            left = left.saturating_sub(count * 100);
            is_needed
        });
        let mut hosts: Vec<u32> = hosts.map(|(host, _)| host).collect();
        hosts.sort_unstable();
        finding.hosts = hosts.iter().filter_map(|host| cells.host(*host)).map(Box::from).collect();
        finding.hosts_of = cells.hosts_len() as u64;
        let durations = cells.rows().as_slice().iter().filter_map(|row| row.duration.checked_sub(1));
        finding.longest_ms = durations.max().map(u64::from);
        finding.scopes = scopes(all.iter().copied(), cells);
        finding
    }
}

/// Removes the repeats on hosts whose times have only minutes, because the time between two attempts is not known there. Those after
/// at least five minutes remain.
pub(super) fn timed(repeated: &[Repeated], cells: &Cells) -> Vec<Repeated> {
    // Of each host, the number of results and of those with second 0.
    let mut counts = vec![[0_usize; 2]; cells.hosts_len() + 1];
    for row in cells.rows().as_slice().iter().filter(|row| row.count == 1) {
        let counts = &mut counts[row.host as usize];
        counts[0] += 1;
        counts[1] += usize::from(row.first.rem_euclid(MINUTE) < SECOND);
    }
    let has_seconds = |host: u32| {
        let [all, at_zero] = counts[host as usize];
        at_zero * 100 < all * AT_SECOND_ZERO
    };
    repeated.iter().filter(|one| one.since >= SHORTEST_IN_MINUTES || has_seconds(one.host)).copied().collect()
}

/// Returns how often each number occurs, the most frequent first.
fn counted(repeated: &[&Repeated], number: impl Fn(&Repeated) -> u32) -> Vec<(u32, usize)> {
    let mut counts: HashMap<u32, usize> = HashMap::new();
    repeated.iter().for_each(|one| *counts.entry(number(one)).or_default() += 1);
    let mut counts: Vec<(u32, usize)> = counts.into_iter().collect();
    counts.sort_unstable_by_key(|(number, count)| (std::cmp::Reverse(*count), *number));
    counts
}

/// Returns the finding that most repeats come after the same interval, give or take a second, if it is so. If that is because of one
/// user, there is one about this user, and another one if it is also so for the others.
pub(super) fn findings(repeated: &[Repeated], cells: &Cells, options: &Options) -> Vec<Finding> {
    let within = usize::try_from(options.repeat_within / SECOND).unwrap_or_default();
    let expected = EXPECTED.max(6.0 / float(within.max(1)));
    if expected >= 1.0 {
        return Vec::new();
    }
    let is_refused =
        |one: &Repeated| cells.keys()[one.previous_key as usize].code().is_some_and(|code| REFUSED.contains(&code));
    let is_waited = |one: &&Repeated| one.since >= SHORTEST && !is_refused(one);
    let mut all: Vec<&Repeated> = repeated.iter().collect();
    let mut findings = Vec::new();
    while findings.len() < PERSONS_APART {
        let Some(timer) = Timer::of(&all.iter().copied().filter(is_waited).collect::<Vec<_>>(), expected) else {
            break;
        };
        let Some((busiest, _)) = timer.persons.first().copied().filter(|_| timer.is_of_few()) else {
            if timer.is_common(&all) {
                findings.insert(0, timer.finding(&all, cells));
            }
            break;
        };
        let (own, others): (Vec<&Repeated>, Vec<&Repeated>) = all.iter().partition(|one| one.person == busiest);
        let waited: Vec<&Repeated> = own.iter().copied().filter(is_waited).collect();
        let timer = Timer::of(&waited, expected).filter(|timer| timer.is_common(&own));
        findings.extend(timer.map(|timer| timer.finding(&own, cells)));
        all = others;
    }
    findings
}

/// Returns the scopes of repeats, which must be in the order of hosts, persons and times. Each repeat includes the result before it.
pub(super) fn scopes<'r>(repeated: impl Iterator<Item = &'r Repeated>, cells: &Cells) -> Vec<Scope> {
    let mut spans: Vec<Repeated> = Vec::new();
    for one in repeated {
        let (previous, time) = one.times();
        match spans.last_mut() {
            Some(last) if (last.host, last.person) == (one.host, one.person) && previous <= last.time => {
                last.time = last.time.max(time);
            }
            _ => spans.push(Repeated { previous, time, ..*one }),
        }
    }
    let scope = |span: &Repeated| Scope {
        host: cells.host(span.host).map(Box::from),
        user: cells.person(span.person).map(Box::from),
        since: Some(Time::from_nanoseconds(span.previous)),
        until: Some(Time::from_nanoseconds(span.time)),
        ..Scope::default()
    };
    spans.iter().map(scope).collect()
}

/// Returns how many times each user was asked again, the most frequent first.
pub(super) fn by_user(repeated: &[Repeated], cells: &Cells) -> Vec<(Box<str>, u64)> {
    let mut counts: HashMap<u32, u64> = HashMap::new();
    repeated.iter().for_each(|one| *counts.entry(one.person).or_default() += 1);
    let mut counts: Vec<(u32, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(person, count)| (std::cmp::Reverse(*count), *person));
    counts.into_iter().filter_map(|(person, count)| Some((cells.person(person)?.into(), count))).collect()
}
