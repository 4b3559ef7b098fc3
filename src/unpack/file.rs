//! Reads files at explicit positions, so that several threads can share one file handle.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};

use super::recognise::SAMPLE_BYTES;
use crate::problem::{Kind, Loss, Remedy};

/// The greatest size in bytes of a file that is read as a whole when it is opened, so that it needs no further reads.
const SMALL_BYTES: usize = 64 << 10;

/// Observes the reads of a file, for example to show progress.
pub trait Watch: fmt::Debug + Send + Sync {
    /// Called after `bytes` bytes have been read from the disk. Bytes that are kept from an earlier read are not counted again.
    fn read(&self, bytes: u64);
}

/// An open file, which is read with [`FileSpan`]s.
#[derive(Debug)]
pub struct DiskFile {
    file: File,
    watch: Box<dyn Watch>,
    /// The first bytes of the file, kept so that they are read from the disk only once.
    head: Vec<u8>,
}

impl DiskFile {
    /// Wraps `file`, without reading anything. Its reads are reported to `watch`, which is dropped together with the file.
    pub fn new(file: File, watch: impl Watch + 'static) -> DiskFile {
        DiskFile { file, watch: Box::new(watch), head: Vec::new() }
    }

    /// Reads and keeps the start of a file of `len` bytes: a small file as a whole, or the first [`SAMPLE_BYTES`] of a larger one,
    /// which are enough to recognise its format.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, or a [`Loss`] if the file is now shorter than `len`.
    pub fn read_head(&mut self, len: u64) -> io::Result<()> {
        let most = usize::try_from(len).ok().filter(|len| *len <= SMALL_BYTES).unwrap_or(SAMPLE_BYTES);
        let mut head = vec![0; most];
        let mut tail = 0;
        while tail < most.min(SAMPLE_BYTES) {
            match FileSpan::new(self, tail as u64, len).read(&mut head[tail..]) {
                Ok(step) => tail += step,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        head.truncate(tail);
        self.head = head;
        Ok(())
    }

    /// Returns the first `len` bytes, or fewer if [`DiskFile::read_head`] has read fewer.
    #[must_use]
    pub fn head(&self, len: usize) -> &[u8] {
        &self.head[..self.head.len().min(len)]
    }
}

/// A reader of a range of a file. It does not use the position of the file handle, so several can read at the same time.
#[derive(Debug)]
pub struct FileSpan<'f> {
    file: &'f DiskFile,
    position: u64,
    end: u64,
}

impl<'f> FileSpan<'f> {
    /// Creates a reader of the bytes `start..end`. If the file ends before `end`, it has become shorter since it was opened, and
    /// reading fails there with a [`Loss`].
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
        let head = usize::try_from(self.position).ok().and_then(|position| self.file.head.get(position..));
        if let Some(mut head) = head.filter(|head| !head.is_empty()) {
            let len = head.read(&mut buffer[..wanted])?;
            self.position += len as u64;
            return Ok(len);
        }
        let len = read_at(&self.file.file, &mut buffer[..wanted], self.position)?;
        if len == 0 {
            return Err(self.shortened().into());
        }
        self.file.watch.read(len as u64);
        self.position += len as u64;
        Ok(len)
    }
}

impl FileSpan<'_> {
    /// Returns the loss for a file that has become shorter.
    fn shortened(&self) -> Loss {
        let what = "it became shorter while it was being read";
        Loss { delivered: Some(self.position), ..Loss::new(Kind::Shortened, what, Remedy::ReadCopy) }
    }
}

/// Reads at `position` without seeking. Returns the number of bytes, which is 0 at the end of the file.
#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    // `seek_read` also moves the position of the handle, but nothing here uses that.
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}
