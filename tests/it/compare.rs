//! Tests comparisons and trends of made-up logs against naive counts, however the work is divided.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use callcodes::catalogue::Catalogue;
use callcodes::chunk::Limits;
use callcodes::code::Key;
use callcodes::compare::{Comparison, Counted, compare, name_hosts_alike};
use callcodes::config;
use callcodes::filter::Filter;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::{self, sign_ins};
use callcodes::source::Walk;
use callcodes::summary::Dimension;
use callcodes::summary::sign_ins::{Options, Settled};
use callcodes::time::Time;
use callcodes::time::window::Window;
use callcodes::time::zone::DisplayZone;
use jiff::Timestamp;
use proptest::prelude::*;

/// 2017-02-11 00:00Z, a Saturday, in minutes.
const SATURDAY: i64 = 17_208 * 24 * 60;
/// The names of the results in the logs.
const NAMES: [&str; 3] = ["SUCCESS_PHONE_APP_AUTHENTICATED", "FAILED_PHONE_BUSY", "SUCCESS_NO_PIN"];

/// A result: its host, its minute since Saturday, its user and the index of its name.
type Sign = (usize, i64, u8, usize);

fn signs() -> impl Strategy<Value = Vec<Sign>> {
    prop::collection::vec((0_usize..2, 0_i64..6000, 0_u8..5, 0_usize..3), 0..120)
}

/// Writes a log for each host.
fn written(folder: &Path, signs: &[Sign]) {
    for host in [0, 1] {
        let mut of_host: Vec<&Sign> = signs.iter().filter(|sign| sign.0 == host).collect();
        of_host.sort_by_key(|sign| sign.1);
        let line = |(_, minute, user, name): &Sign| {
            let time = Timestamp::from_second((SATURDAY + minute) * 60).unwrap();
            format!(
                "{time}|i|1412|6452|pfsvc|Pfauth failed for user 'user{user}'. Call status: {} - \"x\".\n",
                NAMES[*name]
            )
        };
        let path = folder.join(format!("host{host}"));
        fs::create_dir_all(&path).unwrap();
        // Logs without a line are the same, so one of them would be a copy.
        let text: String = of_host.into_iter().map(line).collect();
        fs::write(path.join("MultiFactorAuthSvc.log"), format!("log of host{host}\n{text}")).unwrap();
    }
}

/// Divides the work into small pieces.
fn divided(threads: usize) -> pipeline::Options {
    let limits = Limits { block_bytes: 600, lookahead_bytes: 128, ..Limits::default() };
    let (threads, range_bytes) = (NonZeroUsize::new(threads), 2_000);
    pipeline::Options { threads, limits, range_bytes, ..pipeline::Options::default() }
}

fn settled(folder: &Path, run: &pipeline::Options, of: Option<Dimension>, window: Window) -> Settled {
    let set = PatternSet::compile(&config::built_in()).unwrap();
    let by = of.into_iter().chain([Dimension::Code]).collect();
    let filter = Filter { window, ..Filter::default() };
    let options = Options { by, filter, with_cells: true, with_history: true, ..Options::default() };
    sign_ins::count(Walk::new(vec![folder.to_owned()]), &set, Catalogue::built_in(), run, options).unwrap().summary
}

fn key(name: usize) -> Key {
    Catalogue::built_in().resolve(NAMES[name].as_bytes())
}

/// Returns the place of a result if results are compared by `of`.
fn place((host, _, user, _): &Sign, of: Option<Dimension>) -> Option<Box<str>> {
    match of {
        Some(Dimension::Host) => Some(format!("host{host}").into()),
        Some(_) => Some(format!("user{user}").into()),
        None => None,
    }
}

/// The place of results, whether they are of a weekend, and the number of their part of the day.
type Part = (Option<Box<str>>, bool, i64);

/// Returns the number of people-hours in each part of the week, by place.
fn people_hours(signs: &[Sign], of: Option<Dimension>) -> BTreeMap<Part, u64> {
    let hours: BTreeSet<(Option<Box<str>>, usize, u8, i64)> =
        signs.iter().map(|sign| (place(sign, of), sign.0, sign.2, sign.1 / 60)).collect();
    let mut parts = BTreeMap::new();
    for (place, _, _, hour) in hours {
        // Saturday and Sunday are the first two days.
        *parts.entry((place, hour / 24 % 7 < 2, hour % 24 / 4)).or_default() += 1;
    }
    parts
}

fn check(comparison: &Comparison, sides: [&[Sign]; 2], of: Option<Dimension>) -> Result<(), TestCaseError> {
    let counts = sides.map(|signs| {
        let mut counts: BTreeMap<(Option<Box<str>>, Key), u64> = BTreeMap::new();
        signs.iter().for_each(|sign| *counts.entry((place(sign, of), key(sign.3))).or_default() += 1);
        counts
    });
    let all: BTreeSet<_> = counts.iter().flat_map(BTreeMap::keys).cloned().collect();
    prop_assert_eq!(comparison.rows.len(), all.len());
    for row in &comparison.rows {
        let at = (row.place.clone(), row.key.clone());
        let total = |side: usize| {
            counts[side].iter().filter(|((place, _), _)| *place == row.place).map(|(_, count)| count).sum::<u64>()
        };
        for (side, amount) in [row.before, row.after].into_iter().enumerate() {
            prop_assert_eq!(amount.count, counts[side].get(&at).copied().unwrap_or_default());
            prop_assert_eq!(amount.of, total(side));
        }
    }
    let parts = sides.map(|signs| people_hours(signs, of));
    let sum = |is_counted: &dyn Fn(&Part) -> bool| {
        parts.iter().flatten().filter(|(part, _)| is_counted(part)).map(|(_, hours)| hours).sum::<u64>()
    };
    prop_assert_eq!(comparison.exposure, sum(&|_| true));
    prop_assert_eq!(comparison.compared, sum(&|part| parts.iter().all(|side| side.contains_key(part))));
    Ok(())
}

/// Returns a few results of two hosts, with many of one name on the second.
fn few() -> Vec<Sign> {
    let sign =
        |index: u8| (usize::from(index.is_multiple_of(3)), 7 * i64::from(index), index % 5, usize::from(index % 2));
    (0..60).map(sign).collect()
}

#[test]
fn a_host_has_the_same_name_on_both_sides() {
    let (folder, run, of) = (tempfile::tempdir().unwrap(), divided(2), Some(Dimension::Host));
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    [&before, &after].iter().for_each(|side| written(side, &few()));
    let compared = |of: Option<Dimension>| {
        let mut sides =
            [&before, &after].map(|side| Counted::of(&settled(side, &run, of, Window::default()), of, false));
        name_hosts_alike(&mut sides, of);
        compare(&sides[0], &sides[1])
    };
    let ways = [of, None, Some(Dimension::User)];
    let expected = ways.map(compared);
    assert!(expected[0].rows.len() > 3 && expected[0].overlapping == 2 && expected[0].hosts_of_one == [0, 0]);
    for (name, other) in [("host0", "HOST0.corp.example"), ("host1", "host1.corp.example")] {
        fs::rename(after.join(name), after.join(other)).unwrap();
    }
    assert_eq!(ways.map(compared), expected);
    // A host in another network is another one.
    fs::rename(before.join("host1"), before.join("host1.lab.example")).unwrap();
    assert_eq!(compared(of).hosts_of_one, [1, 1]);
}

#[test]
fn logs_that_are_read_twice_count_once_in_the_progress() {
    let (folder, run) = (tempfile::tempdir().unwrap(), divided(2));
    written(folder.path(), &few());
    let read = || {
        settled(folder.path(), &run, None, Window::default());
        run.opening.meter.read()
    };
    let once = read();
    assert_eq!((once.files, read()), (2, once));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn both_sides_have_the_naive_counts(before in signs(), after in signs(), threads in 1_usize..4) {
        let folders = [&before, &after].map(|signs| {
            let folder = tempfile::tempdir().unwrap();
            written(folder.path(), signs);
            folder
        });
        for of in [None, Some(Dimension::Host), Some(Dimension::User)] {
            let sides = folders.each_ref().map(|folder| {
                Counted::of(&settled(folder.path(), &divided(threads), of, Window::default()), of, false)
            });
            check(&compare(&sides[0], &sides[1]), [&before, &after], of)?;
        }
    }

    #[test]
    fn a_split_divides_the_results_by_their_time(signs in signs(), at in 0_i64..6000, threads in 1_usize..4) {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), &signs);
        let time = |minute: i64| Time::from_nanoseconds((SATURDAY + minute) * 60_000_000_000);
        let last = Time::from_nanoseconds(time(at).nanoseconds() - 1);
        let windows = [(None, Some(last)), (Some(time(at)), None)];
        let sides = windows.map(|(since, until)| {
            let window = Window::new(since, until, DisplayZone::UTC).unwrap();
            Counted::of(&settled(folder.path(), &divided(threads), None, window), None, false)
        });
        let (before, after): (Vec<Sign>, Vec<Sign>) = signs.iter().partition(|sign| sign.1 < at);
        check(&compare(&sides[0], &sides[1]), [&before, &after], None)?;
    }

    #[test]
    fn a_history_has_each_result_in_its_minute(signs in signs(), threads in 1_usize..4) {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), &signs);
        let history = settled(folder.path(), &divided(threads), None, Window::default()).history.unwrap();
        for name in 0..NAMES.len() {
            let mut naive: BTreeMap<i64, u64> = BTreeMap::new();
            signs.iter().filter(|sign| sign.3 == name).for_each(|sign| *naive.entry(sign.1).or_default() += 1);
            let minute = |time: Time| time.nanoseconds() / 60_000_000_000 - SATURDAY;
            let found: BTreeMap<i64, u64> = history.of(&key(name), false).map(|(time, count)| (minute(time), count)).collect();
            prop_assert_eq!(found, naive);
        }
        // Each hour with a line, and no other, is covered.
        for hour in 0..100 {
            let at = |hour: i64| Time::from_nanoseconds((SATURDAY + hour * 60) * 60_000_000_000);
            let naive = signs.iter().any(|sign| sign.1 / 60 == hour);
            prop_assert_eq!(history.has_lines(at(hour), at(hour + 1)), naive);
        }
    }
}
