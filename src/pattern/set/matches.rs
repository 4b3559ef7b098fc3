//! Iterates over the matches in one line, by trying the positions where patterns may match from left to right.

use std::ops::Range;

use super::super::definition::Role;
use super::super::matcher::{MatcherScratch, Place};
use super::{Next, Pattern, PatternScratch, PatternSet, Scratch};
use crate::hit::{Capture, Captures};

/// The largest number of positions that are recorded for one line. If there are more, the whole line is searched for the patterns
/// instead, so that the memory for a line is limited.
const PLACES_LIMIT: usize = 1 << 14;

/// The longest match within which the search goes on if the match is no result, in bytes.
const REJECTED_BYTES: usize = 256;

/// A match of a pattern in a line. Its offsets are positions in the window that was searched.
#[derive(Debug)]
pub struct Match<'m> {
    /// The index of the pattern in its [`PatternSet`].
    pub pattern: usize,
    /// The span of the whole match. The match of a `multiline` pattern may end after the line.
    pub span: Range<usize>,
    /// Whether a literal that a match may begin with is in the line before this match, and begins none.
    pub(crate) is_after_miss: bool,
    /// Whether the match is a result or context for one.
    pub(super) role: Role,
    /// The index of the regex group for each capture.
    pub(super) groups: &'m Captures<usize>,
    /// The spans that the groups of the regex captured.
    pub(super) slots: &'m MatcherScratch,
}

impl Match<'_> {
    /// Whether the match is context and not a result.
    #[inline(always)]
    #[must_use]
    pub fn is_context(&self) -> bool {
        self.role != Role::Result
    }

    /// Returns the span of a capture, or `None` if the pattern has no group for it or the group captured nothing.
    #[inline(always)]
    #[must_use]
    pub fn capture(&self, capture: Capture) -> Option<Range<usize>> {
        self.slots.group(self.groups[capture]?)
    }
}

/// The patterns that may match in a line, and the positions where they may, if the prefilter found them.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// For patterns with leading literals: the start of a possible match, and the index of the pattern. May contain duplicates.
    pub(super) starts: Vec<(usize, usize)>,
    /// The indexes of patterns that may match anywhere in the line, so they must be searched for.
    pub(super) searched: Vec<usize>,
    /// For each pattern, whether it is in `searched`.
    is_searched: Vec<bool>,
    /// The first position after the start of a literal that no pattern uses, because of the byte before it; 0 if there is none.
    pub(super) after_unused: usize,
}

impl Places {
    /// Records that `pattern` may match at `start`.
    #[inline]
    pub(super) fn note(&mut self, start: usize, pattern: usize) {
        if self.starts.len() < PLACES_LIMIT {
            self.starts.push((start, pattern));
            return;
        }
        // There are too many positions, so the whole line is searched for these patterns instead.
        for (_, pattern) in std::mem::take(&mut self.starts) {
            self.seek(pattern);
        }
        self.seek(pattern);
    }

    /// Records that the line must be searched for `pattern`.
    pub(super) fn seek(&mut self, pattern: usize) {
        if self.is_searched.len() <= pattern {
            self.is_searched.resize(pattern + 1, false);
        }
        if !std::mem::replace(&mut self.is_searched[pattern], true) {
            self.searched.push(pattern);
        }
    }

    /// Whether the line must be searched for `pattern`.
    fn is_searched(&self, pattern: usize) -> bool {
        self.is_searched.get(pattern).is_some_and(|&is_searched| is_searched)
    }

    /// Records a literal at `start` that no pattern uses.
    pub(super) fn note_unused(&mut self, start: usize) {
        if self.after_unused == 0 {
            self.after_unused = start + 1;
        }
    }

    /// Removes all positions and patterns.
    pub(super) fn clear(&mut self) {
        self.starts.clear();
        self.after_unused = 0;
        self.searched.drain(..).for_each(|pattern| self.is_searched[pattern] = false);
    }

    /// Keeps only the patterns for which `is_chosen` returns true.
    pub(super) fn retain(&mut self, is_chosen: impl Fn(usize) -> bool) {
        self.starts.retain(|&(_, pattern)| is_chosen(pattern));
        let is_searched = &mut self.is_searched;
        self.searched.retain(|&pattern| {
            is_searched[pattern] = is_chosen(pattern);
            is_searched[pattern]
        });
    }
}

/// An iterator over the matches in one line. The leftmost of overlapping matches wins. If several matches start at the same
/// position, the earlier pattern wins.
///
/// For most patterns, the prefilter has recorded the positions where they may match. For the others, the next position is
/// searched for and kept until the iterator has passed it, so the line is searched only once for each pattern. A position is
/// tried only when it is the leftmost one.
#[derive(Debug)]
pub struct Matches<'m> {
    /// The set of patterns to match.
    set: &'m PatternSet,
    /// The working memory, which contains the recorded positions.
    scratch: &'m mut Scratch,
    /// The line, and the text after it if any pattern is `multiline`.
    window: &'m [u8],
    /// The length of the line in `window`, without its line end.
    line_len: usize,
    /// The index of the first recorded position that has not been tried.
    next_place: usize,
    /// The end of the last match. No further match may start before it.
    at: usize,
    /// The first recorded place that was tried and is not the start of a match.
    missed: usize,
}

impl<'m> Matches<'m> {
    #[inline]
    pub(super) fn new(set: &'m PatternSet, scratch: &'m mut Scratch, window: &'m [u8], line_len: usize) -> Matches<'m> {
        let missed = scratch.places.after_unused.wrapping_sub(1);
        Matches { set, scratch, window, line_len, next_place: 0, at: 0, missed }
    }
}

impl Matches<'_> {
    /// Returns the next match. It borrows its capture groups from this iterator, because the next match overwrites them.
    #[expect(clippy::should_implement_trait, reason = "the match borrows from the iterator")]
    pub fn next(&mut self) -> Option<Match<'_>> {
        let (index, span) = loop {
            let recorded = self.leftmost_recorded();
            let searched = if self.scratch.places.searched.is_empty() { None } else { self.leftmost_searched() };
            let (index, found) = match (recorded, searched) {
                (Some(recorded), Some((start, index, place))) if (start, index) < recorded => {
                    (index, self.try_searched(index, place))
                }
                (Some((start, index)), _) => {
                    self.next_place += 1;
                    let found = self.try_place(index, Place::Led(start));
                    if found.is_none() {
                        self.missed = self.missed.min(start);
                    }
                    (index, found)
                }
                (None, Some((_, index, place))) => (index, self.try_searched(index, place)),
                (None, None) => return None,
            };
            if let Some(span) = found {
                break (index, span);
            }
        };
        self.at = span.end;
        Some(self.last_match(index, span))
    }

    /// Returns the last match again, given its pattern and its span.
    pub(super) fn last_match(&self, pattern: usize, span: Range<usize>) -> Match<'_> {
        let Pattern { role, groups, .. } = &self.set.patterns[pattern];
        let is_after_miss = self.missed < span.start;
        Match { pattern, span, is_after_miss, role: *role, groups, slots: &self.scratch.patterns[pattern].matcher }
    }

    /// Takes back the last match, which is no result, so that other matches may begin within it. If it has more than
    /// [`REJECTED_BYTES`], only the matches after it remain, or else the search could take forever.
    pub(crate) fn reject(&mut self, pattern: usize, span: &Range<usize>) {
        self.missed = self.missed.min(span.start);
        if span.len() > REJECTED_BYTES {
            return;
        }
        self.at = span.start;
        if self.scratch.places.is_searched(pattern) {
            let searched = &self.set.patterns[pattern];
            let haystack = searched.haystack(self.window, self.line_len);
            let scratch = &mut self.scratch.patterns[pattern];
            scratch.next = searched.seek(scratch, haystack, span.start + 1, self.line_len);
        }
    }

    /// Continues the search at `at`, which must be after the start of the last match.
    pub(super) fn skip_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Sets whether the conditions of the given patterns hold for the line.
    pub(super) fn settle_conditions(&mut self, applies: &[(usize, bool)]) {
        for &(pattern, applies) in applies {
            self.scratch.patterns[pattern].applies = Some(applies);
        }
    }

    /// Returns the leftmost recorded position that has not been passed: the start of the match, and the pattern.
    fn leftmost_recorded(&mut self) -> Option<(usize, usize)> {
        let rest = self.scratch.places.starts.get(self.next_place..)?;
        self.next_place += rest.iter().take_while(|(start, _)| *start < self.at).count();
        let place = *self.scratch.places.starts.get(self.next_place)?;
        (place.0 < self.line_len).then_some(place)
    }

    /// Returns the span of the match of a pattern at a position, if there is one.
    fn try_place(&mut self, index: usize, place: Place) -> Option<Range<usize>> {
        let scratch = &mut self.scratch.patterns[index];
        self.set.patterns[index].try_place(scratch, place, self.window, self.line_len)
    }

    /// Like [`Matches::try_place`], for a pattern that must be searched for. Updates what is known about its next match.
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

    /// Derives what is known about the next match of a pattern from an earlier pattern that is tried at the same positions.
    /// Returns `None` if nothing is known. For example, `pfauth` and `pfauth-other` are both tried where `Pfauth` occurs.
    ///
    /// Called when the position that is known for the pattern has been passed. The next position of the earlier pattern is then
    /// also the next one of this pattern. If the earlier pattern has no further position, this one has none either.
    fn known_from_alike(&self, index: usize) -> Option<Next> {
        let alike = self.set.alike[index];
        if alike == index || !self.scratch.places.is_searched(alike) {
            return None;
        }
        let PatternScratch { next, applies, .. } = &self.scratch.patterns[alike];
        let is_known = match next {
            Next::At(place) => place.start() >= self.at,
            // The earlier pattern may have no further match only because its conditions do not hold for the line.
            Next::Exhausted => *applies != Some(false),
            Next::Unknown => false,
        };
        is_known.then_some(*next)
    }

    /// Returns the leftmost position of the patterns that must be searched for: its start, the pattern, and the position itself.
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
                let next = self.known_from_alike(index).unwrap_or_else(|| {
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

    /// Returns the start and pattern of every match, found by searching for each position.
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
    fn the_engine_finds_the_same_if_a_program_gives_up() {
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

        // The conditions of the first pattern do not hold for the line, so nothing is known about the positions of the second.
        let elsewhere = Definition { when: Some("elsewhere".to_owned()), ..digit.clone() };
        assert_eq!(searched(&[elsewhere, digit], "abc1 abc2"), [(0, 1), (5, 1)]);
    }
}
