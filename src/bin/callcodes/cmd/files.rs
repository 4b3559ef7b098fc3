//! `files`: lists what each input is, in the order of the inputs.

use callcodes::pipeline::inventory::{Inventory, inventory};
use callcodes::render::Format;
use callcodes::report::excluded;
use callcodes::report::files::{Totals, cells, sheet_of};
use callcodes::summary::sign_ins::Options;

use crate::args::{FilesArgs, ReadArgs, SummaryFormatArg};
use crate::filters;
use crate::session::{Session, Written};
use crate::status::{Failure, Status};
use crate::term;

pub(crate) fn run(args: &FilesArgs) -> Result<Status, Failure> {
    let FilesArgs { filter, read: ReadArgs { format, output, patterns, input } } = args;
    let mut session = Session::begin(input, patterns, output, *format, |_| Written::AtTheEnd)?;
    let (filter, host_from) = (filters::filter(filter, &input.times)?, session.settings.host_from.clone());
    let counting = Options { filter, host_from, zone: session.settings.zone, ..Options::default() };
    let outcome = session
        .read(|walk, settings, _| inventory(walk, &settings.set, settings.catalogue(), &settings.options, counting))?;
    let Inventory { entries, sign_ins, left_out } = &outcome.summary;
    filters::check(sign_ins)?;
    let mut renderer = Format::from(session.format).renderer(sheet_of(entries), session.layout());
    let restriction = session.settings.restriction();
    let mut totals =
        Totals { restriction, sign_ins: sign_ins.totals.clone(), left_out: *left_out, ..Totals::default() };
    session.write(|output| {
        renderer.begin(&[], output)?;
        for entry in entries.iter() {
            totals.add(&entry);
            renderer.row(&cells(&entry), output)?;
        }
        renderer.end(&totals.end(), output)
    })?;
    if !matches!(session.format, SummaryFormatArg::Table) {
        excluded::unmatched(&totals.sign_ins).iter().for_each(term::note);
    }
    // Files that could not be read have rows, too.
    session.end(&outcome, outcome.files + outcome.problems.len() as u64)
}
