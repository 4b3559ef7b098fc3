//! Queries of the catalogue: a number, a range, a name or some words; or a pasted line and the results that it names.
//!
//! [`Catalogue::resolve`] is different: it reads a value from a log and must decide on one result. A query may have many answers.

use std::ops::RangeInclusive;
use std::str::FromStr;

use super::{Catalogue, Entry, names};
use crate::code::{Code, Key};

/// A query, in the notation of the command line.
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
    /// What is wrong with the query, and what to do about it, as two sentences without the last full stop.
    type Err = String;

    fn from_str(text: &str) -> Result<Query, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("the query is empty. Give a code, a name or a word, such as 102 or voicemail".to_owned());
        }
        if is_decimal(text.strip_prefix('-').unwrap_or(text)) {
            return parse_number(text).map(|number| Query::Code(Code(number)));
        }
        // Ranges that are copied from a document often have an en dash.
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

fn parse_number(digits: &str) -> Result<i32, String> {
    let too_large = |_| format!("{digits} is too large for a code. Codes run from {} to {}", i32::MIN, i32::MAX);
    digits.parse().map_err(too_large)
}

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'c> {
    /// Entries: at least one, and none twice.
    Entries(Vec<&'c Entry>),
    /// A code that is not in the catalogue. That is an answer, too.
    UnknownCode(Code),
    /// Nothing matches.
    Nothing,
}

impl<'c> Answer<'c> {
    fn of(entries: Vec<&'c Entry>) -> Answer<'c> {
        if entries.is_empty() { Answer::Nothing } else { Answer::Entries(entries) }
    }
}

impl Catalogue {
    /// Returns the entries for a query, in the order of the catalogue.
    ///
    /// * A number, or the whole of a symbol, SDK constant or text in any letter case, gives its entry. A text that several codes
    ///   share gives these codes as well.
    /// * Other words give every entry in which all of them occur: in a name, in what happened, in the channel or in the group.
    ///   A word may be part of a word there. SDK constants are searched only for words with an underscore, because all of them
    ///   begin with `CALL_STATUS`.
    #[must_use]
    pub fn find(&self, query: &Query) -> Answer<'_> {
        match query {
            Query::Code(code) => self.by_code(*code),
            Query::Range(codes) => {
                Answer::of(self.select(|entry| entry.code.is_some_and(|code| codes.contains(&code.0))))
            }
            Query::Words(words) => match self.names.whole(words) {
                Some(index) => {
                    let named = &self.entries[index];
                    Answer::of(self.select(|entry| {
                        entry == named || entry.code.is_some_and(|code| named.candidates.contains(&code))
                    }))
                }
                None => Answer::of(self.by_words(words)),
            },
        }
    }

    /// Whether `name` is a whole name of a result, in any letter case. A text that several codes share is a name of each of them. A
    /// result that is not in the catalogue has the name that the log writes.
    #[must_use]
    pub fn is_named(&self, key: &Key, name: &str) -> bool {
        match self.names.whole(name) {
            Some(index) => {
                let named = &self.entries[index];
                self.keys[index] == *key || key.code().is_some_and(|code| named.candidates.contains(&code))
            }
            None => key.name().is_some_and(|written| names::normal_form(written) == names::normal_form(name)),
        }
    }

    /// Returns what a pasted text is about, in the order of the first mention: if the text is a number, that code; otherwise the
    /// entries whose names occur in it as whole words. If one name contains another, the longer one counts.
    ///
    /// Numbers within a longer text do not count, because only a pattern can decide whether a number is a code.
    #[must_use]
    pub fn explain(&self, text: &str) -> Answer<'_> {
        if let Some(code) = names::number(names::core(text.as_bytes())) {
            return self.by_code(code);
        }
        let normal: Vec<u8> = names::normal_bytes(text.as_bytes()).collect();
        let mut mentioned: Vec<usize> = Vec::new();
        let mut at = 0;
        while at < normal.len() {
            let found = names::is_boundary(&normal, at).then(|| self.names.longest_prefix(&normal[at..])).flatten();
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

    /// Returns the entries in which all words occur.
    fn by_words(&self, words: &str) -> Vec<&Entry> {
        let words = words.to_lowercase();
        self.select(|entry| {
            let fields = searched(entry);
            words.split_whitespace().all(|word| {
                fields.contains(word)
                    || (word.contains('_')
                        && entry.sdk_constant.as_ref().is_some_and(|name| name.to_lowercase().contains(word)))
            })
        })
    }

    fn select(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<&Entry> {
        self.entries.iter().filter(|entry| wanted(entry)).collect()
    }
}

/// Returns the fields of an entry in which words are searched for, except for the SDK constant, one on each line.
fn searched(entry: &Entry) -> String {
    let mut fields = vec![entry.description.clone(), entry.happened.clone()];
    fields.extend(entry.symbol.clone());
    fields.extend(entry.other_descriptions.iter().cloned());
    fields.push(entry.channel.to_string());
    fields.push(entry.group.to_string());
    fields.push(entry.group.name().to_owned());
    fields.join("\n").to_lowercase()
}
