//! Finds letters beyond ASCII in the regexes of a pattern. They decide how the pattern is searched for in lines that are not
//! UTF-8.
//!
//! Older Windows programs write logs in an ANSI code page, with one byte for each character. To find a pattern with `für` in such
//! a line, the line must be decoded first, here as Windows-1252. A pattern that contains only ASCII can be searched for in the
//! bytes, because all these code pages contain ASCII.

use encoding_rs::{
    Encoding, WINDOWS_874, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255,
    WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
};
use regex_syntax::hir::{Class, Hir, HirKind};

/// The ANSI code pages, in the order in which they are tried. A pattern uses the first one that contains its letters.
const ANSI_PAGES: [&Encoding; 10] = [
    WINDOWS_1252,
    WINDOWS_1250,
    WINDOWS_1251,
    WINDOWS_1253,
    WINDOWS_1254,
    WINDOWS_1255,
    WINDOWS_1256,
    WINDOWS_1257,
    WINDOWS_1258,
    WINDOWS_874,
];

/// What the regexes of a pattern contain beyond ASCII.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Letters {
    /// Whether a regex contains letters beyond ASCII, in literals or in classes.
    pub(super) are_there: bool,
    /// Whether a regex contains bytes that are not UTF-8, such as `\xFF`. These are searched for in the bytes of the line.
    pub(super) are_bytes: bool,
    /// The first ANSI code page that contains all the letters. `None` if there are no letters or no page contains them all.
    pub(super) ansi_page: Option<&'static Encoding>,
}

impl Letters {
    /// Examines all regexes of one pattern, including `when` and `unless`.
    pub(super) fn of(regexes: &[&Hir]) -> Letters {
        let are_there = regexes.iter().any(|hir| any(hir, &is_letter));
        let are_bytes = regexes.iter().any(|hir| any(hir, &is_bytes));
        let has_all = |page: &&&'static Encoding| regexes.iter().all(|hir| can_match(hir, page));
        let ansi_page = if are_there { ANSI_PAGES.iter().find(has_all).copied() } else { None };
        Letters { are_there, are_bytes, ansi_page }
    }
}

/// Whether `is` returns true for `hir` or for any part of it.
fn any(hir: &Hir, is: &impl Fn(&Hir) -> bool) -> bool {
    is(hir) || hir.kind().subs().iter().any(|sub| any(sub, is))
}

/// Whether `hir` itself, regardless of its parts, is a literal or a class with letters beyond ASCII.
fn is_letter(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => !literal.0.is_ascii() && std::str::from_utf8(&literal.0).is_ok(),
        HirKind::Class(Class::Unicode(class)) => class.ranges().iter().any(|range| !range.end().is_ascii()),
        _ => false,
    }
}

/// Whether `hir` itself, regardless of its parts, requires particular bytes beyond ASCII that are not letters.
fn is_bytes(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).is_err(),
        // A class that contains all or none of the bytes beyond ASCII, such as `.` or `\d`, does not require particular ones.
        HirKind::Class(Class::Bytes(class)) => {
            let has = |byte: &u8| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(byte));
            let count = (0x80..=u8::MAX).filter(has).count();
            !count.is_multiple_of(0x80)
        }
        _ => false,
    }
}

/// Whether `hir` can match text that is encoded in the single-byte code page `page`.
fn can_match(hir: &Hir, page: &'static Encoding) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(Class::Bytes(_)) => true,
        HirKind::Literal(literal) => {
            std::str::from_utf8(&literal.0).is_ok_and(|text| text.is_ascii() || !page.encode(text).2)
        }
        HirKind::Class(Class::Unicode(class)) => {
            let has =
                |character: char| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&character));
            (0..=u8::MAX).any(|byte| page.decode_without_bom_handling(&[byte]).0.chars().any(has))
        }
        HirKind::Repetition(repetition) => repetition.min == 0 || can_match(&repetition.sub, page),
        HirKind::Capture(capture) => can_match(&capture.sub, page),
        HirKind::Concat(parts) => parts.iter().all(|part| can_match(part, page)),
        HirKind::Alternation(branches) => branches.iter().any(|branch| can_match(branch, page)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(regex: &str) -> Letters {
        Letters::of(&[&regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex).unwrap()])
    }

    #[test]
    fn the_first_code_page_that_has_the_letters_is_chosen() {
        for (regex, page) in [
            (r"callStatus=(?<code>\d+).*[^x]\xFF", None),
            ("für (?<code>x)", Some(WINDOWS_1252)),
            ("błąd (?<code>x)", Some(WINDOWS_1250)),
            ("(?:błąd|für) (?<code>x)", Some(WINDOWS_1252)),
            ("Код (?<code>x)", Some(WINDOWS_1251)),
            ("(?u)[а-яё]+ (?<code>x)", Some(WINDOWS_1251)),
            (r"(?u)\w+ (?<code>x)", Some(WINDOWS_1252)),
            ("λάθος (?<code>x)", Some(WINDOWS_1253)),
            ("Код für (?<code>x)", None),
            ("电话 (?<code>x)", None),
        ] {
            assert_eq!(letters(regex).ansi_page, page, "{regex}");
            assert_eq!(letters(regex).are_there, !regex.is_ascii() || regex.contains("(?u)"), "{regex}");
        }
    }

    #[test]
    fn bytes_that_are_not_letters_are_recognised() {
        for (regex, are_bytes) in [
            (r"\xFC(?<code>x)", true),
            (r"[\xE0-\xFF](?<code>x)", true),
            (r"[^\xFF](?<code>x)", true),
            (r"\xC3\xBC(?<code>x)", false),
            (r".[^x](?<code>x)", false),
            (r"[\x80-\xFF](?<code>x)", false),
            (r"ü(?<code>\d)", false),
        ] {
            assert_eq!(letters(regex).are_bytes, are_bytes, "{regex}");
        }
    }
}
