//! When a line was written: finding and reading the time that stands in it.
//!
//! Read are ISO 8601 dates with a clock time: `2017-02-14T02:57:24`, a space instead of the `T`, a fraction after `.`
//! or `,`, and `Z`, an offset, or no zone at all. A time that is not there, or not a real date, is absent: never 1970,
//! never a neighbour's.
//!
//! The parse is on the hot path, so it reads fixed columns by hand; only the calendar arithmetic is a crate's.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Serialize, Serializer};

/// How far into a line its time may begin, in bytes. Syslog relays and JSON put a prefix before it; dates further in
/// belong to the message.
pub const SEARCH_LIMIT_BYTES: usize = 128;

/// A moment, in nanoseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// A time as a line gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The moment; read as UTC where the line names no zone.
    pub time: Time,
    /// Whether the line named its zone.
    pub zoned: bool,
}

impl Time {
    /// The moment that many nanoseconds after the Unix epoch.
    #[must_use]
    pub fn from_nanoseconds(nanoseconds: i64) -> Time {
        Time(nanoseconds)
    }
}

/// ISO 8601 in UTC, with as many digits of a second as there are.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(timestamp) => timestamp.fmt(f),
            // Not reachable: an i64 of nanoseconds spans fewer years than a Timestamp does.
            Err(_) => Err(fmt::Error),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The first time in `line` that starts within [`SEARCH_LIMIT_BYTES`].
#[must_use]
pub fn find(line: &[u8]) -> Option<Stamp> {
    if let Some(stamp) = read(line) {
        return Some(stamp);
    }
    // A date's first hyphen is its rarest mark: four digits stand before it.
    let limit = line.len().min(SEARCH_LIMIT_BYTES + 5);
    memchr::memchr_iter(b'-', &line[..limit])
        .filter(|&hyphen| hyphen > 4 && !line[hyphen - 5].is_ascii_digit())
        .find_map(|hyphen| read(&line[hyphen - 4..]))
}

/// Reads the time that `text` starts with. What follows it is not looked at, except that no further digit may.
#[must_use]
pub fn read(text: &[u8]) -> Option<Stamp> {
    const SHAPE: &[u8; 19] = b"dddd-dd-ddTdd:dd:dd";
    let head = text.first_chunk::<19>()?;
    let fits = head.iter().zip(SHAPE).all(|(&byte, &shape)| match shape {
        b'd' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        mark => byte == mark,
    });
    if !fits {
        return None;
    }
    let two = |at: usize| (head[at] - b'0') * 10 + (head[at + 1] - b'0');
    let small = |at: usize| i8::try_from(two(at)).ok();
    let year = i16::from(two(0)) * 100 + i16::from(two(2));

    let (nanosecond, rest) = fraction(&text[19..])?;
    let (offset_seconds, zoned) = zone(rest)?;
    if is_half_day(rest) {
        return None;
    }
    // A leap second is the last moment of its minute.
    let second = small(17)?.min(if two(17) == 60 { 59 } else { i8::MAX });
    let civil = DateTime::new(year, small(5)?, small(8)?, small(11)?, small(14)?, second, nanosecond).ok()?;
    let utc = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
    let nanoseconds = utc.as_nanosecond() - i128::from(offset_seconds) * 1_000_000_000;
    Some(Stamp { time: Time(i64::try_from(nanoseconds).ok()?), zoned })
}

/// The nanoseconds of `.123` or `,123` and what follows; digits beyond the ninth are dropped.
fn fraction(text: &[u8]) -> Option<(i32, &[u8])> {
    let digits = match text {
        [b'.' | b',', digits @ ..] if digits.first().is_some_and(u8::is_ascii_digit) => digits,
        [next, ..] if next.is_ascii_digit() => return None,
        _ => return Some((0, text)),
    };
    let digit_count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let nanosecond = (0..9).fold(0, |sum, place| {
        let digit = if place < digit_count { i32::from(digits[place] - b'0') } else { 0 };
        sum * 10 + digit
    });
    Some((nanosecond, &digits[digit_count..]))
}

/// The offset from UTC in seconds of `Z`, `+01:00`, `+0100` or `+01`, and whether there is one. Nothing of the kind
/// means no zone; an offset that no clock has means that this is no time.
fn zone(text: &[u8]) -> Option<(i32, bool)> {
    let (sign, rest) = match text {
        [b'Z' | b'z', ..] => return Some((0, true)),
        [b' ', b'U', b'T', b'C', rest @ ..] | [b' ', b'G', b'M', b'T', rest @ ..] if !starts_word(rest) => {
            return Some((0, true));
        }
        // `2024-05-01 10:00:00 -0500`: the space form is common where the date is separated by a space.
        [b' ', b'+', rest @ ..] if is_offset(rest) => (1, rest),
        [b' ', b'-', rest @ ..] if is_offset(rest) => (-1, rest),
        [b'+', rest @ ..] if is_offset(rest) => (1, rest),
        [b'-', rest @ ..] if is_offset(rest) => (-1, rest),
        _ => return Some((0, false)),
    };
    let number = |digits: &[u8]| digits.iter().fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
    let hours = number(&rest[..2]);
    let minutes = match &rest[2..] {
        [b':', tens, ones, ..] | [tens, ones, ..] if tens.is_ascii_digit() && ones.is_ascii_digit() => {
            number(&[*tens, *ones])
        }
        _ => 0,
    };
    (hours <= 18 && minutes < 60).then_some((sign * (hours * 3600 + minutes * 60), true))
}

/// Whether a 12-hour clock's AM or PM follows: such a time is not what its digits say.
fn is_half_day(text: &[u8]) -> bool {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    matches!(text, [b'A' | b'a' | b'P' | b'p', b'M' | b'm', rest @ ..] if !starts_word(rest))
}

fn starts_word(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphanumeric)
}

/// Two, or four digits with or without a colon, and then no further digit.
fn is_offset(text: &[u8]) -> bool {
    matches!(text.iter().take_while(|byte| byte.is_ascii_digit()).count(), 2 | 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Option<String> {
        find(line.as_bytes()).map(|stamp| format!("{}{}", stamp.time, if stamp.zoned { "" } else { " assumed" }))
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
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
            ("2017-02-14T02:57:24 - started", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14T02:57:24-", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 UTC x", "2017-02-14T02:57:24Z"),
            ("2017-02-14 02:57:24 GMT", "2017-02-14T02:57:24Z"),
            ("2017-02-14 02:57:24 UTCX", "2017-02-14T02:57:24Z assumed"),
            ("2017-02-14 02:57:24 Amber", "2017-02-14T02:57:24Z assumed"),
        ];
        for (line, expected) in cases {
            assert_eq!(shown(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_is_no_time_is_absent() {
        let far = format!("{}2017-02-14T02:57:24Z", " ".repeat(SEARCH_LIMIT_BYTES + 1));
        let cases = [
            "",
            "2017-02-14",
            "2017-02-30T00:00:00Z",
            "2017-13-01T00:00:00Z",
            "2017-02-14T24:00:00Z",
            "2017-02-14T02:57:245",
            "2017-02-14T02:57:24+19:00",
            "2017-02-14 02:57:24 PM",
            "2017-02-14 02:57:24am|x",
            "12017-02-14T02:57:24Z",
            "9999-02-14T02:57:24Z",
            far.as_str(),
        ];
        for line in cases {
            assert_eq!(shown(line), None, "{line}");
        }
    }

    #[test]
    fn a_time_may_start_at_the_limit() {
        let line = format!("{}2017-02-14T02:57:24Z", " ".repeat(SEARCH_LIMIT_BYTES));
        assert!(shown(&line).is_some());
    }
}
