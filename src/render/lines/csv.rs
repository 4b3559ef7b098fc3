//! `lines` as CSV: a head, then one row for each hit, with the columns of the JSON objects.
//!
//! As in the other CSV formats, what is absent is an empty cell, text that a spreadsheet would take for a formula gets a
//! leading `'`, and what could drive a terminal is shown as an escape. A log's own tabs stay, so that its lines can be
//! read. Scripts that want the text unchanged take JSON.

use std::borrow::Cow;
use std::io::{self, Write};

use encoding_rs::Encoding;

use super::Fields;
use crate::catalogue::Catalogue;
use crate::hit::Hit;
use crate::pattern::PatternSet;
use crate::pipeline::annotate::{LineFormat, Rendered};
use crate::render::csv::{guarded, shown};
use crate::render::wording::escaped;
use crate::source::Source;

const COLUMNS: &str = "path,line,offset,time,code,name,description,known,candidates,pattern,user,outcome,host,address,text,\
                       text_is_cut";

/// Writes the head, which comes before all rows, also where there are none.
///
/// # Errors
///
/// Those of `out`.
pub fn write_head(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{COLUMNS}")
}

/// One row for each hit.
pub struct Csv<'c> {
    /// Says what the codes mean.
    pub catalogue: &'c Catalogue,
    /// Names the patterns.
    pub set: &'c PatternSet,
    /// The code page of lines that are not UTF-8, if it was given.
    pub encoding: Option<&'static Encoding>,
}

impl LineFormat for Csv<'_> {
    fn line(&self, source: &Source, hits: &[Hit<'_>], out: &mut Rendered) {
        for hit in hits {
            let bytes = out.bytes();
            push_cell(bytes, &text(&source.name));
            bytes.push(b',');
            out.line_number();
            let bytes = out.bytes();
            for cell in cells(&Fields::of(hit, self.catalogue, self.set, self.encoding)) {
                bytes.push(b',');
                push_cell(bytes, &cell);
            }
            bytes.push(b'\n');
        }
    }
}

/// The cells after the path and the line number, which are known only later.
fn cells<'f>(fields: &'f Fields<'_>) -> [Cow<'f, str>; 14] {
    let candidates: Vec<String> = fields.candidates.iter().map(ToString::to_string).collect();
    [
        shown(Some(fields.offset)),
        shown(fields.time),
        shown(fields.code),
        text(fields.name.unwrap_or_default()),
        text(&fields.description),
        shown(Some(fields.known)),
        candidates.join(" ").into(),
        text(fields.pattern),
        text(fields.user.as_deref().unwrap_or_default()),
        text(fields.outcome.as_deref().unwrap_or_default()),
        text(fields.host.as_deref().unwrap_or_default()),
        text(fields.address.as_deref().unwrap_or_default()),
        text(&fields.text),
        shown(fields.text_is_cut),
    ]
}

/// Text from a log or a file's name as neither a spreadsheet nor a terminal obeys it.
fn text(text: &str) -> Cow<'_, str> {
    // Blanks before a formula do not keep every spreadsheet from seeing it.
    let guard = if matches!(guarded(text.trim_start()), Cow::Owned(_)) { "'" } else { "" };
    let parts: Vec<String> = text.split('\t').map(escaped).collect();
    format!("{guard}{}", parts.join("\t")).into()
}

/// Appends a cell, quoted where it has to be. It holds no line end.
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
    fn a_cell_is_never_a_formula_and_never_drives_a_terminal() {
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
