//! Tests that generated tickets contain exactly the sign-ins that their truth lists. Everything is read back from the bytes with
//! plain string operations.

#[path = "../../benches/ticket/mod.rs"]
pub(crate) mod generated;

use std::collections::{BTreeMap, BTreeSet};

use callcodes::chunk::Limits;

use crate::naive::{naive, naive_patterns};
use generated::truth::Dimension::{Code, Host, Hour, Outcome, User};
use generated::truth::Written::{self, AuthResult, Calling, RawCallStatus, Relay, Service};
use generated::truth::{SignIn, iso};
use generated::{
    HOUR, Layout, Lost, MIDNIGHT, MILLISECOND, Order, Outage, SECOND, Spec, Spelling, Ticket, codes, ticket,
};

pub(crate) fn small() -> Spec {
    let outage = Some(Outage { start: MIDNIGHT + 8 * HOUR, machines: 2 });
    Spec { machines: 4, sign_ins: 600, users: 60, outage, ..Spec::default() }
}

/// Returns a ticket that uses most options of the generator, but has no missing lines.
fn intricate() -> Spec {
    Spec {
        seed: 5,
        start: MIDNIGHT + 30 * 24 * HOUR,
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
        relay: true,
        spelling: Spelling::Mixed,
        line_end: "\n",
        ..small()
    }
}

fn lossy() -> Spec {
    let lost = Lost { calling: 100, auth_result: 200, raw_call_status: 300 };
    Spec { lost, radius_only: 100, machines: 1, layout: Layout::Bare, ..small() }
}

/// Returns each line with its file. The older files of a log come first.
fn lines(ticket: &Ticket) -> impl Iterator<Item = (&str, &str)> {
    let texts = ticket.files.iter().map(|(path, bytes)| (path.as_str(), std::str::from_utf8(bytes).unwrap()));
    texts.flat_map(|(path, text)| text.lines().map(move |line| (path, line)))
}

fn host(path: &str) -> String {
    path.split_once(['/', '_']).map_or(String::new(), |(host, _)| host.to_lowercase())
}

/// Returns the name of a user without the domain, in lower case.
pub(crate) fn canonical(user: &str) -> String {
    let user = user.rsplit('\\').next().unwrap().to_lowercase();
    user.strip_suffix("@contoso").map_or(user.clone(), str::to_owned)
}

fn between<'l>(line: &'l str, before: &str, after: &str) -> Option<&'l str> {
    line.split_once(before)?.1.split_once(after).map(|(found, _)| found)
}

/// Returns the content of a `Pfauth` line: code, user, outcome and address.
fn pfauth(line: &str) -> Option<(i32, String, bool, Option<String>)> {
    let symbol = between(line, ". Call status: ", " - ")?;
    let code = codes::ROWS.iter().find(|row| row.symbol.is_some_and(|(name, _)| name == symbol)).unwrap().code;
    let subject = between(line, " for user '", ". Call status: ")?;
    let (user, rest) = subject.rsplit_once('\'').unwrap();
    let address = rest.strip_prefix(" from ").map(|from| from.split(':').next().unwrap().to_owned());
    Some((code, canonical(user), line.contains("Pfauth succeeded"), address))
}

/// Returns the records of results that are found in the bytes: host, file, time and the content of the line.
fn records_in(ticket: &Ticket) -> Vec<String> {
    let mut records = Vec::new();
    for (path, line) in lines(ticket) {
        let (time, rest) = line.split_once(['|', ' ']).unwrap();
        let host = if path.ends_with("syslog") { rest.split(' ').next().unwrap().to_owned() } else { host(path) };
        if let Some((_, code)) = line.split_once("|rawCallStatus = ") {
            records.push(format!("{host} {path} {time} {code}"));
        } else if let Some(said) = pfauth(line) {
            records.push(format!("{host} {path} {time} {said:?}"));
        }
    }
    records
}

/// Returns the records of results that the truth lists, in the same form.
fn records_of(sign_ins: &[SignIn]) -> Vec<String> {
    let mut records = Vec::new();
    for sign_in in sign_ins {
        let SignIn { host, user, code, succeeded, address, .. } = sign_in;
        for (written, line) in sign_in.lines.iter().filter(|(written, _)| **written <= RawCallStatus) {
            let (time, file) = (iso(line.time), &line.file);
            records.push(match written {
                RawCallStatus => format!("{host} {file} {time} {code}"),
                Relay => format!("{host} {file} {}Z {:?}", &time[..19], (code, user, succeeded, address)),
                _ => format!("{host} {file} {time} {:?}", (code, user, succeeded, address)),
            });
        }
    }
    records
}

/// Asserts that both lists contain the same records in any order, and reports the first difference.
fn assert_same(mut found: Vec<String>, mut expected: Vec<String>) {
    found.sort();
    expected.sort();
    assert_eq!(found.iter().zip(&expected).find(|(found, expected)| found != expected), None);
    assert_eq!(found.len(), expected.len());
}

fn time_of(sign_in: &SignIn, written: Written) -> Option<i64> {
    sign_in.lines.get(&written).map(|line| line.time)
}

fn milliseconds_apart(one: &SignIn, other: &SignIn, written: Written) -> Option<i64> {
    Some((time_of(one, written)? - time_of(other, written)?).abs() / MILLISECOND)
}

#[test]
fn a_seed_determines_every_byte() {
    for spec in [small(), intricate(), lossy()] {
        let one = ticket(&spec);
        assert_eq!(one, ticket(&spec));
        assert_ne!(one.files, ticket(&Spec { seed: spec.seed + 1, ..spec }).files);
    }
    // Figures from different machines can be compared only if the logs are the same.
    let first = "2017-02-14T00:05:33.935523Z|0|1412|6452|pfrad|Calling pfAuthUser('CONTOSO\\judy.lee', '', 1)";
    let ticket = ticket(&Spec { noise: 0, ..small() });
    assert_eq!(lines(&ticket).next(), Some(("host01/MultiFactorAuthRadiusSvc.log.1", first)));
}

#[test]
fn the_usual_ticket_has_its_known_size() {
    let ticket = ticket(&Spec { noise: 0, ..Spec::default() });
    let truth = &ticket.truth;
    assert_eq!((truth.sign_ins.len(), truth.found().count(), truth.twins()), (57_312, 57_312, 57_292));
    assert_eq!((ticket.files.len(), truth.count_by(&[Host]).len()), (160, 40));
    let users = truth.count_by(&[User]).len();
    assert!((2_200..=2_300).contains(&users), "{users}");
    let outage = MIDNIGHT + (8 * 3_600 + 17 * 60 + 12) * SECOND;
    let mut hit = BTreeMap::new();
    for sign_in in truth.found().filter(|sign_in| [102, 117].contains(&sign_in.code)) {
        let after = time_of(sign_in, Service).unwrap() >= outage;
        let count: &mut [u64; 2] = hit.entry(&sign_in.host).or_default();
        count[usize::from(after)] += 1;
    }
    assert_eq!(hit.values().filter(|[_, after]| *after > 200).count(), 25, "{hit:?}");
    assert!(hit.values().all(|[before, after]| *before < 20 && (*after < 20 || *after > 200)), "{hit:?}");
    let span = MIDNIGHT + 300 * SECOND..MIDNIGHT + 12 * HOUR;
    assert!(truth.found().flat_map(|sign_in| sign_in.lines.values()).all(|line| span.contains(&line.time)));
}

#[test]
fn the_truth_is_what_a_naive_reader_finds() {
    for spec in [small(), intricate(), lossy()] {
        let ticket = ticket(&spec);
        assert_same(records_in(&ticket), records_of(&ticket.truth.sign_ins));
        assert_eq!(ticket.truth.sign_ins.len(), spec.sign_ins);
        let count = |key: &str| lines(&ticket).filter(|(_, line)| line.contains(key)).count();
        let said =
            |written| ticket.truth.sign_ins.iter().filter(|sign_in| sign_in.lines.contains_key(&written)).count();
        assert_eq!(count("|Calling pfAuthUser("), said(Calling));
        assert_eq!(count("|authResult = "), said(AuthResult));
        for (path, bytes) in &ticket.files {
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(text.ends_with(spec.line_end), "{path}");
            // Times of one form sort as text.
            assert!(text.lines().is_sorted_by_key(|line| line.split(['|', ' ']).next()), "{path}");
        }
    }
}

#[test]
fn the_oracle_finds_no_result_in_noise() {
    let patterns = naive_patterns(&callcodes::config::built_in());
    for spec in [small(), intricate()] {
        let ticket = ticket(&Spec { sign_ins: 300, ..spec });
        let found = ticket.files.iter().map(|(_, bytes)| naive(bytes, &patterns, Limits::default()).len());
        assert_eq!(found.sum::<usize>(), records_of(&ticket.truth.sign_ins).len());
    }
}

/// A sign-in through RADIUS whose result has not come yet.
#[derive(Debug, PartialEq, Eq)]
struct Open {
    file: String,
    began: String,
    user: String,
    outcome: Option<bool>,
    /// The file and the code.
    result: Option<(String, i32)>,
}

/// Returns the sign-ins in the RADIUS logs, and the largest number of sign-ins of a machine that were open at the same time. No
/// line may be missing.
fn joined(ticket: &Ticket, order: Order) -> (Vec<String>, usize) {
    let (mut joined, mut most_open) = (Vec::new(), 0);
    let mut open: BTreeMap<(String, &str), Open> = BTreeMap::new();
    for (path, line) in lines(ticket).filter(|(_, line)| line.contains("|pfrad|")) {
        let fields: Vec<&str> = line.splitn(6, '|').collect();
        let (time, thread, message) = (fields[0], (host(path), fields[3]), fields[5]);
        if let Some(user) = between(message, "Calling pfAuthUser('", "', '', 1)") {
            let (file, began, user) = (path.to_owned(), time.to_owned(), canonical(user));
            let before = open.insert(thread.clone(), Open { file, began, user, outcome: None, result: None });
            assert_eq!(before, None, "{line}");
        } else if let Some(value) = message.strip_prefix("authResult = ") {
            let attempt = open.get_mut(&thread).unwrap();
            assert!(attempt.result.is_some() || order != Order::CodeFirst, "{line}");
            attempt.outcome = Some(value == "1");
        } else if let Some(value) = message.strip_prefix("rawCallStatus = ") {
            let attempt = open.get_mut(&thread).unwrap();
            assert!(attempt.outcome.is_some() || order != Order::OutcomeFirst, "{line}");
            attempt.result = Some((path.to_owned(), value.parse().unwrap()));
        }
        most_open = most_open.max(open.len());
        if let Some(Open { file, began, user, outcome: Some(outcome), result: Some((ended, code)) }) = open.get(&thread)
        {
            joined.push(format!("{file} {began} {user} {ended} {time} {outcome} {code}"));
            open.remove(&thread);
        }
    }
    assert_eq!(open, BTreeMap::new());
    (joined, most_open)
}

#[test]
fn the_lines_of_a_thread_join_to_its_sign_ins() {
    for spec in [small(), intricate(), Spec { order: Order::CodeFirst, threads: 1, ..small() }] {
        let ticket = ticket(&spec);
        let (joined, most_open) = joined(&ticket, spec.order);
        let (mut expected, mut across_files) = (Vec::new(), 0);
        for sign_in in ticket.truth.sign_ins.iter().filter(|sign_in| sign_in.lines.contains_key(&Calling)) {
            let (call, end) = (&sign_in.lines[&Calling], &sign_in.lines[&RawCallStatus]);
            let (began, ended, SignIn { user, succeeded, code, .. }) = (iso(call.time), iso(end.time), sign_in);
            expected.push(format!("{} {began} {user} {} {ended} {succeeded} {code}", call.file, end.file));
            assert_eq!(sign_in.duration(), Some(end.time - call.time));
            across_files += usize::from(call.file != end.file);
        }
        assert_same(joined, expected);
        assert_eq!(spec.threads == 1, most_open == 1, "{most_open} open at a time");
        assert!(across_files > 0 || spec.seed == 1, "no sign-in began in an older file than it ended in");
    }
}

#[test]
fn results_of_one_user_and_code_are_apart_unless_a_call_is_repeated() {
    for spec in [small(), intricate()] {
        let sign_ins = ticket(&spec).truth.sign_ins;
        let mut repeats = 0;
        for (index, one) in sign_ins.iter().enumerate() {
            for (other, next) in sign_ins[index + 1..].iter().enumerate() {
                if (&one.host, &one.user, one.code) != (&next.host, &next.user, next.code) {
                    continue;
                }
                let apart = [Service, RawCallStatus].map(|written| milliseconds_apart(one, next, written));
                let repeat =
                    other == 0 && one.code == 108 && apart.iter().all(|time| time.is_some_and(|time| time < 2_000));
                repeats += usize::from(repeat);
                assert!(repeat || apart.iter().all(|time| time.is_none_or(|time| time > 5_000)), "{one:?} {next:?}");
            }
            if let (Some(service), Some(radius)) = (time_of(one, Service), time_of(one, RawCallStatus)) {
                assert!((radius - service - 2 * MILLISECOND).abs() <= spec.skew + MILLISECOND, "{one:?}");
            }
        }
        assert_eq!(repeats, spec.repeats);
    }
}

#[test]
fn bursts_end_in_one_millisecond() {
    let sign_ins = ticket(&Spec { repeats: 0, ..intricate() }).truth.sign_ins;
    let mut bursts: BTreeMap<(&str, i64), Vec<&SignIn>> = BTreeMap::new();
    for sign_in in &sign_ins {
        if let Some(time) = time_of(sign_in, RawCallStatus) {
            bursts.entry((&sign_in.host, time / MILLISECOND)).or_default().push(sign_in);
        }
    }
    let threes = bursts.values().filter(|burst| burst.len() == 3).count();
    let alike = bursts.values().filter(|burst| burst.windows(2).any(|pair| pair[0].code == pair[1].code)).count();
    assert!(threes > 120 && alike > 60, "{threes} {alike}");
}

#[test]
fn silence_midnight_and_lost_lines_are_where_they_were_asked_for() {
    let midnight = MIDNIGHT + 24 * HOUR;
    let (start, span) = (midnight - 6 * HOUR, 12 * HOUR);
    let (gaps, ends) = (vec![(0, 20), (0, 25)], vec![(1, midnight + 2 * HOUR)]);
    let ticket = ticket(&Spec { start, span, gaps, ends, across: Some(midnight), ..small() });
    let hours = |host: &str| -> BTreeSet<String> {
        lines(&ticket).filter(|(path, _)| path.starts_with(host)).map(|(_, line)| line[8..13].to_owned()).collect()
    };
    let evening = (18..24).map(|hour| format!("14T{hour}"));
    let all: BTreeSet<String> = evening.chain((0..6).map(|hour| format!("15T{hour:02}"))).collect();
    assert_eq!(hours("host03"), all);
    assert_eq!(&all - &hours("host01"), ["14T20", "15T01"].map(str::to_owned).into());
    assert_eq!(&all - &hours("host02"), (2..6).map(|hour| format!("15T{hour:02}")).collect());
    let across = |sign_in: &&SignIn| {
        time_of(sign_in, Service).is_some_and(|time| time < midnight)
            && time_of(sign_in, RawCallStatus).is_some_and(|time| time >= midnight)
    };
    assert_eq!(ticket.truth.found().filter(across).map(|sign_in| &sign_in.host).collect::<BTreeSet<_>>().len(), 4);

    let lossy = generated::ticket(&lossy()).truth;
    let lost = [Calling, AuthResult, RawCallStatus].map(|written| lossy.lost(written).count());
    assert!((40..80).contains(&lost[0]) && (90..150).contains(&lost[1]) && (140..210).contains(&lost[2]), "{lost:?}");
    assert!(lossy.found().count() < lossy.sign_ins.len());
}

#[test]
fn counts_by_dimensions_add_up() {
    let truth = ticket(&intricate()).truth;
    for pair in [[Host, Code], [Hour, Outcome], [User, Host]] {
        let by_both = truth.count_by(&pair);
        let mut by_first = BTreeMap::new();
        for (key, count) in &by_both {
            *by_first.entry(vec![key[0].clone()]).or_default() += count;
        }
        assert_eq!(by_first, truth.count_by(&pair[..1]), "{pair:?}");
        assert_eq!(by_first.values().sum::<u64>(), truth.found().count() as u64);
    }
    let hangups = truth.found().filter(|sign_in| sign_in.host == "host02" && sign_in.code == 108).count();
    let key = vec![Some("host02".to_owned()), Some("108".to_owned())];
    assert_eq!(truth.count_by(&[Host, Code])[&key], hangups as u64);
}
