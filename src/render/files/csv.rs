//! CSV: a head, then one line an input, with the columns of the JSON rows.
//!
//! As in the summary's, what is absent is an empty cell, and text that a spreadsheet would take for a formula gets a leading `'`.
//! Several layers or problems of an input are separated by blanks, details by bars.
//! What could drive a terminal is shown as an escape; scripts that want names unchanged take JSON.

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};

use crate::problem::Problem;
use crate::render::csv::{guarded, reason, shown};
use crate::render::problems::detail;
use crate::render::wording::escaped;
use crate::report::files::Row;

const COLUMNS: [&str; 14] = [
    "path",
    "kind",
    "layers",
    "encoding",
    "byte_order_mark",
    "bytes",
    "bytes_on_disk",
    "lines",
    "first_time",
    "last_time",
    "zone_assumed",
    "results",
    "problems",
    "details",
];

/// The rows, as far as they have been written.
#[derive(Default)]
pub(super) struct Rows {
    is_begun: bool,
}

impl Rows {
    pub(super) fn write(&mut self, row: &Row, out: &mut impl Write) -> io::Result<()> {
        self.begin(out)?;
        record(&cells(row), out)
    }

    pub(super) fn finish(mut self, out: &mut impl Write) -> io::Result<()> {
        self.begin(out)
    }

    fn begin(&mut self, out: &mut impl Write) -> io::Result<()> {
        if std::mem::replace(&mut self.is_begun, true) { Ok(()) } else { record(&COLUMNS.map(Cow::Borrowed), out) }
    }
}

fn record(cells: &[Cow<'_, str>; COLUMNS.len()], out: &mut impl Write) -> io::Result<()> {
    const LIKELY_BYTES: usize = 512;
    // Not to `out` itself: a writer of CSV flushes what it writes to when it is done, and here there is one for each row.
    let mut line = Vec::with_capacity(LIKELY_BYTES);
    let mut writer = WriterBuilder::new();
    let mut writer = writer.terminator(Terminator::Any(b'\n')).buffer_capacity(LIKELY_BYTES).from_writer(&mut line);
    writer.write_record(cells.iter().map(|cell| cell.as_bytes())).map_err(reason)?;
    writer.flush()?;
    drop(writer);
    out.write_all(&line)
}

fn cells(row: &Row) -> [Cow<'_, str>; COLUMNS.len()] {
    [
        text(&row.path),
        // A spreadsheet may take the file for another code page.
        row.kind.as_deref().unwrap_or_default().replace('›', ">").into(),
        row.layers.as_ref().map(|layers| layers.join(" ")).unwrap_or_default().into(),
        row.encoding.unwrap_or_default().into(),
        shown(row.byte_order_mark),
        shown(row.bytes),
        shown(row.bytes_on_disk),
        shown(row.lines),
        shown(row.first_time),
        shown(row.last_time),
        shown(row.zone_assumed),
        shown(row.results),
        joined(&row.problems, " ", |problem| problem.kind.to_string().into()),
        joined(&row.problems, " | ", |problem| escaped(&guarded(&detail(problem))).into()),
    ]
}

fn joined<'r>(problems: &'r [Problem], separator: &str, cell: impl Fn(&'r Problem) -> Cow<'r, str>) -> Cow<'r, str> {
    problems.iter().map(cell).collect::<Vec<_>>().join(separator).into()
}

fn text(text: &str) -> Cow<'_, str> {
    escaped(&guarded(text)).into()
}
