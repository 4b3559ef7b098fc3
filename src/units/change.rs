//! Finds the places where the encoding of a text changes.
//!
//! Programs append to logs in their own encoding: `>>` and `Out-File -Append` in Windows PowerShell append UTF-16LE, `Add-Content`
//! appends ANSI, and `copy /b` joins files of any encoding, with their byte order marks. So the encoding can change at the start of
//! any line, and within a line if the line before it was never ended.
//!
//! A change is decided by the [`AHEAD_BYTES`] bytes after it, so that the decision is the same however a text is cut into blocks. The
//! signs are, from single bytes to UTF-16:
//!
//! * a byte order mark at the start of a line;
//! * a line start after which the text has all signs of UTF-16 (see [`detect`](super::detect)) and not eight printable bytes;
//! * within a line, a row of ASCII in UTF-16 that extends to a line end in UTF-16, because any line can contain a value in UTF-16.
//!
//! From UTF-16 to single bytes, or to other UTF-16:
//!
//! * a byte order mark at the start of a line;
//! * a row of printable bytes that is too long to be Chinese characters. If no NUL precedes it in its line, the whole line is in
//!   single bytes, otherwise only the row and what follows;
//! * a short line of words and a separator, such as `callStatus=4`;
//! * a row of units that are ASCII in the other byte order. Such a row is also what a stray byte makes of all units that follow it.
//!   Then the byte order stays, and the units are counted from another byte;
//! * a line start, in one of these ways of counting, after which the text has all signs of UTF-16 and none in the present one.
//!
//! UTF-32 is recognised by rows of characters ([`rows`]), which are followed by single bytes.
//!
//! Nearly all texts have one encoding, and most are ASCII, which [`Units::may_change`] checks at memory speed.

use std::ops::Range;

use fearless_simd::{Level, dispatch};
use memchr::{memchr, memchr_iter, memrchr, memrchr_iter};

use super::detect::{SHARE_AT_BEGINNING, detect_by, is_one_block, is_plain, is_utf16};
use super::{Units, rows};

/// The number of bytes after a position that decide whether the encoding changes there.
pub(crate) const AHEAD_BYTES: usize = 512;

/// The number of printable bytes with which a line in UTF-16 never begins.
const SINGLE_BYTES: usize = 8;
/// The smallest number of units that form a row of ASCII in UTF-16.
const ROW_UNITS: usize = 8;
/// The number of units in a row that are ASCII in any text whose encoding can be recognised by it.
const WORD_UNITS: usize = 4;
/// The smallest lengths of a row of printable bytes within UTF-16: if it contains CR LF, if it contains LF, and otherwise. A pair of
/// bytes is printable in one Chinese character of seven, and CR LF does not occur in UTF-16.
const ROW_BYTES: [usize; 3] = [10, 20, 32];
/// The smallest length of a line in single bytes, and of its printable end, if no byte of the line is a control character.
const LINE_END_BYTES: usize = 15;
/// The smallest length of a line in single bytes that consists of words and separators.
const WORDS_BYTES: usize = 12;
/// The smallest number of bytes beyond ASCII in a line of UTF-8.
const UTF8_BYTES: usize = 4;
/// Rows contain at least this many whole units, so looking at one unit of so many finds them all.
const STEP_UNITS: usize = 4;
/// The number of line ends up to which the text after a line start is examined.
const LINES: usize = 3;

/// A change of the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The position of the first byte in the new encoding.
    pub(crate) at: usize,
    /// The new units. They are the old ones if only the count of bytes starts anew.
    pub(crate) units: Units,
    /// Whether a stray byte before the change makes the end of the line before it unreliable.
    pub(crate) is_after_stray_byte: bool,
}

impl Change {
    pub(super) fn new(at: usize, units: Units) -> Change {
        Change { at, units, is_after_stray_byte: false }
    }
}

impl Units {
    /// A quick check whether the encoding can change in `data`, which starts at the start of a unit. It is only rarely wrong.
    pub(crate) fn may_change(self, data: &[u8]) -> bool {
        match self {
            Units::Bytes => memchr(0, data).is_some(),
            Units::Utf16Le => !are_ascii(data, u16::from_le_bytes),
            Units::Utf16Be => !are_ascii(data, u16::from_be_bytes),
            Units::Utf32Le | Units::Utf32Be => true,
        }
    }

    /// Returns the first change before the position `end` in `data`, which is in these units at its start. `data` must contain
    /// [`AHEAD_BYTES`] more bytes, or all of the text. `before` are the last two bytes before `data`, or fewer at the start of the
    /// text. `is_new_line` is whether `data` starts with a line that may be in another encoding. Otherwise, the change is not at 0.
    pub(crate) fn next_change(self, before: &[u8], data: &[u8], end: usize, is_new_line: bool) -> Option<Change> {
        let change = match self {
            Units::Bytes => {
                let utf16 = change_in_bytes(before, data, end, is_new_line);
                let end = utf16.map_or(end, |change| change.at.min(end));
                rows::utf32_start(data, end).or(utf16)
            }
            Units::Utf16Le | Units::Utf16Be => self.change_in_utf16(data, end, is_new_line),
            Units::Utf32Le | Units::Utf32Be => self.row_end(data, end).map(|at| Change::new(at, Units::Bytes)),
        };
        change.filter(|change| change.at < end)
    }

    /// Appends all of `data` to `text` as UTF-8, and changes the encoding where that of the text changes. `data` is in these units at
    /// its start.
    pub(crate) fn decode_changing(self, data: &[u8], text: &mut Vec<u8>) {
        let (mut units, mut start) = (self, 0_usize);
        let skip_mark = |units: Units, at: usize| {
            let mark = units.byte_order_mark();
            at + if data[at..].starts_with(mark) { mark.len() } else { 0 }
        };
        loop {
            let (before, rest) = (&data[start.saturating_sub(2)..start], &data[start..]);
            let change = if units.may_change(rest) { units.next_change(before, rest, rest.len(), false) } else { None };
            let Some(change) = change.filter(|change| change.at > 0) else {
                return units.decode(rest, text);
            };
            units.decode(&rest[..change.at], text);
            units = change.units;
            start = skip_mark(units, start + change.at);
        }
    }

    /// Returns the last position in `data` where a line starts that is certainly in these units, whatever precedes `data`. The units
    /// are counted from the start of `data`.
    pub(super) fn certain_line_start(self, data: &[u8]) -> Option<usize> {
        match self {
            Units::Bytes => memrchr_iter(b'\n', data).find(|&at| {
                let start = data[..at].iter().rposition(|byte| !is_plain(*byte)).map_or(0, |before| before + 1);
                // In UTF-16, the first byte of the row may belong to the unit before it.
                data.get(start + 1..=at).is_some_and(is_row)
            }),
            Units::Utf16Le => {
                let starts = memrchr_iter(b'\n', data).filter(|at| at.is_multiple_of(2)).map(|at| at + 2);
                let is_certain = |start: &usize| {
                    let Some(window) = data.get(*start..start + AHEAD_BYTES) else { return false };
                    let line_end = start.checked_sub(4).and_then(|at| data.get(at..*start));
                    matches!(line_end, Some([1..0x80, 0, b'\n', 0]))
                        && self.ascii_row(window).0 >= ROW_UNITS
                        && self.begins(window)
                };
                return starts.into_iter().find(is_certain);
            }
            Units::Utf16Be | Units::Utf32Le | Units::Utf32Be => None,
        }
        .map(|at| at + 1)
    }

    /// Returns the other byte order.
    fn swapped(self) -> Units {
        match self {
            Units::Utf16Le => Units::Utf16Be,
            Units::Utf16Be => Units::Utf16Le,
            other => other,
        }
    }

    /// Returns the character if `unit` is a printable ASCII character or part of a line end in UTF-16.
    #[inline]
    fn ascii(self, unit: [u8; 2]) -> Option<u8> {
        let [low, high] = if self == Units::Utf16Be { [unit[1], unit[0]] } else { unit };
        (high == 0 && is_plain(low)).then_some(low)
    }

    /// Whether `text`, which is read in other units, contains several units that are ASCII in these. Zero and N do not count, because
    /// in the other byte order they are the ideographic space and the "one" of Chinese and Japanese.
    fn has_row(self, text: &[u8]) -> bool {
        let is_certain = |unit: &&[u8; 2]| self.ascii(**unit).is_some_and(|byte| !matches!(byte, b'0' | b'N'));
        text.as_chunks::<2>().0.iter().filter(is_certain).count() >= ROW_UNITS / 2
    }

    /// Returns the number of units in the row of ASCII and Western European characters with which `text` begins, up to a line feed, and
    /// whether the row extends to that or to the end of `text`.
    fn ascii_row(self, text: &[u8]) -> (usize, bool) {
        let mut units = 0;
        for unit in text.as_chunks::<2>().0 {
            match self.ascii(*unit) {
                None if self.count_narrow(unit) > 0 => units += 1,
                None => return (units, false),
                Some(b'\n') => return (units + 1, true),
                Some(_) => units += 1,
            }
        }
        // The last line feed must not be cut off.
        (units, text.len().is_multiple_of(2))
    }

    /// Whether several units of `text` in a row are ASCII.
    pub(super) fn has_ascii_word(self, text: &[u8]) -> bool {
        let mut units = 0;
        text.as_chunks::<2>().0.iter().any(|unit| {
            units = if self.ascii(*unit).is_some() { units + 1 } else { 0 };
            units == WORD_UNITS
        })
    }

    /// Whether any unit of `text` is ASCII.
    fn has_ascii(self, text: &[u8]) -> bool {
        text.as_chunks::<2>().0.iter().any(|unit| self.ascii(*unit).is_some())
    }

    /// Whether `text`, which starts with a line, has all signs of UTF-16 in this byte order up to one of its first line ends, or as a
    /// whole.
    fn begins(self, text: &[u8]) -> bool {
        let mut end = 0;
        let ends = std::iter::from_fn(|| {
            end += self.first_line_end(&text[end..])?;
            Some(end)
        });
        ends.take(LINES).chain([text.len()]).any(|end| is_utf16(self, &text[..end]))
    }

    /// Returns these units and 0 or, if `text` is more likely in the other byte order when counted from its second byte, that order
    /// and 1.
    ///
    /// The pairs of bytes of both are nearly the same. But of each row of characters that have a NUL, the wrong one of the two loses
    /// one, and it gains one only if half of the next character looks like a character of ASCII or Western Europe. The difference must be
    /// at least `margin`.
    fn or_swapped(self, text: &[u8], margin: usize) -> (usize, Units) {
        let other = self.swapped();
        let text = &text[..text.len() & !1];
        let is_other = text.get(1..).is_some_and(|rest| other.count_narrow(rest) >= self.count_narrow(text) + margin);
        if is_other { (1, other) } else { (0, self) }
    }

    /// Returns how many units of `text` are characters of ASCII or Western Europe.
    fn count_narrow(self, text: &[u8]) -> usize {
        let is_narrow = |unit: &&[u8; 2]| {
            let [low, high] = if self == Units::Utf16Be { [unit[1], unit[0]] } else { **unit };
            high == 0 && (is_plain(low) || low >= 0xA0)
        };
        text.as_chunks::<2>().0.iter().filter(is_narrow).count()
    }

    fn change_in_utf16(self, data: &[u8], end: usize, is_new_line: bool) -> Option<Change> {
        let mut start = 0;
        while start < end {
            let line_end = start + self.first_line_end(&data[start..]).unwrap_or(data.len() - start);
            if self.may_change(&data[start..line_end]) {
                let at_start = || self.change_at_line_start(window(data, start));
                let at_start = if start > 0 || is_new_line { at_start() } else { None };
                if let Some((at, units)) = at_start {
                    return Some(Change { at: start + at, units, is_after_stray_byte: at > 0 });
                }
                let least = if start > 0 || is_new_line { start } else { 1 };
                if let Some(change) = self.change_within_line(data, start..line_end, least) {
                    return Some(change);
                }
            }
            start = line_end;
        }
        None
    }

    /// Returns the units in which a line starts and the position from which they are counted, if a line in these units does not start
    /// there. `text` is the text from there on.
    fn change_at_line_start(self, text: &[u8]) -> Option<(usize, Units)> {
        let marked = |units: &Units| text.starts_with(units.byte_order_mark());
        if let Some(units) = [Units::Utf16Le, Units::Utf16Be].into_iter().find(marked) {
            return Some((0, units));
        }
        let to_nul = &text[..memchr(0, text).unwrap_or(text.len())];
        let has_mark = marked(&Units::Bytes) && to_nul.len() >= text.len().min(2 * SINGLE_BYTES);
        let has_row = || to_nul.split(|byte| !is_plain(*byte)).any(is_row);
        let has_line = || {
            let mut end = 0;
            to_nul.split_inclusive(|byte| *byte == b'\n').any(|line| {
                end += line.len();
                // At an even position, the NUL after a line cannot be half of its line feed.
                is_line_in_bytes(line, text.get(end).filter(|_| !end.is_multiple_of(2)))
            }) || to_nul.split_inclusive(|byte| *byte == b'\n').next().is_some_and(is_line_of_words)
        };
        if has_mark || has_row() || has_line() {
            return Some((0, Units::Bytes));
        }
        let other = self.swapped();
        let line = &text[..other.first_line_end(text).unwrap_or(text.len())];
        if !self.has_ascii(line) && other.has_row(line) && other.begins(text) {
            return Some(other.or_swapped(text, 1));
        }
        // Characters that no text uses, such as NUL, can make a small difference.
        Some(self.or_swapped(text, ROW_UNITS / 2)).filter(|(at, other)| *at > 0 && other.begins(&text[1..]))
    }

    /// Returns the first change at `least` or later in the line at `line`, or after its start if a stray byte divides it.
    fn change_within_line(self, data: &[u8], line: Range<usize>, least: usize) -> Option<Change> {
        let shifted = self.line_start_after_stray_byte(data, line.clone());
        let after_half = self.bytes_after_half_line_end(data, line.clone()).filter(|change| change.at >= least);
        let row = self.foreign_row(data, line, least);
        let first = shifted.into_iter().chain(row).min_by_key(|change| change.at);
        // The row may begin with the half line end.
        match (first, after_half) {
            (Some(first), Some(half)) if first.at + 1 < half.at => Some(first),
            (first, half) => half.or(first),
        }
    }

    /// Returns the first change to single bytes after half of a line feed, with which UTF-16BE ends that is read as UTF-16LE from its
    /// second byte on.
    fn bytes_after_half_line_end(self, data: &[u8], line: Range<usize>) -> Option<Change> {
        let start = line.start;
        let is_half = |at: &usize| {
            at.is_multiple_of(2)
                && data.get(start + at + 1).is_some_and(|next| is_plain(*next))
                && at
                    .checked_sub(2)
                    .is_some_and(|before| self.ascii([data[start + before], data[start + before + 1]]).is_some())
        };
        let at_line = |at: usize| {
            let change = self.change_at_line_start(window(data, start + at + 1));
            change.is_some_and(|change| change == (0, Units::Bytes)).then(|| Change::new(start + at + 1, Units::Bytes))
        };
        let halves = || memchr_iter(b'\n', &data[line.clone()]).filter(is_half).find_map(at_line);
        if self == Units::Utf16Le { halves() } else { None }
    }

    /// Returns the first change at a row of printable bytes or of ASCII in the other byte order.
    fn foreign_row(self, data: &[u8], line: Range<usize>, least: usize) -> Option<Change> {
        let other = self.swapped();
        let is_printable = |unit: [u8; 2]| unit.into_iter().all(is_plain);
        let (units, _) = data[line.clone()].as_chunks::<2>();
        let mut index = 0;
        while let Some(unit) = units.get(index).copied() {
            let is_like =
                |next: [u8; 2]| if is_printable(unit) { is_printable(next) } else { other.ascii(next).is_some() };
            if !is_like(unit) {
                index += STEP_UNITS;
                continue;
            }
            let first = units[..index].iter().rposition(|before| !is_like(*before)).map_or(0, |before| before + 1);
            let at = line.start + 2 * first;
            let row = window(data, at);
            if at < least {
                // The encoding has just changed there.
            } else if is_printable(unit) {
                if is_row(row) {
                    return Some(Change::new(at, Units::Bytes));
                }
            } else if row.len() >= 2 * ROW_UNITS
                && row.as_chunks::<2>().0.iter().take(ROW_UNITS).all(|unit| is_like(*unit))
                && other.has_row(&row[..2 * ROW_UNITS])
            {
                return Some(self.change_at_swapped_row(data, line.start, at)).filter(|change| change.at >= least);
            }
            let len = units[index..].iter().position(|next| !is_like(*next)).unwrap_or(units.len() - index);
            index += len.max(1);
        }
        None
    }

    /// Decides whether the units that are ASCII in the other byte order follow a stray byte. They start at `at`, in the line that
    /// starts at `start`.
    fn change_at_swapped_row(self, data: &[u8], start: usize, at: usize) -> Change {
        let before = &data[start..at];
        let other = self.swapped();
        if before.ends_with(other.byte_order_mark()) {
            return Change::new(at - 2, other);
        }
        // Together with the first byte of the row, the byte before it is a character in the present byte order.
        let is_shifted = before.last().is_some_and(|&byte| self.count_narrow(&[byte, data[at]]) > 0);
        if is_shifted {
            return Change { at: at - 1, units: self, is_after_stray_byte: true };
        }
        Change::new(at, other)
    }

    /// Returns the first place in the line at `line` that looks like the start of a line if units are counted from an odd
    /// position.
    fn line_start_after_stray_byte(self, data: &[u8], line: Range<usize>) -> Option<Change> {
        let start = line.start;
        let odd_start = |at: usize| match self {
            Units::Utf16Le if !at.is_multiple_of(2) => (data.get(start + at + 1) == Some(&0)).then_some(start + at + 2),
            Units::Utf16Be if at.is_multiple_of(2) && at > 0 => (data[start + at - 1] == 0).then_some(start + at + 1),
            _ => None,
        };
        let line_at = |at: usize| {
            let text = window(data, at);
            if text.is_empty() || self.has_ascii(&text[1..]) || !self.begins(text) {
                return None;
            }
            // A line end of the other byte order may look like one that is counted from an odd position.
            let before = window(data, at - 1);
            Some(match self.swapped().or_swapped(before, 1) {
                (0, other) => Change::new(at - 1, other),
                _ => Change { at, units: self, is_after_stray_byte: true },
            })
        };
        memchr_iter(b'\n', &data[line]).filter_map(odd_start).find_map(line_at)
    }
}

/// Returns the units in which a text starts and the position from which they are counted, if it does not start in single bytes.
/// `text` starts with a line.
pub(super) fn utf16_at_line_start(text: &[u8]) -> Option<(usize, Units)> {
    let text = window(text, 0);
    let both = [Units::Utf16Le, Units::Utf16Be];
    let is_marked = |units: &Units| {
        let text = text.strip_prefix(units.byte_order_mark());
        text.is_some_and(|text| detect_by(text, SHARE_AT_BEGINNING) == *units && !starts_printable(text))
    };
    if let Some(units) = both.into_iter().find(is_marked) {
        return Some((0, units));
    }
    if starts_printable(text) {
        return None;
    }
    let units = both.into_iter().find(|units| units.begins(text))?;
    Some(units.or_swapped(text, 1))
}

fn change_in_bytes(before: &[u8], data: &[u8], end: usize, is_new_line: bool) -> Option<Change> {
    let mut line = 0;
    loop {
        let nul = line + memchr(0, &data[line..])?;
        // UTF-16 may have begun in the lines before the NUL. Half of a character may look like a line feed.
        let far = nul.saturating_sub(AHEAD_BYTES);
        if far > line {
            line = memrchr(b'\n', &data[line..far]).map_or(line, |at| line + at + 1);
        }
        while line <= nul {
            if line >= end {
                return None;
            }
            let line_end = memchr(b'\n', &data[line..]).map_or(data.len(), |at| line + at + 1);
            let within = utf16_within_line(data, line, line_end, end).filter(|change| change.at > 0 || is_new_line);
            // If the text before the row is in single bytes, no line end follows it. But without its first byte, UTF-16LE is a row of
            // UTF-16BE, also after a byte order mark.
            let marks = [Units::Utf16Le, Units::Utf16Be].map(Units::byte_order_mark);
            let is_marked = marks.iter().any(|mark| data[line..].starts_with(mark));
            let is_divided = |change: &Change| {
                let has_line_end = || Units::Utf16Le.first_line_end(window(data, line)).is_some();
                let may_be_le = change.at == line + 1 && change.units == Units::Utf16Be && has_line_end();
                !is_marked && !may_be_le && !data[line..change.at].iter().any(|byte| *byte == 0 || is_control(*byte))
            };
            let at_start = (line > 0 || is_new_line) && !within.as_ref().is_some_and(is_divided);
            let at_start = if at_start { change_at_line(before, data, line, line_end) } else { None };
            if let Some(change) = at_start.or(within) {
                return Some(change);
            }
            line = line_end;
            if line == data.len() {
                return None;
            }
        }
    }
}

/// Returns the change to UTF-16 at the start of the line `line..line_end`.
fn change_at_line(before: &[u8], data: &[u8], line: usize, line_end: usize) -> Option<Change> {
    let text = window(data, line);
    let own = &data[line..line_end.min(line + AHEAD_BYTES)];
    // No text in single bytes has control characters, and no line of UTF-16 without any contains a result.
    let is_odd =
        |at: usize| is_control(own[at]) || (own[at] == b'\r' && own.get(at + 1).is_some_and(|next| *next != b'\n'));
    let has_mark = text.starts_with(b"\xFF\xFE") || text.starts_with(b"\xFE\xFF");
    if !has_mark && !(0..own.len()).any(is_odd) {
        return None;
    }
    // The NUL may be the second half of the line feed before it, if that line was in UTF-16LE, too, but could not be recognised.
    let second_last = match line.checked_sub(2) {
        Some(at) => data.get(at),
        None => before.get((before.len() + line).wrapping_sub(2)),
    };
    if text.first() == Some(&0) && Units::Utf16Le.begins(&text[1..]) {
        let pairs = (text.len() - 1) / 2 * 2;
        let is_no_worse =
            || Units::Utf16Le.count_narrow(&text[1..=pairs]) >= Units::Utf16Be.count_narrow(&text[..pairs]);
        if second_last.is_some_and(|byte| (*byte == 0 || !is_plain(*byte)) && is_no_worse()) {
            return Some(Change::new(line + 1, Units::Utf16Le));
        }
    }
    utf16_at_line_start(text).map(|(at, units)| Change::new(line + at, units))
}

/// Whether text in single bytes does not use this byte.
fn is_control(byte: u8) -> bool {
    byte < b' ' && !is_plain(byte) && byte != 0x1b
}

/// Returns the change to UTF-16 within the line `line..line_end` of single bytes.
fn utf16_within_line(data: &[u8], line: usize, line_end: usize, end: usize) -> Option<Change> {
    let extends = |units: Units, at: usize| {
        let (len, is_whole) = units.ascii_row(window(data, at));
        // The first byte may also be the second one of a byte order mark.
        is_whole && len >= ROW_UNITS && units.has_ascii(&data[at..data.len().min(at + 2)])
    };
    let seen = &data[line..data.len().min(line_end + 1)];
    for nul in memchr_iter(0, seen).map(|at| line + at) {
        if nul > end {
            return None;
        }
        // Only the first NUL of a row.
        if nul >= line + 2 && data[nul - 2] == 0 {
            continue;
        }
        let units = [(Units::Utf16Le, nul.wrapping_sub(1)), (Units::Utf16Be, nul)];
        let found = units.into_iter().find(|&(units, at)| at >= line && at <= nul && extends(units, at));
        if let Some((units, at)) = found {
            let has_mark = data[line..at].ends_with(units.byte_order_mark());
            return Some(Change::new(if has_mark { at - 2 } else { at }, units));
        }
    }
    None
}

/// Whether `text` begins with so many printable bytes that it is no UTF-16.
fn starts_printable(text: &[u8]) -> bool {
    text.get(..SINGLE_BYTES).is_some_and(|first| first.iter().all(|byte| is_plain(*byte)))
}

/// Whether `text` starts with a row of printable bytes that is not UTF-16.
fn is_row(text: &[u8]) -> bool {
    let row = &text[..text.iter().take_while(|byte| is_plain(**byte)).count()];
    let (mut before, mut least) = (0, ROW_BYTES[2]);
    let shortest = row.iter().enumerate().find(|&(index, &byte)| {
        if byte == b'\n' {
            least = least.min(if before == b'\r' { ROW_BYTES[0] } else { ROW_BYTES[1] });
        }
        before = byte;
        index + 1 >= least
    });
    shortest.is_some_and(|(last, _)| !is_one_block(&row[..=last]) || !is_one_block(row))
}

/// Whether a line without NUL bytes is no part of UTF-16: it is UTF-8 beyond ASCII, or it contains no control characters and is nearly
/// all printable, at its end or as a whole. `next` is the byte after it. If that is a NUL, the line feed may be in UTF-16, unless the line
/// is UTF-8.
pub(super) fn is_line_in_bytes(line: &[u8], next: Option<&u8>) -> bool {
    let is_utf8 =
        || line.iter().filter(|byte| !byte.is_ascii()).count() >= UTF8_BYTES && std::str::from_utf8(line).is_ok();
    let ends_plain = || line.iter().rev().take_while(|byte| is_plain(**byte)).count() >= LINE_END_BYTES;
    let is_plain_enough = || line.iter().filter(|byte| is_plain(**byte)).count() * 10 >= line.len() * 9;
    line.ends_with(b"\n")
        && (next != Some(&0) || is_utf8())
        && line.len() >= LINE_END_BYTES
        && !line.iter().any(|byte| is_control(*byte))
        && !is_one_block(line)
        && (ends_plain() || is_utf8() || (line.len() >= ROW_BYTES[2] && is_plain_enough()))
}

/// Whether a line consists of words with a separator, such as `callStatus=4`, and of nothing else. As many bytes of Chinese characters
/// in UTF-16 are never all of this kind.
fn is_line_of_words(line: &[u8]) -> bool {
    let is_of_words = |byte: &u8| byte.is_ascii_alphanumeric() || b" =:_-.,\r\n".contains(byte);
    line.len() >= WORDS_BYTES
        && line.ends_with(b"\n")
        && line.iter().any(|byte| b"=:".contains(byte))
        && line.iter().all(is_of_words)
        && !is_one_block(line)
}

/// Returns the bytes from `at` on that decide whether the encoding changes there.
fn window(data: &[u8], at: usize) -> &[u8] {
    let end = data.len().min(at + AHEAD_BYTES);
    data.get(at..end).unwrap_or_default()
}

/// Whether all units of `data` are ASCII.
fn are_ascii(data: &[u8], unit: impl Fn([u8; 2]) -> u16 + Copy) -> bool {
    /// How many bytes are checked at once, without a branch, so that the compiler can use vector instructions.
    const BLOCK_BYTES: usize = 4 << 10;
    let is_ascii = |block: &[u8]| block.as_chunks::<2>().0.iter().fold(0, |seen, pair| seen | unit(*pair)) < 0x80;
    let all = || data.chunks(BLOCK_BYTES).all(is_ascii);
    dispatch!(Level::new(), _simd => all())
}
