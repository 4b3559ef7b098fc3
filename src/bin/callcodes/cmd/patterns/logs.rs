//! The logs that `patterns learn` and `patterns check` compare patterns with. They are read more than once.

use std::io;
use std::path::{Path, PathBuf};

use callcodes::catalogue::Catalogue;
use callcodes::pattern::PatternSet;
use callcodes::pattern::diagnostic::Diagnostic;
use callcodes::pipeline::Outcome;
use callcodes::pipeline::sign_ins;
use callcodes::pipeline::similar::{Compared, Seen, compare};
use callcodes::report::near_misses::NearMissList;
use callcodes::source::STDIN;
use callcodes::summary::sign_ins::{Options, Sought};

use crate::args::{ColorArg, LogArgs, OutputArgs, PatternArgs, SummaryFormatArg};
use crate::session::{Session, Written};
use crate::settings;
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
    pub(super) fn compare(
        &mut self,
        (set, catalogue): (&PatternSet, &Catalogue),
        compared: &[Compared],
    ) -> Result<Vec<Seen>, Failure> {
        let Some(session) = &mut self.session else { return Ok(Vec::new()) };
        if self.is_read && self.outcome.files == 0 {
            // The reasons have been reported.
            return Ok(vec![Seen::default(); compared.len()]);
        }
        let outcome = session.read(|walk, settings, _| compare(walk, set, catalogue, &settings.options, compared))?;
        let (outcome, seen) = outcome.without_results();
        (self.outcome, self.is_read) = (outcome, true);
        Ok(seen)
    }

    /// Reads the logs, and returns the line of the near miss that a summary of them lists with this number.
    pub(super) fn near_miss(&mut self, number: u16) -> Result<String, Failure> {
        let Some(session) = &mut self.session else {
            let reason =
                "--near-miss is about logs, and none were passed. Pass the logs, or a line instead of --near-miss";
            return Err(Failure::Message(reason.to_owned()));
        };
        let options = Options { near_misses: Sought::Numbered, ..Options::default() };
        let outcome = session.read(|walk, settings, _| {
            sign_ins::count(walk, &settings.set, settings.catalogue(), &settings.options, options)
        })?;
        let list = NearMissList::new(&outcome.summary.near_misses);
        let count = list.rows.len();
        let row = list.rows.into_iter().nth(usize::from(number) - 1);
        row.map(|row| row.line).ok_or_else(|| {
            let there_are = match count {
                0 => "these logs have none".to_owned(),
                1 => "there is only one".to_owned(),
                count => format!("there are {count}"),
            };
            let message = format!("--near-miss {number}: there is no such near miss in the logs; {there_are}");
            let remedy = "`callcodes --near-misses PATH` lists them with their numbers";
            settings::diagnostics(&[Diagnostic::new(message).remedy(remedy)])
        })
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
