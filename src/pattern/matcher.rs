//! Finds the matches of one pattern in the fastest way that its regex allows.
//!
//! Where a match is tried: if the regex has leading literals, it is tried only where one of them occurs. Otherwise the regex
//! engine searches the line.
//!
//! How a match is tried at one position, the fastest way first:
//!
//! 1. With a [`Program`], if there is one for the regex. If it reaches the limit of its retries, one of the next ways is used.
//! 2. With a one-pass automaton, if there is one for the regex. It finds the end of the match and its groups at the same time.
//! 3. With the regex engine.
//!
//! Invariant: every way finds the same matches as an unanchored search with the regex engine. The property tests against the
//! oracle cover all of them.
//!
//! `cargo bench --bench throughput -- scan` measures all of them with the logs `every-line` and `every-line-symbols`.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind, packed};
use memchr::memmem;
use regex_automata::dfa::onepass;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, meta};
use regex_syntax::hir::{Hir, HirKind};

use super::choice::Backtracker;
use super::literal::Leading;
use super::program::{Known, Program};

/// The memory limit of a one-pass automaton in bytes. If it would be larger, the regex engine is used instead.
const ONE_PASS_LIMIT_BYTES: usize = 1 << 20;
/// The memory limit of one compiled regex in bytes. The built-in patterns need far less.
pub(super) const COMPILED_LIMIT_BYTES: usize = 2 << 20;

/// A search for the first of several literals.
#[derive(Debug)]
pub(super) enum Finder {
    /// A search for a single literal.
    One(Box<memmem::Finder<'static>>),
    /// A search for a few short literals, with vector instructions. `AhoCorasick` is not used for them, because it would first
    /// search for single rare bytes, which are common in logs.
    Few(packed::Searcher),
    /// A search for more literals, or for longer ones, than `Few` accepts.
    Any(AhoCorasick),
}

impl Finder {
    /// Builds a search for `literals`. Returns `None` if there are none, or if no search can be built for them.
    pub(super) fn new(literals: &[Vec<u8>]) -> Option<Finder> {
        match literals {
            [] => None,
            [literal] => Some(Finder::One(Box::new(memmem::Finder::new(literal).into_owned()))),
            several => {
                let few = packed::Config::new().match_kind(packed::MatchKind::LeftmostFirst).builder();
                let few = { few }.extend(several).build();
                few.map(Finder::Few).or_else(|| {
                    let any = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(several);
                    any.ok().map(Finder::Any)
                })
            }
        }
    }

    /// Returns the position at or after `from` where the first literal starts.
    pub(super) fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        if from > text.len() {
            return None;
        }
        match self {
            Finder::One(finder) => finder.find(&text[from..]).map(|at| from + at),
            Finder::Few(finder) => finder.find_in(text, (from..text.len()).into()).map(|found| found.start()),
            Finder::Any(finder) => finder.find(aho_corasick::Input::new(text).range(from..)).map(|found| found.start()),
        }
    }
}

/// A compiled regex and the ways to search for it.
#[derive(Debug)]
pub(super) struct Matcher {
    /// The program for the regex, which is built when it is first used.
    steps: Steps,
    /// The search for leading literals. `None` if the regex has none.
    leading: Option<LeadingFinder>,
    /// The regex engine. `None` if it is never needed: the regex has leading literals and a program without choices, which cannot
    /// give up.
    regex: Option<Engine>,
    /// The number of capture slots: two for each group, including the whole match.
    slot_count: usize,
}

/// The program for a regex, built when it is first used. Building it takes as long as reading a small log, and most logs contain
/// results of only one or two patterns.
#[derive(Debug)]
struct Steps {
    /// The syntax tree of the regex.
    hir: Hir,
    /// The leading literals of the regex.
    leading: Option<Leading>,
    /// The program, or `None` if the regex is not supported.
    program: OnceLock<Option<Program>>,
}

impl Steps {
    /// Returns the program for the regex, or `None` if the regex has no program. The first call builds it.
    #[inline]
    fn program(&self) -> Option<&Program> {
        self.program.get_or_init(|| Program::new(&self.hir, self.leading.as_ref())).as_ref()
    }
}

/// A search for the leading literals of a regex. Built when it is first used, because usually the prefilter has already found
/// them.
#[derive(Debug)]
struct LeadingFinder {
    /// The leading literals.
    literals: Vec<Vec<u8>>,
    /// The distance of the literals from the start of a match, in bytes.
    offset: usize,
    /// The search for the literals.
    finder: OnceLock<Option<Finder>>,
}

impl LeadingFinder {
    /// Creates a search for leading literals, or returns `None` if there are none.
    fn new(leading: &Leading) -> Option<LeadingFinder> {
        let Leading { literals, offset, .. } = leading;
        let is_some = !literals.is_empty();
        is_some.then(|| LeadingFinder { literals: literals.clone(), offset: *offset, finder: OnceLock::new() })
    }

    /// Returns the first position at or after `at` where a match may start, because it has a leading literal.
    fn find(&self, text: &[u8], at: usize) -> Option<usize> {
        match self.finder.get_or_init(|| Finder::new(&self.literals)) {
            Some(finder) => Some(finder.find(text, at + self.offset)? - self.offset),
            // Without a search, a match may start anywhere.
            None => Some(at),
        }
    }
}

/// How a match is tried at one position. Used to describe the speed of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// A match is tried with a program that tries nothing twice.
    Steps,
    /// A match is tried with a program that may have to backtrack.
    Choices,
    /// A match is tried with a one-pass automaton.
    OnePass,
    /// A match is tried with the regex engine.
    Engine,
}

/// The working memory of a matcher. It also contains the capture groups of the last match.
#[derive(Debug)]
pub(super) struct MatcherScratch {
    regex: EngineScratch,
    one_pass: Option<onepass::Cache>,
    backtracker: Backtracker,
    slots: Vec<Option<NonMaxUsize>>,
}

impl MatcherScratch {
    /// Returns the span that the group with this index captured in the last match, or `None` if it captured nothing.
    pub(super) fn group(&self, index: usize) -> Option<Range<usize>> {
        Some(self.slots.get(index * 2).copied()??.get()..self.slots.get(index * 2 + 1).copied()??.get())
    }
}

impl Matcher {
    /// Creates a matcher for `regex`. Its syntax tree is `hir`, and its leading literals are `leading`.
    ///
    /// # Errors
    ///
    /// Returns the error of the regex engine if the regex is compiled at once and this fails.
    pub(super) fn new(regex: &str, settings: Settings, hir: Hir, leading: Option<Leading>) -> Result<Matcher, String> {
        let finder = leading.as_ref().and_then(LeadingFinder::new);
        let slot_count = 2 * (1 + last_group(&hir));
        let steps = Steps { hir, leading, program: OnceLock::new() };
        let needs_engine = settings.compile == Compile::WhenNeeded
            || finder.is_none()
            || steps.program().is_none_or(Program::has_choices);
        let engine = needs_engine.then(|| Engine::new(regex, settings)).transpose()?;
        Ok(Matcher { steps, leading: finder, regex: engine, slot_count })
    }

    /// Returns whether the regex is tried only at leading literals, and how it is tried there.
    pub(super) fn ways(&self) -> (bool, Trial) {
        let trial = match self.steps.program() {
            Some(program) if program.has_choices() => Trial::Choices,
            Some(_) => Trial::Steps,
            None if self.regex.as_ref().is_some_and(|regex| regex.one_pass().is_some()) => Trial::OnePass,
            None => Trial::Engine,
        };
        (self.leading.is_some(), trial)
    }

    /// Creates working memory for this matcher.
    pub(super) fn scratch(&self) -> MatcherScratch {
        MatcherScratch {
            regex: EngineScratch::default(),
            one_pass: None,
            backtracker: Backtracker::default(),
            slots: vec![None; self.slot_count],
        }
    }

    /// Returns the first position in `at..limit` where a match may start. Unless it is a [`Place::Match`],
    /// [`Matcher::matches_at`] must check it.
    pub(super) fn seek(&self, scratch: &mut MatcherScratch, text: &[u8], at: usize, limit: usize) -> Option<Place> {
        if let Some(finder) = &self.leading {
            return finder.find(text, at).filter(|&start| start < limit).map(Place::Candidate);
        }
        let regex = self.regex.as_ref()?;
        let mut from = at;
        while from <= text.len() {
            let (regex, cache) = regex.with(&mut scratch.regex)?;
            let found = regex.search_with(cache, &Input::new(text).range(from..))?.range();
            if found.start >= limit {
                return None;
            }
            if !found.is_empty() {
                self.matches_at(scratch, text, found.start, Known::Nothing)?;
                return Some(Place::Match(found.start));
            }
            from = found.end + 1;
        }
        None
    }

    /// Returns the end of the match that starts at `at`, and stores its groups in `scratch`. Returns `None` if there is no match
    /// or it is empty.
    #[inline(always)]
    pub(super) fn matches_at(
        &self,
        scratch: &mut MatcherScratch,
        text: &[u8],
        at: usize,
        known: Known,
    ) -> Option<usize> {
        match self.steps.program() {
            Some(program) => match program.run(text, at, known, &mut scratch.slots, &mut scratch.backtracker) {
                None if scratch.backtracker.gave_up() => self.engine_matches_at(scratch, text, at),
                end => end.filter(|&end| end > at),
            },
            None => self.engine_matches_at(scratch, text, at),
        }
    }

    /// Like [`Matcher::matches_at`], but with the one-pass automaton or the regex engine.
    fn engine_matches_at(&self, scratch: &mut MatcherScratch, text: &[u8], at: usize) -> Option<usize> {
        let MatcherScratch { regex: cache, one_pass: one_pass_cache, slots, .. } = scratch;
        let regex = self.regex.as_ref()?;
        let input = Input::new(text).range(at..).anchored(Anchored::Yes);
        let in_one_pass = regex.one_pass().and_then(|one_pass| {
            let cache = one_pass_cache.get_or_insert_with(|| one_pass.create_cache());
            one_pass.try_search_slots(cache, &input, slots).ok()
        });
        // This is `None` if there is no automaton, or if it gave up.
        match in_one_pass {
            Some(found) => found?,
            None => {
                let (regex, cache) = regex.with(cache)?;
                regex.search_slots_with(cache, &input, slots)?
            }
        };
        scratch.group(0).map(|span| span.end).filter(|&end| end > at)
    }
}

/// A position in the text where a match starts or may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A match may start at this position.
    Candidate(usize),
    /// A match may start at this position. The prefilter has already found the leading literal and checked the byte before it.
    Led(usize),
    /// A match starts at this position, and its groups are in the working memory.
    Match(usize),
}

impl Place {
    /// Returns the position where the match starts or may start.
    pub(super) fn start(self) -> usize {
        let (Place::Candidate(start) | Place::Led(start) | Place::Match(start)) = self;
        start
    }
}

/// Returns the greatest index of a group in `hir`, or 0 if there are no groups.
fn last_group(hir: &Hir) -> usize {
    let own = match hir.kind() {
        HirKind::Capture(capture) => usize::try_from(capture.index).unwrap_or_default(),
        _ => 0,
    };
    hir.kind().subs().iter().map(last_group).fold(own, usize::max)
}

/// Options for compiling a regex.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    /// The syntax options, such as whether letter case matters.
    pub(super) syntax: syntax::Config,
    /// When the regex engine is compiled.
    pub(super) compile: Compile,
}

/// When the regex engine is compiled. Compiling takes longer than reading a small log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Compile {
    /// The regex is compiled immediately, so that an error is reported when the pattern is loaded.
    AtOnce,
    /// The regex is compiled when it is first needed. Only for built-in regexes, because a test compiles all of them.
    WhenNeeded,
}

/// The regex engine for one regex, compiled when it is first needed.
#[derive(Debug)]
struct Engine {
    /// The regex, as written in the pattern.
    regex: String,
    /// The syntax options for compiling the regex.
    syntax: syntax::Config,
    /// The compiled regex, or the reason why it cannot be compiled.
    compiled: OnceLock<Result<meta::Regex, String>>,
    /// The one-pass automaton, built when it is first needed. Contains `None` if the regex does not allow one.
    one_pass: OnceLock<Option<Box<onepass::DFA>>>,
}

/// The working memory of an [`Engine`], created when it is first used.
#[derive(Debug, Default)]
struct EngineScratch(Option<meta::Cache>);

impl Engine {
    /// Creates an engine for a regex with valid syntax.
    ///
    /// # Errors
    ///
    /// Returns the reason if the regex is compiled at once and this fails, usually because it is too large.
    fn new(regex: &str, settings: Settings) -> Result<Engine, String> {
        let (regex, syntax) = (regex.to_owned(), settings.syntax);
        let engine = Engine { regex, syntax, compiled: OnceLock::new(), one_pass: OnceLock::new() };
        match settings.compile {
            Compile::AtOnce => engine.compiled().as_ref().map(|_| ()).map_err(Clone::clone)?,
            Compile::WhenNeeded => {}
        }
        Ok(engine)
    }

    /// Returns the compiled regex and its working memory, or `None` if the regex cannot be compiled. All built-in ones can be.
    fn with<'e>(&'e self, scratch: &'e mut EngineScratch) -> Option<(&'e meta::Regex, &'e mut meta::Cache)> {
        let regex = self.compiled().as_ref().ok()?;
        Some((regex, scratch.0.get_or_insert_with(|| regex.create_cache())))
    }

    /// Returns the one-pass automaton, or `None` if the regex does not allow one.
    fn one_pass(&self) -> Option<&onepass::DFA> {
        let build = || {
            let built = onepass::Builder::new()
                .syntax(self.syntax)
                .thompson(regex_automata::nfa::thompson::Config::new().utf8(false))
                .configure(onepass::Config::new().size_limit(Some(ONE_PASS_LIMIT_BYTES)))
                .build(&self.regex);
            built.ok().map(Box::new)
        };
        self.one_pass.get_or_init(build).as_deref()
    }

    /// Returns the compiled regex. The first call compiles it.
    fn compiled(&self) -> &Result<meta::Regex, String> {
        let compile = || {
            meta::Regex::builder()
                .syntax(self.syntax)
                .configure(meta::Config::new().utf8_empty(false).nfa_size_limit(Some(COMPILED_LIMIT_BYTES)))
                .build(&self.regex)
                .map_err(|error| match error.size_limit() {
                    Some(limit) => format!("the compiled regex needs more than {limit} bytes"),
                    None => error.to_string(),
                })
        };
        self.compiled.get_or_init(compile)
    }
}
