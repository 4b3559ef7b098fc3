//! Decodes the texts in the header of a mail that are not ASCII, such as `=?utf-8?Q?call_result_=3D_117?=`, and says which of them
//! cannot be decoded.
//!
//! RFC 2047 specifies the format. mail-parser decodes them, too, but does not say what it could not decode, and leaves those in fields
//! that it does not know.

use encoding_rs::{Encoding, REPLACEMENT, WINDOWS_1252};
use mail_parser::decoders::base64::base64_decode;
use memchr::{memchr, memmem};

use super::quoted_printable;
use crate::name::shown_bytes;
use crate::problem::{Kind, Loss, Remedy};

/// A text of a header in which everything that can be decoded is decoded.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) text: Vec<u8>,
    /// What is wrong with the first text that could not be decoded.
    pub(super) fault: Option<Loss>,
}

/// One encoded text.
struct Word<'t> {
    charset: &'t [u8],
    is_base64: bool,
    data: &'t [u8],
    /// The length of the whole, in bytes.
    len: usize,
}

/// Decodes the texts in a part of a header.
pub(super) fn decoded(header: &[u8]) -> Words {
    let mut words = Words::default();
    // The bytes of adjacent texts in one character set. A character may be divided between two.
    let mut run: Option<(&'static Encoding, Vec<u8>)> = None;
    let mut rest = header;
    while let Some(at) = memmem::find(rest, b"=?") {
        let (before, from) = rest.split_at(at);
        let is_between = run.is_some() && before.iter().all(u8::is_ascii_whitespace);
        if !is_between {
            words.end(&mut run);
            words.text.extend_from_slice(before);
        }
        match Word::of(from) {
            Some(Ok(word)) => {
                let (encoding, bytes) = word.read(&mut words.fault);
                if run.as_ref().is_some_and(|(other, _)| *other != encoding) {
                    words.end(&mut run);
                }
                run.get_or_insert((encoding, Vec::new())).1.extend(bytes);
                rest = &from[word.len..];
            }
            other => {
                words.end(&mut run);
                if is_between {
                    words.text.extend_from_slice(before);
                }
                if let Some(Err(fault)) = other {
                    words.fault.get_or_insert(fault);
                }
                words.text.extend_from_slice(b"=?");
                rest = &from[2..];
            }
        }
    }
    words.end(&mut run);
    words.text.extend_from_slice(rest);
    words
}

impl Words {
    /// Appends the texts in `run`.
    fn end(&mut self, run: &mut Option<(&'static Encoding, Vec<u8>)>) {
        if let Some((encoding, bytes)) = run.take() {
            self.text.extend_from_slice(encoding.decode_without_bom_handling(&bytes).0.as_bytes());
        }
    }
}

impl<'t> Word<'t> {
    /// Returns the encoded text with which `text` begins, or what is wrong with it. Returns `None` if it begins with none.
    fn of(text: &'t [u8]) -> Option<Result<Word<'t>, Loss>> {
        let inner = text.strip_prefix(b"=?")?;
        let line = &inner[..memchr(b'\n', inner).unwrap_or(inner.len())];
        let charset = &line[..memchr(b'?', line)?];
        let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:+*'".contains(byte);
        let [kind, b'?', rest @ ..] = &line[charset.len() + 1..] else { return None };
        let is_base64 = match kind {
            b'B' | b'b' => true,
            b'Q' | b'q' => false,
            _ => return None,
        };
        if charset.is_empty() || !charset.iter().all(is_token) {
            return None;
        }
        let Some(end) = memmem::find(rest, b"?=") else {
            return Some(Err(Loss::new(
                Kind::Truncated,
                "a text in the header of the mail is cut off",
                Remedy::AskAgain,
            )));
        };
        // The language after the character set does not matter.
        let charset = &charset[..memchr(b'*', charset).unwrap_or(charset.len())];
        let start = text.len() - inner.len() + (line.len() - rest.len());
        Some(Ok(Word { charset, is_base64, data: &rest[..end], len: start + end + 2 }))
    }

    /// Returns the bytes of the text, and how they are encoded. If not all of it can be read, records that in `fault`, unless there
    /// is one already.
    fn read(&self, fault: &mut Option<Loss>) -> (&'static Encoding, Vec<u8>) {
        let mut report = |what: String| {
            let what = format!("a text in the header of the mail is {what}");
            fault.get_or_insert(Loss::new(Kind::Damaged, what, Remedy::OpenMail));
        };
        let encoding = Encoding::for_label(self.charset).filter(|encoding| *encoding != REPLACEMENT);
        if encoding.is_none() {
            let name = shown_bytes(self.charset);
            report(format!("in an unknown character set ({name}), so only its ASCII was read"));
        }
        let bytes = if self.is_base64 {
            base64_decode(self.data).unwrap_or_else(|| {
                report("not base64, as it states, and was read up to that place".to_owned());
                let is_other = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"+/".contains(byte);
                let len = self.data.iter().position(is_other).unwrap_or(self.data.len());
                let mut bytes = base64_decode(&self.data[..len - len % 4]).unwrap_or_default();
                // Half of a number is a different number.
                bytes.truncate(bytes.iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(0, |last| last + 1));
                bytes
            })
        } else {
            let spaces = self.data.iter().map(|&byte| if byte == b'_' { b' ' } else { byte });
            quoted_printable(&spaces.collect::<Vec<u8>>())
        };
        (encoding.unwrap_or(WINDOWS_1252), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> (String, Option<String>) {
        let Words { text, fault } = decoded(header.as_bytes());
        (String::from_utf8(text).unwrap(), fault.map(|fault| fault.what))
    }

    #[test]
    fn texts_are_decoded() {
        for (header, expected) in [
            ("", ""),
            ("a = b ?= c", "a = b ?= c"),
            ("=?utf-8?Q?call_result_=3D_117?=", "call result = 117"),
            ("a =?ISO-8859-1?q?f=FCr?= b =?UTF-8*de?B?ZsO8cg==?= c", "a f\u{fc}r b f\u{fc}r c"),
            // What is between two texts is left out, and a character may be divided.
            ("=?utf-8?Q?f=C3?=\r\n =?utf-8?Q?=BCr?=", "f\u{fc}r"),
            ("=?utf-8?Q?a?= =?us-ascii?Q?b?=\n c", "ab\n c"),
            ("=?utf-8?B?ZsO8cg?=", "f\u{fc}r"),
            // No encoded texts.
            ("x=?1?Q=?", "x=?1?Q=?"),
            ("GET /a=?b?x?c", "GET /a=?b?x?c"),
        ] {
            assert_eq!(read(header), (expected.to_owned(), None), "{header}");
        }
    }

    #[test]
    fn what_cannot_be_decoded_is_reported() {
        let unknown = |name: &str| {
            format!(
                "a text in the header of the mail is in an unknown character set ({name}), so only its ASCII was read"
            )
        };
        let (foo, korean) = (unknown("x-foo"), unknown("iso-2022-kr"));
        let not_base64 = "a text in the header of the mail is not base64, as it states, and was read up to that place";
        let cut = "a text in the header of the mail is cut off";
        for (header, expected, fault) in [
            ("=?x-foo?Q?a?= b", "a b", &*foo),
            ("=?iso-2022-kr?B?YQ==?=", "a", &korean),
            ("=?utf-8?Q?a?= =?x-foo?Q?b?= =?utf-8?Q?c?=", "abc", &foo),
            ("a =?utf-8?B?Y2FsbCBy*XN1?= b", "a call  b", not_base64),
            ("=?utf-8?B?!?=", "", not_base64),
            ("b: =?utf-8?B?Q2Fsb", "b: =?utf-8?B?Q2Fsb", cut),
            ("=?utf-8?Q?a=3D\nc: d?=", "=?utf-8?Q?a=3D\nc: d?=", cut),
        ] {
            assert_eq!(read(header), (expected.to_owned(), Some(fault.to_owned())), "{header}");
        }
    }
}
