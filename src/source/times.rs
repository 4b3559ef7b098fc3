//! Detects the form in which a source writes times, from its first bytes and its time of modification.
//!
//! Usually the bytes that were read to recognise the source are enough. If its dates can be read in two ways, or few of its lines
//! have times, more is read: a longer beginning and, for a file, also parts of the rest and the end. What is read does not
//! depend on how the source is divided among threads. A file with only clock times is read as a whole, to check that it does
//! not go past midnight.

use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::time::detect::{Circumstances, Given, detect_in};
use crate::time::{Form, Time};
use crate::units::Units;
use crate::unpack::{DiskFile, FileSpan, SAMPLE_BYTES};

/// How many first bytes of a source are read if its beginning does not determine the form.
pub(super) const MORE_BYTES: usize = 64 << 10;
/// How many last bytes of a file are read if its beginning does not determine the form.
const END_BYTES: u64 = 8 << 10;
/// The number of parts into which a file is divided. The beginning of each is read if that of the file does not determine the
/// form.
const PARTS: u64 = 8;
/// How many bytes are read at the beginning of each part of a file.
const PART_BYTES: u64 = 8 << 10;
/// The length of the longest file, in bytes, that is read as a whole because it has only clock times.
const WHOLE_BYTES: u64 = 16 << 20;

/// What is known about a source before its lines are examined.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) name: &'a str,
    pub(super) modified: Option<SystemTime>,
    pub(super) units: Units,
    pub(super) has_events: bool,
    pub(super) given: Given,
}

impl Known<'_> {
    /// Returns the form of a source that begins with `head`, and whether `head` is enough to be certain. `is_whole` is whether
    /// `head` is the whole source.
    pub(super) fn form(&self, head: &[u8], is_whole: bool) -> (Form, bool) {
        let (form, is_certain) = self.form_of_parts(&[head], is_whole, &[]);
        (form, is_whole || is_certain && !form.is_undecided())
    }

    /// Returns the form of a file of `len` bytes. If its first bytes, which have already been read, are not enough, reads more
    /// of it.
    pub(super) fn form_of_file(&self, file: &DiskFile, len: u64) -> Form {
        let head = file.head(SAMPLE_BYTES);
        let (form, is_certain) = self.form(head, head.len() as u64 == len);
        if is_certain {
            return form;
        }
        let read = |start: u64, end: u64| {
            let mut bytes = Vec::new();
            FileSpan::new(file, start, end.min(len)).read_to_end(&mut bytes).map(|_| bytes)
        };
        if form.may_pass_midnight() && len <= WHOLE_BYTES {
            return read(0, len).map_or(form, |whole| self.form_of_parts(&[&whole], true, &[]).0);
        }
        let more_len = len.min(MORE_BYTES as u64);
        // Rounded down, so that code units of UTF-16 and UTF-32 are not split.
        let starts = (1..PARTS).map(|part| (len / PARTS * part) & !3).filter(|&start| start >= more_len);
        let parts = starts.map(|start| read(start, start + PART_BYTES));
        let end_start = len.saturating_sub(END_BYTES).max(more_len) & !3;
        match (read(0, more_len), parts.collect::<Result<Vec<_>, _>>(), read(end_start, len)) {
            (Ok(more), Ok(parts), Ok(end)) => {
                let parts: Vec<&[u8]> = std::iter::once(&more).chain(&parts).map(Vec::as_slice).collect();
                self.form_of_parts(&parts, more_len == len, &end).0
            }
            // The same error is reported when the file is scanned.
            _ => form,
        }
    }

    /// Returns the form of a source from its beginning and parts of the rest, and whether they are enough to be certain.
    fn form_of_parts(&self, parts: &[&[u8]], is_whole: bool, end: &[u8]) -> (Form, bool) {
        let texts: Vec<Vec<u8>> = parts.iter().map(|part| self.decoded(part)).collect();
        let whole_lines = |(index, text): (usize, &Vec<u8>)| {
            let start = if index == 0 { Some(0) } else { memchr::memchr(b'\n', text).map(|at| at + 1) };
            let end = memchr::memrchr(b'\n', text)
                .map(|at| at + 1)
                .filter(|_| !is_whole)
                .or((index == 0).then_some(text.len()));
            start.zip(end).map_or(0..0, |(start, end)| start..end)
        };
        let lines: Vec<&[u8]> = texts.iter().enumerate().map(|part| &part.1[whole_lines(part)]).collect();
        let end = self.decoded(end);
        let modified = self.modified.and_then(time_of);
        let Known { name, has_events, given, .. } = *self;
        detect_in(&lines, &Circumstances { name, modified, is_whole, has_events, end: &end, given })
    }

    fn decoded(&self, bytes: &[u8]) -> Vec<u8> {
        let mark = self.units.byte_order_mark();
        let mut text = Vec::with_capacity(bytes.len());
        self.units.decode_changing(bytes.strip_prefix(mark).unwrap_or(bytes), &mut text);
        text
    }
}

fn time_of(time: SystemTime) -> Option<Time> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok().map(Time::from_nanoseconds)
}
