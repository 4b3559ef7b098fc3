//! `lines`: prints the matching lines with annotations, in file order.

use std::io;

use callcodes::catalogue::Catalogue;
use callcodes::numbered::{LineFormat, Numbering};
use callcodes::pipeline::annotate::Annotate;
use callcodes::pipeline::{self, Event, Outcome};
use callcodes::render::lines::csv::{self, Csv};
use callcodes::render::lines::{Jsonl, Known, Text};
use callcodes::report::wording;
use callcodes::source::Walk;

use crate::args::{LinesArgs, LinesFormatArg};
use crate::session::{Session, Written};
use crate::settings::Settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output};

pub(crate) fn run(args: &LinesArgs) -> Result<Status, Failure> {
    let catalogue = Catalogue::built_in();
    let mut session = Session::begin(&args.input, &args.patterns, &args.output, args.format, |_| Written::AsItComes)?;
    let (styles, format) = (session.styles, session.format);
    let outcome = session.read(|walk, settings, output| {
        let encoding = settings.options.opening.encoding.given();
        let known = Known { catalogue, set: &settings.set, encoding };
        match format {
            LinesFormatArg::Text => {
                let format = Text { catalogue, highlight: styles.highlight, place: styles.place, encoding };
                write_lines(walk, settings, &format, output)
            }
            LinesFormatArg::Jsonl => write_lines(walk, settings, &Jsonl(known), output),
            LinesFormatArg::Csv => {
                csv::write_head(output)?;
                write_lines(walk, settings, &Csv(known), output)
            }
        }
    })?;
    let restriction = session.settings.restriction();
    let status = session.end(&outcome, outcome.files)?;
    if outcome.summary == 0 {
        let (files, bytes) = (wording::counted(outcome.files, "file"), wording::size(outcome.bytes));
        let note = restriction.note().filter(|_| outcome.files == 0).and_then(|note| note.split_once('.'));
        let left_out = note.map_or(String::new(), |(note, _)| format!("; {note}"));
        term::note(format_args!("no result codes found in {files} ({bytes}){left_out}"));
    }
    Ok(status)
}

/// Writes each part as it comes, and returns the number of results as the summary.
fn write_lines(
    walk: Walk,
    settings: &Settings,
    format: &impl LineFormat,
    output: &mut Output,
) -> io::Result<Outcome<u64>> {
    let mut numbering = Numbering::default();
    let outcome = pipeline::run(
        walk,
        &settings.set,
        Catalogue::built_in(),
        &settings.options,
        || Annotate::new(format),
        &mut |event| {
            match event {
                Event::Part(part) => numbering.write(&part, output)?,
                Event::Problem(_) => {}
                Event::SourceEnd(_) => numbering.next_source(),
            }
            Ok(())
        },
    )?;
    Ok(outcome.with(numbering.hits()))
}
