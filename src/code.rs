//! Identifies a result by the number of its code or, if it has no number, by a name.
//!
//! Invariant: two results are counted in the same row of a summary if and only if their [`Key`]s are equal. The
//! [`catalogue`](crate::catalogue) describes what a key *means*.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A call / SMS result code as returned by the API.
///
/// It is a signed 32-bit number, because the SDK returns an `Int32`. The vendor's list has the codes 1 to 25 and 100 to 145.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Code(pub i32);

impl Code {
    /// Code 0, "No call result": the request failed before any call or message was attempted.
    pub const NONE: Code = Code(0);
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The code or name under which a result is counted. Codes sort before names.
///
/// # Examples
///
/// ```
/// use callcodes::code::{Code, Key};
///
/// let mut keys = [Key::Name("TIMEOUT".into()), Key::Code(Code(102)), Key::Code(Code(21))];
/// keys.sort();
/// assert_eq!(keys.map(|key| key.to_string()), ["21", "102", "TIMEOUT"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The code of a result, which need not be in the catalogue.
    Code(Code),
    /// The name of a result without a number, as the catalogue spells it or, if the catalogue does not know it, as the log does.
    Name(Arc<str>),
}

impl Key {
    /// Returns the code, if the result has one.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Key::Code(code) => Some(*code),
            Key::Name(_) => None,
        }
    }

    /// Returns the name, if the result has no code.
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
