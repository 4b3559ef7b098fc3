//! A run over inputs from its beginning to its end, the same for every command that reads some.
//!
//! A command decides only what it makes of the inputs and in which form. The order of everything else is decided here: settings are
//! checked before the output is opened, Ctrl-C is heeded before anything is read, the line that shows progress is gone before
//! anything else is printed, and problems and figures follow on standard error when the result is complete.

use std::io;
use std::mem;
use std::time::{Duration, Instant};

use callcodes::pipeline::{NoThreads, Outcome};
use callcodes::render::Options;
use callcodes::report::problems::Extent;
use callcodes::source::Walk;

use crate::args::{InputArgs, OutputArgs, PatternArgs};
use crate::format::{self, ByEnding};
use crate::interrupt;
use crate::progress::{Line, Progress};
use crate::settings::Settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Styles};

/// When the result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Piece by piece, while inputs are read.
    AsItComes,
    /// When all inputs have been read.
    AtTheEnd,
}

/// A run, from resolved arguments to its exit status.
pub(crate) struct Session<'a, F> {
    pub(crate) settings: Settings,
    pub(crate) styles: Styles,
    /// How the result is written.
    pub(crate) format: F,
    args: &'a OutputArgs,
    output: Output,
    line: Line,
    /// How long reading took, without what is written afterwards.
    elapsed: Duration,
}

impl<'a, F: ByEnding> Session<'a, F> {
    /// Resolves what was typed and opens the output. Nothing is read yet. `given` is the format that was asked for.
    pub(crate) fn begin(
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
        let output = Output::open(target, &styles)?;
        interrupt::heed(&settings.options.opening.stop, output.unfinished());
        // Lines that scroll over the terminal show well enough that the run goes on.
        let scrolls = written(format) == Written::AsItComes && output.scrolls();
        let line = if scrolls || args.no_progress { Line::NotDrawn } else { Line::Drawn };
        Ok(Session { settings, styles, format, args, output, line, elapsed: Duration::ZERO })
    }

    /// How a table is laid out.
    pub(crate) fn layout(&self) -> Options {
        Options { width: term::width(self.args.output.as_deref()), head: self.styles.heading }
    }

    /// Runs over the inputs, with the time measured and the progress shown.
    pub(crate) fn read<S>(
        &mut self,
        run: impl FnOnce(Walk, &Settings, &mut Output) -> io::Result<Outcome<S>>,
    ) -> Result<Outcome<S>, Failure> {
        let progress = Progress::begin(&self.settings, &self.output, self.line);
        let started = Instant::now();
        let outcome = run(self.settings.parallel_walk(&self.output), &self.settings, &mut self.output);
        self.elapsed = started.elapsed();
        drop(progress);
        let mut outcome =
            outcome.map_err(|error| match error.get_ref().and_then(|inner| inner.downcast_ref::<NoThreads>()) {
                Some(no_threads) => Failure::Message(format!("{no_threads}. Try -j 1")),
                None => Failure::from(self.output.error(error)),
            })?;
        // As reports list them, in whatever order the inputs are named.
        outcome.problems.sort();
        // Where nothing was read, the reason comes before a result that says no more than that.
        if outcome.files == 0 {
            tell_problems(&outcome, self.args);
        }
        Ok(outcome)
    }

    /// Writes what is written when everything has been read.
    pub(crate) fn write(&mut self, write: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<(), Failure> {
        write(&mut self.output).map_err(|reason| self.output.error(reason).into())
    }

    /// Completes the result, then reports what could not be read and how long it took.
    pub(crate) fn end<S>(self, outcome: &Outcome<S>) -> Result<Status, Failure> {
        let status = Status::of(&outcome.problems);
        self.output.end(status)?;
        if outcome.files > 0 {
            tell_problems(outcome, self.args);
        }
        self.settings.tell_times(&outcome.problems, outcome.files);
        if self.args.stats {
            term::tell_speed(self.elapsed, outcome.bytes);
        }
        // The process ends, and taking patterns apart takes as long as many a log.
        mem::forget(self.settings);
        Ok(status)
    }
}

/// Reports what could not be read.
fn tell_problems<S>(outcome: &Outcome<S>, args: &OutputArgs) {
    let extent = if args.verbose { Extent::All } else { Extent::Kinds };
    term::tell_problems(&outcome.problems, outcome.copied_bytes, extent);
}
