//! What could not be read, or not read whole, or was skipped: a value that travels with the result, never a message that is printed
//! on the spot.
//!
//! A problem keeps its parts from where it arises to where it is shown. Only [`report`](crate::report::problems) makes a sentence of
//! them, and only there does a [`Remedy`] name a flag: the library does not know how it was called.

use std::error::Error;
use std::fmt;
use std::io;

use serde::Serialize;

/// Something that the totals do not include, or include with a reservation.
///
/// It is displayed as [`report::problems`](crate::report::problems) words it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The input as it is named in results.
    pub path: String,
    /// What went wrong, as one of a few words that scripts can compare.
    pub kind: Kind,
    /// What happened.
    pub what: Cause,
    /// How many bytes were delivered before that, where it helps to find the place.
    pub delivered: Option<u64>,
    /// What the user can do about it.
    pub remedy: Option<Remedy>,
}

/// What happened to an input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// In words, as the first part of a sentence.
    Told(String),
    /// The file is larger than the user asked for.
    TooLarge,
    /// The file was last modified before the times that the user asked for.
    TooOld,
    /// The file was last modified after the times that the user asked for.
    TooNew,
    /// There is no such file or folder, but this path was likely meant.
    NotFoundBut(String),
    /// Links lead to the folder under more than so many paths, and globs look at paths.
    TooManyPaths(u8),
}

impl From<String> for Cause {
    fn from(what: String) -> Cause {
        Cause::Told(what)
    }
}

impl From<&str> for Cause {
    fn from(what: &str) -> Cause {
        Cause::Told(what.to_owned())
    }
}

/// What the user can do about a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Ask the sender for a complete copy.
    AskAgain,
    /// Unpack the file with another program.
    Unpack,
    /// Unpack the archive with a program that is known to be more patient with damage.
    UnpackWithAnother,
    /// Unpack the outermost of several archives.
    UnpackOutermost,
    /// Unpack all parts of a split archive together.
    UnpackAllParts,
    /// Export the events of a Windows event log as text.
    ExportEvents,
    /// Decompress the file with another program.
    Decompress,
    /// Decompress the data in the file with another program.
    DecompressData,
    /// Decompress the data with the dictionary that they need.
    DecompressWithDictionary,
    /// Save the bytes that follow the compressed data to a file of their own.
    CutOut,
    /// Split the file where its encoding changes, or have the other part read in this encoding.
    Split(Option<&'static str>),
    /// Read a copy, or again when nothing writes to the file.
    ReadCopy,
    /// Give the password of the archive.
    GivePassword,
    /// Give another password of the archive besides those that were given.
    AddPassword,
    /// Allow more of what is limited.
    Raise(Limit),
    /// Have links to folders followed.
    FollowLinks,
    /// Nothing: what the archive holds of that to which a link leads is read as a member of its own.
    ReadAsMember,
    /// Name the file or folder as an input.
    Name,
    /// Have binary files read.
    ReadBinary,
    /// Have copies counted.
    KeepCopies,
    /// Delete what a run left that was killed, unless a run is writing it.
    DeleteUnfinished,
    /// Delete the file or move it away, or pipe it in.
    MoveAway,
    /// Run as a user who may read the file.
    ChangeUser,
    /// Use a shorter path, which begins at a folder on the way.
    ShortenPath,
    /// Look at the lines that gave so many names.
    ShowLines,
    /// Run again to read the whole of an input that was read in part.
    RunAgain,
    /// Run again to read the inputs that were not begun.
    RunAgainForRest,
}

/// What the user can allow more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// How many members an archive has.
    Members,
    /// How many bytes a file unpacks to.
    Unpacked,
    /// How many times its own size a file unpacks to.
    Ratio,
    /// How deep archives lie in each other.
    Nesting,
}

/// The kinds of problem, as they are spelled in JSON: first the losses, up to [`Kind::OverLimit`].
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
    /// Compressed data is cut short; what came before was read.
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
    /// Output of this program, finished or not, was skipped.
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
        self <= Kind::OverLimit
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl Problem {
    /// A problem about which there is nothing to be done.
    #[must_use]
    pub fn new(path: impl Into<String>, kind: Kind, what: impl Into<Cause>) -> Problem {
        Problem { path: path.into(), kind, what: what.into(), delivered: None, remedy: None }
    }

    /// The same, with what the user can do about it.
    #[must_use]
    pub fn remedy(self, remedy: Remedy) -> Problem {
        Problem { remedy: Some(remedy), ..self }
    }

    /// An input that could not be opened or read, with the system's reason or, where a [`Loss`] travels in it, that one.
    #[must_use]
    pub fn unreadable(path: impl Into<String>, reason: &io::Error) -> Problem {
        if let Some(loss) = Loss::of(reason) {
            return loss.clone().of_input(path);
        }
        let (what, remedy) = describe(reason);
        Problem { remedy, ..Problem::new(path, Kind::Unreadable, what) }
    }

    /// An input of which only a part was read, because the run was ended early.
    #[must_use]
    pub fn interrupted(path: impl Into<String>) -> Problem {
        Loss::interrupted().of_input(path)
    }
}

/// Why a reader delivers no more, on its way through [`io::Error`] to become a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The kind of problem it is.
    pub kind: Kind,
    /// What happened, as the first part of a sentence.
    pub what: String,
    /// How many bytes the reader delivered before, where it helps to find the place.
    pub delivered: Option<u64>,
    /// What the user can do about it.
    pub remedy: Remedy,
}

impl Loss {
    /// A loss without a place.
    #[must_use]
    pub fn new(kind: Kind, what: impl Into<String>, remedy: Remedy) -> Loss {
        Loss { kind, what: what.into(), delivered: None, remedy }
    }

    /// The run is to end early.
    #[must_use]
    pub fn interrupted() -> Loss {
        Loss::new(Kind::Interrupted, "reading was interrupted", Remedy::RunAgain)
    }

    /// The one that travels in `error`.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Loss> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }

    /// The problem that it is to the input of this name.
    #[must_use]
    pub fn of_input(self, path: impl Into<String>) -> Problem {
        let Loss { kind, what, delivered, remedy } = self;
        Problem { path: path.into(), kind, what: what.into(), delivered, remedy: Some(remedy) }
    }
}

impl Error for Loss {}

impl From<Loss> for io::Error {
    fn from(loss: Loss) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, loss)
    }
}

/// What happened; the whole sentence is for [`report`](crate::report::problems) to make.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// The reason in words that do not differ from one operating system to another where the kind of error is known, and what
/// can be done about it.
fn describe(reason: &io::Error) -> (String, Option<Remedy>) {
    let (what, remedy) = match reason.kind() {
        io::ErrorKind::NotFound => ("no such file or folder", None),
        io::ErrorKind::InvalidFilename if cfg!(unix) => {
            ("the path is too long for this system", Some(Remedy::ShortenPath))
        }
        // Windows says so of wildcards that match nothing.
        io::ErrorKind::InvalidFilename => ("no such file or folder", None),
        io::ErrorKind::PermissionDenied => ("permission denied", Some(Remedy::ChangeUser)),
        _ => return (reason.to_string(), None),
    };
    (what.to_owned(), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_losses_are_the_kinds_up_to_a_limit_that_was_met() {
        use Kind::*;
        let losses = [
            Interrupted,
            Unreadable,
            Encrypted,
            Shortened,
            Damaged,
            Truncated,
            TrailingBytes,
            MixedEncodings,
            OverLimit,
        ];
        let others = [
            LongLine,
            TooManyNames,
            Empty,
            Binary,
            Special,
            Link,
            Loop,
            OwnOutput,
            TooLarge,
            OutsideTime,
            ReadAlready,
            Copy,
            CopyCounted,
        ];
        assert!(losses.iter().all(|kind| kind.is_loss()));
        assert!(!others.iter().any(|kind| kind.is_loss()));
    }

    #[test]
    fn a_kind_is_shown_as_it_is_spelled_in_json() {
        assert_eq!(Kind::TrailingBytes.to_string(), "trailing-bytes");
        assert_eq!(serde_json::to_string(&Kind::TrailingBytes).unwrap(), "\"trailing-bytes\"");
    }
}
