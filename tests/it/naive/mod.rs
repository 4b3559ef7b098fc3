//! A naive scanner with which the tests compare the real one. It searches line by line with the plain regex crate, and follows
//! the documented rules without any optimization. It shares only the catalogue, which resolves values, and which lines
//! have a key, with the real one. Its sources have only ISO 8601 times.

#![allow(clippy::unwrap_used)]

mod encodings;
mod near_misses;
mod times;
mod wrapped;

pub(crate) use encodings::{Encoding as NaiveEncoding, naive_in_parts};
pub(crate) use near_misses::near_misses;
pub(crate) use times::{Place, at_start};

use std::collections::BTreeMap;
use std::sync::Arc;

use callcodes::catalogue::Catalogue;
use callcodes::chunk::Limits;
use callcodes::code::Key;
use callcodes::pattern::PatternSet;
use callcodes::pattern::definition::Definition;
use encoding_rs::Encoding;
use regex::bytes::{Regex, RegexBuilder};

/// A result, in a form that the oracle and the scanner share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The offset of the match in the source.
    pub(crate) offset: u64,
    /// The number of the line, from 1.
    pub(crate) line: u64,
    pub(crate) pattern: String,
    pub(crate) key: Key,
    /// The text of each named group that took part in the match, with bytes outside ASCII escaped.
    pub(crate) captures: BTreeMap<String, String>,
    pub(crate) time: Option<String>,
}

/// A definition as the oracle compiles it.
pub(crate) struct NaivePattern {
    name: String,
    regex: Regex,
    multiline: bool,
    when: Option<Regex>,
    unless: Option<Regex>,
    /// What a line must have for an unknown name in it to be a result.
    sign: Option<Regex>,
    /// What a line without a sign must not have.
    foreign: Option<Regex>,
    /// The index of the group that captures the code, or `None` for a context. Its matches exclude overlapping ones but are not
    /// results.
    code: Option<usize>,
    /// Whether the bytes of a line that is not UTF-8 are searched as they are.
    in_bytes: bool,
    /// The code page from which such a line is decoded to be searched.
    page: Option<&'static Encoding>,
    /// All patterns, which decide whether a line has a key, so that it is unwrapped.
    set: Arc<PatternSet>,
}

impl NaivePattern {
    /// Whether the pattern does not apply to a line.
    fn is_excluded(&self, line: &[u8]) -> bool {
        let matches = |regex: &Option<Regex>| regex.as_ref().is_some_and(|regex| regex.is_match(line));
        matches(&self.unless) || line.len() <= 4096 && matches(&self.foreign) && !matches(&self.sign)
    }
}

/// The Windows code pages, in the order in which they are tried. The first that has all letters of a pattern is used.
const PAGES: [&Encoding; 3] = [encoding_rs::WINDOWS_1252, encoding_rs::WINDOWS_1250, encoding_rs::WINDOWS_1251];

pub(crate) fn naive_patterns(definitions: &[Definition]) -> Vec<NaivePattern> {
    naive_patterns_in(definitions, None)
}

/// Compiles the definitions for text in the `given` encoding, or, with `None`, for text in an unknown one.
pub(crate) fn naive_patterns_in(definitions: &[Definition], given: Option<&'static Encoding>) -> Vec<NaivePattern> {
    let build = |regex: &str, ignore_case: bool| {
        RegexBuilder::new(regex).unicode(false).case_insensitive(ignore_case).build().unwrap()
    };
    let set = Arc::new(PatternSet::compile(definitions).unwrap());
    let new = |definition: &Definition| {
        let regex = build(&definition.regex, definition.ignore_case);
        let plain = || (1..regex.captures_len()).filter(|&group| regex.capture_names().nth(group) == Some(None));
        let code = regex.capture_names().position(|name| name == Some("code")).or_else(|| plain().next());
        let code = code.filter(|_| !definition.role.is_context());
        assert!(code.is_some() || definition.role.is_context());
        let all =
            [Some(&definition.regex), definition.when.as_ref(), definition.unless.as_ref(), definition.line.as_ref()];
        let text: String = all.into_iter().flatten().map(String::as_str).collect();
        let names_bytes = text.contains("\\x");
        let has_letters = !text.is_ascii() || text.contains("(?u");
        let letters: String = text.chars().filter(|letter| !letter.is_ascii()).collect();
        let page_of_letters = || PAGES.into_iter().find(|page| !page.encode(&letters).2);
        let is_wide = given.is_some_and(|given| !given.is_single_byte() && given != encoding_rs::UTF_8);
        let page = match given {
            Some(given) if given == encoding_rs::UTF_8 => None,
            Some(given) => Some(given).filter(|_| has_letters || (is_wide && !names_bytes)),
            None => page_of_letters().filter(|_| has_letters),
        };
        NaivePattern {
            name: definition.name.clone(),
            multiline: definition.multiline,
            when: definition.when.as_deref().map(|regex| build(regex, definition.ignore_case)),
            unless: definition.unless.as_deref().map(|regex| build(regex, definition.ignore_case)),
            sign: definition.sign.as_deref().map(|regex| build(regex, definition.ignore_case)),
            foreign: definition.foreign.as_deref().map(|regex| build(regex, definition.ignore_case)),
            regex,
            code,
            in_bytes: !is_wide || names_bytes,
            page,
            set: Arc::clone(&set),
        }
    };
    definitions.iter().map(new).collect()
}

/// Lets `set` decide which lines have a key. Which literal of a pattern is its key depends on all patterns of a set.
pub(crate) fn with_keys_of(mut patterns: Vec<NaivePattern>, set: &Arc<PatternSet>) -> Vec<NaivePattern> {
    patterns.iter_mut().for_each(|pattern| pattern.set = Arc::clone(set));
    patterns
}

/// A line and its lookahead, decoded from one code page.
struct Reading {
    page: Option<&'static Encoding>,
    text: Vec<u8>,
    /// For each byte of the text, the range in the window of the character that the byte belongs to.
    bytes: Vec<std::ops::Range<usize>>,
}

impl Reading {
    fn new(window: &[u8], page: Option<&'static Encoding>) -> Reading {
        let mut reading = Reading { page, text: Vec::new(), bytes: Vec::new() };
        let mut at = 0;
        for line in window.split_inclusive(|&byte| byte == b'\n') {
            let end = at + line.len();
            let page = page.filter(|_| std::str::from_utf8(line).is_err());
            while at < end {
                let (text, len) = first_character(&window[at..end], page);
                reading.bytes.extend(text.iter().map(|_| at..at + len));
                reading.text.extend(text);
                at += len;
            }
        }
        // An additional entry for the end of the text.
        reading.bytes.push(at..at);
        reading
    }

    /// Returns the position in the text of the first character that begins at or after position `byte` of the window.
    fn at(&self, byte: usize) -> usize {
        self.bytes.iter().position(|bytes| bytes.start >= byte).unwrap()
    }

    fn bytes_of(&self, part: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let end = if part.is_empty() { self.bytes[part.end].start } else { self.bytes[part.end - 1].end };
        self.bytes[part.start].start..end
    }
}

/// Returns the first character as UTF-8, and its length in `bytes`. An invalid byte counts as a character, and so does every
/// byte if there is no code page.
fn first_character(bytes: &[u8], page: Option<&'static Encoding>) -> (Vec<u8>, usize) {
    let Some(page) = page else { return (vec![bytes[0]], 1) };
    let decode = |len: usize| {
        let character = page.decode_without_bom_handling_and_without_replacement(bytes.get(..len)?)?;
        Some((character.as_bytes().to_vec(), len))
    };
    (1..=4).find_map(decode).unwrap_or_else(|| ("\u{fffd}".into(), 1))
}

/// Returns every result of a source whose lines may have their times anywhere near their start.
pub(crate) fn naive(source: &[u8], patterns: &[NaivePattern], limits: Limits) -> Vec<Found> {
    naive_with_times(source, patterns, limits, Place::First)
}

/// Returns every result of a source.
pub(crate) fn naive_with_times(source: &[u8], patterns: &[NaivePattern], limits: Limits, place: Place) -> Vec<Found> {
    let mut found = Vec::new();
    let (mut offset, mut number) = (0, 1);
    for whole in source.split_inclusive(|&byte| byte == b'\n') {
        for piece in whole.chunks(limits.line_bytes) {
            let window_end = (offset + piece.len() + limits.lookahead_bytes).min(source.len());
            let mut window = &source[offset..window_end];
            // The end of the lookahead may divide a character, which is then left out.
            if patterns.iter().any(|pattern| pattern.page.is_some())
                && window.len() == piece.len() + limits.lookahead_bytes
            {
                window = window.strip_suffix(divided(&window[piece.len()..])).unwrap();
            }
            // After a piece of a line over the limit, the rest of that line is visible within the lookahead.
            let is_cut = offset + piece.len() < source.len() && !piece.ends_with(b"\n");
            let seen = if is_cut { window.split_inclusive(|&byte| byte == b'\n').next().unwrap() } else { piece };
            let goes_on = is_cut && !seen.ends_with(b"\n");
            let seen = seen.strip_suffix(b"\n").unwrap_or(seen);
            let seen = seen.strip_suffix(b"\r").unwrap_or(seen);
            let line = &seen[..seen.len().min(piece.len())];
            // A match that ends where the lookahead ends might be longer.
            let is_divided = |end: usize| {
                is_cut && (end > line.len() && (goes_on || line.len() < seen.len()) || goes_on && end == seen.len())
            };
            let mut at = 0;
            let mut raw = Vec::new();
            let mut previous = None;
            while let Some(found) = leftmost(seen, window, patterns, at) {
                if is_divided(found.span.end) {
                    break;
                }
                at = found.span.end.min(seen.len());
                if found.is_rejected {
                    continue;
                }
                let (start, end) = (found.span.start, found.span.end);
                let is_result = found.pattern.code.is_some() && found.time.is_none();
                let time = || times::of_result(line, start, previous.clone(), place);
                let placed = Placed::new(found, window, time);
                if is_result {
                    previous = Some((end, placed.found.time.clone()));
                }
                raw.push(placed);
            }
            // In what is decoded from a code page, an escape may be part of a character.
            let is_decoded =
                std::str::from_utf8(window).is_err() && patterns.iter().any(|pattern| pattern.page.is_some());
            if !is_decoded && patterns.first().is_some_and(|pattern| pattern.set.has_key(seen)) {
                let ways = wrapped::unwrapped(seen).into_iter().map(|way| {
                    let mut all = placed_in(&way, (line, seen), patterns, limits, place);
                    all.retain(|placed| !is_divided(placed.start.end));
                    all
                });
                let ways: Vec<_> = ways.collect();
                let is_known = |all: &&Vec<Placed>| all.iter().any(Placed::is_known) || completes(&raw, all);
                if raw.iter().any(Placed::is_known) {
                    raw = ways.into_iter().find(|all| adds_user(&raw, all)).unwrap_or(raw);
                } else if let Some(known) = ways.iter().find(is_known) {
                    raw = known.clone();
                } else if raw.iter().all(|one| one.is_context) {
                    let has_result = |all: &Vec<Placed>| all.iter().any(|one| !one.is_context);
                    raw = ways.into_iter().find(has_result).unwrap_or(raw);
                }
            }
            for placed in raw.into_iter().filter(|placed| !placed.is_context) {
                let found_there = Found { offset: (offset + placed.start.start) as u64, line: number, ..placed.found };
                found.push(found_there);
            }
            offset += piece.len();
        }
        number += 1;
    }
    found
}

/// A match, with its place in the line.
#[derive(Clone)]
struct Placed {
    start: std::ops::Range<usize>,
    is_context: bool,
    /// Whether an escape or a terminal sequence follows, so that there may be more of the value.
    is_cut: bool,
    found: Found,
}

impl Placed {
    fn new(found: Match<'_>, window: &[u8], time_of_line: impl FnOnce() -> Option<String>) -> Placed {
        let Match { pattern, span, captures, key, time, is_rejected: _ } = found;
        let rest = window.get(span.end..).unwrap_or_default();
        let is_cut = [&b"\x1b"[..], b"\\_", b"&#"].iter().any(|sign| rest.starts_with(sign));
        let captured = |(name, of): (String, std::ops::Range<usize>)| (name, window[of].escape_ascii().to_string());
        Placed {
            start: span,
            is_context: pattern.code.is_none(),
            is_cut,
            found: Found {
                offset: 0,
                line: 0,
                pattern: pattern.name.clone(),
                key,
                captures: captures.into_iter().map(captured).filter(|(name, text)| !is_no_name(name, text)).collect(),
                // Blanks before a time do not matter.
                time: time.map_or_else(time_of_line, |group| {
                    let start = group.iter().position(|byte| !b" \t\0*".contains(byte)).unwrap_or(group.len());
                    times::read(&group[start..])
                }),
            },
        }
    }

    /// Whether a match is a whole result, and not a name that the catalogue does not know.
    fn is_known(&self) -> bool {
        let is_known =
            || matches!(self.found.key, Key::Code(_)) || Catalogue::built_in().entry(&self.found.key).is_some();
        !self.is_context && !self.is_cut && is_known()
    }
}

/// Whether a group captured what programs write in place of a name that they do not know.
fn is_no_name(group: &str, text: &str) -> bool {
    let no_names = ["-", "?", "na", "n/a", "none", "null", "(null)", "unknown"];
    ["user", "host", "address"].contains(&group) && no_names.contains(&text.to_ascii_lowercase().as_str())
}

/// Whether the unwrapped line has the same names, but with more letters at their ends.
fn completes(raw: &[Placed], unwrapped: &[Placed]) -> bool {
    let is_longer = |(one, other): (&Placed, &Placed)| {
        let names = [one, other].map(|placed| placed.found.key.to_string());
        matches!(other.found.key, Key::Name(_)) && names[1].starts_with(&names[0]) && names[0] != names[1]
    };
    !raw.is_empty() && raw.len() == unwrapped.len() && raw.iter().zip(unwrapped).all(is_longer)
}

/// Whether the unwrapped line has the same results, and a user that the line itself does not show.
fn adds_user(raw: &[Placed], unwrapped: &[Placed]) -> bool {
    let has_user = |all: &[Placed]| all.iter().any(|one| one.found.captures.contains_key("user"));
    let is_there = |one: &Placed| {
        let same = |other: &Placed| one.start.start < other.start.end && other.start.start < one.start.end;
        unwrapped.iter().any(|other| same(other) && other.found.key == one.found.key)
    };
    has_user(unwrapped) && !has_user(raw) && raw.iter().filter(|one| !one.is_context).all(is_there)
}

/// Returns the results in an unwrapped line, with their positions in the line itself, which is given without and with what is seen
/// after a cut.
fn placed_in(
    way: &wrapped::Unwrapped,
    (line, seen): (&[u8], &[u8]),
    patterns: &[NaivePattern],
    limits: Limits,
    place: Place,
) -> Vec<Placed> {
    let mut all = Vec::new();
    let mut start = 0;
    let timed =
        way.text.split(|&byte| byte == b'\n').filter(|inner| times::of_result(inner, 0, None, place).is_some()).count();
    for whole in way.text.split_inclusive(|&byte| byte == b'\n') {
        let inner = whole.strip_suffix(b"\n").unwrap_or(whole);
        let inner = inner.strip_suffix(b"\r").unwrap_or(inner);
        let window = &way.text[start..way.text.len().min(start + whole.len() + limits.lookahead_bytes)];
        let mut at = 0;
        let mut previous = None;
        while let Some(found) = leftmost_in_bytes((inner, seen), window, patterns, at) {
            at = found.span.end.min(inner.len());
            if found.is_rejected {
                continue;
            }
            let (start_of_match, end_of_match) = (found.span.start, found.span.end);
            let is_result = found.pattern.code.is_some() && found.time.is_none();
            let own = times::of_result(inner, start_of_match, previous.clone(), place);
            if is_result {
                previous = Some((end_of_match, own.clone()));
            }
            let around = || if timed < 2 { times::of_result(line, 0, None, place) } else { None };
            let mut placed = Placed::new(found, window, || own.or_else(around));
            placed.start = way.bytes_of(start + placed.start.start..start + placed.start.end);
            all.push(placed);
        }
        start += whole.len();
    }
    all
}

/// Does the same as [`leftmost`], but only in the bytes as they are. `around` is the line as it was wrapped.
fn leftmost_in_bytes<'p>(
    (line, around): (&[u8], &[u8]),
    window: &[u8],
    patterns: &'p [NaivePattern],
    at: usize,
) -> Option<Match<'p>> {
    let reading = Reading::new(window, None);
    let applies = |pattern: &&NaivePattern| {
        pattern.when.as_ref().is_none_or(|when| when.is_match(line)) && !pattern.is_excluded(line)
    };
    let matches =
        patterns.iter().filter(applies).filter_map(|pattern| find(pattern, &reading, line.len(), at, Some(around)));
    matches.min_by_key(|found| found.span.start)
}

/// Returns the incomplete UTF-8 character at the end of `text`, or nothing.
fn divided(text: &[u8]) -> &[u8] {
    let lead = text.iter().rposition(|&byte| byte >= 0xC2).unwrap_or(text.len());
    let part = &text[lead..];
    let is_begun = std::str::from_utf8(part).is_err_and(|error| error.error_len().is_none());
    if is_begun { part } else { &[] }
}

/// A match, with ranges in bytes of the window.
struct Match<'p> {
    pattern: &'p NaivePattern,
    span: std::ops::Range<usize>,
    /// The range of each named group. That of the code is named `code` even if the group has no name.
    captures: Vec<(String, std::ops::Range<usize>)>,
    key: Key,
    time: Option<Vec<u8>>,
    /// Whether it takes its place but is no result: an unknown name in a line without a sign.
    is_rejected: bool,
}

fn leftmost<'p>(line: &[u8], window: &[u8], patterns: &'p [NaivePattern], at: usize) -> Option<Match<'p>> {
    let is_utf8 = std::str::from_utf8(window).is_ok();
    let mut pages: Vec<_> = patterns.iter().filter_map(|pattern| pattern.page).filter(|_| !is_utf8).collect();
    pages.dedup();
    let readings: Vec<Reading> =
        [None].into_iter().chain(pages.into_iter().map(Some)).map(|page| Reading::new(window, page)).collect();
    patterns
        .iter()
        .filter_map(|pattern| {
            let is_wanted = |reading: &&Reading| match reading.page {
                None => is_utf8 || pattern.in_bytes,
                page => page == pattern.page,
            };
            let wanted: Vec<&Reading> = readings.iter().filter(is_wanted).collect();
            let any =
                |is: &dyn Fn(&[u8]) -> bool| wanted.iter().any(|reading| is(&reading.text[..reading.at(line.len())]));
            if !pattern.when.as_ref().is_none_or(|when| any(&|line| when.is_match(line)))
                || any(&|line| pattern.is_excluded(line))
            {
                return None;
            }
            // If two matches have the same start, the longer one wins. If they are equal, the one in the plain bytes wins.
            let around = (readings.len() == 1).then_some(&b""[..]);
            let matches = wanted.into_iter().filter_map(|reading| find(pattern, reading, line.len(), at, around));
            matches.min_by_key(|found| (found.span.start, std::cmp::Reverse(found.span.end)))
        })
        // If two patterns match at the same start, the earlier one wins: `min_by_key` returns the first of several minima.
        .min_by_key(|found| found.span.start)
}

/// Returns the first match at or after `at` that begins in the line. An unknown name without a sign in the line or `around` it is no
/// match, unless it is long or there are several readings of the line (`around` is `None`): then it takes its place.
fn find<'p>(
    pattern: &'p NaivePattern,
    reading: &Reading,
    line_len: usize,
    mut at: usize,
    around: Option<&[u8]>,
) -> Option<Match<'p>> {
    loop {
        let mut found = find_any(pattern, reading, line_len, at)?;
        let texts = [&reading.text[..reading.at(line_len)], around.unwrap_or_default()];
        let has_sign = pattern.sign.as_ref().is_none_or(|sign| texts.iter().any(|text| sign.is_match(text)));
        let is_unknown = matches!(found.key, Key::Name(_)) && Catalogue::built_in().entry(&found.key).is_none();
        found.is_rejected = pattern.code.is_some() && is_unknown && !has_sign;
        if !found.is_rejected || around.is_none() || found.span.len() > 256 {
            return Some(found);
        }
        at = found.span.start + 1;
    }
}

/// Returns the first match at or after `at` that begins in the line.
fn find_any<'p>(pattern: &'p NaivePattern, reading: &Reading, line_len: usize, at: usize) -> Option<Match<'p>> {
    let line_len = reading.at(line_len);
    let haystack = if pattern.multiline { &reading.text } else { &reading.text[..line_len] };
    // Empty matches do not count; the next one that is not empty does.
    let captures = (reading.at(at)..=haystack.len())
        .map_while(|from| pattern.regex.captures_at(haystack, from))
        .find(|captures| !captures.get(0).unwrap().is_empty())?;
    let span = captures.get(0).unwrap().range();
    let names = pattern.regex.capture_names().enumerate();
    let names = names.map(|(group, name)| (group, if Some(group) == pattern.code { Some("code") } else { name }));
    let captured =
        |(group, name): (usize, Option<&str>)| Some((name?.to_owned(), reading.bytes_of(captures.get(group)?.range())));
    let text = |name| captures.name(name).map(|text| text.as_bytes());
    (span.start < line_len).then(|| Match {
        pattern,
        span: reading.bytes_of(span),
        captures: names.filter_map(captured).collect(),
        key: key(pattern.code.and_then(|code| captures.get(code)).map_or(b"", |code| code.as_bytes()), text("text")),
        time: text("time").map(<[u8]>::to_vec),
        is_rejected: false,
    })
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
