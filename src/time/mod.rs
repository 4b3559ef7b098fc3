//! The time of a line: the moment, how certain it is, and the forms in which sources write times.
//!
//! A line without a time, or with one that is not a real date, has no time: never 1970, and never that of the line before. Each
//! form is read by a module of its own, and a [`Reader`] reads all of them. People type times in other forms, which [`window`] parses.

mod iso;
pub mod window;

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// How far into a line its time may begin, in bytes. Syslog relays and JSON put a prefix before the time. Dates further on
/// belong to the message.
pub const SEARCH_LIMIT_BYTES: usize = 128;

/// A moment, in nanoseconds since the Unix epoch in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// A time as read from a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The moment.
    pub time: Time,
    /// Which parts of the moment the line gives.
    pub basis: Basis,
}

/// Where the parts of a time come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis {
    /// Where the zone comes from.
    pub zone: ZoneBasis,
    /// Where the date comes from.
    pub date: DateBasis,
}

/// Where the zone of a time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneBasis {
    /// The line gives a time zone or an offset.
    Named,
    /// The line gives no zone, so the time is read as UTC.
    Assumed,
}

/// Where the date of a time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateBasis {
    /// The line gives the year, the month and the day, in an order that is certain.
    Line,
}

/// The form in which a source writes times. It is decided once for each source, before any of its lines is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// An ISO 8601 date with a clock time: `2017-02-14T02:57:24`, a space instead of the `T`, a fraction after `.` or
    /// `,`, and `Z`, an offset, or no zone at all.
    #[default]
    Iso8601,
}

/// Reads times, and caches what neighbouring times have in common.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    iso: iso::Reader,
}

impl Time {
    /// Creates the moment that is so many nanoseconds after the Unix epoch.
    #[must_use]
    pub fn from_nanoseconds(nanoseconds: i64) -> Time {
        Time(nanoseconds)
    }

    /// Returns the nanoseconds since the Unix epoch.
    #[must_use]
    pub fn nanoseconds(self) -> i64 {
        self.0
    }
}

/// Shows the time as ISO 8601 in UTC, with as many fractional digits as it needs.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(timestamp) => timestamp.fmt(f),
            // Not reachable: nanoseconds in an `i64` span fewer years than a `Timestamp` does.
            Err(_) => Err(fmt::Error),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Stamp {
    /// Whether the line gives no zone, so that UTC was assumed.
    #[must_use]
    pub fn zone_is_assumed(&self) -> bool {
        self.basis.zone == ZoneBasis::Assumed
    }
}

impl Form {
    /// Returns the first time of this form in `line` that starts within [`SEARCH_LIMIT_BYTES`].
    ///
    /// # Examples
    ///
    /// ```
    /// use callcodes::time::Form;
    ///
    /// let stamp = Form::Iso8601.find(b"app: 2017-02-14 02:57:24,600 rawCallStatus = 21").unwrap();
    /// assert_eq!(stamp.time.to_string(), "2017-02-14T02:57:24.6Z");
    /// assert!(stamp.zone_is_assumed());
    /// ```
    #[must_use]
    pub fn find(self, line: &[u8]) -> Option<Stamp> {
        Reader::default().find(self, line)
    }

    /// Reads the time of this form at the start of `text`. What follows the time is ignored, except that it must not be another
    /// digit.
    #[must_use]
    pub fn read(self, text: &[u8]) -> Option<Stamp> {
        Reader::default().read(self, text)
    }
}

impl Reader {
    /// Returns the first time of `form` in `line`, as [`Form::find`] does.
    #[inline]
    pub fn find(&mut self, form: Form, line: &[u8]) -> Option<Stamp> {
        match form {
            Form::Iso8601 => self.iso.find(line),
        }
    }

    /// Reads the time at the start of `text`, as [`Form::read`] does.
    #[inline]
    pub fn read(&mut self, form: Form, text: &[u8]) -> Option<Stamp> {
        match form {
            Form::Iso8601 => self.iso.read(text),
        }
    }
}
