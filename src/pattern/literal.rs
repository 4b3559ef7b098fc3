//! Extracts literals from a regex: a set of short strings, such that every match of the regex contains at least one of them.
//!
//! There are two kinds. *Leading* literals are at a fixed distance from the start of the match, so finding one also gives the
//! position where the match would start. *Required* literals may be anywhere in the match.
//!
//! Invariant: if [`required`] or [`leading`] returns literals, then every match of the regex contains one of them. A wrong
//! literal would lose results, while a needless `None` only costs speed. So the functions return `None` whenever they are not
//! certain.
//!
//! [`regex_syntax::hir::literal`] extracts only prefixes and suffixes, but the distinctive part of a pattern is often in the
//! middle, as in `… Call status: …`. It also spells out case-insensitive text in full, which gives too many literals, while this
//! module first cuts the text to a short window. So only [`starts`] uses it.

use std::cmp::Reverse;

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Hir, HirKind, Look};

use super::byte_set::ByteSet;

/// The length of the longest literal, in bytes. Longer literals do not make a search faster.
const LENGTH_LIMIT: usize = 16;
/// The largest number of spellings of one literal in upper and lower case.
const SPELLING_LIMIT: usize = 16;
/// The largest number of literals for one regex. A search for more of them is no longer fast.
const SET_LIMIT: usize = 48;

/// The length of the shortest word that is looked for after an escape, in bytes.
const SHORTEST_WORD: usize = 4;

/// A rarity in bits. Literals that are at least this rare are rare enough: of several sets of them, the one with the fewest
/// literals is found fastest.
const RARE_ENOUGH: u32 = 18;

/// One byte of a literal, in upper and lower case: the one or two bytes that the regex accepts at this position.
///
/// The bytes are not on the heap, because the built-in patterns have hundreds of positions and most runs take only milliseconds.
#[derive(Clone, Copy)]
struct Position {
    /// The accepted bytes, of which the first `len` are used.
    bytes: [u8; 2],
    len: usize,
}

impl Position {
    /// Creates a position of a literal that accepts only `byte`.
    fn one(byte: u8) -> Position {
        Position { bytes: [byte, 0], len: 1 }
    }

    /// Returns a position that accepts the bytes of `set`, or `None` if there are more than two.
    fn of_set(set: ByteSet) -> Option<Position> {
        let mut position = Position { bytes: [0; 2], len: 0 };
        for byte in set.iter() {
            *position.bytes.get_mut(position.len)? = byte;
            position.len += 1;
        }
        Some(position)
    }

    /// Returns the bytes that are accepted at this position.
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// A set of literals such that every match contains at least one of them, anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Required {
    /// The literals. Each spelling in upper or lower case is a separate literal.
    pub(super) literals: Vec<Vec<u8>>,
    /// The bytes that may precede the literal, unless it is at the start of the text. For `\bResult`, this excludes the
    /// `Result` in `authResult`.
    pub(super) before: ByteSet,
}

/// Returns the set of literals that is found fastest, such that every match of `hir` contains at least one of them. Returns `None` if
/// there is none.
#[must_use]
pub(super) fn required(hir: &Hir) -> Option<Required> {
    best(hir, ByteSet::ALL, Best::Fewest).map(|set| Required { literals: set.literals, before: set.before })
}

/// Returns the rarest set of literals such that every match of `hir` contains at least one of them, or `None` if there is none. It may
/// have more literals than the one that [`required`] returns, but says more about a line that has one.
#[must_use]
pub(super) fn rarest(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    best(hir, ByteSet::ALL, Best::Rarest).map(|set| set.literals)
}

/// Which of several sets of literals is the best.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Best {
    /// The smallest of those that are [`RARE_ENOUGH`], or else the rarest.
    Fewest,
    /// The rarest.
    Rarest,
}

/// A set of literals such that every match contains one of them, at a fixed distance from its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leading {
    /// The literals. Every match contains one of them at `offset`.
    pub(super) literals: Vec<Vec<u8>>,
    /// The distance of the literal from the start of the match, in bytes.
    pub(super) offset: usize,
    /// The bytes that may precede the literal, unless it is at the start of the text.
    pub(super) before: ByteSet,
}

impl Leading {
    /// Returns the last words of the keys that may be written with a space or an underscore, such as the `status` of `call[ _]status`.
    /// Where such a key goes through another program, an escape often replaces the space or the underscore.
    pub(super) fn divided(&self) -> impl Iterator<Item = &[u8]> {
        self.literals.iter().filter_map(|literal| {
            let gap = literal.iter().rposition(|&byte| byte == b'_')?;
            let mut other = literal.clone();
            other[gap] = b' ';
            self.literals.contains(&other).then_some(&literal[gap + 1..]).filter(|word| word.len() >= SHORTEST_WORD)
        })
    }
}

/// Returns the leading literals of `hir`. They are always in the line in which the match starts, so they can also be used for a
/// regex whose matches extend over several lines.
#[must_use]
pub(super) fn leading(hir: &Hir) -> Option<Leading> {
    let all = flatten(hir);
    let before = before_first(&all, ByteSet::ALL);
    let parts = all.iter().filter(|part| !is_look(part));
    // Anything after a line end is in another line.
    let is_in_line = |position: &Position| !position.bytes().contains(&b'\n');
    let run: Vec<Position> = parts.map_while(|part| position(part)).flatten().take_while(is_in_line).collect();
    let run = window(&run, before);
    let is_rare = run.as_ref().is_some_and(|(_, run)| run.rarity >= RARE_ENOUGH);
    let start = if is_rare { None } else { starts(hir, before) };
    let is_rarer = |start: &Set| run.as_ref().is_none_or(|(_, run)| run.rarity < start.rarity);
    let (offset, set) = start.filter(is_rarer).map(|start| (0, start)).or(run)?;
    Some(Leading { literals: set.literals, offset, before: set.before })
}

/// Returns the literals with which matches of `hir` may start. Alternatives and optional parts are spelled out.
fn starts(hir: &Hir, before: ByteSet) -> Option<Set> {
    let mut extractor = Extractor::new();
    extractor.limit_class(2).limit_literal_len(LENGTH_LIMIT).limit_total(SET_LIMIT);
    let found = extractor.extract(hir);
    let mut literals: Vec<Vec<u8>> = found.literals()?.iter().map(|literal| literal.as_bytes().to_vec()).collect();
    literals.sort();
    literals.dedup();
    let all_long = literals.iter().all(|literal| literal.len() >= 2);
    let rarity = literals.iter().map(|literal| literal.iter().map(|&byte| rarity(byte)).sum()).min()?;
    all_long.then_some(Set { literals, before, rarity })
}

/// A set of literals such that every match contains one of them, and how rare they are.
struct Set {
    /// The literals. Each spelling in upper or lower case is a separate literal.
    literals: Vec<Vec<u8>>,
    /// The bytes that may precede the literals.
    before: ByteSet,
    /// The rarity of the most common literal, in bits.
    rarity: u32,
}

/// Returns the best set of literals such that every match of `hir` contains one of them. `before` is the set of bytes that may
/// precede the match.
fn best(hir: &Hir, before: ByteSet, wanted: Best) -> Option<Set> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(_) | HirKind::Class(_) | HirKind::Concat(_) => best_in_sequence(&flatten(hir), before, wanted),
        HirKind::Capture(capture) => best(&capture.sub, before, wanted),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            // The literal may be in any of the repetitions, not only in the first.
            best(&repetition.sub, before.union(edge(&repetition.sub, Side::Last)), wanted)
        }
        HirKind::Repetition(_) => None,
        HirKind::Alternation(alternatives) => {
            let mut union = Set { literals: Vec::new(), before: ByteSet::EMPTY, rarity: u32::MAX };
            for alternative in alternatives {
                let set = best(alternative, before, wanted)?;
                union.rarity = union.rarity.min(set.rarity);
                union.before = union.before.union(set.before);
                union.literals.extend(set.literals);
            }
            union.literals.sort();
            union.literals.dedup();
            (union.literals.len() <= SET_LIMIT).then_some(union)
        }
    }
}

/// Returns the best set of literals for a sequence of parts. The candidates are every run of fixed bytes and every other part.
fn best_in_sequence(parts: &[&Hir], before: ByteSet, wanted: Best) -> Option<Set> {
    let mut candidates: Vec<Set> = Vec::new();
    let mut run: Vec<Position> = Vec::new();
    // The bytes that may precede the current run, and those that may precede the current part.
    let (mut before_run, mut before) = (before, before);
    for (index, part) in parts.iter().enumerate() {
        if is_look(part) {
            // Assertions consume nothing, so the bytes before and after them are adjacent.
            before = before_first(&parts[index..], before);
            continue;
        }
        match position(part) {
            Some(positions) => {
                before_run = if run.is_empty() { before } else { before_run };
                run.extend(positions);
            }
            None => {
                candidates.extend(window(&run, before_run).map(|(_, set)| set));
                run.clear();
                if !matches!(part.kind(), HirKind::Literal(_) | HirKind::Class(_) | HirKind::Concat(_)) {
                    candidates.extend(best(part, before, wanted));
                }
            }
        }
        before = before_next(part, before);
    }
    candidates.extend(window(&run, before_run).map(|(_, set)| set));
    candidates.into_iter().max_by_key(|set| match wanted {
        Best::Fewest => (set.rarity.min(RARE_ENOUGH), Reverse(set.literals.len()), set.rarity),
        Best::Rarest => (set.rarity, Reverse(0), 0),
    })
}

/// Returns the bytes that may precede the part after `part`, if those in `before` may precede `part` itself.
fn before_next(part: &Hir, before: ByteSet) -> ByteSet {
    let last = edge(part, Side::Last);
    if can_be_empty(part) { last.union(before) } else { last }
}

/// Returns the bytes that may precede the first of `parts` that is not an assertion. These are the bytes in `before` with which
/// the assertions hold.
fn before_first(parts: &[&Hir], before: ByteSet) -> ByteSet {
    // The parts that can come first: all up to the first that cannot be empty.
    let first = parts.iter().position(|part| !can_be_empty(part));
    let starts_word =
        first.is_some_and(|first| parts[..=first].iter().all(|part| edge(part, Side::First).is_subset(ByteSet::WORD)));
    parts.iter().take_while(|part| is_look(part)).fold(before, |before, part| match part.kind() {
        HirKind::Look(Look::WordAscii | Look::WordStartAscii | Look::WordStartHalfAscii) if starts_word => {
            before.intersection(ByteSet::WORD.complement())
        }
        _ => before,
    })
}

/// One of the two ends of a match.
#[derive(Clone, Copy)]
pub(super) enum Side {
    /// The start of the match.
    First,
    /// The end of the match.
    Last,
}

/// Returns the bytes with which a match of `hir` may begin or end. The set may also contain bytes with which no match does.
pub(super) fn edge(hir: &Hir, side: Side) -> ByteSet {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => ByteSet::EMPTY,
        HirKind::Literal(literal) => {
            let byte = match side {
                Side::First => literal.0.first(),
                Side::Last => literal.0.last(),
            };
            byte.copied().into_iter().collect()
        }
        HirKind::Class(class) => ByteSet::of_class(class).unwrap_or(ByteSet::ALL),
        HirKind::Capture(capture) => edge(&capture.sub, side),
        HirKind::Repetition(repetition) => edge(&repetition.sub, side),
        HirKind::Alternation(alternatives) => {
            alternatives.iter().fold(ByteSet::EMPTY, |set, alternative| set.union(edge(alternative, side)))
        }
        HirKind::Concat(parts) => {
            let mut set = ByteSet::EMPTY;
            for at in 0..parts.len() {
                let part = match side {
                    Side::First => &parts[at],
                    Side::Last => &parts[parts.len() - 1 - at],
                };
                set = set.union(edge(part, side));
                if !can_be_empty(part) {
                    break;
                }
            }
            set
        }
    }
}

/// Whether `hir` can match the empty string.
pub(super) fn can_be_empty(hir: &Hir) -> bool {
    // `None` means that `hir` never matches.
    hir.properties().minimum_len().is_some_and(|len| len == 0)
}

/// Returns the parts of a regex that is a concatenation, in order. Nested concatenations and capture groups are replaced by their
/// parts.
fn flatten(hir: &Hir) -> Vec<&Hir> {
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().flat_map(flatten).collect(),
        HirKind::Capture(capture) => flatten(&capture.sub),
        _ => vec![hir],
    }
}

/// Whether `hir` is an assertion, which consumes no byte.
fn is_look(hir: &Hir) -> bool {
    // `Empty` behaves like an assertion that always holds.
    matches!(hir.kind(), HirKind::Look(_) | HirKind::Empty)
}

/// Returns the positions of a part that matches fixed text, in upper or lower case. Returns `None` for any other part.
fn position(hir: &Hir) -> Option<Vec<Position>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(literal.0.iter().map(|&byte| Position::one(byte)).collect()),
        HirKind::Class(class) => ByteSet::of_class(class).and_then(Position::of_set).map(|position| vec![position]),
        _ => None,
    }
}

/// Returns the rarest part of `run` that respects the limits, as a set with one literal for each spelling, and the index in `run`
/// at which it starts.
fn window(run: &[Position], before: ByteSet) -> Option<(usize, Set)> {
    (0..run.len())
        .filter_map(|start| {
            let mut spellings = 1;
            let length = run[start..]
                .iter()
                .take(LENGTH_LIMIT)
                .take_while(|position| {
                    spellings *= position.len;
                    spellings <= SPELLING_LIMIT
                })
                .count();
            let stretch = &run[start..start + length];
            let rarity = stretch
                .iter()
                .map(|position| position.bytes().iter().map(|&byte| rarity(byte)).min().unwrap_or(0))
                .sum();
            // A single byte is too common to be worth a search.
            (length >= 2).then_some((rarity, start, stretch))
        })
        .max_by_key(|(rarity, ..)| *rarity)
        .map(|(rarity, start, stretch)| {
            let before = if start == 0 { before } else { run[start - 1].bytes().iter().copied().collect() };
            (start, Set { literals: spell_out(stretch), before, rarity })
        })
}

/// Returns every spelling of a part of a literal in upper and lower case.
fn spell_out(stretch: &[Position]) -> Vec<Vec<u8>> {
    stretch.iter().fold(vec![Vec::new()], |spellings, position| {
        spellings
            .iter()
            .flat_map(|spelling| position.bytes().iter().map(move |&byte| [spelling.as_slice(), &[byte]].concat()))
            .collect()
    })
}

/// Estimates roughly which share of the bytes in logs are `byte`, from 0 to 1.
pub(super) fn share(byte: u8) -> f64 {
    // A table, because choosing windows needs tens of thousands of shares.
    const SHARES: [f64; 256] = {
        let mut shares = [0.0; 256];
        let mut byte = 0_u8;
        loop {
            shares[byte as usize] = 0.25 / (1_u32 << rarity(byte)) as f64;
            match byte.checked_add(1) {
                Some(next) => byte = next,
                None => break shares,
            }
        }
    };
    SHARES[usize::from(byte)]
}

/// Estimates roughly how rare a byte is in logs, in bits: each bit more means half as common.
///
/// An estimate is enough, because it affects only which literals are searched for, and not what is found.
const fn rarity(byte: u8) -> u32 {
    match byte {
        b' ' | b'e' | b't' | b'a' | b'0' | b'1' | b'2' | b'\n' => 2,
        b'i' | b'n' | b'o' | b'r' | b's' | b'l' | b'c' | b'd' | b'3'..=b'9' | b'.' | b':' | b'-' | b'|' | b'/' => 3,
        b'u' | b'p' | b'm' | b'h' | b'f' | b'g' | b'=' | b',' | b'"' | b'\'' | b'(' | b')' | b'\\' | b'_' => 4,
        b'a'..=b'z' | b'A' | b'C' | b'D' | b'E' | b'I' | b'S' | b'T' => 5,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(regex: &str) -> Hir {
        regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex).unwrap()
    }

    fn shown(set: Option<Vec<Vec<u8>>>) -> Option<Vec<String>> {
        set.map(|literals| literals.into_iter().map(|literal| String::from_utf8(literal).unwrap()).collect())
    }

    #[test]
    fn the_rarest_part_is_required() {
        let cases: [(&str, Option<&[&str]>); 10] = [
            (r"\brawCallStatus = (?<code>\d+)", Some(&["rawCallStatus = "])),
            (r"a\d+(?:xyz|QJK)b*", Some(&["QJK", "xyz"])),
            (r"(?:xyz)?\d", None),
            (r"(?:xyz){2}", Some(&["xyz"])),
            // `MFA ` is rare enough, and one literal is found faster than three.
            (r"MFA (?:completed|registration|requirement)", Some(&["MFA "])),
            (r"(?:xyz)+\d", Some(&["xyz"])),
            (r"\d+|xyz", None),
            (r"[Ss]tatus:", Some(&["Status:", "status:"])),
            (r".*", None),
            ("x", None),
        ];
        for (regex, expected) in cases {
            let mut found = shown(required(&parse(regex)).map(|required| required.literals));
            if let Some(found) = &mut found {
                found.sort();
            }
            let expected = expected.map(|set| set.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(found, expected, "{regex}");
        }
    }

    #[test]
    fn letters_of_either_case_are_cut_to_a_window() {
        let literals = required(&parse("(?i)call status")).unwrap().literals;
        assert!(literals.len() <= SPELLING_LIMIT && literals.iter().all(|literal| literal.len() >= 4), "{literals:?}");
    }

    #[test]
    fn the_bytes_that_may_precede_a_literal_are_known() {
        let before = |regex: &str| required(&parse(regex)).unwrap().before;
        let bytes = |text: &str| text.bytes().collect::<ByteSet>();
        let no_word = ByteSet::WORD.complement();
        assert_eq!(before("xyz"), ByteSet::ALL);
        assert_eq!(before(r"\bxyz"), no_word);
        assert_eq!(before(r"\b(?:xyz|QJK)"), no_word);
        assert_eq!(before(r"\B(?:xyz)"), ByteSet::ALL);
        assert_eq!(before(r"\b:xyz"), ByteSet::ALL);
        assert_eq!(before(r"\d(?:xyz)"), bytes("0123456789"));
        assert_eq!(before(r"\b(?:ab?)xyz"), bytes("ab"));
        assert_eq!(before(r"\b(?:[ab]+|)xyz"), bytes("ab").union(no_word));
        assert_eq!(before(r"(?:c|d)?\b(?:xyz)+"), no_word.union(bytes("z")));
        assert_eq!(before(r"\b(?:al|sm)?(?:_(?i:c))?xyz"), bytes("lmcC").union(no_word));
        assert_eq!(before(r"(?u)éxyz\d"), ByteSet::ALL);
    }

    #[test]
    fn a_key_is_divided_where_a_space_or_an_underscore_may_be() {
        let divided = |regex: &str| -> Vec<String> {
            let leading = leading(&parse(regex)).unwrap();
            leading.divided().map(|word| String::from_utf8(word.to_vec()).unwrap()).collect()
        };
        assert_eq!(divided(r"\bcall[ _]?[Ss]tatus\b"), ["Status", "status"]);
        assert_eq!(divided(r"\bdoor[ _]answer=\d"), ["answer="]);
        assert!(divided(r"\bdoor answer=\d").is_empty());
        assert!(divided(r"\bdoor_answer=\d").is_empty());
        // Too short a word would be found in too many lines.
        assert!(divided(r"\bdoor[ _]is\d").is_empty());
    }

    #[test]
    fn a_leading_literal_is_at_a_fixed_distance_from_the_start() {
        let found =
            |regex| leading(&parse(regex)).map(|leading| (leading.offset, shown(Some(leading.literals)).unwrap()));
        let one = |offset, literal: &str| Some((offset, vec![literal.to_owned()]));
        assert_eq!(found("<callStatus>x"), one(0, "<callStatus>x"));
        assert_eq!(found(r"\ba callStatus \d+"), one(0, "a callStatus "));
        assert_eq!(found(r"\s*<callStatus>x"), None);
        let several = |literals: &[&str]| Some((0, literals.iter().map(ToString::to_string).collect::<Vec<_>>()));
        assert_eq!(found("(?:abc|xy)z"), several(&["abcz", "xyz"]));
        assert_eq!(found(r"(?:abc|\d)z"), None);
        assert_eq!(found("(?:(?:ab|cd)e|fg)"), several(&["abe", "cde", "fg"]));
        assert_eq!(found(r"(?:abc)?z1\d"), several(&["abcz1", "z1"]));
        assert_eq!(found(r"\b(?:ca|C(?:a|A))x"), several(&["CAx", "Cax", "cax"]));
        assert_eq!(found(r"(?:ab|c\d)"), None);
        assert_eq!(found("ca[ _]?[Ss]t"), several(&["ca St", "ca st", "caSt", "ca_St", "ca_st", "cast"]));
    }
}
