//! `lines`: the matching lines, annotated, in file order.

use callcodes::catalogue::Catalogue;
use callcodes::pipeline::annotate::{Annotate, LineFormat, Numbering};
use callcodes::pipeline::{self, Event};
use callcodes::problem::Problem;
use callcodes::render::lines::csv::{self, Csv};
use callcodes::render::lines::{Jsonl, Text};
use callcodes::render::wording;

use crate::args::{LinesArgs, LinesFormatArg};
use crate::format;
use crate::interrupt;
use crate::progress::{Line, Progress};
use crate::settings::Settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Stopwatch, Styles};

pub(crate) fn run(args: &LinesArgs) -> Result<Status, Failure> {
    let settings = Settings::resolve(&args.input, &args.patterns)?;
    let catalogue = Catalogue::built_in();
    let format = format::chosen(args.format, args.output.output.as_deref())?;
    settings.spare_inputs(args.output.output.as_deref())?;
    let styles = Styles::choose(args.output.color, args.output.output.as_deref());
    let mut output = Output::open(args.output.output.as_deref(), &styles)?;
    interrupt::heed(&settings.options.opening.stop, output.unfinished());
    let line = if output.scrolls() { Line::NotDrawn } else { args.output.progress_line() };
    let progress = Progress::begin(&settings, &output, line);
    let stopwatch = Stopwatch::start();
    let encoding = settings.options.opening.encoding.given();
    let read = match format {
        LinesFormatArg::Text => {
            let format = Text { catalogue, highlight: styles.highlight, place: styles.place, encoding };
            write_lines(&settings, &format, &mut output)?
        }
        LinesFormatArg::Jsonl => {
            let format = Jsonl { catalogue, set: &settings.set, encoding };
            write_lines(&settings, &format, &mut output)?
        }
        LinesFormatArg::Csv => {
            csv::write_head(&mut output).map_err(|reason| output.error(reason))?;
            let format = Csv { catalogue, set: &settings.set, encoding };
            write_lines(&settings, &format, &mut output)?
        }
    };
    drop(progress);
    let status = Status::of(&read.problems);
    output.end(status)?;
    let elapsed = stopwatch.stop();
    term::tell_problems(&read.problems, read.copied_bytes, args.output.extent());
    settings.tell_times(&read.problems, read.files);
    if args.stats {
        elapsed.tell(read.bytes);
    }
    if read.results == 0 {
        let files = wording::counted(read.files, "file");
        let by_glob = if read.files == 0 && !settings.selection.globs.is_empty() {
            "; -g and --iglob leave out all other files"
        } else {
            ""
        };
        term::note(format_args!("no result codes found in {files} ({}){by_glob}", wording::size(read.bytes)));
    }
    Ok(status)
}

/// What was read and found on the way.
#[derive(Default)]
struct Read {
    files: u64,
    bytes: u64,
    results: u64,
    copied_bytes: u64,
    problems: Vec<Problem>,
}

fn write_lines(settings: &Settings, format: &impl LineFormat, output: &mut Output) -> Result<Read, Failure> {
    let mut read = Read::default();
    let mut numbering = Numbering::default();
    let ended = pipeline::run(
        settings.walk(output),
        &settings.set,
        Catalogue::built_in(),
        &settings.options,
        || Annotate::new(format),
        &mut |event| {
            match event {
                Event::Part(part) => numbering.write(&part, output)?,
                Event::Problem(problem) => read.problems.push(problem),
                Event::SourceEnd(end) => {
                    numbering.next_source();
                    read.files += u64::from(end.bytes.is_some());
                    read.bytes += end.bytes.unwrap_or(0);
                    read.copied_bytes += end.copied.unwrap_or(0);
                    read.problems.extend(end.problems);
                }
            }
            Ok(())
        },
    );
    ended.map_err(|reason| output.error(reason))?;
    read.results = numbering.hits();
    Ok(read)
}
