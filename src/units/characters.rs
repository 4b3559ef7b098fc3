//! Whether bytes are ASCII, UTF-8 or neither, told piece by piece wherever the cuts are.

use std::str::from_utf8;

/// The most bytes that a character has behind its first.
const FURTHER_BYTES_LIMIT: usize = 3;

/// What bytes can be read as. The pieces of a text, joined, say the same as the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Characters {
    /// Bytes at the front that belong to a character which begins before, if anything. At most three.
    head: Vec<u8>,
    /// What comes between.
    body: Body,
    /// Bytes at the back that a character may begin with. At most three.
    tail: Vec<u8>,
}

/// What a stretch of bytes is; what it is together with another one is the greater of both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Body {
    #[default]
    Nothing,
    Ascii,
    Utf8,
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
    /// What [`Characters::encoding`] calls ASCII.
    pub const ASCII: &'static str = "ASCII";

    /// A piece of a text.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Characters {
        // What most logs are, told fast.
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

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head.is_empty() && self.is_open()
    }

    /// Whether nothing has begun in it.
    fn is_open(&self) -> bool {
        self.body == Body::Nothing && self.tail.is_empty()
    }

    /// Takes in the piece that follows.
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

    /// The encoding of a whole text: ASCII, else UTF-8 where the bytes are that, else Windows-1252, the ANSI code page of
    /// the west. A text in UTF-8 may break off in the middle of a character, as a log does that is being written.
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
    fn the_encoding_is_the_least_that_takes_in_all_bytes() {
        let cases: [(&[u8], &str); 11] = [
            (b"", "ASCII"),
            (b"call result = 21\n\0", "ASCII"),
            ("Jürgen".as_bytes(), "UTF-8"),
            ("\u{1f4de}".as_bytes(), "UTF-8"),
            (b"J\xFCrgen", "windows-1252"),
            // Bytes that UTF-8 never has, a byte too many, an overlong form, half a surrogate pair.
            (b"\xFF", "windows-1252"),
            (b"\xC3\xA9\xA9", "windows-1252"),
            (b"\xC0\xAF", "windows-1252"),
            (b"\xED\xA0\x80", "windows-1252"),
            // It breaks off: after what can only be UTF-8, and after what need not be.
            (b"\xC3\xA9 \xE2\x82", "UTF-8"),
            (b"e \xE2\x82", "windows-1252"),
        ];
        for (bytes, encoding) in cases {
            assert_eq!(Characters::of(bytes).encoding(), encoding, "{bytes:?}");
        }
    }

    /// Pieces of characters, whole ones, and what is none.
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
        fn what_the_standard_library_takes_is_utf_8(bytes in bytes()) {
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
