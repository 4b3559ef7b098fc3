//! Reads the summary that an earlier run saved as JSON.

use serde::Deserialize;

use super::counted::{Counted, Place};
use crate::catalogue::Catalogue;
use crate::code::{Code, Key, MFA};
use crate::filter::Part;
use crate::finding::people_hours::PARTS_OF_WEEK;
use crate::report::wording;
use crate::summary::{Dimension, Tally};
use crate::time::Time;

/// The version of the summary that can be read.
const SCHEMA: u32 = 1;

/// Why a file is not a summary that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSaved {
    /// It is no summary, or it is damaged. The reason is a clause.
    Damaged(String),
    /// A newer version of the program wrote it.
    Newer(u32),
    /// It was not counted by what is compared.
    CountedOtherwise,
    /// Filters excluded so many results when it was saved, for another reason than their time.
    Filtered(u64),
    /// It has no rows for so many of its results: `--top`, `--min` or `--findings only` left them out.
    Cut(u64),
    /// Each result was counted by itself, so the same sign-ins may have counted twice.
    CountedEach,
}

/// A summary that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The results.
    pub counted: Counted,
    /// Whether the run was interrupted, so that results are missing.
    pub is_partial: bool,
    /// Whether the hours of the results are known.
    pub has_hours: bool,
    /// The number of files that were read.
    pub files: u64,
    /// The number of machines with results, or 0 if they are not known.
    pub hosts: u64,
}

#[derive(Deserialize)]
struct Document {
    schema: u32,
    partial: bool,
    joined: Option<bool>,
    totals: Totals,
    #[serde(default)]
    by: Vec<String>,
    #[serde(default)]
    rows: Vec<Row>,
    results: Vec<Row>,
}

#[derive(Deserialize)]
struct Totals {
    results: Option<u64>,
    #[serde(default)]
    excluded: u64,
    #[serde(default)]
    excluded_by: Vec<String>,
    files_read: u64,
    hosts_with_results: Option<u64>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    family: Option<String>,
    #[serde(default)]
    code: Option<i32>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    host: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    hour: Option<String>,
    count: u64,
    first_seen: Option<String>,
    last_seen: Option<String>,
}

impl Row {
    fn key(&self, catalogue: &Catalogue) -> Option<Key> {
        match (self.code, &self.name) {
            (Some(code), _) => Some(Key::Code(Code(code))),
            (None, Some(name)) => Some(catalogue.resolve_in(self.family.as_deref().unwrap_or(MFA), name.as_bytes())),
            (None, None) => None,
        }
    }

    fn tally(&self) -> Tally {
        Tally {
            count: self.count,
            first: self.first_seen.as_deref().and_then(time),
            last: self.last_seen.as_deref().and_then(time),
        }
    }
}

fn time(text: &str) -> Option<Time> {
    let nanoseconds = text.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
    i64::try_from(nanoseconds).ok().map(Time::from_nanoseconds)
}

/// Whether a file that begins with `head` may be a saved summary.
#[must_use]
pub fn is_saved(head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    head.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with("\"schema\""))
}

/// Reads a saved summary. `of` is the host or user by which results are compared.
///
/// # Errors
///
/// Fails if `text` is not a summary, or not one that was counted by `of`, or if it lacks results that its logs have.
pub fn read(text: &str, of: Option<Dimension>, catalogue: &Catalogue) -> Result<Saved, NotSaved> {
    let text = text.trim_start_matches('\u{feff}');
    let document: serde_json::Value =
        serde_json::from_str(text).map_err(|error| NotSaved::Damaged(format!("it is not complete JSON ({error})")))?;
    match document["schema"].as_u64() {
        Some(newer) if newer > u64::from(SCHEMA) && document["totals"].is_object() => {
            return Err(NotSaved::Newer(u32::try_from(newer).unwrap_or(u32::MAX)));
        }
        _ => {}
    }
    let document: Document = serde_json::from_value(document)
        .map_err(|_| NotSaved::Damaged("it is not the JSON of `callcodes scan`".to_owned()))?;
    if document.schema != SCHEMA {
        return Err(NotSaved::Damaged("it has no known version".to_owned()));
    }
    if document.joined == Some(false) {
        return Err(NotSaved::CountedEach);
    }
    let by: Vec<&str> = document.by.iter().map(String::as_str).collect();
    let has = |name: &str| by.contains(&name) && by.contains(&"code");
    let has_hours = of.is_none() && has("hour");
    let mut counted = Counted::default();
    let rows = match of {
        Some(of) if !has(of.name()) => return Err(NotSaved::CountedOtherwise),
        Some(_) => &document.rows,
        None if has_hours => &document.rows,
        None => &document.results,
    };
    let Totals { results, excluded, excluded_by, .. } = &document.totals;
    // What is outside a window of time is missing like a log of that time.
    if *excluded > 0 && !excluded_by.iter().eq([wording::option(Part::Window)]) {
        return Err(NotSaved::Filtered(*excluded));
    }
    let in_rows = rows.iter().map(|row| row.count).fold(0, u64::saturating_add);
    if let Some(missing) = results.and_then(|results| results.checked_sub(in_rows)).filter(|missing| *missing > 0) {
        return Err(NotSaved::Cut(missing));
    }
    let mut hours = std::collections::BTreeSet::new();
    for row in rows {
        let Some(key) = row.key(catalogue) else { continue };
        let place: Place = match of {
            Some(Dimension::Host) => row.host.as_deref().map(Box::from),
            Some(_) => row.user.as_deref().map(Box::from),
            None => None,
        };
        let hour = row.hour.as_deref().and_then(time).filter(|_| has_hours);
        hours.extend(hour);
        counted.add(place, &key, hour, row.count);
        counted.tally.merge(&row.tally());
    }
    if has_hours {
        counted.hours = Some(hours.len() as f64);
        counted.places.values_mut().for_each(|exposure| exposure.hours = Some(hours.len() as f64));
    }
    Ok(Saved {
        counted,
        is_partial: document.partial,
        has_hours,
        files: document.totals.files_read,
        hosts: document.totals.hosts_with_results.unwrap_or_default(),
    })
}

impl Counted {
    /// Makes all results count in the same part of the week, because the hours of those on the other side are not known.
    pub fn forget_hours(&mut self) {
        self.has_people = false;
        let places = self.places.iter_mut();
        places.for_each(|(_, exposure)| exposure.units = in_first_part(exposure.results));
        self.cases = self.rows.iter().map(|(row, count)| (row.clone(), in_first_part(*count))).collect();
    }
}

fn in_first_part(count: u64) -> [u64; PARTS_OF_WEEK] {
    let mut units = [0; PARTS_OF_WEEK];
    units[0] = count;
    units
}
