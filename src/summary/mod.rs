//! What a run found, as totals that can be merged: the same function joins chunks, files, machines and days.
//!
//! Invariants: [`Tally`], [`Counts`] and [`Summary`] are commutative monoids: `default` is the identity of `merge`,
//! and neither the order nor the grouping of merges changes a result. Therefore nothing here is sorted by count, cut
//! to a "top N" or divided into shares; whoever presents the totals does that, once, at the end.
//!
//! Not in the report: a report has decided what to show and can no longer be merged. Not in the pipeline: totals know
//! neither files nor threads.

mod bounded;
mod counts;
mod key;
mod rows;
mod tally;
#[cfg(test)]
mod testing;
mod total;

pub use counts::Counts;
pub use key::RowKey;
pub use tally::Tally;
pub use total::{Row, Summary, Totals};

/// How many different results are kept apart on top of the codes 0 to 255: so many other numbers, and so many names.
/// Both come from logs, so that without a limit a hostile or broken log decides on the memory. The vendor's table and
/// its three names without a number are far below.
pub const NAMES_LIMIT: usize = 4096;
