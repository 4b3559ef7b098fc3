//! Writes a sheet as a table for people, with notes above and below it. A sheet without rows becomes just the notes.
//!
//! # Layout
//!
//! In files and pipes, which have no width, each row is one line. In a terminal that is narrower than the table, the layout
//! changes step by step until the rows fit:
//!
//! 1. Less important columns are left out.
//! 2. Times are shortened to dates, or to times of day if all times are on the same date.
//! 3. Prose, such as a description, is wrapped.
//!
//! A note below the table lists what was left out.
//!
//! A table whose first column holds paths is laid out differently, because paths are long and a wrapped path cannot be copied.
//! Each path gets a line of its own, which is never wrapped, and the other cells follow below it, indented. Times are then
//! wrapped rather than shortened. No line ends in spaces.
//!
//! # Memory
//!
//! Column widths are known only after the last row, so the table keeps all rows, as text. The tabled crate, which allocates every
//! cell separately, gets one block of rows at a time. It pads and aligns cells, and puts cells of several lines next to each
//! other. This module decides which columns are shown, how wide they are in every block, and where text is wrapped.
//!
//! Rows whose prose is followed only by empty cells are passed to tabled as a table with fewer columns. A spanning cell would
//! look the same, but tabled widens the columns that it spans if its text does not fit. For the same reason, a path on a line
//! of its own is not passed to tabled.

use std::borrow::Cow;
use std::io::{self, Write};
use std::iter;

use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Margin, Padding, Style};
use unicode_width::UnicodeWidthStr as _;

use super::begins_with_note;
use super::renderer::{Options, Renderer};
use super::wrap::wrap;
use crate::report::sheet::{Cell, Column, End, Holds, Room, Sheet, rounded, whole};
use crate::report::trend::{self, NO_LINE, Scale};
use crate::report::wording::{grouped, moment, percentage, seconds, size};
use crate::terminal::escaped;

/// The number of spaces between columns.
pub(super) const GAP: usize = 2;
/// The number of spaces before the cells below a path.
const INDENT: usize = 2;
/// If less width than this is left for prose below a path, times are wrapped between the date and the time of day.
const ROOMY_PROSE_WIDTH: usize = 24;
/// The greatest width of prose for which other columns are left out, so that the prose stays on one line. Wider prose is
/// usually a single name from a log, which may have any length.
const WIDEST_PROSE_WIDTH: usize = 40;
/// The least width of a prose column, unless all its prose is narrower. In a terminal too narrow for this, lines are wider than
/// the terminal.
const LEAST_PROSE_WIDTH: usize = 15;
/// The most rows that are laid out at the same time.
const BLOCK_ROWS: usize = 256;
/// The character before the heading of a section. Cells never contain it, because control characters are escaped.
const SECTION: char = '\u{c}';
/// The width of a date such as `2017-02-14`.
const DATE_WIDTH: usize = 10;
/// The width of a terminal in which trends have all their marks.
const WIDTH_FOR_MARKS: usize = 120;
/// The number of marks of a trend in a narrower terminal.
const FEW_MARKS: usize = 12;
/// The width of the longest bar.
const BAR_WIDTH: u64 = 30;
/// The same in a narrower terminal.
const SHORT_BAR_WIDTH: u64 = 16;
/// The width of a time of day with its offset, such as `03:57:24+01:00`.
const CLOCK_WIDTH: usize = 14;

/// Collects rows and writes them as a table at the end.
pub(super) struct Table {
    options: Options,
    /// All columns of the sheet, including those for scripts only. Each row has a cell for each of them.
    all: &'static [Column],
    /// The columns that are shown.
    columns: Vec<Column>,
    /// For each column that is shown, the index of its cells in `rows`.
    positions: Vec<usize>,
    /// The index of the prose column in `columns`, or their number if there is none.
    prose: usize,
    /// One line for each row, with tabs between its cells. No cell contains a tab or a line end. If a row has no value after its
    /// prose, it has no cells there either. [`SECTION`] precedes the heading of a section, which has a line of its own.
    rows: String,
    /// The width of each column in `columns`.
    widths: Vec<usize>,
    /// The width of the widest prose that no cell follows, which may therefore extend over the columns after it. 0 if there is
    /// none.
    spanning_width: usize,
    dates: Dates,
    times: Times,
    /// The headings of the columns that were left out, for the note below the table.
    left_out: Vec<&'static str>,
    /// The parts of the time that trends show, if there are any.
    scale: Option<Scale>,
    /// Whether any trend has a time without lines.
    has_gaps: bool,
}

/// The dates of all times in the table: none, a single date, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Dates {
    None,
    One(String),
    Several,
}

/// The part of each time that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    Whole,
    Date,
    TimeOfDay,
}

impl Times {
    /// Returns the part of `time`, such as `2017-02-14 02:57:24Z`, that is shown.
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
        let columns: Vec<Column> = all.iter().filter(|column| may_be_shown(column, options)).copied().collect();
        let prose = columns.iter().position(|column| column.holds == Holds::Prose).unwrap_or(columns.len());
        let widths = columns.iter().map(|column| heading(column).len()).collect();
        let positions = (0..columns.len()).collect();
        let (rows, dates, times, left_out) = (String::new(), Dates::None, Times::Whole, Vec::new());
        let (spanning_width, scale, has_gaps) = (0, None, false);
        Table {
            options,
            all,
            columns,
            positions,
            prose,
            rows,
            widths,
            spanning_width,
            dates,
            times,
            left_out,
            scale,
            has_gaps,
        }
    }

    /// Returns the width that the table has if nothing is wrapped.
    fn width(&self) -> usize {
        let all = self.widths.iter().sum::<usize>() + GAP * (self.widths.len() - 1);
        let before: usize = self.widths.iter().take(self.prose).map(|width| width + GAP).sum();
        all.max(if self.spanning_width > 0 { before + self.spanning_width } else { 0 })
    }

    /// Decides about the columns that depend on whether there are trends.
    fn settle_trends(&mut self) {
        let room = if self.scale.is_some() { Room::ForOneLine } else { Room::ForProse };
        self.columns.iter_mut().filter(|column| column.room == Room::ForTrend).for_each(|column| column.room = room);
        if self.scale.is_none()
            && let Some(at) = self.columns.iter().position(|column| column.holds == Holds::Trend)
        {
            self.remove(at);
        }
    }

    fn write_rows(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.settle_trends();
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
        for (at, section) in self.rows.split(SECTION).enumerate() {
            let heading = section.split_once('\n').filter(|_| at > 0);
            if let Some((heading, _)) = heading {
                writeln!(out)?;
                write_notes(&[heading.to_owned()], self.options.width, out)?;
            }
            let mut rows = heading.map_or(section, |(_, rows)| rows).lines().map(|row| self.shown(row)).peekable();
            while rows.peek().is_some() {
                let block: Vec<Vec<&str>> = rows.by_ref().take(BLOCK_ROWS).collect();
                for alike in block.chunk_by(|one, next| first == 0 && one.len() == next.len()) {
                    alike[0][..first].iter().try_for_each(|path| writeln!(out, "{path}"))?;
                    self.laid_out(alike, first, limit).iter().try_for_each(|line| writeln!(out, "{line}"))?;
                }
            }
        }
        Ok(())
    }

    fn write_head(&self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let style = self.options.head;
        writeln!(out, "{style}{text}{style:#}")
    }

    /// Returns the cells of `row`, a line of [`Table::rows`], that are shown.
    fn shown<'c>(&self, row: &'c str) -> Vec<&'c str> {
        let cells: Vec<&str> = row.split('\t').collect();
        let shown = self.positions.iter().zip(&self.columns).filter_map(|(position, column)| {
            let cell = cells.get(*position)?;
            Some(if column.holds == Holds::Time { self.times.part(cell) } else { cell })
        });
        shown.collect()
    }

    /// Returns the part of `width` that the other columns from index `first` leave for prose. `first` is 1 if paths have lines of
    /// their own, and otherwise 0.
    fn left_by_others(&self, width: usize, first: usize) -> usize {
        let others = self.widths[first..].iter().sum::<usize>() - self.widths.get(self.prose).unwrap_or(&0);
        width.saturating_sub(INDENT * first + others + GAP * (self.widths.len() - first - 1))
    }

    /// Fits the columns from index `first` into `width`, if that is possible.
    fn narrow(&mut self, width: usize, first: usize) {
        let Some(prose_width) = self.widths.get(self.prose).copied() else { return };
        if first == 0 {
            let wanted = prose_width.min(WIDEST_PROSE_WIDTH);
            self.leave_out(Room::ForOneLine, wanted, width, first);
            self.leave_out_same(wanted, width, first);
            // Rows that begin with their time need the whole of it.
            let is_by_time = self.columns.first().is_some_and(|column| column.holds == Holds::Time);
            if self.left_by_others(width, first) < wanted && !(is_by_time && self.dates == Dates::Several) {
                self.shorten_times();
            }
        } else if self.left_by_others(width, first) < ROOMY_PROSE_WIDTH.min(prose_width) {
            self.narrow_times();
        }
        self.leave_out(Room::ForProse, prose_width.min(LEAST_PROSE_WIDTH), width, first);
        let widest = prose_width.min(self.left_by_others(width, first).max(LEAST_PROSE_WIDTH));
        // Wrapped lines may all be narrower than `widest`. Below paths, the column is not narrowed any further, because tables of
        // the same width are easier to read.
        let position = self.positions[self.prose];
        let fitting = self.cells(position).flat_map(|cell| wrap(cell, widest));
        let fitting = fitting.map(|line| line.width()).max().unwrap_or(0);
        self.widths[self.prose] =
            if first > 0 { widest } else { fitting.max(heading(&self.columns[self.prose]).len()) };
    }

    /// Returns the cells of all rows in the column of the sheet at `position`.
    fn cells(&self, position: usize) -> impl Iterator<Item = &str> {
        let rows = self.rows.lines().filter(|row| !row.starts_with(SECTION));
        rows.filter_map(move |row| row.split('\t').nth(position))
    }

    /// Leaves out table columns of the kind `kind`, the last one first, until prose can be `wanted` wide in a terminal of this
    /// `width`. Columns with the same heading are left out together, because people compare them with each other.
    fn leave_out(&mut self, kind: Room, wanted: usize, width: usize, first: usize) {
        while self.left_by_others(width, first) < wanted {
            let Some(last) = self.columns[first..].iter().rfind(|column| column.room == kind).map(heading) else {
                return;
            };
            for at in (first..self.columns.len()).rev() {
                if self.columns[at].room == kind && heading(&self.columns[at]) == last {
                    self.remove(at);
                }
            }
            self.left_out.insert(0, last);
        }
    }

    /// Leaves out those of the columns of the kind [`Room::UnlessSame`] that have the same cell in all rows, until prose can be
    /// `wanted` wide.
    fn leave_out_same(&mut self, wanted: usize, width: usize, first: usize) {
        for at in (first..self.columns.len()).rev() {
            let is_same = |table: &Table| {
                let mut cells = table.cells(table.positions[at]);
                cells.next().is_none_or(|one| cells.all(|other| other == one))
            };
            if self.columns[at].room == Room::UnlessSame && self.left_by_others(width, first) < wanted && is_same(self)
            {
                let left_out = heading(&self.columns[at]);
                self.remove(at);
                self.left_out.insert(0, left_out);
            }
        }
    }

    fn remove(&mut self, at: usize) {
        self.columns.remove(at);
        self.positions.remove(at);
        self.widths.remove(at);
        self.prose -= usize::from(at < self.prose);
    }

    /// Shortens times to dates or, if all are on one date, to times of day.
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
        // A time of day in UTC is no wider than a date.
        let widest = if self.options.zone.is_utc() || self.times == Times::Date { DATE_WIDTH } else { CLOCK_WIDTH };
        times.for_each(|(width, _)| *width = widest.min(*width));
    }

    /// Returns the notes below the table about what it leaves out or shortens.
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
        let has_trends = self.columns.iter().any(|column| column.holds == Holds::Trend);
        let legend = |scale: &Scale| scale.legend(marks(self.options), self.options.charset, self.has_gaps);
        self.scale.iter().filter(|_| has_trends).map(legend).chain(remarks).collect()
    }

    /// Returns the cell at index `at` of a row, wrapped to the width of its column if there is a `limit` to the width.
    fn wrapped(&self, row: &[&str], at: usize, first: usize, limit: Option<usize>) -> String {
        let width = match (limit, self.columns[at].holds) {
            // No cell follows, so the prose may extend over the columns after it.
            (Some(width), Holds::Prose) if row.len() < self.columns.len() => {
                let before: usize = self.widths[first..at].iter().map(|width| width + GAP).sum();
                width.saturating_sub(INDENT * first + before).max(LEAST_PROSE_WIDTH)
            }
            (Some(_), Holds::Prose | Holds::Time) => self.widths[at],
            _ => return row[at].to_owned(),
        };
        wrap(row[at], width).join("\n")
    }

    /// Returns the lines of a table of `rows`, which all have the same number of cells, without the columns before `first`.
    fn laid_out(&self, rows: &[Vec<&str>], first: usize, limit: Option<usize>) -> Vec<String> {
        let columns = first..rows.first().map_or(first, Vec::len);
        // The first row, which is not shown, gives all blocks the same column widths. `Width::list` would do that as well, but
        // tabled subtracts from such a width unchecked and panics if a cell is wider.
        let widest = columns.clone().map(|at| "-".repeat(self.widths[at])).collect();
        let rows = rows.iter().map(|row| columns.clone().map(|at| self.wrapped(row, at, first, limit)).collect());
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
            self.all.iter().zip(cells).filter(|(column, _)| may_be_shown(column, self.options)).collect();
        let rest = shown.get(self.prose + 1..).unwrap_or_default();
        let ends_with_prose = !rest.is_empty() && rest.iter().all(|(_, cell)| **cell == Cell::Absent);
        let len = if ends_with_prose { self.prose + 1 } else { shown.len() };
        for (at, (column, cell)) in shown[..len].iter().enumerate() {
            let text = text(column.holds, cell, self.options);
            if let Cell::Trend(trend) = cell {
                self.scale.get_or_insert_with(|| trend.scale().clone());
                self.has_gaps |= text.contains(NO_LINE);
            }
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

    fn section(&mut self, heading: &str) {
        self.rows.push(SECTION);
        self.rows.push_str(&escaped(heading));
        self.rows.push('\n');
    }

    fn end(&mut self, end: &End<'_>, out: &mut dyn Write) -> io::Result<()> {
        let width = self.options.width;
        for note in &end.above {
            write_notes(std::slice::from_ref(note), width, out)?;
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
        write_notes(&below, width, out)
    }
}

/// Writes notes, each of which may have several lines.
pub(super) fn write_notes(notes: &[String], width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let lines = notes.iter().flat_map(|note| note.lines());
    let mut lines = lines.flat_map(|line| match width {
        // A command stays on one line, so that it can be copied.
        Some(width) if !line.trim_start_matches(' ').starts_with("callcodes ") => wrap_item(line, width),
        _ => vec![line.to_owned()],
    });
    lines.try_for_each(|line| writeln!(out, "{line}"))
}

/// Returns the number of lines that a note takes.
pub(super) fn wrapped_lines(note: &str, width: Option<usize>) -> usize {
    note.lines().map(|line| width.map_or(1, |width| wrap_item(line, width).len())).sum()
}

/// Wraps a line of a note. The text of an item, after its number or spaces, stays in its column.
fn wrap_item(line: &str, width: usize) -> Vec<String> {
    let (number, text) = line.split_at(line.bytes().take_while(u8::is_ascii_digit).count());
    let text = text.trim_start_matches(' ');
    let indent = line.len() - text.len();
    // A sentence may begin with a number, which one space follows.
    if indent < number.len() + 2 || width <= indent + LEAST_PROSE_WIDTH {
        return wrap(line, width);
    }
    let mut lines = wrap(text, width - indent);
    for (at, wrapped) in lines.iter_mut().enumerate() {
        *wrapped = format!("{:indent$}{wrapped}", if at == 0 { number } else { "" });
    }
    lines
}

/// Whether `text` begins like a table of this sheet: with the headings and a rule below them, or with a note in place of rows.
pub(super) fn begins(sheet: &Sheet, text: &str) -> bool {
    sheet.without_rows.iter().any(|note| begins_with_note(text, note))
        || after_headings(headings(sheet.columns), text).is_some_and(|rest| {
            let is_rule = |rule: &str| !rule.is_empty() && rule.bytes().all(|byte| byte == b'-');
            rest.is_empty() || rest.strip_prefix('\n').and_then(|rest| rest.lines().next()).is_some_and(is_rule)
        })
}

/// Returns the headings of a table, each with whether its column may be left out.
pub(super) fn headings(columns: &'static [Column]) -> impl Iterator<Item = (&'static str, bool)> {
    columns.iter().filter_map(|column| Some((column.heading?, column.room != Room::Kept)))
}

/// Returns the text after the one or two lines of headings, or `None` if `text` does not begin with these headings. Each heading
/// comes with whether it may be missing. If `text` ends within the padding of a very wide column, the rest is empty.
pub(super) fn after_headings(headings: impl Iterator<Item = (&'static str, bool)>, text: &str) -> Option<&str> {
    /// More spaces in a row than any log contains.
    const MANY_SPACES: usize = 1000;
    let mut rest = text;
    for (at, (heading, is_optional)) in headings.enumerate() {
        // The heading of a path column may have a line of its own.
        let next = rest.strip_prefix('\n').filter(|_| at == 1).unwrap_or(rest).trim_start_matches(' ');
        let spaces = rest.len() - next.len();
        if at > 0 && next.is_empty() && spaces > MANY_SPACES {
            return Some(next);
        }
        rest = match next.strip_prefix(heading).filter(|_| at == 0 || spaces >= GAP) {
            None if is_optional => continue,
            after => after?,
        };
    }
    Some(rest)
}

/// Whether a table can show the column, before the widths of the rows are known. In files and pipes the layout must not depend on
/// widths, so they never show columns that need a wide terminal.
fn may_be_shown(column: &Column, options: Options) -> bool {
    column.heading.is_some() && (column.room != Room::IfWide || options.width.is_some())
}

fn heading(column: &Column) -> &'static str {
    column.heading.unwrap_or_default()
}

/// Returns the number of marks of a trend.
fn marks(options: Options) -> usize {
    if options.width.is_none_or(|width| width >= WIDTH_FOR_MARKS) { trend::MARKS } else { FEW_MARKS }
}

fn text<'c>(holds: Holds, cell: &'c Cell<'_>, options: Options) -> Cow<'c, str> {
    let (zone, charset) = (options.zone, options.charset);
    match cell {
        Cell::Absent => "-".into(),
        Cell::Text(text) => escaped(text),
        Cell::Number(bytes) if holds == Holds::Bytes => size(*bytes).into(),
        Cell::Number(milliseconds) if holds == Holds::Duration => seconds(*milliseconds).into(),
        Cell::Number(number) => grouped(*number).into(),
        Cell::Code(code) => code.to_string().into(),
        Cell::Share(share) => percentage(*share).into(),
        Cell::Rate(rate) if *rate >= 1_000.0 => grouped(whole(*rate)).into(),
        Cell::Rate(rate) => rounded(*rate).to_string().into(),
        Cell::Time(time) => moment(zone.of(*time)).into(),
        Cell::Flag(flag) => if *flag { "yes" } else { "no" }.into(),
        Cell::List(cells) => cells.iter().map(|cell| text(holds, cell, options)).collect::<Vec<_>>().join(", ").into(),
        Cell::Record(cells) => {
            cells.iter().map(|(_, cell)| text(holds, cell, options)).collect::<Vec<_>>().join(" ").into()
        }
        Cell::Trend(trend) => trend.text(marks(options), charset).into(),
        Cell::Bar(share) => {
            let is_wide = options.width.is_none_or(|width| width >= WIDTH_FOR_MARKS);
            charset.bar(share.count, share.total, if is_wide { BAR_WIDTH } else { SHORT_BAR_WIDTH }).into()
        }
        // Breakdowns have tables of their own.
        Cell::Groups(_) => "".into(),
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

    fn berlin() -> crate::time::zone::DisplayZone {
        crate::time::zone::DisplayZone::new(crate::time::zone::parse("Europe/Berlin").unwrap())
    }

    fn written(report: &Report, width: Option<usize>) -> String {
        rendered(report, Format::Table, Options { width, ..Options::default() })
    }

    #[test]
    fn the_text_of_an_item_stays_in_its_column() {
        let wrapped = |line| wrap_item(line, 22);
        assert_eq!(wrapped("1  one two three four five six"), ["1  one two three four", "   five six"]);
        assert_eq!(wrapped("   one two three four five six"), ["   one two three four", "   five six"]);
        assert_eq!(wrapped("14 results, 9 distinct codes"), ["14 results, 9 distinct", "codes"]);
        assert_eq!(wrap_item("1  one two three four", 12), ["1 one two", "three four"]);
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
1,000 results, 8 codes, 2 files, 2016-12-31 23:59Z to 2017-02-15 09:00Z

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

2 files read, 120.6 KiB
992 results have no readable time and do not count for first and last seen.
2 results have a time without a zone, which is taken as UTC.
A code says what happened to the call or message, not whether the sign-in succeeded.
";
        assert_eq!(written(&every_kind(), None), expected);
        // The table is 129 columns wide.
        let (rows, _) = expected.rsplit_once("\n\n").unwrap();
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
        assert_eq!((lines[2], lines[4]), (head, row));
        let narrower = written(&report, Some(width - 1));
        assert_eq!(narrower.lines().nth(2), head.strip_suffix("  Group"));
        assert!(narrower.contains("\nWiden the window to see: Group.\n"), "{narrower}");
    }

    #[test]
    fn a_narrower_terminal_leaves_out_columns_and_then_breaks_long_names() {
        assert_eq!(
            written(&every_kind(), Some(100)),
            "\
1,000 results, 8 codes, 2 files, 2016-12-31 23:59Z to 2017-02-15 09:00Z

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

2 files read, 120.6 KiB
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
12,347 results, 2 codes, 1 file, 2017-02-14 02:57Z to 2017-02-15 00:00Z

Code  Description                                Count  First seen  Last seen
------------------------------------------------------------------------------
 108  User Hung Up the Phone                    12,345  2017-02-14  2017-02-15
 777  not in the vendor's list; contact Impero       2  2017-02-14  2017-02-14

1 file read, 1 B
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
3 results, 2 codes, 1 file, 2017-02-14 02:57Z

Code  Description                 Count  First seen  Last seen
---------------------------------------------------------------
 108  User Hung Up the Phone          2  02:57:24Z   02:57:24Z
   4  No Phone Input - Timed Out      1  02:57:25Z   02:57:25Z

1 file read, 1 B
All times are on 2017-02-14.
Widen the window to see: Share, Files, Group.
1 result has no readable time and does not count for first and
last seen.
A code says what happened to the call or message, not whether
the sign-in succeeded.
"
        );
        let options = Options { width: Some(71), zone: berlin(), ..Options::default() };
        assert_eq!(
            rendered(&report, Format::Table, options).lines().skip(2).take(4).collect::<Vec<_>>().join("\n"),
            "\
Code  Description                 Count  First seen      Last seen
-----------------------------------------------------------------------
 108  User Hung Up the Phone          2  03:57:24+01:00  03:57:24+01:00
   4  No Phone Input - Timed Out      1  03:57:25+01:00  03:57:25+01:00"
        );
        assert_eq!(
            written(&report, Some(40)),
            "\
3 results, 2 codes, 1 file, 2017-02-14
02:57Z

Code  Description     Count  First seen
---------------------------------------
 108  User Hung Up        2  02:57:24Z
      the Phone
   4  No Phone Input      1  02:57:25Z
      - Timed Out

1 file read, 1 B
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
    fn no_line_is_too_wide_or_ends_in_spaces() {
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
    fn notes_about_one_item_are_in_the_singular() {
        let report = report(&[(&[(code(21), 1, &["2017-02-14 02:57:24"])], 1)]);
        assert_eq!(
            written(&report, None),
            "\
1 result, 1 code, 1 file, 2017-02-14 02:57Z

Code  Description               Count   Share  First seen            Last seen             Files
------------------------------------------------------------------------------------------------
  21  Mobile App Authenticated      1  100.0%  2017-02-14 02:57:24Z  2017-02-14 02:57:24Z      1

1 file read, 1 B
1 result has a time without a zone, which is taken as UTC.
A code says what happened to the call or message, not whether the sign-in succeeded.
"
        );
    }

    #[test]
    fn results_without_a_row_are_reported() {
        let mut report = report(&[(&[(name("x"), 1, &["2017-02-14T02:57:24Z"])], 1)]);
        let note = |report: &Report| written(report, None).lines().nth_back(1).map(str::to_owned);
        report.results_without_row = 1;
        let expected = "1 result is counted in the total only: there are too many different names or numbers to list.";
        assert_eq!(note(&report).as_deref(), Some(expected));
        report.results_without_row = 1234;
        let expected =
            "1,234 results are counted in the total only: there are too many different names or numbers to list.";
        assert_eq!(note(&report).as_deref(), Some(expected));
    }

    #[test]
    fn all_blocks_of_rows_have_the_same_widths() {
        let codes: Vec<_> =
            (0..400).map(|at| (code(10_000 + at), if at == 0 { 1_000_000 } else { 1 }, &[][..])).collect();
        let text = written(&report(&[(&codes, 1)]), None);
        let (_, rows) = text.split_once("\n\n").unwrap();
        let (rows, _) = rows.split_once("\n\n").unwrap();
        let widths: Vec<usize> = rows.lines().map(|line| line.width()).collect();
        assert_eq!(widths, [widths[0]; 402]);
    }

    #[test]
    fn only_headings_are_bold() {
        let bold = rendered(
            &every_kind(),
            Format::Table,
            Options { head: anstyle::Style::new().bold(), ..Options::default() },
        );
        let plain = written(&every_kind(), None);
        let head = plain.lines().nth(2).unwrap();
        assert_eq!(bold, plain.replace(head, &format!("\u{1b}[1m{head}\u{1b}[0m")));
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
