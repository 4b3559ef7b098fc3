//! Measures comparisons on made-up pairs: the two halves of a folder of noise, in which a change was planted or none.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "numbers are made up within their types"
)]

use std::collections::{BTreeMap, BTreeSet};

use callcodes::code::{Code, Key};
use callcodes::compare::{Change, Counted, compare};
use callcodes::finding::rows::ROWS_LIMIT;
use callcodes::summary::sign_ins::{GroupRow, Settled, Value};
use callcodes::summary::{Dimension, Durations, Tally};

use super::folder::{Folder, HOUR, Made, Sign, cells, folder, user};
use super::random::Random;

/// What is compared with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Planted {
    /// The halves of noise.
    Nothing,
    /// The same by host.
    NothingByHost,
    /// The same by user.
    NothingByUser,
    /// A weekend with working days.
    NothingOnWeekend,
    /// Nights with days.
    NothingAtNight,
    /// A code becomes twice as frequent on all hosts.
    Doubled,
    /// A code that did not occur before, on all hosts.
    New,
    /// A code that does not occur any more.
    Gone,
    /// A code that did not occur before, after working days on all hosts with a part as long as a twentieth of them.
    NewInShort,
    /// A code that becomes five times as frequent on one host, compared by host.
    OneHost,
    /// A code that a user did not have before, 10 to 40 times, compared by user.
    OneUser,
    /// A code becomes twice as frequent on working days, compared with a weekend.
    DoubledOnWeekend,
    /// A code becomes twice as frequent by day, compared with nights.
    DoubledAtNight,
}

impl Planted {
    const ALL: [Planted; 13] = [
        Planted::Nothing,
        Planted::NothingByHost,
        Planted::NothingByUser,
        Planted::NothingOnWeekend,
        Planted::NothingAtNight,
        Planted::Doubled,
        Planted::New,
        Planted::Gone,
        Planted::NewInShort,
        Planted::OneHost,
        Planted::OneUser,
        Planted::DoubledOnWeekend,
        Planted::DoubledAtNight,
    ];

    fn dimension(self) -> Option<Dimension> {
        match self {
            Planted::NothingByHost | Planted::OneHost => Some(Dimension::Host),
            Planted::NothingByUser | Planted::OneUser => Some(Dimension::User),
            _ => None,
        }
    }

    fn changes(self) -> &'static [Change] {
        match self {
            Planted::New | Planted::NewInShort => &[Change::New],
            Planted::Gone => &[Change::Gone],
            _ => &[Change::Up, Change::New],
        }
    }
}

/// A pair of sides with what was planted in it.
struct Pair {
    sides: [Vec<Sign>; 2],
    code: i32,
    place: Option<Box<str>>,
    /// The number of people-hours with the code on the side that has it, or has more of it.
    cases: usize,
}

fn place_of(one: &Sign, of: Option<Dimension>) -> Option<Box<str>> {
    match of {
        Some(Dimension::Host) => Some(format!("host{:02}", one.host).into()),
        Some(Dimension::User) => user(one.user),
        _ => None,
    }
}

/// Returns the results as one side of a comparison.
fn counted(results: &[Sign], of: Option<Dimension>) -> Counted {
    let mut counts: BTreeMap<(Option<Box<str>>, i32), u64> = BTreeMap::new();
    results.iter().for_each(|one| *counts.entry((place_of(one, of), one.code)).or_default() += 1);
    let row = |((place, code), count): ((Option<Box<str>>, i32), u64)| {
        let place = place.map_or(Value::Unknown, Value::Text);
        let key = Value::Key(Key::Code(Code(code)));
        GroupRow {
            values: if of.is_some() { vec![place, key] } else { vec![key] },
            tally: Tally { count, ..Tally::default() },
            durations: Durations::default(),
            is_general: false,
        }
    };
    let rows = counts.into_iter().map(row).collect();
    Counted::of(&Settled { rows, cells: Some(cells(results, ROWS_LIMIT)), ..Settled::default() }, of, false)
}

/// Divides a folder of noise, and plants a change. Returns `None` if it has too little for that.
fn pair(seed: u64, planted: Planted) -> Option<Pair> {
    const CODES: [i32; 7] = [133, 108, 13, 4, 102, 138, 129];
    let mut random = Random::new(seed ^ 0x5eed);
    let Folder { start, end, results, hosts, .. } = folder(seed, Made::Noise);
    let share = if planted == Planted::NewInShort { 20.0 / 21.0 } else { 0.5 };
    let middle = start + ((end - start) as f64 * share) as i64;
    let is_before = |one: &Sign| match planted {
        Planted::NothingOnWeekend | Planted::DoubledOnWeekend => {
            (one.time.div_euclid(24 * HOUR) + 3).rem_euclid(7) >= 5
        }
        Planted::NothingAtNight | Planted::DoubledAtNight => {
            !(8..20).contains(&(one.time.rem_euclid(24 * HOUR) / HOUR))
        }
        _ => one.time < middle,
    };
    let (mut before, mut after): (Vec<Sign>, Vec<Sign>) = results.iter().partition(|one| is_before(one));
    if before.len() < 50 || after.len() < 10 {
        return None;
    }
    let mut code = *random.pick(&CODES);
    let host = random.below(u64::from(hosts)) as u32 + 1;
    let mut place = None;
    let mut is_chosen = |share: f64| (random.next() >> 11) as f64 / (1_u64 << 53) as f64 <= share;
    match planted {
        Planted::Doubled | Planted::DoubledOnWeekend | Planted::DoubledAtNight => {
            let share = after.iter().filter(|one| one.code == code).count() as f64 / after.len() as f64;
            after.iter_mut().filter(|_| is_chosen(share)).for_each(|one| one.code = code);
        }
        Planted::New | Planted::NewInShort => {
            code = 126;
            let share = 0.002 * (1.0 + (seed % 16) as f64);
            after.iter_mut().filter(|_| is_chosen(share)).for_each(|one| one.code = code);
        }
        Planted::Gone => after.iter_mut().filter(|one| one.code == code).for_each(|one| one.code = 21),
        Planted::OneHost => {
            place = Some(format!("host{host:02}").into());
            let is_here = |one: &Sign| one.host == host;
            let here = after.iter().filter(|one| is_here(one)).count().max(1) as f64;
            let share = 4.0 * after.iter().filter(|one| is_here(one) && one.code == code).count() as f64 / here;
            after.iter_mut().filter(|one| is_here(one) && is_chosen(share)).for_each(|one| one.code = code);
        }
        Planted::OneUser => {
            let mut counts: BTreeMap<u32, [usize; 2]> = BTreeMap::new();
            before.iter().for_each(|one| counts.entry(one.user).or_default()[0] += 1);
            after.iter().for_each(|one| counts.entry(one.user).or_default()[1] += 1);
            counts.retain(|user, [before, after]| *user > 0 && *before >= 10 && *after >= 15);
            let users: Vec<(u32, usize)> = counts.into_iter().map(|(user, [_, after])| (user, after)).collect();
            let (chosen, results) = *users.get(seed as usize % users.len().max(1))?;
            place = user(chosen);
            before.iter_mut().filter(|one| one.user == chosen && one.code == code).for_each(|one| one.code = 21);
            let share = (10 + seed % 31) as f64 / results as f64;
            after.iter_mut().filter(|one| one.user == chosen && is_chosen(share)).for_each(|one| one.code = code);
        }
        _ => {}
    }
    let side = if planted == Planted::Gone { &before } else { &after };
    let is_case = |one: &&Sign| one.code == code && (place.is_none() || place == place_of(one, planted.dimension()));
    let cases: BTreeSet<(u32, u32, i64)> =
        side.iter().filter(is_case).map(|one| (one.host, one.user, one.time / HOUR)).collect();
    let cases = cases.len();
    Some(Pair { sides: [before, after], code, place, cases })
}

/// Compares `count` pairs of each kind, and prints what was found.
pub(crate) fn of_pairs(count: u64, seed: u64) {
    const SIZES: [usize; 5] = [0, 10, 20, 50, 200];
    println!("{:<18} {:>6} {:>6} {:>6}   found, by persons' hours: {SIZES:?}", "pairs", "pairs", "found", "other");
    for planted in Planted::ALL {
        let (mut pairs, mut found, mut others, mut by_size) = (0, 0, 0, [[0; 2]; SIZES.len()]);
        for number in 0..count {
            let Some(pair) = pair(seed + number, planted) else { continue };
            let of = planted.dimension();
            let [before, after] = pair.sides.map(|side| counted(&side, of));
            let rows = compare(&before, &after).rows;
            let named: Vec<_> = rows.iter().filter(|row| row.change < Change::Unchanged).collect();
            let is_planted = |row: &callcodes::compare::Row| {
                row.key.code() == Some(Code(pair.code)) && (of.is_none() || row.place == pair.place)
            };
            let is_found = named.iter().any(|row| is_planted(row) && planted.changes().contains(&row.change));
            // What takes the place of a code, or makes place for it, changes as well.
            let is_other = |row: &callcodes::compare::Row| !is_planted(row);
            let size = SIZES.iter().rposition(|least| pair.cases >= *least).unwrap_or_default();
            pairs += 1;
            found += u64::from(is_found);
            others += u64::from(named.iter().any(|row| is_other(row)));
            by_size[size][0] += 1;
            by_size[size][1] += u64::from(is_found);
        }
        let by_size: Vec<String> = by_size.iter().map(|[all, found]| format!("{found}/{all}")).collect();
        println!("{:<18} {pairs:>6} {found:>6} {others:>6}   {}", format!("{planted:?}"), by_size.join(" "));
    }
}
