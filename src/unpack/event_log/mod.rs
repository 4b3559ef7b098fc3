//! Reads Windows event logs (.evtx) as text with a line for each event.
//!
//! The crate `evtx` reads the events in a block, and [`line`](mod@line) says how an event is written as a line. [`export`] reads events that Windows
//! or Entra has exported.
//!
//! # Layout
//!
//! Microsoft has not published the format of the files. It is described in "Windows XML Event Log (EVTX) format" of the libevtx
//! project. Numbers are little-endian. A header of 4 KiB is followed by blocks of 64 KiB, which can be read independently of each
//! other. The binary XML of the events is described in \[MS-EVEN6\], section 2.2.12.
//!
//! | offset | size | header of the file |
//! |---|---|---|
//! | 0 | 8 | `ElfFile` and a NUL |
//! | 42 | 2 | number of blocks, or fewer if Windows has not closed the log |
//! | 120 | 4 | flags: 1 if Windows has not closed the log, 4 if there are no checksums |
//! | 124 | 4 | CRC-32 of the first 120 bytes |
//!
//! | offset | size | header of a block |
//! |---|---|---|
//! | 0 | 8 | `ElfChnk` and a NUL |
//! | 24 | 8 | number of the first event |
//! | 32 | 8 | number of the last event |
//! | 48 | 4 | offset of the free space after the events |
//! | 52 | 4 | CRC-32 of the events, from 512 to the free space |
//! | 124 | 4 | CRC-32 of the other bytes of the header, 0 to 119 and 128 to 511 |
//!
//! Events have the order that they have in the file. A log that has reached its maximum size is written again from its beginning, so
//! its newest events may come first.
//!
//! # Damage
//!
//! Blocks are independent, so everything that can be read is read, also after damage. What was lost is reported at the end. A block
//! whose checksum is wrong is read as well, because Windows writes the checksum of the last block only from time to time.

mod block;
mod details;
mod export;
mod json;
mod line;
mod table;

use std::io::Read as _;
use std::panic::resume_unwind;
use std::thread;

use super::archive::crc32;
use super::decoder::{Ended, Step};
use super::fault::trailing;
use super::input::Input;
use crate::problem::{Kind, Loss, Remedy};
use block::{BLOCK_BYTES, Outcome};

pub(crate) use export::Export;
pub(super) use export::is_export;
pub(super) use json::records;

/// The length of the header of a file in bytes.
const HEADER_BYTES: usize = 4 << 10;
/// The bytes with which a file begins.
pub(super) const MAGIC: &[u8; 8] = b"ElfFile\0";

/// A reader of one event log.
pub(super) struct EventLog {
    /// How many blocks the log has according to its header. It may have more.
    stated_blocks: u64,
    /// How many blocks were read, including those that are damaged or blank.
    blocks: u64,
    /// How many blocks that do not begin like one follow the last one that does, without those that the header states.
    skipped: u64,
    /// How many threads convert blocks.
    threads: usize,
    /// How many blocks are converted at once.
    at_once: usize,
    /// The lines that have been read, and how many of their bytes have been returned.
    text: Vec<u8>,
    returned: usize,
    damage: Damage,
    is_at_end: bool,
}

/// What is wrong with a log.
#[derive(Default)]
struct Damage {
    is_header_damaged: bool,
    /// The number of blocks of which nothing could be read.
    unreadable_blocks: u64,
    /// The number of other blocks that are damaged.
    damaged_blocks: u64,
    /// The number of events that could not be read in these.
    lost_events: u64,
    /// The number of bytes after the last block that is part of the log.
    trailing_bytes: u64,
    /// Whether the file ends before the log does.
    is_cut: bool,
}

impl EventLog {
    /// Reads the header at the start of `input`.
    ///
    /// # Errors
    ///
    /// Returns [`Ended::Short`] if the input ends within the header.
    pub(super) fn begin(input: &mut Input) -> Result<EventLog, Ended> {
        let header = input.array::<HEADER_BYTES>().ok_or(Ended::Short)?;
        const NO_CHECKSUM: u8 = 4;
        let checksum = u32::from_le_bytes([header[124], header[125], header[126], header[127]]);
        let is_header_damaged = header[120] & NO_CHECKSUM == 0 && crc32(&header[..120]) != checksum;
        let stated_blocks = u64::from(u16::from_le_bytes([header[42], header[43]]));
        Ok(EventLog {
            stated_blocks: if is_header_damaged { 0 } else { stated_blocks },
            blocks: 0,
            skipped: 0,
            threads: 1,
            at_once: 1,
            text: Vec::new(),
            returned: 0,
            damage: Damage { is_header_damaged, ..Damage::default() },
            is_at_end: false,
        })
    }

    /// Returns the next bytes of the text in `out`. Before the end, a step may also return none.
    pub(super) fn step(&mut self, input: &mut Input, out: &mut [u8]) -> Step {
        let len = (&self.text[self.returned..]).read(out).unwrap_or(0);
        self.returned += len;
        if len > 0 {
            return (len, Ok(()));
        }
        if self.is_at_end {
            return (0, Err(std::mem::take(&mut self.damage).into_end(self.blocks)));
        }
        self.text.clear();
        self.returned = 0;
        self.read_blocks(input);
        (0, Ok(()))
    }

    /// Lets this many threads convert blocks, instead of only the one that reads.
    pub(super) fn use_threads(&mut self, threads: usize) {
        self.threads = threads.max(1);
    }

    /// Reads the next blocks, or notes that there is none. The first time, it is only one, because the source may not be wanted.
    fn read_blocks(&mut self, input: &mut Input) {
        let mut blocks = Vec::new();
        while !self.is_at_end && blocks.len() < self.at_once {
            let mut block = Vec::new();
            // Another log may follow, as after `copy /b`.
            if input.peek(MAGIC.len()) != MAGIC {
                // `Input` never returns an error.
                let _ = input.by_ref().take(BLOCK_BYTES as u64).read_to_end(&mut block);
            }
            self.is_at_end = block.len() < BLOCK_BYTES;
            blocks.push(block);
        }
        self.at_once = if self.threads == 1 { 1 } else { (2 * self.at_once).min(BLOCKS_FOR_THREAD * self.threads) };
        let last = blocks.len() - 1;
        for (index, block) in converted(blocks, self.threads).into_iter().enumerate() {
            self.note_block(block, self.is_at_end && index == last);
        }
    }

    /// Adds the lines of a block, and notes what is wrong with it.
    fn note_block(&mut self, block: Block, is_last: bool) {
        let Block { len, is_blank, read } = block;
        let is_stated = self.blocks < self.stated_blocks;
        self.blocks += u64::from(!is_last || !is_blank);
        let damage = &mut self.damage;
        if let Some((text, Outcome { events, lost, is_damaged })) = read {
            // What was skipped is between blocks of the log.
            damage.unreadable_blocks += std::mem::take(&mut self.skipped);
            damage.trailing_bytes = 0;
            damage.is_cut = is_last;
            self.text.extend_from_slice(&text);
            let is_unreadable = is_damaged && events == 0;
            damage.unreadable_blocks += u64::from(is_unreadable);
            damage.damaged_blocks += u64::from(is_damaged && !is_unreadable);
            damage.lost_events += lost;
        } else if !is_blank && is_stated {
            damage.unreadable_blocks += 1;
        } else if !is_blank {
            self.skipped += 1;
            damage.trailing_bytes += len as u64;
        }
        damage.is_cut |= is_last && is_stated;
    }
}

/// How many blocks are converted at once for each thread.
const BLOCKS_FOR_THREAD: usize = 8;

/// What was read of a block.
struct Block {
    /// The length of the block in bytes.
    len: usize,
    /// Whether the block is room for events that Windows has not written yet.
    is_blank: bool,
    /// The lines of the block, unless it does not begin like one.
    read: Option<(Vec<u8>, Outcome)>,
}

impl Block {
    fn of(block: Vec<u8>) -> Block {
        let (len, is_block) = (block.len(), block.starts_with(block::MAGIC));
        let is_blank = !is_block && block.iter().all(|&byte| byte == 0);
        let read = is_block.then(|| {
            let mut text = Vec::new();
            let outcome = block::read(block, &mut text);
            (text, outcome)
        });
        Block { len, is_blank, read }
    }
}

/// Converts blocks on several threads. They come in their order.
fn converted(mut blocks: Vec<Vec<u8>>, threads: usize) -> Vec<Block> {
    let each = blocks.len().div_ceil(threads);
    if each == blocks.len() {
        return blocks.into_iter().map(Block::of).collect();
    }
    thread::scope(|scope| {
        let mut others = Vec::new();
        let mut own = None;
        while !blocks.is_empty() {
            let rest = blocks.split_off(each.min(blocks.len()));
            let these = std::mem::replace(&mut blocks, rest);
            if blocks.is_empty() {
                own = Some(these);
            } else {
                others.push(scope.spawn(|| these.into_iter().map(Block::of).collect::<Vec<Block>>()));
            }
        }
        let own: Vec<Block> = own.into_iter().flatten().map(Block::of).collect();
        let others = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        let mut all: Vec<Block> = others.flatten().collect();
        all.extend(own);
        all
    })
}

impl Damage {
    /// Returns how a log of so many blocks has ended.
    fn into_end(self, blocks: u64) -> Ended {
        if self.is_cut {
            return Ended::Short;
        }
        let reasons = self.reasons(blocks);
        if !reasons.is_empty() {
            let what = format!("the event log is damaged ({}), and the rest was read", reasons.join(", "));
            return Ended::Lost(Loss::new(Kind::Damaged, what, Remedy::SaveEvents));
        }
        match self.trailing_bytes {
            0 => Ended::Complete,
            len => Ended::Lost(trailing(len, "the event log")),
        }
    }

    fn reasons(&self, blocks: u64) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.is_header_damaged {
            reasons.push("the checksum of its header is wrong".to_owned());
        }
        if self.unreadable_blocks > 0 {
            reasons.push(format!("{} of {blocks} blocks could not be read", self.unreadable_blocks));
        }
        match self.lost_events {
            0 if self.damaged_blocks > 0 => {
                reasons.push(format!("the checksum of {} of {blocks} blocks is wrong", self.damaged_blocks));
            }
            0 => {}
            1 => reasons.push("at least 1 event could not be read".to_owned()),
            lost => reasons.push(format!("at least {lost} events could not be read")),
        }
        reasons
    }
}
