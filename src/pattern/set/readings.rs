//! Finds the matches in a line that is not UTF-8. The line is searched in several *readings*: as bytes, and decoded as text with
//! one or more code pages.
//!
//! Invariants:
//!
//! * The bytes are searched as in any other line. The decoded text is searched as well, but only for patterns with letters beyond
//!   ASCII, so it only adds matches. If a pattern matches at the same position in several readings, the longest match wins, and
//!   of equally long ones that in the bytes.
//! * In an encoding with several bytes for a character, a byte that looks like ASCII may be part of a character. So only the
//!   decoded text is searched, except for patterns that require bytes which are not letters.
//! * `when` must match in at least one reading, and `unless` in none.
//! * The position of a match is always given in bytes of the line.

use std::cmp::Reverse;
use std::ops::Range;

use encoding_rs::{Encoding, UTF_8};

use super::matches::{Match, Matches};
use super::{PatternSet, Scratch};
use crate::units::Reading;

/// The readings in which lines that are not UTF-8 are searched, and the patterns to search for in each of them.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// The code pages with which such a line is decoded, and the patterns to search for in the decoded text. If there are none,
    /// only the bytes are searched.
    pages: Vec<(&'static Encoding, Vec<usize>)>,
    /// The indexes of the patterns to search for in the bytes.
    in_bytes: Vec<usize>,
}

/// The working memory for lines that are not UTF-8, with an entry for each reading.
#[derive(Debug)]
pub(crate) struct Readings(Vec<View>);

/// The working memory for one reading of a line.
#[derive(Debug)]
struct View {
    /// The decoded text, or `None` if this reading is the bytes.
    reading: Option<Reading>,
    /// The working memory for searching this reading.
    scratch: Scratch,
}

/// An iterator over the matches in all readings of a line.
pub(crate) struct ReadMatches<'m> {
    /// The next match in each reading.
    upcoming: Vec<Upcoming<'m>>,
    /// The end of the last match, in bytes of the line.
    at: usize,
}

/// The matches in one reading. The next one has already been searched for.
struct Upcoming<'m> {
    /// The decoded text, or `None` for the bytes.
    reading: Option<&'m Reading>,
    /// The matches in one reading of the line.
    matches: Matches<'m>,
    /// The next match: its pattern, its span in the reading, and its span in bytes of the line. `None` if there are no more.
    next: Option<(usize, Range<usize>, Range<usize>)>,
}

impl PatternSet {
    /// Prepares the set for lines in the encoding `given` that the user chose, or in an unknown one if it is `None`. This does
    /// not affect UTF-16, which is converted to UTF-8 before it is searched.
    #[must_use]
    pub fn reading_in(mut self, given: Option<&'static Encoding>) -> PatternSet {
        let all = 0..self.patterns.len();
        let is_wide = given.is_some_and(|given| !given.is_single_byte() && given != UTF_8);
        let mut pages: Vec<(&'static Encoding, Vec<usize>)> = Vec::new();
        for index in all.clone() {
            let letters = self.patterns[index].letters;
            let page = match given {
                Some(given) if given == UTF_8 => None,
                Some(given) => ((is_wide && !letters.are_bytes) || letters.are_there).then_some(given),
                None => letters.ansi_page,
            };
            let Some(page) = page else { continue };
            match pages.iter_mut().find(|(other, _)| *other == page) {
                Some((_, patterns)) => patterns.push(index),
                None => pages.push((page, vec![index])),
            }
        }
        let in_bytes = all.filter(|&index| !is_wide || self.patterns[index].letters.are_bytes).collect();
        self.pages = Pages { pages, in_bytes };
        self
    }

    /// Whether lines that are not UTF-8 are also searched as decoded text.
    pub(crate) fn reads_code_pages(&self) -> bool {
        !self.pages.pages.is_empty()
    }

    /// Creates working memory for [`PatternSet::matches_as_read`].
    pub(crate) fn readings(&self) -> Readings {
        let view = |reading| View { reading, scratch: self.scratch() };
        let pages = self.pages.pages.iter().map(|(page, _)| view(Some(Reading::new(page))));
        Readings(if self.reads_code_pages() { std::iter::once(view(None)).chain(pages).collect() } else { Vec::new() })
    }

    /// Like [`PatternSet::matches`], for a line that is not valid UTF-8 or is followed by text in the window that is not.
    pub(crate) fn matches_as_read<'m>(
        &'m self,
        readings: &'m mut Readings,
        window: &'m [u8],
        line_len: usize,
    ) -> ReadMatches<'m> {
        for view in &mut readings.0 {
            if let Some(reading) = &mut view.reading {
                reading.read(window, line_len);
            }
        }
        let applies = self.conditions_as_read(readings, window, line_len);
        let upcoming = readings.0.iter_mut().zip(self.patterns_as_read()).map(|(view, patterns)| {
            let View { reading, scratch } = view;
            let (window, line_len) = match &*reading {
                Some(reading) => (reading.text(), reading.line_len()),
                None => (window, line_len),
            };
            self.find_places(scratch, window, |index| patterns.binary_search(&index).is_ok());
            let mut matches = self.matches_at_places(scratch, window, line_len);
            matches.settle_conditions(&applies);
            let mut upcoming = Upcoming { reading: reading.as_ref(), matches, next: None };
            upcoming.advance();
            upcoming
        });
        ReadMatches { upcoming: upcoming.collect(), at: 0 }
    }

    /// Returns the patterns to search for in each reading, in the order of [`Readings`].
    fn patterns_as_read(&self) -> impl Iterator<Item = &[usize]> {
        let Pages { pages, in_bytes } = &self.pages;
        std::iter::once(in_bytes.as_slice()).chain(pages.iter().map(|(_, patterns)| patterns.as_slice()))
    }

    /// Returns the patterns that have conditions and letters beyond ASCII. For each, returns whether its conditions hold for the
    /// line in the readings in which it is searched for.
    fn conditions_as_read(&self, readings: &Readings, window: &[u8], line_len: usize) -> Vec<(usize, bool)> {
        let mut all = Vec::new();
        for &index in self.conditional.iter().filter(|&&index| self.patterns[index].letters.are_there) {
            let (mut when, mut unless) = (false, false);
            for (View { reading, .. }, patterns) in readings.0.iter().zip(self.patterns_as_read()) {
                if patterns.binary_search(&index).is_ok() {
                    let line = match reading {
                        Some(reading) => &reading.text()[..reading.line_len()],
                        None => &window[..line_len],
                    };
                    let found = self.patterns[index].match_conditions(line);
                    (when, unless) = (when || found.0, unless || found.1);
                }
            }
            all.push((index, when && !unless));
        }
        all
    }
}

impl ReadMatches<'_> {
    /// Returns the next match and the reading to which its offsets refer, which is `None` for the bytes of the line.
    pub(crate) fn next(&mut self) -> Option<(Match<'_>, Option<&Reading>)> {
        for upcoming in &mut self.upcoming {
            while upcoming.next.as_ref().is_some_and(|(.., bytes)| bytes.start < self.at) {
                upcoming.matches.skip_to(upcoming.reading.map_or(self.at, |reading| reading.at(self.at)));
                upcoming.advance();
            }
        }
        let order = |(view, upcoming): (usize, &Upcoming<'_>)| {
            let (pattern, _, bytes) = upcoming.next.as_ref()?;
            Some((bytes.start, *pattern, Reverse(bytes.end), view))
        };
        let (.., view) = self.upcoming.iter().enumerate().filter_map(order).min()?;
        let upcoming = self.upcoming.get(view)?;
        let (pattern, span, bytes) = upcoming.next.clone()?;
        self.at = bytes.end;
        Some((upcoming.matches.last_match(pattern, span), upcoming.reading))
    }
}

impl Upcoming<'_> {
    /// Searches for the next match in this reading.
    fn advance(&mut self) {
        let reading = self.reading;
        self.next = self.matches.next().map(|found| {
            let bytes = reading.map_or(found.span.clone(), |reading| reading.bytes_of(found.span.clone()));
            (found.pattern, found.span, bytes)
        });
    }
}
