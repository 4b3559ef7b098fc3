//! What a log says happened to a call, a text message or a prompt: the number, or the name where there is no number.
//!
//! Invariant: a [`Key`] identifies one row of a summary. Two results are the same row exactly if their keys are equal.
//! Plain values; what a key *means* is the catalogue's business.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A call / SMS result code as the API returns it.
///
/// Signed and 32 bits wide because the SDK hands it out as an `Int32`; the vendor's table uses 1–25 and 100–145.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Code(pub i32);

impl Code {
    /// "No call result": the request itself failed before any call or message was tried.
    pub const NONE: Code = Code(0);
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The row that a result counts in. Numbers sort before names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A number, whether or not the catalogue knows it.
    Code(Code),
    /// A result without a single number: a symbol or shared text of the catalogue, spelled as there, or else what the
    /// log wrote.
    Name(Arc<str>),
}

impl Key {
    /// The number, if the result has one.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Key::Code(code) => Some(*code),
            Key::Name(_) => None,
        }
    }

    /// The name, if the result has no number.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Key::Code(_) => None,
            Key::Name(name) => Some(name),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Code(code) => code.fmt(f),
            Key::Name(name) => f.write_str(name),
        }
    }
}
