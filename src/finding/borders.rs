//! Checks by the clock what was found on the clock that runs with the traffic.
//!
//! The traffic clock counts people. So it may begin a stretch when a few people join what one person has had for an hour, or end it with
//! the last of a few stragglers. And it may see a fall after a burst, or where the results come in waves.

use std::ops::Range;

use super::evidence::ln;
use super::rows::{MINUTE, Row};

/// The shortest stretch beside another one that is compared with it.
const SHORTEST: i64 = MINUTE / 2;
/// How long the stretch beside another one is, compared with it.
const BESIDE: f64 = 0.25;
/// The length of a longer stretch before another one, compared with it.
const LONG_BEFORE: f64 = 2.0;
/// The share of the rate inside from which the longer stretch belongs to the change, if its rate is also [`CROWDED`].
const AS_FREQUENT: f64 = 0.5;
/// How many times the rate outside a stretch must have to be crowded.
const CROWDED: f64 = 3.0;
/// A stretch that is not crowded must have this share of the traffic, compared with the share inside. With less, there may be more
/// results only because more people sign in.
const SHARE_BESIDE: f64 = 0.5;
/// The last part of a stretch, and the share of its results that this part must have.
const LAST_PART: (f64, f64) = (0.4, 0.08);
/// What has less than one of so many results and is divided from the rest by a hole in the logs does not belong to it.
const ONE_IN: u64 = 50;
/// How many times an end may be moved.
const MOVES: usize = 50;
/// The evidence that the results at an end of a stretch are those of the log outside: the logarithm of how many times as likely they are
/// there. The probability of so much by chance is 1 %.
const NARROWS: f64 = 4.6;
/// The part of the time before a fall that must not have most results.
const BURST: i64 = 8;
/// How many of 100 results are most if there are none later, and if there are some.
const MOST: [u64; 2] = [80, 50];

#[expect(clippy::cast_precision_loss, reason = "rates are compared")]
fn float(number: i64) -> f64 {
    number as f64
}

#[expect(clippy::cast_possible_truncation, reason = "a part of a duration is a duration")]
fn part(of: i64, share: f64) -> i64 {
    (float(of) * share) as i64
}

fn number(count: u64) -> f64 {
    float(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Returns the times of the results in a row, with their numbers. Half of several results are taken to be at the first of their times, and
/// half at the last.
pub(super) fn halves(row: &Row) -> impl Iterator<Item = (i64, u32)> {
    let half = row.count / 2;
    [(row.first, row.count - half), (row.last, half)].into_iter().filter(|(_, count)| *count > 0)
}

/// The times of results, in ascending order.
pub(super) struct Times {
    times: Vec<i64>,
    /// The number of results before each time, and of all.
    before: Vec<u64>,
}

impl Times {
    /// Collects the times of rows.
    pub(super) fn new<'r>(rows: impl Iterator<Item = &'r Row>) -> Times {
        let mut all: Vec<(i64, u32)> = rows.flat_map(halves).collect();
        all.sort_unstable();
        Times::sorted(all.into_iter())
    }

    /// Collects the times of results that are in ascending order, each with the number of results.
    pub(super) fn sorted(all: impl Iterator<Item = (i64, u32)>) -> Times {
        let mut sum = 0;
        let (times, sums): (Vec<i64>, Vec<u64>) = all
            .map(|(time, count)| {
                sum += u64::from(count);
                (time, sum)
            })
            .unzip();
        Times { times, before: [0].into_iter().chain(sums).collect() }
    }

    /// Returns the times, in ascending order.
    pub(super) fn as_slice(&self) -> &[i64] {
        &self.times
    }

    fn at(&self, time: i64) -> usize {
        self.times.partition_point(|other| *other < time)
    }

    /// Returns the number of results in a time.
    pub(super) fn count(&self, range: &Range<i64>) -> u64 {
        self.before[self.at(range.end).max(self.at(range.start))] - self.before[self.at(range.start)]
    }

    fn all(&self) -> u64 {
        self.before.last().copied().unwrap_or_default()
    }

    /// Whether there were as few results before as in the time in which there are few, in a stretch of the same length.
    pub(super) fn were_as_few(&self, few: &Range<i64>, before: &Range<i64>) -> bool {
        let length = few.end.saturating_sub(few.start);
        let most = 2 * self.count(few) + 1;
        let inside = self.at(before.start)..self.at(before.end);
        let starts = self.times[inside].iter().map(|time| time.saturating_add(1));
        [before.start].into_iter().chain(starts).any(|start| {
            let end = start.saturating_add(length);
            end <= before.end && self.count(&(start..end)) <= most
        })
    }

    /// Whether most results in a time are in a small part of it. After such a burst, fewer results are what is usual, above all if there
    /// are some again.
    pub(super) fn are_a_burst(&self, range: &Range<i64>, are_some_later: bool) -> bool {
        let (densest, all) = (self.densest(range), self.count(range));
        self.count(&densest) * 100 >= all * MOST[usize::from(are_some_later)]
    }

    /// Returns the small part of a time that has most results, if there is one, from the first of them to the last.
    pub(super) fn burst(&self, range: &Range<i64>) -> Option<Range<i64>> {
        let densest = self.densest(range);
        (self.count(&densest) * 100 >= self.count(range) * MOST[0]).then_some(densest)
    }

    /// Returns the part of a time that has the most results, from the first of them to the last.
    fn densest(&self, range: &Range<i64>) -> Range<i64> {
        let length = range.end.saturating_sub(range.start) / BURST;
        let inside = self.at(range.start)..self.at(range.end);
        let parts = self.times[inside].iter().map(|start| *start..start.saturating_add(length).min(range.end));
        let densest =
            parts.max_by_key(|part| (self.count(part), std::cmp::Reverse(part.start))).unwrap_or(range.clone());
        let last = self.times[..self.at(densest.end)].last().copied().unwrap_or(densest.start);
        densest.start..last.max(densest.start).saturating_add(1)
    }

    /// Returns a time of this length that ends with the last result before `end`. A pause in it that is longer is passed over.
    fn before(&self, end: i64, length: i64, log_start: i64) -> Beside {
        let end = self.times[..self.at(end)].last().map_or(end, |last| last.saturating_add(1));
        let start = end.saturating_sub(length);
        let first = self.at(start);
        let pause = first.checked_sub(1).and_then(|last| Some(self.times[last]..*self.times.get(first)?));
        let start = match pause.filter(|pause| pause.end < end && pause.end.saturating_sub(pause.start) > length) {
            Some(pause) => pause.start.saturating_add(1).saturating_sub(pause.end - start),
            None => start,
        };
        let clipped = start.max(log_start);
        Beside { range: clipped..end, length: length - (clipped - start) }
    }

    /// Returns a time of this length that begins with the first result after `start`. A pause in it that is longer is passed over.
    fn after(&self, start: i64, length: i64, log_end: i64) -> Beside {
        let start = self.times.get(self.at(start)).copied().unwrap_or(start);
        let end = start.saturating_add(length);
        let next = self.at(end);
        let pause = next.checked_sub(1).and_then(|last| Some(self.times[last]..*self.times.get(next)?));
        let end = match pause.filter(|pause| pause.start > start && pause.end.saturating_sub(pause.start) > length) {
            Some(pause) => pause.end.saturating_add(end - pause.start),
            None => end,
        };
        let clipped = end.min(log_end);
        Beside { range: start..clipped, length: length - (end - clipped) }
    }

    /// Counts the other stretches of the same length that have at least as many results. They do not overlap.
    pub(super) fn recurs(&self, range: &Range<i64>) -> usize {
        let length = range.end.saturating_sub(range.start);
        let count = self.count(range);
        let (mut found, mut free) = (0, i64::MIN);
        for start in &self.times {
            let part = *start..start.saturating_add(length);
            if part.start >= range.start && part.start < range.end {
                free = range.end;
            }
            let overlaps = part.start < range.end && range.start < part.end;
            if part.start >= free && !overlaps && self.count(&part) >= count {
                (found, free) = (found + 1, part.end);
            }
        }
        found
    }
}

/// A time beside a stretch, and its length without a pause in it that is longer.
struct Beside {
    range: Range<i64>,
    length: i64,
}

/// A stretch with more results, and whether the log before and after it is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Borders {
    pub(super) range: Range<i64>,
    pub(super) begins: bool,
    pub(super) ends: bool,
}

impl Borders {
    /// Moves the beginning and the end of a stretch to where its results become rarer. `traffic` returns the number of all results in a
    /// time, and `active` has their times: a time without any is passed over.
    pub(super) fn moved(
        mut self,
        times: &Times,
        log: &Range<i64>,
        traffic: &dyn Fn(&Range<i64>) -> u64,
        active: &Times,
    ) -> Borders {
        let log = log.start..log.end.saturating_add(1);
        for _ in 0..MOVES {
            let length = self.range.end.saturating_sub(self.range.start).max(1);
            let inside = times.count(&self.range);
            // There are as many pauses, less one.
            let rate = number(inside.saturating_sub(1)) / float(length);
            let outside = number(times.all() - inside) / float((log.end - log.start).saturating_sub(length).max(1));
            let share = number(inside) / number(traffic(&self.range)).max(1.0);
            let is_as_frequent = |Beside { range, length }: &Beside, least: f64| {
                let count = number(times.count(range));
                *length >= SHORTEST
                    && count >= least * float(*length)
                    && (count >= CROWDED * outside * float(*length)
                        || count >= SHARE_BESIDE * share * number(traffic(range)))
            };
            let before =
                |times_as_long| active.before(self.range.start, part(length, times_as_long).max(SHORTEST), log.start);
            let after = active.after(self.range.end, part(length, BESIDE).max(SHORTEST), log.end);
            let earlier = [(before(BESIDE), rate), (before(LONG_BEFORE), (AS_FREQUENT * rate).max(CROWDED * outside))];
            let earlier =
                earlier.into_iter().filter(|_| self.begins).find(|(beside, least)| is_as_frequent(beside, *least));
            if let Some((before, _)) = earlier {
                self.range.start = times.times[times.at(before.range.start)].min(self.range.start);
                self.begins = self.range.start.saturating_sub(log.start) >= SHORTEST;
            } else if self.ends && is_as_frequent(&after, rate) {
                let last = times.times[..times.at(after.range.end)].last().copied().unwrap_or(self.range.end);
                self.range.end = last.saturating_add(1).max(self.range.end);
                self.ends = log.end.saturating_sub(self.range.end) >= SHORTEST;
            } else {
                break;
            }
        }
        if self.begins && !self.ends {
            self.trim(times, traffic);
        }
        self
    }

    /// Moves the beginning and the end of a stretch inwards, to where its results become more frequent than elsewhere in the log. The
    /// traffic clock counts hours of people, so results before a change may be in a stretch because of others in the same hour. What is new
    /// begins with its first result. `traffic` has the times of all results.
    pub(super) fn narrowed(mut self, times: &Times, traffic: &Times) -> Borders {
        // Twice, because the rate inside is higher without the parts that do not belong to it.
        for _ in 0..2 {
            let middle = self.range.start + (self.range.end - self.range.start) / 2;
            let [inside, traffic_inside] = [times, traffic].map(|times| number(times.count(&self.range)));
            let [all, traffic_all] = [times, traffic].map(|times| number(times.all()));
            let inside_rate = inside / traffic_inside.max(1.0);
            let outside_rate = (all - inside + 1.0) / (traffic_all - traffic_inside + 1.0);
            if inside_rate <= outside_rate || times.count(&self.range) == times.all() {
                return self;
            }
            // They must also be rarer by the clock than in the rest of the stretch.
            let by_clock = |range: &Range<i64>| number(times.count(range)) / float(range.end - range.start).max(1.0);
            let is_rarer = |range: &Range<i64>, rest: &Range<i64>| by_clock(range) <= AS_FREQUENT * by_clock(rest);
            let evidence = |range: &Range<i64>| {
                let [results, traffic] = [times, traffic].map(|times| number(times.count(range)));
                traffic * (inside_rate - outside_rate) - results * ln(inside_rate / outside_rate)
            };
            let best = |ranges: &mut dyn Iterator<Item = Range<i64>>| {
                let with_evidence = ranges.map(|range| (evidence(&range), range));
                with_evidence
                    .max_by(|(one, _), (other, _)| one.total_cmp(other))
                    .filter(|(evidence, _)| *evidence >= NARROWS)
            };
            let Range { start, end } = self.range;
            if self.begins {
                let inside = &times.times[times.at(start)..times.at(middle)];
                let before = best(&mut inside.iter().map(|time| start..*time));
                if let Some((_, before)) = before.filter(|(_, before)| is_rarer(before, &(before.end..end))) {
                    self.range.start = before.end;
                }
            }
            if self.ends {
                let inside = &times.times[times.at(middle)..times.at(end)];
                let after = best(&mut inside.iter().map(|time| time.saturating_add(1)..end));
                if let Some((_, after)) = after.filter(|(_, after)| is_rarer(after, &(start..after.start))) {
                    self.range.end = after.start;
                }
            }
        }
        self
    }

    /// Cuts off what little is divided from the rest by a hole in the logs.
    pub(super) fn cut(&mut self, times: &Times, holes: &[Range<i64>]) {
        for hole in holes {
            let Range { start, end } = self.range;
            if !self.begins || hole.start < start || hole.end > end {
                continue;
            }
            let [before, after] = [start..hole.start, hole.end..end].map(|range| times.count(&range));
            if after * ONE_IN < before {
                let last = times.times[..times.at(hole.start)].last().map_or(hole.start, |last| last.saturating_add(1));
                (self.range.end, self.ends) = (last, true);
            } else if before * ONE_IN < after {
                self.range.start = times.times.get(times.at(hole.end)).copied().unwrap_or(hole.end);
            }
        }
    }

    /// Moves the end of a stretch that reaches the end of the log to an earlier time, if its last part has hardly any results although
    /// people sign in.
    fn trim(&mut self, times: &Times, traffic: &dyn Fn(&Range<i64>) -> u64) {
        let Range { start, end } = self.range;
        let length = end.saturating_sub(start);
        let all = times.count(&self.range);
        let late = end - part(length, LAST_PART.0)..end;
        if length < 4 * SHORTEST || number(times.count(&late)) >= LAST_PART.1 * number(all) {
            return;
        }
        // Where two rates explain the results best.
        let gain = |time: i64| {
            let parts = [start..time.saturating_add(1), time.saturating_add(1)..end];
            parts
                .iter()
                .map(|range| {
                    let (count, length) = (number(times.count(range)), float(range.end - range.start).max(1.0));
                    if count > 0.0 { count * ln(count / length) } else { 0.0 }
                })
                .sum::<f64>()
        };
        let inside = &times.times[times.at(start)..times.at(late.start)];
        let best = inside.iter().copied().max_by(|one, other| gain(*one).total_cmp(&gain(*other)));
        let Some(last) = best else { return };
        let ranges = [start..last.saturating_add(1), last.saturating_add(1)..end];
        let [head, tail] = ranges.clone().map(|range| number(times.count(&range)) / number(traffic(&range)).max(1.0));
        if tail < SHARE_BESIDE * head && number(traffic(&ranges[1])) > 0.0 {
            self.range.end = last.saturating_add(1);
            self.ends = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(minutes: impl Iterator<Item = i64>) -> Times {
        let rows: Vec<Row> = minutes.map(|minute| Row::one(1, 1, 1, minute * MINUTE)).collect();
        Times::new(rows.iter())
    }

    fn moved(range: Range<i64>, times: &Times, traffic: &dyn Fn(&Range<i64>) -> u64) -> (i64, i64, bool, bool) {
        moved_over(range, times, traffic, &self::times(0..1_000))
    }

    fn moved_over(
        range: Range<i64>,
        times: &Times,
        traffic: &dyn Fn(&Range<i64>) -> u64,
        active: &Times,
    ) -> (i64, i64, bool, bool) {
        let ends = range.end < 1_000;
        let borders = Borders { range: range.start * MINUTE..range.end * MINUTE + 1, begins: true, ends };
        let Borders { range, begins, ends } = borders.moved(times, &(0..1_000 * MINUTE), traffic, active);
        (range.start / MINUTE, range.end / MINUTE, begins, ends)
    }

    /// As many results each minute.
    fn steady(range: &Range<i64>) -> u64 {
        u64::try_from((range.end - range.start) / MINUTE + 1).unwrap()
    }

    #[test]
    fn a_stretch_begins_and_ends_where_its_results_become_rarer() {
        let crowd = times((0..1_000).filter(|minute| (400..600).contains(minute) || minute % 100 == 0));
        assert_eq!(moved(400..599, &crowd, &steady), (400, 599, true, true));
        // More frequent before, and after, as far as a quarter of its length shows.
        let is_even = |minute: &i64| minute % 2 == 0;
        let falling = times((400..480).chain((480..600).filter(is_even)));
        let (start, end, ..) = moved(480..598, &falling, &steady);
        assert!((400..420).contains(&start) && end == 598, "{start} {end}");
        let rising = times((400..500).filter(is_even).chain(500..600));
        let (start, end, ..) = moved(400..498, &rising, &steady);
        assert!(start == 400 && (580..600).contains(&end), "{start} {end}");
        // Until the end of the log. There is also one in minute 600.
        assert_eq!(moved(400..1_000, &crowd, &steady), (400, 600, true, true));
        // Nobody signs in at night.
        let day = |range: &Range<i64>| if range.start >= 600 * MINUTE { 3 } else { steady(range) };
        assert_eq!(moved(400..1_000, &crowd, &day), (400, 1_000, true, false));
        // It was so when the log begins.
        let early = times(0..600);
        assert_eq!(moved(200..599, &early, &steady), (0, 599, false, true));
    }

    #[test]
    fn a_time_without_any_results_is_passed_over() {
        let is_active = |minute: &i64| !(450..550).contains(minute);
        let active = times((0..1_000).filter(is_active));
        let crowd = times((400..600).filter(is_active).chain((0..1_000).step_by(100)));
        let traffic = |range: &Range<i64>| active.count(range);
        assert_eq!(moved_over(550..599, &crowd, &traffic, &active), (400, 599, true, true));
        assert_eq!(moved_over(400..449, &crowd, &traffic, &active), (400, 600, true, true));
    }

    #[test]
    fn a_few_results_after_a_hole_do_not_belong_to_a_stretch() {
        let cut = |minutes: Range<i64>, few: [i64; 2]| {
            let crowd = times(minutes.chain(few));
            let mut borders = Borders { range: 0..1_000 * MINUTE, begins: true, ends: false };
            let hole = 400 * MINUTE..600 * MINUTE;
            borders.cut(&crowd, &[hole]);
            (borders.range.start / MINUTE, borders.range.end / MINUTE, borders.ends)
        };
        assert_eq!(cut(200..400, [700, 900]), (0, 399, true));
        assert_eq!(cut(600..900, [100, 200]), (600, 1_000, false));
        assert_eq!(cut(200..400, [700, 700]).1, 399);
        assert_eq!(cut(350..400, [700, 900]).1, 1_000);
    }

    #[test]
    fn the_ends_of_a_stretch_that_are_like_the_rest_of_the_log_do_not_belong_to_it() {
        let all = times(0..1_000);
        let narrowed = |range: Range<i64>, results: &Times| {
            let range = range.start * MINUTE..range.end * MINUTE + 1;
            let Borders { range, .. } = Borders { range, begins: true, ends: true }.narrowed(results, &all);
            (range.start / MINUTE, range.end / MINUTE)
        };
        let crowd = times((0..1_000).filter(|minute| (400..600).contains(minute) || minute % 20 == 0));
        assert_eq!(narrowed(350..650, &crowd), (400, 600));
        assert_eq!(narrowed(400..599, &crowd), (400, 599));
        // A few minutes may be chance.
        assert_eq!(narrowed(398..599, &crowd), (398, 599));
        // What is new begins with its first result.
        let new = times((0..1_000).filter(|minute| (400..600).contains(minute) || [350, 650].contains(minute)));
        assert_eq!(narrowed(350..650, &new), (350, 650));
    }

    #[test]
    fn few_results_are_not_remarkable_if_there_were_as_few_before() {
        let waves = times((0..1_000).filter(|minute| minute / 100 % 3 == 0));
        let minutes = |range: Range<i64>| range.start * MINUTE..range.end * MINUTE;
        assert!(waves.were_as_few(&minutes(700..900), &minutes(0..700)));
        assert!(!waves.were_as_few(&minutes(700..900), &minutes(0..250)));
        assert!(!waves.are_a_burst(&minutes(0..700), true));
        assert!(times(300..310).are_a_burst(&minutes(0..700), false));
        assert_eq!(times((300..310).chain([650])).burst(&minutes(0..700)), Some(300 * MINUTE..309 * MINUTE + 1));
        assert_eq!(waves.burst(&minutes(0..700)), None);
        // 0 to 99, 300 to 399, 600 to 699 and 900 to 999.
        assert_eq!(waves.recurs(&minutes(300..400)), 3);
        assert_eq!(waves.recurs(&minutes(900..1_000)), 3);
        assert_eq!(times((300..400).chain([20, 40, 650])).recurs(&minutes(300..400)), 0);
        let storm = times((0..700).step_by(10).chain(300..380));
        assert!(storm.are_a_burst(&minutes(0..700), true) && !storm.are_a_burst(&minutes(0..700), false));
    }
}
