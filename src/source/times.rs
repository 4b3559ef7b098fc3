//! Finds out in which form a source writes times, by its first bytes and its time of modification.
//!
//! The bytes that were read to recognise the source are enough, unless its dates can be read in two ways. Then more of it is read, and
//! of a file also the end. What is read does not depend on how the source is divided among threads.

use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::time::detect::{Circumstances, Given, detect};
use crate::time::{Form, Time};
use crate::units::Units;
use crate::unpack::{DiskFile, FileSpan, SAMPLE_BYTES};

/// How many first bytes are read of a source whose dates can be read in two ways.
pub(super) const MORE_BYTES: usize = 64 << 10;
/// How many last bytes are read of a file whose dates can be read in two ways.
const END_BYTES: u64 = 8 << 10;

/// What is known about a source before its lines are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) name: &'a str,
    pub(super) modified: Option<SystemTime>,
    pub(super) units: Units,
    pub(super) given: Given,
}

impl Known<'_> {
    /// Returns the form of a source that begins with `head`. `is_whole` says whether that is all of it.
    pub(super) fn form(&self, head: &[u8], is_whole: bool) -> Form {
        self.form_with_end(head, is_whole, &[])
    }

    /// Returns the form of a file of `len` bytes, of which the first ones have been read.
    pub(super) fn form_of_file(&self, file: &DiskFile, len: u64) -> Form {
        let head = file.head(SAMPLE_BYTES);
        let is_whole = head.len() as u64 == len;
        let form = self.form(head, is_whole);
        if is_whole || !form.is_undecided() {
            return form;
        }
        let read = |start: u64, end: u64| {
            let mut bytes = Vec::new();
            FileSpan::new(file, start, end).read_to_end(&mut bytes).map(|_| bytes)
        };
        let more_len = len.min(MORE_BYTES as u64);
        // UTF-16 is read from a whole unit on.
        let end_start = len.saturating_sub(END_BYTES).max(more_len) & !1;
        match (read(0, more_len), read(end_start, len)) {
            (Ok(more), Ok(end)) => self.form_with_end(&more, more_len == len, &end),
            // Reading the file reports the same error.
            _ => form,
        }
    }

    fn form_with_end(&self, head: &[u8], is_whole: bool, end: &[u8]) -> Form {
        let text = self.decoded(head);
        let text = match text.iter().rposition(|&byte| byte == b'\n') {
            Some(line_feed) if !is_whole => &text[..=line_feed],
            _ => &text[..],
        };
        let end = self.decoded(end);
        let modified = self.modified.and_then(time_of);
        detect(text, &Circumstances { name: self.name, modified, is_whole, end: &end, given: self.given })
    }

    fn decoded(&self, bytes: &[u8]) -> Vec<u8> {
        let mark = self.units.byte_order_mark();
        let mut text = Vec::with_capacity(bytes.len());
        self.units.decode(bytes.strip_prefix(mark).unwrap_or(bytes), &mut text);
        text
    }
}

fn time_of(time: SystemTime) -> Option<Time> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok().map(Time::from_nanoseconds)
}
