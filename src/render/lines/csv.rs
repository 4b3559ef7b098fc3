//! Writes the output of `lines` as CSV: a header line, then one row for each hit. The columns are the fields of the JSON objects.
//!
//! As in other CSV output, a missing value is an empty cell, text that a spreadsheet would evaluate as a formula gets a leading
//! `'`, and control characters are escaped. Only tabs are kept, so that lines stay readable. Scripts that need the unchanged text
//! should use JSON.

use std::io::{self, Write};

use super::{FIELDS, Fields, Known, LineFields, with_details};
use crate::hit::Hit;
use crate::numbered::{Details, LineFormat, Rendered};
use crate::render::csv::{begins_formula, head};
use crate::terminal::escaped_line;

/// Writes the CSV header. An output without rows has it as well.
///
/// # Errors
///
/// Returns any error from writing to `out`.
pub fn write_head(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", head(FIELDS).collect::<Vec<_>>().join(","))
}

/// Whether `text` begins with the CSV header of `lines`.
pub(in crate::render) fn begins(text: &str) -> bool {
    crate::render::csv::begins(FIELDS, text)
}

/// Writes one CSV row for each hit.
pub struct Csv<'c>(pub Known<'c>);

impl LineFormat for Csv<'_> {
    fn line(&self, path: &str, hits: &[Hit<'_>], out: &mut Rendered) {
        for hit in hits {
            out.begin_line();
            let bytes = out.bytes();
            push_cell(bytes, &text(path));
            bytes.push(b',');
            out.line_number();
            push_cells(out.bytes(), &cells(&self.0.fields(hit)));
            out.details(|bytes| with_details(hit, self.0.encoding, |details| self.details(details, bytes)));
            let LineFields { text: line, text_is_cut } = self.0.line_fields(hit);
            push_cells(out.bytes(), &[text(&line), shown(text_is_cut)]);
            out.bytes().push(b'\n');
        }
    }

    fn details(&self, details: &Details<'_>, bytes: &mut Vec<u8>) {
        let Details { user, outcome, host, address, counted_in } = *details;
        let cells = [user, outcome, host, address, counted_in].map(|value| text(value.unwrap_or_default()));
        push_cells(bytes, &cells);
    }
}

/// Returns the cells between the line number and the sign-in.
fn cells(fields: &Fields<'_>) -> [String; 10] {
    let candidates: Vec<String> = fields.candidates.iter().map(ToString::to_string).collect();
    [
        fields.offset.to_string(),
        shown(fields.time),
        shown(fields.code),
        text(fields.name.unwrap_or_default()),
        text(fields.description),
        fields.known.to_string(),
        candidates.join(" "),
        text(fields.pattern),
        fields.pattern_kind.unwrap_or_default().to_owned(),
        text(fields.family),
    ]
}

/// Appends cells to a row that has begun.
fn push_cells(bytes: &mut Vec<u8>, cells: &[String]) {
    for cell in cells {
        bytes.push(b',');
        push_cell(bytes, cell);
    }
}

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// Returns `text` with control characters escaped, and with a leading `'` if a spreadsheet would evaluate it as a formula.
fn text(text: &str) -> String {
    // Some spreadsheets also recognise a formula after spaces.
    let guard = if begins_formula(text.trim_start()) { "'" } else { "" };
    format!("{guard}{}", escaped_line(text))
}

/// Appends a cell, quoted if necessary. `cell` must not contain line ends.
fn push_cell(bytes: &mut Vec<u8>, cell: &str) {
    if !cell.contains([',', '"']) {
        bytes.extend_from_slice(cell.as_bytes());
        return;
    }
    bytes.push(b'"');
    for byte in cell.bytes() {
        if byte == b'"' {
            bytes.push(b'"');
        }
        bytes.push(byte);
    }
    bytes.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cell: &str) -> String {
        let mut bytes = Vec::new();
        push_cell(&mut bytes, &text(cell));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_cell_is_never_a_formula_and_has_no_control_characters() {
        let cases = [
            ("call result = 102", "call result = 102"),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("-1", "'-1"),
            ("\t =1+1", "'\t =1+1"),
            ("a,b\tc", "\"a,b\tc\""),
            ("\u{1b}[2J\r", r"\u{1b}[2J\u{d}"),
            ("", ""),
        ];
        for (cell, expected) in cases {
            assert_eq!(written(cell), expected, "{cell:?}");
        }
    }
}
