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
/// The least number of minutes in that time in which the host would usually have had lines.
const EDGE_MINUTES: f64 = 10.0;

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
    findings.extend(edges(&logs, cells));
    findings
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
    let minutes: u64 = logs.iter().map(|log| log.minutes).sum();
    let needed = 2.0 * ln(number(minutes) * number(logs.len() as u64) / options.chance);
    if evidence < needed {
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

/// Returns in how many minutes of the hole there should be lines, judged by the lines of the other host that shows it best.
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
    number(log.minutes) * shares.fold(0.0, f64::max)
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
            let others = all.get(part).copied().unwrap_or_default().saturating_sub(*hours);
            // Without another day to compare with, nothing is expected.
            if others == 0 {
                0.0
            } else {
                number(lines.get(part).copied().unwrap_or_default()) / number(others) * number(*hours)
            }
        })
        .sum()
}

/// Returns the finding about hosts whose logs begin later or end earlier than those of most others.
fn edges(logs: &[Log], cells: &Cells) -> Option<Finding> {
    if logs.len() < 2 {
        return None;
    }
    let middle = |mut times: Vec<i64>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let begins = middle(logs.iter().map(Log::first).collect());
    // Of an even number, the earlier one, so that at least half of the logs go on until then.
    let ends = -middle(logs.iter().map(|log| -log.last()).collect());
    let is_late = |log: &&Log| lacks(log, log.first() - begins);
    let is_early = |log: &&Log| lacks(log, ends - log.last());
    let (late, early): (Vec<&Log>, Vec<&Log>) =
        (logs.iter().filter(is_late).collect(), logs.iter().filter(is_early).collect());
    let host = |log: &&Log| cells.host(log.host).map(Box::<str>::from);
    let mut finding = Finding::new(Kind::Coverage);
    finding.hosts = late.iter().chain(&early).filter_map(host).collect();
    finding.hosts.sort();
    finding.hosts.dedup();
    if finding.hosts.is_empty() {
        return None;
    }
    finding.hosts_of = logs.len() as u64;
    finding.since = early.iter().map(|log| Time::from_nanoseconds(log.last())).min();
    finding.until = late.iter().map(|log| Time::from_nanoseconds(log.first())).max();
    Some(finding)
}

/// Whether so much time without lines is more than the holes in the log of a host that otherwise has enough lines.
fn lacks(log: &Log, time: i64) -> bool {
    if time <= EDGE_LEAST.max(TIMES_NEXT * longest(log)) {
        return false;
    }
    let minutes = |time: i64| number(u64::try_from(time / MINUTE).unwrap_or_default());
    number(log.minutes) * minutes(time) >= EDGE_MINUTES * minutes(log.last() - log.first()).max(1.0)
}

fn longest(log: &Log) -> i64 {
    log.holes().first().map_or(0, |(start, end)| end - start)
}

#[expect(clippy::cast_precision_loss, reason = "a number of lines is compared with an estimate")]
fn number(count: u64) -> f64 {
    count as f64
}
