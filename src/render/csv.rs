//! Writes a sheet as CSV for spreadsheets: a header line, then one line for each row. The columns are the fields of the JSON rows.
//!
//! A spreadsheet evaluates a cell that starts with `=`, `+`, `-` or `@` as a formula, which may even access the network. Text
//! cells may hold names from logs, and anyone who can attempt to sign in can write to such a log. Text that would be a formula
//! therefore gets a leading `'`, which makes a spreadsheet treat it as text. Control characters are escaped. Scripts that need
//! the unchanged text should use JSON.
//!
//! A missing value is an empty cell. Several codes or paths in one cell are separated by spaces, and texts by ` | `. Lines
//! end in `\n` on every system. The program begins files, but not standard output, with a byte order mark.

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};

use super::renderer::Renderer;
use crate::report::sheet::{Cell, Column, End, Holds, rounded};
use crate::terminal::escaped;
use crate::time::zone::DisplayZone;

/// Writes rows as CSV. The notes and totals of the sheet are left out.
pub(super) struct Csv {
    pub(super) columns: &'static [Column],
    /// The zone in which times are shown.
    pub(super) zone: DisplayZone,
}

impl Renderer for Csv {
    fn begin(&mut self, _: &[Cell<'_>], out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&record(head(self.columns))?)
    }

    fn row(&mut self, cells: &[Cell<'_>], out: &mut dyn Write) -> io::Result<()> {
        let mut record_cells = Vec::with_capacity(self.columns.len() + 1);
        for (column, cell) in self.columns.iter().zip(cells).filter(|(column, _)| column.name.is_some()) {
            match (column.holds, cell) {
                (Holds::Problems(_), Cell::List(problems)) => {
                    for (part, separator) in [" ", " | "].into_iter().enumerate() {
                        let parts = problems.iter().filter_map(|problem| match problem {
                            Cell::Record(cells) => cells.get(part).map(|(_, cell)| text(cell, self.zone)),
                            _ => None,
                        });
                        record_cells.push(joined(parts, separator));
                    }
                }
                (_, cell) => record_cells.push(text(cell, self.zone)),
            }
        }
        out.write_all(&record(record_cells.iter().map(AsRef::as_ref))?)
    }

    fn end(&mut self, _: &End<'_>, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// Whether `text` begins with the CSV header of these columns. A spreadsheet may have saved the file, so the names may also be
/// separated by semicolons or tabs, and may be quoted.
pub(super) fn begins(columns: &[Column], text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let is_head = |separator: char| line.split(separator).map(|name| name.trim_matches('"')).eq(head(columns));
    [',', ';', '\t'].into_iter().any(is_head)
}

/// Returns the names in the CSV header. A problem is a record, which does not fit into one cell, so problems take two columns.
pub(super) fn head(columns: &[Column]) -> impl Iterator<Item = &'static str> {
    let details = |column: &Column| matches!(column.holds, Holds::Problems(_)).then_some("details");
    columns.iter().flat_map(move |column| [column.name, details(column)]).flatten()
}

/// Returns one line of CSV. The line is built in memory because each line has its own CSV writer, which flushes what it writes to
/// when it is dropped.
pub(super) fn record<'c>(cells: impl Iterator<Item = &'c str>) -> io::Result<Vec<u8>> {
    const LIKELY_BYTES: usize = 512;
    let mut line = Vec::with_capacity(LIKELY_BYTES);
    let mut builder = WriterBuilder::new();
    let mut writer = builder.terminator(Terminator::Any(b'\n')).buffer_capacity(LIKELY_BYTES).from_writer(&mut line);
    writer.write_record(cells.map(str::as_bytes)).map_err(io::Error::other)?;
    writer.flush()?;
    drop(writer);
    Ok(line)
}

pub(super) fn text<'c>(cell: &'c Cell<'_>, zone: DisplayZone) -> Cow<'c, str> {
    match cell {
        Cell::Absent => "".into(),
        Cell::Text(text) => guarded(text),
        Cell::Number(number) => number.to_string().into(),
        Cell::Code(code) => code.to_string().into(),
        Cell::Share(share) => share.fraction().to_string().into(),
        Cell::Rate(rate) => rounded(*rate).to_string().into(),
        Cell::Time(time) => zone.of(*time).to_string().into(),
        Cell::Flag(flag) => flag.to_string().into(),
        Cell::List(cells) => joined(cells.iter().map(|cell| text(cell, zone)), " "),
        Cell::Record(cells) => joined(cells.iter().map(|(_, cell)| text(cell, zone)), " "),
        // Breakdowns are written as records of their own, and trends and bars are for people only.
        Cell::Groups(_) | Cell::Trend(_) | Cell::Bar(_) => "".into(),
    }
}

fn joined<'c>(texts: impl Iterator<Item = Cow<'c, str>>, separator: &str) -> Cow<'static, str> {
    texts.collect::<Vec<_>>().join(separator).into()
}

/// Returns `text` with control characters escaped, and with a leading `'` if a spreadsheet would evaluate it as a formula.
fn guarded(text: &str) -> Cow<'_, str> {
    if begins_formula(text) { format!("'{}", escaped(text)).into() } else { escaped(text) }
}

/// Whether a spreadsheet would evaluate a cell with this text as a formula.
pub(super) fn begins_formula(text: &str) -> bool {
    // Spreadsheets with East Asian input also accept full-width signs.
    text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::rendered;
    use crate::render::{Format, Options};
    use crate::report::testing::{every_kind, name, report};
    use crate::report::{Report, SUMMARY};

    fn written(report: &Report) -> String {
        rendered(report, Format::Csv, Options::default())
    }

    #[test]
    fn a_header_is_recognised_as_spreadsheets_save_it() {
        let head = written(&report(&[]));
        for saved in [head.clone(), head.replace(',', ";"), head.replace(',', "\t"), head.replace(',', "\",\"")] {
            assert!(begins(SUMMARY.columns, &saved), "{saved}");
        }
        assert!(!begins(SUMMARY.columns, &head.replace(',', " ")));
        assert!(!begins(SUMMARY.columns, &head.replace("code", "status")));
    }

    #[test]
    fn every_kind_of_row() {
        assert_eq!(
            written(&every_kind()),
            "\
code,name,description,known,count,share,first_seen,last_seen,files,candidates,group,hosts,median_ms,p95_ms,pattern_kind,family
21,,Mobile App Authenticated,true,700,0.7,2017-02-13T23:59:59Z,2017-02-14T02:57:24.999Z,1,,factor-given,,,,,mfa
102,,Phone Unreachable,true,188,0.188,2016-12-31T23:59:59Z,2017-02-15T09:00:00Z,2,,not-reached,,,,,mfa
,Used Cache,Used Cache,true,50,0.05,2017-02-14T03:00:00Z,2017-02-14T03:00:01Z,1,6 8 9,no-call-made,,,,,mfa
,FAILED_AUTHENTICATION_THROTTLED,Authentication Throttled,true,40,0.04,,,1,,security,,,,,mfa
777,,not in the vendor's list; contact Impero,false,10,0.01,,,1,,,,,,,mfa
,Some Text,not in the vendor's list; contact Impero,false,10,0.01,2017-02-14T00:00:00Z,2017-02-14T00:00:00Z,1,,,,,,,mfa
-5,,not in the vendor's list; contact Impero,false,1,0.001,,,1,,,,,,,mfa
0,,No call result,true,1,0.001,,,1,,no-call-made,,,,,mfa
"
        );
    }

    #[test]
    fn without_results_only_the_header_is_written() {
        assert_eq!(written(&report(&[])), format!("{}\n", head(SUMMARY.columns).collect::<Vec<_>>().join(",")));
    }

    #[test]
    fn a_name_is_never_a_formula_and_is_quoted_if_necessary() {
        let names = ["=HYPERLINK(\"http://x\")", "+1", "-1 x", "@SUM(1)", "＝1", "a=b", "a,b"];
        let found: Vec<_> = names.iter().map(|text| (name(text), 1, &[][..])).collect();
        let text = written(&report(&[(&found, 1)]));
        let cells: Vec<&str> = text.lines().skip(1).map(|line| line.split_once(",not in").unwrap().0).collect();
        assert_eq!(
            cells,
            [",'+1", ",'-1 x", ",\"'=HYPERLINK(\"\"http://x\"\")\"", ",'@SUM(1)", ",\"a,b\"", ",a=b", ",'＝1",]
        );
    }
}
