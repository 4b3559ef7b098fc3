//! What is written down about a pattern: the values of a pattern file, and where in the file each of them stands.
//!
//! Invariants: a definition has a well-formed name; no text in it ends with the line end that a multi-line string
//! brings along; an example of a pattern that is not `multiline` is one line. Whether its regexes are sound is not
//! known here: that is asked of [`super::validate`] and [`super::examples`].
//! Apart from [`super::file`], which reads it, because patterns also come from the command line.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use regex::bytes::RegexBuilder;

use super::diagnostic::{Mark, SourceText};
use crate::hit::Capture;

/// Where a definition was written. Definitions of one origin are expected to fit together; one of a different origin
/// may take another's lines on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Comes with the program.
    BuiltIn,
    /// In a pattern file or a configuration file.
    File(PathBuf),
    /// Given with `-e`.
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

/// One pattern as it was written.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Unique in a set; of lower-case letters, digits and hyphens.
    pub name: String,
    /// What it finds, in one line for people.
    pub description: Option<String>,
    /// What a result looks like, with the group that finds its code.
    pub regex: String,
    /// Whether all of the pattern's regexes take capitals and small letters as the same.
    pub ignore_case: bool,
    /// Whether the match may go on in the lines that follow.
    pub multiline: bool,
    /// Whether an empty `code` stands for 0, no call result. Without it, a `code` that can be empty is refused.
    pub empty_is_zero: bool,
    /// What the same line must also match.
    pub when: Option<String>,
    /// What the same line must not match.
    pub unless: Option<String>,
    /// Lines with what must be found in them.
    pub examples: Vec<Example>,
    /// Lines that this pattern must find nothing in.
    pub counter_examples: Vec<CounterExample>,
    /// Where this definition was written.
    pub origin: Origin,
    pub(super) places: Places,
}

/// A line, and what the pattern must find in it.
#[derive(Clone, Debug)]
pub struct Example {
    /// The line without its line end; of a `multiline` pattern perhaps several lines.
    pub line: String,
    /// The result that must be found.
    pub code: ExpectedCode,
    /// What must be captured besides; a group that is not named here may capture anything.
    pub captures: Vec<ExpectedCapture>,
    pub(super) line_place: Place,
    pub(super) code_place: Place,
}

/// A result as an example names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedCode {
    /// By its number.
    Number(i32),
    /// As a log writes it, number, symbol or text: the catalogue knows which row that is.
    Written(String),
}

/// What a group must capture.
#[derive(Clone, Debug)]
pub struct ExpectedCapture {
    /// Which group.
    pub capture: Capture,
    /// The captured text.
    pub value: String,
    pub(super) place: Place,
}

/// A line in which the pattern must find nothing.
#[derive(Clone, Debug)]
pub struct CounterExample {
    /// The line without its line end.
    pub line: String,
    pub(super) line_place: Place,
}

/// The regexes of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The one that finds the result.
    Regex,
    /// The one that the line must also match.
    When,
    /// The one that the line must not match.
    Unless,
}

impl Field {
    /// Its key in a pattern file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Field::Regex => "regex",
            Field::When => "when",
            Field::Unless => "unless",
        }
    }
}

/// Where the values of a definition stand.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) source: Arc<SourceText>,
    pub(super) name: Place,
    pub(super) regex: Place,
    pub(super) when: Option<Place>,
    pub(super) unless: Option<Place>,
}

/// Where one value stands in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// With its quotes.
    pub(super) span: Range<usize>,
    /// Where the contents start, if they stand there letter by letter, without escapes.
    pub(super) contents: Option<usize>,
}

impl Place {
    /// The place of the text `value`, which is written as `source[span]`.
    pub(super) fn of_text(source: &str, span: Range<usize>, value: &str) -> Place {
        let written = source.get(span.clone()).unwrap_or_default();
        let contents = ["'''", "\"\"\"", "'", "\""].into_iter().find_map(|quotes| {
            let inner = written.strip_prefix(quotes)?.strip_suffix(quotes)?;
            // A line end right behind the opening quotes is not part of the value.
            let after_line_end = inner.strip_prefix("\r\n").or_else(|| inner.strip_prefix('\n'));
            let contents = if quotes.len() == 3 { after_line_end.unwrap_or(inner) } else { inner };
            contents.starts_with(value).then(|| span.end - quotes.len() - contents.len())
        });
        Place { span, contents }
    }

    /// The place of the bytes `part` of the value, or all of it if they cannot be told apart.
    pub(super) fn part(&self, part: Option<Range<usize>>) -> Range<usize> {
        match (part, self.contents) {
            (Some(part), Some(start)) => start.saturating_add(part.start)..start.saturating_add(part.end),
            _ => self.span.clone(),
        }
    }
}

impl Definition {
    /// The pattern `e<number>` that `-e` gives.
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
            examples: Vec::new(),
            counter_examples: Vec::new(),
            origin: Origin::CommandLine,
            places: Places { source, name: whole.clone(), regex: whole, when: None, unless: None },
        }
    }

    /// A builder for one of its regexes, or for a part of one, as the pattern means it.
    pub(super) fn regex_builder(&self, regex: &str) -> RegexBuilder {
        let mut builder = RegexBuilder::new(regex);
        builder.unicode(false).case_insensitive(self.ignore_case);
        builder
    }

    /// One of its regexes, if it has that one.
    #[must_use]
    pub fn field(&self, field: Field) -> Option<&str> {
        match field {
            Field::Regex => Some(&self.regex),
            Field::When => self.when.as_deref(),
            Field::Unless => self.unless.as_deref(),
        }
    }

    /// The place of its name. A regex of the command line stands for its own name.
    #[must_use]
    pub fn mark_name(&self, label: impl Into<String>) -> Mark {
        self.mark_place(&self.places.name, None, label)
    }

    /// The place of one of its regexes, or of the bytes `part` of it. A regex that it does not have is its name.
    #[must_use]
    pub fn mark_field(&self, field: Field, part: Option<Range<usize>>, label: impl Into<String>) -> Mark {
        let place = match field {
            Field::Regex => Some(&self.places.regex),
            Field::When => self.places.when.as_ref(),
            Field::Unless => self.places.unless.as_ref(),
        };
        self.mark_place(place.unwrap_or(&self.places.name), part, label)
    }

    pub(super) fn mark_place(&self, place: &Place, part: Option<Range<usize>>, label: impl Into<String>) -> Mark {
        Mark::new(&self.places.source, place.part(part), label)
    }
}

/// What is wrong with `name` as the name of a pattern in a file, and what to do about it.
///
/// # Errors
///
/// The message and the remedy, if the name is not of lower-case letters, digits and hyphens, or is one of those that
/// `-e` gives out.
pub fn check_name(name: &str) -> Result<(), (String, String)> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || !name.bytes().all(fits) {
        let message = format!("`{name}` cannot be the name of a pattern");
        return Err((message, "use lower-case letters, digits and hyphens, as in `netop-guest`".to_owned()));
    }
    if name.strip_prefix('e').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())) {
        let message = format!("`{name}` is kept as a name for patterns given with -e");
        return Err((message, "use another name".to_owned()));
    }
    Ok(())
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
    fn a_part_of_a_value_is_found_where_it_is_written_literally() {
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
    fn a_part_of_an_escaped_value_is_the_whole_of_it() {
        assert_eq!(part_of(r#""a\\bc""#, r"a\bc", 1..2), r#""a\\bc""#);
    }

    #[test]
    fn names_are_of_lower_case_letters_digits_and_hyphens() {
        for name in ["radius-raw", "e", "e1x", "x-1", "2"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let remedy = "use lower-case letters, digits and hyphens, as in `netop-guest`";
        for name in ["", "Radius", "a_b", "a b", "é"] {
            let message = format!("`{name}` cannot be the name of a pattern");
            assert_eq!(check_name(name), Err((message, remedy.to_owned())));
        }
        let message = "`e12` is kept as a name for patterns given with -e".to_owned();
        assert_eq!(check_name("e12"), Err((message, "use another name".to_owned())));
    }
}
