//! Lines that speak of a call status but hold no result that can be read.
//!
//! Such a line has the key words of a pattern, such as `callStatus`, and no pattern finds a result in it. A log of a program whose
//! own lines are not known may have thousands of them, which differ only in numbers, names and times, so they are counted by their
//! [`Shape`].
//!
//! This module only describes a line. Which lines are near misses is decided in [`scan`](crate::scan), and
//! [`summary`](crate::summary) counts them.

mod shape;

use std::ops::Range;

pub use self::shape::Shape;
use crate::units::Units;

/// The length in bytes up to which a near miss is kept as a whole. Of a longer line, the part around its key words is kept.
const KEPT_BYTES: usize = 1 << 10;
/// How many bytes before the key words are kept of a longer line.
const KEPT_BEFORE_BYTES: usize = KEPT_BYTES / 4;

/// A line that speaks of a call status but holds no result that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss<'c> {
    /// The line without its line end. If the line is overlong, only a piece of it.
    pub line: &'c [u8],
    /// Where the line starts in the chunk, in bytes.
    pub line_start: usize,
    /// Where the line starts in the source, in bytes.
    pub line_offset: u64,
    /// Whether the source consists of bytes or of UTF-16 units.
    pub units: Units,
    /// The range of the key words in `line`, in bytes.
    pub words: Range<usize>,
}

/// Returns the part of a line that is kept to show it, which is usually all of it, and the range of `part` in that. No character of
/// UTF-8 is divided.
pub(crate) fn kept<'c>(line: &'c [u8], part: &Range<usize>) -> (&'c [u8], Range<usize>) {
    if line.len() <= KEPT_BYTES {
        return (line, part.clone());
    }
    let is_within_character = |at: &usize| line.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
    let mut from = part.start.saturating_sub(KEPT_BEFORE_BYTES);
    while from < part.start && is_within_character(&from) {
        from += 1;
    }
    let mut to = (from + KEPT_BYTES).min(line.len());
    while to > from && is_within_character(&to) {
        to -= 1;
    }
    (&line[from..to], part.start - from..part.end.min(to).max(part.start) - from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_line_the_part_around_the_words_is_kept() {
        let kept_of = |line: &str| {
            let start = line.find("callStatus").unwrap();
            let words = start..start + "callStatus".len();
            let (kept, words) = kept(line.as_bytes(), &words);
            let kept = std::str::from_utf8(kept).unwrap();
            assert_eq!(&kept[words.clone()], "callStatus");
            (kept.len(), words.start)
        };
        assert_eq!(kept_of("x callStatus ?"), (14, 2));
        assert_eq!(kept_of(&format!("{}callStatus{}", "x".repeat(2000), "y".repeat(2000))), (1024, 256));
        // No character is divided, so the part begins up to three bytes later, and ends up to three bytes earlier.
        assert_eq!(kept_of(&format!("{}callStatus{}", "\u{20ac}".repeat(700), "\u{20ac}".repeat(700))), (1024, 255));
        assert_eq!(kept_of(&format!("{}callStatus{}", "x".repeat(700), "\u{20ac}".repeat(700))), (1024 - 2, 256));
    }
}
