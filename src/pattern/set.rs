//! Compiled patterns as one ordered set, and the rule for which of them takes a match.
//!
//! Invariants (decision 4): of overlapping matches the leftmost wins, of those at one place the earlier pattern; a match
//! uses up its span. A pattern sees one line without its line end; only one that says `multiline` sees what follows
//! as well, and even then a match belongs to the line it starts in.
//!
//! Patterns are matched on bytes with ASCII classes: logs mix encodings, and a code is ASCII in all of them.

use std::ops::Range;

use regex_automata::util::captures::GroupInfo;
use regex_automata::{Input, meta, util::syntax};

use super::definition::{Definition, Field};
use super::literal::{self, Leading};
use super::matcher::{self, Matcher, MatcherScratch, Place};
use super::prefilter::Prefilter;

/// The memory that one compiled regex may take, in bytes. Ten times what the built-in ones need.
const COMPILED_LIMIT_BYTES: usize = 2 << 20;

/// Patterns in order of precedence.
#[derive(Debug)]
pub struct PatternSet {
    patterns: Vec<Pattern>,
    prefilter: Prefilter,
}

/// One compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    name: String,
    matcher: Matcher,
    multiline: bool,
    when: Option<meta::Regex>,
    unless: Option<meta::Regex>,
    groups: Groups,
    literals: Option<Vec<Vec<u8>>>,
}

/// The index of each named group.
#[derive(Clone, Copy, Debug)]
struct Groups {
    code: usize,
    text: Option<usize>,
    user: Option<usize>,
    outcome: Option<usize>,
    host: Option<usize>,
    address: Option<usize>,
    time: Option<usize>,
}

/// Where a pattern matched: offsets in the window that was searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Index of the pattern in its set.
    pub pattern: usize,
    /// The whole match. It may end behind the line if the pattern is a multi-line one.
    pub span: Range<usize>,
    /// The number, symbol or text. May be empty.
    pub code: Range<usize>,
    /// The description beside a symbol.
    pub text: Option<Range<usize>>,
    /// The user concerned.
    pub user: Option<Range<usize>>,
    /// The log's own word on the sign-in.
    pub outcome: Option<Range<usize>>,
    /// The machine concerned.
    pub host: Option<Range<usize>>,
    /// The network address concerned.
    pub address: Option<Range<usize>>,
    /// The time, where the pattern finds it itself.
    pub time: Option<Range<usize>>,
}

/// Working memory for searching with one set; one for each thread.
#[derive(Debug)]
pub struct Scratch {
    patterns: Vec<PatternScratch>,
}

#[derive(Debug)]
struct PatternScratch {
    matcher: MatcherScratch,
    when: Option<meta::Cache>,
    unless: Option<meta::Cache>,
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

/// Why a definition does not compile. The syntax was checked before; this is what only the engine can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// Index of the definition.
    pub index: usize,
    /// Which of its regexes.
    pub field: Field,
    /// What is wrong.
    pub message: String,
}

impl PatternSet {
    /// Compiles definitions, in order of precedence.
    ///
    /// # Errors
    /// The first definition that the engine refuses, or that has no group `code`.
    pub fn compile(definitions: &[Definition]) -> Result<PatternSet, CompileError> {
        let patterns = definitions
            .iter()
            .enumerate()
            .map(|(index, definition)| Pattern::compile(index, definition))
            .collect::<Result<Vec<_>, _>>()?;
        let literals: Option<Vec<_>> = patterns.iter().map(|pattern| pattern.literals.clone()).collect();
        let prefilter = literals.map_or_else(Prefilter::pass_all, |all| Prefilter::new(all.concat()));
        Ok(PatternSet { patterns, prefilter })
    }

    /// The same set without its prefilter, so that every line is searched.
    #[must_use]
    pub fn without_prefilter(self) -> PatternSet {
        PatternSet { prefilter: Prefilter::pass_all(), ..self }
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

    /// Whether any pattern looks beyond the end of its line.
    #[must_use]
    pub fn looks_ahead(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.multiline)
    }

    /// Working memory for [`PatternSet::matches`].
    #[must_use]
    pub fn scratch(&self) -> Scratch {
        let of = |pattern: &Pattern| PatternScratch {
            matcher: pattern.matcher.scratch(),
            when: pattern.when.as_ref().map(meta::Regex::create_cache),
            unless: pattern.unless.as_ref().map(meta::Regex::create_cache),
            next: Next::Unsought,
            applies: None,
        };
        Scratch { patterns: self.patterns.iter().map(of).collect() }
    }

    /// The matches in a line, in order.
    ///
    /// `window` is the line without its line end (`line_len` bytes), then, for the multi-line patterns only, what
    /// follows it in the source.
    pub fn matches<'m>(&'m self, scratch: &'m mut Scratch, window: &'m [u8], line_len: usize) -> Matches<'m> {
        self.start(scratch, window, line_len, 0..self.patterns.len())
    }

    /// What the pattern with that index would match if it were alone.
    pub fn matches_of<'m>(
        &'m self,
        index: usize,
        scratch: &'m mut Scratch,
        window: &'m [u8],
        line_len: usize,
    ) -> Matches<'m> {
        self.start(scratch, window, line_len, index..(index + 1).min(self.patterns.len()))
    }

    fn start<'m>(
        &'m self,
        scratch: &'m mut Scratch,
        window: &'m [u8],
        line_len: usize,
        chosen: Range<usize>,
    ) -> Matches<'m> {
        for (pattern, scratch) in self.patterns[chosen.clone()].iter().zip(&mut scratch.patterns[chosen.clone()]) {
            let may_match = pattern.matcher.may_match(pattern.haystack(window, line_len));
            scratch.next = if may_match { Next::Unsought } else { Next::Exhausted };
            scratch.applies = None;
        }
        Matches { set: self, scratch, window, line_len, chosen, at: 0 }
    }
}

/// The matches in one line: of overlapping ones the leftmost, of those at one place the earliest pattern's.
///
/// Each pattern's next place is sought once and kept until the search has passed it, so that a line with many
/// matches costs each pattern one pass over it. A place that only may be a match is tried when it is the leftmost.
#[derive(Debug)]
pub struct Matches<'m> {
    set: &'m PatternSet,
    scratch: &'m mut Scratch,
    window: &'m [u8],
    line_len: usize,
    chosen: Range<usize>,
    /// Where the last match ended.
    at: usize,
}

impl Iterator for Matches<'_> {
    type Item = Match;

    fn next(&mut self) -> Option<Match> {
        loop {
            let (index, place) = self.leftmost()?;
            let pattern = &self.set.patterns[index];
            let scratch = &mut self.scratch.patterns[index];
            let haystack = pattern.haystack(self.window, self.line_len);
            let start = match place {
                Place::Match(start) => Some(start),
                Place::Candidate(start) => {
                    pattern.matcher.matches_at(&mut scratch.matcher, haystack, start).map(|_| start)
                }
            };
            let (Place::Match(sought) | Place::Candidate(sought)) = place;
            if start.is_none() {
                scratch.next = pattern.seek(scratch, haystack, sought + 1, self.line_len);
                continue;
            }
            if !pattern.applies(scratch, &self.window[..self.line_len]) {
                scratch.next = Next::Exhausted;
                continue;
            }
            let found = pattern.found(index, &scratch.matcher);
            scratch.next = Next::Unsought;
            self.at = found.span.end;
            return Some(found);
        }
    }
}

impl Matches<'_> {
    /// The pattern whose next place is leftmost, and that place.
    fn leftmost(&mut self) -> Option<(usize, Place)> {
        let mut best: Option<(usize, usize, Place)> = None;
        for index in self.chosen.clone() {
            let pattern = &self.set.patterns[index];
            let scratch = &mut self.scratch.patterns[index];
            let is_passed = match scratch.next {
                Next::Unsought => true,
                Next::At(Place::Candidate(start) | Place::Match(start)) => start < self.at,
                Next::Exhausted => false,
            };
            if is_passed {
                let haystack = pattern.haystack(self.window, self.line_len);
                scratch.next = pattern.seek(scratch, haystack, self.at, self.line_len);
            }
            if let Next::At(place) = scratch.next {
                let (Place::Candidate(start) | Place::Match(start)) = place;
                if best.is_none_or(|(leftmost, ..)| start < leftmost) {
                    best = Some((start, index, place));
                }
            }
        }
        best.map(|(_, index, place)| (index, place))
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
        self.literals.as_deref()
    }

    /// How it is searched for, in a word or two for people.
    #[must_use]
    pub fn ways(&self) -> &'static str {
        match (self.literals.is_some(), self.matcher.ways()) {
            (_, (true, true)) => "tried at its leading literal, in one pass",
            (_, (true, false)) => "tried at its leading literal",
            (true, _) => "searched in lines with a required literal",
            (false, _) => "searched in every line",
        }
    }

    fn compile(index: usize, definition: &Definition) -> Result<Pattern, CompileError> {
        let ignore_case = if definition.ignore_case { IgnoreCase::Always } else { IgnoreCase::AsWritten };
        let compile =
            |field, regex: &str| build(regex, ignore_case).map_err(|message| CompileError { index, field, message });
        let condition = |field, regex: &Option<String>| regex.as_deref().map(|regex| compile(field, regex)).transpose();
        let regex = compile(Field::Regex, &definition.regex)?;
        let groups = Groups::of(regex.group_info()).ok_or_else(|| CompileError {
            index,
            field: Field::Regex,
            message: "there is no group `code`".to_owned(),
        })?;
        let hir = parse(&definition.regex, ignore_case);
        // A literal that reaches over the line's end is not in the line, nor always in the block.
        let is_in_line =
            |leading: &Leading| !leading.literals.iter().flatten().any(|byte| matches!(byte, b'\n' | b'\r'));
        let leading = hir.as_ref().and_then(literal::leading).filter(is_in_line);
        let literals = if definition.multiline {
            leading.as_ref().map(|leading| leading.literals.clone())
        } else {
            hir.as_ref().and_then(literal::required)
        };
        let one_pass = matcher::one_pass(&definition.regex, syntax_config(ignore_case));
        Ok(Pattern {
            name: definition.name.clone(),
            matcher: Matcher::new(regex, one_pass, literals.as_deref(), leading.as_ref()),
            multiline: definition.multiline,
            when: condition(Field::When, &definition.when)?,
            unless: condition(Field::Unless, &definition.unless)?,
            groups,
            literals,
        })
    }

    fn seek(&self, scratch: &mut PatternScratch, haystack: &[u8], at: usize, line_len: usize) -> Next {
        self.matcher.seek(&mut scratch.matcher, haystack, at, line_len).map_or(Next::Exhausted, Next::At)
    }

    /// Whether the conditions on the line hold; asked only where the pattern itself matches, and once a line.
    fn applies(&self, scratch: &mut PatternScratch, line: &[u8]) -> bool {
        let holds = |regex: &Option<meta::Regex>, cache: &mut Option<meta::Cache>| {
            Some(regex.as_ref()?.search_half_with(cache.as_mut()?, &Input::new(line)).is_some())
        };
        *scratch.applies.get_or_insert_with(|| {
            holds(&self.when, &mut scratch.when).unwrap_or(true)
                && !holds(&self.unless, &mut scratch.unless).unwrap_or(false)
        })
    }

    fn found(&self, index: usize, scratch: &MatcherScratch) -> Match {
        let optional = |group: Option<usize>| group.and_then(|group| scratch.group(group));
        let span = scratch.group(0).unwrap_or_default();
        Match {
            pattern: index,
            // A group that took no part in the match wrote nothing.
            code: scratch.group(self.groups.code).unwrap_or(span.end..span.end),
            text: optional(self.groups.text),
            user: optional(self.groups.user),
            outcome: optional(self.groups.outcome),
            host: optional(self.groups.host),
            address: optional(self.groups.address),
            time: optional(self.groups.time),
            span,
        }
    }

    fn haystack<'w>(&self, window: &'w [u8], line_len: usize) -> &'w [u8] {
        if self.multiline { window } else { &window[..line_len] }
    }
}

impl Groups {
    fn of(info: &GroupInfo) -> Option<Groups> {
        let index = |name| info.to_index(regex_automata::PatternID::ZERO, name);
        Some(Groups {
            code: index("code")?,
            text: index("text"),
            user: index("user"),
            outcome: index("outcome"),
            host: index("host"),
            address: index("address"),
            time: index("time"),
        })
    }
}

#[derive(Clone, Copy)]
enum IgnoreCase {
    AsWritten,
    Always,
}

fn syntax_config(ignore_case: IgnoreCase) -> syntax::Config {
    let ignore_case = matches!(ignore_case, IgnoreCase::Always);
    syntax::Config::new().unicode(false).utf8(false).case_insensitive(ignore_case)
}

fn parse(regex: &str, ignore_case: IgnoreCase) -> Option<regex_syntax::hir::Hir> {
    syntax::parse_with(regex, &syntax_config(ignore_case)).ok()
}

fn build(regex: &str, ignore_case: IgnoreCase) -> Result<meta::Regex, String> {
    meta::Regex::builder()
        .syntax(syntax_config(ignore_case))
        .configure(meta::Config::new().utf8_empty(false).nfa_size_limit(Some(COMPILED_LIMIT_BYTES)))
        .build(regex)
        .map_err(|error| match error.size_limit() {
            Some(limit) => format!("the compiled regex needs more than {limit} bytes"),
            None => error.to_string(),
        })
}
