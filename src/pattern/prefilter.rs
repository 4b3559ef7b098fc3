//! One fast search for everything that a set of patterns requires.
//!
//! Invariant (decision 3): a line that any pattern of the set matches contains a candidate; a candidate's line need
//! not match. The full regexes decide, on the candidate's line alone.

use aho_corasick::{AhoCorasick, MatchKind};

/// Finds the places in a block where a pattern may match.
#[derive(Clone, Debug)]
pub struct Prefilter {
    /// `None` if some pattern requires no literal, or on request: then every line is a candidate.
    literals: Option<AhoCorasick>,
}

impl Prefilter {
    /// A prefilter that lets every line pass.
    #[must_use]
    pub fn pass_all() -> Prefilter {
        Prefilter { literals: None }
    }

    /// A prefilter for matches that contain at least one of `literals`.
    #[must_use]
    pub(super) fn new(mut literals: Vec<Vec<u8>>) -> Prefilter {
        literals.sort();
        literals.dedup();
        // A literal that contains another one is found by the shorter one already.
        let minimal: Vec<&Vec<u8>> = literals
            .iter()
            .filter(|literal| {
                !literals.iter().any(|other| other != *literal && memchr::memmem::find(literal, other).is_some())
            })
            .collect();
        // Leftmost matching, because only that lets the crate use its vectorised search. It cannot fail on these
        // few short literals; if it ever does, letting every line pass is slower and just as right.
        let searcher = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(minimal);
        Prefilter { literals: searcher.ok() }
    }

    /// The first candidate in `block[from..]`, as an offset in `block`. At most at the block's end if every line passes.
    #[must_use]
    pub fn next(&self, block: &[u8], from: usize) -> Option<usize> {
        if from >= block.len() {
            return None;
        }
        match &self.literals {
            None => Some(from),
            Some(literals) => {
                let input = aho_corasick::Input::new(block).range(from..);
                literals.find(input).map(|found| found.start())
            }
        }
    }

    /// Whether lines are filtered at all.
    #[must_use]
    pub fn is_effective(&self) -> bool {
        self.literals.is_some()
    }
}
