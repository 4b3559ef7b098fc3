//! Finds and reads ISO 8601 dates with a clock time.
//!
//! | part | forms |
//! |---|---|
//! | date | `2017-02-14` |
//! | separator | `T`, `t` or a space |
//! | clock time | `02:57:24`; a leap second (`:60`) counts as `:59` |
//! | fraction | `.600871`, `,600871` or `:600`; digits after the ninth are dropped |
//! | zone | `Z`, `z`, `+01:00`, `+1:00`, `+0100`, `+01`, with or without a space before the sign; a name such as ` UTC` or ` CET`, or ` UTC +2`; any of these in brackets, as in ` (+0100)`, or in the next column; or none |
//!
//! A time with AM or PM after it is not read, because its digits alone do not give the hour.
//!
//! Almost every result needs a time, so this reader compares eight columns at once, does its own calendar arithmetic, and caches
//! the last minute. A date library would need several times as many instructions.

use super::form::{FIRST_SECOND, last_second};
use super::forms::names::{self, ZoneName};
use super::forms::read::{column, half_day};
use super::{Basis, DateBasis, SEARCH_LIMIT_BYTES, Stamp, Time, ZoneBasis};

/// Reads ISO 8601 times, with a cache for the last minute, which neighbouring lines usually share.
#[derive(Clone, Debug, Default)]
pub(super) struct Reader {
    /// The cached date, hour and minute as written, such as `2017-02-14T02:57`. Zero if nothing is cached.
    minute: u128,
    /// The seconds from 1970 to the cached minute, or `None` if the text is not a valid date and time.
    start: Option<i64>,
}

impl Reader {
    /// Returns the first time in `line` that starts within [`SEARCH_LIMIT_BYTES`]. If no log can have been written at that time,
    /// returns `None`; later times in the line are not considered.
    #[inline]
    pub(super) fn find(&mut self, line: &[u8]) -> Option<Stamp> {
        self.read(line).or_else(|| {
            // Searches for the first hyphen of a date, which must come after four digits. The hyphen is the rarest of its
            // characters in logs.
            let limit = line.len().min(SEARCH_LIMIT_BYTES + 5);
            let hyphen = memchr::memchr_iter(b'-', &line[..limit]).find(|&hyphen| begins_at(line, hyphen))?;
            self.read(&line[hyphen - 4..])
        })
    }

    /// Returns the last time in `text` whose beginning fits, or `Some(None)` if no log can have been written at that time.
    pub(super) fn find_last(&mut self, text: &[u8], fits: impl Fn(usize) -> bool) -> Option<Option<Stamp>> {
        let is_time = |hyphen: &usize| begins_at(text, *hyphen) && fits(*hyphen - 4);
        let hyphen = memchr::memrchr_iter(b'-', text).find(is_time)?;
        Some(self.read(&text[hyphen - 4..]))
    }

    /// Reads the time at the start of `text`.
    #[inline]
    pub(super) fn read(&mut self, text: &[u8]) -> Option<Stamp> {
        let (head, rest) = text.split_first_chunk::<19>()?;
        let &[.., b':', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = head else { return None };
        let written = *head.first_chunk()?;
        if self.minute != u128::from_le_bytes(written) {
            (self.minute, self.start) = (u128::from_le_bytes(written), minute(written));
        }
        let start = self.start?;
        // A leap second counts as the last second of its minute.
        let second = match (tens - b'0') * 10 + (ones - b'0') {
            60 => 59,
            second => second,
        };
        if second > 59 {
            return None;
        }
        let (nanosecond, offset_seconds, zone) = match rest.first_chunk().and_then(microseconds) {
            Some(microseconds) => (microseconds * 1000, 0, ZoneBasis::Named),
            None => {
                let (nanosecond, rest) = fraction(rest)?;
                let (offset_seconds, zone) = match zone(rest).filter(|_| half_day(rest).is_none())?.0 {
                    Named::Offset(seconds) if seconds != 0 && !can_be_logged(start - i64::from(seconds)) => {
                        return None;
                    }
                    Named::Offset(seconds) => (seconds, ZoneBasis::Named),
                    Named::Ambiguous => (0, ZoneBasis::Ambiguous),
                    Named::Nothing => (0, ZoneBasis::Assumed),
                };
                (nanosecond, offset_seconds, zone)
            }
        };
        let second = start + i64::from(second) - i64::from(offset_seconds);
        // Nanoseconds after the year 2262 do not fit.
        let nanoseconds = i128::from(second) * 1_000_000_000 + i128::from(nanosecond);
        let basis = Basis { zone, date: DateBasis::Line };
        Some(Stamp { time: Time(i64::try_from(nanoseconds).ok()?), basis })
    }
}

/// Returns the seconds from 1970 to a date and clock time such as `2017-02-14T02:57`, or `None` if there is no such date or time.
fn minute(text: [u8; 16]) -> Option<i64> {
    const DATE: Shape = Shape::new(*b"dddd-dd-");
    const CLOCK: Shape = Shape::new(*b"ddTdd:dd");
    let date = DATE.pairs(*text.first_chunk()?)?;
    let mut clock = *text.last_chunk()?;
    if !matches!(clock[2], b'T' | b't' | b' ') {
        return None;
    }
    clock[2] = b'T';
    let clock = CLOCK.pairs(clock)?;
    let year = u32::from(date[0]) * 100 + u32::from(date[2]);
    let (hour, minute) = (clock[3], clock[6]);
    let day = days(year, date[5], clock[0]).filter(|_| hour <= 23 && minute <= 59)?;
    let second = day * 86_400 + i64::from(hour) * 3600 + i64::from(minute) * 60;
    // Checked here and not for each time, because a minute is computed once for many lines.
    can_be_logged(second).then_some(second)
}

/// Whether a log can have been written at this second, which is counted from 1970.
fn can_be_logged(second: i64) -> bool {
    (FIRST_SECOND..last_second()).contains(&second)
}

/// Whether a date with a clock time, or numbers that look like one, has its first hyphen at `hyphen`.
fn begins_at(text: &[u8], hyphen: usize) -> bool {
    let Some(begin) = hyphen.checked_sub(4) else { return false };
    let is_within_number = begin > 0 && text[begin - 1].is_ascii_digit();
    !is_within_number && has_shape(&text[begin..])
}

/// Whether a text begins with numbers that look like a date with a clock time.
pub(super) fn has_shape(text: &[u8]) -> bool {
    const SHAPE: &[u8; 19] = b"dddd-dd-ddTdd:dd:dd";
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        _ => byte == shape,
    };
    text.len() >= SHAPE.len() && text.iter().zip(SHAPE).all(fits)
}

const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// A template for eight columns of text, each a digit or a fixed character. Text is compared with a few operations on a `u64`.
struct Shape {
    /// The byte that stands for 0 in each column: `0` for a digit, and the character itself for a fixed character.
    zero: u64,
    /// The number to add to each column so that the highest bit is set if the value is too large: above 9 for a digit, and above
    /// 0 for a fixed character.
    reach: u64,
}

impl Shape {
    /// Creates a template from text in which `d` stands for a digit.
    const fn new(shape: [u8; 8]) -> Shape {
        let (mut zero, mut reach) = (shape, [0x7F; 8]);
        let mut at = 0;
        while at < shape.len() {
            if shape[at] == b'd' {
                zero[at] = b'0';
                reach[at] = 0x7F - 9;
            }
            at += 1;
        }
        Shape { zero: u64::from_le_bytes(zero), reach: u64::from_le_bytes(reach) }
    }

    /// Returns the digit in each column, and 0 in each column with a fixed character. Returns `None` if the text does not match
    /// the template.
    #[inline]
    fn values(&self, text: [u8; 8]) -> Option<u64> {
        let values = u64::from_le_bytes(text) ^ self.zero;
        // Only a value with its highest bit set carries into the next column, and that is a mismatch anyway.
        ((values | values.wrapping_add(self.reach)) & HIGH_BITS == 0).then_some(values)
    }

    /// Returns the two-digit number that begins in each column, or `None` if the text does not match the template.
    #[inline]
    fn pairs(&self, text: [u8; 8]) -> Option<[u8; 8]> {
        // No number is greater than 99, so columns do not overflow.
        self.values(text).map(|values| (values * 10 + (values >> 8)).to_le_bytes())
    }
}

/// Returns the days from 1970-01-01 to a date of the Gregorian calendar, or `None` if there is no such date. `year` must be below
/// 10,000.
pub(super) fn days(year: u32, month: u8, day: u8) -> Option<i64> {
    const LENGTHS: [u8; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    /// The days from 1 March of the year -400, where the count below starts, to 1970-01-01.
    const TO_1970: i64 = 719_468 + 146_097;
    let length = *LENGTHS.get(usize::from(month))?;
    let is_leap = || year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if day == 0 || (day > length && !(month == 2 && day == 29 && is_leap())) {
        return None;
    }
    // If years begin in March, the leap day is at their end. Adding 400 years keeps every year positive.
    let (year, month) = if month > 2 { (year + 400, u32::from(month)) } else { (year + 399, u32::from(month) + 12) };
    let before = year * 365 + year / 4 - year / 100 + year / 400;
    // The days before each month, counted from March: 0, 31, 61, 92, 122, 153, 184, …
    let in_year = (153 * (month - 3) + 2) / 5 + u32::from(day) - 1;
    Some(i64::from(before + in_year) - TO_1970)
}

/// Reads `.600871Z`, the fraction and zone that the MFA server writes, in one step. Returns the microseconds.
#[inline(always)]
fn microseconds(text: &[u8; 8]) -> Option<u32> {
    const FRACTION: Shape = Shape::new(*b".ddddddZ");
    // The shift removes the point. The six digits are followed by two zeros, so the number is a hundred times too large.
    Some(number(FRACTION.values(*text)? >> 8) / 100)
}

/// Converts eight digits, with the first in the lowest byte, to a number.
#[inline]
fn number(digits: u64) -> u32 {
    // Combines two, four and eight digits at a time.
    let twos = (digits * 10 + (digits >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (twos * 100 + (twos >> 16)) & 0x0000_FFFF_0000_FFFF;
    let eight = (fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF;
    // Always fits, because it is less than 100,000,000.
    u32::try_from(eight).unwrap_or_default()
}

/// Reads a fraction such as `.123`, `,123` or `:123` as nanoseconds. Digits after the ninth are dropped. Returns the fraction and
/// the text after it, or `None` if `text` starts with a digit.
#[inline]
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = match text {
        [b'.' | b',' | b':', digits @ ..] if digits.first().is_some_and(u8::is_ascii_digit) => digits,
        [next, ..] if next.is_ascii_digit() => return None,
        _ => return Some((0, text)),
    };
    let (mut nanosecond, mut digit_count) = digits.first_chunk().map_or((0, 0), |eight| leading_digits(*eight));
    while let Some(digit) = digits.get(digit_count).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
        if digit_count < 9 {
            nanosecond = nanosecond * 10 + u32::from(digit);
        }
        digit_count += 1;
    }
    let is_next_column = match digits.get(digit_count..) {
        // In CSV, a date may follow: `02:57:24,2017-02-14`, `02:57:24,14.02.2017` or `02:57:24,14/02/2017`.
        Some([b'-' | b'.' | b'/', one, other, b'-' | b'.' | b'/', ..]) => {
            text[0] == b',' && matches!(digit_count, 1 | 2 | 4) && one.is_ascii_digit() && other.is_ascii_digit()
        }
        _ => false,
    };
    if is_next_column {
        return Some((0, text));
    }
    const MISSING: [u32; 10] = [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1000, 100, 10, 1];
    Some((nanosecond * MISSING[digit_count.min(9)], &digits[digit_count..]))
}

/// Returns the number that the digits at the start of `text` form, and how many digits there are.
fn leading_digits(text: [u8; 8]) -> (u32, usize) {
    const DIGITS: Shape = Shape::new(*b"dddddddd");
    let values = u64::from_le_bytes(text) ^ DIGITS.zero;
    let others = (values | values.wrapping_add(DIGITS.reach)) & HIGH_BITS;
    let count = others.trailing_zeros() as usize / 8;
    // Shifts the digits to the end, so that zeros precede them.
    (number(if count == 0 { 0 } else { values << (8 * (8 - count)) }), count)
}

/// The zone that is written after a clock time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// An offset from UTC in seconds.
    Offset(i32),
    /// An abbreviation that several zones share, such as CST.
    Ambiguous,
    /// There is no zone after the clock time.
    Nothing,
}

/// Reads a zone at the start of `text` and returns it with its length: `Z`, ` UTC`, `+01:00`, `+0100`, `+01` or ` (CET)`. Returns `None`
/// for an offset with a colon that no clock has, because then the text before it is not a time either. Any other number that is
/// not an offset is unrelated to the time.
#[inline]
pub(super) fn zone(text: &[u8]) -> Option<(Named, usize)> {
    let (sign, rest, len) = match text {
        [b'z' | b'Z', ..] => return Some((Named::Offset(0), 1)),
        [b' ', b'A'..=b'Z', ..] => return Some(zone_name(text, 1)),
        [b'U', b'T', b'C', ..] | [b'G', b'M', b'T', ..] => return Some(zone_name(text, 0)),
        // `2024-05-01 10:00:00 -0500`: where a space separates date and time, one often precedes the offset.
        [b' ', b'+', rest @ ..] => (1, rest, 2),
        [b' ', b'-', rest @ ..] => (-1, rest, 2),
        [b'+', rest @ ..] => (1, rest, 1),
        [b'-', rest @ ..] => (-1, rest, 1),
        [b' ', b'(', b'+' | b'-' | b'A'..=b'Z', ..]
        | [b' ', b'[', b'+' | b'-' | b'A'..=b'Z', ..]
        | [b'(', b'+' | b'-' | b'A'..=b'Z', ..] => return Some(in_bracket(text)),
        [b',' | b';' | b'\t' | b'|', b'+' | b'-' | b'A'..=b'Z' | b'"' | b' ', ..]
        | [b'"', b',' | b';' | b'\t' | b'|', ..] => return Some(in_column(text)),
        _ => return Some((Named::Nothing, 0)),
    };
    let number = |digits: &[u8]| digits.iter().fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (minutes, digits_len) = match (digits, &rest[digits..]) {
        (1, [b':', tens @ b'0'..=b'5', ones @ b'0'..=b'9', after @ ..])
            if !matches!(after, [b':' | b'0'..=b'9', ..]) && number(&[*tens, *ones]) % 15 == 0 =>
        {
            (number(&[*tens, *ones]), 4)
        }
        (2, [b':', minutes @ ..]) if minutes.len() >= 2 && minutes[..2].iter().all(u8::is_ascii_digit) => {
            let minutes = number(&minutes[..2]);
            if minutes > 59 || !can_be_offset(sign * (number(&rest[..2]) * 60 + minutes)) {
                return None;
            }
            (minutes, 5)
        }
        (4, _)
            if number(&rest[2..4]) % 15 == 0
                && number(&rest[2..4]) < 60
                && can_be_offset(sign * (number(&rest[..2]) * 60 + number(&rest[2..4]))) =>
        {
            (number(&rest[2..4]), 4)
        }
        // If there is no zero, this may be any number of two digits.
        (2, after) if rest[0] == b'0' && !starts_word(after) => (0, 2),
        _ => return Some((Named::Nothing, 0)),
    };
    if !ends_offset(&rest[digits_len..], digits_len == 2) {
        return Some((Named::Nothing, 0));
    }
    let hours = number(&rest[..digits.min(2)]);
    Some((Named::Offset(sign * (hours * 3600 + minutes * 60)), len + digits_len))
}

/// Whether a zone can be ahead of UTC by so many minutes.
fn can_be_offset(minutes: i32) -> bool {
    (-12 * 60..=14 * 60).contains(&minutes)
}

/// Reads a zone that is the whole column after that of the clock time. Returns its meaning, and its length with the separator.
#[cold]
fn in_column(text: &[u8]) -> (Named, usize) {
    let Some(begin) = column(text) else { return (Named::Nothing, 0) };
    let inner = &text[begin..];
    let found = match inner {
        // A number that does not begin with a zero need not be an offset.
        [b'+' | b'-', b'0'..=b'1', b'0'..=b'9', b':', ..] | [b'+' | b'-', b'0', _, b'0'..=b'9', _, ..] => zone(inner),
        [b'A'..=b'Z', ..] => Some(zone_name(inner, 0)),
        _ => None,
    };
    match found {
        Some((named, len))
            if len > 0 && matches!(inner.get(len), None | Some(b',' | b';' | b'\t' | b'|' | b'"' | b'\r' | b'\n')) =>
        {
            (named, begin + len)
        }
        _ => (Named::Nothing, 0),
    }
}

/// Reads a zone in brackets, such as ` (+0100)`, ` [+01:00]`, ` (CET)` or ` (UTC+1)`. Returns its meaning and its length. MET
/// in square brackets is rather the name of a component.
#[cold]
fn in_bracket(text: &[u8]) -> (Named, usize) {
    let begin = usize::from(text[0] == b' ') + 1;
    let (inner, close) = match &text[begin - 1..] {
        [b'(', inner @ ..] => (inner, b')'),
        [_, inner @ ..] => (inner, b']'),
        [] => return (Named::Nothing, 0),
    };
    let found = match inner {
        [b'+' | b'-', ..] => zone(inner),
        [b'A'..=b'Z', ..] => {
            let name = inner.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
            let (name, rest) = inner.split_at(name);
            match offset_from(name, rest) {
                Some((offset, len)) => Some((Named::Offset(offset), name.len() + len)),
                None if close == b']' && name == b"MET" => None,
                None => match names::zone(name) {
                    Some(ZoneName::Offset(offset)) => Some((Named::Offset(offset), name.len())),
                    Some(ZoneName::Ambiguous) => Some((Named::Ambiguous, name.len())),
                    None => None,
                },
            }
        }
        _ => None,
    };
    match found {
        Some((named, len)) if len > 0 && inner.get(len) == Some(&close) => (named, begin + len + 1),
        _ => (Named::Nothing, 0),
    }
}

/// Reads the abbreviation of a zone after so many blanks. Returns its meaning, and its length with the blanks.
#[cold]
fn zone_name(text: &[u8], blanks: usize) -> (Named, usize) {
    let name = text[blanks..].iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let (name, rest) = text[blanks..].split_at(name);
    if let Some((offset, len)) = offset_from(name, rest) {
        return (Named::Offset(offset), blanks + name.len() + len);
    }
    // `EST-SRV` is a name and not a zone, `EST. 5 min` begins a message, and `UTC+1234` is an offset that no zone has.
    let is_utc = matches!(name, b"UTC" | b"GMT");
    let goes_on = match rest.first() {
        Some(b'-' | b'_') => true,
        Some(b'.') => !is_utc,
        Some(b'+') => is_utc,
        _ => starts_word(rest),
    };
    match names::zone(name).filter(|_| !goes_on) {
        Some(ZoneName::Offset(seconds)) => (Named::Offset(seconds), blanks + name.len()),
        Some(ZoneName::Ambiguous) => (Named::Ambiguous, blanks + name.len()),
        None => (Named::Nothing, 0),
    }
}

/// Reads the offset after the name of UTC, as in `GMT+0100`, `UTC+01:00`, `GMT+1` or `UTC +2`. Returns it in seconds, and its
/// length.
pub(super) fn offset_from(name: &[u8], rest: &[u8]) -> Option<(i32, usize)> {
    let blank = usize::from(rest.first() == Some(&b' '));
    let [sign @ (b'+' | b'-'), digits @ ..] = &rest[blank..] else { return None };
    if !matches!(name, b"UTC" | b"GMT") {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
    let len = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (hours, minutes, len) = match (len, &digits[len..]) {
        (1 | 2, [b':', tens @ b'0'..=b'5', ones @ b'0'..=b'9', ..]) => {
            (number(&digits[..len]), number(&[*tens, *ones]), len + 3)
        }
        (1 | 2, _) => (number(&digits[..len]), 0, len),
        // `UTC+530`
        (3, _) => (number(&digits[..1]), number(&digits[1..3]), 3),
        (4, _) => (number(&digits[..2]), number(&digits[2..4]), 4),
        _ => return None,
    };
    let is_offset = hours <= 14 && minutes < 60 && !starts_word(&digits[len..]);
    let seconds = hours * 3600 + minutes * 60;
    is_offset.then_some((if *sign == b'-' { -seconds } else { seconds }, blank + 1 + len))
}

/// Whether an offset, and not another number such as `-05.3`, `-05/3`, `+07%` or `-1200-`, can end before `text`. After hours only, a
/// digit after a comma belongs to the number, as in `-05,23`.
fn ends_offset(text: &[u8], has_hours_only: bool) -> bool {
    match text {
        [b'%' | b'/' | b'-', ..] => false,
        [b'.' | b':', next, ..] => !next.is_ascii_digit(),
        [b',', next, ..] => !(has_hours_only && next.is_ascii_digit()),
        _ => true,
    }
}

/// Whether the text starts with a letter or digit, so that it continues the word before it.
fn starts_word(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(line: &[u8]) -> Option<Stamp> {
        Reader::default().find(line)
    }

    fn read(text: &[u8]) -> Option<Stamp> {
        Reader::default().read(text)
    }

    fn shown(line: &str) -> Option<String> {
        find(line.as_bytes())
            .map(|stamp| format!("{}{}", stamp.time, if stamp.zone_is_assumed() { " assumed" } else { "" }))
    }

    #[test]
    fn a_date_in_the_next_column_is_no_fraction() {
        for next in ["2017-02-14T05:07:00Z", "14.02.2017 05:07", "2/14/2017", "14/02/2017"] {
            let shown = shown(&format!("2017-02-15 09:00:00,{next}"));
            assert_eq!(shown.as_deref(), Some("2017-02-15T09:00:00Z assumed"), "{next}");
        }
        assert_eq!(shown("2017-02-15 09:00:00,600-07:00").unwrap(), "2017-02-15T16:00:00.6Z");
    }

    #[test]
    fn reads_every_iso_form() {
        let cases = [
            ("2017-02-14T02:57:24.600871Z|0|1412", "2017-02-14T02:57:24.600871Z"),
            ("2017-02-14 02:57:24,600 INFO", "2017-02-14T02:57:24.6Z assumed"),
            ("2017-02-14T02:57:24+01:00 x", "2017-02-14T01:57:24Z"),
            ("2017-02-14T02:57:24-0530", "2017-02-14T08:27:24Z"),
            ("2017-02-14 02:57:24 +0200 x", "2017-02-14T00:57:24Z"),
            ("2017-02-14T02:57:24+01", "2017-02-14T01:57:24Z"),
            ("2017-02-14T02:57:24.1234567Z", "2017-02-14T02:57:24.1234567Z"),
            ("2017-02-14T02:57:24.12345678987Z", "2017-02-14T02:57:24.123456789Z"),
            ("[2017-02-14 02:57:24] x", "2017-02-14T02:57:24Z assumed"),
            (r#"{"time":"2017-02-14T02:57:24Z"}"#, "2017-02-14T02:57:24Z"),
            ("host-7 app-1234-x 2017-02-14T02:57:24Z", "2017-02-14T02:57:24Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("1990-01-01T00:00:00Z", "1990-01-01T00:00:00Z"),
            ("2017-02-14T02:57:24-03 x", "2017-02-14T05:57:24Z"),
            ("2017-02-14 02:57:24 +03 [7]", "2017-02-13T23:57:24Z"),
            // Numbers after a time.
            ("2017-02-14 02:57:24-1234 x", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 -1520 x", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24+10 dB", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 -05dB", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 -1400 ms", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 +1415 x", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 +0005 items", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 +1400 x", "2017-02-13T12:57:24Z"),
            ("2017-02-14 02:57:24 -1200 x", "2017-02-14T14:57:24Z"),
            // A zone that is the whole next column.
            ("2017-02-14 02:57:24,CET,x", "2017-02-14T01:57:24Z"),
            ("2017-02-14 02:57:24.600\tUTC+02:00\tx", "2017-02-14T00:57:24.6Z"),
            ("2017-02-14 02:57:24\";\"+01:00\";x", "2017-02-14T01:57:24Z"),
            ("2017-02-14 02:57:24;-0500;x", "2017-02-14T07:57:24Z"),
            ("2017-02-14 02:57:24|IST", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24,CET x,y", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24,METRO,y", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24,-1100,y", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24,-05,y", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14T02:57:24.6GMT+2 x", "2017-02-14T00:57:24.6Z"),
            ("2017-02-14T02:57:24UTC x", "2017-02-14T02:57:24Z"),
            ("2017-02-14T02:57:24UTCX x", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 -12345", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14T02:57:24 - started", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14T02:57:24-", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 UTC x", "2017-02-14T02:57:24Z"),
            ("2017-02-14 02:57:24 GMT", "2017-02-14T02:57:24Z"),
            ("2017-02-14 02:57:24 GMT+0100 x", "2017-02-14T01:57:24Z"),
            ("2017-02-14 02:57:24 UTC-05:30 x", "2017-02-14T08:27:24Z"),
            ("2017-02-14T02:57:24 GMT+1", "2017-02-14T01:57:24Z"),
            ("2017-02-14 02:57:24 UTC +2 x", "2017-02-14T00:57:24Z"),
            ("2017-02-14 02:57:24 UTC +0200 x", "2017-02-14T00:57:24Z"),
            ("2017-02-14 02:57:24 GMT -05:30 x", "2017-02-14T08:27:24Z"),
            ("2017-02-14 02:57:24 (UTC +02:00) x", "2017-02-14T00:57:24Z"),
            ("2017-02-14T02:57:24+1:00 x", "2017-02-14T01:57:24Z"),
            ("2017-02-14 02:57:24.6 (+0100) x", "2017-02-14T01:57:24.6Z"),
            ("2017-02-14 02:57:24.6 [+01:00] x", "2017-02-14T01:57:24.6Z"),
            ("2017-02-14 02:57:24 (UTC+1) x", "2017-02-14T01:57:24Z"),
            ("2017-02-14 02:57:24(CET) x", "2017-02-14T01:57:24Z"),
            ("2017-02-14 02:57:24 [UTC] x", "2017-02-14T02:57:24Z"),
            ("2017-02-14 02:57:24 (CST) x", "2017-02-14T02:57:24Z assumed"),
            // A component and a number in brackets, and a duration.
            ("2017-02-14 02:57:24 [MET] x", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 (CET app) x", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 [+0100 x", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 (+17) x", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 +1:00:00 x", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 +1:07 x", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 UTC +15 x", "2017-02-14T02:57:24Z"),
            ("2017-02-14 02:57:24 UTC -5dB", "2017-02-14T02:57:24Z"),
            ("2017-02-14 02:57:24 UTC - x", "2017-02-14T02:57:24Z"),
            ("2017-02-14 02:57:24 CET +2 x", "2017-02-14T01:57:24Z"),
            ("2017-02-14 02:57:24 UTCX", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 SA established", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24,PM x,y", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24,p,y", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 a b", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 Amber", "2017-02-14T02:57:24Z assumed"),
        ];
        for (line, expected) in cases {
            assert_eq!(shown(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn anything_else_is_not_a_time() {
        let far = format!("{}2017-02-14T02:57:24Z", " ".repeat(SEARCH_LIMIT_BYTES + 1));
        let cases = [
            "",
            "2017-02-14",
            "2017-02-30T00:00:00Z",
            "2017-13-01T00:00:00Z",
            "2017-02-14T24:00:00Z",
            "1989-12-31T23:59:59Z",
            "1990-01-01T00:30:00+01:00",
            "3017-02-14T02:57:24Z",
            "1601-01-01T00:00:00Z was 2017-02-14T02:57:24Z",
            "[1601-01-01T00:00:00Z] was 2017-02-14T02:57:24Z",
            "2017-02-14T02:57:245",
            "2017-02-14T02:57:24+19:00",
            "2017-02-14T02:57:24+15:00",
            "2017-02-14T02:57:24-12:30",
            "2017-02-14 02:57:24 PM",
            "2017-02-14 02:57:24am|x",
            "2017-02-14 02:57:24 p.m. x",
            "2017-02-14T02:57:24 P. M.] x",
            "2017-02-14 02:57:24,123PM x",
            "2017-02-14 02:57:24.123 p.m.",
            "2017-02-14 02:57:24p x",
            "2017-02-14 02:57:24,PM,x",
            "2017-02-14 02:57:24\";\"PM\";x",
            "2017-02-14 02:57:24 nm. x",
            "12017-02-14T02:57:24Z",
            "9999-02-14T02:57:24Z",
            far.as_str(),
        ];
        for line in cases {
            assert_eq!(shown(line), None, "{line}");
        }
    }

    proptest! {
        /// Tries random numbers for each part. About one in ten combinations is a date.
        #[test]
        fn dates_are_those_of_the_calendar(
            year in prop_oneof![0_i16..10_000, 1890_i16..2110],
            numbers in (0_i8..15, 0_i8..34, 0_i8..26, 0_i8..62, 0_i8..62),
        ) {
            let (month, day, hour, minute, second) = numbers;
            let expected = jiff::civil::DateTime::new(year, month, day, hour, minute, second.min(if second == 60 { 59 } else { 99 }), 0)
                .ok()
                .and_then(|civil| jiff::tz::Offset::UTC.to_timestamp(civil).ok())
                .and_then(|moment| i64::try_from(moment.as_nanosecond()).ok())
                .filter(|moment| can_be_logged(moment.div_euclid(60_000_000_000).saturating_mul(60)));
            let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
            prop_assert_eq!(read(text.as_bytes()).map(|stamp| stamp.time), expected.map(Time), "{}", text);
        }

        #[test]
        fn a_fraction_may_have_any_number_of_digits(digits in "[0-9]{1,12}", rest in "[Zx:/ ]{0,9}") {
            let nine: i64 = format!("{digits:0<9}")[..9].parse().unwrap();
            let stamp = read(format!("2017-02-14T00:00:00.{digits}{rest}").as_bytes());
            prop_assert_eq!(stamp.map(|stamp| stamp.time), Some(Time(1_487_030_400_000_000_000 + nine)));
        }

        /// Uses only a few different digits, so that neighbouring times often share their minute.
        #[test]
        fn earlier_times_do_not_matter(
            texts in prop::collection::vec("201[78]-0[12]-1[45][T ]02:5[67]:[0-6]4(\\.[05]{1,2})?(Z|\\+01:00| PM|)|20[0-9:-]{17}", 0..20),
        ) {
            let mut reader = Reader::default();
            for text in texts {
                prop_assert_eq!(reader.find(text.as_bytes()), find(text.as_bytes()), "{}", text);
            }
        }

        #[test]
        fn only_text_with_the_shape_of_a_time_is_read(at in 0_usize..19, byte in any::<u8>()) {
            let mut text = *b"2017-02-14T02:57:24";
            text[at] = byte;
            let is_alike = if at == 10 { b"Tt ".contains(&byte) } else { byte.is_ascii_digit() == b"2017-02-14T02:57:24"[at].is_ascii_digit() };
            let is_alike = is_alike && (byte.is_ascii_digit() || at == 10 || byte == b"2017-02-14T02:57:24"[at]);
            // The digits may not form a date.
            prop_assert!(is_alike || read(&text).is_none(), "{:?}", text);
        }
    }

    #[test]
    fn a_time_may_start_at_the_limit() {
        let line = format!("{}2017-02-14T02:57:24Z", " ".repeat(SEARCH_LIMIT_BYTES));
        assert!(shown(&line).is_some());
    }
}
