//! Shows when the results of a row occurred, as a short text with a mark for each part of the whole time.

use std::sync::Arc;

use crate::code::Key;
use crate::summary::History;
use crate::time::Time;
use crate::time::zone::DisplayZone;

use super::wording::{counted, minute};

/// The largest number of marks.
pub const MARKS: usize = 24;
/// The smallest number of results with which a row is worth a trend. First and last times say enough about fewer.
const LEAST: u64 = 10;

/// The mark for a time in which no log has a line.
pub const NO_LINE: char = '-';

/// A minute in nanoseconds.
const MINUTE: i64 = 60 * 1_000_000_000;
/// The lengths of a part in minutes: the shortest one is chosen with which all parts fit.
const LENGTHS: [i64; 19] =
    [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 20_160, 40_320, 80_640, 322_560, 1_290_240];

/// The characters of a trend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// Only ASCII, for files, pipes and consoles that may lack other characters.
    #[default]
    Ascii,
    /// Blocks of different heights.
    Blocks,
}

impl Charset {
    /// Returns the marks for at least one result, the least first.
    fn marks(self) -> &'static [char] {
        match self {
            Charset::Ascii => &[':', '=', '+', '*', '#', '@'],
            Charset::Blocks => &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
        }
    }

    /// Returns a bar for a part of a whole, which is `width` characters wide. Only nothing has no bar.
    #[must_use]
    pub fn bar(self, count: u64, total: u64, width: u64) -> String {
        let length = usize::try_from(level(count, total, width)).unwrap_or_default();
        let mark = if self == Charset::Ascii { "#" } else { "█" };
        mark.repeat(length)
    }
}

/// Returns which of `levels` levels a count has if `most` is the highest one: 0 only for 0.
fn level(count: u64, most: u64, levels: u64) -> u64 {
    let scaled = (u128::from(count) * u128::from(levels)).div_ceil(u128::from(most.max(1)));
    u64::try_from(scaled).unwrap_or(levels).min(levels)
}

/// The parts into which the time of a report is divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    /// When the first part begins.
    start: Time,
    /// The length of a part in minutes.
    minutes: i64,
    /// For each part, whether any log has a line at that time.
    is_logged: Vec<bool>,
    /// Whether these are only the logs of some hosts or files.
    is_of_some: bool,
    /// The first and the last time of which there can be results.
    span: (Time, Time),
    zone: DisplayZone,
}

impl Scale {
    /// Divides the time of the results between `first` and `last` into parts. Returns `None` if all of them are in one part, or if no
    /// row has enough results. `window` is the time of which results count, as far as it is limited.
    #[must_use]
    pub fn new(
        history: &History,
        (first, last): (Time, Time),
        window: (Option<Time>, Option<Time>),
        most: u64,
        zone: DisplayZone,
    ) -> Option<Arc<Scale>> {
        let step = history.minutes();
        if most < LEAST || step == 0 {
            return None;
        }
        let minute = |time: Time| time.nanoseconds().div_euclid(MINUTE);
        // Parts begin with a day, unless the periods of the history are longer or those of another zone.
        let day = minute(zone.day(first));
        let origin = if day.rem_euclid(step) == 0 { day } else { 0 };
        let begin = |length: i64| (minute(first) - origin).div_euclid(length) * length + origin;
        let parts = |length: i64| (minute(last) - begin(length)).div_euclid(length) + 1;
        let fits = |length: &i64| length % step == 0 && parts(*length) <= MARKS as i64;
        let minutes = LENGTHS.into_iter().find(fits)?;
        let len = usize::try_from(parts(minutes)).ok().filter(|len| *len > 1)?;
        let start = Time::from_nanoseconds(begin(minutes).saturating_mul(MINUTE));
        let (from, to) = history.span().unwrap_or((first, last));
        let span = (
            window.0.map_or(from, |since| since.max(from)).min(first),
            window.1.map_or(to, |until| until.min(to)).max(last),
        );
        let mut scale = Scale { start, minutes, is_logged: Vec::new(), is_of_some: history.is_of_some(), span, zone };
        scale.is_logged = (0..len).map(|part| history.has_lines(scale.at(part), scale.at(part + 1))).collect();
        Some(Arc::new(scale))
    }

    /// Returns when a part begins.
    fn at(&self, part: usize) -> Time {
        let part = i64::try_from(part).unwrap_or(i64::MAX);
        let minutes = part.saturating_mul(self.minutes).saturating_mul(MINUTE);
        Time::from_nanoseconds(self.start.nanoseconds().saturating_add(minutes))
    }

    /// Returns the trend of a row.
    #[must_use]
    pub fn trend(self: &Arc<Scale>, history: &History, key: &Key, is_general: bool) -> Trend {
        let mut counts = vec![0; self.is_logged.len()];
        let length = self.minutes.saturating_mul(MINUTE);
        for (time, count) in history.of(key, is_general) {
            let part = time.nanoseconds().saturating_sub(self.start.nanoseconds()).div_euclid(length);
            if let Some(sum) = usize::try_from(part).ok().and_then(|part| counts.get_mut(part)) {
                *sum += count;
            }
        }
        Trend { scale: Arc::clone(self), counts }
    }

    /// Returns how many parts a mark stands for, so that there are at most `marks`.
    fn joined(&self, marks: usize) -> usize {
        self.is_logged.len().div_ceil(marks.max(1)).max(1)
    }

    /// Whether the logs cover only a part of the first and of the last mark.
    fn is_cut(&self, marks: usize) -> (bool, bool) {
        let joined = self.joined(marks);
        let tolerance = self.minutes.saturating_mul(MINUTE) / 10 * i64::try_from(joined).unwrap_or(1);
        let (from, to) = (self.span.0.nanoseconds(), self.span.1.nanoseconds());
        let end = self.at(self.is_logged.len().div_ceil(joined) * joined).nanoseconds();
        (from > self.start.nanoseconds().saturating_add(tolerance), to < end.saturating_sub(tolerance))
    }

    /// Returns the note that explains the marks. `has_gaps` is whether any row has the mark for a time without lines.
    #[must_use]
    pub fn legend(&self, marks: usize, charset: Charset, has_gaps: bool) -> String {
        let minutes = self.minutes.unsigned_abs() * self.joined(marks) as u64;
        let length = match minutes {
            days if days % 1440 == 0 => counted(days / 1440, "day"),
            hours if hours % 60 == 0 => counted(hours / 60, "hour"),
            minutes => counted(minutes, "minute"),
        };
        let most = charset.marks().last().copied().unwrap_or_default();
        let mut parts = vec![format!("{most} most of a row"), ". none".to_owned()];
        if has_gaps {
            let logs = if self.is_of_some { "of the logs that the filters keep" } else { "log" };
            parts.push(format!("{NO_LINE} no line in any {logs}"));
        }
        let cut = match self.is_cut(marks) {
            (true, true) => "The logs begin within the first mark ( and end within the last one ).",
            (true, false) => "The logs begin within the first mark (.",
            (false, true) => "The logs end within the last mark ).",
            (false, false) => "",
        };
        let text = format!(
            "Trend: each mark is {length}, from {} on ({}). {cut}",
            minute(self.zone.of(self.start)),
            parts.join(", ")
        );
        text.trim_end().to_owned()
    }
}

/// When the results of a row occurred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trend {
    scale: Arc<Scale>,
    /// The number of results in each part.
    counts: Vec<u64>,
}

impl Trend {
    /// Returns the parts of the time, which all rows of a report share.
    #[must_use]
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// Returns the trend with at most `marks` marks, and a character before and after them.
    ///
    /// The characters are brackets, or parentheses if the logs cover only a part of the first or last mark.
    #[must_use]
    pub fn text(&self, marks: usize, charset: Charset) -> String {
        let joined = self.scale.joined(marks);
        let sums: Vec<u64> = self.counts.chunks(joined).map(|counts| counts.iter().sum()).collect();
        let is_logged = self.scale.is_logged.chunks(joined).map(|parts| parts.contains(&true));
        let most = sums.iter().copied().max().unwrap_or_default();
        let levels = charset.marks();
        let mark = |(count, is_logged): (u64, bool)| match count {
            0 if is_logged => '.',
            0 => NO_LINE,
            count => {
                let level = usize::try_from(level(count, most, levels.len() as u64)).unwrap_or_default();
                levels.get(level.saturating_sub(1)).copied().unwrap_or('.')
            }
        };
        let (begin, end) = self.scale.is_cut(marks);
        let begin = if begin { '(' } else { '[' };
        let end = if end { ')' } else { ']' };
        [begin].into_iter().chain(sums.iter().copied().zip(is_logged).map(mark)).chain([end]).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::code::Code;
    use crate::summary::history_of;

    fn at(minute: i64) -> Time {
        Time::from_nanoseconds(minute * MINUTE)
    }

    fn code(number: i32) -> Key {
        Key::Code(Code(number))
    }

    /// Returns the scale of results at these minutes, and the trend of code 21, of logs from the first to the second minute.
    fn trend(minutes: &[i64], (from, to): (i64, i64), logged_hours: &[i64]) -> Option<Trend> {
        let results: Vec<(Key, Time)> = minutes.iter().map(|minute| (code(21), at(*minute))).collect();
        let hours = logged_hours.iter().map(|hour| (at(hour * 60), at(hour * 60 + 60))).collect();
        let history = history_of(&results, hours, (at(from), at(to)));
        let span = (at(*minutes.iter().min()?), at(*minutes.iter().max()?));
        let scale = Scale::new(&history, span, (None, None), minutes.len() as u64, DisplayZone::UTC)?;
        Some(scale.trend(&history, &code(21), false))
    }

    #[test]
    fn nothing_and_no_log_and_incomplete_ends_look_different() {
        // Ten hours in half hours: many results at first, none in the second hour, no line in the third to the fifth hour.
        let minutes = [&[5; 12][..], &[35; 6], &[301; 2], &[599]].concat();
        let hours = [0, 1, 5, 6, 7, 8, 9];
        let whole = trend(&minutes, (0, 600), &hours).unwrap();
        assert_eq!(whole.text(MARKS, Charset::Ascii), "[@+..------:........:]");
        assert_eq!(whole.text(MARKS, Charset::Blocks), "[█▄..------▂........▁]");
        assert_eq!(whole.text(12, Charset::Ascii), "[@.---:...:]");
        assert_eq!(
            whole.scale().legend(12, Charset::Ascii, true),
            "Trend: each mark is 1 hour, from 1970-01-01 00:00Z on (@ most of a row, . none, - no line in any log)."
        );
        let cut = trend(&minutes, (5, 599), &hours).unwrap();
        assert_eq!(cut.text(MARKS, Charset::Ascii), "(@+..------:........:]");
        assert_eq!(cut.text(12, Charset::Ascii), "[@.---:...:]", "5 minutes of an hour are not much");
        let late = trend(&[&[25; 9][..], &[601]].concat(), (25, 602), &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).unwrap();
        assert_eq!(late.text(MARKS, Charset::Ascii), "(@...................:)");
        assert_eq!(
            late.scale().legend(MARKS, Charset::Ascii, false),
            "Trend: each mark is 30 minutes, from 1970-01-01 00:00Z on (@ most of a row, . none). The logs begin within the first \
             mark ( and end within the last one )."
        );
    }

    #[test]
    fn few_results_and_a_single_moment_have_no_trend() {
        assert_eq!(trend(&[0, 1, 2, 3, 4, 5, 6, 7, 8], (0, 9), &[0]), None);
        assert_eq!(trend(&[7; 20], (0, 9), &[0]), None);
        assert!(trend(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], (0, 9), &[0]).is_some());
    }

    #[test]
    fn a_bar_is_as_long_as_its_share_and_empty_only_for_nothing() {
        let bar = |count| Charset::Ascii.bar(count, 1_000, 10);
        assert_eq!([0, 1, 100, 101, 1_000].map(bar), ["", "#", "#", "##", "##########"]);
        assert_eq!(Charset::Blocks.bar(0, 0, 10), "");
        assert_eq!(Charset::Blocks.bar(u64::MAX, u64::MAX, 3), "███");
    }

    proptest! {
        #[test]
        fn every_result_is_in_its_part(minutes in prop::collection::vec(-100_000_i64..100_000, 10..60), marks in 1_usize..30) {
            if let Some(trend) = trend(&minutes, (-200_000, 200_000), &[]) {
                let Scale { start, minutes: length, is_logged, .. } = trend.scale();
                let start = start.nanoseconds() / MINUTE;
                let naive = (0..is_logged.len() as i64).map(|part| {
                    let from = start + part * length;
                    minutes.iter().filter(|minute| (from..from + length).contains(*minute)).count() as u64
                });
                prop_assert_eq!(&trend.counts, &naive.collect::<Vec<_>>());
                prop_assert_eq!(trend.counts.iter().sum::<u64>(), minutes.len() as u64);
                prop_assert!(trend.text(marks, Charset::Ascii).len() <= marks + 2);
            }
        }
    }
}
