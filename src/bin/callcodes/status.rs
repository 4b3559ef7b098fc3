//! The exit status of the program, and the failures that end a run early.

use std::process::ExitCode;

use callcodes::problem::{Kind, Problem};

use crate::term::WriteError;

/// The outcome of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Everything was done, whether or not anything was found.
    Done,
    /// Everything was done, but some input could not be read.
    Incomplete,
    /// The user ended the run before everything was read.
    Interrupted,
    /// Everything was done, and a condition of `--fail-on` was met.
    Met,
    /// Nothing was done, or a check failed. The reason has been reported.
    Refused,
}

impl Status {
    /// Returns the status of a run with these problems: `Interrupted` or `Incomplete` if one of them is of such a kind, and
    /// otherwise `Done`.
    pub(crate) fn of(problems: &[Problem]) -> Status {
        let mut kinds = problems.iter().map(|problem| problem.kind);
        if kinds.clone().any(|kind| kind == Kind::Interrupted) {
            Status::Interrupted
        } else if kinds.any(Kind::is_loss) {
            Status::Incomplete
        } else {
            Status::Done
        }
    }

    /// Returns the status if a condition of `--fail-on` was met. An interrupted run has not seen everything, so nobody should rely on
    /// what it found.
    pub(crate) fn met(self) -> Status {
        if self == Status::Interrupted { self } else { Status::Met }
    }

    /// Returns the exit status for the operating system.
    pub(crate) fn code(self) -> u8 {
        match self {
            Status::Done => 0,
            Status::Met => 1,
            Status::Refused => 2,
            Status::Incomplete => 3,
            // The status that shells report for a program ended by SIGINT.
            Status::Interrupted => 130,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(status.code())
    }
}

/// A failure that ends a run early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There are no inputs and nothing is piped in. The help is printed.
    NoInput,
    /// An error message of one line.
    Message(String),
    /// Formatted diagnostics, each of which starts with `error:`.
    Diagnostics(String),
    /// The result could not be written.
    Write(WriteError),
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Failure {
        Failure::Write(error)
    }
}
