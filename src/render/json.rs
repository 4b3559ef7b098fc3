//! Writes a sheet as JSON, in the versioned format that scripts rely on.
//!
//! The output is one object, indented by two spaces for each level. The rows of a streamed sheet take one line each.
//!
//! Characters that could control a terminal are escaped, even where JSON does not require it.

use std::io::{self, Write};

use serde::ser::{Serialize, Serializer};

use super::renderer::Renderer;
use crate::report::sheet::{Cell, Column, End, Flow, Presence, Sheet, Shown};
use crate::terminal::{is_plain, obeys};
use crate::time::zone::DisplayZone;

/// Writes a sheet as one JSON object: the version, the values before the rows, the list of rows, and the values after them.
pub(super) struct Json {
    sheet: &'static Sheet,
    zone: DisplayZone,
    has_rows: bool,
}

impl Json {
    pub(super) fn new(sheet: &'static Sheet, zone: DisplayZone) -> Json {
        Json { sheet, zone, has_rows: false }
    }

    fn write_fields(&self, columns: &[Column], values: &[Cell<'_>], out: &mut dyn Write) -> io::Result<()> {
        let is_shown = |(column, value): &(&Column, &Cell<'_>)| !is_left_out(column, value);
        for (column, value) in columns.iter().zip(values).filter(is_shown) {
            let name = column.name.unwrap_or_default();
            write!(out, ",\n  \"{name}\": ")?;
            match value {
                Cell::Groups(breakdown) => self.write_list(breakdown.records(self.zone), out)?,
                value => self.write_value(&Shown(value, self.zone), "  ", out)?,
            }
        }
        Ok(())
    }

    /// Writes values as one list, without having all of them in memory.
    fn write_list<'c>(&self, values: impl Iterator<Item = Cell<'c>>, out: &mut dyn Write) -> io::Result<()> {
        let mut values = values.peekable();
        if values.peek().is_none() {
            return out.write_all(b"[]");
        }
        let mut separator = "[";
        for value in values {
            write!(out, "{separator}\n    ")?;
            self.write_value(&Shown(&value, self.zone), "    ", out)?;
            separator = ",";
        }
        out.write_all(b"\n  ]")
    }

    fn write_value(&self, value: &impl Serialize, indent: &str, out: &mut dyn Write) -> io::Result<()> {
        let text = match self.sheet.flow {
            Flow::Whole => serde_json::to_string_pretty(value)?,
            Flow::Streamed => serde_json::to_string(value)?,
        };
        // Line ends in values have already been escaped.
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                write!(out, "\n{indent}")?;
            }
            write_escaped(out, line)?;
        }
        Ok(())
    }
}

impl Renderer for Json {
    fn begin(&mut self, before: &[Cell<'_>], out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{START}{}", self.sheet.schema)?;
        self.write_fields(self.sheet.before, before, out)?;
        write!(out, ",\n  \"{}\": [", self.sheet.rows)
    }

    fn row(&mut self, cells: &[Cell<'_>], out: &mut dyn Write) -> io::Result<()> {
        let separator = if self.has_rows { "," } else { "" };
        self.has_rows = true;
        write!(out, "{separator}\n    ")?;
        self.write_value(&Row(self.sheet.columns, cells, self.zone), "    ", out)
    }

    fn end(&mut self, end: &End<'_>, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.has_rows { b"\n  ]" } else { b"]" })?;
        self.write_fields(self.sheet.after, &end.after, out)?;
        out.write_all(b"\n}\n")
    }
}

/// Whether `text` begins with a JSON object of this program: its version is `schema`, and its next field is called `first`.
pub(super) fn begins(schema: u32, first: &str, text: &str) -> bool {
    text.strip_prefix(START).is_some_and(|rest| rest.starts_with(&format!("{schema},\n  \"{first}\": ")))
}

/// The start of every JSON object, up to the number of its version.
const START: &str = "{\n  \"schema\": ";

struct Row<'a>(&'a [Column], &'a [Cell<'a>], DisplayZone);

/// Whether JSON leaves out this value of the column.
fn is_left_out(column: &Column, value: &Cell<'_>) -> bool {
    match (column.presence, value) {
        (Presence::OrMissing, Cell::List(cells)) => cells.is_empty(),
        (Presence::OrMissing | Presence::OrNullOrMissing | Presence::IfSought, Cell::Absent) => true,
        _ => false,
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Row(columns, cells, zone) = self;
        serializer.collect_map(columns.iter().zip(*cells).filter_map(|(column, cell)| {
            let name = column.name.filter(|_| !is_left_out(column, cell))?;
            Some((name, Shown(cell, *zone)))
        }))
    }
}

/// Writes `text`, which is JSON without line ends, and escapes characters that could control a terminal. In JSON they can occur
/// only within strings, so they can be escaped without parsing.
pub(super) fn write_escaped(out: &mut (impl Write + ?Sized), text: &str) -> io::Result<()> {
    let mut rest = text;
    if is_plain(text.as_bytes()) {
        return out.write_all(text.as_bytes());
    }
    while let Some((at, obeyed)) = rest.char_indices().find(|(_, character)| obeys(*character)) {
        write!(out, "{}\\u{:04x}", &rest[..at], u32::from(obeyed))?;
        rest = &rest[at + obeyed.len_utf8()..];
    }
    out.write_all(rest.as_bytes())
}

#[cfg(test)]
mod tests {
    use crate::problem::{Kind, Problem};
    use crate::render::tests::rendered;
    use crate::render::{Format, Options};
    use crate::report::Report;
    use crate::report::testing::{code, name, report};

    fn written(report: &Report) -> String {
        rendered(report, Format::Json, Options::default())
    }

    #[test]
    fn every_field_is_written() {
        let mut report = report(&[
            (
                &[
                    (code(102), 3, &["2017-02-14T02:57:24.600871Z", "2017-02-14 02:57:25"]),
                    (name("Used Cache"), 1, &["2017-02-14T04:00:00+01:00"]),
                ],
                120,
            ),
            (&[(code(102), 1, &[])], 3),
            (&[], 0),
        ]);
        report.problems.push(Problem::new(r"logs\old.log", Kind::Unreadable, "no such file or folder"));
        assert_eq!(
            written(&report),
            r#"{
  "schema": 1,
  "partial": false,
  "totals": {
    "results": 5,
    "twins": 0,
    "general": 0,
    "attempts": 5,
    "excluded": 0,
    "excluded_without_time": 0,
    "excluded_by": [],
    "near_misses": 0,
    "distinct": 2,
    "families": null,
    "files_read": 3,
    "files_with_results": 2,
    "hosts": null,
    "hosts_with_results": null,
    "bytes": 123
  },
  "results_without_time": 2,
  "times_without_zone": 1,
  "results": [
    {
      "code": 102,
      "name": null,
      "description": "Phone Unreachable",
      "known": true,
      "count": 4,
      "share": 0.8,
      "first_seen": "2017-02-14T02:57:24.600871Z",
      "last_seen": "2017-02-14T02:57:25Z",
      "files": 2,
      "group": "not-reached",
      "hosts": null,
      "family": "mfa"
    },
    {
      "code": null,
      "name": "Used Cache",
      "description": "Used Cache",
      "known": true,
      "count": 1,
      "share": 0.2,
      "first_seen": "2017-02-14T03:00:00Z",
      "last_seen": "2017-02-14T03:00:00Z",
      "files": 1,
      "candidates": [
        6,
        8,
        9
      ],
      "group": "no-call-made",
      "hosts": null,
      "family": "mfa"
    }
  ],
  "problems": [
    {
      "path": "logs\\old.log",
      "kind": "unreadable",
      "detail": "no such file or folder"
    }
  ]
}
"#
        );
    }

    #[test]
    fn without_results_the_object_has_the_same_fields() {
        let expected = r#"{
  "schema": 1,
  "partial": false,
  "totals": {
    "results": 0,
    "twins": 0,
    "general": 0,
    "attempts": 0,
    "excluded": 0,
    "excluded_without_time": 0,
    "excluded_by": [],
    "near_misses": 0,
    "distinct": 0,
    "families": null,
    "files_read": 0,
    "files_with_results": 0,
    "hosts": null,
    "hosts_with_results": null,
    "bytes": 0
  },
  "results_without_time": 0,
  "times_without_zone": 0,
  "results": [],
  "problems": []
}
"#;
        assert_eq!(written(&report(&[])), expected);
    }

    #[test]
    fn a_run_that_was_interrupted_is_partial() {
        let text = written(&Report { is_partial: true, ..report(&[]) });
        assert!(text.starts_with("{\n  \"schema\": 1,\n  \"partial\": true,\n"), "{text}");
    }

    #[test]
    fn missing_times_are_null_and_unknown_names_are_strings() {
        let text = written(&report(&[(&[(name("a \"b\""), 1, &[])], 1)]));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value["results"][0],
            serde_json::json!({
                "code": null,
                "name": "a \"b\"",
                "description": "not in the vendor's list; contact Impero",
                "known": false,
                "count": 1,
                "share": 1.0,
                "first_seen": null,
                "last_seen": null,
                "files": 1,
                "group": null,
                "hosts": null,
                "family": "mfa",
            })
        );
    }
}
