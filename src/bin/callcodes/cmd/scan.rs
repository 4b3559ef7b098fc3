//! `scan`: prints the summary. A path without a command does the same.

use callcodes::catalogue::Catalogue;
use callcodes::pipeline::summarise::summarise;
use callcodes::render::{self, Format};
use callcodes::report::{Report, Searched};

use crate::args::ScanArgs;
use crate::session::{Session, Written};
use crate::status::{Failure, Status};
use crate::term;

pub(crate) fn run(args: &ScanArgs) -> Result<Status, Failure> {
    let mut session = Session::begin(&args.input, &args.patterns, &args.output, args.format, |_| Written::AtTheEnd)?;
    let outcome =
        session.read(|walk, settings, _| summarise(walk, &settings.set, Catalogue::built_in(), &settings.options))?;
    let pattern_names = session.settings.set.patterns().iter().map(|pattern| pattern.name().to_owned()).collect();
    let searched = Searched { pattern_names, restriction: session.settings.restriction() };
    let report = Report::new(&outcome.summary, outcome.problems.clone(), Catalogue::built_in(), searched);
    let (format, layout) = (session.format.into(), session.layout());
    session.write(|output| render::render(&report, format, &layout, output))?;
    // In a file for programs nobody sees that there is nothing.
    if report.rows.is_empty() && format != Format::Table && args.output.output.is_some() {
        report.nothing_found().iter().take(1).for_each(term::note);
    }
    session.end(&outcome, outcome.files)
}
