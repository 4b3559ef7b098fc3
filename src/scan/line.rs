//! Finds the line that contains a given position.
//!
//! Most lines are short, so vector instructions examine a fixed number of bytes before and after the position. Only if the line
//! is longer does `memchr` search further. Two calls of `memchr` for every line would cost more.

use std::ops::Range;

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};
use memchr::{memchr, memrchr};

/// The number of bytes in one vector.
const BLOCK_BYTES: usize = 64;
/// The number of bytes that are examined on each side of the position. Most lines start and end within that distance.
const REACH: usize = 2 * BLOCK_BYTES;

/// Returns the range in `text` of the line that contains `at`, without its line feed. The line starts at `from` at the earliest.
#[inline]
pub(super) fn around(level: Level, text: &[u8], from: usize, at: usize) -> Range<usize> {
    let (before, after) = text.split_at(at);
    let (back, on) = match (before.last_chunk::<REACH>(), after.first_chunk::<REACH>()) {
        (Some(before), Some(after)) => dispatch!(level, simd => look(simd, before, after)),
        _ => (REACH, REACH),
    };
    let start = if back < REACH { from.max(at - back) } else { start_of_line(text, from, at) };
    let end = if on < REACH { at + on } else { memchr(b'\n', after).map_or(text.len(), |on| at + on) };
    start..end
}

#[inline(never)]
fn start_of_line(text: &[u8], from: usize, at: usize) -> usize {
    memrchr(b'\n', &text[from..at]).map_or(from, |feed| from + feed + 1)
}

/// Counts the bytes before and after a position up to the nearest line feed on each side. A count is `REACH` if there is none.
#[inline(always)]
fn look<S: Simd>(simd: S, before: &[u8; REACH], after: &[u8; REACH]) -> (usize, usize) {
    let feed = u8x64::splat(simd, b'\n');
    let feeds = |block: &[u8; BLOCK_BYTES]| u8x64::from_slice(simd, block).simd_eq(feed).to_bitmask();
    // Both blocks are always examined, because the processor could not predict which one contains the line feed.
    let [further_back, back] = [before.first_chunk(), before.last_chunk()].map(|block| block.map_or(0, feeds));
    let [on, further_on] = [after.first_chunk(), after.last_chunk()].map(|block| block.map_or(0, feeds));
    let both = |near: u64, far: u64| u128::from(far) << BLOCK_BYTES | u128::from(near);
    let back = both(further_back, back).leading_zeros() as usize;
    let on = both(on, further_on).trailing_zeros() as usize;
    (back, on)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_line_goes_from_one_line_feed_to_the_next(
            lens in prop::collection::vec(prop_oneof![0_usize..100, 60_usize..70, 120_usize..140], 1..9),
            at in any::<prop::sample::Index>(),
            from in any::<prop::sample::Index>(),
        ) {
            let text = lens.into_iter().map(|len| "x".repeat(len)).collect::<Vec<_>>().join("\n").into_bytes();
            let at = at.index(text.len() + 1);
            let from = from.index(at + 1);
            let start = (from..at).rev().find(|&feed| text[feed] == b'\n').map_or(from, |feed| feed + 1);
            let end = (at..text.len()).find(|&feed| text[feed] == b'\n').unwrap_or(text.len());
            prop_assert_eq!(around(Level::new(), &text, from, at), start..end);
        }
    }
}
