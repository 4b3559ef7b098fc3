//! What a terminal obeys instead of showing it, and text without that.
//!
//! Names of files, lines of logs and texts of pattern files come from strangers. This one rule says which of their characters
//! could drive a terminal, so that no output passes on what another one escapes.

use std::borrow::Cow;

/// Whether a terminal obeys `character`: a control character, including the eight-bit ones, which JSON does not escape, or a
/// mark that breaks a line or changes its direction.
#[must_use]
pub fn obeys(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` with an escape, such as `\u{1b}`, in place of each character that a terminal obeys.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    escape(text, obeys)
}

/// The same for a line of a log, whose tabs stay.
pub(crate) fn escaped_line(line: &str) -> Cow<'_, str> {
    escape(line, |character| obeys(character) && character != '\t')
}

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

/// `text` with U+FFFD in place of each character that a terminal obeys: for names that are compared and sorted, which must not
/// grow.
pub(crate) fn replaced(text: &str) -> String {
    text.replace(obeys, "\u{fffd}")
}

/// Whether `text` is nothing but what ASCII prints, and tabs: so no terminal obeys any of it but these.
///
/// Block by block, without a way out in between: so the compiler makes vector instructions of it.
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
    fn what_drives_a_terminal_is_escaped() {
        let name = "é\u{1b}[2J\t\n\u{9b}\u{202e}gol.x";
        assert_eq!(escaped(name), r"é\u{1b}[2J\u{9}\u{a}\u{9b}\u{202e}gol.x");
        assert_eq!(escaped_line(name), format!("é\\u{{1b}}[2J\t{}", r"\u{a}\u{9b}\u{202e}gol.x"));
    }

    proptest! {
        // Longer than the blocks in which it is looked at, with the odd byte anywhere.
        #[test]
        fn plain_is_what_ascii_prints(mut text in prop::collection::vec(b' '..=b'~', 0..200), odd: u8, at: u8) {
            if let Some(byte) = text.get_mut(usize::from(at)) {
                *byte = odd;
            }
            let naive = text.iter().all(|byte| byte.is_ascii_graphic() || b" \t".contains(byte));
            prop_assert_eq!(is_plain(&text), naive);
        }
    }
}
