//! One fast search for everything that a set of patterns requires.
//!
//! Invariant (decision 3): a line that any pattern of the set matches contains a candidate; a candidate's line need
//! not match. The full regexes decide, on the candidate's line alone.

use super::matcher::Finder;

/// Finds the places in a block where a pattern may match.
#[derive(Debug)]
pub struct Prefilter {
    /// `None` if some pattern requires no literal, or on request: then every line is a candidate.
    literals: Option<Finder>,
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
        let minimal: Vec<Vec<u8>> = literals
            .iter()
            .filter(|literal| {
                !literals.iter().any(|other| other != *literal && memchr::memmem::find(literal, other).is_some())
            })
            .cloned()
            .collect();
        // Without a searcher every line passes: slower, and just as right.
        Prefilter { literals: Finder::new(&minimal) }
    }

    /// The first candidate in `block[from..]`, as an offset in `block`. At most at the block's end if every line passes.
    #[must_use]
    pub fn next(&self, block: &[u8], from: usize) -> Option<usize> {
        if from >= block.len() {
            return None;
        }
        match &self.literals {
            None => Some(from),
            Some(literals) => literals.find(block, from),
        }
    }

    /// Whether lines are filtered at all.
    #[must_use]
    pub fn is_effective(&self) -> bool {
        self.literals.is_some()
    }
}
