//! The properties by which results can be counted.

use std::fmt;

use crate::time::Time;

/// A property of a result by which results can be counted, such as the user or the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The code or name of the result.
    Code,
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
    /// The hour of the result, in UTC.
    Hour,
    /// The day of the result, in UTC.
    Day,
}

impl Dimension {
    /// All dimensions, in the order in which they are listed.
    pub const ALL: [Dimension; 10] = [
        Dimension::Code,
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

    /// Returns the length of an hour or a day in nanoseconds, or `None` for a dimension that is not a period.
    #[must_use]
    pub fn span(self) -> Option<i64> {
        const HOUR: i64 = 3_600 * 1_000_000_000;
        match self {
            Dimension::Hour => Some(HOUR),
            Dimension::Day => Some(24 * HOUR),
            _ => None,
        }
    }

    /// Returns a number for the hour or day that contains `time`. It is never 0. Returns 0 for a dimension that is not a period.
    pub(super) fn number_of(self, time: Time) -> u32 {
        self.span().map_or(0, |span| {
            // Fits, because there are fewer hours than that from the year 1677 to 2262.
            let since_1970 = i32::try_from(time.nanoseconds().div_euclid(span)).unwrap_or_default();
            since_1970.cast_unsigned() ^ 1 << 31
        })
    }

    /// Returns the start of the hour or day with a number that [`Dimension::number_of`] returned, or `None` for 0.
    pub(super) fn time_of(self, number: u32) -> Option<Time> {
        let span = self.span().filter(|_| number != 0)?;
        let since_1970 = i64::from((number ^ 1 << 31).cast_signed());
        Some(Time::from_nanoseconds(since_1970.saturating_mul(span)))
    }

    /// Returns the start of the hour or day that contains `time`, or `None` for a dimension that is not a period.
    #[must_use]
    pub fn floor(self, time: Time) -> Option<Time> {
        self.span().map(|span| Time::from_nanoseconds(time.nanoseconds().div_euclid(span).saturating_mul(span)))
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
