//! Entries of the catalogue: a few explained, many as a table; or as JSON, for scripts.

use std::io::{self, Write};

use serde::Serialize;
use tabled::builder::Builder;
use tabled::settings::object::{Columns, Rows};
use tabled::settings::{Alignment, Padding, Style};

use super::table::after_headings;
use super::wrap::wrap;
use crate::catalogue::{Catalogue, Check, Entry, UNKNOWN_DESCRIPTION, Whose};
use crate::code::{Code, Key};

/// Up to this many entries are explained one by one; more become a table.
pub const EXPLAINED_AT_MOST: usize = 5;

const HEAD: [&str; 4] = ["Code", "Description", "Group", "Channel"];

/// The width of the labels in an explanation, with the gap behind them.
const LABEL_WIDTH: usize = 17;
/// Text is never squeezed narrower than this, however few columns there are.
const LEAST_TEXT_WIDTH: usize = 20;

/// Writes the entries: if they are few, all that is known of each, with an empty line between two of them, and if they are many,
/// a table. `columns` is the width to wrap to.
///
/// # Errors
///
/// Those of `out`.
pub fn entries(out: &mut impl Write, entries: &[&Entry], columns: usize) -> io::Result<()> {
    if entries.len() > EXPLAINED_AT_MOST {
        return overview(out, entries);
    }
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        explanation(out, entry, columns)?;
    }
    Ok(())
}

/// Writes a table of code, description, group and channel, one row for each entry.
///
/// # Errors
///
/// Those of `out`.
pub fn overview(out: &mut impl Write, entries: &[&Entry]) -> io::Result<()> {
    let mut rows = Builder::default();
    rows.push_record(HEAD);
    for entry in entries {
        rows.push_record([
            number(entry),
            entry.description.clone(),
            entry.group.to_string(),
            entry.channel.to_string(),
        ]);
    }
    let mut table = rows.build();
    table
        .with(Style::empty())
        .modify(Rows::new(..), Padding::new(0, 2, 0, 0))
        .modify(Columns::first(), Alignment::right());
    // The last column is padded like the others; nobody wants blanks at line ends.
    for line in table.to_string().lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// What there is to say about a result that no entry knows, without a full stop.
#[must_use]
pub fn unknown(key: &Key) -> String {
    match key {
        Key::Code(code) => format!("{code} is {UNKNOWN_DESCRIPTION}"),
        Key::Name(name) => format!("{name:?} is {UNKNOWN_DESCRIPTION}"),
    }
}

/// The version of the contract with scripts.
const SCHEMA: u32 = 2;

/// Writes the entries, and the results that no entry knows, as one JSON object.
///
/// # Errors
///
/// Those of `out`.
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
        unknown.iter().map(|key| Unknown { code: key.code(), name: key.name(), description: UNKNOWN_DESCRIPTION });
    let document = Document { schema: SCHEMA, entries, unknown: unknown.collect() };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// Whether `text` begins as anything that is written here.
pub(super) fn begins(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let is_quoted = |name: &str| name.len() > 2 && name.starts_with('"') && name.ends_with('"');
    let unknown = line.strip_suffix(UNKNOWN_DESCRIPTION).and_then(|line| line.strip_suffix(" is "));
    let is_explained = text.split_once('\n').is_some_and(|(_, below)| below.starts_with(&label("What happened")));
    after_headings(HEAD.into_iter(), text).is_some_and(|rest| rest.starts_with('\n'))
        || super::json::begins(SCHEMA, "entries", text)
        || unknown.is_some_and(|key| key.parse::<i32>().is_ok() || is_quoted(key))
        || is_explained && Catalogue::built_in().entries().iter().any(|entry| title(entry) == line)
}

fn title(entry: &Entry) -> String {
    match entry.code {
        Some(code) => format!("{code}  {}", entry.description),
        None => entry.description.clone(),
    }
}

fn label(label: &str) -> String {
    format!("  {label:<width$}", width = LABEL_WIDTH - 2)
}

fn explanation(out: &mut impl Write, entry: &Entry, columns: usize) -> io::Result<()> {
    writeln!(out, "{}", title(entry))?;
    let width = columns.saturating_sub(LABEL_WIDTH).max(LEAST_TEXT_WIDTH);
    for (label, text) in labelled(entry) {
        // A name is there to be copied, so it stays whole.
        let width = if text.contains(' ') { width } else { usize::MAX };
        for (index, line) in wrap(&text, width).iter().enumerate() {
            writeln!(out, "{}{line}", self::label(if index == 0 { label } else { "" }))?;
        }
    }
    Ok(())
}

/// The parts of an explanation below its heading, in reading order.
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
    parts.push(("Whose matter", whose.join(", ")));
    parts.extend(entry.evidence.caveat().map(|caveat| ("Note", caveat.to_owned())));
    parts.push(("Group", entry.group.to_string()));
    parts.push(("Channel", entry.channel.to_string()));
    parts.extend(entry.symbol.clone().map(|name| ("Symbol", name)));
    parts.extend(entry.sdk_constant.clone().map(|name| ("SDK constant", name)));
    parts.extend(entry.other_descriptions.iter().map(|text| ("Also written", text.clone())));
    parts
}

/// The number; of a shared text, the numbers that share it; else a dash.
fn number(entry: &Entry) -> String {
    match (entry.code, entry.candidates.as_slice()) {
        (Some(code), _) => code.to_string(),
        (None, []) => "-".to_owned(),
        (None, codes) => codes.iter().map(Code::to_string).collect::<Vec<_>>().join(", "),
    }
}
