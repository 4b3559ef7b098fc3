//! Wraps text to a width in terminal columns.
//!
//! The tabled crate can wrap as well, but it starts the next line with the space at which it breaks, and breaks long names
//! wherever the line happens to end.

use unicode_width::UnicodeWidthStr;

/// Breaks `text` at white space into lines of at most `width` columns. A word that is wider than a line is broken after
/// underscores or, where that is not enough, anywhere. White space becomes one space.
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

/// Returns `text` with line ends in place of some spaces, so that lines have at most `width` columns. Words are never broken,
/// because they may be paths, so a longer word makes a longer line.
#[must_use]
pub fn at_spaces(text: &str, width: usize) -> String {
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

/// Returns the pieces into which a word may be broken if a line has `width` columns.
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
    fn lines_break_at_spaces_and_long_words_after_underscores() {
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
    fn messages_break_at_spaces_only() {
        let text = "callcodes: a/long_path  with blanks.log: no such file\n  or folder";
        let expected = "callcodes:\na/long_path\n with\nblanks.log:\nno such\nfile\n  or folder";
        assert_eq!(at_spaces(text, 11), expected);
        assert_eq!(at_spaces(text, 100), text);
        assert_eq!(at_spaces("a_path_that_is_too_long b", 5), "a_path_that_is_too_long\nb");
        assert_eq!(at_spaces("日本 日本", 8), "日本\n日本");
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
