//! How a run ends: the exit status, and the failures that end it early.

use std::process::ExitCode;

use callcodes::problem::{Kind, Problem};

use crate::term::WriteError;

/// How a run that came to its end went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Everything was done, whether or not anything was found.
    Done,
    /// Done, but some input could not be read.
    Incomplete,
    /// Ended by the user before everything was read.
    Interrupted,
    /// Nothing was done, or what was checked is wrong; the reason has been told.
    Refused,
}

impl Status {
    /// `Incomplete` if any input was left out.
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

    /// The number that is told the system.
    pub(crate) fn code(self) -> u8 {
        match self {
            Status::Done => 0,
            Status::Refused => 2,
            Status::Incomplete => 3,
            // What shells make of a program that SIGINT ends.
            Status::Interrupted => 130,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(status.code())
    }
}

/// What ends a run before its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing to read and nobody piping: whoever types just the command's name wants to know what it does.
    NoInput,
    /// Told in one line.
    Message(String),
    /// Laid out already, with its own `error:` heading.
    Diagnostics(String),
    /// The result could not be written.
    Write(WriteError),
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Failure {
        Failure::Write(error)
    }
}
