//! When a line was written: the moment, what it rests on, and the form in which a source writes it.
//!
//! A time that is not there, or is not a real date, is absent: never 1970, never a neighbour's. Each form is read in a
//! file of its own, and a [`Reader`] reads all of them.

mod iso;

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// How far into a line its time may begin, in bytes. Syslog relays and JSON put a prefix before it; dates further in
/// belong to the message.
pub const SEARCH_LIMIT_BYTES: usize = 128;

/// A moment, in nanoseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// A time as a line gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The moment.
    pub time: Time,
    /// What the moment rests on.
    pub basis: Basis,
}

/// What a time rests on.
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
    /// The line names its zone.
    Named,
    /// Nothing names a zone, so the time is read as UTC.
    Assumed,
}

/// Where the date of a time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateBasis {
    /// The line gives the year, the month and the day, and which is which.
    Line,
}

/// How a source writes the times of its lines. Decided once for each source, before any of its lines is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// An ISO 8601 date with a clock time: `2017-02-14T02:57:24`, a space instead of the `T`, a fraction after `.` or
    /// `,`, and `Z`, an offset, or no zone at all.
    #[default]
    Iso8601,
}

/// Reads one time after another, and what neighbours have in common only once.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    iso: iso::Reader,
}

impl Time {
    /// The moment that many nanoseconds after the Unix epoch.
    #[must_use]
    pub fn from_nanoseconds(nanoseconds: i64) -> Time {
        Time(nanoseconds)
    }
}

/// ISO 8601 in UTC, with as many digits of a second as there are.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(timestamp) => timestamp.fmt(f),
            // Not reachable: an i64 of nanoseconds spans fewer years than a Timestamp does.
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
    /// Whether nothing names the zone of this time.
    #[must_use]
    pub fn zone_is_assumed(&self) -> bool {
        self.basis.zone == ZoneBasis::Assumed
    }
}

impl Form {
    /// The first time of this form in `line` that starts within [`SEARCH_LIMIT_BYTES`].
    #[must_use]
    pub fn find(self, line: &[u8]) -> Option<Stamp> {
        Reader::default().find(self, line)
    }

    /// Reads the time of this form that `text` starts with. What follows the time is ignored, except that no further
    /// digit may follow.
    #[must_use]
    pub fn read(self, text: &[u8]) -> Option<Stamp> {
        Reader::default().read(self, text)
    }
}

impl Reader {
    /// What [`Form::find`] gives.
    #[inline]
    pub fn find(&mut self, form: Form, line: &[u8]) -> Option<Stamp> {
        match form {
            Form::Iso8601 => self.iso.find(line),
        }
    }

    /// What [`Form::read`] gives.
    #[inline]
    pub fn read(&mut self, form: Form, text: &[u8]) -> Option<Stamp> {
        match form {
            Form::Iso8601 => self.iso.read(text),
        }
    }
}
