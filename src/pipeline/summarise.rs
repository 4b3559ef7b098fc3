//! The visitor that counts every result by itself: workers count those of each task, and the sink adds them up for each source.
//!
//! The command `scan` counts sign-ins instead, unless `--no-join` is passed; see [`sign_ins`](super::sign_ins).

use std::io;
use std::sync::Arc;

use super::{Event, Options, Outcome, Outlet, Visitor, run};
use crate::catalogue::Catalogue;
use crate::chunk::Chunk;
use crate::hit::Hit;
use crate::pattern::{Pattern, PatternSet};
use crate::problem::{Kind, Problem, Remedy};
use crate::scan::{Scanner, Sink};
use crate::source::{Found, Source};
use crate::summary::sign_ins::{Settled, SignInTotals};
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
    let outcome = counted(inputs, set, catalogue, options, |_| false)?;
    Ok(outcome.map(|[summary, _]| summary))
}

/// Counts the results in `inputs` like [`summarise`], and those of general patterns separately. A result that several logs record
/// counts once for each of them.
///
/// # Errors
///
/// The same as those of [`summarise`].
pub fn count_each(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
) -> io::Result<Outcome<Settled>> {
    let outcome = counted(inputs, set, catalogue, options, Pattern::is_general)?;
    Ok(outcome.map(|[summary, general]| {
        let totals = SignInTotals { attempts: summary.results() + general.results(), ..SignInTotals::default() };
        Settled { summary, general, totals, ..Settled::default() }
    }))
}

/// Counts the results in `inputs`, and those of patterns for which `is_apart` is true in the second summary.
fn counted(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    is_apart: fn(&Pattern) -> bool,
) -> io::Result<Outcome<[Summary; 2]>> {
    let (mut summary, mut other) = (Summary::default(), Summary::default());
    // The counts of the current source so far. Its tasks arrive one after another.
    let mut counts = <[Counts; 2]>::default();
    let mut sink = |event| {
        match event {
            Event::Part(part) => counts.iter_mut().zip(part).for_each(|(counts, part)| counts.merge(part)),
            Event::Replaced(_) | Event::Problem(_) => {}
            Event::SourceEnd(end) => {
                let [usual, apart] = std::mem::take(&mut counts);
                if let Some(bytes) = end.bytes {
                    summary.add_divided_source(&usual, (&mut other, &apart), bytes);
                }
            }
        }
        Ok(())
    };
    let is_apart: Arc<[bool]> = set.patterns().iter().map(is_apart).collect();
    let visitor = || Each { is_apart: Arc::clone(&is_apart), counts: <[Counts; 2]>::default() };
    let mut outcome = run(inputs, set, catalogue, options, visitor, &mut sink)?;
    outcome.problems.extend(overflow([&summary, &other]));
    Ok(outcome.with([summary, other]))
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

/// Counts the results of one task after another.
struct Each {
    /// For each pattern, whether its results are counted separately.
    is_apart: Arc<[bool]>,
    /// The results of other patterns, and those of these.
    counts: [Counts; 2],
}

impl Sink<'_> for &mut Each {
    // Inlined, so that unused parts of a hit are not even computed.
    #[inline(always)]
    fn take(&mut self, Hit { key, time, pattern, .. }: Hit<'_>) {
        self.counts[usize::from(self.is_apart[pattern])].add(&key, time);
    }
}

impl Visitor for Each {
    type Part = [Counts; 2];

    fn chunk(&mut self, _: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, _: &mut Outlet<'_, [Counts; 2]>) {
        scanner.scan_into(chunk, &mut *self);
    }

    fn weight(part: &[Counts; 2]) -> usize {
        part.iter().map(Counts::size_bytes).sum()
    }

    fn finish(&mut self, out: &mut Outlet<'_, [Counts; 2]>) {
        if self.counts.iter().any(|counts| !counts.is_empty()) {
            out.part(std::mem::take(&mut self.counts));
        }
    }
}
