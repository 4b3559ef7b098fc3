//! Writes findings alone, without the table of results.

use std::io::{self, Write};

use super::csv::{self, Csv};
use super::renderer::{Options, Renderer as _};
use super::table::write_notes;
use crate::report::Report;
use crate::report::findings::FINDING;

/// Writes the findings of a report as text, or why there are none.
pub(super) fn write(report: &Report, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let mut notes = report.findings_alone();
    let last = notes.pop();
    for note in notes {
        write_notes(&[note], width, out)?;
        writeln!(out)?;
    }
    write_notes(last.as_slice(), width, out)
}

/// Writes the findings of a report as CSV, one row for each.
pub(super) fn write_csv(report: &Report, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = Csv { columns: FINDING, zone: options.zone };
    csv.begin(&[], out)?;
    report.findings.rows().try_for_each(|row| csv.row(&row, out))
}

/// Whether `text` begins like this CSV.
pub(super) fn begins(text: &str) -> bool {
    csv::begins(FINDING, text)
}
