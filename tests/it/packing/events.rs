//! Writes Windows event logs (.evtx): a header, and blocks of 64 KiB with a header of their own and events in binary XML.
//!
//! Windows writes most of an event as a template with values, and refers to templates and names that are in the block already. Here,
//! each event contains all of its XML, so that a test can see from the bytes what they mean.

use flate2::Crc;

/// The length of the header of a log, which is followed by the first block.
pub(crate) const HEADER_BYTES: usize = 4096;
/// The length of a block.
pub(crate) const BLOCK_BYTES: usize = 65536;
/// The length of the header of a block, which is followed by the first event.
pub(crate) const BLOCK_HEADER_BYTES: usize = 512;

/// An event, with its values and their names.
#[derive(Clone, Copy)]
pub(crate) struct Event<'e> {
    pub(crate) time: &'e str,
    pub(crate) computer: &'e str,
    pub(crate) id: &'e str,
    pub(crate) level: &'e str,
    pub(crate) values: &'e [(&'e str, &'e str)],
}

impl Default for Event<'_> {
    fn default() -> Self {
        Event { time: "2017-02-14T02:57:24.6008710Z", computer: "mfa01", id: "1000", level: "4", values: &[] }
    }
}

/// Returns an event log of the channel `Application` with these blocks of events.
pub(crate) fn event_log(blocks: &[&[Event<'_>]]) -> Vec<u8> {
    let mut log = vec![0; HEADER_BYTES];
    log[..8].copy_from_slice(b"ElfFile\0");
    set(&mut log, 16, &(blocks.len() as u64).saturating_sub(1).to_le_bytes());
    let events: usize = blocks.iter().map(|block| block.len()).sum();
    set(&mut log, 24, &(events as u64 + 1).to_le_bytes());
    set(&mut log, 32, &128_u32.to_le_bytes());
    set(&mut log, 36, &[1, 0, 3, 0]);
    set(&mut log, 40, &4096_u16.to_le_bytes());
    set(&mut log, 42, &u16::try_from(blocks.len()).unwrap().to_le_bytes());
    let sum = crc(&[&log[..120]]);
    set(&mut log, 124, &sum);
    let mut first = 1;
    for events in blocks {
        log.extend(block(events, first));
        first += events.len() as u64;
    }
    log
}

/// Returns where each event of a log with one block ends.
pub(crate) fn ends(events: &[Event<'_>]) -> Vec<usize> {
    let starts = (0..events.len()).map(|count| HEADER_BYTES + used(&block(&events[..=count], 1)));
    starts.collect()
}

/// Returns how many bytes of a block are used.
fn used(block: &[u8]) -> usize {
    u32::from_le_bytes(block[48..52].try_into().unwrap()) as usize
}

/// Returns a block of events, the first of which has the number `first`.
fn block(events: &[Event<'_>], first: u64) -> Vec<u8> {
    let mut block = vec![0; BLOCK_HEADER_BYTES];
    block[..8].copy_from_slice(b"ElfChnk\0");
    let mut last_start = block.len();
    for (number, event) in (first..).zip(events) {
        last_start = block.len();
        let start = block.len();
        block.extend(b"**\0\0\0\0\0\0");
        block.extend(number.to_le_bytes());
        // The time at which the event was written, in units of 100 ns since 1601: 2017-02-14 03:00 UTC.
        block.extend(131_315_148_000_000_000_u64.to_le_bytes());
        xml(event, &mut block);
        let len = u32::try_from(block.len() + 4 - start).unwrap().to_le_bytes();
        set(&mut block, start + 4, &len);
        block.extend(len);
    }
    let last = first + events.len() as u64 - 1;
    let used = u32::try_from(block.len()).unwrap();
    for (at, number) in [(8, first), (16, last), (24, first), (32, last)] {
        set(&mut block, at, &number.to_le_bytes());
    }
    for (at, number) in [(40, 128), (44, u32::try_from(last_start).unwrap()), (48, used)] {
        set(&mut block, at, &number.to_le_bytes());
    }
    let sum = crc(&[&block[BLOCK_HEADER_BYTES..]]);
    set(&mut block, 52, &sum);
    let sum = crc(&[&block[..120], &block[128..BLOCK_HEADER_BYTES]]);
    set(&mut block, 124, &sum);
    block.resize(BLOCK_BYTES, 0);
    block
}

/// Appends the binary XML of an event to its block.
fn xml(event: &Event<'_>, block: &mut Vec<u8>) {
    let text = |name: &'static str, text: &str| Element { name, text: text.to_owned(), ..Element::default() };
    let value = |(name, value): &(&str, &str)| {
        let attributes = [("Name", (*name).to_owned())].into_iter().filter(|(_, name)| !name.is_empty()).collect();
        Element { attributes, ..text("Data", value) }
    };
    let system = [
        Element { attributes: vec![("Name", "Netop Guest".to_owned())], ..text("Provider", "") },
        text("EventID", event.id),
        text("Level", event.level),
        Element { attributes: vec![("SystemTime", event.time.to_owned())], ..text("TimeCreated", "") },
        text("Channel", "Application"),
        text("Computer", event.computer),
    ];
    let children = vec![
        Element { children: system.into(), ..text("System", "") },
        Element { children: event.values.iter().map(value).collect(), ..text("EventData", "") },
    ];
    let root = Element { children, ..text("Event", "") };
    // The header of a fragment, with version 1.1.
    block.extend([0x0f, 1, 1, 0]);
    root.append(block);
    // The end of the fragment.
    block.push(0);
}

#[derive(Default)]
struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn append(&self, block: &mut Vec<u8>) {
        const HAS_MORE: u8 = 0x40;
        let has_attributes = !self.attributes.is_empty();
        block.push(if has_attributes { 1 | HAS_MORE } else { 1 });
        // The length of the rest.
        let start = block.len();
        block.extend([0; 4]);
        name(self.name, block);
        if has_attributes {
            let list = block.len();
            block.extend([0; 4]);
            for (index, (key, value)) in self.attributes.iter().enumerate() {
                block.push(if index + 1 < self.attributes.len() { 6 | HAS_MORE } else { 6 });
                name(key, block);
                string(value, block);
            }
            let len = u32::try_from(block.len() - list - 4).unwrap().to_le_bytes();
            set(block, list, &len);
        }
        // The end of the start tag.
        block.push(2);
        if !self.text.is_empty() {
            string(&self.text, block);
        }
        self.children.iter().for_each(|child| child.append(block));
        // The end tag.
        block.push(4);
        let len = u32::try_from(block.len() - start - 4).unwrap().to_le_bytes();
        set(block, start, &len);
    }
}

/// Appends the offset of a name and, at that offset, the name: a link to the next one, a hash and the text.
fn name(name: &str, block: &mut Vec<u8>) {
    let offset = u32::try_from(block.len() + 4).unwrap();
    block.extend(offset.to_le_bytes());
    block.extend([0; 4]);
    let hash = name.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(65599).wrapping_add(unit.into()));
    block.extend(&hash.to_le_bytes()[..2]);
    utf16(name, block);
    block.extend([0; 2]);
}

/// Appends a value of the type string.
fn string(text: &str, block: &mut Vec<u8>) {
    block.extend([5, 1]);
    utf16(text, block);
}

/// Appends the length of a text and the text.
fn utf16(text: &str, block: &mut Vec<u8>) {
    let units: Vec<u16> = text.encode_utf16().collect();
    block.extend(u16::try_from(units.len()).unwrap().to_le_bytes());
    block.extend(units.into_iter().flat_map(u16::to_le_bytes));
}

fn set(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn crc(parts: &[&[u8]]) -> [u8; 4] {
    let mut crc = Crc::new();
    parts.iter().for_each(|part| crc.update(part));
    crc.sum().to_le_bytes()
}
