//! What is told of each input, made presentable: for `files`, as [`Report`](super::Report) is for the summary.
//!
//! Rows come one by one, in the order of the inputs, and what all of them have in common is summed up in [`Totals`]. So a format
//! that writes rows as they come needs no memory for them. What a name or a reason could do to a terminal is left to
//! the formats: scripts want names as they are.

use serde::Serialize;

use crate::pipeline::inventory::{Entry, Text};
use crate::problem::{Kind, Problem};
use crate::time::Time;

/// One input. Serializes as the contract with scripts has it: what was not read is null.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// How results name it.
    pub path: String,
    /// What it is, from the outside to the inside: `tar › gzip › UTF-16LE text`.
    pub kind: Option<String>,
    /// The archives and compressions around the text, outermost first.
    pub layers: Option<Vec<String>>,
    /// The name of the text's encoding; also absent where there is no text to be in one.
    pub encoding: Option<&'static str>,
    /// Whether a byte order mark comes first.
    pub byte_order_mark: Option<bool>,
    /// The size of the text, unpacked.
    pub bytes: Option<u64>,
    /// The size of the file; absent if it is not a file on disk.
    pub bytes_on_disk: Option<u64>,
    /// How many lines there are; a last one without a line end counts.
    pub lines: Option<u64>,
    /// The time of the first line that has one.
    pub first_time: Option<Time>,
    /// The time of the last line that has one.
    pub last_time: Option<Time>,
    /// Whether one of these times named no zone, so that it was read as UTC.
    pub zone_assumed: Option<bool>,
    /// How many results.
    pub results: Option<u64>,
    /// Why it was skipped, or not read whole or as it is.
    #[serde(skip)]
    pub problems: Vec<Problem>,
}

/// Sums over all rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Inputs that were read, whether or not to their end.
    pub files_read: u64,
    /// Those of them that could not be read to their end.
    pub files_read_in_part: u64,
    /// Inputs that were skipped by a stated rule or because the user asked for it.
    pub files_skipped: u64,
    /// Inputs of which nothing could be read; and archives that could not be read to their end, which are told apart from
    /// their members.
    pub files_unreadable: u64,
    /// What was read of all of them, unpacked.
    pub bytes: u64,
    /// Their lines.
    pub lines: u64,
    /// Their results.
    pub results: u64,
    /// Inputs with a first or last time that named no zone, so that it was read as UTC.
    pub files_with_zone_assumed: u64,
    /// Whether the run was interrupted, so that there is more than what was read.
    #[serde(skip)]
    pub is_partial: bool,
    /// Whether globs decided which inputs have a row.
    #[serde(skip)]
    pub by_glob: bool,
}

impl Row {
    /// Makes an entry presentable.
    #[must_use]
    pub fn new(entry: Entry) -> Row {
        let Entry { path, bytes_on_disk, text, problems, copied: _ } = entry;
        let mut row = Row { path, bytes_on_disk, problems, ..Row::default() };
        if let Some(text) = &text {
            row.kind = Some(kind(text, row.has_loss()));
            row.layers = Some(text.chain.iter().map(ToString::to_string).collect());
            row.encoding = text.encoding;
            row.byte_order_mark = Some(text.has_mark);
            row.bytes = Some(text.bytes);
            row.lines = Some(text.lines);
            row.first_time = text.first.map(|stamp| stamp.time);
            row.last_time = text.last.map(|stamp| stamp.time);
            row.zone_assumed = Some([text.first, text.last].into_iter().flatten().any(|stamp| !stamp.zoned));
            row.results = Some(text.results);
        }
        row
    }

    /// Whether anything of it is missing that should have been read.
    #[must_use]
    pub fn has_loss(&self) -> bool {
        self.problems.iter().any(|problem| problem.kind.is_loss())
    }
}

/// `tar › gzip › UTF-16LE text with BOM`
fn kind(text: &Text, has_loss: bool) -> String {
    let mut kind = text.chain.to_string();
    if !kind.is_empty() {
        kind.push_str(" › ");
    }
    match text.encoding {
        Some(encoding) => {
            kind.push_str(encoding);
            kind.push_str(if text.has_mark { " text with BOM" } else { " text" });
        }
        None if has_loss => kind.push_str("nothing read"),
        None => kind.push_str("empty"),
    }
    kind
}

impl Totals {
    /// Takes in a row.
    pub fn add(&mut self, row: &Row) {
        let files = match (row.bytes.is_some(), row.has_loss()) {
            (true, has_loss) => {
                self.files_read_in_part += u64::from(has_loss);
                &mut self.files_read
            }
            (false, false) => &mut self.files_skipped,
            (false, true) => &mut self.files_unreadable,
        };
        *files += 1;
        self.bytes += row.bytes.unwrap_or(0);
        self.lines += row.lines.unwrap_or(0);
        self.results += row.results.unwrap_or(0);
        self.files_with_zone_assumed += u64::from(row.zone_assumed == Some(true));
        self.is_partial |= row.problems.iter().any(|problem| problem.kind == Kind::Interrupted);
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Rows for the tests of the formats.

    use super::*;
    use crate::problem::Remedy;
    use crate::source::Chain;
    use crate::time;

    /// What was read of a file in ASCII with these lines, each with a result.
    pub(crate) fn text(lines: &[&str]) -> Text {
        let stamp = |line: Option<&&str>| line.and_then(|line| time::find(line.as_bytes()));
        Text {
            chain: Chain::default(),
            encoding: (!lines.is_empty()).then_some("ASCII"),
            has_mark: false,
            bytes: lines.iter().map(|line| line.len() as u64 + 1).sum(),
            lines: lines.len() as u64,
            results: lines.len() as u64,
            first: stamp(lines.first()),
            last: stamp(lines.last()),
        }
    }

    pub(crate) fn read(path: &str, on_disk: Option<u64>, text: Text) -> Row {
        let (path, problems) = (path.to_owned(), Vec::new());
        Row::new(Entry { path, bytes_on_disk: on_disk, text: Some(text), copied: None, problems })
    }

    pub(crate) fn with(row: Row, kind: Kind, what: &str) -> Row {
        Row { problems: vec![Problem::new(row.path.clone(), kind, what)], ..row }
    }

    pub(crate) fn skipped(path: &str, kind: Kind, what: &str) -> Row {
        with(Row { path: path.to_owned(), ..Row::default() }, kind, what)
    }

    /// Every kind of row.
    pub(crate) fn every_kind() -> Vec<Row> {
        let plain = text(&["2017-02-14T02:57:24.600871Z x", "2017-02-14T03:00:00Z x"]);
        let no_zone = text(&["2017-02-14 02:57:24 x", "x"]);
        let marked = Text { encoding: Some("UTF-16LE"), has_mark: true, ..text(&["x"; 1234]) };
        let mut picture = skipped("t/a\u{1b}[2J.png", Kind::Binary, "skipped, a binary file (PNG picture)");
        picture.problems[0].remedy = Some(Remedy::ReadBinary);
        vec![
            read("t/host7/MultiFactorAuthSvc.log", Some(53), plain.clone()),
            read("t/host8/MultiFactorAuthSvc.log", Some(24), no_zone),
            read("t/empty.log", Some(0), text(&[])),
            with(read("t/export.log", Some(1 << 20), marked), Kind::Unreadable, "device not ready; try it again"),
            picture,
            skipped("=x.log", Kind::Unreadable, "no such file or folder"),
        ]
    }

    pub(crate) fn totals(rows: &[Row]) -> Totals {
        let mut totals = Totals::default();
        for row in rows {
            totals.add(row);
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{every_kind, read, skipped, text, totals, with};
    use super::*;

    #[test]
    fn totals_are_those_of_the_rows() {
        let expected = Totals {
            files_read: 4,
            files_read_in_part: 1,
            files_skipped: 1,
            files_unreadable: 1,
            // 30 + 23, 22 + 2, 1234 times 2
            bytes: 53 + 24 + 2468,
            lines: 2 + 2 + 1234,
            results: 2 + 2 + 1234,
            files_with_zone_assumed: 1,
            is_partial: false,
            by_glob: false,
        };
        assert_eq!(totals(&every_kind()), expected);
        assert!(totals(&[skipped("a", Kind::Interrupted, "x")]).is_partial);
    }

    #[test]
    fn a_kind_goes_from_the_outside_to_the_inside() {
        let kind = |text: Text, has_loss| kind(&text, has_loss);
        let marked = Text { encoding: Some("UTF-8"), has_mark: true, ..text(&["x"]) };
        assert_eq!(kind(text(&["x"]), true), "ASCII text");
        assert_eq!(kind(marked, false), "UTF-8 text with BOM");
        assert_eq!(kind(text(&[]), false), "empty");
        assert_eq!(kind(text(&[]), true), "nothing read");
    }

    #[test]
    fn a_reservation_is_no_loss() {
        let long = with(read("a", None, text(&["x"])), Kind::LongLine, "x");
        let sums = totals(&[long, skipped("b", Kind::Link, "x")]);
        assert_eq!((sums.files_read, sums.files_read_in_part, sums.files_skipped, sums.files_unreadable), (1, 0, 1, 0));
    }

    #[test]
    fn a_zone_is_assumed_if_either_time_names_none() {
        let assumed = |lines: &[&str]| read("a", None, text(lines)).zone_assumed;
        assert_eq!(assumed(&["2017-02-14 02:57:24", "2017-02-14T02:57:24Z"]), Some(true));
        assert_eq!(assumed(&["2017-02-14T02:57:24Z", "2017-02-14 02:57:24"]), Some(true));
        assert_eq!(assumed(&["2017-02-14T02:57:24Z", "2017-02-14T02:57:24Z"]), Some(false));
        assert_eq!(assumed(&["x"]), Some(false));
    }
}
