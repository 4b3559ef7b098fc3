//! Decodes lines that are not UTF-8 with a code page, and maps offsets in the decoded text to offsets in the bytes.
//!
//! Invariants:
//!
//! * A line that is UTF-8 is not changed, and any other line is decoded with the code page. A byte that cannot start a character
//!   becomes U+FFFD, and decoding continues with the next byte.
//! * The decoded text is UTF-8, and each part of it maps to whole characters in the bytes.
//!
//! [`Units::decode`](super::Units) decodes whole chunks instead. This module is for single lines, where the positions of matches
//! have to be mapped back to the bytes.

use std::ops::Range;

use encoding_rs::{DecoderResult, Encoding};

/// The size of the longest character in any encoding, in bytes. GB 18030 has characters of four bytes.
const CHARACTER_BYTES: usize = 4;

/// A line that was decoded with a code page, with a map from offsets in the text to offsets in the bytes.
#[derive(Debug)]
pub(crate) struct Reading {
    page: &'static Encoding,
    /// The decoded line and the decoded text after it.
    text: String,
    /// The length of the line in `text`, in bytes.
    line_len: usize,
    /// The end of each decoded character beyond ASCII, as an offset in the text and as one in the bytes. The text between these
    /// characters is the same as the bytes.
    ends: Vec<(usize, usize)>,
}

impl Reading {
    /// Creates an empty reading for a code page.
    pub(crate) fn new(page: &'static Encoding) -> Reading {
        Reading { page, text: String::new(), line_len: 0, ends: Vec::new() }
    }

    /// Decodes `window`, which is a line of `line_len` bytes and the text after it. Replaces the previously decoded text.
    pub(crate) fn read(&mut self, window: &[u8], line_len: usize) {
        self.text.clear();
        self.ends.clear();
        let mut start = 0;
        for line in window.split_inclusive(|&byte| byte == b'\n') {
            match std::str::from_utf8(line) {
                Ok(line) => self.text.push_str(line),
                Err(_) => self.decode(line, start),
            }
            start += line.len();
        }
        self.line_len = self.at(line_len);
    }

    /// Returns the decoded text.
    pub(crate) fn text(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Returns the length of the line in the decoded text.
    pub(crate) fn line_len(&self) -> usize {
        self.line_len
    }

    /// Converts a range in the text to one in the bytes. A decoded character that is only partly in the range is included
    /// completely. An empty range stays empty.
    pub(crate) fn bytes_of(&self, part: Range<usize>) -> Range<usize> {
        if part.is_empty() {
            let at = self.decoded_around(part.start).map_or(part.start, |character| character.start);
            return self.byte_at(at)..self.byte_at(at);
        }
        let start = self.decoded_around(part.start).map_or(part.start, |character| character.start);
        let end = self.decoded_around(part.end).map_or(part.end, |character| character.end);
        self.byte_at(start)..self.byte_at(end)
    }

    /// Converts an offset in the bytes to one in the text. An offset within a character is rounded up to the end of the
    /// character.
    pub(crate) fn at(&self, byte: usize) -> usize {
        let index = self.ends.partition_point(|&(_, end)| end <= byte);
        let (text, bytes) = self.end_before(index);
        let next = self.ends.get(index).map_or(self.text.len(), |&(end, _)| end);
        let at = (text + (byte - bytes)).min(next);
        self.decoded_around(at).map_or(at, |character| character.end)
    }

    /// Returns the decoded character in the text that contains the offset `at`, or `None` if `at` is between characters.
    fn decoded_around(&self, at: usize) -> Option<Range<usize>> {
        let index = self.ends.partition_point(|&(end, _)| end <= at);
        let &(end, _) = self.ends.get(index)?;
        let start = (0..end).rev().find(|&start| self.text.is_char_boundary(start))?;
        (start < at).then_some(start..end)
    }

    /// Converts an offset in the decoded text to one in the bytes.
    fn byte_at(&self, at: usize) -> usize {
        let index = self.ends.partition_point(|&(end, _)| end <= at);
        let (text, bytes) = self.end_before(index);
        let next = self.ends.get(index).map_or(usize::MAX, |&(_, end)| end);
        (bytes + (at - text)).min(next)
    }

    /// Returns the end of the decoded character before the one with this index, in the text and in the bytes.
    fn end_before(&self, index: usize) -> (usize, usize) {
        index.checked_sub(1).map_or((0, 0), |before| self.ends[before])
    }

    /// Decodes a line and appends it. `start` is the offset of the line in the bytes.
    fn decode(&mut self, line: &[u8], start: usize) {
        let mut rest = line;
        loop {
            let plain = rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            self.text.extend(rest[..plain].iter().map(|&byte| char::from(byte)));
            rest = &rest[plain..];
            if rest.is_empty() {
                return;
            }
            rest = &rest[self.decode_character(rest)..];
            self.ends.push((self.text.len(), start + line.len() - rest.len()));
        }
    }

    /// Decodes the character at the start of `bytes` and appends it. Returns its size, which is the smallest number of bytes that
    /// form a character.
    fn decode_character(&mut self, bytes: &[u8]) -> usize {
        for len in 1..=bytes.len().min(CHARACTER_BYTES) {
            let mut character = [0; 16];
            let mut decoder = self.page.new_decoder_without_bom_handling();
            let (result, _, written) = decoder.decode_to_utf8_without_replacement(&bytes[..len], &mut character, true);
            if result == DecoderResult::InputEmpty
                && let Ok(character) = std::str::from_utf8(&character[..written])
            {
                self.text.push_str(character);
                return len;
            }
        }
        self.text.push(char::REPLACEMENT_CHARACTER);
        1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAGES: [&str; 8] =
        ["windows-1252", "windows-1251", "koi8-r", "shift_jis", "euc-jp", "euc-kr", "big5", "gb18030"];

    fn page(name: &str) -> &'static Encoding {
        Encoding::for_label(name.as_bytes()).unwrap()
    }

    fn read(name: &str, window: &[u8], line_len: usize) -> Reading {
        let mut reading = Reading::new(page(name));
        reading.read(window, line_len);
        reading
    }

    #[test]
    fn a_digit_within_a_character_is_not_a_digit() {
        // In GB 18030, U+00E4 takes four bytes, two of which look like digits.
        let bytes = [b"x", page("gb18030").encode("ä").0.as_ref(), b"21"].concat();
        assert_eq!(bytes, b"x\x81\x30\x8A\x3121");
        let reading = read("gb18030", &bytes, bytes.len());
        assert_eq!(reading.text(), "xä21".as_bytes());
        assert_eq!(reading.bytes_of(1..3), 1..5);
        assert_eq!(reading.bytes_of(3..5), 5..7);
        // Digits that are not part of the character.
        assert_eq!(reading.bytes_of(2..2), 1..1);
        assert_eq!(reading.at(3), 3);
    }

    #[test]
    fn lines_in_utf_8_are_not_changed() {
        let reading = read("windows-1252", b"J\xFCrgen\r\nJ\xC3\xBCrgen \xFF\nJ\xC3\xBCrgen", 6);
        assert_eq!(std::str::from_utf8(reading.text()).unwrap(), "Jürgen\r\nJÃ¼rgen ÿ\nJürgen");
        assert_eq!(reading.line_len(), 7);
    }

    #[test]
    fn a_byte_that_cannot_start_a_character_is_decoded_alone() {
        let reading = read("shift_jis", b"\x82\xA0\xFF\x812\x83", 6);
        assert_eq!(std::str::from_utf8(reading.text()).unwrap(), "あ\u{fffd}\u{fffd}2\u{fffd}");
        assert_eq!(reading.bytes_of(9..10), 4..5);
    }

    proptest! {
        #[test]
        fn every_character_is_found_where_it_was_encoded(
            name in prop::sample::select(PAGES.to_vec()),
            text in prop::collection::vec(prop::sample::select("aZ0 =~ÄéШя€、ア漢電中一あ한글".chars().collect::<Vec<_>>()), 0..20),
        ) {
            let page = page(name);
            // Characters that the encoding does not contain are left out.
            let parts: Vec<(char, Vec<u8>)> = text
                .iter()
                .filter_map(|&character| {
                    let text = character.to_string();
                    let (bytes, _, is_replaced) = page.encode(&text);
                    (!is_replaced).then(|| (character, bytes.into_owned()))
                })
                .collect();
            let bytes: Vec<u8> = parts.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
            prop_assume!(std::str::from_utf8(&bytes).is_err());
            let reading = read(name, &bytes, bytes.len());
            let expected: String = parts.iter().map(|(character, _)| character).collect();
            prop_assert_eq!(std::str::from_utf8(reading.text()).unwrap(), &expected);
            prop_assert_eq!(reading.line_len(), expected.len());
            let (mut at, mut byte) = (0, 0);
            for (character, bytes) in &parts {
                let end = (at + character.len_utf8(), byte + bytes.len());
                prop_assert_eq!(reading.bytes_of(at..end.0), byte..end.1);
                prop_assert_eq!(reading.at(byte), at);
                for within in byte + 1..end.1 {
                    prop_assert_eq!(reading.at(within), end.0);
                }
                for within in at + 1..end.0 {
                    prop_assert_eq!(reading.bytes_of(within..within), byte..byte);
                }
                (at, byte) = end;
            }
        }

        #[test]
        fn any_bytes_can_be_read(
            name in prop::sample::select(PAGES.to_vec()),
            window in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(0x81)], 0..30),
            line_len in 0_usize..30,
            part in (0_usize..90, 0_usize..90),
        ) {
            let reading = read(name, &window, line_len.min(window.len()));
            let len = reading.text().len();
            let start = part.0.min(len);
            let bytes = reading.bytes_of(start..part.1.clamp(start, len));
            prop_assert!(bytes.start <= bytes.end && bytes.end <= window.len());
            for byte in 0..=window.len() {
                prop_assert!(reading.at(byte) <= len);
            }
        }
    }
}
