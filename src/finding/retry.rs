//! Persons who were asked again within a short time, and the timer of the program that asked again.

use foldhash::{HashMap, HashMapExt as _};

use super::cells::Cells;
use super::evidence::{at_least, ln};
use super::search::float;
use super::units::Repeated;
use super::{Finding, Kind, Options, Scope};
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
/// The largest number of users that are named.
const USERS_NAMED: usize = 5;

/// Returns the finding that most repeats come after the same interval, give or take a second, if it is so.
pub(super) fn finding(repeated: &[Repeated], cells: &Cells, options: &Options) -> Option<Finding> {
    let waited: Vec<&Repeated> = repeated.iter().filter(|one| one.since >= SHORTEST).collect();
    let mut by_second: HashMap<i64, usize> = HashMap::new();
    for one in &waited {
        *by_second.entry((one.since + SECOND / 2).div_euclid(SECOND)).or_default() += 1;
    }
    let near = |second: i64| (second - 1..=second + 1).filter_map(|second| by_second.get(&second)).sum::<usize>();
    let commonest = |second: i64| by_second.get(&second).copied().unwrap_or_default();
    let second = by_second.keys().copied().max_by_key(|second| (near(*second), commonest(*second), -*second))?;
    let same = near(second);
    let within = usize::try_from(options.repeat_within / SECOND).unwrap_or_default();
    let expected = EXPECTED.max(6.0 / float(within.max(1)));
    if expected >= 1.0 {
        return None;
    }
    let evidence = at_least(float(same), float(waited.len()), expected);
    if same < REPEATS_LEAST || same * 10 < waited.len() * 6 || evidence < ln(1.0 / CHANCE) {
        return None;
    }
    let is_same = |one: &Repeated| ((one.since + SECOND / 2).div_euclid(SECOND) - second).abs() <= 1;
    let mut finding = Finding::new(Kind::Retry);
    finding.evidence = evidence;
    finding.count = waited.len() as u64;
    finding.count_of_one = same as u64;
    finding.interval_ms = u64::try_from(second * 1_000).ok();
    finding.since = waited.iter().filter(|one| is_same(one)).map(|one| Time::from_nanoseconds(one.time)).min();
    let different = |number: &dyn Fn(&Repeated) -> u32| {
        let mut all: Vec<u32> = waited.iter().map(|one| number(one)).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let (persons, hosts) = (different(&|one| one.person), different(&|one| one.host));
    finding.users_count = persons.len() as u64;
    if persons.len() <= USERS_NAMED {
        finding.users = persons.iter().filter_map(|person| cells.person(*person)).map(Box::from).collect();
    }
    finding.hosts = hosts.iter().filter_map(|host| cells.host(*host)).map(Box::from).collect();
    finding.hosts_of = cells.hosts_len() as u64;
    let durations = cells.rows().as_slice().iter().filter_map(|row| row.duration.checked_sub(1));
    finding.longest_ms = durations.max().map(u64::from);
    finding.scopes = scopes(waited.into_iter(), cells);
    Some(finding)
}

/// Returns the scopes of repeats, which must be in the order of hosts, persons and times. Each repeat includes the result before it.
pub(super) fn scopes<'r>(repeated: impl Iterator<Item = &'r Repeated>, cells: &Cells) -> Vec<Scope> {
    let mut spans: Vec<Repeated> = Vec::new();
    for one in repeated {
        match spans.last_mut() {
            Some(last) if (last.host, last.person) == (one.host, one.person) && one.previous <= last.time => {
                last.time = last.time.max(one.time);
            }
            _ => spans.push(*one),
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
