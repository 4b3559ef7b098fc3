//! A zip archive in a file, by its directory: every member can be read for itself, by several threads.
//!
//! Only a directory that is whole, begins where it says, leaves no bytes over in itself, lists as many members as it says and
//! all that are there is trusted; else the file is read as a stream is. It costs memory as it is read, not as it claims.
//!
//! Bytes that belong to no listed member are nothing by themselves: descriptors, padding by which members are aligned, keys and
//! signatures lie there, too. A member begins with a signature: where there is one in such bytes, the directory leaves out
//! something.

use std::fmt;
use std::io::{self, Read as _};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use super::super::dos::{u16_at, u32_at, u64_at};
use super::super::{Item, Label};
use super::record::{HEADER_BYTES, Listed, Record, read_header, read_listed};
use super::{Extent, Format, Left, Loss, Options, Visit, damaged, pass_to, visit_member};
use crate::unpack::file::{DiskFile, FileSpan};
use crate::unpack::input::Input;

const END_BYTES: u64 = 22;
const LOCATOR_BYTES: u64 = 20;
const END64_BYTES: u64 = 56;

/// A zip archive in a file. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct ZipFile(Arc<Zip>);

impl fmt::Debug for ZipFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZipFile").field("members", &self.0.members.len()).finish_non_exhaustive()
    }
}

struct Zip {
    file: Arc<DiskFile>,
    start: u64,
    /// In the order in which they are stored.
    members: Vec<Listed>,
    /// Where the directory begins, in the archive.
    end: u64,
    options: Options,
    shortfall: Option<Loss>,
}

/// Where the directory lies, and what it says of itself.
struct Directory {
    offset: u64,
    end: u64,
    count: u64,
}

/// What may stand before the first member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// In which any bytes may occur.
    Program,
}

/// A zip archive at the end of a file that does not begin like one.
#[derive(Debug)]
pub(crate) enum AtEnd {
    /// All of it, behind a program that unpacks it, or with a wrong byte at its beginning.
    Whole(ZipFile),
    /// The last part of a split one.
    Part,
    /// It is not where it says: its beginning is missing, or something else is wrong.
    Damaged,
}

impl AtEnd {
    /// `None` if the file does not end like an archive, or like one without members.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn of(file: &Arc<DiskFile>, len: u64, options: &Options) -> io::Result<Option<AtEnd>> {
        let Some((tail, at)) = find_end(file, 0, len)? else { return Ok(None) };
        let end = &tail[at..];
        let number = |at| u16_at(end, at).unwrap_or(0);
        let (disk, count) = (number(4), number(10));
        if count == 0 {
            return Ok(None);
        }
        // Where there are too many for the field, another record has the number.
        if ![0, u16::MAX].contains(&disk) || number(6) != disk || number(8) != count {
            return Ok(Some(AtEnd::Part));
        }
        let position = len - (tail.len() - at) as u64;
        let start = start_of(file, &tail, at, position)?;
        let open = |start: u64| ZipFile::open_behind(Before::Program, Arc::clone(file), start, len - start, options);
        Ok(Some(start.map(open).transpose()?.flatten().map_or(AtEnd::Damaged, AtEnd::Whole)))
    }
}

/// Where a member lies, as its directory tells it.
struct Place {
    offset: u64,
    least_len: u64,
    packed: u64,
}

impl ZipFile {
    /// Reads the directory; `None` if the archive has to be read as a stream.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn open(file: Arc<DiskFile>, start: u64, len: u64, options: &Options) -> io::Result<Option<ZipFile>> {
        ZipFile::open_behind(Before::Nothing, file, start, len, options)
    }

    fn open_behind(
        before: Before,
        file: Arc<DiskFile>,
        start: u64,
        len: u64,
        options: &Options,
    ) -> io::Result<Option<ZipFile>> {
        let Some(directory) = find(&file, start, len)? else { return Ok(None) };
        let mut input = Input::of_file(
            Arc::clone(&file),
            start.saturating_add(directory.offset),
            start.saturating_add(directory.end),
        );
        let (mut members, mut count, mut shortfall) = (Vec::new(), 0, None);
        let mut places = Vec::new();
        while input.array() == Some(*b"PK\x01\x02") {
            let Some(listed) = read_listed(&mut input) else { return Ok(None) };
            count += 1;
            if count > options.max_members {
                shortfall = Some(Format::Zip.too_many_members(options.max_members));
                continue;
            }
            places.push(Place { offset: listed.offset, least_len: listed.least_len, packed: listed.record.packed });
            if !listed.record.is_folder {
                members.push(listed);
            }
        }
        if let Some(error) = input.failure() {
            return Err(error);
        }
        if count != directory.count || input.position() != directory.end - directory.offset {
            return Ok(None);
        }
        places.sort_unstable_by_key(|place: &Place| place.offset);
        let first = places.first().map_or(0, |place| place.offset);
        // Places that are told from the beginning of the program do not tell where it ends.
        let covered = if before == Before::Program && start == 0 { first } else { 0 };
        if shortfall.is_none() && leaves_out(&file, start, &places, covered..directory.offset)? {
            return Ok(None);
        }
        members.sort_by_key(|listed| listed.offset);
        let zip = Zip { file, start, members, end: directory.offset, options: options.clone(), shortfall };
        Ok(Some(ZipFile(Arc::new(zip))))
    }

    /// The members, in the order in which they are stored, without folders.
    pub(crate) fn labels(&self) -> impl ExactSizeIterator<Item = &Label> + Clone {
        self.0.members.iter().map(|listed| &listed.record.label)
    }

    /// One of [`ZipFile::labels`].
    pub(crate) fn label(&self, index: usize) -> Option<&Label> {
        self.0.members.get(index).map(|listed| &listed.record.label)
    }

    /// What is to be told when all members were read.
    pub(crate) fn shortfall(&self) -> Option<&Loss> {
        self.0.shortfall.as_ref()
    }

    /// Visits the member at `index` in [`ZipFile::labels`].
    ///
    /// # Errors
    /// The archive ends in the member, and the visitor did not meet that while reading.
    pub(crate) fn read(&self, index: usize, visit: &mut Visit<'_>) -> io::Result<ControlFlow<()>> {
        let Zip { file, start, members, end, options, .. } = &*self.0;
        let Some(Listed { record, offset, .. }) = members.get(index) else {
            return Ok(ControlFlow::Continue(()));
        };
        let limit = members.get(index + 1).map_or(*end, |next| next.offset).min(*end);
        let at = |offset: u64| start.saturating_add(offset);
        let mut outer = Input::of_file(Arc::clone(file), at(*offset), at(*end));
        if let Err(why) = pass_header(&mut outer, record, limit.saturating_sub(*offset)) {
            return Ok(match outer.failure() {
                Some(error) => return Err(error),
                None => visit(Item::Unread(record.label.clone(), damaged(why))),
            });
        }
        let record = Record { has_descriptor: false, ..record.clone() };
        match visit_member(&record, outer, Extent::Known(record.packed), options, visit)? {
            Left::Cut => Ok(ControlFlow::Continue(())),
            Left::Behind { flow, .. } => Ok(flow),
        }
    }

    pub(super) fn walk(&self, visit: &mut Visit<'_>) -> io::Result<()> {
        for index in 0..self.0.members.len() {
            if self.read(index, visit)?.is_break() {
                return Ok(());
            }
        }
        self.shortfall().map_or(Ok(()), |loss| Err(loss.clone().into()))
    }
}

/// Whether a member that is not listed lies between those that are, in the order of their places, or before or behind them, in
/// `all`, which ends at the directory.
fn leaves_out(file: &Arc<DiskFile>, start: u64, places: &[Place], all: Range<u64>) -> io::Result<bool> {
    /// With a name of one byte and no data.
    const LEAST_BYTES: u64 = HEADER_BYTES + 1;
    let mut covered = all.start;
    for (index, next) in places.iter().map(|place| place.offset).chain([all.end]).enumerate() {
        let place = index.checked_sub(1).and_then(|before| places.get(before));
        // A damaged place may lie anywhere.
        let next = next.min(all.end);
        if let Some(place) = place {
            covered = covered.max(place.offset.saturating_add(place.least_len));
        }
        // Nearly all members are followed by the next one, or by too little for another.
        if next.saturating_sub(covered) < LEAST_BYTES {
            continue;
        }
        if let Some(place) = place {
            covered = covered.max(end_of_data(file, start, place, all.end)?);
        }
        let mut gap = Input::of_file(Arc::clone(file), start.saturating_add(covered), start.saturating_add(next));
        if covered < next && pass_to(&mut gap, &[b"PK\x03\x04"]) {
            return Ok(true);
        }
        if let Some(error) = gap.failure() {
            return Err(error);
        }
    }
    Ok(false)
}

/// Where the data of a member end, as far as the header before them is where it should be, before `limit`.
fn end_of_data(file: &DiskFile, start: u64, place: &Place, limit: u64) -> io::Result<u64> {
    let at = |offset: u64| start.saturating_add(offset);
    let end = place.offset.saturating_add(HEADER_BYTES).min(limit);
    let header = read_span(file, at(place.offset), at(end))?;
    let texts = u16_at(&header, 26).zip(u16_at(&header, 28)).filter(|_| header.starts_with(b"PK\x03\x04"));
    let len = texts.map_or(0, |(name, extra)| HEADER_BYTES + u64::from(name) + u64::from(extra));
    Ok(place.offset.saturating_add(len).saturating_add(place.packed))
}

/// Passes over the header before the data, which have to end before `limit` bytes are over; or says what is wrong.
fn pass_header(input: &mut Input, record: &Record, limit: u64) -> Result<(), &'static str> {
    const MISSING: &str = "a file is not where the table of contents says";
    if input.array() != Some(*b"PK\x03\x04") {
        return Err(MISSING);
    }
    let header = read_header(input).ok_or(MISSING)?;
    // Some writers leave out what they tell in the directory.
    let is_other_len = !header.has_descriptor && ![0, record.packed].contains(&header.packed);
    if header.method != record.method || header.encryption != record.encryption || is_other_len {
        return Err("the header of a file contradicts the table of contents");
    }
    if input.position().checked_add(record.packed).is_none_or(|end| end > limit) {
        return Err("files overlap");
    }
    Ok(())
}

/// The last bytes of an archive, and where in them the record of its end lies.
fn find_end(file: &DiskFile, start: u64, len: u64) -> io::Result<Option<(Vec<u8>, usize)>> {
    // With the longest comment.
    let tail_len = len.min(END_BYTES + LOCATOR_BYTES + u64::from(u16::MAX));
    let tail = read_span(file, start.saturating_add(len - tail_len), start.saturating_add(len))?;
    if tail.len() as u64 != tail_len {
        return Ok(None);
    }
    let is_end = |at: &usize| {
        let comment = u16_at(&tail, at + 20);
        tail[*at..].starts_with(b"PK\x05\x06") && comment.is_some_and(|len| at + 22 + usize::from(len) == tail.len())
    };
    let at = (0..tail.len()).rev().find(is_end);
    Ok(at.map(|at| (tail, at)))
}

fn find(file: &DiskFile, start: u64, len: u64) -> io::Result<Option<Directory>> {
    let Some((tail, at)) = find_end(file, start, len)? else { return Ok(None) };
    let position = len - (tail.len() - at) as u64;
    let Some(locator) = locator_before(&tail, at) else { return Ok(short(&tail[at..], position)) };
    match u64_at(locator, 8) {
        Some(offset) if offset.checked_add(END64_BYTES).is_some_and(|end| end <= len) => {
            Ok(long(&read_long(file, start.saturating_add(offset))?, offset, position))
        }
        _ => Ok(None),
    }
}

/// What tells where a record with large numbers lies, before the record at `at`.
fn locator_before(tail: &[u8], at: usize) -> Option<&[u8]> {
    at.checked_sub(20).map(|before| &tail[before..at]).filter(|bytes| bytes.starts_with(b"PK\x06\x07"))
}

/// A record with large numbers, which lies `at` there in the file.
fn read_long(file: &DiskFile, at: u64) -> io::Result<Vec<u8>> {
    read_span(file, at, at.saturating_add(END64_BYTES))
}

fn read_span(file: &DiskFile, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    FileSpan::new(file, start, end).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where an archive begins whose directory ends right before the records of its end, the last of which lies at `position` in the
/// file. Places may be told from the beginning of the archive, or of the program before it.
fn start_of(file: &DiskFile, tail: &[u8], at: usize, position: u64) -> io::Result<Option<u64>> {
    let begin = |end: u64, len: u64, offset: u64| end.checked_sub(len)?.checked_sub(offset);
    if locator_before(tail, at).is_some()
        && let Some(position) = position.checked_sub(LOCATOR_BYTES + END64_BYTES)
    {
        let end = read_long(file, position)?;
        // Nobody extends it; then it would lie elsewhere.
        if end.starts_with(b"PK\x06\x06") && u64_at(&end, 4) == Some(END64_BYTES - 12) {
            let numbers = u64_at(&end, 40).zip(u64_at(&end, 48));
            return Ok(numbers.and_then(|(len, offset)| begin(position, len, offset)));
        }
    }
    let numbers = u32_at(tail, at + 12).zip(u32_at(tail, at + 16));
    Ok(numbers.and_then(|(len, offset)| match offset {
        u32::MAX => Some(0),
        _ => begin(position, len.into(), offset.into()),
    }))
}

/// The directory before the record of its end, which lies at `position`.
fn short(end: &[u8], position: u64) -> Option<Directory> {
    let count = u16_at(end, 10)?;
    let (len, offset) = (u64::from(u32_at(end, 12)?), u64::from(u32_at(end, 16)?));
    let is_whole = u32_at(end, 4)? == 0 && u16_at(end, 8)? == count && offset + len == position;
    is_whole.then_some(Directory { offset, end: position, count: count.into() })
}

/// The same of a record with large numbers, which a locator separates from the other one.
fn long(end: &[u8], offset64: u64, position: u64) -> Option<Directory> {
    let record_len = u64_at(end, 4)?.checked_add(12)?;
    let (count, len, offset) = (u64_at(end, 32)?, u64_at(end, 40)?, u64_at(end, 48)?);
    let is_whole = end.starts_with(b"PK\x06\x06")
        && u64_at(end, 16)? == 0
        && u64_at(end, 24)? == count
        && offset.checked_add(len)? == offset64
        && offset64.checked_add(record_len)?.checked_add(LOCATOR_BYTES)? == position;
    is_whole.then_some(Directory { offset, end: offset64, count })
}
