//! Reads 7z archives, which consist of blocks of packed data and a directory at the end.
//!
//! The specification is 7zFormat.txt of the LZMA SDK. An archive begins with a header of 32 bytes (SignatureHeader). Numbers are
//! little-endian:
//!
//! | offset | size | meaning |
//! |---|---|---|
//! | 0 | 6 | signature, `7z BC AF 27 1C` |
//! | 6 | 2 | version; the first byte must be 0 |
//! | 8 | 4 | CRC-32 of the following 20 bytes |
//! | 12 | 8 | offset of the directory from the end of this header |
//! | 20 | 8 | length of the directory in bytes; 0 if there are no files |
//! | 28 | 4 | CRC-32 of the directory |
//!
//! Packed data follow, and then the directory, whose layout is in [`directory`]. The directory may be packed and even encrypted.
//! Then there is another directory in its place, which describes a block that unpacks to the real one.
//!
//! The files of a block are unpacked one after another, and only as far as they are read. After a fault, the remaining files of
//! the block cannot be read. If an archive is cut short, its directory is missing, so nothing in it can be read.
//!
//! The data of an entry are read whatever its attributes are. The data of a link are the path of its target.
//!
//! Alternative: the crate sevenz-rust2. It loses data that LZMA2 has unpacked before a fault, and requires Rust 1.93. So this
//! module reads the directory itself, and unpacks data with the decoders that are also used for compressed files.

mod cursor;
mod directory;
#[cfg(test)]
mod tests;
mod unpack;

use std::io::{self, Read};
use std::ops::ControlFlow;

use flate2::CrcReader;

use self::cursor::Cursor;
use self::directory::{ENCODED_HEADER, File, NextBlock, Streams};
use self::unpack::{Keys, START_BYTES, contradiction, is_encrypted, unpack};
use super::held::Held;
use super::solid::{Solid, SolidFile};
use super::{
    Container, Format, Item, Label, MemberData, Options, Passwords, Visit, crc32, encrypted, refused, unix_time,
    without_dots,
};
use crate::name::shown_utf16;
use crate::problem::{Kind, Loss, Remedy};
use crate::unpack::fault::passed_on;
use crate::unpack::input::Input;

/// The greatest size of an unpacked directory in bytes, enough for about 100,000 files.
const DIRECTORY_LIMIT: u64 = 16 << 20;

/// How many times a directory may be packed, one time within the other.
const DIRECTORY_LAYERS: usize = 4;

/// Visits the files of a 7z archive, block by block. See [`super::walk`] for the contract.
pub(super) fn walk(container: Container, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    let held = Held::new(container, Format::SevenZip, options)?;
    if let Some(error) = held.failure().map(|error| passed_on(error, None)) {
        return Err(error);
    }
    let mut keys = Keys::default();
    let (directory, end) = read_directory(&held, &mut keys, options)?;
    if !directory.is_empty() {
        let (streams, mut files) = directory::read(&directory).ok_or_else(contradiction)?;
        let mut walk = Walk { held: &held, streams, keys, options, current: None, has_unlisted: false };
        let mut members = 0;
        while let Some(file) = files.next_file().ok_or_else(contradiction)? {
            members += 1;
            if members > options.max_members {
                return Err(Format::SevenZip.too_many_members(options.max_members).into());
            }
            if walk.file(&file, visit)?.is_break() {
                return Ok(());
            }
        }
        if walk.leaves_out() {
            return Err(Format::SevenZip.damaged("it contains data that its table of contents does not list").into());
        }
    }
    Format::SevenZip.trailing(&mut held.input(end, u64::MAX))
}

/// Returns the unpacked directory, and the offset at which the archive ends.
///
/// # Errors
///
/// Returns an error if the archive is cut short, or if the directory is damaged, too large, or encrypted with an unknown password.
fn read_directory(held: &Held, keys: &mut Keys, options: &Options) -> io::Result<(Vec<u8>, u64)> {
    let mut input = held.input(0, START_BYTES);
    let start: [u8; 32] = input.array().ok_or_else(|| Format::SevenZip.cut(&mut input, None))?;
    let mut numbers = Cursor(&start[8..]);
    let (Some(start_crc), Some(offset), Some(len), Some(crc)) =
        (numbers.u32(), numbers.u64(), numbers.u64(), numbers.u32())
    else {
        return Err(contradiction().into());
    };
    if start[6] != 0 {
        return Err(refused("the 7z archive has a version that is not supported", Remedy::Unpack).into());
    }
    if crc32(&start[12..]) != start_crc {
        return Err(Format::SevenZip.damaged("the checksum of its header does not match").into());
    }
    let begin = START_BYTES.saturating_add(offset);
    let end = begin.saturating_add(len);
    if end > held.len() {
        let what = "the 7z archive is cut short: the table of contents at its end is missing".to_owned();
        return Err(Loss { what, delivered: Some(0), ..Format::SevenZip.truncated(None) }.into());
    }
    let mut directory = read_all(&mut held.input(begin, end), len)?;
    if crc32(&directory) != crc {
        return Err(Format::SevenZip.damaged("the checksum of its table of contents does not match").into());
    }
    for _ in 0..DIRECTORY_LAYERS {
        if directory.first() != Some(&ENCODED_HEADER) {
            break;
        }
        directory = unpack_directory(&directory, held, keys, options)?;
    }
    Ok((directory, end))
}

/// Unpacks a packed directory. If it is encrypted, its checksum shows which password is right.
fn unpack_directory(packed: &[u8], held: &Held, keys: &mut Keys, options: &Options) -> io::Result<Vec<u8>> {
    let block = Streams::read(&mut Cursor(&packed[1..])).and_then(|mut streams| streams.next_block());
    let block = block.ok_or_else(contradiction)?;
    let size = block.block.size().ok_or_else(contradiction)?;
    let read = |keys: &mut Keys, password| -> io::Result<Vec<u8>> {
        let directory = read_all(&mut unpack(&block, held, keys, password)?, size)?;
        if block.crc.is_some_and(|crc| crc != crc32(&directory)) {
            return Err(Format::SevenZip.damaged("the checksum of its table of contents does not match").into());
        }
        Ok(directory)
    };
    if !is_encrypted(&block) {
        return read(keys, None);
    }
    if options.passwords.is_empty() {
        return Err(encrypted("the 7z archive is encrypted, including the file names", Remedy::GivePassword).into());
    }
    for password in keys.in_turn(&options.passwords) {
        if let Ok(directory) = read(keys, Some(password)) {
            keys.opened_by(password);
            return Ok(directory);
        }
    }
    Err(options.passwords.wrong("the 7z archive is damaged, or").into())
}

/// Starts unpacking a block. If it is encrypted and there are several passwords, `first`, which is the size and the CRC-32 of its
/// first file, shows which one is right.
fn open(
    block: &NextBlock<'_>,
    first: (u64, Option<u32>),
    held: &Held,
    keys: &mut Keys,
    passwords: &Passwords,
) -> Result<Input, Loss> {
    let password = match is_encrypted(block) {
        true if passwords.0.len() > 1 => fitting(block, first, held, keys, passwords),
        _ => passwords.iter().next(),
    };
    unpack(block, held, keys, password).map_err(|loss| match loss.kind {
        // Some coders already read data when they are created, which fails with a wrong password.
        Kind::Damaged if is_encrypted(block) && !passwords.is_empty() => passwords.wrong("it is damaged, or"),
        _ => loss,
    })
}

/// Returns the password that opens a block: the first one with which the first file has the right size and checksum. Nothing else
/// in the archive verifies a password. If there is no such password because the file is damaged, returns the one with which most
/// of it can be unpacked.
fn fitting<'p>(
    block: &NextBlock<'_>,
    (size, crc): (u64, Option<u32>),
    held: &Held,
    keys: &mut Keys,
    passwords: &'p Passwords,
) -> Option<&'p str> {
    /// The number of bytes that are tried first. With a wrong password, most coders fail within them, so a large file is rarely
    /// unpacked twice.
    const ENOUGH: u64 = 64 << 10;
    let mut left = keys.in_turn(passwords);
    for most in [size.min(ENOUGH), size] {
        let mut reached = Vec::new();
        for password in left {
            // With a wrong password, even creating a coder may fail.
            let begin = unpack(block, held, keys, Some(password)).map(|input| measure(input, most));
            let (len, sum) = begin.unwrap_or((0, 0));
            if len == size && crc.is_none_or(|crc| crc == sum) {
                keys.opened_by(password);
                return Some(password);
            }
            reached.push((len, password));
        }
        let furthest = reached.iter().map(|(len, _)| *len).max().unwrap_or(0);
        left = reached.iter().filter(|(len, _)| *len == furthest).map(|(_, password)| *password).collect();
        if left.len() < 2 || furthest < most {
            break;
        }
    }
    let password = left.first().copied();
    if let (Some(password), 1) = (password, left.len()) {
        keys.opened_by(password);
    }
    password
}

/// Reads up to `most` bytes, and returns their number and their CRC-32.
fn measure(input: Input, most: u64) -> (u64, u32) {
    let mut reader = CrcReader::new(input.take(most));
    // `Input` never returns an error.
    let len = io::copy(&mut reader, &mut io::sink()).unwrap_or(0);
    (len, reader.crc().sum())
}

/// Reads a directory of `len` bytes. Returns an error if that is more than [`DIRECTORY_LIMIT`].
fn read_all(input: &mut Input, len: u64) -> io::Result<Vec<u8>> {
    if len > DIRECTORY_LIMIT {
        let what = format!("the table of contents of the 7z archive takes more than {} MiB", DIRECTORY_LIMIT >> 20);
        return Err(Loss::new(Kind::OverLimit, what, Remedy::Unpack).into());
    }
    input.exactly(len).ok_or_else(|| Format::SevenZip.cut(input, None))
}

/// The state of a walk over the files of an archive.
struct Walk<'h> {
    held: &'h Held,
    streams: Streams<'h>,
    keys: Keys,
    options: &'h Options,
    current: Option<Current<'h>>,
    /// Whether a block without files was found.
    has_unlisted: bool,
}

/// The block whose files are being read.
struct Current<'h> {
    block: NextBlock<'h>,
    files_left: u64,
    bytes_left: u64,
    /// The unpacked data, or the reason why the block cannot be unpacked. `None` until its first file is visited.
    unpacked: Option<Result<Solid, Loss>>,
}

impl<'h> Walk<'h> {
    /// Visits an entry of the directory. Folders, links without data and marks of deleted files are left out.
    fn file(&mut self, file: &File<'_>, visit: &mut Visit<'_>) -> io::Result<ControlFlow<()>> {
        let mut label =
            Label { name: without_dots(&shown_name(file.name)), size: Some(0), packed: None, modified: None };
        label.modified = file.modified.and_then(windows_time);
        if !file.has_data {
            let is_member = file.is_empty && !file.is_anti && !is_link_or_folder(file.attributes);
            return Ok(if is_member {
                visit(Item::Member(label, &mut io::empty()))
            } else {
                ControlFlow::Continue(())
            });
        }
        let (size, crc) = self.next_file().ok_or_else(contradiction)?;
        label.size = Some(size);
        let Walk { held, keys, options, current: Some(current), .. } = self else {
            return Err(contradiction().into());
        };
        if current.block.files == 1 {
            label.packed = Some(current.block.packed.iter().map(|(start, end)| end - start).sum());
        }
        let Current { block, unpacked, .. } = current;
        let unpacked =
            unpacked.get_or_insert_with(|| open(block, (size, crc), held, keys, &options.passwords).map(Solid::new));
        let solid = match unpacked {
            Err(loss) => return Ok(visit(Item::Unread(label, loss.clone()))),
            Ok(solid) => solid,
        };
        Ok(match solid.file(size, crc) {
            Err(_) if is_encrypted(block) => {
                visit(Item::Unread(label, options.passwords.wrong("it follows damaged data, or is")))
            }
            Err(loss) => visit(Item::Unread(label, loss)),
            Ok(data) if is_encrypted(block) => {
                visit(Item::Member(label, &mut Decrypted { data, passwords: &options.passwords }))
            }
            Ok(mut data) => visit(Item::Member(label, &mut data)),
        })
    }

    /// Whether the archive has data that belong to no file. Called after all files have been visited.
    fn leaves_out(&mut self) -> bool {
        while let Some(NextBlock { block, files, .. }) = self.streams.next_block() {
            // Some programs write an empty block into an archive without files.
            self.has_unlisted |= files > 0 || block.size() != Some(0);
        }
        self.has_unlisted
            || self.current.as_ref().is_some_and(|current| current.files_left > 0)
            || self.streams.has_more()
    }

    /// Moves to the next file with data, which may be in the next block. Returns its size and, if it has one, its CRC-32.
    fn next_file(&mut self) -> Option<(u64, Option<u32>)> {
        while self.current.as_ref().is_none_or(|current| current.files_left == 0) {
            let block = self.streams.next_block()?;
            self.has_unlisted |= block.files == 0;
            let (files_left, bytes_left) = (block.files, block.block.size()?);
            self.current = Some(Current { block, files_left, bytes_left, unpacked: None });
        }
        let current = self.current.as_mut()?;
        let (size, crc) = self.streams.next_file(&current.block, (current.files_left, current.bytes_left))?;
        current.files_left -= 1;
        current.bytes_left -= size;
        Some((size, crc))
    }
}

/// A reader of an encrypted file. A wrong password shows only as a fault in the unpacked data, so the error for such a fault names
/// it as a possible reason.
struct Decrypted<'s> {
    data: SolidFile<'s>,
    passwords: &'s Passwords,
}

impl MemberData for Decrypted<'_> {}

impl Read for Decrypted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let delivered = Some(self.data.delivered());
        self.data.read(out).map_err(|_| Loss { delivered, ..self.passwords.wrong("it is damaged, or") }.into())
    }
}

/// Decodes a name in little-endian UTF-16. A lone surrogate is escaped, as in the names of files on Windows.
fn shown_name(bytes: &[u8]) -> String {
    shown_utf16(bytes.as_chunks().0.iter().map(|unit| u16::from_le_bytes(*unit)))
}

/// Whether the attributes are those of a link or a folder, according to the Windows attributes or to the Unix mode in the upper 16
/// bits.
fn is_link_or_folder(attributes: u32) -> bool {
    const FOLDER: u32 = 0x10;
    const REPARSE_POINT: u32 = 0x400;
    const HAS_MODE: u32 = 0x8000;
    const UNIX_TYPE: u32 = 0o170_000;
    const UNIX_FILE: u32 = 0o100_000;
    let unix_type = (attributes >> 16) & UNIX_TYPE;
    attributes & (FOLDER | REPARSE_POINT) != 0 || (attributes & HAS_MODE != 0 && ![0, UNIX_FILE].contains(&unix_type))
}

/// Converts a Windows time, which counts units of 100 ns since 1601, UTC.
fn windows_time(ticks: u64) -> Option<std::time::SystemTime> {
    const TICKS_PER_SECOND: u64 = 10_000_000;
    const FROM_1601_TO_1970: i64 = 11_644_473_600;
    unix_time(i64::try_from(ticks / TICKS_PER_SECOND).ok()?.checked_sub(FROM_1601_TO_1970)?)
}
