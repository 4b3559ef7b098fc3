//! Required literals: short strings of which every match of a regex must contain at least one.
//!
//! They are read from the regex's syntax tree. Invariant: if [`required`] returns `Some(set)`, then any text that the
//! regex matches contains a member of the set *within the match*; `None` promises nothing. An over-cautious `None`
//! costs speed, a wrong `Some` would lose results, so everything not understood gives `None`.
//!
//! Mostly own code, as `regex_syntax::hir::literal` finds prefixes and suffixes only, while the tell-tale part of these
//! patterns often stands in the middle (`… Call status: …`), and letters of either case, which it multiplies out over the
//! whole string, are here cut to a short window first.

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Hir, HirKind, Look};

use super::byte_set::ByteSet;

/// The most bytes of a literal that are searched for; more do not make a search faster.
const LENGTH_LIMIT: usize = 16;
/// The most spellings (upper and lower case) that one literal may multiply out to.
const SPELLING_LIMIT: usize = 16;
/// The most literals that one regex may require; with more, a search for all of them stops being fast.
const SET_LIMIT: usize = 48;

/// From this rarity on, in bits, one run of literals is as good as a set of longer ones, and found faster.
const RARE_ENOUGH: u32 = 20;

/// A byte of a literal, in every spelling that the regex accepts: one byte, or both cases of a letter. On no heap: there
/// are hundreds of them in the built-in patterns, and most runs are over in milliseconds.
#[derive(Clone, Copy)]
struct Position {
    bytes: [u8; 2],
    len: usize,
}

impl Position {
    fn one(byte: u8) -> Position {
        Position { bytes: [byte, 0], len: 1 }
    }

    /// The bytes of a set, if there are at most two.
    fn of_set(set: ByteSet) -> Option<Position> {
        let mut position = Position { bytes: [0; 2], len: 0 };
        for byte in set.iter() {
            *position.bytes.get_mut(position.len)? = byte;
            position.len += 1;
        }
        Some(position)
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Literals of which every match contains at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Required {
    pub(super) literals: Vec<Vec<u8>>,
    /// What may stand before that literal, other than the start of the text: `authResult` is none of the places where
    /// `\bResult` or `call ?Result` asks for `Result`.
    pub(super) before: ByteSet,
}

/// The literals of which every match of `hir` contains at least one, inside one line.
#[must_use]
pub(super) fn required(hir: &Hir) -> Option<Required> {
    best(hir, ByteSet::ALL).map(|set| Required { literals: set.literals, before: set.before })
}

/// Literals that stand at a fixed distance from the start of every match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leading {
    /// Of which every match has one.
    pub(super) literals: Vec<Vec<u8>>,
    /// So many bytes behind its start.
    pub(super) offset: usize,
    /// What may stand before the literal, other than the start of the text.
    pub(super) before: ByteSet,
}

/// The literals near the start of every match. They stand in the line in which the match starts, so they also serve a
/// regex whose match may run on into other lines.
#[must_use]
pub(super) fn leading(hir: &Hir) -> Option<Leading> {
    let all = flatten(hir);
    let before = behind_looks(&all, ByteSet::ALL);
    let parts = all.iter().filter(|part| !is_look(part));
    // What is behind a line end stands in another line.
    let is_in_line = |position: &Position| !position.bytes().contains(&b'\n');
    let run: Vec<Position> = parts.map_while(|part| position(part)).flatten().take_while(is_in_line).collect();
    let run = window(&run, before);
    let is_rare = run.as_ref().is_some_and(|(_, run)| run.rarity >= RARE_ENOUGH);
    let start = if is_rare { None } else { starts(hir, before) };
    let is_rarer = |start: &Set| run.as_ref().is_none_or(|(_, run)| run.rarity < start.rarity);
    let (offset, set) = start.filter(is_rarer).map(|start| (0, start)).or(run)?;
    Some(Leading { literals: set.literals, offset, before: set.before })
}

/// The literals at the very start, with what is optional or one of several in them spelled out.
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

/// A set of alternatives, what may stand before them, and how rare the commonest of them is.
struct Set {
    literals: Vec<Vec<u8>>,
    before: ByteSet,
    rarity: u32,
}

/// `before`: what may stand before a match of `hir`, here and below.
fn best(hir: &Hir, before: ByteSet) -> Option<Set> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(_) | HirKind::Class(_) | HirKind::Concat(_) => best_in_sequence(&flatten(hir), before),
        HirKind::Capture(capture) => best(&capture.sub, before),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            // The one that is sought may be any of them, not only the first.
            best(&repetition.sub, before.union(edge(&repetition.sub, Side::Last)))
        }
        HirKind::Repetition(_) => None,
        HirKind::Alternation(alternatives) => {
            let mut union = Set { literals: Vec::new(), before: ByteSet::EMPTY, rarity: u32::MAX };
            for alternative in alternatives {
                let set = best(alternative, before)?;
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

/// The rarest set that any run of fixed positions, or any single part, requires.
fn best_in_sequence(parts: &[&Hir], before: ByteSet) -> Option<Set> {
    let mut candidates: Vec<Set> = Vec::new();
    let mut run: Vec<Position> = Vec::new();
    // What may stand before the run, and before the part.
    let (mut before_run, mut before) = (before, before);
    for (index, part) in parts.iter().enumerate() {
        if is_look(part) {
            // A look-around takes no room, so the positions before and behind it are neighbours.
            before = behind_looks(&parts[index..], before);
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
                    candidates.extend(best(part, before));
                }
            }
        }
        before = behind(part, before);
    }
    candidates.extend(window(&run, before_run).map(|(_, set)| set));
    candidates.into_iter().max_by_key(|set| set.rarity)
}

/// What may stand before what follows `part`.
fn behind(part: &Hir, before: ByteSet) -> ByteSet {
    let last = edge(part, Side::Last);
    if can_be_empty(part) { last.union(before) } else { last }
}

/// What may stand before the first of `parts` that is no look-around, where the look-arounds before it hold.
fn behind_looks(parts: &[&Hir], before: ByteSet) -> ByteSet {
    // All that can come first: some parts that can be empty, and one that cannot.
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

#[derive(Clone, Copy)]
pub(super) enum Side {
    First,
    Last,
}

/// What a match of `hir` may begin or end with; more than that where it cannot easily be told.
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

pub(super) fn can_be_empty(hir: &Hir) -> bool {
    // `None`: it can never match, so nothing stands behind it.
    hir.properties().minimum_len().is_some_and(|len| len == 0)
}

/// The parts of a concatenation in order, with captures and nested concatenations opened.
fn flatten(hir: &Hir) -> Vec<&Hir> {
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().flat_map(flatten).collect(),
        HirKind::Capture(capture) => flatten(&capture.sub),
        _ => vec![hir],
    }
}

fn is_look(hir: &Hir) -> bool {
    // All of them assert, and consume no byte.
    matches!(hir.kind(), HirKind::Look(_) | HirKind::Empty)
}

/// The positions that a part stands for, if it always matches that many single bytes.
fn position(hir: &Hir) -> Option<Vec<Position>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(literal.0.iter().map(|&byte| Position::one(byte)).collect()),
        HirKind::Class(class) => ByteSet::of_class(class).and_then(Position::of_set).map(|position| vec![position]),
        _ => None,
    }
}

/// The rarest stretch of `run` that can be spelled out within the limits, and where in it that begins.
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
            // One byte alone is no filter: it is everywhere.
            (length >= 2).then_some((rarity, start, stretch))
        })
        .max_by_key(|(rarity, ..)| *rarity)
        .map(|(rarity, start, stretch)| {
            let before = if start == 0 { before } else { run[start - 1].bytes().iter().copied().collect() };
            (start, Set { literals: spell_out(stretch), before, rarity })
        })
}

fn spell_out(stretch: &[Position]) -> Vec<Vec<u8>> {
    stretch.iter().fold(vec![Vec::new()], |spellings, position| {
        spellings
            .iter()
            .flat_map(|spelling| position.bytes().iter().map(move |&byte| [spelling.as_slice(), &[byte]].concat()))
            .collect()
    })
}

/// Roughly the share that a byte has in a log.
pub(super) fn share(byte: u8) -> f64 {
    // Asked tens of thousands of times while the windows are chosen.
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

/// Roughly how much a byte tells in a log, in bits: what is frequent there tells little.
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
        let cases: [(&str, Option<&[&str]>); 9] = [
            (r"\brawCallStatus = (?<code>\d+)", Some(&["rawCallStatus = "])),
            (r"a\d+(?:xyz|QJK)b*", Some(&["QJK", "xyz"])),
            (r"(?:xyz)?\d", None),
            (r"(?:xyz){2}", Some(&["xyz"])),
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
    fn what_may_stand_before_a_literal_is_known() {
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
    fn a_leading_literal_stands_at_a_fixed_distance_from_the_start() {
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
