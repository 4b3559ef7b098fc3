//! The naive reading that everything is held to: line by line, with the plain regex crate, by the rules as they are written
//! down and no cleverness. Shares no code with the scanner but the catalogue's answer to what a value means.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use callcodes::catalogue::Catalogue;
use callcodes::chunk::Limits;
use callcodes::code::Key;
use callcodes::pattern::definition::Definition;
use callcodes::time::Form;
use regex::bytes::{Regex, RegexBuilder};

/// One result as both the oracle and the scanner report it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Offset of the match in the source.
    pub(crate) offset: u64,
    /// Line number, from 1.
    pub(crate) line: u64,
    pub(crate) pattern: String,
    pub(crate) key: Key,
    /// What each named group captured that took part in the match, with bytes that are not ASCII escaped.
    pub(crate) captures: BTreeMap<String, String>,
    pub(crate) time: Option<String>,
}

/// What the oracle makes of a definition.
pub(crate) struct NaivePattern {
    name: String,
    regex: Regex,
    multiline: bool,
    when: Option<Regex>,
    unless: Option<Regex>,
}

pub(crate) fn naive_patterns(definitions: &[Definition]) -> Vec<NaivePattern> {
    definitions
        .iter()
        .map(|definition| {
            // All of a pattern's regexes, its conditions included, ignore case or none of them does.
            let build = |regex: &str| {
                RegexBuilder::new(regex).unicode(false).case_insensitive(definition.ignore_case).build().unwrap()
            };
            NaivePattern {
                name: definition.name.clone(),
                regex: build(&definition.regex),
                multiline: definition.multiline,
                when: definition.when.as_deref().map(build),
                unless: definition.unless.as_deref().map(build),
            }
        })
        .collect()
}

/// Every result of a source.
pub(crate) fn naive(source: &[u8], patterns: &[NaivePattern], limits: Limits) -> Vec<Found> {
    let mut found = Vec::new();
    let (mut offset, mut number) = (0, 1);
    for whole in source.split_inclusive(|&byte| byte == b'\n') {
        for piece in whole.chunks(limits.line_bytes) {
            let behind = (offset + piece.len() + limits.lookahead_bytes).min(source.len());
            let line = piece.strip_suffix(b"\n").unwrap_or(piece);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let mut at = 0;
            // A piece of a line over the limit; what touches the cut is told as missed.
            let is_cut = offset + piece.len() < source.len() && !piece.ends_with(b"\n");
            while let Some((pattern, captures)) = leftmost(line, &source[offset..behind], patterns, at) {
                let span = captures.get(0).unwrap();
                if is_cut && span.end() == line.len() {
                    break;
                }
                let captured = |name: &str| {
                    captures.name(name).map(|group| (name.to_owned(), group.as_bytes().escape_ascii().to_string()))
                };
                let time = match captures.name("time") {
                    Some(group) => Form::Iso8601.read(group.as_bytes()),
                    None => Form::Iso8601.find(line),
                };
                found.push(Found {
                    offset: (offset + span.start()) as u64,
                    line: number,
                    pattern: pattern.name.clone(),
                    key: key(
                        captures.name("code").map_or(b"", |code| code.as_bytes()),
                        captures.name("text").map(|text| text.as_bytes()),
                    ),
                    captures: pattern.regex.capture_names().flatten().filter_map(captured).collect(),
                    time: time.map(|stamp| stamp.time.to_string()),
                });
                at = span.end().min(line.len());
            }
            offset += piece.len();
        }
        number += 1;
    }
    found
}

fn leftmost<'p, 'h>(
    line: &'h [u8],
    window: &'h [u8],
    patterns: &'p [NaivePattern],
    at: usize,
) -> Option<(&'p NaivePattern, regex::bytes::Captures<'h>)> {
    patterns
        .iter()
        .filter(|pattern| pattern.when.as_ref().is_none_or(|when| when.is_match(line)))
        .filter(|pattern| !pattern.unless.as_ref().is_some_and(|unless| unless.is_match(line)))
        .filter_map(|pattern| {
            let haystack = if pattern.multiline { window } else { line };
            // A match of nothing is none: the next one that is something counts.
            let captures = (at..=haystack.len())
                .map_while(|from| pattern.regex.captures_at(haystack, from))
                .find(|captures| !captures.get(0).unwrap().is_empty())?;
            (captures.get(0).unwrap().start() < line.len()).then_some((pattern, captures))
        })
        // `min_by_key` keeps the first of several: the earlier pattern.
        .min_by_key(|(_, captures)| captures.get(0).unwrap().start())
}

fn key(code: &[u8], text: Option<&[u8]>) -> Key {
    let catalogue = Catalogue::built_in();
    let by_code = catalogue.resolve(code);
    if catalogue.entry(&by_code).is_some() {
        return by_code;
    }
    text.map(|text| catalogue.resolve(text))
        .filter(|key| catalogue.entry(key).is_some() && key.to_string() != "0")
        .unwrap_or(by_code)
}
