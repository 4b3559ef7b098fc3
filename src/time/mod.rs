//! The time of a line: the moment, how certain it is, and the forms in which sources write times.
//!
//! A line without a time, or with one that is not a real date, has no time: never 1970, and never that of the line before.
//!
//! ISO 8601 has a reader of its own, which is the fastest. All other forms are data ([`forms`]). [`detect`] decides the [`Form`] of a
//! source by its first lines, and a [`Reader`] reads lines by it. People type times in other forms, which [`window`] parses.
//!
//! What is not in a line is decided for the source as a whole and said: [`Basis`] goes with each time, and [`Form::evidence`] with each
//! source. Where the order of day and month, the year or the date cannot be known, lines have no time.

pub mod detect;
mod form;
pub mod forms;
mod iso;
mod several;
pub mod window;
pub mod zone;

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

pub use form::{Assumed, Form, OrderBasis, YearBasis};
pub use forms::read::Order;

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
    /// The program that writes the line always uses UTC.
    Product,
    /// The user has given the zone of times without one.
    Given,
    /// The line gives no zone, so the time is read as UTC.
    Assumed,
    /// The line gives the name of several zones, such as CST, so the time is read as UTC.
    Ambiguous,
}

/// Where the date of a time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateBasis {
    /// The line gives the year, the month and the day, in an order that is certain.
    Line,
    /// The line gives the whole date. Other lines or the source decide in which order.
    Order,
    /// The line gives the month and the day. The source decides the year.
    Year,
    /// The line gives only a clock time. The source decides the date.
    Day,
}

/// Reads times, and caches what neighbouring times have in common.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    iso: iso::Reader,
    /// A zone, a quarter of an hour by its clocks, and the offset of the zone in it.
    zone: Option<(&'static TimeZone, i64, i32)>,
    /// Whether the times of the current line stand after its results, if it has records.
    is_before_time: bool,
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
    /// Whether the line gives no zone, or one that may be several, so that UTC was assumed.
    #[must_use]
    pub fn zone_is_assumed(&self) -> bool {
        matches!(self.basis.zone, ZoneBasis::Assumed | ZoneBasis::Ambiguous)
    }
}

impl Reader {
    /// Returns the time of a line, as [`Form::find`] does.
    #[inline]
    pub fn find(&mut self, form: &Form, line: &[u8]) -> Option<Stamp> {
        // One call, so that it is inlined.
        let text = line.strip_prefix(b"[").unwrap_or(line);
        let stamp = if form.is_plain_iso { self.iso.read(text) } else { None };
        stamp.or_else(|| self.find_by_slots(form, line))
    }

    /// Reads the time at the start of `text`, as [`Form::read`] does.
    #[inline]
    pub fn read(&mut self, form: &Form, text: &[u8]) -> Option<Stamp> {
        let stamp = if form.is_plain_iso { self.iso.read(text) } else { None };
        stamp.or_else(|| self.read_any(form, text))
    }
}
