//! Finds recorders of one machine whose times differ by whole quarters of an hour, because the zones of their logs differ.
//!
//! Results that such recorders wrote down of the same sign-in are no [twins](super::twins), so they count twice. Two recorders are
//! reported if, of the one with fewer results, at least half and at least [`LEAST`] have a result of the other one that is the same
//! number of quarters of an hour earlier or later, and as close to that as twins are. No other number may fit half as many: where
//! the same user signs in every quarter of an hour, each fits.
//!
//! The number is found from at most [`SAMPLE`] results, and then checked with all of them. Times are never shifted.

use super::SignIn;
use super::twins::{NARROW_WINDOW, WINDOW};
use super::values::Number;

/// A quarter of an hour in nanoseconds.
const QUARTER: i64 = 900 * 1_000_000_000;
/// No two zones are further apart, in quarters of an hour.
const QUARTERS_LIMIT: i64 = 14 * 4;
/// The fewest results that show that clocks differ.
pub const LEAST: usize = 3;
/// How many results are looked at to find the number of quarters.
pub const SAMPLE: usize = 64;
/// How many recorders of a machine are compared. There are rarely more than three.
const SIDES_LIMIT: usize = 8;
/// How many results within a window are looked at.
const NEAR_LIMIT: usize = 64;

/// Two results of the same sign-in whose times are whole quarters of an hour apart, as those of their recorders always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apart {
    /// The later result.
    pub ahead: SignIn,
    /// The earlier result.
    pub behind: SignIn,
    /// By how many quarters of an hour they differ; at least 1.
    pub quarters: u32,
}

/// Returns the recorders whose clocks differ, each pair with its first results. `results` are those of one machine, and all have a time.
/// `user` returns the user of a result without the domain. Sorts `results`.
pub fn apart(results: &mut [SignIn], user: impl Fn(&SignIn) -> Number) -> Vec<Apart> {
    // A log that has some times with a zone and some without is two.
    let side = |result: &SignIn| (result.recorder(), result.zone_is_assumed());
    results.sort_unstable_by_key(|result| (side(result), result.key, result.time, result.origin));
    let mut sides: Vec<&[SignIn]> = results.chunk_by(|one, other| side(one) == side(other)).collect();
    sides.sort_by_key(|side| side.len());
    let first = sides.len().saturating_sub(SIDES_LIMIT);
    let mut found = Vec::new();
    for (index, few) in sides.iter().enumerate().skip(first) {
        for many in &sides[index + 1..] {
            if few[0].recorder() != many[0].recorder() {
                found.extend(compared(few, many, &user));
            }
        }
    }
    found
}

/// Compares the results of two recorders, each in the order of key and time.
fn compared(few: &[SignIn], many: &[SignIn], user: &impl Fn(&SignIn) -> Number) -> Option<Apart> {
    let step = few.len().div_ceil(SAMPLE);
    let sample = || few.iter().step_by(step);
    let votes = |quarters: i64| sample().filter(|one| partner(one, quarters, many, user).is_some()).count();
    let mut all: Vec<(i64, usize)> = (-QUARTERS_LIMIT..=QUARTERS_LIMIT).map(|number| (number, votes(number))).collect();
    // Stable, so that of equal ones the first one counts. They are refused below.
    all.sort_by_key(|(_, votes)| std::cmp::Reverse(*votes));
    let [(quarters, most), (_, second), ..] = all[..] else { return None };
    if quarters == 0 || most * 2 < sample().count() || second * 2 > most {
        return None;
    }
    let mut pairs = few.iter().filter_map(|one| Some((*one, *partner(one, quarters, many, user)?)));
    let (one, other) = pairs.next()?;
    let count = 1 + pairs.count();
    if count < LEAST || count * 2 < few.len() {
        return None;
    }
    let (ahead, behind) = if quarters > 0 { (other, one) } else { (one, other) };
    Some(Apart { ahead, behind, quarters: u32::try_from(quarters.abs()).ok()? })
}

/// Returns the result of the same sign-in that is so many quarters later.
fn partner<'r>(
    one: &SignIn,
    quarters: i64,
    many: &'r [SignIn],
    user: &impl Fn(&SignIn) -> Number,
) -> Option<&'r SignIn> {
    let at = one.time.checked_add(quarters * QUARTER)?;
    let earliest = (one.key, at.saturating_sub(WINDOW));
    let start = many.partition_point(|other| (other.key, other.time) < earliest);
    let near = many[start..].iter().take(NEAR_LIMIT);
    let mut near = near.take_while(|other| other.key == one.key && other.time <= at.saturating_add(WINDOW));
    let name = user(one);
    near.find(|other| match (name, user(other)) {
        (name, other) if name.is_known() && other.is_known() => name == other,
        _ => other.time.abs_diff(at) <= NARROW_WINDOW.unsigned_abs(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Recorder;
    use super::super::values::Values;
    use super::*;
    use crate::time::{Basis, DateBasis, Stamp, Time, ZoneBasis};

    const SECOND: i64 = 1_000_000_000;

    /// A time in seconds, the recorder, the code and the user.
    type Written = (i64, Recorder, u32, &'static str);

    fn results(written: &[Written], zone: impl Fn(Recorder) -> ZoneBasis) -> Vec<SignIn> {
        let mut users = Values::new(100);
        let sign_in = |(origin, &(second, recorder, key, user)): (u32, &Written)| {
            let basis = Basis { zone: zone(recorder), date: DateBasis::Line };
            let stamp = Stamp { time: Time::from_nanoseconds(second * SECOND), basis };
            let mut sign_in = SignIn::new(key, Some(stamp), recorder, origin);
            if !user.is_empty() {
                sign_in.user = users.number(user);
            }
            sign_in
        };
        (0..).zip(written).map(sign_in).collect()
    }

    /// Returns the recorder ahead, the one behind, and the quarters between them.
    fn found(written: &[Written]) -> Vec<(Recorder, Recorder, u32)> {
        let mut results = results(written, |_| ZoneBasis::Named);
        let found = apart(&mut results, |result| result.user);
        found.iter().map(|one| (one.ahead.recorder(), one.behind.recorder(), one.quarters)).collect()
    }

    /// Returns sign-ins at irregular times, which two recorders wrote down so many seconds apart.
    fn twice(count: i64, seconds: i64, user: &'static str) -> Vec<Written> {
        let at = |number: i64| number * 5077 + number * number * 31;
        (0..count).flat_map(|number| [(at(number), 1, 21, user), (at(number) + seconds, 3, 21, user)]).collect()
    }

    #[test]
    fn a_constant_difference_of_whole_quarters_is_found() {
        assert_eq!(found(&twice(3, 3600, "ann")), [(3, 1, 4)]);
        assert_eq!(found(&twice(3, -3600 + 2, "ann")), [(1, 3, 4)]);
        assert_eq!(found(&twice(500, 19_800, "ann")), [(3, 1, 22)]);
        assert_eq!(found(&twice(500, -900, "")), [(1, 3, 1)]);
        assert_eq!(found(&twice(500, 14 * 3600, "")), [(3, 1, 56)]);
    }

    #[test]
    fn other_differences_are_not() {
        assert_eq!(found(&twice(2, 3600, "ann")), [], "too few");
        assert_eq!(found(&twice(50, 0, "ann")), [], "twins");
        assert_eq!(found(&twice(50, 3600 + 3, "ann")), [], "no whole quarter");
        assert_eq!(found(&twice(50, 3600 + 1, "")), [], "no user, and further apart than twins");
        assert_eq!(found(&twice(50, 15 * 3600, "ann")), [], "no zones are so far apart");
        let other_codes: Vec<Written> =
            twice(50, 3600, "ann").into_iter().map(|one| (one.0, one.1, u32::from(one.1), one.3)).collect();
        assert_eq!(found(&other_codes), []);
        let other_users: Vec<Written> = twice(50, 3600, "")
            .into_iter()
            .map(|one| (one.0, one.1, one.2, if one.1 == 1 { "ann" } else { "bob" }))
            .collect();
        assert_eq!(found(&other_users), []);
        let one_recorder: Vec<Written> =
            twice(50, 3600, "ann").into_iter().map(|one| (one.0, 1, one.2, one.3)).collect();
        assert_eq!(found(&one_recorder), []);
    }

    #[test]
    fn half_of_the_smaller_log_must_fit() {
        let at = |number: i64| number * 5077 + number * number * 31;
        let others = |count: i64| {
            (1000..1000 + count).flat_map(move |number| [(at(number), 1, 21, "ann"), (at(number) + 137, 3, 21, "ann")])
        };
        let with = |count: i64| twice(10, 3600, "ann").into_iter().chain(others(count)).collect::<Vec<_>>();
        assert_eq!(found(&with(10)), [(3, 1, 4)]);
        assert_eq!(found(&with(11)), []);
        // The other log may have any number of others.
        let larger: Vec<Written> =
            twice(10, 3600, "ann").into_iter().chain(others(50).filter(|one| one.1 == 3)).collect();
        assert_eq!(found(&larger), [(3, 1, 4)]);
    }

    /// A test account that signs in every quarter of an hour, or every hour, says nothing about the zone.
    #[test]
    fn regular_sign_ins_decide_nothing() {
        let regular = |step: i64, seconds: i64| -> Vec<Written> {
            let both = |number: i64| [(number * step, 1, 21, "ann"), (number * step + seconds, 3, 21, "ann")];
            (0..200).flat_map(both).collect()
        };
        for step in [900, 3600] {
            for seconds in [1, 901, -3599] {
                assert_eq!(found(&regular(step, seconds)), [], "{step} {seconds}");
            }
        }
        // Only one number of quarters is possible.
        assert_eq!(found(&regular(20 * 3600, 901)), [(3, 1, 1)]);
    }

    #[test]
    fn times_with_and_without_a_zone_are_compared() {
        let zone = |recorder| if recorder == 1 { ZoneBasis::Named } else { ZoneBasis::Assumed };
        let mut results = results(&twice(5, 3600, "ann"), zone);
        let found = apart(&mut results, |result| result.user);
        assert_eq!(
            found.iter().map(|one| (one.ahead.zone_is_assumed(), one.quarters)).collect::<Vec<_>>(),
            [(true, 4)]
        );
    }

    #[test]
    fn any_number_of_equal_results_takes_little_time() {
        let many: Vec<Written> =
            (0..200_000).map(|number| (0, 1 + 2 * Recorder::from(number % 3 == 0), 21, "ann")).collect();
        assert_eq!(found(&many), []);
    }

    proptest! {
        /// The rule in its plain form, for logs of which all results are looked at.
        #[test]
        fn the_difference_is_the_naive_one(
            written in prop::collection::vec((0_i64..40, 0_i64..3, 0_usize..2, 0_usize..3), 0..20),
            shift in -60_i64..60,
        ) {
            let recorders = [1, 3];
            let users = ["", "ann", "bob"];
            let written: Vec<Written> = written
                .iter()
                .map(|&(quarter, second, recorder, user)| {
                    let shift = if recorder == 1 { shift * 900 } else { 0 };
                    (quarter * quarter * 900 + shift + second, recorders[recorder], 21, users[user])
                })
                .collect();
            let of = |recorder: Recorder| written.iter().filter(move |one| one.1 == recorder).collect::<Vec<_>>();
            let (mut few, mut many) = (of(1), of(3));
            let is_swapped = few.len() > many.len();
            if is_swapped {
                std::mem::swap(&mut few, &mut many);
            }
            let fits = |quarters: i64| {
                few.iter().filter(|one| many.iter().any(|other| {
                    let apart = (other.0 - one.0 - quarters * 900).abs();
                    if one.3.is_empty() || other.3.is_empty() { apart == 0 } else { one.3 == other.3 && apart <= 2 }
                })).count()
            };
            let mut all: Vec<(usize, i64)> = (-56..=56).map(|quarters| (fits(quarters), quarters)).collect();
            all.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
            let (best, quarters) = all[0];
            let is_apart = quarters != 0 && best >= 3 && best * 2 >= few.len() && all[1].0 * 2 <= best;
            // The log with fewer results is ahead if its times are the later ones.
            let is_first_ahead = (quarters < 0) != is_swapped;
            let (ahead, behind) = if is_first_ahead { (1, 3) } else { (3, 1) };
            let expected = is_apart.then(|| (ahead, behind, u32::try_from(quarters.unsigned_abs()).unwrap()));
            prop_assert_eq!(found(&written), Vec::from_iter(expected));
        }
    }
}
