//! The time of a line: the moment, how certain it is, and the forms in which sources write times.
//!
//! A line without a time has none here either: not 1970, and not the time of the previous line. The same applies to a line whose
//! date does not exist.
//!
//! ISO 8601 has its own reader, which is the fastest. All other forms are data ([`forms`]). [`detect`] examines the first lines
//! of a source to decide its [`Form`], and a [`Reader`] reads the lines according to that form. The forms in which people type
//! times are separate; [`window`] parses them.
//!
//! Parts that lines do not contain, such as the year, are decided once for the whole source. [`Basis`] reports this for each
//! time, and [`Form::evidence`] for each source. If the order of day and month, the year or the date cannot be determined, the
//! lines have no time.

pub mod detect;
mod form;
pub mod forms;
mod halves;
mod iso;
mod keys;
mod numbers;
mod several;
pub mod window;
pub mod zone;

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize, Serializer};

pub use form::{Assumed, Form, OrderBasis, YearBasis};
pub use forms::read::Order;
use forms::recent::Recent;

/// The last position in a line at which its time may begin, in bytes. Syslog relays and JSON write a prefix before the time.
/// Dates after this position belong to the message.
pub const SEARCH_LIMIT_BYTES: usize = 128;

/// A moment, stored as nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// A time that was read from a line, with a record of what the line itself contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The moment to which the time in the line refers.
    pub time: Time,
    /// Which parts of the moment are in the line, and which were decided for the source.
    pub basis: Basis,
}

/// Where the zone and the date of a time come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Basis {
    /// Where the zone of the time comes from.
    pub zone: ZoneBasis,
    /// Where the date of the time comes from.
    pub date: DateBasis,
}

/// Where the zone of a time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ZoneBasis {
    /// The line contains a time zone or an offset.
    Named,
    /// The line contains no zone, but the program that wrote it always uses UTC.
    Product,
    /// The line contains no zone. The user has passed the zone for such times.
    Given,
    /// The line contains no zone, so the time is read as UTC.
    Assumed,
    /// The line contains an abbreviation that several zones share, such as CST, so the time is read as UTC.
    Ambiguous,
}

/// Where the date of a time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DateBasis {
    /// The line contains the year, the month and the day, in an unambiguous order.
    Line,
    /// The line contains the year, the month and the day. Their order is decided by other lines or the source.
    Order,
    /// The line contains the month and the day. The year is decided for the source.
    Year,
    /// The line contains only a clock time. The date is decided for the source.
    Day,
}

/// Reads the times of lines, with caches for what neighbouring times have in common.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    moments: Moments,
    recent: Recent,
    /// Whether the records in the current line have their times after their results. Set only for forms with records.
    is_before_time: bool,
}

/// Computes the moments of times, also those of ISO 8601.
#[derive(Clone, Debug, Default)]
struct Moments {
    iso: iso::Reader,
    /// A cache of the last offset: a zone, a minute or quarter of an hour by its clocks, and the offset of the zone then.
    zone: Option<(&'static TimeZone, i64, Offset)>,
    /// The number of times read so far that are in an hour that clocks repeat or skip.
    changing: u64,
}

/// The offset of a zone from UTC at a time by its clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offset {
    seconds: i32,
    /// Whether clocks repeat or skip the time.
    is_changing: bool,
}

/// Returns the length of the time at the start of `text`, in any form that is certain without other lines, or of a clock time with
/// seconds. Returns `None` if the text does not begin with a time.
#[must_use]
pub(crate) fn len_at(text: &[u8]) -> Option<usize> {
    let first = *text.first()?;
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let with_fraction = |len: usize| match text.get(len) {
        Some(b'.' | b',') if digits(len + 1) > 0 => len + 1 + digits(len + 1),
        _ => len,
    };
    let iso = form::iso_at(text, 0).then(|| {
        let len = with_fraction("2017-02-14T02:57:24".len());
        match &text[len..] {
            [b'Z', ..] => len + 1,
            [b'+' | b'-', ..] if digits(len + 1) == 2 && text.get(len + 3) == Some(&b':') && digits(len + 4) == 2 => {
                len + 6
            }
            [b'+' | b'-', ..] if matches!(digits(len + 1), 2 | 4) => len + 1 + digits(len + 1),
            _ => len,
        }
    });
    let hour = digits(0);
    let is_clock =
        matches!(hour, 1 | 2) && [hour, hour + 3].iter().all(|&at| text.get(at) == Some(&b':') && digits(at + 1) == 2);
    let clock = is_clock.then(|| with_fraction(hour + 6));
    let shapes = forms::built_in().beginning_with(first).filter(|(_, shape)| !shape.needs_lines && !shape.is_found);
    let read = shapes.filter_map(|(_, shape)| shape.read(text)).map(|(_, end)| end).max();
    iso.into_iter().chain(clock).chain(read).max()
}

impl Time {
    /// Creates a time from the nanoseconds since the Unix epoch.
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

/// Formats the time as ISO 8601 in UTC, with as many fractional digits as it needs.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(timestamp) => timestamp.fmt(f),
            // Never happens, because an `i64` of nanoseconds spans fewer years than a `Timestamp`.
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
    /// Whether UTC was assumed, because the line contains no zone or an abbreviation that several zones share.
    #[must_use]
    pub fn zone_is_assumed(&self) -> bool {
        matches!(self.basis.zone, ZoneBasis::Assumed | ZoneBasis::Ambiguous)
    }
}

impl Reader {
    /// Returns the number of times read since the last call that are in an hour that the clocks of the user's zone repeat or
    /// skip.
    pub fn take_changing(&mut self) -> u64 {
        std::mem::take(&mut self.moments.changing)
    }

    /// Returns the time of a line. Like [`Form::find`], but faster for ISO 8601.
    #[inline]
    pub fn find(&mut self, form: &Form, line: &[u8]) -> Option<Stamp> {
        // One call, so that it is inlined.
        let text = line.strip_prefix(b"[").unwrap_or(line);
        let stamp = if form.is_plain_iso { self.moments.iso.read(text) } else { None };
        stamp.or_else(|| self.find_by_slots(form, line))
    }

    /// Returns the time at the start of `text`. Like [`Form::read`], but faster for ISO 8601.
    #[inline]
    pub fn read(&mut self, form: &Form, text: &[u8]) -> Option<Stamp> {
        let stamp = if form.is_plain_iso { self.moments.iso.read(text) } else { None };
        stamp.or_else(|| self.read_any(form, text))
    }
}
