//! One pattern's matches in one line, one after another, at the least cost that its regex allows.
//!
//! Invariant: whichever way is taken, the matches are those of the regex engine's unanchored search; the oracle's
//! property tests run every way. The ways, cheapest first:
//!
//! 1. Where every match begins with a literal at a fixed place, only there is the regex tried, anchored.
//! 2. Anchored, a one-pass automaton gives the groups while it matches, where the regex allows one.
//!
//! `cargo bench --bench throughput -- scan` shows what they are worth, on `every-line` and `every-line-symbols`.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind, packed};
use memchr::memmem;
use regex_automata::dfa::onepass;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input, meta};

use super::literal::Leading;

/// The memory that a one-pass automaton may take, in bytes; a larger one is left to the general engine.
const ONE_PASS_LIMIT_BYTES: usize = 1 << 20;

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
    regex: meta::Regex,
    one_pass: Option<onepass::DFA>,
    /// Every match has one of these so many bytes behind its start.
    leading: Option<(Finder, usize)>,
}

/// Working memory of one matcher, with the slots of its last match.
#[derive(Debug)]
pub(super) struct MatcherScratch {
    regex: meta::Cache,
    one_pass: Option<onepass::Cache>,
    slots: Vec<Option<NonMaxUsize>>,
}

impl MatcherScratch {
    /// What a group captured in the last match.
    pub(super) fn group(&self, index: usize) -> Option<Range<usize>> {
        Some(self.slots.get(index * 2).copied()??.get()..self.slots.get(index * 2 + 1).copied()??.get())
    }
}

impl Matcher {
    /// `leading` must hold for every match.
    pub(super) fn new(regex: meta::Regex, one_pass: Option<onepass::DFA>, leading: Option<&Leading>) -> Matcher {
        Matcher {
            regex,
            one_pass,
            leading: leading.and_then(|leading| Some((Finder::new(&leading.literals)?, leading.offset))),
        }
    }

    /// Whether the regex is only tried where a literal says so, and whether one pass gives the groups.
    pub(super) fn ways(&self) -> (bool, bool) {
        (self.leading.is_some(), self.one_pass.is_some())
    }

    pub(super) fn scratch(&self) -> MatcherScratch {
        MatcherScratch {
            regex: self.regex.create_cache(),
            one_pass: self.one_pass.as_ref().map(onepass::DFA::create_cache),
            slots: vec![None; self.regex.group_info().slot_len()],
        }
    }

    /// The first place at or behind `at` where a match may start, and below `limit`. Whether one does, only
    /// [`Matcher::matches_at`] tells, except that `Place::Match` is one.
    pub(super) fn seek(&self, scratch: &mut MatcherScratch, text: &[u8], at: usize, limit: usize) -> Option<Place> {
        if let Some((finder, offset)) = &self.leading {
            let start = finder.find(text, at + offset)? - offset;
            return (start < limit).then_some(Place::Candidate(start));
        }
        let mut from = at;
        while from <= text.len() {
            let found = self.regex.search_with(&mut scratch.regex, &Input::new(text).range(from..))?.range();
            if found.start >= limit {
                return None;
            }
            if !found.is_empty() {
                self.matches_at(scratch, text, found.start)?;
                return Some(Place::Match(found.start));
            }
            from = found.end + 1;
        }
        None
    }

    /// Whether a match starts at `at`: its end, with the groups in the scratch. An empty match is none.
    pub(super) fn matches_at(&self, scratch: &mut MatcherScratch, text: &[u8], at: usize) -> Option<usize> {
        let input = Input::new(text).range(at..).anchored(Anchored::Yes);
        let MatcherScratch { regex: cache, one_pass: one_pass_cache, slots } = scratch;
        let in_one_pass = match (&self.one_pass, one_pass_cache) {
            (Some(one_pass), Some(cache)) => one_pass.try_search_slots(cache, &input, slots).ok(),
            _ => None,
        };
        // `None`: there is no such automaton, or it gave up.
        match in_one_pass {
            Some(found) => found?,
            None => self.regex.search_slots_with(cache, &input, slots)?,
        };
        scratch.group(0).map(|span| span.end).filter(|&end| end > at)
    }
}

/// What seeking leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A match may start here.
    Candidate(usize),
    /// A match starts here; its groups are in the scratch.
    Match(usize),
}

impl Place {
    pub(super) fn start(self) -> usize {
        let (Place::Candidate(start) | Place::Match(start)) = self;
        start
    }
}

/// A one-pass automaton for the regex, if it allows one.
pub(super) fn one_pass(regex: &str, syntax: regex_automata::util::syntax::Config) -> Option<onepass::DFA> {
    onepass::Builder::new()
        .syntax(syntax)
        .thompson(regex_automata::nfa::thompson::Config::new().utf8(false))
        .configure(onepass::Config::new().size_limit(Some(ONE_PASS_LIMIT_BYTES)))
        .build(regex)
        .ok()
}
