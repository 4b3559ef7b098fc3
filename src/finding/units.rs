//! The units of all results in the order of time, and the series of cases among them that are tested for a change.
//!
//! *Exposure* is the number of units: how often somebody signed in at all. It is compared only within a *stratum*: a host and, if
//! the log has traffic on several days, a part of the day on working days or on weekends. So neither a host that logs for a part of
//! the time nor a night can look like a change. A part of the day that few days have is not a stratum of its own, because a change
//! would fill it alone, and could not be seen.

use std::ops::Range;

use foldhash::{HashMap, HashMapExt as _};

use super::cells::Cells;
use super::rows::{HOUR, MINUTE, Row};
use super::{Options, families};
use crate::catalogue::{Catalogue, Group};
use crate::code::{Code, Key};

/// The number of days with traffic that a part of the day needs for a stratum of its own.
const DAYS_LEAST: usize = 3;
/// A day has traffic if it has at least this share of the units of the busiest day. A few stray lines do not make a day.
const SHARE_OF_BUSIEST: u32 = 10;
/// The length of a part of the day.
const PART_OF_DAY: i64 = 4 * HOUR;
/// The largest number of codes that are tested. A hostile log may contain more.
const KEYS_TESTED: usize = 256;

/// The hour of a person on a host, or a minute on a host if users are not known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// The time of the first result of any code.
    pub(super) first: i64,
    pub(super) host: u32,
    /// The number of the person or, from [`Units::minutes`] on, a number that stands for the minute.
    pub(super) person: u32,
    /// A number for the person and the day.
    pub(super) day: u32,
    /// The number of results.
    pub(super) attempts: u32,
    stratum: u32,
    /// The range of its rows.
    rows: (u32, u32),
}

/// All units, in the order of time.
#[derive(Clone, Debug, Default)]
pub(super) struct Units {
    pub(super) all: Vec<Unit>,
    /// The first number of a person that stands for a minute without users. No number is larger than `persons`.
    pub(super) minutes: u32,
    pub(super) persons: usize,
    /// The number of different days of persons.
    pub(super) days: usize,
    strata: usize,
    /// Whether parts of the day are strata.
    pub(super) has_habits: bool,
    /// The hours with results, in ascending order.
    pub(super) hours: Vec<i64>,
    /// The times without results that the logs do not cover, as far as the other pauses show.
    pub(super) holes: Vec<Range<i64>>,
    /// Whether most results do not name a user.
    pub(super) lack_users: bool,
    /// The times of the first and the last result.
    pub(super) log: Range<i64>,
}

/// The shortest pause that may be a hole in the logs.
const HOLE_LEAST: i64 = 6 * HOUR;
/// How many times as long as all other pauses a hole is.
const HOLE_TIMES_OTHERS: i64 = 5;
/// The largest number of holes.
const HOLES_MOST: usize = 3;

fn index(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl Units {
    pub(super) fn new(cells: &Cells) -> Units {
        let rows = cells.rows().as_slice();
        let mut found: Vec<Unit> = Vec::with_capacity(rows.len());
        for range in cells.rows().units() {
            let of_unit = &rows[range.clone()];
            let Row { host, person, .. } = of_unit[0];
            let first = of_unit.iter().map(|row| row.first).min().unwrap_or_default();
            let attempts = of_unit.iter().fold(0_u32, |sum, row| sum.saturating_add(row.count));
            let rows = (index(range.start), index(range.end));
            found.push(Unit { first, host, person, day: 0, attempts, stratum: 0, rows });
        }
        // The rows are sorted by host and person already, so these decide between units of the same time.
        let mut order: Vec<(i64, u32)> = (0..).zip(&found).map(|(index, unit)| (unit.first, index)).collect();
        order.sort_unstable();
        let mut units = Units { minutes: index(cells.persons_len()) + 1, ..Units::default() };
        units.all = order.into_iter().map(|(_, index)| found[index as usize]).collect();
        units.number(cells.hosts_len());
        let start = units.all.first().map_or(0, |unit| unit.first);
        units.log = start..rows.iter().map(|row| row.last).max().unwrap_or(start);
        units.holes = holes(&units.hours, units.log.end - start);
        units
    }

    /// Gives each unit its stratum, its day and, if the user is unknown, the number of its minute.
    fn number(&mut self, hosts: usize) {
        const NONE: u32 = u32::MAX;
        let habits = Habits::new(&self.all, hosts);
        self.has_habits = habits.shared.iter().any(|part| *part != habits.shared[0]);
        let mut strata = vec![[NONE; 12]; hosts + 1];
        let mut last_day: Vec<(i64, u32)> = vec![(i64::MIN, 0); self.minutes as usize];
        let mut last_minute = None;
        for unit in &mut self.all {
            let part = habits.part(unit);
            let stratum = &mut strata[unit.host as usize][usize::from(part)];
            if *stratum == NONE {
                *stratum = index(self.strata);
                self.strata += 1;
            }
            unit.stratum = *stratum;
            if unit.person == 0 {
                let minute = unit.first.div_euclid(MINUTE);
                if last_minute != Some(minute) {
                    last_minute = Some(minute);
                    last_day.push((i64::MIN, 0));
                }
                unit.person = index(last_day.len() - 1);
            }
            let day = unit.first.div_euclid(24 * HOUR);
            let last = &mut last_day[unit.person as usize];
            if last.0 != day {
                *last = (day, index(self.days));
                self.days += 1;
            }
            unit.day = last.1;
            let hour = unit.first.div_euclid(HOUR);
            if self.hours.last() != Some(&hour) {
                self.hours.push(hour);
            }
        }
        self.persons = last_day.len();
        let attempts = |unit: &Unit| u64::from(unit.attempts);
        let without: u64 = self.all.iter().filter(|unit| unit.person >= self.minutes).map(attempts).sum();
        self.lack_users = 2 * without > self.all.iter().map(attempts).sum();
    }
}

/// Returns the pauses between `hours` with results that are so long that the logs do not cover them: those of more than half of the log,
/// as before a stray line, and a few that are many times as long as all others.
fn holes(hours: &[i64], log: i64) -> Vec<Range<i64>> {
    let mut pauses: Vec<Range<i64>> = hours
        .windows(2)
        .map(|pair| pair[0].saturating_add(1).saturating_mul(HOUR)..pair[1].saturating_mul(HOUR))
        .filter(|pause| pause.end > pause.start)
        .collect();
    let length = |pause: &Range<i64>| pause.end.saturating_sub(pause.start);
    pauses.sort_by_key(|pause| (std::cmp::Reverse(length(pause)), pause.start));
    let longest_after = |count: usize| pauses.get(count).map_or(HOUR, length);
    let is_hole = |count: &usize| {
        let shortest = length(&pauses[count - 1]);
        shortest > log / 2 || shortest >= HOLE_LEAST && shortest >= HOLE_TIMES_OTHERS * longest_after(*count)
    };
    let count = (1..=pauses.len().min(HOLES_MOST)).filter(is_hole).max().unwrap_or_default();
    pauses.truncate(count);
    pauses
}

/// Returns a number for the part of the day that contains `time`, which differs between working days and weekends. In UTC.
pub(super) fn part_of_week(time: i64) -> u8 {
    const DAY: i64 = 24 * HOUR;
    // The Unix epoch was a Thursday.
    let is_weekend = (time.div_euclid(DAY) + 3).rem_euclid(7) >= 5;
    let part = u8::try_from(time.rem_euclid(DAY) / PART_OF_DAY).unwrap_or_default();
    part + if is_weekend { 6 } else { 0 }
}

/// Which parts of the week are strata of their own.
struct Habits {
    /// For each part of the week, the part whose stratum it shares.
    shared: [u8; 12],
    /// Whether each host has traffic on enough days.
    hosts: Vec<bool>,
}

impl Habits {
    /// Decides from the units of all hosts together, because a host alone may have few of them.
    fn new(units: &[Unit], hosts: usize) -> Habits {
        let day = |unit: &Unit| unit.first.div_euclid(24 * HOUR);
        // Units are in the order of time, so each day is finished before the next one begins.
        let mut of_part: Vec<Vec<u32>> = vec![Vec::new(); 12];
        let mut of_host: Vec<Vec<u32>> = vec![Vec::new(); hosts + 1];
        for units in units.chunk_by(|one, other| day(one) == day(other)) {
            let (mut parts, mut in_hosts) = ([0; 12], HashMap::<u32, u32>::new());
            for unit in units {
                parts[usize::from(part_of_week(unit.first))] += 1;
                *in_hosts.entry(unit.host).or_default() += 1;
            }
            of_part.iter_mut().zip(parts).for_each(|(days, units)| days.push(units));
            in_hosts.into_iter().for_each(|(host, units)| of_host[host as usize].push(units));
        }
        let has_days = |days: &Vec<u32>| {
            let busiest = days.iter().copied().max().unwrap_or_default();
            days.iter().filter(|units| **units > 0 && **units >= busiest / SHARE_OF_BUSIEST).count() >= DAYS_LEAST
        };
        // Weekends differ from working days, but only if there are enough of them.
        let has_weekends = of_part[6..].iter().any(has_days);
        if !has_weekends {
            let (working, weekend) = of_part.split_at_mut(6);
            working.iter_mut().zip(weekend).for_each(|(part, weekend)| part.append(weekend));
        }
        let mut shared = [0; 12];
        for (part, shared) in (0_u8..).zip(&mut shared) {
            let (first, within) = if has_weekends && part >= 6 { (6, part - 6) } else { (0, part % 6) };
            // A part with too few days shares the stratum of the latest part before it that has enough.
            let before = (0..6).map(|back| first + (within + 6 - back) % 6);
            *shared = { before }.find(|part| has_days(&of_part[usize::from(*part)])).unwrap_or(first);
        }
        Habits { shared, hosts: of_host.iter().map(has_days).collect() }
    }

    /// Returns the part of the week whose stratum the unit is in.
    fn part(&self, unit: &Unit) -> u8 {
        if self.hosts[unit.host as usize] { self.shared[usize::from(part_of_week(unit.first))] } else { 0 }
    }
}

/// A unit with at least one of the results of a series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// The index of the unit in the [`Exposure`].
    pub(super) at: usize,
    /// The time of the first result of the series in the unit.
    pub(super) first: i64,
    /// The time of the last one.
    pub(super) last: i64,
    /// The number of results of the series in the unit.
    pub(super) count: u64,
}

/// The units in which the cases of a series may occur.
#[derive(Clone, Debug)]
pub(super) struct Exposure {
    /// The indexes of the units, in the order of time.
    pub(super) units: Vec<u32>,
    /// The stratum of each unit.
    pub(super) strata: Vec<u32>,
    /// For each stratum, the indexes in `units` of its units.
    pub(super) of_stratum: Vec<Vec<u32>>,
    /// The person with the most units.
    pub(super) heaviest: u32,
}

impl Exposure {
    fn new(units: &Units, units_of: Vec<u32>) -> Exposure {
        let mut number: HashMap<u32, u32> = HashMap::new();
        let mut last = (u32::MAX, 0);
        let mut strata = Vec::with_capacity(units_of.len());
        let mut of_stratum: Vec<Vec<u32>> = Vec::new();
        let mut of_person = vec![0_u32; units.persons];
        let mut heaviest = 0;
        for (at, unit) in (0..).zip(&units_of) {
            let unit = &units.all[*unit as usize];
            if last.0 != unit.stratum {
                let next = index(number.len());
                last = (unit.stratum, *number.entry(unit.stratum).or_insert(next));
                if last.1 as usize == of_stratum.len() {
                    of_stratum.push(Vec::new());
                }
            }
            strata.push(last.1);
            of_stratum[last.1 as usize].push(at);
            let count = &mut of_person[unit.person as usize];
            *count += 1;
            if *count > of_person[heaviest] {
                heaviest = unit.person as usize;
            }
        }
        Exposure { units: units_of, strata, of_stratum, heaviest: index(heaviest) }
    }
}

/// What the cases of a series have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// A code or name.
    Key(u32),
    /// A family of codes with the same cause.
    Family(usize),
    /// A person who was asked again within a short time.
    Repeats,
}

/// Cases that are tested for a change.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) of: Of,
    /// The only host, or `None` for all of them.
    pub(super) host: Option<u32>,
    /// Whether a rise of the cases is expected less often than one of ordinary results.
    pub(super) is_trouble: bool,
    /// The index of the exposure.
    pub(super) exposure: usize,
    pub(super) cases: Vec<Case>,
}

/// All series of a log, with their exposures.
#[derive(Clone, Debug, Default)]
pub(super) struct AllSeries {
    pub(super) series: Vec<Series>,
    pub(super) exposures: Vec<Exposure>,
    /// The number of series of all hosts, and of those of single hosts.
    pub(super) levels: [usize; 2],
}

/// Whether a result is of another group than those that say that the user gave what was asked for, that nobody was asked, or that
/// another result follows.
pub(super) fn is_trouble(catalogue: &Catalogue, key: &Key) -> bool {
    let ordinary = [Group::FactorGiven, Group::NoCallMade, Group::StillPending];
    catalogue.entry(key).is_none_or(|entry| !ordinary.contains(&entry.group))
}

impl AllSeries {
    pub(super) fn new(
        cells: &Cells,
        units: &Units,
        repeated: &[Repeated],
        catalogue: &Catalogue,
        options: &Options,
    ) -> AllSeries {
        let keys = cells.keys();
        let rows = cells.rows().as_slice();
        let families: Vec<Option<usize>> = keys.iter().map(families::of).collect();
        let families = &families;
        let mut by_key: Vec<Vec<Case>> = vec![Vec::new(); keys.len()];
        let mut by_family: Vec<Vec<Case>> = vec![Vec::new(); families::ALL.len()];
        for (at, unit) in units.all.iter().enumerate() {
            for row in &rows[unit.rows.0 as usize..unit.rows.1 as usize] {
                add(&mut by_key[row.key as usize], at, row);
                if let Some(family) = families[row.key as usize].filter(|_| !cells.is_exposure(row.key)) {
                    add(&mut by_family[family], at, row);
                }
            }
        }
        let present = |family: usize| (0..keys.len()).filter(move |key| families[*key] == Some(family));
        let is_tested = |key: &usize| !by_key[*key].is_empty() && !cells.is_exposure(index(*key));
        let has_several = |family: usize| present(family).filter(is_tested).count() >= 2;
        let least = options.cases_least;
        let mut of: Vec<(Of, bool, Vec<Case>)> = Vec::new();
        of.extend(
            (0..)
                .zip(by_family)
                .filter(|(family, _)| has_several(*family))
                .map(|(family, cases)| (Of::Family(family), true, cases)),
        );
        of.extend(
            (0..).zip(by_key).map(|(key, cases)| (Of::Key(key), is_trouble(catalogue, &keys[key as usize]), cases)),
        );
        of.retain(|(of, ..)| !matches!(of, Of::Key(key) if cells.is_exposure(*key)));
        if !units.lack_users {
            let mut cases = Vec::new();
            // The units of rows are in another order than those of time.
            let mut at_of_row = vec![0_usize; rows.len()];
            units.all.iter().enumerate().for_each(|(at, unit)| at_of_row[unit.rows.0 as usize] = at);
            let mut found: Vec<(usize, i64)> =
                repeated.iter().map(|one| (at_of_row[one.unit as usize], one.time)).collect();
            found.sort_unstable();
            found.into_iter().for_each(|(at, time)| add(&mut cases, at, &Row::one(0, 0, 0, time)));
            of.push((Of::Repeats, true, cases));
        }
        of.retain(|(.., cases)| cases.len() >= least);
        if of.len() > KEYS_TESTED {
            of.sort_by_key(|(.., cases)| std::cmp::Reverse(cases.len()));
            of.truncate(KEYS_TESTED);
        }
        let mut all = AllSeries::default();
        all.exposures.push(Exposure::new(units, (0..index(units.all.len())).collect()));
        let series = |(of, is_trouble, mut cases): (Of, bool, Vec<Case>)| {
            cases.shrink_to_fit();
            Series { of, host: None, is_trouble, exposure: 0, cases }
        };
        all.series = of.into_iter().map(series).collect();
        all.levels[0] = all.series.len();
        all.add_hosts(units, least);
        all.levels[1] = all.series.len() - all.levels[0];
        all
    }

    /// Adds the series of single hosts: those whose cases occur on other hosts as well.
    fn add_hosts(&mut self, units: &Units, least: usize) {
        let hosts = units.all.iter().map(|unit| unit.host as usize + 1).max().unwrap_or_default();
        let mut of_host: Vec<Vec<u32>> = vec![Vec::new(); hosts];
        // The index of each unit among those of its host.
        let mut at_host: Vec<usize> = Vec::with_capacity(units.all.len());
        for (at, unit) in (0..).zip(&units.all) {
            let of_host = &mut of_host[unit.host as usize];
            at_host.push(of_host.len());
            of_host.push(at);
        }
        let mut exposure_of: Vec<Option<usize>> = vec![None; hosts];
        for number in 0..self.levels[0] {
            let Series { of, is_trouble, cases, .. } = &self.series[number];
            if !is_trouble || *of == Of::Repeats {
                continue;
            }
            let (of, is_trouble, all) = (*of, *is_trouble, cases.len());
            let mut cases_of: Vec<Vec<Case>> = vec![Vec::new(); hosts];
            for case in cases {
                let unit = &units.all[case.at];
                cases_of[unit.host as usize].push(Case { at: at_host[case.at], ..*case });
            }
            for (host, on_host) in cases_of.into_iter().enumerate() {
                if on_host.len() < least || on_host.len() == all {
                    continue;
                }
                let exposures = &mut self.exposures;
                let exposure = *exposure_of[host].get_or_insert_with(|| {
                    exposures.push(Exposure::new(units, of_host[host].clone()));
                    exposures.len() - 1
                });
                let host = Some(index(host));
                self.series.push(Series { of, host, is_trouble, exposure, cases: on_host });
            }
        }
    }
}

/// Adds the results of a row to the case of its unit.
fn add(cases: &mut Vec<Case>, at: usize, row: &Row) {
    let count = u64::from(row.count);
    match cases.last_mut() {
        Some(case) if case.at == at => {
            case.first = case.first.min(row.first);
            case.last = case.last.max(row.last);
            case.count += count;
        }
        _ => cases.push(Case { at, first: row.first, last: row.last, count }),
    }
}

/// A result of a person whose attempt began shortly after another one on the same host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeated {
    /// The index of the first row of the unit.
    pub(super) unit: u32,
    pub(super) host: u32,
    pub(super) person: u32,
    /// The code of the result.
    pub(super) key: u32,
    /// The code of the previous one.
    pub(super) previous_key: u32,
    /// The time of the result.
    pub(super) time: i64,
    /// The time of the result of the attempt before it, which may be later.
    pub(super) previous: i64,
    /// The time since the previous one of the person began, in nanoseconds.
    pub(super) since: i64,
}

impl Repeated {
    /// Returns the times of both results, the earlier one first.
    pub(super) fn times(&self) -> (i64, i64) {
        (self.time.min(self.previous), self.time.max(self.previous))
    }
}

/// Returns the results that repeat another one within [`Options::repeat_within`]. Where sign-ins may count twice, there are none.
pub(super) fn repeated(cells: &Cells, catalogue: &Catalogue, options: &Options) -> Vec<Repeated> {
    let group = |key: u32| catalogue.entry(&cells.keys()[key as usize]).map(|entry| entry.group);
    let groups: Vec<Option<Group>> = (0..).zip(cells.keys()).map(|(key, _)| group(key)).collect();
    // A fallback is a part of the sign-in that it completes.
    let is_fallback =
        |key: u32| [Code(24), Code(25)].into_iter().any(|code| cells.keys()[key as usize].code() == Some(code));
    let mut repeated = Vec::new();
    // The results of a person on a host, one after another, each with the first row of its unit.
    let mut of_person: Vec<(u32, Row)> = Vec::new();
    let mut add_all = |of_person: &mut Vec<(u32, Row)>| {
        let from = repeated.len();
        // A call that arrives during another one gets its result first.
        of_person.sort_by_key(|(_, row)| (row.began(), row.first, row.key));
        for pair in of_person.windows(2) {
            let ((_, previous), (unit, row)) = (pair[0], pair[1]);
            let since = row.began().saturating_sub(previous.began());
            let goes_on = groups[previous.key as usize] == Some(Group::StillPending) || is_fallback(row.key);
            let is_asked = groups[row.key as usize] != Some(Group::NoCallMade) && !cells.is_exposure(row.key);
            // Without a duration, it is not known whether a result before the other one is of a later attempt.
            let is_later = row.first >= previous.first || row.duration > 0;
            if since <= options.repeat_within && is_later && !goes_on && is_asked {
                repeated.push(Repeated {
                    unit,
                    host: row.host,
                    person: row.person,
                    key: row.key,
                    previous_key: previous.key,
                    time: row.first,
                    previous: previous.first,
                    since,
                });
            }
        }
        repeated[from..].sort_by_key(|one| (one.times().0, one.time));
        of_person.clear();
    };
    for range in cells.rows().units() {
        let unit = u32::try_from(range.start).unwrap_or(u32::MAX);
        for row in &cells.rows().as_slice()[range] {
            let is_known = row.person != 0 && row.count == 1 && !cells.is_doubled(row.host);
            let is_same = of_person.last().is_some_and(|(_, last)| (last.host, last.person) == (row.host, row.person));
            if !is_known || !is_same {
                add_all(&mut of_person);
            }
            if is_known {
                of_person.push((unit, *row));
            }
        }
    }
    add_all(&mut of_person);
    repeated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_a_pause_many_times_as_long_as_the_others() {
        // The hours up to 200 without these pauses.
        let holes = |pauses: &[(i64, i64)]| {
            let is_pause = |hour: &i64| pauses.iter().any(|(from, to)| (from..to).contains(&hour));
            let hours: Vec<i64> = (0..200).filter(|hour| !is_pause(hour)).collect();
            let mut holes: Vec<_> =
                holes(&hours, 200 * HOUR).into_iter().map(|hole| (hole.start / HOUR, hole.end / HOUR)).collect();
            holes.sort_unstable();
            holes
        };
        assert_eq!(holes(&[]), []);
        assert_eq!(holes(&[(50, 74)]), [(50, 74)]);
        assert_eq!(holes(&[(50, 74), (100, 130), (10, 12)]), [(50, 74), (100, 130)]);
        assert_eq!(holes(&[(50, 74), (100, 105)]), []);
        // Nights.
        let nights: Vec<(i64, i64)> = (0..8).map(|day| (day * 24 + 18, day * 24 + 30)).collect();
        assert_eq!(holes(&nights), []);
        // A stray line before the log.
        assert_eq!(holes(&[(1, 190), (191, 193)]), [(1, 190)]);
    }
}
