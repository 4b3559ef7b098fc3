//! Presentable values as text: one small file for each format or thing shown.
//!
//! A format decides how a report looks and nothing about what it says: order, shares and descriptions are the
//! report's. A format writes any [`Sheet`], so a new report needs no code here, and a new format is one file. No format has a
//! colour, a mark or an order by code, as a code does not say whether a sign-in succeeded.

pub mod codes;
mod csv;
mod json;
pub mod lines;
pub mod patterns;
pub mod problems;
pub mod progress;
mod table;
pub mod trial;
pub mod wrap;

use std::io::{self, Write};

use crate::report::sheet::{Cell, End, Sheet};
use crate::report::{Report, SUMMARY};

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A table for people.
    #[default]
    Table,
    /// The contract with scripts.
    Json,
    /// For spreadsheets.
    Csv,
}

/// What depends on where the report goes. Only the table looks at it; the default is right for files and pipes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The terminal's width in columns. None: lines are as long as they need to be.
    pub width: Option<usize>,
    /// How the head of the table is set off.
    pub head: Emphasis,
}

/// How something is set off from the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Emphasis {
    /// Not at all.
    #[default]
    Plain,
    /// In bold, by an escape sequence.
    Bold,
}

/// Writes the rows of one sheet in one format.
///
/// Each method fails with the error of `out`, whose kind is kept, so that the caller can recognise a closed pipe.
pub trait Renderer {
    /// Writes what comes before the rows. `before` are the values named by [`Sheet::before`].
    fn begin(&mut self, before: &[Cell<'_>], out: &mut dyn Write) -> io::Result<()>;

    /// Writes a row, or keeps it for the end. It has a cell for each of [`Sheet::columns`].
    fn row(&mut self, cells: &[Cell<'_>], out: &mut dyn Write) -> io::Result<()>;

    /// Writes what is left, ending in a line end.
    fn end(&mut self, end: &End<'_>, out: &mut dyn Write) -> io::Result<()>;
}

impl Format {
    /// Begins to write a sheet in this format.
    #[must_use]
    pub fn renderer(self, sheet: &'static Sheet, options: Options) -> Box<dyn Renderer> {
        match self {
            Format::Table => Box::new(table::Table::new(sheet.columns, options)),
            Format::Json => Box::new(json::Json::new(sheet)),
            Format::Csv => Box::new(csv::Csv { columns: sheet.columns }),
        }
    }
}

/// Writes `report` to `out`, ending in a line end.
///
/// # Errors
///
/// Those of `out`, with their kind kept, so that the caller can recognise a closed pipe.
pub fn render(report: &Report, format: Format, options: &Options, out: &mut impl Write) -> io::Result<()> {
    let mut renderer = format.renderer(&SUMMARY, *options);
    renderer.begin(&report.before(), out)?;
    report.rows.iter().try_for_each(|row| renderer.row(&row.cells(), out))?;
    renderer.end(&report.end(), out)
}

/// Whether a file that begins like this is a result of an earlier run, or empty: what a new one may take the place of
/// without a second thought, also where logs lie.
#[must_use]
pub fn is_result(head: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 9] = [
        b"Code  Description ",
        b"File  ",
        b"PARTIAL RESULT: ",
        b"No result codes found",
        b"No file",
        b"{\n  \"schema\": ",
        b"{\"path\":\"",
        b"code,name,description,",
        b"path,kind,layers,",
    ];
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    head.is_empty() || BEGINNINGS.iter().any(|beginning| head.starts_with(beginning)) || is_shown_line(line)
}

/// Whether it is `path:line: [result]` and something.
fn is_shown_line(line: &[u8]) -> bool {
    memchr::memmem::find_iter(line, b": [").any(|at| {
        let digits = line[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let result = line[at + 3..].strip_prefix(b"-").unwrap_or(&line[at + 3..]);
        let begins = result.first().is_some_and(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        digits > 0 && line[..at - digits].ends_with(b":") && begins && result.contains(&b']')
    })
}

#[cfg(test)]
mod tests;
