//! Replaces the names of users by pseudonyms, which are the same on each machine that has the same key.
//!
//! A pseudonym is a keyed BLAKE3 hash of the name in lower case. The name and its domain get one each, so that the same spellings belong
//! to the same person as before: `CONTOSO\ann` becomes `domain-0c2d…\user-3f9a…`, and `Ann` becomes `user-3f9a…`. Whoever does not have
//! the key cannot find out a name by trying names.

use crate::attempt::without_domain;

/// How many hexadecimal digits a pseudonym has. Two of 100,000 people share one with a probability of 1 in 50,000.
const DIGITS: usize = 12;

/// Makes pseudonyms with a key.
#[derive(Clone)]
pub struct Pseudonyms {
    key: [u8; 32],
}

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms(..)")
    }
}

impl Pseudonyms {
    /// Makes pseudonyms with the key that follows from the content of a file. Returns `None` if it has only white space.
    #[must_use]
    pub fn new(content: &[u8]) -> Option<Pseudonyms> {
        // A line end, which an editor may add, changes nothing.
        let content = content.trim_ascii();
        (!content.is_empty())
            .then(|| Pseudonyms { key: blake3::derive_key("callcodes 2025 pseudonyms of users", content) })
    }

    /// Returns a number by which partials with different keys are told apart. The key does not follow from it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.digits("key", "")
    }

    /// Returns the pseudonym of a user.
    #[must_use]
    pub fn of(&self, user: &str) -> String {
        let name = without_domain(user);
        let start = user.len() - user.rsplit_once('\\').map_or(user, |(_, name)| name).len();
        let is_divided = name.len() < user.len() && user[start..].starts_with(name);
        if !is_divided {
            return self.one("user", user);
        }
        let (before, after) = (&user[..start], &user[start + name.len()..]);
        let before = before.strip_suffix('\\').map(|domain| self.one("domain", domain) + "\\").unwrap_or_default();
        let after =
            after.strip_prefix('@').map(|domain| format!("@{}", self.one("domain", domain))).unwrap_or_default();
        format!("{before}{}{after}", self.one("user", name))
    }

    /// Returns the pseudonym of a name or a domain, or nothing for nothing.
    fn one(&self, kind: &str, text: &str) -> String {
        if text.is_empty() { String::new() } else { format!("{kind}-{}", self.digits(kind, &text.to_lowercase())) }
    }

    fn digits(&self, kind: &str, text: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(kind.as_bytes()).update(b"\0").update(text.as_bytes());
        hasher.finalize().to_hex().as_str().chars().take(DIGITS).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_person_stay_those_of_one_person() {
        let pseudonyms = Pseudonyms::new(b"secret\r\n").unwrap();
        let of = |user| pseudonyms.of(user);
        let ann = of("ann");
        assert!(ann.starts_with("user-") && ann.len() == 5 + DIGITS, "{ann}");
        assert_eq!(of("ANN"), ann);
        assert_eq!(without_domain(&of(r"CONTOSO\Ann")), ann);
        assert_eq!(without_domain(&of("ann@example.com")), ann);
        assert_eq!(of(r"contoso\ann"), of(r"CONTOSO\ANN"));
        assert_ne!(of(r"CONTOSO\ann"), of(r"FABRIKAM\ann"));
        assert_ne!(of("ann@example.com"), of("ann@example.org"));
        assert_ne!(of("bob"), ann);
        for user in ["CN=Ann,OU=a@b", r"A\B\ann@c@d", "@", r"\", "", r"a\", "@a", "ä@ö", r"a@b\c"] {
            let pseudonym = of(user);
            assert!(!pseudonym.contains("nn") && pseudonym.is_ascii(), "{user}: {pseudonym}");
        }
    }

    #[test]
    fn the_key_decides_and_line_ends_after_it_do_not() {
        let of = |key: &[u8]| Pseudonyms::new(key).map(|pseudonyms| (pseudonyms.of("ann"), pseudonyms.fingerprint()));
        assert_eq!(of(b"secret"), of(b"secret\r\n"));
        let (one, other) = (of(b"secret").unwrap(), of(b"Secret").unwrap());
        assert!(one.0 != other.0 && one.1 != other.1);
        assert_eq!(of(b" \r\n"), None);
    }
}
