//! Writes the output of `lines`: one line of text for each matching line, or one JSON object or CSV row for each hit.
//!
//! In text, control characters are escaped, so that no log can control a terminal, and lines that are not UTF-8 are decoded with
//! a code page. Neither changes which results are found. JSON escapes the same characters, even where JSON does not require it.

pub mod csv;

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::ops::Range;

use anstyle::Style;
use encoding_rs::Encoding;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::json::write_escaped;
use crate::attempt::Outcome;
use crate::catalogue::{Catalogue, UNKNOWN_DESCRIPTION, UNKNOWN_NAME_DESCRIPTION};
use crate::code::{Code, Key};
use crate::hit::{Capture, Hit};
use crate::numbered::{CONTEXT_BYTES, Details, LineFormat, Rendered, push_number};
use crate::pattern::PatternSet;
use crate::report::GENERAL;
use crate::report::sheet::{Column, Holds};
use crate::report::wording::moment;
use crate::terminal::{escaped_line, is_plain};
use crate::time::zone::{DisplayZone, Moment};
use crate::units::{CodePage, Units};

/// The length in bytes up to which a whole line is shown. For a longer line, this many bytes around the match are shown.
pub const SHOWN_LIMIT_BYTES: usize = 4 << 10;
/// The number of bytes that are shown before the match if the line is not shown as a whole.
const SHOWN_BEFORE_BYTES: usize = 256;

/// The start of each JSON object, up to the path.
const PATH_KEY: &str = "{\"path\":";
/// The text between the path and the line number. It cannot occur in the path, where quotation marks are escaped.
const LINE_KEY: &str = ",\"line\":";

/// Writes matching lines as text: `path:line: [102 Phone Unreachable, user ann, host host07, failed] the line`.
pub struct Text<'c> {
    /// The meanings of the codes.
    pub catalogue: &'c Catalogue,
    /// The style of the matched part of a line. A plain style writes no escape sequences.
    pub highlight: Style,
    /// The style of the path, the line number and the annotation.
    pub place: Style,
    /// The code page that the user chose for lines that are not UTF-8, if any.
    pub encoding: Option<&'static Encoding>,
    /// The zone in which the time of each result is shown, or `None` if it is not shown because the line contains it.
    pub zone: Option<DisplayZone>,
    /// The number of lines that are shown before and after each line with results, as `path-line- the line`.
    pub context: usize,
}

impl LineFormat for Text<'_> {
    fn line(&self, path: &str, hits: &[Hit<'_>], out: &mut Rendered) {
        out.begin_line();
        let bytes = out.bytes();
        push_start(bytes, self.place);
        push_shown(bytes, path.as_bytes());
        bytes.push(b':');
        out.line_number();
        let bytes = out.bytes();
        bytes.push(b':');
        push_end(bytes, self.place);
        bytes.extend_from_slice(b" [");
        for hit in hits {
            let words = |bytes: &mut Vec<u8>| {
                push_result(bytes, self.catalogue, &hit.key);
                if let Some((zone, stamp)) = self.zone.zip(hit.time) {
                    bytes.extend_from_slice(b", ");
                    bytes.extend_from_slice(moment(zone.of(stamp.time)).as_bytes());
                }
            };
            out.result(words, |bytes| with_details(hit, self.encoding, |details| self.details(details, bytes)));
        }
        let bytes = out.bytes();
        bytes.extend_from_slice(b"] ");
        self.excerpt(hits, bytes);
        bytes.push(b'\n');
    }

    fn context_lines(&self) -> usize {
        self.context
    }

    fn context(&self, path: &str, line: &[u8], units: Units, out: &mut Rendered) {
        push_start(out.bytes(), self.place);
        push_shown(out.bytes(), path.as_bytes());
        out.bytes().push(b'-');
        out.line_number();
        let bytes = out.bytes();
        bytes.push(b'-');
        push_end(bytes, self.place);
        bytes.push(b' ');
        let shown = &line[..line.len().min(CONTEXT_BYTES)];
        if is_plain(shown) {
            bytes.extend_from_slice(shown);
        } else {
            let page = CodePage::of(shown, units, self.encoding);
            bytes.extend_from_slice(escaped_line(&page.read(shown)).as_bytes());
        }
        bytes.extend_from_slice(if shown.len() < line.len() { b"...\n" } else { b"\n" });
    }

    fn details(&self, details: &Details<'_>, bytes: &mut Vec<u8>) {
        let Details { user, outcome, host, address: _, counted_in } = *details;
        for (what, value) in [(", user ", user), (", host ", host), (", ", outcome), (", counted in ", counted_in)] {
            if let Some(value) = value {
                bytes.extend_from_slice(what.as_bytes());
                push_shown(bytes, value.as_bytes());
            }
        }
    }
}

/// Calls `push` with what the line itself contains about the sign-in.
fn with_details(hit: &Hit<'_>, encoding: Option<&'static Encoding>, push: impl FnOnce(&Details<'_>)) {
    let is_silent = Capture::words().all(|capture| hit.says(capture).is_none());
    if is_silent {
        return push(&Details::default());
    }
    let page = CodePage::of(hit.line, hit.units, encoding);
    let user = hit.user();
    let said = [user.as_deref(), hit.says(Capture::Host), hit.says(Capture::Address)];
    let [user, host, address] = said.map(|text| text.filter(|text| !text.is_empty()).map(|text| page.read(text)));
    push(&Details {
        user: user.as_deref(),
        outcome: hit.says(Capture::Outcome).and_then(Outcome::read).map(Outcome::name),
        host: host.as_deref(),
        address: address.as_deref(),
        counted_in: None,
    });
}

impl Text<'_> {
    fn excerpt(&self, hits: &[Hit<'_>], bytes: &mut Vec<u8>) {
        let (line, shown) = (hits[0].line, shown_range(&hits[0]));
        // Plain ASCII is the same in every code page.
        let page = (!is_plain(&line[shown.clone()])).then(|| CodePage::of(line, hits[0].units, self.encoding));
        let push = |bytes: &mut Vec<u8>, part: &[u8]| match page {
            None => bytes.extend_from_slice(part),
            Some(page) => bytes.extend_from_slice(escaped_line(&page.read(part)).as_bytes()),
        };
        if shown.start > 0 {
            bytes.extend_from_slice(b"...");
        }
        let mut at = shown.start;
        for hit in hits.iter().filter(|hit| !self.highlight.is_plain() && hit.span.end <= shown.end) {
            push(bytes, &line[at..hit.span.start]);
            push_start(bytes, self.highlight);
            push(bytes, &line[hit.span.clone()]);
            push_end(bytes, self.highlight);
            at = hit.span.end;
        }
        push(bytes, &line[at..shown.end]);
        if shown.end < line.len() {
            bytes.extend_from_slice(b"...");
        }
    }
}

/// Writes JSON Lines: one JSON object on a line for each hit.
pub struct Jsonl<'c>(pub Known<'c>);

/// The values that JSON and CSV need in addition to a hit to describe it.
#[derive(Clone, Copy)]
pub struct Known<'c> {
    /// The meanings of the codes.
    pub catalogue: &'c Catalogue,
    /// The patterns that found the hits, of which the output has the names.
    pub set: &'c PatternSet,
    /// The code page that the user chose for lines that are not UTF-8, if any.
    pub encoding: Option<&'static Encoding>,
    /// The zone in which times are shown.
    pub zone: DisplayZone,
}

/// The fields of a result in JSON and CSV, in the order in which both write them.
pub(super) const FIELDS: &[Column] = &[
    Column::for_scripts(
        "path",
        Holds::Path,
        "The path of the file. The part after `!/` is the path within an archive.",
    ),
    Column::for_scripts("line", Holds::Count, "The number of the line; the first is 1."),
    Column::for_scripts("offset", Holds::Bytes, "The offset of the result in the unpacked file; the first byte is 0."),
    Column::for_scripts("time", Holds::Time, "The time of the line.").or_null(),
    Column::for_scripts("code", Holds::Code, "The code. `null` if only a name is known, which is then in `name`.")
        .or_null(),
    Column::for_scripts("name", Holds::Text, "The name or text in the log. `null` if it stands for a single code.")
        .or_null(),
    Column::for_scripts("description", Holds::Text, "What the code means, in the vendor's words."),
    Column::for_scripts("known", Holds::Flag, "Whether this result is in the catalogue (`callcodes codes`)."),
    Column::for_scripts("candidates", Holds::Codes, "The codes that share this text, if there are several.")
        .or_missing(),
    Column::for_scripts("pattern", Holds::Text, "The name of the pattern that found the result."),
    Column::for_scripts(
        "pattern_kind",
        Holds::Text,
        "`general` if the pattern is a general one, which may also match lines of other programs.",
    )
    .or_missing(),
    Column::for_scripts(
        "family",
        Holds::Text,
        "The family of the result: `mfa`, `nps` or `entra`, or one of your own.",
    ),
    Column::for_scripts("user", Holds::Text, "The user, as the log writes it.").or_missing(),
    Column::for_scripts(
        "outcome",
        Holds::Text,
        "What the log says of the sign-in: `succeeded` or `failed`. Never derived from the code.",
    )
    .or_missing(),
    Column::for_scripts("host", Holds::Text, "The machine on which the log was written.").or_missing(),
    Column::for_scripts("address", Holds::Text, "The network address of the user.").or_missing(),
    Column::for_scripts(
        "counted_in",
        Holds::Path,
        "The file in which another program recorded the same sign-in, if that record counts and this one does not.",
    )
    .or_missing(),
    Column::for_scripts("text", Holds::Text, "The line. If it is very long, the 4 KiB around the result."),
    Column::for_scripts("text_is_cut", Holds::Flag, "`true` if `text` is not the whole line.").or_missing(),
];

/// The fields of a result between its line number and its sign-in.
#[derive(Serialize)]
struct Fields<'h> {
    offset: u64,
    time: Option<Moment>,
    code: Option<Code>,
    name: Option<&'h str>,
    description: &'h str,
    known: bool,
    #[serde(skip_serializing_if = "<[Code]>::is_empty")]
    candidates: &'h [Code],
    pattern: &'h str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern_kind: Option<&'static str>,
    family: &'h str,
}

/// The fields of a result after its sign-in.
#[derive(Serialize)]
struct LineFields<'h> {
    text: Cow<'h, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_is_cut: Option<bool>,
}

/// The fields of the sign-in of a result. JSON leaves out what is not known.
#[derive(Serialize)]
struct SignInFields<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_in: Option<&'d str>,
}

impl LineFormat for Jsonl<'_> {
    fn line(&self, path: &str, hits: &[Hit<'_>], out: &mut Rendered) {
        for hit in hits {
            self.object(path, hit, out);
        }
    }

    fn details(&self, details: &Details<'_>, bytes: &mut Vec<u8>) {
        let Details { user, outcome, host, address, counted_in } = *details;
        if *details != Details::default() {
            push_fields(bytes, &SignInFields { user, outcome, host, address, counted_in });
        }
    }
}

impl Jsonl<'_> {
    fn object(&self, path: &str, hit: &Hit<'_>, out: &mut Rendered) {
        out.begin_line();
        let bytes = out.bytes();
        bytes.extend_from_slice(PATH_KEY.as_bytes());
        // Writing plain strings and numbers to a vector cannot fail.
        let _ = path.serialize(&mut Serializer::with_formatter(&mut *bytes, Escaped));
        bytes.extend_from_slice(LINE_KEY.as_bytes());
        out.line_number();
        push_fields(out.bytes(), &self.0.fields(hit));
        out.details(|bytes| with_details(hit, self.0.encoding, |details| self.details(details, bytes)));
        let bytes = out.bytes();
        push_fields(bytes, &self.0.line_fields(hit));
        bytes.extend_from_slice(b"}\n");
    }
}

/// Appends at least one field to an object that has begun and has fields already.
fn push_fields(bytes: &mut Vec<u8>, fields: &impl Serialize) {
    let start = bytes.len();
    // Writing to a vector cannot fail.
    let _ = fields.serialize(&mut Serializer::with_formatter(&mut *bytes, Escaped));
    // The opening brace becomes a comma, and the closing brace is removed, because these fields are part of a larger object.
    if let Some(brace) = bytes.get_mut(start) {
        *brace = b',';
    }
    bytes.pop();
}

impl<'c> Known<'c> {
    fn fields<'h>(&self, hit: &'h Hit<'_>) -> Fields<'h>
    where
        'c: 'h,
    {
        let Known { catalogue, set, zone, .. } = *self;
        let entry = catalogue.entry(&hit.key);
        let pattern = set.patterns().get(hit.pattern);
        Fields {
            offset: hit.offset(),
            time: hit.time.map(|stamp| zone.of(stamp.time)),
            code: hit.key.code(),
            name: hit.key.name(),
            description: catalogue.description(&hit.key),
            known: entry.is_some(),
            candidates: entry.map_or(&[], |entry| &entry.candidates),
            pattern: pattern.map_or("", |pattern| pattern.name()),
            pattern_kind: pattern.filter(|pattern| pattern.is_general()).map(|_| GENERAL),
            family: hit.key.family(),
        }
    }

    fn line_fields<'h>(&self, hit: &'h Hit<'_>) -> LineFields<'h> {
        let shown = shown_range(hit);
        LineFields {
            text_is_cut: (shown.len() < hit.line.len()).then_some(true),
            text: CodePage::of(hit.line, hit.units, self.encoding).read(&hit.line[shown]),
        }
    }
}

/// Whether `text` begins like the text that [`Text`] writes: `path:line: [result] `.
pub(super) fn begins(text: &str) -> bool {
    // Lines that are shown because they are next to one with results come first: `path-3- text`.
    let is_around = |line: &&str| {
        line.split_once("- ").is_some_and(|(place, _)| {
            let path = place.trim_end_matches(|digit: char| digit.is_ascii_digit());
            path.len() < place.len() && path.len() > 1 && path.ends_with('-')
        })
    };
    let line = text.lines().find(|line| !is_around(line)).unwrap_or_default();
    line.match_indices(": [").any(|(at, bracket)| {
        let place = line[..at].trim_end_matches(|digit: char| digit.is_ascii_digit());
        let has_place = place.len() < at && place.len() > 1 && place.ends_with(':');
        has_place && after_result(&line[at + bracket.len()..]).is_some_and(|rest| rest.starts_with([']', ';', ',']))
    })
}

/// Whether `text` begins like an object that [`Jsonl`] writes.
pub(super) fn begins_as_json(text: &str) -> bool {
    fn after_number<'t>(text: &'t str, next: &str) -> Option<&'t str> {
        text.trim_start_matches(|digit: char| digit.is_ascii_digit()).strip_prefix(next)
    }
    let line = text.strip_prefix(PATH_KEY).and_then(|rest| rest.split_once(LINE_KEY));
    let offset = line.and_then(|(_, line)| after_number(line, ",\"offset\":"));
    offset.is_some_and(|offset| after_number(offset, ",\"time\":").is_some())
}

/// Returns what follows a result in words, as written by [`push_result`], at the start of `text`, or `None` if `text` does not
/// begin with a result.
pub(super) fn after_result(text: &str) -> Option<&str> {
    let catalogue = Catalogue::built_in();
    let after = |key: &Key| {
        let mut result = Vec::new();
        push_result(&mut result, catalogue, key);
        text.as_bytes().strip_prefix(&*result).and_then(|rest| str::from_utf8(rest).ok())
    };
    if let Some(name) = text.strip_prefix('"') {
        let after = |words: &str| name.split_once(&format!("\": {words}")).map(|(_, rest)| rest);
        return after(UNKNOWN_DESCRIPTION).or_else(|| after(UNKNOWN_NAME_DESCRIPTION));
    }
    match text.split(' ').next().and_then(|number| number.parse().ok()) {
        Some(number) => after(&Key::Code(Code(number))),
        // Of names that begin alike, the longest leaves the shortest rest.
        None => {
            let named = catalogue.entries().iter().filter(|entry| entry.code.is_none());
            named.filter_map(|entry| after(&entry.key())).min_by_key(|rest| rest.len())
        }
    }
}

/// Formats compact JSON and escapes all characters that could control a terminal. JSON itself only requires escapes below U+0020.
struct Escaped;

impl Formatter for Escaped {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        write_escaped(writer, fragment)
    }
}

/// Returns the part of the hit's line to show: the whole line, or up to [`SHOWN_LIMIT_BYTES`] around the match.
fn shown_range(hit: &Hit<'_>) -> Range<usize> {
    if hit.line.len() <= SHOWN_LIMIT_BYTES {
        return 0..hit.line.len();
    }
    let start = hit.span.start.saturating_sub(SHOWN_BEFORE_BYTES);
    start..(start + SHOWN_LIMIT_BYTES).min(hit.line.len())
}

/// Appends a result in words, such as `102 Phone Unreachable`.
pub(super) fn push_result(bytes: &mut Vec<u8>, catalogue: &Catalogue, key: &Key) {
    // Appends piece by piece, because formatting would cost more for each printed line than everything else here.
    let description = catalogue.description(key);
    match key {
        Key::Code(Code(number)) => {
            if *number < 0 {
                bytes.push(b'-');
            }
            push_number(bytes, number.unsigned_abs().into());
        }
        // A name that is not in the catalogue may have several words, so quotation marks show where it ends.
        Key::Name(name) if catalogue.entry(key).is_none() => {
            return push_shown(bytes, format!("\"{name}\": {description}").as_bytes());
        }
        Key::Name(name) => bytes.extend_from_slice(name.as_str().as_bytes()),
    }
    if key.name() != Some(description) {
        bytes.push(b' ');
        bytes.extend_from_slice(description.as_bytes());
    }
}

/// Appends the escape sequence that turns a style on, or nothing for a plain style.
fn push_start(bytes: &mut Vec<u8>, style: Style) {
    if !style.is_plain() {
        // Writing to a vector cannot fail.
        let _ = write!(bytes, "{}", style.render());
    }
}

/// Appends the escape sequence that turns a style off.
fn push_end(bytes: &mut Vec<u8>, style: Style) {
    if !style.is_plain() {
        let _ = write!(bytes, "{}", style.render_reset());
    }
}

/// Appends `text` for display: control characters except tabs are escaped, and bytes that are not UTF-8 become U+FFFD.
pub(super) fn push_shown(bytes: &mut Vec<u8>, text: &[u8]) {
    if is_plain(text) {
        bytes.extend_from_slice(text);
    } else {
        bytes.extend_from_slice(escaped_line(&String::from_utf8_lossy(text)).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &[u8]) -> String {
        let mut bytes = Vec::new();
        push_shown(&mut bytes, text);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn saved_lines_are_recognised_after_the_lines_before_them() {
        let line = "a.log:4: [102 Phone Unreachable] rawCallStatus = 102";
        assert!(begins(line) && begins(&format!("a.log-2- x\na.log-3- y\n{line}")));
        assert!(!begins("a.log-2- x\n2017-02-14: [102]"));
    }

    #[test]
    fn control_characters_are_shown_as_escapes() {
        assert_eq!(shown(b"a\tb~ !"), "a\tb~ !");
        assert_eq!(shown(b"\x1b[2J\x07\x7fend"), r"\u{1b}[2J\u{7}\u{7f}end");
        assert_eq!(shown("Jürgen \u{9b}31m".as_bytes()), r"Jürgen \u{9b}31m");
        assert_eq!(shown(b"J\xFCrgen"), "J\u{fffd}rgen");
    }

    #[test]
    fn a_result_is_shown_with_its_number_or_name() {
        let of = |written: &[u8]| {
            let mut bytes = Vec::new();
            push_result(&mut bytes, Catalogue::built_in(), &Catalogue::built_in().resolve(written));
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(of(b"102"), "102 Phone Unreachable");
        assert_eq!(of(b"-7"), "-7 not in the vendor's list; contact Impero");
        assert_eq!(of(b"-2147483648"), "-2147483648 not in the vendor's list; contact Impero");
        assert_eq!(of(b"FAILED_AUTHENTICATION_THROTTLED"), "FAILED_AUTHENTICATION_THROTTLED Authentication Throttled");
        assert_eq!(of(b"used cache"), "Used Cache");
        assert_eq!(of(b"new name"), "\"new name\": not in the vendor's list; contact Impero");
    }
}
