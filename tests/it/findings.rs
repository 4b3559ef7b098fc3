//! Tests findings on made-up folders: nothing is found in noise, what was planted is found, and the division of a log and missing
//! parts of it have no effect on what is said about the rest. `benches/findings` measures the same on thousands of folders.

#[path = "../../benches/findings/folder.rs"]
mod folder;
#[path = "../../benches/data/random.rs"]
#[allow(clippy::duplicate_mod, reason = "the generators of logs use the same numbers")]
mod random;

use std::collections::BTreeMap;

use callcodes::catalogue::Catalogue;
use callcodes::code::{Code, Key};
use callcodes::compare::{Change, Comparison, Counted, Row, compare};
use callcodes::finding::rows::ROWS_LIMIT;
use callcodes::finding::{Cells, Finding, Findings, Kind, Options, find};
use callcodes::summary::sign_ins::{GroupRow, Settled, Value};
use callcodes::summary::{Durations, Tally};
use callcodes::time::Time;
use folder::{Folder, Made, Shape, Sign, cells, folder};
use random::Random;

/// The kinds that say that something is missing.
const MISSING: [Kind; 3] = [Kind::Fall, Kind::Stopped, Kind::Gap];

fn found(cells: &Cells) -> Findings {
    find(cells, Catalogue::built_in(), &Options::default())
}

fn codes(finding: &Finding) -> Vec<i32> {
    finding.codes.iter().filter_map(|key| key.code()).map(|Code(code)| code).collect()
}

/// Returns folders of at most 12,000 results, so that the tests are fast.
fn folders(seeds: std::ops::Range<u64>, made: Made) -> impl Iterator<Item = Folder> {
    seeds.map(move |seed| folder(seed, made)).filter(|folder| folder.results.len() <= 12_000)
}

#[test]
fn noise_has_no_findings() {
    for folder in folders(1..31, Made::Noise) {
        let list = found(&cells(&folder.results, ROWS_LIMIT)).list;
        let tested = list.iter().filter(|finding| {
            matches!(finding.kind, Kind::New | Kind::Rise | Kind::Fall | Kind::Stopped | Kind::Repeats | Kind::Retry)
        });
        assert_eq!(tested.count(), 0, "{:?} {list:?}", folder.noise);
    }
}

#[test]
fn large_incidents_are_found_with_their_codes_and_first_line() {
    let mut number = 0;
    for folder in folders(500..580, Made::Incident) {
        let incident = folder.incident.as_ref().unwrap();
        if incident.shape != Shape::Step || incident.touched < 100 || incident.share < 0.5 {
            continue;
        }
        number += 1;
        let list = found(&cells(&folder.results, ROWS_LIMIT)).list;
        let finding = list.iter().find(|finding| matches!(finding.kind, Kind::New | Kind::Rise));
        let finding = finding.unwrap_or_else(|| panic!("{incident:?} {list:?}"));
        assert!(incident.codes.iter().all(|code| codes(finding).contains(code)), "{incident:?} {finding:?}");
        let off = finding.since.unwrap().nanoseconds() - incident.first_line.unwrap();
        assert!(off.abs() <= 2 * folder::HOUR, "{incident:?} {finding:?}");
    }
    assert!(number >= 3, "{number}");
}

/// Returns the results as one side of a comparison.
fn counted(results: &[Sign]) -> Counted {
    let mut counts: BTreeMap<i32, u64> = BTreeMap::new();
    results.iter().for_each(|one| *counts.entry(one.code).or_default() += 1);
    let row = |(code, count)| GroupRow {
        values: vec![Value::Key(Key::Code(Code(code)))],
        tally: Tally { count, ..Tally::default() },
        durations: Durations::default(),
        is_general: false,
    };
    let rows = counts.into_iter().map(row).collect();
    Counted::of(&Settled { rows, cells: Some(cells(results, ROWS_LIMIT)), ..Settled::default() }, None, false)
}

/// Compares the results of a folder before and after its middle.
fn halves(folder: &Folder) -> Comparison {
    let middle = folder.start.midpoint(folder.end);
    let (before, after): (Vec<Sign>, Vec<Sign>) = folder.results.iter().partition(|one| one.time < middle);
    compare(&counted(&before), &counted(&after))
}

#[test]
fn the_halves_of_noise_hardly_ever_differ() {
    let (mut all, mut differ) = (0, Vec::new());
    for folder in folders(1..121, Made::Noise) {
        all += 1;
        let rows = halves(&folder).rows;
        let named: Vec<&Row> = rows.iter().filter(|row| row.change < Change::Unchanged).collect();
        if !named.is_empty() {
            differ.push(format!("{:?} {} {named:?}", folder.noise, folder.hosts));
        }
    }
    assert!(differ.len() * 100 <= all, "{} of {all}: {differ:#?}", differ.len());
}

/// Divides results into parts at random, and merges the cells of the parts in a random order.
fn merged(results: &[Sign], limit: usize, random: &mut Random) -> Cells {
    let mut parts: Vec<Vec<Sign>> = vec![Vec::new(); 5];
    results.iter().for_each(|one| parts[usize::try_from(random.below(5)).unwrap()].push(*one));
    let mut merged: Vec<Cells> = parts.iter().map(|part| cells(part, limit)).collect();
    while merged.len() > 1 {
        let one = merged.swap_remove(usize::try_from(random.below(merged.len() as u64)).unwrap());
        let into = usize::try_from(random.below(merged.len() as u64)).unwrap();
        merged[into].merge(one);
    }
    merged.remove(0)
}

#[test]
fn any_division_and_order_gives_the_same_findings() {
    let mut random = Random::new(9);
    for folder in folders(500..512, Made::Incident) {
        for limit in [ROWS_LIMIT, 500, 20] {
            let whole = cells(&folder.results, limit);
            let parts = merged(&folder.results, limit, &mut random);
            assert_eq!(parts, whole);
            assert_eq!(found(&parts), found(&whole));
        }
    }
}

/// What is missing from a log is no evidence about another host: it makes no finding that something stopped or is missing, and makes
/// none stronger.
#[test]
fn a_missing_host_or_end_of_a_log_makes_nothing_stop_elsewhere() {
    let missing = |results: &[Sign]| -> Vec<Finding> {
        let list = found(&cells(results, ROWS_LIMIT)).list;
        list.into_iter().filter(|finding| MISSING.contains(&finding.kind)).collect()
    };
    let (mut number, mut gaps) = (0, 0);
    for folder in folders(1..40, Made::Noise).chain(folders(500..530, Made::Incident)).filter(|folder| folder.hosts > 1)
    {
        let all = missing(&folder.results);
        gaps += all.iter().filter(|finding| finding.kind == Kind::Gap).count();
        let without: Vec<Sign> = folder.results.iter().filter(|one| one.host != 1).copied().collect();
        let middle = folder.start.midpoint(folder.end);
        let cut: Vec<Sign> = folder.results.iter().filter(|one| one.host != 1 || one.time < middle).copied().collect();
        for results in [without, cut] {
            // A hole in the log that was cut is about this log.
            let is_elsewhere = |finding: &Finding| finding.hosts.iter().any(|host| **host != *"host01");
            for finding in missing(&results).into_iter().filter(is_elsewhere) {
                let is_same = |one: &&Finding| {
                    let is_gap = one.kind == Kind::Gap;
                    (one.kind, &one.codes) == (finding.kind, &finding.codes) && (!is_gap || one.hosts == finding.hosts)
                };
                let before = all.iter().find(is_same).map(|one| one.evidence);
                let is_no_stronger = before.is_some_and(|before| finding.evidence <= before + 1e-9);
                assert!(is_no_stronger, "{:?} {before:?} {finding:?}", folder.noise);
            }
        }
        number += 1;
    }
    assert!(number >= 20 && gaps >= 2, "{number} folders with {gaps} gaps prove nothing");
}

#[test]
fn the_results_of_a_finding_are_those_that_it_counts() {
    let mut seen = Vec::new();
    for folder in folders(500..560, Made::Incident) {
        for finding in found(&cells(&folder.results, ROWS_LIMIT)).list {
            let is_of = |one: &&Sign| {
                finding.scopes.iter().any(|scope| {
                    let time = Some(Time::from_nanoseconds(one.time));
                    scope.codes.contains(&Key::Code(Code(one.code)))
                        && scope.host.as_deref().is_none_or(|host| host == format!("host{:02}", one.host))
                        && scope.user.as_deref().is_none_or(|name| folder::user(one.user).as_deref() == Some(name))
                        && (scope.since.is_none() || time >= scope.since)
                        && (scope.until.is_none() || time <= scope.until)
                })
            };
            let expected = match finding.kind {
                Kind::New | Kind::Rise | Kind::Attention | Kind::Unknown => finding.count,
                Kind::User if finding.rates.is_some() => finding.count,
                Kind::User | Kind::Host => finding.count_of_one,
                Kind::Stopped | Kind::Fall if finding.since_start => finding.count,
                _ => continue,
            };
            let count = folder.results.iter().filter(is_of).count() as u64;
            assert_eq!(count, expected, "{finding:?}");
            seen.push(finding.kind);
        }
    }
    assert!([Kind::New, Kind::Rise, Kind::Fall].iter().all(|kind| seen.contains(kind)), "{seen:?}");
}
