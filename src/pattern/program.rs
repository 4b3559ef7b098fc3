//! A fast matcher for common regexes: a list of instructions that tries to match at one given position.
//!
//! There are programs for regexes that consist of literals, classes, repetitions, options and alternatives. The regex engine
//! handles all others. At most points, the next byte decides which alternative can match, so nothing has to be tried twice.
//! Elsewhere, the alternatives are tried in the order in which the regex engine prefers them, with limited
//! [backtracking](super::choice).
//!
//! For example, `(?:ab|c)\d+x` becomes:
//!
//! ```text
//! 0  Branch { class: [a], otherwise: 3 }
//! 1  Literal "ab"
//! 2  Jump 4
//! 3  Byte c
//! 4  Run { class: [0-9], least: 1 }
//! 5  Byte x
//! 6  Match
//! ```
//!
//! Invariant: a program finds what an anchored search with the regex engine finds, or gives up. The property tests below and
//! those against the oracle check this.
//!
//! Alternative: the one-pass automaton of the regex engine does not try anything twice either, but it looks up a table for every
//! byte and sets up a search for every match.

mod build;

use memchr::memchr;
use regex_automata::util::primitives::NonMaxUsize;
use regex_syntax::hir::Hir;

use super::byte_set::ByteSet;
use super::choice::{Backtracker, Span};
use super::literal::Leading;

/// A compiled regex: its instructions in order, starting with the first.
#[derive(Debug)]
pub(super) struct Program {
    /// The instructions of the program, in order.
    steps: Vec<Step>,
    /// The capture slots that a match may leave unset, because they come after a branch. They are cleared before each attempt.
    optional_slots: Vec<usize>,
    /// Whether the program may have to backtrack.
    has_choices: bool,
    /// The number of steps at the start that only check the leading literal, and the number of bytes that they match.
    checked_by_leading: (usize, usize),
}

/// What the caller knows about a position before a match is tried there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// The caller knows nothing, so every step has to be run.
    Nothing,
    /// The leading literal is there, after a byte that may precede it. Steps that check this can be skipped.
    Leading,
}

/// One instruction of a program. It continues at the current position in the text.
#[derive(Debug)]
enum Step {
    /// Matches the bytes of the word.
    Literal(Word),
    /// Matches this single byte.
    Byte(u8),
    /// Matches one byte of the class.
    One(Box<Class>),
    /// Matches as many bytes of the class as possible, at least `least` and at most `most`.
    Run { class: Box<Class>, least: usize, most: usize },
    /// Matches as many bytes other than `byte` as possible, at least `least`.
    Until { byte: u8, least: usize },
    /// Matches everything up to and including the first `byte`. Replaces an `Until` and a `Byte`.
    Past { byte: u8 },
    /// Matches a run of the class and then `then`, and stores the run in the capture slot `slot` and the next one. Replaces a
    /// `Slot`, a `Run`, another `Slot` and a `Byte`.
    Field { slot: usize, class: Box<Class>, least: usize, then: u8 },
    /// Succeeds if the assertion holds at the current position.
    Holds(Assertion),
    /// Stores the position in a capture slot: the start or the end of a group.
    Slot(usize),
    /// Matches a run of bytes of a class whose length depends on what follows. If later steps fail, another length is tried.
    Span(Span),
    /// Continues with the next step. If the next byte is in `class` and later steps fail, continues with the step `otherwise`.
    Fork { class: Box<Class>, otherwise: usize },
    /// Continues with the next step if the next byte is in `class`, and otherwise with the step `otherwise`.
    Branch { class: Box<Class>, otherwise: usize },
    /// Continues with the step at the given index.
    Jump(usize),
    /// Records that the match may end at the current position, after the given actions. It does end there if later steps fail.
    MayEnd(Vec<AtEnd>),
    /// Ends the match at the current position.
    Match,
}

/// A class of bytes as a table. The entry at index `b` is whether byte `b` is in the class.
pub(super) type Class = [bool; 256];

/// Up to [`WORD_BYTES`] bytes that are compared as one integer, which is faster than a call of `memcmp`.
#[derive(Debug)]
struct Word {
    /// The bytes in little-endian order, padded with zeros.
    bytes: u128,
    /// A mask in which all bits of these bytes are set, and those of the padding are cleared.
    mask: u128,
    /// The number of bytes in the word.
    len: usize,
}

/// The largest number of bytes in a [`Word`].
const WORD_BYTES: usize = 16;

/// The class of bytes that `\w` matches without Unicode: ASCII letters, digits and the underscore.
const IS_WORD: Class = {
    let mut class = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        class[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_';
        byte += 1;
    }
    class
};

/// A condition on the bytes before and after a position, such as `\b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assertion {
    /// Holds at the start of the text, like `\A`.
    Start,
    /// Holds at the end of the text, like `\z`.
    End,
    /// Holds at a boundary of an ASCII word, like `\b`.
    WordBoundary,
    /// Holds where there is no boundary of an ASCII word, like `\B`.
    NoWordBoundary,
}

/// An action that is left to do if the rest of the regex matches the empty string.
#[derive(Clone, Copy, Debug)]
pub(super) enum AtEnd {
    /// Check that the assertion holds.
    Holds(Assertion),
    /// Store the position in a capture slot.
    Slot(usize),
}

/// The capture slots: the start and end of each group, at indexes `2 * group` and `2 * group + 1`. Group 0 is the whole match.
pub(super) type Slots = [Option<NonMaxUsize>];

impl Program {
    /// Builds the program for a regex with these leading literals. Returns `None` if the regex is not supported.
    pub(super) fn new(hir: &Hir, leading: Option<&Leading>) -> Option<Program> {
        let steps = fused(build::steps(hir)?);
        let choice = steps.iter().position(|step| matches!(step, Step::Branch { .. } | Step::MayEnd(_)));
        let slot = |step: &Step| if let Step::Slot(slot) = step { Some(*slot) } else { None };
        let after_choice = choice.and_then(|choice| steps.get(choice..)).unwrap_or_default();
        let optional_slots = after_choice.iter().filter_map(slot).collect();
        let has_choices = steps.iter().any(|step| matches!(step, Step::Fork { .. } | Step::Span(_)));
        let mut program = Program { steps, optional_slots, has_choices, checked_by_leading: (0, 0) };
        program.checked_by_leading = leading.map(|leading| program.steps_checked_by(leading)).unwrap_or_default();
        Some(program)
    }

    /// Returns the number of steps at the start that can be skipped if the leading literal is known to be there, and the number
    /// of bytes that they match.
    fn steps_checked_by(&self, leading: &Leading) -> (usize, usize) {
        let Leading { literals, offset: 0, before } = leading else { return (0, 0) };
        let [literal] = literals.as_slice() else { return (0, 0) };
        let starts_word = literal.first().is_some_and(|&first| IS_WORD[usize::from(first)])
            && before.is_subset(ByteSet::WORD.complement());
        let mut bytes = 0;
        let is_checked = |step: &&Step| {
            let len = match step {
                Step::Holds(Assertion::WordBoundary) if bytes == 0 && starts_word => 0,
                Step::Byte(byte) if literal.get(bytes) == Some(byte) => 1,
                Step::Literal(word) if literal.get(bytes..).is_some_and(|rest| word.strip(rest).is_some()) => word.len,
                _ => return false,
            };
            bytes += len;
            true
        };
        let steps = self.steps.iter().take_while(is_checked).count();
        (steps, bytes)
    }

    /// Whether the program may have to backtrack. Only then may it give up.
    pub(super) fn has_choices(&self) -> bool {
        self.has_choices
    }

    /// Returns the end of the match that starts at `at`, which may be empty, and stores its groups in `slots`. Returns `None` if
    /// no match starts there, or if the program gave up. [`Backtracker::gave_up`] distinguishes the two.
    ///
    /// `slots` may contain values from earlier attempts with the same regex.
    #[inline]
    pub(super) fn run(
        &self,
        text: &[u8],
        at: usize,
        known: Known,
        slots: &mut Slots,
        backtracker: &mut Backtracker,
    ) -> Option<usize> {
        backtracker.begin();
        let (step, bytes) = if known == Known::Leading { self.checked_by_leading } else { (0, 0) };
        // A long line may have been cut within the literal.
        let rest = text.get(at + bytes..)?;
        let steps = self.steps.get(step..)?;
        let end = if self.has_choices {
            self.run_steps::<true>(steps, text, rest, slots, backtracker)
        } else {
            self.run_steps::<false>(steps, text, rest, slots, backtracker)
        }?;
        slots[0] = NonMaxUsize::new(at);
        slots[1] = NonMaxUsize::new(end);
        Some(end)
    }

    /// Runs `steps` on `rest`, the part of `text` that has not been matched yet.
    ///
    /// If `CHOICES` is false, this compiles to code without bookkeeping for backtracking. `rest` is a slice instead of a
    /// position, because then checking its first byte takes a single comparison.
    #[inline(never)]
    fn run_steps<'t, const CHOICES: bool>(
        &self,
        steps: &[Step],
        text: &'t [u8],
        mut rest: &'t [u8],
        slots: &mut Slots,
        backtracker: &mut Backtracker,
    ) -> Option<usize> {
        self.optional_slots.iter().for_each(|&slot| slots[slot] = None);
        let from = |step: usize| self.steps.get(step..).unwrap_or_default().iter();
        let mut steps = steps.iter();
        loop {
            let after = match steps.next()? {
                Step::Literal(word) => word.strip(rest),
                Step::Byte(byte) => rest.split_first().filter(|(first, _)| *first == byte).map(|(_, rest)| rest),
                Step::One(class) => {
                    rest.split_first().filter(|(first, _)| class[usize::from(**first)]).map(|(_, rest)| rest)
                }
                Step::Run { class, least, most } => {
                    let len = run_len(class, &rest[..rest.len().min(*most)]);
                    if len >= *least { rest.get(len..) } else { None }
                }
                Step::Until { byte, least } => {
                    let len = until(*byte, rest);
                    if len >= *least { rest.get(len..) } else { None }
                }
                Step::Past { byte } => rest.get(until(*byte, rest) + 1..),
                Step::Field { slot, class, least, then } => {
                    let len = run_len(class, rest);
                    let start = text.len() - rest.len();
                    let after = rest.get(len..).and_then(<[u8]>::split_first);
                    let after = after.filter(|(byte, _)| *byte == then && len >= *least).map(|(_, rest)| rest);
                    (slots[*slot], slots[*slot + 1]) = (NonMaxUsize::new(start), NonMaxUsize::new(start + len));
                    after
                }
                Step::Holds(assertion) => assertion.holds(text, text.len() - rest.len()).then_some(rest),
                Step::Slot(slot) => {
                    if CHOICES {
                        backtracker.note_slot(*slot, slots[*slot]);
                    }
                    slots[*slot] = NonMaxUsize::new(text.len() - rest.len());
                    Some(rest)
                }
                Step::Span(_) | Step::Fork { .. } => {
                    self.choose(self.steps.len() - steps.len() - 1, text, rest, backtracker)
                }
                Step::Branch { class, otherwise } => {
                    if !rest.first().is_some_and(|&byte| class[usize::from(byte)]) {
                        steps = from(*otherwise);
                    }
                    Some(rest)
                }
                Step::Jump(to) => {
                    steps = from(*to);
                    Some(rest)
                }
                Step::MayEnd(last) => {
                    backtracker.keep(slots, last, text, text.len() - rest.len());
                    Some(rest)
                }
                Step::Match => return Some(text.len() - rest.len()),
            };
            match after {
                Some(after) => rest = after,
                None if !CHOICES => return backtracker.settle(slots),
                None => match backtracker.turn_back(slots, text, |step| self.span(step)) {
                    Some((step, at)) => (steps, rest) = (from(step), text.get(at..)?),
                    None => return backtracker.settle(slots),
                },
            }
        }
    }

    /// Runs a `Span` or `Fork`, both of which push a choice. Returns the text after what the step matches.
    #[inline(never)]
    fn choose<'t>(
        &self,
        step: usize,
        text: &'t [u8],
        rest: &'t [u8],
        backtracker: &mut Backtracker,
    ) -> Option<&'t [u8]> {
        let at = text.len() - rest.len();
        match self.steps.get(step)? {
            Step::Span(span) => backtracker.first_end(span, step, text, at).and_then(|end| text.get(end..)),
            Step::Fork { class, otherwise } => {
                if rest.first().is_some_and(|&byte| class[usize::from(byte)]) {
                    backtracker.fork(*otherwise, at);
                }
                Some(rest)
            }
            _ => None,
        }
    }

    /// Returns the run of the step at this index, if the step is a `Span`.
    fn span(&self, step: usize) -> Option<&Span> {
        if let Some(Step::Span(span)) = self.steps.get(step) { Some(span) } else { None }
    }
}

/// Replaces steps that often follow each other by a single one. Lines begin with fields, such as a time, a process and a thread,
/// and every line of a sign-in is matched. A program with branches, choices or jumps is not changed.
fn fused(steps: Vec<Step>) -> Vec<Step> {
    let is_straight = |step: &Step| {
        matches!(
            step,
            Step::Literal(_)
                | Step::Byte(_)
                | Step::One(_)
                | Step::Run { .. }
                | Step::Until { .. }
                | Step::Holds(_)
                | Step::Slot(_)
                | Step::Match
        )
    };
    if !steps.iter().all(is_straight) {
        return steps;
    }
    let mut fused: Vec<Step> = Vec::new();
    for step in steps {
        let Step::Byte(byte) = step else {
            fused.push(step);
            continue;
        };
        let (replaced, by) = match &fused[..] {
            [.., Step::Until { least: 0, byte: other }] if *other == byte => (1, Step::Past { byte }),
            [.., Step::Slot(start), Step::Run { class, least, most: usize::MAX }, Step::Slot(end)]
                if *end == start + 1 =>
            {
                (3, Step::Field { slot: *start, class: class.clone(), least: *least, then: byte })
            }
            _ => (0, step),
        };
        fused.truncate(fused.len() - replaced);
        fused.push(by);
    }
    fused
}

impl AtEnd {
    /// Returns the assertion, if the action is to check one.
    pub(super) fn assertion(&self) -> Option<Assertion> {
        match self {
            AtEnd::Holds(assertion) => Some(*assertion),
            AtEnd::Slot(_) => None,
        }
    }
}

impl Word {
    /// Creates a word from at most [`WORD_BYTES`] bytes.
    fn new(bytes: &[u8]) -> Word {
        let mut padded = [0; WORD_BYTES];
        padded[..bytes.len()].copy_from_slice(bytes);
        let mask = u128::MAX >> (8 * (WORD_BYTES - bytes.len()));
        Word { bytes: u128::from_le_bytes(padded), mask, len: bytes.len() }
    }

    /// Returns the rest of `text` if it starts with these bytes, and otherwise `None`.
    #[inline]
    fn strip<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        let fits = match text.first_chunk() {
            Some(bytes) => u128::from_le_bytes(*bytes) & self.mask == self.bytes,
            None => text.starts_with(&self.bytes.to_le_bytes()[..self.len]),
        };
        if fits { text.get(self.len..) } else { None }
    }
}

impl Assertion {
    /// Whether the assertion holds at position `at`.
    pub(super) fn holds(self, text: &[u8], at: usize) -> bool {
        let is_word = |byte: Option<&u8>| byte.is_some_and(|&byte| IS_WORD[usize::from(byte)]);
        let before = || is_word(at.checked_sub(1).and_then(|before| text.get(before)));
        match self {
            Assertion::Start => at == 0,
            Assertion::End => at == text.len(),
            Assertion::WordBoundary => before() != is_word(text.get(at)),
            Assertion::NoWordBoundary => before() == is_word(text.get(at)),
        }
    }
}

/// Returns the number of bytes at the start of `text` that are in the class.
#[inline(always)]
fn run_len(class: &Class, text: &[u8]) -> usize {
    // `position` compiles to fewer instructions for each byte than `take_while`.
    text.iter().position(|byte| !class[usize::from(*byte)]).unwrap_or(text.len())
}

/// Returns the number of bytes in `text` before the first `byte`, or before the end if there is none.
///
/// Most runs are so short that a call of `memchr` would take longer than comparing the first bytes eight at a time.
#[inline(always)]
fn until(byte: u8, text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const SHORT_WORDS: usize = 4;
    let (words, _) = text.as_chunks();
    for (index, word) in words.iter().take(SHORT_WORDS).enumerate() {
        // A byte of `difference` is zero where the bytes are equal. The lowest bit that is set in `equal` belongs to the first of
        // these.
        let difference = u64::from_le_bytes(*word) ^ (u64::from(byte) * ONES);
        let equal = difference.wrapping_sub(ONES) & !difference & (0x80 * ONES);
        if equal != 0 {
            return 8 * index + equal.trailing_zeros() as usize / 8;
        }
    }
    let passed = 8 * words.len().min(SHORT_WORDS);
    memchr(byte, &text[passed..]).map_or(text.len(), |at| passed + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_automata::util::syntax;
    use regex_automata::{Anchored, Input, meta};

    use super::super::literal::leading;
    use super::*;

    fn config() -> syntax::Config {
        syntax::Config::new().unicode(false).utf8(false)
    }

    pub(super) fn program(regex: &str) -> Option<Program> {
        Program::new(&syntax::parse_with(regex, &config()).unwrap(), None)
    }

    fn engine(regex: &str) -> meta::Regex {
        let builder =
            meta::Regex::builder().syntax(config()).configure(meta::Config::new().utf8_empty(false)).build(regex);
        builder.unwrap()
    }

    /// Returns the groups of the match that the regex engine finds at `at`.
    fn by_engine(regex: &meta::Regex, text: &[u8], at: usize) -> Option<Vec<Option<NonMaxUsize>>> {
        let mut slots = vec![None; regex.group_info().slot_len()];
        let input = Input::new(text).range(at..).anchored(Anchored::Yes);
        regex.search_slots(&input, &mut slots).map(|_| slots)
    }

    /// Returns the groups of the match that the program finds at `at`, or an error if it gives up.
    fn by_program(
        program: &Program,
        len: usize,
        text: &[u8],
        at: usize,
    ) -> Result<Option<Vec<Option<NonMaxUsize>>>, ()> {
        let mut slots = vec![None; len];
        let mut backtracker = Backtracker::default();
        // The slots contain values, as after an earlier attempt.
        for before in 0..at {
            program.run(text, before, Known::Nothing, &mut slots, &mut backtracker);
        }
        let found = program.run(text, at, Known::Nothing, &mut slots, &mut backtracker);
        if found.is_none() && backtracker.gave_up() { Err(()) } else { Ok(found.map(|_| slots)) }
    }

    proptest! {
        #[test]
        fn a_run_of_other_bytes_ends_before_the_first(text in prop::collection::vec(prop_oneof![9 => any::<u8>(), 1 => Just(b'|')], 0..80)) {
            let first = text.iter().position(|byte| *byte == b'|');
            prop_assert_eq!(until(b'|', &text), first.unwrap_or(text.len()));
        }
    }

    #[test]
    fn alternatives_that_begin_alike_are_tried_in_order() {
        for (regex, text, end) in [
            ("a*ab", "aaab", Some(4)),
            ("a*?b", "aab", Some(3)),
            ("(?:ab|ac)d", "acd", Some(3)),
            // The first alternative that matches wins, not the longest.
            ("(?<x>a|ab)(?<y>c|bcd)?", "abcd", Some(4)),
            ("(?<x>a|ab)(?<y>c|bcde)?", "abcd", Some(1)),
            ("'(?<x>.*?)'(?: (?<y>x)| y)?;", "'a'b' y;", Some(8)),
            (r"(?:(?<x>a)b|(?<y>a)(?:c|d))*", "abadabae", Some(6)),
            (r"\d*\Bx?", "12x", Some(3)),
            (r"\d*\Bx?", "12.", Some(1)),
            (r"[a-]*\b", "a-a-.", Some(3)),
            ("(?:ab)?a?", "ac", Some(1)),
            ("[ab]{2}a", "aba", Some(3)),
            ("[ab]{1,2}?a", "bba", Some(3)),
            ("[ab]{0,1}?a", "bba", None),
            // Steps that are replaced by one.
            (r"[^|]*\|(?<x>\d+)\|(?<y>[^|]*)\|", "a|17||b", Some(6)),
            (r"[^|]*\|(?<x>\d+)\|", "a||17|", None),
            (r"[^|]*\|(?<x>\d+)\|", "a|17", None),
            (r"[^|]*\|(?<x>\d+)\|", "a", None),
            (r"(?<x>(?<y>a*)b)c", "aabc", Some(4)),
        ] {
            let program = program(regex).unwrap();
            let expected = by_engine(&engine(regex), text.as_bytes(), 0);
            let found = by_program(&program, expected.as_ref().map_or(4, Vec::len), text.as_bytes(), 0);
            assert_eq!(found, Ok(expected), "{regex}");
            assert_eq!(found.unwrap().map(|slots| slots[1].unwrap().get()), end, "{regex}");
        }
    }

    #[test]
    fn steps_that_check_the_leading_literal_again_are_skipped() {
        for (regex, checked_by_leading) in [
            (r"\brawCallStatus\s*=\s*(?<code>-?\d+)\b", (2, 13)),
            // The literal is longer than one step, and is cut to the length that is searched for.
            (r"<aaaabbbbccccddddeeee>(?<code>\d)", (1, 16)),
            (r"abc=(?<code>\d)", (1, 4)),
            // The search uses the last 16 bytes of the literal, which are the same as its first ones.
            (r"baabaabaabaabaabaabaab(?<code>\d)", (0, 0)),
            (r"\b=abc(?<code>\d)", (0, 0)),
            (r"\Babc(?<code>\d)", (0, 0)),
            (r"abc\b-", (1, 3)),
            (r"(?<x>abc)(?<code>\d)", (0, 0)),
            (r"\da_QXZ_b(?<code>\d)", (0, 0)),
            (r"(?:ab|cd)e(?<code>\d)", (0, 0)),
        ] {
            let hir = syntax::parse_with(regex, &config()).unwrap();
            let leading = leading(&hir);
            assert_eq!(
                Program::new(&hir, leading.as_ref()).unwrap().checked_by_leading,
                checked_by_leading,
                "{regex} {leading:?}"
            );
        }
    }

    #[test]
    fn after_too_many_retries_the_engine_decides() {
        let program = program("a*a*a*b").unwrap();
        let found = |as_many: usize, end: &str| by_program(&program, 2, ("a".repeat(as_many) + end).as_bytes(), 0);
        assert_eq!(found(4, "c"), Ok(None));
        assert_eq!(found(100, "c"), Err(()));
        assert!(matches!(found(100, "b"), Ok(Some(_))));
        // An attempt at one position does not affect the next.
        let mut backtracker = Backtracker::default();
        let (slots, text) = (&mut [None; 2], "a".repeat(50) + "c");
        assert_eq!(program.run(text.as_bytes(), 0, Known::Nothing, slots, &mut backtracker), None);
        assert!(backtracker.gave_up());
        assert_eq!(program.run(text.as_bytes(), 50, Known::Nothing, slots, &mut backtracker), None);
        assert!(!backtracker.gave_up());
    }

    #[test]
    fn too_many_open_choices_matter_only_if_the_attempt_fails() {
        let text = "ab".repeat(1000);
        let found = |regex: &str, text: &str| by_program(&program(regex).unwrap(), 4, text.as_bytes(), 0);
        let end = |found: Result<Option<Vec<Option<NonMaxUsize>>>, ()>| found.unwrap().unwrap()[1].unwrap().get();
        assert_eq!(end(found("(?:(?<x>a)b)*a?", &text)), 2000);
        assert_eq!(end(found("(?:(?<x>a)b)*a?", &(text.clone() + "ac"))), 2001);
        assert_eq!(end(found("(?:(?<x>a)b)*a?;", &(text.clone() + ";"))), 2001);
        assert_eq!(found("(?:(?<x>a)b)*ac", &(text + "ac")), Err(()));
    }

    #[test]
    fn a_shorter_match_counts_if_a_longer_one_fails() {
        for (regex, text, end) in [
            (r"a(?:-(?<text>b)c)?", "a-bd", Some(1)),
            (r"\d+(?:\.\d+)*\b", "1.22.x", Some(4)),
            (r"\d+(?:\.\d+)*\b", "1.22x", Some(1)),
            (r"(?:a(?:bc)?){2}", "abca", Some(4)),
            // The group has to match twice.
            ("(?:a(?:bc)?){2}", "abcd", None),
            (r"a\d*\b", "a1b", None),
            (r"a-\d*\b", "a-1b", Some(2)),
            ("a(?:bc|)", "abd", Some(1)),
        ] {
            let expected = by_engine(&engine(regex), text.as_bytes(), 0);
            let found = by_program(&program(regex).unwrap(), expected.as_ref().map_or(4, Vec::len), text.as_bytes(), 0);
            assert_eq!(found, Ok(expected), "{regex}");
            assert_eq!(found.unwrap().map(|slots| slots[1].unwrap().get()), end, "{regex}");
        }
    }

    /// Returns regexes. A third of them have a program without choices, a third have one with choices, and the rest have none.
    fn regex() -> impl Strategy<Value = String> {
        let atoms = vec![
            "a", "b", "ab", "-", ".", "[ab]", "[^a]", "[a-c-]", r"\b", r"\B", "^", "$", r"\d", r"\w", r"\s", "(?i:a)",
            "(?:a|bc)", "(?:a|b|)", "(?:-c|)", "(?:^|a)", "(?i:bc)", "1",
        ];
        let leaf = prop::sample::select(atoms).prop_map(str::to_owned);
        leaf.prop_recursive(3, 20, 4, |inner| {
            let repeat = prop::sample::select(vec!["?", "*", "+", "{2}", "{0,2}", "{1,3}", "{2,}", "*?"]);
            prop_oneof![
                2 => prop::collection::vec(inner.clone(), 1..5).prop_map(|parts| parts.concat()),
                3 => (inner.clone(), repeat).prop_map(|(part, repeat)| format!("(?:{part}){repeat}")),
                1 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
                2 => inner.prop_map(|part| format!("(?<X>{part})")),
            ]
        })
    }

    /// Gives the groups of a regex different names, except that some stay unnamed and some become non-capturing.
    fn named(regex: &str) -> String {
        let mut parts = regex.split("(?<X>");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.enumerate().fold(first, |all, (index, part)| match index % 4 {
            2 => format!("{all}({part}"),
            3 => format!("{all}(?:{part}"),
            _ => format!("{all}(?<x{index}>{part}"),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, max_global_rejects: 100_000, ..ProptestConfig::default() })]

        #[test]
        fn a_program_finds_what_the_engine_finds(regex in regex(), text in "[abcA1. _-]{0,12}[ab-]{0,20}", at in 0_usize..4) {
            let regex = named(&regex);
            let Some(program) = program(&regex) else { return Err(TestCaseError::reject("has no program")) };
            let engine = engine(&regex);
            let at = at.min(text.len());
            let expected = by_engine(&engine, text.as_bytes(), at);
            let found = by_program(&program, engine.group_info().slot_len(), text.as_bytes(), at);
            let Ok(found) = found else { return Err(TestCaseError::reject("too many tries")) };
            prop_assert_eq!(found, expected, "{} {:?}", regex, program);
        }

        #[test]
        fn skipping_steps_that_the_prefilter_has_checked_changes_nothing(
            before in prop::sample::select(vec!["", "", r"\b", r"\b", r"\B", "^", r"^\b", "a?", r"\s", "(?:^|=)"]),
            literal in prop::sample::select(vec!["ab", "=ab", "a-", "a[bc]a", "baabaabaabaabaabaabaab", r"ab\b", r"ab\B"]),
            after in regex(),
            pieces in prop::collection::vec(prop::sample::select(vec!["ab", "a", "=", "-", "aba", "aca", "baabaabaabaabaabaabaab", " "]), 0..9),
        ) {
            let regex = named(&format!("{before}{literal}{after}"));
            let hir = syntax::parse_with(&regex, &config()).unwrap();
            let leading = leading(&hir);
            let (Some(leading), Some(program)) = (&leading, Program::new(&hir, leading.as_ref())) else {
                return Err(TestCaseError::reject("has no leading literal, or no program"));
            };
            let len = engine(&regex).group_info().slot_len();
            let text = pieces.concat().into_bytes();
            let run = |at, known| {
                let (mut slots, mut backtracker) = (vec![None; len], Backtracker::default());
                let end = program.run(&text, at, known, &mut slots, &mut backtracker);
                (end, end.map(|_| slots), backtracker.gave_up())
            };
            for at in 0..text.len() {
                let (said, rest) = text.split_at((at + leading.offset).min(text.len()));
                let stands = leading.literals.iter().any(|literal| rest.starts_with(literal));
                if stands && said.last().is_none_or(|byte| leading.before.contains(*byte)) {
                    prop_assert_eq!(run(at, Known::Leading), run(at, Known::Nothing), "{} {:?} {}", regex, program, at);
                }
            }
        }
    }
}
