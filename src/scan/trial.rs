//! Tries patterns on a few lines, for `callcodes patterns test`. Reports what the patterns find in each line, and for a line in
//! which they find nothing, how much of it the best pattern matches.
//!
//! Invariant: the results are those of a scan, because a [`Scanner`] finds them.
//!
//! Explaining a miss compiles many regexes, so a normal scan does not do it.

use crate::catalogue::Catalogue;
use crate::chunk::{Chunk, Limits};
use crate::hit::Hit;
use crate::pattern::PatternSet;
use crate::pattern::definition::{Definition, Origin};
use crate::pattern::nearest::{self, Miss};
use crate::time::detect::{Circumstances, detect};
use crate::units::{CodePage, Units};

use super::Scanner;

/// The largest number of lines without a result that are explained. Each explanation compiles dozens of regexes.
pub const EXPLAINED_LINES: usize = 50;
/// The longest line without a result that is explained, in bytes.
pub const EXPLAINED_LINE_BYTES: usize = 4 << 10;

/// How many bytes of a line a built-in pattern must match to be reported as near. Most lines contain the first letter of some
/// pattern.
const LEAST_BUILT_IN_BYTES: usize = 3;

/// A line on which the patterns were tried.
#[derive(Clone, Debug)]
pub struct Line<'t> {
    /// The number of the line in the text, from 1.
    pub number: u64,
    /// The text of the line, without its line end.
    pub text: &'t [u8],
    /// What the patterns found in the line.
    pub outcome: Outcome<'t>,
}

/// What the patterns found in a line.
#[derive(Clone, Debug)]
pub enum Outcome<'t> {
    /// The results that start in this line, in order. There is at least one.
    Taken(Vec<Hit<'t>>),
    /// No results, but the line is part of a match that starts in an earlier line.
    Continued,
    /// There are no results. Contains the patterns that match the most of the line: the user's own pattern, which is probably the
    /// one being tried, and a built-in pattern if it matches more. Empty if no pattern matches anything.
    Missed(Vec<Nearest>),
    /// There are no results and no explanation, because too many lines were explained already or the line is too long.
    Unexplained,
}

/// The pattern that matches the most of a line in which it finds nothing.
#[derive(Clone, Debug)]
pub struct Nearest {
    /// The index of the pattern in the definitions that were tried.
    pub pattern: usize,
    /// How much of the line the pattern matches, and which part of its regex does not match.
    pub miss: Miss,
}

/// Tries patterns on every line of `text` that is not blank. `set` must be compiled from `definitions`.
#[must_use]
pub fn run<'t>(definitions: &[Definition], set: &PatternSet, catalogue: &Catalogue, text: &'t [u8]) -> Vec<Line<'t>> {
    let mut hits = Vec::new();
    let mut chunk = Chunk::whole(text);
    chunk.written.form = detect(text, &Circumstances { is_whole: true, ..Circumstances::default() });
    Scanner::new(set, catalogue, Limits::default().lookahead_bytes).scan(&chunk, |hit| hits.push(hit));
    let mut hits = hits.into_iter().peekable();
    let mut lines = Vec::new();
    let (mut start, mut matched_until, mut explained) = (0, 0, 0);
    for (number, whole) in (1..).zip(text.split_inclusive(|&byte| byte == b'\n')) {
        let line = whole.strip_suffix(b"\n").unwrap_or(whole);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut taken = Vec::new();
        while let Some(hit) = hits.next_if(|hit| hit.line_offset == start as u64) {
            matched_until = matched_until.max(start + match_end(set, &text[start..], whole.len(), &hit));
            taken.push(hit);
        }
        let outcome = if !taken.is_empty() {
            Outcome::Taken(taken)
        } else if start < matched_until {
            Outcome::Continued
        } else if explained == EXPLAINED_LINES || line.len() > EXPLAINED_LINE_BYTES {
            Outcome::Unexplained
        } else {
            Outcome::Missed(nearest(definitions, line))
        };
        start += whole.len();
        if line.trim_ascii().is_empty() && !matches!(outcome, Outcome::Taken(_)) {
            continue;
        }
        explained += usize::from(matches!(outcome, Outcome::Missed(_)));
        lines.push(Line { number, text: line, outcome });
    }
    lines
}

/// Returns where the match of a hit ends, which may be in a later line. The result is an offset in `rest`, which starts with the
/// line of the hit. `line_with_end` is the length of that line with its line end.
fn match_end(set: &PatternSet, rest: &[u8], line_with_end: usize, hit: &Hit<'_>) -> usize {
    if !set.looks_ahead() || hit.span.end < hit.line.len() {
        return hit.span.end;
    }
    let seen = line_with_end.saturating_add(Limits::default().lookahead_bytes);
    let window = &rest[..seen.min(rest.len())];
    let mut scratch = set.scratch();
    let mut matches = set.matches_of(hit.pattern, &mut scratch, window, hit.line.len());
    while let Some(found) = matches.next() {
        if found.span.start == hit.span.start {
            return found.span.end;
        }
    }
    hit.span.end
}

/// Returns the patterns that match the most of a line: at most one of the user's own, and at most one built-in pattern.
#[must_use]
pub fn nearest(definitions: &[Definition], line: &[u8]) -> Vec<Nearest> {
    let (mut own, mut built_in): (Option<Nearest>, Option<Nearest>) = (None, None);
    // Letters beyond ASCII are compared as text, so the encoding of the line does not matter.
    let line = CodePage::of(line, Units::Bytes, None).read(line);
    for (pattern, definition) in definitions.iter().enumerate() {
        let Some(miss) = nearest::explain(definition, line.as_bytes()) else { continue };
        let (best, least) = match definition.origin {
            Origin::BuiltIn => (&mut built_in, LEAST_BUILT_IN_BYTES),
            _ => (&mut own, 1),
        };
        if miss.matched_len() >= least && miss.matched_len() > matched_len(best.as_ref()) {
            *best = Some(Nearest { pattern, miss });
        }
    }
    // If both match equally much, only the user's own is reported, because it also wins in a search.
    let built_in = built_in.filter(|nearest| nearest.miss.matched_len() > matched_len(own.as_ref()));
    own.into_iter().chain(built_in).collect()
}

/// Returns how many bytes of the line the nearest pattern matches, or 0 if there is no such pattern.
fn matched_len(nearest: Option<&Nearest>) -> usize {
    nearest.map_or(0, |nearest| nearest.miss.matched_len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::definition::Origin;
    use crate::pattern::file;

    const PATTERNS: &str = r"[[pattern]]
name = 'one-line'
regex = 'call=(?<code>\d+)'

[[pattern]]
name = 'two-lines'
regex = '<status>\s*(?<code>\d+)\s*</status>'
multiline = true
";

    /// Returns each line with its outcome.
    fn outcomes(text: &str) -> Vec<String> {
        outcomes_with(&file::parse(PATTERNS, &Origin::CommandLine).unwrap(), text)
    }

    fn outcomes_with(definitions: &[Definition], text: &str) -> Vec<String> {
        let set = PatternSet::compile(definitions).unwrap();
        let said = |line: &Line<'_>| match &line.outcome {
            Outcome::Taken(hits) => hits.iter().map(|hit| format!(" {}={}", hit.pattern, hit.key)).collect(),
            Outcome::Continued => " continued".to_owned(),
            Outcome::Missed(all) => {
                let near = |one: &Nearest| format!(" near {} {}", one.pattern, one.miss.matched_len());
                format!(" missed{}", all.iter().map(near).collect::<String>())
            }
            Outcome::Unexplained => " unexplained".to_owned(),
        };
        let lines = run(definitions, &set, Catalogue::built_in(), text.as_bytes());
        lines.iter().map(|line| format!("{}{}", line.number, said(line))).collect()
    }

    #[test]
    fn every_line_that_is_not_blank_has_an_outcome() {
        for end in ["\n", "\r\n"] {
            let text = ["x call=1 call=2", "", "<status>", " 3", "</status>", "call:4", "<status 5", "2 2", "  "];
            let expected = [
                "1 0=1 0=2",
                "3 1=3",
                "4 continued",
                "5 continued",
                "6 missed near 0 4",
                "7 missed near 1 7",
                "8 missed",
            ];
            assert_eq!(outcomes(&text.join(end)), expected, "{end:?}");
        }
    }

    #[test]
    fn a_line_below_a_match_that_ends_with_its_own_line_is_not_part_of_it() {
        assert_eq!(outcomes("<status>3</status>\nx\ncall=1\nx\n"), ["1 1=3", "2 missed", "3 0=1", "4 missed"]);
    }

    #[test]
    fn a_match_reaches_no_further_than_in_a_scan() {
        let within = format!("<status>\n{}3</status>", " ".repeat(Limits::default().lookahead_bytes - 10));
        assert_eq!(outcomes(&within), ["1 1=3", "2 continued"]);
        let beyond = format!("<status>\n{}3</status>", " ".repeat(Limits::default().lookahead_bytes - 9));
        assert_eq!(outcomes(&beyond)[0], "1 missed near 1 8");
    }

    #[test]
    fn only_the_first_lines_and_no_long_ones_are_explained() {
        let text = "x\n".repeat(EXPLAINED_LINES + 1);
        assert_eq!(outcomes(&text).last().map(String::as_str), Some("51 unexplained"));
        assert_eq!(outcomes(&"x".repeat(EXPLAINED_LINE_BYTES)), ["1 missed"]);
        assert_eq!(outcomes(&"x".repeat(EXPLAINED_LINE_BYTES + 1)), ["1 unexplained"]);
    }

    #[test]
    fn a_built_in_pattern_that_gets_further_does_not_hide_the_users_own() {
        let parse = |text: &str, origin: Origin| file::parse(text, &origin).unwrap();
        let mut definitions = parse(&PATTERNS.replace("call=", "ca="), Origin::File("own.toml".into()));
        definitions.extend(parse("[[pattern]]\nname = 'b'\nregex = 'call:(?<code>x)'\n", Origin::BuiltIn));
        assert_eq!(outcomes_with(&definitions, "call:4"), ["1 missed near 0 2 near 2 5"]);
        assert_eq!(outcomes_with(&definitions, "ca"), ["1 missed near 0 2"]);
        assert_eq!(outcomes_with(&definitions, "call"), ["1 missed near 0 2 near 2 4"]);
        definitions.drain(..2);
        assert_eq!(outcomes_with(&definitions, "ca"), ["1 missed"]);
        assert_eq!(outcomes_with(&definitions, "call:4"), ["1 missed near 0 5"]);
    }
}
