//! Searches for surges: short times in which more people have a code than ever sign in at other times.
//!
//! The clock of a [search](super::search) runs with the traffic. A surge that is itself most of the traffic makes it run fast, and so
//! cannot be seen on it. Here, the clock on the wall decides.

use std::ops::Range;

use foldhash::{HashMap, HashMapExt as _};

use super::Options;
use super::rows::HOUR;
use super::search::{Side, Stretch, float};
use super::units::{AllSeries, Of, Series, Units};

/// The smallest number of people with the code within an hour.
const PERSONS_LEAST: usize = 30;
/// How many times as many people that is as those who sign in within any other hour.
const TIMES_OTHERS: usize = 2;
/// A surge includes the adjacent hours that have at least a tenth of its people.
const GOES_ON: usize = 10;
/// How many times as long as the surge the log must be, at least.
const LOG_LEAST: i64 = 10;
/// The shortest log. In a shorter one, the first morning may look like a surge.
const LOG_SHORTEST: i64 = 72 * HOUR;

/// The people in each hour by the clock: the hour, and the index of their units.
struct Hours(Vec<(i64, usize)>);

impl Hours {
    /// Counts people by the hour. `units` are the times and persons of units, in the order of time.
    fn new(units: impl Iterator<Item = (i64, u32)>) -> Hours {
        let mut hours: Vec<(i64, usize)> = Vec::new();
        let mut seen: HashMap<u32, i64> = HashMap::new();
        for (time, person) in units {
            let hour = time.div_euclid(HOUR);
            if hours.last().is_none_or(|(last, _)| *last != hour) {
                hours.push((hour, 0));
            }
            if seen.insert(person, hour) != Some(hour)
                && let Some((_, people)) = hours.last_mut()
            {
                *people += 1;
            }
        }
        Hours(hours)
    }

    fn of(&self, hour: i64) -> usize {
        let at = self.0.binary_search_by_key(&hour, |(hour, _)| *hour);
        at.map_or(0, |at| self.0[at].1)
    }

    /// Returns the hours of the surge, and the largest number of people in any of them.
    fn surge(&self) -> Option<(Range<i64>, usize)> {
        let (hour, most) = self.0.iter().copied().max_by_key(|(hour, people)| (*people, -*hour))?;
        let goes_on = |hour: i64| self.of(hour) * GOES_ON >= most;
        let (mut first, mut last) = (hour, hour);
        while goes_on(first - 1) {
            first -= 1;
        }
        while goes_on(last + 1) {
            last += 1;
        }
        Some((first..last + 1, most))
    }

    /// Returns the largest number of people in an hour that is not one of these.
    fn most_outside(&self, surge: &Range<i64>) -> usize {
        self.0.iter().filter(|(hour, _)| !surge.contains(hour)).map(|(_, people)| *people).max().unwrap_or_default()
    }
}

/// Returns the surges of codes that `others`, which were found on the clock of the traffic, do not contain.
pub(super) fn stretches(all: &AllSeries, units: &Units, others: &[Stretch], options: &Options) -> Vec<Stretch> {
    if units.lack_users || units.log.end.saturating_sub(units.log.start) < LOG_SHORTEST {
        return Vec::new();
    }
    let everybody = Hours::new(units.all.iter().map(|unit| (unit.first, unit.person)));
    let is_tested = |series: &Series| series.host.is_none() && series.is_trouble && series.of != Of::Repeats;
    let series = (0..).zip(&all.series).filter(|(_, series)| is_tested(series));
    series.filter_map(|(index, series)| surge(index, series, all, units, others, &everybody, options)).collect()
}

fn surge(
    index: usize,
    series: &Series,
    all: &AllSeries,
    units: &Units,
    others: &[Stretch],
    everybody: &Hours,
    options: &Options,
) -> Option<Stretch> {
    let exposure = &all.exposures[series.exposure];
    let unit = |at: usize| &units.all[exposure.units[at] as usize];
    let (hours, most) =
        Hours::new(series.cases.iter().map(|case| (unit(case.at).first, unit(case.at).person))).surge()?;
    let times = hours.start.saturating_mul(HOUR)..hours.end.saturating_mul(HOUR);
    let log = units.log.end.saturating_sub(units.log.start);
    let is_surge = most >= PERSONS_LEAST
        && most >= TIMES_OTHERS * everybody.most_outside(&hours)
        && log >= LOG_LEAST * (times.end - times.start);
    if !is_surge {
        return None;
    }
    let inside: Vec<usize> =
        series.cases.iter().map(|case| case.at).filter(|at| times.contains(&unit(*at).first)).collect();
    let (first, last) = (*inside.first()?, *inside.last()?);
    let range = first..last + 1;
    let is_known =
        |other: &Stretch| other.series == index && other.units.start < range.end && range.start < other.units.end;
    if others.iter().any(is_known) {
        return None;
    }
    let cases = [inside.len(), series.cases.len() - inside.len()];
    let share = float(usize::try_from((times.end - times.start) / HOUR).unwrap_or(1))
        / float(usize::try_from(log / HOUR).unwrap_or(1).max(1));
    let expected = float(series.cases.len()) * share;
    Some(Stretch {
        series: index,
        side: Side::More,
        evidence: options.strong,
        units: range,
        begins: unit(first).first - units.log.start >= HOUR,
        ends: units.log.end - times.end >= HOUR,
        cases,
        expected: [expected, float(series.cases.len()) - expected],
        person: None,
        is_surge: true,
    })
    .filter(|stretch| stretch.begins)
}
