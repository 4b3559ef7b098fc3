//! Parses the time window that the user asks for, in the forms in which people type times.
//!
//! A [`Bound`] is one end of the window as it was typed. It may be relative, such as `-3h` or `yesterday`. It is converted to a
//! [`Time`] when the caller passes the time that counts as *now*: the current time, or the latest time in the logs if these are
//! old. This module never reads the clock. A [`Window`] has two fixed ends and decides whether it contains a time.
//!
//! # Forms
//!
//! | form | meaning |
//! |---|---|
//! | `2017-02-14` | the start of the day |
//! | `2017-02-14 08:00`, `2017-02-14T08:00:00.5` | a date and a clock time |
//! | `08:00`, `08:00:30` | the clock time, today |
//! | `today`, `yesterday`, `tomorrow` | the start of the day |
//! | `friday`, `fri` | the start of the last such day, which is today if today is a Friday |
//! | `yesterday 14:00`, `friday 08:30` | the clock time on that day |
//! | `now` | now |
//! | `-3h`, `3h ago`, `1 day 2 hours ago`, `1h30m ago` | that long before now |
//! | `+1h` | that long after now |
//! | `@1487041044` | seconds since the Unix epoch |
//!
//! A day without a clock time means its start for both ends of a window, as in journalctl: a window until `2017-02-14` ends when
//! that day begins.
//!
//! A clock time may be followed by `Z`, `UTC`, `GMT` or an offset such as `+01:00`, and `today` is then the day in that zone. A
//! clock time without a zone is in the zone that the caller chooses. If it occurs twice because clocks are set back, the first
//! one counts.
//!
//! The units are `s`, `m`, `h`, `d`, `w`, `months` and `y`, and their longer names. Days, months and years follow the calendar:
//! one month before 31 March is the last day of February, and a day before noon is noon, even if clocks were changed in
//! between. Letter case and additional spaces do not matter, with one exception: `M` is refused as a unit, because journalctl
//! reads it as months, and `m` as minutes.
//!
//! Ambiguous times are refused, with a message that suggests unambiguous ones: `02/03/2017` can be two dates, and `3h` can be
//! before or after now.

use std::str::FromStr;

use jiff::Span;
use jiff::civil::{self, Date, Weekday};
use jiff::tz::{Offset, TimeZone};

use super::Time;
use super::zone::DisplayZone;

/// The end of the message for text whose meaning is not clear.
const EXAMPLES: &str = "Write one such as 2017-02-14, '2017-02-14 08:00', 08:00, today, 'yesterday 14:00', \
                        friday, -3h or '2 days ago'";

/// The message for a moment that does not fit in a [`Time`].
const OUT_OF_RANGE: &str = "the time is out of range. Times run from 1677-09-21 to 2262-04-11";

/// The characters that can separate the year, month and day of a date.
const SEPARATORS: [char; 3] = ['-', '/', '.'];

/// One end of a window, as it was typed.
///
/// # Examples
///
/// ```
/// use callcodes::time::window::Bound;
/// use callcodes::time::zone::DisplayZone;
///
/// let utc = DisplayZone::UTC;
/// let now = Bound::parse("2017-02-14T14:30:00Z")?.resolve(callcodes::time::Time::from_nanoseconds(0), utc)?;
///
/// let shown = |text: &str| Bound::parse(text)?.resolve(now, utc).map(|time| time.to_string());
/// assert_eq!(shown("-3h")?, "2017-02-14T11:30:00Z");
/// assert_eq!(shown("yesterday 14:00")?, "2017-02-13T14:00:00Z");
/// assert_eq!(shown("friday")?, "2017-02-10T00:00:00Z");
///
/// assert_eq!(
///     Bound::parse("02/03/2017").unwrap_err(),
///     "\"02/03/2017\" can be two dates. Write 2017-02-03 or 2017-03-02"
/// );
/// # Ok::<_, String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound(Kind);

/// The forms of a bound, by what they depend on: nothing, the current day, or the current moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A moment that depends neither on a zone nor on now.
    Moment(Time),
    /// A clock time on a day. `offset` is `None` if no zone was typed.
    Clock { day: Day, clock: civil::Time, offset: Option<Offset> },
    /// A period that is added to now; it is negative if it goes back. Months differ in length, so they are not converted to days.
    Shift { months: i64, days: i64, seconds: i64 },
}

/// A day, which may be relative to today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// A fixed date of the calendar.
    Date(Date),
    /// The day that is this many days after today.
    FromToday(i64),
    /// The most recent day that is this weekday, which may be today.
    Last(Weekday),
}

impl Bound {
    /// Parses one end of a window in one of the [forms](self#forms) that people type.
    ///
    /// # Errors
    ///
    /// Fails if the text has none of these forms, is ambiguous, or names a time that does not exist or is out of range. The
    /// message is one line without the last full stop. It describes the error and suggests what to write instead.
    pub fn parse(text: &str) -> Result<Bound, String> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let lower = text.to_ascii_lowercase();
        let ago = lower.strip_suffix(" ago").map(|rest| &text[..rest.len()]);
        // Text that was copied from a document often contains an en dash or a minus sign.
        let signed = match text.strip_prefix('+') {
            Some(rest) => Some((1, rest)),
            None => text.strip_prefix(['-', '–', '−']).map(|rest| (-1, rest)),
        };
        let kind = match (signed, ago) {
            (Some(_), Some(_)) => return Err(format!("{text:?} has both a sign and \"ago\". Write -3h or '3h ago'")),
            (Some((sign, length)), None) => shift(length, sign)?,
            (None, Some(length)) => shift(length, -1)?,
            (None, None) if text.is_empty() => return Err(format!("the time is empty. {EXAMPLES}")),
            (None, None) if lower == "now" => Kind::Shift { months: 0, days: 0, seconds: 0 },
            (None, None) => match text.strip_prefix('@') {
                Some(seconds) => unix(seconds)?,
                None => day_and_clock(&text)?,
            },
        };
        let bound = Bound(kind);
        if let Kind::Clock { day: Day::Date(_), .. } = kind {
            // The bound does not depend on now, so it can be checked here.
            bound.resolve(Time(0), DisplayZone::UTC)?;
        }
        Ok(bound)
    }

    /// Converts this end to a moment, with `now` as the current time. If no zone was typed, days and clock times are in `zone`.
    ///
    /// # Errors
    ///
    /// Fails with a message if the moment does not fit in a [`Time`].
    pub fn resolve(self, now: Time, zone: DisplayZone) -> Result<Time, String> {
        self.moment(now, zone).ok_or_else(|| OUT_OF_RANGE.to_owned())
    }

    fn moment(self, now: Time, zone: DisplayZone) -> Option<Time> {
        let zoned = zone.zoned(now);
        match self.0 {
            Kind::Moment(time) => Some(time),
            Kind::Clock { day, clock, offset } => {
                let typed = offset.map(|offset| zoned.with_time_zone(TimeZone::fixed(offset)));
                let today = typed.as_ref().unwrap_or(&zoned).date();
                let date = match day {
                    Day::Date(date) => date,
                    Day::FromToday(days) => today.checked_add(Span::new().days(days)).ok()?,
                    Day::Last(weekday) => today.checked_sub(Span::new().days(today.weekday().since(weekday))).ok()?,
                };
                let clock = date.to_datetime(clock);
                match offset {
                    Some(offset) => time(offset.to_timestamp(clock).ok()?),
                    None => zone.moment(clock),
                }
            }
            Kind::Shift { months, days, seconds } => {
                let span = Span::new().try_months(months).ok()?.try_days(days).ok()?.try_seconds(seconds).ok()?;
                time(zoned.checked_add(span).ok()?.timestamp())
            }
        }
    }
}

fn time(timestamp: jiff::Timestamp) -> Option<Time> {
    i64::try_from(timestamp.as_nanosecond()).ok().map(Time)
}

impl Bound {
    /// Whether the moment of this end depends on the current time.
    #[must_use]
    pub fn is_relative(self) -> bool {
        match self.0 {
            Kind::Moment(_) | Kind::Clock { day: Day::Date(_), .. } => false,
            Kind::Clock { .. } | Kind::Shift { .. } => true,
        }
    }

    /// Whether the moment of this end depends on the zone that the caller chooses.
    #[must_use]
    pub fn lacks_zone(self) -> bool {
        matches!(self.0, Kind::Clock { offset: None, .. })
    }
}

/// The two ends of a window, as they were typed. An end that was not typed is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The start of the window.
    pub since: Option<Bound>,
    /// The end of the window.
    pub until: Option<Bound>,
}

impl Range {
    /// Whether one of the ends depends on the current time.
    #[must_use]
    pub fn is_relative(self) -> bool {
        self.ends().any(Bound::is_relative)
    }

    /// Whether one of the ends depends on the zone that the caller chooses.
    #[must_use]
    pub fn lacks_zone(self) -> bool {
        self.ends().any(Bound::lacks_zone)
    }

    fn ends(self) -> impl Iterator<Item = Bound> {
        [self.since, self.until].into_iter().flatten()
    }

    /// Converts this range to a window, with `now` as the current time. Days and clock times without a zone are in `zone`.
    ///
    /// # Errors
    ///
    /// Fails with a message if a time is out of range, or if the window ends before it starts.
    pub fn resolve(self, now: Time, zone: DisplayZone) -> Result<Window, String> {
        let resolved = |bound: Option<Bound>| bound.map(|bound| bound.resolve(now, zone)).transpose();
        Window::new(resolved(self.since)?, resolved(self.until)?, zone)
    }
}

impl FromStr for Bound {
    /// The message for the user: what is wrong with the typed time, and what to write instead.
    type Err = String;

    fn from_str(text: &str) -> Result<Bound, String> {
        Bound::parse(text)
    }
}

/// Parses seconds since the Unix epoch.
fn unix(text: &str) -> Result<Kind, String> {
    let seconds = text.parse::<i64>().map_err(|_| {
        format!("{text:?} cannot be seconds since 1970. Write whole seconds after the @, such as @1487041044")
    })?;
    // Fails for milliseconds, which some programs write.
    let nanoseconds = seconds.checked_mul(1_000_000_000).ok_or(OUT_OF_RANGE)?;
    Ok(Kind::Moment(Time(nanoseconds)))
}

/// Parses a period such as `3h` or `1 day 2 hours`. `sign` is -1 for a period before now, and 1 for one after it.
fn shift(text: &str, sign: i64) -> Result<Kind, String> {
    let (mut months, mut days, mut seconds) = (0_i64, 0_i64, 0_i64);
    let mut rest = text;
    loop {
        let (digits, after) = split(rest.trim_start(), |c| c.is_ascii_digit());
        let (unit, after) = split(after.trim_start(), char::is_alphabetic);
        if digits.is_empty() || unit.is_empty() {
            return Err(format!(
                "{text:?} is not a length of time. Write whole numbers with units, such as 3h, 90min, '2 days' or 1h30m"
            ));
        }
        let (sum, factor) = match unit.to_ascii_lowercase().as_str() {
            _ if unit == "M" => return Err("\"M\" can be minutes or months. Write min or months".to_owned()),
            "s" | "sec" | "secs" | "second" | "seconds" => (&mut seconds, 1),
            "m" | "min" | "mins" | "minute" | "minutes" => (&mut seconds, 60),
            "h" | "hr" | "hrs" | "hour" | "hours" => (&mut seconds, 3600),
            "d" | "day" | "days" => (&mut days, 1),
            "w" | "week" | "weeks" => (&mut days, 7),
            "month" | "months" => (&mut months, 1),
            "y" | "year" | "years" => (&mut months, 12),
            _ => {
                return Err(format!(
                    "{unit:?} is not a unit of time. Units are s, min, h, d, w, months and y, as in -3h or '2 days ago'"
                ));
            }
        };
        let signed = digits.parse::<i64>().ok().and_then(|count| count.checked_mul(sign * factor));
        *sum = signed.and_then(|count| sum.checked_add(count)).ok_or(OUT_OF_RANGE)?;
        if after.is_empty() {
            return Ok(Kind::Shift { months, days, seconds });
        }
        rest = after;
    }
}

/// Splits `text` after its first characters, as long as `belong` accepts them.
fn split(text: &str, belong: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belong(c)).unwrap_or(text.len()))
}

/// Parses a day, a clock time, or both.
fn day_and_clock(text: &str) -> Result<Kind, String> {
    let starts_with_digit = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c| c == ' ' || (starts_with_digit && matches!(c, 'T' | 't'))).unwrap_or(text.len());
    let (first, rest) = (&text[..end], text.get(end + 1..));
    let (_, after_digits) = split(first, |c| c.is_ascii_digit());
    let is_date_like = first.chars().all(|c| c.is_ascii_digit() || SEPARATORS.contains(&c));
    let (day, clock_text) = match first.to_ascii_lowercase().as_str() {
        "today" => (Day::FromToday(0), rest),
        "yesterday" => (Day::FromToday(-1), rest),
        "tomorrow" => (Day::FromToday(1), rest),
        _ if after_digits.starts_with(':') => (Day::FromToday(0), Some(text)),
        _ if after_digits.starts_with(SEPARATORS) && is_date_like => (Day::Date(date(first)?), rest),
        name => match weekday(name) {
            Some(weekday) => (Day::Last(weekday), rest),
            None => return Err(unknown(text)),
        },
    };
    let (clock, offset) = clock_text.map_or(Ok((civil::Time::midnight(), None)), clock)?;
    Ok(Kind::Clock { day, clock, offset })
}

/// Returns the weekday with this name. The name must be in lower case and may be shortened to as few as three letters.
fn weekday(name: &str) -> Option<Weekday> {
    let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let found = names.iter().zip(Weekday::Monday.cycle_forward()).find(|(whole, _)| whole.starts_with(name));
    found.filter(|_| name.len() >= 3).map(|(_, weekday)| weekday)
}

/// Returns the message for text that is none of the forms of times.
fn unknown(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{text:?} can be a date, a length of time or Unix seconds. Write 2017-02-14, -30min or @1487041044")
    } else if shift(text, 1).is_ok() {
        format!("{text:?} can be before or after now. Write '{text} ago' or '+{text}'")
    } else {
        format!("{text:?} is not a time. {EXAMPLES}")
    }
}

/// Parses a date in the form year-month-day. If the text has another form, the message suggests the dates that it can mean.
fn date(text: &str) -> Result<Date, String> {
    let not_a_date = || format!("{text:?} is not a date. Write the year, the month and the day, such as 2017-02-14");
    let parts: Vec<_> = text.split(SEPARATORS).collect();
    let [first, second, third] = parts[..] else { return Err(not_a_date()) };
    let new = |year: &str, month: &str, day: &str| {
        let is_full = year.len() == 4;
        Date::new(year.parse().ok().filter(|_| is_full)?, month.parse().ok()?, day.parse().ok()?).ok()
    };
    let year_first = new(first, second, third);
    if first.len() == 4 && text.matches('-').count() == 2 {
        return year_first
            .ok_or_else(|| format!("there is no date {text:?}. Write a day of the calendar, such as 2017-02-14"));
    }
    let day_first = new(third, second, first);
    // If full stops separate the parts, the day comes first. Otherwise the month may come first.
    let month_first = new(third, first, second).filter(|_| !text.contains('.'));
    match (year_first.or(month_first), day_first) {
        (Some(one), Some(other)) if one != other => Err(format!("{text:?} can be two dates. Write {one} or {other}")),
        (Some(date), _) | (_, Some(date)) => Err(format!("{text:?} is not in the form year-month-day. Write {date}")),
        (None, None) => Err(not_a_date()),
    }
}

/// Parses a clock time, and the zone after it if there is one.
fn clock(text: &str) -> Result<(civil::Time, Option<Offset>), String> {
    let (digits, zone) = split(text, |c| c.is_ascii_digit() || matches!(c, ':' | '.' | ','));
    // jiff requires two digits for the hour, and would also accept clock times without colons.
    let padded = if digits.find(':') == Some(1) { format!("0{digits}") } else { digits.to_owned() };
    let clock = padded.parse::<civil::Time>().ok().filter(|_| padded.find(':') == Some(2)).ok_or_else(|| {
        format!("there is no clock time {text:?}. Write one from 00:00 to 23:59, such as 08:00 or 08:00:30")
    })?;
    let zone = zone.trim_start();
    match zone.to_ascii_lowercase().as_str() {
        "" => Ok((clock, None)),
        "z" | "utc" | "gmt" => Ok((clock, Some(Offset::UTC))),
        "am" | "pm" => {
            Err(format!("{text:?} is a time of a 12-hour clock. Write the hour from 00 to 23, such as 20:00"))
        }
        _ => match offset(zone) {
            Some(offset) => Ok((clock, Some(offset))),
            None => Err(format!("{zone:?} is not a known time zone. Write Z or an offset such as +01:00")),
        },
    }
}

/// Parses an offset from UTC: `+01:00`, `+0100` or `+01`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, rest) = rest.split_at_checked(2)?;
    let minutes = if rest.is_empty() { "00" } else { rest.strip_prefix(':').unwrap_or(rest) };
    let number = |digits: &str| {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<i32>().ok().filter(|_| is_number)
    };
    // As in logs, an offset of more than 18 hours is not accepted, because no clock has one.
    let (hours, minutes) =
        (number(hours).filter(|&hours| hours <= 18)?, number(minutes).filter(|&minutes| minutes < 60)?);
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// A period of time that includes both its ends. It is unlimited on a side where no end is given.
///
/// # Examples
///
/// ```
/// use callcodes::time::Time;
/// use callcodes::time::window::Window;
/// use callcodes::time::zone::DisplayZone;
///
/// let [before, since, after] = [1, 2, 3].map(Time::from_nanoseconds);
/// let window = Window::new(Some(since), None, DisplayZone::UTC)?;
/// assert!(!window.contains(before) && window.contains(since) && window.contains(after));
///
/// assert!(Window::new(Some(after), Some(since), DisplayZone::UTC).is_err());
/// # Ok::<_, String>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    since: Option<Time>,
    until: Option<Time>,
}

impl Window {
    /// Creates a window that contains no time.
    #[must_use]
    pub fn empty() -> Window {
        Window { since: Some(Time(i64::MAX)), until: Some(Time(i64::MIN)) }
    }

    /// Creates the window from `since` to `until`.
    ///
    /// # Errors
    ///
    /// Fails with a message that names both times in `zone` if `since` is after `until`.
    pub fn new(since: Option<Time>, until: Option<Time>, zone: DisplayZone) -> Result<Window, String> {
        match (since, until) {
            (Some(since), Some(until)) if since > until => Err(format!(
                "the window starts at {}, which is after its end at {}. Swap the two, or add a clock time to the end: a \
                 day alone means its start",
                zone.of(since),
                zone.of(until)
            )),
            _ => Ok(Window { since, until }),
        }
    }

    /// Whether the window contains `time`.
    #[inline]
    #[must_use]
    pub fn contains(self, time: Time) -> bool {
        self.since.is_none_or(|since| since <= time) && self.until.is_none_or(|until| time <= until)
    }

    /// Whether the window contains a part of the period from `start` up to, but not including, `end`.
    #[must_use]
    pub fn overlaps(self, start: Time, end: Time) -> bool {
        self.since.is_none_or(|since| since < end) && self.until.is_none_or(|until| start <= until)
    }

    /// Returns the first moment of the window, or `None` if its start is not limited.
    #[must_use]
    pub fn since(self) -> Option<Time> {
        self.since
    }

    /// Returns the last moment of the window, or `None` if its end is not limited.
    #[must_use]
    pub fn until(self) -> Option<Time> {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> Time {
        let nanoseconds = text.parse::<jiff::Timestamp>().unwrap().as_nanosecond();
        Time(nanoseconds.try_into().unwrap())
    }

    /// The current time in these tests, which is on a Tuesday.
    const NOW: &str = "2017-02-14T14:30:15.25Z";

    fn shown_at(text: &str, now: &str) -> Result<String, String> {
        text.parse::<Bound>()?.resolve(time(now), DisplayZone::UTC).map(|time| time.to_string())
    }

    #[test]
    fn every_form_is_read() {
        let cases = [
            // Dates and clock times.
            ("2017-02-14", "2017-02-14T00:00:00Z"),
            ("2017-2-4", "2017-02-04T00:00:00Z"),
            ("2016-02-29", "2016-02-29T00:00:00Z"),
            ("2017-02-14 08:00", "2017-02-14T08:00:00Z"),
            ("2017-02-14 8:00", "2017-02-14T08:00:00Z"),
            ("2017-02-14T08:00", "2017-02-14T08:00:00Z"),
            ("2017-02-14t08:00:00.5", "2017-02-14T08:00:00.5Z"),
            ("2017-02-14 02:57:24,600", "2017-02-14T02:57:24.6Z"),
            ("2016-12-31 23:59:60", "2016-12-31T23:59:59Z"),
            // Zones.
            ("2017-02-14T02:57:24.600871Z", "2017-02-14T02:57:24.600871Z"),
            ("2017-02-14 02:57:24Z", "2017-02-14T02:57:24Z"),
            ("2017-02-14 08:00 utc", "2017-02-14T08:00:00Z"),
            ("2017-02-14 08:00GMT", "2017-02-14T08:00:00Z"),
            ("2017-02-14T08:00:00+01:00", "2017-02-14T07:00:00Z"),
            ("2017-02-14 08:00+0130", "2017-02-14T06:30:00Z"),
            ("2017-02-14 08:00 -05", "2017-02-14T13:00:00Z"),
            ("2017-02-14 08:00-00:30", "2017-02-14T08:30:00Z"),
            ("today 00:30+10:00", "2017-02-14T14:30:00Z"),
            ("00:30z", "2017-02-14T00:30:00Z"),
            // Clock times of today, including those in the future.
            ("08:00", "2017-02-14T08:00:00Z"),
            ("8:00:30", "2017-02-14T08:00:30Z"),
            ("23:59:59.999999999", "2017-02-14T23:59:59.999999999Z"),
            // Days.
            ("now", "2017-02-14T14:30:15.25Z"),
            ("today", "2017-02-14T00:00:00Z"),
            ("Today 08:00", "2017-02-14T08:00:00Z"),
            ("YESTERDAY", "2017-02-13T00:00:00Z"),
            ("  yesterday \t 14:00 ", "2017-02-13T14:00:00Z"),
            ("tomorrow", "2017-02-15T00:00:00Z"),
            ("tuesday", "2017-02-14T00:00:00Z"),
            ("Tue 23:00", "2017-02-14T23:00:00Z"),
            ("wednesday", "2017-02-08T00:00:00Z"),
            ("thurs", "2017-02-09T00:00:00Z"),
            ("friday 08:30", "2017-02-10T08:30:00Z"),
            ("Fri", "2017-02-10T00:00:00Z"),
            ("sat", "2017-02-11T00:00:00Z"),
            ("SUN", "2017-02-12T00:00:00Z"),
            ("mon", "2017-02-13T00:00:00Z"),
            // Periods from now.
            ("-3h", "2017-02-14T11:30:15.25Z"),
            ("- 3 hours", "2017-02-14T11:30:15.25Z"),
            ("–3H", "2017-02-14T11:30:15.25Z"),
            ("−3hr", "2017-02-14T11:30:15.25Z"),
            ("-90min", "2017-02-14T13:00:15.25Z"),
            ("-2d", "2017-02-12T14:30:15.25Z"),
            ("-1w", "2017-02-07T14:30:15.25Z"),
            ("+1h", "2017-02-14T15:30:15.25Z"),
            ("+15s", "2017-02-14T14:30:30.25Z"),
            ("3h ago", "2017-02-14T11:30:15.25Z"),
            ("2 days ago", "2017-02-12T14:30:15.25Z"),
            ("1 Day 2 Hours AGO", "2017-02-13T12:30:15.25Z"),
            ("1h30m ago", "2017-02-14T13:00:15.25Z"),
            ("30m 1h ago", "2017-02-14T13:00:15.25Z"),
            ("1m 1m 15 seconds ago", "2017-02-14T14:28:00.25Z"),
            ("1 month ago", "2017-01-14T14:30:15.25Z"),
            ("-1year2months", "2015-12-14T14:30:15.25Z"),
            ("-1y", "2016-02-14T14:30:15.25Z"),
            ("0s ago", "2017-02-14T14:30:15.25Z"),
            // Unix seconds.
            ("@1487041044", "2017-02-14T02:57:24Z"),
            ("@-1", "1969-12-31T23:59:59Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown_at(text, NOW).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_day_depends_on_now() {
        let cases = [
            ("today", "2017-03-01T00:00:00Z", "2017-03-01T00:00:00Z"),
            ("yesterday", "2017-03-01T00:00:00Z", "2017-02-28T00:00:00Z"),
            ("yesterday", "2016-03-01T23:59:59Z", "2016-02-29T00:00:00Z"),
            ("1 month ago", "2017-03-31T08:00:00Z", "2017-02-28T08:00:00Z"),
            ("-1y", "2016-02-29T08:00:00Z", "2015-02-28T08:00:00Z"),
            // In that zone, it is already Wednesday the 15th.
            ("today 08:00+10:00", "2017-02-14T14:30:00Z", "2017-02-14T22:00:00Z"),
            ("wed 08:00+10:00", "2017-02-14T14:30:00Z", "2017-02-14T22:00:00Z"),
            ("friday", "2017-02-17T00:00:00Z", "2017-02-17T00:00:00Z"),
            ("friday", "2017-02-16T23:59:59Z", "2017-02-10T00:00:00Z"),
            ("-1d", "1970-01-01T00:00:00Z", "1969-12-31T00:00:00Z"),
        ];
        for (text, now, expected) in cases {
            assert_eq!(shown_at(text, now).as_deref(), Ok(expected), "{text} at {now}");
        }
    }

    #[test]
    fn times_without_a_zone_are_in_the_chosen_zone() {
        let cases = [
            ("2017-02-14", "Europe/Berlin", "2017-02-13T23:00:00Z"),
            ("2017-07-14 08:00", "Europe/Berlin", "2017-07-14T06:00:00Z"),
            ("2017-07-14 08:00Z", "Europe/Berlin", "2017-07-14T08:00:00Z"),
            // The first of two, and as if clocks had not been set forward.
            ("2017-10-29 02:30", "Europe/Berlin", "2017-10-29T00:30:00Z"),
            ("2017-03-26 02:30", "Europe/Berlin", "2017-03-26T01:30:00Z"),
            // It is already the 15th there, and a Wednesday.
            ("today", "Australia/Sydney", "2017-02-14T13:00:00Z"),
            ("08:00", "Australia/Sydney", "2017-02-14T21:00:00Z"),
            ("wed 08:00", "Australia/Sydney", "2017-02-14T21:00:00Z"),
            ("today 08:00+00:00", "Australia/Sydney", "2017-02-14T08:00:00Z"),
            ("@1487041044", "Europe/Berlin", "2017-02-14T02:57:24Z"),
            // Clocks are changed between the two.
            ("-6 months", "Europe/Berlin", "2016-08-14T13:30:15.25Z"),
            ("-3h", "Europe/Berlin", "2017-02-14T11:30:15.25Z"),
        ];
        for (text, zone, expected) in cases {
            let zone = DisplayZone::new(crate::time::zone::parse(zone).unwrap());
            let found = text.parse::<Bound>().unwrap().resolve(time(NOW), zone).unwrap();
            assert_eq!(found, time(expected), "{text}");
        }
        for (text, lacks_zone) in [("08:00", true), ("today", true), ("08:00Z", false), ("-3h", false), ("@1", false)] {
            assert_eq!(text.parse::<Bound>().unwrap().lacks_zone(), lacks_zone, "{text}");
        }
    }

    #[test]
    fn an_error_suggests_what_to_write() {
        let not_a_time = |text: &str| format!("{text:?} is not a time. {EXAMPLES}");
        let no_clock = |text: &str| {
            format!("there is no clock time {text:?}. Write one from 00:00 to 23:59, such as 08:00 or 08:00:30")
        };
        let no_date =
            |text: &str| format!("there is no date {text:?}. Write a day of the calendar, such as 2017-02-14");
        let not_a_date =
            |text: &str| format!("{text:?} is not a date. Write the year, the month and the day, such as 2017-02-14");
        let no_length = |text: &str| {
            format!(
                "{text:?} is not a length of time. Write whole numbers with units, such as 3h, 90min, '2 days' or 1h30m"
            )
        };
        let no_unit = |text: &str| {
            format!(
                "{text:?} is not a unit of time. Units are s, min, h, d, w, months and y, as in -3h or '2 days ago'"
            )
        };
        let no_zone = |text: &str| format!("{text:?} is not a known time zone. Write Z or an offset such as +01:00");
        let year_first = |text: &str, date: &str| format!("{text:?} is not in the form year-month-day. Write {date}");
        let cases = [
            (
                "",
                "the time is empty. Write one such as 2017-02-14, '2017-02-14 08:00', 08:00, today, 'yesterday 14:00', \
                 friday, -3h or '2 days ago'"
                    .to_owned(),
            ),
            (" \n", format!("the time is empty. {EXAMPLES}")),
            ("last week", not_a_time("last week")),
            ("ago", not_a_time("ago")),
            ("fr", not_a_time("fr")),
            ("fridays", not_a_time("fridays")),
            ("now 08:00", not_a_time("now 08:00")),
            ("8pm", not_a_time("8pm")),
            ("a\u{1b}[31m", "\"a\\u{1b}[31m\" is not a time. ".to_owned() + EXAMPLES),
            // Dates.
            ("02/03/2017", "\"02/03/2017\" can be two dates. Write 2017-02-03 or 2017-03-02".to_owned()),
            ("02-03-2017 08:00", "\"02-03-2017\" can be two dates. Write 2017-02-03 or 2017-03-02".to_owned()),
            ("02/02/2017", year_first("02/02/2017", "2017-02-02")),
            ("02/14/2017", year_first("02/14/2017", "2017-02-14")),
            ("14/02/2017", year_first("14/02/2017", "2017-02-14")),
            ("14.02.2017", year_first("14.02.2017", "2017-02-14")),
            ("2.3.2017 08:00", year_first("2.3.2017", "2017-03-02")),
            ("2017/02/14", year_first("2017/02/14", "2017-02-14")),
            ("14.02.17", not_a_date("14.02.17")),
            ("17-02-14", not_a_date("17-02-14")),
            ("2017-02", not_a_date("2017-02")),
            ("2017-02-14-15", not_a_date("2017-02-14-15")),
            ("1.5h", not_a_time("1.5h")),
            ("2017-feb-14", not_a_time("2017-feb-14")),
            ("2017-02-14+01:00", not_a_time("2017-02-14+01:00")),
            ("2017--14", no_date("2017--14")),
            (":30", no_clock(":30")),
            ("2017-02-30", no_date("2017-02-30")),
            ("2017-02-29T08:00", no_date("2017-02-29")),
            ("2017-13-01", no_date("2017-13-01")),
            ("2017-00-01", no_date("2017-00-01")),
            ("2017-+2-01", not_a_time("2017-+2-01")),
            ("1677-09-21", OUT_OF_RANGE.to_owned()),
            ("2262-04-12", OUT_OF_RANGE.to_owned()),
            ("9999-12-31", OUT_OF_RANGE.to_owned()),
            // Clock times and zones.
            ("25:00", no_clock("25:00")),
            ("24:00", no_clock("24:00")),
            ("today 08:60", no_clock("08:60")),
            ("today 0800", no_clock("0800")),
            ("today 8", no_clock("8")),
            ("today morning", no_clock("morning")),
            ("2017-02-14T", no_clock("")),
            ("08:00:00:00", no_clock("08:00:00:00")),
            ("08:", no_clock("08:")),
            ("08:00.5", no_clock("08:00.5")),
            ("8:00 PM", "\"8:00 PM\" is a time of a 12-hour clock. Write the hour from 00 to 23, such as 20:00".to_owned()),
            ("2017-02-14 08:00 CET", no_zone("CET")),
            ("2017-02-14 08:00 -3h", no_zone("-3h")),
            ("2017-02-14 08:00+19:00", no_zone("+19:00")),
            ("2017-02-14 08:00+01:60", no_zone("+01:60")),
            ("2017-02-14 08:00++1", no_zone("++1")),
            ("2017-02-14 08:00+01:", no_zone("+01:")),
            // Lengths of time.
            ("3h", "\"3h\" can be before or after now. Write '3h ago' or '+3h'".to_owned()),
            ("2 days", "\"2 days\" can be before or after now. Write '2 days ago' or '+2 days'".to_owned()),
            ("-3h ago", "\"-3h ago\" has both a sign and \"ago\". Write -3h or '3h ago'".to_owned()),
            ("-3M", "\"M\" can be minutes or months. Write min or months".to_owned()),
            ("-3 parsecs", no_unit("parsecs")),
            ("-3h2", no_length("3h2")),
            ("-1.5h", no_length("1.5h")),
            ("-h", no_length("h")),
            ("-3", no_length("3")),
            ("-", no_length("")),
            ("two days ago", no_length("two days")),
            ("--3h", no_length("-3h")),
            ("-99999999999999999999h", OUT_OF_RANGE.to_owned()),
            ("-9223372036854775807h", OUT_OF_RANGE.to_owned()),
            ("-9223372036854775807s 1s 1s", OUT_OF_RANGE.to_owned()),
            ("-9999999999 months", OUT_OF_RANGE.to_owned()),
            ("-400y", OUT_OF_RANGE.to_owned()),
            ("+250y", OUT_OF_RANGE.to_owned()),
            // Numbers.
            (
                "1487041044",
                "\"1487041044\" can be a date, a length of time or Unix seconds. Write 2017-02-14, -30min or @1487041044"
                    .to_owned(),
            ),
            ("@1487041044000", OUT_OF_RANGE.to_owned()),
            (
                "@1487041044.5",
                "\"1487041044.5\" cannot be seconds since 1970. Write whole seconds after the @, such as @1487041044"
                    .to_owned(),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(shown_at(text, NOW), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_time_that_does_not_depend_on_now_is_checked_when_it_is_parsed() {
        assert_eq!(Bound::parse("9999-12-31"), Err(OUT_OF_RANGE.to_owned()));
    }

    #[test]
    fn both_ends_belong_to_the_window() {
        let [before, since, between, until, after] = [9, 10, 15, 20, 21].map(Time);
        let cases = [
            (None, None, [true, true, true, true, true]),
            (Some(since), None, [false, true, true, true, true]),
            (None, Some(until), [true, true, true, true, false]),
            (Some(since), Some(until), [false, true, true, true, false]),
            (Some(between), Some(between), [false, false, true, false, false]),
        ];
        for (since_time, until_time, expected) in cases {
            let window = Window::new(since_time, until_time, DisplayZone::UTC).unwrap();
            assert_eq!((window.since(), window.until()), (since_time, until_time));
            let found = [before, since, between, until, after].map(|time| window.contains(time));
            assert_eq!(found, expected, "{window:?}");
        }
        assert_eq!(Window::new(None, None, DisplayZone::UTC), Ok(Window::default()));
    }

    #[test]
    fn a_window_cannot_end_before_it_starts() {
        let window =
            Window::new(Some(time("2017-02-14T08:00:00Z")), Some(time("2017-02-14T00:00:00Z")), DisplayZone::UTC);
        let expected = "the window starts at 2017-02-14T08:00:00Z, which is after its end at 2017-02-14T00:00:00Z. Swap the \
                        two, or add a clock time to the end: a day alone means its start";
        assert_eq!(window, Err(expected.to_owned()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_in_one_line(
            text in prop_oneof![
                any::<String>(),
                "[-+@–]?([0-9]{1,20}|[.:/, TtZz-]|[a-zA-Zµé]{1,3}|now|today|fri|ago|days|months|y|\u{1b}|\n){0,8}",
            ],
            now in any::<i64>(),
        ) {
            if let Err(message) = Bound::parse(&text).and_then(|bound| bound.resolve(Time(now), DisplayZone::UTC)) {
                prop_assert!(!message.is_empty() && !message.chars().any(char::is_control), "{:?}", message);
            }
        }

        #[test]
        fn a_shown_time_is_parsed_as_the_same_time(nanoseconds in any::<i64>(), now in any::<i64>()) {
            let time = Time(nanoseconds);
            for text in [time.to_string(), time.to_string().replace('T', " "), time.to_string().replace('Z', "")] {
                prop_assert_eq!(Bound::parse(&text).and_then(|bound| bound.resolve(Time(now), DisplayZone::UTC)), Ok(time), "{}", text);
            }
        }

        #[test]
        fn a_period_and_its_opposite_cancel_out(count in 0..1_000_000, now in -1_000_000_000_i64..1_000_000_000) {
            let now = Time(now * 1_000_000_000);
            for unit in ["s", "min", "h", "d"] {
                let [past, future] = [format!("{count}{unit} ago"), format!("+{count} {unit}")];
                let Ok(past) = Bound::parse(&past).unwrap().resolve(now, DisplayZone::UTC) else { continue };
                prop_assert_eq!(Bound::parse(&future).unwrap().resolve(past, DisplayZone::UTC), Ok(now));
            }
        }
    }
}
