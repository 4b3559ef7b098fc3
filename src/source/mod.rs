//! Where bytes come from: the only code that opens anything.
//!
//! Invariants: inputs are visited in the order in which they were named and, inside a folder, by name, so that the same
//! folder gives the same output anywhere; what cannot be listed or opened is a [`Problem`] and stops nothing.
//!
//! What is skipped, and why, is a problem as well, of a kind that is no loss: a picture, a pipe, what the user left out.
//!
//! Long paths and network shares on Windows need nothing here: the standard library opens and lists what goes beyond 260
//! characters by its verbatim form (`\\?\`, `\\?\UNC\`), and results show the path as it was given.
//!
//! Files are read at positions and never mapped (decision 2): a log may be truncated or rotated at any moment, and a
//! mapped file then takes the process with it. Compressed files are decompressed in memory, by their content; all that
//! comes after sees their text only, and every offset is one in that text.

mod ahead;
#[allow(dead_code, reason = "not opened from anywhere yet")]
mod archive;
pub mod binary;
mod compression;
mod encoding;
mod file;
mod input;
mod member;
pub mod name;
mod seen;
pub mod select;
mod walk;
pub mod wildcard;

use std::fs::{self, File};
use std::io::{self, Read, Seek as _};
use std::path::{Path, PathBuf};

pub use ahead::Ahead;
pub use compression::{Codec, MAX_LAYERS, decompressed};
pub use encoding::EncodingChoice;
pub use file::FileSpan;
pub use member::WINDOW_LIMIT;
use select::Content;
pub use select::{Globs, Links, Selection};
pub use walk::{Found, Walk};

use crate::problem::{Kind, Problem};
use crate::units::Units;

/// The argument, and the name in results, of standard input.
pub const STDIN: &str = "-";

/// Something that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// How results name it: the path as it was given, continued by what was found below it.
    pub name: String,
    place: Place,
    content: Content,
    /// The size in bytes, if whoever found it knows: asking again costs as much as it did.
    listed: Option<u64>,
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
    /// A compressed regular file, decompressed, up to the length it had when it was opened.
    Compressed(Stream),
    /// A pipe, a device or standard input, decompressed if need be.
    Stream(Stream),
    /// It is not to be read, and why.
    Skipped(Problem),
}

/// Something to be read once, from front to back.
pub struct Stream {
    /// Its text.
    pub reader: Box<dyn Read + Send>,
    /// What that is made of.
    pub units: Units,
}

impl Source {
    /// Standard input.
    #[must_use]
    pub fn stdin() -> Source {
        Source { name: "stdin".to_owned(), place: Place::Stdin, content: Content::Any, listed: None }
    }

    /// The file at `path`, whatever it holds.
    #[must_use]
    pub fn file(path: &Path) -> Source {
        Source::selected(path, Content::Any, None)
    }

    /// The file at `path`, to be skipped unless it has that content, which pipes and devices are not asked for.
    /// `listed`: its size in bytes, if it is known and the file a regular one.
    fn selected(path: &Path, content: Content, listed: Option<u64>) -> Source {
        Source { name: name::shown(path), place: Place::File(path.to_owned()), content, listed }
    }

    /// Opens it, or says why it is skipped.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(&self, encoding: EncodingChoice) -> io::Result<Opened> {
        let stream = |reader| Opened::Stream(Stream::new(decompressed(reader), encoding));
        match &self.place {
            Place::Stdin => Ok(stream(Box::new(io::stdin()))),
            Place::File(path) => {
                let mut file = File::open(path)?;
                let metadata = file.metadata()?;
                if metadata.is_dir() {
                    return Err(io::Error::from(io::ErrorKind::IsADirectory));
                }
                // A file that claims to be empty may be one that is made while it is read, as below /proc.
                let len = metadata.len();
                if !metadata.is_file() || len == 0 {
                    return Ok(stream(Box::new(file)));
                }
                let head = file_head(&file, len)?;
                if Codec::of(&head).is_some() {
                    // On Windows, reading at a position moves the file's own.
                    file.rewind()?;
                    let text = decompressed(Box::new(file.take(len)));
                    return Ok(Opened::Compressed(Stream::new(text, encoding)));
                }
                Ok(match self.binary_kind(&file)? {
                    Some(kind) => Opened::Skipped(self.binary(kind)),
                    None => Opened::File { file, len, units: encoding.units(&head) },
                })
            }
        }
    }

    /// What kind of binary file it is, if that matters.
    fn binary_kind(&self, file: &File) -> io::Result<Option<&'static str>> {
        if self.content == Content::Any {
            return Ok(None);
        }
        let mut sample = [0; binary::SAMPLE_BYTES];
        // Once: in the rare case that the system gives less than it could, less is judged.
        let len = FileSpan::new(file, 0, u64::MAX).read(&mut sample)?;
        Ok(binary::kind(&sample[..len]))
    }

    fn binary(&self, kind: &str) -> Problem {
        let detail = format!("skipped, a binary file ({kind}); --binary reads it");
        Problem { path: self.name.clone(), kind: Kind::Binary, detail }
    }

    /// The size that the file system lists, in bytes; `None` for what is not a regular file.
    #[must_use]
    pub fn listed_size(&self) -> Option<u64> {
        match &self.place {
            Place::Stdin => None,
            Place::File(path) => self
                .listed
                .or_else(|| fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len())),
        }
    }
}

impl Stream {
    /// A stream, once its beginning is known. One that is still being written is not waited for beyond its first lines.
    fn new(mut reader: Box<dyn Read + Send>, encoding: EncodingChoice) -> Stream {
        const ENOUGH_BYTES: u64 = 64;
        let mut head = Vec::new();
        // What fails at once fails again where it is reported, behind what could be read.
        let failed = reader.by_ref().take(ENOUGH_BYTES).read_to_end(&mut head).err();
        let units = encoding.units(&head);
        Stream { reader: Box::new(io::Cursor::new(head).chain(Failing(failed)).chain(reader)), units }
    }
}

/// Fails once with an error that was met before.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The first bytes of a file.
fn file_head(file: &File, len: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    FileSpan::new(file, 0, len.min(encoding::HEAD_BYTES as u64)).read_to_end(&mut head)?;
    Ok(head)
}
