//! Compiled patterns as one ordered set, and the rule for which of them takes a match.
//!
//! Invariants (decision 4): of overlapping matches the leftmost wins, of those at one place the earlier pattern; a match
//! uses up its span. A pattern sees one line without its line end; only one that says `multiline` sees what follows
//! as well, and even then a match belongs to the line it starts in.
//!
//! Patterns are matched on bytes with ASCII classes: logs mix encodings, and a code is ASCII in all of them.

use std::ops::Range;

use regex_automata::util::captures::GroupInfo;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input, meta, util::syntax};

use super::definition::{Definition, Field};
use super::literal;
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
    regex: meta::Regex,
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
    slots: Vec<Option<NonMaxUsize>>,
}

#[derive(Debug)]
struct PatternScratch {
    regex: meta::Cache,
    when: Option<meta::Cache>,
    unless: Option<meta::Cache>,
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

    /// Working memory for [`PatternSet::find`].
    #[must_use]
    pub fn scratch(&self) -> Scratch {
        let slots = self.patterns.iter().map(|pattern| pattern.regex.group_info().slot_len()).max().unwrap_or(0);
        let of = |pattern: &Pattern| PatternScratch {
            regex: pattern.regex.create_cache(),
            when: pattern.when.as_ref().map(meta::Regex::create_cache),
            unless: pattern.unless.as_ref().map(meta::Regex::create_cache),
        };
        Scratch { patterns: self.patterns.iter().map(of).collect(), slots: vec![None; slots] }
    }

    /// The leftmost match that starts in `window[at..line_len]`, or of several there the earliest pattern's.
    ///
    /// `window` is a line without its line end (`line_len` bytes), then, for the multi-line patterns only, what
    /// follows it in the source.
    #[must_use]
    pub fn find(&self, scratch: &mut Scratch, window: &[u8], line_len: usize, at: usize) -> Option<Match> {
        let mut best: Option<(usize, Range<usize>)> = None;
        for (index, pattern) in self.patterns.iter().enumerate() {
            let limit = best.as_ref().map_or(line_len, |(_, span)| span.start);
            let found = pattern.span(&mut scratch.patterns[index], window, line_len, at);
            if let Some(span) = found.filter(|span| span.start < limit) {
                best = Some((index, span));
            }
        }
        let (index, span) = best?;
        self.patterns[index].captures(index, scratch, window, line_len, span)
    }

    /// What one pattern alone would match there.
    #[must_use]
    pub fn find_one(
        &self,
        index: usize,
        scratch: &mut Scratch,
        window: &[u8],
        line_len: usize,
        at: usize,
    ) -> Option<Match> {
        let pattern = self.patterns.get(index)?;
        let span = pattern.span(&mut scratch.patterns[index], window, line_len, at)?;
        pattern.captures(index, scratch, window, line_len, span)
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
        let literals = parse(&definition.regex, ignore_case)
            .and_then(|hir| if definition.multiline { literal::leading(&hir) } else { literal::required(&hir) });
        Ok(Pattern {
            name: definition.name.clone(),
            regex,
            multiline: definition.multiline,
            when: condition(Field::When, &definition.when)?,
            unless: condition(Field::Unless, &definition.unless)?,
            groups,
            literals,
        })
    }

    /// The first non-empty match that starts in `window[at..line_len]`, if the line's conditions hold.
    fn span(&self, scratch: &mut PatternScratch, window: &[u8], line_len: usize, at: usize) -> Option<Range<usize>> {
        let haystack = self.haystack(window, line_len);
        let mut from = at;
        let span = loop {
            let input = Input::new(haystack).range(from..);
            let span = self.regex.search_with(&mut scratch.regex, &input)?.range();
            if span.start >= line_len {
                return None;
            }
            if !span.is_empty() {
                break span;
            }
            from = span.end + 1;
            if from > haystack.len() {
                return None;
            }
        };
        let line = &window[..line_len];
        let holds = |regex: &Option<meta::Regex>, cache: &mut Option<meta::Cache>| {
            Some(regex.as_ref()?.search_half_with(cache.as_mut()?, &Input::new(line)).is_some())
        };
        let counts = holds(&self.when, &mut scratch.when).unwrap_or(true)
            && !holds(&self.unless, &mut scratch.unless).unwrap_or(false);
        counts.then_some(span)
    }

    fn captures(
        &self,
        index: usize,
        scratch: &mut Scratch,
        window: &[u8],
        line_len: usize,
        span: Range<usize>,
    ) -> Option<Match> {
        let slots = &mut scratch.slots[..self.regex.group_info().slot_len()];
        let input = Input::new(self.haystack(window, line_len)).range(span.start..).anchored(Anchored::Yes);
        self.regex.search_slots_with(&mut scratch.patterns[index].regex, &input, slots)?;
        let group = |index: usize| Some(slots[index * 2]?.get()..slots[index * 2 + 1]?.get());
        let optional = |index: Option<usize>| index.and_then(group);
        Some(Match {
            pattern: index,
            // A group that took no part in the match wrote nothing.
            code: group(self.groups.code).unwrap_or(span.end..span.end),
            text: optional(self.groups.text),
            user: optional(self.groups.user),
            outcome: optional(self.groups.outcome),
            host: optional(self.groups.host),
            address: optional(self.groups.address),
            time: optional(self.groups.time),
            span,
        })
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
