//! Counts the results of each row over time, and keeps when logs have lines, for the trends in a table.
//!
//! A period is a minute. If there would be too many counts, periods become longer: 5 minutes, a quarter of an hour, an hour, a
//! quarter of a day, a day and more. This depends only on the counts, so histories can be merged in any order and grouping.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::Key;
use crate::time::Time;

/// The largest number of counts that are kept. Up to twice as many are in memory.
const LIMIT: usize = 1 << 17;

/// A minute in nanoseconds.
const MINUTE: i64 = 60 * 1_000_000_000;

/// Returns the length of the next longer period in minutes. Each length is a multiple of the one before.
fn longer(minutes: i64) -> i64 {
    match minutes {
        1 => 5,
        5 => 15,
        15 => 60,
        60 => 360,
        360 => 1440,
        longer => longer * 16,
    }
}

/// The number of results in each period, by any key.
#[derive(Clone, Debug)]
pub(super) struct Periods<K> {
    /// The key, the number of the period since 1970, and the number of results. Sorted, with one entry for each key and period,
    /// after [`Periods::settle`].
    counts: Vec<(K, i64, u64)>,
    /// The length of a period.
    minutes: i64,
    limit: usize,
    /// For keys, the indexes of their last counts. A wrong index is harmless, because the count is compared.
    recent: [u32; RECENT],
}

/// The number of keys whose last count is remembered. Results of different keys alternate, so most are counted there.
const RECENT: usize = 256;

impl<K> Default for Periods<K> {
    fn default() -> Periods<K> {
        Periods { counts: Vec::new(), minutes: 1, limit: LIMIT, recent: [u32::MAX; RECENT] }
    }
}

impl<K: Copy + Ord> Periods<K> {
    /// Counts a result. Keys should have different slots, which may be any numbers.
    pub(super) fn add(&mut self, key: K, slot: usize, time: Time) {
        let number = time.nanoseconds().div_euclid(MINUTE).div_euclid(self.minutes);
        let recent = &mut self.recent[slot % RECENT];
        match self.counts.get_mut(*recent as usize) {
            Some((last, period, count)) if (*last, *period) == (key, number) => *count += 1,
            _ => {
                *recent = u32::try_from(self.counts.len()).unwrap_or(u32::MAX);
                self.counts.push((key, number, 1));
            }
        }
        if self.counts.len() >= 2 * self.limit.max(1) {
            self.settle();
        }
    }

    /// Adds up what has the same key and period. If there are too many counts, periods become longer.
    fn settle(&mut self) {
        loop {
            self.counts.sort_unstable();
            self.counts.dedup_by(|one, sum| {
                let is_same = (one.0, one.1) == (sum.0, sum.1);
                if is_same {
                    sum.2 += one.2;
                }
                is_same
            });
            // Periods of centuries cannot become longer.
            if self.counts.len() <= self.limit || self.minutes > i64::MAX / MINUTE / 256 {
                return;
            }
            self.widen();
        }
    }

    fn widen(&mut self) {
        let factor = longer(self.minutes) / self.minutes;
        self.minutes *= factor;
        self.counts.iter_mut().for_each(|(_, period, _)| *period = period.div_euclid(factor));
    }

    fn merge(&mut self, mut other: Periods<K>) {
        while self.minutes < other.minutes {
            self.widen();
        }
        while other.minutes < self.minutes {
            other.widen();
        }
        self.counts.append(&mut other.counts);
        self.settle();
    }

    /// Returns the same counts with other keys, without those for which `name` returns `None`.
    pub(super) fn named<L: Copy + Ord>(self, name: impl Fn(K) -> Option<L>) -> Periods<L> {
        let Periods { counts, minutes, limit, .. } = self;
        let counts = counts.into_iter().filter_map(|(key, period, count)| Some((name(key)?, period, count)));
        let mut named = Periods { counts: counts.collect(), minutes, limit, ..Periods::default() };
        named.settle();
        named
    }
}

/// The results of each row over time, and when logs have lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The code or name, whether general patterns found it, the start of the period, and the number of results. Sorted.
    counts: Vec<(Key, bool, Time, u64)>,
    /// The length of a period in minutes, or 0 if nothing was counted.
    minutes: i64,
    /// The hours in which any log has a line, from their start to their end, or `None` if there are too many.
    logged: Option<BTreeSet<(Time, Time)>>,
    /// The first and the last time in each log.
    spans: BTreeSet<(Time, Time)>,
    /// The hours in which the logs of each host have lines, if it is known.
    by_host: BTreeMap<Box<str>, BTreeSet<(Time, Time)>>,
    /// Whether these are only the logs of some hosts or files, which a filter keeps.
    is_of_some: bool,
}

/// The hours in which logs have lines, from their start to their end.
pub(super) type Hours = BTreeSet<(Time, Time)>;

impl History {
    /// Creates a history. `key` returns the code or name of a key, and whether general patterns found it.
    pub(super) fn new<K: Copy + Ord>(
        periods: Periods<K>,
        key: impl Fn(K) -> Option<(Key, bool)>,
        logged: Option<Hours>,
        spans: BTreeSet<(Time, Time)>,
    ) -> History {
        let mut periods = periods;
        periods.settle();
        let minutes = periods.minutes;
        let start = |period: i64| Time::from_nanoseconds(period.saturating_mul(minutes).saturating_mul(MINUTE));
        let counts = periods.counts.into_iter().filter_map(|(number, period, count)| {
            let (key, is_general) = key(number)?;
            Some((key, is_general, start(period), count))
        });
        let mut counts: Vec<_> = counts.collect();
        counts.sort_unstable();
        History { counts, minutes, logged, spans, by_host: BTreeMap::new(), is_of_some: false }
    }

    /// Adds the hours in which the logs of each host have lines.
    pub(super) fn with_hosts(self, by_host: BTreeMap<Box<str>, Hours>) -> History {
        History { by_host, ..self }
    }

    /// Returns the hours in which the logs of each host have lines, if they are known.
    #[must_use]
    pub fn hosts(&self) -> &BTreeMap<Box<str>, BTreeSet<(Time, Time)>> {
        &self.by_host
    }

    /// Notes whether a filter keeps only the logs of some hosts or files.
    pub(super) fn of_some(self, is_of_some: bool) -> History {
        History { is_of_some, ..self }
    }

    /// Whether these are only the logs of some hosts or files.
    #[must_use]
    pub fn is_of_some(&self) -> bool {
        self.is_of_some
    }

    /// Returns how many hours the logs cover in `window`: those in which any log has a line, or any log of `host`. Of the first and the
    /// last one, only the part after the first line and before the last line counts.
    #[must_use]
    pub fn hours(&self, host: Option<&str>, window: (Option<Time>, Option<Time>)) -> f64 {
        let Some((first, last)) = self.span() else { return 0.0 };
        let from = window.0.map_or(first, |since| since.max(first)).nanoseconds();
        let to = window.1.map_or(last, |until| until.min(last)).nanoseconds();
        let none = BTreeSet::new();
        let hours = match host {
            Some(host) => self.by_host.get(host).unwrap_or(&none),
            None => self.logged.as_ref().unwrap_or(&none),
        };
        // Hours of different zones would overlap, but all of them are of the same zone.
        let covered = hours.iter().map(|(start, end)| end.nanoseconds().min(to) - start.nanoseconds().max(from));
        covered.filter(|nanoseconds| *nanoseconds > 0).sum::<i64>() as f64 / (60 * MINUTE) as f64
    }

    /// Adds the results and the logs of another part of the same run.
    pub fn merge(&mut self, other: History) {
        if other.minutes == 0 {
            return;
        }
        if self.minutes == 0 {
            *self = other;
            return;
        }
        let keys: BTreeSet<(Key, bool)> =
            self.counts.iter().chain(&other.counts).map(|(key, is_general, ..)| (key.clone(), *is_general)).collect();
        let keys: Vec<(Key, bool)> = keys.into_iter().collect();
        let periods = |part: &History| {
            let number = |key: &Key, is_general| {
                keys.binary_search_by(|(other, general)| (other, *general).cmp(&(key, is_general))).unwrap_or_default()
            };
            let period = |start: Time| start.nanoseconds().div_euclid(MINUTE).div_euclid(part.minutes);
            let counts = part
                .counts
                .iter()
                .map(|(key, is_general, start, count)| (number(key, *is_general), period(*start), *count));
            Periods { counts: counts.collect(), minutes: part.minutes, ..Periods::default() }
        };
        let mut sum = periods(self);
        sum.merge(periods(&other));
        let logged = self.logged.take().zip(other.logged).map(|(mut one, other)| {
            one.extend(other);
            one
        });
        let mut spans = std::mem::take(&mut self.spans);
        spans.extend(other.spans);
        let mut by_host = std::mem::take(&mut self.by_host);
        other.by_host.into_iter().for_each(|(host, hours)| by_host.entry(host).or_default().extend(hours));
        let is_of_some = self.is_of_some || other.is_of_some;
        let merged = History::new(sum, |number| keys.get(number).cloned(), logged, spans);
        *self = merged.with_hosts(by_host).of_some(is_of_some);
    }

    /// Returns the results of a row: the start of each period with any, and their number.
    pub fn of(&self, key: &Key, is_general: bool) -> impl Iterator<Item = (Time, u64)> {
        let from = self.counts.partition_point(|(other, general, ..)| (other, *general) < (key, is_general));
        let rows = self.counts[from..].iter();
        rows.take_while(move |(other, general, ..)| (other, *general) == (key, is_general))
            .map(|(.., start, count)| (*start, *count))
    }

    /// Returns the length of a period in minutes, or 0 if nothing was counted.
    #[must_use]
    pub fn minutes(&self) -> i64 {
        self.minutes
    }

    /// Whether any log has a line in one of the hours that overlap the time from `start` to `end`. True if that is not known.
    #[must_use]
    pub fn has_lines(&self, start: Time, end: Time) -> bool {
        let Some(logged) = &self.logged else { return true };
        // An hour is no longer than that, so the only ones that reach into the time from before it begin after `early`.
        let early = Time::from_nanoseconds(start.nanoseconds().saturating_sub(60 * MINUTE));
        logged.range((early, early)..(end, early)).any(|(_, hour_end)| *hour_end > start)
    }

    /// Returns the first and the last time of all logs.
    #[must_use]
    pub fn span(&self) -> Option<(Time, Time)> {
        let last = self.spans.iter().map(|(_, last)| *last).max()?;
        self.spans.first().map(|(first, _)| (*first, last))
    }
}

/// Returns the history of results in logs of this span, with lines in these hours.
#[cfg(test)]
pub(crate) fn history_of(results: &[(Key, Time)], hours: BTreeSet<(Time, Time)>, span: (Time, Time)) -> History {
    let mut periods = Periods::default();
    (0_usize..).zip(results).for_each(|(number, (_, time))| periods.add(number, number, *time));
    let keys = periods.named(Some);
    let whole =
        History::new(keys, |number| Some((results[number].0.clone(), false)), Some(hours), BTreeSet::from([span]));
    // Equal keys are added up.
    let mut sum = History::default();
    sum.merge(whole.clone());
    sum.merge(History { counts: Vec::new(), ..whole });
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::code::Code;

    fn at(minute: i64) -> Time {
        Time::from_nanoseconds(minute * MINUTE)
    }

    fn periods(results: &[(i32, i64)], limit: usize) -> Periods<i32> {
        let mut periods = Periods { limit, ..Periods::default() };
        results.iter().for_each(|(key, minute)| periods.add(*key, usize::try_from(*key).unwrap(), at(*minute)));
        periods.settle();
        periods
    }

    fn history(results: &[(i32, i64)]) -> History {
        let hours = results.iter().map(|(_, minute)| (at(minute / 60 * 60), at(minute / 60 * 60 + 60))).collect();
        let span = results.iter().map(|(_, minute)| at(*minute));
        let spans = span.clone().min().zip(span.max()).into_iter().collect();
        History::new(periods(results, LIMIT), |code| Some((Key::Code(Code(code)), false)), Some(hours), spans)
    }

    #[test]
    fn periods_become_longer_until_the_counts_fit() {
        let results: Vec<(i32, i64)> = (0..60).map(|minute| (21, minute)).collect();
        assert_eq!(periods(&results, 60).counts.len(), 60);
        let few = periods(&results, 59);
        assert_eq!((few.minutes, few.counts[3]), (5, (21, 3, 5)));
        assert_eq!(periods(&results, 2).counts, [(21, 0, 60)]);
    }

    #[test]
    fn an_hour_with_a_line_is_not_a_hole() {
        let history = history(&[(21, 130), (21, 300)]);
        assert!(history.has_lines(at(125), at(126)) && history.has_lines(at(60), at(121)));
        assert!(!history.has_lines(at(60), at(120)) && !history.has_lines(at(180), at(300)));
        assert_eq!(history.span(), Some((at(130), at(300))));
        assert_eq!(history.of(&Key::Code(Code(21)), false).collect::<Vec<_>>(), [(at(130), 1), (at(300), 1)]);
        assert_eq!(history.of(&Key::Code(Code(21)), true).count(), 0);
    }

    fn results() -> impl Strategy<Value = Vec<(i32, i64)>> {
        prop::collection::vec((1_i32..4, -300_i64..300), 0..60)
    }

    proptest! {
        #[test]
        fn any_split_and_order_gives_the_same_counts(a in results(), b in results(), limit in 1_usize..40) {
            let whole = periods(&[a.clone(), b.clone()].concat(), limit);
            let mut sum = periods(&b, limit);
            sum.merge(periods(&a, limit));
            prop_assert_eq!((sum.counts, sum.minutes), (whole.counts, whole.minutes));
        }

        #[test]
        fn any_grouping_gives_the_same_history(a in results(), b in results(), c in results()) {
            let whole = history(&[a.clone(), b.clone(), c.clone()].concat());
            let merged = |parts: &[&[(i32, i64)]]| {
                let mut sum = History::default();
                parts.iter().for_each(|part| sum.merge(history(part)));
                sum
            };
            let sum = merged(&[&a, &b, &c]);
            prop_assert_eq!(&merged(&[&c, &a, &b]), &sum);
            prop_assert_eq!((&sum.counts, sum.span()), (&whole.counts, whole.span()));
        }
    }
}
