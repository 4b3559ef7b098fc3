//! A buffered reader that can be looked ahead in, and that never fails: an error is an end with a reason, kept for
//! whoever meets the end. Decoders then need not carry the errors of what they read from through their own.

use std::any::Any;
use std::io::{self, Read};
use std::sync::Arc;

use super::file::{DiskFile, FileSpan};

/// What is read at once, in bytes.
const BUFFER_BYTES: usize = 64 << 10;

pub(crate) struct Input {
    reader: Reader,
    buffer: Vec<u8>,
    head: usize,
    tail: usize,
    end: End,
    /// How many bytes were taken.
    position: u64,
    /// Whether somebody asked for bytes after the end.
    was_short: bool,
}

enum Reader {
    Stream(Box<dyn Read + Send>),
    /// The bytes `position..end` of a file, which are passed over without being read.
    File {
        file: Arc<DiskFile>,
        position: u64,
        end: u64,
    },
    Part(Box<dyn Part>),
}

/// Something that reads from an input which it gives back when it has been read.
pub(crate) trait Part: Read + Send {
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

enum End {
    NotMet,
    Met,
    Failed(io::Error),
}

impl Default for Input {
    /// An input that is at its end.
    fn default() -> Input {
        Input { end: End::Met, ..Input::new(Box::new(io::empty())) }
    }
}

impl Input {
    pub(crate) fn new(reader: Box<dyn Read + Send>) -> Input {
        Input::over(Reader::Stream(reader))
    }

    /// The bytes `start..end` of a file; fewer if it ends before.
    pub(crate) fn of_file(file: Arc<DiskFile>, start: u64, end: u64) -> Input {
        Input::over(Reader::File { file, position: start, end })
    }

    /// What `part` makes of the input that it holds.
    pub(crate) fn of_part(part: Box<dyn Part>) -> Input {
        Input::over(Reader::Part(part))
    }

    fn over(reader: Reader) -> Input {
        Input { reader, buffer: Vec::new(), head: 0, tail: 0, end: End::NotMet, position: 0, was_short: false }
    }

    /// The part that it was made of, if it was of this type. What was looked ahead is lost.
    pub(crate) fn into_part<P: Part + 'static>(self) -> Option<Box<P>> {
        let Reader::Part(part) = self.reader else { return None };
        part.into_any().downcast().ok()
    }

    /// How many bytes were taken so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// An input that has nothing but the reason why.
    pub(crate) fn failed(reason: io::Error) -> Input {
        Input { end: End::Failed(reason), ..Input::default() }
    }

    /// A reader of what is left, which fails where this fails.
    pub(crate) fn into_reader(self) -> InputReader {
        InputReader(self)
    }

    /// What can be read once more, from where this is now; `None` unless it is in a file.
    pub(crate) fn again(&self) -> Option<Input> {
        let Reader::File { file, position, end } = &self.reader else { return None };
        let ahead = (self.tail - self.head) as u64;
        Some(Input::of_file(Arc::clone(file), position.saturating_sub(ahead), *end))
    }

    /// How much can be looked ahead, in bytes.
    pub(crate) const PEEK_LIMIT: usize = BUFFER_BYTES;

    /// The next `len` bytes, without taking them; fewer only at the end. `len` is at most [`Input::PEEK_LIMIT`].
    pub(crate) fn peek(&mut self, len: usize) -> &[u8] {
        while self.tail - self.head < len && matches!(self.end, End::NotMet) {
            self.buffer.copy_within(self.head..self.tail, 0);
            self.tail -= self.head;
            self.head = 0;
            self.buffer.resize(BUFFER_BYTES, 0);
            self.tail += read_once(&mut self.reader, &mut self.buffer[self.tail..], &mut self.end);
        }
        &self.buffer[self.head..self.tail.min(self.head + len)]
    }

    /// The bytes that can be had at once: at least one unless this is the end.
    pub(crate) fn available(&mut self) -> &[u8] {
        self.was_short |= self.peek(1).is_empty();
        &self.buffer[self.head..self.tail]
    }

    /// Takes `len` of the available bytes.
    pub(crate) fn consume(&mut self, len: usize) {
        let len = len.min(self.tail - self.head);
        self.head += len;
        self.position += len as u64;
    }

    /// The next byte; `None` at the end.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let byte = self.available().first().copied();
        self.consume(1);
        byte
    }

    /// The next `N` bytes; `None` if the end comes before.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Some(bytes)
    }

    /// The next `len` bytes; `None` if the end comes before. They cost memory as they come, not as `len` claims.
    pub(crate) fn exactly(&mut self, len: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.by_ref().take(len).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 == len).then_some(bytes)
    }

    /// Takes up to `len` bytes and says how many there were.
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

    /// Why it ended, if not because everything was delivered. Told once.
    pub(crate) fn failure(&mut self) -> Option<io::Error> {
        match std::mem::replace(&mut self.end, End::Met) {
            End::Failed(error) => Some(error),
            end => {
                self.end = end;
                None
            }
        }
    }

    /// Whether bytes were asked for behind the end.
    pub(crate) fn was_short(&self) -> bool {
        self.was_short
    }
}

impl Reader {
    /// Takes less than `len` bytes where that needs no reading, and says how many. The last one has to be read: the file
    /// may have become shorter than it was.
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

/// An input whose failure is an error again.
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
    /// Never fails, see [`Input::failure`].
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.head == self.tail && out.len() >= BUFFER_BYTES && matches!(self.end, End::NotMet) {
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

fn read_once(reader: &mut impl Read, target: &mut [u8], end: &mut End) -> usize {
    loop {
        match reader.read(target) {
            Ok(0) => *end = End::Met,
            Ok(len) => return len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => *end = End::Failed(error),
        }
        return 0;
    }
}
