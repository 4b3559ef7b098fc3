//! Checks that every pattern finds the expected result in each of its examples, and nothing in its counter-examples.
//!
//! * An example is searched with all patterns, like a line of a log. Its own pattern must find exactly one result in it. A
//!   pattern of another origin may match instead, because a user's pattern may be meant to replace a built-in one. Then the
//!   example is checked with its own pattern alone.
//! * The example of a pattern that finds context is a whole sign-in. Its lines are joined, and the expected values are those of
//!   the sign-in.
//! * A counter-example is always checked with its own pattern alone.
//!
//! The search and the catalogue are passed in as functions, so that these rules can be tested without either.

use crate::attempt::{Attempt, Outcome};
use crate::code::{Code, Key};
use crate::hit::{Capture, Captures};

use super::brackets;
use super::definition::{Definition, Example, ExpectedCapture, ExpectedCode, Origin, Role};
use super::diagnostic::Diagnostic;

/// A result found in an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The index of the pattern that found the result.
    pub pattern: usize,
    /// The code or name under which the result is counted.
    pub key: Key,
    /// The values of the capture groups.
    pub captures: Captures<String>,
}

/// A function that joins the lines of a text and returns the sign-ins in it. It gets the origin of the pattern whose example the
/// text is.
pub type Join<'j> = &'j dyn Fn(&[u8], &Origin) -> Vec<Attempt<String, Key>>;

/// What the check of one example found.
enum Verdict {
    /// The pattern finds the result that the example expects.
    Passes,
    /// Another pattern of the same origin finds the result first. Contains the index of that pattern.
    TakenBy(usize),
    /// The pattern finds nothing, or something else than the example expects.
    Wrong(Diagnostic),
}

/// Checks all examples and counter-examples of `definitions`, and returns an error for each one that fails.
///
/// `find` returns the results in a line, in order. If it gets an index, it searches for that pattern only, and otherwise for all
/// patterns. An example of a `multiline` pattern may contain line ends. `resolve` converts a code as written in a log, such as
/// `102` or `CONFIG_ISSUE`, to the code or name under which it is counted.
#[must_use]
pub fn check(
    definitions: &[Definition],
    resolve: &dyn Fn(&Definition, &[u8]) -> Key,
    find: impl FnMut(&[u8], Option<usize>) -> Vec<Found>,
    join: Join<'_>,
) -> Vec<Diagnostic> {
    let mut checker = Checker { definitions, resolve, find, join };
    let mut found = Vec::new();
    for index in 0..definitions.len() {
        checker.check_examples(index, &mut found);
        checker.check_counter_examples(index, &mut found);
    }
    found
}

/// The arguments of [`check`].
struct Checker<'c, F> {
    definitions: &'c [Definition],
    resolve: &'c dyn Fn(&Definition, &[u8]) -> Key,
    find: F,
    join: Join<'c>,
}

impl<F: FnMut(&[u8], Option<usize>) -> Vec<Found>> Checker<'_, F> {
    /// Checks the examples of the pattern with this index, and appends an error to `found` for each one that fails.
    fn check_examples(&mut self, index: usize, found: &mut Vec<Diagnostic>) {
        let definition = &self.definitions[index];
        let verdicts: Vec<Verdict> =
            definition.examples.iter().map(|example| self.judge(index, definition, example)).collect();
        let mut takers = verdicts.iter().map(|verdict| match verdict {
            Verdict::TakenBy(taker) if *taker < index => Some(*taker),
            _ => None,
        });
        // If earlier patterns match all examples, one error about the order is more helpful than one for each example.
        if let Some(Some(first)) = takers.next()
            && takers.all(|taker| taker.is_some())
        {
            found.push(always_taken(definition, &self.definitions[first]));
            return;
        }
        for (verdict, example) in verdicts.into_iter().zip(&definition.examples) {
            match verdict {
                Verdict::Passes => {}
                Verdict::TakenBy(taker) => {
                    let order = if taker < index { "which comes first" } else { "whose match starts further left" };
                    found.push(taken(definition, example, &self.definitions[taker], order));
                }
                Verdict::Wrong(diagnostic) => found.push(diagnostic),
            }
        }
    }

    /// Checks one example of the pattern with this index.
    fn judge(&mut self, index: usize, definition: &Definition, example: &Example) -> Verdict {
        let line = example.line.as_bytes();
        if definition.role.is_context() {
            // The project's tests check the built-in examples. The user's patterns may take the results that these need.
            let is_built_in = |other: &Definition| other.origin == Origin::BuiltIn;
            if is_built_in(definition) && !self.definitions.iter().all(is_built_in) {
                return Verdict::Passes;
            }
            if (self.find)(line, Some(index)).is_empty() {
                return Verdict::Wrong(no_match(definition, example));
            }
            return self.judge_sign_in(definition, example).map_or(Verdict::Passes, Verdict::Wrong);
        }
        let mut all = (self.find)(line, None);
        if all.iter().all(|found| found.pattern != index) {
            let alone = (self.find)(line, Some(index));
            if alone.is_empty() {
                return Verdict::Wrong(no_match(definition, example));
            }
            let origin_of = |found: &Found| self.definitions.get(found.pattern).map(|other| &other.origin);
            let same_origin = |found: &&Found| origin_of(found) == Some(&definition.origin);
            // If a pattern of another origin takes a part of the example, that may be why another one of this origin takes the rest.
            if let Some(taker) = all.first().filter(|_| all.iter().all(|found| same_origin(&found))) {
                return Verdict::TakenBy(taker.pattern);
            }
            all = alone;
        }
        let own: Vec<&Found> = all.iter().filter(|found| found.pattern == index).collect();
        let [found] = own[..] else {
            return Verdict::Wrong(several(definition, example, own.len()));
        };
        let expected = self.expected(definition, example);
        if found.key != expected {
            return Verdict::Wrong(other_code(definition, example, &found.key, &expected));
        }
        other_capture(definition, example, found).map_or(Verdict::Passes, Verdict::Wrong)
    }

    /// Checks the result and the values of a sign-in that is joined from the lines of an example.
    fn judge_sign_in(&self, definition: &Definition, example: &Example) -> Option<Diagnostic> {
        let joined = (self.join)(example.line.as_bytes(), &definition.origin);
        let with_result: Vec<_> =
            joined.iter().filter_map(|attempt| Some((&attempt.said, attempt.result.as_ref()?))).collect();
        let [(said, key)] = with_result[..] else {
            return Some(several(definition, example, with_result.len()));
        };
        let expected = self.expected(definition, example);
        if *key != expected {
            return Some(other_code(definition, example, key, &expected));
        }
        let text = |capture| match capture {
            Capture::User => said.user.clone(),
            Capture::Host => said.host.clone(),
            Capture::Address => said.address.clone(),
            _ => None,
        };
        let found = Found { pattern: 0, key: key.clone(), captures: Captures::new(text) };
        let is_outcome = |expected: &&ExpectedCapture| expected.capture == Capture::Outcome;
        if let Some(outcome) = example.captures.iter().find(is_outcome)
            && Outcome::read(outcome.value.as_bytes()) != said.outcome
        {
            return Some(wrong_capture(definition, outcome, said.outcome.map(Outcome::name)));
        }
        let comparable = |capture| matches!(capture, Capture::User | Capture::Host | Capture::Address);
        let example = Example {
            captures: example.captures.iter().filter(|one| comparable(one.capture)).cloned().collect(),
            ..example.clone()
        };
        other_capture(definition, &example, &found)
    }

    /// Returns the result that an example expects.
    fn expected(&self, definition: &Definition, example: &Example) -> Key {
        match &example.code {
            ExpectedCode::Number(number) => Key::Code(Code(*number)),
            ExpectedCode::Written(written) => (self.resolve)(definition, written.as_bytes()),
        }
    }

    /// Checks that the pattern with this index finds nothing in its counter-examples.
    fn check_counter_examples(&mut self, index: usize, found: &mut Vec<Diagnostic>) {
        let definition = &self.definitions[index];
        for example in &definition.counter_examples {
            let Some(first) = (self.find)(example.line.as_bytes(), Some(index)).into_iter().next() else { continue };
            let label = match definition.role {
                Role::Result => format!("gives {}", named(&first.key)),
                Role::Begins | Role::Belongs => "the regex matches this line".to_owned(),
            };
            found.push(
                Diagnostic::new(format!("pattern `{}` matches its counter-example", definition.name))
                    .at(definition.mark_place(&example.line_place, None, label))
                    .remedy("make the regex narrower, or add an `unless` that this line matches"),
            );
        }
    }
}

/// Returns the error for an example in which the pattern finds nothing. The remedy mentions brackets and conditions if they may
/// be the cause.
fn no_match(definition: &Definition, example: &Example) -> Diagnostic {
    let remedy = match (&definition.when, &definition.unless) {
        (None, None) => "correct the regex or the line",
        _ => "correct the regex or the line, and check whether `when` or `unless` excludes the line",
    };
    let brackets = brackets::remedy(&definition.regex, example.line.as_bytes());
    let brackets = brackets.map_or_else(String::new, |remedy| format!("{remedy}; "));
    Diagnostic::new(format!("an example of pattern `{}` does not match", definition.name))
        .at(definition.mark_place(&example.line_place, None, "the pattern finds nothing in this line"))
        .remedy(format!("{brackets}{remedy}; `callcodes patterns test` shows how far the regex gets"))
}

/// Returns the error for a pattern whose examples are all matched by earlier patterns first.
fn always_taken(definition: &Definition, earlier: &Definition) -> Diagnostic {
    let name = &definition.name;
    Diagnostic::new(format!("pattern `{name}` gets none of its examples: earlier patterns take them all"))
        .at(definition.mark_name("the pattern that gets nothing"))
        .and_at(earlier.mark_name("takes the first example"))
        .remedy("put the narrower pattern first, or remove the one that is not needed")
}

/// Returns the error for an example that the pattern `taker` matches first. `order` is the reason why it is first.
fn taken(definition: &Definition, example: &Example, taker: &Definition, order: &str) -> Diagnostic {
    let (name, other) = (&definition.name, &taker.name);
    Diagnostic::new(format!("an example of pattern `{name}` is taken by pattern `{other}`, {order}"))
        .at(definition.mark_place(&example.line_place, None, format!("counts as a result of `{other}`")))
        .and_at(taker.mark_name("the pattern that takes it"))
        .remedy(format!("make `{other}` narrower, or put the narrower pattern first"))
}

/// Returns the error for an example in which the pattern finds no result or several.
fn several(definition: &Definition, example: &Example, count: usize) -> Diagnostic {
    Diagnostic::new(format!("pattern `{}` finds {count} results in its example", definition.name))
        .at(definition.mark_place(&example.line_place, None, "one result is expected in this line"))
        .remedy("make the regex match everything that belongs to one result, or keep only one result in the line")
}

/// Returns the error for an example in which the pattern finds another result than expected.
fn other_code(definition: &Definition, example: &Example, found: &Key, expected: &Key) -> Diagnostic {
    let (found, expected) = (named(found), named(expected));
    Diagnostic::new(format!("an example of pattern `{}` gives {found}, not {expected}", definition.name))
        .at(definition.mark_place(&example.code_place, None, format!("expects {expected}")))
        .remedy("correct the group `code` in the regex, or `code` in the example")
}

/// Returns an error for the first group that does not capture the expected text, if there is one.
fn other_capture(definition: &Definition, example: &Example, found: &Found) -> Option<Diagnostic> {
    let captured = |expected: &ExpectedCapture| found.captures[expected.capture].as_deref();
    let wrong = example.captures.iter().find(|expected| captured(expected) != Some(&*expected.value))?;
    Some(wrong_capture(definition, wrong, captured(wrong)))
}

/// Returns the error for a group that does not capture the text that the example expects.
fn wrong_capture(definition: &Definition, wrong: &ExpectedCapture, captured: Option<&str>) -> Diagnostic {
    let group = wrong.capture.name();
    let captured = match captured {
        Some(value) => format!("captures {group} `{value}`"),
        None => format!("captures no {group}"),
    };
    Diagnostic::new(format!("an example of pattern `{}` {captured}", definition.name))
        .at(definition.mark_place(&wrong.place, None, format!("expects `{}`", wrong.value)))
        .remedy(format!("correct the group `{group}` in the regex, or `{group}` in the example"))
}

/// Returns a result in words, such as `code 102`.
fn named(key: &Key) -> String {
    match key {
        Key::Code(code) => format!("code {code}"),
        Key::Name(name) => format!("`{name}`"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use regex::bytes;

    use super::super::file::parse;
    use super::*;

    /// A simple `resolve` for [`check`]: numbers become codes, and everything else becomes names.
    pub(in super::super) fn resolve(written: &[u8]) -> Key {
        let text = String::from_utf8_lossy(written);
        text.parse().map_or_else(|_| Key::Name(text.to_uppercase().into()), |number| Key::Code(Code(number)))
    }

    /// A slow but simple `find` for [`check`]. The leftmost match wins, and of matches at the same position the earlier pattern.
    pub(in super::super) fn find(definitions: &[Definition], line: &[u8], only: Option<usize>) -> Vec<Found> {
        let regex = |text: &str, definition: &Definition| definition.regex_builder(text).build().unwrap();
        let eligible = |definition: &Definition| {
            definition.when.as_ref().is_none_or(|when| regex(when, definition).is_match(line))
                && definition.unless.as_ref().is_none_or(|unless| !regex(unless, definition).is_match(line))
        };
        let mut results = Vec::new();
        let mut at = 0;
        loop {
            let candidates = definitions
                .iter()
                .enumerate()
                .filter(|(index, definition)| only.is_none_or(|only| only == *index) && eligible(definition));
            let matches = candidates.filter_map(|(index, definition)| {
                let captures = regex(&definition.regex, definition).captures_at(line, at)?;
                Some((captures.get(0)?.range(), index, found(index, &captures)))
            });
            let Some((range, _, result)) = matches.min_by_key(|(range, index, _)| (range.start, *index)) else {
                return results;
            };
            results.push(result);
            at = range.end;
        }
    }

    fn found(pattern: usize, captures: &bytes::Captures<'_>) -> Found {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let captured = Captures::new(|capture| captures.name(capture.name()).map(|group| text(group.as_bytes())));
        Found { pattern, key: resolve(&captures["code"]), captures: captured }
    }

    fn errors_of(definitions: &[Definition]) -> String {
        let found =
            check(definitions, &|_, written| resolve(written), |line, only| find(definitions, line, only), &|_, _| {
                Vec::new()
            });
        found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    fn errors(text: &str) -> String {
        errors_of(&parse(text, &Origin::File("own.toml".into())).unwrap())
    }

    #[test]
    fn brackets_copied_from_the_log_get_a_remedy() {
        let text =
            "[[pattern]]\nname = 'own'\nregex = '[GW] (?<code>\\d+)'\nexamples = [ { line = '[GW] 21', code = 21 } ]\n";
        let shown = errors(text);
        let expected = r"help: write \[GW\] to match brackets in the log; correct the regex or the line; `callcodes";
        assert!(shown.contains(expected), "{shown}");
    }

    #[test]
    fn examples_that_pass_give_no_error() {
        let text = r"
[[pattern]]
name = 'own'
regex = 'code=(?<code>\w+)( user=(?<user>\w+))?'
examples = [
  { line = 'x code=21 user=ann y', code = 21, user = 'ann' },
  { line = 'code=21 user=ann', code = '21' },
  { line = 'code=timeout', code = 'TIMEOUT' },
  { line = 'status=4 code=21', code = 21 },
]
counter_examples = [ 'code 21', 'status=1' ]

[[pattern]]
name = 'other'
regex = 'status=(?<code>\d+)'
examples = [ { line = 'status=4 code=21', code = 4 } ]
counter_examples = [ 'code=21' ]
";
        assert_eq!(errors(text), "");
    }

    #[test]
    fn an_example_that_does_not_match_is_an_error() {
        let expected = "\
error: an example of pattern `own` does not match
 --> own.toml:4:23
  |
4 | examples = [ { line = 'code 21', code = 21 } ]
  |                       ^^^^^^^^^ the pattern finds nothing in this line
  |
  = help: correct the regex or the line; `callcodes patterns test` shows how far the regex gets";
        let text =
            "[[pattern]]\nname = 'own'\nregex = 'code=(?<code>2)'\nexamples = [ { line = 'code 21', code = 21 } ]\n";
        assert_eq!(errors(text), expected);

        let shown = errors(&format!("{text}when = 'x'\n"));
        let help = "  = help: correct the regex or the line, and check whether `when` or `unless` excludes the line; \
                    `callcodes patterns test` shows how far the regex gets";
        assert_eq!(shown.lines().last(), Some(help));
    }

    #[test]
    fn an_example_that_gives_another_code_is_an_error() {
        let pattern = |code: &str| {
            format!(
                "[[pattern]]\nname = 'own'\nregex = 'c=(?<code>\\w+)'\nexamples = [ {{ line = 'c=21', code = {code} }} ]\n"
            )
        };
        let expected = "\
error: an example of pattern `own` gives code 21, not code 22
 --> own.toml:4:38
  |
4 | examples = [ { line = 'c=21', code = 22 } ]
  |                                      ^^ expects code 22
  |
  = help: correct the group `code` in the regex, or `code` in the example";
        assert_eq!(errors(&pattern("22")), expected);
        let shown = errors(&pattern("'x'"));
        assert!(shown.starts_with("error: an example of pattern `own` gives code 21, not `X`\n"), "{shown}");
    }

    #[test]
    fn an_example_that_captures_something_else_is_an_error() {
        let pattern = |user: &str| {
            format!(
                "[[pattern]]\nname = 'own'\nregex = 'c=(?<code>\\d)(?<user>[a-z]+)?'\nexamples = [ {{ line = 'c=2{user}', code = 2, user = 'bob' }} ]\n"
            )
        };
        let expected = "\
error: an example of pattern `own` captures user `ann`
 --> own.toml:4:50
  |
4 | examples = [ { line = 'c=2ann', code = 2, user = 'bob' } ]
  |                                                  ^^^^^ expects `bob`
  |
  = help: correct the group `user` in the regex, or `user` in the example";
        assert_eq!(errors(&pattern("ann")), expected);
        let shown = errors(&pattern(""));
        assert!(shown.starts_with("error: an example of pattern `own` captures no user\n"), "{shown}");
        assert_eq!(errors(&pattern("bob")), "");
    }

    #[test]
    fn an_example_with_two_results_is_an_error() {
        let expected = "\
error: pattern `own` finds 2 results in its example
 --> own.toml:4:23
  |
4 | examples = [ { line = 'c=2 c=3', code = 2 } ]
  |                       ^^^^^^^^^ one result is expected in this line
  |
  = help: make the regex match everything that belongs to one result, or keep only one result in the line";
        let text =
            "[[pattern]]\nname = 'own'\nregex = 'c=(?<code>\\d)'\nexamples = [ { line = 'c=2 c=3', code = 2 } ]\n";
        assert_eq!(errors(text), expected);
    }

    const TWO: &str = r"[[pattern]]
name = 'wide'
regex = 'c=(?<code>\d)'

[[pattern]]
name = 'narrow'
regex = 'c=(?<code>\d)!'
";

    #[test]
    fn a_pattern_that_never_gets_its_examples_is_an_error() {
        let expected = "\
error: pattern `narrow` gets none of its examples: earlier patterns take them all
 --> own.toml:6:8
  |
2 | name = 'wide'
  |        ------ takes the first example
...
6 | name = 'narrow'
  |        ^^^^^^^^ the pattern that gets nothing
  |
  = help: put the narrower pattern first, or remove the one that is not needed";
        let text = format!("{TWO}examples = [ {{ line = 'c=2!', code = 2 }}, {{ line = 'c=3!', code = 3 }} ]\n");
        assert_eq!(errors(&text), expected);
    }

    #[test]
    fn an_example_that_another_pattern_takes_is_an_error() {
        let text = TWO.replace("c=(?<code>\\d)!", "[cd]=(?<code>\\d)!");
        let text = format!("{text}examples = [ {{ line = 'c=2!', code = 2 }}, {{ line = 'd=3!', code = 3 }} ]\n");
        let expected = "\
error: an example of pattern `narrow` is taken by pattern `wide`, which comes first
 --> own.toml:8:23
  |
2 | name = 'wide'
  |        ------ the pattern that takes it
...
8 | examples = [ { line = 'c=2!', code = 2 }, { line = 'd=3!', code = 3 } ]
  |                       ^^^^^^ counts as a result of `wide`
  |
  = help: make `wide` narrower, or put the narrower pattern first";
        assert_eq!(errors(&text), expected);
    }

    #[test]
    fn an_example_that_a_later_pattern_takes_from_the_left_is_an_error() {
        let text = r"[[pattern]]
name = 'a'
regex = '=(?<code>\d)'
examples = [ { line = 'c=2', code = 2 } ]

[[pattern]]
name = 'b'
regex = 'c=(?<code>\d)'
";
        let shown = errors(text);
        let expected = "error: an example of pattern `a` is taken by pattern `b`, whose match starts further left\n";
        assert!(shown.starts_with(expected), "{shown}");
    }

    #[test]
    fn a_pattern_of_another_origin_may_take_the_examples() {
        let builtin = TWO.replace("wide", "builtin").split_once("\n\n").unwrap().0.to_owned();
        let builtin = format!("{builtin}\nexamples = [ {{ line = 'c=2', code = 2 }} ]\n");
        let mut definitions = parse(TWO.split_once("\n\n").unwrap().0, &Origin::File("own.toml".into())).unwrap();
        definitions.extend(parse(&builtin, &Origin::BuiltIn).unwrap());
        assert_eq!(errors_of(&definitions), "");

        // The example of the built-in pattern is still checked with that pattern alone.
        definitions.truncate(1);
        definitions.extend(parse(&builtin.replace("code = 2", "code = 3"), &Origin::BuiltIn).unwrap());
        let shown = errors_of(&definitions);
        assert!(shown.starts_with("error: an example of pattern `builtin` gives code 2, not code 3\n"), "{shown}");
    }

    #[test]
    fn a_pattern_of_another_origin_may_take_a_part_of_an_example() {
        // The user's pattern takes `a=1 c=`, so that `c=2!` of `narrow` is not found, and `rest` finds what is left of it.
        let text = "[[pattern]]\nname = 'narrow'\nregex = 'c=(?<code>\\d)!'\nexamples = [ { line = 'a=1 c=2!', code = 2 } ]\n\
                    [[pattern]]\nname = 'rest'\nregex = '(?<code>\\d)!'\n";
        let built_in = parse(text, &Origin::BuiltIn).unwrap();
        assert_eq!(errors_of(&built_in), "");
        let mut definitions = vec![Definition::from_expression(1, r"a=(?<code>\d) c=")];
        definitions.extend(built_in);
        assert_eq!(errors_of(&definitions), "");
    }

    #[test]
    fn a_counter_example_that_matches_is_an_error() {
        let expected = "\
error: pattern `own` matches its counter-example
 --> own.toml:5:3
  |
5 |   'c=2',
  |   ^^^^^ gives code 2
  |
  = help: make the regex narrower, or add an `unless` that this line matches";
        let text = "[[pattern]]\nname = 'own'\nregex = 'c=(?<code>\\d)'\ncounter_examples = [\n  'c=2',\n  'c=x',\n]\n";
        assert_eq!(errors(text), expected);
    }
}
