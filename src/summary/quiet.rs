//! Adds rows for hours and days in which a log has lines, but no results that count.
//!
//! Without such rows, an hour in which a machine logged nothing would look like one in which nothing failed.

use std::collections::BTreeSet;

use foldhash::HashSet;

use super::Tally;
use super::dimension::Dimension;
use super::durations::Durations;
use super::sign_ins::{GroupRow, Value};
use crate::time::Time;
use crate::time::zone::DisplayZone;

/// The largest number of rows without results. If there would be more, none are added.
pub const QUIET_LIMIT: usize = 100_000;

/// Returns the shortest period by which results are counted, or `None` if they are counted by neither hours nor days.
#[must_use]
pub fn shortest(by: &[Dimension]) -> Option<Dimension> {
    [Dimension::Hour, Dimension::Day].into_iter().find(|dimension| by.contains(dimension))
}

/// Returns the rows without results, or `None` if there would be more than [`QUIET_LIMIT`].
///
/// `by` has the dimensions by which results are counted, and `rows` the rows with results. `logged` has the start of each hour or
/// day in which there are lines, with the machine or file if results are counted by that too.
///
/// If results are also counted by something that is unknown for a line without a result, such as the code, there is a row for
/// each value that occurs in `rows`. Rows of general patterns do not matter, unless there are no others.
pub(super) fn rows(
    by: &[Dimension],
    rows: &[GroupRow],
    logged: &BTreeSet<(Option<Value>, Time)>,
    zone: DisplayZone,
) -> Option<Vec<GroupRow>> {
    let is_general = rows.iter().all(|row| row.is_general);
    let rows = || rows.iter().filter(|row| row.is_general == is_general);
    let there: HashSet<&[Value]> = rows().map(|row| row.values.as_slice()).collect();
    let other = by.iter().position(|dimension| !dimension.is_time());
    let others: BTreeSet<&Value> = rows().filter_map(|row| row.values.get(other?)).collect();
    let mut quiet = BTreeSet::new();
    for (place, time) in logged {
        let values = |other: Option<&Value>| -> Vec<Value> {
            let value = |dimension: &Dimension| match (dimension.start(*time, zone), other) {
                (Some(start), _) => Value::Time(start),
                (None, other) => other.cloned().unwrap_or(Value::Unknown),
            };
            by.iter().map(value).collect()
        };
        let rows: Vec<Vec<Value>> = match place {
            None if other.is_some() => others.iter().map(|other| values(Some(other))).collect(),
            place => vec![values(place.as_ref())],
        };
        quiet.extend(rows.into_iter().filter(|values| !there.contains(values.as_slice())));
        if quiet.len() > QUIET_LIMIT {
            return None;
        }
    }
    let row = |values| GroupRow { values, tally: Tally::default(), durations: Durations::default(), is_general };
    Some(quiet.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000_000;

    fn hour(number: i64) -> Time {
        Time::from_nanoseconds(number * HOUR)
    }

    fn user(number: i64) -> Value {
        Value::Text(format!("user{number}").into())
    }

    fn row(values: Vec<Value>) -> GroupRow {
        GroupRow { values, tally: Tally::one(None), durations: Durations::default(), is_general: false }
    }

    #[test]
    fn each_value_has_a_row_for_each_hour_with_lines_up_to_the_limit() {
        let by = [Dimension::User, Dimension::Hour];
        let quiet = |users: i64, hours: i64| {
            let there: Vec<GroupRow> = (0..users).map(|number| row(vec![user(number), Value::Time(hour(0))])).collect();
            let logged = (0..hours).map(|number| (None, hour(number))).collect();
            rows(&by, &there, &logged, DisplayZone::UTC).map(|rows| rows.len())
        };
        assert_eq!(quiet(3, 5), Some(3 * 4));
        assert_eq!(quiet(100, 1_001), Some(QUIET_LIMIT));
        assert_eq!(quiet(100, 1_002), None);
    }

    #[test]
    fn hours_and_days_belong_together() {
        let there = [row(vec![Value::Time(hour(24)), Value::Time(hour(25))])];
        let logged = [25, 26, 50].map(|number| (None, hour(number))).into();
        let rows = rows(&[Dimension::Day, Dimension::Hour], &there, &logged, DisplayZone::UTC).unwrap();
        let expected = [[24, 26], [48, 50]].map(|values| values.map(|number| Value::Time(hour(number))).to_vec());
        assert!(rows.iter().map(|row| &row.values).eq(&expected), "{rows:?}");
        assert!(rows.iter().all(|row| row.tally.is_empty()));
    }
}
