//! The compiled patterns as an ordered set, and the rules that decide which of them matches.
//!
//! Invariants:
//!
//! * The leftmost of overlapping matches wins. If several matches start at the same position, the earlier pattern wins. The
//!   search continues at the end of the match.
//! * A pattern sees one line, without its line end. Only a `multiline` pattern also sees the lines that follow, but its match
//!   belongs to the line in which it starts.
//! * Patterns match bytes, and their classes are ASCII, because logs mix encodings and codes are ASCII in all of them.

mod matches;
mod readings;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};
use regex_automata::util::syntax;
use regex_syntax::hir::Hir;

use self::matches::Places;
pub use self::matches::{Match, Matches};
use self::readings::Pages;
pub(crate) use self::readings::Readings;
use super::definition::{Definition, Field, Origin, Role};
use super::diagnostic::Diagnostic;
use super::letters::Letters;
use super::literal::{self, Leading};
use super::matcher::{COMPILED_LIMIT_BYTES, Compile, Matcher, MatcherScratch, Place, Settings, Trial};
use super::prefilter::{Anchors, Candidate, Marks, Prefilter};
use super::program::Known;
use super::validate;
use super::words::{self, Words};
use crate::code::MFA;
use crate::hit::{Capture, Captures};
use crate::time::forms::Shape;

/// Compiled patterns in order of precedence.
///
/// # Examples
///
/// ```
/// use callcodes::hit::Capture;
/// use callcodes::pattern::{PatternSet, definition::Definition};
///
/// let set = PatternSet::compile(&[Definition::from_expression(1, r"result (?<code>\d+)")])?;
/// let mut scratch = set.scratch();
/// let line = b"mfa result 21";
/// let mut matches = set.matches(&mut scratch, line, line.len());
/// let code = matches.next().and_then(|found| found.capture(Capture::Code)).unwrap();
/// assert_eq!(&line[code], b"21");
/// # Ok::<_, callcodes::pattern::diagnostic::Diagnostic>(())
/// ```
#[derive(Debug)]
pub struct PatternSet {
    /// The patterns in order of precedence.
    patterns: Vec<Pattern>,
    /// The search for positions where a pattern may match.
    prefilter: Prefilter,
    /// The prefilter that was removed, if it was.
    removed: Option<Box<Prefilter>>,
    /// The indexes of the patterns with a `when`, `unless` or `foreign`.
    conditional: Vec<usize>,
    /// For each pattern, the index of the first pattern that is tried at the same positions. This may be the pattern itself.
    alike: Vec<usize>,
    /// Whether any pattern is `multiline`.
    looks_ahead: bool,
    /// The code pages with which lines that are not UTF-8 are decoded in order to search them.
    pages: Pages,
}

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    /// The name of the pattern, which is unique in the set.
    name: String,
    /// Finds the matches of the pattern's regex.
    matcher: Matcher,
    /// Whether a match may extend into the lines after the one in which it starts.
    multiline: bool,
    /// A regex that must also match in a line, or else the pattern's match does not count.
    when: Option<Condition>,
    /// A regex that must not match in a line, or else the pattern's match does not count.
    unless: Option<Condition>,
    /// A regex for what shows that a line is about multi-factor authentication.
    sign: Option<Condition>,
    /// A regex that must not match in a line that `sign` does not match, or else the pattern's match does not count.
    foreign: Option<Condition>,
    /// The index of the regex group for each capture.
    groups: Captures<usize>,
    /// A regex that captures further values of the line, such as its process and thread.
    line: Option<Writer>,
    /// The name of the program that writes the lines which the pattern matches.
    recorder: Option<Arc<str>>,
    /// The family of the results, unless it is the vendor's.
    family: Option<Box<str>>,
    /// The form of the text in the group `time`.
    time_form: Option<Box<Shape>>,
    /// Whether the pattern finds results or context.
    role: Role,
    /// Whether the pattern may also match lines of other programs.
    general: bool,
    /// The literals by which the pattern can be found.
    anchors: Anchors,
    /// The letters beyond ASCII in the pattern's regexes.
    letters: Letters,
    /// The key words of the pattern.
    words: Words,
    /// The rarest literals of the pattern, which are its key words if the regex has no others.
    rarest: Option<Vec<Vec<u8>>>,
}

/// The `line` of a pattern: a regex that is matched at the start of a line in which the pattern matches, and only adds captures.
#[derive(Debug)]
struct Writer {
    /// Finds the match of the regex at the start of the line.
    matcher: Matcher,
    /// The captures, each with the index of its group in the regex.
    groups: Vec<(Capture, usize)>,
    /// A literal that the line must contain, if looking for it is faster than trying a match.
    required: Option<memmem::Finder<'static>>,
}

/// The length of the longest line in which the required literal of a [`Writer`] is looked for, in bytes. In longer lines this
/// does not pay, because the literal can only be near the start.
const REQUIRED_WITHIN_BYTES: usize = 512;

/// The length of the longest line that can be foreign, in bytes. A longer line is often a whole file, or many records.
const FOREIGN_WITHIN_BYTES: usize = 4 << 10;

/// The working memory for the `line` of each pattern.
#[derive(Debug)]
pub(crate) struct Writers(Vec<Option<MatcherScratch>>);

/// A `when`, `unless`, `sign` or `foreign`: another regex that must or must not match in the line. Compiled when it is first needed.
#[derive(Debug)]
struct Condition {
    /// The regex with its options, before it is compiled.
    builder: RegexBuilder,
    /// The compiled regex, or the error if it cannot be compiled.
    compiled: OnceLock<Result<Regex, regex::Error>>,
}

/// The working memory for searches with one [`PatternSet`]. Each thread needs its own.
#[derive(Debug)]
pub struct Scratch {
    /// The working memory for each pattern, in the order of the set.
    patterns: Vec<PatternScratch>,
    /// The positions where patterns may match in the current line.
    places: Places,
    /// The working memory of the prefilter, for lines that it has not searched as part of a block.
    marks: Marks,
}

/// The working memory for one pattern.
#[derive(Debug)]
struct PatternScratch {
    /// The working memory of the matcher, which also contains the captures of the last match.
    matcher: MatcherScratch,
    /// What is known about the next match.
    next: Next,
    /// Whether the conditions of the pattern hold for the current line. `None` if that has not been checked yet.
    applies: Option<bool>,
}

/// What is known about the next match of a pattern in the current line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Nothing is known, so the next match must be searched for.
    Unknown,
    /// There is no match before this position, where one may start.
    At(Place),
    /// There is no match in the rest of the line.
    Exhausted,
}

impl PatternSet {
    /// Compiles definitions, which must be in order of precedence.
    ///
    /// # Errors
    ///
    /// Returns an error for the first definition whose regexes cannot be compiled, or that finds results and has no group for the
    /// code.
    pub fn compile(definitions: &[Definition]) -> Result<PatternSet, Diagnostic> {
        let patterns = definitions.iter().map(Pattern::compile).collect::<Result<Vec<_>, _>>()?;
        let anchors: Vec<Anchors> = patterns.iter().map(|pattern| pattern.anchors.clone()).collect();
        let prefilter = Prefilter::new(&anchors);
        let is_conditional = |pattern: &Pattern| pattern.has_conditions();
        let conditional = (0..patterns.len()).filter(|&index| is_conditional(&patterns[index])).collect();
        let mut first_alike = HashMap::new();
        let alike = patterns.iter().enumerate().map(|(index, pattern)| match pattern.tried_where() {
            Some(tried_where) => *first_alike.entry(tried_where).or_insert(index),
            None => index,
        });
        let alike = alike.collect();
        let looks_ahead = patterns.iter().any(|pattern| pattern.multiline);
        let set =
            PatternSet { patterns, prefilter, removed: None, conditional, alike, looks_ahead, pages: Pages::default() };
        Ok(set.reading_in(None))
    }

    /// Removes the prefilter, so that every line is searched. Used in tests, and to measure what the prefilter saves.
    #[must_use]
    pub fn without_prefilter(self) -> PatternSet {
        let pass_all = Prefilter::pass_all(self.patterns.len());
        PatternSet { removed: Some(Box::new(self.prefilter)), prefilter: pass_all, ..self }
    }

    /// Returns the patterns in order of precedence.
    #[must_use]
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Returns the prefilter, which finds the positions in a block where a pattern may match.
    #[must_use]
    pub fn prefilter(&self) -> &Prefilter {
        &self.prefilter
    }

    /// Whether every line must be searched, because there is a pattern whose matches need not contain any literal.
    #[must_use]
    pub fn searches_every_line(&self) -> bool {
        !self.prefilter.always().is_empty()
    }

    /// Whether any pattern is `multiline`, so that a search needs the text after the line as well.
    #[must_use]
    pub fn looks_ahead(&self) -> bool {
        self.looks_ahead
    }

    /// Whether the prefilter finds a literal of a pattern in a line. Only such a line is unwrapped. If matches of a pattern always
    /// contain several literals, which of them the prefilter looks for depends on the other patterns of the set.
    #[must_use]
    pub fn has_key(&self, line: &[u8]) -> bool {
        self.has_candidate(&mut Marks::default(), line)
    }

    /// Whether `text` has a literal of a pattern, according to the prefilter, even if that was removed.
    pub(crate) fn has_candidate(&self, marks: &mut Marks, text: &[u8]) -> bool {
        let prefilter = self.removed.as_deref().unwrap_or(&self.prefilter);
        prefilter.candidates(text, marks).next().is_some()
    }

    /// Returns the range of the first key words in `line`, or `None` if it does not speak of a result. They are the words before the
    /// code of a pattern that finds results, whose literal the prefilter finds and whose conditions hold for the line. Words do not
    /// count where they are only named, as a parameter in code is.
    pub(crate) fn key_words(&self, marks: &mut Marks, line: &[u8]) -> Option<Range<usize>> {
        let prefilter = self.removed.as_deref().unwrap_or(&self.prefilter);
        let mut candidates = prefilter.candidates(line, marks);
        let mut patterns: Vec<usize> = Vec::new();
        while let Some(candidate) = candidates.next() {
            for used in candidate.uses {
                if !self.patterns[used.pattern].role.is_context() && !patterns.contains(&used.pattern) {
                    patterns.push(used.pattern);
                }
            }
        }
        let words = |index: usize| {
            let pattern = &self.patterns[index];
            let mut words = pattern.words.find(line, pattern.rarest.as_deref());
            let first = words.find(|words| !words::is_only_named(line, words.start))?;
            (pattern.match_conditions(line) == (true, false)).then_some(first)
        };
        patterns.into_iter().filter_map(words).min_by_key(|words| (words.start, words.end))
    }

    /// Whether every place that was recorded for the line in `scratch` is of context or only named, so that the line has no key words.
    /// Returns false if this cannot be told without a search. Far faster than [`PatternSet::key_words`].
    pub(crate) fn are_only_named(&self, scratch: &Scratch, line: &[u8]) -> bool {
        let Places { starts, searched, after_unused, .. } = &scratch.places;
        let mut last = usize::MAX;
        let mut is_only_named = |&(start, pattern): &(usize, usize)| {
            let is_same = std::mem::replace(&mut last, start) == start;
            is_same || self.is_only_named((start, pattern), line)
        };
        searched.is_empty() && *after_unused == 0 && starts.iter().all(&mut is_only_named)
    }

    /// Whether a place where a match of a pattern may start is of context or only named. The second number is the index of the pattern.
    pub(crate) fn is_only_named(&self, (start, pattern): (usize, usize), line: &[u8]) -> bool {
        self.patterns[pattern].role.is_context() || words::is_only_named(line, start)
    }

    /// Creates working memory for [`PatternSet::matches`].
    #[must_use]
    pub fn scratch(&self) -> Scratch {
        let of = |pattern: &Pattern| PatternScratch {
            matcher: pattern.matcher.scratch(),
            next: Next::Unknown,
            applies: None,
        };
        let patterns = self.patterns.iter().map(of).collect();
        Scratch { patterns, places: Places::default(), marks: Marks::default() }
    }

    /// Returns the matches in a line, in order.
    ///
    /// The first `line_len` bytes of `window` are the line without its line end. If any pattern is `multiline`, `window` must
    /// also contain the text after them.
    pub fn matches<'m>(&'m self, scratch: &'m mut Scratch, window: &'m [u8], line_len: usize) -> Matches<'m> {
        self.find_places(scratch, window, |_| true);
        self.matches_at_places(scratch, window, line_len)
    }

    /// Creates working memory for [`PatternSet::add_writer`].
    pub(crate) fn writers(&self) -> Writers {
        Writers(self.patterns.iter().map(|pattern| Some(pattern.line.as_ref()?.matcher.scratch())).collect())
    }

    /// Matches the pattern's `line` at the start of a line in which the pattern matches, and adds its captures. They include the
    /// process and thread that wrote the line.
    #[inline]
    pub(crate) fn add_writer<'l>(
        &self,
        writers: &mut Writers,
        pattern: usize,
        line: &'l [u8],
        captures: &mut Captures<&'l [u8]>,
    ) {
        let (Some(writer), Some(scratch)) = (&self.patterns[pattern].line, &mut writers.0[pattern]) else { return };
        let is_ruled_out =
            |required: &memmem::Finder<'_>| line.len() <= REQUIRED_WITHIN_BYTES && required.find(line).is_none();
        if writer.required.as_ref().is_some_and(is_ruled_out) {
            return;
        }
        if writer.matcher.matches_at(scratch, line, 0, Known::Nothing).is_some() {
            for &(capture, group) in &writer.groups {
                captures.add(capture, scratch.group(group).and_then(|span| line.get(span)));
            }
        }
    }

    /// Returns the matches of the pattern with this index, as if it were the only one. The other arguments are those of
    /// [`PatternSet::matches`].
    pub fn matches_of<'m>(
        &'m self,
        index: usize,
        scratch: &'m mut Scratch,
        window: &'m [u8],
        line_len: usize,
    ) -> Matches<'m> {
        self.find_places(scratch, window, |pattern| pattern == index);
        self.matches_at_places(scratch, window, line_len)
    }

    /// Prepares `scratch` for the next line, whose candidates [`PatternSet::note`] then records.
    pub(crate) fn begin_line(&self, scratch: &mut Scratch) {
        scratch.places.clear();
        self.prefilter.always().iter().for_each(|&pattern| scratch.places.seek(pattern));
    }

    /// Records a candidate for the line that starts at `line_start` in the block.
    #[inline]
    pub(crate) fn note(&self, scratch: &mut Scratch, candidate: Candidate<'_>, line_start: usize) {
        if candidate.uses.is_empty() {
            scratch.places.note_unused(candidate.at.saturating_sub(line_start));
        }
        for used in candidate.uses {
            let start = used.distance.map(|distance| candidate.at.checked_sub(line_start + distance));
            match start {
                // The match would start before the line.
                Some(None) => {}
                Some(Some(start)) => scratch.places.note(start, used.pattern),
                None => scratch.places.seek(used.pattern),
            }
        }
    }

    /// Returns the match in a line with only one candidate, for the pattern with this index and at `start`.
    ///
    /// This is a fast path, because most lines with a result have one candidate. [`PatternSet::note`] and
    /// [`PatternSet::matches_at_places`] would take as long as matching a short pattern.
    #[inline(always)]
    pub(crate) fn sole_match<'m>(
        &'m self,
        scratch: &'m mut Scratch,
        (start, index): (usize, usize),
        window: &[u8],
        line_len: usize,
    ) -> Option<Match<'m>> {
        let (pattern, scratch) = (&self.patterns[index], &mut scratch.patterns[index]);
        scratch.applies = None;
        let span =
            (start < line_len).then(|| pattern.try_place(scratch, Place::Led(start), window, line_len)).flatten()?;
        Some(Match {
            pattern: index,
            span,
            is_after_miss: false,
            role: pattern.role,
            groups: &pattern.groups,
            slots: &scratch.matcher,
        })
    }

    /// Returns the matches in a line whose candidates have all been recorded with [`PatternSet::note`].
    #[inline]
    pub(crate) fn matches_at_places<'m>(
        &'m self,
        scratch: &'m mut Scratch,
        window: &'m [u8],
        line_len: usize,
    ) -> Matches<'m> {
        // There are usually one or two positions, for which this check costs less than a call of `sort_unstable`.
        if !scratch.places.starts.is_sorted() {
            scratch.places.starts.sort_unstable();
        }
        scratch.places.searched.sort_unstable();
        for &index in &scratch.places.searched {
            scratch.patterns[index].next = Next::Unknown;
        }
        for &index in &self.conditional {
            scratch.patterns[index].applies = None;
        }
        Matches::new(self, scratch, window, line_len)
    }

    /// Searches one line for candidates, and records those of the patterns for which `is_chosen` returns true.
    fn find_places(&self, scratch: &mut Scratch, window: &[u8], is_chosen: impl Fn(usize) -> bool) {
        self.begin_line(scratch);
        let mut marks = std::mem::take(&mut scratch.marks);
        let mut candidates = self.prefilter.candidates(window, &mut marks);
        while let Some(candidate) = candidates.next() {
            self.note(scratch, candidate, 0);
        }
        scratch.marks = marks;
        scratch.places.retain(is_chosen);
    }
}

impl Pattern {
    /// Returns the name of the pattern.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns a set of literals such that every match contains at least one of them. Returns `None` if there is no such set, so
    /// that every line must be searched.
    #[must_use]
    pub fn literals(&self) -> Option<&[Vec<u8>]> {
        let Anchors { leading, required } = &self.anchors;
        let leading = || leading.as_ref().map(|leading| leading.literals.as_slice());
        required.as_ref().map(|required| required.literals.as_slice()).or_else(leading)
    }

    /// Whether the pattern has letters beyond ASCII that no single ANSI code page contains. Then it matches in a line that is not
    /// UTF-8 only if the user chooses an encoding.
    #[must_use]
    pub fn is_in_no_ansi_page(&self) -> bool {
        self.letters.are_there && self.letters.ansi_page.is_none()
    }

    /// Describes to the user how matches are found and how fast that is.
    #[must_use]
    pub fn ways(&self) -> &'static str {
        // The factors are ratios of instructions for each match, counted as in `benches/instructions` with one pattern at a time.
        match self.matcher.ways() {
            (true, Trial::Steps) => "Speed: the fastest; matched step by step, without trying anything twice",
            (true, Trial::Choices) => {
                "Speed: about half of the fastest; matched step by step, but some parts may have to be tried several times"
            }
            (true, Trial::OnePass) => "Speed: a third to a half of the fastest; matched by an automaton in one pass",
            (true, Trial::Engine) => "Speed: a tenth of the fastest or less; matched by the general regex engine",
            (false, _) => "Speed: a tenth of the fastest or less; searched for by the general regex engine",
        }
    }

    /// Compiles a definition, with the literals for the prefilter.
    fn compile(definition: &Definition) -> Result<Pattern, Diagnostic> {
        let syntax = syntax::Config::new().unicode(false).utf8(false).case_insensitive(definition.ignore_case);
        let compile = if definition.origin == Origin::BuiltIn { Compile::WhenNeeded } else { Compile::AtOnce };
        let settings = Settings { syntax, compile };
        // The syntax has already been checked, so the only errors left are those that the regex engine detects, such as the size.
        let error = |field| {
            move |message: String| {
                Diagnostic::new("this regex cannot be compiled")
                    .at(definition.mark_field(field, None, message))
                    .remedy("make it simpler: fewer or smaller counted repetitions such as {0,1000}")
            }
        };
        let condition = |field, regex: &Option<String>| {
            let condition = |regex| Condition::new(definition.regex_builder(regex), compile).map_err(error(field));
            regex.as_deref().map(condition).transpose()
        };
        let hir =
            syntax::parse_with(&definition.regex, &syntax).map_err(|wrong| error(Field::Regex)(wrong.to_string()))?;
        let groups = groups(&hir);
        if groups[Capture::Code].is_none() && !definition.role.is_context() {
            return Err(error(Field::Regex)("there is no group for the code".to_owned()));
        }
        // A literal that contains a line end extends beyond the line, and perhaps beyond the block.
        let is_in_line =
            |leading: &Leading| !leading.literals.iter().flatten().any(|byte| matches!(byte, b'\n' | b'\r'));
        let leading = literal::leading(&hir).filter(is_in_line);
        let mut required = literal::required(&hir).filter(|_| !definition.multiline);
        if let Some(required) = &mut required {
            // A line contains no line end, so a literal with one is never found.
            required.literals.retain(|literal| !literal.contains(&b'\n'));
        }
        let rarest = literal::rarest(&hir).filter(|_| !definition.multiline);
        let rarest = rarest.or_else(|| leading.as_ref().map(|leading| leading.literals.clone()));
        let parse_condition = |(field, regex): (Field, &str)| {
            syntax::parse_with(regex, &syntax).map_err(|wrong| error(field)(wrong.to_string()))
        };
        // A test checks that the built-in regexes are ASCII, so they need not be examined at start-up.
        let letters = if definition.origin == Origin::BuiltIn {
            Letters::default()
        } else {
            let conditions = [Field::When, Field::Unless, Field::Sign, Field::Foreign, Field::Line];
            let conditions = conditions.into_iter().filter_map(|field| Some((field, definition.field(field)?)));
            let conditions = conditions.map(parse_condition).collect::<Result<Vec<Hir>, _>>()?;
            Letters::of(&[&hir].into_iter().chain(&conditions).collect::<Vec<_>>())
        };
        let writer = definition.line.as_ref().map(|regex| {
            let hir = parse_condition((Field::Line, regex))?;
            let groups = self::groups(&hir);
            let groups = Capture::ALL.into_iter().filter_map(|capture| Some((capture, groups[capture]?))).collect();
            // A single byte would be no help, because most lines contain it.
            let required =
                literal::required(&hir).map(|required| required.literals).filter(|literals| literals.len() == 1);
            let required = required.and_then(|mut literals| literals.pop()).filter(|literal| literal.len() > 1);
            let required = required.map(|literal| memmem::Finder::new(&literal).into_owned());
            let matcher = Matcher::new(regex, settings, hir, None).map_err(error(Field::Line))?;
            Ok(Writer { matcher, groups, required })
        });
        let matcher = Matcher::new(&definition.regex, settings, hir, leading.clone()).map_err(error(Field::Regex))?;
        Ok(Pattern {
            name: definition.name.clone(),
            matcher,
            multiline: definition.multiline,
            when: condition(Field::When, &definition.when)?,
            unless: condition(Field::Unless, &definition.unless)?,
            sign: condition(Field::Sign, &definition.sign)?,
            foreign: condition(Field::Foreign, &definition.foreign)?,
            groups,
            line: writer.transpose()?,
            recorder: definition.recorder.as_deref().map(Into::into),
            family: Some(&*definition.family).filter(|family| *family != MFA).map(Into::into),
            // An invalid form has already been reported.
            time_form: definition
                .time_form
                .as_deref()
                .and_then(|form| Shape::compile(&definition.name, form).ok().map(Box::new)),
            role: definition.role,
            general: definition.general,
            anchors: Anchors { leading, required },
            letters,
            words: Words::new(definition),
            rarest,
        })
    }

    /// Returns the name of the program that writes the lines, if the pattern has one.
    #[must_use]
    pub fn recorder(&self) -> Option<&Arc<str>> {
        self.recorder.as_ref()
    }

    /// Returns the family of the results, or `None` if it is [`MFA`].
    #[must_use]
    pub fn family(&self) -> Option<&str> {
        self.family.as_deref()
    }

    /// Returns the form of the text in the group `time`, if the pattern has one.
    #[must_use]
    pub fn time_form(&self) -> Option<&Shape> {
        self.time_form.as_deref()
    }

    /// Returns whether the pattern finds results or context.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether the pattern may also match lines of other programs, so that its results are counted separately.
    #[must_use]
    pub fn is_general(&self) -> bool {
        self.general
    }

    /// Returns the span of the match at a position, if there is one and the pattern's conditions hold for the line.
    #[inline(always)]
    fn try_place(
        &self,
        scratch: &mut PatternScratch,
        place: Place,
        window: &[u8],
        line_len: usize,
    ) -> Option<Range<usize>> {
        let (start, known) = match place {
            Place::Candidate(start) => (start, Known::Nothing),
            Place::Led(start) => (start, Known::Leading),
            Place::Match(_) => {
                let span = scratch.matcher.group(0)?;
                return self.applies(scratch, &window[..line_len]).then_some(span);
            }
        };
        let haystack = self.haystack(window, line_len);
        let span = start..self.matcher.matches_at(&mut scratch.matcher, haystack, start, known)?;
        self.applies(scratch, &window[..line_len]).then_some(span)
    }

    /// Returns a key for the positions where the pattern is tried: patterns with the same key are tried at the same positions.
    /// Returns `None` if the pattern has no leading literals.
    fn tried_where(&self) -> Option<(bool, usize, &[Vec<u8>])> {
        let leading = self.anchors.leading.as_ref()?;
        Some((self.multiline, leading.offset, &leading.literals))
    }

    /// Searches for the next position at or after `at` where the pattern may match.
    fn seek(&self, scratch: &mut PatternScratch, haystack: &[u8], at: usize, line_len: usize) -> Next {
        self.matcher.seek(&mut scratch.matcher, haystack, at, line_len).map_or(Next::Exhausted, Next::At)
    }

    /// Whether the pattern's conditions hold for the line. They are checked at most once for each line, and only if the pattern
    /// itself matches.
    #[inline]
    fn applies(&self, scratch: &mut PatternScratch, line: &[u8]) -> bool {
        if self.has_conditions() { self.conditions_hold(scratch, line) } else { true }
    }

    #[inline]
    fn has_conditions(&self) -> bool {
        self.when.is_some() || self.unless.is_some() || self.foreign.is_some()
    }

    /// Whether a name that is not in the catalogue can be a result in this line: there is a sign that the line is about multi-factor
    /// authentication, or the pattern does not need one.
    pub(crate) fn takes_unknown_names(&self, line: &[u8]) -> bool {
        self.sign.as_ref().is_none_or(|sign| sign.is_match(line))
    }

    /// Checks the pattern's conditions for the line, or returns the cached result.
    fn conditions_hold(&self, scratch: &mut PatternScratch, line: &[u8]) -> bool {
        if let Some(applies) = scratch.applies {
            return applies;
        }
        let (when, unless) = self.match_conditions(line);
        *scratch.applies.insert(when && !unless)
    }

    /// Returns whether the line matches `when` (true if there is none) and whether it matches `unless`, or `foreign` and not `sign`.
    fn match_conditions(&self, line: &[u8]) -> (bool, bool) {
        let matches = |condition: &Option<Condition>| condition.as_ref().is_some_and(|one| one.is_match(line));
        let is_foreign = || line.len() <= FOREIGN_WITHIN_BYTES && matches(&self.foreign) && !matches(&self.sign);
        (self.when.is_none() || matches(&self.when), matches(&self.unless) || is_foreign())
    }

    /// Returns the part of the window that the pattern may see: the line, or everything if it is `multiline`.
    fn haystack<'w>(&self, window: &'w [u8], line_len: usize) -> &'w [u8] {
        if self.multiline { window } else { &window[..line_len] }
    }
}

impl Condition {
    /// Creates a condition from a regex with valid syntax.
    ///
    /// # Errors
    ///
    /// Returns the reason if the regex is compiled at once and this fails, usually because it is too large.
    fn new(mut builder: RegexBuilder, compile: Compile) -> Result<Condition, String> {
        builder.size_limit(COMPILED_LIMIT_BYTES);
        let condition = Condition { builder, compiled: OnceLock::new() };
        if compile == Compile::AtOnce
            && let Err(error) = condition.compiled()
        {
            return Err(match error {
                regex::Error::CompiledTooBig(limit) => format!("the compiled regex needs more than {limit} bytes"),
                error => error.to_string(),
            });
        }
        Ok(condition)
    }

    /// Whether the regex of the condition matches in the line.
    fn is_match(&self, line: &[u8]) -> bool {
        // The user's regexes have been compiled before. Built-in ones may be compiled only now, but a test checks that they
        // compile.
        self.compiled().as_ref().is_ok_and(|regex| regex.is_match(line))
    }

    /// Returns the compiled regex of the condition. The first call compiles it.
    fn compiled(&self) -> &Result<Regex, regex::Error> {
        self.compiled.get_or_init(|| self.builder.build())
    }
}

/// Returns the index of the group in `hir` for each capture.
fn groups(hir: &Hir) -> Captures<usize> {
    Captures::new(|capture| usize::try_from(validate::group_of(hir, capture)?.index).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn every_built_in_regex_compiles() {
        let mut definitions = config::built_in();
        for definition in &mut definitions {
            definition.origin = Origin::CommandLine;
        }
        let set = PatternSet::compile(&definitions).unwrap();
        // Otherwise the conditions would have to be parsed at start-up as well.
        assert!(!set.patterns.iter().any(|pattern| pattern.letters.are_there || pattern.letters.are_bytes));
    }
}
