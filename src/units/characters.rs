//! Detects whether text is ASCII, UTF-8 or neither. The text can be examined in pieces, which may be cut at any byte.

use std::str::from_utf8;

/// The largest number of continuation bytes in a UTF-8 character.
const FURTHER_BYTES_LIMIT: usize = 3;

/// The encoding of a piece of text. Joining the values of adjacent pieces gives the value of the whole text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Characters {
    /// Up to three continuation bytes at the start, which may belong to a character that starts in the previous piece.
    head: Vec<u8>,
    /// The encoding of the bytes between `head` and `tail`.
    body: Body,
    /// Up to three bytes at the end, which may be the start of a character that continues in the next piece.
    tail: Vec<u8>,
}

/// The encoding of a sequence of bytes. The encoding of two sequences together is the greater of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Body {
    #[default]
    Nothing,
    Ascii,
    Utf8,
    /// Bytes that are not valid UTF-8.
    Other,
}

impl Body {
    fn of(text: &str) -> Body {
        match text {
            "" => Body::Nothing,
            text if text.is_ascii() => Body::Ascii,
            _ => Body::Utf8,
        }
    }
}

impl Characters {
    /// The name that [`Characters::encoding`] returns for ASCII.
    pub const ASCII: &'static str = "ASCII";

    /// Detects the encoding of a piece of text.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Characters {
        // Most logs are ASCII, and checking for that first is fast.
        if bytes.is_ascii() {
            let body = if bytes.is_empty() { Body::Nothing } else { Body::Ascii };
            return Characters { body, ..Characters::default() };
        }
        let head_len = bytes.iter().take(FURTHER_BYTES_LIMIT).take_while(|&&byte| byte & 0xC0 == 0x80).count();
        let (head, rest) = bytes.split_at(head_len);
        let (body, tail) = match from_utf8(rest) {
            Ok(text) => (Body::of(text), &[][..]),
            Err(error) if error.error_len().is_none() => {
                let (text, tail) = rest.split_at(error.valid_up_to());
                (from_utf8(text).map_or(Body::Other, Body::of), tail)
            }
            Err(_) => (Body::Other, &[][..]),
        };
        Characters { head: head.to_vec(), body, tail: tail.to_vec() }
    }

    /// Whether the examined text is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head.is_empty() && self.is_open()
    }

    /// Whether all bytes seen so far may belong to a character that starts in the previous piece.
    fn is_open(&self) -> bool {
        self.body == Body::Nothing && self.tail.is_empty()
    }

    /// Adds the next piece of the text.
    pub fn join(&mut self, next: Characters) {
        if self.is_open() {
            self.head.extend(next.head);
            let fits = self.head.len() <= FURTHER_BYTES_LIMIT;
            self.body = if fits { next.body } else { Body::Other };
            self.head.truncate(FURTHER_BYTES_LIMIT);
            self.tail = next.tail;
            return;
        }
        let is_next_open = next.is_open();
        let mut divided = std::mem::take(&mut self.tail);
        divided.extend(next.head);
        let body = match from_utf8(&divided) {
            Ok(text) => Body::of(text),
            Err(error) if error.error_len().is_none() && is_next_open => {
                self.tail = divided;
                return;
            }
            Err(_) => Body::Other,
        };
        self.body = self.body.max(body).max(next.body);
        self.tail = next.tail;
    }

    /// Returns the name of the encoding of the whole text: ASCII or UTF-8 if it is valid, and otherwise Windows-1252, the ANSI
    /// code page of Western Europe. UTF-8 may end within a character, because the log may still be growing.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match self.body {
            Body::Utf8 if self.head.is_empty() => "UTF-8",
            Body::Nothing | Body::Ascii if self.head.is_empty() && self.tail.is_empty() => Characters::ASCII,
            _ => "windows-1252",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_encoding_is_the_simplest_that_fits_all_bytes() {
        let cases: [(&[u8], &str); 11] = [
            (b"", "ASCII"),
            (b"call result = 21\n\0", "ASCII"),
            ("Jürgen".as_bytes(), "UTF-8"),
            ("\u{1f4de}".as_bytes(), "UTF-8"),
            (b"J\xFCrgen", "windows-1252"),
            // Bytes that never occur in UTF-8, one byte too many, an overlong form, half of a surrogate pair.
            (b"\xFF", "windows-1252"),
            (b"\xC3\xA9\xA9", "windows-1252"),
            (b"\xC0\xAF", "windows-1252"),
            (b"\xED\xA0\x80", "windows-1252"),
            // Cut within a character: first after text that must be UTF-8, then after text that need not be.
            (b"\xC3\xA9 \xE2\x82", "UTF-8"),
            (b"e \xE2\x82", "windows-1252"),
        ];
        for (bytes, encoding) in cases {
            assert_eq!(Characters::of(bytes).encoding(), encoding, "{bytes:?}");
        }
    }

    /// Returns parts of characters, whole characters, and bytes that are neither.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let part = prop::sample::select(vec![
            &b"a"[..],
            b"\n",
            b"\xC3",
            b"\xA9",
            b"\xE2\x82\xAC",
            b"\xF0\x9F\x93\x9E",
            b"\xF0\x9F",
            b"\x93\x9E",
            b"\xFF",
        ]);
        prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(bytes in bytes(), cuts in prop::collection::vec(0_usize..30, 0..8)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces = || cuts.windows(2).map(|pair| Characters::of(&bytes[pair[0]..pair[1]]));
            let from_the_front = pieces().fold(Characters::default(), |mut all, next| {
                all.join(next);
                all
            });
            let from_the_back = pieces().rev().fold(Characters::default(), |all, mut before| {
                before.join(all);
                before
            });
            let whole = Characters::of(&bytes).encoding();
            prop_assert_eq!(from_the_front.encoding(), whole);
            prop_assert_eq!(from_the_back.encoding(), whole);
            prop_assert_eq!(from_the_front.is_empty(), bytes.is_empty());
        }

        #[test]
        fn what_the_standard_library_accepts_is_utf_8(bytes in bytes()) {
            let expected = match from_utf8(&bytes) {
                Ok(text) if text.is_ascii() => "ASCII",
                Ok(_) => "UTF-8",
                Err(error) if error.error_len().is_none() && !bytes[..error.valid_up_to()].is_ascii() => "UTF-8",
                Err(_) => "windows-1252",
            };
            prop_assert_eq!(Characters::of(&bytes).encoding(), expected);
        }
    }
}
