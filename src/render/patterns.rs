//! Writes patterns for people: a table of all of them, or single patterns as TOML, which users can copy as a start for their own.
//!
//! Invariant: when the TOML that [`Full::write`] writes is read as a pattern file, it defines the same pattern. File names and the
//! strings in pattern files may contain any character, so control characters are escaped.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::lines::{push_result, push_shown};
use super::renderer::{Options, Renderer as _};
use super::table::Table;
use crate::catalogue::Catalogue;
use crate::code::MFA;
use crate::hit::Capture;
use crate::pattern::definition::{Definition, Example, ExpectedCode, Origin};
use crate::pattern::examples::Found;
use crate::pattern::{Pattern, PatternSet, template};
use crate::report::sheet::{Cell, Column, End, Flow, Holds, Room, Sheet};
use crate::report::wording::counted;
use crate::scan::proof;
use crate::terminal::{escaped_line, obeys};

/// The columns of the list of patterns.
pub(super) static PATTERNS: Sheet = Sheet {
    schema: 1,
    columns: &[
        Column::for_people("Name", Holds::Text),
        Column::for_people("From", Holds::Text).yields(Room::ForProse),
        Column::for_people("Search", Holds::Text).yields(Room::ForProse),
        Column::for_people("Description", Holds::Prose),
    ],
    rows: "patterns",
    before: &[],
    after: &[],
    flow: Flow::Whole,
    without_rows: &[],
};

/// The start of the comment on a pattern whose matches all contain one of a few literals.
const FAST: &str = "Fast: only lines that contain ";
/// The start of the comment on a pattern without such literals.
const SLOWER: &str = "Slower: every line is searched, because there is no fixed text that ";
/// The most literals that the comment on a pattern lists.
const LISTED_LITERALS: usize = 8;

/// Writes a table with one row for each pattern, in the order of `definitions`, from which `set` was compiled.
///
/// # Errors
///
/// Returns any error from writing to `out`.
pub fn list(definitions: &[Definition], set: &PatternSet, options: &Options, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new(PATTERNS.columns, *options);
    table.begin(&[], out)?;
    definitions.iter().zip(set.patterns()).try_for_each(|one| table.row(&cells(one), out))?;
    table.end(&End::default(), out)
}

fn cells<'d>((definition, pattern): (&'d Definition, &Pattern)) -> [Cell<'d>; 4] {
    let search = if pattern.literals().is_some() { "fast" } else { "no fixed text: slower" };
    [(&definition.name).into(), origin(definition).into(), search.into(), definition.description.as_ref().into()]
}

fn origin(definition: &Definition) -> String {
    match &definition.origin {
        Origin::BuiltIn => "built-in".to_owned(),
        other => escaped_line(&other.to_string()).into_owned(),
    }
}

/// Returns the message of `patterns check` for a file without errors, such as
/// `own.toml: 2 patterns, 3 examples and 1 counter-example pass`.
#[must_use]
pub fn kept(file: &str, definitions: &[Definition], codes: usize) -> String {
    let count = |of: fn(&Definition) -> usize| definitions.iter().map(of).sum::<usize>() as u64;
    let of_codes = if codes > 0 { format!("{}, ", counted(codes as u64, "code")) } else { String::new() };
    format!(
        "{}: {of_codes}{}, {} and {} pass",
        escaped_line(file),
        counted(definitions.len() as u64, "pattern"),
        counted(count(|one| one.examples.len()), "example"),
        counted(count(|one| one.counter_examples.len()), "counter-example"),
    )
}

/// Writes single patterns as TOML, with comments on how fast they are and what their examples give.
#[derive(Clone, Copy, Debug)]
pub struct Full<'f> {
    /// All definitions, in order of precedence.
    pub definitions: &'f [Definition],
    /// The set that was compiled from `definitions`.
    pub set: &'f PatternSet,
    /// The meanings of the codes.
    pub catalogue: &'f Catalogue,
}

impl Full<'_> {
    /// Writes the patterns with these indexes in [`Full::definitions`], separated by empty lines. The output is a valid pattern
    /// file if no index occurs twice.
    ///
    /// # Errors
    ///
    /// Returns any error from writing to `out`.
    pub fn write_all(&self, indexes: &[usize], out: &mut impl Write) -> io::Result<()> {
        for (at, &index) in indexes.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            self.write(index, out)?;
        }
        Ok(())
    }

    /// Writes the pattern with this index in [`Full::definitions`] as a TOML table, with comments above it and above each example.
    /// Writes nothing if the index is out of range.
    ///
    /// # Errors
    ///
    /// Returns any error from writing to `out`.
    pub fn write(&self, index: usize, out: &mut impl Write) -> io::Result<()> {
        let (Some(definition), Some(pattern)) = (self.definitions.get(index), self.set.patterns().get(index)) else {
            return Ok(());
        };
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# {}, from: {}", definition.name, origin(definition));
        let _ = writeln!(text, "# {}", search(definition, pattern));
        let _ = writeln!(text, "# {}", pattern.ways());
        if definition.origin == Origin::CommandLine {
            let _ = writeln!(text, "# In a file it needs another name: this kind of name is kept for -e.");
        }
        push_toml(definition, &mut text, |example, text| self.push_given(index, definition, example, text));
        out.write_all(text.as_bytes())
    }

    /// Appends a comment for each result that the pattern finds in an example.
    fn push_given(&self, index: usize, definition: &Definition, example: &Example, text: &mut String) {
        // The example of a context is a whole sign-in, in which the pattern alone finds no result.
        if definition.role.is_context() {
            return;
        }
        let mut scratch = self.set.scratch();
        for found in proof::find_all(self.set, &mut scratch, self.catalogue, example.line.as_bytes(), Some(index)) {
            let _ = writeln!(text, "    # gives {}", self.given(&found));
        }
    }

    /// Returns a result with its captures, such as `21 Mobile App Authenticated, user ann`.
    fn given(&self, found: &Found) -> String {
        let mut bytes = Vec::new();
        push_result(&mut bytes, self.catalogue, &found.key);
        for capture in Capture::details() {
            if let Some(value) = &found.captures[capture] {
                bytes.extend_from_slice(format!(", {} ", capture.name()).as_bytes());
                push_shown(&mut bytes, value.as_bytes());
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Returns a pattern as a TOML table, without comments.
#[must_use]
pub fn toml_of(definition: &Definition) -> String {
    let mut text = String::new();
    push_toml(definition, &mut text, |_, _| {});
    text
}

/// Appends a pattern as a TOML table. `comment` appends what comes before an example.
fn push_toml(definition: &Definition, text: &mut String, mut comment: impl FnMut(&Example, &mut String)) {
    text.push_str("[[pattern]]\n");
    let mut key = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "{name} = {value}");
        }
    };
    key("name", Some(quoted(&definition.name)));
    key("description", definition.description.as_deref().map(quoted));
    key("regex", Some(triply_quoted(&definition.regex)));
    key("ignore_case", definition.ignore_case.then(|| "true".to_owned()));
    key("multiline", definition.multiline.then(|| "true".to_owned()));
    key("empty_is_zero", definition.empty_is_zero.then(|| "true".to_owned()));
    key("when", definition.when.as_deref().map(triply_quoted));
    key("unless", definition.unless.as_deref().map(triply_quoted));
    key("sign", definition.sign.as_deref().map(triply_quoted));
    key("foreign", definition.foreign.as_deref().map(triply_quoted));
    key("line", definition.line.as_deref().map(triply_quoted));
    key("recorder", definition.recorder.as_deref().map(quoted));
    key("family", Some(&*definition.family).filter(|family| *family != MFA).map(quoted));
    key("time_form", definition.time_form.as_deref().map(quoted));
    key("general", definition.general.then(|| "true".to_owned()));
    key("context", definition.role.name().map(quoted));
    if !definition.examples.is_empty() {
        text.push_str("examples = [\n");
        for example in &definition.examples {
            comment(example, text);
            let _ = writeln!(text, "    {},", inline_table(example));
        }
        text.push_str("]\n");
    }
    if !definition.counter_examples.is_empty() {
        text.push_str("counter_examples = [\n");
        for example in &definition.counter_examples {
            let _ = writeln!(text, "    {},", triply_quoted(&example.line));
        }
        text.push_str("]\n");
    }
}

/// Returns the comment that describes which lines the regex has to search, and so how fast the pattern is.
fn search(definition: &Definition, pattern: &Pattern) -> String {
    let Some(literals) = pattern.literals() else {
        let missing = if definition.multiline { "every match starts with" } else { "every match contains" };
        return format!("{SLOWER}{missing}");
    };
    let folded: BTreeSet<String> =
        literals.iter().map(|literal| String::from_utf8_lossy(literal).to_ascii_lowercase()).collect();
    let any_case = folded.len() < literals.len();
    let listed: Vec<String> = if any_case {
        folded.into_iter().collect()
    } else {
        literals.iter().map(|literal| String::from_utf8_lossy(literal).into_owned()).collect()
    };
    let more = listed.len().saturating_sub(LISTED_LITERALS);
    let mut text = listed
        .iter()
        .take(LISTED_LITERALS)
        .map(|one| format!("`{}`", escaped_line(one)))
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    let case = if any_case { ", in upper or lower case," } else { "" };
    let one_of = if listed.len() == 1 { "" } else { "one of " };
    format!("{FAST}{one_of}{text}{case} are searched")
}

/// Whether `text` begins like the output of `patterns show` or `patterns check`, or like the file that `patterns new` creates.
pub(super) fn begins(text: &str) -> bool {
    let mut lines = text.lines();
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let search = second.strip_prefix("# ").unwrap_or_default();
    let is_full = first.starts_with("# ") && first.contains(", from: ");
    let do_pass = |counts: &str| {
        let counts = counts.replace("s,", ",").replace("s ", " ");
        let words = counts.split(' ').filter(|word| word.parse::<u64>().is_err() && !word.contains(','));
        words.eq(["example", "and", "counter-example", "pass"])
    };
    (is_full && (search.starts_with(FAST) || search.starts_with(SLOWER)))
        || (first.starts_with('#') && first == template::first_line())
        || first.rsplit_once(": ").is_some_and(|(_, counts)| counts.contains("pass") && do_pass(counts))
}

/// Returns an example as a TOML inline table, such as `{ line = '…', code = 21, user = 'ann' }`.
fn inline_table(example: &Example) -> String {
    let code = match &example.code {
        ExpectedCode::Number(number) => number.to_string(),
        ExpectedCode::Written(written) => quoted(written),
    };
    let mut table = format!("{{ line = {}, code = {code}", triply_quoted(&example.line));
    for expected in &example.captures {
        let _ = write!(table, ", {} = {}", expected.capture.name(), quoted(&expected.value));
    }
    table.push_str(" }");
    table
}

/// Returns `text` as a TOML string: in single quotes if possible, and otherwise as [`triply_quoted`] does.
fn quoted(text: &str) -> String {
    if text.contains('\'') || has_control(text) { triply_quoted(text) } else { format!("'{text}'") }
}

/// Returns `text` as a TOML string: in triple single quotes, which need no escapes, if possible, and otherwise in double quotes.
fn triply_quoted(text: &str) -> String {
    if !text.contains("'''") && !text.ends_with('\'') && !has_control(&text.replace('\n', "")) {
        // TOML drops a line end right after the quotation marks.
        let start = if text.contains('\n') { "\n" } else { "" };
        return format!("'''{start}{text}'''");
    }
    let mut escaped = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            control if obeys(control) => {
                let _ = write!(escaped, "\\u{:04X}", u32::from(control));
            }
            other => escaped.push(other),
        }
    }
    escaped.push('"');
    escaped
}

/// Whether `text` contains characters that a TOML literal string cannot contain or that would be invisible in it.
fn has_control(text: &str) -> bool {
    text.chars().any(obeys)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config;
    use crate::pattern::file;

    fn parse(text: &str) -> Vec<Definition> {
        file::parse(text, &Origin::File("own.toml".into())).unwrap_or_else(|errors| panic!("{}\n{text}", errors[0]))
    }

    fn full(definitions: &[Definition], index: usize) -> String {
        let set = PatternSet::compile(definitions).unwrap();
        let mut out = Vec::new();
        Full { definitions, set: &set, catalogue: Catalogue::built_in() }.write(index, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Returns everything that a definition contains, except its origin, as text to compare.
    fn content(definition: &Definition) -> String {
        let Definition { name, description, regex, ignore_case, multiline, empty_is_zero, when, unless, .. } =
            definition;
        let Definition { line, recorder, time_form, role, .. } = definition;
        let mut content =
            format!("{name} {description:?} {regex} {ignore_case} {multiline} {empty_is_zero} {when:?} {unless:?}\n");
        let _ = writeln!(content, "{line:?} {recorder:?} {time_form:?} {role:?}");
        for example in &definition.examples {
            let captures: Vec<_> = example.captures.iter().map(|one| (one.capture, &one.value)).collect();
            let _ = writeln!(content, "{:?} {:?} {captures:?}", example.line, example.code);
        }
        for example in &definition.counter_examples {
            let _ = writeln!(content, "not {:?}", example.line);
        }
        content
    }

    #[test]
    fn every_built_in_pattern_can_be_read_back_from_its_own_output() {
        let definitions = config::built_in();
        for (index, definition) in definitions.iter().enumerate() {
            let again = parse(&full(&definitions, index));
            assert_eq!(again.len(), 1);
            assert_eq!(content(&again[0]), content(definition));
            // The example of a context needs the patterns that find the results.
            let mut all = definitions.clone();
            all[index] = again[0].clone();
            assert!(proof::compile(&all, Catalogue::built_in).is_ok(), "{}", definition.name);
        }
    }

    #[test]
    fn a_pattern_is_shown_in_full() {
        let text = r#"[[pattern]]
name = "own"
description = "it's"
regex = 'c=(?<code>\w+)(?: (?<user>\w+))?'
ignore_case = true
multiline = true
when = "'x'"
unless = '"'
examples = [ { line = "'x' c=4 ann\n", code = 4, user = "ann" }, { line = "'x'\nc=used_cache", code = "used_cache" } ]
counter_examples = [ "c", "\t" ]
"#;
        let expected = r#"# own, from: own.toml
# Fast: only lines that contain `c=`, in upper or lower case, are searched
# Speed: the fastest; matched step by step, without trying anything twice
[[pattern]]
name = 'own'
description = '''it's'''
regex = '''c=(?<code>\w+)(?: (?<user>\w+))?'''
ignore_case = true
multiline = true
when = "'x'"
unless = '''"'''
examples = [
    # gives 4 No Phone Input - Timed Out, user ann
    { line = ''''x' c=4 ann''', code = 4, user = 'ann' },
    { line = '''
'x'
c=used_cache''', code = 'used_cache' },
]
counter_examples = [
    '''c''',
    "\t",
]
"#;
        let definitions = parse(text);
        assert_eq!(full(&definitions, 0), expected);
        assert_eq!(content(&parse(expected)[0]), content(&definitions[0]));
        assert_eq!(full(&definitions, 1), "");
    }

    #[test]
    fn the_reason_for_a_slower_search_is_shown() {
        let text = "[[pattern]]\nname = 'a'\nregex = '(?<code>\\d+)'\n\
                    [[pattern]]\nname = 'b'\nregex = '\\d(?<code>abc)'\nmultiline = true\n\
                    [[pattern]]\nname = 'c'\nregex = '(?<code>ab|cd)'\n";
        let definitions = parse(text);
        let second = |index| full(&definitions, index).lines().nth(1).map(str::to_owned);
        let slower = "# Slower: every line is searched, because there is no fixed text that";
        assert_eq!(second(0), Some(format!("{slower} every match contains")));
        assert_eq!(second(1), Some(format!("{slower} every match starts with")));
        assert_eq!(second(2).as_deref(), Some("# Fast: only lines that contain one of `ab`, `cd` are searched"));
        let third = |index| full(&definitions, index).lines().nth(2).map(str::to_owned);
        let engine = "# Speed: a tenth of the fastest or less; searched for by the general regex engine";
        assert_eq!(third(0).as_deref(), Some(engine));
        assert_eq!(
            third(2).as_deref(),
            Some("# Speed: the fastest; matched step by step, without trying anything twice")
        );
    }

    #[test]
    fn the_table_wraps_descriptions_and_escapes_control_characters() {
        let text = "[[pattern]]\nname = 'a'\ndescription = \"one two three four\\u001B\"\nregex = '(?<code>\\d+)'\n\
                    [[pattern]]\nname = 'bb'\nregex = 'xyz(?<code>\\d+)'\n";
        let definitions = parse(text);
        let set = PatternSet::compile(&definitions).unwrap();
        let shown = |width| {
            let mut out = Vec::new();
            list(&definitions, &set, &Options { width, ..Options::default() }, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let expected = "\
Name  From      Search                 Description
---------------------------------------------------------------
a     own.toml  no fixed text: slower  one two three four\\u{1b}
bb    own.toml  fast                   -
";
        assert_eq!(shown(None), expected);
        let expected = "\
Name  From      Search                 Description
----------------------------------------------------
a     own.toml  no fixed text: slower  one two three
                                       four\\u{1b}
bb    own.toml  fast                   -
";
        // The columns before the descriptions take 6, 10 and 23, which leaves 16.
        assert_eq!(shown(Some(55)), expected);
    }

    proptest! {
        #[test]
        fn any_text_can_be_quoted_and_read_back(text in any::<String>(), more in r#"['"\\\r\n\t\x00-\x1f\x7fa]{0,8}"#) {
            for text in [text, more] {
                for written in [quoted(&text), triply_quoted(&text)] {
                    let table: toml::Table = format!("x = {written}").parse().unwrap();
                    prop_assert_eq!(table["x"].as_str(), Some(&*text));
                }
            }
        }
    }
}
