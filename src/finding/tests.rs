//! Small logs, of which each shows one thing.

use super::cells::{Labels, is_watched, minute_hash, person_hash};
use super::lines::Lines;
use super::rows::{Earliest, HOUR, MINUTE, Row, Rows};
use super::*;
use crate::code::Code;

const SECOND: i64 = 1_000_000_000;
/// 2017-02-14, a Tuesday.
const MIDNIGHT: i64 = 17_211 * 24 * HOUR;

/// Results with times in nanoseconds since midnight, hosts, users and codes.
#[derive(Clone, Debug, Default)]
struct Log(Vec<Result>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Result {
    time: i64,
    host: u32,
    user: u32,
    code: i32,
    seconds: u32,
}

impl Log {
    /// A day on four hosts: each of 60 users signs in every 97 minutes, on another host each time.
    fn day() -> Log {
        let mut log = Log::default();
        for user in 1..=60 {
            let mut time = i64::from(user) * 83 * SECOND;
            for number in 0.. {
                if time >= 24 * HOUR {
                    break;
                }
                log.add(time, (user + number) % 4 + 1, user, 21);
                time += 97 * MINUTE;
            }
        }
        log.0.sort_by_key(|one| one.time);
        log
    }

    fn add(&mut self, time: i64, host: u32, user: u32, code: i32) {
        self.0.push(Result { time, host, user, code, seconds: 5 });
    }

    /// Adds as many results of other people in these hours, this number of times, with the same codes.
    fn crowd(&mut self, hours: std::ops::Range<i64>, times: u32) {
        let inside: Vec<Result> = self.0.iter().filter(|one| hours.contains(&(one.time / HOUR))).copied().collect();
        for number in 1..=times {
            let time = |one: &Result| one.time + i64::from(number) * SECOND;
            self.0.extend(inside.iter().map(|one| Result { user: one.user + 60 * number, time: time(one), ..*one }));
        }
    }

    /// Gives the results in `hours` on hosts up to `hosts` this code.
    fn change(&mut self, hours: std::ops::Range<i64>, hosts: u32, code: i32) {
        for result in &mut self.0 {
            if hours.contains(&(result.time / HOUR)) && result.host <= hosts {
                result.code = code;
            }
        }
    }

    fn cells(&self) -> Cells {
        let mut rows = Rows::default();
        let (mut watched, mut lines) = (Earliest::default(), Lines::default());
        let hash = |row: &Row| user(row.person).map_or_else(|| minute_hash(row), |name| person_hash(&name));
        for one in &self.0 {
            let key = u32::try_from(one.code).unwrap();
            let row =
                Row { duration: one.seconds * 1_000 + 1, ..Row::one(one.host, one.user, key, MIDNIGHT + one.time) };
            rows.add(row, hash);
            if is_watched(Catalogue::built_in(), &Key::Code(Code(one.code))) {
                watched.add(row);
            }
            lines.add(one.host, MIDNIGHT + one.time);
        }
        Cells::new(
            rows,
            watched,
            lines,
            &Labels {
                host: |number| Some(format!("host{number}").into()),
                person: user,
                address: |_| None,
                key: |number| i32::try_from(number).ok().map(|number| Key::Code(Code(number))),
            },
        )
    }

    fn findings(&self) -> Vec<Finding> {
        find(&self.cells(), Catalogue::built_in(), &Options::default()).list
    }

    /// Returns the only finding.
    fn finding(&self) -> Finding {
        let mut findings = self.findings();
        assert_eq!(findings.len(), 1, "{findings:#?}");
        findings.remove(0)
    }

    /// Returns the number of results with a code in these hours.
    fn count(&self, code: i32, hours: std::ops::Range<i64>) -> u64 {
        self.0.iter().filter(|one| one.code == code && hours.contains(&(one.time / HOUR))).count() as u64
    }

    fn first(&self, code: i32) -> Option<Time> {
        let times = self.0.iter().filter(|one| one.code == code).map(|one| one.time);
        times.min().map(|time| Time::from_nanoseconds(MIDNIGHT + time))
    }
}

fn user(number: u32) -> Option<Box<str>> {
    (number > 0).then(|| format!("user{number:02}").into())
}

fn codes(finding: &Finding) -> Vec<i32> {
    finding.codes.iter().filter_map(Key::code).map(|Code(code)| code).collect()
}

fn texts(texts: &[Box<str>]) -> Vec<&str> {
    texts.iter().map(|text| &**text).collect()
}

fn at(hours: i64, minutes: i64) -> Time {
    Time::from_nanoseconds(MIDNIGHT + hours * HOUR + minutes * MINUTE)
}

#[test]
fn nothing_is_found_where_nothing_changes() {
    assert_eq!(Log::default().findings(), []);
    assert_eq!(Log::day().findings(), []);
    let mut sometimes = Log::day();
    sometimes.0.iter_mut().step_by(9).for_each(|one| one.code = 108);
    assert_eq!(sometimes.findings(), []);
}

#[test]
fn a_code_that_was_not_there_before_is_new_since_its_first_line() {
    let mut log = Log::day();
    log.change(20..24, 2, 102);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding)), (Kind::New, vec![102]));
    assert_eq!((finding.since, finding.until), (log.first(102), None));
    assert_eq!((texts(&finding.hosts), finding.hosts_of), (vec!["host1", "host2"], 4));
    assert_eq!(finding.count, log.count(102, 0..24));
    assert!(finding.not_before.is_some_and(|time| time <= at(20, 0) && time > at(17, 0)), "{finding:?}");
    let rates = finding.rates.unwrap();
    assert!(rates.before.abs() < 1e-9 && rates.per == Per::Hour);
    assert_eq!(finding.samples.len(), 3);
    assert_eq!(finding.samples.first().map(|sample| sample.time), Some(log.first(102)));
}

#[test]
fn a_code_that_crowds_rises_and_ends() {
    let mut log = Log::day();
    log.0.iter_mut().step_by(40).for_each(|one| one.code = 102);
    log.change(9..12, 4, 102);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding)), (Kind::Rise, vec![102]));
    assert_eq!(finding.fewer, [Key::Code(Code(21))]);
    assert!(finding.since.is_some_and(|time| time >= at(8, 30) && time <= at(9, 10)), "{finding:?}");
    assert!(finding.until.is_some_and(|time| time >= at(11, 50) && time <= at(12, 30)), "{finding:?}");
    let rates = finding.rates.unwrap();
    assert!(rates.after > 10.0 * rates.before, "{rates:?}");
}

#[test]
fn codes_of_one_family_are_one_finding() {
    let mut log = Log::day();
    log.change(20..24, 4, 102);
    log.0.iter_mut().filter(|one| one.code == 102).step_by(4).for_each(|one| one.code = 117);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding)), (Kind::New, vec![102, 117]));
    assert_eq!(finding.count, log.count(102, 0..24) + log.count(117, 0..24));
}

#[test]
fn an_outage_that_is_followed_by_one_with_another_code_is_found() {
    let mut log = days(4);
    log.0.iter_mut().step_by(12).for_each(|one| one.code = 102);
    log.change(80..83, 4, 102);
    log.change(83..96, 4, 117);
    let findings = log.findings();
    let is_about =
        |code: i32| findings.iter().any(|one| codes(one) == [code] && one.since.is_some_and(|time| time >= at(79, 50)));
    assert!(is_about(117) && is_about(102), "{findings:#?}");
}

#[test]
fn a_code_with_hardly_any_of_the_results_is_not_named() {
    let mut log = Log::day();
    log.change(14..24, 4, 102);
    let at = log.0.iter().position(|one| one.code == 102).unwrap();
    log.0[at + 40].code = 117;
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding)), (Kind::New, vec![102]));
    assert_eq!(finding.count, log.count(102, 0..24));
}

#[test]
fn what_was_so_from_the_beginning_has_only_an_end() {
    let mut log = Log::day();
    log.change(0..6, 4, 102);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding), finding.since_start), (Kind::Stopped, vec![102], true));
    let last = log.0.iter().filter(|one| one.code == 102).map(|one| one.time).max().unwrap();
    assert_eq!((finding.since, finding.until), (Some(Time::from_nanoseconds(MIDNIGHT + last)), None));
}

#[test]
fn a_code_that_no_longer_occurs_stopped_with_its_last_line() {
    let mut log = Log::day();
    log.0.iter_mut().step_by(2).for_each(|one| one.code = 2);
    let last = 14;
    log.0.iter_mut().filter(|one| one.code == 2 && one.time >= last * HOUR).for_each(|one| one.code = 21);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding)), (Kind::Stopped, vec![2]));
    assert!(finding.since.is_some_and(|time| time > at(13, 30) && time < at(14, 0)), "{finding:?}");
}

#[test]
fn a_host_that_is_silent_does_not_make_anything_stop() {
    let mut log = Log::day();
    log.0.iter_mut().filter(|one| one.host == 1).step_by(2).for_each(|one| one.code = 2);
    log.0.retain(|one| one.host != 1 || one.time < 14 * HOUR);
    let kinds: Vec<Kind> = log.findings().iter().map(|finding| finding.kind).collect();
    assert!(!kinds.contains(&Kind::Stopped) && !kinds.contains(&Kind::Fall), "{kinds:?}");
    assert!(kinds.contains(&Kind::Coverage));
}

#[test]
fn what_only_one_user_has_is_about_the_user() {
    let mut log = Log::day();
    log.0.iter_mut().filter(|one| one.user == 7).for_each(|one| one.code = 107);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding), texts(&finding.users)), (Kind::User, vec![107], vec!["user07"]));
    assert_eq!((finding.count, finding.count_of_one), (15, 15));
    assert_eq!((finding.hosts.len(), finding.hosts_of), (4, 4));
}

#[test]
fn what_only_one_host_has_is_about_the_host() {
    let mut log = Log::day();
    log.0.iter_mut().filter(|one| one.host == 3).step_by(5).for_each(|one| one.code = 126);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding), texts(&finding.hosts)), (Kind::Host, vec![126], vec!["host3"]));
    assert_eq!((finding.count, finding.count_of_one), (log.count(126, 0..24), log.count(126, 0..24)));
}

#[test]
fn a_name_without_a_description_that_a_host_has_all_the_time_is_its_work() {
    let about_host = |log: &Log| log.findings().into_iter().any(|finding| finding.kind == Kind::Host);
    let mut log = Log::day();
    for (number, one) in log.0.iter_mut().filter(|one| one.host == 2).enumerate() {
        one.code = if number % 3 == 0 { 900 } else { 21 };
    }
    assert!(!about_host(&log));
    // Only in the first hours, or with a description.
    let mut early = log.clone();
    early.0.iter_mut().filter(|one| one.code == 900 && one.time > 9 * HOUR).for_each(|one| one.code = 21);
    assert!(about_host(&early) || early.findings().iter().any(|finding| finding.kind == Kind::Stopped));
    log.0.iter_mut().filter(|one| one.code == 900).for_each(|one| one.code = 108);
    assert!(about_host(&log));
}

#[test]
fn a_code_that_comes_from_time_to_time_is_not_new() {
    let is_new = |log: &Log| log.findings().iter().any(|finding| finding.kind == Kind::New);
    // From minute 75 on, and in every so many minutes after that.
    let with = |every: i64, length: i64| {
        let mut log = Log::day();
        for one in &mut log.0 {
            let minute = one.time / MINUTE - 75;
            if minute >= 0 && minute % every < length {
                one.code = 108;
            }
        }
        log
    };
    assert!(is_new(&with(120, 90)));
    assert!(!is_new(&with(120, 30)));
}

#[test]
fn hosts_and_users_that_do_different_work_are_no_findings() {
    let mut log = Log::day();
    log.0.iter_mut().for_each(|one| one.code = [21, 107, 126, 136][one.host as usize - 1]);
    assert!(log.findings().iter().all(|finding| finding.kind != Kind::Host), "{:?}", log.findings());
    let mut log = Log::day();
    for (user, code) in [(5, 107), (6, 126), (7, 136)] {
        log.0.iter_mut().filter(|one| one.user == user).for_each(|one| one.code = code);
    }
    assert_eq!(log.findings(), []);
}

#[test]
fn a_report_of_fraud_is_a_finding_at_once() {
    let mut log = Log::default();
    log.add(9 * HOUR, 2, 5, 132);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding), texts(&finding.users)), (Kind::Attention, vec![132], vec!["user05"]));
    assert_eq!((finding.since, texts(&finding.hosts), finding.count), (Some(at(9, 0)), vec!["host2"], 1));
}

#[test]
fn an_approved_prompt_after_five_others_within_ten_minutes_needs_attention() {
    let log = |minutes: i64| {
        let mut log = Log::default();
        (0..5).for_each(|number| {
            log.add(9 * HOUR + number * minutes * MINUTE, 1, 5, if number % 2 == 0 { 129 } else { 133 });
        });
        log.add(9 * HOUR + 5 * minutes * MINUTE, 1, 5, 21);
        log
    };
    let finding = log(2).finding();
    assert_eq!((finding.kind, codes(&finding), finding.count), (Kind::Prompts, vec![21, 129, 133], 5));
    assert_eq!((finding.since, finding.until, finding.count_of_one), (Some(at(9, 0)), Some(at(9, 10)), 1));
    // The first prompt is more than ten minutes before the last one.
    assert_eq!(log(3).findings(), []);
}

#[test]
fn many_denied_prompts_need_attention_even_if_none_is_approved_and_are_no_timer() {
    let log = |prompts: i64, approved: Option<i64>| {
        let mut log = Log::default();
        (0..prompts).for_each(|number| log.add(9 * HOUR + number * 40 * SECOND, 1, 5, 129));
        approved.into_iter().for_each(|minute| log.add(9 * HOUR + minute * MINUTE, 1, 5, 21));
        log
    };
    let finding = log(20, None).finding();
    assert_eq!((finding.kind, codes(&finding), finding.count), (Kind::Prompts, vec![129], 20));
    assert_eq!((texts(&finding.users), finding.count_of_one), (vec!["user05"], 0));
    let until = Time::from_nanoseconds(MIDNIGHT + 9 * HOUR + 19 * 40 * SECOND);
    assert_eq!((finding.since, finding.until), (Some(at(9, 0)), Some(until)));
    assert_eq!(log(9, None).findings(), []);
    // The last of the 20 prompts is at 9:12:40. Only the first ten minutes after it are soon if there were only a few.
    let finding = log(20, Some(35)).finding();
    assert_eq!((finding.kind, finding.count, finding.count_of_one), (Kind::Prompts, 20, 1));
    assert_eq!(log(6, Some(12)).finding().count_of_one, 1);
    assert_eq!(log(6, Some(14)).findings(), []);
    // Who does not answer all day is not attacked when it is more often for a while.
    let mut log = log(12, None);
    (0..30).for_each(|number| log.add(number * 17 * MINUTE, 1, 5, 133));
    assert_eq!(log.findings(), []);
}

#[test]
fn prompts_that_are_added_up_are_not_said_to_be_within_a_short_time() {
    // After 32 results in an hour, those with the same code are one row.
    let log = |gap: i64, approved: &[i64]| {
        let mut log = Log::default();
        (0..32).for_each(|number| log.add(9 * HOUR + number * SECOND, 1, 5, 21));
        (0..10).for_each(|number| log.add(9 * HOUR + 10 * MINUTE + number * gap, 1, 5, 129));
        approved.iter().for_each(|minute| log.add(9 * HOUR + *minute * MINUTE + SECOND, 1, 5, 2));
        log.findings().iter().filter(|finding| finding.kind == Kind::Prompts).count()
    };
    assert_eq!(log(MINUTE, &[]), 1);
    assert_eq!(log(MINUTE / 2, &[16]), 1);
    // The last one is 36 minutes after the first one, and others are approved between them.
    assert_eq!(log(4 * MINUTE, &[]), 0);
    assert_eq!(log(4 * MINUTE, &[12, 20, 30, 40]), 0);
    assert_eq!(log(MINUTE, &[12, 18, 25]), 0);
}

#[test]
fn repeats_after_the_same_time_are_a_timer() {
    let log = |gap: &dyn Fn(i64) -> i64| {
        let mut log = Log::default();
        for number in 0..8 {
            let time = number * HOUR;
            let user = u32::try_from(number % 3).unwrap() + 1;
            log.add(time, 1, user, 101);
            log.add(time + gap(number) * SECOND, 1, user, 101);
        }
        log
    };
    let finding = log(&|number| 30 + number % 2).finding();
    assert_eq!((finding.kind, finding.count, finding.count_of_one), (Kind::Retry, 8, 8));
    assert_eq!((finding.interval_ms, finding.longest_ms, finding.users_count), (Some(30_000), Some(5_000), 3));
    // People take different times.
    assert_eq!(log(&|number| 12 + 6 * number).findings(), []);
    let cells = log(&|_| 30).cells();
    let repeats = find(&cells, Catalogue::built_in(), &Options::default()).repeats;
    assert_eq!(repeats, [("user01".into(), 3), ("user02".into(), 3), ("user03".into(), 2)]);
}

#[test]
fn the_interval_of_a_timer_is_the_commonest_and_all_repeats_count() {
    let mut log = Log::default();
    let times = (0..40).map(|_| 20).chain([18, 18, 19, 3, 50]);
    for (number, seconds) in (0_i64..).zip(times) {
        let user = u32::try_from(number % 20).unwrap() + 1;
        log.add(number * 20 * MINUTE, u32::from(number >= 40) + 1, user, 101);
        log.add(number * 20 * MINUTE + seconds * SECOND, u32::from(number >= 40) + 1, user, 101);
    }
    let finding = log.finding();
    assert_eq!(
        (finding.kind, finding.interval_ms, finding.count, finding.count_of_one),
        (Kind::Retry, Some(20_000), 45, 41)
    );
    assert_eq!((texts(&finding.hosts), finding.hosts_of), (vec!["host1"], 2));
    assert_eq!((finding.users_count, finding.users_of), (20, 20));
}

#[test]
fn times_of_minutes_show_no_timer() {
    // Each of 20 people is asked again after a minute, in a log of whole minutes.
    let log = |seconds: i64| {
        let mut log = Log::default();
        for number in 0..40_i64 {
            let user = u32::try_from(number % 20).unwrap() + 1;
            let time = number * 20 * MINUTE + number % 20 * seconds * SECOND;
            log.add(time, 1, user, 101);
            log.add(time + MINUTE, 1, user, 101);
        }
        log
    };
    assert_eq!(log(0).findings(), []);
    let finding = log(1).finding();
    assert_eq!((finding.kind, finding.interval_ms, finding.count), (Kind::Retry, Some(60_000), 40));
}

#[test]
fn few_repeats_of_several_users_must_nearly_all_have_the_interval() {
    let log = |others: i64| {
        let mut log = Log::default();
        for number in 0..12_i64 {
            let user = u32::try_from(number % 6).unwrap() + 1;
            let seconds = if number < others { 6 + 4 * number } else { 50 };
            log.add(number * HOUR, 1, user, 101);
            log.add(number * HOUR + seconds * SECOND, 1, user, 101);
        }
        log
    };
    assert_eq!(log(2).finding().count_of_one, 10);
    assert_eq!(log(3).findings(), []);
}

#[test]
fn repeats_of_one_user_are_about_the_user_beside_those_of_others() {
    let mut log = Log::default();
    for number in 0..40 {
        log.add(number * 10 * MINUTE, 1, 1, 107);
        log.add(number * 10 * MINUTE + 36 * SECOND, 1, 1, 107);
    }
    let finding = log.finding();
    assert_eq!((finding.kind, texts(&finding.users), finding.count), (Kind::Retry, vec!["user01"], 40));
    for user in 2..12 {
        log.add(i64::from(user) * 20 * MINUTE, 1, user, 101);
        log.add(i64::from(user) * 20 * MINUTE + 30 * SECOND, 1, user, 101);
    }
    let findings = log.findings();
    let timers: Vec<(Option<u64>, u64)> = findings
        .iter()
        .filter(|finding| finding.kind == Kind::Retry)
        .map(|finding| (finding.interval_ms, finding.users_count))
        .collect();
    assert_eq!(timers, [(Some(30_000), 10), (Some(36_000), 1)]);
}

#[test]
fn a_number_that_nobody_lists_is_unknown() {
    let mut log = Log::default();
    [(1, 777), (2, 778), (3, 778), (4, 21)].into_iter().for_each(|(hour, code)| log.add(hour * HOUR, 1, 1, code));
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding), finding.count), (Kind::Unknown, vec![778, 777], 3));
}

#[test]
fn a_hole_in_the_log_of_one_host_is_a_gap() {
    let mut log = Log::default();
    for minute in 0..4 * 24 * 60 {
        for host in 1..=3 {
            log.add(minute * MINUTE, host, u32::try_from(minute % 50).unwrap() + 1, 21);
        }
    }
    assert_eq!(log.findings(), []);
    log.0.retain(|one| one.host != 2 || one.time < 53 * HOUR || one.time >= 56 * HOUR);
    let finding = log.finding();
    assert_eq!((finding.kind, texts(&finding.hosts)), (Kind::Gap, vec!["host2"]));
    assert_eq!((finding.since, finding.until), (Some(at(52, 59)), Some(at(56, 0))));
}

#[test]
fn a_log_that_ends_earlier_than_the_others_is_mentioned() {
    let mut log = Log::day();
    log.0.retain(|one| one.host != 4 || one.time < 9 * HOUR);
    let finding = log.finding();
    assert_eq!((finding.kind, texts(&finding.hosts), finding.hosts_of), (Kind::Coverage, vec!["host4"], 4));
    let last = log.0.iter().filter(|one| one.host == 4).map(|one| one.time).max().unwrap();
    assert_eq!((finding.since, finding.until), (Some(Time::from_nanoseconds(MIDNIGHT + last)), None));
}

#[test]
fn a_host_with_few_sign_ins_has_no_hole() {
    let mut log = Log::day();
    log.0.retain(|one| one.host != 4);
    log.add(9 * HOUR, 4, 1, 21);
    log.add(9 * HOUR + 2 * MINUTE, 4, 2, 21);
    assert_eq!(log.findings(), []);
    // A few hours without its two sign-ins an hour are no hole either.
    let mut log = Log::day();
    let mut number = 0;
    log.0.retain(|one| {
        number += u32::from(one.host == 4);
        one.host != 4 || number % 5 == 0 && one.time < 18 * HOUR
    });
    assert_eq!(log.findings(), []);
}

#[test]
fn a_host_whose_sign_ins_have_no_more_results_is_mentioned() {
    let mut log = Log::day();
    let mut unanswered = Lines::default();
    for one in log.0.iter().filter(|one| one.host == 2 && one.time >= 15 * HOUR) {
        unanswered.add(one.host, MIDNIGHT + one.time);
    }
    // On another host, it happens now and then.
    (0..20).for_each(|number| unanswered.add(3, MIDNIGHT + number * HOUR));
    log.0.retain(|one| one.host != 2 || one.time < 15 * HOUR);
    let host = |number| Some(format!("host{number}").into());
    let find = |log: &Log, unanswered: &Lines| -> Vec<Finding> {
        let cells = log.cells().with_unanswered(unanswered.clone(), host);
        let list = find(&cells, Catalogue::built_in(), &Options::default()).list;
        list.into_iter().filter(|finding| finding.kind == Kind::Unanswered).collect()
    };
    let found = find(&log, &unanswered);
    assert_eq!(found.len(), 1, "{found:?}");
    let before = log.0.iter().filter(|one| one.host == 2).map(|one| one.time).max().unwrap();
    let last = Some(Time::from_nanoseconds(MIDNIGHT + before));
    assert_eq!((texts(&found[0].hosts), found[0].hosts_of), (vec!["host2"], 4));
    // Here, the log has no other lines than those with results.
    assert_eq!((found[0].since, found[0].until), (last, last));
    let few: Vec<&Result> = log.0.iter().filter(|one| one.host == 1).collect();
    let mut unanswered = Lines::default();
    few.iter().rev().take(9).for_each(|one| unanswered.add(1, MIDNIGHT + one.time + 2 * HOUR));
    assert_eq!(find(&log, &unanswered), []);
    assert_eq!(find(&Log::day(), &Lines::default()), []);
}

/// Several days like the first one.
fn days(number: i64) -> Log {
    let mut log = Log::default();
    for day in 0..number {
        log.0.extend(Log::day().0.iter().map(|one| Result { time: one.time + day * 24 * HOUR, ..*one }));
    }
    log
}

#[test]
fn an_outage_at_the_end_is_found_however_long_the_log_is() {
    // The log begins on a Tuesday, so its end is on a weekend after four days.
    for (number, hours) in [(1, 24), (2, 48), (3, 72), (5, 114), (5, 120), (7, 168), (14, 336)] {
        let mut log = days(number);
        log.0.retain(|one| one.time < hours * HOUR);
        log.0.iter_mut().step_by(40).for_each(|one| one.code = 102);
        let start = (hours - 8) * HOUR;
        log.0.iter_mut().filter(|one| one.time >= start).step_by(2).for_each(|one| one.code = 102);
        let finding = log.finding();
        assert_eq!((finding.kind, codes(&finding), finding.until), (Kind::Rise, vec![102], None), "{hours}");
        let since = finding.since.unwrap().nanoseconds() - MIDNIGHT - start;
        // Phones are sometimes unreachable, so it may have begun with one that was.
        assert!((-90 * MINUTE..=30 * MINUTE).contains(&since), "{hours}: {since}");
    }
}

#[test]
fn a_stray_line_changes_nothing() {
    let mut log = Log::day();
    log.0.iter_mut().step_by(40).for_each(|one| one.code = 102);
    log.0.iter_mut().filter(|one| one.time >= 16 * HOUR).step_by(2).for_each(|one| one.code = 102);
    let finding = log.finding();
    for day in [-6_000, -6, 6, 400] {
        let mut strayed = log.clone();
        strayed.add((day * 24 + 5) * HOUR, 1, 1, 21);
        let strayed = strayed.findings();
        let rise = strayed.iter().find(|finding| finding.kind == Kind::Rise).unwrap();
        assert_eq!((rise.since, &rise.codes, &rise.hosts), (finding.since, &finding.codes, &finding.hosts), "{day}");
        assert!(strayed.iter().all(|finding| matches!(finding.kind, Kind::Rise | Kind::Coverage)), "{strayed:?}");
    }
}

#[test]
fn nights_are_no_change_in_a_log_of_three_days() {
    let mut log = days(3);
    // At night, every fourth call does not reach the phone.
    let is_night = |one: &Result| !(7..20).contains(&(one.time / HOUR % 24));
    log.0.iter_mut().filter(|one| is_night(one)).step_by(4).for_each(|one| one.code = 102);
    assert_eq!(log.findings(), []);
}

#[test]
fn a_night_that_returns_is_no_change_in_a_shorter_log_either() {
    for number in [1, 2] {
        let mut log = days(number);
        let is_night = |one: &Result| !(7..20).contains(&(one.time / HOUR % 24));
        log.0.iter_mut().filter(|one| is_night(one)).step_by(2).for_each(|one| one.code = 102);
        assert_eq!(log.findings(), [], "{number}");
        // An outage in the daytime is one.
        log.0.iter_mut().filter(|one| (11..13).contains(&(one.time / HOUR))).for_each(|one| one.code = 126);
        assert_eq!(codes(&log.findings()[0]), [126], "{number}");
    }
}

#[test]
fn what_an_outage_displaces_is_no_finding_of_its_own() {
    // Every third person enters a PIN, in the morning a few more, and nobody during the outage.
    let mut log = Log::day();
    log.0.iter_mut().step_by(5).for_each(|one| one.code = 1);
    let morning = |one: &&mut Result| one.time < 10 * HOUR;
    log.0.iter_mut().filter(morning).step_by(12).for_each(|one| one.code = 1);
    log.0.iter_mut().filter(|one| one.time >= 12 * HOUR && one.user % 8 > 0).for_each(|one| one.code = 102);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding)), (Kind::New, vec![102]));
}

#[test]
fn a_code_that_takes_the_place_of_another_one_is_what_is_new() {
    let mut log = days(4);
    log.0.iter_mut().step_by(6).for_each(|one| one.code = 19);
    log.0.iter_mut().filter(|one| one.time >= 80 * HOUR).for_each(|one| one.code = 19);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding)), (Kind::Rise, vec![19]));
    assert_eq!(finding.fewer, [Key::Code(Code(21))]);
}

#[test]
fn all_numbers_are_about_the_hosts_that_are_named() {
    let mut log = Log::day();
    log.0.iter_mut().step_by(50).for_each(|one| one.code = 102);
    log.change(18..24, 1, 102);
    let finding = log.finding();
    assert_eq!((finding.kind, texts(&finding.hosts), finding.hosts_of), (Kind::Rise, vec!["host1"], 4));
    let inside: Vec<&Result> =
        log.0.iter().filter(|one| one.host == 1 && one.code == 102 && one.time >= 18 * HOUR).collect();
    let mut users: Vec<u32> = inside.iter().map(|one| one.user).collect();
    users.sort_unstable();
    users.dedup();
    assert_eq!((finding.count, finding.users_count), (inside.len() as u64, users.len() as u64));
    assert_eq!(finding.users_of, finding.users_count);
    assert_eq!(finding.since, Some(Time::from_nanoseconds(MIDNIGHT + inside[0].time)));
}

#[test]
fn a_burst_that_hit_other_hosts_as_hard_is_not_said_to_be_of_the_one_where_it_is_new() {
    // How many of 100 results on each of four hosts have the code, usually and within three hours, in which so many others sign in.
    let hosts = |others: u32, usually: [usize; 4], inside: [usize; 4]| {
        let mut log = days(2);
        log.0.iter_mut().for_each(|one| one.host = [1, 1, 1, 1, 1, 1, 1, 2, 3, 4][one.user as usize % 10]);
        log.crowd(30..33, others);
        for (number, one) in log.0.iter_mut().enumerate() {
            let shares = if (30..33).contains(&(one.time / HOUR)) { inside } else { usually };
            one.code = if number * 37 % 100 < shares[one.host as usize - 1] { 102 } else { 21 };
        }
        let finding = log.finding();
        assert_eq!(codes(&finding), [102]);
        let is_inside = |one: &&Result| {
            let time = Some(Time::from_nanoseconds(MIDNIGHT + one.time));
            let is_named = finding.hosts.iter().any(|host| **host == *format!("host{}", one.host));
            one.code == 102 && is_named && time >= finding.since && time <= finding.until
        };
        assert_eq!(finding.count, log.0.iter().filter(is_inside).count() as u64);
        assert!(finding.since.is_some_and(|time| time >= at(29, 50) && time <= at(31, 0)), "{finding:?}");
        finding.hosts
    };
    // It is new on the last host, and more frequent on all of them.
    assert_eq!(texts(&hosts(7, [70, 40, 40, 0], [100; 4])), ["host1", "host2", "host3", "host4"]);
    // On the others, only more people sign in.
    assert_eq!(texts(&hosts(7, [80, 80, 80, 0], [80, 80, 80, 100])), ["host4"]);
    // On two of them, it is more frequent, but far less than here.
    assert_eq!(texts(&hosts(7, [80, 2, 2, 0], [80, 20, 20, 100])), ["host4"]);
    // On the first one, it does not become twice as frequent.
    assert_eq!(texts(&hosts(0, [60, 0, 0, 0], [100, 0, 0, 100])), ["host4"]);
}

#[test]
fn a_burst_of_a_second_names_a_host_whose_people_had_signed_in_shortly_before() {
    // Two series of the same people on three hosts. Those of the first two begin with the burst. Those of the third one had signed in
    // before in this hour, and some of them have the code at other times.
    let mut log = Log::day();
    log.0.retain(|one| one.host <= 3);
    let burst = 14 * HOUR + 30 * MINUTE;
    log.0.retain(|one| one.time / HOUR != 14);
    for user in 1..=18 {
        (1..=3).for_each(|host| log.add(burst, host, user, 102));
        log.add(burst - 20 * MINUTE, 3, user, 21);
        if user <= 9 {
            log.add(i64::from(user) * HOUR, 3, user, 102);
        }
    }
    log.0.sort_by_key(|one| one.time);
    let finding = log.finding();
    assert_eq!((finding.kind, finding.count, finding.hosts.len()), (Kind::Rise, 54, 3), "{finding:#?}");
    assert_eq!((finding.since, finding.until), (Some(at(14, 30)), Some(at(14, 30))));
}

#[test]
fn a_burst_that_is_new_on_one_host_names_the_others_although_its_people_had_signed_in_shortly_before() {
    // On the other hosts, the code also occurs all day.
    let mut log = Log::day();
    log.0.retain(|one| one.host <= 3 && one.time / HOUR != 14);
    log.0.iter_mut().filter(|one| one.host > 1 && one.user % 3 == 0).for_each(|one| one.code = 102);
    let burst = 14 * HOUR + 30 * MINUTE;
    for user in 1..=40 {
        (1..=3).for_each(|host| log.add(burst, host, user, 102));
        log.add(burst - 20 * MINUTE, 1, user, 21);
    }
    log.0.sort_by_key(|one| one.time);
    let findings = log.findings();
    let of_burst = findings.iter().find(|finding| finding.since == Some(at(14, 30))).unwrap();
    assert_eq!(texts(&of_burst.hosts), ["host1", "host2", "host3"], "{findings:#?}");
}

#[test]
fn results_without_a_user_in_the_minute_of_a_burst_are_taken_to_be_in_it() {
    // Results without a user are added up by the minute, so only the first and the last of their times are known.
    let mut log = Log::day();
    let burst = 14 * HOUR + 30 * MINUTE + 50 * SECOND;
    for user in 1..=40 {
        log.add(burst, 1, user, 102);
        log.add(burst, 1, 0, 102);
    }
    log.add(burst - 45 * SECOND, 1, 0, 102);
    // These begin after the first of them, and show that the burst begins later.
    (41..=60).for_each(|user| log.add(burst - 40 * SECOND, 1, user, 21));
    (1..10).for_each(|hour| log.add(hour * HOUR, 1, 7, 102));
    log.0.sort_by_key(|one| one.time);
    let finding = log.finding();
    let second = Time::from_nanoseconds(MIDNIGHT + burst);
    assert_eq!((finding.kind, finding.since, finding.until), (Kind::Rise, Some(second), Some(second)), "{finding:#?}");
    assert!(finding.is_estimate && (79..=80).contains(&finding.count), "{finding:#?}");
}

#[test]
fn in_a_busy_log_a_change_begins_and_ends_with_its_results_and_not_with_the_hour() {
    // 60 people sign in every 10 minutes. One in 40 results has the code, and every other one from 14:17 to 16:13.
    let mut log = Log::default();
    let (start, end) = (14 * HOUR + 17 * MINUTE, 16 * HOUR + 13 * MINUTE);
    for minute in 0..24 * 60 {
        for user in (0..60).filter(|user| user % 10 == minute % 10) {
            let time = minute * MINUTE + user * SECOND;
            let number = minute / 10 * 7 + user * 3;
            let has_it = if (start..end).contains(&time) { number % 2 == 0 } else { number % 40 == 0 };
            log.add(time, 1, u32::try_from(user).unwrap() + 1, if has_it { 102 } else { 21 });
        }
    }
    log.0.sort_by_key(|one| one.time);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding)), (Kind::Rise, vec![102]));
    let is_near = |time: Option<Time>, expected: i64| {
        time.is_some_and(|time| (time.nanoseconds() - MIDNIGHT - expected).abs() <= 2 * MINUTE)
    };
    assert!(is_near(finding.since, start) && is_near(finding.until, end), "{finding:#?}");
}

#[test]
fn the_rate_of_a_short_time_is_not_its_number() {
    let mut log = Log::day();
    log.0.iter_mut().step_by(50).for_each(|one| one.code = 108);
    // 24 people within 23 minutes.
    (0..24).for_each(|user| log.add(12 * HOUR + i64::from(user) * MINUTE, user % 4 + 1, user + 1, 102));
    let finding = log.finding();
    assert_eq!((finding.kind, finding.count), (Kind::New, 24));
    let rate = finding.rates.unwrap().after;
    assert!((rate - 24.0 / (23.0 / 60.0)).abs() < 0.1, "{rate}");
}

#[test]
fn results_with_other_codes_show_how_often_people_signed_in() {
    let mut log = Log::day();
    log.0.iter_mut().step_by(3).for_each(|one| one.code = 2);
    log.change(20..24, 4, 102);
    let cells = log.cells().with_exposure(|key| *key != Key::Code(Code(102)));
    let found = find(&cells, Catalogue::built_in(), &Options::default());
    assert_eq!(found.list.len(), 1);
    assert_eq!((codes(&found.list[0]), found.list[0].since), (vec![102], log.first(102)));
    assert_eq!(found.list[0].fewer, []);
    let others = log.cells().with_exposure(|key| *key == Key::Code(Code(102)));
    let kinds: Vec<Vec<i32>> =
        find(&others, Catalogue::built_in(), &Options::default()).list.iter().map(codes).collect();
    assert!(kinds.iter().all(|codes| !codes.contains(&102)), "{kinds:?}");
}

#[test]
fn what_fell_and_then_ended_has_stopped_with_its_last_line() {
    let mut log = days(4);
    log.0.iter_mut().step_by(2).for_each(|one| one.code = 2);
    // For a few hours, there are still some.
    let late = log.0.iter_mut().filter(|one| one.code == 2 && one.time >= 60 * HOUR);
    late.enumerate()
        .filter(|(number, one)| number % 15 > 0 || one.time >= 74 * HOUR)
        .for_each(|(_, one)| one.code = 21);
    let last = log.0.iter().filter(|one| one.code == 2).map(|one| one.time).max().unwrap();
    assert!(last > 66 * HOUR, "{last}");
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding)), (Kind::Stopped, vec![2]));
    assert_eq!(finding.since, Some(Time::from_nanoseconds(MIDNIGHT + last)));
}

#[test]
fn a_rise_of_the_share_alone_is_no_finding() {
    // A job that has the code each hour goes on, while the users stop.
    let mut log = Log::day();
    log.0.retain(|one| one.time < 12 * HOUR);
    (0..24).for_each(|hour| log.add(hour * HOUR, 1, 99, 107));
    assert!(log.findings().iter().all(|finding| finding.kind != Kind::User || finding.rates.is_none()));
    // Ten people have it now and then, and most others stop.
    let mut log = days(2);
    log.0.retain(|one| one.user <= 10 || one.time < 24 * HOUR);
    log.0.iter_mut().filter(|one| one.user <= 10).step_by(3).for_each(|one| one.code = 102);
    assert!(log.findings().iter().all(|finding| finding.kind != Kind::Rise), "{:?}", log.findings());
}

#[test]
fn what_was_as_rare_before_has_not_fallen() {
    // In the morning of each second day.
    let mut log = days(6);
    log.0.iter_mut().filter(|one| one.time / HOUR % 48 < 24).step_by(2).for_each(|one| one.code = 2);
    let is_fall = |finding: &Finding| matches!(finding.kind, Kind::Fall | Kind::Stopped);
    assert!(!log.findings().iter().any(is_fall), "{:?}", log.findings());
}

#[test]
fn a_calm_period_between_two_storms_is_no_fall_and_what_comes_back_has_not_stopped() {
    // Every tenth result, but hardly any or none from the fourth day on, until the middle of the fifth one.
    let log = |one_in: usize| {
        let mut log = days(6);
        log.0.iter_mut().step_by(10).for_each(|one| one.code = 102);
        let calm = log.0.iter_mut().filter(|one| one.code == 102 && (72..108).contains(&(one.time / HOUR)));
        calm.enumerate().filter(|(number, _)| number % one_in > 0 || one_in > 100).for_each(|(_, one)| one.code = 21);
        log
    };
    for (one_in, kind) in [(15, Kind::Fall), (1_000, Kind::Stopped)] {
        let mut log = log(one_in);
        let finding = log.finding();
        assert_eq!((finding.kind, codes(&finding)), (kind, vec![102]));
        assert!(finding.until.is_some_and(|time| time >= at(107, 30) && time <= at(109, 0)), "{finding:?}");
        // Most of what was before came within a few hours, in which many people signed in.
        log.crowd(24..33, 8);
        assert_eq!(log.findings(), [], "{kind:?}");
    }
}

#[test]
fn what_goes_on_after_a_burst_has_not_fallen() {
    let mut log = days(6);
    log.0.iter_mut().step_by(10).for_each(|one| one.code = 102);
    let late = log.0.iter_mut().filter(|one| one.code == 102 && one.time / HOUR >= 48);
    late.enumerate().filter(|(number, _)| number % 8 > 0).for_each(|(_, one)| one.code = 21);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding), finding.until), (Kind::Fall, vec![102], None));
    log.crowd(24..30, 8);
    assert_eq!(log.findings(), []);
}

#[test]
fn more_people_than_ever_sign_in_are_a_surge() {
    let mut log = days(6);
    log.0.iter_mut().step_by(40).for_each(|one| one.code = 102);
    assert_eq!(log.findings(), []);
    // Within an hour, 400 others.
    for user in 100..500_u32 {
        log.add(100 * HOUR + i64::from(user) * 7 * SECOND, user % 4 + 1, user, 102);
    }
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding)), (Kind::Rise, vec![102]));
    assert!(finding.users_count >= 400 && finding.count >= 400, "{finding:?}");
    assert!(finding.since.is_some_and(|time| time >= at(100, 0) && time <= at(100, 12)), "{finding:?}");
    assert!(finding.until.is_some_and(|time| time >= at(100, 55) && time <= at(101, 0)), "{finding:?}");
}

#[test]
fn changes_of_a_user_at_the_same_time_are_one_finding() {
    let mut log = days(6);
    log.0.iter_mut().step_by(600).for_each(|one| one.code = [107, 126][one.user as usize % 2]);
    for hour in 60..100 {
        log.add(hour * HOUR + 5 * MINUTE, 1, 5, 107);
        log.add(hour * HOUR + 25 * MINUTE, 1, 5, 126);
    }
    let finding = log.finding();
    assert_eq!((finding.kind, texts(&finding.users)), (Kind::User, vec!["user05"]));
    assert_eq!(finding.codes.len(), 2);
}

#[test]
fn a_repeat_whose_result_comes_before_that_of_the_first_attempt_shows_the_timer() {
    let mut log = Log::default();
    for number in 0..12_i64 {
        let user = u32::try_from(number % 4).unwrap() + 1;
        let began = number * HOUR;
        // The first call takes 40 s, and the second one, after 30 s, ends at once.
        log.0.push(Result { time: began + 40 * SECOND, host: 1, user, code: 21, seconds: 40 });
        log.0.push(Result { time: began + 31 * SECOND, host: 1, user, code: 101, seconds: 1 });
    }
    let finding = log.finding();
    assert_eq!((finding.kind, finding.interval_ms, finding.count), (Kind::Retry, Some(30_000), 12));
    assert_eq!(finding.scopes.len(), 12);
}

#[test]
fn an_interval_that_few_repeats_have_is_no_timer() {
    let mut log = Log::default();
    for number in 0..100_i64 {
        let user = u32::try_from(number % 20).unwrap() + 1;
        let seconds = if number % 5 == 0 { 20 } else { 1 + number % 3 };
        log.add(number * 20 * MINUTE, 1, user, 101);
        log.add(number * 20 * MINUTE + seconds * SECOND, 1, user, 101);
    }
    assert_eq!(log.findings(), []);
}

#[test]
fn a_user_whose_attempts_nearly_all_have_a_code_is_mentioned_although_others_have_it_too() {
    let mut log = days(3);
    log.0.iter_mut().step_by(70).for_each(|one| one.code = 107);
    log.0.iter_mut().filter(|one| one.user == 5).for_each(|one| one.code = 107);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding), texts(&finding.users)), (Kind::User, vec![107], vec!["user05"]));
    assert!(finding.count_of_one * 10 < finding.count * 9 && finding.most_of_others * 5 <= finding.count_of_one);
    // Within a day, it may be a bad day.
    let mut log = Log::day();
    log.0.iter_mut().step_by(70).for_each(|one| one.code = 107);
    log.0.iter_mut().filter(|one| one.user == 5).for_each(|one| one.code = 107);
    assert!(log.findings().iter().all(|finding| finding.most_of_others == 0), "{:?}", log.findings());
}

#[test]
fn a_host_that_has_a_code_far_more_often_than_others_is_mentioned() {
    let mut log = days(3);
    log.0.iter_mut().for_each(|one| one.host = one.user % 10 + 1);
    log.0.iter_mut().step_by(37).for_each(|one| one.code = 136);
    assert_eq!(log.findings(), []);
    let bad = log.0.iter_mut().filter(|one| one.host == 3).enumerate().filter(|(number, _)| number % 7 < 3);
    bad.for_each(|(_, one)| one.code = 136);
    let finding = log.finding();
    assert_eq!((finding.kind, codes(&finding), texts(&finding.hosts)), (Kind::Host, vec![136], vec!["host3"]));
    assert!(finding.count_of_one * 10 < finding.count * 9 && finding.percent_of_all < 15.0, "{finding:?}");
}

#[test]
fn what_one_user_has_is_not_about_the_host() {
    // On each of ten hosts are six users. Each of them has the code in one of seven sign-ins, or one of them in three of four and the others hardly ever.
    let log = |is_bad: &dyn Fn(usize, u32) -> bool| {
        let mut log = days(3);
        log.0.iter_mut().for_each(|one| one.host = one.user % 10 + 1);
        log.0.iter_mut().step_by(151).for_each(|one| one.code = 136);
        let on_host = log.0.iter_mut().filter(|one| one.host == 3).enumerate();
        on_host.filter(|(number, one)| is_bad(*number, one.user)).for_each(|(_, one)| one.code = 136);
        let users = log.0.iter().filter(|one| one.host == 3 && one.code == 136).map(|one| one.user);
        assert!(users.collect::<std::collections::BTreeSet<u32>>().len() >= 3);
        log.findings().iter().filter(|finding| finding.kind == Kind::Host).count()
    };
    assert_eq!(log(&|number, _| number % 7 == 0), 1);
    assert_eq!(log(&|number, user| user == 12 && number / 6 % 4 < 3 || number % 50 == 3), 0);
}

#[test]
fn nothing_is_about_a_user_or_host_with_more_than_half_of_all_sign_ins() {
    // Keeps one in `kept` of the other results, and gives the code to one in `with_code` of those.
    let found = |is_one: &dyn Fn(&Result) -> bool, code: i32, kept: usize, with_code: usize| {
        let mut log = days(3);
        log.0.iter_mut().for_each(|one| one.host = one.user % 10 + 1);
        let (mut own, others): (Vec<Result>, Vec<Result>) = log.0.into_iter().partition(is_one);
        own.iter_mut().enumerate().filter(|(number, _)| number % 7 > 0).for_each(|(_, one)| one.code = code);
        let mut others: Vec<Result> = others.into_iter().step_by(kept).collect();
        others.iter_mut().skip(1).step_by(with_code).for_each(|one| one.code = code);
        let is_more = own.len() > others.len();
        log = Log([own, others].concat());
        log.0.sort_by_key(|one| one.time);
        let findings = log.findings();
        (is_more, findings.iter().any(|finding| matches!(finding.kind, Kind::User | Kind::Host)))
    };
    let (user, host) = (|one: &Result| one.user == 5, |one: &Result| one.host == 3);
    for (is_one, code, kept, with_code) in [
        // Nearly all results with the code, or far more than of any other one.
        (&user as &dyn Fn(&Result) -> bool, 107, [30, 65], 1_000),
        (&user, 107, [30, 65], 7),
        (&host, 136, [6, 12], 1_000),
        (&host, 136, [6, 12], 17),
    ] {
        let found = kept.map(|kept| found(is_one, code, kept, with_code));
        assert_eq!(found, [(false, true), (true, false)], "{code} {with_code}");
    }
}

/// Four days on five hosts with sign-ins in each minute of working hours.
fn working_days() -> Log {
    let mut log = Log::default();
    for minute in (0..4 * 24 * 60).filter(|minute| (8..18).contains(&(minute / 60 % 24))) {
        (1..=5).for_each(|host| log.add(minute * MINUTE, host, u32::try_from(minute % 50).unwrap() + 1, 21));
    }
    log
}

#[test]
fn a_hole_in_working_hours_is_a_gap_although_nights_are_longer() {
    let mut log = working_days();
    assert_eq!(log.findings(), []);
    log.0.retain(|one| one.host != 2 || !(57 * HOUR..63 * HOUR).contains(&one.time));
    let finding = log.finding();
    assert_eq!((finding.kind, texts(&finding.hosts)), (Kind::Gap, vec!["host2"]));
    assert_eq!((finding.since, finding.until), (Some(at(56, 59)), Some(at(63, 0))));
    // If nobody signs in, it is no hole of this host.
    log.0.retain(|one| !(57 * HOUR..63 * HOUR).contains(&one.time));
    assert!(log.findings().iter().all(|finding| finding.kind != Kind::Gap));
}

#[test]
fn a_host_that_was_in_use_for_some_hours_is_not_missing_from_a_log_of_many_hosts() {
    let mut log = Log::day();
    log.0.retain(|one| one.host != 4 || one.time < 9 * HOUR);
    let names = (1..=4).map(|number| format!("host{number}").into());
    let found = find(&log.cells().with_shared(names), Catalogue::built_in(), &Options::default());
    assert_eq!(found.list, []);
}
