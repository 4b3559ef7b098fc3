//! Decodes the directory of a 7z archive, which describes the packed data, the blocks that they unpack to, and the files in each
//! block.
//!
//! Names in parentheses are those of 7zFormat.txt. `n` is a number of variable length ([`Cursor::number`]). Each structure begins
//! with a byte that is its kind:
//!
//! | kind | structure | content |
//! |---|---|---|
//! | 1 | directory (Header) | optionally properties of the archive (kind 2), blocks (4) and files (5); then 0 |
//! | 23 | packed directory (HeaderInfo) | the same as 4; the first block unpacks to a directory |
//! | 4 | blocks (StreamsInfo) | optionally structures of kinds 6, 7 and 8; then 0 |
//! | 6 | packed streams (PackInfo) | n, the offset of the first one from the end of the first 32 bytes of the archive; n, their number; 9 and their sizes; 10 and their checksums; 0 |
//! | 7 | blocks (CodersInfo) | 11; n, their number; 0; the coders of each block; 12 and the unpacked size of each coder; 10 and the checksum of each block; 0 |
//! | 8 | files in blocks (SubStreamsInfo) | 13 and the number of files in each block, if it is not one; 9 and the size of each file except the last of a block; 10 and checksums; 0 |
//! | 5 | files (FilesInfo) | n, their number; properties, each with its kind, n, its length, and its data; 0 |
//!
//! The coders of a block (Folder) are:
//!
//! | size | meaning |
//! |---|---|
//! | n | number of coders |
//! | 1 | for each coder: the length of its method in the lower four bits; 16 if it states its streams, 32 if it has properties |
//! | | the method of the coder |
//! | n, n | if flagged: the number of its input streams and of its output streams; otherwise it has one each |
//! | n | if flagged: the length of its properties, followed by these |
//! | n, n | for each coder except one: an input stream, and the output stream that it is connected to |
//! | n | for each packed stream, if there are several: the input stream that it is connected to |
//!
//! These properties of files are used, and all others are skipped:
//!
//! | kind | meaning |
//! |---|---|
//! | 14 | a bit for each file: it has no data |
//! | 15 | a bit for each file without data: it is an empty file, not a folder |
//! | 16 | a bit for each file without data: it marks a file that is to be deleted |
//! | 17 | 0, then the names in UTF-16, each ended by a NUL |
//! | 20 | the list of files that have one, 0, then their times of the last modification, 8 bytes each |
//! | 21 | the list of files that have some, 0, then their attributes, 4 bytes each |
//!
//! Checksums are CRC-32. A list of those that exist precedes them ([`Cursor::bits_or_all`]).

use super::cursor::{Bits, Cursor, Defined};

// The kinds of structures and properties (Property IDs).
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

/// The most coders of a block, and the most input streams of a coder or a block. Real archives have far fewer.
const CODER_LIMIT: u64 = 32;

/// One step of unpacking a block: decryption, decompression or a filter.
#[derive(Clone, Debug)]
pub(super) struct Coder<'h> {
    pub(super) method: &'h [u8],
    pub(super) properties: &'h [u8],
    /// The index of its first input stream. The input streams of all coders are numbered together.
    pub(super) first_in: u64,
    /// The number of its input streams.
    pub(super) ins: u64,
    /// The length of its output in bytes.
    pub(super) size: u64,
}

/// The coders that unpack a block of data, and how they are connected.
#[derive(Clone, Debug, Default)]
pub(super) struct Block<'h> {
    pub(super) coders: Vec<Coder<'h>>,
    /// The connections between coders: the index of an input stream, and the coder whose output it is.
    pub(super) bonds: Vec<(u64, u64)>,
    /// For each packed stream, the index of the input stream that it is connected to.
    pub(super) packed: Vec<u64>,
}

impl<'h> Block<'h> {
    /// Decodes the coders of a block, except their sizes. Returns `None` if they are invalid or too many.
    fn read(cursor: &mut Cursor<'h>) -> Option<Block<'h>> {
        let mut block = Block::default();
        let count = cursor.number().filter(|count| (1..=CODER_LIMIT).contains(count))?;
        let mut ins = 0;
        for _ in 0..count {
            let flags = cursor.byte()?;
            let method = cursor.bytes(u64::from(flags & 15))?;
            let (inputs, outputs) = if flags & 16 == 0 { (1, 1) } else { (cursor.number()?, cursor.number()?) };
            let properties_len = if flags & 32 == 0 { 0 } else { cursor.number()? };
            let properties = cursor.bytes(properties_len)?;
            if flags & 0xc0 != 0 || outputs != 1 || inputs > CODER_LIMIT {
                return None;
            }
            block.coders.push(Coder { method, properties, first_in: ins, ins: inputs, size: 0 });
            ins += inputs;
        }
        for _ in 1..count {
            block.bonds.push((cursor.number()?, cursor.number()?));
        }
        let packed = ins.checked_sub(count - 1).filter(|packed| (1..=CODER_LIMIT).contains(packed))?;
        if packed == 1 {
            block.packed.push((0..ins).find(|input| block.source_of(*input).is_none())?);
        } else {
            for _ in 0..packed {
                block.packed.push(cursor.number()?);
            }
        }
        Some(block)
    }

    /// Returns the coder whose output is the input stream `input`, or `None` if that stream is packed data.
    pub(super) fn source_of(&self, input: u64) -> Option<u64> {
        self.bonds.iter().find(|(bound, _)| *bound == input).map(|(_, coder)| *coder)
    }

    /// Returns the last coder: the one whose output no other coder reads, because it is the unpacked block.
    pub(super) fn last_coder(&self) -> Option<u64> {
        (0..self.coders.len() as u64).find(|coder| self.bonds.iter().all(|(_, other)| other != coder))
    }

    /// Returns the unpacked size of the block in bytes.
    pub(super) fn size(&self) -> Option<u64> {
        let last = usize::try_from(self.last_coder()?).ok()?;
        self.coders.get(last).map(|coder| coder.size)
    }
}

/// A decoded StreamsInfo: all blocks, with their packed streams and files. Its lists are read block by block.
#[derive(Clone, Copy, Default)]
pub(super) struct Streams<'h> {
    /// The offset of the next packed stream, from the end of the first 32 bytes of the archive.
    position: u64,
    packed_sizes: Cursor<'h>,
    packed_left: u64,
    blocks: Cursor<'h>,
    blocks_left: u64,
    /// The output sizes of all coders.
    sizes: Cursor<'h>,
    /// The checksums of the blocks.
    crcs: Defined<'h>,
    /// The number of files in each block. If it is missing, each block has one file.
    counts: Option<Cursor<'h>>,
    /// The sizes of all files except the last one of each block.
    file_sizes: Cursor<'h>,
    /// The checksums of the files, except those that are the same as the checksum of their block.
    file_crcs: Defined<'h>,
}

/// A block with its packed streams and the number of its files.
#[derive(Clone)]
pub(super) struct NextBlock<'h> {
    pub(super) block: Block<'h>,
    /// The start and end of each of its packed streams, from the end of the first 32 bytes of the archive.
    pub(super) packed: Vec<(u64, u64)>,
    /// The number of files in the block.
    pub(super) files: u64,
    pub(super) crc: Option<u32>,
}

impl<'h> Streams<'h> {
    /// Decodes StreamsInfo, except the byte for its kind. Returns `None` if it is invalid.
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

    /// Decodes PackInfo, except the byte for its kind. The checksums of packed streams are not used.
    fn read_packed(&mut self, cursor: &mut Cursor<'h>) -> Option<()> {
        self.position = cursor.number()?;
        self.packed_left = cursor.number()?;
        if cursor.takes(SIZE) {
            self.packed_sizes = take_numbers(cursor, self.packed_left)?;
        }
        if cursor.takes(CRC) {
            let bits = cursor.bits_or_all(self.packed_left)?;
            Defined::read(cursor, bits, self.packed_left, 4)?;
        }
        cursor.takes(END).then_some(())
    }

    /// Decodes CodersInfo, except the byte for its kind.
    fn read_blocks(&mut self, cursor: &mut Cursor<'h>) -> Option<()> {
        if !cursor.takes(FOLDER) {
            return None;
        }
        self.blocks_left = cursor.number()?;
        // Anything but 0 would mean that the coders are elsewhere, which no program writes.
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
            self.crcs = Defined::read(cursor, bits, self.blocks_left, 4)?;
        }
        cursor.takes(END).then_some(())
    }

    /// Decodes SubStreamsInfo, except the byte for its kind.
    fn read_files(&mut self, cursor: &mut Cursor<'h>) -> Option<()> {
        if cursor.takes(COUNTS) {
            self.counts = Some(take_numbers(cursor, self.blocks_left)?);
        }
        // The size of the last file of a block is not listed, because it is the rest of the block. If a block with a single file
        // has a checksum, that of the file is not listed either.
        let (mut listed_sizes, mut listed_crcs) = (0_u64, 0_u64);
        let (mut counts, mut crcs) = (self.counts, self.crcs);
        for _ in 0..self.blocks_left {
            let files = counts.as_mut().map_or(Some(1), Cursor::number)?;
            let crc = crcs.next(Cursor::u32);
            listed_sizes = listed_sizes.checked_add(files.saturating_sub(1))?;
            listed_crcs = listed_crcs.checked_add(if files == 1 && crc.is_some() { 0 } else { files })?;
        }
        if cursor.takes(SIZE) {
            self.file_sizes = take_numbers(cursor, listed_sizes)?;
        }
        if cursor.takes(CRC) {
            let bits = cursor.bits_or_all(listed_crcs)?;
            self.file_crcs = Defined::read(cursor, bits, listed_crcs, 4)?;
        }
        cursor.takes(END).then_some(())
    }

    /// Whether there are more blocks, or packed streams that belong to no block.
    pub(super) fn has_more(&self) -> bool {
        self.blocks_left > 0 || self.packed_left > 0
    }

    /// Reads the next block. Returns `None` if there are no more or if the directory is invalid.
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

    /// Reads the next file of `block` and returns its size and, if it has one, its CRC-32. `left` is the number of files and of
    /// bytes that are left in the block.
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

/// Skips a list of `count` numbers, and returns a cursor at its start.
fn take_numbers<'h>(cursor: &mut Cursor<'h>, count: u64) -> Option<Cursor<'h>> {
    let list = *cursor;
    for _ in 0..count {
        cursor.number()?;
    }
    Some(list)
}

/// An entry of the list of files.
pub(super) struct File<'h> {
    /// The name in little-endian UTF-16.
    pub(super) name: &'h [u8],
    /// The time of the last modification, in units of 100 ns since 1601.
    pub(super) modified: Option<u64>,
    /// The Windows attributes, with the Unix mode in the upper half, or 0 if there are none.
    pub(super) attributes: u32,
    pub(super) has_data: bool,
    /// Whether an entry without data is an empty file. Otherwise it is a folder.
    pub(super) is_empty: bool,
    /// Whether the entry only marks a file that is to be deleted.
    pub(super) is_anti: bool,
}

/// A decoded FilesInfo: the list of files. Its properties are read file by file.
#[derive(Clone, Copy, Default)]
pub(super) struct Files<'h> {
    left: u64,
    /// The index of the next file.
    index: u64,
    /// The index of the next file without data among all files without data.
    empty_index: u64,
    empty_streams: Bits<'h>,
    empty_files: Bits<'h>,
    anti: Bits<'h>,
    names: Cursor<'h>,
    modified: Defined<'h>,
    attributes: Defined<'h>,
}

impl<'h> Files<'h> {
    /// Decodes FilesInfo, except the byte for its kind. Returns `None` if it is invalid.
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
                // Anything but 0 would mean that the names are elsewhere, which no program writes.
                NAMES if property.takes(0) => files.names = property,
                MODIFIED => files.modified = read_defined(&mut property, count, 8)?,
                ATTRIBUTES => files.attributes = read_defined(&mut property, count, 4)?,
                NAMES => return None,
                _ => {}
            }
        }
    }

    /// Reads the next file. Returns `Some(None)` at the end, and `None` if the directory is invalid.
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

/// Decodes a property of `count` files, whose values take `width` bytes each.
fn read_defined<'h>(property: &mut Cursor<'h>, count: u64, width: u64) -> Option<Defined<'h>> {
    let bits = property.bits_or_all(count)?;
    if !property.takes(0) {
        return None;
    }
    Defined::read(property, bits, count, width)
}

/// Decodes a directory that is not packed, or has been unpacked. Returns `None` if it is invalid.
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
