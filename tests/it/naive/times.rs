//! Reads times in ISO 8601 with a plain regex and a calendar, by the documented rules.

use std::sync::LazyLock;

use callcodes::time::SEARCH_LIMIT_BYTES;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use regex::bytes::Regex;

/// Returns the first time in a line that begins near its start, in UTC.
pub(crate) fn find(line: &[u8]) -> Option<String> {
    (0..=SEARCH_LIMIT_BYTES.min(line.len())).find_map(|at| {
        let is_within_number = at > 0 && line[at - 1].is_ascii_digit();
        if is_within_number { None } else { read(&line[at..]) }
    })
}

/// Reads the time at the start of a text.
pub(crate) fn read(text: &[u8]) -> Option<String> {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?-u)^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)[Tt ](?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)(?:[.,:](?<fraction>\d+))?(?<rest>(?s:.*))$",
        )
        .unwrap()
    });
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
    let offset = match ZONE.captures(rest) {
        Some(zone) if zone.name("sign").is_some() => {
            let digits = str::from_utf8(&zone["digits"]).unwrap();
            match (digits.len(), zone.name("after")) {
                (2, after) => {
                    let after = after.map_or(0, |after| str::from_utf8(after.as_bytes()).unwrap().parse().unwrap());
                    offset(&zone["sign"], digits.parse().unwrap(), after)?
                }
                (4, _) => offset(&zone["sign"], digits[..2].parse().unwrap(), digits[2..].parse().unwrap())?,
                // Another number.
                _ => SignedDuration::ZERO,
            }
        }
        _ => SignedDuration::ZERO,
    };
    let midnight: Timestamp = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap();
    let in_day = SignedDuration::from_secs(hour * 3600 + minute * 60 + second) + SignedDuration::from_nanos(nanosecond);
    let moment = midnight.checked_add(in_day).ok()?.checked_sub(offset).ok()?;
    // What does not fit in 64 bits is no time.
    i64::try_from(moment.as_nanosecond()).ok().map(|_| moment.to_string())
}

/// Returns an offset, or `None` if no clock has it.
fn offset(sign: &[u8], hours: i64, minutes: i64) -> Option<SignedDuration> {
    let seconds = hours * 3600 + minutes * 60;
    let is_offset = hours <= 18 && minutes < 60;
    is_offset.then(|| SignedDuration::from_secs(if sign == b"-" { -seconds } else { seconds }))
}
