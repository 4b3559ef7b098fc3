//! The visitor behind `lines`: every line with a hit, rendered by the workers and put in order with its number.
//!
//! A line's number is known only once everything before it has been counted, so workers leave a gap for it, and
//! [`Numbering`] fills the gaps on the way out. That costs a copy of what is printed and saves a second pass over what
//! is read.

use std::io::{self, Write};

use memchr::memchr_iter;

use super::{Outlet, Visitor};
use crate::chunk::Chunk;
use crate::hit::Hit;
use crate::scan::Scanner;
use crate::source::Source;

/// Above this size, in bytes, what is rendered is handed on before its chunk is done, so that memory stays bounded
/// even where a line is printed once for each of thousands of hits.
const PART_BYTES: usize = 512 << 10;

/// How many hits of one line are rendered at once.
const PORTION_HITS: usize = 256;

/// How a line with hits is printed.
pub trait LineFormat: Sync {
    /// Renders the hits of one line, of which there is at least one.
    fn line(&self, source: &Source, hits: &[Hit<'_>], out: &mut Rendered);
}

/// Printed lines, with gaps where the line numbers go.
#[derive(Debug, Default)]
pub struct Rendered {
    bytes: Vec<u8>,
    gaps: Vec<Gap>,
    /// Line feeds since the last part: what the numbering of the next part builds on.
    newlines: u64,
    /// Hits in this part.
    hits: u64,
}

/// A number to be put in before `bytes[at]`: so many line feeds lie between the part's start and the line.
#[derive(Debug)]
struct Gap {
    at: usize,
    newlines_before: u64,
}

impl Rendered {
    /// Where rendered bytes go.
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Puts the line's number here.
    pub fn line_number(&mut self) {
        self.gaps.push(Gap { at: self.bytes.len(), newlines_before: self.newlines });
    }
}

/// Renders the lines of chunk after chunk.
pub struct Annotate<'f, F> {
    format: &'f F,
    rendered: Rendered,
}

impl<'f, F: LineFormat> Annotate<'f, F> {
    /// A visitor that prints with `format`.
    pub fn new(format: &'f F) -> Annotate<'f, F> {
        Annotate { format, rendered: Rendered::default() }
    }

    fn hand_on(&mut self, out: &mut Outlet<'_, Rendered>) {
        out.part(std::mem::take(&mut self.rendered));
    }
}

impl<F: LineFormat> Visitor for Annotate<'_, F> {
    type Part = Rendered;

    fn chunk(&mut self, source: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, out: &mut Outlet<'_, Rendered>) {
        let Annotate { format, rendered } = self;
        let owned = chunk.owned();
        let mut counted = 0;
        let mut flush = |line: &mut Vec<Hit<'_>>| {
            let Some(first) = line.first() else { return };
            rendered.newlines += memchr_iter(b'\n', &owned[counted..first.line_start]).count() as u64;
            counted = first.line_start;
            format.line(source, line, rendered);
            rendered.hits += line.len() as u64;
            line.clear();
            if rendered.bytes.len() > PART_BYTES {
                out.part(std::mem::take(rendered));
            }
        };
        // The hits of one line, in portions, because one line may hold any number of them.
        let mut line: Vec<Hit<'_>> = Vec::new();
        scanner.scan(chunk, |hit| {
            if line.len() == PORTION_HITS || line.first().is_some_and(|first| first.line_start != hit.line_start) {
                flush(&mut line);
            }
            line.push(hit);
        });
        flush(&mut line);
        self.rendered.newlines += memchr_iter(b'\n', &owned[counted..]).count() as u64;
        self.hand_on(out);
    }

    fn weight(part: &Rendered) -> usize {
        part.bytes.len()
    }

    fn finish(&mut self, _out: &mut Outlet<'_, Rendered>) {}
}

/// Fills in the line numbers of one source after another.
#[derive(Debug, Default)]
pub struct Numbering {
    newlines_before: u64,
    hits: u64,
    digits: Vec<u8>,
}

impl Numbering {
    /// Writes a part of the current source. Lines are numbered from 1.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&mut self, part: &Rendered, out: &mut impl Write) -> io::Result<()> {
        let mut written = 0;
        for gap in &part.gaps {
            out.write_all(&part.bytes[written..gap.at])?;
            self.digits.clear();
            write!(self.digits, "{}", self.newlines_before + gap.newlines_before + 1)?;
            out.write_all(&self.digits)?;
            written = gap.at;
        }
        out.write_all(&part.bytes[written..])?;
        self.newlines_before += part.newlines;
        self.hits += part.hits;
        Ok(())
    }

    /// The next part belongs to another source.
    pub fn next_source(&mut self) {
        self.newlines_before = 0;
    }

    /// How many hits have been written.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits
    }
}
