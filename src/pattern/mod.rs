//! Patterns: how to find a result in a line, written down as data and proved by its own examples.
//!
//! A pattern goes through these steps; each is a module:
//!
//! | step | module |
//! |---|---|
//! | read a pattern [`mod@file`] into [`definition`]s, each value with its place in the file | `file`, `definition` |
//! | check the syntax of the regexes, before anything is compiled | [`validate`] |
//! | compile them to a [`PatternSet`], which finds the matches in a line, and a [`Prefilter`], which finds the lines to search | `set`, `prefilter` |
//! | check that each pattern finds what its examples say | [`examples`] |
//! | explain how far a pattern gets in a line in which it finds nothing | [`nearest`] |
//! | write a file to start from | [`template`] |
//!
//! Every error is a [`diagnostic::Diagnostic`]: a message, the place in the file, and a remedy.
//!
//! Three modules make searching fast. The prefilter runs over whole blocks and looks for literals that the patterns
//! require (`literal`, `window`). A `matcher` then tries one pattern at one place, by a short `program` where the regex
//! allows one, and by the regex engine where it does not.

mod brackets;
mod byte_set;
mod choice;
pub mod definition;
pub mod diagnostic;
pub mod examples;
pub mod file;
mod letters;
mod literal;
mod matcher;
pub mod nearest;
mod prefilter;
mod program;
mod set;
pub mod template;
pub mod validate;
mod window;

pub use prefilter::Prefilter;
pub(crate) use prefilter::{Candidate, Marks};
pub use set::{Match, Matches, Pattern, PatternSet, Scratch};
pub(crate) use set::{Readings, Writers};
