//! The matches of a line that is not UTF-8, as it lies and as code pages read it.
//!
//! Invariants:
//! * As it lies, such a line is searched like every other one. As a code page reads it, it is searched for the patterns
//!   with letters beyond ASCII, which this only ever adds to: of two matches of one pattern at one place the longer wins,
//!   then that of the bytes.
//! * In an encoding of several bytes for a character, what looks like ASCII may be a part of one. There a line is only
//!   searched as it reads, except for patterns that name bytes.
//! * Of several readings, `when` has to match in one, and `unless` in none.
//! * Where a match stands is always told as bytes of the line.

use std::cmp::Reverse;
use std::ops::Range;

use encoding_rs::{Encoding, UTF_8};

use super::matches::{Match, Matches};
use super::{PatternSet, Scratch};
use crate::units::Reading;

/// How lines that are not UTF-8 are searched.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// The code pages in which such a line is read, with the patterns that are looked for in what that gives. None of them:
    /// every line is only searched as it lies.
    pages: Vec<(&'static Encoding, Vec<usize>)>,
    /// The patterns that are looked for in the bytes as they lie.
    in_bytes: Vec<usize>,
}

/// Working memory for such lines: for each way of reading them.
#[derive(Debug)]
pub(crate) struct Readings(Vec<View>);

/// One way of reading a line.
#[derive(Debug)]
struct View {
    /// `None`: the bytes as they lie.
    reading: Option<Reading>,
    scratch: Scratch,
}

/// The matches of one line, of all its readings.
pub(crate) struct ReadMatches<'m> {
    sought: Vec<Sought<'m>>,
    /// Where in the bytes the last match ended.
    at: usize,
}

/// The next match of one reading.
struct Sought<'m> {
    reading: Option<&'m Reading>,
    matches: Matches<'m>,
    /// The pattern, and where in the reading and in the bytes it matches. `None`: there is no other match.
    next: Option<(usize, Range<usize>, Range<usize>)>,
}

impl PatternSet {
    /// The same set, for text of which the encoding is given or, as `None`, unknown. In UTF-16 every line becomes UTF-8
    /// before it is searched.
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

    /// Whether lines that are not UTF-8 are read in a code page.
    pub(crate) fn reads_code_pages(&self) -> bool {
        !self.pages.pages.is_empty()
    }

    /// Working memory for [`PatternSet::matches_as_read`].
    pub(crate) fn readings(&self) -> Readings {
        let view = |reading| View { reading, scratch: self.scratch() };
        let pages = self.pages.pages.iter().map(|(page, _)| view(Some(Reading::new(page))));
        Readings(if self.reads_code_pages() { std::iter::once(view(None)).chain(pages).collect() } else { Vec::new() })
    }

    /// The matches in a line that is not UTF-8, or that such a line follows within the window.
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
        let sought = readings.0.iter_mut().zip(self.patterns_as_read()).map(|(view, patterns)| {
            let View { reading, scratch } = view;
            let (window, line_len) = match &*reading {
                Some(reading) => (reading.text(), reading.line_len()),
                None => (window, line_len),
            };
            self.find_places(scratch, window, |index| patterns.binary_search(&index).is_ok());
            let mut matches = self.matches_at_places(scratch, window, line_len);
            matches.settle_conditions(&applies);
            let mut sought = Sought { reading: reading.as_ref(), matches, next: None };
            sought.advance();
            sought
        });
        ReadMatches { sought: sought.collect(), at: 0 }
    }

    /// The patterns that are looked for, in the order of [`Readings`].
    fn patterns_as_read(&self) -> impl Iterator<Item = &[usize]> {
        let Pages { pages, in_bytes } = &self.pages;
        std::iter::once(in_bytes.as_slice()).chain(pages.iter().map(|(_, patterns)| patterns.as_slice()))
    }

    /// The patterns with conditions and with letters beyond ASCII, and whether their conditions hold.
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
    /// The next match, in offsets of its reading, which is `None` where those are the bytes.
    pub(crate) fn next(&mut self) -> Option<(Match<'_>, Option<&Reading>)> {
        for sought in &mut self.sought {
            while sought.next.as_ref().is_some_and(|(.., bytes)| bytes.start < self.at) {
                sought.matches.skip_to(sought.reading.map_or(self.at, |reading| reading.at(self.at)));
                sought.advance();
            }
        }
        let order = |(view, sought): (usize, &Sought<'_>)| {
            let (pattern, _, bytes) = sought.next.as_ref()?;
            Some((bytes.start, *pattern, Reverse(bytes.end), view))
        };
        let (.., view) = self.sought.iter().enumerate().filter_map(order).min()?;
        let sought = self.sought.get(view)?;
        let (pattern, span, bytes) = sought.next.clone()?;
        self.at = bytes.end;
        Some((sought.matches.again(pattern, span), sought.reading))
    }
}

impl Sought<'_> {
    fn advance(&mut self) {
        let reading = self.reading;
        self.next = self.matches.next().map(|found| {
            let bytes = reading.map_or(found.span.clone(), |reading| reading.bytes_of(found.span.clone()));
            (found.pattern, found.span, bytes)
        });
    }
}
