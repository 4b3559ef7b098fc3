//! Writes entries of the catalogue: a few as explanations, many as a table, or all as JSON for scripts.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::renderer::{Options, Renderer as _};
use super::table::{Table, after_headings, headings};
use super::wrap::wrap;
use crate::catalogue::{
    Catalogue, Check, Entry, UNKNOWN_DESCRIPTION, UNKNOWN_NAME_DESCRIPTION, Whose, unknown_description,
};
use crate::code::{Code, Key, MFA, is_family};
use crate::report::sheet::{Cell, Column, End, Holds, Room};
use crate::report::wording::counted;

/// The most entries that are explained in full. More entries become a table.
pub const EXPLAINED_AT_MOST: usize = 5;

/// The columns of the table of many entries.
const COLUMNS: &[Column] = &[
    Column::for_people("Code", Holds::Code),
    Column::for_people("Description", Holds::Prose),
    Column::for_people("Group", Holds::Text).yields(Room::ForProse),
    Column::for_people("Channel", Holds::Text).yields(Room::ForOneLine),
];

/// The width of the column of labels in an explanation, such as `  Check first    `, in characters.
const LABEL_WIDTH: usize = 17;
/// The least width of the text next to the labels, however narrow the terminal is, in characters.
const LEAST_TEXT_WIDTH: usize = 20;

/// Writes up to [`EXPLAINED_AT_MOST`] entries as explanations, wrapped to `columns`, or more entries as a table for a terminal of
/// `width` columns. If `width` is `None`, lines of the table may have any length.
///
/// # Errors
///
/// Returns any error from writing to `out`.
pub fn entries(out: &mut impl Write, entries: &[&Entry], columns: usize, width: Option<usize>) -> io::Result<()> {
    if entries.len() > EXPLAINED_AT_MOST {
        return overview(out, entries, width);
    }
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        explanation(out, entry, columns)?;
    }
    Ok(())
}

/// Writes the entries of the family [`MFA`] as a table, followed by how to list the entries of the other families. The arguments are
/// those of [`overview`].
///
/// # Errors
///
/// Returns any error from writing to `out`.
pub fn everything(out: &mut impl Write, entries: &[&Entry], width: Option<usize>) -> io::Result<()> {
    let (own, others): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| entry.family == MFA);
    overview(out, &own, width)?;
    let mut families: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in others {
        *families.entry(&entry.family).or_default() += 1;
    }
    for (index, (family, count)) in families.into_iter().enumerate() {
        let begin = if index == 0 { "\n" } else { "" };
        writeln!(
            out,
            "{begin}{} of the family {family}: callcodes codes {family}",
            counted(count as u64, "more name")
        )?;
    }
    Ok(())
}

/// Writes a table with one row for each entry: its code, description, group and channel. `width` is the terminal's width in
/// columns, or `None` if lines may have any length.
///
/// # Errors
///
/// Returns any error from writing to `out`.
pub fn overview(out: &mut impl Write, entries: &[&Entry], width: Option<usize>) -> io::Result<()> {
    let mut table = Table::new(COLUMNS, Options { width, ..Options::default() });
    table.begin(&[], out)?;
    for entry in entries {
        let cells: [Cell<'_>; 4] = [
            number(entry).into(),
            described(entry).into(),
            entry.group.to_string().into(),
            entry.channel.to_string().into(),
        ];
        table.row(&cells, out)?;
    }
    table.end(&End::default(), out)
}

/// Returns the sentence for a result that is not in the catalogue, such as `777 is not in the vendor's list; contact Impero`.
#[must_use]
pub fn unknown(key: &Key) -> String {
    let description = unknown_description(key);
    match key {
        Key::Code(code) => format!("{code} is {description}"),
        Key::Name(name) => format!("{:?} is {description}", name.as_str()),
    }
}

/// The version of the JSON format.
pub(super) const SCHEMA: u32 = 2;

/// The fields of the JSON object, except its version.
pub(super) const FIELDS: &[Column] = &[
    Column::for_scripts(
        "entries",
        Holds::Records(ENTRY),
        "The entries for the results that were asked for, ordered by code.",
    ),
    Column::for_scripts(
        "unknown",
        Holds::Records(UNKNOWN),
        "The results that were asked for but are not in the catalogue.",
    ),
];

const ENTRY: &[Column] = &[
    Column::for_scripts("family", Holds::Text, "The family of the result: `mfa`, `nps` or `entra`."),
    Column::for_scripts("code", Holds::Code, "The code. `null` if none is public.").or_null(),
    Column::for_scripts(
        "name",
        Holds::Text,
        "The name in the log, or the text that several codes share. `null` if there is a code.",
    )
    .or_null(),
    Column::for_scripts("description", Holds::Text, "The vendor's words."),
    Column::for_scripts("symbol", Holds::Text, "The name in the server's logs.").or_null(),
    Column::for_scripts("sdk_constant", Holds::Text, "The name in the SDK.").or_null(),
    Column::for_scripts("other_descriptions", Holds::Texts, "Other texts for the same result."),
    Column::for_scripts("candidates", Holds::Codes, "The codes that share this text, if there are several."),
    Column::for_scripts("see_also", Holds::Codes, "The most similar codes. They are never counted together."),
    Column::for_scripts("channel", Holds::Text, "How the user was asked, such as `call` or `text-message`."),
    Column::for_scripts(
        "group",
        Holds::Text,
        "The kind of result, which is a hint where to look, such as `not-reached`.",
    ),
    Column::for_scripts("happened", Holds::Text, "What happened on the phone, in the app or with the code."),
    Column::for_scripts(
        "evidence",
        Holds::Text,
        "What that is based on: `documented` (a public source explains this result), `feature` (public sources describe only the feature that it is named after) or `name` (only its name is public).",
    ),
    Column::for_scripts("checks", Holds::Records(CHECK), "What to check, the most useful first."),
    Column::for_scripts("whose", Holds::Texts, "Who can usually fix it, the likeliest first."),
];

const CHECK: &[Column] = &[
    Column::for_scripts("check", Holds::Text, "What to look at or do."),
    Column::for_scripts("where", Holds::Text, "Where to look."),
];

const UNKNOWN: &[Column] = &[
    Column::for_scripts("code", Holds::Code, "The code. `null` if it is not a number.").or_null(),
    Column::for_scripts("name", Holds::Text, "The name or text. `null` if it is a number.").or_null(),
    Column::for_scripts("description", Holds::Text, "What the user can do about it."),
];

/// Writes the entries, and the results that are not in the catalogue, as one JSON object.
///
/// # Errors
///
/// Returns any error from writing to `out`.
pub fn json(out: &mut impl Write, entries: &[&Entry], unknown: &[Key]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'d> {
        schema: u32,
        entries: &'d [&'d Entry],
        unknown: Vec<Unknown<'d>>,
    }
    #[derive(Serialize)]
    struct Unknown<'d> {
        code: Option<Code>,
        name: Option<&'d str>,
        description: &'static str,
    }
    let unknown =
        unknown.iter().map(|key| Unknown { code: key.code(), name: key.name(), description: unknown_description(key) });
    let document = Document { schema: SCHEMA, entries, unknown: unknown.collect() };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// Whether `text` begins like any output that this module writes.
pub(super) fn begins(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let is_quoted = |name: &str| name.len() > 2 && name.starts_with('"') && name.ends_with('"');
    let unknown = [UNKNOWN_DESCRIPTION, UNKNOWN_NAME_DESCRIPTION].iter().find_map(|words| line.strip_suffix(words));
    let unknown = unknown.and_then(|line| line.strip_suffix(" is "));
    let is_explained = text[line.len()..].starts_with("\n  What happened");
    // An entry of the user is not in the built-in catalogue.
    let is_of_family = || line.split_once(':').is_some_and(|(family, _)| is_family(family));
    let is_title = || is_of_family() || Catalogue::built_in().entries().iter().any(|entry| title(entry) == line);
    after_headings(headings(COLUMNS), text).is_some_and(|rest| rest.starts_with('\n'))
        || super::json::begins(SCHEMA, "entries", text)
        || unknown.is_some_and(|key| key.parse::<i32>().is_ok() || is_quoted(key))
        || is_explained && is_title()
}

fn title(entry: &Entry) -> String {
    match entry.code {
        Some(code) => format!("{code}  {}", entry.description),
        None => described(entry),
    }
}

/// Returns the description, after the name in families whose results have no code.
fn described(entry: &Entry) -> String {
    let key = entry.key();
    match key.name() {
        Some(name) if entry.family != MFA && name == entry.description => key.to_string(),
        Some(_) if entry.family != MFA => format!("{key}  {}", entry.description),
        _ => entry.description.clone(),
    }
}

fn label(label: &str) -> String {
    format!("  {label:<width$}", width = LABEL_WIDTH - 2)
}

fn explanation(out: &mut impl Write, entry: &Entry, columns: usize) -> io::Result<()> {
    writeln!(out, "{}", title(entry))?;
    let width = columns.saturating_sub(LABEL_WIDTH).max(LEAST_TEXT_WIDTH);
    for (label, text) in labelled(entry) {
        // Names stay whole, so that they can be copied.
        let width = if text.contains(' ') { width } else { usize::MAX };
        for (index, line) in wrap(&text, width).iter().enumerate() {
            writeln!(out, "{}{line}", self::label(if index == 0 { label } else { "" }))?;
        }
    }
    Ok(())
}

/// Returns the labels and texts of an explanation, from top to bottom.
fn labelled(entry: &Entry) -> Vec<(&'static str, String)> {
    let mut parts = vec![("What happened", entry.happened.clone())];
    if !entry.candidates.is_empty() {
        parts.push(("One of", number(entry)));
    }
    let labels = ["Check first", "Then", "Then"];
    for (Check { check, place }, label) in entry.checks.iter().zip(labels) {
        parts.push((label, check.clone()));
        parts.push(("  where", place.clone()));
    }
    let whose: Vec<String> = entry.whose.iter().map(Whose::to_string).collect();
    parts.push(("Concerns", whose.join(", ")));
    parts.extend(entry.evidence.caveat().map(|caveat| ("Note", caveat.to_owned())));
    if !entry.see_also.is_empty() {
        let catalogue = Catalogue::built_in();
        let shown = |code: &Code| format!("{code} {}", catalogue.description(&Key::Code(*code)));
        parts.push(("See also", entry.see_also.iter().map(shown).collect::<Vec<_>>().join(", ")));
    }
    parts.push(("Group", entry.group.to_string()));
    parts.push(("Channel", entry.channel.to_string()));
    parts.extend(entry.symbol.clone().map(|name| ("Name in logs", name)));
    parts.extend(entry.sdk_constant.clone().map(|name| ("Name in SDK", name)));
    parts.extend(entry.other_descriptions.iter().map(|text| ("Also written", text.clone())));
    parts
}

/// Returns the code of an entry in words, the codes that it may stand for, or `-` if it has none.
fn number(entry: &Entry) -> String {
    match (entry.code, entry.candidates.as_slice()) {
        (Some(code), _) => code.to_string(),
        (None, []) => "-".to_owned(),
        (None, codes) => codes.iter().map(Code::to_string).collect::<Vec<_>>().join(", "),
    }
}
