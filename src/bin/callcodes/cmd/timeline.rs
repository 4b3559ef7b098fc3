//! `timeline`: lists the sign-ins of one user or host in the order of time.

use callcodes::pipeline::sign_ins;
use callcodes::render::Format;
use callcodes::report::breakdown::Shown;
use callcodes::report::timeline::{TIMELINE, before, end, left_out, rows};
use callcodes::report::{Report, Searched, excluded};
use callcodes::summary::sign_ins::{Options, Sought};

use crate::args::{ReadArgs, TimelineArgs};
use crate::filters;
use crate::session::{Session, Written};
use crate::status::{Failure, Status};
use crate::term;

pub(crate) fn run(args: &TimelineArgs) -> Result<Status, Failure> {
    let TimelineArgs { filter, keep_twins, read: ReadArgs { format, output, patterns, input } } = args;
    if filter.user.is_empty() && filter.host.is_empty() {
        return Err(Failure::Message(NOBODY.to_owned()));
    }
    let mut session = Session::begin(input, patterns, output, *format, |_| Written::AtTheEnd)?;
    let counting = Options {
        filter: filters::filter(filter, &input.times)?,
        keep_twins: *keep_twins,
        host_from: session.settings.host_from.clone(),
        zone: session.settings.zone,
        near_misses: Sought::Counted,
        with_timeline: true,
        ..Options::default()
    };
    let catalogue = session.settings.catalogue();
    filters::note_unlisted(filter, catalogue);
    let mut outcome = session
        .read(|walk, settings, _| sign_ins::count(walk, &settings.set, catalogue, &settings.options, counting))?;
    filters::check(&outcome.summary)?;
    let mut settled = std::mem::take(&mut outcome.summary);
    let timeline = std::mem::take(&mut settled.timeline);
    let names = session.settings.set.patterns().iter().filter(|pattern| !pattern.role().is_context());
    let searched = Searched {
        pattern_names: names.map(|pattern| pattern.name().to_owned()).collect(),
        restriction: session.settings.restriction(),
        ..Searched::default()
    };
    let problems = outcome.problems.clone();
    let report = Report::of_sign_ins(settled, &[], Shown::default(), problems, catalogue, searched);
    let report = Report { times: outcome.times, ..report };
    let format = Format::from(session.format);
    let mut renderer = format.renderer(&TIMELINE, session.layout());
    session.write(|output| {
        renderer.begin(&before(&report, &timeline), output)?;
        for row in rows(&timeline, catalogue) {
            row.heading.iter().for_each(|heading| renderer.section(heading));
            renderer.row(&row.cells, output)?;
        }
        renderer.end(&end(&report, &timeline), output)
    })?;
    if format != Format::Table {
        let notes =
            [left_out(&timeline), excluded::unmatched(&report.sign_ins), excluded::without_user(&report.sign_ins)];
        notes.iter().flatten().for_each(term::note);
        if report.results == 0 {
            report.nothing_found().iter().take(1).for_each(term::note);
        }
    }
    session.end(&outcome, outcome.files)
}

/// The message if neither a user nor a host is given.
const NOBODY: &str = "a timeline is about one user or host: add --user ann or --host host07. To count all results by the hour, use \
                      callcodes --by hour";
