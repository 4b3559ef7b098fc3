//! Findings that need no test: results that somebody must look at even if they occur once, and numbers that nobody knows.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt as _};

use super::cells::Cells;
use super::incidents::{key, sample};
use super::rows::{MINUTE, NO_TIME, Row};
use super::{Finding, Kind, Scope};
use crate::catalogue::Catalogue;
use crate::code::{Code, Key, MFA};
use crate::time::Time;

/// The largest number of users that a finding names.
const USERS_NAMED: usize = 5;
/// The number of samples.
const SAMPLES: usize = 3;
/// The number of prompts that a person denied or did not answer before one that is remarkable when it is approved.
const PROMPTS: usize = 5;
/// The time within which they occur.
const PROMPTS_WITHIN: i64 = 10 * MINUTE;
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

/// Returns a finding for each person who approved a prompt after several that were not approved, or a single one if there are many
/// such persons, as while an app does not answer. The samples are the first and the last of these prompts, and the one that was
/// approved.
pub(super) fn prompts(cells: &Cells) -> Vec<Finding> {
    let is_one = |key: u32, codes: &[Code]| cells.keys()[key as usize].code().is_some_and(|code| codes.contains(&code));
    let known = |row: &&Row| row.person != 0;
    let rows = || cells.rows().as_slice().iter().filter(known);
    let mut refused: HashMap<u32, usize> = HashMap::new();
    for row in rows().filter(|row| is_one(row.key, &NOT_APPROVED)) {
        *refused.entry(row.person).or_default() += row.count as usize;
    }
    let mut by_person: BTreeMap<u32, Vec<&Row>> = BTreeMap::new();
    for row in rows().filter(|row| refused.get(&row.person).is_some_and(|count| *count >= PROMPTS)) {
        if is_one(row.key, &NOT_APPROVED) || is_one(row.key, &APPROVED) {
            by_person.entry(row.person).or_default().push(row);
        }
    }
    let mut findings = Vec::new();
    let mut everything: Vec<&Row> = Vec::new();
    for rows in by_person.values_mut() {
        rows.sort_by_key(|row| (row.first, row.key, row.host));
        // The latest prompts that were not approved.
        let mut recent: Vec<&Row> = Vec::new();
        for row in rows.iter() {
            if is_one(row.key, &NOT_APPROVED) {
                recent.push(row);
                continue;
            }
            let is_recent = |one: &&Row| row.first.saturating_sub(one.first) <= PROMPTS_WITHIN;
            recent.retain(is_recent);
            if recent.iter().map(|row| row.count as usize).sum::<usize>() >= PROMPTS {
                let all: Vec<&Row> = recent.iter().copied().chain([*row]).collect();
                let mut finding = about(Kind::Prompts, &all, cells);
                finding.until = Some(Time::from_nanoseconds(row.first));
                let user = cells.person(row.person).map(Box::from);
                let (since, until) = (finding.since, finding.until);
                finding.scopes = vec![Scope { user, since, until, ..Scope::of_codes(&finding.codes) }];
                finding.count = recent.iter().map(|row| u64::from(row.count)).sum();
                finding.samples = [recent[0], recent[recent.len() - 1], row].map(|row| sample(row, cells)).into();
                findings.push(finding);
                everything.extend(all);
            }
            recent.clear();
        }
    }
    if findings.len() <= PERSONS_APART {
        return findings;
    }
    let samples = std::mem::take(&mut findings[0].samples);
    everything.sort_by_key(|row| (row.first, row.person, row.key));
    let mut finding = about(Kind::Prompts, &everything, cells);
    finding.count = findings.iter().map(|finding| finding.count).sum();
    finding.samples = samples;
    finding.scopes = findings.iter().flat_map(|finding| finding.scopes.iter().cloned()).collect();
    vec![finding]
}

/// Returns a finding about the numbers and names of the family [`MFA`] that are not in the catalogue, if there are any.
pub(super) fn unknown(cells: &Cells, catalogue: &Catalogue) -> Option<Finding> {
    let rows = cells.rows();
    // Other products add names with each version.
    let is_known = |key: &Key| key.family() != MFA || catalogue.entry(key).is_some();
    let known: Vec<bool> = cells.keys().iter().map(is_known).collect();
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
