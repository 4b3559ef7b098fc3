//! `scan`: prints the summary. A path without a command does the same.

use callcodes::filter::Filter;
use callcodes::pattern::Pattern;
use callcodes::pipeline::{Outcome, audit, sign_ins, summarise};
use callcodes::render::{self, Format};
use callcodes::report::breakdown::Shown;
use callcodes::report::findings::Found;
use callcodes::report::{Report, Searched, excluded, wording};
use callcodes::summary::Dimension;
use callcodes::summary::sign_ins::{Options, Settled, Sought};

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::again;
use crate::args::{CountArgs, FilterArgs, FindingsArg, ReadArgs, ScanArgs, SummaryFormatArg};
use crate::cmd::lines::HELD_BYTES;
use crate::cmd::partial;
use crate::fail_on::FailOn;
use crate::filters;
use crate::session::{Session, Written};
use crate::status::{Failure, Status};
use crate::term;

/// Counts and reports. `matches` are the arguments from which `args` were made.
pub(crate) fn run(args: &ScanArgs, matches: &ArgMatches) -> Result<Status, Failure> {
    if args.partial.partial || args.partial.partial_line {
        return partial::run(args, matches);
    }
    let ScanArgs { count, filter, read, no_join, .. } = args;
    if *no_join {
        refuse_joining(matches, count)?;
    }
    let by = dimensions(count)?;
    let ReadArgs { format, output, patterns, input } = read;
    let mut session = Session::begin(input, patterns, output, *format, |_| Written::AtTheEnd)?;
    session.without_store = "leave out --audit";
    filters::note_unlisted(filter, session.settings.catalogue());
    let job = Job { counts_each: *no_join, ..Job::new(count, by, filters::filter(filter, &input.times)?, &session)? };
    let outcome = session.read(|walk, settings, output| {
        let (set, catalogue, options) = (&settings.set, settings.catalogue(), job.options.clone());
        if job.counts_each {
            return summarise::count_each(walk, set, catalogue, &settings.options);
        }
        if let Some(lines) = count.audit {
            let mut store = tempfile::spooled_tempfile(HELD_BYTES);
            return audit::count(walk, set, catalogue, &settings.options, options, usize::from(lines), &mut store);
        }
        let count = |walk, options| sign_ins::count(walk, set, catalogue, &settings.options, options);
        let is_single = settings.is_single_large_file() && settings.can_read_again();
        let mut alone = None;
        if is_single && job.is_plain && !job.is_numbered {
            alone = sign_ins::count_alone(settings.walk(output), set, catalogue, &settings.options)?;
        }
        if alone.is_none() && is_single {
            let walk = settings.walk(output);
            alone = sign_ins::count_at_once(walk, set, catalogue, &settings.options, options.clone())?;
        }
        let outcome = alone.map_or_else(|| count(walk, options.clone()), Ok)?;
        if job.is_numbered || !is_worth_numbering(&outcome) || settings.options.opening.stop.is_requested() {
            return Ok(outcome);
        }
        count(settings.walk_again(output), Options { near_misses: Sought::Numbered, ..options })
    })?;
    let again = again::typed(matches, session.settings.can_read_again());
    job.present(session, outcome, &again)
}

/// Returns a failure if the user has passed an option that needs lines or logs to be joined.
fn refuse_joining(matches: &ArgMatches, count: &CountArgs) -> Result<(), Failure> {
    use clap::Args as _;
    const JOINING: [&str; 7] = ["by", "keep_twins", "findings", "repeat_within", "near_misses", "audit", "host_from"];
    let filters = FilterArgs::augment_args(clap::Command::new("filter"));
    let mut ids = filters.get_arguments().map(|arg| arg.get_id().as_str()).chain(JOINING);
    let given = ids.find(|id| matches.value_source(id) == Some(ValueSource::CommandLine));
    let fail_on: FailOn = count.fail_on.iter().cloned().collect();
    let option = match given {
        Some(id) => id.replace('_', "-"),
        None if fail_on.is_about_findings() => "fail-on finding".to_owned(),
        None => return Ok(()),
    };
    Err(Failure::Message(format!(
        "--{option} needs lines and logs to be joined, so it cannot be used with --no-join. Leave out one of them"
    )))
}

/// What is counted and shown.
pub(crate) struct Job<'a> {
    count: &'a CountArgs,
    by: Vec<Dimension>,
    pub(crate) options: Options,
    fail_on: FailOn,
    is_only_findings: bool,
    /// Whether each result counts by itself.
    counts_each: bool,
    /// Whether nothing is wanted that needs more than the results themselves.
    is_plain: bool,
    /// Whether near misses have line numbers.
    pub(crate) is_numbered: bool,
}

impl<'a> Job<'a> {
    /// Checks that the options can be used together.
    pub(crate) fn new(
        count: &'a CountArgs,
        by: Vec<Dimension>,
        filter: Filter,
        session: &Session<'_, SummaryFormatArg>,
    ) -> Result<Job<'a>, Failure> {
        let host_from = session.settings.host_from.clone();
        let is_csv = matches!(session.format, SummaryFormatArg::Csv);
        let is_only_findings = count.findings == Some(FindingsArg::Only);
        let fail_on: FailOn = count.fail_on.iter().cloned().collect();
        if let Some(mistake) = fail_on.mistake(session.settings.catalogue()) {
            return Err(Failure::Message(mistake));
        }
        let chooses_rows =
            !by.is_empty() || count.top.is_some() || count.min.is_some() || count.sort.is_some() || count.grouped;
        if is_only_findings && (chooses_rows || count.near_misses || count.audit.is_some()) {
            return Err(Failure::Message(NO_TABLE.to_owned()));
        }
        let needs_findings =
            [(is_only_findings, "--findings only"), (fail_on.is_about_findings(), "--fail-on finding")];
        if let Some((_, option)) = needs_findings.iter().find(|(is_given, _)| *is_given && count.no_findings) {
            return Err(Failure::Message(format!("{option} cannot be used with --no-findings. Leave out one of them")));
        }
        // The CSV of results has no findings.
        let with_cells = !count.no_findings && !is_csv || needs_findings.iter().any(|(is_given, _)| *is_given);
        if count.repeats.repeat_within.is_some() && !with_cells {
            return Err(Failure::Message(NO_REPEATS.to_owned()));
        }
        if count.near_misses && is_csv && chooses_rows {
            return Err(Failure::Message(NO_ROWS.to_owned()));
        }
        if count.audit.is_some() && is_csv {
            return Err(Failure::Message(NO_LINES.to_owned()));
        }
        let is_plain =
            by.is_empty() && count.audit.is_none() && filter.is_empty() && host_from.is_none() && !with_cells;
        let is_numbered = count.near_misses || count.audit.is_some() || !session.settings.can_read_again();
        // Only a table has trends.
        let with_history = with_cells && by.is_empty() && matches!(session.format, SummaryFormatArg::Table);
        let options = Options {
            keep_twins: count.keep_twins,
            by: by.clone(),
            filter,
            host_from,
            zone: session.settings.zone,
            near_misses: if is_numbered { Sought::Numbered } else { Sought::Counted },
            with_cells,
            with_history,
            ..Options::default()
        };
        Ok(Job { count, by, options, fail_on, is_only_findings, counts_each: false, is_plain, is_numbered })
    }

    /// Prints the report of a run. `again` are the options and paths of the commands in findings.
    pub(crate) fn present(
        self,
        mut session: Session<'_, SummaryFormatArg>,
        mut outcome: Outcome<Settled>,
        again: &str,
    ) -> Result<Status, Failure> {
        let Job { count, by, fail_on, is_only_findings, counts_each, .. } = self;
        let is_csv = matches!(session.format, SummaryFormatArg::Csv);
        filters::check(&outcome.summary)?;
        let names = |is_named: fn(&Pattern) -> bool| {
            let patterns = session.settings.set.patterns().iter().filter(|pattern| is_named(pattern));
            patterns.map(|pattern| pattern.name().to_owned()).collect()
        };
        let searched = Searched {
            pattern_names: names(|pattern| !pattern.role().is_context()),
            general_names: names(Pattern::is_general),
            restriction: session.settings.restriction(),
        };
        let problems = outcome.problems.clone();
        let settled = std::mem::take(&mut outcome.summary);
        let catalogue = session.settings.catalogue();
        let findings = Found::of(&settled, catalogue, &count.repeats.options(), again);
        let met = fail_on.met(&settled, catalogue, &findings.texts().collect::<Vec<&str>>());
        let report = Report::of_sign_ins(settled, &by, shown(count), problems, catalogue, searched);
        let mut report = Report { times: outcome.times, findings, is_only_findings, counts_each, ..report };
        // Without any result, the near misses are the answer.
        let is_listed = count.near_misses || (report.results == 0 && report.sign_ins.dropped.results == 0 && !is_csv);
        if is_listed || matches!(session.format, SummaryFormatArg::Json) {
            report.near_misses = report.near_misses.explained(&session.settings.definitions);
        }
        report.near_misses.is_listed = is_listed && !matches!(session.format, SummaryFormatArg::Json);
        let (format, layout) = (session.format.into(), session.layout());
        session.write(|output| render::render(&report, format, &layout, output))?;
        // In a file that is meant for programs, nobody notices that there are no results.
        let is_only_csv = is_only_findings && is_csv;
        if report.results == 0 && format != Format::Table && session.writes_file() && !is_only_csv {
            report.nothing_found().iter().take(1).for_each(term::note);
        }
        if is_only_csv && report.findings.texts().next().is_none() {
            report.findings_alone().iter().take(1).for_each(term::note);
        }
        let left_out = report.breakdown.as_ref().map_or(report.left_out, |breakdown| breakdown.left_out);
        if format != Format::Table {
            let notes = [
                report.near_misses.note().filter(|_| !count.near_misses),
                left_out.remark(),
                excluded::quiet_rows(&report.sign_ins),
                excluded::unmatched(&report.sign_ins),
                wording::undecided(report.times.undecided),
            ];
            notes.iter().flatten().for_each(term::note);
            report.clocks.iter().map(wording::clocks).for_each(term::note);
        }
        let status = session.end(&outcome, outcome.files)?;
        if met.is_empty() || status.met() == status {
            return Ok(status);
        }
        met.iter().for_each(term::note);
        Ok(status.met())
    }
}

/// The message if repeats are defined although findings are not looked for.
const NO_REPEATS: &str = "--repeat-within is about findings, which this run does not look for. Leave it out, or --no-findings; in CSV, add \
                          --findings only";

/// The message if only findings are printed, and options are about the table.
const NO_TABLE: &str = "--findings only prints no table, so --by, --top, --min, --sort, --grouped, --near-misses and --audit have no \
                        effect. Leave them out";

/// The message if options about the rows of CSV are combined with near misses, which are then the rows.
const NO_ROWS: &str = "--near-misses: in CSV, near misses take the place of the results, so --by, --top, --min, --sort and \
                       --grouped have no effect. Leave them out, or choose --format json";

/// The message if an audit is combined with CSV.
const NO_LINES: &str = "--audit: the CSV of results has no place for lines. Choose --format json, or print the lines with `callcodes lines`";

/// The largest size of input that is read again in order to number the near misses, in bytes. That takes about a second.
const READ_AGAIN_BYTES: u64 = 1 << 30;

/// Whether near misses are the only result of a run and their lines have no numbers yet.
pub(crate) fn is_worth_numbering(outcome: &Outcome<Settled>) -> bool {
    let Settled { summary, totals, near_misses, .. } = &outcome.summary;
    let has_results = !summary.is_empty() || totals.dropped.results > 0;
    !near_misses.is_empty() && !has_results && outcome.bytes <= READ_AGAIN_BYTES
}

/// Returns the dimensions of `--by`.
pub(crate) fn dimensions(count: &CountArgs) -> Result<Vec<Dimension>, Failure> {
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
        is_grouped: count.grouped,
    }
}
