//! Joins the lines of one sign-in.
//!
//! Some programs write the user, the outcome and the result of a sign-in on different lines, all from the same process and
//! thread:
//!
//! ```text
//! 02:57:19.234|0|1412|6452|pfrad|Calling pfAuthUser('ann', '', 1)     begins a sign-in
//! 02:57:21.004|0|1412|6460|pfrad|Calling pfAuthUser('bob', '', 1)     begins another, on another thread
//! 02:57:24.600|0|1412|6452|pfrad|authResult = 1                       belongs to the first
//! 02:57:24.600|0|1412|6452|pfrad|rawCallStatus = 21                   is its result
//! ```
//!
//! A *writer* is one thread of one program on one machine. The lines of a writer are joined according to these rules:
//!
//! * A line that begins a sign-in always starts a new [`Attempt`].
//! * Any other line is added to the writer's open attempt. It starts a new attempt if the open one already has a result, a user
//!   or an outcome and the line has another, or if their times are more than [`SPAN_LIMIT`] apart.
//! * If a line names neither its process nor its thread, it can be joined only to a line directly before or after it.
//!
//! An attempt ends when its writer starts the next one, or at the end of the log. Because lines may be missing, there are
//! attempts without a result, and results without the line that began the sign-in.
//!
//! A rotated log continues in another file. [`Joiner::finish`] returns the [`Edges`] of a file, its unfinished beginnings and
//! ends, and [`stitch`] joins the end of each file with the beginning of the next.
//!
//! Memory: a [`Joiner`] tracks at most [`WRITERS_LIMIT`] writers. If there are more, it ends the attempts of the half that has
//! been silent for longest.

use std::hash::Hash;
use std::ops::Range;

use foldhash::{HashMap, HashMapExt as _};

use super::Outcome;
use crate::time::Time;

/// The longest time between the first line of an attempt and any other of its lines, in nanoseconds: ten minutes. A call takes
/// about a minute.
pub const SPAN_LIMIT: i64 = 600 * 1_000_000_000;

/// The largest number of writers that a [`Joiner`] tracks at the same time.
pub const WRITERS_LIMIT: usize = 1 << 16;

/// The largest number of bytes between two lines that directly follow each other: CRLF in UTF-16.
const LINE_END_BYTES: u64 = 4;

/// How many of a writer's first lines are kept because they may belong to an attempt that began in another file.
const HEAD_LINES: usize = 64;

/// The values that a line or a sign-in has besides its result. `T` is a text, or the number of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said<T> {
    /// The name of the user.
    pub user: Option<T>,
    /// Whether the sign-in succeeded, according to the log.
    pub outcome: Option<Outcome>,
    /// The name of the machine.
    pub host: Option<T>,
    /// The network address of the user.
    pub address: Option<T>,
}

/// A line that belongs to a sign-in. `R` is the type of its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<T, R> {
    /// Whether the line begins a sign-in.
    pub begins: bool,
    /// The time of the line, if it has one.
    pub time: Option<Time>,
    /// The user, outcome, machine and address that the line names.
    pub said: Said<T>,
    /// The result in the line, if there is one.
    pub result: Option<R>,
    /// The byte range of the line in its source if it can be joined only to the lines directly before and after it, because it
    /// names neither process nor thread. `None` if it names one.
    pub beside: Option<Range<u64>>,
}

/// A sign-in, joined from the lines of one writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt<T, R> {
    /// The time of the line that begins the sign-in. `None` if that line is missing or has no time.
    pub began: Option<Time>,
    /// The user, outcome, machine and address, from all lines of the sign-in.
    pub said: Said<T>,
    /// The result of the sign-in, or `None` if the log has none.
    pub result: Option<R>,
    /// The time of the sign-in's first line with a time.
    first: Option<Time>,
    /// The offset in the source at which the last line ends, if only the line directly after it can be added. `None` if lines are
    /// joined by their process and thread.
    end: Option<u64>,
}

impl<T, R> Attempt<T, R> {
    /// Creates an attempt that consists of a single line.
    #[must_use]
    pub fn alone(line: Line<T, R>) -> Attempt<T, R> {
        Attempt::start(line)
    }

    /// Creates an attempt from its first line.
    fn start(line: Line<T, R>) -> Attempt<T, R> {
        let Line { begins, time, said, result, beside } = line;
        Attempt { began: time.filter(|_| begins), said, result, first: time, end: beside.map(|place| place.end) }
    }

    /// Whether `line` can be added to this attempt.
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

    /// Adds a line to the attempt. Values that the attempt already has stay as they are.
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

/// Adds a line to the open attempt, or starts a new one with it. Returns the attempt that ended, if a new one was started.
fn join<T, R>(open: &mut Option<Attempt<T, R>>, line: Line<T, R>) -> Option<Attempt<T, R>> {
    match open {
        Some(attempt) if attempt.admits(&line) => {
            attempt.add(line);
            None
        }
        _ => open.replace(Attempt::start(line)),
    }
}

/// Joins the lines of the sign-ins in one file.
#[derive(Debug)]
pub struct Joiner<W, T, R> {
    writers: HashMap<W, Writer<T, R>>,
    /// The number of lines of the file that have been added.
    lines: u64,
}

/// The lines of one writer that may still be joined to others.
#[derive(Debug)]
struct Writer<T, R> {
    /// The writer's lines before the first that begins a sign-in. They may belong to an attempt that began in the previous file.
    head: Vec<Line<T, R>>,
    /// Whether the writer has not begun a sign-in yet, so that its next line also belongs to `head`.
    is_in_head: bool,
    /// The attempt to which the next line may be added.
    open: Option<Attempt<T, R>>,
    /// The number of the writer's last line, counted from the start of the file.
    last: u64,
}

/// The beginnings and ends of a file's sign-ins that may continue in the previous or the next file, for each writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edges<W, T, R> {
    writers: Vec<Edge<W, T, R>>,
}

/// The beginning and end of a file for one writer: its lines before the first that begins a sign-in, and the attempt that is open
/// at the end of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edge<W, T, R> {
    writer: W,
    head: Vec<Line<T, R>>,
    tail: Option<Attempt<T, R>>,
}

impl<W, T, R> Edges<W, T, R> {
    /// Whether the file has no sign-in that may continue in another file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writers.is_empty()
    }
}

impl<W, T, R> Default for Joiner<W, T, R> {
    fn default() -> Self {
        Joiner { writers: HashMap::new(), lines: 0 }
    }
}

impl<W: Clone + Eq + Hash + Ord, T, R> Joiner<W, T, R> {
    /// Adds the next line of the file, which `writer` wrote. Passes every attempt that ends to `done`.
    pub fn line(&mut self, writer: &W, line: Line<T, R>, done: &mut impl FnMut(Attempt<T, R>)) {
        self.lines += 1;
        let Some(state) = self.writers.get_mut(writer) else {
            if self.writers.len() >= WRITERS_LIMIT {
                self.end_silent(done);
            }
            let is_in_head = !line.begins;
            let (head, open) = if is_in_head { (vec![line], None) } else { (Vec::new(), Some(Attempt::start(line))) };
            self.writers.insert(writer.clone(), Writer { head, is_in_head, open, last: self.lines });
            return;
        };
        state.last = self.lines;
        if state.is_in_head && !line.begins {
            if state.head.len() < HEAD_LINES {
                state.head.push(line);
                return;
            }
            // After so many lines that do not begin a sign-in, the previous file no longer matters.
            for line in state.head.drain(..) {
                join(&mut state.open, line).into_iter().for_each(&mut *done);
            }
        }
        state.is_in_head = false;
        join(&mut state.open, line).into_iter().for_each(done);
    }

    /// Ends the attempts of the half of the writers that has been silent for longest.
    fn end_silent(&mut self, done: &mut impl FnMut(Attempt<T, R>)) {
        let mut last: Vec<u64> = self.writers.values().map(|writer| writer.last).collect();
        last.sort_unstable();
        let limit = last[last.len() / 2];
        let mut silent: Vec<Writer<T, R>> =
            self.writers.extract_if(|_, writer| writer.last < limit).map(|(_, writer)| writer).collect();
        silent.sort_unstable_by_key(|writer| writer.last);
        for Writer { head, open, .. } in silent {
            end(None, head, done).into_iter().chain(open).for_each(&mut *done);
        }
    }

    /// Ends the file. Returns its edges, the sign-ins that may continue in other files, for [`stitch`].
    #[must_use]
    pub fn finish(self) -> Edges<W, T, R> {
        let edge = |(writer, Writer { head, open, .. })| Edge { writer, head, tail: open };
        let mut writers: Vec<_> = self.writers.into_iter().map(edge).collect();
        writers.sort_unstable_by(|one, other| one.writer.cmp(&other.writer));
        Edges { writers }
    }
}

/// Joins the first lines of a writer in a file with the attempt that the previous file left open. Passes attempts that end to
/// `done`. Returns the attempt that is still open after these lines.
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

/// Joins the edges of the files of one log and passes every attempt to `done`. The files must be in the order in which they were
/// written.
pub fn stitch<W: Eq + Hash + Ord, T, R>(
    files: impl IntoIterator<Item = Edges<W, T, R>>,
    done: &mut impl FnMut(Attempt<T, R>),
) {
    let mut open_by_writer: HashMap<W, Attempt<T, R>> = HashMap::new();
    for Edges { writers } in files {
        for Edge { writer, head, tail } in writers {
            let before = open_by_writer.remove(&writer);
            let after = end(before, head, done);
            let open = match tail {
                Some(tail) => {
                    after.into_iter().for_each(&mut *done);
                    Some(tail)
                }
                // All of the writer's lines in this file are in `head`, so the attempt may continue in the next file.
                None => after,
            };
            open_by_writer.extend(open.map(|open| (writer, open)));
        }
    }
    let mut left: Vec<_> = open_by_writer.into_iter().collect();
    left.sort_unstable_by(|(writer, _), (other, _)| writer.cmp(other));
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

    /// Joins several files of lines, each line with its writer. Returns the user, outcome and result of every attempt, sorted.
    fn joined(files: &[&[(u8, TestLine)]]) -> Vec<(Option<u8>, Option<u8>, Option<u8>)> {
        let number = |outcome: Outcome| u8::from(outcome == Outcome::Succeeded);
        let mut attempts: Vec<TestAttempt> = Vec::new();
        let mut edges = Vec::new();
        for file in files {
            let mut joiner = Joiner::default();
            for (writer, line) in *file {
                joiner.line(writer, line.clone(), &mut |attempt| attempts.push(attempt));
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
    fn the_writers_that_are_silent_for_longest_end_if_there_are_too_many() {
        let writers = u32::try_from(WRITERS_LIMIT).unwrap();
        let mut ended = Vec::new();
        let mut joiner: Joiner<u32, u32, u8> = Joiner::default();
        for writer in 0..=writers {
            let said = Said { user: Some(writer), outcome: None, host: None, address: None };
            let line = Line { begins: true, time: None, said, result: None, beside: None };
            joiner.line(&writer, line, &mut |attempt| ended.extend(attempt.said.user));
        }
        assert!(ended.iter().copied().eq(0..writers / 2), "the oldest half, in order");
    }

    fn lines() -> impl Strategy<Value = Vec<(u8, TestLine)>> {
        // Fewer lines than a head may have.
        let line = (0_u8..2, 0_u8..4, 0_u8..3).prop_map(|(writer, kind, value)| {
            let line = match kind {
                0 | 1 => call(0, value),
                2 => outcome(0, value),
                _ => result(0, value),
            };
            (writer, line)
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
