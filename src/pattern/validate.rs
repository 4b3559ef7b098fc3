//! Checks the regexes of a definition before anything is compiled, by examining their syntax trees.
//!
//! Invariant: if [`check`] finds no error, then the regex is valid, never matches the empty string, and captures a `code` in
//! every match. The code is empty only if the definition has `empty_is_zero`. A pattern that finds context has no code.
//!
//! Two checks are elsewhere: [`PatternSet::compile`](super::PatternSet::compile) checks that the regex is small enough, and
//! [`examples`](super::examples) checks what it finds.

use std::collections::HashMap;
use std::ops::Range;

use regex_syntax::ast::{self, Ast, CaptureName, GroupKind};
use regex_syntax::hir::translate::TranslatorBuilder;
use regex_syntax::hir::{self, Hir, HirKind};

use super::definition::{Definition, Field};
use super::diagnostic::Diagnostic;
use crate::hit::{Capture, Holds};
use crate::time::forms::Shape;

/// The remedy for a regex without a group for the code.
const HOW_TO_MARK: &str = r"put the part of the regex that finds the code between (?<code> and ), as in (?<code>\d+)";
/// The remedy for a code that may be empty.
const HOW_TO_MEAN_NOTHING: &str =
    "write empty_is_zero = true in the pattern file if an empty code stands for 0, no call result";

/// A parsed regex.
struct Parsed {
    /// The syntax of the regex as written, with the position of each element in the text.
    ast: Ast,
    /// The meaning of the regex, from which the regex engine is built.
    hir: Hir,
}

/// The reason why a regex is not valid.
struct Invalid {
    /// What is wrong with the regex, without a full stop.
    message: String,
    /// The part of the regex that is wrong.
    span: Range<usize>,
    /// An earlier part of the regex with which the wrong part conflicts, such as the first of two groups with the same name.
    other: Option<Range<usize>>,
    /// How to correct the regex, without a full stop.
    remedy: &'static str,
}

/// Returns every error in the regexes of `definition`, in the order of [`Field::ALL`], and then those in its `time_form`.
///
/// # Examples
///
/// ```
/// use callcodes::pattern::{definition::Definition, validate};
///
/// let errors = validate::check(&Definition::from_expression(1, "result [0-9]+"));
/// assert_eq!(errors[0].message(), "pattern `e1` does not say where the code is");
/// ```
#[must_use]
pub fn check(definition: &Definition) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for field in Field::ALL {
        let Some(regex) = definition.field(field) else { continue };
        match parse(regex, definition) {
            Ok(parsed) => match field {
                Field::Regex => found.extend(check_regex(definition, &parsed)),
                Field::Line => found.extend(check_line(definition, &parsed)),
                Field::When | Field::Unless | Field::Sign | Field::Foreign => {}
            },
            Err(reason) => found.push(invalid(definition, field, reason)),
        }
    }
    found.extend(check_time_form(definition));
    found
}

/// Checks that the `time_form` is a valid form of times, and that the regex has a group `time` to which it applies.
fn check_time_form(definition: &Definition) -> Option<Diagnostic> {
    let (name, form) = (&definition.name, definition.time_form.as_ref()?);
    if let Err(error) = Shape::compile(name, form) {
        let message = format!("the `time_form` of pattern `{name}` is not a form of times");
        let diagnostic = Diagnostic::new(message).at(definition.mark_time_form(Some(error.span), ""));
        return Some(diagnostic.remedy(error.message));
    }
    let has_group = ["(?<time>", "(?P<time>"].iter().any(|group| definition.regex.contains(group));
    (!has_group).then(|| {
        Diagnostic::new(format!("pattern `{name}` has a `time_form` and no group `time`"))
            .at(definition.mark_time_form(None, "no text to read"))
            .remedy("put the part of the regex that finds the time between (?<time> and )")
    })
}

/// Returns an error for every definition that never finds a result because an earlier one always matches first: it has the same
/// regex and no further condition. Definitions of different origins are not compared, because users may replace a built-in
/// pattern on purpose.
#[must_use]
pub fn check_order(definitions: &[Definition]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut earlier_by_regex: HashMap<_, Vec<&Definition>> = HashMap::new();
    for definition in definitions {
        let same = (&definition.regex, definition.ignore_case, definition.multiline);
        let earlier_ones = earlier_by_regex.entry(same).or_default();
        let shadowing = earlier_ones.iter().find(|earlier| {
            earlier.origin == definition.origin
                && (earlier.when.is_none() || earlier.when == definition.when)
                && (earlier.unless.is_none() || earlier.unless == definition.unless)
                && earlier.sign.is_none()
                && earlier.foreign.is_none()
        });
        if let Some(earlier) = shadowing {
            found.push(shadowed(definition, earlier));
        }
        earlier_ones.push(definition);
    }
    found
}

/// Returns the error for a definition that never finds a result because `earlier` always matches first.
fn shadowed(definition: &Definition, earlier: &Definition) -> Diagnostic {
    let (name, earlier_name) = (&definition.name, &earlier.name);
    Diagnostic::new(format!("pattern `{name}` never finds a result: `{earlier_name}` comes first with the same regex"))
        .at(definition.mark_field(Field::Regex, None, "the earlier pattern always matches first"))
        .and_at(earlier.mark_field(Field::Regex, None, "the earlier pattern"))
        .remedy("remove one of the two, or give the earlier one a `when` or an `unless`")
}

/// Parses a regex of `definition`, with the options of the definition.
fn parse(regex: &str, definition: &Definition) -> Result<Parsed, Invalid> {
    let ast = ast::parse::Parser::new().parse(regex).map_err(|error| Invalid {
        message: error.kind().to_string(),
        span: bytes(error.span()),
        other: error.auxiliary_span().map(bytes),
        remedy: remedy_for(error.kind()),
    })?;
    let mut translator =
        TranslatorBuilder::new().unicode(false).utf8(false).case_insensitive(definition.ignore_case).build();
    let hir = translator.translate(regex, &ast).map_err(|error| Invalid {
        message: error.kind().to_string(),
        span: bytes(error.span()),
        other: None,
        remedy: match error.kind() {
            hir::ErrorKind::UnicodeNotAllowed => "put (?u) at the start of the regex, which turns Unicode on",
            _ => "use a class such as [A-Za-z] instead",
        },
    })?;
    Ok(Parsed { ast, hir })
}

/// Returns the remedy for a syntax error in a regex.
fn remedy_for(kind: &ast::ErrorKind) -> &'static str {
    use ast::ErrorKind;
    match kind {
        ErrorKind::GroupUnclosed => r"add the missing ), or write \( if a parenthesis is meant",
        ErrorKind::GroupUnopened => r"add the missing (, or write \) if a parenthesis is meant",
        ErrorKind::ClassUnclosed => r"add the missing ], or write \[ if a bracket is meant",
        ErrorKind::RepetitionMissing => r"put a backslash before * + or ? if the character itself is meant",
        ErrorKind::RepetitionCountUnclosed | ErrorKind::RepetitionCountDecimalEmpty => {
            r"write \{ if a brace is meant, or a count such as {2,5}"
        }
        ErrorKind::EscapeUnrecognized | ErrorKind::ClassEscapeInvalid => {
            r"leave out the backslash, or double it if a backslash is meant: \\"
        }
        ErrorKind::EscapeUnexpectedEof => r"write \\ if a backslash is meant",
        ErrorKind::UnsupportedLookAround => "use `when` and `unless` for what else the line must or must not contain",
        ErrorKind::UnsupportedBackreference => "write the text out instead",
        ErrorKind::GroupNameDuplicate { .. } => "use each group name only once, and put alternatives inside the group",
        _ => "the syntax is described at https://docs.rs/regex/latest/regex/#syntax",
    }
}

/// Returns the error for a regex that is not valid, with carets under the wrong part.
fn invalid(definition: &Definition, field: Field, reason: Invalid) -> Diagnostic {
    let name = field.name();
    let diagnostic = Diagnostic::new(format!("the `{name}` of pattern `{}` is not a valid regex", definition.name))
        .at(definition.mark_field(field, Some(reason.span), reason.message))
        .remedy(reason.remedy);
    match reason.other {
        Some(other) => diagnostic.and_at(definition.mark_field(field, Some(other), "the first one")),
        None => diagnostic,
    }
}

/// Returns the errors in a `regex` with valid syntax: unknown groups, a missing or empty code, and a regex that can match the
/// empty string or can never match.
fn check_regex(definition: &Definition, parsed: &Parsed) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut groups = Vec::new();
    collect_groups(&parsed.ast, &mut groups);
    let is_context = definition.role.is_context();
    let names = Capture::ALL.into_iter().filter(|capture| !is_context || capture.holds() != Holds::Result);
    found.extend(check_names(definition, Field::Regex, &groups, names));
    if !is_context {
        found.extend(check_code(definition, parsed, &groups));
    }
    found.extend(check_length(definition, parsed));
    found
}

/// Checks that every match captures a code, and that the code is not empty unless the definition has `empty_is_zero`.
fn check_code(definition: &Definition, parsed: &Parsed, groups: &[&ast::Group]) -> Option<Diagnostic> {
    let name = &definition.name;
    let code = group_of(&parsed.hir, Capture::Code);
    // The carets are under the name of the group, or under the whole group if it has no name.
    let place = code.and_then(|code| groups.iter().find(|group| group.capture_index() == Some(code.index)));
    let place = place.map(|group| bytes(name_of(group).map_or(&group.span, |name| &name.span)));
    match code {
        None => Some(
            Diagnostic::new(format!("pattern `{name}` does not say where the code is"))
                .at(definition.mark_field(Field::Regex, None, "no group `code` in this regex"))
                .remedy(HOW_TO_MARK),
        ),
        Some(code) if !always_captures(&parsed.hir, code.index) => Some(
            Diagnostic::new(format!("pattern `{name}` can match without a `code`"))
                .at(definition.mark_field(Field::Regex, place, "this group can be left out"))
                .remedy(format!("put the ? * or | inside the group, and {HOW_TO_MEAN_NOTHING}")),
        ),
        Some(code) if is_unexpectedly_empty(definition, parsed, code) => Some(
            Diagnostic::new(format!("pattern `{name}` can give an empty `code`"))
                .at(definition.mark_field(Field::Regex, place, "this group can be empty"))
                .remedy(format!(
                    "write + instead of *, with no ? after it where the regex ends; or {HOW_TO_MEAN_NOTHING}"
                )),
        ),
        Some(_) => None,
    }
}

/// Checks the groups of the regex `line`, whose syntax is valid.
fn check_line(definition: &Definition, parsed: &Parsed) -> Vec<Diagnostic> {
    let mut groups = Vec::new();
    collect_groups(&parsed.ast, &mut groups);
    let names = Capture::ALL.into_iter().filter(|capture| matches!(capture.holds(), Holds::Words | Holds::Writer));
    check_names(definition, Field::Line, &groups, names)
}

/// Returns an error for every named group that is not one of `captures`.
fn check_names(
    definition: &Definition,
    field: Field,
    groups: &[&ast::Group],
    captures: impl Iterator<Item = Capture>,
) -> Vec<Diagnostic> {
    let names: Vec<&str> = captures.map(Capture::name).collect();
    let unknown = groups.iter().filter_map(|group| name_of(group)).filter(|group| !names.contains(&&*group.name));
    let error = |group: &CaptureName| {
        Diagnostic::new(format!("pattern `{}` has an unknown group `{}`", definition.name, group.name))
            .at(definition.mark_field(field, Some(bytes(&group.span)), "no group has this name"))
            .remedy(format!("the groups are {}; use (?: and ) where no name is needed", names.join(", ")))
    };
    unknown.map(error).collect()
}

/// Checks that a `regex` with valid syntax can match, and does not match the empty string.
fn check_length(definition: &Definition, parsed: &Parsed) -> Option<Diagnostic> {
    let name = &definition.name;
    match parsed.hir.properties().minimum_len() {
        Some(0) => Some(
            Diagnostic::new(format!("pattern `{name}` can match empty text, and so it matches everywhere"))
                .at(definition.mark_field(Field::Regex, None, "every part of this regex can be empty"))
                .remedy("add text that is always before the code, or write + instead of *"),
        ),
        None => Some(
            Diagnostic::new(format!("pattern `{name}` can never match"))
                .at(definition.mark_field(Field::Regex, None, "no text fits this regex"))
                .remedy("remove the empty class, such as [a&&b]"),
        ),
        Some(_) => None,
    }
}

/// Whether the group for the code can be empty although `empty_is_zero` is not set. Returns `false` if the whole regex can match
/// the empty string, because that is a separate error.
fn is_unexpectedly_empty(definition: &Definition, parsed: &Parsed, code: &hir::Capture) -> bool {
    let can_be_empty = |hir: &Hir| hir.properties().minimum_len() == Some(0);
    !definition.empty_is_zero && can_be_empty(&code.sub) && !can_be_empty(&parsed.hir)
}

/// Returns the group for a capture: the group with its name or, for the code, the only group without a name.
pub(super) fn group_of(hir: &Hir, capture: Capture) -> Option<&hir::Capture> {
    let mut groups = Vec::new();
    collect_captures(hir, &mut groups);
    let mut nameless = groups.iter().filter(|group| group.name.is_none() && capture == Capture::Code);
    let only = nameless.next().filter(|_| nameless.next().is_none());
    groups.iter().find(|group| group.name.as_deref() == Some(capture.name())).or(only).copied()
}

/// Appends all capture groups in `hir`, in the order of their indexes.
fn collect_captures<'h>(hir: &'h Hir, groups: &mut Vec<&'h hir::Capture>) {
    if let HirKind::Capture(capture) = hir.kind() {
        groups.push(capture);
    }
    hir.kind().subs().iter().for_each(|sub| collect_captures(sub, groups));
}

/// Whether the group with this index takes part in every match.
fn always_captures(hir: &Hir, index: u32) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
        HirKind::Repetition(repetition) => repetition.min > 0 && always_captures(&repetition.sub, index),
        HirKind::Capture(capture) => capture.index == index || always_captures(&capture.sub, index),
        HirKind::Concat(parts) => parts.iter().any(|part| always_captures(part, index)),
        HirKind::Alternation(branches) => branches.iter().all(|branch| always_captures(branch, index)),
    }
}

/// Appends all groups in `ast`, from left to right. Recursion is limited, because the parser limits nesting.
fn collect_groups<'a>(ast: &'a Ast, groups: &mut Vec<&'a ast::Group>) {
    match ast {
        Ast::Group(group) => {
            groups.push(group);
            collect_groups(&group.ast, groups);
        }
        Ast::Repetition(repetition) => collect_groups(&repetition.ast, groups),
        Ast::Alternation(alternation) => alternation.asts.iter().for_each(|ast| collect_groups(ast, groups)),
        Ast::Concat(concat) => concat.asts.iter().for_each(|ast| collect_groups(ast, groups)),
        _ => {}
    }
}

/// Returns the name of a regex group, if it has one.
fn name_of(group: &ast::Group) -> Option<&CaptureName> {
    if let GroupKind::CaptureName { name, .. } = &group.kind { Some(name) } else { None }
}

/// Returns the byte range of a part of the regex.
fn bytes(span: &ast::Span) -> Range<usize> {
    span.start.offset..span.end.offset
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::definition::Origin;
    use super::super::file::parse as parse_file;
    use super::*;

    fn errors(text: &str) -> String {
        let definitions = parse_file(text, &Origin::File("own.toml".into())).unwrap();
        let found: Vec<Diagnostic> = definitions.iter().flat_map(check).chain(check_order(&definitions)).collect();
        found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    /// Returns the errors for a regex that is written between triple quotes.
    fn of_regex(regex: &str) -> String {
        errors(&format!("[[pattern]]\nname = 'own'\nregex = '''{regex}'''\n"))
    }

    #[test]
    fn valid_regexes_give_no_error() {
        let sound = [
            r"code (?<code>\d+)",
            r"code (?P<code>\d+)",
            r"(?:a|b) (?:(?<code>\d+))+",
            r"code (\d+) (?<user>\w*)",
            r"(?u)é (?<code>\d+)(?<text>a)(?<user>a)(?<outcome>a)(?<host>a)(?<address>a)(?<time>a)",
            r"é(?-u)\xff(?<code>.)",
        ];
        for regex in sound {
            assert_eq!(of_regex(regex), "", "{regex}");
        }
    }

    #[test]
    fn an_invalid_regex_is_reported() {
        let expected = r"error: the `regex` of pattern `own` is not a valid regex
 --> own.toml:3:17
  |
3 | regex = '''code=(?<code>\d+'''
  |                 ^ unclosed group
  |
  = help: add the missing ), or write \( if a parenthesis is meant";
        assert_eq!(of_regex(r"code=(?<code>\d+"), expected);

        let expected = r"error: the `regex` of pattern `own` is not a valid regex
 --> own.toml:3:26
  |
3 | regex = '''(?<code>a)|(?<code>b)'''
  |               ----       ^^^^ duplicate capture group name
  |               |
  |               the first one
  |
  = help: use each group name only once, and put alternatives inside the group";
        assert_eq!(of_regex("(?<code>a)|(?<code>b)"), expected);

        let expected = r"error: the `regex` of pattern `own` is not a valid regex
 --> own.toml:3:13
  |
3 | regex = '''[é](?<code>b)'''
  |             ^ Unicode not allowed here
  |
  = help: put (?u) at the start of the regex, which turns Unicode on";
        assert_eq!(of_regex("[é](?<code>b)"), expected);
    }

    #[test]
    fn an_invalid_form_of_times_is_reported() {
        let with = |regex: &str, form: &str| {
            errors(&format!("[[pattern]]\nname = 'own'\nregex = '{regex}'\ntime_form = '{form}'\n"))
        };
        assert_eq!(with("(?<time>.*) (?<code>a)", "%d.%m.%Y %H:%M"), "");
        let expected = "\
error: the `time_form` of pattern `own` is not a form of times
 --> own.toml:4:23
  |
4 | time_form = '%d.%m.%Y %Q'
  |                       ^^
  |
  = help: there is no `%Q`. Write %Y %m %d for a date, %H %M %S for a clock time, %b for the name of a month, %.f for a fraction, \
%p for AM or PM, %Z for a zone, and %% for a percent sign";
        assert_eq!(with("(?<time>.*) (?<code>a)", "%d.%m.%Y %Q"), expected);
        let expected = "\
error: pattern `own` has a `time_form` and no group `time`
 --> own.toml:4:13
  |
4 | time_form = '%H:%M'
  |             ^^^^^^^ no text to read
  |
  = help: put the part of the regex that finds the time between (?<time> and )";
        assert_eq!(with("(?<code>a)", "%H:%M"), expected);
    }

    #[test]
    fn an_invalid_condition_is_reported() {
        let expected = r"error: the `when` of pattern `own` is not a valid regex
 --> own.toml:4:9
  |
4 | when = '*a'
  |         ^ repetition operator missing expression
  |
  = help: put a backslash before * + or ? if the character itself is meant
error: the `unless` of pattern `own` is not a valid regex
 --> own.toml:5:11
  |
5 | unless = '[a'
  |           ^ unclosed character class
  |
  = help: add the missing ], or write \[ if a bracket is meant";
        let text = "[[pattern]]\nname = 'own'\nregex = 'x(?<code>b)'\nwhen = '*a'\nunless = '[a'\n";
        assert_eq!(errors(text), expected);
    }

    #[test]
    fn an_invalid_regex_with_escapes_is_marked_as_a_whole() {
        let expected = r#"error: the `regex` of pattern `own` is not a valid regex
 --> own.toml:3:9
  |
3 | regex = "\\d(?<code>"
  |         ^^^^^^^^^^^^^ unclosed group
  |
  = help: add the missing ), or write \( if a parenthesis is meant"#;
        assert_eq!(errors("[[pattern]]\nname = 'own'\nregex = \"\\\\d(?<code>\"\n"), expected);
    }

    #[test]
    fn every_common_mistake_has_its_own_remedy() {
        let cases = [
            ("a)(?<code>b)", "unopened group", r"add the missing (, or write \) if a parenthesis is meant"),
            (
                "a{(?<code>b)",
                "repetition quantifier expects a valid decimal",
                r"write \{ if a brace is meant, or a count such as {2,5}",
            ),
            (
                r"\y(?<code>b)",
                "unrecognized escape sequence",
                r"leave out the backslash, or double it if a backslash is meant: \\",
            ),
            (
                r"(?<code>b)\",
                "incomplete escape sequence, reached end of pattern prematurely",
                r"write \\ if a backslash is meant",
            ),
            (
                "(?=a)(?<code>b)",
                "look-around, including look-ahead and look-behind, is not supported",
                "use `when` and `unless` for what else the line must or must not contain",
            ),
            (r"(a)\1(?<code>b)", "backreferences are not supported", "write the text out instead"),
            (
                "(?q)(?<code>b)",
                "unrecognized flag",
                "the syntax is described at https://docs.rs/regex/latest/regex/#syntax",
            ),
            (r"(?u)\p{Nil}(?<code>b)", "Unicode property not found", "use a class such as [A-Za-z] instead"),
        ];
        for (regex, label, remedy) in cases {
            let shown = of_regex(regex);
            assert!(shown.contains(&format!("^ {label}\n")), "{shown}");
            assert!(shown.ends_with(&format!("  = help: {remedy}")), "{shown}");
        }
    }

    #[test]
    fn a_regex_from_the_command_line_is_shown_as_given() {
        let expected = r"error: pattern `e1` does not say where the code is
 --> -e:1:1
  |
1 | code=\d+
  | ^^^^^^^^ no group `code` in this regex
  |
  = help: put the part of the regex that finds the code between (?<code> and ), as in (?<code>\d+)";
        let [diagnostic] = &check(&Definition::from_expression(1, r"code=\d+"))[..] else { panic!() };
        assert_eq!(diagnostic.to_string(), expected);
    }

    #[test]
    fn an_unknown_group_and_a_missing_code_are_reported() {
        let expected = r"error: pattern `own` has an unknown group `kode`
 --> own.toml:3:16
  |
3 | regex = '''x(?<kode>\d+)'''
  |                ^^^^ no group has this name
  |
  = help: the groups are code, text, user, outcome, host, address, time, process, thread; use (?: and ) where no name is needed
error: pattern `own` does not say where the code is
 --> own.toml:3:9
  |
3 | regex = '''x(?<kode>\d+)'''
  |         ^^^^^^^^^^^^^^^^^^^ no group `code` in this regex
  |
  = help: put the part of the regex that finds the code between (?<code> and ), as in (?<code>\d+)";
        assert_eq!(of_regex(r"x(?<kode>\d+)"), expected);
    }

    #[test]
    fn a_code_that_can_be_left_out_is_an_error() {
        let expected = r"error: pattern `own` can match without a `code`
 --> own.toml:3:16
  |
3 | regex = '''x(?<code>\d+)?'''
  |                ^^^^ this group can be left out
  |
  = help: put the ? * or | inside the group, and write empty_is_zero = true in the pattern file if an empty code stands for 0, no call result";
        assert_eq!(of_regex(r"x(?<code>\d+)?"), expected);
        assert!(of_regex("x(?<code>a)|y").starts_with("error: pattern `own` can match without a `code`"));
        assert!(of_regex("x(?:y(?<code>a))*").starts_with("error: pattern `own` can match without a `code`"));
    }

    #[test]
    fn a_code_that_can_be_empty_is_an_error() {
        let expected = r"error: pattern `own` can give an empty `code`
 --> own.toml:3:20
  |
3 | regex = '''code=(?<code>.*?)'''
  |                    ^^^^ this group can be empty
  |
  = help: write + instead of *, with no ? after it where the regex ends; or write empty_is_zero = true in the pattern file if an empty code stands for 0, no call result";
        assert_eq!(of_regex("code=(?<code>.*?)"), expected);
        for regex in
            ["x(?<code>)", r"x(?<code>\d*)y", "x(?<code>a|)", r"x(?<code>\b)", r"x(?:(?<code>\d*)y)+", r"x(\d?)"]
        {
            assert!(of_regex(regex).starts_with("error: pattern `own` can give an empty `code`\n"), "{regex}");
            let text = format!("[[pattern]]\nname = 'own'\nregex = '''{regex}'''\nempty_is_zero = true\n");
            assert_eq!(errors(&text), "", "{regex}");
        }
    }

    #[test]
    fn the_only_group_without_a_name_is_the_code() {
        for regex in [r"code (\d+)", r"(?<user>\w+): (?:code|result) (\d+)", r"(?<code>\d+) (a)(b)"] {
            assert_eq!(of_regex(regex), "", "{regex}");
        }
        let several = of_regex(r"(code|result) (\d+)");
        assert!(several.starts_with("error: pattern `own` does not say where the code is\n"), "{several}");
        let left_out = of_regex(r"code(=\d+)?");
        assert!(left_out.contains("\n  |                ^^^^^^ this group can be left out\n"), "{left_out}");
    }

    #[test]
    fn a_regex_that_matches_everywhere_or_nowhere_is_an_error() {
        let expected = r"error: pattern `own` can match empty text, and so it matches everywhere
 --> own.toml:3:9
  |
3 | regex = '''(?<code>\d*)'''
  |         ^^^^^^^^^^^^^^^^^^ every part of this regex can be empty
  |
  = help: add text that is always before the code, or write + instead of *";
        assert_eq!(of_regex(r"(?<code>\d*)"), expected);

        let expected = r"error: pattern `own` can never match
 --> own.toml:3:9
  |
3 | regex = '''[a&&b](?<code>b)'''
  |         ^^^^^^^^^^^^^^^^^^^^^^ no text fits this regex
  |
  = help: remove the empty class, such as [a&&b]";
        assert_eq!(of_regex("[a&&b](?<code>b)"), expected);
    }

    #[test]
    fn the_same_regex_twice_is_an_error() {
        let pattern = |name: &str, rest: &str| format!("[[pattern]]\nname = '{name}'\nregex = 'x(?<code>b)'\n{rest}");
        let expected = r"error: pattern `b` never finds a result: `a` comes first with the same regex
 --> own.toml:6:9
  |
3 | regex = 'x(?<code>b)'
  |         ------------- the earlier pattern
...
6 | regex = 'x(?<code>b)'
  |         ^^^^^^^^^^^^^ the earlier pattern always matches first
  |
  = help: remove one of the two, or give the earlier one a `when` or an `unless`";
        assert_eq!(errors(&(pattern("a", "") + &pattern("b", ""))), expected);
        assert_eq!(errors(&(pattern("a", "when = 'y'\n") + &pattern("b", ""))), "");
        assert_eq!(errors(&(pattern("a", "unless = 'y'\n") + &pattern("b", "when = 'y'\n"))), "");
        assert_eq!(errors(&(pattern("a", "") + &pattern("b", "ignore_case = true\n"))), "");
        let same = errors(&(pattern("a", "when = 'y'\n") + &pattern("b", "when = 'y'\nunless = 'z'\n")));
        assert!(same.starts_with("error: pattern `b` never finds a result"), "{same}");
    }

    #[test]
    fn a_pattern_may_have_the_same_regex_as_one_of_another_origin() {
        let text = "[[pattern]]\nname = 'own'\nregex = 'x(?<code>b)'\n";
        let mut definitions = parse_file(text, &Origin::File("own.toml".into())).unwrap();
        definitions.extend(parse_file(&text.replace("own", "other"), &Origin::BuiltIn).unwrap());
        assert!(check_order(&definitions).is_empty());
    }

    proptest! {
        #[test]
        fn no_regex_causes_a_panic(
            regex in prop_oneof!["(?s).{0,40}", r"(\(\?<code>|\(\?|[()\[\]{}|*+?.\\^$a-cé0-9,&-]|\\[dwbxpu]){0,30}"],
        ) {
            let mut definition = Definition::from_expression(1, &regex);
            definition.when = Some(regex);
            for diagnostic in check(&definition) {
                prop_assert!(diagnostic.to_string().starts_with("error: "));
            }
        }
    }
}
