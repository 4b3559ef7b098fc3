//! The text of a line with placeholders for what differs from line to line, and the regex that is made of it.
//!
//! A template begins as a single line: words and punctuation are kept, and values are replaced. [`Template::merge`] adapts it to
//! another line: what both have is kept, and the rest becomes a placeholder or a gap. The text directly before the code is always
//! kept, because it says that the number or text after it is a code.

use std::fmt::Write as _;
use std::ops::Range;

use super::tokens::{Kind, Token, Value, ends_value, is_blank};
use crate::hit::Capture;

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) what: What,
    /// The text in the first line. A gap has none.
    pub(super) text: String,
    blanks: Blanks,
}

/// What a part of a template matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// This word.
    Word,
    /// This character.
    Mark,
    /// A value in any line.
    Value(Value),
    /// A value that a group captures. Contains the quotation mark around it, if there is one.
    Said(Capture, Option<char>),
    /// The code.
    Code,
    /// Anything.
    Gap,
}

/// Whether there are blanks before a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blanks {
    None,
    Some,
    Any,
}

/// A line as a template.
#[derive(Clone, Debug)]
pub(super) struct Template {
    /// The parts before the code, and the code as the last one.
    pub(super) left: Vec<Piece>,
    /// The parts after the code.
    pub(super) right: Vec<Piece>,
    /// The characters that follow the code in any line. `None` stands for the end of a line.
    pub(super) after: Vec<Option<char>>,
    /// Whether letter case differs between lines.
    pub(super) ignores_case: bool,
    /// The number of words before the code in the first line.
    words: usize,
}

/// The most parts before the code of lines that are merged, which bounds the time that this takes.
const LONGEST_MERGED: usize = 400;
/// The least share of the words before the code that a template keeps, as a fraction.
pub(super) const LEAST_KEPT: (usize, usize) = (3, 5);

impl Template {
    /// Creates the template of one line from its tokens, one of which is the code.
    pub(super) fn new(line: &str, tokens: &[Token]) -> Template {
        let mut pieces: Vec<Piece> = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let quote = |token: Option<&Token>| {
                let quote = line[token?.span.clone()].chars().next()?;
                matches!(quote, '"' | '\'').then_some(quote)
            };
            let what = match token.kind {
                Kind::Word => What::Word,
                Kind::Mark => What::Mark,
                Kind::Value(value) => What::Value(value),
                Kind::Said(Capture::Code) => What::Code,
                Kind::Said(capture) => {
                    let before = quote(at.checked_sub(1).and_then(|before| tokens.get(before)));
                    What::Said(capture, before.filter(|_| !token.is_spaced && before == quote(tokens.get(at + 1))))
                }
            };
            let blanks = if token.is_spaced { Blanks::Some } else { Blanks::None };
            pieces.push(Piece { what, text: line[token.span.clone()].to_owned(), blanks });
        }
        let code = pieces.iter().position(|piece| piece.what == What::Code).unwrap_or(0);
        let after = tokens.get(code).and_then(|code| line[code.span.end..].chars().next());
        let right = pieces.split_off((code + 1).min(pieces.len()));
        let words = pieces.iter().filter(|piece| piece.what == What::Word).count();
        Template { left: pieces, right, after: vec![after], ignores_case: false, words }
    }

    /// Returns the words before the code.
    pub(super) fn words(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.left.iter().filter(|piece| piece.what == What::Word).map(|piece| piece.text.as_str())
    }

    /// Returns the words after the code.
    pub(super) fn words_after(&self) -> impl Iterator<Item = &str> {
        self.right.iter().filter(|piece| piece.what == What::Word).map(|piece| piece.text.as_str())
    }

    /// Returns the range in `left` from the last word before the code up to the code, or `None` if there is no such word.
    pub(super) fn key(&self) -> Option<Range<usize>> {
        let start = self.left.iter().rposition(|piece| piece.what == What::Word)?;
        Some(start..self.left.len() - 1)
    }

    /// Returns the template of both lines, or `None` if they have too little in common: the text directly before the code must be
    /// the same, and so must most words before it.
    pub(super) fn merge(&self, other: &Template) -> Option<Template> {
        let (key, other_key) = (self.key()?, other.key()?);
        let is_same_key = key.len() == other_key.len()
            && self.left[key.clone()].iter().zip(&other.left[other_key.clone()]).all(|(one, other)| one.matches(other));
        if !is_same_key || self.left.len().max(other.left.len()) > LONGEST_MERGED {
            return None;
        }
        let mut left = Vec::new();
        let mut ignores_case = self.ignores_case;
        let (mut from, mut other_from) = (0, 0);
        for (at, other_at) in common(&self.left, &other.left) {
            let is_word = self.left[at].what == What::Word;
            ignores_case |= is_word && self.left[at].text != other.left[other_at].text;
            push_between(&self.left[from..at], &other.left[other_from..other_at], &mut left);
            left.push(self.left[at].with(&other.left[other_at]));
            (from, other_from) = (at + 1, other_at + 1);
        }
        let mut merged = Template { left: without_lone_marks(left), ignores_case, ..self.clone() };
        let kept = merged.words().count();
        let is_kept = merged.key().is_some_and(|kept| kept.len() == key.len());
        if !is_kept || kept * LEAST_KEPT.1 < self.words * LEAST_KEPT.0 {
            return None;
        }
        for after in &other.after {
            if !merged.after.contains(after) {
                merged.after.push(*after);
            }
        }
        Some(merged)
    }
}

impl Piece {
    /// Whether there are blanks before this part in any line.
    pub(super) fn is_spaced(&self) -> bool {
        self.blanks != Blanks::None
    }

    /// Returns this part with another meaning.
    pub(super) fn to(&self, what: What) -> Piece {
        Piece { what, ..self.clone() }
    }

    /// Whether this part and a part of another line are the same.
    fn matches(&self, other: &Piece) -> bool {
        match (&self.what, &other.what) {
            (What::Word, What::Word) => self.text.eq_ignore_ascii_case(&other.text),
            _ if self.is_separator() && other.is_separator() => true,
            (What::Mark, What::Mark) => self.text == other.text,
            (What::Gap, _) | (_, What::Gap) => false,
            (one, other) => one == other,
        }
    }

    /// Returns how much it counts that this part is the same in two lines.
    fn weight(&self) -> u32 {
        match self.what {
            What::Code => 1_000,
            What::Word => 4,
            What::Value(Value::Separator) | What::Mark | What::Gap => 1,
            What::Value(_) | What::Said(..) => 2,
        }
    }

    /// Returns this part with the blanks and the separator of the same part in another line.
    fn with(&self, other: &Piece) -> Piece {
        let blanks = if self.blanks == other.blanks { self.blanks } else { Blanks::Any };
        let is_any = self.is_separator() && (self.what != other.what || self.text != other.text);
        let what = if is_any { What::Value(Value::Separator) } else { self.what.clone() };
        Piece { what, blanks, ..self.clone() }
    }

    /// Whether this part is a colon or an equals sign.
    pub(super) fn is_separator(&self) -> bool {
        match self.what {
            What::Mark => [":", "="].contains(&self.text.as_str()),
            What::Value(value) => value == Value::Separator,
            _ => false,
        }
    }
}

/// Returns the positions of the longest sequence of parts that are the same in both lines.
fn common(one: &[Piece], other: &[Piece]) -> Vec<(usize, usize)> {
    let width = other.len() + 1;
    let mut best = vec![0_u32; (one.len() + 1) * width];
    for at in (0..one.len()).rev() {
        for other_at in (0..other.len()).rev() {
            let without = best[(at + 1) * width + other_at].max(best[at * width + other_at + 1]);
            let with = if one[at].matches(&other[other_at]) {
                best[(at + 1) * width + other_at + 1] + one[at].weight()
            } else {
                0
            };
            best[at * width + other_at] = without.max(with);
        }
    }
    let (mut at, mut other_at, mut common) = (0, 0, Vec::new());
    while at < one.len() && other_at < other.len() {
        let now = best[at * width + other_at];
        if one[at].matches(&other[other_at]) && now == best[(at + 1) * width + other_at + 1] + one[at].weight() {
            common.push((at, other_at));
            (at, other_at) = (at + 1, other_at + 1);
        } else if now == best[(at + 1) * width + other_at] {
            at += 1;
        } else {
            other_at += 1;
        }
    }
    common
}

/// Appends what stands for two parts of lines that have nothing in common.
fn push_between(one: &[Piece], other: &[Piece], pieces: &mut Vec<Piece>) {
    match (one, other) {
        ([], []) => {}
        ([only @ Piece { what: What::Said(..), .. }], [other]) if other.what != What::Gap => {
            pieces.push(only.with(other));
        }
        ([only @ Piece { what: What::Value(Value::Quoted(_)), .. }], []) => pieces.push(only.clone()),
        ([one], [other]) if one.what != What::Gap && other.what != What::Gap => {
            pieces.push(Piece { what: What::Value(Value::Run), ..one.with(other) });
        }
        _ => pieces.push(Piece { what: What::Gap, text: String::new(), blanks: Blanks::Any }),
    }
}

/// Removes punctuation that has a gap on both sides, and joins the gaps.
fn without_lone_marks(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut kept: Vec<Piece> = Vec::new();
    for piece in pieces {
        if piece.what == What::Gap {
            while kept.last().is_some_and(|last| last.what == What::Mark) {
                let before = kept.iter().rposition(|piece| piece.what != What::Mark);
                if before.is_none_or(|before| kept[before].what != What::Gap) {
                    break;
                }
                kept.pop();
            }
            if kept.last().is_some_and(|last| last.what == What::Gap) {
                continue;
            }
        }
        kept.push(piece);
    }
    kept
}

/// Appends the regex for consecutive parts of a template, except for the code.
pub(super) fn push_regex(pieces: &[Piece], next: Option<&Piece>, regex: &mut String) {
    for (at, piece) in pieces.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| pieces.get(before));
        push_blanks(before, piece, regex);
        let after = pieces.get(at + 1).or(next);
        match &piece.what {
            What::Word | What::Mark => {
                let is_gap = |piece: Option<&Piece>| piece.is_some_and(|piece| piece.what == What::Gap);
                if at == 0 || is_gap(before) {
                    regex.push_str(boundary(piece.text.chars().next()));
                }
                regex.push_str(&escaped(&piece.text));
                if is_gap(after) {
                    regex.push_str(boundary(piece.text.chars().next_back()));
                }
            }
            What::Value(value) => push_value(*value, &piece.text, regex),
            What::Said(capture, quote) => {
                let _ = write!(regex, "(?<{}>", capture.name());
                push_said(*capture, *quote, &piece.text, after, regex);
                regex.push(')');
            }
            What::Gap => regex.push_str(".*?"),
            What::Code => {}
        }
    }
}

/// Appends the regex for parts that end with the end of a word.
pub(super) fn push_words(pieces: &[Piece], regex: &mut String) {
    push_regex(pieces, None, regex);
    if let Some(Piece { what: What::Word, text, .. }) = pieces.last() {
        regex.push_str(boundary(text.chars().next_back()));
    }
}

/// Returns a text as a regex, in which as few characters as possible are escaped, so that people can still read it.
pub(super) fn escaped(text: &str) -> String {
    let mut regex = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$".contains(character) {
            regex.push('\\');
        }
        regex.push(character);
    }
    regex
}

/// Appends the regex for the blanks between two parts.
pub(super) fn push_blanks(before: Option<&Piece>, piece: &Piece, regex: &mut String) {
    let Some(before) = before else { return };
    if before.what == What::Gap || piece.what == What::Gap {
        return;
    }
    let is_any = |piece: &Piece| piece.what == What::Value(Value::Separator);
    regex.push_str(match piece.blanks {
        Blanks::None if is_any(before) || is_any(piece) => r"\s*",
        Blanks::None => "",
        Blanks::Some if before.is_separator() || piece.is_separator() => r"\s*",
        Blanks::Some => r"\s+",
        Blanks::Any => r"\s*",
    });
}

/// Returns the regex for the edge of a word. Only ASCII letters have one in logs of any encoding.
fn boundary(edge: Option<char>) -> &'static str {
    if edge.is_some_and(|edge| edge.is_ascii_alphanumeric() || edge == '_') { r"\b" } else { "" }
}

/// Appends the regex for a value that looks like `text`.
fn push_value(value: Value, text: &str, regex: &mut String) {
    match value {
        Value::Number => regex.push_str(r"\d+"),
        Value::Mixed if text.is_ascii() => regex.push_str(r"[\w.-]+"),
        Value::Quoted(quote) => {
            let _ = write!(regex, "[^{quote}]*");
        }
        Value::Guid => regex.push_str("[0-9A-Fa-f-]+"),
        Value::Address => regex.push_str("[0-9A-Fa-f.:]+"),
        Value::Level => regex.push_str(r"\w+"),
        Value::Phone => regex.push_str(r"\+[\d /-]+"),
        Value::Separator => regex.push_str("[:=]"),
        Value::Account | Value::Path => regex.push_str(NAME),
        Value::Mixed | Value::Run => regex.push_str(r"\S+?"),
        Value::Time => push_time(text, regex),
    }
}

/// A name or path without quotation marks.
const NAME: &str = r#"[^\s"',;|<>()\[\]{}]+"#;

/// Appends the regex for a value that a group captures. `after` is the next part.
fn push_said(capture: Capture, quote: Option<char>, text: &str, after: Option<&Piece>, regex: &mut String) {
    if let Some(quote) = quote {
        let _ = write!(regex, "[^{quote}]+");
        return;
    }
    match capture {
        Capture::Address if text.chars().all(|one| one.is_ascii_hexdigit() || ".:".contains(one)) => {
            regex.push_str("[0-9A-Fa-f.:]+");
        }
        Capture::Outcome => regex.push_str("[A-Za-z]+"),
        Capture::Time => push_time(text, regex),
        _ if text.contains(ends_value) => regex.push_str(".+?"),
        _ => {
            let after = after.filter(|after| after.blanks == Blanks::None && after.what == What::Mark);
            let after = after.and_then(|after| after.text.chars().next());
            let after = after.filter(|&after| after.is_ascii_punctuation() && after != '.' && !ends_value(after));
            match after.filter(|&after| !text.contains(after)) {
                Some(after) => {
                    let escaped = regex_syntax::escape(&after.to_string());
                    let _ = write!(regex, "{}{escaped}]+", NAME.trim_end_matches("]+"));
                }
                None => regex.push_str(NAME),
            }
        }
    }
}

/// Appends the regex for times that are written like `text`.
fn push_time(text: &str, regex: &mut String) {
    #[derive(PartialEq)]
    enum Part {
        Digits,
        Letters,
        Blanks,
        Other,
    }
    let mut last = Part::Other;
    for character in text.chars() {
        let part = match character {
            '0'..='9' => Part::Digits,
            _ if is_blank(character) => Part::Blanks,
            _ if character.is_alphabetic() => Part::Letters,
            _ => Part::Other,
        };
        match part {
            Part::Other => regex.push_str(&escaped(&character.to_string())),
            _ if part == last => {}
            Part::Digits => regex.push_str(r"\d+"),
            Part::Blanks => regex.push_str(r"\s+"),
            // The name of a month or zone, which may have letters beyond ASCII.
            Part::Letters => regex.push_str(r"[^\s\d]+"),
        }
        last = part;
    }
}
