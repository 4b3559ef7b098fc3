//! Finds logs that have a part in common, such as Monday's export from 08:00 to 12:00 and another one from 10:00 to 14:00. The results
//! in that part count twice, so this is reported.
//!
//! Only lines with a result and a time are compared, by a hash of the whole line. A log has a part in common with others if
//! [`LEAST_LINES`] lines with results in a row, each different from the one before, are also in earlier logs. Single lines prove nothing: where times have only seconds,
//! two hosts often write the same line. Where one log begins with all of the other, [`copies`](super::copies) has removed one of them.
//!
//! Memory: [`HASHES_LIMIT`] hashes. If there are more lines, only those whose hash begins with a zero bit are compared, then those with
//! two, and so on. Then a common part has to be longer to be found, and its number of results is an estimate. Which lines these are
//! depends on nothing but the lines.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::SourceEnd;
use crate::problem::{Kind, Problem};
use crate::source::names::Names;

/// How many lines in a row a log must have in common with others.
const LEAST_LINES: u64 = 10;
/// The largest number of hashes that are kept.
const HASHES_LIMIT: usize = 1 << 16;

/// The hashes of lines with results in all sources so far.
#[derive(Default)]
pub(super) struct Overlaps {
    /// Maps each hash to the first source that has it.
    firsts: HashMap<u32, Log>,
    /// How many zero bits a hash begins with to be kept.
    zeros: u32,
    /// The names of the sources with results.
    names: Names,
    /// How many sources were read before each of them.
    numbers: Vec<u32>,
    /// The sources that others replace.
    replaced: HashMap<Log, Log>,
    /// The number of sources that have been read.
    sources: u32,
    current: Current,
    /// The common parts.
    found: Vec<Overlap>,
}

/// A source with results, by its number among these.
type Log = u32;

/// What the current source has in common with earlier ones.
#[derive(Default)]
struct Current {
    has_results: bool,
    /// The last hash.
    last: Option<u32>,
    /// The number of last lines in a row that earlier sources have.
    in_row: u64,
    /// Whether enough lines in a row were found.
    is_part: bool,
    /// For each source, the number of lines in common.
    common: BTreeMap<Log, u64>,
}

/// What a log has in common with others.
struct Overlap {
    log: Log,
    /// The number of lines in common.
    lines: u64,
    /// The first of the logs with most of these lines.
    most: Log,
    /// The number of the other logs with some of them.
    others: usize,
}

/// Returns the half of a hash that is compared.
pub(super) fn short(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or_default()
}

impl Overlaps {
    /// Adds a line of the current source, by its hash.
    pub(super) fn line(&mut self, hash: u32) {
        self.current.has_results = true;
        if hash.leading_zeros() < self.zeros || self.current.last == Some(hash) {
            return;
        }
        let log = self.log();
        let first = *self.firsts.entry(hash).or_insert(log);
        let first = self.replaced.get(&first).copied().unwrap_or(first);
        let other = (first != log).then_some(first);
        let current = &mut self.current;
        current.last = Some(hash);
        current.in_row = if other.is_some() { current.in_row + 1 } else { 0 };
        current.is_part |= current.in_row >= LEAST_LINES;
        if let Some(other) = other {
            *current.common.entry(other).or_default() += 1 << self.zeros;
        }
        while self.firsts.len() > HASHES_LIMIT {
            self.zeros += 1;
            self.firsts.retain(|hash, _| hash.leading_zeros() >= self.zeros);
        }
    }

    /// Returns the current source.
    fn log(&self) -> Log {
        u32::try_from(self.numbers.len()).unwrap_or(u32::MAX)
    }

    /// Records that the current source, or a later one, replaces the one before which `number` sources were read. What both have in
    /// common is reported anyway.
    pub(super) fn replace(&mut self, number: u32) {
        if let Ok(index) = self.numbers.binary_search(&number) {
            let (old, new) = (u32::try_from(index).unwrap_or(u32::MAX), self.log());
            self.replaced.values_mut().filter(|log| **log == old).for_each(|log| *log = new);
            self.replaced.insert(old, new);
            self.current.common.remove(&old);
            self.found.retain(|overlap| overlap.log != old);
        }
    }

    /// Ends the current source.
    pub(super) fn end_source(&mut self, end: &SourceEnd) {
        let Current { has_results, is_part, common, .. } = std::mem::take(&mut self.current);
        if has_results {
            // If it is already known that the source may repeat another one, this would say it twice.
            let is_reported = end.problems.iter().any(|problem| problem.kind == Kind::MayRepeat);
            let lines = common.values().sum();
            if let Some((&most, _)) = common.iter().rev().max_by_key(|(_, lines)| **lines)
                && is_part
                && lines >= LEAST_LINES
                && !is_reported
            {
                self.found.push(Overlap { log: self.log(), lines, most, others: common.len() - 1 });
            }
            self.names.push_text(&end.source.name);
            self.numbers.push(self.sources);
        }
        self.sources += u32::from(end.bytes.is_some());
    }

    /// Returns the problems that report the common parts.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let name = |log: Log| self.names.text(log as usize).unwrap_or_default();
        let about = if self.zeros > 0 { "about " } else { "" };
        let problem = |Overlap { log, lines, most, others }: &Overlap| {
            let others = match others {
                0 => String::new(),
                1 => " and another file".to_owned(),
                many => format!(" and {many} other files"),
            };
            let most = name(self.replaced.get(most).copied().unwrap_or(*most));
            let what = format!(
                "{about}{lines} of its lines with results are also in {most}{others}, byte for byte; all count"
            );
            Problem::new(name(*log), Kind::MayRepeat, what)
        };
        self.found.iter().map(problem).collect()
    }
}
