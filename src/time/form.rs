//! The form of a source: where in its lines the time is, how it is written, and what was decided about parts that lines do not
//! contain.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::{self, TimeZone};
use serde::{Deserialize, Serialize};

use super::detect::ZoneBy;
use super::forms::names;
use super::forms::read::{Local, Missing, Order, Parts, find};
use super::forms::recent::Date;
use super::forms::{self, Lacks, Shape, Shapes};
use super::iso;
use super::keys::{self, Reach};
use super::zone::DisplayZone;
use super::{Basis, DateBasis, Moments, Offset, Reader, SEARCH_LIMIT_BYTES, Stamp, Time, ZoneBasis};

/// The first second, counted from 1970, at which a log can have been written: the start of 1990. Earlier times come from wrong
/// clocks or are other numbers.
pub(super) const FIRST_SECOND: i64 = 631_152_000;

const DAY_SECONDS: i64 = 86_400;

/// How much of the rest of a line is searched for a date that shows the year, in bytes.
const MESSAGE_BYTES: usize = 256;

/// How many dates with slashes in the rest of a line are examined.
const DATES: usize = 3;

/// The form in which a source writes times. It is decided once for each source, before any of its lines is scanned, and all lines
/// are read with it. Therefore the time of a line does not depend on how the source is divided among threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub(super) first: Slot,
    /// The form of a second program that writes to the same source.
    pub(super) second: Option<Slot>,
    pub(super) around: Around,
    /// Whether a carriage return without a line feed separates records, so that each of them has its own time.
    pub(super) has_returns: bool,
    /// Whether a line may have several records, so that the time of a result must be searched for in its own record.
    pub(super) has_records: bool,
    /// Whether an ISO 8601 time at the start of a line is the time of the line, and is in UTC if it has no zone.
    pub(super) is_plain_iso: bool,
}

/// The place and the form in which one program writes times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The first ISO 8601 date with a clock time near the start of the line.
    Iso,
    /// An ISO 8601 date with a clock time at this place.
    IsoAt(Place),
    /// A time of another form at this place.
    At(Place, &'static Shape, Settled),
    /// No times.
    Nothing,
}

/// The order of day and month in a source, and the evidence for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    /// The order, or `None` if it is not known or the form determines it.
    pub(super) order: Option<Order>,
    pub(super) basis: OrderBasis,
}

/// The evidence for the order of day and month in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderBasis {
    /// The form itself determines the order: the year comes first, the month is a name, or the program always uses the same
    /// order.
    Form,
    /// The user has passed the order.
    Given,
    /// In any other order, a part cannot be a month, or a date does not exist or is in the future.
    Part,
    /// In any other order, the times would run backwards.
    Rising,
    /// The part that changes least is the year.
    Year,
    /// In this order, the last date is near the date in the name of the source.
    Name,
    /// In this order, the last date is near the time at which the source was last modified.
    Modified,
    /// Dots separate the parts, and such dates usually have the day first.
    Dots,
    /// AM or PM follows, and such dates usually have the month first.
    HalfDay,
    /// There is no evidence, so the times of the source are not read.
    Unknown,
}

/// The evidence for the year of times without one, or for the day of times without a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YearBasis {
    /// The user has passed the year.
    Given,
    /// A date in the name of the source.
    Name,
    /// A date in a header of the source.
    Header,
    /// Full dates in lines of the source.
    Lines,
    /// The time at which the source was last modified.
    Modified,
    /// The time of this run, because the source has no time of modification.
    Now,
    /// The day is not known, because the source goes past midnight, or may do so in a part that was not examined.
    Midnight,
    /// There is no evidence, so the times of the source are not read.
    Unknown,
}

/// Counts the sources, and the times, for which something was assumed that lines do not contain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumed {
    /// The number of sources whose dates can have the day or the month first, so that their times are not read.
    pub undecided: u64,
    /// The number of sources whose order of day and month was inferred from other dates and times or from what is usual.
    pub orders: u64,
    /// The number of sources whose lines have no year or no date, so that it was inferred.
    pub dates: u64,
    /// The number of times in an hour that clocks repeat or skip.
    pub changing: u64,
}

impl Assumed {
    /// Adds the counts of other sources.
    pub fn merge(&mut self, other: &Assumed) {
        self.undecided += other.undecided;
        self.orders += other.orders;
        self.dates += other.dates;
        self.changing += other.changing;
    }

    /// Removes the counts of sources that were added.
    pub fn subtract(&mut self, other: &Assumed) {
        self.undecided -= other.undecided;
        self.orders -= other.orders;
        self.dates -= other.dates;
        self.changing -= other.changing;
    }

    /// Returns the counts of a source with this form.
    #[must_use]
    pub fn of(form: &Form) -> Assumed {
        let mut assumed = Assumed::default();
        assumed.add(form);
        assumed
    }

    /// Counts a source with this form.
    pub fn add(&mut self, form: &Form) {
        let is_assumed =
            |basis| !matches!(basis, OrderBasis::Form | OrderBasis::Given | OrderBasis::Part | OrderBasis::Unknown);
        let settled = || {
            form.slots()
                .filter_map(|slot| if let Slot::At(_, shape, settled) = slot { Some((shape, settled)) } else { None })
        };
        self.undecided += u64::from(form.is_undecided());
        self.orders += u64::from(settled().any(|(_, settled)| is_assumed(settled.basis)));
        self.dates += u64::from(settled().any(|(shape, settled)| match shape.lacks {
            Lacks::Nothing => false,
            Lacks::Year => settled.basis != OrderBasis::Unknown && form.around.year_basis != YearBasis::Given,
            Lacks::Date => form.around.day.is_some(),
        }));
    }
}

/// What is known about a source that applies to all its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Around {
    /// The last possible day of a time without a year, in days since 1970.
    pub(super) last_day: Option<i32>,
    /// The day of times without a date, in days since 1970.
    pub(super) day: Option<i32>,
    pub(super) year_basis: YearBasis,
    pub(super) day_basis: YearBasis,
    /// Whether lines without a year have whole dates with slashes elsewhere.
    pub(super) has_slashed_dates: bool,
    /// The order of dates that the user has given.
    pub(super) order: Option<Order>,
    pub(super) zone: Zone,
    /// All forms of the run, or `None` if the user has added none to the built-in ones.
    pub(super) shapes: Option<&'static Shapes>,
}

impl Around {
    pub(super) const NONE: Around = Around {
        last_day: None,
        day: None,
        year_basis: YearBasis::Unknown,
        day_basis: YearBasis::Unknown,
        has_slashed_dates: false,
        order: None,
        zone: Zone::Assumed,
        shapes: None,
    };

    pub(super) fn shapes(&self) -> &'static Shapes {
        self.shapes.unwrap_or_else(forms::built_in)
    }
}

/// The zone of times that contain none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// UTC, because the zone is not known.
    Assumed,
    /// UTC, because the program that writes the source uses it.
    Product,
    /// The zone that the user has given.
    Given(&'static TimeZone, ZoneBy),
}

/// The place of the time in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    /// At the start of the line, after any brackets, quotes, blanks and the priority of syslog, such as `<13>`.
    Start,
    /// At the start of the line, but not after blanks: an indented line continues the one above it.
    Edge,
    /// After `index` occurrences of a delimiter, and any brackets and quotes.
    Field { delimiter: u8, index: u8 },
    /// At this position in the line, in bytes.
    Offset(u8),
    /// After the level at the start of the line, such as `INFO` or `[error|auth]`.
    Level,
    /// After the key with this index: `"time":` or `time=`.
    Key(u8, Reach),
    /// After the text for which the form searches.
    Found,
}

impl Place {
    /// Returns how uncertain it is that a time at this place is the time of the line and not a date in another field: 0 is the
    /// most certain.
    pub(super) fn doubt(self) -> u8 {
        match self {
            Place::Start | Place::Edge | Place::Level => 0,
            Place::Found => 1,
            Place::Key(_, Reach::Nested) => 3,
            Place::Key(key, _) if keys::is_other(key) => 2,
            Place::Key(..) => 1,
            Place::Field { .. } | Place::Offset(_) => 4,
        }
    }

    /// Returns the position in `line` at which a time at this place begins, or `None` if the line does not have this place.
    #[inline]
    pub(super) fn locate(self, line: &[u8]) -> Option<usize> {
        let at = match self {
            Place::Start => start(line),
            Place::Edge if matches!(line.first(), Some(b' ' | b'\t')) => return None,
            Place::Edge => start(line),
            Place::Offset(at) => usize::from(at),
            Place::Level => after_level(line)?,
            Place::Key(key, reach) => keys::find(line, key, reach)?,
            Place::Found => 0,
            Place::Field { delimiter, index } => {
                let near = &line[..line.len().min(SEARCH_LIMIT_BYTES)];
                let mut delimiters = near.iter().enumerate().filter(|(_, byte)| **byte == delimiter);
                let (mut at, _) = delimiters.nth(usize::from(index) - 1)?;
                at += 1;
                at + line[at..].iter().take_while(|&&byte| is_opening(byte) || byte == b' ').count()
            }
        };
        (at < line.len()).then_some(at)
    }
}

/// Whether a byte is an opening bracket or a quote.
pub(super) fn is_opening(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'[' | b'(' | b'<' | b'{')
}

/// Returns where a line begins after blanks, NULs, asterisks, brackets, quotes, a byte order mark, the colours of a terminal and the
/// priority of syslog, such as `<13>`, with the version of its protocol, as in `<13>1 2017-02-14T02:57:24Z`.
pub(super) fn start(line: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += match &line[at..] {
            [b'<', rest @ ..] if rest.first().is_some_and(u8::is_ascii_digit) => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let has_version = |rest: &[u8]| matches!(rest, [b'>', b'1', b' ', b'0'..=b'9', ..]);
                match rest.get(digits..) {
                    Some(rest) if has_version(rest) => digits + 4,
                    Some([b'>', ..]) => digits + 2,
                    _ => return at,
                }
            }
            // Syslog over TCP writes the length of a message before it.
            [b'0'..=b'9', ..] if at == 0 => {
                let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
                if !matches!(line[digits..], [b' ', b'<', b'0'..=b'9', ..]) {
                    return at;
                }
                digits + 1
            }
            [0xEF, 0xBB, 0xBF, ..] => 3,
            [0x1B, b'[', rest @ ..] => {
                let len = rest.iter().take_while(|&&byte| byte.is_ascii_digit() || byte == b';').count();
                if rest.get(len) != Some(&b'm') {
                    return at;
                }
                len + 3
            }
            [b' ' | b'\t' | 0 | b'*', ..] => 1,
            [byte, ..] if is_opening(*byte) => 1,
            _ => return at,
        };
    }
}

/// The words that name the level of a message.
const LEVELS: [&str; 25] = [
    "info",
    "information",
    "informational",
    "error",
    "err",
    "warn",
    "warning",
    "debug",
    "trace",
    "notice",
    "fatal",
    "critical",
    "crit",
    "severe",
    "alert",
    "emerg",
    "emergency",
    "panic",
    "success",
    "audit",
    "config",
    "fine",
    "finer",
    "finest",
    "verbose",
];

/// Whether a word names the level of a message.
pub(super) fn is_level(word: &[u8]) -> bool {
    LEVELS.iter().any(|level| level.as_bytes().eq_ignore_ascii_case(word))
}

/// Returns where a line begins after the level of its message, or `None` if it does not begin with one: `INFO 2017-02-14`,
/// `WARN: [Feb 14`, `[error|auth] 2017-02-14`, `DEBUG [main] 2017-02-14` or `I, [2017-02-14`.
pub(super) fn after_level(line: &[u8]) -> Option<usize> {
    let begin = start(line);
    let rest = &line[begin..];
    let len = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = &rest[..len];
    let is_letter = len == 1 && matches!(rest, [b'D' | b'I' | b'N' | b'W' | b'E' | b'F', b',' | b']' | b'>', ..]);
    if !is_letter && !is_level(word) {
        return None;
    }
    let skipped = |at: usize| {
        let is_between =
            |byte: &u8| is_opening(*byte) || matches!(byte, b' ' | b'\t' | b':' | b'|' | b'-' | b',' | b']' | b'>');
        at + line[at..].iter().take_while(|byte| is_between(byte)).count()
    };
    let after = begin + len;
    let at = skipped(after);
    let is_bracketed = begin > 0 && matches!(line[begin - 1], b'[' | b'(' | b'<');
    let is_closed = || memchr::memchr3(b']', b')', b'>', &line[after..at]).is_some();
    let is_time = || line.get(at).is_some_and(|&byte| byte.is_ascii_digit() || is_name_of_day(&line[at..]));
    // What else is in the bracket, such as the name of a module, belongs to the level, and so does a bracket after it with the name
    // of a thread.
    let has_bracket = at > after && line.get(at - 1).is_some_and(|&byte| is_opening(byte));
    if (is_bracketed && !is_closed() || has_bracket) && !is_time() {
        let near = &line[after..line.len().min(after + SEARCH_LIMIT_BYTES)];
        let open = at - after;
        let close = open + memchr::memchr3(b']', b')', b'>', near.get(open..)?)?;
        return Some(skipped(after + close));
    }
    (at > after).then_some(at)
}

/// Whether a text begins with the name of a month or a weekday.
fn is_name_of_day(text: &[u8]) -> bool {
    names::month(text).is_some() || names::weekday(text).is_some()
}

/// The default is [`Form::ISO_8601`].
impl Default for Form {
    fn default() -> Form {
        Form::ISO_8601
    }
}

impl Form {
    /// An ISO 8601 date with a clock time near the start of each line, such as `2017-02-14T02:57:24`. There may be a space
    /// instead of the `T`, a fraction after `.` or `,`, and `Z`, an offset or no zone.
    pub const ISO_8601: Form = Form {
        first: Slot::Iso,
        second: None,
        around: Around::NONE,
        has_returns: false,
        has_records: false,
        is_plain_iso: true,
    };

    pub(super) fn new([first, second]: [Option<Slot>; 2], around: Around, has_returns: bool) -> Form {
        let first = first.unwrap_or(Slot::Nothing);
        let has_records = has_returns || [Some(first), second].iter().flatten().any(Slot::is_searched);
        let is_iso = matches!(first, Slot::Iso | Slot::IsoAt(Place::Start | Place::Edge));
        let is_plain_iso = is_iso && around.zone == Zone::Assumed;
        Form { first, second, around, has_returns, has_records, is_plain_iso }
    }

    /// Returns the time of a line, which is read at the place where the source has it. For [`Form::ISO_8601`], this is the
    /// first time that starts within [`SEARCH_LIMIT_BYTES`].
    ///
    /// # Examples
    ///
    /// ```
    /// use callcodes::time::Form;
    ///
    /// let stamp = Form::ISO_8601.find(b"app: 2017-02-14 02:57:24,600 rawCallStatus = 21").unwrap();
    /// assert_eq!(stamp.time.to_string(), "2017-02-14T02:57:24.6Z");
    /// assert!(stamp.zone_is_assumed());
    /// ```
    #[must_use]
    pub fn find(&self, line: &[u8]) -> Option<Stamp> {
        Reader::default().find(self, line)
    }

    /// Reads a time at the start of `text`, in this form or else in any form that is certain without other lines. What follows
    /// the time is ignored, except that it must not be another digit.
    #[must_use]
    pub fn read(&self, text: &[u8]) -> Option<Stamp> {
        Reader::default().read(self, text)
    }

    /// Whether the dates of the source can have the day or the month first, so that its lines have no times.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.slots().any(|slot| matches!(slot, Slot::At(_, _, Settled { basis: OrderBasis::Unknown, .. })))
    }

    /// Whether the source has only clock times and may go past midnight, so that its lines have no times.
    #[must_use]
    pub(crate) fn may_pass_midnight(&self) -> bool {
        self.around.day_basis == YearBasis::Midnight
    }

    /// Returns the name of the form, such as `iso-8601`, or both names if two programs write to the source. Returns `None` if the
    /// source has no times.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let name = |slot: Slot| match slot {
            Slot::Iso | Slot::IsoAt(_) => Some("iso-8601"),
            Slot::At(_, shape, _) => Some(shape.name()),
            Slot::Nothing => None,
        };
        let names: Vec<&str> = self.slots().filter_map(name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Describes in words what was decided about the times beyond what the lines contain, such as `year of the header`.
    #[must_use]
    pub fn evidence(&self) -> Vec<String> {
        let mut words = Vec::new();
        for slot in self.slots() {
            let Slot::At(place, shape, settled) = slot else { continue };
            if shape.is_epoch && shape.needs_lines && !matches!(place, Place::Key(..)) {
                words.push("numbers at the same place, read as the time since 1970".to_owned());
            }
            let order = match (settled.order, &shape.product) {
                (Some(Order::Dmy), _) => "day first",
                (Some(Order::Mdy), _) => "month first",
                (Some(Order::Ymd), _) => "year first",
                (None, _) => "day or month first",
            };
            let why = match settled.basis {
                OrderBasis::Form => None,
                OrderBasis::Given => Some("by --date-order"),
                OrderBasis::Part => Some("by a part above 12 or a date that cannot be"),
                OrderBasis::Rising => Some("as times would run back otherwise"),
                OrderBasis::Year => Some("as the year changes least"),
                OrderBasis::Name => Some("by the date in the name"),
                OrderBasis::Modified => Some("by the time of modification"),
                OrderBasis::Dots => Some("as usual with dots"),
                OrderBasis::HalfDay => Some("as usual with AM and PM"),
                OrderBasis::Unknown => Some("is not known, so its times are not read; give --date-order"),
            };
            words.extend(why.map(|why| format!("{order} {why}")));
            let first = if shape.has_day_first() { "day" } else { "month" };
            words.extend(shape.product.as_ref().map(|product| format!("{first} first, as {product} writes it")));
            let (what, basis) = match shape.lacks {
                Lacks::Nothing => continue,
                Lacks::Year => ("year", self.around.year_basis),
                Lacks::Date => ("date", self.around.day_basis),
            };
            words.push(match basis {
                YearBasis::Given => format!("{what} by --year"),
                YearBasis::Name => format!("{what} of the name"),
                YearBasis::Header => format!("{what} of the header"),
                YearBasis::Lines => format!("{what} of full dates in its lines"),
                YearBasis::Modified => format!("{what} by the time of modification"),
                YearBasis::Now => format!("{what} by the time of this run"),
                YearBasis::Midnight => {
                    format!("{what} is not known, as the log may go past midnight, so its times are not read")
                }
                YearBasis::Unknown => format!("{what} is not known, so its times are not read"),
            });
        }
        match self.around.zone {
            Zone::Product => words.push("UTC, as in logs in the format of the W3C".to_owned()),
            Zone::Given(_, ZoneBy::Option) => words.push("zone by --tz where the line has none".to_owned()),
            Zone::Given(zone, ZoneBy::Configuration) => {
                let name = DisplayZone::new(zone).name();
                words.push(format!("zone {name} by the configuration file where the line has none"));
            }
            Zone::Assumed => {}
        }
        words
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        [Some(self.first), self.second].into_iter().flatten()
    }
}

impl Reader {
    /// Returns the time of a line at one of the places of a form.
    #[inline(never)]
    pub(super) fn find_by_slots(&mut self, form: &Form, line: &[u8]) -> Option<Stamp> {
        // After a crash, a file can have NUL bytes before a line.
        let line = &line[line.iter().take_while(|&&byte| byte == 0).count()..];
        let found = self.find_by_slot(form.first, form, line);
        match form.second {
            Some(second) if found.is_none() => self.find_by_slot(second, form, line)?,
            _ => found?,
        }
    }

    /// Returns the time of a line at the place where one program writes it. Returns `Some(None)` if there is a time that is not
    /// possible, so that no other time is used for the line.
    // Inlined, because copying the result takes as long as finding the place.
    #[inline(always)]
    pub(super) fn find_by_slot(&mut self, slot: Slot, form: &Form, line: &[u8]) -> Option<Option<Stamp>> {
        match slot {
            Slot::Nothing => None,
            Slot::Iso => self.moments.iso.find(line).map(|stamp| self.moments.in_zone(stamp, form)),
            Slot::IsoAt(place) => {
                let text = &line[place.locate(line)?..];
                match self.moments.iso.read(text) {
                    Some(stamp) => Some(self.moments.in_zone(stamp, form)),
                    None => iso::has_shape(text).then_some(None),
                }
            }
            Slot::At(place, shape, settled) => {
                let at = place.locate(line)?;
                let (end, recent) = self.recent.read(shape, &line[at..])?;
                Some(self.moments.stamp(shape, recent, settled.order, form, &line[at + end..]))
            }
        }
    }

    /// Reads a time at the start of `text` if it is not ISO 8601, or if the source has another zone than UTC.
    #[cold]
    pub(super) fn read_any(&mut self, form: &Form, text: &[u8]) -> Option<Stamp> {
        let text = &text[start(text)..];
        for slot in form.slots() {
            if let Slot::At(_, shape, settled) = slot
                && let Some((parts, _)) = shape.read(text)
            {
                return self.moments.stamp(shape, (&parts, &mut Date::default()), settled.order, form, b"");
            }
        }
        if let Some(stamp) = self.moments.iso.read(text) {
            return self.moments.in_zone(stamp, form);
        }
        let mut best: Option<(usize, &Shape, Parts)> = None;
        for (_, shape) in form.around.shapes().beginning_with(*text.first()?) {
            let Some((parts, end)) = shape.read(text) else { continue };
            // A form that needs other lines counts only if the whole text is such a time.
            let is_certain = !shape.needs_lines || end == text.len();
            if is_certain && best.is_none_or(|(longest, ..)| end > longest) {
                best = Some((end, shape, parts));
            }
        }
        let (_, shape, parts) = best?;
        let order = form.around.order.or_else(|| order_of_one(shape, &parts));
        self.moments.stamp(shape, (&parts, &mut Date::default()), order, form, b"")
    }

    /// Reads a time at the start of `text` in the form `shape`. Parts that the text does not contain, such as the year and the
    /// zone, come from the form of the source.
    #[cold]
    pub fn read_as(&mut self, shape: &Shape, form: &Form, text: &[u8]) -> Option<Stamp> {
        let (parts, _) = shape.read(text)?;
        let order = form.around.order.or_else(|| order_of_one(shape, &parts));
        self.moments.stamp(shape, (&parts, &mut Date::default()), order, form, b"")
    }
}

impl Moments {
    /// Computes the moment from the parts of a time, and from what is known about the source. `cached` is the date of these
    /// parts if it is known.
    /// `rest` is the line after the time.
    pub(super) fn stamp(
        &mut self,
        shape: &Shape,
        (parts, cached): (&Parts, &mut Date),
        order: Option<Order>,
        form: &Form,
        rest: &[u8],
    ) -> Option<Stamp> {
        let around = &form.around;
        let mut missing = Missing { order, last_day: around.last_day, day: around.day };
        let mut date = match shape.lacks {
            Lacks::Year => DateBasis::Year,
            Lacks::Date => DateBasis::Day,
            Lacks::Nothing if parts.open().is_some() => DateBasis::Order,
            Lacks::Nothing => DateBasis::Line,
        };
        let mut offset = parts.offset;
        if shape.lacks == Lacks::Year
            && let Some((message, is_relayed)) = self.date_in_message(rest, around.has_slashed_dates)
        {
            // A relay has passed on a line with a time of its own, which shows the year, and perhaps the zone of the relay.
            let second = message.time.nanoseconds().div_euclid(1_000_000_000);
            let after = i32::try_from(second.div_euclid(DAY_SECONDS) + 2).ok();
            let near = parts.moment(&Missing { last_day: after, ..missing });
            let apart = near.map(|near| near.second - second);
            if let Some(apart) = apart.filter(|apart| apart.abs() <= 26 * 3600) {
                let quarters = (apart + 450).div_euclid(900);
                let is_whole = (apart - quarters * 900).abs() <= 30 && (-48..=56).contains(&quarters);
                // Any other date must show the same minute, too, and cannot be after the last possible day.
                let is_possible = || missing.last_day.zip(after).is_some_and(|(last, after)| after <= last + 2);
                if is_relayed || is_whole && is_possible() {
                    (missing.last_day, date) = (after, DateBasis::Line);
                }
                if is_relayed && offset.is_none() && is_whole && !message.zone_is_assumed() {
                    offset = i32::try_from(quarters * 900).ok();
                }
            }
        }
        let local = parts.on_day(|| cached.of(parts, &missing))?;
        let (offset, zone) = match offset {
            Some(offset) => (offset, ZoneBasis::Named),
            None if parts.has_zone() => (0, ZoneBasis::Named),
            None => match around.zone {
                Zone::Assumed if parts.is_ambiguous_zone => (0, ZoneBasis::Ambiguous),
                Zone::Assumed => (0, ZoneBasis::Assumed),
                Zone::Product => (0, ZoneBasis::Product),
                Zone::Given(zone, _) => (self.offset(zone, local.second)?, ZoneBasis::Given),
            },
        };
        moment(Local { second: local.second - i64::from(offset), ..local }, Basis { zone, date })
    }

    /// Returns the date in the rest of a line without a year, and whether it is at the start of the message.
    fn date_in_message(&mut self, rest: &[u8], has_slashes: bool) -> Option<(Stamp, bool)> {
        if let Some(stamp) = message_starts(rest).find_map(|start| self.iso.read(&rest[start..])) {
            return Some((stamp, true));
        }
        let near = &rest[..rest.len().min(MESSAGE_BYTES)];
        let is_date = |&at: &usize| at >= 4 && near.get(at + 3) == Some(&b'-') && near[at - 1].is_ascii_digit();
        let with_hyphens = memchr::memchr_iter(b'-', near).find(is_date).and_then(|at| {
            let date = &rest[at - 4..];
            self.iso.read(date).or_else(|| full_date(date))
        });
        let stamp = with_hyphens.or_else(|| if has_slashes { slashed_date(near) } else { None })?;
        Some((stamp, false))
    }

    /// Applies the zone of the source to a time that has no zone.
    pub(super) fn in_zone(&mut self, stamp: Stamp, form: &Form) -> Option<Stamp> {
        let zone = form.around.zone;
        if zone == Zone::Assumed || !stamp.zone_is_assumed() {
            return Some(stamp);
        }
        let nanoseconds = stamp.time.nanoseconds();
        let (offset, zone) = match zone {
            Zone::Given(zone, _) => (self.offset(zone, nanoseconds.div_euclid(1_000_000_000))?, ZoneBasis::Given),
            Zone::Assumed | Zone::Product => (0, ZoneBasis::Product),
        };
        let nanoseconds = nanoseconds.checked_sub(i64::from(offset) * 1_000_000_000)?;
        Some(Stamp { time: Time::from_nanoseconds(nanoseconds), basis: Basis { zone, ..stamp.basis } })
    }

    /// Returns the offset of a zone from UTC, in seconds, at a local time. A local time that occurs twice means the first
    /// occurrence; one that clocks skip is read as if they had not been changed yet.
    fn offset(&mut self, zone: &'static TimeZone, local: i64) -> Option<i32> {
        let offset = match self.zone {
            Some((cached, quarter, offset)) if std::ptr::eq(cached, zone) && quarter == local.div_euclid(900) => offset,
            _ => self.new_offset(zone, local)?,
        };
        self.changing += u64::from(offset.is_changing);
        Some(offset.seconds)
    }

    fn new_offset(&mut self, zone: &'static TimeZone, local: i64) -> Option<Offset> {
        let at = |local: i64| {
            let clock = tz::Offset::UTC.to_datetime(Timestamp::from_second(local).ok()?);
            let found = zone.to_ambiguous_timestamp(clock);
            let is_changing = found.is_ambiguous();
            let utc = found.compatible().ok()?.as_second();
            Some(Offset { seconds: i32::try_from(local - utc).ok()?, is_changing })
        };
        let quarter = local.div_euclid(900);
        let offset = at(local)?;
        // An offset is cached only if it applies to the whole quarter: some clocks were changed at one minute after midnight.
        if at(quarter * 900) == Some(offset) && at(quarter * 900 + 899) == Some(offset) {
            self.zone = Some((zone, quarter, offset));
        }
        Some(offset)
    }
}

/// Returns the stamp of a moment in UTC, or `None` if no log can have been written then.
fn moment(utc: Local, basis: Basis) -> Option<Stamp> {
    if !(FIRST_SECOND..last_second()).contains(&utc.second) {
        return None;
    }
    let nanoseconds = utc.second.checked_mul(1_000_000_000)?.checked_add(i64::from(utc.nanosecond))?;
    Some(Stamp { time: Time::from_nanoseconds(nanoseconds), basis })
}

/// Returns the order of day and month of a single time, if its numbers or its form determine it.
fn order_of_one(shape: &Shape, parts: &Parts) -> Option<Order> {
    let [first, second, _] = parts.open()?;
    match (first? > 12, second? > 12) {
        (true, false) => Some(Order::Dmy),
        (false, true) => Some(Order::Mdy),
        _ if first == second => Some(Order::Dmy),
        _ if shape.has_dots => Some(Order::Dmy),
        _ if parts.has_half_day() => Some(Order::Mdy),
        _ => None,
    }
}

/// Returns the second from which on no log can have been written: two days after the current time. The clock is read once.
pub(super) fn last_second() -> i64 {
    static LAST: LazyLock<i64> = LazyLock::new(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        i64::try_from(now).unwrap_or(i64::MAX / 2) + 2 * DAY_SECONDS
    });
    *LAST
}

/// Whether an ISO 8601 time begins at position `at` of a line.
pub(super) fn iso_at(line: &[u8], at: usize) -> bool {
    iso::Reader::default().read(&line[at..]).is_some()
}

/// Returns the first date with slashes, the year and a clock time in a text.
#[cold]
pub(super) fn slashed_date(text: &[u8]) -> Option<Stamp> {
    let is_date = |&at: &usize| {
        let is_second = |after: usize| text.get(at + after) == Some(&b'/');
        at >= 2 && text[at - 1].is_ascii_digit() && (is_second(3) || is_second(4))
    };
    memchr::memchr_iter(b'/', text).filter(is_date).take(DATES).find_map(|at| {
        let digits = text[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        full_date(&text[at - digits..])
    })
}

/// Reads a date with the year and a clock time in one of the forms that messages contain.
#[cold]
fn full_date(text: &[u8]) -> Option<Stamp> {
    /// `14/Feb/2017:02:57:24`, `2017/02/14 02:57:24`, `02/14/2017:02:57:24`, and `2017-02-14 time=02:57:24`
    const FORMS: [&str; 4] =
        ["%d/%b/%Y:%H:%M:%S%.f", "%Y/%m/%d %H:%M:%S", "%m/%d/%Y:%H:%M:%S", "%Y-%m-%d time=%H:%M:%S"];
    static SHAPES: LazyLock<Vec<Shape>> =
        LazyLock::new(|| FORMS.iter().filter_map(|form| Shape::compile("message", form).ok()).collect());
    let (parts, _) = SHAPES.iter().find_map(|shape| shape.read(text))?;
    let local = parts.moment(&Missing { order: None, last_day: None, day: None })?;
    moment(local, Basis { zone: ZoneBasis::Assumed, date: DateBasis::Line })
}

/// Returns the positions at which the message of a relayed line may start: directly after the time, or after the name of the
/// program, which ends in a colon. A later date belongs to what the message is about.
fn message_starts(rest: &[u8]) -> impl Iterator<Item = usize> {
    let opened = |at: usize| at + rest[at..].iter().take_while(|byte| matches!(byte, b' ' | b'[' | b'"')).count();
    let colon = find(rest, b": ").map(|at| at + 2);
    [Some(0), colon].into_iter().flatten().map(opened)
}
