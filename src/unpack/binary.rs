//! Detects data that are not text, such as pictures, programs and databases, by counting control characters.
//!
//! Data are binary if the first 8 KiB contain more control characters than any text does: at least four different ones, which make
//! up more than 4% of the bytes that are not NUL. In compressed and encrypted data, all 25 control characters occur, and make up
//! about 10% of the bytes.
//!
//! Text must never be mistaken for binary data, because skipping a log is worse than searching a picture in vain. So:
//!
//! * NUL bytes are ignored. A crash or a careless rotation leaves blocks of them in logs, and in UTF-16 every second byte may be
//!   one.
//! * A single control character may be frequent, because some programs use one as a separator.
//! * UTF-16 and UTF-32 are never binary, although half of their bytes may look like control characters.

use fearless_simd::{Level, dispatch};

use crate::units::Units;

/// The number of bytes at the start of a binary file that contain at least one NUL or control character.
const PROOF_BYTES: usize = 64;

/// Whether the first [`PROOF_BYTES`] of `head` contain a NUL or a control character. This confirms that a file is binary if its
/// signature consists of letters, with which text could also start.
pub(super) fn has_control(head: &[u8]) -> bool {
    head.iter().take(PROOF_BYTES).any(|&byte| byte == 0 || is_control(byte))
}

/// Whether data are binary. `sample` is their first 8 KiB, or all of them if there are fewer.
pub(super) fn is_not_text(sample: &[u8]) -> bool {
    // The first check, which is faster, is enough for nearly all text.
    is_full_of_controls(sample) && {
        let units = Units::of(sample);
        let mut text = Vec::new();
        // The text may begin in another encoding than UTF-16.
        units.decode_changing(sample, &mut text);
        units == Units::Bytes && is_full_of_controls(&text)
    }
}

/// Whether `byte` is a control character that text does not use. Text may contain white space, backspace and the escape character
/// that starts a terminal colour.
#[inline(always)]
pub(super) fn is_control(byte: u8) -> bool {
    // Without branches, so that the compiler can use vector instructions. This runs on thousands of bytes of each file.
    let is_text = (byte == 0) | ((8..14).contains(&byte)) | (byte == 0x1b);
    ((byte < b' ') & !is_text) | (byte == 0x7f)
}

/// Whether at least four different control characters make up more than 4% of the bytes of `sample` that are not NUL.
fn is_full_of_controls(sample: &[u8]) -> bool {
    // Counting 128 bytes at a time keeps each count in a single byte, so that the compiler can add up many counts at once.
    let count = |some: &[u8]| some.iter().fold(0, |sum, byte| sum + u8::from(is_control(*byte)));
    let count_all = || sample.chunks(128).map(|some| usize::from(count(some))).sum();
    let controls: usize = dispatch!(Level::new(), _simd => count_all());
    if controls == 0 {
        return false;
    }
    let bytes = sample.iter().filter(|byte| **byte != 0).count();
    let different = (0..=u8::MAX).filter(|byte| is_control(*byte) && sample.contains(byte)).count();
    controls * 25 > bytes && different >= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_those_that_text_has_no_use_for() {
        let listed = |byte| matches!(byte, 0x01..=0x07 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
        assert!((0..=u8::MAX).all(|byte| is_control(byte) == listed(byte)));
    }

    #[test]
    fn a_table_of_small_numbers_is_no_text() {
        let table: Vec<u8> = (0..2000_u32).flat_map(|number| (number % 24).to_le_bytes()).collect();
        assert!(is_not_text(&table));
        // One number in every 64 bytes is still binary, although the rest is NULs.
        let sparse: Vec<u8> = (0..100_u8).flat_map(|number| [&[number % 8 + 1][..], &[0; 63]].concat()).collect();
        assert!(is_not_text(&sparse));
    }

    #[test]
    fn logs_with_blocks_of_nul_separators_and_colours_are_text() {
        let line = "2017-02-14 02:57:24 rawCallStatus = 21\r\n".repeat(40);
        assert!(!is_not_text(b""));
        assert!(!is_not_text(&[0; 8192]));
        assert!(!is_not_text(&[&[0; 8000], line.as_bytes()].concat()));
        assert!(!is_not_text(line.replace(' ', "\x01").as_bytes()), "one separator");
        assert!(!is_not_text(line.replace("24", "\x1b[31m24\x1b[0m").as_bytes()), "colours");
    }
}
