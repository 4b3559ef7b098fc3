//! cab: a list of files at the beginning, then folders of data, which are files packed together in blocks.
//!
//! The list says for each file where it lies in which folder; files that lie in each other are not read, or a small archive
//! could say that of many. A file that began in another archive of a set cannot be read; one that goes on in another one is
//! read as far as it goes.
//!
//! There is a crate for the format (cab). It finds files by their names, of which there may be two alike, and gives nothing
//! of a block in which there is a fault; so the structure is read here.

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
use super::{Container, Entry, Format, Item, Options, UNPACK, Visit, refused};
use crate::problem::Loss;
use crate::source::input::Input;
use crate::source::name::shown_bytes;

const HEADER_BYTES: usize = 36;

/// Instead of a folder's number, of what lies in several archives.
const FROM_BEFORE: u16 = 0xfffd;
const TO_NEXT: u16 = 0xfffe;
const FROM_BEFORE_TO_NEXT: u16 = 0xffff;

/// Longer than any name may be.
const NAME_LIMIT: usize = 512;

/// See [`super::walk`].
pub(super) fn walk(container: Container, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    let held = Held::new(container, Format::Cab, options)?;
    let cabinet = Cabinet::read(&held, options)?;
    let mut was_cut = false;
    if visit_all(&cabinet, &held, visit, &mut was_cut).is_break() {
        return Ok(());
    }
    if let Some(error) = cabinet.fault {
        return Err(error);
    }
    let mut behind = held.input(cabinet.len, u64::MAX);
    match cabinet.len > held.len() {
        true if was_cut => Ok(()),
        true => Err(Format::Cab.cut(&mut behind, None)),
        false => Format::Cab.trailing(&mut behind),
    }
}

fn visit_all(cabinet: &Cabinet, held: &Held, visit: &mut Visit<'_>, was_cut: &mut bool) -> ControlFlow<()> {
    let mut current: Option<(u16, u64, Result<Solid, Loss>)> = None;
    for file in &cabinet.files {
        if let Some(loss) = file.refused() {
            visit(Item::Unread(file.entry.clone(), loss))?;
            continue;
        }
        let number = if file.folder == TO_NEXT { cabinet.last_folder() } else { file.folder };
        if current.as_ref().is_none_or(|(opened, ..)| *opened != number) {
            let blocks = cabinet.folder(number).and_then(|folder| Blocks::new(folder, held, cabinet.block_reserve));
            let solid = blocks.map(|blocks| Solid::new(Format::Cab, Input::new(Box::new(blocks))));
            current = Some((number, 0, solid));
        }
        let Some((_, position, solid)) = &mut current else { continue };
        visit_file(file, position, solid, visit)?;
        *was_cut |= solid.as_ref().is_ok_and(Solid::was_cut);
    }
    ControlFlow::Continue(())
}

fn visit_file(
    file: &File,
    position: &mut u64,
    solid: &mut Result<Solid, Loss>,
    visit: &mut Visit<'_>,
) -> ControlFlow<()> {
    let entry = file.entry.clone();
    let solid = match solid {
        Err(loss) => return visit(Item::Unread(entry, loss.clone())),
        Ok(solid) => solid,
    };
    let Some(gap) = file.offset.checked_sub(*position) else {
        return visit(Item::Unread(entry, Format::Cab.damaged("files lie in each other")));
    };
    solid.pass(gap);
    *position = file.offset + file.size;
    match solid.file(file.size, None) {
        Ok(mut data) => visit(Item::Member(entry, &mut data)),
        Err(loss) => visit(Item::Unread(entry, loss)),
    }
}

struct Cabinet {
    len: u64,
    files: Vec<File>,
    folders: Vec<Folder>,
    /// How many bytes in each block's header are for others.
    block_reserve: u8,
    /// Why there are not all of the files.
    fault: Option<io::Error>,
}

/// Where a folder's data lie.
#[derive(Clone, Copy, Debug)]
struct Folder {
    start: u64,
    blocks: u16,
    method: u16,
}

struct File {
    entry: Entry,
    folder: u16,
    /// In what the folder unpacks to.
    offset: u64,
    size: u64,
}

impl File {
    fn refused(&self) -> Option<Loss> {
        const BEFORE: &str = "it began in another archive of the set, which has to be unpacked as a whole";
        [FROM_BEFORE, FROM_BEFORE_TO_NEXT].contains(&self.folder).then(|| refused(BEFORE, UNPACK))
    }
}

impl Cabinet {
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
            // The names of an archive and of its disk.
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
        // Else many could unpack the same data.
        let blocks: u64 = folders.iter().map(|folder| u64::from(folder.blocks)).sum();
        if blocks * blocks::HEADER_BYTES > len {
            return Err(Format::Cab.damaged("folders lie in each other").into());
        }
        let mut cabinet = Cabinet { len, files: Vec::new(), folders, block_reserve, fault: None };
        cabinet.read_files(&mut held.input(u64::from(u32_of(16)), u64::MAX), u16_of(28), options);
        Ok(cabinet)
    }

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

    fn last_folder(&self) -> u16 {
        u16::try_from(self.folders.len().saturating_sub(1)).unwrap_or(u16::MAX)
    }

    fn folder(&self, number: u16) -> Result<Folder, Loss> {
        let folder = self.folders.get(usize::from(number)).copied();
        folder.ok_or_else(|| Format::Cab.damaged("a file lies in a folder that does not exist"))
    }
}

fn read_file(input: &mut Input) -> Option<File> {
    const IN_UTF8: u16 = 0x80;
    let bytes: [u8; 16] = input.array()?;
    let name = read_name(input)?;
    let (size, offset) = (u64::from(u32_at(&bytes, 0)?), u64::from(u32_at(&bytes, 4)?));
    let folder = u16_at(&bytes, 8)?;
    let modified = moment(u16_at(&bytes, 10)?, u16_at(&bytes, 12)?);
    // Without the mark it is in the code page of wherever it was written.
    let is_utf8 = u16_at(&bytes, 14)? & IN_UTF8 != 0 || str::from_utf8(&name).is_ok();
    let name =
        if is_utf8 { shown_bytes(&name) } else { WINDOWS_1252.decode_without_bom_handling(&name).0.into_owned() };
    let entry = Entry { name: name.replace('\\', "/"), size: Some(size), packed: None, modified };
    Some(File { entry, folder, offset, size })
}

/// A text that ends at a NUL.
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
