//! Explains why a pattern finds nothing in a line: how far into the regex and into the line it gets.
//!
//! The regex is cut after one of its elements. The longest such prefix that still matches somewhere in the line is how far the
//! pattern gets. If the element after it is a group, an alternation or a repetition, the search continues inside it.
//! A prefix is cut from the text of the regex and only its open groups are closed, so that flags and names keep their meaning.
//!
//! This is for explaining a few lines, not for scanning, because it compiles a regex for every prefix that it tries.

use std::iter;
use std::ops::Range;

use regex::bytes::Regex;
use regex_syntax::ast::{self, Ast, RepetitionKind, RepetitionRange};

use super::brackets;
use super::definition::{Definition, Field};
use crate::terminal;

/// How much of a regex or a line is shown before and behind what matters, in characters.
const SHOWN_CHARS: usize = 50;

/// The memory limit of a compiled prefix, in bytes. A larger one counts as not matching.
const REGEX_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// Why a pattern finds nothing in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// The regex does not match.
    Regex(Progress),
    /// The regex matches at this place, but the line does not match `when`.
    When {
        /// The match, in bytes of the line.
        matched: Range<usize>,
        /// How far `when` gets.
        progress: Progress,
    },
    /// The regex matches, but so does `unless`.
    Unless {
        /// The match of `unless`, in bytes of the line.
        matched: Range<usize>,
    },
}

/// How far a regex gets in a line that it does not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where the part of the regex that still matches ends, in bytes of the regex. 0 if not even the first element matches.
    pub regex_end: usize,
    /// What that part matches, in bytes of the line. `0..0` if not even the first element matches.
    pub matched: Range<usize>,
    /// The part of the regex that should match next, in bytes of the regex.
    pub expected: Range<usize>,
}

/// Returns why `definition` finds nothing in `line`; `None` if it does find something or if its regexes are not valid.
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
    match search(Field::Unless) {
        Some(Ok(matched)) => Some(Miss::Unless { matched }),
        _ => None,
    }
}

impl Miss {
    /// Returns how many bytes of the line the regex matches. The pattern with the greatest number is the nearest one.
    #[must_use]
    pub fn matched_len(&self) -> usize {
        match self {
            Miss::Regex(progress) => progress.matched.len(),
            Miss::When { .. } | Miss::Unless { .. } => usize::MAX,
        }
    }

    /// The regex and the line with carets under them, each line of text with its line end.
    #[must_use]
    pub fn render(&self, definition: &Definition, line: &[u8]) -> String {
        let mut shown = String::new();
        match self {
            Miss::Regex(progress) => {
                progress.render(&definition.regex, line, &mut shown);
                if let Some(remedy) = brackets::remedy(&definition.regex, line) {
                    push_line(&mut shown, &remedy);
                }
            }
            Miss::When { matched, progress } => {
                let label = "matches here, but counts only if the line also matches `when`:";
                underline(&mut shown, &Excerpt::new(line, matched), label);
                progress.render(definition.when.as_deref().unwrap_or_default(), line, &mut shown);
            }
            Miss::Unless { matched } => {
                underline(&mut shown, &Excerpt::new(line, matched), "does not count: `unless` matches here");
            }
        }
        shown
    }
}

impl Progress {
    fn render(&self, regex: &str, line: &[u8], shown: &mut String) {
        let expected = regex.get(self.expected.clone()).unwrap_or_default();
        underline(shown, &Excerpt::new(regex.as_bytes(), &self.expected), &format!("expected `{expected}`"));
        let excerpt = Excerpt::new(line, &self.matched);
        if self.regex_end == 0 {
            push_line(shown, &excerpt.text);
            push_line(shown, "nothing in this line starts like that");
        } else {
            let blanks = " ".repeat(excerpt.column_chars);
            let matched = "-".repeat(excerpt.width_chars);
            push_line(shown, &excerpt.text);
            push_line(shown, &format!("{blanks}{matched}^ matched up to here"));
        }
    }
}

fn underline(shown: &mut String, excerpt: &Excerpt, label: &str) {
    let blanks = " ".repeat(excerpt.column_chars);
    let carets = "^".repeat(excerpt.width_chars.max(1));
    push_line(shown, &excerpt.text);
    push_line(shown, &format!("{blanks}{carets} {label}"));
}

fn push_line(shown: &mut String, line: &str) {
    shown.push_str("  ");
    shown.push_str(line);
    shown.push('\n');
}

/// What is around a span, one column wide for each character, and where the span is in it.
struct Excerpt {
    text: String,
    column_chars: usize,
    width_chars: usize,
}

impl Excerpt {
    /// The surroundings of `span`, which is brought inside `text` first.
    fn new(text: &[u8], span: &Range<usize>) -> Excerpt {
        let end = span.end.min(text.len());
        let start = span.start.min(end);
        let before = last_chars(&text[..start]);
        let inside = last_chars(&text[start..end]);
        let after = first_chars(&text[end..]);
        Excerpt {
            column_chars: before.chars().count(),
            width_chars: inside.chars().count(),
            text: format!("{before}{inside}{after}"),
        }
    }
}

/// The end of `bytes`, with an ellipsis where it is cut.
fn last_chars(bytes: &[u8]) -> String {
    // No character has more than four bytes: a long line is not decoded for the little that is shown.
    let tail = &bytes[bytes.len().saturating_sub(SHOWN_CHARS * 4)..];
    let chars = printable(tail);
    if tail.len() == bytes.len() && chars.len() <= SHOWN_CHARS {
        return chars.into_iter().collect();
    }
    let cut = chars.len().saturating_sub(SHOWN_CHARS);
    iter::once('…').chain(chars[cut..].iter().copied()).collect()
}

/// The start of `bytes`, with an ellipsis where it is cut.
fn first_chars(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(SHOWN_CHARS * 4)];
    let chars = printable(head);
    if head.len() == bytes.len() && chars.len() <= SHOWN_CHARS {
        return chars.into_iter().collect();
    }
    chars.into_iter().take(SHOWN_CHARS).chain(iter::once('…')).collect()
}

/// The characters of `bytes`, those that would move the cursor or break the line replaced.
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
    regex: &'a str,
    definition: &'a Definition,
    line: &'a [u8],
}

/// The text of the regex up to some element, with its groups still open.
#[derive(Clone)]
struct Opened {
    text: String,
    group_count: usize,
}

impl Attempt<'_> {
    /// Returns what the regex matches, or how far it gets; `None` if it is not valid or too large.
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

    /// Returns how far the regex gets inside `ast`. `before` is the text of the regex before `ast`, and `so_far` is the
    /// progress up to there; the whole of `ast` does not match.
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
                // Of the branches that take the most of the line, the first one.
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

    /// Returns how far the regex gets in a concatenation, whose last element it does not reach.
    fn descend_concat(&self, asts: &[Ast], before: &Opened, so_far: Progress) -> Progress {
        let Some(first) = asts.first() else { return so_far };
        let start = bytes(first).start;
        let prefix = |count: usize| start..asts[..count].last().map_or(start, |last| bytes(last).end);
        // What matches up to one element also matches up to the element before it, so a binary search finds the last one.
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
        // If not even the first element of a group is reached, the whole group is what is expected.
        if reached > 0 {
            progress.expected = bytes(missing).start..literal_end(&asts[reached..]);
        }
        let text = format!("{}{}", before.text, self.source(prefix(reached)));
        self.descend(missing, &Opened { text, group_count: before.group_count }, progress)
    }

    /// Returns what the regex matches up to the end of `range`; `before` is its text before `range`.
    fn find(&self, before: &Opened, range: Range<usize>) -> Option<Range<usize>> {
        let closing = ")".repeat(before.group_count);
        let regex = format!("{}{}{closing}", before.text, self.source(range));
        Some(self.compile(&regex)?.find(self.line)?.range())
    }

    /// Returns a part of the text of the regex.
    fn source(&self, range: Range<usize>) -> &str {
        self.regex.get(range).unwrap_or_default()
    }

    fn compile(&self, regex: &str) -> Option<Regex> {
        self.definition.regex_builder(regex).size_limit(REGEX_LIMIT_BYTES).build().ok()
    }
}

/// Whether a repetition requires what it repeats.
fn at_least_once(kind: &RepetitionKind) -> bool {
    match kind {
        RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore => false,
        RepetitionKind::OneOrMore => true,
        RepetitionKind::Range(
            RepetitionRange::Exactly(least) | RepetitionRange::AtLeast(least) | RepetitionRange::Bounded(least, _),
        ) => *least > 0,
    }
}

/// Returns the end of the first element or, if the list starts with literal characters, of all of these, because people read
/// them as one word.
fn literal_end(asts: &[Ast]) -> usize {
    let literal_count = asts.iter().take_while(|ast| matches!(ast, Ast::Literal(_))).count();
    asts.get(literal_count.saturating_sub(1)).map_or(0, |last| bytes(last).end)
}

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
        explain(&definition, line.as_bytes()).unwrap().render(&definition, line.as_bytes())
    }

    #[test]
    fn shows_where_the_line_leaves_the_regex() {
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
    fn shows_that_not_even_the_start_is_there() {
        let expected = r"  (?:Result|Return) code: (?<code>\d+)
  ^^^^^^^^^^^^^^^^^ expected `(?:Result|Return)`
  nil
  nothing in this line starts like that
";
        assert_eq!(shown(r"(?:Result|Return) code: (?<code>\d+)", "nil"), expected);
    }

    #[test]
    fn looks_into_groups_repetitions_and_alternations() {
        // Regex, line, what is matched of the line, what is expected.
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
    fn explains_the_conditions() {
        let mut definition = definition("c=(?<code>2)");
        definition.when = Some("mfa: ".to_owned());
        definition.unless = Some("test".to_owned());
        let rendered =
            |line: &str| explain(&definition, line.as_bytes()).map(|miss| miss.render(&definition, line.as_bytes()));
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
            "  c=.*?é(?<code>2)\n        {carets} expected `(?<code>2)`\n  …{before}c= \u{fffd}é{after}…\n  {blanks}-----^ matched up to here\n",
            carets = "^^^^^^^^^^",
            before = "x".repeat(SHOWN_CHARS),
            after = "y".repeat(SHOWN_CHARS),
            blanks = " ".repeat(SHOWN_CHARS + 1),
        );
        let shown = explain(&definition, line.as_bytes()).unwrap().render(&definition, line.as_bytes());
        // With Unicode off, `é` in the regex is its two bytes, and the reluctant repetition finds them.
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_nearest_of_several_is_the_one_that_takes_most() {
        let len = |regex: &str| explain(&definition(regex), b"call status 7").map(|miss| miss.matched_len());
        assert_eq!(len("call status: (?<code>7)"), Some("call status".len()));
        assert_eq!(len("call result: (?<code>7)"), Some("call ".len()));
        assert_eq!(len("call status (?<code>7)"), None);
        assert_eq!(len("("), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(
            regex in r"(a|b|é|\(\?<code>|\(\?:|\(\?i\)|[()|*+?.^$]|\[ab\]|\{2\}|\\b|\\d){0,16}",
            line in prop_oneof!["[ab0éÉ ]{0,12}".prop_map(String::into_bytes), proptest::collection::vec(any::<u8>(), 0..12)],
        ) {
            let definition = definition(&regex);
            if let Some(miss) = explain(&definition, &line) {
                prop_assert!(!miss.render(&definition, &line).is_empty());
                let Miss::Regex(progress) = miss else { panic!("there are no conditions") };
                prop_assert!(progress.matched.end <= line.len());
                prop_assert!(progress.regex_end <= regex.len() && regex.get(progress.expected.clone()).is_some());
            }
        }
    }
}
