//! The steps of a [program](super) for a regex, made of its syntax tree.
//!
//! A part of the tree is told what may stand behind it: it depends on the first byte of that whether there is a choice that
//! may have to be made anew, and on whether anything must stand there, where the match may end.
//!
//! Invariant: whatever is not understood, or takes too many steps, has no program, and is left to the engine.

use std::ops::Range;

use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

use super::super::byte_set::ByteSet;
use super::super::choice::{Prefers, Span};
use super::super::literal::{Side, can_be_empty, edge};
use super::{Assertion, AtEnd, Class, Step, WORD_BYTES, Word};

/// The most steps of a program: counted repetitions of groups are written out.
const STEPS_LIMIT: usize = 200;
/// The most places for the ends of groups.
const SLOTS_LIMIT: usize = 64;

/// The steps for a regex; `None` if there is no program for it.
pub(super) fn steps(hir: &Hir) -> Option<Vec<Step>> {
    let mut builder = Builder { steps: Vec::new() };
    builder.part(hir, &Follow { first: ByteSet::EMPTY, end: Some(Vec::new()) })?;
    builder.step(Step::Match)?;
    Some(builder.steps)
}

struct Builder {
    steps: Vec<Step>,
}

impl Builder {
    fn step(&mut self, step: Step) -> Option<usize> {
        self.steps.push(step);
        (self.steps.len() <= STEPS_LIMIT).then_some(self.steps.len() - 1)
    }

    /// Lets the fork, branch or jump at `step` lead to what comes next.
    fn lead_here(&mut self, step: usize) {
        let here = self.steps.len();
        if let Step::Fork { otherwise: to, .. } | Step::Branch { otherwise: to, .. } | Step::Jump(to) =
            &mut self.steps[step]
        {
            *to = here;
        }
    }

    fn lead_past(&mut self, option: Range<usize>) {
        option.for_each(|step| self.lead_here(step));
    }

    /// Steps for `hir`, with `follow` behind it.
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
                    self.part(part, &follow.behind(&parts[index + 1..])?)?;
                }
            }
            HirKind::Alternation(alternatives) => self.alternation(alternatives, follow)?,
        }
        Some(())
    }

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
        let must_go_on = Follow { first, end: None };
        let may_go_on = Follow { first: follow.first.union(first), end: follow.end.clone() };
        for left in (0..least).rev() {
            let follow = if left > 0 {
                &must_go_on
            } else if most > least {
                &may_go_on
            } else {
                follow
            };
            self.part(&repetition.sub, follow)?;
        }
        if most == usize::MAX {
            let head = self.steps.len();
            let option = self.option(first, follow)?;
            self.part(&repetition.sub, &may_go_on)?;
            self.step(Step::Jump(head))?;
            self.lead_past(option);
            return Some(());
        }
        let mut options = Vec::new();
        for _ in least..most {
            options.push(self.option(first, follow)?);
            self.part(&repetition.sub, &may_go_on)?;
        }
        options.into_iter().for_each(|option| self.lead_past(option));
        Some(())
    }

    /// Begins what may be left out: the steps that lead past it are still to be told where.
    fn option(&mut self, first: ByteSet, follow: &Follow) -> Option<Range<usize>> {
        if let Some(end) = &follow.end {
            self.step(Step::MayEnd(end.clone()))?;
        }
        self.branch(first, follow.first)
    }

    /// Begins what is tried if the next byte is of `first`; if that may be `others`, too, they are tried after it. The steps
    /// that lead past it are still to be told where.
    fn branch(&mut self, first: ByteSet, others: ByteSet) -> Option<Range<usize>> {
        let start = self.steps.len();
        let shared = first.intersection(others);
        if shared != ByteSet::EMPTY {
            self.step(Step::Fork { class: table(shared), otherwise: 0 })?;
        }
        self.step(Step::Branch { class: table(first), otherwise: 0 })?;
        Some(start..self.steps.len())
    }

    fn run_of(&mut self, class: ByteSet, least: usize, most: usize, prefers: Prefers, follow: &Follow) -> Option<()> {
        let assertions: Vec<Assertion> = follow.end.iter().flatten().filter_map(AtEnd::assertion).collect();
        // A shorter run may be followed by nothing, too: where what must hold then does not hold inside a run, only the
        // longest and, behind something else, the empty one are to be tried.
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

/// What may stand behind a part of the regex.
#[derive(Clone)]
struct Follow {
    /// What it may begin with.
    first: ByteSet,
    /// What is left to do if nothing stands there; `None` if something must.
    end: Option<Vec<AtEnd>>,
}

impl Follow {
    /// What follows if `parts` stand before this.
    fn behind(&self, parts: &[Hir]) -> Option<Follow> {
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

/// What is left to do if `hir`, which can be empty, matches nothing.
fn at_end(hir: &Hir) -> Option<Vec<AtEnd>> {
    match hir.kind() {
        HirKind::Empty => Some(Vec::new()),
        HirKind::Look(look) => Some(vec![AtEnd::Holds(Assertion::of(*look)?)]),
        // What would rather be empty ends before something longer is tried.
        HirKind::Repetition(repetition) => (repetition.greedy && !can_be_empty(&repetition.sub)).then(Vec::new),
        HirKind::Concat(parts) => parts.iter().map(at_end).collect::<Option<Vec<_>>>().map(|parts| parts.concat()),
        HirKind::Alternation(alternatives) => {
            let (last, others) = alternatives.split_last()?;
            (*last.kind() == HirKind::Empty && !others.iter().any(can_be_empty)).then(Vec::new)
        }
        // A group that took part in the match: not worth the trouble.
        HirKind::Capture(_) | HirKind::Literal(_) | HirKind::Class(_) => None,
    }
}

impl Assertion {
    fn of(look: Look) -> Option<Assertion> {
        match look {
            Look::Start => Some(Assertion::Start),
            Look::End => Some(Assertion::End),
            Look::WordAscii => Some(Assertion::WordBoundary),
            Look::WordAsciiNegate => Some(Assertion::NoWordBoundary),
            _ => None,
        }
    }

    /// Whether it holds nowhere between two bytes of the class.
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

/// What `hir` may be, if it always is one byte.
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

fn table(set: ByteSet) -> Box<Class> {
    let mut table = [false; 256];
    set.iter().for_each(|byte| table[usize::from(byte)] = true);
    Box::new(table)
}

#[cfg(test)]
mod tests {
    use super::super::tests::program;

    #[test]
    fn the_usual_shapes_have_a_program() {
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
    fn what_may_stay_empty_within_a_repetition_or_is_rare_has_none() {
        let cases = ["(?:ab)*?c", "(?:|a)b", "(?:a*)*b", "(?u)\\bx", "(?m)^x", "a*?b*?"];
        for regex in cases {
            assert!(program(regex).is_none(), "{regex}");
        }
    }
}
