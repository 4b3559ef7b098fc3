//! Blocks of whole lines, from ranges of big files and from streams alike.
//!
//! Invariants:
//! * A chunk owns exactly the lines whose first byte lies in its range (decision 1): whatever the ranges and the block
//!   size, the owned parts concatenate to the source.
//! * A chunk holds no line longer than [`Limits::line_bytes`], its line end included. A longer one is cut into pieces of
//!   exactly that size, counted from the line's first byte, so that the cuts do not depend on the blocks.
//! * What a chunk holds can be searched as bytes: UTF-16 is decoded here, after it was cut, so that the owner of a line
//!   does not depend on the encoding. Limits count units: the same text is cut alike in UTF-8 and in UTF-16.
//! * Behind the owned part a chunk shows at least [`Limits::lookahead_bytes`] of what follows, or all there is.
//! * Memory is one buffer of at most `line_bytes + lookahead_bytes` (units, for UTF-16, and a second buffer for the
//!   decoded text) and what is kept to look at the end of the source, which is used again.
//!
//! One reader serves both: a range is a stream that starts in mid-file and ends with the last line it owns. Not in
//! `source`, because nothing here opens anything; not in `scan`, because nothing here knows what is looked for.

use std::io::{self, Read};

use crate::problem::{Kind, Loss};
use crate::units::{END_BYTES, Units, Written};

/// Most lines are not longer than that, in bytes.
const LIKELY_LINE_BYTES: usize = 4 << 10;

/// Sizes, in bytes. The defaults serve every input; tests make them tiny to meet every boundary.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// What is read at once. Within a second-level cache, so that searching does not wait for memory.
    pub block_bytes: usize,
    /// The longest line that is searched as a whole.
    pub line_bytes: usize,
    /// How far beyond the end of its line a multi-line pattern may look.
    pub lookahead_bytes: usize,
}

impl Limits {
    /// The same limits for other units, in bytes. One unit more of lookahead, because half a character at its end is
    /// no character.
    fn of(self, units: Units) -> Limits {
        match units.size_bytes() {
            1 => self,
            size => Limits {
                block_bytes: self.block_bytes,
                line_bytes: self.line_bytes * size,
                lookahead_bytes: (self.lookahead_bytes + 1) * size,
            },
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { block_bytes: 256 << 10, line_bytes: 1 << 20, lookahead_bytes: 512 }
    }
}

/// Whole lines, or a piece of a line over the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'b> {
    /// The owned lines, then what follows them.
    bytes: &'b [u8],
    owned: usize,
    /// Offset of the first byte in the source.
    pub offset: u64,
    /// How many bytes of the source the owned part was.
    pub source_bytes: u64,
    /// How the source is written.
    pub written: Written,
    /// Whether this is a piece that ends before its line does.
    pub cut: Cut,
}

/// Whether the end of a chunk is the end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The last line is whole, or ends with the source.
    AtLineEnd,
    /// The line was longer than the limit; its first piece ends here.
    FirstPiece,
    /// A further piece of such a line ends here, and the line still goes on.
    FurtherPiece,
}

impl<'b> Chunk<'b> {
    /// A chunk that is a whole source.
    #[must_use]
    pub fn whole(bytes: &'b [u8]) -> Chunk<'b> {
        let owned = bytes.len();
        Chunk { bytes, owned, offset: 0, source_bytes: owned as u64, written: Written::default(), cut: Cut::AtLineEnd }
    }

    /// The lines of this chunk.
    #[must_use]
    pub fn owned(&self) -> &'b [u8] {
        &self.bytes[..self.owned]
    }

    /// The lines of this chunk and what can be seen behind them.
    #[must_use]
    pub fn with_lookahead(&self) -> &'b [u8] {
        self.bytes
    }
}

/// A chunk that holds its bytes itself, to be handed from the thread that reads a stream to the one that scans it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedChunk {
    bytes: Vec<u8>,
    /// The rest of the chunk.
    rest: Chunk<'static>,
}

impl OwnedChunk {
    /// The chunk.
    #[must_use]
    pub fn get(&self) -> Chunk<'_> {
        Chunk { bytes: &self.bytes, ..self.rest }
    }
}

impl From<Chunk<'_>> for OwnedChunk {
    fn from(chunk: Chunk<'_>) -> OwnedChunk {
        OwnedChunk { bytes: chunk.bytes.to_vec(), rest: Chunk { bytes: &[], ..chunk } }
    }
}

/// Which lines of a source to read: those whose first byte lies in `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First offset.
    pub start: u64,
    /// Offset behind the last.
    pub end: u64,
}

impl Span {
    /// Every line, however long the source turns out to be.
    pub const ALL: Span = Span { start: 0, end: u64::MAX };

    /// Where reading has to begin: one unit early, because only what stands before tells whether `start` starts a line.
    #[must_use]
    pub fn read_from(self, units: Units) -> u64 {
        self.start.saturating_sub(units.size_bytes() as u64)
    }
}

/// Cuts what a reader delivers into chunks.
#[derive(Debug)]
pub struct Chunks<R> {
    reader: R,
    limits: Limits,
    written: Written,
    buffer: Vec<u8>,
    /// The text of the last chunk, where it had to be decoded.
    decoded: Vec<u8>,
    /// The part of the buffer that holds data not yet handed out. Before it are at least the last `kept_bytes` that were.
    head: usize,
    tail: usize,
    /// How much of the source's end is to be looked at, in bytes; 0 for nothing.
    kept_bytes: usize,
    /// Offset in the source of `buffer[head]`.
    offset: u64,
    end: u64,
    state: State,
    reader_is_done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `head` lies in a line that the range before owns.
    InForeignLine,
    /// `head` is the first byte of a line.
    AtLineStart,
    /// `head` is in the middle of an own line, behind a piece of it.
    InOwnLine,
}

/// What the buffer's data allow next.
enum Step {
    HandOut {
        len: usize,
        cut: Cut,
    },
    NeedMore,
    /// All that is left ends within a unit.
    Broken,
    Finished,
}

impl<R: Read> Chunks<R> {
    /// Chunks of the lines that `span` owns. `reader` delivers the source from [`Span::read_from`] on; `buffer` is
    /// working memory, whatever it holds; [`Chunks::into_buffer`] gives it back. A span of UTF-16 starts and ends with
    /// whole units.
    pub fn new(reader: R, span: Span, limits: Limits, written: impl Into<Written>, buffer: Vec<u8>) -> Chunks<R> {
        let written @ Written { units, .. } = written.into();
        let state = if span.start == 0 { State::AtLineStart } else { State::InForeignLine };
        Chunks {
            reader,
            limits: limits.of(units),
            written,
            buffer,
            decoded: Vec::new(),
            head: 0,
            tail: 0,
            kept_bytes: 0,
            offset: span.read_from(units),
            end: span.end,
            state,
            reader_is_done: false,
        }
    }

    /// The same chunks, and behind the last an error ([`Kind::MixedEncodings`]) if the source ends in other units than
    /// these. The span must go to the end of the source, and should have its last 4 KiB.
    #[must_use]
    pub fn checking_the_end(self) -> Chunks<R> {
        Chunks { kept_bytes: END_BYTES, ..self }
    }

    /// What it reads from.
    #[must_use]
    pub fn reader(&self) -> &R {
        &self.reader
    }

    /// The working memory, to be used again.
    #[must_use]
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// The next chunk, or `None` behind the last.
    ///
    /// # Errors
    /// What the reader fails with, or that UTF-16 ends within a unit, or that the source ends in other units. Every whole
    /// line read before was or will be handed out by further calls, but not the beginning of a line that may go on: half a
    /// number is another number. Trailing bytes behind compressed data ([`Kind::TrailingBytes`]) break off nothing, nor
    /// does what ends in other units.
    pub fn next_chunk(&mut self) -> io::Result<Option<Chunk<'_>>> {
        loop {
            let step = match self.state {
                State::InForeignLine => self.skip_foreign_line(),
                State::AtLineStart | State::InOwnLine => self.step(),
            };
            match step {
                Step::Finished => return self.mixed().map_or(Ok(None), |loss| Err(loss.into())),
                Step::NeedMore => self.fill()?,
                Step::Broken => {
                    self.advance(self.tail - self.head);
                    return Err(self.mixed().unwrap_or_else(|| self.written.units.broken()).into());
                }
                Step::HandOut { len, cut } => {
                    let (start, offset) = (self.head, self.offset);
                    self.advance(len);
                    self.state = if cut == Cut::AtLineEnd { State::AtLineStart } else { State::InOwnLine };
                    return Ok(Some(self.chunk(start, len, offset, cut)));
                }
            }
        }
    }

    /// What there is to tell of the end of the source, once.
    fn mixed(&mut self) -> Option<Loss> {
        match std::mem::take(&mut self.kept_bytes) {
            0 => None,
            kept => {
                let end = &self.buffer[self.tail.saturating_sub(kept)..self.tail];
                self.written.units.mixed(end, self.offset + (self.tail - self.head) as u64)
            }
        }
    }

    /// The chunk of the `len` bytes that begin at `start` in the buffer.
    fn chunk(&mut self, start: usize, len: usize, offset: u64, cut: Cut) -> Chunk<'_> {
        let data = &self.buffer[start..self.tail];
        // A byte order mark is no part of the first line.
        let mark = self.written.units.byte_order_mark();
        let skipped = if offset == 0 && data[..len].starts_with(mark) { mark.len() } else { 0 };
        let (bytes, owned) = match self.written.units {
            Units::Bytes => (&data[skipped..], len - skipped),
            units => {
                self.decoded.clear();
                units.decode(&data[skipped..len], &mut self.decoded);
                let owned = self.decoded.len();
                let ahead = data.len().min(len + self.limits.lookahead_bytes);
                units.decode(&data[len..ahead], &mut self.decoded);
                (self.decoded.as_slice(), owned)
            }
        };
        Chunk { bytes, owned, offset: offset + skipped as u64, source_bytes: len as u64, written: self.written, cut }
    }

    fn step(&self) -> Step {
        let data = &self.buffer[self.head..self.tail];
        if self.offset >= self.end && self.state == State::AtLineStart {
            return Step::Finished;
        }
        if data.is_empty() && self.reader_is_done {
            return Step::Finished;
        }
        // Data that can be handed out: what is left behind it suffices for the lookahead.
        let ready =
            if self.reader_is_done { data.len() } else { data.len().saturating_sub(self.limits.lookahead_bytes) };
        let ready = ready.min(self.limits.line_bytes);
        let ready = &data[..ready - ready % self.written.units.size_bytes()];
        if let Some(len) = self.whole_lines(ready) {
            return Step::HandOut { len, cut: Cut::AtLineEnd };
        }
        if ready.len() == self.limits.line_bytes && data.len() > ready.len() {
            let cut = if self.state == State::InOwnLine { Cut::FurtherPiece } else { Cut::FirstPiece };
            return Step::HandOut { len: ready.len(), cut };
        }
        if self.reader_is_done {
            let is_broken = !data.len().is_multiple_of(self.written.units.size_bytes());
            return if is_broken { Step::Broken } else { Step::HandOut { len: data.len(), cut: Cut::AtLineEnd } };
        }
        Step::NeedMore
    }

    /// How many bytes of `ready` are owned lines that end in it.
    fn whole_lines(&self, ready: &[u8]) -> Option<usize> {
        // The line that holds the unit before `end` is the last one owned.
        let to_end = usize::try_from(self.end.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let last_owned = to_end.saturating_sub(self.written.units.size_bytes());
        if let Some(len) = ready.get(last_owned..).and_then(|rest| self.written.units.first_line_end(rest)) {
            return Some(last_owned + len);
        }
        self.written.units.last_line_end(ready)
    }

    fn skip_foreign_line(&mut self) -> Step {
        let data = &self.buffer[self.head..self.tail];
        let line_end = self.written.units.first_line_end(data);
        self.advance(line_end.unwrap_or(data.len() - data.len() % self.written.units.size_bytes()));
        if line_end.is_some() {
            self.state = State::AtLineStart;
        }
        if self.offset >= self.end || (line_end.is_none() && self.reader_is_done) {
            return Step::Finished;
        }
        if line_end.is_some() { self.step() } else { Step::NeedMore }
    }

    fn advance(&mut self, len: usize) {
        self.head += len;
        self.offset += len as u64;
    }

    /// How much to ask for: a block, but of what lies behind the span only what its last line is likely to need, and all
    /// that is left rather than a block and a little rest.
    fn read_bytes(&self) -> usize {
        let to_end = self.end.saturating_sub(self.offset + (self.tail - self.head) as u64);
        let wanted = usize::try_from(to_end).unwrap_or(usize::MAX);
        let (wanted, block) =
            (wanted.saturating_add(self.limits.lookahead_bytes + LIKELY_LINE_BYTES), self.limits.block_bytes.max(1));
        if wanted <= block + block / 4 { wanted } else { block }
    }

    fn forget_unfinished_line(&mut self) {
        let data = &self.buffer[self.head..self.tail];
        self.tail = self.head + self.written.units.last_line_end(data).unwrap_or(0);
    }

    /// Reads once, behind the data that are there, making room first.
    fn fill(&mut self) -> io::Result<()> {
        let kept = self.head.min(self.kept_bytes);
        let unneeded = self.head - kept;
        self.buffer.copy_within(unneeded..self.tail, 0);
        self.tail -= unneeded;
        self.head = kept;
        let full = kept + self.limits.line_bytes + self.limits.lookahead_bytes + 1;
        // Room for a block behind what is left over: a short rest of a line does not make the next read a short one.
        let size = (self.tail + self.read_bytes()).min(full);
        if self.buffer.len() < size {
            if self.buffer.capacity() < size {
                // Room as well for what is kept of this block and for a longer last one: growing copies.
                let room = (size + size / 4 + self.kept_bytes + LIKELY_LINE_BYTES).min(full);
                self.buffer.reserve_exact(room - self.buffer.len());
            }
            self.buffer.resize(size, 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.tail..size]) {
                Ok(0) => self.reader_is_done = true,
                Ok(len) => self.tail += len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.reader_is_done = true;
                    if Loss::of(&error).is_none_or(|loss| loss.kind != Kind::TrailingBytes) {
                        // Nor has it an end that could be looked at.
                        self.kept_bytes = 0;
                        self.forget_unfinished_line();
                    }
                    return Err(error);
                }
            }
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
