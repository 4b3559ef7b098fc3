//! Finds the key words of a pattern: the part of its regex before the separator and the code, such as `callStatus` in
//! `\bcallStatus\s*=\s*(?<code>\d+)`.
//!
//! A line with these words in which the pattern finds nothing is a near miss. The literals of the prefilter would not do for that:
//! they are chosen so that a search is fast, and may be as short as `result`.
//!
//! The regex is compiled when it is first needed, because most runs need none.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::ast::{self, AssertionKind, Ast, GroupKind};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::definition::Definition;
use super::matcher::COMPILED_LIMIT_BYTES;

/// The key words of a pattern, as a regex.
#[derive(Debug)]
pub(super) struct Words {
    regex: String,
    ignore_case: bool,
    compiled: OnceLock<Option<Regex>>,
}

impl Words {
    /// Prepares the words of a definition, but compiles nothing yet.
    pub(super) fn new(definition: &Definition) -> Words {
        let Definition { regex, ignore_case, .. } = definition;
        Words { regex: regex.clone(), ignore_case: *ignore_case, compiled: OnceLock::new() }
    }

    /// Returns the ranges of the words in `line`, in order. `literals` are those of the pattern, which are the words if its regex
    /// has none before the code.
    pub(super) fn find<'w>(
        &'w self,
        line: &'w [u8],
        literals: Option<&[Vec<u8>]>,
    ) -> impl Iterator<Item = Range<usize>> + 'w {
        let compile = |regex: &str| {
            let mut builder = RegexBuilder::new(regex);
            builder.unicode(false).case_insensitive(self.ignore_case).size_limit(COMPILED_LIMIT_BYTES);
            builder.build().ok()
        };
        let compiled = self.compiled.get_or_init(|| {
            let words = before_code(&self.regex, self.ignore_case).and_then(|words| compile(&words));
            words.or_else(|| compile(&any_of(literals?)))
        });
        compiled.iter().flat_map(|regex| regex.find_iter(line)).map(|found| found.range())
    }
}

/// Whether the word that starts at `start`, where key words begin, is only named, so that no value can follow: as a parameter in code,
/// such as `Int32& callStatus, Int32& errorId`, or at the end of an element of XML.
///
/// In CSV, the word may be the heading of a column. Such a line may be the only one from which a reader can learn where the values are,
/// so it counts.
pub(super) fn is_only_named(line: &[u8], start: usize) -> bool {
    let (before, rest) = line.split_at(start.min(line.len()));
    let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    let (word, mut after) = rest.split_at(rest.iter().take_while(is_word).count());
    // A parameter may have a type of the same name.
    if let Some((next, rest)) = after.strip_prefix(b" ").and_then(|next| next.split_at_checked(word.len()))
        && next.eq_ignore_ascii_case(word)
    {
        after = rest;
    }
    match after.iter().find(|byte| !matches!(byte, b'"' | b'\'')) {
        Some(b')') => !word.is_empty(),
        Some(b',' | b';') => before.last().is_some_and(|byte| !b",;\t|\"'".contains(byte)) && !word.is_empty(),
        Some(b'>') => before.ends_with(b"</"),
        _ => false,
    }
}

/// Returns a regex that matches any of these literals.
fn any_of(literals: &[Vec<u8>]) -> String {
    let bytes = |literal: &Vec<u8>| literal.iter().map(|byte| format!("\\x{byte:02X}")).collect::<String>();
    literals.iter().map(bytes).collect::<Vec<_>>().join("|")
}

/// Returns the range of the group that captures the code in a regex, in bytes.
pub(super) fn code_group(regex: &str) -> Option<Range<usize>> {
    fn group_in(ast: &Ast, is: fn(&GroupKind) -> bool) -> Option<Range<usize>> {
        let all = |parts: &[Ast]| parts.iter().find_map(|part| group_in(part, is));
        match ast {
            Ast::Group(group) if is(&group.kind) => Some(group.span.start.offset..group.span.end.offset),
            Ast::Group(group) => group_in(&group.ast, is),
            Ast::Repetition(repetition) => group_in(&repetition.ast, is),
            Ast::Concat(concat) => all(&concat.asts),
            Ast::Alternation(alternation) => all(&alternation.asts),
            _ => None,
        }
    }
    let ast = ast::parse::Parser::new().parse(regex).ok()?;
    group_in(&ast, is_code).or_else(|| group_in(&ast, is_unnamed))
}

/// Returns the beginning of a regex, up to the last part before the code that always matches a letter or a digit. Returns `None` if
/// there is no such part.
fn before_code(regex: &str, ignore_case: bool) -> Option<String> {
    let ast = ast::parse::Parser::new().parse(regex).ok()?;
    let Ast::Concat(concat) = &ast else { return None };
    let group = code_group(regex)?;
    let code = concat.asts.iter().position(|part| part.span().end.offset >= group.end)?;
    let has_word = |part: &&Ast| {
        let hir = ParserBuilder::new().unicode(false).utf8(false).case_insensitive(ignore_case).build();
        hir.clone()
            .parse(&regex[part.span().start.offset..part.span().end.offset])
            .is_ok_and(|hir| always_has_word(&hir))
    };
    let last = concat.asts[..code].iter().rposition(|part| has_word(&part))?;
    // The word ends where the regex says so.
    let ends = concat.asts[last + 1..code].iter().take_while(|part| is_word_boundary(part)).count();
    let end = concat.asts[last + ends].span().end.offset;
    Some(regex[..end].to_owned())
}

fn is_word_boundary(part: &Ast) -> bool {
    matches!(part, Ast::Assertion(assertion) if assertion.kind == AssertionKind::WordBoundary)
}

fn is_code(kind: &GroupKind) -> bool {
    matches!(kind, GroupKind::CaptureName { name, .. } if name.name == "code")
}

fn is_unnamed(kind: &GroupKind) -> bool {
    matches!(kind, GroupKind::CaptureIndex(_))
}

/// Whether everything that `hir` matches contains a certain letter or digit, or one of a few.
fn always_has_word(hir: &Hir) -> bool {
    /// More characters than these are no word, but a class such as `\w`.
    const FEW: usize = 4;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.iter().any(|&byte| is_word(byte)),
        HirKind::Class(Class::Bytes(class)) => {
            let bytes = || class.ranges().iter().flat_map(|range| range.start()..=range.end());
            bytes().take(FEW + 1).count() <= FEW && bytes().all(is_word)
        }
        HirKind::Class(Class::Unicode(class)) => {
            let characters = || class.ranges().iter().flat_map(|range| range.start()..=range.end());
            characters().take(FEW + 1).count() <= FEW && characters().all(char::is_alphanumeric)
        }
        HirKind::Repetition(repetition) => repetition.min > 0 && always_has_word(&repetition.sub),
        HirKind::Capture(capture) => always_has_word(&capture.sub),
        HirKind::Concat(parts) => parts.iter().any(always_has_word),
        HirKind::Alternation(branches) => branches.iter().all(always_has_word),
        HirKind::Empty | HirKind::Look(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn the_words_are_what_comes_before_the_separator_and_the_code() {
        let cases = [
            (r"\brawCallStatus\s*=\s*(?<code>-?\d+)\b", Some(r"\brawCallStatus")),
            (r"\bresult\b[:=]? (?<code>\d+)", Some(r"\bresult\b")),
            (r"mfa-answer=(?<code>\d+)", Some("mfa-answer")),
            (r"(?:call|text) result=(\d+)", Some("(?:call|text) result")),
            (r"<(?<user>\w+)> got (?<code>\d+)", Some(r"<(?<user>\w+)> got")),
            (r"(?i)anruf: (?<code>\d+)", Some("(?i)anruf")),
            // A number is no word, and neither is a part that may be missing.
            (r"\d+ (?:call )?(?<code>\d+)", None),
            (r"(?<code>\d+) is the result", None),
            (r"(?<code>\d)", None),
        ];
        for (regex, expected) in cases {
            assert_eq!(before_code(regex, false).as_deref(), expected, "{regex}");
        }
    }

    #[test]
    fn a_parameter_in_code_and_the_end_of_an_element_are_only_named() {
        let only_named = |line: &str| {
            let start = line.find("callStatus").or_else(|| line.find("CallStatus")).unwrap();
            is_only_named(line.as_bytes(), start)
        };
        for line in [
            "   at PfPaWs.AuthenticateLocal(Int32& callStatus, Int32& errorId)",
            "   at PfPaWs.AuthenticateLocal(Int32& callStatus)",
            "Describe(CallStatus CallStatus, Boolean isFallback)",
            "get(\"callStatus\")",
            "</callStatus>",
        ] {
            assert!(only_named(line), "{line}");
        }
        for line in [
            "user,callStatus,errorId",
            "callStatus;user",
            "\"user\",\"callStatus\",\"n\"",
            "callStatus",
            "<callStatus/>",
            "no callStatus.",
            "callStatus busy, again",
        ] {
            assert!(!only_named(line), "{line}");
        }
        assert!(!is_only_named(b", x", 0));
        assert!(!is_only_named(b"x", 9));
    }

    #[test]
    fn a_pattern_without_words_before_the_code_has_its_literals() {
        let words = Words::new(&Definition::from_expression(1, r"(?<code>\d+) is the result"));
        let literals = [b" is the result".to_vec()];
        assert_eq!(words.find(b"none is the result", Some(&literals)).next(), Some(4..18));
        let words = Words::new(&Definition::from_expression(1, r"(?<code>\d+)"));
        assert_eq!(words.find(b"7", None).count(), 0);
    }

    #[test]
    fn every_built_in_pattern_that_finds_results_has_words_unless_it_begins_with_the_name() {
        let begins_with_name = ["nps-challenge", "entra-cell", "entra-text"];
        let finds_results = |definition: &&Definition| {
            !definition.role.is_context() && !begins_with_name.contains(&definition.name.as_str())
        };
        for definition in config::built_in().iter().filter(finds_results) {
            let line = definition.examples[0].line.as_bytes();
            assert!(before_code(&definition.regex, definition.ignore_case).is_some(), "{}", definition.name);
            assert!(Words::new(definition).find(line, None).next().is_some(), "{}", definition.name);
        }
    }
}
