//! Functions for the tests of all formats: they read archives into values that can be compared, and check what happens if an archive
//! is damaged.

use std::fs::File;
use std::io::{self, Cursor, Read, Write as _};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::problem::Problem;
use crate::report::problems::detail;

use crate::unpack::{DiskFile, Watch};

use super::{Container, Format, Item, MemberData, Options, Passwords, walk};

impl Watch for () {
    fn read(&self, _: u64) {}
}

impl From<File> for DiskFile {
    /// Creates a file whose reads are not observed.
    fn from(file: File) -> DiskFile {
        DiskFile::new(file, ())
    }
}

/// A member that was visited: its name, its data, and the message for its fault, if it has one.
pub(super) type Met = (String, Vec<u8>, Option<String>);

/// Returns the message for a fault, as users see it.
fn message(error: &io::Error) -> String {
    detail(&Problem::unreadable("", error))
}

/// All members that were visited, and the message for the error of the walk, if there was one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) members: Vec<Met>,
    pub(super) end: Option<String>,
}

impl Seen {
    /// Whether a fault in a member or in the archive itself was reported.
    pub(super) fn is_reported(&self) -> bool {
        self.end.is_some() || self.members.iter().any(|(.., fault)| fault.is_some())
    }
}

/// The remedy in messages about damage.
pub(super) const ASK: &str = "ask the sender for a complete copy of the file";

pub(super) fn options() -> Options {
    Options { passwords: Passwords::default(), held_bytes: 1 << 20, max_members: 1000 }
}

pub(super) fn with_password(password: &str) -> Options {
    with_passwords(&[password])
}

pub(super) fn with_passwords(passwords: &[&str]) -> Options {
    let passwords = passwords.iter().map(|password| (*password).to_owned()).collect();
    Options { passwords: Passwords::new(passwords), ..options() }
}

pub(super) fn see(format: Format, container: Container, options: &Options) -> Seen {
    let mut members = Vec::new();
    let end = walk(format, container, options, &mut |item| {
        members.push(meet(item));
        ControlFlow::Continue(())
    });
    Seen { members, end: end.err().as_ref().map(message) }
}

pub(super) fn meet(item: Item<'_>) -> Met {
    match item {
        Item::Member(label, data) => {
            let mut bytes = Vec::new();
            let fault = UpToHoles(&mut *data).read_to_end(&mut bytes).err();
            // After an error, a reader must be at its end.
            assert!(data.hole() > HOLE_LIMIT || data.read(&mut [0; 10]).unwrap() == 0);
            (label.name, bytes, fault.as_ref().map(message))
        }
        Item::Unread(label, loss) => (label.name, Vec::new(), Some(message(&loss.into()))),
    }
}

/// A reader that fails at a large hole, because a hole may have any length.
struct UpToHoles<'r>(&'r mut dyn MemberData);

const HOLE_LIMIT: u64 = 1 << 16;

impl Read for UpToHoles<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.0.hole() > HOLE_LIMIT { Err(io::Error::other("a large hole")) } else { self.0.read(out) }
    }
}

/// Reads an archive from a stream that returns a few bytes at a time.
pub(super) fn from_stream(format: Format, archive: &[u8], options: &Options) -> Seen {
    struct Few(Cursor<Vec<u8>>);
    impl Read for Few {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let few = out.len().min(7);
            self.0.read(&mut out[..few])
        }
    }
    see(format, Container::Stream(Box::new(Few(Cursor::new(archive.to_vec())))), options)
}

/// Reads an archive from the middle of a file.
pub(super) fn from_file(format: Format, archive: &[u8], options: &Options) -> Seen {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[b"before", archive, b"after"].concat()).unwrap();
    see(format, Container::File { file: Arc::new(file.into()), start: 6, len: archive.len() as u64 }, options)
}

/// Reads an archive from a stream and from a file, and checks that both give the same.
pub(super) fn from_both(format: Format, archive: &[u8], options: &Options) -> Seen {
    let seen = from_stream(format, archive, options);
    assert_eq!(from_file(format, archive, options), seen);
    seen
}

pub(super) fn whole(name: &str, data: &[u8]) -> Met {
    (name.to_owned(), data.to_vec(), None)
}

/// Returns a member of which only `data` were read because of a fault.
pub(super) fn lost(name: &str, data: &[u8], why: &str) -> Met {
    (name.to_owned(), data.to_vec(), Some(why.to_owned()))
}

/// Returns two members, one of which is longer than the smallest block of any format.
pub(super) fn two_logs() -> [(&'static str, Vec<u8>); 2] {
    let long = (0..40).flat_map(|number| format!("{number} rawCallStatus = {}\r\n", number % 7).into_bytes());
    [("logs/a.log", b"2017-02-14 call result = 102\n".to_vec()), ("b.log", long.collect())]
}

/// Checks an archive that is cut at every byte: it gives a prefix of what the complete archive gives, and if anything is missing,
/// that is reported.
pub(super) fn cuts_are_reported(format: Format, archive: &[u8], options: &Options) {
    let intact = from_both(format, archive, options);
    assert_eq!(intact.end, None);
    for cut in 0..archive.len() {
        for seen in [from_stream(format, &archive[..cut], options), from_file(format, &archive[..cut], options)] {
            assert!(seen.is_reported() || seen == intact, "{cut}: {seen:?}");
            for ((name, data, fault), (intact_name, intact_data, _)) in seen.members.iter().zip(&intact.members) {
                assert_eq!(name, intact_name, "{cut}");
                assert!(intact_data.starts_with(data), "{cut}: {name}");
                assert!(fault.is_some() || data == intact_data, "{cut}: {name}");
            }
        }
    }
}

/// Checks an archive in which one bit or all bits of a byte are wrong, for every byte: it reports a fault or gives the same data. For
/// formats whose data have checksums.
pub(super) fn flips_are_survived(format: Format, archive: &[u8], options: &Options) {
    flips_keep(format, archive, options, <[u8]>::to_vec);
}

/// Checks an archive in which one bit or all bits of a byte are wrong, for every byte: it reports a fault, or gives the same number
/// of members with the same value of `kept` each, so that nothing is lost silently. Only names may differ. Reading from a stream
/// and from a file alternate, because doing both for every byte would take too long.
pub(super) fn flips_keep<T: PartialEq>(format: Format, archive: &[u8], options: &Options, kept: fn(&[u8]) -> T) {
    let of_all = |seen: &Seen| seen.members.iter().map(|(_, data, _)| kept(data)).collect::<Vec<T>>();
    let intact = from_both(format, archive, options);
    let mut archive = archive.to_vec();
    for at in 0..archive.len() {
        for (turn, flip) in [1 << (at % 8), 0xff].into_iter().enumerate() {
            archive[at] ^= flip;
            let read = if (at + turn) % 2 == 0 { from_stream } else { from_file };
            let seen = read(format, &archive, options);
            assert!(seen.is_reported() || of_all(&seen) == of_all(&intact), "{at} {flip}: {seen:?}");
            let bytes: usize = seen.members.iter().map(|(_, data, _)| data.len()).sum();
            assert!(bytes < 1 << 20, "{at} {flip}: {bytes} bytes");
            archive[at] ^= flip;
        }
    }
}

/// Decodes hexadecimal digits, in which tests contain files that other programs have written.
pub(super) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.bytes().map(|digit| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}
