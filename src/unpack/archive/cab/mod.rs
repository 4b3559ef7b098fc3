//! Reads cab archives. A cab archive has a list of files at its start, followed by folders, each of which contains the data of
//! several files, compressed together in blocks.
//!
//! The specification is \[MS-CAB\], which also gives the structures their names. Numbers are little-endian. The structures of the
//! list follow each other in this order, and the folders give the places of the data:
//!
//! | part | offset | size | meaning |
//! |---|---|---|---|
//! | CFHEADER | 0 | 4 | signature, `MSCF` |
//! | | 8 | 4 | length of the archive in bytes |
//! | | 16 | 4 | offset of the first CFFILE |
//! | | 24 | 2 | version, 1.3 |
//! | | 26 | 2 | number of folders |
//! | | 28 | 2 | number of files |
//! | | 30 | 2 | flags: 1 has a previous archive, 2 has a next one, 4 has reserved bytes |
//! | | 36 | 4 | if flagged: number of reserved bytes here (2 bytes), in each CFFOLDER (1) and in each CFDATA (1) |
//! | | … | | the reserved bytes; if flagged, the names of the previous archive and its disk, and of the next ones, each ended by a NUL |
//! | CFFOLDER | 0 | 4 | offset of its first CFDATA |
//! | | 4 | 2 | number of its CFDATA |
//! | | 6 | 2 | method in the lower four bits, window size of LZX in the upper byte |
//! | CFFILE | 0 | 4 | size in bytes |
//! | | 4 | 4 | offset in the unpacked folder |
//! | | 8 | 2 | number of the folder, or FFFD if it continues from the previous archive, FFFE if it continues in the next one, FFFF if both |
//! | | 10 | 4 | date and time; see [`dos`](super::dos) |
//! | | 14 | 2 | attributes; 128 if the name is in UTF-8 |
//! | | 16 | | name, ended by a NUL |
//!
//! For CFDATA, the blocks of a folder, see [`blocks`].
//!
//! The list gives the range of each file in its unpacked folder. Files that overlap are not read, because otherwise a small archive
//! could list the same data many times. In a set of archives, a file that starts in the previous archive cannot be read, and a file
//! that continues in the next archive is read up to there.
//!
//! In an intact archive, the files fill their folders completely. The list has no checksum, so if there are data between files or
//! after the last one, they belong to a file whose entry is damaged. They are read under the name [`UNLISTED`], and reported as
//! damage.
//!
//! Alternative: the crate cab 0.6. It reads no data that is not listed, reads one file twice if two have the same name, rejects
//! every archive of a set, and panics if a file starts after the end of its folder.

mod blocks;
#[cfg(test)]
mod tests;

use std::io;
use std::ops::ControlFlow;

use encoding_rs::WINDOWS_1252;

use self::blocks::Blocks;
use super::dos::{moment, u16_at, u32_at};
use super::held::Held;
use super::solid::Solid;
use super::{Container, Format, Item, Label, Options, Visit, refused, without_dots};
use crate::name::shown_bytes;
use crate::problem::{Loss, Remedy};
use crate::unpack::fault::passed_on;
use crate::unpack::input::Input;

/// The length of the fixed part of CFHEADER in bytes.
const HEADER_BYTES: usize = 36;

// The folder numbers of files that are split over several archives.
const FROM_BEFORE: u16 = 0xfffd;
const TO_NEXT: u16 = 0xfffe;
const FROM_BEFORE_TO_NEXT: u16 = 0xffff;

/// The greatest length of a name in bytes, including its NUL. The specification allows half of this.
const NAME_LIMIT: usize = 512;

/// Visits the files of a cab archive, folder by folder. See [`super::walk`] for the contract.
pub(super) fn walk(container: Container, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    let held = Held::new(container, Format::Cab, options)?;
    let cabinet = Cabinet::read(&held, options)?;
    let begins_before = cabinet.files.iter().any(|file| file.refused().is_some());
    let mut walk = Walk { cabinet: &cabinet, held: &held, begins_before, was_cut: false, fault: None };
    if walk.files(visit).is_break() {
        return Ok(());
    }
    let Walk { was_cut, fault, .. } = walk;
    if let Some(error) = cabinet.fault.or(fault) {
        return Err(error);
    }
    let mut rest = held.input(cabinet.len, u64::MAX);
    match cabinet.len > held.len() {
        true if was_cut => Ok(()),
        true => Err(Format::Cab.cut(&mut rest, None)),
        false => Format::Cab.trailing(&mut rest),
    }
}

/// The name under which unlisted data are read: data that belong to no file in the list.
const UNLISTED: &str = "unlisted data";

/// The state of a walk over all files.
struct Walk<'w> {
    cabinet: &'w Cabinet,
    held: &'w Held,
    /// Whether the first folder continues from the previous archive.
    begins_before: bool,
    /// Whether a file has already reported that the archive is cut short.
    was_cut: bool,
    /// The error that reports unlisted data, or the reason why such data cannot be read.
    fault: Option<io::Error>,
}

/// The folder whose files are being read.
struct Open {
    number: u16,
    /// The end of the last file that was read, as an offset in the unpacked folder.
    position: u64,
    /// The greatest end of all files so far, including those that were not read, as an offset in the unpacked folder.
    listed: u64,
    /// The unpacked folder, or the reason why it cannot be unpacked.
    data: Result<Solid, Loss>,
}

impl Walk<'_> {
    /// Visits the files of each folder and then unlisted data at its end. Folders without files come last.
    fn files(&mut self, visit: &mut Visit<'_>) -> ControlFlow<()> {
        let mut current: Option<Open> = None;
        let mut has_files = vec![false; self.cabinet.folders.len()];
        for file in &self.cabinet.files {
            if let Some(loss) = file.refused() {
                visit(Item::Unread(file.label.clone(), loss))?;
                continue;
            }
            let number = if file.folder == TO_NEXT { self.cabinet.last_folder() } else { file.folder };
            if current.as_ref().is_none_or(|open| open.number != number) {
                let before = current.replace(self.open(number));
                before.map_or(ControlFlow::Continue(()), |open| self.rest(open, visit))?;
                has_files.get_mut(usize::from(number)).into_iter().for_each(|has_files| *has_files = true);
            }
            let Some(open) = &mut current else { continue };
            self.file(file, open, visit)?;
        }
        current.map_or(ControlFlow::Continue(()), |open| self.rest(open, visit))?;
        let without_files = (0..).zip(has_files).filter(|(_, has_files)| !has_files).map(|(number, _)| number);
        for number in without_files {
            self.rest(self.open(number), visit)?;
        }
        ControlFlow::Continue(())
    }

    /// Starts unpacking a folder.
    fn open(&self, number: u16) -> Open {
        let folder = self.cabinet.folder(number);
        let blocks = folder.and_then(|folder| Blocks::new(folder, self.held, self.cabinet.block_reserve));
        let data = blocks.map(|blocks| Solid::new(Input::new(Box::new(blocks))));
        Open { number, position: 0, listed: 0, data }
    }

    /// Visits a file, after any unlisted data before it.
    fn file(&mut self, file: &File, open: &mut Open, visit: &mut Visit<'_>) -> ControlFlow<()> {
        let label = file.label.clone();
        let fills = self.fills(open.number);
        let listed = open.listed;
        open.listed = listed.max(file.offset + file.size);
        let solid = match &mut open.data {
            Err(loss) => return visit(Item::Unread(label, loss.clone())),
            Ok(solid) => solid,
        };
        let Some(gap) = file.offset.checked_sub(open.position) else {
            return visit(Item::Unread(label, Format::Cab.damaged("files overlap")));
        };
        open.position = file.offset + file.size;
        let unlisted = if fills { file.offset.saturating_sub(listed) } else { 0 };
        solid.pass(gap - unlisted);
        if unlisted > 0 {
            self.fault.get_or_insert_with(has_unlisted);
            if let Ok(mut data) = solid.file(unlisted, None) {
                visit(Item::Member(unlisted_label(Some(unlisted)), &mut data))?;
            }
        }
        let flow = match solid.file(file.size, None) {
            Ok(mut data) => visit(Item::Member(label, &mut data)),
            Err(loss) => visit(Item::Unread(label, loss)),
        };
        self.was_cut |= solid.was_cut();
        flow
    }

    /// Visits unlisted data after the last file of a folder, if there are any.
    fn rest(&mut self, open: Open, visit: &mut Visit<'_>) -> ControlFlow<()> {
        if !self.fills(open.number) {
            return ControlFlow::Continue(());
        }
        let mut solid = match open.data {
            Ok(solid) => solid,
            Err(loss) => {
                // If the folder has files, they have already reported this.
                if open.listed == 0 {
                    self.fault.get_or_insert(loss.into());
                }
                return ControlFlow::Continue(());
            }
        };
        solid.pass(open.listed - open.position);
        match solid.rest() {
            Ok(None) => ControlFlow::Continue(()),
            Ok(Some(mut data)) => {
                self.fault.get_or_insert_with(has_unlisted);
                visit(Item::Member(unlisted_label(None), &mut data))
            }
            Err(error) => {
                self.fault.get_or_insert(passed_on(error, None));
                ControlFlow::Continue(())
            }
        }
    }

    /// Whether the listed files should fill this folder, so that all other data are unlisted. That is not so if the previous
    /// archive lists some of its files, or if the list could not be read to its end.
    fn fills(&self, number: u16) -> bool {
        self.cabinet.fault.is_none() && !(number == 0 && self.begins_before)
    }
}

/// Returns the error that reports unlisted data.
fn has_unlisted() -> io::Error {
    Format::Cab.damaged("it contains data that its table of contents does not list").into()
}

/// Returns the label of unlisted data.
fn unlisted_label(size: Option<u64>) -> Label {
    Label { name: UNLISTED.to_owned(), size, packed: None, modified: None }
}

/// The decoded list of an archive.
struct Cabinet {
    /// The length of the archive in bytes, as its header states it.
    len: u64,
    /// The files, ordered by folder and by their offset in the folder.
    files: Vec<File>,
    folders: Vec<Folder>,
    /// The number of reserved bytes in the header of each block.
    block_reserve: u8,
    /// The reason why `files` is not complete, or the error that reports data although no folder has blocks.
    fault: Option<io::Error>,
}

/// A decoded CFFOLDER.
#[derive(Clone, Copy, Debug)]
struct Folder {
    /// The offset of the first block in the archive.
    start: u64,
    blocks: u16,
    method: u16,
}

/// A decoded CFFILE.
struct File {
    label: Label,
    /// The number of the folder, or one of the numbers for a file that is split over several archives.
    folder: u16,
    /// The offset of the file in the unpacked folder, in bytes.
    offset: u64,
    size: u64,
}

impl File {
    /// Returns the loss for a file that starts in the previous archive, and `None` for any other.
    fn refused(&self) -> Option<Loss> {
        const BEFORE: &str = "it begins in another archive of the set, which has to be extracted as a whole";
        [FROM_BEFORE, FROM_BEFORE_TO_NEXT].contains(&self.folder).then(|| refused(BEFORE, Remedy::Unpack))
    }
}

impl Cabinet {
    /// Decodes the header, the folders and the list of files.
    ///
    /// # Errors
    ///
    /// Returns an error if the header or the folders are damaged. Damage in the list of files is kept in [`Cabinet::fault`], so
    /// that the files before it can be read.
    fn read(held: &Held, options: &Options) -> io::Result<Cabinet> {
        const HAS_PREVIOUS: u16 = 1;
        const HAS_NEXT: u16 = 2;
        const HAS_RESERVE: u16 = 4;
        let mut input = held.input(0, u64::MAX);
        let cut = |input: &mut Input| Format::Cab.cut(input, None);
        let header: [u8; HEADER_BYTES] = input.array().ok_or_else(|| cut(&mut input))?;
        let u16_of = |at| u16_at(&header, at).unwrap_or(0);
        let u32_of = |at| u32_at(&header, at).unwrap_or(0);
        let flags = u16_of(30);
        let (mut header_reserve, mut folder_reserve, mut block_reserve) = (0, 0, 0);
        if flags & HAS_RESERVE != 0 {
            let [low, high, folder, block] = input.array().ok_or_else(|| cut(&mut input))?;
            (header_reserve, folder_reserve, block_reserve) = (u16::from_le_bytes([low, high]), folder, block);
        }
        let mut is_whole = input.skip(u64::from(header_reserve)) == u64::from(header_reserve);
        for flag in [HAS_PREVIOUS, HAS_NEXT] {
            // Skips the name of the archive and that of its disk.
            for _ in 0..if flags & flag == 0 { 0 } else { 2 } {
                is_whole &= read_name(&mut input).is_some();
            }
        }
        let mut folders = Vec::new();
        for _ in 0..u16_of(26) {
            let Some(bytes) = input.array::<8>().filter(|_| is_whole) else { return Err(cut(&mut input)) };
            is_whole = input.skip(u64::from(folder_reserve)) == u64::from(folder_reserve);
            let start = u64::from(u32_at(&bytes, 0).unwrap_or(0));
            let (blocks, method) = (u16_at(&bytes, 4).unwrap_or(0), u16_at(&bytes, 6).unwrap_or(0));
            folders.push(Folder { start, blocks, method });
        }
        let len = u64::from(u32_of(8));
        // Folders must not share blocks, because many folders could otherwise unpack the same data.
        let blocks: u64 = folders.iter().map(|folder| u64::from(folder.blocks)).sum();
        if blocks * blocks::HEADER_BYTES > len {
            return Err(Format::Cab.damaged("folders overlap").into());
        }
        let mut cabinet = Cabinet { len, files: Vec::new(), folders, block_reserve, fault: None };
        let start = u64::from(u32_of(16));
        let mut files = held.input(start, u64::MAX);
        cabinet.read_files(&mut files, u16_of(28), options);
        if blocks == 0 && start.saturating_add(files.position()) < len {
            cabinet.fault.get_or_insert_with(has_unlisted);
        }
        Ok(cabinet)
    }

    /// Decodes the list of `count` files, up to the limit of members, and sorts it.
    fn read_files(&mut self, input: &mut Input, count: u16, options: &Options) {
        for read in 0..u64::from(count) {
            if read == options.max_members {
                self.fault = Some(Format::Cab.too_many_members(options.max_members).into());
                break;
            }
            let Some(file) = read_file(input) else {
                self.fault = Some(Format::Cab.cut(input, None));
                break;
            };
            self.files.push(file);
        }
        self.files.sort_by_key(|file| (file.folder, file.offset));
    }

    /// Returns the number of the last folder, which is the only one that can continue in the next archive.
    fn last_folder(&self) -> u16 {
        u16::try_from(self.folders.len().saturating_sub(1)).unwrap_or(u16::MAX)
    }

    fn folder(&self, number: u16) -> Result<Folder, Loss> {
        let folder = self.folders.get(usize::from(number)).copied();
        folder.ok_or_else(|| Format::Cab.damaged("a file is in a folder that does not exist"))
    }
}

/// Decodes a CFFILE. Returns `None` if it is incomplete or its name is too long.
fn read_file(input: &mut Input) -> Option<File> {
    const IN_UTF8: u16 = 0x80;
    let bytes: [u8; 16] = input.array()?;
    let name = read_name(input)?;
    let (size, offset) = (u64::from(u32_at(&bytes, 0)?), u64::from(u32_at(&bytes, 4)?));
    let folder = u16_at(&bytes, 8)?;
    let modified = moment(u16_at(&bytes, 10)?, u16_at(&bytes, 12)?);
    // Without the flag, the name is in the code page of the system that wrote it, which is unknown.
    let is_utf8 = u16_at(&bytes, 14)? & IN_UTF8 != 0 || str::from_utf8(&name).is_ok();
    let name =
        if is_utf8 { shown_bytes(&name) } else { WINDOWS_1252.decode_without_bom_handling(&name).0.into_owned() };
    let label = Label { name: without_dots(&name.replace('\\', "/")), size: Some(size), packed: None, modified };
    Some(File { label, folder, offset, size })
}

/// Reads a name that is ended by a NUL. Returns `None` if it takes more than [`NAME_LIMIT`] bytes or the input ends before the NUL.
fn read_name(input: &mut Input) -> Option<Vec<u8>> {
    let mut name = Vec::new();
    while name.len() < NAME_LIMIT {
        match input.byte()? {
            0 => return Some(name),
            byte => name.push(byte),
        }
    }
    None
}
