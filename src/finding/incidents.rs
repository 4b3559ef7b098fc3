//! Joins the stretches of different series that belong to the same incident, and finds out who was affected.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;

use foldhash::{HashMap, HashMapExt as _};

use super::borders::{Borders, Times, halves};
use super::cells::Cells;
use super::evidence::{at_least, at_least_of_mean, ln};
use super::rows::{HOUR, MINUTE, NO_TIME, Row};
use super::search::{Search, Side, Stretch, float};
use super::units::{AllSeries, Exposure, Of, Repeated, Series, Units};
use super::{Finding, Kind, Options, Per, Rates, Sample, Scope, families};
use crate::code::Key;
use crate::time::Time;

/// The largest number of users that are named.
const USERS_NAMED: usize = 5;
/// The number of samples.
const SAMPLES: usize = 3;
/// The most incidents that become findings.
const INCIDENTS: usize = 50;
/// So many cases must be missing after the last one to say that it was over with it. The probability of none is 5 %.
const MISSING_AT_END: f64 = 3.0;
/// So many results must be missing in the rest of the log, by the clock.
const MISSING_OUTSIDE: f64 = 1.0;
/// The least number of results of a person that is said to have ended.
const ENDED_LEAST: u64 = 20;
/// What became rarer for good must have been frequent for one of so many hours, because anything may be in the first of them.
const EARLY_ONE_IN: f64 = 20.0;
/// The longest time of a burst.
const BURST: i64 = MINUTE;
/// The least number of results that must be missing of a code that is said to be less frequent at the same time.
const FEWER_LEAST: f64 = 5.0;
/// A burst of results that recurs this many times is usual.
const RECURS: usize = 5;
/// A change is not about a code that has fewer than one in this many of its results.
const RARE_ONE_IN: u64 = 50;
/// A code is not new if it has this many pauses that are as long as the time before its first result: it comes from time to time.
const PAUSES: usize = 4;
/// The shortest change for which a finding also says when most of its results are.
const DENSE_LEAST: i64 = 2 * HOUR;

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
    fn new(stretch: Stretch, known: &Known) -> Timed {
        let Known { all, units, cells, .. } = *known;
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

    /// Returns the times of its results. Where results are missing, those before and after it do not belong to it.
    fn range(&self) -> Range<i64> {
        match self.stretch.side {
            Side::More => self.since..self.until.saturating_add(1),
            Side::Fewer => {
                let until = self.until.saturating_add(i64::from(!self.stretch.ends));
                self.since.saturating_add(i64::from(self.stretch.begins))..until
            }
        }
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

    /// Whether the series of both have a code in common.
    fn shares_code(&self, other: &Timed) -> bool {
        self.keys.iter().any(|key| other.keys.contains(key))
    }

    /// Whether this stretch, which has less evidence, is likely to be of the same incident as the other one.
    fn belongs_to(&self, other: &Timed, cells: &Cells) -> bool {
        let overlap = self.overlap(other);
        let shorter = self.length().min(other.length()).max(1.0);
        let union = (self.length() + other.length() - overlap).max(1.0);
        // Incidents of the same moment have no length.
        let is_same = (self.since - other.since).abs() < MINUTE && shorter <= 60.0;
        // Other codes are missing while some crowd, and people who did not succeed try again.
        let follows = self.stretch.side == Side::Fewer && other.stretch.side == Side::More || self.keys.is_empty();
        is_same
            || overlap > 0.5 * union
            || self.is_akin(other, cells) && overlap > 0.3 * shorter
            || self.shares_code(other) && self.is_next_to(other)
            || follows && overlap > 0.5 * self.length()
    }

    /// Whether another change of the same person is at about the same time.
    fn is_of_same_time(&self, other: &Timed) -> bool {
        const OVERLAP: f64 = 0.8;
        self.stretch.person.is_some()
            && self.stretch.person == other.stretch.person
            && (self.stretch.begins, self.stretch.ends) == (other.stretch.begins, other.stretch.ends)
            && self.overlap(other) >= OVERLAP * self.length().max(other.length())
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

/// What is known about a log.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    pub(super) all: &'k AllSeries,
    pub(super) units: &'k Units,
    pub(super) repeated: &'k [Repeated],
    pub(super) cells: &'k Cells,
    pub(super) options: &'k Options,
    /// The times of all results, each with its host and the number of results, in ascending order. Collected when they are first needed.
    pub(super) results: &'k OnceCell<Vec<(i64, u32, u32)>>,
}

impl Known<'_> {
    /// Returns the times of all results in these places.
    fn traffic(&self, places: &Places) -> Times {
        let results = self.results.get_or_init(|| {
            let rows = self.cells.rows().as_slice().iter();
            let mut results: Vec<(i64, u32, u32)> =
                rows.flat_map(|row| halves(row).map(|(time, count)| (time, row.host, count))).collect();
            results.sort_unstable();
            results
        });
        let there = results.iter().filter(|(_, host, _)| places.have(*host));
        Times::sorted(there.map(|(time, _, count)| (*time, *count)))
    }

    /// Returns the codes and names with these numbers.
    fn names(&self, keys: &[u32]) -> Vec<Key> {
        keys.iter().map(|key| self.cells.keys()[*key as usize].clone()).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a duration is compared with others")]
fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// Returns a finding for each incident.
pub(super) fn findings(stretches: Vec<Stretch>, known: &Known) -> Vec<Finding> {
    let Known { all, units, cells, .. } = *known;
    let mut timed: Vec<Timed> = stretches.into_iter().map(|stretch| Timed::new(stretch, known)).collect();
    // Repeats follow the square of the traffic, so fewer of them say nothing.
    timed.retain(|timed| {
        all.series[timed.stretch.series].of != Of::Repeats
            || timed.stretch.begins && timed.stretch.person.is_none() && is_own_rise(timed, known)
    });
    if !units.has_habits {
        mark_habits(&mut timed, all, cells);
    }
    timed.retain(|timed| shows_in_results(timed, known));
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
                return timed.is_of_same_time(main) || timed.is_akin(main, cells) && timed.overlap(main) > 0.0;
            }
            timed.belongs_to(main, cells)
                || is_other_side && main.stretch.side == Side::More && timed.is_other_side(main)
        });
        match home {
            Some(home) => incidents[home].1.push(timed),
            None if is_person || is_on_its_own(&timed, &incidents, known) => {
                incidents.push((timed, Vec::new()));
            }
            None => {}
        }
    }
    incidents.retain(|(main, _)| !main.is_habit);
    incidents.truncate(INCIDENTS);
    incidents.iter().filter_map(|(main, members)| finding(main, members, known)).collect()
}

/// Whether the number of results by the hour changes as well, and not only the share of people. Of a person, the hours with results
/// must be more frequent than the person's own other hours, too: others who stop make nobody's results more frequent.
fn shows_in_results(timed: &Timed, known: &Known) -> bool {
    let Known { all, units, .. } = *known;
    let series = &all.series[timed.stretch.series];
    let exposure = &all.exposures[series.exposure];
    let person = |at: usize| units.all[exposure.units[at] as usize].person;
    let range = timed.range();
    let (mut results, mut cases) = ([0; 2], [0_usize; 2]);
    for case in &series.cases {
        if timed.stretch.person.is_none_or(|one| one == person(case.at)) {
            let side = usize::from(!range.contains(&case.first));
            results[side] += case.count;
            cases[side] += 1;
        }
    }
    let side = timed.stretch.side;
    if timed.stretch.person.is_some() {
        let [inside, outside] = hours(&range, units);
        let n = float(cases[0] + cases[1]);
        if at_least(float(cases[0]), n, inside / (inside + outside)) < known.options.evidence_of_person {
            return false;
        }
    }
    is_visible(results, &range, side, known)
}

/// Whether the rate of results inside and outside a time at least doubles, or halves and many are missing, both in the hours with
/// sign-ins and by the clock.
fn is_visible(results: [u64; 2], range: &Range<i64>, side: Side, known: &Known) -> bool {
    const LEAST: f64 = 2.0;
    let is_visible = |[of_inside, of_outside]: [f64; 2]| {
        let [inside, outside] = [count(results[0]) / of_inside, count(results[1]) / of_outside];
        match side {
            Side::More => inside >= LEAST * outside,
            Side::Fewer => outside >= LEAST * inside && (outside - inside) * of_inside >= known.options.deficit_least,
        }
    };
    let by_clock = clock_hours(range, known.units);
    let [inside, outside] = [count(results[0]) / by_clock[0], count(results[1]) / by_clock[1]];
    // Otherwise, the log is too short to show that there were fewer.
    let is_long_enough = side == Side::Fewer || (inside - outside) * by_clock[1] >= MISSING_OUTSIDE;
    is_visible(hours(range, known.units)) && is_visible(by_clock) && is_long_enough
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
fn is_on_its_own(timed: &Timed, incidents: &[(Timed, Vec<Timed>)], known: &Known) -> bool {
    let Known { all, units, options, .. } = *known;
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
fn is_own_rise(timed: &Timed, known: &Known) -> bool {
    let Known { all, units, options, .. } = *known;
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

/// Returns the finding about an incident, or `None` if the results do not show it.
fn finding(main: &Timed, members: &[Timed], known: &Known) -> Option<Finding> {
    let mut change = Change::new(main, members, known);
    if !change.find_borders() {
        return None;
    }
    change.find_last_result();
    change.leave_out_rare();
    let times = change.times_as_frequent();
    let times_of = |key: u32| if change.keys.contains(&key) { times } else { 1.0 };
    let is_there = |row: &Row| change.places.have(row.host);
    let counts = Counts::new(known.cells, &change.range, &is_there, change.person(), &times_of);
    let numbers = change.numbers(&counts);
    let kind = change.kind(numbers);
    let is_remarkable = is_visible(numbers, &change.range, change.side(), known)
        && !(change.is_less() && change.is_usual(kind))
        && !(kind == Kind::New && change.comes_from_time_to_time())
        && !(change.was_so() && change.person().is_some() && numbers[0] < ENDED_LEAST);
    if !is_remarkable {
        return None;
    }
    let mut finding = Finding::new(kind);
    finding.evidence = main.stretch.evidence;
    finding.codes = known.names(&change.keys);
    finding.fewer = known.names(&change.fewer(members, &counts));
    finding.count = numbers[0];
    finding.is_estimate = change.here.iter().any(|case| is_divided(case, &change.range));
    change.say_times(numbers, &mut finding);
    change.say_places_and_users(&mut finding);
    // Results of unknown users may all be of one, whose bursts recur.
    if kind == Kind::Rise && finding.users_count == 0 && change.recurs() {
        return None;
    }
    if change.is_of_few(&finding) || change.is_less() && change.person().is_none() && is_of_one(&finding) {
        return None;
    }
    finding.scopes = change.scopes(&finding.codes);
    Some(finding)
}

/// A change that an incident shows in results.
struct Change<'k> {
    known: &'k Known<'k>,
    main: &'k Timed,
    series: &'k Series,
    /// The codes, the most frequent first.
    keys: Vec<u32>,
    places: Places,
    /// All results with these codes that are in these places.
    here: Vec<Row>,
    range: Range<i64>,
    begins: bool,
    ends: bool,
}

impl<'k> Change<'k> {
    /// Finds the codes and the places of an incident.
    fn new(main: &'k Timed, members: &[Timed], known: &'k Known) -> Change<'k> {
        let series = &known.all.series[main.stretch.series];
        let person = main.stretch.person;
        // What is said of a person is about all hosts.
        let host = series.host.filter(|_| person.is_none());
        let range = main.range();
        let keys = keys(main, members, host, &range, known);
        let here: Vec<Row> = match series.of {
            Of::Repeats => known.repeated.iter().map(|one| Row::one(one.host, one.person, one.key, one.time)).collect(),
            _ => {
                let is_of = |row: &&Row| keys.contains(&row.key) && person.is_none_or(|person| person == row.person);
                known.cells.rows().as_slice().iter().filter(is_of).copied().collect()
            }
        };
        let mut places = Places::new(&here, &range, main, host, known);
        if main.stretch.side == Side::More && person.is_none() {
            places.add_new(&here, &range, known);
        }
        // All numbers of a finding are about the hosts that it names.
        let here = here.into_iter().filter(|case| places.have(case.host)).collect();
        let Stretch { begins, ends, .. } = main.stretch;
        Change { known, main, series, keys, places, here, range, begins, ends }
    }

    fn side(&self) -> Side {
        self.main.stretch.side
    }

    fn person(&self) -> Option<u32> {
        self.main.stretch.person
    }

    /// Whether the codes were more frequent when the log begins.
    fn was_so(&self) -> bool {
        self.side() == Side::More && !self.begins
    }

    /// Whether they became less frequent.
    fn is_less(&self) -> bool {
        self.was_so() || self.side() == Side::Fewer
    }

    /// Moves the beginning and the end to where results become rarer. Returns false if nothing is left.
    fn find_borders(&mut self) -> bool {
        if self.side() == Side::Fewer {
            return true;
        }
        let units = self.known.units;
        let inside = || self.here.iter().filter(|case| self.range.contains(&case.first));
        let (Some(first), Some(last)) = (inside().map(|case| case.first).min(), inside().map(|case| case.last).max())
        else {
            return false;
        };
        let is_over = self.begins && !self.ends && missing_after(self.main, last, self.known).inside >= MISSING_AT_END;
        let has_own = self.places.are_only || self.person().is_some();
        let start = if self.begins && has_own { first } else { self.range.start };
        let end = if is_over || self.ends && has_own { last.saturating_add(1) } else { self.range.end };
        let (begins, ends) = (self.begins, self.ends || is_over);
        let mut borders = Borders { range: start..end, begins, ends };
        if begins && self.person().is_none() && self.series.of != Of::Repeats {
            let traffic = |range: &Range<i64>| {
                let first = units.all.partition_point(|unit| unit.first < range.start);
                let inside = units.all[first..].iter().take_while(|unit| unit.first < range.end);
                inside.filter(|unit| self.places.have(unit.host)).map(|unit| u64::from(unit.attempts)).sum()
            };
            let times = Times::new(self.here.iter());
            let active = self.known.traffic(&self.places);
            borders = borders.moved(&times, &units.log, &traffic, &active).narrowed(&times, &active);
            borders.cut(&times, &units.holes);
        }
        Borders { range: self.range, begins: self.begins, ends: self.ends } = borders;
        self.begins || self.ends
    }

    /// Lets what stopped end with its last result: after that of what became rare, there may be none for so long.
    fn find_last_result(&mut self) {
        let is_fewer = self.side() == Side::Fewer;
        if !self.was_so() && (!is_fewer || self.ends) {
            return;
        }
        let last = self.here.iter().map(|case| case.last).max().unwrap_or(self.range.start);
        let change = if is_fewer { self.range.start } else { self.range.end };
        let missing = missing_after(self.main, last, self.known);
        let since_change = float(self.here.iter().filter(|case| case.first >= change).count());
        let has_stopped =
            missing.before >= self.known.options.deficit_least && missing.since_change * since_change >= MISSING_AT_END;
        if has_stopped {
            *(if is_fewer { &mut self.range.start } else { &mut self.range.end }) = last.saturating_add(1);
        }
    }

    /// Leaves out the codes that have hardly any of the results within the borders, or are not more frequent there.
    fn leave_out_rare(&mut self) {
        if self.side() == Side::Fewer || self.person().is_some() || self.keys.len() < 2 {
            return;
        }
        let [of_inside, of_outside] = clock_hours(&self.range, self.known.units);
        let mut counts: HashMap<u32, [u64; 2]> = HashMap::new();
        for row in &self.here {
            let inside = inside(row, &self.range, 1.0);
            let [here, elsewhere] = counts.entry(row.key).or_default();
            (*here, *elsewhere) = (*here + inside, *elsewhere + u64::from(row.count) - inside);
        }
        let all: u64 = counts.values().map(|[inside, _]| inside).sum();
        let is_kept = |key: &u32| {
            let [inside, outside] = counts.get(key).copied().unwrap_or_default();
            inside * RARE_ONE_IN >= all && count(inside) / of_inside > count(outside) / of_outside
        };
        let keys: Vec<u32> = self.keys.iter().copied().filter(is_kept).collect();
        if !keys.is_empty() && keys.len() < self.keys.len() {
            self.here.retain(|row| keys.contains(&row.key));
            self.keys = keys;
        }
    }

    /// Returns how many times as frequent the results are inside as outside. Only results whose place is known count.
    fn times_as_frequent(&self) -> f64 {
        let mut known = [1_u64; 2];
        for case in &self.here {
            let is_divided = is_divided(case, &self.range);
            for time in [case.first, case.last].into_iter().take(1 + usize::from(is_divided)) {
                known[usize::from(!self.range.contains(&time))] += if is_divided { 1 } else { u64::from(case.count) };
            }
        }
        // Of a moment, the time that it takes, because the question is which of the results were in it.
        let of_inside = seconds(self.range.end.saturating_sub(self.range.start).max(1)) / 3600.0;
        let [_, of_outside] = clock_hours(&self.range, self.known.units);
        let times = count(known[0]) / of_inside / (count(known[1]) / of_outside);
        if self.side() == Side::More { times.max(1.0) } else { 1.0 }
    }

    /// Returns the numbers of results inside and outside.
    fn numbers(&self, counts: &Counts) -> [u64; 2] {
        if self.series.of == Of::Repeats {
            let inside = self.here.iter().filter(|case| self.range.contains(&case.first)).count() as u64;
            return [inside, self.here.len() as u64 - inside];
        }
        [0, 1].map(|side| self.keys.iter().map(|key| counts.by_key[*key as usize][side]).sum())
    }

    fn kind(&self, [inside, outside]: [u64; 2]) -> Kind {
        match (self.side(), self.person()) {
            (Side::More, Some(_)) => Kind::User,
            (Side::More, None) if self.series.of == Of::Repeats => Kind::Repeats,
            (Side::More, None) if self.begins && outside == 0 => Kind::New,
            (Side::More, None) if self.begins => Kind::Rise,
            (Side::More, None) if outside == 0 => Kind::Stopped,
            (Side::Fewer, _) if inside == 0 => Kind::Stopped,
            _ => Kind::Fall,
        }
    }

    /// Whether what became rarer is as rare as usual: it was as rare before, or more frequent only in a burst or for a short time.
    fn is_usual(&self, kind: Kind) -> bool {
        let Range { start, end } = self.range;
        let before = self.here.iter().filter(|case| self.range.contains(&case.first) == self.was_so());
        if is_burst(before.map(|case| (case.first, case.count)).collect()) {
            return true;
        }
        let log = &self.known.units.log;
        let (few, before) = match self.side() {
            Side::More => (end..log.end.saturating_add(1), log.start..end),
            Side::Fewer => (start..end, log.start..start),
        };
        let times = Times::new(self.here.iter());
        let [early, late] = clock_hours(&before, self.known.units);
        let is_early = (self.was_so() || !self.ends) && early * EARLY_ONE_IN < early + late;
        let are_some_later = kind == Kind::Fall || self.side() == Side::Fewer && self.ends;
        let is_usual = || times.were_as_few(&few, &before) || times.are_a_burst(&before, are_some_later);
        self.person().is_none() && (is_early || is_usual())
    }

    /// Whether there are other times of the same length with as many results, again and again.
    fn recurs(&self) -> bool {
        self.begins && self.ends && Times::new(self.here.iter()).recurs(&self.range) >= RECURS
    }

    /// Whether there are pauses between the results in which as many other results come as before the first one.
    fn comes_from_time_to_time(&self) -> bool {
        let traffic = self.known.traffic(&self.places);
        let before = traffic.count(&(i64::MIN..self.range.start));
        let times = Times::new(self.here.iter());
        let is_long = |pause: &[i64]| traffic.count(&(pause[0].saturating_add(1)..pause[1])) >= before;
        times.as_slice().windows(2).filter(|pause| is_long(pause)).count() >= PAUSES
    }

    /// Returns the codes that are less frequent while these are more frequent.
    fn fewer(&self, members: &[Timed], counts: &Counts) -> Vec<u32> {
        if self.is_less() {
            return Vec::new();
        }
        let mut fewer: Vec<u32> =
            members.iter().filter(|member| member.is_less()).flat_map(|member| &member.keys).copied().collect();
        fewer.sort_unstable();
        fewer.dedup();
        // The test is about people, but what is said is about results, and about the time that passes.
        let units = self.known.units;
        let ([with_results, without], by_clock) = (hours(&self.range, units), clock_hours(&self.range, units));
        // The number of results that are missing of each.
        let missing = |key: u32| {
            let [inside, outside] = counts.by_key[key as usize].map(count);
            outside / by_clock[1] * by_clock[0] - inside
        };
        // They must also become rarer when it begins, and not before that.
        let Range { start, end } = self.range;
        let before = start.saturating_sub(end.saturating_sub(start)).max(units.log.start)..start;
        let [of_inside, of_before] = [&self.range, &before].map(|range| clock_hours(range, units)[0]);
        let become_rarer = |key: u32| {
            let rows = self.known.cells.rows().as_slice().iter();
            let times = Times::new(rows.filter(|row| row.key == key && self.places.have(row.host)));
            let [inside, before] = [&self.range, &before].map(|range| count(times.count(range)));
            let expected = before / of_before * of_inside;
            2.0 * inside <= expected && expected - inside >= FEWER_LEAST
        };
        fewer.retain(|key| {
            let [inside, outside] = counts.by_key[*key as usize].map(count);
            let is_half = inside * 2.0 <= outside / without * with_results;
            let is_fewer = is_half && inside <= missing(*key) && missing(*key) >= FEWER_LEAST;
            !self.keys.contains(key) && is_fewer && become_rarer(*key)
        });
        fewer.sort_by(|one, other| missing(*other).total_cmp(&missing(*one)).then(one.cmp(other)));
        fewer
    }

    /// Adds when it began and ended, and how frequent the codes were before and after.
    fn say_times(&self, numbers: [u64; 2], finding: &mut Finding) {
        let Range { start, end } = self.range;
        let units = self.known.units;
        let last = end.saturating_sub(1);
        let (since, until) = match self.side() {
            Side::More if self.was_so() => (last, None),
            Side::More => (start, Some(last)),
            // The results before and after it.
            Side::Fewer => (if self.begins { start.saturating_sub(1) } else { start }, Some(end)),
        };
        finding.since = Some(Time::from_nanoseconds(since));
        finding.until = until.filter(|_| self.ends).map(Time::from_nanoseconds);
        finding.since_start = self.was_so();
        let not_before = not_before(self.main, self.known).filter(|_| self.begins);
        finding.not_before = not_before.map(|at| Time::from_nanoseconds(at.min(start)));
        finding.lasts = Some(end.min(units.log.end.saturating_add(1)) - start.max(units.log.start));
        finding.hours = hours(&self.range, units)[0];
        finding.rates = Some(rates(numbers, &self.range, units, self.was_so()));
        if self.side() == Side::More && self.begins && end.saturating_sub(start) >= DENSE_LEAST {
            let burst = Times::new(self.here.iter()).burst(&self.range);
            finding.dense = burst.map(|burst| {
                let last = burst.end.saturating_sub(1);
                (Time::from_nanoseconds(burst.start), Time::from_nanoseconds(last))
            });
        }
    }

    /// Adds who was affected where it shows, and samples.
    fn say_places_and_users(&self, finding: &mut Finding) {
        let cells = self.known.cells;
        let is_fewer = self.side() == Side::Fewer;
        let shows = |time: i64| self.range.contains(&time) != is_fewer;
        let mut has_results = vec![false; cells.hosts_len() + 1];
        let mut is_there = vec![false; cells.persons_len() + 1];
        for row in cells.rows().as_slice() {
            let is_shown = shows(row.first) || shows(row.last);
            has_results[row.host as usize] |= is_shown;
            // Without hosts, everybody is there.
            let is_named = row.host == 0 || self.places.hosts.binary_search(&row.host).is_ok();
            if row.person != 0 && is_named {
                is_there[row.person as usize] |= is_shown || is_fewer;
            }
        }
        // Of several results, the first may be before the time, and others in it. The lines of what became rarer are all with its codes.
        let times = self.times_as_frequent();
        let shown = |case: &Row| {
            let inside = inside(case, &self.range, times);
            if is_fewer { u64::from(case.count) - inside } else { inside }
        };
        let mut samples: Vec<&Row> = self.here.iter().filter(|case| shown(case) > 0).collect();
        let mut persons: HashMap<u32, u64> = HashMap::new();
        samples.iter().for_each(|case| *persons.entry(case.person).or_default() += shown(case));
        finding.hosts_of = has_results[1..].iter().filter(|has_results| **has_results).count() as u64;
        finding.hosts = self.places.hosts.iter().filter_map(|host| cells.host(*host)).map(Box::from).collect();
        let mut users: Vec<(u32, u64)> = persons.into_iter().filter(|(person, _)| *person != 0).collect();
        users.sort_unstable_by_key(|(person, count)| (std::cmp::Reverse(*count), *person));
        finding.users_count = users.len() as u64;
        finding.users_of = is_there.iter().filter(|is_there| **is_there).count() as u64;
        if users.len() <= USERS_NAMED {
            finding.users = users.iter().filter_map(|(person, _)| cells.person(*person)).map(Box::from).collect();
        }
        finding.results_of_users = users.iter().map(|(_, count)| *count).sum();
        finding.count_of_one = users.first().map_or(0, |(_, count)| *count);
        samples.retain(|case| shows(case.first));
        samples.sort_by_key(|row| (row.first, row.host, row.person, row.key));
        // Those of what became rarer are the last ones before it did.
        let left_out = if is_fewer { samples.len().saturating_sub(SAMPLES) } else { 0 };
        finding.samples = samples.into_iter().skip(left_out).take(SAMPLES).map(|row| sample(row, cells)).collect();
    }

    /// Whether nearly all results are of a few people, who have many of them while hardly anybody else has any. They had bad luck, but
    /// nothing changed for the others.
    fn is_of_few(&self, finding: &Finding) -> bool {
        const FEW: usize = 4;
        if finding.kind != Kind::Rise || finding.users_count == 0 || finding.users_count * 10 > finding.users_of {
            return false;
        }
        let mut of_person: HashMap<u32, u64> = HashMap::new();
        let inside = self.here.iter().filter(|case| self.range.contains(&case.first));
        inside.for_each(|case| *of_person.entry(case.person).or_default() += u64::from(case.count));
        let mut counts: Vec<u64> = of_person.into_values().collect();
        counts.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
        let all: u64 = counts.iter().sum();
        let most: u64 = counts.iter().take(FEW).sum();
        most * 5 >= all * 4 && all >= 5 * counts.len() as u64
    }

    /// Returns which results show it. Where a code is missing, all results show when it was.
    fn scopes(&self, codes: &[Key]) -> Vec<Scope> {
        let cells = self.known.cells;
        let is_more = self.side() == Side::More;
        let scope = |host: Option<u32>| Scope {
            host: host.and_then(|host| cells.host(host)).map(Box::from),
            user: self.person().and_then(|person| cells.person(person)).map(Box::from),
            since: Some(Time::from_nanoseconds(self.range.start)).filter(|_| is_more && self.begins),
            until: Some(Time::from_nanoseconds(self.range.end.saturating_sub(1))).filter(|_| is_more && self.ends),
            ..Scope::of_codes(codes)
        };
        match self.series.of {
            Of::Repeats => Vec::new(),
            _ if self.places.are_only => self.places.hosts.iter().map(|host| scope(Some(*host))).collect(),
            _ => vec![scope(None)],
        }
    }
}

/// Returns the codes of an incident, the most frequent first. Of a family, these are the ones that are themselves more (or less)
/// frequent.
fn keys(main: &Timed, members: &[Timed], host: Option<u32>, range: &Range<i64>, known: &Known) -> Vec<u32> {
    let Stretch { side, person, .. } = main.stretch;
    let same = members.iter().filter(|member| member.stretch.side == side && member.overlap(main) > 0.0);
    let mut keys: Vec<u32> = main.keys.iter().chain(same.flat_map(|member| &member.keys)).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    let of_host = |row: &Row| host.is_none_or(|host| host == row.host);
    let counts = Counts::new(known.cells, range, &of_host, person, &|_| 1.0);
    if keys.len() > 1 {
        keys.retain(|key| {
            let [inside, outside] = counts.rate(*key);
            if side == Side::More { inside > outside } else { inside < outside }
        });
    }
    keys.sort_by_key(|key| (std::cmp::Reverse(counts.of_key(*key, side)), *key));
    keys
}

/// Whether one of many users has so many of the results that a bad time of this user would explain that there were more.
fn is_of_one(finding: &Finding) -> bool {
    finding.users_count >= 10 && finding.count_of_one * 2 >= finding.results_of_users
}

/// How many cases would have followed the last one.
struct Missing {
    /// The number expected at the rate of the stretch, up to this last case.
    inside: f64,
    /// The number expected at the rate before the code became rarer.
    before: f64,
    /// For each case from then to the last one, at their rate.
    since_change: f64,
}

/// Returns how many cases are missing after the last one, which is at `last`.
fn missing_after(timed: &Timed, last: i64, known: &Known) -> Missing {
    let Known { all, units, .. } = *known;
    let Stretch { series, units: range, side, .. } = &timed.stretch;
    let series = &all.series[*series];
    let exposure = &all.exposures[series.exposure];
    let weights = weights(series, exposure);
    let expected = |range: Range<usize>| range.map(|at| weights[exposure.strata[at] as usize]).sum::<f64>();
    let cases = |range: &Range<usize>| float(series.cases.iter().filter(|case| range.contains(&case.at)).count());
    let rate = |range: Range<usize>| cases(&range) / expected(range).max(f64::MIN_POSITIVE);
    let end = exposure.units.len();
    let after = exposure.units.partition_point(|unit| units.all[*unit as usize].first <= last);
    let missing = expected(after..end);
    let (change, before) = match side {
        Side::More => (range.end, range.start..range.end),
        Side::Fewer => (range.start, 0..range.start),
    };
    Missing {
        inside: rate(range.start..range.end.min(after)) * missing,
        before: rate(before) * missing,
        since_change: missing / expected(change..after.max(change)).max(f64::MIN_POSITIVE),
    }
}

/// Returns how many cases each unit of each stratum has on average.
fn weights(series: &Series, exposure: &Exposure) -> Vec<f64> {
    let mut weights = vec![0.0; exposure.of_stratum.len()];
    series.cases.iter().for_each(|case| weights[exposure.strata[case.at] as usize] += 1.0);
    weights.iter_mut().zip(&exposure.of_stratum).for_each(|(weight, units)| *weight /= float(units.len().max(1)));
    weights
}

/// Whether at least half of the results, each with its number, are within a few minutes.
fn is_burst(mut results: Vec<(i64, u32)>) -> bool {
    results.sort_unstable();
    let all: u64 = results.iter().map(|(_, count)| u64::from(*count)).sum();
    let (mut from, mut count) = (0, 0_u64);
    results.iter().any(|(time, here)| {
        count += u64::from(*here);
        while time.saturating_sub(results[from].0) > BURST {
            count -= u64::from(results[from].1);
            from += 1;
        }
        2 * count >= all
    })
}

/// The hosts on which an incident shows.
struct Places {
    hosts: Vec<u32>,
    /// Whether it shows on these hosts alone. Otherwise others may have it as well, but too few results to say so.
    are_only: bool,
}

impl Places {
    /// Finds the hosts on which `cases` are more frequent in `range` than outside it. If they were tested on one host, others belong to it if
    /// they show the change at the same time.
    fn new(cases: &[Row], range: &Range<i64>, main: &Timed, host: Option<u32>, known: &Known) -> Places {
        let Stretch { side, person, is_surge, .. } = main.stretch;
        // What is missing shows in the results outside.
        let place = |time: i64| usize::from(range.contains(&time) != (side == Side::More));
        // For each host the number of units with these results, and of all units, where it shows and elsewhere. A unit with results in both
        // places counts in both: in a burst, nearly all of them have others before it.
        let mut hosts = vec![[[0_usize; 2]; 2]; known.cells.hosts_len() + 1];
        for (of, rows) in [cases, known.cells.rows().as_slice()].into_iter().enumerate() {
            // Rows of the same unit are next to each other.
            let mut last = [None, None];
            for row in rows {
                let place = place(row.first);
                if last[place].replace(row.unit()) != Some(row.unit()) {
                    hosts[row.host as usize][place][of] += 1;
                }
            }
        }
        let with_cases = (0..).zip(&hosts).skip(1).filter(|(_, [[cases, _], _])| *cases > 0);
        let all: Vec<u32> = with_cases.map(|(host, _)| host).collect();
        if let Some(host) = host {
            let mut results = vec![[0; 2]; hosts.len()];
            for case in cases {
                let inside = inside(case, range, 1.0);
                let [here, elsewhere] = &mut results[case.host as usize];
                (*here, *elsewhere) = (*here + inside, *elsewhere + u64::from(case.count) - inside);
            }
            let shows_too = |other: u32| is_visible(results[other as usize], range, side, known);
            // Where it is at least half as frequent, and more frequent than on the same host elsewhere.
            let is_as_frequent = |[cases, units]: [usize; 2]| {
                let [of_host, all] = hosts[host as usize][0];
                2.0 * float(cases) * float(all) >= float(of_host) * float(units)
            };
            let has_it = |other: u32| {
                let numbers = hosts[other as usize];
                is_as_frequent(numbers[0]) && is_more_frequent(numbers) && shows_too(other)
            };
            let hosts = all.into_iter().filter(|other| *other == host || has_it(*other)).collect();
            return Places { hosts, are_only: true };
        }
        // Of all hosts together. On each of those of a surge, the traffic may consist of these results.
        if side == Side::More && person.is_none() && !is_surge {
            let [_, elsewhere] = sum(hosts.iter());
            let is_affected = |host: &u32| is_more_frequent([hosts[*host as usize][0], elsewhere]);
            let (named, others): (Vec<u32>, Vec<u32>) =
                (0..).take(hosts.len()).partition(|host| *host > 0 && is_affected(host));
            let [others, _] = sum(others.iter().map(|host| &hosts[*host as usize]));
            if !named.is_empty() && !is_more_frequent([others, elsewhere]) {
                return Places { hosts: named, are_only: true };
            }
        }
        Places { hosts: all, are_only: false }
    }

    /// Adds each host on which all cases are in `range`, if the code is new on the hosts that are known already, or if chance alone would not
    /// put so many cases there.
    fn add_new(&mut self, cases: &[Row], range: &Range<i64>, known: &Known) {
        if !self.are_only {
            return;
        }
        let is_in = |row: &Row| range.contains(&row.first) && range.contains(&row.last);
        let is_new = cases.iter().filter(|case| self.have(case.host)).all(is_in);
        // Of each other host, the number of units with cases inside and outside, and of all units.
        let mut others: BTreeMap<u32, [usize; 2]> = BTreeMap::new();
        let mut last = None;
        for case in cases.iter().filter(|case| case.host != 0 && !self.have(case.host)) {
            if last.replace(case.unit()) != Some(case.unit()) || !is_in(case) {
                others.entry(case.host).or_default()[usize::from(!is_in(case))] += 1;
            }
        }
        for (host, [inside, outside]) in others {
            let units = known.units.all.iter().filter(|unit| unit.host == host);
            let (all, there) =
                units.fold((0, 0), |(all, there), unit| (all + 1, there + usize::from(range.contains(&unit.first))));
            let share = float(there.max(1)) / float(all.max(1));
            if outside == 0 && (is_new || float(inside) * ln(1.0 / share) >= ln(100.0)) {
                self.hosts.push(host);
            }
        }
        self.hosts.sort_unstable();
    }

    /// Whether it may show on a host.
    fn have(&self, host: u32) -> bool {
        !self.are_only || self.hosts.binary_search(&host).is_ok()
    }
}

/// Adds up numbers of cases and units.
fn sum<'n>(numbers: impl Iterator<Item = &'n [[usize; 2]; 2]>) -> [[usize; 2]; 2] {
    numbers.fold([[0; 2]; 2], |sum, one| [0, 1].map(|place| [0, 1].map(|of| sum[place][of] + one[place][of])))
}

/// Whether a place has more cases than the rate elsewhere suggests. The argument has the number of cases and the number of units in that
/// place, followed by those elsewhere.
fn is_more_frequent([[cases, units], elsewhere]: [[usize; 2]; 2]) -> bool {
    // As if there were one more case elsewhere, so that a single one on a host says nothing where there is none.
    let rate = float(elsewhere[0] + 1) / float(elsewhere[1] + 1);
    at_least_of_mean(float(cases), rate * float(units)) > ln(100.0)
}

/// Returns how many results of a row are inside a time. If only its first or last one is, where the others are is not known. They are
/// taken to be `times` as frequent inside as outside.
fn inside(row: &Row, range: &Range<i64>, times: f64) -> u64 {
    let count = u64::from(row.count);
    let ends = [row.first, row.last].map(|time| range.contains(&time));
    if row.count == 1 || ends == [true, true] {
        return if ends[0] { count } else { 0 };
    }
    let all = seconds(row.last.saturating_sub(row.first).saturating_add(1));
    let common = row.last.saturating_add(1).min(range.end).saturating_sub(row.first.max(range.start));
    let common = seconds(common.max(0));
    let (common, outside) = (times * common, all - common);
    let share = common / (common + outside).max(f64::MIN_POSITIVE);
    whole(f64::from(row.count - 2) * share) + u64::from(ends[0]) + u64::from(ends[1])
}

/// Rounds a number of results.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of a count is not negative and no larger"
)]
fn whole(count: f64) -> u64 {
    count.round() as u64
}

/// Whether a row has results inside and outside a time, so that [`inside`] may be wrong.
fn is_divided(row: &Row, range: &Range<i64>) -> bool {
    let is_in = |time: i64| (row.first < time) && time <= row.last;
    row.count > 1 && (is_in(range.start) || is_in(range.end))
}

/// The numbers of results inside and outside a time, by code.
struct Counts {
    by_key: Vec<[u64; 2]>,
    all: [u64; 2],
}

impl Counts {
    /// `times` returns how many times as frequent a code is inside.
    fn new(
        cells: &Cells,
        range: &Range<i64>,
        of_host: &dyn Fn(&Row) -> bool,
        person: Option<u32>,
        times: &dyn Fn(u32) -> f64,
    ) -> Counts {
        let mut counts = Counts { by_key: vec![[0; 2]; cells.keys().len()], all: [0; 2] };
        let mut add = |key: u32, is_outside: bool, count: u64| {
            counts.by_key[key as usize][usize::from(is_outside)] += count;
            counts.all[usize::from(is_outside)] += count;
        };
        let rows = cells.rows();
        if rows.hourly().is_empty() || person.is_some() {
            let is_of = |row: &&Row| of_host(row) && person.is_none_or(|person| person == row.person);
            for row in rows.as_slice().iter().filter(is_of) {
                let inside = inside(row, range, times(row.key));
                add(row.key, false, inside);
                add(row.key, true, u64::from(row.count) - inside);
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

#[expect(clippy::cast_precision_loss, reason = "a rate is shown with two digits")]
fn count(count: u64) -> f64 {
    count as f64
}

/// Returns the number of hours with sign-ins inside and outside a time. Each is at least a minute, because in less, a rate would be
/// about a second and not about people.
fn hours(range: &Range<i64>, units: &Units) -> [f64; 2] {
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
    let inside = hours(range);
    [inside.max(HOURS_LEAST), (hours(log) - inside).max(HOURS_LEAST)]
}

/// Returns the number of hours that the logs cover inside and outside a time: all between the first and the last result, except the
/// holes. Each is at least a minute.
fn clock_hours(range: &Range<i64>, units: &Units) -> [f64; 2] {
    const HOURS_LEAST: f64 = 1.0 / 60.0;
    let log = units.log.start..units.log.end.max(units.log.start);
    let common = |from: i64, to: i64| seconds(to.min(range.end) - from.max(range.start)).max(0.0);
    let mut covered = [common(log.start, log.end), seconds(log.end - log.start)];
    for hole in &units.holes {
        covered[0] -= common(hole.start, hole.end);
        covered[1] -= seconds(hole.end - hole.start);
    }
    let [inside, all] = covered.map(|seconds| seconds / 3600.0);
    [inside.max(HOURS_LEAST), (all - inside).max(HOURS_LEAST)]
}

/// Returns how many results there are in an hour or a day that the logs cover, inside and outside a time.
fn rates([inside, outside]: [u64; 2], range: &Range<i64>, units: &Units, was_so: bool) -> Rates {
    let [of_inside, of_outside] = clock_hours(range, units);
    let (inside, outside) = (count(inside) / of_inside, count(outside) / of_outside);
    let (before, after) = if was_so { (inside, outside) } else { (outside, inside) };
    let (per, times) = if before.max(after) < 1.0 { (Per::Day, 24.0) } else { (Per::Hour, 1.0) };
    Rates { before: before * times, after: after * times, per }
}

/// Returns the time of the unit before which the rate of the stretch would have given three more cases.
fn not_before(timed: &Timed, known: &Known) -> Option<i64> {
    let Known { all, units, .. } = *known;
    let Stretch { series, units: range, cases, expected, side, .. } = &timed.stretch;
    if *side == Side::Fewer {
        return None;
    }
    let series = &all.series[*series];
    let exposure = &all.exposures[series.exposure];
    let weights = weights(series, exposure);
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
