//! `files`: what each input is, in the order of the inputs.

use callcodes::catalogue::Catalogue;
use callcodes::pipeline::inventory::inventory;
use callcodes::render::Format;
use callcodes::render::files::Listing;
use callcodes::report::files::{Row, Totals};

use crate::args::{FilesArgs, SummaryFormatArg};
use crate::session::{Session, Written};
use crate::status::{Failure, Status};

pub(crate) fn run(args: &FilesArgs) -> Result<Status, Failure> {
    let written = match args.format {
        SummaryFormatArg::Table => Written::AtTheEnd,
        SummaryFormatArg::Json | SummaryFormatArg::Csv => Written::AsItComes,
    };
    let mut session = Session::begin(&args.input, &args.patterns, &args.output, written)?;
    let mut listing = Listing::new(Format::from(args.format), session.layout());
    let mut totals = Totals { by_glob: session.settings.by_glob(), ..Totals::default() };
    let outcome = session.read(|walk, settings, output| {
        inventory(walk, &settings.set, Catalogue::built_in(), &settings.options, |entry| {
            let row = Row::new(entry);
            totals.add(&row);
            listing.row(&row, output)
        })
    })?;
    session.write(|output| listing.finish(&totals, output))?;
    session.end(&outcome)
}
