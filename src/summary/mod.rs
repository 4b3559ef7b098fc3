//! What a run found, as totals that can be merged: the same function joins chunks, files, machines and days.
//!
//! Invariants: [`Tally`], [`Counts`] and [`Summary`] are commutative monoids. `default` is the identity of `merge`, and neither
//! the order nor the grouping of merges changes a result. Therefore nothing here is sorted by count, cut to a "top N" or
//! divided into shares. The report does that, once, at the end.
//!
//! [`Counts`] count results as they come. [`SignIns`](sign_ins::SignIns) first join the lines of a sign-in and match its twins.
//!
//! Totals are not part of the report, because a report has decided what to show and can no longer be merged. Nor are they part of
//! the pipeline, because they know neither files nor threads.

mod bounded;
mod counts;
mod dimension;
mod durations;
mod key;
pub mod quiet;
mod rows;
pub mod sign_ins;
mod tally;
#[cfg(test)]
mod testing;
mod total;
mod verdicts;

pub use counts::Counts;
pub use dimension::Dimension;
pub use durations::Durations;
pub use key::RowKey;
pub use tally::Tally;
pub use total::{Row, Summary, Totals};
pub use verdicts::Verdict;

/// How many different names get a row each, and how many different numbers besides the codes 0 to 255.
///
/// Both come from logs, so without a limit, a hostile or broken log could use up all memory. The vendor documents far fewer.
pub const NAMES_LIMIT: usize = 4096;
