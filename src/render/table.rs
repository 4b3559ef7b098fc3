//! The table for people, with what is said above and below it; where there are no rows, only that.
//!
//! Without a width no line is broken, so that pipes and files get one line a row. Where the table is wider than the terminal,
//! a row stays on one line for as long as that is possible: columns that matter less are left out, then times become dates, or
//! times of day if all are on one date. Only then is prose broken into lines. What was left out is said below the table.
//!
//! Paths, if they come first, get a line of their own, and the rest stands below, where times are broken instead: a path that
//! is broken cannot be copied, and paths are long. One that is longer than a line is left to the terminal. No line ends in
//! blanks.
//!
//! Rows are kept as the text that they become: each costs its path and some sixty bytes, so that a hundred thousand files with
//! paths of a hundred characters take 16 MiB. The crate tabled, which keeps each cell apart, gets a block of rows at a time. It
//! pads and aligns the cells, and puts cells of several lines side by side. Which columns there are, how wide they are in all
//! blocks, and where text is broken is decided here.
//!
//! Rows that end with their prose get a table with fewer columns. A cell that spans columns would look the same, but tabled
//! widens those columns where it does not fit. A path on a line of its own is not given to tabled for the same reason.

use std::borrow::Cow;
use std::io::{self, Write};
use std::iter;

use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Margin, Padding, Style};
use unicode_width::UnicodeWidthStr as _;

use super::begins_with_note;
use super::renderer::{Options, Renderer};
use super::wrap::wrap;
use crate::report::sheet::{Cell, Column, End, Holds, Room, Sheet};
use crate::report::wording::{grouped, moment, percentage, size};
use crate::terminal::escaped;

/// Blanks between columns.
const GAP: usize = 2;
/// What stands below a path is set off by so many blanks.
const INDENT: usize = 2;
/// Where this much is not left for prose below a path, times are broken between date and clock time.
const ROOMY_PROSE_WIDTH: usize = 24;
/// Nothing is left out for prose that is wider: it is then the name of one row, and any number of characters long.
const WIDEST_PROSE_WIDTH: usize = 40;
/// Prose gets no less, if it takes so much: in an even narrower terminal, lines are too long.
const LEAST_PROSE_WIDTH: usize = 15;
/// The most rows that are laid out at the same time.
const BLOCK_ROWS: usize = 256;
/// `2017-02-14`
const DATE_WIDTH: usize = 10;

/// The rows so far.
pub(super) struct Table {
    options: Options,
    /// All columns of the sheet, in which cells come.
    all: &'static [Column],
    /// Those with a heading that are shown.
    columns: Vec<Column>,
    /// The place of each among all those with a heading.
    places: Vec<usize>,
    /// The place among the columns of the prose, if there is any.
    prose: usize,
    /// One row a line, its cells separated by tabs, neither of which is in a cell. A row that ends with its prose has fewer.
    rows: String,
    widths: Vec<usize>,
    /// The widest of the rows that end with their prose, up to there and without the gaps.
    spanning_width: usize,
    dates: Dates,
    times: Times,
    /// What is left out, as it is said below the table.
    left_out: Vec<&'static str>,
}

/// The dates that the times in the rows are on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Dates {
    None,
    One(String),
    Several,
}

/// What is shown of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    Whole,
    Date,
    TimeOfDay,
}

impl Times {
    /// The part of a time that is shown.
    fn part(self, time: &str) -> &str {
        match (self, time.split_once(' ')) {
            (Times::Date, Some((date, _))) => date,
            (Times::TimeOfDay, Some((_, time_of_day))) => time_of_day,
            _ => time,
        }
    }
}

impl Table {
    pub(super) fn new(all: &'static [Column], options: Options) -> Table {
        let columns: Vec<Column> = all.iter().filter(|column| has_place(column, options)).copied().collect();
        let prose = columns.iter().position(|column| column.holds == Holds::Prose).unwrap_or(columns.len());
        let widths = columns.iter().map(|column| heading(column).len()).collect();
        let places = (0..columns.len()).collect();
        let (rows, dates, times, left_out) = (String::new(), Dates::None, Times::Whole, Vec::new());
        Table { options, all, columns, places, prose, rows, widths, spanning_width: 0, dates, times, left_out }
    }

    /// The width that it takes if nothing is broken.
    fn width(&self) -> usize {
        let all = self.widths.iter().sum::<usize>() + GAP * (self.widths.len() - 1);
        let before: usize = self.widths.iter().take(self.prose).map(|width| width + GAP).sum();
        all.max(if self.spanning_width > 0 { before + self.spanning_width } else { 0 })
    }

    fn write_rows(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(width) = self.options.width.filter(|&width| self.width() > width) {
            self.leave_out(Room::IfWide, usize::MAX, width, 0);
        }
        let limit = self.options.width.filter(|&width| self.width() > width);
        let first = usize::from(limit.is_some() && self.columns.first().is_some_and(|one| one.holds == Holds::Path));
        if let Some(width) = limit {
            self.narrow(width, first);
        }
        let headings: Vec<&str> = self.columns.iter().map(heading).collect();
        for path in &headings[..first] {
            self.write_head(path, out)?;
        }
        self.laid_out(&[headings], first, None).iter().try_for_each(|line| self.write_head(line, out))?;
        let gaps = GAP * self.widths[first..].len().saturating_sub(1);
        writeln!(out, "{}", "-".repeat(INDENT * first + self.widths[first..].iter().sum::<usize>() + gaps))?;
        let mut rows = self.rows.lines().map(|row| self.shown(row)).peekable();
        while rows.peek().is_some() {
            let block: Vec<Vec<&str>> = rows.by_ref().take(BLOCK_ROWS).collect();
            for alike in block.chunk_by(|one, next| first == 0 && one.len() == next.len()) {
                alike[0][..first].iter().try_for_each(|path| writeln!(out, "{path}"))?;
                self.laid_out(alike, first, limit).iter().try_for_each(|line| writeln!(out, "{line}"))?;
            }
        }
        Ok(())
    }

    fn write_head(&self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let style = self.options.head;
        writeln!(out, "{style}{text}{style:#}")
    }

    /// The cells of a row that are shown.
    fn shown<'c>(&self, row: &'c str) -> Vec<&'c str> {
        let cells: Vec<&str> = row.split('\t').collect();
        let shown = self.places.iter().zip(&self.columns).filter_map(|(place, column)| {
            let cell = cells.get(*place)?;
            Some(if column.holds == Holds::Time { self.times.part(cell) } else { cell })
        });
        shown.collect()
    }

    /// The width that is left for prose by the other columns from `first`.
    fn left_by_others(&self, width: usize, first: usize) -> usize {
        let others = self.widths[first..].iter().sum::<usize>() - self.widths.get(self.prose).unwrap_or(&0);
        width.saturating_sub(INDENT * first + others + GAP * (self.widths.len() - first - 1))
    }

    /// Makes the columns from `first` no wider together than `width`, if that is possible.
    fn narrow(&mut self, width: usize, first: usize) {
        let Some(prose_width) = self.widths.get(self.prose).copied() else { return };
        if first == 0 {
            let wanted = prose_width.min(WIDEST_PROSE_WIDTH);
            self.leave_out(Room::ForOneLine, wanted, width, first);
            if self.left_by_others(width, first) < wanted {
                self.shorten_times();
            }
        } else if self.left_by_others(width, first) < ROOMY_PROSE_WIDTH.min(prose_width) {
            self.narrow_times();
        }
        self.leave_out(Room::ForProse, prose_width.min(LEAST_PROSE_WIDTH), width, first);
        let widest = prose_width.min(self.left_by_others(width, first).max(LEAST_PROSE_WIDTH));
        // Lines may all be shorter; below paths, tables of one width are easier to read.
        let place = self.places[self.prose];
        let fitting =
            self.rows.lines().filter_map(|row| row.split('\t').nth(place)).flat_map(|cell| wrap(cell, widest));
        let fitting = fitting.map(|line| line.width()).max().unwrap_or(0);
        self.widths[self.prose] =
            if first > 0 { widest } else { fitting.max(heading(&self.columns[self.prose]).len()) };
    }

    /// Leaves out columns of that kind, the last one first, until so much is left for prose.
    fn leave_out(&mut self, kind: Room, wanted: usize, width: usize, first: usize) {
        for at in (first..self.columns.len()).rev() {
            if self.columns[at].room == kind && self.left_by_others(width, first) < wanted {
                self.left_out.insert(0, heading(&self.columns.remove(at)));
                self.places.remove(at);
                self.widths.remove(at);
                self.prose -= usize::from(at < self.prose);
            }
        }
    }

    /// Shows only the dates of times or, if all are on one date, only the times of day, which are no wider.
    fn shorten_times(&mut self) {
        self.times = match self.dates {
            Dates::None => Times::Whole,
            Dates::One(_) => Times::TimeOfDay,
            Dates::Several => Times::Date,
        };
        self.narrow_times();
    }

    fn narrow_times(&mut self) {
        let times = self.widths.iter_mut().zip(&self.columns).filter(|(_, column)| column.holds == Holds::Time);
        times.for_each(|(width, _)| *width = DATE_WIDTH.min(*width));
    }

    /// What is said below the table of what it does not show, or shows in another way.
    fn remarks(&self) -> Vec<String> {
        let has_times = self.columns.iter().any(|column| column.holds == Holds::Time);
        let mut left_out = self.left_out.clone();
        let mut remarks = Vec::new();
        match (&self.dates, self.times) {
            (Dates::One(date), Times::TimeOfDay) if has_times => remarks.push(format!("All times are on {date}.")),
            (_, Times::Date) if has_times => left_out.push("times of day"),
            _ => {}
        }
        if !left_out.is_empty() {
            remarks.push(format!("Widen the window to see: {}.", left_out.join(", ")));
        }
        remarks
    }

    /// The cell of a row at that place, with line ends where it has to be broken.
    fn broken(&self, row: &[&str], at: usize, first: usize, limit: Option<usize>) -> String {
        let width = match (limit, self.columns[at].holds) {
            // It takes the place of the columns that follow.
            (Some(width), Holds::Prose) if row.len() < self.columns.len() => {
                let before: usize = self.widths[first..at].iter().map(|width| width + GAP).sum();
                width.saturating_sub(INDENT * first + before).max(LEAST_PROSE_WIDTH)
            }
            (Some(_), Holds::Prose | Holds::Time) => self.widths[at],
            _ => return row[at].to_owned(),
        };
        wrap(row[at], width).join("\n")
    }

    /// The lines of rows that have the same number of cells, from the column `first`.
    fn laid_out(&self, rows: &[Vec<&str>], first: usize, limit: Option<usize>) -> Vec<String> {
        let columns = first..rows.first().map_or(first, Vec::len);
        // A row that is not shown gives all blocks the same widths. `Width::list` would do that as well, but tabled subtracts
        // from such a width without a check, and panics if a cell is wider.
        let widest = columns.clone().map(|at| "-".repeat(self.widths[at])).collect();
        let rows = rows.iter().map(|row| columns.clone().map(|at| self.broken(row, at, first, limit)).collect());
        let mut table: tabled::Table = iter::once::<Vec<String>>(widest).chain(rows).collect();
        table.with((Style::empty(), Padding::new(0, GAP, 0, 0), Margin::new(INDENT * first, 0, 0, 0)));
        for at in columns.filter(|at| self.columns[*at].holds.is_number()) {
            table.modify(Columns::one(at - first), Alignment::right());
        }
        table.to_string().lines().skip(1).map(|line| line.trim_end_matches(' ').to_owned()).collect()
    }
}

impl Renderer for Table {
    fn begin(&mut self, _: &[Cell<'_>], _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>], _: &mut dyn Write) -> io::Result<()> {
        let shown: Vec<(&Column, &Cell<'_>)> =
            self.all.iter().zip(cells).filter(|(column, _)| has_place(column, self.options)).collect();
        let rest = shown.get(self.prose + 1..).unwrap_or_default();
        let ends_with_prose = !rest.is_empty() && rest.iter().all(|(_, cell)| **cell == Cell::Absent);
        let len = if ends_with_prose { self.prose + 1 } else { shown.len() };
        for (at, (column, cell)) in shown[..len].iter().enumerate() {
            let text = text(column.holds, cell);
            let is_spanning = ends_with_prose && at == self.prose;
            let widest = if is_spanning { &mut self.spanning_width } else { &mut self.widths[at] };
            *widest = text.width().max(*widest);
            if let (Cell::Time(_), Some((date, _))) = (cell, text.split_once(' ')) {
                match &self.dates {
                    Dates::None => self.dates = Dates::One(date.to_owned()),
                    Dates::One(one) if one != date => self.dates = Dates::Several,
                    _ => {}
                }
            }
            if at > 0 {
                self.rows.push('\t');
            }
            self.rows.push_str(&text);
        }
        self.rows.push('\n');
        Ok(())
    }

    fn end(&mut self, end: &End<'_>, out: &mut dyn Write) -> io::Result<()> {
        let width = self.options.width;
        let write_note = |note: &String, out: &mut dyn Write| {
            // A note may have several lines.
            let mut lines = note.lines().flat_map(|line| match width {
                Some(width) => wrap(line, width),
                None => vec![line.to_owned()],
            });
            lines.try_for_each(|line| writeln!(out, "{line}"))
        };
        for note in &end.above {
            write_note(note, out)?;
            writeln!(out)?;
        }
        let mut below = end.below.clone();
        if !self.rows.is_empty() {
            self.write_rows(out)?;
            below.splice(below.len().min(1)..below.len().min(1), self.remarks());
            if !below.is_empty() {
                writeln!(out)?;
            }
        }
        below.iter().try_for_each(|note| write_note(note, out))
    }
}

/// Whether `text` begins as such a table does: with the headings and a rule below them, or with what stands in place of rows.
pub(super) fn begins(sheet: &Sheet, text: &str) -> bool {
    sheet.without_rows.iter().any(|note| begins_with_note(text, note))
        || after_headings(headings(sheet.columns), text).is_some_and(|rest| {
            let is_rule = |rule: &str| !rule.is_empty() && rule.bytes().all(|byte| byte == b'-');
            rest.is_empty() || rest.strip_prefix('\n').and_then(|rest| rest.lines().next()).is_some_and(is_rule)
        })
}

/// The headings of a table, each with whether it may be left out.
pub(super) fn headings(columns: &'static [Column]) -> impl Iterator<Item = (&'static str, bool)> {
    columns.iter().filter_map(|column| Some((column.heading?, column.room != Room::Kept)))
}

/// What follows the line, or the two, with the headings of a table; `None` if `text` begins otherwise. Beside each heading
/// stands whether it may be left out. Where a column is so wide that the text ends in it, that is nothing.
pub(super) fn after_headings(headings: impl Iterator<Item = (&'static str, bool)>, text: &str) -> Option<&str> {
    /// More blanks in a row than any log has.
    const MANY_BLANKS: usize = 1000;
    let mut rest = text;
    for (at, (heading, is_optional)) in headings.enumerate() {
        // After a path the others may stand below.
        let next = rest.strip_prefix('\n').filter(|_| at == 1).unwrap_or(rest).trim_start_matches(' ');
        let blanks = rest.len() - next.len();
        if at > 0 && next.is_empty() && blanks > MANY_BLANKS {
            return Some(next);
        }
        rest = match next.strip_prefix(heading).filter(|_| at == 0 || blanks >= GAP) {
            None if is_optional => continue,
            after => after?,
        };
    }
    Some(rest)
}

/// Whether a table has that column, before it is known how wide the rows are. Files and pipes keep one layout.
fn has_place(column: &Column, options: Options) -> bool {
    column.heading.is_some() && (column.room != Room::IfWide || options.width.is_some())
}

fn heading(column: &Column) -> &'static str {
    column.heading.unwrap_or_default()
}

fn text<'c>(holds: Holds, cell: &'c Cell<'_>) -> Cow<'c, str> {
    match cell {
        Cell::Absent => "-".into(),
        Cell::Text(text) => escaped(text),
        Cell::Number(bytes) if holds == Holds::Bytes => size(*bytes).into(),
        Cell::Number(number) => grouped(*number).into(),
        Cell::Code(code) => code.to_string().into(),
        Cell::Share(share) => percentage(*share).into(),
        Cell::Time(time) => moment(*time).into(),
        Cell::Flag(flag) => if *flag { "yes" } else { "no" }.into(),
        Cell::List(cells) => cells.iter().map(|cell| text(holds, cell)).collect::<Vec<_>>().join(", ").into(),
        Cell::Record(cells) => cells.iter().map(|(_, cell)| text(holds, cell)).collect::<Vec<_>>().join(" ").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Kind, Problem};
    use crate::render::Format;
    use crate::render::tests::rendered;
    use crate::report::testing::{code, every_kind, name, report};
    use crate::report::{Report, Restriction};

    fn written(report: &Report, width: Option<usize>) -> String {
        rendered(report, Format::Table, Options { width, head: anstyle::Style::new() })
    }

    #[test]
    fn a_partial_result_says_so_first() {
        let whole = every_kind();
        let partial = Report { is_partial: true, ..whole.clone() };
        let head = "PARTIAL RESULT: the run was interrupted; this is what had been read by then.\n\n";
        assert_eq!(written(&partial, None), head.to_owned() + &written(&whole, None));
        let nothing = Report { is_partial: true, ..report(&[]) };
        assert_eq!(written(&nothing, None), head.to_owned() + &written(&report(&[]), None));
    }

    #[test]
    fn every_kind_of_row() {
        let expected = "\
Code  Description                                                 Count  Share  First seen            Last seen             Files
---------------------------------------------------------------------------------------------------------------------------------
  21  Mobile App Authenticated                                      700  70.0%  2017-02-13 23:59:59Z  2017-02-14 02:57:24Z      1
 102  Phone Unreachable                                             188  18.8%  2016-12-31 23:59:59Z  2017-02-15 09:00:00Z      2
   -  Used Cache (6, 8 or 9)                                         50   5.0%  2017-02-14 03:00:00Z  2017-02-14 03:00:01Z      1
   -  Authentication Throttled (FAILED_AUTHENTICATION_THROTTLED)     40   4.0%  -                     -                         1
 777  not in the vendor's list; contact Impero                       10   1.0%  -                     -                         1
   -  \"Some Text\": not in the vendor's list; contact Impero          10   1.0%  2017-02-14 00:00:00Z  2017-02-14 00:00:00Z      1
  -5  not in the vendor's list; contact Impero                        1   0.1%  -                     -                         1
   0  No call result                                                  1   0.1%  -                     -                         1

1,000 results, 8 distinct codes, 2 files read, 120.6 KiB
992 results have no readable time and do not count for first and last seen.
2 results have a time without a zone, which is taken as UTC.
A code says what happened to the call or message, not whether the sign-in succeeded.
";
        assert_eq!(written(&every_kind(), None), expected);
        // The table is 129 columns wide.
        let (rows, _) = expected.split_once("\n\n").unwrap();
        assert!(written(&every_kind(), Some(129)).starts_with(rows));
        assert!(!written(&every_kind(), Some(128)).starts_with(rows));
    }

    #[test]
    fn a_wide_terminal_shows_the_group_and_a_narrower_one_says_that_it_does_not() {
        let report = report(&[(&[(code(102), 1, &["2017-02-14T02:57:24Z"]), (code(777), 1, &[])], 1)]);
        let width = 4 + 40 + 5 + 5 + 20 + 20 + 5 + 11 + 7 * GAP;
        let wide = written(&report, Some(width));
        let lines: Vec<&str> = wide.lines().collect();
        let head = "Code  Description                               Count  Share  First seen            Last seen             Files  Group";
        let row = " 102  Phone Unreachable                             1  50.0%  2017-02-14 02:57:24Z  2017-02-14 02:57:24Z      1  not reached";
        assert_eq!((lines[0], lines[2]), (head, row));
        let narrower = written(&report, Some(width - 1));
        assert_eq!(narrower.lines().next(), head.strip_suffix("  Group"));
        assert!(narrower.contains("\nWiden the window to see: Group.\n"), "{narrower}");
    }

    #[test]
    fn a_narrower_terminal_leaves_out_columns_and_then_breaks_long_names() {
        assert_eq!(
            written(&every_kind(), Some(100)),
            "\
Code  Description                               Count  First seen            Last seen
-------------------------------------------------------------------------------------------------
  21  Mobile App Authenticated                    700  2017-02-13 23:59:59Z  2017-02-14 02:57:24Z
 102  Phone Unreachable                           188  2016-12-31 23:59:59Z  2017-02-15 09:00:00Z
   -  Used Cache (6, 8 or 9)                       50  2017-02-14 03:00:00Z  2017-02-14 03:00:01Z
   -  Authentication Throttled                     40  -                     -
      (FAILED_AUTHENTICATION_THROTTLED)
 777  not in the vendor's list; contact Impero     10  -                     -
   -  \"Some Text\": not in the vendor's list;       10  2017-02-14 00:00:00Z  2017-02-14 00:00:00Z
      contact Impero
  -5  not in the vendor's list; contact Impero      1  -                     -
   0  No call result                                1  -                     -

1,000 results, 8 distinct codes, 2 files read, 120.6 KiB
Widen the window to see: Share, Files, Group.
992 results have no readable time and do not count for first and last seen.
2 results have a time without a zone, which is taken as UTC.
A code says what happened to the call or message, not whether the sign-in succeeded.
"
        );
    }

    #[test]
    fn at_80_columns_a_code_has_one_line() {
        let report = report(&[(
            &[
                (code(108), 12345, &["2017-02-14T02:57:24Z", "2017-02-15T00:00:00Z"]),
                (code(777), 2, &["2017-02-14T02:57:25Z"]),
            ],
            1,
        )]);
        assert_eq!(
            written(&report, Some(80)),
            "\
Code  Description                                Count  First seen  Last seen
------------------------------------------------------------------------------
 108  User Hung Up the Phone                    12,345  2017-02-14  2017-02-15
 777  not in the vendor's list; contact Impero       2  2017-02-14  2017-02-14

12,347 results, 2 distinct codes, 1 file read, 1 B
Widen the window to see: Share, Files, Group, times of day.
12,344 results have no readable time and do not count for first and last seen.
A code says what happened to the call or message, not whether the sign-in
succeeded.
"
        );
    }

    #[test]
    fn times_of_one_date_are_shown_without_it() {
        let report =
            report(&[(&[(code(108), 2, &["2017-02-14T02:57:24Z"]), (code(4), 1, &["2017-02-14T02:57:25Z"])], 1)]);
        assert_eq!(
            written(&report, Some(64)),
            "\
Code  Description                 Count  First seen  Last seen
---------------------------------------------------------------
 108  User Hung Up the Phone          2  02:57:24Z   02:57:24Z
   4  No Phone Input - Timed Out      1  02:57:25Z   02:57:25Z

3 results, 2 distinct codes, 1 file read, 1 B
All times are on 2017-02-14.
Widen the window to see: Share, Files, Group.
1 result has no readable time and does not count for first and
last seen.
A code says what happened to the call or message, not whether
the sign-in succeeded.
"
        );
        assert_eq!(
            written(&report, Some(40)),
            "\
Code  Description     Count  First seen
---------------------------------------
 108  User Hung Up        2  02:57:24Z
      the Phone
   4  No Phone Input      1  02:57:25Z
      - Timed Out

3 results, 2 distinct codes, 1 file
read, 1 B
All times are on 2017-02-14.
Widen the window to see: Last seen,
Share, Files, Group.
1 result has no readable time and does
not count for first and last seen.
A code says what happened to the call or
message, not whether the sign-in
succeeded.
"
        );
    }

    #[test]
    fn at_no_width_is_a_line_too_long_or_ends_in_blanks() {
        for width in 40..=140 {
            let text = written(&every_kind(), Some(width));
            assert!(text.lines().all(|line| line.width() <= width), "{width}:\n{text}");
            assert!(text.lines().all(|line| !line.ends_with(' ')), "{width}:\n{text}");
            // Each column is either shown or mentioned as left out, and only names with underscores are broken.
            let words = text.replace('\n', " ");
            for heading in ["Share", "First seen", "Last seen", "Files", "Group"] {
                assert!(words.contains(heading), "{width}:\n{text}");
            }
            for word in ["Authentication", "Authenticated", "188", "700", "1,000", "Unreachable"] {
                assert!(text.contains(word), "{width}: {word}\n{text}");
            }
        }
    }

    #[test]
    fn one_of_everything_is_in_the_singular() {
        let report = report(&[(&[(code(21), 1, &["2017-02-14 02:57:24"])], 1)]);
        assert_eq!(
            written(&report, None),
            "\
Code  Description               Count   Share  First seen            Last seen             Files
------------------------------------------------------------------------------------------------
  21  Mobile App Authenticated      1  100.0%  2017-02-14 02:57:24Z  2017-02-14 02:57:24Z      1

1 result, 1 distinct code, 1 file read, 1 B
1 result has a time without a zone, which is taken as UTC.
A code says what happened to the call or message, not whether the sign-in succeeded.
"
        );
    }

    #[test]
    fn results_without_a_row_are_reported() {
        let mut report = report(&[(&[(name("x"), 1, &["2017-02-14T02:57:24Z"])], 1)]);
        let told = |report: &Report| written(report, None).lines().nth_back(1).map(str::to_owned);
        report.results_without_row = 1;
        let expected = "1 result is counted in the total only: there are too many different names or numbers to list.";
        assert_eq!(told(&report).as_deref(), Some(expected));
        report.results_without_row = 1234;
        let expected =
            "1,234 results are counted in the total only: there are too many different names or numbers to list.";
        assert_eq!(told(&report).as_deref(), Some(expected));
    }

    #[test]
    fn all_blocks_of_rows_have_the_same_widths() {
        let codes: Vec<_> =
            (0..400).map(|at| (code(10_000 + at), if at == 0 { 1_000_000 } else { 1 }, &[][..])).collect();
        let text = written(&report(&[(&codes, 1)]), None);
        let (rows, _) = text.split_once("\n\n").unwrap();
        let widths: Vec<usize> = rows.lines().map(|line| line.width()).collect();
        assert_eq!(widths, [widths[0]; 402]);
    }

    #[test]
    fn only_the_head_is_bold() {
        let bold = rendered(&every_kind(), Format::Table, Options { width: None, head: anstyle::Style::new().bold() });
        let (head, rest) = bold.split_once('\n').unwrap();
        let plain = written(&every_kind(), None);
        let (plain_head, plain_rest) = plain.split_once('\n').unwrap();
        assert_eq!(head, format!("\u{1b}[1m{plain_head}\u{1b}[0m"));
        assert_eq!(rest, plain_rest);
    }

    #[test]
    fn nothing_found_says_what_was_searched_for_and_where() {
        assert_eq!(
            written(&report(&[(&[], 1_000_000), (&[], 258_291), (&[], 0)]), None),
            "\
No result codes found in 3 files (1.2 MiB). Searched for the patterns: radius-raw, sdk-text.
If a line should have matched, pass it to `callcodes patterns test`, which shows how far each pattern gets.
"
        );
    }

    #[test]
    fn a_partial_result_does_not_say_that_it_holds_nothing() {
        let mut report = report(&[(&[], 1_000_000)]);
        report.problems.push(Problem::new("a.gz", Kind::OverLimit, "x"));
        assert_eq!(
            written(&report, None),
            "\
No result codes found in 1 file (976.6 KiB), but some input could not be read: standard error has the reasons. Searched for the patterns: radius-raw, sdk-text.
If a line should have matched, pass it to `callcodes patterns test`, which shows how far each pattern gets.
"
        );
    }

    #[test]
    fn no_files_are_distinguished_from_files_that_cannot_be_read() {
        let mut report = report(&[]);
        assert_eq!(
            written(&report, None),
            "No files were found, so nothing was searched. Pass a log file, or a folder with log files.\n"
        );
        report.problems.push(Problem::new("a", Kind::Unreadable, "x"));
        assert_eq!(
            written(&report, None),
            "No file could be read, so nothing was searched: standard error has the reasons.\n"
        );
        report.problems[0].kind = Kind::Binary;
        let skipped = "All files were skipped, so nothing was searched: standard error has the reasons.\n";
        assert_eq!(written(&report, None), skipped);
        report.searched.restriction = Restriction::Globs;
        let left_out = "No file was read, so nothing was searched: -g and --iglob exclude all other files.\n";
        assert!(written(&report, None).starts_with(left_out));
        report.problems[0].kind = Kind::Unreadable;
        let left_out = "\
            No file could be read, so nothing was searched: standard error has the reasons. -g and --iglob exclude all other \
            files.\n";
        assert!(written(&report, None).starts_with(left_out));
    }
}
