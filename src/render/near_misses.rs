//! Writes the list of near misses below a table, or as CSV.

use std::io::{self, Write};

use super::csv::{self, Csv};
use super::renderer::Renderer as _;
use super::table::write_notes;
use crate::report::near_misses::{EXPLAINED_SHAPES, NearMissList, SHAPE};
use crate::report::wording::{counted, grouped};
use crate::terminal::{escaped, escaped_line};
use crate::time::zone::DisplayZone;

/// The indent of the lines of a shape.
const INDENT: &str = "   ";

/// Writes the most frequent shapes as text, after an empty line.
pub(super) fn write(list: &NearMissList, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let rows = &list.rows[..list.rows.len().min(EXPLAINED_SHAPES)];
    for (number, row) in (1..).zip(rows) {
        writeln!(out, "\n{number}. {}: {}", counted(row.count, "line"), escaped(&row.shape))?;
        let number = row.line_number.map_or(String::new(), |number| format!(":{number}"));
        writeln!(out, "{INDENT}{}{number}: {}", escaped(&row.path), escaped_line(&row.line))?;
        if let Some(nearest) = &row.nearest {
            writeln!(out, "{INDENT}{}", escaped(nearest))?;
        }
    }
    let left_out: u64 = list.rows[rows.len()..].iter().map(|row| row.count).sum::<u64>() + list.others;
    let mut notes = Vec::new();
    if left_out > 0 {
        let what = if left_out == 1 { "line has another shape" } else { "lines have other shapes" };
        notes.push(format!("{} {what}: --format json lists up to 1,000 shapes.", grouped(left_out)));
    }
    if !rows.is_empty() {
        notes.push(
            "To count such lines, make a pattern of one by its number N: callcodes patterns learn --near-miss N --code CODE PATH"
                .to_owned(),
        );
        writeln!(out)?;
    }
    write_notes(&notes, width, out)
}

/// Writes all shapes as CSV.
pub(super) fn write_csv(list: &NearMissList, zone: DisplayZone, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = Csv { columns: SHAPE, zone };
    csv.begin(&[], out)?;
    list.cells().try_for_each(|cells| csv.row(&cells, out))
}

/// Whether `text` begins like this CSV.
pub(super) fn begins(text: &str) -> bool {
    csv::begins(SHAPE, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::is_own_output;
    use crate::report::near_misses::ShapeRow;

    fn list(shapes: u64) -> NearMissList {
        let row = |number: u64| ShapeRow {
            shape: format!("call status {number}\u{1b}"),
            count: 1,
            line: format!("call status\t{number}\u{1b}"),
            path: "a\u{1b}.log".to_owned(),
            line_number: Some(number),
            ..ShapeRow::default()
        };
        NearMissList {
            lines: shapes,
            rows: (1..=shapes).map(row).collect(),
            is_listed: true,
            ..NearMissList::default()
        }
    }

    fn written(list: &NearMissList) -> String {
        let mut out = Vec::new();
        write(list, Some(60), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn control_characters_of_logs_are_escaped() {
        let expected = "
1. 1 line: call status 1\\u{1b}
   a\\u{1b}.log:1: call status\t1\\u{1b}

To count such lines, make a pattern of one by its number N:
callcodes patterns learn --near-miss N --code CODE PATH
";
        assert_eq!(written(&list(1)), expected);
    }

    #[test]
    fn shapes_that_are_not_shown_are_counted() {
        let note = |list: &NearMissList| written(list).lines().nth_back(3).map(str::to_owned);
        let expected = "1 line has another shape: --format json lists up to 1,000";
        assert_eq!(note(&list(21)).as_deref(), Some(expected));
        let expected = "9 lines have other shapes: --format json lists up to 1,000";
        assert_eq!(note(&NearMissList { others: 5, ..list(24) }).as_deref(), Some(expected));
        assert_eq!(written(&list(0)), "");
    }

    #[test]
    fn saved_csv_is_recognised_as_own_output() {
        let mut csv = Vec::new();
        write_csv(&list(2), DisplayZone::UTC, &mut csv).unwrap();
        assert!(is_own_output(&csv));
        assert!(!is_own_output(b"call status,count\n"));
    }
}
