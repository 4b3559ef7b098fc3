//! Compiled patterns as one ordered set, and the rule for which of them takes a match.
//!
//! Invariants (decision 4): of overlapping matches the leftmost wins, of those at one place the earlier pattern; a match
//! uses up its span. A pattern sees one line without its line end; only one that says `multiline` sees what follows
//! as well, and even then a match belongs to the line it starts in.
//!
//! Patterns are matched on bytes with ASCII classes: logs mix encodings, and a code is ASCII in all of them.

mod matches;
mod readings;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use regex_automata::util::syntax;
use regex_syntax::hir::Hir;

use self::matches::Places;
pub use self::matches::{Match, Matches};
use self::readings::Pages;
pub(crate) use self::readings::Readings;
use super::definition::{Definition, Field, Origin};
use super::diagnostic::Diagnostic;
use super::letters::Letters;
use super::literal::{self, Leading};
use super::matcher::{COMPILED_LIMIT_BYTES, Compile, Matcher, MatcherScratch, Place, Settings, Trial};
use super::prefilter::{Anchors, Candidate, Marks, Prefilter};
use super::program::Known;
use super::validate;
use crate::hit::{Capture, Captures};

/// Patterns in order of precedence.
#[derive(Debug)]
pub struct PatternSet {
    patterns: Vec<Pattern>,
    prefilter: Prefilter,
    /// The patterns that are for certain lines only.
    conditional: Vec<usize>,
    /// For each pattern the first one that is sought by the same literals.
    alike: Vec<usize>,
    /// Whether any pattern looks beyond the end of its line.
    looks_ahead: bool,
    /// How lines that are not UTF-8 are searched.
    pages: Pages,
}

/// One compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    name: String,
    matcher: Matcher,
    multiline: bool,
    when: Option<Condition>,
    unless: Option<Condition>,
    /// The index of each group that the regex has.
    groups: Captures<usize>,
    anchors: Anchors,
    letters: Letters,
}

/// A regex that the line of a match must match, or must not.
#[derive(Debug)]
struct Condition {
    builder: RegexBuilder,
    compiled: OnceLock<Result<Regex, regex::Error>>,
}

/// Working memory for searching with one set; one for each thread.
#[derive(Debug)]
pub struct Scratch {
    patterns: Vec<PatternScratch>,
    places: Places,
    /// For lines whose places nobody has found before.
    marks: Marks,
}

#[derive(Debug)]
struct PatternScratch {
    matcher: MatcherScratch,
    next: Next,
    /// Whether the line's conditions hold, once asked.
    applies: Option<bool>,
}

/// What is known of a pattern's next match in the current line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Nothing yet.
    Unsought,
    /// It starts here at the earliest.
    At(Place),
    /// There is none.
    Exhausted,
}

impl PatternSet {
    /// Compiles definitions, in order of precedence.
    ///
    /// # Errors
    /// The first definition that the engine refuses, or that has no group for the code.
    pub fn compile(definitions: &[Definition]) -> Result<PatternSet, Diagnostic> {
        let patterns = definitions.iter().map(Pattern::compile).collect::<Result<Vec<_>, _>>()?;
        let anchors: Vec<Anchors> = patterns.iter().map(|pattern| pattern.anchors.clone()).collect();
        let prefilter = Prefilter::new(&anchors);
        let is_conditional = |pattern: &Pattern| pattern.when.is_some() || pattern.unless.is_some();
        let conditional = (0..patterns.len()).filter(|&index| is_conditional(&patterns[index])).collect();
        let mut first_alike = HashMap::new();
        let alike = patterns.iter().enumerate().map(|(index, pattern)| match pattern.sought_by() {
            Some(sought_by) => *first_alike.entry(sought_by).or_insert(index),
            None => index,
        });
        let alike = alike.collect();
        let looks_ahead = patterns.iter().any(|pattern| pattern.multiline);
        let set = PatternSet { patterns, prefilter, conditional, alike, looks_ahead, pages: Pages::default() };
        Ok(set.reading_in(None))
    }

    /// The same set without its prefilter, so that every line is searched.
    #[must_use]
    pub fn without_prefilter(self) -> PatternSet {
        PatternSet { prefilter: Prefilter::pass_all(self.patterns.len()), ..self }
    }

    /// The patterns in order.
    #[must_use]
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// The search for candidate places.
    #[must_use]
    pub fn prefilter(&self) -> &Prefilter {
        &self.prefilter
    }

    /// Whether some pattern requires no literal, so that no line can be passed over.
    #[must_use]
    pub fn searches_every_line(&self) -> bool {
        !self.prefilter.always().is_empty()
    }

    /// Whether any pattern looks beyond the end of its line.
    #[must_use]
    pub fn looks_ahead(&self) -> bool {
        self.looks_ahead
    }

    /// Working memory for [`PatternSet::matches`].
    #[must_use]
    pub fn scratch(&self) -> Scratch {
        let of = |pattern: &Pattern| PatternScratch {
            matcher: pattern.matcher.scratch(),
            next: Next::Unsought,
            applies: None,
        };
        let patterns = self.patterns.iter().map(of).collect();
        Scratch { patterns, places: Places::default(), marks: Marks::default() }
    }

    /// The matches in a line, in order.
    ///
    /// `window` is the line without its line end (`line_len` bytes), then, for the multi-line patterns only, what
    /// follows it in the source.
    pub fn matches<'m>(&'m self, scratch: &'m mut Scratch, window: &'m [u8], line_len: usize) -> Matches<'m> {
        self.find_places(scratch, window, |_| true);
        self.matches_at_places(scratch, window, line_len)
    }

    /// What the pattern with that index would match if it were alone.
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

    /// Begins a line: what was noted of the one before is forgotten.
    pub(crate) fn begin_line(&self, scratch: &mut Scratch) {
        scratch.places.clear();
        self.prefilter.always().iter().for_each(|&pattern| scratch.places.seek(pattern));
    }

    /// Notes a candidate of the line that starts at `line_start` of the searched block.
    #[inline]
    pub(crate) fn note(&self, scratch: &mut Scratch, candidate: Candidate<'_>, line_start: usize) {
        for says in candidate.uses {
            let start = says.distance.map(|distance| candidate.at.checked_sub(line_start + distance));
            match start {
                Some(None) => {}
                Some(Some(start)) => scratch.places.note(start, says.pattern),
                None => scratch.places.seek(says.pattern),
            }
        }
    }

    /// The match in a line of which all candidates say no more than that this pattern may match there, at `start`.
    ///
    /// Most lines with a result are of that kind, and the way by [`PatternSet::note`] and [`PatternSet::matches_at_places`]
    /// takes 330 instructions more, which is as many as the steps of a short pattern.
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
        Some(Match { pattern: index, span, groups: &pattern.groups, slots: &scratch.matcher })
    }

    /// The matches in a line of which every candidate was noted.
    #[inline]
    pub(crate) fn matches_at_places<'m>(
        &'m self,
        scratch: &'m mut Scratch,
        window: &'m [u8],
        line_len: usize,
    ) -> Matches<'m> {
        // Mostly one or two: not worth a call.
        if !scratch.places.starts.is_sorted() {
            scratch.places.starts.sort_unstable();
        }
        scratch.places.sought.sort_unstable();
        for &index in &scratch.places.sought {
            scratch.patterns[index].next = Next::Unsought;
        }
        for &index in &self.conditional {
            scratch.patterns[index].applies = None;
        }
        Matches::new(self, scratch, window, line_len)
    }

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
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The literals of which every match contains one; `None` if there are none, and every line has to be searched.
    #[must_use]
    pub fn literals(&self) -> Option<&[Vec<u8>]> {
        let Anchors { leading, required } = &self.anchors;
        let leading = || leading.as_ref().map(|leading| leading.literals.as_slice());
        required.as_ref().map(|required| required.literals.as_slice()).or_else(leading)
    }

    /// Whether it has letters beyond ASCII that no single ANSI code page has, so that in a line that is not UTF-8 it is found
    /// only where the encoding is given.
    #[must_use]
    pub fn is_in_no_ansi_page(&self) -> bool {
        self.letters.are_there && self.letters.ansi_page.is_none()
    }

    /// How a match is read, and how long that takes, in a line for people.
    #[must_use]
    pub fn ways(&self) -> &'static str {
        // Instructions a match (callgrind): 330 in steps and 970 in one pass for `rawCallStatus = 21`; for a `Pfauth` line
        // 1,300 in steps, 2,600 where a quote in the user's name leaves choices, and 19,000 by the engine.
        match self.matcher.ways() {
            (true, Trial::Steps) => "A match is read step by step: the fastest way",
            (true, Trial::Choices) => {
                "A match is read step by step, and where there is a choice, in several tries: mostly twice as long as the fastest way"
            }
            (true, Trial::OnePass) => {
                "A match is read by an automaton in one pass: two to three times as long as the fastest way"
            }
            (true, Trial::Engine) => {
                "A match is read by the general regex engine: ten times as long as the fastest way, or more"
            }
            (false, _) => {
                "The general regex engine searches such a line: ten times as long as the fastest way, or more"
            }
        }
    }

    fn compile(definition: &Definition) -> Result<Pattern, Diagnostic> {
        let syntax = syntax::Config::new().unicode(false).utf8(false).case_insensitive(definition.ignore_case);
        let compile = if definition.origin == Origin::BuiltIn { Compile::WhenAsked } else { Compile::AtOnce };
        let settings = Settings { syntax, compile };
        // The syntax was checked before; this is what only the engine can tell.
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
        if groups[Capture::Code].is_none() {
            return Err(error(Field::Regex)("there is no group for the code".to_owned()));
        }
        // A literal that reaches over the line's end is not in the line, nor always in the block.
        let is_in_line =
            |leading: &Leading| !leading.literals.iter().flatten().any(|byte| matches!(byte, b'\n' | b'\r'));
        let leading = literal::leading(&hir).filter(is_in_line);
        let mut required = literal::required(&hir).filter(|_| !definition.multiline);
        if let Some(required) = &mut required {
            // No line holds such a one.
            required.literals.retain(|literal| !literal.contains(&b'\n'));
        }
        let parse_condition = |(field, regex): (Field, &str)| {
            syntax::parse_with(regex, &syntax).map_err(|wrong| error(field)(wrong.to_string()))
        };
        // Starting does not wait for what is known of the built-in ones, which the tests hold to be ASCII.
        let letters = if definition.origin == Origin::BuiltIn {
            Letters::default()
        } else {
            let conditions =
                [Field::When, Field::Unless].into_iter().filter_map(|field| Some((field, definition.field(field)?)));
            let conditions = conditions.map(parse_condition).collect::<Result<Vec<Hir>, _>>()?;
            Letters::of(&[&hir].into_iter().chain(&conditions).collect::<Vec<_>>())
        };
        let matcher = Matcher::new(&definition.regex, settings, hir, leading.clone()).map_err(error(Field::Regex))?;
        Ok(Pattern {
            name: definition.name.clone(),
            matcher,
            multiline: definition.multiline,
            when: condition(Field::When, &definition.when)?,
            unless: condition(Field::Unless, &definition.unless)?,
            groups,
            anchors: Anchors { leading, required },
            letters,
        })
    }

    /// The match at a place, if there is one and the line is one that the pattern is for.
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

    /// What decides at which places it is sought, if literals lead to them.
    fn sought_by(&self) -> Option<(bool, usize, &[Vec<u8>])> {
        let leading = self.anchors.leading.as_ref()?;
        Some((self.multiline, leading.offset, &leading.literals))
    }

    fn seek(&self, scratch: &mut PatternScratch, haystack: &[u8], at: usize, line_len: usize) -> Next {
        self.matcher.seek(&mut scratch.matcher, haystack, at, line_len).map_or(Next::Exhausted, Next::At)
    }

    /// Whether the conditions on the line hold; asked only where the pattern itself matches, and once a line.
    #[inline]
    fn applies(&self, scratch: &mut PatternScratch, line: &[u8]) -> bool {
        if self.when.is_none() && self.unless.is_none() { true } else { self.conditions_hold(scratch, line) }
    }

    fn conditions_hold(&self, scratch: &mut PatternScratch, line: &[u8]) -> bool {
        if let Some(applies) = scratch.applies {
            return applies;
        }
        let (when, unless) = self.match_conditions(line);
        *scratch.applies.insert(when && !unless)
    }

    /// Whether the line matches `when`, or there is none, and whether it matches `unless`.
    fn match_conditions(&self, line: &[u8]) -> (bool, bool) {
        let when = self.when.as_ref().is_none_or(|when| when.is_match(line));
        (when, self.unless.as_ref().is_some_and(|unless| unless.is_match(line)))
    }

    fn haystack<'w>(&self, window: &'w [u8], line_len: usize) -> &'w [u8] {
        if self.multiline { window } else { &window[..line_len] }
    }
}

impl Condition {
    /// # Errors
    /// What is wrong with a regex that is compiled at once. The syntax was checked before, so that is mostly its size.
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

    fn is_match(&self, line: &[u8]) -> bool {
        // Only a built-in regex is not known to compile by now, and a test holds those to it.
        self.compiled().as_ref().is_ok_and(|regex| regex.is_match(line))
    }

    fn compiled(&self) -> &Result<Regex, regex::Error> {
        self.compiled.get_or_init(|| self.builder.build())
    }
}

/// The index of each group that `hir` has.
fn groups(hir: &Hir) -> Captures<usize> {
    Captures::new(|capture| usize::try_from(validate::group_of(hir, capture)?.index).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn what_is_built_in_and_compiled_when_it_is_asked_can_be_compiled() {
        let mut definitions = config::built_in();
        for definition in &mut definitions {
            definition.origin = Origin::CommandLine;
        }
        let set = PatternSet::compile(&definitions).unwrap();
        // Or else starting would have to parse the conditions as well.
        assert!(!set.patterns.iter().any(|pattern| pattern.letters.are_there || pattern.letters.are_bytes));
    }
}
