//! Explains why a pattern finds nothing in a line, by showing how much of its regex still matches.
//!
//! The regex is cut off after each of its elements, and the longest such prefix that still matches somewhere in the line is how
//! far the pattern gets. If the element after this prefix is a group, an alternation or a repetition, the search continues inside
//! that element. A prefix is cut from the text of the regex, and only open groups are closed, so flags and names keep their
//! meaning.
//!
//! This compiles a regex for every prefix that it tries, so it is meant for explaining a few lines and not for scanning.

mod words;

use std::ops::Range;

use regex::bytes::Regex;
use regex_syntax::ast::{self, Ast, RepetitionKind, RepetitionRange};
use unicode_width::UnicodeWidthStr;

use super::brackets;
use super::definition::{Definition, Field};
use crate::terminal;

/// The greatest width in columns of each of the three parts of an excerpt: the text before a span, the span, and the text after
/// it.
const SHOWN_COLUMNS: usize = 50;
/// The least width in columns to which a part of an excerpt is cut, even if the excerpt is then wider than the terminal.
const LEAST_COLUMNS: usize = 8;
/// The indent of each line of an explanation.
const INDENT: &str = "  ";

/// The memory limit of a compiled prefix in bytes. A prefix that needs more counts as not matching.
const REGEX_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// Why a pattern finds nothing in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// The regex does not match.
    Regex(Progress),
    /// The regex matches, but `when` does not.
    When {
        /// The part of the line that the regex matches, in bytes.
        matched: Range<usize>,
        /// How much of `when` matches in the line.
        progress: Progress,
    },
    /// The regex matches, but so does `unless`.
    Unless {
        /// The part of the line that `unless` matches, in bytes.
        matched: Range<usize>,
    },
    /// The regex matches, but so does `foreign`, and `sign` does not.
    Foreign {
        /// The part of the line that `foreign` matches, in bytes.
        matched: Range<usize>,
    },
    /// The regex matches, but `sign` does not, so that it depends on the name whether there is a result.
    NoSign {
        /// The part of the line that the regex matches, in bytes.
        matched: Range<usize>,
    },
}

/// How much of a regex matches in a line that the whole regex does not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The end of the longest prefix of the regex that matches, as a byte offset in the regex. 0 if not even the first element
    /// matches.
    pub regex_end: usize,
    /// What the longest matching prefix of the regex matches, as a byte range of the line. `0..0` if not even the first element
    /// matches.
    pub matched: Range<usize>,
    /// The part of the regex that should match next, as a byte range of the regex.
    pub expected: Range<usize>,
}

/// Returns why `definition` finds nothing in `line`, or `None` if it does find something or its regexes are not valid. Returns
/// [`Miss::NoSign`] also if it does find something, because this does not depend on the pattern alone.
///
/// # Examples
///
/// ```
/// use callcodes::pattern::{definition::Definition, nearest};
///
/// let definition = Definition::from_expression(1, r"result: (?<code>\d+)");
/// let Some(nearest::Miss::Regex(progress)) = nearest::explain(&definition, b"mfa result: none") else { panic!() };
/// assert_eq!(progress.matched, 4..12);
/// ```
#[must_use]
pub fn explain(definition: &Definition, line: &[u8]) -> Option<Miss> {
    let search = |field| -> Option<Result<Range<usize>, Progress>> {
        let attempt = Attempt { regex: definition.field(field)?, definition, line };
        attempt.run()
    };
    let matched = match search(Field::Regex)? {
        Ok(matched) => matched,
        Err(progress) => return Some(Miss::Regex(progress)),
    };
    if let Some(Err(progress)) = search(Field::When) {
        return Some(Miss::When { matched, progress });
    }
    if let Some(Ok(matched)) = search(Field::Unless) {
        return Some(Miss::Unless { matched });
    }
    let sign = search(Field::Sign);
    match search(Field::Foreign).filter(|_| !matches!(sign, Some(Ok(_)))) {
        Some(Ok(matched)) => Some(Miss::Foreign { matched }),
        _ => matches!(sign, Some(Err(_))).then_some(Miss::NoSign { matched }),
    }
}

impl Miss {
    /// Returns the number of bytes of the line that the regex matches. The pattern with the greatest number is the nearest one.
    #[must_use]
    pub fn matched_len(&self) -> usize {
        match self {
            Miss::Regex(progress) => progress.matched.len(),
            Miss::When { .. } | Miss::Unless { .. } | Miss::Foreign { .. } | Miss::NoSign { .. } => usize::MAX,
        }
    }

    /// Returns the explanation as text that ends with a line end: the regex and the line, with marks under what was expected and
    /// what matched. Excerpts fit into `width` columns, because marks under a line that the terminal wraps would be in the wrong
    /// place.
    #[must_use]
    pub fn render(&self, definition: &Definition, line: &[u8], width: Option<usize>) -> String {
        let mut shown = Shown { text: String::new(), width: width.unwrap_or(usize::MAX) };
        match self {
            Miss::Regex(progress) => {
                progress.render(&definition.regex, line, &mut shown);
                if let Some(remedy) = brackets::remedy(&definition.regex, line) {
                    shown.push_line(&remedy);
                }
            }
            Miss::When { matched, progress } => {
                let label = "matches here, but counts only if the line also matches `when`:";
                shown.underline(line, matched, '^', label);
                progress.render(definition.when.as_deref().unwrap_or_default(), line, &mut shown);
            }
            Miss::Unless { matched } => shown.underline(line, matched, '^', "does not count: `unless` matches here"),
            Miss::Foreign { matched } => {
                let label = "does not count: other programs write this (`foreign`), and the line has no sign of multi-factor \
                             authentication (`sign`)";
                shown.underline(line, matched, '^', label);
            }
            Miss::NoSign { matched } => {
                let label = "does not count: callcodes does not know this name, and the line has no sign of multi-factor \
                             authentication (`sign`)";
                shown.underline(line, matched, '^', label);
            }
        }
        shown.text
    }
}

impl Progress {
    /// Appends the regex with a mark under the expected part, and the line with marks under what the regex matched.
    fn render(&self, regex: &str, line: &[u8], shown: &mut Shown) {
        let expected = regex.get(self.expected.clone()).unwrap_or_default();
        let expected = match shown.width {
            usize::MAX => expected.to_owned(),
            _ => first_columns(expected.as_bytes(), shown.columns()),
        };
        shown.underline(regex.as_bytes(), &self.expected, '^', &format!("expected `{expected}`"));
        if self.regex_end == 0 {
            shown.push_line(&Excerpt::new(line, &self.matched, shown.columns(), last_columns).text);
            shown.push_line("nothing in this line starts like that");
        } else {
            shown.underline(line, &self.matched, '-', "^ matched up to here");
        }
    }
}

/// The explanation that has been rendered.
struct Shown {
    /// The lines of the explanation that have been rendered.
    text: String,
    /// The terminal's width in columns, or [`usize::MAX`] if lines may have any length.
    width: usize,
}

impl Shown {
    /// Returns the greatest width of each of the three parts of an excerpt, in columns.
    fn columns(&self) -> usize {
        let third = self.width.saturating_sub(INDENT.len()) / 3;
        third.saturating_sub(ELLIPSIS.len()).clamp(LEAST_COLUMNS, SHOWN_COLUMNS)
    }

    /// Appends an excerpt of `text` around `span`, and below it a line of marks under the span. The label is next to the marks
    /// or, if it does not fit there, in the next line. If `mark` is `-`, the label starts with the caret that follows the dashes.
    fn underline(&mut self, text: &[u8], span: &Range<usize>, mark: char, label: &str) {
        let cut = if mark == '-' { last_columns } else { first_columns };
        let Excerpt { text, column, width } = Excerpt::new(text, span, self.columns(), cut);
        self.push_line(&text);
        let (count, gap) = if mark == '-' { (width, "") } else { (width.max(1), " ") };
        let marks = format!("{}{}{gap}", " ".repeat(column), mark.to_string().repeat(count));
        if INDENT.len() + marks.len() + label.width() <= self.width {
            self.push_line(&format!("{marks}{label}"));
        } else if let Some(rest) = label.strip_prefix("^ ") {
            self.push_line(&format!("{marks}^"));
            self.push_line(rest);
        } else {
            self.push_line(marks.trim_end());
            self.push_line(label);
        }
    }

    /// Appends one line with the indent.
    fn push_line(&mut self, line: &str) {
        self.text.push_str(INDENT);
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// The part of a line around a span.
struct Excerpt {
    /// The text of the excerpt, as shown.
    text: String,
    /// The column of the excerpt at which the span starts.
    column: usize,
    /// The width of the span in columns.
    width: usize,
}

impl Excerpt {
    /// Creates an excerpt with at most `limit` columns of the text before the span, of the span itself, and of the text after it.
    /// `cut` shortens the span if it is wider. A span that is not within `text` is moved into it.
    fn new(text: &[u8], span: &Range<usize>, limit: usize, cut: fn(&[u8], usize) -> String) -> Excerpt {
        let end = span.end.min(text.len());
        let start = span.start.min(end);
        let before = last_columns(&text[..start], limit);
        let inside = cut(&text[start..end], limit);
        let after = first_columns(&text[end..], limit);
        Excerpt { column: before.width(), width: inside.width(), text: format!("{before}{inside}{after}") }
    }
}

/// The mark for text that was cut off.
const ELLIPSIS: &str = "...";

/// Returns the end of `bytes` that fits in `limit` columns, with [`ELLIPSIS`] before it if the start was cut off.
fn last_columns(bytes: &[u8], limit: usize) -> String {
    // A character has at most four bytes, so the rest of a long line need not be decoded.
    let tail = &bytes[bytes.len().saturating_sub(limit * 4 + 4)..];
    let mut characters = printable(tail);
    characters.reverse();
    let count = fitting(&characters, limit);
    let kept: String = characters[..count].iter().rev().collect();
    if tail.len() == bytes.len() && count == characters.len() { kept } else { format!("{ELLIPSIS}{kept}") }
}

/// Returns the start of `bytes` that fits in `limit` columns, with [`ELLIPSIS`] after it if the end was cut off.
fn first_columns(bytes: &[u8], limit: usize) -> String {
    let head = &bytes[..bytes.len().min(limit * 4 + 4)];
    let characters = printable(head);
    let count = fitting(&characters, limit);
    let kept: String = characters[..count].iter().collect();
    if head.len() == bytes.len() && count == characters.len() { kept } else { format!("{kept}{ELLIPSIS}") }
}

/// Returns how many of the first characters fit in `limit` columns.
fn fitting(characters: &[char], limit: usize) -> usize {
    let mut columns = 0;
    let fits = |character: &&char| {
        columns += UnicodeWidthStr::width(character.encode_utf8(&mut [0; 4]));
        columns <= limit
    };
    characters.iter().take_while(fits).count()
}

/// Returns the characters of `bytes`, with tabs replaced by spaces and other control characters by U+FFFD.
fn printable(bytes: &[u8]) -> Vec<char> {
    let replaced = |char: char| match char {
        '\t' => ' ',
        char if terminal::obeys(char) => '\u{fffd}',
        char => char,
    };
    String::from_utf8_lossy(bytes).chars().map(replaced).collect()
}

/// An attempt to match one regex of a definition in one line.
struct Attempt<'a> {
    /// The regex, as written in the definition.
    regex: &'a str,
    /// The definition, whose options apply to the regex.
    definition: &'a Definition,
    /// The line without its line end.
    line: &'a [u8],
}

/// The text of the regex before an element. Groups around the element are still open.
#[derive(Clone)]
struct Opened {
    /// The part of the regex before the element.
    text: String,
    /// The number of groups that are open before the element.
    group_count: usize,
}

impl Attempt<'_> {
    /// Returns what the regex matches, or how far it gets if it does not match. Returns `None` if it is not valid or too large.
    fn run(&self) -> Option<Result<Range<usize>, Progress>> {
        let ast = ast::parse::Parser::new().parse(self.regex).ok()?;
        let whole = self.compile(self.regex)?;
        if let Some(found) = whole.find(self.line) {
            return Some(Ok(found.range()));
        }
        let expected = match &ast {
            Ast::Concat(concat) => 0..literal_end(&concat.asts),
            other => bytes(other),
        };
        let nothing = Progress { regex_end: 0, matched: 0..0, expected };
        Some(Err(self.descend(&ast, &Opened { text: String::new(), group_count: 0 }, nothing)))
    }

    /// Returns how far the regex gets inside `ast`, which does not match as a whole. `before` is the text of the regex before
    /// `ast`, and `so_far` is the progress up to there.
    fn descend(&self, ast: &Ast, before: &Opened, so_far: Progress) -> Progress {
        match ast {
            Ast::Concat(concat) => self.descend_concat(&concat.asts, before, so_far),
            Ast::Group(group) => {
                let opening = self.source(group.span.start.offset..bytes(&group.ast).start);
                let text = format!("{}{opening}", before.text);
                self.inside(&group.ast, &Opened { text, group_count: before.group_count + 1 }, so_far)
            }
            Ast::Alternation(alternation) => {
                let branches = alternation.asts.iter().map(|branch| self.inside(branch, before, so_far.clone()));
                // Takes the branch that matches most of the line. Of equal ones, it takes the first.
                branches
                    .reduce(|best, next| if next.matched.len() > best.matched.len() { next } else { best })
                    .unwrap_or(so_far)
            }
            Ast::Repetition(repetition) if at_least_once(&repetition.op.kind) => {
                self.inside(&repetition.ast, before, so_far)
            }
            _ => so_far,
        }
    }

    /// Returns how far the regex gets inside `ast`, which may match as a whole. The expected part changes only if the regex gets
    /// into `ast` but not to its end.
    fn inside(&self, ast: &Ast, before: &Opened, so_far: Progress) -> Progress {
        match self.find(before, bytes(ast)) {
            Some(matched) => Progress { regex_end: bytes(ast).end, matched, ..so_far },
            None => self.descend(ast, before, so_far),
        }
    }

    /// Returns how far the regex gets in a concatenation that does not match as a whole.
    fn descend_concat(&self, asts: &[Ast], before: &Opened, so_far: Progress) -> Progress {
        let Some(first) = asts.first() else { return so_far };
        let start = bytes(first).start;
        let prefix = |count: usize| start..asts[..count].last().map_or(start, |last| bytes(last).end);
        // If the regex matches up to one element, it also matches up to each earlier element, so a binary search finds the last
        // one.
        let (mut reached, mut beyond) = (0, asts.len());
        let mut progress = so_far;
        while beyond - reached > 1 {
            let middle = reached + (beyond - reached) / 2;
            match self.find(before, prefix(middle)) {
                Some(matched) => {
                    reached = middle;
                    progress = Progress { regex_end: prefix(middle).end, matched, ..progress };
                }
                None => beyond = middle,
            }
        }
        let missing = &asts[reached];
        // If not even the first element of a group matches, the whole group is expected.
        if reached > 0 {
            progress.expected = bytes(missing).start..literal_end(&asts[reached..]);
        }
        let text = format!("{}{}", before.text, self.source(prefix(reached)));
        self.descend(missing, &Opened { text, group_count: before.group_count }, progress)
    }

    /// Returns what the regex matches if it is cut off at the end of `range`. `before` is its text before `range`.
    fn find(&self, before: &Opened, range: Range<usize>) -> Option<Range<usize>> {
        let closing = ")".repeat(before.group_count);
        let regex = format!("{}{}{closing}", before.text, self.source(range));
        Some(self.compile(&regex)?.find(self.line)?.range())
    }

    /// Returns a part of the regex as written. `range` is in bytes.
    fn source(&self, range: Range<usize>) -> &str {
        self.regex.get(range).unwrap_or_default()
    }

    /// Compiles a regex with the options of the definition, or returns `None` if that fails.
    fn compile(&self, regex: &str) -> Option<Regex> {
        self.definition.regex_builder(regex).size_limit(REGEX_LIMIT_BYTES).build().ok()
    }
}

/// Whether a repetition must match at least once.
fn at_least_once(kind: &RepetitionKind) -> bool {
    match kind {
        RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore => false,
        RepetitionKind::OneOrMore => true,
        RepetitionKind::Range(
            RepetitionRange::Exactly(least) | RepetitionRange::AtLeast(least) | RepetitionRange::Bounded(least, _),
        ) => *least > 0,
    }
}

/// Returns the end of the first element. If the list starts with several literal characters, returns the end of the last of
/// these, because people read them as one word.
fn literal_end(asts: &[Ast]) -> usize {
    let literal_count = asts.iter().take_while(|ast| matches!(ast, Ast::Literal(_))).count();
    asts.get(literal_count.saturating_sub(1)).map_or(0, |last| bytes(last).end)
}

/// Returns the range of an element in the text of the regex, in bytes.
fn bytes(ast: &Ast) -> Range<usize> {
    ast.span().start.offset..ast.span().end.offset
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn definition(regex: &str) -> Definition {
        Definition::from_expression(1, regex)
    }

    fn shown(regex: &str, line: &str) -> String {
        let definition = definition(regex);
        explain(&definition, line.as_bytes()).unwrap().render(&definition, line.as_bytes(), None)
    }

    #[test]
    fn the_position_where_the_line_stops_matching_is_shown() {
        let expected = r"  rawCallStatus = (?<code>-?\d+)\b
               ^^^ expected ` = `
  2017-02-14T02:57:24.600871Z|0|1412|6452|pfrad|rawCallStatus: 21
                                                -------------^ matched up to here
";
        let line = "2017-02-14T02:57:24.600871Z|0|1412|6452|pfrad|rawCallStatus: 21";
        assert_eq!(shown(r"rawCallStatus = (?<code>-?\d+)\b", line), expected);

        let expected = r"  a(?:b(?<code>c\d))+ user='(?<user>\w+)'
                           ^ expected `'`
  abc7bc9 user=ann
  -------------^ matched up to here
";
        assert_eq!(shown(r"a(?:b(?<code>c\d))+ user='(?<user>\w+)'", "abc7bc9 user=ann"), expected);
    }

    #[test]
    fn a_line_without_even_the_start_of_a_match_is_explained() {
        let expected = r"  (?:Result|Return) code: (?<code>\d+)
  ^^^^^^^^^^^^^^^^^ expected `(?:Result|Return)`
  nil
  nothing in this line starts like that
";
        assert_eq!(shown(r"(?:Result|Return) code: (?<code>\d+)", "nil"), expected);
    }

    #[test]
    fn the_search_continues_inside_groups_repetitions_and_alternations() {
        // The regex, the line, what is matched of the line, and what is expected.
        let cases = [
            (r"x (?<code>no\d)", "x none", "x no", r"\d"),
            (r"x (?:ab)+(?<code>c)", "x ad", "x a", "b"),
            (r"x(?:ab){2}(?<code>c)", "xabac", "xab", "(?:ab){2}"),
            (r"x(?:ab)?(?<code>c)", "xad", "x", "(?<code>c)"),
            (r"(?:ab1|abc2)(?<code>c)", "abcd", "abc", "2"),
            (r"(?i)FOO.*baz(?<code>c)", "foo bar", "foo ba", "z"),
            (
                r"(?x) a b # two
                 (?: c d )(?<code>e)",
                "abce",
                "abc",
                "d",
            ),
            ("a(?<code>b|c)", "ad", "a", "(?<code>b|c)"),
            ("ab|cd", "x", "", "ab|cd"),
        ];
        for (regex, line, matched, expected) in cases {
            let Some(Miss::Regex(progress)) = explain(&definition(regex), line.as_bytes()) else { panic!("{regex}") };
            assert_eq!((&line[progress.matched], &regex[progress.expected]), (matched, expected), "{regex}");
        }
    }

    #[test]
    fn conditions_that_exclude_the_line_are_explained() {
        let mut definition = definition("c=(?<code>2)");
        definition.when = Some("mfa: ".to_owned());
        definition.unless = Some("test".to_owned());
        let rendered = |line: &str| {
            explain(&definition, line.as_bytes()).map(|miss| miss.render(&definition, line.as_bytes(), None))
        };
        let expected = "  mfa c=2
      ^^^ matches here, but counts only if the line also matches `when`:
  mfa: 
     ^^ expected `: `
  mfa c=2
  ---^ matched up to here
";
        assert_eq!(rendered("mfa c=2").as_deref(), Some(expected));
        let expected = "  mfa: c=2 test
           ^^^^ does not count: `unless` matches here
";
        assert_eq!(rendered("mfa: c=2 test").as_deref(), Some(expected));
        assert_eq!(rendered("mfa: c=2"), None);
    }

    #[test]
    fn a_long_line_is_shown_around_the_match() {
        let line = format!("{}c=\t\u{1b}é{}", "x".repeat(1000), "y".repeat(1000));
        let definition = definition("c=.*?é(?<code>2)");
        let expected = format!(
            "  c=.*?é(?<code>2)\n        {carets} expected `(?<code>2)`\n  ...{before}c= \u{fffd}é{after}...\n  {blanks}-----^ matched up to here\n",
            carets = "^^^^^^^^^^",
            before = "x".repeat(SHOWN_COLUMNS),
            after = "y".repeat(SHOWN_COLUMNS),
            blanks = " ".repeat(SHOWN_COLUMNS + 3),
        );
        let shown = explain(&definition, line.as_bytes()).unwrap().render(&definition, line.as_bytes(), None);
        // Without Unicode, `é` in the regex is its two bytes, and the lazy repetition finds them.
        assert_eq!(shown, expected);
    }

    #[test]
    fn carets_are_in_the_right_place_among_wide_characters() {
        let line = "\t日本 c=21";
        let definition = definition("日本 c=(?<code>x)");
        let expected = "  日本 c=(?<code>x)\n         ^^^^^^^^^^ expected `(?<code>x)`\n   日本 c=21\n   -------^ matched up to here\n";
        assert_eq!(explain(&definition, line.as_bytes()).unwrap().render(&definition, line.as_bytes(), None), expected);
    }

    #[test]
    fn excerpts_and_carets_fit_in_a_narrow_terminal() {
        let definition = definition("mfa (?:result|return|answer): (?<code>[0-9][0-9][0-9]) of [a-z]+");
        let line = "2024-05-06 09:12:33 second factor of 日本, mfa answer: x02 of ann";
        let shown = explain(&definition, line.as_bytes()).unwrap().render(&definition, line.as_bytes(), Some(40));
        let expected = "  ...answer): (?<code>[... of [a-z]...
              ^^^^^^^^^^^^
  expected `(?<code>[...`
  ...of 日本, ... answer: x02 of an...
              ------------^
  matched up to here
";
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_nearest_pattern_is_the_one_that_matches_most() {
        let len = |regex: &str| explain(&definition(regex), b"call status 7").map(|miss| miss.matched_len());
        assert_eq!(len("call status: (?<code>7)"), Some("call status".len()));
        assert_eq!(len("call result: (?<code>7)"), Some("call ".len()));
        assert_eq!(len("call status (?<code>7)"), None);
        assert_eq!(len("("), None);
    }

    proptest! {
        #[test]
        fn explaining_never_panics(
            regex in r"(a|b|é|\(\?<code>|\(\?:|\(\?i\)|[()|*+?.^$]|\[ab\]|\{2\}|\\b|\\d){0,16}",
            line in prop_oneof!["[ab0éÉ ]{0,12}".prop_map(String::into_bytes), proptest::collection::vec(any::<u8>(), 0..12)],
        ) {
            let definition = definition(&regex);
            if let Some(miss) = explain(&definition, &line) {
                prop_assert!(!miss.render(&definition, &line, None).is_empty());
                let Miss::Regex(progress) = miss else { panic!("there are no conditions") };
                prop_assert!(progress.matched.end <= line.len());
                prop_assert!(progress.regex_end <= regex.len() && regex.get(progress.expected.clone()).is_some());
            }
        }
    }
}
