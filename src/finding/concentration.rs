//! Codes that belong to one user or one host far more than to any other, from the beginning to the end of the log.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt as _};

use super::cells::{Cells, is_watched};
use super::evidence::{at_least, ln};
use super::incidents::sample;
use super::rows::{HOUR, MINUTE, Row, Unit};
use super::units::{Units, is_trouble};
use super::{Finding, Kind, Options, Scope};
use crate::catalogue::Catalogue;
use crate::time::Time;

/// The smallest number of units with the code.
const UNITS_LEAST: usize = 10;
/// The smallest number of users or hosts in the log.
const OTHERS_LEAST: usize = 3;
/// The smallest number of users who have the code on a host.
const USERS_LEAST: usize = 3;
/// How many of 100 units with the code must be of the user, and of the host. Hosts differ by themselves more often. As neither has more
/// than half of all units, the code is then at least nine times as frequent as elsewhere.
const SHARES: [u64; 2] = [90, 95];
/// How many of 100 units of a user must have the code if others have it as well, because of something about the user.
const OF_USER: u64 = 80;
/// How many times as many units with the code as any other user such a user has.
const TIMES_OTHERS: u64 = 5;
/// The shortest time between the first and the last of these results, because anybody can have a bad day.
const LASTS_LEAST: i64 = 24 * HOUR;
/// How many times the rate of all others, and of each other host, that of a host is if they have the code as well.
const RATIO_OF_HOST: f64 = 4.0;
/// The smallest number of other hosts that have the code, and of their units with it.
const OTHERS_WITH_CODE: [u64; 2] = [3, 10];
/// Users or hosts do different work if at least this many codes each belong to one of them, and if these are at least this many of 100
/// codes.
const DIFFERENT_WORK: [usize; 2] = [3, 40];
/// The number of samples.
const SAMPLES: usize = 3;
/// The smallest number of units with a name that is not in the catalogue, for a finding about a host.
const UNKNOWN_LEAST: u64 = 20;
/// What a host does all the time differs from all sign-ins by at most this share at any time.
const ALL_THE_TIME: f64 = 0.2;
/// How many of 100 hours, or days, have a result at the same time of the hour, or the day, if a scheduled task has them.
const SCHEDULED: usize = 60;
/// The smallest number of hours, or days, with a result by which a schedule is recognized.
const SCHEDULED_LEAST: usize = 5;
/// The largest number of different minutes of an hour with a result, on average. With more, every minute has one often enough.
const MINUTES_MOST: usize = 20;
/// The length of the time of the day at which a daily task runs, in minutes.
const DAILY_MINUTES: i64 = 15;

/// A user or a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Who {
    User(u32),
    Host(u32),
}

impl Who {
    fn has(self, row: &Row) -> bool {
        match self {
            Who::User(person) => person == row.person,
            Who::Host(host) => host == row.host,
        }
    }
}

/// The units of a user on a host with a code.
#[derive(Clone, Copy, Debug)]
struct OfBoth {
    host: u32,
    person: u32,
    units: u64,
    /// The time of the first unit.
    from: i64,
    /// The time of the last unit.
    to: i64,
}

/// The units of each user and host, and those of all.
struct Sizes {
    of: HashMap<Who, u64>,
    all: u64,
    /// The numbers of users and of hosts.
    numbers: [usize; 2],
    /// The evidence that a finding needs.
    bar: f64,
    lack_users: bool,
}

impl Sizes {
    /// Whether nearly every attempt of a user has the code, day after day, while nobody else has it often. `of_key` are the units with
    /// the code.
    fn is_about_user(&self, person: u32, of_key: &HashMap<Who, u64>, total: u64, lasts: i64) -> bool {
        let (cases, units) = (of_key[&Who::User(person)], self.of[&Who::User(person)]);
        let is_other = |who: &Who| matches!(who, Who::User(other) if *other != person);
        let most = of_key.iter().filter(|(who, _)| is_other(who)).map(|(_, cases)| *cases).max().unwrap_or_default();
        person != 0
            && cases >= UNITS_LEAST as u64
            && cases * 100 >= units * OF_USER
            && units * 2 <= self.all
            && cases >= TIMES_OTHERS * most
            && lasts >= LASTS_LEAST
            && self.numbers[0] >= OTHERS_LEAST
            && at_least(number(cases), number(total), number(units) / number(self.all)) >= self.bar
    }

    /// Whether the code is so much more frequent on a host than on each of the others that it is about the host. `busiest` is the
    /// largest number of units with the code that a user has there.
    fn is_about_host(&self, host: u32, of_key: &HashMap<Who, u64>, total: u64, busiest: u64) -> bool {
        let (cases, units) = (of_key[&Who::Host(host)], self.of[&Who::Host(host)]);
        let (others, of_others) = (total - cases, self.all - units);
        let is_other = |who: &Who| matches!(who, Who::Host(other) if *other != host && *other != 0);
        let hosts: Vec<(&Who, &u64)> = of_key.iter().filter(|(who, _)| is_other(who)).collect();
        let with_code = [hosts.len() as u64, others];
        let rate = number(cases) / number(units);
        let is_many_times = hosts
            .iter()
            .filter(|(_, cases)| **cases >= UNITS_LEAST as u64 / 2)
            .all(|(who, cases)| rate >= RATIO_OF_HOST * number(**cases) / number(self.of[*who]));
        // The share of the host if its rate were so many times that of the others.
        let share = RATIO_OF_HOST * number(units) / (RATIO_OF_HOST * number(units) + number(of_others));
        let is_enough = |cases: u64| {
            cases >= UNITS_LEAST as u64 && at_least(number(cases), number(cases + others), share) >= self.bar
        };
        host != 0
            && !self.lack_users
            && units * 2 <= self.all
            && with_code.iter().zip(OTHERS_WITH_CODE).all(|(count, least)| *count >= least)
            && is_many_times
            && is_enough(cases)
            && is_enough(cases - busiest)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of units are far below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

/// Returns a finding for each user and host. `others` are findings about changes, whose codes are left out.
pub(super) fn findings(
    units: &Units,
    cells: &Cells,
    catalogue: &Catalogue,
    others: &[Finding],
    options: &Options,
) -> Vec<Finding> {
    let mut all: HashMap<Who, u64> = HashMap::new();
    let (mut of_host, mut of_user) = (vec![0_u64; cells.hosts_len() + 1], vec![0_u64; units.minutes as usize]);
    for unit in &units.all {
        of_host[unit.host as usize] += 1;
        if let Some(of_user) = of_user.get_mut(unit.person as usize) {
            *of_user += 1;
        }
    }
    let with_units = |of: Vec<u64>| (0_u32..).zip(of).filter(|(_, units)| *units > 0);
    all.extend(with_units(of_host).map(|(host, units)| (Who::Host(host), units)));
    all.extend(with_units(of_user).map(|(person, units)| (Who::User(person), units)));
    let count = |is_host: bool| all.keys().filter(|who| matches!(who, Who::Host(_)) == is_host).count();
    let numbers = [count(false), count(true)];
    // The units of each user on each host. Those of a user on a host are next to each other.
    let mut of_both: Vec<Vec<OfBoth>> = vec![Vec::new(); cells.keys().len()];
    let mut keys: Vec<u32> = Vec::new();
    for range in cells.rows().units() {
        let rows = &cells.rows().as_slice()[range];
        let Row { host, person, first, .. } = rows[0];
        keys.clear();
        keys.extend(rows.iter().map(|row| row.key));
        keys.sort_unstable();
        keys.dedup();
        for key in &keys {
            match of_both[*key as usize].last_mut() {
                Some(last) if (last.host, last.person) == (host, person) => {
                    (last.units, last.to) = (last.units + 1, first);
                }
                _ => of_both[*key as usize].push(OfBoth { host, person, units: 1, from: first, to: first }),
            }
        }
    }
    let mut of_key: Vec<HashMap<Who, u64>> = vec![HashMap::new(); of_both.len()];
    let mut times: Vec<HashMap<u32, (i64, i64)>> = vec![HashMap::new(); of_both.len()];
    let mut totals = vec![0_u64; of_both.len()];
    for (key, of_both) in of_both.iter().enumerate() {
        for OfBoth { host, person, units, from, to } in of_both.iter().copied() {
            totals[key] += units;
            *of_key[key].entry(Who::Host(host)).or_default() += units;
            if person != 0 {
                *of_key[key].entry(Who::User(person)).or_default() += units;
                let times = times[key].entry(person).or_insert((from, to));
                *times = (times.0.min(from), times.1.max(to));
            }
        }
    }
    let tests = number(2 * (totals.len() * all.len()).max(1) as u64);
    let bar = ln(1.0 / options.chance) + ln(tests);
    let sizes = Sizes { of: all, all: units.all.len() as u64, numbers, bar, lack_users: units.lack_users };
    let is_left_out = |key: u32| {
        let name = &cells.keys()[key as usize];
        let is_left_out = cells.is_exposure(key) || is_watched(catalogue, name) || !is_trouble(catalogue, name);
        totals[key as usize] < UNITS_LEAST as u64 || is_left_out
    };
    let examined: Vec<usize> =
        (0_u32..).zip(&totals).map(|(key, _)| key).filter(|key| !is_left_out(*key)).map(|key| key as usize).collect();
    let do_different_work =
        [false, true].map(|is_host| do_different_work(&examined, is_host, &of_key, &totals, numbers));
    // The codes of each user and host, with what the finding replaces.
    let mut found: BTreeMap<Who, Vec<u32>> = BTreeMap::new();
    for (key, total) in (0_u32..).zip(&totals) {
        let name = &cells.keys()[key as usize];
        if is_left_out(key) {
            continue;
        }
        let is_change = others.iter().any(|finding| finding.kind != Kind::User && finding.codes.contains(name));
        let of_key = &of_key[key as usize];
        let is_about = |who: Who, cases: u64| {
            let own = sizes.of[&who];
            let kind = usize::from(matches!(who, Who::Host(_)));
            if do_different_work[kind] {
                return false;
            }
            let is_most = cases * 100 >= total * SHARES[kind] && own * 2 <= sizes.all;
            if is_most && numbers[kind] >= OTHERS_LEAST {
                return !is_change && (catalogue.entry(name).is_some() || !is_work(who, key, *total, units, cells));
            }
            match who {
                Who::User(person) => {
                    let (from, to) = times[key as usize].get(&person).copied().unwrap_or_default();
                    sizes.is_about_user(person, of_key, *total, to - from)
                }
                Who::Host(host) => {
                    let of_host = of_both[key as usize].iter().filter(|one| one.host == host && one.person != 0);
                    let busiest = of_host.map(|one| one.units).max().unwrap_or_default();
                    !is_change && sizes.is_about_host(host, of_key, *total, busiest)
                }
            }
        };
        let least = |(who, cases): &(&Who, &u64)| **cases * 20 >= *total && is_about(**who, **cases);
        // If all are of one user on one host, that is about the user.
        let Some(who) = of_key.iter().filter(least).map(|(who, _)| *who).min() else { continue };
        if who != Who::User(0) && who != Who::Host(0) {
            found.entry(who).or_default().push(key);
        }
    }
    let user_has = |name: Option<&str>, code: u32| {
        let code = &cells.keys()[code as usize];
        let is_same =
            |finding: &Finding| finding.users.first().map(|user| &**user) == name && finding.codes.contains(code);
        others.iter().filter(|finding| finding.kind == Kind::User).any(is_same)
    };
    let mut findings = Vec::new();
    for (who, mut keys) in found {
        if let Who::User(person) = who {
            keys.retain(|key| !user_has(cells.person(person), *key));
        }
        if !keys.is_empty() {
            findings.extend(finding(who, &keys, &totals, &sizes, cells));
        }
    }
    findings
}

/// Whether nearly all results with a name are of one user or host because that is what it does: a scheduled task of the user has them, or
/// the host has them as long as anybody signs in, or only a few. The catalogue does not know whether such a name means trouble.
fn is_work(who: Who, key: u32, total: u64, units: &Units, cells: &Cells) -> bool {
    let rows = || cells.rows().as_slice().iter().filter(|row| row.key == key && who.has(row));
    match who {
        Who::User(_) => is_scheduled(rows().filter(|row| row.count == 1).map(|row| row.first).collect()),
        Who::Host(_) => {
            let hour = |time: i64| time.div_euclid(HOUR);
            let mut of_host: Vec<(Unit, i64)> = rows().map(|row| (row.unit(), hour(row.first))).collect();
            of_host.dedup_by_key(|(unit, _)| *unit);
            let of_host = of_host.into_iter().map(|(_, hour)| hour).collect();
            let all = units.all.iter().map(|unit| hour(unit.first)).collect();
            total < UNKNOWN_LEAST || difference(of_host, all) <= ALL_THE_TIME
        }
    }
}

/// Whether most hours with a result have one at the same minute, or most days at about the same time, as a scheduled task does.
fn is_scheduled(mut times: Vec<i64>) -> bool {
    const DAY: i64 = 24 * HOUR;
    times.sort_unstable();
    let mut minutes: Vec<i64> = times.iter().map(|time| time.div_euclid(MINUTE)).collect();
    minutes.dedup();
    let mut hours: Vec<i64> = times.iter().map(|time| time.div_euclid(HOUR)).collect();
    hours.dedup();
    let mut of_hour = [0_usize; 60];
    for minute in &minutes {
        of_hour[usize::try_from(minute.rem_euclid(60)).unwrap_or_default()] += 1;
    }
    let is_most = |count: usize, all: usize| all >= SCHEDULED_LEAST && count * 100 >= all * SCHEDULED;
    let most = of_hour.into_iter().max().unwrap_or_default();
    if is_most(most, hours.len()) && minutes.len() <= MINUTES_MOST * hours.len() {
        return true;
    }
    // The first result of each day.
    times.dedup_by_key(|time| time.div_euclid(DAY));
    let mut of_day: Vec<i64> = times.iter().map(|time| time.rem_euclid(DAY)).collect();
    of_day.sort_unstable();
    let near = |from: usize| of_day.partition_point(|time| *time < of_day[from] + DAILY_MINUTES * MINUTE) - from;
    is_most((0..of_day.len()).map(near).max().unwrap_or_default(), of_day.len())
}

/// Returns the largest difference between the shares of two sets of times that are before the same moment.
fn difference(mut some: Vec<i64>, mut all: Vec<i64>) -> f64 {
    some.sort_unstable();
    all.sort_unstable();
    let share = |times: &[i64], before: usize| number(before as u64) / number(times.len().max(1) as u64);
    let at = |time: i64| {
        [|one: &i64, time: &i64| one < time, |one: &i64, time: &i64| one <= time].map(|is_before| {
            let before = |times: &[i64]| share(times, times.partition_point(|one| is_before(one, &time)));
            (before(&some) - before(&all)).abs()
        })
    };
    some.iter().flat_map(|time| at(*time)).fold(0.0, f64::max)
}

/// Whether most codes are each of a single user, or on a single host. That is what they do, and says nothing about any of them.
fn do_different_work(
    examined: &[usize],
    is_host: bool,
    of_key: &[HashMap<Who, u64>],
    totals: &[u64],
    numbers: [usize; 2],
) -> bool {
    let share = SHARES[usize::from(is_host)];
    let is_of_one = |key: &&usize| {
        let total = totals[**key];
        of_key[**key].iter().any(|(who, cases)| matches!(who, Who::Host(_)) == is_host && cases * 100 >= total * share)
    };
    let of_one = examined.iter().filter(is_of_one).count();
    let [least, share] = DIFFERENT_WORK;
    numbers[usize::from(is_host)] >= OTHERS_LEAST && of_one >= least && of_one * 100 >= examined.len() * share
}

/// Returns the finding about codes of one user or host, or `None` if too few users have them on the host.
fn finding(who: Who, keys: &[u32], totals: &[u64], sizes: &Sizes, cells: &Cells) -> Option<Finding> {
    let mut finding = Finding::new(match who {
        Who::User(_) => Kind::User,
        Who::Host(_) => Kind::Host,
    });
    let mut keys = keys.to_vec();
    keys.sort_by_key(|key| (std::cmp::Reverse(totals[*key as usize]), *key));
    finding.codes = keys.iter().map(|key| cells.keys()[*key as usize].clone()).collect();
    let mut rows: Vec<&Row> = cells.rows().as_slice().iter().filter(|row| keys.contains(&row.key)).collect();
    finding.count = rows.iter().map(|row| u64::from(row.count)).sum();
    let mut others: HashMap<u32, u64> = HashMap::new();
    let of_others = rows.iter().filter(|row| row.person != 0 && !who.has(row));
    of_others.for_each(|row| *others.entry(row.person).or_default() += u64::from(row.count));
    finding.most_of_others = others.into_values().max().unwrap_or_default();
    finding.percent_of_all = 100.0 * number(sizes.of[&who]) / number(sizes.all);
    rows.retain(|row| who.has(row));
    finding.count_of_one = rows.iter().map(|row| u64::from(row.count)).sum();
    rows.sort_by_key(|row| (row.first, row.host, row.person, row.key));
    let different = |number: &dyn Fn(&Row) -> u32| {
        let mut all: Vec<u32> = rows.iter().map(|row| number(row)).filter(|number| *number != 0).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let (users, hosts) = (different(&|row| row.person), different(&|row| row.host));
    let has_users = rows.iter().any(|row| row.person != 0);
    if matches!(who, Who::Host(_)) && has_users && users.len() < USERS_LEAST {
        return None;
    }
    // A user who stands out by hours must do so by results, too, because these are shown.
    let is_most = finding.count_of_one * 100 >= finding.count * SHARES[0];
    let is_far_more = finding.count_of_one >= TIMES_OTHERS * finding.most_of_others;
    if matches!(who, Who::User(_)) && !is_most && !is_far_more {
        return None;
    }
    finding.hosts = hosts.iter().filter_map(|host| cells.host(*host)).map(Box::from).collect();
    finding.hosts_of = sizes.numbers[1] as u64;
    finding.users_count = users.len() as u64;
    finding.users_of = sizes.numbers[0] as u64;
    if let Who::User(person) = who {
        finding.users = cells.person(person).map(Box::from).into_iter().collect();
    }
    finding.since = rows.first().map(|row| Time::from_nanoseconds(row.first));
    finding.since_start = true;
    let (user, host) = match who {
        Who::User(person) => (cells.person(person), None),
        Who::Host(host) => (None, cells.host(host)),
    };
    let (user, host) = (user.map(Box::from), host.map(Box::from));
    finding.scopes = vec![Scope { user, host, ..Scope::of_codes(&finding.codes) }];
    finding.samples = rows.iter().take(SAMPLES).map(|row| sample(row, cells)).collect();
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_the_same_minute_of_most_hours_or_the_same_time_of_most_days() {
        let minutes = |times: &[i64]| times.iter().map(|minute| minute * MINUTE).collect::<Vec<i64>>();
        let hourly: Vec<i64> = (0..20).map(|hour| hour * 60 + 17).collect();
        assert!(is_scheduled(minutes(&hourly)));
        let mut with_others = hourly.clone();
        with_others.extend((0..20).map(|hour| hour * 60 + hour * 7 % 60));
        assert!(is_scheduled(minutes(&with_others)));
        let daily: Vec<i64> = (0..20).map(|day| day * 1_440 + 242 + day * 5 % 14).collect();
        assert!(is_scheduled(minutes(&daily)));
        // A few sign-ins at the same minute may be chance, and a user who signs in all the time has some in every minute.
        assert!(!is_scheduled(minutes(&hourly[..4])));
        assert!(!is_scheduled(minutes(&(0..20).map(|number| number * 97).collect::<Vec<_>>())));
        assert!(!is_scheduled(minutes(&(0..600).map(|number| number * 2).collect::<Vec<_>>())));
    }

    #[test]
    fn the_difference_of_two_sets_of_times_is_that_of_their_shares() {
        let is = |some: &[i64], all: &[i64], expected: f64| {
            (difference(some.to_vec(), all.to_vec()) - expected).abs() < 1e-9
        };
        assert!(is(&[1, 2, 3, 4], &[4, 3, 2, 1], 0.0));
        assert!(is(&[1, 2], &[1, 2, 3, 4], 0.5));
        assert!(is(&[3, 4], &[1, 2, 3, 4], 0.5));
        assert!(is(&[5], &[1, 2, 3, 4], 1.0));
        assert!(is(&[], &[1], 0.0));
    }
}
