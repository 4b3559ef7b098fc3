//! Reads archives: visits their members one after another, in memory. Nothing is written to disk.
//!
//! Terms: a *member* is a file in an archive. A *block* is what several members were compressed into together (7-Zip says
//! "solid block" or "folder", cab says "folder"). The *directory* lists the members.
//!
//! Invariants:
//! * A format is recognised by its bytes, never by a name.
//! * The path of a member is only a name. Nothing opens or creates a file by it.
//! * A member is delivered up to the fault in it. Everything before a fault in the archive itself has been visited by the time
//!   the fault is returned.
//! * Each fault is reported once: by the reader of the member in which it was met, or else by the walk.
//! * A claim in an archive costs no memory. Bytes that are really there cost memory within the limits of [`Options`] and
//!   [`WINDOW_LIMIT`](super::decoder::WINDOW_LIMIT).
//!
//! Folders and devices hold no text and are left out. A link is treated by how its format stores it:
//! * As data, which are the path of its target: it is read as the short text that it is. Thus no result is lost where a wrong
//!   bit turns a log into a link, and in a zip archive that is read as a stream, links cannot be distinguished from files.
//! * Without data, as in tar: it is reported and not followed.
//!
//! The visitor decides how deep archives may be nested, how much they may unpack to, and which members are read.

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
    /// Returns the loss for an archive that breaks off.
    fn truncated(self, delivered: Option<u64>) -> Loss {
        let what = format!("the {self} archive is cut short");
        Loss { kind: Kind::Truncated, what, delivered, remedy: Remedy::AskAgain }
    }

    /// Returns why `input` ended too early: its own failure, or else that the archive breaks off.
    fn cut(self, input: &mut Input, delivered: Option<u64>) -> io::Error {
        let failure = input.failure().map(|error| passed_on(error, delivered));
        failure.unwrap_or_else(|| self.truncated(delivered).into())
    }

    /// Returns the loss for damage in the structure of the archive. `why` is part of the message.
    fn damaged(self, why: &str) -> Loss {
        let what = format!("the {self} archive is damaged ({why})");
        Loss::new(Kind::Damaged, what, Remedy::AskAgain)
    }

    /// Consumes what follows the archive.
    ///
    /// # Errors
    ///
    /// Returns the loss for trailing bytes, unless all of them are zeros: those are padding, as block devices add it.
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

    /// Returns the loss for an archive with more members than [`Options::max_members`].
    fn too_many_members(self, limit: u64) -> Loss {
        let what = format!("the {self} archive has more than {limit} files, and the rest was not read");
        Loss::new(Kind::OverLimit, what, Remedy::Raise(Limit::Members))
    }
}

/// The name, sizes and time of a member, as the archive states them. None of it is verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Label {
    /// The path, with slashes and without parts that are `.`. Bytes that are not Unicode are escaped as in
    /// [`name`](crate::name).
    pub(crate) name: String,
    /// The unpacked size in bytes, if it is stated before the data.
    pub(crate) size: Option<u64>,
    /// The size in the archive in bytes, if it is stated for this member alone.
    pub(crate) packed: Option<u64>,
    /// The time of the last modification. A time without a zone is taken as UTC.
    pub(crate) modified: Option<SystemTime>,
}

/// An entry of an archive, as it is passed to the visitor.
pub(crate) enum Item<'a> {
    /// A member and the reader of its data. The reader returns everything before a fault, and then the fault: an
    /// [`io::Error`] that carries a [`Loss`], or an error of the operating system. The visitor need not read to the end.
    Member(Label, &'a mut dyn MemberData),
    /// A member that cannot be read, with the reason.
    Unread(Label, Loss),
}

/// A reader of the data of a member.
pub(crate) trait MemberData: Read {
    /// Returns how many bytes of a hole come next: zeros that are not stored in the archive. There may be any number of
    /// them, so a visitor may prefer to stop. It need not read them to get to the next member.
    fn hole(&self) -> u64 {
        0
    }
}

impl MemberData for io::Empty {}

/// A visitor of the entries of an archive. A break ends the walk, without an error.
pub(crate) type Visit<'v> = dyn FnMut(Item<'_>) -> ControlFlow<()> + 'v;

/// Where the bytes of an archive come from.
pub(crate) enum Container {
    /// A range of a file, which can be read at positions.
    File { file: Arc<DiskFile>, start: u64, len: u64 },
    /// A stream, which can be read once, from front to back.
    Stream(Box<dyn Read + Send>),
}

impl Container {
    /// Returns an input that reads the archive from front to back.
    fn into_input(self) -> Input {
        match self {
            Container::File { file, start, len } => Input::of_file(file, start, start.saturating_add(len)),
            Container::Stream(reader) => Input::new(reader),
        }
    }
}

/// The passwords for encrypted archives, which are tried in order. They are never printed, not even by [`fmt::Debug`]. Cloning
/// is cheap.
#[derive(Clone, Default)]
pub struct Passwords(Arc<[String]>);

impl Passwords {
    /// Returns these passwords. They are used exactly as given, without trimming.
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

    /// Returns the loss for encrypted data that none of the passwords opens. `what` begins the message, and `encrypted with
    /// another password …` follows it.
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

/// The passwords and limits of a walk.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) passwords: Passwords,
    /// The longest stream, in bytes, that is held in memory because its format (7z, cab) can only be read by seeking.
    pub(crate) held_bytes: u64,
    /// The largest number of members that are visited in one archive, counting folders.
    pub(crate) max_members: u64,
}

/// Visits the members of an archive in the order in which they are stored.
///
/// # Errors
///
/// Returns an error if the archive is damaged, breaks off or exceeds a limit, after everything before the fault was visited. A
/// fault inside a member that the visitor met while reading is not returned again.
pub(crate) fn walk(format: Format, container: Container, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    match format {
        Format::Tar => tar::walk(container.into_input(), options, visit),
        Format::Zip => zip::walk(container, options, visit),
        Format::SevenZip => seven_zip::walk(container, options, visit),
        Format::Cab => cab::walk(container, options, visit),
    }
}

/// Returns the loss for data that are not damaged but cannot be read, for example because of an unsupported method.
fn refused(what: &str, remedy: Remedy) -> Loss {
    Loss::new(Kind::Unreadable, what, remedy)
}

/// Returns the loss for encrypted data that cannot be read.
fn encrypted(what: &str, remedy: Remedy) -> Loss {
    Loss { kind: Kind::Encrypted, ..refused(what, remedy) }
}

/// Returns the kind of the loss that `error` carries. An error of the operating system counts as unreadable.
fn kind_of(error: &io::Error) -> Kind {
    Loss::of(error).map_or(Kind::Unreadable, |loss| loss.kind)
}

/// Computes the CRC-32 of zip, 7z and gzip.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Removes the parts of a path that are `.`, as in `./a.log`: tar(1) writes them when its argument is `.`.
fn without_dots(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').filter(|part| *part != ".").collect();
    if parts.iter().all(|part| part.is_empty()) { name.to_owned() } else { parts.join("/") }
}

/// Converts seconds since 1970, UTC. Returns `None` if the system cannot represent the time.
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
