//! `lines`: prints the matching lines with annotations, in file order.

use std::io;
use std::sync::Arc;

use callcodes::catalogue::Catalogue;
use callcodes::filter::{Filter, RelativeTo};
use callcodes::finding;
use callcodes::finding::scope::Scopes;
use callcodes::numbered::LineFormat;
use callcodes::pipeline::{Outcome, annotate, sign_ins};
use callcodes::render::lines::csv::{self, Csv};
use callcodes::render::lines::{Jsonl, Known, Text};
use callcodes::report::breakdown::Shown;
use callcodes::report::findings::{Found, Worded};
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
    let written = if args.no_join { Written::AsItComes } else { Written::AtTheEnd };
    let mut session = Session::begin(&args.input, &args.patterns, &args.output, args.format, |_| written)?;
    let catalogue = session.settings.catalogue();
    let filter = filters::filter(&args.filter, &args.input.times)?;
    if let Some(reason) = needs_join(args, &filter).filter(|_| args.no_join) {
        return Err(Failure::Message(format!("{reason}, so it cannot be used with --no-join")));
    }
    let (styles, format) = (session.styles, session.format);
    if args.context.is_some() && !matches!(format, LinesFormatArg::Text) {
        return Err(Failure::Message(NO_CONTEXT.to_owned()));
    }
    let context = args.context.map_or(0, usize::from);
    if args.finding.is_none() && args.repeats.repeat_within.is_some() {
        return Err(Failure::Message("--repeat-within is about findings, so it needs --finding".to_owned()));
    }
    if args.finding.is_some() && !session.settings.can_read_again() {
        return Err(Failure::Message(NOT_AGAIN.to_owned()));
    }
    let mut run = Run { filter, is_joined: !args.no_join, keep_twins: args.keep_twins };
    let mut finding = None;
    let outcome = session.read(|mut walk, settings, output| {
        if let Some(number) = args.finding {
            let first = run.count(walk, settings)?;
            if first.files == 0 || settings.options.opening.stop.is_requested() {
                // What is missing because of an interruption would look like a finding.
                return Ok(first.map(|_| Ok(<(u64, Settled)>::default())));
            }
            match scopes_of(number, &first.summary, &args.repeats.options()) {
                Ok((text, scopes)) => (finding, run.filter.finding) = (Some(text), Some(scopes)),
                Err(failure) => return Ok(first.map(|_| Err(failure))),
            }
            walk = settings.walk_again(output);
        }
        let encoding = settings.options.opening.encoding.given();
        let known = Known { catalogue, set: &settings.set, encoding, zone: settings.zone };
        let outcome = match format {
            LinesFormatArg::Text => {
                let zone = args.input.times.display_tz.map(DisplayZone::new);
                let format =
                    Text { catalogue, highlight: styles.highlight, place: styles.place, encoding, zone, context };
                run.write(walk, settings, &format, output)
            }
            LinesFormatArg::Jsonl => run.write(walk, settings, &Jsonl(known), output),
            LinesFormatArg::Csv => {
                csv::write_head(output)?;
                run.write(walk, settings, &Csv(known), output)
            }
        };
        outcome.map(|outcome| outcome.map(Ok))
    })?;
    let (outcome, found) = outcome.without_results();
    let found = found.inspect_err(|_| session.report(&outcome))?;
    let outcome = outcome.with(found);
    let restriction = session.settings.restriction();
    let (results, settled) = &outcome.summary;
    filters::check(settled)?;
    let status = session.end(&outcome, outcome.files)?;
    finding.iter().for_each(term::note);
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

/// The message if `-C` is combined with a format that has a row for each result.
const NO_CONTEXT: &str =
    "-C is only for text, because JSON Lines and CSV have a row for each result. Leave it out, or choose --format text";

/// The message if `--finding` is combined with input that can be read only once.
const NOT_AGAIN: &str = "--finding reads the logs twice, which is not possible with standard input or a pipe. Save the log as a \
                         file, and pass that file";

/// Returns why an option needs all logs to be read before the first line is printed, or `None` if none of them does.
fn needs_join(args: &LinesArgs, filter: &Filter) -> Option<&'static str> {
    let reasons = [
        (matches!(filter.relative_to, RelativeTo::Newest(_)), "--relative-to last needs all logs to be read first"),
        (args.input.host_from.is_some(), "--host-from needs the names of all logs first"),
        (args.finding.is_some(), "--finding needs all logs to be read first"),
        (args.keep_twins, "--keep-twins is about the results of all logs"),
    ];
    reasons.into_iter().find(|(is_given, _)| *is_given).map(|(_, reason)| reason)
}

/// Returns the finding with this number in words, and which results it is about.
fn scopes_of(number: u32, settled: &Settled, options: &finding::Options) -> Result<(String, Arc<Scopes>), Failure> {
    filters::check(settled)?;
    let found = Found::of(settled, Catalogue::built_in(), options, "");
    let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
    let Some((finding, Worded { text, .. })) = found.get(index) else {
        let there_are = match found.len() as u64 {
            0 => "there are no findings in these logs with these options".to_owned(),
            1 => "there is only 1 finding in these logs with these options".to_owned(),
            many => format!("there are only {} findings in these logs with these options", wording::grouped(many)),
        };
        return Err(Failure::Message(format!("--finding {number}: {there_are}")));
    };
    if finding.scopes.is_empty() {
        let reason = format!("--finding {number}: no lines with results are behind this finding: {text}");
        return Err(Failure::Message(reason));
    }
    Ok((format!("finding {number}: {text}"), Arc::new(finding.scopes.iter().cloned().collect())))
}

/// The options that decide which lines are written, and how.
struct Run {
    filter: Filter,
    is_joined: bool,
    keep_twins: bool,
}

impl Run {
    /// Counts the results as `scan` does.
    fn count(&self, walk: Walk, settings: &Settings) -> io::Result<Outcome<Settled>> {
        let counting = Options { with_cells: true, ..self.counting(settings) };
        sign_ins::count(walk, &settings.set, settings.catalogue(), &settings.options, counting)
    }

    /// Returns the options for counting results.
    fn counting(&self, settings: &Settings) -> Options {
        let (filter, host_from, zone) = (self.filter.clone(), settings.host_from.clone(), settings.zone);
        Options { keep_twins: self.keep_twins, filter, host_from, zone, ..Options::default() }
    }

    /// Writes the lines, and returns the number of results that were written and the counts of the sign-ins.
    fn write(
        self,
        walk: Walk,
        settings: &Settings,
        format: &impl LineFormat,
        output: &mut Output,
    ) -> io::Result<Outcome<(u64, Settled)>> {
        let (set, catalogue, options) = (&settings.set, settings.catalogue(), &settings.options);
        if self.is_joined {
            let counting = Options { near_misses: Sought::No, ..self.counting(settings) };
            let mut store = tempfile::spooled_tempfile(HELD_BYTES);
            return annotate::joined(walk, set, catalogue, options, counting, format, &mut store, output);
        }
        annotate::as_found(walk, set, catalogue, options, &self.filter, format, output)
    }
}
