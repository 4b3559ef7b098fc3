//! One pattern's matches in one line, one after another, at the least cost that its regex allows.
//!
//! Invariant: whichever way is taken, the matches are those of the regex engine's unanchored search; the oracle's
//! property tests run every way. The ways, cheapest first:
//!
//! 1. Where every match begins with a literal at a fixed place, only there is the regex tried, anchored.
//! 2. Anchored, where the regex leaves no choice, or few, it is tried [step by step](super::program); where that takes too
//!    many tries, by the next ways.
//! 3. Anchored, a one-pass automaton gives the groups while it matches, where the regex allows one.
//!
//! `cargo bench --bench throughput -- scan` shows what they are worth, on `every-line` and `every-line-symbols`.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind, packed};
use memchr::memmem;
use regex_automata::dfa::onepass;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, meta};
use regex_syntax::hir::{Hir, HirKind};

use super::choice::Kept;
use super::literal::Leading;
use super::program::{Known, Program};

/// The memory that a one-pass automaton may take, in bytes; a larger one is left to the general engine.
const ONE_PASS_LIMIT_BYTES: usize = 1 << 20;
/// The memory that one compiled regex may take, in bytes. Ten times what the built-in ones need.
pub(super) const COMPILED_LIMIT_BYTES: usize = 2 << 20;

/// Finds any of a few literals.
#[derive(Debug)]
pub(super) enum Finder {
    One(Box<memmem::Finder<'static>>),
    /// The vectorised search. Asked for by name: left to itself, the automaton below prefers to look for single rare
    /// bytes, of which logs are full.
    Few(packed::Searcher),
    /// More literals, or longer ones, than that takes.
    Any(AhoCorasick),
}

impl Finder {
    /// `None` if no searcher can be built for them, and for no literals.
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

    /// Where the first literal at or behind `from` starts.
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

/// A compiled regex and the ways to search with it.
#[derive(Debug)]
pub(super) struct Matcher {
    steps: Steps,
    /// Every match has one of these so many bytes behind its start.
    leading: Option<Sought>,
    /// `None` where a program that never gives up is known to be tried at leading literals, which leaves nothing to it.
    regex: Option<Engine>,
    slot_count: usize,
}

/// The program for a regex, made when it is first asked for: it takes as long as reading a small log, and most logs hold
/// results of one or two patterns.
#[derive(Debug)]
struct Steps {
    hir: Hir,
    leading: Option<Leading>,
    program: OnceLock<Option<Program>>,
}

impl Steps {
    #[inline]
    fn program(&self) -> Option<&Program> {
        self.program.get_or_init(|| Program::new(&self.hir, self.leading.as_ref())).as_ref()
    }
}

/// Literals at a distance from the start of a match. They are mostly found by the search over whole blocks, so their own is
/// made when it is first asked for.
#[derive(Debug)]
struct Sought {
    literals: Vec<Vec<u8>>,
    offset: usize,
    finder: OnceLock<Option<Finder>>,
}

impl Sought {
    /// `None` if there are none.
    fn new(leading: &Leading) -> Option<Sought> {
        let Leading { literals, offset, .. } = leading;
        let is_some = !literals.is_empty();
        is_some.then(|| Sought { literals: literals.clone(), offset: *offset, finder: OnceLock::new() })
    }

    /// The first place at or behind `at` where a match may start.
    fn find(&self, text: &[u8], at: usize) -> Option<usize> {
        match self.finder.get_or_init(|| Finder::new(&self.literals)) {
            Some(finder) => Some(finder.find(text, at + self.offset)? - self.offset),
            // Anywhere, then.
            None => Some(at),
        }
    }
}

/// How a match is tried, as people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// Step by step, with no choice left at any byte.
    Steps,
    /// Step by step, with a few ways tried in turn.
    Choices,
    /// With an automaton that needs one pass.
    OnePass,
    /// With the general engine.
    Engine,
}

/// Working memory of one matcher, with the slots of its last match.
#[derive(Debug)]
pub(super) struct MatcherScratch {
    regex: EngineScratch,
    one_pass: Option<onepass::Cache>,
    kept: Kept,
    slots: Vec<Option<NonMaxUsize>>,
}

impl MatcherScratch {
    /// What a group captured in the last match.
    pub(super) fn group(&self, index: usize) -> Option<Range<usize>> {
        Some(self.slots.get(index * 2).copied()??.get()..self.slots.get(index * 2 + 1).copied()??.get())
    }
}

impl Matcher {
    /// `hir` is what `regex` says, and `leading` must hold for every match.
    ///
    /// # Errors
    /// What the general engine says, where it is needed.
    pub(super) fn new(regex: &str, settings: Settings, hir: Hir, leading: Option<Leading>) -> Result<Matcher, String> {
        let sought = leading.as_ref().and_then(Sought::new);
        let slot_count = 2 * (1 + last_group(&hir));
        let steps = Steps { hir, leading, program: OnceLock::new() };
        let needs_engine = settings.compile == Compile::WhenAsked
            || sought.is_none()
            || steps.program().is_none_or(Program::has_choices);
        let engine = needs_engine.then(|| Engine::new(regex, settings)).transpose()?;
        Ok(Matcher { steps, leading: sought, regex: engine, slot_count })
    }

    /// Whether it is only tried where a literal says so, and how.
    pub(super) fn ways(&self) -> (bool, Trial) {
        let trial = match self.steps.program() {
            Some(program) if program.has_choices() => Trial::Choices,
            Some(_) => Trial::Steps,
            None if self.regex.as_ref().is_some_and(|regex| regex.one_pass().is_some()) => Trial::OnePass,
            None => Trial::Engine,
        };
        (self.leading.is_some(), trial)
    }

    pub(super) fn scratch(&self) -> MatcherScratch {
        MatcherScratch {
            regex: EngineScratch::default(),
            one_pass: None,
            kept: Kept::default(),
            slots: vec![None; self.slot_count],
        }
    }

    /// The first place at or behind `at` where a match may start, and below `limit`. Whether one does, only
    /// [`Matcher::matches_at`] tells, except that `Place::Match` is one.
    pub(super) fn seek(&self, scratch: &mut MatcherScratch, text: &[u8], at: usize, limit: usize) -> Option<Place> {
        if let Some(sought) = &self.leading {
            return sought.find(text, at).filter(|&start| start < limit).map(Place::Candidate);
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

    /// Whether a match starts at `at`: its end, with the groups in the scratch. An empty match is none.
    #[inline(always)]
    pub(super) fn matches_at(
        &self,
        scratch: &mut MatcherScratch,
        text: &[u8],
        at: usize,
        known: Known,
    ) -> Option<usize> {
        match self.steps.program() {
            Some(program) => match program.run(text, at, known, &mut scratch.slots, &mut scratch.kept) {
                None if scratch.kept.gave_up() => self.engine_matches_at(scratch, text, at),
                end => end.filter(|&end| end > at),
            },
            None => self.engine_matches_at(scratch, text, at),
        }
    }

    fn engine_matches_at(&self, scratch: &mut MatcherScratch, text: &[u8], at: usize) -> Option<usize> {
        let MatcherScratch { regex: cache, one_pass: one_pass_cache, slots, .. } = scratch;
        let regex = self.regex.as_ref()?;
        let input = Input::new(text).range(at..).anchored(Anchored::Yes);
        let in_one_pass = regex.one_pass().and_then(|one_pass| {
            let cache = one_pass_cache.get_or_insert_with(|| one_pass.create_cache());
            one_pass.try_search_slots(cache, &input, slots).ok()
        });
        // `None`: there is no such automaton, or it gave up.
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

/// What seeking leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A match may start here.
    Candidate(usize),
    /// The same, and a leading literal is known to stand here, and what may stand before it.
    Led(usize),
    /// A match starts here; its groups are in the scratch.
    Match(usize),
}

impl Place {
    pub(super) fn start(self) -> usize {
        let (Place::Candidate(start) | Place::Led(start) | Place::Match(start)) = self;
        start
    }
}

/// The highest index of a group.
fn last_group(hir: &Hir) -> usize {
    let own = match hir.kind() {
        HirKind::Capture(capture) => usize::try_from(capture.index).unwrap_or_default(),
        _ => 0,
    };
    hir.kind().subs().iter().map(last_group).fold(own, usize::max)
}

/// How regexes are compiled.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    pub(super) syntax: syntax::Config,
    pub(super) compile: Compile,
}

/// When the general engine is compiled, which takes longer than reading a small log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Compile {
    /// At once, because nobody knows yet whether it can be.
    AtOnce,
    /// When it is first asked: for regexes that the tests compile.
    WhenAsked,
}

/// The general engine for one regex.
#[derive(Debug)]
struct Engine {
    regex: String,
    syntax: syntax::Config,
    compiled: OnceLock<Result<meta::Regex, String>>,
    /// `None` in it if the regex allows none. Built when it is first asked, too.
    one_pass: OnceLock<Option<Box<onepass::DFA>>>,
}

/// Its working memory, once it was asked.
#[derive(Debug, Default)]
struct EngineScratch(Option<meta::Cache>);

impl Engine {
    /// # Errors
    /// What is wrong with a regex that is compiled at once. The syntax was checked before, so that is mostly its size.
    fn new(regex: &str, settings: Settings) -> Result<Engine, String> {
        let (regex, syntax) = (regex.to_owned(), settings.syntax);
        let engine = Engine { regex, syntax, compiled: OnceLock::new(), one_pass: OnceLock::new() };
        match settings.compile {
            Compile::AtOnce => engine.compiled().as_ref().map(|_| ()).map_err(Clone::clone)?,
            Compile::WhenAsked => {}
        }
        Ok(engine)
    }

    /// The engine and its working memory; `None` if the regex cannot be compiled, which nobody built in.
    fn with<'e>(&'e self, scratch: &'e mut EngineScratch) -> Option<(&'e meta::Regex, &'e mut meta::Cache)> {
        let regex = self.compiled().as_ref().ok()?;
        Some((regex, scratch.0.get_or_insert_with(|| regex.create_cache())))
    }

    /// An automaton that gives the groups in one pass.
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
