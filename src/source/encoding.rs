//! Chooses the encoding of a source from its first bytes, and never from its name.
//!
//! Only UTF-16 must be recognised before a search: by its byte order mark, or by NULs in one half of its code units
//! ([`Units::of`]). All other text is searched as it is, and a code page matters only for what is printed.

use std::str::FromStr;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use crate::units::Units;

/// How many first bytes of a source are used to detect its encoding.
pub(super) const HEAD_BYTES: usize = 4 << 10;

/// The encoding that the user has chosen for all sources, or automatic detection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EncodingChoice {
    /// Detects the encoding of each source.
    #[default]
    Automatic,
    /// Uses this encoding for every source, whatever the source looks like.
    Given(&'static Encoding),
}

impl FromStr for EncodingChoice {
    /// The message for an unknown encoding, or for one in which logs cannot be searched.
    type Err = String;

    fn from_str(name: &str) -> Result<EncodingChoice, String> {
        if name.eq_ignore_ascii_case("auto") {
            return Ok(EncodingChoice::Automatic);
        }
        let known = Encoding::for_label_no_replacement(name.as_bytes());
        // In an encoding that does not contain ASCII, nothing would be found. Only UTF-16 is decoded before the search.
        let searchable = |&encoding: &&'static Encoding| {
            encoding.is_ascii_compatible() || encoding == UTF_16LE || encoding == UTF_16BE
        };
        known.filter(searchable).map(EncodingChoice::Given).ok_or_else(|| {
            format!(
                "there is no encoding {name:?} to read logs in. Known are auto, utf-8, utf-16le, utf-16be, windows-1252 and \
                 the other names that web pages use"
            )
        })
    }
}

impl EncodingChoice {
    /// Returns the encoding that the user has chosen, or `None` for automatic detection.
    #[must_use]
    pub fn given(self) -> Option<&'static Encoding> {
        match self {
            EncodingChoice::Automatic => None,
            EncodingChoice::Given(encoding) => Some(encoding),
        }
    }

    /// Returns the code units of a source that begins with `head`.
    pub(super) fn units(self, head: &[u8]) -> Units {
        match self {
            EncodingChoice::Automatic => Units::of(head),
            EncodingChoice::Given(encoding) if encoding == UTF_16LE => Units::Utf16Le,
            EncodingChoice::Given(encoding) if encoding == UTF_16BE => Units::Utf16Be,
            EncodingChoice::Given(_) => Units::Bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_given_encoding_is_not_questioned() {
        assert_eq!(EncodingChoice::Automatic.units(b"\xFF\xFEa\0"), Units::Utf16Le);
        let given = |label: &str| EncodingChoice::Given(Encoding::for_label(label.as_bytes()).unwrap());
        assert_eq!(given("utf-16le").units(b"plain"), Units::Utf16Le);
        assert_eq!(given("windows-1252").units(b"\xFF\xFEa\0"), Units::Bytes);
    }

    #[test]
    fn encodings_have_the_names_of_the_web_if_logs_can_be_searched_in_them() {
        assert_eq!("auto".parse(), Ok(EncodingChoice::Automatic));
        assert_eq!("UTF-16LE".parse(), Ok(EncodingChoice::Given(UTF_16LE)));
        assert_eq!("latin1".parse(), Ok(EncodingChoice::Given(encoding_rs::WINDOWS_1252)));
        let refused = |name: &str| name.parse::<EncodingChoice>().unwrap_err().to_string();
        for name in ["utf-17", "iso-2022-jp", ""] {
            assert!(refused(name).starts_with(&format!("there is no encoding {name:?} to read logs in. ")), "{name}");
        }
    }
}
