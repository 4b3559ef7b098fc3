//! A buffered reader with lookahead that never returns an error.
//!
//! If the underlying reader fails, the input ends, as if its data had ended. The input keeps the error, and the code that reaches
//! the end can get it with [`Input::failure`]. So decoders need not pass on the errors of their input.

use std::any::Any;
use std::io::{self, Read};
use std::sync::Arc;

use super::file::{DiskFile, FileSpan};

/// The number of bytes that are read at once.
const BUFFER_BYTES: usize = 64 << 10;

/// A stream of bytes with lookahead. Reading from it never returns an error. See [`Input::failure`].
pub(crate) struct Input {
    reader: Reader,
    buffer: Vec<u8>,
    head: usize,
    tail: usize,
    end: End,
    /// The number of bytes that have been consumed.
    position: u64,
    /// Whether more bytes were requested than there are.
    was_short: bool,
}

/// The source of the bytes of an [`Input`].
enum Reader {
    Stream(Box<dyn Read + Send>),
    /// The bytes `position..end` of a file, which can be skipped without being read.
    File {
        file: Arc<DiskFile>,
        position: u64,
        end: u64,
    },
    Part(Box<dyn Part>),
}

/// A reader that owns another input and reads a part of it. After reading, [`Input::into_part`] returns this reader, and so gives
/// back that input.
pub(crate) trait Part: Read + Send {
    /// Converts the box so that it can be downcast to its type.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

/// Whether the end of an [`Input`] has been reached.
enum End {
    NotReached,
    Reached,
    /// The input has ended because the underlying reader failed.
    Failed(io::Error),
}

impl Default for Input {
    /// Returns an empty input.
    fn default() -> Input {
        Input { end: End::Reached, ..Input::new(Box::new(io::empty())) }
    }
}

impl Input {
    /// Creates an input that reads from any reader.
    pub(crate) fn new(reader: Box<dyn Read + Send>) -> Input {
        Input::over(Reader::Stream(reader))
    }

    /// Creates an input that reads the bytes `start..end` of a file. If the file ends before `end`, the input fails.
    pub(crate) fn of_file(file: Arc<DiskFile>, start: u64, end: u64) -> Input {
        Input::over(Reader::File { file, position: start, end })
    }

    /// Creates an input that reads from a part of another input.
    pub(crate) fn of_part(part: Box<dyn Part>) -> Input {
        Input::over(Reader::Part(part))
    }

    fn over(reader: Reader) -> Input {
        Input { reader, buffer: Vec::new(), head: 0, tail: 0, end: End::NotReached, position: 0, was_short: false }
    }

    /// Returns the part that was given to [`Input::of_part`], or `None` if it has another type. Bytes that were buffered but
    /// not consumed are lost.
    pub(crate) fn into_part<P: Part + 'static>(self) -> Option<Box<P>> {
        let Reader::Part(part) = self.reader else { return None };
        part.into_any().downcast().ok()
    }

    /// Returns the number of bytes that have been consumed.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Creates an input without any bytes that fails with `reason`.
    pub(crate) fn failed(reason: io::Error) -> Input {
        Input { end: End::Failed(reason), ..Input::default() }
    }

    /// Returns a reader of the remaining bytes that returns the failure as an error, like other readers.
    pub(crate) fn into_reader(self) -> InputReader {
        InputReader(self)
    }

    /// Returns a second input that reads the same remaining bytes independently. Returns `None` unless they are in a file.
    pub(crate) fn again(&self) -> Option<Input> {
        let Reader::File { file, position, end } = &self.reader else { return None };
        let ahead = (self.tail - self.head) as u64;
        Some(Input::of_file(Arc::clone(file), position.saturating_sub(ahead), *end))
    }

    /// The greatest lookahead in bytes.
    pub(crate) const PEEK_LIMIT: usize = BUFFER_BYTES;

    /// Returns the next `len` bytes without consuming them, or fewer at the end. `len` is at most [`Input::PEEK_LIMIT`].
    pub(crate) fn peek(&mut self, len: usize) -> &[u8] {
        while self.tail - self.head < len && matches!(self.end, End::NotReached) {
            self.buffer.copy_within(self.head..self.tail, 0);
            self.tail -= self.head;
            self.head = 0;
            self.buffer.resize(BUFFER_BYTES, 0);
            self.tail += read_once(&mut self.reader, &mut self.buffer[self.tail..], &mut self.end);
        }
        &self.buffer[self.head..self.tail.min(self.head + len)]
    }

    /// Returns the bytes in the buffer, which is filled first if it is empty. Returns an empty slice only at the end.
    pub(crate) fn available(&mut self) -> &[u8] {
        self.was_short |= self.peek(1).is_empty();
        &self.buffer[self.head..self.tail]
    }

    /// Consumes `len` bytes, or all bytes in the buffer if there are fewer.
    pub(crate) fn consume(&mut self, len: usize) {
        let len = len.min(self.tail - self.head);
        self.head += len;
        self.position += len as u64;
    }

    /// Returns and consumes the next byte. Returns `None` at the end.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let byte = self.available().first().copied();
        self.consume(1);
        byte
    }

    /// Returns and consumes the next `N` bytes. If there are fewer, consumes these and returns `None`.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Some(bytes)
    }

    /// Returns and consumes the next `len` bytes. If there are fewer, consumes these and returns `None`. Memory is allocated as the
    /// bytes are read, so a wrong `len` from a damaged file takes no memory.
    pub(crate) fn exactly(&mut self, len: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.by_ref().take(len).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 == len).then_some(bytes)
    }

    /// Consumes up to `len` bytes and returns their number. Bytes of a file are skipped without being read.
    pub(crate) fn skip(&mut self, len: u64) -> u64 {
        let mut skipped = 0;
        while skipped < len {
            if self.head == self.tail {
                let passed = self.reader.pass_over(len - skipped);
                self.position += passed;
                skipped += passed;
            }
            let step = (self.available().len() as u64).min(len - skipped);
            if step == 0 {
                break;
            }
            self.consume(usize::try_from(step).unwrap_or(usize::MAX));
            skipped += step;
        }
        skipped
    }

    /// Returns the error of the underlying reader, if it ended the input. Only the first call returns it.
    pub(crate) fn failure(&mut self) -> Option<io::Error> {
        match std::mem::replace(&mut self.end, End::Reached) {
            End::Failed(error) => Some(error),
            end => {
                self.end = end;
                None
            }
        }
    }

    /// Whether more bytes were requested than there are. Lookahead with [`Input::peek`] does not count as a request.
    pub(crate) fn was_short(&self) -> bool {
        self.was_short
    }
}

impl Reader {
    /// Skips bytes of a file, fewer than `len`, and returns their number. The last byte is not skipped, because reading it shows
    /// whether the file has become shorter.
    fn pass_over(&mut self, len: u64) -> u64 {
        let Reader::File { position, end, .. } = self else { return 0 };
        let step = len.min(end.saturating_sub(*position)).saturating_sub(1);
        *position += step;
        step
    }
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Reader::Stream(reader) => reader.read(out),
            Reader::File { file, position, end } => {
                let len = FileSpan::new(file, *position, *end).read(out)?;
                *position += len as u64;
                Ok(len)
            }
            Reader::Part(part) => part.read(out),
        }
    }
}

/// A reader of an [`Input`] that returns its failure as an error.
pub(crate) struct InputReader(Input);

impl Read for InputReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        match self.0.read(out)? {
            0 => self.0.failure().map_or(Ok(0), Err),
            len => Ok(len),
        }
    }
}

impl Read for Input {
    /// Reads into `out`. Returns `Ok(0)` at the end and also if the underlying reader fails. See [`Input::failure`]. A large `out` is
    /// filled directly and not through the buffer.
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.head == self.tail && out.len() >= BUFFER_BYTES && matches!(self.end, End::NotReached) {
            let len = read_once(&mut self.reader, out, &mut self.end);
            self.position += len as u64;
            self.was_short |= len == 0;
            return Ok(len);
        }
        let len = self.available().read(out)?;
        self.consume(len);
        Ok(len)
    }
}

/// Reads once from `reader` and returns the number of bytes. If that is 0, `end` is set to the reason.
fn read_once(reader: &mut impl Read, target: &mut [u8], end: &mut End) -> usize {
    loop {
        match reader.read(target) {
            Ok(0) => *end = End::Reached,
            Ok(len) => return len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => *end = End::Failed(error),
        }
        return 0;
    }
}
