//! Reads a zip archive in a file using its directory. Each member can be read on its own, and several threads can read at once.
//!
//! The directory is used only if it is complete: it starts where its end record states, ends where the end record starts, lists as
//! many members as stated, and does not leave out any member that is in the file. Otherwise the file is read as a stream. The
//! memory for the directory depends on its real length and not on what its end record states.
//!
//! An intact archive may have bytes that belong to no listed member, such as descriptors, padding, keys and signatures. But if such
//! bytes contain the signature of a local header, the directory leaves out a member.
//!
//! # End records
//!
//! These follow the directory. Sections are those of APPNOTE 6.3.10. The table gives offsets and sizes.
//!
//! | end (4.3.16) | zip64 end (4.3.14) | meaning |
//! |---|---|---|
//! | 0, 4 bytes | 0, 4 bytes | signature, `PK 05 06` or `PK 06 06` |
//! | | 4, 8 bytes | length of this record without its first 12 bytes |
//! | | 12, 4 bytes | versions, ignored |
//! | 4, 2 bytes | 16, 4 bytes | number of this disk; 0 unless the archive is split |
//! | 6, 2 bytes | 20, 4 bytes | number of the disk on which the directory begins |
//! | 8, 2 bytes | 24, 8 bytes | number of members listed on this disk |
//! | 10, 2 bytes | 32, 8 bytes | number of members |
//! | 12, 4 bytes | 40, 8 bytes | length of the directory |
//! | 16, 4 bytes | 48, 8 bytes | offset of the directory in the archive |
//! | 20, 2 bytes | | length of the comment that follows |
//!
//! In a zip64 archive, the locator (4.3.15) is directly before the end record and gives the place of the zip64 end record:
//!
//! | offset | size | meaning |
//! |---|---|---|
//! | 0 | 4 | signature, `PK 06 07` |
//! | 4 | 4 | number of the disk with the zip64 record, ignored |
//! | 8 | 8 | offset of the zip64 record in the archive |
//! | 16 | 4 | number of disks, ignored |

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

/// The length of the end record in bytes, without its comment.
const END_BYTES: u64 = 22;
/// The length of the locator of the zip64 end record in bytes.
const LOCATOR_BYTES: u64 = 20;
/// The length of the zip64 end record in bytes, without extensions, which nobody uses.
const END64_BYTES: u64 = 56;

/// A zip archive in a file, with its directory in memory. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct ZipFile(Arc<Zip>);

impl fmt::Debug for ZipFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZipFile").field("members", &self.0.members.len()).finish_non_exhaustive()
    }
}

struct Zip {
    file: Arc<DiskFile>,
    /// The offset of the archive in the file.
    start: u64,
    /// The members except folders, in the order in which they are stored.
    members: Vec<Listed>,
    /// The offset of the directory in the archive, which is the end of the members.
    end: u64,
    options: Options,
    /// The reason why `members` is not complete, if it is not.
    shortfall: Option<Loss>,
}

/// The range of the directory in the archive, and the number of members that it lists.
struct Directory {
    offset: u64,
    end: u64,
    count: u64,
}

/// What may precede the first member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// A program, in which the signature of a member may occur by chance.
    Program,
}

/// A zip archive at the end of a file that does not begin like one.
#[derive(Debug)]
pub(crate) enum AtEnd {
    /// A complete archive that follows a program, or whose first bytes are damaged.
    Whole(ZipFile),
    /// The last part of a split archive.
    Part,
    /// An archive whose directory cannot be used, for example because the beginning of the archive is missing.
    Damaged,
}

impl AtEnd {
    /// Searches for an archive at the end of a file of `len` bytes. Returns `None` if there is none or if it has no members.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    pub(crate) fn of(file: &Arc<DiskFile>, len: u64, options: &Options) -> io::Result<Option<AtEnd>> {
        let Some((tail, at)) = find_end(file, 0, len)? else { return Ok(None) };
        let end = &tail[at..];
        let number = |at| u16_at(end, at).unwrap_or(0);
        let (disk, count) = (number(4), number(10));
        if count == 0 {
            return Ok(None);
        }
        // All ones mean that the number is in the zip64 end record.
        if ![0, u16::MAX].contains(&disk) || number(6) != disk || number(8) != count {
            return Ok(Some(AtEnd::Part));
        }
        let position = len - (tail.len() - at) as u64;
        let start = start_of(file, &tail, at, position)?;
        let open = |start: u64| ZipFile::open_after(Before::Program, Arc::clone(file), start, len - start, options);
        Ok(Some(start.map(open).transpose()?.flatten().map_or(AtEnd::Damaged, AtEnd::Whole)))
    }
}

/// The place of a member according to the directory.
struct Location {
    /// The offset of the local header in the archive.
    offset: u64,
    /// The least length of the local header and the data in bytes. See [`Listed::least_len`].
    least_len: u64,
    /// The packed size in bytes.
    packed: u64,
}

impl ZipFile {
    /// Reads the directory of an archive that consists of `len` bytes of `file` from `start` on. Returns `None` if the directory is
    /// not complete, so that the archive has to be read as a stream.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    pub(crate) fn open(file: Arc<DiskFile>, start: u64, len: u64, options: &Options) -> io::Result<Option<ZipFile>> {
        ZipFile::open_after(Before::Nothing, file, start, len, options)
    }

    fn open_after(
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
            places.push(Location { offset: listed.offset, least_len: listed.least_len, packed: listed.record.packed });
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
        places.sort_unstable_by_key(|place: &Location| place.offset);
        let first = places.first().map_or(0, |place| place.offset);
        // If offsets count from the start of the program before the archive, the end of the program is unknown. The bytes before the
        // first member are then not searched, because they may be part of the program.
        let covered = if before == Before::Program && start == 0 { first } else { 0 };
        if shortfall.is_none() && leaves_out(&file, start, &places, covered..directory.offset)? {
            return Ok(None);
        }
        members.sort_by_key(|listed| listed.offset);
        let zip = Zip { file, start, members, end: directory.offset, options: options.clone(), shortfall };
        Ok(Some(ZipFile(Arc::new(zip))))
    }

    /// Returns the labels of all members except folders, in the order in which they are stored.
    pub(crate) fn labels(&self) -> impl ExactSizeIterator<Item = &Label> + Clone {
        self.0.members.iter().map(|listed| &listed.record.label)
    }

    /// Returns the label at `index` in [`ZipFile::labels`].
    pub(crate) fn label(&self, index: usize) -> Option<&Label> {
        self.0.members.get(index).map(|listed| &listed.record.label)
    }

    /// Returns the loss to report after all members have been read, if the archive has more members than the limit.
    pub(crate) fn shortfall(&self) -> Option<&Loss> {
        self.0.shortfall.as_ref()
    }

    /// Visits the member at `index` in [`ZipFile::labels`].
    ///
    /// # Errors
    ///
    /// Returns an error if the archive ends within the member, unless the reader has already returned it to the visitor.
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
            Left::After { flow, .. } => Ok(flow),
        }
    }

    /// Visits all members. See [`super::super::walk`] for the contract.
    pub(super) fn walk(&self, visit: &mut Visit<'_>) -> io::Result<()> {
        for index in 0..self.0.members.len() {
            if self.read(index, visit)?.is_break() {
                return Ok(());
            }
        }
        self.shortfall().map_or(Ok(()), |loss| Err(loss.clone().into()))
    }
}

/// Whether there is a member between the listed ones that the directory does not list. `places` are the listed members, ordered by
/// offset. `all` is the range of the archive to search, which ends at the directory.
fn leaves_out(file: &Arc<DiskFile>, start: u64, places: &[Location], all: Range<u64>) -> io::Result<bool> {
    /// The length of the shortest possible member, with a name of one byte and no data.
    const LEAST_BYTES: u64 = HEADER_BYTES + 1;
    let mut covered = all.start;
    for (index, next) in places.iter().map(|place| place.offset).chain([all.end]).enumerate() {
        let place = index.checked_sub(1).and_then(|before| places.get(before));
        // A damaged offset may point anywhere.
        let next = next.min(all.end);
        if let Some(place) = place {
            covered = covered.max(place.offset.saturating_add(place.least_len));
        }
        // Nearly always, the next member follows directly, or there is too little room for another one.
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

/// Returns the offset at which the data of a member end, according to the lengths in its local header. The header is read only up
/// to `limit`. If there is no header, only the packed size is added.
fn end_of_data(file: &DiskFile, start: u64, place: &Location, limit: u64) -> io::Result<u64> {
    let at = |offset: u64| start.saturating_add(offset);
    let end = place.offset.saturating_add(HEADER_BYTES).min(limit);
    let header = read_span(file, at(place.offset), at(end))?;
    let texts = u16_at(&header, 26).zip(u16_at(&header, 28)).filter(|_| header.starts_with(b"PK\x03\x04"));
    let len = texts.map_or(0, |(name, extra)| HEADER_BYTES + u64::from(name) + u64::from(extra));
    Ok(place.offset.saturating_add(len).saturating_add(place.packed))
}

/// Reads the local header and compares it with the directory. The header and the data together must not take more than `limit`
/// bytes. Returns an error with what is wrong, for a message.
fn pass_header(input: &mut Input, record: &Record, limit: u64) -> Result<(), &'static str> {
    const MISSING: &str = "a file is not where the table of contents states";
    if input.array() != Some(*b"PK\x03\x04") {
        return Err(MISSING);
    }
    let header = read_header(input).ok_or(MISSING)?;
    // Some programs state a size in the directory only and not in the local header.
    let is_other_len = !header.has_descriptor && ![0, record.packed].contains(&header.packed);
    if header.method != record.method || header.encryption != record.encryption || is_other_len {
        return Err("the header of a file contradicts the table of contents");
    }
    if input.position().checked_add(record.packed).is_none_or(|end| end > limit) {
        return Err("files overlap");
    }
    Ok(())
}

/// Returns the last bytes of an archive and the position of the end record in them, or `None` if there is no end record whose
/// comment ends at the end of the archive.
fn find_end(file: &DiskFile, start: u64, len: u64) -> io::Result<Option<(Vec<u8>, usize)>> {
    // Enough for the longest comment.
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

/// Finds the directory using its end records. Returns `None` if they are missing or contradict each other.
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

/// Returns the locator of the zip64 end record, if it is directly before the end record, which is at `at` in `tail`.
fn locator_before(tail: &[u8], at: usize) -> Option<&[u8]> {
    at.checked_sub(20).map(|before| &tail[before..at]).filter(|bytes| bytes.starts_with(b"PK\x06\x07"))
}

/// Reads the zip64 end record at the offset `at` of the file.
fn read_long(file: &DiskFile, at: u64) -> io::Result<Vec<u8>> {
    read_span(file, at, at.saturating_add(END64_BYTES))
}

/// Reads the bytes `start..end` of the file.
fn read_span(file: &DiskFile, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    FileSpan::new(file, start, end).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the offset in the file at which an archive starts, if its directory ends directly before its end records. The end record
/// is at `position` in the file, which is at `at` in `tail`.
///
/// If the offsets in the archive count from the start of a program before it, the result is 0.
fn start_of(file: &DiskFile, tail: &[u8], at: usize, position: u64) -> io::Result<Option<u64>> {
    let begin = |end: u64, len: u64, offset: u64| end.checked_sub(len)?.checked_sub(offset);
    if locator_before(tail, at).is_some()
        && let Some(position) = position.checked_sub(LOCATOR_BYTES + END64_BYTES)
    {
        let end = read_long(file, position)?;
        // This assumes that the record has no extensions, which nobody uses.
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

/// Decodes the end record at `position`. Returns `None` unless it describes a whole archive whose directory ends there.
fn short(end: &[u8], position: u64) -> Option<Directory> {
    let count = u16_at(end, 10)?;
    let (len, offset) = (u64::from(u32_at(end, 12)?), u64::from(u32_at(end, 16)?));
    let is_whole = u32_at(end, 4)? == 0 && u16_at(end, 8)? == count && offset + len == position;
    is_whole.then_some(Directory { offset, end: position, count: count.into() })
}

/// Decodes the zip64 end record at `offset64`. Returns `None` unless it describes a whole archive whose directory ends there, and
/// only the locator is between it and the end record at `position`.
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
