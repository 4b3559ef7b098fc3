//! The visitor of the command `lines`: workers render every line with a hit, and the sink gets the lines in order and numbered.
//!
//! The caller's [`LineFormat`] decides what a line looks like.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

use super::{Outlet, Visitor};
use crate::chunk::Chunk;
use crate::hit::Hit;
use crate::numbered::{LineFormat, Rendered};
use crate::scan::{Scanner, Sink};
use crate::source::Source;

/// Above this size in bytes, rendered lines are sent before their chunk is done, so that memory is bounded even if a line is
/// printed once for each of thousands of hits.
const PART_BYTES: usize = 256 << 10;

/// After this many chunks, the lines rendered so far are sent to the writer even if they are few, so that the first lines of a
/// long stream appear soon. They are not sent after each chunk, because only a limited number of such parts may wait for
/// their turn, however small they are.
const PART_CHUNKS: usize = 16;

/// How many hits of one line are rendered at once. More are rendered in several portions.
const PORTION_HITS: usize = 256;

/// Renders the lines of chunk after chunk.
pub struct Annotate<'f, F> {
    format: &'f F,
    rendered: Rendered,
    level: Level,
    /// The number of chunks since the last part.
    chunks: usize,
}

impl<'f, F: LineFormat> Annotate<'f, F> {
    /// Returns a visitor that prints lines in `format`.
    pub fn new(format: &'f F) -> Annotate<'f, F> {
        Annotate { format, rendered: Rendered::default(), level: Level::new(), chunks: 0 }
    }

    /// Sends everything that was rendered.
    fn hand_on(&mut self, out: &mut Outlet<'_, Rendered>) {
        self.chunks = 0;
        out.part(self.rendered.take());
    }
}

impl<F: LineFormat> Visitor for Annotate<'_, F> {
    type Part = Rendered;

    fn chunk(&mut self, source: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, out: &mut Outlet<'_, Rendered>) {
        self.chunks += 1;
        let Annotate { format, rendered, level, .. } = self;
        let (path, owned, level) = (source.name.as_str(), chunk.owned(), *level);
        let mut portion = Portion { format: *format, rendered, level, path, owned, counted: 0, hits: Vec::new(), out };
        scanner.scan_into(chunk, &mut portion);
        portion.flush();
        let counted = portion.counted;
        self.rendered.newlines += newlines(level, &owned[counted..]);
        if self.chunks >= PART_CHUNKS {
            self.hand_on(out);
        }
    }

    fn weight(part: &Rendered) -> usize {
        part.bytes.len()
    }

    fn finish(&mut self, out: &mut Outlet<'_, Rendered>) {
        self.hand_on(out);
    }
}

/// Renders the hits of a chunk in portions. A portion is the hits of one line, or some of them, because a line may have any number
/// of hits. This is not a closure, because calling one would copy every hit.
struct Portion<'p, 'o, 'c, F> {
    format: &'p F,
    rendered: &'p mut Rendered,
    level: Level,
    path: &'p str,
    owned: &'c [u8],
    /// How many bytes of `owned` were searched for line feeds.
    counted: usize,
    /// The hits of the current portion.
    hits: Vec<Hit<'c>>,
    out: &'p mut Outlet<'o, Rendered>,
}

impl<'c, F: LineFormat> Sink<'c> for &mut Portion<'_, '_, 'c, F> {
    #[inline(always)]
    fn take(&mut self, hit: Hit<'c>) {
        if self.hits.len() == PORTION_HITS || self.hits.first().is_some_and(|first| first.line_start != hit.line_start)
        {
            self.flush();
        }
        self.hits.push(hit);
    }
}

impl<F: LineFormat> Portion<'_, '_, '_, F> {
    /// Renders the current portion, and sends everything if it is enough for a part.
    fn flush(&mut self) {
        let Some(first) = self.hits.first() else { return };
        self.rendered.newlines += newlines(self.level, &self.owned[self.counted..first.line_start]);
        self.counted = first.line_start;
        self.format.line(self.path, &self.hits, self.rendered);
        self.rendered.hits += self.hits.len() as u64;
        self.hits.clear();
        if self.rendered.bytes.len() > PART_BYTES {
            self.out.part(self.rendered.take());
        }
    }
}

/// Counts the line feeds in `text`. This takes fewer instructions than counting with `memchr`, which is compiled for all
/// processors and therefore cannot use the instruction that counts bits.
fn newlines(level: Level, text: &[u8]) -> u64 {
    dispatch!(level, simd => count_newlines(simd, text))
}

#[inline(always)]
fn count_newlines<S: Simd>(simd: S, text: &[u8]) -> u64 {
    const BLOCK_BYTES: usize = 64;
    let newline = u8x64::splat(simd, b'\n');
    let places = |block: &[u8; BLOCK_BYTES]| u8x64::from_slice(simd, block).simd_eq(newline).to_bitmask();
    let (blocks, rest) = text.as_chunks::<BLOCK_BYTES>();
    let whole: u64 = blocks.iter().map(|block| u64::from(places(block).count_ones())).sum();
    let rest = match text.last_chunk::<BLOCK_BYTES>() {
        // The last block overlaps the one before; only its last bytes were not counted yet.
        Some(last) if !rest.is_empty() => u64::from((places(last) >> (BLOCK_BYTES - rest.len())).count_ones()),
        _ => rest.iter().filter(|&&byte| byte == b'\n').count() as u64,
    };
    whole + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn line_feeds_are_counted(text in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..800)) {
            let naive = text.iter().filter(|&&byte| byte == b'\n').count() as u64;
            prop_assert_eq!(newlines(Level::new(), &text), naive);
            prop_assert_eq!(newlines(Level::new(), &vec![b'\n'; text.len()]), text.len() as u64);
        }
    }
}
