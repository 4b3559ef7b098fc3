//! Divides ranges of files and streams into chunks, which are blocks of whole lines.
//!
//! Invariants:
//!
//! * A range owns exactly the lines whose first byte is in it. For any ranges and any block size, the owned parts of all chunks
//!   together are the source.
//! * A chunk contains no line longer than [`Limits::line_bytes`], including its line end. A longer line is cut into pieces of
//!   exactly that size, counted from the first byte of the line, so the cuts do not depend on the blocks.
//! * The contents of a chunk can be searched as bytes. UTF-16 is decoded after it has been cut, so the owner of a line does not
//!   depend on the encoding. Limits count code units, so text is cut at the same characters in UTF-8 and in UTF-16.
//! * The owned part of a chunk is followed by a lookahead of at least [`Limits::lookahead_bytes`], or by the rest of the source
//!   if that is shorter.
//! * A reader needs one buffer of at most `line_bytes + lookahead_bytes`, and a few bytes to check the end of the source. In
//!   UTF-16, these are numbers of code units, and there is a second buffer for the decoded text.
//!
//! The same type reads ranges and streams: a range is a stream that starts within a file and ends with the last line that it
//! owns. This module opens nothing, unlike [`source`](crate::source), and knows no patterns, unlike [`scan`](crate::scan).

use std::io::{self, Read};

use crate::problem::{Kind, Loss};
use crate::units::{END_BYTES, Units, Written};
use crate::unpack;

/// A length that most lines do not exceed, in bytes.
const LIKELY_LINE_BYTES: usize = 4 << 10;

/// The sizes of chunks in bytes. The defaults suit every input. Tests use tiny sizes to cover every boundary.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The size of one read. The default fits into the second-level cache, so that searching does not wait for memory.
    pub block_bytes: usize,
    /// The length of the longest line that is searched as a whole. Longer lines are searched in pieces.
    pub line_bytes: usize,
    /// The number of bytes after a line into which a match of a multi-line pattern may extend.
    pub lookahead_bytes: usize,
}

impl Limits {
    /// Converts limits in code units to limits in bytes. In UTF-16, the lookahead gets an additional unit, because its last unit
    /// may be half of a character.
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

/// A block of whole lines, or a piece of a line that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'b> {
    /// The lines that the chunk owns, and the lookahead after them.
    bytes: &'b [u8],
    /// The length of the owned lines in `bytes`.
    owned: usize,
    /// The offset of the chunk's first byte in the source.
    pub offset: u64,
    /// The length of the owned lines in the source, in bytes. In UTF-16, it differs from the length of the decoded text.
    pub source_bytes: u64,
    /// The code units of the source, and the form of its times.
    pub written: Written,
    /// Whether the chunk ends within a line that is too long.
    pub cut: Cut,
}

/// Whether a chunk ends with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The chunk ends with a line, or with the source.
    AtLineEnd,
    /// The chunk is the first piece of a line that is too long.
    FirstPiece,
    /// The chunk is a further piece of a line that is too long, but not the last one.
    FurtherPiece,
}

impl<'b> Chunk<'b> {
    /// Creates a chunk that contains a whole source.
    #[must_use]
    pub fn whole(bytes: &'b [u8]) -> Chunk<'b> {
        let owned = bytes.len();
        Chunk { bytes, owned, offset: 0, source_bytes: owned as u64, written: Written::default(), cut: Cut::AtLineEnd }
    }

    /// Returns the lines that the chunk owns.
    #[must_use]
    pub fn owned(&self) -> &'b [u8] {
        &self.bytes[..self.owned]
    }

    /// Returns the lines that the chunk owns, and the lookahead after them.
    #[must_use]
    pub fn with_lookahead(&self) -> &'b [u8] {
        self.bytes
    }
}

/// A chunk that owns its memory. It can be passed from the thread that reads a stream to one that scans it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedChunk {
    bytes: Vec<u8>,
    /// All other fields of the chunk, with no bytes.
    rest: Chunk<'static>,
}

impl OwnedChunk {
    /// Returns the chunk, which borrows this memory.
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

/// A range of a source. It owns the lines whose first byte is in `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The offset of the first byte of the range.
    pub start: u64,
    /// The offset after the last byte of the range.
    pub end: u64,
}

impl Span {
    /// The range of a whole source of any length.
    pub const ALL: Span = Span { start: 0, end: u64::MAX };

    /// Returns the offset at which reading has to start: one unit before `start`, which shows whether a line starts at `start`.
    #[must_use]
    pub fn read_from(self, units: Units) -> u64 {
        self.start.saturating_sub(units.size_bytes() as u64)
    }
}

/// Divides the output of a reader into chunks.
///
/// # Examples
///
/// ```
/// use callcodes::chunk::{Chunks, Limits, Span};
/// use callcodes::units::Units;
///
/// let limits = Limits { block_bytes: 8, ..Limits::default() };
/// let mut chunks = Chunks::new(&b"first\nsecond\nthird"[..], Span::ALL, limits, Units::Bytes, Vec::new());
/// let mut lines = Vec::new();
/// while let Some(chunk) = chunks.next_chunk()? {
///     lines.extend(chunk.owned().split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec));
/// }
/// assert_eq!(lines, [&b"first"[..], b"second", b"third"]);
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Chunks<R> {
    reader: R,
    limits: Limits,
    written: Written,
    buffer: Vec<u8>,
    /// The decoded text of the last chunk, if the source is UTF-16.
    decoded: Vec<u8>,
    /// The start of the data in the buffer that has not been returned. At least the last `kept_bytes` bytes before it stay in the
    /// buffer.
    head: usize,
    /// The end of the data that has been read into the buffer.
    tail: usize,
    /// The number of bytes at the end of the source that are checked, or 0 if the end is not checked.
    kept_bytes: usize,
    /// A report of unread data if the source begins with the byte order mark of other units. `None` after it has been returned.
    contradicted: Option<Loss>,
    /// The offset of `buffer[head]` in the source.
    offset: u64,
    /// The end of the range to read, as an offset in the source.
    end: u64,
    /// Where in a line the next data to return is.
    state: State,
    reader_is_done: bool,
}

/// Where in a line the next data to return is, which starts at [`Chunks::head`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The data starts within a line that the previous range owns.
    InForeignLine,
    /// The data starts at the first byte of a line.
    AtLineStart,
    /// The data starts within an owned line, after a piece of it that has been returned.
    InOwnLine,
}

/// What to do next with the data in the buffer.
enum Step {
    /// Return the first `len` bytes of the data as a chunk.
    HandOut { len: usize, cut: Cut },
    /// Read more data, because no line ends in the buffer.
    NeedMore,
    /// Return an error, because the source ends within a unit.
    Broken,
    /// Return nothing, because all owned lines have been returned.
    Finished,
}

impl<R: Read> Chunks<R> {
    /// Creates a reader of the lines that `span` owns. `reader` must start at the offset [`Span::read_from`]. `buffer` is working
    /// memory with any contents; [`Chunks::into_buffer`] returns it. In UTF-16, the span must start and end between units.
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
            contradicted: None,
            offset: span.read_from(units),
            end: span.end,
            state,
            reader_is_done: false,
        }
    }

    /// Also checks whether the source ends in other units than it begins, or like an archive or a disk image. If so, an error
    /// follows the last chunk. The span must extend to the end of the source and should include its last 4 KiB.
    #[must_use]
    pub fn checking_the_end(self) -> Chunks<R> {
        Chunks { kept_bytes: END_BYTES, ..self }
    }

    /// Returns the reader.
    #[must_use]
    pub fn reader(&self) -> &R {
        &self.reader
    }

    /// Returns the working memory, so that another reader can use it.
    #[must_use]
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Returns the next chunk, or `None` after the last one.
    ///
    /// # Errors
    ///
    /// Fails if the reader fails, if UTF-16 ends within a unit, or if the source ends in other units. All complete lines that
    /// were read are returned, by earlier calls or by the next ones. An incomplete line is not returned, because half of a number
    /// is a different number. Trailing bytes after compressed data ([`Kind::TrailingBytes`]) and an end in other units do not
    /// make a line incomplete.
    pub fn next_chunk(&mut self) -> io::Result<Option<Chunk<'_>>> {
        loop {
            let step = match self.state {
                State::InForeignLine => self.skip_foreign_line(),
                State::AtLineStart | State::InOwnLine => self.step(),
            };
            if self.offset == 0 && !matches!(step, Step::NeedMore) {
                self.contradicted = self.written.units.contradicted(&self.buffer[self.head..self.tail]);
            }
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

    /// Returns a [`Loss`], a report of unread data, if the byte order mark contradicts the units, or if the source ends in other
    /// units than it begins. Only the first call checks the end.
    fn mixed(&mut self) -> Option<Loss> {
        if let Some(loss) = self.contradicted.take() {
            return Some(loss);
        }
        match std::mem::take(&mut self.kept_bytes) {
            0 => None,
            kept => {
                let end = &self.buffer[self.tail.saturating_sub(kept)..self.tail];
                // A source that looks like text for more than 8 KiB may still be an archive that was appended to text.
                if let Some(packed) = unpack::by_trailer(&end[end.len().saturating_sub(unpack::TRAILER_BYTES)..]) {
                    return Some(packed.loss());
                }
                self.written.units.mixed(end, self.offset + (self.tail - self.head) as u64)
            }
        }
    }

    /// Returns the chunk that owns the `len` bytes at `start` in the buffer. They are at `offset` in the source.
    fn chunk(&mut self, start: usize, len: usize, offset: u64, cut: Cut) -> Chunk<'_> {
        let data = &self.buffer[start..self.tail];
        // A byte order mark is not part of the first line.
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

    /// Decides what to do with the data in the buffer.
    fn step(&self) -> Step {
        let data = &self.buffer[self.head..self.tail];
        if self.offset >= self.end && self.state == State::AtLineStart {
            return Step::Finished;
        }
        if data.is_empty() && self.reader_is_done {
            return Step::Finished;
        }
        // The last bytes in the buffer are not returned yet, because they are the lookahead of those before them.
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

    /// Returns the length of the owned lines that end within `ready`, or `None` if no line ends there.
    fn whole_lines(&self, ready: &[u8]) -> Option<usize> {
        // The last owned line is the one that contains the unit before `end`.
        let to_end = usize::try_from(self.end.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let last_owned = to_end.saturating_sub(self.written.units.size_bytes());
        if let Some(len) = ready.get(last_owned..).and_then(|rest| self.written.units.first_line_end(rest)) {
            return Some(last_owned + len);
        }
        self.written.units.last_line_end(ready)
    }

    /// Skips the line that the previous range owns, and decides what to do next.
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

    /// Marks the next `len` bytes of the buffer as returned.
    fn advance(&mut self, len: usize) {
        self.head += len;
        self.offset += len as u64;
    }

    /// Returns the number of bytes for the next read. This is usually a block. Near the end of the span, it is everything that is
    /// left, including the likely rest of the last line, if that is not much more than a block.
    fn read_bytes(&self) -> usize {
        let to_end = self.end.saturating_sub(self.offset + (self.tail - self.head) as u64);
        let wanted = usize::try_from(to_end).unwrap_or(usize::MAX);
        let (wanted, block) =
            (wanted.saturating_add(self.limits.lookahead_bytes + LIKELY_LINE_BYTES), self.limits.block_bytes.max(1));
        if wanted <= block + block / 4 { wanted } else { block }
    }

    /// Drops an incomplete line at the end of the buffer, after a read error.
    fn forget_unfinished_line(&mut self) {
        let data = &self.buffer[self.head..self.tail];
        self.tail = self.head + self.written.units.last_line_end(data).unwrap_or(0);
    }

    /// Makes room in the buffer and reads once.
    fn fill(&mut self) -> io::Result<()> {
        let kept = self.head.min(self.kept_bytes);
        let unneeded = self.head - kept;
        self.buffer.copy_within(unneeded..self.tail, 0);
        self.tail -= unneeded;
        self.head = kept;
        let full = kept + self.limits.line_bytes + self.limits.lookahead_bytes + 1;
        // There is room for a whole block after the data, so that an incomplete line in the buffer does not make the read
        // smaller.
        let size = (self.tail + self.read_bytes()).min(full);
        if self.buffer.len() < size {
            if self.buffer.capacity() < size {
                // Also reserves room for the kept bytes and a longer last line, because growing the buffer again would copy
                // everything.
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
                        // The end of the source cannot be read, so it cannot be checked.
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
