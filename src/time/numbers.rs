//! Recognises numbers after clock times that look like offsets from UTC, such as the error code in `02:57:24 -0900 x`.
//!
//! A clock has one offset, or two with summer time. Therefore such numbers are not offsets if they vary more than that, or if some of
//! them cannot be offsets.

use super::iso;

/// The greatest difference between two offsets of a clock, in seconds.
const MOST_APART: i32 = 2 * 3600;

/// Whether the numbers after the clock times of a source look like offsets but are not. Each time comes as its second by the local
/// clock and the text after it.
pub(super) fn are_no_offsets<'l>(times: impl Iterator<Item = (i64, &'l [u8])>) -> bool {
    let mut offsets: Vec<(i64, i32)> = Vec::new();
    let mut others = 0;
    for (second, rest) in times {
        match number(rest) {
            Some(Some(offset)) => offsets.push((second, offset)),
            Some(None) => others += 1,
            None => {}
        }
    }
    let mut sorted: Vec<i32> = offsets.iter().map(|(_, offset)| *offset).collect();
    sorted.sort_unstable();
    let Some(usual) = sorted.get(sorted.len() / 2) else { return false };
    let apart = sorted.iter().filter(|offset| (*offset - usual).abs() > MOST_APART).count();
    // A few other numbers may be those of another program.
    let is_share = |count: usize| count * 10 >= offsets.len().max(1);
    // Several hosts can write to one log, and a host can move. Then times are in order with their offsets, and nearer to each other.
    let with: Vec<i64> = offsets.iter().map(|(second, offset)| second - i64::from(*offset)).collect();
    let without: Vec<i64> = offsets.iter().map(|(second, _)| *second).collect();
    others > 0 && is_share(others)
        || apart > 0 && is_share(apart) && (!is_ordered(&with) || span(&with) > span(&without))
}

/// Returns the time from the first to the last of times.
fn span(seconds: &[i64]) -> i64 {
    seconds.iter().max().zip(seconds.iter().min()).map_or(0, |(last, first)| last - first)
}

/// Returns the number after a blank and a sign at the start of `text`, as an offset in seconds if it can be one. Returns `None` if there
/// is no such number, or something that numbers with another meaning rarely have: a colon, or a bracket after it.
fn number(text: &[u8]) -> Option<Option<i32>> {
    let [b' ', b'+' | b'-', rest @ ..] = text else { return None };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || rest.get(digits) != Some(&b' ') {
        return None;
    }
    match iso::zone(text) {
        Some((iso::Named::Offset(offset), _)) => Some(Some(offset)),
        _ => Some(None),
    }
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
        let are = |lines: &[(i64, &str)]| are_no_offsets(lines.iter().map(|(second, rest)| (*second, rest.as_bytes())));
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
        assert!(!are(&[(0, " +01:00 x"), (9, " -05:00 x")]));
        assert!(!are(&[(0, " +0100] x"), (9, " -0500] x")]));
        assert!(!are(&[(0, "+0100 x"), (9, "-0500 x")]));
        assert!(!are(&[]));
    }
}
