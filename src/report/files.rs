//! Describes each input for the command `files`, as [`Report`](super::Report) does for the summary.
//!
//! [`Totals`] adds up the rows. Control characters in names and reasons are escaped by the formats and not here, because scripts
//! need names as they are.

use super::sheet::{Cell, Column, End, Flow, Holds, Room, Sheet};
use super::wording::{self, counted, grouped, remark, size};
use super::{PARTIAL, Restriction, excluded, problems};
use crate::pipeline::inventory::{Entries, Entry, Text};
use crate::problem::{Kind, Problem};
use crate::summary::sign_ins::SignInTotals;

/// The sheet of the list of inputs. An input that was not read has no values for its text.
pub static FILES: Sheet = sheet(&COLUMNS);
/// The sheet of the list of inputs if the machine of any of them is known.
pub static FILES_OF_HOSTS: Sheet = sheet(&COLUMNS_OF_HOSTS);

static COLUMNS: [Column; 18] = columns(false);
static COLUMNS_OF_HOSTS: [Column; 18] = columns(true);

const fn sheet(columns: &'static [Column]) -> Sheet {
    Sheet {
        schema: 1,
        columns,
        rows: "files",
        before: &[],
        after: AFTER,
        flow: Flow::Streamed,
        without_rows: &[NONE_LEFT, NO_FILES],
    }
}

const AFTER: &[Column] = &[
    Column::for_scripts("partial", Holds::Flag, "Whether the run was interrupted, so that files are missing."),
    Column::for_scripts("totals", Holds::Record(TOTALS), "Sums over the whole run."),
];

const fn columns(of_hosts: bool) -> [Column; 18] {
    let mut columns = [
        Column::new("path", "File", Holds::Path, "The path. What follows `!/` is the path within an archive."),
        Column::for_scripts(
            "kind",
            Holds::Text,
            "What the file is, from the outside to the inside: `zip > ASCII text`.",
        )
        .or_null(),
        Column::for_people("What it is", Holds::Prose),
        Column::for_scripts("layers", Holds::Texts, "The formats that the text is packed in, the outermost first.")
            .or_null(),
        Column::for_scripts("encoding", Holds::Text, "Encoding of the text, such as ASCII, UTF-8 or UTF-16LE.")
            .or_null(),
        Column::for_scripts("byte_order_mark", Holds::Flag, "Whether the text begins with a byte order mark.")
            .or_null(),
        Column::new("host", "Host", Holds::Text, "The machine on which the file was written, if that is known.")
            .or_null()
            .yields(Room::ForProse),
        Column::new("bytes", "Size", Holds::Bytes, "Size of the text, after unpacking.").or_null(),
        Column::for_scripts("bytes_on_disk", Holds::Bytes, "Size of the file on disk, if it is one.").or_null(),
        Column::new("lines", "Lines", Holds::Count, "Number of lines.").or_null().yields(Room::ForProse),
        Column::new("first_time", "First time", Holds::Time, "Time of the first line that has one, or the earliest time of an event log.")
            .or_null()
            .yields(Room::ForProse),
        Column::new("last_time", "Last time", Holds::Time, "Time of the last line that has one, or the latest time of an event log.")
            .or_null()
            .yields(Room::ForProse),
        Column::for_scripts(
            "zone_assumed",
            Holds::Flag,
            "Whether one of these times has no zone and was taken as UTC.",
        )
        .or_null(),
        Column::for_scripts(
            "time_form",
            Holds::Text,
            "Name of the form in which the lines have times, such as `iso-8601`, or of two forms: `syslog, iso-8601`.",
        )
        .or_null(),
        Column::for_scripts(
            "time_basis",
            Holds::Text,
            "What the times rest on that is not in the lines, such as the year, in words.",
        )
        .or_null(),
        Column::for_scripts(
            "times_at_clock_change",
            Holds::Count,
            "Number of times in lines with results that clocks repeat or skip, if there are any: they are read as before the change.",
        )
        .or_missing(),
        Column::new("results", "Results", Holds::Count, "Number of results that the filters keep.").or_null(),
        Column::for_scripts(
            "problems",
            Holds::Problems(problems::WITHOUT_PATH),
            "Why the file was skipped or not read to its end.",
        ),
    ];
    if !of_hosts {
        // Hides the heading of `host`.
        columns[6].heading = None;
    }
    columns
}

const TOTALS: &[Column] = &[
    Column::for_scripts("files_read", Holds::Count, "Number of files that were read, whether or not to the end."),
    Column::for_scripts("files_read_in_part", Holds::Count, "Number of them that could not be read to the end."),
    Column::for_scripts("files_skipped", Holds::Count, "Number of files that were skipped by rule or by option."),
    Column::for_scripts("files_unreadable", Holds::Count, "Number of files of which nothing could be read."),
    Column::for_scripts("bytes", Holds::Bytes, "Size of all that was read, after unpacking."),
    Column::for_scripts("lines", Holds::Count, "Number of lines."),
    Column::for_scripts("results", Holds::Count, "Number of results."),
    Column::for_scripts(
        "files_with_zone_assumed",
        Holds::Count,
        "Number of files with times that have no zone and were taken as UTC.",
    ),
    Column::for_scripts(
        "files_with_dates_undecided",
        Holds::Count,
        "Number of files whose dates can have the day or the month first, so that their times were not read.",
    ),
];

const NONE_LEFT: &str = "No files are left: ";
const NO_FILES: &str = "No files were found. Pass a log file, or a folder with log files.";

/// The sums over all rows of the list of inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// The number of inputs that were read, whether or not to the end.
    pub files_read: u64,
    /// The number of inputs that were read, but not to the end.
    pub files_read_in_part: u64,
    /// The number of inputs that were skipped according to a rule or at the user's request.
    pub files_skipped: u64,
    /// The number of inputs of which nothing could be read. This includes archives that could not be read to the end, which
    /// have a row in addition to those of their members.
    pub files_unreadable: u64,
    /// The number of bytes that were read, counted after unpacking.
    pub bytes: u64,
    /// The number of lines that were read.
    pub lines: u64,
    /// The number of results that were found and that the filter keeps.
    pub results: u64,
    /// The number of inputs whose first or last time has no zone and was read as UTC.
    pub files_with_zone_assumed: u64,
    /// The number of inputs whose dates can have the day or the month first, so that their times were not read.
    pub files_with_dates_undecided: u64,
    /// Whether the run was interrupted, so that inputs are missing.
    pub is_partial: bool,
    /// How the user has restricted which inputs have a row.
    pub restriction: Restriction,
    /// The totals about sign-ins, with what the filter dropped.
    pub sign_ins: SignInTotals,
    /// The number of results that the filter dropped, counted in every file that records them.
    pub left_out: u64,
}

/// Returns the sheet for a list of inputs: with a column for machines if any machine is known.
#[must_use]
pub fn sheet_of(entries: &Entries) -> &'static Sheet {
    if entries.has_hosts() { &FILES_OF_HOSTS } else { &FILES }
}

/// Returns the cells of an input, in the columns of [`FILES`].
#[must_use]
pub fn cells(entry: &Entry) -> Vec<Cell<'_>> {
    let text = entry.text.as_ref();
    let layers = |text: &Text| text.chain.iter().map(|layer| layer.to_string().into()).collect::<Vec<Cell<'_>>>();
    vec![
        (&entry.path).into(),
        text.map(|text| kind(text, has_loss(entry))).into(),
        words(entry).into(),
        text.map(layers).into(),
        text.and_then(|text| text.encoding).into(),
        text.map(|text| text.has_mark).into(),
        entry.host.as_deref().into(),
        text.map(|text| text.bytes).into(),
        entry.bytes_on_disk.into(),
        text.map(|text| text.lines).into(),
        text.and_then(|text| text.first).map(|stamp| stamp.time).into(),
        text.and_then(|text| text.last).map(|stamp| stamp.time).into(),
        text.map(is_zone_assumed).into(),
        text.and_then(|text| text.time_form.as_deref()).into(),
        text.filter(|text| !text.time_basis.is_empty()).map(|text| text.time_basis.join("; ")).into(),
        text.map(|text| text.changing_times).filter(|&times| times > 0).into(),
        text.map(|text| text.results).into(),
        Cell::List(entry.problems.iter().map(problems::without_path).collect()),
    ]
}

/// Whether some data of an input could not be read although it should have been.
fn has_loss(entry: &Entry) -> bool {
    entry.problems.iter().any(|problem| problem.kind.is_loss())
}

/// Whether the first or the last time of a text has no zone and was read as UTC.
fn is_zone_assumed(text: &Text) -> bool {
    [text.first, text.last].into_iter().flatten().any(|stamp| stamp.zone_is_assumed())
}

/// Describes an input in words, such as `gzip > ASCII text, 301 B on disk, cut short`, or words the reason why it was not read.
fn words(entry: &Entry) -> String {
    let what = |problem: &Problem| problems::what(&problem.what);
    let Some(text) = &entry.text else {
        return entry.problems.iter().map(what).collect::<Vec<_>>().join(", ");
    };
    let mut words = vec![kind(text, has_loss(entry))];
    let on_disk = entry.bytes_on_disk.filter(|&on_disk| text.bytes != on_disk);
    // An assumed zone is left out here, because it has a line of its own below the table.
    words.extend(text.time_basis.iter().map(|basis| format!("times: {basis}")));
    words.extend(remark(
        text.changing_times,
        "time when clocks are changed, read as before the change",
        "times when clocks are changed, read as before the change",
    ));
    words.extend(on_disk.map(|on_disk| format!("{} on disk", size(on_disk))));
    words.extend(
        entry.problems.iter().map(|problem| reservation(problem.kind).map_or_else(|| what(problem), str::to_owned)),
    );
    words.join(", ")
}

/// Returns a few words about a problem of an input that was read, or `None` for problems that need no mention.
fn reservation(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Unreadable => "not readable to the end",
        Kind::Encrypted => "damaged, or wrong password",
        Kind::Damaged => "damaged",
        Kind::Truncated => "cut short",
        Kind::TrailingBytes => "followed by other data",
        Kind::MixedEncodings => "not in the encoding given with -E",
        Kind::OverLimit => "read up to a limit",
        Kind::LongLine => "very long lines",
        Kind::EncodingChanges => "changes encoding",
        _ => return None,
    })
}

/// Returns the layers of a text from the outside to the inside, such as `tar > gzip > UTF-16LE text with BOM`.
fn kind(text: &Text, has_loss: bool) -> String {
    let mut kind = text.chain.to_string();
    if !kind.is_empty() {
        kind.push_str(" > ");
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
    /// Adds an input to the sums.
    pub fn add(&mut self, entry: &Entry) {
        let has_loss = has_loss(entry);
        match &entry.text {
            Some(text) if text.encoding.is_none() && has_loss => self.files_unreadable += 1,
            Some(text) => {
                self.files_read += 1;
                self.files_read_in_part += u64::from(has_loss);
                self.bytes += text.bytes;
                self.lines += text.lines;
                self.results += text.results;
                self.files_with_zone_assumed += u64::from(is_zone_assumed(text));
                self.files_with_dates_undecided += u64::from(text.is_date_undecided);
            }
            None if has_loss => self.files_unreadable += 1,
            None => self.files_skipped += 1,
        }
        self.is_partial |= entry.problems.iter().any(|problem| problem.kind == Kind::Interrupted);
    }

    /// Returns the notes and values that follow the rows.
    #[must_use]
    pub fn end(&self) -> End<'static> {
        let rows = self.files_read + self.files_skipped + self.files_unreadable;
        let totals = Cell::Record(vec![
            ("files_read", self.files_read.into()),
            ("files_read_in_part", self.files_read_in_part.into()),
            ("files_skipped", self.files_skipped.into()),
            ("files_unreadable", self.files_unreadable.into()),
            ("bytes", self.bytes.into()),
            ("lines", self.lines.into()),
            ("results", self.results.into()),
            ("files_with_zone_assumed", self.files_with_zone_assumed.into()),
            ("files_with_dates_undecided", self.files_with_dates_undecided.into()),
        ]);
        End {
            above: self.is_partial.then(|| PARTIAL.to_owned()).into_iter().collect(),
            below: match (rows, self.restriction.note()) {
                (0, Some(note)) => vec![format!("{NONE_LEFT}{note}")],
                (0, None) => vec![NO_FILES.to_owned()],
                _ => self.sums(),
            },
            after: vec![self.is_partial.into(), totals],
        }
    }

    fn sums(&self) -> Vec<String> {
        let counts = [
            (self.files_read_in_part, "of them not to the end"),
            (self.files_skipped, "skipped"),
            (self.files_unreadable, "could not be read"),
        ];
        let mut sums = vec![format!("{} read", counted(self.files_read, "file"))];
        sums.extend(
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{} {what}", grouped(*count))),
        );
        sums.extend([size(self.bytes), counted(self.lines, "line"), counted(self.results, "result")]);
        let zones = remark(
            self.files_with_zone_assumed,
            "file has times without a zone, which are taken as UTC.",
            "files have times without a zone, which are taken as UTC.",
        );
        let excluded = excluded::notes(&self.sign_ins, self.results, self.left_out)
            .into_iter()
            .chain(excluded::unmatched(&self.sign_ins));
        let dates = wording::undecided(self.files_with_dates_undecided);
        [sums.join(", ")].into_iter().chain(excluded).chain(zones).chain(dates).collect()
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Builds entries for the tests of the formats.

    use super::*;
    use crate::problem::Remedy;
    use crate::source::Chain;
    use crate::time::Form;

    /// Returns the text of an ASCII file with these lines. Each line counts as one result.
    pub(crate) fn text(lines: &[&str]) -> Text {
        let stamp = |line: Option<&&str>| line.and_then(|line| Form::default().find(line.as_bytes()));
        Text {
            chain: Chain::default(),
            encoding: (!lines.is_empty()).then_some("ASCII"),
            has_mark: false,
            bytes: lines.iter().map(|line| line.len() as u64 + 1).sum(),
            lines: lines.len() as u64,
            results: lines.len() as u64,
            first: stamp(lines.first()),
            last: stamp(lines.last()),
            time_form: stamp(lines.first()).map(|_| "iso-8601".to_owned()),
            time_basis: Vec::new(),
            is_date_undecided: false,
            changing_times: 0,
        }
    }

    pub(crate) fn read(path: &str, on_disk: Option<u64>, text: Text) -> Entry {
        let (path, problems) = (path.to_owned(), Vec::new());
        Entry { path, bytes_on_disk: on_disk, text: Some(text), host: None, problems }
    }

    pub(crate) fn with(entry: Entry, kind: Kind, what: &str) -> Entry {
        Entry { problems: vec![Problem::new(entry.path.clone(), kind, what)], ..entry }
    }

    pub(crate) fn skipped(path: &str, kind: Kind, what: &str) -> Entry {
        with(Entry { text: None, ..read(path, None, text(&[])) }, kind, what)
    }

    /// Returns entries for every kind of row.
    pub(crate) fn every_kind() -> Vec<Entry> {
        let plain = text(&["2017-02-14T02:57:24.600871Z x", "2017-02-14T03:00:00Z x"]);
        let no_zone = text(&["2017-02-14 02:57:24 x", "x"]);
        let marked = Text { encoding: Some("UTF-16LE"), has_mark: true, ..text(&["x"; 1234]) };
        let mut picture = skipped("t/a\u{1b}[2J.png", Kind::Binary, "skipped, a binary file (PNG picture)");
        picture.problems[0].remedy = Some(Remedy::ReadBinary);
        vec![
            Entry { host: Some("host7".into()), ..read("t/host7/MultiFactorAuthSvc.log", Some(53), plain.clone()) },
            read("t/host8/MultiFactorAuthSvc.log", Some(24), no_zone),
            read("t/empty.log", Some(0), text(&[])),
            with(read("t/export.log", Some(1 << 20), marked), Kind::Unreadable, "device not ready; try it again"),
            picture,
            skipped("=x.log", Kind::Unreadable, "no such file or folder"),
        ]
    }

    pub(crate) fn totals(entries: &[Entry]) -> Totals {
        let mut totals = Totals::default();
        for entry in entries {
            totals.add(entry);
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{every_kind, read, skipped, text, totals, with};
    use super::*;

    #[test]
    fn totals_add_up_the_rows() {
        let expected = Totals {
            files_read: 4,
            files_read_in_part: 1,
            files_skipped: 1,
            files_unreadable: 1,
            // 30 + 23, 22 + 2, and 1234 lines of 2 bytes.
            bytes: 53 + 24 + 2468,
            lines: 2 + 2 + 1234,
            results: 2 + 2 + 1234,
            files_with_zone_assumed: 1,
            files_with_dates_undecided: 0,
            is_partial: false,
            restriction: Restriction::None,
            sign_ins: SignInTotals::default(),
            left_out: 0,
        };
        assert_eq!(totals(&every_kind()), expected);
        assert!(totals(&[skipped("a", Kind::Interrupted, "x")]).is_partial);
        let nothing = Text { encoding: None, bytes: 0, ..text(&[]) };
        let cut = totals(&[with(read("a.gz", None, nothing), Kind::Truncated, "x")]);
        assert_eq!((cut.files_read, cut.files_unreadable), (0, 1));
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
    fn a_reservation_is_not_a_loss() {
        let long = with(read("a", None, text(&["x"])), Kind::LongLine, "x");
        let sums = totals(&[long, skipped("b", Kind::Link, "x")]);
        assert_eq!((sums.files_read, sums.files_read_in_part, sums.files_skipped, sums.files_unreadable), (1, 0, 1, 0));
    }

    #[test]
    fn a_zone_is_assumed_if_either_time_has_none() {
        let assumed = |lines: &[&str]| is_zone_assumed(&text(lines));
        assert!(assumed(&["2017-02-14 02:57:24", "2017-02-14T02:57:24Z"]));
        assert!(assumed(&["2017-02-14T02:57:24Z", "2017-02-14 02:57:24"]));
        assert!(!assumed(&["2017-02-14T02:57:24Z", "2017-02-14T02:57:24Z"]));
        assert!(!assumed(&["x"]));
    }
}
