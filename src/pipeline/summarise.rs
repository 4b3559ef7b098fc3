//! The visitor that counts every result: workers count those of each task, and the sink adds them up for each source.
//!
//! The command `scan` counts sign-ins instead; see [`sign_ins`](super::sign_ins).

use std::io;

use super::{Event, Options, Outcome, Outlet, Visitor, run};
use crate::catalogue::Catalogue;
use crate::chunk::Chunk;
use crate::hit::Hit;
use crate::pattern::PatternSet;
use crate::problem::{Kind, Problem, Remedy};
use crate::scan::{Scanner, Sink};
use crate::source::{Found, Source};
use crate::summary::{Counts, NAMES_LIMIT, Summary};

/// Counts the results in `inputs`.
///
/// # Errors
///
/// Returns an error only if threads cannot be started. An input that cannot be read is a problem in the outcome.
pub fn summarise(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
) -> io::Result<Outcome> {
    let mut summary = Summary::default();
    // The counts of the current source so far. Its tasks arrive one after another.
    let mut counts = Counts::default();
    let mut sink = |event| {
        match event {
            Event::Part(part) => counts.merge(part),
            Event::Replaced(_) | Event::Problem(_) => {}
            Event::SourceEnd(end) => {
                let counts = std::mem::take(&mut counts);
                if let Some(bytes) = end.bytes {
                    summary.add_source(&counts, bytes);
                }
            }
        }
        Ok(())
    };
    let mut outcome = run(inputs, set, catalogue, options, Counts::default, &mut sink)?;
    outcome.problems.extend(overflow([&summary]));
    Ok(outcome.with(summary))
}

/// Returns a problem if some results have no row of their own.
pub(super) fn overflow<const N: usize>(summaries: [&Summary; N]) -> Option<Problem> {
    let count: u64 = summaries.iter().filter_map(|summary| summary.overflow()).map(|overflow| overflow.count).sum();
    if count == 0 {
        return None;
    }
    let what = format!(
        "more than {NAMES_LIMIT} different names or unknown numbers were found: {count} results are counted in the \
         total only"
    );
    Some(Problem::new("all inputs", Kind::TooManyNames, what).remedy(Remedy::ShowLines))
}

impl Sink<'_> for &mut Counts {
    // Inlined, so that unused parts of a hit are not even computed.
    #[inline(always)]
    fn take(&mut self, Hit { key, time, .. }: Hit<'_>) {
        self.add(&key, time);
    }
}

/// Counts one task after another.
impl Visitor for Counts {
    type Part = Counts;

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, _: &mut Outlet<'_, Counts>) {
        scanner.scan_into(chunk, &mut *self);
    }

    fn weight(part: &Counts) -> usize {
        part.size_bytes()
    }

    fn finish(&mut self, out: &mut Outlet<'_, Counts>) {
        if !self.is_empty() {
            out.part(std::mem::take(self));
        }
    }
}
