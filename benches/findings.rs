//! Measures findings on made-up folders: how many there are where nothing happened, how many incidents are found, and how exact
//! their beginning is. `cargo bench --bench findings -- 2000 1000` looks at 2,000 folders of noise, 1,000 with an incident, 1,000 with
//! one at night and 1,000 in which people try again and again.
//!
//! Without numbers, as in plain `cargo bench` and `cargo test --benches`, it prints its usage.
#![expect(clippy::print_stdout, reason = "a program of its own, with nobody else to print for it")]
#![allow(clippy::cast_precision_loss, reason = "numbers are made up within their types")]

#[path = "findings/folder.rs"]
mod folder;
#[path = "data/random.rs"]
mod random;
#[path = "findings/sides.rs"]
mod sides;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use callcodes::catalogue::Catalogue;
use callcodes::code::Code;
use callcodes::finding::rows::ROWS_LIMIT;
use callcodes::finding::{Finding, Kind, Options, find};
use folder::{Folder, HOUR, Incident, Made, Noise, SECOND, Shape, cells, folder};

/// The kinds that chance may give.
const TESTED: [Kind; 11] = [
    Kind::New,
    Kind::Rise,
    Kind::Fall,
    Kind::Stopped,
    Kind::User,
    Kind::Host,
    Kind::Repeats,
    Kind::Retry,
    Kind::Gap,
    Kind::Coverage,
    Kind::Unanswered,
];

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let [noise, incidents, ..] = numbers[..] else {
        println!("Usage: cargo bench --bench findings -- NOISE INCIDENTS [SEED]");
        return;
    };
    let seed = numbers.get(2).copied().unwrap_or(1);
    of_many();
    let verbose = std::env::args().any(|argument| argument == "-v");
    of_noise(noise, seed * 1_000_003, verbose);
    println!("Incidents at any time");
    of_incidents(incidents, seed * 1_000_003 + 500_000, Made::Incident, verbose);
    println!("\nIncidents at night, in logs of 3 to 7 days");
    of_incidents(incidents, seed * 1_000_003 + 600_000, Made::Night, verbose);
    println!();
    of_prompts(incidents, seed * 1_000_003 + 700_000, verbose);
    println!();
    sides::of_pairs(incidents, seed * 1_000_003 + 800_000);
}

/// Returns the findings of a folder that chance may give.
fn tested(folder: &Folder, took: &mut Duration) -> Vec<Finding> {
    all_found(folder, took).into_iter().filter(|finding| TESTED.contains(&finding.kind)).collect()
}

fn all_found(folder: &Folder, took: &mut Duration) -> Vec<Finding> {
    let cells = cells(&folder.results, ROWS_LIMIT);
    let start = Instant::now();
    let found = find(&cells, Catalogue::built_in(), &Options::default());
    *took += start.elapsed();
    found.list
}

fn of_noise(count: u64, seed: u64, verbose: bool) {
    let mut by_noise: BTreeMap<String, [u64; 3]> = BTreeMap::new();
    let mut by_kind: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut took, mut results) = (Duration::ZERO, 0);
    for number in 0..count {
        let folder = folder(seed + number, Made::Noise);
        results += folder.results.len();
        let found = tested(&folder, &mut took);
        // What was made is a true finding.
        let is_false = |finding: &&Finding| match finding.kind {
            Kind::Gap => folder.noise != Noise::Holes,
            Kind::Coverage => !matches!(folder.noise, Noise::Holes | Noise::LateHosts),
            Kind::User => !matches!(folder.noise, Noise::Bursts | Noise::HeavyUser),
            _ => true,
        };
        let false_ones: Vec<&Finding> = found.iter().filter(is_false).collect();
        let counts = by_noise.entry(format!("{:?}", folder.noise)).or_default();
        counts[0] += 1;
        counts[1] += u64::from(!false_ones.is_empty());
        counts[2] += false_ones.len() as u64;
        for finding in false_ones {
            *by_kind.entry(finding.kind.name()).or_default() += 1;
            if verbose {
                println!(
                    "seed {} {:?} {} hosts {} h: {}",
                    seed + number,
                    folder.noise,
                    folder.hosts,
                    (folder.end - folder.start) / HOUR,
                    shown(finding, folder.start)
                );
            }
        }
    }
    println!("{:<12} {:>8} {:>8} {:>8}", "noise", "folders", "false", "findings");
    for (name, [folders, with, findings]) in &by_noise {
        println!("{name:<12} {folders:>8} {with:>8} {findings:>8}");
    }
    let with: u64 = by_noise.values().map(|counts| counts[1]).sum();
    println!(
        "{:<12} {count:>8} {with:>8}          {:.2} % of folders; {by_kind:?}",
        "all",
        100.0 * with as f64 / count.max(1) as f64
    );
    println!("{results} results, {:.2} ms a folder\n", took.as_secs_f64() * 1e3 / count.max(1) as f64);
}

fn shown(finding: &Finding, start: i64) -> String {
    let codes: Vec<String> = finding.codes.iter().map(ToString::to_string).collect();
    let hours = |time: Option<callcodes::time::Time>| {
        time.map(|time| format!("{:.2}", (time.nanoseconds() - start) as f64 / HOUR as f64))
    };
    format!(
        "{} {} since {:?} until {:?} hosts {}/{} users {}/{} count {} of one {} rates {:?} evidence {:.1}",
        finding.kind.name(),
        codes.join(","),
        hours(finding.since),
        hours(finding.until),
        finding.hosts.len(),
        finding.hosts_of,
        finding.users_count,
        finding.users_of,
        finding.count,
        finding.count_of_one,
        finding.rates.map(|rates| (rates.before, rates.after)),
        finding.evidence
    )
}

/// Measures how long a folder with many units takes.
fn of_many() {
    let results = folder(7, Made::Large(1_300_000)).results;
    for limit in [ROWS_LIMIT, usize::MAX / 4] {
        let start = Instant::now();
        let cells = cells(&results, limit);
        let collected = start.elapsed();
        let start = Instant::now();
        let found = find(&cells, Catalogue::built_in(), &Options::default());
        println!(
            "{} results, {} rows: {:.3} s to collect, {:.3} s to find {} incidents",
            results.len(),
            cells.rows().as_slice().len(),
            collected.as_secs_f64(),
            start.elapsed().as_secs_f64(),
            found.list.len()
        );
    }
}

/// Whether a finding is about an incident.
fn is_about(finding: &Finding, incident: &Incident) -> bool {
    let kinds = match incident.shape {
        Shape::Stop => [Kind::Stopped, Kind::Fall],
        _ => [Kind::New, Kind::Rise],
    };
    let codes = finding
        .codes
        .iter()
        .chain(&finding.fewer)
        .any(|key| key.code().is_some_and(|Code(code)| incident.codes.contains(&code)));
    let since = finding.since.map_or(i64::MIN, |time| time.nanoseconds());
    let until = finding.until.map_or(i64::MAX, |time| time.nanoseconds());
    let overlaps = since < incident.end && until >= incident.start;
    kinds.contains(&finding.kind) && codes && overlaps
}

fn of_incidents(count: u64, seed: u64, made: Made, verbose: bool) {
    const SIZES: [usize; 6] = [0, 5, 10, 20, 50, 200];
    let mut by_size = [[0_u64; 2]; 6];
    let mut stops = [0_u64; 2];
    let (mut lines, mut changes, mut false_ones) = (Vec::new(), Vec::new(), 0_u64);
    let (mut not_before, mut early) = ([0_u64; 2], 0_u64);
    let mut took = Duration::ZERO;
    for number in 0..count {
        let folder = folder(seed + number, made);
        let Some(incident) = &folder.incident else { continue };
        let found = tested(&folder, &mut took);
        let about = found.iter().find(|finding| is_about(finding, incident));
        // That all results with a code are on one host, or that they stopped, is true of an incident as well.
        let is_related = |finding: &Finding| {
            let is_fact = matches!(finding.kind, Kind::Host | Kind::User | Kind::Stopped | Kind::Fall);
            is_fact
                && finding.codes.iter().any(|key| key.code().is_some_and(|Code(code)| incident.codes.contains(&code)))
        };
        let unrelated = found
            .iter()
            .filter(|finding| !is_about(finding, incident) && !is_related(finding))
            .filter(|finding| !matches!(finding.kind, Kind::Gap | Kind::Coverage));
        let strange: Vec<&Finding> = unrelated.collect();
        false_ones += u64::from(!strange.is_empty());
        if verbose {
            for finding in strange {
                println!("seed {} {:?}: strange: {}", seed + number, folder.noise, shown(finding, folder.start));
                println!(
                    "    {:?} {:?} {:.2}..{:.2} touched {} hosts {} found {}",
                    incident.shape,
                    incident.codes,
                    (incident.start - folder.start) as f64 / HOUR as f64,
                    (incident.end - folder.start) as f64 / HOUR as f64,
                    incident.touched,
                    incident.hosts.len(),
                    about.is_some()
                );
            }
        }
        if incident.shape == Shape::Stop {
            stops[0] += 1;
            stops[1] += u64::from(about.is_some());
            continue;
        }
        let size = SIZES.iter().rposition(|least| incident.touched >= *least).unwrap_or_default();
        by_size[size][0] += 1;
        let Some(finding) = about else {
            if verbose && incident.touched >= 50 {
                println!(
                    "seed {} {:?} {} hosts: missed {:?} {:?} {:.2}..{:.2} of {:.2} touched {} hosts {} results {}",
                    seed + number,
                    folder.noise,
                    folder.hosts,
                    incident.shape,
                    incident.codes,
                    (incident.start - folder.start) as f64 / HOUR as f64,
                    (incident.end - folder.start) as f64 / HOUR as f64,
                    (folder.end - folder.start) as f64 / HOUR as f64,
                    incident.touched,
                    incident.hosts.len(),
                    folder.results.len()
                );
            }
            continue;
        };
        by_size[size][1] += 1;
        let since = finding.since.map_or(0, |time| time.nanoseconds());
        if let Some(first) = incident.first_line {
            lines.push((since - first).abs() / SECOND);
        }
        changes.push((since - incident.start).abs() / SECOND);
        let is_early = since < incident.start - 12 * HOUR;
        early += u64::from(is_early);
        if verbose && is_early {
            println!("seed {} {:?}: early: {}", seed + number, folder.noise, shown(finding, folder.start));
            println!("    {incident:?} begins after {:.2} h", (incident.start - folder.start) as f64 / HOUR as f64);
        }
        if let Some(time) = finding.not_before {
            not_before[0] += 1;
            not_before[1] += u64::from(time.nanoseconds() <= incident.start);
        }
    }
    println!("{:<24} {:>8} {:>8} {:>6}", "persons' hours touched", "folders", "found", "%");
    for (least, [folders, found]) in SIZES.iter().zip(by_size) {
        println!("from {least:<19} {folders:>8} {found:>8} {:>6.0}", 100.0 * found as f64 / folders.max(1) as f64);
    }
    println!("codes that stopped: {} of {}", stops[1], stops[0]);
    println!("folders with a finding about something else: {false_ones} of {count}");
    println!("found, but dated more than 12 hours early: {early}");
    println!("since is off by {} s from the first line, {} s from the change (median)", median(lines), median(changes));
    println!(
        "not before holds in {} of {}; {:.2} ms a folder",
        not_before[1],
        not_before[0],
        took.as_secs_f64() * 1e3 / count.max(1) as f64
    );
}

/// Looks at folders in which people try again and again. A finding about prompts is false if its rule does not say it.
fn of_prompts(count: u64, seed: u64, verbose: bool) {
    let mut by_noise: BTreeMap<String, [u64; 4]> = BTreeMap::new();
    let mut took = Duration::ZERO;
    for number in 0..count {
        let folder = folder(seed + number, Made::Prompts);
        let found = all_found(&folder, &mut took);
        let (prompts, others): (Vec<&Finding>, Vec<&Finding>) =
            found.iter().partition(|finding| finding.kind == Kind::Prompts);
        let by_rule = asked_often(&folder);
        let said: BTreeSet<&str> =
            prompts.iter().flat_map(|finding| &finding.scopes).filter_map(|scope| scope.user.as_deref()).collect();
        let is_wrong = said.iter().any(|user| !by_rule.contains(*user));
        let counts = by_noise.entry(format!("{:?}", folder.noise)).or_default();
        counts[0] += 1;
        counts[1] += u64::from(!prompts.is_empty());
        counts[2] += u64::from(is_wrong);
        counts[3] += u64::from(others.iter().any(|finding| matches!(finding.kind, Kind::New | Kind::Rise)));
        if verbose && is_wrong {
            println!("seed {} {:?}: {said:?}, but by the rule {by_rule:?}", seed + number, folder.noise);
        }
    }
    println!("{:<12} {:>8} {:>8} {:>12} {:>8}", "noise", "folders", "prompts", "not by rule", "changes");
    for (name, [folders, with, wrong, changes]) in &by_noise {
        println!("{name:<12} {folders:>8} {with:>8} {wrong:>12} {changes:>8}");
    }
}

/// Returns the users who did not approve 5 prompts within 10 minutes and then approved one at most 10 minutes later, or who did not
/// approve 10 within 30 minutes, with no approved one among them. It looks at all of a person's prompts again for each, unlike the
/// program.
fn asked_often(folder: &Folder) -> BTreeSet<String> {
    const MINUTE: i64 = 60 * SECOND;
    let mut of_user: BTreeMap<u32, Vec<(i64, bool)>> = BTreeMap::new();
    for one in folder.results.iter().filter(|one| one.user > 0) {
        let is_refused = [4, 13, 108, 129, 133, 144].contains(&one.code);
        if is_refused || [1, 2, 21].contains(&one.code) {
            of_user.entry(one.user).or_default().push((one.time, is_refused));
        }
    }
    let mut users = BTreeSet::new();
    for (user, mut prompts) in of_user {
        prompts.sort_unstable();
        let is_unbroken = |from: usize, to: usize| prompts[from..=to].iter().all(|(_, is_refused)| *is_refused);
        let is_many = |least: usize, within: i64, last: usize| {
            let from = (last + 1).checked_sub(least);
            from.is_some_and(|from| prompts[last].0 - prompts[from].0 <= within && is_unbroken(from, last))
        };
        let approved_after = |last: usize| {
            let mut time = prompts[last].0;
            for (next, is_refused) in &prompts[last + 1..] {
                if next - time > 10 * MINUTE {
                    return false;
                }
                if !is_refused {
                    return true;
                }
                time = *next;
            }
            false
        };
        let is_often =
            |last: usize| is_many(5, 10 * MINUTE, last) && approved_after(last) || is_many(10, 30 * MINUTE, last);
        if (0..prompts.len()).any(is_often) {
            users.extend(folder::user(user).map(String::from));
        }
    }
    users
}

fn median(mut all: Vec<i64>) -> i64 {
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}
