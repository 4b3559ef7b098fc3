//! Amounts of input, for the progress of a run.

use std::ops::AddAssign;

/// An amount of input: the total of a run, or the part that has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// The number of bytes on disk. For a compressed file, that is its compressed size.
    pub bytes: u64,
    /// The number of files. If this is an amount that has been read, files that are still being read are not counted.
    pub files: u64,
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Amount) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.files += other.files;
    }
}
