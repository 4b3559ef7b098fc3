//! Patterns: what a result looks like in a line, written down as data that proves itself by its own examples.
//!
//! A [`definition`] is what a pattern [`mod@file`] says; [`validate`] judges its regexes and [`examples`] what they find.
//! [`nearest`] tells how far a pattern gets in a line that it finds nothing in, and [`template`] is a file to start
//! from. Everything that can be wrong is told as a [`diagnostic::Diagnostic`], which points at the place in the file.
//!
//! Sound definitions compile to a [`PatternSet`], which says where in a line a result stands, and to the [`Prefilter`]
//! that finds the lines worth asking about.

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
pub(crate) use set::Readings;
pub use set::{Match, Matches, Pattern, PatternSet, Scratch};
