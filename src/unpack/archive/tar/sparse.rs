//! Reads sparse members: files with holes, which are stretches that were never written and read as zeros.
//!
//! The archive holds only the data between the holes, one segment after another, and a map of where in the file they belong.
//! GNU tar has four formats for the map (GNU tar manual, "Storing Sparse Files"), and all of them are read:
//!
//! | format | where the map is |
//! |---|---|
//! | old GNU, type `S` | in the header, and in blocks after it |
//! | pax 0.0 | in the attributes: `GNU.sparse.offset` and `GNU.sparse.numbytes` for each segment |
//! | pax 0.1 | in the attribute `GNU.sparse.map`: offset, length, offset, length, … with commas |
//! | pax 1.0 | in front of the data: the number of segments, and an offset and a length for each, decimal and ended by line feeds, then NULs up to a whole block |
//!
//! The size of the file with its holes is in `GNU.sparse.size` (0.0 and 0.1) or `GNU.sparse.realsize` (1.0), the format in
//! `GNU.sparse.major` and `GNU.sparse.minor` (1.0 only), and the name of the file in `GNU.sparse.name` (0.1 and 1.0).
//!
//! The old format has these fields in addition to the [header](super::header)'s:
//!
//! | header | next block | size | meaning |
//! |---|---|---|---|
//! | 386 | 0 | 4 × 24, 21 × 24 | segments: offset and length, 12 bytes each; an empty one ends the list |
//! | 482 | 504 | 1 | not 0 if another block of segments follows |
//! | 483 | | 12 | size of the file with its holes in bytes |
//!
//! Invariants:
//! * A member is delivered as it was on disk, up to where its map is invalid.
//! * A hole is announced before it is delivered ([`MemberData::hole`]), so that the visitor decides whether it is too large.
//! * A map costs no more memory than [`SEGMENT_LIMIT`] allows.
//!
//! Segments follow each other without a gap, and the size of the member is their sum, as Go, libarchive and Python read them. GNU
//! tar pads each to a whole block, which makes no difference: all but the last consist of whole blocks anyway.

#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::header::{decimal, number, text};
use super::{BLOCK_BYTES, Block, Data, Walk, padding};
use crate::problem::{Kind, Loss, Remedy};
use crate::unpack::archive::{Format, Item, Label, MemberData, Visit, refused};
use crate::unpack::fault::passed_on;

/// The largest number of segments in a map. They take 1 MiB of memory, which is also the limit of attributes.
const SEGMENT_LIMIT: usize = 1 << 16;

/// Why a map in an invalid form is damaged.
const UNREADABLE: &str = "the data map of a sparse file cannot be read";

/// The length of an offset and a length together in the old format.
const PAIR_BYTES: usize = 24;

/// The segments of a member.
#[derive(Clone, Debug, Default)]
struct Map {
    /// In order and without overlap. Empty segments are allowed, and divide a hole in two.
    segments: Vec<Segment>,
    /// The size of the file with its holes in bytes. Known unless there is a fault.
    size: Option<u64>,
    /// Why nothing is known about the file after the last segment.
    fault: Option<Loss>,
}

/// A range of the file, with its holes, for which data are stored.
#[derive(Clone, Copy, Debug)]
struct Segment {
    start: u64,
    end: u64,
}

impl Map {
    /// Adds the next segment. `None` stands for an invalid number, which is a fault. After a fault, nothing is added.
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

    /// Adds segments in the old format, up to the first empty one.
    fn take_pairs(&mut self, pairs: &[u8]) {
        for pair in pairs.chunks_exact(PAIR_BYTES) {
            let (start, len) = pair.split_at(PAIR_BYTES / 2);
            if start[0] == 0 || len[0] == 0 {
                break;
            }
            self.push(unsigned(start), unsigned(len));
        }
    }

    /// Returns the complete map of a file of this size. Segments beyond the size are a fault.
    fn of_size(mut self, size: Option<u64>) -> Map {
        let Some(len) = size else { return Map::faulty("a sparse file has no size") };
        if let Some(beyond) = self.segments.iter().position(|segment| segment.end > len) {
            self.segments.truncate(beyond);
            self.fault = Some(damaged("the data map of a sparse file goes beyond its size"));
        }
        Map { size, ..self }
    }

    /// Returns a map of which nothing can be used.
    fn faulty(why: &str) -> Map {
        Map { fault: Some(damaged(why)), ..Map::default() }
    }

    /// Consumes the map in front of the data, in version 1.0.
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

/// Decodes a number that must not be negative.
fn unsigned(field: &[u8]) -> Option<u64> {
    u64::try_from(number(field)?).ok()
}

/// Consumes a line with a decimal number; `None` if it is something else.
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

/// The attributes of a member whose keys begin with `GNU.sparse.`.
#[derive(Clone, Default)]
pub(super) struct Records {
    /// The name of the file. The one in the header is only for programs that do not know these attributes.
    pub(super) name: Option<Vec<u8>>,
    /// The size of the file with its holes in bytes.
    size: Option<u64>,
    /// The major and minor version of the format.
    version: (u64, u64),
    /// The offset of a segment whose length comes next.
    start: Option<u64>,
    map: Map,
}

impl Records {
    /// Adds the attribute whose key is `GNU.sparse.` and then `key`.
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

/// Returns the loss for a sparse member in an unknown format.
pub(super) fn unknown() -> Loss {
    refused("it is a sparse file in a form that is not supported", Remedy::Unpack)
}

impl Walk {
    /// Visits a member of type `S`, of which `size` bytes are stored.
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
        let mut goes_on = header[if is_gnu { 482 } else { 355 }];
        while goes_on != 0 {
            let block = self.input.array::<BLOCK_BYTES>().ok_or_else(|| self.short())?;
            map.take_pairs(&block[..504]);
            goes_on = block[504];
        }
        if !is_gnu {
            let flow = visit(Item::Unread(label, unknown()));
            return self.go_on(flow, Some(size), size);
        }
        let data = Data::new(&mut self.input, size);
        let (flow, rest) = Filled::new(data, map.of_size(unsigned(&header[483..495]))).visit(label, visit);
        self.go_on(flow, rest, size)
    }

    /// Visits a member that is sparse according to its attributes, of which `size` bytes are stored.
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
                return self.go_on(flow, Some(size), size);
            }
        };
        let (flow, rest) = Filled::new(data, map).visit(label, visit);
        self.go_on(flow, rest, size)
    }
}

/// A reader of a member with its holes.
struct Filled<'i> {
    data: Data<'i>,
    map: Map,
    /// The index of the first segment that ends after `delivered`.
    next: usize,
    delivered: u64,
    has_ended: bool,
}

impl Filled<'_> {
    /// Returns a reader of a file with this map, whose segments are `data`.
    fn new(data: Data<'_>, map: Map) -> Filled<'_> {
        let mut filled = Filled { data, map, next: 0, delivered: 0, has_ended: false };
        filled.deliver(0);
        filled
    }

    /// Passes the member to the visitor. Also returns how many bytes of the stored data were not read, or `None` if the archive
    /// breaks off in them.
    fn visit(mut self, label: Label, visit: &mut Visit<'_>) -> (ControlFlow<()>, Option<u64>) {
        let label = Label { size: self.map.size, ..label };
        let flow = visit(Item::Member(label, &mut self));
        (flow, self.data.rest())
    }

    /// Counts `len` delivered bytes, and goes on to the segment in which the file continues.
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

    /// Ends the file here and returns the error that reports the damage, with how much of the file was read before it.
    fn fault(&mut self, loss: Loss) -> io::Error {
        self.has_ended = true;
        Loss { delivered: Some(self.delivered), ..loss }.into()
    }

    /// Returns the result of a read at the end: the fault of the map, if it has one.
    fn judge(&mut self) -> io::Result<usize> {
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
            (0, None) => return self.judge(),
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
