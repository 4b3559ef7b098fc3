//! Patterns: what a result looks like in a line, written down as data that proves itself by its own examples.
//!
//! A [`definition`] is what a pattern [`file`] says. Everything that can be wrong with it is told as a
//! [`diagnostic::Diagnostic`], which points at the place in the file.

pub mod definition;
pub mod diagnostic;
pub mod examples;
pub mod file;
pub mod validate;
