//! Decides whether a line is similar to one that a pattern takes, so that it probably has a result as well.
//!
//! A line is similar if it has the word before the code, and
//!
//! * most of the other words before the code, in the same order, or
//! * the same text before a number, or before a text that the catalogue knows, and a third of the words.
//!
//! Lines of a program that have no result lack that word.

use regex::bytes::{Regex, RegexBuilder};

use super::build::{CodeForm, regex_of_key, template_of};
use super::sample::Sample;
use super::template::{LEAST_KEPT, Template};
use crate::catalogue::Catalogue;

/// The longest line that is compared, in bytes. A longer one is a whole file or many records.
pub const LONGEST_LINE_BYTES: usize = 4 << 10;

/// The most words before the code that are compared, which bounds the time that this takes.
const WORDS_COMPARED: usize = 48;

/// What lines that are similar to a sample have in common.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The text before the code, and the code.
    key: Regex,
    /// The last word before the code, in lower case. If there is none, the first word after it.
    key_word: String,
    /// The words before the code, in lower case. If there are none, those after it.
    words: Vec<String>,
    form: CodeForm,
}

impl Kind {
    /// Returns what lines that are similar to `sample` have in common, or `None` if it has no words.
    #[must_use]
    pub fn of(sample: &Sample) -> Option<Kind> {
        Kind::of_template(&template_of(sample), CodeForm::of(sample))
    }

    pub(super) fn of_template(template: &Template, form: CodeForm) -> Option<Kind> {
        let mut before: Vec<String> = template.words().map(str::to_lowercase).collect();
        before.drain(..before.len().saturating_sub(WORDS_COMPARED));
        let (words, key_word) = match before.last() {
            Some(last) => (before.clone(), last.clone()),
            None => {
                let after: Vec<String> = template.words_after().map(str::to_lowercase).collect();
                let first = after.first()?.clone();
                (after, first)
            }
        };
        let key =
            RegexBuilder::new(&regex_of_key(template, form)).unicode(false).case_insensitive(true).build().ok()?;
        Some(Kind { key, key_word, words, form })
    }

    /// Whether a line is similar.
    #[must_use]
    pub fn is_like(&self, line: &str, catalogue: &Catalogue) -> bool {
        if line.len() > LONGEST_LINE_BYTES || !contains(line, &self.key_word) {
            return false;
        }
        let of_line = words(line);
        if !of_line.contains(&self.key_word) {
            return false;
        }
        let common = common(&self.words, &of_line);
        let (least, all) = LEAST_KEPT;
        if self.words.len() > 1 && common * all >= self.words.len() * least {
            return true;
        }
        common * 3 >= self.words.len() && self.code_in(line, catalogue).is_some()
    }

    /// Returns the position of the code after the same text as in the sample, if it is one that can be a result.
    pub(super) fn code_in(&self, line: &str, catalogue: &Catalogue) -> Option<std::ops::Range<usize>> {
        let is_known = |code: &[u8]| catalogue.entry(&catalogue.resolve(code)).is_some();
        let mut codes = self.key.captures_iter(line.as_bytes()).filter_map(|captures| captures.name("code"));
        let code = codes.find(|code| matches!(self.form, CodeForm::Number(_)) || is_known(code.as_bytes()))?;
        line.get(code.range()).map(|_| code.range())
    }
}

/// Whether a line contains a word in lower case, in any letter case. Words beyond ASCII are left to the comparison of whole words.
fn contains(line: &str, word: &str) -> bool {
    let (line, word) = (line.as_bytes(), word.as_bytes());
    let [first, ..] = word else { return true };
    if !word.is_ascii() {
        return true;
    }
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), line)
        .any(|at| line.get(at..at + word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word)))
}

/// Returns the words of a text that have a letter, in lower case.
pub(crate) fn words(text: &str) -> Vec<String> {
    let words = text.split(|character: char| !character.is_alphanumeric() && character != '_');
    let words = words.filter(|word| word.contains(char::is_alphabetic));
    words.map(str::to_lowercase).collect()
}

/// Returns the length of the longest sequence of words that both have.
fn common(one: &[String], other: &[String]) -> usize {
    let mut row = vec![0_usize; other.len() + 1];
    for word in one {
        let mut diagonal = 0;
        for (at, other) in other.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if word == other { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::learn::find_code;

    fn likeness(line: &str, code: &str, others: &[&str]) -> Vec<bool> {
        let catalogue = Catalogue::built_in();
        let code = find_code(line, code, catalogue).unwrap();
        let kind = Kind::of(&Sample { line: line.to_owned(), code, said: Vec::new() }).unwrap();
        others.iter().map(|other| kind.is_like(other, catalogue)).collect()
    }

    #[test]
    fn similar_lines_have_the_word_before_the_code() {
        let line = "12:00:00 [MFA-Gateway] Anruf an Benutzer meier beendet, Ergebnis: 102";
        let others = [
            (line, true),
            ("12:00:07 [MFA-Gateway] Anruf an Benutzer lee beendet, Ergebnis = 21", true),
            ("12:00:07 [MFA-Gateway] Anruf an Benutzer lee beendet, ERGEBNIS fehlt", true),
            ("12:00:07 [MFA-Gateway] SMS gesendet, Ergebnis: 120", true),
            // Without the word, it has no result.
            ("12:00:07 [MFA-Gateway] Anruf an Benutzer lee gestartet", false),
            // Another program.
            ("12:00:07 [Backup] Ergebnis: 0", false),
            ("", false),
        ];
        assert_eq!(likeness(line, "102", &others.map(|(other, _)| other)), others.map(|(_, is_like)| is_like));
    }

    #[test]
    fn a_text_is_similar_if_the_catalogue_knows_it() {
        let others = [
            ("gateway status: PIN Entered", true),
            ("gateway status: running", false),
            ("phone call via gateway, status: running", true),
        ];
        let line = "phone call via gateway ended, status: Phone Unreachable";
        assert_eq!(likeness(line, "102", &others.map(|(other, _)| other)), others.map(|(_, is_like)| is_like));
    }

    #[test]
    fn a_line_without_words_before_the_code_is_compared_by_those_after_it() {
        let line = "2024-05-01 10:15:30;102;MFA;call";
        assert_eq!(
            likeness(line, "102", &["2024-05-01 10:15:31;21;MFA;call", "2024-05-01 10:15:31;21;VPN;call"]),
            [true, false]
        );
    }
}
