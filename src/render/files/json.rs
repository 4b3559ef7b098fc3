//! JSON: one object, versioned like the summary's, with one input a line.
//!
//! Within a version fields may be added; none is renamed, removed or given another meaning.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;

use crate::render::lines::Escaped;
use crate::render::problems::Told;
use crate::report::files::{Row, Totals};

/// The version of the contract.
pub const SCHEMA: u32 = 1;

/// The rows, as far as they have been written.
#[derive(Default)]
pub(super) struct Rows {
    is_begun: bool,
}

/// A row with its problems in words.
#[derive(Serialize)]
struct Line<'r> {
    #[serde(flatten)]
    row: &'r Row,
    problems: Vec<Told<'r>>,
}

impl Rows {
    pub(super) fn write(&mut self, row: &Row, out: &mut impl Write) -> io::Result<()> {
        if self.is_begun {
            out.write_all(b",\n    ")?;
        } else {
            write!(out, "{{\n  \"schema\": {SCHEMA},\n  \"files\": [\n    ")?;
            self.is_begun = true;
        }
        let problems = row.problems.iter().map(Told::without_path).collect();
        write_line(&Line { row, problems }, out)
    }

    pub(super) fn finish(self, totals: &Totals, out: &mut impl Write) -> io::Result<()> {
        if self.is_begun {
            out.write_all(b"\n  ],\n")?;
        } else {
            write!(out, "{{\n  \"schema\": {SCHEMA},\n  \"files\": [],\n")?;
        }
        write!(out, "  \"partial\": {},\n  \"totals\": ", totals.is_partial)?;
        write_line(totals, out)?;
        out.write_all(b"\n}\n")
    }
}

fn write_line(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Escaped)).map_err(io::Error::from)
}
