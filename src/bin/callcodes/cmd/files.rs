//! `files`: lists what each input is, in the order of the inputs.

use callcodes::catalogue::Catalogue;
use callcodes::pipeline::inventory::inventory;
use callcodes::render::Format;
use callcodes::report::files::{FILES, Totals, cells};

use crate::args::{ReadArgs, SummaryFormatArg};
use crate::session::{Session, Written};
use crate::status::{Failure, Status};

pub(crate) fn run(args: &ReadArgs) -> Result<Status, Failure> {
    let begin = Session::begin(&args.input, &args.patterns, &args.output, args.format, |format| match format {
        SummaryFormatArg::Table => Written::AtTheEnd,
        SummaryFormatArg::Json | SummaryFormatArg::Csv => Written::AsItComes,
    });
    let mut session = begin?;
    let mut renderer = Format::from(session.format).renderer(&FILES, session.layout());
    let mut totals = Totals { restriction: session.settings.restriction(), ..Totals::default() };
    session.write(|output| renderer.begin(&[], output))?;
    let outcome = session.read(|walk, settings, output| {
        inventory(walk, &settings.set, Catalogue::built_in(), &settings.options, |entry| {
            totals.add(&entry);
            renderer.row(&cells(&entry), output)
        })
    })?;
    session.write(|output| renderer.end(&totals.end(), output))?;
    // Files that could not be read have rows, too.
    session.end(&outcome, outcome.files + outcome.problems.len() as u64)
}
