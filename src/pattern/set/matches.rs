//! The matches in one line: the places where patterns may match, tried from left to right.
//!
//! Separate from the set, which is the same for all lines.

use std::ops::Range;

use super::super::definition::Role;
use super::super::matcher::{MatcherScratch, Place};
use super::{Next, Pattern, PatternScratch, PatternSet, Scratch};
use crate::hit::{Capture, Captures};

/// The most places of one line that are recorded. For a line with more, the patterns are searched for in the whole line
/// instead, so that memory does not grow with its contents.
const PLACES_LIMIT: usize = 1 << 14;

/// A match. All offsets are in the window that was searched.
#[derive(Debug)]
pub struct Match<'m> {
    /// The index of the pattern in its set.
    pub pattern: usize,
    /// The whole match. For a `multiline` pattern it may end after the line.
    pub span: Range<usize>,
    pub(super) role: Role,
    pub(super) groups: &'m Captures<usize>,
    pub(super) slots: &'m MatcherScratch,
}

impl Match<'_> {
    /// Whether the pattern finds context and not results.
    #[inline(always)]
    #[must_use]
    pub fn is_context(&self) -> bool {
        self.role != Role::Result
    }

    /// Returns the span that a group captured; `None` if the pattern does not have the group or it took no part in the match.
    #[inline(always)]
    #[must_use]
    pub fn capture(&self, capture: Capture) -> Option<Range<usize>> {
        self.slots.group(self.groups[capture]?)
    }
}

/// What the prefilter found in a line: which patterns may match, and where.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The places of patterns with a leading literal: start and pattern. A place may be listed twice.
    pub(super) starts: Vec<(usize, usize)>,
    /// The patterns that may match anywhere in the line and have to be searched for.
    pub(super) searched: Vec<usize>,
    /// For each pattern, whether it is in `searched`.
    is_searched: Vec<bool>,
}

impl Places {
    /// Records that `pattern` may match at `start`.
    #[inline]
    pub(super) fn note(&mut self, start: usize, pattern: usize) {
        if self.starts.len() < PLACES_LIMIT {
            self.starts.push((start, pattern));
            return;
        }
        // Too many places. From now on these patterns are searched for, from the start of the line.
        for (_, pattern) in std::mem::take(&mut self.starts) {
            self.seek(pattern);
        }
        self.seek(pattern);
    }

    /// Records that `pattern` has to be searched for.
    pub(super) fn seek(&mut self, pattern: usize) {
        if self.is_searched.len() <= pattern {
            self.is_searched.resize(pattern + 1, false);
        }
        if !std::mem::replace(&mut self.is_searched[pattern], true) {
            self.searched.push(pattern);
        }
    }

    fn is_searched(&self, pattern: usize) -> bool {
        self.is_searched.get(pattern).is_some_and(|&is_searched| is_searched)
    }

    /// Forgets everything about the line before.
    pub(super) fn clear(&mut self) {
        self.starts.clear();
        self.searched.drain(..).for_each(|pattern| self.is_searched[pattern] = false);
    }

    /// Forgets the patterns that are not chosen.
    pub(super) fn retain(&mut self, is_chosen: impl Fn(usize) -> bool) {
        self.starts.retain(|&(_, pattern)| is_chosen(pattern));
        let is_searched = &mut self.is_searched;
        self.searched.retain(|&pattern| {
            is_searched[pattern] = is_chosen(pattern);
            is_searched[pattern]
        });
    }
}

/// The matches in one line. Of overlapping matches the leftmost wins; at the same position, the earlier pattern wins.
///
/// Most patterns come with the places where they may match. For any other, the next place is searched for and kept until
/// the search has passed it, so that a line with many matches costs each pattern one pass. A place that may be a match is
/// tried only when it is the leftmost.
#[derive(Debug)]
pub struct Matches<'m> {
    set: &'m PatternSet,
    scratch: &'m mut Scratch,
    window: &'m [u8],
    line_len: usize,
    /// The index of the first recorded place that has not been tried.
    next_place: usize,
    /// Where the last match ended, and so where the next one may begin.
    at: usize,
}

impl<'m> Matches<'m> {
    #[inline]
    pub(super) fn new(set: &'m PatternSet, scratch: &'m mut Scratch, window: &'m [u8], line_len: usize) -> Matches<'m> {
        Matches { set, scratch, window, line_len, next_place: 0, at: 0 }
    }
}

impl Matches<'_> {
    /// Returns the next match. The match borrows the capture groups, which the match after it overwrites.
    #[expect(clippy::should_implement_trait, reason = "the match borrows from the iterator")]
    pub fn next(&mut self) -> Option<Match<'_>> {
        let (index, span) = loop {
            let noted = self.noted();
            let searched = if self.scratch.places.searched.is_empty() { None } else { self.leftmost_searched() };
            let (index, found) = match (noted, searched) {
                (Some(noted), Some((start, index, place))) if (start, index) < noted => {
                    (index, self.try_searched(index, place))
                }
                (Some((start, index)), _) => {
                    self.next_place += 1;
                    (index, self.try_place(index, Place::Led(start)))
                }
                (None, Some((_, index, place))) => (index, self.try_searched(index, place)),
                (None, None) => return None,
            };
            if let Some(span) = found {
                break (index, span);
            }
        };
        self.at = span.end;
        Some(self.again(index, span))
    }

    /// Returns the match that [`Matches::next`] returned last, once more.
    pub(super) fn again(&self, pattern: usize, span: Range<usize>) -> Match<'_> {
        let Pattern { role, groups, .. } = &self.set.patterns[pattern];
        Match { pattern, span, role: *role, groups, slots: &self.scratch.patterns[pattern].matcher }
    }

    /// Continues at `at` instead of the end of the last match. `at` must be after the start of that match.
    pub(super) fn skip_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Sets whether the conditions of these patterns hold in the line.
    pub(super) fn settle_conditions(&mut self, applies: &[(usize, bool)]) {
        for &(pattern, applies) in applies {
            self.scratch.patterns[pattern].applies = Some(applies);
        }
    }

    /// Returns the leftmost recorded place that the search has not passed, and its pattern.
    fn noted(&mut self) -> Option<(usize, usize)> {
        let rest = self.scratch.places.starts.get(self.next_place..)?;
        self.next_place += rest.iter().take_while(|(start, _)| *start < self.at).count();
        let place = *self.scratch.places.starts.get(self.next_place)?;
        (place.0 < self.line_len).then_some(place)
    }

    /// Returns the match at a place, if there is one.
    fn try_place(&mut self, index: usize, place: Place) -> Option<Range<usize>> {
        let scratch = &mut self.scratch.patterns[index];
        self.set.patterns[index].try_place(scratch, place, self.window, self.line_len)
    }

    /// Returns the match at a place of a pattern that is searched for, and updates what is known about its next match.
    fn try_searched(&mut self, index: usize, place: Place) -> Option<Range<usize>> {
        let found = self.try_place(index, place);
        let pattern = &self.set.patterns[index];
        let scratch = &mut self.scratch.patterns[index];
        scratch.next = if found.is_some() {
            Next::Unknown
        } else if scratch.applies == Some(false) {
            Next::Exhausted
        } else {
            let haystack = pattern.haystack(self.window, self.line_len);
            pattern.seek(scratch, haystack, place.start() + 1, self.line_len)
        };
        found
    }

    /// Returns what an earlier pattern with the same leading literals reveals about the next match of this one. For example,
    /// `pfauth` and `pfauth-other` are both tried where `Pfauth` is.
    ///
    /// A match has passed since the last search for this pattern. So the earlier one's next place is the next place for both,
    /// and if the earlier one has none, neither has this one.
    fn known_by_alike(&self, index: usize) -> Option<Next> {
        let alike = self.set.alike[index];
        if alike == index || !self.scratch.places.is_searched(alike) {
            return None;
        }
        let PatternScratch { next, applies, .. } = &self.scratch.patterns[alike];
        let is_known = match next {
            Next::At(place) => place.start() >= self.at,
            // Not if the earlier one has none only because its conditions do not hold.
            Next::Exhausted => *applies != Some(false),
            Next::Unknown => false,
        };
        is_known.then_some(*next)
    }

    /// Returns the leftmost place of the patterns that are searched for: its start, the pattern, and the place.
    fn leftmost_searched(&mut self) -> Option<(usize, usize, Place)> {
        let mut best: Option<(usize, usize, Place)> = None;
        for at in 0..self.scratch.places.searched.len() {
            let index = self.scratch.places.searched[at];
            let pattern = &self.set.patterns[index];
            let scratch = &self.scratch.patterns[index];
            let is_passed = match scratch.next {
                Next::Unknown => true,
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

    /// Returns the start and pattern of every match, found by searching for each place.
    fn searched(definitions: &[Definition], line: &str) -> Vec<(usize, usize)> {
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
    fn where_a_program_gives_up_the_engine_finds_the_same() {
        let definition = Definition::from_expression(1, r"x.*a.*a.*a(?<code>\d)");
        assert_eq!(searched(std::slice::from_ref(&definition), "xaaa1 a a a a"), [(0, 0)]);
        assert_eq!(searched(&[definition], &("xaaa1 xaaa2".to_owned() + &" a".repeat(200))), [(0, 0)]);
    }

    #[test]
    fn patterns_that_begin_alike_do_not_hide_one_another() {
        let digit = Definition::from_expression(1, r"abc(?<code>\d)");
        let letter = Definition::from_expression(2, r"abc(?<code>[a-z]\w)");
        let both = [digit.clone(), letter.clone()];
        assert_eq!(searched(&both, "abcx1 abc2 abc. abcy3 abc4"), [(0, 1), (6, 0), (16, 1), (22, 0)]);

        // The first pattern is not for this line, so it reveals nothing about the places of the second.
        let elsewhere = Definition { when: Some("elsewhere".to_owned()), ..digit.clone() };
        assert_eq!(searched(&[elsewhere, digit], "abc1 abc2"), [(0, 1), (5, 1)]);
    }
}
