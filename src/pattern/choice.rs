//! Limited backtracking for a [program](super::program). If the steps after a choice fail, the next alternative is tried, in the
//! same order of preference as in a regex engine.
//!
//! Open choices form a stack. [`Backtracker::fork`] and [`Backtracker::first_end`] push one. [`Backtracker::turn_back`] pops the
//! latest one and restores the capture groups that were set after it.
//!
//! Invariant: the number of retries and of open choices is limited. A program that reaches a limit gives up, and the regex engine
//! tries that position instead. Between two retries, a program only moves forward in the text, so the time for one position is
//! linear in the length of the text.
//!
//! For example, `'(?<user>.*?)' from` first assumes that the user ends at the first quote. If ` from` does not follow, the choice
//! is popped, and the program tries the next quote.
//!
//! The built-in pattern `pfauth-other` needs this: a user's name may contain a quote, so several ends of the name have to be
//! tried. The regex engine would be much slower on such a line.

use regex_automata::util::primitives::NonMaxUsize;

use super::program::{AtEnd, Class, Slots};

/// The largest number of retries in one attempt to match.
const TRIES_LIMIT: usize = 128;
/// The largest number of entries on the stack, which contains open choices and overwritten capture slots.
const OPEN_LIMIT: usize = 256;

/// A run of bytes of one class whose length depends on what follows it, such as `.*` before ` from`.
#[derive(Debug)]
pub(super) struct Span {
    /// The class of bytes of which the run consists.
    pub(super) class: Box<Class>,
    /// The smallest number of bytes in the run.
    pub(super) least: usize,
    /// The largest number of bytes in the run.
    pub(super) most: usize,
    /// Which length of the run is tried first.
    pub(super) prefers: Prefers,
    /// The bytes that may follow the run in the text. `None` if the match may end after the run, so that any length is possible.
    pub(super) then: Option<Box<Class>>,
}

/// Which length of a run is tried first: the longest for `x*`, the shortest for `x*?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefers {
    /// Try the longest run first, then shorter ones, as `x*` does.
    Longest,
    /// Try the shortest run first, then longer ones, as `x*?` does.
    Shortest,
}

/// An entry of the stack: what to do if the following steps fail.
#[derive(Clone, Copy, Debug)]
enum Choice {
    /// Continue with the step at index `step` and the position `at` in the text.
    Other { step: usize, at: usize },
    /// Try the next length for the run of `step`, which starts at `start`. The length `len` was tried last.
    Length { step: usize, start: usize, len: usize },
    /// Restore the value `was` of a capture slot, then continue with the entry below.
    Slot { slot: usize, was: Option<NonMaxUsize> },
}

/// The state of one attempt to match. Its memory is reused for the next attempt.
#[derive(Clone, Debug, Default)]
pub(super) struct Backtracker {
    /// The end of the best match so far, if there is one.
    end: Option<usize>,
    /// The capture slots of the best match so far.
    slots: Vec<Option<NonMaxUsize>>,
    /// The stack of open choices. A match found through any of them is preferred to the best match so far.
    open: Vec<Choice>,
    /// The number of retries so far.
    tries: usize,
    /// Whether a limit was reached. A failed attempt then does not prove that there is no match.
    gave_up: bool,
}

impl Span {
    /// Returns the length to try first, or `None` if no length fits. `rest` is the text from the start of the run.
    fn first_len(&self, rest: &[u8]) -> Option<usize> {
        let len = |most: usize| rest.iter().take(most).take_while(|byte| self.class[usize::from(**byte)]).count();
        match self.prefers {
            Prefers::Longest => self.shorter(rest, len(self.most)),
            Prefers::Shortest => (len(self.least) == self.least).then(|| self.longer(rest, self.least)).flatten(),
        }
    }

    /// Returns the length to try after `len`, or `None` if there are no more.
    fn next_len(&self, rest: &[u8], len: usize) -> Option<usize> {
        match self.prefers {
            Prefers::Longest => self.shorter(rest, len.checked_sub(1)?),
            Prefers::Shortest => self.may_grow(rest, len).then(|| self.longer(rest, len + 1)).flatten(),
        }
    }

    /// Returns the greatest length, up to `from`, after which there is a byte that may follow the run.
    fn shorter(&self, rest: &[u8], from: usize) -> Option<usize> {
        (self.least..=from).rev().find(|&len| self.may_end(rest, len))
    }

    /// Returns the smallest length, from `from` on, after which there is a byte that may follow the run.
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

    /// Whether the byte after a run of `len` bytes may follow the run.
    fn may_end(&self, rest: &[u8], len: usize) -> bool {
        self.then.as_ref().is_none_or(|then| rest.get(len).is_some_and(|&byte| then[usize::from(byte)]))
    }

    /// Whether a run of `len` bytes can be one byte longer.
    fn may_grow(&self, rest: &[u8], len: usize) -> bool {
        len < self.most && rest.get(len).is_some_and(|&byte| self.class[usize::from(byte)])
    }
}

impl Backtracker {
    /// Resets the state for the next attempt.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.open.clear();
        self.end = None;
        (self.tries, self.gave_up) = (0, false);
    }

    /// Whether the last attempt reached a limit. If it also failed, the regex engine has to try this position.
    pub(super) fn gave_up(&self) -> bool {
        self.gave_up
    }

    /// Records the match that ends at `at` as the best one so far, if the assertions in `rest` hold there.
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
        // The regex engine prefers this match to any that an open choice would lead to.
        self.open.clear();
    }

    /// Returns the end of the best match, and copies its capture groups to `slots`. Called when no choice is left.
    pub(super) fn settle(&self, slots: &mut Slots) -> Option<usize> {
        let end = self.end.filter(|_| !self.gave_up)?;
        slots.copy_from_slice(&self.slots);
        Some(end)
    }

    /// Pushes a choice: if the steps that follow fail, continue with `step` at `at`.
    pub(super) fn fork(&mut self, step: usize, at: usize) {
        self.leave_open(Choice::Other { step, at });
    }

    /// Pushes the value that a capture slot is about to lose. Does nothing if there is no choice to go back to.
    #[inline]
    pub(super) fn note_slot(&mut self, slot: usize, was: Option<NonMaxUsize>) {
        if !self.open.is_empty() {
            self.leave_open(Choice::Slot { slot, was });
        }
    }

    /// Returns the end of the run of `step` with the preferred length, and pushes the choice of another length. Returns `None` if
    /// no length fits.
    pub(super) fn first_end(&mut self, span: &Span, step: usize, text: &[u8], start: usize) -> Option<usize> {
        let len = span.first_len(text.get(start..)?)?;
        self.leave_open(Choice::Length { step, start, len });
        Some(start + len)
    }

    /// Goes back to the latest open choice. Returns the step and the position to continue with, or `None` if no choice is left or
    /// a limit is reached. `span` returns the run of a [`Step::Span`](super::program) with the given index.
    // Neither this nor `leave_open` is inlined, because they would use registers that steps without a choice need.
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

    /// Pushes an entry, or gives up if the stack is full.
    #[inline(never)]
    fn leave_open(&mut self, choice: Choice) {
        // Giving up matters only if the attempt fails, because `gave_up` is checked only then.
        if self.open.len() < OPEN_LIMIT { self.open.push(choice) } else { self.gave_up = true }
    }
}
