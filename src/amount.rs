//! How much there is to read, and how much was read.

use std::ops::AddAssign;

/// A number of bytes and of files on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// The number of bytes on disk, so of a compressed file the compressed ones.
    pub bytes: u64,
    /// The number of files. As progress, it does not count files that are still being read.
    pub files: u64,
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Amount) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.files += other.files;
    }
}
