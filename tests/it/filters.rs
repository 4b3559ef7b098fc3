//! Tests that filters keep exactly the matching sign-ins of a generated ticket.

use std::path::Path;

use callcodes::catalogue::Catalogue;
use callcodes::config;
use callcodes::filter::{Filter, Part, RelativeTo};
use callcodes::pattern::PatternSet;
use callcodes::pipeline::inventory::inventory;
use callcodes::pipeline::{self, sign_ins};
use callcodes::source::Walk;
use callcodes::summary::sign_ins::{Options, Settled};
use callcodes::time::Time;
use callcodes::time::window::{Range, Window};
use callcodes::time::zone::DisplayZone;

use crate::sign_ins::{divided, printed, written};
use crate::ticket::generated::truth::SignIn;
use crate::ticket::generated::truth::Written::{RawCallStatus, Service};
use crate::ticket::generated::{HOUR, MIDNIGHT, ticket};
use crate::ticket::small;

/// Returns the time at which a sign-in counts, which is the time of its most detailed record.
fn time(sign_in: &SignIn) -> i64 {
    [Service, RawCallStatus].iter().find_map(|written| sign_in.lines.get(written)).unwrap().time
}

/// Returns the sum of the results of all files that `files` lists.
fn listed(folder: &Path, set: &PatternSet, filter: Filter) -> u64 {
    let (walk, options) = (Walk::new(vec![folder.to_owned()]), pipeline::Options::default());
    let listed = inventory(walk, set, Catalogue::built_in(), &options, Options { filter, ..Options::default() })
        .unwrap()
        .summary;
    listed.entries.iter().filter_map(|entry| entry.text).map(|text| text.results).sum()
}

/// Returns the times in a timeline, in its order.
fn timeline(folder: &Path, set: &PatternSet, filter: Filter) -> Vec<i64> {
    let (walk, run) = (Walk::new(vec![folder.to_owned()]), divided(3, 20_000, 3_000));
    let options = Options { filter, with_timeline: true, ..Options::default() };
    let settled = sign_ins::count(walk, set, Catalogue::built_in(), &run, options).unwrap().summary;
    assert_eq!(settled.timeline.left_out, 0);
    settled.timeline.events.iter().map(|event| event.time.unwrap().nanoseconds()).collect()
}

#[test]
fn the_host_of_a_file_does_not_depend_on_filters() {
    let set = PatternSet::compile(&config::built_in()).unwrap();
    let hosts = |filter: Filter| -> Vec<Option<Box<str>>> {
        let (walk, options) = (Walk::new(vec!["fixtures/logs".into()]), pipeline::Options::default());
        let counting = Options { filter, ..Options::default() };
        let listed = inventory(walk, &set, Catalogue::built_in(), &options, counting).unwrap().summary;
        listed.entries.iter().map(|entry| entry.host).collect()
    };
    let all = hosts(Filter::default());
    assert!(all.iter().any(Option::is_some) && all.iter().any(Option::is_none));
    assert_eq!(hosts(Filter { codes: "0-999".parse().unwrap(), ..Filter::default() }), all);
}

#[test]
fn a_window_relative_to_the_newest_time_keeps_the_last_results() {
    let ticket = ticket(&small());
    let folder = written(&ticket);
    let set = PatternSet::compile(&config::built_in()).unwrap();
    // The newest time of any line about a sign-in.
    let lines = ticket.truth.found().flat_map(|sign_in| sign_in.lines.values());
    let newest = lines.map(|line| line.time).max().unwrap();
    let range = Range { since: Some("-30min".parse().unwrap()), until: None };
    let filter = || Filter { relative_to: RelativeTo::Newest(range), ..Filter::default() };
    let options = Options { filter: filter(), ..Options::default() };
    let walk = Walk::new(vec![folder.path().to_owned()]);
    let run = pipeline::Options::default();
    let settled = sign_ins::count(walk, &set, Catalogue::built_in(), &run, options).unwrap().summary;
    let is_late = |sign_in: &&SignIn| time(sign_in) >= newest - HOUR / 2;
    let kept = ticket.truth.found().filter(is_late).count() as u64;
    assert!(kept > 0);
    assert_eq!(settled.summary.results(), kept);
    assert_eq!(settled.totals.newest, Some(Time::from_nanoseconds(newest)));
    let records: usize = ticket.truth.found().filter(is_late).map(|sign_in| sign_in.records().count()).sum();
    assert_eq!(printed(folder.path(), &run, filter()).len(), records);
}

#[test]
fn each_filter_keeps_what_the_truth_has() {
    let ticket = ticket(&small());
    let folder = written(&ticket);
    let set = PatternSet::compile(&config::built_in()).unwrap();
    let count = |filter: Filter| -> Settled {
        let (walk, options) = (Walk::new(vec![folder.path().to_owned()]), pipeline::Options::default());
        let counting = Options { filter, ..Options::default() };
        sign_ins::count(walk, &set, Catalogue::built_in(), &options, counting).unwrap().summary
    };
    let all = ticket.truth.found().count() as u64;
    let user = ticket.truth.found().next().unwrap().user.clone();
    let (start, end) = (MIDNIGHT + 8 * HOUR, MIDNIGHT + 9 * HOUR);
    let at = |time| Some(Time::from_nanoseconds(time));
    type Case<'c> = (Filter, Part, Box<dyn Fn(&SignIn) -> bool + 'c>);
    let cases: [Case<'_>; 6] = [
        (
            Filter { codes: "102,117".parse().unwrap(), ..Filter::default() },
            Part::Code,
            Box::new(|sign_in| [102, 117].contains(&sign_in.code)),
        ),
        (
            Filter { codes: "!102".parse().unwrap(), ..Filter::default() },
            Part::Code,
            Box::new(|sign_in| sign_in.code != 102),
        ),
        (
            Filter { users: user.parse().unwrap(), ..Filter::default() },
            Part::User,
            Box::new(|sign_in| sign_in.user == user),
        ),
        (
            Filter { hosts: "HOST0[13]".parse().unwrap(), ..Filter::default() },
            Part::Host,
            Box::new(|sign_in| ["host01", "host03"].contains(&sign_in.host.as_str())),
        ),
        (
            Filter { outcomes: "succeeded".parse().unwrap(), ..Filter::default() },
            Part::Outcome,
            Box::new(|sign_in| sign_in.succeeded),
        ),
        (
            Filter { window: Window::new(at(start), at(end), DisplayZone::UTC).unwrap(), ..Filter::default() },
            Part::Window,
            Box::new(|sign_in| (start..=end).contains(&time(sign_in))),
        ),
    ];
    for (filter, part, keeps) in cases {
        let records = ticket.truth.found().filter(|sign_in| keeps(sign_in)).map(|one| one.records().count());
        let records: usize = records.sum();
        let lines = printed(folder.path(), &pipeline::Options::default(), filter.clone());
        assert_eq!(lines.len(), records, "{part:?}");
        assert_eq!(listed(folder.path(), &set, filter.clone()), records as u64, "{part:?}");
        let kept_times = timeline(folder.path(), &set, filter.clone());
        let mut times: Vec<i64> = ticket.truth.found().filter(|sign_in| keeps(sign_in)).map(time).collect();
        times.sort_unstable();
        assert_eq!(kept_times, times, "{part:?}");
        let settled = count(filter);
        let kept = ticket.truth.found().filter(|sign_in| keeps(sign_in)).count() as u64;
        assert!(kept > 0 && kept < all, "{part:?}: the case proves nothing");
        assert_eq!(settled.summary.results(), kept, "{part:?}");
        assert_eq!(settled.totals.dropped.results, all - kept, "{part:?}");
        assert_eq!(settled.totals.dropped.parts().collect::<Vec<_>>(), [(part, all - kept)]);
    }
}
