//! Finds where the ranges of a file start, in a file whose encoding may change.
//!
//! The encoding at the start of a range depends on the text before it. Usually, a line shortly before the range decides it, whatever
//! precedes that line. Otherwise, everything back to the last range for which it is known is read. That happens only in files whose
//! encoding changes, or that contain hardly any ASCII, and each byte is read at most once more.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::sync::{Mutex, PoisonError};

use crate::chunk::{Chunks, Limits, Span, Start};
use crate::source::{Stop, TextFile};
use crate::unpack::FileSpan;

/// How many bytes before a range are searched for a line that decides the encoding.
const LOOK_BACK_BYTES: u64 = 8 << 10;

/// A big file, and where its ranges start.
#[derive(Debug)]
pub(super) struct Divided {
    pub(super) text: TextFile,
    /// The starts of ranges that took more than a look at the lines before them, by the offset of the range.
    found: Mutex<BTreeMap<u64, Start>>,
}

impl Divided {
    pub(super) fn new(text: TextFile) -> Divided {
        Divided { text, found: Mutex::default() }
    }

    /// Returns where the reader of the range that starts at `offset` has to start. Ranges are `range_bytes` long.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    pub(super) fn start(&self, offset: u64, range_bytes: u64, limits: Limits, stop: &Stop) -> io::Result<Start> {
        if let Some(start) = self.shortly_before(offset)? {
            return Ok(start);
        }
        // Ranges that need this wait for each other, so that no text is read twice.
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let TextFile { file, len, written, .. } = &self.text;
        let range_bytes = range_bytes.max(1);
        let mut known = offset;
        let mut start = loop {
            let start = found.get(&known).copied();
            if let Some(start) = start.map_or_else(|| self.shortly_before(known), |start| Ok(Some(start)))? {
                break start;
            }
            known = known.saturating_sub(range_bytes);
        };
        let reader = FileSpan::new(file, start.offset, *len);
        let mut chunks = Chunks::changing(reader, start, Span::ALL, limits, *written, Vec::new());
        while known < offset && !stop.is_requested() {
            known = known.saturating_add(range_bytes).min(offset);
            start = chunks.first_line_from(known)?;
            found.insert(known, start);
        }
        Ok(start)
    }

    /// Returns the start of the file, or a line shortly before `offset` whose encoding is certain.
    fn shortly_before(&self, offset: u64) -> io::Result<Option<Start>> {
        let TextFile { file, len, written, .. } = &self.text;
        let units = written.units;
        // Rounded down, because UTF-16 is counted in pairs of bytes.
        let from = offset.saturating_sub(LOOK_BACK_BYTES) & !1;
        if offset == 0 {
            return Ok(Some(Start::of_source(units)));
        }
        let mut before = Vec::new();
        FileSpan::new(file, from, offset.min(*len)).read_to_end(&mut before)?;
        let line = written.certain_line_start(&before);
        Ok(line.map(|line| Start { offset: from + line as u64, units, is_part_start: false, change: None }))
    }
}
