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
