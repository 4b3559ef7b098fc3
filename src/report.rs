//! A summary made presentable: order, shares and descriptions are decided here, once for all formats.
//!
//! Invariants: the same summary, problems and catalogue give an equal report, as nothing in it depends on the order in
//! which sources were read; and every text in it can go to a terminal. Rows are ordered by how many results they
//! have and then by their code, never by what a code might say about a sign-in, which it does not.
//!
//! Not in the summary: a share, or an order by count, of a part says nothing about the whole. Not in the formats: they
//! would disagree.

pub mod files;

use std::cmp::Reverse;

use serde::{Serialize, Serializer};

use crate::catalogue::Catalogue;
use crate::code::{Code, Key};
use crate::problem::{Kind, Problem};
use crate::summary::{self, Summary};
use crate::time::Time;

/// What a run found, ready to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Whether the run was interrupted, so that there is more than what was read.
    pub is_partial: bool,
    /// Sums over the whole run.
    pub totals: Totals,
    /// Results whose line has no time that can be read, so that no first and last time takes them in.
    pub results_without_time: u64,
    /// Results whose time named no zone, so that it was read as UTC.
    pub times_without_zone: u64,
    /// Results in `totals` that are in no row, because there are more different numbers or names than are kept apart.
    pub results_without_row: u64,
    /// Most frequent first; the same count by code, numbers before names.
    pub rows: Vec<Row>,
    /// What the totals do not include, or include with a reservation; sorted.
    pub problems: Vec<Problem>,
    /// What was searched for.
    pub searched: Searched,
}

/// Sums over the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// All results.
    pub results: u64,
    /// How many rows there are.
    pub distinct: u64,
    /// Sources that were read, also those without a result.
    pub files_read: u64,
    /// Sources with at least one result.
    pub files_with_results: u64,
    /// What was read of all sources.
    pub bytes: u64,
}

/// One result with all that is shown of it. Serializes as the contract with scripts has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The number, if the result has one.
    #[serde(serialize_with = "serialize_code")]
    pub code: Option<Code>,
    /// The name of a result without a number: as the catalogue spells it, or else as the log does.
    pub name: Option<String>,
    /// What the catalogue says, or that it does not know.
    pub description: String,
    /// Whether the catalogue knows it.
    pub known: bool,
    /// How often it was found.
    pub count: u64,
    /// The part of all results, from 0 to 1.
    pub share: f64,
    /// The earliest time of such a result, if any has one.
    pub first_seen: Option<Time>,
    /// The latest time of such a result, if any has one.
    pub last_seen: Option<Time>,
    /// In how many sources it was found.
    pub files: u64,
    /// The codes that share this text, if that is what the name is.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "serialize_codes")]
    pub candidates: Vec<Code>,
}

/// What was searched for, which is worth knowing where nothing was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// The names of the patterns, in their order of precedence.
    pub pattern_names: Vec<String>,
    /// Whether globs decided which files were read.
    pub by_glob: bool,
}

impl Report {
    /// Makes a summary presentable. `problems` may come in any order.
    #[must_use]
    pub fn new(summary: &Summary, mut problems: Vec<Problem>, catalogue: &Catalogue, searched: Searched) -> Report {
        problems.sort();
        let results = summary.results();
        let mut rows: Vec<Row> = summary.iter().map(|(key, row)| present(&key, row, results, catalogue)).collect();
        // Stable, and the rows come in the order of their keys.
        rows.sort_by_key(|row| Reverse(row.count));
        let totals = summary.totals();
        Report {
            is_partial: problems.iter().any(|problem| problem.kind == Kind::Interrupted),
            totals: Totals {
                results,
                distinct: u64::try_from(rows.len()).unwrap_or(u64::MAX),
                files_read: totals.files_read,
                files_with_results: totals.files_with_results,
                bytes: totals.bytes,
            },
            results_without_time: totals.results_without_time,
            times_without_zone: totals.results_without_zone,
            results_without_row: summary.overflow().map_or(0, |overflow| overflow.count),
            rows,
            problems,
            searched,
        }
    }

    /// Whether some input could not be read, so that the totals lack it.
    #[must_use]
    pub fn lacks_input(&self) -> bool {
        self.problems.iter().map(|problem| problem.kind).any(Kind::is_loss)
    }
}

fn present(key: &Key, row: &summary::Row, results: u64, catalogue: &Catalogue) -> Row {
    let entry = catalogue.entry(key);
    Row {
        code: key.code(),
        name: key.name().map(printable),
        description: printable(&catalogue.description(key)),
        known: entry.is_some(),
        count: row.tally.count,
        share: share(row.tally.count, results),
        first_seen: row.tally.first,
        last_seen: row.tally.last,
        files: row.files,
        candidates: entry.map_or_else(Vec::new, |entry| entry.candidates.clone()),
    }
}

/// The part that `count` is of `results`. Exact up to 2^53, and a share has no use for more digits.
fn share(count: u64, results: u64) -> f64 {
    if results == 0 { 0.0 } else { count as f64 / results as f64 }
}

/// `text` without what a terminal would obey. The catalogue has replaced it in what it read from a log; a name can also
/// come from elsewhere, and here all names pass.
fn printable(text: &str) -> String {
    text.replace(is_obeyed, "\u{fffd}")
}

/// Whether a terminal would obey it: control characters, also the eight-bit ones that JSON does not escape, and marks that
/// break a line or turn its direction.
pub(crate) fn is_obeyed(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

// `serialize_with`, so that the vocabulary stays free of wire formats.
fn serialize_code<S: Serializer>(code: &Option<Code>, serializer: S) -> Result<S::Ok, S::Error> {
    code.map(|code| code.0).serialize(serializer)
}

fn serialize_codes<S: Serializer>(codes: &[Code], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(codes.iter().map(|code| code.0))
}

#[cfg(test)]
pub(crate) mod testing {
    //! Summaries and reports for the tests of the formats.

    use super::*;
    use crate::summary::Counts;
    use crate::time;

    /// A result, how often, and the line starts that give it its times.
    pub(crate) type Found<'a> = (Key, u64, &'a [&'a str]);

    pub(crate) fn code(number: i32) -> Key {
        Key::Code(Code(number))
    }

    pub(crate) fn name(name: &str) -> Key {
        Key::Name(name.into())
    }

    /// The summary of some sources, each with its results and its bytes. The first results get the times.
    pub(crate) fn summary(sources: &[(&[Found], u64)]) -> Summary {
        let mut summary = Summary::default();
        for (found, bytes) in sources {
            let mut counts = Counts::default();
            for (key, count, times) in *found {
                let stamps = times.iter().map(|time| time::read(time.as_bytes()));
                for stamp in stamps.chain(std::iter::repeat(None)).take(usize::try_from(*count).unwrap()) {
                    counts.add(key, stamp);
                }
            }
            summary.add_source(&counts, *bytes);
        }
        summary
    }

    pub(crate) fn report(sources: &[(&[Found], u64)]) -> Report {
        let pattern_names = ["radius-raw", "sdk-text"].map(String::from).to_vec();
        let searched = Searched { pattern_names, ..Searched::default() };
        Report::new(&summary(sources), Vec::new(), Catalogue::built_in(), searched)
    }

    /// Every kind of row: 1000 results in two files.
    pub(crate) fn every_kind() -> Report {
        report(&[
            (
                &[
                    (code(102), 187, &["2017-02-14T02:57:24.600871Z", "2017-02-15T10:00:00+01:00"]),
                    (code(21), 700, &["2017-02-14T02:57:24.999Z", "2017-02-13T23:59:59Z"]),
                    (name("Used Cache"), 50, &["2017-02-14 03:00:00", "2017-02-14 03:00:01"]),
                    (name("FAILED_AUTHENTICATION_THROTTLED"), 40, &[]),
                    (code(0), 1, &[]),
                ],
                100_000,
            ),
            (
                &[
                    (code(102), 1, &["2016-12-31T23:59:59Z"]),
                    (code(777), 10, &[]),
                    (name("Some Text"), 10, &["2017-02-14T00:00:00Z"]),
                    (code(-5), 1, &[]),
                ],
                23_456,
            ),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{code, every_kind, name, report, summary};
    use super::*;

    #[test]
    fn rows_are_ordered_by_count_and_then_by_code_before_name() {
        let one = |key: Key| (key, 1, &[][..]);
        let report =
            report(&[(&[one(name("b")), one(name("B")), one(code(145)), one(code(21)), (code(144), 2, &[])], 1)]);
        let order: Vec<String> =
            report.rows.iter().map(|row| row.name.clone().unwrap_or_else(|| row.code.unwrap().to_string())).collect();
        assert_eq!(order, ["144", "21", "145", "B", "b"]);
    }

    #[test]
    fn a_row_says_what_the_catalogue_knows() {
        let report = every_kind();
        let shown: Vec<_> = report.rows.iter().map(|row| (row.description.as_str(), row.known)).collect();
        let unknown = "not in the vendor's list; contact Impero support";
        assert_eq!(
            shown,
            [
                ("Mobile App Authenticated", true),
                ("Phone Unreachable", true),
                ("Used Cache", true),
                ("Authentication Throttled", true),
                (unknown, false),
                (unknown, false),
                (unknown, false),
                ("No call result", true),
            ]
        );
        assert_eq!(report.rows[2].candidates, [6, 8, 9].map(Code));
        assert_eq!(report.rows.iter().filter(|row| !row.candidates.is_empty()).count(), 1);
    }

    #[test]
    fn totals_and_shares_are_of_all_results() {
        let report = every_kind();
        let totals = Totals { results: 1000, distinct: 8, files_read: 2, files_with_results: 2, bytes: 123_456 };
        assert_eq!(report.totals, totals);
        // All but nine: two times each for 102, 21 and "Used Cache", and in the other file one each for 102 and the text.
        assert_eq!(report.results_without_time, 992);
        assert_eq!((report.times_without_zone, report.results_without_row), (2, 0));
        assert_eq!(report.rows.iter().map(|row| row.count).collect::<Vec<_>>(), [700, 188, 50, 40, 10, 10, 1, 1]);
        assert_eq!((report.rows[0].share, report.rows[1].share), (0.7, 0.188));
    }

    #[test]
    fn what_a_terminal_would_obey_is_replaced_in_names() {
        let report = report(&[(&[(name("a\u{1b}[2J\r\nb\u{9b}c\u{202e}d é…"), 1, &[])], 1)]);
        let shown = "a\u{fffd}[2J\u{fffd}\u{fffd}b\u{fffd}c\u{fffd}d é…";
        assert_eq!(report.rows[0].name.as_deref(), Some(shown));
    }

    #[test]
    fn problems_are_sorted_and_a_loss_is_told() {
        let problem = |path: &str, kind| Problem::new(path, kind, "x");
        let new = |problems| Report::new(&summary(&[]), problems, Catalogue::built_in(), Searched::default());

        let report = new(vec![problem("b", Kind::Unreadable), problem("a", Kind::LongLine)]);
        assert_eq!(report.problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(report.lacks_input());
        assert!(!new(vec![problem("a", Kind::LongLine)]).lacks_input());
        assert!(!report.is_partial);
        assert!(new(vec![problem("a", Kind::Interrupted)]).is_partial);
    }
}
