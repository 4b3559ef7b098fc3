//! Holes in the log of a host, and hosts whose logs cover less time than those of the others. No data is not the same as no
//! trouble.

use std::collections::BTreeMap;

use super::cells::Cells;
use super::evidence::ln;
use super::lines::Period;
use super::rows::{HOUR, MINUTE};
use super::units::part_of_week;
use super::{Finding, Kind, Options};
use crate::time::Time;

/// The shortest hole that is a finding.
const HOLE_LEAST: i64 = 30 * MINUTE;
/// How many times the next hole of the host it is.
const TIMES_NEXT: i64 = 3;
/// The shortest time that the log of the host covers.
const COVERS_LEAST: i64 = 48 * HOUR;
/// The least difference between the beginning or end of a log and that of the logs of most other hosts.
const EDGE_LEAST: i64 = HOUR;

/// The smallest number of minutes in which sign-ins begin that have no result, for a finding.
const UNANSWERED_MINUTES: u64 = 10;
/// The evidence that this is not chance. The probability is less than one in a million.
const UNANSWERED_EVIDENCE: f64 = 14.0;
/// The share of sign-ins without a result that is usual, at least.
const UNANSWERED_SHARE_LEAST: f64 = 0.01;

/// The lines of one host.
struct Log<'c> {
    host: u32,
    periods: &'c [Period],
    /// The number of minutes with lines.
    minutes: u64,
}

impl Log<'_> {
    fn first(&self) -> i64 {
        self.periods[0].first
    }

    fn last(&self) -> i64 {
        self.periods[self.periods.len() - 1].last
    }

    /// Returns the holes between periods with lines, the longest first.
    fn holes(&self) -> Vec<(i64, i64)> {
        let between = self.periods.windows(2).map(|pair| (pair[0].last, pair[1].first));
        let mut holes: Vec<(i64, i64)> = between.filter(|(start, end)| start < end).collect();
        holes.sort_by_key(|(start, end)| (std::cmp::Reverse(end - start), *start));
        holes
    }
}

/// Returns the findings about holes, and one about hosts whose logs begin later or end earlier.
pub(super) fn findings(cells: &Cells, options: &Options) -> Vec<Finding> {
    let periods = cells.lines().as_slice();
    let logs: Vec<Log> = periods
        .chunk_by(|one, other| one.host == other.host)
        .map(|periods| Log { host: periods[0].host, periods, minutes: periods.iter().map(Period::filled).sum() })
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

/// Returns the finding about the longest hole of a host.
fn gap(log: &Log, logs: &[Log], cells: &Cells, options: &Options) -> Option<Finding> {
    let holes = log.holes();
    let (start, end) = *holes.first()?;
    let next = holes.get(1).map_or(0, |(start, end)| end - start);
    if end - start < HOLE_LEAST || end - start < TIMES_NEXT * next || log.last() - log.first() < COVERS_LEAST {
        return None;
    }
    let evidence = missing_by_others(log, logs, start, end).min(missing_by_habit(log, start, end));
    if evidence < needed(logs, options) {
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

/// Returns the evidence that lines of the host are missing in a hole, judged by the lines of the other host that shows it best: how
/// unlikely it is that all minutes with lines of the host are outside the hole, if they were spread like those of the other one.
///
/// What is missing from the log of another host must not make the hole more remarkable. So hosts are not added up, and where the log
/// of the other host has ended or not begun, it counts as full.
fn missing_by_others(log: &Log, logs: &[Log], start: i64, end: i64) -> f64 {
    let minutes = |from: i64, to: i64| u64::try_from((to - from) / MINUTE).unwrap_or_default();
    let by_one = |other: &Log| {
        let (mut inside, mut outside) = (0_u64, 0_u64);
        for period in other.periods {
            if start < period.first && period.last < end {
                inside += period.filled();
            } else if (log.first()..=log.last()).contains(&period.first) {
                outside += period.filled();
            }
        }
        let before = minutes(log.first(), other.first().min(start)) + minutes(end, other.first().min(log.last()));
        let after = minutes(other.last().max(log.first()), start) + minutes(other.last().max(end), log.last());
        number(inside) / number((outside + before + after).max(1))
    };
    let shares = logs.iter().filter(|other| other.host != log.host).map(by_one);
    number(log.minutes) * ln(1.0 + shares.fold(0.0, f64::max))
}

/// Returns in how many minutes the host usually has lines at the hours of the hole.
fn missing_by_habit(log: &Log, start: i64, end: i64) -> f64 {
    // For each part of the week, the minutes with lines, and the hours that the log covers.
    let mut lines: BTreeMap<u8, u64> = BTreeMap::new();
    log.periods.iter().for_each(|period| *lines.entry(part_of_week(period.first)).or_default() += period.filled());
    let hours = |from: i64, to: i64| {
        let mut hours: BTreeMap<u8, u64> = BTreeMap::new();
        let whole = from.div_euclid(HOUR) + 1..to.div_euclid(HOUR).max(from.div_euclid(HOUR) + 1);
        // A log of more than a century is not about its hours.
        whole.take(1 << 20).for_each(|hour| *hours.entry(part_of_week(hour * HOUR)).or_default() += 1);
        hours
    };
    let (all, hole) = (hours(log.first(), log.last()), hours(start, end));
    if hole.is_empty() {
        // Within two hours, the part of the day in which it begins decides.
        let part = part_of_week(start);
        let all = all.get(&part).copied().unwrap_or(1).max(1);
        let share = number(u64::try_from((end - start) / MINUTE).unwrap_or_default()) / 60.0;
        return number(lines.get(&part).copied().unwrap_or_default()) / number(all) * share;
    }
    hole.iter()
        .map(|(part, hours)| {
            // A hole is a part of the time that the log covers; what is before or after it is not.
            let own = if start < log.first() || log.last() <= start { 0 } else { *hours };
            let others = all.get(part).copied().unwrap_or_default().saturating_sub(own);
            // Without another day to compare with, nothing is expected.
            if others == 0 {
                0.0
            } else {
                number(lines.get(part).copied().unwrap_or_default()) / number(others) * number(*hours)
            }
        })
        .sum()
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
        if own.saturating_sub(most) <= EDGE_LEAST.max(TIMES_NEXT * longest(log)) {
            return false;
        }
        let (start, end) = if self == Edge::Begin { (most, own) } else { (-own, -most) };
        let has_habits = log.last() - log.first() >= COVERS_LEAST;
        let by_habit = if has_habits { missing_by_habit(log, start, end) } else { f64::INFINITY };
        missing_by_others(log, logs, start, end).min(by_habit) >= needed(logs, options)
    }
}

fn longest(log: &Log) -> i64 {
    log.holes().first().map_or(0, |(start, end)| end - start)
}

#[expect(clippy::cast_precision_loss, reason = "a number of lines is compared with an estimate")]
fn number(count: u64) -> f64 {
    count as f64
}
