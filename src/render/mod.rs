//! Writes reports, lines, codes and patterns as text, with one file for each format or kind of output.
//!
//! A format decides how a report looks and nothing about its content: the report has decided on order, shares and descriptions.
//! A format writes any [`Sheet`], so a new report needs no code here, and a new format is one file. No format marks, colours or
//! orders results by code, because a code does not say whether a sign-in succeeded.

pub mod codes;
pub mod contract;
mod csv;
mod json;
pub mod lines;
pub mod patterns;
pub mod progress;
mod renderer;
mod table;
pub mod trial;
pub mod wrap;

use std::io::{self, Write};

use anstream::adapter::strip_str;
use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE};
use patterns::PATTERNS;
pub use renderer::{Options, Renderer};

use crate::report::files::FILES;
use crate::report::sheet::Sheet;
use crate::report::{PARTIAL, Report, SUMMARY};

/// The format of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A table for people.
    #[default]
    Table,
    /// JSON for scripts, with a version.
    Json,
    /// CSV for spreadsheets.
    Csv,
}

impl Format {
    /// Returns a renderer that writes a sheet in this format.
    #[must_use]
    pub fn renderer(self, sheet: &'static Sheet, options: Options) -> Box<dyn Renderer> {
        match self {
            Format::Table => Box::new(table::Table::new(sheet.columns, options)),
            Format::Json => Box::new(json::Json::new(sheet)),
            Format::Csv => Box::new(csv::Csv { columns: sheet.columns }),
        }
    }
}

/// Writes `report` to `out`. The output ends with a line end.
///
/// # Errors
///
/// Returns the error of `out` with its kind, so that the caller can recognise a closed pipe.
pub fn render(report: &Report, format: Format, options: &Options, out: &mut impl Write) -> io::Result<()> {
    let mut renderer = format.renderer(&SUMMARY, *options);
    renderer.begin(&report.before(), out)?;
    report.rows.iter().try_for_each(|row| renderer.row(row, out))?;
    renderer.end(&report.end(), out)
}

/// The number of bytes at the start of a file that [`is_own_output`] needs.
pub const HEAD_BYTES: usize = 8 << 10;

/// Every report that can be written.
static SHEETS: [&Sheet; 3] = [&SUMMARY, &FILES, &PATTERNS];

/// Whether a file that begins with these bytes was written by this program: a report in any format, annotated lines, entries
/// of the catalogue or patterns, in UTF-8 or UTF-16, with or without a byte order mark, with any line ends and with or without
/// colour. `head` is the whole file or at least its first [`HEAD_BYTES`].
///
/// Each format describes how its own output begins, so precisely that no log begins in the same way. Output is not recognised if
/// it begins with the name of an input that fills the head. The help, the man page and completions are not recognised either,
/// because they contain nothing from any input.
#[must_use]
pub fn is_own_output(head: &[u8]) -> bool {
    let encoding = match head {
        // All output begins with ASCII, except for names of inputs.
        [low, 0, ..] if *low > 0 => UTF_16LE,
        [0, low, ..] if *low > 0 => UTF_16BE,
        _ => UTF_8,
    };
    // A byte order mark takes precedence. Windows PowerShell writes one, and CRLF line ends, when it redirects output.
    let mut text = encoding.decode(&head[..head.len().min(HEAD_BYTES)]).0;
    // This runs for every file that is opened, and few contain either.
    if text.contains('\r') {
        text = text.replace("\r\n", "\n").into();
    }
    if text.contains('\x1b') {
        text = strip_str(&text).to_string().into();
    }
    begins_with_note(&text, PARTIAL)
        || is_documentation(&text)
        || SHEETS.iter().any(|sheet| {
            table::begins(sheet, &text)
                || json::begins(sheet.schema, sheet.first_name(), &text)
                || csv::begins(sheet.columns, &text)
        })
        || [lines::begins, lines::begins_as_json, lines::csv::begins, codes::begins, patterns::begins, trial::begins]
            .iter()
            .any(|begins| begins(&text))
}

/// Whether `text` begins like the man page or the topic of `help` that have lines with results as examples.
fn is_documentation(text: &str) -> bool {
    text.starts_with("Patterns:\n  Patterns describe")
        || text.lines().take(8).any(|line| line.starts_with(".TH callcodes 1 "))
}

/// Whether `text` begins with `note`, which a narrow terminal breaks into lines.
fn begins_with_note(text: &str, note: &str) -> bool {
    let is_same = |(written, noted): (u8, u8)| written == noted || (written == b'\n' && noted == b' ');
    text.len() >= note.len() && text.bytes().zip(note.bytes()).all(is_same)
}

#[cfg(test)]
mod tests;
