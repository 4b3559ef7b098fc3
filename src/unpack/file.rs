//! Reading a file at positions, which many threads can do at once with one handle.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};

use super::recognise::SAMPLE_BYTES;
use crate::problem::{Kind, Loss, Remedy};

/// Files up to this size, in bytes, are read whole when they are opened: one read serves for all.
const SMALL_BYTES: usize = 64 << 10;

/// Something that is told of each read of a file.
pub trait Watch: fmt::Debug + Send + Sync {
    /// Takes note that so many bytes were read.
    fn read(&self, bytes: u64);
}

/// An opened file.
#[derive(Debug)]
pub struct DiskFile {
    file: File,
    watch: Box<dyn Watch>,
    /// Its first bytes, which are not read again.
    head: Vec<u8>,
}

impl DiskFile {
    /// A file that is read under the eyes of `watch`, which is dropped with it.
    pub fn new(file: File, watch: impl Watch + 'static) -> DiskFile {
        DiskFile { file, watch: Box::new(watch), head: Vec::new() }
    }

    /// Reads a small file of `len` bytes whole, in one read where the system allows it, and of a larger one as much as is
    /// looked at to recognise it.
    ///
    /// # Errors
    /// What the operating system says, or a [`Loss`] if it has become shorter.
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

    /// The first `len` bytes, or as many as there are and were read.
    #[must_use]
    pub fn head(&self, len: usize) -> &[u8] {
        &self.head[..self.head.len().min(len)]
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
    fn shortened(&self) -> Loss {
        let what = "it became shorter while it was being read";
        Loss { delivered: Some(self.position), ..Loss::new(Kind::Shortened, what, Remedy::ReadCopy) }
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
