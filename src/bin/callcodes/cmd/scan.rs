//! `scan`, which is also what a bare path does: the summary.

use std::mem;

use callcodes::catalogue::Catalogue;
use callcodes::pipeline::summarise::summarise;
use callcodes::render::{self, Emphasis, Format};
use callcodes::report::{Report, Searched};

use crate::args::{ScanArgs, SummaryFormatArg};
use crate::format;
use crate::interrupt;
use crate::progress::Progress;
use crate::settings::Settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Stopwatch, Styles};

pub(crate) fn run(args: &ScanArgs) -> Result<Status, Failure> {
    let settings = Settings::resolve(&args.input, &args.patterns)?;
    let target = args.output.output.as_deref();
    let format = format::chosen(args.format, target)?;
    settings.spare_inputs(target)?;
    let styles = Styles::choose(args.output.color, target);
    let mut output = Output::open(target, &styles)?;
    interrupt::heed(&settings.options.opening.stop, output.unfinished());
    let progress = Progress::begin(&settings, &output, args.output.progress_line());
    let stopwatch = Stopwatch::start();
    let outcome = summarise(settings.walk(&output), &settings.set, Catalogue::built_in(), &settings.options)
        .map_err(|error| Failure::Message(format!("cannot start threads: {error}. Try -j 1")))?;
    let elapsed = stopwatch.stop();
    drop(progress);

    let pattern_names = settings.set.patterns().iter().map(|pattern| pattern.name().to_owned()).collect();
    let searched = Searched { pattern_names, by_glob: !settings.selection.globs.is_empty() };
    let report = Report::new(&outcome.summary, outcome.problems, Catalogue::built_in(), searched);
    let format = match format {
        SummaryFormatArg::Table => Format::Table,
        SummaryFormatArg::Json => Format::Json,
        SummaryFormatArg::Csv => Format::Csv,
    };
    let head = if styles.heading.is_plain() { Emphasis::Plain } else { Emphasis::Bold };
    let is_nothing_read = report.totals.files_read == 0;
    if is_nothing_read {
        // Why comes first.
        term::tell_problems(&report.problems, outcome.copied_bytes, args.output.extent());
    }
    let options = render::Options { width: term::width(target), head };
    render::render(&report, format, &options, &mut output).map_err(|reason| output.error(reason))?;
    let status = Status::of(&report.problems);
    output.end(status)?;

    if !is_nothing_read {
        term::tell_problems(&report.problems, outcome.copied_bytes, args.output.extent());
    }
    settings.tell_times(&report.problems, report.totals.files_read);
    if args.stats {
        elapsed.tell(report.totals.bytes);
    }
    // The process ends, and taking patterns apart takes as long as many a log.
    mem::forget(settings);
    Ok(status)
}
