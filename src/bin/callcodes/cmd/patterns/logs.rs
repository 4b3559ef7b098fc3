//! The logs that `patterns learn` and `patterns check` compare patterns with. They are read more than once.

use std::io;
use std::path::{Path, PathBuf};

use callcodes::catalogue::Catalogue;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::Outcome;
use callcodes::pipeline::similar::{Compared, Seen, compare};
use callcodes::source::STDIN;

use crate::args::{ColorArg, LogArgs, OutputArgs, PatternArgs, SummaryFormatArg};
use crate::session::{Session, Written};
use crate::status::{Failure, Status};
use crate::term::{Output, Styles};

/// Logs, or none if the user has passed none.
pub(super) struct Logs<'a> {
    session: Option<Session<'a, SummaryFormatArg>>,
    /// The outcome of the last reading, without what was seen.
    outcome: Outcome<()>,
    /// Whether they have been read at least once.
    is_read: bool,
}

/// Returns the options for output that these commands do not have.
pub(super) fn output_args(verbose: bool) -> OutputArgs {
    OutputArgs { output: None, verbose, color: ColorArg::Auto, no_progress: false, stats: false }
}

impl<'a> Logs<'a> {
    /// Resolves the options, and reads nothing yet.
    pub(super) fn begin(
        paths: Vec<PathBuf>,
        args: LogArgs,
        patterns: &PatternArgs,
        output: &'a OutputArgs,
    ) -> Result<Logs<'a>, Failure> {
        if let (true, Some(option)) = (paths.is_empty(), args.needs_logs()) {
            let reason =
                format!("{option} is about logs, and none were passed. Pass a log or a folder, or leave out {option}");
            return Err(Failure::Message(reason));
        }
        if paths.iter().any(|path| path == Path::new(STDIN)) {
            let reason =
                "logs are read more than once, which standard input cannot be. Save it to a file, and pass that";
            return Err(Failure::Message(reason.to_owned()));
        }
        let session = if paths.is_empty() {
            None
        } else {
            Some(Session::begin(&args.into_input(paths), patterns, output, Some(SummaryFormatArg::Table), |_| {
                Written::AtTheEnd
            })?)
        };
        Ok(Logs { session, outcome: Outcome::default(), is_read: false })
    }

    /// Whether there are any.
    pub(super) fn are_there(&self) -> bool {
        self.session.is_some()
    }

    /// Reads the logs, and returns what was seen for each of `compared`, or nothing if there are no logs.
    pub(super) fn compare(&mut self, set: &PatternSet, compared: &[Compared]) -> Result<Vec<Seen>, Failure> {
        let Some(session) = &mut self.session else { return Ok(Vec::new()) };
        if self.is_read && self.outcome.files == 0 {
            // The reasons have been reported.
            return Ok(vec![Seen::default(); compared.len()]);
        }
        let outcome =
            session.read(|walk, settings, _| compare(walk, set, Catalogue::built_in(), &settings.options, compared))?;
        let (outcome, seen) = outcome.without_results();
        (self.outcome, self.is_read) = (outcome, true);
        Ok(seen)
    }

    /// Writes to standard output.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<(), Failure> {
        match &mut self.session {
            Some(session) => session.write(write),
            None => Ok(Output::write_whole(None, &Styles::default(), write)?),
        }
    }

    /// Reports problems with the logs.
    pub(super) fn end(self) -> Result<Status, Failure> {
        let Logs { session, outcome, .. } = self;
        session.map_or(Ok(Status::Done), |session| session.end(&outcome, outcome.files))
    }
}
