//! Writes reports, lines, codes and patterns as text. Each format or kind of output has its own file.
//!
//! A format decides how a report looks, but not what it contains: order, shares and descriptions come from the report. Every
//! format can write any [`Sheet`], so a new report needs no code here, and a new format is one file. No format sorts, colours or
//! highlights results by code, because a code does not say whether a sign-in succeeded.

mod audit;
mod breakdown;
pub mod codes;
pub mod contract;
mod csv;
mod findings;
mod json;
pub mod learned;
pub mod lines;
mod near_misses;
pub mod patterns;
pub mod progress;
mod renderer;
mod screen;
mod table;
pub mod trial;
pub mod wrap;

use std::io::{self, Write};

use anstream::adapter::strip_str;
use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE};
use patterns::PATTERNS;
pub use renderer::{Options, Renderer};

use crate::partial;
use crate::report::comparison::{self, COMPARISON, COMPARISON_BY_HOST, COMPARISON_BY_USER, Compared};
use crate::report::files::{FILES, FILES_OF_HOSTS};
use crate::report::findings::begins as begins_with_findings;
use crate::report::sheet::Sheet;
use crate::report::timeline::TIMELINE;
use crate::report::{self, PARTIAL, Report, SUMMARY, SUMMARY_OF_HOSTS};

/// The format of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A table for people.
    #[default]
    Table,
    /// Versioned JSON for scripts.
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
            Format::Json => Box::new(json::Json::new(sheet, options.zone)),
            Format::Csv => Box::new(csv::Csv { columns: sheet.columns, zone: options.zone }),
        }
    }
}

/// Writes the summary of a scan to `out`. The output ends with a line end.
///
/// # Errors
///
/// Returns any error from writing to `out`, with its kind, so that the caller can recognise a closed pipe.
pub fn render(report: &Report, format: Format, options: &Options, out: &mut impl Write) -> io::Result<()> {
    let list = &report.near_misses;
    match (&report.breakdown, format) {
        (_, Format::Csv) if report.is_only_findings => return findings::write_csv(report, *options, out),
        (_, Format::Table) if report.is_only_findings => findings::write(report, options.width, out)?,
        (_, Format::Csv) if list.is_listed => return near_misses::write_csv(list, options.zone, out),
        (Some(breakdown), Format::Table | Format::Csv) => breakdown::write(report, breakdown, format, *options, out)?,
        _ => {
            let mut renderer = format.renderer(report.sheet(), *options);
            renderer.begin(&report.before(), out)?;
            if !report.is_only_findings {
                let [groups, mut general] = report.group_headings();
                if general.is_empty() && !report.rows.is_empty() && !report.general_rows.is_empty() {
                    general.push((0, report.general_heading()));
                }
                for (rows, headings) in [(&report.rows, groups), (&report.general_rows, general)] {
                    for (at, row) in rows.iter().enumerate() {
                        let heading = headings.iter().find(|(before, _)| *before == at);
                        heading.into_iter().for_each(|(_, heading)| renderer.section(heading));
                        renderer.row(row, out)?;
                    }
                }
            }
            let end = match format {
                Format::Table => screen::end(report, report.rows.len() + report.general_rows.len(), options),
                Format::Json | Format::Csv => report.end(),
            };
            renderer.end(&end, out)?;
        }
    }
    if format == Format::Table {
        audit::write(&report.audit, options.width, out)?;
    }
    if format == Format::Table && list.is_listed { near_misses::write(list, options.width, out) } else { Ok(()) }
}

/// Writes a comparison to `out`. The output ends with a line end.
///
/// # Errors
///
/// Returns any error from writing to `out`, with its kind, so that the caller can recognise a closed pipe.
pub fn render_comparison(
    compared: &Compared,
    format: Format,
    options: &Options,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut renderer = format.renderer(compared.sheet(), *options);
    renderer.begin(&compared.before(), out)?;
    let mut last = None;
    for row in compared.rows(format == Format::Table) {
        if last != Some(row.change) {
            renderer.section(comparison::heading(row.change));
            last = Some(row.change);
        }
        renderer.row(&compared.cells(row), out)?;
    }
    renderer.end(&compared.end(), out)
}

/// The number of bytes at the start of a file that [`is_own_output`] needs.
pub const HEAD_BYTES: usize = 8 << 10;

/// Every sheet whose output [`is_own_output`] recognises.
static SHEETS: [&Sheet; 9] = [
    &SUMMARY,
    &SUMMARY_OF_HOSTS,
    &FILES,
    &FILES_OF_HOSTS,
    &TIMELINE,
    &PATTERNS,
    &COMPARISON,
    &COMPARISON_BY_HOST,
    &COMPARISON_BY_USER,
];

/// Whether a text begins like a plan or a partial.
fn begins_like_partial(text: &str) -> bool {
    ["{\"partial\":{\"format\":", "{\"plan\":", partial::line::BEGIN].iter().any(|start| text.starts_with(start))
}

/// Whether a file that begins with `head` is saved output of this program: a report in any format, annotated lines, entries of
/// the catalogue, or patterns. `head` is the whole file or at least its first [`HEAD_BYTES`]. It may be UTF-8 or UTF-16, with
/// or without a byte order mark or colours, and with any line ends.
///
/// Each format recognises the start of its own output, strictly enough that no log matches. Output is missed if it begins with a
/// file name so long that it fills the head. Help, man page and completions are not recognised, because they contain no results.
#[must_use]
pub fn is_own_output(head: &[u8]) -> bool {
    let encoding = match head {
        // Without a byte order mark, UTF-16 is detected by its zero bytes: output begins with ASCII, unless it begins with a
        // path.
        [low, 0, ..] if *low > 0 => UTF_16LE,
        [0, low, ..] if *low > 0 => UTF_16BE,
        _ => UTF_8,
    };
    // `decode` follows a byte order mark, whatever `encoding` is. When Windows PowerShell redirects output to a file, it writes
    // one, and CRLF line ends.
    let mut text = encoding.decode(&head[..head.len().min(HEAD_BYTES)]).0;
    // A file that already had a byte order mark may have got a second one when it was saved in another encoding.
    if let Some(rest) = text.strip_prefix('\u{feff}') {
        text = rest.to_owned().into();
    }
    // The checks avoid copying the text of every file that is opened, because few files contain either character.
    if text.contains('\r') {
        text = text.replace("\r\n", "\n").into();
    }
    if text.contains('\x1b') {
        text = strip_str(&text).to_string().into();
    }
    let text = report::after_head(&text);
    begins_with_note(text, PARTIAL)
        || is_documentation(text)
        || SHEETS.iter().any(|sheet| {
            table::begins(sheet, text)
                || json::begins(sheet.schema, sheet.first_name(), text)
                || csv::begins(sheet.columns, text)
        })
        || [
            begins_like_partial,
            breakdown::begins,
            begins_with_findings,
            findings::begins,
            comparison::begins,
            lines::begins,
            lines::begins_as_json,
            lines::csv::begins,
            codes::begins,
            near_misses::begins,
            patterns::begins,
            learned::begins,
            trial::begins,
        ]
        .iter()
        .any(|begins| begins(text))
}

/// Whether `text` begins like the man page or the topic of `help` that have lines with results as examples.
fn is_documentation(text: &str) -> bool {
    text.starts_with("Patterns:\n  Patterns describe")
        || text.lines().take(8).any(|line| line.starts_with(".TH callcodes 1 "))
}

/// Whether `text` begins with `note`. Any space of the note may be a line end in `text`, because narrow terminals wrap notes.
fn begins_with_note(text: &str, note: &str) -> bool {
    let is_same = |(written, noted): (u8, u8)| written == noted || (written == b'\n' && noted == b' ');
    text.len() >= note.len() && text.bytes().zip(note.bytes()).all(is_same)
}

#[cfg(test)]
mod tests;
