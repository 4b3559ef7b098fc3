//! What became of each result of a run, for a caller that has kept them all and wants to show them.
//!
//! Results are numbered in the order in which they were heard. A number takes the place of the source in a
//! [`SignIn`](crate::attempt::SignIn), which has no room for both: the source follows from it.

use crate::attempt::Outcome;
use crate::attempt::values::Number;

/// Where the results of a run come from.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    /// For each source that has begun, the number of its first result; empty if results are not numbered.
    starts: Vec<u32>,
    /// The number of the next result.
    next: u32,
}

impl Origins {
    /// Numbers results from now on, of which those of source `current` are the next.
    pub(super) fn number_results(&mut self, current: usize) {
        *self = Origins { starts: vec![0; current + 1], next: 0 };
    }

    pub(super) fn are_numbered(&self) -> bool {
        !self.starts.is_empty()
    }

    /// Returns how many results have been numbered.
    pub(super) fn len(&self) -> usize {
        self.next as usize
    }

    /// Returns the origin of the next result, which is in `source`.
    pub(super) fn of_next(&mut self, source: u32) -> u32 {
        if !self.are_numbered() {
            return source;
        }
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }

    /// Begins the next source.
    pub(super) fn end_source(&mut self) {
        if self.are_numbered() {
            self.starts.push(self.next);
        }
    }

    /// Returns the source of a result.
    pub(super) fn source(&self, origin: u32) -> u32 {
        if !self.are_numbered() {
            return origin;
        }
        let after = self.starts.partition_point(|start| *start <= origin);
        u32::try_from(after - 1).unwrap_or(u32::MAX)
    }
}

/// What became of a result.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fate {
    pub(super) user: Number,
    pub(super) host: Number,
    pub(super) address: Number,
    pub(super) outcome: Option<Outcome>,
    /// Whether the filter keeps it.
    pub(super) is_kept: bool,
    /// The number of the record of the same sign-in that counts, if this one does not.
    pub(super) twin_of: Option<u32>,
}

/// What became of a result, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'s> {
    /// The user of the sign-in.
    pub user: Option<&'s str>,
    /// The machine.
    pub host: Option<&'s str>,
    /// The network address of the user.
    pub address: Option<&'s str>,
    /// The log's own word on the sign-in.
    pub outcome: Option<Outcome>,
    /// The source whose record of the sign-in counts, if this one does not.
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
        // Two results in source 1, none in source 2, one in source 3.
        for ends in [2, 0, 1] {
            for _ in 0..ends {
                origins.of_next(0);
            }
            origins.end_source();
        }
        assert_eq!([0, 1, 2].map(|number| origins.source(number)), [1, 1, 3]);
    }
}
