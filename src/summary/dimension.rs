//! The properties by which results can be counted.

use std::fmt;

use crate::time::Time;
use crate::time::zone::DisplayZone;

/// A minute in nanoseconds. Hours and days begin with whole ones.
const MINUTE: i64 = 60 * 1_000_000_000;

/// A property of a result by which results can be counted, such as the user or the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The code or name of the result.
    Code,
    /// The family of results, such as those of one product.
    Family,
    /// The group in the catalogue, which says where to look for the cause.
    Group,
    /// How the user was asked for the second factor: by call, text message, app or code.
    Channel,
    /// Whether the sign-in succeeded, according to the log.
    Outcome,
    /// The machine on which the user signed in.
    Host,
    /// The user who signed in.
    User,
    /// The network address of the user.
    Address,
    /// The file that contains the result.
    File,
    /// The hour of the result, in the zone in which times are shown.
    Hour,
    /// The day of the result, in the zone in which times are shown.
    Day,
}

impl Dimension {
    /// All dimensions, in the order in which they are listed.
    pub const ALL: [Dimension; 11] = [
        Dimension::Code,
        Dimension::Family,
        Dimension::Group,
        Dimension::Channel,
        Dimension::Outcome,
        Dimension::Host,
        Dimension::User,
        Dimension::Address,
        Dimension::File,
        Dimension::Hour,
        Dimension::Day,
    ];

    /// Returns the name, as used on the command line and in JSON and CSV.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Dimension::Code => "code",
            Dimension::Family => "family",
            Dimension::Group => "group",
            Dimension::Channel => "channel",
            Dimension::Outcome => "outcome",
            Dimension::Host => "host",
            Dimension::User => "user",
            Dimension::Address => "address",
            Dimension::File => "file",
            Dimension::Hour => "hour",
            Dimension::Day => "day",
        }
    }

    /// Whether it is derived from the code or name of a result.
    #[must_use]
    pub fn is_of_key(self) -> bool {
        matches!(self, Dimension::Code | Dimension::Family | Dimension::Group | Dimension::Channel)
    }

    /// Whether it is a period: hours or days.
    #[must_use]
    pub fn is_time(self) -> bool {
        matches!(self, Dimension::Hour | Dimension::Day)
    }

    /// Returns when the hour or day of a time begins in this zone; `None` for what is no part of time.
    #[must_use]
    pub fn start(self, time: Time, zone: DisplayZone) -> Option<Time> {
        match self {
            Dimension::Hour => Some(zone.hour(time)),
            Dimension::Day => Some(zone.day(time)),
            _ => None,
        }
    }

    /// Returns the end of the hour or day that begins at `start`, or `None` for a dimension that is not a period.
    #[must_use]
    pub fn end(self, start: Time, zone: DisplayZone) -> Option<Time> {
        match self {
            Dimension::Hour => Some(zone.hour_end(start)),
            Dimension::Day => Some(zone.day_end(start)),
            _ => None,
        }
    }

    /// Returns a number for the hour or day that contains `time` in this zone. It is never 0. Returns 0 for a dimension that is not a period.
    pub(super) fn number_of(self, time: Time, zone: DisplayZone) -> u32 {
        self.start(time, zone).map_or(0, |start| {
            // From the year 1677 to 2262 there are fewer minutes than that.
            let since_1970 = i32::try_from(start.nanoseconds().div_euclid(MINUTE)).unwrap_or_default();
            since_1970.cast_unsigned() ^ 1 << 31
        })
    }

    /// Returns the start of the hour or day with a number that [`Dimension::number_of`] returned, or `None` for 0.
    pub(super) fn time_of(self, number: u32) -> Option<Time> {
        let since_1970 = i64::from((number ^ 1 << 31).cast_signed());
        (self.is_time() && number != 0).then(|| Time::from_nanoseconds(since_1970.saturating_mul(MINUTE)))
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::zone;

    proptest! {
        #[test]
        fn the_number_of_an_hour_or_a_day_gives_its_beginning(
            nanoseconds in i64::MIN / 2..i64::MAX / 2,
            name in prop::sample::select(&["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "UTC", "-03:30"][..]),
        ) {
            let zone = DisplayZone::new(zone::parse(name).unwrap());
            // Offsets of the nineteenth century have seconds.
            let time = Time::from_nanoseconds(nanoseconds.abs());
            for dimension in [Dimension::Hour, Dimension::Day] {
                let number = dimension.number_of(time, zone);
                prop_assert_ne!(number, 0);
                prop_assert_eq!(dimension.time_of(number), dimension.start(time, zone));
            }
            prop_assert_eq!(Dimension::User.number_of(time, zone), 0);
        }
    }
}
