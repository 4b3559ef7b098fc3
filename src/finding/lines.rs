//! The minutes in which each host has lines, with or without results, to find holes in its log.
//!
//! Minutes are used and not numbers of lines, because one sign-in writes several lines at once.

/// The number of slots of a period.
const SLOTS: i64 = 16;
/// A slot that contains no time.
const NONE: (u32, i64, i64) = (0, 0, 0);
/// The length of a slot in nanoseconds: a minute.
const SLOT: i64 = 60 * 1_000_000_000;

/// The times at which a host has lines, in a period of 16 minutes, or in a longer one if there would be too many of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// The number of the host.
    pub host: u32,
    /// The number of the period since the Unix epoch.
    pub number: i64,
    /// The time of the first line in nanoseconds since the Unix epoch.
    pub first: i64,
    /// The time of the last line.
    pub last: i64,
    /// A bit for each sixteenth of the period in which there are lines.
    slots: u16,
}

impl Period {
    /// Returns the number of sixteenths of the period in which there are lines.
    #[must_use]
    pub fn filled(&self) -> u64 {
        u64::from(self.slots.count_ones())
    }
}

/// The lines of all hosts over time. Can be merged in any order and grouping.
#[derive(Clone, Debug)]
pub struct Lines {
    /// Sorted, with one entry for each host and period, after [`Lines::settle`].
    periods: Vec<Period>,
    /// The length of a slot in nanoseconds.
    slot: i64,
    limit: usize,
    /// The host and the slot of the last line, from its beginning to its end. The last period contains them.
    last: (u32, i64, i64),
}

impl PartialEq for Lines {
    fn eq(&self, other: &Lines) -> bool {
        (&self.periods, self.slot, self.limit) == (&other.periods, other.slot, other.limit)
    }
}

impl Eq for Lines {}

impl Default for Lines {
    fn default() -> Lines {
        Lines::new(Lines::LIMIT)
    }
}

impl Lines {
    /// The largest number of periods that are kept. Up to twice as many are in memory, in 40 bytes each.
    pub const LIMIT: usize = 1 << 17;

    /// Creates an empty collection that keeps at most `limit` periods.
    #[must_use]
    pub fn new(limit: usize) -> Lines {
        Lines { periods: Vec::new(), slot: SLOT, limit: limit.max(1), last: NONE }
    }

    /// Adds a line of a host.
    #[inline]
    pub fn add(&mut self, host: u32, time: i64) {
        let (last_host, start, end) = self.last;
        match self.periods.last_mut() {
            Some(period) if host == last_host && (start..end).contains(&time) => {
                period.first = period.first.min(time);
                period.last = period.last.max(time);
            }
            _ => self.add_slot(host, time),
        }
    }

    fn add_slot(&mut self, host: u32, time: i64) {
        let (number, slots) = self.place(time);
        let start = time.div_euclid(self.slot).saturating_mul(self.slot);
        self.last = (host, start, start.saturating_add(self.slot));
        match self.periods.last_mut() {
            Some(period) if (period.host, period.number) == (host, number) => {
                period.first = period.first.min(time);
                period.last = period.last.max(time);
                period.slots |= slots;
            }
            _ => self.periods.push(Period { host, number, first: time, last: time, slots }),
        }
        if self.periods.len() >= 2 * self.limit {
            self.settle();
        }
    }

    /// Returns the number of the period that contains `time`, and the bit of the slot.
    fn place(&self, time: i64) -> (i64, u16) {
        let slot = time.div_euclid(self.slot);
        (slot.div_euclid(SLOTS), 1 << slot.rem_euclid(SLOTS))
    }

    /// Adds the lines of `other`, whose hosts must have the same numbers.
    pub fn merge(&mut self, mut other: Lines) {
        while self.slot < other.slot {
            self.widen();
        }
        while other.slot < self.slot {
            other.widen();
        }
        self.periods.append(&mut other.periods);
        self.settle();
    }

    /// Removes the lines of other hosts than those for which `is_kept` returns true.
    pub fn retain_hosts(&mut self, is_kept: impl Fn(u32) -> bool) {
        self.periods.retain(|period| is_kept(period.host));
    }

    /// Replaces the numbers of the hosts. Then [`Lines::settle`] must be called.
    pub(super) fn renumber(&mut self, host: impl Fn(u32) -> u32) {
        self.periods.iter_mut().for_each(|period| period.host = host(period.host));
    }

    /// Sorts the periods and joins equal ones. If there are too many, they become longer.
    pub fn settle(&mut self) {
        self.last = NONE;
        loop {
            self.periods.sort_unstable();
            self.periods.dedup_by(|one, sum| {
                let is_same = (one.host, one.number) == (sum.host, sum.number);
                if is_same {
                    sum.last = sum.last.max(one.last);
                    sum.slots |= one.slots;
                }
                is_same
            });
            if self.periods.len() <= self.limit || self.slot > i64::MAX / SLOTS / 4 {
                return;
            }
            self.widen();
        }
    }

    /// Makes slots and periods twice as long.
    fn widen(&mut self) {
        self.slot *= 2;
        for period in &mut self.periods {
            let pairs = period.slots | period.slots >> 1;
            let halves = (0..8).fold(0, |halves, pair| halves | (pairs >> (2 * pair) & 1) << pair);
            period.slots = if period.number.rem_euclid(2) == 0 { halves } else { halves << 8 };
            period.number = period.number.div_euclid(2);
        }
    }

    /// Returns the periods, sorted by host and time after [`Lines::settle`].
    #[must_use]
    pub fn as_slice(&self) -> &[Period] {
        &self.periods
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn collected(times: &[(u32, i64)], limit: usize) -> Lines {
        let mut lines = Lines::new(limit);
        times.iter().for_each(|(host, minute)| lines.add(*host, minute * SLOT));
        lines.settle();
        lines
    }

    fn filled(lines: &Lines) -> Vec<(i64, u64)> {
        lines.as_slice().iter().map(|period| (period.number, period.filled())).collect()
    }

    #[test]
    fn a_minute_counts_once_and_periods_become_longer_if_there_are_too_many() {
        let minutes = [(1, 0), (1, 0), (1, 15), (1, 16), (1, 17), (1, 50)];
        assert_eq!(filled(&collected(&minutes, 9)), [(0, 2), (1, 2), (3, 1)]);
        // Slots of two minutes: 0, 14 to 15, 16 to 17 and 50.
        assert_eq!(filled(&collected(&minutes, 2)), [(0, 3), (1, 1)]);
    }

    proptest! {
        #[test]
        fn any_split_and_order_gives_the_same_periods(
            a in prop::collection::vec((1_u32..4, -90_i64..90), 0..60),
            b in prop::collection::vec((1_u32..4, -90_i64..90), 0..60),
            limit in 1_usize..40,
        ) {
            let whole = collected(&[a.clone(), b.clone()].concat(), limit);
            let mut sum = collected(&b, limit);
            sum.merge(collected(&a, limit));
            prop_assert_eq!(sum, whole);
        }
    }
}
