//! The choices of a [program](super::program) that may have to be made anew: where what follows one fails, the next best
//! is tried, in the order in which a regex engine prefers them.
//!
//! Invariant: after so many tries, or with so many choices open, the program gives up, and its regex is left to the
//! engine. Between two tries a program only goes on in the text, so that the time for a place stays in proportion to it.
//!
//! Worth it by callgrind: a line with a quote in the user's name, which the second pattern for `Pfauth` is for, takes 2,600
//! instructions, and took the engine 19,000.

use regex_automata::util::primitives::NonMaxUsize;

use super::program::{AtEnd, Class, Slots};

/// How often a choice is made anew at one place of a text.
const TRIES_LIMIT: usize = 128;
/// How many choices, and groups to be set back with them, may be open.
const OPEN_LIMIT: usize = 256;

/// A run of bytes that ends where what follows it fits.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) class: Box<Class>,
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) prefers: Prefers,
    /// What the next byte behind it must be; `None` if nothing is known of it, nor whether there is one.
    pub(super) then: Option<Box<Class>>,
}

/// Which length of a run is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefers {
    Longest,
    Shortest,
}

/// What is done where the steps so far lead nowhere.
#[derive(Clone, Copy, Debug)]
enum Choice {
    /// Goes on with that step, at that place.
    Other { step: usize, at: usize },
    /// The run that this step began at `start` gets another length.
    Length { step: usize, start: usize, len: usize },
    /// A group is set back.
    Slot { slot: usize, was: Option<NonMaxUsize> },
}

/// Working memory of a program.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// The last place where the match may end, and the groups there.
    end: Option<usize>,
    slots: Vec<Option<NonMaxUsize>>,
    /// Only what is preferred to that end.
    open: Vec<Choice>,
    tries: usize,
    gave_up: bool,
}

impl Span {
    fn first_len(&self, rest: &[u8]) -> Option<usize> {
        let len = |most: usize| rest.iter().take(most).take_while(|byte| self.class[usize::from(**byte)]).count();
        match self.prefers {
            Prefers::Longest => self.shorter(rest, len(self.most)),
            Prefers::Shortest => (len(self.least) == self.least).then(|| self.longer(rest, self.least)).flatten(),
        }
    }

    /// The length to be tried after that one.
    fn next_len(&self, rest: &[u8], len: usize) -> Option<usize> {
        match self.prefers {
            Prefers::Longest => self.shorter(rest, len.checked_sub(1)?),
            Prefers::Shortest => self.may_grow(rest, len).then(|| self.longer(rest, len + 1)).flatten(),
        }
    }

    fn shorter(&self, rest: &[u8], from: usize) -> Option<usize> {
        (self.least..=from).rev().find(|&len| self.may_end(rest, len))
    }

    fn longer(&self, rest: &[u8], from: usize) -> Option<usize> {
        let mut len = from;
        while !self.may_end(rest, len) {
            if !self.may_grow(rest, len) {
                return None;
            }
            len += 1;
        }
        Some(len)
    }

    fn may_end(&self, rest: &[u8], len: usize) -> bool {
        self.then.as_ref().is_none_or(|then| rest.get(len).is_some_and(|&byte| then[usize::from(byte)]))
    }

    fn may_grow(&self, rest: &[u8], len: usize) -> bool {
        len < self.most && rest.get(len).is_some_and(|&byte| self.class[usize::from(byte)])
    }
}

impl Kept {
    /// Begins at another place.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.open.clear();
        self.end = None;
        (self.tries, self.gave_up) = (0, false);
    }

    /// Whether nothing is known of the place.
    pub(super) fn gave_up(&self) -> bool {
        self.gave_up
    }

    /// Notes that the match may end at `at`, if all of `rest` holds there.
    pub(super) fn keep(&mut self, slots: &Slots, rest: &[AtEnd], text: &[u8], at: usize) {
        if !rest.iter().filter_map(AtEnd::assertion).all(|assertion| assertion.holds(text, at)) {
            return;
        }
        self.end = Some(at);
        self.slots.clear();
        self.slots.extend_from_slice(slots);
        for step in rest {
            if let AtEnd::Slot(slot) = step {
                self.slots[*slot] = NonMaxUsize::new(at);
            }
        }
        // This way does not fail any more, so what is open comes too late.
        self.open.clear();
    }

    /// Where the match ends after all, with its groups in `slots`, if there is nothing to turn back to.
    pub(super) fn settle(&self, slots: &mut Slots) -> Option<usize> {
        let end = self.end.filter(|_| !self.gave_up)?;
        slots.copy_from_slice(&self.slots);
        Some(end)
    }

    /// Leaves open to go on with that step instead.
    pub(super) fn fork(&mut self, step: usize, at: usize) {
        self.leave_open(Choice::Other { step, at });
    }

    /// Leaves open what a group was; nothing to do where there is nothing to go back to.
    #[inline]
    pub(super) fn note_slot(&mut self, slot: usize, was: Option<NonMaxUsize>) {
        if !self.open.is_empty() {
            self.leave_open(Choice::Slot { slot, was });
        }
    }

    /// Where the run of `step` ends at first.
    pub(super) fn first_end(&mut self, span: &Span, step: usize, text: &[u8], start: usize) -> Option<usize> {
        let len = span.first_len(text.get(start..)?)?;
        self.leave_open(Choice::Length { step, start, len });
        Some(start + len)
    }

    /// The step to go on with, and where; `None` if nothing is left to try, or that would take too long. `span` is the run
    /// of a step.
    // Not inlined, nor is what leaves something open: they would take the registers from the steps that leave no choice.
    #[inline(never)]
    pub(super) fn turn_back<'p>(
        &mut self,
        slots: &mut Slots,
        text: &[u8],
        span: impl Fn(usize) -> Option<&'p Span>,
    ) -> Option<(usize, usize)> {
        if self.gave_up {
            return None;
        }
        let (step, at) = loop {
            match self.open.pop()? {
                Choice::Slot { slot, was } => slots[slot] = was,
                Choice::Other { step, at } => break (step, at),
                Choice::Length { step, start, len } => {
                    if let Some(len) = span(step)?.next_len(text.get(start..)?, len) {
                        self.leave_open(Choice::Length { step, start, len });
                        break (step + 1, start + len);
                    }
                }
            }
        };
        self.tries += 1;
        self.gave_up = self.gave_up || self.tries > TRIES_LIMIT;
        (!self.gave_up).then_some((step, at))
    }

    #[inline(never)]
    fn leave_open(&mut self, choice: Choice) {
        // What is left out is asked for only where everything before it fails.
        if self.open.len() < OPEN_LIMIT { self.open.push(choice) } else { self.gave_up = true }
    }
}
