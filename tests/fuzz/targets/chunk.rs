//! Divides ranges and streams into chunks. Every line belongs to one chunk, whatever the sizes, and a reader that fails loses no
//! complete line.

#![no_main]

mod marks;

use std::io::{self, Read};

use arbitrary::Arbitrary;
use callcodes::chunk::{Chunk, Chunks, Cut, Limits, Span};
use callcodes::problem::{Kind, Loss, Remedy};
use callcodes::units::Units;
use libfuzzer_sys::fuzz_target;
use marks::is_contradicted;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    block_bytes: u8,
    /// The limit of a line in units, minus one.
    line: u8,
    lookahead: u8,
    units: u8,
    /// The unit at which each range begins.
    starts: Vec<u8>,
    /// The bytes that the reader delivers at a time. With 0, the call is interrupted.
    steps: &'a [u8],
    fault: Fault,
    source: &'a [u8],
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Fault {
    None,
    /// Reading fails at this offset.
    Lost(u16),
    /// The bytes after this offset do not belong to the data, so nothing is lost.
    Trailing(u16),
}

/// A line, or a piece of a line over the limit.
#[derive(Debug)]
struct Piece {
    line_start: usize,
    start: usize,
    end: usize,
    /// The length of the byte order mark at the start, which is not part of the text.
    mark: usize,
    text: Vec<u8>,
    cut: Cut,
}

fuzz_target!(|input: Input<'_>| {
    let units = [Units::Bytes, Units::Utf16Le, Units::Utf16Be][usize::from(input.units) % 3];
    let limits = Limits {
        block_bytes: usize::from(input.block_bytes),
        line_bytes: 1 + usize::from(input.line),
        lookahead_bytes: usize::from(input.lookahead),
    };
    let source = match input.fault {
        Fault::None => input.source,
        Fault::Lost(at) | Fault::Trailing(at) => &input.source[..input.source.len().min(usize::from(at))],
    };
    let mut pieces = naive(source, units, limits.line_bytes);
    let mut least = source.len();
    let is_lost = matches!(input.fault, Fault::Lost(_));
    // UTF-16 that ends within a unit is truncated, unless the reader has failed, which is then the error that is reported, or only half
    // of its last line feed is missing.
    let is_broken = !is_lost && !source.len().is_multiple_of(units.size_bytes()) && !is_half_line_end(source, units);
    if (is_lost || is_broken)
        && !ends_line(source, units)
        && let Some(last) = pieces.pop()
    {
        // A line that may be incomplete is dropped, but complete pieces of it may already have been delivered.
        least = last.line_start;
    }

    let mut reading = Reading { source, units, limits, pieces: pieces.iter(), at: 0, faults: 0 };
    let size = units.size_bytes() as u64;
    let mut starts: Vec<u64> = match input.fault {
        Fault::None => input.starts.iter().take(8).map(|start| u64::from(*start) * size).chain([0]).collect(),
        Fault::Lost(_) | Fault::Trailing(_) => vec![0],
    };
    starts.sort_unstable();
    starts.dedup();
    let mut buffer = Vec::new();
    for (index, start) in starts.iter().enumerate() {
        let span = Span { start: *start, end: starts.get(index + 1).copied().unwrap_or(u64::MAX) };
        let from = usize::try_from(span.read_from(units)).expect("a small offset").min(source.len());
        let reader = Pieces { left: &source[from..], steps: input.steps, next: 0, fault: input.fault, rested: false };
        buffer = reading.span(Chunks::new(reader, span, limits, units, buffer), input.fault);
    }
    assert!(reading.at >= least, "complete lines are lost: {} of {least} bytes", reading.at);
    let faults = usize::from(!matches!(input.fault, Fault::None)) + usize::from(is_broken);
    // The mark of another encoding is an error, too. It is reported instead of half a unit in the same range, and may go unnoticed if a
    // piece of a line is shorter than it.
    let is_contradicted = is_contradicted(source, units);
    let least = faults.max(usize::from(is_contradicted && limits.line_bytes >= 4));
    let most = faults + usize::from(is_contradicted);
    assert!((least..=most).contains(&reading.faults), "each error is reported once: {} of {faults}", reading.faults);
});

/// Checks the chunks of consecutive spans.
struct Reading<'s, P> {
    source: &'s [u8],
    units: Units,
    limits: Limits,
    /// The pieces that have not been delivered yet.
    pieces: P,
    /// The offset up to which the source has been delivered.
    at: usize,
    faults: usize,
}

impl<'p, P: Iterator<Item = &'p Piece>> Reading<'_, P> {
    fn span(&mut self, mut chunks: Chunks<Pieces<'_>>, fault: Fault) -> Vec<u8> {
        loop {
            match chunks.next_chunk() {
                Ok(Some(chunk)) => self.chunk(&chunk, fault),
                Ok(None) => break,
                Err(_) => self.faults += 1,
            }
        }
        let buffer = chunks.into_buffer();
        let Limits { line_bytes, lookahead_bytes, .. } = self.limits;
        assert!(buffer.len() <= (line_bytes + lookahead_bytes + 1) * self.units.size_bytes() + 1);
        buffer
    }

    /// Checks that the chunk consists of the next pieces, all complete.
    fn chunk(&mut self, chunk: &Chunk<'_>, fault: Fault) {
        let start = self.at;
        self.at += usize::try_from(chunk.source_bytes).expect("no more than there is");
        let (mut text, mut mark) = (Vec::new(), 0);
        let mut end = start;
        while end < self.at {
            let piece = self.pieces.next().expect("more than the source has");
            assert_eq!(piece.start, end);
            end = piece.end;
            mark += piece.mark;
            text.extend_from_slice(&piece.text);
            assert!(end < self.at || piece.cut == chunk.cut, "{:?} is reported as {:?}", piece.cut, chunk.cut);
        }
        assert_eq!(end, self.at, "a piece is divided");
        assert_eq!(chunk.offset, (start + mark) as u64);
        assert_eq!(chunk.owned(), text);
        if let Fault::None = fault {
            self.check_lookahead(&chunk.with_lookahead()[text.len()..]);
        }
    }

    fn check_lookahead(&self, seen: &[u8]) {
        let rest = &self.source[self.at..];
        match self.units {
            Units::Bytes => {
                assert!(rest.starts_with(seen), "the lookahead is not the text that follows");
                assert!(seen.len() >= rest.len().min(self.limits.lookahead_bytes), "the lookahead is too short");
            }
            units => {
                let units_ahead = self.limits.lookahead_bytes + 1;
                assert_eq!(seen, decode(&rest[..rest.len().min(units_ahead * units.size_bytes())], units));
            }
        }
    }
}

/// A reader that delivers the source in small pieces.
struct Pieces<'s> {
    left: &'s [u8],
    steps: &'s [u8],
    next: usize,
    fault: Fault,
    /// Whether the previous call was interrupted.
    rested: bool,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        assert!(!out.is_empty(), "an empty buffer is passed");
        if self.left.is_empty() {
            return match std::mem::replace(&mut self.fault, Fault::None) {
                Fault::None => Ok(0),
                Fault::Lost(_) => Err(io::Error::other("the disk is gone")),
                Fault::Trailing(_) => {
                    let (kind, remedy) = (Kind::TrailingBytes, Remedy::CutOut);
                    Err(Loss { kind, what: String::new(), delivered: None, remedy }.into())
                }
            };
        }
        let step = if self.steps.is_empty() { 255 } else { usize::from(self.steps[self.next % self.steps.len()]) };
        self.next += 1;
        self.rested = step == 0 && !self.rested;
        if self.rested {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        let len = out.len().min(step.max(1));
        self.left.read(&mut out[..len])
    }
}

/// Divides the whole source into pieces.
fn naive(source: &[u8], units: Units, line_units: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut line_start = 0;
    while line_start < source.len() {
        let size = units.size_bytes();
        let line = &source[line_start..];
        let line_feed = line.chunks(size).position(|unit| is_line_feed(unit, units));
        let line = line_feed.map_or(line, |at| &line[..(at + 1) * size]);
        let mut start = line_start;
        for raw in line.chunks(line_units * size) {
            let end = start + raw.len();
            let is_last = end == line_start + line.len();
            let cut = match (is_last, start == line_start) {
                (true, _) => Cut::AtLineEnd,
                (false, true) => Cut::FirstPiece,
                (false, false) => Cut::FurtherPiece,
            };
            let mark = if start == 0 { mark_len(raw, units) } else { 0 };
            let text = match &raw[mark..] {
                [text @ .., b'\n'] if is_half_line_end(raw, units) => [&decode(text, units), &b"\n"[..]].concat(),
                text => decode(text, units),
            };
            pieces.push(Piece { line_start, start, end, mark, text, cut });
            start = end;
        }
        line_start += line.len();
    }
    pieces
}

fn is_line_feed(unit: &[u8], units: Units) -> bool {
    match units {
        Units::Bytes => unit == b"\n",
        Units::Utf16Le => unit == b"\n\0",
        Units::Utf16Be => unit == b"\0\n",
        Units::Utf32Le | Units::Utf32Be => unreachable!("only the others are chosen"),
    }
}

/// Whether a text ends with the first byte of a line feed in UTF-16LE.
fn is_half_line_end(text: &[u8], units: Units) -> bool {
    units == Units::Utf16Le && !text.len().is_multiple_of(2) && text.ends_with(b"\n")
}

fn ends_line(source: &[u8], units: Units) -> bool {
    source.chunks(units.size_bytes()).last().is_none_or(|unit| is_line_feed(unit, units))
}

fn mark_len(source: &[u8], units: Units) -> usize {
    let mark: &[u8] = match units {
        Units::Bytes => b"\xEF\xBB\xBF",
        Units::Utf16Le => b"\xFF\xFE",
        Units::Utf16Be => b"\xFE\xFF",
        Units::Utf32Le | Units::Utf32Be => unreachable!("only the others are chosen"),
    };
    if source.starts_with(mark) { mark.len() } else { 0 }
}

fn decode(raw: &[u8], units: Units) -> Vec<u8> {
    let unit: fn([u8; 2]) -> u16 = match units {
        Units::Bytes => return raw.to_vec(),
        Units::Utf16Le => u16::from_le_bytes,
        Units::Utf16Be => u16::from_be_bytes,
        Units::Utf32Le | Units::Utf32Be => unreachable!("only the others are chosen"),
    };
    let (pairs, rest) = raw.as_chunks::<2>();
    let decoded = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)));
    let mut text: String = decoded.map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    // Half a surrogate pair and half a unit together are one error to the decoder.
    let is_open = pairs.last().is_some_and(|pair| (0xD800..0xDC00).contains(&unit(*pair)));
    if !rest.is_empty() && !is_open {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text.into_bytes()
}
