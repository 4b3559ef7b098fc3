//! Reads archives, by visiting their members one after another. Everything happens in memory, and nothing is written to disk.
//!
//! Terms: a *member* is a file in an archive. A *block* is data into which several members were compressed together (7-Zip calls
//! this a "solid block" or "folder", cab a "folder"). The *directory* is the archive's list of members.
//!
//! Invariants:
//! * A format is recognised by the bytes of the file, never by its name.
//! * The path of a member is only used as a name. No file is opened or created at that path.
//! * If a member is damaged, the data before the fault are delivered. If the archive itself is damaged, everything before the
//!   fault is visited before the error is returned.
//! * Each fault is reported once: by the reader of the member that contains it, or otherwise by [`walk`].
//! * Memory depends on the data that are really there and not on the sizes that an archive states. It is limited by [`Options`]
//!   and [`WINDOW_LIMIT`](super::decoder::WINDOW_LIMIT).
//!
//! Folders and devices contain no text and are left out. Links depend on how the format stores them:
//! * A link with data, which are the path of its target, is read like a file. So no result is lost if a wrong bit turns a log into
//!   a link, or if a zip archive is read as a stream, in which links cannot be distinguished from files.
//! * A link without data, as in tar, is reported and not followed.
//!
//! The visitor decides how deep archives may be nested, how much they may unpack to, and which members are read.

mod cab;
mod dos;
mod held;
mod mail;
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
pub(super) use mail::begins as begins_mail;
pub(super) use tar::begins as begins_tar;
pub(crate) use zip::{AtEnd, ZipFile, one_part};

impl Format {
    /// Returns the loss for an archive that is cut short. `delivered` is the number of bytes that were read from the member.
    fn truncated(self, delivered: Option<u64>) -> Loss {
        let what = format!("the {self} archive is cut short");
        Loss { kind: Kind::Truncated, what, delivered, remedy: Remedy::AskAgain }
    }

    /// Returns the error for an `input` that ends too early: its failure or, if it has not failed, that the archive is cut short.
    fn cut(self, input: &mut Input, delivered: Option<u64>) -> io::Error {
        let failure = input.failure().map(|error| passed_on(error, delivered));
        failure.unwrap_or_else(|| self.truncated(delivered).into())
    }

    /// Returns the loss for damage in the structure of the archive. The message contains `why`.
    pub(in crate::unpack) fn damaged(self, why: &str) -> Loss {
        let what = format!("the {self} archive is damaged ({why})");
        Loss::new(Kind::Damaged, what, Remedy::AskAgain)
    }

    /// Reads the rest of the input after the end of the archive.
    ///
    /// # Errors
    ///
    /// Returns an error if there are trailing bytes. Zeros are allowed, because block devices add them as padding.
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

/// The name, sizes and time of a member. These are what the archive states, and may be wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Label {
    /// The path, with slashes and without `.` parts. Bytes that are not Unicode are escaped as in [`name`](crate::name).
    pub(crate) name: String,
    /// The unpacked size in bytes, if the archive states it before the data.
    pub(crate) size: Option<u64>,
    /// The packed size in bytes, if the archive states it for this member alone.
    pub(crate) packed: Option<u64>,
    /// The time of the last modification, if there is one. A time without a zone is taken as UTC.
    pub(crate) modified: Option<SystemTime>,
}

/// A member of an archive, as [`walk`] passes it to the visitor.
pub(crate) enum Item<'a> {
    /// A member, and a reader of its data. The reader returns everything before a fault and then the fault as an [`io::Error`],
    /// which contains a [`Loss`] or comes from the operating system. The visitor need not read to the end.
    Member(Label, &'a mut dyn MemberData),
    /// A member that cannot be read, and the reason.
    Unread(Label, Loss),
}

/// A reader of the data of a member.
pub(crate) trait MemberData: Read {
    /// Returns the number of bytes in a hole that comes next. A hole consists of zeros that are not stored in the archive, so it
    /// may have any length, and a visitor may prefer to stop reading the member there.
    fn hole(&self) -> u64 {
        0
    }
}

impl MemberData for io::Empty {}

/// A function that [`walk`] calls for each member of an archive. If it returns a break, the walk ends without an error.
pub(crate) type Visit<'v> = dyn FnMut(Item<'_>) -> ControlFlow<()> + 'v;

/// Where the bytes of an archive come from.
pub(crate) enum Container {
    /// The `len` bytes from `start` on of a file, which can be read at any position.
    File { file: Arc<DiskFile>, start: u64, len: u64 },
    /// A stream, which can be read only once, from start to end.
    Stream(Box<dyn Read + Send>),
}

impl Container {
    /// Returns an input that reads the archive from start to end.
    fn into_input(self) -> Input {
        match self {
            Container::File { file, start, len } => Input::of_file(file, start, start.saturating_add(len)),
            Container::Stream(reader) => Input::new(reader),
        }
    }
}

/// The passwords for encrypted archives, in the order in which they are tried. They are never printed, not even with
/// [`fmt::Debug`]. Cloning is cheap.
#[derive(Clone, Default)]
pub struct Passwords(Arc<[String]>);

impl Passwords {
    /// Creates a list of passwords. They are used exactly as given, without trimming.
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

    /// Returns the loss for encrypted data that none of the passwords opens. `what` is the start of the message, before `encrypted
    /// with a password other than the one given`.
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

/// The passwords and limits for reading archives.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) passwords: Passwords,
    /// The greatest length in bytes of a stream that is kept in memory because its format (7z or cab) requires seeking.
    pub(crate) held_bytes: u64,
    /// The most members that are visited in one archive, including folders.
    pub(crate) max_members: u64,
}

/// Calls `visit` for each member of an archive, in the order in which they are stored.
///
/// # Errors
///
/// Returns an error if the archive is damaged, is cut short or exceeds a limit. Everything before the fault has then been visited.
/// A fault that the reader of a member has already returned to the visitor is not returned again.
pub(crate) fn walk(format: Format, container: Container, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    match format {
        Format::Tar => tar::walk(container.into_input(), options, visit),
        Format::Zip => zip::walk(container, options, visit),
        Format::SevenZip => seven_zip::walk(container, options, visit),
        Format::Cab => cab::walk(container, options, visit),
        Format::Mail => mail::walk(container, options, visit),
    }
}

/// Returns the loss for data that are intact but cannot be read, for example because the compression method is not supported.
fn refused(what: &str, remedy: Remedy) -> Loss {
    Loss::new(Kind::Unreadable, what, remedy)
}

/// Returns the loss for encrypted data that cannot be read.
fn encrypted(what: &str, remedy: Remedy) -> Loss {
    Loss { kind: Kind::Encrypted, ..refused(what, remedy) }
}

/// Returns the kind of the loss in `error`. An error from the operating system is [`Kind::Unreadable`].
fn kind_of(error: &io::Error) -> Kind {
    Loss::of(error).map_or(Kind::Unreadable, |loss| loss.kind)
}

/// Computes a CRC-32 as zip, 7z and gzip define it.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Removes the `.` parts of a path such as `./a.log`, which tar(1) writes if its argument is `.`.
fn without_dots(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').filter(|part| *part != ".").collect();
    if parts.iter().all(|part| part.is_empty()) { name.to_owned() } else { parts.join("/") }
}

/// Converts a number of seconds since 1970, UTC. Returns `None` if the system cannot represent the time.
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
