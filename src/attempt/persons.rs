//! Which users are the same person, although logs write them differently.
//!
//! The RADIUS service writes `CONTOSO\ann` and the main service `ann@example.com` or `ann`. These are one person. But if a name comes
//! with two different domains of the same kind, as in `CONTOSO\admin` and `FABRIKAM\admin`, nobody knows whose `admin` alone is, and
//! all spellings of that name stay apart.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::values::{Number, Values};
use super::without_domain;

/// The person that each user is.
#[derive(Debug, Default)]
pub struct Persons {
    /// For each number of a user, that of the spelling which sorts first.
    first: Vec<Number>,
    spellings: HashMap<Number, Vec<Number>>,
}

impl Persons {
    /// Finds out which users are the same person.
    #[must_use]
    pub fn new(users: &Values) -> Persons {
        let mut by_name: BTreeMap<String, Vec<Number>> = BTreeMap::new();
        let mut first: Vec<Number> = Vec::with_capacity(users.indexes());
        for index in 0..users.indexes() {
            let number = Number::from_index(index as u64);
            first.push(number);
            if let Some(text) = users.text(number) {
                by_name.entry(without_domain(text).to_lowercase()).or_default().push(number);
            }
        }
        let mut spellings = HashMap::new();
        for mut numbers in by_name.into_values().filter(|numbers| numbers.len() > 1) {
            let text = |number: &Number| users.text(*number).unwrap_or_default();
            let before = numbers.iter().filter_map(|one| Some(text(one).rsplit_once('\\')?.0.to_lowercase()));
            let after = numbers.iter().filter_map(|one| Some(text(one).split_once('@')?.1.to_lowercase()));
            let is_one = |domains: &HashSet<String>| domains.len() <= 1;
            if !is_one(&before.collect()) || !is_one(&after.collect()) {
                continue;
            }
            numbers.sort_unstable_by_key(|one| text(one));
            numbers.iter().for_each(|number| first[number.index()] = numbers[0]);
            spellings.insert(numbers[0], numbers);
        }
        Persons { first, spellings }
    }

    /// Returns the number of the person that a user is.
    #[must_use]
    pub fn of(&self, user: Number) -> Number {
        self.first.get(user.index()).copied().unwrap_or(user)
    }

    /// Returns all spellings of a person.
    #[must_use]
    pub fn spellings(&self, person: Number) -> Vec<Number> {
        self.spellings.get(&person).cloned().unwrap_or_else(|| vec![person])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the person of each user, by its text.
    fn persons(texts: &[&str]) -> Vec<String> {
        let mut users = Values::new(100);
        let numbers: Vec<Number> = texts.iter().map(|text| users.number(text)).collect();
        let persons = Persons::new(&users);
        numbers.iter().map(|number| users.text(persons.of(*number)).unwrap().to_owned()).collect()
    }

    #[test]
    fn one_name_with_one_domain_of_each_kind_is_one_person() {
        let texts = ["ann", r"CONTOSO\ann", "ANN@example.com", r"contoso\Ann", "bob"];
        let ann = "ANN@example.com";
        assert_eq!(persons(&texts), [ann, ann, ann, ann, "bob"]);
    }

    #[test]
    fn a_name_in_two_domains_is_kept_apart() {
        let texts = [r"CONTOSO\admin", r"FABRIKAM\admin", "admin"];
        assert_eq!(persons(&texts), texts);
        let texts = ["ann@example.com", "ann@example.org", "ann"];
        assert_eq!(persons(&texts), texts);
    }

    #[test]
    fn distinguished_names_are_persons_of_their_own() {
        let texts = ["CN=ann,OU=a@b", "CN=ann,OU=Sales", "ann"];
        assert_eq!(persons(&texts), texts);
    }
}
