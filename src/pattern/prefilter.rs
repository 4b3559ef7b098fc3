//! Finds the positions in a block where a pattern may match, with one fast search for the literals of all patterns.
//!
//! Invariant: every line that a pattern matches contains a candidate. The opposite is not guaranteed: the regexes decide whether
//! a line with a candidate matches.
//!
//! A candidate is the position of a literal, together with the patterns that use the literal. For a leading literal, it also
//! gives the position where a match would start, so that the line need not be searched again.
//!
//! The search has three stages, each of which leaves fewer positions:
//!
//! 1. [`window`] finds the positions where two or three adjacent bytes fit.
//! 2. [`Near`] looks up a few bytes around each of these positions, to find out which literals are possible there.
//! 3. [`Literal::find_at`] compares each of these literals, and checks the byte before it.
//!
//! If the literals are too many or too different for windows, a [`Table`] searches for them with an automaton instead.

use std::collections::BTreeMap;
use std::ops::Range;

use fearless_simd::{Level, dispatch};

use super::byte_set::ByteSet;
use super::literal::{Leading, Required};
use super::matcher::Finder;
use super::window::{self, Choice, SPAN_BYTES, WORD_BYTES, Window};

/// The largest number of bytes of a literal that are compared, as one integer. Only the first bytes of a longer literal are used.
const COMPARED_BYTES: usize = 16;
/// The last bytes of escapes, such as `\n`, `\u0022` and the sequences of terminals. A line that another program has wrapped may have one
/// before a literal. Such a place is a candidate that no pattern uses, so that the line is looked at.
const ESCAPE_ENDS: ByteSet = ByteSet::of(b"0123456789ABCDEFKabcdefmnrtv");
/// The ends of what may stand for the space or the underscore within a key, such as the `%20` in `Call%20Status`, with the bytes that
/// may precede them. The keys that have one are those in [`Leading::divided`].
const GAPS: [(&[u8], ByteSet); 3] = [
    // `%20` and `=20`, `\u0020`, `%5F` and `\u005f`, `&nbsp;` and `&#95;`, `+`, a no-break space, and the end of what grep writes.
    (b"", ByteSet::of(b"0Ff;+K\xA0")),
    (br"\_", ByteSet::ALL),
    // A terminal sequence.
    (b"m", ByteSet::of(b"0123456789[")),
];
/// The number of bytes near a window that [`Near`] looks up.
const NEAR_BYTES: usize = 4;
/// The length of the span around a window from which [`Near`] chooses its bytes.
const NEAR_SPAN: usize = 16;
/// The number of bytes between the start of the [`Near`] span and the start of the window.
const NEAR_DISTANCE: usize = 8;
/// The number of bits that are set in most words with any. So many are processed without asking whether there are more.
const USUAL_BITS: usize = 2;

/// The literals by which a pattern can be found.
#[derive(Clone, Debug)]
pub(super) struct Anchors {
    /// Literals such that every match contains one of them, at a fixed distance from its start.
    pub(super) leading: Option<Leading>,
    /// Literals such that every match contains one of them, anywhere.
    pub(super) required: Option<Required>,
}

/// Finds the positions in a block where a pattern may match.
#[derive(Debug)]
pub struct Prefilter {
    /// The search for the literals of all patterns.
    search: Search,
    /// The vector instructions that this machine supports.
    level: Level,
    /// The indexes of patterns without literals, which must be searched for in every line.
    always: Vec<usize>,
}

/// The search for the literals: with windows if possible, and otherwise with an automaton.
#[derive(Debug)]
enum Search {
    /// A search with vector instructions.
    Windows(Box<Windows>),
    /// A search with an automaton.
    Table(Box<Table>),
}

/// A search for literals that are too many or too different for windows. An automaton finds the positions of literals. At each of
/// them, all literals with the same first byte are compared.
#[derive(Debug)]
struct Table {
    /// The automaton that finds the literals, or `None` if there are none.
    finder: Option<Finder>,
    /// All literals, sorted by their bytes.
    literals: Vec<Literal>,
    /// For each byte, the range of the entries of `literals` that begin with it.
    by_first: Box<[Range<usize>; 256]>,
}

/// A search for literals with vector instructions, as described in [`window`].
#[derive(Debug)]
struct Windows {
    /// The windows to search for.
    windows: Vec<Window>,
    /// All literals. A set of literals has a bit for each index in this list.
    literals: Vec<Literal>,
    /// The tables that narrow down which literals are possible at a position.
    near: Near,
}

/// A literal, the bytes that may precede it, and the patterns that use it.
#[derive(Debug)]
struct Literal {
    /// The bytes of the literal in little-endian order, padded with zeros.
    bytes: u128,
    /// A mask in which all bits of these bytes are set, and those of the padding are cleared.
    mask: u128,
    /// The number of bytes in the literal.
    len: usize,
    /// The index in the literal at which its window starts.
    offset: usize,
    /// The bytes that may precede the literal. Includes the line feed if the literal may also be at the start of a line.
    before: ByteSet,
    /// The bytes that may precede the literal in a line that another program has wrapped.
    before_wrapped: ByteSet,
    /// The patterns that use the literal. There is none if it is a part of a key after an escape.
    uses: Vec<Use>,
}

/// A pattern that uses a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    /// The index of the pattern that uses the literal.
    pub(super) pattern: usize,
    /// The number of bytes from the start of the match to the literal. `None` if it is not a leading literal.
    pub(super) distance: Option<usize>,
}

/// Tables that narrow down which literals are possible at a position, by a few bytes around it. A set of literals is a word with
/// a bit for each literal.
///
/// The bytes are chosen so that they distinguish the literals best. For example, the byte seven bytes before `atu` distinguishes
/// `rawCallStatus` from a `CallStatus` that is a separate word.
#[derive(Debug)]
struct Near {
    /// The set of all literals.
    all: u64,
    /// For each of the chosen bytes, its index in the span, and the literals that are possible for each value of the byte.
    tables: [(usize, [u64; 256]); NEAR_BYTES],
}

/// The working memory of a search for candidates.
#[derive(Debug, Default)]
pub(crate) struct Marks(Box<SpanMarks>);

/// Where windows fit in one span of the text.
#[derive(Debug)]
struct SpanMarks {
    /// A bit for each byte of the text, which is set if a window fits there.
    words: [u64; SPAN_BYTES / WORD_BYTES],
    /// A bit for each word of `words`, which is set if the word is not zero.
    marked: [u64; SPAN_BYTES / WORD_BYTES / 64],
    /// The offset in the span of each bit that is set, in their order. Earlier results may follow.
    offsets: Vec<u16>,
    /// The positions where a window fits and that [`Near`] does not exclude, in their order. Earlier results may follow.
    fits: Vec<Fit>,
}

/// A position where a window fits.
#[derive(Clone, Copy, Debug, Default)]
struct Fit {
    /// The offset of the window in the text.
    at: usize,
    /// The literals that are possible there.
    possible: u64,
}

impl Default for SpanMarks {
    fn default() -> SpanMarks {
        SpanMarks { words: [0; _], marked: [0; _], offsets: Vec::new(), fits: Vec::new() }
    }
}

impl SpanMarks {
    /// Stores in `fits` the positions where a window fits and that `near` does not exclude, and returns their number. The span starts at
    /// offset `start` of `text`, and its bits are in the first `words` words.
    ///
    /// Each step does the same for every bit, because the processor cannot predict which bits are set and which positions are excluded.
    fn find_fits(&mut self, near: &Near, text: &[u8], start: usize, words: usize) -> usize {
        let SpanMarks { words: all, marked, offsets, fits } = self;
        let most = words * WORD_BYTES + USUAL_BITS;
        if offsets.len() < most {
            offsets.resize(most, 0);
        }
        let mut count = 0;
        for (group, &(mut marked)) in marked.iter().enumerate().take(words.div_ceil(64)) {
            while marked != 0 {
                let word = 64 * group + marked.trailing_zeros() as usize;
                marked &= marked - 1;
                let mut bits = all[word];
                let end = count + bits.count_ones() as usize;
                while count < end {
                    for offset in &mut offsets[count..count + USUAL_BITS] {
                        #[expect(clippy::cast_possible_truncation, reason = "a span has 16 KiB")]
                        let this = (word * WORD_BYTES) as u16 + bits.trailing_zeros() as u16;
                        *offset = this;
                        bits &= bits.wrapping_sub(1);
                    }
                    count += USUAL_BITS;
                }
                count = end;
            }
        }
        if fits.len() < count {
            fits.resize(count, Fit::default());
        }
        let mut kept = 0;
        for &offset in &offsets[..count] {
            let at = start + usize::from(offset);
            let possible = near.possible(text, at);
            fits[kept] = Fit { at, possible };
            kept += usize::from(possible != 0);
        }
        kept
    }
}

/// The position of a literal, where a pattern may match.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'p> {
    /// The offset of the literal in the text.
    pub(crate) at: usize,
    /// The patterns that use the literal; none if it can only be part of a match in an unwrapped line.
    pub(super) uses: &'p [Use],
}

impl Candidate<'_> {
    /// Returns the offset where a match may start and the index of its pattern. Returns `None` unless exactly one pattern uses
    /// the literal, and as a leading one.
    #[inline]
    pub(crate) fn sole(self) -> Option<(usize, usize)> {
        match *self.uses {
            [Use { pattern, distance: Some(distance) }] => Some((self.at.checked_sub(distance)?, pattern)),
            _ => None,
        }
    }
}

impl Prefilter {
    /// Creates a prefilter that filters nothing, so that every line is searched for each of the `patterns` patterns.
    pub(super) fn pass_all(patterns: usize) -> Prefilter {
        Prefilter::new(&vec![Anchors { leading: None, required: None }; patterns])
    }

    /// Creates a prefilter from the literals of each pattern, in the order of the patterns.
    pub(super) fn new(anchors: &[Anchors]) -> Prefilter {
        let always = |(index, anchors): (usize, &Anchors)| {
            (anchors.leading.is_none() && anchors.required.is_none()).then_some(index)
        };
        let always = anchors.iter().enumerate().filter_map(always).collect();
        Prefilter { search: Search::new(anchors), level: Level::new(), always }
    }

    /// Returns the indexes of the patterns that must be searched for in every line.
    pub(super) fn always(&self) -> &[usize] {
        &self.always
    }

    /// Returns every candidate in `text`, roughly in the order of the text.
    pub(crate) fn candidates<'s>(&'s self, text: &'s [u8], marks: &'s mut Marks) -> Candidates<'s> {
        Candidates { prefilter: self, text, marks, span: 0..0, fits: 0..0, place: 0, possible: 0, here: 0..0, from: 0 }
    }

    /// Returns the number of candidates in `text`.
    #[must_use]
    pub fn count(&self, text: &[u8]) -> usize {
        let mut marks = Marks::default();
        let mut candidates = self.candidates(text, &mut marks);
        std::iter::from_fn(|| candidates.next()).count()
    }
}

/// The distinct literals of all patterns. Each has the bytes that may precede it and the patterns that use it.
#[derive(Default)]
struct Literals(BTreeMap<(Vec<u8>, ByteSet), Vec<Use>>);

impl Literals {
    /// Collects the literals of all patterns. If a pattern has leading and required literals, the leading ones are used if
    /// `wants_leading` accepts them, and otherwise the required ones.
    fn new(anchors: &[Anchors], wants_leading: impl Fn(&Leading) -> bool) -> Literals {
        let mut all = Literals::default();
        for (pattern, anchors) in anchors.iter().enumerate() {
            let leading =
                anchors.leading.as_ref().filter(|leading| anchors.required.is_none() || wants_leading(leading));
            if let Some(leading) = leading {
                all.add(&leading.literals, leading.before, Use { pattern, distance: Some(leading.offset) });
                all.add_divided(leading);
            } else if let Some(required) = &anchors.required {
                all.add(&required.literals, required.before, Use { pattern, distance: None });
            }
        }
        all
    }

    /// Adds the literals of one pattern, cut to [`COMPARED_BYTES`].
    fn add(&mut self, literals: &[Vec<u8>], before: ByteSet, used: Use) {
        for literal in literals {
            let beginning = literal[..literal.len().min(COMPARED_BYTES)].to_vec();
            self.0.entry((beginning, before)).or_default().push(used);
        }
    }

    /// Adds the last words of keys after what may stand for the space or the underscore before them. No pattern uses these literals:
    /// they only find the lines to unwrap.
    fn add_divided(&mut self, leading: &Leading) {
        for word in leading.divided() {
            for (end, before) in GAPS {
                let literal = [end, word].concat();
                self.0.entry((literal[..literal.len().min(COMPARED_BYTES)].to_vec(), before)).or_default();
            }
        }
    }

    /// Merges required literals with the same bytes if every byte that may precede one may also precede the other. Leading
    /// literals are not merged, because each wrong position would cost an attempt to match.
    fn merged(self) -> Literals {
        let mut merged = Literals::default();
        for ((bytes, mut before), mut uses) in self.0 {
            let is_required = |uses: &[Use]| uses.iter().all(|used| used.distance.is_none());
            let other = merged.0.iter().find(|((other, wider), other_uses)| {
                let contains = before.is_subset(*wider) || wider.is_subset(before);
                *other == bytes && contains && is_required(other_uses) && is_required(&uses)
            });
            if let Some(key) = other.map(|(key, _)| key.clone()) {
                before = before.union(key.1);
                uses.extend(merged.0.remove(&key).unwrap_or_default());
            }
            merged.0.entry((bytes, before)).or_default().extend(uses);
        }
        merged
    }

    /// Returns the bytes of every literal.
    fn bytes(&self) -> Vec<Vec<u8>> {
        self.0.keys().map(|(bytes, _)| bytes.clone()).collect()
    }
}

impl Search {
    /// Chooses the cheapest search that finds the literals of all patterns.
    fn new(anchors: &[Anchors]) -> Search {
        // Leading literals give the start of a match, but required ones may have more in common and so need fewer windows.
        let leading = Literals::new(anchors, |_| true);
        let by_leading = window::choose(&leading.bytes());
        let mut required = Literals::new(anchors, |_| false);
        let by_required = window::choose(&required.bytes());
        if let Some(choice) = &by_required {
            // Leading literals are used if these windows find them anyway.
            let fits = |literal: &Vec<u8>| choice.windows.iter().any(|window| window.fits(literal).is_some());
            required = Literals::new(anchors, |leading| leading.literals.iter().all(fits));
        }
        let (literals, choice) = match (by_leading, by_required) {
            (Some(by_leading), Some(by_required)) if by_required.cost < by_leading.cost => (required, by_required),
            (Some(by_leading), _) => (leading, by_leading),
            (None, Some(by_required)) => (required, by_required),
            (None, None) => return Search::Table(Box::new(Table::new(leading))),
        };
        let table = |literals| Search::Table(Box::new(Table::new(literals)));
        Windows::new(literals, choice).map_or_else(table, Search::Windows)
    }
}

impl Table {
    /// Builds an automaton and the index by first byte for `literals`.
    fn new(literals: Literals) -> Table {
        let finder = Finder::new(&literals.bytes());
        let new = |((bytes, before), uses): ((Vec<u8>, ByteSet), _)| Literal::new(&bytes, 0, before, uses);
        let mut by_first = Box::new([const { 0..0 }; 256]);
        for (index, (bytes, _)) in literals.0.keys().enumerate() {
            let Some(&first) = bytes.first() else { continue };
            let range: &mut Range<usize> = &mut by_first[usize::from(first)];
            // The literals are sorted, so those with the same first byte are adjacent.
            *range = if range.start == range.end { index..index + 1 } else { range.start..index + 1 };
        }
        Table { finder, literals: literals.0.into_iter().map(new).collect(), by_first }
    }
}

impl Windows {
    /// Builds the search. Returns the literals if there are more of them than bits in a word.
    fn new(literals: Literals, choice: Choice) -> Result<Box<Windows>, Literals> {
        let literals = literals.merged();
        if literals.0.len() > window::LITERALS_LIMIT {
            return Err(literals);
        }
        let Choice { windows, .. } = choice;
        let offset = |bytes: &[u8]| windows.iter().find_map(|window| window.fits(bytes)).unwrap_or_default();
        let new = |((bytes, before), uses): ((Vec<u8>, ByteSet), _)| Literal::new(&bytes, offset(&bytes), before, uses);
        let literals: Vec<Literal> = literals.0.into_iter().map(new).collect();
        let near = Near::new(&literals);
        Ok(Box::new(Windows { windows, literals, near }))
    }
}

impl Near {
    /// Chooses the bytes to look up and builds the tables. There must be no more literals than bits in a word.
    fn new(literals: &[Literal]) -> Near {
        let all = (0..literals.len()).map(|index| 1 << index).sum();
        let columns: [Box<[u64; 256]>; NEAR_SPAN] = std::array::from_fn(|at| Near::column(literals, at));
        // For each literal, the set of literals that the bytes chosen up to then do not distinguish from it.
        let mut confused = vec![all; literals.len()];
        let left = |(literal, others): (&Literal, &u64), at: usize| {
            literal.byte_near(at).map_or(*others, |byte| others & columns[at][usize::from(byte)])
        };
        let tables = std::array::from_fn(|_| {
            let count =
                |at: &usize| -> u32 { literals.iter().zip(&confused).map(|pair| left(pair, *at).count_ones()).sum() };
            let best = (0..NEAR_SPAN).min_by_key(count).unwrap_or_default();
            confused = literals.iter().zip(&confused).map(|pair| left(pair, best)).collect();
            (best, *columns[best])
        });
        Near { all, tables }
    }

    /// Returns, for each value of the byte at index `at` of the span, the literals that are possible.
    fn column(literals: &[Literal], at: usize) -> Box<[u64; 256]> {
        let mut column = Box::new([0; 256]);
        for (index, literal) in literals.iter().enumerate() {
            match literal.byte_near(at) {
                Some(own) => column[usize::from(own)] |= 1 << index,
                None => (0..=u8::MAX)
                    .filter(|byte| literal.allows(at, *byte))
                    .for_each(|byte| column[usize::from(byte)] |= 1 << index),
            }
        }
        column
    }

    /// Returns the literals that are possible at `place`, the start of a window.
    #[inline]
    fn possible(&self, text: &[u8], place: usize) -> u64 {
        if self.all == 1 {
            // A single literal needs no look-up.
            return self.all;
        }
        let rest = place.checked_sub(NEAR_DISTANCE).and_then(|from| text.get(from..));
        // Near the start and the end of the text, the span is incomplete, so nothing can be excluded.
        let Some(span) = rest.and_then(|rest| rest.first_chunk::<NEAR_SPAN>()) else { return self.all };
        self.tables.iter().fold(self.all, |all, (at, table)| all & table[usize::from(span[*at % NEAR_SPAN])])
    }
}

impl Literal {
    /// Creates a literal of at most [`COMPARED_BYTES`] bytes, whose window starts at index `offset`.
    fn new(bytes: &[u8], offset: usize, before: ByteSet, uses: Vec<Use>) -> Literal {
        let mut padded = [0; COMPARED_BYTES];
        let len = bytes.len();
        padded[..len].copy_from_slice(bytes);
        let mask = u128::MAX >> (8 * (COMPARED_BYTES - len));
        let (before, before_wrapped) = match uses.is_empty() {
            true => (before, ByteSet::EMPTY),
            false => (before.union(ByteSet::one(b'\n')), ESCAPE_ENDS),
        };
        Literal { bytes: u128::from_le_bytes(padded), mask, len, offset, before, before_wrapped, uses }
    }

    /// Converts an index in the span to an index in the literal. Returns `None` for a byte before the literal.
    fn index_near(&self, at: usize) -> Option<usize> {
        (self.offset + at).checked_sub(NEAR_DISTANCE)
    }

    /// Returns the byte of the literal at index `at` of the span, or `None` if that is outside the literal.
    fn byte_near(&self, at: usize) -> Option<u8> {
        let index = self.index_near(at).filter(|&index| index < self.len)?;
        self.bytes.to_le_bytes().get(index).copied()
    }

    /// Whether the byte at index `at` of the span can be `byte` if the literal is at this position.
    fn allows(&self, at: usize, byte: u8) -> bool {
        match self.byte_near(at) {
            Some(own) => own == byte,
            None if self.index_near(at + 1) == Some(0) => {
                self.before.contains(byte) || self.before_wrapped.contains(byte)
            }
            None => true,
        }
    }

    /// Returns the literal as a candidate if it occurs in `text` with its window at `place`, and otherwise `None`.
    #[inline]
    fn find_at(&self, text: &[u8], place: usize) -> Option<Candidate<'_>> {
        let at = place.checked_sub(self.offset)?;
        let rest = text.get(at..)?;
        let bytes = match rest.first_chunk::<COMPARED_BYTES>() {
            Some(bytes) => u128::from_le_bytes(*bytes),
            None => last_bytes(rest),
        };
        let fits = bytes & self.mask == self.bytes && rest.len() >= self.len;
        let before = at.checked_sub(1).map_or(b'\n', |at| text[at]);
        if !fits {
            return None;
        }
        let uses: &[Use] = match self.before.contains(before) {
            true => &self.uses,
            false if self.before_wrapped.contains(before) => &[],
            false => return None,
        };
        Some(Candidate { at, uses })
    }
}

/// Loads the last bytes of a text, of which there are fewer than [`COMPARED_BYTES`], padded with zeros.
#[cold]
#[inline(never)]
fn last_bytes(rest: &[u8]) -> u128 {
    let mut padded = [0; COMPARED_BYTES];
    padded[..rest.len()].copy_from_slice(rest);
    u128::from_le_bytes(padded)
}

/// Sets a bit in `marked` for each of `words` that is not zero. Iterating over these bits is faster than searching for the next
/// word that is not zero, because the processor cannot predict where that search ends.
#[inline(always)]
fn note_marked(words: &[u64], marked: &mut [u64]) {
    for (marked, words) in marked.iter_mut().zip(words.chunks(64)) {
        *marked = words.iter().zip(0..).fold(0, |marked, (&word, bit)| marked | u64::from(word != 0) << bit);
    }
}

/// An iterator over the candidates in a text. It searches the text span by span, as candidates are needed.
pub(crate) struct Candidates<'s> {
    prefilter: &'s Prefilter,
    text: &'s [u8],
    marks: &'s mut Marks,
    /// The part of the text that was searched last, in bytes.
    span: Range<usize>,
    /// The range of [`SpanMarks::fits`] that have not been processed yet.
    fits: Range<usize>,
    /// The offset in the text of the current position, where a window fits or the automaton found a literal.
    place: usize,
    /// The possible literals at the current position that have not been compared yet.
    possible: u64,
    /// For an automaton: the range of its literals that are at the current position and have not been checked yet.
    here: Range<usize>,
    /// For an automaton: the offset in the text from which it searches for the next position.
    from: usize,
}

impl<'s> Candidates<'s> {
    /// Returns the next candidate in the text.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Candidate<'s>> {
        match &self.prefilter.search {
            Search::Windows(windows) => self.next_in(windows),
            Search::Table(table) => self.next_in_table(table),
        }
    }

    /// Returns the next candidate that the automaton finds.
    fn next_in_table(&mut self, table: &'s Table) -> Option<Candidate<'s>> {
        loop {
            for literal in self.here.by_ref().filter_map(|index| table.literals.get(index)) {
                let found = literal.find_at(self.text, self.place);
                if found.is_some() {
                    return found;
                }
            }
            self.place = table.finder.as_ref()?.find(self.text, self.from)?;
            self.from = self.place + 1;
            self.here = table.by_first[usize::from(self.text[self.place])].clone();
        }
    }

    /// Returns the next candidate that the windows find.
    fn next_in(&mut self, windows: &'s Windows) -> Option<Candidate<'s>> {
        loop {
            while self.possible != 0 {
                let literal = &windows.literals[self.possible.trailing_zeros() as usize];
                self.possible &= self.possible - 1;
                let found = literal.find_at(self.text, self.place);
                if found.is_some() {
                    return found;
                }
            }
            let Some(next) = self.fits.next() else {
                if self.mark_next(windows) {
                    continue;
                }
                return None;
            };
            Fit { at: self.place, possible: self.possible } = self.marks.0.fits[next];
        }
    }

    /// Searches the next span of the text. Returns `false` at the end of the text.
    // Not inlined, because it would use registers that the loop over the bits needs.
    #[inline(never)]
    fn mark_next(&mut self, windows: &Windows) -> bool {
        let start = self.span.end;
        let Some(rest) = self.text.get(start..).filter(|rest| !rest.is_empty()) else { return false };
        self.span = start..start + rest.len().min(SPAN_BYTES);
        let SpanMarks { words, marked, .. } = &mut *self.marks.0;
        let count = self.span.len().div_ceil(WORD_BYTES);
        let words = &mut words[..count];
        // A window may start in the span and end after it.
        let text = &rest[..rest.len().min(SPAN_BYTES + window::WIDTH)];
        window::mark(self.prefilter.level, &windows.windows, text, words);
        dispatch!(self.prefilter.level, _simd => note_marked(words, marked));
        self.fits = 0..self.marks.0.find_fits(&windows.near, self.text, start, count);
        true
    }
}

#[cfg(test)]
mod tests {
    use memchr::memmem;
    use proptest::prelude::*;

    use super::*;

    fn leading(literals: &[&str]) -> Anchors {
        let literals = literals.iter().map(|literal| literal.as_bytes().to_vec()).collect();
        Anchors { leading: Some(Leading { literals, offset: 1, before: ByteSet::ALL }), required: None }
    }

    fn required(literals: Vec<Vec<u8>>, before: ByteSet) -> Anchors {
        Anchors { leading: None, required: Some(Required { literals, before }) }
    }

    /// Returns each candidate as its position and its patterns.
    fn found(prefilter: &Prefilter, text: &[u8]) -> Vec<(usize, Vec<usize>)> {
        let mut marks = Marks::default();
        let mut candidates = prefilter.candidates(text, &mut marks);
        let next = || {
            let candidate = candidates.next()?;
            Some((candidate.at, candidate.uses.iter().map(|used| used.pattern).collect()))
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn a_candidate_has_the_patterns_of_its_literal() {
        let prefilter = Prefilter::new(&[
            leading(&["rawCallStatus"]),
            leading(&["CallStatus", "call status"]),
            required(vec![b"CallStatus".to_vec()], ByteSet::one(b'/')),
            required(vec![b"CallStatus".to_vec()], ByteSet::ALL),
        ]);
        let text = b"rawCallStatus, call status\nCallStatus, /CallStatus, callStatu";
        let mut all = found(&prefilter, text);
        all.sort();
        let expected = [
            (0, vec![0]),
            (3, vec![1, 3]),
            (15, vec![1]),
            (27, vec![1, 3]),
            (27, vec![2]),
            (40, vec![1, 3]),
            (40, vec![2]),
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn the_last_word_of_a_divided_key_is_a_candidate_without_a_pattern_after_an_escape() {
        let prefilter = Prefilter::new(&[leading(&["xcall_status", "xcall status", "xcallstatus"])]);
        for escaped in [
            "call%20status",
            "call=5Fstatus",
            "call\\u0020status",
            "call\\u005fstatus",
            "call+status",
            "call\\_status",
            "call&nbsp;status",
            "call&#95;status",
            "call \x1b[01;31m\x1b[Kstatus",
            "call_\x1b[31mstatus",
        ] {
            let at = escaped.len() - "status".len();
            let all: Vec<usize> = found(&prefilter, escaped.as_bytes())
                .into_iter()
                .map(|(at, uses)| {
                    assert!(uses.is_empty(), "{escaped}");
                    at
                })
                .collect();
            assert!(matches!(all[..], [only] if (at - 2..=at).contains(&only)), "{escaped}: {all:?}");
        }
        for other in ["status", "a status", "order_status", "\nstatus", "bstatus", "xstatus"] {
            assert_eq!(found(&prefilter, other.as_bytes()), [], "{other}");
        }
    }

    #[test]
    fn the_built_in_patterns_are_found_by_windows() {
        // An automaton would take several times as long in every log.
        let set = crate::pattern::PatternSet::compile(&crate::config::built_in()).unwrap();
        assert!(matches!(set.prefilter().search, Search::Windows(_)));
    }

    #[test]
    fn equal_required_literals_are_merged() {
        let status = |before| required(vec![b"CallStatus".to_vec()], before);
        let wider = ByteSet::one(b'/').union(ByteSet::one(b'.'));
        let prefilter = Prefilter::new(&[status(ByteSet::one(b'/')), status(wider), status(ByteSet::one(b'-'))]);
        let all = found(&prefilter, b"_/CallStatus .CallStatus -CallStatus _CallStatus");
        let sorted = |(at, mut patterns): (usize, Vec<usize>)| {
            patterns.sort_unstable();
            (at, patterns)
        };
        let all: Vec<_> = all.into_iter().map(sorted).collect();
        assert_eq!(all, [(2, vec![0, 1]), (14, vec![0, 1]), (26, vec![2])]);
    }

    #[test]
    fn patterns_without_a_literal_are_searched_for_in_every_line() {
        let prefilter = Prefilter::new(&[leading(&["abc"]), Anchors { leading: None, required: None }]);
        assert_eq!(prefilter.always(), [1]);
        assert_eq!(found(&prefilter, b"abc x"), [(0, vec![0])]);
        assert_eq!(Prefilter::pass_all(3).always(), [0, 1, 2]);
    }

    proptest! {
        #[test]
        fn no_literal_is_missed(
            few in prop::collection::vec("[abcA]{2,16}", 1..8),
            // Enough literals to need an automaton.
            many in prop_oneof![Just(0), 60_usize..80],
            pieces in prop::collection::vec("[abcA.]{0,5}", 0..60),
        ) {
            let mut literals: Vec<Vec<u8>> = few.into_iter().map(String::into_bytes).collect();
            literals.extend((0..many).map(|number| format!("{number:04}").into_bytes()));
            let text: Vec<u8> =
                pieces.iter().enumerate().flat_map(|(index, piece)| [piece.as_bytes(), &literals[index % literals.len()]].concat()).collect();
            let anchors: Vec<Anchors> =
                literals.iter().map(|literal| required(vec![literal.clone()], ByteSet::ALL)).collect();
            let prefilter = Prefilter::new(&anchors);
            let all = found(&prefilter, &text);
            for (pattern, literal) in literals.iter().enumerate() {
                for at in memmem::find_iter(&text, literal) {
                    let is_found = all.iter().any(|(place, patterns)| *place == at && patterns.contains(&pattern));
                    prop_assert!(is_found, "{pattern} at {at}");
                }
            }
        }
    }
}
