//! `lines`: one line of text for each matching line, or one JSON object for each hit.
//!
//! Text is for reading: what a log smuggles in as control characters is shown as escapes, so that no log can drive a
//! terminal; bytes that are not UTF-8 are shown as U+FFFD. Neither changes what is counted. JSON escapes them as well,
//! also those that it need not.

use std::io::{self, Write as _};
use std::ops::Range;

use anstyle::Style;
use encoding_rs::Encoding;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::catalogue::Catalogue;
use crate::code::Key;
use crate::hit::Hit;
use crate::pattern::PatternSet;
use crate::pipeline::annotate::{LineFormat, Rendered};
use crate::source::Source;
use crate::time::Time;
use crate::units::CodePage;

/// The most of a line that is shown, in bytes; of a longer one the part around its match.
pub const SHOWN_LIMIT_BYTES: usize = 4 << 10;
/// How much of a longer line is shown before the match.
const SHOWN_BEFORE_BYTES: usize = 256;

/// `path:line: [102 Phone Unreachable] the line`.
pub struct Text<'c> {
    /// Says what the codes mean.
    pub catalogue: &'c Catalogue,
    /// How the matched part is set off; plain where there is no terminal.
    pub highlight: Style,
    /// How the place and the annotation are set off.
    pub place: Style,
    /// The code page of lines that are not UTF-8, if it was given.
    pub encoding: Option<&'static Encoding>,
}

impl LineFormat for Text<'_> {
    fn line(&self, source: &Source, hits: &[Hit<'_>], out: &mut Rendered) {
        let place = (self.place.render(), self.place.render_reset());
        let bytes = out.bytes();
        // Writing to a vector cannot fail.
        let _ = write!(bytes, "{}", place.0);
        push_shown(bytes, source.name.as_bytes());
        bytes.push(b':');
        out.line_number();
        let bytes = out.bytes();
        let _ = write!(bytes, ":{} [", place.1);
        self.annotation(hits, bytes);
        bytes.extend_from_slice(b"] ");
        self.excerpt(hits, bytes);
        bytes.push(b'\n');
    }
}

impl Text<'_> {
    /// Each different result of the line once, in the order in which they stand in it.
    fn annotation(&self, hits: &[Hit<'_>], bytes: &mut Vec<u8>) {
        for (index, hit) in hits.iter().enumerate() {
            if hits[..index].iter().any(|earlier| earlier.key == hit.key) {
                continue;
            }
            if index > 0 {
                bytes.extend_from_slice(b"; ");
            }
            push_result(bytes, self.catalogue, &hit.key);
        }
    }

    fn excerpt(&self, hits: &[Hit<'_>], bytes: &mut Vec<u8>) {
        let (line, shown) = (hits[0].line, shown_range(&hits[0]));
        let page = CodePage::of(line, hits[0].units, self.encoding);
        let push = |bytes: &mut Vec<u8>, part: &[u8]| push_text(bytes, &page.read(part));
        if shown.start > 0 {
            bytes.extend_from_slice("…".as_bytes());
        }
        let mut at = shown.start;
        for hit in hits.iter().filter(|hit| !self.highlight.is_plain() && hit.span.end <= shown.end) {
            push(bytes, &line[at..hit.span.start]);
            let _ = write!(bytes, "{}", self.highlight.render());
            push(bytes, &line[hit.span.clone()]);
            let _ = write!(bytes, "{}", self.highlight.render_reset());
            at = hit.span.end;
        }
        push(bytes, &line[at..shown.end]);
        if shown.end < line.len() {
            bytes.extend_from_slice("…".as_bytes());
        }
    }
}

/// One JSON object a hit.
pub struct Jsonl<'c> {
    /// Says what the codes mean.
    pub catalogue: &'c Catalogue,
    /// Names the patterns.
    pub set: &'c PatternSet,
    /// The code page of lines that are not UTF-8, if it was given.
    pub encoding: Option<&'static Encoding>,
}

/// What stands behind the line number in an object. Groups that captured nothing are left out.
#[derive(Serialize)]
struct Fields<'h> {
    offset: u64,
    time: Option<Time>,
    code: Option<i32>,
    name: Option<&'h str>,
    description: &'h str,
    known: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<i32>,
    pattern: &'h str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    text: &'h str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_is_cut: Option<bool>,
}

impl LineFormat for Jsonl<'_> {
    fn line(&self, source: &Source, hits: &[Hit<'_>], out: &mut Rendered) {
        for hit in hits {
            self.object(source, hit, out);
        }
    }
}

impl Jsonl<'_> {
    fn object(&self, source: &Source, hit: &Hit<'_>, out: &mut Rendered) {
        let bytes = out.bytes();
        bytes.extend_from_slice(b"{\"path\":");
        // Writing plain strings and numbers to a vector cannot fail.
        let _ = source.name.serialize(&mut Serializer::with_formatter(&mut *bytes, Escaped));
        bytes.extend_from_slice(b",\"line\":");
        out.line_number();
        let shown = shown_range(hit);
        let entry = self.catalogue.entry(&hit.key);
        let page = CodePage::of(hit.line, hit.units, self.encoding);
        let read = |part: &[u8]| page.read(part).into_owned();
        let fields = Fields {
            offset: hit.offset(),
            time: hit.time.map(|stamp| stamp.time),
            code: hit.key.code().map(|code| code.0),
            name: hit.key.name(),
            description: &self.catalogue.description(&hit.key),
            known: entry.is_some(),
            candidates: entry.map_or_else(Vec::new, |entry| entry.candidates.iter().map(|code| code.0).collect()),
            pattern: self.set.patterns().get(hit.pattern).map_or("", |pattern| pattern.name()),
            user: hit.user.map(read),
            outcome: hit.outcome.map(read),
            host: hit.host.map(read),
            address: hit.address.map(read),
            text: &page.read(&hit.line[shown.clone()]),
            text_is_cut: (shown.len() < hit.line.len()).then_some(true),
        };
        let bytes = out.bytes();
        let start = bytes.len();
        let _ = fields.serialize(&mut Serializer::with_formatter(&mut *bytes, Escaped));
        // The object goes on where the path and the line number left it.
        if let Some(brace) = bytes.get_mut(start) {
            *brace = b',';
        }
        bytes.push(b'\n');
    }
}

/// Compact JSON with every control character escaped: JSON itself asks for those below U+0020 only, and terminals obey
/// U+009B as well.
struct Escaped;

impl Formatter for Escaped {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, control)) = rest.char_indices().find(|(_, character)| character.is_control()) {
            write!(writer, "{}\\u{:04x}", &rest[..at], u32::from(control))?;
            rest = &rest[at + control.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// The part of the line to show: all of it, or, of a long one, what lies around the match.
fn shown_range(hit: &Hit<'_>) -> Range<usize> {
    if hit.line.len() <= SHOWN_LIMIT_BYTES {
        return 0..hit.line.len();
    }
    let start = hit.span.start.saturating_sub(SHOWN_BEFORE_BYTES);
    start..(start + SHOWN_LIMIT_BYTES).min(hit.line.len())
}

/// Appends what stands for a result: `102 Phone Unreachable`.
pub(super) fn push_result(bytes: &mut Vec<u8>, catalogue: &Catalogue, key: &Key) {
    let description = catalogue.description(key);
    match key.name() {
        None => {
            let _ = write!(bytes, "{key} {description}");
        }
        // Of a new name nobody knows where it ends: it may be several words.
        Some(name) if catalogue.entry(key).is_none() => {
            push_shown(bytes, format!("\"{name}\": {description}").as_bytes());
        }
        Some(name) if name == description => bytes.extend_from_slice(name.as_bytes()),
        Some(name) => {
            let _ = write!(bytes, "{name} {description}");
        }
    }
}

/// Appends `text` so that it can be shown: control characters as escapes, what is not UTF-8 as U+FFFD.
pub(super) fn push_shown(bytes: &mut Vec<u8>, text: &[u8]) {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t');
    if text.iter().all(is_plain) {
        bytes.extend_from_slice(text);
        return;
    }
    push_text(bytes, &String::from_utf8_lossy(text));
}

/// Appends `text` with control characters as escapes.
fn push_text(bytes: &mut Vec<u8>, text: &str) {
    for character in text.chars() {
        if character.is_control() && character != '\t' {
            bytes.extend(character.escape_unicode().to_string().as_bytes());
        } else {
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}
