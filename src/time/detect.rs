//! Decides the form of a source from its first lines, and from lines in other parts of the source if these are not enough.
//!
//! The lines vote. Each time in a line is a vote for a form at a place: at the start of the line, after the level of its message,
//! after a key, in a column, or after a text for which the form searches. The form and place with the most votes win. If several
//! have nearly as many votes, the time at the start or after the level wins, then the one after a key of the record, then the one
//! after a key in a nested object, then the leftmost; at the same place, the longest wins.
//!
//! If several columns have dates, a column whose dates are in order wins. The others say when something else happened, such as the
//! creation of an account, and so does one with the same date in all lines beside times that rise. In one or two lines, a column after the
//! time of modification loses. A column whose name in a header shows that it does so never wins.
//!
//! Of two columns with clock times after one with dates, one can be a duration. Their names decide, and otherwise which of them
//! rises.
//!
//! A date in a message must not be mistaken for the time of a line. Therefore a line without a time at the winning place has
//! none. Dates within lines are times only if they are in order, and if there is neither a sentence nor another clock time
//! before them. A second form is accepted if it is certain in the other lines, because two programs can write to a source, and
//! if its times are near those of the first, or if both are after keys of records.
//!
//! Numbers without separators are times only after a key that names the time, or if nearly all lines have one in the same column,
//! and they increase in small steps or mean the same times as dates in their lines. After any other key, and after a word of a
//! message, they are something else. At the start of a line, a fraction after a point is enough to show that a number is a time.
//!
//! The order of day and month applies to the whole source. The first of these criteria that yields an order decides:
//!
//! 1. the user, with `--date-order`; a program that always writes the same order;
//! 2. a part above 12, a date that does not exist, or one after the source was last modified;
//! 3. times that run backwards in any other order; for two-digit years, the part that changes least as the year;
//! 4. a date in the name of the source; the time at which the source was last modified, if it fits the last line;
//! 5. dots, with the day first; AM or PM in English, with the month first.
//!
//! If none of them does, the order is not known, and lines have no times. Nor is it if parts above 12 contradict each other, or if
//! some times have AM or PM and others do not, because then two programs wrote them: parts above 12 must show the same order for both.
//!
//! In dates that begin with the year, the month follows, unless a part above 12 shows that the day does.
//!
//! The year of lines without one comes from whole dates of the same moments in these lines or others, or from a date in the name of
//! the source. Otherwise it is the latest year for which the time is not after the modification of the source, or after this run if
//! the time of modification is not known, with a day of slack for clocks and zones. A source that spans more than a year can
//! therefore get wrong years, unless its lines have weekdays: the first lines do not show how long it is.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use super::form::{
    Around, FIRST_SECOND, Form, OrderBasis, Place, Settled, Slot, YearBasis, Zone, after_level, is_opening, iso_at,
    last_second, slashed_date, start,
};
use super::forms::notation::Part;
use super::forms::read::{self, Local, Missing, Order, Parts};
use super::forms::{Lacks, Shape, Shapes};
use super::halves;
use super::keys::{self, Reach};
use super::numbers;
use super::{DateBasis, Reader, SEARCH_LIMIT_BYTES, Stamp, Time};

/// How many lines vote at the beginning of a source.
const VOTING_LINES: usize = 300;
/// How many lines vote in each of the other parts that are examined.
const PART_LINES: usize = 60;
/// How many of the first lines are enough to decide that lines begin with one form, and how many are searched for headers.
const FIRST_LINES: usize = 16;
/// How far a position in a line may be from the average position of a column to count as the same column, in bytes.
const COLUMN_BYTES: usize = 16;
/// The length of an ISO 8601 date with a clock time up to the seconds, in bytes.
const SECOND_BYTES: usize = 19;
/// How many lines with a number are needed to show that the number is a time.
const LEAST_LINES: usize = 8;
/// How many lines with several columns of dates are needed to show that one of them is in order.
const LEAST_ORDERED: usize = 3;

/// What is known about a source besides its lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstances<'a> {
    /// The name of the source.
    pub name: &'a str,
    /// When the source was last modified, if that is known.
    pub modified: Option<Time>,
    /// Whether the first lines are the whole source.
    pub is_whole: bool,
    /// Whether each line is an event, which begins with a time of its own. Then even one of them can have another form.
    pub has_events: bool,
    /// The end of the source, which may begin in the middle of a line, or nothing if it cannot be read.
    pub end: &'a [u8],
    /// What the user has specified about times.
    pub given: Given,
}

/// What the user has specified about the times in all sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The zone of times without one.
    pub zone: Option<&'static TimeZone>,
    /// How the user has specified the zone.
    pub zone_by: ZoneBy,
    /// The order of day, month and year in dates that do not determine it.
    pub order: Option<Order>,
    /// The year of times without one.
    pub year: Option<u16>,
    /// The forms of the user and the built-in ones, or `None` if the user has none.
    pub shapes: Option<&'static Shapes>,
}

/// How the user has specified a zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZoneBy {
    /// The user has passed `--tz`.
    #[default]
    Option,
    /// A configuration file has a zone for logs of some hosts or paths.
    Configuration,
}

/// A place, and the index of the form that times have there, or `None` for ISO 8601.
type Candidate = (Place, Option<u16>);

/// The votes for a candidate.
#[derive(Clone, Copy, Debug, Default)]
struct Votes {
    lines: usize,
    /// The sum of the positions of the times in their lines, for their average.
    position: usize,
    /// The sum of the lengths of the times, for their average.
    len: usize,
}

/// Decides the form of a source that begins with `text`. The text must end with a whole line or be the whole source.
#[must_use]
pub fn detect(text: &[u8], circumstances: &Circumstances<'_>) -> Form {
    detect_in(&[text], circumstances).0
}

/// Decides the form of a source from parts of it, each of which must consist of whole lines. The first part is the beginning of
/// the source. Also returns whether the parts are enough to be certain.
pub(crate) fn detect_in(parts: &[&[u8]], circumstances: &Circumstances<'_>) -> (Form, bool) {
    // Archives that store no times yield 1970 or 1980.
    let is_time = |time: &Time| time.nanoseconds().div_euclid(1_000_000_000) >= FIRST_SECOND;
    let circumstances = &Circumstances { modified: circumstances.modified.filter(is_time), ..*circumstances };
    let most = std::iter::once(VOTING_LINES).chain(std::iter::repeat(PART_LINES));
    let lines: Vec<&[u8]> = parts.iter().zip(most).flat_map(|(part, most)| lines(part).take(most)).collect();
    let has_returns = parts.iter().any(|part| has_returns(part));
    let around = around(&lines, circumstances);
    let is_iso = |line: &&&[u8]| iso_at(line, start(line).min(line.len()));
    // Nearly all sources are decided here, before the other forms are even compiled.
    let least = if circumstances.has_events { lines.len() * 10 } else { lines.len() * 9 };
    if !lines.is_empty()
        && lines.iter().filter(is_iso).count() * 10 >= least
        && (circumstances.has_events || !has_other_dates(&lines, circumstances.modified))
        && !has_day_second(&lines, circumstances.end)
        && !numbers::are_no_zones(iso_clocks(&lines, Place::Start))
    {
        let slot = match has_unknown_halves(&lines, Place::Start) {
            true => Slot::Nothing,
            false => at_edge(Slot::IsoAt(Place::Start), &lines),
        };
        return (Form::new([Some(slot), None], around, has_returns), true);
    }
    let text = parts.first().copied().unwrap_or_default();
    let has = |header: &String| memchr::memmem::find(text, header.as_bytes()).is_some();
    let applies = |shape: &Shape| shape.header.is_empty() || shape.header.iter().any(has);
    let applying = around.shapes().all.iter().map(applies).collect();
    let header = if circumstances.has_events { None } else { Header::of(&lines) };
    let detection = Detection { lines: &lines, text, applying, header, circumstances, around };
    let Some((first, slot)) = detection.winner(&lines) else {
        // In lines that were not examined, a date at the very start is still the time of the line.
        let slot = match detection.header.as_ref().is_some_and(|header| header.is_other(0)) {
            true => Slot::Nothing,
            _ if detection.has_prefixed_iso() => Slot::Iso,
            _ => Slot::IsoAt(Place::Edge),
        };
        return (Form::new([Some(slot), None], around, has_returns), false);
    };
    let is_missed = |line: &&[u8]| !detection.has(line, first);
    let missed: Vec<&[u8]> = lines.iter().copied().filter(is_missed).collect();
    // A single line without the first form may be part of a message of several lines.
    let is_enough = missed.len() >= 2 || circumstances.has_events;
    let second = is_enough.then(|| detection.winner(&missed)).flatten();
    let is_second = |((place, _), second): &(Candidate, Slot)| {
        circumstances.has_events && *place == Place::Start
            // A key of the record itself names its time, even if another program wrote the other records.
            || matches!((first.0, place), (Place::Key(..), Place::Key(key, Reach::Own)) if !keys::is_other(*key))
            || detection.is_second(slot, *second)
    };
    let second = second.filter(|(candidate, slot)| is_at_home(*candidate, slot));
    let second = second.filter(is_second).map(|(_, slot)| slot);
    let slots = [Some(slot), second].map(|slot| slot.map(|slot| at_edge(slot, &lines)));
    let form = Form::new(slots, around, has_returns);
    let (around, form) =
        match form.slots().any(|slot| matches!(slot, Slot::At(_, shape, _) if shape.lacks == Lacks::Year)) {
            true => {
                let has_slashed_dates = lines.iter().any(|line| slashed_date(line).is_some());
                let around = Around { has_slashed_dates, ..around };
                let around = with_year_of_lines(around, &Form { around, ..form }, &lines);
                (around, Form::new(slots, around, has_returns))
            }
            false => (around, form),
        };
    let is_clock = form.slots().any(|slot| matches!(slot, Slot::At(_, shape, _) if shape.lacks == Lacks::Date));
    // IIS starts a new file each day, with the date in its name.
    let is_daily = around.zone == Zone::Product && date_in_name(circumstances.name).is_some();
    let around = match is_clock && around.day.is_some() && !is_daily {
        true if !circumstances.is_whole || detection.passes_midnight(&form) => {
            Around { day: None, day_basis: YearBasis::Midnight, ..around }
        }
        _ => around,
    };
    let is_certain = slot != Slot::Nothing && (lines.len() - missed.len()) * 2 >= lines.len();
    (Form { around, ..form }, is_certain && !matches!(around.day_basis, YearBasis::Midnight))
}

/// Determines the year of times without one from the lines that also have a full date of the same moment.
fn with_year_of_lines(around: Around, form: &Form, lines: &[&[u8]]) -> Around {
    let mut reader = Reader::default();
    let stamps: Vec<Stamp> = lines.iter().filter_map(|line| reader.find(form, line)).collect();
    let full = stamps.iter().filter(|stamp| stamp.basis.date == DateBasis::Line);
    let days: Vec<i32> = full.filter_map(|stamp| day_of(stamp.time)).collect();
    let ([first, ..], [.., last]) = (&days[..], &days[..]) else { return around };
    // The newest can be first. Other lines are at most some months away.
    let after = if first < last {
        330
    } else if first > last {
        35
    } else {
        182
    };
    let last = days.iter().max().map_or(*last, |latest| (first.min(last) + after).max(latest + 35));
    let is_earlier = around.last_day.is_none_or(|known| last < known);
    // A few dates may be those of messages.
    if days.len() * 10 < stamps.len() || !is_earlier || around.year_basis == YearBasis::Given {
        return around;
    }
    Around { last_day: Some(last), year_basis: YearBasis::Lines, ..around }
}

/// Whether a place does not have the same time in all lines. If it does, that may be the time of something that all lines are about.
fn varies(lines: &[&[u8]], place: Place) -> bool {
    let mut times = lines.iter().filter_map(|line| {
        let at = place.locate(line)?;
        line.get(at..(at + SECOND_BYTES).min(line.len()))
    });
    let first = times.next();
    times.any(|time| Some(time) != first)
}

/// Whether words that are probably AM and PM in an unknown language follow the ISO 8601 times at a place.
fn has_unknown_halves(lines: &[&[u8]], place: Place) -> bool {
    halves::are_unknown(iso_clocks(lines, place))
}

/// Returns the ISO 8601 times at a place, each as its second by the local clock and the text after its fraction.
fn iso_clocks<'l>(lines: &[&'l [u8]], place: Place) -> impl Iterator<Item = (i64, &'l [u8])> {
    lines.iter().filter_map(move |line| {
        let text = &line[place.locate(line)?..];
        let (clock, rest) = text.split_at_checked(SECOND_BYTES)?;
        let stamp = super::iso::Reader::default().read(clock)?;
        let fraction = match rest {
            [b'.' | b',' | b':', digits @ ..] if digits.first().is_some_and(u8::is_ascii_digit) => {
                1 + digits.iter().take_while(|byte| byte.is_ascii_digit()).count()
            }
            _ => 0,
        };
        Some((stamp.time.nanoseconds().div_euclid(1_000_000_000), &rest[fraction..]))
    })
}

/// Changes a slot at the start of lines to one that rejects indented lines, unless many lines with a time are indented.
fn at_edge(slot: Slot, lines: &[&[u8]]) -> Slot {
    let edge = match slot {
        Slot::IsoAt(Place::Start) => Slot::IsoAt(Place::Edge),
        Slot::At(Place::Start, shape, settled) => Slot::At(Place::Edge, shape, settled),
        _ => return slot,
    };
    let has = |line: &&&[u8]| match slot {
        Slot::At(_, shape, _) => shape.read(&line[start(line)..]).is_some(),
        _ => iso_at(line, start(line)),
    };
    let dated = lines.iter().filter(has);
    let (indented, all) =
        dated.fold((0, 0), |(indented, all), line| (indented + usize::from(is_continued(line)), all + 1));
    if indented * 10 <= all { edge } else { slot }
}

/// Whether a candidate is certain enough to be the second form of a source.
fn is_at_home((place, _): Candidate, slot: &Slot) -> bool {
    let is_certain = match slot {
        Slot::At(_, shape, _) => !shape.needs_lines || matches!(place, Place::Key(..)),
        _ => true,
    };
    let is_anywhere = matches!(slot, Slot::At(_, shape, _) if shape.is_anywhere);
    is_certain && (is_anywhere || matches!(place, Place::Start | Place::Level | Place::Found | Place::Key(..)))
}

/// Returns the lines of a text that are not blank, without line ends and without NUL bytes before them.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = text.split(|&byte| byte == b'\n' || byte == b'\r');
    let lines = lines.map(|line| &line[line.iter().take_while(|&&byte| byte == 0).count()..]);
    lines.filter(|line| !line.trim_ascii().is_empty())
}

/// Whether a text has a carriage return that is not part of a line end.
fn has_returns(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\r', text).any(|at| !matches!(text.get(at + 1), None | Some(b'\n' | b'\r')))
}

/// Determines what applies to all times of a source from its first lines and its circumstances.
fn around(lines: &[&[u8]], circumstances: &Circumstances<'_>) -> Around {
    let Circumstances { name, modified, given, .. } = *circumstances;
    let zone = match given.zone {
        _ if is_in_utc(lines, name) => Zone::Product,
        Some(zone) => Zone::Given(zone, given.zone_by),
        None => Zone::Assumed,
    };
    let named = date_in_name(name);
    // Half a year around the date in the name, or up to the time of modification with a day of slack.
    let by_name = named.map(|day| (day + 182, YearBasis::Name));
    let by_year = given.year.and_then(|year| Some((read::day(year, 12, 31)?, YearBasis::Given)));
    let by_modified = modified.and_then(day_of).map(|day| (day + 1, YearBasis::Modified));
    let by_now = i32::try_from(last_second().div_euclid(86_400) - 1).ok().map(|day| (day, YearBasis::Now));
    let last = by_year.or(by_name).or(by_modified).or(by_now);
    let header = lines.iter().take(FIRST_LINES).find_map(|line| header_day(line, modified));
    let day = header.map(|day| (day, YearBasis::Header)).or(named.map(|day| (day, YearBasis::Name)));
    Around {
        last_day: last.map(|(day, _)| day),
        year_basis: last.map_or(YearBasis::Unknown, |(_, basis)| basis),
        day: day.map(|(day, _)| day),
        day_basis: day.map_or(YearBasis::Unknown, |(_, basis)| basis),
        has_slashed_dates: false,
        order: given.order,
        zone,
        shapes: given.shapes,
    }
}

/// Whether a source is in the extended log file format of the W3C, whose times are in UTC, or has the name of such a log.
fn is_in_utc(lines: &[&[u8]], name: &str) -> bool {
    let header = |text: &[u8]| lines.iter().take(FIRST_LINES).find_map(|line| line.strip_prefix(text));
    let software = header(b"#Software: ");
    let is_utc = |software: &[u8]| {
        [&b"Microsoft Internet Information"[..], b"Microsoft HTTP"].iter().any(|name| software.starts_with(name))
    };
    // Windows Firewall writes local time, and states this in a header.
    let is_local = header(b"#Time Format: ").is_some();
    let fields = header(b"#Fields: ").unwrap_or_default();
    let has = |text: &[u8]| memchr::memmem::find(fields, text).is_some();
    let has_version = header(b"#Version: ").is_some() || header(b"#Date: ").is_some();
    let has_fields = !has(b"-local") && (has(b"date time") || has(b"time") && has_version);
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    let is_dated = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    // If only the end of a log was kept, it has no header, but still its name.
    let is_named = ["u_ex", "ex", "httperr"].iter().any(|begin| file.strip_prefix(begin).is_some_and(is_dated));
    let is_named = is_named && lines.iter().take(FIRST_LINES).all(|line| line.starts_with(b"#") || iso_at(line, 0));
    !is_local && software.map_or(has_fields || is_named, is_utc)
}

/// Returns the latest time, by any local clock read as UTC, that a source can contain which was last modified at `modified`.
fn latest_local(modified: Time) -> Time {
    const MOST_AHEAD_SECONDS: i64 = 14 * 3600;
    Time::from_nanoseconds(modified.nanoseconds().saturating_add(MOST_AHEAD_SECONDS * 1_000_000_000))
}

/// Returns the day of a time, in days since 1970.
fn day_of(time: Time) -> Option<i32> {
    i32::try_from(time.nanoseconds().div_euclid(86_400_000_000_000)).ok()
}

/// Returns the date in the last part of a path, in days since 1970, if there is one: `2017-02-14`, `20170214` or, after `ex`,
/// `170214`.
fn date_in_name(name: &str) -> Option<i32> {
    let name = name.rsplit(['/', '\\']).next()?.as_bytes();
    // The caller passes at most four digits.
    let number = |digits: &[u8]| {
        let is_number = digits.iter().all(u8::is_ascii_digit);
        is_number.then(|| digits.iter().fold(0_u16, |sum, digit| sum * 10 + u16::from(digit - b'0')))
    };
    let is_log_day = |day: &i32| {
        let second = i64::from(*day) * 86_400;
        (FIRST_SECOND..last_second()).contains(&second)
    };
    (0..name.len()).find_map(|at| {
        let (before, rest) = name.split_at(at);
        let is_free = !before.last().is_some_and(u8::is_ascii_digit);
        let ends = |len: usize| is_free && rest.len() >= len && !rest.get(len).is_some_and(u8::is_ascii_digit);
        let parts = |[year, month, day]: [std::ops::Range<usize>; 3]| {
            Some((number(&rest[year])?, number(&rest[month])?, number(&rest[day])?))
        };
        let date = if ends(10) && matches!(rest[4], b'-' | b'_' | b'.') && rest[4] == rest[7] {
            parts([0..4, 5..7, 8..10])
        } else if ends(8) && rest[..8].iter().all(u8::is_ascii_digit) {
            parts([0..4, 4..6, 6..8])
        } else if ends(6) && before.ends_with(b"ex") {
            parts([0..2, 2..4, 4..6]).map(|(year, month, day)| (year + 2000, month, day))
        } else {
            None
        };
        date.and_then(|(year, month, day)| read::day(year, month, day)).filter(is_log_day)
    })
}

/// Returns the date in a header line, in days since 1970, for sources whose other lines have only clock times.
fn header_day(line: &[u8], modified: Option<Time>) -> Option<i32> {
    let day = |date: &[u8]| {
        let [year, month, day]: [&[u8]; 3] = date.split(|&byte| byte == b'-').collect::<Vec<_>>().try_into().ok()?;
        let number = |digits: &[u8]| str::from_utf8(digits).ok()?.parse::<u16>().ok();
        read::day(number(year)?, number(month)?, number(day)?)
    };
    if let Some(rest) = line.strip_prefix(b"#Date: ") {
        return day(rest.get(..10)?);
    }
    // Windows Installer writes the date in the user's regional format.
    let started = b"Verbose logging started: ";
    let at = memchr::memmem::find(line, started)? + started.len();
    let rest = line.get(at..)?;
    let modified = modified.and_then(day_of);
    let is_date = |shape: &&Shape| {
        matches!(shape.name(), "slashes" | "dots" | "hyphens" | "year-slashes" | "year-dots" | "iso-loose")
    };
    let mut shapes = super::forms::built_in().all.iter().filter(is_date);
    let (parts, _) = shapes.find_map(|shape| shape.read(rest))?;
    let days = [Order::Dmy, Order::Mdy].map(|order| {
        let local = parts.moment(&Missing { order: Some(order), last_day: None, day: None })?;
        i32::try_from(local.second.div_euclid(86_400)).ok()
    });
    match days {
        [Some(day), None] | [None, Some(day)] => Some(day),
        [Some(one), Some(other)] if one == other => Some(one),
        days => {
            let modified = modified?;
            days.into_iter().flatten().find(|day| (modified - 1..=modified + 1).contains(day))
        }
    }
}

/// Whether the date at the start of the lines need not be their time, because they have columns with other dates, or because a header
/// says so.
fn has_other_dates(lines: &[&[u8]], modified: Option<Time>) -> bool {
    let is_other = |line: &&&[u8]| {
        let near = &line[..line.len().min(SEARCH_LIMIT_BYTES)];
        let ends = memchr::memchr3_iter(b',', b';', b'\t', near).chain(memchr::memchr_iter(b'|', near));
        ends.filter(|end| *end >= SECOND_BYTES).any(|end| {
            let column = &near[end + 1..];
            begins_date(&column[column.iter().take_while(|&&byte| is_opening(byte) || byte == b' ').count()..])
        })
    };
    let dated = lines.iter().filter(|line| iso_at(line, start(line))).take(FIRST_LINES);
    let (others, all) = dated.fold((0, 0), |(others, all), line| (others + usize::from(is_other(&line)), all + 1));
    let is_future = |line: &&[u8]| {
        let stamp = super::iso::Reader::default().read(&line[start(line)..]);
        stamp.zip(modified).is_some_and(|(stamp, modified)| stamp.time > latest_local(modified))
    };
    let are_enough = all >= LEAST_ORDERED || lines.len() < LEAST_ORDERED && lines.iter().any(is_future);
    are_enough && others * 10 >= all * 9 || Header::of(lines).is_some_and(|header| header.is_other(0))
}

/// Whether the dates at the start of lines have the year first and the day after it. The end of the source counts, too.
fn has_day_second(beginning: &[&[u8]], end: &[u8]) -> bool {
    let dates = beginning.iter().copied().chain(lines(end)).filter_map(|line| second_part(&line[start(line)..]));
    is_day_second(dates)
}

/// Returns which part of a date such as `2017-14-02` comes after the year: the day or the month. Returns `None` if it can be either, or
/// if `text` does not begin with such a date and a clock time.
fn second_part(text: &[u8]) -> Option<Part> {
    let (head, rest) = text.split_first_chunk::<10>()?;
    let number = |at: usize| {
        let digits = &head[at..at + 2];
        digits.iter().all(u8::is_ascii_digit).then(|| (digits[0] - b'0') * 10 + digits[1] - b'0')
    };
    let separator = head[4];
    if !matches!(separator, b'-' | b'/' | b'.') || head[7] != separator || !matches!(head[0], b'1' | b'2') {
        return None;
    }
    // A clock time must follow, so that this is no other number.
    if !matches!(rest, [_, b'0'..=b'9', b':', ..] | [_, b'0'..=b'2', b'0'..=b'9', b':', ..])
        || number(0).is_none()
        || number(2).is_none()
    {
        return None;
    }
    match (number(5)?, number(8)?) {
        (13..=31, 1..=12) => Some(Part::Day),
        (1..=12, 13..=31) => Some(Part::Month),
        _ => None,
    }
}

/// Whether the day is the second part of dates. A single such date among others is damaged.
fn is_day_second(dates: impl Iterator<Item = Part>) -> bool {
    let (days, months) = dates.fold((0, 0), |(days, months), second| match second {
        Part::Day => (days + 1, months),
        _ => (days, months + 1),
    });
    days > 0 && (months == 0 || days > 1 && days * 10 >= months)
}

/// Whether a text begins with three numbers with hyphens, slashes or full stops between them.
fn begins_date(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    let first = digits(text);
    let Some((separator @ (b'-' | b'/' | b'.'), rest)) = text[first..].split_first() else { return false };
    let second = digits(rest);
    matches!((first, second), (1 | 2 | 4, 1 | 2))
        && rest.get(second) == Some(separator)
        && rest.get(second + 1).is_some_and(u8::is_ascii_digit)
}

/// The names of the columns in one of the first lines.
struct Header {
    delimiter: u8,
    names: Vec<String>,
}

impl Header {
    /// How many lines may precede a header, with the header.
    const LINES: usize = 3;
    /// The length of the longest name of a column, in bytes.
    const NAME_BYTES: usize = 48;

    /// How many lines after a header must have its columns.
    const CHECKED_LINES: usize = 5;
    /// How many words the name of a column may have.
    const NAME_WORDS: usize = 3;

    fn of(lines: &[&[u8]]) -> Option<Header> {
        (1..lines.len().min(Header::LINES + 1)).find_map(|after| {
            let line = lines[after - 1];
            // Most logs have no header, which their first byte shows.
            if line.get(start(line)).is_none_or(u8::is_ascii_digit) {
                return None;
            }
            let rest = || lines[after..].iter().take(Header::CHECKED_LINES);
            b",;\t|".iter().find_map(|&delimiter| {
                let count = delimiters(line, delimiter);
                if count == 0 || rest().any(|line| delimiters(line, delimiter) < count) {
                    return None;
                }
                let names: Option<Vec<String>> = line.split(|&byte| byte == delimiter).map(Header::name).collect();
                Some(Header { delimiter, names: names? })
            })
        })
    }

    /// Returns the name of a column, or `None` if the text is no name.
    fn name(text: &[u8]) -> Option<String> {
        let name = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii();
        let name = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(name);
        let is_name = name.len() <= Header::NAME_BYTES
            && !name.first().is_some_and(u8::is_ascii_digit)
            && name.split(|&byte| byte == b' ').count() <= Header::NAME_WORDS
            && !name.iter().any(|byte| matches!(byte, b'=' | b'"' | b'{'));
        is_name.then(|| String::from_utf8_lossy(name).into_owned())
    }

    /// Returns the column that contains position `at` of a line.
    fn column(&self, line: &[u8], at: usize) -> usize {
        delimiters(&line[..at], self.delimiter)
    }

    /// Whether the name of a column shows that its times are about something else.
    fn is_other(&self, column: usize) -> bool {
        self.names.get(column).is_some_and(|name| keys::is_other_column(name))
    }
}

/// Counts the delimiters outside quotes.
fn delimiters(line: &[u8], delimiter: u8) -> usize {
    let mut is_quoted = false;
    let count = |byte: &&u8| {
        is_quoted ^= **byte == b'"';
        !is_quoted && **byte == delimiter
    };
    line.iter().filter(count).count()
}

/// The detection of the form of one source: its lines and what else is known about it.
struct Detection<'a> {
    lines: &'a [&'a [u8]],
    text: &'a [u8],
    /// For each form, whether the text contains one of the headers that it requires, if it requires one.
    applying: Vec<bool>,
    header: Option<Header>,
    circumstances: &'a Circumstances<'a>,
    around: Around,
}

impl Detection<'_> {
    /// Returns the candidate that wins the vote of `lines`, and its slot.
    fn winner(&self, lines: &[&[u8]]) -> Option<(Candidate, Slot)> {
        let is_number = |(place, form): Candidate| {
            !matches!(place, Place::Key(..))
                && form.is_some_and(|index| self.shape(index).needs_lines)
                && !self.has_fractions((place, form), lines)
        };
        let mut votes: HashMap<Candidate, Votes> = HashMap::new();
        for (at, line) in lines.iter().enumerate() {
            // If nearly all of the first lines begin with the same form, no other time can be further left.
            if at == FIRST_LINES
                && let Some((candidate, _)) = votes
                    .iter()
                    .find(|((place, _), votes)| *place == Place::Start && votes.lines * 10 >= FIRST_LINES * 9)
                && let candidate = *candidate
                && !is_number(candidate)
                && votes.keys().filter(|(place, _)| *place == Place::Start).count() == 1
                && !votes.iter().any(|(other, votes)| {
                    *other != candidate && self.is_column(*other) && votes.lines * 10 >= FIRST_LINES * 9
                })
                && self.header.is_none()
            {
                let counted = self.count(lines, candidate);
                votes = HashMap::from([(candidate, counted)]);
                break;
            }
            self.vote(line, &mut votes);
        }
        let mut all: Vec<(Candidate, Votes)> = votes.into_iter().collect();
        all.retain(|(candidate, _)| !self.is_in_other_column(*candidate, lines));
        all.retain(|(candidate, _)| self.fits_second_part(*candidate, lines));
        self.retain_clocks(&mut all, lines);
        // If columns vary in width, the times of one column are at several offsets, so that the column counts.
        let columns: Vec<(Candidate, Votes)> =
            all.iter().filter(|((place, _), _)| matches!(place, Place::Field { .. })).copied().collect();
        all.retain(|((place, form), votes)| {
            let is_column = |((_, other), column): &(Candidate, Votes)| {
                let apart = (column.position / column.lines.max(1)).abs_diff(votes.position / votes.lines.max(1));
                other == form && column.lines >= votes.lines && apart < COLUMN_BYTES
            };
            !matches!(place, Place::Offset(_)) || !columns.iter().any(is_column)
        });
        let most = all.iter().map(|(_, votes)| votes.lines).max()?;
        let is_leading = |votes: &Votes| votes.lines * 10 >= most * 9;
        all.sort_by(|(one, ones), (other, others)| {
            let by_lead = is_leading(others).cmp(&is_leading(ones));
            let by_votes = if is_leading(ones) { std::cmp::Ordering::Equal } else { others.lines.cmp(&ones.lines) };
            // Averages, compared without a division.
            let by_position = (ones.position * others.lines).cmp(&(others.position * ones.lines));
            let by_len = (others.len * ones.lines).cmp(&(ones.len * others.lines));
            // A key shows that its value is the time of the record, and a date before it belongs to another field.
            let by_key = one.0.doubt().cmp(&other.0.doubt());
            let by_form = one.1.cmp(&other.1).then(rank(one.0).cmp(&rank(other.0))).then(one.0.cmp(&other.0));
            by_lead.then(by_votes).then(by_key).then(by_position).then(by_len).then(by_form)
        });
        let header_lines = lines.iter().filter(|line| line.starts_with(b"#") || is_continued(line)).count();
        let total = lines.len() - header_lines.min(lines.len());
        // If lines have real dates as well, numbers before them are serial numbers.
        let is_date = |(candidate, votes): &(Candidate, Votes)| {
            !is_number(*candidate)
                && votes.lines * 5 >= most * 4
                // If a date is the same in all lines, it is only mentioned in messages.
                && varies(lines, candidate.0)
                && self.slot(*candidate, votes.lines, total.max(votes.lines), lines).is_some()
        };
        if let Some(&(date, _)) = all.iter().find(|one| is_date(one)) {
            all.retain(|(candidate, _)| !is_number(*candidate) || self.agree(*candidate, date, lines));
        }
        self.retain_ordered_columns(&mut all, most, lines);
        self.retain_possible_columns(&mut all, lines);
        let found = all.iter().find_map(|&(candidate, votes)| {
            let slot = self.slot(candidate, votes.lines, total.max(votes.lines), lines)?;
            Some((candidate, slot))
        });
        // Neither numbers nor dates within lines need to increase if they mean the same times.
        found.or_else(|| {
            let is_in_most = |(_, votes): &&(Candidate, Votes)| votes.lines * 5 >= total * 4;
            let in_most = || all.iter().filter(is_in_most).map(|(candidate, _)| *candidate);
            let is_same = |number: &Candidate| {
                is_number(*number)
                    && !self.is_about_another(*number, lines)
                    && in_most().any(|date| !is_number(date) && self.agree(*number, date, lines))
            };
            let number = in_most().find(is_same)?;
            let settled = Settled { order: None, basis: OrderBasis::Form };
            Some((number, Slot::At(number.0, self.shape(number.1?), settled)))
        })
    }

    /// Whether the second part of a date that begins with the year is the month or the day, as in the form of a candidate.
    fn fits_second_part(&self, (place, index): Candidate, lines: &[&[u8]]) -> bool {
        let second = index.map_or(Some(Part::Month), |index| self.shape(index).after_year);
        second.is_none_or(|second| {
            let dates = lines.iter().filter_map(|line| second_part(&line[place.locate(line)?..]));
            is_day_second(dates) == (second == Part::Day)
        })
    }

    /// Whether a candidate is a column with dates.
    fn is_column(&self, (place, index): Candidate) -> bool {
        matches!(place, Place::Start | Place::Field { delimiter: b',' | b';' | b'\t' | b'|', .. })
            && !index.is_some_and(|index| self.shape(index).needs_lines)
    }

    /// Whether a candidate is in a column whose name shows that its times are about something else.
    fn is_in_other_column(&self, candidate: Candidate, lines: &[&[u8]]) -> bool {
        let Some(header) = self.header.as_ref().filter(|_| !matches!(candidate.0, Place::Key(..) | Place::Found))
        else {
            return false;
        };
        let line = lines.iter().find(|line| self.has(line, candidate));
        line.is_some_and(|line| candidate.0.locate(line).is_some_and(|at| header.is_other(header.column(line, at))))
    }

    /// Removes the columns of dates that are out of order, or all the same, such as that at which an account was created or expires, if
    /// another column of most lines has dates in order.
    fn retain_ordered_columns(&self, all: &mut Vec<(Candidate, Votes)>, most: usize, lines: &[&[u8]]) {
        let is_leading = |votes: &Votes| votes.lines >= LEAST_ORDERED && votes.lines * 10 >= most * 9;
        let leading = all.iter().filter(|(candidate, votes)| self.is_column(*candidate) && is_leading(votes));
        let columns: Vec<Candidate> = leading.map(|(candidate, _)| *candidate).collect();
        if columns.len() < 2 {
            return;
        }
        let sequences: Vec<Option<Sequence>> = columns.iter().map(|column| self.sequence(*column, lines)).collect();
        let Some(best) = sequences.iter().flatten().max_by_key(|sequence| sequence.kind) else { return };
        // What is the same in all lines is about all of them if other times rise, such as the end of the day.
        let is_worse_than_best = |own: &Sequence| match own.kind {
            SequenceKind::Same => {
                let is_other =
                    best.is_dense && (best.kind == SequenceKind::Near || own.earliest > best.latest + 86_400);
                best.kind > own.kind && (best.earliest > own.earliest || is_other)
            }
            kind => kind < best.kind && best.kind > SequenceKind::Same,
        };
        let is_worse = |candidate: &Candidate| {
            let mut own = columns.iter().zip(&sequences).filter(|(column, _)| *column == candidate);
            own.any(|(_, sequence)| sequence.as_ref().is_some_and(is_worse_than_best))
        };
        all.retain(|(candidate, _)| !is_worse(candidate));
    }

    /// Removes the columns of dates after the time of modification from a source of one or two lines, whose order shows nothing, if another
    /// column has earlier dates.
    fn retain_possible_columns(&self, all: &mut Vec<(Candidate, Votes)>, lines: &[&[u8]]) {
        let Some(latest) = self.circumstances.modified.map(latest_local) else { return };
        if self.lines.len() >= LEAST_ORDERED {
            return;
        }
        let is_future = |(place, index): Candidate| {
            let settled = Settled { order: self.around.order, basis: OrderBasis::Form };
            let slot = index.map_or(Slot::IsoAt(place), |index| Slot::At(place, self.shape(index), settled));
            let form = Form::new([Some(slot), None], self.around, false);
            lines.iter().any(|line| Reader::default().find(&form, line).is_some_and(|stamp| stamp.time > latest))
        };
        let columns = all.iter().map(|(candidate, _)| *candidate).filter(|candidate| self.is_column(*candidate));
        let (future, others): (Vec<Candidate>, Vec<Candidate>) = columns.partition(|candidate| is_future(*candidate));
        if others.iter().any(|(place, _)| !future.iter().any(|(other, _)| other == place)) {
            all.retain(|((place, _), _)| !future.iter().any(|(other, _)| other == place));
        }
    }

    /// Returns how the times of a candidate follow each other, or `None` if there are too few of them.
    fn sequence(&self, (place, index): Candidate, lines: &[&[u8]]) -> Option<Sequence> {
        let modified = self.circumstances.modified.map(|time| time.nanoseconds().div_euclid(1_000_000_000));
        let latest = modified.map_or(i64::MAX, |second| second + 2 * 86_400);
        let by = |order| {
            let settled = Settled { order: Some(order), basis: OrderBasis::Form };
            let slot = index.map_or(Slot::IsoAt(place), |index| Slot::At(place, self.shape(index), settled));
            let form = Form::new([Some(slot), None], self.around, false);
            let mut reader = Reader::default();
            let times = lines.iter().filter_map(|line| reader.find(&form, line));
            let seconds: Vec<i64> = times.map(|stamp| stamp.time.nanoseconds().div_euclid(1_000_000_000)).collect();
            let is_enough =
                seconds.len() >= LEAST_ORDERED && seconds.len() * 10 >= self.count(lines, (place, index)).lines * 9;
            let is_possible = seconds.iter().all(|second| *second <= latest);
            let is_far = || seconds.windows(2).any(|pair| (pair[1] - pair[0]).abs() > 86_400);
            let kind = match is_in_order(&seconds) && is_possible {
                false => SequenceKind::Unordered,
                true if is_constant(&seconds) => SequenceKind::Same,
                // A few dates may be in order by chance.
                true if seconds.len() < LEAST_LINES && is_far() => SequenceKind::Far,
                true => SequenceKind::Near,
            };
            is_enough.then(|| Sequence {
                kind,
                earliest: seconds.iter().min().copied().unwrap_or_default(),
                latest: seconds.iter().max().copied().unwrap_or_default(),
                is_dense: kind > SequenceKind::Same && is_dense(&seconds),
            })
        };
        // In the right order of day and month, if the form does not determine it, dates are more likely to be in order.
        let found = [Order::Dmy, Order::Mdy, Order::Ymd].map(by);
        found.into_iter().flatten().max_by_key(|sequence| sequence.kind)
    }

    /// Decides which of two columns with clock times after a column with dates counts, and removes the candidates with the other. If
    /// the first may be durations, and nothing decides, removes both.
    fn retain_clocks(&self, all: &mut Vec<(Candidate, Votes)>, lines: &[&[u8]]) {
        let skips = |index: Option<u16>| index.is_some_and(|index| self.shape(index).skips_clock);
        let seconds: Vec<Candidate> =
            all.iter().map(|(candidate, _)| *candidate).filter(|(_, index)| skips(*index)).collect();
        for (place, second) in seconds {
            let is_first = |(candidate, index): Candidate| {
                candidate == place && index.is_some_and(|index| self.shape(index).has_two_columns) && !skips(index)
            };
            let with: Vec<&[u8]> = lines.iter().copied().filter(|line| self.has(line, (place, second))).collect();
            let first = all.iter().map(|(candidate, _)| *candidate).find(|candidate| is_first(*candidate));
            let kept = match first {
                // Most lines must have both.
                Some(first) if with.len() * 10 >= self.count(lines, first).lines * 9 => {
                    self.clock_of([first, (place, second)], &with)
                }
                first => first,
            };
            all.retain(|(candidate, _)| {
                *candidate != (place, second) && !is_first(*candidate) || Some(*candidate) == kept
            });
        }
    }

    /// Returns which of two candidates, with the first and the second clock time after a date, has the times of the lines.
    fn clock_of(&self, [first, second]: [Candidate; 2], lines: &[&[u8]]) -> Option<Candidate> {
        const CLOCKS: [&str; 4] = ["time", "clock", "zeit", "uhr"];
        const DURATIONS: [&str; 11] =
            ["duration", "wait", "elapsed", "length", "talk", "hold", "taken", "delay", "dauer", "billsec", "response"];
        let named = |after: usize, parts: &[&str]| {
            let header = self.header.as_ref()?;
            let name = header.names.get(header.column(lines[0], first.0.locate(lines[0])?) + after)?.to_lowercase();
            Some(parts.iter().any(|part| name.contains(part)))
        };
        let [is_first_long, is_second_long] = [1, 2].map(|after| named(after, &DURATIONS).unwrap_or(false));
        let [is_first_clock, is_second_clock] = [1, 2].map(|after| named(after, &CLOCKS).unwrap_or(false));
        match (is_first_long, is_second_long) {
            (true, false) => return Some(second),
            (false, true) => return Some(first),
            _ if is_first_clock => return Some(first),
            _ if is_second_clock => return Some(second),
            _ => {}
        }
        let clocks = |(place, index): Candidate| {
            let missing = Missing { order: Some(Order::Dmy), last_day: None, day: Some(0) };
            let read = |line: &&[u8]| {
                let (parts, _) = self.shape(index?).read(&line[place.locate(line)?..])?;
                parts.on_day(|| Some(0)).map(|local| (local, parts.day(&missing)))
            };
            lines.iter().filter_map(read).map(|(local, day)| (day, local.second)).collect::<Vec<_>>()
        };
        let (ones, others) = (clocks(first), clocks(second));
        let rises = |clocks: &[(Option<i32>, i64)]| {
            clocks.windows(2).all(|pair| pair[0].0 != pair[1].0 || pair[0].1 <= pair[1].1)
                && clocks.len() >= LEAST_ORDERED
        };
        let is_short = |clocks: &[(Option<i32>, i64)]| clocks.iter().all(|(_, second)| *second < 3600);
        match (rises(&ones), rises(&others)) {
            (false, true) => Some(second),
            (true, false) => Some(first),
            _ if is_short(&ones) && !is_short(&others) => None,
            _ => Some(first),
        }
    }

    /// Whether numbers are not serial numbers, because they mean the same times as the dates in their lines, in any zone.
    fn agree(&self, number: Candidate, date: Candidate, lines: &[&[u8]]) -> bool {
        const DAY_SECONDS: i64 = 86_400;
        let second = |line: &[u8], (place, index): Candidate, last_day| {
            let text = line.get(place.locate(line)?..)?;
            let Some(index) = index else {
                return Some(super::iso::Reader::default().read(text)?.time.nanoseconds().div_euclid(1_000_000_000));
            };
            let (parts, _) = self.shape(index).read(text)?;
            Some(parts.moment(&Missing { order: Some(Order::Dmy), last_day, day: None })?.second)
        };
        let apart = lines.iter().filter_map(|line| {
            let number = second(line, number, None)?;
            let last_day = i32::try_from(number.div_euclid(DAY_SECONDS) + 1).ok();
            Some((number - second(line, date, last_day)?).abs())
        });
        let (near, all) = apart.fold((0, 0), |(near, all), apart| (near + usize::from(apart <= DAY_SECONDS), all + 1));
        all >= LEAST_LINES && near * 10 >= all * 9
    }

    fn shapes(&self) -> &'static Shapes {
        self.around.shapes()
    }

    fn shape(&self, index: u16) -> &'static Shape {
        &self.shapes().all[usize::from(index)]
    }

    /// Adds the votes of a line to `votes`.
    fn vote(&self, line: &[u8], votes: &mut HashMap<Candidate, Votes>) {
        let mut add = |candidate: Candidate, position: usize, len: usize| {
            let votes = votes.entry(candidate).or_default();
            votes.lines += 1;
            votes.position += position;
            votes.len += len;
        };
        for (index, shape) in self.shapes().searching() {
            if self.applies(index) && shape.read(line).is_some() {
                // A form that searches for a text is more certain than any other form at the same place.
                add((Place::Found, Some(index)), shape.found_at(line), line.len() + 1000);
            }
        }
        // A key in the record itself also counts for the records that have it in a nested object.
        let reaches = |key| [Reach::Own, Reach::Nested].map(|reach| Place::Key(key, reach));
        let keyed =
            keys::in_line(line).into_iter().flat_map(reaches).filter_map(|place| Some((place, place.locate(line)?)));
        for (place, at) in keyed {
            if iso_at(line, at) {
                add((place, None), at, 1000);
            }
            for (index, shape) in self.shapes().beginning_with(line[at]).filter(|(index, _)| self.applies(*index)) {
                if let Some((_, len)) = shape.read(&line[at..]).filter(|_| shape.lacks == Lacks::Nothing) {
                    add((place, Some(index)), at, len);
                }
            }
        }
        let (begin, level) = (start(line), after_level(line));
        for at in (begin..line.len().min(SEARCH_LIMIT_BYTES)).filter(|&at| may_be_time(&line[at..])) {
            let places = places(line, (begin, level), at);
            // ISO 8601 is also accepted after a colon, because nothing else looks like it.
            let is_after_colon = at > begin && line[at - 1] == b':';
            let is_token = begins_token(line, at);
            if (is_token || is_after_colon) && iso_at(line, at) {
                places.iter().flatten().for_each(|place| add((*place, None), at, 1000));
            }
            if !is_token {
                continue;
            }
            let is_first = at == begin || level == Some(at);
            for (index, shape) in self.shapes().beginning_with(line[at]).filter(|(index, _)| self.applies(*index)) {
                // Elsewhere in a line, the date before a clock time belongs to it, and not the one after it.
                if shape.has_clock_first && !is_first {
                    continue;
                }
                if let Some((_, len)) = shape.read(&line[at..]) {
                    places.iter().flatten().for_each(|place| add((*place, Some(index)), at, len));
                }
            }
        }
    }

    /// Whether the form with this index can apply to the source, by its headers.
    fn applies(&self, index: u16) -> bool {
        self.applying[usize::from(index)]
    }

    /// Counts the lines with a candidate.
    fn count(&self, lines: &[&[u8]], candidate: Candidate) -> Votes {
        let lines = lines.iter().filter(|line| self.has(line, candidate)).count();
        Votes { lines, position: 0, len: 0 }
    }

    /// Whether a line has a time of this form at this place.
    fn has(&self, line: &[u8], (place, index): Candidate) -> bool {
        let Some(at) = place.locate(line) else { return false };
        match index {
            None => iso_at(line, at),
            Some(index) => self.shape(index).read(&line[at..]).is_some(),
        }
    }

    /// Returns the slot of a candidate that `votes` of `total` lines have, or `None` if that is not enough.
    fn slot(&self, (place, index): Candidate, votes: usize, total: usize, lines: &[&[u8]]) -> Option<Slot> {
        let shape = index.map(|index| self.shape(index));
        let is_enough = match (place, shape) {
            (Place::Key(key, Reach::Own), _) if !keys::is_other(key) && self.are_objects((place, index), lines) => {
                votes >= 3 || votes * 20 >= total
            }
            (Place::Key(..), _) => votes * 3 >= total,
            (_, Some(shape)) if shape.needs_lines && !self.has_fractions((place, index), lines) => {
                let is_clock = shape.lacks == Lacks::Date && self.around.day.is_some();
                votes >= LEAST_LINES && (votes * 5 >= total * 4 || is_clock && votes * 4 >= total)
            }
            (_, Some(shape)) if shape.is_anywhere => votes * 10 >= total,
            (Place::Found, _) => votes >= 3 || votes * 100 >= total,
            (Place::Start | Place::Edge | Place::Level, _) => votes >= 3 || votes * 20 >= total,
            (Place::Field { delimiter: b',' | b';' | b'\t' | b'|', .. }, _) => {
                votes * 2 >= total || votes >= 2 && votes * 4 >= total
            }
            (Place::Field { .. } | Place::Offset(_), Some(shape)) if shape.product.is_some() => votes * 2 >= total,
            // Messages may have several lines each.
            (_, None) if votes >= LEAST_LINES => votes * 10 >= total,
            (_, None) => votes * 2 >= total,
            (Place::Field { .. } | Place::Offset(_), _) => votes >= 2 && votes * 2 >= total,
        };
        if !is_enough || !self.is_own((place, index), lines) {
            return None;
        }
        let Some(shape) = shape else {
            return Some(match has_unknown_halves(lines, place) {
                true => Slot::Nothing,
                false if numbers::are_no_zones(iso_clocks(lines, place)) => self.iso_without_zone(place, lines)?,
                false => Slot::IsoAt(place),
            });
        };
        // The end may begin in the middle of a line.
        let end = self.circumstances.end.splitn(2, |&byte| byte == b'\n').nth(1).unwrap_or_default();
        let end: Vec<&[u8]> = self::lines(end).collect();
        let shape = shape
            .without_half
            .as_deref()
            .filter(|plain| self.has_no_halves(place, plain, shape, &end))
            .unwrap_or(shape);
        let with_end = |line: &&[u8]| place.locate(line).and_then(|at| Some((shape.read(&line[at..])?, at)));
        let read = |line: &&[u8]| with_end(line).map(|((parts, _), _)| parts);
        let mut read_lines: Vec<Parts> = lines.iter().filter_map(read).collect();
        let first_count = read_lines.len();
        // Two numbers are not a month and a day if they often form no date.
        let missing = Missing { order: None, last_day: self.around.last_day, day: self.around.day };
        let is_possible = |parts: &&Parts| parts.open().is_some() || parts.moment(&missing).is_some();
        if shape.lacks == Lacks::Year && read_lines.iter().filter(is_possible).count() * 50 < first_count * 49 {
            return None;
        }
        read_lines.extend(end.iter().filter_map(read));
        let has_end = read_lines.len() > first_count;
        let is_english =
            |line: &&[u8]| with_end(line).is_some_and(|((_, end), at)| has_english_half(&line[at..at + end]));
        let has_english_half = lines.iter().any(is_english);
        let settled = self.settle(shape, &read_lines, has_end, has_english_half);
        if shape.needs_lines
            && !matches!(place, Place::Key(..))
            && !self.has_fractions((place, index), lines)
            && (self.is_about_another((place, index), lines)
                || !self.rises(shape, &read_lines[..first_count], settled.order))
        {
            return if shape.lacks == Lacks::Date && place == Place::Start { Some(Slot::Nothing) } else { None };
        }
        // Only the clock matters here, and not the order of the date.
        let missing = Missing { order: settled.order.or(Some(Order::Dmy)), ..missing };
        let clocks = lines.iter().filter_map(|line| {
            let ((parts, end), at) = with_end(line)?;
            Some((parts.moment(&missing)?.second, &line[at + end..])).filter(|_| !shape.is_epoch)
        });
        if read_lines.iter().all(|parts| !parts.has_half_day()) && halves::are_unknown(clocks) {
            return Some(Slot::Nothing);
        }
        let without_zone = shape.without_zone.as_deref().filter(|shape| {
            let clocks = lines.iter().filter_map(|line| {
                let text = &line[place.locate(line)?..];
                let (parts, end) = shape.read(text)?;
                Some((parts.moment(&missing)?.second, &text[end..]))
            });
            numbers::are_no_zones(clocks)
        });
        Some(Slot::At(place, without_zone.unwrap_or(shape), settled))
    }

    /// Whether words such as `PM` after the times of a form are not AM and PM, in all lines and in those of the end. `plain` is the form
    /// with a 24-hour clock.
    fn has_no_halves(&self, place: Place, plain: &Shape, shape: &Shape, end: &[&[u8]]) -> bool {
        let missing = Missing { order: Some(Order::Dmy), last_day: self.around.last_day, day: self.around.day };
        let clock = |line: &&'_ [u8]| -> Option<(i64, usize)> {
            let at = place.locate(line)?;
            let (parts, len) = plain.read(&line[at..])?;
            let by = |order| parts.moment(&Missing { order: Some(order), ..missing });
            Some((by(Order::Dmy).or_else(|| by(Order::Mdy))?.second, at + len))
        };
        let times = |lines: &[&[u8]]| {
            let clocks = lines.iter().filter_map(|line| clock(line).map(|(second, end)| (second, &line[end..])));
            halves::are_other_words(clocks, shape.has_open_half_day)
        };
        times(self.lines) || times(end)
    }

    /// Returns the slot of ISO 8601 times at a place, for sources in which numbers and words that are no zones follow them.
    fn iso_without_zone(&self, place: Place, lines: &[&[u8]]) -> Option<Slot> {
        let (with_t, all) = lines
            .iter()
            .filter_map(|line| line.get(place.locate(line)? + 10))
            .fold((0, 0), |(with_t, all), byte| (with_t + usize::from(byte.eq_ignore_ascii_case(&b'T')), all + 1));
        let name = if with_t * 2 > all { "iso-half" } else { "iso-loose" };
        let shape = self.shapes().all.iter().find(|shape| shape.name() == name)?;
        let settled = Settled { order: None, basis: OrderBasis::Form };
        Some(Slot::At(place, shape.without_zone.as_deref().unwrap_or(shape), settled))
    }

    /// Whether all lines with a candidate are JSON objects.
    fn are_objects(&self, candidate: Candidate, lines: &[&[u8]]) -> bool {
        lines.iter().filter(|line| self.has(line, candidate)).all(|line| line.starts_with(b"{"))
    }

    /// Whether all numbers of a candidate are at the start of lines and have a fraction, so that they cannot be anything but the
    /// seconds since 1970, even in a few lines.
    fn has_fractions(&self, (place, index): Candidate, lines: &[&[u8]]) -> bool {
        if !matches!(place, Place::Start) || !index.is_some_and(|index| self.shape(index).is_epoch) {
            return false;
        }
        let mut lines = lines.iter().filter(|line| self.has(line, (place, index))).peekable();
        lines.peek().is_some() && lines.all(|line| has_fraction(&line[start(line)..]))
    }

    /// Whether numbers within lines follow a key that does not name the time, such as `phone=`, or a word, as in `call to`.
    fn is_about_another(&self, candidate: Candidate, lines: &[&[u8]]) -> bool {
        let (place, index) = candidate;
        let is_bare = index.is_some_and(|index| self.shape(index).is_bare());
        if !is_bare || matches!(place, Place::Start | Place::Edge) {
            return false;
        }
        let mut with = lines.iter().filter(|line| self.has(line, candidate));
        with.any(|line| place.locate(line).is_some_and(|at| follows_word(line, at)))
    }

    /// Whether dates within lines are the times of these lines and are not just mentioned in their messages.
    fn is_own(&self, candidate: Candidate, lines: &[&[u8]]) -> bool {
        let (place, index) = candidate;
        // An hour of a 12-hour clock is not known without the half of the day that comes before the time.
        let mut starts = lines.iter().filter(|line| self.has(line, candidate));
        if starts.next().is_some_and(|line| place.locate(line).is_some_and(|at| read::ends_with_half_day(&line[..at])))
        {
            return false;
        }
        let is_free = matches!(place, Place::Offset(_) | Place::Field { delimiter: b' ' | b'=' | b':' | b'[', .. });
        let is_doubtful = matches!(place, Place::Key(key, _) if keys::is_doubtful(key));
        let is_sure = index.is_some_and(|index| self.shape(index).needs_lines || self.shape(index).is_anywhere);
        if !is_doubtful && (!is_free || is_sure) {
            return true;
        }
        let slot = match index {
            None => Slot::IsoAt(place),
            Some(index) => {
                Slot::At(place, self.shape(index), Settled { order: Some(Order::Dmy), basis: OrderBasis::Form })
            }
        };
        let with = lines.iter().filter(|line| self.has(line, candidate));
        if is_doubtful {
            let form = Form::new([Some(slot), None], self.around, false);
            let times = with.filter_map(|line| Reader::default().find(&form, line));
            let seconds: Vec<i64> = times.map(|stamp| stamp.time.nanoseconds().div_euclid(1_000_000_000)).collect();
            return seconds.len() < LEAST_LINES || is_in_order(&seconds) && !is_constant(&seconds);
        }
        self.are_own(
            with.filter_map(|line| Some((&line[start(line)..place.locate(line)?.max(start(line))], *line))),
            slot,
        )
    }

    /// Whether the times of a slot are the times of their lines. Each line comes as a pair: the text before its time, and the
    /// line.
    fn are_own<'l>(&self, lines: impl Iterator<Item = (&'l [u8], &'l [u8])>, slot: Slot) -> bool {
        let form = Form::new([Some(slot), None], self.around, false);
        let mut reader = Reader::default();
        let (mut count, mut prose, mut with_time, mut others, mut seconds) = (0, 0, 0, 0, Vec::new());
        for (before, line) in lines {
            count += 1;
            others += usize::from(names_another_time(before) || read::ends_with_half_day(before));
            prose += usize::from(is_prose(before));
            with_time += usize::from(has_clock(before));
            seconds.extend(reader.find(&form, line).map(|stamp| stamp.time.nanoseconds().div_euclid(1_000_000_000)));
        }
        // Before it, there is another time in an unknown form, or a word that shows that it is the time of something else.
        if with_time * 2 > count || others * 2 > count {
            return false;
        }
        match seconds.len() {
            0..3 => prose * 2 <= count,
            3..LEAST_LINES => prose * 2 <= count && is_in_order(&seconds),
            _ => is_in_order(&seconds) && !is_constant(&seconds),
        }
    }

    /// Whether most lines have an ISO 8601 date after a prefix that varies in length.
    fn has_prefixed_iso(&self) -> bool {
        let dated = |line: &&[u8]| {
            let near = &line[..line.len().min(SEARCH_LIMIT_BYTES + SECOND_BYTES)];
            let header = self.header.as_ref();
            let is_other = |at: usize| header.is_some_and(|header| header.is_other(header.column(line, at)));
            (start(line)..near.len()).find(|&at| begins_token(near, at) && iso_at(near, at) && !is_other(at))
        };
        let lines = self.lines.iter().filter(|line| !is_continued(line));
        let (with, all) =
            lines.clone().fold((0, 0), |(with, all), line| (with + usize::from(dated(line).is_some()), all + 1));
        let before = lines.filter_map(|line| Some((&line[start(line)..dated(line)?], *line)));
        with >= 3 && with * 2 >= all && self.are_own(before, Slot::Iso)
    }

    /// Whether the times of a second form are near the preceding times of the first one, so that they are not dates in messages.
    fn is_second(&self, first: Slot, second: Slot) -> bool {
        const NEAR_SECONDS: i64 = 15 * 3600;
        const YEAR_SECONDS: i64 = 31_556_952;
        let lacks_year = matches!(first, Slot::At(_, shape, _) if shape.lacks == Lacks::Year);
        // A year that the first form does not contain may be wrong.
        let is_close = |apart: i64| {
            let in_year = apart.rem_euclid(YEAR_SECONDS);
            apart.abs() <= NEAR_SECONDS || lacks_year && in_year.min(YEAR_SECONDS - in_year) <= NEAR_SECONDS + 86_400
        };
        let [first, second] = [first, second].map(|slot| Form::new([Some(slot), None], self.around, false));
        let (mut reader, mut last) = (Reader::default(), None);
        let (mut all, mut far) = (0, 0);
        for line in self.lines {
            let mut second_of = |form| Some(reader.find(form, line)?.time.nanoseconds().div_euclid(1_000_000_000));
            if let Some(second) = second_of(&first) {
                last = Some(second);
            } else if let Some(second) = second_of(&second) {
                // An indented line continues the one above.
                let is_near = last.is_none_or(|last: i64| is_close(second - last)) && !is_continued(line);
                all += 1;
                far += usize::from(!is_near);
            }
        }
        all >= 2 && far * 10 <= all
    }

    /// Whether clock times go back by more than half a day, or there are headers with several dates.
    fn passes_midnight(&self, form: &Form) -> bool {
        const HALF_A_DAY: i64 = 43_200 * 1_000_000_000;
        let mut reader = Reader::default();
        let times: Vec<i64> =
            lines(self.text).filter_map(|line| Some(reader.find(form, line)?.time.nanoseconds())).collect();
        let mut days = lines(self.text).filter_map(|line| line.strip_prefix(b"#Date: ")?.get(..10));
        let first_day = days.next();
        times.windows(2).any(|pair| pair[0] - pair[1] > HALF_A_DAY) || days.any(|day| Some(day) != first_day)
    }

    /// Whether numbers are times: nearly all of them are possible times, and they hardly ever decrease.
    fn rises(&self, shape: &Shape, parts: &[Parts], order: Option<Order>) -> bool {
        let missing = Missing { order, last_day: self.around.last_day, day: self.around.day };
        // A number after the source was last modified is not a time.
        let modified = self.circumstances.modified.filter(|_| shape.is_epoch);
        let modified = modified.map(|time| time.nanoseconds().div_euclid(1_000_000_000) + 2 * 86_400);
        let latest = modified.unwrap_or(i64::MAX).min(last_second());
        let locals: Vec<Local> = parts
            .iter()
            .filter_map(|parts| parts.moment(&missing))
            .filter(|local| (FIRST_SECOND..latest).contains(&local.second))
            .collect();
        let seconds: Vec<i64> = locals.iter().map(|local| local.second).collect();
        let falls = seconds.windows(2).filter(|pair| pair[0] > pair[1] + 60).count();
        let varies = if shape.is_bare() {
            advances(&locals)
        } else {
            shape.lacks != Lacks::Nothing || seconds.windows(2).any(|pair| pair[0] != pair[1])
        };
        seconds.len() * 10 >= parts.len() * 9 && falls * 10 <= seconds.len() && varies
    }

    /// Decides the order of day and month. `has_end` must be set if the last of `parts` is the last time of the source, and
    /// `has_english_half` if one of the times has AM or PM in English.
    fn settle(&self, shape: &Shape, parts: &[Parts], has_end: bool, has_english_half: bool) -> Settled {
        let open: Vec<&Parts> = parts.iter().filter(|parts| parts.open().is_some()).collect();
        if open.is_empty() {
            return Settled { order: None, basis: OrderBasis::Form };
        }
        let decided = |order, basis| Settled { order: Some(order), basis };
        let has_third = open[0].open().is_some_and(|[.., third]| third.is_some());
        let mut orders = vec![Order::Dmy, Order::Mdy];
        if has_third {
            orders.push(Order::Ymd);
        }
        if let Some(order) = self.circumstances.given.order.filter(|order| orders.contains(order)) {
            return decided(order, OrderBasis::Given);
        }
        let [with_half, without]: [Vec<&Parts>; 2] =
            [true, false].map(|has| open.iter().copied().filter(|parts| parts.has_half_day() == has).collect());
        let is_of_two = !with_half.is_empty() && !without.is_empty() && {
            let [one, other] = [&with_half, &without].map(|parts| proved(parts));
            one.is_none() || one != other
        };
        if is_of_two || [Order::Dmy, Order::Mdy].iter().all(|order| open.iter().any(|parts| proves(parts, *order))) {
            return Settled { order: None, basis: OrderBasis::Unknown };
        }
        let modified = self.circumstances.modified.and_then(day_of);
        // A clock may be fast, or the zone may be ahead of UTC.
        let latest = modified.map(|day| day + 1);
        let day_in = |parts: &Parts, order| {
            let missing = Missing { order: Some(order), last_day: self.around.last_day, day: None };
            let local = parts.moment(&missing)?;
            let is_possible = (FIRST_SECOND..last_second()).contains(&local.second);
            i32::try_from(local.second.div_euclid(86_400)).ok().filter(|_| is_possible)
        };
        let days_by = |latest: Option<i32>| -> Vec<(Order, Vec<Option<i32>>)> {
            let days = |order| {
                let days: Vec<Option<i32>> = open.iter().map(|parts| day_in(parts, order)).collect();
                let latest = latest.map(|latest| last_of_run(&days, latest));
                let is_possible = |day: &i32| latest.is_none_or(|latest| *day <= latest);
                days.into_iter().map(|day| day.filter(is_possible)).collect()
            };
            orders.iter().map(|&order| (order, days(order))).collect()
        };
        let impossible = |days: &[Option<i32>]| days.iter().filter(|day| day.is_none()).count();
        let fewest =
            |days: &[(Order, Vec<Option<i32>>)]| days.iter().map(|(_, days)| impossible(days)).min().unwrap_or(0);
        let mut days = days_by(latest);
        if fewest(&days) * 2 > open.len() {
            // The time of modification is not when the log was written.
            days = days_by(None);
        }
        // A few impossible dates do not rule out an order, because lines may be damaged.
        let fewest = fewest(&days);
        let mut left: Vec<(Order, Vec<i32>)> = days
            .into_iter()
            .filter(|(_, days)| (impossible(days) - fewest) * 50 <= days.len() && days.iter().any(Option::is_some))
            .map(|(order, days)| (order, days.into_iter().flatten().collect::<Vec<_>>()))
            .collect();
        let only = |left: &[(Order, Vec<i32>)]| match left {
            [(order, _)] => Some(*order),
            // In every date, the day and the month are the same number.
            [(one, first), rest @ ..] if rest.iter().all(|(_, days)| days == first) => Some(*one),
            _ => None,
        };
        if let Some(order) = only(&left) {
            return decided(order, OrderBasis::Part);
        }
        let falls = |days: &[i32]| days.windows(2).filter(|pair| pair[0] > pair[1] + 1).count();
        let fewest = left.iter().map(|(_, days)| falls(days)).min().unwrap_or(0);
        if fewest == 0 {
            // A single step back can also be where a log was appended to another one.
            left.retain(|(_, days)| falls(days) <= 1);
        }
        if let Some(order) = only(&left) {
            return decided(order, OrderBasis::Rising);
        }
        if has_third {
            let span = |days: &[i32]| days.iter().max().zip(days.iter().min()).map_or(0, |(max, min)| max - min);
            let spans: Vec<i32> = left.iter().map(|(_, days)| span(days)).collect();
            if let Some(&least) = spans.iter().min()
                && least > 0
            {
                left.retain(|(_, days)| span(days) / 10 <= least);
                if let Some(order) = only(&left) {
                    return decided(order, OrderBasis::Year);
                }
            }
        }
        let near = |wanted: Option<i32>, days: &[i32]| {
            wanted.zip(days.last().copied()).is_some_and(|(wanted, day)| (wanted - 1..=wanted + 1).contains(&day))
        };
        let named = date_in_name(self.circumstances.name);
        let by_name: Vec<_> = left.iter().filter(|(_, days)| near(named, days)).cloned().collect();
        if let Some(order) = only(&by_name) {
            return decided(order, OrderBasis::Name);
        }
        if self.circumstances.is_whole || has_end {
            let by_end: Vec<_> = left.iter().filter(|(_, days)| near(modified, days)).cloned().collect();
            if let Some(order) = only(&by_end) {
                return decided(order, OrderBasis::Modified);
            }
        }
        let may_be = |wanted: Order| left.iter().any(|(order, _)| *order == wanted);
        if shape.has_dots && may_be(Order::Dmy) {
            return decided(Order::Dmy, OrderBasis::Dots);
        }
        if has_english_half && open.iter().any(|parts| parts.has_half_day()) && may_be(Order::Mdy) {
            return decided(Order::Mdy, OrderBasis::HalfDay);
        }
        Settled { order: None, basis: OrderBasis::Unknown }
    }
}

/// How the times of a column follow each other.
#[derive(Clone, Copy, Debug)]
struct Sequence {
    kind: SequenceKind,
    /// The earliest of them, in seconds since 1970.
    earliest: i64,
    /// The latest of them, in seconds since 1970.
    latest: i64,
    /// Whether they are in order and near each other, as the times of events are.
    is_dense: bool,
}

/// The kinds of sequences, from the least to the most probable for the times of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SequenceKind {
    /// The times are not in order, or later than the last change of the source.
    Unordered,
    /// All of them are the same.
    Same,
    /// They are in order, but there are only a few of them, and some are more than a day apart.
    Far,
    /// They are in order.
    Near,
}

/// Whether a part above 12 is the day in this order.
fn proves(parts: &Parts, order: Order) -> bool {
    let Some([Some(first), Some(second), _]) = parts.open() else { return false };
    let (day, month) = if order == Order::Dmy { (first, second) } else { (second, first) };
    (13..=31).contains(&day) && (1..=12).contains(&month)
}

/// Returns the order that parts above 12 prove.
fn proved(all: &[&Parts]) -> Option<Order> {
    [Order::Dmy, Order::Mdy].into_iter().find(|order| all.iter().any(|parts| proves(parts, *order)))
}

/// Whether times are hardly ever out of order, with the oldest or the newest first.
fn is_in_order(seconds: &[i64]) -> bool {
    let pairs = || seconds.windows(2);
    let falls = pairs().filter(|pair| pair[0] > pair[1] + 60).count();
    let climbs = pairs().filter(|pair| pair[0] + 60 < pair[1]).count();
    falls.min(climbs) * 10 <= seconds.len()
}

/// Whether most neighbouring times are at most an hour apart.
fn is_dense(seconds: &[i64]) -> bool {
    let near = seconds.windows(2).filter(|pair| (pair[1] - pair[0]).abs() <= 3600).count();
    near * 4 >= (seconds.len() - 1) * 3
}

fn is_constant(seconds: &[i64]) -> bool {
    seconds.windows(2).all(|pair| pair[0] == pair[1])
}

/// Whether a time has AM or PM in English, as in `2:57 PM`, `2:57 p.m.` or `2:57p`. Other languages rarely have the month first.
fn has_english_half(time: &[u8]) -> bool {
    let is_letter = |byte: u8| matches!(byte, b'A' | b'a' | b'P' | b'p');
    let is_joined = |pair: &[u8]| matches!(pair, [b'0'..=b'9', b'a' | b'p']);
    time.windows(2).any(|pair| is_letter(pair[0]) && matches!(pair[1], b'M' | b'm') || is_joined(pair))
        || time
            .windows(3)
            .any(|part| is_letter(part[0]) && part[1] == b'.' && matches!(part[2], b'M' | b'm' | b' ' | 0x80..))
}

/// Whether numbers have several values, and most of them are at most a day apart, as the times of neighbouring lines are.
/// Otherwise they are ids, or phone numbers that occur in several lines.
fn advances(times: &[Local]) -> bool {
    let steps = times.windows(2).filter(|pair| pair[0] != pair[1]).map(|pair| (pair[1].second - pair[0].second).abs());
    let (near, all) = steps.fold((0, 0), |(near, all), step| (near + usize::from(step <= 86_400), all + 1));
    all >= 2 && near * 2 >= all
}

/// Whether a number has as many digits as the seconds since 1970, and a fraction of at least milliseconds. A number after a comma may
/// be the next column.
fn has_fraction(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits(text) == 10 && text.get(10) == Some(&b'.') && digits(&text[11..]) >= 3
}

/// Whether a key or a word, but not a word of capitals, precedes the number at `at`, which is then about something else than the
/// time.
fn follows_word(line: &[u8], at: usize) -> bool {
    let is_opening = |byte: &&u8| is_opening(**byte) || **byte == b' ';
    let text = &line[..at];
    let text = &text[..text.len() - text.iter().rev().take_while(is_opening).count()];
    if let [before @ .., b'=' | b':'] = text {
        return !keys::ends_with_one(before)
            && before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || is_opening(&byte));
    }
    let word = text.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    !has_fraction(&line[at..]) && word.iter().all(u8::is_ascii_alphabetic) && word.iter().any(u8::is_ascii_lowercase)
}

/// Whether a line continues the one above it.
fn is_continued(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t')) || line.starts_with(b"Caused by: ") || line.starts_with(b"at ")
}

/// Whether a text is probably part of a sentence, because it has at least three words of letters only.
fn is_prose(text: &[u8]) -> bool {
    let is_word = |word: &&[u8]| {
        let word = word.strip_suffix(b",").or(word.strip_suffix(b":")).unwrap_or(word);
        word.iter().all(|&byte| byte.is_ascii_alphabetic() || !byte.is_ascii())
            && word.iter().any(u8::is_ascii_lowercase)
    };
    text.split(|&byte| byte == b' ').filter(is_word).count() >= 3
}

/// Whether a text ends with a word or key, such as `until`, `next retry at` or `lastLogon=`, that shows that the next time is not that of the
/// line.
pub(super) fn names_another_time(text: &[u8]) -> bool {
    const WORDS: [&str; 29] = [
        "since",
        "until",
        "till",
        "after",
        "before",
        "from",
        "to",
        "by",
        "for",
        "valid",
        "expires",
        "expired",
        "expiry",
        "expiration",
        "due",
        "previous",
        "last",
        "next",
        "start",
        "seen",
        "built",
        "pwdlastset",
        "bis",
        "seit",
        "ab",
        "vor",
        "nach",
        "zuletzt",
        "ablauf",
    ];
    const PARTS: [&str; 5] = ["start", "begin", "after", "before", "session"];
    const KEY_ENDS: [&str; 7] = ["time", "stamp", "date", "at", "ts", "when", "logged"];
    // A message that begins with a time is a line of a log.
    /// How much of the text is searched for words, in bytes.
    const NEAR_BYTES: usize = 64;
    const MESSAGES: [&str; 3] = ["log", "message", "msg"];
    let is_opening = |byte: &&u8| is_opening(**byte) || **byte == b' ';
    let text = &text[..text.len() - text.iter().rev().take_while(is_opening).count()];
    if is_in_bracket(text) {
        return true;
    }
    let is_key = text.ends_with(b"=") || text.ends_with(b"\":");
    let is_name = is_key || text.ends_with(b":");
    let is_mark = |byte: &&u8| matches!(byte, b'=' | b':' | b'"');
    let text = &text[..text.len() - text.iter().rev().take_while(is_mark).count()];
    let is_part =
        |byte: &&u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || matches!(byte, b'_' | b'-' | b'@' | b'$');
    let (before, word) = text.split_at(text.len() - text.iter().rev().take_while(is_part).count());
    let word = String::from_utf8_lossy(word).to_ascii_lowercase();
    let is_other = is_name
        && (word.starts_with("end") || keys::names_another(&word) || PARTS.iter().any(|part| word.contains(part)));
    let is_time = word == "t" || MESSAGES.contains(&word.as_str()) || KEY_ENDS.iter().any(|end| word.ends_with(end));
    // `last sign-in 2017-02-14`
    const ORDINALS: [&str; 6] = ["last", "next", "previous", "letzte", "letzter", "letzten"];
    // `next retry at 2017-02-14`
    const PREPOSITIONS: [&str; 4] = ["at", "on", "am", "um"];
    const PLANS: [&str; 9] =
        ["retry", "retries", "retrying", "attempt", "scheduled", "planned", "expires", "expired", "due"];
    let near = String::from_utf8_lossy(&before[before.len().saturating_sub(NEAR_BYTES)..]).to_ascii_lowercase();
    let mut words = near.split_ascii_whitespace().rev();
    let first = words.next().unwrap_or_default();
    let is_plan = |word: &str| ORDINALS.contains(&word) || PLANS.contains(&word);
    let follows_ordinal = ORDINALS.contains(&first)
        || PREPOSITIONS.contains(&word.as_str()) && (is_plan(first) || words.next().is_some_and(is_plan));
    is_other || is_key && !is_time || WORDS.contains(&word.as_str()) || follows_ordinal
}

/// Whether a text ends within a round bracket, after words that say what the next time is about: `ann (last seen`.
fn is_in_bracket(text: &[u8]) -> bool {
    const TIMES: [&str; 5] = ["at", "on", "time", "um", "am"];
    // A line may be very long.
    let text = &text[text.len().saturating_sub(SEARCH_LIMIT_BYTES)..];
    let Some(open) = memchr::memrchr(b'(', text) else { return false };
    let inner = String::from_utf8_lossy(&text[open + 1..]).to_lowercase();
    let is_word = |word: &str| word.chars().all(|char| char.is_alphabetic() || matches!(char, '-' | '_' | ':'));
    let is_time = |word: &str| TIMES.contains(&word.trim_end_matches(':'));
    !inner.trim().is_empty() && inner.split(' ').all(is_word) && !inner.split_whitespace().all(is_time)
}

/// Whether a text has a clock time such as `2:57:24`.
fn has_clock(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (0..text.len()).filter(|&at| begins_token(text, at)).any(|at| {
        let text = &text[at..];
        let hours = digits(text);
        matches!(hours, 1 | 2)
            && matches!(
                text[hours..],
                [b':' | b'.', b'0'..=b'5', b'0'..=b'9', b':' | b'.', b'0'..=b'5', b'0'..=b'9', ..]
            )
            && !matches!(text.get(hours + 6), Some(b':' | b'0'..=b'9'))
            && !(text.get(hours) == Some(&b'.') && text.get(hours + 6) == Some(&b'.'))
    })
}

/// Extends `latest` over the days that follow it with a gap of at most one day. Lines can be newer than the time of modification,
/// because the file system may not update that time while a log is open.
fn last_of_run(days: &[Option<i32>], latest: i32) -> i32 {
    let mut after: Vec<i32> = days.iter().flatten().copied().filter(|&day| day > latest).collect();
    after.sort_unstable();
    let has_earlier = days.iter().flatten().any(|day| (latest - 2..=latest).contains(day));
    let follow = |last: i32, day: i32| if has_earlier && day - last <= 2 { day } else { last };
    after.into_iter().fold(latest, follow)
}

/// Returns the preference among places that describe the same positions in all lines: 0 is preferred most.
fn rank(place: Place) -> u8 {
    match place {
        Place::Found | Place::Key(..) => 0,
        Place::Start | Place::Edge | Place::Level => 1,
        Place::Field { delimiter: b',' | b';' | b'\t' | b'|', .. } => 2,
        Place::Field { .. } => 3,
        Place::Offset(_) => 4,
    }
}

/// Whether a time may begin at `at`, because it is not within a word, a number, an address or a path.
pub(super) fn begins_token(line: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| line[before]) else { return true };
    let is_joined = before.is_ascii_alphanumeric()
        || !before.is_ascii()
        || matches!(before, b'.' | b':' | b'-' | b'/' | b'\\' | b'_' | b'+' | b'@' | b'%' | b'~');
    // A time can begin with a padding blank only at the start of a text.
    !is_joined && line[at] != b' '
}

/// A quick check whether `text` may begin with a time. It rules out nearly all words and numbers.
fn may_be_time(text: &[u8]) -> bool {
    /// The longest name of a month or weekday, with what follows up to the day.
    const NAME_BYTES: usize = 20;
    /// The longest date up to the first colon of its clock time.
    const DATE_BYTES: usize = 40;
    let near = |len: usize| &text[..text.len().min(len)];
    match text[0] {
        b'@' | b'I' | b'W' | b'E' | b'F' | 0xE2 => true,
        b'0'..=b'9' => {
            let near = near(DATE_BYTES);
            let digits = near.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let is_date =
                matches!(near.get(digits), Some(b'.' | b'/' | b'-')) || near[digits..].starts_with("年".as_bytes());
            digits >= 6 || is_date || near.contains(&b':')
        }
        _ => near(NAME_BYTES).iter().any(u8::is_ascii_digit),
    }
}

/// Returns the places that describe the position `at` in a line. `begin` and `level` are the positions that [`start`] and
/// [`after_level`] return for the line.
fn places(line: &[u8], (begin, level): (usize, Option<usize>), at: usize) -> [Option<Place>; 4] {
    if at == begin {
        return [Some(Place::Start), None, None, None];
    }
    let opening = line[..at].iter().rev().take_while(|&&byte| is_opening(byte)).count();
    let before = &line[..at - opening];
    // In columns such as `a | b`, the blank belongs to the delimiter.
    let before = before.strip_suffix(b" ").filter(|before| before.ends_with(b"|")).unwrap_or(before);
    let field = before.last().filter(|byte| matches!(byte, b',' | b';' | b'\t' | b'|' | b'=' | b':' | b' ')).and_then(
        |&delimiter| {
            let index = before.iter().filter(|&&byte| byte == delimiter).count();
            Some(Place::Field { delimiter, index: u8::try_from(index).ok()? })
        },
    );
    let level = (level == Some(at)).then_some(Place::Level);
    // Names and lists of addresses before a bracket may have blanks.
    let bracket = line[..at].ends_with(b"[").then(|| line[..at].iter().filter(|&&byte| byte == b'[').count());
    let bracket = bracket.and_then(|index| Some(Place::Field { delimiter: b'[', index: u8::try_from(index).ok()? }));
    [field, u8::try_from(at).ok().map(Place::Offset), level, bracket]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_before_a_time_is_a_panic(
            before in prop::collection::vec(prop_oneof![
                Just(b"Pr\xfcfung\":".to_vec()),
                Just(b"\xe9=".to_vec()),
                Just("\u{130}\u{17f}\u{df}: ".as_bytes().to_vec()),
                Just(b"(last ".to_vec()),
                Just(b"locked until ".to_vec()),
                prop::collection::vec(any::<u8>(), 0..6),
            ], 0..4),
            opening in prop_oneof![Just("\""), Just("'"), Just("["), Just(" "), Just("=\""), Just(": \"")],
            time in prop_oneof![
                Just("2017-02-14T02:57:24Z"), Just("14.02.2017 02:57:24"), Just("02/14/2017 2:57:24 AM"),
                Just("Feb 14 02:57:24"), Just("1487041044"),
            ],
            after in prop::collection::vec(any::<u8>(), 0..6),
        ) {
            let line = [before.concat(), opening.into(), time.into(), after].concat();
            for text in [[&line[..], b"\n"].concat(), [&line[..], b"\nx\n", &line].concat()] {
                let form = detect(&text, &Circumstances::default());
                std::hint::black_box(form.read(&line));
            }
        }
    }

    #[test]
    fn a_date_is_found_in_the_name_of_a_file() {
        let cases = [
            ("logs/app-2017-02-14.log", Some((2017, 2, 14))),
            ("app_2017_02_14_0257.log", Some((2017, 2, 14))),
            ("app.20170214.log", Some((2017, 2, 14))),
            ("20170214_025724.log", Some((2017, 2, 14))),
            ("u_ex170214.log", Some((2017, 2, 14))),
            ("b.zip!/ex170214.log", Some((2017, 2, 14))),
            ("2017-02-14/app.log", None),
            ("app-2017-02-30.log", None),
            ("app-99999999.log", None),
            ("app-120170214.log", None),
            ("app-170214.log", None),
            ("app-19870214.log", None),
            ("2017", None),
            ("", None),
        ];
        for (name, expected) in cases {
            let expected = expected.and_then(|(year, month, day)| read::day(year, month, day));
            assert_eq!(date_in_name(name), expected, "{name}");
        }
    }

    #[test]
    fn a_form_describes_the_evidence_for_its_times() {
        let modified = |text: &str| {
            let nanoseconds = text.parse::<jiff::Timestamp>().unwrap().as_nanosecond();
            Some(Time::from_nanoseconds(nanoseconds.try_into().unwrap()))
        };
        let cases = [
            ("2017-02-14T02:57:24Z x", "a.log", "iso-8601", &[][..]),
            ("Feb 14 02:57:24 host x", "a.log", "syslog", &["year by the time of modification"]),
            ("Feb 14 02:57:24 host x", "a-20170219.log", "syslog", &["year of the name"]),
            ("14.02.2017 02:57:24 x", "a.log", "dots", &["day first by a part above 12 or a date that cannot be"]),
            ("03.02.2017 02:57:24 x", "a.log", "dots", &["day first as usual with dots"]),
            ("2/3/2017 2:57:24 AM x", "a.log", "slashes", &["month first as usual with AM and PM"]),
            ("02/03/2017 02:57:24 x", "a-2017-02-03.log", "slashes", &["month first by the date in the name"]),
            (
                "02/03/2017 02:57:24 x",
                "a.log",
                "slashes",
                &["day or month first is not known, so its times are not read; give --date-order"],
            ),
            ("1487041044.600 x", "a.log", "epoch", &["numbers at the same place, read as the time since 1970"]),
            ("\"N\",\"IAS\",02/03/2017,02:57:24,1", "a.log", "nps-text", &["month first, as NPS writes it"]),
            (
                "#Software: Microsoft Internet Information Services 8.5\n2017-02-14 02:57:24 x",
                "a.log",
                "iso-8601",
                &["UTC, as in logs in the format of the W3C"],
            ),
        ];
        for (text, name, form, evidence) in cases {
            let known = Circumstances {
                name,
                modified: modified("2017-06-20T00:00:00Z"),
                is_whole: true,
                ..Circumstances::default()
            };
            let found = detect(text.as_bytes(), &known);
            assert_eq!(
                (found.name().as_deref(), found.evidence()),
                (Some(form), evidence.iter().map(|one| (*one).to_owned()).collect()),
                "{text}"
            );
        }
    }
}
