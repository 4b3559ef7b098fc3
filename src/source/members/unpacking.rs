//! Unpacks the members of an archive: one after another on a thread of its own, or a single member of a zip archive on disk.
//!
//! This side knows the archive. It sends every member in order, whether or not it is wanted. The other side,
//! [`Members`](super::Members), decides what is wanted.

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

/// The largest size in bytes at which a member of a zip archive on disk is unpacked by the thread that reads it. Another thread
/// would cost more.
const SMALL_BYTES: u64 = 64 << 10;

/// A message of the unpacking thread.
pub(super) enum Sent {
    Member(Label, Ahead),
    Unread(Label, Loss),
    End(io::Result<()>),
}

/// Counts the next member of an archive against the budget. Returns a loss if a limit is exceeded.
pub(super) fn count_member(budget: &Budget, level: usize, format: Format) -> Result<(), Loss> {
    budget.may_continue(level, Layer::Archive(format))?;
    budget.member(level, Layer::Archive(format))
}

/// Unpacks an archive and sends its members to `sender`. This is the body of the unpacking thread.
pub(super) fn unpack(
    format: Format,
    container: Container,
    options: &Options,
    (budget, level): (&Arc<Budget>, usize),
    sender: &SyncSender<Sent>,
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
            Item::Unread(label, loss) => sender.send(Sent::Unread(label, loss)).map_err(|_| None),
            Item::Member(label, reader) => {
                let size = label.size;
                let (filler, ahead) = Ahead::pair();
                let mut reader = Keeping { reader, fault: None };
                let sent = sender.send(Sent::Member(label, ahead)).map_err(|_| None);
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
    // If the archive ends in the middle of a member, the fault is left to the reader of that member, but there may be no reader.
    let broken = broken.filter(|fault| container_failed.load(Ordering::Relaxed) || is_of_archive(fault));
    let ended = match over {
        Some(loss) => Err(loss.into()),
        None => ended.and_then(|()| broken.map_or(Ok(()), |fault| Err(of_archive(fault)))),
    };
    // Sending fails if the receiver was dropped, which does not matter here.
    let _ = sender.send(Sent::End(ended));
}

/// Whether a fault that occurred in a member makes the following members unreadable.
fn is_of_archive(fault: &io::Error) -> bool {
    Loss::of(fault).is_none_or(|loss| matches!(loss.kind, Kind::Truncated | Kind::Shortened))
}

/// Sends the data of one member. Except in a zip archive, even an unwanted member is unpacked, because the next one can be
/// reached only through it, and the budget counts it. Returns a loss if the budget is used up.
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
        // A fault in a member that is not read is not reported here.
        let _ = io::copy(&mut reader, &mut io::sink());
    }
    budget.may_continue(level, layer)
}

/// Unpacks one member of a zip archive on disk, on a thread of its own unless it is small.
///
/// # Errors
///
/// Returns an error if the budget is used up or no thread can be started.
pub(in crate::source) fn zip_member(zip: ZipFile, index: usize, nest: Nest) -> io::Result<Unread> {
    let size = zip.label(index).and_then(|label| label.size);
    if size != Some(0) {
        // Once the budget is used up, no further threads are started, however many members there are.
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

/// Unpacks a small member on this thread. The reader never returns more than the stated size.
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

/// Calls `read` with a vector, and returns the data that it adds and the fault that it returns. A panic of `read` is a fault,
/// too.
fn unpack_here(read: impl FnOnce(&mut Vec<u8>) -> Option<io::Error>) -> Unpacked {
    let mut data = Vec::new();
    // If a decoder panics here, only this member is lost, as on a thread of its own, because this thread has other work to do.
    // Catching the panic is safe: the decoder is not used afterwards, and the bytes so far are valid.
    let read = panic::catch_unwind(AssertUnwindSafe(|| read(&mut data)));
    let fault = read.unwrap_or_else(|_| Some(stopped(Format::Zip).into()));
    Unpacked { data: io::Cursor::new(data), fault }
}

/// Returns the loss for an archive whose decoder has panicked.
pub(super) fn stopped(format: Format) -> Loss {
    let what = format!("the {format} archive cannot be read any further");
    Loss::new(Kind::Damaged, what, Remedy::UnpackWithAnother)
}

/// A reader that records when it fails.
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

/// A reader of a member that keeps a copy of its fault.
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

/// A reader of a member that fails before a hole that exceeds the budget.
///
/// No line begins or ends in a hole, so this loses no line that could have been read up to the limit. A hole that was not read
/// does not count against the members after it.
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

/// Converts a fault in a member to a fault of the archive.
fn of_archive(fault: io::Error) -> io::Error {
    match Loss::of(&fault) {
        Some(loss) => {
            let what = format!("{}, and what follows was not read", loss.what);
            Loss { what, delivered: None, ..loss.clone() }.into()
        }
        None => fault,
    }
}

/// A reader of data that are already unpacked. At their end, it returns the fault that ended them, if there was one.
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
    fn a_panic_loses_only_the_rest_of_a_member() {
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
