//! Reads pattern files: parses TOML into definitions, or returns all errors in the file.
//!
//! The built-in patterns, the configuration file and files passed with `-f` have the same format: an optional key `host_from`, a
//! template for the names of machines in paths, and then a list of `[[pattern]]` tables with these keys.
//!
//! | key | type | meaning |
//! |---|---|---|
//! | `name` | text, required | lower-case letters, digits and hyphens |
//! | `regex` | text, required | matches a result, with a group `code` |
//! | `description` | text | what the pattern finds |
//! | `ignore_case` | true or false | whether the regexes ignore letter case |
//! | `multiline` | true or false | whether a match may extend into the lines that follow |
//! | `empty_is_zero` | true or false | whether an empty `code` means 0 |
//! | `when` | text | a regex that must also match in the line |
//! | `unless` | text | a regex that must not match in the line |
//! | `sign` | text | a regex for what shows that a line is about multi-factor authentication; in a line without it, a name that is not in the catalogue is no result |
//! | `foreign` | text | a regex for what other programs write; like `unless`, but only in lines that `sign` does not match |
//! | `line` | text | a regex that captures further values, such as `process`, `thread` and `host`; it need not match |
//! | `recorder` | text | the program that writes the lines; results of two recorders may be the same sign-in |
//! | `family` | text | the family of the results, such as `nps`; without it, `mfa`, whose codes are numbers |
//! | `time_form` | text | the form of the group `time`, such as `%d.%m.%Y %H:%M:%S`; without it, every form is accepted |
//! | `general` | true or false | whether the pattern may also match lines of other programs; its results are counted separately |
//! | `context` | `begins` or `belongs` | the lines have no result, but give context for one from the same recorder, process and thread |
//! | `examples` | list of tables | a `line`, its `code`, and the values that other groups must capture in it |
//! | `counter_examples` | list of texts | lines in which the pattern must find nothing |
//!
//! There may also be `[[time]]` tables, each with the `name` of a form of times and the `form` itself, `[[tz]]` tables, each with
//! the `zone` of times without one in logs whose `host` or `path` matches a glob, and `[[code]]` tables, each of which explains a result
//! of a product in the same way as the built-in catalogue does.
//!
//! The reader walks a parsed tree with spans instead of using serde, because serde stops at the first error and cannot report the
//! table in which a key is missing.

mod codes;
mod syntax;
mod values;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::tz::TimeZone;
use toml::de::{DeInteger, DeTable, DeValue};

use self::values::Table;
use super::definition::{
    CounterExample, Definition, Example, ExpectedCapture, ExpectedCode, Origin, Place, Places, Role, check_name,
    is_name,
};
use super::diagnostic::{Diagnostic, Mark, SourceText};
use crate::catalogue::Entry;
use crate::code::{MFA, is_family};
use crate::hit::Capture;
use crate::time::forms::Shape;
use crate::time::zone;

/// The keys of a `[[pattern]]` table, as messages list them.
const PATTERN_KEYS: &str = "name, description, regex, ignore_case, multiline, empty_is_zero, when, unless, sign, foreign, line, \
     recorder, family, time_form, general, context, examples, counter_examples";

/// The keys of a `[[time]]` table, as messages list them.
const TIME_KEYS: &str = "name, form";

/// The keys of a `[[tz]]`, as messages list them.
const ZONE_KEYS: &str = "host, path, zone";

/// The contents of a pattern file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// The definitions of the patterns, in the order of the file.
    pub definitions: Vec<Definition>,
    /// The forms of times from the `[[time]]` tables, in the order of the file.
    pub times: Vec<Shape>,
    /// The zones of logs, in their order.
    pub zones: Vec<ZoneOf>,
    /// The user's entries of the catalogue, in their order.
    pub codes: Vec<CodeOf>,
    /// The template for the names of machines in paths, and its position. The template is not checked here.
    pub host_from: Option<(String, Mark)>,
}

/// A `[[tz]]` table: the zone of times without one in some logs.
#[derive(Clone, Debug)]
pub struct ZoneOf {
    /// The glob for the host, which is not checked here, and its position.
    pub host: Option<(String, Mark)>,
    /// The glob for the path, which is not checked here, and its position.
    pub path: Option<(String, Mark)>,
    /// The zone.
    pub zone: &'static TimeZone,
}

/// A `[[code]]` table: what the user knows about a result of a product. Its names are not checked here.
#[derive(Clone, Debug)]
pub struct CodeOf {
    /// The entry of the catalogue.
    pub entry: Entry,
    /// The position of its name.
    pub mark: Mark,
}

/// Reads the definitions in a pattern file with the contents `text`, in their order.
///
/// # Errors
///
/// Returns every error in the file, from top to bottom: invalid TOML, unknown or missing keys, and values of the wrong type.
/// [`validate`](super::validate) checks the regexes separately.
///
/// # Examples
///
/// ```
/// use callcodes::pattern::{definition::Origin, file};
///
/// let text = "[[pattern]]\nname = 'guest'\nregex = 'result (?<code>[0-9]+)'\n";
/// let definitions = file::parse(text, &Origin::File("guest.toml".into())).unwrap();
/// assert_eq!(definitions[0].name, "guest");
///
/// let errors = file::parse("[[pattern]]\nname = 'guest'\n", &Origin::File("guest.toml".into())).unwrap_err();
/// assert_eq!(errors[0].message(), "a pattern has no `regex`");
/// ```
pub fn parse(text: &str, origin: &Origin) -> Result<Vec<Definition>, Vec<Diagnostic>> {
    read(text, origin).map(|file| file.definitions)
}

/// Reads a pattern file with the contents `text`.
///
/// # Errors
///
/// Returns the same errors as [`parse`].
pub fn read(text: &str, origin: &Origin) -> Result<File, Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = Arc::new(SourceText { name: origin.to_string(), text: text.to_owned() });
    let mut reader = Reader { source: &source, origin, found: Vec::new() };
    let file = match DeTable::parse(text) {
        Ok(root) => {
            let table = Table { entries: root.get_ref(), span: root.span(), thing: "a pattern file" };
            let host_from = reader.text(&table, "host_from");
            let host_from = host_from.map(|(text, place)| (text, Mark::new(&source, place.span, "")));
            let (definitions, times) = (reader.root(root.get_ref()), reader.times(root.get_ref()));
            let (zones, codes) = (reader.zones(root.get_ref()), reader.codes(root.get_ref()));
            File { definitions, times, zones, codes, host_from }
        }
        Err(error) => {
            reader.syntax_error(&error);
            File::default()
        }
    };
    if reader.found.is_empty() {
        return Ok(file);
    }
    // The tree is sorted by key, but errors are reported from top to bottom.
    reader.found.sort_by_key(|(at, _)| *at);
    Err(reader.found.into_iter().map(|(_, diagnostic)| diagnostic).collect())
}

/// Reads one pattern file and collects its errors.
struct Reader<'r> {
    source: &'r Arc<SourceText>,
    origin: &'r Origin,
    /// The errors found in the file, each with its offset.
    found: Vec<(usize, Diagnostic)>,
}

impl Reader<'_> {
    /// Reads all patterns. If two have the same name, reports the second one and leaves it out.
    fn root(&mut self, root: &DeTable<'_>) -> Vec<Definition> {
        self.check_keys(root, "pattern, code, time, tz, host_from", "a pattern file");
        let Some(value) = root.get("pattern") else {
            return Vec::new();
        };
        let mut definitions: Vec<Definition> = Vec::new();
        let mut index_by_name: HashMap<String, usize> = HashMap::new();
        for table in self.tables(value, "a pattern", "write [[pattern]] in double brackets above each pattern") {
            let Some(definition) = self.definition(&table) else { continue };
            match index_by_name.get(&definition.name) {
                Some(&earlier) => {
                    let earlier = &definitions[earlier];
                    let diagnostic = Diagnostic::new(format!("two patterns have the name `{}`", definition.name))
                        .at(definition.mark_name("the second one"))
                        .and_at(earlier.mark_name("the first one"))
                        .remedy("give one of them another name");
                    self.found.push((definition.places.name.span.start, diagnostic));
                }
                None => {
                    index_by_name.insert(definition.name.clone(), definitions.len());
                    definitions.push(definition);
                }
            }
        }
        definitions
    }

    /// Reads all forms of times.
    fn times(&mut self, root: &DeTable<'_>) -> Vec<Shape> {
        let Some(value) = root.get("time") else {
            return Vec::new();
        };
        let tables = self.tables(value, "a time", "write [[time]] in double brackets above each form");
        tables.iter().filter_map(|table| self.time(table)).collect()
    }

    /// Reads a `[[time]]` table. Reports an error and returns `None` if the name or the form is missing.
    fn time(&mut self, table: &Table<'_, '_>) -> Option<Shape> {
        self.check_keys(table.entries, TIME_KEYS, table.thing);
        let name = self.required_text(table, "name", "write name = '...' below [[time]]");
        let form = self.required_text(table, "form", "write form = '%d.%m.%Y %H:%M:%S' or the like below [[time]]");
        let ((name, name_place), (form, form_place)) = (name?, form?);
        if !is_name(&name) {
            let message = format!("`{name}` cannot be the name of a form of times");
            self.report(&name_place.span, message, "", "use lower-case letters, digits and hyphens, as in `gateway`");
        }
        match Shape::compile(&name, &form) {
            Ok(shape) => Some(shape),
            Err(error) => {
                let message = format!("the `form` of the time `{name}` is not a form of times");
                self.report(&form_place.part(Some(error.span)), message, "", &error.message);
                None
            }
        }
    }

    /// Reads the zones of logs.
    fn zones(&mut self, root: &DeTable<'_>) -> Vec<ZoneOf> {
        let Some(value) = root.get("tz") else {
            return Vec::new();
        };
        let tables = self.tables(value, "a tz", "write [[tz]] in double brackets above each zone");
        tables.iter().filter_map(|table| self.zone(table)).collect()
    }

    /// Reads a `[[tz]]` table. Reports an error and returns `None` if it has no zone.
    fn zone(&mut self, table: &Table<'_, '_>) -> Option<ZoneOf> {
        self.check_keys(table.entries, ZONE_KEYS, table.thing);
        let [host, path] = ["host", "path"].map(|key| {
            let (text, place) = self.text(table, key)?;
            Some((text, Mark::new(self.source, place.span, "")))
        });
        if !["host", "path"].iter().any(|key| table.entries.contains_key(*key)) {
            let remedy = "write host = 'host0*' or path = '*Radius*' below [[tz]]; --tz gives all logs a zone";
            self.report(&table.span, "a tz has neither `host` nor `path`".to_owned(), "", remedy);
        }
        let (name, place) =
            self.required_text(table, "zone", "write zone = 'Europe/Berlin' or the like below [[tz]]")?;
        match zone::parse(&name) {
            Ok(zone) => Some(ZoneOf { host, path, zone }),
            Err(reason) => {
                let (message, remedy) = reason.split_once(". Write ").unwrap_or((&reason, ""));
                self.report(&place.span, message.to_owned(), "", &format!("write {remedy}"));
                None
            }
        }
    }

    /// Reads a `[[pattern]]` table. Reports an error and returns `None` if the name or the regex is missing.
    fn definition(&mut self, table: &Table<'_, '_>) -> Option<Definition> {
        self.check_keys(table.entries, PATTERN_KEYS, table.thing);
        let name = self.required_text(table, "name", "write name = '...' below [[pattern]]");
        let regex = self.required_text(table, "regex", "write regex = '''...''' below [[pattern]]");
        let description = self.text(table, "description");
        let ignore_case = self.flag(table, "ignore_case");
        let multiline = self.flag(table, "multiline");
        let empty_is_zero = self.flag(table, "empty_is_zero");
        let when = self.text(table, "when");
        let unless = self.text(table, "unless");
        let sign = self.text(table, "sign");
        let foreign = self.text(table, "foreign");
        let line = self.text(table, "line");
        let recorder = self.recorder(table);
        let time_form = self.text(table, "time_form");
        let family = self.family(table, empty_is_zero);
        let general = self.flag(table, "general");
        let role = self.role(table, recorder.is_some());
        let examples = self.examples(table);
        let counter_examples = self.counter_examples(table);
        if !multiline {
            // The example of a pattern that finds context is a whole sign-in.
            let lines = examples.iter().filter(|_| !role.is_context());
            let lines = lines.map(|example| (&example.line, &example.line_place));
            let others = counter_examples.iter().map(|example| (&example.line, &example.line_place));
            for (line, place) in lines.chain(others) {
                self.check_one_line(line, place);
            }
        }

        let (name, name_place) = name?;
        if let Err((message, remedy)) = check_name(&name) {
            self.report(&name_place.span, message, "", &remedy);
        }
        let (regex, regex_place) = regex?;
        let (when, when_place) = when.unzip();
        let (unless, unless_place) = unless.unzip();
        let (sign, sign_place) = sign.unzip();
        let (foreign, foreign_place) = foreign.unzip();
        let (line, line_place) = line.unzip();
        let (time_form, time_form_place) = time_form.unzip();
        Some(Definition {
            name,
            description: description.map(|(text, _)| text),
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
            examples,
            counter_examples,
            origin: self.origin.clone(),
            places: Places {
                source: Arc::clone(self.source),
                name: name_place,
                regex: regex_place,
                when: when_place,
                unless: unless_place,
                sign: sign_place,
                foreign: foreign_place,
                line: line_place,
                time_form: time_form_place,
            },
        })
    }

    /// Reads the name of the recorder, which follows the rules for names of patterns.
    fn recorder(&mut self, table: &Table<'_, '_>) -> Option<String> {
        let (name, place) = self.text(table, "recorder")?;
        if !is_name(&name) {
            let message = format!("`{name}` cannot be the name of a recorder");
            self.report(&place.span, message, "", "use lower-case letters, digits and hyphens, as in `radius`");
        }
        Some(name)
    }

    /// Reads the family of the results.
    fn family(&mut self, table: &Table<'_, '_>, empty_is_zero: bool) -> String {
        let Some((name, place)) = self.text(table, "family") else { return MFA.to_owned() };
        if !self.check_family(&name, &place) {
            return MFA.to_owned();
        }
        if name != MFA && empty_is_zero {
            let message = format!("the results of the family `{name}` are names, so that an empty one cannot be 0");
            self.report(&place.span, message, "", "remove empty_is_zero, or remove the family");
        }
        name
    }

    /// Whether a family can have this name. Reports an error if it cannot.
    fn check_family(&mut self, name: &str, place: &Place) -> bool {
        let is_family = is_family(name);
        if !is_family {
            let message = format!("`{name}` cannot be the name of a family");
            let remedy = "use up to 32 lower-case letters and digits, beginning with a letter, as in `nps`";
            self.report(&place.span, message, "", remedy);
        }
        is_family
    }

    /// Reads whether the pattern finds results or context.
    fn role(&mut self, table: &Table<'_, '_>, has_recorder: bool) -> Role {
        let Some((word, place)) = self.text(table, "context") else { return Role::Result };
        let role = match word.as_str() {
            "begins" => Role::Begins,
            "belongs" => Role::Belongs,
            _ => {
                let message = format!("`{word}` is not a kind of context");
                let remedy = "write context = 'begins' for the first line of a sign-in, and 'belongs' for the others";
                self.report(&place.span, message, "", remedy);
                Role::Belongs
            }
        };
        if !has_recorder {
            let remedy = "write recorder = '...' with the recorder of the results to which these lines belong";
            self.report(&place.span, "a context has no `recorder`".to_owned(), "", remedy);
        }
        role
    }

    /// Reads the examples of a pattern.
    fn examples(&mut self, table: &Table<'_, '_>) -> Vec<Example> {
        let Some(value) = table.entries.get("examples") else {
            return Vec::new();
        };
        let tables = self.tables(value, "an example", "write examples = [ { line = '...', code = 21 } ]");
        tables.iter().filter_map(|table| self.example(table)).collect()
    }

    /// Reads one example. Reports an error and returns `None` if the line or the code is missing.
    fn example(&mut self, table: &Table<'_, '_>) -> Option<Example> {
        let captured = Capture::details();
        let keys: Vec<&str> =
            ["line", Capture::Code.name()].into_iter().chain(captured.clone().map(Capture::name)).collect();
        self.check_keys(table.entries, &keys.join(", "), table.thing);
        let line = self.required_text(table, "line", "write line = '...' with a line of the log");
        let code = self.expected_code(table);
        let expected = |capture: Capture| {
            self.text(table, capture.name()).map(|(value, place)| ExpectedCapture { capture, value, place })
        };
        let captures = captured.filter_map(expected).collect();
        let (line, line_place) = line?;
        let (code, code_place) = code?;
        Some(Example { line: without_line_end(&line), code, captures, line_place, code_place })
    }

    /// Reads the code of an example: a number, or text such as `CONFIG_ISSUE`.
    fn expected_code(&mut self, table: &Table<'_, '_>) -> Option<(ExpectedCode, Place)> {
        let Some(value) = table.entries.get(Capture::Code.name()) else {
            self.missing(table, Capture::Code.name(), "write code = 21 with the code that the line holds");
            return None;
        };
        let place = Place { span: value.span(), contents: None };
        match value.get_ref() {
            DeValue::Integer(integer) => match number(integer) {
                Some(number) => Some((ExpectedCode::Number(number), place)),
                None => {
                    let remedy = "a code is a whole number from -2147483648 to 2147483647";
                    self.report(&value.span(), "the expected `code` is out of range".to_owned(), "", remedy);
                    None
                }
            },
            DeValue::String(written) => Some((ExpectedCode::Written(written.to_string()), place)),
            _ => {
                self.wrong_type(value, "`code` must be a whole number or text", "write code = 21 or code = 'TIMEOUT'");
                None
            }
        }
    }

    /// Reads the counter-examples of a pattern.
    fn counter_examples(&mut self, table: &Table<'_, '_>) -> Vec<CounterExample> {
        let lines = self.texts(table, "counter_examples", "a counter-example");
        let lines = lines.into_iter();
        lines.map(|(line, line_place)| CounterExample { line: without_line_end(&line), line_place }).collect()
    }

    /// Reports an error if an example or counter-example has several lines. Called for patterns that are not `multiline`.
    fn check_one_line(&mut self, line: &str, place: &Place) {
        if line.contains('\n') {
            let message = "an example of a pattern for single lines has several lines".to_owned();
            let remedy = "set multiline = true in the pattern, or leave one line in the example";
            self.report(&place.span, message, "", remedy);
        }
    }

    /// Records an error at `span` in the pattern file. `label` is shown next to the marked text.
    fn report(&mut self, span: &Range<usize>, message: String, label: &str, remedy: &str) {
        let mark = Mark::new(self.source, span.clone(), label);
        self.found.push((span.start, Diagnostic::new(message).at(mark).remedy(remedy)));
    }
}

/// Returns the value of a TOML integer in any notation, such as `0x66`, or `None` if it is out of range for a code.
fn number(integer: &DeInteger<'_>) -> Option<i32> {
    i32::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Returns `line` without its final line end. A multi-line string in TOML usually ends with one, but a pattern never sees it.
fn without_line_end(line: &str) -> String {
    let without = line.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    without.unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<Definition> {
        parse(text, &Origin::File("own.toml".into())).unwrap_or_else(|errors| panic!("{}", errors[0]))
    }

    pub(super) fn errors(text: &str) -> String {
        let errors = parse(text, &Origin::File("own.toml".into())).unwrap_err();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn reads_every_key() {
        let text = "\u{feff}# own\r
[[pattern]]\r
name = 'netop-guest'\r
description = 'Guest log'\r
regex = '''code=(?<code>\\d+) user=(?<user>\\w+)'''\r
time_form = '%H:%M'\r
ignore_case = true\r
multiline = true\r
general = true\r
empty_is_zero = true\r
when = 'mfa'\r
unless = 'test'\r
sign = 'auth'\r
foreign = 'rpc'\r
examples = [\r
  { line = '''code=21 user=ann\r
''', code = 21, user = 'ann' },\r
  { line = 'a', code = 'FAILED', outcome = 'o', host = 'h', address = 'd', time = 't' },\r
]\r
counter_examples = [ 'code=x', ]\r
\r
[[pattern]]\r
name = 'second'\r
regex = 'x'\r
";
        let definitions = read(text);
        let [first, second] = &definitions[..] else { panic!("{definitions:?}") };
        assert_eq!(first.name, "netop-guest");
        assert_eq!(first.description.as_deref(), Some("Guest log"));
        assert_eq!(first.regex, r"code=(?<code>\d+) user=(?<user>\w+)");
        assert!(first.ignore_case && first.multiline && first.empty_is_zero && first.general);
        assert_eq!((first.when.as_deref(), first.unless.as_deref()), (Some("mfa"), Some("test")));
        assert_eq!((first.sign.as_deref(), first.foreign.as_deref()), (Some("auth"), Some("rpc")));
        assert_eq!(first.time_form.as_deref(), Some("%H:%M"));
        assert_eq!(first.origin, Origin::File("own.toml".into()));
        let [one, two] = &first.examples[..] else { panic!("{:?}", first.examples) };
        assert_eq!((one.line.as_str(), &one.code), ("code=21 user=ann", &ExpectedCode::Number(21)));
        assert_eq!(two.code, ExpectedCode::Written("FAILED".to_owned()));
        let captures = |example: &Example| -> Vec<_> {
            example.captures.iter().map(|expected| (expected.capture.name(), expected.value.clone())).collect()
        };
        assert_eq!(captures(one), [("user", "ann".to_owned())]);
        let expected = [("outcome", "o"), ("host", "h"), ("address", "d"), ("time", "t")];
        assert_eq!(captures(two), expected.map(|(group, value)| (group, value.to_owned())));
        assert_eq!(first.counter_examples[0].line, "code=x");

        assert_eq!((second.name.as_str(), second.regex.as_str()), ("second", "x"));
        assert!(
            !second.ignore_case
                && !second.multiline
                && !second.empty_is_zero
                && !second.general
                && second.examples.is_empty()
        );
        assert_eq!((&second.when, &second.unless), (&None, &None));
    }

    #[test]
    fn a_file_without_patterns_is_valid() {
        assert!(read("").is_empty());
        assert!(read("# nothing yet\n").is_empty());
    }

    #[test]
    fn codes_are_read_in_every_notation() {
        let text = "[[pattern]]\nname = 'x'\nregex = 'a'\nexamples = [
            {line='',code=+21},{line='',code=1_00},{line='',code=0x10},{line='',code=-5},{line='',code=''}]";
        let codes: Vec<ExpectedCode> = read(text)[0].examples.iter().map(|example| example.code.clone()).collect();
        let mut expected = [21, 100, 16, -5].map(ExpectedCode::Number).to_vec();
        expected.push(ExpectedCode::Written(String::new()));
        assert_eq!(codes, expected);
    }

    #[test]
    fn an_unknown_key_is_reported() {
        let expected = "\
error: unknown key `patern`
 --> own.toml:1:3
  |
1 | [[patern]]
  |   ^^^^^^
  |
  = help: a pattern file can have: pattern, code, time, tz, host_from";
        assert_eq!(errors("[[patern]]\nname = 'a'\n"), expected);

        let expected = "\
error: unknown key `code`
 --> own.toml:4:1
  |
4 | code = 3
  | ^^^^
  |
  = help: a pattern can have: name, description, regex, ignore_case, multiline, empty_is_zero, when, unless, sign, foreign, line, recorder, family, time_form, general, context, examples, counter_examples
error: unknown key `text`
 --> own.toml:5:32
  |
5 | examples = [ {line='', code=1, text='b'} ]
  |                                ^^^^
  |
  = help: an example can have: line, code, user, outcome, host, address, time, process, thread";
        let text = "[[pattern]]\nname='a'\nregex='a'\ncode = 3\nexamples = [ {line='', code=1, text='b'} ]\n";
        assert_eq!(errors(text), expected);
    }

    #[test]
    fn missing_keys_are_reported() {
        let expected = "\
error: a pattern has no `name`
 --> own.toml:2:1
  |
2 | [[pattern]]
  | ^^^^^^^^^^^
  |
  = help: write name = '...' below [[pattern]]
error: a pattern has no `regex`
 --> own.toml:2:1
  |
2 | [[pattern]]
  | ^^^^^^^^^^^
  |
  = help: write regex = '''...''' below [[pattern]]
error: an example has no `code`
 --> own.toml:3:14
  |
3 | examples = [ {line='a'}, {code=1} ]
  |              ^^^^^^^^^^
  |
  = help: write code = 21 with the code that the line holds
error: an example has no `line`
 --> own.toml:3:26
  |
3 | examples = [ {line='a'}, {code=1} ]
  |                          ^^^^^^^^
  |
  = help: write line = '...' with a line of the log";
        assert_eq!(errors("# own\n[[pattern]]\nexamples = [ {line='a'}, {code=1} ]\n"), expected);
    }

    /// Returns the message, position and remedy of the only error in `text`.
    fn error_at(text: &str) -> [String; 4] {
        let shown = errors(text);
        let lines: Vec<&str> = shown.lines().collect();
        let [message, place, _, _, caret, _, remedy] = lines[..] else { panic!("{shown}") };
        [message, place, caret, remedy].map(|line| line.trim_start_matches([' ', '|', '-', '>', '=']).to_owned())
    }

    #[test]
    fn values_of_the_wrong_type_are_reported() {
        let pattern = |rest: &str| format!("[[pattern]]\nname = 'a'\nregex = 'a'\n{rest}");
        let cases = [
            (
                "[[pattern]]\nname = 3\nregex = 'a'".to_owned(),
                "error: `name` must be text",
                "own.toml:2:8",
                "^ this is a whole number",
                "help: put it in quotes: '...'",
            ),
            (
                pattern("when = ['a']"),
                "error: `when` must be text",
                "own.toml:4:8",
                "^^^^^ this is a list",
                "help: put it in quotes: '...'",
            ),
            (
                pattern("ignore_case = 'no'"),
                "error: `ignore_case` must be true or false",
                "own.toml:4:15",
                "^^^^ this is text",
                "help: write ignore_case = true or ignore_case = false, without quotes",
            ),
            (
                "[pattern]\nname = 'a'".to_owned(),
                "error: a pattern must be in a list",
                "own.toml:1:1",
                "^^^^^^^^^ this is a table",
                "help: write [[pattern]] in double brackets above each pattern",
            ),
            (
                pattern("examples = [ 2001-01-01 ]"),
                "error: an example must be a table",
                "own.toml:4:14",
                "^^^^^^^^^^ this is a date or time",
                "help: write examples = [ { line = '...', code = 21 } ]",
            ),
            (
                pattern("examples = [ {line='', code=1.5} ]"),
                "error: `code` must be a whole number or text",
                "own.toml:4:29",
                "^^^ this is a number",
                "help: write code = 21 or code = 'TIMEOUT'",
            ),
            (
                pattern("examples = [ {line='', code=2147483648} ]"),
                "error: the expected `code` is out of range",
                "own.toml:4:29",
                "^^^^^^^^^^",
                "help: a code is a whole number from -2147483648 to 2147483647",
            ),
            (
                pattern("counter_examples = true"),
                "error: `counter_examples` must be a list of texts",
                "own.toml:4:20",
                "^^^^ this is true or false",
                "help: write counter_examples = [ '...', '...' ]",
            ),
            (
                pattern("counter_examples = [1]"),
                "error: a counter-example must be text",
                "own.toml:4:21",
                "^ this is a whole number",
                "help: write counter_examples = [ '...', '...' ]",
            ),
        ];
        for (text, message, place, caret, remedy) in cases {
            assert_eq!(error_at(&text), [message, place, caret, remedy], "{text}");
        }
    }

    #[test]
    fn a_bad_name_is_reported() {
        let expected = "\
error: `Netop Guest` cannot be the name of a pattern
 --> own.toml:2:8
  |
2 | name = 'Netop Guest'
  |        ^^^^^^^^^^^^^
  |
  = help: use lower-case letters, digits and hyphens, as in `netop-guest`";
        assert_eq!(errors("[[pattern]]\nname = 'Netop Guest'\nregex = 'a'\n"), expected);
    }

    #[test]
    fn a_name_given_twice_is_an_error() {
        let expected = "\
error: two patterns have the name `x`
 --> own.toml:6:8
  |
2 | name = 'x'
  |        --- the first one
...
6 | name = 'x'
  |        ^^^ the second one
  |
  = help: give one of them another name";
        assert_eq!(errors("[[pattern]]\nname = 'x'\nregex = 'a'\n\n[[pattern]]\nname = 'x'\nregex = 'b'\n"), expected);
    }

    #[test]
    fn several_lines_in_an_example_need_multiline() {
        let expected = "\
error: an example of a pattern for single lines has several lines
 --> own.toml:4:22
  |
4 | counter_examples = [ '''a
  |                      ^^^^
  |
  = help: set multiline = true in the pattern, or leave one line in the example";
        let text = "[[pattern]]\r\nname = 'x'\r\nregex = 'a'\r\ncounter_examples = [ '''a\r\nb''' ]\r\n";
        assert_eq!(errors(text), expected);
    }

    proptest! {
        #[test]
        fn no_text_causes_a_panic(
            text in prop_oneof![
                "(?s).{0,80}",
                r#"(\[\[pattern\]\]|name|regex|examples|line|code|[='"\[\]{},.#\\ 0-9a-zé\r\n]|'''){0,40}"#,
            ],
        ) {
            if let Err(errors) = parse(&text, &Origin::BuiltIn) {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    prop_assert!(error.to_string().starts_with("error: "));
                }
            }
        }
    }
}
