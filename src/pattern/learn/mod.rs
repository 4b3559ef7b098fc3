//! Makes patterns from lines and the codes in them, for people who do not write regexes.
//!
//! | task | module |
//! |---|---|
//! | Find the code that the user names in a line. | [`find_code`] |
//! | Divide the line into words, values and punctuation. | `tokens` |
//! | Recognise the user, the host and other values. | `fields` |
//! | Keep what lines have in common, and make a regex of it. | `template` |
//! | Decide which other lines are similar. | [`Kind`] |
//!
//! Words and punctuation are kept as they are, up to [`WORDS`] words before the code. Numbers, times, addresses, quoted texts and
//! the like may be any. Words that differ in similar lines may be any, too, as long as most words stay: a pattern that is known by
//! its last word alone would take numbers that are not codes.
//!
//! Invariants: a learned pattern takes each line that it was learned from, and captures its code. It has these lines as examples.
//! If a regex that is made in one way does not, it is made in a stricter way, and the last one is the line itself.

mod fields;
mod sample;
mod similar;
mod template;
mod tokens;

use std::fmt::Write as _;

use regex::bytes::Regex;

pub use self::sample::{NotFound, Sample, find, find_code};
pub(crate) use self::similar::words;
pub use self::similar::{Kind, LONGEST_LINE_BYTES};
use self::template::{Piece, Template, What, escaped, push_blanks, push_regex, push_words};
use self::tokens::{Kind as TokenKind, Token, Value, ends_value, is_blank, tokens};
use super::definition::{CounterExample, Definition, Example, ExpectedCapture, ExpectedCode, Place};
use crate::catalogue::Catalogue;
use crate::code::Key;
use crate::hit::Capture;
use crate::time::detect::{Circumstances, detect};

/// The most words before the code that a pattern keeps.
pub const WORDS: usize = 12;
/// The most similar lines that become examples.
const SIMILAR_EXAMPLES: usize = 2;
/// The most digits of a code. More are another number, unless the line has such a code.
pub const DIGITS: usize = 4;

/// A pattern that was learned.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The pattern.
    pub definition: Definition,
    /// What the regex consists of, in words.
    pub parts: Vec<Part>,
    /// What lines that are similar to the first one have in common.
    pub kind: Option<Kind>,
    /// The number of similar lines to which the pattern was adapted.
    pub adapted: usize,
}

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

/// Why no pattern could be learned from a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotLearned {
    /// There are no words beside the code by which a pattern could find it. Contains the index of the line.
    NoWords(usize),
    /// The line is longer than [`LONGEST_LINE_BYTES`]. Contains the index of the line.
    TooLong(usize),
}

/// Whether a code is a number or a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CodeForm {
    /// A number with this many digits.
    Number(usize),
    /// Any other text.
    Text,
}

impl CodeForm {
    fn of(sample: &Sample) -> CodeForm {
        let code = &sample.line[sample.code.clone()];
        let digits = code.strip_prefix('-').unwrap_or(code);
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && code.parse::<i32>().is_ok();
        if is_number { CodeForm::Number(digits.len()) } else { CodeForm::Text }
    }

    /// Returns the form of both, if they are of the same kind.
    fn with(self, other: CodeForm) -> Option<CodeForm> {
        match (self, other) {
            (CodeForm::Number(one), CodeForm::Number(other)) => Some(CodeForm::Number(one.max(other))),
            (CodeForm::Text, CodeForm::Text) => Some(CodeForm::Text),
            _ => None,
        }
    }
}

/// Learns patterns from lines: one if the lines have enough in common, and several otherwise. `similar` are other lines that
/// [`Kind::is_like`] finds similar, to which the patterns are adapted if their codes are known. `is_taken` is whether there is
/// another pattern with a name.
///
/// # Errors
///
/// Fails if a line has no words, or is too long.
///
/// # Examples
///
/// ```
/// use callcodes::catalogue::Catalogue;
/// use callcodes::pattern::learn::{Sample, find_code, learn};
///
/// let catalogue = Catalogue::built_in();
/// let line = "12:00:07 [MFA-Gateway] Anruf an Benutzer meier beendet, Ergebnis: 102".to_owned();
/// let code = find_code(&line, "102", catalogue).unwrap();
/// let learned = learn(&[Sample { line, code, said: Vec::new() }], &[], catalogue, &|_| false).unwrap();
/// assert_eq!(learned[0].definition.name, "mfa-ergebnis");
/// assert!(learned[0].definition.regex.starts_with(r"\bMFA\-Gateway\]\s+Anruf\s+an\s+Benutzer\s+(?<user>"));
/// ```
pub fn learn(
    samples: &[Sample],
    similar: &[String],
    catalogue: &Catalogue,
    is_taken: &dyn Fn(&str) -> bool,
) -> Result<Vec<Learned>, NotLearned> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, sample) in samples.iter().enumerate() {
        if sample.line.len() > LONGEST_LINE_BYTES {
            return Err(NotLearned::TooLong(index));
        }
        if groups.iter().any(|group| group.regex.takes(sample)) {
            // The first pattern that takes the line gets it as an example.
            let group = groups.iter_mut().find(|group| group.regex.takes(sample));
            group.into_iter().for_each(|group| group.samples.push(sample.clone()));
        } else if let Some((at, wider)) =
            groups.iter().enumerate().find_map(|(at, group)| Some((at, group.with(sample)?)))
        {
            groups[at] = wider;
        } else {
            groups.push(Group::new(sample).ok_or(NotLearned::NoWords(index))?);
        }
    }
    let mut names: Vec<String> = Vec::new();
    let learned = groups.into_iter().map(|group| {
        let (group, adapted) = group.adapted_to(similar, catalogue);
        let name = group.name(&|name: &str| is_taken(name) || names.iter().any(|other| other == name));
        names.push(name.clone());
        group.learned(name, adapted, catalogue)
    });
    Ok(learned.collect())
}

/// Lines from which one pattern is learned.
#[derive(Clone, Debug)]
struct Group {
    samples: Vec<Sample>,
    template: Template,
    form: CodeForm,
    regex: Built,
    kind: Option<Kind>,
    /// Similar lines to which the pattern was adapted, with the positions of their codes.
    similar: Vec<Sample>,
}

/// A regex that takes the samples that it was built for.
#[derive(Clone, Debug)]
struct Built {
    regex: Regex,
    text: String,
    line: Option<String>,
    parts: Vec<Part>,
}

impl Built {
    /// Whether the regex finds exactly one result in a line, which is the code of the sample.
    fn takes(&self, sample: &Sample) -> bool {
        let mut found = self.regex.captures_iter(sample.line.as_bytes());
        let first = found.next().and_then(|captures| captures.name("code").map(|code| code.range()));
        first.as_ref() == Some(&sample.code) && found.next().is_none()
    }

    /// Returns what the group of a capture captures in a line.
    fn said(&self, capture: Capture, line: &str) -> Option<String> {
        let of = |regex: &Regex| {
            let captures = regex.captures(line.as_bytes())?;
            Some(String::from_utf8_lossy(captures.name(capture.name())?.as_bytes()).into_owned())
        };
        of(&self.regex).or_else(|| of(&compiled(&format!("^(?:{})", self.line.as_ref()?), false)?))
    }
}

impl Group {
    /// Creates the group of a single sample. Returns `None` if the line has no words.
    fn new(sample: &Sample) -> Option<Group> {
        let (template, form) = (template_of(sample), CodeForm::of(sample));
        let kind = Kind::of_template(&template, form)?;
        let samples = vec![sample.clone()];
        let regex = built(&template, form, &samples).or_else(|| literal(sample, form))?;
        Some(Group { samples, template, form, regex, kind: Some(kind), similar: Vec::new() })
    }

    /// Returns the group with another line, or `None` if the lines have too little in common.
    fn with(&self, sample: &Sample) -> Option<Group> {
        let form = self.form.with(CodeForm::of(sample))?;
        let template = self.template.merge(&template_of(sample))?;
        let samples: Vec<Sample> = self.samples.iter().chain([sample]).cloned().collect();
        let all: Vec<Sample> = samples.iter().chain(&self.similar).cloned().collect();
        let regex = built(&template, form, &all)?;
        Some(Group { samples, template, form, regex, ..self.clone() })
    }

    /// Returns the group after it was adapted to those similar lines that have a code which is known, and to how many.
    fn adapted_to(mut self, similar: &[String], catalogue: &Catalogue) -> (Group, usize) {
        let mut adapted = 0;
        let Some(kind) = self.kind.clone() else { return (self, 0) };
        let is_known = |code: &str| catalogue.entry(&catalogue.resolve(code.as_bytes())).is_some();
        let samples = similar.iter().filter_map(|line| {
            let code = kind.code_in(line, catalogue).filter(|code| is_known(&line[code.clone()]))?;
            Some(Sample { line: line.clone(), code, said: Vec::new() })
        });
        for sample in samples {
            if self.samples.iter().any(|own| own.line == sample.line) {
                continue;
            }
            let is_taken = self.regex.takes(&sample);
            let wider = if is_taken { None } else { self.with(&sample) };
            if let Some(mut wider) = wider {
                wider.samples.pop();
                self = wider;
                adapted += 1;
            } else if !is_taken {
                continue;
            }
            let code = |sample: &Sample| sample.line[sample.code.clone()].to_owned();
            let is_new = self.samples.iter().chain(&self.similar).all(|other| code(other) != code(&sample));
            if self.similar.len() < SIMILAR_EXAMPLES && is_new {
                self.similar.push(sample);
            }
        }
        (self, adapted)
    }

    /// Returns a name that says what the pattern is about: its first and its last word before the code.
    fn name(&self, is_taken: &dyn Fn(&str) -> bool) -> String {
        let all = self.template.words().chain(self.template.words_after());
        let all: Vec<String> = all.map(in_name).filter(|word| word.len() > 1).collect();
        let last = self.template.words().next_back().map(in_name).filter(|word| word.len() > 1);
        let mut parts: Vec<&str> = all.first().map(String::as_str).into_iter().chain(last.as_deref()).collect();
        parts.dedup();
        let base = match parts.join("-") {
            base if base.is_empty() || is_taken_by_expressions(&base) => "learned".to_owned(),
            base => base,
        };
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        std::iter::once(base.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or(base)
    }

    /// Returns the pattern.
    fn learned(self, name: String, adapted: usize, catalogue: &Catalogue) -> Learned {
        let before = self.template.key().map_or(String::new(), |key| text_of(&self.template.left[key]));
        let after = || text_of(&self.template.right);
        let description = match before.trim() {
            "" => format!("A code before `{}`, learned from a line", shortened(after().trim())),
            before => format!("A code after `{}`, learned from a line", shortened(before)),
        };
        let regex = &self.regex;
        let lines = self.samples.iter().chain(&self.similar);
        let examples: Vec<Example> = lines.map(|sample| example(sample, regex, catalogue)).collect();
        let counter_examples = self.counter_examples();
        let definition = Definition {
            name,
            description: Some(description),
            ignore_case: self.template.ignores_case,
            line: regex.line.clone(),
            examples,
            counter_examples,
            ..Definition::from_expression(1, &regex.text)
        };
        Learned { definition, parts: regex.parts.clone(), kind: self.kind, adapted }
    }

    /// Returns lines in which there is no code: the first line up to its code and, if the code is a number, with a longer number in
    /// its place.
    fn counter_examples(&self) -> Vec<CounterExample> {
        let Some(Sample { line, code, .. }) = self.samples.first() else { return Vec::new() };
        let (before, after) = (&line[..code.start], &line[code.end..]);
        let cut_off = before.trim_end().to_owned();
        let longer = matches!(self.form, CodeForm::Number(_)).then(|| format!("{before}{LONG_NUMBER}{after}"));
        let lines = [cut_off].into_iter().chain(longer);
        let lines = lines.filter(|line| !line.is_empty() && !self.regex.regex.is_match(line.as_bytes()));
        lines.map(|line| CounterExample { line, line_place: no_place() }).collect()
    }
}

/// A number that is too long for a code.
const LONG_NUMBER: &str = "1020304050";

/// Returns the position of a text that is not from a file.
fn no_place() -> Place {
    Place { span: 0..0, contents: None }
}

/// Returns an example of what the regex finds in a line.
fn example(sample: &Sample, regex: &Built, catalogue: &Catalogue) -> Example {
    let written = &sample.line[sample.code.clone()];
    let code = match catalogue.resolve(written.as_bytes()) {
        Key::Code(code) => ExpectedCode::Number(code.0),
        Key::Name(_) => ExpectedCode::Written(written.to_owned()),
    };
    let captures = Capture::details().filter_map(|capture| {
        let value = regex.said(capture, &sample.line)?;
        Some(ExpectedCapture { capture, value, place: no_place() })
    });
    let (line_place, code_place) = (no_place(), no_place());
    Example { line: sample.line.clone(), code, captures: captures.collect(), line_place, code_place }
}

/// Whether a name is of the kind that is kept for `-e`.
fn is_taken_by_expressions(name: &str) -> bool {
    super::definition::check_name(name).is_err()
}

/// Returns a word as it can be in the name of a pattern.
fn in_name(word: &str) -> String {
    let mut name = String::new();
    for character in word.to_lowercase().chars() {
        match character {
            'a'..='z' | '0'..='9' => name.push(character),
            'ä' | 'æ' => name.push_str("ae"),
            'ö' | 'ø' => name.push_str("oe"),
            'ü' => name.push_str("ue"),
            'ß' => name.push_str("ss"),
            _ => {}
        }
    }
    name
}

/// Returns the end of a text that is not too long for a description.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 40;
    let count = text.chars().count();
    if count <= LONGEST {
        text.to_owned()
    } else {
        format!("...{}", text.chars().skip(count - LONGEST).collect::<String>())
    }
}

/// Returns the text of consecutive parts, without the values between them.
fn text_of(pieces: &[Piece]) -> String {
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
fn template_of(sample: &Sample) -> Template {
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
        token.kind == TokenKind::Value(Value::Time) && form.read(&line.as_bytes()[token.span.clone()]).is_some()
    };
    if let Some(token) = tokens.iter_mut().find(is_time) {
        token.kind = TokenKind::Said(Capture::Time);
    }
}

/// Returns the regex for the text directly before the code, and the code.
fn regex_of_key(template: &Template, form: CodeForm) -> String {
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
fn built(template: &Template, form: CodeForm, samples: &[Sample]) -> Option<Built> {
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
fn literal(sample: &Sample, form: CodeForm) -> Option<Built> {
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

#[cfg(test)]
mod tests;
