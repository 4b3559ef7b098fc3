//! Describes inputs that were skipped or could not be read completely. A problem is a value that is part of the result, and never a
//! message that is printed at once.
//!
//! Only [`report`](crate::report::problems) combines the parts of a problem to a sentence, and only there a [`Remedy`] becomes the
//! name of an option, because the rest of the library knows nothing about the command line.
//!
//! A [`Loss`] is a problem whose input is not known yet. It passes through readers inside an [`io::Error`], until the code that
//! knows the input turns it into a [`Problem`].

use std::error::Error;
use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

/// An input or a part of one that was not counted, or that was counted but needs a warning.
///
/// `Display` shows it as a sentence, which is made by [`report::problems`](crate::report::problems).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// The name of the input in results.
    pub path: String,
    /// The kind of problem, for scripts.
    pub kind: Kind,
    /// What happened.
    pub what: Cause,
    /// The number of bytes that were read before the problem, if it helps to find the place.
    pub delivered: Option<u64>,
    /// What the user can do about it.
    pub remedy: Option<Remedy>,
}

/// What happened to an input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cause {
    /// A description in words, as the first part of a sentence.
    Described(String),
    /// The file is larger than the limit that the user has set.
    TooLarge,
    /// The file was last modified before the time that the user has set.
    TooOld,
    /// The file was last modified after the time that the user has set.
    TooNew,
    /// There is no such file or folder, but this similar path exists and was probably meant.
    NotFoundBut(String),
    /// Symbolic links lead to the folder by more than this many paths. It is read under each path if globs contain a slash, because
    /// they may then select different files.
    TooManyPaths(u8),
}

impl From<String> for Cause {
    fn from(what: String) -> Cause {
        Cause::Described(what)
    }
}

impl From<&str> for Cause {
    fn from(what: &str) -> Cause {
        Cause::Described(what.to_owned())
    }
}

/// What the user can do about a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Remedy {
    /// Ask the sender for a complete copy.
    AskAgain,
    /// Unpack the file with another program.
    Unpack,
    /// Unpack the archive with another program, which may get further in damaged data.
    UnpackWithAnother,
    /// Unpack the outermost of several nested archives.
    UnpackOutermost,
    /// Unpack all parts of a split archive together.
    UnpackAllParts,
    /// Convert an event log of Windows before Vista.
    ConvertEvents,
    /// Ask the sender to save a Windows event log in Event Viewer.
    SaveEvents,
    /// Save the attachments of the message.
    SaveAttachments,
    /// Save the text of the mail as HTML.
    SaveHtml,
    /// Open the mail in a mail program, and save what it shows of the header as text.
    OpenMail,
    /// Decompress the file with another program.
    Decompress,
    /// Decompress the data in the file with another program.
    DecompressData,
    /// Decompress the data with the dictionary that they need.
    DecompressWithDictionary,
    /// Save the bytes that follow the compressed data to a separate file.
    CutOut,
    /// Let the encoding be detected.
    DetectEncoding,
    /// Read a copy of the file, or read it again when nothing is writing to it.
    ReadCopy,
    /// Give the password of the archive.
    GivePassword,
    /// Give another password, in addition to those that were given.
    AddPassword,
    /// Raise a limit.
    Raise(Limit),
    /// Follow links to folders.
    FollowLinks,
    /// Do nothing, because the target of the link is read as a separate file if it is in the archive.
    ReadAsMember,
    /// Pass the file or folder as an argument of its own.
    Name,
    /// Read binary files.
    ReadBinary,
    /// Count copies.
    KeepCopies,
    /// Delete the temporary file of a run that was killed, unless a run is still writing it.
    DeleteUnfinished,
    /// Delete the file or move it away, or pipe it in.
    MoveAway,
    /// Run as a user who is allowed to read the file.
    ChangeUser,
    /// Use a shorter path, relative to a folder closer to the file.
    ShortenPath,
    /// Look at the lines with all these names, to see which pattern finds them.
    ShowLines,
    /// Run again to read an input completely.
    RunAgain,
    /// Run again to read the remaining inputs.
    RunAgainForRest,
    /// Make a new plan.
    PlanAgain,
}

/// A limit that the user can raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Limit {
    /// The number of files in an archive.
    Members,
    /// The number of bytes that a file unpacks to.
    Unpacked,
    /// The number of bytes that a file unpacks to, relative to its packed size.
    Ratio,
    /// The depth to which archives are nested.
    Nesting,
}

/// A kind of problem. `Display` shows the word for it in JSON.
///
/// The losses come first, up to [`Kind::OverLimit`]. [`Kind::is_loss`] depends on this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The user ended the run early. Everything that had been read is counted.
    Interrupted,
    /// A file or folder could not be opened, listed or read to its end.
    Unreadable,
    /// An archive or a file in it is encrypted, and no given password is right.
    Encrypted,
    /// A file became shorter while it was being read.
    Shortened,
    /// Compressed data are damaged. The data before the damage were read.
    Damaged,
    /// Compressed data are cut short. The data up to the end were read.
    Truncated,
    /// Other bytes follow the compressed data. They were not read.
    TrailingBytes,
    /// The byte order mark of a file contradicts the encoding that the user has chosen.
    MixedEncodings,
    /// A file that a plan divides changed after the plan was made, so its pieces may not fit together.
    Changed,
    /// A machine in the list of those that should have answered has no partial.
    NoPartial,
    /// A partial is much older than the newest one, or nobody knows how old it is. It counts, and later results are missing.
    OldPartial,
    /// Reading further would exceed a limit: of memory, of unpacked bytes, of files in an archive, or of nesting.
    OverLimit,
    /// A line was longer than the limit and was searched in pieces.
    LongLine,
    /// The encoding of a file changes. Each part was read in its own encoding.
    EncodingChanges,
    /// A file changed after a plan was made, and all of its new version was read.
    ChangedWhole,
    /// There were more different unknown names or numbers than have a row of their own.
    TooManyNames,
    /// An archive contains no file.
    Empty,
    /// A file that is not text was skipped.
    Binary,
    /// A pipe, socket or device in a folder was skipped.
    Special,
    /// A link to a folder, or a link in an archive, was not followed.
    Link,
    /// A link to a folder that contains the link was not followed.
    Loop,
    /// A file that this program has written, or has not finished writing, was skipped.
    OwnOutput,
    /// A file was skipped because it is larger than the limit that the user has set.
    TooLarge,
    /// A file was skipped because it was last modified outside the times that the user has set.
    OutsideTime,
    /// A file or folder was skipped because it has already been read, under this or another name.
    ReadAlready,
    /// A source contains the same bytes as an earlier one and was not counted.
    Copy,
    /// A source contains the same bytes as an earlier one, but this was noticed too late, so both were counted.
    CopyCounted,
    /// A source may repeat lines of another one. Both were counted: they have a part in common, or the source is compressed or in an
    /// archive, begins like the other one and has a different length, so that they could not be compared.
    MayRepeat,
    /// A later file of the same name in the archive replaces this one, which was not counted.
    Replaced,
    /// A log is only in an older partial of its machine, and only the newest one counts.
    OlderPartial,
}

impl Kind {
    /// Whether data that should have been read were not read, so that the exit status is not 0. An input that is skipped by a
    /// documented rule, or because of the user's options, is not a loss.
    #[must_use]
    pub fn is_loss(self) -> bool {
        self <= Kind::OverLimit
    }

    /// Whether reading ended early because of this problem. A source that is not in the encoding that the user has chosen is read to its
    /// end.
    #[must_use]
    pub(crate) fn breaks_off(self) -> bool {
        self.is_loss() && self != Kind::MixedEncodings
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl Problem {
    /// Creates a problem without a remedy.
    #[must_use]
    pub fn new(path: impl Into<String>, kind: Kind, what: impl Into<Cause>) -> Problem {
        Problem { path: path.into(), kind, what: what.into(), delivered: None, remedy: None }
    }

    /// Adds a remedy to the problem.
    #[must_use]
    pub fn remedy(self, remedy: Remedy) -> Problem {
        Problem { remedy: Some(remedy), ..self }
    }

    /// Creates the problem for an input that could not be opened or read, from the [`Loss`] in `reason` or, if there is none, from
    /// the error of the operating system.
    #[must_use]
    pub fn unreadable(path: impl Into<String>, reason: &io::Error) -> Problem {
        if let Some(loss) = Loss::of(reason) {
            return loss.clone().of_input(path);
        }
        let (what, remedy) = describe(reason);
        Problem { remedy, ..Problem::new(path, Kind::Unreadable, what) }
    }

    /// Creates the problem for an input that was not read completely because the user ended the run early.
    #[must_use]
    pub fn interrupted(path: impl Into<String>) -> Problem {
        Loss::interrupted().of_input(path)
    }
}

/// The reason why a reader returns no more bytes. It is passed inside an [`io::Error`], and becomes a [`Problem`] where the input is
/// known.
///
/// # Examples
///
/// ```
/// use std::io;
///
/// use callcodes::problem::{Kind, Loss, Remedy};
///
/// let error: io::Error = Loss::new(Kind::Truncated, "the gzip data is cut short", Remedy::AskAgain).into();
/// assert_eq!(Loss::of(&error).map(|loss| loss.kind), Some(Kind::Truncated));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The kind of problem.
    pub kind: Kind,
    /// What happened, as the first part of a sentence.
    pub what: String,
    /// The number of bytes that the reader has returned, if it helps to find the place.
    pub delivered: Option<u64>,
    /// What the user can do about it.
    pub remedy: Remedy,
}

impl Loss {
    /// Creates a loss without a number of bytes.
    #[must_use]
    pub fn new(kind: Kind, what: impl Into<String>, remedy: Remedy) -> Loss {
        Loss { kind, what: what.into(), delivered: None, remedy }
    }

    /// Creates the loss for a run that the user has ended early.
    #[must_use]
    pub fn interrupted() -> Loss {
        Loss::new(Kind::Interrupted, "reading was interrupted", Remedy::RunAgain)
    }

    /// Returns the loss inside `error`, if there is one.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Loss> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }

    /// Turns the loss into a problem of the input with this name in results.
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

/// Shows only what happened. [`report`](crate::report::problems) makes the whole sentence.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Describes an error of the operating system, with a remedy if there is one. Common errors get the same words on every system.
fn describe(reason: &io::Error) -> (String, Option<Remedy>) {
    let (what, remedy) = match reason.kind() {
        io::ErrorKind::NotFound => ("no such file or folder", None),
        io::ErrorKind::InvalidFilename if cfg!(unix) => {
            ("the path is too long for this system", Some(Remedy::ShortenPath))
        }
        // Windows returns this error for a path with wildcards, which remain only if they match nothing.
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
    fn the_losses_are_the_kinds_up_to_an_exceeded_limit() {
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
            Changed,
            NoPartial,
            OldPartial,
            OverLimit,
        ];
        let others = [
            LongLine,
            EncodingChanges,
            ChangedWhole,
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
            MayRepeat,
            Replaced,
            OlderPartial,
        ];
        assert!(losses.iter().all(|kind| kind.is_loss()));
        assert!(!others.iter().any(|kind| kind.is_loss()));
    }

    #[test]
    fn a_kind_is_displayed_as_it_is_spelled_in_json() {
        assert_eq!(Kind::TrailingBytes.to_string(), "trailing-bytes");
        assert_eq!(serde_json::to_string(&Kind::TrailingBytes).unwrap(), "\"trailing-bytes\"");
    }
}
