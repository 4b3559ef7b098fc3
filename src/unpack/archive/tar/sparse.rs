//! Reads sparse files. They have holes, which are ranges that were never written and are read as zeros.
//!
//! The archive contains only the data between the holes, in segments one after another, and a map with the place of each segment
//! in the file. GNU tar has four formats for the map (GNU tar manual, "Storing Sparse Files"), and all of them are supported:
//!
//! | format | where the map is |
//! |---|---|
//! | old GNU, type `S` | in the header, and in blocks after it |
//! | pax 0.0 | in the attributes: `GNU.sparse.offset` and `GNU.sparse.numbytes` for each segment |
//! | pax 0.1 | in the attribute `GNU.sparse.map`: offset, length, offset, length, … separated by commas |
//! | pax 1.0 | before the data: the number of segments, and an offset and a length for each, all decimal and ended by line feeds, then NULs up to a whole block |
//!
//! The size of the file with its holes is in `GNU.sparse.size` (0.0 and 0.1) or `GNU.sparse.realsize` (1.0), the format in
//! `GNU.sparse.major` and `GNU.sparse.minor` (1.0 only), and the name of the file in `GNU.sparse.name` (0.1 and 1.0).
//!
//! The old format has these fields in addition to the [header](super::header)'s:
//!
//! | header | next block | size | meaning |
//! |---|---|---|---|
//! | 386 | 0 | 4 × 24, 21 × 24 | segments: offset and length, 12 bytes each; an empty segment ends the list |
//! | 482 | 504 | 1 | not 0 if another block of segments follows |
//! | 483 | | 12 | size of the file with its holes in bytes |
//!
//! Invariants:
//! * A file is delivered as it was on disk, up to the place where its map is invalid.
//! * The visitor can get the length of a hole before reading it ([`MemberData::hole`]), and so decide whether it is too large.
//! * A map has at most [`SEGMENT_LIMIT`] segments, which limits its memory.
//!
//! The stored segments follow each other without gaps, as in Go, libarchive and Python. GNU tar pads each segment to a whole block,
//! which makes no difference, because all segments except the last consist of whole blocks anyway.

#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::header::{decimal, number, text};
use super::{BLOCK_BYTES, Block, Data, Walk, padding};
use crate::problem::{Kind, Loss, Remedy};
use crate::unpack::archive::{Format, Item, Label, MemberData, Visit, refused};
use crate::unpack::fault::passed_on;

/// The most segments in a map. They take 1 MiB of memory, as much as attributes may take.
const SEGMENT_LIMIT: usize = 1 << 16;

/// The reason for a map that cannot be decoded, as part of a message.
const UNREADABLE: &str = "the data map of a sparse file cannot be read";

/// The length of a segment in the old format in bytes: an offset and a length.
const PAIR_BYTES: usize = 24;

/// The data map of a sparse file.
#[derive(Clone, Debug, Default)]
struct Map {
    /// The segments, in order and without overlap. An empty segment is allowed, and divides a hole into two.
    segments: Vec<Segment>,
    /// The size of the file with its holes in bytes. Always known unless there is a fault.
    size: Option<u64>,
    /// The reason why the file cannot be read after the last segment.
    fault: Option<Loss>,
}

/// A range of the unpacked file for which data are stored.
#[derive(Clone, Copy, Debug)]
struct Segment {
    start: u64,
    end: u64,
}

impl Map {
    /// Adds a segment. An argument that is `None` stands for an invalid number, which is a fault. After a fault, nothing is added.
    fn push(&mut self, start: Option<u64>, len: Option<u64>) {
        if self.fault.is_some() {
            return;
        }
        let before = self.segments.last().map_or(0, |segment| segment.end);
        let segment = start.zip(len).and_then(|(start, len)| Some(Segment { start, end: start.checked_add(len)? }));
        match segment {
            None => self.fault = Some(damaged(UNREADABLE)),
            Some(Segment { start, .. }) if start < before => {
                self.fault = Some(damaged("the data map of a sparse file goes backwards"));
            }
            Some(_) if self.segments.len() == SEGMENT_LIMIT => {
                let what = format!("it is a sparse file, stored in more than {SEGMENT_LIMIT} pieces");
                self.fault = Some(Loss::new(Kind::OverLimit, what, Remedy::Unpack));
            }
            Some(segment) => self.segments.push(segment),
        }
    }

    /// Adds segments in the old format, up to the empty one that ends the list.
    fn take_pairs(&mut self, pairs: &[u8]) {
        for pair in pairs.chunks_exact(PAIR_BYTES) {
            let (start, len) = pair.split_at(PAIR_BYTES / 2);
            if start[0] == 0 || len[0] == 0 {
                break;
            }
            self.push(unsigned(start), unsigned(len));
        }
    }

    /// Completes the map of a file of this size. A segment that ends after the file is a fault.
    fn of_size(mut self, size: Option<u64>) -> Map {
        let Some(len) = size else { return Map::faulty("a sparse file has no size") };
        if let Some(beyond) = self.segments.iter().position(|segment| segment.end > len) {
            self.segments.truncate(beyond);
            self.fault = Some(damaged("the data map of a sparse file goes beyond its size"));
        }
        Map { size, ..self }
    }

    /// Returns a map without segments, whose fault is that the archive is damaged. The message contains `why`.
    fn faulty(why: &str) -> Map {
        Map { fault: Some(damaged(why)), ..Map::default() }
    }

    /// Reads a map in the pax 1.0 format, which is before the data.
    fn before(data: &mut Data<'_>, size: Option<u64>) -> io::Result<Map> {
        let Some(count) = line(data)? else { return Ok(Map::faulty(UNREADABLE)) };
        let mut map = Map::default();
        for _ in 0..count {
            let (Some(start), Some(len)) = (line(data)?, line(data)?) else { return Ok(Map::faulty(UNREADABLE)) };
            map.push(Some(start), Some(len));
        }
        let filling = padding(data.delivered);
        let is_filled = data.by_ref().take(filling).read_to_end(&mut Vec::new())? as u64 == filling;
        Ok(if is_filled { map.of_size(size) } else { Map::faulty(UNREADABLE) })
    }
}

/// Returns the loss for damage in the structure of a tar archive.
fn damaged(why: &str) -> Loss {
    Format::Tar.damaged(why)
}

/// Decodes a number in a header that must not be negative.
fn unsigned(field: &[u8]) -> Option<u64> {
    u64::try_from(number(field)?).ok()
}

/// Reads a line with a decimal number. Returns `None` if it contains anything else.
fn line(data: &mut Data<'_>) -> io::Result<Option<u64>> {
    let mut value = None;
    loop {
        let mut byte = [0];
        if data.read(&mut byte)? == 0 {
            return Ok(None);
        }
        match byte[0] {
            b'\n' => return Ok(value),
            digit @ b'0'..=b'9' => {
                value =
                    value.unwrap_or(0_u64).checked_mul(10).and_then(|tens| tens.checked_add(u64::from(digit - b'0')));
                if value.is_none() {
                    return Ok(None);
                }
            }
            _ => return Ok(None),
        }
    }
}

/// The attributes of a member whose keys start with `GNU.sparse.`.
#[derive(Clone, Default)]
pub(super) struct Records {
    /// The name of the file. The header has another name, for programs that do not know these attributes.
    pub(super) name: Option<Vec<u8>>,
    /// The size of the file with its holes in bytes.
    size: Option<u64>,
    /// The major and minor version of the format.
    version: (u64, u64),
    /// The offset of a segment whose length is in the next attribute.
    start: Option<u64>,
    map: Map,
}

impl Records {
    /// Adds the attribute whose key is `GNU.sparse.` followed by `key`.
    pub(super) fn take(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"name" => self.name = Some(text(value).to_vec()),
            b"size" | b"realsize" => self.size = decimal(value),
            b"major" => self.version.0 = decimal(value).unwrap_or(u64::MAX),
            b"minor" => self.version.1 = decimal(value).unwrap_or(u64::MAX),
            b"offset" => self.start = decimal(value),
            b"numbytes" => self.map.push(self.start.take(), decimal(value)),
            b"map" => {
                let mut numbers = value.split(|byte| *byte == b',').map(decimal);
                while let Some(start) = numbers.next() {
                    self.map.push(start, numbers.next().flatten());
                }
            }
            _ => {}
        }
    }
}

/// Returns the loss for a sparse file in an unknown format.
pub(super) fn unknown() -> Loss {
    refused("it is a sparse file in a form that is not supported", Remedy::Unpack)
}

impl Walk {
    /// Visits a sparse file in the old format, whose type is `S`. `size` is the number of stored bytes.
    pub(super) fn typed_sparse(
        &mut self,
        header: &Block,
        (label, size): (Label, u64),
        visit: &mut Visit<'_>,
    ) -> io::Result<ControlFlow<()>> {
        let is_gnu = header[257..].starts_with(b"ustar  \0");
        let mut map = Map::default();
        map.take_pairs(&header[386..482]);
        // Besides GNU tar, only star has this type, with other offsets in the header.
        let mut has_more = header[if is_gnu { 482 } else { 355 }];
        while has_more != 0 {
            let block = self.input.array::<BLOCK_BYTES>().ok_or_else(|| self.short())?;
            map.take_pairs(&block[..504]);
            has_more = block[504];
        }
        if !is_gnu {
            let flow = visit(Item::Unread(label, unknown()));
            return self.finish(flow, Some(size), size);
        }
        let data = Data::new(&mut self.input, size);
        let (flow, rest) = Filled::new(data, map.of_size(unsigned(&header[483..495]))).visit(label, visit);
        self.finish(flow, rest, size)
    }

    /// Visits a file that is sparse according to its pax attributes. `size` is the number of stored bytes.
    pub(super) fn attributed_sparse(
        &mut self,
        records: Records,
        (label, size): (Label, u64),
        visit: &mut Visit<'_>,
    ) -> io::Result<ControlFlow<()>> {
        let mut data = Data::new(&mut self.input, size);
        let map = match records.version {
            (0, _) => records.map.of_size(records.size),
            (1, 0) => Map::before(&mut data, records.size).map_err(|error| passed_on(error, None))?,
            _ => {
                let flow = visit(Item::Unread(label, unknown()));
                return self.finish(flow, Some(size), size);
            }
        };
        let (flow, rest) = Filled::new(data, map).visit(label, visit);
        self.finish(flow, rest, size)
    }
}

/// A reader of a sparse file that returns its holes as zeros.
struct Filled<'i> {
    data: Data<'i>,
    map: Map,
    /// The index of the first segment that ends after `delivered`.
    next: usize,
    delivered: u64,
    has_ended: bool,
}

impl Filled<'_> {
    /// Creates a reader of a file with this map, whose stored segments are `data`.
    fn new(data: Data<'_>, map: Map) -> Filled<'_> {
        let mut filled = Filled { data, map, next: 0, delivered: 0, has_ended: false };
        filled.deliver(0);
        filled
    }

    /// Passes the file to the visitor. Returns what the visitor returns, and the number of stored bytes that have not been read, or
    /// `None` if the archive is cut short within them.
    fn visit(mut self, label: Label, visit: &mut Visit<'_>) -> (ControlFlow<()>, Option<u64>) {
        let label = Label { size: self.map.size, ..label };
        let flow = visit(Item::Member(label, &mut self));
        (flow, self.data.rest())
    }

    /// Adds `len` to the number of delivered bytes, and moves past the segments that end there.
    fn deliver(&mut self, len: usize) {
        self.delivered += len as u64;
        let is_over = |segment: &Segment| segment.end <= self.delivered;
        self.next += self.map.segments[self.next..].iter().take_while(|segment| is_over(segment)).count();
    }

    /// Reads stored data of the next segment.
    fn stored(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.data.read(out) {
            Ok(0) => Err(self.fault(damaged("the data map of a sparse file lists more data than is stored"))),
            Ok(len) => Ok(len),
            Err(error) => {
                self.has_ended = true;
                Err(passed_on(error, Some(self.delivered)))
            }
        }
    }

    /// Ends the file here. Returns the error for `loss`, with the number of bytes that have been delivered.
    fn fault(&mut self, loss: Loss) -> io::Error {
        self.has_ended = true;
        Loss { delivered: Some(self.delivered), ..loss }.into()
    }

    /// Returns the result of a read at the end of the file: an error if the map has a fault or leaves out stored data.
    fn finish(&mut self) -> io::Result<usize> {
        self.has_ended = true;
        match self.map.fault.clone() {
            Some(loss) => Err(self.fault(loss)),
            None if self.data.left > 0 => {
                Err(self.fault(damaged("the data map of a sparse file leaves out some of its data")))
            }
            None => Ok(0),
        }
    }
}

impl MemberData for Filled<'_> {
    fn hole(&self) -> u64 {
        let end = match self.map.segments.get(self.next) {
            Some(segment) => segment.start,
            None if self.map.fault.is_some() => self.delivered,
            None => self.map.size.unwrap_or(self.delivered),
        };
        end.saturating_sub(self.delivered)
    }
}

impl Read for Filled<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.has_ended {
            return Ok(0);
        }
        let at_most = |len: u64| out.len().min(usize::try_from(len).unwrap_or(usize::MAX));
        let len = match (self.hole(), self.map.segments.get(self.next)) {
            (0, None) => return self.finish(),
            (0, Some(segment)) => {
                let wanted = at_most(segment.end - self.delivered);
                self.stored(&mut out[..wanted])?
            }
            (hole, _) => {
                let len = at_most(hole);
                out[..len].fill(0);
                len
            }
        };
        self.deliver(len);
        Ok(len)
    }
}
