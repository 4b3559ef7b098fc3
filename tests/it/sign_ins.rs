//! Tests that sign-ins in generated tickets are counted correctly, however the work is divided. The truth about a ticket is
//! known, because it is generated.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;
use std::num::NonZeroUsize;
use std::path::Path;

use callcodes::catalogue::Catalogue;
use callcodes::chunk::Limits;
use callcodes::config;
use callcodes::filter::Filter;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::{self, annotate, sign_ins};
use callcodes::render::lines::{Jsonl, Known};
use callcodes::source::Walk;
use callcodes::summary::Dimension;
use callcodes::summary::sign_ins::{GroupRow, Options, Settled, Value};
use callcodes::time::zone::DisplayZone;
use tempfile::TempDir;

use crate::ticket::generated::truth::{self, Written};
use crate::ticket::generated::{HOUR, Layout, Lost, MIDNIGHT, MILLISECOND, Order, Spec, Spelling, Ticket, ticket};
use crate::ticket::{canonical, small};

/// Each dimension, with the corresponding dimension of the truth.
const DIMENSIONS: [(Dimension, truth::Dimension); 8] = [
    (Dimension::Code, truth::Dimension::Code),
    (Dimension::Host, truth::Dimension::Host),
    (Dimension::User, truth::Dimension::User),
    (Dimension::Outcome, truth::Dimension::Outcome),
    (Dimension::Address, truth::Dimension::Address),
    (Dimension::File, truth::Dimension::File),
    (Dimension::Hour, truth::Dimension::Hour),
    (Dimension::Day, truth::Dimension::Day),
];

pub(crate) fn written(ticket: &Ticket) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in &ticket.files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn counted(folder: &Path, run: &pipeline::Options, options: Options) -> Settled {
    let set = PatternSet::compile(&config::built_in()).unwrap();
    sign_ins::count(Walk::new(vec![folder.to_owned()]), &set, Catalogue::built_in(), run, options).unwrap().summary
}

/// Returns the objects that `lines` prints as JSON Lines.
pub(crate) fn printed(folder: &Path, run: &pipeline::Options, filter: Filter) -> Vec<serde_json::Value> {
    printed_by(folder, run, Options { filter, ..Options::default() }).0
}

/// Returns the objects that `lines` prints as JSON Lines, and the counts.
fn printed_by(folder: &Path, run: &pipeline::Options, counting: Options) -> (Vec<serde_json::Value>, Settled) {
    let (set, catalogue) = (PatternSet::compile(&config::built_in()).unwrap(), Catalogue::built_in());
    let (mut out, mut store) = (Vec::new(), Cursor::new(Vec::new()));
    let format = Jsonl(Known { catalogue, set: &set, encoding: None, zone: DisplayZone::UTC });
    let walk = Walk::new(vec![folder.to_owned()]);
    let outcome = annotate::joined(walk, &set, catalogue, run, counting, &format, &mut store, &mut out).unwrap();
    let lines = out.split_inclusive(|byte| *byte == b'\n').map(|line| serde_json::from_slice(line).unwrap());
    (lines.collect(), outcome.summary.1)
}

/// Returns a value as it is written in the truth.
fn text(folder: &Path, dimension: Dimension, value: &Value) -> Option<String> {
    match value {
        Value::Key(key) => Some(key.to_string()),
        Value::Outcome(outcome) => Some(outcome.name().to_owned()),
        Value::Text(text) => Some(match dimension {
            Dimension::User => canonical(text),
            Dimension::Host => text.to_lowercase(),
            Dimension::File => text[folder.to_str().unwrap().len() + 1..].replace('\\', "/"),
            _ => text.to_string(),
        }),
        Value::Time(time) if dimension == Dimension::Day => Some(time.to_string()[..10].to_owned()),
        Value::Time(time) => Some(time.to_string()),
        Value::Others | Value::Unknown => None,
    }
}

/// Counts by dimensions, and returns the counts in the form that the truth has.
fn by(folder: &Path, run: &pipeline::Options, dimensions: &[Dimension]) -> BTreeMap<Vec<Option<String>>, u64> {
    let settled = counted(folder, run, Options { by: dimensions.to_vec(), ..Options::default() });
    let mut counts = BTreeMap::new();
    // The truth has no hours without results.
    for row in settled.rows.iter().filter(|row| row.tally.count > 0) {
        let values: Vec<Option<String>> =
            dimensions.iter().zip(&row.values).map(|(dimension, value)| text(folder, *dimension, value)).collect();
        *counts.entry(values).or_default() += row.tally.count;
    }
    counts
}

pub(crate) fn divided(threads: usize, range_bytes: u64, block_bytes: usize) -> pipeline::Options {
    let limits = Limits { block_bytes, ..Limits::default() };
    pipeline::Options { threads: NonZeroUsize::new(threads), range_bytes, limits, ..pipeline::Options::default() }
}

#[test]
fn clocks_that_differ_are_found_however_the_logs_are_divided() {
    let folder = Path::new("tests/cmd/clocks/local");
    for (threads, range_bytes, block_bytes) in [(1, 1 << 20, 1 << 16), (3, 64, 64), (4, 500, 200)] {
        for with_verdicts in [false, true] {
            let counting = Options { with_verdicts, ..Options::default() };
            let settled = counted(folder, &divided(threads, range_bytes, block_bytes), counting);
            let [one] = &settled.clocks[..] else { panic!("{:?}", settled.clocks) };
            assert_eq!((one.quarters, one.zone().as_deref(), one.machines), (4, Some("+01:00"), 2));
            assert!(one.ahead.ends_with("MultiFactorAuthRadiusSvc.log"), "{}", one.ahead);
            assert!(one.behind.ends_with("MultiFactorAuthSvc.log"), "{}", one.behind);
            assert_eq!(one.hosts, ["host07".into(), "host08".into()]);
        }
    }
}

/// Compares the totals and the counts by every dimension and every pair with the truth.
fn check(spec: &Spec, dimensions: &[(Dimension, truth::Dimension)]) {
    let ticket = ticket(spec);
    let folder = written(&ticket);
    let run = divided(3, 20_000, 3_000);
    let settled = counted(folder.path(), &run, Options::default());
    let found = ticket.truth.found().count() as u64;
    assert_eq!(settled.summary.results(), found, "results");
    assert_eq!(settled.totals.matched, ticket.truth.twins() as u64, "results with twins");
    assert_eq!(settled.clocks, [], "all logs have the same zone");
    for (at, (one, its)) in dimensions.iter().enumerate() {
        assert_eq!(by(folder.path(), &run, &[*one]), ticket.truth.count_by(&[*its]), "by {one}");
        for (other, others) in &dimensions[..at] {
            let counts = by(folder.path(), &run, &[*one, *other]);
            assert_eq!(counts, ticket.truth.count_by(&[*its, *others]), "by {one} and {other}");
        }
    }
}

/// Compares the lines that count, and what they show about their sign-ins, with the truth.
fn check_lines(spec: &Spec) {
    let ticket = ticket(spec);
    let folder = written(&ticket);
    let lines = printed(folder.path(), &divided(3, 20_000, 3_000), Filter::default());
    let records: usize = ticket.truth.found().map(|sign_in| sign_in.records().count()).sum();
    assert_eq!(lines.len(), records);
    let mut counts: BTreeMap<Vec<Option<String>>, u64> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.get("counted_in").is_none()) {
        let text = |key: &str| line.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        let user = text("user").map(|user| canonical(&user));
        let host = text("host").map(|host| host.to_lowercase());
        let code = Some(line["code"].to_string());
        *counts.entry(vec![code, host, user, text("outcome"), text("address")]).or_default() += 1;
    }
    use truth::Dimension::{Address, Code, Host, Outcome, User};
    assert_eq!(counts, ticket.truth.count_by(&[Code, Host, User, Outcome, Address]));
    // A record that does not count has its sign-in in another file of the same host.
    for line in lines.iter().filter(|line| line.get("counted_in").is_some()) {
        assert_ne!(line["counted_in"], line["path"]);
    }
}

#[test]
fn lines_show_what_is_known_of_sign_ins_and_mark_what_counts_elsewhere() {
    check_lines(&small());
    check_lines(&Spec { relay: true, spelling: Spelling::Mixed, ..small() });
    check_lines(&Spec { rotations: 3, threads: 6, order: Order::Either, layout: Layout::Prefixes, ..small() });
}

#[test]
fn beyond_the_limit_of_results_that_wait_lines_are_printed_in_portions() {
    let spec = Spec { machines: 2, sign_ins: 200, ..small() };
    let folder = written(&ticket(&spec));
    let run = divided(3, 20_000, 3_000);
    let printed = |waiting_limit| printed_by(folder.path(), &run, Options { waiting_limit, ..Options::default() });
    let ((whole, all), (portions, some)) = (printed(usize::MAX), printed(30));
    assert_eq!((all.totals.was_full, some.totals.was_full), (false, true));
    let places = |lines: &[serde_json::Value]| -> Vec<_> {
        lines.iter().map(|line| ["path", "line", "code", "text"].map(|key| line[key].clone())).collect()
    };
    assert_eq!(places(&portions), places(&whole));
    // Only twins in different portions are missed, so fewer lines are marked as twins.
    let twins = |lines: &[serde_json::Value]| lines.iter().filter(|line| line.get("counted_in").is_some()).count();
    assert!(twins(&portions) < twins(&whole), "{} of {}", twins(&portions), twins(&whole));
    assert_eq!(twins(&portions) as u64, some.totals.twins);
    assert_eq!((portions.len() - twins(&portions)) as u64, some.summary.results());
}

#[test]
fn results_of_one_recorder_are_the_same_if_they_are_counted_at_once() {
    let ticket = ticket(&Spec { relay: true, spelling: Spelling::Mixed, ..small() });
    let folder = written(&ticket);
    let set = PatternSet::compile(&config::built_in()).unwrap();
    let run = divided(3, 20_000, 3_000);
    let options = |keep_twins| {
        let by = vec![Dimension::Host, Dimension::User];
        let default = Options::default();
        Options { keep_twins, by, with_cells: true, with_history: true, ..default }
    };
    let at_once = |path: &Path, keep_twins| {
        let walk = Walk::new(vec![path.to_owned()]);
        let outcome = sign_ins::count_at_once(walk, &set, Catalogue::built_in(), &run, options(keep_twins)).unwrap();
        outcome.map(|outcome| outcome.summary)
    };
    let mut alone = 0;
    for path in ticket.files.iter().map(|(path, _)| folder.path().join(path)) {
        if let Some(settled) = at_once(&path, false) {
            assert_eq!(settled, counted(&path, &run, options(false)), "{}", path.display());
            alone += usize::from(settled.summary.results() > 0);
        }
    }
    assert!(alone > 1);
    assert_eq!(at_once(folder.path(), false), None, "there are twins");
    let kept = at_once(folder.path(), true).unwrap();
    assert_eq!((kept.summary, kept.cells), {
        let settled = counted(folder.path(), &run, options(true));
        (settled.summary, settled.cells)
    });
}

#[test]
fn a_store_that_is_full_is_an_error_of_its_own() {
    let folder = written(&ticket(&Spec { sign_ins: 20, machines: 1, outage: None, ..small() }));
    let (set, catalogue) = (PatternSet::compile(&config::built_in()).unwrap(), Catalogue::built_in());
    let format = Jsonl(Known { catalogue, set: &set, encoding: None, zone: DisplayZone::UTC });
    let (walk, run) = (Walk::new(vec![folder.path().to_owned()]), pipeline::Options::default());
    let (mut out, mut store) = (Vec::new(), Cursor::new([0; 100]));
    let outcome = annotate::joined(walk, &set, catalogue, &run, Options::default(), &format, &mut store, &mut out);
    let error = outcome.unwrap_err();
    assert!(error.get_ref().unwrap().is::<annotate::NoStore>(), "{error}");
    assert_eq!(out, b"");
}

#[test]
fn any_division_of_the_work_prints_the_same_lines() {
    let spec = Spec { machines: 2, sign_ins: 200, rotations: 2, outage: None, order: Order::Either, ..small() };
    let folder = written(&ticket(&spec));
    let expected = printed(folder.path(), &divided(1, 1 << 30, 1 << 20), Filter::default());
    for (threads, range_bytes, block_bytes) in [(1, 1_000, 100), (2, 5_000, 700), (4, 333, 64)] {
        let lines = printed(folder.path(), &divided(threads, range_bytes, block_bytes), Filter::default());
        assert_eq!(lines, expected, "{threads} {range_bytes} {block_bytes}");
    }
}

#[test]
fn a_ticket_is_counted_by_every_dimension_and_pair() {
    check(&small(), &DIMENSIONS);
}

#[test]
fn a_row_without_results_is_an_hour_in_which_the_host_logged() {
    // Most hosts are silent in most hours.
    let spec = Spec { sign_ins: 30, outage: None, rotations: 2, radius_only: 5, service_only: 5, ..small() };
    let ticket = ticket(&spec);
    let folder = written(&ticket);
    let mut logged = BTreeSet::new();
    for (path, bytes) in &ticket.files {
        let host = path.split('/').next().unwrap().to_lowercase();
        let hours = str::from_utf8(bytes).unwrap().lines().map(|line| format!("{}:00:00Z", &line[..13]));
        logged.extend(hours.map(|hour| vec![Some(host.clone()), Some(hour)]));
    }
    let dimensions = [Dimension::Host, Dimension::Hour];
    for run in [divided(3, 20_000, 3_000), divided(1, 1 << 30, 1 << 20), divided(2, 500, 100)] {
        let settled = counted(folder.path(), &run, Options { by: dimensions.to_vec(), ..Options::default() });
        let values = |row: &GroupRow| -> Vec<Option<String>> {
            dimensions
                .iter()
                .zip(&row.values)
                .map(|(dimension, value)| text(folder.path(), *dimension, value))
                .collect()
        };
        let rows: BTreeSet<_> = settled.rows.iter().map(values).collect();
        assert!(settled.rows.iter().any(|row| row.tally.count == 0), "the case proves nothing");
        assert_eq!(rows.len(), settled.rows.len(), "no row is there twice");
        assert_eq!(rows, logged);
    }
    let by = |dimensions: &[Dimension]| {
        let options = Options { by: dimensions.to_vec(), ..Options::default() };
        counted(folder.path(), &divided(2, 20_000, 3_000), options).rows
    };
    let hours: BTreeSet<_> = logged.iter().map(|values| &values[1]).collect();
    assert_eq!(by(&[Dimension::Hour]).len(), hours.len());
    let (codes, both) = (by(&[Dimension::Code]).len(), by(&[Dimension::Code, Dimension::Hour]).len());
    assert_eq!(both, codes * hours.len());
}

#[test]
fn a_ticket_with_prefixes_repeats_bursts_and_rotations_is_counted() {
    let spec = Spec {
        seed: 5,
        span: HOUR,
        outage: None,
        service_only: 40,
        radius_only: 60,
        repeats: 50,
        threads: 6,
        burst: 3,
        skew: 30 * MILLISECOND,
        rotations: 3,
        order: Order::Either,
        layout: Layout::Prefixes,
        line_end: "\n",
        ..small()
    };
    check(&spec, &DIMENSIONS);
}

#[test]
fn a_relay_that_carries_several_hosts_is_one_more_record() {
    let dimensions: Vec<_> = DIMENSIONS
        .into_iter()
        .filter(|(dimension, _)| !matches!(dimension, Dimension::Hour | Dimension::File))
        .collect();
    check(&Spec { relay: true, spelling: Spelling::Mixed, ..small() }, &dimensions);
}

#[test]
fn logs_side_by_side_are_of_one_machine() {
    let spec = Spec { machines: 1, layout: Layout::Bare, outage: None, sign_ins: 300, ..small() };
    let ticket = ticket(&spec);
    let folder = written(&ticket);
    let settled = counted(folder.path(), &divided(2, 20_000, 3_000), Options::default());
    assert_eq!(settled.summary.results(), 300);
    assert_eq!(settled.totals.matched, ticket.truth.twins() as u64);
    assert_eq!(settled.totals.hosts, 0, "no host is known");
}

#[test]
fn any_division_of_the_work_gives_the_same_counts() {
    let spec = Spec { machines: 2, sign_ins: 200, rotations: 2, outage: None, order: Order::Either, ..small() };
    let folder = written(&ticket(&spec));
    let options = Options { by: vec![Dimension::User, Dimension::Outcome], ..Options::default() };
    let expected = counted(folder.path(), &divided(1, 1 << 30, 1 << 20), options.clone());
    for (threads, range_bytes, block_bytes) in [(1, 1_000, 100), (2, 5_000, 700), (4, 333, 64)] {
        let settled = counted(folder.path(), &divided(threads, range_bytes, block_bytes), options.clone());
        assert_eq!(settled, expected, "{threads} {range_bytes} {block_bytes}");
    }
}

#[test]
fn lines_that_are_missing_leave_attempts_without_result_and_results_without_user() {
    let lost = Lost { calling: 100, auth_result: 200, raw_call_status: 300 };
    let spec = Spec { lost, machines: 1, sign_ins: 200, service_only: 0, radius_only: 200, outage: None, ..small() };
    let ticket = ticket(&spec);
    let folder = written(&ticket);
    let run = divided(2, 5_000, 700);
    let settled = counted(folder.path(), &run, Options::default());
    assert_eq!(settled.summary.results(), ticket.truth.found().count() as u64);
    let users = by(folder.path(), &run, &[Dimension::User]);
    let without_call = ticket.truth.lost(Written::Calling).filter(|one| one.records().next().is_some()).count() as u64;
    assert_eq!(users.get(&vec![None]).copied().unwrap_or(0), without_call);
}

#[test]
fn with_keep_twins_every_record_counts() {
    let ticket = ticket(&Spec { relay: true, ..small() });
    let folder = written(&ticket);
    let options = Options { keep_twins: true, ..Options::default() };
    let settled = counted(folder.path(), &divided(2, 20_000, 3_000), options);
    let records: usize = ticket.truth.found().map(|sign_in| sign_in.records().count()).sum();
    assert_eq!(settled.summary.results(), records as u64);
    assert_eq!((settled.totals.twins, settled.totals.matched), (0, 0));
}

#[test]
fn twins_on_both_sides_of_midnight_and_of_a_rotation_count_once() {
    let across = Some(MIDNIGHT + 24 * HOUR);
    let spec = Spec { across, start: MIDNIGHT + 23 * HOUR, span: 2 * HOUR, outage: None, sign_ins: 100, ..small() };
    let ticket = ticket(&spec);
    let folder = written(&ticket);
    let settled = counted(folder.path(), &divided(2, 20_000, 3_000), Options::default());
    assert_eq!(settled.summary.results(), 100);
}
