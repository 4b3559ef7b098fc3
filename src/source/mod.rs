//! Where bytes come from: the only code that opens anything.
//!
//! Invariants: inputs are visited in the order in which they were named and, inside a folder, by name, so that the same
//! folder gives the same output anywhere; what cannot be listed or opened is a [`Problem`](crate::problem::Problem) and stops nothing.
//!
//! Files are read at positions and never mapped (decision 2): a log may be truncated or rotated at any moment, and a
//! mapped file then takes the process with it.

mod file;
mod walk;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use file::FileSpan;
pub use walk::{Found, Walk};

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
    },
    /// A pipe, a device or standard input.
    Stream(Box<dyn Read + Send>),
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
    pub fn open(&self) -> io::Result<Opened> {
        match &self.place {
            Place::Stdin => Ok(Opened::Stream(Box::new(io::stdin()))),
            Place::File(path) => {
                let file = File::open(path)?;
                let metadata = file.metadata()?;
                if metadata.is_dir() {
                    return Err(io::Error::from(io::ErrorKind::IsADirectory));
                }
                // A file that claims to be empty may be one that is made while it is read, as below /proc.
                let positioned = metadata.is_file() && metadata.len() > 0;
                Ok(if positioned { Opened::File { file, len: metadata.len() } } else { Opened::Stream(Box::new(file)) })
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
