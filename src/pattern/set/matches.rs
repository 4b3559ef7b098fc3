//! The places of one line where patterns may match, and its matches, which trying them from left to right gives.
//!
//! Apart from the set, which is the same for all lines, while this lasts for one.

use std::ops::Range;

use super::super::matcher::{MatcherScratch, Place};
use super::{Next, PatternScratch, PatternSet, Scratch};
use crate::hit::{Capture, Captures};

/// How many places of a line are kept. Where there are more, the line is searched for them instead, so that memory does
/// not grow with what is in it.
const PLACES_LIMIT: usize = 1 << 14;

/// Where a pattern matched: offsets in the window that was searched.
#[derive(Debug)]
pub struct Match<'m> {
    /// Index of the pattern in its set.
    pub pattern: usize,
    /// The whole match. It may end behind the line if the pattern is a multi-line one.
    pub span: Range<usize>,
    pub(super) groups: &'m Captures<usize>,
    pub(super) slots: &'m MatcherScratch,
}

impl Match<'_> {
    /// Where in the window a group captured something, if the pattern has the group and it took part in the match.
    #[inline(always)]
    #[must_use]
    pub fn capture(&self, capture: Capture) -> Option<Range<usize>> {
        self.slots.group(self.groups[capture]?)
    }
}

/// Where in a line which patterns may match, as far as literals tell.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The patterns whose matches begin with a literal: where, and which. A place may stand here twice.
    pub(super) starts: Vec<(usize, usize)>,
    /// The patterns that are to be searched for.
    pub(super) sought: Vec<usize>,
    /// Whether a pattern is one of these.
    is_sought: Vec<bool>,
}

impl Places {
    #[inline]
    pub(super) fn note(&mut self, start: usize, pattern: usize) {
        if self.starts.len() < PLACES_LIMIT {
            self.starts.push((start, pattern));
            return;
        }
        // From now on these are sought for, and found from the line's start on.
        for (_, pattern) in std::mem::take(&mut self.starts) {
            self.seek(pattern);
        }
        self.seek(pattern);
    }

    pub(super) fn seek(&mut self, pattern: usize) {
        if self.is_sought.len() <= pattern {
            self.is_sought.resize(pattern + 1, false);
        }
        if !std::mem::replace(&mut self.is_sought[pattern], true) {
            self.sought.push(pattern);
        }
    }

    fn is_sought(&self, pattern: usize) -> bool {
        self.is_sought.get(pattern).is_some_and(|&is_sought| is_sought)
    }

    /// Forgets what was noted of the line before.
    pub(super) fn clear(&mut self) {
        self.starts.clear();
        self.sought.drain(..).for_each(|pattern| self.is_sought[pattern] = false);
    }

    /// Forgets what was noted of other patterns.
    pub(super) fn retain(&mut self, is_chosen: impl Fn(usize) -> bool) {
        self.starts.retain(|&(_, pattern)| is_chosen(pattern));
        let is_sought = &mut self.is_sought;
        self.sought.retain(|&pattern| {
            is_sought[pattern] = is_chosen(pattern);
            is_sought[pattern]
        });
    }
}

/// The matches in one line: of overlapping ones the leftmost, of those at one place the earliest pattern's.
///
/// Most patterns come with the places where they may match. Of the others, each one's next place is sought once and kept
/// until the search has passed it, so that a line with many matches costs each pattern one pass over it. A place that
/// only may be a match is tried when it is the leftmost.
#[derive(Debug)]
pub struct Matches<'m> {
    set: &'m PatternSet,
    scratch: &'m mut Scratch,
    window: &'m [u8],
    line_len: usize,
    /// The first of the noted places that has not been tried.
    next_place: usize,
    /// Where the last match ended.
    at: usize,
}

impl<'m> Matches<'m> {
    #[inline]
    pub(super) fn new(set: &'m PatternSet, scratch: &'m mut Scratch, window: &'m [u8], line_len: usize) -> Matches<'m> {
        Matches { set, scratch, window, line_len, next_place: 0, at: 0 }
    }
}

impl Matches<'_> {
    /// The next match. Its groups are where the one after it will put its own.
    #[expect(clippy::should_implement_trait, reason = "what it gives borrows from it")]
    pub fn next(&mut self) -> Option<Match<'_>> {
        let (index, span) = loop {
            let noted = self.noted();
            let sought = if self.scratch.places.sought.is_empty() { None } else { self.leftmost_sought() };
            let (index, found) = match (noted, sought) {
                (Some(noted), Some((start, index, place))) if (start, index) < noted => {
                    (index, self.try_sought(index, place))
                }
                (Some((start, index)), _) => {
                    self.next_place += 1;
                    (index, self.try_place(index, Place::Led(start)))
                }
                (None, Some((_, index, place))) => (index, self.try_sought(index, place)),
                (None, None) => return None,
            };
            if let Some(span) = found {
                break (index, span);
            }
        };
        self.at = span.end;
        Some(self.again(index, span))
    }

    /// The match that [`Matches::next`] returned last.
    pub(super) fn again(&self, pattern: usize, span: Range<usize>) -> Match<'_> {
        let groups = &self.set.patterns[pattern].groups;
        Match { pattern, span, groups, slots: &self.scratch.patterns[pattern].matcher }
    }

    /// Goes on at `at` instead of the end of the last match, behind whose start it must be.
    pub(super) fn skip_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Takes over which of these patterns' conditions hold in the line.
    pub(super) fn settle_conditions(&mut self, applies: &[(usize, bool)]) {
        for &(pattern, applies) in applies {
            self.scratch.patterns[pattern].applies = Some(applies);
        }
    }

    /// The leftmost of the noted places that the search has not passed, and its pattern.
    fn noted(&mut self) -> Option<(usize, usize)> {
        let rest = self.scratch.places.starts.get(self.next_place..)?;
        self.next_place += rest.iter().take_while(|(start, _)| *start < self.at).count();
        let place = *self.scratch.places.starts.get(self.next_place)?;
        (place.0 < self.line_len).then_some(place)
    }

    fn try_place(&mut self, index: usize, place: Place) -> Option<Range<usize>> {
        let scratch = &mut self.scratch.patterns[index];
        self.set.patterns[index].try_place(scratch, place, self.window, self.line_len)
    }

    fn try_sought(&mut self, index: usize, place: Place) -> Option<Range<usize>> {
        let found = self.try_place(index, place);
        let pattern = &self.set.patterns[index];
        let scratch = &mut self.scratch.patterns[index];
        scratch.next = if found.is_some() {
            Next::Unsought
        } else if scratch.applies == Some(false) {
            Next::Exhausted
        } else {
            let haystack = pattern.haystack(self.window, self.line_len);
            pattern.seek(scratch, haystack, place.start() + 1, self.line_len)
        };
        found
    }

    /// What is known of a pattern's next match by an earlier one that is sought by the same literals: a user's name with a
    /// quote in it is left to a second pattern, which looks for the same words.
    ///
    /// Whatever the earlier one has tried and left behind, a match has passed since this one was sought: so its next place
    /// is the next one for both, and where it has none, there is none.
    fn known_by_alike(&self, index: usize) -> Option<Next> {
        let alike = self.set.alike[index];
        if alike == index || !self.scratch.places.is_sought(alike) {
            return None;
        }
        let PatternScratch { next, applies, .. } = &self.scratch.patterns[alike];
        let is_known = match next {
            Next::At(place) => place.start() >= self.at,
            // Unless only its conditions rule the line out.
            Next::Exhausted => *applies != Some(false),
            Next::Unsought => false,
        };
        is_known.then_some(*next)
    }

    /// The leftmost place of those patterns that are sought, with its start and the pattern.
    fn leftmost_sought(&mut self) -> Option<(usize, usize, Place)> {
        let mut best: Option<(usize, usize, Place)> = None;
        for at in 0..self.scratch.places.sought.len() {
            let index = self.scratch.places.sought[at];
            let pattern = &self.set.patterns[index];
            let scratch = &self.scratch.patterns[index];
            let is_passed = match scratch.next {
                Next::Unsought => true,
                Next::At(place) => place.start() < self.at,
                Next::Exhausted => false,
            };
            if is_passed {
                let next = self.known_by_alike(index).unwrap_or_else(|| {
                    let haystack = pattern.haystack(self.window, self.line_len);
                    pattern.seek(&mut self.scratch.patterns[index], haystack, self.at, self.line_len)
                });
                self.scratch.patterns[index].next = next;
            }
            if let Next::At(place) = self.scratch.patterns[index].next
                && best.is_none_or(|(leftmost, ..)| place.start() < leftmost)
            {
                best = Some((place.start(), index, place));
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use crate::pattern::definition::Definition;

    use super::*;

    /// The starts and patterns of all matches, of which every place is sought.
    fn sought(definitions: &[Definition], line: &str) -> Vec<(usize, usize)> {
        let set = PatternSet::compile(definitions).unwrap().without_prefilter();
        let mut scratch = set.scratch();
        let mut matches = set.matches(&mut scratch, line.as_bytes(), line.len());
        let mut all = Vec::new();
        while let Some(found) = matches.next() {
            all.push((found.span.start, found.pattern));
        }
        all
    }

    #[test]
    fn where_steps_take_too_many_tries_the_engine_finds_the_same() {
        let definition = Definition::from_expression(1, r"x.*a.*a.*a(?<code>\d)");
        assert_eq!(sought(std::slice::from_ref(&definition), "xaaa1 a a a a"), [(0, 0)]);
        assert_eq!(sought(&[definition], &("xaaa1 xaaa2".to_owned() + &" a".repeat(200))), [(0, 0)]);
    }

    #[test]
    fn patterns_that_begin_alike_do_not_hide_one_another() {
        let digit = Definition::from_expression(1, r"abc(?<code>\d)");
        let letter = Definition::from_expression(2, r"abc(?<code>[a-z]\w)");
        let both = [digit.clone(), letter.clone()];
        assert_eq!(sought(&both, "abcx1 abc2 abc. abcy3 abc4"), [(0, 1), (6, 0), (16, 1), (22, 0)]);

        // The line is none of the first pattern's, which has nothing to say on the places of the second.
        let elsewhere = Definition { when: Some("elsewhere".to_owned()), ..digit.clone() };
        assert_eq!(sought(&[elsewhere, digit], "abc1 abc2"), [(0, 1), (5, 1)]);
    }
}
