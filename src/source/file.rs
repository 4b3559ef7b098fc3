//! Reading a file at positions, which many threads can do at once with one handle.

use std::fs::File;
use std::io::{self, Read};

use super::meter::{Gauge, Meter};
use crate::problem::{Kind, Loss, Remedy};

/// An opened file, whose reading is metered.
#[derive(Debug)]
pub struct DiskFile {
    file: File,
    gauge: Gauge,
}

impl DiskFile {
    /// A file of `len` bytes.
    pub(super) fn new(file: File, len: u64, meter: &Meter) -> DiskFile {
        DiskFile { file, gauge: meter.begin(Some(len)) }
    }
}

impl From<File> for DiskFile {
    /// A file that nobody watches being read.
    fn from(file: File) -> DiskFile {
        DiskFile::new(file, 0, &Meter::default())
    }
}

/// Reads a stretch of a file from front to back, without moving the file's own position.
#[derive(Debug)]
pub struct FileSpan<'f> {
    file: &'f DiskFile,
    position: u64,
    end: u64,
}

impl<'f> FileSpan<'f> {
    /// The bytes `start..end` of a file that had them all when it was opened. If it has become shorter meanwhile, reading
    /// fails where it ends now.
    #[must_use]
    pub fn new(file: &'f DiskFile, start: u64, end: u64) -> FileSpan<'f> {
        FileSpan { file, position: start, end }
    }
}

impl Read for FileSpan<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        if wanted == 0 {
            return Ok(0);
        }
        let len = read_at(&self.file.file, &mut buffer[..wanted], self.position)?;
        if len == 0 {
            return Err(self.shortened().into());
        }
        self.file.gauge.add(len as u64);
        self.position += len as u64;
        Ok(len)
    }
}

impl FileSpan<'_> {
    fn shortened(&self) -> Loss {
        Loss {
            kind: Kind::Shortened,
            what: "it became shorter while it was read".to_owned(),
            delivered: Some(self.position),
            remedy: Remedy::ReadCopy,
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    // `seek_read` moves the handle's own position too, which nothing here relies on.
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}
