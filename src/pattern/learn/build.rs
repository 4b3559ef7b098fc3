//! Makes the regex of a template.
//!
//! A regex is made in several ways, from the most general to the strictest, until one takes the lines that it was made for. It
//! begins at a word, and the text directly before the code is always part of it. A number ends where no letter, decimal or percent
//! sign follows.

use std::fmt::Write as _;

use regex::bytes::Regex;

use super::sample::Sample;
use super::template::{Piece, Template, What, escaped, push_blanks, push_regex, push_words};
use super::tokens::{Kind, Token, Value, ends_value, is_blank, tokens};
use super::{DIGITS, WORDS, fields};
use crate::hit::Capture;
use crate::time::detect::{Circumstances, detect};

/// A part of a learned regex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Text(String),
    /// A value that may differ from line to line: what kind of value, and what it is in the first line.
    Value(&'static str, String),
    /// A value that a group captures, and what it is in the first line.
    Said(Capture, String),
    /// Any text.
    Gap,
}

/// Whether a code is a number or a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodeForm {
    /// A number with this many digits.
    Number(usize),
    /// Any other text.
    Text,
}

impl CodeForm {
    pub(super) fn of(sample: &Sample) -> CodeForm {
        let code = &sample.line[sample.code.clone()];
        let digits = code.strip_prefix('-').unwrap_or(code);
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && code.parse::<i32>().is_ok();
        if is_number { CodeForm::Number(digits.len()) } else { CodeForm::Text }
    }

    /// Returns the form of both, if they are of the same kind.
    pub(super) fn with(self, other: CodeForm) -> Option<CodeForm> {
        match (self, other) {
            (CodeForm::Number(one), CodeForm::Number(other)) => Some(CodeForm::Number(one.max(other))),
            (CodeForm::Text, CodeForm::Text) => Some(CodeForm::Text),
            _ => None,
        }
    }
}

/// A regex that takes the samples that it was built for.
#[derive(Clone, Debug)]
pub(super) struct Built {
    /// The compiled regex.
    pub(super) regex: Regex,
    /// The regex as text.
    pub(super) text: String,
    /// A regex for what is before the message in a line, such as the host.
    pub(super) line: Option<String>,
    /// What the regex consists of, in words.
    pub(super) parts: Vec<Part>,
}

impl Built {
    /// Whether the regex finds exactly one result in a line, which is the code of the sample.
    pub(super) fn takes(&self, sample: &Sample) -> bool {
        let mut found = self.regex.captures_iter(sample.line.as_bytes());
        let first = found.next().and_then(|captures| captures.name("code").map(|code| code.range()));
        first.as_ref() == Some(&sample.code) && found.next().is_none()
    }

    /// Returns what the regex captures.
    pub(super) fn captures(&self) -> impl Iterator<Item = Capture> {
        self.parts.iter().filter_map(|part| if let Part::Said(capture, _) = part { Some(*capture) } else { None })
    }

    /// Returns what the group of a capture captures in a line.
    pub(super) fn said(&self, capture: Capture, line: &str) -> Option<String> {
        let of = |regex: &Regex| {
            let captures = regex.captures(line.as_bytes())?;
            Some(String::from_utf8_lossy(captures.name(capture.name())?.as_bytes()).into_owned())
        };
        of(&self.regex).or_else(|| of(&compiled(&format!("^(?:{})", self.line.as_ref()?), false)?))
    }
}

/// Returns the text of consecutive parts, without the values between them.
pub(super) fn text_of(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        text.push_str(if at > 0 { blank_before(piece) } else { "" });
        let is_text = matches!(piece.what, What::Word | What::Mark) || piece.is_separator();
        text.push_str(if is_text { &piece.text } else { "..." });
    }
    text
}

/// Returns the blank that is shown before a part.
fn blank_before(piece: &Piece) -> &'static str {
    if piece.is_spaced() && piece.what != What::Value(Value::Separator) { " " } else { "" }
}

/// Returns a sample as a template.
pub(super) fn template_of(sample: &Sample) -> Template {
    let line = sample.line.as_str();
    let mut marked = sample.said.clone();
    marked.retain(|(_, span)| span.end <= sample.code.start || span.start >= sample.code.end);
    marked.push((Capture::Code, sample.code.clone()));
    marked.sort_by_key(|(_, span)| span.start);
    marked.dedup_by(|next, span| next.1.start < span.1.end);
    let mut tokens = tokens(line, &marked);
    fields::recognise(line, &mut tokens);
    mark_time(line, &mut tokens);
    Template::new(line, &tokens)
}

/// Marks the time of a line if a scan would not find it, because it is not at one of the usual places.
fn mark_time(line: &str, tokens: &mut [Token]) {
    let form = detect(line.as_bytes(), &Circumstances { is_whole: true, ..Circumstances::default() });
    if form.find(line.as_bytes()).is_some() {
        return;
    }
    let is_time = |token: &&mut Token| {
        token.kind == Kind::Value(Value::Time) && form.read(&line.as_bytes()[token.span.clone()]).is_some()
    };
    if let Some(token) = tokens.iter_mut().find(is_time) {
        token.kind = Kind::Said(Capture::Time);
    }
}

/// Returns the regex for the text directly before the code, and the code.
pub(super) fn regex_of_key(template: &Template, form: CodeForm) -> String {
    let mut regex = String::new();
    let left: Vec<Piece> = without_groups(&template.left);
    match template.key() {
        Some(key) => {
            // With any separator and any blanks around it.
            let any = |piece: &Piece| {
                if piece.is_separator() { piece.to(What::Value(Value::Separator)) } else { piece.clone() }
            };
            let left: Vec<Piece> = left.iter().map(any).collect();
            push_regex(&left[key], None, &mut regex);
            push_blanks_of_code(&left, &mut regex);
        }
        None => {
            push_from_start(&left[..left.len() - 1], &mut regex);
            push_blanks_of_code(&left, &mut regex);
        }
    }
    push_code(template, form, &mut regex);
    if template.key().is_none() {
        push_right(template, &mut regex);
    }
    regex
}

/// Returns the regex of a template in the first way in which it takes all samples and captures what they say, or `None` if there is
/// no such way.
pub(super) fn built(template: &Template, form: CodeForm, samples: &[Sample]) -> Option<Built> {
    Way::ALL.into_iter().find_map(|way| {
        let built = way.build(template, form)?;
        let says = |(capture, text): (Capture, &str), sample: &Sample| {
            built.said(capture, &sample.line).is_none_or(|value| value == text)
        };
        // The parts of the template have the texts of the first line.
        let of_first = template.left.iter().filter_map(|piece| match piece.what {
            What::Said(capture, _) => Some((capture, piece.text.as_str())),
            _ => None,
        });
        let is_right = samples.iter().all(|sample| {
            let mut marked = sample.said.iter();
            built.takes(sample) && marked.all(|(capture, span)| says((*capture, &sample.line[span.clone()]), sample))
        });
        let first = samples.first()?;
        (is_right && of_first.into_iter().all(|said| says(said, first))).then_some(built)
    })
}

/// How a regex is made of a template.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// Whether it begins at the start of the line.
    is_whole: bool,
    /// Whether it has groups besides the code.
    has_groups: bool,
    /// Whether it extends to the end of the line, so that there is only one result in it.
    to_the_end: bool,
}

impl Way {
    const ALL: [Way; 6] = [
        Way { is_whole: false, has_groups: true, to_the_end: false },
        Way { is_whole: false, has_groups: true, to_the_end: true },
        Way { is_whole: false, has_groups: false, to_the_end: false },
        Way { is_whole: false, has_groups: false, to_the_end: true },
        Way { is_whole: true, has_groups: true, to_the_end: true },
        Way { is_whole: true, has_groups: false, to_the_end: true },
    ];

    fn build(self, template: &Template, form: CodeForm) -> Option<Built> {
        let pieces = if self.has_groups { template.left.clone() } else { without_groups(&template.left) };
        let code = pieces.len() - 1;
        let words: Vec<usize> = (0..code).filter(|&at| pieces[at].what == What::Word).collect();
        let first = words.get(words.len().saturating_sub(WORDS)).filter(|_| !self.is_whole);
        let (mut text, mut parts, mut line) = (String::new(), Vec::new(), None);
        match first {
            Some(&first) => {
                let last_said = pieces[..first].iter().rposition(is_of_line);
                if let Some(last) = last_said {
                    let mut regex = String::new();
                    let header: Vec<Piece> = pieces[..=last]
                        .iter()
                        .map(|piece| if is_of_line(piece) { piece.clone() } else { without_group(piece) })
                        .collect();
                    push_start(&header, &mut regex);
                    push_regex(&header, pieces.get(last + 1), &mut regex);
                    push_parts(&header, &mut parts);
                    if first > last + 1 {
                        parts.push(Part::Gap);
                    }
                    line = Some(regex);
                }
                push_regex(&pieces[first..code], pieces.get(code), &mut text);
                push_parts(&pieces[first..code], &mut parts);
            }
            None => {
                push_from_start(&pieces[..code], &mut text);
                push_parts(&pieces[..code], &mut parts);
            }
        }
        push_blanks_of_code(&pieces, &mut text);
        push_code(template, form, &mut text);
        parts.push(Part::Said(Capture::Code, pieces[code].text.clone()));
        if words.is_empty() {
            push_right(template, &mut text);
            push_parts(right_end(template), &mut parts);
        } else if form == CodeForm::Text {
            push_parts(&without_groups(text_end(template)), &mut parts);
        }
        if self.to_the_end {
            text.push_str(".*");
        }
        let regex = compiled(&text, template.ignores_case)?;
        Some(Built { regex, text, line, parts })
    }
}

/// Whether a part can be captured by the `line` of a pattern.
fn is_of_line(piece: &Piece) -> bool {
    matches!(piece.what, What::Said(Capture::User | Capture::Host | Capture::Address | Capture::Outcome, _))
}

fn compiled(regex: &str, ignores_case: bool) -> Option<Regex> {
    regex::bytes::RegexBuilder::new(regex).unicode(false).case_insensitive(ignores_case).build().ok()
}

/// Returns the pattern for a line that can be found in no other way: the line itself, with any code.
pub(super) fn literal(sample: &Sample, form: CodeForm) -> Option<Built> {
    let (before, after) = (&sample.line[..sample.code.start], &sample.line[sample.code.end..]);
    let code = match form {
        CodeForm::Number(digits) => format!(r"-?\d{{1,{}}}", digits.max(DIGITS)),
        CodeForm::Text => ".+?".to_owned(),
    };
    let text = format!("^{}(?<code>{code}){}$", escaped(before), escaped(after));
    let built = Built {
        regex: compiled(&text, false)?,
        text,
        line: None,
        parts: [
            Part::Text(before.to_owned()),
            Part::Said(Capture::Code, sample.line[sample.code.clone()].to_owned()),
            Part::Text(after.to_owned()),
        ]
        .into(),
    };
    built.takes(sample).then_some(built)
}

/// Returns parts without groups, with a value in place of each.
fn without_groups(pieces: &[Piece]) -> Vec<Piece> {
    pieces.iter().map(without_group).collect()
}

fn without_group(piece: &Piece) -> Piece {
    let what = match piece.what {
        What::Said(_, Some(quote)) => What::Value(Value::Quoted(quote)),
        What::Said(Capture::Address, None) => What::Value(Value::Address),
        What::Said(..) => What::Value(Value::Run),
        _ => return piece.clone(),
    };
    piece.to(what)
}

/// Appends the regex for parts at the start of a line.
fn push_from_start(pieces: &[Piece], regex: &mut String) {
    regex.push('^');
    push_start(pieces, regex);
    push_regex(pieces, None, regex);
}

/// Appends the regex for the blanks at the start of a line.
fn push_start(pieces: &[Piece], regex: &mut String) {
    if pieces.first().is_some_and(Piece::is_spaced) {
        regex.push_str(r"\s*");
    }
}

/// Appends the regex for the blanks before the code, which is the last part.
fn push_blanks_of_code(pieces: &[Piece], regex: &mut String) {
    if let [.., before, code] = pieces {
        push_blanks(Some(before), code, regex);
    }
}

/// Appends the group of the code, and what must follow it.
fn push_code(template: &Template, form: CodeForm, regex: &mut String) {
    match form {
        CodeForm::Number(digits) => {
            let _ = write!(regex, r"(?<code>-?\d{{1,{}}})", digits.max(DIGITS));
            push_after_number(&template.after, regex);
        }
        CodeForm::Text => push_text(template, regex),
    }
}

/// Appends what may follow a number that is a code: not a letter, a percent sign or a decimal.
fn push_after_number(after: &[Option<char>], regex: &mut String) {
    const USUAL: &str = ",;)]}\"'|<>&";
    regex.push_str(r#"(?:[\s,;)\]}"'|<>&"#);
    let others = || after.iter().flatten().filter(|&&other| !USUAL.contains(other) && !is_blank(other) && other != '.');
    for other in others().filter(|other| other.is_ascii()) {
        regex.push_str(&regex_syntax::escape(&other.to_string()));
    }
    regex.push_str(r"]|\.(?:\s|$)|$");
    for other in others().filter(|other| !other.is_ascii()) {
        let _ = write!(regex, "|{}", regex_syntax::escape(&other.to_string()));
    }
    regex.push(')');
}

/// Appends the group of a code that is a text, and what ends it.
fn push_text(template: &Template, regex: &mut String) {
    let code = template.left.last().map_or("", |piece| piece.text.as_str());
    let after = template.after.first().copied().flatten();
    let is_free = !code.contains(ends_value);
    let next = text_end(template);
    let class = r#"\s,;|"'<>()\[\]{}"#;
    let end = after.filter(|&after| after.is_ascii_punctuation() && !code.contains(after));
    match end {
        Some(end) if !is_free || ends_value(end) => {
            let end = regex_syntax::escape(&end.to_string());
            let _ = write!(regex, r"(?<code>[^\s{end}][^{end}]*)");
        }
        Some(end) => {
            let end = regex_syntax::escape(&end.to_string());
            let _ = write!(regex, "(?<code>[^{class}{end}]+)");
        }
        None if after.is_none() => regex.push_str(r"(?<code>\S.*?)\s*$"),
        None if next.is_empty() => {
            let _ = write!(regex, "(?<code>[^{class}]+)");
        }
        None => {
            regex.push_str(r"(?<code>\S.*?)");
            regex.push_str(if next.first().is_some_and(Piece::is_spaced) { r"\s+" } else { "" });
            push_words(&without_groups(next), regex);
        }
    }
}

/// Returns the part of the line before which a code of several words ends, if it is not recognised by a single character.
fn text_end(template: &Template) -> &[Piece] {
    let code = template.left.last().map_or("", |piece| piece.text.as_str());
    let is_blank_after = template.after.first().copied().flatten().is_some_and(is_blank);
    let is_needed = is_blank_after && code.contains(ends_value);
    right_end(template).get(..1).filter(|_| is_needed).unwrap_or_default()
}

/// Returns the parts after the code up to the first word.
fn right_end(template: &Template) -> &[Piece] {
    let word = template.right.iter().position(|piece| piece.what == What::Word);
    &template.right[..word.map_or(template.right.len(), |word| word + 1)]
}

/// Appends the parts after the code, for a line without words before it.
fn push_right(template: &Template, regex: &mut String) {
    // What must follow the code may already be the first of them.
    regex.push_str(".*?");
    let right = without_groups(right_end(template));
    let word = right.last().filter(|piece| piece.what == What::Word);
    push_words(word.map_or(&[], std::slice::from_ref), regex);
}

/// Returns what a value is, as a noun.
fn named(value: Value) -> &'static str {
    match value {
        Value::Number => "number",
        Value::Time => "time",
        Value::Guid => "GUID",
        Value::Address => "address",
        Value::Account => "account",
        Value::Path => "path",
        Value::Phone => "phone",
        Value::Level => "level",
        Value::Separator => "sign",
        Value::Mixed | Value::Quoted(_) | Value::Run => "text",
    }
}

/// Appends what the parts of a template are, in words.
fn push_parts(pieces: &[Piece], parts: &mut Vec<Part>) {
    for piece in pieces {
        match (&piece.what, parts.last_mut()) {
            (What::Word | What::Mark | What::Value(Value::Separator), Some(Part::Text(text))) => {
                text.push_str(blank_before(piece));
                text.push_str(&piece.text);
            }
            (What::Word | What::Mark, _) => parts.push(Part::Text(piece.text.clone())),
            (What::Value(value), _) => parts.push(Part::Value(named(*value), piece.text.clone())),
            (What::Said(capture, _), _) => parts.push(Part::Said(*capture, piece.text.clone())),
            (What::Gap, _) => parts.push(Part::Gap),
            (What::Code, _) => {}
        }
    }
}
