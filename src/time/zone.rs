//! Parses the zone that the user passes for times without one.

use jiff::tz::{Offset, TimeZone};

/// Parses the name of a zone, such as `Europe/Berlin`, or an offset from UTC, such as `+01:00`. The rules of all zones are part
/// of the program. The returned zone is never freed, because every time may refer to it.
///
/// # Errors
///
/// Returns a message for the user if there is no such zone.
///
/// # Examples
///
/// ```
/// use callcodes::time::zone;
///
/// assert!(zone::parse("Europe/Berlin").is_ok() && zone::parse("-0330").is_ok());
/// assert_eq!(
///     zone::parse("Berlin").unwrap_err(),
///     "there is no time zone \"Berlin\". Write a name such as Europe/Berlin, UTC, or an offset such as +01:00"
/// );
/// ```
pub fn parse(text: &str) -> Result<&'static TimeZone, String> {
    let zone = offset(text).map(TimeZone::fixed).or_else(|| {
        let is_utc = ["utc", "gmt", "z"].contains(&text.to_ascii_lowercase().as_str());
        if is_utc { Some(TimeZone::UTC) } else { TimeZone::get(text).ok() }
    });
    let zone = zone.ok_or_else(|| {
        format!("there is no time zone {text:?}. Write a name such as Europe/Berlin, UTC, or an offset such as +01:00")
    })?;
    Ok(Box::leak(Box::new(zone)))
}

/// Parses an offset: `+01:00`, `+0100`, `+01` or `+1`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.strip_prefix(['-', '−']) {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some(parts), _) => parts,
        (None, 4) => digits.split_at_checked(2)?,
        (None, _) => (digits, "0"),
    };
    let number = |digits: &str| {
        let is_number = matches!(digits.len(), 1 | 2) && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<i32>().ok().filter(|_| is_number)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    // As in logs, an offset of more than 18 hours is not accepted, because no clock has one.
    let is_offset = hours <= 18 && minutes < 60;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok().filter(|_| is_offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_written_in_several_ways() {
        let cases = [("+01:00", 3600), ("+0130", 5400), ("-05", -18_000), ("+1", 3600), ("-03:30", -12_600)];
        for (text, seconds) in cases {
            assert_eq!(parse(text), Ok(&TimeZone::fixed(Offset::from_seconds(seconds).unwrap())), "{text}");
        }
        for text in ["+19:00", "+01:60", "+1:2:3", "", "+", "+abc", "1", "Europe", "Europe/Foo"] {
            let expected = format!(
                "there is no time zone {text:?}. Write a name such as Europe/Berlin, UTC, or an offset such as +01:00"
            );
            assert_eq!(parse(text), Err(expected));
        }
        assert_eq!(parse("utc"), Ok(&TimeZone::UTC));
        assert!(parse("america/new_york").is_ok());
    }
}
