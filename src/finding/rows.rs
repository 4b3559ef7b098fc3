//! Collects the results from which findings are derived, in limited memory.
//!
//! A *unit* is the hour of a person on a host. If lines do not name the user, it is a minute on a host. Of each unit, the
//! 32 earliest results are kept one by one, because the time between two attempts matters. Any more are added up by
//! code. So a script that signs in a thousand times an hour takes little more room than a person.
//!
//! If there are more than [`ROWS_LIMIT`] rows, only some persons are kept, those whose hash begins with enough zero bits. Both
//! rules depend only on the set of results: the earliest results of a union are among the earliest of each part, and a part never
//! needs more zero bits than the whole. So rows can be merged in any order and grouping.
//!
//! Users, hosts and codes are numbers here, which the caller assigns.

use std::ops::Range;

use foldhash::{HashMap, HashMapExt as _};

/// The largest number of rows that are kept. Up to twice as many are in memory, in 40 bytes each.
pub const ROWS_LIMIT: usize = 1 << 18;

/// The number of results of a unit that are kept one by one.
const SINGLE_LIMIT: usize = 32;

/// The largest number of entries by the hour.
const HOURLY_LIMIT: usize = 1 << 18;
/// The factor by which periods become longer if there are too many entries: hours become days first.
const WIDER: i32 = 24;

/// The number of units to which results are being added that are remembered.
const OPEN: usize = 1 << 12;
/// The number of rows that are remembered because they may get more results: several for each of these units.
const RECENT: usize = 1 << 15;

/// A minute in nanoseconds.
pub(super) const MINUTE: i64 = 60 * 1_000_000_000;
/// An hour in nanoseconds.
pub(super) const HOUR: i64 = 60 * MINUTE;

/// The time of a result whose line has none that can be read. Only [`Earliest`] may have such results.
pub const NO_TIME: i64 = i64::MIN;

/// The number of a code that is not known.
pub(super) const NO_KEY: u32 = u32::MAX;

/// One result, or several results with the same code in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The number of the host, or 0 if it is unknown.
    pub host: u32,
    /// The number of the person, or 0 if the user is unknown.
    pub person: u32,
    /// The time of the first result in nanoseconds since the Unix epoch.
    pub first: i64,
    /// The time of the last result.
    pub last: i64,
    /// The number of the code or name.
    pub key: u32,
    /// The number of results.
    pub count: u32,
    /// The number of the user's network address, or 0 if it is unknown or there are several results.
    pub address: u32,
    /// The time from the start of the sign-in to its result in milliseconds plus one, or 0 if it is unknown or there are several
    /// results.
    pub duration: u32,
}

/// The host, the person and the hour or minute of a unit.
pub(super) type Unit = (u32, u32, i64);

impl Row {
    /// Returns the row for one result.
    #[must_use]
    pub fn one(host: u32, person: u32, key: u32, time: i64) -> Row {
        Row { host, person, first: time, last: time, key, count: 1, address: 0, duration: 0 }
    }

    /// Returns the unit that contains the row.
    pub(super) fn unit(&self) -> Unit {
        (self.host, self.person, self.first.div_euclid(if self.person == 0 { MINUTE } else { HOUR }))
    }

    /// Returns when the sign-in began, or the time of its result if that is not known.
    pub(super) fn began(&self) -> i64 {
        self.first - i64::from(self.duration.saturating_sub(1)) * 1_000_000
    }

    fn merge(&mut self, other: &Row) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count = self.count.saturating_add(other.count);
        (self.address, self.duration) = (0, 0);
    }
}

/// The number of results with the same code on a host in an hour. Only counted while persons are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hourly {
    /// The number of the code or name.
    pub key: u32,
    /// The number of the host.
    pub host: u32,
    /// The number of the hour since the Unix epoch. If there are too many of them, the first of several hours.
    pub hour: i32,
    /// The number of results.
    pub count: u64,
}

/// The results of a run, as far as findings need them.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Sorted, and at most `limit`, after [`Rows::settle`].
    rows: Vec<Row>,
    /// The number of zero bits with which the hash of a person must begin.
    level: u32,
    /// The counts of all persons. Empty while no person is left out, because then the rows have them.
    hourly: Vec<Hourly>,
    /// The number of hours in an entry: 1, or a power of [`WIDER`].
    hours: i32,
    limit: usize,
    /// Units to which results were added since [`Rows::settle`].
    open: Vec<Open>,
    /// The indexes of the last rows that may stand for several results. Which row an index is of is compared.
    recent: Vec<u32>,
    /// The indexes of the last entries of codes on hosts in `hourly`.
    recent_hourly: Vec<u32>,
}

/// A unit to which results are being added.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    unit: Unit,
    /// The number of results of the unit that were added one by one, at most [`SINGLE_LIMIT`].
    singles: usize,
    /// The latest time of these.
    last: i64,
}

impl Open {
    /// Adds a result. Returns whether it is later than [`SINGLE_LIMIT`] others, so that it need not be kept one by one.
    fn add(&mut self, unit: Unit, time: i64) -> bool {
        if self.unit != unit {
            *self = Open { unit, singles: 0, last: i64::MIN };
        }
        if self.singles >= SINGLE_LIMIT {
            return time > self.last;
        }
        self.singles += 1;
        self.last = self.last.max(time);
        false
    }
}

/// Returns the place of something with these numbers in a list whose length is a power of two.
fn slot<T>(numbers: [u32; 3], list: &mut [T]) -> &mut T {
    // Odd factors, such as that of the golden ratio, scatter neighbouring numbers.
    let [one, two, three] = numbers;
    let mixed = one.wrapping_mul(0x85eb_ca6b) ^ two.wrapping_mul(0x9e37_79b1) ^ three.wrapping_mul(0xc2b2_ae35);
    let place = (mixed ^ mixed >> 16) as usize & (list.len() - 1);
    &mut list[place]
}

impl PartialEq for Rows {
    fn eq(&self, other: &Rows) -> bool {
        let content = |rows: &Rows| (rows.level, rows.hours, rows.limit);
        self.rows == other.rows && self.hourly == other.hourly && content(self) == content(other)
    }
}

impl Eq for Rows {}

impl Default for Rows {
    fn default() -> Rows {
        Rows::new(ROWS_LIMIT)
    }
}

impl Rows {
    /// Creates an empty collection that keeps at most `limit` rows.
    #[must_use]
    pub fn new(limit: usize) -> Rows {
        let (rows, hourly, open, recent) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Rows { rows, level: 0, hourly, hours: 1, limit, open, recent_hourly: recent.clone(), recent }
    }

    /// Adds a result. `hash` returns the hash of a person, which must not depend on the numbers that were assigned.
    #[inline]
    pub fn add(&mut self, row: Row, hash: impl Fn(&Row) -> u64) {
        if self.level > 0 {
            self.add_hourly(&row);
            if hash(&row).leading_zeros() < self.level {
                return;
            }
        }
        if self.open.is_empty() {
            let limit = self.limit.clamp(1, RECENT).next_power_of_two();
            self.open.resize(OPEN.min(limit), Open::default());
            self.recent.resize(RECENT.min(8 * limit), u32::MAX);
        }
        // Without users, and beyond the results that are kept one by one, those of a unit are one row for each code, which is usually
        // among the last ones.
        if row.person == 0 || slot([row.host, row.person, 0], &mut self.open).add(row.unit(), row.first) {
            let recent = slot([row.host, row.person, row.key], &mut self.recent);
            if let Some(last) = self.rows.get_mut(*recent as usize)
                && last.key == row.key
                && last.unit() == row.unit()
            {
                return last.merge(&row);
            }
            *recent = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        }
        self.rows.push(row);
        if self.rows.len() >= 2 * self.limit.max(1) {
            self.settle(hash);
        }
    }

    /// Adds all results of `other`. The numbers of both must have the same meaning.
    pub fn merge(&mut self, mut other: Rows, hash: impl Fn(&Row) -> u64) {
        let level = self.level.max(other.level);
        for part in [&mut *self, &mut other] {
            if level > 0 && part.level == 0 {
                part.begin_hourly();
            }
        }
        self.level = level;
        self.hours = self.hours.max(other.hours);
        self.hourly.append(&mut other.hourly);
        self.join_hours();
        self.forget();
        self.rows.append(&mut other.rows);
        self.rows.retain(|row| hash(row).leading_zeros() >= level);
        self.settle(hash);
    }

    /// Removes the results of other hosts than those for which `is_kept` returns true.
    pub fn retain_hosts(&mut self, is_kept: impl Fn(u32) -> bool) {
        self.forget();
        self.rows.retain(|row| is_kept(row.host));
        self.hourly.retain(|hourly| is_kept(hourly.host));
    }

    /// Replaces the numbers of hosts, persons, codes and addresses. Rows whose code becomes [`NO_KEY`] are removed. Then
    /// [`Rows::settle`] must be called.
    pub(super) fn renumber(&mut self, mut numbers: impl FnMut(&mut Row)) {
        self.forget();
        self.rows.iter_mut().for_each(&mut numbers);
        self.rows.retain(|row| row.key != NO_KEY);
        for hourly in &mut self.hourly {
            let mut row = Row::one(hourly.host, 0, hourly.key, 0);
            numbers(&mut row);
            (hourly.host, hourly.key) = (row.host, row.key);
        }
        self.hourly.retain(|hourly| hourly.key != NO_KEY);
    }

    /// Forgets where rows are, because they move.
    fn forget(&mut self) {
        self.open.clear();
        self.recent.clear();
    }

    /// Whether there may be too many rows, so that [`Rows::settle`] may leave persons out.
    #[must_use]
    pub fn is_over_limit(&self) -> bool {
        self.rows.len() > self.limit
    }

    /// Sorts the rows, adds up what is more than 32 results in a unit, and leaves persons out if there are too many.
    pub fn settle(&mut self, hash: impl Fn(&Row) -> u64) {
        self.forget();
        self.fold();
        if self.rows.len() > self.limit {
            let mut by_zeros = [0_usize; 65];
            self.rows.iter().for_each(|row| by_zeros[hash(row).leading_zeros() as usize] += 1);
            let mut left = self.rows.len();
            let mut level = 0;
            while left > self.limit && level < 64 {
                left -= by_zeros[level as usize];
                level += 1;
            }
            if self.level == 0 {
                self.begin_hourly();
            }
            self.level = level;
            self.rows.retain(|row| hash(row).leading_zeros() >= level);
        }
        self.fold_hourly();
    }

    fn fold(&mut self) {
        self.sort();
        let (mut start, mut folded) = (0, 0);
        let mut rest: Vec<Row> = Vec::new();
        while start < self.rows.len() {
            let unit = self.rows[start].unit();
            let end = start + self.rows[start..].iter().take_while(|row| row.unit() == unit).count();
            let mut singles = if unit.1 == 0 { 0 } else { SINGLE_LIMIT };
            for index in start..end {
                let row = self.rows[index];
                if row.count == 1 && singles > 0 {
                    singles -= 1;
                    self.rows[folded] = row;
                    folded += 1;
                } else {
                    rest.push(row);
                }
            }
            rest.sort_by_key(|row| row.key);
            rest.dedup_by(|row, sum| {
                let is_same = row.key == sum.key;
                if is_same {
                    sum.merge(row);
                }
                is_same
            });
            // The rows that are overwritten have been read.
            for row in rest.drain(..) {
                self.rows[folded] = row;
                folded += 1;
            }
            start = end;
        }
        self.rows.truncate(folded);
    }

    /// Sorts the rows, so that the units of a person are in the order of their times.
    ///
    /// Rows are added in the order of their logs. So the rows of a person are nearly sorted once they are together, and only the persons
    /// need to be sorted to bring them together.
    fn sort(&mut self) {
        let person = |row: &Row| (row.host, row.person);
        let mut numbers: HashMap<(u32, u32), u32> = HashMap::new();
        let mut counts: Vec<usize> = Vec::new();
        let mut number_of = |row: &Row| {
            let next = u32::try_from(counts.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry(person(row)).or_insert(next);
            if number == next {
                counts.push(0);
            }
            counts[number as usize] += 1;
            number
        };
        let mut places_of_rows: Vec<u32> = self.rows.iter().map(&mut number_of).collect();
        if counts.len() > 1 {
            let mut persons: Vec<((u32, u32), u32)> = numbers.into_iter().collect();
            persons.sort_unstable();
            // The place of the next row of each person.
            let mut place = 0;
            for (_, number) in persons {
                place += std::mem::replace(&mut counts[number as usize], place);
            }
            for number in &mut places_of_rows {
                let next = &mut counts[*number as usize];
                *number = u32::try_from(std::mem::replace(next, *next + 1)).unwrap_or(u32::MAX);
            }
            // Each exchange brings a row to its place.
            for at in 0..self.rows.len() {
                while places_of_rows[at] as usize != at {
                    let place = places_of_rows[at] as usize;
                    self.rows.swap(at, place);
                    places_of_rows.swap(at, place);
                }
            }
        }
        let order_of_one = |row: &Row| (row.first, row.key, row.duration, row.address);
        for rows in self.rows.chunk_by_mut(|one, other| person(one) == person(other)) {
            rows.sort_by_key(order_of_one);
        }
    }

    fn add_hourly(&mut self, row: &Row) {
        let hour = i32::try_from(row.first.div_euclid(HOUR)).unwrap_or_default();
        let hour = hour.div_euclid(self.hours) * self.hours;
        let count = u64::from(row.count);
        if self.recent_hourly.is_empty() {
            self.recent_hourly.resize(RECENT, u32::MAX);
        }
        let recent = slot([row.host, 0, row.key], &mut self.recent_hourly);
        match self.hourly.get_mut(*recent as usize) {
            Some(last) if (last.key, last.host, last.hour) == (row.key, row.host, hour) => last.count += count,
            _ => {
                *recent = u32::try_from(self.hourly.len()).unwrap_or(u32::MAX);
                self.hourly.push(Hourly { key: row.key, host: row.host, hour, count });
            }
        }
        if self.hourly.len() >= 2 * HOURLY_LIMIT {
            self.fold_hourly();
        }
    }

    fn begin_hourly(&mut self) {
        for index in 0..self.rows.len() {
            let row = self.rows[index];
            self.add_hourly(&row);
        }
    }

    fn fold_hourly(&mut self) {
        loop {
            self.hourly.sort_unstable();
            self.hourly.dedup_by(|one, sum| {
                let is_same = (one.key, one.host, one.hour) == (sum.key, sum.host, sum.hour);
                if is_same {
                    sum.count += one.count;
                }
                is_same
            });
            // From 1677 to 2262 there are fewer hours than that.
            if self.hourly.len() <= HOURLY_LIMIT || self.hours > i32::MAX / WIDER / 2 {
                return;
            }
            self.hours *= WIDER;
            self.join_hours();
        }
    }

    fn join_hours(&mut self) {
        let hours = self.hours;
        self.hourly.iter_mut().for_each(|hourly| hourly.hour = hourly.hour.div_euclid(hours) * hours);
    }

    /// Returns the rows. They are sorted by unit after [`Rows::settle`].
    #[must_use]
    pub fn as_slice(&self) -> &[Row] {
        &self.rows
    }

    /// Returns the ranges of rows that are in the same unit.
    pub(super) fn units(&self) -> impl Iterator<Item = Range<usize>> {
        let mut end = 0;
        self.rows.chunk_by(|one, other| one.unit() == other.unit()).map(move |rows| {
            let start = end;
            end += rows.len();
            start..end
        })
    }

    /// Returns the counts of all persons by the hour, or nothing if no person is left out.
    #[must_use]
    pub fn hourly(&self) -> &[Hourly] {
        &self.hourly
    }

    /// Returns the number of hours in an entry of [`Rows::hourly`].
    #[must_use]
    pub fn hours(&self) -> i32 {
        self.hours
    }

    /// Returns how many persons one kept person stands for, on average.
    #[must_use]
    pub fn one_in(&self) -> u64 {
        1 << self.level.min(63)
    }
}

/// The earliest results of those that no rule may leave out, such as reports of fraud. Those without a time come first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earliest {
    rows: Vec<Row>,
    more: u64,
}

impl Earliest {
    /// The largest number of results that are kept.
    const LIMIT: usize = 1 << 12;

    /// Adds a result.
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
        if self.rows.len() >= 2 * Earliest::LIMIT {
            self.settle();
        }
    }

    /// Adds all results of `other`. The numbers of both must have the same meaning.
    pub fn merge(&mut self, mut other: Earliest) {
        self.rows.append(&mut other.rows);
        self.more += other.more;
        self.settle();
    }

    /// Sorts the results by time, and leaves out the latest if there are too many.
    pub fn settle(&mut self) {
        self.rows.sort_by(|one, other| (one.first, one).cmp(&(other.first, other)));
        self.more += self.rows.len().saturating_sub(Earliest::LIMIT) as u64;
        self.rows.truncate(Earliest::LIMIT);
    }

    /// Removes the results of other hosts than those for which `is_kept` returns true.
    pub fn retain_hosts(&mut self, is_kept: impl Fn(u32) -> bool) {
        self.rows.retain(|row| is_kept(row.host));
    }

    /// Replaces the numbers of hosts, persons, codes and addresses. Then [`Earliest::settle`] must be called.
    pub(super) fn renumber(&mut self, numbers: impl FnMut(&mut Row)) {
        self.rows.iter_mut().for_each(numbers);
        self.rows.retain(|row| row.key != NO_KEY);
    }

    /// Returns the results, in the order of their times after [`Earliest::settle`].
    #[must_use]
    pub fn as_slice(&self) -> &[Row] {
        &self.rows
    }

    /// Returns the number of results that are left out.
    #[must_use]
    pub fn more(&self) -> u64 {
        self.more
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A hash that keeps half of the persons at each level.
    fn hash(row: &Row) -> u64 {
        let number = if row.person == 0 { row.first.div_euclid(MINUTE).cast_unsigned() } else { u64::from(row.person) };
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn collected(results: &[Row], limit: usize) -> Rows {
        let mut rows = Rows::new(limit);
        results.iter().for_each(|row| rows.add(*row, hash));
        rows.settle(hash);
        rows
    }

    fn merged(one: &Rows, other: &Rows) -> Rows {
        let mut sum = one.clone();
        sum.merge(other.clone(), hash);
        sum
    }

    /// Few results of many units, or many of few.
    fn results() -> impl Strategy<Value = Vec<Row>> {
        let result = |hosts: u32, persons: u32, times: i64, step: i64| {
            let numbers = (1..=hosts, 0..persons, 0_u32..3, 0..times, 0_u32..3);
            numbers.prop_map(move |(host, person, key, time, duration)| Row {
                duration,
                ..Row::one(host, person, key, time * step)
            })
        };
        prop_oneof![
            prop::collection::vec(result(2, 12, 40, 5 * MINUTE), 0..120),
            prop::collection::vec(result(1, 2, 500, MINUTE / 6), 0..300),
        ]
    }

    #[test]
    fn of_a_unit_the_earliest_results_are_kept_and_the_others_added_up() {
        let results: Vec<Row> =
            (0..40).rev().map(|second| Row::one(1, 1, 21 + second % 2, i64::from(second))).collect();
        let rows = collected(&results, 100);
        let counts: Vec<(u32, u32, i64)> = rows.as_slice().iter().map(|row| (row.key, row.count, row.first)).collect();
        let singles = (0_u32..32).map(|second| (21 + second % 2, 1, i64::from(second)));
        assert_eq!(counts, singles.chain([(21, 4, 32), (22, 4, 33)]).collect::<Vec<_>>());
    }

    #[test]
    fn a_script_takes_few_rows_even_before_they_are_settled() {
        let results: Vec<Row> = (0..3_600).map(|second| Row::one(1, 1, 21 + second % 4, i64::from(second))).collect();
        let mut rows = Rows::new(10_000);
        results.iter().for_each(|row| rows.add(*row, hash));
        assert_eq!(rows.as_slice().len(), SINGLE_LIMIT + 4);
        let reversed: Vec<Row> = results.iter().rev().copied().collect();
        rows.settle(hash);
        assert_eq!(rows, collected(&reversed, 10_000));
    }

    #[test]
    fn persons_are_left_out_until_the_rows_fit_but_their_results_are_counted() {
        let results: Vec<Row> = (1..=100).map(|person| Row::one(1, person, 21, i64::from(person) * MINUTE)).collect();
        let rows = collected(&results, 20);
        assert!(rows.as_slice().len() <= 20 && rows.as_slice().len() >= 5, "{}", rows.as_slice().len());
        assert!(rows.one_in() >= 4);
        assert_eq!(rows.hourly().iter().map(|hourly| hourly.count).sum::<u64>(), 100);
        assert_eq!(collected(&results, 100).hourly(), []);
    }

    proptest! {
        #[test]
        fn any_split_order_and_grouping_gives_the_same_rows(
            a in results(), b in results(), c in results(), limit in 1_usize..200
        ) {
            let all = [a.clone(), b.clone(), c.clone()].concat();
            let whole = collected(&all, limit);
            let reversed: Vec<Row> = all.iter().rev().copied().collect();
            prop_assert_eq!(&collected(&reversed, limit), &whole);
            let (a, b, c) = (collected(&a, limit), collected(&b, limit), collected(&c, limit));
            prop_assert_eq!(&merged(&merged(&a, &b), &c), &whole);
            prop_assert_eq!(&merged(&a, &merged(&b, &c)), &whole);
            prop_assert_eq!(&merged(&merged(&c, &b), &a), &whole);
        }

        #[test]
        fn what_is_kept_or_counted_is_everything(results in results(), limit in 1_usize..200) {
            let rows = collected(&results, limit);
            let kept: u64 = rows.as_slice().iter().map(|row| u64::from(row.count)).sum();
            let counted: u64 = rows.hourly().iter().map(|hourly| hourly.count).sum();
            prop_assert_eq!(if rows.one_in() == 1 { kept } else { counted }, results.len() as u64);
        }
    }
}
