//! One located result: where it stands, what it says, and what else its line tells.
//!
//! Invariant: every slice borrows from the chunk being scanned, so a hit costs no allocation; whoever keeps one
//! copies what it needs.

use std::ops::Range;

use crate::code::Key;
use crate::time::Stamp;
use crate::units::Units;

/// One result found in one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit<'c> {
    /// The row it counts in.
    pub key: Key,
    /// The line it starts in, without its line end. Of a line over the limit: the piece.
    pub line: &'c [u8],
    /// Where the line starts in the chunk that was scanned.
    pub line_start: usize,
    /// Offset of the line's first byte in the source, in bytes.
    pub line_offset: u64,
    /// What the source is made of.
    pub units: Units,
    /// The matched part, as offsets in `line`. A match that goes on in the following lines is cut at the line's end.
    pub span: Range<usize>,
    /// Index of the pattern that matched, in its set.
    pub pattern: usize,
    /// The time of the line, or of the pattern's `time` group. Absent if there is none that can be read.
    pub time: Option<Stamp>,
    /// What the pattern's group `user` captured.
    pub user: Option<&'c [u8]>,
    /// What the pattern's group `outcome` captured: the log's own word on the sign-in, never derived from the key.
    pub outcome: Option<&'c [u8]>,
    /// What the pattern's group `host` captured.
    pub host: Option<&'c [u8]>,
    /// What the pattern's group `address` captured.
    pub address: Option<&'c [u8]>,
}

impl Hit<'_> {
    /// Offset of the match's first byte in the source, in bytes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.line_offset + self.units.source_bytes(&self.line[..self.span.start])
    }
}
