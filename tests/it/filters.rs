//! Filters keep exactly the sign-ins of the truth that they describe.

use callcodes::catalogue::Catalogue;
use callcodes::config;
use callcodes::filter::{Filter, Part};
use callcodes::pattern::PatternSet;
use callcodes::pipeline::{self, sign_ins};
use callcodes::source::Walk;
use callcodes::summary::sign_ins::{Options, Settled};
use callcodes::time::Time;
use callcodes::time::window::Window;

use crate::sign_ins::written;
use crate::ticket::generated::truth::SignIn;
use crate::ticket::generated::truth::Written::{RawCallStatus, Service};
use crate::ticket::generated::{HOUR, MIDNIGHT, ticket};
use crate::ticket::small;

/// Returns the time by which a sign-in counts: that of the record that says most.
fn time(sign_in: &SignIn) -> i64 {
    [Service, RawCallStatus].iter().find_map(|written| sign_in.lines.get(written)).unwrap().time
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
            Filter { window: Window::new(at(start), at(end)).unwrap(), ..Filter::default() },
            Part::Window,
            Box::new(|sign_in| (start..=end).contains(&time(sign_in))),
        ),
    ];
    for (filter, part, keeps) in cases {
        let settled = count(filter);
        let kept = ticket.truth.found().filter(|sign_in| keeps(sign_in)).count() as u64;
        assert!(kept > 0 && kept < all, "{part:?}: the case proves nothing");
        assert_eq!(settled.summary.results(), kept, "{part:?}");
        assert_eq!(settled.totals.dropped.results, all - kept, "{part:?}");
        assert_eq!(settled.totals.dropped.parts().collect::<Vec<_>>(), [(part, all - kept)]);
    }
}
