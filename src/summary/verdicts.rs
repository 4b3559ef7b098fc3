//! Whether each result of a run counts, and what is known about its sign-in. For a caller that has kept all results in order to
//! show them.
//!
//! Results are numbered in the order in which they were added. Then a [`SignIn`](crate::attempt::SignIn) contains the number of
//! the result in place of the source, because it has no room for both. The source can be derived from the number.

use crate::attempt::Outcome;
use crate::attempt::values::Number;

/// Derives the source of a result from its number, if results are numbered.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    /// For each source up to the current one, the number of its first result. Empty if results are not numbered.
    starts: Vec<u32>,
    /// The number that the next result gets.
    next: u32,
}

impl Origins {
    /// Starts numbering results from 0. `current` is the index of the current source.
    pub(super) fn number_results(&mut self, current: usize) {
        *self = Origins { starts: vec![0; current + 1], next: 0 };
    }

    /// Whether results are numbered. If not, the origin of a result is its source.
    pub(super) fn are_numbered(&self) -> bool {
        !self.starts.is_empty()
    }

    /// Returns the number of results that have been numbered.
    pub(super) fn len(&self) -> usize {
        self.next as usize
    }

    /// Returns the origin of the next result, which is in `source`: its number, or else the source itself.
    pub(super) fn of_next(&mut self, source: u32) -> u32 {
        if !self.are_numbered() {
            return source;
        }
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }

    /// Ends the current source and begins the next one.
    pub(super) fn end_source(&mut self) {
        if self.are_numbered() {
            self.starts.push(self.next);
        }
    }

    /// Returns the source of the result with this origin.
    pub(super) fn source(&self, origin: u32) -> u32 {
        if !self.are_numbered() {
            return origin;
        }
        let after = self.starts.partition_point(|start| *start <= origin);
        u32::try_from(after - 1).unwrap_or(u32::MAX)
    }
}

/// Whether a result counts, and what is known about its sign-in. The user, host and address are numbers of texts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fate {
    pub(super) user: Number,
    pub(super) host: Number,
    pub(super) address: Number,
    pub(super) outcome: Option<Outcome>,
    /// Whether the filter keeps the result.
    pub(super) is_kept: bool,
    /// The number of the result that counts in place of this one, if both are of the same sign-in.
    pub(super) twin_of: Option<u32>,
}

/// Where a result that the filter keeps is counted, and what is known about its sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'s> {
    /// The user who signed in, if known.
    pub user: Option<&'s str>,
    /// The machine on which the user signed in, if known.
    pub host: Option<&'s str>,
    /// The network address of the user, if known.
    pub address: Option<&'s str>,
    /// Whether the sign-in succeeded, according to the log. `None` if the log does not say.
    pub outcome: Option<Outcome>,
    /// The name of the source that contains the counted result of the sign-in, if this result is not counted itself.
    pub counted_in: Option<&'s str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_of_a_result_follows_from_its_number() {
        let mut origins = Origins::default();
        assert_eq!((origins.of_next(7), origins.source(7)), (7, 7));
        origins.number_results(1);
        // Source 1 has two results, source 2 has none, and source 3 has one.
        for ends in [2, 0, 1] {
            for _ in 0..ends {
                origins.of_next(0);
            }
            origins.end_source();
        }
        assert_eq!([0, 1, 2].map(|number| origins.source(number)), [1, 1, 3]);
    }
}
