//! Presentable values as text: one small file per format or thing shown.
//!
//! A format decides how a report looks and nothing about what it says: order, shares and descriptions are the
//! report's. No format has a colour, a mark or an order by code, as a code does not tell whether a sign-in succeeded.

pub mod codes;
pub mod csv;
pub mod files;
pub mod json;
pub mod lines;
pub mod patterns;
pub mod problems;
pub mod progress;
pub mod table;
pub mod trial;
pub mod wording;
pub mod wrap;

use std::io::{self, Write};

use crate::report::Report;

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A table for people.
    #[default]
    Table,
    /// The contract with scripts.
    Json,
    /// For spreadsheets.
    Csv,
}

/// What depends on where the report goes. Only the table looks at it; the default is right for files and pipes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The terminal's width in columns. None: lines are as long as they need to be.
    pub width: Option<usize>,
    /// How the head of the table is set off.
    pub head: Emphasis,
}

/// How something is set off from the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Emphasis {
    /// Not at all.
    #[default]
    Plain,
    /// In bold, by an escape sequence.
    Bold,
}

/// Writes `report` to `out`, ending in a line end.
///
/// # Errors
///
/// Those of `out`, with their kind kept: a closed pipe can be told apart.
pub fn render(report: &Report, format: Format, options: &Options, out: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Table => table::write(report, options, out),
        Format::Json => json::write(report, out),
        Format::Csv => csv::write(report, out),
    }
}

/// Whether a file that begins like this is a result of an earlier run, or empty: what a new one may take the place of
/// without a second thought, also where logs lie.
#[must_use]
pub fn is_result(head: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 10] = [
        b"Code  Description ",
        b"File  ",
        b"PARTIAL RESULT: ",
        b"No result codes found",
        b"No file",
        b"{\n  \"schema\": ",
        b"{\"path\":\"",
        b"code,name,description,",
        b"path,kind,layers,",
        b"path,line,offset,",
    ];
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    head.is_empty() || BEGINNINGS.iter().any(|beginning| head.starts_with(beginning)) || is_shown_line(line)
}

/// Whether it is `path:line: [result]` and something.
fn is_shown_line(line: &[u8]) -> bool {
    memchr::memmem::find_iter(line, b": [").any(|at| {
        let digits = line[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let result = line[at + 3..].strip_prefix(b"-").unwrap_or(&line[at + 3..]);
        let begins = result.first().is_some_and(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        digits > 0 && line[..at - digits].ends_with(b":") && begins && result.contains(&b']')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_no_results() {
        let results = ["", "a.log:2: [102 Phone Unreachable] call result", "C:\\a.log:7: [-5 x] y", "{\"path\":\"x\"}"];
        assert!(results.iter().all(|head| is_result(head.as_bytes())));
        let logs = [
            "2017-02-14 02:57:24 [21] x",
            "a: [102 x]",
            "File not found",
            "{\"time\":1}",
            "Code 21",
            "::: [x]",
            ": [1]",
        ];
        assert!(!logs.iter().any(|head| is_result(head.as_bytes())));
    }
    use crate::report::testing::{name, report};

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_format_tells_a_closed_pipe_apart() {
        // More than the writers in between keep in their buffers.
        let names: Vec<_> = (0..1000).map(|number| (name(&number.to_string()), 1, &[][..])).collect();
        let report = report(&[(&names, 1)]);
        for format in [Format::Table, Format::Json, Format::Csv] {
            let error = render(&report, format, &Options::default(), &mut Closed).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format:?}");
        }
    }
}
