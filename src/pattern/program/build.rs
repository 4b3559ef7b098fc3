//! Builds the steps of a [program](super) from the syntax tree of a regex.
//!
//! The builder walks the tree once, and passes down what may [follow](Follow) each part. The bytes with which that may begin
//! decide whether the part needs backtracking: `\d+x` needs none, because `x` is not a digit. If the match may end after a part,
//! a step records that.
//!
//! | regex | steps |
//! |---|---|
//! | literal | a `Literal` for every 16 bytes, or `Byte` |
//! | class | `One` |
//! | class, repeated | `Run` or `Until` if what follows cannot begin with a byte of the class, otherwise `Span` |
//! | group, repeated | its steps `min` times, then options: up to `max` times, or a loop |
//! | alternatives | a `Branch` before each, after a `Fork` if a later one can begin with the same byte |
//! | option, loop | like alternatives of which one is empty, with `MayEnd` if the match may end there |
//! | capture group | a `Slot` before and after |
//! | assertion | `Holds` |
//!
//! For example, both alternatives of `(?:ab|ac)d?` begin with `a`. So the first one has a `Fork`, and if `b` does not match, the
//! program continues with the second alternative. The class of a `Fork` contains the bytes with which both can begin. The class
//! of a `Branch` contains those with which its own alternative can begin.
//!
//! Invariant: a regex with any other part, or with too many steps, has no program and is left to the regex engine. Every function
//! here returns `None` for such a regex.

use std::ops::Range;

use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

use super::super::byte_set::ByteSet;
use super::super::choice::{Prefers, Span};
use super::super::literal::{Side, can_be_empty, edge};
use super::{Assertion, AtEnd, Class, Step, WORD_BYTES, Word};

/// The largest number of steps in a program. A counted repetition of a group repeats the steps of the group, so it could need
/// many.
const STEPS_LIMIT: usize = 200;
/// The largest number of capture slots, two for each group.
const SLOTS_LIMIT: usize = 64;

/// Returns the steps for a regex, or `None` if the regex is not supported.
pub(super) fn steps(hir: &Hir) -> Option<Vec<Step>> {
    let mut builder = Builder { steps: Vec::new() };
    builder.part(hir, &Follow { first: ByteSet::EMPTY, end: Some(Vec::new()) })?;
    builder.step(Step::Match)?;
    Some(builder.steps)
}

/// Builds the list of steps.
struct Builder {
    steps: Vec<Step>,
}

impl Builder {
    /// Appends a step and returns its index, or `None` if there are too many steps.
    fn step(&mut self, step: Step) -> Option<usize> {
        self.steps.push(step);
        (self.steps.len() <= STEPS_LIMIT).then_some(self.steps.len() - 1)
    }

    /// Makes the fork, branch or jump at index `step` lead to the step that is appended next.
    fn lead_here(&mut self, step: usize) {
        let here = self.steps.len();
        if let Step::Fork { otherwise: to, .. } | Step::Branch { otherwise: to, .. } | Step::Jump(to) =
            &mut self.steps[step]
        {
            *to = here;
        }
    }

    /// Makes the steps that [`Builder::option`] or [`Builder::branch`] returned lead to the step that is appended next.
    fn lead_past(&mut self, option: Range<usize>) {
        option.for_each(|step| self.lead_here(step));
    }

    /// Appends the steps for `hir`, which is followed by `follow`.
    fn part(&mut self, hir: &Hir, follow: &Follow) -> Option<()> {
        match hir.kind() {
            HirKind::Empty => {}
            HirKind::Literal(literal) => {
                for bytes in literal.0.chunks(WORD_BYTES) {
                    self.step(match *bytes {
                        [byte] => Step::Byte(byte),
                        _ => Step::Literal(Word::new(bytes)),
                    })?;
                }
            }
            HirKind::Class(_) => {
                self.step(Step::One(table(single(hir)?)))?;
            }
            HirKind::Look(look) => {
                self.step(Step::Holds(Assertion::of(*look)?))?;
            }
            HirKind::Repetition(repetition) => self.repetition(repetition, follow)?,
            HirKind::Capture(capture) => {
                let slot = usize::try_from(capture.index).ok()?.checked_mul(2).filter(|slot| slot + 1 < SLOTS_LIMIT)?;
                let mut inner = follow.clone();
                self.step(Step::Slot(slot))?;
                inner.end = inner.end.map(|end| [&[AtEnd::Slot(slot + 1)], end.as_slice()].concat());
                self.part(&capture.sub, &inner)?;
                self.step(Step::Slot(slot + 1))?;
            }
            HirKind::Concat(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    self.part(part, &follow.preceded_by(&parts[index + 1..])?)?;
                }
            }
            HirKind::Alternation(alternatives) => self.alternation(alternatives, follow)?,
        }
        Some(())
    }

    /// Appends the steps for a repetition. Lazy repetitions are supported only for a single class.
    fn repetition(&mut self, repetition: &Repetition, follow: &Follow) -> Option<()> {
        if can_be_empty(&repetition.sub) {
            return None;
        }
        let most = repetition.max.map_or(Some(usize::MAX), |most| usize::try_from(most).ok())?;
        let least = usize::try_from(repetition.min).ok()?;
        let prefers = if repetition.greedy { Prefers::Longest } else { Prefers::Shortest };
        if let Some(class) = single(&repetition.sub) {
            return self.run_of(class, least, most, prefers, follow);
        }
        if prefers == Prefers::Shortest && least < most {
            return None;
        }
        let first = edge(&repetition.sub, Side::First);
        // Each repetition is followed by another one, or may be followed by either another one or `follow`.
        let must_repeat = Follow { first, end: None };
        let may_repeat = Follow { first: follow.first.union(first), end: follow.end.clone() };
        for left in (0..least).rev() {
            let follow = if left > 0 {
                &must_repeat
            } else if most > least {
                &may_repeat
            } else {
                follow
            };
            self.part(&repetition.sub, follow)?;
        }
        // An unlimited repetition is a loop. A limited one is a series of options, each of which can skip to the end.
        if most == usize::MAX {
            let head = self.steps.len();
            let option = self.option(first, follow)?;
            self.part(&repetition.sub, &may_repeat)?;
            self.step(Step::Jump(head))?;
            self.lead_past(option);
            return Some(());
        }
        let mut options = Vec::new();
        for _ in least..most {
            options.push(self.option(first, follow)?);
            self.part(&repetition.sub, &may_repeat)?;
        }
        options.into_iter().for_each(|option| self.lead_past(option));
        Some(())
    }

    /// Begins an optional part. Returns the steps that skip it. The caller must pass them to [`Builder::lead_past`] at the end of
    /// the part.
    fn option(&mut self, first: ByteSet, follow: &Follow) -> Option<Range<usize>> {
        if let Some(end) = &follow.end {
            self.step(Step::MayEnd(end.clone()))?;
        }
        self.branch(first, follow.first)
    }

    /// Begins a part that is tried if the next byte is in `first`. If the byte is also in `others`, skipping the part is tried as
    /// well. Returns the steps that skip it. The caller must pass them to [`Builder::lead_past`] at the end of the part.
    fn branch(&mut self, first: ByteSet, others: ByteSet) -> Option<Range<usize>> {
        let start = self.steps.len();
        let shared = first.intersection(others);
        if shared != ByteSet::EMPTY {
            self.step(Step::Fork { class: table(shared), otherwise: 0 })?;
        }
        self.step(Step::Branch { class: table(first), otherwise: 0 })?;
        Some(start..self.steps.len())
    }

    /// Appends the step for a repetition of a single class.
    fn run_of(&mut self, class: ByteSet, least: usize, most: usize, prefers: Prefers, follow: &Follow) -> Option<()> {
        let assertions: Vec<Assertion> = follow.end.iter().flatten().filter_map(AtEnd::assertion).collect();
        // Whether only the full length of the run can lead to a match. If the match may end after the run, this is the case if
        // the assertions at its end cannot hold within the run. Then only the empty run remains, for which `MayEnd` is appended
        // below.
        let is_clear = prefers == Prefers::Longest
            && class.intersection(follow.first) == ByteSet::EMPTY
            && assertions.iter().all(|assertion| assertion.never_holds_within(class));
        if !is_clear && least < most {
            let then = follow.end.is_none().then(|| table(follow.first));
            return self.step(Step::Span(Span { class: table(class), least, most, prefers, then })).map(|_| ());
        }
        if let Some(end) = follow.end.as_ref().filter(|_| least == 0 && !assertions.is_empty()) {
            self.step(Step::MayEnd(end.clone()))?;
        }
        let mut others = class.complement().iter();
        let step = match (others.next(), others.next()) {
            (Some(byte), None) if most == usize::MAX => Step::Until { byte, least },
            _ => Step::Run { class: table(class), least, most },
        };
        self.step(step).map(|_| ())
    }

    /// Appends the steps for alternatives. Only the last one may be empty.
    fn alternation(&mut self, alternatives: &[Hir], follow: &Follow) -> Option<()> {
        let (last, others) = alternatives.split_last()?;
        let mut ends = Vec::new();
        let last_first = match last.kind() {
            HirKind::Empty => follow.first,
            _ if can_be_empty(last) => return None,
            _ => edge(last, Side::First),
        };
        if *last.kind() == HirKind::Empty
            && let Some(end) = &follow.end
        {
            self.step(Step::MayEnd(end.clone()))?;
        }
        for (index, alternative) in others.iter().enumerate() {
            if can_be_empty(alternative) {
                return None;
            }
            let later = others[index + 1..].iter().map(|later| edge(later, Side::First));
            let branch = self.branch(edge(alternative, Side::First), later.fold(last_first, ByteSet::union))?;
            self.part(alternative, follow)?;
            ends.push(self.step(Step::Jump(0))?);
            self.lead_past(branch);
        }
        self.part(last, follow)?;
        ends.into_iter().for_each(|jump| self.lead_here(jump));
        Some(())
    }
}

/// What may follow a part of the regex, up to the end of the regex.
#[derive(Clone)]
struct Follow {
    /// The bytes with which the text after the part can begin.
    first: ByteSet,
    /// If the rest of the regex can match the empty string, so that the match ends after the part: the actions that are left to
    /// do then. `None` if the rest cannot be empty.
    end: Option<Vec<AtEnd>>,
}

impl Follow {
    /// Returns what may follow the part before `parts`, if `self` follows `parts`.
    fn preceded_by(&self, parts: &[Hir]) -> Option<Follow> {
        let mut follow = self.clone();
        for part in parts.iter().rev() {
            let first = edge(part, Side::First);
            if can_be_empty(part) {
                follow.first = follow.first.union(first);
                if let Some(end) = follow.end {
                    let mut whole = at_end(part)?;
                    whole.extend(end);
                    follow.end = Some(whole);
                }
            } else {
                follow = Follow { first, end: None };
            }
        }
        Some(follow)
    }
}

/// Returns the actions that are left to do if `hir` matches the empty string.
fn at_end(hir: &Hir) -> Option<Vec<AtEnd>> {
    match hir.kind() {
        HirKind::Empty => Some(Vec::new()),
        HirKind::Look(look) => Some(vec![AtEnd::Holds(Assertion::of(*look)?)]),
        // A lazy repetition would have to try ending the match before it tries a longer one.
        HirKind::Repetition(repetition) => (repetition.greedy && !can_be_empty(&repetition.sub)).then(Vec::new),
        HirKind::Concat(parts) => parts.iter().map(at_end).collect::<Option<Vec<_>>>().map(|parts| parts.concat()),
        HirKind::Alternation(alternatives) => {
            let (last, others) = alternatives.split_last()?;
            (*last.kind() == HirKind::Empty && !others.iter().any(can_be_empty)).then(Vec::new)
        }
        // Capture groups that match the empty string are not supported.
        HirKind::Capture(_) | HirKind::Literal(_) | HirKind::Class(_) => None,
    }
}

impl Assertion {
    /// Converts an assertion of a regex, or returns `None` if it is not supported.
    fn of(look: Look) -> Option<Assertion> {
        match look {
            Look::Start => Some(Assertion::Start),
            Look::End => Some(Assertion::End),
            Look::WordAscii => Some(Assertion::WordBoundary),
            Look::WordAsciiNegate => Some(Assertion::NoWordBoundary),
            _ => None,
        }
    }

    /// Whether the assertion can never hold between two bytes of the class.
    fn never_holds_within(self, class: ByteSet) -> bool {
        match self {
            Assertion::Start | Assertion::End => true,
            Assertion::WordBoundary => {
                class.is_subset(ByteSet::WORD) || class.intersection(ByteSet::WORD) == ByteSet::EMPTY
            }
            Assertion::NoWordBoundary => false,
        }
    }
}

/// Returns the bytes that `hir` matches if it always matches exactly one byte, and otherwise `None`.
fn single(hir: &Hir) -> Option<ByteSet> {
    match hir.kind() {
        HirKind::Class(class) => ByteSet::of_class(class),
        HirKind::Literal(literal) => match literal.0[..] {
            [byte] => Some(ByteSet::one(byte)),
            _ => None,
        },
        _ => None,
    }
}

/// Converts a set of bytes to a table.
fn table(set: ByteSet) -> Box<Class> {
    let mut table = [false; 256];
    set.iter().for_each(|byte| table[usize::from(byte)] = true);
    Box::new(table)
}

#[cfg(test)]
mod tests {
    use super::super::tests::program;

    #[test]
    fn common_shapes_have_a_program() {
        for regex in [
            r"\brawCallStatus\s*=\s*(?<code>-?\d+)\b",
            r#"x(?:=>?|:)\s*["']?(?<code>[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b(?:["']?\s*-\s*"(?<text>[^"]*)")?"#,
            r"x(?<code>-?\d+(?:\.\d+)*\b|[A-Za-z#][\w #+/-]*)",
            r"for user '(?<user>[^']*)'(?: (?:\([^()]*\)|from (?<address>\d+\.\d+)(?::\d+)?))*\. Call: (?<code>\d+)",
        ] {
            assert!(program(regex).is_some_and(|program| !program.has_choices()), "{regex}");
        }
    }

    #[test]
    fn rare_shapes_have_no_program() {
        let cases = ["(?:ab)*?c", "(?:|a)b", "(?:a*)*b", "(?u)\\bx", "(?m)^x", "a*?b*?"];
        for regex in cases {
            assert!(program(regex).is_none(), "{regex}");
        }
    }
}
