//! Sparse members: files with holes, stretches that nobody ever wrote and that read as zeros. An archive has the data between
//! the holes, one piece behind the other, and a map that says where in the file they belong.
//!
//! GNU tar has four ways to store the map, and all of them are read:
//!
//! | format | where the map stands |
//! |---|---|
//! | old GNU | in the header, of type `S`, and in blocks behind it |
//! | pax 0.0 | in the attributes, an offset and a length for each piece |
//! | pax 0.1 | in the attributes, as one list |
//! | pax 1.0 | before the data, one number a line, filled up to a block |
//!
//! Invariants: a member is delivered as it was on disk, up to the place where its map stops making sense; a hole is told
//! before it is delivered ([`MemberData::hole`]), so that whoever visits decides whether it is too much; a map costs no more
//! memory than the [`SEGMENT_LIMIT`] allows.
//!
//! The pieces follow each other without a gap, and the member's size is their sum, as Go, libarchive and Python read them.
//! GNU tar fills each up to a block, which is the same: all but the last come as whole blocks of a disk.

#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::header::{decimal, number, text};
use super::{BLOCK_BYTES, Block, Data, Walk, padding};
use crate::problem::{Kind, Loss, Remedy};
use crate::unpack::archive::{Format, Item, Label, MemberData, Visit, refused};
use crate::unpack::fault::passed_on;

/// How many pieces of data a map may have: as many as take 1 MiB in memory, which is what attributes may take.
const SEGMENT_LIMIT: usize = 1 << 16;

const UNREADABLE: &str = "the data map of a sparse file cannot be read";

/// How long an offset and a length are together, in the header of the old format.
const PAIR_BYTES: usize = 24;

/// Where the data of a member belong.
#[derive(Clone, Debug, Default)]
struct Map {
    /// One behind the other, without overlap. They may be empty, and then divide a hole.
    segments: Vec<Segment>,
    /// Of the member with its holes, in bytes. Known unless there is a fault.
    size: Option<u64>,
    /// Why nothing is known of what follows the segments.
    fault: Option<Loss>,
}

/// A piece of data, from one offset in the member to another.
#[derive(Clone, Copy, Debug)]
struct Segment {
    start: u64,
    end: u64,
}

impl Map {
    /// Takes the next segment; `None` stands for what is no number. Behind a fault nothing is taken.
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

    /// Takes the pairs of the old format, of which the first empty one is the last.
    fn take_pairs(&mut self, pairs: &[u8]) {
        for pair in pairs.chunks_exact(PAIR_BYTES) {
            let (start, len) = pair.split_at(PAIR_BYTES / 2);
            if start[0] == 0 || len[0] == 0 {
                break;
            }
            self.push(unsigned(start), unsigned(len));
        }
    }

    /// The map of a member of this size, which has all its segments.
    fn of_size(mut self, size: Option<u64>) -> Map {
        let Some(len) = size else { return Map::faulty("a sparse file has no size") };
        if let Some(beyond) = self.segments.iter().position(|segment| segment.end > len) {
            self.segments.truncate(beyond);
            self.fault = Some(damaged("the data map of a sparse file goes beyond its size"));
        }
        Map { size, ..self }
    }

    /// A map of which nothing can be used.
    fn faulty(why: &str) -> Map {
        Map { fault: Some(damaged(why)), ..Map::default() }
    }

    /// What stands before `data` in version 1.0: how many segments there are, then each one's offset and length.
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

fn damaged(why: &str) -> Loss {
    Format::Tar.damaged(why)
}

fn unsigned(field: &[u8]) -> Option<u64> {
    u64::try_from(number(field)?).ok()
}

/// The next line of digits; `None` if it is something else.
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

/// What the attributes of a member tell of its holes.
#[derive(Clone, Default)]
pub(super) struct Records {
    /// Its own name; the one in its header says that it is sparse, to programs that know nothing of that.
    pub(super) name: Option<Vec<u8>>,
    size: Option<u64>,
    version: (u64, u64),
    /// Of the segment whose length comes next.
    start: Option<u64>,
    map: Map,
}

impl Records {
    /// Takes an attribute whose key is `GNU.sparse.` and this.
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

/// Why a sparse member is not read.
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
        // Besides GNU tar only star has this type, and its header has other places.
        let mut goes_on = header[if is_gnu { 482 } else { 355 }];
        while goes_on != 0 {
            let block = self.input.array::<BLOCK_BYTES>().ok_or_else(|| self.short())?;
            map.take_pairs(&block[..504]);
            goes_on = block[504];
        }
        if !is_gnu {
            let flow = visit(Item::Unread(label, unknown()));
            return self.behind(flow, Some(size), size);
        }
        let data = Data::new(&mut self.input, size);
        let (flow, rest) = Filled::new(data, map.of_size(unsigned(&header[483..495]))).visit(label, visit);
        self.behind(flow, rest, size)
    }

    /// Visits a member whose attributes tell that it is sparse, of which `size` bytes are stored.
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
                return self.behind(flow, Some(size), size);
            }
        };
        let (flow, rest) = Filled::new(data, map).visit(label, visit);
        self.behind(flow, rest, size)
    }
}

/// The data of a member with its holes.
struct Filled<'i> {
    data: Data<'i>,
    map: Map,
    /// The first segment that does not end before `delivered`, nor there.
    next: usize,
    delivered: u64,
    has_ended: bool,
}

impl Filled<'_> {
    fn new(data: Data<'_>, map: Map) -> Filled<'_> {
        let mut filled = Filled { data, map, next: 0, delivered: 0, has_ended: false };
        filled.deliver(0);
        filled
    }

    /// Has it visited, and says what of the stored data is left; `None` if they broke off.
    fn visit(mut self, label: Label, visit: &mut Visit<'_>) -> (ControlFlow<()>, Option<u64>) {
        let label = Label { size: self.map.size, ..label };
        let flow = visit(Item::Member(label, &mut self));
        (flow, self.data.rest())
    }

    fn deliver(&mut self, len: usize) {
        self.delivered += len as u64;
        let is_behind = |segment: &Segment| segment.end <= self.delivered;
        self.next += self.map.segments[self.next..].iter().take_while(|segment| is_behind(segment)).count();
    }

    /// Reads what is stored of the next segment.
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

    fn fault(&mut self, loss: Loss) -> io::Error {
        self.has_ended = true;
        Loss { delivered: Some(self.delivered), ..loss }.into()
    }

    /// What there is to tell at the end.
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
