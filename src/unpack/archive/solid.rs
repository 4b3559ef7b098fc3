//! Files that were packed together and are unpacked one after another, only as far as they are read. Behind a fault none of
//! them can be read.

use std::io::{self, Read};

use flate2::Crc;

use super::{MemberData, kind_of};
use crate::problem::{Kind, Loss, Remedy};
use crate::unpack::fault::{damaged, passed_on};
use crate::unpack::input::Input;

pub(super) struct Solid {
    /// What was packed together, unpacked.
    input: Input,
    /// How much lies before the next file that nobody has read.
    unread: u64,
    /// What kind of fault was met.
    broken: Option<Kind>,
}

impl Solid {
    pub(super) fn new(input: Input) -> Solid {
        Solid { input, unread: 0, broken: None }
    }

    /// Whether somebody has been told that there is no more.
    pub(super) fn was_cut(&self) -> bool {
        self.broken.is_some_and(|kind| kind != Kind::Damaged)
    }

    /// Leaves out the next `len` bytes.
    pub(super) fn pass(&mut self, len: u64) {
        self.unread = self.unread.saturating_add(len);
    }

    /// The next file, and the sum of its bytes, if it is told. Once it is dropped, the one behind it is the next.
    ///
    /// # Errors
    /// It lies behind a fault.
    pub(super) fn file(&mut self, size: u64, crc: Option<u32>) -> Result<SolidFile<'_>, Loss> {
        if self.broken.is_some() {
            let what = "it follows unreadable data in the same compressed block";
            return Err(Loss::new(Kind::Damaged, what, Remedy::AskAgain));
        }
        Ok(SolidFile { solid: self, size, left: size, crc, sum: Crc::new() })
    }

    /// What follows the last file, if there is anything.
    ///
    /// # Errors
    /// Something follows and cannot be read. What nobody read before it is no concern.
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

/// A reader of one file.
pub(super) struct SolidFile<'s> {
    solid: &'s mut Solid,
    size: u64,
    left: u64,
    crc: Option<u32>,
    sum: Crc,
}

/// Instead of a size, of what ends where the input does.
const TO_THE_END: u64 = u64::MAX;

impl SolidFile<'_> {
    pub(super) fn delivered(&self) -> u64 {
        self.size - self.left
    }

    /// What there is to tell where the input has no more.
    fn end_of_input(&mut self) -> io::Result<usize> {
        match self.solid.input.failure() {
            None if self.size == TO_THE_END => {
                self.left = 0;
                Ok(0)
            }
            failure => Err(self.fault(failure)),
        }
    }

    fn fault(&mut self, failure: Option<io::Error>) -> io::Error {
        let delivered = Some(self.delivered());
        let early = || damaged("unpacked", "it ends too early", delivered).into();
        let error = failure.map_or_else(early, |error| passed_on(error, delivered));
        self.solid.broken = Some(kind_of(&error));
        error
    }

    /// What there is to tell at the end.
    fn judge(&mut self) -> io::Result<usize> {
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
            return self.judge();
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
