//! Patterns describe how to find a result in a line of a log. Each is a regex with examples that prove that it works.
//!
//! | task | module |
//! |---|---|
//! | Read a pattern file into definitions, and keep the position of each value in the file. | [`mod@file`], [`definition`] |
//! | Check the regexes before anything is compiled. | [`validate`] |
//! | Compile the definitions to a [`PatternSet`], which finds the matches in a line, and to a [`Prefilter`], which finds the lines worth searching. | `set`, `prefilter` |
//! | Check that each pattern finds what its examples expect. | [`examples`] |
//! | Explain how much of a line a pattern matches if it finds nothing. | [`nearest`] |
//! | Find the key words of a pattern in a line in which it finds nothing. | `words` |
//! | Write a pattern file to start from. | [`template`] |
//! | Make a pattern from lines and the codes in them. | [`learn`] |
//!
//! Every error is a [`diagnostic::Diagnostic`]: a message, the position in the file, and a remedy.
//!
//! Searches are fast because regexes run rarely. The prefilter first searches whole blocks for literals that the patterns require
//! (`literal`, `window`). Where it finds one, a `matcher` tries the pattern, with a short `program` if the regex allows that, and
//! otherwise with the regex engine.

mod brackets;
mod byte_set;
mod choice;
pub mod definition;
pub mod diagnostic;
pub mod examples;
pub mod file;
pub mod learn;
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
mod words;

pub use prefilter::Prefilter;
pub(crate) use prefilter::{Candidate, Marks};
pub use set::{Match, Matches, Pattern, PatternSet, Scratch};
pub(crate) use set::{Readings, Writers};
