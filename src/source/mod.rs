//! Where bytes come from: the only code that opens anything.
//!
//! Invariants: inputs are visited in the order in which they were named and, inside a folder, by name, so that the same
//! folder gives the same output anywhere, but names of copies after those of their originals; what cannot be listed or opened is a [`Problem`] and stops nothing.
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
mod budget;
mod chain;
mod content;
mod encoding;
mod ledger;
mod listing;
mod members;
mod meter;
mod plain;
mod seen;
pub mod select;
mod stop;
mod walk;
pub mod wildcard;

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use same_file::Handle;

pub use ahead::Ahead;
pub use budget::{Limits, NESTING_LIMIT};
pub use chain::{Chain, Layer, What};
pub use content::{Again, Beginning, Digest, Digesting};
pub use encoding::EncodingChoice;
pub use members::Members;
pub use meter::Meter;
use select::{Clock, Content};
pub use select::{Globs, Links, Selection, TEMPORARY_PREFIX};
pub use stop::Stop;
pub use walk::{Found, Walk};

use crate::name;
use crate::neighbour;
use crate::problem::{self, Cause, Kind, Loss, Problem, Remedy};
use crate::units::Written;
use crate::unpack::{
    self, AtEnd, Container, DiskFile, FileSpan, Format, HEAD_BYTES, Input, Passwords, Recognised, SAMPLE_BYTES,
    Unsupported, ZipFile, passed_on, recognise,
};
use budget::{Budget, Charged, Counted};
use content::State;
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
    /// Whether text that begins like this is output of this program, which must not be counted again. The head is the whole
    /// text or at least 8 KiB of it. Without it everything is read.
    pub is_own_output: Option<fn(&[u8]) -> bool>,
    /// What adds up how much was read.
    pub meter: Meter,
    /// What ends reading early; the pipeline heeds it, too.
    pub stop: Stop,
    /// Adds up how long the file system took to open files. Each thread that opens files has its own.
    pub waited: Waited,
}

/// How long a thread has waited for the file system. Clones share the sum.
#[derive(Clone, Debug, Default)]
pub struct Waited(Arc<AtomicU64>);

impl Waited {
    fn add(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The time since it was taken last.
    #[must_use]
    pub fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// The time since it was taken last, which is then counted anew.
    #[must_use]
    pub fn take(&self) -> Duration {
        Duration::from_nanos(self.0.swap(0, Ordering::Relaxed))
    }
}

/// The part of a source that lives on after it was read: the name that results use, and what the file system says of it.
#[derive(Debug)]
pub struct Source {
    /// How results name it: the path as it was given, continued by what was found below it.
    pub name: String,
    content: Content,
    listed: OnceLock<Listed>,
}

/// What the file system says of a regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its size in bytes.
    pub len: u64,
    /// When it was modified; some file systems keep no times.
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

/// What is known of a source before it is opened.
#[derive(Debug)]
struct Known {
    source: Arc<Source>,
    /// Where it is, if it is not inside something else.
    path: Option<Arc<Path>>,
    wanted: Wanted,
    /// What the walk has learned from the file system.
    listed: Option<Listed>,
}

#[derive(Debug)]
enum Place {
    Stdin,
    File,
    /// A pipe or a device.
    Special,
    /// A member of a zip on disk.
    ZipMember {
        zip: ZipFile,
        index: usize,
        nest: Nest,
    },
    /// A member that comes once.
    Member(Unread),
}

/// What of a source is read.
#[derive(Clone, Debug, Default)]
struct Wanted {
    selection: Arc<Selection>,
    /// Its path below the input, which globs are matched against; empty for the input itself.
    below: String,
    /// How many folders deep it lies; 0 for the input itself.
    depth: usize,
    /// Why it is not read, unless it is an archive: then its members are asked themselves, as files in a folder are.
    refused: Option<Refused>,
    /// The file that standard output goes to, which must not be read.
    spared: Option<Arc<Handle>>,
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
    /// How it is written.
    pub written: Written,
    /// How it begins.
    pub beginning: Beginning,
    /// Where it can be found again.
    pub again: Again,
}

impl TextFile {
    /// Whether all of it was read when it was opened.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.file.head(usize::MAX).len() as u64 == self.len
    }

    /// The digest of its bytes; `None` if it became shorter, or the run is to end.
    #[must_use]
    pub fn digest(&self, stop: &Stop) -> Option<Digest> {
        content::digest(FileSpan::new(&self.file, 0, self.len), self.len, stop)
    }
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
    /// What the file system says of it, as soon as that is known; `None` of what is no regular file.
    #[must_use]
    pub fn listed(&self) -> Option<Listed> {
        self.listed.get().copied()
    }

    /// Whether it is read only if it is text.
    #[must_use]
    pub fn is_to_be_text(&self) -> bool {
        self.content == Content::Text
    }
}

impl Openable {
    fn new(name: String, path: Option<Arc<Path>>, wanted: Wanted, place: Place) -> Openable {
        let source = Arc::new(Source { name, content: wanted.selection.content, listed: OnceLock::new() });
        Openable { known: Known { source, path, wanted, listed: None }, place }
    }

    /// Standard input.
    fn stdin(wanted: Wanted) -> Openable {
        Openable::new("stdin".to_owned(), None, wanted, Place::Stdin)
    }

    /// The file at `path`, whatever it holds.
    #[must_use]
    pub fn file(path: &Path) -> Openable {
        let selection = Arc::new(Selection { content: Content::Any, ..Selection::default() });
        let wanted = Wanted { selection, ..Wanted::default() };
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => Openable::special(path, wanted),
            metadata => Openable::selected(Arc::from(path), wanted, metadata.ok().as_ref().map(Listed::of)),
        }
    }

    /// The regular file at `path`, as far as it is wanted.
    fn selected(path: Arc<Path>, wanted: Wanted, listed: Option<Listed>) -> Openable {
        let mut openable = Openable::new(name::shown(&path), Some(path), wanted, Place::File);
        openable.known.listed = listed;
        openable
    }

    /// The pipe or device at `path`.
    fn special(path: &Path, wanted: Wanted) -> Openable {
        Openable::new(name::shown(path), Some(Arc::from(path)), wanted, Place::Special)
    }

    /// The name by which results know it, and what is known of the file.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.known.source
    }

    /// Opens it, or says why it is skipped.
    ///
    /// # Errors
    /// What the operating system says, or what is wrong with the archive that it lies in.
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
                // A pipe opens when somebody writes to it.
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

    /// How much of the disk is read for it, in bytes: nothing if it cannot be opened; `None` if that is known only at its end,
    /// as for a pipe.
    #[must_use]
    pub fn disk_bytes(&self) -> Option<u64> {
        match self.place {
            Place::Stdin | Place::Special => None,
            Place::ZipMember { .. } | Place::Member(_) => Some(0),
            Place::File => Some(self.known.listed().map_or(0, |listed| listed.len)),
        }
    }

    /// The size of a regular file, if it is known without asking for it.
    #[must_use]
    pub fn known_size(&self) -> Option<u64> {
        self.known.listed.map(|listed| listed.len)
    }

    /// Whether reading it may wait for another program, as for a pipe.
    #[must_use]
    pub fn may_keep_waiting(&self) -> bool {
        matches!(self.place, Place::Stdin | Place::Special)
    }
}

impl Known {
    fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    fn note(&self, listed: Listed) {
        // It is opened once.
        let _ = self.source.listed.set(listed);
    }

    /// What the file system says of a file: what the walk has learned, or else what it answers now.
    fn listed(&self) -> Option<Listed> {
        let ask = || fs::metadata(self.path()).ok().filter(Metadata::is_file).map(|metadata| Listed::of(&metadata));
        self.listed.or_else(ask)
    }

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
                // What was met in a folder is gone; only a path that was typed may have been meant otherwise.
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
        // A file that claims to be empty may be one that is made while it is read, as below /proc.
        if len == 0 {
            return self.stream(Box::new(file), opening.meter.begin(None), opening);
        }
        let mut file = DiskFile::new(file, opening.meter.begin(Some(len)));
        file.read_head(len)?;
        opening.waited.add(started.elapsed());
        self.recognised(Arc::new(file), len, state, opening)
    }

    /// A regular file of `len` bytes, of which the first have been read, as what these show it to be.
    fn recognised(&self, file: Arc<DiskFile>, len: u64, state: State, opening: &Opening) -> io::Result<Opened> {
        let is = recognise(file.head(SAMPLE_BYTES));
        if let Some(loss) = is.loss() {
            return Ok(self.unreadable(is, loss));
        }
        match is {
            Recognised::Archive(format) => return self.archive_file(format, file, len, opening),
            Recognised::Codec(_) => {
                let nest = Nest { chain: Chain::default(), budget: self.budget(opening, len) };
                let opened = self.open_stream(Input::of_file(file, 0, len), nest, opening)?;
                return Ok(match opened {
                    Opened::Stream(stream) => Opened::Compressed(stream),
                    other => other,
                });
            }
            Recognised::Binary(kind) => {
                if let Some(opened) = self.zip_behind(&file, len, opening)? {
                    return Ok(opened);
                }
                if let Some(packed) = packed(&file, len, kind)? {
                    return Ok(self.unreadable(Recognised::Unsupported(packed), packed.loss()));
                }
                if self.source.is_to_be_text() {
                    return Ok(self.refused().unwrap_or_else(|| Opened::Skipped(self.binary(kind))));
                }
            }
            _ => {}
        }
        if let Some(refused) = self.refused() {
            return Ok(refused);
        }
        if self.is_own_output(file.head(SAMPLE_BYTES), opening) {
            return Ok(Opened::Skipped(self.own_output()));
        }
        let head = file.head(encoding::HEAD_BYTES);
        let (written, beginning) = (opening.encoding.units(head).into(), Beginning::of(head));
        let again = Again { path: self.path.clone().unwrap_or_else(|| Path::new("").into()), state };
        Ok(Opened::File(TextFile { file, len, written, beginning, again }))
    }

    /// A file that begins like no text, if it ends like a zip.
    fn zip_behind(&self, file: &Arc<DiskFile>, len: u64, opening: &Opening) -> io::Result<Option<Opened>> {
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

    fn budget(&self, opening: &Opening, len: u64) -> Arc<Budget> {
        let file = self.path.as_ref().and_then(|path| path.file_name()).map(Path::new).map(name::shown);
        Budget::new(opening.limits, len, file.as_deref().unwrap_or(&self.source.name))
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
            Err(error) => Err(error),
        }
    }

    /// Opens a stream, layer by layer.
    fn open_stream(&self, input: Input, nest: Nest, opening: &Opening) -> io::Result<Opened> {
        let Nest { mut chain, budget } = nest;
        let is_bare = chain.is_empty();
        let mut input = unpack::unpacked(input, |codec, frames| {
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
        // What is packed behind a program is asked for itself, as the members of an archive are.
        let may_unpack =
            self.source.is_to_be_text() && matches!(is, Recognised::Binary(kind) if unpack::is_program(kind));
        if !may_unpack && let Some(refused) = self.refused() {
            return Ok(refused);
        }
        if self.source.is_to_be_text()
            && let Recognised::Binary(kind) = recognise(input.peek(SAMPLE_BYTES))
        {
            let is_piped = is_bare && chain.is_empty();
            return self.binary_stream(kind, input, is_piped, &opening.stop);
        }
        if self.is_own_output(input.peek(SAMPLE_BYTES), opening) {
            return Ok(Opened::Skipped(self.own_output()));
        }
        let head = input.peek(encoding::HEAD_BYTES);
        let (written, beginning) = (opening.encoding.units(head).into(), Beginning::of(head));
        Ok(Opened::Stream(Stream { reader: Box::new(input.into_reader()), what: What { chain, written }, beginning }))
    }

    /// What comes once and begins like no text. Unpacked data that are damaged often do, which shows at their end at the latest;
    /// a pipe may have no end.
    fn binary_stream(&self, kind: &str, mut input: Input, is_piped: bool, stop: &Stop) -> io::Result<Opened> {
        let is_program = unpack::is_program(kind);
        let is_certain = is_piped || unpack::is_certainly_binary(input.peek(SAMPLE_BYTES));
        // The beginning of a program, the end of anything else.
        let mut seen = Vec::new();
        while !(is_certain && (!is_program || seen.len() >= unpack::PROGRAM_BYTES)) && !input.available().is_empty() {
            if stop.is_requested() {
                return Err(Loss::interrupted().into());
            }
            let some = input.available();
            let len = some.len();
            seen.extend_from_slice(some);
            if is_program {
                seen.truncate(unpack::PROGRAM_BYTES);
            } else {
                seen.drain(..seen.len().saturating_sub(unpack::TRAILER_BYTES));
            }
            input.consume(len);
        }
        let packed = if is_program { unpack::packed_behind(&seen) } else { unpack::by_trailer(&seen) };
        if let Some(packed) = packed {
            return Ok(self.unreadable(Recognised::Unsupported(packed), packed.loss()));
        }
        if let Some(refused) = self.refused() {
            return Ok(refused);
        }
        match input.failure().filter(|_| !is_piped).map(|error| passed_on(error, Some(0))) {
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
        let (name, wanted) = (self.source.name.clone(), &self.wanted);
        let (below, depth) = (wanted.below.clone(), wanted.depth.saturating_sub(1));
        let is_taken = !below.is_empty() && wanted.refused != Some(Refused::Silently);
        let selection = Arc::clone(&wanted.selection);
        Around { name, below, depth, is_taken, selection, chain, budget, stop: opening.stop.clone() }
    }

    fn nested_too_deep(&self, limit: u8) -> Problem {
        let remedy =
            if limit < NESTING_LIMIT { Remedy::Raise(problem::Limit::Nesting) } else { Remedy::UnpackOutermost };
        let what = format!("an archive inside too many others ({limit}) was not read");
        Problem::new(&self.source.name, Kind::OverLimit, what).remedy(remedy)
    }

    /// What becomes of it if nothing of it can be read. The members of an archive might be wanted, whatever its own name and
    /// time.
    fn unreadable(&self, is: Recognised, loss: Loss) -> Opened {
        let is_archive = matches!(is, Recognised::Unsupported(Unsupported::Archive(_)));
        let refused = if is_archive { None } else { self.refused() };
        refused.unwrap_or_else(|| Opened::Skipped(loss.of_input(&self.source.name)))
    }

    /// What becomes of it if it is no archive and not wanted.
    fn refused(&self) -> Option<Opened> {
        let wanted = &self.wanted;
        if wanted.refused != Some(Refused::Silently) && select::is_temporary(Path::new(&wanted.below)) {
            let what = "skipped, an unfinished result of callcodes";
            let problem = Problem::new(&self.source.name, Kind::OwnOutput, what).remedy(Remedy::DeleteUnfinished);
            return Some(Opened::Skipped(problem));
        }
        // What is named itself is read, whatever its size and time.
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

    /// Whether it is output of this program, also if it is named itself, as a shell's wildcards name all that lies in a folder.
    /// What is piped in is read, because nobody does that by mistake.
    fn is_own_output(&self, head: &[u8], opening: &Opening) -> bool {
        let is_piped = self.wanted.below.is_empty() && self.source.listed().is_none();
        !is_piped && opening.is_own_output.is_some_and(|is_own_output| is_own_output(head))
    }

    fn own_output(&self) -> Problem {
        let what = "skipped, written by callcodes itself";
        Problem::new(&self.source.name, Kind::OwnOutput, what).remedy(Remedy::MoveAway)
    }

    fn binary(&self, kind: &str) -> Problem {
        if kind == unpack::NOT_TEXT && unpack::is_named_as_later_part(&self.source.name) {
            return Unsupported::LaterPart.loss().of_input(&self.source.name);
        }
        let what = format!("skipped, a binary file ({kind})");
        Problem::new(&self.source.name, Kind::Binary, what).remedy(Remedy::ReadBinary)
    }
}

fn archive_options(opening: &Opening) -> unpack::Options {
    unpack::Options {
        passwords: opening.passwords.clone(),
        held_bytes: HELD_BYTES,
        max_members: opening.limits.members,
    }
}

/// What is packed in a binary file that cannot be unpacked.
fn packed(file: &DiskFile, len: u64, kind: &str) -> io::Result<Option<Unsupported>> {
    let read = |start: u64, end: u64| {
        let mut bytes = Vec::new();
        FileSpan::new(file, start, end).read_to_end(&mut bytes).map(|_| bytes)
    };
    if unpack::is_program(kind) {
        return Ok(unpack::packed_behind(&read(0, len.min(unpack::PROGRAM_BYTES as u64))?));
    }
    Ok(unpack::by_trailer(&read(len.saturating_sub(unpack::TRAILER_BYTES as u64), len)?))
}

/// How many threads may each have a file open while as many have a folder open, beside what else is open; at least one.
#[must_use]
pub fn open_files_limit() -> usize {
    /// Standard streams, what is written, what a terminal and its language need.
    const OTHERS: u64 = 32;
    #[cfg(unix)]
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let limit: Option<u64> = None;
    limit.map_or(usize::MAX, |limit| usize::try_from((limit.saturating_sub(OTHERS) / 2).max(1)).unwrap_or(usize::MAX))
}
