//! Reads the parts of a time from text with the steps of a form, and computes the moment from these parts.

use std::str::FromStr;

use super::names::{self, ZoneName};
use super::notation::{Part, Step};
use crate::time::iso;

/// The number that marks a part that the text does not contain.
const MISSING: u16 = u16::MAX;

/// How often a text that a form begins with is searched for in a line.
const FOUND_TEXTS: usize = 8;

/// The parts of a time that a text contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::time) struct Parts {
    numbers: [u16; Part::COUNT],
    nanosecond: u32,
    /// The weekday, 0 for Monday to 6, or [`MISSING`].
    weekday: u16,
    half: Half,
    /// The offset from UTC in seconds, if the text has one.
    pub(in crate::time) offset: Option<i32>,
    /// Whether the text has the abbreviation of a zone that several zones share.
    pub(in crate::time) is_ambiguous_zone: bool,
    /// Nanoseconds since 1970, if the text counts the time since then.
    epoch: Option<i64>,
}

impl Default for Parts {
    fn default() -> Parts {
        Parts::NONE
    }
}

/// The half of the day in a 12-hour clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::time) enum Half {
    /// No word for it follows, or none that is known.
    Unknown,
    /// The clock has 24 hours, even if such a word follows.
    None,
    Am,
    Pm,
}

/// The order in which a source writes day, month and year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
    /// Year, month, day.
    Ymd,
}

impl FromStr for Order {
    /// The message for the user if the text is not the name of an order.
    type Err = String;

    fn from_str(text: &str) -> Result<Order, String> {
        match text.to_ascii_lowercase().as_str() {
            "dmy" => Ok(Order::Dmy),
            "mdy" => Ok(Order::Mdy),
            "ymd" => Ok(Order::Ymd),
            _ => {
                Err(format!("there is no order {text:?}. Write dmy, mdy or ymd: the day, the month or the year first"))
            }
        }
    }
}

/// What is known about the dates of a source beyond what a line contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::time) struct Missing {
    /// The order of day, month and year where the form does not determine it, or `None` if it is not known.
    pub(in crate::time) order: Option<Order>,
    /// The last possible day of a time without a year, in days since 1970, or `None` if the year cannot be determined.
    pub(in crate::time) last_day: Option<i32>,
    /// The day of a time without a date, in days since 1970.
    pub(in crate::time) day: Option<i32>,
}

/// A date and clock time, before the offset of its zone is subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::time) struct Local {
    /// The seconds since 1970 by the local clock.
    pub(in crate::time) second: i64,
    pub(in crate::time) nanosecond: u32,
}

impl Parts {
    pub(super) const NONE: Parts = Parts {
        numbers: [MISSING; Part::COUNT],
        nanosecond: 0,
        weekday: MISSING,
        half: Half::Unknown,
        offset: None,
        is_ambiguous_zone: false,
        epoch: None,
    };

    pub(super) fn set_second(&mut self, second: u16) {
        self.numbers[Part::WholeSecond as usize] = second;
    }

    #[inline]
    fn get(&self, part: Part) -> Option<u16> {
        Some(self.numbers[part as usize]).filter(|&number| number != MISSING)
    }

    /// Whether the text has AM or PM.
    pub(in crate::time) fn has_half_day(&self) -> bool {
        matches!(self.half, Half::Am | Half::Pm)
    }

    /// Returns the parts of a date whose order the form does not determine, or `None` if the form determines it.
    pub(in crate::time) fn open(&self) -> Option<[Option<u16>; 3]> {
        self.get(Part::First)?;
        Some([Part::First, Part::Second, Part::Third].map(|part| self.get(part)))
    }

    /// Whether the zone is certain, because the text contains it or counts the time since 1970.
    pub(in crate::time) fn has_zone(&self) -> bool {
        self.offset.is_some() || self.epoch.is_some()
    }

    /// Returns the date and clock time, or `None` if they do not exist or are not known.
    pub(in crate::time) fn moment(&self, missing: &Missing) -> Option<Local> {
        self.on_day(|| self.day(missing))
    }

    /// Returns the date and clock time like [`Parts::moment`], with the date that `day` returns, in days since 1970.
    #[inline]
    pub(in crate::time) fn on_day(&self, day: impl FnOnce() -> Option<i32>) -> Option<Local> {
        if let Some(nanoseconds) = self.epoch {
            let nanosecond = u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).ok()?;
            return Some(Local { second: nanoseconds.div_euclid(1_000_000_000), nanosecond });
        }
        let (hour, minute) = (self.get(Part::Hour)?, self.get(Part::Minute)?);
        let second = match self.get(Part::WholeSecond) {
            None => 0,
            // A leap second counts as the last second of its minute.
            Some(60) => 59,
            Some(second) => second,
        };
        if minute > 59 || second > 59 {
            return None;
        }
        let hour = match (self.half, hour) {
            (Half::Am, 12) => 0,
            (Half::Am, 13..) => return None,
            (Half::Pm, hour @ 0..12) => hour + 12,
            // The end of the day.
            (Half::Unknown | Half::None, 24) if minute == 0 && second == 0 && self.nanosecond == 0 => 24,
            (_, hour @ 0..24) => hour,
            _ => return None,
        };
        let day = day()?;
        let second = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        Some(Local { second: i64::from(day) * 86_400 + second, nanosecond: self.nanosecond })
    }

    /// Returns the date, in days since 1970.
    pub(in crate::time) fn day(&self, missing: &Missing) -> Option<i32> {
        if let Some(day_of_year) = self.get(Part::DayOfYear) {
            let first = day(self.get(Part::Year)?, 1, 1)?;
            let found = first + i32::from(day_of_year) - 1;
            return (day_of_year > 0 && found < day(self.get(Part::Year)? + 1, 1, 1)?).then_some(found);
        }
        if let Some(week) = self.get(Part::Week) {
            return self.week_day(week);
        }
        let (mut year, month, of_month) = match self.open() {
            Some([Some(first), Some(second), third]) => match (missing.order?, third) {
                (Order::Dmy, third) => (third, second, first),
                (Order::Mdy, third) => (third, first, second),
                (Order::Ymd, Some(third)) => (Some(first), second, third),
                (Order::Ymd, None) => return None,
            },
            _ => match (self.get(Part::Month), self.get(Part::Day)) {
                (Some(month), Some(of_month)) => (self.get(Part::ShortYear), month, of_month),
                _ => return missing.day,
            },
        };
        // Two-digit years are those from 1990 to 2089.
        year = year.map(|year| if year < 90 { year + 2000 } else { year + 1900 });
        match self.get(Part::Year).or(year) {
            Some(year) => day(year, month, of_month),
            None => self.day_without_year(month, of_month, missing.last_day?),
        }
    }

    /// Returns the latest day with this month and day of the month that is not after `last_day`. If the text names a weekday,
    /// the day must also fall on it.
    fn day_without_year(&self, month: u16, of_month: u16, last_day: i32) -> Option<i32> {
        // The weekday of a date recurs after at most 12 years, and 29 February after at most 8.
        const YEARS: u16 = 13;
        let last_year = year_of(last_day);
        let fits = |found: &i32| {
            let weekday = (found + 3).rem_euclid(7);
            *found <= last_day && (self.weekday == MISSING || weekday == i32::from(self.weekday))
        };
        (0..YEARS).filter_map(|back| day(last_year.checked_sub(back)?, month, of_month)).find(fits)
    }

    /// Returns the day of an ISO week date.
    fn week_day(&self, week: u16) -> Option<i32> {
        let (year, of_week) = (self.get(Part::WeekYear)?, self.get(Part::DayOfWeek)?);
        let monday_of_first_week = |year| {
            // The first week is that of 4 January.
            let fourth = day(year, 1, 4)?;
            Some(fourth - (fourth + 3).rem_euclid(7))
        };
        let found = monday_of_first_week(year)? + (i32::from(week) - 1) * 7 + i32::from(of_week) - 1;
        let is_in_year = found < monday_of_first_week(year + 1)?;
        (week > 0 && (1..=7).contains(&of_week) && is_in_year).then_some(found)
    }
}

/// Returns a date as days since 1970, or `None` if there is no such date.
pub(in crate::time) fn day(year: u16, month: u16, of_month: u16) -> Option<i32> {
    let days = iso::days(u32::from(year), u8::try_from(month).ok()?, u8::try_from(of_month).ok()?)?;
    i32::try_from(days).ok()
}

/// Returns the year of a day that is counted from 1970.
pub(in crate::time) fn year_of(day_since_1970: i32) -> u16 {
    // The guess uses the average length of a year, so near the ends of a year it can be off by one.
    let guess = u16::try_from(1970 + i64::from(day_since_1970) * 400 / 146_097).unwrap_or(0);
    match day(guess, 1, 1).map(|first| day_since_1970 - first) {
        Some(..0) => guess.saturating_sub(1),
        Some(365..) if day(guess + 1, 1, 1).is_some_and(|first| first <= day_since_1970) => guess + 1,
        _ => guess,
    }
}

/// Reads a time at the start of `text` with the given steps. Returns its parts and the position of its end.
#[inline]
pub(super) fn read(steps: &[Step], text: &[u8]) -> Option<(Parts, usize)> {
    let mut parts = Parts::NONE;
    let end = go_on(steps, text, 0, &mut parts)?;
    Some((parts, end))
}

/// Reads the rest of a time at position `at` of `text` with the steps that are left, and adds its parts to those before that position.
/// Returns the position of the end.
#[inline]
pub(super) fn go_on(steps: &[Step], text: &[u8], at: usize, parts: &mut Parts) -> Option<usize> {
    // In most forms, seconds are the last part, and then there are often no steps left.
    let end = if steps.is_empty() { at } else { go(steps, text, at, parts)? };
    let rest = text.get(end..).unwrap_or_default();
    // More digits would make another number, and without its AM or PM the hour is not known.
    let goes_on = rest.first().is_some_and(u8::is_ascii_digit) && text[..end].last().is_some_and(u8::is_ascii_digit);
    let has_half = parts.half == Half::Unknown && parts.epoch.is_none() && half_day(rest).is_some();
    // If seconds follow, a form without seconds does not fit.
    let is_cut = matches!(rest, [b':', b'0'..=b'9', b'0'..=b'9', ..])
        && parts.numbers[Part::Minute as usize] != MISSING
        && parts.numbers[Part::WholeSecond as usize] == MISSING;
    (!goes_on && !has_half && !is_cut).then_some(end)
}

/// Follows the steps from position `at` of `text`, adds what they read to `parts`, and returns the position after the last step.
pub(super) fn go(steps: &[Step], text: &[u8], mut at: usize, parts: &mut Parts) -> Option<usize> {
    let mut steps = steps.iter();
    while let Some(step) = steps.next() {
        match step {
            Step::Byte(byte) => {
                if text.get(at) != Some(byte) {
                    return None;
                }
                at += 1;
            }
            Step::Digits { part, least, most } => {
                at = digits(text, at, (*part, usize::from(*least), usize::from(*most)), parts)?;
            }
            Step::Padded(part) => {
                at += usize::from(text.get(at) == Some(&b' '));
                at = digits(text, at, (*part, 1, 2), parts)?;
            }
            Step::Blanks => {
                let len = text.get(at..)?.iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
                if len == 0 {
                    return None;
                }
                at += len;
            }
            Step::Fraction => {
                if let [point @ (b'.' | b',' | b':'), digit, ..] = text.get(at..)?
                    && digit.is_ascii_digit()
                    && (*point != b',' || is_fraction_after_comma(&text[at + 1..]))
                {
                    at = fraction(text, at + 1, parts)?;
                }
            }
            Step::FractionDigits => at = fraction(text, at, parts)?,
            Step::HalfDay { is_optional } => {
                let rest = text.get(at..)?;
                let found = half_day(rest).or_else(|| capital_half_day(rest, parts));
                // A letter alone belongs to the number before it.
                let is_joined = text[..at].last().is_some_and(u8::is_ascii_digit);
                match found.filter(|(_, len)| *len > 1 || is_joined) {
                    Some((half, len)) => {
                        parts.half = half;
                        at += len;
                    }
                    None if *is_optional => {}
                    None => return None,
                }
            }
            Step::NoHalfDay => parts.half = Half::None,
            Step::Zone => at += zone(text.get(at..)?, parts)?,
            Step::Offset => {
                let (iso::Named::Offset(offset), len) = iso::zone(text.get(at..)?)? else { return None };
                if !text[at..at + len].iter().any(|byte| matches!(byte, b'+' | b'-')) {
                    return None;
                }
                parts.offset = Some(offset);
                at += len;
            }
            Step::Month => {
                let (month, len) = names::month(text.get(at..)?)?;
                parts.numbers[Part::Month as usize] = month;
                at += len;
            }
            Step::Weekday => {
                let (weekday, len) = names::weekday(text.get(at..)?)?;
                parts.weekday = weekday;
                at += len;
            }
            Step::Optional(len) => {
                let (inner, after) = steps.as_slice().split_at_checked(*len)?;
                steps = after.iter();
                let before = *parts;
                match go(inner, text, at, parts) {
                    Some(end) => at = end,
                    None => *parts = before,
                }
            }
            Step::OneOf(bytes) => {
                if !bytes.contains(text.get(at)?) {
                    return None;
                }
                at += 1;
            }
            Step::Find(wanted) if at == 0 => {
                // The text may also occur before the one that the time follows.
                return starts(text, wanted).take(FOUND_TEXTS).find_map(|at| {
                    let mut found = *parts;
                    let end = go(steps.as_slice(), text, at, &mut found)?;
                    *parts = found;
                    Some(end)
                });
            }
            Step::Find(wanted) => at += find(text.get(at..)?, wanted)? + wanted.len(),
            Step::Column => at += column(text.get(at..)?)?,
            Step::Bias { is_east } => at += bias(text.get(at..)?, *is_east, parts)?,
            Step::Epoch => at = epoch(text, at, parts)?,
            Step::Tai64n => at = tai64n(text, at, parts)?,
        }
    }
    Some(at)
}

/// Returns where `text` goes on after each occurrence of `wanted`.
fn starts(text: &[u8], wanted: &[u8]) -> impl Iterator<Item = usize> {
    let first = wanted.first().copied().unwrap_or_default();
    memchr::memchr_iter(first, text).filter(|&at| text[at..].starts_with(wanted)).map(|at| at + wanted.len())
}

/// Returns where `wanted` begins in `text`. Building a `memmem` searcher would take longer, because these texts are short.
pub(in crate::time) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    memchr::memchr_iter(first, text).find(|&at| text[at..].starts_with(wanted))
}

/// Reads a number of `least` to `most` digits at `at` and returns where it ends. Skips a left-to-right or right-to-left mark
/// before it, which Windows writes in dates.
#[inline]
fn digits(text: &[u8], mut at: usize, (part, least, most): (Part, usize, usize), parts: &mut Parts) -> Option<usize> {
    if text.get(at) == Some(&0xE2) && matches!(text.get(at + 1..at + 3), Some([0x80, 0x8E | 0x8F])) {
        at += 3;
    }
    let (mut number, start) = (0, at);
    while at - start < most
        && let Some(digit) = text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10)
    {
        number = number * 10 + u16::from(digit);
        at += 1;
    }
    if at - start < least {
        return None;
    }
    // Each part occurs once in a form.
    parts.numbers[part as usize] = number;
    Some(at)
}

/// Whether `text`, which follows a comma, begins with a fraction rather than with the next column.
fn is_fraction_after_comma(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // A date may follow: `02:57:24,2017-02-14`.
    let is_date = match &text[digits..] {
        [separator @ (b'-' | b'.' | b'/'), rest @ ..] if digits == 4 => {
            let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            matches!(len, 1 | 2) && rest.get(len) == Some(separator)
        }
        _ => false,
    };
    let rest = &text[digits..];
    let goes_on = rest.first().is_some_and(|&byte| byte == b',' || byte.is_ascii_alphanumeric());
    digits >= 3 && !is_date && (!goes_on || half_day(rest).is_some())
}

/// Whether `text`, which follows the seconds since 1970 and a comma, begins with milliseconds, microseconds or nanoseconds.
fn is_fraction_of_epoch(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    matches!(digits, 3 | 6 | 9) && is_fraction_after_comma(text)
}

fn fraction(text: &[u8], mut at: usize, parts: &mut Parts) -> Option<usize> {
    let (start, mut unit) = (at, 100_000_000);
    parts.nanosecond = 0;
    while let Some(digit) = text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
        parts.nanosecond += u32::from(digit) * unit;
        unit /= 10;
        at += 1;
    }
    (at > start).then_some(at)
}

/// AM and PM in languages other than those that write `AM` and `PM` or `a.m.` and `p.m.`. They are in UTF-8, and for Chinese, Japanese,
/// Korean and Greek also in their ANSI code pages.
const HALVES: [(&[u8], Half); 99] = [
    ("上午".as_bytes(), Half::Am),
    ("下午".as_bytes(), Half::Pm),
    (b"\xC9\xCF\xCE\xE7", Half::Am),
    (b"\xCF\xC2\xCE\xE7", Half::Pm),
    (b"\xA4\x57\xA4\xC8", Half::Am),
    (b"\xA4\x55\xA4\xC8", Half::Pm),
    ("午前".as_bytes(), Half::Am),
    ("午後".as_bytes(), Half::Pm),
    (b"\x8C\xDF\x91\x4F", Half::Am),
    (b"\x8C\xDF\x8C\xE3", Half::Pm),
    ("오전".as_bytes(), Half::Am),
    ("오후".as_bytes(), Half::Pm),
    (b"\xBF\xC0\xC0\xFC", Half::Am),
    (b"\xBF\xC0\xC8\xC4", Half::Pm),
    ("πμ".as_bytes(), Half::Am),
    ("μμ".as_bytes(), Half::Pm),
    ("π.μ.".as_bytes(), Half::Am),
    ("μ.μ.".as_bytes(), Half::Pm),
    (b"\xF0\xEC", Half::Am),
    (b"\xEC\xEC", Half::Pm),
    ("ص".as_bytes(), Half::Am),
    ("م".as_bytes(), Half::Pm),
    ("ق.ظ".as_bytes(), Half::Am),
    ("ب.ظ".as_bytes(), Half::Pm),
    ("ÖÖ".as_bytes(), Half::Am),
    ("ÖS".as_bytes(), Half::Pm),
    (b"dop.", Half::Am),
    (b"odp.", Half::Pm),
    (b"de.", Half::Am),
    (b"du.", Half::Pm),
    (b"e paradites", Half::Am),
    (b"e pasdites", Half::Pm),
    (b"vm.", Half::Am),
    (b"nm.", Half::Pm),
    (b"vorm.", Half::Am),
    (b"nachm.", Half::Pm),
    (b"e.l.", Half::Am),
    (b"p.l.", Half::Pm),
    (b"f.h.", Half::Am),
    (b"e.h.", Half::Pm),
    (b"r.n.", Half::Am),
    (b"i.n.", Half::Pm),
    (b"pop.", Half::Pm),
    (b"prijepodne", Half::Am),
    (b"popodne", Half::Pm),
    (b"pre podne", Half::Am),
    (b"po podne", Half::Pm),
    ("пре подне".as_bytes(), Half::Am),
    ("по подне".as_bytes(), Half::Pm),
    ("претпладне".as_bytes(), Half::Am),
    ("попладне".as_bytes(), Half::Pm),
    ("пр.об.".as_bytes(), Half::Am),
    ("сл.об.".as_bytes(), Half::Pm),
    ("ДП".as_bytes(), Half::Am),
    ("ПП".as_bytes(), Half::Pm),
    ("дп".as_bytes(), Half::Am),
    ("пп".as_bytes(), Half::Pm),
    ("ӨГЛӨӨ".as_bytes(), Half::Am),
    ("ОРОЙ".as_bytes(), Half::Pm),
    ("לפנה\"צ".as_bytes(), Half::Am),
    ("אחה\"צ".as_bytes(), Half::Pm),
    ("לפנה״צ".as_bytes(), Half::Am),
    ("אחה״צ".as_bytes(), Half::Pm),
    ("ق.م".as_bytes(), Half::Am),
    ("ب.م".as_bytes(), Half::Pm),
    ("پ.ن".as_bytes(), Half::Am),
    ("د.ن".as_bytes(), Half::Pm),
    ("पूर्वाह्न".as_bytes(), Half::Am),
    ("अपराह्न".as_bytes(), Half::Pm),
    ("म.पू.".as_bytes(), Half::Am),
    ("म.उ.".as_bytes(), Half::Pm),
    ("পূর্বাহ্ণ".as_bytes(), Half::Am),
    ("অপরাহ্ণ".as_bytes(), Half::Pm),
    ("পূর্বাহ্ন".as_bytes(), Half::Am),
    ("অপরাহ্ন".as_bytes(), Half::Pm),
    ("காலை".as_bytes(), Half::Am),
    ("மாலை".as_bytes(), Half::Pm),
    ("முற்பகல்".as_bytes(), Half::Am),
    ("பிற்பகல்".as_bytes(), Half::Pm),
    ("ಪೂರ್ವಾಹ್ನ".as_bytes(), Half::Am),
    ("ಅಪರಾಹ್ನ".as_bytes(), Half::Pm),
    ("ਪੂ.ਦੁ.".as_bytes(), Half::Am),
    ("ਬਾ.ਦੁ.".as_bytes(), Half::Pm),
    ("ਸਵੇਰ".as_bytes(), Half::Am),
    ("ਸ਼ਾਮ".as_bytes(), Half::Pm),
    ("પૂર્વ મધ્યાહ્ન".as_bytes(), Half::Am),
    ("ઉત્તર મધ્યાહ્ન".as_bytes(), Half::Pm),
    ("පෙ.ව.".as_bytes(), Half::Am),
    ("ප.ව.".as_bytes(), Half::Pm),
    ("ก่อนเที่ยง".as_bytes(), Half::Am),
    ("หลังเที่ยง".as_bytes(), Half::Pm),
    ("ກ່ອນທ່ຽງ".as_bytes(), Half::Am),
    ("ຫຼັງທ່ຽງ".as_bytes(), Half::Pm),
    ("ព្រឹក".as_bytes(), Half::Am),
    ("ល្ងាច".as_bytes(), Half::Pm),
    ("ጥዋት".as_bytes(), Half::Am),
    ("ከሰዓት".as_bytes(), Half::Pm),
    ("կեսօրից առաջ".as_bytes(), Half::Am),
    ("կեսօրից հետո".as_bytes(), Half::Pm),
];

/// Reads AM or PM in one of the languages of [`HALVES`]. Returns the half of the day and the length of the word.
#[cold]
fn other_half_day(text: &[u8]) -> Option<(Half, usize)> {
    HALVES.iter().find_map(|(word, half)| {
        let rest = text.strip_prefix(*word)?;
        // An hour may follow without a blank, as in Chinese.
        let is_joined =
            |byte: u8| if word.is_ascii() { byte.is_ascii_alphanumeric() } else { byte.is_ascii_alphabetic() };
        let is_whole = !rest.first().is_some_and(|&byte| is_joined(byte) || !byte.is_ascii());
        is_whole.then_some((*half, word.len()))
    })
}

/// Whether a text ends with AM or PM, but not with the German word `am`.
pub(in crate::time) fn ends_with_half_day(text: &[u8]) -> bool {
    let text = text.strip_suffix(b" ").unwrap_or(text);
    let word = text.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    matches!(word, b"AM" | b"PM") || other_half_day(word).is_some_and(|(_, len)| len == word.len())
}

/// Reads SA or CH, which are AM and PM in Vietnamese, at the start of `text`. They are also the names of other things, so they count
/// only after an hour of at most 12 and a date that does not begin with the year.
#[cold]
fn capital_half_day(text: &[u8], parts: &Parts) -> Option<(Half, usize)> {
    let (half, rest) = match text {
        [b' ', b'S', b'A', rest @ ..] => (Half::Am, rest),
        [b' ', b'C', b'H', rest @ ..] => (Half::Pm, rest),
        _ => return None,
    };
    let is_whole = match rest {
        [b' ', next, ..] => !next.is_ascii_digit(),
        [next, ..] => !matches!(next, b'-' | b'_' | b':') && !next.is_ascii_alphanumeric(),
        [] => true,
    };
    let is_possible = parts.open().is_some() && parts.get(Part::Hour).is_some_and(|hour| (1..=12).contains(&hour));
    (is_whole && is_possible).then_some((half, 3))
}

/// Reads AM or PM at the start of `text`, with an optional blank before it and with or without full stops, or in the next column.
/// Returns the half of the day and the length.
#[inline(always)]
pub(in crate::time) fn half_day(text: &[u8]) -> Option<(Half, usize)> {
    // Most texts are rejected here.
    match text.strip_prefix(b" ").unwrap_or(text) {
        [b'A' | b'a' | b'P' | b'p' | 0x80..=0xFF, ..]
        | [b'd' | b'o' | b'v' | b'n', _, b'.' | b'p', ..]
        | [b'e' | b'f' | b'i' | b'r', b'.', ..]
        | [b'v', b'o', b'r', b'm', ..]
        | [b'n', b'a', b'c', b'h', ..]
        | [b'e', b' ', b'p', ..] => any_half_day(text),
        [b',' | b';' | b'\t' | b'|', b'A' | b'a' | b'P' | b'p' | b'"' | b' ', ..]
        | [b'"', b',' | b';' | b'\t' | b'|', ..] => half_day_in_column(text),
        _ => None,
    }
}

/// Reads AM or PM in the column after that of the clock time.
#[cold]
fn half_day_in_column(text: &[u8]) -> Option<(Half, usize)> {
    let begin = column(text)?;
    let inner = text.get(begin..)?;
    let (half, len) = any_half_day(inner).filter(|_| inner[0].is_ascii_alphabetic())?;
    let is_whole = matches!(inner.get(len), None | Some(b',' | b';' | b'\t' | b'|' | b'"' | b'\r' | b'\n'));
    (is_whole && len > 1).then_some((half, begin + len))
}

fn any_half_day(text: &[u8]) -> Option<(Half, usize)> {
    // A blank; a no-break space in ANSI code pages or UTF-8; a narrow no-break space.
    let blank = match text {
        [b' ' | 0xA0, ..] => 1,
        [0xC2, 0xA0, ..] => 2,
        [0xE2, 0x80, 0xAF, ..] => 3,
        _ => 0,
    };
    let rest = &text[blank..];
    let half = match rest.first()? {
        b'A' | b'a' => Half::Am,
        b'P' | b'p' => Half::Pm,
        _ => return other_half_day(rest).map(|(half, len)| (half, blank + len)),
    };
    let len = match &rest[1..] {
        [b'.', b'M' | b'm', b'.', ..] => 4,
        // As in Spanish: `p. m.`, with one of the same blanks.
        [b'.', b' ' | 0xA0, b'M' | b'm', b'.', ..] => 5,
        [b'.', 0xC2, 0xA0, b'M' | b'm', b'.', ..] => 6,
        [b'.', 0xE2, 0x80, 0xAF, b'M' | b'm', b'.', ..] => 7,
        [b'M' | b'm', ..] => 2,
        // As in directory listings: `03:13p`.
        _ if blank == 0 && rest[0].is_ascii_lowercase() => 1,
        _ => return other_half_day(rest).map(|(half, len)| (half, blank + len)),
    };
    ends_half_day(&text[blank + len..]).then_some((half, blank + len))
}

/// Whether AM or PM can end before `text`. `PM-Gateway`, `PM[12]`, `PM=1` and `pm.max` are the names of something.
fn ends_half_day(text: &[u8]) -> bool {
    match text {
        [b'=' | b'_' | b'#' | b'/' | b'\\', ..] => false,
        [b'-', next, ..] => !next.is_ascii_alphanumeric(),
        [b'.', next, ..] => !next.is_ascii_alphabetic(),
        [b'[' | b'(', next, ..] => !next.is_ascii_digit(),
        [next, ..] => !next.is_ascii_alphanumeric(),
        [] => true,
    }
}

/// Reads the zone at the start of `text` and returns its length, which is 0 if there is none. Returns `None` for an offset that
/// no clock has.
fn zone(text: &[u8], parts: &mut Parts) -> Option<usize> {
    // In quotes, an offset may consist of hours only.
    if let [sign @ (b'+' | b'-'), tens @ b'0'..=b'1', ones @ b'0'..=b'9', b'"', ..] = text
        && let hours @ 0..=14 = i32::from(tens - b'0') * 10 + i32::from(ones - b'0')
    {
        parts.offset = Some(if *sign == b'-' { -hours * 3600 } else { hours * 3600 });
        return Some(3);
    }
    let (named, len) = iso::zone(text)?;
    match named {
        iso::Named::Offset(offset) => parts.offset = Some(offset),
        iso::Named::Ambiguous => parts.is_ambiguous_zone = true,
        iso::Named::Nothing => {
            // There may be no blank before the name, for example in a column of its own.
            let name = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
            if name == 0 {
                return Some(0);
            }
            if let Some((offset, len)) = iso::offset_from(&text[..name], &text[name..]) {
                parts.offset = Some(offset);
                return Some(name + len);
            }
            let is_whole =
                !text.get(name).is_some_and(|&byte| matches!(byte, b'-' | b'_' | b'+') || byte.is_ascii_alphanumeric());
            match names::zone(&text[..name]).filter(|_| is_whole) {
                Some(ZoneName::Offset(offset)) => parts.offset = Some(offset),
                Some(ZoneName::Ambiguous) => parts.is_ambiguous_zone = true,
                None => return Some(0),
            }
            return Some(name);
        }
    }
    Some(len)
}

/// Reads the separator after a column, with any quotes around it, and returns its length.
pub(in crate::time) fn column(text: &[u8]) -> Option<usize> {
    if text.starts_with(b"\" \"") {
        return Some(3);
    }
    let mut len = usize::from(text.first() == Some(&b'"'));
    if !matches!(text.get(len), Some(b',' | b';' | b'\t' | b'|')) {
        return None;
    }
    len += 1;
    len += usize::from(text.get(len) == Some(&b' '));
    len += usize::from(text.get(len) == Some(&b'"'));
    Some(len)
}

/// Reads the minutes by which UTC is ahead of the local time, such as `-060`, and returns their length. If `is_east` is set, they are
/// those by which the local time is ahead. With no sign or more than one, the zone remains unknown.
fn bias(text: &[u8], is_east: bool, parts: &mut Parts) -> Option<usize> {
    let signs = text.iter().take_while(|byte| matches!(byte, b'+' | b'-')).count();
    let digits = text[signs..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if signs == 0 {
        return Some(0);
    }
    if digits == 0 || digits > 4 {
        return None;
    }
    let minutes = text[signs..signs + digits].iter().fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
    if signs == 1 && minutes <= 18 * 60 {
        parts.offset = Some(if (text[0] == b'-') == is_east { -minutes * 60 } else { minutes * 60 });
    }
    Some(signs + digits)
}

/// Reads the time since 1970 and returns where it ends. The number of digits determines the unit: seconds, which may have a
/// fraction, milliseconds, microseconds or nanoseconds.
fn epoch(text: &[u8], at: usize, parts: &mut Parts) -> Option<usize> {
    let rest = text.get(at..)?;
    let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let unit: i64 = match len {
        10 => 1_000_000_000,
        13 => 1_000_000,
        16 => 1000,
        19 => 1,
        _ => return None,
    };
    let number =
        rest[..len].iter().try_fold(0_i64, |sum, digit| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0')))?;
    parts.epoch = Some(number.checked_mul(unit)?);
    let mut end = at + len;
    if len == 10
        && let [point @ (b'.' | b','), digits @ ..] = &rest[len..]
        && digits.first().is_some_and(u8::is_ascii_digit)
        // After a comma, any other number is the next column.
        && (*point == b'.' || is_fraction_of_epoch(digits))
        && let Some(after) = fraction(text, end + 1, parts)
    {
        parts.epoch = Some(number * unit + i64::from(parts.nanosecond));
        end = after;
    }
    Some(end)
}

/// Reads a TAI64N label without its `@` and returns where it ends: 16 hexadecimal digits of seconds and 8 of nanoseconds.
fn tai64n(text: &[u8], at: usize, parts: &mut Parts) -> Option<usize> {
    /// The label of 1970-01-01 00:00:00 UTC, when TAI was 10 seconds ahead. The programs that write such labels ignore later leap
    /// seconds.
    const EPOCH: i64 = 0x4000_0000_0000_000A;
    let label = text.get(at..at + 24)?;
    let number = |digits: &[u8]| i64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok();
    if !label.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let (second, nanosecond) = (number(&label[..16])?.checked_sub(EPOCH)?, number(&label[16..])?);
    parts.epoch = second.checked_mul(1_000_000_000)?.checked_add(nanosecond).filter(|_| nanosecond < 1_000_000_000);
    parts.epoch?;
    Some(at + 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_of_a_day_is_that_in_which_it_lies() {
        for year in 1800..2400 {
            let first = day(year, 1, 1).unwrap();
            assert_eq!((year_of(first - 1), year_of(first), year_of(first + 58)), (year - 1, year, year));
        }
    }
}
