//! How much there is to read, and how much of it has been read.

use std::ops::AddAssign;

/// A number of bytes and of files on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// The bytes as they are stored, compressed or not.
    pub bytes: u64,
    /// The files; of those that are being read, only those that are read to their end or passed over.
    pub files: u64,
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Amount) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.files += other.files;
    }
}
