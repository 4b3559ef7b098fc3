//! Identifies a result by the number of its code or, if it has no number, by a name.
//!
//! Invariant: two results are counted in the same row of a summary if and only if their [`Key`]s are equal. Letter case does not
//! matter, so a row has a spelling: of those in the logs, the one that sorts first. The
//! [`catalogue`](crate::catalogue) describes what a key *means*.

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

    /// Whether this is the same name as `other`, in a spelling that sorts before that of `other`.
    #[must_use]
    pub fn is_better_spelled(&self, other: &Key) -> bool {
        matches!((self, other), (Key::Name(name), Key::Name(other)) if name < other && are_same(name, other))
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

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        match (self, other) {
            (Key::Code(code), Key::Code(other)) => code == other,
            (Key::Name(name), Key::Name(other)) => are_same(name, other),
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
            (Key::Name(name), Key::Name(other)) => folded(name).cmp(folded(other)),
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
            Key::Name(name) => folded(name).for_each(|letter| letter.hash(state)),
        }
    }
}

/// Whether two names are the same, apart from letter case.
fn are_same(name: &str, other: &str) -> bool {
    name == other || folded(name).eq(folded(other))
}

/// Returns the characters of a name in lower case.
fn folded(name: &str) -> impl Iterator<Item = char> + '_ {
    name.chars().flat_map(char::to_lowercase)
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Code(code) => code.fmt(f),
            Key::Name(name) => f.write_str(name),
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
