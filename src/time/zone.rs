//! Time zones that the user chooses: the zone of times that have none, and the zone in which times are shown.

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};
use serde::{Serialize, Serializer};

use super::Time;

const SECOND: i64 = 1_000_000_000;
const MINUTE_SECONDS: i64 = 60;
const HOUR_SECONDS: i64 = 3600;

/// Parses the name of a zone, such as `Europe/Berlin`, or an offset from UTC, such as `+01:00`. The rules of all zones are
/// compiled into the program. The returned zone is never freed, because any time may refer to it.
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

/// Parses an offset from UTC: `+01:00`, `+0100`, `+01` or `+1`.
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

/// The zone in which times are shown and in which hours and days begin: UTC, unless the user chooses another one.
///
/// # Examples
///
/// ```
/// use callcodes::time::Time;
/// use callcodes::time::zone::{self, DisplayZone};
///
/// let berlin = DisplayZone::new(zone::parse("Europe/Berlin")?);
/// let time = Time::from_nanoseconds(1_487_041_044_600_000_000);
/// assert_eq!(berlin.of(time).to_string(), "2017-02-14T03:57:24.6+01:00");
/// assert_eq!(DisplayZone::UTC.of(time).to_string(), "2017-02-14T02:57:24.6Z");
/// # Ok::<_, String>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DisplayZone(Option<&'static TimeZone>);

impl DisplayZone {
    /// UTC, which is written as `Z`.
    pub const UTC: DisplayZone = DisplayZone(None);

    /// Creates the zone in which the user wants to see times.
    #[must_use]
    pub fn new(zone: &'static TimeZone) -> DisplayZone {
        DisplayZone((*zone != TimeZone::UTC).then_some(zone))
    }

    /// Whether this zone is UTC.
    #[must_use]
    pub fn is_utc(self) -> bool {
        self.0.is_none()
    }

    /// Returns the name of this zone: `UTC`, `Europe/Berlin` or `+01:00`.
    #[must_use]
    pub fn name(self) -> String {
        match self.0 {
            None => "UTC".to_owned(),
            Some(zone) => match (zone.iana_name(), zone.to_fixed_offset()) {
                (Some(name), _) => name.to_owned(),
                (None, Ok(offset)) => shown_offset(i64::from(offset.seconds())),
                // Not reachable: a zone is given by its name or its offset.
                (None, Err(_)) => "another zone".to_owned(),
            },
        }
    }

    /// Returns the time as it is shown in this zone.
    #[must_use]
    pub fn of(self, time: Time) -> Moment {
        Moment { time, zone: self }
    }

    /// Returns the date of `time` in this zone.
    #[must_use]
    pub fn date(self, time: Time) -> Date {
        self.zoned(time).date()
    }

    /// Returns the first moment at which clocks in this zone show `clock`. If they skip that time, it is computed as if they
    /// had not been changed yet. Returns `None` if the moment is out of range.
    #[must_use]
    pub fn moment(self, clock: DateTime) -> Option<Time> {
        let timestamp = match self.0 {
            None => Offset::UTC.to_timestamp(clock),
            Some(zone) => zone.to_timestamp(clock),
        };
        i64::try_from(timestamp.ok()?.as_nanosecond()).ok().map(Time)
    }

    /// Returns `time` with its date and clock time in this zone.
    #[must_use]
    pub fn zoned(self, time: Time) -> ZonedDateTime {
        // Never fails, because an `i64` of nanoseconds spans fewer years than a `Timestamp`.
        let timestamp = Timestamp::from_nanosecond(i128::from(time.0)).unwrap_or_default();
        timestamp.to_zoned_datetime(self.0.cloned().unwrap_or(TimeZone::UTC))
    }

    /// Returns the start of the hour that contains `time`. If clocks were changed earlier within that hour, it starts at the
    /// change.
    #[must_use]
    pub fn hour(self, time: Time) -> Time {
        if self.is_utc() {
            return floor(time, HOUR_SECONDS);
        }
        let second = time.0.div_euclid(SECOND);
        let offset = self.offset(second);
        let mut start = second - (second + offset).rem_euclid(HOUR_SECONDS);
        if let Some(zone) = self.0
            && self.offset(start) != offset
        {
            let at = |second| Timestamp::from_second(second).unwrap_or_default();
            let mut changes = zone.preceding(at(second + 1)).map(|change| change.timestamp().as_second());
            start = changes.find(|&change| self.offset(change - 1) != offset).unwrap_or(start).max(start);
        }
        Time(start.saturating_mul(SECOND))
    }

    /// Returns the end of the hour that starts at `start`.
    #[must_use]
    pub fn hour_end(self, start: Time) -> Time {
        let second = start.0.div_euclid(SECOND);
        let offset = self.offset(second);
        let mut end = second + HOUR_SECONDS - (second + offset).rem_euclid(HOUR_SECONDS);
        if let Some(zone) = self.0
            && self.offset(end - 1) != offset
        {
            let at = |second| Timestamp::from_second(second).unwrap_or_default();
            let mut changes = zone.following(at(second)).map(|change| change.timestamp().as_second());
            end = changes.find(|&change| self.offset(change) != offset).unwrap_or(end).min(end);
        }
        Time(end.saturating_mul(SECOND))
    }

    /// Returns the start of the day that contains `time`.
    #[must_use]
    pub fn day(self, time: Time) -> Time {
        if self.is_utc() {
            return floor(time, 24 * HOUR_SECONDS);
        }
        self.zoned(time).start_of_day().map_or(time, |start| saturated(&start))
    }

    /// Returns the end of the day that starts at `start`.
    #[must_use]
    pub fn day_end(self, start: Time) -> Time {
        let next = self.zoned(start).tomorrow().and_then(|next| next.start_of_day());
        next.map_or(Time(i64::MAX), |next| saturated(&next))
    }

    /// Returns the offset from UTC, in seconds, at a second since 1970. Offsets from before standard time are truncated to whole
    /// minutes, because an offset is written without seconds.
    fn offset(self, second: i64) -> i64 {
        let Some(zone) = self.0 else { return 0 };
        let seconds = Timestamp::from_second(second).map_or(0, |at| i64::from(zone.to_offset(at).seconds()));
        seconds - seconds % MINUTE_SECONDS
    }
}

/// Rounds `time` down to a multiple of `seconds` since 1970.
fn floor(time: Time, seconds: i64) -> Time {
    let length = seconds * SECOND;
    Time(time.0.div_euclid(length).saturating_mul(length))
}

fn saturated(time: &ZonedDateTime) -> Time {
    let nanoseconds = time.timestamp().as_nanosecond();
    Time(i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX }))
}

/// Formats an offset from UTC as `+01:00`. `seconds` must be whole minutes.
fn shown_offset(seconds: i64) -> String {
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / MINUTE_SECONDS);
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A time in the zone in which it is shown: `2017-02-14T02:57:24.6Z` or `2017-02-14T03:57:24.6+01:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    time: Time,
    zone: DisplayZone,
}

impl Moment {
    /// Returns the offset from UTC as it is written after the time: `Z` or `+01:00`.
    #[must_use]
    pub fn offset(self) -> String {
        if self.zone.is_utc() { "Z".to_owned() } else { shown_offset(self.offset_seconds()) }
    }

    fn offset_seconds(self) -> i64 {
        self.zone.offset(self.time.0.div_euclid(SECOND))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.zone.is_utc() {
            return self.time.fmt(f);
        }
        let shifted = i128::from(self.time.0) + i128::from(self.offset_seconds()) * i128::from(SECOND);
        let local = Timestamp::from_nanosecond(shifted).map_err(|_| fmt::Error)?;
        write!(f, "{}{}", Offset::UTC.to_datetime(local), self.offset())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> DisplayZone {
        DisplayZone::new(parse(name).unwrap())
    }

    fn time(text: &str) -> Time {
        Time(text.parse::<Timestamp>().unwrap().as_nanosecond().try_into().unwrap())
    }

    /// Returns the start of each hour of a zone from `first` up to `last`, as it is shown.
    fn hours(name: &str, first: &str, last: &str) -> Vec<String> {
        let (zone, last) = (zone(name), time(last));
        let hours = std::iter::successors(Some(zone.hour(time(first))), |start| Some(zone.hour_end(*start)));
        hours.take_while(|start| *start < last).map(|start| zone.of(start).to_string()).collect()
    }

    #[test]
    fn a_time_is_shown_with_the_offset_of_its_zone() {
        let cases = [
            ("Europe/Berlin", "2017-02-14T02:57:24.6Z", "2017-02-14T03:57:24.6+01:00"),
            ("Europe/Berlin", "2017-07-14T22:57:24Z", "2017-07-15T00:57:24+02:00"),
            ("Asia/Kolkata", "2017-02-14T18:30:00Z", "2017-02-15T00:00:00+05:30"),
            ("America/St_Johns", "2017-02-14T02:57:24.000001Z", "2017-02-13T23:27:24.000001-03:30"),
            ("Europe/London", "2017-02-14T02:57:24Z", "2017-02-14T02:57:24+00:00"),
            ("UTC", "2017-02-14T02:57:24Z", "2017-02-14T02:57:24Z"),
            ("-03:30", "2017-02-14T02:57:24Z", "2017-02-13T23:27:24-03:30"),
            // The offset was 53 minutes and 28 seconds.
            ("Europe/Berlin", "1890-01-01T00:00:00Z", "1890-01-01T00:53:00+00:53"),
        ];
        for (name, utc, expected) in cases {
            let shown = zone(name).of(time(utc)).to_string();
            assert_eq!(shown, expected, "{name}");
            assert_eq!(time(&shown), time(utc), "{name}");
        }
        assert_eq!(["Europe/Berlin", "utc", "-0330"].map(|name| zone(name).name()), ["Europe/Berlin", "UTC", "-03:30"]);
    }

    #[test]
    fn an_hour_that_occurs_twice_is_two_hours() {
        assert_eq!(
            hours("Europe/Berlin", "2017-10-28T23:30:00Z", "2017-10-29T02:00:00Z"),
            ["2017-10-29T01:00:00+02:00", "2017-10-29T02:00:00+02:00", "2017-10-29T02:00:00+01:00"]
        );
        assert_eq!(
            hours("Europe/Berlin", "2017-03-26T00:30:00Z", "2017-03-26T02:00:00Z"),
            ["2017-03-26T01:00:00+01:00", "2017-03-26T03:00:00+02:00"]
        );
        assert_eq!(
            hours("Asia/Kolkata", "2017-02-14T00:00:00Z", "2017-02-14T01:30:00Z"),
            ["2017-02-14T05:00:00+05:30", "2017-02-14T06:00:00+05:30"]
        );
    }

    /// On Lord Howe Island, clocks are changed by half an hour. In Newfoundland, they were changed at one minute after midnight.
    #[test]
    fn an_hour_may_begin_when_clocks_are_changed() {
        let later = zone("Australia/Lord_Howe").hour(time("2017-09-30T15:45:00Z"));
        assert_eq!(later, time("2017-09-30T15:30:00Z"));
        assert_eq!(
            hours("America/St_Johns", "2010-03-14T03:30:00Z", "2010-03-14T05:00:00Z"),
            ["2010-03-14T00:00:00-03:30", "2010-03-14T01:01:00-02:30", "2010-03-14T02:00:00-02:30"]
        );
        assert_eq!(
            hours("Australia/Lord_Howe", "2017-04-01T14:10:00Z", "2017-04-01T16:00:00Z"),
            ["2017-04-02T01:00:00+11:00", "2017-04-02T01:30:00+10:30", "2017-04-02T02:00:00+10:30"]
        );
        assert_eq!(
            hours("Australia/Lord_Howe", "2017-09-30T15:00:00Z", "2017-09-30T16:30:00Z"),
            ["2017-10-01T01:00:00+10:30", "2017-10-01T02:30:00+11:00", "2017-10-01T03:00:00+11:00"]
        );
    }

    #[test]
    fn a_day_begins_and_ends_by_the_clocks_of_its_zone() {
        let cases = [
            ("Europe/Berlin", "2017-02-14T23:30:00Z", "2017-02-14T23:00:00Z", 24),
            ("Europe/Berlin", "2017-03-26T12:00:00Z", "2017-03-25T23:00:00Z", 23),
            ("Europe/Berlin", "2017-10-29T12:00:00Z", "2017-10-28T22:00:00Z", 25),
            // Clocks were set forward at midnight.
            ("America/Sao_Paulo", "2017-10-15T12:00:00Z", "2017-10-15T03:00:00Z", 23),
            ("UTC", "2017-03-26T12:00:00Z", "2017-03-26T00:00:00Z", 24),
        ];
        for (name, within, start, hours) in cases {
            let zone = zone(name);
            assert_eq!(zone.day(time(within)), time(start), "{name}");
            let length = zone.day_end(time(start)).0 - time(start).0;
            assert_eq!(length, hours * HOUR_SECONDS * SECOND, "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_time_is_in_the_hour_and_the_day_that_it_shows(
            nanoseconds in any::<i64>(),
            recent in 1_480_000_000_i64..1_800_000_000,
            name in prop::sample::select(&["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns",
                "America/Sao_Paulo", "Pacific/Apia", "UTC", "-03:30"][..]),
        ) {
            let zone = zone(name);
            for time in [Time(nanoseconds), Time(recent * SECOND)] {
                let (hour, day) = (zone.hour(time), zone.day(time));
                prop_assert!(hour <= time || hour.0 == i64::MIN);
                prop_assert!(zone.hour_end(hour) > time || time.0 > i64::MAX - 24 * HOUR_SECONDS * SECOND);
                prop_assert!(day <= time || day.0 == i64::MIN);
                if time.0 > 0 {
                    prop_assert_eq!(zone.hour(hour), hour);
                    prop_assert_eq!(zone.day(day), day);
                    let shown = |time: Time| zone.of(time).to_string();
                    prop_assert_eq!(&shown(hour)[..13], &shown(time)[..13]);
                    prop_assert_eq!(&shown(day)[..10], &shown(time)[..10]);
                    prop_assert_eq!(self::time(&shown(time)), time);
                }
            }
        }
    }

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
