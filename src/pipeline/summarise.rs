//! The visitor behind `scan`: counts each task, and sums the tasks up source by source.

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
/// Only if threads cannot be started; an input that cannot be read is one of the problems.
pub fn summarise(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
) -> io::Result<Outcome> {
    let mut summary = Summary::default();
    // Of the current source: its ranges arrive one after another.
    let mut counts = Counts::default();
    let mut sink = |event| {
        match event {
            Event::Part(part) => counts.merge(part),
            Event::Problem(_) => {}
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
    outcome.problems.extend(overflow(&summary));
    Ok(outcome.with(summary))
}

/// Told as a problem, because some results then have no row of their own.
fn overflow(summary: &Summary) -> Option<Problem> {
    let count = summary.overflow()?.count;
    let what = format!(
        "more than {NAMES_LIMIT} different names or unknown numbers were found: {count} results are counted in the \
         total only"
    );
    Some(Problem::new("all inputs", Kind::TooManyNames, what).remedy(Remedy::ShowLines))
}

impl Sink<'_> for &mut Counts {
    // Inlined, so that the rest of a hit is not even put together: one in twenty instructions of a log with many results.
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
