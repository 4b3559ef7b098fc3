//! One side of a comparison: what was counted, and by how many people at which hours.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt as _};

use crate::code::Key;
use crate::finding::Cells;
use crate::finding::people_hours::{PARTS_OF_WEEK, part_of_week, people_hours};
use crate::summary::sign_ins::{Settled, Value};
use crate::summary::{Dimension, Tally, hosts};
use crate::time::Time;

/// The host or user of a row, or `None` if it is unknown or results are not compared by that.
pub type Place = Option<Box<str>>;

/// What stands for the hosts or users that are not distinguished.
const OTHERS: &str = "(others)";

/// The number of persons without whom a change must remain.
const BUSIEST: usize = 3;

/// How much one side covers.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    /// The number of results with any code.
    pub results: u64,
    /// The number of people-hours, or of results if people are not known, in each part of the week.
    pub units: [u64; PARTS_OF_WEEK],
    /// The number of hours that logs cover, if it is known.
    pub hours: Option<f64>,
}

impl Default for Exposure {
    fn default() -> Exposure {
        Exposure { results: 0, units: [0; PARTS_OF_WEEK], hours: None }
    }
}

/// The results of one side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// The number of results of each row.
    pub(super) rows: BTreeMap<(Place, Key), u64>,
    /// The number of people-hours, or of results if people are not known, that have the code of a row, in each part of the week.
    pub(super) cases: BTreeMap<(Place, Key), [u64; PARTS_OF_WEEK]>,
    /// The cases of the persons with the most of them, [`BUSIEST`] at most, for each row, unless results are compared by user.
    pub(super) busiest: BTreeMap<(Place, Key), [u64; PARTS_OF_WEEK]>,
    /// How much each host or user covers.
    pub(super) places: BTreeMap<Place, Exposure>,
    /// The hosts, if they are known.
    pub(super) hosts: BTreeSet<Box<str>>,
    /// Whether units are people-hours.
    pub(super) has_people: bool,
    /// Whether most results do not name a user, so that minutes stand for people-hours.
    pub(super) lacks_users: bool,
    /// The hours in which the logs of each host have lines, if they are known.
    pub logged: BTreeMap<Box<str>, BTreeSet<(Time, Time)>>,
    /// The number of results, and the first and the last time.
    pub tally: Tally,
    /// The number of hours that the logs cover, if it is known.
    pub hours: Option<f64>,
}

/// Returns the host or user that a value stands for.
#[must_use]
pub fn place_of(value: &Value) -> Place {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Others => Some(OTHERS.into()),
        _ => None,
    }
}

/// Gives each host the same name on both sides, because a side that has only the long name of a host shows that one. `of` is what results
/// are compared by. The rule is that by which one run counts hosts.
pub fn name_hosts_alike(sides: &mut [Counted; 2], of: Option<Dimension>) {
    let is_by_host = of == Some(Dimension::Host);
    let places = |side: &'_ Counted| side.places.keys().flatten().filter(|_| is_by_host).cloned().collect::<Vec<_>>();
    let names: BTreeSet<Box<str>> = sides
        .iter()
        .flat_map(|side| side.hosts.iter().chain(side.logged.keys()).cloned().chain(places(side)))
        .filter(|name| **name != *OTHERS)
        .collect();
    let machines = hosts::machines(names.iter().map(|name| &**name));
    let mut shown: HashMap<u32, &str> = HashMap::new();
    for (name, machine) in names.iter().zip(&machines) {
        let best = shown.entry(*machine).or_insert(name);
        if hosts::is_shown(name, best) {
            *best = name;
        }
    }
    let named = names.iter().zip(&machines).map(|(name, machine)| (&**name, shown[machine]));
    let changed: HashMap<&str, &str> = named.filter(|(name, shown)| name != shown).collect();
    if changed.is_empty() {
        return;
    }
    let name = |host: Box<str>| changed.get(&*host).map_or(host, |shown| Box::from(*shown));
    let place = |host: Place| if is_by_host { host.map(name) } else { host };
    for side in sides {
        side.hosts = std::mem::take(&mut side.hosts).into_iter().map(name).collect();
        for (host, hours) in std::mem::take(&mut side.logged) {
            side.logged.entry(name(host)).or_default().extend(hours);
        }
        for ((host, key), count) in std::mem::take(&mut side.rows) {
            *side.rows.entry((place(host), key)).or_default() += count;
        }
        for cases in [&mut side.cases, &mut side.busiest] {
            for ((host, key), more) in std::mem::take(cases) {
                add_all(cases.entry((place(host), key)).or_default(), &more);
            }
        }
        for (host, more) in std::mem::take(&mut side.places) {
            let exposure = side.places.entry(place(host)).or_default();
            exposure.results += more.results;
            add_all(&mut exposure.units, &more.units);
            exposure.hours = exposure.hours.into_iter().chain(more.hours).reduce(|one, other| one + other);
        }
    }
}

fn add_all(sum: &mut [u64; PARTS_OF_WEEK], more: &[u64; PARTS_OF_WEEK]) {
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

/// Adds up the cases of the persons with the most of them.
pub(super) fn busiest(mut of_persons: Vec<[u64; PARTS_OF_WEEK]>) -> [u64; PARTS_OF_WEEK] {
    // Of persons with equally many, some are chosen by their cases, which does not depend on the order.
    of_persons.sort_unstable_by_key(|cases| std::cmp::Reverse((cases.iter().sum::<u64>(), *cases)));
    let mut sum = [0; PARTS_OF_WEEK];
    for cases in of_persons.iter().take(BUSIEST) {
        add_all(&mut sum, cases);
    }
    sum
}

impl Counted {
    /// Counts the results of a run that was counted by code, or by host and code, or by user and code. `of` is the host or the user,
    /// and `is_by_hour` whether the run was counted by hour and code, so that each result is a unit.
    #[must_use]
    pub fn of(settled: &Settled, of: Option<Dimension>, is_by_hour: bool) -> Counted {
        let mut counted = Counted { has_people: !is_by_hour, ..Counted::default() };
        for row in &settled.rows {
            let (mut place, mut key, mut hour) = (None, None, None);
            for value in &row.values {
                match value {
                    Value::Key(found) => key = Some(found),
                    Value::Time(time) => hour = Some(*time),
                    other => place = of.and_then(|_| place_of(other)),
                }
            }
            if let Some(key) = key {
                counted.add(place, key, hour.filter(|_| is_by_hour), row.tally.count);
                counted.tally.merge(&row.tally);
            }
        }
        if let (false, Some(cells)) = (is_by_hour, &settled.cells) {
            counted.add_people(cells, of);
        }
        let window = (settled.totals.window.since(), settled.totals.window.until());
        if let Some(history) = &settled.history {
            counted.hours = Some(history.hours(None, window));
            counted.logged = history.hosts().clone();
            for (place, exposure) in &mut counted.places {
                let host = place.as_deref().filter(|_| of == Some(Dimension::Host));
                exposure.hours = Some(history.hours(host, window));
            }
            if of == Some(Dimension::Host)
                && let Some(unknown) = counted.places.get_mut(&None)
            {
                unknown.hours = None;
            }
        }
        counted
    }

    /// Adds results with a code. If their hour is known, each of them is a unit.
    pub(super) fn add(&mut self, place: Place, key: &Key, hour: Option<Time>, count: u64) {
        let exposure = self.places.entry(place.clone()).or_default();
        exposure.results += count;
        if let Some(hour) = hour {
            let part = part_of_week(hour);
            exposure.units[part] += count;
            self.cases.entry((place.clone(), key.clone())).or_default()[part] += count;
        }
        if count > 0 {
            *self.rows.entry((place, key.clone())).or_default() += count;
        }
    }

    fn add_people(&mut self, cells: &Cells, of: Option<Dimension>) {
        let (mut results, mut without_user) = (0, 0);
        let mut by_user: HashMap<(Place, &Key, &str), [u64; PARTS_OF_WEEK]> = HashMap::new();
        for hour in people_hours(cells) {
            let place: Place = match of {
                Some(Dimension::Host) => hour.host,
                Some(Dimension::User) => hour.user,
                _ => None,
            }
            .map(Box::from);
            results += hour.results;
            without_user += if hour.user.is_none() { hour.results } else { 0 };
            self.hosts.extend(hour.host.map(Box::from));
            self.places.entry(place.clone()).or_default().units[hour.part] += 1;
            for key in hour.keys {
                if let Some(user) = hour.user.filter(|_| of != Some(Dimension::User)) {
                    by_user.entry((place.clone(), key, user)).or_default()[hour.part] += 1;
                }
                self.cases.entry((place.clone(), key.clone())).or_default()[hour.part] += 1;
            }
        }
        self.lacks_users = 2 * without_user > results;
        let mut by_row: BTreeMap<(Place, Key), Vec<[u64; PARTS_OF_WEEK]>> = BTreeMap::new();
        for ((place, key, _), cases) in by_user {
            by_row.entry((place, key.clone())).or_default().push(cases);
        }
        self.busiest = by_row.into_iter().map(|(row, of_persons)| (row, busiest(of_persons))).collect();
    }

    pub(super) fn count(&self, place: &Place, key: &Key) -> u64 {
        self.rows.get(&(place.clone(), key.clone())).copied().unwrap_or_default()
    }

    pub(super) fn cases(&self, place: &Place, key: &Key) -> [u64; PARTS_OF_WEEK] {
        self.cases.get(&(place.clone(), key.clone())).copied().unwrap_or_default()
    }

    pub(super) fn busiest(&self, place: &Place, key: &Key) -> [u64; PARTS_OF_WEEK] {
        self.busiest.get(&(place.clone(), key.clone())).copied().unwrap_or_default()
    }

    /// Returns the number of hosts, or 0 if they are not known.
    #[must_use]
    pub fn hosts(&self) -> u64 {
        self.hosts.len() as u64
    }
}
