//! Breaking text into lines of a given width, in terminal columns.
//!
//! The crate tabled is not used for this: it leaves the blank of a break at the start of the next line, and cuts a long name
//! wherever the line happens to end.

use unicode_width::UnicodeWidthStr;

/// Returns the lines of `text`, none wider than `width` columns and broken at blanks. A word that is too wide by itself is
/// broken after an underscore or, if it has none, anywhere. Blanks in a row become one.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        for (at, fragment) in fragments(word, width).into_iter().enumerate() {
            let blank = if at == 0 && !line.is_empty() { " " } else { "" };
            if !line.is_empty() && line.width() + blank.len() + fragment.width() > width {
                lines.push(std::mem::take(&mut line));
            } else {
                line.push_str(blank);
            }
            line.push_str(fragment);
        }
    }
    lines.push(line);
    lines
}

/// Returns `text` with line ends in place of some blanks, so that no line is wider than `width` columns unless a word is. Words
/// are never broken, because they may be paths.
#[must_use]
pub fn at_blanks(text: &str, width: usize) -> String {
    let mut broken = String::with_capacity(text.len());
    let mut columns = 0;
    for word in text.split_inclusive([' ', '\n']) {
        let word_columns = UnicodeWidthStr::width(word.trim_end_matches([' ', '\n']));
        if columns > 0 && columns + word_columns > width && broken.ends_with(' ') {
            broken.pop();
            broken.push('\n');
            columns = 0;
        }
        broken.push_str(word);
        columns = if word.ends_with('\n') { 0 } else { columns + word.width() };
    }
    broken
}

/// Returns the pieces of a word that may be on different lines.
fn fragments(word: &str, width: usize) -> Vec<&str> {
    if word.width() <= width {
        return vec![word];
    }
    let mut fragments = Vec::new();
    for part in word.split_inclusive('_') {
        if part.width() <= width {
            fragments.push(part);
        } else {
            fragments.extend(part.split_inclusive(|_| true));
        }
    }
    fragments
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_break_at_blanks_and_long_words_after_underscores() {
        let cases: [(&str, usize, &[&str]); 9] = [
            ("", 5, &[""]),
            ("one two", 7, &["one two"]),
            ("one two", 6, &["one", "two"]),
            ("  one   two  ", 7, &["one two"]),
            ("a FAILED_PHONE_BUSY", 15, &["a FAILED_PHONE_", "BUSY"]),
            ("a FAILED_PHONE_BUSY", 13, &["a FAILED_", "PHONE_BUSY"]),
            ("a FAILED_BUSY", 11, &["a", "FAILED_BUSY"]),
            ("abcdefgh ij", 3, &["abc", "def", "gh", "ij"]),
            // Each character is two columns wide.
            ("日本語", 5, &["日本", "語"]),
        ];
        for (text, width, expected) in cases {
            assert_eq!(wrap(text, width), expected, "{text} at {width}");
        }
    }

    #[test]
    fn messages_break_at_blanks_only() {
        let text = "callcodes: a/long_path  with blanks.log: no such file\n  or folder";
        let expected = "callcodes:\na/long_path\n with\nblanks.log:\nno such\nfile\n  or folder";
        assert_eq!(at_blanks(text, 11), expected);
        assert_eq!(at_blanks(text, 100), text);
        assert_eq!(at_blanks("a_path_that_is_too_long b", 5), "a_path_that_is_too_long\nb");
        assert_eq!(at_blanks("日本 日本", 8), "日本\n日本");
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_nothing_is_lost(text in "[a-c_ é]{0,40}", width in 1_usize..12) {
            let lines = wrap(&text, width);
            prop_assert!(lines.iter().all(|line| line.width() <= width));
            prop_assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
