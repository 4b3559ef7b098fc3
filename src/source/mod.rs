//! Where bytes come from: the only code that opens anything.
//!
//! Invariants: inputs are visited in the order in which they were named and, inside a folder, by name, so that the same
//! folder gives the same output anywhere; what cannot be listed or opened is a [`Problem`](crate::problem::Problem) and stops nothing.
//!
//! Files are read at positions and never mapped (decision 2): a log may be truncated or rotated at any moment, and a
//! mapped file then takes the process with it.

mod encoding;
mod file;
mod walk;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use encoding::EncodingChoice;
use encoding::HEAD_BYTES;
pub use file::FileSpan;
pub use walk::{Found, Walk};

use crate::units::Units;

/// The argument, and the name in results, of standard input.
pub const STDIN: &str = "-";

/// Something that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// How results name it: the path as it was given, continued by what was found below it.
    pub name: String,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Stdin,
    File(PathBuf),
}

/// An opened source.
pub enum Opened {
    /// A regular file, and its length when it was opened: what is appended later is not read.
    File {
        /// To be read at positions, by several threads if need be.
        file: File,
        /// In bytes.
        len: u64,
        /// What it is made of.
        units: Units,
    },
    /// A pipe, a device or standard input.
    Stream {
        /// To be read once, from front to back.
        stream: Box<dyn Read + Send>,
        /// What it is made of.
        units: Units,
    },
}

impl Source {
    /// Standard input.
    #[must_use]
    pub fn stdin() -> Source {
        Source { name: "stdin".to_owned(), place: Place::Stdin }
    }

    /// The file at `path`.
    #[must_use]
    pub fn file(path: &Path) -> Source {
        Source { name: path.to_string_lossy().into_owned(), place: Place::File(path.to_owned()) }
    }

    /// Opens it.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(&self, encoding: EncodingChoice) -> io::Result<Opened> {
        match &self.place {
            Place::Stdin => stream(io::stdin(), encoding),
            Place::File(path) => {
                let file = File::open(path)?;
                let metadata = file.metadata()?;
                if metadata.is_dir() {
                    return Err(io::Error::from(io::ErrorKind::IsADirectory));
                }
                // A file that claims to be empty may be one that is made while it is read, as below /proc.
                let positioned = metadata.is_file() && metadata.len() > 0;
                if !positioned {
                    return stream(file, encoding);
                }
                let len = metadata.len();
                let units = encoding.units(&head(&mut FileSpan::new(&file, 0, len))?);
                Ok(Opened::File { file, len, units })
            }
        }
    }

    /// The size that the file system lists, in bytes; `None` for what is not a regular file.
    #[must_use]
    pub fn listed_size(&self) -> Option<u64> {
        match &self.place {
            Place::Stdin => None,
            Place::File(path) => fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len()),
        }
    }
}

/// A stream, once its beginning is known.
fn stream(mut reader: impl Read + Send + 'static, encoding: EncodingChoice) -> io::Result<Opened> {
    let head = head(&mut reader)?;
    let units = encoding.units(&head);
    Ok(Opened::Stream { stream: Box::new(io::Cursor::new(head).chain(reader)), units })
}

/// What a reader delivers first: enough to tell what it is, or all there is.
///
/// A stream that is still being written is not waited for beyond its first lines.
fn head(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    const ENOUGH_BYTES: usize = 64;
    let mut head = vec![0; HEAD_BYTES];
    let mut len = 0;
    while len < ENOUGH_BYTES {
        match reader.read(&mut head[len..]) {
            Ok(0) => break,
            Ok(more) => len += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(len);
    Ok(head)
}
