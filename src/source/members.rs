//! The members of an archive, as sources like files in a folder.
//!
//! An archive is unpacked by a thread of its own, which is at most a few blocks ahead of whoever reads its members. That is
//! also what lets members be sources that own what they read, whatever the format's crate lends: archives in archives,
//! compressed members and text all go the same way from there. The members of a zip on disk can be read independently,
//! so that several threads read them at once; the others come one after another.
//!
//! Members of a zip count against the [`Budget`] as they are read, since one that nobody wants is passed over packed. Those
//! of the other formats have to be unpacked to come to the next one, so they count as they are unpacked.
//!
//! Invariants: members come in the order in which they are stored; a member that nobody reads delays nobody; a fault
//! in the archive comes as a problem behind the members before it, also where it lies in a member, whether or not that is
//! read: who leaves out a picture still wants to know that the log behind it is lost.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use super::ahead::{Ahead, Demand, Filler, Pace};
use super::archive::{self, Container, Entry, Format, Item, ZipFile};
use super::budget::{Budget, Charged};
use super::chain::{Chain, Layer};
use super::ledger::Ledger;
use super::select::{Globbed, Selection};
use super::stop::Stop;
use super::walk::Found;
use super::{Place, Refused, Source, Wanted};
use crate::problem::{Kind, Loss, Problem};

/// How many members may wait that nobody has begun to read.
const MEMBERS_AHEAD: usize = 2;

/// Up to which size a member of a zip on disk is unpacked at once by whoever reads it, in bytes: a thread for it would cost
/// more.
const SMALL_BYTES: u64 = 64 << 10;

/// What stands between an archive and its member in names.
const SEPARATOR: &str = "!/";

/// What members have from the archive that they lie in.
#[derive(Clone, Debug)]
pub(super) struct Around {
    /// Name of the archive in results.
    pub(super) name: String,
    /// The same, below the input.
    pub(super) below: String,
    pub(super) selection: Arc<Selection>,
    /// The layers around its members.
    pub(super) chain: Chain,
    pub(super) budget: Arc<Budget>,
    pub(super) stop: Stop,
}

/// The members of one archive, one after another.
pub struct Members {
    around: Around,
    format: Format,
    kind: Access,
    /// Whether there was anything in it.
    is_empty: bool,
    is_done: bool,
}

enum Access {
    Sequential {
        told: Receiver<Told>,
        /// Comes to its end when the unpacking thread does.
        running: Receiver<Infallible>,
    },
    /// Nobody wants the others.
    Abandoned,
    Independent {
        zip: ZipFile,
        next: usize,
        len: u64,
        ledger: Arc<Ledger>,
    },
}

/// A member that can be read once.
pub(super) struct Unread {
    pub(super) reader: Box<dyn Read + Send>,
    pub(super) nest: Nest,
}

/// A reader that takes note when it fails.
struct Noting<R> {
    reader: R,
    has_failed: Arc<AtomicBool>,
}

impl<R: Read> Read for Noting<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reader.read(out).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.has_failed.store(true, Ordering::Relaxed);
            }
        })
    }
}

/// A reader that keeps its fault.
struct Keeping<'r> {
    reader: &'r mut dyn Read,
    fault: Option<io::Error>,
}

impl Read for Keeping<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reader.read(out).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.fault = Some(copy(error));
            }
        })
    }
}

/// The same error once more.
fn copy(error: &io::Error) -> io::Error {
    match Loss::of(error) {
        Some(loss) => loss.clone().into(),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// A fault in a member as one of the archive.
fn of_archive(fault: io::Error) -> io::Error {
    match Loss::of(&fault) {
        Some(loss) => {
            let what = format!("{}, and what follows was not read", loss.what);
            Loss { what, delivered: None, ..loss.clone() }.into()
        }
        None => fault,
    }
}

/// What was unpacked at once, then what kept it from being more.
struct Unpacked {
    data: io::Cursor<Vec<u8>>,
    fault: Option<io::Error>,
}

impl Read for Unpacked {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.data.read(out)? {
            0 if !out.is_empty() => self.fault.take().map_or(Ok(0), Err),
            len => Ok(len),
        }
    }
}

impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unread").field("nest", &self.nest).finish_non_exhaustive()
    }
}

/// What the unpacking thread tells.
enum Told {
    Member(Entry, Ahead),
    Unread(Entry, Loss),
    End(io::Result<()>),
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members").field("around", &self.around).finish_non_exhaustive()
    }
}

impl Members {
    /// The members of an archive that has to be read from front to back.
    pub(super) fn sequential(
        around: Around,
        format: Format,
        container: Container,
        options: archive::Options,
    ) -> io::Result<Members> {
        // Where the members of a zip stop to be wanted shows when they are read, and no other is to be met then.
        let (sender, told) = sync_channel(if format == Format::Zip { 0 } else { MEMBERS_AHEAD });
        let (runs, running) = channel();
        let (budget, level) = (Arc::clone(&around.budget), around.level());
        thread::Builder::new().spawn(move || {
            let _runs = runs;
            unpack(format, container, &options, (&budget, level), &sender);
        })?;
        let kind = Access::Sequential { told, running };
        Ok(Members { around, format, kind, is_empty: true, is_done: false })
    }

    /// The members of a zip on disk of `len` bytes.
    pub(super) fn independent(around: Around, zip: ZipFile, len: u64) -> Members {
        let kind = Access::Independent { zip, next: 0, len, ledger: Arc::default() };
        Members { around, format: Format::Zip, kind, is_empty: true, is_done: false }
    }

    /// Whether its members may be read at the same time.
    #[must_use]
    pub fn are_independent(&self) -> bool {
        matches!(self.kind, Access::Independent { .. })
    }

    /// What becomes of the next member; `None` if it needs no mention.
    fn told(&mut self, told: Told) -> Option<Found> {
        let (around, is_zip) = (&self.around, self.format == Format::Zip);
        match told {
            Told::Member(entry, ahead) => {
                if is_zip && let Err(loss) = count_member(&around.budget, around.level(), self.format) {
                    let problem = around.problem(&loss);
                    drop(ahead);
                    self.abandon();
                    return Some(Err(problem));
                }
                let nest = around.nest();
                let reader = if is_zip { nest.charged(ahead) } else { Box::new(ahead) };
                let place = Place::Member(Mutex::new(Some(Unread { reader, nest })));
                around.wanted(&entry).map(|wanted| Ok(around.source(&entry, wanted, place)))
            }
            Told::Unread(entry, loss) => self.around.unread(&entry, &loss).map(Err),
            Told::End(ended) => {
                self.is_done = true;
                ended.err().map(|error| Err(Problem::unreadable(self.around.name.clone(), &error)))
            }
        }
    }

    /// Reads no further, and waits until nobody does: what lies around the archive is counted as far as it was read.
    fn abandon(&mut self) {
        self.is_done = true;
        if let Access::Sequential { told, running } = std::mem::replace(&mut self.kind, Access::Abandoned) {
            drop(told);
            // It is never sent anything.
            let _ = self.around.stop.receive(&running);
        }
    }

    /// The next member of a zip on disk.
    fn pick(&mut self) -> Option<Found> {
        let Access::Independent { zip, next, len, ledger } = &mut self.kind else { return None };
        let index = *next;
        let Some(entry) = zip.entries().nth(index) else {
            self.is_done = true;
            return zip.shortfall().map(|loss| Err(self.around.problem(loss)));
        };
        *next += 1;
        let wanted = self.around.wanted(entry)?;
        let (packed, most) = (entry.packed.unwrap_or(*len), entry.size.unwrap_or(u64::MAX));
        let budget = self.around.budget.of_member(ledger, packed, most);
        let nest = Nest { chain: self.around.chain.clone(), budget };
        let place = Place::ZipMember { zip: zip.clone(), index, nest: Mutex::new(Some(nest)) };
        Some(Ok(self.around.source(entry, wanted, place)))
    }
}

/// What a member knows of the archives around it.
#[derive(Clone, Debug)]
pub(super) struct Nest {
    pub(super) chain: Chain,
    pub(super) budget: Arc<Budget>,
}

impl Nest {
    /// What `reader` delivers, as far as the budget allows it.
    fn charged(&self, reader: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        Box::new(Charged::new(reader, &self.budget, self.chain.len() - 1, Layer::Archive(Format::Zip)))
    }
}

impl Around {
    /// The layer that its members are in.
    fn level(&self) -> usize {
        self.chain.len() - 1
    }

    fn nest(&self) -> Nest {
        Nest { chain: self.chain.clone(), budget: Arc::clone(&self.budget) }
    }

    fn member_name(&self, entry: &Entry) -> String {
        format!("{}{SEPARATOR}{}", self.name, entry.name)
    }

    /// A member's path below the input, which globs are matched against.
    fn member_below(&self, entry: &Entry) -> String {
        let name = entry.name.trim_start_matches('/');
        if self.below.is_empty() { name.to_owned() } else { format!("{}{SEPARATOR}{name}", self.below) }
    }

    fn problem(&self, loss: &Loss) -> Problem {
        Problem { path: self.name.clone(), kind: loss.kind, detail: loss.to_string() }
    }

    fn unread(&self, entry: &Entry, loss: &Loss) -> Option<Problem> {
        let is_selected = self.selection.globbed(Path::new(&self.member_below(entry))) == Globbed::Read;
        is_selected.then(|| Problem { path: self.member_name(entry), kind: loss.kind, detail: loss.to_string() })
    }

    /// What of a member is read; `None` if the user left it out, archive or not.
    fn wanted(&self, entry: &Entry) -> Option<Wanted> {
        let below = self.member_below(entry);
        let refused = match self.selection.globbed(Path::new(&below)) {
            Globbed::Excluded => return None,
            Globbed::Unmatched => Some(Refused::Silently),
            Globbed::Read => {
                self.selection.refuses(entry.size, entry.modified).map(|(kind, why)| Refused::Because(kind, why))
            }
        };
        Some(Wanted { selection: Arc::clone(&self.selection), below, refused })
    }

    fn source(&self, entry: &Entry, wanted: Wanted, place: Place) -> Source {
        Source { name: self.member_name(entry), place, wanted, listed: None }
    }
}

impl Iterator for Members {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        while !self.is_done {
            if self.around.stop.is_requested() {
                (self.is_done, self.is_empty) = (true, false);
                return Some(Err(Problem::interrupted(&self.around.name)));
            }
            let found = match &self.kind {
                Access::Independent { .. } => {
                    let found = self.pick();
                    self.is_empty &= self.is_done;
                    found
                }
                Access::Abandoned => return None,
                Access::Sequential { told, .. } => {
                    let told = self.around.stop.receive(told).unwrap_or_else(|error| {
                        let error = if Loss::of(&error).is_some() { error } else { stopped(self.format).into() };
                        Told::End(Err(error))
                    });
                    self.is_empty &= matches!(told, Told::End(Ok(())));
                    self.told(told)
                }
            };
            if found.is_some() {
                self.is_empty = false;
                return found;
            }
        }
        let format = self.format;
        std::mem::take(&mut self.is_empty).then(|| {
            let detail = format!("a {format} archive without any file in it");
            Err(Problem { path: self.around.name.clone(), kind: Kind::Empty, detail })
        })
    }
}

/// Takes the next member of an archive into account, unless there have been enough.
fn count_member(budget: &Budget, level: usize, format: Format) -> Result<(), Loss> {
    budget.goes_on(level, Layer::Archive(format))?;
    budget.member(level, Layer::Archive(format))
}

/// The unpacking thread.
fn unpack(
    format: Format,
    container: Container,
    options: &archive::Options,
    (budget, level): (&Arc<Budget>, usize),
    told: &SyncSender<Told>,
) {
    let (mut over, mut broken) = (None, None);
    let container_failed = Arc::new(AtomicBool::new(false));
    let container = match container {
        Container::Stream(reader) => {
            Container::Stream(Box::new(Noting { reader, has_failed: Arc::clone(&container_failed) }))
        }
        file @ Container::File { .. } => file,
    };
    let mut visit = |item: Item<'_>| {
        broken = None;
        if format != Format::Zip
            && let Err(loss) = count_member(budget, level, format)
        {
            over = Some(loss);
            return ControlFlow::Break(());
        }
        let went = match item {
            Item::Unread(entry, loss) => told.send(Told::Unread(entry, loss)).map_err(|_| None),
            Item::Member(entry, reader) => {
                let size = entry.size;
                let (filler, ahead) = Ahead::pair();
                let mut reader = Keeping { reader, fault: None };
                let sent = told.send(Told::Member(entry, ahead)).map_err(|_| None);
                let delivered =
                    sent.and_then(|()| deliver(filler, (&mut reader, size), format, (budget, level)).map_err(Some));
                broken = reader.fault;
                delivered
            }
        };
        match went {
            Ok(()) => ControlFlow::Continue(()),
            Err(loss) => {
                over = loss;
                ControlFlow::Break(())
            }
        }
    };
    let ended = archive::walk(format, container, options, &mut visit);
    // Where the archive ends in a member, the walk leaves it to that one's reader to tell, and there may be none.
    let broken = broken.filter(|fault| container_failed.load(Ordering::Relaxed) || is_of_archive(fault));
    let ended = match over {
        Some(loss) => Err(loss.into()),
        None => ended.and_then(|()| broken.map_or(Ok(()), |fault| Err(of_archive(fault)))),
    };
    // Nobody may be listening any more.
    let _ = told.send(Told::End(ended));
}

/// Whether a fault that was met in a member keeps the members behind it from being read.
fn is_of_archive(fault: &io::Error) -> bool {
    Loss::of(fault).is_none_or(|loss| matches!(loss.kind, Kind::Truncated | Kind::Shortened))
}

/// Sends one member. What nobody wants is unpacked all the same where the next one lies behind it, so that the budget holds
/// for it, too. Fails when the budget is used up.
fn deliver(
    filler: Filler,
    (reader, size): (&mut dyn Read, Option<u64>),
    format: Format,
    (budget, level): (&Arc<Budget>, usize),
) -> Result<(), Loss> {
    if format == Format::Zip {
        filler.fill(reader, size, Pace::AsAsked);
        return Ok(());
    }
    let mut reader = Charged::new(reader, budget, level, Layer::Archive(format));
    if filler.fill(&mut reader, size, Pace::Ahead) == Demand::Gone {
        // A fault of a member that is not read is no fault of the reading.
        let _ = io::copy(&mut reader, &mut io::sink());
    }
    budget.goes_on(level, Layer::Archive(format))
}

/// One member of a zip on disk, unpacked by a thread of its own unless it is small.
pub(super) fn zip_member(zip: ZipFile, index: usize, nest: Nest) -> io::Result<Unread> {
    let size = zip.entries().nth(index).and_then(|entry| entry.size);
    if size != Some(0) {
        // Where the budget is used up, a million members cost no million threads.
        nest.budget.begins(nest.chain.len() - 1, Layer::Archive(Format::Zip))?;
    }
    if size.is_some_and(|size| size <= SMALL_BYTES) {
        return Ok(Unread { reader: nest.charged(small_zip_member(&zip, index)), nest });
    }
    let (filler, ahead) = Ahead::pair();
    thread::Builder::new().spawn(move || {
        let mut unfilled = Some(filler);
        let ended = zip.read(index, &mut |item| {
            if let Some(filler) = unfilled.take() {
                match item {
                    Item::Member(entry, reader) => filler.fill(reader, entry.size, Pace::AsAsked),
                    Item::Unread(_, loss) => filler.fail(loss.into()),
                };
            }
            ControlFlow::Break(())
        });
        if let (Some(filler), Err(error)) = (unfilled, ended) {
            filler.fail(error);
        }
    })?;
    Ok(Unread { reader: nest.charged(ahead), nest })
}

/// One that is unpacked here and now; its claimed size is not exceeded.
fn small_zip_member(zip: &ZipFile, index: usize) -> Unpacked {
    unpack_here(|data| {
        let mut fault = None;
        let ended = zip.read(index, &mut |item| {
            fault = match item {
                Item::Member(_, reader) => reader.read_to_end(data).err(),
                Item::Unread(_, loss) => Some(loss.into()),
            };
            ControlFlow::Break(())
        });
        fault.or(ended.err())
    })
}

/// What `read` adds to the data, and the fault that it gives back.
fn unpack_here(read: impl FnOnce(&mut Vec<u8>) -> Option<io::Error>) -> Unpacked {
    let mut data = Vec::new();
    // Whoever reads has more to do than this member: should a decoder panic, that may cost no more here than in a thread of its
    // own. Nothing of the decoder is used behind a panic, and bytes are bytes.
    let read = panic::catch_unwind(AssertUnwindSafe(|| read(&mut data)));
    let fault = read.unwrap_or_else(|_| Some(stopped(Format::Zip).into()));
    Unpacked { data: io::Cursor::new(data), fault }
}

fn stopped(format: Format) -> Loss {
    Loss {
        kind: Kind::Damaged,
        what: format!("the {format} archive cannot be read any further"),
        delivered: None,
        remedy: "unpack it with another program and name the folder",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_costs_no_more_than_the_rest_of_a_member() {
        let mut unpacked = unpack_here(|data| {
            data.extend(b"call result = 102\n");
            panic!("as a decoder may");
        });
        let mut data = Vec::new();
        let fault = unpacked.read_to_end(&mut data).unwrap_err();
        let told = "the zip archive cannot be read any further; unpack it with another program and name the folder";
        assert_eq!((data.as_slice(), fault.to_string().as_str()), (&b"call result = 102\n"[..], told));
    }
}
