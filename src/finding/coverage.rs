//! Holes in the log of a host, and hosts whose logs cover less time than those of the others. No data is not the same as no
//! trouble.

use std::collections::BTreeSet;

use super::cells::Cells;
use super::evidence::ln;
use super::lines::Period;
use super::rows::{HOUR, MINUTE};
use super::units::part_of_week;
use super::{Finding, Kind, Options};
use crate::time::Time;

/// The shortest hole that is a finding.
const HOLE_LEAST: i64 = 30 * MINUTE;
/// How many times as many lines as in the next hole of the host are missing, or how many times as long the end of a log is.
const TIMES_NEXT: u8 = 3;
/// The number of hours of a gap in which other hosts must have lines. With fewer, nobody signs in at such times anyway.
const HOURS_WITH_OTHERS: u64 = 8;
/// How many minutes with lines must be missing by the lines of the host before the hole.
const BY_LINES_BEFORE: f64 = 30.0;
/// The shortest time that the log of the host covers.
const COVERS_LEAST: i64 = 48 * HOUR;
/// The least number of different hours in which the host has lines. After a few bursts, it is not known when others come.
const HOURS_LEAST: usize = 10;
/// The least difference between the beginning or end of a log and that of the logs of most other hosts.
const EDGE_LEAST: i64 = HOUR;

/// The smallest number of minutes in which sign-ins begin that have no result, for a finding.
const UNANSWERED_MINUTES: u64 = 10;
/// The evidence that this is not chance. The probability is less than one in a million.
const UNANSWERED_EVIDENCE: f64 = 14.0;
/// The share of sign-ins without a result that is usual, at least.
const UNANSWERED_SHARE_LEAST: f64 = 0.01;

/// The number of parts of the week.
const PARTS: usize = 12;
/// The number of hours in a week.
const WEEK: usize = 7 * 24;

/// The lines of one host.
struct Log<'c> {
    host: u32,
    periods: &'c [Period],
    /// The number of minutes with lines.
    minutes: u64,
    /// The same for each part of the week.
    by_part: [u64; PARTS],
    /// Whether the lines are in a log with those of others.
    is_shared: bool,
}

impl<'c> Log<'c> {
    fn new(periods: &'c [Period], cells: &Cells) -> Log<'c> {
        let mut by_part = [0; PARTS];
        periods.iter().for_each(|period| by_part[usize::from(part_of_week(period.first))] += period.filled());
        let host = periods[0].host;
        Log { host, periods, minutes: by_part.iter().sum(), by_part, is_shared: cells.is_shared(host) }
    }

    fn first(&self) -> i64 {
        self.periods[0].first
    }

    fn last(&self) -> i64 {
        self.periods[self.periods.len() - 1].last
    }

    /// Returns the number of minutes with lines between two times. Periods that are only partly between them do not count.
    fn filled(&self, from: i64, to: i64) -> u64 {
        self.between(from, to).map(Period::filled).sum()
    }

    fn between(&self, from: i64, to: i64) -> impl Iterator<Item = &Period> {
        let first = self.periods.partition_point(|period| period.first < from);
        let inside = self.periods[first..].iter().take_while(move |period| period.first <= to);
        inside.filter(move |period| period.last <= to)
    }

    /// Returns the holes between periods with lines.
    fn holes(&self) -> impl Iterator<Item = (i64, i64)> {
        let between = self.periods.windows(2).map(|pair| (pair[0].last, pair[1].first));
        between.filter(|(start, end)| start < end)
    }

    /// Returns the length of the longest hole.
    fn longest(&self) -> i64 {
        self.holes().map(|(start, end)| end - start).max().unwrap_or_default()
    }
}

/// Returns the findings about holes, and one about hosts whose logs begin later or end earlier.
pub(super) fn findings(cells: &Cells, options: &Options) -> Vec<Finding> {
    let periods = cells.lines().as_slice();
    let logs: Vec<Log> = periods
        .chunk_by(|one, other| one.host == other.host)
        .map(|periods| Log::new(periods, cells))
        .filter(|log| log.host != 0)
        .collect();
    let mut findings: Vec<Finding> = logs.iter().filter_map(|log| gap(log, &logs, cells, options)).collect();
    findings.extend([Edge::End, Edge::Begin].into_iter().filter_map(|edge| edge.finding(&logs, cells, options)));
    findings
}

/// Returns the findings about hosts on which sign-ins begin until the end, but have no more results, or never had any.
pub(super) fn unanswered(cells: &Cells) -> Vec<Finding> {
    // Of few persons, the time of the last result is not known.
    if cells.rows().one_in() > 1 {
        return Vec::new();
    }
    let mut last = vec![None; cells.hosts_len() + 1];
    let mut results = vec![0_u64; cells.hosts_len() + 1];
    for row in cells.rows().as_slice() {
        last[row.host as usize] = last[row.host as usize].max(Some(row.last));
        results[row.host as usize] += u64::from(row.count);
    }
    // For each host with sign-ins without a result, the number of minutes with them up to its last result, and their times after it.
    let hosts =
        cells.unanswered().as_slice().chunk_by(|one, other| one.host == other.host).filter(|all| all[0].host != 0);
    let hosts: Vec<(u32, u64, &[Period])> = hosts
        .map(|all| {
            let host = all[0].host;
            let (before, after) = all.split_at(all.partition_point(|period| Some(period.first) <= last[host as usize]));
            (host, before.iter().map(Period::filled).sum(), after)
        })
        .collect();
    let share = |unanswered: u64, results: u64| number(unanswered) / number((unanswered + results).max(1));
    let of_all = share(hosts.iter().map(|(_, before, _)| before).sum(), results.iter().sum());
    let is_silent = |(host, before, after): &&(u32, u64, &[Period])| {
        let minutes: u64 = after.iter().map(Period::filled).sum();
        let usual = share(*before, results[*host as usize]).max(of_all).max(UNANSWERED_SHARE_LEAST);
        results.iter().any(|results| *results > 0)
            && minutes >= UNANSWERED_MINUTES
            && number(minutes) * -ln(usual.min(1.0)) >= UNANSWERED_EVIDENCE
    };
    let silent: Vec<&(u32, u64, &[Period])> = hosts.iter().filter(is_silent).collect();
    let (ever, never): (Vec<_>, Vec<_>) = silent.into_iter().partition(|(host, ..)| last[*host as usize].is_some());
    let finding = |hosts: Vec<&(u32, u64, &[Period])>| {
        let mut finding = Finding::new(Kind::Unanswered);
        // The time after which none of them has a result.
        finding.since = hosts.iter().filter_map(|(host, ..)| last[*host as usize]).max().map(Time::from_nanoseconds);
        let is_of = |period: &&Period| hosts.iter().any(|(host, ..)| *host == period.host);
        let ends = cells.lines().as_slice().iter().filter(is_of).map(|period| period.last).max();
        finding.until = ends.map(Time::from_nanoseconds);
        finding.hosts = hosts.iter().filter_map(|(host, ..)| cells.host(*host)).map(Box::from).collect();
        finding.hosts_of = cells.hosts_len() as u64;
        Some(finding).filter(|finding| !finding.hosts.is_empty())
    };
    [ever, never].into_iter().filter_map(finding).collect()
}

/// Returns the evidence that missing lines of a host need for a finding.
fn needed(logs: &[Log], options: &Options) -> f64 {
    let minutes: u64 = logs.iter().map(|log| log.minutes).sum();
    2.0 * ln(number(minutes) * number(logs.len() as u64) / options.chance)
}

/// Returns the finding about the hole of a host in which most lines are missing.
fn gap(log: &Log, logs: &[Log], cells: &Cells, options: &Options) -> Option<Finding> {
    let hours: BTreeSet<i64> = log.periods.iter().map(|period| period.first.div_euclid(HOUR)).collect();
    if log.last() - log.first() < COVERS_LEAST || hours.len() < HOURS_LEAST {
        return None;
    }
    let holes = log.holes().filter(|(start, end)| end - start >= HOLE_LEAST);
    let mut by_habit: Vec<(f64, (i64, i64))> =
        holes.map(|(start, end)| (missing_by_habit(log, start, end), (start, end))).collect();
    by_habit.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let (missing, (start, end)) = *by_habit.first()?;
    // A host that often is without sign-ins is not expected to have any.
    let next = by_habit.get(1).map_or(0.0, |(missing, _)| *missing);
    if missing < f64::from(TIMES_NEXT) * next {
        return None;
    }
    if !others_go_on(log.host, logs, start, end) {
        return None;
    }
    let before =
        number(log.filled(log.first(), start)) * share_of_others(log.host, logs, (start, end), (log.first(), start));
    let evidence = missing_by_others(log, logs, start, end).min(missing);
    if before < BY_LINES_BEFORE || evidence < needed(logs, options) {
        return None;
    }
    let mut finding = Finding::new(Kind::Gap);
    finding.since = Some(Time::from_nanoseconds(start));
    finding.until = Some(Time::from_nanoseconds(end));
    finding.hosts = cells.host(log.host).map(Box::from).into_iter().collect();
    finding.hosts_of = logs.len() as u64;
    finding.evidence = evidence;
    Some(finding)
}

/// Returns the evidence that lines of the host are missing in a hole, judged by the lines of other hosts: how unlikely it is that all
/// minutes with lines of the host are outside the hole, if they were spread like those of another one.
fn missing_by_others(log: &Log, logs: &[Log], start: i64, end: i64) -> f64 {
    number(log.minutes) * ln(1.0 + share_of_others(log.host, logs, (start, end), (log.first(), log.last())))
}

/// Whether other hosts have lines in a good part of the hours between two times.
fn others_go_on(host: u32, logs: &[Log], start: i64, end: i64) -> bool {
    let hour = |time: i64| time.div_euclid(HOUR);
    let others = logs.iter().filter(|log| log.host != host).flat_map(|log| log.between(start, end));
    let hours: BTreeSet<i64> = others.map(|period| hour(period.first)).collect();
    hours.len() as u64 * HOURS_WITH_OTHERS >= u64::try_from(hour(end) - hour(start)).unwrap_or_default()
}

/// Returns how many minutes with lines another host has in the hole for each one in the rest of the `whole` time. Of all other hosts,
/// the second largest number counts, because one host alone may log at other times than the others.
///
/// What is missing from the log of another host must not make the hole more remarkable. So hosts are not added up, and where the log
/// of the other host has ended or not begun, it counts as full.
fn share_of_others(host: u32, logs: &[Log], (start, end): (i64, i64), whole: (i64, i64)) -> f64 {
    let minutes = |from: i64, to: i64| u64::try_from((to - from) / MINUTE).unwrap_or_default();
    let mut largest = [0.0_f64; 2];
    for other in logs.iter().filter(|other| other.host != host) {
        let inside = other.filled(start, end);
        let outside = other.filled(whole.0, start) + other.filled(end, whole.1);
        let before = minutes(whole.0, other.first().min(start)) + minutes(end, other.first().min(whole.1));
        let after = minutes(other.last().max(whole.0), start) + minutes(other.last().max(end), whole.1);
        let share = number(inside) / number((outside + before + after).max(1));
        if share > largest[0] {
            largest = [share, largest[0]];
        } else if share > largest[1] {
            largest[1] = share;
        }
    }
    largest[1]
}

/// Returns the number of hours of each part of the week from `from` to `to`.
fn hours_by_part(from: i64, to: i64) -> [u64; PARTS] {
    let all = u64::try_from(to.saturating_sub(from)).unwrap_or_default();
    let mut hours = [0; PARTS];
    for (hour, added) in (from..to).take(WEEK).zip(0..) {
        // This hour, and the same one in all weeks that follow.
        hours[usize::from(part_of_week(hour * HOUR))] += (all - added).div_ceil(WEEK as u64);
    }
    hours
}

/// Returns in how many minutes the host usually has lines at the hours of the hole.
fn missing_by_habit(log: &Log, start: i64, end: i64) -> f64 {
    let hours = |from: i64, to: i64| {
        let first = from.div_euclid(HOUR) + 1;
        hours_by_part(first, to.div_euclid(HOUR).max(first))
    };
    let (all, hole) = (hours(log.first(), log.last()), hours(start, end));
    if hole.iter().all(|hours| *hours == 0) {
        // Within two hours, the part of the day in which it begins decides.
        let part = usize::from(part_of_week(start));
        let share = number(u64::try_from((end - start) / MINUTE).unwrap_or_default()) / 60.0;
        return number(log.by_part[part]) / number(all[part].max(1)) * share;
    }
    // A hole is a part of the time that the log covers; what is before or after it is not.
    let is_inside = log.first() <= start && start < log.last();
    let missing = |part: usize| {
        let others = all[part].saturating_sub(if is_inside { hole[part] } else { 0 });
        // Without another day to compare with, nothing is expected.
        if others == 0 { 0.0 } else { number(log.by_part[part]) / number(others) * number(hole[part]) }
    };
    (0..PARTS).map(missing).sum()
}

/// One end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Begin,
    End,
}

impl Edge {
    /// Returns the finding about the hosts whose logs begin later, or end earlier, than those of at least half of the hosts.
    fn finding(self, logs: &[Log], cells: &Cells, options: &Options) -> Option<Finding> {
        let mut times: Vec<i64> = logs.iter().map(|log| self.inward(log)).collect();
        times.sort_unstable();
        // Of an even number, the later one, so that at least half of the logs are there by then.
        let most = *times.get(logs.len() / 2)?;
        let missing: Vec<&Log> = logs.iter().filter(|log| self.lacks(log, most, logs, options)).collect();
        // The time that none of these hosts has reached, so that what is said is true of each.
        let nearest = missing.iter().map(|log| self.inward(log)).min()?;
        let others = logs.iter().filter(|log| self.inward(log) < nearest).count();
        if others == 0 {
            return None;
        }
        let mut finding = Finding::new(Kind::Coverage);
        finding.hosts = missing.iter().filter_map(|log| cells.host(log.host)).map(Box::from).collect();
        finding.is_shared = missing.iter().all(|log| log.is_shared);
        finding.hosts_of = (missing.len() + others) as u64;
        match self {
            Edge::Begin => finding.until = Some(Time::from_nanoseconds(nearest)),
            Edge::End => finding.since = Some(Time::from_nanoseconds(-nearest)),
        }
        Some(finding)
    }

    /// Returns the time of the edge, which is larger the less the log covers.
    fn inward(self, log: &Log) -> i64 {
        match self {
            Edge::Begin => log.first(),
            Edge::End => -log.last(),
        }
    }

    /// Whether the time from `most` to the edge of a log, without lines, is much more than its holes, and many lines are missing: by
    /// the lines of the other hosts and, if the log is long enough to show them, by the habits of the host.
    fn lacks(self, log: &Log, most: i64, logs: &[Log], options: &Options) -> bool {
        let own = self.inward(log);
        if own.saturating_sub(most) <= EDGE_LEAST.max(i64::from(TIMES_NEXT) * log.longest()) {
            return false;
        }
        let (start, end) = if self == Edge::Begin { (most, own) } else { (-own, -most) };
        let has_habits = log.last() - log.first() >= COVERS_LEAST;
        // In a log of many hosts, nothing is missing if one of them was only in use for some hours.
        if log.is_shared && !has_habits {
            return false;
        }
        let by_habit = if has_habits { missing_by_habit(log, start, end) } else { f64::INFINITY };
        missing_by_others(log, logs, start, end).min(by_habit) >= needed(logs, options)
            && others_go_on(log.host, logs, start, end)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number of lines is compared with an estimate")]
fn number(count: u64) -> f64 {
    count as f64
}
