//! Reads the `[[code]]` tables of a pattern file, in which users explain the results of a product.
//!
//! The keys are those of the built-in catalogue, except for those of the vendor's own family. The catalogue checks the entries against each
//! other and against its own.

use toml::de::{DeTable, DeValue};

use super::values::Table;
use super::{CodeOf, Reader, number};
use crate::catalogue::{CHECKS_LIMIT, Channel, Check, Entry, Evidence, Group, Whose};
use crate::code::{Code, MFA};
use crate::pattern::diagnostic::Mark;

/// The keys of a `[[code]]` table, as messages list them.
const CODE_KEYS: &str =
    "family, name, description, other_descriptions, see_also, channel, group, happened, checks, whose";

/// How to write checks.
const CHECKS: &str = "write checks = [ { check = 'What to do.', where = 'Where to look' } ]";

impl Reader<'_> {
    /// Reads the user's entries of the catalogue.
    pub(super) fn codes(&mut self, root: &DeTable<'_>) -> Vec<CodeOf> {
        let Some(value) = root.get("code") else {
            return Vec::new();
        };
        let tables = self.tables(value, "a code", "write [[code]] in double brackets above each result");
        tables.iter().filter_map(|table| self.code(table)).collect()
    }

    /// Reads a `[[code]]` table. Reports an error and returns `None` if it lacks something.
    fn code(&mut self, table: &Table<'_, '_>) -> Option<CodeOf> {
        self.check_keys(table.entries, CODE_KEYS, table.thing);
        let family = self.required_text(table, "family", "write family = '...' with the family of the pattern");
        let family = family.filter(|(family, place)| {
            if family == MFA {
                let message = "the codes of the family `mfa` are the vendor's".to_owned();
                self.report(&place.span, message, "", "write the family of another product, as in family = 'gateway'");
            }
            family != MFA && self.check_family(family, place)
        });
        let name = self.required_text(table, "name", "write name = '...' with the name or the text in the log");
        let description = self.text(table, "description");
        let other_descriptions = self.texts(table, "other_descriptions", "another description");
        let see_also = self.see_also(table);
        let channel = self.one_of(table, "channel", &Channel::ALL, Channel::name).unwrap_or(Channel::Any);
        let group = self.required_text(table, "group", &format!("write one of: {}", names(&Group::ALL, Group::name)));
        let group = group.and_then(|_| self.one_of(table, "group", &Group::ALL, Group::name));
        let happened =
            self.required_text(table, "happened", "write happened = '...' with what happened, in a sentence");
        let checks = self.checks(table);
        let whose = self.whose(table);
        let ((name, place), (happened, _)) = (name?, happened?);
        let entry = Entry {
            family: family?.0,
            code: None,
            description: description.map_or_else(|| name.clone(), |(text, _)| text),
            name: Some(name),
            symbol: None,
            sdk_constant: None,
            other_descriptions: other_descriptions.into_iter().map(|(text, _)| text).collect(),
            candidates: Vec::new(),
            see_also,
            channel,
            group: group?,
            happened,
            evidence: Evidence::Documented,
            checks: checks?,
            whose: whose?,
        };
        Some(CodeOf { entry, mark: Mark::new(self.source, place.span, "") })
    }

    /// Reads the value of `key`, which must be the name of one of `all`.
    fn one_of<T: Copy>(
        &mut self,
        table: &Table<'_, '_>,
        key: &str,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<T> {
        let (text, place) = self.text(table, key)?;
        let found = all.iter().copied().find(|one| name(*one) == text);
        if found.is_none() {
            let message = format!("there is no {key} `{text}`");
            self.report(&place.span, message, "", &format!("write one of: {}", names(all, name)));
        }
        found
    }

    /// Reads the most similar codes.
    fn see_also(&mut self, table: &Table<'_, '_>) -> Vec<Code> {
        let remedy = "write see_also = [102] with numbers of the vendor's list";
        let mut codes = Vec::new();
        for value in self.list(table, "see_also", "codes", remedy) {
            let found = if let DeValue::Integer(integer) = value.get_ref() { number(integer) } else { None };
            match found {
                Some(number) => codes.push(Code(number)),
                None => self.wrong_type(value, "a similar code must be a number of the vendor's list", remedy),
            }
        }
        codes
    }

    /// Reads what to check.
    fn checks(&mut self, table: &Table<'_, '_>) -> Option<Vec<Check>> {
        let Some(value) = table.entries.get("checks") else {
            self.missing(table, "checks", CHECKS);
            return None;
        };
        let tables = self.tables(value, "a check", CHECKS);
        if tables.len() > CHECKS_LIMIT {
            let message = format!("a code has {} checks", tables.len());
            self.report(&value.span(), message, "", &format!("leave the {CHECKS_LIMIT} most useful ones"));
        }
        tables.iter().map(|table| self.check(table)).collect()
    }

    fn check(&mut self, table: &Table<'_, '_>) -> Option<Check> {
        self.check_keys(table.entries, "check, where", table.thing);
        let check = self.required_text(table, "check", CHECKS);
        let place = self.required_text(table, "where", CHECKS);
        Some(Check { check: check?.0, place: place?.0 })
    }

    /// Reads whose matter the result is.
    fn whose(&mut self, table: &Table<'_, '_>) -> Option<Vec<Whose>> {
        let remedy = format!("write one or more of: {}", names(&Whose::ALL, Whose::name));
        if !table.entries.contains_key("whose") {
            self.missing(table, "whose", &remedy);
            return None;
        }
        let mut all = Vec::new();
        for (text, place) in self.texts(table, "whose", "whose matter it is") {
            match Whose::ALL.into_iter().find(|one| one.name() == text) {
                Some(one) => all.push(one),
                None => self.report(&place.span, format!("there is no whose `{text}`"), "", &remedy),
            }
        }
        Some(all)
    }
}

/// Returns the names of `all`, as a message lists them.
fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> String {
    all.iter().map(|one| name(*one)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::errors;
    use super::super::{File, read};
    use super::*;
    use crate::pattern::definition::Origin;

    const OWN: &str = "[[code]]
family = 'gateway'
name = 'NO_ANSWER'
group = 'not-reached'
happened = 'Nobody answered.'
checks = [ { check = 'Ask.', where = 'The user' } ]
whose = ['users-phone']
";

    fn codes(text: &str) -> Vec<Entry> {
        let File { codes, .. } =
            read(text, &Origin::File("own.toml".into())).unwrap_or_else(|errors| panic!("{}", errors[0]));
        codes.into_iter().map(|one| one.entry).collect()
    }

    #[test]
    fn reads_every_key() {
        let [entry] = &codes(OWN)[..] else { panic!() };
        assert_eq!(
            (entry.description.as_str(), entry.channel, entry.group),
            ("NO_ANSWER", Channel::Any, Group::NotReached)
        );
        assert_eq!(entry.key().to_string(), "gateway:NO_ANSWER");
        let more =
            "description = 'd'\nother_descriptions = ['e', 'f']\nsee_also = [102, 4]\nchannel = 'text-message'\n";
        let [entry] = &codes(&format!("{OWN}{more}"))[..] else { panic!() };
        assert_eq!((entry.description.as_str(), entry.channel), ("d", Channel::TextMessage));
        assert_eq!(
            (&entry.other_descriptions[..], &entry.see_also[..]),
            (&["e".to_owned(), "f".to_owned()][..], &[Code(102), Code(4)][..])
        );
    }

    #[test]
    fn what_is_missing_or_wrong_is_reported_with_its_place() {
        let shown = errors("[[code]]\nname = 'x'\n");
        for key in ["family", "group", "happened", "checks", "whose"] {
            assert!(shown.contains(&format!("error: a code has no `{key}`\n --> own.toml:1:1\n")), "{shown}");
        }
        let cases = [
            ("'gateway'", "'mfa'", "the codes of the family `mfa` are the vendor's", "2:10"),
            ("'gateway'", "'Gate way'", "`Gate way` cannot be the name of a family", "2:10"),
            ("'not-reached'", "'gone'", "there is no group `gone`", "4:9"),
            ("['users-phone']", "['users-phone', 'them']", "there is no whose `them`", "7:25"),
            ("'Ask.', where = 'The user'", "'Ask.'", "a check has no `where`", "6:12"),
            ("name =", "see_also = ['x']\nname =", "a similar code must be a number of the vendor's list", "3:13"),
            ("name =", "channel = 'x'\nname =", "there is no channel `x`", "3:11"),
            ("name =", "number = 5\nname =", "unknown key `number`", "3:1"),
            (
                "[ { check",
                "[ {check='a',where='b'},{check='a',where='b'},{check='a',where='b'}, { check",
                "a code has 4 checks",
                "6:10",
            ),
        ];
        for (from, to, message, place) in cases {
            let shown = errors(&OWN.replace(from, to));
            assert!(shown.starts_with(&format!("error: {message}\n --> own.toml:{place}\n")), "{shown}");
        }
    }
}
