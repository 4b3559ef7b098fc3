//! `scan`: prints the summary. A path without a command does the same.

use callcodes::catalogue::Catalogue;
use callcodes::pipeline::sign_ins;
use callcodes::render::{self, Format};
use callcodes::report::breakdown::Shown;
use callcodes::report::{Report, Searched, excluded, wording};
use callcodes::summary::Dimension;
use callcodes::summary::sign_ins::Options;

use crate::args::{CountArgs, ReadArgs, ScanArgs};
use crate::filters;
use crate::format;
use crate::session::{Session, Written};
use crate::status::{Failure, Status};
use crate::term;

pub(crate) fn run(args: &ScanArgs) -> Result<Status, Failure> {
    let ScanArgs { count, filter, read } = args;
    let by = dimensions(count)?;
    let ReadArgs { format, output, patterns, input } = read;
    let mut session = Session::begin(input, patterns, output, *format, |_| Written::AtTheEnd)?;
    let filter = filters::filter(filter, &input.times)?;
    let host_from = session.settings.host_from.clone();
    // CSV has no findings.
    let with_cells = !count.no_findings && !format::is_csv(session.format);
    let is_plain = by.is_empty() && filter.is_empty() && host_from.is_none() && !with_cells;
    let keep_twins = count.keep_twins;
    let zone = session.settings.zone;
    let options = Options { keep_twins, by: by.clone(), filter, host_from, zone, with_cells, ..Options::default() };
    let mut outcome = session.read(|walk, settings, output| {
        let (set, catalogue) = (&settings.set, Catalogue::built_in());
        if !is_plain || !settings.is_single_large_file() {
            return sign_ins::count(walk, set, catalogue, &settings.options, options);
        }
        match sign_ins::count_alone(walk, set, catalogue, &settings.options)? {
            Some(outcome) => Ok(outcome),
            None => sign_ins::count(settings.parallel_walk(output), set, catalogue, &settings.options, options),
        }
    })?;
    filters::check(&outcome.summary)?;
    let pattern_names = session.settings.set.patterns().iter().filter(|pattern| !pattern.role().is_context());
    let pattern_names = pattern_names.map(|pattern| pattern.name().to_owned()).collect();
    let searched = Searched { pattern_names, restriction: session.settings.restriction() };
    let problems = outcome.problems.clone();
    let settled = std::mem::take(&mut outcome.summary);
    let report = Report::of_sign_ins(settled, &by, shown(count), problems, Catalogue::built_in(), searched);
    let report = Report { times: outcome.times, ..report };
    let (format, layout) = (session.format.into(), session.layout());
    session.write(|output| render::render(&report, format, &layout, output))?;
    // In a file that is meant for programs, nobody notices that there are no results.
    if report.results == 0 && format != Format::Table && output.output.is_some() {
        report.nothing_found().iter().take(1).for_each(term::note);
    }
    let left_out = report.breakdown.as_ref().map_or(report.left_out, |breakdown| breakdown.left_out);
    if format != Format::Table {
        let notes = [
            left_out.remark(),
            excluded::quiet_rows(&report.sign_ins),
            excluded::unmatched(&report.sign_ins),
            wording::undecided(report.times.undecided),
        ];
        notes.iter().flatten().for_each(term::note);
        report.clocks.iter().map(wording::clocks).for_each(term::note);
    }
    session.end(&outcome, outcome.files)
}

/// Returns the dimensions of `--by`.
fn dimensions(count: &CountArgs) -> Result<Vec<Dimension>, Failure> {
    match count.by[..] {
        [one, other] if one == other => Err(Failure::Message(format!("--by {one},{one}: the two must be different"))),
        [_, _, _, ..] => Err(Failure::Message("--by takes one or two things, such as --by host,code".to_owned())),
        _ => Ok(count.by.clone()),
    }
}

fn shown(count: &CountArgs) -> Shown {
    Shown {
        top: count.top.map_or(0, |top| top as usize),
        min: count.min.unwrap_or(0),
        sort: count.sort.map(Into::into),
    }
}
