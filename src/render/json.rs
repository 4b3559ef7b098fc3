//! JSON: the contract that scripts rely on, versioned.
//!
//! Within a version fields may be added; none is renamed, removed or given another meaning.

use std::io::{self, Write};

use serde::Serialize;

use super::problems::Told;
use crate::report::{Report, Row, Totals};

/// The version of the contract.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'r> {
    schema: u32,
    partial: bool,
    totals: &'r Totals,
    results_without_time: u64,
    times_without_zone: u64,
    results: &'r [Row],
    problems: Vec<Told<'r>>,
}

/// Writes the report as one object, indented by two blanks a level.
///
/// # Errors
///
/// Those of `out`.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        partial: report.is_partial,
        totals: &report.totals,
        results_without_time: report.results_without_time,
        times_without_zone: report.times_without_zone,
        results: &report.rows,
        problems: report.problems.iter().map(Told::new).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Kind, Problem};
    use crate::report::testing::{code, name, report};

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_whole_contract() {
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
    "distinct": 2,
    "files_read": 3,
    "files_with_results": 2,
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
      "files": 2
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
      ]
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
    fn nothing_found_is_the_same_object_with_nothing_in_it() {
        let expected = r#"{
  "schema": 1,
  "partial": false,
  "totals": {
    "results": 0,
    "distinct": 0,
    "files_read": 0,
    "files_with_results": 0,
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
    fn times_that_are_not_there_are_null_and_unknown_names_are_strings() {
        let text = written(&report(&[(&[(name("a \"b\""), 1, &[])], 1)]));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value["results"][0],
            serde_json::json!({
                "code": null,
                "name": "a \"b\"",
                "description": "not in the vendor's list; contact Impero support",
                "known": false,
                "count": 1,
                "share": 1.0,
                "first_seen": null,
                "last_seen": null,
                "files": 1,
            })
        );
    }
}
