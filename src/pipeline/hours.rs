//! Determines in which hours or days a text has lines, by examining only a few of its lines.
//!
//! This assumes that lines are in order. If the first and the last line with a time are in the same hour, so are the lines
//! between them. Otherwise the text is divided at a line in its middle, and both parts are examined in the same way.

use memchr::{memchr, memchr_iter, memrchr, memrchr_iter};

use super::inventory::{first_time, last_time};
use crate::summary::Dimension;
use crate::time::zone::DisplayZone;
use crate::time::{Form, Time};

/// Appends to `found` the start of each hour or day in which `text` has lines. Hours and days are those of `zone`.
pub(super) fn logged(form: Form, text: &[u8], (part, zone): (Dimension, DisplayZone), found: &mut Vec<Time>) {
    let start = |time: Time| part.start(time, zone).unwrap_or(time);
    let mut push = |start: Time| {
        if found.last() != Some(&start) {
            found.push(start);
        }
    };
    let first_of = |text: &[u8]| first_time(&form, text).map(|stamp| start(stamp.time));
    let last_of = |text: &[u8]| last_time(&form, text).map(|stamp| start(stamp.time));
    // Each with its first and its last hour or day, as far as they are known from the whole.
    let mut parts = vec![(text, None, None)];
    while let Some((text, first, last)) = parts.pop() {
        let first = first.or_else(|| first_of(text));
        let Some((first, last)) = first.zip(last.or_else(|| last_of(text))) else { continue };
        if first == last {
            push(first);
            continue;
        }
        match middle(text) {
            Some(middle) if part.end(first, zone) != Some(last) => {
                let (before, after) = text.split_at(middle);
                parts.extend([(after, None, Some(last)), (before, Some(first), None)]);
            }
            _ => {
                push(first);
                push(last);
            }
        }
    }
}

/// Returns the times of the first and the last line of `text` that have one. Only a few lines at both ends are examined, because a text
/// without times would take long.
pub(super) fn ends(form: Form, text: &[u8]) -> Option<[Time; 2]> {
    const LINES: usize = 64;
    let head = memchr_iter(b'\n', text).nth(LINES).unwrap_or(text.len());
    let tail = memrchr_iter(b'\n', text).nth(LINES).unwrap_or(0);
    let first = first_time(&form, &text[..head]).or_else(|| first_time(&form, &text[tail..]))?;
    let last = last_time(&form, &text[tail..]).unwrap_or(first);
    Some([first.time, last.time])
}

/// Returns the position near the middle of a text at which a line begins, or `None` if the text has only one line.
fn middle(text: &[u8]) -> Option<usize> {
    let half = text.len() / 2;
    let after = memchr(b'\n', &text[half..]).map(|at| half + at + 1).filter(|&at| at < text.len());
    after.or_else(|| memrchr(b'\n', &text[..half]).map(|at| at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        logged(Form::default(), text.as_bytes(), (Dimension::Hour, DisplayZone::UTC), &mut found);
        found.iter().map(|time| time.to_string()[11..13].to_owned()).collect()
    }

    #[test]
    fn each_hour_with_a_line_is_found_and_no_other() {
        let line = |time: &str| format!("2017-02-14T{time}Z|x\n  a second line\n");
        let text: String =
            ["01:00:00", "01:59:59", "02:00:00", "05:30:00", "05:31:00", "08:00:00", "09:00:00"].map(line).concat();
        assert_eq!(hours(&text), ["01", "02", "05", "08", "09"]);
        assert_eq!(hours(&text[..text.len() - 1]), ["01", "02", "05", "08", "09"]);
        assert_eq!(hours(&line("01:00:00")), ["01"]);
        assert_eq!(hours(&(line("01:00:00") + &line("02:00:00"))), ["01", "02"]);
        let busy: String = (0..600).map(|minute| line(&format!("{:02}:{:02}:00", minute / 60, minute % 60))).collect();
        assert_eq!(hours(&busy), ["00", "01", "02", "03", "04", "05", "06", "07", "08", "09"]);
        // Half of a text may have no time.
        let (few, none) = (line("01:00:00") + &line("05:00:00"), "no time\n".repeat(99));
        assert_eq!([none.clone() + &few, few.clone() + &none].map(|text| hours(&text)), [["01", "05"]; 2]);
        assert_eq!(hours("no time\n\n"), [""; 0]);
        assert_eq!(hours(""), [""; 0]);
    }

    #[test]
    fn the_ends_of_a_text_are_its_first_and_last_time() {
        let line = |hour: i32| format!("2017-02-14T{hour:02}:00:00Z|x\n  a second line\n");
        let ends = |text: &str| ends(Form::default(), text.as_bytes()).map(|ends| ends.map(|time| time.to_string()));
        let times = |first: &str, last: &str| Some([first, last].map(|hour| format!("2017-02-14T{hour}:00:00Z")));
        assert_eq!(ends(&(0..24).map(line).collect::<String>()), times("00", "23"));
        assert_eq!(ends(&line(7)), times("07", "07"));
        // Only 64 lines at both ends are examined.
        let lines = |number: usize| "no time\n".repeat(number);
        assert_eq!(ends(&(lines(63) + &line(5) + &lines(63))), times("05", "05"));
        assert_eq!(ends(&(lines(70) + &line(5) + &lines(70))), None);
        assert_eq!(ends(""), None);
    }

    #[test]
    fn lines_out_of_order_end_the_search_as_well() {
        let lines = ["05", "01", "09", "03"].map(|hour| format!("2017-02-14T{hour}:00:00Z|x\n"));
        let mut found = hours(&lines.concat());
        found.sort();
        found.dedup();
        assert_eq!(found, ["01", "03", "05", "09"]);
    }
}
