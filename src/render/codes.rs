//! Entries of the catalogue as plain text: a few explained, many as a table.

use std::io::{self, Write};

use tabled::builder::Builder;
use tabled::settings::object::{Columns, Rows};
use tabled::settings::{Alignment, Padding, Style};

use super::wrap::wrap;
use crate::catalogue::{Check, Entry, UNKNOWN_DESCRIPTION, Whose};
use crate::code::Code;

/// Up to this many entries are explained one by one; more become a table.
pub const EXPLAINED_AT_MOST: usize = 5;

/// The width of the labels in an explanation, with the gap behind them.
const LABEL_WIDTH: usize = 17;
/// Text is never squeezed narrower than this, however few columns there are.
const LEAST_TEXT_WIDTH: usize = 20;

/// Writes the entries, each explained if they are few and as a table if they are many. `columns` is the width to wrap to.
///
/// # Errors
///
/// Those of `out`.
pub fn entries(out: &mut impl Write, entries: &[&Entry], columns: usize) -> io::Result<()> {
    if entries.len() <= EXPLAINED_AT_MOST { explanations(out, entries, columns) } else { overview(out, entries) }
}

/// Writes a table of code, description, group and channel, one row for each entry.
///
/// # Errors
///
/// Those of `out`.
pub fn overview(out: &mut impl Write, entries: &[&Entry]) -> io::Result<()> {
    let mut rows = Builder::default();
    rows.push_record(["Code", "Description", "Group", "Channel"]);
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

/// Writes all that is known of each entry, with an empty line between two of them. `columns` is the width to wrap to.
///
/// # Errors
///
/// Those of `out`.
pub fn explanations(out: &mut impl Write, entries: &[&Entry], columns: usize) -> io::Result<()> {
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        explanation(out, entry, columns)?;
    }
    Ok(())
}

/// What there is to say about a number that no entry knows, without a full stop.
#[must_use]
pub fn unknown_code(code: Code) -> String {
    format!("{code} is {UNKNOWN_DESCRIPTION}")
}

fn explanation(out: &mut impl Write, entry: &Entry, columns: usize) -> io::Result<()> {
    match entry.code {
        Some(code) => writeln!(out, "{code}  {}", entry.description)?,
        None => writeln!(out, "{}", entry.description)?,
    }
    let width = columns.saturating_sub(LABEL_WIDTH).max(LEAST_TEXT_WIDTH);
    for (label, text) in labelled(entry) {
        // A name is there to be copied, so it stays whole.
        let width = if text.contains(' ') { width } else { usize::MAX };
        for (index, line) in wrap(&text, width).iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            writeln!(out, "  {label:<width$}{line}", width = LABEL_WIDTH - 2)?;
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
