//! What could not be read, or not read whole, or was skipped: a value that travels with the result, never a message that is printed
//! on the spot.

use std::error::Error;
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
    /// The user ended the run early; what was read until then counts.
    Interrupted,
    /// A file or folder could not be opened, listed or read to its end.
    Unreadable,
    /// An archive or a member of one is encrypted, and no password was given, or others.
    Encrypted,
    /// A file became shorter while it was read.
    Shortened,
    /// Compressed data contradict themselves; what came before was read.
    Damaged,
    /// Compressed data break off; what came before was read.
    Truncated,
    /// Bytes that belong to nothing follow the compressed data, and were not read.
    TrailingBytes,
    /// A text begins in one encoding and ends in another, and was searched in the first only.
    MixedEncodings,
    /// Reading it would take more memory, or more layers of compression, than is allowed.
    OverLimit,
    /// A line was longer than the limit and was searched in pieces.
    LongLine,
    /// More different unknown names were found than are kept apart.
    TooManyNames,
    /// An archive holds no file.
    Empty,
    /// A file that holds no text was skipped.
    Binary,
    /// A pipe, socket or device met in a folder was skipped.
    Special,
    /// A link to a folder, or in an archive, was not followed.
    Link,
    /// A link that leads back to where it lies was not followed.
    Loop,
    /// What a run of this program has not finished writing, or left when it was killed, was skipped.
    OwnOutput,
    /// A file was larger than asked for.
    TooLarge,
    /// A file was modified outside the times asked for.
    OutsideTime,
    /// A file or folder had been read already, under this or another name.
    ReadAlready,
    /// It holds the same bytes as a source before, and was not counted.
    Copy,
    /// It holds the same bytes as a source before, which was found out too late not to count it.
    CopyCounted,
}

impl Kind {
    /// Whether some of the input was left out that should have been read, which the exit status reports. What is skipped
    /// by a stated rule, or because the user asked for it, is none.
    #[must_use]
    pub fn is_loss(self) -> bool {
        match self {
            Kind::Interrupted
            | Kind::Unreadable
            | Kind::Encrypted
            | Kind::Shortened
            | Kind::Damaged
            | Kind::Truncated
            | Kind::TrailingBytes
            | Kind::MixedEncodings
            | Kind::OverLimit => true,
            Kind::LongLine
            | Kind::TooManyNames
            | Kind::Empty
            | Kind::Binary
            | Kind::Special
            | Kind::Link
            | Kind::Loop
            | Kind::OwnOutput
            | Kind::TooLarge
            | Kind::OutsideTime
            | Kind::ReadAlready
            | Kind::Copy
            | Kind::CopyCounted => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Interrupted => "interrupted",
            Kind::Unreadable => "unreadable",
            Kind::Encrypted => "encrypted",
            Kind::Shortened => "shortened",
            Kind::Damaged => "damaged",
            Kind::Truncated => "truncated",
            Kind::TrailingBytes => "trailing-bytes",
            Kind::MixedEncodings => "mixed-encodings",
            Kind::OverLimit => "over-limit",
            Kind::LongLine => "long-line",
            Kind::TooManyNames => "too-many-names",
            Kind::Empty => "empty",
            Kind::Binary => "binary",
            Kind::Special => "special",
            Kind::Link => "link",
            Kind::Loop => "loop",
            Kind::OwnOutput => "own-output",
            Kind::TooLarge => "too-large",
            Kind::OutsideTime => "outside-time",
            Kind::ReadAlready => "read-already",
            Kind::Copy => "copy",
            Kind::CopyCounted => "copy-counted",
        })
    }
}

impl Problem {
    /// An input that could not be opened or read, with the system's reason or, where a [`Loss`] travels in it, that one.
    #[must_use]
    pub fn unreadable(path: impl Into<String>, reason: &io::Error) -> Problem {
        let loss = Loss::of(reason);
        let (kind, detail) =
            loss.map_or_else(|| (Kind::Unreadable, describe(reason)), |loss| (loss.kind, loss.to_string()));
        Problem { path: path.into(), kind, detail }
    }

    /// An input of which only a part was read, because the run was ended early.
    #[must_use]
    pub fn interrupted(path: impl Into<String>) -> Problem {
        Problem { path: path.into(), kind: Kind::Interrupted, detail: Loss::interrupted().to_string() }
    }
}

/// Why a reader delivers no more, on its way through [`io::Error`] to become a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The kind of problem it is.
    pub kind: Kind,
    /// What happened, as the first part of a sentence.
    pub what: String,
    /// How many bytes the reader delivered before; told where it helps to find the place.
    pub delivered: Option<u64>,
    /// What to do about it, as the last part of the sentence.
    pub remedy: &'static str,
}

impl Loss {
    /// The run is to end early.
    #[must_use]
    pub fn interrupted() -> Loss {
        let remedy = "run callcodes again to read all of it";
        Loss { kind: Kind::Interrupted, what: "reading was interrupted".to_owned(), delivered: None, remedy }
    }

    /// The one that travels in `error`.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Loss> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }
}

impl Error for Loss {}

impl From<Loss> for io::Error {
    fn from(loss: Loss) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, loss)
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Loss { what, remedy, .. } = self;
        match self.delivered {
            None => write!(f, "{what}; {remedy}"),
            Some(0) => write!(f, "{what}; nothing of it could be read; {remedy}"),
            Some(bytes) => {
                // Nobody knows how long before the fault was found the data were wrong.
                let doubt = if self.kind == Kind::Damaged { ", and may be wrong too" } else { "" };
                write!(f, "{what}; only the whole lines in the {bytes} bytes before were read{doubt}; {remedy}")
            }
        }
    }
}

/// The reason in words that do not differ from one operating system to another where the kind of error is known.
fn describe(reason: &io::Error) -> String {
    match reason.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::InvalidFilename if cfg!(unix) => {
            "the path or a name in it is too long for the system; a long path can be read from a folder on the way"
                .to_owned()
        }
        // Windows says so of wildcards that match nothing.
        io::ErrorKind::InvalidFilename => "no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied; run as a user who may read it".to_owned(),
        _ => reason.to_string(),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.detail)
    }
}
