//! Made-up folders of logs, as results: noise in which nothing happened, and noise with an incident in it.

#![allow(dead_code, reason = "each program that includes this uses its own part of it")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "numbers are made up within their types"
)]

use std::collections::HashMap;

use callcodes::catalogue::Catalogue;
use callcodes::code::{Code, Key};
use callcodes::finding::cells::{Cells, Labels, is_watched, minute_hash, person_hash};
use callcodes::finding::lines::Lines;
use callcodes::finding::rows::{Earliest, Row, Rows};

use super::random::Random;

pub(crate) const SECOND: i64 = 1_000_000_000;
pub(crate) const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// 2017-02-13, a Monday.
const MONDAY: i64 = 17_210 * DAY;

/// What makes a folder of noise unlike a constant rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noise {
    /// The same rate at all hours.
    Flat,
    /// Working hours, and little on weekends.
    Office,
    /// Hosts that log for a part of the time.
    LateHosts,
    /// Hosts with holes in their logs.
    Holes,
    /// A user who signs in more often than all others together, with a share of trouble of their own.
    HeavyUser,
    /// Users who try again and again for an hour or a day.
    Bursts,
    /// No line names a user.
    NoUsers,
    /// Few results of many codes.
    Rare,
    /// The share of each code depends on the time of the day and on the host.
    Shifts,
    /// Traffic that grows, with days off.
    Growth,
    /// Working hours, and people who deny prompts or do not answer them, and try again until they approve one.
    Denials,
    /// Working hours, and hosts on which all prompts time out for a while, so that people try again and again.
    BadNetwork,
}

impl Noise {
    pub(crate) const ALL: [Noise; 10] = [
        Noise::Flat,
        Noise::Office,
        Noise::LateHosts,
        Noise::Holes,
        Noise::HeavyUser,
        Noise::Bursts,
        Noise::NoUsers,
        Noise::Rare,
        Noise::Shifts,
        Noise::Growth,
    ];
    /// What looks like prompts that somebody did not ask for.
    pub(crate) const OF_PROMPTS: [Noise; 2] = [Noise::Denials, Noise::BadNetwork];
}

/// What a folder is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// Nothing happened.
    Noise,
    /// Nothing happened but people who try again and again.
    Prompts,
    /// There was an incident.
    Incident,
    /// There was an incident for three hours of a night, in a log of a few days.
    Night,
    /// There was an incident, among this many results of 40 hosts in 30 days.
    Large(usize),
}

/// How an incident develops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Step,
    Ramp,
    /// A code that occurred before occurs no more.
    Stop,
}

/// An incident, and what a log shows of it.
#[derive(Clone, Debug)]
pub(crate) struct Incident {
    pub(crate) shape: Shape,
    pub(crate) codes: Vec<i32>,
    pub(crate) start: i64,
    /// The end of the log if it goes on.
    pub(crate) end: i64,
    pub(crate) hosts: Vec<u32>,
    /// The share of attempts that end with one of the codes.
    pub(crate) share: f64,
    /// The time of the first result that would have been another one without it.
    pub(crate) first_line: Option<i64>,
    /// The number of persons' hours that it touches.
    pub(crate) touched: usize,
}

/// A result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sign {
    pub(crate) time: i64,
    pub(crate) host: u32,
    /// 0 if the line does not name the user.
    pub(crate) user: u32,
    pub(crate) code: i32,
}

/// A folder.
pub(crate) struct Folder {
    pub(crate) noise: Noise,
    pub(crate) hosts: u32,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) results: Vec<Sign>,
    pub(crate) incident: Option<Incident>,
}

/// The codes of noise, with their shares in 10,000.
const CODES: [(i32, f64); 27] = [
    (21, 5_500.0),
    (2, 900.0),
    (1, 500.0),
    (6, 600.0),
    (20, 150.0),
    (19, 120.0),
    (23, 300.0),
    (24, 60.0),
    (133, 300.0),
    (108, 220.0),
    (13, 200.0),
    (4, 200.0),
    (102, 90.0),
    (138, 80.0),
    (129, 50.0),
    (122, 50.0),
    (101, 40.0),
    (3, 40.0),
    (144, 30.0),
    (121, 20.0),
    (12, 15.0),
    (107, 15.0),
    (117, 12.0),
    (136, 10.0),
    (10, 8.0),
    (11, 8.0),
    (140, 5.0),
];
/// The results after which people try again.
const TROUBLE_FROM: usize = 8;

fn unit(random: &mut Random) -> f64 {
    (random.next() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A number between `low` and `high`, as often below as above their geometric mean.
fn between(random: &mut Random, low: f64, high: f64) -> f64 {
    low * (high / low).powf(unit(random))
}

/// A factor that is mostly near 1 and sometimes far from it.
fn uneven(random: &mut Random, spread: f64) -> f64 {
    let sum: f64 = (0..4).map(|_| unit(random)).sum::<f64>() - 2.0;
    (sum * spread).exp()
}

struct Person {
    host: u32,
    activity: f64,
    /// By how much more often each code comes.
    factors: Vec<f64>,
}

/// Writes a folder. The same seed gives the same folder.
pub(crate) fn folder(seed: u64, made: Made) -> Folder {
    let mut random = Random::new(seed);
    let random = &mut random;
    let noise = match made {
        Made::Large(_) => Noise::Office,
        Made::Prompts => *random.pick(&Noise::OF_PROMPTS),
        _ => *random.pick(&Noise::ALL),
    };
    let size = if let Made::Large(attempts) = made { Some(attempts) } else { None };
    let hosts = if size.is_some() { 40 } else { between(random, 1.0, 41.0) as u32 };
    let days = match made {
        Made::Large(_) => 30.0,
        Made::Night => between(random, 3.0, 7.0),
        _ => between(random, 0.5, 30.0),
    };
    let start = MONDAY + (unit(random) * 7.0 * DAY as f64) as i64;
    let end = start + (days * DAY as f64) as i64;
    let mut attempts = between(random, 60.0, 3_000.0) * days.sqrt() * f64::from(hosts).sqrt();
    if noise == Noise::Rare {
        attempts /= 4.0;
    }
    if made == Made::Night {
        // Few people sign in at night.
        attempts = between(random, 3_000.0, 60_000.0);
    }
    let attempts = size.unwrap_or(attempts.min(60_000.0) as usize);
    let users = (between(random, 8.0, 400.0) * f64::from(hosts).sqrt()) as u32 + 3;
    let users = size.map_or(users, |attempts| attempts as u32 / 60);
    let mut shares: Vec<f64> = CODES.iter().map(|(_, share)| share * uneven(random, 1.0)).collect();
    if noise == Noise::Rare {
        shares[TROUBLE_FROM..].iter_mut().for_each(|share| *share = 30.0 * uneven(random, 0.5));
    }
    let persons: Vec<Person> = (0..users)
        .map(|_| Person {
            host: random.below(u64::from(hosts)) as u32 + 1,
            activity: uneven(random, 1.5),
            factors: CODES.iter().map(|_| uneven(random, 1.2)).collect(),
        })
        .collect();
    let mut cumulated = Vec::new();
    let mut sum = 0.0;
    for (index, person) in persons.iter().enumerate() {
        sum += if index == 0 && noise == Noise::HeavyUser { attempts as f64 } else { person.activity };
        cumulated.push(sum);
    }
    if noise == Noise::HeavyUser {
        let others = sum - attempts as f64;
        let heavy = others * between(random, 0.2, 2.0);
        cumulated.iter_mut().for_each(|sum| *sum += heavy - attempts as f64);
        sum = others + heavy;
    }
    let windows: Vec<(i64, i64)> = (0..hosts)
        .map(|_| {
            if noise == Noise::LateHosts {
                let (one, other) = (unit(random), unit(random));
                let length = end - start;
                let at = |share: f64| start + (share * length as f64) as i64;
                (at(one.min(other)), at(one.max(other)))
            } else {
                (start, end)
            }
        })
        .collect();
    let holes: Vec<(i64, i64)> = (0..hosts)
        .map(|_| {
            let from = start + (unit(random) * (end - start) as f64) as i64;
            let length = (between(random, 0.02, 0.4) * (end - start) as f64) as i64;
            if noise == Noise::Holes { (from, from + length) } else { (0, 0) }
        })
        .collect();
    let shifts: Vec<Vec<f64>> = (0..6).map(|_| CODES.iter().map(|_| uneven(random, 0.5)).collect()).collect();
    let sites: Vec<Vec<f64>> = (0..hosts).map(|_| CODES.iter().map(|_| uneven(random, 1.0)).collect()).collect();
    let days_off: Vec<bool> = (0..32).map(|_| noise == Noise::Growth && unit(random) < 0.1).collect();
    let mut incident = match made {
        Made::Noise | Made::Prompts => None,
        Made::Incident | Made::Large(_) => Some(plan(random, hosts, start, end)),
        Made::Night => Some(plan_night(random, hosts, start, end)),
    };
    let bad_network: Vec<(i64, i64)> = (0..if noise == Noise::BadNetwork { hosts } else { 0 })
        .map(|_| {
            let from = start + (unit(random) * (end - start) as f64) as i64;
            (from, from + (between(random, 0.1, 3.0) * HOUR as f64) as i64)
        })
        .collect();
    let mut results: Vec<Sign> = Vec::new();
    let mut bad_hours: HashMap<u32, (i64, usize)> = HashMap::new();
    let mut made = 0;
    let mut tries = 0;
    while made < attempts && tries < attempts * 60 {
        tries += 1;
        let time = start + (unit(random) * (end - start) as f64) as i64;
        let hour = time.rem_euclid(DAY) / HOUR;
        let day = (time - MONDAY).div_euclid(DAY);
        let is_weekend = day.rem_euclid(7) >= 5;
        let mut rate = match noise {
            Noise::Flat | Noise::NoUsers => 1.0,
            _ => match hour {
                7..=9 => 1.0,
                10..=16 => 0.7,
                17..=20 => 0.25,
                _ => 0.04,
            },
        };
        if is_weekend && noise != Noise::Flat {
            rate *= 0.15;
        }
        if noise == Noise::Growth {
            rate *= 0.3 + 0.7 * (time - start) as f64 / (end - start) as f64;
            if days_off[day.rem_euclid(32) as usize] {
                rate *= 0.1;
            }
        }
        if unit(random) > rate {
            continue;
        }
        let who = cumulated.partition_point(|sum_to| *sum_to < unit_of(sum, random)).min(persons.len() - 1);
        let person = &persons[who];
        let host = if unit(random) < 0.7 { person.host } else { random.below(u64::from(hosts)) as u32 + 1 };
        let (from, to) = windows[host as usize - 1];
        let hole = holes[host as usize - 1];
        if !(from..to).contains(&time) || (hole.0..hole.1).contains(&time) {
            continue;
        }
        let user = if noise == Noise::NoUsers { 0 } else { who as u32 + 1 };
        let mut now = time;
        let mut again = 0;
        loop {
            let mut weights: Vec<f64> =
                shares.iter().zip(&person.factors).map(|(share, factor)| share * factor).collect();
            if noise == Noise::Shifts {
                for (index, weight) in weights.iter_mut().enumerate() {
                    *weight *= shifts[hour as usize / 4][index] * sites[host as usize - 1][index];
                }
            }
            if noise == Noise::Bursts
                && let Some((until, index)) = bad_hours.get(&user)
                && now < *until
            {
                weights[*index] += 10_000.0;
            }
            let mut index = draw(random, &weights);
            let mut code = CODES[index].0;
            let is_bad = bad_network.get(host as usize - 1).is_some_and(|(from, to)| (*from..*to).contains(&now));
            let is_denied = noise == Noise::Denials && unit(random) < if again == 0 { 0.05 } else { 0.6 };
            if is_bad && unit(random) < 0.9 || is_denied {
                (code, index) = (*random.pick(&[4, 13, 108, 129, 133, 144]), TROUBLE_FROM);
            }
            if noise == Noise::Bursts && index >= TROUBLE_FROM && unit(random) < 0.03 {
                let length = if unit(random) < 0.5 { HOUR } else { DAY };
                bad_hours.insert(user, (now + length, index));
            }
            if let Some(incident) = &mut incident
                && (incident.start..incident.end).contains(&now)
                && incident.hosts.contains(&host)
            {
                match incident.shape {
                    Shape::Stop => {
                        // What would have come is something else.
                        if incident.codes.contains(&code) {
                            incident.first_line.get_or_insert(now);
                            (code, index) = (21, 0);
                        }
                    }
                    shape => {
                        let done = (now - incident.start) as f64 / (incident.end - incident.start) as f64;
                        let share = if shape == Shape::Ramp { incident.share * done } else { incident.share };
                        if unit(random) < share {
                            code = incident.codes[random.below(incident.codes.len() as u64) as usize];
                            index = TROUBLE_FROM;
                            incident.touched += 1;
                            incident.first_line = Some(incident.first_line.map_or(now, |first| first.min(now)));
                        }
                    }
                }
            }
            results.push(Sign { time: now, host, user, code });
            made += 1;
            again += 1;
            now += (between(random, 8.0, 300.0) * SECOND as f64) as i64;
            let share = match noise {
                Noise::Bursts => 0.8,
                Noise::Denials | Noise::BadNetwork => 0.9,
                _ => 0.5,
            };
            let tries_again = index >= TROUBLE_FROM && unit(random) < share;
            if !tries_again || again > 12 || now >= end {
                break;
            }
        }
    }
    if let Some(incident) = &mut incident {
        let mut touched: Vec<(u32, u32, i64)> = results
            .iter()
            .filter(|one| {
                (incident.start..incident.end).contains(&one.time)
                    && incident.hosts.contains(&one.host)
                    && incident.codes.contains(&one.code)
            })
            .map(|one| (one.host, one.user, one.time / if one.user == 0 { 60 * SECOND } else { HOUR }))
            .collect();
        touched.sort_unstable();
        touched.dedup();
        incident.touched = touched.len();
    }
    Folder { noise, hosts, start, end, results, incident }
}

fn unit_of(sum: f64, random: &mut Random) -> f64 {
    sum * unit(random)
}

fn draw(random: &mut Random, weights: &[f64]) -> usize {
    let mut left = weights.iter().sum::<f64>() * unit(random);
    for (index, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return index;
        }
    }
    0
}

fn plan(random: &mut Random, hosts: u32, start: i64, end: i64) -> Incident {
    let shape = *random.pick(&[Shape::Step, Shape::Step, Shape::Step, Shape::Ramp, Shape::Stop]);
    let length = (end - start) as f64;
    let from = start + ((0.15 + 0.7 * unit(random)) * length) as i64;
    let most = (0.4 * length).min(2.0 * DAY as f64);
    let lasts = between(random, (0.5 * HOUR as f64).min(most * 0.5), most) as i64;
    let until = if unit(random) < 0.4 { end } else { (from + lasts).min(end) };
    let until = until.min(from + (0.5 * length) as i64).max(from + HOUR / 4);
    let until = if shape == Shape::Stop { end } else { until };
    let codes = match shape {
        Shape::Stop => vec![*random.pick(&[2, 6, 23, 108, 133])],
        _ => match random.below(4) {
            0 => vec![102, 117],
            1 => vec![126],
            2 => vec![*random.pick(&[102, 133, 13, 120, 136, 107, 144])],
            _ => vec![133, 136],
        },
    };
    let which = random.below(3);
    let hosts: Vec<u32> = (1..=hosts)
        .filter(|host| match which {
            0 => true,
            1 => host % 2 == 1,
            _ => *host == 1 + start.rem_euclid(i64::from(hosts)) as u32,
        })
        .collect();
    let share = between(random, 0.1, 0.95);
    Incident { shape, codes, start: from, end: until.min(end), hosts, share, first_line: None, touched: 0 }
}

/// Plans an incident from about two to five o'clock in one of the nights, but not in the first one.
fn plan_night(random: &mut Random, hosts: u32, start: i64, end: i64) -> Incident {
    let incident = plan(random, hosts, start, end);
    let first = start.div_euclid(DAY) + 2;
    let nights = (end - DAY / 4).div_euclid(DAY) - first + 1;
    let night = (first + random.below(nights.max(1).unsigned_abs()) as i64) * DAY;
    let from = night + (between(random, 1.5, 2.5) * HOUR as f64) as i64;
    let until = from + (between(random, 2.0, 4.0) * HOUR as f64) as i64;
    let (shape, codes) = match incident.shape {
        Shape::Stop => (Shape::Step, vec![102, 117]),
        shape => (shape, incident.codes),
    };
    let share = between(random, 0.3, 0.95);
    Incident { shape, codes, start: from, end: until.min(end), share, ..incident }
}

/// The name of a user.
pub(crate) fn user(number: u32) -> Option<Box<str>> {
    (number > 0).then(|| format!("user{number:04}").into())
}

/// Returns the cells of results, of which at most `limit` rows are kept.
pub(crate) fn cells(results: &[Sign], limit: usize) -> Cells {
    let mut rows = Rows::new(limit);
    let mut watched = Earliest::default();
    let mut lines = Lines::default();
    let hash = |row: &Row| user(row.person).map_or_else(|| minute_hash(row), |name| person_hash(&name));
    for one in results {
        let row = Row::one(one.host, one.user, one.code as u32, one.time);
        rows.add(row, hash);
        if is_watched(Catalogue::built_in(), &Key::Code(Code(one.code))) {
            watched.add(row);
        }
        lines.add(one.host, one.time);
    }
    rows.settle(hash);
    watched.settle();
    lines.settle();
    Cells::new(
        rows,
        watched,
        lines,
        &Labels {
            host: |number| Some(format!("host{number:02}").into()),
            person: user,
            address: |_| None,
            key: |number: u32| Some(Key::Code(Code(number as i32))),
        },
    )
}
