//! Joins the stretches of different series that belong to the same incident, and finds out who was affected.

use std::ops::Range;

use foldhash::{HashMap, HashMapExt as _};

use super::cells::Cells;
use super::evidence::{at_least_of_mean, ln};
use super::rows::{HOUR, NO_TIME, Row};
use super::search::{Search, Side, Stretch, float};
use super::units::{AllSeries, Of, Repeated, Units};
use super::{Finding, Kind, Options, Per, Rates, Sample, Scope, families};
use crate::code::Key;
use crate::time::Time;

/// The largest number of users that are named.
const USERS_NAMED: usize = 5;
/// The number of samples.
const SAMPLES: usize = 3;
/// The most incidents that become findings.
const INCIDENTS: usize = 50;

/// A stretch with its times.
#[derive(Clone, Debug)]
struct Timed {
    stretch: Stretch,
    /// The first time of the stretch, in nanoseconds: that of the first case in it, or of the last one before it.
    since: i64,
    /// The last time of the stretch.
    until: i64,
    /// The codes that the series may contain.
    keys: Vec<u32>,
    /// Whether it comes every night, or at another time of the day, as far as a short log shows.
    is_habit: bool,
}

impl Timed {
    fn new(stretch: Stretch, all: &AllSeries, units: &Units, cells: &Cells) -> Timed {
        let series = &all.series[stretch.series];
        let exposure = &all.exposures[series.exposure];
        let time = |at: usize| units.all[exposure.units[at] as usize].first;
        let inside = || series.cases.iter().filter(|case| stretch.units.contains(&case.at));
        let (first, last) = (time(stretch.units.start), time(stretch.units.end - 1));
        let (since, until) = match stretch.side {
            Side::More => (inside().map(|case| case.first).min(), inside().map(|case| case.last).max()),
            Side::Fewer => {
                let before =
                    series.cases.iter().filter(|case| case.at < stretch.units.start).map(|case| case.last).max();
                let after =
                    series.cases.iter().filter(|case| case.at >= stretch.units.end).map(|case| case.first).min();
                (before, after)
            }
        };
        let log = &units.log;
        let since = if stretch.begins { since.unwrap_or(first) } else { log.start };
        let until = if stretch.ends { until.unwrap_or(last) } else { log.end.max(until.unwrap_or(last)) };
        let keys = match series.of {
            Of::Key(key) => vec![key],
            Of::Family(family) => (0..)
                .zip(cells.keys())
                .filter(|(_, key)| families::of(key) == Some(family))
                .map(|(key, _)| key)
                .collect(),
            Of::Repeats => Vec::new(),
        };
        Timed { stretch, since, until: until.max(since), keys, is_habit: false }
    }

    /// Whether an earlier stretch, a day later, is this one. A beginning or end that the log cuts off may be anywhere in the other one.
    fn is_a_day_after(&self, earlier: &Timed) -> bool {
        const DAY: i64 = 24 * HOUR;
        const NEAR: i64 = 2 * HOUR;
        let (since, until) = (earlier.since.saturating_add(DAY), earlier.until.saturating_add(DAY));
        let is_in = |time: i64, since: i64, until: i64| time >= since - NEAR && time <= until + NEAR;
        let begins = match (self.stretch.begins, earlier.stretch.begins) {
            (true, true) => (self.since - since).abs() <= NEAR,
            (true, false) => is_in(since, self.since, self.until),
            (false, _) => is_in(self.since, since, until),
        };
        let ends = match (self.stretch.ends, earlier.stretch.ends) {
            (true, true) => (self.until - until).abs() <= NEAR,
            (true, false) => is_in(until, self.since, self.until),
            (false, _) => is_in(self.until, since, until),
        };
        begins && ends
    }

    fn overlap(&self, other: &Timed) -> f64 {
        seconds(self.until.min(other.until) - self.since.max(other.since)).max(0.0)
    }

    fn length(&self) -> f64 {
        seconds(self.until - self.since)
    }

    /// Whether the series of both have a code or a family in common.
    fn is_akin(&self, other: &Timed, cells: &Cells) -> bool {
        let family = |key: &u32| families::of(&cells.keys()[*key as usize]);
        self.keys.iter().any(|one| {
            other.keys.iter().any(|other| one == other || family(one).is_some() && family(one) == family(other))
        })
    }

    /// Whether this stretch, which has less evidence, is likely to be of the same incident as the other one.
    fn belongs_to(&self, other: &Timed, cells: &Cells) -> bool {
        let overlap = self.overlap(other);
        let shorter = self.length().min(other.length()).max(1.0);
        let union = (self.length() + other.length() - overlap).max(1.0);
        // Incidents of the same moment have no length.
        let is_same = (self.since - other.since).abs() < super::rows::MINUTE && shorter <= 60.0;
        // Other codes are missing while some crowd, and people who did not succeed try again.
        let follows = self.stretch.side == Side::Fewer && other.stretch.side == Side::More || self.keys.is_empty();
        is_same
            || overlap > 0.5 * union
            || self.is_akin(other, cells) && (overlap > 0.3 * shorter || self.is_next_to(other))
            || follows && overlap > 0.5 * self.length()
    }

    /// Whether the codes of this stretch are less frequent than elsewhere after it began, or before that if it was so at the start.
    fn is_less(&self) -> bool {
        self.stretch.side == Side::Fewer || !self.stretch.begins && self.stretch.ends
    }

    /// Whether this stretch ends or begins where the other one begins or ends, and both ends are known.
    fn is_other_side(&self, other: &Timed) -> bool {
        self.stretch.ends && self.is_near(self.until, other, other.since)
            || self.stretch.begins && other.stretch.ends && self.is_near(self.since, other, other.until)
    }

    /// Whether one stretch begins where the other one ends, as in an incident that grows.
    fn is_next_to(&self, other: &Timed) -> bool {
        self.stretch.side == other.stretch.side
            && (self.is_near(self.until, other, other.since) || self.is_near(self.since, other, other.until))
    }

    /// Whether two times are near each other, compared with the lengths of both stretches.
    fn is_near(&self, own: i64, other: &Timed, others: i64) -> bool {
        seconds((own - others).abs()) <= 0.1 * self.length().min(other.length()).max(600.0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a duration is compared with others")]
fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// Returns a finding for each incident.
pub(super) fn findings(
    stretches: Vec<Stretch>,
    all: &AllSeries,
    units: &Units,
    repeated: &[Repeated],
    cells: &Cells,
    options: &Options,
) -> Vec<Finding> {
    let mut timed: Vec<Timed> = stretches.into_iter().map(|stretch| Timed::new(stretch, all, units, cells)).collect();
    timed.retain(|timed| {
        timed.stretch.side == Side::Fewer
            || all.series[timed.stretch.series].of != Of::Repeats
            || is_own_rise(timed, all, units, options)
    });
    if !units.has_habits {
        mark_habits(&mut timed, all, cells);
    }
    // Rises first, because a fall at the same time is their other side; of ordinary codes those that begin, because what ended
    // there is their other side. Then the strongest.
    timed.sort_by(|one, other| {
        let rank = |timed: &Timed| {
            let is_ordinary = !all.series[timed.stretch.series].is_trouble;
            let is_fewer = timed.stretch.side == Side::Fewer;
            (is_fewer, timed.stretch.person.is_some(), is_ordinary, is_ordinary && !timed.stretch.begins)
        };
        rank(one)
            .cmp(&rank(other))
            .then(other.stretch.evidence.total_cmp(&one.stretch.evidence))
            .then(one.stretch.series.cmp(&other.stretch.series))
    });
    // Each with the stretches that belong to it.
    let mut incidents: Vec<(Timed, Vec<Timed>)> = Vec::new();
    for timed in timed {
        let is_person = timed.stretch.person.is_some();
        let home = incidents.iter().position(|(main, _)| {
            let is_ordinary = !all.series[timed.stretch.series].is_trouble;
            let is_half = !timed.stretch.begins || !main.stretch.begins;
            let is_other_side = timed.stretch.side == Side::Fewer || is_ordinary || is_half;
            if is_person || main.stretch.person.is_some() {
                return timed.is_akin(main, cells) && timed.overlap(main) > 0.0;
            }
            timed.belongs_to(main, cells)
                || is_other_side && main.stretch.side == Side::More && timed.is_other_side(main)
        });
        match home {
            Some(home) => incidents[home].1.push(timed),
            None if is_person || is_on_its_own(&timed, &incidents, all, units, options) => {
                incidents.push((timed, Vec::new()));
            }
            None => {}
        }
    }
    incidents.retain(|(main, _)| !main.is_habit);
    incidents.truncate(INCIDENTS);
    incidents.iter().map(|(main, members)| finding(main, members, all, units, repeated, cells)).collect()
}

/// Marks the stretches with more cases of codes that a day before or after have another one. The log is too short to compare the same
/// hours of several days.
fn mark_habits(timed: &mut [Timed], all: &AllSeries, cells: &Cells) {
    let host = |timed: &Timed| all.series[timed.stretch.series].host;
    for one in 0..timed.len() {
        for other in 0..timed.len() {
            let (earlier, later) = (&timed[one], &timed[other]);
            let are_more = earlier.stretch.side == Side::More && later.stretch.side == Side::More;
            if one != other
                && are_more
                && host(earlier) == host(later)
                && earlier.until <= later.since
                && earlier.is_akin(later, cells)
                && later.is_a_day_after(earlier)
            {
                (timed[one].is_habit, timed[other].is_habit) = (true, true);
            }
        }
    }
}

/// Whether a stretch is a change even without the time of the stronger incidents beside it.
fn is_on_its_own(
    timed: &Timed,
    incidents: &[(Timed, Vec<Timed>)],
    all: &AllSeries,
    units: &Units,
    options: &Options,
) -> bool {
    let is_beside = |other: &&Timed| {
        other.stretch.side == Side::More
            && other.stretch.person.is_none()
            && timed.overlap(other) < 0.5 * timed.length()
    };
    let mut beside = incidents.iter().map(|(main, _)| main).filter(is_beside).peekable();
    if beside.peek().is_none() {
        return true;
    }
    let others = beside.map(|other| (other.since, other.until, all.series[other.stretch.series].host));
    Search::new(all, timed.stretch.series, units, options).holds_without(&timed.stretch, others)
}

/// Whether repeats rose more than the square of the traffic, which they follow.
fn is_own_rise(timed: &Timed, all: &AllSeries, units: &Units, options: &Options) -> bool {
    let Stretch { series, units: range, cases, expected, .. } = &timed.stretch;
    let exposure = &all.exposures[all.series[*series].exposure];
    let mut attempts = [0_u64; 2];
    for (at, unit) in exposure.units.iter().enumerate() {
        attempts[usize::from(!range.contains(&at))] += u64::from(units.all[*unit as usize].attempts);
    }
    let count = [range.len(), exposure.units.len() - range.len()];
    let a_unit = |side: usize| {
        let attempts = float(usize::try_from(attempts[side]).unwrap_or(usize::MAX));
        attempts / float(count[side].max(1))
    };
    let rise = (a_unit(0) / a_unit(1).max(f64::MIN_POSITIVE)).max(1.0);
    let ratio =
        float(cases[0]) / expected[0].max(f64::MIN_POSITIVE) * expected[1] / float(cases[1]).max(f64::MIN_POSITIVE);
    ratio >= options.ratio * rise && float(cases[0]) - expected[0] * rise >= options.excess_least
}

/// Returns the finding about an incident.
fn finding(
    main: &Timed,
    members: &[Timed],
    all: &AllSeries,
    units: &Units,
    repeated: &[Repeated],
    cells: &Cells,
) -> Finding {
    let series = &all.series[main.stretch.series];
    let same =
        || members.iter().filter(|member| member.stretch.side == main.stretch.side && member.overlap(main) > 0.0);
    let mut keys: Vec<u32> = main.keys.iter().chain(same().flat_map(|member| &member.keys)).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    let mut range = main.since..main.until.saturating_add(1);
    let person = main.stretch.person;
    let of_series = |row: &Row| series.host.is_none_or(|host| host == row.host);
    let counts = Counts::new(cells, &range, &of_series, person);
    // Of a family, the codes that are themselves more (or less) frequent.
    if keys.len() > 1 {
        keys.retain(|key| {
            let [inside, outside] = counts.rate(*key);
            match main.stretch.side {
                Side::More => inside > outside,
                Side::Fewer => inside < outside,
            }
        });
    }
    keys.sort_by_key(|key| (std::cmp::Reverse(counts.of_key(*key, main.stretch.side)), *key));
    let cases: Vec<Row> = match series.of {
        Of::Repeats => repeated.iter().map(|one| Row::one(one.host, one.person, one.key, one.time)).collect(),
        _ => {
            let is_case = |row: &&Row| {
                keys.contains(&row.key) && of_series(row) && person.is_none_or(|person| person == row.person)
            };
            cells.rows().as_slice().iter().filter(is_case).copied().collect()
        }
    };
    let sums = |counts: &Counts, range: &Range<i64>, is_here: &dyn Fn(u32) -> bool| -> [u64; 2] {
        if series.of == Of::Repeats {
            let here = cases.iter().filter(|case| is_here(case.host));
            let (inside, outside): (Vec<&Row>, Vec<&Row>) = here.partition(|case| range.contains(&case.first));
            return [inside.len() as u64, outside.len() as u64];
        }
        [0, 1].map(|side| keys.iter().map(|key| counts.by_key[*key as usize][side]).sum())
    };
    let [inside, outside] = sums(&counts, &range, &|_| true);
    let begins = main.stretch.begins;
    let kind = match (main.stretch.side, person) {
        (Side::More, Some(_)) => Kind::User,
        (Side::More, None) if series.of == Of::Repeats && begins => Kind::Repeats,
        (Side::More, None) if begins && outside == 0 => Kind::New,
        (Side::More, None) if begins => Kind::Rise,
        (Side::More, None) if outside == 0 => Kind::Stopped,
        (Side::Fewer, _) if inside == 0 => Kind::Stopped,
        _ => Kind::Fall,
    };
    let tested = if series.host.is_some() {
        Tested::Host
    } else if person.is_some() {
        Tested::Person
    } else {
        Tested::Everything
    };
    let places = Places::new(&cases, main.stretch.side, &range, tested, units, cells);
    let is_here = |host: u32| !places.are_only || places.hosts.contains(&host);
    let is_there = |row: &Row| of_series(row) && is_here(row.host);
    // All numbers of a finding are about the hosts that it names.
    let (counts, [inside, outside]) = if places.are_only {
        let here: Vec<&Row> = cases.iter().filter(|case| range.contains(&case.first) && is_here(case.host)).collect();
        if begins {
            range.start = here.iter().map(|case| case.first).min().unwrap_or(range.start);
        }
        if main.stretch.ends {
            range.end = here.iter().map(|case| case.last.saturating_add(1)).max().unwrap_or(range.end);
        }
        let counts = Counts::new(cells, &range, &is_there, person);
        let sums = sums(&counts, &range, &is_here);
        (counts, sums)
    } else {
        (counts, [inside, outside])
    };
    let mut finding = Finding::new(kind);
    finding.evidence = main.stretch.evidence;
    finding.codes = keys.iter().map(|key| cells.keys()[*key as usize].clone()).collect();
    let time = |nanoseconds: i64| Some(Time::from_nanoseconds(nanoseconds));
    let was_so = main.stretch.side == Side::More && !begins;
    let last = range.end.saturating_sub(1);
    finding.since_start = was_so;
    finding.since = if was_so { time(last) } else { time(range.start) };
    finding.until = if main.stretch.ends && !was_so { time(last) } else { None };
    finding.not_before = if begins { not_before(main, all, units).and_then(time) } else { None };
    if main.stretch.side == Side::More && begins {
        let mut fewer: Vec<u32> =
            members.iter().filter(|member| member.is_less()).flat_map(|member| &member.keys).copied().collect();
        fewer.sort_unstable();
        fewer.dedup();
        // The test is about people, but what is said is about results.
        fewer.retain(|key| {
            let Rates { before, after, .. } = rates(counts.by_key[*key as usize], &range, units, false);
            !keys.contains(key) && after * 2.0 <= before
        });
        finding.fewer = fewer.into_iter().map(|key| cells.keys()[key as usize].clone()).collect();
    }
    finding.count = inside;
    finding.rates = Some(rates([inside, outside], &range, units, was_so));
    affected(&mut finding, &cases, main.stretch.side, &range, &places, units, cells);
    if series.of != Of::Repeats {
        let hosts: Vec<Option<u32>> = match series.host {
            Some(host) => vec![Some(host)],
            None if places.are_only => places.hosts.iter().copied().map(Some).collect(),
            None => vec![None],
        };
        // Where a code is missing, all results show when it was.
        let is_more = main.stretch.side == Side::More;
        let scope = |host: Option<u32>| Scope {
            host: host.and_then(|host| cells.host(host)).map(Box::from),
            user: person.and_then(|person| cells.person(person)).map(Box::from),
            since: time(range.start).filter(|_| is_more && begins),
            until: time(last).filter(|_| is_more && main.stretch.ends),
            ..Scope::of_codes(&finding.codes)
        };
        finding.scopes = hosts.into_iter().map(scope).collect();
    }
    finding
}

/// What was tested for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tested {
    Everything,
    Host,
    Person,
}

/// The hosts on which an incident shows.
struct Places {
    hosts: Vec<u32>,
    /// Whether it shows on these hosts alone. Otherwise others may have it as well, but too few results to say so.
    are_only: bool,
}

impl Places {
    /// Finds the hosts on which cases are more frequent in `range` than outside it.
    fn new(cases: &[Row], side: Side, range: &Range<i64>, tested: Tested, units: &Units, cells: &Cells) -> Places {
        // What is missing shows in the results outside.
        let shows = |time: i64| range.contains(&time) == (side == Side::More);
        // For each host the number of units with these results, and of all units; and the same for what is elsewhere.
        let mut hosts = vec![[0_usize; 2]; cells.hosts_len() + 1];
        let mut elsewhere = [0_usize; 2];
        for unit in &units.all {
            let counts = if shows(unit.first) { &mut hosts[unit.host as usize] } else { &mut elsewhere };
            counts[1] += 1;
        }
        // Rows of the same unit are next to each other.
        let mut last = [None, None];
        for case in cases {
            let is_shown = shows(case.first);
            let last = &mut last[usize::from(is_shown)];
            if *last != Some(case.unit()) {
                *last = Some(case.unit());
                let counts = if is_shown { &mut hosts[case.host as usize] } else { &mut elsewhere };
                counts[0] += 1;
            }
        }
        let rate = float(elsewhere[0]) / float(elsewhere[1].max(1));
        let is_affected = |[cases, units]: [usize; 2]| at_least_of_mean(float(cases), rate * float(units)) > ln(100.0);
        let with_cases = |hosts: &[[usize; 2]]| -> Vec<u32> {
            (0..).zip(hosts).skip(1).filter(|(_, [cases, _])| *cases > 0).map(|(host, _)| host).collect()
        };
        let all = with_cases(&hosts);
        let named: Vec<u32> = all.iter().copied().filter(|host| is_affected(hosts[*host as usize])).collect();
        named.iter().for_each(|host| hosts[*host as usize] = [0; 2]);
        let others = hosts.iter().fold([0; 2], |sum, [cases, units]| [sum[0] + cases, sum[1] + units]);
        let is_clear = !named.is_empty() && !is_affected(others);
        match tested {
            Tested::Host => Places { hosts: all, are_only: true },
            Tested::Everything if side == Side::More && is_clear => Places { hosts: named, are_only: true },
            _ => Places { hosts: all, are_only: false },
        }
    }
}

/// The numbers of results inside and outside a time, by code.
struct Counts {
    by_key: Vec<[u64; 2]>,
    all: [u64; 2],
}

impl Counts {
    fn new(cells: &Cells, range: &Range<i64>, of_host: &dyn Fn(&Row) -> bool, person: Option<u32>) -> Counts {
        let mut counts = Counts { by_key: vec![[0; 2]; cells.keys().len()], all: [0; 2] };
        let mut add = |key: u32, is_outside: bool, count: u64| {
            counts.by_key[key as usize][usize::from(is_outside)] += count;
            counts.all[usize::from(is_outside)] += count;
        };
        let rows = cells.rows();
        if rows.hourly().is_empty() || person.is_some() {
            let is_of = |row: &&Row| of_host(row) && person.is_none_or(|person| person == row.person);
            for row in rows.as_slice().iter().filter(is_of) {
                add(row.key, !range.contains(&row.first), u64::from(row.count));
            }
        } else {
            // Persons were left out, so only the counts by the hour are complete. Half of an hour decides on which side it is.
            for hourly in rows.hourly() {
                let row = Row::one(
                    hourly.host,
                    0,
                    hourly.key,
                    i64::from(hourly.hour) * HOUR + i64::from(rows.hours()) * HOUR / 2,
                );
                if of_host(&row) {
                    add(row.key, !range.contains(&row.first), hourly.count);
                }
            }
        }
        counts
    }

    /// Returns the share of a code in all results inside and outside.
    fn rate(&self, key: u32) -> [f64; 2] {
        #[expect(clippy::cast_precision_loss, reason = "a rate is compared with another")]
        let share = |side: usize| self.by_key[key as usize][side] as f64 / self.all[side].max(1) as f64;
        [share(0), share(1)]
    }

    fn of_key(&self, key: u32, side: Side) -> u64 {
        self.by_key[key as usize][usize::from(side == Side::Fewer)]
    }
}

/// Returns how many results there are in an hour or a day with sign-ins, inside and outside a time.
#[expect(clippy::cast_precision_loss, reason = "a rate is shown with two digits")]
fn rates([inside, outside]: [u64; 2], range: &Range<i64>, units: &Units, was_so: bool) -> Rates {
    // In less than a minute, a rate would be about a second and not about people.
    const HOURS_LEAST: f64 = 1.0 / 60.0;
    let log = &units.log;
    let hours = |range: &Range<i64>| -> f64 {
        let of_hour = |hour: &i64| {
            let start = hour.saturating_mul(HOUR);
            seconds(range.end.min(log.end).min(start.saturating_add(HOUR)) - range.start.max(log.start).max(start))
                .max(0.0)
        };
        units.hours.iter().map(of_hour).sum::<f64>() / 3600.0
    };
    let of_inside = hours(range);
    let of_outside = (hours(log) - of_inside).max(HOURS_LEAST);
    let (inside, outside) = (inside as f64 / of_inside.max(HOURS_LEAST), outside as f64 / of_outside);
    let (before, after) = if was_so { (inside, outside) } else { (outside, inside) };
    let (per, times) = if before.max(after) < 1.0 { (Per::Day, 24.0) } else { (Per::Hour, 1.0) };
    Rates { before: before * times, after: after * times, per }
}

/// Returns the time of the unit before which the rate of the stretch would have given three more cases.
fn not_before(timed: &Timed, all: &AllSeries, units: &Units) -> Option<i64> {
    let Stretch { series, units: range, cases, expected, side, .. } = &timed.stretch;
    if *side == Side::Fewer {
        return None;
    }
    let series = &all.series[*series];
    let exposure = &all.exposures[series.exposure];
    let mut weights = vec![0.0; exposure.of_stratum.len()];
    series.cases.iter().for_each(|case| weights[exposure.strata[case.at] as usize] += 1.0);
    weights.iter_mut().zip(&exposure.of_stratum).for_each(|(weight, units)| *weight /= float(units.len().max(1)));
    let rate = float(cases[0]) / expected[0].max(f64::MIN_POSITIVE);
    let mut missing = 0.0;
    for at in (0..range.start).rev() {
        missing += rate * weights[exposure.strata[at] as usize];
        if missing >= 3.0 {
            return Some(units.all[exposure.units[at] as usize].first.min(timed.since));
        }
    }
    None
}

/// Fills in which hosts and users have the results of an incident.
fn affected(
    finding: &mut Finding,
    cases: &[Row],
    side: Side,
    range: &Range<i64>,
    places: &Places,
    units: &Units,
    cells: &Cells,
) {
    let is_fewer = side == Side::Fewer;
    let shows = |time: i64| range.contains(&time) != is_fewer;
    let mut has_units = vec![false; cells.hosts_len() + 1];
    let mut is_there = vec![false; units.minutes as usize];
    for unit in units.all.iter().filter(|unit| shows(unit.first)) {
        has_units[unit.host as usize] = true;
        if unit.person < units.minutes && (!places.are_only || places.hosts.contains(&unit.host)) {
            is_there[unit.person as usize] = true;
        }
    }
    let is_here = |host: u32| !places.are_only || places.hosts.contains(&host);
    let mut samples: Vec<&Row> = cases.iter().filter(|case| shows(case.first) && is_here(case.host)).collect();
    let mut persons: HashMap<u32, u64> = HashMap::new();
    samples.iter().for_each(|case| *persons.entry(case.person).or_default() += u64::from(case.count));
    finding.hosts_of = has_units[1..].iter().filter(|has_units| **has_units).count() as u64;
    finding.hosts = places.hosts.iter().filter_map(|host| cells.host(*host)).map(Box::from).collect();
    let mut users: Vec<(u32, u64)> = persons.into_iter().filter(|(person, _)| *person != 0).collect();
    users.sort_unstable_by_key(|(person, count)| (std::cmp::Reverse(*count), *person));
    finding.users_count = users.len() as u64;
    finding.users_of = is_there.iter().filter(|is_there| **is_there).count() as u64;
    if users.len() <= USERS_NAMED {
        finding.users = users.iter().filter_map(|(person, _)| cells.person(*person)).map(Box::from).collect();
    }
    finding.count_of_one = users.first().map_or(0, |(_, count)| *count);
    samples.sort_by_key(|row| (row.first, row.host, row.person, row.key));
    if is_fewer {
        samples.reverse();
    }
    finding.samples = samples.into_iter().take(SAMPLES).map(|row| sample(row, cells)).collect();
    if is_fewer {
        finding.samples.reverse();
    }
}

/// Converts a row to a sample.
pub(super) fn sample(row: &Row, cells: &Cells) -> Sample {
    Sample {
        time: (row.first != NO_TIME).then(|| Time::from_nanoseconds(row.first)),
        host: cells.host(row.host).map(Box::from),
        user: cells.person(row.person).map(Box::from),
        address: cells.address(row.address).map(Box::from),
        key: key(row, cells),
    }
}

/// Returns the code of a row.
pub(super) fn key(row: &Row, cells: &Cells) -> Key {
    cells.keys()[row.key as usize].clone()
}
