//! Adds a pattern to the end of a pattern file, which otherwise stays as it is: its comments, encoding, byte order mark and line
//! ends.

use std::string::FromUtf8Error;

use crate::units::{self, Units};

/// Returns the contents of a pattern file with `pattern` at its end, a TOML table whose line ends are `\n`. `existing` are the
/// contents so far, or `None` if there is no such file yet. `line_end` is for a file without any.
///
/// # Errors
///
/// Fails if the file is neither UTF-8 nor UTF-16.
///
/// # Examples
///
/// ```
/// use callcodes::config::with_pattern;
///
/// let file = with_pattern(Some(b"# mine\r\n".to_vec()), "[[pattern]]\nname = 'x'\n", "\n").unwrap();
/// assert_eq!(file, b"# mine\r\n\r\n[[pattern]]\r\nname = 'x'\r\n");
/// ```
pub fn with_pattern(existing: Option<Vec<u8>>, pattern: &str, line_end: &str) -> Result<Vec<u8>, FromUtf8Error> {
    let mut file = existing.unwrap_or_default();
    let text = units::text(file.clone())?;
    let line_end = match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        Some(_) => "\n",
        None => line_end,
    };
    let mut added = String::new();
    if !text.is_empty() && !text.ends_with('\n') {
        added.push_str(line_end);
    }
    if !text.trim().is_empty() && !text.ends_with("\n\n") && !text.ends_with("\n\r\n") {
        added.push_str(line_end);
    }
    added.push_str(&pattern.replace('\n', line_end));
    match units::of_text(&file) {
        // `text` has decoded the file, so it is not UTF-32.
        Units::Bytes | Units::Utf32Le | Units::Utf32Be => file.extend_from_slice(added.as_bytes()),
        Units::Utf16Le => file.extend(added.encode_utf16().flat_map(u16::to_le_bytes)),
        Units::Utf16Be => file.extend(added.encode_utf16().flat_map(u16::to_be_bytes)),
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATTERN: &str = "[[pattern]]\nname = 'ä'\n";

    fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn a_file_keeps_its_encoding_and_its_line_ends() {
        for (existing, expected) in [
            ("", "[[pattern]]\nname = 'ä'\n"),
            ("# a\n", "# a\n\n[[pattern]]\nname = 'ä'\n"),
            ("# a\r\n", "# a\r\n\r\n[[pattern]]\r\nname = 'ä'\r\n"),
            ("# a", "# a\n\n[[pattern]]\nname = 'ä'\n"),
            ("# a\r\n# ü", "# a\r\n# ü\r\n\r\n[[pattern]]\r\nname = 'ä'\r\n"),
            ("# a\n\n", "# a\n\n[[pattern]]\nname = 'ä'\n"),
            ("# a\r\n\r\n", "# a\r\n\r\n[[pattern]]\r\nname = 'ä'\r\n"),
        ] {
            for mark in ["", "\u{feff}"] {
                let (existing, expected) = (format!("{mark}{existing}"), format!("{mark}{expected}"));
                let appended = with_pattern(Some(existing.clone().into_bytes()), PATTERN, "\n").unwrap();
                assert_eq!(String::from_utf8(appended).unwrap(), expected);
                if existing.is_empty() {
                    continue;
                }
                for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
                    let appended = with_pattern(Some(utf_16(&existing, bytes)), PATTERN, "\n").unwrap();
                    assert_eq!(appended, utf_16(&expected, bytes), "{expected}");
                }
            }
        }
    }

    #[test]
    fn a_new_file_gets_the_line_ends_of_the_system() {
        assert_eq!(with_pattern(None, "a\nb\n", "\r\n").unwrap(), b"a\r\nb\r\n");
    }

    #[test]
    fn a_file_in_another_encoding_is_not_changed() {
        assert!(with_pattern(Some(b"# \xe4\n".to_vec()), PATTERN, "\n").is_err());
    }
}
