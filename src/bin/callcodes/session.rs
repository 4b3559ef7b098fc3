//! A run over inputs, from the arguments to the exit status, which is the same for every command that reads inputs.
//!
//! A command decides only what the result is and how it is written. This module is responsible for the order of everything else:
//! settings are checked before the output is opened, Ctrl-C is handled before anything is read, the progress line is removed
//! before anything else is printed, and problems and statistics follow the result on standard error.

use std::env;
use std::io;
use std::mem;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use callcodes::name;
use callcodes::pipeline::annotate::NoStore;
use callcodes::pipeline::{NoThreads, Outcome};
use callcodes::render::Options;
use callcodes::report::problems::Extent;
use callcodes::report::trend::Charset;
use callcodes::source::Walk;

use crate::args::{InputArgs, OutputArgs, PatternArgs};
use crate::format::{self, ByEnding};
use crate::interrupt;
use crate::progress::{Line, Progress};
use crate::settings::Settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Styles};

/// When a format writes the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// The result is written piece by piece, while inputs are read.
    AsItComes,
    /// The result is written after all inputs have been read.
    AtTheEnd,
}

/// A run, from resolved arguments to its exit status.
pub(crate) struct Session<'a, F> {
    pub(crate) settings: Settings,
    pub(crate) styles: Styles,
    /// The format of the result.
    pub(crate) format: F,
    /// Whether problems are reported before the result if nothing was read. Otherwise they are reported only at the end.
    pub(crate) reports_early: bool,
    /// How to do without a temporary file for lines: which option to change.
    pub(crate) without_store: &'static str,
    args: &'a OutputArgs,
    output: Output,
    line: Line,
    /// The time that reading took, without the time for writing the result.
    elapsed: Duration,
}

impl<'a, F: ByEnding> Session<'a, F> {
    /// Resolves the arguments and opens the output, but reads no input yet. `given` is the format given with `--format`, and
    /// `written` returns when a format writes the result.
    pub(crate) fn begin(
        input: &InputArgs,
        patterns: &PatternArgs,
        args: &'a OutputArgs,
        given: Option<F>,
        written: impl FnOnce(F) -> Written,
    ) -> Result<Session<'a, F>, Failure> {
        let session = Session::open(input, patterns, args, given, written)?;
        interrupt::install(&session.settings.options.opening.stop, session.output.unfinished());
        Ok(session)
    }

    /// The same for a run that prints nothing before it has read everything, so that the first Ctrl-C ends it.
    pub(crate) fn begin_whole(
        input: &InputArgs,
        patterns: &PatternArgs,
        args: &'a OutputArgs,
        given: Option<F>,
    ) -> Result<Session<'a, F>, Failure> {
        let session = Session::open(input, patterns, args, given, |_| Written::AtTheEnd)?;
        interrupt::install_at_once(session.output.unfinished());
        Ok(session)
    }

    /// Resolves the arguments and opens the output, without a handler for Ctrl-C.
    fn open(
        input: &InputArgs,
        patterns: &PatternArgs,
        args: &'a OutputArgs,
        given: Option<F>,
        written: impl FnOnce(F) -> Written,
    ) -> Result<Session<'a, F>, Failure> {
        let settings = Settings::resolve(input, patterns)?;
        let target = args.output.as_deref();
        let format = format::chosen(given, target)?;
        settings.spare_inputs(target)?;
        let styles = Styles::choose(args.color, target);
        let mut output = Output::open(target, &styles)?;
        if format::is_csv(format) {
            output.mark_as_utf8().map_err(|reason| output.error(reason))?;
        }
        // If results are printed on the terminal during the run, they already show that something happens.
        let scrolls = written(format) == Written::AsItComes && output.scrolls();
        let line = if scrolls || args.no_progress { Line::NotDrawn } else { Line::Drawn };
        let without_store = "pass --no-join";
        Ok(Session {
            settings,
            styles,
            format,
            reports_early: true,
            without_store,
            args,
            output,
            line,
            elapsed: Duration::ZERO,
        })
    }

    /// Whether the result is written to a file.
    pub(crate) fn writes_file(&self) -> bool {
        self.args.output.is_some()
    }

    /// Returns the paths that the run itself writes, which must not be read as input.
    pub(crate) fn written(&self) -> Vec<PathBuf> {
        self.output.files()
    }

    /// Returns the options for the layout of a report.
    pub(crate) fn layout(&self) -> Options {
        let (width, height) = term::size(self.args.output.as_deref()).unzip();
        let charset = if width.is_some() { term::charset() } else { Charset::Ascii };
        Options { width, height, charset, head: self.styles.heading, zone: self.settings.zone }
    }

    /// Calls `run` to read the inputs, while it measures the time and shows the progress.
    pub(crate) fn read<S>(
        &mut self,
        run: impl FnOnce(Walk, &Settings, &mut Output) -> io::Result<Outcome<S>>,
    ) -> Result<Outcome<S>, Failure> {
        let progress = Progress::begin(&self.settings, &self.output, self.line);
        let started = Instant::now();
        let outcome = run(self.settings.parallel_walk(&self.output), &self.settings, &mut self.output);
        self.elapsed = started.elapsed();
        drop(progress);
        let mut outcome = outcome.map_err(|error| self.failure(error))?;
        // Problems are always reported in this order, whatever the order of the inputs is.
        outcome.problems.sort();
        // If nothing was read, the reason comes before the empty result.
        if outcome.files == 0 && self.reports_early {
            report_problems(&outcome, self.args);
        }
        Ok(outcome)
    }

    /// Calls `run` to count what was read before, while it measures the time.
    pub(crate) fn count<S>(&mut self, run: impl FnOnce(&Settings) -> io::Result<Outcome<S>>) -> io::Result<Outcome<S>> {
        let started = Instant::now();
        let outcome = run(&self.settings);
        self.elapsed = started.elapsed();
        outcome
    }

    /// Returns the failure for an error that ended the run.
    fn failure(&self, error: io::Error) -> Failure {
        let inner = error.get_ref();
        if let Some(no_threads) = inner.and_then(|inner| inner.downcast_ref::<NoThreads>()) {
            return Failure::Message(format!("{no_threads}. Try -j 1"));
        }
        if let Some(no_store) = inner.and_then(|inner| inner.downcast_ref::<NoStore>()) {
            let (folder, variable) = (env::temp_dir(), if cfg!(windows) { "TEMP" } else { "TMPDIR" });
            return Failure::Message(format!(
                "cannot keep the lines in a temporary file in {}: {no_store}. Set {variable} to a folder that \
                 exists and has room, or {}",
                term::shown(&name::shown(&folder)),
                self.without_store,
            ));
        }
        self.output.error(error).into()
    }

    /// Writes output after everything has been read.
    pub(crate) fn write(&mut self, write: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<(), Failure> {
        write(&mut self.output).map_err(|reason| self.output.error(reason).into())
    }

    /// Reports the problems of a run on standard error, unless that has been done because nothing was read.
    pub(crate) fn report<S>(&self, outcome: &Outcome<S>) {
        report_read(outcome, self.args, self.reports_early);
    }

    /// Completes the result of a run over `files` files, then reports problems and statistics.
    pub(crate) fn end<S>(self, outcome: &Outcome<S>, files: u64) -> Result<Status, Failure> {
        let status = Status::of(&outcome.problems);
        self.output.end(status, files)?;
        report_read(outcome, self.args, self.reports_early);
        self.settings.report_file_times(&outcome.problems, outcome.files);
        if self.args.stats {
            term::report_speed(self.elapsed, outcome.bytes);
        }
        // The process ends anyway, and dropping the patterns takes as long as reading a small log.
        mem::forget(self.settings);
        Ok(status)
    }
}

/// Reports problems on standard error, unless that has been done because nothing was read.
fn report_read<S>(outcome: &Outcome<S>, args: &OutputArgs, reports_early: bool) {
    if outcome.files > 0 || !reports_early {
        report_problems(outcome, args);
    }
}

/// Reports problems on standard error: all of them with `-v`, or otherwise one line for each kind.
fn report_problems<S>(outcome: &Outcome<S>, args: &OutputArgs) {
    let extent = if args.verbose { Extent::All } else { Extent::Kinds };
    term::report_problems(&outcome.problems, outcome.copied_bytes, extent);
}
