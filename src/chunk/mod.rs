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
//! * All text of a chunk is in one encoding. A change of the encoding starts a new chunk, and counts as the start of a line.
//! * The owned part of a chunk is followed by a lookahead of at least [`Limits::lookahead_bytes`], or by the rest of the source
//!   in this encoding if that is shorter.
//! * A reader needs one buffer of at most `line_bytes + lookahead_bytes`, and a few bytes to check the end of the source. In
//!   UTF-16, these are numbers of code units, and there is a second buffer for the decoded text.
//!
//! The same type reads ranges and streams: a range is a stream that starts within a file and ends with the last line that it
//! owns. This module opens nothing, unlike [`source`](crate::source), and knows no patterns, unlike [`scan`](crate::scan).

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use crate::problem::{Kind, Loss};
use crate::units::{AHEAD_BYTES, Change, Units, Written};
use crate::unpack::{self, TRAILER_BYTES};

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
    /// The size in the source of each byte of the owned lines, if it is the same for all.
    scale: Option<u64>,
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
    /// The chunk is the beginning of a line in UTF-16 that a stray byte divides. It is not searched.
    AtStrayByte,
}

impl<'b> Chunk<'b> {
    /// Creates a chunk that contains a whole source.
    #[must_use]
    pub fn whole(bytes: &'b [u8]) -> Chunk<'b> {
        let owned = bytes.len();
        let (source_bytes, written) = (owned as u64, Written::default());
        Chunk { bytes, owned, offset: 0, source_bytes, scale: Some(1), written, cut: Cut::AtLineEnd }
    }

    /// Returns the lines that the chunk owns.
    #[must_use]
    pub fn owned(&self) -> &'b [u8] {
        &self.bytes[..self.owned]
    }

    /// Returns the size in the source of each byte of the owned lines, if it is the same for all, as in UTF-16 with ASCII alone.
    #[must_use]
    pub fn scale(&self) -> Option<u64> {
        self.scale
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

    /// Returns the offset at which reading has to start if the encoding does not change: one unit before `start`, which shows whether
    /// a line starts at `start`.
    #[must_use]
    pub fn read_from(self, units: Units) -> u64 {
        self.start.saturating_sub(units.size_bytes() as u64)
    }
}

/// A place in a source where a line starts and the encoding is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The offset of the first byte of the line in the source.
    pub offset: u64,
    /// The units of the line.
    pub units: Units,
    /// Whether the source starts there, or text in another encoding, before which there may be a byte order mark.
    pub is_part_start: bool,
    /// The change of the encoding there, if there is one.
    pub change: Option<Changed>,
}

impl Start {
    /// Returns the start of a source that begins in these units.
    #[must_use]
    pub fn of_source(units: Units) -> Start {
        Start { offset: 0, units, is_part_start: true, change: None }
    }
}

/// The places where the encoding of a source changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// How many there are.
    pub count: u64,
    /// The first few of them.
    pub first: Vec<Changed>,
}

/// A place where the encoding of a source changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The offset of the first byte in the new encoding.
    pub offset: u64,
    /// The units of the text from there on.
    pub units: Units,
    /// Whether a stray byte before that place divides a line.
    pub is_after_stray_byte: bool,
}

impl Changes {
    /// How many places are kept.
    const PLACES: usize = 3;

    /// Adds the changes in a later part of the source.
    pub fn merge(&mut self, later: Changes) {
        self.count += later.count;
        let room = Changes::PLACES.saturating_sub(self.first.len());
        self.first.extend(later.first.into_iter().take(room));
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
    /// The limits in code units, and in bytes of the current encoding.
    given_limits: Limits,
    limits: Limits,
    /// The units at the start of the source.
    first: Units,
    /// The encoding at `head`.
    written: Written,
    /// Where the encoding changes, if this reader follows changes.
    changing: Option<Changing>,
    buffer: Vec<u8>,
    /// The decoded text of the last chunk, if the source is UTF-16.
    decoded: Vec<u8>,
    /// The start of the data in the buffer that has not been returned. At least the last `kept_bytes` bytes before it, or two, stay
    /// in the buffer.
    head: usize,
    /// The end of the data that has been read into the buffer.
    tail: usize,
    /// The number of bytes at the end of the source that are checked, or 0 if the end is not checked.
    kept_bytes: usize,
    /// A report of unread data if the source begins with the byte order mark of other units. `None` after it has been returned.
    contradicted: Option<Loss>,
    /// The offset of `buffer[head]` in the source.
    offset: u64,
    /// The offset where the range to read starts. Lines that start before it are not returned.
    start: u64,
    /// The end of the range to read, as an offset in the source.
    end: u64,
    /// The offset after the last place where the encoding changed, or of the start of the source.
    part_start: u64,
    /// Where in a line the next data to return is.
    state: State,
    /// Whether the current line starts before the range to read.
    is_foreign: bool,
    reader_is_done: bool,
    /// Whether reading failed, so that the last line is incomplete.
    is_torn: bool,
}

/// What a reader knows about the changes of the encoding.
#[derive(Debug, Default)]
struct Changing {
    /// The number of bytes from `head` on that were checked for signs of a change.
    checked: usize,
    /// The number of bytes from `head` on up to the last such sign, or 0 if there is none.
    doubtful: usize,
    /// The next change, with its position from `head` on.
    next: Option<Change>,
    /// The last change, also if it is not in the range.
    last: Option<Changed>,
    /// The changes in the range so far.
    found: Changes,
}

impl Changing {
    /// Adds a change in the range, if there is one.
    fn add(&mut self, change: Option<Changed>) {
        self.found.merge(Changes { count: u64::from(change.is_some()), first: change.into_iter().collect() });
    }
}

/// Where in a line the next data to return is, which starts at [`Chunks::head`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The data starts within a line that the previous range owns, and the encoding does not change.
    InForeignLine,
    /// The data starts at the first byte of a line.
    AtLineStart,
    /// The data starts within a line, after a piece of it that has been returned or skipped.
    InLine,
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

/// The place of a chunk in the buffer and in the source.
#[derive(Clone, Copy)]
struct Place {
    /// The position of the chunk in the buffer.
    start: usize,
    /// The length of the owned lines.
    len: usize,
    /// The position after the last byte in this encoding.
    end: usize,
    /// The offset of the chunk in the source.
    offset: u64,
    units: Units,
    /// Whether the chunk starts the source, or follows a change of the encoding.
    is_part_start: bool,
}

impl<R: Read> Chunks<R> {
    /// Creates a reader of the lines that `span` owns. `reader` must start at the offset [`Span::read_from`]. `buffer` is working
    /// memory with any contents; [`Chunks::into_buffer`] returns it. In UTF-16, the span must start and end between units.
    pub fn new(reader: R, span: Span, limits: Limits, written: impl Into<Written>, buffer: Vec<u8>) -> Chunks<R> {
        let written @ Written { units, .. } = written.into();
        let state = if span.start == 0 { State::AtLineStart } else { State::InForeignLine };
        Chunks {
            reader,
            given_limits: limits,
            limits: limits.of(units),
            first: units,
            written,
            changing: None,
            buffer,
            decoded: Vec::new(),
            head: 0,
            tail: 0,
            kept_bytes: 0,
            contradicted: None,
            offset: span.read_from(units),
            start: 0,
            end: span.end,
            part_start: 0,
            state,
            is_foreign: false,
            reader_is_done: false,
            is_torn: false,
        }
    }

    /// Creates a reader of the lines that `span` owns in a source whose encoding may change. `reader` must start at `start`, which
    /// must not be after the start of the span. `written` is the encoding at the start of the source.
    pub fn changing(
        reader: R,
        start: Start,
        span: Span,
        limits: Limits,
        written: impl Into<Written>,
        buffer: Vec<u8>,
    ) -> Chunks<R> {
        let written = written.into();
        let mut changing = Changing { last: start.change, ..Changing::default() };
        changing.add(start.change.filter(|change| (span.start..span.end).contains(&change.offset)));
        Chunks {
            limits: limits.of(start.units),
            written: Written { units: start.units, ..written },
            changing: Some(changing),
            offset: start.offset,
            start: span.start,
            part_start: if start.is_part_start { start.offset } else { u64::MAX },
            state: State::AtLineStart,
            ..Chunks::new(reader, span, limits, written, buffer)
        }
    }

    /// Also checks whether the source ends like an archive or a disk image. If so, an error follows the last chunk. The span must
    /// extend to the end of the source and should include its last 512 bytes.
    #[must_use]
    pub fn checking_the_end(self) -> Chunks<R> {
        Chunks { kept_bytes: TRAILER_BYTES, ..self }
    }

    /// Reads without returning anything, and returns the first line that starts at `offset` or later. Later calls need later offsets.
    ///
    /// # Errors
    ///
    /// Fails if the reader fails.
    pub fn first_line_from(&mut self, offset: u64) -> io::Result<Start> {
        (self.start, self.end) = (u64::MAX, offset);
        while self.next_chunk()?.is_some() {}
        let (offset, units, is_part_start) = (self.offset, self.written.units, self.offset == self.part_start);
        let last = self.changing.as_ref().and_then(|changing| changing.last);
        Ok(Start { offset, units, is_part_start, change: last.filter(|change| change.offset == offset) })
    }

    /// Returns the changes of the encoding in the range that were found so far.
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.changing.as_ref().map(|changing| changing.found.clone()).unwrap_or_default()
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
    /// Fails if the reader fails, if UTF-16 ends within a unit, or if the source ends like an archive. All complete lines that
    /// were read are returned, by earlier calls or by the next ones. An incomplete line is not returned, because half of a number
    /// is a different number. Trailing bytes after compressed data ([`Kind::TrailingBytes`]) do not make a line incomplete.
    pub fn next_chunk(&mut self) -> io::Result<Option<Chunk<'_>>> {
        loop {
            let step = match self.state {
                State::InForeignLine => self.skip_foreign_line(),
                State::AtLineStart | State::InLine => self.step(),
            };
            // Of a first line that is incomplete, nothing is read that could have the wrong encoding.
            let is_read = matches!(step, Step::HandOut { .. } | Step::Broken);
            if is_read && self.offset == 0 && self.changing.is_none() {
                self.contradicted = self.written.units.contradicted(&self.buffer[self.head..self.tail]);
            }
            match step {
                Step::Finished => return self.unread().map_or(Ok(None), |loss| Err(loss.into())),
                Step::NeedMore => self.fill()?,
                Step::Broken => {
                    self.advance(self.tail - self.head);
                    return Err(self.unread().unwrap_or_else(|| self.written.units.broken()).into());
                }
                Step::HandOut { len, cut } => {
                    let (start, offset, units, limits) = (self.head, self.offset, self.written.units, self.limits);
                    if self.state == State::AtLineStart {
                        self.is_foreign = offset < self.start;
                    }
                    let (end, is_part_start) = (self.end_of_part(), offset == self.part_start);
                    self.state = match cut {
                        Cut::AtLineEnd | Cut::AtStrayByte => State::AtLineStart,
                        Cut::FirstPiece | Cut::FurtherPiece => State::InLine,
                    };
                    self.advance(len);
                    if !self.is_foreign {
                        let place = Place { start, len, end, offset, units, is_part_start };
                        return Ok(Some(self.chunk(place, limits, cut)));
                    }
                }
            }
        }
    }

    /// Returns a [`Loss`], a report of unread data, if the byte order mark contradicts the units, or if the source ends like an
    /// archive. Only the first call checks the end.
    fn unread(&mut self) -> Option<Loss> {
        if let Some(loss) = self.contradicted.take() {
            return Some(loss);
        }
        match std::mem::take(&mut self.kept_bytes) {
            0 => None,
            kept => {
                let end = &self.buffer[self.tail.saturating_sub(kept)..self.tail];
                // A source that looks like text for more than 8 KiB may still be an archive that was appended to text.
                unpack::by_trailer(end).map(unpack::Unsupported::loss)
            }
        }
    }

    /// Returns the position in the buffer where the current encoding ends, as far as that is known.
    fn end_of_part(&self) -> usize {
        let change = self.changing.as_ref().and_then(|changing| changing.next);
        change.map_or(self.tail, |change| self.head + change.at)
    }

    /// Returns the chunk that owns the bytes at `place` in the buffer.
    fn chunk(&mut self, place: Place, limits: Limits, cut: Cut) -> Chunk<'_> {
        let Place { start, len, end, offset, units, is_part_start } = place;
        let data = &self.buffer[start..end];
        // A byte order mark is not part of the first line.
        let mark = units.byte_order_mark();
        let skipped = if is_part_start && data[..len].starts_with(mark) { mark.len() } else { 0 };
        let written = Written { units, ..self.written };
        let (bytes, owned, scale) = match units {
            Units::Bytes => (&data[skipped..], len - skipped, Some(1)),
            units => {
                self.decoded.clear();
                // An odd byte at the end of a part is a stray one.
                let whole = len - len % units.size_bytes();
                units.decode(&data[skipped..whole], &mut self.decoded);
                if units == Units::Utf16Le && data[whole..len] == *b"\n" {
                    self.decoded.push(b'\n');
                }
                let owned = self.decoded.len();
                let ahead = data.len().min(len + limits.lookahead_bytes);
                units.decode(&data[len..ahead], &mut self.decoded);
                // Characters outside ASCII take more bytes in UTF-8 than they have units.
                let is_ascii = owned * units.size_bytes() == len - skipped;
                (self.decoded.as_slice(), owned, is_ascii.then_some(units.size_bytes() as u64))
            }
        };
        Chunk { bytes, owned, offset: offset + skipped as u64, source_bytes: len as u64, scale, written, cut }
    }

    /// Decides what to do with the data in the buffer.
    fn step(&mut self) -> Step {
        if self.offset >= self.end && self.state == State::AtLineStart {
            return Step::Finished;
        }
        let len = self.tail - self.head;
        if len == 0 && self.reader_is_done {
            return Step::Finished;
        }
        // The last bytes in the buffer are not returned yet, because they are the lookahead of those before them.
        let ready = if self.reader_is_done { len } else { len.saturating_sub(self.held_bytes()) };
        let ready = ready.min(self.limits.line_bytes);
        if let Some(change) = self.change_before(ready) {
            let part = &self.buffer[self.head..self.head + change.at];
            return match self.whole_lines(part) {
                Some(len) => Step::HandOut { len, cut: Cut::AtLineEnd },
                None if change.is_after_stray_byte && !self.is_half_line_end(part) => {
                    Step::HandOut { len: change.at, cut: Cut::AtStrayByte }
                }
                None => Step::HandOut { len: change.at, cut: Cut::AtLineEnd },
            };
        }
        let data = &self.buffer[self.head..self.tail];
        let ready = &data[..ready - ready % self.written.units.size_bytes()];
        if let Some(len) = self.whole_lines(ready) {
            return Step::HandOut { len, cut: Cut::AtLineEnd };
        }
        if ready.len() == self.limits.line_bytes && data.len() > ready.len() {
            let cut = if self.state == State::AtLineStart { Cut::FirstPiece } else { Cut::FurtherPiece };
            return Step::HandOut { len: ready.len(), cut };
        }
        if self.reader_is_done {
            if self.is_torn {
                return Step::Finished;
            }
            let is_whole = data.len().is_multiple_of(self.written.units.size_bytes());
            let is_broken = !is_whole && !self.is_half_line_end(data);
            return if is_broken { Step::Broken } else { Step::HandOut { len: data.len(), cut: Cut::AtLineEnd } };
        }
        Step::NeedMore
    }

    /// Whether the last byte of text in the current encoding is half of a line feed, so that nothing of the line before it is missing. So
    /// ends UTF-16BE that is read as UTF-16LE from its second byte on.
    fn is_half_line_end(&self, text: &[u8]) -> bool {
        self.written.units == Units::Utf16Le && !text.len().is_multiple_of(2) && text.ends_with(b"\n")
    }

    /// Returns the next change of the encoding in the first `ready` bytes of the data. If it is at their start, changes the encoding
    /// and looks for the next one.
    fn change_before(&mut self, ready: usize) -> Option<Change> {
        let changing = self.changing.as_mut()?;
        if changing.next.is_none() {
            let (data, units) = (&self.buffer[self.head..self.tail], self.written.units);
            let is_part_start = self.offset == self.part_start;
            let seen = data.len().min(ready + AHEAD_BYTES);
            let checked = changing.checked - changing.checked % units.size_bytes();
            if checked < seen && units.may_change(&data[checked..seen]) {
                changing.doubtful = seen;
            }
            changing.checked = changing.checked.max(seen);
            if changing.doubtful > 0 {
                changing.next = if self.written.is_binary {
                    units.next_row_change(data, ready)
                } else {
                    let before = &self.buffer[self.head.saturating_sub(2)..self.head];
                    let is_new_line = self.state == State::AtLineStart && !is_part_start;
                    let change = units.next_change(before, data, ready, is_new_line);
                    change.map(|change| in_first_order(change, self.offset, self.first))
                };
            }
        }
        let change = self.changing.as_ref()?.next?;
        if change.at > 0 {
            return Some(change);
        }
        self.change_here(change);
        self.change_before(ready)
    }

    /// Changes the encoding at `head`.
    fn change_here(&mut self, change: Change) {
        let Change { units, is_after_stray_byte, .. } = change;
        // Binary data change all the time.
        let is_reported = !self.written.is_binary && (units != self.written.units || is_after_stray_byte);
        let is_own = (self.start..self.end).contains(&self.offset);
        self.written.units = units;
        self.limits = self.given_limits.of(units);
        self.part_start = self.offset;
        self.state = State::AtLineStart;
        let Some(changing) = &mut self.changing else { return };
        (changing.checked, changing.doubtful, changing.next) = (0, 0, None);
        if is_reported {
            changing.last = Some(Changed { offset: self.offset, units, is_after_stray_byte });
            changing.add(changing.last.filter(|_| is_own));
        }
    }

    /// Returns the length of the owned lines that end within `ready`, or `None` if no line ends there.
    fn whole_lines(&self, ready: &[u8]) -> Option<usize> {
        self.all_owned(ready).or_else(|| self.written.units.last_line_end(ready))
    }

    /// Returns the length of all lines that are still owned, or `None` if the last of them does not end within `data`.
    fn all_owned(&self, data: &[u8]) -> Option<usize> {
        // The last piece of a long line may begin in the range even if the line begins before it.
        let is_foreign = self.offset < self.start || (self.state == State::InLine && self.is_foreign);
        let end = if is_foreign { self.start.min(self.end) } else { self.end };
        // The last owned line is the one that contains the unit with the byte before `end`.
        let to_end = usize::try_from(end.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let last_owned = to_end.saturating_sub(1);
        let last_owned = last_owned - last_owned % self.written.units.size_bytes();
        let len = data.get(last_owned..).and_then(|rest| self.written.units.first_line_end(rest))?;
        Some(last_owned + len)
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

    /// Marks the next `len` bytes of the buffer as returned, and changes the encoding if it changes after them.
    fn advance(&mut self, len: usize) {
        self.head += len;
        self.offset += len as u64;
        let Some(changing) = &mut self.changing else { return };
        changing.checked = changing.checked.saturating_sub(len);
        changing.doubtful = changing.doubtful.saturating_sub(len);
        if let Some(change) = &mut changing.next {
            change.at = change.at.saturating_sub(len);
            let change = *change;
            if change.at == 0 {
                self.change_here(change);
            }
        }
    }

    /// Returns the number of bytes at the end of the buffer that are not returned before more is read.
    fn held_bytes(&self) -> usize {
        let decides = if self.changing.is_some() { AHEAD_BYTES } else { 0 };
        self.limits.lookahead_bytes.max(decides)
    }

    /// Returns the number of bytes for the next read. This is usually a block. Near the end of the span, it is everything that is
    /// left, including the likely rest of the last line, if that is not much more than a block.
    fn read_bytes(&self) -> usize {
        let to_end = self.end.saturating_sub(self.offset + (self.tail - self.head) as u64);
        let wanted = usize::try_from(to_end).unwrap_or(usize::MAX);
        let (wanted, block) =
            (wanted.saturating_add(self.held_bytes() + LIKELY_LINE_BYTES), self.limits.block_bytes.max(1));
        if wanted <= block + block / 4 { wanted } else { block }
    }

    /// Makes room in the buffer and reads once.
    fn fill(&mut self) -> io::Result<()> {
        let kept = self.head.min(self.kept_bytes.max(if self.changing.is_some() { 2 } else { 0 }));
        let unneeded = self.head - kept;
        self.buffer.copy_within(unneeded..self.tail, 0);
        self.tail -= unneeded;
        self.head = kept;
        let full = kept + self.limits.line_bytes + self.held_bytes() + 1;
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
                        self.is_torn = true;
                    }
                    // If all owned lines have been read, the error is in the lookahead, and the next range reports it.
                    if self.all_owned(&self.buffer[self.head..self.tail]).is_some() {
                        return Ok(());
                    }
                    return Err(error);
                }
            }
            return Ok(());
        }
    }
}

/// Replaces a change to UTF-16 that could be read in the byte order of the source just as well, because its bytes are paired in the
/// same way as at the start. Without this, the encoding of a range would depend on all text before it. `offset` is that of the data,
/// and `first` are the units at the start of the source.
fn in_first_order(change: Change, offset: u64, first: Units) -> Change {
    let is_odd = !(offset + change.at as u64).is_multiple_of(2);
    let is_same = first == Units::Utf16Le && change.units == Units::Utf16Be && is_odd;
    if is_same { Change { at: change.at + 1, units: first, ..change } } else { change }
}

#[cfg(test)]
mod tests;
