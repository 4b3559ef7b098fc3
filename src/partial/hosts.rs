//! Compares the machines that answered with those that should have answered.
//!
//! A name with a domain and one without may be those of one machine. What follows the first dot of a name is a domain if it has two parts or
//! more, such as `corp.example`, or is one of those that networks use alone, such as `local`. So `PC1.old` is a name of its own: if it were
//! taken for `PC1`, only one of the two would count.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::machines::is_no_machine;

/// The domains of one part that private networks use: those in appendix G of RFC 6762, that of multicast DNS, and a default of Linux.
const ALONE: [&str; 8] = ["corp", "home", "internal", "intranet", "lan", "local", "localdomain", "private"];

/// The machines that should answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The names as written, by their names in lower case.
    names: BTreeMap<String, String>,
}

/// What is different from what was expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// The machines that did not answer.
    pub silent: Vec<Silent>,
    /// The machines that answered under another name, with or without a domain: the name in the list, and the one that was seen.
    pub renamed: Vec<(String, String)>,
    /// The machines that answered although they are not expected.
    pub unexpected: Vec<String>,
}

/// A machine that did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silent {
    /// Its name.
    pub name: String,
    /// The machines that answered although they are not expected, and whose names have the same first part.
    pub similar: Vec<String>,
}

impl Expected {
    /// Reads a list with one name a line. Lines that begin with `#` and what follows ` #` are comments.
    #[must_use]
    pub fn parse(text: &str) -> Expected {
        let name = |line: &str| {
            let line = if line.trim_start().starts_with('#') { "" } else { line };
            let line = line.split_once(" #").map_or(line, |(name, _)| name);
            line.trim().trim_matches('"').to_owned()
        };
        let names = text.lines().map(name).filter(|name| !name.is_empty());
        Expected { names: names.map(|name| (name.to_lowercase(), name)).collect() }
    }

    /// Returns the number of names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no names.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Compares the list with the machines that answered. Letter case does not count. A name without a domain stands for the one machine
    /// of that name in any domain; two names with domains must be equal.
    #[must_use]
    pub fn compare<'m>(&self, answered: impl Iterator<Item = &'m str>) -> Difference {
        let answered: BTreeMap<String, &str> = answered.map(|name| (name.to_lowercase(), name)).collect();
        let machines = machines(answered.values().copied());
        let machine = |folded: &String| machines.get(folded).unwrap_or(folded).clone();
        let mut found: BTreeSet<String> = BTreeSet::new();
        let by_short = by_short_name(self.names.keys());
        let mut silent: BTreeSet<&str> = self.names.keys().map(String::as_str).collect();
        let mut left = Vec::new();
        // Equal names first, so that they are not taken for those without a domain.
        for (folded, name) in &answered {
            if silent.remove(folded.as_str()) {
                found.insert(machine(folded));
            } else {
                left.push((folded, name));
            }
        }
        let (mut unexpected, mut renamed) = (Vec::new(), Vec::new());
        for (folded, name) in left {
            let alike = by_short.get(short(folded)).map_or(&[][..], Vec::as_slice);
            let mut matching =
                alike.iter().filter(|other| silent.contains(**other) && (!has_domain(other) || !has_domain(folded)));
            match (matching.next(), matching.next()) {
                (Some(only), None) => {
                    silent.remove(*only);
                    renamed.push((self.names[*only].clone(), (*name).to_owned()));
                    found.insert(machine(folded));
                }
                _ => unexpected.push((folded, (*name).to_owned())),
            }
        }
        // A machine may have answered under both of its names.
        unexpected.retain(|(folded, _)| !found.contains(&machine(folded)));
        let silent = silent.into_iter().map(|folded| {
            let is_similar = |other: &&(&String, String)| first_part(other.0) == first_part(folded);
            let similar = unexpected.iter().filter(is_similar).map(|(_, name)| name.clone()).collect();
            Silent { name: self.names[folded].clone(), similar }
        });
        let silent = silent.collect();
        let unexpected = unexpected.into_iter().map(|(_, name)| name).collect();
        Difference { silent, renamed, unexpected }
    }
}

/// Returns the names in lower case, each with that of the machine which it stands for. A name without a domain stands for the one machine of
/// that name in any domain, if there is only one.
#[must_use]
pub fn machines<'m>(names: impl Iterator<Item = &'m str>) -> BTreeMap<String, String> {
    let folded: BTreeSet<String> = names.map(str::to_lowercase).collect();
    let by_short = by_short_name(folded.iter());
    let machine = |name: &String| match by_short.get(name.as_str()).map(Vec::as_slice) {
        // The short name is the first one.
        Some([_, only]) => (*only).to_owned(),
        _ => name.clone(),
    };
    folded.iter().map(|name| (name.clone(), machine(name))).collect()
}

fn by_short_name<'n>(names: impl Iterator<Item = &'n String>) -> BTreeMap<&'n str, Vec<&'n str>> {
    let mut by_short: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    names.for_each(|name| by_short.entry(short(name)).or_default().push(name));
    by_short
}

/// Returns a name without its domain. An IP address has none.
fn short(name: &str) -> &str {
    let is_domain = |domain: &str| {
        let last = domain.rsplit('.').next().unwrap_or_default();
        (last.len() < domain.len() || ALONE.contains(&domain)) && !last.is_empty() && !is_no_machine(last)
    };
    match name.split_once('.') {
        Some((_, domain)) if !is_address(name) && is_domain(domain) => first_part(name),
        _ => name,
    }
}

/// Returns a name up to its first dot. An IP address has no parts.
fn first_part(name: &str) -> &str {
    if is_address(name) { name } else { name.split_once('.').map_or(name, |(first, _)| first) }
}

fn is_address(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.'))
}

fn has_domain(name: &str) -> bool {
    short(name).len() < name.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(expected: &str, answered: &[&str]) -> (Vec<String>, Vec<String>) {
        let Difference { silent, unexpected, .. } = Expected::parse(expected).compare(answered.iter().copied());
        (silent.into_iter().map(|silent| silent.name).collect(), unexpected)
    }

    #[test]
    fn letter_case_and_a_missing_domain_do_not_count() {
        let list = "# all\n\nPC-1\r\npc-2.corp.example # Ann's\n\"PC-3\"\nPC-4\n";
        assert_eq!(Expected::parse(list).len(), 4);
        let (silent, unexpected) = compare(list, &["pc-1", "PC-2", "pc-3.corp.example", "PC-5"]);
        assert_eq!((silent, unexpected), (vec!["PC-4".to_owned()], vec!["PC-5".to_owned()]));
    }

    #[test]
    fn a_short_name_is_that_of_the_only_machine_with_a_domain() {
        let machine = |names: &[&str], name: &str| machines(names.iter().copied())[name].clone();
        assert_eq!(machine(&["A", "a.one.example"], "a"), "a.one.example");
        assert_eq!(machine(&["A", "a.one.example"], "a.one.example"), "a.one.example");
        // It could be either, or an address.
        assert_eq!(machine(&["A", "a.one.example", "a.two.example"], "a"), "a");
        assert_eq!(machine(&["10", "10.0.0.1", "A"], "10"), "10");
        assert_eq!(machine(&["a", "b"], "a"), "a");
    }

    #[test]
    fn a_machine_may_answer_under_both_of_its_names() {
        let (silent, unexpected) = compare("A\nb.one.example", &["a", "a.one.example", "B", "b.one.example"]);
        assert_eq!((silent, unexpected), (vec![], vec![]));
    }

    #[test]
    fn a_name_that_only_looks_like_one_with_a_domain_is_that_of_another_machine() {
        for other in ["pc1.old", "pc1.bak", "pc1.2017-02-14", "pc1.2017.02", "pc1.corp.example.old", "pc1.", "pc1.."] {
            let names = machines(["PC1", other].into_iter());
            assert_eq!((&*names["pc1"], &*names[other]), ("pc1", other));
            let difference = Expected::parse("PC1").compare([other].into_iter());
            let similar = vec![other.to_owned()];
            assert_eq!(difference.silent, [Silent { name: "PC1".to_owned(), similar: similar.clone() }]);
            assert_eq!((difference.unexpected, difference.renamed), (similar, vec![]));
        }
        for other in ["pc1.local", "pc1.corp.example"] {
            assert_eq!(machines(["PC1", other].into_iter())["pc1"], other);
            let difference = Expected::parse("PC1").compare([other].into_iter());
            assert_eq!(difference.renamed, [("PC1".to_owned(), other.to_owned())]);
            assert!(difference.silent.is_empty() && difference.unexpected.is_empty());
        }
    }

    #[test]
    fn different_domains_are_different_machines() {
        let (silent, unexpected) = compare("a.one.example\na.two.example", &["a.one.example", "a.three.example"]);
        assert_eq!((silent, unexpected), (vec!["a.two.example".to_owned()], vec!["a.three.example".to_owned()]));
        // A name without a domain could be either.
        let (silent, unexpected) = compare("a.one.example\na.two.example", &["A"]);
        assert_eq!((silent.len(), unexpected), (2, vec!["A".to_owned()]));
        let (silent, unexpected) = compare("10.0.0.1\n10.0.0.2", &["10.0.0.2"]);
        assert_eq!((silent, unexpected), (vec!["10.0.0.1".to_owned()], vec![]));
    }
}
