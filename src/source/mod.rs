//! Finds and opens inputs: files, folders, standard input, and the members of archives. No other code opens an input.
//!
//! Invariants:
//! * Inputs are visited in the order in which they were given and, inside a folder, by name, so that the same folder gives the
//!   same output everywhere. Only names of copies come after the names of their originals.
//! * An input that cannot be listed or opened is a [`Problem`], and the run continues.
//! * An input that is skipped, such as a picture, a pipe, or a file that the user excluded, is a problem, too, but of a kind
//!   that is not a loss.
//!
//! Long paths and network shares on Windows need no special care. The standard library opens and lists paths of more than 260
//! characters in their verbatim form (`\\?\`, `\\?\UNC\`), and results show each path as it was given.
//!
//! Files are read at positions and never mapped: a log may be truncated or rotated at any moment, and that ends a process that
//! has mapped it. Compressed files are recognised by their content and decompressed in memory. All later code sees only
//! their text, and every offset is an offset in that text.
//!
//! Two names also exist elsewhere. Here, [`Written`] is the encoding of the text of a source; the variant `Written` of
//! `ExpectedCode` in [`pattern`](crate::pattern) is a code as it is spelled in an example. Here, [`Limits`] are the limits of
//! unpacking; those in [`chunk`](crate::chunk) are the lengths of chunks and lines.

mod ahead;
mod budget;
mod chain;
mod content;
mod encoding;
mod ledger;
mod listing;
pub mod machines;
mod members;
mod meter;
pub(crate) mod names;
mod plain;
mod seen;
pub mod select;
mod stop;
mod times;
mod walk;
pub mod wildcard;
mod zones;

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use same_file::Handle;

pub use ahead::Ahead;
pub use budget::{Limits, NESTING_LIMIT};
pub use chain::{Chain, Layer, What};
pub use content::{Again, BEGINNING_BYTES, Beginning, Digest, Digesting, Digests, HashedPart, hashed_len};
pub use encoding::EncodingChoice;
pub use members::Members;
pub use meter::Meter;
use select::{Clock, Content};
pub use select::{Globs, Links, Selection, TEMPORARY_PREFIX};
pub use stop::Stop;
pub use walk::{Found, Walk};
pub use zones::{ZoneRule, Zones};

use crate::name;
use crate::neighbour;
use crate::problem::{self, Cause, Kind, Loss, Problem, Remedy};
use crate::time::detect::{Given, ZoneBy};
use crate::units::{UserColumn, Written};
use crate::unpack::{
    self, AtEnd, Codec, Container, DiskFile, FileSpan, Format, HEAD_BYTES, Input, Passwords, Recognised, SAMPLE_BYTES,
    Unsupported, ZipFile, passed_on, recognise,
};
use budget::{Budget, Charged, Counted};
use content::State;
use members::{Around, Nest, Unread};
use meter::{Gauge, Metered};
use names::Listing;

/// The argument that stands for standard input.
pub const STDIN: &str = "-";
/// The longest archive, in bytes, that is held in memory because it is not a file and its format cannot be read from front
/// to back.
pub const HELD_BYTES: u64 = 64 << 20;

/// The options for opening the sources of a run, and the state that all of them share.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// The encoding that text is assumed to be in.
    pub encoding: EncodingChoice,
    /// The limits of unpacking.
    pub limits: Limits,
    /// The passwords for encrypted archives.
    pub passwords: Passwords,
    /// Whether a text with this beginning is output of this program, which must not be counted again. The beginning is the
    /// whole text, or at least 8 KiB of it. If this is `None`, everything is read.
    pub is_own_output: Option<fn(&[u8]) -> bool>,
    /// What the user has specified about the times in sources.
    pub times: Given,
    /// The zones of logs by host or path, for when `times` specifies none.
    pub zones: Zones,
    /// Whether the lines of files are not read, so that the form of their times is not needed.
    pub without_lines: bool,
    /// How many threads may convert the same event log.
    pub threads: usize,
    /// Counts what was read.
    pub meter: Meter,
    /// Ends reading early. The pipeline obeys it, too.
    pub stop: Stop,
    /// Adds up how long the file system took to open files. Each thread that opens files has its own.
    pub waited: Waited,
}

/// Measures how long a thread has waited for the file system. Clones share the measurement.
#[derive(Clone, Debug, Default)]
pub struct Waited(Arc<AtomicU64>);

impl Waited {
    fn add(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Returns the time spent waiting since the last call of [`Waited::take`].
    #[must_use]
    pub fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// Returns the time spent waiting since the last call, and starts again at zero.
    #[must_use]
    pub fn take(&self) -> Duration {
        Duration::from_nanos(self.0.swap(0, Ordering::Relaxed))
    }
}

/// The part of a source that outlives its reading: its name in results, and its size and time on disk.
#[derive(Debug)]
pub struct Source {
    /// The name in results: the path as the user passed it and, for a source in a folder or an archive, the path inside it.
    pub name: String,
    content: Content,
    /// The only part of the file that is read, if there is one.
    piece: Option<Range<u64>>,
    /// Whether no other source begins with the same bytes, so that it is not hashed.
    is_alone: bool,
    listed: OnceLock<Listed>,
    /// Set if the source was opened and does not begin like text.
    binary: OnceLock<()>,
}

/// The size and time of a regular file, according to the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The size in bytes.
    pub len: u64,
    /// The time of the last modification, or `None` if the file system does not store it.
    pub modified: Option<SystemTime>,
}

impl Listed {
    fn of(metadata: &Metadata) -> Listed {
        Listed { len: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// A source that has not been opened yet.
#[derive(Debug)]
pub struct Openable {
    known: Known,
    place: Place,
}

/// What is known about a source before it is opened.
#[derive(Debug)]
struct Known {
    source: Arc<Source>,
    /// The path on disk, or `None` for standard input and for members of archives.
    path: Option<Arc<Path>>,
    /// The entry of the path in the list of all paths, if a walk has found it.
    listing: Option<Listing>,
    wanted: Wanted,
    /// The size and time, if the walk already knows them.
    listed: Option<Listed>,
    /// The time of the last modification according to the archive that contains the source.
    modified: Option<SystemTime>,
}

/// The place of a source: on disk, standard input or in an archive.
#[derive(Debug)]
enum Place {
    Stdin,
    File,
    /// A pipe or a device.
    Special,
    /// A member of a zip archive on disk, which can be read independently of the others.
    ZipMember {
        zip: ZipFile,
        index: usize,
        nest: Nest,
    },
    /// A member of any other archive, which can be read once.
    Member(Unread),
}

/// Whether and how a source is read.
#[derive(Clone, Debug, Default)]
struct Wanted {
    selection: Arc<Selection>,
    /// The path below the input, against which globs are matched. Empty for the input itself.
    below: String,
    /// The depth in folders below the input; 0 for the input itself.
    depth: usize,
    /// The reason why the source is not read, if there is one. It does not apply to an archive, because each of its members is
    /// selected on its own, like a file in a folder.
    refused: Option<Refused>,
    /// The file that standard output is redirected to, which must not be read.
    spared: Option<Arc<Handle>>,
}

/// The reason why a source is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refused {
    /// No glob matches the source, which is not reported.
    Silently,
    Because(Kind, Cause),
}

/// An opened source.
pub enum Opened {
    /// A regular file. It is read up to the length that it had when it was opened: bytes that are appended later are not read.
    File(TextFile),
    /// A compressed regular file, decompressed, up to the length it had when it was opened.
    Compressed(Stream),
    /// A pipe, a device, standard input or a member of an archive, decompressed if it is compressed.
    Stream(Stream),
    /// An archive, with its members.
    Archive(Members),
    /// A source that is not read, with the reason to report.
    Skipped(Problem),
    /// A source that is not read, which is not reported.
    LeftOut,
}

/// A regular file that is neither compressed nor an archive.
#[derive(Debug)]
pub struct TextFile {
    /// The file, which several threads can read at once.
    pub file: Arc<DiskFile>,
    /// The length of the file in bytes when it was opened.
    pub len: u64,
    /// The encoding of the text.
    pub written: Written,
    /// A hash of the first bytes of the file, to find copies.
    pub beginning: Beginning,
    /// The means to open the file again, to compare it with a possible copy.
    pub again: Again,
}

impl TextFile {
    /// Whether the whole file was read when it was opened.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.file.head(usize::MAX).len() as u64 == self.len
    }

    /// Computes the digests of a piece of the file. Returns `None` if it cannot be read to its end, or if `stop` is requested.
    #[must_use]
    pub fn digests(&self, piece: Range<u64>, stop: &Stop) -> Option<Digests> {
        content::digests(FileSpan::new(&self.file, piece.start, piece.end), piece.end - piece.start, stop)
    }

    /// Computes the hashes of the parts of a range of the file, from which that of the whole file follows. Returns `None` if it cannot be
    /// read to its end, or if `stop` is requested.
    #[must_use]
    pub fn hashed_parts(&self, range: Range<u64>, stop: &Stop) -> Option<Vec<HashedPart>> {
        content::hashed_parts(FileSpan::new(&self.file, range.start, range.end), range, stop)
    }

    /// Computes the digest of the whole file. Returns `None` if the file cannot be read to its end, or if `stop` is requested.
    #[must_use]
    pub fn digest(&self, stop: &Stop) -> Option<Digest> {
        content::digest(FileSpan::new(&self.file, 0, self.len), self.len, stop)
    }
}

/// A source that can be read once, from front to back.
pub struct Stream {
    /// The reader of the text.
    pub reader: Box<dyn Read + Send>,
    /// The layers around the text, and its encoding.
    pub what: What,
    /// A hash of the first bytes of the stream, to find copies.
    pub beginning: Beginning,
}

impl Source {
    /// Creates a source that another process has read.
    #[must_use]
    pub fn read_by_other(name: &str) -> Source {
        let (listed, binary) = (OnceLock::new(), OnceLock::new());
        Source { name: name.to_owned(), content: Content::Text, piece: None, is_alone: false, listed, binary }
    }

    /// Returns the only part of the file that is read, or `None` if all of it is.
    #[must_use]
    pub fn piece(&self) -> Option<Range<u64>> {
        self.piece.clone()
    }

    /// Whether no other source begins with the same bytes, which was known before it was opened.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// Returns the size and time of a regular file that was opened, or `None` for anything else.
    #[must_use]
    pub fn listed(&self) -> Option<Listed> {
        self.listed.get().copied()
    }

    /// Whether this source is read only if it is text.
    #[must_use]
    pub fn is_to_be_text(&self) -> bool {
        self.content == Content::Text
    }

    /// Whether this source begins like text. Other sources are read only with [`Content::Any`].
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.binary.get().is_none()
    }
}

impl Openable {
    fn new(name: String, path: Option<Arc<Path>>, wanted: Wanted, place: Place) -> Openable {
        let source = Arc::new(Source {
            name,
            content: wanted.selection.content,
            piece: None,
            is_alone: false,
            listed: OnceLock::new(),
            binary: OnceLock::new(),
        });
        let known = Known { source, path, listing: None, wanted, listed: None, modified: None };
        Openable { known, place }
    }

    /// Sets the time of the last modification according to the archive that contains the source.
    fn modified(mut self, modified: Option<SystemTime>) -> Openable {
        self.known.modified = modified;
        self
    }

    /// Returns standard input.
    fn stdin(wanted: Wanted) -> Openable {
        Openable::new("stdin".to_owned(), None, wanted, Place::Stdin)
    }

    /// Returns the file at `path`, which is read whatever it contains. Nothing is opened yet.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// use callcodes::source::{Openable, Opened, Opening};
    ///
    /// match Openable::file(Path::new("mfa.log")).open(&Opening::default())? {
    ///     Opened::File(text) => println!("a text of {} bytes", text.len),
    ///     Opened::Archive(_) => println!("an archive"),
    ///     _ => println!("something else"),
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn file(path: &Path) -> Openable {
        let selection = Arc::new(Selection { content: Content::Any, ..Selection::default() });
        let wanted = Wanted { selection, ..Wanted::default() };
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => Openable::special(path, wanted),
            metadata => Openable::selected(Arc::from(path), wanted, metadata.ok().as_ref().map(Listed::of)),
        }
    }

    /// Returns a regular file that a [`Walk`] of another process has found, or a part of it.
    ///
    /// `below` is its path below the input in which it was found, and empty for the input itself. `is_unmatched` is whether no glob
    /// matches it, so that it is read only if it is an archive.
    #[must_use]
    pub fn planned(
        path: &Path,
        below: &str,
        is_unmatched: bool,
        piece: Option<Range<u64>>,
        selection: &Arc<Selection>,
    ) -> Openable {
        let depth = if below.is_empty() { 0 } else { 1 + below.matches(['/', '\\']).count() };
        let refused = is_unmatched.then_some(Refused::Silently);
        let (selection, below) = (Arc::clone(selection), below.to_owned());
        let wanted = Wanted { selection, below, depth, refused, spared: None };
        let mut openable = Openable::selected(Arc::from(path), wanted, None);
        if let Some(source) = Arc::get_mut(&mut openable.known.source) {
            source.piece = piece;
        }
        openable
    }

    /// Records that no other source begins with the same bytes.
    #[must_use]
    pub fn alone(mut self) -> Openable {
        if let Some(source) = Arc::get_mut(&mut self.known.source) {
            source.is_alone = true;
        }
        self
    }

    /// Returns the path on disk of a file that is read as it is found, and its path below the input and whether no glob matches it, for
    /// [`Openable::planned`]. Returns `None` for standard input, pipes and devices.
    #[must_use]
    pub fn plan(&self) -> Option<(&Path, &str, bool)> {
        let Known { path, wanted, .. } = &self.known;
        let path = path.as_deref().filter(|_| matches!(self.place, Place::File))?;
        Some((path, &wanted.below, wanted.refused == Some(Refused::Silently)))
    }

    /// Returns the regular file at `path`.
    fn selected(path: Arc<Path>, wanted: Wanted, listed: Option<Listed>) -> Openable {
        let mut openable = Openable::new(name::shown(&path), Some(path), wanted, Place::File);
        openable.known.listed = listed;
        openable
    }

    /// Sets the entry of the path in the list of all paths.
    fn listed_in(mut self, listing: Listing) -> Openable {
        self.known.listing = Some(listing);
        self
    }

    /// Returns the pipe or device at `path`.
    fn special(path: &Path, wanted: Wanted) -> Openable {
        Openable::new(name::shown(path), Some(Arc::from(path)), wanted, Place::Special)
    }

    /// Returns the part of this source that outlives its reading: the name in results, and the size and time on disk.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.known.source
    }

    /// Opens the source and recognises what it is.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, or a [`Loss`] that describes what is wrong with the source or with the archive
    /// that contains it. A source that is skipped by a rule is not an error but [`Opened::Skipped`].
    pub fn open(self, opening: &Opening) -> io::Result<Opened> {
        let Openable { known, place } = self;
        let opened = match place {
            Place::Stdin => {
                let gauge = opening.meter.begin(None);
                known.stream(Box::new(Ahead::patient(Box::new(io::stdin()), &opening.stop)?), gauge, opening)
            }
            Place::File => {
                let started = Instant::now();
                known.open_file(File::open(known.path()), started, opening)
            }
            Place::Special => {
                // Opening a pipe waits until another program opens it for writing.
                let path = known.path().to_owned();
                let file = opening.stop.wait_for(move || File::open(path));
                known.open_file(file, Instant::now(), opening)
            }
            Place::ZipMember { zip, index, nest } => known.member(members::zip_member(zip, index, nest), opening),
            Place::Member(unread) => known.member(Ok(unread), opening),
        };
        match opened {
            Err(_) if known.wanted.refused == Some(Refused::Silently) => Ok(Opened::LeftOut),
            opened => opened,
        }
    }

    /// Returns the size of this source on disk in bytes: 0 if it cannot be opened or is in an archive, and `None` if the size is
    /// known only at its end, as for a pipe.
    #[must_use]
    pub fn disk_bytes(&self) -> Option<u64> {
        match self.place {
            Place::Stdin | Place::Special => None,
            Place::ZipMember { .. } | Place::Member(_) => Some(0),
            Place::File => Some(self.known.listed().map_or(0, |listed| listed.len)),
        }
    }

    /// Returns the size of a regular file in bytes, if it is known without asking the file system.
    #[must_use]
    pub fn known_size(&self) -> Option<u64> {
        self.known.listed.map(|listed| listed.len)
    }

    /// Whether a read can wait for another program, as with a pipe.
    #[must_use]
    pub fn may_keep_waiting(&self) -> bool {
        matches!(self.place, Place::Stdin | Place::Special)
    }
}

impl Known {
    /// Returns the path, or an empty one if there is none.
    fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    /// Stores the size and time for [`Source::listed`].
    fn note(&self, listed: Listed) {
        // This cannot fail: each source is opened only once.
        let _ = self.source.listed.set(listed);
    }

    /// Records for [`Source::is_text`] that the source does not begin like text.
    fn note_binary(&self) {
        let _ = self.source.binary.set(());
    }

    /// Returns the size and time of a file. Asks the file system if the walk does not know them.
    fn listed(&self) -> Option<Listed> {
        let ask = || fs::metadata(self.path()).ok().filter(Metadata::is_file).map(|metadata| Listed::of(&metadata));
        self.listed.or_else(ask)
    }

    /// Recognises a file that was opened at `started`, or reports why it could not be opened.
    fn open_file(&self, file: io::Result<File>, started: Instant, opening: &Opening) -> io::Result<Opened> {
        let opened = file.and_then(|file| match file.metadata()? {
            metadata if metadata.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            metadata => Ok((file, metadata)),
        });
        let (file, metadata) = match opened {
            Ok(opened) => opened,
            Err(reason) => {
                let listed = self.listed();
                listed.into_iter().for_each(|listed| self.note(listed));
                opening.meter.pass_over(listed.map_or(0, |listed| listed.len));
                // A file that the walk found in a folder has since been deleted. Only a typed path can be misspelled.
                let is_input = self.wanted.below.is_empty();
                let cause = if is_input { neighbour::cause(self.path(), &reason) } else { None };
                let missing = |cause| Opened::Skipped(Problem::new(&self.source.name, Kind::Unreadable, cause));
                return cause.map(missing).ok_or(reason);
            }
        };
        let len = metadata.len();
        if !metadata.is_file() {
            let gauge = opening.meter.begin(None);
            return self.stream(Box::new(Ahead::patient(Box::new(file), &opening.stop)?), gauge, opening);
        }
        let state = State::of(&metadata);
        self.note(Listed::of(&metadata));
        if self.wanted.spared.as_ref().is_some_and(|spared| seen::is_open(spared, self.path(), &metadata)) {
            opening.meter.pass_over(len);
            return Ok(Opened::LeftOut);
        }
        // A file of length 0 may have content that is generated only when it is read, as in /proc.
        if len == 0 {
            return self.stream(Box::new(file), opening.meter.begin(None), opening);
        }
        let mut file = DiskFile::new(file, opening.meter.begin(Some(len)));
        file.read_head(len)?;
        opening.waited.add(started.elapsed());
        self.recognised(Arc::new(file), len, state, opening)
    }

    /// Recognises a regular file of `len` bytes from its first bytes, which have already been read.
    fn recognised(&self, file: Arc<DiskFile>, len: u64, state: State, opening: &Opening) -> io::Result<Opened> {
        let is = recognise(file.head(SAMPLE_BYTES));
        if let Some(loss) = is.loss() {
            return Ok(self.unreadable(is, loss));
        }
        match is {
            Recognised::Archive(format) => return self.archive_file(format, file, len, opening),
            Recognised::Codec(_) | Recognised::Events => {
                let nest = Nest { chain: Chain::default(), budget: self.budget(opening, len) };
                let opened = self.open_stream(Input::of_file(file, 0, len), nest, opening)?;
                return Ok(match opened {
                    Opened::Stream(stream) => Opened::Compressed(stream),
                    other => other,
                });
            }
            Recognised::Binary(kind) => {
                if let Some(opened) = self.zip_after(&file, len, opening)? {
                    return Ok(opened);
                }
                if let Some(loss) = self.damaged_beginning(is, file.head(SAMPLE_BYTES)) {
                    return Ok(self.unreadable(is, loss));
                }
                if let Some(packed) = packed(&file, len, kind)? {
                    return Ok(self.unreadable(Recognised::Unsupported(packed), packed.loss()));
                }
                if self.source.is_to_be_text() {
                    return Ok(self.refused().unwrap_or_else(|| Opened::Skipped(self.binary(kind))));
                }
                self.note_binary();
            }
            is => {
                if let Some(loss) = self.damaged_beginning(is, file.head(SAMPLE_BYTES)) {
                    return Ok(self.unreadable(is, loss));
                }
            }
        }
        if let Some(refused) = self.refused() {
            return Ok(refused);
        }
        if self.is_own_output(file.head(SAMPLE_BYTES), opening) {
            return Ok(Opened::Skipped(self.own_output()));
        }
        let head = file.head(encoding::HEAD_BYTES);
        let (mut written, beginning) = (self.written(head, opening), Beginning::of(head));
        if self.source.is_text() && !opening.without_lines {
            written.form = self.times(written, opening).form_of_file(&file, len);
        }
        let listing = self.listing.clone().unwrap_or_else(|| Listing::alone(self.path()));
        let again = Again::new(listing, state);
        Ok(Opened::File(TextFile { file, len, written, beginning, again }))
    }

    /// Returns the loss for a file with the name of packed data whose first bytes are damaged. With [`Content::Any`], such a file is
    /// searched as it is.
    fn damaged_beginning(&self, is: Recognised, head: &[u8]) -> Option<Loss> {
        if self.source.is_to_be_text() { unpack::damaged_beginning(is, head, &self.source.name) } else { None }
    }

    /// Opens a binary file as a zip archive if it ends like one, such as a self-extracting archive.
    fn zip_after(&self, file: &Arc<DiskFile>, len: u64, opening: &Opening) -> io::Result<Option<Opened>> {
        Ok(match AtEnd::of(file, len, &archive_options(opening))? {
            Some(AtEnd::Whole(zip)) => Some(self.zip_file(zip, len, opening)),
            Some(AtEnd::Part) => Some(Opened::Skipped(unpack::one_part().of_input(&self.source.name))),
            Some(AtEnd::Damaged) => {
                let nest = Nest { chain: Chain::default(), budget: self.budget(opening, len) };
                let container = Container::File { file: Arc::clone(file), start: 0, len };
                Some(self.archive(Format::Zip, container, nest, opening)?)
            }
            None => None,
        })
    }

    /// Returns the budget for unpacking a file of `len` bytes. Messages name the file without its folder.
    fn budget(&self, opening: &Opening, len: u64) -> Arc<Budget> {
        let file = self.path.as_ref().and_then(|path| path.file_name()).map(Path::new).map(name::shown);
        Budget::new(opening.limits, len, file.as_deref().unwrap_or(&self.source.name))
    }

    /// Opens standard input, a pipe or a device.
    fn stream(&self, reader: Box<dyn Read + Send>, gauge: Gauge, opening: &Opening) -> io::Result<Opened> {
        let reader = Metered { reader, gauge };
        let budget = self.budget(opening, 0);
        let input = Input::new(Box::new(Counted { reader, budget: Arc::clone(&budget) }));
        self.open_stream(input, Nest { chain: Chain::default(), budget }, opening)
    }

    /// Opens a member of an archive. If no byte of the member can be read, this is an error.
    fn member(&self, unread: io::Result<Unread>, opening: &Opening) -> io::Result<Opened> {
        let begun = unread.and_then(|Unread { reader, nest, .. }| {
            let mut input = Input::new(reader);
            let failure = if input.peek(1).is_empty() { input.failure() } else { None };
            failure.map_or(Ok((input, nest)), Err)
        });
        match begun {
            Ok((input, nest)) => self.open_stream(input, nest, opening),
            Err(error) => Err(error),
        }
    }

    /// Decompresses a stream as many times as it was compressed, and recognises what is left.
    fn open_stream(&self, input: Input, nest: Nest, opening: &Opening) -> io::Result<Opened> {
        let Nest { mut chain, budget } = nest;
        let is_bare = chain.is_empty();
        let mut input = unpack::unpacked(input, opening.threads, |codec, frames| {
            let layer = Layer::Codec(codec);
            let charged = Charged::new(frames, &budget, chain.len(), layer);
            chain.push(layer);
            Box::new(charged)
        });
        let is = recognise(input.peek(HEAD_BYTES));
        if let Recognised::Archive(format) = is {
            let container = Container::Stream(Box::new(input.into_reader()));
            return self.archive(format, container, Nest { chain, budget }, opening);
        }
        if let Some(loss) = is.loss() {
            return Ok(self.unreadable(is, loss));
        }
        // The members of an archive that follows a program are selected on their own.
        let may_unpack =
            self.source.is_to_be_text() && matches!(is, Recognised::Binary(kind) if unpack::is_program(kind));
        if !may_unpack && let Some(refused) = self.refused() {
            return Ok(refused);
        }
        if is == Recognised::Events {
            let units = opening.encoding.units(input.peek(encoding::HEAD_BYTES));
            input = Input::new(Box::new(unpack::Export::new(input, units, opening.encoding.given())));
            chain.push(Layer::Events);
        }
        let is = recognise(input.peek(SAMPLE_BYTES));
        // The name is that of the data before they were decompressed.
        let is_packed = matches!(chain.iter().last(), Some(Layer::Codec(_)));
        if !is_packed && let Some(loss) = self.damaged_beginning(is, input.peek(SAMPLE_BYTES)) {
            return Ok(self.unreadable(is, loss));
        }
        match is {
            Recognised::Binary(kind) if self.source.is_to_be_text() => {
                let can_precede = kind == unpack::NOT_TEXT || unpack::is_program(kind);
                let zip = if can_precede { unpack::zip_after(input.peek(Input::PEEK_LIMIT)) } else { None };
                if let Some(at) = zip {
                    input.skip(at as u64);
                    let container = Container::Stream(Box::new(input.into_reader()));
                    return self.archive(Format::Zip, container, Nest { chain, budget }, opening);
                }
                let is_piped = is_bare && chain.is_empty();
                return self.binary_stream(kind, input, is_piped, &opening.stop);
            }
            Recognised::Binary(_) => self.note_binary(),
            _ => {}
        }
        if self.is_own_output(input.peek(SAMPLE_BYTES), opening) {
            return Ok(Opened::Skipped(self.own_output()));
        }
        let head = input.peek(encoding::HEAD_BYTES);
        let (mut written, beginning) = (self.written(head, opening), Beginning::of(head));
        if chain.ends_with_events() {
            // The lines are in UTF-8, whatever the user has chosen for text.
            written = Written { names_computer: true, ..Written::default() };
        }
        // Only an export as text may have times that are not in UTC.
        let has_utc = chain.iter().last() == Some(&Layer::Codec(Codec::EventLog));
        if self.source.is_text() && !has_utc && !opening.without_lines {
            let times = self.times(written, opening);
            let head = input.peek(SAMPLE_BYTES);
            let is_whole = head.len() < SAMPLE_BYTES;
            let (form, is_certain) = times.form(head, is_whole);
            written.form = form;
            // Reading ahead in a pipe could wait for more data.
            let is_piped = is_bare && self.source.listed().is_none();
            if !is_certain && !is_piped {
                let head = input.peek(times::MORE_BYTES);
                written.form = times.form(head, head.len() < times::MORE_BYTES).0;
            }
        }
        Ok(Opened::Stream(Stream { reader: Box::new(input.into_reader()), what: What { chain, written }, beginning }))
    }

    /// Skips a stream that does not begin like text, or reports what is wrong with it.
    ///
    /// Damaged data often do not begin like text after unpacking. To find the damage, the stream is read to its end, unless its
    /// signature is certain or it is a pipe, which may have no end. The first bytes of a program are searched for an
    /// archive after it, and the last bytes of anything else for the signature of a disk image.
    fn binary_stream(&self, kind: &str, mut input: Input, is_piped: bool, stop: &Stop) -> io::Result<Opened> {
        let is_program = unpack::is_program(kind);
        let is_certain = is_piped || unpack::is_certainly_binary(input.peek(SAMPLE_BYTES));
        // The first bytes of a program, and the last bytes of anything.
        let (mut first, mut last) = (Vec::new(), Vec::new());
        while !(is_certain && (!is_program || first.len() >= unpack::PROGRAM_BYTES)) && !input.available().is_empty() {
            if stop.is_requested() {
                return Err(Loss::interrupted().into());
            }
            let some = input.available();
            let len = some.len();
            last.extend_from_slice(some);
            last.drain(..last.len().saturating_sub(unpack::TRAILER_BYTES));
            if is_program {
                first.extend_from_slice(&some[..len.min(unpack::PROGRAM_BYTES - first.len())]);
            }
            input.consume(len);
        }
        let zip =
            || unpack::zip_after(&first).map(|_| Unsupported::Archive("a self-extracting zip")).filter(|_| is_piped);
        let packed = unpack::packed_after(&first).or_else(zip).or_else(|| unpack::by_trailer(&last));
        if let Some(packed) = packed {
            return Ok(self.unreadable(Recognised::Unsupported(packed), packed.loss()));
        }
        if let Some(refused) = self.refused() {
            return Ok(refused);
        }
        match input.failure().filter(|_| !is_piped).map(|error| passed_on(error, Some(0))) {
            // Data that are skipped anyway may exceed a limit.
            Some(error) if Loss::of(&error).is_none_or(|loss| loss.kind != Kind::OverLimit) => Err(error),
            _ => Ok(Opened::Skipped(self.binary(kind))),
        }
    }

    /// Opens an archive in a file of `len` bytes.
    fn archive_file(&self, format: Format, file: Arc<DiskFile>, len: u64, opening: &Opening) -> io::Result<Opened> {
        if format == Format::Zip {
            let options = archive_options(opening);
            // Without a reliable central directory, the archive is read from front to back, as far as possible.
            if let Ok(Some(zip)) = ZipFile::open(Arc::clone(&file), 0, len, &options) {
                return Ok(self.zip_file(zip, len, opening));
            }
        }
        let nest = Nest { chain: Chain::default(), budget: self.budget(opening, len) };
        self.archive(format, Container::File { file, start: 0, len }, nest, opening)
    }

    /// Opens a zip archive in a file of `len` bytes through its central directory.
    fn zip_file(&self, zip: ZipFile, len: u64, opening: &Opening) -> Opened {
        let nest = Nest { chain: Chain::default(), budget: self.budget(opening, len) };
        Opened::Archive(Members::independent(self.around(Format::Zip, nest, opening), zip, len))
    }

    /// Opens an archive that is read from front to back, unless it is nested too deep.
    fn archive(&self, format: Format, container: Container, nest: Nest, opening: &Opening) -> io::Result<Opened> {
        if nest.chain.archives() >= usize::from(opening.limits.nesting.min(NESTING_LIMIT)) {
            return Ok(Opened::Skipped(self.nested_too_deep(opening.limits.nesting)));
        }
        let around = self.around(format, nest, opening);
        Members::sequential(around, format, container, archive_options(opening)).map(Opened::Archive)
    }

    /// Returns what the members of an archive inherit from it.
    fn around(&self, format: Format, nest: Nest, opening: &Opening) -> Around {
        let Nest { mut chain, budget } = nest;
        chain.push(Layer::Archive(format));
        let (name, wanted) = (self.source.name.clone(), &self.wanted);
        let (below, depth) = (wanted.below.clone(), wanted.depth.saturating_sub(1));
        let is_taken = !below.is_empty() && wanted.refused != Some(Refused::Silently);
        let selection = Arc::clone(&wanted.selection);
        Around { name, below, depth, is_taken, selection, chain, budget, stop: opening.stop.clone() }
    }

    /// Returns the problem that reports that this archive is nested too deep.
    fn nested_too_deep(&self, limit: u8) -> Problem {
        let remedy =
            if limit < NESTING_LIMIT { Remedy::Raise(problem::Limit::Nesting) } else { Remedy::UnpackOutermost };
        let what = format!("an archive inside too many others ({limit}) was not read");
        Problem::new(&self.source.name, Kind::OverLimit, what).remedy(remedy)
    }

    /// Reports data that cannot be read, unless they are not wanted anyway. An archive is always reported, because its members
    /// could be wanted whatever its own name and time are.
    fn unreadable(&self, is: Recognised, loss: Loss) -> Opened {
        let is_archive = matches!(is, Recognised::Unsupported(Unsupported::Archive(_)));
        let refused = if is_archive { None } else { self.refused() };
        refused.unwrap_or_else(|| Opened::Skipped(loss.of_input(&self.source.name)))
    }

    /// Returns the outcome for this source, which is not an archive, if it must not be read. Returns `None` if it must be read.
    fn refused(&self) -> Option<Opened> {
        let wanted = &self.wanted;
        if wanted.refused != Some(Refused::Silently) && select::is_temporary(Path::new(&wanted.below)) {
            let what = "skipped, an unfinished result of callcodes";
            let problem = Problem::new(&self.source.name, Kind::OwnOutput, what).remedy(Remedy::DeleteUnfinished);
            return Some(Opened::Skipped(problem));
        }
        // A file that was passed as an argument is read, whatever its size and time.
        let by_listing = || {
            let listed = self.source.listed().filter(|_| self.path.is_some() && !wanted.below.is_empty())?;
            let refused = wanted.selection.refuses(Some(listed.len), listed.modified, Clock::Utc);
            refused.map(|(kind, why)| Refused::Because(kind, why))
        };
        wanted.refused.clone().or_else(by_listing).map(|refused| match refused {
            Refused::Silently => Opened::LeftOut,
            Refused::Because(kind, why) => Opened::Skipped(Problem::new(&self.source.name, kind, why)),
        })
    }

    /// Returns how the text that begins with `head` is encoded. The beginning of a picture or a program says nothing about what follows.
    fn written(&self, head: &[u8], opening: &Opening) -> Written {
        match opening.encoding {
            EncodingChoice::Automatic if !self.source.is_text() => Written { is_binary: true, ..Written::default() },
            encoding => {
                let units = encoding.units(head);
                Written { user_column: UserColumn::of(head, units), ..units.into() }
            }
        }
    }

    /// Returns what is known about this source, besides its lines, to detect the form of its times.
    fn times<'k>(&'k self, written: Written, opening: &Opening) -> times::Known<'k> {
        let modified = self.modified.or_else(|| self.source.listed()?.modified);
        let mut given = opening.times;
        if given.zone.is_none() {
            given.zone = opening.zones.of(&self.source.name);
            given.zone_by = ZoneBy::Configuration;
        }
        let Written { units, names_computer: has_events, .. } = written;
        times::Known { name: &self.source.name, modified, units, has_events, given }
    }

    /// Whether the text that begins with `head` is output of this program and must be skipped. This includes a file that was
    /// passed as an argument, because a wildcard of the shell passes all files of a folder. Piped input is never skipped,
    /// because nobody pipes output in by mistake.
    fn is_own_output(&self, head: &[u8], opening: &Opening) -> bool {
        let is_piped = self.wanted.below.is_empty() && self.source.listed().is_none();
        !is_piped && opening.is_own_output.is_some_and(|is_own_output| is_own_output(head))
    }

    /// Returns the problem that reports that this program has written the file.
    fn own_output(&self) -> Problem {
        let what = "skipped, written by callcodes itself";
        Problem::new(&self.source.name, Kind::OwnOutput, what).remedy(Remedy::MoveAway)
    }

    /// Returns the problem that reports that a file is binary and of this kind.
    fn binary(&self, kind: &str) -> Problem {
        if kind == unpack::NOT_TEXT && unpack::is_named_as_later_part(&self.source.name) {
            return Unsupported::LaterPart.loss().of_input(&self.source.name);
        }
        if unpack::is_message(kind, &self.source.name) {
            return Unsupported::Message.loss().of_input(&self.source.name);
        }
        let what = format!("skipped, a binary file ({kind})");
        Problem::new(&self.source.name, Kind::Binary, what).remedy(Remedy::ReadBinary)
    }
}

/// Returns the passwords and limits for reading an archive.
fn archive_options(opening: &Opening) -> unpack::Options {
    unpack::Options {
        passwords: opening.passwords.clone(),
        held_bytes: HELD_BYTES,
        max_members: opening.limits.members,
    }
}

/// Recognises an unsupported container in a binary file: an archive after a program, or a disk image.
fn packed(file: &DiskFile, len: u64, kind: &str) -> io::Result<Option<Unsupported>> {
    let read = |start: u64, end: u64| {
        let mut bytes = Vec::new();
        FileSpan::new(file, start, end).read_to_end(&mut bytes).map(|_| bytes)
    };
    if unpack::is_program(kind) {
        return Ok(unpack::packed_after(&read(0, len.min(unpack::PROGRAM_BYTES as u64))?));
    }
    Ok(unpack::by_trailer(&read(len.saturating_sub(unpack::TRAILER_BYTES as u64), len)?))
}

/// Returns how many threads may each have a file open while as many others have a folder open. It is at least one, and is derived
/// from the limit of the system for open files.
#[must_use]
pub fn open_files_limit() -> usize {
    /// The number of files that are open anyway: the standard streams, output files, and those that the terminal and the locale
    /// need.
    const OTHERS: u64 = 32;
    #[cfg(unix)]
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let limit: Option<u64> = None;
    limit.map_or(usize::MAX, |limit| usize::try_from((limit.saturating_sub(OTHERS) / 2).max(1)).unwrap_or(usize::MAX))
}
