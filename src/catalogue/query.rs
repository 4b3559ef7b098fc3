//! What a person asks of the catalogue: a number, a range, a name or some words; or a pasted line and what is in it.
//!
//! Not part of `resolve`, which reads what a log wrote and must settle on one row; a question may have many answers.

use std::ops::RangeInclusive;
use std::str::FromStr;

use super::{Catalogue, Entry, names};
use crate::code::{Code, Key};

/// One question, in the notation of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// `102`
    Code(Code),
    /// `100-110`, both ends included.
    Range(RangeInclusive<i32>),
    /// `FAILED_PHONE_BUSY`, `voicemail`, `text message`: a name, or words that all occur in an entry.
    Words(String),
}

impl FromStr for Query {
    /// Why the question cannot be read, as `what is wrong. what to do`.
    type Err = String;

    fn from_str(text: &str) -> Result<Query, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("the query is empty. Give a code, a name or a word, such as 102 or voicemail".to_owned());
        }
        if is_decimal(text.strip_prefix('-').unwrap_or(text)) {
            return parse_number(text).map(|number| Query::Code(Code(number)));
        }
        // An en dash comes with ranges that are copied from a document.
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

fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn parse_number(digits: &str) -> Result<i32, String> {
    let too_large = |_| format!("{digits} is too large for a code. Codes run from {} to {}", i32::MIN, i32::MAX);
    digits.parse().map_err(too_large)
}

/// What the catalogue has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'c> {
    /// These entries: at least one, each once.
    Entries(Vec<&'c Entry>),
    /// A number that no entry knows, which is an answer too.
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
    /// The entries that a query asks for, in the catalogue's order.
    ///
    /// A number, or a whole symbol, SDK constant or text in any letter case, gives that entry alone; a text that several
    /// codes share gives those as well. Other words give every entry in which all of them occur, in a name, what
    /// happened, the channel or the group; words may be parts of words. SDK constants are looked through only for words with
    /// an underscore: all of them begin with `CALL_STATUS`.
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

    /// What a pasted text speaks of, in the order of its first mention: the number that it is, or else the entries whose
    /// names stand anywhere in it as whole words. Of names that contain one another the longest counts.
    ///
    /// Numbers inside a longer text do not count: whether one is a code is for the patterns to say.
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

    fn by_code(&self, code: Code) -> Answer<'_> {
        match self.entry(&Key::Code(code)) {
            Some(entry) => Answer::Entries(vec![entry]),
            None => Answer::UnknownCode(code),
        }
    }

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

/// Everything of an entry that words are looked for in, the SDK constant apart, one field a line.
fn searched(entry: &Entry) -> String {
    let mut fields = vec![entry.description.clone(), entry.happened.clone()];
    fields.extend(entry.symbol.clone());
    fields.extend(entry.other_descriptions.iter().cloned());
    fields.push(entry.channel.to_string());
    fields.push(entry.group.to_string());
    fields.push(entry.group.name().to_owned());
    fields.join("\n").to_lowercase()
}
