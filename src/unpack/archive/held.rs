//! Makes an archive readable at any position. A file already is. A stream is first read into memory, up to a limit.

use std::io::{self, Read};
use std::sync::Arc;

use super::{Container, Format, Options};
use crate::problem::{Kind, Loss, Remedy};
use crate::unpack::fault::copied;
use crate::unpack::file::DiskFile;
use crate::unpack::input::Input;

/// The number of bytes of a stream in one allocation. A single vector would grow by doubling, and so could take twice as much
/// memory as the stream needs.
const PIECE_BYTES: usize = 1 << 20;

/// An archive that can be read at any position. Cloning it is cheap.
#[derive(Clone)]
pub(super) enum Held {
    /// The `len` bytes from `start` on of a file.
    File { file: Arc<DiskFile>, start: u64, len: u64 },
    /// A stream that was read into memory.
    Memory(Arc<Pieces>),
}

/// A stream in memory, in pieces of [`PIECE_BYTES`]. The last piece may be shorter.
pub(super) struct Pieces {
    pieces: Vec<Vec<u8>>,
    len: u64,
    /// The error that ended the stream early.
    failure: Option<io::Error>,
}

impl Held {
    /// Makes `container` readable at any position. A stream is read to its end.
    ///
    /// # Errors
    ///
    /// Returns a loss if a stream is longer than [`Options::held_bytes`]. If reading the stream fails, this is not an error: the
    /// data up to there can be read, and the readers then return the failure.
    pub(super) fn new(container: Container, format: Format, options: &Options) -> io::Result<Held> {
        let mut reader = match container {
            Container::File { file, start, len } => return Ok(Held::File { file, start, len }),
            Container::Stream(reader) => reader,
        };
        let mut held = Pieces { pieces: Vec::new(), len: 0, failure: None };
        loop {
            let mut piece = Vec::new();
            let read = reader.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece);
            held.failure = read.err();
            let is_last = held.failure.is_some() || piece.len() < PIECE_BYTES;
            held.len += piece.len() as u64;
            piece.shrink_to_fit();
            held.pieces.push(piece);
            if held.len > options.held_bytes {
                let limit = options.held_bytes >> 20;
                let what =
                    format!("the {format} archive has to be kept in memory as a whole and is larger than {limit} MiB");
                return Err(Loss::new(Kind::OverLimit, what, Remedy::Unpack).into());
            }
            if is_last {
                return Ok(Held::Memory(Arc::new(held)));
            }
        }
    }

    /// Returns the error that ended a stream early, if there was one.
    pub(super) fn failure(&self) -> Option<io::Error> {
        match self {
            Held::File { .. } => None,
            Held::Memory(pieces) => pieces.failure(),
        }
    }

    /// Returns the length of the archive in bytes.
    pub(super) fn len(&self) -> u64 {
        match self {
            Held::File { len, .. } => *len,
            Held::Memory(pieces) => pieces.len,
        }
    }

    /// Returns an input that reads the bytes `start..end`, or fewer if the archive is shorter.
    pub(super) fn input(&self, start: u64, end: u64) -> Input {
        let end = end.min(self.len());
        match self {
            Held::File { file, start: base, .. } => {
                Input::of_file(Arc::clone(file), base.saturating_add(start), base.saturating_add(end))
            }
            Held::Memory(pieces) => {
                Input::new(Box::new(Span { pieces: Arc::clone(pieces), position: start.min(end), end }))
            }
        }
    }
}

impl Pieces {
    fn failure(&self) -> Option<io::Error> {
        self.failure.as_ref().map(copied)
    }
}

/// A reader of a range of a stream in memory. At the end of a stream that failed, it returns the failure.
struct Span {
    pieces: Arc<Pieces>,
    position: u64,
    end: u64,
}

impl Read for Span {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.position == self.pieces.len
            && let Some(error) = self.pieces.failure()
        {
            return Err(error);
        }
        let place = usize::try_from(self.position).unwrap_or(usize::MAX);
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let piece = self.pieces.pieces.get(place / PIECE_BYTES).map_or(&[][..], Vec::as_slice);
        let wanted = out.len().min(left);
        let len = piece.get(place % PIECE_BYTES..).unwrap_or_default().read(&mut out[..wanted])?;
        self.position += len as u64;
        Ok(len)
    }
}
