//! Makes patterns from lines and the codes in them, for people who do not write regexes.
//!
//! | task | module |
//! |---|---|
//! | Find the code that the user names in a line. | [`find_code`] |
//! | Divide the line into words, values and punctuation. | `tokens` |
//! | Recognise the user, the host and other values. | `fields` |
//! | Keep what lines have in common. | `template` |
//! | Make a regex of it. | `build` |
//! | Decide which other lines are similar. | [`Kind`] |
//!
//! Words and punctuation are kept as they are, up to [`WORDS`] words before the code. Numbers, times, addresses, quoted texts and
//! the like may be any. Words that differ in similar lines may be any, too, as long as most words stay: a pattern that is known by
//! its last word alone would take numbers that are not codes. A similar line in which no user can be captured is left out if the
//! pattern captures the user.
//!
//! Invariants: a learned pattern takes each line that it was learned from, and captures its code. It has these lines as examples.
//! If a regex that is made in one way does not, it is made in a stricter way, and the last one is the line itself.

mod build;
mod fields;
mod sample;
mod similar;
mod template;
mod tokens;

pub use self::build::Part;
use self::build::{Built, CodeForm, built, literal, template_of, text_of};
pub use self::sample::{NotFound, Sample, find, find_code};
pub(crate) use self::similar::words;
pub use self::similar::{Kind, LONGEST_LINE_BYTES};
use self::template::Template;
use super::definition::{CounterExample, Definition, Example, ExpectedCapture, ExpectedCode, Place};
use crate::catalogue::Catalogue;
use crate::code::Key;
use crate::hit::Capture;

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
    /// Words of the samples that the pattern does not look for, because the similar lines have others.
    pub left_out: Vec<String>,
}

/// Why no pattern could be learned from a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotLearned {
    /// There are no words beside the code by which a pattern could find it. Contains the index of the line.
    NoWords(usize),
    /// The line is longer than [`LONGEST_LINE_BYTES`]. Contains the index of the line.
    TooLong(usize),
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
/// assert!(learned[0].definition.regex.starts_with(r"\bMFA-Gateway\]\s+Anruf\s+an\s+Benutzer\s+(?<user>"));
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
        let mut left_out: Vec<String> = group.template.words().map(str::to_owned).collect();
        let (group, adapted) = group.adapted_to(similar, catalogue);
        group.template.words().for_each(|word| {
            left_out.iter().position(|other| other == word).map(|index| left_out.remove(index));
        });
        let name = group.name(&|name: &str| is_taken(name) || names.iter().any(|other| other == name));
        names.push(name.clone());
        Learned { adapted, left_out, ..group.learned(name, catalogue) }
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
            let keeps_all =
                |wider: &Group| self.regex.captures().all(|own| wider.regex.captures().any(|its| its == own));
            let wider = if is_taken { None } else { self.with(&sample).filter(keeps_all) };
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
    fn learned(self, name: String, catalogue: &Catalogue) -> Learned {
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
        Learned { definition, parts: regex.parts.clone(), kind: self.kind, adapted: 0, left_out: Vec::new() }
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

#[cfg(test)]
mod tests;
