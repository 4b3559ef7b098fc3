//! Reads the events in a block of a Windows event log. The crate `evtx` reads their binary XML.

use std::sync::Arc;

use evtx::{EvtxChunkData, ParserSettings};

use super::line;

/// The length of a block in bytes.
pub(super) const BLOCK_BYTES: usize = 64 << 10;
/// The length of the header of a block in bytes.
const HEADER_BYTES: usize = 512;
/// The bytes with which a block begins.
pub(super) const MAGIC: &[u8; 8] = b"ElfChnk\0";
/// The length of the shortest event in bytes. A block cannot contain more events than would fit.
const SHORTEST_BYTES: usize = 28;

/// What became of a block.
pub(super) struct Outcome {
    /// How many events were read.
    pub(super) events: u64,
    /// How many events could not be read, as far as that is known.
    pub(super) lost: u64,
    /// Whether the block was damaged.
    pub(super) is_damaged: bool,
}

/// Appends a line for each event in `block` to `text`. If the log is cut off, `block` may be shorter than [`BLOCK_BYTES`].
pub(super) fn read(block: Vec<u8>, text: &mut Vec<u8>) -> Outcome {
    let unreadable = Outcome { events: 0, lost: 0, is_damaged: true };
    if block.len() < HEADER_BYTES {
        return unreadable;
    }
    let Ok(mut block) = EvtxChunkData::new(block, false) else { return unreadable };
    let is_damaged = !block.validate_checksum();
    let ids = block.header.first_event_record_id..=block.header.last_event_record_id;
    // An empty block has the greatest number in place of both.
    let stated = ids.end().wrapping_sub(*ids.start()).wrapping_add(1);
    let stated =
        if stated as u128 <= (BLOCK_BYTES / SHORTEST_BYTES) as u128 && *ids.start() != u64::MAX { stated } else { 0 };
    let settings = Arc::new(ParserSettings::new().indent(false));
    let Ok(mut records) = block.parse(settings) else {
        return Outcome { lost: stated, ..unreadable };
    };
    let (mut events, mut failed) = (0, 0);
    for record in records.iter() {
        let read = record.and_then(|record| {
            let written = record.timestamp;
            Ok((record.into_xml_bytes()?, written))
        });
        match read {
            Ok((xml, written)) => {
                line::append(&xml.data, || Some(written.to_string()), text);
                events += 1;
            }
            Err(_) => failed += 1,
        }
    }
    Outcome { events, lost: failed.max(stated.saturating_sub(events)), is_damaged: is_damaged || failed > 0 }
}
