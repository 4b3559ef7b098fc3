//! Finds out which user names belong to the same person, although logs write them differently.
//!
//! The RADIUS service writes `CONTOSO\ann` and the main service `ann@example.com` or `ann`. These are one person. But if a name
//! occurs with two different domains of the same kind, as in `CONTOSO\admin` and `FABRIKAM\admin`, a plain `admin` could be
//! either of them. Then all spellings of that name count as different persons.

use super::values::{Number, Values, is_same};
use super::without_domain;

/// Maps each user name to a person. Both are numbers of texts: a person is the spelling of the name that sorts first.
#[derive(Debug, Default)]
pub struct Persons {
    /// The person for each user name, with the number of the name as index.
    first: Vec<Number>,
    /// The name without its domain for each user name, with the number of the name as index. [`Number::default`] if nothing is
    /// left.
    names: Vec<Number>,
    /// Each person who has several spellings, paired with each of the spellings. Sorted by person, then by text.
    spellings: Vec<(Number, Number)>,
}

impl Persons {
    /// Finds out which of the user names belong to the same person.
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

    /// Returns the number of the user's name without the domain. Names that differ only in domain and letter case share it.
    #[must_use]
    pub fn name(&self, user: Number) -> Number {
        self.names.get(user.index()).copied().unwrap_or_default()
    }

    /// Returns the person to whom the user name `user` belongs.
    #[must_use]
    pub fn of(&self, user: Number) -> Number {
        self.first.get(user.index()).copied().unwrap_or(user)
    }

    /// Returns all spellings of a person's name.
    #[must_use]
    pub fn spellings(&self, person: Number) -> Vec<Number> {
        let start = self.spellings.partition_point(|(other, _)| *other < person);
        let its = self.spellings[start..].iter().take_while(|(other, _)| *other == person);
        let spellings: Vec<Number> = its.map(|(_, spelling)| *spelling).collect();
        if spellings.is_empty() { vec![person] } else { spellings }
    }
}

/// Whether all domains are the same, apart from letter case.
fn are_one<'t>(mut domains: impl Iterator<Item = &'t str>) -> bool {
    domains.next().is_none_or(|first| domains.all(|other| is_same(first, other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the person for each user name, as text.
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
    fn a_name_in_two_domains_is_two_persons() {
        let texts = [r"CONTOSO\admin", r"FABRIKAM\admin", "admin"];
        assert_eq!(persons(&texts), texts);
        let texts = ["ann@example.com", "ann@example.org", "ann"];
        assert_eq!(persons(&texts), texts);
    }

    #[test]
    fn each_distinguished_name_is_a_separate_person() {
        let texts = ["CN=ann,OU=a@b", "CN=ann,OU=Sales", "ann"];
        assert_eq!(persons(&texts), texts);
    }
}
