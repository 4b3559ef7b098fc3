//! The code units of text, which are bytes or the units of UTF-16 or UTF-32. Detects the units and where they change, finds line
//! ends, and decodes text so that it can be searched.
//!
//! Only UTF-16 and UTF-32 are decoded before they are searched. All other encodings of logs contain ASCII unchanged, so their bytes
//! are searched.

mod change;
mod characters;
mod columns;
mod detect;
mod reading;
mod rows;

use std::borrow::Cow;
use std::string::FromUtf8Error;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use fearless_simd::{Level, dispatch};
use memchr::{memchr, memchr_iter, memrchr_iter};
use serde::{Deserialize, Serialize};

pub(crate) use change::{AHEAD_BYTES, Change};
pub use characters::Characters;
pub use columns::UserColumn;
pub(crate) use reading::Reading;

use crate::problem::{Kind, Loss, Remedy};
use crate::time::Form;

/// The code units of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Units {
    /// Bytes, as in UTF-8 and every other encoding that contains ASCII unchanged.
    #[default]
    Bytes,
    /// The units of little-endian UTF-16.
    Utf16Le,
    /// The units of big-endian UTF-16.
    Utf16Be,
    /// The units of little-endian UTF-32.
    Utf32Le,
    /// The units of big-endian UTF-32.
    Utf32Be,
}

/// What is known about the lines of a source before they are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The code units of the source's text.
    pub units: Units,
    /// The form of the times in the source's lines.
    pub form: Form,
    /// Whether the source is an event log, in whose lines the name of the computer follows the time.
    pub names_computer: bool,
    /// The column with the user, if the source is a sign-in log in CSV.
    pub user_column: Option<UserColumn>,
    /// Whether the source does not begin like text, so that text in any encoding may be anywhere in it.
    pub is_binary: bool,
}

/// Adds the default form of times.
impl From<Units> for Written {
    fn from(units: Units) -> Written {
        Written { units, ..Written::default() }
    }
}

impl Written {
    /// Returns the last position in `data` where a line starts that is certainly in the units at the start of the source, whatever
    /// precedes `data`. These are the units here, and are counted from the start of `data`.
    pub(crate) fn certain_line_start(self, data: &[u8]) -> Option<usize> {
        match self.units {
            Units::Bytes if self.is_binary => rows::certain_line_start(data),
            units => units.certain_line_start(data),
        }
    }

    /// Returns the computer that a line of an event log names after its time. Returns `None` for a line without either, for a piece
    /// of a line, and for a source that is not an event log.
    #[inline]
    #[must_use]
    pub fn computer(self, line: &[u8]) -> Option<&[u8]> {
        if !self.names_computer || !line.first()?.is_ascii_digit() {
            return None;
        }
        // A tab follows a time that is not in UTC and may contain spaces.
        const LONGEST_TIME: usize = 64;
        let space = memchr(b' ', line)?;
        let after_time = match line[space - 1] {
            b'Z' => space,
            _ => memchr(b'\t', &line[..line.len().min(LONGEST_TIME)])?,
        };
        line[after_time + 1..].split(|&byte| byte == b' ').next().filter(|name| *name != b"-")
    }
}

impl Written {
    /// Returns the user that a row of a sign-in log in CSV names. Returns `None` for any other source.
    #[inline]
    #[must_use]
    pub fn user(self, line: &[u8]) -> Option<&[u8]> {
        self.user_column?.user(line)
    }
}

impl Units {
    /// Returns the size of a unit in bytes.
    #[must_use]
    pub fn size_bytes(self) -> usize {
        match self {
            Units::Bytes => 1,
            Units::Utf16Le | Units::Utf16Be => 2,
            Units::Utf32Le | Units::Utf32Be => 4,
        }
    }

    /// Detects the units at the start of a source from its first few kilobytes. `text` must begin with a whole unit.
    #[must_use]
    pub(crate) fn of(text: &[u8]) -> Units {
        match text {
            [0xFF, 0xFE, ..] | [0, 0, 0xFE, 0xFF, ..] if let Some(units) = Units::utf32_of(text) => units,
            [0xFF, 0xFE, ..] => Units::Utf16Le,
            [0xFE, 0xFF, ..] => Units::Utf16Be,
            _ => detect::detect(text),
        }
    }

    /// Detects UTF-32, in which no NUL is a sign of binary data. `text` is the beginning of a source.
    pub(crate) fn utf32_of(text: &[u8]) -> Option<Units> {
        detect::utf32(text)
    }

    /// Returns a [`Loss`], a report of unread data, if the text is read in these units but begins with the byte order mark of
    /// others. This happens only if the user chose the encoding.
    pub(crate) fn contradicted(self, text: &[u8]) -> Option<Loss> {
        // The mark of UTF-32LE begins with that of UTF-16LE.
        let all = [Units::Utf32Le, Units::Utf32Be, Units::Utf16Le, Units::Utf16Be, Units::Bytes];
        let other = all.into_iter().find(|other| text.starts_with(other.byte_order_mark()))?;
        if other == self || (other, self) == (Units::Utf32Le, Units::Utf16Le) {
            return None;
        }
        let other = if other == Units::Bytes { "UTF-8" } else { other.name() };
        let what = format!("it begins with the byte order mark of {other}, but was read in {}", self.name());
        Some(Loss::new(Kind::MixedEncodings, what, Remedy::DetectEncoding))
    }

    /// Returns the name for these units in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Units::Bytes => "UTF-8 or an ANSI code page",
            Units::Utf16Le => "UTF-16LE",
            Units::Utf16Be => "UTF-16BE",
            Units::Utf32Le => "UTF-32LE",
            Units::Utf32Be => "UTF-32BE",
        }
    }

    /// Returns a [`Loss`], a report of unread data, for text that ends within a unit.
    pub(crate) fn broken(self) -> Loss {
        let what = format!(
            "the {} text ends within a character, so it is cut off or damaged, and its last line was not read",
            self.name()
        );
        Loss::new(Kind::Truncated, what, Remedy::AskAgain)
    }

    /// Returns the byte order mark of these units.
    pub(crate) fn byte_order_mark(self) -> &'static [u8] {
        match self {
            Units::Bytes => b"\xEF\xBB\xBF",
            Units::Utf16Le => b"\xFF\xFE",
            Units::Utf16Be => b"\xFE\xFF",
            Units::Utf32Le => b"\xFF\xFE\0\0",
            Units::Utf32Be => b"\0\0\xFE\xFF",
        }
    }

    /// Returns the position after the first line end, if there is one. `data` must begin with a whole unit.
    pub(crate) fn first_line_end(self, data: &[u8]) -> Option<usize> {
        memchr_iter(b'\n', data).find_map(|at| self.line_end(data, at))
    }

    /// Returns the position after the last line end, if there is one. `data` must begin with a whole unit.
    pub(crate) fn last_line_end(self, data: &[u8]) -> Option<usize> {
        memrchr_iter(b'\n', data).find_map(|at| self.line_end(data, at))
    }

    /// Returns the position after the line feed that contains the byte `data[at]`, or `None` if the byte is not part of a line
    /// feed.
    fn line_end(self, data: &[u8], at: usize) -> Option<usize> {
        let is_line_feed = match self {
            Units::Bytes => true,
            Units::Utf16Le => at.is_multiple_of(2) && data.get(at + 1) == Some(&0),
            Units::Utf16Be => !at.is_multiple_of(2) && data[at - 1] == 0,
            Units::Utf32Le => at.is_multiple_of(4) && data.get(at + 1..at + 4) == Some(&[0; 3]),
            Units::Utf32Be => at % 4 == 3 && data[at - 3..at] == [0; 3],
        };
        let after = match self {
            Units::Bytes | Units::Utf16Be | Units::Utf32Be => at + 1,
            Units::Utf16Le => at + 2,
            Units::Utf32Le => at + 4,
        };
        is_line_feed.then_some(after)
    }

    /// Appends `data` to `text` as UTF-8. Invalid UTF-16 and UTF-32 becomes U+FFFD. [`Units::Bytes`] are appended unchanged.
    pub(crate) fn decode(self, data: &[u8], text: &mut Vec<u8>) {
        match self {
            Units::Bytes => text.extend_from_slice(data),
            Units::Utf16Le => decode_blocks(data, UTF_16LE, u16::from_le_bytes, text),
            Units::Utf16Be => decode_blocks(data, UTF_16BE, u16::from_be_bytes, text),
            Units::Utf32Le => decode_utf32(data, u32::from_le_bytes, text),
            Units::Utf32Be => decode_utf32(data, u32::from_be_bytes, text),
        }
    }

    /// Converts whole lines to UTF-8: UTF-16 and UTF-32 are decoded, and lines that are not UTF-8 are decoded as Windows-1252. A byte order
    /// mark is removed.
    #[must_use]
    pub fn lines_in_utf8(self, data: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(data.len());
        if self == Units::Bytes {
            for line in data.split_inclusive(|byte| *byte == b'\n') {
                text.extend_from_slice(CodePage::of(line, self, None).read(line).as_bytes());
            }
        } else {
            self.decode(data, &mut text);
        }
        if text.starts_with(BYTE_ORDER_MARK.as_bytes()) {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        text
    }

    /// Returns the size in the source of a part of the decoded text, in bytes.
    #[must_use]
    pub fn source_bytes(self, text: &[u8]) -> u64 {
        match self {
            Units::Bytes => text.len() as u64,
            // In UTF-16, a character takes one unit, or two units if it takes four bytes in UTF-8.
            Units::Utf16Le | Units::Utf16Be if text.is_ascii() => 2 * text.len() as u64,
            Units::Utf16Le | Units::Utf16Be => {
                let units: usize =
                    text.iter().map(|&byte| usize::from(byte & 0xC0 != 0x80) + usize::from(byte >= 0xF0)).sum();
                2 * units as u64
            }
            Units::Utf32Le | Units::Utf32Be => 4 * text.iter().filter(|&&byte| byte & 0xC0 != 0x80).count() as u64,
        }
    }
}

/// The byte order mark, which PowerShell and Notepad write at the start of a file.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Decodes a small file that a person or PowerShell's `>` wrote. The file may be UTF-8, or UTF-16 that starts with an ASCII
/// character or a byte order mark. A byte order mark is removed.
pub fn text(bytes: Vec<u8>) -> Result<String, FromUtf8Error> {
    let units = of_text(&bytes);
    let text = if units == Units::Bytes { bytes } else { units.lines_in_utf8(&bytes) };
    let mut text = String::from_utf8(text)?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(text)
}

/// Returns the units of a small file that [`text`] decodes.
pub(crate) fn of_text(bytes: &[u8]) -> Units {
    match bytes {
        [0xFF, 0xFE, ..] | [_, 0, ..] => Units::Utf16Le,
        [0xFE, 0xFF, ..] | [0, _, ..] => Units::Utf16Be,
        _ => Units::Bytes,
    }
}

/// The size of the blocks that are checked for ASCII, in bytes.
const BLOCK_BYTES: usize = 128;

/// Decodes `data`, which is UTF-16, and appends it to `text`. `unit` reads a unit in the byte order of `encoding`.
///
/// Logs are nearly all ASCII, and blocks of ASCII are converted without a decoder, which is many times faster
/// (`cargo bench --bench throughput -- utf_16`).
fn decode_blocks(data: &[u8], encoding: &'static Encoding, unit: impl Fn([u8; 2]) -> u16 + Copy, text: &mut Vec<u8>) {
    text.reserve(data.len() / 2);
    let level = Level::new();
    let mut rest = data;
    while !rest.is_empty() {
        let plain = dispatch!(level, _simd => narrow(rest, unit, text));
        rest = &rest[plain..];
        // Decodes up to the next block of ASCII. No character extends into that block, so the two parts can be converted
        // separately.
        let blocks = rest.as_chunks::<BLOCK_BYTES>().0;
        let next = blocks.iter().position(|block| is_ascii(block, unit));
        let other = next.map_or(rest.len(), |block| block * BLOCK_BYTES);
        decode_any(encoding, &rest[..other], text);
        rest = &rest[other..];
    }
}

/// Converts the ASCII blocks at the start of `data` and appends them to `text`. Returns their length in `data`.
#[inline(always)]
fn narrow(data: &[u8], unit: impl Fn([u8; 2]) -> u16, text: &mut Vec<u8>) -> usize {
    let mut len = 0;
    for block in data.as_chunks::<BLOCK_BYTES>().0 {
        let mut narrow = [0; BLOCK_BYTES / 2];
        let mut seen = 0;
        for (byte, pair) in narrow.iter_mut().zip(block.as_chunks::<2>().0) {
            let unit = unit(*pair);
            seen |= unit;
            *byte = unit.to_le_bytes()[0];
        }
        if seen >= 0x80 {
            break;
        }
        text.extend_from_slice(&narrow);
        len += BLOCK_BYTES;
    }
    len
}

/// Decodes `data`, which is UTF-32, and appends it to `text`. `unit` reads a unit.
fn decode_utf32(data: &[u8], unit: impl Fn([u8; 4]) -> u32, text: &mut Vec<u8>) {
    let (units, rest) = data.as_chunks::<4>();
    let incomplete = (!rest.is_empty()).then_some(char::REPLACEMENT_CHARACTER);
    for char in
        units.iter().map(|bytes| char::from_u32(unit(*bytes)).unwrap_or(char::REPLACEMENT_CHARACTER)).chain(incomplete)
    {
        text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Whether a block of UTF-16 contains only ASCII characters.
fn is_ascii(block: &[u8; BLOCK_BYTES], unit: impl Fn([u8; 2]) -> u16) -> bool {
    block.as_chunks::<2>().0.iter().all(|pair| unit(*pair) < 0x80)
}

/// Decodes any text with a full decoder and appends it to `text`.
fn decode_any(encoding: &'static Encoding, data: &[u8], text: &mut Vec<u8>) {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let start = text.len();
    // Three bytes for each unit are always enough, with a few more for an incomplete character at the end.
    let room = decoder.max_utf8_buffer_length(data.len()).unwrap_or(3 * data.len() + 16);
    text.resize(start + room, 0);
    let (_, _, written, _) = decoder.decode_to_utf8(data, &mut text[start..], true);
    text.truncate(start + written);
}

/// The encoding with which a line is decoded in order to show it. Searches use the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePage(&'static Encoding);

impl CodePage {
    /// Chooses the encoding of a line: UTF-8 if the line is valid UTF-8, otherwise the `given` encoding or, if there is none,
    /// Windows-1252, the ANSI code page of Western Europe.
    ///
    /// The encoding is chosen for each line, because choosing one for a file would require reading all of it first.
    #[must_use]
    pub fn of(line: &[u8], units: Units, given: Option<&'static Encoding>) -> CodePage {
        match given {
            _ if units != Units::Bytes || std::str::from_utf8(line).is_ok() => CodePage(UTF_8),
            Some(encoding) => CodePage(encoding),
            None => CodePage(WINDOWS_1252),
        }
    }

    /// Decodes a part of a line with this encoding. Invalid bytes become U+FFFD.
    #[must_use]
    pub fn read(self, part: &[u8]) -> Cow<'_, str> {
        self.0.decode_without_bom_handling(part).0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(text: &str, units: Units) -> Vec<u8> {
        match units {
            Units::Bytes => text.as_bytes().to_vec(),
            Units::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Units::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Units::Utf32Le => text.chars().flat_map(|char| u32::from(char).to_le_bytes()).collect(),
            Units::Utf32Be => text.chars().flat_map(|char| u32::from(char).to_be_bytes()).collect(),
        }
    }

    const ALL: [Units; 5] = [Units::Bytes, Units::Utf16Le, Units::Utf16Be, Units::Utf32Le, Units::Utf32Be];

    #[test]
    fn a_byte_order_mark_decides() {
        assert_eq!(Units::of(b"\xFF\xFEa\0"), Units::Utf16Le);
        assert_eq!(Units::of(b"\xFE\xFF\0a"), Units::Utf16Be);
        assert_eq!(Units::of(b"\xEF\xBB\xBFa"), Units::Bytes);
        assert_eq!(Units::of(b"a\0"), Units::Utf16Le);
    }

    #[test]
    fn small_texts_are_utf_8_or_utf_16() {
        let sentence = "name = 'é'\r\n";
        for mark in ["", BYTE_ORDER_MARK] {
            for units in [Units::Bytes, Units::Utf16Le, Units::Utf16Be] {
                let bytes = encoded(&format!("{mark}{sentence}"), units);
                assert_eq!(text(bytes.clone()).as_deref(), Ok(sentence), "{mark:?} {units:?}");
                assert_eq!(units.lines_in_utf8(&bytes), sentence.as_bytes(), "{mark:?} {units:?}");
            }
        }
        assert_eq!(text(b"name = '\xE9'".to_vec()).unwrap_err().utf8_error().valid_up_to(), 8);
        assert_eq!(Units::Bytes.lines_in_utf8(b"J\xFCrgen\nJ\xC3\xBCrgen"), "Jürgen\nJürgen".as_bytes());
        assert_eq!(text(Vec::new()).as_deref(), Ok(""));
    }

    #[test]
    fn a_line_is_shown_as_utf_8_or_else_in_the_code_page() {
        let shown = |line: &[u8], given| CodePage::of(line, Units::Bytes, given).read(line).into_owned();
        assert_eq!(shown("Jürgen".as_bytes(), None), "Jürgen");
        assert_eq!(shown(b"J\xFCrgen \x80", None), "Jürgen €");
        assert_eq!(shown(b"\xCE\xE9\xE0", Encoding::for_label(b"windows-1251")), "Ойа");
        assert_eq!(shown(b"J\xFCrgen", Some(UTF_8)), "J\u{fffd}rgen");
    }

    proptest! {
        #[test]
        fn decoding_gives_the_text_back_and_its_size(text in "(?s).{0,60}") {
            for units in ALL {
                let data = encoded(&text, units);
                let mut decoded = Vec::new();
                units.decode(&data, &mut decoded);
                prop_assert_eq!(std::str::from_utf8(&decoded), Ok(text.as_str()));
                prop_assert_eq!(units.source_bytes(&decoded), data.len() as u64);
            }
        }

        /// Runs of ASCII of any length, with other characters, half characters and stray bytes between them.
        #[test]
        fn decoding_in_blocks_equals_decoding_at_once(
            parts in prop::collection::vec((0_usize..200, prop::sample::select(vec![0x20_u16, 0xE9, 0xD83D, 0xDE00, 0x20AC, 0x7F, 0x80])), 0..6),
            cut in 0_usize..3,
        ) {
            let units: Vec<u16> =
                parts.iter().flat_map(|&(len, unit)| std::iter::repeat_n(0x41, len).chain([unit])).collect();
            let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
            for (units, data, encoding) in [(Units::Utf16Le, le, UTF_16LE), (Units::Utf16Be, be, UTF_16BE)] {
                let data = &data[..data.len().saturating_sub(cut)];
                let mut decoded = b"x".to_vec();
                units.decode(data, &mut decoded);
                let expected = encoding.decode_without_bom_handling(data).0;
                prop_assert_eq!(&decoded[1..], expected.as_bytes());
            }
        }

        #[test]
        fn line_ends_are_those_of_the_text(text in "[a\u{0a0a}\u{010a}\u{0a00}\n]{0,20}") {
            for units in ALL {
                let data = encoded(&text, units);
                let after = |at: usize| encoded(&text[..=at], units).len();
                prop_assert_eq!(units.first_line_end(&data), text.find('\n').map(after));
                prop_assert_eq!(units.last_line_end(&data), text.rfind('\n').map(after));
            }
        }

        #[test]
        fn any_bytes_can_be_decoded(data in prop::collection::vec(any::<u8>(), 0..40)) {
            for units in [Units::Utf16Le, Units::Utf16Be] {
                let mut decoded = Vec::new();
                units.decode(&data, &mut decoded);
                prop_assert!(std::str::from_utf8(&decoded).is_ok());
            }
        }
    }
}
