use proptest::prelude::*;

use super::*;
use crate::catalogue::Catalogue;
use crate::code::Code;
use crate::finding::cells::Labels;
use crate::finding::lines::Lines;
use crate::finding::rows::{Earliest, Rows};
use crate::finding::{self, Cells};
use crate::summary::Dimension;
use crate::summary::sign_ins::Settled;
use crate::time::Time;

const HOUR: i64 = 3_600_000_000_000;

fn key(code: i32) -> Key {
    Key::Code(Code(code))
}

fn hour(number: i64) -> Time {
    Time::from_nanoseconds(number * HOUR)
}

/// Returns a side with these numbers of results of a code, in hours since 1970.
fn counted(results: &[(i32, i64, u64)]) -> Counted {
    let mut counted = Counted::default();
    for (code, number, count) in results {
        counted.add(None, &key(*code), Some(hour(*number)), *count);
    }
    counted.has_people = true;
    counted
}

fn changes(before: &Counted, after: &Counted) -> Vec<(i32, Change)> {
    let rows = compare(before, after).rows;
    rows.iter().map(|row| (row.key.code().unwrap().0, row.change)).collect()
}

#[test]
fn three_against_one_is_no_change_and_three_hundred_against_a_hundred_are() {
    let side = |count| counted(&[(21, 8, 1_000), (102, 8, count)]);
    assert_eq!(changes(&side(1), &side(3)), [(21, Change::Unchanged), (102, Change::Unchanged)]);
    assert_eq!(changes(&side(100), &side(300)), [(102, Change::Up), (21, Change::Down)]);
    assert_eq!(changes(&side(0), &side(3))[1], (102, Change::Unchanged));
    assert_eq!(changes(&side(0), &side(20))[0], (102, Change::New));
    assert_eq!(changes(&side(20), &side(0))[0], (102, Change::Gone));
}

#[test]
fn a_change_needs_more_evidence_if_much_is_compared_or_people_are_not_known() {
    // Chance gives all of 9 cases to one of two equal sides once in 512 times, and two codes are compared.
    let side = |count| counted(&[(21, 8, 1_000), (102, 8, count)]);
    assert_eq!(changes(&side(0), &side(9))[0], (102, Change::New));
    let without_people = |count| Counted { has_people: false, ..side(count) };
    assert!(changes(&without_people(0), &without_people(9)).contains(&(102, Change::Unchanged)));
    let without_users = |count| Counted { lacks_users: true, ..side(count) };
    assert!(changes(&without_users(0), &without_users(9)).contains(&(102, Change::Unchanged)));
    let others: Vec<(i32, i64, u64)> = (1..20).map(|code| (code, 8, 50)).collect();
    let among_others = |count| counted(&[&others[..], &[(21, 8, 50), (102, 8, count)]].concat());
    assert!(changes(&among_others(0), &among_others(9)).contains(&(102, Change::Unchanged)));
}

#[test]
fn a_code_with_fewer_than_five_cases_is_not_tested_and_does_not_count_as_a_test() {
    let before = counted(&[(21, 8, 100_000)]);
    let after = |count| counted(&[(21, 8, 100), (102, 8, count)]);
    assert!(changes(&before, &after(5)).contains(&(102, Change::New)));
    assert!(changes(&before, &after(4)).contains(&(102, Change::Unchanged)));
    // Among other codes, as above, 9 against 0 are a change only if these are too rare to be tested.
    let among = |of_others, count| {
        let others: Vec<(i32, i64, u64)> = (1..20).map(|code| (code, 8, of_others)).collect();
        counted(&[&others[..], &[(21, 8, 1_000), (102, 8, count)]].concat())
    };
    assert!(changes(&among(2, 0), &among(2, 9)).contains(&(102, Change::New)));
    assert!(changes(&among(3, 0), &among(3, 9)).contains(&(102, Change::Unchanged)));
}

#[test]
fn users_are_lacking_if_more_than_half_of_the_results_name_none() {
    let lacks_users = |with_user: u32, without: u32| {
        let result = |person: u32| finding::rows::Row::one(1, person, 0, i64::from(person));
        let mut rows = Rows::default();
        (1..=with_user).map(result).chain((0..without).map(|_| result(0))).for_each(|row| rows.add(row, |_| 0));
        let name = |number: u32| (number > 0).then(|| format!("name{number}").into());
        let labels = Labels { host: name, person: name, address: |_| None, key: |_| Some(key(21)) };
        let cells = Cells::new(rows, Earliest::default(), Lines::default(), &labels);
        Counted::of(&Settled { cells: Some(cells), ..Settled::default() }, None, false).lacks_users
    };
    // Those without a user are all of the same minute.
    assert!(!lacks_users(3, 3) && lacks_users(3, 4) && !lacks_users(3, 0) && lacks_users(0, 3));
    assert!(!lacks_users(0, 0));
}

#[test]
fn hosts_of_one_side_are_counted_if_the_hosts_of_the_other_are_known() {
    let side = |hosts: &[&str]| {
        let hosts = hosts.iter().map(|host| Box::from(*host)).collect();
        Counted { hosts, ..counted(&[(21, 8, 10)]) }
    };
    let hosts_of_one = |one: &[&str], other: &[&str]| compare(&side(one), &side(other)).hosts_of_one;
    assert_eq!(hosts_of_one(&["host1", "host2", "host3"], &["host2", "host4"]), [2, 1]);
    assert_eq!(hosts_of_one(&["host1", "host2"], &[]), [0, 0]);
    assert_eq!(hosts_of_one(&[], &["host1", "host2"]), [0, 0]);
}

#[test]
fn one_person_alone_is_no_change() {
    let before = counted(&[(21, 8, 1_000), (102, 8, 5)]);
    let mut after = counted(&[(21, 8, 1_000), (102, 8, 40)]);
    assert_eq!(changes(&before, &after)[0], (102, Change::Up));
    let mut of_one = [0; PARTS_OF_WEEK];
    of_one[2] = 32;
    after.busiest.insert((None, key(102)), of_one);
    assert!(changes(&before, &after).contains(&(102, Change::Unchanged)));
    assert!(changes(&after, &before).contains(&(102, Change::Unchanged)));
}

#[test]
fn three_persons_alone_are_no_change() {
    let cases = |part: usize, count| {
        let mut cases = [0; PARTS_OF_WEEK];
        cases[part] = count;
        cases
    };
    let of_persons = [1, 12, 1, 10, 13].map(|count| cases(2, count)).to_vec();
    assert_eq!(counted::busiest(of_persons), cases(2, 35));
    assert_eq!(counted::busiest(vec![cases(1, 2), cases(3, 1)]), [0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    // Of 45 cases, 35 are of three persons, so that 10 against 7 remain.
    let before = counted(&[(21, 8, 1_000), (120, 8, 7)]);
    let mut after = counted(&[(21, 8, 1_000), (120, 8, 45)]);
    assert_eq!(changes(&before, &after)[0], (120, Change::Up));
    after.busiest.insert((None, key(120)), cases(2, 35));
    assert!(changes(&before, &after).contains(&(120, Change::Unchanged)));
}

#[test]
fn hosts_with_lines_of_the_same_hours_on_both_sides_are_counted() {
    let side = |from: i64, to: i64| {
        let mut side = counted(&[(21, 8, 10)]);
        side.logged.insert("host1".into(), (from..to).map(|number| (hour(number), hour(number + 1))).collect());
        side
    };
    assert_eq!(compare(&side(0, 5), &side(4, 9)).overlapping, 0, "the hour in which a log was rotated");
    assert_eq!(compare(&side(0, 5), &side(3, 9)).overlapping, 1);
}

#[test]
fn chance_is_that_of_the_binomial_distribution() {
    // Of 4 cases, at least 3 in one of two equal halves, in either direction: 2 * (4 + 1) / 16.
    let side = |count| counted(&[(21, 8, 1_000 - count), (102, 8, count)]);
    let rows = compare(&side(1), &side(3)).rows;
    let chance = rows.iter().find(|row| row.key == key(102)).unwrap().chance.unwrap();
    assert!((0.625..0.8).contains(&chance), "{chance}: an upper bound, and not far from it");
    // All of 20: 2 / 2^20.
    let rows = compare(&side(0), &side(20)).rows;
    let chance = rows.iter().find(|row| row.key == key(102)).unwrap().chance.unwrap();
    assert!((chance * f64::from(1 << 19) - 1.0).abs() < 1e-6, "{chance}");
}

#[test]
fn a_night_is_not_compared_with_a_day() {
    // Monday, 1970-01-05, at 2 and at 10 o'clock. At night, half of the results are 4.
    const MONDAY: i64 = 4 * 24;
    let night = [(21, MONDAY + 2, 100), (4, MONDAY + 2, 100)];
    let day = [(21, MONDAY + 10, 1_000), (4, MONDAY + 10, 10)];
    let whole = counted(&[night, day].concat());
    assert_eq!(changes(&whole, &counted(&day)), [(21, Change::Unchanged), (4, Change::Unchanged)]);
    assert_eq!(changes(&counted(&night), &counted(&day)), [(21, Change::Untested), (4, Change::Untested)]);
    let weekend = day.map(|(code, number, count)| (code, number - 24, count));
    assert_eq!(changes(&counted(&weekend), &counted(&day))[0].1, Change::Untested);
    let comparison = compare(&whole, &counted(&day));
    assert_eq!((comparison.exposure, comparison.compared), (200 + 1_010 + 1_010, 2_020));
}

#[test]
fn nothing_is_new_after_nothing() {
    let side = counted(&[(21, 8, 1_000)]);
    assert_eq!(changes(&Counted::default(), &side), [(21, Change::Untested)]);
    assert_eq!(changes(&Counted::default(), &Counted::default()), []);
}

#[test]
fn a_saved_summary_has_its_results_and_hours() {
    let by_hour = r#"{"schema": 1, "partial": true, "totals": {"files_read": 3, "hosts_with_results": 2},
        "by": ["hour", "code"], "results": [],
        "rows": [
            {"hour": "2017-02-14T08:00:00Z", "code": 102, "name": null, "count": 3, "first_seen": null, "last_seen": null},
            {"hour": "2017-02-14T09:00:00Z", "code": 102, "name": null, "count": 0, "first_seen": null, "last_seen": null},
            {"hour": "2017-02-14T08:00:00Z", "code": null, "name": "Used Cache", "count": 1, "first_seen": "2017-02-14T08:00:01Z", "last_seen": null}
        ]}"#;
    let saved = read(by_hour, None, Catalogue::built_in()).unwrap();
    assert!(saved.has_hours && saved.is_partial && is_saved(by_hour));
    assert_eq!((saved.files, saved.hosts, saved.counted.hours, saved.counted.tally.count), (3, 2, Some(2.0), 4));
    assert_eq!(saved.counted.count(&None, &key(102)), 3);
    assert_eq!(read(by_hour, Some(Dimension::Host), Catalogue::built_in()), Err(NotSaved::CountedOtherwise));
    let newer = by_hour.replace("\"schema\": 1", "\"schema\": 2");
    assert_eq!(read(&newer, None, Catalogue::built_in()), Err(NotSaved::Newer(2)));
    let filtered = by_hour.replace("\"files_read\": 3", "\"files_read\": 3, \"results\": 4, \"excluded\": 9");
    assert_eq!(read(&filtered, None, Catalogue::built_in()), Err(NotSaved::Filtered(9)));
    let windowed = filtered.replace("\"excluded\": 9", "\"excluded\": 9, \"excluded_by\": [\"--since/--until\"]");
    assert!(read(&windowed, None, Catalogue::built_in()).is_ok());
    let cut = windowed.replace("\"results\": 4", "\"results\": 5");
    assert_eq!(read(&cut, None, Catalogue::built_in()), Err(NotSaved::Cut(1)));
    assert!(matches!(read(&by_hour[..100], None, Catalogue::built_in()), Err(NotSaved::Damaged(_))));
    assert!(matches!(read("{\"schema\": 1}", None, Catalogue::built_in()), Err(NotSaved::Damaged(_))));
    assert!(!is_saved("{\"time\": 1}") && !is_saved("2017"));
}

fn side() -> impl Strategy<Value = Counted> {
    let place = prop::sample::select(&[None, Some("host1"), Some("host2")][..]);
    let result = (place, prop::sample::select(&[21, 102, 108][..]), 0_i64..200, 1_u64..40);
    prop::collection::vec(result, 0..30).prop_map(|results| {
        let mut counted = Counted { hours: Some(200.0), has_people: true, ..Counted::default() };
        for (place, code, number, count) in results {
            counted.add(place.map(Box::from), &key(code), Some(hour(number)), count);
            counted.hosts.extend(place.map(Box::from));
        }
        counted
    })
}

proptest! {
    #[test]
    fn swapped_sides_have_the_mirrored_result(one in side(), other in side()) {
        let (forth, back) = (compare(&one, &other), compare(&other, &one));
        let sorted = |mut rows: Vec<Row>| {
            rows.sort_by(|one, other| (&one.place, &one.key).cmp(&(&other.place, &other.key)));
            rows
        };
        let mirrored = back.rows.into_iter().map(|Row { place, key, before, after, change, chance }| {
            Row { place, key, before: after, after: before, change: change.mirrored(), chance }
        });
        prop_assert_eq!(sorted(forth.rows), sorted(mirrored.collect()));
        prop_assert_eq!((forth.exposure, forth.compared), (back.exposure, back.compared));
        prop_assert_eq!(forth.hosts_of_one, [back.hosts_of_one[1], back.hosts_of_one[0]]);
    }

    #[test]
    fn a_side_does_not_differ_from_itself(one in side()) {
        let rows = compare(&one, &one).rows;
        prop_assert!(rows.iter().all(|row| row.change == Change::Unchanged && row.before == row.after));
    }

    #[test]
    fn every_result_is_counted_on_its_side(one in side(), other in side()) {
        let rows = compare(&one, &other).rows;
        let sum = |side: &Counted| side.rows.values().sum::<u64>();
        prop_assert_eq!(rows.iter().map(|row| row.before.count).sum::<u64>(), sum(&one));
        prop_assert_eq!(rows.iter().map(|row| row.after.count).sum::<u64>(), sum(&other));
    }

    #[test]
    fn only_the_same_parts_of_the_week_are_compared(one in side(), other in side()) {
        // What a side has at hours that the other one does not cover changes nothing.
        let has = |side: &Counted, part: usize| side.places.get(&None).is_some_and(|exposure| exposure.units[part] > 0);
        let shared: Vec<bool> = (0..PARTS_OF_WEEK).map(|part| has(&one, part) && has(&other, part)).collect();
        let without = |side: &Counted| {
            let mut side = side.clone();
            let keep = |units: &mut [u64; PARTS_OF_WEEK]| {
                units.iter_mut().zip(&shared).for_each(|(units, is_shared)| *units *= u64::from(*is_shared));
            };
            side.places.retain(|place, _| place.is_none());
            side.rows.retain(|(place, _), _| place.is_none());
            side.cases.retain(|(place, _), _| place.is_none());
            side.places.values_mut().for_each(|exposure| keep(&mut exposure.units));
            side.cases.values_mut().for_each(keep);
            side
        };
        let of_none = |mut side: Counted| {
            side.places.retain(|place, _| place.is_none());
            side.rows.retain(|(place, _), _| place.is_none());
            side
        };
        prop_assert_eq!(
            compare(&without(&one), &without(&other)).rows,
            compare(&of_none(one), &of_none(other)).rows
        );
    }
}
