//! Finds recorders of one machine whose times differ by whole quarters of an hour, because their logs use different zones.
//!
//! Such recorders write the same sign-in with different times, so their results are not [twins](super::twins) and count twice.
//! Two recorders are reported if at least half of the results of the smaller one, and at least [`LEAST`] of them, have a
//! partner in the other one. A partner is a result of the same sign-in that is a certain number of quarters of an hour earlier
//! or later, with the same tolerance as for twins. No other number of quarters may fit more than half as many results: if a
//! user signs in every quarter of an hour, every number fits.
//!
//! The number is found from at most [`SAMPLE`] results and then checked with all of them. Times are only compared, never changed.

use super::SignIn;
use super::twins::{NARROW_WINDOW, WINDOW};
use super::values::Number;

/// A quarter of an hour in nanoseconds.
const QUARTER: i64 = 900 * 1_000_000_000;
/// The largest difference between two recorders that is searched for, in quarters of an hour.
const QUARTERS_LIMIT: i64 = 14 * 4;
/// How many results are needed to show that clocks differ.
pub const LEAST: usize = 3;
/// How many results are compared to find the number of quarters.
pub const SAMPLE: usize = 64;
/// How many recorders of a machine are compared. There are rarely more than three.
const SIDES_LIMIT: usize = 8;
/// How many results within a window are examined.
const NEAR_LIMIT: usize = 64;

/// Two results that stand for two recorders whose times always differ by the same number of quarters of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apart {
    /// The later result.
    pub ahead: SignIn,
    /// The earlier result.
    pub behind: SignIn,
    /// The difference in quarters of an hour, which is at least 1.
    pub quarters: u32,
}

/// Returns the pairs of recorders whose clocks differ, each represented by its first two results. `results` must be those of one
/// machine, and all must have a time; they are sorted in place. `user` returns the user of a result without the domain.
pub fn apart(results: &mut [SignIn], user: impl Fn(&SignIn) -> Number) -> Vec<Apart> {
    // A log in which only some times have a zone is compared as two logs.
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

/// Compares the results of two recorders, which must be sorted by key and time. Returns `None` if their clocks do not differ.
fn compared(few: &[SignIn], many: &[SignIn], user: &impl Fn(&SignIn) -> Number) -> Option<Apart> {
    let step = few.len().div_ceil(SAMPLE);
    let sample = || few.iter().step_by(step);
    let votes = |quarters: i64| sample().filter(|one| partner(one, quarters, many, user).is_some()).count();
    let mut all: Vec<(i64, usize)> = (-QUARTERS_LIMIT..=QUARTERS_LIMIT).map(|number| (number, votes(number))).collect();
    // The sort is stable. If the two best numbers fit equally well, neither is accepted below.
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

/// Returns the result in `many` that belongs to the same sign-in as `one` and is `quarters` quarters of an hour later.
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

    /// A result: its time in seconds, its recorder, its code and its user.
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

    /// Returns the recorder that is ahead, the one that is behind, and the quarters between them.
    fn found(written: &[Written]) -> Vec<(Recorder, Recorder, u32)> {
        let mut results = results(written, |_| ZoneBasis::Named);
        let found = apart(&mut results, |result| result.user);
        found.iter().map(|one| (one.ahead.recorder(), one.behind.recorder(), one.quarters)).collect()
    }

    /// Returns sign-ins at irregular times that two recorders wrote with times `seconds` apart.
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
    fn other_differences_are_not_reported() {
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
        // The larger log may have any number of other results.
        let larger: Vec<Written> =
            twice(10, 3600, "ann").into_iter().chain(others(50).filter(|one| one.1 == 3)).collect();
        assert_eq!(found(&larger), [(3, 1, 4)]);
    }

    /// A test account that signs in every quarter of an hour, or every hour, proves nothing about the zone.
    #[test]
    fn regular_sign_ins_prove_nothing() {
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
        /// Compares with the rule in its plain form, for logs that are small enough that all results are in the sample.
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
