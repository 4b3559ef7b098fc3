//! The table for people, with its totals; or, where nothing was found, where and for what was looked.
//!
//! A partial result says so before anything else. No line ends in blanks. Without a width no line is broken, so that pipes and files get one line a row.

use std::io::{self, Write};

use anstyle::Style;
use tabled::Table;
use tabled::builder::Builder;
use tabled::grid::util::string::get_string_width;
use tabled::settings::object::Columns;
use tabled::settings::style::HorizontalLine;
use tabled::settings::{Alignment, Padding};

use super::wording::{counted, grouped, moment, share, size};
use super::wrap::wrap;
use super::{Emphasis, Options};
use crate::code::Code;
use crate::report::{Report, Row};

const HEAD: [&str; 7] = ["Code", "Description", "Count", "Share", "First seen", "Last seen", "Files"];
const DESCRIPTION: usize = 1;
const NUMBERS: [usize; 4] = [0, 2, 3, 6];
const TIMES: [usize; 2] = [4, 5];

/// Where globs leave nothing, a glob that means something else than was thought is the likely reason.
pub(super) const LEFT_OUT_BY_GLOB: &str = "-g and --iglob leave out all other files.\n\
    A glob is matched against the path below the folder or archive that is named, or against the name alone if it has no \
    slash; '**/host7/**' is all that lies in anything called host7.\n";

/// What stands above all that is said of a part.
pub(super) const PARTIAL: &str = "PARTIAL RESULT: the run was interrupted, and this is what was read until then.\n\n";

/// Blanks between columns.
pub(super) const GAP: usize = 2;
/// Where this much is not left for descriptions, times are broken between date and clock time too.
const ROOMY_DESCRIPTION_WIDTH: usize = 24;
/// Descriptions are not made narrower than this: in an even narrower terminal, lines are too long.
pub(super) const LEAST_DESCRIPTION_WIDTH: usize = 16;
/// `2017-02-14`
pub(super) const DATE_WIDTH: usize = 10;

type Cells<T = String> = [T; HEAD.len()];

/// Writes the table and its totals, or what was looked through if nothing was found.
///
/// # Errors
///
/// Those of `out`.
pub fn write(report: &Report, options: &Options, out: &mut impl Write) -> io::Result<()> {
    if report.is_partial {
        out.write_all(PARTIAL.as_bytes())?;
    }
    if report.totals.results == 0 {
        return out.write_all(nothing_found(report).as_bytes());
    }
    write_lines(&table(&report.rows, report.totals.results, options.width), options.head, out)?;
    writeln!(out)?;
    out.write_all(totals(report).as_bytes())
}

/// Two blanks between columns, and a rule below the head: what all tables have in common.
pub(super) fn dress(table: &mut Table) {
    // ASCII: what reads the output on Windows may still use a code page without box drawing.
    let rule = HorizontalLine::filled('-').remove_left().remove_right().remove_intersection();
    table.with(tabled::settings::Style::empty().horizontals([(1, rule)]));
    table.with(Padding::new(0, GAP, 0, 0));
    table.modify(Columns::last(), Padding::zero());
}

/// Writes a table without blanks at the ends of lines, its head set off.
///
/// # Errors
///
/// Those of `out`.
pub(super) fn write_lines(table: &Table, head: Emphasis, out: &mut impl Write) -> io::Result<()> {
    let head = style(head);
    for (at, line) in table.to_string().lines().enumerate() {
        let line = line.trim_end_matches(' ');
        let style = if at == 0 { head } else { Style::new() };
        writeln!(out, "{style}{line}{style:#}")?;
    }
    Ok(())
}

/// How the head of a table is set off.
pub(super) fn style(head: Emphasis) -> Style {
    match head {
        Emphasis::Plain => Style::new(),
        Emphasis::Bold => Style::new().bold(),
    }
}

fn table(rows: &[Row], results: u64, width: Option<usize>) -> Table {
    let mut cells: Vec<Cells> = rows.iter().map(|row| cells(row, results)).collect();
    if let Some(width) = width {
        narrow(&mut cells, width);
    }
    let mut builder = Builder::with_capacity(1 + rows.len(), HEAD.len());
    builder.push_record(HEAD);
    for row in cells {
        builder.push_record(row);
    }
    let mut table = builder.build();
    dress(&mut table);
    for column in NUMBERS {
        table.modify(Columns::one(column), Alignment::right());
    }
    table
}

/// Breaks descriptions, and times if need be, so that lines are no longer than `width`.
fn narrow(rows: &mut [Cells], width: usize) {
    let mut widths = HEAD.map(str::len);
    for row in rows.iter() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = get_string_width(cell).max(*width);
        }
    }
    let left_by = |widths: &Cells<usize>| {
        let others = widths.iter().sum::<usize>() - widths[DESCRIPTION] + GAP * (HEAD.len() - 1);
        width.saturating_sub(others)
    };
    if widths[DESCRIPTION] <= left_by(&widths) {
        return;
    }
    if left_by(&widths) < ROOMY_DESCRIPTION_WIDTH.min(widths[DESCRIPTION]) {
        for column in TIMES {
            widths[column] = widths[column].min(DATE_WIDTH);
        }
    }
    widths[DESCRIPTION] = left_by(&widths).max(LEAST_DESCRIPTION_WIDTH);
    for row in rows {
        for column in [DESCRIPTION].into_iter().chain(TIMES) {
            row[column] = wrap(&row[column], widths[column]).join("\n");
        }
    }
}

fn cells(row: &Row, results: u64) -> Cells {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        or_dash(row.code.map(|code| code.to_string())),
        description(row),
        grouped(row.count),
        share(row.count, results),
        or_dash(row.first_seen.map(moment)),
        or_dash(row.last_seen.map(moment)),
        grouped(row.files),
    ]
}

/// The description, with the name where no number identifies the row.
fn description(row: &Row) -> String {
    match &row.name {
        None => row.description.clone(),
        Some(name) if !row.known => format!("\"{name}\": {}", row.description),
        Some(_) if !row.candidates.is_empty() => format!("{} ({})", row.description, alternatives(&row.candidates)),
        Some(name) if *name == row.description => name.clone(),
        Some(name) => format!("{} ({name})", row.description),
    }
}

/// `6, 8 or 9`
fn alternatives(codes: &[Code]) -> String {
    let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
    match codes.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => codes.concat(),
    }
}

fn totals(report: &Report) -> String {
    let totals = &report.totals;
    let mut text = format!(
        "{}, {}, {} read, {}\n",
        counted(totals.results, "result"),
        counted(totals.distinct, "distinct code"),
        counted(totals.files_read, "file"),
        size(totals.bytes),
    );
    if report.results_without_row > 0 {
        text.push_str(&match report.results_without_row {
            1 => "1 result is in no row: there are more different names or numbers than are kept apart.\n".to_owned(),
            many => format!(
                "{} results are in no row: there are more different names or numbers than are kept apart.\n",
                grouped(many)
            ),
        });
    }
    match report.results_without_time {
        0 => {}
        1 => text.push_str("1 result has no time that can be read; first and last seen leave it out.\n"),
        many => text.push_str(&format!(
            "{} results have no time that can be read; first and last seen leave them out.\n",
            grouped(many)
        )),
    }
    match report.times_without_zone {
        0 => {}
        1 => text.push_str("1 result has a time without a zone; it is read as UTC.\n"),
        many => {
            text.push_str(&format!("{} results have a time without a zone; it is read as UTC.\n", grouped(many)));
        }
    }
    text.push_str("A code tells what became of the call or message, not whether the sign-in succeeded.\n");
    text
}

fn nothing_found(report: &Report) -> String {
    let totals = &report.totals;
    if totals.files_read == 0 {
        return if report.lacks_input() {
            "No file could be read, so nothing was searched: see the problems.\n".to_owned()
        } else if report.searched.by_glob {
            format!("No file was read, so nothing was searched: {LEFT_OUT_BY_GLOB}")
        } else if !report.problems.is_empty() {
            "All files were skipped, so nothing was searched: standard error says why.\n".to_owned()
        } else {
            "No files were found, so nothing was searched: name a log file, or a folder that holds some.\n".to_owned()
        };
    }
    let names = &report.searched.pattern_names;
    let patterns = if names.len() == 1 { "pattern" } else { "patterns" };
    format!(
        "No result codes found in {} ({}){}. Searched for the {patterns}: {}.\n\
         If a line should have matched, give it to `callcodes patterns test`: it shows how far each pattern gets.\n",
        counted(totals.files_read, "file"),
        size(totals.bytes),
        if report.lacks_input() { ", but not all of the input could be read: see the problems" } else { "" },
        if names.is_empty() { "none".to_owned() } else { names.join(", ") },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Kind, Problem};
    use crate::report::testing::{code, every_kind, name, report};

    fn written(report: &Report, width: Option<usize>) -> String {
        let mut out = Vec::new();
        write(report, &Options { width, head: Emphasis::Plain }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_partial_result_says_so_first() {
        let whole = every_kind();
        let partial = Report { is_partial: true, ..whole.clone() };
        let head = "PARTIAL RESULT: the run was interrupted, and this is what was read until then.\n\n";
        assert_eq!(written(&partial, None), head.to_owned() + &written(&whole, None));
        let nothing = Report { is_partial: true, ..report(&[]) };
        assert_eq!(written(&nothing, None), head.to_owned() + &written(&report(&[]), None));
    }

    #[test]
    fn every_kind_of_row() {
        let expected = "\
Code  Description                                                    Count  Share  First seen            Last seen             Files
------------------------------------------------------------------------------------------------------------------------------------
  21  Mobile App Authenticated                                         700  70.0%  2017-02-13 23:59:59Z  2017-02-14 02:57:24Z      1
 102  Phone Unreachable                                                188  18.8%  2016-12-31 23:59:59Z  2017-02-15 09:00:00Z      2
   -  Used Cache (6, 8 or 9)                                            50   5.0%  2017-02-14 03:00:00Z  2017-02-14 03:00:01Z      1
   -  Authentication Throttled (FAILED_AUTHENTICATION_THROTTLED)        40   4.0%  -                     -                         1
 777  not in the vendor's list; contact Impero support                  10   1.0%  -                     -                         1
   -  \"Some Text\": not in the vendor's list; contact Impero support     10   1.0%  2017-02-14 00:00:00Z  2017-02-14 00:00:00Z      1
  -5  not in the vendor's list; contact Impero support                   1   0.1%  -                     -                         1
   0  No call result                                                     1   0.1%  -                     -                         1

1,000 results, 8 distinct codes, 2 files read, 120.6 KiB
992 results have no time that can be read; first and last seen leave them out.
2 results have a time without a zone; it is read as UTC.
A code tells what became of the call or message, not whether the sign-in succeeded.
";
        assert_eq!(written(&every_kind(), None), expected);
        // The rule is 132 columns long.
        assert_eq!(written(&every_kind(), Some(132)), expected);
        assert_ne!(written(&every_kind(), Some(131)), expected);
    }

    #[test]
    fn a_narrower_terminal_breaks_descriptions() {
        assert_eq!(
            written(&every_kind(), Some(100)),
            "\
Code  Description                    Count  Share  First seen            Last seen             Files
----------------------------------------------------------------------------------------------------
  21  Mobile App Authenticated         700  70.0%  2017-02-13 23:59:59Z  2017-02-14 02:57:24Z      1
 102  Phone Unreachable                188  18.8%  2016-12-31 23:59:59Z  2017-02-15 09:00:00Z      2
   -  Used Cache (6, 8 or 9)            50   5.0%  2017-02-14 03:00:00Z  2017-02-14 03:00:01Z      1
   -  Authentication Throttled          40   4.0%  -                     -                         1
      (FAILED_AUTHENTICATION_
      THROTTLED)
 777  not in the vendor's list;         10   1.0%  -                     -                         1
      contact Impero support
   -  \"Some Text\": not in the           10   1.0%  2017-02-14 00:00:00Z  2017-02-14 00:00:00Z      1
      vendor's list; contact Impero
      support
  -5  not in the vendor's list;          1   0.1%  -                     -                         1
      contact Impero support
   0  No call result                     1   0.1%  -                     -                         1

1,000 results, 8 distinct codes, 2 files read, 120.6 KiB
992 results have no time that can be read; first and last seen leave them out.
2 results have a time without a zone; it is read as UTC.
A code tells what became of the call or message, not whether the sign-in succeeded.
"
        );
    }

    #[test]
    fn a_narrow_terminal_breaks_times_as_well() {
        let report =
            report(&[(&[(code(108), 2, &["2017-02-14T02:57:24Z"]), (code(4), 1, &["2017-02-14T02:57:25Z"])], 1)]);
        assert_eq!(
            written(&report, Some(80)),
            "\
Code  Description                 Count  Share  First seen  Last seen   Files
-----------------------------------------------------------------------------
 108  User Hung Up the Phone          2  66.7%  2017-02-14  2017-02-14      1
                                                02:57:24Z   02:57:24Z
   4  No Phone Input - Timed Out      1  33.3%  2017-02-14  2017-02-14      1
                                                02:57:25Z   02:57:25Z

3 results, 2 distinct codes, 1 file read, 1 B
1 result has no time that can be read; first and last seen leave it out.
A code tells what became of the call or message, not whether the sign-in succeeded.
"
        );
        // Below 67 columns lines are too long, but descriptions stay readable.
        let rule = written(&report, Some(40)).lines().nth(1).map(str::len);
        assert_eq!(rule, Some(67));
    }

    #[test]
    fn at_no_width_is_a_line_too_long_or_ends_in_blanks() {
        for width in 67..=140 {
            let text = written(&every_kind(), Some(width));
            // The sentences below the table are left to the terminal.
            let (table, _) = text.split_once("\n\n").unwrap();
            assert!(table.lines().all(|line| get_string_width(line) <= width), "{width}:\n{table}");
            assert!(text.lines().all(|line| !line.ends_with(' ')), "{width}:\n{table}");
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
1 result has a time without a zone; it is read as UTC.
A code tells what became of the call or message, not whether the sign-in succeeded.
"
        );
    }

    #[test]
    fn results_without_a_row_are_told() {
        let mut report = report(&[(&[(name("x"), 1, &["2017-02-14T02:57:24Z"])], 1)]);
        let told = |report: &Report| written(report, None).lines().nth_back(1).map(str::to_owned);
        report.results_without_row = 1;
        let expected = "1 result is in no row: there are more different names or numbers than are kept apart.";
        assert_eq!(told(&report).as_deref(), Some(expected));
        report.results_without_row = 1234;
        let expected = "1,234 results are in no row: there are more different names or numbers than are kept apart.";
        assert_eq!(told(&report).as_deref(), Some(expected));
    }

    #[test]
    fn only_the_head_is_bold() {
        let mut out = Vec::new();
        let options = Options { width: None, head: Emphasis::Bold };
        write(&every_kind(), &options, &mut out).unwrap();
        let bold = String::from_utf8(out).unwrap();
        let (head, rest) = bold.split_once('\n').unwrap();
        let plain = written(&every_kind(), None);
        let (plain_head, plain_rest) = plain.split_once('\n').unwrap();
        assert_eq!(head, format!("\u{1b}[1m{plain_head}\u{1b}[0m"));
        assert_eq!(rest, plain_rest);
    }

    #[test]
    fn nothing_found_says_where_and_for_what_was_looked() {
        assert_eq!(
            written(&report(&[(&[], 1_000_000), (&[], 258_291), (&[], 0)]), None),
            "\
No result codes found in 3 files (1.2 MiB). Searched for the patterns: radius-raw, sdk-text.
If a line should have matched, give it to `callcodes patterns test`: it shows how far each pattern gets.
"
        );
    }

    #[test]
    fn of_a_part_it_is_not_said_that_it_holds_nothing() {
        let mut report = report(&[(&[], 1_000_000)]);
        report.problems.push(Problem::new("a.gz", Kind::OverLimit, "x"));
        assert_eq!(
            written(&report, None),
            "\
No result codes found in 1 file (976.6 KiB), but not all of the input could be read: see the problems. Searched for the patterns: radius-raw, sdk-text.
If a line should have matched, give it to `callcodes patterns test`: it shows how far each pattern gets.
"
        );
    }

    #[test]
    fn no_files_are_told_apart_from_files_that_cannot_be_read() {
        let mut report = report(&[]);
        assert_eq!(
            written(&report, None),
            "No files were found, so nothing was searched: name a log file, or a folder that holds some.\n"
        );
        report.problems.push(Problem::new("a", Kind::Unreadable, "x"));
        assert_eq!(written(&report, None), "No file could be read, so nothing was searched: see the problems.\n");
        report.problems[0].kind = Kind::Binary;
        let skipped = "All files were skipped, so nothing was searched: standard error says why.\n";
        assert_eq!(written(&report, None), skipped);
        report.searched.by_glob = true;
        let left_out = "No file was read, so nothing was searched: -g and --iglob leave out all other files.\n";
        assert!(written(&report, None).starts_with(left_out));
    }
}
