//! The totals of a run. They can be merged: the totals of chunks, files, machines and days are all combined with the same
//! function.
//!
//! Invariants: [`Tally`], [`Counts`] and [`Summary`] are commutative monoids. `default` is the identity of `merge`, and neither
//! the order nor the grouping of merges changes a result. So nothing here is sorted by count, cut to a "top N" or divided into
//! shares. The report does that, once, at the end.
//!
//! [`Counts`] counts every result that is found. [`SignIns`](sign_ins::SignIns) first joins the lines of a sign-in and matches
//! its twins.
//!
//! Totals are separate from the report, because a report has decided what to show and can no longer be merged. They are separate
//! from the pipeline, because they know nothing about files and threads.

pub mod audit;
mod bounded;
mod collected;
mod counts;
pub mod covered;
mod dimension;
mod durations;
mod history;
pub(crate) mod hosts;
mod key;
pub mod near_misses;
pub mod quiet;
mod rows;
pub mod sign_ins;
mod tally;
#[cfg(test)]
mod testing;
pub mod timeline;
mod total;
mod verdicts;

pub use counts::Counts;
pub use dimension::Dimension;
pub use durations::Durations;
pub use history::History;
#[cfg(test)]
pub(crate) use history::history_of;
pub use key::RowKey;
pub use tally::Tally;
pub use total::{Row, Summary, Totals};
pub use verdicts::Verdict;

/// The largest number of different names that get a row each, and of different numbers besides the codes 0 to 255.
///
/// Both come from logs, so without a limit, a hostile or broken log could use up all memory. The vendor documents far fewer.
pub const NAMES_LIMIT: usize = 4096;
