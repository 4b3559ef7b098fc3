//! Reading a pattern file: TOML in, definitions or all that is wrong with it out.
//!
//! One schema for the built-in patterns, the configuration file and the files of `-f`. Read from the spanned tree
//! and not through serde, because serde stops at the first error and does not know where a missing key would belong.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::definition::{
    CounterExample, Definition, Example, ExpectedCapture, ExpectedCode, Group, Origin, Place, Places, check_name,
};
use super::diagnostic::{Diagnostic, Mark, SourceText};

const PATTERN_KEYS: [&str; 9] =
    ["name", "description", "regex", "ignore_case", "multiline", "when", "unless", "examples", "counter_examples"];
const EXAMPLE_KEYS: [&str; 7] = ["line", "code", "user", "outcome", "host", "address", "time"];

/// Reads the definitions that `text` holds, in the order in which they stand there.
///
/// # Errors
///
/// Everything that is wrong with the form of the file, in the order of the text. The regexes are not looked into.
pub fn parse(text: &str, origin: &Origin) -> Result<Vec<Definition>, Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = Arc::new(SourceText { name: origin.to_string(), text: text.to_owned() });
    let mut reader = Reader { source: &source, origin, found: Vec::new() };
    let definitions = match DeTable::parse(text) {
        Ok(root) => reader.root(root.get_ref()),
        Err(error) => {
            reader.syntax_error(&error);
            Vec::new()
        }
    };
    if reader.found.is_empty() {
        return Ok(definitions);
    }
    // The tree is sorted by key, people read from the top.
    reader.found.sort_by_key(|(at, _)| *at);
    Err(reader.found.into_iter().map(|(_, diagnostic)| diagnostic).collect())
}

struct Reader<'r> {
    source: &'r Arc<SourceText>,
    origin: &'r Origin,
    /// What is wrong, each with its offset.
    found: Vec<(usize, Diagnostic)>,
}

/// A text, and where it stands.
type Text = (String, Place);

/// A table with its place: of a `[[pattern]]` its header.
struct Table<'v, 'i> {
    entries: &'v DeTable<'i>,
    span: Range<usize>,
    /// What it is, with an article, for messages.
    thing: &'static str,
}

impl Reader<'_> {
    fn root(&mut self, root: &DeTable<'_>) -> Vec<Definition> {
        self.check_keys(root, &["pattern"], "a pattern file");
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

    fn definition(&mut self, table: &Table<'_, '_>) -> Option<Definition> {
        self.check_keys(table.entries, &PATTERN_KEYS, table.thing);
        let name = self.required_text(table, "name", "write name = '…' below [[pattern]]");
        let regex = self.required_text(table, "regex", "write regex = '''…''' below [[pattern]]");
        let description = self.text(table, "description");
        let ignore_case = self.flag(table, "ignore_case");
        let multiline = self.flag(table, "multiline");
        let when = self.text(table, "when");
        let unless = self.text(table, "unless");
        let examples = self.examples(table);
        let counter_examples = self.counter_examples(table);
        if !multiline {
            let lines = examples.iter().map(|example| (&example.line, &example.line_place));
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
        Some(Definition {
            name,
            description: description.map(|(text, _)| text),
            regex,
            ignore_case,
            multiline,
            when,
            unless,
            examples,
            counter_examples,
            origin: self.origin.clone(),
            places: Places {
                source: Arc::clone(self.source),
                name: name_place,
                regex: regex_place,
                when: when_place,
                unless: unless_place,
            },
        })
    }

    fn examples(&mut self, table: &Table<'_, '_>) -> Vec<Example> {
        let Some(value) = table.entries.get("examples") else {
            return Vec::new();
        };
        let tables = self.tables(value, "an example", "write examples = [ { line = '…', code = 21 } ]");
        tables.iter().filter_map(|table| self.example(table)).collect()
    }

    fn example(&mut self, table: &Table<'_, '_>) -> Option<Example> {
        self.check_keys(table.entries, &EXAMPLE_KEYS, table.thing);
        let line = self.required_text(table, "line", "write line = '…' with a line of the log");
        let code = self.expected_code(table);
        let mut captures = Vec::new();
        for group in Group::ALL {
            if let Some((value, place)) = self.text(table, group.name()) {
                captures.push(ExpectedCapture { group, value, place });
            }
        }
        let (line, line_place) = line?;
        let (code, code_place) = code?;
        Some(Example { line: without_line_end(line), code, captures, line_place, code_place })
    }

    fn expected_code(&mut self, table: &Table<'_, '_>) -> Option<(ExpectedCode, Place)> {
        let Some(value) = table.entries.get("code") else {
            self.missing(table, "code", "write code = 21 with the code that the line holds");
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

    fn counter_examples(&mut self, table: &Table<'_, '_>) -> Vec<CounterExample> {
        let remedy = "write counter_examples = [ '…', '…' ]";
        let values: &[_] = match table.entries.get("counter_examples") {
            None => &[],
            Some(value) => match value.get_ref() {
                DeValue::Array(values) => values,
                _ => {
                    self.wrong_type(value, "`counter_examples` must be a list of texts", remedy);
                    &[]
                }
            },
        };
        let mut lines = Vec::new();
        for value in values {
            match value.get_ref() {
                DeValue::String(line) => {
                    let line_place = self.place(value, line);
                    lines.push(CounterExample { line: without_line_end(line.to_string()), line_place });
                }
                _ => self.wrong_type(value, "a counter-example must be text", remedy),
            }
        }
        lines
    }

    /// The tables of a list of tables.
    fn tables<'v, 'i>(
        &mut self,
        value: &'v Spanned<DeValue<'i>>,
        thing: &'static str,
        remedy: &str,
    ) -> Vec<Table<'v, 'i>> {
        let DeValue::Array(values) = value.get_ref() else {
            self.wrong_type(value, &format!("{thing} stands alone where a list is needed"), remedy);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for value in values.iter() {
            match value.get_ref() {
                DeValue::Table(entries) => tables.push(Table { entries, span: value.span(), thing }),
                _ => self.wrong_type(value, &format!("{thing} must be a table"), remedy),
            }
        }
        tables
    }

    fn required_text(&mut self, table: &Table<'_, '_>, key: &str, remedy: &str) -> Option<Text> {
        if !table.entries.contains_key(key) {
            self.missing(table, key, remedy);
        }
        self.text(table, key)
    }

    fn text(&mut self, table: &Table<'_, '_>, key: &str) -> Option<Text> {
        let value = table.entries.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some((text.to_string(), self.place(value, text))),
            _ => {
                self.wrong_type(value, &format!("`{key}` must be text"), "put it in quotes: '…'");
                None
            }
        }
    }

    /// A switch, which is off where it is not set.
    fn flag(&mut self, table: &Table<'_, '_>, key: &str) -> bool {
        let Some(value) = table.entries.get(key) else {
            return false;
        };
        match value.get_ref() {
            DeValue::Boolean(set) => *set,
            _ => {
                let remedy = format!("write {key} = true or {key} = false, without quotes");
                self.wrong_type(value, &format!("`{key}` must be true or false"), &remedy);
                false
            }
        }
    }

    fn place(&self, value: &Spanned<DeValue<'_>>, text: &str) -> Place {
        Place::of_text(&self.source.text, value.span(), text)
    }

    fn check_keys(&mut self, entries: &DeTable<'_>, known: &[&str], thing: &str) {
        for key in entries.keys() {
            if !known.contains(&key.get_ref().as_ref()) {
                let remedy = format!("{thing} can have: {}", known.join(", "));
                self.report(&key.span(), format!("unknown key `{}`", key.get_ref()), "", &remedy);
            }
        }
    }

    fn check_one_line(&mut self, line: &str, place: &Place) {
        if line.contains('\n') {
            let message = "an example of a pattern for single lines has several lines".to_owned();
            let remedy = "set multiline = true in the pattern, or leave one line in the example";
            self.report(&place.span, message, "", remedy);
        }
    }

    fn missing(&mut self, table: &Table<'_, '_>, key: &str, remedy: &str) {
        self.report(&table.span, format!("{} has no `{key}`", table.thing), "", remedy);
    }

    fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, message: &str, remedy: &str) {
        let label = match value.get_ref() {
            DeValue::String(_) => "this is text",
            DeValue::Integer(_) => "this is a whole number",
            DeValue::Float(_) => "this is a number",
            DeValue::Boolean(_) => "this is true or false",
            DeValue::Datetime(_) => "this is a date or time",
            DeValue::Array(_) => "this is a list",
            DeValue::Table(_) => "this is a table",
        };
        self.report(&value.span(), message.to_owned(), label, remedy);
    }

    fn syntax_error(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or_default();
        let message = error.message();
        if let Some(opening) = unclosed(&self.source.text, &span) {
            let diagnostic = Diagnostic::new(format!("this is not TOML: {message}"))
                .at(Mark::new(self.source, span.clone(), ""))
                .and_at(Mark::new(self.source, opening, "the text is opened here"))
                .remedy("close the text with ''' in the line in which it is opened");
            self.found.push((span.start, diagnostic));
            return;
        }
        let remedy = if has_curly_quotes(&self.source.text, &span) {
            "use straight quotes, ' or \", in place of the curly ones"
        } else if message.contains("escape") {
            "put a regex between ''' and ''', where a backslash stands for itself"
        } else if message.contains("duplicate key") {
            "each key can be given once: remove one of the two, or write [[pattern]] above the next pattern"
        } else {
            "put text that holds quotes between ''' and ''', and compare with what `callcodes patterns new NAME` writes"
        };
        self.report(&span, format!("this is not TOML: {message}"), "", remedy);
    }

    fn report(&mut self, span: &Range<usize>, message: String, label: &str, remedy: &str) {
        let mark = Mark::new(self.source, span.clone(), label);
        self.found.push((span.start, Diagnostic::new(message).at(mark).remedy(remedy)));
    }
}

/// Whether an error is about quotes as word processors write them: in the place itself or right before it.
fn has_curly_quotes(text: &str, span: &Range<usize>) -> bool {
    let is_curly = |char: char| matches!(char, '“' | '”' | '„' | '‘' | '’' | '‚');
    let before = text.get(..span.start).and_then(|before| before.chars().next_back());
    before.is_some_and(is_curly) || text.get(span.clone()).is_some_and(|inside| inside.contains(is_curly))
}

/// The `'''` of a text that is still open at an error, or that only a `'''` of another line right before it closed.
fn unclosed(text: &str, error: &Range<usize>) -> Option<Range<usize>> {
    let mut opening: Option<usize> = None;
    let mut start = 0;
    for line in text.get(..error.start)?.split_inclusive('\n') {
        let opened_above = opening;
        let is_comment = opening.is_none() && line.trim_start().starts_with('#');
        for (at, quotes) in line.match_indices("'''").filter(|_| !is_comment) {
            let at = start + at;
            if opening.is_some() && opening == opened_above && at + quotes.len() == error.start {
                return opening.map(|opening| opening..opening + quotes.len());
            }
            opening = if opening.is_some() { None } else { Some(at) };
        }
        start += line.len();
    }
    opening.map(|opening| opening..opening + "'''".len())
}

/// The number of a TOML integer in any of its notations, if it is one that a code can have.
fn number(integer: &DeInteger<'_>) -> Option<i32> {
    i32::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// `line` as a pattern gets to see it: a multi-line string brings a line end along that was never meant.
fn without_line_end(mut line: String) -> String {
    if line.ends_with('\n') {
        line.pop();
        if line.ends_with('\r') {
            line.pop();
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<Definition> {
        parse(text, &Origin::File("own.toml".into())).unwrap_or_else(|errors| panic!("{}", errors[0]))
    }

    fn errors(text: &str) -> String {
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
ignore_case = true\r
multiline = true\r
when = 'mfa'\r
unless = 'test'\r
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
        assert!(first.ignore_case && first.multiline);
        assert_eq!((first.when.as_deref(), first.unless.as_deref()), (Some("mfa"), Some("test")));
        assert_eq!(first.origin, Origin::File("own.toml".into()));
        let [one, two] = &first.examples[..] else { panic!("{:?}", first.examples) };
        assert_eq!((one.line.as_str(), &one.code), ("code=21 user=ann", &ExpectedCode::Number(21)));
        assert_eq!(two.code, ExpectedCode::Written("FAILED".to_owned()));
        let captures = |example: &Example| -> Vec<_> {
            example.captures.iter().map(|capture| (capture.group.name(), capture.value.clone())).collect()
        };
        assert_eq!(captures(one), [("user", "ann".to_owned())]);
        let expected = [("outcome", "o"), ("host", "h"), ("address", "d"), ("time", "t")];
        assert_eq!(captures(two), expected.map(|(group, value)| (group, value.to_owned())));
        assert_eq!(first.counter_examples[0].line, "code=x");

        assert_eq!((second.name.as_str(), second.regex.as_str()), ("second", "x"));
        assert!(!second.ignore_case && !second.multiline && second.examples.is_empty());
        assert_eq!((&second.when, &second.unless), (&None, &None));
    }

    #[test]
    fn a_file_without_patterns_is_fine() {
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
    fn not_toml() {
        let expected = r#"error: this is not TOML: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\`, `"`, `x`, `u`, `U`
 --> own.toml:3:11
  |
3 | regex = "\d"
  |           ^
  |
  = help: put a regex between ''' and ''', where a backslash stands for itself"#;
        assert_eq!(errors("[[pattern]]\nname = 'a'\nregex = \"\\d\"\n"), expected);

        let expected = "\
error: this is not TOML: duplicate key
 --> own.toml:3:1
  |
3 | name = 'b'
  | ^^^^
  |
  = help: each key can be given once: remove one of the two, or write [[pattern]] above the next pattern";
        assert_eq!(errors("[[pattern]]\nname = 'a'\nname = 'b'\n"), expected);

        let expected = "\
error: this is not TOML: key with no value, expected `=`
 --> own.toml:2:6
  |
2 | name 'a'
  |      ^
  |
  = help: put text that holds quotes between ''' and ''', and compare with what `callcodes patterns new NAME` writes";
        assert_eq!(errors("[[pattern]]\nname 'a'\n"), expected);
    }

    #[test]
    fn curly_quotes() {
        let expected = "\
error: this is not TOML: string values must be quoted, expected literal string
 --> own.toml:2:8
  |
2 | name = “x”
  |        ^^^
  |
  = help: use straight quotes, ' or \", in place of the curly ones";
        assert_eq!(errors("[[pattern]]\nname = “x”\n"), expected);
        let remedy = expected.lines().last().unwrap();
        assert!(errors("[[pattern]]\nname = 'x’\n").ends_with(remedy));
        assert!(!errors("[[pattern]] # “x”\nname = x\n").ends_with(remedy));
    }

    #[test]
    fn a_text_that_is_not_closed_is_shown_where_it_is_opened() {
        let expected = "\
error: this is not TOML: unexpected key or value, expected newline, `#`
 --> own.toml:4:11
  |
3 | regex = '''b
  |         --- the text is opened here
4 | when = '''a''', c
  |           ^
  |
  = help: close the text with ''' in the line in which it is opened";
        let text = "[[pattern]]\n# '''\nregex = '''b\nwhen = '''a''', c\n";
        assert_eq!(errors(text), expected);

        let remedy = expected.lines().last().unwrap();
        assert!(errors("[[pattern]]\nregex = '''b\nc").ends_with(remedy));
        assert!(!errors("[[pattern]]\nregex = '''b''' c\n").ends_with(remedy));
        assert!(!errors("[[pattern]]\nregex = '''\nb'''\nname = x\n").ends_with(remedy));
    }

    #[test]
    fn an_unknown_key() {
        let expected = "\
error: unknown key `patern`
 --> own.toml:1:3
  |
1 | [[patern]]
  |   ^^^^^^
  |
  = help: a pattern file can have: pattern";
        assert_eq!(errors("[[patern]]\nname = 'a'\n"), expected);

        let expected = "\
error: unknown key `code`
 --> own.toml:4:1
  |
4 | code = 3
  | ^^^^
  |
  = help: a pattern can have: name, description, regex, ignore_case, multiline, when, unless, examples, counter_examples
error: unknown key `text`
 --> own.toml:5:32
  |
5 | examples = [ {line='', code=1, text='b'} ]
  |                                ^^^^
  |
  = help: an example can have: line, code, user, outcome, host, address, time";
        let text = "[[pattern]]\nname='a'\nregex='a'\ncode = 3\nexamples = [ {line='', code=1, text='b'} ]\n";
        assert_eq!(errors(text), expected);
    }

    #[test]
    fn what_is_missing() {
        let expected = "\
error: a pattern has no `name`
 --> own.toml:2:1
  |
2 | [[pattern]]
  | ^^^^^^^^^^^
  |
  = help: write name = '…' below [[pattern]]
error: a pattern has no `regex`
 --> own.toml:2:1
  |
2 | [[pattern]]
  | ^^^^^^^^^^^
  |
  = help: write regex = '''…''' below [[pattern]]
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
  = help: write line = '…' with a line of the log";
        assert_eq!(errors("# own\n[[pattern]]\nexamples = [ {line='a'}, {code=1} ]\n"), expected);
    }

    /// The message, place and remedy of the one error that is in `text`.
    fn error_at(text: &str) -> [String; 4] {
        let shown = errors(text);
        let lines: Vec<&str> = shown.lines().collect();
        let [message, place, _, _, caret, _, remedy] = lines[..] else { panic!("{shown}") };
        [message, place, caret, remedy].map(|line| line.trim_start_matches([' ', '|', '-', '>', '=']).to_owned())
    }

    #[test]
    fn wrong_types() {
        let pattern = |rest: &str| format!("[[pattern]]\nname = 'a'\nregex = 'a'\n{rest}");
        let cases = [
            (
                "[[pattern]]\nname = 3\nregex = 'a'".to_owned(),
                "error: `name` must be text",
                "own.toml:2:8",
                "^ this is a whole number",
                "help: put it in quotes: '…'",
            ),
            (
                pattern("when = ['a']"),
                "error: `when` must be text",
                "own.toml:4:8",
                "^^^^^ this is a list",
                "help: put it in quotes: '…'",
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
                "error: a pattern stands alone where a list is needed",
                "own.toml:1:1",
                "^^^^^^^^^ this is a table",
                "help: write [[pattern]] in double brackets above each pattern",
            ),
            (
                pattern("examples = [ 2001-01-01 ]"),
                "error: an example must be a table",
                "own.toml:4:14",
                "^^^^^^^^^^ this is a date or time",
                "help: write examples = [ { line = '…', code = 21 } ]",
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
                "help: write counter_examples = [ '…', '…' ]",
            ),
            (
                pattern("counter_examples = [1]"),
                "error: a counter-example must be text",
                "own.toml:4:21",
                "^ this is a whole number",
                "help: write counter_examples = [ '…', '…' ]",
            ),
        ];
        for (text, message, place, caret, remedy) in cases {
            assert_eq!(error_at(&text), [message, place, caret, remedy], "{text}");
        }
    }

    #[test]
    fn a_bad_name() {
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
    fn a_name_given_twice() {
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
    fn several_lines_in_an_example_for_single_lines() {
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
        fn no_text_makes_it_panic(
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
