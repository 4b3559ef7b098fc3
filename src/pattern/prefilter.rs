//! One fast search for everything that a set of patterns requires.
//!
//! Invariant (decision 3): a line that any pattern of the set matches contains a candidate; a candidate's line need
//! not match. The full regexes decide, on the candidate's line alone.
//!
//! A candidate says more than that, where it can: which literal stands there, and so which patterns may match, and where
//! a match of them would begin. The line then is not searched again.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use fearless_simd::{Level, dispatch};

use super::byte_set::ByteSet;
use super::literal::{Leading, Required};
use super::matcher::Finder;
use super::window::{self, Choice, SPAN_BYTES, WORD_BYTES, Window};

/// How many bytes of a literal are sought and compared, at once. The few longer ones are told by their beginning.
const COMPARED_BYTES: usize = 16;
/// How many bytes near a window tell its literals apart.
const NEAR_BYTES: usize = 4;
/// The bytes that they may be among, and how many of these are before the window's place.
const NEAR_SPAN: usize = 16;
const NEAR_DISTANCE: usize = 8;

/// What a pattern offers to be found by.
#[derive(Clone, Debug)]
pub(super) struct Anchors {
    /// Of these every match has one, at a fixed distance from its start.
    pub(super) leading: Option<Leading>,
    /// Of these every match has one.
    pub(super) required: Option<Required>,
}

/// Finds the places in a block where a pattern may match.
#[derive(Debug)]
pub struct Prefilter {
    search: Search,
    level: Level,
    /// Patterns that require no literal: every line is to be searched for them.
    always: Vec<usize>,
}

#[derive(Debug)]
enum Search {
    Windows(Box<Windows>),
    Table(Box<Table>),
}

/// More literals than windows can tell apart: a search for any of them, and a look at which of them stand there.
#[derive(Debug)]
struct Table {
    finder: Option<Finder>,
    /// Every literal, equal ones next to each other.
    literals: Vec<Literal>,
    /// Which of these have the same bytes.
    by_bytes: HashMap<Vec<u8>, Range<usize>>,
    /// The different lengths of the literals.
    lens: Vec<usize>,
}

#[derive(Debug)]
struct Windows {
    windows: Vec<Window>,
    literals: Vec<Literal>,
    near: Near,
}

/// A literal that stands somewhere in every match of some patterns.
#[derive(Debug)]
struct Literal {
    /// Its bytes, the first one lowest, and ones for each of its bits.
    bytes: u128,
    mask: u128,
    len: usize,
    /// Where in it its window begins.
    offset: usize,
    /// What may stand before it, other than a line's start.
    before: ByteSet,
    uses: Vec<Use>,
}

/// What a literal says of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(super) pattern: usize,
    /// How many bytes before the literal every match begins, if they all begin so.
    pub(super) distance: Option<usize>,
}

/// Which literals, a bit for each, are possible by some bytes near the place of a window: mostly just the right ones. Which
/// bytes those are depends on the literals: seven before `atu` tell `rawCallStatus` from a word that is `CallStatus`.
#[derive(Debug)]
struct Near {
    /// All literals.
    all: u64,
    /// Which byte of the span, and what it says.
    tables: [(usize, [u64; 256]); NEAR_BYTES],
}

/// Working memory of a search.
#[derive(Debug, Default)]
pub(crate) struct Marks(Box<SpanMarks>);

/// The marks of one span.
#[derive(Debug)]
struct SpanMarks {
    words: [u64; SPAN_BYTES / WORD_BYTES],
    /// Which of the words have a mark: a bit for each.
    marked: [u64; SPAN_BYTES / WORD_BYTES / 64],
}

impl Default for SpanMarks {
    fn default() -> SpanMarks {
        SpanMarks { words: [0; _], marked: [0; _] }
    }
}

/// A place where a pattern may match.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'p> {
    /// Where the literal stands.
    pub(crate) at: usize,
    /// What it says.
    pub(super) uses: &'p [Use],
}

impl Candidate<'_> {
    /// Where a match may begin, and of which pattern, if that is all it says.
    #[inline]
    pub(crate) fn sole(self) -> Option<(usize, usize)> {
        match *self.uses {
            [Use { pattern, distance: Some(distance) }] => Some((self.at.checked_sub(distance)?, pattern)),
            _ => None,
        }
    }
}

impl Prefilter {
    /// A prefilter that lets every line pass, for so many patterns.
    pub(super) fn pass_all(patterns: usize) -> Prefilter {
        Prefilter::new(&vec![Anchors { leading: None, required: None }; patterns])
    }

    /// A prefilter for patterns with these anchors, in their order.
    pub(super) fn new(anchors: &[Anchors]) -> Prefilter {
        let always = |(index, anchors): (usize, &Anchors)| {
            (anchors.leading.is_none() && anchors.required.is_none()).then_some(index)
        };
        let always = anchors.iter().enumerate().filter_map(always).collect();
        Prefilter { search: Search::new(anchors), level: Level::new(), always }
    }

    /// The patterns that are to be searched for in every line.
    pub(super) fn always(&self) -> &[usize] {
        &self.always
    }

    /// Every candidate in `text`, in about their order: the window in one literal may stand further in than in another.
    pub(crate) fn candidates<'s>(&'s self, text: &'s [u8], marks: &'s mut Marks) -> Candidates<'s> {
        Candidates {
            prefilter: self,
            text,
            marks,
            span: 0..0,
            groups: 0,
            marked: 0,
            start: 0,
            bits: 0,
            place: 0,
            possible: 0,
            here: 0..0,
            lens: usize::MAX,
        }
    }

    /// How many candidates there are in `text`.
    #[must_use]
    pub fn count(&self, text: &[u8]) -> usize {
        let mut marks = Marks::default();
        let mut candidates = self.candidates(text, &mut marks);
        std::iter::from_fn(|| candidates.next()).count()
    }
}

/// Literals, with what may stand before them, and what they say.
#[derive(Default)]
struct Literals(BTreeMap<(Vec<u8>, ByteSet), Vec<Use>>);

impl Literals {
    /// Of each pattern the leading literals, if it has some and they are wanted, or else the required ones.
    fn new(anchors: &[Anchors], wants_leading: impl Fn(&Leading) -> bool) -> Literals {
        let mut all = Literals::default();
        for (pattern, anchors) in anchors.iter().enumerate() {
            let leading =
                anchors.leading.as_ref().filter(|leading| anchors.required.is_none() || wants_leading(leading));
            if let Some(leading) = leading {
                all.add(&leading.literals, leading.before, Use { pattern, distance: Some(leading.offset) });
            } else if let Some(required) = &anchors.required {
                all.add(&required.literals, required.before, Use { pattern, distance: None });
            }
        }
        all
    }

    fn add(&mut self, literals: &[Vec<u8>], before: ByteSet, says: Use) {
        for literal in literals {
            let beginning = literal[..literal.len().min(COMPARED_BYTES)].to_vec();
            self.0.entry((beginning, before)).or_default().push(says);
        }
    }

    /// With those put together that differ in what may stand before them, where one may stand wherever the other does. Only
    /// of patterns that are to be sought for: a place where they begin costs more in vain.
    fn joined(self) -> Literals {
        let mut joined = Literals::default();
        for ((bytes, mut before), mut uses) in self.0 {
            let is_sought = |uses: &[Use]| uses.iter().all(|says| says.distance.is_none());
            let other = joined.0.iter().find(|((other, wider), they)| {
                let contains = before.is_subset(*wider) || wider.is_subset(before);
                *other == bytes && contains && is_sought(they) && is_sought(&uses)
            });
            if let Some(key) = other.map(|(key, _)| key.clone()) {
                before = before.union(key.1);
                uses.extend(joined.0.remove(&key).unwrap_or_default());
            }
            joined.0.entry((bytes, before)).or_default().extend(uses);
        }
        joined
    }

    fn bytes(&self) -> Vec<Vec<u8>> {
        self.0.keys().map(|(bytes, _)| bytes.clone()).collect()
    }
}

impl Search {
    fn new(anchors: &[Anchors]) -> Search {
        // Leading literals tell where a match begins; others may have more in common.
        let leading = Literals::new(anchors, |_| true);
        let by_leading = window::choose(&leading.bytes());
        let mut required = Literals::new(anchors, |_| false);
        let by_required = window::choose(&required.bytes());
        if let Some(choice) = &by_required {
            // Leading ones that these windows find anyway.
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
    fn new(literals: Literals) -> Table {
        let finder = Finder::new(&literals.bytes());
        let new = |((bytes, before), uses): ((Vec<u8>, ByteSet), _)| Literal::new(&bytes, 0, before, uses);
        let mut by_bytes: HashMap<Vec<u8>, Range<usize>> = HashMap::new();
        for (index, (bytes, _)) in literals.0.keys().enumerate() {
            by_bytes.entry(bytes.clone()).or_insert(index..index).end = index + 1;
        }
        let mut lens: Vec<usize> = by_bytes.keys().map(Vec::len).collect();
        lens.sort_unstable();
        lens.dedup();
        Table { finder, literals: literals.0.into_iter().map(new).collect(), by_bytes, lens }
    }
}

impl Windows {
    /// Fails if there are more literals than bits for them.
    fn new(literals: Literals, choice: Choice) -> Result<Box<Windows>, Literals> {
        let literals = literals.joined();
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
    /// For at most as many literals as there are bits.
    fn new(literals: &[Literal]) -> Near {
        let all = (0..literals.len()).map(|index| 1 << index).sum();
        let columns: [Box<[u64; 256]>; NEAR_SPAN] = std::array::from_fn(|at| Near::column(literals, at));
        // The pairs that are not told apart yet: of each literal the others that are possible where it stands.
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

    /// Which literals allow each byte at that place of the span.
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

    /// The literals that may stand around `place`.
    #[inline]
    fn possible(&self, text: &[u8], place: usize) -> u64 {
        if self.all == 1 {
            // There is nothing to tell apart.
            return self.all;
        }
        let rest = place.checked_sub(NEAR_DISTANCE).and_then(|from| text.get(from..));
        // At the ends of a text all of them may.
        let Some(span) = rest.and_then(|rest| rest.first_chunk::<NEAR_SPAN>()) else { return self.all };
        self.tables.iter().fold(self.all, |all, (at, table)| all & table[usize::from(span[*at % NEAR_SPAN])])
    }
}

impl Literal {
    fn new(bytes: &[u8], offset: usize, before: ByteSet, uses: Vec<Use>) -> Literal {
        let mut padded = [0; COMPARED_BYTES];
        let len = bytes.len();
        padded[..len].copy_from_slice(bytes);
        let mask = u128::MAX >> (8 * (COMPARED_BYTES - len));
        Literal { bytes: u128::from_le_bytes(padded), mask, len, offset, before, uses }
    }

    /// Which of its bytes is at that place of the span around its window's place.
    fn index_near(&self, at: usize) -> Option<usize> {
        (self.offset + at).checked_sub(NEAR_DISTANCE)
    }

    /// Its byte there, if it has one.
    fn byte_near(&self, at: usize) -> Option<u8> {
        let index = self.index_near(at).filter(|&index| index < self.len)?;
        self.bytes.to_le_bytes().get(index).copied()
    }

    /// Whether that byte may be there.
    fn allows(&self, at: usize, byte: u8) -> bool {
        match self.byte_near(at) {
            Some(own) => own == byte,
            None if self.index_near(at + 1) == Some(0) => self.may_follow(byte),
            None => true,
        }
    }

    /// Whether it may stand behind that byte, which may be the end of the line before.
    fn may_follow(&self, byte: u8) -> bool {
        byte == b'\n' || self.before.contains(byte)
    }

    /// Where it stands, if its window's place is this one and it does.
    #[inline]
    fn stands(&self, text: &[u8], place: usize) -> Option<usize> {
        let at = place.checked_sub(self.offset)?;
        let rest = text.get(at..)?;
        let bytes = match rest.first_chunk::<COMPARED_BYTES>() {
            Some(bytes) => u128::from_le_bytes(*bytes),
            None => last_bytes(rest),
        };
        let fits = bytes & self.mask == self.bytes && rest.len() >= self.len;
        let before = at.checked_sub(1).map_or(b'\n', |at| text[at]);
        (fits && self.may_follow(before)).then_some(at)
    }
}

/// The last bytes of a text, as many as are compared, with zeros behind them.
#[cold]
#[inline(never)]
fn last_bytes(rest: &[u8]) -> u128 {
    let mut padded = [0; COMPARED_BYTES];
    padded[..rest.len()].copy_from_slice(rest);
    u128::from_le_bytes(padded)
}

/// Notes which words have a mark, and so spares each mark the search for its word, whose length no processor can foresee.
#[inline(always)]
fn note_marked(words: &[u64], marked: &mut [u64]) {
    for (marked, words) in marked.iter_mut().zip(words.chunks(64)) {
        *marked = words.iter().zip(0..).fold(0, |marked, (&word, bit)| marked | u64::from(word != 0) << bit);
    }
}

/// The candidates in a text.
pub(crate) struct Candidates<'s> {
    prefilter: &'s Prefilter,
    text: &'s [u8],
    marks: &'s mut Marks,
    /// Where the text is marked.
    span: Range<usize>,
    /// How many words of [`SpanMarks::marked`] have been begun.
    groups: usize,
    /// Which words of marks in the last one of these have not been looked at.
    marked: u64,
    /// Where in the text the last word of marks begins, and the marks in it that have not been looked at.
    start: usize,
    bits: u64,
    /// The last marked place, and the literals that may stand there.
    place: usize,
    possible: u64,
    /// The literals of a table that have the bytes at the place, and how many lengths of them have been looked at.
    here: Range<usize>,
    lens: usize,
}

impl<'s> Candidates<'s> {
    /// The next one.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Candidate<'s>> {
        match &self.prefilter.search {
            Search::Windows(windows) => self.next_in(windows),
            Search::Table(table) => self.next_in_table(table),
        }
    }

    fn next_in_table(&mut self, table: &'s Table) -> Option<Candidate<'s>> {
        loop {
            for literal in self.here.by_ref().filter_map(|index| table.literals.get(index)) {
                if let Some(at) = literal.stands(self.text, self.place) {
                    return Some(Candidate { at, uses: &literal.uses });
                }
            }
            if let Some(&len) = table.lens.get(self.lens) {
                self.lens += 1;
                let bytes = self.text.get(self.place..self.place + len);
                self.here = bytes.and_then(|bytes| table.by_bytes.get(bytes)).cloned().unwrap_or_default();
            } else {
                let from = if self.lens == usize::MAX { 0 } else { self.place + 1 };
                self.place = table.finder.as_ref()?.find(self.text, from)?;
                self.lens = 0;
            }
        }
    }

    fn next_in(&mut self, windows: &'s Windows) -> Option<Candidate<'s>> {
        loop {
            while self.possible != 0 {
                let literal = &windows.literals[self.possible.trailing_zeros() as usize];
                self.possible &= self.possible - 1;
                if let Some(at) = literal.stands(self.text, self.place) {
                    return Some(Candidate { at, uses: &literal.uses });
                }
            }
            if self.bits == 0 && !self.next_word(windows) {
                return None;
            }
            self.place = self.start + self.bits.trailing_zeros() as usize;
            self.bits &= self.bits - 1;
            self.possible = windows.near.possible(self.text, self.place);
        }
    }

    /// Goes on to the next word with marks; `false` if there is none.
    #[inline]
    fn next_word(&mut self, windows: &Windows) -> bool {
        while self.marked == 0 {
            // Of a text that has not been marked no group is left either.
            let groups = self.span.len().div_ceil(WORD_BYTES * 64);
            if self.groups < groups {
                self.marked = self.marks.0.marked[self.groups];
                self.groups += 1;
            } else if !self.mark_next(windows) {
                return false;
            }
        }
        let word = 64 * (self.groups - 1) + self.marked.trailing_zeros() as usize;
        self.marked &= self.marked - 1;
        self.start = self.span.start + word * WORD_BYTES;
        self.bits = self.marks.0.words[word];
        true
    }

    /// Marks the text behind what is marked; `false` if there is none.
    // Not inlined: it would take the registers from what is done for each mark.
    #[inline(never)]
    fn mark_next(&mut self, windows: &Windows) -> bool {
        let start = self.span.end;
        let Some(rest) = self.text.get(start..).filter(|rest| !rest.is_empty()) else { return false };
        self.groups = 0;
        self.span = start..start + rest.len().min(SPAN_BYTES);
        let SpanMarks { words, marked } = &mut *self.marks.0;
        let words = &mut words[..self.span.len().div_ceil(WORD_BYTES)];
        // A window may begin in the span and end behind it.
        let text = &rest[..rest.len().min(SPAN_BYTES + window::WIDTH)];
        window::mark(self.prefilter.level, &windows.windows, text, words);
        dispatch!(self.prefilter.level, _simd => note_marked(words, marked));
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

    /// Each candidate: where, and of which patterns.
    fn found(prefilter: &Prefilter, text: &[u8]) -> Vec<(usize, Vec<usize>)> {
        let mut marks = Marks::default();
        let mut candidates = prefilter.candidates(text, &mut marks);
        let next = || {
            let candidate = candidates.next()?;
            Some((candidate.at, candidate.uses.iter().map(|says| says.pattern).collect()))
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn a_candidate_says_whose_literal_stands_there() {
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
    fn literals_that_are_sought_anyway_are_one() {
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
    fn patterns_without_a_literal_are_always_searched_for() {
        let prefilter = Prefilter::new(&[leading(&["abc"]), Anchors { leading: None, required: None }]);
        assert_eq!(prefilter.always(), [1]);
        assert_eq!(found(&prefilter, b"abc x"), [(0, vec![0])]);
        assert_eq!(Prefilter::pass_all(3).always(), [0, 1, 2]);
    }

    proptest! {
        #[test]
        fn no_literal_is_missed(
            few in prop::collection::vec("[abcA]{2,16}", 1..8),
            // So many that they are left to an automaton.
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
