//! Formats numbers, sizes and times for people, in the same way in every table and message.

use super::sheet::Share;
use crate::filter::Part;
use crate::summary::sign_ins::{ClocksApart, Side, SignInTotals, WAITING_LIMIT};
use crate::terminal::replaced;
use crate::time::Assumed;
use crate::time::zone::Moment;

/// Groups digits by three: `1234567` becomes `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns the number with its noun, whose plural ends in `s`: `1 file`, `1,234 files`.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// Returns a sentence with its number, `1 result is …` or `1,234 results are …`, or `None` for zero.
#[must_use]
pub fn remark(number: u64, of_one: &str, of_many: &str) -> Option<String> {
    match number {
        0 => None,
        1 => Some(format!("1 {of_one}")),
        many => Some(format!("{} {of_many}", grouped(many))),
    }
}

/// Joins alternatives: `6, 8 or 9`.
#[must_use]
pub fn alternatives<T: ToString>(all: &[T]) -> String {
    let all: Vec<String> = all.iter().map(T::to_string).collect();
    match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => all.concat(),
    }
}

/// Returns the command-line option that sets this part of a filter.
#[must_use]
pub fn option(part: Part) -> &'static str {
    match part {
        Part::Code => "--code",
        Part::Group => "--group",
        Part::Channel => "--channel",
        Part::User | Part::NoUser => "--user",
        Part::Host => "--host",
        Part::Address => "--address",
        Part::Outcome => "--outcome",
        Part::File => "--in-file",
        Part::Window | Part::NoTime => "--since/--until",
        Part::Finding => "--finding",
    }
}

/// Returns the note on files whose dates can have the day or the month first, or `None` if there are none.
#[must_use]
pub fn undecided(files: u64) -> Option<String> {
    remark(
        files,
        "file has dates whose day and month cannot be told apart, so its times are not read. Add --date-order dmy or mdy.",
        "files have dates whose day and month cannot be told apart, so their times are not read. Add --date-order dmy or mdy.",
    )
}

/// Returns the note that there were too many results to compare all of them between logs, or `None` if all were compared.
#[must_use]
pub fn too_many_to_compare(sign_ins: &SignInTotals) -> Option<String> {
    let limit = grouped(WAITING_LIMIT as u64);
    sign_ins
        .was_full
        .then(|| format!("There were more than {limit} results to compare between logs: some may count twice."))
}

/// Returns the note on hosts that have logs with a time zone and logs without one, or `None` if there are no such hosts. The name of an
/// unknown host is empty.
#[must_use]
pub fn mixed_zones(hosts: &[Box<str>]) -> Option<String> {
    let names: Vec<String> = hosts.iter().filter(|host| !host.is_empty()).map(|host| replaced(host)).collect();
    let unknown = (hosts.len() - names.len()) as u64;
    let named = if names.is_empty() { counted(unknown, "unknown host") } else { with_others(&names, unknown) };
    let have = if hosts.len() == 1 { "has" } else { "have" };
    (!hosts.is_empty()).then(|| {
        format!(
            "{named} {have} logs with a time zone and logs without, so these were not compared and may count twice.\n\
             Pass the zone of the latter with --tz, or in a [[tz]] table if it differs between hosts: see callcodes help times."
        )
    })
}

/// The number of names in a list that has others.
const NAMES: usize = 3;

/// Names the first of some things, and counts the rest with `others` more: `ann, bob, carol and 4 others`.
pub(crate) fn with_others(names: &[String], others: u64) -> String {
    let named = &names[..names.len().min(NAMES)];
    match others + (names.len() - named.len()) as u64 {
        0 => and(named),
        others => format!("{} and {} other{}", named.join(", "), grouped(others), if others == 1 { "" } else { "s" }),
    }
}

/// Joins names: `ann, bob and carol`.
pub(crate) fn and(names: &[String]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// Returns the note on two logs whose clocks differ.
#[must_use]
pub fn clocks(apart: &ClocksApart) -> String {
    let (hours, minutes) = (u64::from(apart.quarters / 4), u64::from(apart.quarters % 4 * 15));
    let length = [(hours, "hour"), (minutes, "minute")];
    let length: Vec<String> =
        length.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| counted(*count, noun)).collect();
    let mut hosts: Vec<String> = apart.hosts.iter().map(|host| replaced(host)).collect();
    let others = apart.machines.saturating_sub(hosts.len() as u64);
    if others > 0 && !hosts.is_empty() {
        hosts.push(format!("{} other {}", grouped(others), if others == 1 { "host" } else { "hosts" }));
    }
    let hosts = match hosts.split_last() {
        None => String::new(),
        Some((last, [])) => format!(" on {last}"),
        Some((last, rest)) => format!(" on {} and {last}", rest.join(", ")),
    };
    let remedy = match apart.zone() {
        Some(zone) => format!(
            "The times of the {} have no zone. If all logs without a zone are from the same one, add --tz {zone} or its name. Otherwise, \
             give this log its zone in a [[tz]] table: see callcodes help times.",
            if apart.lacks_zone == Some(Side::Ahead) { "first" } else { "second" }
        ),
        None if apart.name_zones => {
            "Both name their zones, so a clock was wrong, or a program names a zone that is not its own: see what the times of other logs \
             of that time are."
                .to_owned()
        }
        None => "Their zones differ, or a clock was wrong. [[tz]] tables give logs without a zone theirs: see callcodes help times."
            .to_owned(),
    };
    format!(
        "{} is {} ahead of {}{hosts}, so their sign-ins count twice.\n{remedy}",
        replaced(&apart.ahead),
        length.join(" "),
        replaced(&apart.behind)
    )
}

/// Returns a duration in seconds: `12.3 s`.
#[must_use]
pub fn seconds(milliseconds: u64) -> String {
    // Rounded to tenths.
    let tenths = (milliseconds + 50) / 100;
    format!("{}.{} s", grouped(tenths / 10), tenths % 10)
}

/// Returns a size in bytes in the largest binary unit that it fills, with one decimal: `512 B`, `120.6 KiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // Integer arithmetic lets rounding carry into the next unit, so that no unit shows 1024.0.
    let tenths_in = |power: usize| (u128::from(bytes) * 10 + (1 << (10 * power - 1))) >> (10 * power);
    let power = (1..UNITS.len()).find(|&power| tenths_in(power) < 10_240).unwrap_or(UNITS.len());
    let tenths = tenths_in(power);
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[power - 1])
}

/// Returns a share as a percentage with one decimal. Rounding never reaches either end: only nothing is `0.0%`, and only
/// everything is `100.0%`.
#[must_use]
pub fn percentage(share: Share) -> String {
    let (count, total) = (u128::from(share.count), u128::from(share.total));
    if total == 0 || count == 0 {
        return "0.0%".to_owned();
    }
    let thousandths = (count * 1000 + total / 2) / total;
    if count * 1000 < total {
        "<0.1%".to_owned()
    } else if thousandths == 1000 && count < total {
        ">99.9%".to_owned()
    } else {
        format!("{}.{}%", thousandths / 10, thousandths % 10)
    }
}

/// Returns the note on what was assumed about the dates in files, or `None` if nothing was.
#[must_use]
pub fn assumed(times: &Assumed) -> Option<String> {
    let parts = [(times.dates, "the year or date"), (times.orders, "the order of day and month")];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(files, _)| *files > 0)
        .map(|(files, what)| format!("{what} in {}", counted(*files, "file")))
        .collect();
    let changing = (times.changing > 0)
        .then(|| format!("the offset of {} when clocks are changed", counted(times.changing, "time")));
    let parts: Vec<String> = parts.into_iter().chain(changing).collect();
    (!parts.is_empty())
        .then(|| format!("Not in the lines, and assumed: {}. `callcodes files` shows by what.", parts.join(", ")))
}

/// Formats a time to the second: `2017-02-14 02:57:24Z` or `2017-02-14 03:57:24+01:00`. Fractions are cut off and not rounded,
/// so that readers can search a log for the time.
#[must_use]
pub fn moment(moment: Moment) -> String {
    let iso = moment.to_string();
    // The first 19 bytes are `YYYY-MM-DDThh:mm:ss`, because an `i64` of nanoseconds has no year of more than four digits.
    let seconds = iso.get(..19).unwrap_or(&iso);
    format!("{}{}", seconds.replace('T', " "), moment.offset())
}

/// Formats a time to the minute: `2017-02-14 02:57Z` or `2017-02-14 03:57+01:00`.
#[must_use]
pub fn minute(time: Moment) -> String {
    format!("{}{}", &moment(time)[..16], time.offset())
}

/// Formats a span of time to the minute. The second date is left out if it is the same: `2017-02-14 02:57Z to 03:24Z`.
#[must_use]
pub fn span(from: Moment, to: Moment) -> String {
    let (first, last) = (minute(from), minute(to));
    match last.strip_prefix(&first[..11]) {
        _ if first == last => first,
        Some(clock) => format!("{first} to {clock}"),
        None => format!("{first} to {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;
    use crate::time::zone::DisplayZone;

    #[test]
    fn digits_are_grouped_by_three() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (123_456, "123,456"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ];
        for (number, expected) in cases {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn the_remedy_for_clocks_depends_on_which_log_names_its_zone() {
        use crate::summary::sign_ins::Side;

        let remedy = |lacks_zone: Option<Side>, name_zones: bool| {
            clocks(&ClocksApart { quarters: 4, lacks_zone, name_zones, ..ClocksApart::default() })
        };
        assert!(remedy(Some(Side::Ahead), false).contains("of the first have no zone"));
        assert!(remedy(Some(Side::Behind), false).contains("add --tz -01:00 or its name"));
        assert!(remedy(None, false).contains("\nTheir zones differ, or a clock was wrong."));
        assert!(remedy(None, true).contains("\nBoth name their zones, so a clock was wrong"));
    }

    #[test]
    fn only_one_is_singular() {
        assert_eq!([0, 1, 2, 1000].map(|n| counted(n, "file")), ["0 files", "1 file", "2 files", "1,000 files"]);
    }

    #[test]
    fn sizes_have_one_decimal_and_never_1024_of_a_unit() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (123_456, "120.6 KiB"),
            // 1023.949… and 1023.950… KiB.
            (1_048_524, "1023.9 KiB"),
            (1_048_525, "1.0 MiB"),
            (1_048_576, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16777216.0 TiB"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(size(bytes), expected, "{bytes}");
        }
    }

    #[test]
    fn a_share_never_rounds_to_nothing_or_to_everything() {
        let cases = [
            (187, 1000, "18.7%"),
            (1, 3, "33.3%"),
            (2, 3, "66.7%"),
            (1, 16, "6.3%"),
            (1, 1000, "0.1%"),
            (1, 1001, "<0.1%"),
            (1, u64::MAX, "<0.1%"),
            (1999, 2000, ">99.9%"),
            (9994, 10_000, "99.9%"),
            (5, 5, "100.0%"),
            (0, 5, "0.0%"),
            (0, 0, "0.0%"),
        ];
        for (count, total, expected) in cases {
            assert_eq!(percentage(Share { count, total }), expected, "{count} of {total}");
        }
    }

    #[test]
    fn times_are_cut_to_the_second() {
        let cases = [
            (0, "1970-01-01 00:00:00Z"),
            (1_999_999_999, "1970-01-01 00:00:01Z"),
            (-1, "1969-12-31 23:59:59Z"),
            (i64::MIN, "1677-09-21 00:12:43Z"),
            (i64::MAX, "2262-04-11 23:47:16Z"),
        ];
        for (nanoseconds, expected) in cases {
            assert_eq!(moment(DisplayZone::UTC.of(Time::from_nanoseconds(nanoseconds))), expected);
        }
    }
}
