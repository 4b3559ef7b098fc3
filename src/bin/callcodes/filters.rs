//! Turns the filter options into a filter.

use callcodes::catalogue::Catalogue;
use callcodes::filter::{Filter, RelativeTo};
use callcodes::summary::sign_ins::Settled;
use callcodes::time::Time;
use callcodes::time::window::{Bound, Range, Window};
use callcodes::time::zone::DisplayZone;
use jiff::Timestamp;

use crate::args::{FilterArgs, RelativeToArg, TimeArgs};
use crate::status::Failure;
use crate::term;

/// Returns the filter for the results that are counted or printed.
pub(crate) fn filter(args: &FilterArgs, times: &TimeArgs) -> Result<Filter, Failure> {
    let range = Range { since: args.since, until: args.until };
    let (window, relative_to) = window(args, range, times.typed())?;
    Ok(Filter { window, relative_to, ..without_window(args, times) })
}

/// Returns the filter without the window of time.
pub(crate) fn without_window(args: &FilterArgs, times: &TimeArgs) -> Filter {
    let range = Range { since: args.since, until: args.until };
    Filter {
        codes: args.code.iter().cloned().collect(),
        groups: args.group.iter().cloned().collect(),
        channels: args.channel.iter().cloned().collect(),
        users: args.user.iter().cloned().collect(),
        hosts: args.host.iter().cloned().collect(),
        addresses: args.address.iter().cloned().collect(),
        outcomes: args.outcome.iter().cloned().collect(),
        files: args.in_file.iter().cloned().collect(),
        finding: None,
        zone: times.typed(),
        lacks_zone: range.lacks_zone(),
        ..Filter::default()
    }
}

/// Notes names of `--code` that are in nobody's list, because most of them are slips.
pub(crate) fn note_unlisted(args: &FilterArgs, catalogue: &Catalogue) {
    for name in args.code.iter().flat_map(|codes| codes.unlisted(catalogue)) {
        let near = catalogue.similar_name(name, &["unknown"]);
        let near = near.map_or_else(String::new, |near| format!(". Did you mean {near}?"));
        let name = term::shown(name);
        term::note(format!(
            "--code {name} is no name of the catalogue, so it is only a name that a log writes itself{near}"
        ));
    }
}

/// Returns a failure if a window that is relative to the newest time in the logs is not valid.
pub(crate) fn check(settled: &Settled) -> Result<(), Failure> {
    settled
        .window_error
        .as_ref()
        .map_or(Ok(()), |reason| Err(Failure::Message(format!("--relative-to last: {reason}"))))
}

fn window(args: &FilterArgs, range: Range, zone: DisplayZone) -> Result<(Window, RelativeTo), Failure> {
    let is_relative = range.is_relative();
    match args.relative_to {
        Some(_) if args.since.is_none() && args.until.is_none() => Err(Failure::Message(
            "--relative-to is about --since and --until, so it needs one of them, as in --since -3h --relative-to last"
                .to_owned(),
        )),
        Some(RelativeToArg::Last) if is_relative => Ok((Window::default(), RelativeTo::Newest(range))),
        Some(RelativeToArg::Last) => Err(Failure::Message(
            "--relative-to last has no effect on fixed times. Use a relative one, such as --since -3h".to_owned(),
        )),
        Some(RelativeToArg::Now) | None => {
            let now = Timestamp::now().as_nanosecond();
            let now = Time::from_nanoseconds(i64::try_from(now).unwrap_or(i64::MAX));
            let resolved = |option: &str, bound: Option<Bound>| {
                let time = bound.map(|bound| bound.resolve(now, zone)).transpose();
                time.map_err(|reason| Failure::Message(format!("{option}: {reason}")))
            };
            let window = Window::new(resolved("--since", args.since)?, resolved("--until", args.until)?, zone);
            let relative_to = if is_relative { RelativeTo::Now } else { RelativeTo::Nothing };
            Ok((window.map_err(Failure::Message)?, relative_to))
        }
    }
}
