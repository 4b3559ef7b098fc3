//! Recognises words after clock times that are probably AM and PM in a language whose words are not known, or in one whose words
//! are also words of messages.
//!
//! Without its half of the day, an hour of such a clock is not known. Therefore times before such words are not read.
//!
//! Also recognises words such as `PM` that are something else, for example the name of a part of a program.

use super::form::is_level;
use super::forms::read::{Half, half_day};
use super::numbers::{begins_with_word, is_ordered, span};

/// The length of the longest word that is examined, in bytes.
const LONGEST_BYTES: usize = 40;
/// By how much some neighbouring times must differ to show that times run back, in seconds.
const BACK_SECONDS: i64 = 3600;
const HALF_A_DAY: i64 = 43_200;

/// Words that mean AM and PM, without their full stops and in lower case. They have other meanings, too, so one of them alone is no
/// evidence.
const PAIRS: [(&[u8], &[u8]); 15] = [
    (b"a", b"p"),
    (b"m", b"f"),
    (b"fm", b"em"),
    (b"ap", b"ip"),
    (b"gh", b"gd"),
    (b"sn", b"gn"),
    (b"pd", b"md"),
    (b"yb", b"yh"),
    (b"sa", b"ch"),
    (b"de", b"du"),
    (b"vm", b"nm"),
    (b"dop", b"odp"),
    (b"dop", b"pop"),
    (b"vorm", b"nachm"),
    (b"el", b"pl"),
];

/// Whether the clock times of a source are probably those of a 12-hour clock with a word for AM or PM after them. Each time comes as
/// its second by the local clock and the text after it.
pub(super) fn are_unknown<'l>(times: impl Iterator<Item = (i64, &'l [u8])>) -> bool {
    let mut seconds: Vec<(i64, usize)> = Vec::new();
    let mut words: Vec<&[u8]> = Vec::new();
    for (second, rest) in times {
        // The first line of nearly all sources shows that there are no such words, and a later one that hours go beyond 12.
        let Some(word) = word(rest) else { return false };
        if !(1..=12).contains(&(second.rem_euclid(86_400) / 3600)) {
            return false;
        }
        let index = words.iter().position(|known| *known == word).unwrap_or_else(|| {
            words.push(word);
            words.len() - 1
        });
        if index > 1 {
            return false;
        }
        seconds.push((second, index));
    }
    match words[..] {
        // Only an abbreviation is certainly not a word of the messages.
        [word] => seconds.len() > 1 && word.ends_with(b".") && is_in_pair(word),
        [one, other] => {
            is_pair(one, other)
                || is_abbreviation(one) && is_abbreviation(other)
                || (is_odd(one) || is_odd(other)) && follow_halves(&seconds)
        }
        _ => false,
    }
}

/// Whether words such as `PM` after the clock times of a source are not AM and PM. Each time comes as its second by a 24-hour clock and
/// the text after it. `has_capitals` says whether `SA` and `CH` are such words, too.
pub(super) fn are_other_words<'l>(times: impl Iterator<Item = (i64, &'l [u8])>, has_capitals: bool) -> bool {
    let (mut plain, mut with): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
    let (mut halves, mut words) = (0, 0);
    for (second, rest) in times {
        let capitals = match rest {
            [b' ', b'S', b'A', b' ', ..] => Some(Half::Am),
            [b' ', b'C', b'H', b' ', ..] => Some(Half::Pm),
            _ => None,
        };
        let half = half_day(rest).map(|(half, _)| half).or(capitals.filter(|_| has_capitals));
        let hour = second.rem_euclid(86_400) / 3600;
        // Some clocks begin with the hour 0 instead of 12.
        if half.is_some() && hour > 12 {
            return true;
        }
        halves += usize::from(half.is_some());
        words += usize::from(half.is_none() && begins_with_word(rest));
        plain.push(second);
        with.push(match (half, hour) {
            (Some(Half::Pm), 0..12) => second + HALF_A_DAY,
            (Some(Half::Am), 12) => second - HALF_A_DAY,
            _ => second,
        });
    }
    let has_words = halves > 0 && words * 10 >= halves;
    // Two programs can write to one log, one of them with a 12-hour clock. Then times are in order, and nearer to each other, with AM
    // and PM.
    is_ordered(&plain) && (!is_ordered(&with) || has_words && span(&with) > span(&plain))
}

/// Returns the word at the start of `text`, after a blank. Returns `None` if there is none, or one that is the level of a message.
fn word(text: &[u8]) -> Option<&[u8]> {
    let text = match text {
        [b' ' | 0xA0, rest @ ..] | [0xC2, 0xA0, rest @ ..] | [0xE2, 0x80, 0xAF, rest @ ..] => rest,
        _ => return None,
    };
    let is_part = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii() || *byte == b'.';
    let len = text.iter().take(LONGEST_BYTES + 1).take_while(|byte| is_part(byte)).count();
    let (word, rest) = text.split_at(len);
    let ends = matches!(rest.first(), None | Some(b' ' | b',' | b';' | b'|' | b'\t' | b']' | b')' | b'"'));
    (ends && (1..=LONGEST_BYTES).contains(&len) && !is_level(word)).then_some(word)
}

/// Returns a word without its full stop and in lower case.
fn plain(word: &[u8]) -> Vec<u8> {
    word.strip_suffix(b".").unwrap_or(word).to_ascii_lowercase()
}

fn is_in_pair(word: &[u8]) -> bool {
    PAIRS.iter().any(|(am, pm)| [*am, *pm].contains(&plain(word).as_slice()))
}

fn is_pair(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (plain(one), plain(other));
    PAIRS.iter().any(|pair| *pair == (one.as_slice(), other.as_slice()) || *pair == (other.as_slice(), one.as_slice()))
}

/// Whether a word is an abbreviation, but not one such as `Mr.`
fn is_abbreviation(word: &[u8]) -> bool {
    word.ends_with(b".") && !word[0].is_ascii_uppercase()
}

/// Whether a word may be one for AM or PM: it is an abbreviation, or in another script, or short.
fn is_odd(word: &[u8]) -> bool {
    const SHORT_BYTES: usize = 3;
    word.ends_with(b".") || !word.is_ascii() || word.len() <= SHORT_BYTES
}

/// Whether times run back, but not if one of the two words after them means PM and the other AM. Each time has the index of its word.
fn follow_halves(times: &[(i64, usize)]) -> bool {
    let with = |noon: Option<usize>| {
        let shifted = times.iter().map(move |&(second, word)| {
            let is_twelve = second.rem_euclid(86_400) / 3600 == 12;
            match (noon, is_twelve) {
                (None, _) => second,
                (Some(noon), true) if noon != word => second - HALF_A_DAY,
                (Some(noon), false) if noon == word => second + HALF_A_DAY,
                _ => second,
            }
        });
        shifted.collect::<Vec<i64>>()
    };
    let is_apart = times.windows(2).any(|pair| (pair[1].0 - pair[0].0).abs() > BACK_SECONDS);
    is_apart && !is_ordered(&with(None)) && (0..2).any(|noon| is_ordered(&with(Some(noon))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are(lines: &[(&str, &str)]) -> bool {
        are_unknown(lines.iter().map(|(clock, rest)| {
            let at: jiff::civil::DateTime = format!("2017-02-{clock}").parse().unwrap();
            (jiff::tz::TimeZone::UTC.to_timestamp(at).unwrap().as_second(), rest.as_bytes())
        }))
    }

    #[test]
    fn words_that_explain_why_times_run_back_are_am_and_pm() {
        assert!(are(&[("14T11:02:42", " xo ann"), ("14T01:13:20", " xu ann"), ("14T02:13:20", " xu bob")]));
        assert!(are(&[("14T12:02:42", " xo ann"), ("14T01:13:20", " xo ann"), ("14T12:13:20", " xu bob")]));
        assert!(are(&[("14T09:02:42", " xo. ann"), ("14T10:13:20", " xu. ann")]));
        // The newest is first.
        assert!(are(&[("14T02:13:20", " วว x"), ("14T01:13:20", " วว x"), ("14T11:02:42", " กก x")]));
        let others: [&[(&str, &str)]; 9] = [
            // They do not run back.
            &[("14T09:02:42", " xo ann"), ("14T10:13:20", " xu ann")],
            &[("14T09:02:42", " Mr. Ann"), ("14T10:13:20", " Dr. Ann")],
            // They still run back.
            &[("14T11:02:42", " xo a"), ("14T01:13:20", " xu a"), ("14T10:13:20", " xo a")],
            // The clock goes beyond 12 hours, or begins with 0.
            &[("14T11:02:42", " xo. a"), ("14T01:13:20", " xu. a"), ("14T13:13:20", " xu. a")],
            &[("14T11:02:42", " xo. a"), ("14T00:13:20", " xu. a")],
            &[("14T11:02:42", " INFO a"), ("14T01:13:20", " ERROR a")],
            &[("14T11:02:42", " started a"), ("14T01:13:20", " stopped a")],
            &[("14T11:02:42", " xo. a"), ("14T01:13:20", " xu. a"), ("14T02:13:20", " xy. a")],
            &[("14T11:02:42", " xo: a"), ("14T01:13:20", " xu: a")],
        ];
        for lines in others {
            assert!(!are(lines), "{lines:?}");
        }
    }

    #[test]
    fn words_like_pm_are_others_if_the_times_are_in_order_without_them() {
        let are = |lines: &[(&str, &str)]| {
            let times = lines.iter().map(|(clock, rest)| {
                let at: jiff::civil::DateTime = format!("2017-02-14T{clock}").parse().unwrap();
                (jiff::tz::TimeZone::UTC.to_timestamp(at).unwrap().as_second(), rest.as_bytes())
            });
            are_other_words(times, true)
        };
        assert!(are(&[("12:59:24", " PM x"), ("13:02:24", " PM x")]));
        assert!(are(&[("08:17:12", " PM x"), ("08:18:12", " AM x"), ("08:19:12", " PM x")]));
        assert!(are(&[("08:17:12", " PM x"), ("08:18:12", " DB x")]));
        assert!(are(&[("08:17:12", " DE x"), ("08:18:12", " CH x")]));
        assert!(!are(&[("08:17:12", " PM x"), ("08:18:12", " PM x")]));
        assert!(!are(&[("11:59:12", " AM x"), ("12:18:12", " PM x"), ("01:02:12", " PM x")]));
        assert!(!are(&[("00:59:12", " PM x"), ("01:18:12", " PM x")]));
        // Two programs, and the newest first.
        assert!(!are(&[("02:57:24", " PM x"), ("14:57:25", " DB x"), ("02:57:26", " PM x")]));
        assert!(!are(&[("01:02:12", " PM x"), ("12:18:12", " PM x"), ("11:59:12", " AM x")]));
        assert!(!are(&[]));
    }

    #[test]
    fn some_words_are_known_but_have_other_meanings() {
        assert!(are(&[("14T09:02:42", " fm ann"), ("14T10:13:20", " em ann")]));
        assert!(are(&[("14T09:02:42", " P ann"), ("14T10:13:20", " A ann")]));
        assert!(are(&[("14T09:02:42", " ip. ann"), ("14T10:13:20", " ip. ann")]));
        assert!(!are(&[("14T09:02:42", " ip ann"), ("14T10:13:20", " ip ann")]));
        assert!(!are(&[("14T09:02:42", " A ann"), ("14T10:13:20", " B ann")]));
        assert!(!are(&[("14T09:02:42", " fm ann"), ("14T13:13:20", " em ann")]));
    }
}
