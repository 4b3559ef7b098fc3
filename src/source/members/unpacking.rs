//! Unpacking the members of an archive: by a thread, one after another, or a member of a zip on disk alone.
//!
//! Whoever unpacks knows the archive, and tells what becomes of each member, in order, whether or not anybody still wants
//! it; whoever reads the [`Members`](super::Members) knows what is wanted.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;

use super::{Nest, Unread};
use crate::problem::{Kind, Loss, Remedy};
use crate::source::ahead::{Ahead, Demand, Filler, Pace};
use crate::source::budget::{Budget, Charged};
use crate::source::chain::Layer;
use crate::unpack::{self, Container, Format, Item, Label, MemberData, Options, ZipFile};

/// Up to which size a member of a zip on disk is unpacked at once by whoever reads it, in bytes: a thread for it would cost
/// more.
const SMALL_BYTES: u64 = 64 << 10;

/// What the unpacking thread tells.
pub(super) enum Told {
    Member(Label, Ahead),
    Unread(Label, Loss),
    End(io::Result<()>),
}

/// Takes the next member of an archive into account, unless there have been enough.
pub(super) fn count_member(budget: &Budget, level: usize, format: Format) -> Result<(), Loss> {
    budget.goes_on(level, Layer::Archive(format))?;
    budget.member(level, Layer::Archive(format))
}

/// The unpacking thread.
pub(super) fn unpack(
    format: Format,
    container: Container,
    options: &Options,
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
            Item::Unread(label, loss) => told.send(Told::Unread(label, loss)).map_err(|_| None),
            Item::Member(label, reader) => {
                let size = label.size;
                let (filler, ahead) = Ahead::pair();
                let mut reader = Keeping { reader, fault: None };
                let sent = told.send(Told::Member(label, ahead)).map_err(|_| None);
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
    let ended = unpack::walk(format, container, options, &mut visit);
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
    (reader, size): (&mut Keeping<'_>, Option<u64>),
    format: Format,
    (budget, level): (&Arc<Budget>, usize),
) -> Result<(), Loss> {
    if format == Format::Zip {
        filler.fill(reader, size, Pace::AsAsked);
        return Ok(());
    }
    let layer = Layer::Archive(format);
    let reader = Allowed { data: reader, delivered: 0, budget, level, layer };
    let mut reader = Charged::new(reader, budget, level, layer);
    if filler.fill(&mut reader, size, Pace::Ahead) == Demand::Gone {
        // A fault of a member that is not read is no fault of the reading.
        let _ = io::copy(&mut reader, &mut io::sink());
    }
    budget.goes_on(level, layer)
}

/// One member of a zip on disk, unpacked by a thread of its own unless it is small.
pub(in crate::source) fn zip_member(zip: ZipFile, index: usize, nest: Nest) -> io::Result<Unread> {
    let size = zip.label(index).and_then(|label| label.size);
    if size != Some(0) {
        // Where the budget is used up, a million members cost no million threads.
        nest.budget.allows(1, 0, nest.chain.len() - 1, Layer::Archive(Format::Zip))?;
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
                    Item::Member(label, reader) => filler.fill(reader, label.size, Pace::AsAsked),
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

pub(super) fn stopped(format: Format) -> Loss {
    let what = format!("the {format} archive cannot be read any further");
    Loss::new(Kind::Damaged, what, Remedy::UnpackWithAnother)
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
    reader: &'r mut dyn MemberData,
    fault: Option<io::Error>,
}

impl MemberData for Keeping<'_> {
    fn hole(&self) -> u64 {
        self.reader.hole()
    }
}

impl Read for Keeping<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reader.read(out).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.fault = Some(unpack::copied(error));
            }
        })
    }
}

/// A reader that ends before a hole that would be too much. No line begins or ends in a hole, so no line is lost that would
/// count if reading went up to the last byte that is allowed; and what was not read does not count against those behind it.
struct Allowed<'r, D> {
    data: &'r mut D,
    delivered: u64,
    budget: &'r Budget,
    level: usize,
    layer: Layer,
}

impl<D: MemberData> Read for Allowed<'_, D> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.budget.allows(self.data.hole(), self.delivered, self.level, self.layer)?;
        let len = self.data.read(out)?;
        self.delivered += len as u64;
        Ok(len)
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

#[cfg(test)]
mod tests {
    use crate::problem::Problem;
    use crate::report::problems::detail;

    use super::*;

    #[test]
    fn a_panic_costs_no_more_than_the_rest_of_a_member() {
        let mut unpacked = unpack_here(|data| {
            data.extend(b"call result = 102\n");
            panic!("as a decoder may");
        });
        let mut data = Vec::new();
        let fault = unpacked.read_to_end(&mut data).unwrap_err();
        let told = "the zip archive cannot be read any further; extract it with another program and scan the folder";
        let fault = detail(&Problem::unreadable("", &fault));
        assert_eq!((data.as_slice(), fault.as_str()), (&b"call result = 102\n"[..], told));
    }
}
