//! Codes that nearly all belong to one user or one host, from the beginning to the end of the log.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt as _};

use super::cells::{Cells, is_watched};
use super::incidents::sample;
use super::rows::Row;
use super::units::{Units, is_trouble};
use super::{Finding, Kind, Scope};
use crate::catalogue::Catalogue;
use crate::time::Time;

/// The smallest number of units with the code.
const UNITS_LEAST: usize = 10;
/// The smallest number of users or hosts in the log.
const OTHERS_LEAST: usize = 3;
/// The smallest number of users who have the code on a host.
const USERS_LEAST: usize = 3;
/// How many of 100 units with the code must be of the user, and of the host. Hosts differ by themselves more often.
const SHARES: [u64; 2] = [90, 95];
/// How many times the rate of all others that of the one is.
const RATIO: u64 = 10;
/// The number of samples.
const SAMPLES: usize = 3;

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

/// Returns a finding for each user and host. `others` are findings about changes, whose codes are left out.
pub(super) fn findings(units: &Units, cells: &Cells, catalogue: &Catalogue, others: &[Finding]) -> Vec<Finding> {
    let mut all: HashMap<Who, u64> = HashMap::new();
    for unit in &units.all {
        *all.entry(Who::Host(unit.host)).or_default() += 1;
        if unit.person < units.minutes {
            *all.entry(Who::User(unit.person)).or_default() += 1;
        }
    }
    let number = |is_host: bool| all.keys().filter(|who| matches!(who, Who::Host(_)) == is_host).count();
    let numbers = [number(false), number(true)];
    let mut of_key: Vec<HashMap<Who, u64>> = vec![HashMap::new(); cells.keys().len()];
    let mut totals = vec![0_u64; cells.keys().len()];
    for range in cells.rows().units() {
        let rows = &cells.rows().as_slice()[range];
        let mut keys: Vec<u32> = rows.iter().map(|row| row.key).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            totals[key as usize] += 1;
            *of_key[key as usize].entry(Who::Host(rows[0].host)).or_default() += 1;
            if rows[0].person != 0 {
                *of_key[key as usize].entry(Who::User(rows[0].person)).or_default() += 1;
            }
        }
    }
    let everything = units.all.len() as u64;
    // The codes of each user and host, with what the finding replaces.
    let mut found: BTreeMap<Who, Vec<u32>> = BTreeMap::new();
    for (key, total) in (0_u32..).zip(&totals) {
        let name = &cells.keys()[key as usize];
        let is_change = others.iter().any(|finding| finding.kind != Kind::User && finding.codes.contains(name));
        let is_left_out = is_change || cells.is_exposure(key);
        if *total < UNITS_LEAST as u64 || is_left_out || is_watched(name) || !is_trouble(catalogue, name) {
            continue;
        }
        let most = of_key[key as usize].iter().filter(|(who, count)| {
            let (cases, units) = (**count, all[who]);
            let kind = usize::from(matches!(who, Who::Host(_)));
            let is_most = cases * 100 >= total * SHARES[kind] && units * 2 <= everything;
            let is_many_times = cases * (everything - units) >= RATIO * (total - cases) * units;
            is_most && is_many_times && numbers[kind] >= OTHERS_LEAST
        });
        // If all are of one user on one host, that is about the user.
        let Some(who) = most.map(|(who, _)| *who).min() else { continue };
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
            findings.extend(finding(who, &keys, &totals, numbers, cells));
        }
    }
    findings
}

/// Returns the finding about codes of one user or host, or `None` if too few users have them on the host.
fn finding(who: Who, keys: &[u32], totals: &[u64], numbers: [usize; 2], cells: &Cells) -> Option<Finding> {
    let mut finding = Finding::new(match who {
        Who::User(_) => Kind::User,
        Who::Host(_) => Kind::Host,
    });
    let mut keys = keys.to_vec();
    keys.sort_by_key(|key| (std::cmp::Reverse(totals[*key as usize]), *key));
    finding.codes = keys.iter().map(|key| cells.keys()[*key as usize].clone()).collect();
    let mut rows: Vec<&Row> = cells.rows().as_slice().iter().filter(|row| keys.contains(&row.key)).collect();
    finding.count = rows.iter().map(|row| u64::from(row.count)).sum();
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
    finding.hosts = hosts.iter().filter_map(|host| cells.host(*host)).map(Box::from).collect();
    finding.hosts_of = numbers[1] as u64;
    finding.users_count = users.len() as u64;
    finding.users_of = numbers[0] as u64;
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
