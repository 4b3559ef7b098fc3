//! What the regexes of a pattern hold beyond ASCII, which decides how a line that is not UTF-8 is searched for them.

use encoding_rs::{
    Encoding, WINDOWS_874, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255,
    WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
};
use regex_syntax::hir::{Class, Hir, HirKind};

/// The ANSI code pages in which a pattern's letters are looked for where no encoding is given: the first that has them.
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

/// What regexes hold beyond ASCII.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Letters {
    /// Whether there are letters, or classes with letters, beyond ASCII.
    pub(super) are_there: bool,
    /// Whether there are bytes that are no letters in UTF-8: those are looked for in the bytes as they lie.
    pub(super) are_bytes: bool,
    /// The ANSI code page for them; `None` if no single one has them.
    pub(super) ansi_page: Option<&'static Encoding>,
}

impl Letters {
    /// The letters of all regexes of one pattern.
    pub(super) fn of(regexes: &[&Hir]) -> Letters {
        let are_there = regexes.iter().any(|hir| any(hir, &is_letter));
        let are_bytes = regexes.iter().any(|hir| any(hir, &is_bytes));
        let has_all = |page: &&&'static Encoding| regexes.iter().all(|hir| can_match(hir, page));
        let ansi_page = if are_there { ANSI_PAGES.iter().find(has_all).copied() } else { None };
        Letters { are_there, are_bytes, ansi_page }
    }
}

/// Whether some part of `hir` is as asked.
fn any(hir: &Hir, is: &impl Fn(&Hir) -> bool) -> bool {
    is(hir) || hir.kind().subs().iter().any(|sub| any(sub, is))
}

fn is_letter(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => !literal.0.is_ascii() && std::str::from_utf8(&literal.0).is_ok(),
        HirKind::Class(Class::Unicode(class)) => class.ranges().iter().any(|range| !range.end().is_ascii()),
        _ => false,
    }
}

fn is_bytes(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).is_err(),
        // All or none of the bytes beyond ASCII say nothing of a letter.
        HirKind::Class(Class::Bytes(class)) => {
            let has = |byte: &u8| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(byte));
            let count = (0x80..=u8::MAX).filter(has).count();
            !count.is_multiple_of(0x80)
        }
        _ => false,
    }
}

/// Whether `hir` may match a text of ASCII and the letters of a code page with one byte for each.
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
    fn the_first_code_page_that_has_the_letters_is_theirs() {
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
    fn bytes_that_are_no_letters_are_told_apart() {
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
