//! Parses the values of options: globs, sizes and times.

use std::fmt;
use std::time::SystemTime;

use callcodes::source::Globs;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// Checks that a glob is valid, and returns it. It is compiled later, together with all other globs.
pub(crate) fn glob(text: &str) -> Result<String, String> {
    Globs::new([text], []).map(|_| text.to_owned())
}

/// Parses a size such as `10M`, `1.5GiB` or `4096` to a number of bytes. Units are powers of 1024.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let number_len = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(number_len);
    let power = match unit.trim_start().to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 1,
        "M" | "MB" | "MIB" => 2,
        "G" | "GB" | "GIB" => 3,
        "T" | "TB" | "TIB" => 4,
        _ => return Err(format!("'{}' is not a unit; use a size such as 500K, 10M or 1.5GiB", unit.trim_start())),
    };
    scaled(number, 1 << (10 * power)).ok_or_else(|| {
        let fault = if number.is_empty() { "the number is missing" } else { "the number is wrong or too large" };
        format!("{fault}; use a size such as 500K, 10M or 1.5GiB")
    })
}

/// Parses the size of ranges of files.
pub(crate) fn range_size(text: &str) -> Result<u64, String> {
    size(text).and_then(|bytes| if bytes < 1024 { Err("use at least 1K".to_owned()) } else { Ok(bytes) })
}

/// Multiplies a decimal number by `unit` and rounds down.
fn scaled(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    // More digits would make a difference of less than a byte.
    let fraction = &fraction[..fraction.len().min(15)];
    let tenths = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let part = u128::from(fraction.parse::<u64>().ok()?) * u128::from(unit) / tenths;
    let all = u128::from(whole.parse::<u64>().ok()?) * u128::from(unit) + part;
    u64::try_from(all).ok()
}

/// How old something is, such as `1d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Age {
    text: String,
    seconds: i64,
}

impl Age {
    /// Returns the time that is this long before another one. Both are in seconds since the Unix epoch.
    pub(crate) fn before(&self, seconds: i64) -> i64 {
        seconds.saturating_sub(self.seconds)
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Parses an age: `2h`, `3d`, `1w`.
pub(crate) fn age(text: &str) -> Result<Age, String> {
    let now = Timestamp::now();
    let then = span(text).and_then(|span| ago(span, now)).ok_or("use an age such as 2h, 3d or 1w")?;
    Ok(Age { text: text.to_owned(), seconds: now.as_second() - then.as_second() })
}

fn span(text: &str) -> Option<Span> {
    text.parse::<Span>().ok().filter(|span| text.starts_with(|c: char| c.is_ascii_digit()) && !span.is_negative())
}

fn ago(span: Span, now: Timestamp) -> Option<Timestamp> {
    now.to_zoned_datetime(TimeZone::UTC).checked_sub(span).ok().map(|zoned| zoned.timestamp())
}

/// Parses an age (`2h`, `3d`, `1w`), or a date with or without a time. A date without a zone is read as UTC, like times in logs.
pub(crate) fn when(text: &str) -> Result<SystemTime, String> {
    SystemTime::try_from(at(text, Timestamp::now())?).map_err(|error| error.to_string())
}

fn at(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    const REMEDY: &str = "use an age (2h, 3d, 1w) or a date (2024-05-01, '2024-05-01 10:00', UTC unless it ends \
                          in a zone like +02:00)";
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(time);
        }
        // A time with a zone has been parsed above. Here, a zone would be ignored.
        let is_plain = !text.contains(['+', '[', 'Z', 'z']);
        if let Some(time) = text.parse::<DateTime>().ok().filter(|_| is_plain) {
            return time
                .to_zoned_datetime(TimeZone::UTC)
                .map(|zoned| zoned.timestamp())
                .map_err(|error| error.to_string());
        }
        if let Some(span) = span(text) {
            return ago(span, now).ok_or_else(|| format!("that is too long ago; {REMEDY}"));
        }
    }
    Err(REMEDY.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        let cases = [
            ("0", 0),
            ("4096", 4096),
            ("10M", 10 << 20),
            ("10m", 10 << 20),
            ("500 kB", 500 << 10),
            ("1GiB", 1 << 30),
            ("1.5K", 1536),
            ("0.25GiB", 256 << 20),
            ("2T", 2 << 40),
        ];
        for (text, expected) in cases {
            assert_eq!(size(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_invalid_size_is_reported_with_the_part_that_is_wrong() {
        let remedy = "use a size such as 500K, 10M or 1.5GiB";
        let cases = [
            ("10X", "'X' is not a unit"),
            ("-5", "'-5' is not a unit"),
            ("M", "the number is missing"),
            ("", "the number is missing"),
            ("1.2.3M", "the number is wrong or too large"),
            ("99999999999T", "the number is wrong or too large"),
        ];
        for (text, fault) in cases {
            assert_eq!(size(text), Err(format!("{fault}; {remedy}")), "{text}");
        }
    }

    #[test]
    fn times_are_durations_back_or_dates_in_utc() {
        let now: Timestamp = "2024-05-10T12:00:00Z".parse().unwrap();
        let cases = [
            ("2h", "2024-05-10T10:00:00Z"),
            ("90min", "2024-05-10T10:30:00Z"),
            ("3d", "2024-05-07T12:00:00Z"),
            ("1w", "2024-05-03T12:00:00Z"),
            ("1 day 6 hours", "2024-05-09T06:00:00Z"),
            ("2024-05-01", "2024-05-01T00:00:00Z"),
            ("2024-05-01 10:00", "2024-05-01T10:00:00Z"),
            ("2024-05-01T10:00:30", "2024-05-01T10:00:30Z"),
            ("2024-05-01 10:00+02:00", "2024-05-01T08:00:00Z"),
            ("2024-05-01T10:00:00-05:00", "2024-05-01T15:00:00Z"),
            ("2024-05-01T10:00Z", "2024-05-01T10:00:00Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(at(text, now).map(|time| time.to_string()).as_deref(), Ok(expected), "{text}");
        }
        for (text, seconds) in [("2h", 7200), ("1d", 86400), ("1 week", 604_800), ("0s", 0)] {
            assert_eq!(
                age(text).map(|age| (age.to_string(), age.before(604_800))),
                Ok((text.to_owned(), 604_800 - seconds))
            );
        }
        for text in ["", "1", "-2h", "2024-05-01", "9999999y", "day"] {
            assert!(age(text).is_err(), "{text}");
        }
        for text in ["", "yesterday", "-2h", "3", "2024-13-01", "01.05.2024", "2024-05-01[Europe/Berlin]", "9999999y"] {
            assert!(at(text, now).is_err(), "{text}");
        }
    }
}
