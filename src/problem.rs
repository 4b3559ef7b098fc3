//! What could not be read, or not read whole: a value that travels with the result, never a message that is printed
//! on the spot.

use std::fmt;
use std::io;

use serde::Serialize;

/// Something that the totals do not include, or include with a reservation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The input as it is named in results.
    pub path: String,
    /// What went wrong, as one of a few words that scripts can compare.
    pub kind: Kind,
    /// The particulars, and what to do about it, as one sentence without a full stop.
    pub detail: String,
}

/// The kinds of problem, as they are spelled in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A file or folder could not be opened, listed or read to its end.
    Unreadable,
    /// A line was longer than the limit and was searched in pieces.
    LongLine,
    /// More different unknown names were found than are kept apart.
    TooManyNames,
}

impl Kind {
    /// Whether some of the input was left out, which the exit status reports.
    #[must_use]
    pub fn is_loss(self) -> bool {
        match self {
            Kind::Unreadable => true,
            Kind::LongLine | Kind::TooManyNames => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Unreadable => "unreadable",
            Kind::LongLine => "long-line",
            Kind::TooManyNames => "too-many-names",
        })
    }
}

impl Problem {
    /// An input that could not be opened or read, with the system's reason.
    #[must_use]
    pub fn unreadable(path: impl Into<String>, reason: &io::Error) -> Problem {
        Problem { path: path.into(), kind: Kind::Unreadable, detail: describe(reason) }
    }
}

/// The reason in words that do not differ from one operating system to another where the kind of error is known.
fn describe(reason: &io::Error) -> String {
    match reason.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied; run as a user who may read it".to_owned(),
        _ => reason.to_string(),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.detail)
    }
}
