//! Reads ISO 8601 times with a plain regex and a calendar, according to the documented rules.

use std::sync::LazyLock;

use callcodes::time::SEARCH_LIMIT_BYTES;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use regex::bytes::Regex;

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?-u)^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)[Tt ](?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)(?:[.,:](?<fraction>\d+))?(?<rest>(?s:.*))$",
    )
    .unwrap()
});

/// The place where the lines of a source have their times.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Anywhere near the start.
    First,
    /// At the start, also after a carriage return.
    Start,
}

/// Returns the time of a result that begins at `at` in a line. `previous` is the end and the time of the previous result.
pub(crate) fn of_result(
    line: &[u8],
    at: usize,
    previous: Option<(usize, Option<String>)>,
    place: Place,
) -> Option<String> {
    let (mut start, mut end) = (0, line.len());
    if place == Place::Start {
        start = (0..at.min(line.len())).rfind(|&at| line[at] == b'\r').map_or(0, |at| at + 1);
        end = (at.min(line.len())..line.len()).find(|&at| line[at] == b'\r').unwrap_or(line.len());
    }
    match previous {
        Some((before, time)) if start == 0 || start < before => {
            let between = line.get(before..at).unwrap_or_default();
            // The value of a key that does not name a time is about something else, such as the end of a block. No key in the
            // lines of these tests names one.
            static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?-u)(?:=|":)[ "'\[({<]*$"#).unwrap());
            let is_own = |at: usize| begins_at(between, at) && !KEY.is_match(&between[..at]);
            (0..between.len()).rev().find(|&at| is_own(at)).map_or(time, |at| read(&between[at..]))
        }
        _ if place == Place::Start => at_start(&line[start..end]),
        _ => find(&line[start..end]),
    }
}

/// Whether numbers that look like a time begin at `at`.
fn begins_at(text: &[u8], at: usize) -> bool {
    !(at > 0 && text[at - 1].is_ascii_digit()) && TIME.is_match(&text[at..])
}

/// Returns the first time in a line that begins near its start, in UTC.
fn find(line: &[u8]) -> Option<String> {
    let at = (0..=SEARCH_LIMIT_BYTES.min(line.len())).find(|&at| begins_at(line, at))?;
    read(&line[at..])
}

/// Returns the time at the start of a line, after anything that may come before it. An indented line continues the one above,
/// and has none.
pub(crate) fn at_start(line: &[u8]) -> Option<String> {
    // The priority of syslog, and the version of its protocol if a number follows.
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)^<\d+>").unwrap());
    static VERSION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)^<\d+>1 \d").unwrap());
    let mut rest = &line[line.iter().take_while(|&&byte| byte == 0).count()..];
    if rest.starts_with(b" ") || rest.starts_with(b"\t") {
        return None;
    }
    static COLOUR: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)^\x1b\[[0-9;]*m").unwrap());
    static LENGTH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)^\d+ <\d").unwrap());
    if let Some(found) = LENGTH.find(rest) {
        rest = &rest[found.len() - 2..];
    }
    loop {
        rest = match rest {
            [b'<', b'0'..=b'9', ..] => match VERSION.find(rest) {
                Some(found) => &rest[found.len() - 1..],
                None => &rest[NUMBER.find(rest)?.len()..],
            },
            [0x1B, b'[', ..] => &rest[COLOUR.find(rest)?.len()..],
            [0xEF, 0xBB, 0xBF, rest @ ..]
            | [b' ' | b'\t' | 0 | b'*' | b'"' | b'\'' | b'[' | b'(' | b'<' | b'{', rest @ ..] => rest,
            _ => return read(rest),
        };
    }
}

/// Reads the time at the start of a text.
pub(crate) fn read(text: &[u8]) -> Option<String> {
    static ZONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?-u)^(?:(?<utc>[Zz])| (?:UTC|GMT)(?:[^A-Za-z0-9]|$)| ?(?<sign>[+-])(?<digits>\d+)(?::(?<after>\d\d))?)",
        )
        .unwrap()
    });
    static HALF_DAY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)^ ?[AaPp][Mm](?:[^A-Za-z0-9]|$)").unwrap());

    let found = TIME.captures(text)?;
    let number = |name: &str| str::from_utf8(&found[name]).unwrap().parse::<i64>().unwrap();
    let rest = &found["rest"];
    let goes_on = rest.first().is_some_and(u8::is_ascii_digit);
    let (hour, minute) = (number("hour"), number("minute"));
    let second = if number("second") == 60 { 59 } else { number("second") };
    if goes_on || HALF_DAY.is_match(rest) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let small = |name: &str| i8::try_from(number(name)).unwrap();
    let date = Date::new(i16::try_from(number("year")).ok()?, small("month"), small("day")).ok()?;
    let fraction = found.name("fraction").map_or("0", |fraction| str::from_utf8(fraction.as_bytes()).unwrap());
    let nanosecond: i64 = format!("{fraction:0<9}")[..9].parse().unwrap();
    // An offset after the name of UTC, such as ` GMT+0100`, which no letter or digit follows.
    static SHIFT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?-u)^ (?:UTC|GMT)(?<sign>[+-])(?:(?<hh>\d\d)(?<mm>\d\d)|(?<h>\d\d?):(?<m>[0-5]\d)|(?<only>\d\d?))",
        )
        .unwrap()
    });
    let shift = SHIFT.captures(rest).and_then(|found| {
        let number = |names: [&str; 2]| {
            let digits = names.iter().find_map(|name| found.name(name));
            digits.map_or(0, |digits| str::from_utf8(digits.as_bytes()).unwrap().parse::<i64>().unwrap())
        };
        let hours = number(["hh", "h"]) + number(["only", "only"]);
        let minutes = number(["mm", "m"]);
        let goes_on = rest.get(found.get_match().end()).is_some_and(u8::is_ascii_alphanumeric);
        if goes_on || hours > 14 || minutes > 59 { None } else { offset(&found["sign"], hours, minutes) }
    });
    // A zone in brackets, such as ` (+0100)` or ` [UTC]`.
    static BRACKET: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?-u)^(?: ?\((?<round>[+-][0-9:]+|(?:UTC|GMT)[+-]?[0-9:]*)\)| \[(?<square>[+-][0-9:]+|(?:UTC|GMT)[+-]?[0-9:]*)\])").unwrap()
    });
    let bracket = BRACKET.captures(rest).and_then(|found| {
        let inner = found.name("round").or(found.name("square"))?.as_bytes();
        // The same zone after a time without brackets. If it is none, the time is read as UTC, which cannot be told from this.
        read(&[&text[..text.len() - rest.len()], b" ", inner].concat())
    });
    if bracket.is_some() {
        return bracket;
    }
    let offset = match ZONE.captures(rest) {
        _ if shift.is_some() => shift?,
        Some(zone) if zone.name("sign").is_some() => {
            let digits = str::from_utf8(&zone["digits"]).unwrap();
            let goes_on = rest.get(zone.get_match().end()).is_some_and(u8::is_ascii_alphabetic);
            match (digits.len(), zone.name("after")) {
                (2, Some(after)) => {
                    let after = str::from_utf8(after.as_bytes()).unwrap().parse().unwrap();
                    offset(&zone["sign"], digits.parse().unwrap(), after)?
                }
                (2, None) if digits.starts_with('0') && !goes_on => offset(&zone["sign"], digits.parse().unwrap(), 0)?,
                (1, Some(after)) => {
                    let minutes: i64 = str::from_utf8(after.as_bytes()).unwrap().parse().unwrap();
                    let next = rest.get(zone.get_match().end());
                    let is_offset = [0, 15, 30, 45].contains(&minutes)
                        && !next.is_some_and(|&byte| byte == b':' || byte.is_ascii_digit());
                    if is_offset {
                        offset(&zone["sign"], digits.parse().unwrap(), minutes)?
                    } else {
                        SignedDuration::ZERO
                    }
                }
                (4, _) => {
                    let (hours, minutes) = (digits[..2].parse().unwrap(), digits[2..].parse().unwrap());
                    let is_offset = hours <= 14 && [0, 15, 30, 45].contains(&minutes);
                    if is_offset { offset(&zone["sign"], hours, minutes)? } else { SignedDuration::ZERO }
                }
                // This is another number and not an offset.
                _ => SignedDuration::ZERO,
            }
        }
        _ => SignedDuration::ZERO,
    };
    let midnight: Timestamp = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap();
    let in_day = SignedDuration::from_secs(hour * 3600 + minute * 60 + second) + SignedDuration::from_nanos(nanosecond);
    let local = midnight.checked_add(in_day).ok()?;
    let moment = local.checked_sub(offset).ok()?;
    let (first, last) = ("1990-01-01T00:00:00Z".parse().unwrap(), Timestamp::now() + SignedDuration::from_hours(48));
    if [local, moment].iter().any(|time| *time < first || *time > last) {
        return None;
    }
    // A moment that does not fit in 64 bits is not a time.
    i64::try_from(moment.as_nanosecond()).ok().map(|_| moment.to_string())
}

/// Returns an offset, or `None` if no clock has it.
fn offset(sign: &[u8], hours: i64, minutes: i64) -> Option<SignedDuration> {
    let seconds = hours * 3600 + minutes * 60;
    let is_offset = hours <= 18 && minutes < 60;
    is_offset.then(|| SignedDuration::from_secs(if sign == b"-" { -seconds } else { seconds }))
}
