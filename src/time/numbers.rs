//! Recognises numbers and words after clock times that look like zones, such as the error code in `02:57:24 -0900 x` and the name of a
//! site in `02:57:24 EST x`.
//!
//! A clock has one offset, or two with summer time. Therefore such numbers are not offsets if they vary more than that, or if some of
//! them cannot be offsets. Words are not names of zones if some of them cannot be.

use super::form::is_level;
use super::forms::names;
use super::forms::read::column;
use super::iso;

/// The greatest difference between two offsets of a clock, in seconds.
const MOST_APART: i32 = 2 * 3600;

/// The offsets of zones that are no whole hours, in minutes, with those of recent decades.
const PARTS_OF_HOURS: [i32; 18] =
    [-570, -270, -210, -150, 210, 270, 330, 345, 390, 450, 510, 525, 570, 630, 690, 750, 765, 825];

/// The length of the longest abbreviation of a zone.
const LONGEST_NAME: usize = 5;

/// What follows a clock time and may be its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// A number that may be an offset, in seconds. `is_written_as_one` says whether it has a colon or a column of its own.
    Offset { seconds: i32, is_written_as_one: bool },
    /// An offset such as `+0100` directly after the time, where other numbers of four digits are rare.
    Joined,
    /// A number that is no offset.
    Number,
    /// A number that is written like an offset, but that no zone has.
    Impossible,
    /// The abbreviation of a zone.
    Zone,
    /// A word like an abbreviation of a zone, but not one that is known.
    Word,
}

/// Whether the numbers or words after the clock times of a source look like zones but are not. Each time comes as its second by the
/// local clock and the text after it.
pub(super) fn are_no_zones<'l>(times: impl Iterator<Item = (i64, &'l [u8])>) -> bool {
    let mut offsets: Vec<(i64, i32)> = Vec::new();
    let (mut read, mut others, mut zones, mut words, mut is_plain) = (0, 0, 0, 0, false);
    for (second, rest) in times {
        let Some(found) = found(rest) else { continue };
        match found {
            Found::Offset { seconds, is_written_as_one } => {
                offsets.push((second, seconds));
                is_plain |= !is_written_as_one;
            }
            Found::Zone => zones += 1,
            Found::Word => words += 1,
            Found::Joined | Found::Number | Found::Impossible => {}
        }
        read += usize::from(matches!(found, Found::Offset { .. } | Found::Joined | Found::Impossible));
        others += usize::from(matches!(found, Found::Number | Found::Impossible));
    }
    // A few other numbers or words may be those of another program.
    let is_share = |count: usize, all: usize| count > 0 && count * 10 >= all;
    if zones > 0 && is_share(words, zones) || read > 0 && is_share(others, read) {
        return true;
    }
    let mut sorted: Vec<i32> = offsets.iter().map(|(_, offset)| *offset).collect();
    sorted.sort_unstable();
    let Some(usual) = sorted.get(sorted.len() / 2) else { return false };
    let apart = sorted.iter().filter(|offset| (*offset - usual).abs() > MOST_APART).count();
    // Several hosts can write to one log, and a host can move. Then times are in order with their offsets, and nearer to each other.
    let with: Vec<i64> = offsets.iter().map(|(second, offset)| second - i64::from(*offset)).collect();
    let without: Vec<i64> = offsets.iter().map(|(second, _)| *second).collect();
    is_share(apart, offsets.len())
        && (!is_ordered(&with) || span(&with) > span(&without))
        && (is_plain || is_ordered(&without))
}

/// Whether the text after a clock time begins with a word like the abbreviation of a zone, but not one that is known.
pub(super) fn begins_with_word(text: &[u8]) -> bool {
    found(text) == Some(Found::Word)
}

/// Returns the time from the first to the last of times.
pub(super) fn span(seconds: &[i64]) -> i64 {
    seconds.iter().max().zip(seconds.iter().min()).map_or(0, |(last, first)| last - first)
}

/// Returns what the text after a clock time begins with, if it may be a zone. Returns `None` for what rarely has another meaning: an
/// offset in brackets or before a colon, `Z`, and the name of UTC.
fn found(text: &[u8]) -> Option<Found> {
    match text {
        [b'+' | b'-', ..] => number(text, 0),
        [b' ', b'+' | b'-', ..] => number(text, 1),
        [b' ', b'(' | b'[', rest @ ..] | [b'(', rest @ ..] => word(rest, |after| matches!(after, [b')' | b']', ..])),
        [b' ', rest @ ..] => word(rest, |_| true),
        _ => {
            let begin = column(text)?;
            match text.get(begin..)? {
                [b'+' | b'-', ..] => number(text, begin),
                rest => word(rest, |after| matches!(after, [] | [b',' | b';' | b'\t' | b'|' | b'"' | b'\r', ..])),
            }
        }
    }
}

/// Returns what the number at `begin` in the text after a clock time is. It begins with a sign.
fn number(text: &[u8], begin: usize) -> Option<Found> {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = text.get(begin + 1..)?;
    let len = digits(rest);
    let has_colon = rest.get(len) == Some(&b':') && digits(&rest[len + 1..]) == 2;
    if len == 0 || !has_colon && matches!(rest.get(len), Some(b':' | b']' | b')' | b'"' | b'>' | b'}')) {
        return None;
    }
    let seconds = match iso::zone(text) {
        Some((iso::Named::Offset(seconds), _)) => seconds,
        _ => return Some(Found::Number),
    };
    let minutes = seconds / 60;
    let is_joined = begin == 0 && (has_colon || len == 4);
    if !(is_joined && has_colon) && minutes % 60 != 0 && !PARTS_OF_HOURS.contains(&minutes) {
        return Some(Found::Impossible);
    }
    let is_written_as_one = has_colon || begin > 0 && text[0] != b' ';
    Some(if is_joined { Found::Joined } else { Found::Offset { seconds, is_written_as_one } })
}

/// Returns what the word at the start of `text` is, if it is written like the abbreviation of a zone and `ends` says that it can end
/// before the text after it.
fn word(text: &[u8], ends: impl Fn(&[u8]) -> bool) -> Option<Found> {
    let len = text.iter().take(LONGEST_NAME + 1).take_while(|byte| byte.is_ascii_uppercase()).count();
    let (name, after) = text.split_at(len);
    let is_other = is_level(name) || matches!(name, b"UTC" | b"GMT" | b"AM" | b"PM");
    if !(2..=LONGEST_NAME).contains(&len)
        || is_other
        || after.first().is_some_and(u8::is_ascii_alphanumeric)
        || !ends(after)
    {
        return None;
    }
    let is_zone = names::zone(name).is_some() && !matches!(after.first(), Some(b'-' | b'_' | b'.'));
    Some(if is_zone { Found::Zone } else { Found::Word })
}

/// Whether times never run back by more than a minute, with the oldest or the newest first.
pub(super) fn is_ordered(seconds: &[i64]) -> bool {
    let steps = || seconds.windows(2).map(|pair| pair[1] - pair[0]);
    steps().all(|step| step >= -60) || steps().all(|step| step <= 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_vary_more_than_a_clock_are_no_offsets() {
        let are = |lines: &[(i64, &str)]| are_no_zones(lines.iter().map(|(second, rest)| (*second, rest.as_bytes())));
        assert!(are(&[(0, " -0800 x"), (9, " -0300 x"), (20, " -0800 x")]));
        assert!(are(&[(0, " -08 dBm"), (9, " -05 dBm")]));
        assert!(are(&[(0, " -1015 x"), (9, " -1018 x")]));
        assert!(are(&[(0, " +0100 x"), (9, " +1 x")]));
        assert!(!are(&[(0, " +0100 x"), (3609, " +0200 x")]));
        assert!(!are(&[(0, " -1017 x"), (9, " -1018 x")]));
        // Two hosts.
        assert!(!are(&[(36_000, " +0100 x"), (9, " -0900 x"), (36_010, " +0100 x")]));
        // A single line of another program.
        let many: Vec<(i64, &str)> = (0..20).map(|second| (second, " +0100 x")).collect();
        assert!(!are(&[&many[..], &[(20, " -1 x")]].concat()));
        assert!(!are(&[&many[..], &[(20, " -0900 x")]].concat()));
        // A host that moved.
        assert!(!are(&[(9, " +0000 x"), (36_010, " +1000 x")]));
        // These are written as offsets only.
        assert!(!are(&[(0, "+01:00 x"), (9, "-05:00 x")]));
        assert!(!are(&[(0, " +0100] x"), (9, " -0500] x")]));
        assert!(!are(&[(0, "+0100 x"), (9, "-0500 x")]));
        assert!(!are(&[]));
        // Directly after the time, with a colon, and in a column.
        assert!(are(&[(0, "-07 x"), (9, "-02 x")]));
        assert!(are(&[(0, "-1200 x"), (9, "-3456 x")]));
        assert!(are(&[(0, " +03:00 x"), (9, " +07:45 x")]));
        assert!(are(&[(0, " +00:15 x")]));
        assert!(are(&[(0, ";-0100;x"), (9, ";-1200;x")]));
        assert!(!are(&[(0, "+05:45 x"), (9, "+05:45 x")]));
        assert!(!are(&[(0, ";+0100;x"), (3609, ";+0200;x")]));
        // Lines that are not in order anyway, from two hosts.
        assert!(!are(&[(900, " +01:00 x"), (9, " -05:00 x"), (990, " +01:00 x")]));
    }

    #[test]
    fn words_of_which_some_are_no_zones_are_none() {
        let are = |lines: &[&str]| are_no_zones(lines.iter().map(|rest| (0, rest.as_bytes())));
        assert!(are(&[" EST x", " LAT x"]));
        assert!(are(&[",EST,x", ",LIT,x"]));
        assert!(are(&[" (EST) x", " (SYN) x"]));
        assert!(are(&[" [EST] x", " [SYN] x"]));
        assert!(!are(&[" CET x", " CEST x"]));
        assert!(!are(&[" CET x", " INFO x"]));
        assert!(!are(&[" UTC x", " LAT x"]));
        assert!(!are(&[",CET,x", ",CET,x"]));
        assert!(!are(&[" LAT x", " LIT x"]));
        let many = [" CET x"; 20];
        assert!(!are(&[&many[..], &[" LAT x"]].concat()));
    }
}
