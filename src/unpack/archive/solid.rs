//! Reads the files of a block, which were compressed together, one after another.
//!
//! The block is unpacked only as far as necessary. A file that is not read is unpacked only if a later one is read. After a fault,
//! no further file of the block can be read.

use std::io::{self, Read};

use flate2::Crc;

use super::{MemberData, kind_of};
use crate::problem::{Kind, Loss, Remedy};
use crate::unpack::fault::{damaged, passed_on};
use crate::unpack::input::Input;

/// The unpacked data of a block, from which its files are read in order.
pub(super) struct Solid {
    /// The unpacked data.
    input: Input,
    /// The number of bytes to skip before the next file. They are skipped only when that file is read.
    unread: u64,
    /// The kind of the fault that ended the data, if there was one.
    broken: Option<Kind>,
}

impl Solid {
    /// Creates a reader of a block whose unpacked data are `input`.
    pub(super) fn new(input: Input) -> Solid {
        Solid { input, unread: 0, broken: None }
    }

    /// Whether a file has reported a fault other than damage, so that the archive is cut short or cannot be read any further.
    pub(super) fn was_cut(&self) -> bool {
        self.broken.is_some_and(|kind| kind != Kind::Damaged)
    }

    /// Skips `len` bytes before the next file.
    pub(super) fn pass(&mut self, len: u64) {
        self.unread = self.unread.saturating_add(len);
    }

    /// Returns a reader of the next file, which has `size` bytes. If `crc` is given, the reader verifies it at the end of the file.
    /// When the reader is dropped, the rest of the file is skipped.
    ///
    /// # Errors
    ///
    /// Returns a loss if there was a fault in an earlier file.
    pub(super) fn file(&mut self, size: u64, crc: Option<u32>) -> Result<SolidFile<'_>, Loss> {
        if self.broken.is_some() {
            let what = "it follows unreadable data in the same compressed block";
            return Err(Loss::new(Kind::Damaged, what, Remedy::AskAgain));
        }
        Ok(SolidFile { solid: self, size, left: size, crc, sum: Crc::new() })
    }

    /// Returns a reader of the bytes after the last file, or `None` if there are none.
    ///
    /// # Errors
    ///
    /// Returns the failure of the data directly after the last file. A fault in data that are skipped is not reported, because no
    /// file is read there.
    pub(super) fn rest(&mut self) -> io::Result<Option<SolidFile<'_>>> {
        let before = std::mem::take(&mut self.unread);
        if self.broken.is_some() || self.input.skip(before) < before {
            return Ok(None);
        }
        if self.input.peek(1).is_empty() {
            return self.input.failure().map_or(Ok(None), Err);
        }
        Ok(Some(SolidFile { solid: self, size: TO_THE_END, left: TO_THE_END, crc: None, sum: Crc::new() }))
    }
}

/// A reader of one file of a block.
pub(super) struct SolidFile<'s> {
    solid: &'s mut Solid,
    size: u64,
    left: u64,
    crc: Option<u32>,
    sum: Crc,
}

/// The size of data that end where the input ends.
const TO_THE_END: u64 = u64::MAX;

impl SolidFile<'_> {
    /// Returns the number of bytes of the file that have been read.
    pub(super) fn delivered(&self) -> u64 {
        self.size - self.left
    }

    /// Returns the result of a read at the end of the input: an error, unless the file has no known size.
    fn end_of_input(&mut self) -> io::Result<usize> {
        match self.solid.input.failure() {
            None if self.size == TO_THE_END => {
                self.left = 0;
                Ok(0)
            }
            failure => Err(self.fault(failure)),
        }
    }

    /// Marks the block as broken. Returns `failure` or, if it is `None`, the error for data that end too early.
    fn fault(&mut self, failure: Option<io::Error>) -> io::Error {
        let delivered = Some(self.delivered());
        let early = || damaged("unpacked", "it ends too early", delivered).into();
        let error = failure.map_or_else(early, |error| passed_on(error, delivered));
        self.solid.broken = Some(kind_of(&error));
        error
    }

    /// Verifies the checksum, the first time that the end of the file is reached.
    fn verify(&mut self) -> io::Result<usize> {
        if self.crc.take().is_none_or(|crc| crc == self.sum.sum()) {
            return Ok(0);
        }
        Err(damaged("unpacked", "the checksum does not match", Some(self.size)).into())
    }
}

impl MemberData for SolidFile<'_> {}

impl Read for SolidFile<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.solid.broken.is_some() {
            return Ok(0);
        }
        let wanted = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return self.verify();
        }
        let before = std::mem::take(&mut self.solid.unread);
        if self.solid.input.skip(before) < before {
            let failure = self.solid.input.failure();
            return Err(self.fault(failure));
        }
        let len = self.solid.input.read(&mut out[..wanted])?;
        if len == 0 {
            return self.end_of_input();
        }
        self.sum.update(&out[..len]);
        self.left -= len as u64;
        Ok(len)
    }
}

impl Drop for SolidFile<'_> {
    fn drop(&mut self) {
        self.solid.pass(self.left);
    }
}
