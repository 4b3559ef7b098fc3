//! Converts a path to its name in results. Unicode is not changed, and everything else is escaped.
//!
//! Invariant: on Unix, different paths have different names. A byte that is not UTF-8 is shown as an escape such as `\xff`. The name
//! of a file may also contain these characters literally. So backslashes before an escape, and before anything that looks like one,
//! are doubled. On Windows, half a surrogate pair is shown as `\u{d800}`. A file name there cannot contain a backslash, so the only
//! other path with that name is a file called `u{d800}` in a folder.
//!
//! Files are opened by their paths. A name is never converted back to a path.

use std::fmt::Write as _;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;
#[cfg(windows)]
use std::os::windows::ffi::OsStrExt;
use std::path::Path;

/// Returns the name of `path` in results.
#[cfg(unix)]
#[must_use]
pub fn shown(path: &Path) -> String {
    shown_bytes(OsStrExt::as_bytes(path.as_os_str()))
}

/// Returns the name of `path` in results.
#[cfg(windows)]
#[must_use]
pub fn shown(path: &Path) -> String {
    shown_utf16(OsStrExt::encode_wide(path.as_os_str()))
}

/// Returns the name in results for a name that consists of bytes, such as one in an archive.
#[must_use]
pub fn shown_bytes(bytes: &[u8]) -> String {
    let mut name = String::new();
    for chunk in bytes.utf8_chunks() {
        push_text(&mut name, chunk.valid(), !chunk.invalid().is_empty());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(name, "\\x{byte:02x}");
        }
    }
    name
}

/// Returns the name in results for a name in UTF-16, as on Windows and in some archives.
#[must_use]
pub fn shown_utf16(units: impl IntoIterator<Item = u16>) -> String {
    let mut name = String::new();
    for decoded in char::decode_utf16(units) {
        match decoded {
            Ok(character) => name.push(character),
            Err(half) => {
                // Writing to a string cannot fail.
                let _ = write!(name, "\\u{{{:x}}}", half.unpaired_surrogate());
            }
        }
    }
    name
}

/// Appends text, and doubles backslashes that could be mistaken for a part of an escape. `before_escape` is whether an escape
/// follows the text.
fn push_text(name: &mut String, text: &str, before_escape: bool) {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (plain, tail) = rest.split_at(at);
        let after = tail.trim_start_matches('\\');
        let slashes = &tail[..tail.len() - after.len()];
        name.push_str(plain);
        name.push_str(slashes);
        if looks_like_escape(after) || (after.is_empty() && before_escape) {
            name.push_str(slashes);
        }
        rest = after;
    }
    name.push_str(rest);
}

/// Whether a backslash followed by `text` would look like an escape.
fn looks_like_escape(text: &str) -> bool {
    matches!(text.as_bytes(), [b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use proptest::prelude::*;

    use super::*;

    fn shown(bytes: &[u8]) -> String {
        super::shown(Path::new(OsStr::from_bytes(bytes)))
    }

    #[test]
    fn only_what_is_not_unicode_or_looks_like_an_escape_is_escaped() {
        let cases: [(&[u8], &str); 8] = [
            ("logs/anruf é.log".as_bytes(), "logs/anruf é.log"),
            (br"C:\logs\mfa.log", r"C:\logs\mfa.log"),
            (b"a\xff.log", r"a\xff.log"),
            (br"a\xff.log", r"a\\xff.log"),
            (b"a\\\xff.log", r"a\\\xff.log"),
            (br"a\\xff.log", r"a\\\\xff.log"),
            (br"a\x.log", r"a\x.log"),
            (b"caf\xc3.log", r"caf\xc3.log"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(shown(bytes), expected);
        }
    }

    proptest! {
        #[test]
        fn different_paths_have_different_names(
            one in prop::collection::vec(prop::sample::select(&b"\\xf0\xff\xc3\xa9/"[..]), 0..8),
            other in prop::collection::vec(prop::sample::select(&b"\\xf0\xff\xc3\xa9/"[..]), 0..8),
        ) {
            prop_assert_eq!(one == other, shown(&one) == shown(&other));
        }
    }
}

#[cfg(all(test, windows))]
mod tests {
    use std::ffi::OsString;
    use std::os::windows::ffi::OsStringExt as _;

    use super::*;

    #[test]
    fn half_a_surrogate_pair_is_escaped() {
        let units: Vec<u16> = r"C:\é".encode_utf16().chain([0xd800, 0x2e]).collect();
        assert_eq!(shown(Path::new(&OsString::from_wide(&units))), r"C:\é\u{d800}.");
    }
}
