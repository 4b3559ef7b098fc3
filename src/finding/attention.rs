//! Findings that need no test: results that somebody must look at even if they occur once, and numbers that nobody knows.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt as _};

use super::cells::Cells;
use super::incidents::{key, sample};
use super::rows::{MINUTE, NO_TIME, Row};
use super::{Finding, Kind, Scope};
use crate::catalogue::Catalogue;
use crate::code::{Code, Key};
use crate::time::Time;

/// The largest number of users that a finding names.
const USERS_NAMED: usize = 5;
/// The number of samples.
const SAMPLES: usize = 3;
/// The number of prompts that a person denied or did not answer before one that is remarkable when it is approved, and the time within
/// which they occur.
const BEFORE_APPROVED: (u64, i64) = (5, 10 * MINUTE);
/// The same for prompts that are remarkable even if none is approved in as much time after them.
const NONE_APPROVED: (u64, i64) = (10, 30 * MINUTE);
/// The longest time between one of them and the next.
const PAUSE: i64 = 10 * MINUTE;
/// The largest number of such findings that are listed separately.
const PERSONS_APART: usize = 3;
/// The codes of prompts that a person denied, did not answer or hung up on.
const NOT_APPROVED: [Code; 6] = [Code(4), Code(13), Code(108), Code(129), Code(133), Code(144)];
/// The codes of prompts that a person approved.
const APPROVED: [Code; 3] = [Code(1), Code(2), Code(21)];

/// Returns a finding for each code that is always one, such as a report of fraud.
pub(super) fn watched(cells: &Cells) -> Vec<Finding> {
    let mut by_key: BTreeMap<u32, Vec<&Row>> = BTreeMap::new();
    for row in cells.watched().as_slice() {
        by_key.entry(row.key).or_default().push(row);
    }
    let finding = |rows: Vec<&Row>| {
        let mut finding = about(Kind::Attention, &rows, cells);
        finding.scopes = vec![Scope::of_codes(&finding.codes)];
        finding
    };
    by_key.into_values().map(finding).collect()
}

/// Returns a finding about these results, which are in the order of time.
fn about(kind: Kind, rows: &[&Row], cells: &Cells) -> Finding {
    let mut finding = Finding::new(kind);
    let mut codes: Vec<Key> = rows.iter().map(|row| key(row, cells)).collect();
    codes.sort();
    codes.dedup();
    finding.codes = codes;
    let timed = || rows.iter().filter(|row| row.first != NO_TIME);
    finding.since = timed().next().map(|row| Time::from_nanoseconds(row.first));
    finding.until = timed().map(|row| Time::from_nanoseconds(row.last)).max();
    finding.count_without_time = (rows.len() - timed().count()) as u64;
    let mut persons: Vec<u32> = rows.iter().map(|row| row.person).filter(|person| *person != 0).collect();
    let mut hosts: Vec<u32> = rows.iter().map(|row| row.host).collect();
    for list in [&mut persons, &mut hosts] {
        list.sort_unstable();
        list.dedup();
    }
    finding.hosts = hosts.iter().filter_map(|host| cells.host(*host)).map(Box::from).collect();
    finding.hosts_of = cells.hosts_len() as u64;
    finding.users_count = persons.len() as u64;
    finding.users_of = cells.persons_len() as u64;
    finding.users =
        persons.iter().take(USERS_NAMED).filter_map(|person| cells.person(*person)).map(Box::from).collect();
    finding.count = rows.iter().map(|row| u64::from(row.count)).sum();
    finding.samples = rows.iter().take(SAMPLES).map(|row| sample(row, cells)).collect();
    finding
}

/// Whether results that are added up in a row are all before `until` and in a stretch of this length.
fn is_whole(row: &Row, within: i64, until: i64) -> bool {
    row.last <= until && row.last.saturating_sub(row.first) <= within
}

/// Returns how many results of a row certainly are before `until` and in a stretch of this length.
fn certain(row: &Row, within: i64, until: i64) -> u64 {
    if is_whole(row, within, until) { u64::from(row.count) } else { 1 }
}

/// Whether at least as many prompts are in any stretch of as much time before `until`. They are in the order of time.
fn crowd(prompts: &[&Row], (least, within): (u64, i64), until: i64) -> bool {
    let (mut from, mut count) = (0, 0);
    prompts.iter().any(|prompt| {
        count += certain(prompt, within, until);
        let end = if is_whole(prompt, within, until) { prompt.last } else { prompt.first };
        while end.saturating_sub(prompts[from].first) > within {
            count -= certain(prompts[from], within, until);
            from += 1;
        }
        count >= least
    })
}

/// Returns a finding for each person who approved a prompt after several that were not approved, and for each who approved none of
/// many; or a single one if there are many such persons, as while an app does not answer. The samples are the first and the last of
/// these prompts, and the one that was approved.
pub(super) fn prompts(cells: &Cells) -> Vec<Finding> {
    let are_of = |codes: &[Code]| -> Vec<bool> {
        cells.keys().iter().map(|key| key.code().is_some_and(|code| codes.contains(&code))).collect()
    };
    let (not_approved, approved) = (are_of(&NOT_APPROVED), are_of(&APPROVED));
    let is_refused = |row: &Row| not_approved[row.key as usize];
    let known = |row: &&Row| row.person != 0;
    let rows = || cells.rows().as_slice().iter().filter(known);
    let mut refused: HashMap<u32, u64> = HashMap::new();
    for row in rows().filter(|row| is_refused(row) && !cells.is_exposure(row.key)) {
        *refused.entry(row.person).or_default() += u64::from(row.count);
    }
    let mut by_person: BTreeMap<u32, Vec<&Row>> = BTreeMap::new();
    for row in rows().filter(|row| refused.get(&row.person).is_some_and(|count| *count >= BEFORE_APPROVED.0)) {
        if is_refused(row) || approved[row.key as usize] {
            by_person.entry(row.person).or_default().push(row);
        }
    }
    // Those who approved a prompt, and the others.
    let mut runs: [Vec<Vec<&Row>>; 2] = Default::default();
    for (person, rows) in &mut by_person {
        rows.sort_by_key(|row| (row.first, row.key, row.host));
        let found = runs_of(rows, is_refused);
        let in_runs: u64 = found.iter().flat_map(|run| &run.refused).map(|row| u64::from(row.count)).sum();
        // Somebody who often denies prompts, or does not answer, is not under attack whenever it happens a few times more.
        let is_rare = 2 * in_runs >= refused[person];
        for mut run in found.into_iter().filter(|run| is_rare || run.is_short) {
            run.refused.extend(run.approved);
            runs[usize::from(run.approved.is_none())].push(run.refused);
        }
    }
    runs.into_iter().zip([true, false]).flat_map(|(runs, approved)| about_prompts(&runs, approved, cells)).collect()
}

/// Remarkably many prompts that a person denied or did not answer, one after another.
struct Run<'r> {
    refused: Vec<&'r Row>,
    /// The prompt that was approved after them.
    approved: Option<&'r Row>,
    /// Whether enough of them were within a short time before the one that was approved.
    is_short: bool,
}

/// Returns the remarkable runs in the prompts of a person, which are in the order of time.
fn runs_of<'r>(rows: &[&'r Row], is_refused: impl Fn(&Row) -> bool) -> Vec<Run<'r>> {
    let mut found = Vec::new();
    let mut run: Vec<&Row> = Vec::new();
    let mut approved_until = i64::MIN;
    for row in rows.iter().copied() {
        // Results are approved that are added up with an earlier one.
        let is_broken = row.first <= approved_until;
        let follows = |within: i64| run.last().is_some_and(|last| row.first.saturating_sub(last.last) <= within);
        let goes_on = !is_broken && follows(PAUSE);
        if is_refused(row) && goes_on {
            run.push(row);
            continue;
        }
        let is_many = |limits| crowd(&run, limits, row.first);
        let is_remarkable =
            goes_on && is_many(BEFORE_APPROVED) || !is_broken && follows(NONE_APPROVED.1) && is_many(NONE_APPROVED);
        if !is_refused(row) && is_remarkable {
            let (least, within) = BEFORE_APPROVED;
            let recent = run.iter().filter(|one| row.first.saturating_sub(one.first) <= within);
            let is_short = recent.map(|one| certain(one, within, row.first)).sum::<u64>() >= least;
            found.push(Run { refused: std::mem::take(&mut run), approved: Some(row), is_short });
        } else if is_many(NONE_APPROVED) {
            found.push(Run { refused: std::mem::take(&mut run), approved: None, is_short: false });
        }
        run.clear();
        if is_refused(row) {
            run.push(row);
        } else {
            approved_until = approved_until.max(row.last);
        }
    }
    if crowd(&run, NONE_APPROVED, i64::MAX) {
        found.push(Run { refused: run, approved: None, is_short: false });
    }
    found
}

/// Returns a finding for each run of prompts, or one for all of them if there are many. If the last prompt was `approved`, it is not
/// one of those that are counted.
fn about_prompts(runs: &[Vec<&Row>], approved: bool, cells: &Cells) -> Vec<Finding> {
    let count = |run: &[&Row]| run.iter().map(|row| u64::from(row.count)).sum::<u64>() - u64::from(approved);
    let mut findings: Vec<Finding> = Vec::new();
    for run in runs {
        let mut finding = about(Kind::Prompts, run, cells);
        let last = run[run.len() - 1];
        let ends = if approved { vec![run[0], run[run.len() - 2], last] } else { vec![run[0], last] };
        finding.until = Some(Time::from_nanoseconds(if approved { last.first } else { last.last }));
        finding.count = count(run);
        finding.count_of_one = u64::from(approved);
        finding.samples = ends.into_iter().map(|row| sample(row, cells)).collect();
        let user = cells.person(last.person).map(Box::from);
        let (since, until) = (finding.since, finding.until);
        finding.scopes = vec![Scope { user, since, until, ..Scope::of_codes(&finding.codes) }];
        findings.push(finding);
    }
    if findings.len() <= PERSONS_APART {
        return findings;
    }
    let mut everything: Vec<&Row> = runs.concat();
    everything.sort_by_key(|row| (row.first, row.person, row.key));
    let mut finding = about(Kind::Prompts, &everything, cells);
    finding.count = findings.iter().map(|finding| finding.count).sum();
    finding.count_of_one = findings.iter().map(|finding| finding.count_of_one).sum();
    finding.samples = std::mem::take(&mut findings[0].samples);
    finding.scopes = findings.iter().flat_map(|finding| finding.scopes.iter().cloned()).collect();
    vec![finding]
}

/// Returns a finding about the numbers and names that are not in the catalogue, for each family that it lists.
pub(super) fn unknown(cells: &Cells, catalogue: &Catalogue) -> Vec<Finding> {
    catalogue.families().filter_map(|family| unknown_of(family, cells, catalogue)).collect()
}

/// Returns the finding about the numbers and names of a family that are not in the catalogue, if there are any.
fn unknown_of(family: &str, cells: &Cells, catalogue: &Catalogue) -> Option<Finding> {
    let rows = cells.rows();
    let is_known = |key: &Key| key.family() != family || catalogue.entry(key).is_some();
    let known: Vec<bool> =
        (0..).zip(cells.keys()).map(|(number, key)| is_known(key) || cells.is_exposure(number)).collect();
    let is_unknown = |row: &&Row| !known[row.key as usize];
    if known.iter().all(|known| *known) {
        return None;
    }
    let mut found: Vec<&Row> = rows.as_slice().iter().filter(is_unknown).collect();
    found.sort_by_key(|row| (row.first, row.key, row.host, row.person));
    let mut finding = about(Kind::Unknown, &found, cells);
    // The most frequent first. Persons may have been left out of the rows.
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    if rows.hourly().is_empty() {
        found.iter().for_each(|row| *counts.entry(row.key).or_default() += u64::from(row.count));
    } else {
        let unknown = rows.hourly().iter().filter(|hourly| !known[hourly.key as usize]);
        unknown.for_each(|hourly| *counts.entry(hourly.key).or_default() += hourly.count);
    }
    finding.count = counts.values().sum();
    let mut codes: Vec<(u32, u64)> = counts.into_iter().collect();
    codes.sort_by_key(|(key, count)| (std::cmp::Reverse(*count), *key));
    finding.codes = codes.into_iter().map(|(key, _)| cells.keys()[key as usize].clone()).collect();
    finding.scopes = vec![Scope::of_codes(&finding.codes)];
    Some(finding)
}
