//! Collects the sign-ins that a filter keeps, to show them in the order of time.
//!
//! Memory is limited: if there are more than [`TIMELINE_LIMIT`] results, only the latest are kept.

use crate::attempt::{Outcome, SignIn};
use crate::code::Key;
use crate::time::Time;

/// The largest number of results in a timeline.
pub const TIMELINE_LIMIT: usize = 100_000;

/// The results of a run in the order of time. Those without a time come last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The results.
    pub events: Vec<Event>,
    /// The number of earlier results that are left out.
    pub left_out: u64,
}

/// A result, with what is known about its sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The time of the result, if its line has one that can be read.
    pub time: Option<Time>,
    /// The code or name.
    pub key: Key,
    /// Whether a general pattern found it.
    pub is_general: bool,
    /// The user, as written in the log.
    pub user: Option<Box<str>>,
    /// The machine.
    pub host: Option<Box<str>>,
    /// The network address of the user.
    pub address: Option<Box<str>>,
    /// Whether the sign-in succeeded, according to the log.
    pub outcome: Option<Outcome>,
    /// The time from the first line of the sign-in to its result, in milliseconds.
    pub duration_ms: Option<u32>,
    /// The name of the source that says most about it.
    pub source: Box<str>,
    /// The number of logs that recorded it.
    pub logs: u32,
}

/// The latest results.
#[derive(Debug)]
pub(super) struct Latest {
    /// Each result with the number of its source and of the logs that recorded it.
    results: Vec<(SignIn, u32, u32)>,
    limit: usize,
    left_out: u64,
}

impl Latest {
    pub(super) fn new(limit: usize) -> Latest {
        Latest { results: Vec::new(), limit: limit.max(1), left_out: 0 }
    }

    /// Adds a result that `logs` logs recorded.
    pub(super) fn add(&mut self, result: &SignIn, source: u32, logs: u32) {
        self.results.push((*result, source, logs));
        if self.results.len() >= 2 * self.limit {
            self.settle();
        }
    }

    /// Sorts the results by time, those without one first, and leaves out the first if there are too many.
    fn settle(&mut self) {
        // A stable sort, so that results of the same time stay in the order in which they were added.
        self.results.sort_by_key(|(result, ..)| result.time());
        let surplus = self.results.len().saturating_sub(self.limit);
        self.results.drain(..surplus);
        self.left_out += surplus as u64;
    }

    /// Returns the results, with their sources and numbers of logs. `is_kept` decides which of them count.
    pub(super) fn finish(
        mut self,
        is_kept: impl Fn(&SignIn, u32) -> bool,
        event: impl Fn(&SignIn, u32, u32) -> Event,
    ) -> Timeline {
        self.results.retain(|(result, source, _)| is_kept(result, *source));
        self.settle();
        let without_time = self.results.partition_point(|(result, ..)| result.time().is_none());
        self.results.rotate_left(without_time);
        let events = self.results.iter().map(|(result, source, logs)| event(result, *source, *logs)).collect();
        Timeline { events, left_out: self.left_out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Form;

    #[test]
    fn the_latest_results_are_kept_in_the_order_of_time_and_those_without_one_come_last() {
        let kept = |seconds: &[Option<u8>], limit: usize| {
            let mut latest = Latest::new(limit);
            for (source, second) in (0..).zip(seconds) {
                let time = |second: &u8| Form::default().read(format!("2017-02-14T02:57:{second:02}Z").as_bytes());
                latest.add(&SignIn::new(0, second.as_ref().and_then(time), 1, 0), source, 1);
            }
            let timeline = latest.finish(
                |_, _| true,
                |result, source, logs| Event {
                    time: result.time(),
                    key: Key::Code(crate::code::Code(21)),
                    is_general: false,
                    user: None,
                    host: None,
                    address: None,
                    outcome: None,
                    duration_ms: None,
                    source: source.to_string().into(),
                    logs,
                },
            );
            let sources: Vec<String> = timeline.events.iter().map(|event| event.source.to_string()).collect();
            (sources.join(" "), timeline.left_out)
        };
        let seconds = [Some(9), None, Some(3), Some(3), Some(7)];
        assert_eq!(kept(&seconds, 5), ("2 3 4 0 1".to_owned(), 0));
        assert_eq!(kept(&seconds, 3), ("3 4 0".to_owned(), 2));
        assert_eq!(kept(&seconds, 1), ("0".to_owned(), 4));
    }
}
