//! Matches *twins*: results that several recorders logged for the same sign-in.
//!
//! Two results are twins if they have the same code, come from the same machine but from different recorders, and
//!
//! * have the same user and are at most [`WINDOW`] apart, or
//! * are at most [`NARROW_WINDOW`] apart, if the user of one of them is unknown.
//!
//! Results of two different known users are never twins. Nor are two results of one recorder, so each recorder contributes at
//! most one result to a sign-in.
//!
//! The results of one machine are sorted by time and matched in that order, those with a known user first. Each result joins the
//! earliest sign-in that it can. So if a user signs in twice within the window, the first results of all recorders are matched
//! with each other, and so are the second ones, because every recorder writes in the order of events.

use std::hash::Hash;

use foldhash::{HashMap, HashMapExt as _};

use super::SignIn;
use super::values::Number;

/// The most time between two results of a sign-in if both have a known user, in nanoseconds: two seconds.
pub const WINDOW: i64 = 2_000_000_000;
/// The most time between two results of a sign-in if the user of one is unknown, in nanoseconds: a tenth of a second.
pub const NARROW_WINDOW: i64 = 100_000_000;
/// What twins have in common besides their machine: the code, and whether the zone of their times was assumed.
type Class = (u32, bool);

/// The results of one sign-in that have been matched, as a linked list of indexes.
#[derive(Clone, Copy, Debug)]
struct Group {
    class: Class,
    /// The user of the results, without the domain. Unknown if no result has a known user.
    user: Number,
    /// A bit for each recorder that has a result in the group.
    recorders: u64,
    /// The time of the first result, in nanoseconds.
    time: i64,
    /// The index of the group's first result.
    first: u32,
    /// The index of the group's last result.
    last: u32,
}

impl Group {
    /// Whether the results of a later group may belong to the same sign-in. The caller compares classes and times.
    fn admits(&self, later: &Group) -> bool {
        let may_be_same = self.user == later.user || !self.user.is_known() || !later.user.is_known();
        self.recorders & later.recorders == 0 && may_be_same
    }

    /// Appends the results of a later group to this one. `next` links the results.
    fn join(&mut self, later: &Group, next: &mut [u32]) {
        next[self.last as usize] = later.first;
        self.last = later.last;
        self.recorders |= later.recorders;
        self.user = self.user.or(later.user);
    }
}

/// Matches the twins among the results of one machine. All results must have a time. `user` returns the user of a result without
/// the domain.
///
/// Passes each sign-in to `done`, with its first result and the twins of that. Sorts `results` by time if they come from more
/// than one recorder.
pub fn matching(
    results: &mut [SignIn],
    user: impl Fn(&SignIn) -> Number,
    done: impl FnMut(SignIn, &mut dyn Iterator<Item = &SignIn>),
) {
    matching_with(FEW, results, user, done);
}

/// Implements [`matching`]. `few` replaces [`FEW`] in tests.
fn matching_with(
    few: usize,
    results: &mut [SignIn],
    user: impl Fn(&SignIn) -> Number,
    mut done: impl FnMut(SignIn, &mut dyn Iterator<Item = &SignIn>),
) {
    let is_of_first = |result: &SignIn| result.recorder() == results[0].recorder();
    if results.iter().all(is_of_first) {
        return results.iter().for_each(|result| done(*result, &mut std::iter::empty()));
    }
    // A stable sort, which is fast for the logs of a few recorders that are each sorted already.
    results.sort_by_key(|result| result.time);
    let results = &*results;
    let groups = (0..).zip(results).map(|(index, result)| Group {
        class: (result.key, result.zone_is_assumed()),
        user: user(result),
        recorders: 1 << result.recorder(),
        time: result.time,
        first: index,
        last: index,
    });
    let mut next = vec![NONE; results.len()];
    let same_user = |group: &Group| group.user.is_known().then_some((group.class, group.user));
    let groups = merged(few, groups.collect(), &mut next, WINDOW, same_user);
    let groups = merged(few, groups, &mut next, NARROW_WINDOW, |group| Some(group.class));
    for group in groups {
        let mut index = group.first;
        let mut members = std::iter::from_fn(|| {
            let result = results.get(index as usize)?;
            index = next[index as usize];
            Some(result)
        });
        let Some(&first) = members.next() else { continue };
        done(first, &mut members);
    }
}

/// The end of a linked list of indexes.
const NONE: u32 = u32::MAX;

/// If there are never more groups than this within a window, a search through all of them is faster than a hash map.
const FEW: usize = 48;

/// The groups with the same key that later groups may join, in the order of their times.
#[derive(Default)]
struct Waiting {
    groups: Vec<u32>,
    /// For each kind of later group, how many groups at the beginning it cannot join. What one group of a kind cannot join, later
    /// groups of that kind cannot join either. So each kind passes each group only once.
    passed: Vec<((u64, bool), usize)>,
}

/// Merges groups of results of the same sign-in: each group joins the earliest one with the same `key` that is at most `window`
/// nanoseconds earlier and has no result of the same recorder. The groups must be in the order of their times. `next` links the
/// results of a group.
fn merged<K: Eq + Hash>(
    few: usize,
    groups: Vec<Group>,
    next: &mut [u32],
    window: i64,
    key: impl Fn(&Group) -> Option<K>,
) -> Vec<Group> {
    if at_most_within(few, window, &groups) {
        merged_by_looking_at_each(groups, next, window, key)
    } else {
        merged_by_lists(groups, next, window, key)
    }
}

/// Whether no `window` nanoseconds contain more than `few` groups. The groups must be in the order of their times.
fn at_most_within(few: usize, window: i64, groups: &[Group]) -> bool {
    let later = groups.get(few..).unwrap_or_default();
    groups.iter().zip(later).all(|(earlier, later)| later.time.saturating_sub(window) > earlier.time)
}

/// Implements [`merged`] for groups of which only a few are within a window. It compares each group with all of them.
fn merged_by_looking_at_each<K: Eq>(
    mut groups: Vec<Group>,
    next: &mut [u32],
    window: i64,
    key: impl Fn(&Group) -> Option<K>,
) -> Vec<Group> {
    // The first `kept` groups are those that remain. The first `passed` of them are too early for this group, and so for all
    // later ones.
    let (mut kept, mut passed) = (0, 0);
    for at in 0..groups.len() {
        let group = groups[at];
        let earliest = group.time.saturating_sub(window);
        let its_key = key(&group);
        passed += groups[passed..kept].iter().take_while(|earlier| earlier.time < earliest).count();
        let may_join = |earlier: &&mut Group| earlier.admits(&group) && key(earlier) == its_key;
        let joined = if its_key.is_some() { groups[passed..kept].iter_mut().find(may_join) } else { None };
        match joined {
            Some(earlier) => earlier.join(&group, next),
            None => {
                groups[kept] = group;
                kept += 1;
            }
        }
    }
    groups.truncate(kept);
    groups
}

/// Implements [`merged`] for any number of groups within a window, in linear time.
fn merged_by_lists<K: Eq + Hash>(
    groups: Vec<Group>,
    next: &mut [u32],
    window: i64,
    key: impl Fn(&Group) -> Option<K>,
) -> Vec<Group> {
    /// If there are more lists than this, those are removed whose groups are all too early to be joined.
    const LISTS_LIMIT: usize = 1 << 14;

    let mut kept: Vec<Group> = Vec::new();
    let mut lists: HashMap<K, Waiting> = HashMap::new();
    let mut lists_limit = LISTS_LIMIT;
    for group in groups {
        let Some(key) = key(&group) else {
            kept.push(group);
            continue;
        };
        let earliest = group.time.saturating_sub(window);
        if lists.len() >= lists_limit {
            let is_open = |list: &Waiting| list.groups.last().is_some_and(|&last| kept[last as usize].time >= earliest);
            lists.retain(|_, list| is_open(list));
            lists_limit = LISTS_LIMIT.max(lists.len() * 2);
        }
        let list = lists.entry(key).or_default();
        let kind = (group.recorders, group.user.is_known());
        let place = list.passed.iter().position(|(other, _)| *other == kind).unwrap_or_else(|| {
            list.passed.push((kind, 0));
            list.passed.len() - 1
        });
        let passed = &mut list.passed[place].1;
        let mut candidates = list.groups[*passed..].iter();
        let joined = candidates.find(|&&earlier| {
            let earlier = &kept[earlier as usize];
            let joins = earlier.time >= earliest && earlier.admits(&group);
            *passed += usize::from(!joins);
            joins
        });
        match joined {
            Some(&earlier) => kept[earlier as usize].join(&group, next),
            None => {
                list.groups.push(u32::try_from(kept.len()).unwrap_or(NONE));
                kept.push(group);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Recorder;
    use super::super::values::Values;
    use super::*;
    use crate::time::{Basis, DateBasis, Stamp, Time, ZoneBasis};

    const SECOND: i64 = 1_000_000_000;
    const MILLISECOND: i64 = 1_000_000;

    fn result(time: i64, recorder: Recorder, key: u32, user: &str, users: &mut Values) -> SignIn {
        let basis = Basis { zone: ZoneBasis::Named, date: DateBasis::Line };
        let mut sign_in = SignIn::new(key, Some(Stamp { time: Time::from_nanoseconds(time), basis }), recorder, 0);
        if !user.is_empty() {
            sign_in.user = users.number(user);
        }
        sign_in
    }

    /// Returns the times of the results of each sign-in, in nanoseconds. Both implementations must agree.
    fn matched(results: &[(i64, Recorder, u32, &str)]) -> Vec<Vec<i64>> {
        let groups = matched_with(FEW, results);
        assert_eq!(matched_with(0, results), groups);
        groups
    }

    fn matched_with(few: usize, results: &[(i64, Recorder, u32, &str)]) -> Vec<Vec<i64>> {
        let mut users = Values::new(100);
        let mut results: Vec<SignIn> =
            results.iter().map(|&(time, recorder, key, user)| result(time, recorder, key, user, &mut users)).collect();
        let mut groups = Vec::new();
        matching_with(
            few,
            &mut results,
            |result| result.user,
            |first, twins| {
                groups.push([first.time].into_iter().chain(twins.map(|twin| twin.time)).collect());
            },
        );
        groups.sort();
        groups
    }

    #[test]
    fn results_of_two_recorders_are_twins_within_two_seconds() {
        assert_eq!(matched(&[(0, 1, 21, "ann"), (2 * SECOND, 2, 21, "ann")]), [[0, 2 * SECOND]]);
        assert_eq!(matched(&[(0, 1, 21, "ann"), (2 * SECOND + 1, 2, 21, "ann")]).len(), 2);
    }

    #[test]
    fn an_unknown_user_allows_a_tenth_of_a_second() {
        for (one, other) in [("", "ann"), ("ann", ""), ("", "")] {
            assert_eq!(matched(&[(0, 1, 21, one), (NARROW_WINDOW, 2, 21, other)]), [[0, NARROW_WINDOW]]);
            assert_eq!(matched(&[(0, 1, 21, one), (NARROW_WINDOW + 1, 2, 21, other)]).len(), 2);
        }
    }

    #[test]
    fn other_users_other_codes_and_the_same_recorder_are_never_twins() {
        assert_eq!(matched(&[(0, 1, 21, "ann"), (0, 2, 21, "bob")]).len(), 2);
        assert_eq!(matched(&[(0, 1, 21, "ann"), (0, 2, 102, "ann")]).len(), 2);
        assert_eq!(matched(&[(0, 1, 21, "ann"), (0, 1, 21, "ann")]).len(), 2);
        // A result with an unknown user does not link results of two known users.
        assert_eq!(matched(&[(0, 1, 21, "ann"), (1, 2, 21, ""), (2, 3, 21, "bob")]).len(), 2);
    }

    #[test]
    fn a_repeat_within_the_window_stays_a_sign_in_of_its_own() {
        let in_both =
            [(0, 1, 108, "ann"), (MILLISECOND, 2, 108, "ann"), (SECOND, 1, 108, "ann"), (SECOND + 2, 2, 108, "ann")];
        assert_eq!(matched(&in_both), [[0, MILLISECOND], [SECOND, SECOND + 2]]);
        let in_one = [(0, 1, 108, "ann"), (MILLISECOND, 2, 108, "ann"), (SECOND, 1, 108, "ann")];
        assert_eq!(matched(&in_one), [vec![0, MILLISECOND], vec![SECOND]]);
    }

    #[test]
    fn three_recorders_may_record_one_sign_in() {
        let results = [(0, 1, 21, "ann"), (MILLISECOND, 2, 21, "ann"), (2 * MILLISECOND, 3, 21, "")];
        assert_eq!(matched(&results), [[0, MILLISECOND, 2 * MILLISECOND]]);
    }

    #[test]
    fn any_number_of_equal_results_takes_linear_time() {
        let many: Vec<_> = (0..200_000).map(|index| (0, 1 + Recorder::from(index % 3 == 0), 21, "ann")).collect();
        let twins = many.len() / 3 + 1;
        assert_eq!(matched(&many).iter().filter(|group| group.len() == 2).count(), twins);
    }

    /// The rule in its simplest form: for each result, in the order of time, look through all earlier sign-ins.
    fn naive(results: &[SignIn]) -> Vec<Vec<i64>> {
        let mut sorted = results.to_vec();
        sorted.sort_by_key(|result| result.time);
        let mut groups: Vec<Vec<SignIn>> = Vec::new();
        let user_of = |group: &[SignIn]| group.iter().map(|one| one.user).find(|user| user.is_known());
        let disjoint = |one: &[SignIn], other: &[SignIn]| {
            one.iter().all(|mine| other.iter().all(|theirs| mine.recorder() != theirs.recorder()))
        };
        for result in &sorted {
            let fits = |group: &&mut Vec<SignIn>| {
                result.user.is_known()
                    && user_of(group) == Some(result.user)
                    && group[0].key == result.key
                    && result.time - group[0].time <= WINDOW
                    && disjoint(group, &[*result])
            };
            match groups.iter_mut().find(fits) {
                Some(group) => group.push(*result),
                None => groups.push(vec![*result]),
            }
        }
        let mut wider: Vec<Vec<SignIn>> = Vec::new();
        for group in groups {
            let fits = |earlier: &&mut Vec<SignIn>| {
                (user_of(earlier).is_none() || user_of(&group).is_none())
                    && earlier[0].key == group[0].key
                    && group[0].time - earlier[0].time <= NARROW_WINDOW
                    && disjoint(earlier, &group)
            };
            match wider.iter_mut().find(fits) {
                Some(earlier) => earlier.extend(group),
                None => wider.push(group),
            }
        }
        let mut times: Vec<Vec<i64>> =
            wider.iter().map(|group| group.iter().map(|result| result.time).collect()).collect();
        times.sort();
        times
    }

    proptest! {
        #[test]
        fn the_match_is_the_naive_one(
            results in prop::collection::vec((0_i64..80, 1_u8..4, 1_u32..3, 0_usize..3), 0..40),
        ) {
            let user = ["", "ann", "bob"];
            // In steps of 50 ms, so that both windows matter.
            let results: Vec<_> =
                results.iter().map(|&(step, recorder, key, name)| (step * 50 * MILLISECOND, recorder, key, user[name])).collect();
            let mut users = Values::new(100);
            let records: Vec<SignIn> = results
                .iter()
                .map(|&(time, recorder, key, user)| result(time, recorder, key, user, &mut users))
                .collect();
            prop_assert_eq!(matched(&results), naive(&records));
        }
    }
}
