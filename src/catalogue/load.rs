//! Loads a catalogue from TOML and checks it.
//!
//! All checks are done here, so every [`Catalogue`] has the invariants that its module documents.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::names::{self, NAME_LIMIT, Names};
use super::{CHECKS_LIMIT, Catalogue, Channel, Check, Entry, Evidence, Group, Service, Whose};
use crate::code::{Code, Key, MFA, is_family};
use crate::time::Time;

/// The reason why a catalogue cannot be loaded. Displayed as two sentences, the message and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// The byte range of the error in the text, if known.
    pub span: Option<Range<usize>>,
    /// What is wrong with the catalogue, without a full stop.
    pub message: String,
    /// How to correct the catalogue, without a full stop.
    pub remedy: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.message, self.remedy)
    }
}

impl std::error::Error for LoadError {}

/// A text of a catalogue, with its position if errors are to point there.
trait Text {
    /// Returns the byte range of the text, if known.
    fn span(&self) -> Option<Range<usize>>;

    /// Returns the text alone.
    fn into_text(self) -> String;
}

impl Text for Spanned<String> {
    fn span(&self) -> Option<Range<usize>> {
        Some(Spanned::span(self))
    }

    fn into_text(self) -> String {
        self.into_inner()
    }
}

impl Text for String {
    fn span(&self) -> Option<Range<usize>> {
        None
    }

    fn into_text(self) -> String {
        self
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile<T> {
    #[serde(default = "Vec::new")]
    service: Vec<RawService<T>>,
    #[serde(default = "Vec::new")]
    code: Vec<RawEntry<T>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawService<T> {
    name: String,
    last_day: T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry<T> {
    #[serde(default = "mfa")]
    family: String,
    name: Option<String>,
    number: Option<i32>,
    description: T,
    symbol: Option<String>,
    sdk_constant: Option<String>,
    #[serde(default)]
    other_descriptions: Vec<String>,
    #[serde(default)]
    candidates: Vec<i32>,
    #[serde(default)]
    see_also: Vec<i32>,
    channel: Channel,
    group: Group,
    happened: String,
    evidence: Evidence,
    checks: Vec<Check>,
    whose: Vec<Whose>,
}

fn mfa() -> String {
    MFA.to_owned()
}

/// An entry with its position. Errors in the entry point there.
struct Placed {
    entry: Entry,
    key: Key,
    /// The byte range of its description, or the index of a user's entry. `None` for entries whose position is not known.
    span: Option<Range<usize>>,
}

impl Placed {
    fn error(&self, message: String, remedy: &str) -> LoadError {
        LoadError { span: self.span.clone(), message, remedy: remedy.to_owned() }
    }
}

/// Reads a catalogue and checks it. Implements [`Catalogue::from_toml`].
pub(super) fn from_toml(text: &str) -> Result<Catalogue, LoadError> {
    let raw = toml::from_str(text).map_err(|error| LoadError {
        span: error.span(),
        message: format!("this is not a list of codes: {}", error.message()),
        remedy: "Write one [[code]] table per result, with the keys that the built-in list uses".to_owned(),
    })?;
    from_raw::<Spanned<String>>(raw)
}

/// Reads the built-in catalogue, which is the same in JSON, without positions.
pub(super) fn from_json(text: &str) -> Result<Catalogue, LoadError> {
    let raw = serde_json::from_str(text).map_err(|error| LoadError {
        span: None,
        message: format!("this is not a list of codes: {error}"),
        remedy: "Make it from the files in `src/builtin`".to_owned(),
    })?;
    from_raw::<String>(raw)
}

fn from_raw<T: Text>(raw: RawFile<T>) -> Result<Catalogue, LoadError> {
    let services = raw.service.into_iter().map(service).collect::<Result<Vec<_>, _>>()?;
    assemble(raw.code.into_iter().map(place).collect::<Result<Vec<_>, _>>()?, services)
}

/// Adds the entries of a user to a catalogue. Implements [`Catalogue::with`].
pub(super) fn with(catalogue: &Catalogue, own: Vec<Entry>) -> Result<Catalogue, (usize, LoadError)> {
    let own = own.into_iter().enumerate();
    let own: Vec<Placed> =
        own.map(|(index, entry)| Placed { key: entry.key(), entry, span: Some(index..index) }).collect();
    let is_own = |entry: &&Entry| own.iter().any(|own| own.key == entry.key());
    let others = catalogue.entries.iter().filter(|entry| !is_own(entry)).cloned();
    let mut placed: Vec<Placed> = others.map(|entry| Placed { key: entry.key(), entry, span: None }).collect();
    let checked = own.iter().try_for_each(check_alone);
    placed.extend(own);
    checked.and_then(|()| assemble(placed, catalogue.services.clone())).map_err(|mut error| {
        let index = error.span.take().map_or(0, |span| span.start);
        (index, error)
    })
}

/// Creates a catalogue from entries that have been checked alone, and checks them against each other.
fn assemble(mut placed: Vec<Placed>, services: Vec<Service>) -> Result<Catalogue, LoadError> {
    // The sort is stable, so the second of two entries with the same key is reported.
    placed.sort_by(|a, b| a.key.cmp(&b.key));
    refuse_duplicates(&placed)?;
    check_candidates(&placed)?;
    let names = collect_names(&placed)?;
    let (keys, entries): (Vec<Key>, _) = placed.into_iter().map(|placed| (placed.key, placed.entry)).unzip();
    let codes = keys.iter().map_while(Key::code).collect();
    Ok(Catalogue { entries, keys, codes, names, services })
}

/// Converts a retired service, and computes the end of its last day.
fn service<T: Text>(raw: RawService<T>) -> Result<Service, LoadError> {
    let span = raw.last_day.span();
    let last_day = raw.last_day.into_text();
    // The day ends last in the zone UTC-12.
    let end = format!("{last_day}T23:59:59.999999999-12:00").parse::<jiff::Timestamp>();
    match end.ok().and_then(|end| i64::try_from(end.as_nanosecond()).ok()) {
        Some(end) => Ok(Service { name: raw.name, last_day, end: Time::from_nanoseconds(end) }),
        None => Err(LoadError {
            span,
            message: format!("the last day of {} is no date", raw.name),
            remedy: "Write it as \"2024-09-30\"".to_owned(),
        }),
    }
}

/// Creates an entry, and checks everything that does not depend on other entries.
fn place<T: Text>(raw: RawEntry<T>) -> Result<Placed, LoadError> {
    let span = raw.description.span();
    let description = raw.description.into_text();
    let is_mfa = raw.family == MFA;
    let symbol = raw.symbol.clone();
    let name = match raw.number {
        Some(_) => None,
        None => raw.name.clone().or(symbol).or_else(|| is_mfa.then(|| description.clone())),
    };
    let error = |message: String, remedy: &str| LoadError { span: span.clone(), message, remedy: remedy.to_owned() };
    if !is_family(&raw.family) {
        return Err(error(
            format!("\"{}\" is no name of a family", raw.family),
            "Write up to 32 small letters and digits, beginning with a letter, such as nps",
        ));
    }
    if is_mfa && raw.name.is_some() {
        return Err(error(
            format!("the entry \"{description}\" has a `name`"),
            "Write `symbol`, or the `family` of the name",
        ));
    }
    let is_vendors =
        raw.number.is_some() || raw.symbol.is_some() || raw.sdk_constant.is_some() || !raw.candidates.is_empty();
    if !is_mfa && (raw.name.is_none() || is_vendors) {
        return Err(error(
            format!("the entry \"{description}\" of the family {} needs a `name`, and no number or symbol", raw.family),
            "Write the name in the log as `name`, and similar codes as `see_also`",
        ));
    }
    let entry = Entry {
        family: raw.family,
        code: raw.number.map(Code),
        name,
        description,
        symbol: raw.symbol,
        sdk_constant: raw.sdk_constant,
        other_descriptions: raw.other_descriptions,
        candidates: raw.candidates.into_iter().map(Code).collect(),
        see_also: raw.see_also.into_iter().map(Code).collect(),
        channel: raw.channel,
        group: raw.group,
        happened: raw.happened,
        evidence: raw.evidence,
        checks: raw.checks,
        whose: raw.whose,
    };
    let placed = Placed { key: entry.key(), entry, span };
    check_alone(&placed)?;
    Ok(placed)
}

/// Checks the number, the symbol, the candidates and the names of an entry.
fn check_alone(placed: &Placed) -> Result<(), LoadError> {
    let Placed { entry, key, .. } = placed;
    if !entry.candidates.is_empty() && (entry.code.is_some() || entry.symbol.is_some()) {
        return Err(placed.error(
            format!("the entry {key} has candidates beside a number or symbol of its own"),
            "Give `candidates` only to a description that several codes share",
        ));
    }
    check_advice(placed)?;
    for name in entry.names() {
        let core = names::core(name.as_bytes());
        if core.is_empty() {
            return Err(placed.error(format!("the entry {key} has an empty name"), "Write the name or drop its key"));
        }
        if entry.family == MFA && names::number(core).is_some() {
            return Err(placed.error(
                format!("the entry {key} has the name \"{name}\", which a log could only mean as a number"),
                "Use `number` for numbers",
            ));
        }
        if names::normal_form(name).len() > NAME_LIMIT {
            return Err(placed.error(
                format!("the entry {key} has a name of more than {NAME_LIMIT} bytes: \"{name}\""),
                "Shorten it: a value in a log is known by how it begins",
            ));
        }
    }
    Ok(())
}

/// Checks the explanation of an entry.
fn check_advice(placed: &Placed) -> Result<(), LoadError> {
    let Placed { entry, key, .. } = placed;
    if entry.happened.trim().is_empty() {
        return Err(placed.error(format!("the entry {key} has an empty `happened`"), "Say in a sentence what happened"));
    }
    if entry.checks.is_empty() || entry.checks.len() > CHECKS_LIMIT {
        let message = format!("the entry {key} has {} checks", entry.checks.len());
        return Err(placed.error(message, "Give from one to three `checks`, the most useful first"));
    }
    if entry.checks.iter().any(|check| check.check.trim().is_empty() || check.place.trim().is_empty()) {
        return Err(placed.error(format!("the entry {key} has an empty check"), "Write both `check` and `where`"));
    }
    if entry.whose.is_empty() {
        return Err(placed.error(format!("the entry {key} has an empty `whose`"), "Say whose matter it usually is"));
    }
    Ok(())
}

/// Checks that no two entries have the same key. `sorted` must be sorted by key.
fn refuse_duplicates(sorted: &[Placed]) -> Result<(), LoadError> {
    match sorted.windows(2).find(|pair| pair[0].key == pair[1].key) {
        Some(pair) => Err(pair[1].error(format!("there are two entries for {}", pair[1].key), "Keep one of them")),
        None => Ok(()),
    }
}

/// Checks that every candidate exists and has the description for which it is a candidate.
fn check_candidates(placed: &[Placed]) -> Result<(), LoadError> {
    let by_code: HashMap<Code, &Entry> = placed.iter().filter_map(|p| Some((p.entry.code?, &p.entry))).collect();
    for shared in placed {
        let text = names::normal_form(&shared.entry.description);
        if let Some(code) = shared.entry.see_also.iter().find(|code| !by_code.contains_key(code)) {
            let message = format!("the entry {} refers to {code}, which has no entry", shared.key);
            return Err(shared.error(message, "Name codes of the list in `see_also`"));
        }
        for code in &shared.entry.candidates {
            if !by_code.get(code).is_some_and(|entry| entry.names().any(|name| names::normal_form(name) == text)) {
                return Err(shared.error(
                    format!(
                        "{code} is a candidate for \"{}\", but no entry {code} has that name",
                        shared.entry.description
                    ),
                    "Name only codes that share the description",
                ));
            }
        }
    }
    Ok(())
}

/// Collects the names of all entries. Fails if two entries have the same name, unless one is a description that they share.
fn collect_names(placed: &[Placed]) -> Result<BTreeMap<String, Names>, LoadError> {
    let mut families: BTreeMap<String, Names> = BTreeMap::new();
    // Shared descriptions come first, so that they belong to their own entries and not to the first candidate.
    let (shared, single): (Vec<_>, Vec<_>) =
        placed.iter().enumerate().partition(|(_, placed)| !placed.entry.candidates.is_empty());
    for (index, claimant) in shared.into_iter().chain(single) {
        let names = families.entry(claimant.entry.family.clone()).or_default();
        for name in claimant.entry.names() {
            let Some(owner) = names.claim(name, index).map(|owner| &placed[owner]) else { continue };
            if !claimant.entry.code.is_some_and(|code| owner.entry.candidates.contains(&code)) {
                let wrong = if claimant.span.is_some() { claimant } else { owner };
                let remedy = match claimant.entry.family == MFA {
                    true => "Keep it at one of them, or give the shared text an entry with both as `candidates`",
                    false => "Keep it at one of them",
                };
                return Err(wrong.error(format!("\"{name}\" names both {} and {}", owner.key, claimant.key), remedy));
            }
        }
    }
    Ok(families)
}
