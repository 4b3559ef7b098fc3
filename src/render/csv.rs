//! CSV for spreadsheets: a head, then one line a row, with the columns of the JSON rows.
//!
//! A spreadsheet takes a cell that starts with `=`, `+`, `-` or `@` for a formula, also one that fetches from the
//! network, and unknown names come from logs, where anyone who can fail to sign in can write. Text cells that start so
//! therefore get a leading `'`, which spreadsheets read as "this is text". Scripts that want names unchanged take JSON.
//!
//! What is absent is an empty cell; candidates are separated by blanks; lines end in `\n` on every system.

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{Error, ErrorKind, Terminator, Writer, WriterBuilder};

use crate::report::{Report, Row};

const COLUMNS: [&str; 10] =
    ["code", "name", "description", "known", "count", "share", "first_seen", "last_seen", "files", "candidates"];

/// Writes the rows of the report. Totals and problems have no place in a table of rows.
///
/// # Errors
///
/// Those of `out`.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let mut writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(out);
    write_records(report, &mut writer).map_err(reason)?;
    writer.flush()
}

/// The error of what is written to.
pub(super) fn reason(error: Error) -> io::Error {
    match error.into_kind() {
        ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn write_records(report: &Report, writer: &mut Writer<impl Write>) -> Result<(), Error> {
    writer.write_record(COLUMNS)?;
    for row in &report.rows {
        writer.write_record(cells(row).iter().map(|cell| cell.as_bytes()))?;
    }
    Ok(())
}

fn cells(row: &Row) -> [Cow<'_, str>; COLUMNS.len()] {
    let candidates: Vec<String> = row.candidates.iter().map(ToString::to_string).collect();
    [
        shown(row.code),
        row.name.as_deref().map_or(Cow::Borrowed(""), guarded),
        guarded(&row.description),
        shown(Some(row.known)),
        shown(Some(row.count)),
        shown(Some(row.share)),
        shown(row.first_seen),
        shown(row.last_seen),
        shown(Some(row.files)),
        candidates.join(" ").into(),
    ]
}

pub(super) fn shown(value: Option<impl ToString>) -> Cow<'static, str> {
    value.map_or(Cow::Borrowed(""), |value| Cow::Owned(value.to_string()))
}

/// A text that no spreadsheet takes for a formula. The wide forms count as well where East Asian input is usual.
pub(super) fn guarded(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{every_kind, name, report};

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_kind_of_row() {
        assert_eq!(
            written(&every_kind()),
            "\
code,name,description,known,count,share,first_seen,last_seen,files,candidates
21,,Mobile App Authenticated,true,700,0.7,2017-02-13T23:59:59Z,2017-02-14T02:57:24.999Z,1,
102,,Phone Unreachable,true,188,0.188,2016-12-31T23:59:59Z,2017-02-15T09:00:00Z,2,
,Used Cache,Used Cache,true,50,0.05,2017-02-14T03:00:00Z,2017-02-14T03:00:01Z,1,6 8 9
,FAILED_AUTHENTICATION_THROTTLED,Authentication Throttled,true,40,0.04,,,1,
777,,not in the vendor's list; contact Impero support,false,10,0.01,,,1,
,Some Text,not in the vendor's list; contact Impero support,false,10,0.01,2017-02-14T00:00:00Z,2017-02-14T00:00:00Z,1,
-5,,not in the vendor's list; contact Impero support,false,1,0.001,,,1,
0,,No call result,true,1,0.001,,,1,
"
        );
    }

    #[test]
    fn nothing_found_leaves_the_head() {
        assert_eq!(written(&report(&[])), format!("{}\n", COLUMNS.join(",")));
    }

    #[test]
    fn a_name_is_never_a_formula_and_is_quoted_where_needed() {
        let names = ["=HYPERLINK(\"http://x\")", "+1", "-1 x", "@SUM(1)", "＝1", "a=b", "a,b"];
        let found: Vec<_> = names.iter().map(|text| (name(text), 1, &[][..])).collect();
        let text = written(&report(&[(&found, 1)]));
        let cells: Vec<&str> = text.lines().skip(1).map(|line| line.split_once(",not in").unwrap().0).collect();
        assert_eq!(
            cells,
            [",'+1", ",'-1 x", ",\"'=HYPERLINK(\"\"http://x\"\")\"", ",'@SUM(1)", ",\"a,b\"", ",a=b", ",'＝1",]
        );
    }
}
