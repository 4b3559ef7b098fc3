//! Searches the catalogue for a code, a range, a name or words, and explains pasted text.
//!
//! In contrast, [`Catalogue::resolve`] interprets a value from a log and must decide on one result. A query may have many
//! answers.

use std::ops::RangeInclusive;
use std::str::FromStr;

use super::{Catalogue, Entry, names};
use crate::code::{Code, Key};

/// A query, as typed on the command line.
///
/// # Examples
///
/// ```
/// use callcodes::catalogue::Query;
///
/// assert_eq!("100-110".parse(), Ok(Query::Range(100..=110)));
/// assert_eq!("voicemail".parse(), Ok(Query::Words("voicemail".to_owned())));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// A code: `102`.
    Code(Code),
    /// A range of codes, including both ends: `100-110`.
    Range(RangeInclusive<i32>),
    /// A name, or words that must all occur in an entry: `FAILED_PHONE_BUSY`, `voicemail`, `text message`.
    Words(String),
}

impl FromStr for Query {
    /// What is wrong with the query and how to correct it, in two sentences without the last full stop.
    type Err = String;

    fn from_str(text: &str) -> Result<Query, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("the query is empty. Give a code, a name or a word, such as 102 or voicemail".to_owned());
        }
        if is_decimal(text.strip_prefix('-').unwrap_or(text)) {
            return parse_number(text).map(|number| Query::Code(Code(number)));
        }
        // A range that was copied from a document often contains an en dash.
        match text.split_once(['-', '–']).map(|(from, to)| (from.trim(), to.trim())) {
            Some((from, "")) if is_decimal(from) => {
                Err(format!("the range {text} has no end. Write both ends, such as 100-145"))
            }
            Some((from, to)) if is_decimal(from) && is_decimal(to) => {
                let (from, to) = (parse_number(from)?, parse_number(to)?);
                if from > to {
                    return Err(format!("the range {from}-{to} runs backwards. Write it as {to}-{from}"));
                }
                Ok(Query::Range(from..=to))
            }
            _ => Ok(Query::Words(text.to_owned())),
        }
    }
}

/// Whether `text` is a number without a sign.
fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Parses digits as a code. The error says which numbers are codes.
fn parse_number(digits: &str) -> Result<i32, String> {
    let too_large = |_| format!("{digits} is too large for a code. Codes run from {} to {}", i32::MIN, i32::MAX);
    digits.parse().map_err(too_large)
}

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'c> {
    /// The entries that match the query. There is at least one, and none occurs twice.
    Entries(Vec<&'c Entry>),
    /// The query is a code that is not in the catalogue.
    UnknownCode(Code),
    /// No entry matches the query.
    Nothing,
}

impl<'c> Answer<'c> {
    /// Creates the answer that consists of these entries, or [`Answer::Nothing`] if there are none.
    fn of(entries: Vec<&'c Entry>) -> Answer<'c> {
        if entries.is_empty() { Answer::Nothing } else { Answer::Entries(entries) }
    }
}

impl Catalogue {
    /// Returns the entries for a query, in the order of the catalogue.
    ///
    /// * A number, a whole symbol, an SDK constant or a description finds its entry. Letter case does not matter. A description
    ///   that several codes share finds these codes too.
    /// * The name of a family finds all of its entries.
    /// * Any other words find every entry that contains all of them in its names, what happened, its channel or its group. A word
    ///   in the query may be a part of a word there. SDK constants are searched only for words with an underscore, because all of
    ///   them start with `CALL_STATUS`.
    #[must_use]
    pub fn find(&self, query: &Query) -> Answer<'_> {
        match query {
            Query::Code(code) => self.by_code(*code),
            Query::Range(codes) => {
                Answer::of(self.select(|entry| entry.code.is_some_and(|code| codes.contains(&code.0))))
            }
            Query::Words(words) => {
                let named = self.named(words);
                let is_named = |entry: &Entry| {
                    named
                        .iter()
                        .any(|named| entry == *named || entry.code.is_some_and(|code| named.candidates.contains(&code)))
                };
                Answer::of(if named.is_empty() { self.by_words(words) } else { self.select(is_named) })
            }
        }
    }

    /// Whether `name` is a whole name of a result. Letter case does not matter. A description that several codes share is a name
    /// of each of them. The name of a result that is not in the catalogue is the one that the log writes.
    #[must_use]
    pub fn is_named(&self, key: &Key, name: &str) -> bool {
        let named = self.named(name);
        if named.is_empty() {
            let is_same = |written: &str| names::normal_form(written) == names::normal_form(name);
            return key.name().is_some_and(is_same) || is_same(&key.to_string());
        }
        named.iter().any(|named| named.key() == *key || key.code().is_some_and(|code| named.candidates.contains(&code)))
    }

    /// Whether this is a whole name of a result, or a family.
    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
        self.families().any(|family| family.eq_ignore_ascii_case(name)) || !self.named(name).is_empty()
    }

    /// Returns the name among those of all results, families and `others` that is most similar to `wrong`, if one is similar. Those in `others`
    /// come first.
    pub fn similar_name<'n>(&'n self, wrong: &str, others: &[&'n str]) -> Option<&'n str> {
        let names = self.entries().iter().flat_map(Entry::names).chain(self.families());
        let names = others.iter().copied().chain(names);
        let written = wrong.to_lowercase();
        // Logs write FAILED_PHONE_BUSY, and people PHONE_BUSY.
        let distance = |name: &str| {
            let name = name.to_lowercase();
            let short = name.strip_prefix("failed_").or_else(|| name.strip_prefix("success_")).unwrap_or(&name);
            strsim::osa_distance(&written, &name).min(strsim::osa_distance(&written, short))
        };
        // Of equally similar ones, the first one is returned.
        let nearest = names.map(|name| (distance(name), name)).min_by_key(|(distance, _)| *distance);
        nearest.filter(|(distance, _)| *distance <= wrong.chars().count() / 3).map(|(_, name)| name)
    }

    /// Returns the entry of each family that has exactly this name, which may be written after the family and a colon.
    fn named(&self, name: &str) -> Vec<&Entry> {
        let (family, rest) = match name.split_once(':') {
            Some((family, rest)) if self.names.contains_key(family) => (Some(family), rest),
            _ => (None, name),
        };
        let is_asked = |(other, _): &(&String, &names::Names)| family.is_none_or(|family| family == *other);
        let found = self.names.iter().filter(is_asked).filter_map(|(_, names)| names.whole(rest));
        found.map(|index| &self.entries[index]).collect()
    }

    /// Explains a pasted text. If the text is a number, returns the entry for that code. Otherwise returns the entries whose
    /// names occur in the text as whole words, in the order of their first occurrence. If one name contains another, only the
    /// longer one counts.
    ///
    /// Numbers within a longer text are ignored, because only a pattern can decide whether a number is a code.
    #[must_use]
    pub fn explain(&self, text: &str) -> Answer<'_> {
        if let Some(code) = names::number(names::core(text.as_bytes())) {
            return self.by_code(code);
        }
        let normal: Vec<u8> = names::normal_bytes(text.as_bytes()).collect();
        let mut mentioned: Vec<usize> = Vec::new();
        let mut at = 0;
        while at < normal.len() {
            let longest = || {
                let found = self.names.values().filter_map(|names| names.longest_prefix(&normal[at..]));
                found.max_by_key(|found| found.len)
            };
            let found = names::is_boundary(&normal, at).then(longest).flatten();
            if let Some(found) = found
                && !mentioned.contains(&found.entry)
            {
                mentioned.push(found.entry);
            }
            at += found.map_or(1, |found| found.len);
        }
        Answer::of(mentioned.into_iter().map(|index| &self.entries[index]).collect())
    }

    /// Returns the entry for a code.
    fn by_code(&self, code: Code) -> Answer<'_> {
        match self.entry(&Key::Code(code)) {
            Some(entry) => Answer::Entries(vec![entry]),
            None => Answer::UnknownCode(code),
        }
    }

    /// Returns the entries that contain all words of the query.
    fn by_words(&self, words: &str) -> Vec<&Entry> {
        let words = words.to_lowercase();
        if self.names.contains_key(words.trim()) {
            return self.select(|entry| entry.family == words.trim());
        }
        let contains_all = |entry: &Entry| {
            let fields = searched(entry);
            words.split_whitespace().all(|word| {
                fields.contains(word)
                    || (word.contains('_')
                        && entry.sdk_constant.as_ref().is_some_and(|name| name.to_lowercase().contains(word)))
            })
        };
        self.select(contains_all)
    }

    /// Returns the entries that `wanted` accepts, in the order of the catalogue.
    fn select(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<&Entry> {
        self.entries.iter().filter(|entry| wanted(entry)).collect()
    }
}

/// Returns the fields of an entry in which words are searched for, in lower case, each on its own line. The SDK constant is not
/// included.
fn searched(entry: &Entry) -> String {
    let mut fields = vec![entry.description.clone(), entry.happened.clone()];
    fields.extend(entry.symbol.clone());
    fields.extend(entry.other_descriptions.iter().cloned());
    fields.extend(entry.name.clone());
    fields.push(entry.family.clone());
    fields.push(entry.channel.to_string());
    fields.push(entry.group.to_string());
    fields.push(entry.group.name().to_owned());
    fields.join("\n").to_lowercase()
}
