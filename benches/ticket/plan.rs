//! What happened on a machine: when each sign-in began and ended, whose it was, and with which result. Nothing here knows
//! how a log looks.

use std::collections::HashMap;

use super::codes::{ROWS, Row};
use super::random::Random;
use super::{HOUR, MICROSECOND, MILLISECOND, SECOND, Spec, between, index};

/// Results of the same user and code are further apart than this in every log.
const APART: i64 = 5 * SECOND;

/// A sign-in begins at least this long before its machine falls silent, so that it can end.
const LONGEST: i64 = 60 * SECOND;

/// The sign-in that ends at [`Spec::across`] begins this long before it.
const LEAD: i64 = 10 * SECOND;

/// Everyday results: a code, how frequent it is, and how many in a hundred such sign-ins succeed.
#[rustfmt::skip]
const USUAL: [(i32, usize, u64); 17] = [
    (21, 380, 100), (19, 140, 100), (1, 120, 93), (2, 90, 97), (23, 60, 100), (108, 40, 0), (4, 35, 0), (133, 30, 0),
    (20, 30, 0), (6, 25, 100), (8, 20, 100), (101, 15, 0), (129, 10, 0), (138, 10, 0), (24, 5, 100), (102, 4, 0), (117, 1, 0),
];

/// Which logs record a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    Both,
    Service,
    Radius,
    /// Both logs, and the same user calls again at once.
    BothTwice,
}

/// One sign-in, or two if the user calls again at once.
pub(super) struct Event {
    pub(super) recorded: Recorded,
    pub(super) burst: usize,
    /// Which of the machine's threads it runs on. No two run on one thread at a time.
    pub(super) thread: usize,
    /// When the call begins and when the RADIUS service gets its result; the same for the second call, if there is one.
    pub(super) times: Vec<i64>,
    pub(super) user: usize,
    pub(super) row: &'static Row,
    pub(super) succeeded: bool,
}

/// Returns the times in which the machine may log, with some space at both ends for clocks that differ.
pub(super) fn windows(spec: &Spec, machine: usize) -> Vec<(i64, i64)> {
    let day = spec.start - spec.start.rem_euclid(24 * HOUR);
    let end = spec.ends.iter().filter(|(of, _)| *of == machine).map(|(_, end)| *end).min();
    let end = end.map_or(spec.start + spec.span, |end| end.min(spec.start + spec.span));
    let mut silent: Vec<i64> = spec.gaps.iter().filter(|(of, _)| *of == machine).map(|(_, hour)| *hour).collect();
    silent.sort_unstable();
    let mut windows = Vec::new();
    let mut from = spec.start;
    for hour in silent {
        windows.push((from, end.min(day + hour * HOUR)));
        from = from.max(day + (hour + 1) * HOUR);
    }
    windows.push((from, end));
    let margin = spec.skew + 10 * MILLISECOND;
    windows.iter_mut().for_each(|(from, to)| (*from, *to) = (*from + margin, *to - margin));
    windows.retain(|(from, to)| to - from > 2 * LONGEST);
    assert!(!windows.is_empty(), "machine {machine} has no two minutes in which it may log");
    windows
}

/// Returns a random time in the windows, at least `before` before the end of one.
pub(super) fn moment(windows: &[(i64, i64)], before: i64, random: &mut Random) -> i64 {
    let total = windows.iter().map(|(from, to)| to - from - before).sum();
    let mut rest = between(random, 0, total);
    for (from, to) in windows {
        let length = to - from - before;
        if rest < length {
            return from + rest;
        }
        rest -= length;
    }
    unreachable!("the time is below the sum of the windows")
}

/// Returns what happens on a machine, in the order in which the calls end.
pub(super) fn events(
    spec: &Spec,
    windows: &[(i64, i64)],
    outage: Option<i64>,
    recorded: &[Recorded],
    random: &mut Random,
) -> Vec<Event> {
    let mut events = Vec::with_capacity(recorded.len());
    let begins = begins(spec, windows, recorded.len().div_ceil(spec.burst), random);
    for (burst, recorded) in recorded.chunks(spec.burst).enumerate() {
        let begin = begins[burst];
        let lasts = match spec.across {
            Some(across) if across - LEAD == begin => LEAD + MILLISECOND / 2,
            _ => between(random, 3 * SECOND, 45 * SECOND),
        };
        // Threads take turns, and each has to be done before its next turn.
        let first = burst * spec.burst;
        let room =
            begins.get((first + spec.threads) / spec.burst).map_or(HOUR, |next| HOUR.min(next - begin - MILLISECOND));
        for (index, &recorded) in recorded.iter().enumerate() {
            let mut times = vec![index as i64 * MICROSECOND, lasts];
            if recorded == Recorded::BothTwice {
                times.push(lasts + between(random, 100 * MILLISECOND, 600 * MILLISECOND));
                times.push(lasts + between(random, 700 * MILLISECOND, 1_900 * MILLISECOND));
            }
            let needed = room.max(times[times.len() - 1]) / MICROSECOND;
            for time in &mut times {
                *time = begin + *time / MICROSECOND * (room / MICROSECOND) / needed * MICROSECOND;
            }
            if spec.burst > 1 {
                let within = times[1] - times[1] % MILLISECOND + between(random, 0, 3 * MICROSECOND);
                times[1] = within.max(times[0]);
            }
            let thread = (first + index) % spec.threads;
            events.push(Event { recorded, burst, thread, times, user: 0, row: &ROWS[0], succeeded: false });
        }
    }
    events.sort_by_key(|event| event.times[1]);
    set_results(spec, outage, &mut events, random);
    events
}

/// Returns when the sign-ins of each burst begin, in order and no two at the same time.
fn begins(spec: &Spec, windows: &[(i64, i64)], count: usize, random: &mut Random) -> Vec<i64> {
    let mut begins: Vec<i64> = (0..count).map(|_| moment(windows, LONGEST, random)).collect();
    if let (Some(first), Some(across)) = (begins.first_mut(), spec.across) {
        *first = across - LEAD;
    }
    begins.sort_unstable();
    for burst in 1..count {
        begins[burst] = begins[burst].max(begins[burst - 1] + 2 * MILLISECOND);
    }
    begins
}

/// Gives each event a user and a result, so that those of the same user and code are far enough apart.
fn set_results(spec: &Spec, outage: Option<i64>, events: &mut [Event], random: &mut Random) {
    let apart = APART + 2 * spec.skew + 10 * MILLISECOND;
    let mut last: HashMap<(usize, i32), i64> = HashMap::new();
    let mut before: Option<(usize, &'static Row, bool)> = None;
    for event in events {
        let end = event.times[1];
        let outage = outage.is_some_and(|start| end >= start);
        let same = before.filter(|(burst, row, _)| *burst == event.burst && row.symbol.is_some());
        let draw = || {
            // The smaller of two numbers: some people sign in much more often than others.
            event.user = index(random, spec.users).min(index(random, spec.users));
            (event.row, event.succeeded) = result(event.recorded, outage, random);
            if let Some((_, row, succeeded)) = same
                && event.recorded != Recorded::BothTwice
                && random.below(2) == 0
            {
                (event.row, event.succeeded) = (row, succeeded);
            }
            last.get(&(event.user, event.row.code)).is_none_or(|last| end > last + apart)
        };
        assert!(std::iter::repeat_with(draw).take(1_000).any(|apart| apart), "too few users for so many sign-ins");
        last.insert((event.user, event.row.code), event.times[event.times.len() - 1]);
        before = Some((event.burst, event.row, event.succeeded));
    }
}

/// Returns a random result, and whether the sign-in succeeds.
fn result(recorded: Recorded, outage: bool, random: &mut Random) -> (&'static Row, bool) {
    if recorded == Recorded::BothTwice {
        return (row(108), false);
    }
    if recorded == Recorded::Radius && random.below(2) == 0 {
        return (random.pick(&ROWS), false);
    }
    if outage && random.below(5) < 4 {
        return (row(*random.pick(&[102, 117])), false);
    }
    if random.below(50) == 0 {
        let named: Vec<&Row> = ROWS.iter().filter(|row| row.symbol.is_some()).collect();
        return (*random.pick(&named), random.below(2) == 0);
    }
    let mut rest = index(random, USUAL.iter().map(|usual| usual.1).sum());
    for (code, weight, succeed) in USUAL {
        if rest < weight {
            return (row(code), random.below(100) < succeed);
        }
        rest -= weight;
    }
    unreachable!("the index is below the sum of the weights")
}

fn row(code: i32) -> &'static Row {
    ROWS.iter().find(|row| row.code == code).expect("a code of the table")
}
