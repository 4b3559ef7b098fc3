//! Backtracking for a [program](super::program): where the steps after a choice fail, the next alternative is tried, in
//! the order in which a regex engine prefers them.
//!
//! Open choices are a stack. [`Backtracker::fork`] and [`Backtracker::first_end`] push one; [`Backtracker::turn_back`] pops the
//! latest one and restores the capture groups that were set after it.
//!
//! Invariant: the number of retries and of open choices is limited. A program that reaches a limit gives up, and the
//! regex engine searches that place instead. Between two retries a program only moves forward in the text, so the time for
//! one place is linear in its length.
//!
//! For example, `'(?<user>.*?)' from` first ends the user at the first quote. If ` from` does not follow, the choice of another
//! length is popped, and the user ends at the next quote.
//!
//! The built-in pattern `pfauth-other` needs it: where a user's name has a quote in it, several ends of the name have to be
//! tried. The regex engine would take many times as long for such a line.

use regex_automata::util::primitives::NonMaxUsize;

use super::program::{AtEnd, Class, Slots};

/// The most retries at one place of a text.
const TRIES_LIMIT: usize = 128;
/// The most entries on the stack: open choices, and the old values of capture groups.
const OPEN_LIMIT: usize = 256;

/// A repetition of one class of bytes whose length depends on what follows it, such as `[^']*` before `'`.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) class: Box<Class>,
    /// The least and the greatest number of bytes.
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) prefers: Prefers,
    /// The bytes that may follow the run; `None` if the match may also end after it, so that any length will do.
    pub(super) then: Option<Box<Class>>,
}

/// Which length of a run is tried first: the longest for `x*`, the shortest for `x*?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefers {
    Longest,
    Shortest,
}

/// What to do when the steps after this point have failed.
#[derive(Clone, Copy, Debug)]
enum Choice {
    /// Continue with another step, at position `at`.
    Other { step: usize, at: usize },
    /// Give the run of `step`, which began at `start`, its next length.
    Length { step: usize, start: usize, len: usize },
    /// Restore a capture slot that was set after an earlier choice.
    Slot { slot: usize, was: Option<NonMaxUsize> },
}

/// The state of one attempt to match, and its working memory, which is reused for the next one.
#[derive(Clone, Debug, Default)]
pub(super) struct Backtracker {
    /// The end of the best match so far, if a match may already end, and its capture slots in `slots`.
    end: Option<usize>,
    slots: Vec<Option<NonMaxUsize>>,
    /// The stack of choices that the regex engine would prefer to a match that ends at `end`.
    open: Vec<Choice>,
    /// How often [`Backtracker::turn_back`] went back to a choice.
    tries: usize,
    /// Whether a limit was reached, so that a failed attempt does not prove that there is no match.
    gave_up: bool,
}

impl Span {
    /// Returns the length to try first, or `None` if no length fits.
    fn first_len(&self, rest: &[u8]) -> Option<usize> {
        let len = |most: usize| rest.iter().take(most).take_while(|byte| self.class[usize::from(**byte)]).count();
        match self.prefers {
            Prefers::Longest => self.shorter(rest, len(self.most)),
            Prefers::Shortest => (len(self.least) == self.least).then(|| self.longer(rest, self.least)).flatten(),
        }
    }

    /// Returns the length to try after `len`, or `None` if there is no other.
    fn next_len(&self, rest: &[u8], len: usize) -> Option<usize> {
        match self.prefers {
            Prefers::Longest => self.shorter(rest, len.checked_sub(1)?),
            Prefers::Shortest => self.may_grow(rest, len).then(|| self.longer(rest, len + 1)).flatten(),
        }
    }

    /// Returns the greatest length, at most `from`, at which the run may end.
    fn shorter(&self, rest: &[u8], from: usize) -> Option<usize> {
        (self.least..=from).rev().find(|&len| self.may_end(rest, len))
    }

    /// Returns the least length, at least `from`, at which the run may end.
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

    /// Whether the byte after the run is one that may follow it.
    fn may_end(&self, rest: &[u8], len: usize) -> bool {
        self.then.as_ref().is_none_or(|then| rest.get(len).is_some_and(|&byte| then[usize::from(byte)]))
    }

    /// Whether the run can take the byte after its first `len` bytes.
    fn may_grow(&self, rest: &[u8], len: usize) -> bool {
        len < self.most && rest.get(len).is_some_and(|&byte| self.class[usize::from(byte)])
    }
}

impl Backtracker {
    /// Prepares for an attempt at another place.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.open.clear();
        self.end = None;
        (self.tries, self.gave_up) = (0, false);
    }

    /// Whether the last attempt reached a limit. If it also failed, the regex engine has to search the place.
    pub(super) fn gave_up(&self) -> bool {
        self.gave_up
    }

    /// Records that the match may end at `at`, provided that the assertions in `rest` hold there.
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
        // The regex engine prefers this match to all that is still open.
        self.open.clear();
    }

    /// Returns the end of the recorded match and copies its capture groups to `slots`. Called when no choice is left.
    pub(super) fn settle(&self, slots: &mut Slots) -> Option<usize> {
        let end = self.end.filter(|_| !self.gave_up)?;
        slots.copy_from_slice(&self.slots);
        Some(end)
    }

    /// Pushes a choice: if the steps that follow fail, continue with `step` at `at`.
    pub(super) fn fork(&mut self, step: usize, at: usize) {
        self.leave_open(Choice::Other { step, at });
    }

    /// Pushes the old value of a capture slot, unless there is no choice to return to.
    #[inline]
    pub(super) fn note_slot(&mut self, slot: usize, was: Option<NonMaxUsize>) {
        if !self.open.is_empty() {
            self.leave_open(Choice::Slot { slot, was });
        }
    }

    /// Returns where the run of `step` ends at first, and pushes the choice of another length.
    pub(super) fn first_end(&mut self, span: &Span, step: usize, text: &[u8], start: usize) -> Option<usize> {
        let len = span.first_len(text.get(start..)?)?;
        self.leave_open(Choice::Length { step, start, len });
        Some(start + len)
    }

    /// Goes back to the latest open choice, and returns the step to continue with and the position. Returns `None` if no
    /// choice is left or a limit is reached. `span` returns the run that a step stands for.
    // Neither this nor `leave_open` is inlined: they would take registers from the steps without a choice.
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
        // A choice that is left out matters only if the steps that follow fail; only then is `gave_up` looked at.
        if self.open.len() < OPEN_LIMIT { self.open.push(choice) } else { self.gave_up = true }
    }
}
