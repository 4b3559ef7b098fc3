//! Fits what is above a table into a terminal, so that the findings and the first rows are on one screen.

use super::renderer::Options;
use super::table::wrapped_lines;
use crate::report::sheet::End;
use crate::report::{Report, findings};

/// The number of rows that should fit on the first screen with the findings.
const FIRST_ROWS: usize = 10;
/// The lines for headings, the rule below them, and the prompt of the shell.
const OTHER_LINES: usize = 3;

/// Returns the notes of a report whose table has this many rows. In a terminal, findings that would push the first rows off the
/// screen are below the table.
pub(super) fn end<'r>(report: &'r Report, rows: usize, options: &Options) -> End<'r> {
    let mut end = report.end();
    let Some(height) = options.height else { return end };
    let Some(at) = end.above.iter().position(|note| findings::begins(note)) else { return end };
    let lines = |note: &str| wrapped_lines(note, options.width) + 1;
    let others = end.above.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, note)| lines(note));
    let taken = others.sum::<usize>() + OTHER_LINES + rows.min(FIRST_ROWS);
    let note = &end.above[at];
    if rows == 0 || taken + lines(note) <= height {
        return end;
    }
    // A line says that there are more below.
    let room = height.saturating_sub(taken + 1);
    let all = note.lines().count();
    let items = (1..all).take_while(|items| lines(&findings::divided(note, *items).0) <= room).last().unwrap_or(1);
    let (first, rest) = findings::divided(note, items);
    if !rest.is_empty() {
        end.above[at] = format!("{first}\nMore findings are below the table.");
        end.below.push(format!("\nMore findings\n{rest}"));
    }
    end
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;
    use crate::catalogue::Catalogue;
    use crate::code::{Code, Key};
    use crate::finding::scope::Scope;
    use crate::finding::{Finding, Findings, Kind};
    use crate::render::Format;
    use crate::render::tests::rendered;
    use crate::report::findings::Found;
    use crate::report::testing::{code, report};
    use crate::time::zone::DisplayZone;

    /// Returns what a terminal of 80 columns and this many rows shows of a report with findings and 20 rows.
    fn shown(findings: usize, height: Option<usize>) -> String {
        let rows: Vec<_> = (100..120).map(|number| (code(number), 1, &["2017-02-14T02:57:24Z"][..])).collect();
        let codes = vec![Key::Code(Code(777))];
        let scopes = vec![Scope::of_codes(&codes)];
        let finding = Finding { codes, scopes, count: 1, ..Finding::new(Kind::Unknown) };
        let list = iter::repeat_n(finding, findings).collect();
        let findings = Findings { list, repeats: Vec::new(), one_in: 1, repeat_within: 60_000_000_000 };
        let found = Found::new(findings, Catalogue::built_in(), DisplayZone::UTC, "");
        let report = Report { findings: found, ..report(&[(&rows, 1)]) };
        rendered(&report, Format::Table, Options { width: Some(80), height, ..Options::default() })
    }

    #[test]
    fn the_first_rows_are_on_the_first_screen_with_the_findings() {
        for findings in 1..9 {
            let text = shown(findings, Some(24));
            let screen: Vec<&str> = text.lines().take(23).collect();
            assert!(screen.iter().any(|line| line.starts_with("1  777")), "{text}");
            assert!(screen.iter().any(|line| line.starts_with(" 109  ")), "{text}");
            // Nothing is lost: the others follow below the table.
            let numbers = (1..=findings.min(7)).map(|number| format!("\n{number}  777: "));
            assert!(numbers.into_iter().all(|number| text.contains(&number)), "{text}");
            assert_eq!(text.contains("More findings are below the table."), findings > 2, "{text}");
            assert_eq!(text.contains("\n\nMore findings\n3  777: "), findings > 2, "{text}");
        }
    }

    #[test]
    fn without_a_terminal_or_in_a_high_one_all_findings_are_first() {
        for height in [None, Some(80)] {
            let text = shown(7, height);
            let (above, _) = text.split_once("\nCode ").unwrap();
            assert!(above.contains("\n7  777: ") && !text.contains("More findings"), "{text}");
        }
    }
}
