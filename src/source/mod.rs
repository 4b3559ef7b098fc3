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
mod archive;
mod binary;
mod budget;
mod chain;
mod compression;
mod content;
mod encoding;
mod file;
mod input;
mod ledger;
mod member;
mod members;
mod meter;
pub mod name;
mod recognise;
mod seen;
pub mod select;
mod stop;
mod walk;
pub mod wildcard;

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use ahead::Ahead;
pub use archive::Passwords;
pub use budget::{Limits, NESTING_LIMIT};
pub use chain::{Chain, Layer, What};
pub use compression::{MAX_LAYERS, decompressed};
pub use content::{Beginning, Digest, Digesting};
pub use encoding::EncodingChoice;
pub use file::{DiskFile, FileSpan};
pub use member::WINDOW_LIMIT;
pub use members::Members;
pub use meter::{Amount, Meter};
pub use recognise::{Codec, Format, HEAD_BYTES, Recognised, SAMPLE_BYTES, Unsupported, recognise};
use select::Content;
pub use select::{Globs, Links, Selection};
pub use stop::Stop;
pub use walk::{Found, Walk};

use crate::problem::{self, Cause, Kind, Loss, Problem, Remedy};
use crate::units::Units;
use archive::{AtEnd, Container, ZipFile};
use budget::{Budget, Counted};
use compression::passed_on;
use input::Input;
use members::{Around, Nest, Unread};
use meter::{Gauge, Metered};

/// The argument, and the name in results, of standard input.
pub const STDIN: &str = "-";
/// How much of an archive that cannot be read from front to back is held in memory where it is no file, in bytes.
pub const HELD_BYTES: u64 = 64 << 20;

/// How sources are opened: the same for all of a run.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// What text is taken for.
    pub encoding: EncodingChoice,
    /// How much is unpacked.
    pub limits: Limits,
    /// What encrypted archives are opened with.
    pub passwords: Passwords,
    /// What adds up how much was read.
    pub meter: Meter,
    /// What ends reading early; the pipeline heeds it, too.
    pub stop: Stop,
}

/// Something that can be opened.
#[derive(Debug)]
pub struct Source {
    /// How results name it: the path as it was given, continued by what was found below it.
    pub name: String,
    place: Place,
    wanted: Wanted,
    /// The size in bytes, if whoever found it knows: asking again costs as much as it did.
    listed: Option<u64>,
}

#[derive(Debug)]
enum Place {
    Stdin,
    File(PathBuf),
    /// A member of a zip on disk.
    ZipMember {
        zip: ZipFile,
        index: usize,
        /// Gone when it is read, so that the end of reading is that of the budget.
        nest: Mutex<Option<Nest>>,
    },
    /// A member that comes once.
    Member(Mutex<Option<Unread>>),
}

/// What of a source is read.
#[derive(Clone, Debug, Default)]
struct Wanted {
    selection: Arc<Selection>,
    /// Its path below the input, which globs are matched against; empty for the input itself.
    below: String,
    /// Why it is not read, unless it is an archive: then its members are asked themselves, as files in a folder are.
    refused: Option<Refused>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Refused {
    /// The user did not ask for it.
    Silently,
    Because(Kind, Cause),
}

/// An opened source.
pub enum Opened {
    /// A regular file, and its length when it was opened: what is appended later is not read.
    File(TextFile),
    /// A compressed regular file, decompressed, up to the length it had when it was opened.
    Compressed(Stream),
    /// A pipe, a device, standard input or a member of an archive, decompressed if need be.
    Stream(Stream),
    /// It holds other sources.
    Archive(Members),
    /// It is not to be read, and why.
    Skipped(Problem),
    /// It is not to be read, as the user knows.
    LeftOut,
}

/// A regular file that is read as it lies.
#[derive(Debug)]
pub struct TextFile {
    /// To be read at positions, by several threads if need be.
    pub file: Arc<DiskFile>,
    /// In bytes.
    pub len: u64,
    /// What it is made of.
    pub units: Units,
    /// How it begins.
    pub beginning: Beginning,
}

/// Something to be read once, from front to back.
pub struct Stream {
    /// Its text.
    pub reader: Box<dyn Read + Send>,
    /// What that is, and was.
    pub what: What,
    /// How it begins.
    pub beginning: Beginning,
}

impl Source {
    /// Standard input.
    fn stdin(wanted: Wanted) -> Source {
        Source { name: "stdin".to_owned(), place: Place::Stdin, wanted, listed: None }
    }

    /// The file at `path`, whatever it holds.
    #[must_use]
    pub fn file(path: &Path) -> Source {
        let selection = Arc::new(Selection { content: Content::Any, ..Selection::default() });
        Source::selected(path, Wanted { selection, ..Wanted::default() }, None)
    }

    /// The file at `path`, as far as it is wanted. `listed`: its size in bytes, if it is known and the file a regular one.
    fn selected(path: &Path, wanted: Wanted, listed: Option<u64>) -> Source {
        Source { name: name::shown(path), place: Place::File(path.to_owned()), wanted, listed }
    }

    /// Opens it, or says why it is skipped.
    ///
    /// # Errors
    /// What the operating system says, or what is wrong with the archive that it lies in.
    pub fn open(&self, opening: &Opening) -> io::Result<Opened> {
        match &self.place {
            Place::Stdin => {
                let gauge = opening.meter.begin(None);
                self.stream(Box::new(Ahead::patient(Box::new(io::stdin()), &opening.stop)?), gauge, opening)
            }
            Place::File(path) => match self.open_file(path, opening) {
                Err(_) if self.wanted.refused == Some(Refused::Silently) => Ok(Opened::LeftOut),
                opened => opened,
            },
            Place::ZipMember { zip, index, nest } => {
                self.member(members::zip_member(zip.clone(), *index, taken_once(nest)?), opening)
            }
            Place::Member(unread) => self.member(taken_once(unread), opening),
        }
    }

    fn open_file(&self, path: &Path, opening: &Opening) -> io::Result<Opened> {
        let opened = self.open_path(path, &opening.stop);
        let (file, metadata) = opened.inspect_err(|_| opening.meter.pass_over(self.listed.unwrap_or(0)))?;
        let len = metadata.len();
        if !metadata.is_file() {
            let gauge = opening.meter.begin(None);
            return self.stream(Box::new(Ahead::patient(Box::new(file), &opening.stop)?), gauge, opening);
        }
        // A file that claims to be empty may be one that is made while it is read, as below /proc.
        if len == 0 {
            return self.stream(Box::new(file), opening.meter.begin(None), opening);
        }
        let file = Arc::new(DiskFile::new(file, len, &opening.meter));
        let head = file_head(&file, len)?;
        match recognise(&head) {
            Recognised::Archive(format) => return self.archive_file(format, file, len, opening),
            Recognised::Codec(_) => {
                let nest = Nest { chain: Chain::default(), budget: self.budget(opening, len) };
                let opened = self.open_stream(Input::of_file(file, 0, len), nest, opening)?;
                return Ok(match opened {
                    Opened::Stream(stream) => Opened::Compressed(stream),
                    other => other,
                });
            }
            Recognised::Unsupported(format) => return Ok(self.unsupported(format)),
            Recognised::Binary(kind) => {
                if let Some(opened) = self.zip_behind(&file, len, opening)? {
                    return Ok(opened);
                }
                if let Some(unsupported) = packed(&file, len, kind)? {
                    return Ok(self.unsupported(unsupported));
                }
                if self.is_to_be_text() {
                    return Ok(self.refused().unwrap_or_else(|| Opened::Skipped(self.binary(kind))));
                }
            }
            Recognised::Text => {}
        }
        if let Some(refused) = self.refused() {
            return Ok(refused);
        }
        let told = &head[..head.len().min(encoding::HEAD_BYTES)];
        let (units, beginning) = (opening.encoding.units(told), Beginning::of(told));
        Ok(Opened::File(TextFile { file, len, units, beginning }))
    }

    /// A file that begins like no text, if it ends like a zip.
    fn zip_behind(&self, file: &Arc<DiskFile>, len: u64, opening: &Opening) -> io::Result<Option<Opened>> {
        Ok(match AtEnd::of(file, len, &archive_options(opening))? {
            Some(AtEnd::Whole(zip)) => Some(self.zip_file(zip, len, opening)),
            Some(AtEnd::Part) => Some(Opened::Skipped(archive::one_part().of_input(&self.name))),
            Some(AtEnd::Damaged) => {
                let nest = Nest { chain: Chain::default(), budget: self.budget(opening, len) };
                let container = Container::File { file: Arc::clone(file), start: 0, len };
                Some(self.archive(Format::Zip, container, nest, opening)?)
            }
            None => None,
        })
    }

    /// What lies at `path`, if that is no folder.
    fn open_path(&self, path: &Path, stop: &Stop) -> io::Result<(File, Metadata)> {
        // A pipe opens when somebody writes to it.
        let may_wait = self.listed.is_none() && fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let file = if may_wait {
            let path = path.to_owned();
            stop.wait_for(move || File::open(path))?
        } else {
            File::open(path)?
        };
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        Ok((file, metadata))
    }

    fn budget(&self, opening: &Opening, len: u64) -> Arc<Budget> {
        let file = match &self.place {
            Place::File(path) => path.file_name().map(Path::new).map(name::shown),
            _ => None,
        };
        Budget::new(opening.limits, len, file.as_deref().unwrap_or(&self.name))
    }

    /// What is no regular file.
    fn stream(&self, reader: Box<dyn Read + Send>, gauge: Gauge, opening: &Opening) -> io::Result<Opened> {
        let reader = Metered { reader, gauge };
        let budget = self.budget(opening, 0);
        let input = Input::new(Box::new(Counted { reader, budget: Arc::clone(&budget) }));
        self.open_stream(input, Nest { chain: Chain::default(), budget }, opening)
    }

    fn member(&self, unread: io::Result<Unread>, opening: &Opening) -> io::Result<Opened> {
        let begun = unread.and_then(|Unread { reader, nest, .. }| {
            let mut input = Input::new(reader);
            let failure = if input.peek(1).is_empty() { input.failure() } else { None };
            failure.map_or(Ok((input, nest)), Err)
        });
        match begun {
            Ok((input, nest)) => self.open_stream(input, nest, opening),
            Err(_) if self.wanted.refused == Some(Refused::Silently) => Ok(Opened::LeftOut),
            Err(error) => Err(error),
        }
    }

    /// Opens a stream, layer by layer.
    fn open_stream(&self, input: Input, nest: Nest, opening: &Opening) -> io::Result<Opened> {
        let Nest { mut chain, budget } = nest;
        let is_bare = chain.is_empty();
        let mut input = compression::unpacked(input, &mut chain, &budget);
        match recognise(input.peek(HEAD_BYTES)) {
            Recognised::Archive(format) => {
                let container = Container::Stream(Box::new(input.into_reader()));
                return self.archive(format, container, Nest { chain, budget }, opening);
            }
            Recognised::Unsupported(format) => return Ok(self.unsupported(format)),
            _ => {}
        }
        if let Some(refused) = self.refused() {
            return Ok(refused);
        }
        if self.is_to_be_text()
            && let Recognised::Binary(kind) = recognise(input.peek(SAMPLE_BYTES))
        {
            let is_piped = is_bare && chain.is_empty();
            return if is_piped {
                Ok(Opened::Skipped(self.binary(kind)))
            } else {
                self.binary_stream(kind, input, &opening.stop)
            };
        }
        let head = input.peek(encoding::HEAD_BYTES);
        let (units, beginning) = (opening.encoding.units(head), Beginning::of(head));
        Ok(Opened::Stream(Stream { reader: Box::new(input.into_reader()), what: What { chain, units }, beginning }))
    }

    /// Unpacked data that begin like no text. Those that are damaged often do, which shows at their end at the latest.
    fn binary_stream(&self, kind: &str, mut input: Input, stop: &Stop) -> io::Result<Opened> {
        let is_certain = recognise::is_certainly_binary(input.peek(SAMPLE_BYTES));
        while !is_certain && !input.available().is_empty() {
            if stop.is_requested() {
                return Err(Loss::interrupted().into());
            }
            let len = input.available().len();
            input.consume(len);
        }
        match input.failure().map(|error| passed_on(error, Some(0))) {
            // What was not to be read anyway cannot be too much.
            Some(error) if Loss::of(&error).is_none_or(|loss| loss.kind != Kind::OverLimit) => Err(error),
            _ => Ok(Opened::Skipped(self.binary(kind))),
        }
    }

    /// An archive that is a file.
    fn archive_file(&self, format: Format, file: Arc<DiskFile>, len: u64, opening: &Opening) -> io::Result<Opened> {
        if format == Format::Zip {
            let options = archive_options(opening);
            // One that has lost its directory is read from front to back, as far as it goes.
            if let Ok(Some(zip)) = ZipFile::open(Arc::clone(&file), 0, len, &options) {
                return Ok(self.zip_file(zip, len, opening));
            }
        }
        let nest = Nest { chain: Chain::default(), budget: self.budget(opening, len) };
        self.archive(format, Container::File { file, start: 0, len }, nest, opening)
    }

    /// A zip in a file of `len` bytes.
    fn zip_file(&self, zip: ZipFile, len: u64, opening: &Opening) -> Opened {
        let nest = Nest { chain: Chain::default(), budget: self.budget(opening, len) };
        Opened::Archive(Members::independent(self.around(Format::Zip, nest, opening), zip, len))
    }

    fn archive(&self, format: Format, container: Container, nest: Nest, opening: &Opening) -> io::Result<Opened> {
        if nest.chain.archives() >= usize::from(opening.limits.nesting.min(NESTING_LIMIT)) {
            return Ok(Opened::Skipped(self.nested_too_deep(opening.limits.nesting)));
        }
        let around = self.around(format, nest, opening);
        Members::sequential(around, format, container, archive_options(opening)).map(Opened::Archive)
    }

    fn around(&self, format: Format, nest: Nest, opening: &Opening) -> Around {
        let Nest { mut chain, budget } = nest;
        chain.push(Layer::Archive(format));
        let (name, below) = (self.name.clone(), self.wanted.below.clone());
        let selection = Arc::clone(&self.wanted.selection);
        Around { name, below, selection, chain, budget, stop: opening.stop.clone() }
    }

    fn nested_too_deep(&self, limit: u8) -> Problem {
        let remedy =
            if limit < NESTING_LIMIT { Remedy::Raise(problem::Limit::Nesting) } else { Remedy::UnpackOutermost };
        let what = format!("an archive inside so many others ({limit}) was not read");
        Problem::new(&self.name, Kind::OverLimit, what).remedy(remedy)
    }

    /// What becomes of it if it is of a format that cannot be read. The members of an archive might be wanted, whatever its own
    /// name and time.
    fn unsupported(&self, format: Unsupported) -> Opened {
        let is_archive = matches!(format, Unsupported::Archive(_));
        let refused = if is_archive { None } else { self.refused() };
        refused.unwrap_or_else(|| Opened::Skipped(format.loss().of_input(&self.name)))
    }

    /// What becomes of it if it is no archive and not wanted.
    fn refused(&self) -> Option<Opened> {
        self.wanted.refused.clone().map(|refused| match refused {
            Refused::Silently => Opened::LeftOut,
            Refused::Because(kind, why) => Opened::Skipped(Problem::new(&self.name, kind, why)),
        })
    }

    fn binary(&self, kind: &str) -> Problem {
        if kind == recognise::NOT_TEXT && recognise::is_named_as_later_part(&self.name) {
            return Unsupported::LaterPart.loss().of_input(&self.name);
        }
        let what = format!("skipped, a binary file ({kind})");
        Problem::new(&self.name, Kind::Binary, what).remedy(Remedy::ReadBinary)
    }

    /// The size that the file system lists, in bytes; `None` for what is not a regular file.
    #[must_use]
    pub fn listed_size(&self) -> Option<u64> {
        match &self.place {
            Place::Stdin | Place::ZipMember { .. } | Place::Member(_) => None,
            Place::File(path) => {
                self.listed.or_else(|| fs::metadata(path).ok().filter(Metadata::is_file).map(|metadata| metadata.len()))
            }
        }
    }

    /// How much of the disk is read for it, in bytes: nothing if it cannot be opened; `None` if only its end will tell, as
    /// of a pipe.
    #[must_use]
    pub fn disk_bytes(&self) -> Option<u64> {
        match &self.place {
            Place::Stdin => None,
            Place::ZipMember { .. } | Place::Member(_) => Some(0),
            Place::File(path) => self.listed.or_else(|| match fs::metadata(path) {
                Ok(metadata) => metadata.is_file().then_some(metadata.len()),
                Err(_) => Some(0),
            }),
        }
    }

    /// The digest of its first `len` bytes, if it is a file that has them and the run is not to end.
    #[must_use]
    pub fn digest(&self, len: u64, stop: &Stop) -> Option<Digest> {
        match &self.place {
            Place::File(path) => content::file_digest(path, len, stop).ok().flatten(),
            Place::Stdin | Place::ZipMember { .. } | Place::Member(_) => None,
        }
    }

    /// Whether it is read only if it is text.
    #[must_use]
    pub fn is_to_be_text(&self) -> bool {
        self.wanted.selection.content == Content::Text
    }

    /// Whether it is one piece of work, however large it is: what lies in an archive cannot be read in ranges.
    #[must_use]
    pub fn is_member(&self) -> bool {
        matches!(self.place, Place::ZipMember { .. } | Place::Member(_))
    }
}

fn taken_once<T>(once: &Mutex<Option<T>>) -> io::Result<T> {
    let taken = once.lock().unwrap_or_else(PoisonError::into_inner).take();
    taken.ok_or_else(|| io::Error::other("a member of an archive can be read only once"))
}

fn archive_options(opening: &Opening) -> archive::Options {
    archive::Options {
        passwords: opening.passwords.clone(),
        held_bytes: HELD_BYTES,
        max_members: opening.limits.members,
    }
}

/// The first bytes of a file, as many as are looked at, in one read where the system allows it.
/// What is packed in a binary file that cannot be unpacked.
fn packed(file: &DiskFile, len: u64, kind: &str) -> io::Result<Option<Unsupported>> {
    let read = |start: u64, end: u64| {
        let mut bytes = Vec::new();
        FileSpan::new(file, start, end).read_to_end(&mut bytes).map(|_| bytes)
    };
    if kind.ends_with("executable") {
        let program = read(0, len.min(recognise::PROGRAM_BYTES as u64))?;
        return Ok(recognise::packed_behind(&program));
    }
    Ok(recognise::by_trailer(&read(len.saturating_sub(recognise::TRAILER_BYTES as u64), len)?))
}

fn file_head(file: &DiskFile, len: u64) -> io::Result<Vec<u8>> {
    let wanted = usize::try_from(len).unwrap_or(usize::MAX).min(SAMPLE_BYTES);
    let mut head = vec![0; wanted];
    FileSpan::new(file, 0, len).read_exact(&mut head)?;
    Ok(head)
}
