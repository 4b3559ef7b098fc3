//! Archives: what is in them, one member after another, read in memory and never unpacked to disk.
//!
//! Invariants: a format is recognised by its bytes, never by a name; a member's path is only a name, which nothing
//! interprets; a member is delivered up to the fault in it, and what came before a fault in the archive has been visited by
//! then; each fault is told once, by the member in which it was met or else by the walk; what an archive claims costs no
//! memory, only what it holds, and that within the limits of [`Options`] and
//! [`WINDOW_LIMIT`](super::decoder::WINDOW_LIMIT).
//!
//! Folders and devices hold no text and are passed over. A link that a format stores as data, which are the path to which it
//! leads, is read as the small text that it is: no result is lost where a wrong bit makes a link of a log, and in a stream the
//! header of a zip's member does not tell links from files. A link that has no data is told, and not followed.
//!
//! How deep archives may lie in each other, how much they may unpack to and which members are read is decided by whoever visits
//! them.

mod cab;
mod dos;
mod held;
mod seven_zip;
mod solid;
mod tar;
#[cfg(test)]
mod testing;
mod zip;

use std::fmt;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use flate2::Crc;

use super::fault::{passed_on, trailing};
use super::file::DiskFile;
use super::input::Input;
pub(crate) use super::recognise::Format;
use crate::problem::{Kind, Limit, Loss, Remedy};
pub(super) use tar::begins as begins_tar;
pub(crate) use zip::{AtEnd, ZipFile, one_part};

impl Format {
    fn truncated(self, delivered: Option<u64>) -> Loss {
        let what = format!("the {self} archive is cut short");
        Loss { kind: Kind::Truncated, what, delivered, remedy: Remedy::AskAgain }
    }

    /// Why `input` ended too early: what it met itself, or else the archive was cut.
    fn cut(self, input: &mut Input, delivered: Option<u64>) -> io::Error {
        let failure = input.failure().map(|error| passed_on(error, delivered));
        failure.unwrap_or_else(|| self.truncated(delivered).into())
    }

    fn damaged(self, why: &str) -> Loss {
        let what = format!("the {self} archive is damaged ({why})");
        Loss::new(Kind::Damaged, what, Remedy::AskAgain)
    }

    /// What there is to tell of what `input` still holds behind the archive. Zeros are padding, as from block devices.
    fn trailing(self, input: &mut Input) -> io::Result<()> {
        let (mut len, mut is_padding) = (0, true);
        loop {
            let rest = input.available();
            let taken = rest.len();
            if taken == 0 {
                break;
            }
            is_padding &= rest.iter().all(|byte| *byte == 0);
            len += taken as u64;
            input.consume(taken);
        }
        if let Some(error) = input.failure() {
            return Err(passed_on(error, None));
        }
        if is_padding {
            return Ok(());
        }
        Err(trailing(len, format_args!("the end of the {self} archive")).into())
    }

    fn too_many_members(self, limit: u64) -> Loss {
        let what = format!("the {self} archive has more than {limit} files, and the rest was not read");
        Loss::new(Kind::OverLimit, what, Remedy::Raise(Limit::Members))
    }
}

/// What an archive tells of a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Label {
    /// Its path, with slashes and without parts that are `.`; what is not Unicode is escaped as in [`name`](crate::name).
    pub(crate) name: String,
    /// Unpacked, in bytes, if it is told.
    pub(crate) size: Option<u64>,
    /// In the archive, in bytes, if it is told of this member alone.
    pub(crate) packed: Option<u64>,
    /// When it was last modified. A time without a zone is taken as UTC.
    pub(crate) modified: Option<SystemTime>,
}

/// What is met in an archive.
pub(crate) enum Item<'a> {
    /// A member and its data. A fault is an [`io::Error`], which carries a [`Loss`] unless it is the system's, behind
    /// everything that could be read before it.
    Member(Label, &'a mut dyn MemberData),
    /// A member that cannot be read, and why.
    Unread(Label, Loss),
}

/// The data of a member.
pub(crate) trait MemberData: Read {
    /// How many bytes of a hole come next: zeros that are stored nowhere, and that nobody needs to read to come to the next
    /// member. There may be any number of them.
    fn hole(&self) -> u64 {
        0
    }
}

impl MemberData for io::Empty {}

/// Visits what is met; breaking ends the walk.
pub(crate) type Visit<'v> = dyn FnMut(Item<'_>) -> ControlFlow<()> + 'v;

/// Where an archive lies.
pub(crate) enum Container {
    /// A stretch of a file, which is read at positions.
    File { file: Arc<DiskFile>, start: u64, len: u64 },
    /// Something to be read once, from front to back.
    Stream(Box<dyn Read + Send>),
}

impl Container {
    fn into_input(self) -> Input {
        match self {
            Container::File { file, start, len } => Input::of_file(file, start, start.saturating_add(len)),
            Container::Stream(reader) => Input::new(reader),
        }
    }
}

/// What may open encrypted members, each of which is tried in turn. They are never printed. Cloning them is cheap.
#[derive(Clone, Default)]
pub struct Passwords(Arc<[String]>);

impl Passwords {
    /// These texts, as they were typed.
    #[must_use]
    pub fn new(texts: Vec<String>) -> Passwords {
        Passwords(texts.into())
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// None of them opens `what`, as far as can be known.
    fn wrong(&self, what: &str) -> Loss {
        let given = match self.0.len() {
            1 => "the one given".to_owned(),
            many => format!("the {many} given"),
        };
        encrypted(&format!("{what} encrypted with a password other than {given}"), Remedy::AddPassword)
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords")
    }
}

/// What a walk may use.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) passwords: Passwords,
    /// How much of a stream is held in memory if it can only be read by seeking, in bytes.
    pub(crate) held_bytes: u64,
    /// How many members are visited, folders included.
    pub(crate) max_members: u64,
}

/// Visits the members in the order in which they are stored.
///
/// # Errors
/// The archive is damaged, breaks off or goes beyond a limit; what came before was visited. A fault inside a member that the
/// visitor met while reading is not told again.
pub(crate) fn walk(format: Format, container: Container, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    match format {
        Format::Tar => tar::walk(container.into_input(), options, visit),
        Format::Zip => zip::walk(container, options, visit),
        Format::SevenZip => seven_zip::walk(container, options, visit),
        Format::Cab => cab::walk(container, options, visit),
    }
}

/// Why something cannot be read that is not damaged.
fn refused(what: &str, remedy: Remedy) -> Loss {
    Loss::new(Kind::Unreadable, what, remedy)
}

/// Why something cannot be read that is encrypted.
fn encrypted(what: &str, remedy: Remedy) -> Loss {
    Loss { kind: Kind::Encrypted, ..refused(what, remedy) }
}

/// The kind of problem that an error comes to.
fn kind_of(error: &io::Error) -> Kind {
    Loss::of(error).map_or(Kind::Unreadable, |loss| loss.kind)
}

/// The checksum of zip and 7z.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A member's path without what says that it is below the current folder, as tar(1) names what it is given as `.`.
fn without_dots(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').filter(|part| *part != ".").collect();
    if parts.iter().all(|part| part.is_empty()) { name.to_owned() } else { parts.join("/") }
}

/// A moment `seconds` after 1970, if the system can tell such times.
fn unix_time(seconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_nothing_of_the_current_folder() {
        let cases = [
            ("./dir/a.log", "dir/a.log"),
            ("././a/./b.log", "a/b.log"),
            ("/./a.log", "/a.log"),
            ("dir/.", "dir"),
            (".", "."),
            ("./", "./"),
            ("../a.log", "../a.log"),
            (".hidden", ".hidden"),
            ("a//b", "a//b"),
            ("", ""),
        ];
        for (name, plain) in cases {
            assert_eq!(without_dots(name), plain, "{name}");
        }
    }
}
