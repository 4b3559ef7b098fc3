//! Finds text in UTF-16 and UTF-32 among other data, as `strings` does.
//!
//! Nothing can be concluded from the beginning of a binary file, such as a program or a memory dump: text in any encoding may be
//! anywhere in it. So each row of characters of ASCII or Western Europe in UTF-16 or UTF-32 is read as such, from its first character
//! on, and everything else is read as bytes. UTF-32 is found in the same way in text.
//!
//! A row has at least [`ROW_UNITS`] units. Other characters belong to it if it goes on after them. How far a row extends depends only on
//! the bytes after each place, so the rows are the same however a source is cut into blocks.

use memchr::{memchr, memchr_iter, memrchr_iter};

use super::Units;
use super::change::Change;
use super::detect::is_plain;

/// The smallest number of units that form a row.
const ROW_UNITS: usize = 8;
/// The smallest number of units with which a row goes on after other characters, unless a line ends there.
const WORD_UNITS: usize = 4;
/// The greatest length of other characters within a row, in bytes.
const GAP_BYTES: usize = 128;
/// The number of units in a row that are two printable bytes each, by which bytes after UTF-16 are recognised.
const PRINTABLE_UNITS: usize = 4;
/// Among so many bytes of a row, at least one is a NUL.
const NUL_WITHIN_BYTES: usize = GAP_BYTES + 8;
/// The number of bytes from the start of a row that decide its byte order.
const ORDER_BYTES: usize = 256;

const UTF_32: [Units; 2] = [Units::Utf32Le, Units::Utf32Be];
const ALL: [Units; 4] = [Units::Utf16Le, Units::Utf16Be, Units::Utf32Le, Units::Utf32Be];

impl Units {
    /// Returns the first change before the position `end` in `data`, which is in these units at its start: the start of a row if they
    /// are bytes, and otherwise the end of the row. `data` must contain [`AHEAD_BYTES`](super::AHEAD_BYTES) more bytes, or all of the
    /// source.
    pub(crate) fn next_row_change(self, data: &[u8], end: usize) -> Option<Change> {
        let change = match self {
            Units::Bytes => row_start(&ALL, data, end),
            units => {
                // What is left at the end of the source is no character.
                let rest = data.len() - data.len() % units.size_bytes();
                let at = units.row_end(data, end).or((rest < data.len()).then_some(rest));
                at.map(|at| Change::new(at, Units::Bytes))
            }
        };
        change.filter(|change| change.at < end)
    }

    /// Returns the character of a unit if it is one of ASCII or Western Europe.
    fn narrow(self, unit: &[u8]) -> Option<u8> {
        let (byte, is_narrow) = match (self, unit) {
            (Units::Utf16Le, [byte, 0]) | (Units::Utf16Be, [0, byte]) => (*byte, true),
            (Units::Utf32Le, [byte, 0, 0, 0]) | (Units::Utf32Be, [0, 0, 0, byte]) => (*byte, true),
            _ => (0, false),
        };
        (is_narrow && (is_plain(byte) || byte >= 0xA0)).then_some(byte)
    }

    /// Returns the position after the row with which `data` starts, or `None` if the row extends beyond `end`.
    pub(super) fn row_end(self, data: &[u8], end: usize) -> Option<usize> {
        let size = self.size_bytes();
        let mark = self.byte_order_mark();
        let mut at = if data.starts_with(mark) { mark.len() } else { 0 };
        while at < end && at + size <= data.len() {
            if self.narrow(&data[at..at + size]).is_some() {
                at += size;
                continue;
            }
            match self.gap(&data[at..]) {
                Some(units) => at += units * size,
                None => return Some(at),
            }
        }
        None
    }

    /// Returns the number of other characters with which `data` starts, if the row goes on after them.
    fn gap(self, data: &[u8]) -> Option<usize> {
        let size = self.size_bytes();
        let (mut units, mut printable) = (0, 0);
        for unit in data.chunks_exact(size).take(GAP_BYTES / size) {
            if self.narrow(unit).is_some() {
                break;
            }
            printable = if unit.iter().all(|byte| is_plain(*byte)) { printable + 1 } else { 0 };
            if printable == PRINTABLE_UNITS || (size == 4 && !self.is_char(unit)) {
                return None;
            }
            units += 1;
        }
        let end = units * size;
        let goes_on = match size {
            // So many characters of UTF-32 do not occur by chance.
            4 if end == GAP_BYTES || end == data.len() => true,
            _ => self.goes_on(&data[end..]),
        };
        // What looks like other characters may be another row. With a byte before it, what follows may look like one.
        let is_other = || row_start(&ALL, data, end).is_some_and(|change| change.at + size <= end);
        (units > 0 && goes_on && !is_other()).then_some(units)
    }

    /// Whether `data` starts with a word or with the end of a line.
    fn goes_on(self, data: &[u8]) -> bool {
        let words = data.chunks_exact(self.size_bytes()).take(WORD_UNITS).map_while(|unit| self.narrow(unit));
        let mut units = 0;
        words.inspect(|_| units += 1).any(|byte| byte == b'\n') || units == WORD_UNITS
    }

    /// Whether a unit of UTF-32 is a character other than NUL.
    fn is_char(self, unit: &[u8]) -> bool {
        let Some(unit) = unit.first_chunk::<4>() else { return false };
        let number = if self == Units::Utf32Be { u32::from_be_bytes(*unit) } else { u32::from_le_bytes(*unit) };
        number != 0 && char::from_u32(number).is_some()
    }

    /// Returns the number of units in the row of characters with which `data` starts, up to the end of the first line that is not empty,
    /// and whether there is one.
    fn row(self, data: &[u8]) -> (usize, bool) {
        let mut units = 0;
        for unit in data.chunks_exact(self.size_bytes()) {
            match self.narrow(unit) {
                None => break,
                Some(b'\n') if units > 0 => return (units + 1, true),
                Some(_) => units += 1,
            }
        }
        (units, false)
    }

    /// Whether `data` starts with enough characters for a row.
    fn starts_row(self, data: &[u8]) -> bool {
        let mut units = data.chunks_exact(self.size_bytes()).take(ROW_UNITS);
        units.len() == ROW_UNITS && units.all(|unit| self.narrow(unit).is_some())
    }
}

/// Returns the last position in `data` where a line starts that is certainly read as bytes, whatever precedes `data`.
pub(super) fn certain_line_start(data: &[u8]) -> Option<usize> {
    let is_certain = |end: &usize| {
        let before = end.checked_sub(NUL_WITHIN_BYTES).and_then(|start| data.get(start..*end));
        // A line feed before a NUL may be the first character of a row.
        before.is_some_and(|before| memchr(0, before).is_none()) && data.get(*end).is_some_and(|next| *next != 0)
    };
    memrchr_iter(b'\n', data).map(|at| at + 1).find(is_certain)
}

/// Returns the units of a text that starts with a row in UTF-32.
pub(super) fn utf32_at_start(text: &[u8]) -> Option<Units> {
    UTF_32.into_iter().find(|units| units.starts_row(text.strip_prefix(units.byte_order_mark()).unwrap_or(text)))
}

/// Returns the first change to a row in UTF-32 that starts before `end`. The arguments are those of [`Units::next_row_change`].
pub(super) fn utf32_start(data: &[u8], end: usize) -> Option<Change> {
    row_start(&UTF_32, data, end).filter(|change| change.at < end)
}

/// Returns the first change to a row in one of these units that starts before `end`.
fn row_start(all: &[Units], data: &[u8], end: usize) -> Option<Change> {
    for nul in memchr_iter(0, data) {
        if nul > end {
            return None;
        }
        // Every row has a NUL at each of these places. Most NULs in binary data are in none.
        if [2, 4, 6].iter().any(|next| data.get(nul + next) != Some(&0)) {
            continue;
        }
        for at in [nul.wrapping_sub(1), nul] {
            let Some(rest) = data.get(at..) else { continue };
            if let Some(units) = all.iter().copied().find(|units| units.starts_row(rest)) {
                let (at, units) = in_likely_order(data, at, units);
                let mark = units.byte_order_mark();
                return Some(Change::new(if data[..at].ends_with(mark) { at - mark.len() } else { at }, units));
            }
        }
    }
    None
}

/// Decides the byte order of the row that starts at `at`. If the byte before a row is a NUL or a character, then that byte and all but
/// the last of the row are a row in the other byte order. Rows that end with a line, and then rows that start with one, are more likely,
/// and then longer ones.
fn in_likely_order(data: &[u8], at: usize, units: Units) -> (usize, Units) {
    let (other, step) = match units {
        Units::Bytes => return (at, units),
        Units::Utf16Le => (Units::Utf16Be, 1),
        Units::Utf16Be => (Units::Utf16Le, 1),
        Units::Utf32Le => (Units::Utf32Be, 1),
        Units::Utf32Be => (Units::Utf32Le, 3),
    };
    let rank = |at: usize, units: Units| {
        let (len, ends_line) = units.row(&data[at..data.len().min(at + ORDER_BYTES)]);
        let starts_line = at == 0 || data[at - 1] == b'\n' || data[..at].ends_with(units.byte_order_mark());
        (ends_line, starts_line, len, matches!(units, Units::Utf16Le | Units::Utf32Le))
    };
    let is_row = data.get(at + step..).is_some_and(|rest| other.starts_row(rest));
    if is_row && rank(at + step, other) > rank(at, units) { (at + step, other) } else { (at, units) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn a_row_begins_with_its_first_character_and_ends_with_its_last() {
        let row = utf16("call result = 102\r\n");
        for (before, after) in
            [(&b"\x01\x02\x03"[..], &b"call result = 4"[..]), (b"\0\0\0", b"call"), (b"\n", b"\xff\xff\xff")]
        {
            let data = [before, &row, after].concat();
            let start = Units::Bytes.next_row_change(&data, data.len());
            assert_eq!(start, Some(Change::new(before.len(), Units::Utf16Le)), "{data:?}");
            let end = Units::Utf16Le.next_row_change(&data[before.len()..], data.len() - before.len());
            assert_eq!(end, Some(Change::new(row.len(), Units::Bytes)), "{data:?}");
        }
        // Seven characters are too few.
        assert_eq!(Units::Bytes.next_row_change(&[utf16("callSta"), b"\xff\xff".to_vec()].concat(), 16), None);
    }

    #[test]
    fn other_characters_are_part_of_a_row_and_other_text_is_not() {
        let end = |gap: &[u8]| {
            let data = [&utf16("call of "), gap, &utf16(": result = 102\r\n"), b"\xff\xff"].concat();
            Units::Utf16Le.next_row_change(&data, data.len()).unwrap().at
        };
        let whole = 16 + 32;
        assert_eq!(end(&utf16("Иван")), whole + 8);
        assert_eq!(end(&utf16("\0")), whole + 2);
        assert_eq!(end(b"in bytes"), 16);
        let big: Vec<u8> = "result 4".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(end(&big), 16);
        assert_eq!(end(&[b'\x04'; GAP_BYTES + 2]), 16);
    }

    #[test]
    fn a_line_start_is_certain_if_no_row_can_extend_to_it() {
        let before = vec![b'x'; NUL_WITHIN_BYTES];
        let after = |end: &[u8]| certain_line_start(&[&before, end].concat());
        assert_eq!(after(b"\nabc\nd"), Some(NUL_WITHIN_BYTES + 5));
        assert_eq!(after(b"\nabc\n\0"), Some(NUL_WITHIN_BYTES + 1));
        assert_eq!(after(b"\n"), None);
        assert_eq!(certain_line_start(&[&before[10..], &b"\nabc\n\0"[..]].concat()), None);
    }
}
