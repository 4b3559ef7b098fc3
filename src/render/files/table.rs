//! The table for people, with its totals.
//!
//! Where it is wider than the terminal, every path gets a line of its own and the rest stands below it: a path that is broken
//! cannot be copied, and paths are long. One that is longer than a line is left to the terminal. No line ends in blanks.
//!
//! An input that was not read has its reason in place of all other columns, as there is nothing in them.
//!
//! Rows are kept as the text that they become: each costs its path and some sixty bytes, so that a hundred thousand files with
//! paths of a hundred characters take 16 MiB. That is also why it is not put together by tabled, which keeps each cell apart
//! and knows its width twice.

use std::borrow::Cow;
use std::io::{self, Write};

use tabled::grid::util::string::get_string_width;

use crate::problem::{Kind, Problem};
use crate::render::Options;
use crate::render::problems;
use crate::render::table::{DATE_WIDTH, GAP, LEFT_OUT_BY_GLOB, PARTIAL, style};
use crate::render::wording::{counted, escaped, grouped, moment, size};
use crate::render::wrap::wrap;
use crate::report::files::{Row, Totals};

const HEAD: Cells<&str> = ["File", "What it is", "Size", "Lines", "First time", "Last time", "Results"];
const WHAT: usize = 1;
const NUMBERS: [usize; 3] = [2, 3, 6];
const TIMES: [usize; 2] = [4, 5];

/// What stands below a path is set off by so many blanks.
const INDENT: usize = 2;
/// What an input is gets no less, if it takes so much: in an even narrower terminal, lines are too long.
const LEAST_WHAT_WIDTH: usize = 16;
/// Where this much is not left for it, times are broken between date and clock time.
const ROOMY_WHAT_WIDTH: usize = 24;

type Cells<T> = [T; 7];

/// The rows so far.
pub(super) struct Table {
    options: Options,
    /// One row a line, its cells separated by tabs, neither of which is in a cell. An input that was not read has two.
    rows: String,
    widths: Cells<usize>,
    /// The width of the longest reason why an input was not read, which takes the place of all columns but the first.
    reason_width: usize,
}

impl Table {
    pub(super) fn new(options: Options) -> Table {
        Table { options, rows: String::new(), widths: HEAD.map(str::len), reason_width: 0 }
    }

    pub(super) fn push(&mut self, row: &Row) {
        let path = escaped(&row.path);
        self.widths[0] = self.widths[0].max(get_string_width(&path));
        self.rows.push_str(&path);
        if let Some(kind) = &row.kind {
            for (index, cell) in cells(row, kind) {
                self.widths[index] = self.widths[index].max(get_string_width(&cell));
                self.rows.push('\t');
                self.rows.push_str(&cell);
            }
        } else {
            let reason = reason(row);
            self.reason_width = self.reason_width.max(get_string_width(&reason));
            self.rows.push('\t');
            self.rows.push_str(&reason);
        }
        self.rows.push('\n');
    }

    pub(super) fn write(self, totals: &Totals, out: &mut impl Write) -> io::Result<()> {
        if totals.is_partial {
            out.write_all(PARTIAL.as_bytes())?;
        }
        if self.rows.is_empty() && totals.by_glob {
            return write!(out, "No files are left: {LEFT_OUT_BY_GLOB}");
        }
        if self.rows.is_empty() {
            return out.write_all(b"No files were found: name a log file, or a folder that holds some.\n");
        }
        match self.options.width {
            Some(width) if self.width() > width => self.write_below_paths(width, out)?,
            _ => self.write_beside_paths(out)?,
        }
        writeln!(out)?;
        out.write_all(sums(totals).as_bytes())
    }

    /// The width that it takes if nothing is broken.
    fn width(&self) -> usize {
        let columns = self.widths.iter().sum::<usize>() + GAP * (HEAD.len() - 1);
        let reasons = if self.reason_width > 0 { self.widths[0] + GAP + self.reason_width } else { 0 };
        columns.max(reasons)
    }

    fn rows(&self) -> impl Iterator<Item = Vec<&str>> {
        self.rows.lines().map(|row| row.split('\t').collect())
    }

    fn write_beside_paths(&self, out: &mut impl Write) -> io::Result<()> {
        let columns: Vec<Column> = (0..HEAD.len()).map(|index| Column { index, width: self.widths[index] }).collect();
        self.write_head(&line(&columns, &HEAD), out)?;
        write_rule(&columns, 0, out)?;
        for row in self.rows() {
            // A reason goes on beyond its column.
            writeln!(out, "{}", line(&columns[..row.len()], &row))?;
        }
        Ok(())
    }

    fn write_below_paths(&self, width: usize, out: &mut impl Write) -> io::Result<()> {
        let columns = narrowed(&self.widths, width);
        let indent = " ".repeat(INDENT);
        self.write_head(HEAD[0], out)?;
        self.write_head(&format!("{indent}{}", line(&columns, &HEAD)), out)?;
        write_rule(&columns, INDENT, out)?;
        for row in self.rows() {
            writeln!(out, "{}", row[0])?;
            let lines = match &row[..] {
                [_, reason] => wrap(reason, width.saturating_sub(INDENT).max(LEAST_WHAT_WIDTH)),
                _ => lines(&columns, &row),
            };
            for line in lines {
                writeln!(out, "{indent}{line}")?;
            }
        }
        Ok(())
    }

    fn write_head(&self, text: &str, out: &mut impl Write) -> io::Result<()> {
        let style = style(self.options.head);
        writeln!(out, "{style}{text}{style:#}")
    }
}

/// How a column is printed.
struct Column {
    index: usize,
    width: usize,
}

/// The columns below a path, no wider together than `width` if that is possible.
fn narrowed(widths: &Cells<usize>, width: usize) -> Vec<Column> {
    let mut widths = *widths;
    let left_by = |widths: &Cells<usize>| {
        let others: usize = widths[WHAT + 1..].iter().sum();
        width.saturating_sub(INDENT + others + GAP * (HEAD.len() - 2))
    };
    if left_by(&widths) < ROOMY_WHAT_WIDTH.min(widths[WHAT]) {
        for column in TIMES {
            widths[column] = widths[column].min(DATE_WIDTH);
        }
    }
    widths[WHAT] = widths[WHAT].min(left_by(&widths).max(LEAST_WHAT_WIDTH));
    (WHAT..HEAD.len()).map(|index| Column { index, width: widths[index] }).collect()
}

fn write_rule(columns: &[Column], indent: usize, out: &mut impl Write) -> io::Result<()> {
    let width = columns.iter().map(|column| column.width).sum::<usize>() + GAP * (columns.len() - 1) + indent;
    writeln!(out, "{}", "-".repeat(width))
}

/// One line of a row whose cells fit.
fn line(columns: &[Column], row: &[&str]) -> String {
    let mut line = String::new();
    for (at, column) in columns.iter().enumerate() {
        let cell = row[column.index];
        let blanks = " ".repeat(column.width.saturating_sub(get_string_width(cell)));
        if at > 0 {
            line.push_str(&" ".repeat(GAP));
        }
        let (before, behind) = if NUMBERS.contains(&column.index) { (blanks.as_str(), "") } else { ("", &*blanks) };
        line.extend([before, cell, behind]);
    }
    line.truncate(line.trim_end_matches(' ').len());
    line
}

/// The lines of a row some of whose cells have to be broken.
fn lines(columns: &[Column], row: &[&str]) -> Vec<String> {
    let mut cells: Vec<Vec<String>> = vec![Vec::new(); HEAD.len()];
    for column in columns {
        cells[column.index] = wrap(row[column.index], column.width);
    }
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let nth = |at: usize| -> Vec<&str> { cells.iter().map(|cell| cell.get(at).map_or("", String::as_str)).collect() };
    (0..height).map(|at| line(columns, &nth(at))).collect()
}

/// What stands behind the path of an input that was read, each with its column.
fn cells(row: &Row, kind: &str) -> impl Iterator<Item = (usize, String)> {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let cells = [
        what(row, kind),
        or_dash(row.bytes.map(size)),
        or_dash(row.lines.map(grouped)),
        or_dash(row.first_time.map(moment)),
        or_dash(row.last_time.map(moment)),
        or_dash(row.results.map(grouped)),
    ];
    (WHAT..).zip(cells)
}

/// `gzip › ASCII text, 301 B on disk, breaks off`
fn what(row: &Row, kind: &str) -> String {
    let mut what = kind.to_owned();
    if let Some(on_disk) = row.bytes_on_disk.filter(|&on_disk| row.bytes != Some(on_disk)) {
        what.push_str(&format!(", {} on disk", size(on_disk)));
    }
    for problem in &row.problems {
        what.push_str(", ");
        what.push_str(&reservation(problem));
    }
    what
}

/// Why it was not read.
fn reason(row: &Row) -> String {
    let reasons: Vec<String> = row.problems.iter().map(brief).collect();
    reasons.join(", ")
}

/// What happened, without what can be done about it.
fn brief(problem: &Problem) -> String {
    escaped(&problems::what(&problem.what))
}

/// What there is to say of something that was read.
fn reservation(problem: &Problem) -> Cow<'static, str> {
    Cow::Borrowed(match problem.kind {
        Kind::Unreadable => "not readable to its end",
        Kind::Encrypted => "damaged, or another password",
        Kind::Damaged => "damaged",
        Kind::Truncated => "breaks off",
        Kind::TrailingBytes => "other bytes behind it",
        Kind::MixedEncodings => "ends in another encoding",
        Kind::OverLimit => "read up to a limit",
        Kind::LongLine => "very long lines",
        _ => return Cow::Owned(brief(problem)),
    })
}

fn sums(totals: &Totals) -> String {
    let mut text = format!("{} read", counted(totals.files_read, "file"));
    let counts = [
        (totals.files_read_in_part, "of them not to the end"),
        (totals.files_skipped, "skipped"),
        (totals.files_unreadable, "could not be read"),
    ];
    for (count, what) in counts {
        if count > 0 {
            text.push_str(&format!(", {} {what}", grouped(count)));
        }
    }
    text.push_str(&format!(
        ", {}, {}, {}\n",
        size(totals.bytes),
        counted(totals.lines, "line"),
        counted(totals.results, "result")
    ));
    match totals.files_with_zone_assumed {
        0 => {}
        1 => text.push_str("1 file has times without a zone; they are read as UTC.\n"),
        many => text.push_str(&format!("{} files have times without a zone; they are read as UTC.\n", grouped(many))),
    }
    text
}
