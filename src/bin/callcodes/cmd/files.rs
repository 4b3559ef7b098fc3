//! `files`: what each input is, in the order of the inputs.

use callcodes::catalogue::Catalogue;
use callcodes::pipeline::inventory::inventory;
use callcodes::problem::Problem;
use callcodes::render::files::Listing;
use callcodes::render::{Emphasis, Format, Options};
use callcodes::report::files::{Row, Totals};

use crate::args::{FilesArgs, SummaryFormatArg};
use crate::format;
use crate::interrupt;
use crate::progress::{Line, Progress};
use crate::settings::Settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Stopwatch, Styles};

pub(crate) fn run(args: &FilesArgs) -> Result<Status, Failure> {
    let settings = Settings::resolve(&args.input, &args.patterns)?;
    let target = args.output.output.as_deref();
    let chosen = format::chosen(args.format, target)?;
    settings.spare_inputs(target)?;
    let styles = Styles::choose(args.output.color, target);
    let mut output = Output::open(target, &styles)?;
    let head = if styles.heading.is_plain() { Emphasis::Plain } else { Emphasis::Bold };
    let mut listing = Listing::new(format(chosen), Options { width: term::width(target), head });
    interrupt::heed(&settings.options.opening.stop, output.unfinished());
    // A table comes at the end.
    let scrolls = output.scrolls() && !matches!(chosen, SummaryFormatArg::Table);
    let line = if scrolls { Line::NotDrawn } else { args.output.progress_line() };
    let progress = Progress::begin(&settings, &output, line);
    let stopwatch = Stopwatch::start();
    let told = write_rows(&settings, &mut listing, &mut output)?;
    let elapsed = stopwatch.stop();
    drop(progress);
    listing.finish(&told.totals, &mut output).map_err(|reason| output.error(reason))?;
    let status = Status::of(&told.problems);
    output.end(status)?;

    term::tell_problems(&told.problems, told.copied_bytes, args.output.extent());
    settings.tell_times(&told.problems, told.totals.files_read);
    if args.stats {
        elapsed.tell(told.totals.bytes);
    }
    Ok(status)
}

fn format(format: SummaryFormatArg) -> Format {
    match format {
        SummaryFormatArg::Table => Format::Table,
        SummaryFormatArg::Json => Format::Json,
        SummaryFormatArg::Csv => Format::Csv,
    }
}

/// What is left to tell when the rows are written.
#[derive(Default)]
struct Told {
    totals: Totals,
    copied_bytes: u64,
    problems: Vec<Problem>,
}

fn write_rows(settings: &Settings, listing: &mut Listing, output: &mut Output) -> Result<Told, Failure> {
    let mut told = Told::default();
    told.totals.by_glob = !settings.selection.globs.is_empty();
    let walk = settings.walk(output);
    let ended = inventory(walk, &settings.set, Catalogue::built_in(), &settings.options, |entry| {
        told.copied_bytes += entry.copied.unwrap_or(0);
        told.problems.extend(entry.problems.iter().cloned());
        let row = Row::new(entry);
        told.totals.add(&row);
        listing.row(&row, output)
    });
    ended.map_err(|reason| output.error(reason))?;
    Ok(told)
}
