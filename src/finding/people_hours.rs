//! Lists the people-hours of a log: who got which results on which host in an hour.

use super::cells::Cells;
use super::units;
use crate::code::Key;
use crate::time::Time;

/// The number of parts of the week whose results are compared with each other: the six four-hour parts of a working day, and those
/// of a day of the weekend, in UTC.
pub const PARTS_OF_WEEK: usize = 12;

/// Returns the index of the part of the week that contains `time`.
#[must_use]
pub fn part_of_week(time: Time) -> usize {
    usize::from(units::part_of_week(time.nanoseconds()))
}

/// The results of a person on a host in an hour or, if the lines do not name the user, on a host in a minute.
#[derive(Clone, Debug)]
pub struct PeopleHour<'c> {
    /// The part of the week.
    pub part: usize,
    /// The host, if it is known.
    pub host: Option<&'c str>,
    /// The user, if known.
    pub user: Option<&'c str>,
    /// The different codes and names, in ascending order.
    pub keys: Vec<&'c Key>,
    /// The number of results.
    pub results: u64,
}

/// Returns the people-hours of a log. If the log is so large that only some persons are kept, these are theirs.
pub fn people_hours(cells: &Cells) -> impl Iterator<Item = PeopleHour<'_>> {
    cells.rows().units().filter_map(move |range| {
        let rows = &cells.rows().as_slice()[range];
        let first = rows.iter().map(|row| row.first).min()?;
        let mut keys: Vec<u32> = rows.iter().map(|row| row.key).collect();
        keys.sort_unstable();
        keys.dedup();
        Some(PeopleHour {
            part: part_of_week(Time::from_nanoseconds(first)),
            host: cells.host(rows[0].host),
            user: cells.person(rows[0].person),
            keys: keys.iter().filter_map(|key| cells.keys().get(*key as usize)).collect(),
            results: rows.iter().map(|row| u64::from(row.count)).sum(),
        })
    })
}
