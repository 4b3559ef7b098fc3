//! Which results a finding is about, so that their lines can be printed.
//!
//! The results are described and not listed, because there may be millions of them.

use foldhash::{HashMap, HashMapExt as _};

use crate::code::Key;
use crate::time::Time;

/// A part of the results that a finding is about: those with one of these codes, of this host and user, in this time. A part that
/// is `None` or empty is not restricted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The codes and names.
    pub codes: Vec<Key>,
    /// The host.
    pub host: Option<Box<str>>,
    /// The user.
    pub user: Option<Box<str>>,
    /// The time of the first result.
    pub since: Option<Time>,
    /// The time of the last result.
    pub until: Option<Time>,
}

impl Scope {
    /// Returns the scope that has all results with these codes.
    #[must_use]
    pub fn of_codes(codes: &[Key]) -> Scope {
        Scope { codes: codes.to_vec(), ..Scope::default() }
    }

    /// Whether the scope has a result of its user.
    fn has(&self, key: &Key, host: Option<&str>, time: Option<Time>) -> bool {
        (self.codes.is_empty() || self.codes.contains(key))
            && self.host.as_deref().is_none_or(|own| Some(own) == host)
            && self.since.is_none_or(|since| time.is_some_and(|time| time >= since))
            && self.until.is_none_or(|until| time.is_some_and(|time| time <= until))
    }
}

/// Several scopes. A result belongs to them if it belongs to one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// The scopes that name no user.
    of_anyone: Vec<Scope>,
    by_user: HashMap<Box<str>, Vec<Scope>>,
}

impl Scopes {
    /// Whether one of the scopes has a result. `spellings` are all spellings of its user's name, and are empty if the user is
    /// unknown.
    #[must_use]
    pub fn have(&self, key: &Key, spellings: &[&str], host: Option<&str>, time: Option<Time>) -> bool {
        let of_user = spellings.iter().filter_map(|user| self.by_user.get(*user)).flatten();
        self.of_anyone.iter().chain(of_user).any(|scope| scope.has(key, host, time))
    }

    /// Whether no scope names a user.
    #[must_use]
    pub fn are_of_anyone(&self) -> bool {
        self.by_user.is_empty()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(all: I) -> Scopes {
        let mut scopes = Scopes { of_anyone: Vec::new(), by_user: HashMap::new() };
        for scope in all {
            match &scope.user {
                None => scopes.of_anyone.push(scope),
                Some(user) => scopes.by_user.entry(user.clone()).or_default().push(scope),
            }
        }
        scopes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;

    fn at(seconds: i64) -> Option<Time> {
        Some(Time::from_nanoseconds(seconds * 1_000_000_000))
    }

    #[test]
    fn a_result_belongs_to_a_scope_if_every_part_fits() {
        let [busy, other] = [102, 117].map(|code| Key::Code(Code(code)));
        let scope = Scope {
            codes: vec![busy.clone()],
            host: Some("host1".into()),
            user: Some("ann".into()),
            since: at(10),
            until: at(20),
        };
        let everyone = Scope { codes: vec![other.clone()], until: at(5), ..Scope::default() };
        let scopes: Scopes = [scope, everyone].into_iter().collect();
        let has = |key, spellings: &[&str], host, time| scopes.have(key, spellings, host, time);
        assert!(has(&busy, &[r"CONTOSO\ann", "ann"], Some("host1"), at(10)));
        assert!(has(&busy, &["ann"], Some("host1"), at(20)));
        for (key, user, host, time) in [
            (&other, "ann", Some("host1"), at(10)),
            (&busy, "bob", Some("host1"), at(10)),
            (&busy, "ann", Some("host2"), at(10)),
            (&busy, "ann", None, at(10)),
            (&busy, "ann", Some("host1"), at(9)),
            (&busy, "ann", Some("host1"), at(21)),
            (&busy, "ann", Some("host1"), None),
        ] {
            assert!(!has(key, &[user], host, time), "{key:?} {user} {host:?} {time:?}");
        }
        assert!(has(&other, &[], None, at(5)) && has(&other, &["bob"], Some("host2"), at(-5)));
        assert!(!has(&other, &[], None, at(6)));
    }
}
