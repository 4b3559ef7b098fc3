//! Identifies a result by the number of its code or, if it has no number, by a name.
//!
//! Invariant: two results are counted in the same row of a summary if and only if their [`Key`]s are equal. The
//! [`catalogue`](crate::catalogue) describes what a key *means*.
//!
//! Names belong to a family: the results of one product. The codes and the names that the MFA Server and the SDK log are the family
//! [`MFA`]. Only that family has numbers. Other products log other words for the same facts. They are counted separately, also if
//! they look the same.

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

/// The family of the codes, and of the names that the MFA Server and the SDK log.
pub const MFA: &str = "mfa";

/// The name of a result without a number, in its family.
///
/// # Examples
///
/// ```
/// use callcodes::code::Name;
///
/// let name = Name::of("nps", "OathCodeIncorrect");
/// assert_eq!((name.family(), name.text()), ("nps", "OathCodeIncorrect"));
/// assert_eq!(name.to_string(), "nps:OathCodeIncorrect");
/// assert_eq!(Name::from("TIMEOUT").to_string(), "TIMEOUT");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The name as it is displayed: after its family and a colon, unless the family is [`MFA`].
    whole: Arc<str>,
    /// The length of the family in `whole`, or 0 for [`MFA`].
    family_bytes: u8,
}

impl Name {
    /// Creates a name in a family. The name of a family has at most [`FAMILY_LIMIT`] bytes.
    ///
    /// # Panics
    ///
    /// Panics if the family has a longer name.
    #[must_use]
    pub fn of(family: &str, text: &str) -> Name {
        if family == MFA {
            return Name::from(text);
        }
        assert!(family.len() <= FAMILY_LIMIT, "the name of a family is too long");
        Name { whole: format!("{family}:{text}").into(), family_bytes: family.len() as u8 }
    }

    /// Returns the family.
    #[must_use]
    pub fn family(&self) -> &str {
        match usize::from(self.family_bytes) {
            0 => MFA,
            len => &self.whole[..len],
        }
    }

    /// Returns the name without its family.
    #[must_use]
    pub fn text(&self) -> &str {
        match usize::from(self.family_bytes) {
            0 => &self.whole,
            len => &self.whole[len + 1..],
        }
    }

    /// Returns the name as it is displayed: after its family and a colon, unless the family is [`MFA`].
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.whole
    }
}

/// The length of the longest name of a family, in bytes.
pub const FAMILY_LIMIT: usize = 32;

/// Whether a family may have this name.
#[must_use]
pub fn is_family(name: &str) -> bool {
    name.len() <= FAMILY_LIMIT
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

impl From<&str> for Name {
    /// Creates a name in the family [`MFA`].
    fn from(text: &str) -> Name {
        Name { whole: text.into(), family_bytes: 0 }
    }
}

impl From<String> for Name {
    /// Creates a name in the family [`MFA`].
    fn from(text: String) -> Name {
        Name { whole: text.into(), family_bytes: 0 }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.whole)
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
    Name(Name),
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

    /// Returns the name without its family, if the result has no code.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Key::Code(_) => None,
            Key::Name(name) => Some(name.text()),
        }
    }

    /// Returns the family. A code belongs to [`MFA`].
    #[must_use]
    pub fn family(&self) -> &str {
        match self {
            Key::Code(_) => MFA,
            Key::Name(name) => name.family(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Code(code) => code.fmt(f),
            Key::Name(name) => name.fmt(f),
        }
    }
}
