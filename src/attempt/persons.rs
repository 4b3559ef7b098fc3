//! Which users are the same person, although logs write them differently.
//!
//! The RADIUS service writes `CONTOSO\ann` and the main service `ann@example.com` or `ann`. These are one person. But if a name comes
//! with two different domains of the same kind, as in `CONTOSO\admin` and `FABRIKAM\admin`, nobody knows whose `admin` alone is, and
//! all spellings of that name stay apart.

use super::values::{Number, Values, is_same};
use super::without_domain;

/// The person that each user is.
#[derive(Debug, Default)]
pub struct Persons {
    /// For each number of a user, that of the spelling which sorts first.
    first: Vec<Number>,
    /// For each number of a user, that of the name without the domain; that of no text if nothing is left.
    names: Vec<Number>,
    /// Each person with several spellings, with each of them. Sorted by person, and then by text.
    spellings: Vec<(Number, Number)>,
}

impl Persons {
    /// Finds out which users are the same person.
    #[must_use]
    pub fn new(users: &Values) -> Persons {
        let text = |number: Number| users.text(number).unwrap_or_default();
        let all = || (0..users.indexes()).map(|index| Number::from_index(index as u64));
        let mut different = Values::new(usize::MAX);
        let name = |user| match without_domain(text(user)) {
            "" => Number::default(),
            name => different.number(name),
        };
        let names: Vec<Number> = all().map(name).collect();
        let mut first: Vec<Number> = all().collect();
        let mut by_name: Vec<Number> = all().filter(|number| users.text(*number).is_some()).collect();
        by_name.sort_unstable_by_key(|number| names[number.index()]);
        let mut spellings = Vec::new();
        for numbers in by_name.chunk_by_mut(|one, other| names[one.index()] == names[other.index()]) {
            if numbers.len() == 1 {
                continue;
            }
            let before = numbers.iter().filter_map(|one| Some(text(*one).rsplit_once('\\')?.0));
            let after = numbers.iter().filter_map(|one| Some(text(*one).split_once('@')?.1));
            if !are_one(before) || !are_one(after) {
                continue;
            }
            numbers.sort_unstable_by_key(|one| text(*one));
            numbers.iter().for_each(|number| first[number.index()] = numbers[0]);
            spellings.extend(numbers.iter().map(|number| (numbers[0], *number)));
        }
        spellings.sort_by_key(|(person, _)| *person);
        Persons { first, names, spellings }
    }

    /// Returns the number of the name of a user without the domain. Users who differ in nothing but domain and letter case share it.
    #[must_use]
    pub fn name(&self, user: Number) -> Number {
        self.names.get(user.index()).copied().unwrap_or_default()
    }

    /// Returns the number of the person that a user is.
    #[must_use]
    pub fn of(&self, user: Number) -> Number {
        self.first.get(user.index()).copied().unwrap_or(user)
    }

    /// Returns all spellings of a person.
    #[must_use]
    pub fn spellings(&self, person: Number) -> Vec<Number> {
        let start = self.spellings.partition_point(|(other, _)| *other < person);
        let its = self.spellings[start..].iter().take_while(|(other, _)| *other == person);
        let spellings: Vec<Number> = its.map(|(_, spelling)| *spelling).collect();
        if spellings.is_empty() { vec![person] } else { spellings }
    }
}

/// Whether there is at most one domain.
fn are_one<'t>(mut domains: impl Iterator<Item = &'t str>) -> bool {
    domains.next().is_none_or(|first| domains.all(|other| is_same(first, other)))
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
