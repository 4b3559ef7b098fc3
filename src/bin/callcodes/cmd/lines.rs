//! `lines`: prints the matching lines with annotations, in file order.

use std::io;

use callcodes::catalogue::Catalogue;
use callcodes::filter::{Filter, RelativeTo};
use callcodes::numbered::LineFormat;
use callcodes::pipeline::Outcome;
use callcodes::pipeline::annotate;
use callcodes::render::lines::csv::{self, Csv};
use callcodes::render::lines::{Jsonl, Known, Text};
use callcodes::report::breakdown::Shown;
use callcodes::report::{ALL_EMPTY, Report, Searched, excluded, wording};
use callcodes::source::Walk;
use callcodes::summary::sign_ins::{Options, Settled, Sought};
use callcodes::time::zone::DisplayZone;

use crate::args::{LinesArgs, LinesFormatArg};
use crate::filters;
use crate::session::{Session, Written};
use crate::settings::Settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output};

/// The most bytes of lines that are held in memory until all logs have been read. The rest is in a temporary file.
pub(crate) const HELD_BYTES: usize = 64 << 20;

pub(crate) fn run(args: &LinesArgs) -> Result<Status, Failure> {
    let catalogue = Catalogue::built_in();
    let written = if args.no_join { Written::AsItComes } else { Written::AtTheEnd };
    let mut session = Session::begin(&args.input, &args.patterns, &args.output, args.format, |_| written)?;
    let filter = filters::filter(&args.filter, &args.input.times)?;
    if args.no_join && matches!(filter.relative_to, RelativeTo::Newest(_)) {
        let reason = "--relative-to last needs all logs to be read first, so it cannot be used with --no-join";
        return Err(Failure::Message(reason.to_owned()));
    }
    if args.no_join && args.input.host_from.is_some() {
        let reason = "--host-from needs the names of all logs first, so it cannot be used with --no-join";
        return Err(Failure::Message(reason.to_owned()));
    }
    let (styles, format) = (session.styles, session.format);
    let run = Run { filter, is_joined: !args.no_join };
    let outcome = session.read(|walk, settings, output| {
        let encoding = settings.options.opening.encoding.given();
        let known = Known { catalogue, set: &settings.set, encoding, zone: settings.zone };
        match format {
            LinesFormatArg::Text => {
                let zone = args.input.times.display_tz.map(DisplayZone::new);
                let format = Text { catalogue, highlight: styles.highlight, place: styles.place, encoding, zone };
                run.write(walk, settings, &format, output)
            }
            LinesFormatArg::Jsonl => run.write(walk, settings, &Jsonl(known), output),
            LinesFormatArg::Csv => {
                csv::write_head(output)?;
                run.write(walk, settings, &Csv(known), output)
            }
        }
    })?;
    let restriction = session.settings.restriction();
    let (results, settled) = &outcome.summary;
    filters::check(settled)?;
    let status = session.end(&outcome, outcome.files)?;
    let undecided = wording::undecided(outcome.times.undecided);
    let notes = [wording::too_many_to_compare(&settled.totals), excluded::unmatched(&settled.totals), undecided];
    notes.iter().flatten().for_each(term::note);
    settled.clocks.iter().map(wording::clocks).for_each(term::note);
    if *results > 0 {
        let totals = &settled.totals;
        let notes = [excluded::without_time(totals), excluded::without_user(totals), excluded::window(totals)];
        notes.iter().flatten().for_each(term::note);
        return Ok(status);
    }
    if settled.totals.dropped.results > 0 {
        let searched = Searched { restriction, ..Searched::default() };
        let report = Report::of_sign_ins(settled.clone(), &[], Shown::default(), Vec::new(), catalogue, searched);
        report.nothing_found().iter().for_each(term::note);
    } else if outcome.files > 0 && outcome.bytes == 0 && status == Status::Done {
        term::note(ALL_EMPTY);
    } else {
        let (files, bytes) = (wording::counted(outcome.files, "file"), wording::size(outcome.bytes));
        let note = restriction.note().filter(|_| outcome.files == 0).and_then(|note| note.split_once('.'));
        let left_out = note.map_or(String::new(), |(note, _)| format!("; {note}"));
        term::note(format_args!("no result codes found in {files} ({bytes}){left_out}"));
    }
    Ok(status)
}

/// The options that decide which lines are written, and how.
struct Run {
    filter: Filter,
    is_joined: bool,
}

impl Run {
    /// Writes the lines, and returns the number of results that were written and the counts of the sign-ins.
    fn write(
        self,
        walk: Walk,
        settings: &Settings,
        format: &impl LineFormat,
        output: &mut Output,
    ) -> io::Result<Outcome<(u64, Settled)>> {
        let (set, catalogue, options) = (&settings.set, Catalogue::built_in(), &settings.options);
        if self.is_joined {
            let (filter, host_from, zone) = (self.filter, settings.host_from.clone(), settings.zone);
            let near_misses = Sought::No;
            let counting = Options { filter, host_from, zone, near_misses, ..Options::default() };
            let mut store = tempfile::spooled_tempfile(HELD_BYTES);
            return annotate::joined(walk, set, catalogue, options, counting, format, &mut store, output);
        }
        annotate::as_found(walk, set, catalogue, options, &self.filter, format, output)
    }
}
