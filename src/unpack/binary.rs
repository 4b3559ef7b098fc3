//! Detects data that hold no text (pictures, executables, databases) by their control characters.
//!
//! Rule: something is binary if its first 8 KiB hold control characters as no text does: at least four different ones,
//! which together make up more than 4% of its bytes. Compressed or encrypted data have all of them and about 9%.
//!
//! Invariants: text is never taken for binary, because a log passed over is worse than a picture searched in vain.
//! So NUL bytes count neither for nor against: logs get blocks of them by a crash or a careless rotation, and in UTF-16
//! every second byte is one. Nor does a single control character that comes often, as it is somebody's separator. Text in
//! UTF-16 without a mark is recognised before the control characters are counted, as its halves look like them.

use fearless_simd::{Level, dispatch};

use crate::units::Units;

/// How soon after its beginning a binary format shows a control character, in bytes.
const PROOF_BYTES: usize = 64;

/// Whether a NUL or another control character follows soon. That proves a signature that is made of letters.
pub(super) fn has_control(head: &[u8]) -> bool {
    head.iter().take(PROOF_BYTES).any(|&byte| byte == 0 || is_control(byte))
}

/// Whether something that begins with `sample`, its first 8 KiB or all of it, holds no text.
pub(super) fn is_not_text(sample: &[u8]) -> bool {
    // Nearly all text is known by the first of these alone.
    is_full_of_controls(sample) && !Units::are_utf16_somewhere(sample)
}

/// Control characters that text has no use for. White space, backspace and the escape of terminal colours it has.
#[inline(always)]
fn is_control(byte: u8) -> bool {
    // Without branches, for files are judged by thousands of bytes.
    let is_text = (byte == 0) | ((8..14).contains(&byte)) | (byte == 0x1b);
    ((byte < b' ') & !is_text) | (byte == 0x7f)
}

fn is_full_of_controls(sample: &[u8]) -> bool {
    // Summed up in bytes, which is what makes the compiler take many at once.
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
        // One number in 64 bytes: the NULs between do not make text of it.
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
