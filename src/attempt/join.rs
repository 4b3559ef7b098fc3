//! Joins the lines of one sign-in.
//!
//! Some programs write the user, the outcome and the result of a sign-in on different lines of the same process and thread:
//!
//! ```text
//! 02:57:19.234|0|1412|6452|pfrad|Calling pfAuthUser('ann', '', 1)     begins a sign-in
//! 02:57:21.004|0|1412|6460|pfrad|Calling pfAuthUser('bob', '', 1)     of another thread
//! 02:57:24.600|0|1412|6452|pfrad|authResult = 1                       belongs to the first
//! 02:57:24.600|0|1412|6452|pfrad|rawCallStatus = 21                   its result
//! ```
//!
//! A *lane* is what one thread of one program writes into one log. Its lines are joined by these rules, whatever their order:
//!
//! * A line that begins a sign-in always starts a new [`Attempt`].
//! * Any other line belongs to the attempt that is open in its lane, unless that already has what the line says: a result, a user or
//!   an outcome. Then it starts a new attempt. So it does if its time is further than [`SPAN_LIMIT`] from that of the open attempt.
//! * If nothing tells which thread wrote a line, it belongs only to the line before or after it.
//!
//! An attempt ends when the next one starts in its lane, or at the end of the log. Lines may be missing: there are attempts without a
//! result, and results without their first line.
//!
//! A rotated log continues in another file. [`Joiner::finish`] returns both [`Edges`] of a file, so that [`stitch`] can join
//! the end of one with the beginning of the next.
//!
//! Memory: at most [`LANES_LIMIT`] lanes. If there are more, the half that was silent for longest ends.

use std::hash::Hash;
use std::ops::Range;

use foldhash::{HashMap, HashMapExt as _};

use super::Outcome;
use crate::time::Time;

/// The longest time from the first line of an attempt to its last, in nanoseconds: ten minutes. Calls take a minute.
pub const SPAN_LIMIT: i64 = 600 * 1_000_000_000;

/// The largest number of lanes that are open at the same time.
pub const LANES_LIMIT: usize = 1 << 16;

/// The most bytes between two lines that are beside each other: CRLF in UTF-16.
const LINE_END_BYTES: u64 = 4;

/// How many lines at the beginning of a lane may belong to an attempt that began in another file.
const HEAD_LINES: usize = 64;

/// What the lines of a sign-in say besides its result. `T` is a text, or its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said<T> {
    /// The user.
    pub user: Option<T>,
    /// The log's word on the sign-in.
    pub outcome: Option<Outcome>,
    /// The machine.
    pub host: Option<T>,
    /// The network address of the user.
    pub address: Option<T>,
}

/// A line of a sign-in, with the result `R` if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<T, R> {
    /// Whether the line begins a sign-in.
    pub begins: bool,
    /// The time of the line.
    pub time: Option<Time>,
    /// What it says.
    pub said: Said<T>,
    /// The result in it.
    pub result: Option<R>,
    /// Where the line is in its source, in bytes, if it belongs only to lines beside it: nothing tells which thread wrote it.
    pub beside: Option<Range<u64>>,
}

/// A sign-in, joined from its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt<T, R> {
    /// The time of the line that begins the sign-in, if there is one.
    pub began: Option<Time>,
    /// What its lines say.
    pub said: Said<T>,
    /// Its result; `None` if the log has none.
    pub result: Option<R>,
    /// The time of its first line.
    first: Option<Time>,
    /// Where its last line ends, if only the line beside it belongs to it.
    end: Option<u64>,
}

impl<T, R> Attempt<T, R> {
    /// Returns the attempt of a line to which no other belongs.
    #[must_use]
    pub fn alone(line: Line<T, R>) -> Attempt<T, R> {
        Attempt::start(line)
    }

    /// Starts an attempt with its first line.
    fn start(line: Line<T, R>) -> Attempt<T, R> {
        let Line { begins, time, said, result, beside } = line;
        Attempt { began: time.filter(|_| begins), said, result, first: time, end: beside.map(|place| place.end) }
    }

    /// Whether `line` may belong to this attempt.
    fn admits(&self, line: &Line<T, R>) -> bool {
        let both = |mine: bool, theirs: bool| mine && theirs;
        let too_late = match (self.first, line.time) {
            (Some(first), Some(time)) => time.nanoseconds().abs_diff(first.nanoseconds()) > SPAN_LIMIT.unsigned_abs(),
            _ => false,
        };
        let repeats = both(self.result.is_some(), line.result.is_some())
            || both(self.said.user.is_some(), line.said.user.is_some())
            || both(self.said.outcome.is_some(), line.said.outcome.is_some());
        let is_apart = match (self.end, &line.beside) {
            (Some(end), Some(place)) => place.start.checked_sub(end).is_none_or(|gap| gap > LINE_END_BYTES),
            _ => false,
        };
        !line.begins && !too_late && !repeats && !is_apart
    }

    /// Adds what a line says that is not known yet.
    fn add(&mut self, line: Line<T, R>) {
        let Said { user, outcome, host, address } = line.said;
        let said = &mut self.said;
        said.user = said.user.take().or(user);
        said.outcome = said.outcome.take().or(outcome);
        said.host = said.host.take().or(host);
        said.address = said.address.take().or(address);
        self.result = self.result.take().or(line.result);
        self.first = self.first.or(line.time);
        self.end = line.beside.map(|place| place.end);
    }
}

/// Adds a line to the attempt that is open in its lane. Returns the attempt that ends with that.
fn join<T, R>(open: &mut Option<Attempt<T, R>>, line: Line<T, R>) -> Option<Attempt<T, R>> {
    match open {
        Some(attempt) if attempt.admits(&line) => {
            attempt.add(line);
            None
        }
        _ => open.replace(Attempt::start(line)),
    }
}

/// Joins the lines of one file.
#[derive(Debug)]
pub struct Joiner<L, T, R> {
    lanes: HashMap<L, Lane<T, R>>,
    /// The number of lines so far.
    lines: u64,
}

#[derive(Debug)]
struct Lane<T, R> {
    /// The first lines, until one begins a sign-in. They may belong to an attempt of the file before.
    head: Vec<Line<T, R>>,
    is_in_head: bool,
    open: Option<Attempt<T, R>>,
    /// The number of the last line.
    last: u64,
}

/// What may go on in the files before and after a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edges<L, T, R> {
    lanes: Vec<Edge<L, T, R>>,
}

/// What may go on of one lane: its first lines before one that begins a sign-in, and the attempt that is open at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edge<L, T, R> {
    lane: L,
    head: Vec<Line<T, R>>,
    tail: Option<Attempt<T, R>>,
}

impl<L, T, R> Edges<L, T, R> {
    /// Whether nothing may go on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }
}

impl<L, T, R> Default for Joiner<L, T, R> {
    fn default() -> Self {
        Joiner { lanes: HashMap::new(), lines: 0 }
    }
}

impl<L: Clone + Eq + Hash + Ord, T, R> Joiner<L, T, R> {
    /// Adds the next line, which is in `lane`, and passes every attempt that has ended to `done`.
    pub fn line(&mut self, lane: &L, line: Line<T, R>, done: &mut impl FnMut(Attempt<T, R>)) {
        self.lines += 1;
        let Some(state) = self.lanes.get_mut(lane) else {
            if self.lanes.len() >= LANES_LIMIT {
                self.end_silent(done);
            }
            let is_in_head = !line.begins;
            let (head, open) = if is_in_head { (vec![line], None) } else { (Vec::new(), Some(Attempt::start(line))) };
            self.lanes.insert(lane.clone(), Lane { head, is_in_head, open, last: self.lines });
            return;
        };
        state.last = self.lines;
        if state.is_in_head && !line.begins {
            if state.head.len() < HEAD_LINES {
                state.head.push(line);
                return;
            }
            // So many lines without a beginning: nothing in them depends on another file any more.
            for line in state.head.drain(..) {
                join(&mut state.open, line).into_iter().for_each(&mut *done);
            }
        }
        state.is_in_head = false;
        join(&mut state.open, line).into_iter().for_each(done);
    }

    /// Ends the half of the lanes that was silent for longest.
    fn end_silent(&mut self, done: &mut impl FnMut(Attempt<T, R>)) {
        let mut last: Vec<u64> = self.lanes.values().map(|lane| lane.last).collect();
        last.sort_unstable();
        let limit = last[last.len() / 2];
        let mut silent: Vec<Lane<T, R>> =
            self.lanes.extract_if(|_, lane| lane.last < limit).map(|(_, lane)| lane).collect();
        silent.sort_unstable_by_key(|lane| lane.last);
        for Lane { head, open, .. } in silent {
            end(None, head, done).into_iter().chain(open).for_each(&mut *done);
        }
    }

    /// Ends the file, and returns what may go on in others.
    #[must_use]
    pub fn finish(self) -> Edges<L, T, R> {
        let edge = |(lane, Lane { head, open, .. })| Edge { lane, head, tail: open };
        let mut lanes: Vec<_> = self.lanes.into_iter().map(edge).collect();
        lanes.sort_unstable_by(|one, other| one.lane.cmp(&other.lane));
        Edges { lanes }
    }
}

/// Joins the first lines of a file with the attempt that the file before left open. Returns the attempt that is open after them.
fn end<T, R>(
    mut open: Option<Attempt<T, R>>,
    head: Vec<Line<T, R>>,
    done: &mut impl FnMut(Attempt<T, R>),
) -> Option<Attempt<T, R>> {
    for line in head {
        join(&mut open, line).into_iter().for_each(&mut *done);
    }
    open
}

/// Joins the edges of the files of one log, which come in the order in which they were written, and passes every attempt to `done`.
pub fn stitch<L: Eq + Hash + Ord, T, R>(
    files: impl IntoIterator<Item = Edges<L, T, R>>,
    done: &mut impl FnMut(Attempt<T, R>),
) {
    let mut open_by_lane: HashMap<L, Attempt<T, R>> = HashMap::new();
    for Edges { lanes } in files {
        for Edge { lane, head, tail } in lanes {
            let before = open_by_lane.remove(&lane);
            let after = end(before, head, done);
            let open = match tail {
                Some(tail) => {
                    after.into_iter().for_each(&mut *done);
                    Some(tail)
                }
                // All lines of the lane in this file were its head, which may go on in the next.
                None => after,
            };
            open_by_lane.extend(open.map(|open| (lane, open)));
        }
    }
    let mut left: Vec<_> = open_by_lane.into_iter().collect();
    left.sort_unstable_by(|(lane, _), (other, _)| lane.cmp(other));
    left.into_iter().for_each(|(_, attempt)| done(attempt));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type TestLine = Line<u8, u8>;
    type TestAttempt = Attempt<u8, u8>;

    fn line(begins: bool, second: i64, user: Option<u8>, outcome: Option<Outcome>, result: Option<u8>) -> TestLine {
        let time = Some(Time::from_nanoseconds(second * 1_000_000_000));
        Line { begins, time, said: Said { user, outcome, host: None, address: None }, result, beside: None }
    }

    fn call(second: i64, user: u8) -> TestLine {
        line(true, second, Some(user), None, None)
    }

    fn outcome(second: i64, outcome: u8) -> TestLine {
        let outcome = if outcome == 0 { Outcome::Failed } else { Outcome::Succeeded };
        line(false, second, None, Some(outcome), None)
    }

    fn result(second: i64, result: u8) -> TestLine {
        line(false, second, None, None, Some(result))
    }

    /// Joins files of lines, each with its lane, and returns user, outcome and result of every attempt, sorted.
    fn joined(files: &[&[(u8, TestLine)]]) -> Vec<(Option<u8>, Option<u8>, Option<u8>)> {
        let number = |outcome: Outcome| u8::from(outcome == Outcome::Succeeded);
        let mut attempts: Vec<TestAttempt> = Vec::new();
        let mut edges = Vec::new();
        for file in files {
            let mut joiner = Joiner::default();
            for (lane, line) in *file {
                joiner.line(lane, line.clone(), &mut |attempt| attempts.push(attempt));
            }
            edges.push(joiner.finish());
        }
        stitch(edges, &mut |attempt| attempts.push(attempt));
        let mut shown: Vec<_> = attempts
            .iter()
            .map(|attempt| (attempt.said.user, attempt.said.outcome.map(number), attempt.result))
            .collect();
        shown.sort_unstable();
        shown
    }

    #[test]
    fn user_outcome_and_result_are_joined_in_either_order() {
        let usual = [(1, call(0, 7)), (1, outcome(5, 1)), (1, result(5, 21))];
        let other = [(1, call(0, 7)), (1, result(5, 21)), (1, outcome(5, 1))];
        for lines in [usual, other] {
            assert_eq!(joined(&[&lines]), [(Some(7), Some(1), Some(21))]);
        }
    }

    #[test]
    fn threads_are_kept_apart() {
        let lines = [
            (1, call(0, 7)),
            (2, call(1, 8)),
            (2, outcome(2, 0)),
            (1, outcome(3, 1)),
            (1, result(3, 21)),
            (2, result(4, 108)),
        ];
        assert_eq!(joined(&[&lines]), [(Some(7), Some(1), Some(21)), (Some(8), Some(0), Some(108))]);
    }

    #[test]
    fn missing_lines_leave_a_call_without_result_and_a_result_without_call() {
        let lines = [(1, call(0, 7)), (1, call(60, 8)), (1, outcome(70, 0)), (1, result(70, 4)), (1, result(90, 13))];
        assert_eq!(joined(&[&lines]), [(None, None, Some(13)), (Some(7), None, None), (Some(8), Some(0), Some(4))]);
    }

    #[test]
    fn a_line_that_comes_too_late_starts_another_attempt() {
        let seconds = SPAN_LIMIT / 1_000_000_000;
        let lines = [(1, call(0, 7)), (1, result(seconds, 21))];
        assert_eq!(joined(&[&lines]), [(Some(7), None, Some(21))]);
        let lines = [(1, call(0, 7)), (1, result(seconds + 1, 21))];
        assert_eq!(joined(&[&lines]), [(None, None, Some(21)), (Some(7), None, None)]);
    }

    #[test]
    fn without_a_thread_only_lines_beside_each_other_are_joined() {
        let beside = |line: TestLine, place: Range<u64>| (1, Line { beside: Some(place), ..line });
        let lines = [beside(outcome(0, 1), 0..9), beside(result(0, 21), 11..30)];
        assert_eq!(joined(&[&lines]), [(None, Some(1), Some(21))]);
        let lines = [beside(outcome(0, 1), 0..9), beside(result(0, 21), 14..30)];
        assert_eq!(joined(&[&lines]), [(None, None, Some(21)), (None, Some(1), None)]);
    }

    #[test]
    fn lanes_that_are_silent_end_when_there_are_too_many() {
        let lanes = u32::try_from(LANES_LIMIT).unwrap();
        let mut ended = Vec::new();
        let mut joiner: Joiner<u32, u32, u8> = Joiner::default();
        for lane in 0..=lanes {
            let said = Said { user: Some(lane), outcome: None, host: None, address: None };
            let line = Line { begins: true, time: None, said, result: None, beside: None };
            joiner.line(&lane, line, &mut |attempt| ended.extend(attempt.said.user));
        }
        assert!(ended.iter().copied().eq(0..lanes / 2), "the oldest half, in order");
    }

    fn lines() -> impl Strategy<Value = Vec<(u8, TestLine)>> {
        // With a beginning often enough, so that no head is longer than the limit.
        let line = (0_u8..2, 0_u8..4, 0_u8..3).prop_map(|(lane, kind, value)| {
            let line = match kind {
                0 | 1 => call(0, value),
                2 => outcome(0, value),
                _ => result(0, value),
            };
            (lane, line)
        });
        prop::collection::vec(line, 0..24)
    }

    proptest! {
        #[test]
        fn any_cut_into_files_gives_the_same_attempts(lines in lines(), cuts in (0_usize..24, 0_usize..24)) {
            let (low, high) = (cuts.0.min(cuts.1).min(lines.len()), cuts.0.max(cuts.1).min(lines.len()));
            let whole = joined(&[&lines]);
            prop_assert_eq!(joined(&[&lines[..low], &lines[low..]]), whole.clone());
            prop_assert_eq!(joined(&[&lines[..low], &lines[low..high], &lines[high..]]), whole);
        }
    }
}
