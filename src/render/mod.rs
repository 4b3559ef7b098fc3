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
pub mod progress;
mod table;
pub mod trial;
pub mod wrap;

use std::io::{self, Write};

use anstream::adapter::strip_str;
use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE};
use patterns::PATTERNS;

use crate::report::files::FILES;
pub use crate::report::problems;
use crate::report::sheet::{Cell, End, Sheet};
use crate::report::{PARTIAL, Report, SUMMARY};

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
    report.rows.iter().try_for_each(|row| renderer.row(row, out))?;
    renderer.end(&report.end(), out)
}

/// How much of a file [`is_own_output`] has to see, in bytes.
pub const HEAD_BYTES: usize = 8 << 10;

/// Every report that can be written.
static SHEETS: [&Sheet; 3] = [&SUMMARY, &FILES, &PATTERNS];

/// Whether a file that begins with these bytes was written by this program: a report in any format, annotated lines, entries
/// of the catalogue or patterns, in UTF-8 or UTF-16, with or without a byte order mark, with any line ends and with or without
/// colour. `head` is the whole file or at least its first [`HEAD_BYTES`].
///
/// Every writer says itself how its output begins, and knows no log that begins so. Not recognised is what names an input in
/// more than some thousand bytes before anything else, and what holds no word of the input: the man page, completions, the help.
#[must_use]
pub fn is_own_output(head: &[u8]) -> bool {
    let encoding = match head {
        // Everything that is written begins in ASCII, except for names of inputs.
        [low, 0, ..] if *low > 0 => UTF_16LE,
        [0, low, ..] if *low > 0 => UTF_16BE,
        _ => UTF_8,
    };
    // A byte order mark has precedence. Windows PowerShell writes one and other line ends when it redirects.
    let text = encoding.decode(&head[..head.len().min(HEAD_BYTES)]).0.replace("\r\n", "\n");
    let text = strip_str(&text).to_string();
    text.starts_with(PARTIAL)
        || SHEETS.iter().any(|sheet| {
            table::begins(sheet, &text)
                || json::begins(sheet.schema, sheet.first_name(), &text)
                || csv::begins(sheet, &text)
        })
        || [lines::begins, lines::begins_as_json, codes::begins, patterns::begins, trial::begins]
            .iter()
            .any(|begins| begins(&text))
}

#[cfg(test)]
mod tests;
