//! Writes the output of `patterns test`: each tested line, carets under each match, and the result below.
//!
//! The lines come from logs, so control characters are escaped as in the output of `lines`. A tab is shown as one space, so that
//! the carets are in the right place.

use std::io::{self, Write};
use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use super::lines::{SHOWN_LIMIT_BYTES, after_result, push_result, push_shown};
use crate::catalogue::Catalogue;
use crate::hit::{Capture, Hit};
use crate::pattern::definition::{Definition, Origin};
use crate::report::wording::{grouped, moment};
use crate::scan::trial::{Line, Nearest, Outcome};
use crate::time::DateBasis;
use crate::time::zone::DisplayZone;
use crate::units::{CodePage, Units};

/// The most columns that an excerpt of a line shows before the match.
const BEFORE_COLUMNS: usize = 20;
/// The text that stands for the part of a line that is not shown. It is ASCII, which every console can show.
const ELLIPSIS: &str = "...";
/// The least width of an excerpt in columns, however narrow the terminal is.
const LEAST_WIDTH: usize = 30;
/// The width of the column with the names of captures, including the gap after it.
const NAME_WIDTH: usize = 9;

/// The message for a line that no pattern matches.
const NO_MATCH: &str = "no pattern matches this line";

/// Whether `text` begins like the output of this module: with line 1 and its result.
pub(super) fn begins(text: &str) -> bool {
    let mut lines = text.lines();
    let number = lines.next().and_then(|line| line.split_once("1  ")).map(|(blanks, _)| blanks);
    let Some(indent) = number.filter(|blanks| blanks.trim().is_empty()).map(|blanks| " ".repeat(blanks.len() + 3))
    else {
        return false;
    };
    let is_result = |line: &str| line.split_once(": ").and_then(|(_, result)| after_result(result)) == Some("");
    // An excerpt and carets may come before.
    lines
        .take(3)
        .filter_map(|line| line.strip_prefix(&indent))
        .any(|line| line.starts_with(NO_MATCH) || is_result(line))
}

/// The values that [`write()`] needs in addition to the lines.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'s> {
    /// The patterns that were tried.
    pub definitions: &'s [Definition],
    /// The meanings of the codes.
    pub catalogue: &'s Catalogue,
    /// The terminal's width in columns, or `None` if lines may have any length.
    pub width: Option<usize>,
}

/// Writes every line, its results and an empty line, and at the end the number of lines with results.
///
/// # Errors
///
/// Returns any error from writing to `out`.
pub fn write(shown: &Shown<'_>, lines: &[Line<'_>], out: &mut impl Write) -> io::Result<()> {
    let number_width = lines.last().map_or(1, |line| line.number.to_string().len());
    let indent = " ".repeat(number_width + 2);
    for line in lines {
        let (start, end) = (0..line.text.len().min(SHOWN_LIMIT_BYTES), line.text.len());
        let cut = if start.end < end { ELLIPSIS } else { "" };
        writeln!(out, "{:>number_width$}  {}{cut}", line.number, one_line(&line.text[start]))?;
        match &line.outcome {
            Outcome::Taken(hits) => {
                for hit in hits {
                    shown.hit(hit, &indent, out)?;
                }
            }
            Outcome::Continued => writeln!(out, "{indent}belongs to the match above")?,
            Outcome::Missed(all) if all.is_empty() => writeln!(out, "{indent}{NO_MATCH}, not even in part")?,
            Outcome::Missed(_) | Outcome::Unexplained => writeln!(out, "{indent}{NO_MATCH}")?,
        }
        if let Outcome::Missed(all) = &line.outcome {
            for nearest in all {
                shown.nearest(nearest, line.text, &indent, out)?;
            }
        }
        writeln!(out)?;
    }
    let taken = lines.iter().filter(|line| matches!(line.outcome, Outcome::Taken(_))).count() as u64;
    let (noun, verb) = if lines.len() == 1 { ("line", "has") } else { ("lines", "have") };
    writeln!(out, "{} of {} {noun} {verb} a result", grouped(taken), grouped(lines.len() as u64))
}

impl Shown<'_> {
    fn name(&self, pattern: usize) -> &str {
        self.definitions.get(pattern).map_or("", |definition| &definition.name)
    }

    fn hit(&self, hit: &Hit<'_>, indent: &str, out: &mut impl Write) -> io::Result<()> {
        self.carets(hit.line, &hit.span, indent, out)?;
        let mut result = Vec::new();
        push_result(&mut result, self.catalogue, &hit.key);
        writeln!(out, "{indent}{}: {}", self.name(hit.pattern), String::from_utf8_lossy(&result))?;
        for capture in Capture::words() {
            if let Some(value) = hit.says(capture) {
                writeln!(out, "{indent}  {:<NAME_WIDTH$}{}", capture.name(), one_line(value))?;
            }
        }
        if let Some(stamp) = hit.time {
            let time = moment(DisplayZone::UTC.of(stamp.time));
            // The year is left out, because these lines do not contain it.
            let has_no_year = stamp.basis.date == DateBasis::Year;
            let time = time.get(5..).filter(|_| has_no_year).unwrap_or(&time);
            let lacks = [
                (has_no_year, "no year given: the file decides"),
                (stamp.zone_is_assumed(), "no zone given: taken as UTC"),
            ];
            let lacks = lacks.iter().filter(|(lacks, _)| *lacks).map(|(_, what)| *what).collect::<Vec<_>>().join("; ");
            let lacks = if lacks.is_empty() { lacks } else { format!(" ({lacks})") };
            writeln!(out, "{indent}  {:<NAME_WIDTH$}{time}{lacks}", "time")?;
        }
        Ok(())
    }

    /// Writes a line of carets under `span`. If the line is wider than the terminal, writes an excerpt of it first, because
    /// carets under a line that the terminal wraps would be in the wrong place.
    fn carets(&self, line: &[u8], span: &Range<usize>, indent: &str, out: &mut impl Write) -> io::Result<()> {
        let parts = [&line[..span.start], &line[span.clone()], &line[span.end..]].map(one_line);
        let room = self.width.map(|width| width.saturating_sub(indent.len()).max(LEAST_WIDTH));
        let needed: usize = parts.iter().map(|part| part.width()).sum();
        let (before, inside) = if room.is_some_and(|room| needed > room) || line.len() > SHOWN_LIMIT_BYTES {
            let room = room.unwrap_or(usize::MAX).min(SHOWN_LIMIT_BYTES);
            let before = end_of(&parts[0], BEFORE_COLUMNS);
            let inside = start_of(&parts[1], room.saturating_sub(BEFORE_COLUMNS + 2 * ELLIPSIS.len()));
            let used = before.width() + inside.width();
            let after = start_of(&parts[2], room.saturating_sub(used + ELLIPSIS.len()));
            writeln!(out, "{indent}{before}{inside}{after}")?;
            (before, inside)
        } else {
            let [before, inside, _] = parts;
            (before, inside)
        };
        let blanks = " ".repeat(before.width());
        writeln!(out, "{indent}{blanks}{}", "^".repeat(inside.width().max(1)))
    }

    fn nearest(&self, nearest: &Nearest, line: &[u8], indent: &str, out: &mut impl Write) -> io::Result<()> {
        let Some(definition) = self.definitions.get(nearest.pattern) else { return Ok(()) };
        let built_in = if definition.origin == Origin::BuiltIn { "the built-in " } else { "" };
        writeln!(out, "{indent}nearest pattern: {built_in}{}", definition.name)?;
        let line = CodePage::of(line, Units::Bytes, None).read(line);
        let width = self.width.map(|width| width.saturating_sub(indent.len()));
        for explained in nearest.miss.render(definition, line.as_bytes(), width).lines() {
            writeln!(out, "{indent}{}", explained.trim_end())?;
        }
        Ok(())
    }
}

/// Returns `text` as one line of printable characters, with a space for each tab.
fn one_line(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    push_shown(&mut bytes, CodePage::of(text, Units::Bytes, None).read(text).as_bytes());
    String::from_utf8_lossy(&bytes).replace('\t', " ")
}

/// Returns the end of `text` that fits in `limit` columns, with [`ELLIPSIS`] before it if the start was cut off.
fn end_of(text: &str, limit: usize) -> String {
    let mut columns = 0;
    let too_wide = text.char_indices().rev().find(|&(at, character)| {
        columns += text[at..at + character.len_utf8()].width();
        columns > limit
    });
    match too_wide {
        Some((at, character)) => format!("{ELLIPSIS}{}", &text[at + character.len_utf8()..]),
        None => text.to_owned(),
    }
}

/// Returns the start of `text` that fits in `limit` columns, with [`ELLIPSIS`] after it if the end was cut off.
fn start_of(text: &str, limit: usize) -> String {
    let mut columns = 0;
    let too_wide = text.char_indices().find(|&(at, character)| {
        columns += text[at..at + character.len_utf8()].width();
        columns > limit
    });
    match too_wide {
        Some((at, _)) => format!("{}{ELLIPSIS}", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::PatternSet;
    use crate::scan::trial;

    fn shown(regexes: &[&str], text: &str, width: Option<usize>) -> String {
        let definitions: Vec<Definition> =
            (1..).zip(regexes).map(|(number, regex)| Definition::from_expression(number, regex)).collect();
        let set = PatternSet::compile(&definitions).unwrap();
        let catalogue = Catalogue::built_in();
        let lines = trial::run(&definitions, &set, catalogue, text.as_bytes());
        let mut out = Vec::new();
        write(&Shown { definitions: &definitions, catalogue, width }, &lines, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn carets_are_under_the_match_after_wide_characters_tabs_and_escapes() {
        // Each ideograph takes two columns, the tab one and the escape five.
        let text = "\t日本\u{7}c=21 c=999\r\n";
        let expected = " 日本\\u{7}c=21 c=999
             ^^^^
   e1: 21 Mobile App Authenticated
                  ^^^^^
   e1: 999 not in the vendor's list; contact Impero

1 of 1 line has a result
";
        assert_eq!(shown(&[r"c=(?<code>\d+)"], text, None), format!("1  {expected}"));
    }

    #[test]
    fn a_line_wider_than_the_terminal_is_repeated_as_an_excerpt() {
        let text = format!("{}c=21{}", "a".repeat(30), "b".repeat(30));
        let expected = format!(
            "1  {text}
   ...{}c=21{}...
   {}^^^^
   e1: 21 Mobile App Authenticated

1 of 1 line has a result
",
            "a".repeat(20),
            "b".repeat(10),
            " ".repeat(23),
        );
        // The indent leaves 40 of the 43 columns: 3 for the first ellipsis, 20 before the match, 4 for the match, 10 after it,
        // and 3 for the last ellipsis.
        assert_eq!(shown(&[r"c=(?<code>\d+)"], &text, Some(43)), expected);
    }

    #[test]
    fn an_excerpt_of_a_wide_match_is_cut_within_the_match() {
        let text = format!("c=21{}", "b".repeat(60));
        let shown = shown(&[r"c=(?<code>\d+)b*"], &text, Some(43));
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1], format!("   c=21{}...", "b".repeat(10)));
        assert_eq!(lines[2], format!("   {}", "^".repeat(17)));
    }

    #[test]
    fn an_excerpt_of_wide_characters_is_no_wider_than_the_terminal() {
        let text = format!("{}c=21{}", "日".repeat(30), "本".repeat(30));
        let shown = shown(&[r"c=(?<code>\d+)"], &text, Some(43));
        let excerpt: Vec<&str> = shown.lines().skip(1).take(2).collect();
        let expected =
            [format!("   ...{}c=21{}...", "日".repeat(10), "本".repeat(5)), format!("   {}^^^^", " ".repeat(23))];
        assert_eq!(excerpt, expected);
    }

    #[test]
    fn captures_and_misses_are_shown() {
        let text = "2024-05-01 10:15:30 h1 ann c=21\nc 21\nx\n";
        let expected = "\
1  2024-05-01 10:15:30 h1 ann c=21
                          ^^^^^^^^
   e1: 21 Mobile App Authenticated
     user     ann
     time     2024-05-01 10:15:30Z (no zone given: taken as UTC)

2  c 21
   no pattern matches this line
   nearest pattern: e2
     c=(?<code>x)
      ^ expected `=`
     c 21
     -^ matched up to here

3  x
   no pattern matches this line, not even in part

1 of 3 lines have a result
";
        assert_eq!(shown(&[r"(?<user>ann) c=(?<code>\d+)", "c=(?<code>x)"], text, None), expected);
    }
}
