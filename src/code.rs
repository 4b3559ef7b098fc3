//! Identifies a result by the number of its code or, if it has no number, by a name.
//!
//! Invariant: two results are counted in the same row of a summary if and only if their [`Key`]s are equal. Letter case does not
//! matter, so a row has a spelling: of those in the logs, the one that sorts first. The
//! [`catalogue`](crate::catalogue) describes what a key *means*.
//!
//! Names belong to a family: the results of one product. The codes and the names that the MFA Server and the SDK log are the family
//! [`MFA`]. Only that family has numbers. Other products log other words for the same facts. They are counted separately, also if
//! they look the same.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
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
#[derive(Clone, Debug)]
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
    /// Panics if the family has a much longer name.
    #[must_use]
    pub fn of(family: &str, text: &str) -> Name {
        if family == MFA {
            return Name::from(text);
        }
        let family_bytes = u8::try_from(family.len()).expect("a family has a short name");
        Name { whole: format!("{family}:{text}").into(), family_bytes }
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

    /// Whether two names are the same, apart from letter case.
    fn is_same(&self, other: &Name) -> bool {
        self.family_bytes == other.family_bytes && (self.whole == other.whole || self.folded().eq(other.folded()))
    }

    /// Returns the characters of the displayed name in lower case.
    fn folded(&self) -> impl Iterator<Item = char> + '_ {
        self.whole.chars().flat_map(char::to_lowercase)
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

/// The code or name under which a result is counted. Codes sort before names. Letter case does not matter for names.
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
#[derive(Clone, Debug)]
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

    /// Whether this is the same name as `other`, in a spelling that sorts before that of `other`.
    #[must_use]
    pub fn is_better_spelled(&self, other: &Key) -> bool {
        matches!((self, other), (Key::Name(name), Key::Name(other)) if name.whole < other.whole && name.is_same(other))
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

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        match (self, other) {
            (Key::Code(code), Key::Code(other)) => code == other,
            (Key::Name(name), Key::Name(other)) => name.is_same(other),
            _ => false,
        }
    }
}

impl Eq for Key {}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        match (self, other) {
            (Key::Code(code), Key::Code(other)) => code.cmp(other),
            (Key::Code(_), Key::Name(_)) => Ordering::Less,
            (Key::Name(_), Key::Code(_)) => Ordering::Greater,
            (Key::Name(name), Key::Name(other)) => {
                name.folded().cmp(other.folded()).then(name.family_bytes.cmp(&other.family_bytes))
            }
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Key::Code(code) => code.hash(state),
            Key::Name(name) => name.folded().for_each(|letter| letter.hash(state)),
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn letter_case_does_not_matter_for_names() {
        let names =
            ["Ung\u{fc}ltige PIN", "UNG\u{dc}LTIGE PIN", "ung\u{fc}ltige pin"].map(|name| Key::Name(name.into()));
        assert_eq!(HashSet::from(names.clone()).len(), 1);
        assert!(names.iter().all(|name| name.cmp(&names[0]) == Ordering::Equal && *name == names[0]));
        assert_eq!(names.each_ref().map(|name| name.is_better_spelled(&names[0])), [false, true, false]);
        let other = Key::Name("a".into());
        assert!(other < names[0] && other != names[0] && !other.is_better_spelled(&names[0]));
        assert!(Key::Code(Code(i32::MAX)) < other && !Key::Code(Code(0)).is_better_spelled(&Key::Code(Code(1))));
    }
}
