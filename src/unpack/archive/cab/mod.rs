//! cab: a list of files at the beginning, then folders of data, which are files packed together in blocks.
//!
//! The list says for each file where it lies in which folder; files that lie in each other are not read, or a small archive
//! could say that of many. A file that began in another archive of a set cannot be read; one that goes on in another one is
//! read as far as it goes.
//!
//! Files fill their folders. The list has no checksum, so what a folder holds between or behind its files is theirs or that of
//! others, which the list no longer tells: it is read under a name of its own ([`UNLISTED`]), and told as damage.
//!
//! There is a crate for the format (cab 0.6). It unpacks a folder from its beginning for each file, so that a thousand logs
//! of 32 KiB in one folder took it minutes, and this reader less than a second. It finds files by their names, so of two
//! alike it reads one twice; it refuses each archive of a set as a whole, reads nothing that is not listed, and panics where
//! a file begins beyond the end of its folder. So the structure is read here.

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
    let begins_before = cabinet.files.iter().any(|file| file.refused().is_some());
    let mut walk = Walk { cabinet: &cabinet, held: &held, begins_before, was_cut: false, fault: None };
    if walk.files(visit).is_break() {
        return Ok(());
    }
    let Walk { was_cut, fault, .. } = walk;
    if let Some(error) = cabinet.fault.or(fault) {
        return Err(error);
    }
    let mut behind = held.input(cabinet.len, u64::MAX);
    match cabinet.len > held.len() {
        true if was_cut => Ok(()),
        true => Err(Format::Cab.cut(&mut behind, None)),
        false => Format::Cab.trailing(&mut behind),
    }
}

/// The name of what belongs to no file.
const UNLISTED: &str = "unlisted data";

/// A walk over all files.
struct Walk<'w> {
    cabinet: &'w Cabinet,
    held: &'w Held,
    /// Whether the first folder began in another archive.
    begins_before: bool,
    /// Whether somebody was told that the archive is cut short.
    was_cut: bool,
    /// Why data that belong to no file are missing in turn, or that there are some.
    fault: Option<io::Error>,
}

/// The folder whose files come next.
struct Open {
    number: u16,
    /// The end of the last file that was taken from it.
    position: u64,
    /// The end of all that the list tells of.
    listed: u64,
    data: Result<Solid, Loss>,
}
impl Walk<'_> {
    fn files(&mut self, visit: &mut Visit<'_>) -> ControlFlow<()> {
        let mut current: Option<Open> = None;
        let mut is_met = vec![false; self.cabinet.folders.len()];
        for file in &self.cabinet.files {
            if let Some(loss) = file.refused() {
                visit(Item::Unread(file.label.clone(), loss))?;
                continue;
            }
            let number = if file.folder == TO_NEXT { self.cabinet.last_folder() } else { file.folder };
            if current.as_ref().is_none_or(|open| open.number != number) {
                let before = current.replace(self.open(number));
                before.map_or(ControlFlow::Continue(()), |open| self.rest(open, visit))?;
                is_met.get_mut(usize::from(number)).into_iter().for_each(|met| *met = true);
            }
            let Some(open) = &mut current else { continue };
            self.file(file, open, visit)?;
        }
        current.map_or(ControlFlow::Continue(()), |open| self.rest(open, visit))?;
        let unmet = (0..).zip(is_met).filter(|(_, is_met)| !is_met).map(|(number, _)| number);
        for number in unmet {
            self.rest(self.open(number), visit)?;
        }
        ControlFlow::Continue(())
    }

    fn open(&self, number: u16) -> Open {
        let folder = self.cabinet.folder(number);
        let blocks = folder.and_then(|folder| Blocks::new(folder, self.held, self.cabinet.block_reserve));
        let data = blocks.map(|blocks| Solid::new(Input::new(Box::new(blocks))));
        Open { number, position: 0, listed: 0, data }
    }

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

    /// Visits what lies behind the last file of a folder.
    fn rest(&mut self, open: Open, visit: &mut Visit<'_>) -> ControlFlow<()> {
        if !self.fills(open.number) {
            return ControlFlow::Continue(());
        }
        let mut solid = match open.data {
            Ok(solid) => solid,
            Err(loss) => {
                // Its files have told that.
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

    /// Whether the files in the list should fill the folder. They do not where another archive lists some of them, and where
    /// the list itself was not read to its end.
    fn fills(&self, number: u16) -> bool {
        self.cabinet.fault.is_none() && !(number == 0 && self.begins_before)
    }
}

fn has_unlisted() -> io::Error {
    Format::Cab.damaged("it contains data that its table of contents does not list").into()
}

fn unlisted_label(size: Option<u64>) -> Label {
    Label { name: UNLISTED.to_owned(), size, packed: None, modified: None }
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
    label: Label,
    folder: u16,
    /// In what the folder unpacks to.
    offset: u64,
    size: u64,
}

impl File {
    fn refused(&self) -> Option<Loss> {
        const BEFORE: &str = "it begins in another archive of the set, which has to be extracted as a whole";
        [FROM_BEFORE, FROM_BEFORE_TO_NEXT].contains(&self.folder).then(|| refused(BEFORE, Remedy::Unpack))
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
        folder.ok_or_else(|| Format::Cab.damaged("a file is in a folder that does not exist"))
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
    let label = Label { name: without_dots(&name.replace('\\', "/")), size: Some(size), packed: None, modified };
    Some(File { label, folder, offset, size })
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
