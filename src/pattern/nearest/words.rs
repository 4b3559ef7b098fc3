//! Says in words how far a pattern gets in a line, for readers who know no regexes.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::{Miss, last_columns};
use crate::pattern::definition::Definition;
use crate::pattern::words::code_group;

/// The greatest width of the matched text that is shown, in columns.
const MATCHED_COLUMNS: usize = 40;
/// The most alternatives that are listed.
const LISTED: usize = 4;

impl Miss {
    /// Returns a sentence about how much of `line` the pattern matches, and what it expects then.
    #[must_use]
    pub fn in_words(&self, definition: &Definition, line: &[u8]) -> String {
        let text = |range: &std::ops::Range<usize>| {
            let matched = line.get(range.clone()).unwrap_or_default().trim_ascii();
            last_columns(matched, MATCHED_COLUMNS)
        };
        let name = &definition.name;
        match self {
            Miss::Regex(progress) => {
                let is_code = code_group(&definition.regex)
                    .is_some_and(|code| code.start <= progress.expected.start && progress.expected.end <= code.end);
                if is_code {
                    return format!(
                        "The nearest pattern, {name}, matches up to the code, which must be a number or a known text."
                    );
                }
                let expected = definition.regex.get(progress.expected.clone()).unwrap_or_default();
                let expected = expected_in_words(expected, definition.ignore_case);
                format!(
                    "The nearest pattern, {name}, matches `{}` and then expects {expected}.",
                    text(&progress.matched)
                )
            }
            Miss::When { matched, .. } => {
                let what = "its other condition, `when`, does not hold";
                format!("The nearest pattern, {name}, matches `{}`, but {what}.", text(matched))
            }
            Miss::Unless { matched } => {
                format!("The nearest pattern, {name}, excludes the line because of `{}`.", text(matched))
            }
            Miss::Foreign { matched } => format!(
                "The nearest pattern, {name}, takes the line for one of another program because of `{}`.",
                text(matched)
            ),
            Miss::NoSign { matched } => format!(
                "The nearest pattern, {name}, matches `{}`, but that text is not in the list, and nothing in the line says that it is about \
                 multi-factor authentication.",
                text(matched)
            ),
        }
    }
}

/// Returns what a part of a regex stands for.
fn expected_in_words(regex: &str, ignore_case: bool) -> String {
    let mut parser = ParserBuilder::new();
    parser.unicode(false).utf8(false).case_insensitive(ignore_case);
    let words = parser.build().parse(regex).ok().and_then(|hir| in_words(&hir));
    words.unwrap_or_else(|| format!("what it has there: {regex}"))
}

fn in_words(hir: &Hir) -> Option<String> {
    if let Some(word) = word(hir) {
        return Some(format!("`{word}`"));
    }
    match hir.kind() {
        HirKind::Class(Class::Bytes(class)) => {
            let bytes: Vec<u8> = class.ranges().iter().flat_map(|range| range.start()..=range.end()).collect();
            match &bytes[..] {
                b"0123456789" => Some("a digit".to_owned()),
                bytes if bytes.iter().all(|byte| matches!(byte, b'\t'..=b'\r' | b' ')) => Some("a blank".to_owned()),
                bytes if bytes.len() <= LISTED => {
                    alternatives(bytes.iter().map(|byte| Some(format!("`{}`", char::from(*byte)))))
                }
                _ => None,
            }
        }
        HirKind::Repetition(repetition) => in_words(&repetition.sub),
        HirKind::Capture(capture) => match capture.name.as_deref() {
            Some(name) => Some(format!("the {name}")),
            None => in_words(&capture.sub),
        },
        // What comes first is what is missing.
        HirKind::Concat(parts) => in_words(parts.first()?),
        HirKind::Alternation(branches) => alternatives(branches.iter().map(in_words)),
        _ => None,
    }
}

/// Returns the text that a regex begins with, in lower case if it may be in either. Returns `None` if it begins with anything else.
fn word(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(last_columns(&literal.0, MATCHED_COLUMNS)),
        HirKind::Class(Class::Bytes(class)) => match class.ranges() {
            [upper, lower] if upper.start() == upper.end() && lower.start() == lower.end() => {
                let is_same = upper.start().is_ascii_uppercase() && upper.start().to_ascii_lowercase() == lower.start();
                is_same.then(|| char::from(lower.start()).to_string())
            }
            _ => None,
        },
        HirKind::Concat(parts) => {
            let words: String = parts.iter().map_while(word).collect();
            (!words.is_empty()).then_some(words)
        }
        _ => None,
    }
}

/// Joins alternatives, all of which must have words: `=` or `:`. The same words in another letter case are left out.
fn alternatives(all: impl Iterator<Item = Option<String>>) -> Option<String> {
    let mut different: Vec<String> = Vec::new();
    for one in all {
        let one = one?;
        if !different.iter().any(|other| other.eq_ignore_ascii_case(&one)) {
            different.push(one);
        }
    }
    let last = different.pop()?;
    match different.len() {
        0 => Some(last),
        1..LISTED => Some(format!("{} or {last}", different.join(", "))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::nearest::explain;

    fn said(regex: &str, line: &str) -> String {
        let definition = Definition::from_expression(1, regex);
        explain(&definition, line.as_bytes()).unwrap().in_words(&definition, line.as_bytes())
    }

    #[test]
    fn what_is_expected_is_said_in_words() {
        let cases = [
            (
                r"call status\s*(?:=>?|:)\s*(?<code>\d+)",
                "call status -> 7",
                "matches `call status` and then expects `=` or `:`",
            ),
            (
                r"status = (?<code>\d+)",
                "status = busy",
                "matches up to the code, which must be a number or a known text",
            ),
            (
                r"status = (\d+|IN [A-Z]+)",
                "status = I",
                "matches up to the code, which must be a number or a known text",
            ),
            (r"x\d (?<code>\d+)", "xy", "matches `x` and then expects a digit"),
            (r"x\s+(?<code>\d+)", "xy", "matches `x` and then expects a blank"),
            (r"x[yz]+(?<code>\d+)", "x1", "matches `x` and then expects `y` or `z`"),
            (r"x(?<user>[a-f]+) (?<code>\d+)", "x1", "matches `x` and then expects the user"),
            (r"x[a-f]+ (?<code>\d+)", "x1", "matches `x` and then expects what it has there: [a-f]+"),
            (r"MFA (?:[Rr]esult|RESULT|(?i:return))(?<code>\d+)", "MFA", "matches `MFA` and then expects ` `"),
            (
                r"MFA(?:[Rr]esult|RESULT|(?i:return))(?<code>\d+)",
                "MFA",
                "matches `MFA` and then expects `result` or `return`",
            ),
            (r"x result (?<code>\d+)", "x rest", "matches `x res` and then expects `ult `"),
        ];
        for (regex, line, expected) in cases {
            assert_eq!(said(regex, line), format!("The nearest pattern, e1, {expected}."), "{regex}");
        }
    }

    #[test]
    fn a_condition_that_excludes_the_line_is_said_in_words() {
        let mut definition = Definition::from_expression(1, "c=(?<code>2)");
        definition.when = Some("mfa".to_owned());
        definition.unless = Some("test".to_owned());
        let said = |line: &[u8]| explain(&definition, line).unwrap().in_words(&definition, line);
        let expected = "The nearest pattern, e1, matches `c=2`, but its other condition, `when`, does not hold.";
        assert_eq!(said(b"x c=2"), expected);
        assert_eq!(said(b"mfa test c=2"), "The nearest pattern, e1, excludes the line because of `test`.");
    }
}
