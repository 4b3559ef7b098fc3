//! One fast search for everything that a set of patterns requires.
//!
//! Invariant (decision 3): a line that any pattern of the set matches contains a candidate; a candidate's line need
//! not match. The full regexes decide, on the candidate's line alone.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;

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
        // Without a searcher every line passes: slower, and just as right.
        Prefilter { literals: Finder::new(&shared(literals)) }
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
}

/// How long a part has to be to be searched for in place of the literals that have it in common.
const SHARED_BYTES: usize = 5;

/// Literals of which every given one contains at least one, and fewer of them: those that have a part in common are
/// found by that part. `rawCallStatus` and `Call status` cost one search for `tatus`, not two.
fn shared(mut literals: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    loop {
        let mut count_by_part: BTreeMap<&[u8], usize> = BTreeMap::new();
        for literal in &literals {
            let parts: BTreeSet<&[u8]> = literal.windows(SHARED_BYTES).collect();
            for part in parts {
                *count_by_part.entry(part).or_default() += 1;
            }
        }
        // Of parts in as many literals the first, so that the choice is always the same.
        let best = count_by_part
            .into_iter()
            .filter(|(_, count)| *count > 1)
            .max_by_key(|(part, count)| (*count, Reverse(*part)));
        let Some((part, _)) = best else { break };
        let part = part.to_vec();
        literals.retain(|literal| memmem::find(literal, &part).is_none());
        found.push(part);
    }
    // What contains a shorter one is found by that already.
    let is_longer = |literal: &Vec<u8>, other: &Vec<u8>| other != literal && memmem::find(literal, other).is_some();
    let minimal = |all: &[Vec<u8>]| -> Vec<Vec<u8>> {
        all.iter().filter(|literal| !all.iter().any(|other| is_longer(literal, other))).cloned().collect()
    };
    literals.extend(found);
    minimal(&literals)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn literals_with_a_part_in_common_are_found_by_it() {
        let of = |literals: &[&str]| {
            let found = shared(literals.iter().map(|literal| literal.as_bytes().to_vec()).collect());
            found.into_iter().map(|literal| String::from_utf8(literal).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(of(&["Status", "rawCallStatus", "status", "<x>"]), ["<x>", "tatus"]);
        assert_eq!(of(&["ab", "cabd", "abcdefgh"]), ["ab"]);
        assert_eq!(of(&["alone"]), ["alone"]);
    }

    proptest! {
        #[test]
        fn every_literal_contains_a_shared_one(literals in prop::collection::vec("[ab]{2,9}", 1..8)) {
            let literals: Vec<Vec<u8>> = literals.into_iter().map(String::into_bytes).collect();
            let shared = shared(literals.clone());
            prop_assert!(shared.len() <= literals.len());
            for literal in &literals {
                prop_assert!(shared.iter().any(|part| memmem::find(literal, part).is_some()));
            }
        }
    }
}
