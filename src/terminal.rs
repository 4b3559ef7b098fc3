//! Replaces characters that could control a terminal.
//!
//! File names, log lines and pattern files come from strangers. This module has the only rule for which of their characters could
//! control a terminal, so that all outputs treat them alike.

use std::borrow::Cow;

/// Whether `character` could control a terminal: a control character, including those from U+0080 to U+009F, which JSON does not
/// escape; a character that breaks a line or changes its direction; or a byte order mark, which is invisible.
#[must_use]
pub fn obeys(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Returns `text` with an escape such as `\u{1b}` in place of each character that could control a terminal.
///
/// # Examples
///
/// ```
/// assert_eq!(callcodes::terminal::escaped("a\u{1b}[31m"), r"a\u{1b}[31m");
/// ```
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    escape(text, obeys)
}

/// Returns a line of a log with an escape in place of each character that could control a terminal, except tabs.
pub(crate) fn escaped_line(line: &str) -> Cow<'_, str> {
    escape(line, |character| obeys(character) && character != '\t')
}

/// Returns `text` with an escape in place of each character for which `is_escaped` returns true.
fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    let Some(first) = text.find(&is_escaped) else { return Cow::Borrowed(text) };
    let (plain, rest) = text.split_at(first);
    let mut escaped = plain.to_owned();
    for character in rest.chars() {
        if is_escaped(character) {
            escaped.extend(character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Returns `text` with U+FFFD in place of each character that could control a terminal. For names that are compared and sorted, and
/// must not become longer.
pub(crate) fn replaced(text: &str) -> String {
    text.replace(obeys, "\u{fffd}")
}

/// Whether `text` consists of printable ASCII characters and tabs, so that nothing in it needs an escape.
///
/// Each block is checked to its end, without an early return, so that the compiler can use vector instructions.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    let all =
        |block: &[u8]| block.iter().fold(true, |all, byte| all & (matches!(byte, b' '..=b'~') | (*byte == b'\t')));
    let mut blocks = text.chunks_exact(16);
    blocks.all(all) && all(blocks.remainder())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn characters_that_control_a_terminal_are_escaped() {
        let name = "é\u{1b}[2J\t\n\u{9b}\u{202e}gol.x";
        assert_eq!(escaped(name), r"é\u{1b}[2J\u{9}\u{a}\u{9b}\u{202e}gol.x");
        assert_eq!(escaped_line(name), format!("é\\u{{1b}}[2J\t{}", r"\u{a}\u{9b}\u{202e}gol.x"));
    }

    proptest! {
        // The text is longer than a block, with one byte that is not plain at any position.
        #[test]
        fn plain_text_is_printable_ascii_and_tabs(mut text in prop::collection::vec(b' '..=b'~', 0..200), odd: u8, at: u8) {
            if let Some(byte) = text.get_mut(usize::from(at)) {
                *byte = odd;
            }
            let naive = text.iter().all(|byte| byte.is_ascii_graphic() || b" \t".contains(byte));
            prop_assert_eq!(is_plain(&text), naive);
        }
    }
}
