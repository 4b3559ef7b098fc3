//! The directory of a 7z archive: where the packed data lie, the blocks into which they were packed, and the files of which
//! each block is made.

use super::cursor::{Bits, Cursor, Told};

const END: u8 = 0;
const HEADER: u8 = 1;
const PROPERTIES: u8 = 2;
const STREAMS: u8 = 4;
const FILES: u8 = 5;
const PACK_INFO: u8 = 6;
const UNPACK_INFO: u8 = 7;
const SUBSTREAMS: u8 = 8;
const SIZE: u8 = 9;
const CRC: u8 = 10;
const FOLDER: u8 = 11;
const UNPACK_SIZE: u8 = 12;
const COUNTS: u8 = 13;
const EMPTY_STREAM: u8 = 14;
const EMPTY_FILE: u8 = 15;
const ANTI: u8 = 16;
const NAMES: u8 = 17;
const MODIFIED: u8 = 20;
const ATTRIBUTES: u8 = 21;
pub(super) const ENCODED_HEADER: u8 = 23;

/// More coders, or streams between them, no block has.
const CODER_LIMIT: u64 = 32;

/// One step of unpacking.
#[derive(Clone, Debug)]
pub(super) struct Coder<'h> {
    pub(super) method: &'h [u8],
    pub(super) properties: &'h [u8],
    /// The first of the streams that it takes, of all in the block.
    pub(super) first_in: u64,
    pub(super) ins: u64,
    /// How much it unpacks to.
    pub(super) size: u64,
}

/// Data that were packed together.
#[derive(Clone, Debug, Default)]
pub(super) struct Block<'h> {
    pub(super) coders: Vec<Coder<'h>>,
    /// Which stream taken is which one given.
    pub(super) bonds: Vec<(u64, u64)>,
    /// Which streams taken are packed ones, in their order.
    pub(super) packed: Vec<u64>,
}

impl<'h> Block<'h> {
    fn read(cursor: &mut Cursor<'h>) -> Option<Block<'h>> {
        let mut block = Block::default();
        let count = cursor.number().filter(|count| (1..=CODER_LIMIT).contains(count))?;
        let mut ins = 0;
        for _ in 0..count {
            let flags = cursor.byte()?;
            let method = cursor.bytes(u64::from(flags & 15))?;
            let (taken, given) = if flags & 16 == 0 { (1, 1) } else { (cursor.number()?, cursor.number()?) };
            let properties_len = if flags & 32 == 0 { 0 } else { cursor.number()? };
            let properties = cursor.bytes(properties_len)?;
            if flags & 0xc0 != 0 || given != 1 || taken > CODER_LIMIT {
                return None;
            }
            block.coders.push(Coder { method, properties, first_in: ins, ins: taken, size: 0 });
            ins += taken;
        }
        for _ in 1..count {
            block.bonds.push((cursor.number()?, cursor.number()?));
        }
        let packed = ins.checked_sub(count - 1).filter(|packed| (1..=CODER_LIMIT).contains(packed))?;
        if packed == 1 {
            block.packed.push((0..ins).find(|taken| block.giver(*taken).is_none())?);
        } else {
            for _ in 0..packed {
                block.packed.push(cursor.number()?);
            }
        }
        Some(block)
    }

    /// The coder that gives the stream that is taken here.
    pub(super) fn giver(&self, taken: u64) -> Option<u64> {
        self.bonds.iter().find(|(bound, _)| *bound == taken).map(|(_, given)| *given)
    }

    /// The coder whose stream no other one takes.
    pub(super) fn last_coder(&self) -> Option<u64> {
        (0..self.coders.len() as u64).find(|coder| self.bonds.iter().all(|(_, given)| given != coder))
    }

    pub(super) fn size(&self) -> Option<u64> {
        let last = usize::try_from(self.last_coder()?).ok()?;
        self.coders.get(last).map(|coder| coder.size)
    }
}

/// Where the data lie and how they were packed. Its lists are taken block by block.
#[derive(Clone, Copy, Default)]
pub(super) struct Streams<'h> {
    /// Of the next packed stream, behind the header.
    position: u64,
    packed_sizes: Cursor<'h>,
    packed_left: u64,
    blocks: Cursor<'h>,
    blocks_left: u64,
    sizes: Cursor<'h>,
    crcs: Told<'h>,
    /// How many files each block has, if not one.
    counts: Option<Cursor<'h>>,
    file_sizes: Cursor<'h>,
    file_crcs: Told<'h>,
}

/// What there is to know of a block before it is unpacked.
#[derive(Clone)]
pub(super) struct NextBlock<'h> {
    pub(super) block: Block<'h>,
    /// Where its packed streams begin and end, behind the header.
    pub(super) packed: Vec<(u64, u64)>,
    pub(super) files: u64,
    pub(super) crc: Option<u32>,
}

impl<'h> Streams<'h> {
    pub(super) fn read(cursor: &mut Cursor<'h>) -> Option<Streams<'h>> {
        let mut streams = Streams::default();
        if cursor.takes(PACK_INFO) {
            streams.read_packed(cursor)?;
        }
        if cursor.takes(UNPACK_INFO) {
            streams.read_blocks(cursor)?;
        }
        if cursor.takes(SUBSTREAMS) {
            streams.read_files(cursor)?;
        }
        cursor.takes(END).then_some(streams)
    }

    fn read_packed(&mut self, cursor: &mut Cursor<'h>) -> Option<()> {
        self.position = cursor.number()?;
        self.packed_left = cursor.number()?;
        if cursor.takes(SIZE) {
            self.packed_sizes = take_numbers(cursor, self.packed_left)?;
        }
        if cursor.takes(CRC) {
            let bits = cursor.bits_or_all(self.packed_left)?;
            Told::read(cursor, bits, self.packed_left, 4)?;
        }
        cursor.takes(END).then_some(())
    }

    fn read_blocks(&mut self, cursor: &mut Cursor<'h>) -> Option<()> {
        if !cursor.takes(FOLDER) {
            return None;
        }
        self.blocks_left = cursor.number()?;
        // Nothing lies outside the directory.
        if !cursor.takes(0) {
            return None;
        }
        self.blocks = *cursor;
        let mut coders = 0;
        for _ in 0..self.blocks_left {
            coders += Block::read(cursor)?.coders.len() as u64;
        }
        if !cursor.takes(UNPACK_SIZE) {
            return None;
        }
        self.sizes = take_numbers(cursor, coders)?;
        if cursor.takes(CRC) {
            let bits = cursor.bits_or_all(self.blocks_left)?;
            self.crcs = Told::read(cursor, bits, self.blocks_left, 4)?;
        }
        cursor.takes(END).then_some(())
    }

    fn read_files(&mut self, cursor: &mut Cursor<'h>) -> Option<()> {
        if cursor.takes(COUNTS) {
            self.counts = Some(take_numbers(cursor, self.blocks_left)?);
        }
        // The size of a block's last file is what is left of the block; the sum of its only one may be told with it.
        let (mut told_sizes, mut told_crcs) = (0_u64, 0_u64);
        let (mut counts, mut crcs) = (self.counts, self.crcs);
        for _ in 0..self.blocks_left {
            let files = counts.as_mut().map_or(Some(1), Cursor::number)?;
            let crc = crcs.next(Cursor::u32);
            told_sizes = told_sizes.checked_add(files.saturating_sub(1))?;
            told_crcs = told_crcs.checked_add(if files == 1 && crc.is_some() { 0 } else { files })?;
        }
        if cursor.takes(SIZE) {
            self.file_sizes = take_numbers(cursor, told_sizes)?;
        }
        if cursor.takes(CRC) {
            let bits = cursor.bits_or_all(told_crcs)?;
            self.file_crcs = Told::read(cursor, bits, told_crcs, 4)?;
        }
        cursor.takes(END).then_some(())
    }

    /// Whether there are blocks, or packed streams of no block, that were not taken.
    pub(super) fn has_more(&self) -> bool {
        self.blocks_left > 0 || self.packed_left > 0
    }

    /// Takes the next block; `None` if there is none, or the directory contradicts itself.
    pub(super) fn next_block(&mut self) -> Option<NextBlock<'h>> {
        self.blocks_left = self.blocks_left.checked_sub(1)?;
        let mut block = Block::read(&mut self.blocks)?;
        for coder in &mut block.coders {
            coder.size = self.sizes.number()?;
        }
        let mut packed = Vec::new();
        for _ in &block.packed {
            self.packed_left = self.packed_left.checked_sub(1)?;
            let end = self.position.checked_add(self.packed_sizes.number()?)?;
            packed.push((self.position, end));
            self.position = end;
        }
        let files = self.counts.as_mut().map_or(Some(1), Cursor::number)?;
        Some(NextBlock { block, packed, files, crc: self.crcs.next(Cursor::u32) })
    }

    /// The size and sum of the next file of a block, of which `left` files and bytes are left.
    pub(super) fn next_file(&mut self, block: &NextBlock<'_>, left: (u64, u64)) -> Option<(u64, Option<u32>)> {
        let (files, bytes) = left;
        let size = if files > 1 { self.file_sizes.number().filter(|size| *size <= bytes)? } else { bytes };
        let crc = match block.crc {
            Some(crc) if block.files == 1 => Some(crc),
            _ => self.file_crcs.next(Cursor::u32),
        };
        Some((size, crc))
    }
}

/// Takes a list of numbers.
fn take_numbers<'h>(cursor: &mut Cursor<'h>, count: u64) -> Option<Cursor<'h>> {
    let list = *cursor;
    for _ in 0..count {
        cursor.number()?;
    }
    Some(list)
}

/// What is told of a file.
pub(super) struct File<'h> {
    /// In UTF-16.
    pub(super) name: &'h [u8],
    /// Since 1601, in 100 ns.
    pub(super) modified: Option<u64>,
    pub(super) attributes: u32,
    pub(super) has_data: bool,
    /// Without data it is a folder unless it is said to be empty.
    pub(super) is_empty: bool,
    /// A mark that a file is to be deleted.
    pub(super) is_anti: bool,
}

/// The files, in order.
#[derive(Clone, Copy, Default)]
pub(super) struct Files<'h> {
    left: u64,
    index: u64,
    empty_index: u64,
    empty_streams: Bits<'h>,
    empty_files: Bits<'h>,
    anti: Bits<'h>,
    names: Cursor<'h>,
    modified: Told<'h>,
    attributes: Told<'h>,
}

impl<'h> Files<'h> {
    fn read(cursor: &mut Cursor<'h>) -> Option<Files<'h>> {
        let count = cursor.number()?;
        let mut files = Files { left: count, ..Files::default() };
        loop {
            let kind = cursor.byte()?;
            if kind == END {
                return Some(files);
            }
            let len = cursor.number()?;
            let mut property = Cursor(cursor.bytes(len)?);
            match kind {
                EMPTY_STREAM => files.empty_streams = property.bits(count)?,
                EMPTY_FILE => files.empty_files = property.bits(files.empty_streams.count(count))?,
                ANTI => files.anti = property.bits(files.empty_streams.count(count))?,
                // Nothing lies outside the directory.
                NAMES if property.takes(0) => files.names = property,
                MODIFIED => files.modified = read_told(&mut property, count, 8)?,
                ATTRIBUTES => files.attributes = read_told(&mut property, count, 4)?,
                NAMES => return None,
                _ => {}
            }
        }
    }

    /// Takes the next file. The outer `None` if the directory contradicts itself.
    pub(super) fn next_file(&mut self) -> Option<Option<File<'h>>> {
        let Some(left) = self.left.checked_sub(1) else { return Some(None) };
        self.left = left;
        let has_data = !self.empty_streams.has(self.index);
        let mut name_len = 0;
        while self.names.0.get(name_len..name_len + 2)? != [0, 0] {
            name_len += 2;
        }
        let name = self.names.bytes(name_len as u64)?;
        self.names.bytes(2)?;
        let file = File {
            name,
            modified: self.modified.next(Cursor::u64),
            attributes: self.attributes.next(Cursor::u32).unwrap_or(0),
            has_data,
            is_empty: !has_data && self.empty_files.has(self.empty_index),
            is_anti: !has_data && self.anti.has(self.empty_index),
        };
        self.index += 1;
        self.empty_index += u64::from(!has_data);
        Some(Some(file))
    }
}

fn read_told<'h>(property: &mut Cursor<'h>, count: u64, width: u64) -> Option<Told<'h>> {
    let bits = property.bits_or_all(count)?;
    if !property.takes(0) {
        return None;
    }
    Told::read(property, bits, count, width)
}

/// Reads a directory that is not packed itself; `None` if it contradicts itself.
pub(super) fn read(directory: &[u8]) -> Option<(Streams<'_>, Files<'_>)> {
    let mut cursor = Cursor(directory);
    if !cursor.takes(HEADER) {
        return None;
    }
    if cursor.takes(PROPERTIES) {
        while cursor.byte()? != END {
            let len = cursor.number()?;
            cursor.bytes(len)?;
        }
    }
    let streams = if cursor.takes(STREAMS) { Streams::read(&mut cursor)? } else { Streams::default() };
    let files = if cursor.takes(FILES) { Files::read(&mut cursor)? } else { Files::default() };
    cursor.takes(END).then_some((streams, files))
}
