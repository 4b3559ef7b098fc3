//! A pattern as its author wrote it: the values from a pattern file, and the position of each value in the file.
//!
//! Invariants: a definition has a well-formed name. None of its lines ends with the line end that a multi-line string adds. An
//! example of a pattern that is not `multiline` is a single line. [`super::validate`] and [`super::examples`] check whether the
//! regexes are correct.
//!
//! Separate from [`super::file`], which reads definitions, because patterns also come from the command line.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use regex::bytes::RegexBuilder;

use super::diagnostic::{Mark, SourceText};
use crate::code::MFA;
use crate::hit::Capture;

/// Where a definition comes from. The patterns of one origin must not hide each other; a pattern of another origin may replace
/// them on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The definition is part of the program.
    BuiltIn,
    /// The definition is from a pattern file or a configuration file.
    File(PathBuf),
    /// The definition is a regex that was passed with `-e`.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::BuiltIn => f.write_str("built-in patterns"),
            Origin::File(path) => path.display().fmt(f),
            Origin::CommandLine => f.write_str("-e"),
        }
    }
}

/// A pattern as written in a pattern file or after `-e`.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The name, which is unique within a set. It consists of lower-case letters, digits and hyphens.
    pub name: String,
    /// What the pattern finds, as one line for people.
    pub description: Option<String>,
    /// The regex that matches a result and captures its code in the group `code`.
    pub regex: String,
    /// Whether all regexes of the pattern ignore letter case.
    pub ignore_case: bool,
    /// Whether a match may extend into the lines after the one in which it starts.
    pub multiline: bool,
    /// Whether an empty `code` means 0, "No call result". If this is false, a `code` that can be empty is an error.
    pub empty_is_zero: bool,
    /// A regex that must also match in the line, or else the match of `regex` does not count.
    pub when: Option<String>,
    /// A regex that must not match in the line, or else the match of `regex` does not count.
    pub unless: Option<String>,
    /// A regex for what shows that a line is about multi-factor authentication. In a line without it, a name that is not in the
    /// catalogue is no result.
    pub sign: Option<String>,
    /// A regex for what other programs write. It works like `unless`, but only in lines that `sign` does not match.
    pub foreign: Option<String>,
    /// A regex that captures further values, such as the process and thread at the start of the line. If it does not match, only
    /// these values are missing.
    pub line: Option<String>,
    /// The program that writes the lines which the pattern matches. Several recorders may record the same sign-in, but each
    /// records it only once.
    pub recorder: Option<String>,
    /// The family of the results, such as `nps`. Only codes of the family [`MFA`] are numbers.
    pub family: String,
    /// The form of the text in the group `time`, in the notation of [`forms`](crate::time::forms). `None` to accept every form.
    pub time_form: Option<String>,
    /// Whether the pattern finds results, or lines that give context for them.
    pub role: Role,
    /// Whether the pattern may also match lines of other programs. Its results are counted separately.
    pub general: bool,
    /// Example lines, each with the result that the pattern must find in it.
    pub examples: Vec<Example>,
    /// Example lines in which the pattern must find nothing.
    pub counter_examples: Vec<CounterExample>,
    /// Where the definition comes from.
    pub origin: Origin,
    /// The positions of the definition's values in the pattern file, for error messages.
    pub(super) places: Places,
}

impl Definition {
    /// Returns a text that is the same for two definitions if they find the same in every line.
    #[must_use]
    pub fn essence(&self) -> String {
        let Definition {
            name,
            regex,
            ignore_case,
            multiline,
            empty_is_zero,
            when,
            unless,
            sign,
            foreign,
            line,
            recorder,
            family,
            time_form,
            role,
            general,
            description: _,
            examples: _,
            counter_examples: _,
            origin: _,
            places: _,
        } = self;
        let conditions = (when, unless, sign, foreign, line);
        let rest = (recorder, family, time_form, role, general);
        format!("{:?}\n", (name, regex, ignore_case, multiline, empty_is_zero, conditions, rest))
    }
}

/// What a match of a pattern means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// A match of the pattern is a result.
    #[default]
    Result,
    /// A match of the pattern is the first line of a sign-in and has no result. What the same thread writes next belongs to the
    /// sign-in.
    Begins,
    /// A match of the pattern is another line of a sign-in and has no result.
    Belongs,
}

impl Role {
    /// Returns the value of `context` in a pattern file, or `None` for a pattern that finds results.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Role::Result => None,
            Role::Begins => Some("begins"),
            Role::Belongs => Some("belongs"),
        }
    }

    /// Whether a match has no result and only gives context for one.
    #[must_use]
    pub fn is_context(self) -> bool {
        self != Role::Result
    }
}

/// A line with the result that the pattern must find in it. For a pattern that finds context, all lines of a sign-in with its
/// result.
#[derive(Clone, Debug)]
pub struct Example {
    /// The line without its line end. For a pattern that finds context or is `multiline`, there may be several lines.
    pub line: String,
    /// The result that the pattern must find in the line.
    pub code: ExpectedCode,
    /// The expected values of other groups. Groups that are not listed may capture anything.
    pub captures: Vec<ExpectedCapture>,
    /// The position of the example line in the pattern file.
    pub(super) line_place: Place,
    /// The position of the expected code in the pattern file.
    pub(super) code_place: Place,
}

/// The expected result of an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedCode {
    /// The expected result as a number.
    Number(i32),
    /// The expected result as a log writes it: a number, symbol or text that is looked up in the catalogue.
    Written(String),
}

/// The text that one group must capture in an example.
#[derive(Clone, Debug)]
pub struct ExpectedCapture {
    /// The group, as the capture that it is for.
    pub capture: Capture,
    /// The text that the group must capture.
    pub value: String,
    /// The position of the expected text in the pattern file.
    pub(super) place: Place,
}

/// A line in which the pattern must find nothing.
#[derive(Clone, Debug)]
pub struct CounterExample {
    /// The line without its line end.
    pub line: String,
    /// The position of the example line in the pattern file.
    pub(super) line_place: Place,
}

/// Identifies one of the regexes of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The regex that finds the result.
    Regex,
    /// The regex that must also match in the line.
    When,
    /// The regex that must not match in the line.
    Unless,
    /// The regex for what shows that the line is about multi-factor authentication.
    Sign,
    /// The regex that must not match in a line without a sign.
    Foreign,
    /// The regex that captures further values of the line, such as its process and thread.
    Line,
}

impl Field {
    /// All regexes, in the order in which they are checked.
    pub const ALL: [Field; 6] = [Field::Regex, Field::When, Field::Unless, Field::Sign, Field::Foreign, Field::Line];
}

impl Field {
    /// Returns the key of the regex in a pattern file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Field::Regex => "regex",
            Field::When => "when",
            Field::Unless => "unless",
            Field::Sign => "sign",
            Field::Foreign => "foreign",
            Field::Line => "line",
        }
    }
}

/// The positions of a definition's values in the text that contains them.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) source: Arc<SourceText>,
    pub(super) name: Place,
    pub(super) regex: Place,
    pub(super) when: Option<Place>,
    pub(super) unless: Option<Place>,
    pub(super) sign: Option<Place>,
    pub(super) foreign: Option<Place>,
    pub(super) line: Option<Place>,
    pub(super) time_form: Option<Place>,
}

/// The position of one value in the text that contains it, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The range of the value in the text, including its quotes.
    pub(super) span: Range<usize>,
    /// The offset at which the contents start. `None` if the contents are written with escapes, so that offsets in the value are
    /// different from offsets in the text.
    pub(super) contents: Option<usize>,
}

impl Place {
    /// Returns the position of the string `value`, which is written as `source[span]`.
    pub(super) fn of_text(source: &str, span: Range<usize>, value: &str) -> Place {
        let written = source.get(span.clone()).unwrap_or_default();
        let contents = ["'''", "\"\"\"", "'", "\""].into_iter().find_map(|quotes| {
            let inner = written.strip_prefix(quotes)?.strip_suffix(quotes)?;
            // TOML drops a line end directly after the opening quotes.
            let after_line_end = inner.strip_prefix("\r\n").or_else(|| inner.strip_prefix('\n'));
            let contents = if quotes.len() == 3 { after_line_end.unwrap_or(inner) } else { inner };
            contents.starts_with(value).then(|| span.end - quotes.len() - contents.len())
        });
        Place { span, contents }
    }

    /// Returns the range in the text of the bytes `part` of the value. Returns the range of the whole value if its parts cannot
    /// be located.
    pub(super) fn part(&self, part: Option<Range<usize>>) -> Range<usize> {
        match (part, self.contents) {
            (Some(part), Some(start)) => start.saturating_add(part.start)..start.saturating_add(part.end),
            _ => self.span.clone(),
        }
    }
}

impl Definition {
    /// Creates the pattern `e<number>` for a regex that was passed with `-e`.
    #[must_use]
    pub fn from_expression(number: usize, regex: &str) -> Definition {
        let source = Arc::new(SourceText { name: Origin::CommandLine.to_string(), text: regex.to_owned() });
        let whole = Place { span: 0..regex.len(), contents: Some(0) };
        Definition {
            name: format!("e{number}"),
            description: None,
            regex: regex.to_owned(),
            ignore_case: false,
            multiline: false,
            empty_is_zero: false,
            when: None,
            unless: None,
            sign: None,
            foreign: None,
            line: None,
            recorder: None,
            family: MFA.to_owned(),
            time_form: None,
            role: Role::Result,
            general: false,
            examples: Vec::new(),
            counter_examples: Vec::new(),
            origin: Origin::CommandLine,
            places: Places {
                source,
                name: whole.clone(),
                regex: whole,
                when: None,
                unless: None,
                sign: None,
                foreign: None,
                line: None,
                time_form: None,
            },
        }
    }

    /// Returns a builder for `regex`, with the options of this definition. `regex` is one of its regexes or a part of one.
    pub(super) fn regex_builder(&self, regex: &str) -> RegexBuilder {
        let mut builder = RegexBuilder::new(regex);
        builder.unicode(false).case_insensitive(self.ignore_case);
        builder
    }

    /// Returns one of the regexes, or `None` if the definition does not have it.
    #[must_use]
    pub fn field(&self, field: Field) -> Option<&str> {
        match field {
            Field::Regex => Some(&self.regex),
            Field::When => self.when.as_deref(),
            Field::Unless => self.unless.as_deref(),
            Field::Sign => self.sign.as_deref(),
            Field::Foreign => self.foreign.as_deref(),
            Field::Line => self.line.as_deref(),
        }
    }

    /// Returns a mark at the name. A regex from the command line has no name in its text, so the mark is at the regex.
    #[must_use]
    pub fn mark_name(&self, label: impl Into<String>) -> Mark {
        self.mark_place(&self.places.name, None, label)
    }

    /// Returns a mark at one of the regexes, or at its bytes `part`. If the definition does not have that regex, the mark is at
    /// the name.
    #[must_use]
    pub fn mark_field(&self, field: Field, part: Option<Range<usize>>, label: impl Into<String>) -> Mark {
        let place = match field {
            Field::Regex => Some(&self.places.regex),
            Field::When => self.places.when.as_ref(),
            Field::Unless => self.places.unless.as_ref(),
            Field::Sign => self.places.sign.as_ref(),
            Field::Foreign => self.places.foreign.as_ref(),
            Field::Line => self.places.line.as_ref(),
        };
        self.mark_place(place.unwrap_or(&self.places.name), part, label)
    }

    /// Returns a mark at the `time_form`, or at its bytes `part`. If there is no `time_form`, the mark is at the name.
    pub(super) fn mark_time_form(&self, part: Option<Range<usize>>, label: impl Into<String>) -> Mark {
        self.mark_place(self.places.time_form.as_ref().unwrap_or(&self.places.name), part, label)
    }

    /// Returns a mark for error messages at the value with this position, or at its bytes `part`.
    pub(super) fn mark_place(&self, place: &Place, part: Option<Range<usize>>, label: impl Into<String>) -> Mark {
        Mark::new(&self.places.source, place.part(part), label)
    }
}

/// Checks that `name` can be the name of a pattern in a file.
///
/// # Errors
///
/// Returns a message and a remedy if the name is empty, if it has other characters than lower-case letters, digits and hyphens,
/// or if it is reserved for patterns passed with `-e`, such as `e1`.
pub fn check_name(name: &str) -> Result<(), (String, String)> {
    if !is_name(name) {
        let message = format!("`{name}` cannot be the name of a pattern");
        return Err((message, "use lower-case letters, digits and hyphens, as in `netop-guest`".to_owned()));
    }
    if name.strip_prefix('e').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())) {
        let message = format!("`{name}` is reserved for patterns given with -e");
        return Err((message, "use another name".to_owned()));
    }
    Ok(())
}

/// Whether `name` consists of lower-case letters, digits and hyphens, and is not empty.
pub(super) fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part_of(written: &str, value: &str, part: Range<usize>) -> String {
        let source = format!("regex = {written}\n");
        let place = Place::of_text(&source, 8..8 + written.len(), value);
        source[place.part(Some(part))].to_owned()
    }

    #[test]
    fn a_part_of_a_literal_value_is_located() {
        assert_eq!(part_of("'abc'", "abc", 1..2), "b");
        assert_eq!(part_of("\"abc\"", "abc", 1..2), "b");
        assert_eq!(part_of("'''abc'''", "abc", 1..2), "b");
        assert_eq!(part_of("'''\nabc'''", "abc", 1..2), "b");
        assert_eq!(part_of("'''\r\nabc'''", "abc", 1..2), "b");
        assert_eq!(part_of("\"\"\"abc\"\"\"", "abc", 1..2), "b");
        assert_eq!(part_of("''''abc''''", "'abc'", 1..2), "a");
        assert_eq!(part_of("''", "", 0..0), "");
    }

    #[test]
    fn a_part_of_an_escaped_value_is_marked_as_a_whole() {
        assert_eq!(part_of(r#""a\\bc""#, r"a\bc", 1..2), r#""a\\bc""#);
    }

    #[test]
    fn names_have_lower_case_letters_digits_and_hyphens() {
        for name in ["radius-raw", "e", "e1x", "x-1", "2"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let remedy = "use lower-case letters, digits and hyphens, as in `netop-guest`";
        for name in ["", "Radius", "a_b", "a b", "é"] {
            let message = format!("`{name}` cannot be the name of a pattern");
            assert_eq!(check_name(name), Err((message, remedy.to_owned())));
        }
        let message = "`e12` is reserved for patterns given with -e".to_owned();
        assert_eq!(check_name("e12"), Err((message, "use another name".to_owned())));
    }
}
