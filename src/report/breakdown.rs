//! Breaks results down by other dimensions than their code, and selects the rows of a report that are shown.

use std::cmp::Reverse;
use std::ops::Range;

use super::percentile;
use super::sheet::{Cell, Column, Holds};
use super::wording::counted;
use super::{GENERAL, MEDIAN, PATTERN_KIND, PERCENTILE};
use crate::catalogue::{self, Catalogue};
use crate::code::Key;
use crate::summary::sign_ins::{GroupRow, Value};
use crate::summary::{Dimension, Durations, Tally};
use crate::terminal::replaced;
use crate::time::zone::DisplayZone;

/// The fields of a row in JSON. A row has only the fields of the dimensions that the user has chosen.
pub const ROW: &[Column] = &[
    Column::for_scripts("family", Holds::Text, "The family of the result: `mfa`, `nps` or `entra`, or one of your own.").or_missing(),
    Column::for_scripts("code", Holds::Code, "The code, or `null`.").or_null_or_missing(),
    Column::for_scripts("name", Holds::Text, "The name of a result without a code, or `null`.").or_null_or_missing(),
    Column::for_scripts("group", Holds::Text, "Where to look, or `null` for unknown codes.").or_null_or_missing(),
    Column::for_scripts("channel", Holds::Text, "How the user was asked, or `null` for unknown codes.").or_null_or_missing(),
    Column::for_scripts(
        "outcome",
        Holds::Text,
        "`succeeded` or `failed` as the log says, or `null` if it does not say.",
    )
    .or_null_or_missing(),
    Column::for_scripts("host", Holds::Text, "The machine, or `null` if it is not known.").or_null_or_missing(),
    Column::for_scripts("user", Holds::Text, "The user, or `null` if it is not known. Those beyond a million users are `(others)`; so are hosts and addresses.").or_null_or_missing(),
    Column::for_scripts("address", Holds::Text, "The network address, or `null` if it is not known.").or_null_or_missing(),
    Column::for_scripts("file", Holds::Text, "The file.").or_null_or_missing(),
    Column::for_scripts("hour", Holds::Time, "The beginning of the hour, or `null`.").or_null_or_missing(),
    Column::for_scripts("day", Holds::Text, "The day, or `null`. Days are those of `--display-tz`, or else of UTC.").or_null_or_missing(),
    Column::for_scripts("count", Holds::Count, "Number of results."),
    Column::for_scripts("first_seen", Holds::Time, "Earliest time of these results.").or_null(),
    Column::for_scripts("last_seen", Holds::Time, "Latest time of these results.").or_null(),
    MEDIAN,
    PERCENTILE,
    PATTERN_KIND,
];

/// The value that stands for all values above the limit, which are counted together.
const OTHERS: &str = "(others)";

/// The order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// The most frequent first.
    Count,
    /// In the order of the values.
    Key,
    /// The one that was seen first.
    First,
    /// The one that was seen last.
    Last,
}

/// Which rows are shown, and in which order. With two dimensions, this applies to the values of the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The largest number of rows that are shown, or 0 for all.
    pub top: usize,
    /// The smallest number of results with which a row is shown.
    pub min: u64,
    /// The order of rows, or `None` for the usual one.
    pub sort: Option<Sort>,
    /// Whether the rows of codes are grouped by where to look.
    pub is_grouped: bool,
}

/// Whether `--top` keeps the row of a code however rare it is: one about security, or one that is in nobody's list.
pub(super) fn is_pinned(key: &Key, catalogue: &Catalogue) -> bool {
    catalogue.entry(key).is_none_or(|entry| entry.group == catalogue::Group::Security)
}

/// The number of rows that are not shown, and of their results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// The number of rows that are not shown.
    pub rows: u64,
    /// The number of results in these rows.
    pub results: u64,
}

impl Shown {
    /// Sorts rows. Equal rows keep the order of their keys.
    pub(super) fn sort<T, K: Ord>(
        self,
        rows: &mut [T],
        usual: Sort,
        key: impl Fn(&T) -> K,
        tally: impl Fn(&T) -> Tally,
    ) {
        rows.sort_by_cached_key(&key);
        match self.sort.unwrap_or(usual) {
            Sort::Count => rows.sort_by_key(|row| Reverse(tally(row).count)),
            Sort::Key => {}
            // Rows without a time come last.
            Sort::First => rows.sort_by_key(|row| (tally(row).first.is_none(), tally(row).first)),
            Sort::Last => rows.sort_by_key(|row| Reverse(tally(row).last)),
        }
    }

    /// Removes the rows that are not shown from `rows`, and returns their number. Rows for which `is_pinned` returns true stay,
    /// however many come before them.
    pub(super) fn cut<T>(
        self,
        rows: &mut Vec<T>,
        tally: impl Fn(&T) -> Tally,
        is_pinned: impl Fn(&T) -> bool,
    ) -> LeftOut {
        let mut left_out = LeftOut::default();
        let mut shown = 0;
        rows.retain(|row| {
            let is_among_first = self.top == 0 || shown < self.top;
            let is_shown = tally(row).count >= self.min && (is_among_first || is_pinned(row));
            shown += usize::from(is_shown);
            if !is_shown {
                left_out.rows += 1;
                left_out.results += tally(row).count;
            }
            is_shown
        });
        left_out
    }
}

impl LeftOut {
    /// Returns the note on rows that are not shown, or `None` if all are.
    #[must_use]
    pub fn remark(self) -> Option<String> {
        let LeftOut { rows, results } = self;
        let is = if rows == 1 { "is" } else { "are" };
        (rows > 0).then(|| format!("{} with {} {is} not shown.", counted(rows, "row"), counted(results, "result")))
    }
}

/// The results by one or two dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Breakdown {
    /// The one or two dimensions.
    pub by: Vec<Dimension>,
    /// The rows that are shown, in order.
    pub rows: Vec<Group>,
    /// The number of rows that are not shown, and of their results.
    pub left_out: LeftOut,
}

/// One row of a breakdown: the results that have the same value in each dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The value in each dimension. Groups and channels are texts here.
    pub values: Vec<Value>,
    /// The number of results, and their first and last time.
    pub tally: Tally,
    durations: Durations,
    /// Whether these are results of general patterns. Such rows come after all others.
    pub is_general: bool,
}

impl Breakdown {
    /// Creates a breakdown from settled counts. There may be a million rows, so nothing is copied.
    pub(super) fn new(rows: Vec<GroupRow>, by: &[Dimension], shown: Shown, catalogue: &Catalogue) -> Breakdown {
        let group = |GroupRow { mut values, tally, durations, is_general }| {
            for (dimension, value) in by.iter().zip(&mut values) {
                derive(*dimension, value, catalogue);
            }
            Group { values, tally, durations, is_general }
        };
        let mut groups: Vec<Group> = rows.into_iter().map(group).collect();
        groups.sort_unstable_by(|one, other| (one.is_general, &one.values).cmp(&(other.is_general, &other.values)));
        groups.dedup_by(|group, sum| {
            let is_same = group.values == sum.values && group.is_general == sum.is_general;
            if is_same {
                sum.tally.merge(&group.tally);
                sum.durations.merge(&group.durations);
            }
            is_same
        });
        // The values of the first dimension are sorted and cut, and each takes its values of the second dimension with it.
        let mut firsts: Vec<(Tally, Range<usize>)> = Vec::new();
        let is_same =
            |one: &Group, other: &Group| one.values[0] == other.values[0] && one.is_general == other.is_general;
        for rows in groups.chunk_by(is_same) {
            let start = firsts.last().map_or(0, |(_, range)| range.end);
            let mut tally = Tally::default();
            rows.iter().for_each(|row| tally.merge(&row.tally));
            firsts.push((tally, start..start + rows.len()));
        }
        let usual = |at: usize| {
            let is_time = by.get(at).is_some_and(|dimension| dimension.is_time());
            if is_time { Sort::Key } else { Sort::Count }
        };
        // By default, the busiest hours and days are chosen, and then shown in order. Groups are in the order of their values.
        let chosen = if shown.sort.is_none() { Sort::Count } else { usual(0) };
        shown.sort(&mut firsts, chosen, |(_, range)| range.start, |(tally, _)| *tally);
        firsts.sort_by_key(|(_, range)| groups[range.start].is_general);
        let is_pinned = |(_, range): &(Tally, Range<usize>)| match &groups[range.start].values[0] {
            Value::Key(key) => is_pinned(key, catalogue),
            _ => false,
        };
        let left_out = shown.cut(&mut firsts, |(tally, _)| *tally, is_pinned);
        shown.sort(&mut firsts, usual(0), |(_, range)| range.start, |(tally, _)| *tally);
        firsts.sort_by_key(|(_, range)| groups[range.start].is_general);
        let mut place = vec![usize::MAX; groups.len()];
        let mut next = 0..;
        for (_, range) in firsts {
            let mut rows: Vec<usize> = range.collect();
            shown.sort(&mut rows, usual(1), |row| *row, |row| groups[*row].tally);
            rows.into_iter().zip(&mut next).for_each(|(row, at)| place[row] = at);
        }
        let mut rows: Vec<(usize, Group)> = place.into_iter().zip(groups).filter(|(at, _)| *at != usize::MAX).collect();
        rows.sort_unstable_by_key(|(at, _)| *at);
        Breakdown { by: by.to_vec(), rows: rows.into_iter().map(|(_, group)| group).collect(), left_out }
    }

    /// Returns the names of the dimensions.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.by.iter().map(|dimension| dimension.name())
    }

    /// Returns the rows as records for scripts. Days and hours are those of `zone`.
    pub(crate) fn records(&self, zone: DisplayZone) -> impl Iterator<Item = Cell<'static>> {
        self.rows.iter().map(move |row| {
            let mut record = Vec::new();
            for (dimension, value) in self.by.iter().zip(&row.values) {
                if let Value::Key(key) = value {
                    record.push(("family", key.family().to_owned().into()));
                    record.push(("code", key.code().into()));
                    record.push(("name", key.name().map(replaced).into()));
                } else {
                    record.push((dimension.name(), cell(*dimension, value, zone)));
                }
            }
            record.push(("count", row.tally.count.into()));
            record.push(("first_seen", row.tally.first.into()));
            record.push(("last_seen", row.tally.last.into()));
            for (name, percent) in [("median_ms", 50), ("p95_ms", 95)] {
                let duration = percentile(Some(&row.durations), percent);
                if duration != Cell::Absent {
                    record.push((name, duration));
                }
            }
            if row.is_general {
                record.push(("pattern_kind", GENERAL.into()));
            }
            Cell::Record(record)
        })
    }
}

impl Group {
    /// Returns a percentile of the durations of the sign-ins, in milliseconds, or `None` if no duration is known.
    #[must_use]
    pub fn percentile_ms(&self, percent: u64) -> Option<u32> {
        self.durations.percentile(percent)
    }
}

/// Replaces a code with its family, group or channel if that is the dimension.
fn derive(dimension: Dimension, value: &mut Value, catalogue: &Catalogue) {
    let Value::Key(key) = &value else { return };
    let name = match dimension {
        Dimension::Family => Some(key.family()),
        Dimension::Group => catalogue.entry(key).map(|entry| entry.group.name()),
        Dimension::Channel => catalogue.entry(key).map(|entry| entry.channel.name()),
        _ => return,
    };
    *value = name.map_or(Value::Unknown, |name| Value::Text(name.into()));
}

/// Returns a value for scripts. Days and hours are those of `zone`.
#[must_use]
pub fn cell(dimension: Dimension, value: &Value, zone: DisplayZone) -> Cell<'static> {
    match value {
        Value::Key(key) => key.to_string().into(),
        Value::Outcome(outcome) => outcome.name().into(),
        Value::Text(text) => replaced(text).into(),
        Value::Time(time) if dimension == Dimension::Day => zone.date(*time).to_string().into(),
        Value::Time(time) => (*time).into(),
        Value::Others => OTHERS.into(),
        Value::Unknown => Cell::Absent,
    }
}
