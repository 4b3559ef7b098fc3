//! Presentable values as text: one small file for each format or thing shown.
//!
//! A format decides how a report looks and nothing about what it says: order, shares and descriptions are the
//! report's. A format writes any [`Sheet`], so a new report needs no code here, and a new format is one file. No format has a
//! colour, a mark or an order by code, as a code does not say whether a sign-in succeeded.

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
/// Each writer says how its own output begins, so precisely that no log begins in the same way. Output is not recognised if the
/// name of an input that comes first in it fills the head. The help, the man page and completions are not recognised either:
/// they hold nothing of any input.
#[must_use]
pub fn is_own_output(head: &[u8]) -> bool {
    let encoding = match head {
        // Everything that is written begins in ASCII, except for names of inputs.
        [low, 0, ..] if *low > 0 => UTF_16LE,
        [0, low, ..] if *low > 0 => UTF_16BE,
        _ => UTF_8,
    };
    // A byte order mark has precedence. Windows PowerShell writes one and other line ends when it redirects.
    let mut text = encoding.decode(&head[..head.len().min(HEAD_BYTES)]).0;
    // Every file that is opened comes here, and few have either.
    if text.contains('\r') {
        text = text.replace("\r\n", "\n").into();
    }
    if text.contains('\x1b') {
        text = strip_str(&text).to_string().into();
    }
    begins_with_note(&text, PARTIAL)
        || SHEETS.iter().any(|sheet| {
            table::begins(sheet, &text)
                || json::begins(sheet.schema, sheet.first_name(), &text)
                || csv::begins(sheet, &text)
        })
        || [lines::begins, lines::begins_as_json, lines::csv::begins, codes::begins, patterns::begins, trial::begins]
            .iter()
            .any(|begins| begins(&text))
}

/// Whether `text` begins with `note`, which a narrow terminal breaks into lines.
fn begins_with_note(text: &str, note: &str) -> bool {
    let is_same = |(written, noted): (u8, u8)| written == noted || (written == b'\n' && noted == b' ');
    text.len() >= note.len() && text.bytes().zip(note.bytes()).all(is_same)
}

#[cfg(test)]
mod tests;
